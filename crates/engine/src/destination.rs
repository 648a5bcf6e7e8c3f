//! Where an output goes: found good before any work, and a name for it at the end.

use std::ffi::OsString;
use std::io;
use std::path::{Component, Path, PathBuf};

use media::choice::Choice;
use plan::name;

use crate::intake::writable;
use crate::status::{Place, Terms};
use crate::trouble::{Kind, Trouble};

/// Where an output goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Destination {
    /// Its folder. In another tree it may have to be made.
    pub folder: PathBuf,
    /// The nearest folder that is there.
    pub there: PathBuf,
    /// The film whose place it takes.
    pub replaces: Option<swap::Ground>,
}

impl Destination {
    /// What its user should know, in sentences.
    pub fn notes(&self) -> Vec<String> {
        self.replaces
            .iter()
            .flat_map(|ground| ground.notes.iter().cloned())
            .collect()
    }
}

/// Finds out where the output of `source` goes, and whether it can be put there.
///
/// # Errors
/// Why not, as far as that can be known beforehand.
pub(crate) fn find(source: &Path, choice: &Choice, terms: &Terms) -> Result<Destination, Trouble> {
    let named = terms.output.is_some() || terms.out_dir.is_some();
    if named && terms.place != Place::Beside {
        return Err(Trouble::new(
            Kind::BadRequest,
            "The output can go to one place only, and two are given.",
        )
        .help("Leave out one of them."));
    }
    can_be_kept(terms)?;
    let found = match &terms.place {
        Place::Beside => beside(source, terms)?,
        Place::Tree { root, into } => tree(source, root, into)?,
        Place::InPlace { keep } => {
            keep.map_or(Ok(()), check_keep)?;
            return in_place(source, choice);
        }
    };
    names_fit(&found, |n| {
        candidate(source, &found.folder, choice, terms, n)
    })?;
    Ok(found)
}

/// A job's terms are kept as text: a name that is none would be lost with all of them.
fn can_be_kept(terms: &Terms) -> Result<(), Trouble> {
    let (root, into) = match &terms.place {
        Place::Tree { root, into } => (Some(root), Some(into)),
        Place::Beside | Place::InPlace { .. } => (None, None),
    };
    let named = [terms.output.as_ref(), terms.out_dir.as_ref(), root, into];
    let odd = named
        .into_iter()
        .flatten()
        .find(|path| path.to_str().is_none());
    let Some(odd) = odd else { return Ok(()) };
    let text = format!(
        "{} has a name that is no Unicode text, so it cannot be noted where the output goes.",
        odd.display()
    );
    Err(Trouble::new(Kind::BadRequest, text).help("Rename it, or choose another folder."))
}

/// Whether the disk takes the first free name of the output, and those of the folders that are missing.
fn names_fit(found: &Destination, candidate: impl Fn(u32) -> PathBuf) -> Result<(), Trouble> {
    let refuses = |path: &Path| {
        let seen = std::fs::symlink_metadata(path);
        seen.is_err_and(|error| error.kind() == io::ErrorKind::InvalidFilename)
    };
    let missing = found.folder.strip_prefix(&found.there);
    let missing = missing.iter().flat_map(|path| path.components());
    let folders = missing.map(|name| found.there.join(name));
    let taken = |path: &PathBuf| std::fs::symlink_metadata(path).is_ok();
    let free = (1..MOST_NAMES).map(candidate).find(|path| !taken(path));
    // Where its folder is missing nothing can be seen of its own name there.
    let own = free.as_ref().and_then(|path| path.file_name());
    let own = own.map(|name| found.there.join(name));
    let long = folders.chain(own).chain(free).find(|path| refuses(path));
    let Some(long) = long else { return Ok(()) };
    let name = long.file_name().unwrap_or_default().display();
    let text = format!(
        "The disk of {} takes no name that is as long as {name}.",
        found.there.display()
    );
    Err(Trouble::new(Kind::BadRequest, text)
        .help("Give the film a shorter name, or have the result put elsewhere."))
}

/// Names that are tried for an output before any work.
const MOST_NAMES: u32 = 1000;

/// Whether an original can be kept for so long.
///
/// # Errors
/// [`Kind::BadRequest`].
pub(crate) fn check_keep(keep: swap::Keep) -> Result<(), Trouble> {
    if keep.is_sound() {
        return Ok(());
    }
    let text = format!(
        "An original is kept for 1 to {} days, always, or never.",
        swap::Keep::MOST_DAYS
    );
    Err(Trouble::new(Kind::BadRequest, text).help("The usual time is 30 days."))
}

fn beside(source: &Path, terms: &Terms) -> Result<Destination, Trouble> {
    let folder = match (&terms.output, &terms.out_dir) {
        (Some(output), _) => std::path::absolute(output)
            .ok()
            .and_then(|p| p.parent().map(Path::to_owned)),
        (None, Some(folder)) => std::path::absolute(folder).ok(),
        (None, None) => source.parent().map(Path::to_owned),
    };
    let folder = folder.unwrap_or_else(|| PathBuf::from("."));
    if terms.output.as_ref().is_some_and(|o| o.is_dir()) {
        return Err(Trouble::new(Kind::BadRequest, "The output is a folder.")
            .help("Name a file, or use --out-dir for a folder."));
    }
    there(&folder)?;
    writable(&folder)?;
    Ok(Destination {
        there: folder.clone(),
        folder,
        replaces: None,
    })
}

fn there(folder: &Path) -> Result<(), Trouble> {
    if folder.is_dir() {
        return Ok(());
    }
    let text = format!("The output folder {} does not exist.", folder.display());
    Err(Trouble::new(Kind::NoOutputFolder, text).help("Make it, or choose another with --out-dir."))
}

/// The folder below `into` that stands there as the film's own folder stands below `root`. What is missing of it is made
/// when there is something to put into it.
fn tree(source: &Path, root: &Path, into: &Path) -> Result<Destination, Trouble> {
    there(into)?;
    let bad = |text: String, help: &str| Err(Trouble::new(Kind::BadRequest, text).help(help));
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if real(root) == real(into) {
        let text = format!("{} cannot be its own mirror.", into.display());
        return bad(
            text,
            "Choose another folder, or have the results put beside the films or in their place.",
        );
    }
    let Some(below) = below(source, root) else {
        let text = format!("{} is not below {}.", source.display(), root.display());
        return bad(
            text,
            "Give the folder that all the films are in as the root.",
        );
    };
    let folder = into.join(below);
    let nearest = folder.ancestors().find(|folder| folder.exists());
    let nearest = nearest.unwrap_or(into).to_owned();
    there(&nearest)?;
    writable(&nearest)?;
    Ok(Destination {
        folder,
        there: nearest,
        replaces: None,
    })
}

/// The film's folder as seen from `root`: plain names only.
fn below(source: &Path, root: &Path) -> Option<PathBuf> {
    let folder = source.parent()?;
    let plain = |path: &Path| {
        let all = path.components().all(|c| matches!(c, Component::Normal(_)));
        all.then(|| path.to_owned())
    };
    let as_written = folder.strip_prefix(root).ok().and_then(plain);
    as_written.or_else(|| {
        let (folder, root) = (folder.canonicalize().ok()?, root.canonicalize().ok()?);
        folder.strip_prefix(root).ok().and_then(plain)
    })
}

fn in_place(source: &Path, choice: &Choice) -> Result<Destination, Trouble> {
    let ground = examine(source, choice)?;
    let folder = ground.source.parent().unwrap_or(Path::new("/")).to_owned();
    writable(&folder).map_err(|trouble| {
        trouble.help("Make it writable, or have the result put into another folder.")
    })?;
    Ok(Destination {
        there: folder.clone(),
        folder,
        replaces: Some(ground),
    })
}

/// Whether the film can be replaced where it is.
///
/// # Errors
/// Why not.
pub(crate) fn examine(source: &Path, choice: &Choice) -> Result<swap::Ground, Trouble> {
    swap::examine(source, choice.container().name()).map_err(|refusal| {
        let kind = match refusal {
            swap::Refusal::Unreadable(_) => Kind::Unreadable,
            swap::Refusal::LinkOfAnotherKind(_) | swap::Refusal::TooLong(_) => Kind::BadRequest,
            swap::Refusal::Taken(_) => Kind::OutputTaken,
            swap::Refusal::Protected | swap::Refusal::NotAllowed | swap::Refusal::Mounted => {
                Kind::OutputReadOnly
            }
        };
        let (says, help) = refusal.words(source);
        Trouble::new(kind, says).help(help)
    })
}

/// The name that a film's result is to have in its place. Blocks.
pub(crate) fn target(source: &Path, choice: &Choice) -> PathBuf {
    let real = source.canonicalize();
    let real = real.unwrap_or_else(|_| source.to_owned());
    swap::named(&real, choice.container().name())
}

/// Whether two absolute paths without links may be one on some disk: capitals do not matter on all.
pub(crate) fn may_be_one(one: &Path, other: &Path) -> bool {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_owned();
    one.parent() == other.parent() && name(one).eq_ignore_ascii_case(name(other))
}

/// The `n`th candidate for the output's name, where it replaces nothing.
pub(crate) fn candidate(
    source: &Path,
    folder: &Path,
    choice: &Choice,
    terms: &Terms,
    n: u32,
) -> PathBuf {
    match (&terms.output, &terms.place) {
        (Some(path), _) => name::numbered(
            &std::path::absolute(path).unwrap_or_else(|_| path.clone()),
            n,
        ),
        (None, Place::Tree { .. }) => {
            let mut own: OsString = source.file_stem().unwrap_or_default().to_owned();
            own.push(format!(".{}", choice.container().name()));
            name::numbered(&folder.join(own), n)
        }
        (None, Place::Beside | Place::InPlace { .. }) => {
            name::candidate(source, Some(folder), choice, n)
        }
    }
}

/// Folders that were made for an output; gone again on drop where nothing was put into them.
#[derive(Debug)]
pub(crate) struct MadeFolders(Vec<PathBuf>);

impl MadeFolders {
    /// Makes `folder`, and what is missing above it.
    ///
    /// # Errors
    /// The disk's.
    pub fn make(folder: &Path) -> io::Result<Self> {
        let missing = folder.ancestors().take_while(|folder| !folder.exists());
        let missing: Vec<PathBuf> = missing.map(Path::to_owned).collect();
        std::fs::create_dir_all(folder)?;
        Ok(Self(missing))
    }
}

impl Drop for MadeFolders {
    fn drop(&mut self) {
        for folder in &self.0 {
            // Only an empty folder goes.
            if std::fs::remove_dir(folder).is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_missing_output_folder_is_found_before_work() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("a.mkv");
        let find = |terms: &Terms| find(&source, &Choice::default(), terms);
        let to = |output: &Path| Terms {
            output: Some(output.to_owned()),
            ..Terms::default()
        };
        let kind = |terms: &Terms| find(terms).unwrap_err().kind;
        assert_eq!(
            kind(&to(&folder.path().join("no/such/b.mkv"))),
            Kind::NoOutputFolder
        );
        assert_eq!(kind(&to(folder.path())), Kind::BadRequest);
        assert_eq!(find(&Terms::default()).unwrap().folder, folder.path());
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            0,
            "nothing is left behind"
        );
        let two = Terms {
            place: Place::InPlace { keep: None },
            ..to(&folder.path().join("b.mkv"))
        };
        assert_eq!(kind(&two), Kind::BadRequest);
    }

    #[cfg(unix)]
    #[test]
    fn what_cannot_be_noted_is_refused() {
        use std::os::unix::ffi::OsStrExt as _;
        let folder = tempfile::tempdir().unwrap();
        let odd = folder.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9"));
        fs::create_dir(&odd).unwrap();
        let source = folder.path().join("a.mkv");
        let tree = |root: &Path, into: &Path| Place::Tree {
            root: root.to_owned(),
            into: into.to_owned(),
        };
        let plain = Terms::default();
        for terms in [
            Terms {
                out_dir: Some(odd.clone()),
                ..plain.clone()
            },
            Terms {
                output: Some(odd.join("b.mkv")),
                ..plain.clone()
            },
            Terms {
                place: tree(folder.path(), &odd),
                ..plain.clone()
            },
            Terms {
                place: tree(&odd, folder.path()),
                ..plain.clone()
            },
        ] {
            let trouble = find(&source, &Choice::default(), &terms).unwrap_err();
            assert_eq!(trouble.kind, Kind::BadRequest);
            assert!(trouble.message.contains("Unicode"), "{trouble}");
        }
        // Beside such a film nothing has to be noted.
        let beside = find(&odd.join("a.mkv"), &Choice::default(), &plain);
        assert_eq!(beside.unwrap().folder, odd);
    }

    #[cfg(unix)]
    #[test]
    fn a_name_that_is_too_long_is_found_before_work() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let long = "f".repeat(250);
        let find = |source: &Path, terms: &Terms| find(source, &Choice::default(), terms);
        // As `fff….hevc.mkv`.
        let trouble = find(&at(&format!("{long}.ts")), &Terms::default()).unwrap_err();
        assert_eq!(trouble.kind, Kind::BadRequest);
        assert!(trouble.message.contains(&long), "{trouble}");
        let short = at(&format!("{}.ts", "f".repeat(246)));
        assert!(find(&short, &Terms::default()).is_ok());
        // It is taken, and the next one is longer.
        fs::write(at(&format!("{}.hevc.mkv", "f".repeat(246))), "").unwrap();
        let trouble = find(&short, &Terms::default()).unwrap_err();
        assert_eq!(trouble.kind, Kind::BadRequest);
        // Another tree is on another disk, where its folders are not yet.
        fs::create_dir(at("small")).unwrap();
        let tree = Terms {
            place: Place::Tree {
                root: at("media"),
                into: at("small"),
            },
            ..Terms::default()
        };
        let source = at("media/shows").join(format!("{long}xx.ts"));
        assert_eq!(find(&source, &tree).unwrap_err().kind, Kind::BadRequest);
        let source = at("media/shows").join(format!("{long}.ts"));
        assert!(find(&source, &tree).is_ok());
        let deep = at("media").join("f".repeat(256)).join("a.ts");
        assert_eq!(find(&deep, &tree).unwrap_err().kind, Kind::BadRequest);
    }

    #[test]
    fn two_names_may_be_one() {
        let one = Path::new("/films/Film.mkv");
        assert!(may_be_one(one, Path::new("/films/film.MKV")));
        assert!(!may_be_one(one, Path::new("/films/film 2.mkv")));
        assert!(!may_be_one(one, Path::new("/other/Film.mkv")));
    }

    #[test]
    fn another_tree_has_the_same_folders() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("media/shows/one")).unwrap();
        fs::create_dir_all(at("small")).unwrap();
        let tree = |root: &str, into: &str| Terms {
            place: Place::Tree {
                root: at(root),
                into: at(into),
            },
            ..Terms::default()
        };
        let source = at("media/shows/one/a.avi");
        let choice = Choice::default();
        let found = find(&source, &choice, &tree("media", "small")).unwrap();
        assert_eq!(
            (&found.folder, &found.there),
            (&at("small/shows/one"), &at("small"))
        );
        assert!(!found.folder.exists(), "nothing is made beforehand");
        let terms = tree("media", "small");
        let name = |n| candidate(&source, &found.folder, &choice, &terms, n);
        assert_eq!(name(1), at("small/shows/one/a.mkv"));
        assert_eq!(name(2), at("small/shows/one/a (2).mkv"));

        let kind = |terms: &Terms| find(&source, &choice, terms).unwrap_err().kind;
        assert_eq!(kind(&tree("media", "media")), Kind::BadRequest);
        assert_eq!(kind(&tree("small", "media")), Kind::BadRequest);
        assert_eq!(kind(&tree("media", "none")), Kind::NoOutputFolder);
        let dotted = at("media/../media/shows/one/a.avi");
        let dotted = find(&dotted, &choice, &tree("media", "small")).unwrap();
        assert_eq!(dotted.folder, at("small/shows/one"));

        drop(MadeFolders::make(&found.folder).unwrap());
        assert!(!at("small/shows").exists() && at("small").exists());
        let made = MadeFolders::make(&found.folder).unwrap();
        fs::write(found.folder.join("a.mkv"), "result").unwrap();
        drop(made);
        assert!(found.folder.join("a.mkv").exists());
    }
}
