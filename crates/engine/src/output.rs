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

/// Syncs `file` and moves it to the first free of `candidates(1)`, `candidates(2)`, …, each told to `note` before.
///
/// # Errors
/// The disk's, or `note`'s; the file stays where it was.
pub(crate) fn place(
    file: &Path,
    candidates: impl Fn(u32) -> PathBuf,
    mut note: impl FnMut(&Path) -> io::Result<()>,
) -> io::Result<PathBuf> {
    File::open(file)?.sync_all()?;
    for n in 1..=MOST_NAMES {
        let target = candidates(n);
        if fs::symlink_metadata(&target).is_ok() {
            continue;
        }
        note(&target)?;
        swap::fault("Place-noted");
        match swap::rename_new(file, &target) {
            Ok(()) => {
                if let Err(error) = swap::sync_names(&target) {
                    // It has its name, which may be lost if the power fails now; it is proved all the same.
                    tracing::info!(%error, "the folder of a result was not synced");
                }
                swap::fault("Place-renamed");
                return Ok(target);
            }
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
        let mut noted = Vec::new();
        let note = |target: &Path| {
            noted.push(target.to_owned());
            Ok(())
        };
        assert_eq!(place(&file, name, note).unwrap(), name(2));
        assert_eq!(noted, [name(2)]);
        assert_eq!(fs::read_to_string(name(1)).unwrap(), "theirs");
        assert_eq!(fs::read_to_string(name(2)).unwrap(), "ours");
        assert!(!file.exists());
        // What cannot be noted gets no name.
        fs::write(&file, "ours").unwrap();
        let full = |_: &Path| Err(io::ErrorKind::StorageFull.into());
        assert!(place(&file, name, full).is_err());
        assert!(file.exists() && !name(3).exists());
    }
}
