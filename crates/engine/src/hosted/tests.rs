//! Films of others on a real node: what is kept of them, and what it counts for.

use std::fs::{self, File};
use std::time::SystemTime;

use serde_json::{Value, json};
use store::Store;

use super::*;
use crate::alone;
use crate::node::NodeConfig;

async fn put(data: &Path, notes: &Value) {
    let store = Store::open(data).unwrap();
    let notes = notes.clone();
    let put = store.call(move |tables| tables.set_setting(NOTES, &notes));
    put.await.unwrap();
}

#[tokio::test]
async fn notes_that_cannot_be_read_are_written_back() {
    let folder = tempfile::tempdir().unwrap();
    let unknown = json!([{ "reel": 1 }]);
    put(folder.path(), &unknown).await;
    let load = async || Films::load(&Store::open(folder.path()).unwrap()).await;
    let (films, notice) = load().await.unwrap();
    assert!(films.all.is_empty());
    assert!(notice.unwrap().contains("cannot be read"));
    let key = (PeerId([1; 32]), FilmId([2; 16]));
    let notes = serde_json::to_value(films.notes(key, None)).unwrap();
    assert_eq!(notes, unknown);
    put(folder.path(), &json!("no list at all")).await;
    assert!(load().await.is_err());
}

/// Whether what lies where films do, and no note names, goes.
async fn is_swept(notes: Value) -> bool {
    let home = tempfile::tempdir().unwrap();
    let data = alone::config(home.path()).data_dir;
    put(&data, &notes).await;
    let left = data.join("films").join("left");
    fs::create_dir_all(&left).unwrap();
    let long_ago = SystemTime::now() - Duration::from_secs(3600);
    File::open(&left).unwrap().set_modified(long_ago).unwrap();
    let config = NodeConfig {
        stays: true,
        ..alone::config(home.path())
    };
    let node = Node::start(config).await.unwrap();
    for _ in 0..50 {
        node.status().await.unwrap();
        if !left.exists() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    node.stop().await;
    !left.exists()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_swept_that_an_unread_note_may_speak_of() {
    assert!(is_swept(json!([])).await);
    assert!(!is_swept(json!([{ "reel": 1 }])).await);
}
