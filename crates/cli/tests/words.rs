//! The real program, asked for things that need no node: what it says and how it ends.
//!
//! The texts are in `tests/snapshots`; after an intended change, `UPDATE_SNAPSHOTS=1 cargo test -p cli` writes
//! them anew, and the difference is read like code.
#![expect(
    clippy::disallowed_methods,
    reason = "the program under test is this crate's own"
)]

use std::path::PathBuf;
use std::process::{Command, Output};

const COMMANDS: [&str; 28] = [
    "encode",
    "serve",
    "ask",
    "invite",
    "pair",
    "peers",
    "rights",
    "unpair",
    "identity",
    "key",
    "jobs",
    "job",
    "timeline",
    "cancel",
    "pause",
    "resume",
    "retry",
    "move",
    "undo",
    "originals",
    "donate",
    "settings",
    "config",
    "stats",
    "given",
    "doctor",
    "clean",
    "bench",
];

#[test]
fn the_manual() {
    let mut text = said(&run(&["--help"]));
    for command in COMMANDS {
        text += &format!(
            "\n==== {command} ====\n{}",
            said(&run(&[command, "--help"]))
        );
    }
    snapshot("manual.txt", &text);
}

#[test]
fn what_is_not_understood() {
    let mut text = String::new();
    for words in [
        &["frobnicate"][..],
        &["encode"],
        &["encode", "a.mkv", "-o", "b.mkv", "--out-dir", "c"],
        &["encode", "a.mkv", "--for", "television"],
        &["encode", "a.mkv", "--quality", "99"],
        &["encode", "a.mkv", "--only-here", "--wait-for", "2"],
        &["encode", "a.mkv", "--in-place", "--out-dir", "c"],
        &["encode", "a.mkv", "--in-place", "--keep-original", "soon"],
        &["serve", "--listen", "here"],
        &["job", "three"],
        &["--json", "encode"],
        &["job", "three", "--json"],
    ] {
        let output = run(words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        text += &format!("==== {} ====\n{}\n", words.join(" "), said(&output));
    }
    snapshot("not-understood.txt", &text);
}

#[test]
fn a_mistake_is_a_line_of_json_where_a_program_reads() {
    let output = run(&["job", "three", "--json"]);
    assert!(output.stderr.is_empty());
    let line: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&line["type"], &line["code"], &line["exit"]),
        (&"error".into(), &"bad_request".into(), &2.into())
    );
}

#[test]
fn the_version_and_nothing_else() {
    let output = run(&["--version"]);
    assert_eq!(
        said(&output),
        format!("manyhands {}\n", env!("CARGO_PKG_VERSION"))
    );
    assert_eq!(output.status.code(), Some(0));
}

fn run(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_manyhands"));
    command
        .args(words)
        .env_remove("MANYHANDS_DATA")
        .env("NO_COLOR", "1");
    command.output().expect("the program runs")
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr]
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .concat()
}

fn snapshot(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/snapshots")
        .join(name);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, text).expect("the snapshot can be written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, kept, "see the head of {}", file!());
}
