//! Names and places that are odd but good.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::walk::{Walk, assert_exact};

/// Each has led some program astray: an option, a pattern, a protocol, a quote, a comment, a line's end, a filter's end.
const NAMES: [&str; 10] = [
    "-y -weird.mp4",
    "it's \"quoted\".mp4",
    "100% %d %03d.mp4",
    "#1, take [2];.mp4",
    "concat:a|b.mp4",
    "two\nlines.mp4",
    "ünï ção 漢字 🎬.mp4",
    " blank .mp4",
    "back\\slash.mp4",
    ".hidden.mp4",
];

#[test]
fn odd_names_are_only_names() {
    let walk = Walk::new();
    let sources: Vec<PathBuf> = NAMES
        .iter()
        .map(|name| walk.film("two_frames.mp4", name))
        .collect();
    let mut arguments: Vec<OsString> = vec!["--".into()];
    arguments.extend(sources.iter().map(|path| path.clone().into_os_string()));
    let answer = walk.encode(&arguments);
    assert_eq!(answer.exit, Some(0), "{answer:?}");
    let outputs = outputs(&answer.lines);
    assert_eq!(outputs.len(), NAMES.len());
    for source in &sources {
        let stem = source.file_stem().unwrap().to_string_lossy().into_owned();
        let made = walk.path().join(format!("{stem}.h264.mkv"));
        assert!(outputs.contains(&made), "no {made:?} in {outputs:?}");
        assert_eq!(
            tests::frames::read(&made).unwrap().numbers(),
            [Some(0), Some(1)],
            "{made:?}"
        );
    }
}

/// The outputs of every `done` line.
fn outputs(lines: &[serde_json::Value]) -> Vec<PathBuf> {
    let done = lines.iter().filter(|line| line["type"] == "done");
    done.map(|line| PathBuf::from(line["output"].as_str().unwrap()))
        .collect()
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_no_text_is_a_name() {
    use std::os::unix::ffi::OsStringExt;
    let walk = Walk::new();
    let source = walk.film(
        "two_frames.mp4",
        OsString::from_vec(b"caf\xe9.mp4".to_vec()),
    );
    let answer = walk.encode(&[source.as_os_str()]);
    assert_eq!(
        (answer.ended(), answer.exit),
        ("done", Some(0)),
        "{answer:?}"
    );
    let made = walk
        .path()
        .join(OsString::from_vec(b"caf\xe9.h264.mkv".to_vec()));
    assert_eq!(tests::frames::read(&made).unwrap().frames.len(), 2);
    // Not Unicode: its bytes, in hexadecimal digits.
    assert!(
        answer.last("output")["hex"]
            .as_str()
            .unwrap()
            .ends_with("636166e92e683236342e6d6b76")
    );
}

#[test]
fn a_relative_name_with_a_dash_is_a_name() {
    let walk = Walk::new();
    let source = walk.film("two_frames.mp4", "-i.mp4");
    let mut words = vec!["encode", "--only-here", "--codec", "h264", "--", "-i.mp4"].into_iter();
    let answer = walk.desk().run_in(walk.path(), words.by_ref()).unwrap();
    assert_exact(&answer, &source);
}

#[test]
fn nothing_is_ever_overwritten() {
    let walk = Walk::new();
    let source = walk.film("h264_closed.mp4", "film.mp4");
    let taken = walk.path().join("film.h264.mkv");
    fs::write(&taken, "somebody's diary").unwrap();
    let before = walk.all();
    let first = assert_exact(&walk.encode(&[&source]), &source);
    assert_eq!(first.file_name().unwrap(), "film.h264 (2).mkv");
    let named = ["-o".as_ref(), taken.as_os_str(), source.as_os_str()];
    let second = assert_exact(&walk.encode(&named), &source);
    assert!(second != taken && second != first, "{second:?}");
    let after = walk.all();
    assert!(
        before.iter().all(|file| after.contains(file)),
        "a file was changed"
    );
}

#[test]
fn the_source_is_never_the_output() {
    let walk = Walk::new();
    let source = walk.film("h264_closed.mp4", "film.mp4");
    let before = walk.all();
    let itself = ["--container", "mp4", "-o"]
        .map(Path::new)
        .into_iter()
        .chain([source.as_path(); 2]);
    let output = assert_exact(&walk.encode(&itself.collect::<Vec<_>>()), &source);
    assert_ne!(output, source);
    assert!(
        before.iter().all(|file| walk.all().contains(file)),
        "the source was changed"
    );
}

#[cfg(unix)]
#[test]
fn a_link_to_a_film_is_a_film() {
    let walk = Walk::new();
    let film = walk.film("h264_closed.mp4", "far.mp4");
    let link = walk.path().join("near.mp4");
    std::os::unix::fs::symlink(&film, &link).unwrap();
    let output = assert_exact(&walk.encode(&[&link]), &film);
    assert_eq!(output, walk.path().join("near.h264.mkv"));
    assert!(link.is_symlink() && !film.is_symlink());
}

#[test]
fn several_films_and_one_that_is_none() {
    let walk = Walk::new();
    let good = walk.film("two_frames.mp4", "good.mp4");
    let bad = walk.film("text.mkv", "bad.mkv");
    let also = walk.film("one_frame.mp4", "also.mp4");
    let answer = walk.encode(&[&good, &bad, &also]);
    // The first that failed decides.
    assert_eq!(answer.exit, Some(13), "{answer:?}");
    assert_eq!(outputs(&answer.lines).len(), 2, "{answer:?}");
    let errors: Vec<_> = answer
        .lines
        .iter()
        .filter(|line| line["type"] == "error")
        .collect();
    assert_eq!(errors.len(), 1, "{answer:?}");
    assert_eq!(errors[0]["input"].as_str(), bad.to_str());
}

#[test]
fn an_output_folder_is_used_and_the_source_s_left_alone() {
    let walk = Walk::new();
    let source = walk.film("two_frames.mp4", "film.mp4");
    let to = walk.path().join("to");
    fs::create_dir(&to).unwrap();
    let before = walk.all();
    let output = assert_exact(
        &walk.encode(&["--out-dir".as_ref(), to.as_os_str(), source.as_os_str()]),
        &source,
    );
    assert_eq!(output, to.join("film.h264.mkv"));
    assert_eq!(walk.all(), before);
}
