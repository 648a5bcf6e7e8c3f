//! What becomes of a file that a walk found: together with what was known of it, and what the rules say.

use crate::decide::{Candidate, Leave, Verdict, verdict};
use crate::facts::Facts;
use crate::rules::Folder;

/// How a file stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// To be looked into, or to be encoded.
    Waiting,
    /// A job works on it.
    InWork,
    /// Its result is in place.
    Done,
    /// It would not save enough, or did not.
    NotWorthwhile,
    /// No rule takes it.
    Left,
    /// Its job failed.
    Failed,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Waiting,
        Self::InWork,
        Self::Done,
        Self::NotWorthwhile,
        Self::Left,
        Self::Failed,
    ];

    /// Whether it is the end of a job, and so stays with the file wherever it is moved to.
    #[must_use]
    pub fn is_mark(self) -> bool {
        matches!(self, Self::Done | Self::NotWorthwhile | Self::Failed)
    }
}

/// What was known of a file.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// Bytes then.
    pub bytes: u64,
    /// When it had been changed.
    pub modified_ms: i64,
    /// How it stood.
    pub state: State,
    /// Since when it has had that size and time.
    pub since_ms: i64,
    /// What was to be made of it; see [`crate::Rule::wish`].
    pub wish: u64,
}

/// What there is to decide by.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The file as it is.
    pub file: Candidate<'a>,
    /// What was known of it.
    pub known: Option<Known>,
    /// What is in it as it is, or why nothing is; `None`: nobody has looked.
    pub facts: Option<Result<&'a Facts, &'a str>>,
    /// It is what we have made ourselves.
    pub own: bool,
}

/// What becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing changes.
    Keep,
    /// It waits to be looked into.
    Look {
        /// Since when it has been as it is.
        since_ms: i64,
    },
    /// It waits for its turn.
    Take {
        /// The rule that takes it.
        rule: usize,
        /// Those that would have, too.
        also: Vec<usize>,
        /// Since when it has been as it is.
        since_ms: i64,
    },
    /// It is left alone.
    Leave {
        /// Why.
        why: Leave,
        /// Since when it has been as it is.
        since_ms: i64,
    },
}

/// Decides about a file that was found.
#[must_use]
pub fn settle(folder: &Folder, seen: Seen<'_>, now_ms: i64) -> Next {
    let file = seen.file;
    let same = seen
        .known
        .filter(|known| (known.bytes, known.modified_ms) == (file.bytes, file.modified_ms));
    // Whoever works on it notices by himself that it changes.
    if seen.known.is_some_and(|known| known.state == State::InWork) {
        return Next::Keep;
    }
    let since_ms = same.map_or(now_ms, |known| known.since_ms.min(now_ms));
    let leave = |why| Next::Leave { why, since_ms };
    // Before our own: a result that took its film's place is both.
    if same.is_some_and(|known| known.state == State::Done) {
        return Next::Keep;
    }
    if seen.own {
        return leave(Leave::Own);
    }
    let facts = match seen.facts {
        Some(Err(says)) => return leave(Leave::NoFilm(says.to_owned())),
        Some(Ok(facts)) => Some(facts),
        None => None,
    };
    match verdict(folder, file, facts, now_ms) {
        Verdict::Look => Next::Look { since_ms },
        Verdict::Leave(why) => leave(why),
        Verdict::Take { rule, also } => {
            let wish = folder.rules[rule].wish();
            let tried = |known: Known| known.state.is_mark() && known.wish == wish;
            if same.is_some_and(tried) {
                return Next::Keep;
            }
            Next::Take {
                rule,
                also,
                since_ms,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Rule;

    const NOW: i64 = 1_700_000_000_000;

    fn folder() -> Folder {
        Folder {
            path: "/films".into(),
            rules: vec![Rule {
                name: "All".into(),
                ..Rule::default()
            }],
            ..Folder::default()
        }
    }

    fn known(state: State) -> Known {
        Known {
            bytes: 100,
            modified_ms: 7,
            state,
            since_ms: NOW - 5000,
            wish: folder().rules[0].wish(),
        }
    }

    fn seen<'a>(bytes: u64, known: Option<Known>, facts: &'a Facts) -> Seen<'a> {
        Seen {
            file: Candidate {
                within: "a.mkv",
                bytes,
                modified_ms: 7,
            },
            known,
            facts: Some(Ok(facts)),
            own: false,
        }
    }

    fn h264() -> Facts {
        Facts {
            codec: "h264".into(),
            ..Facts::default()
        }
    }

    fn taken(next: &Next) -> bool {
        matches!(next, Next::Take { .. })
    }

    #[test]
    fn what_was_tried_is_tried_again_only_when_it_or_the_rule_changes() {
        let facts = h264();
        for state in State::ALL {
            let same = settle(&folder(), seen(100, Some(known(state)), &facts), NOW);
            let kept = state.is_mark() || state == State::InWork;
            assert_eq!(same == Next::Keep, kept, "{state:?}");
            let changed = settle(&folder(), seen(101, Some(known(state)), &facts), NOW);
            assert_eq!(taken(&changed), state != State::InWork, "{state:?}");
            let mut other = folder();
            other.rules[0].least_saving = 20;
            let asked = settle(&other, seen(100, Some(known(state)), &facts), NOW);
            let again = !matches!(state, State::InWork | State::Done);
            assert_eq!(taken(&asked), again, "{state:?}: what is done is done");
        }
    }

    #[test]
    fn a_file_that_grows_is_as_it_is_since_now() {
        let facts = h264();
        let since = |bytes| match settle(
            &folder(),
            seen(bytes, Some(known(State::Waiting)), &facts),
            NOW,
        ) {
            Next::Take { since_ms, .. } => since_ms,
            other => panic!("{other:?}"),
        };
        assert_eq!(since(100), NOW - 5000);
        assert_eq!(since(200), NOW);
    }

    #[test]
    fn our_own_is_never_taken_whatever_the_rules_say() {
        let facts = h264();
        let own = Seen {
            own: true,
            ..seen(100, None, &facts)
        };
        assert!(matches!(
            settle(&folder(), own, NOW),
            Next::Leave {
                why: Leave::Own,
                ..
            }
        ));
    }

    #[test]
    fn what_nobody_has_looked_into_waits_for_that() {
        let facts = h264();
        let unseen = Seen {
            facts: None,
            ..seen(100, None, &facts)
        };
        assert_eq!(settle(&folder(), unseen, NOW), Next::Look { since_ms: NOW });
        let broken = Seen {
            facts: Some(Err("It holds no video.")),
            ..seen(100, None, &facts)
        };
        assert!(matches!(
            settle(&folder(), broken, NOW),
            Next::Leave {
                why: Leave::NoFilm(_),
                ..
            }
        ));
    }
}
