//! What to do next, from what is there. Pure.
//!
//! Four names: `source` (the film's), `target` (the result's, the film's own where the ending stays), `backup` (the
//! original's from then on) and `aside` (hidden, the result's before and of use for moments).

/// What is at a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Thing {
    /// No file.
    Nothing,
    /// The original, as it was when it was encoded.
    Original,
    /// The original's very file, but written to since.
    Changed,
    /// The proved result.
    Result,
    /// A file that is none of ours.
    Other,
}

/// What is at the four names. `target` is `source` where they are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seen {
    /// At the film's name.
    pub source: Thing,
    /// At the result's name.
    pub target: Thing,
    /// At the original's later name.
    pub backup: Thing,
    /// At the hidden name.
    pub aside: Thing,
}

impl Seen {
    /// Nothing at any name: more likely a disk that is not there than a folder that somebody emptied.
    #[must_use]
    pub fn is_bare(self) -> bool {
        [self.source, self.target, self.backup, self.aside]
            .iter()
            .all(|thing| *thing == Thing::Nothing)
    }
}

/// What is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Goal {
    /// The result at its name, the original as backup.
    Replace,
    /// The original at its name again, the result gone.
    Undo,
    /// The result at its name, the original gone.
    Delete,
}

/// The one next step. Each is a single change of the disk, or two where it cannot do it in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// The original gets its second name: source → backup, both stay.
    Link,
    /// The film's name and the hidden one trade their files.
    Trade,
    /// The film's name and the backup trade their files.
    TradeBack,
    /// source → backup.
    MoveOut,
    /// aside → target.
    MoveIn,
    /// backup → source.
    PutBack,
    /// target → aside.
    TakeResult,
    /// backup → aside.
    TakeBackup,
    /// aside → backup.
    Rescue,
    /// The backup's name goes; the same file has another one.
    Unlink,
    /// The hidden name goes.
    Clear,
    /// There is nothing more to do.
    Finish(End),
}

impl Step {
    /// The step that was written down with this word, its name; `None` for any other text.
    #[must_use]
    pub fn read(word: &str) -> Option<Self> {
        const ALL: [Step; 11] = [
            Step::Link,
            Step::Trade,
            Step::TradeBack,
            Step::MoveOut,
            Step::MoveIn,
            Step::PutBack,
            Step::TakeResult,
            Step::TakeBackup,
            Step::Rescue,
            Step::Unlink,
            Step::Clear,
        ];
        ALL.into_iter().find(|step| format!("{step:?}") == word)
    }
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// As wanted.
    Done,
    /// Not, and everything is as it was, or as somebody else has made it.
    Not(Why),
}

/// Why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// The film was changed, or another file has its name.
    SourceChanged,
    /// Somebody else's file has the film's name, where the original is to have it again.
    SourceTaken,
    /// The film has no name any more.
    SourceGone,
    /// Somebody else's file has the result's name.
    TargetTaken,
    /// Somebody else's file has the backup's name.
    BackupTaken,
    /// The backup is not the original any more.
    BackupChanged,
    /// The backup is not there.
    BackupGone,
    /// The result is not there, or was changed.
    ResultGone,
}

/// The next step towards `goal`. `one_name`: the target is the source. `trade`: two names can trade their files at once,
/// and a file can have two names. `begun`: a step towards it was done, or begun, already.
#[must_use]
pub fn decide(goal: Goal, one_name: bool, trade: bool, begun: bool, seen: Seen) -> Step {
    match (goal, one_name) {
        (Goal::Replace, true) => replace_same(trade, seen),
        (Goal::Replace, false) => replace_other(seen),
        (Goal::Undo, true) => undo_same(trade, seen),
        (Goal::Undo, false) => undo_other(seen),
        (Goal::Delete, _) => delete(begun, seen),
    }
}

const DONE: Step = Step::Finish(End::Done);

const fn not(why: Why) -> Step {
    Step::Finish(End::Not(why))
}

fn replace_same(trade: bool, seen: Seen) -> Step {
    use Thing::{Nothing, Original, Other, Result};
    match (seen.source, seen.backup, seen.aside) {
        (Original, Nothing, Result) if trade => Step::Link,
        (Original, Nothing, Result) => Step::MoveOut,
        (Original, Original, Result) if trade => Step::Trade,
        // Moving it out looks at what it has moved; taking its name away would not.
        (Original, Original, Result) => Step::Unlink,
        (Nothing, Original, Result) => Step::MoveIn,
        (Result, Original, Original | Result) => Step::Clear,
        (Result, Original | Nothing, Nothing) => DONE,
        (Result, Nothing, Original) => Step::Rescue,
        (Result, Nothing, Result) => Step::Clear,
        // A file of somebody else's was at the name when it was traded away: it gets its name back.
        (Result, _, Other | Thing::Changed | Original) if trade => Step::Trade,
        (Result, Original | Nothing, _) => DONE,
        _ => roll_back(seen),
    }
}

fn replace_other(seen: Seen) -> Step {
    use Thing::{Nothing, Original, Result};
    match (seen.source, seen.target, seen.backup, seen.aside) {
        (Original, Nothing, Nothing, Result) => Step::MoveIn,
        (_, Result, _, Result) => Step::Clear,
        (Original, Result, Nothing, Nothing) => Step::MoveOut,
        (Original, Result, Original, Nothing) => Step::Unlink,
        (Nothing, Result, Original | Nothing, Nothing) => DONE,
        (Thing::Changed | Thing::Other, Result, _, Nothing) => Step::TakeResult,
        (Original, Result, _, Nothing) => Step::TakeResult,
        _ => roll_back(seen),
    }
}

/// Back to the film at its name, as far as that is in our hands.
fn roll_back(seen: Seen) -> Step {
    use Thing::{Changed, Nothing, Original, Result};
    match (seen.source, seen.backup, seen.aside) {
        (Nothing, Original, _) => Step::PutBack,
        (Original, Original, _) | (Changed, Changed, _) => Step::Unlink,
        (_, _, Result) => Step::Clear,
        (_, Original, Original) => Step::Clear,
        (_, Nothing, Original) => Step::Rescue,
        _ => not(why_replaced_not(seen)),
    }
}

fn why_replaced_not(seen: Seen) -> Why {
    match seen {
        Seen {
            source: Thing::Changed | Thing::Other,
            ..
        } => Why::SourceChanged,
        Seen {
            source: Thing::Nothing,
            ..
        } => Why::SourceGone,
        Seen {
            target: Thing::Other | Thing::Changed,
            ..
        } => Why::TargetTaken,
        Seen {
            backup: Thing::Other | Thing::Changed | Thing::Result,
            ..
        } => Why::BackupTaken,
        Seen { .. } => Why::ResultGone,
    }
}

fn undo_same(trade: bool, seen: Seen) -> Step {
    use Thing::{Nothing, Original, Result};
    match (seen.source, seen.backup, seen.aside) {
        (Result, Original, Nothing) if trade => Step::TradeBack,
        (Result, Original, Nothing) => Step::TakeResult,
        (Result, _, Result) | (Result, Original, Original) => Step::Clear,
        (Original, Result, Nothing) => Step::TakeBackup,
        (Original, Result, Result) => Step::Unlink,
        (Original, Original, _) => Step::Unlink,
        (Original, _, Result) => Step::Clear,
        (Original, Nothing, _) => DONE,
        (Nothing, Original, _) => Step::PutBack,
        (_, Original, Result) => Step::Clear,
        // There is no original to be had: the result is all that is left.
        (Nothing, _, Result) => Step::MoveIn,
        _ => not(why_undone_not(seen)),
    }
}

fn undo_other(seen: Seen) -> Step {
    use Thing::{Nothing, Original, Result};
    match (seen.source, seen.target, seen.backup, seen.aside) {
        (Nothing, _, Original, _) => Step::PutBack,
        (Original, _, Original, _) => Step::Unlink,
        (_, Result, _, Result) => Step::Clear,
        (Original, Result, _, Nothing) => Step::TakeResult,
        (Original, _, _, Result) | (_, _, Original, Result) => Step::Clear,
        (_, Nothing, _, Result) => Step::MoveIn,
        (Original, ..) => DONE,
        _ => not(why_undone_not(seen)),
    }
}

fn why_undone_not(seen: Seen) -> Why {
    match seen.backup {
        Thing::Nothing => Why::BackupGone,
        Thing::Changed | Thing::Other | Thing::Result => Why::BackupChanged,
        // Where the endings differ, the result's name is another one.
        Thing::Original if seen.source != seen.target => Why::SourceTaken,
        Thing::Original => Why::SourceChanged,
    }
}

fn delete(begun: bool, seen: Seen) -> Step {
    use Thing::{Changed, Nothing, Original, Other, Result};
    match (seen.target, seen.backup, seen.aside) {
        (Result, Original, Nothing) => Step::TakeBackup,
        (Result, _, Result) | (_, Original, Original) => Step::Clear,
        (Result, Nothing, Original) if begun => Step::Clear,
        // An original that is not there, and that nobody here has begun to delete, was not deleted.
        (Result, Nothing, Nothing | Other) if begun => DONE,
        // It is the original's file, whatever somebody has written into it since.
        (_, Nothing, Original | Changed) => Step::Rescue,
        (_, Nothing, _) => not(Why::BackupGone),
        (_, Original, _) => not(Why::ResultGone),
        (..) => not(Why::BackupChanged),
    }
}

#[cfg(test)]
mod tests;
