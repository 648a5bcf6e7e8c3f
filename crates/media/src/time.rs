//! Exact time: timebases, timestamps and half-open spans. Never floating seconds.

use std::fmt;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

/// Seconds per tick as `num / den`, as ffmpeg's `AVRational time_base`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timebase {
    num: NonZeroU32,
    den: NonZeroU32,
}

/// A presentation timestamp in ticks of its stream's [`Timebase`].
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Pts(pub i64);

/// Ticks from `start` up to but not including `end`; without `end`, to the last frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// First tick inside.
    pub start: Pts,
    /// First tick outside; `None` reaches to the end of the film.
    pub end: Option<Pts>,
}

/// How a value that falls between two ticks is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// To the nearest tick, halves away from zero: ffmpeg's `AV_ROUND_NEAR_INF`.
    Nearest,
    /// Towards minus infinity.
    Down,
    /// Towards plus infinity.
    Up,
}

impl Timebase {
    /// Microseconds: ffmpeg's `AV_TIME_BASE`, in which its command line counts.
    pub const MICROSECONDS: Self = Self::of(1, 1_000_000);
    /// Milliseconds: Matroska's.
    pub const MILLISECONDS: Self = Self::of(1, 1_000);

    /// `num / den` seconds a tick; `None` where either is zero.
    #[must_use]
    pub const fn new(num: u32, den: u32) -> Option<Self> {
        match (NonZeroU32::new(num), NonZeroU32::new(den)) {
            (Some(num), Some(den)) => Some(Self { num, den }),
            _ => None,
        }
    }

    const fn of(num: u32, den: u32) -> Self {
        match Self::new(num, den) {
            Some(timebase) => timebase,
            None => panic!("a constant timebase is never zero"),
        }
    }

    /// Numerator.
    #[must_use]
    pub const fn num(self) -> u32 {
        self.num.get()
    }

    /// Denominator.
    #[must_use]
    pub const fn den(self) -> u32 {
        self.den.get()
    }

    /// `ticks` of this timebase in ticks of `to`. Saturates at the ends of `i64`.
    #[must_use]
    pub fn rescale(self, ticks: i64, to: Self, rounding: Rounding) -> i64 {
        let numerator = i128::from(ticks) * i128::from(self.num()) * i128::from(to.den());
        let denominator = i128::from(self.den()) * i128::from(to.num());
        let floor = numerator.div_euclid(denominator);
        let rest = numerator.rem_euclid(denominator);
        let rounded = match rounding {
            Rounding::Down => floor,
            Rounding::Up => floor + i128::from(rest != 0),
            Rounding::Nearest if numerator < 0 => floor + i128::from(rest * 2 > denominator),
            Rounding::Nearest => floor + i128::from(rest * 2 >= denominator),
        };
        i64::try_from(rounded).unwrap_or(if rounded < 0 { i64::MIN } else { i64::MAX })
    }

    /// Whole microseconds, rounded to nearest.
    #[must_use]
    pub fn micros(self, ticks: i64) -> i64 {
        self.rescale(ticks, Self::MICROSECONDS, Rounding::Nearest)
    }

    /// Ticks in `micros` microseconds, rounded as ffmpeg rounds `-itsoffset`.
    #[must_use]
    pub fn ticks(self, micros: i64) -> i64 {
        Self::MICROSECONDS.rescale(micros, self, Rounding::Nearest)
    }
}

impl fmt::Display for Timebase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.num, self.den)
    }
}

impl Span {
    /// Whether a frame shown at `pts` is inside.
    #[must_use]
    pub fn contains(&self, pts: Pts) -> bool {
        pts >= self.start && self.end.is_none_or(|end| pts < end)
    }
}

/// Microseconds as ffmpeg's command line takes them: `-12.000345`.
#[must_use]
pub fn seconds_text(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let micros = micros.unsigned_abs();
    format!("{sign}{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tb(num: u32, den: u32) -> Timebase {
        Timebase::new(num, den).unwrap()
    }

    #[test]
    fn rescales_as_ffmpeg_does() {
        let film = tb(1001, 30_000);
        assert_eq!(film.ticks(64_000_000), 1918); // 1918.08…
        assert_eq!(tb(1, 1000).rescale(1, tb(1, 90_000), Rounding::Nearest), 90);
        assert_eq!(
            tb(1, 90_000).rescale(45, Timebase::MILLISECONDS, Rounding::Nearest),
            1
        );
        assert_eq!(
            tb(1, 90_000).rescale(-45, Timebase::MILLISECONDS, Rounding::Nearest),
            -1
        );
        assert_eq!(
            tb(1, 90_000).rescale(-44, Timebase::MILLISECONDS, Rounding::Nearest),
            0
        );
        assert_eq!(
            tb(1, 90_000).rescale(44, Timebase::MILLISECONDS, Rounding::Up),
            1
        );
        assert_eq!(
            tb(1, 90_000).rescale(-44, Timebase::MILLISECONDS, Rounding::Down),
            -1
        );
    }

    #[test]
    fn saturates_instead_of_wrapping() {
        assert_eq!(
            tb(u32::MAX, 1).rescale(i64::MAX, Timebase::MICROSECONDS, Rounding::Down),
            i64::MAX
        );
        assert_eq!(
            tb(u32::MAX, 1).rescale(i64::MIN, Timebase::MICROSECONDS, Rounding::Down),
            i64::MIN
        );
    }

    #[test]
    fn writes_negative_seconds() {
        assert_eq!(seconds_text(-1_500_001), "-1.500001");
        assert_eq!(seconds_text(64_000_000), "64.000000");
    }

    #[test]
    fn spans_are_half_open() {
        let span = Span {
            start: Pts(0),
            end: Some(Pts(10)),
        };
        assert!(span.contains(Pts(0)) && span.contains(Pts(9)) && !span.contains(Pts(10)));
        assert!(
            Span {
                start: Pts(0),
                end: None
            }
            .contains(Pts(i64::MAX))
        );
    }
}
