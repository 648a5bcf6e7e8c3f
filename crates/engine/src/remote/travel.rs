//! A film on its way there, and its result on its way back.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use peer::{BlobId, FileSource, TransferError};
use tokio::io::{AsyncRead, ReadBuf};

use super::decide::{Fault, Made};
use super::words;
use crate::intake::{self, Dropped};

/// Left free on the disk when a result is brought, bytes.
const LEFT_FREE: u64 = 256 << 20;

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

pub(super) fn not_sent(error: &TransferError) -> Fault {
    match error {
        TransferError::Source(error) => Fault::Source(error.to_string()),
        TransferError::TooLong { .. } => Fault::Source(String::new()),
        _ => Fault::Link,
    }
}

/// The result into `file`, exactly as its owner has described it.
pub(super) async fn bring(
    link: &peer::Link,
    blob: BlobId,
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
    match link.pull(blob, made.bytes, file).await {
        Ok(received) if received.bytes == made.bytes && received.digest == made.digest => Ok(()),
        Ok(_) | Err(TransferError::Mismatch | TransferError::TooLong { .. }) => {
            // It was none of what was wanted; not there is as good as removed.
            let _ = std::fs::remove_file(file);
            Err(Fault::Mismatch)
        }
        Err(TransferError::Store(error)) => Err(Fault::Store(error.to_string())),
        Err(_) => Err(Fault::Link),
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
