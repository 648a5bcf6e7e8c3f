//! The file takes its place: by a rename that never replaces anything.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Candidates tried before giving up.
const MOST_NAMES: u32 = 10_000;

/// The output while it is unproved: a hidden file beside its place, gone on drop unless kept.
#[derive(Debug)]
pub(crate) struct Aside {
    path: PathBuf,
    keep: bool,
}

impl Aside {
    /// In `folder`, named after the node and the job: a restarted node finds and replaces it.
    pub fn new(folder: &Path, node: &str, job: u64, extension: &str) -> Self {
        Self {
            path: folder.join(format!(".manyhands-{node}-{job}.part.{extension}")),
            keep: false,
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Leaves it where it is.
    pub fn keep(&mut self) {
        self.keep = true;
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        if !self.keep {
            // Moved into place already, or never made: not there is as good as removed.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Syncs `file` and moves it to the first free of `candidates(1)`, `candidates(2)`, …
///
/// # Errors
/// The disk's; the file stays where it was.
pub(crate) fn place(file: &Path, candidates: impl Fn(u32) -> PathBuf) -> io::Result<PathBuf> {
    File::open(file)?.sync_all()?;
    for n in 1..=MOST_NAMES {
        let target = candidates(n);
        match swap::rename_new(file, &target) {
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
