//! What must be stored before the actions of the same turn are performed, so that a node that is killed
//! and started again goes on from there.

use serde::{Deserialize, Serialize};

use crate::ids::{JobId, SegmentIndex, Work};
use crate::input::{Needs, Verified};
use crate::job::JobState;
use crate::lease::Lease;

/// One record for the journal. What [`crate::Input::JobRestored`] needs can be built from these alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Change {
    /// There is a new job.
    JobAdded {
        /// Its number.
        job: JobId,
        /// With what it is encoded.
        needs: Needs,
        /// Whether other computers are given nothing.
        only_here: bool,
    },
    /// A job is in another state.
    JobMoved {
        /// Which.
        job: JobId,
        /// This one.
        state: JobState,
    },
    /// A segment was cut.
    SegmentPlanned {
        /// Of this job.
        job: JobId,
        /// Its place.
        segment: SegmentIndex,
        /// Its size.
        work: Work,
        /// How many bytes have to travel.
        bytes: u64,
    },
    /// All segments are cut.
    PlanFinished {
        /// Of this job.
        job: JobId,
    },
    /// All segments of the job are forgotten.
    PlanReset {
        /// Which.
        job: JobId,
    },
    /// A segment is given to a peer.
    Leased {
        /// On these terms.
        lease: Lease,
    },
    /// A segment is done.
    SegmentVerified {
        /// Of this job.
        job: JobId,
        /// Its place.
        segment: SegmentIndex,
        /// By whom.
        by: Verified,
    },
    /// A segment that was verified has to be encoded again.
    SegmentReopened {
        /// Of this job.
        job: JobId,
        /// Its place.
        segment: SegmentIndex,
    },
    /// The queue is in another order: after a restart, restore the jobs in it.
    QueueOrdered {
        /// All jobs that have not ended, first served first.
        jobs: Vec<JobId>,
    },
    /// The job is dropped from memory.
    JobForgotten {
        /// Which.
        job: JobId,
    },
}
