//! What the cage costs an encode: the same run with and without it, in turns. `cargo bench -p ffmpeg`.

#![cfg_attr(
    target_os = "linux",
    expect(clippy::print_stdout, reason = "a bench prints what it measured")
)]

#[cfg(target_os = "linux")]
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    use ffmpeg::cage::{self, Cage};

    let places = ffmpeg::tools::Places::here(std::env::var_os("MANYHANDS_FFMPEG").map(Into::into));
    let (program, _) = places.candidates().into_iter().next().ok_or("no ffmpeg")?;
    let folder = std::env::temp_dir().join("manyhands-cage-bench");
    std::fs::create_dir_all(&folder)?;
    // The same program by another name, which goes without.
    let open = folder.join("ffmpeg");
    std::fs::copy(&program, &open)?;
    cage::refuse(&open);
    let film = folder.join("film.mkv");
    ffmpeg::clip::film(&open, &film, 20).await?;
    for kind in [Cage::Landlock, Cage::Bubblewrap] {
        if kind == Cage::Bubblewrap {
            cage::pass_over_landlock();
        }
        if cage::of(&program) != kind {
            println!("{kind:?}: not here");
            continue;
        }
        let mut ratios = Vec::new();
        for _ in 0..9 {
            let without = linux::seconds(&open, &film, &folder).await?;
            ratios.push(linux::seconds(&program, &film, &folder).await? / without);
        }
        ratios.sort_by(f64::total_cmp);
        println!(
            "{kind:?}: {:.3} of the time without (median of 9 pairs, {:.3} to {:.3})",
            ratios[4], ratios[0], ratios[8]
        );
    }
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

#[cfg(target_os = "linux")]
mod linux {
    use std::path::Path;
    use std::time::Instant;

    use ffmpeg::child::{Run, RunError};

    /// How long an encode takes.
    pub async fn seconds(program: &Path, film: &Path, folder: &Path) -> Result<f64, RunError> {
        let begun = Instant::now();
        let run = Run::new(program).args(["-nostdin", "-y"]).input(film);
        let run = run.args(["-c:v", "libx264", "-f", "mp4"]);
        run.output(&folder.join("result.mp4")).finish().await?;
        Ok(begun.elapsed().as_secs_f64())
    }
}

#[cfg(not(target_os = "linux"))]
fn main() {}
