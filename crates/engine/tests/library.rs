//! The library on a real folder tree with real small films: what is taken, what is left alone and why, and that nothing is
//! taken twice.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test makes its own clips and may fail anywhere"
)]

mod bundled;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bundled::ffmpeg;
use engine::librarian::{Conditions, Film, Filter, Folder, Library, Rule, State};
use engine::node::{Node, NodeConfig};
use engine::status::Settings;
use media::choice::{Choice, Purpose};

/// A film of three seconds: what the encoder is told decides what is worth having.
fn film(path: &Path, encoder: &[&str]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let source = "testsrc2=s=320x180:r=25:d=3,noise=alls=6:allf=t";
    let made = std::process::Command::new(ffmpeg())
        .args(["-v", "error", "-f", "lavfi", "-i", source])
        .args(encoder)
        .arg(path)
        .status()
        .unwrap();
    assert!(made.success());
}

const FAT: [&str; 4] = ["-c:v", "mpeg2video", "-q:v", "2"];
const LEAN: [&str; 6] = ["-c:v", "mpeg4", "-q:v", "31", "-bf", "2"];
const RIGHT: [&str; 6] = ["-c:v", "libx264", "-preset", "ultrafast", "-qp", "4"];

async fn node(folder: &Path) -> Node {
    let config = NodeConfig {
        data_dir: folder.join("data"),
        name: Some("library".into()),
        listen: None,
        mdns: false,
        network: false,
        donate: None,
        peers: Vec::new(),
        stays: true,
        workers: Some(1),
        settings: engine::config::Sources::default(),
    };
    Node::start(config).await.unwrap()
}

fn rule(name: &str) -> Rule {
    Rule {
        name: name.into(),
        make: Choice {
            purpose: Purpose::Everywhere,
            ..Choice::default()
        },
        ..Rule::default()
    }
}

fn watched(path: &Path, rules: Vec<Rule>) -> Folder {
    Folder {
        path: path.to_owned(),
        stable_s: 1,
        rules,
        ..Folder::default()
    }
}

async fn set(node: &Node, folders: Vec<Folder>) {
    let before = node.settings().await.unwrap();
    let library = Library {
        folders,
        ..Library::default()
    };
    node.set_settings(Settings { library, ..before })
        .await
        .unwrap();
}

/// The films by their names.
async fn films(node: &Node) -> BTreeMap<String, Film> {
    let (_, films) = node.library_files(Filter::default(), 0, 500).await.unwrap();
    let name = |film: &Film| {
        film.path
            .file_name()
            .unwrap()
            .to_string_lossy()
            .into_owned()
    };
    films.into_iter().map(|film| (name(&film), film)).collect()
}

/// The films once they are as `so` says.
async fn once(node: &Node, so: impl Fn(&BTreeMap<String, Film>) -> bool) -> BTreeMap<String, Film> {
    for _ in 0..1200 {
        let films = films(node).await;
        if so(&films) {
            return films;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{:#?}", films(node).await);
}

fn is(films: &BTreeMap<String, Film>, name: &str, state: State) -> bool {
    films.get(name).is_some_and(|film| film.state == state)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_is_taken_as_its_rules_say_and_nothing_twice() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("films");
    film(&root.join("series/fat.mkv"), &FAT);
    film(&root.join("lean.avi"), &LEAN);
    film(&root.join("right.mkv"), &RIGHT);
    film(&root.join("extras/extra.mkv"), &FAT);
    fs::write(root.join("broken.mkv"), "no film at all").unwrap();
    fs::write(root.join("empty.mkv"), "").unwrap();
    fs::write(root.join("notes.txt"), "text").unwrap();
    let node = node(home.path()).await;
    let extras = Rule {
        leave: true,
        take: Conditions {
            names: vec!["extras/*".into()],
            ..Conditions::default()
        },
        ..rule("Extras")
    };
    set(
        &node,
        vec![watched(
            &root,
            vec![extras.clone(), rule("All"), rule("Again")],
        )],
    )
    .await;
    let films = once(&node, |films| {
        is(films, "fat.mkv", State::Done) && is(films, "lean.avi", State::NotWorthwhile)
    })
    .await;
    let fat = &films["fat.mkv"];
    let output = fat.output.clone().unwrap();
    assert_eq!(output, root.join("series/fat.h264.mp4"));
    assert!(fat.result.unwrap() < fat.bytes && fat.forecast.is_some());
    assert!(fat.receipt.as_ref().unwrap().is_file() && fat.path.is_file());
    for (name, reason) in [
        ("right.mkv", "“All” does not take it: it is h264 already."),
        ("extra.mkv", "The rule “Extras” leaves it alone."),
        ("broken.mkv", "It is not a video, or is damaged."),
        ("empty.mkv", "It is empty."),
    ] {
        assert!(is(&films, name, State::Left), "{:?}", films[name]);
        assert_eq!(films[name].reason, reason);
    }
    assert!(!films.contains_key("notes.txt"));
    assert!(films["lean.avi"].job.is_none(), "it was known beforehand");

    // Renamed, moved, and wanted by a rule that takes everything: what we made is known again.
    let moved = root.join("moved.mp4");
    fs::rename(&output, &moved).unwrap();
    let everything = Rule {
        take: Conditions {
            right_codec_too: true,
            not_names: vec!["right.mkv".into()],
            ..Conditions::default()
        },
        ..rule("Everything")
    };
    // And so is a source of which something was made already.
    fs::rename(root.join("series/fat.mkv"), root.join("plump.mkv")).unwrap();
    set(&node, vec![watched(&root, vec![extras, everything])]).await;
    let films = once(&node, |films| {
        is(films, "moved.mp4", State::Left) && is(films, "plump.mkv", State::Done)
    })
    .await;
    assert_eq!(films["moved.mp4"].reason, "Manyhands made it.");
    assert!(
        films["plump.mkv"].reason.contains("fat.mkv"),
        "{:?}",
        films["plump.mkv"]
    );
    assert!(!films.contains_key("fat.mkv"));
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_vanishes_is_forgotten_by_nobody() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("films");
    film(&root.join("a.mkv"), &RIGHT);
    let node = node(home.path()).await;
    set(&node, vec![watched(&root, vec![rule("All")])]).await;
    once(&node, |films| is(films, "a.mkv", State::Left)).await;
    let away = home.path().join("away");
    fs::rename(&root, &away).unwrap();
    let trouble = async || {
        node.library().await.unwrap().folders[0]
            .health
            .trouble
            .clone()
    };
    let said = async |part: &str| {
        node.library_scan(Some(root.clone())).await.unwrap();
        for _ in 0..300 {
            if trouble()
                .await
                .is_some_and(|trouble| trouble.contains(part))
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{part}: {:?}", trouble().await);
    };
    said("is not there").await;
    assert!(films(&node).await.contains_key("a.mkv"));
    // The place where a disk is mounted, without its disk.
    fs::create_dir(&root).unwrap();
    said("is empty all of a sudden").await;
    assert!(films(&node).await.contains_key("a.mkv"));
    fs::remove_dir(&root).unwrap();
    fs::rename(&away, &root).unwrap();
    node.library_scan(None).await.unwrap();
    for _ in 0..300 {
        if trouble().await.is_none() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(trouble().await, None);
    // One that really goes is noticed, and one that comes, too.
    film(&root.join("b.mkv"), &RIGHT);
    fs::remove_file(root.join("a.mkv")).unwrap();
    once(&node, |films| {
        is(films, "b.mkv", State::Left) && !films.contains_key("a.mkv")
    })
    .await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_grows_is_left_until_it_stays_as_it_is() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("films");
    fs::create_dir(&root).unwrap();
    let whole = home.path().join("whole.mkv");
    film(&whole, &FAT);
    let bytes = fs::read(&whole).unwrap();
    let node = node(home.path()).await;
    set(&node, vec![watched(&root, vec![rule("All")])]).await;
    let growing = root.join("grows.mkv");
    // Written in ten pieces, each a little before it would have been taken for whole.
    for part in 1..=10 {
        fs::write(&growing, &bytes[..bytes.len() * part / 10]).unwrap();
        tokio::time::sleep(Duration::from_millis(500)).await;
        let now = films(&node).await;
        assert!(!is(&now, "grows.mkv", State::Failed), "{now:?}");
    }
    let films = once(&node, |films| is(films, "grows.mkv", State::Done)).await;
    assert!(films["grows.mkv"].output.as_ref().unwrap().is_file());
    let jobs = node.status().await.unwrap().jobs;
    assert_eq!(jobs.len(), 1, "it was given once");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_saves_too_little_is_thrown_away_and_only_that() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("films");
    film(&root.join("lean.avi"), &LEAN);
    let source = fs::read(root.join("lean.avi")).unwrap();
    let node = node(home.path()).await;
    let choice = Choice {
        purpose: Purpose::Keep,
        quality: Some(1),
        ..Choice::default()
    };
    let terms = engine::status::Terms {
        least_saving: Some(5),
        ..Default::default()
    };
    let job = node
        .submit(root.join("lean.avi"), choice, terms)
        .await
        .unwrap();
    let state = loop {
        let jobs = node.status().await.unwrap().jobs;
        let job = jobs.into_iter().find(|one| one.id == job).unwrap();
        if job.finished_ms.is_some() {
            break job.state;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let engine::status::JobState::Failed(trouble) = state else {
        panic!("{state:?}")
    };
    assert_eq!(
        trouble.kind,
        engine::trouble::Kind::NotWorthwhile,
        "{trouble}"
    );
    let left: Vec<PathBuf> = fs::read_dir(&root)
        .unwrap()
        .map(|one| one.unwrap().path())
        .collect();
    assert_eq!(left, [root.join("lean.avi")]);
    assert_eq!(fs::read(root.join("lean.avi")).unwrap(), source);
    node.stop().await;
}
