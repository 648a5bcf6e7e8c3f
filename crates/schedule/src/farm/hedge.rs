//! Which straggler's segment is also given to another.
//!
//! When all of a job is in somebody's hands, an idle peer that would clearly be through sooner gets a
//! duplicate of the segment that is expected to end last. The first verified result wins.

use crate::event::Event;
use crate::farm::Farm;
use crate::ids::{JobId, PeerId, SegmentIndex, Time, Work};
use crate::job::{Job, Muscle};
use crate::lease::{Held, Phase};
use crate::place::{Place, is_worth};
use crate::segment::{Segment, SegmentState};

/// A segment in the hands of one peer.
#[derive(Clone, Copy, Debug)]
struct Straggler {
    end: Time,
    segment: SegmentIndex,
    work: Work,
    peer: PeerId,
}

impl Farm {
    /// Compares the idle with the stragglers, no more often than `rethink`.
    pub(super) fn hedge(&mut self, mut idle: Vec<PeerId>, now: Time) {
        if idle.is_empty() || self.leases.next_deadline().is_none() || self.rethink_at.is_some() {
            return;
        }
        self.rethink_soon(now);
        let mut cursor = None;
        while let Some((order, id)) = self.next_in_queue(cursor) {
            cursor = Some(order);
            if idle.is_empty() {
                return;
            }
            let open = self
                .jobs
                .get(&id)
                .is_some_and(|job| job.state.is_open() && job.is_given_out());
            if open {
                self.hedge_job(id, &mut idle, now);
            }
        }
    }

    fn hedge_job(&mut self, id: JobId, idle: &mut Vec<PeerId>, now: Time) {
        let muscle = self.muscle(id, now);
        let Some(job) = self.jobs.get(&id) else {
            return;
        };
        let mut places = self.places(job, &muscle, idle);
        // Only a peer with a seat to spare is idle; one that could merely queue it is not.
        places.retain(|place| place.free_at <= now);
        places.sort_by(|a, b| {
            b.seat_speed
                .total_cmp(&a.seat_speed)
                .then(a.peer.cmp(&b.peer))
        });
        let mut stragglers = self.stragglers(job, now);
        stragglers.sort_by_key(|straggler| (std::cmp::Reverse(straggler.end), straggler.segment));
        for straggler in stragglers {
            let Some(job) = self.jobs.get(&id) else {
                return;
            };
            let Some(segment) = job.segments.get(&straggler.segment) else {
                continue;
            };
            let Some(at) = places
                .iter()
                .position(|place| is_fit(place, segment, &straggler))
            else {
                continue;
            };
            if !self.wins_clearly(&places[at], &straggler, now)
                || self.is_outrun(job, &muscle, &places[at], &straggler, now)
            {
                continue;
            }
            let Place { peer, encoder, .. } = places.remove(at);
            idle.retain(|other| *other != peer);
            self.grant(id, straggler.segment, (peer, encoder), true, now);
            let (segment, slow) = (straggler.segment, straggler.peer);
            self.events.push_back(Event::Hedged {
                job: id,
                segment,
                slow,
                fast: peer,
            });
        }
    }

    /// The segments that one peer alone has, and has not encoded yet.
    fn stragglers(&self, job: &Job, now: Time) -> Vec<Straggler> {
        let held = job
            .leases
            .iter()
            .filter_map(|lease| self.leases.get(*lease));
        let held = held.filter(|held| held.phase.is_seated());
        let alone = held.filter(|held| {
            let state = job
                .segments
                .get(&held.lease.segment)
                .map(|segment| &segment.state);
            matches!(state, Some(SegmentState::Leased { hedge: None, .. }))
        });
        alone.map(|held| self.straggler(held, now)).collect()
    }

    fn straggler(&self, held: &Held, now: Time) -> Straggler {
        Straggler {
            end: self.expected_end(held, now),
            segment: held.lease.segment,
            work: held.work,
            peer: held.lease.peer,
        }
    }

    /// When a lease is expected to be encoded.
    pub(super) fn expected_end(&self, held: &Held, now: Time) -> Time {
        let Some(peer) = self.peers.get(&held.lease.peer) else {
            return now;
        };
        let speed = peer
            .ability(held.lease.encoder)
            .map_or(1.0, crate::peer::Ability::seat_speed);
        match held.phase {
            // What waits there is through when all is.
            Phase::Travelling | Phase::Queued => peer.last_end.max(now),
            Phase::Encoding { .. } | Phase::Returning | Phase::Quarantined { .. } => {
                held.expected_end(now, speed, now)
            }
        }
    }

    /// Whether somebody who is busy now would do it sooner all the same.
    fn is_outrun(
        &self,
        job: &Job,
        muscle: &Muscle,
        place: &Place,
        straggler: &Straggler,
        now: Time,
    ) -> bool {
        let others = |peer: &PeerId| *peer != place.peer && *peer != straggler.peer;
        let rivals = self
            .rivals(job, muscle, now)
            .filter(|(peer, _)| others(peer))
            .map(|(_, rival)| rival);
        let end = place.finish(straggler.work, now);
        !is_worth(end, straggler.work, straggler.work, rivals, now)
    }

    fn wins_clearly(&self, place: &Place, straggler: &Straggler, now: Time) -> bool {
        let needs = straggler.work.at(place.seat_speed);
        let left = straggler.end.since(now);
        needs.as_secs_f64() <= left.as_secs_f64() * self.config.hedge_share
            && left.saturating_sub(needs) >= self.config.hedge_saves
    }
}

fn is_fit(place: &Place, segment: &Segment, straggler: &Straggler) -> bool {
    place.peer != straggler.peer && segment.doubts((place.peer, place.encoder)) == 0
}
