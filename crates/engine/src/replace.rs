//! A film is replaced by its proved result, and may be had back.
//!
//! `swap` knows the way on the disk; the journal is kept here: what is about to be done is in the store before it is done,
//! and what was cut off is gone on with at the next start, or once its disk is there.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use media::choice::Choice;
use schedule::JobId;
use serde::{Deserialize, Serialize};
use store::{Original, OriginalPhase as Phase, Store, StoreError, Tables};
use swap::{End, Goal, Identity, Moment, Step, Swap, Watch, Why};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::combine::{self, CombineError};
use crate::destination;
use crate::driver::unix_ms;
use crate::film::Film;
use crate::intake::modified_ms;
use crate::job::Memo;
use crate::journal::{job_id, row_id};
use crate::status::{OriginalState, OriginalStatus, Outcome};
use crate::trouble::{Kind, Trouble};

/// What becomes of originals, in words.
mod words;

pub(crate) use words::{CLOCK_WAS_SET, half_way};
use words::{
    clock_was_set, not_gone, not_placed, not_stored, unreadable, why_not, why_not_deleted,
    why_not_replaced, why_not_undone,
};

/// What the journal keeps of an original beside its columns.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Note {
    original: Identity,
    result: Identity,
    /// What there is to remember of the job once it is done.
    outcome: Memo,
}

/// A proved result that is to take its film's place.
#[derive(Debug)]
pub(crate) struct Plan {
    pub job: JobId,
    /// The film as it was dropped.
    pub film: PathBuf,
    pub choice: Choice,
    /// What the film was when its job began.
    pub bytes: u64,
    pub modified_ms: i64,
    /// The proved result.
    pub aside: PathBuf,
    /// When that is, by the clock that the next is by.
    pub now: Moment,
    /// Until when the original is kept.
    pub until: Option<i64>,
    pub outcome: Memo,
}

impl Plan {
    /// Of a film. `kept`: how long its original is, and that it is in any case.
    pub fn new(
        job: JobId,
        film: &Film,
        aside: &Path,
        kept: (swap::Keep, bool),
        outcome: Memo,
    ) -> Self {
        let now = moment();
        let until = swap::until(kept.0, kept.1, now.wall_ms);
        Self {
            job,
            film: film.path.clone(),
            choice: film.choice.clone(),
            bytes: film.bytes,
            modified_ms: film.modified_ms,
            aside: aside.to_owned(),
            now,
            until,
            outcome,
        }
    }
}

/// Now, by both clocks.
fn moment() -> Moment {
    Moment {
        wall_ms: unix_ms(),
        since_ms: i64::try_from(sense::passed().as_millis()).unwrap_or(i64::MAX),
    }
}

/// A film that was replaced.
#[derive(Debug)]
pub(crate) struct Replaced {
    pub target: PathBuf,
    pub receipt: PathBuf,
    pub original: OriginalStatus,
}

/// The journal, for threads that may block, and whose turn it is to move originals.
#[derive(Clone)]
pub(crate) struct Ledger {
    store: Store,
    runtime: Handle,
    turn: Arc<Mutex<()>>,
    time: Arc<std::sync::Mutex<Time>>,
}

/// By what it is judged how long an original has been kept.
struct Time {
    watch: Watch,
    /// When films were replaced in this run, by their jobs' rows.
    replaced: BTreeMap<i64, Moment>,
    /// How long nothing is deleted is not in the database yet.
    unwritten: bool,
}

/// The database's key of how long no original is deleted, as the clock was set.
const HELD: &str = "originals_held";

impl Ledger {
    /// Of this store. Must be called within the runtime.
    pub fn new(store: &Store) -> Self {
        let time = Time {
            watch: Watch::new(moment(), None),
            replaced: BTreeMap::new(),
            unwritten: false,
        };
        Self {
            store: store.clone(),
            runtime: Handle::current(),
            turn: Arc::default(),
            time: Arc::new(std::sync::Mutex::new(time)),
        }
    }

    /// Deletes nothing for as long as an earlier run had to.
    pub async fn held_as_before(self) -> Self {
        let held = self.store.call(|tables| tables.setting::<i64>(HELD)).await;
        self.time().watch = Watch::new(moment(), held.ok().flatten());
        self
    }

    /// Originals are moved one at a time: waits for the turn.
    pub async fn turn(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.turn).lock_owned().await
    }

    /// The turn, where nobody has it.
    pub fn turn_at_once(&self) -> Option<OwnedMutexGuard<()>> {
        Arc::clone(&self.turn).try_lock_owned().ok()
    }

    fn time(&self) -> std::sync::MutexGuard<'_, Time> {
        self.time.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the clock. If it was set by more than an hour, nothing is deleted for a day, what was replaced in this run
    /// is kept for as long as it was to be, and a sentence says so. For who has the turn.
    pub async fn look_at_clock(&self) -> Option<String> {
        self.look_at_clock_at(moment()).await
    }

    async fn look_at_clock_at(&self, now: Moment) -> Option<String> {
        let (set, held, moved) = {
            let mut time = self.time();
            let set = time.watch.look(now);
            time.unwritten |= set.is_some();
            let held = time.watch.held_ms().filter(|_| time.unwritten);
            let since = |(job, at): (&i64, &Moment)| Some((*job, now.set_since(*at)?));
            let moved: Vec<(i64, i64)> = time.replaced.iter().filter_map(since).collect();
            (set, held, moved)
        };
        let rows = moved.clone();
        let noting = self.store.call(move |tables| {
            if let Some(held) = held {
                tables.set_setting(HELD, &held)?;
            }
            rows.into_iter()
                .try_for_each(|(job, by)| keep_longer(tables, job, by))
        });
        match noting.await {
            Ok(()) => {
                let mut time = self.time();
                time.unwritten = false;
                for (job, by) in moved {
                    if let Some(at) = time.replaced.get_mut(&job) {
                        *at = at.moved(by);
                    }
                }
            }
            // At the next look it is tried again.
            Err(error) => tracing::warn!(%error, "it was not noted that the clock was set"),
        }
        set.map(clock_was_set)
    }

    /// Whether no original is deleted now, as the clock was set.
    pub fn holds(&self) -> bool {
        self.time().watch.held_ms().is_some()
    }

    /// Waits for the journal. Blocks: not for the runtime's own threads.
    pub fn call<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Tables<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.runtime.block_on(self.store.call(call))
    }

    /// From then on the hidden file is the swap's, and nobody else's.
    fn put(&self, row: &Original) -> Result<(), StoreError> {
        let row = row.clone();
        self.call(move |tables| {
            tables.put_original(&row)?;
            tables.forget_aside(&row.aside)
        })
    }

    /// What cannot be written down now is seen on the disk at the next start.
    fn attempt(&self, call: impl FnOnce(&Tables<'_>) -> Result<(), StoreError> + Send + 'static) {
        if let Err(error) = self.call(call) {
            tracing::warn!(%error, "what becomes of an original was not noted");
        }
    }
}

/// An original is kept for as long as it was to be, by a clock that was set since.
fn keep_longer(tables: &Tables<'_>, job: i64, by: i64) -> Result<(), StoreError> {
    let Some(row) = tables.original(job)? else {
        return Ok(());
    };
    tables.put_original(&Original {
        until: row.until.map(|until| until.saturating_add(by)),
        ..row
    })
}

/// Replaces a film by its result. Blocks. `write_receipt` gets the result's name, and what is to be known of the file.
///
/// # Errors
/// Why not: then the film is where it was and as it was, and the result is gone.
pub(crate) fn replace(
    ledger: &Ledger,
    plan: Plan,
    write_receipt: impl FnOnce(&Path, Vec<String>) -> io::Result<PathBuf>,
) -> Result<Replaced, CombineError> {
    let (aside, now) = (plan.aside.clone(), plan.now);
    let prepared = prepare(ledger, plan, write_receipt).and_then(|row| noted(ledger, row));
    let mut row = prepared.inspect_err(|_| {
        // Nobody knows of it yet.
        let _ = std::fs::remove_file(&aside);
    })?;
    let receipt = row.receipt.clone();
    ledger.time().replaced.insert(row.job, now);
    match go(ledger, &mut row, Goal::Replace) {
        Ok(End::Done) => {
            if row.until.is_some_and(|until| until <= row.replaced)
                && let Err(trouble) = delete(ledger, &mut row)
            {
                // It is looked at again later.
                tracing::info!(job = row.job, %trouble, "an original was not deleted at once");
            }
            Ok(Replaced {
                target: row.target.clone(),
                receipt,
                original: status(&row),
            })
        }
        Ok(End::Not(why)) => Err(why_not_replaced(why, &row).into()),
        Err(trouble) => Err(take_back(ledger, &row, trouble).into()),
    }
}

/// Notes what is about to be done. Where that cannot be noted, nothing is done.
fn noted(ledger: &Ledger, row: Original) -> Result<Original, CombineError> {
    let Err(error) = ledger.put(&row) else {
        return Ok(row);
    };
    // It speaks of a file that is not there.
    let _ = std::fs::remove_file(&row.receipt);
    Err(match error {
        StoreError::Full => CombineError::Unnoted,
        other => not_stored(&other).into(),
    })
}

/// Everything that can be done while the film is untouched: the result made like it, and what is to be noted.
fn prepare(
    ledger: &Ledger,
    plan: Plan,
    write_receipt: impl FnOnce(&Path, Vec<String>) -> io::Result<PathBuf>,
) -> Result<Original, CombineError> {
    if before(ledger, plan.job)?.is_some() {
        let text = "The film of this job was replaced already.";
        return Err(Trouble::new(Kind::NotNow, text).into());
    }
    let ground = destination::examine(&plan.film, &plan.choice)?;
    let failed = |error: io::Error| not_placed(&error);
    let notes = swap::make_alike(&ground.source, &plan.aside).map_err(failed)?;
    let original = as_encoded(ledger, &plan, &ground.source)?;
    let result = Identity::of(&plan.aside).map_err(failed)?;
    let backup = swap::free_backup(&ground.source).map_err(failed)?;
    let written = write_receipt(&ground.target, notes);
    let receipt = written.map_err(|e| combine::not_written(&e))?;
    let note = Note {
        original,
        result,
        outcome: plan.outcome,
    };
    Ok(Original {
        job: row_id(plan.job),
        bytes: note.original.bytes,
        source: ground.source,
        target: ground.target,
        backup,
        aside: plan.aside,
        receipt,
        phase: Phase::Replacing,
        step: String::new(),
        memo: serde_json::to_value(note).unwrap_or_default(),
        replaced: plan.now.wall_ms,
        until: plan.until,
    })
}

/// What an earlier attempt of the same job has come to, which was cut off on a disk that was not there for a while: it is
/// gone on with first. `None` where the film is to be replaced still. Blocks.
///
/// # Errors
/// It cannot be gone on with now, or the film is back by its user's wish.
pub(crate) fn before(
    ledger: &Ledger,
    job: JobId,
) -> Result<Option<(Outcome, OriginalStatus)>, Trouble> {
    let id = row_id(job);
    let earlier = ledger.call(move |tables| tables.original(id));
    let Some(mut row) = earlier.map_err(|e| not_stored(&e))? else {
        return Ok(None);
    };
    if let Some(goal) = open(row.phase) {
        go(ledger, &mut row, goal)?;
    }
    match row.phase {
        // It was not replaced, and is forgotten.
        Phase::Replacing | Phase::Returning => Ok(None),
        Phase::Kept | Phase::Deleted | Phase::Deleting => {
            let (_, note) = ways(&row).ok_or_else(unreadable)?;
            Ok(Some((came_to(&row, note.outcome), status(&row))))
        }
        Phase::Restored | Phase::Undoing => Err(Trouble::new(
            Kind::NotNow,
            "The film of this job was replaced, and its original was put back.",
        )),
    }
}

/// What a job has come to whose result is in its film's place.
fn came_to(row: &Original, outcome: Memo) -> Outcome {
    Outcome {
        output: row.target.clone(),
        receipt: row.receipt.clone(),
        exact: outcome.exact,
        verdict: outcome.verdict,
        frames: outcome.frames,
        bytes: outcome.bytes,
        wall_ms: outcome.wall_ms,
    }
}

/// The disk refused a step: the film gets its name back, as far as the disk lets it. Else that is gone on with later, and
/// never the other way: its job has failed from here on.
fn take_back(ledger: &Ledger, row: &Original, trouble: Trouble) -> Trouble {
    let job = row.job;
    ledger.attempt(move |tables| tables.return_original(job).map(drop));
    let back = ways(row).map(|(swap, _)| walk(ledger, row, &swap, Goal::Undo, None));
    match back {
        Some(Ok(end)) => {
            forget(ledger, row);
            if end == End::Done || !is_kept(row) {
                return trouble;
            }
            let backup = row.backup.display();
            trouble.help(format!("The film as it was encoded is {backup}."))
        }
        Some(Err(_)) | None => trouble.help(format!(
            "It is put back by itself once the disk can be used again, and until then the film is there as {} or {}. Then try the job again: what is encoded is kept.",
            row.source.display(),
            row.backup.display()
        )),
    }
}

/// Whether the film as it was encoded is at its later name.
fn is_kept(row: &Original) -> bool {
    let seen = ways(row).and_then(|(swap, _)| swap.seen().ok());
    seen.is_some_and(|seen| seen.backup == swap::Thing::Original)
}

/// A film that was not replaced. The receipt speaks of a file that is not there.
fn forget(ledger: &Ledger, row: &Original) {
    let job = row.job;
    match ledger.call(move |tables| tables.forget_original(job)) {
        Ok(()) => drop(std::fs::remove_file(&row.receipt)),
        Err(error) => tracing::warn!(%error, "an original was not forgotten"),
    }
}

/// The film, known to be what was encoded.
fn as_encoded(ledger: &Ledger, plan: &Plan, source: &Path) -> Result<Identity, Trouble> {
    let changed = || combine::changed(&plan.film);
    let about = std::fs::metadata(source).map_err(|_| changed())?;
    let now = Identity::of(source).map_err(|_| changed())?;
    let row = row_id(plan.job);
    let job = ledger.call(move |tables| tables.job(row));
    let known = job.map_err(|e| not_stored(&e))?;
    let known = known.and_then(|job| job.source_sample);
    let same = now.bytes == plan.bytes
        && modified_ms(&about) == plan.modified_ms
        && known.is_none_or(|known| known == now.sample);
    if same { Ok(now) } else { Err(changed()) }
}

/// What is under way in a phase.
fn open(phase: Phase) -> Option<Goal> {
    match phase {
        Phase::Replacing => Some(Goal::Replace),
        Phase::Returning | Phase::Undoing => Some(Goal::Undo),
        Phase::Deleting => Some(Goal::Delete),
        Phase::Kept | Phase::Restored | Phase::Deleted => None,
    }
}

fn ways(row: &Original) -> Option<(Swap, Note)> {
    let note: Note = serde_json::from_value(row.memo.clone()).ok()?;
    let swap = Swap {
        source: row.source.clone(),
        target: row.target.clone(),
        backup: row.backup.clone(),
        aside: row.aside.clone(),
        original: note.original.clone(),
        result: note.result.clone(),
    };
    Some((swap, note))
}

/// Goes towards `goal`, journal first, and notes how it ended. A film that was not replaced is forgotten.
///
/// # Errors
/// Nothing could be noted, and nothing was done; or the disk refused, and it is gone on with later.
fn go(ledger: &Ledger, row: &mut Original, goal: Goal) -> Result<End, Trouble> {
    let (swap, note) = ways(row).ok_or_else(unreadable)?;
    let begun = begun(row, goal);
    let noted = Original {
        phase: match goal {
            Goal::Replace => Phase::Replacing,
            Goal::Undo if row.phase == Phase::Returning => Phase::Returning,
            Goal::Undo => Phase::Undoing,
            Goal::Delete => Phase::Deleting,
        },
        step: begun.map_or_else(String::new, |step| format!("{step:?}")),
        ..row.clone()
    };
    ledger.put(&noted).map_err(|e| not_stored(&e))?;
    *row = noted;
    swap::fault(&format!("{goal:?}-noted"));
    let end = walk(ledger, row, &swap, goal, begun);
    let end = end.map_err(|e| not_gone(goal, &e))?;
    settled(ledger, row, goal, end, note.outcome);
    swap::fault(&format!("{goal:?}-settled"));
    Ok(end)
}

/// Each step is written down before it is done.
fn walk(
    ledger: &Ledger,
    row: &Original,
    swap: &Swap,
    goal: Goal,
    begun: Option<Step>,
) -> io::Result<End> {
    let job = row.job;
    swap.run(goal, begun, |step| {
        let step = format!("{step:?}");
        ledger.attempt(move |tables| tables.set_original_step(job, &step));
    })
}

/// The step that was written down last of a way that was cut off.
fn begun(row: &Original, goal: Goal) -> Option<Step> {
    Step::read(&row.step).filter(|_| open(row.phase) == Some(goal))
}

fn settled(ledger: &Ledger, row: &mut Original, goal: Goal, end: End, outcome: Memo) {
    row.phase = match (goal, end) {
        (Goal::Replace, End::Done) => Phase::Kept,
        (Goal::Replace, End::Not(_)) => return forget(ledger, row),
        (Goal::Undo, _) if row.phase == Phase::Returning => return forget(ledger, row),
        (Goal::Undo, End::Done) => Phase::Restored,
        (Goal::Delete, End::Done) => Phase::Deleted,
        (Goal::Undo | Goal::Delete, End::Not(_)) => Phase::Kept,
    };
    row.step = match (goal, end) {
        (Goal::Delete, End::Not(why)) => why_not_deleted(why, row).message,
        _ => String::new(),
    };
    let row = row.clone();
    ledger.attempt(move |tables| {
        tables.put_original(&row)?;
        match (goal, end) {
            (Goal::Replace, _) => complete(tables, &row, &outcome),
            (Goal::Undo, End::Done) => tables.take_made(&made(&row, &outcome), row.replaced),
            _ => Ok(()),
        }
    });
}

/// What a replacement adds to the figures, and what goes again with it.
fn made(row: &Original, outcome: &Memo) -> store::Made {
    store::Made {
        day: 0,
        films: 1,
        frames: outcome.frames,
        source_bytes: row.bytes,
        output_bytes: outcome.bytes,
        ms: outcome.wall_ms,
    }
}

/// The job is done, in the same breath: a node that is killed now finds it so.
fn complete(tables: &Tables<'_>, row: &Original, outcome: &Memo) -> Result<(), StoreError> {
    if tables.job(row.job)?.is_none() {
        return Ok(());
    }
    tables.add_made(&made(row, outcome), row.replaced)?;
    let memo = serde_json::to_value(outcome).unwrap_or_default();
    tables.set_job_output(row.job, &row.target, Some(&row.receipt))?;
    tables.set_job_memo(row.job, &memo)?;
    tables.end_job(row.job, store::JobState::Completed, None, row.replaced)
}

/// What became of what was cut off.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    /// What could not be gone on with, in sentences.
    pub waits: Vec<String>,
    /// What came to nothing, in sentences.
    pub notices: Vec<String>,
    /// The originals that it was gone on with.
    pub moved: Vec<OriginalStatus>,
    /// Films that were not replaced after all: jobs, and the results' names.
    pub forgotten: Vec<(JobId, PathBuf)>,
}

/// Goes on with everything that was cut off; `keeps`: no original is deleted now of which nothing is deleted yet. Blocks.
pub(crate) fn settle(ledger: &Ledger, keeps: &dyn Fn() -> bool) -> Settled {
    let rows = ledger.call(|tables| tables.originals());
    let mut settled = Settled::default();
    for mut row in rows.unwrap_or_default() {
        let Some(goal) = open(row.phase) else {
            continue;
        };
        match go_on(ledger, &mut row, goal, keeps) {
            Ok(why_not) => {
                tracing::info!(job = row.job, ?goal, ?why_not, phase = ?row.phase, "gone on with an original");
                settled.notices.extend(why_not.map(|why| why.to_string()));
                match row.phase {
                    Phase::Replacing | Phase::Returning => settled
                        .forgotten
                        .push((job_id(row.job), row.target.clone())),
                    _ => settled.moved.push(status(&row)),
                }
            }
            Err(trouble) => {
                tracing::warn!(job = row.job, ?goal, %trouble, "an original waits for its disk");
                settled.waits.push(words::waits(&row));
            }
        }
    }
    settled
}

/// Goes on with one that was cut off. Why it did not come to what was wanted, where it did not. A deletion of which nothing
/// was done yet is asked about anew, as if it was never begun: meanwhile testing mode may be on, or one of the two files
/// another one.
fn go_on(
    ledger: &Ledger,
    row: &mut Original,
    goal: Goal,
    keeps: &dyn Fn() -> bool,
) -> Result<Option<Trouble>, Trouble> {
    let untouched = goal == Goal::Delete && is_untouched(row);
    if !untouched {
        return Ok(match go(ledger, row, goal)? {
            End::Done => None,
            End::Not(why) => Some(why_not(goal, why, row)),
        });
    }
    let kept = Original {
        phase: Phase::Kept,
        step: String::new(),
        ..row.clone()
    };
    ledger.put(&kept).map_err(|e| not_stored(&e))?;
    *row = kept;
    if keeps() {
        return Ok(None);
    }
    match delete(ledger, row) {
        // It is kept, and its row says why.
        Err(trouble) if row.phase == Phase::Kept => {
            tracing::info!(job = row.job, %trouble, "an original is kept after all");
            Ok(None)
        }
        deleted => deleted.map(|()| None),
    }
}

/// Whether nothing was done yet of a deletion that was cut off.
fn is_untouched(row: &Original) -> bool {
    let Some((swap, _)) = ways(row) else {
        return false;
    };
    if let Some(step) = begun(row, Goal::Delete)
        && let Err(error) = swap.clear_placeholder(step)
    {
        tracing::debug!(%error, "what a step has left was not looked at");
    }
    matches!(swap.seen(), Ok(seen) if seen.backup == swap::Thing::Original)
}

/// Puts an original back. Blocks.
///
/// # Errors
/// Why not; nothing was changed then.
pub(crate) fn undo(ledger: &Ledger, row: &mut Original) -> Result<(), Trouble> {
    let (swap, _) = kept(row)?;
    let seen = looked(&swap, Goal::Undo, row)?;
    if seen.backup == swap::Thing::Original && !swap.original.has_content(&row.backup) {
        return Err(why_not_undone(Why::BackupChanged, row));
    }
    let is_theirs = |thing| matches!(thing, swap::Thing::Other | swap::Thing::Changed);
    let rewritten = seen.target == swap::Thing::Result && !swap.result.has_content(&row.target);
    if is_theirs(seen.target) || rewritten {
        return Err(why_not_undone(Why::SourceChanged, row));
    }
    match go(ledger, row, Goal::Undo)? {
        End::Done => Ok(()),
        End::Not(why) => Err(why_not_undone(why, row)),
    }
}

/// Deletes an original that is kept. Blocks.
///
/// # Errors
/// Why not; it is kept then.
pub(crate) fn delete(ledger: &Ledger, row: &mut Original) -> Result<(), Trouble> {
    let (swap, _) = kept(row)?;
    let seen = looked(&swap, Goal::Delete, row)?;
    let why = if seen.backup == swap::Thing::Original && !swap.original.has_content(&row.backup) {
        Some(Why::BackupChanged)
    } else if seen.target == swap::Thing::Result && !swap.result.has_content(&row.target) {
        Some(Why::ResultGone)
    } else {
        None
    };
    let end = match why {
        Some(why) => {
            row.step = why_not_deleted(why, row).message;
            let noted = row.clone();
            ledger.attempt(move |tables| tables.put_original(&noted));
            End::Not(why)
        }
        None => go(ledger, row, Goal::Delete)?,
    };
    match end {
        End::Done => Ok(()),
        End::Not(why) => Err(why_not_deleted(why, row)),
    }
}

/// What is there of an original, before anything is noted: what is noted is done, if not now then later by itself.
///
/// # Errors
/// That cannot be found out, or nothing at all is there.
fn looked(swap: &Swap, goal: Goal, row: &Original) -> Result<swap::Seen, Trouble> {
    let seen = swap.seen().map_err(|e| not_gone(goal, &e))?;
    if !seen.is_bare() {
        return Ok(seen);
    }
    let text = format!(
        "Neither {} nor {} is there now.",
        row.target.display(),
        row.backup.display()
    );
    Err(Trouble::new(Kind::NotNow, text).help(
        "Nothing was changed. Is their disk plugged in, their share mounted? Then try it again.",
    ))
}

/// What there is of an original that is kept.
fn kept(row: &Original) -> Result<(Swap, Note), Trouble> {
    let not_now = |text: &str| Err(Trouble::new(Kind::NotNow, text));
    match row.phase {
        Phase::Kept => ways(row).ok_or_else(unreadable),
        Phase::Restored => not_now("The original is back in its place already."),
        Phase::Deleted => not_now("The original was deleted."),
        Phase::Replacing | Phase::Returning | Phase::Undoing | Phase::Deleting => {
            not_now("The original is just being moved.")
        }
    }
}

/// Whether the result's name still has the result.
pub(crate) fn is_its_result(row: &Original) -> bool {
    let there = matches!(row.phase, Phase::Kept | Phase::Deleted);
    there
        && ways(row)
            .and_then(|(swap, _)| swap.seen().ok())
            .is_some_and(|seen| seen.target == swap::Thing::Result)
}

/// Whether a file with this sample is the original of a film that was replaced.
pub(crate) fn was_it(row: &Original, sample: &[u8; 32]) -> bool {
    !matches!(row.phase, Phase::Replacing | Phase::Returning)
        && ways(row).is_some_and(|(swap, _)| swap.original.sample == *sample)
}

/// An original as it is shown.
pub(crate) fn status(row: &Original) -> OriginalStatus {
    OriginalStatus {
        job: job_id(row.job),
        source: row.source.clone(),
        output: row.target.clone(),
        kept: row.backup.clone(),
        bytes: row.bytes,
        replaced_ms: row.replaced,
        until_ms: row.until,
        state: match row.phase {
            Phase::Kept => OriginalState::Kept,
            Phase::Restored => OriginalState::Restored,
            Phase::Deleted => OriginalState::Deleted,
            Phase::Replacing | Phase::Returning | Phase::Undoing | Phase::Deleting => {
                OriginalState::Moving
            }
        },
        trouble: (row.phase == Phase::Kept && !row.step.is_empty()).then(|| row.step.clone()),
    }
}

#[cfg(test)]
mod tests;
