//! The numbers of the policy, in one place.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ids::Work;

/// What a [`crate::Farm`] goes by. [`FarmConfig::default`] is what the product uses; `normal` and `min` depend
/// on the film's size, so [`crate::Input::SegmentSizes`] sets them for each job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FarmConfig {
    /// Grows with every start of the node (the engine stores it), so that a lease of an earlier run can
    /// never be taken for one of this run.
    pub epoch: u32,
    /// A segment's size while much is left to do, where the job does not say: 24 s of 1080p.
    pub normal: Work,
    /// The smallest segment worth cutting, where the job does not say: below about 5 s of film the extra key
    /// frames cost too much.
    pub min: Work,
    /// How often a segment may fail through somebody's fault before its job fails.
    pub attempts: u32,
    /// How often a segment may be lost through nobody's fault (the network, a busy or vanished computer)
    /// before its job fails.
    pub mishaps: u32,
    /// How many failures in a row set a computer aside.
    pub fails_in_a_row: u32,
    /// How long a computer is set aside the first time; twice as long each further time.
    pub aside: Duration,
    /// The longest that it is set aside.
    pub aside_most: Duration,
    /// How long to leave a computer or a segment alone after a mishap the first time; twice as long each
    /// further time in a row.
    pub backoff: Duration,
    /// The longest of those waits.
    pub backoff_most: Duration,
    /// How long an encoding lease may give no sign of life.
    pub silence: Duration,
    /// How long a source may travel to a computer, or a result back and through its examination.
    pub delivery: Duration,
    /// How long segments that others had when the last run ended are left alone, for them to come back with them.
    pub reunion: Duration,
    /// How long a job waits for the computers it was told to wait for.
    pub patience: Duration,
    /// How long the next job in the queue leaves idle computers to a job whose index is still being read.
    pub plan_patience: Duration,
    /// How often a joined film may be taken apart again before its job fails.
    pub merge_retries: u32,
    /// What share of this computer the examination of a result occupies: one of its threads. 0 to 1.
    pub examining: f64,
    /// How often idle computers are compared with the stragglers.
    pub rethink: Duration,
    /// A duplicate must need no more than this share of the time the straggler is expected to need. 0 to 1.
    pub hedge_share: f64,
    /// And it must save at least this much.
    pub hedge_saves: Duration,
}

impl Default for FarmConfig {
    fn default() -> Self {
        // 24 s and 5 s of 1080p at 25 frames a second.
        let second = 1920 * 1080 * 25 / 1000;
        Self {
            epoch: 0,
            normal: Work(24 * second),
            min: Work(5 * second),
            attempts: 3,
            mishaps: 20,
            fails_in_a_row: 3,
            aside: Duration::from_secs(60),
            aside_most: Duration::from_secs(3600),
            backoff: Duration::from_secs(1),
            backoff_most: Duration::from_secs(60),
            silence: Duration::from_secs(60),
            delivery: Duration::from_secs(600),
            reunion: Duration::from_secs(20),
            patience: Duration::from_secs(60),
            plan_patience: Duration::from_secs(5),
            merge_retries: 2,
            examining: 1.0,
            rethink: Duration::from_secs(1),
            hedge_share: 0.7,
            hedge_saves: Duration::from_secs(3),
        }
    }
}

/// `first`, doubled `times` times, but no more than `most`.
pub(crate) fn doubled(first: Duration, times: u32, most: Duration) -> Duration {
    first
        .saturating_mul(2u32.saturating_pow(times.min(20)))
        .min(most)
}
