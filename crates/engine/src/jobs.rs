//! The loop's handling of jobs: what the scheduler asks is set going, what comes back is filed.

use std::collections::BTreeMap;
use std::sync::Arc;

use hindsight::PhaseKind;
use peer::{Message, TaskId};
use plan::cut::{Cutter, Cutting};
use schedule::{Fault, Input, JobId, Lease, LeaseId, SegmentIndex, Work};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::capability;
use crate::combine::{self, Combine, CombineError};
use crate::companion::{self, Companion};
use crate::driver::{Core, Held, Mail, NewJob, Restored, unix_ms};
use crate::film::Film;
use crate::job::{CompanionState, Ended, Job};
use crate::lease::{self, Assignment, Bench, Piece};
use crate::merge::Parts;
use crate::probe::Indexing;
use crate::reunion::Given;
use crate::status::{Outcome, Stages};
use crate::trouble::{Kind, Trouble};
use crate::{encode, ending, send, size};

/// A segment's usual length, seconds of film: below ten the extra keyframes cost size.
const LONGEST_S: f64 = 24.0;
/// The shortest that is cut so that machines finish together.
const SHORTEST_S: f64 = 2.0;

/// What to do about a film that cannot be read.
const READ_AGAIN: &str = "Check the disk or the network drive that it is on, then try again: what is encoded is kept. If it stays so, copy the file anew.";

/// Segment lengths may be set for tests: one number of seconds, used as the longest.
fn longest_s() -> f64 {
    let set = std::env::var("MANYHANDS_SEGMENT_SECONDS")
        .ok()
        .and_then(|text| text.parse::<f64>().ok());
    set.filter(|s| *s > 0.0 && *s < 3600.0).unwrap_or(LONGEST_S)
}

impl Core {
    /// Takes up a job.
    pub(crate) fn add(&mut self, new: NewJob) {
        if self.jobs.contains_key(&new.id) {
            // Asked for twice at once: the first goes on.
            return;
        }
        let film = Arc::clone(&new.film);
        let restored = new.restored;
        let Restored {
            segments,
            pieces,
            awaited,
            plan_finished,
        } = restored.unwrap_or_default();
        let next = u32::try_from(segments.len()).unwrap_or(u32::MAX);
        let start = segments.last().and_then(|s| s.span.end).map(|end| end.0);
        let begun = (next > 0).then(|| Cutter::resume(next, start));
        let cutter = cutter_of(&film, begun);
        let job = Job {
            id: new.id,
            notes: film.notes.clone(),
            film: Arc::clone(&film),
            terms: new.terms,
            folder: new.folder,
            cutter,
            segments,
            pieces,
            awaited,
            refused: BTreeMap::new(),
            companion: CompanionState::Pending,
            wants_merge: false,
            waits_for_index: false,
            away: None,
            repairing: false,
            generation: 0,
            begun: new.begun,
            created_ms: new.created_ms,
            finished_ms: None,
            stages: Stages::default(),
            ended: None,
            shown: 0.0,
            outgrown: 0.0,
            cancel: CancellationToken::new(),
            joining: CancellationToken::new(),
            placing: false,
        };
        self.past.remove(&new.id);
        self.note_beginning(&job);
        self.announce(&job, plan_finished);
        if job.segments.is_empty() {
            self.put_before_those_that_yield(&job);
        }
        if self.measuring {
            // Encoding beside the trials would spoil both.
            self.pending
                .push_back(Input::BenchmarkStarted { job: new.id });
        }
        self.jobs.insert(new.id, job);
        self.await_others(new.id);
        self.ask_who_sees(new.id);
        self.accompany(new.id);
    }

    /// What is new and asked for by hand comes before what the library has given itself to do.
    fn put_before_those_that_yield(&mut self, job: &Job) {
        let yields = |id: &JobId| self.jobs.get(id).is_some_and(|job| job.terms.yields);
        let first = self.farm.queue().iter().position(yields);
        let to = first.and_then(|at| u32::try_from(at).ok());
        if let Some(to) = to.filter(|_| !job.terms.yields) {
            self.pending.push_back(Input::Reorder { job: job.id, to });
        }
    }

    /// Tells the scheduler of a job.
    fn announce(&mut self, job: &Job, plan_finished: bool) {
        let needs = capability::needs(&job.film.choice, &job.film.order);
        let longest = longest_s();
        let size = |seconds: f64| job.film.work((seconds * job.film.rate()) as u64);
        let (normal, min) = (size(longest), size(SHORTEST_S.min(longest)));
        self.pending.push_back(Input::SegmentSizes {
            job: job.id,
            normal,
            min,
        });
        if job.segments.is_empty() {
            let total_hint = job.film.work(job.film.frames_estimate());
            let (wait_for, only_here) = (job.terms.wait_for, job.terms.only_here);
            self.pending.push_back(Input::JobSubmitted {
                job: job.id,
                needs,
                wait_for,
                only_here,
                total_hint,
            });
            return;
        }
        let planned = job.segments.iter().map(|segment| {
            let verified = job.pieces.get(&segment.index).map(Piece::verified_by);
            (
                SegmentIndex(segment.index),
                job.film.work(u64::from(segment.frames)),
                verified,
            )
        });
        let planned = planned.collect();
        self.pending.push_back(Input::JobRestored {
            job: job.id,
            earlier: schedule::Earlier {
                needs,
                only_here: job.terms.only_here,
                planned,
                awaited: job.awaited.keys().map(|at| SegmentIndex(*at)).collect(),
                plan_finished,
            },
        });
        self.pending.push_back(Input::RemainingWork {
            job: job.id,
            remaining: remaining(job),
        });
    }

    /// Starts what is made ready beside the film.
    pub(crate) fn accompany(&mut self, id: JobId) {
        let Some(job) = self.jobs.get(&id) else {
            return;
        };
        let Some(bench) = self.bench.clone() else {
            return;
        };
        let (film, cancel, generation) =
            (Arc::clone(&job.film), job.cancel.clone(), job.generation);
        self.chronicle.begin(id, PhaseKind::Sound, unix_ms());
        let folder = self.workspace.job(id);
        let mail = self.mail.clone();
        tokio::spawn(async move {
            let result = tokio::select! {
                result = companion::prepare(&bench.ffmpeg, film, folder) => result,
                () = cancel.cancelled() => return,
            };
            let _ = mail.send(Mail::Companion {
                job: id,
                generation,
                result,
            });
        });
    }

    /// Cuts the next segment of about `target`.
    pub(crate) fn cut(&mut self, id: JobId, target: Work) {
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        if job.repairing {
            return self.pending.push_back(Input::PlanWaits { job: id });
        }
        let film = Arc::clone(&job.film);
        let seconds = film.frames(target) as f64 / film.rate();
        let ticks = film.timebase().ticks((seconds * 1e6) as i64);
        let cut = job.cutter.next(&film.index(), ticks);
        match cut {
            Ok(Cutting::Segment(segment)) => {
                let input = Input::Planned {
                    job: id,
                    segment: SegmentIndex(segment.index),
                    work: film.work(u64::from(segment.frames)),
                    bytes: segment.bytes,
                };
                job.segments.push(segment);
                let finished = job.cutter.is_finished();
                self.pending.push_back(input);
                if finished {
                    self.pending.push_back(Input::PlanFinished { job: id });
                } else {
                    let remaining = remaining(job);
                    self.pending
                        .push_back(Input::RemainingWork { job: id, remaining });
                }
            }
            Ok(Cutting::Waits) => {
                job.waits_for_index = true;
                self.pending.push_back(Input::PlanWaits { job: id });
            }
            Ok(Cutting::Finished) => self.pending.push_back(Input::PlanFinished { job: id }),
            Err(anomaly) => self.start_over(id, anomaly),
        }
    }

    /// News of a film's index.
    pub(crate) fn index_says(&mut self, id: JobId, generation: u32, said: Indexing) {
        let Some(job) = self
            .jobs
            .get_mut(&id)
            .filter(|j| j.generation == generation)
        else {
            return;
        };
        self.chronicle.index_says(id, &said);
        match said {
            Indexing::More => {}
            Indexing::Finished => {
                job.stages.analyse = job.elapsed_ms();
                if job.film.index().is_empty() {
                    let name = job.film.path.display().to_string();
                    return self.fail(
                        id,
                        Trouble::new(
                            Kind::Damaged,
                            format!("{name} has a video track without a single frame."),
                        ),
                    );
                }
                let remaining = remaining(job);
                self.pending
                    .push_back(Input::RemainingWork { job: id, remaining });
                if self.ends_early(id) {
                    return;
                }
            }
            Indexing::Anomaly(anomaly) => return self.start_over(id, anomaly),
            Indexing::Failed(why) => {
                let trouble = unread(&job.film, &why);
                return self.fail(id, trouble);
            }
        }
        let waits = |job: &mut Job| std::mem::take(&mut job.waits_for_index);
        if self.jobs.get_mut(&id).is_some_and(waits) {
            self.pending.push_back(Input::PlanMore { job: id });
        }
    }

    /// Tells where a film could not be read to its end, as far as is known. Whether its job has failed for that, as the
    /// result was to take the film's place.
    fn ends_early(&mut self, id: JobId) -> bool {
        let Some(job) = self.jobs.get(&id) else {
            return false;
        };
        let over = job.ended.is_some() || self.farm.state(id).is_some_and(|s| s.has_ended());
        let refused = ending::refusal(&job.film, &job.terms).filter(|_| !over);
        if let Some(said) = ending::note(&job.film) {
            self.note(id, said);
        }
        let Some(trouble) = refused else {
            return false;
        };
        self.fail(id, trouble);
        true
    }

    /// Sets a lease going.
    pub(crate) fn start(&mut self, lease: Lease) {
        let beside = if lease.hedge {
            ", beside another computer"
        } else {
            ""
        };
        self.note_down(&lease, &format!("given{beside}"));
        let Some(reserved) = self.reserve(&lease) else {
            // Its job is held from now on, and with that this lease is taken back.
            return;
        };
        let (cancel, going) = (CancellationToken::new(), self.set_going(lease, reserved));
        let task = match going {
            Ok(Going::Here(bench, assignment)) => {
                let work = encode::here(bench.clone(), assignment.clone());
                tokio::spawn(lease::perform(bench, assignment, cancel.clone(), work));
                None
            }
            Ok(Going::Away(bench, assignment, link, task, heard)) => {
                let work = send::away(bench.clone(), assignment.clone(), link, task, heard);
                tokio::spawn(lease::perform(bench, assignment, cancel.clone(), work));
                Some(task)
            }
            Err((fault, reason)) => {
                let (lease, reason) = (lease.id, reason.to_owned());
                let failed = Input::Failed {
                    lease,
                    fault,
                    reason,
                };
                self.note_failed(lease, &failed);
                return self.pending.push_back(failed);
            }
        };
        let held = Held {
            lease,
            cancel,
            task,
            reserved,
        };
        self.leases.insert(lease.id, held);
    }

    /// All that it takes to perform a lease, or why it cannot be.
    fn set_going(&mut self, lease: Lease, reserved: u64) -> Result<Going, (Fault, &'static str)> {
        let mut bench = self
            .bench
            .clone()
            .ok_or((Fault::Source, "there is no ffmpeg"))?;
        let assignment = self.assignment(lease, reserved);
        let assignment = assignment.ok_or((Fault::Source, "the segment is beyond every limit"))?;
        if let Some(job) = self.jobs.get_mut(&lease.job)
            && job.stages.first_segment == 0
        {
            job.stages.first_segment = job.elapsed_ms().max(1);
        }
        self.say_if_alone(lease.job);
        self.say_who_cannot(lease.job);
        if let Some(changed) = size::note(&assignment.film) {
            self.note(lease.job, changed);
        }
        bench.allowance = self.abilities.allowance(assignment.spec.encoder);
        if lease.peer == self.me {
            return Ok(Going::Here(bench, assignment));
        }
        let link = self
            .link_to(lease.peer)
            .ok_or((Fault::Network, "it is not connected"))?;
        let given = Given {
            job: lease.job,
            segment: lease.segment,
            encoder: lease.encoder,
            peer: lease.peer,
        };
        let task = self.name_task(given, &assignment.spec, lease.step_back);
        let (words, heard) = mpsc::channel(64);
        self.tasks.insert(task, words);
        Ok(Going::Away(bench, assignment, link, task, heard))
    }

    /// A job that could have had help and has none says so.
    fn say_if_alone(&mut self, id: JobId) {
        let wants = self.jobs.get(&id).is_some_and(|job| !job.terms.only_here);
        if wants
            && self
                .neighbours
                .values()
                .all(|n| n.rests().is_some() || n.offers().is_empty())
        {
            self.note(
                id,
                "No other computer is here: this one works alone.".to_owned(),
            );
        }
    }

    fn assignment(&self, lease: Lease, reserved: u64) -> Option<Assignment> {
        let job = self.jobs.get(&lease.job)?;
        let segment = job.segments.get(lease.segment.0 as usize)?.clone();
        let encoder = capability::encoder(lease.encoder);
        let spec = job.film.spec(&segment, encoder)?;
        let file = self.workspace.segment(lease.job, lease.segment, lease.id.0);
        let ceiling = send::result_ceiling(&segment);
        let limited = self.settings.scratch_limit;
        let limited = limited.map(|_| reserved.min(ceiling));
        Some(Assignment {
            lease,
            reads: self.own_reading(&lease),
            most: limited.unwrap_or(ceiling),
            film: Arc::clone(&job.film),
            segment,
            spec,
            file,
            paranoid: job.terms.paranoid,
        })
    }

    /// Takes a lease back.
    pub(crate) fn revoke(&mut self, id: LeaseId) {
        let Some(held) = self.let_go(id) else { return };
        self.note_down(&held.lease, "taken back");
        held.cancel.cancel();
        if let Some(task) = held.task
            && let Some(link) = self.link_to(held.lease.peer)
        {
            tokio::spawn(async move {
                // A broken link cancels by itself.
                let _ = link.send(peer::Message::Cancel { task }).await;
            });
        }
    }

    /// Forgets a lease's handles.
    pub(crate) fn let_go(&mut self, id: LeaseId) -> Option<Held> {
        self.note_over(id);
        let held = self.leases.remove(&id)?;
        if let Some(task) = held.task {
            self.tasks.remove(&task);
        }
        Some(held)
    }

    /// A result was found good: into the journal, then to the scheduler.
    pub(crate) fn piece(&mut self, lease: Lease, piece: Piece) {
        self.chronicle.good(lease.id, &piece, lease.peer != self.me);
        let known = self.let_go(lease.id).is_some();
        let Some(job) = self.jobs.get_mut(&lease.job).filter(|_| known) else {
            return;
        };
        if let Some(neighbour) = self.neighbours.get_mut(&lease.peer) {
            neighbour.trouble = None;
        }
        self.scratch.own += piece.proof.bytes;
        job.away = None;
        job.pieces.insert(lease.segment.0, piece);
        job.stages.process = job.elapsed_ms().saturating_sub(job.stages.first_segment);
        self.note_down(&lease, "verified");
        self.forget_given(lease.job, Some(lease.segment));
        self.pending.push_back(Input::Verified { lease: lease.id });
        self.check_scratch();
    }

    /// What travels beside the film is ready, or never will be.
    pub(crate) fn companion_says(
        &mut self,
        id: JobId,
        generation: u32,
        result: Result<Companion, String>,
    ) {
        let Some(job) = self
            .jobs
            .get_mut(&id)
            .filter(|j| j.generation == generation)
        else {
            return;
        };
        self.chronicle.finish(id, PhaseKind::Sound, unix_ms());
        match result {
            Ok(companion) => {
                job.notes.extend(companion.notes.iter().cloned());
                job.companion = CompanionState::Ready(companion);
                let merges = std::mem::take(&mut job.wants_merge);
                if !self.ends_early(id) && merges {
                    self.merge(id);
                }
            }
            Err(why) => {
                let name = job.film.path.display().to_string();
                let text = format!("The sound or subtitles of {name} could not be read: {why}.");
                self.fail(id, Trouble::new(Kind::Unreadable, text).help(READ_AGAIN));
            }
        }
    }

    /// All segments are verified: join them.
    pub(crate) fn merge(&mut self, id: JobId) {
        let Some(bench) = self.bench.clone() else {
            return;
        };
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        if matches!(job.companion, CompanionState::Pending) {
            job.wants_merge = true;
            return;
        }
        if !self.has_room_for_output(id) {
            return;
        }
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        let CompanionState::Ready(companion) = &job.companion else {
            return;
        };
        let pieces: Vec<_> = job
            .segments
            .iter()
            .filter_map(|s| Some((s.clone(), job.pieces.get(&s.index)?.clone())))
            .collect();
        if pieces.len() != job.segments.len() {
            let missing = job
                .segments
                .iter()
                .filter(|s| !job.pieces.contains_key(&s.index))
                .map(|s| SegmentIndex(s.index))
                .collect();
            let reason = "results are missing".to_owned();
            self.chronicle.doubt(id, &reason);
            return self.pending.push_back(Input::MergeFailed {
                job: id,
                again: missing,
                reason,
            });
        }
        let parts = Parts {
            film: Arc::clone(&job.film),
            pieces,
            folder: self.workspace.job(id),
            freight: companion.freight.clone(),
            sound: companion.sound.clone(),
            covers: companion.covers.clone(),
        };
        let work = Combine {
            job: id,
            parts,
            companion: companion.clone(),
            terms: job.terms.clone(),
            folder: job.folder.clone(),
            receipts: self.workspace.receipts(),
            node: self.me.to_string(),
            begun: combine::Begun::Run(job.begun),
            made_by: None,
            store: self.store.clone(),
            ledger: self.ledger.clone(),
            mail: self.mail.clone(),
        };
        job.joining = job.cancel.child_token();
        let (cancel, mail) = (job.joining.clone(), self.mail.clone());
        tokio::spawn(async move {
            if let Some(result) = combine::combine(&bench, work, cancel).await {
                let _ = mail.send(Mail::Combined { job: id, result });
            }
        });
    }

    /// The end of the road.
    pub(crate) fn combined(&mut self, id: JobId, result: Result<Outcome, CombineError>) {
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        job.placing = false;
        match result {
            Ok(outcome) => {
                let before = job.stages.first_segment + job.stages.process;
                job.stages.merge = job.elapsed_ms().saturating_sub(before);
                job.ended = Some(Ended::Well(outcome));
                job.finished_ms = Some(crate::driver::unix_ms());
                self.pending.push_back(Input::Merged { job: id });
            }
            Err(CombineError::Redo(segments, reason)) => {
                tracing::warn!(job = %id, ?segments, reason, "segments are encoded again");
                for segment in &segments {
                    job.pieces.remove(segment);
                }
                self.chronicle.doubt(id, &reason);
                let segments = segments.into_iter().map(SegmentIndex).collect();
                self.pending.push_back(Input::MergeFailed {
                    job: id,
                    again: segments,
                    reason,
                });
            }
            Err(CombineError::Full) => self.output_filled(id),
            Err(CombineError::Unnoted) => self.data_filled(id),
            Err(CombineError::Failed(trouble)) => self.fail(id, trouble),
        }
    }

    /// A job rests: what is being joined of it is not.
    pub(crate) fn rest(&mut self, id: JobId) {
        if let Some(job) = self.jobs.get_mut(&id) {
            job.wants_merge = false;
            job.joining.cancel();
        }
    }

    /// Fails a job for a reason of ours.
    pub(crate) fn fail(&mut self, id: JobId, trouble: Trouble) {
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        let reason = trouble.message.clone();
        job.ended = Some(Ended::Badly(trouble));
        if std::mem::take(&mut job.repairing) {
            // What comes of the repair that is under way is not waited for.
            job.generation += 1;
        }
        job.cancel.cancel();
        self.pending
            .push_back(Input::PlanFailed { job: id, reason });
    }

    /// A job is over and its scratch may go.
    pub(crate) fn discard(&mut self, id: JobId) {
        let Some(job) = self.jobs.get(&id) else {
            return;
        };
        if job.repairing {
            // Only the segments of the broken timeline are void, and their tasks are ended.
            return;
        }
        let cancelled = self.farm.state(id) == Some(&schedule::JobState::Cancelled);
        let failed = match &job.ended {
            Some(Ended::Badly(trouble)) => trouble.kind != Kind::NotWorthwhile && !cancelled,
            Some(Ended::Well(_)) | None => false,
        };
        let keep = job.terms.keep_temp || failed;
        job.cancel.cancel();
        let well = matches!(job.ended, Some(Ended::Well(_)));
        let film = Arc::clone(&job.film);
        self.write_manifest(id);
        self.forget_given(id, None);
        self.forget_sights(id);
        if !keep {
            self.workspace.remove_job(id);
        }
        if well {
            // Nothing is cut any more: of a long film these are megabytes, and it stays on the list.
            film.index().let_go();
        }
    }
}

/// What cuts a film, from its beginning or where `begun` is.
pub(crate) fn cutter_of(film: &Film, begun: Option<Cutter>) -> Cutter {
    let cutter = begun.unwrap_or_default();
    let tail = film.order.filters().reach().after;
    cutter.with_tail(tail).with_least(film.step())
}

/// A film that cannot be read beyond what is known of it.
pub(crate) fn unread(film: &Film, why: &str) -> Trouble {
    let (name, at) = (film.path.display(), film.reached());
    let text = format!("{name} could not be read on at {at} of the film: {why}.");
    Trouble::new(Kind::Unreadable, text).help(READ_AGAIN)
}

/// Where a lease is performed.
enum Going {
    Here(Bench, Assignment),
    Away(
        Bench,
        Assignment,
        peer::Link,
        TaskId,
        mpsc::Receiver<Message>,
    ),
}

/// What is not cut yet, as far as is known.
fn remaining(job: &Job) -> Work {
    let cut: u64 = job.segments.iter().map(|s| u64::from(s.frames)).sum();
    let left = job.film.frames_estimate().saturating_sub(cut);
    if left == 0 {
        Work(0)
    } else {
        job.film.work(left)
    }
}
