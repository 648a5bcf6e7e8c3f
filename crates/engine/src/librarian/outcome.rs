//! What came of a film's job, as it is filed. Pure.

use std::path::Path;

use store::{Film, FilmState};

use crate::status::{JobState, JobStatus, Place, Terms};
use crate::trouble::{Kind, Trouble};

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

/// What there is to know of a film whose job is over, beside the job itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Beside {
    /// Something was made of it.
    pub made: bool,
    /// Its folder is not there now, or as good as empty.
    pub away: bool,
    /// It is there, with the size and the time that it had.
    pub same: bool,
    /// What is wrong with the output's folder is wrong with that of many films.
    pub shared: bool,
}

/// Whether it is the node that is in the way, not the film: it is tried again, as it is. `shared`: what is wrong with its
/// output's folder is wrong with that of many films, which may be there again in a moment.
pub(crate) fn is_nodes_fault(kind: Kind, shared: bool) -> bool {
    match kind {
        Kind::NoSpace
        | Kind::NoFfmpeg
        | Kind::FfmpegTooOld
        | Kind::NoEncoder
        | Kind::BadDataFolder => true,
        Kind::NoOutputFolder | Kind::OutputReadOnly => shared,
        _ => false,
    }
}

/// Whether what is wrong with the folder of a job's output is wrong with that of many films, too. `writable`: whether a folder
/// takes files. In another tree each film has a folder of its own, and what is wrong there is its own affair.
pub(crate) fn is_shared(terms: &Terms, writable: impl FnOnce(&Path) -> bool) -> bool {
    match &terms.place {
        Place::Tree { into, .. } => !writable(into),
        Place::Beside | Place::InPlace { .. } => terms.out_dir.is_some(),
    }
}

/// What came of `film`, whose job is `job`; `None`: it is not on the list any more.
pub(crate) fn outcome(film: Film, job: Option<&JobStatus>, beside: Beside, now: i64) -> Outcome {
    let ended = |film: Film, forget| Outcome::Ended {
        film: Box::new(Film {
            changed: now,
            ..film
        }),
        forget,
    };
    let Some(job) = job else {
        return ended(off_the_list(film, beside.made), false);
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
        JobState::Failed(trouble) => {
            let (film, forget) = failed(film, trouble, beside, now);
            ended(film, forget)
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

fn off_the_list(film: Film, made: bool) -> Film {
    let (state, reason) = if made {
        (FilmState::Done, "Its job was taken off the list.")
    } else {
        (
            FilmState::Failed,
            "Its job was taken off the list before it ended. Try it again here.",
        )
    };
    Film {
        job: None,
        ..marked(film, state, reason.to_owned())
    }
}

/// A film whose job has failed, and whether that is forgotten. One that waits and whose job is not goes on with what is
/// encoded once it is given again.
fn failed(film: Film, trouble: &Trouble, beside: Beside, now: i64) -> (Film, bool) {
    let waits = |reason: String, film: Film| Film {
        since: now,
        forced: film.forced,
        asked: film.asked,
        ..marked(film, FilmState::Waiting, reason)
    };
    // It could not be read for a moment, which looks like a film that was taken away.
    let seemed = matches!(trouble.kind, Kind::NoSuchFile | Kind::SourceChanged) && beside.same;
    if beside.away || seemed {
        let reason = "It could not be read for a while. What is encoded of it is kept.";
        return (waits(reason.to_owned(), film), false);
    }
    if is_nodes_fault(trouble.kind, beside.shared) {
        return (waits(trouble.to_string(), film), false);
    }
    match trouble.kind {
        Kind::NotWorthwhile => {
            let not = Film {
                job: None,
                ..marked(film, FilmState::NotWorthwhile, trouble.to_string())
            };
            (not, true)
        }
        Kind::SourceChanged => {
            let reason = "It was changed while it was being encoded; it is taken again once it stays as it is.";
            let anew = Film {
                sample: None,
                forced: false,
                asked: false,
                job: None,
                ..waits(reason.to_owned(), film)
            };
            (anew, true)
        }
        _ => (marked(film, FilmState::Failed, trouble.to_string()), false),
    }
}

/// Filed as decided: what was asked for of it is done.
pub(crate) fn marked(film: Film, state: FilmState, reason: String) -> Film {
    Film {
        state,
        reason,
        forced: false,
        asked: false,
        ..film
    }
}

/// Parts that are still to be given out, as far as is known.
fn parts_left(job: &JobStatus) -> u32 {
    let seconds = job.duration_us.unwrap_or(0).max(0) as f64 / 1e6;
    (seconds * (1.0 - job.progress.clamp(0.0, 1.0)) / PART_S).ceil() as u32
}

/// A film of the same content that something has become of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Like {
    pub film: Film,
    /// It is still there.
    pub there: bool,
    /// And is the very same file, by another name.
    pub same_file: bool,
}

/// What is known of a film's content, by samples of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Content {
    /// It was made here.
    pub own: bool,
    /// By this very name it was replaced by a result.
    pub was_replaced: bool,
    /// Films that have it, too, or had; the latest first.
    pub like: Vec<Like>,
}

/// What becomes of a film without being encoded, by what is known of its content; `None`: it is encoded. The film has the
/// sample already.
pub(crate) fn known(film: &Film, content: &Content, now: i64) -> Option<Film> {
    let filed = |state, reason: String| Film {
        state,
        reason,
        asked: false,
        changed: now,
        ..film.clone()
    };
    if content.own {
        let own = filed(FilmState::Left, library::Leave::Own.to_string());
        return Some(Film { rule: None, ..own });
    }
    if film.forced || film.asked {
        return None;
    }
    let others = content.like.iter().filter(|like| like.film.id != film.id);
    // Its result had its place, perhaps by another ending, and is gone.
    let is_back = |like: &Like| !like.there && is_in_place(&like.film);
    if content.was_replaced || others.clone().any(is_back) {
        let reason = "It is the original again of what was made of it.".to_owned();
        return Some(filed(FilmState::Failed, reason));
    }
    let holds = |like: &&Like| match like.film.state {
        // A copy is a film of its own; what was moved is not, and neither is another name.
        FilmState::Done => !is_in_place(&like.film) && (!like.there || like.same_file),
        FilmState::NotWorthwhile => like.film.wish == film.wish,
        _ => false,
    };
    others
        .clone()
        .find(holds)
        .map(|like| adopted(film, like, now))
}

/// Whether its result is where it was itself.
fn is_in_place(film: &Film) -> bool {
    film.state == FilmState::Done && film.output.as_ref() == Some(&film.path)
}

/// What a film was before: the same content lay elsewhere, and something has become of it there.
fn adopted(film: &Film, like: &Like, now: i64) -> Film {
    let before = &like.film;
    let was = before.path.display();
    let reason = match before.state {
        FilmState::Done if like.there => {
            format!("It is another name of {was}, of which something was made.")
        }
        FilmState::Done => format!("It was made smaller when it was {was}."),
        _ => format!("{} (When it was {was}.)", before.reason),
    };
    // What one file has saved is counted once.
    let counted = !like.there;
    Film {
        state: before.state,
        reason,
        wish: before.wish,
        source: before.source.filter(|_| counted),
        result: before.result.filter(|_| counted),
        output: before.output.clone(),
        receipt: before.receipt.clone(),
        changed: now,
        ..film.clone()
    }
}

#[cfg(test)]
mod tests;
