//! Whether a film can be replaced where it is: found out before any work is done for it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::disk::find_backup;

/// A film that can be replaced, as far as can be known beforehand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ground {
    /// The file itself: where its name is a link, what that leads to.
    pub source: PathBuf,
    /// The result's name.
    pub target: PathBuf,
    /// What its user should know, in sentences.
    pub notes: Vec<String>,
}

/// Why a film cannot be replaced where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It cannot be looked at.
    Unreadable(String),
    /// Its name is a link to another name, and the result would have a third.
    LinkOfAnotherKind(PathBuf),
    /// Somebody else's file has the result's name.
    Taken(PathBuf),
    /// A name that the result or the original would have is longer than the disk takes.
    TooLong(PathBuf),
    /// It is protected against changes.
    Protected,
    /// Its user may not change it.
    NotAllowed,
    /// It is mounted by itself.
    Mounted,
}

impl Refusal {
    /// What is wrong with `film`, and what to do about it.
    #[must_use]
    pub fn words(&self, film: &Path) -> (String, &'static str) {
        let name = film.display();
        let or_beside = "Change that, or have the result put beside it or into another folder.";
        match self {
            Self::Unreadable(why) => (format!("{name} cannot be looked at: {why}."), or_beside),
            Self::LinkOfAnotherKind(file) => (
                format!(
                    "{name} is a link to {}, which the result's other ending would break.",
                    file.display()
                ),
                "Give the file itself, or choose the container that it has.",
            ),
            Self::Taken(target) => (
                format!(
                    "{name} cannot be replaced: {} is there already.",
                    target.display()
                ),
                "Move that file away, choose another container, or have the result put beside it.",
            ),
            Self::TooLong(path) => (
                format!(
                    "{name} cannot be replaced: its name is so long that its disk takes no file called {}.",
                    path.file_name().unwrap_or_default().display()
                ),
                "Give the film a shorter name.",
            ),
            Self::Protected => (
                format!("{name} is write-protected, so it is not replaced."),
                or_beside,
            ),
            Self::NotAllowed => (
                format!("{name} may not be changed by the user that Manyhands runs as."),
                or_beside,
            ),
            Self::Mounted => (
                format!("{name} is mounted as a single file, and such a file cannot be replaced."),
                "Mount its folder, or have the result put beside it or into another folder.",
            ),
        }
    }
}

/// Looks at a film that is to be replaced by a result with this ending.
///
/// # Errors
/// Why it cannot be.
pub fn examine(film: &Path, ending: &str) -> Result<Ground, Refusal> {
    let unreadable = |error: io::Error| Refusal::Unreadable(error.to_string());
    let mut notes = Vec::new();
    let is_link = fs::symlink_metadata(film).map_err(unreadable)?.is_symlink();
    let source = if is_link {
        fs::canonicalize(film).map_err(unreadable)?
    } else {
        film.to_owned()
    };
    let target = named(&source, ending);
    if is_link && target != source {
        return Err(Refusal::LinkOfAnotherKind(source));
    }
    if is_link {
        notes.push(format!(
            "{} is a link: the file it leads to, {}, is replaced, and the link stays.",
            film.display(),
            source.display()
        ));
    }
    let about = fs::metadata(&source).map_err(unreadable)?;
    if about.permissions().readonly() {
        return Err(Refusal::Protected);
    }
    system(&source, &about, &mut notes)?;
    if target != source {
        match fs::symlink_metadata(&target) {
            Ok(_) => return Err(Refusal::Taken(target)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(name_refused(target, &error)),
        }
    }
    // Its name must be good for what the film is called later, too.
    find_backup(&source).map_err(|(path, error)| name_refused(path, &error))?;
    Ok(Ground {
        source,
        target,
        notes,
    })
}

fn name_refused(path: PathBuf, error: &io::Error) -> Refusal {
    match error.kind() {
        io::ErrorKind::InvalidFilename => Refusal::TooLong(path),
        io::ErrorKind::AlreadyExists => Refusal::Taken(path),
        _ => Refusal::Unreadable(error.to_string()),
    }
}

/// The film's name with another ending; its own where it has that one, in whatever case.
#[must_use]
pub fn named(film: &Path, ending: &str) -> PathBuf {
    let old = film.extension().and_then(|old| old.to_str());
    match old {
        Some(old) if old.eq_ignore_ascii_case(ending) => film.to_owned(),
        Some(old) if is_ending(old) => film.with_extension(ending),
        _ => {
            let mut name = film.file_name().unwrap_or_default().to_owned();
            name.push(format!(".{ending}"));
            film.with_file_name(name)
        }
    }
}

/// Whether what follows the last point says what kind of file it is: not the `2019` of `A film.2019`.
fn is_ending(text: &str) -> bool {
    (2..=5).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_alphanumeric())
        && text.chars().any(|c| c.is_ascii_alphabetic())
}

#[cfg(unix)]
fn system(film: &Path, about: &fs::Metadata, notes: &mut Vec<String>) -> Result<(), Refusal> {
    use rustix::fs::{Access, AtFlags, CWD};
    use rustix::io::Errno;
    use std::os::unix::fs::MetadataExt as _;
    let me = rustix::process::geteuid();
    let folder = film.parent().and_then(|folder| fs::metadata(folder).ok());
    if folder.as_ref().is_some_and(|f| f.dev() != about.dev()) || is_mounted(film) {
        return Err(Refusal::Mounted);
    }
    if is_immutable(film) || folder_is_immutable(film) {
        return Err(Refusal::Protected);
    }
    // A kernel that cannot say it, and a disk that can only be read, are found out when the folder is tried.
    let may_write = rustix::fs::accessat(CWD, film, Access::WRITE_OK, AtFlags::EACCESS);
    if matches!(may_write, Err(Errno::ACCESS | Errno::PERM)) {
        return Err(Refusal::NotAllowed);
    }
    // In a folder like /tmp only the owner of a file may rename it.
    let is_sticky = |f: &fs::Metadata| f.mode() & 0o1000 != 0 && f.uid() != me.as_raw();
    if !me.is_root() && about.uid() != me.as_raw() && folder.as_ref().is_some_and(is_sticky) {
        return Err(Refusal::NotAllowed);
    }
    if !me.is_root() && about.uid() != me.as_raw() {
        notes.push(
            "The new file will belong to the user that Manyhands runs as: only root may give files to others."
                .to_owned(),
        );
    }
    if about.nlink() > 1 {
        let (names, they) = match about.nlink() - 1 {
            1 => ("another name".to_owned(), "it keeps"),
            n => (format!("{n} other names"), "they keep"),
        };
        notes.push(format!(
            "The file has {names} on this disk (hard links): {they} the original, which takes its room for as long."
        ));
    }
    Ok(())
}

#[cfg(not(unix))]
fn system(_film: &Path, _about: &fs::Metadata, _notes: &mut Vec<String>) -> Result<(), Refusal> {
    Ok(())
}

#[cfg(unix)]
fn folder_is_immutable(film: &Path) -> bool {
    film.parent().is_some_and(is_immutable)
}

#[cfg(target_os = "linux")]
fn attributes(path: &Path) -> Option<rustix::fs::StatxAttributes> {
    use rustix::fs::{AtFlags, CWD, StatxFlags, statx};
    let about = statx(CWD, path, AtFlags::empty(), StatxFlags::BASIC_STATS).ok()?;
    Some(about.stx_attributes & about.stx_attributes_mask)
}

#[cfg(target_os = "linux")]
fn is_immutable(path: &Path) -> bool {
    use rustix::fs::StatxAttributes;
    let fixed = StatxAttributes::IMMUTABLE | StatxAttributes::APPEND;
    attributes(path).is_some_and(|found| found.intersects(fixed))
}

#[cfg(target_os = "linux")]
fn is_mounted(path: &Path) -> bool {
    let root = rustix::fs::StatxAttributes::MOUNT_ROOT;
    attributes(path).is_some_and(|found| found.contains(root))
}

#[cfg(all(unix, not(target_os = "linux")))]
fn is_immutable(_path: &Path) -> bool {
    false
}

#[cfg(all(unix, not(target_os = "linux")))]
fn is_mounted(_path: &Path) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn the_name_keeps_what_is_no_ending() {
        for (film, name) in [
            ("film.avi", "film.mkv"),
            ("film.MKV", "film.MKV"),
            ("A film.2019", "A film.2019.mkv"),
            ("film", "film.mkv"),
            ("Dr. Who", "Dr. Who.mkv"),
        ] {
            assert_eq!(named(Path::new(film), "mkv"), Path::new(name));
        }
    }

    #[test]
    fn what_cannot_be_replaced_is_said_before() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let write = |name: &str| fs::write(at(name), name).unwrap();
        write("film.avi");
        let fine = examine(&at("film.avi"), "mkv").unwrap();
        assert_eq!(
            (fine.source, fine.target, fine.notes.len()),
            (at("film.avi"), at("film.mkv"), 0)
        );

        write("film.mkv");
        assert_eq!(
            examine(&at("film.avi"), "mkv").unwrap_err(),
            Refusal::Taken(at("film.mkv"))
        );
        assert_eq!(
            examine(&at("film.mkv"), "mkv").unwrap().target,
            at("film.mkv")
        );

        fs::set_permissions(at("film.mkv"), fs::Permissions::from_mode(0o444)).unwrap();
        let protected = examine(&at("film.mkv"), "mkv").unwrap_err();
        assert_eq!(protected, Refusal::Protected);
        let (says, help) = protected.words(&at("film.mkv"));
        assert!(says.ends_with('.') && help.ends_with('.'));
        assert!(matches!(
            examine(&at("none.mkv"), "mkv"),
            Err(Refusal::Unreadable(_))
        ));
    }

    #[test]
    fn a_name_that_leaves_no_room_for_another_is_refused_before() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for (letters, ending, refused) in [
            (247, "mkv", None),
            (248, "mkv", Some(".mkv.bak")),
            (251, "mkv", Some(".mkv.bak")),
            // Here the result's name is the longer one.
            (252, "mpeg", Some(".mpeg")),
        ] {
            let stem = "f".repeat(letters);
            let film = at(&format!(
                "{stem}.{}",
                if ending == "mkv" { "mkv" } else { "ts" }
            ));
            fs::write(&film, "film").unwrap();
            let examined = examine(&film, ending);
            match refused {
                None => assert!(examined.is_ok(), "{examined:?}"),
                Some(end) => {
                    let name = at(&format!("{stem}{end}"));
                    assert_eq!(examined.unwrap_err(), Refusal::TooLong(name));
                }
            }
        }
        let film = at("film.mkv");
        let long = at(&"f".repeat(300));
        let (says, help) = Refusal::TooLong(long).words(&film);
        assert!(says.contains(&"f".repeat(300)) && help.ends_with('.'));
    }

    #[test]
    fn links_are_seen() {
        let folder = tempfile::tempdir().unwrap();
        let folder = fs::canonicalize(folder.path()).unwrap();
        let at = |name: &str| folder.join(name);
        fs::write(at("film.mkv"), "film").unwrap();
        fs::hard_link(at("film.mkv"), at("same.mkv")).unwrap();
        let ground = examine(&at("film.mkv"), "mkv").unwrap();
        assert!(ground.notes[0].contains("another name"), "{ground:?}");
        symlink(at("film.mkv"), at("link.mkv")).unwrap();
        let ground = examine(&at("link.mkv"), "mkv").unwrap();
        assert_eq!(ground.target, at("film.mkv"));
        assert!(ground.notes[0].contains("the link stays"), "{ground:?}");
        assert_eq!(
            examine(&at("link.mkv"), "mp4").unwrap_err(),
            Refusal::LinkOfAnotherKind(at("film.mkv"))
        );
    }
}
