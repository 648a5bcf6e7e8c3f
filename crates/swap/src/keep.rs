//! How long an original is kept. Pure: the time is an argument.

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

#[cfg(test)]
mod tests {
    use super::*;

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
