//! Which rule takes a file: the first one that fits, and the others that would are named.

use std::fmt;

use crate::facts::Facts;
use crate::pattern::matches;
use crate::rules::{Folder, Rule};

/// A file as a walk finds it.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// Its path within the watched folder, with `/` between names.
    pub within: &'a str,
    /// Bytes.
    pub bytes: u64,
    /// When it was last changed, Unix milliseconds.
    pub modified_ms: i64,
}

/// What is decided about a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is taken.
    Take {
        /// By this rule, counted from 0.
        rule: usize,
        /// These would have taken it, too.
        also: Vec<usize>,
    },
    /// It has to be looked into first.
    Look,
    /// It is left alone.
    Leave(Leave),
}

/// Why a file is left alone. Its words are for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leave {
    /// No bytes.
    Empty,
    /// Made by us.
    Own,
    /// No film, in the words of who looked.
    NoFilm(String),
    /// The folder has no rules.
    NoRules,
    /// A rule says so.
    By(String),
    /// No rule fits: the name of the one that was nearest to it, and why it does not.
    NoneFits(String, Miss),
}

/// Why a rule does not fit; what is further down is nearer to fitting.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Miss {
    /// By its name.
    Name,
    /// Too few bytes.
    Small,
    /// Too many.
    Large,
    /// Changed too lately.
    New,
    /// Changed too long ago.
    Old,
    /// Too few lines.
    Low,
    /// Too many.
    High,
    /// Its codec is not asked for.
    Codec(String),
    /// It is in the codec that would be made already.
    Right(String),
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str("its name does not fit"),
            Self::Small => f.write_str("it is too small"),
            Self::Large => f.write_str("it is too large"),
            Self::New => f.write_str("it was changed too lately"),
            Self::Old => f.write_str("it is too old"),
            Self::Low => f.write_str("its picture has too few lines"),
            Self::High => f.write_str("its picture has too many lines"),
            Self::Codec(codec) => write!(f, "its codec is {codec}"),
            Self::Right(codec) => write!(f, "it is {codec} already"),
        }
    }
}

impl fmt::Display for Leave {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("It is empty."),
            Self::Own => f.write_str("Manyhands made it."),
            Self::NoFilm(says) => f.write_str(says),
            Self::NoRules => f.write_str("Its folder has no rule yet."),
            Self::By(rule) => write!(f, "The rule “{rule}” leaves it alone."),
            Self::NoneFits(rule, miss) => write!(f, "“{rule}” does not take it: {miss}."),
        }
    }
}

/// Whether a rule fits.
enum Fit {
    Yes,
    No(Miss),
    /// That depends on what is in the file.
    Unknown,
}

/// What the folder's rules say of a file. `facts`: what is in it, once somebody has looked.
#[must_use]
pub fn verdict(
    folder: &Folder,
    file: Candidate<'_>,
    facts: Option<&Facts>,
    now_ms: i64,
) -> Verdict {
    if file.bytes == 0 {
        return Verdict::Leave(Leave::Empty);
    }
    let rules = folder
        .rules
        .iter()
        .enumerate()
        .filter(|(_, rule)| !rule.off);
    let mut missed: Option<(bool, Miss, &str)> = None;
    for (at, rule) in rules.clone() {
        match fit(rule, file, facts, now_ms) {
            Fit::Unknown => return Verdict::Look,
            Fit::No(miss) => {
                // One that would have taken it says more than one that would have left it alone, too.
                let nearer =
                    |(takes, other, _): &(bool, Miss, &str)| (!rule.leave, &miss) > (*takes, other);
                if missed.as_ref().is_none_or(nearer) {
                    missed = Some((!rule.leave, miss, &rule.name));
                }
            }
            Fit::Yes if rule.leave => return Verdict::Leave(Leave::By(rule.name.clone())),
            Fit::Yes => {
                let later = rules.filter(|(other, rule)| {
                    *other > at && !rule.leave && matches!(fit(rule, file, facts, now_ms), Fit::Yes)
                });
                let also = later.map(|(other, _)| other).collect();
                return Verdict::Take { rule: at, also };
            }
        }
    }
    Verdict::Leave(match missed {
        Some((_, miss, rule)) => Leave::NoneFits(rule.to_owned(), miss),
        None => Leave::NoRules,
    })
}

fn fit(rule: &Rule, file: Candidate<'_>, facts: Option<&Facts>, now_ms: i64) -> Fit {
    if let Some(miss) = outside(rule, file, now_ms) {
        return Fit::No(miss);
    }
    let take = &rule.take;
    let asks = take.min_height.is_some()
        || take.max_height.is_some()
        || !take.codecs.is_empty()
        || !take.not_codecs.is_empty();
    // What leaves alone makes nothing: no codec is right for it.
    let right_matters = !take.right_codec_too && !rule.leave;
    match facts {
        None if asks || right_matters => Fit::Unknown,
        None => Fit::Yes,
        Some(facts) => inside(rule, facts, right_matters).map_or(Fit::Yes, Fit::No),
    }
}

/// What can be told without looking into the file.
fn outside(rule: &Rule, file: Candidate<'_>, now_ms: i64) -> Option<Miss> {
    let take = &rule.take;
    let name = file.within.rsplit('/').next().unwrap_or(file.within);
    let named = |pattern: &String| {
        let text = if pattern.contains('/') {
            file.within
        } else {
            name
        };
        matches(pattern, text)
    };
    if (!take.names.is_empty() && !take.names.iter().any(named)) || take.not_names.iter().any(named)
    {
        return Some(Miss::Name);
    }
    if take.min_bytes.is_some_and(|least| file.bytes < least) {
        return Some(Miss::Small);
    }
    if take.max_bytes.is_some_and(|most| file.bytes > most) {
        return Some(Miss::Large);
    }
    let age_h = now_ms.saturating_sub(file.modified_ms).max(0) / 3_600_000;
    if take
        .older_than_h
        .is_some_and(|hours| age_h < i64::from(hours))
    {
        return Some(Miss::New);
    }
    let old = |hours: u32| age_h >= i64::from(hours);
    take.newer_than_h.is_some_and(old).then_some(Miss::Old)
}

fn inside(rule: &Rule, facts: &Facts, right_matters: bool) -> Option<Miss> {
    let take = &rule.take;
    let is = |codec: &String| codec.eq_ignore_ascii_case(&facts.codec);
    if take.min_height.is_some_and(|least| facts.height < least) {
        return Some(Miss::Low);
    }
    if take.max_height.is_some_and(|most| facts.height > most) {
        return Some(Miss::High);
    }
    if (!take.codecs.is_empty() && !take.codecs.iter().any(is)) || take.not_codecs.iter().any(is) {
        return Some(Miss::Codec(facts.codec.clone()));
    }
    let right = rule.make.codec().to_string();
    let is_right = right.eq_ignore_ascii_case(&facts.codec);
    (right_matters && is_right).then(|| Miss::Right(facts.codec.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Conditions;

    const NOW: i64 = 1_700_000_000_000;
    const GB: u64 = 1_000_000_000;

    fn rule(name: &str, take: Conditions) -> Rule {
        Rule {
            name: name.into(),
            take,
            ..Rule::default()
        }
    }

    fn folder(rules: Vec<Rule>) -> Folder {
        Folder {
            path: "/films".into(),
            rules,
            ..Folder::default()
        }
    }

    fn file(within: &str) -> Candidate<'_> {
        Candidate {
            within,
            bytes: 5 * GB,
            modified_ms: NOW - 48 * 3_600_000,
        }
    }

    fn facts(codec: &str, height: u16) -> Facts {
        Facts {
            codec: codec.into(),
            height,
            ..Facts::default()
        }
    }

    fn of(rules: Vec<Rule>, within: &str, facts: Option<&Facts>) -> Verdict {
        verdict(&folder(rules), file(within), facts, NOW)
    }

    #[test]
    fn the_first_rule_that_fits_takes_it_and_the_others_are_named() {
        let all = || Conditions::default();
        let rules = vec![
            rule(
                "Series",
                Conditions {
                    names: vec!["series/*".into()],
                    ..all()
                },
            ),
            rule(
                "Large",
                Conditions {
                    min_bytes: Some(4 * GB),
                    ..all()
                },
            ),
            rule("All", all()),
            Rule {
                off: true,
                ..rule("Off", all())
            },
        ];
        let h264 = facts("h264", 1080);
        let taken = |rule, also| Verdict::Take { rule, also };
        assert_eq!(
            of(rules.clone(), "series/a/1.mkv", Some(&h264)),
            taken(0, vec![1, 2])
        );
        assert_eq!(of(rules, "films/a.mkv", Some(&h264)), taken(1, vec![2]));
    }

    #[test]
    fn a_file_is_looked_into_only_where_that_decides() {
        let small = rule(
            "Small",
            Conditions {
                max_bytes: Some(GB),
                ..Conditions::default()
            },
        );
        assert!(matches!(
            of(vec![small.clone()], "a.mkv", None),
            Verdict::Leave(Leave::NoneFits(_, Miss::Large))
        ));
        let all = rule("All", Conditions::default());
        assert_eq!(of(vec![small, all.clone()], "a.mkv", None), Verdict::Look);
        let any = Conditions {
            right_codec_too: true,
            ..Conditions::default()
        };
        assert_eq!(
            of(vec![rule("Any", any)], "a.mkv", None),
            Verdict::Take {
                rule: 0,
                also: vec![]
            }
        );
    }

    #[test]
    fn what_is_right_already_is_left_alone() {
        let says = |verdict: Verdict| match verdict {
            Verdict::Leave(leave) => leave.to_string(),
            other => format!("{other:?}"),
        };
        let all = rule("All", Conditions::default());
        let hevc = facts("hevc", 1080);
        let said = says(of(vec![all.clone()], "a.mkv", Some(&hevc)));
        assert_eq!(said, "“All” does not take it: it is hevc already.");
        let keep = Rule {
            leave: true,
            ..rule(
                "Extras",
                Conditions {
                    names: vec!["*extra*".into()],
                    ..Conditions::default()
                },
            )
        };
        assert_eq!(
            says(of(vec![keep.clone(), all.clone()], "Extras 1.mkv", None)),
            "The rule “Extras” leaves it alone."
        );
        let said = says(of(vec![keep, all.clone()], "a.mkv", Some(&hevc)));
        assert_eq!(
            said, "“All” does not take it: it is hevc already.",
            "the nearest one says why"
        );
        assert_eq!(
            says(of(vec![], "a.mkv", None)),
            "Its folder has no rule yet."
        );
        let empty = Candidate {
            bytes: 0,
            ..file("a.mkv")
        };
        assert_eq!(
            says(verdict(&folder(vec![all]), empty, None, NOW)),
            "It is empty."
        );
    }

    #[test]
    fn every_condition_counts() {
        let h264 = facts("h264", 1080);
        let none = Conditions::default;
        let misses = [
            (
                Conditions {
                    names: vec!["*.avi".into()],
                    ..none()
                },
                Miss::Name,
            ),
            (
                Conditions {
                    not_names: vec!["A.MKV".into()],
                    ..none()
                },
                Miss::Name,
            ),
            (
                Conditions {
                    min_bytes: Some(6 * GB),
                    ..none()
                },
                Miss::Small,
            ),
            (
                Conditions {
                    max_bytes: Some(4 * GB),
                    ..none()
                },
                Miss::Large,
            ),
            (
                Conditions {
                    older_than_h: Some(49),
                    ..none()
                },
                Miss::New,
            ),
            (
                Conditions {
                    newer_than_h: Some(48),
                    ..none()
                },
                Miss::Old,
            ),
            (
                Conditions {
                    min_height: Some(1081),
                    ..none()
                },
                Miss::Low,
            ),
            (
                Conditions {
                    max_height: Some(1079),
                    ..none()
                },
                Miss::High,
            ),
            (
                Conditions {
                    codecs: vec!["mpeg2video".into()],
                    ..none()
                },
                Miss::Codec("h264".into()),
            ),
            (
                Conditions {
                    not_codecs: vec!["H264".into()],
                    ..none()
                },
                Miss::Codec("h264".into()),
            ),
        ];
        for (take, miss) in misses {
            let said = of(vec![rule("One", take.clone())], "a.mkv", Some(&h264));
            assert_eq!(
                said,
                Verdict::Leave(Leave::NoneFits("One".into(), miss)),
                "{take:?}"
            );
        }
        let all = Conditions {
            names: vec!["a*".into()],
            min_bytes: Some(5 * GB),
            max_bytes: Some(5 * GB),
            older_than_h: Some(48),
            newer_than_h: Some(49),
            min_height: Some(1080),
            max_height: Some(1080),
            codecs: vec!["H264".into()],
            ..none()
        };
        assert!(matches!(
            of(vec![rule("One", all)], "a.mkv", Some(&h264)),
            Verdict::Take { .. }
        ));
    }
}
