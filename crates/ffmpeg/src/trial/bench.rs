//! How fast a working encoder is at 1080p, and with how many segments at once.

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::future::try_join_all;
use media::Encoder;
use media::argv::Allowance;
use media::encoder::Family;
use media::spec::PixelFormat;
use tokio::time::{Instant, timeout_at};

use super::{Cause, LARGEST, Measurement, Trials, Unusable};
use crate::child::{Feed, RunError};
use crate::clip::Size;
use crate::encode::{self, EncodeError};
use crate::hardware;

/// The time that one encoder's measuring may take, clips not counted.
const LIMIT: Duration = Duration::from_secs(10);
/// Frames of a first run: enough for the encoders that look ahead to get going.
const FIRST: u32 = 24;
/// The length that runs are given, where the encoder is fast enough for it.
const RUN: Duration = Duration::from_millis(2200);
/// What another seat must gain to be worth its memory.
const WORTH: f64 = 1.05;
/// Never more segments at once than this.
const MOST_SEATS: u8 = 8;
/// Memory for each seat: a 2160p segment in a software encoder with its decoder.
const SEAT_BYTES: u64 = 2 << 30;

/// One way to use the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Way {
    seats: u8,
    threads: Option<u8>,
}

/// One timed run.
#[derive(Clone, Copy, Debug)]
struct Round {
    encoder: Encoder,
    format: PixelFormat,
    way: Way,
    /// Of each seat.
    frames: u32,
    deadline: Instant,
}

impl Trials {
    /// Tries an encoder out and measures it: frames a second at 1080p, and how many segments at
    /// once with how many threads each are fastest. At most 10 s after the trial and its clip.
    ///
    /// # Errors
    /// [`Unusable`] if it does not work.
    pub async fn measure(
        &self,
        encoder: Encoder,
        format: PixelFormat,
    ) -> Result<Measurement, Unusable> {
        self.try_out(encoder, format).await?;
        self.order(encoder, format, Size::FullHd, FIRST).await?; // the clip is made outside the limit
        let mut best = Round {
            encoder,
            format,
            way: alone(encoder.family(), hardware::threads()),
            frames: FIRST,
            deadline: Instant::now() + LIMIT,
        };
        let mut fps = self.baseline(best).await?;
        for way in ways(encoder.family(), hardware::threads(), seats_in_memory()) {
            let round = Round {
                way,
                frames: frames_for(fps, way.seats),
                ..best
            };
            let expected = f64::from(round.frames) * f64::from(way.seats) / fps;
            let room = best.deadline.saturating_duration_since(Instant::now());
            if expected * 1.3 > room.as_secs_f64() {
                break;
            }
            // An encoder that refuses a further seat (a session limit) keeps those it has.
            let Ok(Some(found)) = self.run(round).await else {
                break;
            };
            if found < fps * WORTH {
                break;
            }
            (best, fps) = (round, found);
        }
        Ok(Measurement {
            encoder,
            pixel_format: format,
            fps_1080p: fps,
            seats: best.way.seats,
            threads: best.way.threads,
            ffmpeg_version: self.tool.version.text.clone(),
            hardware: self.hardware.clone(),
        })
    }

    /// One segment at a time: a short run, and a longer one where that was over too soon.
    async fn baseline(&self, short: Round) -> Result<f64, Unusable> {
        let slow = || Unusable::new(short.encoder, short.format, Cause::TooSlow, String::new());
        let fps = self.run(short).await?.ok_or_else(slow)?;
        let frames = frames_for(fps, 1);
        match frames >= FIRST * 2 {
            true => Ok(self.run(Round { frames, ..short }).await?.unwrap_or(fps)),
            false => Ok(fps),
        }
    }

    /// Frames a second of `round`. `None` if its deadline came before even the first frame.
    async fn run(&self, round: Round) -> Result<Option<f64>, Unusable> {
        let start = Instant::now();
        let result = |seat: u8| {
            self.folder
                .join(format!("bench-{}-{seat}.mp4", round.encoder))
        };
        let results: Vec<PathBuf> = (0..round.way.seats).map(result).collect();
        let seats = results.iter().map(|result| self.seat(round, result));
        // The first failure ends the others: they are dropped, so killed.
        let done = try_join_all(seats).await;
        let seconds = start.elapsed().as_secs_f64().max(0.001);
        for result in &results {
            // Scratch, gone with its folder at the latest.
            let _ = tokio::fs::remove_file(result).await;
        }
        let done: u32 = done?.into_iter().sum();
        Ok((done > 0).then(|| f64::from(done) / seconds))
    }

    /// One seat's encode into `result`; how many frames it got done by the deadline.
    async fn seat(&self, round: Round, result: &Path) -> Result<u32, Unusable> {
        let Round {
            encoder,
            format,
            way,
            frames,
            deadline,
        } = round;
        let failed = |error: EncodeError| Unusable::of(encoder, format, error);
        let (clip, spec) = self.order(encoder, format, Size::FullHd, frames).await?;
        let pipe = |error| failed(RunError::Pipe(error).into());
        let feed = Feed::File(std::fs::File::open(&clip.path).map_err(pipe)?);
        let out = std::fs::File::create(result).map_err(pipe)?;
        let allowance = Allowance {
            threads: way.threads,
            cores: None,
        };
        let encoding = encode::tried(&self.tool.path, &spec, allowance, feed, out, LARGEST);
        let encoding = encoding.map_err(|error| failed(error.into()))?;
        let progress = encoding.frames();
        match timeout_at(deadline, encoding.finish()).await {
            Ok(Ok(_)) => Ok(frames),
            Ok(Err(error)) => Err(failed(error)),
            Err(_) => Ok((*progress.borrow()).min(frames)), // dropped, so killed
        }
    }
}

/// How many frames a seat needs for a run of about [`RUN`].
fn frames_for(fps: f64, seats: u8) -> u32 {
    let frames = fps * RUN.as_secs_f64() / f64::from(seats);
    // A float cast saturates; the clip has no more frames than that.
    (frames as u32).clamp(FIRST / 2, Size::FullHd.frames())
}

/// One segment at a time, on all threads. An encoder left to choose sees processors, not the share of
/// them that a container or a quota allows: its surplus threads cost x264 5 % at 360p.
fn alone(family: Family, threads: u8) -> Way {
    let one = family == Family::Software && threads == 1;
    Way {
        seats: 1,
        threads: one.then_some(1),
    }
}

/// Ways beyond one segment at a time, in the order to try them while they gain.
///
/// Software: seats doubled, threads shared out among them. Hardware: one more session at a
/// time, up to four; beyond that no vendor's chip gains.
fn ways(family: Family, threads: u8, in_memory: u8) -> Vec<Way> {
    let most = in_memory.min(MOST_SEATS);
    let seats = |list: &[u8]| {
        list.iter()
            .copied()
            .filter(|seats| *seats <= most)
            .collect::<Vec<u8>>()
    };
    match family {
        Family::Software => {
            let shared = |seats: u8| Way {
                seats,
                threads: Some(threads / seats),
            };
            let fits = |seats: &u8| *seats <= threads;
            seats(&[2, 4, 8])
                .into_iter()
                .filter(fits)
                .map(shared)
                .collect()
        }
        Family::Nvenc | Family::Qsv | Family::Amf | Family::VideoToolbox | Family::Vaapi => {
            let way = |seats| Way {
                seats,
                threads: None,
            };
            seats(&[2, 3, 4]).into_iter().map(way).collect()
        }
    }
}

/// How many seats the machine's memory has room for, at least 1.
fn seats_in_memory() -> u8 {
    let room = hardware::memory().map_or(1, |bytes| bytes / SEAT_BYTES);
    u8::try_from(room).unwrap_or(MOST_SEATS).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoder_alone_on_one_thread_is_told_so() {
        assert_eq!(alone(Family::Software, 1).threads, Some(1));
        assert_eq!(alone(Family::Software, 2).threads, None);
        assert_eq!(alone(Family::Nvenc, 1).threads, None);
    }

    #[test]
    fn software_shares_its_threads_among_seats() {
        let way = |seats, threads| Way {
            seats,
            threads: Some(threads),
        };
        assert_eq!(ways(Family::Software, 1, 8), []);
        assert_eq!(ways(Family::Software, 2, 8), [way(2, 1)]);
        assert_eq!(
            ways(Family::Software, 12, 8),
            [way(2, 6), way(4, 3), way(8, 1)]
        );
        assert_eq!(ways(Family::Software, 64, 3), [way(2, 32)]);
    }

    #[test]
    fn hardware_takes_one_more_session_at_a_time() {
        let seats = |memory| {
            ways(Family::Nvenc, 16, memory)
                .iter()
                .map(|way| way.seats)
                .collect::<Vec<_>>()
        };
        assert_eq!(seats(8), [2, 3, 4]);
        assert_eq!(seats(1), []);
    }

    #[test]
    fn runs_are_long_enough_and_no_longer() {
        assert_eq!(frames_for(1.0, 1), 12);
        assert_eq!(frames_for(60.0, 1), 132);
        assert_eq!(frames_for(60.0, 4), 33);
        assert_eq!(frames_for(5000.0, 2), 360);
    }
}
