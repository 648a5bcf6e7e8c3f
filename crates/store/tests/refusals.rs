//! A folder or database that cannot be used is refused in a sentence, and left as it is.

use std::path::Path;

use serde_json::json;
use store::{NewJob, OpenError, Store};

const DATABASE: &str = "manyhands.sqlite";

#[test]
fn a_folder_in_use_is_refused_until_it_is_free() {
    let folder = tempfile::tempdir().unwrap();
    let first = Store::open(folder.path()).unwrap();
    let error = refused(folder.path());
    assert!(matches!(error, OpenError::InUse(_)), "{error}");
    let clone = first.clone();
    drop(first);
    assert!(
        matches!(refused(folder.path()), OpenError::InUse(_)),
        "a clone still holds it"
    );
    drop(clone);
    Store::open(folder.path()).unwrap();
}

#[test]
fn a_file_that_is_no_database_is_refused_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(DATABASE);
    let text = "this is not a database, whatever its name says. ".repeat(100);
    std::fs::write(&path, &text).unwrap();
    let error = refused(folder.path());
    assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[tokio::test]
async fn a_damaged_database_is_refused_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    for n in 0..200_u32 {
        let job = NewJob {
            source: format!("/films/{n}/{}", "x".repeat(500)).into(),
            source_bytes: 1,
            source_modified: 0,
            source_sample: [7; 32],
            choice: json!(null),
            created: 0,
        };
        store.call(move |t| t.add_job(&job)).await.unwrap();
    }
    drop(store);
    let path = folder.path().join(DATABASE);
    let mut bytes = std::fs::read(&path).unwrap();
    let half = bytes.len() / 2;
    bytes[half..half + 8192].fill(0xa5);
    std::fs::write(&path, &bytes).unwrap();
    let error = refused(folder.path());
    assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
    assert!(error.to_string().contains("nothing was changed"), "{error}");
    assert!(
        std::fs::read(&path).unwrap() == bytes,
        "the file was changed"
    );
}

#[test]
fn a_newer_database_is_refused_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    drop(Store::open(folder.path()).unwrap());
    let path = folder.path().join(DATABASE);
    let newer = rusqlite::Connection::open(&path).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    let before = std::fs::read(&path).unwrap();
    let error = refused(folder.path());
    assert!(matches!(error, OpenError::Newer(_)), "{error}");
    assert!(
        std::fs::read(&path).unwrap() == before,
        "the file was changed"
    );
}

#[test]
fn a_database_locked_by_another_program_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(Store::open(folder.path()).unwrap());
    let path = folder.path().join(DATABASE);
    let other = rusqlite::Connection::open(&path).unwrap();
    other
        .pragma_update(None, "locking_mode", "EXCLUSIVE")
        .unwrap();
    other
        .execute_batch("BEGIN IMMEDIATE; UPDATE jobs SET restarts = 0; COMMIT")
        .unwrap();
    let error = refused(folder.path());
    assert!(matches!(error, OpenError::InUse(_)), "{error}");
}

fn refused(folder: &Path) -> OpenError {
    match Store::open(folder) {
        Ok(_) => panic!("it opened"),
        Err(error) => error,
    }
}
