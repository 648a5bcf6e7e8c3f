//! The way to a film by names that only those can read who have them on their own disk. Pure.

use std::path::{Component, Path};

use icu_normalizer::ComposingNormalizerBorrowed;
use peer::{MAX_TRAIL, Mark, SharedId};

/// The mark of a name. Systems write the same name with other capitals, and with accents put together or apart.
pub(crate) fn mark(film: SharedId, name: &str) -> Mark {
    let name = ComposingNormalizerBorrowed::new_nfc()
        .normalize(name)
        .to_lowercase();
    let mut hasher = blake3::Hasher::new_derive_key("manyhands protocol 1 name of a shared film");
    hasher.update(&film.0);
    hasher.update(name.as_bytes());
    let mut mark = [0; 16];
    hasher.finalize_xof().fill(&mut mark);
    Mark(mark)
}

/// The marks of a film's path, its own name's first.
pub(crate) fn marks(film: SharedId, path: &Path) -> Vec<Mark> {
    let names = path.components().rev().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_string_lossy()),
        Component::Prefix(drive) => Some(drive.as_os_str().to_string_lossy()),
        Component::RootDir | Component::CurDir | Component::ParentDir => None,
    });
    names
        .take(MAX_TRAIL)
        .map(|name| mark(film, &name))
        .collect()
}

/// How many marks of `trail` remain below a folder that the other computer calls `theirs`; `None` where the film is not
/// in it. The folder is written as that computer writes it, with either slash.
pub(crate) fn below(film: SharedId, trail: &[Mark], theirs: &str) -> Option<usize> {
    let names: Vec<&str> = theirs
        .split(['/', '\\'])
        .filter(|name| !name.is_empty())
        .collect();
    let rest = trail
        .len()
        .checked_sub(names.len())
        .filter(|rest| *rest > 0)?;
    let from_the_top = trail.iter().rev();
    let same = from_the_top
        .zip(&names)
        .all(|(there, name)| *there == mark(film, name));
    same.then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILM: SharedId = SharedId([7; 16]);

    #[test]
    fn the_same_name_has_the_same_mark_on_every_system() {
        assert_eq!(mark(FILM, "Amélie.MKV"), mark(FILM, "Ame\u{301}lie.mkv"));
        assert_ne!(mark(FILM, "a.mkv"), mark(FILM, "b.mkv"));
        assert_ne!(mark(FILM, "a.mkv"), mark(SharedId([8; 16]), "a.mkv"));
    }

    #[test]
    fn a_trail_begins_with_the_film() {
        let trail = marks(FILM, Path::new("/mnt/nas/films/a.mkv"));
        assert_eq!(trail.len(), 4);
        assert_eq!(trail[0], mark(FILM, "a.mkv"));
        assert_eq!(trail[3], mark(FILM, "mnt"));
        let deep = format!("/{}a.mkv", "x/".repeat(100));
        assert_eq!(marks(FILM, Path::new(&deep)).len(), MAX_TRAIL);
    }

    #[test]
    fn another_computers_folder_is_known_by_its_name_there() {
        let trail = marks(FILM, Path::new("/mnt/nas/films/a.mkv"));
        assert_eq!(below(FILM, &trail, "/mnt/nas"), Some(2));
        assert_eq!(below(FILM, &trail, "mnt\\NAS\\films\\"), Some(1));
        assert_eq!(below(FILM, &trail, ""), Some(4));
        for wrong in ["/mnt/box", "/mnt/nas/films/a.mkv", "/mnt/nas/films/a.mkv/b"] {
            assert_eq!(below(FILM, &trail, wrong), None, "{wrong}");
        }
    }
}
