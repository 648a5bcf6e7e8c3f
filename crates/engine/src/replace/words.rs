//! What becomes of originals, in words for their user.

use std::io;
use std::path::Path;

use store::{Original, OriginalPhase as Phase, StoreError};
use swap::{Goal, Why};

use crate::combine;
use crate::trouble::{Kind, Trouble, in_words};

/// How it is said that the clock was set.
pub(crate) const CLOCK_WAS_SET: &str = "The clock of this computer was set";

pub(super) fn clock_was_set(by: i64) -> String {
    let hours = by.unsigned_abs() / 3_600_000;
    let way = if by > 0 { "forward" } else { "back" };
    let about = match hours {
        0..48 => format!("{hours} hours"),
        _ => format!("{} days", hours / 24),
    };
    format!(
        "{CLOCK_WAS_SET} {way} by about {about}: no original of a replaced film is deleted for a day. See that it is right."
    )
}

/// How it is said of a film that it could not be gone on with.
pub(crate) fn half_way(target: &Path) -> String {
    format!("{} is half-way replaced or put back", target.display())
}

/// That a film could not be gone on with.
pub(super) fn waits(row: &Original) -> String {
    format!(
        "{}, and its disk cannot be used now; it is gone on with once that is there. The original is there as {} or {}.",
        half_way(&row.target),
        row.source.display(),
        row.backup.display()
    )
}

pub(super) fn unreadable() -> Trouble {
    let text = "What was noted of the original cannot be read.";
    Trouble::new(Kind::BadDataFolder, text)
}

pub(super) fn why_not(goal: Goal, why: Why, row: &Original) -> Trouble {
    match goal {
        Goal::Replace => why_not_replaced(why, row),
        // It never was replaced, and its name is not its own any more.
        Goal::Undo if row.phase == Phase::Returning => why_not_replaced(Why::SourceChanged, row),
        Goal::Undo => why_not_undone(why, row),
        Goal::Delete => why_not_deleted(why, row),
    }
}

pub(super) fn not_stored(error: &StoreError) -> Trouble {
    let text = format!("What is to be done with the original cannot be noted: {error}.");
    Trouble::new(Kind::BadDataFolder, text)
        .help("Nothing was changed. Free some space on the disk of the data folder and try again.")
}

pub(super) fn not_placed(error: &io::Error) -> Trouble {
    let help = "Check the film's folder; then run the job again: what is encoded is kept.";
    combine::not_placed(error, help)
}

/// Why a step could not be done: the disk's reason.
pub(super) fn not_gone(goal: Goal, error: &io::Error) -> Trouble {
    let what = match goal {
        Goal::Replace => return not_placed(error),
        Goal::Undo => "put back",
        Goal::Delete => "deleted",
    };
    let text = format!("The original cannot be {what} now: {}.", in_words(error));
    Trouble::new(Kind::OutputReadOnly, text)
        .help("Check the disk and its folder. What was begun is gone on with by itself.")
}

pub(super) fn why_not_replaced(why: Why, row: &Original) -> Trouble {
    let again = "Try the job again: what is encoded is kept.";
    match why {
        Why::SourceChanged | Why::SourceGone => {
            let trouble = combine::changed(&row.source);
            if super::is_kept(row) {
                let backup = row.backup.display();
                return trouble.help(format!(
                    "Nothing was put in place. The film as it was encoded is {backup}."
                ));
            }
            trouble
        }
        Why::TargetTaken => Trouble::new(
            Kind::OutputTaken,
            format!(
                "{} appeared while the film was encoded, and is not overwritten.",
                row.target.display()
            ),
        )
        .help(format!("Move that file away. {again}")),
        Why::SourceTaken
        | Why::BackupTaken
        | Why::BackupChanged
        | Why::BackupGone
        | Why::ResultGone => Trouble::new(
            Kind::Other,
            "Somebody else moved files while the film was put in its place, so it was left as it is.",
        )
        .help(again),
    }
}

pub(super) fn why_not_undone(why: Why, row: &Original) -> Trouble {
    let (target, backup) = (row.target.display(), row.backup.display());
    let (text, help) = match why {
        Why::BackupGone => (
            format!("The original is not at {backup} any more, so it cannot be put back."),
            "Nothing was changed. Look whether it was moved.".to_owned(),
        ),
        Why::BackupChanged | Why::BackupTaken => (
            format!("{backup} was changed since: it is not the original any more."),
            "Nothing was changed.".to_owned(),
        ),
        Why::SourceTaken => (
            format!(
                "{} is another file by now, and it is not overwritten.",
                row.source.display()
            ),
            format!("Nothing was changed. The original is {backup}."),
        ),
        Why::SourceChanged | Why::SourceGone | Why::TargetTaken | Why::ResultGone => (
            format!(
                "{target} is not the file that replaced the original any more, and it is not overwritten."
            ),
            format!("Nothing was changed. The original is {backup}."),
        ),
    };
    Trouble::new(Kind::NotNow, text).help(help)
}

pub(super) fn why_not_deleted(why: Why, row: &Original) -> Trouble {
    let (target, backup) = (row.target.display(), row.backup.display());
    let text = match why {
        Why::BackupGone => format!("There is no original at {backup} any more."),
        Why::BackupChanged | Why::BackupTaken => {
            format!("{backup} was changed since, so it is left alone.")
        }
        Why::SourceChanged
        | Why::SourceTaken
        | Why::SourceGone
        | Why::TargetTaken
        | Why::ResultGone => format!(
            "The original {backup} is kept: {target}, which replaced it, was changed or moved."
        ),
    };
    Trouble::new(Kind::NotNow, text)
        .help("Look at the two files and delete by hand what is not wanted.")
}
