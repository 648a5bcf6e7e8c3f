//! How much a film's picture costs to encode, from a few of its frames. For estimates: nothing is decided by it.

use std::path::Path;
use std::time::Duration;

use media::argv::QUIET;
use media::encoder::Codec;
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

/// What one encoder is tried with: quickly, and what it would need at its usual speed by what it needs so.
///
/// The factors are medians over a cartoon, a film of people, a test picture and noise, 360p to 1080p, with ffmpeg 9.0:
/// x264 medium to veryfast 1.01 to 1.18, x265 medium to superfast 1.10 to 1.30, SVT-AV1 6 to 10 0.78 to 0.88.
struct Try {
    codec: Codec,
    words: &'static [&'static str],
    factor: f64,
}

const H264: Try = Try {
    codec: Codec::H264,
    words: &["libx264", "-preset", "veryfast"],
    factor: 1.12,
};
const AV1: Try = Try {
    codec: Codec::Av1,
    words: &["libsvtav1", "-preset", "10"],
    factor: 0.8,
};
const HEVC: Try = Try {
    codec: Codec::Hevc,
    words: &[
        "libx265",
        "-preset",
        "superfast",
        "-x265-params",
        "log-level=error",
    ],
    factor: 1.15,
};

/// Bits a pixel that a film's picture needs at balanced speed, by codec, each at its usual quality number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Of H.264, from all places.
    pub h264: f64,
    /// Of HEVC; `None` where it could not be tried.
    pub hevc: Option<f64>,
    /// Of AV1; likewise.
    pub av1: Option<f64>,
}

impl Cost {
    /// Of one codec.
    #[must_use]
    pub fn of(&self, codec: Codec) -> Option<f64> {
        match codec {
            Codec::H264 => Some(self.h264),
            Codec::Hevc => self.hevc,
            Codec::Av1 => self.av1,
        }
    }
}

/// What `source` costs, quickly tried at these times (microseconds on the file's own timeline), in no more than
/// `patience` altogether; `None` where not even one place could be tried.
///
/// Every place is tried with the quickest encoder; with the others the one in the middle, which tells how much more or
/// less they need for pictures like these.
pub async fn cost(
    ffmpeg: &Path,
    source: &Source,
    places_us: [i64; 3],
    pixels: u64,
    patience: Duration,
) -> Option<Cost> {
    let until = Instant::now() + patience;
    let bits = async |at_us, what: &Try| {
        // A run that takes too long is dropped, and so killed.
        match timeout_at(until, sizes(ffmpeg, source, at_us, frames(pixels), what)).await {
            Ok(Ok(sizes)) => bits_a_pixel(&sizes, pixels).map(|bits| bits * what.factor),
            Ok(Err(error)) => {
                tracing::debug!(%error, codec = %what.codec, "a place of the film could not be tried");
                None
            }
            Err(_) => None,
        }
    };
    let [early, middle, late] = places_us;
    let here = bits(middle, &H264).await;
    let av1 = bits(middle, &AV1).await;
    let found = [here, bits(early, &H264).await, bits(late, &H264).await];
    let hevc = bits(middle, &HEVC).await;
    let found: Vec<f64> = found.into_iter().flatten().collect();
    if found.is_empty() {
        return None;
    }
    let h264 = found.iter().sum::<f64>() / found.len() as f64;
    let like = |other: Option<f64>| Some(h264 * other? / here?);
    Some(Cost {
        h264,
        hevc: like(hevc),
        av1: like(av1),
    })
}

/// Frames of one place.
fn frames(pixels: u64) -> u64 {
    (PIXELS / pixels.max(1)).clamp(FRAMES.0, FRAMES.1)
}

/// Bytes of each frame from a time on, encoded.
async fn sizes(
    ffmpeg: &Path,
    source: &Source,
    at_us: i64,
    frames: u64,
    what: &Try,
) -> Result<Vec<u64>, RunError> {
    let run = Run::new(ffmpeg).args(QUIET).seek(Some(at_us));
    let run = run.most_seconds(limits::BRIEF);
    let run = run.args(["-protocol_whitelist", "file"]);
    let mut running = source
        .open(run)
        .args(["-an", "-sn", "-dn", "-frames:v", &frames.to_string()])
        .args(["-fps_mode", "passthrough", "-pix_fmt", "yuv420p", "-c:v"])
        .args(what.words)
        .args(["-crf", &what.codec.usual_quality().to_string()])
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
fn bits_a_pixel(sizes: &[u64], pixels: u64) -> Option<f64> {
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
        assert_eq!(bits_a_pixel(&sizes, 1600), Some(1.0));
        assert_eq!(bits_a_pixel(&sizes[..1], 1600), None);
        assert_eq!(bits_a_pixel(&[], 1600), None);
    }
}
