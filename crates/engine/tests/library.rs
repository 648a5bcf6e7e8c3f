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
use engine::librarian::{Conditions, Film, Filter, Folder, InPlace, Library, Rule, State};
use engine::node::{Node, NodeConfig};
use engine::status::Settings;
use media::choice::{Choice, Purpose};

/// A film of three seconds: what the encoder is told decides what is worth having.
fn film(path: &Path, encoder: &[&str]) {
    film_of(3, path, encoder);
}

fn film_of(seconds: u32, path: &Path, encoder: &[&str]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let source = format!("testsrc2=s=320x180:r=25:d={seconds},noise=alls=6:allf=t");
    let made = std::process::Command::new(ffmpeg())
        .args(["-v", "error", "-f", "lavfi", "-i", &source])
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

/// The job that works on a film, or did.
fn job(films: &BTreeMap<String, Film>, name: &str) -> engine::status::JobId {
    films[name].job.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_to_nothing_is_tried_again_when_its_rule_changes() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("films");
    film(&root.join("fat.mkv"), &FAT);
    film(&root.join("old.avi"), &FAT);
    fs::write(root.join("old.mp4"), "in the way").unwrap();
    let node = node(home.path()).await;
    let named = |names: &str, rule: Rule| Rule {
        take: Conditions {
            names: vec![names.into()],
            ..Conditions::default()
        },
        ..rule
    };
    let greedy = Rule {
        least_saving: 90,
        ..named("*.mkv", rule("Fat"))
    };
    let in_place = Rule {
        in_place: Some(InPlace::default()),
        ..named("*.avi", rule("Old"))
    };
    set(&node, vec![watched(&root, vec![greedy, in_place])]).await;
    let films = once(&node, |films| {
        is(films, "fat.mkv", State::NotWorthwhile) && is(films, "old.avi", State::Failed)
    })
    .await;
    assert!(
        films["old.avi"].reason.contains("is there already"),
        "{films:?}"
    );
    let rules = vec![named("*.mkv", rule("Fat")), named("*.avi", rule("Old"))];
    set(&node, vec![watched(&root, rules)]).await;
    let films = once(&node, |films| {
        is(films, "fat.mkv", State::Done) && is(films, "old.avi", State::Done)
    })
    .await;
    assert!(films["old.avi"].output.as_ref().unwrap().is_file());
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_film_that_was_replaced_and_had_back_is_not_taken_again() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("films");
    let other_ending = root.join("a.avi");
    let same_ending = root.join("b.mp4");
    film(&other_ending, &FAT);
    film(&same_ending, &["-c:v", "mpeg4", "-q:v", "2"]);
    let originals = [&other_ending, &same_ending].map(|path| fs::read(path).unwrap());
    let node = node(home.path()).await;
    let in_place = |least_saving| Rule {
        in_place: Some(InPlace::default()),
        least_saving,
        ..rule("All")
    };
    set(&node, vec![watched(&root, vec![in_place(5)])]).await;
    let films = once(&node, |films| {
        is(films, "a.mp4", State::Done) && is(films, "b.mp4", State::Done)
    })
    .await;
    let saved = async || node.figures(7).await.unwrap().in_all;
    let made = saved().await;
    assert_eq!(
        (made.films, made.source_bytes),
        (2, originals.iter().map(|film| film.len() as u64).sum())
    );
    assert!(root.join("a.avi.bak").is_file() && root.join("b.mp4.bak").is_file());
    for name in ["a.mp4", "b.mp4"] {
        node.undo(job(&films, name)).await.unwrap();
    }
    let none = saved().await;
    assert_eq!(
        (none.films, none.source_bytes, none.output_bytes),
        (0, 0, 0)
    );
    node.library_scan(None).await.unwrap();
    let again = "It is the original again of what was made of it.";
    let back = |films: &BTreeMap<String, Film>| {
        let is_back = |name: &str| is(films, name, State::Failed) && films[name].reason == again;
        is_back("a.avi") && is_back("b.mp4") && !films.contains_key("a.mp4")
    };
    once(&node, back).await;
    // Also not by another rule; and a moved one is the same film.
    set(&node, vec![watched(&root, vec![in_place(6)])]).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    once(&node, back).await;
    assert_eq!(
        [&other_ending, &same_ending].map(|path| fs::read(path).unwrap()),
        originals
    );
    assert_eq!(
        node.status().await.unwrap().jobs.len(),
        2,
        "nothing was begun"
    );
    // Unless that is asked for.
    let asked = films_of(&node, "b.mp4").await;
    assert_eq!(node.library_retry(asked, false).await.unwrap(), 1);
    once(&node, |films| is(films, "b.mp4", State::Done)).await;
    node.stop().await;
}

async fn films_of(node: &Node, name: &str) -> Vec<i64> {
    vec![films(node).await[name].id]
}

#[tokio::test(flavor = "multi_thread")]
async fn films_that_wait_outlive_their_disk_being_away() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("films");
    film(&root.join("a.mkv"), &FAT);
    film(&root.join("b.mkv"), &FAT);
    let node = node(home.path()).await;
    let folder = |off| Folder {
        off,
        ..watched(&root, vec![rule("All")])
    };
    let wait = |films: &BTreeMap<String, Film>| {
        let waits = |name: &str| is(films, name, State::Waiting) && films[name].rule.is_some();
        waits("a.mkv") && waits("b.mkv")
    };
    set(&node, vec![folder(true)]).await;
    once(&node, wait).await;
    let away = home.path().join("away");
    fs::rename(&root, &away).unwrap();
    fs::create_dir(&root).unwrap();
    set(&node, vec![folder(false)]).await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert!(wait(&films(&node).await), "{:?}", films(&node).await);
    fs::remove_dir(&root).unwrap();
    fs::rename(&away, &root).unwrap();
    once(&node, |films| {
        is(films, "a.mkv", State::Done) && is(films, "b.mkv", State::Done)
    })
    .await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_film_that_changes_in_work_ends_its_job_at_once() {
    let home = tempfile::tempdir().unwrap();
    let (root, other) = (home.path().join("films"), home.path().join("other.mkv"));
    film_of(60, &root.join("a.mkv"), &FAT);
    film(&other, &FAT);
    let node = node(home.path()).await;
    set(&node, vec![watched(&root, vec![rule("All")])]).await;
    let films = once(&node, |films| is(films, "a.mkv", State::InWork)).await;
    // Nobody encodes it, and so nobody stumbles over it.
    let job = job(&films, "a.mkv");
    node.steer(job, engine::node::Steer::Pause).await.unwrap();
    fs::copy(&other, root.join("a.mkv")).unwrap();
    let bytes = other.metadata().unwrap().len();
    let films = once(&node, |films| is(films, "a.mkv", State::Done)).await;
    assert_eq!(films["a.mkv"].bytes, bytes);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_seemed_to_be_no_film_is_looked_into_again_when_asked() {
    let home = tempfile::tempdir().unwrap();
    let (root, whole) = (home.path().join("films"), home.path().join("whole.mkv"));
    fs::create_dir(&root).unwrap();
    film(&whole, &RIGHT);
    let bytes = fs::read(&whole).unwrap();
    let path = root.join("a.mkv");
    let long_ago = std::time::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    // As a disk that cannot be read well for a while.
    let write = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        fs::File::open(&path)
            .unwrap()
            .set_modified(long_ago)
            .unwrap();
    };
    write(&vec![7; bytes.len()]);
    let node = node(home.path()).await;
    let folder = Folder {
        on_change: false,
        ..watched(&root, vec![rule("All")])
    };
    set(&node, vec![folder]).await;
    let says = |films: &BTreeMap<String, Film>, part: &str| {
        is(films, "a.mkv", State::Left) && films["a.mkv"].reason.contains(part)
    };
    once(&node, |films| says(films, "is not a video")).await;
    write(&bytes);
    node.library_scan(None).await.unwrap();
    once(&node, |films| says(films, "it is h264 already")).await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_by_hand_comes_before_what_the_library_gives() {
    let home = tempfile::tempdir().unwrap();
    let node = node(home.path()).await;
    let give = async |name: &str, yields| {
        let path = home.path().join(name);
        film(&path, &FAT);
        let terms = engine::status::Terms {
            yields,
            // So that all of them stay in the queue.
            wait_for: 3,
            ..Default::default()
        };
        node.submit(path, Choice::default(), terms).await.unwrap()
    };
    let (first, second) = (give("1.mkv", true).await, give("2.mkv", true).await);
    let (mine, other) = (give("3.mkv", false).await, give("4.mkv", false).await);
    let mut jobs = node.status().await.unwrap().jobs;
    jobs.sort_by_key(|job| job.place);
    let order: Vec<_> = jobs.iter().map(|job| job.id).collect();
    assert_eq!(order, [mine, other, first, second]);
    node.stop().await;
}
