//! Who this computer is: one key and one self-signed certificate per data folder.
//!
//! Both live in one file, `identity.pem`, which only its user may read, so that they can never be
//! half there. The file is made once and never replaced: a damaged one is an error, because a new
//! certificate is a new identity and every pairing would be lost without a word.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use sha2::{Digest as _, Sha256};

use crate::ids::PeerId;
use crate::tls;

/// The file in the data folder.
pub const IDENTITY_FILE: &str = "identity.pem";

/// A key with its certificate. A cheap clone.
#[derive(Clone)]
pub struct Identity {
    id: PeerId,
    certificate: CertificateDer<'static>,
    key: Arc<PrivateKeyDer<'static>>,
}

/// Why there is no identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The file could not be read or written.
    #[error("cannot use the identity file {}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is there and is not an identity.
    #[error(
        "the identity file {} is damaged; restore it from a backup, or delete it and pair this computer again",
        path.display()
    )]
    Damaged {
        /// Which.
        path: PathBuf,
    },
    /// No key could be made.
    #[error("cannot make a key: {0}")]
    Generate(#[from] rcgen::Error),
}

impl Identity {
    /// The identity of the data folder `folder`, made at the first call. Blocks on the disk.
    ///
    /// # Errors
    /// [`IdentityError`]; an existing file is never overwritten.
    pub fn open(folder: &Path) -> Result<Self, IdentityError> {
        let path = folder.join(IDENTITY_FILE);
        let failed = |source| IdentityError::File {
            path: path.clone(),
            source,
        };
        if !path.try_exists().map_err(failed)? {
            create(folder, &path)?;
        }
        let file = File::open(&path).map_err(failed)?;
        only_for_its_user(&file).map_err(failed)?;
        let mut pem = Vec::new();
        // A key and a certificate of this kind take about 1 KiB.
        file.take(64 << 10).read_to_end(&mut pem).map_err(failed)?;
        Self::from_pem(&pem).ok_or(IdentityError::Damaged { path })
    }

    /// Gives the data folder `folder` a new identity in place of the one it has, from the next [`Identity::open`] on. Every
    /// pairing was with the old one. Blocks on the disk.
    ///
    /// # Errors
    /// [`IdentityError`]; then the old one stays.
    pub fn renew(folder: &Path) -> Result<(), IdentityError> {
        create(folder, &folder.join(IDENTITY_FILE))
    }

    /// A new identity that is kept nowhere.
    ///
    /// # Errors
    /// [`IdentityError::Generate`].
    pub fn ephemeral() -> Result<Self, IdentityError> {
        let path = PathBuf::new();
        Self::from_pem(generate()?.as_bytes()).ok_or(IdentityError::Damaged { path })
    }

    /// SHA-256 of the certificate.
    #[must_use]
    pub fn id(&self) -> PeerId {
        self.id
    }

    pub(crate) fn certificate(&self) -> CertificateDer<'static> {
        self.certificate.clone()
    }

    pub(crate) fn key(&self) -> PrivateKeyDer<'static> {
        self.key.clone_key()
    }

    fn from_pem(pem: &[u8]) -> Option<Self> {
        let certificate = CertificateDer::from_pem_slice(pem).ok()?;
        let key = PrivateKeyDer::from_pem_slice(pem).ok()?;
        // The two must belong together: otherwise every handshake would fail later instead.
        CertifiedKey::from_der(vec![certificate.clone()], key.clone_key(), &tls::provider())
            .ok()?;
        let id = fingerprint(&certificate);
        Some(Self {
            id,
            certificate,
            key: Arc::new(key),
        })
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// The id that a certificate stands for.
pub(crate) fn fingerprint(certificate: &CertificateDer<'_>) -> PeerId {
    PeerId(Sha256::digest(certificate.as_ref()).into())
}

/// Writes a new identity beside its place, whole and on the disk, and then renames it there.
fn create(folder: &Path, path: &Path) -> Result<(), IdentityError> {
    let pem = generate()?;
    let aside = folder.join(format!("{IDENTITY_FILE}.{}.new", std::process::id()));
    let written = write_private(&aside, pem.as_bytes())
        .and_then(|()| std::fs::rename(&aside, path))
        .and_then(|()| sync_folder(folder));
    written.map_err(|source| IdentityError::File {
        path: path.to_owned(),
        source,
    })
}

fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = private_file(path)?;
    file.set_len(0)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Opens `path` for reading and writing, made for its user alone if it is not there.
pub(crate) fn private_file(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A key that others could read is tightened, not refused: the file may come from a backup.
#[cfg(unix)]
fn only_for_its_user(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if file.metadata()?.permissions().mode().trailing_zeros() < 6 {
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}

/// Elsewhere the data folder is in the user's profile, whose own rules keep others out.
#[cfg(not(unix))]
#[expect(
    clippy::unnecessary_wraps,
    reason = "the signature of the other systems"
)]
fn only_for_its_user(_: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
#[expect(
    clippy::unnecessary_wraps,
    reason = "the signature of the other systems"
)]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// A P-256 key and its certificate, as PEM. Nobody checks the dates, so no clock is asked.
fn generate() -> Result<String, rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(vec![tls::SERVER_NAME.to_owned()])?;
    params.not_before = date_time_ymd(1975, 1, 1);
    params.not_after = date_time_ymd(4096, 1, 1);
    params
        .distinguished_name
        .push(DnType::CommonName, "Manyhands");
    let certificate = params.self_signed(&key)?;
    Ok(key.serialize_pem() + &certificate.pem())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_keeps_its_identity() {
        let folder = tempfile::tempdir().unwrap();
        let first = Identity::open(folder.path()).unwrap();
        let again = Identity::open(folder.path()).unwrap();
        assert_eq!(first.id(), again.id());
        let names: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|e| e.unwrap().file_name())
            .collect();
        assert_eq!(names, [IDENTITY_FILE]);
        let other = tempfile::tempdir().unwrap();
        assert_ne!(first.id(), Identity::open(other.path()).unwrap().id());
    }

    #[test]
    fn a_copied_folder_gets_an_identity_of_its_own() {
        let (folder, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let original = Identity::open(folder.path()).unwrap();
        let file = |of: &tempfile::TempDir| of.path().join(IDENTITY_FILE);
        std::fs::copy(file(&folder), file(&copy)).unwrap();
        assert_eq!(Identity::open(copy.path()).unwrap().id(), original.id());
        Identity::renew(copy.path()).unwrap();
        let renewed = Identity::open(copy.path()).unwrap();
        assert_ne!(renewed.id(), original.id());
        assert_eq!(Identity::open(copy.path()).unwrap().id(), renewed.id());
        assert_eq!(Identity::open(folder.path()).unwrap().id(), original.id());
    }

    #[test]
    fn a_damaged_identity_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        Identity::open(folder.path()).unwrap();
        let path = folder.path().join(IDENTITY_FILE);
        let good = std::fs::read_to_string(&path).unwrap();
        let foreign_key = generate().unwrap();
        let certificate = &good[good.find("-----BEGIN CERTIFICATE").unwrap()..];
        let key_of_another =
            foreign_key[..foreign_key.find("-----BEGIN CERTIFICATE").unwrap()].to_owned();
        for damage in [
            "",
            &good[..good.len() / 2],
            certificate,
            &(key_of_another + certificate),
        ] {
            std::fs::write(&path, damage).unwrap();
            let error = Identity::open(folder.path()).unwrap_err();
            assert!(matches!(error, IdentityError::Damaged { .. }), "{error}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), damage);
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_its_user_may_read_the_key() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(IDENTITY_FILE);
        let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        Identity::open(folder.path()).unwrap();
        assert_eq!(mode(), 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        Identity::open(folder.path()).unwrap();
        assert_eq!(mode(), 0o600);
    }
}
