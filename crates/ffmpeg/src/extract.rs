//! A segment's packets straight out of the source, as a NUT stream.
//!
//! Deterministic: the same extraction gives the same bytes, so a broken transfer goes on by
//! extracting again and skipping what arrived.

use std::path::Path;

use media::argv::{QUIET, SHIFT_US};
use media::time::seconds_text;

use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::child::{Run, RunError, Running, Sink};
use crate::source::Source;

/// Bytes that are read at once.
const PIECE: usize = 64 << 10;

/// From where to where to read; microseconds of the source's own timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Where to seek; `None` reads from the beginning.
    pub seek_us: Option<i64>,
    /// Where to stop: the first packet decoded at or after it ends the stream; `None` at the end.
    pub stop_us: Option<i64>,
}

/// Starts reading; the packets come from the run's standard output.
///
/// # Errors
/// [`RunError::NotStarted`].
pub fn start(ffmpeg: &Path, source: &Source, reading: Reading) -> Result<Running, RunError> {
    // Its reader is a network or an encoder.
    arguments(ffmpeg, source, reading)
        .sink(Sink::Pipe)
        .patient()
        .start()
}

/// Reads all of it into `sink`, at most `ceiling` bytes: the BLAKE3 of what was read.
///
/// # Errors
/// In words: what could not be read or written, or that there is more of it.
pub async fn digest(
    ffmpeg: &Path,
    source: &Source,
    reading: Reading,
    ceiling: u64,
    sink: &mut (impl AsyncWrite + Unpin),
) -> Result<[u8; 32], String> {
    let mut running = start(ffmpeg, source, reading).map_err(|e| e.to_string())?;
    let mut packets = running.stdout.take().ok_or("ffmpeg has no output")?;
    let (mut hasher, mut left) = (blake3::Hasher::new(), ceiling);
    let mut piece = vec![0; PIECE];
    loop {
        let read = packets.read(&mut piece).await.map_err(|e| e.to_string())?;
        if read == 0 {
            break;
        }
        left = left
            .checked_sub(read as u64)
            .ok_or_else(|| format!("more than {ceiling} bytes"))?;
        hasher.update(&piece[..read]);
        let written = sink.write_all(&piece[..read]).await;
        written.map_err(|e| e.to_string())?;
    }
    running.finish().await.map_err(|e| e.to_string())?;
    Ok(hasher.finalize().into())
}

fn arguments(ffmpeg: &Path, source: &Source, reading: Reading) -> Run {
    let mut run = Run::new(ffmpeg).args(QUIET).seek(reading.seek_us);
    run = run.args([
        "-copyts",
        "-itsoffset",
        &seconds_text(SHIFT_US),
        "-protocol_whitelist",
        "file",
    ]);
    run = source.open(run);
    run = run.args(["-c", "copy", "-copyts", "-avoid_negative_ts", "disabled"]);
    run = run.args(["-map_metadata", "-1", "-map_chapters", "-1"]);
    if let Some(stop) = reading.stop_us {
        // One microsecond more: -to is exclusive and its value was rounded.
        run = run.args(["-to", &seconds_text(stop + SHIFT_US + 1)]);
    }
    run.args(["-fflags", "+bitexact", "-f", "nut", "pipe:1"])
}
