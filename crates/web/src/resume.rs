//! Uploads that go on after an interruption.
//!
//! The page gives such an upload a key of its own making. What has arrived under a key stays until its job is
//! forgotten, the page forgets it, or, where no job has it, nothing has come of it for a day or the page is served anew.
//! One request at a time writes: a later one ends an earlier one first, so that a connection that only seems to be alive
//! never writes between the bytes of the next.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use api::Api;
use axum::Json;
use axum::extract::{Path as Segment, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Serialize;
use tokio::sync::OwnedMutexGuard;
use tokio_util::sync::CancellationToken;

use crate::Shared;
use crate::refusal::{Refusal, refuse};
use crate::uploads::Uploads;

/// An upload's key: 32 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(String);

/// What a request says of the upload that it begins or goes on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Which upload.
    pub key: Key,
    /// Bytes that were there before.
    pub from: u64,
    /// Bytes of the whole file.
    pub size: u64,
}

/// Who writes under which key. A key under which nobody writes, or waits to, is not in it.
#[derive(Clone, Default)]
pub struct Writers(Arc<Mutex<BTreeMap<Key, Writer>>>);

#[derive(Default)]
struct Writer {
    turn: Arc<tokio::sync::Mutex<()>>,
    end: CancellationToken,
}

/// The right to write under a key, until it is dropped.
pub struct Turn {
    /// Somebody else wants it: stop.
    pub end: CancellationToken,
    // Given up in this order: whoever leaves the place sees whether there is another.
    _guard: OwnedMutexGuard<()>,
    _place: Place,
}

/// A place among those who write under a key or wait for that. The last to leave takes the key along.
struct Place {
    writers: Writers,
    key: Key,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut writers = self.writers.lock();
        // Others have theirs by the same lock.
        let is_last = |writer: &Writer| Arc::strong_count(&writer.turn) == 1;
        if writers.get(&self.key).is_some_and(is_last) {
            writers.remove(&self.key);
        }
    }
}

/// How much of an upload is there.
#[derive(Serialize)]
pub struct There {
    bytes: u64,
}

impl Key {
    /// `None` if it is not 32 hexadecimal digits: it becomes the name of a folder.
    pub fn new(text: &str) -> Option<Self> {
        let fits = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        fits.then(|| Self(text.to_owned()))
    }

    /// A new one.
    pub fn random() -> Self {
        Self(format!("{:032x}", rand::random::<u128>()))
    }

    /// The folder's name.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl Part {
    /// What the headers say; `None` for an upload that is sent in one piece.
    ///
    /// # Errors
    /// Only some of the headers are there, or they make no sense.
    pub fn read(headers: &HeaderMap) -> Result<Option<Self>, Refusal> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let Some(key) = text("x-upload") else {
            return Ok(None);
        };
        let number = |name: &str| text(name)?.parse::<u64>().ok();
        let part = (|| {
            Some(Self {
                key: Key::new(key)?,
                from: number("x-upload-from")?,
                size: number("x-upload-size")?,
            })
        })();
        part.filter(|part| part.from <= part.size)
            .map(Some)
            .ok_or_else(|| refuse(StatusCode::BAD_REQUEST, "This is not a part of an upload."))
    }
}

impl Writers {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, Writer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends whoever writes under this key, and takes their turn.
    pub async fn turn(&self, key: &Key) -> Turn {
        // Who waits for it no more leaves, too.
        let place = Place {
            writers: self.clone(),
            key: key.clone(),
        };
        let (turn, end) = {
            let mut writers = self.lock();
            let writer = writers.entry(key.clone()).or_default();
            writer.end.cancel();
            writer.end = CancellationToken::new();
            (writer.turn.clone(), writer.end.clone())
        };
        Turn {
            end,
            _guard: turn.lock_owned().await,
            _place: place,
        }
    }

    /// Ends whoever writes under this key.
    pub fn end(&self, key: &Key) {
        if let Some(writer) = self.lock().get(key) {
            writer.end.cancel();
        }
    }

    /// Whether somebody writes under this key just now.
    pub fn is_writing(&self, key: &Key) -> bool {
        let writers = self.lock();
        let writer = writers.get(key);
        writer.is_some_and(|writer| writer.turn.try_lock().is_err())
    }
}

/// `GET /api/upload/{key}`: how much is there, after ending whoever still writes.
pub async fn tell(
    State(shared): State<Shared>,
    Segment(key): Segment<String>,
) -> Result<Json<There>, Refusal> {
    let key = known(&key)?;
    let _turn = shared.uploads.writers.turn(&key).await;
    let file = file_in(shared.uploads.folder().join(key.name())).await;
    let bytes = match file {
        Some(file) => tokio::fs::metadata(file)
            .await
            .map_or(0, |about| about.len()),
        None => 0,
    };
    Ok(Json(There { bytes }))
}

/// Bytes that have arrived of an upload whose plain name is known. Beside it may lie what a job has made of it.
pub async fn there(uploads: &Uploads, key: &Key, name: &str) -> u64 {
    let file = uploads.folder().join(key.name()).join(name);
    let about = tokio::fs::metadata(file).await;
    about.map_or(0, |about| about.len())
}

/// `DELETE /api/upload/{key}`: what has arrived is removed.
pub async fn forget(
    State(shared): State<Shared>,
    Segment(key): Segment<String>,
) -> Result<StatusCode, Refusal> {
    remove(&shared.uploads, &shared.api, &known(&key)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes what has arrived of an upload, unless a job uses it.
pub async fn remove(uploads: &Uploads, api: &Api, key: &Key) -> Result<(), Refusal> {
    let _turn = uploads.writers.turn(key).await;
    let home = uploads.folder().join(key.name());
    if uploads.is_used(api, &home).await? {
        return Err(refuse(StatusCode::CONFLICT, "A job uses this file."));
    }
    uploads.remove(&home).await;
    Ok(())
}

fn known(key: &str) -> Result<Key, Refusal> {
    Key::new(key).ok_or_else(|| refuse(StatusCode::NOT_FOUND, "There is no such upload."))
}

/// The one file of an upload's folder: the page asks only for what it has not submitted yet.
async fn file_in(folder: PathBuf) -> Option<PathBuf> {
    let mut entries = tokio::fs::read_dir(folder).await.ok()?;
    Some(entries.next_entry().await.ok()??.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_name_of_a_folder_and_no_more() {
        assert!(Key::new(&"0a".repeat(16)).is_some());
        for wrong in ["", "..", &"A".repeat(32), &"0".repeat(31), &"/".repeat(32)] {
            assert_eq!(Key::new(wrong), None, "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_later_request_ends_an_earlier_one_and_waits_for_it() {
        let writers = Arc::new(Writers::default());
        let key = Key::new(&"0".repeat(32)).unwrap();
        assert!(!writers.is_writing(&key));
        let first = writers.turn(&key).await;
        assert!(!first.end.is_cancelled() && writers.is_writing(&key));
        let later = tokio::spawn({
            let (writers, key) = (writers.clone(), key.clone());
            async move { writers.turn(&key).await }
        });
        first.end.cancelled().await;
        assert!(!later.is_finished());
        drop(first);
        assert!(!later.await.unwrap().end.is_cancelled());
    }

    #[tokio::test]
    async fn a_key_is_known_only_while_somebody_writes_or_waits() {
        let writers = Writers::default();
        let key = Key::random();
        // As whoever asks how far an upload is that there never was.
        drop(writers.turn(&Key::random()).await);
        assert!(writers.lock().is_empty());
        let first = writers.turn(&key).await;
        let wait = std::time::Duration::from_millis(1);
        let later = tokio::time::timeout(wait, writers.turn(&key)).await;
        assert!(later.is_err() && first.end.is_cancelled());
        assert!(writers.is_writing(&key));
        drop(first);
        assert!(writers.lock().is_empty() && !writers.is_writing(&key));
    }
}
