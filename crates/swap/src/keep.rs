//! How long an original is kept, and when the clock is not to be trusted with that. Pure: the time is an argument.

use serde::{Deserialize, Serialize};

/// How long an original is kept beside its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// Until somebody deletes it.
    Always,
    /// So many days.
    Days(u32),
    /// Not at all: it is deleted once the result is in its place.
    Never,
}

impl Keep {
    /// The most days: what is kept for longer is kept for good.
    pub const MOST_DAYS: u32 = 3650;

    /// Whether the number of days makes sense.
    #[must_use]
    pub fn is_sound(self) -> bool {
        !matches!(self, Self::Days(days) if !(1..=Self::MOST_DAYS).contains(&days))
    }
}

impl Default for Keep {
    fn default() -> Self {
        Self::Days(30)
    }
}

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Until when the original of a film that is replaced at `now_ms` is kept; `None`: for good. While trying things out
/// (`testing`) it always is.
#[must_use]
pub fn until(keep: Keep, testing: bool, now_ms: i64) -> Option<i64> {
    match keep {
        _ if testing => None,
        Keep::Always => None,
        Keep::Days(days) => Some(now_ms.saturating_add(i64::from(days) * DAY_MS)),
        Keep::Never => Some(now_ms),
    }
}

/// Whether an original that was replaced at `replaced_ms` and is kept `until` then may be deleted now. A clock that was
/// set back has not reached that time.
#[must_use]
pub fn due(replaced_ms: i64, until: Option<i64>, testing: bool, now_ms: i64) -> bool {
    !testing && now_ms >= replaced_ms && until.is_some_and(|until| now_ms >= until)
}

/// A moment by two clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// By the one on the wall, which may be set: milliseconds since 1970.
    pub wall_ms: i64,
    /// By one that nobody sets, and that goes on in sleep: milliseconds since some beginning.
    pub since_ms: i64,
}

/// By less than this a clock is set right.
const HOUR_MS: i64 = 60 * 60 * 1000;

impl Moment {
    /// By how much the clock on the wall was set since `earlier`, milliseconds; `None` where that is an hour or less.
    #[must_use]
    pub fn set_since(self, earlier: Self) -> Option<i64> {
        let wall = self.wall_ms.saturating_sub(earlier.wall_ms);
        let by = wall.saturating_sub(self.since_ms.saturating_sub(earlier.since_ms));
        (by.saturating_abs() > HOUR_MS).then_some(by)
    }

    /// The same moment by a clock on the wall that was set since.
    #[must_use]
    pub fn moved(self, by: i64) -> Self {
        Self {
            wall_ms: self.wall_ms.saturating_add(by),
            ..self
        }
    }
}

/// Looks at the clock. After it was set by more than an hour nobody knows for a while which of its times was right, and no
/// original is deleted by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch {
    last: Moment,
    /// Until then nothing is deleted, by the clock on the wall as it is now.
    held_ms: Option<i64>,
}

impl Watch {
    /// From `now` on; `held_ms`: what an earlier one said at last.
    #[must_use]
    pub fn new(now: Moment, held_ms: Option<i64>) -> Self {
        let longest = now.wall_ms.saturating_add(DAY_MS);
        Self {
            last: now,
            held_ms: held_ms.map(|until| until.min(longest)),
        }
    }

    /// Looks again. By how much the clock was set since the last look, if it was.
    pub fn look(&mut self, now: Moment) -> Option<i64> {
        let by = now.set_since(self.last);
        self.last = now;
        if by.is_some() {
            self.held_ms = Some(now.wall_ms.saturating_add(DAY_MS));
        }
        by
    }

    /// Until when nothing is deleted, milliseconds since 1970; `None`: what is due may be.
    #[must_use]
    pub fn held_ms(&self) -> Option<i64> {
        self.held_ms.filter(|until| self.last.wall_ms < *until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Moment = Moment {
        wall_ms: 1_700_000_000_000,
        since_ms: 5_000,
    };

    /// So long later, the clock set by so much in between.
    fn later(ms: i64, by: i64) -> Moment {
        Moment {
            wall_ms: NOON.wall_ms + ms + by,
            since_ms: NOON.since_ms + ms,
        }
    }

    #[test]
    fn a_clock_that_is_set_holds_everything_for_a_day() {
        let mut watch = Watch::new(NOON, None);
        // An hour of sleep is an hour by both clocks, and a clock may be a little wrong.
        for (ms, by) in [(900_000, 0), (40 * DAY_MS, 0), (41 * DAY_MS, HOUR_MS)] {
            assert_eq!(watch.look(later(ms, by)), None);
            assert_eq!(watch.held_ms(), None);
        }
        for by in [31 * DAY_MS, -400 * DAY_MS] {
            let mut watch = Watch::new(NOON, None);
            assert_eq!(watch.look(later(900_000, by)), Some(by));
            assert!(watch.held_ms().is_some());
            assert_eq!(watch.look(later(DAY_MS, by)), None);
            assert!(watch.held_ms().is_some(), "not a day yet");
            assert_eq!(watch.look(later(DAY_MS + 900_000, by)), None);
            assert_eq!(watch.held_ms(), None);
            // It is set right again.
            assert_eq!(watch.look(later(2 * DAY_MS, 0)), Some(-by));
            assert!(watch.held_ms().is_some());
        }
    }

    #[test]
    fn a_restart_does_not_end_it_and_a_clock_set_back_does_not_prolong_it() {
        let held = Some(NOON.wall_ms + HOUR_MS);
        let mut watch = Watch::new(NOON, held);
        assert_eq!(watch.held_ms(), held);
        assert_eq!(watch.look(later(2 * HOUR_MS, 0)), None);
        assert_eq!(watch.held_ms(), None);
        let watch = Watch::new(NOON, Some(NOON.wall_ms + 900 * DAY_MS));
        assert_eq!(watch.held_ms(), Some(NOON.wall_ms + DAY_MS));
    }

    /// The clock was behind by years while a film was replaced, and is set right.
    #[test]
    fn what_was_replaced_by_a_wrong_clock_is_kept_as_long_all_the_same() {
        let by = 2000 * DAY_MS;
        let now = later(HOUR_MS, by);
        let end = until(Keep::default(), false, NOON.wall_ms);
        assert!(due(NOON.wall_ms, end, false, now.wall_ms));
        let moved = now.set_since(NOON).unwrap();
        let (replaced, end) = (NOON.moved(moved), end.map(|until| until + moved));
        assert!(!due(replaced.wall_ms, end, false, now.wall_ms));
        assert!(due(replaced.wall_ms, end, false, now.wall_ms + 30 * DAY_MS));
        // From then on it is by the clock as it is.
        assert_eq!(now.set_since(replaced), None);
    }

    #[test]
    fn thirty_days_unless_said_otherwise() {
        let now = 1_000_000;
        assert_eq!(until(Keep::default(), false, now), Some(now + 30 * DAY_MS));
        assert_eq!(until(Keep::Always, false, now), None);
        assert_eq!(until(Keep::Never, false, now), Some(now));
        for keep in [Keep::Always, Keep::Days(1), Keep::Never] {
            assert_eq!(until(keep, true, now), None, "testing keeps everything");
        }
    }

    #[test]
    fn nothing_goes_before_its_time() {
        let end = Some(10 * DAY_MS);
        assert!(!due(0, end, false, 10 * DAY_MS - 1));
        assert!(due(0, end, false, 10 * DAY_MS));
        assert!(!due(0, end, true, 11 * DAY_MS), "testing keeps everything");
        assert!(!due(0, None, false, i64::MAX), "for good");
        assert!(
            !due(20 * DAY_MS, end, false, 15 * DAY_MS),
            "a clock set back"
        );
    }

    #[test]
    fn it_reads_as_words() {
        let text = |keep| serde_json::to_string(&keep).unwrap();
        assert_eq!(text(Keep::Always), "\"always\"");
        assert_eq!(text(Keep::Days(7)), "{\"days\":7}");
        assert_eq!(text(Keep::Never), "\"never\"");
    }
}
