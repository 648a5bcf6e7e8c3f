//! Every state that four names can be in, on a disk made of a table.

use super::*;

const ALL: [Thing; 5] = [
    Thing::Nothing,
    Thing::Original,
    Thing::Changed,
    Thing::Result,
    Thing::Other,
];

/// Every state for one name or two.
fn states(one_name: bool) -> impl Iterator<Item = Seen> {
    let n = ALL.len();
    (0..n.pow(4)).filter_map(move |at| {
        let seen = Seen {
            source: ALL[at % n],
            target: ALL[at / n % n],
            backup: ALL[at / n / n % n],
            aside: ALL[at / n / n / n],
        };
        (!one_name || seen.source == seen.target).then_some(seen)
    })
}

/// Whatever is wanted, on every disk, from the beginning and gone on with.
fn cases() -> impl Iterator<Item = (Goal, bool, bool, bool, Seen)> {
    let goals = [Goal::Replace, Goal::Undo, Goal::Delete];
    let disks = [(true, true), (true, false), (false, false)];
    goals.into_iter().flat_map(move |goal| {
        disks.into_iter().flat_map(move |(one, trade)| {
            [false, true]
                .into_iter()
                .flat_map(move |begun| states(one).map(move |seen| (goal, one, trade, begun, seen)))
        })
    })
}

/// Does a step to the table; panics where the disk would refuse or something would be overwritten.
fn perform(one_name: bool, mut seen: Seen, step: Step) -> Seen {
    use Thing::Nothing;
    fn shift(from: &mut Thing, to: &mut Thing) {
        assert_ne!(*from, Nothing, "nothing is moved");
        assert_eq!(*to, Nothing, "something would be overwritten");
        std::mem::swap(from, to);
    }
    let keep_one = |mut seen: Seen, source_is_it: bool| {
        if one_name && source_is_it {
            seen.target = seen.source;
        } else if one_name {
            seen.source = seen.target;
        }
        seen
    };
    match step {
        Step::Link => {
            assert_eq!(seen.backup, Nothing);
            seen.backup = seen.source;
        }
        Step::Trade => std::mem::swap(&mut seen.source, &mut seen.aside),
        Step::TradeBack => std::mem::swap(&mut seen.source, &mut seen.backup),
        Step::MoveOut => shift(&mut seen.source, &mut seen.backup),
        Step::MoveIn => {
            shift(&mut seen.aside, &mut seen.target);
            return keep_one(seen, false);
        }
        Step::PutBack => shift(&mut seen.backup, &mut seen.source),
        Step::TakeResult => {
            shift(&mut seen.target, &mut seen.aside);
            return keep_one(seen, false);
        }
        Step::TakeBackup => shift(&mut seen.backup, &mut seen.aside),
        Step::Rescue => shift(&mut seen.aside, &mut seen.backup),
        Step::Unlink => seen.backup = Nothing,
        Step::Clear => seen.aside = Nothing,
        Step::Finish(_) => {}
    }
    keep_one(seen, true)
}

fn count(seen: Seen, one_name: bool, thing: Thing) -> usize {
    let target = (!one_name).then_some(seen.target);
    [
        Some(seen.source),
        target,
        Some(seen.backup),
        Some(seen.aside),
    ]
    .into_iter()
    .flatten()
    .filter(|one| *one == thing)
    .count()
}

#[test]
fn from_every_state_it_ends_and_nobody_elses_file_is_touched() {
    for (goal, one, trade, begun, from) in cases() {
        let mut seen = from;
        let mut steps = Vec::new();
        let end = loop {
            let step = decide(goal, one, trade, begun || !steps.is_empty(), seen);
            steps.push(step);
            assert!(steps.len() < 12, "{goal:?} {from:?}: {steps:?}");
            if let Step::Finish(end) = step {
                break end;
            }
            seen = perform(one, seen, step);
            let named = [seen.source, seen.backup].contains(&Thing::Original);
            assert!(
                goal != Goal::Undo
                    || count(from, one, Thing::Result) == 0
                    || count(seen, one, Thing::Result) > 0
                    || named,
                "{from:?}: {steps:?} loses a result for which there is no original"
            );
            for theirs in [Thing::Other, Thing::Changed] {
                let (before, after) = (count(from, one, theirs), count(seen, one, theirs));
                // The changed film may have had a second name that we gave it.
                let kept = after == before || (theirs == Thing::Changed && after >= 1);
                assert!(kept, "{goal:?} {from:?}: {steps:?} loses {theirs:?}");
            }
        };
        let originals = count(seen, one, Thing::Original);
        let wants_it_gone = goal == Goal::Delete && end == End::Done;
        if count(from, one, Thing::Original) > 0 && !wants_it_gone {
            assert!(
                originals > 0,
                "{goal:?} {from:?}: {steps:?} lost the original"
            );
        }
    }
}

/// The original, while it is there at all, is never only at the hidden name, and never gone without its result in place.
#[test]
fn the_original_keeps_a_name_that_is_found() {
    let named = |seen: Seen| seen.source == Thing::Original || seen.backup == Thing::Original;
    for (goal, one, trade, begun, from) in cases().filter(|(.., from)| named(*from)) {
        let (mut seen, mut begun) = (from, begun);
        loop {
            let step = decide(goal, one, trade, begun, seen);
            if matches!(step, Step::Finish(_)) {
                break;
            }
            begun = true;
            seen = perform(one, seen, step);
            let result = seen.target == Thing::Result;
            assert!(
                named(seen) || (goal == Goal::Delete && result),
                "{goal:?} {from:?}: after {step:?} {seen:?}"
            );
        }
    }
}

#[test]
fn the_ways_that_are_meant() {
    use Thing::{Nothing, Original, Result};
    let seen = |source, target, backup, aside| Seen {
        source,
        target,
        backup,
        aside,
    };
    let way = |goal, one, trade, mut seen: Seen| {
        let mut steps = Vec::new();
        loop {
            let step = decide(goal, one, trade, !steps.is_empty(), seen);
            steps.push(step);
            if matches!(step, Step::Finish(_)) {
                return steps;
            }
            seen = perform(one, seen, step);
        }
    };
    let before = |one: bool| {
        let target = if one { Original } else { Nothing };
        seen(Original, target, Nothing, Result)
    };
    let after = |one: bool| {
        let source = if one { Result } else { Nothing };
        seen(source, Result, Original, Nothing)
    };
    assert_eq!(
        way(Goal::Replace, true, true, before(true)),
        [Step::Link, Step::Trade, Step::Clear, DONE]
    );
    assert_eq!(
        way(Goal::Replace, true, false, before(true)),
        [Step::MoveOut, Step::MoveIn, DONE]
    );
    assert_eq!(
        way(Goal::Replace, false, false, before(false)),
        [Step::MoveIn, Step::MoveOut, DONE]
    );
    assert_eq!(
        way(Goal::Undo, true, true, after(true)),
        [Step::TradeBack, Step::TakeBackup, Step::Clear, DONE]
    );
    assert_eq!(
        way(Goal::Undo, true, false, after(true)),
        [Step::TakeResult, Step::PutBack, Step::Clear, DONE]
    );
    assert_eq!(
        way(Goal::Undo, false, false, after(false)),
        [Step::PutBack, Step::TakeResult, Step::Clear, DONE]
    );
    assert_eq!(
        way(Goal::Delete, true, true, after(true)),
        [Step::TakeBackup, Step::Clear, DONE]
    );
}

#[test]
fn what_stands_in_the_way_is_said() {
    use Thing::{Changed, Nothing, Original, Other, Result};
    let end = |goal, one, seen: Seen| match decide(goal, one, false, false, seen) {
        Step::Finish(End::Not(why)) => why,
        step => panic!("{step:?}"),
    };
    let seen = |source, target, backup, aside| Seen {
        source,
        target,
        backup,
        aside,
    };
    for (why, goal, one, seen) in [
        (
            Why::SourceChanged,
            Goal::Replace,
            true,
            seen(Changed, Changed, Nothing, Nothing),
        ),
        (
            Why::SourceGone,
            Goal::Replace,
            true,
            seen(Nothing, Nothing, Nothing, Nothing),
        ),
        (
            Why::TargetTaken,
            Goal::Replace,
            false,
            seen(Original, Other, Nothing, Nothing),
        ),
        (
            Why::BackupTaken,
            Goal::Replace,
            true,
            seen(Original, Original, Other, Nothing),
        ),
        (
            Why::ResultGone,
            Goal::Replace,
            true,
            seen(Original, Original, Nothing, Nothing),
        ),
        (
            Why::BackupGone,
            Goal::Undo,
            true,
            seen(Result, Result, Nothing, Nothing),
        ),
        (
            Why::BackupChanged,
            Goal::Undo,
            true,
            seen(Result, Result, Other, Nothing),
        ),
        (
            Why::SourceChanged,
            Goal::Undo,
            true,
            seen(Other, Other, Original, Nothing),
        ),
        (
            Why::SourceTaken,
            Goal::Undo,
            false,
            seen(Other, Result, Original, Nothing),
        ),
        (
            Why::ResultGone,
            Goal::Delete,
            true,
            seen(Nothing, Nothing, Original, Nothing),
        ),
        (
            Why::BackupChanged,
            Goal::Delete,
            true,
            seen(Result, Result, Other, Nothing),
        ),
        (
            Why::BackupGone,
            Goal::Delete,
            true,
            seen(Result, Result, Nothing, Nothing),
        ),
    ] {
        assert_eq!(end(goal, one, seen), why, "{goal:?} {seen:?}");
    }
}

/// What nobody here has begun to delete was not deleted, and what somebody has written to is found again.
#[test]
fn only_what_was_deleted_here_is_said_to_be() {
    use Thing::{Changed, Nothing, Original, Other, Result};
    let next = |begun, backup, aside| {
        let seen = Seen {
            source: Result,
            target: Result,
            backup,
            aside,
        };
        decide(Goal::Delete, true, true, begun, seen)
    };
    for aside in [Nothing, Other] {
        assert_eq!(next(false, Nothing, aside), not(Why::BackupGone));
        assert_eq!(next(true, Nothing, aside), DONE);
    }
    assert_eq!(next(false, Nothing, Original), Step::Rescue);
    assert_eq!(next(true, Nothing, Original), Step::Clear);
    for begun in [false, true] {
        assert_eq!(next(begun, Nothing, Changed), Step::Rescue);
        assert_eq!(next(begun, Changed, Nothing), not(Why::BackupChanged));
    }
}

#[test]
fn a_step_is_read_as_it_was_written() {
    for step in [Step::Link, Step::TakeBackup, Step::Clear] {
        assert_eq!(Step::read(&format!("{step:?}")), Some(step));
    }
    assert_eq!(Step::read(""), None);
    assert_eq!(Step::read("The original is kept."), None);
    assert_eq!(Step::read(&format!("{DONE:?}")), None);
}
