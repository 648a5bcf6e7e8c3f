//! The process is killed (SIGKILL) at every point of every way, and what it left is looked at, and gone on with.
//!
//! The test runs itself as a child, on real files; the variable that names the point is read by debug builds alone.
#![cfg(all(target_os = "linux", debug_assertions))]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![expect(
    clippy::disallowed_methods,
    reason = "the child is this test itself, not an ffmpeg"
)]

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use swap::{End, Goal, Identity, Step, Swap, Thing};

const FOLDER: &str = "MANYHANDS_TEST_SWAP_FOLDER";
const POINT: &str = "MANYHANDS_DIE_AT";

/// A way from beginning to end: what is wanted, whether the ending stays, and its points.
const WAYS: &[(Goal, bool, &[&str])] = &[
    (Goal::Replace, true, &["Link", "Trade", "Clear"]),
    (Goal::Replace, false, &["MoveIn", "MoveOut"]),
    (Goal::Undo, true, &["TradeBack", "TakeBackup", "Clear"]),
    (Goal::Undo, false, &["PutBack", "TakeResult", "Clear"]),
    (Goal::Delete, true, &["TakeBackup", "Clear"]),
    (Goal::Delete, false, &["TakeBackup", "Clear"]),
];

#[test]
fn killed_anywhere_the_film_or_its_result_is_there_and_the_rest_is_done_later() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        child(Path::new(&folder));
        return;
    }
    let mut kills = 0;
    for (goal, one_name, steps) in WAYS {
        for step in *steps {
            for when in ["before", "after"] {
                killed_at(*goal, *one_name, &format!("{goal:?}-{step}-{when}"));
                kills += 1;
            }
        }
    }
    assert_eq!(kills, 30);
}

fn killed_at(goal: Goal, one_name: bool, point: &str) {
    let folder = tempfile::tempdir().unwrap();
    let swap = scene(folder.path(), goal, one_name);
    let note = serde_json::json!({
        "goal": format!("{goal:?}"), "target": swap.target, "original": swap.original, "result": swap.result,
    });
    fs::write(folder.path().join("note.json"), note.to_string()).unwrap();
    let ended = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "killed_anywhere_the_film_or_its_result_is_there_and_the_rest_is_done_later",
        ])
        .env(FOLDER, folder.path())
        .env(POINT, point)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(ended.signal(), Some(9), "{point}: the child was not killed");

    let left = swap.seen().unwrap();
    let named = |thing| [left.source, left.target, left.backup].contains(&thing);
    let there = named(Thing::Original) || named(Thing::Result);
    assert!(there, "{point}: {left:?}");
    if goal != Goal::Delete {
        assert!(named(Thing::Original), "{point}: {left:?}");
    }
    assert_eq!(
        fs::read_to_string(folder.path().join("theirs.bak")).unwrap(),
        "theirs"
    );

    let mut steps = Vec::new();
    // As the journal has it.
    let begun = point.split('-').nth(1).and_then(Step::read);
    assert!(begun.is_some(), "{point}");
    let end = swap.run(goal, begun, |step| steps.push(step));
    assert!(matches!(end, Ok(End::Done)), "{point}: {end:?} {steps:?}");
    let now = swap.seen().unwrap();
    let (target, backup) = match goal {
        Goal::Replace => (Thing::Result, Thing::Original),
        Goal::Undo if one_name => (Thing::Original, Thing::Nothing),
        Goal::Undo => (Thing::Nothing, Thing::Nothing),
        Goal::Delete => (Thing::Result, Thing::Nothing),
    };
    assert_eq!(
        (now.target, now.backup, now.aside),
        (target, backup, Thing::Nothing),
        "{point}"
    );
    let original = match goal {
        Goal::Replace => Some(&swap.backup),
        Goal::Undo => Some(&swap.source),
        Goal::Delete => None,
    };
    if let Some(path) = original {
        assert_eq!(fs::read_to_string(path).unwrap(), "the film", "{point}");
    }
}

/// Real files as they are before `goal` is gone for.
fn scene(folder: &Path, goal: Goal, one_name: bool) -> Swap {
    let mut swap = swap_in(folder, one_name);
    fs::write(&swap.source, "the film").unwrap();
    fs::write(&swap.aside, "its result").unwrap();
    fs::write(folder.join("theirs.bak"), "theirs").unwrap();
    swap.original = Identity::of(&swap.source).unwrap();
    swap.result = Identity::of(&swap.aside).unwrap();
    if goal != Goal::Replace {
        assert_eq!(swap.run(Goal::Replace, None, |_| {}).unwrap(), End::Done);
    }
    swap
}

fn swap_in(folder: &Path, one_name: bool) -> Swap {
    let nobody = Identity {
        bytes: 0,
        modified_ns: 0,
        inode: None,
        sample: [0; 32],
    };
    let source = folder.join("film.mkv");
    Swap {
        target: if one_name {
            source.clone()
        } else {
            folder.join("film.mp4")
        },
        source,
        backup: folder.join("film.mkv.bak"),
        aside: folder.join(".film.part"),
        original: nobody.clone(),
        result: nobody,
    }
}

fn child(folder: &Path) {
    let note = fs::read(folder.join("note.json")).unwrap();
    let note: serde_json::Value = serde_json::from_slice(&note).unwrap();
    let goal = match note["goal"].as_str().unwrap() {
        "Replace" => Goal::Replace,
        "Undo" => Goal::Undo,
        _ => Goal::Delete,
    };
    let read = |name: &str| serde_json::from_value::<Identity>(note[name].clone()).unwrap();
    let target = PathBuf::from(note["target"].as_str().unwrap());
    let swap = Swap {
        original: read("original"),
        result: read("result"),
        ..swap_in(folder, target == folder.join("film.mkv"))
    };
    swap.run(goal, None, |_| {}).unwrap();
    panic!("the point was never reached");
}
