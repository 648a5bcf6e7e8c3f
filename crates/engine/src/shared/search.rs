//! Looks for another computer's film in folders that its own user lets it look in. Every name that is opened was read
//! from this computer's disk: what came from the other one are a length and marks.
//!
//! Blocks: a drive whose computer is gone may answer nothing for ever.

use std::collections::{BTreeSet, VecDeque};
use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use peer::{Mark, SharedId};

use super::trail;
use crate::status::PathPair;

/// So many folders below a drive's own the way to a film may begin.
const DEPTH: u8 = 3;
/// More files of the same way and length are not looked at.
const MOST_FOUND: usize = 4;

/// What is looked for.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub film: SharedId,
    /// Its length.
    pub bytes: u64,
    /// Marks of its name and of the folders above it.
    pub trail: Vec<Mark>,
}

/// Where.
#[derive(Clone, Debug)]
pub(crate) struct Ground {
    /// Folders in or below which it may lie.
    pub roots: Vec<PathBuf>,
    /// Folders that have another name there; looked at where nothing was found otherwise.
    pub pairs: Vec<PathPair>,
    /// Where earlier searches have got stuck.
    pub entered: Entered,
}

/// Folders that a search is in just now. As there is one search at a time, a folder in which there is another has not
/// answered that one, and is passed over.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entered(Arc<Mutex<BTreeSet<PathBuf>>>);

/// A search is in there until this is dropped.
struct Inside<'a> {
    entered: &'a Entered,
    root: &'a Path,
}

impl Entered {
    fn enter<'a>(&'a self, root: &'a Path) -> Option<Inside<'a>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.iter().any(|stuck| root.starts_with(stuck)) {
            return None;
        }
        all.insert(root.to_owned());
        Some(Inside {
            entered: self,
            root,
        })
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        let mut all = self
            .entered
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        all.remove(self.root);
    }
}

/// How much of a search is enough.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Names that are read.
    pub names: usize,
    /// When it is given up.
    pub until: Instant,
}

/// Files that may be the film: of its length, at the end of its way.
pub(crate) fn search(wanted: &Wanted, ground: &Ground, bounds: Bounds) -> Vec<PathBuf> {
    let mut hunt = Hunt {
        wanted,
        bounds,
        found: Vec::new(),
    };
    for root in &ground.roots {
        if let Some(_inside) = ground.entered.enter(root) {
            hunt.look_below(root);
        }
    }
    for pair in &ground.pairs {
        let rest = trail::below(wanted.film, &wanted.trail, &pair.theirs);
        if let Some(rest) = rest.filter(|_| hunt.found.is_empty())
            && let Some(_inside) = ground.entered.enter(&pair.here)
        {
            hunt.follow(&pair.here, rest - 1);
        }
    }
    hunt.found
}

struct Hunt<'a> {
    wanted: &'a Wanted,
    bounds: Bounds,
    found: Vec<PathBuf>,
}

impl Hunt<'_> {
    /// Looks where the way may go on from a folder or from one of those not far below it, the nearest first.
    fn look_below(&mut self, root: &Path) {
        let mut folders = VecDeque::from([(root.to_owned(), 0)]);
        while let Some((folder, depth)) = folders.pop_front() {
            for (entry, mark) in self.entries(&folder) {
                for at in (0..self.wanted.trail.len()).filter(|at| self.wanted.trail[*at] == mark) {
                    self.step(&entry, at);
                }
                if depth < DEPTH && is_folder(&entry) {
                    folders.push_back((entry.path(), depth + 1));
                }
            }
        }
    }

    /// Goes on in `folder`, in which the name of mark number `at` is looked for.
    fn follow(&mut self, folder: &Path, at: usize) {
        for (entry, mark) in self.entries(folder) {
            if self.wanted.trail[at] == mark {
                self.step(&entry, at);
            }
        }
    }

    fn step(&mut self, entry: &DirEntry, at: usize) {
        if at > 0 && is_folder(entry) {
            return self.follow(&entry.path(), at - 1);
        }
        // Of the entry itself: a link is not followed, wherever it leads.
        let fits = |about: fs::Metadata| about.is_file() && about.len() == self.wanted.bytes;
        let path = entry.path();
        let new = self.found.len() < MOST_FOUND && !self.found.contains(&path);
        if at == 0 && new && entry.metadata().is_ok_and(fits) {
            self.found.push(path);
        }
    }

    /// What is in a folder, as far as the bounds go; nothing that its user or a NAS keeps out of sight.
    fn entries(&mut self, folder: &Path) -> Vec<(DirEntry, Mark)> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if self.bounds.names == 0 || Instant::now() > self.bounds.until {
                break;
            }
            self.bounds.names -= 1;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !name.starts_with(['.', '@', '#', '$']) {
                entries.push((entry, trail::mark(self.wanted.film, &name)));
            }
        }
        entries
    }
}

fn is_folder(entry: &DirEntry) -> bool {
    entry.file_type().is_ok_and(|kind| kind.is_dir())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const FILM: SharedId = SharedId([3; 16]);

    fn wanted(path: &str, bytes: u64) -> Wanted {
        Wanted {
            film: FILM,
            bytes,
            trail: trail::marks(FILM, Path::new(path)),
        }
    }

    fn bounds() -> Bounds {
        Bounds {
            names: 10_000,
            until: Instant::now() + Duration::from_secs(60),
        }
    }

    fn put(root: &Path, path: &str, text: &str) -> PathBuf {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn below(root: &Path) -> Ground {
        Ground {
            roots: vec![root.to_owned()],
            pairs: Vec::new(),
            entered: Entered::default(),
        }
    }

    #[test]
    fn a_film_is_found_wherever_the_drive_begins() {
        let drive = tempfile::tempdir().unwrap();
        let film = put(drive.path(), "volume1/media/films/a.mkv", "12345");
        put(drive.path(), "volume1/media/other/a.mkv", "12345");
        for theirs in [
            "/mnt/nas/films/a.mkv",
            "/Volumes/media/films/A.MKV",
            "/srv/volume1/media/films/a.mkv",
        ] {
            let found = search(&wanted(theirs, 5), &below(drive.path()), bounds());
            assert!(found.contains(&film), "{theirs}: {found:?}");
        }
        for begins in ["volume1", "volume1/media", "volume1/media/films"] {
            let ground = below(&drive.path().join(begins));
            let found = search(&wanted("/x/films/a.mkv", 5), &ground, bounds());
            assert!(found.contains(&film), "{begins}");
        }
    }

    #[test]
    fn other_names_lengths_and_links_are_not_it() {
        let (drive, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let secret = put(outside.path(), "a.mkv", "12345");
        put(drive.path(), "films/b.mkv", "12345");
        put(drive.path(), "films/.hidden/a.mkv", "12345");
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(&secret, drive.path().join("films/a.mkv")).unwrap();
            std::os::unix::fs::symlink(outside.path(), drive.path().join("there")).unwrap();
        }
        let ground = below(drive.path());
        let none = |path: &str, bytes| search(&wanted(path, bytes), &ground, bounds()).is_empty();
        assert!(none("/m/films/a.mkv", 5));
        assert!(none("/m/films/b.mkv", 6));
        assert!(none("/m/films", 5) && none("", 5));
        assert!(secret.exists());
        let spent = Bounds {
            names: 0,
            ..bounds()
        };
        assert!(search(&wanted("/m/films/b.mkv", 5), &ground, spent).is_empty());
    }

    #[test]
    fn a_drive_in_which_another_search_got_stuck_is_passed_over() {
        let (drive, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let film = put(drive.path(), "films/a.mkv", "12345");
        let healthy = put(other.path(), "films/a.mkv", "12345");
        let ground = Ground {
            roots: vec![
                drive.path().to_owned(),
                drive.path().join("films"),
                other.path().to_owned(),
            ],
            ..below(drive.path())
        };
        let found = || search(&wanted("/m/films/a.mkv", 5), &ground, bounds());
        assert_eq!(found(), [film.clone(), healthy.clone()]);
        let stuck = ground.entered.enter(drive.path()).unwrap();
        assert_eq!(found(), std::slice::from_ref(&healthy));
        // It has answered.
        drop(stuck);
        assert_eq!(found(), [film, healthy]);
    }

    #[test]
    fn a_folder_of_another_name_is_looked_in_last() {
        let here = tempfile::tempdir().unwrap();
        let film = put(here.path(), "one/a.mkv", "12345");
        let ground = Ground {
            roots: Vec::new(),
            pairs: vec![PathPair {
                theirs: "/mnt/kino".to_owned(),
                here: here.path().to_owned(),
            }],
            entered: Entered::default(),
        };
        let found = |path: &str| search(&wanted(path, 5), &ground, bounds());
        assert_eq!(found("/mnt/kino/one/a.mkv"), [film]);
        assert!(found("/mnt/kino/two/a.mkv").is_empty() && found("/mnt/one/a.mkv").is_empty());
    }
}
