//! The connections of callers whom we do not know, or not yet: a few, and the newest has its place.
//!
//! A paired computer is a stranger, too, until it has shown its certificate. If the newest were refused, whoever keeps
//! every place taken would keep the paired ones out. So the oldest goes instead, of the network that holds the most
//! places; who really wants something is done in a moment.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use tokio_util::sync::CancellationToken;

use crate::link::lock;

/// The most connections of strangers, and of callers that are not yet known, at once.
pub(crate) const MAX_STRANGERS: usize = 40;

/// Who stands there, in the order of arrival.
#[derive(Default)]
pub(crate) struct Doorstep(Mutex<Standing>);

#[derive(Default)]
struct Standing {
    came: u64,
    places: Vec<Caller>,
}

struct Caller {
    number: u64,
    network: IpAddr,
    sent_away: CancellationToken,
}

/// A caller's place, free again when dropped.
pub(crate) struct Place {
    doorstep: Arc<Doorstep>,
    number: u64,
    sent_away: CancellationToken,
}

impl Place {
    /// Resolves when somebody newer needs the place.
    pub(crate) async fn sent_away(&self) {
        self.sent_away.cancelled().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let number = self.number;
        lock(&self.doorstep.0)
            .places
            .retain(|caller| caller.number != number);
    }
}

impl Doorstep {
    /// A place for a caller from `address`; where there is none, somebody is sent away.
    pub(crate) fn enter(self: &Arc<Self>, address: IpAddr) -> Place {
        let mut standing = lock(&self.0);
        while standing.places.len() >= MAX_STRANGERS {
            standing.send_one_away();
        }
        standing.came += 1;
        let (number, sent_away) = (standing.came, CancellationToken::new());
        standing.places.push(Caller {
            number,
            network: network(address),
            sent_away: sent_away.clone(),
        });
        Place {
            doorstep: Arc::clone(self),
            number,
            sent_away,
        }
    }
}

impl Standing {
    /// The oldest of those who came from where most came from.
    fn send_one_away(&mut self) {
        let mut counts: BTreeMap<IpAddr, usize> = BTreeMap::new();
        for caller in &self.places {
            *counts.entry(caller.network).or_default() += 1;
        }
        let most = counts.values().max().copied().unwrap_or(0);
        let oldest = self
            .places
            .iter()
            .position(|caller| counts.get(&caller.network) == Some(&most));
        if let Some(oldest) = oldest {
            self.places.remove(oldest).sent_away.cancel();
        }
    }
}

/// Whoever has one address of an IPv6 network has all of its last 64 bits.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => {
            let bits = u128::from(v6) >> 64 << 64;
            IpAddr::V6(bits.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn away(place: &Place) -> bool {
        place.sent_away.is_cancelled()
    }

    #[test]
    fn a_crowd_from_one_address_cannot_push_others_out() {
        let (doorstep, crowd) = (Arc::new(Doorstep::default()), [192, 0, 2, 1]);
        let guest = doorstep.enter([192, 0, 2, 9].into());
        let crowd: Vec<Place> = (0..1000).map(|_| doorstep.enter(crowd.into())).collect();
        assert!(!away(&guest));
        let left: Vec<bool> = crowd.iter().map(|place| !away(place)).collect();
        assert_eq!(left.iter().filter(|left| **left).count(), MAX_STRANGERS - 1);
        assert!(
            left.ends_with(&[true; MAX_STRANGERS - 1]),
            "the newest stay"
        );
        let newest = doorstep.enter([192, 0, 2, 10].into());
        assert!(!away(&newest) && !away(&guest));
    }

    #[test]
    fn a_place_is_free_again_when_it_is_left() {
        let doorstep = Arc::new(Doorstep::default());
        let first = doorstep.enter([192, 0, 2, 1].into());
        for _ in 0..100 {
            drop(doorstep.enter([192, 0, 2, 2].into()));
        }
        assert!(!away(&first));
    }

    #[test]
    fn the_addresses_of_an_ipv6_network_are_one_caller() {
        let doorstep = Arc::new(Doorstep::default());
        let guest = doorstep.enter("fd00:0:0:1::1".parse().unwrap());
        for last in 0..1000_u16 {
            let address = std::net::Ipv6Addr::new(0xfd00, 0, 0, 2, 0, 0, 0, last);
            std::mem::forget(doorstep.enter(address.into()));
        }
        assert!(!away(&guest));
    }
}
