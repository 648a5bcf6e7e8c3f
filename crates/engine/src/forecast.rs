//! How large a result gets and how long it takes, before it is encoded. Pure: an estimate from the film's size, or
//! from what a few of its frames were found to cost, and the computers' measured speeds, with a range that says how
//! rough it is.

use media::choice::{Choice, Purpose};
use media::encoder::{Codec, Speed};

use ffmpeg::sample::Cost;

use crate::capability::{DEEP, FULL_HD};

/// The film.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    /// Bytes of the file.
    pub bytes: u64,
    /// ffmpeg's name of its codec.
    pub codec: String,
    /// Length; 0 where unknown.
    pub seconds: f64,
    /// Pixels.
    pub width: u16,
    /// Pixels.
    pub height: u16,
    /// Frames a second.
    pub fps: f64,
    /// Ten bits a sample.
    pub ten_bit: bool,
    /// Sound tracks.
    pub sounds: u32,
    /// What a few of its frames were found to cost; `None`: not tried.
    pub cost: Option<Cost>,
}

/// A computer's frames of 1080p a second with the encoder it would use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Helper(pub f64);

/// An estimate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// Most likely not below, bytes.
    pub bytes_low: u64,
    /// Most likely not above, bytes.
    pub bytes_high: u64,
    /// Seconds, all computers together.
    pub seconds: Option<f64>,
    /// Seconds, this computer alone.
    pub alone_s: Option<f64>,
    /// Computers that would work on it.
    pub computers: u32,
}

/// Bits a second of a sound track that is kept.
const SOUND_BITS: f64 = 256_000.0;
/// From the middle of the estimate down to its lower end, and up to its upper one.
const SPREAD: f64 = 1.5;
/// The same where frames of the film itself were tried.
const CLOSER: f64 = 1.4;
/// Seconds that every job takes beside encoding.
const START_S: f64 = 4.0;

/// What becomes of `subject`.
pub(crate) fn forecast(
    subject: &Subject,
    choice: &Choice,
    here: Option<Helper>,
    others: &[Helper],
) -> Forecast {
    let (bytes_low, bytes_high) = size(subject, choice);
    let alone = here.map_or(0.0, |h| h.0);
    let together = alone + others.iter().map(|h| h.0).sum::<f64>();
    let count = usize::from(here.is_some()) + others.len();
    Forecast {
        bytes_low,
        bytes_high,
        seconds: time(subject, choice, together),
        alone_s: time(subject, choice, alone),
        computers: u32::try_from(count).unwrap_or(u32::MAX),
    }
}

/// Bits a pixel of a film at 1080p and 24 frames a second, at the codec's usual quality number;
/// and the step of that number which halves them. From published encodes of films; the spread is
/// what they differ by.
fn usual(codec: Codec) -> (f64, f64) {
    match codec {
        Codec::H264 => (0.105, 6.0),
        Codec::Hevc => (0.052, 6.0),
        Codec::Av1 => (0.036, 11.0),
    }
}

/// Bits a pixel that a source of this codec usually has: more means a busier film, or waste.
fn usual_source(codec: &str) -> f64 {
    match codec {
        "hevc" => 0.10,
        "av1" | "vp9" => 0.08,
        "h264" => 0.17,
        "mpeg2video" | "vc1" | "mpeg4" => 0.35,
        _ => 1.5,
    }
}

fn size(subject: &Subject, choice: &Choice) -> (u64, u64) {
    let frame = f64::from(subject.width) * f64::from(subject.height);
    let pixels = frame * subject.fps * subject.seconds;
    if pixels < 1.0 {
        return (0, subject.bytes);
    }
    let codec = choice.codec();
    let (usual_bits, halves) = usual(codec);
    let middle = f64::from(codec.usual_quality());
    let number = choice.quality().map_or(middle, |q| f64::from(q.number()));
    let speed = match choice.speed {
        Speed::Fast => 1.12,
        Speed::Balanced => 1.0,
        Speed::Slow => 0.94,
    };
    let (bits, spread) = match subject.cost.map(|cost| (cost, cost.of(codec))) {
        Some((_, Some(bits))) => (bits, CLOSER),
        Some((cost, None)) => (cost.h264 / usual(Codec::H264).0 * usual_bits, SPREAD),
        None => (unlike(subject, pixels) * usual_bits, SPREAD),
    };
    let film = pixels * bits * 2_f64.powf((middle - number) / halves) * speed;
    let sound = f64::from(subject.sounds) * SOUND_BITS * subject.seconds;
    let bytes = (film + sound) / 8.0;
    // A guess is not to frighten: what was tried may say that it gets larger than it is.
    let most = match (subject.cost, choice.purpose) {
        (Some(_), _) => f64::INFINITY,
        (None, Purpose::Keep) => 1.3 * subject.bytes as f64,
        (None, _) => subject.bytes as f64,
    };
    let high = (bytes * spread).min(most);
    let low = (bytes / spread).min(high * 0.75);
    (low as u64, high as u64)
}

/// How much more bits its pixels need than a usual film's, guessed from what it takes now, its size and its speed.
fn unlike(subject: &Subject, pixels: f64) -> f64 {
    let frame = f64::from(subject.width) * f64::from(subject.height);
    let source_bits = subject.bytes as f64 * 8.0 / pixels;
    let busy = (source_bits / usual_source(&subject.codec))
        .sqrt()
        .clamp(0.35, 2.5);
    let large = (frame / FULL_HD).powf(-0.25).clamp(0.5, 2.0);
    let quick = (subject.fps / 24.0).max(0.2).powf(-0.35);
    busy * large * quick
}

fn time(subject: &Subject, choice: &Choice, fps_1080p: f64) -> Option<f64> {
    let frame = f64::from(subject.width) * f64::from(subject.height);
    let frames = subject.seconds * subject.fps;
    if fps_1080p <= 0.0 || frames < 1.0 {
        return None;
    }
    let pace = match choice.speed {
        Speed::Fast => 1.8,
        Speed::Balanced => 1.0,
        Speed::Slow => 0.4,
    };
    let deep = if subject.ten_bit && choice.codec() != Codec::H264 {
        DEEP
    } else {
        1.0
    };
    Some(START_S + frames * (frame / FULL_HD) / (fps_1080p * pace * deep))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn film() -> Subject {
        Subject {
            bytes: 8_000_000_000,
            codec: "h264".into(),
            seconds: 6000.0,
            width: 1920,
            height: 1080,
            fps: 24.0,
            ten_bit: false,
            sounds: 1,
            cost: None,
        }
    }

    fn of(purpose: Purpose) -> Forecast {
        let choice = Choice {
            purpose,
            ..Choice::default()
        };
        forecast(&film(), &choice, Some(Helper(20.0)), &[Helper(40.0)])
    }

    #[test]
    fn smaller_is_smaller_and_nothing_outgrows_its_source() {
        let middle = |f: Forecast| (f.bytes_low + f.bytes_high) / 2;
        let sizes =
            [Purpose::Smallest, Purpose::Smaller, Purpose::Everywhere].map(|p| middle(of(p)));
        assert!(sizes.is_sorted(), "{sizes:?}");
        assert!(middle(of(Purpose::Keep)) > sizes[1]);
        let all = [Purpose::Everywhere, Purpose::Smaller, Purpose::Smallest].map(of);
        assert!(
            all.iter()
                .all(|f| f.bytes_low < f.bytes_high && f.bytes_high <= film().bytes)
        );
    }

    #[test]
    fn what_was_tried_counts_and_is_closer() {
        let of = |cost| {
            let cost = Cost {
                h264: 2.0 * cost,
                hevc: Some(cost),
                av1: None,
            };
            let tried = Subject {
                cost: Some(cost),
                ..film()
            };
            forecast(&tried, &Choice::default(), None, &[])
        };
        let (calm, usual, busy) = (of(0.015), of(0.05), of(0.1));
        assert!(calm.bytes_high < usual.bytes_low && usual.bytes_high < busy.bytes_high);
        let width = |f: Forecast| f.bytes_high as f64 / f.bytes_low as f64;
        let untried = forecast(&film(), &Choice::default(), None, &[]);
        assert!(width(usual) < width(untried));
        assert!(
            of(1.0).bytes_low > film().bytes,
            "it says so when it gets larger"
        );
    }

    #[test]
    fn time_is_work_by_speed() {
        let f = of(Purpose::Smaller);
        assert_eq!(f.alone_s, Some(START_S + 144_000.0 / 20.0));
        assert_eq!(f.seconds, Some(START_S + 144_000.0 / 60.0));
        assert_eq!(f.computers, 2);
        let none = forecast(&film(), &Choice::default(), None, &[]);
        assert_eq!((none.seconds, none.computers), (None, 0));
    }

    #[test]
    fn a_film_of_unknown_length_has_no_time_and_any_size() {
        let endless = Subject {
            seconds: 0.0,
            ..film()
        };
        let f = forecast(&endless, &Choice::default(), Some(Helper(20.0)), &[]);
        assert_eq!(
            (f.bytes_low, f.bytes_high, f.seconds),
            (0, film().bytes, None)
        );
    }
}
