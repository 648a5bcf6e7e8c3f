//! What every task of a node's network side knows: who is paired, near and connected.
//!
//! One lock guards all of it and is held for a few instructions, never across an await. A link is
//! established here as well, because that is a decision about all of them: at most one for a peer.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Notify, mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::ask::Shown;
use crate::blobs::Blobs;
use crate::code::Requests;
use crate::discovery::{Announcement, Discovery, Hint};
use crate::identity::Identity;
use crate::ids::{PeerId, Session};
use crate::invite::{Invite, Invites, Redemption};
use crate::keeper;
use crate::link::{Link, Paces, Traffic, WhyDown, lock};
use crate::net::{Nearby, NetEvent, Paired};
use crate::proto::{About, Card, Hello, Load, Name, PROTOCOL, Redeem, RefusalCode};
use crate::rights::Rights;
use crate::scout;
use crate::throttle::Throttle;

/// The most addresses remembered for one computer.
pub(crate) const MAX_ADDRESSES: usize = 8;

/// The most connections of one paired computer at once: its link, and two for each blob on its way.
const MAX_OF_ONE: usize = 64;

/// How long after a connection began a second one can only be the other half of a race.
const RACE: Duration = Duration::from_secs(5);

/// Shared by all tasks of one node's network side.
pub(crate) struct Shared {
    pub(crate) identity: Identity,
    pub(crate) session: Session,
    pub(crate) listen: SocketAddr,
    pub(crate) mdns_port: u16,
    pub(crate) about: watch::Sender<About>,
    /// Those whom we help though we do not help at all.
    pub(crate) helped: watch::Sender<BTreeSet<PeerId>>,
    /// Only paired computers learn our name.
    hides_name: AtomicBool,
    pub(crate) blobs: Arc<Blobs>,
    pub(crate) paces: Arc<Paces>,
    /// How busy we are, for those who want to hear it.
    pub(crate) load: watch::Sender<Option<Load>>,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
    pub(crate) discovery: tokio::sync::Mutex<Option<Discovery>>,
    events: mpsc::Sender<NetEvent>,
    pub(crate) state: Mutex<State>,
    invites: Mutex<Invites>,
    pub(crate) requests: Mutex<Requests>,
    pub(crate) asking: Mutex<Option<Shown>>,
    /// How often strangers may ask for help.
    pub(crate) asks: Mutex<Throttle>,
    questions: Mutex<Throttle>,
    wrong_invites: Mutex<Throttle>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) paired: BTreeMap<PeerId, Known>,
    pub(crate) nearby: BTreeMap<PeerId, (Nearby, Option<String>)>,
    pub(crate) hints: BTreeMap<String, Hint>,
    pub(crate) typed: BTreeSet<SocketAddr>,
    pub(crate) links: BTreeMap<PeerId, Link>,
    pub(crate) traffic: BTreeMap<PeerId, Arc<Traffic>>,
    /// Connections of each paired computer, while there is one; the tokens count them.
    connections: BTreeMap<PeerId, Arc<()>>,
    pub(crate) redeeming: BTreeMap<PeerId, u32>,
    /// What was already reported: the same finding again would only be noise.
    pub(crate) reported: BTreeSet<(PeerId, PeerId)>,
}

pub(crate) struct Known {
    pub(crate) name: Name,
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) rights: watch::Sender<Rights>,
    /// It was called and did not answer since it was last connected.
    pub(crate) missed: bool,
    pub(crate) poke: Arc<Notify>,
    pub(crate) stop: CancellationToken,
}

/// Marks that we are about to be paired with somebody, until dropped.
pub(crate) struct Redeeming {
    shared: Arc<Shared>,
    inviter: PeerId,
}

impl Drop for Redeeming {
    fn drop(&mut self) {
        let mut state = lock(&self.shared.state);
        if let Some(count) = state.redeeming.get_mut(&self.inviter) {
            *count -= 1;
            if *count == 0 {
                state.redeeming.remove(&self.inviter);
            }
        }
    }
}

/// What becomes of a new connection to a peer.
pub(crate) enum Verdict {
    /// It is the peer's link now, in place of the one before.
    Adopted(Option<Link>),
    /// The link that is there stays.
    Duplicate,
    /// The two are not paired any more.
    NotPaired,
}

impl Shared {
    pub(crate) fn new(
        identity: Identity,
        listen: SocketAddr,
        mdns_port: u16,
        about: About,
        hides_name: bool,
        events: mpsc::Sender<NetEvent>,
    ) -> Self {
        let now = Instant::now();
        Self {
            identity,
            session: Session::random(),
            listen,
            mdns_port,
            about: watch::Sender::new(about),
            helped: watch::Sender::default(),
            hides_name: AtomicBool::new(hides_name),
            blobs: Arc::default(),
            paces: Arc::default(),
            load: watch::Sender::new(None),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            discovery: tokio::sync::Mutex::new(None),
            events,
            state: Mutex::default(),
            invites: Mutex::default(),
            requests: Mutex::default(),
            asking: Mutex::default(),
            asks: Mutex::new(Throttle::new(5, 5, Duration::from_secs(60), now)),
            questions: Mutex::new(Throttle::new(40, 200, Duration::from_secs(10), now)),
            wrong_invites: Mutex::new(Throttle::new(5, 20, Duration::from_secs(60), now)),
        }
    }

    pub(crate) fn id(&self) -> PeerId {
        self.identity.id()
    }

    pub(crate) fn name(&self) -> Name {
        self.about.borrow().name.clone()
    }

    /// What we call ourselves to those we are not paired with: nothing, where that is hidden.
    pub(crate) fn public_name(&self) -> Name {
        if self.hides_name.load(Ordering::Relaxed) {
            Name::default()
        } else {
            self.name()
        }
    }

    /// Who we are, for whoever asks.
    pub(crate) fn card(&self, caller: Option<PeerId>) -> Card {
        let pairing = lock(&self.invites).any_open(Instant::now());
        let known = caller.is_some_and(|peer| self.is_paired(peer));
        let name = if known {
            self.name()
        } else {
            self.public_name()
        };
        let donating = self.about.borrow().donating;
        Card {
            protocol: PROTOCOL,
            name,
            donating,
            pairing,
            session: Some(self.session),
        }
    }

    pub(crate) fn hello(&self) -> Hello {
        Hello {
            protocol: PROTOCOL,
            name: self.name(),
            session: self.session,
            port: self.listen.port(),
        }
    }

    pub(crate) fn announcement(&self) -> Announcement {
        let about = self.about.borrow();
        Announcement {
            id: self.id(),
            session: self.session,
            name: self.public_name(),
            port: self.listen.port(),
            donating: about.donating,
        }
    }

    /// Tells the node. Waits while it is busy, unless everything ends.
    pub(crate) async fn emit(&self, event: NetEvent) {
        tokio::select! {
            biased;
            // Whoever dropped the receiver does not want to know.
            _ = self.events.send(event) => {}
            () = self.stop.cancelled() => {}
        }
    }

    /// Emits `event` if nothing was reported for this pair before.
    pub(crate) async fn emit_once(&self, about: PeerId, presented: PeerId, event: NetEvent) {
        let first = lock(&self.state).reported.insert((about, presented));
        if first {
            self.emit(event).await;
        }
    }

    // Pairings.

    pub(crate) fn is_paired(&self, peer: PeerId) -> bool {
        lock(&self.state).paired.contains_key(&peer)
    }

    pub(crate) fn is_redeeming(&self, peer: PeerId) -> bool {
        lock(&self.state).redeeming.contains_key(&peer)
    }

    pub(crate) fn redeeming(self: &Arc<Self>, inviter: PeerId) -> Redeeming {
        *lock(&self.state).redeeming.entry(inviter).or_default() += 1;
        Redeeming {
            shared: Arc::clone(self),
            inviter,
        }
    }

    pub(crate) fn paired(&self) -> Vec<Paired> {
        let state = lock(&self.state);
        state
            .paired
            .iter()
            .map(|(id, known)| known.as_paired(*id))
            .collect()
    }

    pub(crate) fn paired_name(&self, peer: PeerId) -> Option<Name> {
        lock(&self.state)
            .paired
            .get(&peer)
            .map(|known| known.name.clone())
    }

    /// Begins to keep up a link to `peer`; only adds what is new if it is known already.
    pub(crate) fn know(self: &Arc<Self>, peer: Paired) -> Paired {
        let Paired {
            id,
            name,
            addresses,
            rights,
        } = peer;
        let mut state = lock(&self.state);
        let (poke, stop) = (Arc::new(Notify::new()), self.stop.child_token());
        let known = state.paired.entry(id).or_insert_with(|| {
            self.tasks.spawn(keeper::keep(
                Arc::clone(self),
                id,
                Arc::clone(&poke),
                stop.clone(),
            ));
            Known {
                name: name.clone(),
                addresses: Vec::new(),
                rights: watch::Sender::new(rights),
                missed: false,
                poke,
                stop,
            }
        });
        known.name = name;
        known.rights.send_replace(rights);
        addresses
            .into_iter()
            .rev()
            .for_each(|address| known.prefer(address));
        known.poke.notify_one();
        known.as_paired(id)
    }

    /// Pairs with `peer` and says so.
    pub(crate) async fn pair(
        self: &Arc<Self>,
        id: PeerId,
        name: Name,
        addresses: Vec<SocketAddr>,
        rights: Rights,
    ) -> Paired {
        let paired = self.know(Paired {
            id,
            name,
            addresses,
            rights,
        });
        lock(&self.state).nearby.remove(&id);
        self.emit(NetEvent::Paired(paired.clone())).await;
        paired
    }

    /// Ends the pairing with `peer` and says so. `false` if there was none.
    pub(crate) async fn forget(self: &Arc<Self>, peer: PeerId, by_them: bool) -> bool {
        let (known, link) = {
            let mut state = lock(&self.state);
            (state.paired.remove(&peer), state.links.get(&peer).cloned())
        };
        let Some(known) = known else { return false };
        known.stop.cancel();
        if let Some(link) = link {
            link.close(WhyDown::Unpaired);
        }
        self.emit(NetEvent::Unpaired { peer, by_them }).await;
        // From now on it is just somebody near.
        let instance = self.instances_of(peer).into_iter().next();
        scout::ask(self, known.addresses, move |id| id == peer, instance);
        true
    }

    pub(crate) fn remember_invite(&self, invite: &Invite, expires: Instant, now: Instant) {
        lock(&self.invites).add(invite, expires, now);
    }

    /// Judges an invite that `peer` redeems from `ip`, and pairs with it if it is good.
    pub(crate) async fn redeemed(
        self: &Arc<Self>,
        peer: PeerId,
        ip: IpAddr,
        redeem: &Redeem,
    ) -> Result<(), RefusalCode> {
        let now = Instant::now();
        if !lock(&self.wrong_invites).has_budget(ip, now) {
            return Err(RefusalCode::SlowDown);
        }
        let redemption = lock(&self.invites).redeem(self.id(), peer, redeem.proof, now);
        match redemption {
            Redemption::Granted => {
                self.pair(
                    peer,
                    redeem.name.clone(),
                    vec![SocketAddr::new(ip, redeem.port)],
                    Rights::default(),
                )
                .await;
                Ok(())
            }
            Redemption::Used => Err(RefusalCode::InviteUsed),
            Redemption::Expired => Err(RefusalCode::InviteExpired),
            Redemption::Unknown => {
                lock(&self.wrong_invites).take(ip, now);
                tracing::warn!("an invite that was never made here was presented");
                Err(RefusalCode::InviteUnknown)
            }
        }
    }

    pub(crate) fn allows_stranger(&self, ip: IpAddr) -> bool {
        lock(&self.questions).take(ip, Instant::now())
    }

    pub(crate) async fn met_other_protocol(&self, peer: PeerId, name: Name, theirs: u32) {
        // Reported once for each version that it turns up with.
        let mut version = [0; 32];
        version[..4].copy_from_slice(&theirs.to_be_bytes());
        self.emit_once(
            peer,
            PeerId(version),
            NetEvent::OtherProtocol { peer, name, theirs },
        )
        .await;
    }

    /// A connection of a paired computer, counted until it is dropped; `None` if it has enough of them.
    pub(crate) fn seat(&self, peer: PeerId) -> Option<Arc<()>> {
        let mut state = lock(&self.state);
        state
            .connections
            .retain(|_, seats| Arc::strong_count(seats) > 1);
        let seats = state.connections.entry(peer).or_default();
        // One of the count is the entry's own.
        (Arc::strong_count(seats) <= MAX_OF_ONE).then(|| Arc::clone(seats))
    }

    /// Another node with our identity was met; by whichever of us two called the other.
    pub(crate) async fn met_twin(&self, session: Option<Session>, address: SocketAddr, name: Name) {
        let mut other = [0; 32];
        session
            .iter()
            .for_each(|session| other[..8].copy_from_slice(&session.0));
        self.emit_once(
            self.id(),
            PeerId(other),
            NetEvent::SameIdentity { address, name },
        )
        .await;
    }

    // Links.

    pub(crate) fn link(&self, peer: PeerId) -> Option<Link> {
        lock(&self.state).links.get(&peer).cloned()
    }

    pub(crate) fn links(&self) -> Vec<Link> {
        lock(&self.state).links.values().cloned().collect()
    }

    pub(crate) fn traffic(&self, peer: PeerId) -> Arc<Traffic> {
        let mut state = lock(&self.state);
        let traffic = state.traffic.entry(peer);
        let traffic = traffic.or_insert_with(|| Arc::new(Traffic::new(Arc::clone(&self.paces))));
        Arc::clone(traffic)
    }

    /// Decides about a new connection; the caller is the side whose decision counts, or has heard
    /// the other's.
    pub(crate) fn adopt(&self, link: &Link, decides: bool) -> Verdict {
        let mut state = lock(&self.state);
        if !state.paired.contains_key(&link.peer()) {
            return Verdict::NotPaired;
        }
        let current = state.links.get(&link.peer());
        let keeps = current.is_some_and(|current| {
            // Whoever dials has no link that it knows of. If ours is old, it is a dead one.
            let racing = link.dialled() || current.since().elapsed() < RACE;
            decides && racing && current.session() == link.session()
        });
        if keeps {
            return Verdict::Duplicate;
        }
        // Whatever was said of it is over: it is here, with its own key.
        let peer = link.peer();
        state.reported.retain(|(about, _)| *about != peer);
        if let Some(known) = state.paired.get_mut(&peer) {
            known.missed = false;
        }
        Verdict::Adopted(state.links.insert(peer, link.clone()))
    }

    /// Forgets a link that ended, and lets the next one be made.
    pub(crate) fn drop_link(&self, link: &Link) {
        let mut state = lock(&self.state);
        if state
            .links
            .get(&link.peer())
            .is_some_and(|current| current.is(link))
        {
            state.links.remove(&link.peer());
        }
        if let Some(known) = state.paired.get(&link.peer()) {
            known.poke.notify_one();
        }
    }

    /// Changes what we tell about ourselves.
    pub(crate) fn set_about(self: &Arc<Self>, about: About) {
        let before = self.announcement();
        self.about.send_replace(about);
        self.announce_anew(&before);
    }

    /// Hides our name from those we are not paired with, or not any more.
    pub(crate) fn set_hides_name(self: &Arc<Self>, hides: bool) {
        let before = self.announcement();
        self.hides_name.store(hides, Ordering::Relaxed);
        self.announce_anew(&before);
    }

    fn announce_anew(self: &Arc<Self>, before: &Announcement) {
        if self.announcement() != *before {
            let shared = Arc::clone(self);
            self.tasks.spawn(async move {
                if let Some(discovery) = &*shared.discovery.lock().await {
                    discovery.announce(shared.announcement());
                }
            });
        }
    }
}

impl Known {
    fn as_paired(&self, id: PeerId) -> Paired {
        Paired {
            id,
            name: self.name.clone(),
            addresses: self.addresses.clone(),
            rights: *self.rights.borrow(),
        }
    }

    pub(crate) fn prefer(&mut self, address: SocketAddr) {
        self.addresses.retain(|known| *known != address);
        self.addresses.insert(0, address);
        self.addresses.truncate(MAX_ADDRESSES);
    }
}
