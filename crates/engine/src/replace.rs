//! A film is replaced by its proved result, and may be had back.
//!
//! `swap` knows the way on the disk; the journal is kept here: what is about to be done is in the store before it is done,
//! and what was cut off is gone on with at the next start, or once its disk is there.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use media::choice::Choice;
use schedule::JobId;
use serde::{Deserialize, Serialize};
use store::{Original, OriginalPhase as Phase, Store, StoreError, Tables};
use swap::{End, Goal, Identity, Swap, Why};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::destination;
use crate::driver::unix_ms;
use crate::film::Film;
use crate::intake::modified_ms;
use crate::job::Memo;
use crate::journal::{job_id, row_id};
use crate::status::{OriginalState, OriginalStatus};
use crate::trouble::{Kind, Trouble, in_words};

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
    /// Until when the original is kept.
    pub until: Option<i64>,
    pub outcome: Memo,
}

impl Plan {
    /// Of a film.
    pub fn new(job: JobId, film: &Film, aside: &Path, until: Option<i64>, outcome: Memo) -> Self {
        Self {
            job,
            film: film.path.clone(),
            choice: film.choice.clone(),
            bytes: film.bytes,
            modified_ms: film.modified_ms,
            aside: aside.to_owned(),
            until,
            outcome,
        }
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
}

impl Ledger {
    /// Of this store. Must be called within the runtime.
    pub fn new(store: &Store) -> Self {
        Self {
            store: store.clone(),
            runtime: Handle::current(),
            turn: Arc::default(),
        }
    }

    /// Originals are moved one at a time: waits for the turn.
    pub async fn turn(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.turn).lock_owned().await
    }

    /// Waits for the journal. Blocks: not for the runtime's own threads.
    pub fn call<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Tables<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.runtime.block_on(self.store.call(call))
    }

    fn put(&self, row: &Original) -> Result<(), StoreError> {
        let row = row.clone();
        self.call(move |tables| tables.put_original(&row))
    }

    /// What cannot be written down now is seen on the disk at the next start.
    fn attempt(&self, call: impl FnOnce(&Tables<'_>) -> Result<(), StoreError> + Send + 'static) {
        if let Err(error) = self.call(call) {
            tracing::warn!(%error, "what becomes of an original was not noted");
        }
    }
}

/// Replaces a film by its result. Blocks. `write_receipt` gets the result's name, and what is to be known of the file.
///
/// # Errors
/// Why not: then the film is where it was and as it was, and the result is gone.
pub(crate) fn replace(
    ledger: &Ledger,
    plan: Plan,
    write_receipt: impl FnOnce(&Path, Vec<String>) -> io::Result<PathBuf>,
) -> Result<Replaced, Trouble> {
    let aside = plan.aside.clone();
    let mut row = prepare(ledger, plan, write_receipt).inspect_err(|_| {
        // Nobody knows of it yet.
        let _ = std::fs::remove_file(&aside);
    })?;
    let receipt = row.receipt.clone();
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
        Ok(End::Not(why)) => {
            // It speaks of a file that is not there.
            let _ = std::fs::remove_file(&receipt);
            Err(why_not_replaced(why, &row))
        }
        Err(trouble) => Err(take_back(ledger, &row, trouble)),
    }
}

/// Everything that can be done while the film is untouched: the result made like it, and what is to be noted.
fn prepare(
    ledger: &Ledger,
    plan: Plan,
    write_receipt: impl FnOnce(&Path, Vec<String>) -> io::Result<PathBuf>,
) -> Result<Original, Trouble> {
    clear_the_way(ledger, plan.job)?;
    let ground = destination::examine(&plan.film, &plan.choice)?;
    let failed = |error: io::Error| not_placed(&error);
    let notes = swap::make_alike(&ground.source, &plan.aside).map_err(failed)?;
    let original = as_encoded(ledger, &plan, &ground.source)?;
    let result = Identity::of(&plan.aside).map_err(failed)?;
    let backup = swap::free_backup(&ground.source).map_err(failed)?;
    let receipt = write_receipt(&ground.target, notes).map_err(failed)?;
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
        replaced: unix_ms(),
        until: plan.until,
    })
}

/// An earlier attempt of the same job that was cut off, on a disk that was not there for a while.
fn clear_the_way(ledger: &Ledger, job: JobId) -> Result<(), Trouble> {
    let row = row_id(job);
    let earlier = ledger.call(move |tables| tables.original(row));
    let Some(mut earlier) = earlier.map_err(|e| not_stored(&e))? else {
        return Ok(());
    };
    if let Some(goal) = open(earlier.phase) {
        go(ledger, &mut earlier, goal)?;
    }
    if earlier.phase == Phase::Replacing {
        return Ok(());
    }
    Err(Trouble::new(
        Kind::NotNow,
        "The film of this job was replaced already.",
    ))
}

/// The disk refused a step: the film gets its name back, as far as the disk lets it. Else it is gone on with later, and
/// the receipt stays for that.
fn take_back(ledger: &Ledger, row: &Original, trouble: Trouble) -> Trouble {
    let back = ways(row).map(|(swap, _)| swap.run(Goal::Undo, |_| {}));
    if matches!(back, Some(Ok(End::Done))) {
        let job = row.job;
        let _ = std::fs::remove_file(&row.receipt);
        ledger.attempt(move |tables| tables.forget_original(job));
    }
    trouble
}

/// The film, known to be what was encoded.
fn as_encoded(ledger: &Ledger, plan: &Plan, source: &Path) -> Result<Identity, Trouble> {
    let changed = || crate::combine::changed(&plan.film);
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
        Phase::Undoing => Some(Goal::Undo),
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
    let Some((swap, note)) = ways(row) else {
        let text = "What was noted of the original cannot be read.";
        return Err(Trouble::new(Kind::BadDataFolder, text));
    };
    let noted = Original {
        phase: match goal {
            Goal::Replace => Phase::Replacing,
            Goal::Undo => Phase::Undoing,
            Goal::Delete => Phase::Deleting,
        },
        step: String::new(),
        ..row.clone()
    };
    ledger.put(&noted).map_err(|e| not_stored(&e))?;
    *row = noted;
    swap::fault(&format!("{goal:?}-noted"));
    let job = row.job;
    let end = swap.run(goal, |step| {
        let step = format!("{step:?}");
        ledger.attempt(move |tables| tables.set_original_step(job, &step));
    });
    let end = end.map_err(|e| not_gone(goal, &e))?;
    settled(ledger, row, goal, end, note.outcome);
    swap::fault(&format!("{goal:?}-settled"));
    Ok(end)
}

fn settled(ledger: &Ledger, row: &mut Original, goal: Goal, end: End, outcome: Memo) {
    row.phase = match (goal, end) {
        (Goal::Replace, End::Done) => Phase::Kept,
        (Goal::Replace, End::Not(_)) => {
            let job = row.job;
            return ledger.attempt(move |tables| tables.forget_original(job));
        }
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
    pub notices: Vec<String>,
    /// The originals that it was gone on with.
    pub moved: Vec<OriginalStatus>,
}

/// Goes on with everything that was cut off; `testing`: no original is deleted of which nothing is deleted yet. Blocks.
pub(crate) fn settle(ledger: &Ledger, testing: bool) -> Settled {
    let rows = ledger.call(|tables| tables.originals());
    let mut settled = Settled::default();
    for mut row in rows.unwrap_or_default() {
        let Some(goal) = open(row.phase) else {
            continue;
        };
        match go_on(ledger, &mut row, goal, testing) {
            Ok(()) => {
                tracing::info!(job = row.job, ?goal, phase = ?row.phase, "gone on with an original");
                settled.moved.push(status(&row));
            }
            Err(trouble) => {
                tracing::warn!(job = row.job, ?goal, %trouble, "an original waits for its disk");
                settled.notices.push(format!(
                    "{}, and its disk cannot be used now; it is gone on with once that is there. The original is there as {} or {}.",
                    half_way(&row.target),
                    row.source.display(),
                    row.backup.display()
                ));
            }
        }
    }
    settled
}

/// How it is said of a film that it could not be gone on with.
pub(crate) fn half_way(target: &Path) -> String {
    format!("{} is half-way replaced or put back", target.display())
}

/// Goes on with one that was cut off. A deletion of which nothing was done yet is asked about anew, as if it was never
/// begun: meanwhile testing mode may be on, or one of the two files another one.
fn go_on(ledger: &Ledger, row: &mut Original, goal: Goal, testing: bool) -> Result<(), Trouble> {
    if goal != Goal::Delete {
        return go(ledger, row, goal).map(drop);
    }
    let seen = ways(row).map(|(swap, _)| swap.seen());
    let untouched = matches!(seen, Some(Ok(seen)) if seen.backup == swap::Thing::Original);
    if !untouched {
        return go(ledger, row, goal).map(drop);
    }
    let kept = Original {
        phase: Phase::Kept,
        ..row.clone()
    };
    ledger.put(&kept).map_err(|e| not_stored(&e))?;
    *row = kept;
    if testing {
        return Ok(());
    }
    match delete(ledger, row) {
        // It is kept, and its row says why.
        Err(trouble) if row.phase == Phase::Kept => {
            tracing::info!(job = row.job, %trouble, "an original is kept after all");
            Ok(())
        }
        deleted => deleted,
    }
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
        Phase::Kept => ways(row).ok_or_else(|| {
            let text = "What was noted of the original cannot be read.";
            Trouble::new(Kind::BadDataFolder, text)
        }),
        Phase::Restored => not_now("The original is back in its place already."),
        Phase::Deleted => not_now("The original was deleted."),
        Phase::Replacing | Phase::Undoing | Phase::Deleting => {
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
    row.phase != Phase::Replacing
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
            Phase::Replacing | Phase::Undoing | Phase::Deleting => OriginalState::Moving,
        },
        trouble: (row.phase == Phase::Kept && !row.step.is_empty()).then(|| row.step.clone()),
    }
}

fn not_stored(error: &StoreError) -> Trouble {
    let text = format!("What is to be done with the original cannot be noted: {error}.");
    Trouble::new(Kind::BadDataFolder, text)
        .help("Nothing was changed. Free some space on the disk of the data folder and try again.")
}

fn not_placed(error: &io::Error) -> Trouble {
    let text = format!(
        "The finished film cannot be put in its place: {}.",
        in_words(error)
    );
    Trouble::new(Kind::OutputReadOnly, text)
        .help("Check the film's folder; then run the job again: what is encoded is kept.")
}

/// Why a step could not be done: the disk's reason.
fn not_gone(goal: Goal, error: &io::Error) -> Trouble {
    let what = match goal {
        Goal::Replace => return not_placed(error),
        Goal::Undo => "put back",
        Goal::Delete => "deleted",
    };
    let text = format!("The original cannot be {what} now: {}.", in_words(error));
    Trouble::new(Kind::OutputReadOnly, text)
        .help("Check the disk and its folder. What was begun is gone on with by itself.")
}

fn why_not_replaced(why: Why, row: &Original) -> Trouble {
    let again = "Try the job again: what is encoded is kept.";
    match why {
        Why::SourceChanged | Why::SourceGone => {
            let trouble = crate::combine::changed(&row.source);
            if row.backup.exists() {
                let backup = row.backup.display();
                return trouble.help(format!(
                    "Nothing was put in place. The film as it was encoded is {backup}."
                ));
            }
            trouble
        }
        Why::TargetTaken => Trouble::new(
            Kind::OutputTaken,
            format!(
                "{} appeared while the film was encoded, and is not overwritten.",
                row.target.display()
            ),
        )
        .help(format!("Move that file away. {again}")),
        Why::SourceTaken
        | Why::BackupTaken
        | Why::BackupChanged
        | Why::BackupGone
        | Why::ResultGone => Trouble::new(
            Kind::Other,
            "Somebody else moved files while the film was put in its place, so it was left as it is.",
        )
        .help(again),
    }
}

fn why_not_undone(why: Why, row: &Original) -> Trouble {
    let (target, backup) = (row.target.display(), row.backup.display());
    let (text, help) = match why {
        Why::BackupGone => (
            format!("The original is not at {backup} any more, so it cannot be put back."),
            "Nothing was changed. Look whether it was moved.".to_owned(),
        ),
        Why::BackupChanged | Why::BackupTaken => (
            format!("{backup} was changed since: it is not the original any more."),
            "Nothing was changed.".to_owned(),
        ),
        Why::SourceTaken => (
            format!(
                "{} is another file by now, and it is not overwritten.",
                row.source.display()
            ),
            format!("Nothing was changed. The original is {backup}."),
        ),
        Why::SourceChanged | Why::SourceGone | Why::TargetTaken | Why::ResultGone => (
            format!(
                "{target} is not the file that replaced the original any more, and it is not overwritten."
            ),
            format!("Nothing was changed. The original is {backup}."),
        ),
    };
    Trouble::new(Kind::NotNow, text).help(help)
}

fn why_not_deleted(why: Why, row: &Original) -> Trouble {
    let (target, backup) = (row.target.display(), row.backup.display());
    let text = match why {
        Why::BackupGone => format!("There is no original at {backup} any more."),
        Why::BackupChanged | Why::BackupTaken => {
            format!("{backup} was changed since, so it is left alone.")
        }
        Why::SourceChanged
        | Why::SourceTaken
        | Why::SourceGone
        | Why::TargetTaken
        | Why::ResultGone => format!(
            "The original {backup} is kept: {target}, which replaced it, was changed or moved."
        ),
    };
    Trouble::new(Kind::NotNow, text)
        .help("Look at the two files and delete by hand what is not wanted.")
}
