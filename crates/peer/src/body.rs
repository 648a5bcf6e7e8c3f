//! A blob's bytes on the wire: the whole content, then the 32 bytes of its BLAKE3.
//!
//! The length is not known before, so the body is chunked and the hash comes last. Who resumes
//! asks to begin at an offset; the sender produces the content again from its start, hashes all of
//! it and sends the rest. The receiver hashes what it holds, then what arrives: the digest always
//! covers the whole content, whichever pieces it came in.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use futures_util::{Stream, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::identity::private_file;
use crate::ids::Digest;
use crate::link::Traffic;

/// Block size for reading, sending and writing: the fastest measured.
const BLOCK: usize = 256 << 10;

/// Blocks in flight between the two sides of a pump.
const IN_FLIGHT: usize = 4;

/// The digest behind the content.
const TRAILER: usize = 32;

/// How long one block may take before a transfer counts as broken.
pub(crate) const BLOCK_PATIENCE: Duration = Duration::from_secs(30);

/// Bytes a second that any disk reads: what was across before is read again by both sides before the first block.
const READ_AGAIN: u64 = 20_000_000;

/// How long the first block of a transfer may take that goes on at byte `from`.
fn first_patience(from: u64) -> Duration {
    BLOCK_PATIENCE + Duration::from_secs(from / READ_AGAIN)
}

/// Content that can be produced more than once, the same every time.
pub trait Source: Send + Sync {
    /// Begins at the content's first byte. May be called again after a broken transfer, and the
    /// reader of an earlier call may be dropped half read.
    fn open(&self) -> BoxFuture<'_, io::Result<Box<dyn AsyncRead + Send + Unpin>>>;
}

/// A file as a [`Source`].
#[derive(Clone, Debug)]
pub struct FileSource(pub std::path::PathBuf);

impl Source for FileSource {
    fn open(&self) -> BoxFuture<'_, io::Result<Box<dyn AsyncRead + Send + Unpin>>> {
        Box::pin(async {
            let mut file = tokio::fs::File::open(&self.0).await?;
            file.set_max_buf_size(BLOCK);
            let reader: Box<dyn AsyncRead + Send + Unpin> = Box::new(file);
            Ok(reader)
        })
    }
}

/// What went out: the whole content, also of a transfer that was resumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Length of the content.
    pub bytes: u64,
    /// Of the content.
    pub digest: Digest,
}

/// What came in, checked against its digest and on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// Length of the content.
    pub bytes: u64,
    /// Of the content.
    pub digest: Digest,
}

/// Why a body was not sent to its end.
#[derive(Debug)]
pub(crate) enum FeedError {
    /// The source failed.
    Source(io::Error),
    /// It has more bytes than announced.
    TooLong,
    /// Nobody takes them any more.
    Cut,
    /// Nobody took any for [`BLOCK_PATIENCE`].
    Stalled,
}

enum Piece {
    Data(Bytes),
    End,
}

/// The writing end of an outgoing [`Body`].
pub(crate) struct Feeder(mpsc::Sender<Piece>);

/// An outgoing body. It ends in an error unless the feeder came to the end, so that a body that
/// was cut short can never look like a whole one.
pub(crate) struct Body {
    pieces: mpsc::Receiver<Piece>,
    ended: bool,
}

pub(crate) fn pump() -> (Feeder, Body) {
    let (feeder, pieces) = mpsc::channel(IN_FLIGHT);
    (
        Feeder(feeder),
        Body {
            pieces,
            ended: false,
        },
    )
}

impl Stream for Body {
    type Item = io::Result<Bytes>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Bytes>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let piece = std::task::ready!(self.pieces.poll_recv(cx));
        Poll::Ready(match piece {
            Some(Piece::Data(bytes)) => Some(Ok(bytes)),
            Some(Piece::End) => {
                self.ended = true;
                None
            }
            None => {
                self.ended = true;
                Some(Err(io::Error::other("the sender gave up")))
            }
        })
    }
}

impl Feeder {
    /// Sends `source` from byte `from` on, and then the digest of all of it, as fast as `traffic` allows. `moved` is
    /// told of every block.
    pub(crate) async fn feed(
        self,
        source: &dyn Source,
        from: u64,
        ceiling: u64,
        traffic: &Traffic,
        moved: impl Fn() + Send,
    ) -> Result<Sent, FeedError> {
        let mut reader = source.open().await.map_err(FeedError::Source)?;
        let (mut hasher, mut total) = (blake3::Hasher::new(), 0u64);
        // The other side may be at what it holds for as long.
        let patience = first_patience(from);
        loop {
            let block = read_block(&mut reader).await.map_err(FeedError::Source)?;
            if block.is_empty() {
                break;
            }
            hasher.update(&block);
            let begins = total;
            total += block.len() as u64;
            if total > ceiling {
                return Err(FeedError::TooLong);
            }
            let skipped = usize::try_from(from.saturating_sub(begins))
                .unwrap_or(usize::MAX)
                .min(block.len());
            moved();
            if skipped < block.len() {
                traffic.send(block.len() - skipped).await;
                self.give(Piece::Data(block.slice(skipped..)), patience)
                    .await?;
            }
        }
        let digest = Digest::from(hasher.finalize());
        self.give(Piece::Data(Bytes::copy_from_slice(&digest.0)), patience)
            .await?;
        self.give(Piece::End, patience).await?;
        Ok(Sent {
            bytes: total,
            digest,
        })
    }

    async fn give(&self, piece: Piece, patience: Duration) -> Result<(), FeedError> {
        match timeout(patience, self.0.send(piece)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(FeedError::Cut),
            Err(_) => Err(FeedError::Stalled),
        }
    }
}

/// A full block, or less at the end, or nothing after it.
async fn read_block(reader: &mut (dyn AsyncRead + Send + Unpin)) -> io::Result<Bytes> {
    let mut block = BytesMut::with_capacity(BLOCK);
    while block.len() < BLOCK {
        let room = BLOCK - block.len();
        if (&mut *reader)
            .take(room as u64)
            .read_buf(&mut block)
            .await?
            == 0
        {
            break;
        }
    }
    Ok(block.freeze())
}

/// Why a body was not received to its end.
#[derive(Debug)]
pub(crate) enum ReceiveError {
    /// It broke off; what came is kept.
    Cut(String),
    /// More than the ceiling. What was held is gone.
    TooLong,
    /// The content is not what its digest says. What was held is gone.
    Mismatch,
    /// The disk said no.
    Store(io::Error),
}

/// A blob received so far: open, locked, and hashed up to where it ends.
pub(crate) struct Partial {
    file: File,
    hasher: blake3::Hasher,
    held: u64,
}

impl Partial {
    /// Opens `path`, made if it is not there, and reads what it holds. More than `ceiling` is
    /// somebody's rubbish and is thrown away.
    ///
    /// Waits for an earlier writer of the same file, which may still be at its last block.
    pub(crate) async fn open(path: &Path, ceiling: u64) -> io::Result<Self> {
        let path = path.to_owned();
        spawn_blocking(move || Self::open_now(&path, ceiling))
            .await
            .map_err(io::Error::other)?
    }

    fn open_now(path: &Path, ceiling: u64) -> io::Result<Self> {
        let mut file = private_file(path)?;
        match file.lock() {
            // Some network filesystems cannot lock; there the digest is what keeps us right.
            Err(e) if e.kind() != io::ErrorKind::Unsupported => return Err(e),
            _ => {}
        }
        let (mut hasher, mut held) = (blake3::Hasher::new(), file.metadata()?.len());
        if held > ceiling {
            file.set_len(0)?;
            held = 0;
        }
        let mut block = vec![0; BLOCK];
        let mut hashed = 0;
        while hashed < held {
            let n = file.read(&mut block)?;
            if n == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            hasher.update(&block[..n]);
            hashed += n as u64;
        }
        Ok(Self {
            file,
            hasher,
            held: hashed,
        })
    }

    /// How many bytes of the content are held.
    pub(crate) fn held(&self) -> u64 {
        self.held
    }

    fn discard(&mut self) -> io::Result<()> {
        self.file.set_len(0)
    }
}

enum Block {
    Data(Vec<u8>),
    End,
}

/// Appends `body` to `partial`, to its end, its ceiling or the first thing that goes wrong, as fast as `traffic`
/// allows. `moved` is told of every piece.
pub(crate) async fn receive<E: std::fmt::Display>(
    body: impl Stream<Item = Result<Bytes, E>> + Unpin,
    partial: Partial,
    ceiling: u64,
    traffic: &Traffic,
    moved: impl Fn(),
) -> Result<Received, ReceiveError> {
    let most = (ceiling - partial.held().min(ceiling)).saturating_add(TRAILER as u64);
    let (blocks, writer) = mpsc::channel(IN_FLIGHT);
    let (held, mut body) = (partial.held(), body.fuse());
    let writing = spawn_blocking(move || write(partial, writer));
    let fill = match begin(&mut body, held, &moved).await {
        Ok(first) => {
            let mut whole = futures_util::stream::iter(first).chain(body);
            fill(&mut whole, &blocks, most, traffic, moved).await
        }
        Err(why) => Err(Fill::Cut(why)),
    };
    drop(blocks);
    let written = writing
        .await
        .map_err(|e| ReceiveError::Store(io::Error::other(e)))?;
    match (fill, written) {
        // The writer's own trouble is the cause of a channel that closed on us.
        (_, Err(Written::Failed(error))) => Err(ReceiveError::Store(error)),
        (Err(Fill::TooLong), Err(Written::Cut(mut partial))) => {
            partial.discard().map_err(ReceiveError::Store)?;
            Err(ReceiveError::TooLong)
        }
        (Err(Fill::Cut(why)), _) => Err(ReceiveError::Cut(why)),
        (Err(Fill::TooLong), _) => Err(ReceiveError::TooLong),
        (Ok(()), Err(Written::Mismatch)) => Err(ReceiveError::Mismatch),
        (Ok(()), Err(Written::Cut(_))) => Err(ReceiveError::Cut(
            "it was not written to its end".to_owned(),
        )),
        (Ok(()), Ok(received)) => Ok(received),
    }
}

enum Fill {
    Cut(String),
    TooLong,
}

/// The first piece of a body that goes on at byte `held`: its sender reads so much again before it.
async fn begin<E: std::fmt::Display>(
    body: &mut (impl Stream<Item = Result<Bytes, E>> + Unpin),
    held: u64,
    moved: &impl Fn(),
) -> Result<Option<Result<Bytes, E>>, String> {
    let mut left = first_patience(held);
    loop {
        let slice = left.min(BLOCK_PATIENCE);
        if let Ok(first) = timeout(slice, body.next()).await {
            return Ok(first);
        }
        left -= slice;
        if left.is_zero() {
            return Err(format!(
                "nothing came for {} seconds",
                first_patience(held).as_secs()
            ));
        }
        // Nothing is wrong yet.
        moved();
    }
}

/// Takes the body's pieces together into blocks for the writer.
async fn fill<E: std::fmt::Display>(
    body: &mut (impl Stream<Item = Result<Bytes, E>> + Unpin),
    blocks: &mpsc::Sender<Block>,
    most: u64,
    traffic: &Traffic,
    moved: impl Fn(),
) -> Result<(), Fill> {
    let gone = |_| Fill::Cut("it could not be written".to_owned());
    let (mut block, mut total) = (Vec::with_capacity(BLOCK), 0u64);
    loop {
        let piece = match timeout(BLOCK_PATIENCE, body.next()).await {
            Ok(Some(Ok(piece))) => piece,
            Ok(None) => break,
            failed => {
                let why = match failed {
                    Ok(Some(Err(e))) => e.to_string(),
                    _ => format!("nothing came for {} seconds", BLOCK_PATIENCE.as_secs()),
                };
                // What has come so far is worth keeping.
                blocks.send(Block::Data(block)).await.map_err(gone)?;
                return Err(Fill::Cut(why));
            }
        };
        total += piece.len() as u64;
        moved();
        if total > most {
            return Err(Fill::TooLong);
        }
        traffic.receive(piece.len()).await;
        block.extend_from_slice(&piece);
        if block.len() >= BLOCK {
            let full = std::mem::replace(&mut block, Vec::with_capacity(BLOCK));
            blocks.send(Block::Data(full)).await.map_err(gone)?;
        }
    }
    blocks.send(Block::Data(block)).await.map_err(gone)?;
    blocks.send(Block::End).await.map_err(gone)
}

enum Written {
    Cut(Box<Partial>),
    Mismatch,
    Failed(io::Error),
}

/// Writes blocks as they come, always keeping the last 32 bytes back: they may be the digest.
fn write(mut partial: Partial, mut blocks: mpsc::Receiver<Block>) -> Result<Received, Written> {
    let mut pending: Vec<u8> = Vec::with_capacity(BLOCK + TRAILER);
    while let Some(block) = blocks.blocking_recv() {
        let Block::Data(data) = block else {
            return finish(partial, &pending);
        };
        pending.extend_from_slice(&data);
        let content = pending.len().saturating_sub(TRAILER);
        partial.hasher.update(&pending[..content]);
        partial
            .file
            .write_all(&pending[..content])
            .map_err(Written::Failed)?;
        partial.held += content as u64;
        pending.drain(..content);
    }
    Err(Written::Cut(Box::new(partial)))
}

fn finish(mut partial: Partial, trailer: &[u8]) -> Result<Received, Written> {
    let digest = Digest::from(partial.hasher.finalize());
    if trailer != digest.0 {
        partial.discard().map_err(Written::Failed)?;
        return Err(Written::Mismatch);
    }
    partial.file.sync_data().map_err(Written::Failed)?;
    Ok(Received {
        bytes: partial.held,
        digest,
    })
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::sync::Arc;

    use tokio::time::Instant;

    use super::*;
    use crate::link::Paces;

    /// So many bytes, out of memory.
    struct Content(usize);

    impl Source for Content {
        fn open(&self) -> BoxFuture<'_, io::Result<Box<dyn AsyncRead + Send + Unpin>>> {
            let content: Box<dyn AsyncRead + Send + Unpin> = Box::new(Cursor::new(vec![7; self.0]));
            Box::pin(async { Ok(content) })
        }
    }

    fn limited() -> Traffic {
        let paces = Paces::default();
        paces.out.set(Some(1_000_000));
        paces.home.set(Some(1_000_000));
        Traffic::new(Arc::new(paces))
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_sent_keeps_the_limit_all_the_way() {
        let (feeder, mut body) = pump();
        let begun = Instant::now();
        tokio::spawn(async move {
            let traffic = limited();
            let fed = feeder.feed(&Content(8_000_000), 0, u64::MAX, &traffic, || ());
            fed.await.unwrap();
        });
        let mut total = 0;
        while let Some(piece) = body.next().await {
            total += piece.unwrap().len();
            // At no time more than the limit allows, but for what the first half second is worth.
            let allowed = begun.elapsed().as_secs_f64() * 1e6 + 500_000.0 + 32.0;
            assert!(total as f64 <= allowed, "{total} bytes, {allowed} allowed");
        }
        assert_eq!(total, 8_000_032);
        assert!(begun.elapsed().as_secs_f64() >= 7.0);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_received_keeps_the_limit_too() {
        let (feeder, mut body) = pump();
        tokio::spawn(async move {
            let fast = Traffic::default();
            let fed = feeder.feed(&Content(8_000_000), 0, u64::MAX, &fast, || ());
            fed.await.unwrap();
        });
        let (blocks, mut written) = mpsc::channel(IN_FLIGHT);
        let drain = tokio::spawn(async move { while written.recv().await.is_some() {} });
        let (begun, traffic) = (Instant::now(), limited());
        let filled = fill(&mut body, &blocks, u64::MAX, &traffic, || ()).await;
        assert!(filled.is_ok());
        assert_eq!(traffic.received(), 8_000_032);
        assert!(begun.elapsed().as_secs_f64() >= 7.0);
        drop(blocks);
        drain.await.unwrap();
    }
}
