//! A folder is walked: which films are in it, in batches, so that a hundred thousand of them need no memory.

use std::fs;
use std::path::{Path, PathBuf};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::intake::modified_ms;

/// Films of a batch.
pub(crate) const BATCH: usize = 500;
/// Files and folders of one walk at most: a library of films is not larger.
const MOST: u64 = 5_000_000;
/// Folders within folders at most.
const DEEPEST: usize = 64;
/// Unreadable folders that are remembered.
const MOST_UNREAD: usize = 1000;

/// A film as a walk finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub path: PathBuf,
    /// Its path within the watched folder, with `/` between names.
    pub within: String,
    pub bytes: u64,
    pub modified_ms: i64,
}

/// How a walk ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Walked {
    /// Folders that could not be read: nothing is known of what is in them now.
    pub unread: Vec<PathBuf>,
    /// It was not ended: asked to stop, or too much.
    pub cut_short: bool,
    /// Nothing at all is in the folder.
    pub empty: bool,
}

/// Walks `root` and gives what it finds to `tell`, without what is below one of `others`. Links are not followed: what
/// they lead to may be anywhere, or the folder itself. Blocks.
///
/// # Errors
/// The folder itself cannot be read.
pub(crate) fn walk(
    root: &Path,
    others: &[PathBuf],
    tell: &mpsc::Sender<Vec<Found>>,
    cancel: &CancellationToken,
) -> std::io::Result<Walked> {
    let mut walked = Walked {
        empty: true,
        ..Walked::default()
    };
    let mut batch = Vec::with_capacity(BATCH);
    let mut seen = 0_u64;
    let mut open = vec![(fs::read_dir(root)?, root.to_owned())];
    while let Some((entries, folder)) = open.last_mut() {
        let Some(entry) = entries.next() else {
            open.pop();
            continue;
        };
        seen += 1;
        if cancel.is_cancelled() || seen > MOST {
            walked.cut_short = true;
            break;
        }
        let Ok(entry) = entry else {
            unread(&mut walked, folder.clone());
            continue;
        };
        walked.empty = false;
        let Ok(kind) = entry.file_type() else {
            unread(&mut walked, folder.clone());
            continue;
        };
        if kind.is_dir() {
            let path = entry.path();
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            if hidden || others.contains(&path) {
                continue;
            }
            match fs::read_dir(&path) {
                Ok(entries) if open.len() < DEEPEST => open.push((entries, path)),
                _ => unread(&mut walked, path),
            }
        } else if kind.is_file() && library::may_be_a_film(&entry.file_name().to_string_lossy()) {
            match found(root, &entry) {
                Ok(found) => batch.push(found),
                // It went just now.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                // It is there, and that is all that is known.
                Err(_) => {
                    unread(&mut walked, folder.clone());
                    continue;
                }
            }
            if batch.len() == BATCH && tell.blocking_send(std::mem::take(&mut batch)).is_err() {
                walked.cut_short = true;
                break;
            }
        }
    }
    if !batch.is_empty() && tell.blocking_send(batch).is_err() {
        walked.cut_short = true;
    }
    Ok(walked)
}

fn unread(walked: &mut Walked, folder: PathBuf) {
    if walked.unread.last() == Some(&folder) {
        return;
    }
    if walked.unread.len() < MOST_UNREAD {
        walked.unread.push(folder);
    } else {
        // Which else could not be read is not known any more: nothing may be taken for gone.
        walked.cut_short = true;
    }
}

fn found(root: &Path, entry: &fs::DirEntry) -> std::io::Result<Found> {
    let (path, about) = (entry.path(), entry.metadata()?);
    Ok(Found {
        within: within(root, &path),
        path,
        bytes: about.len(),
        modified_ms: modified_ms(&about),
    })
}

/// A film's path within its folder, with `/` between names.
pub(crate) fn within(root: &Path, path: &Path) -> String {
    let inner = path.strip_prefix(root).unwrap_or(path);
    let names = inner
        .components()
        .map(|one| one.as_os_str().to_string_lossy());
    names.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walked(root: &Path, others: &[PathBuf]) -> (Vec<String>, Walked) {
        let (tell, mut told) = mpsc::channel(64);
        let walked = walk(root, others, &tell, &CancellationToken::new()).unwrap();
        drop(tell);
        let mut names = Vec::new();
        while let Some(batch) = told.blocking_recv() {
            names.extend(batch.into_iter().map(|found| found.within));
        }
        names.sort();
        (names, walked)
    }

    #[test]
    fn films_are_found_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        assert!(walked(root, &[]).1.empty);
        for name in [
            "a.mkv",
            "b/c.MP4",
            "b/d/e.avi",
            "b/note.txt",
            ".trash/f.mkv",
            "g/h.mkv",
        ] {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        let (names, how) = walked(root, &[root.join("g")]);
        assert_eq!(names, ["a.mkv", "b/c.MP4", "b/d/e.avi"]);
        assert_eq!(how, Walked::default());
        assert!(
            walk(
                &root.join("none"),
                &[],
                &mpsc::channel(1).0,
                &CancellationToken::new()
            )
            .is_err()
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_followed() {
        let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(outside.path().join("secret.mkv"), "x").unwrap();
        std::os::unix::fs::symlink(outside.path(), inside.path().join("out")).unwrap();
        std::os::unix::fs::symlink(inside.path(), inside.path().join("round")).unwrap();
        std::os::unix::fs::symlink(
            outside.path().join("secret.mkv"),
            inside.path().join("one.mkv"),
        )
        .unwrap();
        assert!(walked(inside.path(), &[]).0.is_empty());
    }

    #[test]
    fn it_stops_when_told() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.mkv"), "x").unwrap();
        let cancel = CancellationToken::new();
        cancel.cancel();
        assert!(
            walk(folder.path(), &[], &mpsc::channel(1).0, &cancel)
                .unwrap()
                .cut_short
        );
    }
}
