//! Who is near: hints from mDNS, from callers and from typed addresses, each checked by a hello.
//!
//! A hello is asked over TLS, so the answer comes with the answerer's certificate; only then is
//! anybody reported. Hints about the paired are not asked but handed to their keeper, which pins.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::sleep;

use crate::client::{self, DialError};
use crate::discovery::{Discovery, Hint, Sighting};
use crate::ids::PeerId;
use crate::net::{AddressError, Nearby, NetEvent};
use crate::proto::{Card, PROTOCOL};
use crate::shared::Shared;

/// How often typed addresses are asked while nobody there is connected.
const TYPED_AGAIN: Duration = Duration::from_secs(10);

/// How often those who are near are asked whether they still are: mDNS takes two minutes to miss
/// a computer that was switched off, and says nothing of those whom it never knew.
const RECHECK: Duration = Duration::from_secs(30);

/// The most hellos under way at once.
const MAX_QUESTIONS: usize = 8;

/// Room for them, for all nodes of this process.
static QUESTIONS: Semaphore = Semaphore::const_new(MAX_QUESTIONS);

/// Starts looking: by mDNS, if `mdns`, and at typed addresses.
pub(crate) async fn start(shared: &Arc<Shared>, mdns: bool) {
    if mdns {
        search(shared).await;
    }
    let asking = Arc::clone(shared);
    shared.tasks.spawn(async move {
        let stop = asking.stop.clone();
        stop.run_until_cancelled(async {
            tokio::join!(ask_all_typed(&asking), recheck_often(&asking))
        })
        .await;
    });
}

/// Turns mDNS on or off.
pub(crate) async fn set_mdns(shared: &Arc<Shared>, on: bool) {
    let running = shared.discovery.lock().await.is_some();
    match (on, running) {
        (true, false) => search(shared).await,
        (false, true) => stop(shared).await,
        (true, true) | (false, false) => {}
    }
}

/// Ends mDNS with a goodbye.
pub(crate) async fn stop(shared: &Shared) {
    let discovery = shared.discovery.lock().await.take();
    if let Some(discovery) = discovery {
        discovery.stop().await;
    }
}

async fn search(shared: &Arc<Shared>) {
    let (sightings, mut seen) = mpsc::channel(64);
    match Discovery::start(
        shared.mdns_port,
        shared.listen.ip(),
        shared.announcement(),
        sightings,
    ) {
        Ok(discovery) => *shared.discovery.lock().await = Some(discovery),
        Err(error) => {
            return shared
                .emit(NetEvent::DiscoveryFailed {
                    why: error.to_string(),
                })
                .await;
        }
    }
    let shared = Arc::clone(shared);
    shared.tasks.clone().spawn(async move {
        let stop = shared.stop.clone();
        let watching = async {
            while let Some(sighting) = seen.recv().await {
                match sighting {
                    Sighting::Appeared(hint) => follow(&shared, hint),
                    Sighting::Vanished { instance } => {
                        if let Some(peer) = shared.drop_hint(&instance) {
                            shared.emit(NetEvent::Unseen { peer }).await;
                        }
                    }
                }
            }
        };
        stop.run_until_cancelled(watching).await;
    });
}

/// Finds out who a hint is about, unless that is for a keeper to do.
fn follow(shared: &Arc<Shared>, hint: Hint) {
    let (news, paired) = shared.note_hint(&hint);
    if !news || paired {
        return;
    }
    ask(
        shared,
        hint.addresses,
        move |id| id.0.starts_with(&hint.prefix),
        Some(hint.instance),
    );
}

impl Shared {
    /// Somebody asked us who we are, and told where it listens.
    pub(crate) fn heard_from(self: &Arc<Self>, peer: PeerId, address: SocketAddr) {
        let own = peer == self.id();
        if own || self.suggest_address(peer, address) || self.is_near_at(peer, address) {
            return;
        }
        ask(self, vec![address], move |id| id == peer, None);
    }
}

/// Asks in the background who is at `addresses`, counting only whom `is_meant` accepts.
pub(crate) fn ask(
    shared: &Arc<Shared>,
    addresses: Vec<SocketAddr>,
    is_meant: impl Fn(PeerId) -> bool + Send + Sync + 'static,
    instance: Option<String>,
) {
    let asking = Arc::clone(shared);
    let question = async move {
        let Ok(_turn) = QUESTIONS.acquire().await else {
            return;
        };
        let is_meant = Arc::new(is_meant);
        let call = |address| {
            let (shared, is_meant) = (Arc::clone(&asking), Arc::clone(&is_meant));
            async move {
                let (id, card) = client::hello(&shared, address).await?;
                if is_meant(id) {
                    Ok((id, card, address))
                } else {
                    Err(DialError::WrongComputer(address))
                }
            }
            .boxed()
        };
        match client::race(&addresses, call).await {
            // Whatever is to be said about it has been reported.
            Ok((id, card, address)) => drop(met(&asking, id, card, address, instance).await),
            Err(error) => tracing::debug!(%error, "a hint led nowhere"),
        }
    };
    let stop = shared.stop.clone();
    shared
        .tasks
        .spawn(async move { stop.run_until_cancelled(question).await });
}

/// Takes note of whoever answered at `address`.
async fn met(
    shared: &Arc<Shared>,
    peer: PeerId,
    card: Card,
    address: SocketAddr,
    instance: Option<String>,
) -> Result<Nearby, AddressError> {
    let Card {
        protocol,
        name,
        donating,
        session,
        ..
    } = card;
    if peer == shared.id() {
        if session == Some(shared.session) {
            return Err(AddressError::Own(address));
        }
        shared.met_twin(session, address, name).await;
        return Err(AddressError::SameIdentity(address));
    }
    if protocol != PROTOCOL {
        shared
            .met_other_protocol(peer, name.clone(), protocol)
            .await;
        return Err(AddressError::OtherProtocol {
            name: name.to_string(),
            theirs: protocol,
        });
    }
    let nearby = Nearby {
        peer,
        name,
        addresses: vec![address],
        donating,
    };
    if !shared.suggest_address(peer, address) && shared.note_nearby(nearby.clone(), instance) {
        shared.emit(NetEvent::Seen(nearby.clone())).await;
        shared.poke_namesakes(&nearby.name);
    }
    Ok(nearby)
}

/// Keeps a typed address and asks there now.
pub(crate) async fn ask_typed(
    shared: &Arc<Shared>,
    address: SocketAddr,
) -> Result<Nearby, AddressError> {
    shared.type_in(vec![address]);
    let asking = Arc::clone(shared);
    let call = move |address| {
        let shared = Arc::clone(&asking);
        async move {
            let (id, card) = client::hello(&shared, address).await?;
            Ok((id, card, address))
        }
        .boxed()
    };
    let (id, card, found) = client::race(&[address], call).await?;
    let met = met(shared, id, card, found, None).await;
    if let Err(AddressError::Own(_)) = met {
        shared.untype(address);
    }
    met
}

async fn ask_all_typed(shared: &Arc<Shared>) {
    loop {
        for address in shared.typed_in_doubt() {
            match ask_typed(shared, address).await {
                Err(AddressError::Own(address)) => {
                    shared.emit(NetEvent::OwnAddress { address }).await
                }
                Err(error) => tracing::debug!(%error, "nobody at a typed address"),
                Ok(_) => {}
            }
        }
        sleep(TYPED_AGAIN).await;
    }
}

async fn recheck_often(shared: &Arc<Shared>) {
    loop {
        sleep(RECHECK).await;
        recheck(shared).await;
    }
}

/// Drops those who are near no longer. Whoever comes back is found anew.
pub(crate) async fn recheck(shared: &Arc<Shared>) {
    for nearby in shared.nearby() {
        let peer = nearby.peer;
        let asked = Arc::clone(shared);
        let call = move |address| {
            let shared = Arc::clone(&asked);
            async move {
                let (id, _) = client::hello(&shared, address).await?;
                if id == peer {
                    Ok(())
                } else {
                    Err(DialError::WrongComputer(address))
                }
            }
            .boxed()
        };
        let gone = match client::race(&nearby.addresses, call).await {
            // Whoever refuses is there.
            Ok(()) | Err(DialError::Refused(_) | DialError::Own(_)) => false,
            Err(_) => shared.drop_nearby(peer),
        };
        if gone {
            shared.emit(NetEvent::Unseen { peer }).await;
        }
    }
}
