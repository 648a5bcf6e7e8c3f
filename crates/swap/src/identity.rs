//! Which file is which: what a file is known again by.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::decide::Thing;

/// What a file is known again by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Its size.
    pub bytes: u64,
    /// When it was last written to, nanoseconds since 1970.
    pub modified_ns: i64,
    /// Its number on its disk; `None` where the system has none.
    pub inode: Option<u64>,
    /// [`sample`].
    pub sample: [u8; 32],
}

/// Places of a file that its sample is taken from, and bytes at each.
const SAMPLES: (u64, u64) = (16, 64 << 10);

/// A digest of a file's size and of samples of its content, its beginning and its end among them: by it a film is known
/// again after a restart even if somebody gave another one its name, size and time. Reads a mebibyte.
///
/// # Errors
/// Where it cannot be read.
pub fn sample(path: &Path) -> io::Result<[u8; 32]> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    let mut hasher = blake3::Hasher::new();
    hasher.update(&size.to_le_bytes());
    let (places, bytes) = SAMPLES;
    let last = size.saturating_sub(bytes);
    for place in 0..places {
        file.seek(SeekFrom::Start(
            last / (places - 1) * place + last % (places - 1) * place / (places - 1),
        ))?;
        hasher.update_reader((&mut file).take(bytes))?;
    }
    Ok(hasher.finalize().into())
}

impl Identity {
    /// Of the file at `path` as it is now.
    ///
    /// # Errors
    /// Where it cannot be read, or is no file.
    pub fn of(path: &Path) -> io::Result<Self> {
        let about = fs::symlink_metadata(path)?;
        if !about.is_file() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is no plain file",
            ));
        }
        Ok(Self {
            bytes: about.len(),
            modified_ns: modified_ns(&about),
            inode: inode(&about),
            sample: sample(path)?,
        })
    }

    /// Whether the file at `path` has this content, as far as samples tell.
    #[must_use]
    pub fn has_content(&self, path: &Path) -> bool {
        sample(path).is_ok_and(|now| now == self.sample)
    }

    fn is_file(&self, about: &fs::Metadata) -> bool {
        self.inode == inode(about)
    }

    fn is_as_it_was(&self, path: &Path, about: &fs::Metadata) -> bool {
        about.is_file()
            && self.bytes == about.len()
            && self.modified_ns == modified_ns(about)
            // Some disks (FAT, exFAT, some of the network) number their files anew each time.
            && (self.is_file(about) || self.has_content(path))
    }
}

/// What is at `path`.
///
/// # Errors
/// Where that cannot be found out: then nothing may be concluded.
pub(crate) fn look(path: &Path, original: &Identity, result: &Identity) -> io::Result<Thing> {
    let about = match fs::symlink_metadata(path) {
        Ok(about) => about,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Thing::Nothing),
        Err(error) => return Err(error),
    };
    Ok(if original.is_as_it_was(path, &about) {
        Thing::Original
    } else if result.is_as_it_was(path, &about) {
        Thing::Result
    } else if original.inode.is_some() && original.is_file(&about) {
        Thing::Changed
    } else {
        Thing::Other
    })
}

fn modified_ns(about: &fs::Metadata) -> i64 {
    let Ok(time) = about.modified() else { return 0 };
    let nanos = |span: std::time::Duration| i64::try_from(span.as_nanos()).unwrap_or(i64::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => nanos(since),
        Err(before) => -nanos(before.duration()),
    }
}

#[cfg(unix)]
#[expect(
    clippy::unnecessary_wraps,
    reason = "other systems have no such number"
)]
fn inode(about: &fs::Metadata) -> Option<u64> {
    Some(std::os::unix::fs::MetadataExt::ino(about))
}

#[cfg(not(unix))]
fn inode(_about: &fs::Metadata) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_again_and_a_changed_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&a, "film").unwrap();
        fs::write(&b, "result").unwrap();
        let (film, result) = (Identity::of(&a).unwrap(), Identity::of(&b).unwrap());
        let at = |path: &Path| look(path, &film, &result).unwrap();
        assert_eq!(
            (at(&a), at(&b), at(&folder.path().join("c"))),
            (Thing::Original, Thing::Result, Thing::Nothing)
        );
        assert!(film.has_content(&a) && !film.has_content(&b));
        let moved = folder.path().join("moved");
        fs::rename(&a, &moved).unwrap();
        assert_eq!(at(&moved), Thing::Original);
        fs::write(&a, "film").unwrap();
        let later = UNIX_EPOCH + std::time::Duration::from_secs(2_000_000_000);
        File::open(&a).unwrap().set_modified(later).unwrap();
        assert_eq!(at(&a), Thing::Other, "the same words at another time");
        fs::write(&moved, "other").unwrap();
        assert_eq!(at(&moved), Thing::Changed);
        assert!(Identity::of(folder.path()).is_err());
    }

    /// As on a disk that has given it another number since.
    #[cfg(unix)]
    #[test]
    fn a_file_that_was_numbered_anew_is_known_by_its_content() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&a, "film").unwrap();
        fs::write(&b, "another one").unwrap();
        let anew = |path: &Path| Identity {
            inode: Some(u64::MAX),
            ..Identity::of(path).unwrap()
        };
        let (film, result) = (anew(&a), anew(&b));
        let at = |path: &Path| look(path, &film, &result).unwrap();
        assert_eq!((at(&a), at(&b)), (Thing::Original, Thing::Result));
        // Of the same size and time, and yet another.
        let time = fs::metadata(&a).unwrap().modified().unwrap();
        fs::write(&a, "mlif").unwrap();
        File::open(&a).unwrap().set_modified(time).unwrap();
        assert_eq!(at(&a), Thing::Other);
    }

    #[test]
    fn a_film_is_known_by_samples_of_all_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let film = folder.path().join("film");
        for size in [0usize, 1, 70_000, 5_000_000] {
            let mut content = vec![7u8; size];
            fs::write(&film, &content).unwrap();
            let before = sample(&film).unwrap();
            assert_eq!(before, sample(&film).unwrap());
            for at in [0, size / 2, size.saturating_sub(1)] {
                // In the middle a sample covers 64 KiB of every 330.
                let at = if size > 1_000_000 && at == size / 2 {
                    (size - 65_536) / 15 * 7 + 100
                } else {
                    at
                };
                if let Some(byte) = content.get_mut(at) {
                    *byte ^= 1;
                    fs::write(&film, &content).unwrap();
                    assert_ne!(before, sample(&film).unwrap(), "{size} {at}");
                    content[at] ^= 1;
                }
            }
        }
        assert!(sample(&folder.path().join("none")).is_err());
    }
}
