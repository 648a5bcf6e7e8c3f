//! Where a node's local socket is, and that only its user can reach it.
//!
//! Unix: `node.sock` in the data folder, which only its owner may enter. A socket's path has to fit in about a
//! hundred bytes, so for a deeper data folder the socket goes into a fresh private folder in the temporary one,
//! and `node.sock.path` in the data folder says where; a reader checks that the folder is still its own user's.
//! Windows: a named pipe named after the data folder, with an access list that has its owner alone in it.

use std::io;
use std::path::Path;

use interprocess::local_socket::tokio::{Listener, Stream};

pub use system::{Bound, bind, find};

/// A socket's longest path that every Unix takes, with its final zero.
#[cfg(unix)]
const LONGEST: usize = 100;

#[cfg(unix)]
mod system {
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::path::PathBuf;

    use interprocess::local_socket::tokio::prelude::*;
    use interprocess::local_socket::{GenericFilePath, ListenerOptions, ToFsName};

    use super::{LONGEST, Listener, Path, Stream, io};

    /// What a node has put in place; removed when this goes.
    pub struct Bound {
        record: Option<PathBuf>,
        _short: Option<tempfile::TempDir>,
    }

    impl Drop for Bound {
        fn drop(&mut self) {
            if let Some(record) = &self.record {
                // What is left over is harmless: a reader finds nobody there.
                let _ = std::fs::remove_file(record);
            }
        }
    }

    /// Opens the socket of the node that has locked `data`. One left over from a node that was killed is
    /// replaced: the lock says that nobody is there.
    pub fn bind(data: &Path) -> io::Result<(Listener, Bound)> {
        let usual = data.join("node.sock");
        if usual.as_os_str().len() < LONGEST {
            return Ok((
                listen(&usual)?,
                Bound {
                    record: None,
                    _short: None,
                },
            ));
        }
        let short = short_folder()?;
        let socket = short.path().join("sock");
        let listener = listen(&socket)?;
        let record = record(data);
        std::fs::write(&record, socket.as_os_str().as_bytes())?;
        Ok((
            listener,
            Bound {
                record: Some(record),
                _short: Some(short),
            },
        ))
    }

    /// Connects to the node of `data`; `None` if none answers.
    pub async fn find(data: &Path) -> io::Result<Option<Stream>> {
        let usual = data.join("node.sock");
        let path = if usual.as_os_str().len() < LONGEST {
            Some(usual)
        } else {
            recorded(data)?
        };
        let Some(path) = path else { return Ok(None) };
        match Stream::connect(path.to_fs_name::<GenericFilePath>()?).await {
            Ok(stream) => Ok(Some(stream)),
            Err(error) if is_nobody(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn listen(path: &Path) -> io::Result<Listener> {
        if let Err(error) = std::fs::remove_file(path)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        let options = ListenerOptions::new().name(path.to_fs_name::<GenericFilePath>()?);
        // Elsewhere a socket's mode cannot be set before it is bound; its folder is private anyhow.
        #[cfg(target_os = "linux")]
        let options =
            interprocess::os::unix::local_socket::ListenerOptionsExt::mode(options, 0o600);
        options.create_tokio()
    }

    /// A fresh folder that only its owner may enter, below a path short enough for a socket's.
    fn short_folder() -> io::Result<tempfile::TempDir> {
        let private = std::fs::Permissions::from_mode(0o700);
        let new = |root: &Path| {
            tempfile::Builder::new()
                .prefix("manyhands-")
                .permissions(private)
                .tempdir_in(root)
        };
        let usual = std::env::temp_dir();
        if usual.as_os_str().len() + 30 < LONGEST {
            new(&usual)
        } else {
            new(Path::new("/tmp"))
        }
    }

    fn record(data: &Path) -> PathBuf {
        data.join("node.sock.path")
    }

    /// The recorded path, if its folder still belongs to the user the data folder belongs to, and to nobody else.
    fn recorded(data: &Path) -> io::Result<Option<PathBuf>> {
        let socket = match std::fs::read(record(data)) {
            Ok(bytes) => PathBuf::from(std::ffi::OsString::from_vec(bytes)),
            Err(error) if is_nobody(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        let Some(Ok(folder)) = socket.parent().map(std::fs::symlink_metadata) else {
            return Ok(None);
        };
        let ours = std::fs::metadata(data)?.uid();
        let private = folder.is_dir() && folder.uid() == ours && folder.mode() & 0o077 == 0;
        Ok(private.then_some(socket))
    }

    fn is_nobody(error: &io::Error) -> bool {
        matches!(
            error.kind(),
            io::ErrorKind::NotFound
                | io::ErrorKind::ConnectionRefused
                | io::ErrorKind::NotADirectory
        )
    }
}

#[cfg(windows)]
mod system {
    use std::os::windows::ffi::OsStrExt;

    use interprocess::local_socket::tokio::prelude::*;
    use interprocess::local_socket::{GenericNamespaced, ListenerOptions, ToNsName};
    use interprocess::os::windows::local_socket::ListenerOptionsExt;
    use interprocess::os::windows::security_descriptor::SecurityDescriptor;
    use widestring::u16cstr;

    use super::{Listener, Path, Stream, io};

    /// A pipe goes when its last handle does: there is nothing to remove.
    pub struct Bound;

    /// Opens the pipe of the node that has locked `data`.
    pub fn bind(data: &Path) -> io::Result<(Listener, Bound)> {
        let owner_only = SecurityDescriptor::deserialize(u16cstr!("D:P(A;;GA;;;OW)"))?;
        let name = name(data)?.to_ns_name::<GenericNamespaced>()?;
        let listener = ListenerOptions::new()
            .name(name)
            .security_descriptor(owner_only)
            .create_tokio()?;
        Ok((listener, Bound))
    }

    /// Connects to the node of `data`; `None` if none answers.
    pub async fn find(data: &Path) -> io::Result<Option<Stream>> {
        let Ok(name) = name(data) else {
            return Ok(None);
        };
        match Stream::connect(name.to_ns_name::<GenericNamespaced>()?).await {
            Ok(stream) => Ok(Some(stream)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The same for every spelling of the folder's path: FNV-1a of its canonical form.
    fn name(data: &Path) -> io::Result<String> {
        let canonical = std::fs::canonicalize(data)?;
        let hash = canonical
            .as_os_str()
            .encode_wide()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, unit| {
                (hash ^ u64::from(unit)).wrapping_mul(0x0100_0000_01b3)
            });
        Ok(format!("manyhands-{hash:016x}"))
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).map_or(0, |found| found.permissions().mode() & 0o777)
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn the_socket_is_its_owners_alone_and_replaces_a_dead_one() {
        let data = tempfile::tempdir().unwrap();
        assert!(
            find(data.path()).await.unwrap().is_none(),
            "nobody there yet"
        );
        let first = bind(data.path()).unwrap();
        assert_eq!(mode(&data.path().join("node.sock")), 0o600);
        assert!(find(data.path()).await.unwrap().is_some());
        std::mem::forget(first);
        let _second = bind(data.path()).unwrap();
        assert!(find(data.path()).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn a_deep_data_folder_has_its_socket_elsewhere() {
        let root = tempfile::tempdir().unwrap();
        let data = root.path().join("d".repeat(120));
        std::fs::create_dir(&data).unwrap();
        assert!(find(&data).await.unwrap().is_none());
        let (listener, bound) = bind(&data).unwrap();
        let recorded = std::fs::read_to_string(data.join("node.sock.path")).unwrap();
        let folder = Path::new(&recorded).parent().unwrap().to_owned();
        assert_eq!(mode(&folder), 0o700);
        assert!(find(&data).await.unwrap().is_some());

        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert!(
            find(&data).await.unwrap().is_none(),
            "a folder others may enter is not trusted"
        );
        drop((listener, bound));
        assert!(!folder.exists());
        assert!(!data.join("node.sock.path").exists());
    }
}
