//! The end of the road: merge, prove, write the receipt, put the file in its place.

use std::path::PathBuf;
use std::time::Instant;

use media::choice::Container;
use plan::name;
use schedule::JobId;

use crate::companion::Companion;
use crate::lease::Bench;
use crate::merge::{self, MergeError, Merged, Parts};
use crate::output;
use crate::prove::{self, FileProof};
use crate::receipt::{FileFacts, Receipt, SegmentFacts};
use crate::status::{Outcome, Terms};
use crate::trouble::{Kind, Trouble};

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
    /// When the job began.
    pub begun: Instant,
}

/// Why it did not end well.
#[derive(Debug)]
pub(crate) enum CombineError {
    /// These segments are to be made again.
    Redo(Vec<u32>, String),
    /// It cannot be mended.
    Failed(Trouble),
}

/// Joins, proves and places. Nothing appears under its final name unproved.
///
/// # Errors
/// [`CombineError`].
pub(crate) async fn combine(bench: &Bench, work: Combine) -> Result<Outcome, CombineError> {
    let film = &work.parts.film;
    let extension = film.choice.container().name();
    let aside = output::aside(&work.folder, work.job.0, extension);
    let result = join_and_prove(bench, &work, &aside).await;
    match result {
        Ok((merged, proof)) => place(work, &aside, &merged, proof).map_err(|e| {
            CombineError::Failed(
                Trouble::new(
                    Kind::OutputReadOnly,
                    format!("The finished film cannot be put in its place: {e}."),
                )
                .help("Check the output folder; then run the job again: what is encoded is kept."),
            )
        }),
        Err(error) => {
            if !work.terms.keep_temp {
                // A failed join is made anew from the segments, which stay.
                let _ = tokio::fs::remove_file(&aside).await;
            }
            Err(match error {
                MergeError::Redo { segments, reason } => CombineError::Redo(segments, reason),
                MergeError::Failed(reason) => {
                    CombineError::Failed(not_proved(&reason, film.choice.container()))
                }
            })
        }
    }
}

fn not_proved(reason: &str, container: Container) -> Trouble {
    let other = match container {
        Container::Mkv => "mp4",
        Container::Mp4 => "mkv",
    };
    if reason.contains("No space left") {
        return Trouble::new(
            Kind::NoSpace,
            "The disk filled up while the film was joined.",
        )
        .help("Free some space and run the job again: what is encoded is kept.");
    }
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
    aside: &std::path::Path,
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
    aside: &std::path::Path,
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
        frames,
        segments: segments.collect(),
        file: proof,
        normalised: film.normalised,
        notes: film.notes.clone(),
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

fn verdict(work: &Combine, frames: u64, proof: &FileProof) -> String {
    let mut text = match frames {
        1 => "Exact: the one frame is there, at its time".to_owned(),
        n => format!("Exact: all {n} frames, in order, each once, at their times"),
    };
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
    text
}
