//! How much a film's picture costs to encode, from a few of its frames. For estimates: nothing is decided by it.

use std::path::Path;
use std::time::Duration;

use media::argv::QUIET;
use tokio::io::AsyncReadExt;
use tokio::time::{Instant, timeout_at};

use crate::child::{Run, RunError, Sink};
use crate::limits;
use crate::source::Source;

/// Pixels that one place is looked at: a second of 1080p.
const PIXELS: u64 = 55_000_000;
/// Frames of one place at least and at most: fewer say nothing, more say no more.
const FRAMES: (u64, u64) = (10, 48);
/// A frame that stands alone is as large as many that do not; in a film there is one in about so many.
const BETWEEN_KEYS: f64 = 150.0;
/// What is said about the frames of one place fits into so many bytes.
const LARGEST: u64 = 64 << 10;

/// The quality number at which it is tried, on x264's scale.
pub const QUALITY: f64 = 20.0;

/// Bits a pixel that x264 needs for `source` at [`QUALITY`], quickly tried at these times (microseconds on the file's
/// own timeline), in no more than `patience` altogether; `None` where not even one place could be tried.
pub async fn bits_a_pixel(
    ffmpeg: &Path,
    source: &Source,
    places_us: &[i64],
    pixels: u64,
    patience: Duration,
) -> Option<f64> {
    let until = Instant::now() + patience;
    let frames = (PIXELS / pixels.max(1)).clamp(FRAMES.0, FRAMES.1);
    let mut found = Vec::new();
    for at_us in places_us {
        // A run that takes too long is dropped, and so killed.
        match timeout_at(until, sizes(ffmpeg, source, *at_us, frames)).await {
            Ok(Ok(sizes)) => found.extend(cost(&sizes, pixels)),
            Ok(Err(error)) => tracing::debug!(%error, "a place of the film could not be tried"),
            Err(_) => break,
        }
    }
    let count = found.len() as f64;
    (count > 0.0).then(|| found.iter().sum::<f64>() / count)
}

/// Bytes of each frame from a time on, encoded.
async fn sizes(
    ffmpeg: &Path,
    source: &Source,
    at_us: i64,
    frames: u64,
) -> Result<Vec<u64>, RunError> {
    let run = Run::new(ffmpeg).args(QUIET).seek(Some(at_us));
    let run = run.most_seconds(limits::BRIEF);
    let run = run.args(["-protocol_whitelist", "file"]);
    let mut running = source
        .open(run)
        .args(["-an", "-sn", "-dn", "-frames:v", &frames.to_string()])
        .args(["-fps_mode", "passthrough", "-pix_fmt", "yuv420p"])
        .args(["-c:v", "libx264", "-preset", "veryfast"])
        .args(["-crf", &QUALITY.to_string()])
        .args(["-f", "framecrc", "pipe:1"])
        .sink(Sink::Pipe)
        .start()?;
    let mut said = String::new();
    if let Some(stdout) = running.stdout.take() {
        stdout.take(LARGEST).read_to_string(&mut said).await?;
    }
    running.finish().await?;
    Ok(said.lines().filter_map(size).collect())
}

/// The size in a line of ffmpeg's `framecrc`: `0, 0, 0, 1, 5214, 0x…`.
fn size(line: &str) -> Option<u64> {
    if line.starts_with('#') {
        return None;
    }
    line.split(',').nth(4)?.trim().parse().ok()
}

/// Bits a pixel; `None` of fewer than two frames.
fn cost(sizes: &[u64], pixels: u64) -> Option<f64> {
    let (first, others) = sizes.split_first()?;
    if others.is_empty() || pixels == 0 {
        return None;
    }
    let other = others.iter().sum::<u64>() as f64 / others.len() as f64;
    let frame = other + (*first as f64 - other).max(0.0) / BETWEEN_KEYS;
    Some(8.0 * frame / pixels as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_a_key_frame_counts_for_many() {
        let said = "#software: Lavf62\n#tb 0: 1/25\n0, 0, 0, 1, 15100, 0xa\n0, 1, 1, 1, 100, 0xb, F=0x0\n0, 2, 2, 1, 100, 0xc\n";
        let sizes: Vec<u64> = said.lines().filter_map(size).collect();
        assert_eq!(sizes, [15_100, 100, 100]);
        assert_eq!(cost(&sizes, 1600), Some(1.0));
        assert_eq!(cost(&sizes[..1], 1600), None);
        assert_eq!(cost(&[], 1600), None);
    }
}
