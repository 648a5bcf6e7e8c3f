//! A film to encode.

use std::path::{Path, PathBuf};

use crate::bundled::ffmpeg;

/// A film of so many seconds, with a key frame in each.
pub fn clip(path: &Path, seconds: u32) -> PathBuf {
    let picture = format!("testsrc2=s=480x270:r=25:d={seconds}");
    let made = std::process::Command::new(ffmpeg())
        .args([
            "-v", "error", "-f", "lavfi", "-i", &picture, "-c:v", "libx264",
        ])
        .args(["-preset", "veryfast", "-g", "25"])
        .arg(path)
        .status()
        .unwrap();
    assert!(made.success());
    path.to_owned()
}
