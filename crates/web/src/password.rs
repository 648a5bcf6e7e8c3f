//! The page's password: kept only as an argon2id hash, in a file that its user alone may read.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use api::{ApiError, ErrorCode};
use argon2::Argon2;
use argon2::password_hash::rand_core::OsRng;
use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};

/// The file in the data folder.
const FILE: &str = "page-password";
/// The shortest password, letters: it is all that stands between the network and this computer's films.
const SHORTEST: usize = 8;
/// The longest that is looked at, bytes: hashing more is work that a stranger could ask for.
const LONGEST: usize = 1024;

fn path(data_dir: &Path) -> PathBuf {
    data_dir.join(FILE)
}

/// Sets the password of the page that a node of this data folder serves, or takes it away. Blocks for a moment.
///
/// # Errors
/// [`ErrorCode::BadRequest`] if it is too short or too long; [`ErrorCode::BadDataFolder`] if it cannot be kept.
pub fn set_password(data_dir: &Path, password: Option<&str>) -> Result<(), ApiError> {
    let unkept = |error: io::Error| {
        let text = format!("The password cannot be kept: {error}.");
        ApiError::new(ErrorCode::BadDataFolder, text)
    };
    let Some(password) = password else {
        return match std::fs::remove_file(path(data_dir)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unkept(error)),
            _ => Ok(()),
        };
    };
    if password.chars().count() < SHORTEST || password.len() > LONGEST {
        let text = format!("The page's password needs at least {SHORTEST} letters.");
        return Err(ApiError::new(ErrorCode::BadRequest, text)
            .help("Three or four words that do not belong together are good and easy to type."));
    }
    let salt = SaltString::generate(&mut OsRng);
    let hash = Argon2::default().hash_password(password.as_bytes(), &salt);
    let hash = hash.map_err(|error| unkept(io::Error::other(error.to_string())))?;
    write_private(&path(data_dir), hash.to_string().as_bytes()).map_err(unkept)
}

/// The hash of the password that is set, if one is.
pub(crate) fn read(data_dir: &Path) -> Option<String> {
    let hash = std::fs::read_to_string(path(data_dir)).ok()?;
    PasswordHash::new(hash.trim()).ok()?;
    Some(hash.trim().to_owned())
}

/// Whether `password` is the one of this hash. Takes some tens of milliseconds and 19 MB on purpose.
pub(crate) fn is_right(hash: &str, password: &str) -> bool {
    password.len() <= LONGEST
        && PasswordHash::new(hash).is_ok_and(|hash| {
            Argon2::default()
                .verify_password(password.as_bytes(), &hash)
                .is_ok()
        })
}

/// Writes a file that its user alone may read, whole or not at all.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let aside = path.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(&aside)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(&aside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_word_opens() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()), None);
        let short = set_password(folder.path(), Some("sesame"));
        assert_eq!(short.unwrap_err().code, ErrorCode::BadRequest);
        set_password(folder.path(), Some("open sesame, please")).unwrap();
        let hash = read(folder.path()).unwrap();
        assert!(hash.starts_with("$argon2id$") && !hash.contains("sesame"));
        assert!(is_right(&hash, "open sesame, please"));
        for wrong in ["open sesame, Please", "", &"x".repeat(5000)] {
            assert!(!is_right(&hash, wrong));
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = path(folder.path()).metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        set_password(folder.path(), None).unwrap();
        set_password(folder.path(), None).unwrap();
        assert_eq!(read(folder.path()), None);
    }
}
