//! The data folder: where a node keeps what, and what may be swept away.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use schedule::{JobId, SegmentIndex};

/// The places in a data folder, and where the working files are if not there.
#[derive(Clone, Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    /// Names this node's folder in a place that others use, too.
    tag: String,
    /// Places of working files: the one in use first, then those that may still hold some. Shared by all clones.
    places: Arc<RwLock<Vec<PathBuf>>>,
}

impl Workspace {
    /// Makes the folders, readable by their owner alone, and sweeps what donated work left behind. `tag` names this
    /// node; `former` are the places that [`Workspace::places`] gave before.
    ///
    /// # Errors
    /// Where a folder cannot be made.
    pub fn open(root: &Path, tag: &str, former: Vec<PathBuf>) -> io::Result<Self> {
        let root = std::path::absolute(root)?;
        let mut places = vec![root.clone()];
        places.extend(former.into_iter().filter(|place| *place != root));
        let workspace = Self {
            root,
            tag: tag.to_owned(),
            places: Arc::new(RwLock::new(places)),
        };
        make_private(&workspace.receipts())?;
        make_place(&workspace.root)?;
        // A donor's scratch belongs to a link that a restart has cut.
        for place in workspace.places().iter().filter(|place| place.is_dir()) {
            remove(&place.join(DONATED))?;
        }
        make_private(&workspace.donated())?;
        Ok(workspace)
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where working files of new jobs go.
    pub fn scratch(&self) -> PathBuf {
        let places = self.places();
        places
            .into_iter()
            .next()
            .unwrap_or_else(|| self.root.clone())
    }

    /// Every place that may hold working files, the one in use first.
    pub fn places(&self) -> Vec<PathBuf> {
        let places = self.places.read();
        places.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps working files below `folder` from now on, or in the data folder.
    ///
    /// # Errors
    /// Where that is not possible; then nothing has changed.
    pub fn set_scratch(&self, folder: Option<&Path>) -> io::Result<()> {
        let place = match folder {
            Some(folder) => self.try_scratch(folder)?,
            None => self.root.clone(),
        };
        let mut places = self.places.write().unwrap_or_else(PoisonError::into_inner);
        places.retain(|known| *known != place);
        places.insert(0, place);
        // Places left long ago are forgotten, but never the data folder.
        while places.len() > MOST_PLACES {
            let last = places.iter().rposition(|known| *known != self.root);
            last.map(|at| places.remove(at));
        }
        Ok(())
    }

    /// Whether one of the places is not there just now, as on a disk that was unplugged.
    pub fn lacks_a_place(&self) -> bool {
        self.places().iter().any(|place| !place.is_dir())
    }

    /// Whether working files can be kept below `folder`: our own folder there, made ready.
    ///
    /// # Errors
    /// Why not.
    pub fn try_scratch(&self, folder: &Path) -> io::Result<PathBuf> {
        if !folder.is_dir() {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                "there is no such folder",
            ));
        }
        let place = folder.join(format!("manyhands-{}", self.tag));
        make_place(&place)?;
        let probe = place.join(".probe");
        fs::write(&probe, [0])?;
        fs::remove_file(&probe)?;
        Ok(place)
    }

    /// Proofs of finished jobs.
    pub fn receipts(&self) -> PathBuf {
        self.root.join("receipts")
    }

    /// Where work for others is done.
    pub fn donated(&self) -> PathBuf {
        self.scratch().join(DONATED)
    }

    /// The folder of another computer's film: where it is already, else where it would be made. `name` is one of ours.
    pub fn hosted(&self, name: &str) -> PathBuf {
        let places = self.places().into_iter();
        let mut folders = places.map(|place| place.join(HOSTED).join(name));
        let there = folders.clone().find(|folder| folder.is_dir());
        there
            .or_else(|| folders.next())
            .unwrap_or_else(|| self.root.join(HOSTED).join(name))
    }

    /// Makes it.
    ///
    /// # Errors
    /// The disk's.
    pub fn make_hosted(&self, name: &str) -> io::Result<PathBuf> {
        let folder = self.hosted(name);
        make_private(&folder)?;
        Ok(folder)
    }

    /// Removes the films of other computers that `keep` does not name; what has just been made may be too new for it.
    pub fn sweep_hosted(&self, keep: &BTreeSet<String>) {
        let places = self.places().into_iter();
        let folders = places.filter_map(|place| fs::read_dir(place.join(HOSTED)).ok());
        for entry in folders.flatten().flatten() {
            let known = entry
                .file_name()
                .to_str()
                .is_some_and(|name| keep.contains(name));
            let changed = entry.metadata().and_then(|about| about.modified()).ok();
            let age = changed.and_then(|at| at.elapsed().ok()).unwrap_or_default();
            if !known
                && age > SETTLED
                && let Err(error) = remove(&entry.path())
            {
                tracing::warn!(%error, "a film of another computer was not removed");
            }
        }
    }

    /// A job's scratch: where it is already, else where it would be made.
    pub fn job(&self, job: JobId) -> PathBuf {
        let places = self.places();
        let folders = places
            .iter()
            .map(|place| place.join(JOBS).join(job.0.to_string()));
        let there = folders.clone().find(|folder| folder.is_dir());
        there
            .or_else(|| folders.into_iter().next())
            .unwrap_or_else(|| self.root.join(JOBS).join(job.0.to_string()))
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

    /// A segment's result of one attempt while it is in quarantine; the lease's number keeps a duplicate's apart.
    pub fn segment(&self, job: JobId, segment: SegmentIndex, lease: u64) -> PathBuf {
        self.job(job).join(aside(&segment_name(segment, lease)))
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
        let keep: Vec<OsString> = keep.iter().map(|job| job.0.to_string().into()).collect();
        for place in self.places().iter().filter(|place| place.is_dir()) {
            for entry in fs::read_dir(place.join(JOBS))? {
                let entry = entry?;
                if !keep.contains(&entry.file_name()) {
                    let (files, size) = measure(&entry.path());
                    remove(&entry.path())?;
                    items += files;
                    bytes += size;
                }
            }
        }
        Ok((items, bytes))
    }

    /// Bytes of working files: of our own jobs, and of what is done for others.
    pub fn used(&self) -> (u64, u64) {
        let size = |name: &str| {
            let places = self.places().into_iter();
            places
                .map(|place| place.join(name))
                .filter(|folder| folder.is_dir())
                .map(|folder| measure(&folder).1)
                .sum()
        };
        (size(JOBS), size(DONATED) + size(HOSTED))
    }
}

/// A place's folder of jobs.
const JOBS: &str = "jobs";
/// A place's folder of what is done for others.
const DONATED: &str = "donated";
/// A place's folder of other computers' films.
const HOSTED: &str = "films";
/// A folder that was not changed for so long is nobody's who is just beginning.
const SETTLED: Duration = Duration::from_secs(600);
/// The most places that are remembered.
const MOST_PLACES: usize = 8;

fn make_place(place: &Path) -> io::Result<()> {
    make_private(place)?;
    make_private(&place.join(JOBS))?;
    make_private(&place.join(DONATED))?;
    make_private(&place.join(HOSTED))
}

/// What a result is called until it is verified.
pub(crate) fn aside(name: &str) -> String {
    format!("{name}.part")
}

/// A result that was verified gets its name, on the disk for good: the journal names no other.
///
/// # Errors
/// The disk's.
pub(crate) fn settle(result: &Path) -> io::Result<PathBuf> {
    let settled = result.with_extension("");
    fs::File::open(result)?.sync_all()?;
    fs::rename(result, &settled)?;
    #[cfg(unix)]
    if let Some(folder) = settled.parent() {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(settled)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn open(root: &Path) -> Workspace {
        Workspace::open(root, "0123abcd", Vec::new()).unwrap()
    }

    #[test]
    fn a_job_stays_where_it_began() {
        let (data, disk) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let workspace = open(data.path());
        let before = workspace.make_job(JobId(1)).unwrap();
        workspace.set_scratch(Some(disk.path())).unwrap();
        let after = workspace.clone().make_job(JobId(2)).unwrap();
        assert!(before.starts_with(data.path()) && after.starts_with(disk.path()));
        fs::write(before.join("a"), [0; 10]).unwrap();
        fs::write(after.join("b"), [0; 32]).unwrap();
        assert_eq!(workspace.job(JobId(1)), before);
        assert_eq!(workspace.used(), (42, 0));

        // After a restart both are still found, and swept.
        let again = Workspace::open(data.path(), "0123abcd", workspace.places()).unwrap();
        assert_eq!((again.job(JobId(1)), again.job(JobId(2))), (before, after));
        assert_eq!(again.sweep(&[JobId(1)]).unwrap(), (2, 32));
        assert_eq!(again.used(), (10, 0));
    }

    #[test]
    fn somebody_elses_folder_is_used_and_left_alone() {
        let (data, disk) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir(disk.path().join(JOBS)).unwrap();
        fs::write(disk.path().join(JOBS).join("theirs"), [1]).unwrap();
        let workspace = open(data.path());
        workspace.set_scratch(Some(disk.path())).unwrap();
        workspace.make_job(JobId(7)).unwrap();
        workspace.sweep(&[]).unwrap();
        assert!(disk.path().join(JOBS).join("theirs").exists());
        assert!(!workspace.job(JobId(7)).exists());
    }

    #[test]
    fn a_folder_that_is_not_there_changes_nothing() {
        let data = tempfile::tempdir().unwrap();
        let workspace = open(data.path());
        assert!(
            workspace
                .set_scratch(Some(&data.path().join("no")))
                .is_err()
        );
        assert_eq!(workspace.scratch(), data.path());
    }
}
