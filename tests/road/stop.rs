//! Interruptions.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use tests::product;

use crate::walk::{Walk, assert_exact};

#[test]
fn alone_it_goes_on_alone_and_says_so() {
    let walk = Walk::new();
    let source = walk.film("h264_closed.mp4", "film.mp4");
    let words = ["encode", "--codec", "h264", "--speed", "fast"].map(Path::new);
    let answer = walk
        .desk()
        .run(words.into_iter().chain([source.as_path()]))
        .unwrap();
    assert!(answer.sentences().contains("alone"), "{answer:?}");
    assert_exact(&answer, &source);
}

/// Ctrl-C once holds the job; the same command goes on with it. A node that is killed loses nothing that was verified.
#[cfg(unix)]
#[test]
fn a_job_goes_on_after_an_interrupt_and_after_a_kill() {
    let walk = Walk::new();
    let source = walk.long_film();
    for signal in ["INT", "KILL"] {
        let lines = interrupted(&walk, &source, signal);
        let left: Vec<_> = walk
            .all()
            .into_iter()
            .map(|(path, _)| path)
            .filter(|path| path != &source)
            .collect();
        assert_eq!(
            left,
            [""; 0].map(std::path::PathBuf::from),
            "after SIG{signal}"
        );
        if signal == "INT" {
            assert_eq!(lines.last().unwrap()["type"], "stopped", "{lines:?}");
        }
    }
    let answer = walk.encode(&[&source]);
    let submitted = answer
        .lines
        .iter()
        .find(|line| line["type"] == "submitted")
        .unwrap();
    assert_eq!(submitted["resumed"], true, "{answer:?}");
    let first = answer.lines.iter().find_map(verified);
    assert!(first > Some(1), "began anew: {first:?} segments");
    assert_exact(&answer, &source);
}

/// Starts to encode, sends the signal once something is verified, and gives what was printed.
#[cfg(unix)]
fn interrupted(walk: &Walk, source: &Path, signal: &str) -> Vec<Value> {
    let mut command = Command::new(product::program().unwrap());
    command
        .arg("--data")
        .arg(walk.desk().path())
        .args(["--json", "encode", "--only-here"]);
    command
        .args(["--codec", "h264", "--speed", "fast"])
        .arg(source);
    command.env("MANYHANDS_SEGMENT_SECONDS", "2");
    let mut child = command
        .stdout(Stdio::piped())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines: Vec<Value> = Vec::new();
    let mut sent = false;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let before = lines.iter().find_map(verified);
        let ready = before.is_some() && verified(&line) > before;
        lines.push(line);
        if ready && !sent {
            let id = child.id().to_string();
            assert!(
                Command::new("kill")
                    .args(["-s", signal, &id])
                    .status()
                    .unwrap()
                    .success()
            );
            sent = true;
        }
    }
    let status = child.wait().unwrap();
    assert!(
        sent,
        "it was done before anything could be interrupted: {lines:?}"
    );
    if signal == "INT" {
        assert_eq!(status.code(), Some(130), "{lines:?}");
    }
    lines
}

/// The segments that are verified, in a line that tells.
fn verified(line: &Value) -> Option<u64> {
    // Nobody is there in the first moments.
    let peers = line["peers"].as_array().filter(|peers| !peers.is_empty())?;
    if line["type"] != "progress" {
        return None;
    }
    Some(
        peers
            .iter()
            .filter_map(|peer| peer["segments"].as_u64())
            .sum(),
    )
}

#[test]
fn a_film_that_changes_under_the_work_is_noticed() {
    let walk = Walk::new();
    let source = walk.long_film();
    let words = [
        "--json",
        "encode",
        "--only-here",
        "--codec",
        "h264",
        "--speed",
        "fast",
    ];
    let mut command = Command::new(product::program().unwrap());
    command
        .arg("--data")
        .arg(walk.desk().path())
        .args(words)
        .arg(&source);
    command.env("MANYHANDS_SEGMENT_SECONDS", "2");
    let mut child = command
        .stdout(Stdio::piped())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let mut last = Value::Null;
    let mut changed = false;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        last = serde_json::from_str(&line.unwrap()).unwrap();
        if last["type"] == "progress" && last["frames"].as_u64() > Some(0) && !changed {
            let bytes = fs::read(&source).unwrap();
            fs::write(&source, &bytes[..bytes.len() / 2]).unwrap();
            changed = true;
        }
    }
    assert!(
        changed,
        "it was done before the film could be changed: {last}"
    );
    assert_eq!(
        (last["type"].as_str(), last["code"].as_str()),
        (Some("error"), Some("source_changed")),
        "{last}"
    );
    assert_eq!(child.wait().unwrap().code(), Some(18));
    assert_eq!(walk.all().len(), 1, "something was left beside the source");
}
