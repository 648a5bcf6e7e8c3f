//! One segment's samples as its file has them, and whether they are the ones that were wanted.

use thiserror::Error;

use crate::entry::SampleEntry;

/// The deepest reordering that a track may have, in samples.
///
/// H.264 and HEVC bound it by their decoded picture buffer (16 pictures).
pub const MAX_REORDER: usize = 16;

/// One coded picture of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Where it starts in the segment's file, in bytes.
    pub offset: u64,
    /// When it is shown, in ticks of the track's timescale; the file's own zero.
    pub pts: i64,
    /// Its length in bytes, at least 1.
    pub size: u32,
    /// Whether a decoder may start here.
    pub key: bool,
}

/// One segment's video track. Samples are in decoding order.
#[derive(Clone, Debug)]
pub struct Track {
    pub(crate) entry: SampleEntry,
    pub(crate) timescale: u32,
    pub(crate) samples: Vec<Sample>,
    pub(crate) last_duration: u32,
    pub(crate) clean_start: bool,
    pub(crate) strays: bool,
}

/// How a track differs from what was asked for. The segment must be encoded again.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Mismatch {
    /// Frames are missing or too many. (A reason to extract from further back.)
    #[error("{found} frames instead of {expected}")]
    Count {
        /// Frames wanted.
        expected: usize,
        /// Frames in the track.
        found: usize,
    },
    /// The first sample is no place to start decoding with nothing before it.
    #[error("the first frame is not a clean key frame")]
    NoCleanStart,
    /// Something would be shown before the first sample of the track.
    #[error("a frame comes before the key frame that it needs")]
    ShownBeforeKey,
    /// A frame's time is wrong by at least one tick.
    #[error("frame {index} is at {found} ticks after the first instead of {expected}")]
    Time {
        /// Which frame, in the order they are shown, from 0.
        index: usize,
        /// Ticks after the first frame, wanted.
        expected: i64,
        /// Ticks after the first frame, found.
        found: i64,
    },
    /// The wanted times themselves are not rising, so no track can have them.
    #[error("the wanted times do not rise at frame {index}")]
    NotRising {
        /// The first frame that is not later than the one before it.
        index: usize,
    },
    /// Frames are decoded further ahead of their turn than any codec may.
    #[error("frames are reordered more deeply than {MAX_REORDER}")]
    Reordered,
}

impl Track {
    /// The sample entry.
    #[must_use]
    pub fn entry(&self) -> &SampleEntry {
        &self.entry
    }

    /// Ticks a second.
    #[must_use]
    pub fn timescale(&self) -> u32 {
        self.timescale
    }

    /// The samples in decoding order.
    #[must_use]
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// The last sample's duration in ticks, as the file states it.
    #[must_use]
    pub fn last_duration(&self) -> u32 {
        self.last_duration
    }

    /// Whether some sample carries parameter sets that its header does not have. Such a track is
    /// joined as one with a header of its own.
    #[must_use]
    pub fn changes_headers(&self) -> bool {
        self.strays
    }

    /// Times at which frames are shown, rising.
    #[must_use]
    pub fn sorted_pts(&self) -> Vec<i64> {
        let mut times: Vec<i64> = self.samples.iter().map(|sample| sample.pts).collect();
        times.sort_unstable();
        times
    }

    /// Checks the track against the times that its frames must have: `expected` in ticks of the
    /// track's timescale, rising, on any zero. Only the distance to the first frame counts,
    /// because muxers shift whole tracks; it must be right to the tick for every frame.
    ///
    /// # Errors
    /// The first [`Mismatch`] found.
    pub fn check(&self, expected: &[i64]) -> Result<(), Mismatch> {
        if self.samples.len() != expected.len() {
            return Err(Mismatch::Count {
                expected: expected.len(),
                found: self.samples.len(),
            });
        }
        let Some(first) = self.samples.first() else {
            return Ok(());
        };
        if !first.key || !self.clean_start {
            return Err(Mismatch::NoCleanStart);
        }
        let sorted = self.sorted_pts();
        check_times(&sorted, expected)?;
        if sorted.first() != Some(&first.pts) {
            return Err(Mismatch::ShownBeforeKey);
        }
        match self.reorder_depth(&sorted) <= MAX_REORDER {
            true => Ok(()),
            false => Err(Mismatch::Reordered),
        }
    }

    /// How far a sample lags behind its turn: the largest difference between its place in
    /// decoding order and its place in showing order. `sorted` are the track's rising times.
    pub(crate) fn reorder_depth(&self, sorted: &[i64]) -> usize {
        let lag = |(index, sample): (usize, &Sample)| {
            index.saturating_sub(sorted.partition_point(|time| *time < sample.pts))
        };
        self.samples.iter().enumerate().map(lag).max().unwrap_or(0)
    }
}

fn check_times(sorted: &[i64], expected: &[i64]) -> Result<(), Mismatch> {
    if let Some(index) = expected.windows(2).position(|pair| pair[0] >= pair[1]) {
        return Err(Mismatch::NotRising { index: index + 1 });
    }
    let (Some(zero), Some(wanted_zero)) = (sorted.first(), expected.first()) else {
        return Ok(());
    };
    for (index, (time, wanted)) in sorted.iter().zip(expected).enumerate() {
        // Saturation cannot hide a difference: a rising span that overflows has no equal.
        let (found, expected) = (
            time.saturating_sub(*zero),
            wanted.saturating_sub(*wanted_zero),
        );
        if found != expected {
            return Err(Mismatch::Time {
                index,
                expected,
                found,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn times_are_compared_from_the_first_frame() {
        let track = fixture::track(&[1000, 1900, 1300, 1600]);
        assert_eq!(track.check(&[0, 300, 600, 900]), Ok(()));
        assert_eq!(track.check(&[-77, 223, 523, 823]), Ok(()));
    }

    #[test]
    fn one_tick_is_a_mismatch() {
        let track = fixture::track(&[1000, 1900, 1300, 1600]);
        let wrong = Mismatch::Time {
            index: 2,
            expected: 601,
            found: 600,
        };
        assert_eq!(track.check(&[0, 300, 601, 900]), Err(wrong));
    }

    #[test]
    fn counts_and_order() {
        let track = fixture::track(&[0, 300, 100, 200]);
        assert_eq!(
            track.check(&[0, 100]),
            Err(Mismatch::Count {
                expected: 2,
                found: 4
            })
        );
        assert_eq!(
            track.check(&[0, 100, 100, 300]),
            Err(Mismatch::NotRising { index: 2 })
        );
        let leading = fixture::track(&[100, 0, 200]);
        assert_eq!(leading.check(&[0, 100, 200]), Err(Mismatch::ShownBeforeKey));
    }

    #[test]
    fn a_first_sample_that_is_no_key_is_refused() {
        let mut track = fixture::track(&[0, 1]);
        track.samples[0].key = false;
        assert_eq!(track.check(&[0, 1]), Err(Mismatch::NoCleanStart));
        let mut track = fixture::track(&[0, 1]);
        track.clean_start = false;
        assert_eq!(track.check(&[0, 1]), Err(Mismatch::NoCleanStart));
    }

    #[test]
    fn depth_is_the_largest_lag() {
        for (pts, depth) in [
            (&[0, 1, 2, 3][..], 0),
            (&[0, 3, 1, 2], 1),
            (&[0, 4, 2, 1, 3], 2),
            (&[0], 0),
            (&[], 0),
        ] {
            let track = fixture::track(pts);
            assert_eq!(track.reorder_depth(&track.sorted_pts()), depth, "{pts:?}");
        }
        let backwards: Vec<i64> = (1..=18).rev().collect();
        let track = fixture::track(&[&[0], &backwards[..]].concat());
        let expected: Vec<i64> = (0..=18).collect();
        assert_eq!(track.check(&expected), Err(Mismatch::Reordered));
    }

    #[test]
    fn times_at_the_edge_of_the_numbers_do_not_overflow() {
        let track = fixture::track(&[i64::MIN / 4, i64::MAX / 4]);
        assert!(track.check(&[0, 1]).is_err());
        assert!(track.check(&[i64::MIN, i64::MAX]).is_err());
    }
}
