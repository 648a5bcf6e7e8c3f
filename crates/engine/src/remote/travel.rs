//! A film on its way there, and its result on its way back.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use peer::{BlobId, FileSource, FilmId, FilmWord, Message, Received, RefusalCode, TransferError};
use tokio::io::{AsyncRead, ReadBuf};

use super::decide::{Fault, Made};
use super::words;
use crate::intake::{self, Dropped};

/// Left free on the disk when a result is brought, bytes.
const LEFT_FREE: u64 = 256 << 20;
/// What may be read of a film and not have come across, bytes.
const IN_FLIGHT: u64 = 4 << 20;
/// After a request for a result that was too early the word of it is given so much more time.
const AHEAD: Duration = Duration::from_millis(500);
/// So much at most.
const MOST_AHEAD: Duration = Duration::from_secs(4);

/// Why a film is not known to be what its job began with.
#[derive(Debug)]
pub(crate) enum NotSame {
    /// It is another one.
    Changed,
    /// It cannot be looked at now, and why: its drive may not answer.
    Unread(String),
}

impl From<NotSame> for Fault {
    fn from(why: NotSame) -> Self {
        match why {
            NotSame::Changed => Self::Changed,
            NotSame::Unread(why) => Self::Unread { why, moved: false },
        }
    }
}

/// Whether the film is still what its job began with.
pub(crate) async fn is_same(
    store: &store::Store,
    row: i64,
    source: &Dropped,
) -> Result<(), NotSame> {
    let known = store
        .call(move |tables| tables.job(row))
        .await
        .ok()
        .flatten();
    let path = source.path.clone();
    let same = tokio::task::spawn_blocking(move || {
        let unread = |why: String| NotSame::Unread(why.trim_end_matches('.').to_owned());
        let now = intake::look(&path).map_err(|trouble| unread(trouble.message))?;
        let known = known.ok_or_else(|| unread("its job is not known any more".to_owned()))?;
        let sampled = intake::sample(&path).map_err(|e| unread(e.to_string()))?;
        let same = now.bytes == known.source_bytes
            && now.modified_ms == known.source_modified
            && known.source_sample.is_none_or(|sample| sample == sampled);
        same.then_some(()).ok_or(NotSame::Changed)
    });
    same.await.map_err(|e| NotSame::Unread(e.to_string()))?
}

/// Why a film was not sent of which so many bytes were read; `furthest`: the most of any attempt at what is there of it.
pub(super) fn not_sent(error: &TransferError, read: u64, furthest: &AtomicU64) -> Fault {
    let moved = came_further(read, furthest);
    match error {
        TransferError::Source(error) => {
            let why = error.to_string();
            Fault::Unread { why, moved }
        }
        TransferError::TooLong { .. } => Fault::Changed,
        TransferError::LinkClosed => Fault::Link,
        TransferError::Mismatch => {
            // What had come of it was thrown away there.
            furthest.store(0, Ordering::Relaxed);
            Fault::Mismatch
        }
        _ => Fault::Broke { moved },
    }
}

/// Whether a transfer that has read so many bytes of a film came further than any before.
fn came_further(read: u64, furthest: &AtomicU64) -> bool {
    let before = furthest.fetch_max(read, Ordering::Relaxed);
    read > before.saturating_add(IN_FLIGHT)
}

/// Whether the owner was asked for a result before it had heard that it may give it: the request and the word take
/// different ways.
fn is_early(error: &TransferError) -> bool {
    let code = match error {
        TransferError::Refused(code) => *code,
        _ => return false,
    };
    matches!(code, RefusalCode::NotDonating | RefusalCode::NotAllowed)
}

/// The result into `file`, exactly as its owner has described it.
pub(super) async fn bring(
    link: &peer::Link,
    film: FilmId,
    made: Made,
    file: &Path,
) -> Result<(), Fault> {
    let here = file.metadata().map_or(0, |about| about.len());
    let need = made.bytes.saturating_sub(here).saturating_add(LEFT_FREE);
    let folder = file.parent().unwrap_or(file);
    let free = fs4::available_space(folder).unwrap_or(u64::MAX);
    if free < need {
        let words = words::no_room(folder, free, need);
        return Err(Fault::Store(words));
    }
    match pull(link, film, made, file).await {
        Ok(received) if received.bytes == made.bytes && received.digest == made.digest => Ok(()),
        Ok(_) | Err(TransferError::Mismatch | TransferError::TooLong { .. }) => {
            // It was none of what was wanted; not there is as good as removed.
            let _ = std::fs::remove_file(file);
            Err(Fault::Mismatch)
        }
        Err(TransferError::Store(error)) => Err(Fault::Store(error.to_string())),
        Err(TransferError::LinkClosed) => Err(Fault::Link),
        Err(_) => {
            let now = file.metadata().map_or(0, |about| about.len());
            Err(Fault::Broke { moved: now > here })
        }
    }
}

/// Asks for the result, and takes it; again with another name where that was too early.
async fn pull(
    link: &peer::Link,
    film: FilmId,
    made: Made,
    file: &Path,
) -> Result<Received, TransferError> {
    let mut ahead = Duration::ZERO;
    loop {
        let result = BlobId::random();
        let opened = link.opened(result);
        let says = FilmWord::Take { result };
        link.tell(Message::Film { film, says });
        tokio::time::sleep(ahead).await;
        let pulled = link.pull(result, made.bytes, file).await;
        drop(opened);
        match pulled {
            Err(error) if is_early(&error) && ahead < MOST_AHEAD => ahead += AHEAD,
            pulled => return pulled,
        }
    }
}

/// A file, and how much of it has been read for sending.
pub(super) struct Counted {
    pub file: FileSource,
    pub read: Arc<AtomicU64>,
}

impl peer::Source for Counted {
    fn open(
        &self,
    ) -> futures_util::future::BoxFuture<'_, io::Result<Box<dyn AsyncRead + Send + Unpin>>> {
        Box::pin(async {
            self.read.store(0, Ordering::Relaxed);
            let reader: Box<dyn AsyncRead + Send + Unpin> = Box::new(Reading {
                inner: self.file.open().await?,
                read: Arc::clone(&self.read),
            });
            Ok(reader)
        })
    }
}

struct Reading {
    inner: Box<dyn AsyncRead + Send + Unpin>,
    read: Arc<AtomicU64>,
}

impl AsyncRead for Reading {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(cx, buf);
        let more = buf.filled().len() - before;
        self.read.fetch_add(more as u64, Ordering::Relaxed);
        polled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_breaks_between_two_that_are_connected_counts() {
        let furthest = AtomicU64::new(0);
        let after = |error: &TransferError, read| not_sent(error, read, &furthest);
        assert_eq!(after(&TransferError::LinkClosed, 0), Fault::Link);
        let broke = TransferError::GaveUp {
            failures: 6,
            last: String::new(),
        };
        assert_eq!(after(&broke, 64 << 20), Fault::Broke { moved: true });
        let stalled = after(&TransferError::Stalled, 64 << 20);
        assert_eq!(stalled, Fault::Broke { moved: false });
        let away = TransferError::Source(io::ErrorKind::NotFound.into());
        assert!(matches!(after(&away, 0), Fault::Unread { .. }));
        let longer = TransferError::TooLong { ceiling: 1 };
        assert_eq!(after(&longer, 0), Fault::Changed);
    }

    #[test]
    fn what_was_thrown_away_there_comes_across_anew() {
        let furthest = AtomicU64::new(64 << 20);
        let broke = |read| not_sent(&TransferError::Stalled, read, &furthest);
        assert_eq!(broke(32 << 20), Fault::Broke { moved: false });
        let worthless = not_sent(&TransferError::Mismatch, 64 << 20, &furthest);
        assert_eq!(worthless, Fault::Mismatch);
        assert_eq!(broke(32 << 20), Fault::Broke { moved: true });
    }

    #[tokio::test]
    async fn a_film_that_does_not_answer_is_not_another_one() {
        let folder = tempfile::tempdir().unwrap();
        let store = store::Store::open(folder.path()).unwrap();
        let film = folder.path().join("film.mkv");
        std::fs::write(&film, "the film").unwrap();
        let source = intake::look(&film).unwrap();
        let job = store::NewJob {
            source: film.clone(),
            source_sample: intake::sample(&film).unwrap(),
            source_bytes: source.bytes,
            source_modified: source.modified_ms,
            choice: serde_json::Value::Null,
            created: 1,
        };
        let row = store.call(move |tables| tables.add_job(&job));
        let row = row.await.unwrap();
        is_same(&store, row, &source).await.unwrap();
        let away = folder.path().join("away");
        std::fs::rename(&film, &away).unwrap();
        let why = is_same(&store, row, &source).await.unwrap_err();
        assert!(matches!(why, NotSame::Unread(_)), "{why:?}");
        std::fs::rename(&away, &film).unwrap();
        is_same(&store, row, &source).await.unwrap();
        std::fs::write(&film, "another film").unwrap();
        let why = is_same(&store, row, &source).await.unwrap_err();
        assert!(matches!(why, NotSame::Changed), "{why:?}");
    }

    #[test]
    fn what_is_only_read_has_not_come_across() {
        let furthest = AtomicU64::new(0);
        assert!(!came_further(1 << 20, &furthest));
        assert!(came_further(64 << 20, &furthest));
        assert!(!came_further(65 << 20, &furthest), "the same place again");
        assert!(!came_further(1 << 20, &furthest));
        assert!(came_further(80 << 20, &furthest));
    }

    #[test]
    fn a_request_that_overtook_its_word_is_made_again() {
        assert!(is_early(&TransferError::Refused(RefusalCode::NotDonating)));
        assert!(is_early(&TransferError::Refused(RefusalCode::NotAllowed)));
        assert!(!is_early(&TransferError::Refused(RefusalCode::CannotStore)));
        assert!(!is_early(&TransferError::LinkClosed));
    }
}
