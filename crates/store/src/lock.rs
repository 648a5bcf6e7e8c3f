//! The lock that makes a data folder one node's.
//!
//! The system drops it when the process ends, however it ends, so a lock is never stale. It is advisory: it
//! keeps nodes apart, not other programs.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use crate::OpenError;

/// The file's name in the data folder. Its contents mean nothing.
const NAME: &str = "node.lock";

/// Held for as long as a node uses a data folder.
#[derive(Debug)]
pub struct FolderLock {
    file: File,
    folder: PathBuf,
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // A child that is just being started shares the file until it runs its program: closing ours would not be
        // enough. Where even this fails, closing has to do.
        let _ = self.file.unlock();
    }
}

impl FolderLock {
    /// Makes `folder` if it is not there (only its owner may enter it) and takes its lock.
    ///
    /// # Errors
    /// [`OpenError::InUse`] if another process, or another node of this one, has it; [`OpenError::Io`] if the
    /// folder or the lock file cannot be made.
    pub fn take(folder: &Path) -> Result<Self, OpenError> {
        make_private_folder(folder)?;
        let path = folder.join(NAME);
        let file = open_private(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Self {
                file,
                folder: folder.to_owned(),
            }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse(folder.to_owned())),
            Err(TryLockError::Error(error)) => Err(OpenError::Io { path, error }),
        }
    }

    /// The folder this lock is for.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

fn make_private_folder(folder: &Path) -> Result<(), OpenError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| OpenError::Io {
        path: folder.to_owned(),
        error,
    })
}

/// Opens `path` for reading and writing, made for its owner alone if it is not there.
pub(crate) fn open_private(path: &Path) -> Result<File, OpenError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| OpenError::Io {
        path: path.to_owned(),
        error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_and_free_again_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let first = FolderLock::take(folder.path()).unwrap();
        assert!(matches!(
            FolderLock::take(folder.path()),
            Err(OpenError::InUse(_))
        ));
        // As a child has it between fork and exec.
        let shared = first.file.try_clone().unwrap();
        drop(first);
        FolderLock::take(folder.path()).unwrap();
        drop(shared);
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "x").unwrap();
        let error = FolderLock::take(&file.join("data")).unwrap_err();
        assert!(matches!(error, OpenError::Io { .. }), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_look() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("deep/data");
        let _lock = FolderLock::take(&data).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&data), 0o700);
        assert_eq!(mode(&data.join(NAME)), 0o600);
    }
}
