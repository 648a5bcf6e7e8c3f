//! What happens to peers, and what is known of them.

use crate::config::doubled;
use crate::event::{Event, Ignored};
use crate::farm::{Farm, Handled, Then, Wake};
use crate::ids::{LeaseId, PeerId, Time};
use crate::input::Offer;
use crate::lease::{Heard, Held, Phase, Sign};
use crate::peer::{Peer, PresenceInput, StandingInput, StandingStep};
use crate::segment::Loss;

impl Farm {
    pub(super) fn peer_joined(
        &mut self,
        id: PeerId,
        is_self: bool,
        offers: &[Offer],
        now: Time,
    ) -> Handled {
        let peer = self
            .peers
            .entry(id)
            .or_insert_with(|| Peer::new(id, is_self));
        peer.is_self = is_self;
        if peer.presence.on(PresenceInput::Joined) {
            peer.not_before = now;
            peer.mishaps = 0;
        }
        peer.set_offers(offers);
        self.generation += 1;
        self.refresh(id, now);
        Ok(Then::Decide)
    }

    pub(super) fn peer_changed(
        &mut self,
        id: PeerId,
        is_self: bool,
        offers: &[Offer],
        now: Time,
    ) -> Handled {
        let peer = self.peers.get_mut(&id).ok_or(Ignored::UnknownPeer(id))?;
        peer.is_self = is_self;
        peer.set_offers(offers);
        self.generation += 1;
        self.refresh(id, now);
        Ok(Then::Decide)
    }

    pub(super) fn peer_paused(&mut self, id: PeerId, reason: String, now: Time) -> Handled {
        let peer = self.peers.get_mut(&id).ok_or(Ignored::UnknownPeer(id))?;
        if !peer.presence.on(PresenceInput::Paused(reason)) {
            return Err(Ignored::PeerSo(id));
        }
        let leases: Vec<LeaseId> = peer.leases.iter().copied().collect();
        self.generation += 1;
        for lease in leases {
            let phase = self.leases.get(lease).map(|held| held.phase);
            if matches!(phase, Some(Phase::Travelling | Phase::Queued)) {
                self.revoke(lease, Loss::Withdrawn, now);
            }
        }
        self.refresh(id, now);
        Ok(Then::Decide)
    }

    pub(super) fn peer_resumed(&mut self, id: PeerId, now: Time) -> Handled {
        let peer = self.peers.get_mut(&id).ok_or(Ignored::UnknownPeer(id))?;
        if !peer.presence.on(PresenceInput::Resumed) {
            return Err(Ignored::PeerSo(id));
        }
        peer.not_before = now;
        peer.mishaps = 0;
        self.generation += 1;
        self.refresh(id, now);
        Ok(Then::Decide)
    }

    pub(super) fn peer_left(&mut self, id: PeerId, now: Time) -> Handled {
        let peer = self.peers.get_mut(&id).ok_or(Ignored::UnknownPeer(id))?;
        if !peer.presence.on(PresenceInput::Left) {
            return Err(Ignored::PeerSo(id));
        }
        let leases: Vec<LeaseId> = peer.leases.iter().copied().collect();
        self.generation += 1;
        for lease in leases {
            let begun = match self.leases.get(lease).map(|held| held.phase) {
                Some(Phase::Encoding { .. } | Phase::Returning) => true,
                Some(Phase::Travelling | Phase::Queued | Phase::Quarantined { .. }) | None => false,
            };
            // What kills the computers that encode it must not go round the house for ever.
            let loss = if begun {
                Loss::Mishap("the computer went away".to_owned())
            } else {
                Loss::Withdrawn
            };
            self.revoke(lease, loss, now);
        }
        self.refresh(id, now);
        Ok(Then::Decide)
    }

    pub(super) fn peer_withdrawn(&mut self, id: PeerId, now: Time) -> Handled {
        let peer = self.peers.get_mut(&id).ok_or(Ignored::UnknownPeer(id))?;
        peer.set_offers(&[]);
        let leases: Vec<LeaseId> = peer.leases.iter().copied().collect();
        self.generation += 1;
        for lease in leases {
            self.revoke(lease, Loss::Withdrawn, now);
        }
        self.refresh(id, now);
        Ok(Then::Decide)
    }

    pub(super) fn wake_peer(&mut self, id: PeerId, now: Time) {
        let Some(peer) = self.peers.get_mut(&id) else {
            return;
        };
        if peer.standing.on(StandingInput::Woken, &self.config, now) == StandingStep::OnTrial {
            self.generation += 1;
            self.events.push_back(Event::PeerTriedAgain { peer: id });
        }
        self.refresh(id, now);
    }

    /// The peer failed, through its own fault.
    pub(super) fn blame(&mut self, id: PeerId, reason: &str, now: Time) {
        let Some(peer) = self.peers.get_mut(&id) else {
            return;
        };
        let step = peer
            .standing
            .on(StandingInput::Blamed(reason.to_owned()), &self.config, now);
        if let StandingStep::SetAside { until, reason } = step {
            self.generation += 1;
            self.wakes.insert((until, Wake::Peer(id)));
            self.events.push_back(Event::PeerSetAside {
                peer: id,
                until,
                reason,
            });
        }
    }

    /// A result of the peer's was good.
    pub(super) fn praise(&mut self, id: PeerId, held: &Held, now: Time) {
        let Some(peer) = self.peers.get_mut(&id) else {
            return;
        };
        peer.segments_done = peer.segments_done.saturating_add(1);
        peer.work_done = peer.work_done.plus(held.work);
        if peer.standing.on(StandingInput::Praised, &self.config, now) == StandingStep::Cleared {
            self.generation += 1;
        }
    }

    /// Something went wrong with the peer through nobody's fault: it is left alone for a while.
    pub(super) fn leave_alone(&mut self, id: PeerId, now: Time) {
        let Some(peer) = self.peers.get_mut(&id) else {
            return;
        };
        if peer.not_before > now {
            return;
        }
        peer.not_before = now.after(doubled(
            self.config.backoff,
            peer.mishaps,
            self.config.backoff_most,
        ));
        peer.mishaps = peer.mishaps.saturating_add(1);
        self.wakes.insert((peer.not_before, Wake::Peer(id)));
    }

    /// Works out what the peer has in hand, gives free seats to what waits there for one, and notes whether
    /// it could take more. To be called whenever anything about the peer or its leases has changed.
    pub(super) fn refresh(&mut self, id: PeerId, now: Time) {
        self.seat(id, now);
        let Some(peer) = self.peers.get_mut(&id) else {
            return;
        };
        let mut hand = Hand::new(peer, now);
        for held in peer
            .leases
            .iter()
            .filter_map(|lease| self.leases.get(*lease))
        {
            hand.add(held, peer);
        }
        hand.tell(peer);
        if peer.is_open(now) {
            self.open.insert(id);
        } else {
            self.open.remove(&id);
        }
    }

    /// Free seats go to the leases that have waited longest for one.
    fn seat(&mut self, id: PeerId, now: Time) {
        let Some(peer) = self.peers.get(&id) else {
            return;
        };
        let held = || {
            peer.leases
                .iter()
                .filter_map(|lease| self.leases.get(*lease))
        };
        let mut taken = held()
            .filter(|held| matches!(held.phase, Phase::Encoding { .. }))
            .count();
        let mut seated = Vec::new();
        for held in held().filter(|held| held.phase == Phase::Queued) {
            if taken < seats(peer, held) {
                seated.push(held.lease.id);
                taken += 1;
            }
        }
        for lease in seated {
            if self.leases.on(lease, Sign::Seated, now) == Some(Heard::Moved) {
                self.leases
                    .set_deadline(lease, now.after(self.config.silence));
            }
        }
    }

    /// Whether the peer has a seat that no lease but this one takes.
    pub(super) fn has_seat_for(&self, held: &Held) -> bool {
        let Some(peer) = self.peers.get(&held.lease.peer) else {
            return false;
        };
        self.encoding_at(peer) < seats(peer, held)
    }

    pub(super) fn encoding_at(&self, peer: &Peer) -> usize {
        let held = peer
            .leases
            .iter()
            .filter_map(|lease| self.leases.get(*lease));
        held.filter(|held| matches!(held.phase, Phase::Encoding { .. }))
            .count()
    }
}

fn seats(peer: &Peer, held: &Held) -> usize {
    peer.ability(held.lease.encoder)
        .map_or(1, |ability| ability.seats as usize)
}

/// What a peer has in hand, added up lease by lease.
struct Hand {
    now: Time,
    seats: usize,
    seated: u32,
    returning: u32,
    travelling: bool,
    /// When each taken seat is expected to be free.
    ends: Vec<Time>,
    /// What waits for a seat, as the milliseconds it will take one.
    pending: Vec<std::time::Duration>,
}

impl Hand {
    fn new(peer: &Peer, now: Time) -> Self {
        let seats = peer
            .abilities
            .iter()
            .map(|ability| ability.seats as usize)
            .max()
            .unwrap_or(1);
        Self {
            now,
            seats,
            seated: 0,
            returning: 0,
            travelling: false,
            ends: Vec::new(),
            pending: Vec::new(),
        }
    }

    fn add(&mut self, held: &Held, peer: &Peer) {
        let speed = peer
            .ability(held.lease.encoder)
            .map_or(1.0, crate::peer::Ability::seat_speed);
        match held.phase {
            Phase::Encoding { .. } => self.ends.push(held.expected_end(self.now, speed, self.now)),
            Phase::Queued | Phase::Travelling => self.pending.push(held.work.at(speed)),
            Phase::Returning => self.returning += 1,
            Phase::Quarantined { .. } => {}
        }
        self.seated += u32::from(held.phase.is_seated());
        self.travelling |= held.phase == Phase::Travelling;
    }

    fn tell(mut self, peer: &mut Peer) {
        for length in std::mem::take(&mut self.pending) {
            let seat = (0..self.ends.len()).min_by_key(|seat| self.ends[*seat]);
            match seat {
                Some(seat) if self.ends.len() >= self.seats => {
                    self.ends[seat] = self.ends[seat].after(length)
                }
                Some(_) | None => self.ends.push(self.now.after(length)),
            }
        }
        let backlog: u64 = self
            .ends
            .iter()
            .map(|end| end.since(self.now).as_millis() as u64)
            .sum();
        let free = self.ends.len() < self.seats;
        peer.seated = self.seated;
        peer.returning = self.returning;
        peer.wire_taken = self.travelling;
        peer.free_at = if free {
            Time(0)
        } else {
            self.ends.iter().copied().min().unwrap_or(Time(0))
        };
        peer.drained_at = Time(
            self.now
                .0
                .saturating_add(backlog / self.seats.max(1) as u64),
        );
        peer.last_end = self.ends.iter().copied().max().unwrap_or(Time(0));
    }
}
