//! A film known by its content: what is at places that its owner could not know beforehand.
//!
//! Blocks, as `search` does.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use peer::{BLOCK, Digest, MAX_PLACES};
use rand::Rng;

use crate::intake::modified_ms;

/// A file as it was when it was compared with its owner's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sight {
    pub path: PathBuf,
    bytes: u64,
    modified_ms: i64,
}

impl Sight {
    /// The file as it is.
    ///
    /// # Errors
    /// The disk's.
    pub fn of(path: &Path) -> io::Result<Self> {
        let about = fs::symlink_metadata(path)?;
        if !about.is_file() {
            return Err(io::Error::other("it is not a file"));
        }
        Ok(Self {
            path: path.to_owned(),
            bytes: about.len(),
            modified_ms: modified_ms(&about),
        })
    }

    /// # Errors
    /// It is not what it was.
    pub fn check(&self) -> io::Result<()> {
        if Self::of(&self.path)? == *self {
            return Ok(());
        }
        Err(io::Error::other("it has changed"))
    }
}

/// The places of a film of this length that its owner must show: both ends, and others by chance.
pub(crate) fn places(bytes: u64, random: &mut impl Rng) -> Vec<u64> {
    let last = bytes.saturating_sub(u64::from(BLOCK));
    let mut places = vec![0, last];
    places.extend((2..MAX_PLACES).map(|_| random.random_range(0..=last)));
    places.sort_unstable();
    places.dedup();
    places
}

/// What is there.
///
/// # Errors
/// The disk's.
pub(crate) fn show(path: &Path, places: &[u64]) -> io::Result<Vec<Digest>> {
    let mut file = File::open(path)?;
    let mut block = Vec::new();
    let mut at = |place: u64| {
        file.seek(SeekFrom::Start(place))?;
        block.clear();
        (&mut file).take(u64::from(BLOCK)).read_to_end(&mut block)?;
        Ok(blake3::hash(&block).into())
    };
    places.iter().map(|place| at(*place)).collect()
}

/// The first of `files` that has this there.
pub(crate) fn same(files: Vec<PathBuf>, places: &[u64], digests: &[Digest]) -> Option<Sight> {
    let is_it = |path: &PathBuf| show(path, places).is_ok_and(|here| here == digests);
    // Looked at before it is read: a change while that goes on is found when it is used.
    let sights = files.into_iter().filter_map(|path| Sight::of(&path).ok());
    sights.into_iter().find(|sight| is_it(&sight.path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_content_is_the_same_film() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str, content: &[u8]| {
            let path = folder.path().join(name);
            fs::write(&path, content).unwrap();
            path
        };
        let film: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251) as u8).collect();
        let mut other = film.clone();
        other[999_999] ^= 1;
        let (film, other) = (at("film", &film), at("other", &other));
        let places = places(1_000_000, &mut rand::rng());
        assert!(places.len() > 2 && places.len() <= MAX_PLACES);
        assert_eq!(
            (places[0], places[places.len() - 1]),
            (0, 1_000_000 - 65_536)
        );
        let shown = show(&film, &places).unwrap();
        let found = same(vec![other.clone(), film.clone()], &places, &shown).unwrap();
        assert_eq!(found.path, film);
        assert_eq!(same(vec![other], &places, &shown), None);
        assert_eq!(same(vec![film.clone()], &places, &shown[1..]), None);

        found.check().unwrap();
        fs::write(&film, [1]).unwrap();
        assert!(found.check().is_err());
        fs::remove_file(&film).unwrap();
        assert!(found.check().is_err());
    }

    #[test]
    fn a_short_film_has_one_place() {
        assert_eq!(places(10, &mut rand::rng()), [0]);
    }
}
