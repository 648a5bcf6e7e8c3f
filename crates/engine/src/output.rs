//! The file takes its place: by a rename that never replaces anything.
//!
//! Until then it is a hidden file beside its place. Where that is is noted before it is made, so that what a killed node has
//! left of it goes with its job.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use schedule::JobId;
use store::{OriginalPhase, Store, StoreError, Tables};

use crate::journal::{job_id, row_id};

/// Candidates tried before giving up.
const MOST_NAMES: u32 = 10_000;

/// The output while it is unproved: a hidden file beside its place, gone on drop unless kept.
#[derive(Debug)]
pub(crate) struct Aside {
    path: PathBuf,
    keep: bool,
    /// It was there, and is not any more.
    gone: Arc<AtomicBool>,
}

impl Aside {
    /// In `folder`, named after the node and the job: a restarted node finds and replaces it.
    pub fn new(folder: &Path, node: &str, job: u64, extension: &str) -> Self {
        Self {
            path: folder.join(format!(".manyhands-{node}-{job}.part.{extension}")),
            keep: false,
            gone: Arc::default(),
        }
    }

    /// Notes where it will be.
    ///
    /// # Errors
    /// The store's; then it is not to be made.
    pub async fn note(&self, store: &Store, job: JobId) -> Result<(), StoreError> {
        let (row, path) = (row_id(job), self.path.clone());
        store.call(move |tables| tables.put_aside(row, &path)).await
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Leaves it where it is.
    pub fn keep(&mut self) {
        self.keep = true;
    }

    /// It has got its place.
    pub fn moved(&self) {
        self.gone.store(true, Ordering::Release);
    }

    /// For who notes what became of it.
    pub fn trace(&self) -> Trace {
        Trace {
            path: self.path.clone(),
            gone: Arc::clone(&self.gone),
        }
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        // Moved into place already, or never made: not there is as good as removed.
        if !self.keep && fs::remove_file(&self.path).is_ok() {
            self.gone.store(true, Ordering::Release);
        }
    }
}

/// Of a hidden file that is dropped by now.
#[derive(Debug)]
pub(crate) struct Trace {
    path: PathBuf,
    gone: Arc<AtomicBool>,
}

impl Trace {
    /// What went in this run is not noted any more: where its folder goes, too, nobody could tell later that it went.
    pub async fn forget(self, store: &Store) {
        if !self.gone.load(Ordering::Acquire) {
            return;
        }
        let forgetting = store.call(move |tables| tables.forget_aside(&self.path));
        if let Err(error) = forgetting.await {
            tracing::warn!(%error, "a hidden file that went is still noted");
        }
    }
}

/// Removes the hidden files that these jobs have left. How many, and their bytes. What is on a disk that is away stays noted.
pub(crate) async fn sweep(store: &Store, has_left: impl Fn(JobId) -> bool) -> (u64, u64) {
    let noted = match store.call(noted).await {
        Ok(noted) => noted,
        Err(error) => {
            tracing::warn!(%error, "what jobs have left beside films is not known");
            return (0, 0);
        }
    };
    let theirs = noted.into_iter().filter(|(job, _)| has_left(job_id(*job)));
    let paths: Vec<PathBuf> = theirs.map(|(_, path)| path).collect();
    if paths.is_empty() {
        return (0, 0);
    }
    let removing = tokio::task::spawn_blocking(move || {
        let gone = |path: PathBuf| Some((removed(&path)?, path));
        paths.into_iter().filter_map(gone).collect::<Vec<_>>()
    });
    let gone = removing.await.unwrap_or_default();
    let sum = gone.iter().fold((0, 0), |sum, (bytes, _)| {
        bytes.map_or(sum, |bytes| (sum.0 + 1, sum.1 + bytes))
    });
    let forgetting = store.call(move |tables| {
        gone.iter()
            .try_for_each(|(_, path)| tables.forget_aside(path))
    });
    if let Err(error) = forgetting.await {
        tracing::warn!(%error, "hidden files that were removed are still noted");
    }
    sum
}

/// The hidden files that are their jobs' own: not those that are just trading places with an original.
fn noted(tables: &Tables<'_>) -> Result<Vec<(i64, PathBuf)>, StoreError> {
    use OriginalPhase::{Deleting, Replacing, Returning, Undoing};
    let mut own = Vec::new();
    for (job, path) in tables.asides()? {
        let original = tables.original(job)?;
        let moves = original
            .is_some_and(|one| matches!(one.phase, Replacing | Returning | Undoing | Deleting));
        if !moves {
            own.push((job, path));
        }
    }
    Ok(own)
}

/// Removes a hidden file: its bytes, or none where there was none. `None` where that cannot be told, or not be done.
fn removed(path: &Path) -> Option<Option<u64>> {
    match fs::symlink_metadata(path) {
        Ok(about) if about.is_file() => {
            let removed = fs::remove_file(path);
            removed.ok().map(|()| Some(about.len()))
        }
        Ok(_) => None,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // Where a disk is away there is no folder, or an empty one.
            let mut beside = fs::read_dir(path.parent()?).ok()?;
            beside.next().map(|_| None)
        }
        Err(_) => None,
    }
}

/// Syncs `file` and moves it to the first free of `candidates(1)`, `candidates(2)`, …, each told to `note` before.
///
/// # Errors
/// The disk's, or `note`'s; the file stays where it was.
pub(crate) fn place<E: From<io::Error>>(
    file: &Path,
    candidates: impl Fn(u32) -> PathBuf,
    mut note: impl FnMut(&Path) -> Result<(), E>,
) -> Result<PathBuf, E> {
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
            Err(error) => return Err(error.into()),
        }
    }
    let taken = io::Error::new(
        io::ErrorKind::AlreadyExists,
        "ten thousand outputs of this name exist",
    );
    Err(taken.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_killed_node_has_left_goes_with_its_job() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("data")).unwrap();
        let films = folder.path().join("films");
        fs::create_dir(&films).unwrap();
        fs::write(films.join("film.mkv"), "the film").unwrap();
        let part = |job: u64| films.join(format!(".manyhands-abcd-{job}.part.mkv"));
        for job in 1..=4 {
            let mut aside = Aside::new(&films, "abcd", job, "mkv");
            aside.note(&store, JobId(job)).await.unwrap();
            fs::write(aside.path(), "half of it").unwrap();
            // As if the process was killed here.
            aside.keep();
        }
        // One is just trading places with an original, and one was renamed.
        let swaps = store::Original {
            job: 3,
            source: films.join("film.mkv"),
            target: films.join("film.mkv"),
            backup: films.join("film.mkv.bak"),
            aside: part(3),
            receipt: PathBuf::new(),
            phase: OriginalPhase::Returning,
            step: String::new(),
            memo: serde_json::json!({}),
            bytes: 8,
            replaced: 0,
            until: None,
        };
        let put = store.call(move |tables| tables.put_original(&swaps));
        put.await.unwrap();
        fs::rename(part(4), films.join("result.mkv")).unwrap();

        assert_eq!(sweep(&store, |job| job.0 != 2).await, (1, 10));
        let there = |job| part(job).exists();
        assert!(!there(1) && there(2) && there(3));
        assert!(films.join("result.mkv").exists());
        let noted = store.call(|tables| tables.asides()).await.unwrap();
        assert_eq!(noted, [(2, part(2)), (3, part(3))]);

        // A disk that is away is looked at again when it is there.
        let away = folder.path().join("away");
        fs::rename(&films, &away).unwrap();
        assert_eq!(sweep(&store, |_| true).await, (0, 0));
        fs::create_dir(&films).unwrap();
        assert_eq!(sweep(&store, |_| true).await, (0, 0));
        fs::remove_dir(&films).unwrap();
        fs::rename(&away, &films).unwrap();
        assert_eq!(sweep(&store, |_| true).await, (1, 10));
        assert!(!there(2) && there(3));
    }

    /// As of another tree of folders, which go with what was in them.
    #[tokio::test]
    async fn what_went_in_this_run_is_not_noted_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("data")).unwrap();
        let made = |job: u64| {
            let tree = folder.path().join(format!("tree {job}"));
            fs::create_dir(&tree).unwrap();
            Aside::new(&tree, "abcd", job, "mkv")
        };
        let [removed, moved, mut kept] = [1, 2, 3].map(made);
        let mut traces = Vec::new();
        for (job, aside) in (1..).zip([&removed, &moved, &kept]) {
            aside.note(&store, JobId(job)).await.unwrap();
            fs::write(aside.path(), "half of it").unwrap();
            traces.push(aside.trace());
        }
        let (tree, stays) = (
            removed.path().parent().unwrap().to_owned(),
            kept.path().to_owned(),
        );
        fs::rename(moved.path(), moved.path().with_file_name("film.mkv")).unwrap();
        moved.moved();
        kept.keep();
        drop((removed, moved, kept));
        fs::remove_dir(&tree).unwrap();
        for trace in traces {
            trace.forget(&store).await;
        }
        let noted = store.call(|tables| tables.asides()).await.unwrap();
        assert_eq!(noted, [(3, stays)]);
    }

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
            Ok::<_, io::Error>(())
        };
        assert_eq!(place(&file, name, note).unwrap(), name(2));
        assert_eq!(noted, [name(2)]);
        assert_eq!(fs::read_to_string(name(1)).unwrap(), "theirs");
        assert_eq!(fs::read_to_string(name(2)).unwrap(), "ours");
        assert!(!file.exists());
        // What cannot be noted gets no name.
        fs::write(&file, "ours").unwrap();
        let full = |_: &Path| Err(io::Error::from(io::ErrorKind::StorageFull));
        assert!(place(&file, name, full).is_err());
        assert!(file.exists() && !name(3).exists());
    }
}
