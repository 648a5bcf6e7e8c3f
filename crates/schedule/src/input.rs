//! Everything that can happen to the farm.

use serde::{Deserialize, Serialize};

use crate::ids::{Attempt, EncoderId, JobId, LeaseId, PeerId, SegmentIndex, Work};

/// What a job's segments must be encoded with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Needs {
    /// The same encoder everywhere: the parts look alike.
    Exactly(EncoderId),
    /// Any of these; each computer uses the one that it was measured to be fastest with.
    AnyOf(Vec<EncoderId>),
}

/// What a computer can do.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Offer {
    /// With which encoder.
    pub encoder: EncoderId,
    /// Work a second of the whole computer with every seat taken. Above 0 and finite, else the offer is
    /// passed over.
    pub speed: f64,
    /// How many segments at once. At least 1, else the offer is passed over; at most 64 are used.
    pub seats: u32,
}

/// Who made the result that was found good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// The computer.
    pub peer: PeerId,
    /// Its attempt.
    pub attempt: Attempt,
}

/// Why a result was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rejection {
    /// Not the frames that were expected. The first time this blames nobody: the segment is extracted from
    /// further back. After that it counts as bad.
    WrongFrames,
    /// Not what was asked for. Blames the computer.
    Bad(String),
}

/// Whose fault a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fault {
    /// The computer's that was encoding. Counts as an attempt of the segment and against the computer.
    Peer,
    /// The network's. Blames nobody; both are left alone for a moment.
    Network,
    /// The source's, or of this machine reading it. Counts as an attempt of the segment.
    Source,
    /// The computer said "not now" (busy, paused, no room). Blames nobody; it is left alone for a while.
    Declined,
}

/// A job as an earlier run left it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earlier {
    /// With what.
    pub needs: Needs,
    /// Give nothing to other computers.
    pub only_here: bool,
    /// The segments planned so far, with who made those that are verified.
    pub planned: Vec<(SegmentIndex, Work, Option<Verified>)>,
    /// Those that were in other computers' hands when the last run ended, and may be held there still. They are left
    /// alone for [`crate::FarmConfig::reunion`], or until it is known.
    pub awaited: Vec<SegmentIndex>,
    /// Whether the plan was complete.
    pub plan_finished: bool,
}

/// What comes of somebody having been away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reunion {
    /// Nobody holds a segment that was awaited.
    NotHeld {
        /// Of this job.
        job: JobId,
        /// Its place.
        segment: SegmentIndex,
    },
    /// A computer that was away is back and has this segment: encoded, or under way. It is given to it, beside whoever
    /// has it by now; what it has of the source it need not be sent again.
    Holds {
        /// Which computer.
        peer: PeerId,
        /// Of this job.
        job: JobId,
        /// Its place.
        segment: SegmentIndex,
        /// Encoded with this.
        encoder: EncoderId,
    },
}

/// What happened. Anything that names a job, a peer or a lease that is not (or no longer) there changes
/// nothing and is answered by [`crate::Event::Ignored`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Input {
    /// Somebody wants a film encoded.
    JobSubmitted {
        /// A number not used before.
        job: JobId,
        /// With what.
        needs: Needs,
        /// How many able computers besides this one to wait for; 0 to start at once.
        wait_for: u32,
        /// Give nothing to other computers.
        only_here: bool,
        /// The whole film, estimated; 0 if unknown.
        total_hint: Work,
    },
    /// A job from the journal, after a start of the node. Send [`Input::RemainingWork`] after it, and
    /// [`Input::Pause`] if it was paused. A job that had failed is restored only when it is to be tried again.
    JobRestored {
        /// Its number.
        job: JobId,
        /// What there is of it.
        earlier: Earlier,
    },
    /// Somebody who was away, this computer or another, is back.
    Reunion(Reunion),
    /// How large this job's segments should be, in its own kind of picture: a second of a large film is more
    /// work than one of a small film. To be sent before `JobSubmitted` or `JobRestored` (then the first
    /// segment has that size too), or later; without it, [`crate::FarmConfig`] has the sizes.
    SegmentSizes {
        /// Which job, known already or not.
        job: JobId,
        /// A segment's size while much is left to do: about 24 s of film.
        normal: Work,
        /// The smallest worth cutting: about 5 s of film.
        min: Work,
    },
    /// Its encoders are being measured: nothing is started meanwhile.
    BenchmarkStarted {
        /// Which.
        job: JobId,
    },
    /// They have been measured.
    BenchmarkDone {
        /// Which.
        job: JobId,
    },
    /// The next segment is cut. Answers [`crate::Action::Plan`].
    Planned {
        /// Of this job.
        job: JobId,
        /// Its place in the film.
        segment: SegmentIndex,
        /// Its size.
        work: Work,
        /// How many bytes have to travel.
        bytes: u64,
    },
    /// The index has not come far enough to cut: ask again on [`Input::PlanMore`]. Answers [`crate::Action::Plan`].
    PlanWaits {
        /// Which.
        job: JobId,
    },
    /// The index has come further.
    PlanMore {
        /// Which.
        job: JobId,
    },
    /// The whole film is cut.
    PlanFinished {
        /// Which.
        job: JobId,
    },
    /// The film cannot be cut, or something else that the whole job needs cannot be done: the job fails.
    /// Answers [`crate::Action::Plan`], or comes at any time before the job has ended.
    PlanFailed {
        /// Which.
        job: JobId,
        /// Why, in the user's words.
        reason: String,
    },
    /// Start over on a normalised copy: leases are revoked, segments forgotten, and
    /// [`crate::Action::Discard`] says when the old scratch may go.
    PlanReset {
        /// Which.
        job: JobId,
    },
    /// How much of the film is not cut yet, as far as the index tells.
    RemainingWork {
        /// Of this job.
        job: JobId,
        /// So much.
        remaining: Work,
    },
    /// A computer is here and may be given work.
    PeerJoined {
        /// Which.
        peer: PeerId,
        /// Whether it is this one.
        is_self: bool,
        /// What it can do.
        offers: Vec<Offer>,
    },
    /// What it can do has changed.
    PeerChanged {
        /// Which.
        peer: PeerId,
        /// Whether it is this one.
        is_self: bool,
        /// What it can do now. A speed that is declared anew replaces the one measured.
        offers: Vec<Offer>,
    },
    /// It takes nothing more for now. What it is encoding may go on; what waits there is given to others.
    PeerPaused {
        /// Which.
        peer: PeerId,
        /// Why, in its words.
        reason: String,
    },
    /// It takes work again.
    PeerResumed {
        /// Which.
        peer: PeerId,
    },
    /// It is gone. Results of its that are already here keep their worth.
    PeerLeft {
        /// Which.
        peer: PeerId,
    },
    /// It is not to be given anything any more, though it is there: one of the two users said so. Everything it has in
    /// hand is taken back at once, through nobody's fault, and it can do nothing until [`Input::PeerChanged`].
    PeerWithdrawn {
        /// Which.
        peer: PeerId,
    },
    /// The source has arrived at the computer: the wire to it is free.
    Delivered {
        /// Whose.
        lease: LeaseId,
    },
    /// So much of it is encoded.
    Progress {
        /// Whose.
        lease: LeaseId,
        /// From 0 to the segment's work.
        done: Work,
    },
    /// All of it is encoded: the seat is free, the result has still to travel.
    Encoded {
        /// Whose.
        lease: LeaseId,
    },
    /// The result is here, in quarantine.
    Returned {
        /// Whose.
        lease: LeaseId,
    },
    /// The result is what the plan expects.
    Verified {
        /// Whose.
        lease: LeaseId,
    },
    /// The result is not.
    Rejected {
        /// Whose.
        lease: LeaseId,
        /// What is wrong with it.
        why: Rejection,
    },
    /// There will be no result.
    Failed {
        /// Whose.
        lease: LeaseId,
        /// Whose fault that is.
        fault: Fault,
        /// What happened, in the user's words.
        reason: String,
    },
    /// The joined film is not right.
    MergeFailed {
        /// Which.
        job: JobId,
        /// The segments to encode again; none if the joining itself failed.
        again: Vec<SegmentIndex>,
        /// What happened, in the user's words.
        reason: String,
    },
    /// The output is in its place, and proved.
    Merged {
        /// Which.
        job: JobId,
    },
    /// Start nothing more of this job. Segments that are being encoded are finished, those that only wait
    /// are taken back; joining is begun again on [`Input::Resume`].
    Pause {
        /// Which.
        job: JobId,
    },
    /// Go on.
    Resume {
        /// Which.
        job: JobId,
    },
    /// Stop, and throw everything away.
    Cancel {
        /// Which.
        job: JobId,
    },
    /// Try a failed job again with what it has.
    Retry {
        /// Which.
        job: JobId,
    },
    /// Put a job that has not ended at another place of the queue. What is being encoded goes on; what is
    /// given out from now on goes by the new order.
    Reorder {
        /// Which.
        job: JobId,
        /// Its place among those that have not ended: 0 is served first, beyond the end means last.
        to: u32,
    },
    /// Drop a job that has ended from memory, with what it left.
    Forget {
        /// Which.
        job: JobId,
    },
}
