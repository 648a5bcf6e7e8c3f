//! The blobs that this node has agreed to give to a peer or to take from it, and the answers to
//! the peer's requests for them.
//!
//! A request for any other blob, or from any other peer, finds nothing. Requests may come a little
//! before the blob is registered here; they wait for it. Of two requests for one blob the newer
//! wins, because the older is what is left of a broken connection. What was received is remembered
//! for a while, for a sender that never saw our answer and asks again.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::body::{
    BLOCK_PATIENCE, Body, FeedError, Partial, ReceiveError, Received, Sent, Source, pump, receive,
};
use crate::ids::{BlobId, Digest, PeerId};
use crate::link::{Traffic, lock};
use crate::proto::RefusalCode;

/// How long a request waits for its blob to be registered.
pub(crate) const REGISTRATION_PATIENCE: Duration = Duration::from_secs(10);

/// How much may be told before anybody listens.
const TOLD: usize = 16;

/// How many received blobs are remembered.
const MAX_DONE: usize = 256;

/// A blob's name: of whom, and which.
pub(crate) type Key = (PeerId, BlobId);

/// What was agreed about a blob.
#[derive(Clone)]
enum Slot {
    Offered(Arc<Offer>),
    Expected(Arc<Expectation>),
    Done(Received),
}

/// Every blob agreed on with anybody.
#[derive(Default)]
pub(crate) struct Blobs {
    table: Mutex<Table>,
    added: Notify,
    /// Of work that peers do for this computer: see [`crate::rights`].
    pub(crate) ours: Mutex<BTreeSet<Key>>,
}

#[derive(Default)]
struct Table {
    slots: BTreeMap<Key, Slot>,
    done: VecDeque<(Key, Received)>,
}

impl Table {
    fn get(&self, key: Key) -> Option<Slot> {
        let done = || {
            self.done
                .iter()
                .find(|(done, _)| *done == key)
                .map(|(_, received)| Slot::Done(*received))
        };
        self.slots.get(&key).cloned().or_else(done)
    }

    fn remember(&mut self, key: Key, received: Received) {
        if self.done.len() == MAX_DONE {
            self.done.pop_front();
        }
        self.done.push_back((key, received));
    }
}

/// Something to give.
struct Offer {
    ceiling: u64,
    source: Arc<dyn Source>,
    traffic: Arc<Traffic>,
    current: Current,
    told: mpsc::Sender<Told>,
}

/// Something to take.
struct Expectation {
    ceiling: u64,
    path: PathBuf,
    traffic: Arc<Traffic>,
    current: Current,
    told: mpsc::Sender<Told>,
}

/// What requests tell the one who registered the blob.
#[derive(Debug)]
pub(crate) enum Told {
    /// Bytes move.
    Alive,
    /// The whole content went out, once.
    Fed(Sent),
    /// The source failed.
    SourceFailed(FeedError),
    /// The peer has it and says so.
    PeerHas(Digest),
    /// The peer will not take it.
    PeerRefused(RefusalCode),
    /// It is here.
    Received(Received),
    /// It will not be here.
    ReceiveFailed(ReceiveError),
}

/// The body of `POST /v1/blob/{id}`: how the peer's taking ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum BlobEnd {
    Received { digest: Digest },
    Refused { error: RefusalCode },
}

/// Ends the registration when dropped, and with it any request that is under way.
pub(crate) struct Registration {
    blobs: Arc<Blobs>,
    key: Key,
    current: Current,
    pub(crate) told: mpsc::Receiver<Told>,
}

/// The one request at a time that moves a blob.
#[derive(Clone, Default)]
struct Current(Arc<Mutex<(CancellationToken, bool)>>);

impl Current {
    /// Ends the request before this one.
    fn begin(&self) -> CancellationToken {
        let mut current = lock(&self.0);
        current.0.cancel();
        current.0 = CancellationToken::new();
        if current.1 {
            current.0.cancel();
        }
        current.0.clone()
    }

    /// Ends this request and every later one.
    fn end(&self) {
        let mut current = lock(&self.0);
        current.1 = true;
        current.0.cancel();
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.current.end();
        lock(&self.blobs.table).slots.remove(&self.key);
    }
}

impl Blobs {
    pub(crate) fn offer(
        self: &Arc<Self>,
        key: Key,
        ceiling: u64,
        source: Arc<dyn Source>,
        traffic: Arc<Traffic>,
    ) -> Registration {
        let ((told, hears), current) = (mpsc::channel(TOLD), Current::default());
        let offer = Offer {
            ceiling,
            source,
            traffic,
            current: current.clone(),
            told,
        };
        self.register(key, Slot::Offered(Arc::new(offer)), current, hears)
    }

    pub(crate) fn expect(
        self: &Arc<Self>,
        key: Key,
        ceiling: u64,
        path: PathBuf,
        traffic: Arc<Traffic>,
    ) -> Registration {
        let ((told, hears), current) = (mpsc::channel(TOLD), Current::default());
        let expectation = Expectation {
            ceiling,
            path,
            traffic,
            current: current.clone(),
            told,
        };
        self.register(key, Slot::Expected(Arc::new(expectation)), current, hears)
    }

    fn register(
        self: &Arc<Self>,
        key: Key,
        slot: Slot,
        current: Current,
        told: mpsc::Receiver<Told>,
    ) -> Registration {
        lock(&self.table).slots.insert(key, slot);
        self.added.notify_waiters();
        Registration {
            blobs: Arc::clone(self),
            key,
            current,
            told,
        }
    }

    /// The agreed blob, waiting a little for it.
    async fn find(&self, key: Key) -> Result<Slot, RefusalCode> {
        let waiting = async {
            loop {
                let mut added = std::pin::pin!(self.added.notified());
                added.as_mut().enable();
                if let Some(slot) = lock(&self.table).get(key) {
                    return slot;
                }
                added.await;
            }
        };
        timeout(REGISTRATION_PATIENCE, waiting)
            .await
            .map_err(|_| RefusalCode::NoSuchBlob)
    }

    /// How many bytes are held of a blob that is expected.
    pub(crate) async fn held(&self, key: Key) -> Result<u64, RefusalCode> {
        let expectation = match self.find(key).await? {
            Slot::Expected(expectation) => expectation,
            Slot::Done(received) => return Ok(received.bytes),
            Slot::Offered(_) => return Err(RefusalCode::NoSuchBlob),
        };
        match tokio::fs::metadata(&expectation.path).await {
            Ok(metadata) if metadata.len() <= expectation.ceiling => Ok(metadata.len()),
            Ok(_) => Ok(0),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(_) => Err(RefusalCode::CannotStore),
        }
    }

    /// The body for a peer that takes an offered blob from byte `from` on.
    pub(crate) async fn give(&self, key: Key, from: u64) -> Result<Body, RefusalCode> {
        let Slot::Offered(offer) = self.find(key).await? else {
            return Err(RefusalCode::NoSuchBlob);
        };
        let (feeder, body) = pump();
        let cancelled = offer.current.begin();
        tokio::spawn(async move {
            let moved = || say_alive(&offer.told);
            let (source, traffic) = (&*offer.source, &*offer.traffic);
            let feeding = feeder.feed(source, from, offer.ceiling, traffic, moved);
            let told = match cancelled.run_until_cancelled(feeding).await {
                None | Some(Err(FeedError::Cut | FeedError::Stalled)) => return,
                Some(Ok(sent)) => Told::Fed(sent),
                Some(Err(failed)) => Told::SourceFailed(failed),
            };
            // Nobody listens any more when the transfer was dropped.
            let _ = offer.told.send(told).await;
        });
        Ok(body)
    }

    /// What the peer says about a blob that it took.
    pub(crate) async fn ended(&self, key: Key, end: BlobEnd) -> Result<(), RefusalCode> {
        let slot = lock(&self.table).get(key);
        let Some(Slot::Offered(offer)) = slot else {
            return Err(RefusalCode::NoSuchBlob);
        };
        let told = match end {
            BlobEnd::Received { digest } => Told::PeerHas(digest),
            BlobEnd::Refused { error } => Told::PeerRefused(error),
        };
        offer
            .told
            .send(told)
            .await
            .map_err(|_| RefusalCode::NoSuchBlob)
    }

    /// Takes an expected blob's `body`, which begins at byte `from`. The error comes with how many
    /// bytes are held.
    pub(crate) async fn take<E: std::fmt::Display>(
        &self,
        key: Key,
        from: u64,
        body: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> Result<Received, (RefusalCode, u64)> {
        let expectation = match self.find(key).await.map_err(|code| (code, 0))? {
            Slot::Expected(expectation) => expectation,
            Slot::Done(received) => return again(received, from, body).await,
            Slot::Offered(_) => return Err((RefusalCode::NoSuchBlob, 0)),
        };
        let cancelled = expectation.current.begin();
        let told = match cancelled
            .run_until_cancelled(expectation.take(from, body))
            .await
        {
            None => return Err((RefusalCode::NoSuchBlob, 0)),
            Some(Err(Untaken::Offset(held))) => return Err((RefusalCode::Offset, held)),
            Some(Err(Untaken::Failed(error))) => Err(error),
            Some(Ok(received)) => {
                lock(&self.table).remember(key, received);
                Ok(received)
            }
        };
        let answer = told
            .as_ref()
            .map(|received| *received)
            .map_err(|error| (refusal(error), 0));
        // Nobody listens any more when the transfer was dropped.
        let _ = expectation
            .told
            .send(told.map_or_else(Told::ReceiveFailed, Told::Received))
            .await;
        answer
    }
}

/// A sender that missed our answer: its content must be the one that is here.
async fn again<E>(
    received: Received,
    from: u64,
    mut body: impl Stream<Item = Result<Bytes, E>> + Unpin,
) -> Result<Received, (RefusalCode, u64)> {
    let mut trailer = Vec::new();
    while let Some(Ok(piece)) = body.next().await {
        trailer.extend_from_slice(&piece);
        if trailer.len() > received.digest.0.len() {
            break;
        }
    }
    if from == received.bytes && trailer == received.digest.0 {
        return Ok(received);
    }
    Err((RefusalCode::Mismatch, received.bytes))
}

/// Why an expected blob was not taken.
enum Untaken {
    /// The request begins elsewhere than where we end.
    Offset(u64),
    Failed(ReceiveError),
}

impl Expectation {
    async fn take<E: std::fmt::Display>(
        &self,
        from: u64,
        body: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> Result<Received, Untaken> {
        // What is held is read first, which may take a while.
        let mut opening = std::pin::pin!(Partial::open(&self.path, self.ceiling));
        let opened = loop {
            match timeout(BLOCK_PATIENCE, &mut opening).await {
                Ok(opened) => break opened,
                Err(_) => say_alive(&self.told),
            }
        };
        let partial = opened.map_err(|e| Untaken::Failed(ReceiveError::Store(e)))?;
        if partial.held() != from {
            return Err(Untaken::Offset(partial.held()));
        }
        let moved = || say_alive(&self.told);
        receive(body, partial, self.ceiling, &self.traffic, moved)
            .await
            .map_err(Untaken::Failed)
    }
}

/// Says that bytes move, unless that is known already, and leaves room for what matters more.
fn say_alive(told: &mpsc::Sender<Told>) {
    if told.capacity() > TOLD / 2 {
        // Nobody listens any more when the transfer was dropped.
        let _ = told.try_send(Told::Alive);
    }
}

/// What a sender is told when its blob could not be taken.
pub(crate) fn refusal(error: &ReceiveError) -> RefusalCode {
    match error {
        ReceiveError::Cut(_) => RefusalCode::Offset,
        ReceiveError::TooLong => RefusalCode::TooLong,
        ReceiveError::Mismatch => RefusalCode::Mismatch,
        ReceiveError::Store(_) => RefusalCode::CannotStore,
    }
}
