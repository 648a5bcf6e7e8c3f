//! Renaming that replaces nothing, and trading of names.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Candidates tried before giving up.
const MOST_NAMES: u32 = 10_000;

/// The first free name for the original of `source`: `film.mkv.bak`, `film.mkv.2.bak`, …
///
/// # Errors
/// All are taken; or the disk's, of which a name that is too long for it is one.
pub fn free_backup(source: &Path) -> io::Result<PathBuf> {
    find_backup(source).map_err(|(_, error)| error)
}

/// The same, with the name that the error is about.
pub(crate) fn find_backup(source: &Path) -> Result<PathBuf, (PathBuf, io::Error)> {
    let candidate = |n: u32| {
        let mut name = source.file_name().unwrap_or_default().to_owned();
        if n > 1 {
            name.push(format!(".{n}"));
        }
        name.push(".bak");
        source.with_file_name(name)
    };
    for path in (1..=MOST_NAMES).map(candidate) {
        match fs::symlink_metadata(&path) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(path),
            Err(error) => return Err((path, error)),
        }
    }
    let text = "ten thousand originals of this name exist";
    let error = io::Error::new(io::ErrorKind::AlreadyExists, text);
    Err((candidate(1), error))
}

/// Renames unless the target exists: at once where the system can do that. Else a hard link is atomic about it; and a
/// disk without hard links gets a placeholder that only we can have made, then a rename over it.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`], or the disk's; the file stays where it was.
pub fn rename_new(file: &Path, target: &Path) -> io::Result<()> {
    match rename_if_free(file, target) {
        Err(error) if cannot(&error) => {}
        renamed => return renamed,
    }
    match fs::hard_link(file, target) {
        Ok(()) => fs::remove_file(file),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        Err(_) => {
            File::create_new(target)?;
            fs::rename(file, target).inspect_err(|_| {
                // The placeholder is empty and ours.
                let _ = fs::remove_file(target);
            })
        }
    }
}

/// Whether a disk or a system does not know how to do something, rather than refusing it this time.
pub(crate) fn cannot(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput
    ) || is_not_known(error)
}

#[cfg(unix)]
fn is_not_known(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let known = [Errno::NOSYS, Errno::NOTSUP, Errno::OPNOTSUPP, Errno::INVAL];
    known
        .iter()
        .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

#[cfg(not(unix))]
fn is_not_known(_error: &io::Error) -> bool {
    false
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
fn rename_if_free(file: &Path, target: &Path) -> io::Result<()> {
    rename_with(file, target, rustix::fs::RenameFlags::NOREPLACE)
}

/// Two names trade their files at once.
#[cfg(any(target_os = "linux", target_os = "macos"))]
pub(crate) fn trade(one: &Path, other: &Path) -> io::Result<()> {
    rename_with(one, other, rustix::fs::RenameFlags::EXCHANGE)
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
fn rename_with(one: &Path, other: &Path, flags: rustix::fs::RenameFlags) -> io::Result<()> {
    use rustix::fs::CWD;
    Ok(rustix::fs::renameat_with(CWD, one, CWD, other, flags)?)
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn rename_if_free(_file: &Path, _target: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
pub(crate) fn trade(_one: &Path, _other: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Has the names in the folder of `path` reach the disk.
///
/// # Errors
/// The disk's, where it says so: some file systems cannot be asked that of a folder.
pub fn sync_names(path: &Path) -> io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(error) if !cannot(&error) => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_ever_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("film.mkv"), "ours").unwrap();
        assert_eq!(free_backup(&at("film.mkv")).unwrap(), at("film.mkv.bak"));
        fs::write(at("film.mkv.bak"), "theirs").unwrap();
        assert_eq!(free_backup(&at("film.mkv")).unwrap(), at("film.mkv.2.bak"));
        let taken = rename_new(&at("film.mkv"), &at("film.mkv.bak")).unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(at("film.mkv.bak")).unwrap(), "theirs");
        rename_new(&at("film.mkv"), &at("free")).unwrap();
        assert_eq!(fs::read_to_string(at("free")).unwrap(), "ours");
        assert!(!at("film.mkv").exists());
    }

    #[test]
    fn a_name_that_is_too_long_is_not_a_taken_one() {
        let folder = tempfile::tempdir().unwrap();
        let film = folder.path().join("f".repeat(253));
        fs::write(&film, "ours").unwrap();
        let error = free_backup(&film).unwrap_err();
        assert_ne!(error.kind(), io::ErrorKind::AlreadyExists, "{error}");
        assert!(!error.to_string().contains("ten thousand"), "{error}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn two_names_trade() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&a, "a").unwrap();
        fs::write(&b, "b").unwrap();
        trade(&a, &b).unwrap();
        assert_eq!(fs::read_to_string(&a).unwrap(), "b");
        assert!(trade(&a, &folder.path().join("c")).is_err());
    }
}
