//! A library of films: which of its files are taken, by which rule, and why the others are left alone.
//!
//! Pure: paths, sizes, times and what is known of a file come in, a decision with its reason in words goes out. It
//! reads no folder and no clock. Who walks the folders, looks into files and gives jobs is `engine`.

/// What may be set: folders, and their rules.
mod rules;

/// Names with `*` and `?`.
mod pattern;

/// What a look into a file tells.
mod facts;

/// Which rule takes a file.
mod decide;

/// What becomes of a file that was found.
mod settle;

/// Whether a result is worth having.
mod worth;

/// How many jobs are given ahead.
mod pace;

pub use decide::{Candidate, Leave, Verdict, verdict};
pub use facts::Facts;
pub use pace::{MOST_AHEAD, wants_more};
pub use rules::{
    Conditions, Folder, InPlace, Keep, Library, Rule, Tree, Wrong, check, faults, plain,
};
pub use settle::{Known, Next, Seen, State, settle};
pub use worth::{is_worth, saved_percent};

/// Endings of the names of files that may be films; without a dot, small letters.
pub const ENDINGS: [&str; 22] = [
    "3gp", "asf", "avi", "divx", "flv", "m2ts", "m4v", "mkv", "mov", "mp4", "mpe", "mpeg", "mpg",
    "mts", "mxf", "ogm", "ogv", "rmvb", "ts", "vob", "webm", "wmv",
];

/// Whether a file of this name may be a film: by its ending, and not hidden, as files are that are still being made.
#[must_use]
pub fn may_be_a_film(name: &str) -> bool {
    let Some((stem, ending)) = name.rsplit_once('.') else {
        return false;
    };
    let known = |one: &str| ending.eq_ignore_ascii_case(one);
    !stem.is_empty() && !name.starts_with('.') && ENDINGS.iter().any(|one| known(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn films_are_told_by_their_names() {
        for yes in ["a.mkv", "A film.MP4", "old.ts"] {
            assert!(may_be_a_film(yes), "{yes}");
        }
        for no in [
            "a.srt",
            ".a.mkv",
            ".mkv",
            "mkv",
            "film.mkv.bak",
            "film.mkv.part",
            ".manyhands-1.part.mkv",
        ] {
            assert!(!may_be_a_film(no), "{no}");
        }
    }
}
