//! The packet index, streamed: one stream-copy pass through the same command line as the
//! extraction, so that both see the same packets.

use std::path::Path;

use media::argv::QUIET;
use media::parse::packets::{self, Line};
use media::{Packet, Timebase};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::mpsc;

use crate::child::{BrokeOff, Run, RunError, Sink};
use crate::source::Source;

/// Packets handed over at once; a film's first seconds arrive in the first batch.
const BATCH: usize = 256;
/// A film of 24 hours at 240 frames a second has 21 million packets; more is an attack.
const MOST_PACKETS: usize = 50_000_000;

/// What the index learns, in order.
#[derive(Debug)]
pub enum Found {
    /// Comes first.
    Timebase(Timebase),
    /// In decode order.
    Packets(Vec<Packet>),
}

/// Lists the packets of `source` into `found` until its end. Dropping the receiver stops it. Says whether what is in
/// the file makes no sense from some place on, where reading ended.
///
/// # Errors
/// [`RunError`] where ffmpeg cannot read the file to its end.
pub async fn list(
    ffmpeg: &Path,
    source: &Source,
    found: mpsc::Sender<Found>,
) -> Result<bool, RunError> {
    let run = Run::new(ffmpeg)
        .args(QUIET)
        .args(["-copyts", "-protocol_whitelist", "file"]);
    let run = source
        .open(run)
        .args(["-c", "copy", "-copyts", "-f", "framecrc", "pipe:1"]);
    // Its reader may be a job that waits for its turn.
    let mut running = run.sink(Sink::Pipe).patient().start()?;
    let Some(stdout) = running.stdout.take() else {
        return running.finish().await.map(|_| false);
    };
    let mut lines = BufReader::with_capacity(1 << 16, stdout);
    let mut batch = Vec::with_capacity(BATCH);
    let mut total = 0;
    let mut text = String::new();
    loop {
        text.clear();
        if lines.read_line(&mut text).await? == 0 {
            break;
        }
        match packets::line(text.trim_end()) {
            Line::Timebase(0, timebase) if found.send(Found::Timebase(timebase)).await.is_err() => {
                return Ok(false);
            }
            Line::Packet(0, packet, _) => batch.push(packet),
            Line::Timebase(..) | Line::Packet(..) | Line::Other => {}
        }
        // The buffer is empty: nothing more is there yet, so what is there goes on.
        if batch.len() >= BATCH || lines.buffer().is_empty() && !batch.is_empty() {
            total += batch.len();
            if total > MOST_PACKETS
                || found
                    .send(Found::Packets(std::mem::take(&mut batch)))
                    .await
                    .is_err()
            {
                return Ok(false);
            }
        }
    }
    if !batch.is_empty() && found.send(Found::Packets(batch)).await.is_err() {
        return Ok(false);
    }
    let said = running.finish().await?;
    Ok(said.broke_off == Some(BrokeOff::Damaged))
}
