//! A watched folder, from the command line, with a node that serves: what is in it is made smaller, once.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tests::nodes::until;

use crate::house::Node;
use crate::walk::{Walk, assert_refused, assert_same};

/// The lines of the watched folders.
fn folders(node: &Node) -> Vec<Value> {
    let lines = node.ask(&["library"]).lines.into_iter();
    lines
        .filter(|line| line["type"] == "library_folder")
        .collect()
}

/// How many films stand so, in the one folder that is watched.
fn count(node: &Node, state: &str) -> u64 {
    folders(node)[0]["films"][state].as_u64().unwrap()
}

fn films(node: &Node, state: &str) -> Vec<Value> {
    let lines = node.ask(&["library", "files", "--state", state]).lines;
    let films = lines.into_iter();
    films
        .filter(|line| line["type"] == "library_file")
        .collect()
}

fn wait_for(node: &Node, state: &str, films: u64) {
    until(&format!("{films} films to be {state}"), || {
        Ok((count(node, state) == films).then_some(()))
    })
    .unwrap();
}

/// Every file below a folder.
fn below(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .flat_map(|path| {
            if path.is_dir() {
                below(&path)
            } else {
                vec![path]
            }
        })
        .collect();
    all.sort();
    all
}

#[test]
fn a_watched_folder_looks_after_itself() {
    let walk = Walk::new();
    let media = walk.path().join("media");
    fs::create_dir_all(media.join("shows")).unwrap();
    let film = media.join("shows/first.mkv");
    fs::rename(walk.long_film(), &film).unwrap();
    fs::write(media.join("notes.txt"), "no film").unwrap();
    fs::write(media.join("broken.mkv"), [7; 5000]).unwrap();
    let small = walk.path().join("small");
    fs::create_dir(&small).unwrap();
    let node = Node::serve("shelf", &["--listen", "127.0.0.1:0"]);
    let (watched, into) = (media.to_str().unwrap(), small.to_str().unwrap());
    let rule = [
        "--codec",
        "h264",
        "--speed",
        "fast",
        "--right-codec-too",
        "--least-saving",
        "0",
        "--stable",
        "1",
        "--into",
        into,
    ];
    let add = |more: &[&str]| node.ask(&[&["library", "add", watched], &rule[..], more].concat());

    // A look sets nothing.
    let preview = add(&["--preview"]);
    assert_eq!(preview.exit, Some(0), "{preview:?}");
    assert!(folders(&node).is_empty());
    assert_refused(
        &node.ask(&["library", "add", walk.path().join("none").to_str().unwrap()]),
        "no_such_file",
        10,
    );

    assert_eq!(add(&[]).exit, Some(0));
    wait_for(&node, "done", 1);
    wait_for(&node, "failed", 1);
    let first = small.join("shows/first.mkv");
    assert_same(&first, &film);
    let failed = films(&node, "failed");
    assert!(
        failed[0]["path"].as_str().unwrap().ends_with("broken.mkv"),
        "{failed:?}"
    );
    assert!(
        failed[0]["reason"].as_str().unwrap().ends_with('.'),
        "{failed:?}"
    );

    // What comes later is noticed, and what was made before is not made again.
    let later = media.join("later.mkv");
    fs::copy(&film, walk.path().join("later.mkv")).unwrap();
    fs::rename(walk.path().join("later.mkv"), &later).unwrap();
    until("the copy to be filed", || {
        let known = films(&node, "done").len() + films(&node, "left").len();
        Ok((known == 2).then_some(()))
    })
    .unwrap();

    // Its own results, also where they are watched, are nobody's films.
    let again = node.ask(&[
        "library",
        "add",
        into,
        "--codec",
        "h264",
        "--right-codec-too",
        "--stable",
        "1",
    ]);
    assert_eq!(again.exit, Some(0), "{again:?}");
    until("its own results to be left alone", || {
        let left = films(&node, "left");
        let own = left.iter().filter(|line| line["folder"] == into);
        Ok((own.count() > 0).then_some(()))
    })
    .unwrap();
    assert_eq!(node.ask(&["library", "remove", into]).exit, Some(0));

    // A folder that is not there keeps what is known of it.
    let (made, done) = (below(&small), count(&node, "done"));
    let elsewhere = walk.path().join("elsewhere");
    fs::rename(&media, &elsewhere).unwrap();
    assert_eq!(node.ask(&["library", "scan"]).exit, Some(0));
    let trouble = || folders(&node)[0]["trouble"].as_str().map(str::to_owned);
    until("the folder to be missed", || Ok(trouble())).unwrap();
    assert_eq!(count(&node, "done"), done);
    fs::rename(&elsewhere, &media).unwrap();
    assert_eq!(node.ask(&["library", "scan"]).exit, Some(0));
    until("the folder to be back", || {
        Ok(trouble().is_none().then_some(()))
    })
    .unwrap();
    assert_eq!((count(&node, "done"), below(&small)), (done, made));

    assert_eq!(node.ask(&["library", "remove", watched]).exit, Some(0));
    assert!(folders(&node).is_empty() && film.exists() && first.exists());
}
