//! Notes how the time of each job goes, as it goes: the record that [`crate::timeline`] reads.
//!
//! In memory while something goes on; written when it begins and when it is over, in the same transaction as the
//! journal's own records of that turn. A node that is killed loses the moments between, not the order of things.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hindsight::{Fate, PhaseKind};
use peer::PauseReason;
use schedule::{Input, JobId, Lease, LeaseId, PeerId, Rejection, SegmentIndex, Standing};
use store::{Absence, Phase, Stint, Tables};

use crate::driver::{Core, unix_ms};
use crate::job::Job;
use crate::journal::{Write, row_id};
use crate::lease::Piece;
use crate::neighbour::Neighbour;
use crate::probe::Indexing;
use crate::slumber::Slumber;

/// A reason of another computer's is cut to this, letters.
const WHY: usize = 200;
/// Why what was made by a plan came to nothing that was given up.
const CUT_ANEW: &str = "the film was cut anew";

/// What goes on, and what is to be written.
#[derive(Default)]
pub(crate) struct Chronicle {
    /// Leases that are not over.
    open: BTreeMap<LeaseId, Stint>,
    /// Over in this turn: why it was lost is told last.
    over: Vec<Stint>,
    /// What jobs do now.
    phases: BTreeMap<JobId, Vec<Phase>>,
    /// When a job was over that may be tried again.
    ended: BTreeMap<JobId, i64>,
    /// Why parts of a job are to be made again that were good.
    doubts: BTreeMap<JobId, String>,
    /// Who is not there.
    absent: BTreeMap<PeerId, Absence>,
    writes: Vec<Write>,
    /// What is written after all else: it is about what has ended.
    undone: Vec<Write>,
    slumber: Slumber,
}

/// What is not written yet of a job.
#[derive(Clone, Debug, Default)]
pub(crate) struct Now {
    pub stints: Vec<Stint>,
    /// Those of all other jobs.
    pub others: Vec<Stint>,
    pub phases: Vec<Phase>,
    pub absences: Vec<Absence>,
}

/// Why a computer takes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rest {
    why: String,
    /// What it has begun stands still at first.
    still: bool,
}

impl Chronicle {
    /// What is to be stored with this turn's records.
    pub fn writes(&mut self) -> Vec<Write> {
        let over = std::mem::take(&mut self.over);
        let over = over.into_iter().map(|stint| -> Write {
            Arc::new(move |tables: &Tables<'_>| tables.end_stint(&stint))
        });
        let mut writes = std::mem::take(&mut self.writes);
        writes.extend(over);
        writes.append(&mut self.undone);
        writes
    }

    /// What is under way of a job, and who is away.
    pub fn now(&self, job: JobId) -> Now {
        let row = row_id(job);
        let stints = self.open.values().chain(&self.over).cloned();
        let (stints, others) = stints.partition(|one| one.job == row);
        Now {
            stints,
            others,
            phases: self.phases.get(&job).cloned().unwrap_or_default(),
            absences: self.absent.values().cloned().collect(),
        }
    }

    /// A part was given out.
    fn given(&mut self, lease: &Lease, name: String, at: i64) {
        let stint = Stint {
            job: row_id(lease.job),
            lease: lease.id.0,
            segment: lease.segment.0,
            attempt: lease.attempt.0,
            peer: lease.peer.0,
            name,
            hedge: lease.hedge,
            given: at,
            delivered: None,
            began: None,
            encoded: None,
            finished: None,
            returned: None,
            ended: None,
            fate: None,
            why: String::new(),
            sent: 0,
            received: 0,
        };
        self.open.insert(lease.id, stint.clone());
        self.writes
            .push(Arc::new(move |tables| tables.add_stint(&stint)));
    }

    /// What a task says of its lease.
    pub fn hear(&mut self, input: &Input, at: i64) {
        let (Input::Delivered { lease }
        | Input::Progress { lease, .. }
        | Input::Encoded { lease }
        | Input::Returned { lease }
        | Input::Failed { lease, .. }
        | Input::Rejected { lease, .. }) = input
        else {
            return;
        };
        let Some(stint) = self.open.get_mut(lease) else {
            return;
        };
        match input {
            Input::Delivered { .. } => _ = stint.delivered.get_or_insert(at),
            Input::Progress { .. } => _ = stint.began.get_or_insert(at),
            Input::Encoded { .. } => {
                stint.encoded.get_or_insert(at);
                stint.finished.get_or_insert(at);
            }
            Input::Returned { .. } => _ = stint.returned.get_or_insert(at),
            Input::Failed { reason, .. } => lost(stint, reason),
            Input::Rejected { why, .. } => match why {
                Rejection::WrongFrames => lost(stint, "its frames were not the expected ones"),
                Rejection::Bad(reason) => lost(stint, reason),
            },
            _ => {}
        }
    }

    /// How long an encoder, and the check after it, took that are just over. What another computer says of itself counts
    /// as far as it fits between what was seen here.
    pub fn timed(&mut self, lease: LeaseId, (encode_ms, check_ms): (u64, u64), at: i64) {
        let Some(stint) = self.open.get_mut(&lease) else {
            return;
        };
        let before = |at: i64, ms: u64| at.saturating_sub_unsigned(ms);
        let earliest = stint.delivered.unwrap_or(stint.given).min(at);
        let encoded = before(at, check_ms).max(earliest);
        stint.encoded = Some(encoded);
        stint.began = Some(before(encoded, encode_ms).max(earliest));
    }

    /// A computer is gone: what it has in hand comes to nothing, unless its result is here already.
    pub fn left(&mut self, peer: PeerId) {
        for stint in self.open.values_mut() {
            if stint.peer == peer.0 && stint.returned.is_none() {
                lost(stint, "the computer is gone");
            }
        }
    }

    /// A result was found good. What was encoded here did not travel.
    pub fn good(&mut self, lease: LeaseId, piece: &Piece, travelled: bool) {
        let Some(stint) = self.open.get_mut(&lease) else {
            return;
        };
        stint.fate = Some(Fate::Verified.word().to_owned());
        stint.why.clear();
        stint.sent = piece.sent_bytes;
        stint.received = if travelled { piece.proof.bytes } else { 0 };
    }

    /// A lease is over, for the reason that was heard or else `fate`.
    pub fn over(&mut self, lease: LeaseId, fate: Fate, at: i64) {
        if let Some(mut stint) = self.open.remove(&lease) {
            stint.ended = Some(at);
            stint.fate.get_or_insert_with(|| fate.word().to_owned());
            self.over.push(stint);
        }
    }

    /// Why a part came to nothing that was taken back in this turn.
    fn blame(&mut self, job: JobId, segment: SegmentIndex, peer: PeerId, reason: &str) {
        let (row, withdrawn) = (row_id(job), Fate::Withdrawn.word());
        let is_it = |one: &&mut Stint| {
            (one.job, one.segment, one.peer) == (row, segment.0, peer.0)
                && one.fate.as_deref() == Some(withdrawn)
        };
        if let Some(stint) = self.over.iter_mut().rev().find(is_it) {
            lost(stint, reason);
        }
    }

    /// Parts of a job that were good are to be made again, for this reason.
    pub fn doubt(&mut self, job: JobId, reason: &str) {
        self.doubts.insert(job, cut(reason));
    }

    /// A part that was good is made again.
    pub fn redone(&mut self, job: JobId, segment: SegmentIndex) {
        let why = self.doubts.get(&job).cloned().unwrap_or_default();
        self.undo(job, Some(segment.0), why);
    }

    /// A job's plan begins anew: all that was made by the old one is of no use.
    pub fn voided(&mut self, job: JobId) {
        self.undo(job, None, CUT_ANEW.to_owned());
    }

    fn undo(&mut self, job: JobId, segment: Option<u32>, why: String) {
        let (row, fates) = (row_id(job), (Fate::Verified.word(), Fate::Lost.word()));
        self.undone.push(Arc::new(move |tables: &Tables<'_>| {
            tables.undo_stints(row, segment, fates, &why)
        }));
    }

    /// Time passes: where this computer has slept meanwhile, nobody could work.
    pub fn tick(&mut self, wall_ms: i64, awake: Duration) {
        if let Some(slept) = self.slumber.tick(wall_ms, awake) {
            self.slept(slept);
        }
    }

    /// What the jobs did is cut in two round a time in which the node stood still.
    fn slept(&mut self, (from, to): (i64, i64)) {
        let jobs: Vec<JobId> = self.phases.keys().copied().collect();
        for job in jobs {
            let now = self.phases.get(&job).into_iter().flatten();
            let kinds: Vec<PhaseKind> = now.filter_map(|one| PhaseKind::of(&one.kind)).collect();
            if kinds.is_empty() {
                continue;
            }
            self.close(job, from, |_| true);
            self.note(job, PhaseKind::Stopped, (from, to));
            for kind in kinds {
                self.begin(job, kind, to);
            }
        }
    }

    /// A job begins to do something beside what else it does.
    pub fn begin(&mut self, job: JobId, kind: PhaseKind, at: i64) {
        let phase = Phase {
            job: row_id(job),
            kind: kind.word().to_owned(),
            began: at,
            ended: None,
        };
        self.put(phase.clone());
        self.phases.entry(job).or_default().push(phase);
    }

    /// It is through with that.
    pub fn finish(&mut self, job: JobId, kind: PhaseKind, at: i64) {
        self.close(job, at, |phase| phase == kind);
    }

    /// What is read of a film for places to cut: its end is the end of that.
    pub fn index_says(&mut self, job: JobId, said: &Indexing) {
        if !matches!(said, Indexing::More) {
            self.finish(job, PhaseKind::Plan, unix_ms());
        }
    }

    /// A job moves on: it does this now, and nothing else but what goes on beside.
    pub fn enter(&mut self, job: JobId, kind: PhaseKind, at: i64) {
        let goes_on = |phases: &Vec<Phase>| phases.iter().any(|one| one.kind == kind.word());
        if self.phases.get(&job).is_some_and(goes_on) {
            return;
        }
        if let Some(ended) = self.ended.remove(&job) {
            self.put(Phase {
                job: row_id(job),
                kind: PhaseKind::Held.word().to_owned(),
                began: ended,
                ended: Some(at),
            });
        }
        self.close(job, at, |phase| !is_beside(phase));
        self.begin(job, kind, at);
    }

    /// A job is over, for now.
    pub fn end_job(&mut self, job: JobId, at: i64) {
        self.close(job, at, |_| true);
        self.phases.remove(&job);
        self.doubts.remove(&job);
        self.ended.insert(job, at);
    }

    /// Something that is over already.
    pub fn note(&mut self, job: JobId, kind: PhaseKind, (began, ended): (i64, i64)) {
        self.put(Phase {
            job: row_id(job),
            kind: kind.word().to_owned(),
            began,
            ended: Some(ended),
        });
    }

    /// A job is off the list.
    pub fn forget(&mut self, job: JobId) {
        self.phases.remove(&job);
        self.ended.remove(&job);
    }

    /// The node stops.
    pub fn stop(&mut self, at: i64) -> Vec<Write> {
        let leases: Vec<LeaseId> = self.open.keys().copied().collect();
        for lease in leases {
            self.over(lease, Fate::Stopped, at);
        }
        let jobs: Vec<JobId> = self.phases.keys().copied().collect();
        for job in jobs {
            self.close(job, at, |_| true);
        }
        self.writes()
    }

    /// Whether a computer is there and takes parts; else why not.
    fn presence(&mut self, peer: PeerId, rest: Option<Rest>, at: i64) {
        let known = self.absent.get(&peer).map(|absence| absence.why.as_str());
        if known == rest.as_ref().map(|rest| rest.why.as_str()) {
            return;
        }
        if let Some(mut absence) = self.absent.remove(&peer) {
            absence.ended = Some(at);
            self.writes
                .push(Arc::new(move |tables| tables.put_absence(&absence)));
        }
        if let Some(Rest { why, still }) = rest {
            let absence = Absence {
                peer: peer.0,
                began: at,
                ended: None,
                why,
                still,
            };
            self.absent.insert(peer, absence.clone());
            self.writes
                .push(Arc::new(move |tables| tables.put_absence(&absence)));
        }
    }

    fn put(&mut self, phase: Phase) {
        self.writes
            .push(Arc::new(move |tables| tables.put_phase(&phase)));
    }

    fn close(&mut self, job: JobId, at: i64, which: impl Fn(PhaseKind) -> bool) {
        let Some(phases) = self.phases.get_mut(&job) else {
            return;
        };
        let meant = |phase: &mut Phase| PhaseKind::of(&phase.kind).is_none_or(&which);
        let closed: Vec<Phase> = phases.extract_if(.., meant).collect();
        for mut phase in closed {
            phase.ended = Some(at.max(phase.began));
            self.put(phase);
        }
    }
}

impl Core {
    /// Notes what a job has done before it came here, and what goes on beside it from now on.
    pub(crate) fn note_beginning(&mut self, job: &Job) {
        let now = unix_ms();
        let looked = (now.saturating_sub_unsigned(job.elapsed_ms()), now);
        self.chronicle.note(job.id, PhaseKind::Probe, looked);
        if !job.film.index().is_finished() {
            self.chronicle.begin(job.id, PhaseKind::Plan, now);
        }
    }

    /// The joining of a job has come to its next step.
    pub(crate) fn reached(&mut self, id: JobId, kind: PhaseKind) {
        // One that was held meanwhile, or is over, does nothing any more.
        if self.farm.state(id) == Some(&schedule::JobState::Combining) {
            self.chronicle.enter(id, kind, unix_ms());
        }
    }

    /// A part was given out: to be written with the lease itself.
    pub(crate) fn note_given(&mut self, lease: &Lease) {
        let name = self.called(lease.peer);
        self.chronicle.given(lease, name, unix_ms());
    }

    /// A lease could not even be begun.
    pub(crate) fn note_failed(&mut self, lease: LeaseId, failed: &Input) {
        self.chronicle.hear(failed, unix_ms());
        self.note_over(lease);
    }

    /// A lease is over; where its part is there by now, somebody else was quicker.
    pub(crate) fn note_over(&mut self, lease: LeaseId) {
        let stint = self.chronicle.open.get(&lease);
        let there = stint.is_some_and(|stint| {
            let job = self.jobs.get(&crate::journal::job_id(stint.job));
            job.is_some_and(|job| job.pieces.contains_key(&stint.segment))
        });
        let fate = if there { Fate::Outrun } else { Fate::Withdrawn };
        self.chronicle.over(lease, fate, unix_ms());
    }

    /// A part came to nothing.
    pub(crate) fn note_lost(
        &mut self,
        job: JobId,
        segment: SegmentIndex,
        peer: PeerId,
        reason: &str,
    ) {
        self.chronicle.blame(job, segment, peer, reason);
    }

    /// Notes whether this computer, or a paired one, is there and takes parts.
    pub(crate) fn note_presence(&mut self, peer: PeerId) {
        let neighbour = self.neighbours.get(&peer).filter(|one| one.paired);
        if neighbour.is_none() && peer != self.me {
            return;
        }
        let aside = self.farm.peer(peer).and_then(|view| match view.standing {
            Standing::Aside { reason, .. } => Some(reason),
            Standing::Good { .. } | Standing::Trial { .. } => None,
        });
        let rest = neighbour.and_then(rests).or_else(|| {
            aside.map(|reason| Rest {
                why: cut(&format!("set aside: {reason}")),
                still: false,
            })
        });
        self.chronicle.presence(peer, rest, unix_ms());
    }
}

/// Why a paired computer takes nothing, as it says or as is seen.
fn rests(neighbour: &Neighbour) -> Option<Rest> {
    let rest = |why: &str, still| {
        let why = why.to_owned();
        Some(Rest { why, still })
    };
    match (&neighbour.about, neighbour.rests()) {
        (None, _) => rest("away", false),
        (Some(about), _) if !about.donating => rest("not helping", false),
        (Some(_), Some(reason)) => rest(crate::view::pause_words(reason), stands_still(reason)),
        (Some(_), None) => None,
    }
}

/// Whether what a computer has begun stands still at first when it rests for this reason. Else it goes on.
fn stands_still(reason: PauseReason) -> bool {
    match reason {
        PauseReason::OnBattery
        | PauseReason::InUse
        | PauseReason::PowerSaver
        | PauseReason::OtherLoad => true,
        PauseReason::ByHand
        | PauseReason::OwnWork
        | PauseReason::LowDisk
        | PauseReason::Measuring
        | PauseReason::Schedule => false,
    }
}

/// Whether something goes on beside what a job does.
fn is_beside(kind: PhaseKind) -> bool {
    matches!(kind, PhaseKind::Plan | PhaseKind::Sound)
}

fn lost(stint: &mut Stint, reason: &str) {
    stint.fate = Some(Fate::Lost.word().to_owned());
    stint.why = cut(reason);
}

/// As much of a reason as is kept.
fn cut(reason: &str) -> String {
    reason.chars().take(WHY).collect()
}

#[cfg(test)]
mod tests {
    use schedule::{Attempt, EncoderId, Fault};

    use super::*;

    const JOB: JobId = JobId(1);

    fn lease(id: u64) -> Lease {
        Lease {
            id: LeaseId(id),
            job: JOB,
            segment: SegmentIndex(4),
            attempt: Attempt(1),
            peer: PeerId([9; 32]),
            encoder: EncoderId(0),
            step_back: 0,
            hedge: false,
        }
    }

    #[test]
    fn what_a_donor_says_counts_as_far_as_it_fits() {
        let mut chronicle = Chronicle::default();
        chronicle.given(&lease(1), "Kitchen".to_owned(), 1000);
        chronicle.hear(&Input::Delivered { lease: LeaseId(1) }, 2000);
        chronicle.timed(LeaseId(1), (3000, 500), 6000);
        let seen = |chronicle: &Chronicle| {
            let stint = &chronicle.open[&LeaseId(1)];
            (stint.began, stint.encoded)
        };
        assert_eq!(seen(&chronicle), (Some(2500), Some(5500)));
        chronicle.timed(LeaseId(1), (u64::MAX, 500), 6000);
        assert_eq!(seen(&chronicle), (Some(2000), Some(5500)));
        chronicle.timed(LeaseId(1), (0, u64::MAX), 6000);
        assert_eq!(seen(&chronicle), (Some(2000), Some(2000)));
    }

    #[test]
    fn a_lease_ends_once_with_the_reason_that_was_heard() {
        let mut chronicle = Chronicle::default();
        chronicle.given(&lease(1), String::new(), 1000);
        chronicle.given(&lease(2), String::new(), 1000);
        let reason = "é".repeat(400);
        let failed = Input::Failed {
            lease: LeaseId(1),
            fault: Fault::Peer,
            reason,
        };
        chronicle.hear(&failed, 2000);
        chronicle.over(LeaseId(1), Fate::Withdrawn, 2000);
        chronicle.over(LeaseId(2), Fate::Withdrawn, 2000);
        chronicle.blame(JOB, SegmentIndex(4), PeerId([9; 32]), "too slow");
        let ends: Vec<_> = chronicle
            .over
            .iter()
            .map(|one| (one.fate.as_deref(), one.why.chars().count()))
            .collect();
        assert_eq!(ends, [(Some("lost"), WHY), (Some("lost"), 8)]);
        // Given twice, over twice.
        assert_eq!(chronicle.writes().len(), 4);
        chronicle.over(LeaseId(1), Fate::Withdrawn, 3000);
        assert!(chronicle.writes().is_empty());
    }

    #[test]
    fn a_job_does_one_thing_after_the_other_and_some_beside() {
        let mut chronicle = Chronicle::default();
        let now = |chronicle: &Chronicle| -> Vec<(String, i64)> {
            let phases = chronicle.now(JOB).phases.into_iter();
            phases.map(|one| (one.kind, one.began)).collect()
        };
        chronicle.begin(JOB, PhaseKind::Plan, 0);
        chronicle.enter(JOB, PhaseKind::Queued, 1);
        chronicle.enter(JOB, PhaseKind::Encoding, 2);
        chronicle.enter(JOB, PhaseKind::Encoding, 3);
        assert_eq!(
            now(&chronicle),
            [("plan".to_owned(), 0), ("encoding".to_owned(), 2)]
        );
        chronicle.finish(JOB, PhaseKind::Plan, 4);
        chronicle.end_job(JOB, 5);
        assert_eq!(now(&chronicle), []);
        chronicle.writes();
        // Tried again: the time between is no work.
        chronicle.enter(JOB, PhaseKind::Encoding, 9);
        assert_eq!(chronicle.writes().len(), 2);
        assert_eq!(now(&chronicle), [("encoding".to_owned(), 9)]);
    }

    fn rest(why: &str) -> Option<Rest> {
        Some(Rest {
            why: why.to_owned(),
            still: why == "in use",
        })
    }

    #[test]
    fn who_is_there_is_noted_when_it_changes() {
        let mut chronicle = Chronicle::default();
        let peer = PeerId([9; 32]);
        chronicle.presence(peer, rest("away"), 1);
        chronicle.presence(peer, rest("away"), 2);
        assert_eq!(chronicle.writes().len(), 1);
        chronicle.presence(peer, rest("in use"), 3);
        assert_eq!(chronicle.writes().len(), 2);
        let now = chronicle.now(JOB);
        let absent = &now.absences[0];
        assert_eq!((absent.began, absent.still), (3, true));
        chronicle.presence(peer, None, 4);
        assert!(chronicle.now(JOB).absences.is_empty());
    }

    #[test]
    fn what_is_in_hand_of_other_jobs_is_known() {
        let mut chronicle = Chronicle::default();
        chronicle.given(&lease(1), String::new(), 1000);
        let other = Lease {
            job: JobId(2),
            ..lease(2)
        };
        chronicle.given(&other, String::new(), 2000);
        let leases = |job: u64| {
            let now = chronicle.now(JobId(job));
            let numbers = |all: Vec<Stint>| all.iter().map(|one| one.lease).collect::<Vec<_>>();
            (numbers(now.stints), numbers(now.others))
        };
        assert_eq!(leases(1), (vec![1], vec![2]));
        assert_eq!(leases(2), (vec![2], vec![1]));
        assert_eq!(leases(3), (vec![], vec![1, 2]));
    }

    #[test]
    fn sleep_cuts_what_a_job_does_in_two() {
        let mut chronicle = Chronicle::default();
        chronicle.begin(JOB, PhaseKind::Plan, 0);
        chronicle.enter(JOB, PhaseKind::Encoding, 1000);
        chronicle.end_job(JobId(2), 1000);
        chronicle.writes();
        chronicle.tick(2000, Duration::from_secs(2));
        chronicle.tick(3_602_000, Duration::from_secs(2));
        let began: Vec<_> = chronicle
            .now(JOB)
            .phases
            .iter()
            .map(|one| (one.kind.clone(), one.began, one.ended))
            .collect();
        let goes_on = |kind: &str| (kind.to_owned(), 3_602_000, None);
        assert_eq!(began, [goes_on("plan"), goes_on("encoding")]);
        // Two that ended, the sleep, and two that began.
        assert_eq!(chronicle.writes().len(), 5);
        chronicle.tick(3_605_000, Duration::from_secs(5));
        assert!(chronicle.writes().is_empty());
    }

    /// A store with a job of which two parts were good.
    async fn made(folder: &std::path::Path) -> (store::Store, JobId) {
        let store = store::Store::open(folder).unwrap();
        let new = store::NewJob {
            source: "/films/a.mkv".into(),
            source_bytes: 1,
            source_modified: 0,
            source_sample: [0; 32],
            choice: serde_json::Value::Null,
            created: 0,
        };
        let row = store.call(move |tables| tables.add_job(&new)).await;
        (store, crate::journal::job_id(row.unwrap()))
    }

    #[tokio::test]
    async fn what_is_made_again_was_in_vain() {
        let folder = tempfile::tempdir().unwrap();
        let (store, job) = made(folder.path()).await;
        let mut chronicle = Chronicle::default();
        for id in [1, 2] {
            let lease = Lease {
                job,
                segment: SegmentIndex(id),
                ..lease(u64::from(id))
            };
            chronicle.given(&lease, String::new(), 1000);
            let stint = chronicle.open.get_mut(&lease.id).unwrap();
            stint.fate = Some(Fate::Verified.word().to_owned());
            chronicle.over(lease.id, Fate::Withdrawn, 2000);
        }
        // Also where it ended in the same turn.
        chronicle.doubt(job, "its packets are not in the joined film");
        chronicle.redone(job, SegmentIndex(2));
        let told = async |chronicle: &mut Chronicle| {
            let writes = chronicle.writes();
            let stints = store.call(move |tables| {
                writes.iter().try_for_each(|write| write(tables))?;
                tables.stints(row_id(job))
            });
            let stints = stints.await.unwrap().into_iter();
            stints
                .map(|one| (one.fate.unwrap_or_default(), one.why))
                .collect::<Vec<_>>()
        };
        let pair = |fate: &str, why: &str| (fate.to_owned(), why.to_owned());
        let second = pair("lost", "its packets are not in the joined film");
        let found = told(&mut chronicle).await;
        assert_eq!(found, [pair("verified", ""), second.clone()]);
        chronicle.voided(job);
        let found = told(&mut chronicle).await;
        assert_eq!(found, [pair("lost", CUT_ANEW), second]);
    }
}
