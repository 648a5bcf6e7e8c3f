//! A library of a hundred thousand films: looked through with what is in them known, in bounded memory.

#![expect(
    clippy::unwrap_used,
    reason = "a test makes its own files and may fail anywhere"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use engine::librarian::{Filter, Folder, Library, Rule, State};
use engine::node::{Node, NodeConfig};
use engine::status::Settings;
use store::{FileFacts, Store};

/// Films, and the most of this process's memory while they are looked through, kB.
const FILMS: usize = 100_000;
const MOST_KB: u64 = 200_000;

/// Makes the files: a thousand folders with a hundred files of one byte each.
fn files(root: &Path) -> Vec<PathBuf> {
    let mut all = Vec::with_capacity(FILMS);
    for folder in 0..FILMS / 100 {
        let folder = root.join(format!("series {folder}"));
        fs::create_dir_all(&folder).unwrap();
        for film in 0..100 {
            let path = folder.join(format!(
                "An episode with a name as long as they are {film}.mkv"
            ));
            fs::write(&path, "x").unwrap();
            all.push(path);
        }
    }
    all
}

/// Writes down that all of them are HEVC, as if they had been looked into.
async fn known(data: &Path, films: Vec<PathBuf>) {
    let store = Store::open(data).unwrap();
    for batch in films.chunks(5000) {
        let batch = batch.to_vec();
        let put = store.call(move |tables| {
            batch.iter().try_for_each(|path| {
                let about = path.metadata().unwrap();
                let since = about.modified().unwrap().duration_since(std::time::UNIX_EPOCH).unwrap();
                tables.put_facts(&FileFacts {
                    path: path.clone(),
                    bytes: about.len(),
                    modified: i64::try_from(since.as_millis()).unwrap(),
                    facts: Ok(serde_json::json!({"codec": "hevc", "width": 1920, "height": 1080, "length_ms": 2_400_000})),
                })
            })
        });
        put.await.unwrap();
    }
}

/// A figure of this process as Linux has it, kB.
fn status_kb(name: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Waits until a scan that began after `since` has ended; how long that took.
async fn scanned(node: &Node, since: Option<i64>) -> (Duration, Option<i64>) {
    let begun = Instant::now();
    loop {
        let folders = node.library().await.unwrap().folders;
        let at = folders.first().and_then(|folder| folder.health.scanned_ms);
        if at.is_some() && at != since {
            return (begun.elapsed(), at);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_films_are_looked_through() {
    let home = tempfile::tempdir().unwrap();
    let (root, data) = (home.path().join("films"), home.path().join("data"));
    known(&data, files(&root)).await;
    let config = NodeConfig {
        data_dir: data,
        name: Some("shelf".into()),
        listen: None,
        mdns: false,
        network: false,
        donate: None,
        peers: Vec::new(),
        stays: true,
        workers: Some(1),
        settings: engine::config::Sources::default(),
    };
    let node = Node::start(config).await.unwrap();
    let folder = Folder {
        path: root.clone(),
        // The system's limit of watches is not what is looked at here.
        on_change: false,
        rules: vec![Rule {
            name: "All".into(),
            ..Rule::default()
        }],
        ..Folder::default()
    };
    let library = Library {
        folders: vec![folder],
        ..Library::default()
    };
    let before = node.settings().await.unwrap();
    node.set_settings(Settings { library, ..before })
        .await
        .unwrap();
    let (first, at) = scanned(&node, None).await;
    node.library_scan(None).await.unwrap();
    let (again, _) = scanned(&node, at).await;
    let left = Filter {
        state: Some(State::Left),
        ..Filter::default()
    };
    let begun = Instant::now();
    let (total, page) = node.library_files(left, 99_900, 100).await.unwrap();
    let paging = begun.elapsed();
    assert_eq!((total, page.len()), (100_000, 100));
    assert!(
        page[0].reason.contains("it is hevc already"),
        "{:?}",
        page[0]
    );
    let most = status_kb("VmHWM");
    println!(
        "first scan {first:?}, again {again:?}, the last page {paging:?}, at most {most:?} kB"
    );
    assert!(most.is_none_or(|kb| kb < MOST_KB), "{most:?} kB");
    node.stop().await;
}
