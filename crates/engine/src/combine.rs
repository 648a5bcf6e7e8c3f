//! The end of the road: merge, prove, write the receipt, put the file in its place.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use media::choice::Container;
use plan::name;
use schedule::JobId;

use crate::companion::Companion;
use crate::film::Film;
use crate::intake::{modified_ms, writable};
use crate::lease::Bench;
use crate::merge::{self, MergeError, Merged, Parts};
use crate::output::{self, Aside};
use crate::prove::{self, FileProof};
use crate::receipt::{FileFacts, Receipt, SegmentFacts};
use crate::size;
use crate::status::{Outcome, Terms};
use crate::trouble::{Kind, Trouble, in_words};

/// A job whose segments are all verified.
#[derive(Debug)]
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
    /// When the job began.
    pub begun: Instant,
}

/// Why it did not end well.
#[derive(Debug)]
pub(crate) enum CombineError {
    /// These segments are to be made again.
    Redo(Vec<u32>, String),
    /// The output's disk is full.
    Full,
    /// It cannot be mended.
    Failed(Trouble),
}

/// Joins, proves and places. Nothing appears under its final name unproved.
///
/// # Errors
/// [`CombineError`].
pub(crate) async fn combine(bench: &Bench, work: Combine) -> Result<Outcome, CombineError> {
    let film = Arc::clone(&work.parts.film);
    unchanged(&film).map_err(CombineError::Failed)?;
    let container = film.choice.container();
    let mut aside = Aside::new(&work.folder, &work.node, work.job.0, container.name());
    match join_and_prove(bench, &work, aside.path()).await {
        Ok((merged, proof)) => place(work, aside.path(), &merged, proof).map_err(|e| {
            if e.kind() == std::io::ErrorKind::StorageFull {
                return CombineError::Full;
            }
            let text = format!(
                "The finished film cannot be put in its place: {}.",
                in_words(&e)
            );
            let help = "Check the output folder; then run the job again: what is encoded is kept.";
            CombineError::Failed(Trouble::new(Kind::OutputReadOnly, text).help(help))
        }),
        Err(MergeError::Redo { segments, reason }) => Err(CombineError::Redo(segments, reason)),
        Err(MergeError::Failed(reason)) => {
            if reason.contains("No space left") {
                return Err(CombineError::Full);
            }
            if !work.folder.is_dir() {
                return Err(CombineError::Failed(no_folder(&work.folder)));
            }
            if let Err(trouble) = writable(&work.folder) {
                let help = "Make it writable and try the job again: what is encoded is kept.";
                return Err(CombineError::Failed(trouble.help(help)));
            }
            if work.terms.keep_temp {
                aside.keep();
            }
            Err(CombineError::Failed(not_proved(&reason, container)))
        }
    }
}

/// The source must still be what was encoded.
pub(crate) fn unchanged(film: &Film) -> Result<(), Trouble> {
    let now = std::fs::metadata(&film.path)
        .ok()
        .map(|about| (about.len(), modified_ms(&about)));
    if now == Some((film.bytes, film.modified_ms)) {
        return Ok(());
    }
    let text = format!(
        "{} was changed or removed while it was being encoded.",
        film.path.display()
    );
    Err(Trouble::new(Kind::SourceChanged, text).help("Nothing was put in place. Encode it again."))
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
    let proof = prove::prove(
        bench,
        &work.parts,
        &merged,
        &work.companion.contents,
        work.terms.paranoid,
    )
    .await?;
    Ok((merged, proof))
}

fn place(
    work: Combine,
    aside: &Path,
    merged: &Merged,
    proof: FileProof,
) -> std::io::Result<Outcome> {
    let film = &work.parts.film;
    let bytes = std::fs::metadata(aside)?.len();
    let output = output::place(aside, |n| match &work.terms.output {
        Some(path) => name::numbered(
            &std::path::absolute(path).unwrap_or_else(|_| path.clone()),
            n,
        ),
        None => name::candidate(&film.path, Some(&work.folder), &film.choice, n),
    })?;
    let frames = proof.frames as u64;
    let verdict = verdict(&work, frames, &proof);
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
    let receipt = Receipt {
        receipt: Receipt::version(),
        manyhands: env!("CARGO_PKG_VERSION").to_owned(),
        exact: true,
        verdict: verdict.clone(),
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
    };
    let receipt = receipt.write(&work.receipts, &format!("job-{}", work.job.0))?;
    let wall_ms = u64::try_from(work.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(Outcome {
        output,
        receipt,
        exact: true,
        verdict,
        frames,
        bytes,
        wall_ms,
    })
}

/// What the user was told, and what the source turned out to lack.
fn notes(film: &Film) -> Vec<String> {
    let mut notes = film.notes.clone();
    notes.extend(size::note(film));
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
    if work.parts.film.agreed {
        text.push_str(" What it was agreed to lose is named in the notes.");
    }
    text
}
