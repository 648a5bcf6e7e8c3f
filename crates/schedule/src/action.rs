//! Everything the farm can ask to be done. An action may be repeated after a crash, never forgotten:
//! changes are stored first.

use serde::{Deserialize, Serialize};

use crate::ids::{JobId, LeaseId, PeerId, Work};
use crate::lease::Lease;

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// Cut the next segment, of about this size. Answered by exactly one of `Planned`, `PlanWaits`,
    /// `PlanFinished`, `PlanFailed`; not asked again before.
    Plan {
        /// Of this job.
        job: JobId,
        /// So large.
        target: Work,
    },
    /// Send the segment to the peer (or encode it here), bring its result back and examine it.
    Start {
        /// What, where and how.
        lease: Lease,
    },
    /// The lease is void: stop what is being done for it. Nothing need be answered.
    Revoke {
        /// Which.
        lease: LeaseId,
        /// Who holds it.
        peer: PeerId,
    },
    /// Join the segments and prove the film. Answered by `Merged` or `MergeFailed`.
    Merge {
        /// Of this job.
        job: JobId,
    },
    /// What this job left lying about may go: it was cancelled, forgotten, or starts over (after `PlanReset`:
    /// everything from before that). Its leases are revoked already. A job that fails keeps everything.
    Discard {
        /// Which.
        job: JobId,
    },
}
