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
    match &terms.place {
        Place::Beside => beside(source, terms),
        Place::Tree { root, into } => tree(source, root, into),
        Place::InPlace { keep } => {
            keep.map_or(Ok(()), check_keep)?;
            in_place(source, choice)
        }
    }
}

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
            swap::Refusal::LinkOfAnotherKind(_) => Kind::BadRequest,
            swap::Refusal::Taken(_) => Kind::OutputTaken,
            swap::Refusal::Protected | swap::Refusal::NotAllowed | swap::Refusal::Mounted => {
                Kind::OutputReadOnly
            }
        };
        let (says, help) = refusal.words(source);
        Trouble::new(kind, says).help(help)
    })
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
