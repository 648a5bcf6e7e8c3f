//! Originals that were replaced, as people read of them.

use std::time::{SystemTime, UNIX_EPOCH};

use api::{Keep, Original, OriginalState, Replace};

use super::human::{plain, table};
use super::{amount, size};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// The list.
pub fn list(originals: &[Original]) -> String {
    if originals.is_empty() {
        return "No film was replaced.".to_owned();
    }
    let now = now_ms();
    let row = |one: &Original| {
        let at = match one.state {
            OriginalState::Kept | OriginalState::Moving => &one.kept,
            OriginalState::Restored | OriginalState::Deleted => &one.source,
        };
        [
            one.job.0.to_string(),
            size(one.bytes),
            plain(&at.shown()),
            standing(one, now),
        ]
    };
    let text = table(&["job", "", "original", "state"], originals.iter().map(row));
    let more = "`manyhands undo JOB` puts an original back, `manyhands originals --delete JOB` deletes it.";
    if originals.iter().any(|one| one.state == OriginalState::Kept) {
        format!("{text}\n{more}")
    } else {
        text
    }
}

/// One of them, in a line.
pub fn says(one: &Original) -> String {
    let kept = plain(&one.kept.shown());
    match one.state {
        OriginalState::Kept | OriginalState::Moving => {
            format!("original {}: {kept}", standing(one, now_ms()))
        }
        OriginalState::Restored => "original back in its place, the result is removed".to_owned(),
        OriginalState::Deleted => "original deleted".to_owned(),
    }
}

/// How it stands at a time.
fn standing(one: &Original, now_ms: u64) -> String {
    match (one.state, one.until_ms) {
        (OriginalState::Kept, _) if one.trouble.is_some() => {
            plain(one.trouble.as_deref().unwrap_or_default())
        }
        (OriginalState::Kept, None) => "kept until you delete it".to_owned(),
        (OriginalState::Kept, Some(until)) => {
            let days = until.saturating_sub(now_ms).div_ceil(DAY_MS);
            format!("kept for {}", amount(days, "more day"))
        }
        (OriginalState::Restored, _) => "back in its place".to_owned(),
        (OriginalState::Deleted, _) => "deleted".to_owned(),
        (OriginalState::Moving, _) => "waits for its disk".to_owned(),
    }
}

/// What is set about them.
pub fn rows(set: &Replace) -> [[String; 2]; 2] {
    let testing = if set.testing_mode {
        "on: originals are kept until you delete them"
    } else {
        "off"
    };
    [
        ["testing".to_owned(), testing.to_owned()],
        ["originals".to_owned(), keep(set.keep)],
    ]
}

/// How long originals are kept.
fn keep(keep: Keep) -> String {
    match keep {
        Keep::Always => "kept until you delete them".to_owned(),
        Keep::Days(days) => format!("kept for {}", amount(days.into(), "day")),
        Keep::Never => "deleted at once".to_owned(),
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use api::rehearsal::original;

    use super::*;

    #[test]
    fn the_time_that_is_left_is_said_in_days() {
        let with = |until_ms| Original {
            until_ms,
            ..original(1, "a.mkv")
        };
        assert_eq!(standing(&with(None), 0), "kept until you delete it");
        assert_eq!(
            standing(&with(Some(30 * DAY_MS)), 1),
            "kept for 30 more days"
        );
        assert_eq!(standing(&with(Some(5)), 0), "kept for 1 more day");
        let stuck = Original {
            trouble: Some("It is kept.".into()),
            ..original(1, "a.mkv")
        };
        assert_eq!(standing(&stuck, 0), "It is kept.");
        assert!(list(&[stuck]).contains("manyhands undo"));
        assert_eq!(list(&[]), "No film was replaced.");
    }
}
