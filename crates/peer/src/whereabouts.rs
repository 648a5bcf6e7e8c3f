//! Where everybody is, as far as is known: addresses of the paired, hints, and who is near.
//!
//! Everything here is a guess about where to knock, bounded in number. Nothing is a proof.

use std::net::SocketAddr;

use crate::discovery::Hint;
use crate::ids::PeerId;
use crate::interfaces;
use crate::link::{Link, lock};
use crate::net::Nearby;
use crate::proto::Name;
use crate::shared::{Known, MAX_ADDRESSES, Shared};

/// The most computers that can be near, or hinted at, without being paired.
const MAX_NEARBY: usize = 256;

impl Shared {
    /// Where to look for a paired computer, likeliest first.
    pub(crate) fn addresses_of(&self, peer: PeerId) -> Vec<SocketAddr> {
        let state = lock(&self.state);
        let mut addresses = state
            .paired
            .get(&peer)
            .map(|known| known.addresses.clone())
            .unwrap_or_default();
        let hints = state
            .hints
            .values()
            .filter(|hint| peer.0.starts_with(&hint.prefix));
        for address in hints.flat_map(|hint| &hint.addresses) {
            // Every hint of a moved computer comes before its addresses of yesterday, except the
            // one that was good last.
            if !addresses.contains(address) {
                addresses.insert(addresses.len().min(1), *address);
            }
        }
        addresses.truncate(2 * MAX_ADDRESSES);
        addresses
    }

    /// The mDNS instances that claim to be `peer`.
    pub(crate) fn instances_of(&self, peer: PeerId) -> Vec<String> {
        let state = lock(&self.state);
        let hints = state
            .hints
            .values()
            .filter(|hint| peer.0.starts_with(&hint.prefix));
        hints.map(|hint| hint.instance.clone()).collect()
    }

    /// Remembers where a paired computer is, the newest first. Returns all that is known.
    pub(crate) fn prefer_address(
        &self,
        peer: PeerId,
        name: &Name,
        address: SocketAddr,
    ) -> Vec<SocketAddr> {
        let mut state = lock(&self.state);
        let Some(known) = state.paired.get_mut(&peer) else {
            return vec![address];
        };
        known.name = name.clone();
        known.prefer(address);
        known.addresses.clone()
    }

    /// Somebody near who calls itself as the paired `peer` does, where that does not answer: the same computer,
    /// perhaps, with another certificate.
    pub(crate) fn namesake(&self, peer: PeerId) -> Option<Nearby> {
        let state = lock(&self.state);
        let known = state.paired.get(&peer).filter(|known| known.missed)?;
        let mut near = state.nearby.values().map(|(nearby, _)| nearby);
        near.find(|nearby| is_namesake(known, &nearby.name))
            .cloned()
    }

    /// Notes that a paired computer did not answer.
    pub(crate) fn miss(&self, peer: PeerId) {
        if let Some(known) = lock(&self.state).paired.get_mut(&peer) {
            known.missed = true;
        }
    }

    /// Somebody near is called as paired computers are: those that are not connected are called now.
    pub(crate) fn poke_namesakes(&self, name: &Name) {
        let state = lock(&self.state);
        let away = state
            .paired
            .iter()
            .filter(|(id, known)| is_namesake(known, name) && !state.links.contains_key(id));
        away.for_each(|(_, known)| known.poke.notify_one());
    }

    /// Adds an address where a paired computer may be, and lets it be tried. `false` if not paired.
    pub(crate) fn suggest_address(&self, peer: PeerId, address: SocketAddr) -> bool {
        let mut state = lock(&self.state);
        let Some(known) = state.paired.get_mut(&peer) else {
            return false;
        };
        if !known.addresses.contains(&address) {
            known
                .addresses
                .insert(known.addresses.len().min(1), address);
            known.addresses.truncate(MAX_ADDRESSES);
            known.poke.notify_one();
        }
        true
    }

    /// Keeps a hint. Tells whether it is news, and whether it is about somebody paired, who is then
    /// tried there.
    pub(crate) fn note_hint(&self, hint: &Hint) -> (bool, bool) {
        let mut state = lock(&self.state);
        let news = state.hints.get(&hint.instance) != Some(hint);
        if news && (state.hints.len() < MAX_NEARBY || state.hints.contains_key(&hint.instance)) {
            state.hints.insert(hint.instance.clone(), hint.clone());
        }
        // Somebody who called before it was announced.
        let called = state
            .nearby
            .iter_mut()
            .filter(|(id, _)| id.0.starts_with(&hint.prefix));
        for (_, (_, instance)) in called {
            instance.get_or_insert_with(|| hint.instance.clone());
        }
        let paired = state
            .paired
            .iter()
            .find(|(id, _)| id.0.starts_with(&hint.prefix));
        if let (true, Some((_, known))) = (news, &paired) {
            known.poke.notify_one();
        }
        (news, paired.is_some())
    }

    /// Drops a hint, and whoever was near only by it.
    pub(crate) fn drop_hint(&self, instance: &str) -> Option<PeerId> {
        let mut state = lock(&self.state);
        state.hints.remove(instance);
        let gone = state
            .nearby
            .iter()
            .find(|(_, (_, by))| by.as_deref() == Some(instance))
            .map(|(id, _)| *id)?;
        state.nearby.remove(&gone);
        Some(gone)
    }

    pub(crate) fn nearby(&self) -> Vec<Nearby> {
        lock(&self.state)
            .nearby
            .values()
            .map(|(nearby, _)| nearby.clone())
            .collect()
    }

    /// Drops somebody who is near no longer, with every hint, so that the next one is news.
    /// `false` if it was not near.
    pub(crate) fn drop_nearby(&self, peer: PeerId) -> bool {
        let mut state = lock(&self.state);
        state
            .hints
            .retain(|_, hint| !peer.0.starts_with(&hint.prefix));
        state.nearby.remove(&peer).is_some()
    }

    pub(crate) fn is_near_at(&self, peer: PeerId, address: SocketAddr) -> bool {
        let state = lock(&self.state);
        state
            .nearby
            .get(&peer)
            .is_some_and(|(nearby, _)| nearby.addresses.contains(&address))
    }

    /// Keeps somebody who is near. Tells whether that is news.
    pub(crate) fn note_nearby(&self, mut nearby: Nearby, instance: Option<String>) -> bool {
        let mut state = lock(&self.state);
        let known = state.nearby.get(&nearby.peer);
        if known.is_none() && state.nearby.len() >= MAX_NEARBY {
            return false;
        }
        let instance = instance.or_else(|| known.and_then(|(_, by)| by.clone()));
        let before = known
            .map(|(known, _)| known.addresses.clone())
            .unwrap_or_default();
        nearby.addresses.extend(before);
        nearby.addresses = interfaces::in_order(nearby.addresses, &interfaces::all());
        nearby.addresses.truncate(MAX_ADDRESSES);
        let news = known.is_none_or(|(known, _)| *known != nearby);
        state.nearby.insert(nearby.peer, (nearby, instance));
        news
    }

    pub(crate) fn type_in(&self, addresses: Vec<SocketAddr>) {
        lock(&self.state).typed.extend(addresses);
    }

    pub(crate) fn untype(&self, address: SocketAddr) {
        lock(&self.state).typed.remove(&address);
    }

    /// The typed addresses at which nobody is connected.
    pub(crate) fn typed_in_doubt(&self) -> Vec<SocketAddr> {
        let state = lock(&self.state);
        let connected = |address: &SocketAddr| {
            let known = |link: &Link| {
                state
                    .paired
                    .get(&link.peer())
                    .is_some_and(|k| k.addresses.iter().any(|at| is_same(*at, *address)))
            };
            state
                .links
                .values()
                .any(|link| is_same(link.address(), *address) || known(link))
        };
        state
            .typed
            .iter()
            .filter(|address| !connected(address))
            .copied()
            .collect()
    }
}

fn is_namesake(known: &Known, name: &Name) -> bool {
    !name.is_empty() && known.name == *name
}

/// Whether a typed address is this one. A link-local one may have been typed without the interface it is reached by.
fn is_same(address: SocketAddr, typed: SocketAddr) -> bool {
    let anywhere = matches!(typed, SocketAddr::V6(v6) if v6.scope_id() == 0);
    address == typed || (anywhere && address.ip() == typed.ip() && address.port() == typed.port())
}
