//! Sentences about films that are sent to another computer: why not, why not yet, and why it came to nothing.

use std::path::Path;

use peer::{FilmEnd, FilmRefusal};
use schedule::JobId;
use store::StoreError;

use super::decide::{Away, End, Step};
use crate::trouble::{Kind, Trouble};

/// It may not be asked.
pub(crate) fn not_asked(name: &str) -> Trouble {
    let text =
        format!("{name} is not to be asked for work by this computer, so no film is sent there.");
    Trouble::new(Kind::BadRequest, text)
        .help("Allow that on its card, or with `manyhands rights`, and try again.")
}

/// It may not use this one, so that this one cannot help it.
pub(crate) fn may_not_help(name: &str) -> Trouble {
    let text =
        format!("{name} may not use this computer, so this one can have no hand in the film.");
    Trouble::new(Kind::BadRequest, text)
        .help("Allow that on its card, or send the film without --participate.")
}

/// Its build does not know of films.
pub(crate) fn too_old(name: &str) -> Trouble {
    let text = format!("{name} has an older Manyhands, which takes no whole films.");
    Trouble::new(Kind::OtherProtocol, text)
        .help("Update it, or encode the film here with its help.")
}

/// It takes none, for now.
pub(crate) fn takes_none(name: &str) -> Trouble {
    let text = format!(
        "{name} takes no whole films: helping is off there, or its user does not want them."
    );
    Trouble::new(Kind::NotNow, text).help("Turn helping on there, or encode the film here.")
}

/// It is not held from here.
pub(crate) fn held_there(name: &str) -> Trouble {
    let text = format!("The film is held on {name}, not by this computer.");
    Trouble::new(Kind::NotNow, text).help("Resume it there.")
}

/// Another build has noted where it is.
pub(crate) fn not_read() -> Trouble {
    let text = "What was noted of this film was written by another version of Manyhands and cannot be read by this one.";
    Trouble::new(Kind::BadDataFolder, text).help(
        "Nothing of it was changed. Use that version, or cancel the job and encode the film anew.",
    )
}

/// Nothing of it could be noted.
pub(crate) fn not_stored(error: &StoreError) -> Trouble {
    let text = format!("The job cannot be stored: {error}.");
    Trouble::new(Kind::BadDataFolder, text)
}

/// It is held, and with it its result.
pub(crate) fn held_here(job: JobId) -> Trouble {
    let text = format!("Job {job} is held: resume it first, then its result is brought.");
    Trouble::new(Kind::NotNow, text)
}

/// The result that was kept here is gone.
pub(crate) fn lost(name: &str) -> Trouble {
    let text = format!("The result that came from {name} is not among the working files any more.");
    Trouble::new(Kind::Unreadable, text)
        .help("Nothing was put in place. Try again to send the film once more.")
}

/// There is nothing to be brought here.
pub(crate) fn nothing_to_fetch(job: JobId, known: bool) -> Trouble {
    if !known {
        return Trouble::new(Kind::NoSuchJob, format!("There is no job {job}."));
    }
    let text = format!("Job {job} has no result on another computer.");
    Trouble::new(Kind::NotNow, text).help("`manyhands jobs` shows where each job is.")
}

/// The disk has no room for a result.
pub(crate) fn no_room(folder: &Path, free: u64, need: u64) -> String {
    format!(
        "the disk of {} has {} MB free, and the result needs {} MB; free some space, and it is brought",
        folder.display(),
        free / 1_000_000,
        need.div_ceil(1_000_000)
    )
}

/// Why it is not going on just now.
pub(crate) fn waiting(away: &Away, name: &str) -> Option<String> {
    if !away.linked && away.step != Step::Checking {
        return Some(format!(
            "{name} is not there; it goes on by itself when it is."
        ));
    }
    let why = &away.waits;
    match away.step {
        _ if why.is_empty() => None,
        Step::Ready => Some(format!("The result waits on {name}: {why}.")),
        _ => Some(format!("It is not sent to {name} yet: {why}.")),
    }
}

/// Why a job ended without a result.
pub(crate) fn ended(end: &End, name: &str) -> Trouble {
    match end {
        End::Cancelled => Trouble::new(Kind::Cancelled, "The job was cancelled."),
        End::TooOld => too_old(name),
        End::Declined(reason) => declined(*reason, name),
        End::There(reason, detail) => there(*reason, detail, name),
        End::Unpaired => {
            let text = format!(
                "This computer is not paired with {name} any more, so the film does not come back."
            );
            Trouble::new(Kind::NoSuchPeer, text)
                .help("Pair the two and try again, or encode the film here.")
        }
        End::Source(why) if why.is_empty() => {
            let text = "The film was changed or removed while it was on its way.";
            Trouble::new(Kind::SourceChanged, text)
                .help("Nothing was put in place. Encode it again.")
        }
        End::Source(why) => {
            let text = format!("The film could not be read while it was sent: {why}.");
            Trouble::new(Kind::Unreadable, text)
                .help("Check the disk that it is on, and try again.")
        }
        End::NoResult(why) => {
            let text = format!("What {name} says that it made is no result of this film: {why}.");
            Trouble::new(Kind::NotProved, text)
                .help("Nothing was put in place. Encode the film here.")
        }
        End::GaveUp => {
            let text = format!("The film could not be sent to {name}, time and again.");
            Trouble::new(Kind::Unreachable, text)
                .help("Check the network between the two, and try again.")
        }
    }
}

fn declined(reason: FilmRefusal, name: &str) -> Trouble {
    let (kind, text, help) = match reason {
        FilmRefusal::NotDonating | FilmRefusal::NotTaken => return takes_none(name),
        FilmRefusal::Busy => (
            Kind::NotNow,
            "has as many films as it takes at once",
            "Try again when one of them is done.",
        ),
        FilmRefusal::NoSpace => (
            Kind::NoSpace,
            "has no room on its disk for this film and its result",
            "Free some space there, or encode the film here.",
        ),
        FilmRefusal::TooLarge => (
            Kind::BadRequest,
            "takes no film of this size",
            "Encode it here, with the help of the others.",
        ),
    };
    Trouble::new(kind, format!("{name} {text}.")).help(help)
}

fn there(reason: FilmEnd, detail: &str, name: &str) -> Trouble {
    let detail = detail.trim_end_matches('.');
    let because = if detail.is_empty() {
        String::new()
    } else {
        format!(": {detail}")
    };
    let (kind, text, help) = match reason {
        FilmEnd::SourceLost => (
            Kind::Unreachable,
            format!("The film did not arrive at {name} as it is here{because}."),
            "Try again.",
        ),
        FilmEnd::Unusable => (
            Kind::EncodeFailed,
            format!("{name} cannot work on the film{because}."),
            "Encode it here.",
        ),
        FilmEnd::Failed => (
            Kind::EncodeFailed,
            format!("The work failed on {name}{because}."),
            "Try again, or encode the film here.",
        ),
        FilmEnd::NoSpace => (
            Kind::NoSpace,
            format!("The disk of {name} has no room left for the film and its result."),
            "Free some space there, and try again.",
        ),
        FilmEnd::Cancelled => (
            Kind::Cancelled,
            format!("The job was cancelled on {name}."),
            "Try again, or encode the film here.",
        ),
        FilmEnd::Withdrawn => (
            Kind::NotNow,
            format!("{name} does not work for this computer any more."),
            "Turn helping on there, allow it this computer's films, and try again; or encode the film here.",
        ),
        FilmEnd::Expired => (
            Kind::NotNow,
            format!("Nobody came for the result in a week, and {name} has removed it."),
            "Try again to have it made once more.",
        ),
        FilmEnd::Forgotten => (
            Kind::NotNow,
            format!("{name} has nothing of this film any more."),
            "Try again to send it once more.",
        ),
    };
    Trouble::new(kind, text).help(help)
}
