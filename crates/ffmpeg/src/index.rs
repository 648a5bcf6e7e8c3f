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

/// What was listed, and how that ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// What is in the file makes no sense from some place on, where reading ended.
    pub damaged: bool,
    /// How many packets.
    pub packets: u64,
    /// Their bytes.
    pub bytes: u64,
    /// When the last of them is over, microseconds of the file's own timeline.
    pub end_us: Option<i64>,
}

impl Listed {
    fn add(&mut self, packet: &Packet, duration: i64, timebase: Timebase) {
        self.packets += 1;
        self.bytes += u64::from(packet.size);
        let begins = packet.pts.or(packet.dts);
        let ends = begins.map(|at| timebase.micros(at.saturating_add(duration.max(0))));
        self.end_us = self.end_us.max(ends);
    }
}

/// Lists the packets of `source` into `found` until its end. Dropping the receiver stops it.
///
/// # Errors
/// [`RunError`] where ffmpeg cannot read the file to its end.
pub async fn list(
    ffmpeg: &Path,
    source: &Source,
    found: mpsc::Sender<Found>,
) -> Result<Listed, RunError> {
    let run = Run::new(ffmpeg)
        .args(QUIET)
        .args(["-copyts", "-protocol_whitelist", "file"]);
    let run = source
        .open(run)
        .args(["-c", "copy", "-copyts", "-f", "framecrc", "pipe:1"]);
    // Its reader may be a job that waits for its turn.
    let mut running = run.sink(Sink::Pipe).patient().start()?;
    let mut listed = Listed::default();
    let Some(stdout) = running.stdout.take() else {
        return running.finish().await.map(|_| listed);
    };
    let mut lines = BufReader::with_capacity(1 << 16, stdout);
    let mut batch = Vec::with_capacity(BATCH);
    let (mut total, mut ticks) = (0, Timebase::MICROSECONDS);
    let mut text = String::new();
    loop {
        text.clear();
        if lines.read_line(&mut text).await? == 0 {
            break;
        }
        match packets::line(text.trim_end()) {
            Line::Timebase(0, timebase) => {
                ticks = timebase;
                if found.send(Found::Timebase(timebase)).await.is_err() {
                    return Ok(listed);
                }
            }
            Line::Packet(0, packet, duration) => {
                listed.add(&packet, duration, ticks);
                batch.push(packet);
            }
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
                // What is beyond that is not read: it is no end of the film's.
                listed.damaged = total > MOST_PACKETS;
                return Ok(listed);
            }
        }
    }
    if !batch.is_empty() && found.send(Found::Packets(batch)).await.is_err() {
        return Ok(listed);
    }
    let said = running.finish().await?;
    listed.damaged = said.broke_off == Some(BrokeOff::Damaged);
    Ok(listed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_listed_ends_with_the_last_packets_end() {
        let timebase = Timebase::new(1, 25).unwrap();
        let mut listed = Listed::default();
        // In decode order; the second has no time of its own.
        for (pts, dts, duration) in [(50, 0, 10), (0, 1, 1), (25, 2, 1)] {
            let packet = Packet {
                pts: Some(pts).filter(|pts| *pts > 0),
                dts: Some(dts),
                size: 100,
                key: true,
                discard: false,
            };
            listed.add(&packet, duration, timebase);
        }
        let expected = Listed {
            damaged: false,
            packets: 3,
            bytes: 300,
            end_us: Some(2_400_000),
        };
        assert_eq!(listed, expected);
    }
}
