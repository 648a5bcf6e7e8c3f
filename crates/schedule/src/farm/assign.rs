//! Which segment goes where now.
//!
//! Only peers with room are looked at; while much is left to do those are the few that have just finished
//! something, so a decision costs little however large the farm is. Jobs are served in the order they came;
//! what one has no use for goes to the next.

use std::collections::BTreeSet;
use std::ops::Bound::{Excluded, Unbounded};
use std::time::Duration;

use crate::action::Action;
use crate::config::FarmConfig;
use crate::farm::{Farm, Wake};
use crate::ids::{JobId, PeerId, SegmentIndex, Time, Work};
use crate::job::{Cutting, Job, JobInput, JobState, Muscle};
use crate::peer::{Ability, Peer};
use crate::place::{Place, Rival, is_worth, soonest};
use crate::segment::Segment;
use crate::size::{Share, common_end, is_far, target};

/// So many segments that not every peer may have equally well are looked at in one turn.
const PARTICULAR_MOST: usize = 256;

impl Farm {
    /// A job at the head of the queue that nobody can do any more waits for peers; the others need not know.
    pub(super) fn check_lacks(&mut self, now: Time) {
        let mut cursor = None;
        while let Some((order, id)) = self.next_in_queue(cursor) {
            cursor = Some(order);
            let Some(job) = self.jobs.get(&id) else {
                continue;
            };
            if !job.state.is_open() || !job.leases.is_empty() {
                if job.state.is_open() {
                    return;
                } else {
                    continue;
                }
            }
            if self.muscle(id, now).able > 0 {
                return;
            }
            self.lacks(id, 0, now);
        }
    }

    /// Gives out what can be given. Returns the peers that could take more and got nothing.
    pub(super) fn assign(&mut self, now: Time) -> Vec<PeerId> {
        if self.awaits_the_cutter() {
            return Vec::new();
        }
        let mut free: Vec<PeerId> = self.open.iter().copied().collect();
        let (mut cursor, mut ahead) = (None, Work(0));
        while let Some((order, id)) = self.next_in_queue(cursor) {
            if free.is_empty() {
                break;
            }
            cursor = Some(order);
            self.assign_job(id, &mut free, ahead, now);
            // What this one keeps back for faster peers is done by them before anything of those behind it.
            let open = self.jobs.get(&id).filter(|job| job.state.is_open());
            ahead = ahead.plus(open.and_then(Job::unassigned).unwrap_or(Work(0)));
        }
        free
    }

    /// Whether there is one job alone and everybody waits for its next segment to be cut: with a thousand
    /// peers it is worth not looking at them all to find that out.
    fn awaits_the_cutter(&self) -> bool {
        let mut jobs = self.queue.values().filter_map(|id| self.jobs.get(id));
        let only = jobs.next().filter(|_| self.queue.len() == 1);
        only.is_some_and(|job| {
            job.cutting == Cutting::Asked && job.fresh.is_empty() && job.again.is_empty()
        })
    }

    pub(super) fn next_in_queue(&self, after: Option<u64>) -> Option<(u64, JobId)> {
        let from = after.map_or(Unbounded, Excluded);
        self.queue
            .range((from, Unbounded))
            .next()
            .map(|(order, id)| (*order, *id))
    }

    /// `ahead`: what the jobs before it in the queue keep back.
    fn assign_job(&mut self, id: JobId, free: &mut Vec<PeerId>, ahead: Work, now: Time) {
        let muscle = self.muscle(id, now);
        let Some(job) = self.jobs.get(&id) else {
            return;
        };
        if let JobState::WaitingForPeers { wanted, .. } = job.state
            && muscle.able > 0
            && muscle.others >= wanted
        {
            self.suffices(id, now);
        }
        let Some(job) = self.jobs.get(&id) else {
            return;
        };
        if !job.state.is_open() || muscle.able == 0 {
            return;
        }
        let mut places = self.places(job, &muscle, free);
        if places.is_empty() {
            return;
        }
        self.assign_particular(id, &muscle, &mut places, now);
        self.assign_fresh(id, &muscle, &mut places, ahead, now);
        let claimed = if self.has_more_soon(id, now) {
            places
        } else {
            Vec::new()
        };
        let claimed: BTreeSet<PeerId> = claimed.iter().map(|place| place.peer).collect();
        free.retain(|peer| self.open.contains(peer) && !claimed.contains(peer));
    }

    /// Whether the job will have work for idle peers in a moment, so that the next job leaves them alone.
    fn has_more_soon(&self, id: JobId, now: Time) -> bool {
        self.jobs.get(&id).is_some_and(|job| match job.cutting {
            Cutting::Asked => true,
            Cutting::Stalled { since } => now.since(since) < self.config.plan_patience,
            Cutting::Ready | Cutting::Finished => false,
        })
    }

    /// Where there is room for this job among the `free`.
    pub(super) fn places(&self, job: &Job, muscle: &Muscle, free: &[PeerId]) -> Vec<Place> {
        let peers = free.iter().filter_map(|id| self.peers.get(id));
        peers
            .filter_map(|peer| self.place_at(job, muscle, peer))
            .collect()
    }

    /// Gives out the segments that anybody may have, and has more cut while there is room.
    fn assign_fresh(
        &mut self,
        id: JobId,
        muscle: &Muscle,
        places: &mut Vec<Place>,
        ahead: Work,
        now: Time,
    ) {
        while let Some(job) = self.jobs.get(&id) {
            let first = job.fresh.first().and_then(|index| job.segments.get(index));
            let (work, segment) = match first {
                Some(segment) => (segment.work, Some(segment.index)),
                None if job.cutting == Cutting::Ready => {
                    (self.next_size(job, muscle, places, now), None)
                }
                None => return,
            };
            let Some(at) = soonest(places, work, now) else {
                return;
            };
            if !self.is_well_placed(job, muscle, &places[at], work, ahead, now) {
                return;
            }
            let Some(index) = segment else {
                self.ask_for_more(id, work, now);
                return;
            };
            let Place { peer, encoder, .. } = places[at];
            self.grant(id, index, (peer, encoder), false, now);
            self.look_again(id, muscle, places, at);
        }
    }

    /// How large the next segment should be for the place that would be through with a normal one first.
    fn next_size(&self, job: &Job, muscle: &Muscle, places: &[Place], now: Time) -> Work {
        let (normal, min) = self.sizes(job.id);
        let Some(at) = soonest(places, normal, now) else {
            return normal;
        };
        let Place {
            seat_speed,
            free_at,
            burden,
            ..
        } = places[at];
        let Some(left) = job.uncut else { return normal };
        if is_far(job.uncut, seat_speed, muscle.speed, normal) {
            return normal;
        }
        let able = self
            .peers
            .values()
            .filter(|peer| Self::may_have(job, muscle, peer));
        let shares: Vec<Share> = able
            .filter_map(|peer| {
                let drained_at = peer
                    .drained_at
                    .max(now)
                    .after(self.burden(job, muscle, peer));
                peer.best(&job.needs).map(|best| Share {
                    speed: best.speed,
                    drained_at,
                })
            })
            .collect();
        let end = common_end(&shares, left.plus(job.waiting), now);
        let begin = free_at.max(now).after(burden);
        let own = end.since(begin).as_secs_f64() * seat_speed;
        target(left, Work(own as u64), normal, min)
    }

    /// How large a job's segments are while much is left, and at least.
    pub(super) fn sizes(&self, id: JobId) -> (Work, Work) {
        let FarmConfig { normal, min, .. } = self.config;
        self.sizes.get(&id).copied().unwrap_or((normal, min))
    }

    fn ask_for_more(&mut self, id: JobId, target: Work, now: Time) {
        if let Some(job) = self.jobs.get_mut(&id) {
            job.cutting = Cutting::Asked;
            self.move_job(id, JobInput::Starts, now);
            self.actions.push_back(Action::Plan { job: id, target });
        }
    }

    /// Whether nobody else would be through with all that is left, and with what is kept back before it in the queue,
    /// before this place is with this segment.
    fn is_well_placed(
        &self,
        job: &Job,
        muscle: &Muscle,
        place: &Place,
        work: Work,
        ahead: Work,
        now: Time,
    ) -> bool {
        let Some(unassigned) = job.unassigned().map(|work| work.plus(ahead)) else {
            return true;
        };
        let end = place.finish(work, now);
        if end.since(now).as_secs_f64() * muscle.speed <= unassigned.0 as f64 {
            return true;
        }
        let rivals = self.rivals(job, muscle, now);
        let rivals = rivals.filter(|(peer, _)| *peer != place.peer);
        is_worth(end, work, unassigned, rivals.map(|(_, rival)| rival), now)
    }

    /// The peers that could be given this job's work now or when they are through with what they have.
    pub(super) fn rivals(
        &self,
        job: &Job,
        muscle: &Muscle,
        now: Time,
    ) -> impl Iterator<Item = (PeerId, Rival)> {
        let able = self.available(job, muscle, now);
        able.filter_map(move |peer| {
            let burden = self.burden(job, muscle, peer);
            Some((peer.id, rival(peer, peer.best(&job.needs)?, burden, now)))
        })
    }

    /// The peers that may have this job's work and are not left alone.
    fn available(&self, job: &Job, muscle: &Muscle, now: Time) -> impl Iterator<Item = &Peer> {
        let peers = self.peers.values();
        peers.filter(move |peer| peer.not_before <= now && Self::may_have(job, muscle, peer))
    }

    /// Gives out the segments that some peer has failed at, to others if there are any.
    fn assign_particular(
        &mut self,
        id: JobId,
        muscle: &Muscle,
        places: &mut Vec<Place>,
        now: Time,
    ) {
        let Some(job) = self.jobs.get(&id) else {
            return;
        };
        let indexes: Vec<SegmentIndex> = job.again.iter().copied().take(PARTICULAR_MOST).collect();
        for index in indexes {
            let Some(job) = self.jobs.get(&id) else {
                return;
            };
            let Some(segment) = job.segments.get(&index) else {
                continue;
            };
            let Some(doubts) = self.fewest_doubts(job, muscle, segment, now) else {
                return;
            };
            let fit: Vec<Place> = places
                .iter()
                .filter_map(|place| self.peers.get(&place.peer))
                .filter_map(|peer| self.place_with_doubts(job, muscle, segment, peer, doubts))
                .collect();
            let Some(at) = soonest(&fit, segment.work, now) else {
                continue;
            };
            let Place { peer, encoder, .. } = fit[at];
            if !self.is_best_for(job, muscle, segment, &fit[at], doubts, now) {
                continue;
            }
            self.grant(id, index, (peer, encoder), false, now);
            if let Some(at) = places.iter().position(|place| place.peer == peer) {
                self.look_again(id, muscle, places, at);
            }
        }
    }

    /// The fewest doubts about this segment that any peer raises which is there and not left alone.
    fn fewest_doubts(
        &self,
        job: &Job,
        muscle: &Muscle,
        segment: &Segment,
        now: Time,
    ) -> Option<u8> {
        let doubts = self.available(job, muscle, now).flat_map(|peer| {
            peer.fitting(&job.needs)
                .map(|ability| segment.doubts((peer.id, ability.encoder)))
        });
        doubts.min()
    }

    /// Whether no peer with as few doubts would be through with this one segment sooner.
    fn is_best_for(
        &self,
        job: &Job,
        muscle: &Muscle,
        segment: &Segment,
        place: &Place,
        doubts: u8,
        now: Time,
    ) -> bool {
        let rivals = self.available(job, muscle, now);
        let rivals = rivals.filter(|peer| peer.id != place.peer);
        let rivals = rivals.filter_map(|peer| {
            let burden = self.burden(job, muscle, peer);
            least_doubtful(job, segment, peer, doubts)
                .map(|ability| rival(peer, ability, burden, now))
        });
        is_worth(
            place.finish(segment.work, now),
            segment.work,
            segment.work,
            rivals,
            now,
        )
    }

    /// Brings the place at a peer that has just got something up to date, or strikes it out.
    fn look_again(&self, id: JobId, muscle: &Muscle, places: &mut Vec<Place>, at: usize) {
        let job = self.jobs.get(&id);
        let peer = self
            .peers
            .get(&places[at].peer)
            .filter(|peer| self.open.contains(&peer.id));
        match job
            .zip(peer)
            .and_then(|(job, peer)| self.place_at(job, muscle, peer))
        {
            Some(place) => places[at] = place,
            None => drop(places.swap_remove(at)),
        }
    }

    /// The room for this job at a peer, with the encoder it is fastest with.
    fn place_at(&self, job: &Job, muscle: &Muscle, peer: &Peer) -> Option<Place> {
        let best = peer.best(&job.needs).filter(|best| peer.has_room(best))?;
        let burden = self.burden(job, muscle, peer);
        Farm::may_have(job, muscle, peer).then(|| place(peer, best, burden))
    }

    fn place_with_doubts(
        &self,
        job: &Job,
        muscle: &Muscle,
        segment: &Segment,
        peer: &Peer,
        doubts: u8,
    ) -> Option<Place> {
        let ability = least_doubtful(job, segment, peer, doubts)?;
        let burden = self.burden(job, muscle, peer);
        peer.has_room(ability).then(|| place(peer, ability, burden))
    }

    /// Sees to it that stragglers and idle peers are compared again before long.
    pub(super) fn rethink_soon(&mut self, now: Time) {
        if self.rethink_at.is_none() {
            let at = now.after(self.config.rethink);
            self.rethink_at = Some(at);
            self.wakes.insert((at, Wake::Rethink));
        }
    }
}

fn rival(peer: &Peer, ability: &Ability, burden: Duration, now: Time) -> Rival {
    let but_for = |time: Time| {
        if burden.is_zero() {
            time
        } else {
            time.max(now).after(burden)
        }
    };
    Rival {
        seat_speed: ability.seat_speed(),
        speed: ability.speed,
        free_at: but_for(peer.free_at),
        drained_at: but_for(peer.drained_at),
    }
}

fn place(peer: &Peer, ability: &Ability, burden: Duration) -> Place {
    let (encoder, seat_speed) = (ability.encoder, ability.seat_speed());
    Place {
        peer: peer.id,
        encoder,
        seat_speed,
        free_at: peer.free_at,
        burden,
    }
}

/// The fastest ability of a peer that raises just so many doubts.
fn least_doubtful<'a>(
    job: &'a Job,
    segment: &Segment,
    peer: &'a Peer,
    doubts: u8,
) -> Option<&'a Ability> {
    peer.fitting(&job.needs)
        .filter(|ability| segment.doubts((peer.id, ability.encoder)) == doubts)
        .max_by(|a, b| a.speed.total_cmp(&b.speed))
}
