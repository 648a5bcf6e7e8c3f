//! The sample film: forty seconds of colours that move, with sound, made once.

use crate::shell::{self, say};
use anyhow::Result;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Seconds of each scene, and how long two of them overlap.
const SCENE: f64 = 9.0;
const OVERLAP: f64 = 1.0;

/// Sources of ffmpeg's own, each drawn small where it is slow to draw.
const SCENES: [&str; 5] = [
    "gradients=s=480x270:r=24:n=4:c0=0xff9e3d:c1=0xd7263d:c2=0x5b2a86:c3=0xffd166:speed=0.02:type=radial:seed=3",
    "mandelbrot=s=320x180:r=24:start_scale=2.4:end_scale=0.02:end_pts=260:maxiter=400",
    "gradients=s=480x270:r=24:n=4:c0=0x06d6a0:c1=0x118ab2:c2=0x073b4c:c3=0x9bf6ff:speed=0.015:type=spiral:seed=8",
    "life=s=160x90:r=24:seed=11:ratio=0.28:mold=40:life_color=0xf4f1de:death_color=0xe07a5f:mold_color=0x3d405b",
    "gradients=s=480x270:r=24:n=5:c0=0xf72585:c1=0x7209b7:c2=0x3a0ca3:c3=0x4361ee:c4=0x4cc9f0:speed=0.02:type=circular:seed=5",
];

/// A quiet chord that swells and ebbs, in stereo.
const CHORD: &str = "aevalsrc=0.10*sin(2*PI*110*t)+0.08*sin(2*PI*165*t)*(1+sin(t/2))/2+0.06*sin(2*PI*220*t)*(1+sin(t/3))/2\
|0.10*sin(2*PI*110*t)+0.08*sin(2*PI*164.6*t)*(1+cos(t/2))/2+0.06*sin(2*PI*277.2*t)*(1+cos(t/3))/2:s=48000";

/// The film below `folder`, made if it is not there.
pub fn make(ffmpeg: &Path, folder: &Path) -> Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let film = folder.join("film.mkv");
    if film.is_file() {
        return Ok(film);
    }
    say("making a short film to encode");
    let begun = folder.join("begun.mkv");
    let mut make = Command::new(ffmpeg);
    make.args(["-v", "error", "-nostdin", "-y"]);
    for scene in SCENES {
        make.args(["-f", "lavfi", "-t"]).arg(SCENE.to_string());
        make.args(["-i", scene]);
    }
    make.args(["-f", "lavfi", "-i", CHORD, "-filter_complex", &graph()]);
    make.args(["-map", "[film]", "-map", &format!("{}:a", SCENES.len())]);
    // Key frames every two seconds, as cameras and broadcasts have them.
    make.args([
        "-c:v",
        "libx264",
        "-preset",
        "superfast",
        "-crf",
        "18",
        "-g",
        "48",
    ]);
    make.args(["-c:a", "aac", "-b:a", "128k", "-shortest"]);
    shell::run(make.arg(&begun))?;
    fs::rename(&begun, &film)?;
    Ok(film)
}

/// The scenes one after the other, each dissolving into the next, under a little grain.
fn graph() -> String {
    let mut graph = String::new();
    for scene in 0..SCENES.len() {
        graph += &format!(
            "[{scene}:v]scale=640:360:flags=bicubic,setsar=1,format=yuv420p,settb=1/24[s{scene}];"
        );
    }
    let mut joined = "s0".to_owned();
    for scene in 1..SCENES.len() {
        let offset = (SCENE - OVERLAP) * scene as f64;
        graph += &format!(
            "[{joined}][s{scene}]xfade=transition=fade:duration={OVERLAP}:offset={offset}[x{scene}];"
        );
        joined = format!("x{scene}");
    }
    graph + &format!("[{joined}]vignette=PI/5,noise=alls=2:allf=t,format=yuv420p[film]")
}
