//! What the sender of a film is told of it: how far it is, and how it came to nothing.

use std::cmp::Reverse;
use std::path::{Path, PathBuf};

use peer::{FilmEnd, FilmStand, FilmStep};

use super::decide::End;
use crate::status::{JobState, JobStatus};
use crate::trouble::{Kind, Trouble};

/// How far a film is that is not a job yet.
pub(super) const BEFORE: FilmStand = FilmStand {
    step: FilmStep::Queued,
    permille: 0,
    frames: 0,
    of: None,
    fps: 0.0,
    eta_ms: None,
};

pub(super) fn stand(job: &JobStatus) -> FilmStand {
    let step = match &job.state {
        JobState::Processing => FilmStep::Processing,
        JobState::Paused(_) => FilmStep::Paused,
        JobState::Combining | JobState::Completed(_) => FilmStep::Combining,
        _ => FilmStep::Queued,
    };
    FilmStand {
        step,
        permille: (job.progress.clamp(0.0, 1.0) * 1000.0) as u16,
        frames: job.frames_done,
        of: job.frames_total,
        fps: job.speed_fps.unwrap_or(0.0) as f32,
        eta_ms: job.eta_ms,
    }
}

/// How a film came to nothing by a trouble here, `otherwise` by one that there is no word of its own for. `film`: where it
/// lies, and what its sender calls it; `places`: all of this computer's working files.
pub(super) fn end(
    trouble: &Trouble,
    otherwise: FilmEnd,
    film: (&Path, &str),
    places: &[PathBuf],
) -> End {
    let reason = match trouble.kind {
        Kind::NoSpace => FilmEnd::NoSpace,
        _ => otherwise,
    };
    (reason, hidden(&trouble.message, film, places))
}

/// A text without where things lie here, which is nobody's business there.
fn hidden(text: &str, (film, name): (&Path, &str), places: &[PathBuf]) -> String {
    let own = places.iter().map(PathBuf::as_path).chain(film.parent());
    // Of a root there is nothing to be hidden.
    let own = own.filter(|place| place.parent().is_some());
    let mut own: Vec<String> = own.map(|place| place.display().to_string()).collect();
    // One may lie within another.
    own.sort_by_key(|place| Reverse(place.len()));
    let text = text.replace(&film.display().to_string(), name);
    let text = own
        .iter()
        .fold(text, |text, place| text.replace(place.as_str(), "…"));
    text.chars().take(500).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> End {
        let film = Path::new("/home/anna/.manyhands/films/0a1b/film");
        let places = ["/home/anna/.manyhands", "/home/anna/.manyhands/disk"].map(PathBuf::from);
        let trouble = Trouble::new(Kind::Damaged, text);
        end(&trouble, FilmEnd::Failed, (film, "holiday.mkv"), &places)
    }

    #[test]
    fn where_things_lie_here_is_not_told() {
        let (reason, text) = told("/home/anna/.manyhands/films/0a1b/film has no track.");
        assert_eq!(reason, FilmEnd::Failed);
        assert_eq!(text, "holiday.mkv has no track.");
        let folder = "The output folder /home/anna/.manyhands/films/0a1b does not exist.";
        assert_eq!(told(folder).1, "The output folder … does not exist.");
        let scratch = "/home/anna/.manyhands/jobs/7/000001-3.mp4 is not there.";
        assert_eq!(told(scratch).1, "…/jobs/7/000001-3.mp4 is not there.");
        let disk = "The disk of /home/anna/.manyhands/disk is away.";
        assert_eq!(told(disk).1, "The disk of … is away.", "the longest first");
    }

    #[test]
    fn only_so_much_is_told() {
        assert_eq!(told(&"ä".repeat(600)).1, "ä".repeat(500));
    }

    #[test]
    fn a_place_that_is_all_of_a_disk_is_no_text_to_be_hidden() {
        let text = hidden("1/2 of it", (Path::new("film"), "x"), &[PathBuf::from("/")]);
        assert_eq!(text, "1/2 of it");
    }

    #[test]
    fn a_full_disk_is_told_as_one() {
        let film = (Path::new("/films/film"), "holiday.mkv");
        let full = Trouble::new(Kind::NoSpace, "The disk of /films has 1 MB free.");
        let (reason, text) = end(&full, FilmEnd::Unusable, film, &[]);
        assert_eq!(reason, FilmEnd::NoSpace);
        assert_eq!(text, "The disk of … has 1 MB free.");
    }
}
