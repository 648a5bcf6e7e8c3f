//! Where the input or the output cannot be used.

use std::fs;
use std::path::Path;

use tests::hosts::skipped;
use tests::product::Answer;

use crate::walk::{Walk, assert_refused};

#[test]
fn what_is_no_film_is_refused_by_what_it_is() {
    let walk = Walk::new();
    let cases = [
        ("empty.mp4", "empty_file", 12),
        ("text.mkv", "not_a_video", 13),
        ("audio_only.m4a", "no_video_track", 14),
        ("song_with_cover.m4a", "no_video_track", 14),
        ("encrypted.mp4", "encrypted", 15),
        ("truncated.mp4", "damaged", 16),
    ];
    for (clip, code, exit) in cases {
        let source = walk.film(clip, clip);
        let answer = walk.refused(&[&source], code, exit);
        assert_eq!(answer.last("input").as_str(), source.to_str());
        assert_ne!(
            answer.last("help").as_str(),
            Some(""),
            "{clip}: no word on what to do"
        );
    }
}

#[test]
fn a_file_that_is_not_there_and_a_folder() {
    let walk = Walk::new();
    let missing = walk.path().join("flim.mkv");
    let answer = walk.refused(&[&missing], "no_such_file", 10);
    assert!(answer.sentences().contains("flim.mkv"), "{answer:?}");
    walk.refused(&[walk.path()], "is_folder", 11);
}

#[cfg(unix)]
#[test]
fn what_is_neither_file_nor_folder_is_refused_at_once() {
    let walk = Walk::new();
    let pipe = walk.path().join("pipe.mkv");
    let made = std::process::Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .unwrap();
    assert!(made.success());
    // Opening it would wait for a writer for ever.
    for source in [pipe.as_path(), Path::new("/dev/null")] {
        let answer = walk.encode(&[source]);
        assert_eq!(answer.ended(), "error", "{answer:?}");
        assert!(
            answer.exit.is_some_and(|exit| (10..18).contains(&exit)),
            "{answer:?}"
        );
    }
}

#[test]
fn an_output_folder_that_is_not_there() {
    let walk = Walk::new();
    let source = walk.film("h264_closed.mp4", "film.mp4");
    let nowhere = walk.path().join("nowhere");
    walk.refused(
        &[
            "--out-dir".as_ref(),
            nowhere.as_os_str(),
            source.as_os_str(),
        ],
        "no_output_folder",
        20,
    );
    let inside = nowhere.join("out.mkv");
    walk.refused(
        &["-o".as_ref(), inside.as_os_str(), source.as_os_str()],
        "no_output_folder",
        20,
    );
    assert!(!nowhere.exists());
}

#[test]
fn a_request_that_is_not_understood() {
    let walk = Walk::new();
    let source = walk.film("two_frames.mp4", "film.mp4");
    for wrong in [
        ["--quality", "99"],
        ["--codec", "h266"],
        ["--container", "avi"],
    ] {
        let words = [wrong[0].as_ref(), wrong[1].as_ref(), source.as_os_str()];
        let answer = walk.encode(&words);
        assert_eq!(answer.exit, Some(2), "{wrong:?}: {answer:?}");
    }
    let none: [&str; 0] = [];
    assert_eq!(walk.encode(&none).exit, Some(2));
}

#[test]
fn what_is_no_invite_is_said_to_be_none() {
    let walk = Walk::new();
    let answer = walk.desk().run(["pair", "hello"]).unwrap();
    assert_refused(&answer, "bad_invite", 50);
}

/// Files and folders that a user may not read or write. Root may everything, so root becomes somebody else here.
#[cfg(unix)]
#[test]
fn files_that_may_not_be_read_and_folders_that_may_not_be_written() {
    use std::os::unix::fs::PermissionsExt;
    let walk = Walk::new();
    let closed =
        |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let film = walk.film("two_frames.mp4", "film.mp4");
    closed(&film, 0o644);
    let secret = walk.film("two_frames.mp4", "secret.mp4");
    closed(&secret, 0o000);
    let sealed = walk.path().join("sealed");
    fs::create_dir(&sealed).unwrap();
    closed(&sealed, 0o555);
    closed(walk.path(), 0o755);
    let data = tempfile::tempdir().unwrap();
    let run = |words: &[&Path]| as_nobody(data.path(), words);
    let Some(unreadable) = run(&[&secret]) else {
        return skipped(
            "files that may not be read",
            "root cannot become another user here (setpriv)",
        );
    };
    assert_refused(&unreadable, "unreadable", 17);
    let read_only = run(&["--out-dir".as_ref(), &sealed, &film]).unwrap();
    assert_refused(&read_only, "output_read_only", 21);
    assert_eq!(fs::read_dir(&sealed).unwrap().count(), 0);
}

/// Encodes as a user without rights; `None` where this process has them and cannot give them up.
#[cfg(unix)]
fn as_nobody(data: &Path, words: &[&Path]) -> Option<Answer> {
    use std::os::unix::fs::MetadataExt;
    const NOBODY: u32 = 65_534;
    let mut through = Vec::new();
    if fs::metadata(data).unwrap().uid() == 0
        || Path::new("/proc/self")
            .metadata()
            .is_ok_and(|it| it.uid() == 0)
    {
        std::os::unix::fs::chown(data, Some(NOBODY), Some(NOBODY)).ok()?;
        through.extend([
            "setpriv",
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
        ]);
    }
    let program = tests::product::program().unwrap();
    let reaches = std::process::Command::new(through.first().unwrap_or(&"env"))
        .args(through.iter().skip(1))
        .args(["test", "-x"])
        .arg(program)
        .status();
    if !reaches.is_ok_and(|status| status.success()) {
        return None;
    }
    let head = ["encode", "--only-here", "--codec", "h264"].map(Path::new);
    let words = head.into_iter().chain(words.iter().copied());
    Some(tests::product::run(&through, data, None, words).unwrap())
}

/// The plan needs more than the disk has: known before anything is sent.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_too_full_for_the_plan() {
    const SIZE: &str = "300k";
    let walk = Walk::new();
    let source = walk.film("prores.mov", "film.mov");
    let disk = walk.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let mount = format!("mount -t tmpfs -o size={SIZE} none \"$0\" && exec \"$@\"");
    let through = [
        "unshare",
        "--mount",
        "sh",
        "-c",
        &mount,
        disk.to_str().unwrap(),
    ];
    let may = std::process::Command::new(through[0])
        .args(&through[1..])
        .arg("true")
        .status();
    if !may.is_ok_and(|status| status.success()) {
        return skipped("a disk too full", "mounting a small disk needs root");
    }
    let words = ["encode", "--only-here", "--for", "keep", "--out-dir"].map(Path::new);
    let words = words.into_iter().chain([disk.as_path(), &source]);
    let answer = tests::product::run(&through, walk.desk().path(), None, words).unwrap();
    assert_refused(&answer, "no_space", 22);
    let started = answer
        .lines
        .iter()
        .any(|line| line["type"] == "progress" && line["frames"].as_u64() > Some(0));
    assert!(!started, "found out only at work: {answer:?}");
}
