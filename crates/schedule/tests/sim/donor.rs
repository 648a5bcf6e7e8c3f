//! A computer in the simulation: it takes leases, encodes as many at once as it has seats, and misbehaves
//! when told to.

use std::collections::{BTreeSet, VecDeque};

use schedule::{EncoderId, LeaseId, Offer, PeerId};

/// What is wrong with a computer at the moment.
#[derive(Clone, Debug, Default)]
pub struct Habits {
    /// Results that are not what was asked for.
    pub corrupts: bool,
    /// Encoders that end with an error.
    pub crashes: bool,
    /// "Not now": no room on its disk.
    pub declines: bool,
    /// Nothing is heard of it, and it hears nothing.
    pub cut_off: bool,
    /// It stands still, and goes on where it was when it wakes.
    pub asleep: bool,
    /// So many in a hundred of its messages are lost,
    pub loses: u8,
    /// or come twice,
    pub doubles: u8,
    /// or minutes late.
    pub delays: u8,
}

/// A computer.
#[derive(Clone, Debug)]
pub struct Donor {
    pub id: PeerId,
    pub is_self: bool,
    pub here: bool,
    /// What it says it can do.
    pub offers: Vec<Offer>,
    /// What it really does, as a factor of that.
    pub truth: f64,
    /// How long a source or a result travels, in milliseconds.
    pub travel: u64,
    pub habits: Habits,
    /// Sources that are here and wait for a seat.
    pub queue: VecDeque<LeaseId>,
    pub encoding: BTreeSet<LeaseId>,
}

impl Donor {
    pub fn new(number: u8, is_self: bool, offers: Vec<Offer>) -> Self {
        Self {
            id: peer(u16::from(number)),
            is_self,
            here: false,
            offers,
            truth: 1.0,
            travel: if is_self { 0 } else { 200 },
            habits: Habits::default(),
            queue: VecDeque::new(),
            encoding: BTreeSet::new(),
        }
    }

    pub fn seats(&self) -> u32 {
        self.offers
            .iter()
            .map(|offer| offer.seats)
            .max()
            .unwrap_or(0)
    }

    /// Work a second of one seat.
    pub fn seat_speed(&self, encoder: EncoderId) -> f64 {
        let offer = self.offers.iter().find(|offer| offer.encoder == encoder);
        offer.map_or(1.0, |offer| {
            offer.speed * self.truth / f64::from(offer.seats)
        })
    }

    /// Forgets a lease; true if that freed a seat.
    pub fn drop_lease(&mut self, lease: LeaseId) {
        self.queue.retain(|other| *other != lease);
        self.encoding.remove(&lease);
    }
}

/// A peer id that shows its number.
pub fn peer(number: u16) -> PeerId {
    let mut id = [0; 32];
    id[2..4].copy_from_slice(&number.to_be_bytes());
    PeerId(id)
}
