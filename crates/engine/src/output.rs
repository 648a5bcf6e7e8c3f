//! The file takes its place: by a rename that never replaces anything.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Candidates tried before giving up.
const MOST_NAMES: u32 = 10_000;

/// A name beside the output for the file while it is unproved.
pub(crate) fn aside(folder: &Path, job: u64, extension: &str) -> PathBuf {
    folder.join(format!(
        ".manyhands-{}-{job}.part.{extension}",
        std::process::id()
    ))
}

/// Syncs `file` and moves it to the first free of `candidates(1)`, `candidates(2)`, …
///
/// # Errors
/// The disk's; the file stays where it was.
pub(crate) fn place(file: &Path, candidates: impl Fn(u32) -> PathBuf) -> io::Result<PathBuf> {
    File::open(file)?.sync_all()?;
    for n in 1..=MOST_NAMES {
        let target = candidates(n);
        match rename_new(file, &target) {
            Ok(()) => return Ok(target),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(
        io::ErrorKind::AlreadyExists,
        "ten thousand outputs of this name exist",
    ))
}

/// Renames unless the target exists. A hard link is atomic about that; a disk without hard
/// links gets a placeholder that only we can have made, then a rename over it.
fn rename_new(file: &Path, target: &Path) -> io::Result<()> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_ever_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let name = |n: u32| folder.path().join(format!("film {n}.mkv"));
        fs::write(name(1), "theirs").unwrap();
        let file = folder.path().join("part");
        fs::write(&file, "ours").unwrap();
        assert_eq!(place(&file, name).unwrap(), name(2));
        assert_eq!(fs::read_to_string(name(1)).unwrap(), "theirs");
        assert_eq!(fs::read_to_string(name(2)).unwrap(), "ours");
        assert!(!file.exists());
    }
}
