//! What a result must measure, and whether it does.

use media::Timebase;
use media::time::Rounding;

/// What a finished track's timestamps show against the source's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Times {
    /// As they must be.
    Exact,
    /// Another number of frames: found, expected.
    Count(usize, usize),
    /// The frame at this position is elsewhere: found, expected; ticks of the output.
    Elsewhere(usize, i64, i64),
}

/// Compares the output's sorted times with the source's, both in ticks, `shift_us` added.
///
/// In MP4 the output's timebase holds every source tick, so equality is to the tick; Matroska
/// counts whole milliseconds and the nearest one is exact.
#[must_use]
pub fn times(
    source: &[i64],
    timebase: Timebase,
    output: &[i64],
    out_timebase: Timebase,
    shift_us: i64,
) -> Times {
    if source.len() != output.len() {
        return Times::Count(output.len(), source.len());
    }
    for (at, (ticks, found)) in source.iter().zip(output).enumerate() {
        let expected = shifted(*ticks, timebase, out_timebase, shift_us);
        // A shift that is no whole tick is rounded once by the muxer and once here.
        let slack = if shift_us == 0 { 0 } else { 1 };
        if found.abs_diff(expected) > slack {
            return Times::Elsewhere(at, *found, expected);
        }
    }
    Times::Exact
}

/// A source time in the output's ticks, `shift_us` added.
#[must_use]
pub fn shifted(ticks: i64, timebase: Timebase, out: Timebase, shift_us: i64) -> i64 {
    let there = timebase.rescale(ticks, out, Rounding::Nearest);
    there.saturating_add(out.ticks(shift_us))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tb(num: u32, den: u32) -> Timebase {
        Timebase::new(num, den).unwrap()
    }

    #[test]
    fn to_the_tick_in_mp4_and_to_the_millisecond_in_matroska() {
        let source = [0, 3003, 6006, 9009];
        assert_eq!(
            times(&source, tb(1, 90_000), &source, tb(1, 90_000), 0),
            Times::Exact
        );
        assert_eq!(
            times(&source, tb(1, 90_000), &[0, 33, 67, 100], tb(1, 1000), 0),
            Times::Exact
        );
        assert_eq!(
            times(&source, tb(1, 90_000), &[0, 33, 66, 100], tb(1, 1000), 0),
            Times::Elsewhere(2, 66, 67)
        );
        assert_eq!(
            times(
                &source,
                tb(1, 90_000),
                &[0, 3003, 6006, 9010],
                tb(1, 90_000),
                0
            ),
            Times::Elsewhere(3, 9010, 9009)
        );
        assert_eq!(
            times(&source, tb(1, 90_000), &source[..3], tb(1, 90_000), 0),
            Times::Count(3, 4)
        );
    }

    #[test]
    fn a_removed_start_is_one_shift() {
        let source = [126_000, 129_600];
        assert_eq!(
            times(
                &source,
                tb(1, 90_000),
                &[0, 3600],
                tb(1, 90_000),
                -1_400_000
            ),
            Times::Exact
        );
        assert_eq!(
            times(
                &source,
                tb(1, 90_000),
                &[0, 3602],
                tb(1, 90_000),
                -1_400_000
            ),
            Times::Elsewhere(1, 3602, 3600)
        );
    }
}
