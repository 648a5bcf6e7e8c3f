//! Whether this computer has slept: the clock on the wall went on meanwhile, and the one by which the node is awake did
//! not. Pure. On Windows that one goes on in sleep, too, and nothing is noticed.

use std::time::Duration;

/// Clocks that are set right, and looks that come late, differ by less than this, ms.
const LEAST: i64 = 60_000;

/// The last look at both clocks.
#[derive(Debug, Default)]
pub(crate) struct Slumber(Option<(i64, Duration)>);

impl Slumber {
    /// Looks at both clocks: milliseconds since 1970, and how long the node was awake. From when until when it slept
    /// since the last look, where that was longer than a minute.
    pub fn tick(&mut self, wall_ms: i64, awake: Duration) -> Option<(i64, i64)> {
        let (wall, before) = self.0.replace((wall_ms, awake))?;
        let worked = awake.saturating_sub(before).as_millis();
        let worked = i64::try_from(worked).unwrap_or(i64::MAX);
        let slept = wall_ms.saturating_sub(wall).saturating_sub(worked);
        (slept > LEAST).then(|| (wall_ms.saturating_sub(slept), wall_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(awake: u64) -> Duration {
        Duration::from_secs(awake)
    }

    #[test]
    fn a_clock_that_goes_on_alone_tells_of_sleep() {
        let mut slumber = Slumber::default();
        assert_eq!(slumber.tick(1_000_000, seconds(5)), None);
        // Looks may be seldom.
        assert_eq!(slumber.tick(1_600_000, seconds(605)), None);
        // An hour, of which two seconds were not slept.
        let slept = slumber.tick(5_200_000, seconds(607));
        assert_eq!(slept, Some((1_602_000, 5_200_000)));
        assert_eq!(slumber.tick(5_203_000, seconds(610)), None);
    }

    #[test]
    fn a_clock_that_is_set_a_little_or_back_tells_nothing() {
        let mut slumber = Slumber::default();
        assert_eq!(slumber.tick(1_000_000, seconds(0)), None);
        assert_eq!(slumber.tick(1_060_000, seconds(0)), None);
        assert_eq!(slumber.tick(1000, seconds(3)), None);
        assert_eq!(slumber.tick(4000, seconds(6)), None);
        assert_eq!(slumber.tick(i64::MAX, seconds(6)), Some((4000, i64::MAX)));
    }
}
