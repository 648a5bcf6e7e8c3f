//! What came of a film's job, as it is filed. Pure.

use std::path::PathBuf;

use store::{Film, FilmState};

use crate::status::{JobState, JobStatus};
use crate::trouble::Kind;

/// What is to be done about a film in work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Its job goes on, with so many parts still to be given out.
    GoesOn(u32),
    /// It has ended: this is filed.
    Ended {
        film: Box<Film>,
        /// Its job says nothing that the library does not say better: it goes off the list.
        forget: bool,
    },
}

/// A part's usual length, seconds: see `jobs`.
const PART_S: f64 = 24.0;

/// What came of `film`, whose job is `job`; `None`: it is not on the list any more, and `made` says whether its output is.
pub(crate) fn outcome(film: Film, job: Option<&JobStatus>, made: bool, now: i64) -> Outcome {
    let ended = |film: Film, forget| Outcome::Ended {
        film: Box::new(Film {
            changed: now,
            ..film
        }),
        forget,
    };
    let Some(job) = job else {
        let (state, reason) = if made {
            (FilmState::Done, "Its job was taken off the list.")
        } else {
            (
                FilmState::Failed,
                "Its job was taken off the list before it ended. Try it again here.",
            )
        };
        return ended(marked(film, state, reason.to_owned()), false);
    };
    match &job.state {
        JobState::Completed(outcome) => {
            let done = Film {
                source: Some(film.bytes),
                result: Some(outcome.bytes),
                output: Some(outcome.output.clone()),
                receipt: Some(outcome.receipt.clone()),
                ..marked(film, FilmState::Done, String::new())
            };
            ended(done, false)
        }
        JobState::Failed(trouble) if trouble.kind == Kind::NotWorthwhile => ended(
            marked(film, FilmState::NotWorthwhile, trouble.to_string()),
            true,
        ),
        JobState::Failed(trouble) if trouble.kind == Kind::SourceChanged => {
            let reason = "It was changed while it was being encoded; it is taken again once it stays as it is.";
            let anew = Film {
                since: now,
                sample: None,
                ..marked(film, FilmState::Waiting, reason.to_owned())
            };
            ended(anew, true)
        }
        JobState::Failed(trouble) => {
            ended(marked(film, FilmState::Failed, trouble.to_string()), false)
        }
        JobState::Cancelled => {
            let reason = "You stopped its job.".to_owned();
            ended(marked(film, FilmState::Failed, reason), false)
        }
        JobState::Combining => Outcome::GoesOn(0),
        JobState::Queued
        | JobState::WaitingForPeers(..)
        | JobState::Benchmarking
        | JobState::Processing
        | JobState::Paused(_) => Outcome::GoesOn(parts_left(job)),
    }
}

fn marked(film: Film, state: FilmState, reason: String) -> Film {
    Film {
        state,
        reason,
        forced: false,
        ..film
    }
}

/// Parts that are still to be given out, as far as is known.
fn parts_left(job: &JobStatus) -> u32 {
    let seconds = job.duration_us.unwrap_or(0).max(0) as f64 / 1e6;
    (seconds * (1.0 - job.progress.clamp(0.0, 1.0)) / PART_S).ceil() as u32
}

/// What a film was before: the same content lay elsewhere, and something has become of it there.
pub(crate) fn adopted(film: Film, before: &Film, sample: [u8; 32], now: i64) -> Film {
    let was: PathBuf = before.path.clone();
    let reason = match before.state {
        FilmState::Done => format!("It was made smaller when it was {}.", was.display()),
        _ => format!("{} (When it was {}.)", before.reason, was.display()),
    };
    Film {
        state: before.state,
        reason,
        wish: before.wish,
        source: before.source,
        result: before.result,
        output: before.output.clone(),
        receipt: before.receipt.clone(),
        sample: Some(sample),
        changed: now,
        ..film
    }
}
