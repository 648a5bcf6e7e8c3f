//! What a file has beside its content: owner, permissions, extended attributes (access lists among them), times.

use std::fs::{self, File, FileTimes};
use std::io;
use std::path::Path;

/// Gives the result what the original has: its time of change too, so that no library takes the film for a new one. What
/// the system does not allow is told in sentences. Everything is on the disk afterwards.
///
/// # Errors
/// The original cannot be looked at, or the result not synced.
pub fn make_alike(original: &Path, result: &Path) -> io::Result<Vec<String>> {
    let about = fs::metadata(original)?;
    let file = open_to_set_times(result)?;
    let mut notes = Vec::new();
    ownership(&about, result, &mut notes)?;
    extended(original, result, &mut notes);
    let mut times = FileTimes::new().set_modified(about.modified()?);
    if let Ok(accessed) = about.accessed() {
        times = times.set_accessed(accessed);
    }
    if let Err(error) = file.set_times(times) {
        notes.push(format!(
            "The new file has the time of today: the original's could not be set ({error})."
        ));
    }
    file.sync_all()?;
    Ok(notes)
}

#[cfg(unix)]
fn open_to_set_times(path: &Path) -> io::Result<File> {
    File::open(path)
}

#[cfg(not(unix))]
fn open_to_set_times(path: &Path) -> io::Result<File> {
    fs::OpenOptions::new().write(true).open(path)
}

#[cfg(unix)]
fn ownership(about: &fs::Metadata, result: &Path, notes: &mut Vec<String>) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
    let now = fs::metadata(result)?;
    let mut mode = about.mode() & 0o7777;
    let is_owned = now.uid() == about.uid() || chown(result, Some(about.uid()), None).is_ok();
    let is_grouped = now.gid() == about.gid() || chown(result, None, Some(about.gid())).is_ok();
    if !is_owned {
        notes.push(
            "The new file belongs to the user that Manyhands runs as: only root may give files to others."
                .to_owned(),
        );
    } else if !is_grouped {
        notes.push("The new file is not in the original's group: you are not in it.".to_owned());
    }
    if !(is_owned && is_grouped) {
        // Rights that go with the owner or the group are not given to another one.
        mode &= 0o1777;
    }
    if let Err(error) = fs::set_permissions(result, fs::Permissions::from_mode(mode)) {
        notes.push(format!(
            "The new file has the usual permissions: the original's could not be set ({error})."
        ));
    }
    Ok(())
}

#[cfg(not(unix))]
fn ownership(about: &fs::Metadata, result: &Path, notes: &mut Vec<String>) -> io::Result<()> {
    if let Err(error) = fs::set_permissions(result, about.permissions()) {
        notes.push(format!(
            "The new file has the usual permissions: the original's could not be set ({error})."
        ));
    }
    Ok(())
}

#[cfg(unix)]
fn extended(original: &Path, result: &Path, notes: &mut Vec<String>) {
    // A disk that has none says so: then there is nothing to keep.
    let Ok(names) = xattr::list(original) else {
        return;
    };
    drop_others(original, result);
    let lost: Vec<String> = names
        .filter(|name| {
            let value = match xattr::get(original, name) {
                Ok(Some(value)) => value,
                Ok(None) => return false,
                Err(_) => return true,
            };
            let is_there = xattr::get(result, name).is_ok_and(|now| now.as_ref() == Some(&value));
            !is_there && xattr::set(result, name, &value).is_err()
        })
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    if !lost.is_empty() {
        notes.push(format!(
            "The new file lacks what the system does not let be copied: {}.",
            lost.join(", ")
        ));
    }
}

/// What only the result has, it has from its folder: an access list that the original does not have lets others in.
#[cfg(unix)]
fn drop_others(original: &Path, result: &Path) {
    let Ok(names) = xattr::list(result) else {
        return;
    };
    let ours = |name: &std::ffi::OsStr| {
        let name = name.to_string_lossy();
        name == "system.posix_acl_access" || name.starts_with("user.")
    };
    for name in names.filter(|name| ours(name)) {
        if matches!(xattr::get(original, &name), Ok(None)) {
            // What cannot be removed is no more than every file in the folder has.
            let _ = xattr::remove(result, &name);
        }
    }
}

#[cfg(not(unix))]
fn extended(_original: &Path, _result: &Path, _notes: &mut Vec<String>) {}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn everything_beside_the_content_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (film, result) = (folder.path().join("film"), folder.path().join("result"));
        fs::write(&film, "film").unwrap();
        fs::write(&result, "result").unwrap();
        let _ = xattr::set(&result, "user.manyhands.other", b"of the folder");
        let has_attributes = xattr::set(&film, "user.manyhands.test", b"kept").is_ok();
        fs::set_permissions(&film, fs::Permissions::from_mode(0o640)).unwrap();
        let long_ago = UNIX_EPOCH + Duration::new(1_000_000_000, 123_000_000);
        let times = FileTimes::new().set_modified(long_ago);
        File::open(&film).unwrap().set_times(times).unwrap();

        assert_eq!(make_alike(&film, &result).unwrap(), Vec::<String>::new());

        let about = fs::metadata(&result).unwrap();
        assert_eq!(about.mode() & 0o7777, 0o640);
        assert_eq!(about.modified().unwrap(), long_ago);
        assert_eq!(fs::read_to_string(&result).unwrap(), "result");
        if has_attributes {
            let kept = xattr::get(&result, "user.manyhands.test").unwrap();
            assert_eq!(kept.as_deref(), Some(&b"kept"[..]));
            let other = xattr::get(&result, "user.manyhands.other").unwrap();
            assert_eq!(other, None, "what the original does not have");
        }
    }

    #[test]
    fn an_owner_is_kept_where_that_is_permitted() {
        if !rustix::process::geteuid().is_root() {
            println!("SKIPPED: only root may give files to others");
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let (film, result) = (folder.path().join("film"), folder.path().join("result"));
        fs::write(&film, "film").unwrap();
        fs::write(&result, "result").unwrap();
        std::os::unix::fs::chown(&film, Some(12_345), Some(23_456)).unwrap();
        fs::set_permissions(&film, fs::Permissions::from_mode(0o4755)).unwrap();
        make_alike(&film, &result).unwrap();
        let about = fs::metadata(&result).unwrap();
        assert_eq!((about.uid(), about.gid()), (12_345, 23_456));
        assert_eq!(about.mode() & 0o7777, 0o4755);
    }
}
