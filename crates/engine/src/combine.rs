//! The end of the road: merge, prove, write the receipt, put the file in its place.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use ffmpeg::carry::{self, Essence};
use hindsight::PhaseKind;
use media::choice::Container;
use schedule::JobId;
use store::{Store, StoreError};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::changed::{Stands, stands};
use crate::companion::Companion;
use crate::destination::{self, MadeFolders};
use crate::driver::{Mail, ms_since, unix_ms};
use crate::ending;
use crate::film::Film;
use crate::intake::{self, writable};
use crate::job::Memo;
use crate::jobs::unread;
use crate::journal::row_id;
use crate::lease::Bench;
use crate::merge::{self, MergeError, Merged, Parts};
use crate::output::{self, Aside};
use crate::placed;
use crate::prove::{self, FileProof, Same};
use crate::receipt::{FileFacts, MadeBy, Receipt, SegmentFacts};
use crate::replace::{self, Ledger, Plan};
use crate::size;
use crate::status::{Outcome, Place, Replace, Terms};
use crate::timeline;
use crate::trouble::{Kind, Trouble, in_words};

/// A job whose segments are all verified.
pub(crate) struct Combine {
    /// Which.
    pub job: JobId,
    /// What is joined.
    pub parts: Parts,
    /// What travels beside it.
    pub companion: Companion,
    /// Where it goes.
    pub terms: Terms,
    /// The output's folder.
    pub folder: PathBuf,
    /// Where receipts go.
    pub receipts: PathBuf,
    /// This node's short id.
    pub node: String,
    /// From when its time counts.
    pub begun: Begun,
    /// Another computer made all of it.
    pub made_by: Option<MadeBy>,
    /// The database.
    pub store: Store,
    /// The journal of originals.
    pub ledger: Ledger,
    /// The loop.
    pub mail: mpsc::UnboundedSender<Mail>,
}

/// From when a job's time counts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Begun {
    /// This run of it began then; what is noted of the earlier ones comes to that.
    Run(Instant),
    /// It was handed in then, in ms since 1970: another computer worked on it, and nothing is noted here of how.
    HandedIn(i64),
}

/// Why it did not end well.
#[derive(Debug)]
pub(crate) enum CombineError {
    /// These segments are to be made again.
    Redo(Vec<u32>, String),
    /// The output's disk is full.
    Full,
    /// The data folder's is: what is to be known of a result before it gets its name cannot be noted.
    Unnoted,
    /// It cannot be mended.
    Failed(Trouble),
}

impl From<Trouble> for CombineError {
    fn from(trouble: Trouble) -> Self {
        Self::Failed(trouble)
    }
}

/// What the output's disk says.
impl From<std::io::Error> for CombineError {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::StorageFull {
            return Self::Full;
        }
        let help = "Check the output folder; then run the job again: what is encoded is kept.";
        Self::Failed(not_placed(&error, help))
    }
}

/// Joins, proves and places. Nothing appears under its final name unproved. `None` where it was called off: that is
/// possible until the file is put in its place.
///
/// # Errors
/// [`CombineError`].
pub(crate) async fn combine(
    bench: &Bench,
    work: Combine,
    cancel: CancellationToken,
) -> Option<Result<Outcome, CombineError>> {
    if let Some(outcome) = placed::before(&work.store, work.job).await {
        // By an earlier run that was cut off before it could say so.
        return Some(Ok(outcome));
    }
    let ready = tokio::select! {
        ready = ready(&work) => ready,
        () = cancel.cancelled() => return None,
    };
    match ready {
        Ok(None) => {}
        Ok(Some(outcome)) => return Some(Ok(outcome)),
        Err(trouble) => return Some(Err(CombineError::Failed(trouble))),
    }
    let container = work.parts.film.choice.container();
    // Gone again if nothing is put into it.
    let _made = match made(&work) {
        Ok(made) => made,
        Err(trouble) => return Some(Err(CombineError::Failed(trouble))),
    };
    let aside = Aside::new(&work.folder, &work.node, work.job.0, container.name());
    if let Err(error) = aside.note(&work.store, work.job).await {
        return Some(Err(not_noted(error)));
    }
    let (store, trace) = (work.store.clone(), aside.trace());
    let came_to = make(bench, work, aside, cancel).await;
    trace.forget(&store).await;
    came_to
}

/// The same, by way of a hidden file that is noted.
async fn make(
    bench: &Bench,
    work: Combine,
    mut aside: Aside,
    cancel: CancellationToken,
) -> Option<Result<Outcome, CombineError>> {
    // What an earlier attempt left loses this name and is not written into: it may be another name of the original.
    let _ = std::fs::remove_file(aside.path());
    let joined = tokio::select! {
        joined = join_and_prove(bench, &work, aside.path()) => joined,
        () = cancel.cancelled() => return None,
    };
    let (merged, proof) = match joined {
        Ok(joined) => joined,
        Err(error) => return Some(Err(why_not(error, &work, &mut aside))),
    };
    let sample = match remember(&work, aside.path()).await {
        Ok(sample) => sample,
        Err(error) => return Some(Err(error)),
    };
    reached(bench, work.job, PhaseKind::Placing);
    give_place(work, aside, merged, proof, sample)
        .await
        .transpose()
}

/// Puts a result of another computer in its place that was proved here; `None` where it was called off: that is possible
/// until it is put there.
///
/// # Errors
/// [`CombineError`]; the result stays where it was then.
pub(crate) async fn place_returned(
    work: Combine,
    aside: Aside,
    returned: &Path,
    proof: FileProof,
    cancel: CancellationToken,
) -> Result<Option<Outcome>, CombineError> {
    let film = Arc::clone(&work.parts.film);
    let (ready, mut aside) = (ready(&work).await, aside);
    if !matches!(ready, Ok(None)) {
        // What is at its name may be what a swap has left there.
        aside.keep();
    }
    if let Some(outcome) = ready.map_err(CombineError::Failed)? {
        return Ok(Some(outcome));
    }
    let bytes = std::fs::metadata(returned)?.len();
    let least = work.terms.least_saving;
    if least.is_some_and(|least| !library::is_worth(film.bytes, bytes, least)) {
        return Err(CombineError::Failed(not_worthwhile(&film, bytes)));
    }
    // Gone again if nothing is put into it.
    let _made = made(&work).map_err(CombineError::Failed)?;
    // It goes before the folders do, which only go empty.
    let aside = aside;
    let noted = aside.note(&work.store, work.job).await;
    noted.map_err(not_noted)?;
    let (store, trace) = (work.store.clone(), aside.trace());
    let placed = copy_and_place(work, aside, returned, proof, cancel).await;
    trace.forget(&store).await;
    placed
}

/// The same, by way of a copy in a hidden file that is noted.
async fn copy_and_place(
    work: Combine,
    aside: Aside,
    returned: &Path,
    proof: FileProof,
    cancel: CancellationToken,
) -> Result<Option<Outcome>, CombineError> {
    let (from, to) = (returned.to_owned(), aside.path().to_owned());
    let token = cancel.clone();
    let copied = tokio::task::spawn_blocking(move || copy_aside(&from, &to, &token)).await;
    let copied = copied.map_err(std::io::Error::other).flatten();
    if cancel.is_cancelled() {
        return Ok(None);
    }
    copied?;
    let sample = remember(&work, aside.path()).await?;
    let merged = Merged {
        file: aside.path().to_owned(),
        packets: Vec::new(),
        starts: Vec::new(),
        equal_headers: Vec::new(),
    };
    give_place(work, aside, merged, proof, sample).await
}

/// Whether there is still any use in it, before anything is made. What came of it already, where an earlier run has replaced
/// the film or has now: what that has begun is gone on with first.
async fn ready(work: &Combine) -> Result<Option<Outcome>, Trouble> {
    let film = Arc::clone(&work.parts.film);
    let Place::InPlace { .. } = work.terms.place else {
        let looked = tokio::task::spawn_blocking(move || unchanged(&film)).await;
        let looked = looked.map_err(|e| Trouble::new(Kind::Other, e.to_string()))?;
        return looked.map(|()| None);
    };
    let turn = work.ledger.turn().await;
    let (ledger, job) = (work.ledger.clone(), work.job);
    let looked = tokio::task::spawn_blocking(move || -> Result<_, Trouble> {
        let _turn = turn;
        let before = replace::before(&ledger, job)?;
        if before.is_none() {
            unchanged(&film)?;
            // Another film may have got the result's name since.
            destination::examine(&film.path, &film.choice)?;
        }
        Ok(before)
    });
    let looked = looked
        .await
        .map_err(|e| Trouble::new(Kind::Other, e.to_string()))?;
    if let Some((outcome, original)) = looked? {
        // A loop that has ended shows nothing any more.
        let _ = work.mail.send(Mail::Original(Box::new(original)));
        return Ok(Some(outcome));
    }
    match ending::refusal(&work.parts.film, &work.terms) {
        Some(trouble) => Err(trouble),
        None => Ok(None),
    }
}

/// What becomes of an original as it is set now, if the result may be put in its place. From then on it is not called off.
async fn may_place(work: &Combine) -> Option<Replace> {
    let (reply, may) = oneshot::channel();
    work.mail.send(Mail::MayPlace(work.job, reply)).ok()?;
    may.await.ok().flatten()
}

/// What is proved and noted takes its place, and from here on is not called off; `None` where it was.
async fn give_place(
    work: Combine,
    aside: Aside,
    merged: Merged,
    proof: FileProof,
    sample: [u8; 32],
) -> Result<Option<Outcome>, CombineError> {
    if let Place::InPlace { .. } = work.terms.place {
        return in_place(work, aside, merged, proof).await;
    }
    if may_place(&work).await.is_none() {
        return Ok(None);
    }
    let placing = tokio::task::spawn_blocking(move || place(&work, &aside, &merged, proof, sample));
    placing.await.map_err(std::io::Error::other)?.map(Some)
}

/// A copy of what was proved, byte for byte, beside where it is to be; the proved one is kept until that is in its place.
fn copy_aside(from: &Path, to: &Path, cancel: &CancellationToken) -> std::io::Result<()> {
    // What an earlier attempt left loses this name and is not written into: it may be another name of the original.
    let _ = std::fs::remove_file(to);
    let mut copy = std::fs::File::create_new(to)?;
    let (mut digest, mut again) = (blake3::Hasher::new(), blake3::Hasher::new());
    by_blocks(from, cancel, |block| {
        digest.update(block);
        copy.write_all(block)
    })?;
    copy.sync_all()?;
    by_blocks(to, cancel, |block| {
        again.update(block);
        Ok(())
    })?;
    if digest.finalize() == again.finalize() {
        return Ok(());
    }
    Err(std::io::Error::other("the copy is not what was copied"))
}

/// Hands a file on, block by block, until that is called off.
fn by_blocks(
    file: &Path,
    cancel: &CancellationToken,
    mut each: impl FnMut(&[u8]) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let (mut read, mut chunk) = (std::fs::File::open(file)?, vec![0; 1 << 20]);
    while !cancel.is_cancelled() {
        let n = read.read(&mut chunk)?;
        if n == 0 {
            return Ok(());
        }
        each(&chunk[..n])?;
    }
    Err(std::io::Error::other("it was called off"))
}

/// What is about to be put in place is known from then on as made here: a library never takes it as a source, whatever
/// it is called later.
async fn remember(work: &Combine, aside: &Path) -> Result<[u8; 32], CombineError> {
    let (path, source) = (aside.to_owned(), work.parts.film.path.clone());
    let sampled = tokio::task::spawn_blocking(move || -> std::io::Result<_> {
        Ok((intake::sample(&path)?, std::fs::metadata(&path)?.len()))
    });
    let sampled = sampled.await.map_err(std::io::Error::other).flatten();
    let (sample, bytes) = sampled?;
    let made = unix_ms();
    let add = move |tables: &store::Tables<'_>| tables.add_output(&sample, bytes, &source, made);
    let added = work.store.call(add).await;
    added.map(|()| sample).map_err(not_noted)
}

fn not_noted(error: StoreError) -> CombineError {
    match error {
        StoreError::Full => CombineError::Unnoted,
        other => unnoted(&other.to_string()),
    }
}

/// What the data folder's disk says of a receipt, or of what else is noted there.
pub(crate) fn not_written(error: &std::io::Error) -> CombineError {
    match error.kind() {
        std::io::ErrorKind::StorageFull => CombineError::Unnoted,
        _ => unnoted(&in_words(error)),
    }
}

fn unnoted(why: &str) -> CombineError {
    let text = format!("The finished film cannot be noted: {why}.");
    let help = "Check the data folder; then run the job again: what is encoded is kept.";
    CombineError::Failed(Trouble::new(Kind::BadDataFolder, text).help(help))
}

/// Why a proved result has not got its place.
pub(crate) fn not_placed(error: &std::io::Error, help: &str) -> Trouble {
    let text = format!(
        "The finished film cannot be put in its place: {}.",
        in_words(error)
    );
    Trouble::new(Kind::OutputReadOnly, text).help(help)
}

fn not_worthwhile(film: &Film, bytes: u64) -> Trouble {
    let change = match library::saved_percent(film.bytes, bytes) {
        less if less > 0 => format!("{less} % smaller than"),
        more if more < 0 => format!("{} % larger than", -more),
        _ => "as large as".to_owned(),
    };
    let text = format!(
        "The result was {change} its source ({bytes} instead of {} bytes), which is not worthwhile: it was thrown away.",
        film.bytes
    );
    Trouble::new(Kind::NotWorthwhile, text).help("The film stays as it is.")
}

/// The folders of another tree, where they are missing.
fn made(work: &Combine) -> Result<Option<MadeFolders>, Trouble> {
    let Place::Tree { into, .. } = &work.terms.place else {
        return Ok(None);
    };
    if !into.is_dir() {
        return Err(no_folder(into));
    }
    let made = MadeFolders::make(&work.folder);
    made.map(Some).map_err(|e| not_made(&work.folder, &e))
}

/// Why a folder of another tree is not there.
fn not_made(folder: &Path, error: &std::io::Error) -> Trouble {
    let text = format!(
        "The output folder {} cannot be made: {}.",
        folder.display(),
        in_words(error)
    );
    let again = "what is encoded is kept";
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            Trouble::new(Kind::NoSpace, text)
                .help(format!("Free some space, and try the job again: {again}."))
        }
        std::io::ErrorKind::InvalidFilename => Trouble::new(Kind::BadRequest, text)
            .help("Give the film's folder a shorter name, or have the result put elsewhere."),
        _ => Trouble::new(Kind::OutputReadOnly, text)
            .help(format!("Make it, and try the job again: {again}.")),
    }
}

/// Why there is no proved file.
fn why_not(error: MergeError, work: &Combine, aside: &mut Aside) -> CombineError {
    let reason = match error {
        MergeError::Redo { segments, reason } => return CombineError::Redo(segments, reason),
        MergeError::Failed(reason) | MergeError::NotSeen(reason) => reason,
        MergeError::NotWorthwhile(bytes) => {
            return CombineError::Failed(not_worthwhile(&work.parts.film, bytes));
        }
    };
    if reason.contains("No space left") {
        return CombineError::Full;
    }
    if !work.folder.is_dir() {
        return CombineError::Failed(no_folder(&work.folder));
    }
    if let Err(trouble) = writable(&work.folder) {
        let help = "Make it writable and try the job again: what is encoded is kept.";
        return CombineError::Failed(trouble.help(help));
    }
    if work.terms.keep_temp {
        aside.keep();
    }
    CombineError::Failed(not_proved(&reason, work.parts.film.choice.container()))
}

/// The result takes the film's place. From here on it is not called off.
async fn in_place(
    work: Combine,
    mut aside: Aside,
    merged: Merged,
    proof: FileProof,
) -> Result<Option<Outcome>, CombineError> {
    let turn = work.ledger.turn().await;
    // How long originals are kept is asked for now: proving takes hours, in which it may have been set anew.
    let Some(replace) = may_place(&work).await else {
        return Ok(None);
    };
    let swapped = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let swapped = swap_in(&work, replace, aside.path(), &merged, proof);
        // Whatever there is at its name now is the swap's.
        aside.keep();
        swapped
    });
    let swapped = swapped.await;
    swapped
        .map_err(|e| CombineError::Failed(Trouble::new(Kind::Other, e.to_string())))?
        .map(Some)
}

fn swap_in(
    work: &Combine,
    replace: Replace,
    aside: &Path,
    merged: &Merged,
    proof: FileProof,
) -> Result<Outcome, CombineError> {
    let film = &work.parts.film;
    let Place::InPlace { keep } = work.terms.place else {
        return Err(Trouble::new(Kind::Other, "The film is not to be replaced.").into());
    };
    let kept = (keep.unwrap_or(replace.keep), replace.testing_mode);
    let bytes = std::fs::metadata(aside).map_or(0, |about| about.len());
    let wall_ms = wall_ms(work);
    let outcome = Outcome {
        output: PathBuf::new(),
        receipt: PathBuf::new(),
        exact: true,
        verdict: verdict(work, proof.frames as u64, &proof),
        frames: proof.frames as u64,
        bytes,
        wall_ms,
    };
    let plan = Plan::new(work.job, film, aside, kept, Memo::of(&outcome, film));
    let replaced = replace::replace(&work.ledger, plan, |output, notes| {
        let mut receipt = receipt(work, merged, proof, output, bytes);
        receipt.notes.extend(notes);
        receipt.write(&work.receipts, &format!("job-{}", work.job.0))
    })?;
    // A loop that has ended shows nothing any more.
    let _ = work.mail.send(Mail::Original(Box::new(replaced.original)));
    Ok(Outcome {
        output: replaced.target,
        receipt: replaced.receipt,
        ..outcome
    })
}

/// From its start until now, in all its runs. Blocks.
fn wall_ms(work: &Combine) -> u64 {
    let begun = match work.begun {
        Begun::Run(begun) => begun,
        Begun::HandedIn(at) => return ms_since(at),
    };
    let row = row_id(work.job);
    let run_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let phases = work.ledger.call(move |tables| tables.phases(row));
    timeline::worked_ms(&phases.unwrap_or_default(), run_ms, unix_ms())
}

/// Tells how far it is.
fn reached(bench: &Bench, job: JobId, kind: PhaseKind) {
    // The loop ends before its tasks do; then nobody wants to know.
    let _ = bench.mail.send(Mail::Reached { job, kind });
}

/// The source must still be what was encoded. Blocks.
fn unchanged(film: &Film) -> Result<(), Trouble> {
    match stands(film) {
        Stands::Same => Ok(()),
        Stands::Changed => Err(changed(&film.path)),
        Stands::Away(why) => Err(unread(film, &why)),
    }
}

/// A film that is not what was encoded.
pub(crate) fn changed(film: &Path) -> Trouble {
    let text = format!(
        "{} was changed or removed while it was being encoded.",
        film.display()
    );
    Trouble::new(Kind::SourceChanged, text).help("Nothing was put in place. Encode it again.")
}

fn no_folder(folder: &Path) -> Trouble {
    let text = format!(
        "The output folder {} is not there any more.",
        folder.display()
    );
    Trouble::new(Kind::NoOutputFolder, text)
        .help("Put it back and try the job again: what is encoded is kept.")
}

fn not_proved(reason: &str, container: Container) -> Trouble {
    let other = match container {
        Container::Mkv => "mp4",
        Container::Mp4 => "mkv",
    };
    Trouble::new(
        Kind::NotProved,
        format!("The result could not be proved to be exact: {reason}."),
    )
    .help(format!(
        "Nothing was put in place. Try --container {other}, and please report this film."
    ))
}

async fn join_and_prove(
    bench: &Bench,
    work: &Combine,
    aside: &Path,
) -> Result<(Merged, FileProof), MergeError> {
    let merged = merge::merge(bench, &work.parts, aside).await?;
    let bytes = std::fs::metadata(aside).map_err(MergeError::failed)?.len();
    if let Some(least) = work.terms.least_saving
        && !library::is_worth(work.parts.film.bytes, bytes, least)
    {
        return Err(MergeError::NotWorthwhile(bytes));
    }
    reached(bench, work.job, PhaseKind::Proving);
    let proof = prove::prove(
        bench,
        &work.parts,
        &merged,
        &work.companion.contents,
        work.terms.decodes_whole(),
    )
    .await?;
    if let Place::InPlace { .. } = work.terms.place {
        sound_decodes(bench, aside, &proof).await?;
    }
    Ok((merged, proof))
}

/// Sound that was encoded anew decodes to its end; what was copied is the film's own, packet for packet.
pub(crate) async fn sound_decodes(
    bench: &Bench,
    file: &Path,
    proof: &FileProof,
) -> Result<(), MergeError> {
    let anew = proof.carried.iter().filter(|c| c.same == Same::Encoded);
    for track in anew {
        let decoded = carry::essence(&bench.ffmpeg, file, track.output, Essence::Sound);
        decoded.await.map_err(|e| MergeError::of_run(&e))?;
    }
    Ok(())
}

/// Gives the result its name. The receipt is written and the name noted before, so that a run that is cut off here is
/// gone on with and makes no second file. Blocks.
fn place(
    work: &Combine,
    aside: &Aside,
    merged: &Merged,
    proof: FileProof,
    sample: [u8; 32],
) -> Result<Outcome, CombineError> {
    let film = &work.parts.film;
    let bytes = std::fs::metadata(aside.path())?.len();
    let mut receipt = receipt(work, merged, proof, Path::new(""), bytes);
    let name = format!("job-{}", work.job.0);
    let mut outcome = Outcome {
        output: PathBuf::new(),
        receipt: PathBuf::new(),
        exact: true,
        verdict: receipt.verdict.clone(),
        frames: receipt.frames,
        bytes,
        wall_ms: wall_ms(work),
    };
    let candidate =
        |n| destination::candidate(&film.path, &work.folder, &film.choice, &work.terms, n);
    let note = |output: &Path| -> Result<(), CombineError> {
        output.clone_into(&mut outcome.output);
        receipt.output.path = output.display().to_string();
        let written = receipt.write(&work.receipts, &name);
        outcome.receipt = written.map_err(|e| not_written(&e))?;
        let memo = Memo::of(&outcome, film);
        let noted = placed::note(&work.ledger, work.job, &outcome, memo, sample);
        noted.map_err(|e| not_written(&e))
    };
    let placed = output::place(aside.path(), candidate, note);
    match &placed {
        Ok(_) => aside.moved(),
        // It speaks of a file that is not there.
        Err(_) if outcome.receipt.is_file() => drop(std::fs::remove_file(&outcome.receipt)),
        Err(_) => {}
    }
    placed.map(|_| outcome)
}

/// What was proved, for an output of this name.
fn receipt(
    work: &Combine,
    merged: &Merged,
    proof: FileProof,
    output: &Path,
    bytes: u64,
) -> Receipt {
    let film = &work.parts.film;
    let segments =
        work.parts
            .pieces
            .iter()
            .zip(&merged.equal_headers)
            .map(|((segment, piece), equal)| SegmentFacts {
                index: segment.index,
                start: segment.span.start.0,
                end: segment.span.end.map(|end| end.0),
                equal_headers: *equal,
                packets_identical: true,
                piece: piece.clone(),
            });
    let frames = proof.frames as u64;
    Receipt {
        receipt: Receipt::version(),
        manyhands: env!("CARGO_PKG_VERSION").to_owned(),
        exact: true,
        verdict: verdict(work, frames, &proof),
        source: FileFacts {
            path: film.path.display().to_string(),
            bytes: film.bytes,
        },
        output: FileFacts {
            path: output.display().to_string(),
            bytes,
        },
        choice: film.choice.clone(),
        filters: plan::filter::words(film.order.filters()),
        frames,
        sent_bytes: work.parts.pieces.iter().map(|(_, p)| p.sent_bytes).sum(),
        segments: segments.collect(),
        file: proof,
        normalised: film.normalised,
        notes: notes(film),
        made_by: work.made_by.clone(),
    }
}

/// What the user was told, and what the source turned out to lack.
fn notes(film: &Film) -> Vec<String> {
    let mut notes = film.notes.clone();
    notes.extend(size::note(film));
    notes.extend(ending::note(film));
    match film.blank() {
        0 => {}
        n => notes.push(format!(
            "{n} of the source's packets give no picture of their own: no decoder shows them."
        )),
    }
    notes
}

fn verdict(work: &Combine, frames: u64, proof: &FileProof) -> String {
    let mut text = match frames {
        1 => "Exact: the one frame is there, at its time".to_owned(),
        n => format!("Exact: all {n} frames, in order, each once, at their times"),
    };
    let filters = plan::filter::words(work.parts.film.order.filters());
    if !filters.is_empty() {
        text.push_str(&format!(
            ", as the filters make them over the whole film ({})",
            filters.join(", ")
        ));
    }
    if work.parts.film.normalised {
        text.push_str(" on the repaired timeline");
    } else if proof.shift_us != 0 {
        text.push_str(&format!(
            " less the stream's start of {} ms",
            work.parts.film.start_us / 1000
        ));
    }
    match proof.carried.len() {
        0 => text.push('.'),
        1 => text.push_str("; the other track kept."),
        n => text.push_str(&format!("; {n} other tracks kept.")),
    }
    if let Some(maker) = &work.made_by {
        text.push_str(&format!(" Made by {}, and checked here.", maker.name));
    }
    if work.parts.film.agreed {
        text.push_str(" What it was agreed to lose is named in the notes.");
    }
    text
}

#[cfg(test)]
mod tests;
