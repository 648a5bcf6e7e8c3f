//! What the examination of others' results takes from this computer, learnt as it happens: near the end it is
//! given so much less to encode, or it would be at it still when all others are through.

use std::time::Duration;

use crate::farm::Farm;
use crate::ids::{Time, Work};
use crate::job::{Job, Muscle};
use crate::lease::{Held, Phase};
use crate::peer::Peer;
use crate::size::pieces;

/// What a new examination counts beside those before it.
const WEIGHT: f64 = 0.25;

/// How long examinations have taken.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Examinations {
    /// When the last one ended.
    last: Time,
    /// Of one result, seconds; none has been seen yet at 0.
    each: f64,
}

impl Examinations {
    /// One result, here since `since`, has been examined. They are examined one after the other, so this
    /// one's began when the one before it ended, or later.
    fn learn(&mut self, since: Time, now: Time) {
        let took = now.since(since.max(self.last)).as_secs_f64();
        self.last = now;
        let weight = if self.each > 0.0 { WEIGHT } else { 1.0 };
        self.each += (took - self.each) * weight;
    }
}

impl Farm {
    /// A result was found good. Our own ones are decoded in the bargain: they tell of another kind of work.
    pub(super) fn examined(&mut self, held: &Held, now: Time) {
        let Phase::Quarantined { since } = held.phase else {
            return;
        };
        let is_ours = self
            .peers
            .get(&held.lease.peer)
            .is_some_and(|peer| peer.is_self);
        if !is_ours {
            self.examinations.learn(since, now);
        }
    }

    /// How long `peer` will be kept from encoding by this job's other results: nothing, but for the computer
    /// that examines them all.
    pub(super) fn burden(&self, job: &Job, muscle: &Muscle, peer: &Peer) -> Duration {
        if !peer.is_self {
            return Duration::ZERO;
        }
        let held = job.leases.len().saturating_sub(peer.leases.len()) as f64;
        let to_come = self.results_to_come(job, muscle);
        let each = self.examinations.each * self.config.examining;
        Duration::from_secs_f64((held + to_come) * each)
    }

    /// How many results the others will bring of what nobody holds yet.
    fn results_to_come(&self, job: &Job, muscle: &Muscle) -> f64 {
        let Some(left) = job.unassigned().filter(|left| left.0 > 0) else {
            return 0.0;
        };
        let others = f64::from(muscle.others);
        let (normal, min) = self.sizes(job.id);
        let part = Work((left.0 as f64 / (others + 1.0)) as u64);
        others * pieces(part, normal, min)
    }
}
