//! The data folder: where a node keeps what, and what may be swept away.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use schedule::{JobId, SegmentIndex};

/// The places in a data folder.
#[derive(Clone, Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// Makes the folders, readable by their owner alone, and sweeps what donated work left behind.
    ///
    /// # Errors
    /// Where a folder cannot be made.
    pub fn open(root: &Path) -> io::Result<Self> {
        let workspace = Self {
            root: std::path::absolute(root)?,
        };
        for folder in [workspace.jobs(), workspace.receipts()] {
            make_private(&folder)?;
        }
        // A donor's scratch belongs to a link that a restart has cut.
        remove(&workspace.donated())?;
        make_private(&workspace.donated())?;
        Ok(workspace)
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn jobs(&self) -> PathBuf {
        self.root.join("jobs")
    }

    /// Proofs of finished jobs.
    pub fn receipts(&self) -> PathBuf {
        self.root.join("receipts")
    }

    /// Where work for others is done.
    pub fn donated(&self) -> PathBuf {
        self.root.join("donated")
    }

    /// A job's scratch.
    pub fn job(&self, job: JobId) -> PathBuf {
        self.jobs().join(job.0.to_string())
    }

    /// Makes a job's scratch folder.
    ///
    /// # Errors
    /// The disk's.
    pub fn make_job(&self, job: JobId) -> io::Result<PathBuf> {
        let folder = self.job(job);
        make_private(&folder)?;
        Ok(folder)
    }

    /// A segment's result of one attempt; the lease's number keeps a duplicate's apart.
    pub fn segment(&self, job: JobId, segment: SegmentIndex, lease: u64) -> PathBuf {
        self.job(job).join(segment_name(segment, lease))
    }

    /// Removes a job's scratch.
    pub fn remove_job(&self, job: JobId) {
        if let Err(error) = remove(&self.job(job)) {
            tracing::warn!(%job, %error, "scratch not removed");
        }
    }

    /// Removes the scratch of every job that `keep` does not name: items and bytes removed.
    ///
    /// # Errors
    /// Where the folder cannot be read.
    pub fn sweep(&self, keep: &[JobId]) -> io::Result<(u64, u64)> {
        let (mut items, mut bytes) = (0, 0);
        for entry in fs::read_dir(self.jobs())? {
            let path = entry?.path();
            let kept = keep.iter().any(|job| self.job(*job) == path);
            if !kept {
                let (files, size) = measure(&path);
                remove(&path)?;
                items += files;
                bytes += size;
            }
        }
        Ok((items, bytes))
    }
}

/// The file name of a segment's result.
pub(crate) fn segment_name(segment: SegmentIndex, lease: u64) -> String {
    format!("{:06}-{lease}.mp4", segment.0)
}

fn make_private(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

fn remove(path: &Path) -> io::Result<()> {
    let result = if path.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Files below `path` and their bytes.
fn measure(path: &Path) -> (u64, u64) {
    let Ok(entries) = fs::read_dir(path) else {
        return (1, fs::symlink_metadata(path).map_or(0, |m| m.len()));
    };
    entries
        .flatten()
        .map(|entry| measure(&entry.path()))
        .fold((1, 0), |a, b| (a.0 + b.0, a.1 + b.1))
}
