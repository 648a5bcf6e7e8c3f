//! What other computers still hold after they, or this one, were away: segments are kept for them for a moment, and
//! given back to who has them.

use crate::event::Ignored;
use crate::farm::{Farm, Handled, Then, Wake};
use crate::ids::{EncoderId, JobId, PeerId, SegmentIndex, Time};
use crate::input::Reunion;
use crate::peer::Presence;
use crate::segment::{SegmentInput, SegmentState, SegmentStep};

impl Farm {
    pub(super) fn reunion(&mut self, reunion: Reunion, now: Time) -> Handled {
        match reunion {
            Reunion::NotHeld { job, segment } => self.not_held(job, segment, now),
            Reunion::Holds {
                peer,
                job,
                segment,
                encoder,
            } => self.holds(peer, job, segment, encoder, now),
        }
    }

    /// Leaves segments alone for those who may hold them.
    pub(super) fn leave_to_others(&mut self, id: JobId, segments: &[SegmentIndex], now: Time) {
        let until = now.after(self.config.reunion);
        for index in segments {
            self.leave_until(id, *index, until, now);
        }
    }

    /// Nobody holds a segment that was awaited.
    fn not_held(&mut self, id: JobId, index: SegmentIndex, now: Time) -> Handled {
        self.known_job(id)?;
        self.leave_until(id, index, now, now);
        Ok(Then::Decide)
    }

    fn leave_until(&mut self, id: JobId, index: SegmentIndex, until: Time, now: Time) {
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        let Some(segment) = job.segments.get_mut(&index) else {
            return;
        };
        let input = if until > now {
            SegmentInput::Awaited(until)
        } else {
            SegmentInput::NotHeld
        };
        if let SegmentStep::Waits(from) = segment.on(input, &self.config, now) {
            job.take_waiting(index);
            job.put_waiting(index, from > now);
            if from > now {
                self.wakes.insert((from, Wake::Segment(id, index)));
            }
        }
    }

    /// Gives a segment to the computer that has it already.
    fn holds(
        &mut self,
        peer_id: PeerId,
        id: JobId,
        index: SegmentIndex,
        encoder: EncoderId,
        now: Time,
    ) -> Handled {
        let job = self.known_job(id)?;
        let peer = self
            .peers
            .get(&peer_id)
            .ok_or(Ignored::UnknownPeer(peer_id))?;
        let segment = job
            .segments
            .get(&index)
            .ok_or(Ignored::UnknownSegment(id, index))?;
        // One that takes nothing new, or is not trusted with it, has this already.
        let able = peer
            .fitting(&job.needs)
            .any(|ability| ability.encoder == encoder)
            && peer.presence != Presence::Gone
            && (peer.is_self || !job.only_here)
            && segment.doubts((peer_id, encoder)) == 0;
        if !job.state.is_open() || !able {
            return Err(Ignored::JobElsewhere(id));
        }
        let hedge = match segment.state {
            SegmentState::Waiting { .. } => false,
            SegmentState::Leased { lease, hedge: None }
                if self
                    .leases
                    .get(lease)
                    .is_some_and(|held| held.lease.peer != peer_id) =>
            {
                true
            }
            SegmentState::Leased { .. }
            | SegmentState::Verified { .. }
            | SegmentState::Failed { .. } => return Err(Ignored::UnknownSegment(id, index)),
        };
        self.grant(id, index, (peer_id, encoder), hedge, now);
        Ok(Then::Decide)
    }
}
