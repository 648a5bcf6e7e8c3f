//! Films that are replaced by their results: the original or its proved result is there at every instant, and can be had
//! back.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tests::hosts::skipped;
use tests::product::{self, Answer};

use crate::walk::{Walk, assert_exact, assert_refused};

/// `encode --in-place ARGUMENTS…`, into the container that the clip has.
fn in_place(walk: &Walk, film: &Path, more: &[&str]) -> Answer {
    let words = ["--in-place", "--container", "mp4"].into_iter();
    let words = words.chain(more.iter().copied()).map(Path::new);
    walk.encode(&words.chain([film]).collect::<Vec<_>>())
}

fn ask(walk: &Walk, words: &[&str]) -> Answer {
    walk.desk().run(words).unwrap()
}

fn backup(film: &Path) -> PathBuf {
    let mut name = film.file_name().unwrap().to_owned();
    name.push(".bak");
    film.with_file_name(name)
}

#[track_caller]
fn assert_names(walk: &Walk, expected: &[&str]) {
    let names: Vec<String> = walk
        .all()
        .iter()
        .map(|(path, _)| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(names, expected);
}

#[test]
fn a_film_is_replaced_and_had_back() {
    let walk = Walk::new();
    let film = walk.film("h264_closed.mp4", "film.mp4");
    let original = fs::read(&film).unwrap();
    let long_ago = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    fs::File::open(&film)
        .unwrap()
        .set_modified(long_ago)
        .unwrap();
    fs::hard_link(&film, walk.path().join("same.mp4")).unwrap();

    let answer = in_place(&walk, &film, &["--keep-original", "7"]);
    let output = assert_exact(&answer, &backup(&film));
    assert_eq!(output, film);
    assert!(answer.sentences().contains("hard links"), "{answer:?}");
    assert_eq!(answer.last("original")["state"], "kept");
    assert_eq!(fs::read(backup(&film)).unwrap(), original);
    assert_eq!(fs::read(walk.path().join("same.mp4")).unwrap(), original);
    let about = film.metadata().unwrap();
    assert_eq!(about.modified().unwrap(), long_ago, "the time is kept");
    assert_names(&walk, &["film.mp4", "film.mp4.bak", "same.mp4"]);

    // The same command typed again does not encode its own result.
    let again = in_place(&walk, &film, &["--keep-original", "7"]);
    assert_refused(&again, "not_now", 44);

    let job = answer.last("job").to_string();
    let listed = ask(&walk, &["originals"]);
    assert_eq!(listed.lines[0]["state"], "kept", "{listed:?}");
    let days = |field: &str| listed.lines[0][field].as_u64().unwrap() / 86_400_000;
    assert_eq!(days("until_ms") - days("replaced_ms"), 7);

    let undone = ask(&walk, &["undo", &job]);
    assert_eq!(undone.ended(), "undone", "{undone:?}");
    assert_eq!(fs::read(&film).unwrap(), original);
    assert_names(&walk, &["film.mp4", "same.mp4"]);
    assert_refused(&ask(&walk, &["undo", &job]), "not_now", 44);
    assert_refused(&ask(&walk, &["originals", "--delete", &job]), "not_now", 44);
}

#[test]
fn the_ending_may_change_and_the_original_go_at_once() {
    let walk = Walk::new();
    let film = walk.film("two_frames.mp4", "film.mp4");
    let original = fs::read(&film).unwrap();
    let words = ["--in-place", "--keep-original"].map(Path::new);
    let encode = |keep: &str| {
        let words = words.into_iter().chain([Path::new(keep), &film]);
        walk.encode(&words.collect::<Vec<_>>())
    };
    let theirs = walk.path().join("film.mkv");
    fs::write(&theirs, "theirs").unwrap();
    assert_refused(&encode("always"), "output_taken", 24);
    assert_names(&walk, &["film.mkv", "film.mp4"]);
    fs::remove_file(&theirs).unwrap();

    let answer = encode("always");
    assert_eq!(assert_exact(&answer, &backup(&film)), theirs);
    assert_names(&walk, &["film.mkv", "film.mp4.bak"]);
    // Whoever changes the result in between keeps what he made.
    fs::write(&theirs, "cut").unwrap();
    let job = answer.last("job").to_string();
    assert_refused(&ask(&walk, &["undo", &job]), "not_now", 44);
    assert_refused(&ask(&walk, &["originals", "--delete", &job]), "not_now", 44);
    assert_eq!(fs::read(&theirs).unwrap(), b"cut");
    fs::remove_file(&theirs).unwrap();
    assert_eq!(ask(&walk, &["undo", &job]).exit, Some(0));
    assert_eq!(fs::read(&film).unwrap(), original);
    assert_names(&walk, &["film.mp4"]);

    let answer = encode("never");
    assert_eq!(answer.last("original")["state"], "deleted", "{answer:?}");
    assert_names(&walk, &["film.mkv"]);
}

#[test]
fn another_tree_has_the_same_folders() {
    let walk = Walk::new();
    let folder = walk.path().join("media/shows/one");
    fs::create_dir_all(&folder).unwrap();
    fs::create_dir(walk.path().join("small")).unwrap();
    let film = walk.film("two_frames.mp4", "media/shows/one/a.mp4");
    let (media, small) = (walk.path().join("media"), walk.path().join("small"));
    let words: [&Path; 5] = ["--into".as_ref(), &small, "--root".as_ref(), &media, &film];
    let output = assert_exact(&walk.encode(&words), &film);
    assert_eq!(output, small.join("shows/one/a.mkv"));
    // The same again is another file, and nothing is written over.
    let again = assert_exact(&walk.encode(&words), &film);
    assert_eq!(again, small.join("shows/one/a (2).mkv"));
}

/// The whole program, killed at every step of a replacement and of an undoing.
#[cfg(target_os = "linux")]
#[test]
fn killed_at_every_step_the_film_or_its_result_is_there() {
    const REPLACE: [&str; 8] = [
        "Replace-noted",
        "Replace-Link-before",
        "Replace-Link-after",
        "Replace-Trade-before",
        "Replace-Trade-after",
        "Replace-Clear-before",
        "Replace-Clear-after",
        "Replace-settled",
    ];
    const UNDO: [&str; 8] = [
        "Undo-noted",
        "Undo-TradeBack-before",
        "Undo-TradeBack-after",
        "Undo-TakeBackup-before",
        "Undo-TakeBackup-after",
        "Undo-Clear-before",
        "Undo-Clear-after",
        "Undo-settled",
    ];
    let walk = Walk::new();
    let film = walk.film("two_frames.mp4", "film.mp4");
    let original = fs::read(&film).unwrap();
    let is = |path: &Path, bytes: &[u8]| fs::read(path).is_ok_and(|found| found == bytes);
    for (replace, undo) in REPLACE.into_iter().zip(UNDO) {
        let name = film.to_str().unwrap();
        let words = [
            "encode",
            "--only-here",
            "--codec",
            "h264",
            "--speed",
            "fast",
        ];
        let place = ["--in-place", "--container", "mp4", name];
        killed_at(&walk, replace, &[&words[..], &place].concat());
        let there = is(&film, &original) || is(&backup(&film), &original);
        assert!(there, "{replace}: the original has no name");

        // Whatever is asked next is asked of a node that has gone on with it.
        let jobs = ask(&walk, &["jobs"]);
        let job = jobs.lines.iter().find(|line| line["input"] == name);
        assert_eq!(job.unwrap()["state"], "completed", "{replace}: {jobs:?}");
        assert!(is(&backup(&film), &original), "{replace}");
        let result = fs::read(&film).unwrap();
        assert_ne!(result, original, "{replace}");
        assert_names(&walk, &["film.mp4", "film.mp4.bak"]);

        let number = job.unwrap()["job"].to_string();
        killed_at(&walk, undo, &["undo", &number]);
        let there = is(&film, &original) || is(&backup(&film), &original);
        assert!(there, "{undo}: the original has no name");
        let listed = ask(&walk, &["originals"]);
        let state = |line: &Value| {
            line["job"].as_u64() == number.parse().ok() && line["state"] == "restored"
        };
        assert!(listed.lines.iter().any(state), "{undo}: {listed:?}");
        assert!(is(&film, &original), "{undo}");
        assert_names(&walk, &["film.mp4"]);
        assert_eq!(
            ask(&walk, &["cancel", &number]).exit,
            Some(44),
            "it is over"
        );
    }
}

/// A result that goes elsewhere has one name, wherever the program is killed while it gets it.
#[cfg(target_os = "linux")]
#[test]
fn killed_while_a_result_gets_its_name_there_is_one_result() {
    for point in ["Place-noted", "Place-renamed"] {
        let walk = Walk::new();
        let film = walk.film("two_frames.mp4", "film.mp4");
        let words = [
            "encode",
            "--only-here",
            "--codec",
            "h264",
            "--speed",
            "fast",
        ];
        let words = [&words[..], &[film.to_str().unwrap()]].concat();
        killed_at(&walk, point, &words);
        let answer = ask(&walk, &words);
        assert_eq!(answer.exit, Some(0), "{point}: {answer:?}");
        let jobs = ask(&walk, &["jobs"]);
        let done = jobs
            .lines
            .iter()
            .filter(|line| line["state"] == "completed" && line["input"] == film.to_str().unwrap());
        assert_eq!(done.count(), 1, "{point}: {jobs:?}");
        let visible = |path: &PathBuf| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (!name.starts_with('.')).then_some(name)
        };
        let names: Vec<String> = walk
            .all()
            .iter()
            .filter_map(|(path, _)| visible(path))
            .collect();
        assert_eq!(names.len(), 2, "{point}: {names:?}");
        assert!(
            names.iter().all(|name| !name.contains("(2)")),
            "{point}: {names:?}"
        );
    }
}

/// Runs the program until it kills itself at a point.
#[cfg(target_os = "linux")]
fn killed_at(walk: &Walk, point: &str, words: &[&str]) {
    use std::os::unix::process::ExitStatusExt as _;
    let mut command = Command::new(product::program().unwrap());
    command.arg("--data").arg(walk.desk().path()).arg("--json");
    command.args(words).env("MANYHANDS_DIE_AT", point);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let status = command.status().unwrap();
    assert_eq!(status.signal(), Some(9), "{point}: {status}");
}

#[cfg(unix)]
#[test]
fn what_cannot_be_replaced_is_said_before_any_work() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let walk = Walk::new();
    let film = walk.film("two_frames.mp4", "film.mp4");
    let refused = |film: &Path, code: &str, exit: i32| {
        let before = walk.all();
        let answer = in_place(&walk, film, &[]);
        assert_refused(&answer, code, exit);
        assert!(!answer.lines.iter().any(|line| line["type"] == "submitted"));
        assert_eq!(walk.all(), before, "the folder was changed");
    };
    fs::set_permissions(&film, fs::Permissions::from_mode(0o444)).unwrap();
    refused(&film, "output_read_only", 21);
    fs::set_permissions(&film, fs::Permissions::from_mode(0o644)).unwrap();
    let link = walk.path().join("link.mp4");
    symlink(&film, &link).unwrap();
    let words: [&Path; 2] = ["--in-place".as_ref(), &link];
    walk.refused(&words, "bad_request", 2);

    // A link to a film of the same kind stays, and what it leads to is replaced.
    let original = fs::read(&film).unwrap();
    let answer = in_place(&walk, &link, &[]);
    assert_eq!(answer.exit, Some(0), "{answer:?}");
    assert!(answer.sentences().contains("the link stays"), "{answer:?}");
    assert!(link.is_symlink());
    assert_eq!(fs::read(backup(&film)).unwrap(), original);
    assert_ne!(fs::read(&link).unwrap(), original);
}

/// On a disk without room it is said before; on one that can only be read, too.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_full_or_read_only_keeps_its_film() {
    let walk = Walk::new();
    let source = walk.film("prores.mov", "film.mov");
    let disk = walk.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let bytes = source.metadata().unwrap().len();
    for (then, code, exit) in [
        ("true", "no_space", 22),
        ("mount -o remount,ro \"$0\"", "output_read_only", 21),
    ] {
        let size = bytes + (200 << 10);
        let script = format!(
            "mount -t tmpfs -o size={size} none \"$0\" && cp \"$1\" \"$0/film.mov\" && {then} && shift && \"$@\"; \
             code=$?; cmp -s \"$0/film.mov\" {source:?} || exit 99; test \"$(ls -A \"$0\")\" = film.mov || exit 98; exit $code"
        );
        let (disk, source) = (disk.to_str().unwrap(), source.to_str().unwrap());
        let through = ["unshare", "--mount", "sh", "-c", &script, disk, source];
        let may = Command::new(through[0])
            .args(&through[1..])
            .arg("true")
            .status();
        if !may.is_ok_and(|status| status.success()) {
            return skipped("a film on a full disk", "mounting a small disk needs root");
        }
        let film = format!("{disk}/film.mov");
        let words = [
            "encode",
            "--only-here",
            "--for",
            "keep",
            "--in-place",
            &film,
        ];
        let answer = product::run(&through, walk.desk().path(), None, words).unwrap();
        assert_refused(&answer, code, exit);
    }
}
