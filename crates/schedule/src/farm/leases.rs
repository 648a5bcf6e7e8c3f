//! What happens to leases: granted, heard of, ended in one way or another.

use crate::action::Action;
use crate::change::Change;
use crate::event::{Event, Ignored};
use crate::farm::{Farm, Handled, Then, Wake};
use crate::ids::{EncoderId, JobId, LeaseId, PeerId, SegmentIndex, Time, Work};
use crate::input::{Fault, Rejection, Verified};
use crate::job::JobInput;
use crate::lease::{Heard, Held, Lease, Phase, Sign};
use crate::peer::Presence;
use crate::segment::{Loss, SegmentInput, SegmentStep};

impl Farm {
    /// Gives a segment to a peer.
    pub(super) fn grant(
        &mut self,
        id: JobId,
        index: SegmentIndex,
        to: (PeerId, EncoderId),
        hedge: bool,
        now: Time,
    ) {
        let lease_id = self.new_lease_id();
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        let Some(segment) = job.segments.get_mut(&index) else {
            return;
        };
        if segment.on(SegmentInput::Granted(lease_id), &self.config, now) != SegmentStep::Leased {
            return;
        }
        segment.attempt = segment.attempt.next();
        let (attempt, step_back, work) = (segment.attempt, segment.step_back, segment.work);
        let (peer, encoder) = to;
        let lease = Lease {
            id: lease_id,
            job: id,
            segment: index,
            attempt,
            peer,
            encoder,
            step_back,
            hedge,
        };
        job.take_waiting(index);
        job.leases.insert(lease_id);
        job.started.get_or_insert(now);
        if let Some(peer) = self.peers.get_mut(&peer) {
            peer.leases.insert(lease_id);
        }
        let deadline = now.after(self.config.delivery);
        self.leases.insert(Held {
            lease,
            work,
            phase: Phase::Travelling,
            deadline,
        });
        self.move_job(id, JobInput::Starts, now);
        self.changes.push_back(Change::Leased { lease });
        self.actions.push_back(Action::Start { lease });
        self.refresh(peer, now);
    }

    pub(super) fn delivered(&mut self, id: LeaseId, now: Time) -> Handled {
        let held = self.leases.get(id).ok_or(Ignored::UnknownLease(id))?;
        let seat = self.has_seat_for(held);
        let peer = self.hear(id, Sign::Delivered { seat }, now)?.lease.peer;
        if let Some(peer) = self.peers.get_mut(&peer) {
            peer.mishaps = 0;
        }
        self.refresh(peer, now);
        Ok(Then::Decide)
    }

    pub(super) fn progress(&mut self, id: LeaseId, done: Work, now: Time) -> Handled {
        let before = self.leases.get(id).ok_or(Ignored::UnknownLease(id))?.phase;
        let held = self.hear(id, Sign::Progress(done), now)?;
        let (peer, moved) = (held.lease.peer, !matches!(before, Phase::Encoding { .. }));
        self.reassure_queued(peer, now);
        self.refresh(peer, now);
        Ok(if moved { Then::Decide } else { Then::Rest })
    }

    pub(super) fn encoded(&mut self, id: LeaseId, now: Time) -> Handled {
        self.learn(id, now);
        let peer = self.hear(id, Sign::Encoded, now)?.lease.peer;
        self.reassure_queued(peer, now);
        self.refresh(peer, now);
        Ok(Then::Decide)
    }

    pub(super) fn returned(&mut self, id: LeaseId, now: Time) -> Handled {
        self.learn(id, now);
        let peer = self.hear(id, Sign::Returned, now)?.lease.peer;
        // It is here: whatever the peer does now cannot harm it any more.
        if let Some(peer) = self.peers.get_mut(&peer) {
            peer.leases.remove(&id);
            peer.quarantined += 1;
        }
        self.refresh(peer, now);
        Ok(Then::Decide)
    }

    pub(super) fn verified(&mut self, id: LeaseId, now: Time) -> Handled {
        let held = self.end(id).ok_or(Ignored::UnknownLease(id))?;
        let Lease {
            job: job_id,
            segment: index,
            attempt,
            peer,
            encoder,
            ..
        } = held.lease;
        self.examined(&held, now);
        self.praise(peer, &held, now);
        self.refresh(peer, now);
        let Some(job) = self.jobs.get_mut(&job_id) else {
            return Ok(Then::Decide);
        };
        let Some(segment) = job.segments.get_mut(&index) else {
            return Ok(Then::Decide);
        };
        let good = SegmentInput::Verified {
            lease: id,
            on: (peer, encoder),
            attempt,
        };
        let step = segment.on(good, &self.config, now);
        let SegmentStep::Done(other) = step else {
            return Ok(Then::Decide);
        };
        job.verified += 1;
        job.verified_work = job.verified_work.plus(held.work);
        let by = Verified { peer, attempt };
        self.changes.push_back(Change::SegmentVerified {
            job: job_id,
            segment: index,
            by,
        });
        self.events.push_back(Event::SegmentVerified {
            job: job_id,
            segment: index,
            peer,
        });
        if let Some(other) = other {
            self.learn_unfinished(other);
        }
        if let Some(other) = other.and_then(|other| self.end(other)) {
            self.actions.push_back(Action::Revoke {
                lease: other.lease.id,
                peer: other.lease.peer,
            });
            self.refresh(other.lease.peer, now);
        }
        self.check_whole(job_id, now);
        Ok(Then::Decide)
    }

    pub(super) fn rejected(&mut self, id: LeaseId, why: Rejection, now: Time) -> Handled {
        let held = self.leases.get(id).ok_or(Ignored::UnknownLease(id))?;
        let Lease {
            peer,
            step_back,
            job,
            segment,
            ..
        } = held.lease;
        let known = self
            .known_job(job)
            .ok()
            .and_then(|job| job.segments.get(&segment));
        let known = known.map_or(0, |segment| segment.step_back);
        let reason = match &why {
            Rejection::WrongFrames => "its frames were not the expected ones".to_owned(),
            Rejection::Bad(reason) => reason.clone(),
        };
        let loss = match why {
            Rejection::WrongFrames => Loss::WrongFrames(step_back),
            Rejection::Bad(reason) => Loss::Fault(reason),
        };
        let blames = match loss {
            // The first time the extraction may be to blame.
            Loss::WrongFrames(step_back) => step_back > 0 && step_back >= known,
            Loss::Fault(_) => true,
            Loss::Withdrawn | Loss::Mishap(_) => false,
        };
        if blames {
            self.blame(peer, &reason, now);
        }
        self.lose(id, loss, &reason, now);
        Ok(Then::Decide)
    }

    pub(super) fn failed(
        &mut self,
        id: LeaseId,
        fault: Fault,
        reason: String,
        now: Time,
    ) -> Handled {
        let peer = self
            .leases
            .get(id)
            .ok_or(Ignored::UnknownLease(id))?
            .lease
            .peer;
        let loss = match fault {
            Fault::Peer => {
                self.blame(peer, &reason, now);
                Loss::Fault(reason.clone())
            }
            Fault::Source => Loss::Fault(reason.clone()),
            Fault::Network => {
                self.leave_alone(peer, now);
                Loss::Mishap(reason.clone())
            }
            // A computer that is used now and then says so often: that must not fail a job.
            Fault::Declined => {
                self.leave_alone(peer, now);
                Loss::Withdrawn
            }
        };
        self.lose(id, loss, &reason, now);
        Ok(Then::Decide)
    }

    /// Takes a lease back that has given no sign of life for too long.
    pub(super) fn expire(&mut self, id: LeaseId, now: Time) {
        let Some(held) = self.leases.get(id) else {
            return;
        };
        let (peer, phase) = (held.lease.peer, held.phase);
        let paused = self
            .peers
            .get(&peer)
            .is_none_or(|peer| peer.presence != Presence::Here);
        let reason = match phase {
            Phase::Travelling => "the source did not arrive in time",
            Phase::Queued | Phase::Encoding { .. } => "nothing was heard of it for too long",
            Phase::Returning => "the result did not arrive in time",
            Phase::Quarantined { .. } => "the result was not examined in time",
        };
        let loss = match phase {
            Phase::Queued | Phase::Encoding { .. } if paused => Loss::Withdrawn,
            Phase::Encoding { .. } => {
                self.blame(peer, reason, now);
                Loss::Fault(reason.to_owned())
            }
            Phase::Travelling | Phase::Returning => {
                self.leave_alone(peer, now);
                Loss::Mishap(reason.to_owned())
            }
            Phase::Queued | Phase::Quarantined { .. } => Loss::Mishap(reason.to_owned()),
        };
        self.actions.push_back(Action::Revoke { lease: id, peer });
        self.lose(id, loss, reason, now);
    }

    /// Ends a lease for reasons of ours, and says so to who works on it.
    pub(super) fn revoke(&mut self, id: LeaseId, loss: Loss, now: Time) {
        let Some(held) = self.leases.get(id) else {
            return;
        };
        let (lease, peer) = (held.lease.id, held.lease.peer);
        self.actions.push_back(Action::Revoke { lease, peer });
        self.lose(id, loss, "", now);
    }

    /// Ends a lease that brought no result; its segment waits again, or its job fails. An empty reason is
    /// not worth telling.
    fn lose(&mut self, id: LeaseId, loss: Loss, reason: &str, now: Time) {
        let Some(held) = self.end(id) else { return };
        let Lease {
            job: job_id,
            segment: index,
            peer,
            encoder,
            ..
        } = held.lease;
        self.refresh(peer, now);
        if !reason.is_empty() {
            let reason = reason.to_owned();
            self.events.push_back(Event::SegmentLost {
                job: job_id,
                segment: index,
                peer,
                reason,
            });
        }
        let Some(job) = self.jobs.get_mut(&job_id) else {
            return;
        };
        let Some(segment) = job.segments.get_mut(&index) else {
            return;
        };
        let input = SegmentInput::Lost {
            lease: id,
            on: (peer, encoder),
            loss,
        };
        match segment.on(input, &self.config, now) {
            SegmentStep::Waits(from) => {
                job.put_waiting(index, from > now);
                if from > now {
                    self.wakes.insert((from, Wake::Segment(job_id, index)));
                }
            }
            SegmentStep::Spent(reason) => {
                self.fail_job(
                    job_id,
                    format!("segment {index} cannot be encoded: {reason}"),
                    now,
                );
            }
            SegmentStep::Leased | SegmentStep::Nothing | SegmentStep::Done(_) => {}
        }
    }

    /// Takes a lease out of every list. The caller refreshes its peer.
    fn end(&mut self, id: LeaseId) -> Option<Held> {
        let held = self.leases.remove(id)?;
        if let Some(job) = self.jobs.get_mut(&held.lease.job) {
            job.leases.remove(&id);
        }
        if let Some(peer) = self.peers.get_mut(&held.lease.peer) {
            peer.leases.remove(&id);
            peer.quarantined -= u32::from(matches!(held.phase, Phase::Quarantined { .. }));
        }
        Some(held)
    }

    /// Passes a sign of life on and puts the deadline off.
    fn hear(&mut self, id: LeaseId, sign: Sign, now: Time) -> Result<Held, Ignored> {
        match self.leases.on(id, sign, now) {
            None => return Err(Ignored::UnknownLease(id)),
            Some(Heard::Ignored(why)) => return Err(why),
            Some(Heard::Alive | Heard::Moved) => {}
        }
        let held = self
            .leases
            .get(id)
            .cloned()
            .ok_or(Ignored::UnknownLease(id))?;
        let wait = match held.phase {
            Phase::Queued | Phase::Encoding { .. } => self.config.silence,
            Phase::Travelling | Phase::Returning | Phase::Quarantined { .. } => {
                self.config.delivery
            }
        };
        self.leases.set_deadline(id, now.after(wait));
        Ok(held)
    }

    /// While a peer is heard of, what waits there for a seat is as alive as the peer.
    fn reassure_queued(&mut self, id: PeerId, now: Time) {
        let Some(peer) = self.peers.get(&id) else {
            return;
        };
        let held = peer
            .leases
            .iter()
            .filter_map(|lease| self.leases.get(*lease));
        let queued: Vec<_> = held
            .filter(|held| held.phase == Phase::Queued)
            .map(|held| held.lease.id)
            .collect();
        for lease in queued {
            self.leases
                .set_deadline(lease, now.after(self.config.silence));
        }
    }

    /// Learns the peer's speed from a segment that has just been encoded.
    fn learn(&mut self, id: LeaseId, now: Time) {
        let Some(held) = self.leases.get(id) else {
            return;
        };
        if let Phase::Encoding { since, .. } = held.phase {
            let seconds = now.since(since).as_secs_f64();
            self.learn_speed(held.lease, held.work.0 as f64 / seconds);
        }
    }

    /// Learns the peer's speed from a segment that it was not allowed to finish.
    fn learn_unfinished(&mut self, id: LeaseId) {
        let held = self.leases.get(id);
        if let Some((lease, speed)) = held.and_then(|held| Some((held.lease, held.told_speed()?))) {
            self.learn_speed(lease, speed);
        }
    }

    fn learn_speed(&mut self, lease: Lease, seat_speed: f64) {
        let encoding = self
            .peers
            .get(&lease.peer)
            .map(|peer| self.encoding_at(peer));
        let peer = self.peers.get_mut(&lease.peer);
        let ability = peer.and_then(|peer| peer.ability_mut(lease.encoder));
        if let (Some(ability), Some(encoding)) = (ability, encoding) {
            ability.learn(seat_speed, encoding >= ability.seats as usize);
        }
    }
}
