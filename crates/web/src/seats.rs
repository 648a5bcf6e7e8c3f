//! Connections at once: so many and no more, and nobody who only holds some keeps others out.
//!
//! This process has files to open and programs to start, too: connections must not use up what the system gives it.
//! Where every seat is taken the oldest caller goes who has shown no right to anything, of the network that holds the
//! most such seats. Who came in with a key or from the page stays.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

/// Connections at once; a process has 1024 open files where nobody has set more, and half of them are the peers'.
const SEATS: usize = 256;

/// Who sits there, in the order of arrival.
#[derive(Default)]
pub struct Seats(Mutex<Taken>);

#[derive(Default)]
struct Taken {
    came: u64,
    callers: Vec<Caller>,
}

struct Caller {
    number: u64,
    network: IpAddr,
    /// It has shown a right to be here.
    known: bool,
    sent_away: CancellationToken,
}

/// A connection's seat, free again when dropped.
pub struct Seat {
    seats: Arc<Seats>,
    number: u64,
    sent_away: CancellationToken,
}

/// What a request knows of its connection's seat.
#[derive(Clone)]
pub struct Place {
    seats: Arc<Seats>,
    number: u64,
}

impl Seats {
    /// A seat for a caller; `None` where all are taken by callers who are known.
    pub fn take(self: &Arc<Self>, address: IpAddr) -> Option<Seat> {
        let mut taken = self.lock();
        if taken.callers.len() >= SEATS {
            taken.send_one_away()?;
        }
        taken.came += 1;
        let (number, sent_away) = (taken.came, CancellationToken::new());
        taken.callers.push(Caller {
            number,
            network: network(address),
            known: false,
            sent_away: sent_away.clone(),
        });
        Some(Seat {
            seats: Arc::clone(self),
            number,
            sent_away,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    fn send_one_away(&mut self) -> Option<()> {
        let mut counts: BTreeMap<IpAddr, usize> = BTreeMap::new();
        for caller in self.callers.iter().filter(|caller| !caller.known) {
            *counts.entry(caller.network).or_default() += 1;
        }
        let most = counts.values().max().copied()?;
        let goes = |caller: &Caller| !caller.known && counts.get(&caller.network) == Some(&most);
        let oldest = self.callers.iter().position(goes)?;
        self.callers.remove(oldest).sent_away.cancel();
        Some(())
    }
}

impl Seat {
    /// Resolves when somebody else needs it.
    pub async fn sent_away(&self) {
        self.sent_away.cancelled().await;
    }

    /// For its requests.
    pub fn place(&self) -> Place {
        Place {
            seats: Arc::clone(&self.seats),
            number: self.number,
        }
    }
}

impl Place {
    /// Who sits here has shown a right to.
    pub fn stays(&self) {
        let mut taken = self.seats.lock();
        let number = self.number;
        let own = taken.callers.iter_mut().filter(|one| one.number == number);
        own.for_each(|one| one.known = true);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let number = self.number;
        self.seats
            .lock()
            .callers
            .retain(|caller| caller.number != number);
    }
}

/// Whoever has one address of an IPv6 network has all of its last 64 bits.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.into(),
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) >> 64 << 64).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn away(seat: &Seat) -> bool {
        seat.sent_away.is_cancelled()
    }

    #[test]
    fn a_crowd_keeps_nobody_out_and_ends_nobody_who_is_known() {
        let (seats, crowd) = (Arc::new(Seats::default()), [192, 0, 2, 1]);
        let guest = seats.take([192, 0, 2, 9].into()).unwrap();
        let own = seats.take(crowd.into()).unwrap();
        own.place().stays();
        let crowd: Vec<Seat> = (0..2000)
            .map(|_| seats.take(crowd.into()).unwrap())
            .collect();
        assert!(!away(&guest) && !away(&own));
        let left = crowd.iter().filter(|seat| !away(seat)).count();
        assert_eq!(left, SEATS - 2);
        let newest = seats.take([192, 0, 2, 10].into()).unwrap();
        assert!(!away(&newest) && !away(&guest) && !away(&own));
        drop(crowd);
        assert_eq!(seats.lock().callers.len(), 3);
    }

    #[test]
    fn where_all_are_known_there_is_no_seat_for_one_more() {
        let seats = Arc::new(Seats::default());
        let all: Vec<Seat> = (0..SEATS)
            .map(|_| seats.take([127, 0, 0, 1].into()).unwrap())
            .collect();
        all.iter().for_each(|seat| seat.place().stays());
        assert!(seats.take([192, 0, 2, 1].into()).is_none());
        drop(all);
        assert!(seats.take([192, 0, 2, 1].into()).is_some());
    }

    #[test]
    fn the_addresses_of_an_ipv6_network_are_one_caller() {
        let at = |text: &str| network(text.parse().unwrap());
        assert_eq!(at("fd00:0:0:1::1"), at("fd00::1:ffff:0:0:2"));
        assert_ne!(at("fd00:0:0:1::1"), at("fd00:0:0:2::1"));
        assert_eq!(at("::ffff:192.0.2.1"), at("192.0.2.1"));
    }
}
