//! Disks that are small enough to be filled.

use super::{PREFIX, quiet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

static DISKS: AtomicU32 = AtomicU32::new(0);

/// A disk in memory, mounted on a folder for as long as this lives.
#[derive(Debug)]
pub struct SmallDisk {
    folder: PathBuf,
    bytes: u64,
}

impl SmallDisk {
    /// Mounts one of so many bytes on a folder that is there.
    ///
    /// # Errors
    /// What `mount` said.
    pub fn mount(folder: &Path, bytes: u64) -> Result<SmallDisk, String> {
        let number = DISKS.fetch_add(1, Ordering::Relaxed);
        // By its name a later run knows whose it was.
        let name = format!("{PREFIX}-{}-disk{number}", std::process::id());
        let size = format!("size={bytes},mode=700");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, &name]).arg(folder);
        quiet(&mut mount)?;
        Ok(SmallDisk {
            folder: folder.to_owned(),
            bytes,
        })
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Shrinks it until so many bytes are left: full, and no memory is spent on it.
    ///
    /// # Errors
    /// What the tools said.
    pub fn fill(&self, left: u64) -> Result<(), String> {
        let mut last = Err(String::new());
        // What is written meanwhile may no longer fit.
        for _ in 0..20 {
            last = self.resize(self.used()? + left);
            if last.is_ok() {
                break;
            }
        }
        last
    }

    /// Makes it as large as it was.
    ///
    /// # Errors
    /// What `mount` said.
    pub fn empty(&self) -> Result<(), String> {
        self.resize(self.bytes)
    }

    fn resize(&self, bytes: u64) -> Result<(), String> {
        let how = format!("remount,size={bytes}");
        quiet(Command::new("mount").args(["-o", &how]).arg(&self.folder))
    }

    fn used(&self) -> Result<u64, String> {
        let mut df = Command::new("df");
        let said = df.args(["--output=used", "-B1"]).arg(&self.folder).output();
        let said = said.map_err(|error| format!("df: {error}"))?.stdout;
        let said = String::from_utf8_lossy(&said).into_owned();
        let number = said
            .lines()
            .nth(1)
            .and_then(|line| line.trim().parse().ok());
        number.ok_or_else(|| format!("no size of {}: {said}", self.folder.display()))
    }

    /// Takes nothing any more, or does again.
    ///
    /// # Errors
    /// What `mount` said.
    pub fn read_only(&self, whether: bool) -> Result<(), String> {
        let how = if whether { "remount,ro" } else { "remount,rw" };
        quiet(Command::new("mount").args(["-o", how]).arg(&self.folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        unmount(&self.folder);
    }
}

/// Takes a disk away, whoever still looks at it.
pub(super) fn unmount(folder: &Path) {
    quiet(Command::new("umount").arg("--lazy").arg(folder)).ok();
}

/// The mounted disks: the name of each and where it is.
pub(super) fn mounted() -> Vec<(String, PathBuf)> {
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    let lines = mounts.lines().filter_map(|line| {
        let (name, rest) = line.split_once(' ')?;
        let (folder, _) = rest.split_once(' ')?;
        Some((name.to_owned(), PathBuf::from(folder)))
    });
    lines.collect()
}
