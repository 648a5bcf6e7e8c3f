//! The checkout: where it is and which files belong to it.

use crate::shell;
use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the workspace's manifest.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Where downloaded tools and stamps live; git ignores it.
pub fn tools() -> PathBuf {
    root().join(".tools")
}

/// Paths, relative to the root, of what git tracks or would track, in order.
pub fn files() -> Result<Vec<String>> {
    let listed = shell::output(shell::command("git").args([
        // The clone may belong to somebody else, as in a container; listing it does no harm.
        "-c",
        "safe.directory=*",
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]))
    .context("git must be installed, and this must be a clone")?;
    let mut files: Vec<String> = listed
        .split('\0')
        .filter(|path| !path.is_empty() && root().join(path).is_file())
        .map(str::to_owned)
        .collect();
    files.sort();
    files.dedup();
    Ok(files)
}

/// One hash over the names and contents of these files.
pub fn digest(paths: &[PathBuf]) -> Result<String> {
    let mut hash = Sha256::new();
    for path in paths {
        let content =
            fs::read(path).with_context(|| format!("could not read {}", path.display()))?;
        hash.update(path.to_string_lossy().as_bytes());
        hash.update((content.len() as u64).to_le_bytes());
        hash.update(&content);
    }
    Ok(hex(&hash.finalize()))
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a stamp file says that exactly this was done already.
pub fn stamped(stamp: &Path, what: &str) -> bool {
    fs::read_to_string(stamp).is_ok_and(|found| found.trim() == what)
}

/// Writes a stamp file, with the folder it lives in.
pub fn stamp(stamp: &Path, what: &str) -> Result<()> {
    if let Some(folder) = stamp.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(stamp, what).with_context(|| format!("could not write {}", stamp.display()))
}
