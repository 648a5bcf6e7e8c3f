//! A link: the one control connection to a paired computer, for as long as it lasts.
//!
//! Two halves run side by side in one task. The speaking half sends what is queued, what changed
//! about us, and a beat every ten seconds; the listening half ends the link when nothing was heard
//! for thirty. Neither waits for the other, so a full send buffer cannot hide a living peer.
//! Blobs are moved through a link by [`crate::transfer`].

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use media::filter::Skill;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_util::sync::CancellationToken;

use crate::blobs::Blobs;
use crate::ids::{PeerId, Session, TaskId};
use crate::pace::Pace;
use crate::proto::{About, Extras, Load, MAX_HELD, Message, PauseReason};
use crate::rights::Rights;
use crate::wire::{Farewell, Incoming, Outgoing, Receiver, Sender, Wire};

/// How often each side says that it is there.
pub const BEAT: Duration = Duration::from_secs(10);

/// After how much silence a computer counts as gone.
pub const SILENCE: Duration = Duration::from_secs(30);

/// How long a goodbye may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// How many messages may wait to be sent. Beyond it the sender waits.
const QUEUE: usize = 256;

/// Messages that are heard from one computer in a second; those beyond it have to wait.
const HEARD: u64 = 200;

/// A live connection to a paired computer. A cheap clone.
#[derive(Clone)]
pub struct Link(Arc<Inner>);

struct Inner {
    peer: PeerId,
    dialled: bool,
    address: SocketAddr,
    session: Session,
    since: Instant,
    outbox: mpsc::Sender<Message>,
    closing: watch::Sender<Option<WhyDown>>,
    ended: CancellationToken,
    gone: CancellationToken,
    traffic: Arc<Traffic>,
    blobs: Arc<Blobs>,
    client: reqwest::Client,
    extras: Extras,
}

/// The link ended before the message could be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the connection to that computer is closed")]
pub struct LinkClosed;

/// Why a link ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhyDown {
    /// Nothing was heard for [`SILENCE`].
    Silent,
    /// The connection broke.
    Broken(String),
    /// The other side said goodbye.
    Left,
    /// Another connection to the same computer took its place.
    Replaced,
    /// One of the two forgot the other.
    Unpaired,
    /// The other side sent what the protocol does not allow.
    Misbehaved(String),
    /// This node stops.
    Stopping,
}

impl fmt::Display for WhyDown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent => write!(f, "it has not answered for {} seconds", SILENCE.as_secs()),
            Self::Broken(why) => write!(f, "the connection broke ({why})"),
            Self::Left => f.write_str("it went away"),
            Self::Replaced => f.write_str("a newer connection took its place"),
            Self::Unpaired => f.write_str("the two are no longer paired"),
            Self::Misbehaved(what) => write!(f, "it broke the protocol ({what})"),
            Self::Stopping => f.write_str("this computer is stopping"),
        }
    }
}

impl WhyDown {
    fn farewell(&self) -> Farewell {
        match self {
            Self::Replaced => Farewell::Duplicate,
            Self::Unpaired => Farewell::Unpaired,
            Self::Misbehaved(_) => Farewell::Misbehaved,
            Self::Silent | Self::Broken(_) | Self::Left | Self::Stopping => Farewell::Stopping,
        }
    }

    fn of_farewell(farewell: Farewell) -> Self {
        match farewell {
            Farewell::Stopping => Self::Left,
            Farewell::Duplicate => Self::Replaced,
            Farewell::Unpaired => Self::Unpaired,
            Farewell::Protocol => Self::Misbehaved("it does not speak this protocol".to_owned()),
            Farewell::Misbehaved => Self::Broken("it did not understand us".to_owned()),
            Farewell::Other(code) => Self::Broken(format!("closed with code {code}")),
        }
    }
}

/// How fast this node's blobs may move, all links together.
#[derive(Debug, Default)]
pub(crate) struct Paces {
    pub(crate) out: Pace,
    pub(crate) home: Pace,
}

/// Bytes of blobs, as they crossed the wire.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    sent: AtomicU64,
    received: AtomicU64,
    paces: Arc<Paces>,
}

impl Traffic {
    pub(crate) fn new(paces: Arc<Paces>) -> Self {
        Self {
            paces,
            ..Self::default()
        }
    }

    /// Counts bytes that are about to be sent, once they may be.
    pub(crate) async fn send(&self, bytes: usize) {
        self.paces.out.spend(bytes).await;
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Counts bytes that have come, and waits until the next may be asked for.
    pub(crate) async fn receive(&self, bytes: usize) {
        self.received.fetch_add(bytes as u64, Ordering::Relaxed);
        self.paces.home.spend(bytes).await;
    }

    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    pub(crate) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }
}

/// What [`Link::new`] is made of.
pub(crate) struct Parts {
    pub(crate) peer: PeerId,
    pub(crate) dialled: bool,
    pub(crate) address: SocketAddr,
    pub(crate) session: Session,
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) blobs: Arc<Blobs>,
    pub(crate) client: reqwest::Client,
    pub(crate) extras: Extras,
}

/// The receiving ends of a new link, for [`converse`].
pub(crate) struct Ends {
    outbox: mpsc::Receiver<Message>,
    closing: watch::Receiver<Option<WhyDown>>,
}

impl Link {
    /// Who is at the other end.
    #[must_use]
    pub fn peer(&self) -> PeerId {
        self.0.peer
    }

    /// Whether this side opened the connection. That side also makes the requests for blobs.
    #[must_use]
    pub fn dialled(&self) -> bool {
        self.0.dialled
    }

    /// Where the other side listens, as far as this connection shows.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.0.address
    }

    /// Queues `message`; waits while the queue is full.
    ///
    /// # Errors
    /// [`LinkClosed`] if the link has ended. `Ok` does not mean that it was heard.
    pub async fn send(&self, message: Message) -> Result<(), LinkClosed> {
        self.0.outbox.send(message).await.map_err(|_| LinkClosed)
    }

    /// Queues `message` and never waits. A computer that lets the queue fill up does not listen: its link ends.
    pub fn tell(&self, message: Message) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.0.outbox.try_send(message) {
            let why = "it speaks and does not listen".to_owned();
            self.close(WhyDown::Misbehaved(why));
        }
    }

    /// Whether the peer takes up its tasks again when it comes back.
    #[must_use]
    pub fn reunites(&self) -> bool {
        self.0.extras.holding
    }

    /// Whether the peer can read films by itself that lie where both see them.
    #[must_use]
    pub fn shares(&self) -> bool {
        self.0.extras.shared
    }

    /// Says which of the peer's tasks are still here from before, at most [`MAX_HELD`] of them. A peer that would not
    /// understand is not told; what is here then goes when its time is over.
    pub fn tell_held(&self, mut tasks: Vec<TaskId>) {
        tasks.truncate(MAX_HELD);
        if self.reunites() && !tasks.is_empty() {
            self.tell(Message::Holding { tasks });
        }
    }

    /// Bytes of blobs sent to this computer since this node started, retries included.
    #[must_use]
    pub fn sent_bytes(&self) -> u64 {
        self.0.traffic.sent()
    }

    /// Bytes of blobs received from this computer since this node started, retries included.
    #[must_use]
    pub fn received_bytes(&self) -> u64 {
        self.0.traffic.received()
    }

    /// Whether the link has ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.ended.is_cancelled()
    }

    /// Ends the link; nothing is sent after what is already queued.
    pub(crate) fn close(&self, why: WhyDown) {
        self.0.closing.send_if_modified(|closing| {
            let first = closing.is_none();
            if first {
                *closing = Some(why);
            }
            first
        });
    }

    /// Resolves when nothing can be said or moved any more.
    pub async fn ended(&self) {
        self.0.ended.cancelled().await;
    }

    /// Says that it is so.
    pub(crate) fn set_ended(&self) {
        self.0.ended.cancel();
    }

    /// Resolves when, besides, everybody has been told.
    pub(crate) async fn gone(&self) {
        self.0.gone.cancelled().await;
    }

    /// Says that it has.
    pub(crate) fn set_gone(&self) {
        self.0.gone.cancel();
    }

    pub(crate) fn new(parts: Parts) -> (Self, Ends) {
        let (outbox, queued) = mpsc::channel(QUEUE);
        let (closing, asked) = watch::channel(None);
        let Parts {
            peer,
            dialled,
            address,
            session,
            traffic,
            blobs,
            client,
            extras,
        } = parts;
        let (ended, gone) = (CancellationToken::new(), CancellationToken::new());
        let since = Instant::now();
        let inner = Inner {
            peer,
            dialled,
            address,
            session,
            since,
            outbox,
            closing,
            ended,
            gone,
            traffic,
            blobs,
            client,
            extras,
        };
        (
            Self(Arc::new(inner)),
            Ends {
                outbox: queued,
                closing: asked,
            },
        )
    }

    pub(crate) fn session(&self) -> Session {
        self.0.session
    }

    pub(crate) fn since(&self) -> Instant {
        self.0.since
    }

    pub(crate) fn traffic(&self) -> &Arc<Traffic> {
        &self.0.traffic
    }

    pub(crate) fn blobs(&self) -> &Arc<Blobs> {
        &self.0.blobs
    }

    pub(crate) fn extras(&self) -> Extras {
        self.0.extras
    }

    pub(crate) fn client(&self) -> &reqwest::Client {
        &self.0.client
    }

    /// Whether these are the same connection.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("peer", &self.0.peer)
            .field("dialled", &self.0.dialled)
            .field("address", &self.0.address)
            .finish_non_exhaustive()
    }
}

/// What is told of us beside what is queued: whenever it changes.
pub(crate) struct Telling {
    about: watch::Receiver<About>,
    rights: watch::Receiver<Rights>,
    /// `None` where the other side does not want to hear it.
    loads: Option<watch::Receiver<Option<Load>>>,
    knows_rights: bool,
    rights_due: bool,
    knows_rests: bool,
    knows_heat: bool,
    knows_filters: bool,
    /// Whom we help whatever we tell the others, where that may be this one.
    helped: Option<(PeerId, watch::Receiver<BTreeSet<PeerId>>)>,
    knows_films: bool,
}

impl Telling {
    pub(crate) fn new(about: watch::Receiver<About>, rights: watch::Receiver<Rights>) -> Self {
        Self {
            about,
            rights,
            loads: None,
            knows_rights: false,
            rights_due: false,
            knows_rests: false,
            knows_heat: false,
            knows_filters: false,
            helped: None,
            knows_films: false,
        }
    }

    /// Tells why we rest in words that only newer builds know, if this one does.
    pub(crate) fn with_rests(mut self, known: bool) -> Self {
        self.knows_rests = known;
        self
    }

    /// Tells `peer` that we help, where it is among those who are helped whatever the others are told.
    pub(crate) fn with_helped(
        mut self,
        peer: PeerId,
        helped: watch::Receiver<BTreeSet<PeerId>>,
    ) -> Self {
        self.helped = Some((peer, helped));
        self
    }

    /// Tells whether we take whole films, if that is known there.
    pub(crate) fn with_films(mut self, known: bool) -> Self {
        self.knows_films = known;
        self
    }

    /// Tells what we can do to a picture, if that is known there.
    pub(crate) fn with_filters(mut self, known: bool) -> Self {
        self.knows_filters = known;
        self
    }

    /// Tells this, too, to a side that wants to hear it; with how hot it is here where it knows that word.
    pub(crate) fn with_loads(
        mut self,
        loads: watch::Receiver<Option<Load>>,
        knows_heat: bool,
    ) -> Self {
        self.loads = Some(loads);
        self.knows_heat = knows_heat;
        self
    }

    /// Tells the rights in so many words.
    pub(crate) fn with_rights(mut self) -> Self {
        (self.knows_rights, self.rights_due) = (true, true);
        self
    }

    /// What we are to this peer: whoever may not use us is told that we do not donate.
    pub(crate) fn about(&mut self) -> About {
        let mut about = self.about.borrow_and_update().clone();
        // Looked at, not taken note of: a change of it is news of its own.
        let helped = self.helped.as_ref();
        about.donating |= helped.is_some_and(|(peer, helped)| helped.borrow().contains(peer));
        about.donating &= self.rights.borrow().may_use_me;
        about.films &= self.knows_films && self.rights.borrow().may_use_me;
        if !self.knows_rests {
            about.paused = about.paused.map(PauseReason::plain);
        }
        if !self.knows_filters {
            about.filters = Skill::None;
        }
        about
    }

    /// The next thing to tell.
    async fn news(&mut self) -> Message {
        if std::mem::take(&mut self.rights_due) {
            return Message::Rights(*self.rights.borrow());
        }
        tokio::select! {
            Ok(()) = self.about.changed() => Message::About(self.about()),
            Ok(()) = self.rights.changed() => {
                self.rights_due = self.knows_rights;
                Message::About(self.about())
            }
            () = next_helped(&mut self.helped) => Message::About(self.about()),
            Some(load) = next_load(&mut self.loads) => Message::Load(Load {
                celsius: load.celsius.filter(|_| self.knows_heat),
                ..load
            }),
        }
    }
}

/// Runs an established link to its end: sends what is queued, hands every message to `deliver`.
pub(crate) async fn converse<D, F>(wire: Wire, ends: Ends, telling: Telling, deliver: D) -> WhyDown
where
    D: FnMut(Message) -> F,
    F: Future<Output = ()>,
{
    let Wire {
        mut sink,
        mut stream,
        ..
    } = wire;
    let Ends {
        mut outbox,
        mut closing,
    } = ends;
    let why = tokio::select! {
        biased;
        why = asked_to_close(&mut closing) => why,
        why = listen(&mut stream, deliver) => why,
        why = speak(&mut sink, &mut outbox, telling) => why,
    };
    outbox.close();
    let goodbye = async {
        // What was queued before the end is still meant: a cancelled task, a collected result.
        while let Ok(message) = outbox.try_recv() {
            say(&mut sink, &message).await?;
        }
        if why == WhyDown::Unpaired {
            say(&mut sink, &Message::Unpaired {}).await?;
        }
        sink.send(Outgoing::Close(why.farewell()))
            .await
            .map_err(|e| WhyDown::Broken(e.0))
    };
    // A goodbye that fails changes nothing: the other side finds out by itself.
    let _ = timeout(GOODBYE, goodbye).await;
    why
}

async fn asked_to_close(closing: &mut watch::Receiver<Option<WhyDown>>) -> WhyDown {
    match closing.wait_for(Option::is_some).await {
        Ok(why) => why.clone().unwrap_or(WhyDown::Stopping),
        Err(_) => WhyDown::Stopping,
    }
}

async fn speak(
    sink: &mut Sender,
    outbox: &mut mpsc::Receiver<Message>,
    mut telling: Telling,
) -> WhyDown {
    let mut beat = interval_at(Instant::now() + BEAT, BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let message = tokio::select! {
            Some(message) = outbox.recv() => message,
            news = telling.news() => news,
            _ = beat.tick() => Message::Beat {},
        };
        match timeout(SILENCE, say(sink, &message)).await {
            Ok(Ok(())) => {}
            Ok(Err(why)) => return why,
            Err(_) => return WhyDown::Silent,
        }
    }
}

/// Returns when others are helped than before.
async fn next_helped(helped: &mut Option<(PeerId, watch::Receiver<BTreeSet<PeerId>>)>) {
    let Some((_, helped)) = helped else {
        return std::future::pending().await;
    };
    if helped.changed().await.is_err() {
        std::future::pending().await
    }
}

/// How busy we are, when that has changed; never, where nobody wants to hear it.
async fn next_load(loads: &mut Option<watch::Receiver<Option<Load>>>) -> Option<Load> {
    let Some(loads) = loads else {
        return std::future::pending().await;
    };
    if loads.changed().await.is_err() {
        return std::future::pending().await;
    }
    *loads.borrow_and_update()
}

/// Sends one message now.
pub(crate) async fn say(sink: &mut Sender, message: &Message) -> Result<(), WhyDown> {
    match message.encode() {
        Ok(text) => sink
            .send(Outgoing::Text(text))
            .await
            .map_err(|e| WhyDown::Broken(e.0)),
        // Every part of a message is bounded so that this cannot be reached from outside.
        Err(error) => {
            tracing::error!(%error, "a message that cannot be sent was dropped");
            Ok(())
        }
    }
}

/// Hears one message, or why there will be none.
pub(crate) async fn hear(stream: &mut Receiver) -> Result<String, WhyDown> {
    match timeout(SILENCE, stream.next()).await {
        Err(_) => Err(WhyDown::Silent),
        Ok(None) => Err(WhyDown::Broken("it ended without a goodbye".to_owned())),
        Ok(Some(Err(e))) => Err(WhyDown::Broken(e.0)),
        Ok(Some(Ok(Incoming::Close(farewell)))) => Err(WhyDown::of_farewell(farewell)),
        Ok(Some(Ok(Incoming::Text(text)))) => Ok(text),
    }
}

async fn listen<D, F>(stream: &mut Receiver, mut deliver: D) -> WhyDown
where
    D: FnMut(Message) -> F,
    F: Future<Output = ()>,
{
    let pace = Pace::default();
    pace.set(Some(HEARD));
    loop {
        let message = match hear(stream).await {
            Ok(text) => Message::decode(&text),
            Err(why) => return why,
        };
        pace.spend(1).await;
        match message {
            Ok(Message::Beat {}) => {}
            Ok(Message::Unpaired {}) => return WhyDown::Unpaired,
            Ok(Message::Hello(_)) => return WhyDown::Misbehaved("a second hello".to_owned()),
            Ok(message) => deliver(message).await,
            Err(error) => return WhyDown::Misbehaved(error.to_string()),
        }
    }
}

/// A lock that a panicked holder does not poison: nothing here is left half done under one.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
