//! A dropped path becomes a film we may touch, or a sentence that says why not.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

pub(crate) use swap::sample;

use crate::trouble::{Kind, Trouble, in_words};

/// A readable file of some size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dropped {
    /// Absolute.
    pub path: PathBuf,
    /// Bytes.
    pub bytes: u64,
    /// Unix milliseconds.
    pub modified_ms: i64,
}

/// Why a file cannot be read.
pub(crate) fn unreadable(path: &Path, error: &io::Error) -> Trouble {
    let name = path.display();
    match error.kind() {
        io::ErrorKind::NotFound => {
            Trouble::new(Kind::NoSuchFile, format!("There is no file {name}."))
                .help("Check the name and the folder.")
        }
        io::ErrorKind::PermissionDenied => {
            Trouble::new(Kind::Unreadable, format!("{name} may not be read by you."))
                .help("Change its permissions, or run as a user who may read it.")
        }
        _ => Trouble::new(Kind::Unreadable, format!("{name} cannot be read: {error}.")),
    }
}

/// Looks at a path before anything is run on it.
///
/// # Errors
/// One sentence for each thing a person can get wrong.
pub(crate) fn look(path: &Path) -> Result<Dropped, Trouble> {
    let name = path.display();
    let unreadable = |error: io::Error| unreadable(path, &error);
    let path = std::path::absolute(path).map_err(unreadable)?;
    let about = fs::metadata(&path).map_err(unreadable)?;
    if about.is_dir() {
        return Err(Trouble::new(Kind::IsFolder, format!("{name} is a folder."))
            .help("Give the video files in it."));
    }
    if !about.is_file() {
        return Err(Trouble::new(
            Kind::Unreadable,
            format!("{name} is not a file but a device or a pipe."),
        )
        .help("Save the video as a file first."));
    }
    if about.len() == 0 {
        return Err(Trouble::new(Kind::EmptyFile, format!("{name} is empty."))
            .help("Copy it again from where it came from."));
    }
    File::open(&path)
        .and_then(|mut file| file.read(&mut [0; 1]))
        .map_err(unreadable)?;
    Ok(Dropped {
        path,
        bytes: about.len(),
        modified_ms: modified_ms(&about),
    })
}

/// The most of an index that is read, bytes.
const LARGEST_INDEX: u64 = 64 << 20;
/// The most boxes that are gone through on the way to an index: a file of nothing but empty ones has no end.
const MOST_BOXES: u32 = 1 << 20;

/// Whether an MP4's index names encrypted tracks (`encv`, `enca`: ISO 14496-12 §8.12). ffmpeg says
/// nothing of it until the first picture is broken. Blocks.
pub(crate) fn is_encrypted_mp4(path: &Path) -> bool {
    let read = || -> io::Result<bool> {
        let mut file = File::open(path)?;
        let end = file.metadata()?.len();
        let mut at = 0;
        for _ in 0..MOST_BOXES {
            match mp4_box(&mut file, at, end)? {
                Some(found) if &found.kind == b"moov" => {
                    return names(&mut file, at, &found, &[b"encv", b"enca"]);
                }
                Some(found) => at += found.size,
                None => break,
            }
        }
        Ok(false)
    };
    read().unwrap_or(false)
}

/// Bytes of a fragmented MP4 that can only be the packets of its tracks: all but its other boxes. What makes no sense as
/// boxes counts, too. `None` for any other file, and one that cannot be read. Blocks.
pub(crate) fn fragments(path: &Path) -> Option<u64> {
    let read = || -> io::Result<Option<u64>> {
        let mut file = File::open(path)?;
        let end = file.metadata()?.len();
        let (mut at, mut others, mut fragmented) = (0, 0, false);
        while let Some(found) = mp4_box(&mut file, at, end)? {
            others += match &found.kind {
                b"mdat" => found.head,
                _ => found.size,
            };
            fragmented |= &found.kind == b"moof" || is_index_of_fragments(&mut file, at, &found)?;
            at += found.size;
        }
        Ok(fragmented.then(|| end.saturating_sub(others)))
    };
    read().ok().flatten()
}

/// A box of an MP4 file (ISO 14496-12 §4.2).
#[derive(Debug, PartialEq, Eq)]
struct Mp4Box {
    kind: [u8; 4],
    size: u64,
    /// Of that its own head.
    head: u64,
}

/// The box at a place of a file that ends at `end`; `None` where there is none that makes sense.
fn mp4_box(file: &mut File, at: u64, end: u64) -> io::Result<Option<Mp4Box>> {
    let left = end.saturating_sub(at);
    let mut bytes = [0; 16];
    let known = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut bytes[..known])?;
    Ok(read_box(&bytes[..known], left))
}

/// Pure: the box that begins so, of a file that has so many bytes left.
fn read_box(bytes: &[u8], left: u64) -> Option<Mp4Box> {
    let (size, rest) = bytes.split_first_chunk::<4>()?;
    let (kind, rest) = rest.split_first_chunk::<4>()?;
    let (size, head) = match u32::from_be_bytes(*size) {
        1 => (u64::from_be_bytes(*rest.first_chunk::<8>()?), 16),
        size => (u64::from(size), 8),
    };
    let is_letter = |byte: &u8| byte.is_ascii_graphic() || matches!(byte, b' ' | 0xa9);
    let sound = kind.iter().all(is_letter) && (head..=left).contains(&size);
    sound.then_some(Mp4Box {
        kind: *kind,
        size,
        head,
    })
}

/// Whether a box is an index that says that there are fragments (`mvex`).
fn is_index_of_fragments(file: &mut File, at: u64, found: &Mp4Box) -> io::Result<bool> {
    Ok(&found.kind == b"moov" && names(file, at, found, &[b"mvex"])?)
}

/// Whether there is one of these names in a box.
fn names(file: &mut File, at: u64, found: &Mp4Box, any: &[&[u8; 4]]) -> io::Result<bool> {
    let mut index = Vec::new();
    file.seek(SeekFrom::Start(at))?;
    file.take(found.size.min(LARGEST_INDEX))
        .read_to_end(&mut index)?;
    let mut fours = index.windows(4);
    Ok(fours.any(|four| any.iter().any(|name| four == *name)))
}

/// A file's modification time, Unix milliseconds; 0 where the disk does not say.
pub(crate) fn modified_ms(about: &fs::Metadata) -> i64 {
    let since = about
        .modified()
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since
        .and_then(|d| i64::try_from(d.as_millis()).ok())
        .unwrap_or(0)
}

/// Whether a folder takes files, tried.
///
/// # Errors
/// Why not.
pub(crate) fn writable(folder: &Path) -> Result<(), Trouble> {
    let probe = folder.join(format!(".manyhands-{}.probe", std::process::id()));
    match File::create_new(&probe) {
        Ok(_) => {
            // It was ours and is empty.
            let _ = fs::remove_file(&probe);
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(Trouble::new(
            Kind::OutputReadOnly,
            format!(
                "The output folder {} cannot be written: {}.",
                folder.display(),
                in_words(&error)
            ),
        )
        .help("Choose another with --out-dir.")),
    }
}

/// Checks that the disks have room for what a job needs: results and sound in the data folder,
/// the output (and, for a normalised source, its copy) where they go.
///
/// # Errors
/// How much is missing, and where.
pub(crate) fn check_space(
    data: &Path,
    output: &Path,
    results: u64,
    copy: u64,
) -> Result<(), Trouble> {
    const MARGIN: u64 = 64 << 20;
    let same = same_disk(data, output);
    let wanted = |path: &Path, bytes: u64| -> Result<(), Trouble> {
        let Ok(free) = fs4::available_space(path) else {
            return Ok(());
        };
        let need = bytes.saturating_add(MARGIN);
        if free >= need {
            return Ok(());
        }
        let megabytes = |bytes: u64| bytes.div_ceil(1_000_000);
        Err(Trouble::new(
            Kind::NoSpace,
            format!(
                "The disk of {} has {} MB free, and this job may need {} MB.",
                path.display(),
                megabytes(free),
                megabytes(need)
            ),
        )
        .help("Free some space, or choose another folder with --out-dir or --data."))
    };
    if same {
        wanted(data, results.saturating_mul(2).saturating_add(copy))
    } else {
        wanted(data, results.saturating_add(copy))?;
        wanted(output, results)
    }
}

#[cfg(unix)]
fn same_disk(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let device = |p: &Path| fs::metadata(p).map(|m| m.dev());
    matches!((device(a), device(b)), (Ok(a), Ok(b)) if a == b)
}

#[cfg(not(unix))]
fn same_disk(a: &Path, b: &Path) -> bool {
    a.components().next() == b.components().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_path_has_its_own_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("empty.mkv");
        File::create_new(&empty).unwrap();
        let kind = |path: &Path| look(path).unwrap_err().kind;
        assert_eq!(kind(&folder.path().join("nothing.mkv")), Kind::NoSuchFile);
        assert_eq!(kind(folder.path()), Kind::IsFolder);
        assert_eq!(kind(&empty), Kind::EmptyFile);
        fs::write(&empty, "x").unwrap();
        assert_eq!(look(&empty).unwrap().bytes, 1);
    }

    fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let size = u32::try_from(content.len() + 8).unwrap();
        [&size.to_be_bytes()[..], kind, content].concat()
    }

    #[test]
    fn what_must_be_packets_in_fragments_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("film.mp4");
        let bytes = |parts: &[Vec<u8>]| {
            fs::write(&path, parts.concat()).unwrap();
            fragments(&path)
        };
        let (start, index) = (boxed(b"ftyp", b"isom"), boxed(b"moov", b"....mvex"));
        let (part, media) = (boxed(b"moof", &[0; 100]), boxed(b"mdat", &[7; 5000]));
        let pair = [part.clone(), media.clone()].concat();
        let whole = [start.clone(), index.clone(), pair.clone(), pair.clone()];
        assert_eq!(bytes(&whole), Some(10_000));
        let files = boxed(b"free", &[0; 70_000]);
        assert_eq!(bytes(&[&whole[..], &[files]].concat()), Some(10_000));
        // One fragment's box is lost: what follows may be anything, and was packets.
        let hole = [
            start.clone(),
            index,
            pair.clone(),
            vec![0; 108],
            media.clone(),
        ];
        assert_eq!(bytes(&hole), Some(5000 + 108 + 5008));
        // Its index tells of all its packets: there is nothing to be missed.
        let plain = [start, boxed(b"moov", b"...."), media];
        assert_eq!(bytes(&plain), None);
        assert_eq!(bytes(&[b"no film at all".to_vec()]), None);
        assert_eq!(bytes(&[Vec::new()]), None);
        assert_eq!(fragments(&folder.path().join("none")), None);
    }

    /// A box whose size is said in 64 bits.
    fn long_box(kind: &[u8; 4], size: u64) -> Vec<u8> {
        [&[0_u8, 0, 0, 1][..], kind, &size.to_be_bytes()].concat()
    }

    #[test]
    fn an_encrypted_track_is_found_and_a_box_that_leads_back_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("film.mp4");
        let is = |parts: &[Vec<u8>]| {
            fs::write(&path, parts.concat()).unwrap();
            is_encrypted_mp4(&path)
        };
        let (start, media) = (boxed(b"ftyp", b"isom"), boxed(b"mdat", &[7; 500]));
        let index = boxed(b"moov", b"....stsd....encv....");
        assert!(is(&[start.clone(), index.clone()]));
        assert!(is(&[start.clone(), media.clone(), index.clone()]));
        let sound = boxed(b"moov", b"....enca....");
        assert!(is(&[long_box(b"mdat", 16), sound]));
        assert!(!is(&[start.clone(), boxed(b"moov", b"....avc1....")]));
        assert!(!is(&[b"no film at all".to_vec()]));
        // Added to where it is, such a size comes out at a box before it, again and again.
        for back in [508, 520, u64::MAX, 1] {
            let size = 0_u64.wrapping_sub(back);
            let hostile = [start.clone(), media.clone(), long_box(b"free", size)];
            assert!(
                !is(&[&hostile[..], std::slice::from_ref(&index)].concat()),
                "{size}"
            );
        }
        assert!(!is_encrypted_mp4(&folder.path().join("none")));
    }

    #[test]
    fn a_box_has_a_size_that_fits() {
        let large = [&[0u8, 0, 0, 1][..], b"mdat", &[0, 0, 0, 2, 0, 0, 0, 0]].concat();
        let found = read_box(&large, u64::MAX).unwrap();
        assert_eq!((found.size, found.head), (2 << 32, 16));
        assert_eq!(read_box(&large, 1 << 33), read_box(&large, u64::MAX));
        assert_eq!(read_box(&large, (1 << 33) - 1), None, "it ends too early");
        for wrong in [
            &b"\0\0\0\x08mdat"[..4],
            b"\0\0\0\x07mdat",
            b"\0\0\0\0mdat",
            b"\0\0\0\x08\0\0\0\0",
        ] {
            assert_eq!(read_box(wrong, 100), None, "{wrong:?}");
        }
    }

    #[test]
    fn more_than_the_disk_has_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(check_space(folder.path(), folder.path(), 1 << 20, 0).is_ok());
        assert_eq!(
            check_space(folder.path(), folder.path(), 1 << 60, 0)
                .unwrap_err()
                .kind,
            Kind::NoSpace
        );
    }
}
