//! What people may be told, and the names of what was ignored.

use serde::{Deserialize, Serialize};

use crate::ids::{JobId, LeaseId, PeerId, SegmentIndex, Time};
use crate::job::JobState;

/// Why an input changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ignored {
    /// There is no such job.
    UnknownJob(JobId),
    /// There is no such peer.
    UnknownPeer(PeerId),
    /// There is no such segment.
    UnknownSegment(JobId, SegmentIndex),
    /// No such lease, or it was revoked or ended: a late or doubled answer.
    UnknownLease(LeaseId),
    /// That job is there already.
    JobThere(JobId),
    /// That segment is planned already.
    SegmentThere(JobId, SegmentIndex),
    /// The peer is in that state already.
    PeerSo(PeerId),
    /// The lease has come further than that.
    LeasePast(LeaseId),
    /// The job is in a state where that means nothing.
    JobElsewhere(JobId),
}

/// Something worth telling.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// A job is in another state.
    JobMoved {
        /// Which.
        job: JobId,
        /// This one.
        state: JobState,
    },
    /// The computers waited for did not come: the job starts with those that are there.
    GoesOnWithout {
        /// Which.
        job: JobId,
        /// So many were wanted besides this one.
        wanted: u32,
        /// So many are there.
        there: u32,
    },
    /// No computer that is there can encode this job.
    NobodyAble {
        /// Which.
        job: JobId,
    },
    /// A segment is done.
    SegmentVerified {
        /// Of this job.
        job: JobId,
        /// Its place.
        segment: SegmentIndex,
        /// By this computer.
        peer: PeerId,
    },
    /// A segment did not come back from a peer and is done again.
    SegmentLost {
        /// Of this job.
        job: JobId,
        /// Its place.
        segment: SegmentIndex,
        /// Given to this computer.
        peer: PeerId,
        /// What happened.
        reason: String,
    },
    /// A straggler's segment is also given to a faster peer.
    Hedged {
        /// Of this job.
        job: JobId,
        /// Its place.
        segment: SegmentIndex,
        /// The straggler.
        slow: PeerId,
        /// Who tries to be quicker.
        fast: PeerId,
    },
    /// A computer failed too often in a row and gets no work for a while.
    PeerSetAside {
        /// Which.
        peer: PeerId,
        /// Until then.
        until: Time,
        /// Its last failure.
        reason: String,
    },
    /// It may try again.
    PeerTriedAgain {
        /// Which.
        peer: PeerId,
    },
    /// Something that means nothing (any more) was heard.
    Ignored {
        /// What about it.
        why: Ignored,
    },
}
