//! The file itself: read whole, and written aside and renamed into place.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::LARGEST;

/// How a file looks from outside: where this is the same, it is taken to be unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamp(Option<(SystemTime, u64)>);

/// How it looks now; the same for all that are not there.
pub(crate) fn stamp(path: &Path) -> Stamp {
    let looks = fs::metadata(path).and_then(|about| Ok((about.modified()?, about.len())));
    Stamp(looks.ok())
}

/// Its text; `None` where there is no such file.
///
/// # Errors
/// The disk's, and what is too large or no text.
pub(super) fn read(path: &Path) -> io::Result<Option<String>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    let refuse = |text| Err(io::Error::new(io::ErrorKind::InvalidData, text));
    if bytes.len() as u64 > LARGEST {
        return refuse("it is larger than a file of settings may be (1 MB)");
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(text)),
        Err(_) => refuse("it is not text in UTF-8"),
    }
}

/// Puts this text in its place, if `before` is still what is there: whole, or not at all. A link stays one.
///
/// # Errors
/// The disk's; [`io::ErrorKind::AlreadyExists`] where something else is there by now.
pub(super) fn write(path: &Path, text: &str, before: Option<&str>) -> io::Result<()> {
    let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let name = place.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let aside = place.with_file_name(format!(".{}.part", name.to_string_lossy()));
    let done = write_aside(&aside, &place, text).and_then(|()| {
        if read(&place)?.as_deref() != before {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        fs::rename(&aside, &place)
    });
    if done.is_err() {
        // Nothing is left beside it.
        let _ = fs::remove_file(&aside);
    }
    done?;
    sync_folder(&place)
}

fn write_aside(aside: &Path, place: &PathBuf, text: &str) -> io::Result<()> {
    let mut file = File::create(aside)?;
    if let Ok(about) = fs::metadata(place) {
        file.set_permissions(about.permissions())?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// So that the new name survives a loss of power.
fn sync_folder(place: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(folder) = place.parent() {
        File::open(folder)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = place;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_else_wrote_meanwhile_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        write(&path, "one", None).unwrap();
        assert_eq!(
            write(&path, "two", None).unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );
        write(&path, "three", Some("one")).unwrap();
        assert_eq!(read(&path).unwrap().as_deref(), Some("three"));
        let all: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(all.len(), 1, "nothing is left beside it");
    }

    #[test]
    fn what_is_no_text_or_too_large_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        assert_eq!(read(&path).unwrap(), None);
        fs::write(&path, [0xff, 0xfe]).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("UTF-8"));
        fs::write(&path, vec![b'#'; 1 << 20 | 1]).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("larger"));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_and_its_files_rights_stay() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().join("mine.toml");
        fs::write(&real, "one").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
        let link = folder.path().join("config.toml");
        symlink(&real, &link).unwrap();
        write(&link, "two", Some("one")).unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&real).unwrap(), "two");
        assert_eq!(
            fs::metadata(&real).unwrap().permissions().mode() & 0o777,
            0o640
        );
    }
}
