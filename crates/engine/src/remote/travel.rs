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

/// Whether the film is still what its job began with; why not, in a sentence.
pub(crate) async fn is_same(
    store: &store::Store,
    row: i64,
    source: &Dropped,
) -> Result<(), String> {
    let known = store
        .call(move |tables| tables.job(row))
        .await
        .ok()
        .flatten();
    let path = source.path.clone();
    let same = tokio::task::spawn_blocking(move || {
        let now = intake::look(&path).map_err(|trouble| trouble.message)?;
        let known = known.ok_or("its job is not known any more")?;
        let sampled = intake::sample(&path).map_err(|e| e.to_string())?;
        let same = now.bytes == known.source_bytes
            && now.modified_ms == known.source_modified
            && known.source_sample.is_none_or(|sample| sample == sampled);
        same.then_some(()).ok_or(String::new())
    });
    same.await.map_err(|e| e.to_string())?
}

/// Why a film was not sent; `moved`: some of it came across.
pub(super) fn not_sent(error: &TransferError, moved: bool) -> Fault {
    match error {
        TransferError::Source(error) => Fault::Source(error.to_string()),
        TransferError::TooLong { .. } => Fault::Source(String::new()),
        TransferError::LinkClosed => Fault::Link,
        TransferError::Mismatch => Fault::Mismatch,
        _ => Fault::Broke { moved },
    }
}

/// Whether a transfer that has read so many bytes of a film came further than any before.
pub(super) fn came_further(read: u64, furthest: &AtomicU64) -> bool {
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
        assert_eq!(not_sent(&TransferError::LinkClosed, false), Fault::Link);
        let broke = TransferError::GaveUp {
            failures: 6,
            last: String::new(),
        };
        assert_eq!(not_sent(&broke, true), Fault::Broke { moved: true });
        let stalled = not_sent(&TransferError::Stalled, false);
        assert_eq!(stalled, Fault::Broke { moved: false });
        let gone = TransferError::Source(io::ErrorKind::NotFound.into());
        assert!(matches!(not_sent(&gone, true), Fault::Source(_)));
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
