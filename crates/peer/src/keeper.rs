//! Keeping up a link to each paired computer: one task for each, that dials whenever there is none.
//!
//! The other side does the same. Pauses grow from one second to a minute while nobody answers, and
//! end early when there is news of where the computer is.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::client::{self, DialError};
use crate::ids::PeerId;
use crate::net::NetEvent;
use crate::proto::{Name, PROTOCOL, RefusalCode};
use crate::shared::Shared;

/// The pause after the first failure.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The pause before news is acted on: it comes in bursts.
const SETTLE: Duration = Duration::from_millis(300);

/// A link that lived this long was no failure.
const GOOD_LINK: Duration = Duration::from_secs(10);

/// Dials `peer` whenever it is not connected, until `stop`.
pub(crate) async fn keep(
    shared: Arc<Shared>,
    peer: PeerId,
    poke: Arc<Notify>,
    stop: CancellationToken,
) {
    let mut pause = FIRST_PAUSE;
    let keeping = async {
        loop {
            if shared.link(peer).is_some() {
                pause = FIRST_PAUSE;
                poke.notified().await;
                continue;
            }
            let begun = Instant::now();
            dial(&shared, peer).await;
            if begun.elapsed() > GOOD_LINK && shared.link(peer).is_none() {
                pause = FIRST_PAUSE;
            }
            // Without jitter two computers that lost each other would go on colliding.
            let jitter = pause.mul_f64(0.5 + rand::random::<f64>() / 2.0);
            tokio::select! {
                () = sleep(jitter) => pause = (pause * 2).min(LONGEST_PAUSE),
                () = async { poke.notified().await; sleep(SETTLE).await } => {}
            }
        }
    };
    stop.run_until_cancelled(keeping).await;
}

/// One attempt, and if it succeeds the whole life of the link.
async fn dial(shared: &Arc<Shared>, peer: PeerId) {
    let addresses = shared.addresses_of(peer);
    let reached = client::reach(&shared.identity, peer, &addresses).await;
    let opened = match reached {
        // Somebody was faster.
        Ok(_) if shared.link(peer).is_some() => return,
        Ok(reached) => client::open_link(reached).await,
        Err(error) => Err(error),
    };
    match opened {
        Ok((wire, address)) => {
            let shared = Arc::clone(shared);
            let living = async move { shared.establish(wire, peer, true, address).await };
            // On its own, so that the link outlives this task by its goodbye.
            let _ = tokio::spawn(living).await;
        }
        Err(error) => explain(shared, peer, error).await,
    }
}

/// Finds out what a failure means, and says so where somebody can do something about it.
async fn explain(shared: &Arc<Shared>, peer: PeerId, error: DialError) {
    tracing::debug!(peer = %peer.short(), %error, "could not connect");
    shared.miss(peer);
    if let Some(nearby) = shared.namesake(peer)
        && let Some(address) = nearby.addresses.first()
    {
        warn_of(shared, peer, nearby.name, nearby.peer, *address).await;
    }
    match error {
        // Said by the computer itself, under its own certificate.
        DialError::Refused(RefusalCode::NotPaired) => {
            shared.forget(peer, true).await;
        }
        DialError::Refused(RefusalCode::Protocol) => ask_version(shared, peer).await,
        DialError::WrongComputer(address) => {
            if let Ok((presented, card)) = client::hello(shared, address).await {
                let name = shared.paired_name(peer).filter(|name| *name == card.name);
                let stranger = presented != shared.id() && !shared.is_paired(presented);
                if let (Some(name), true) = (name, stranger) {
                    warn_of(shared, peer, name, presented, address).await;
                }
            }
        }
        DialError::Unreachable(_) => doubt(shared, peer).await,
        DialError::NoAddress
        | DialError::Refused(_)
        | DialError::NotManyhands(_)
        | DialError::Own(_) => {}
    }
}

/// Says that `presented` is where, or is called as, the paired `peer`: once, until that is back.
async fn warn_of(
    shared: &Shared,
    peer: PeerId,
    name: Name,
    presented: PeerId,
    address: SocketAddr,
) {
    let event = NetEvent::ChangedIdentity {
        peer,
        name,
        presented,
        address,
    };
    shared.emit_once(peer, presented, event).await;
}

async fn ask_version(shared: &Arc<Shared>, peer: PeerId) {
    for address in shared.addresses_of(peer) {
        match client::hello(shared, address).await {
            Ok((id, card)) if id == peer && card.protocol != PROTOCOL => {
                return shared
                    .met_other_protocol(peer, card.name, card.protocol)
                    .await;
            }
            _ => {}
        }
    }
}

/// Lets mDNS check what it still believes about a computer that does not answer.
async fn doubt(shared: &Arc<Shared>, peer: PeerId) {
    if let Some(discovery) = &*shared.discovery.lock().await {
        for instance in shared.instances_of(peer) {
            discovery.verify(instance);
        }
    }
}
