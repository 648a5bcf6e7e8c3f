//! A film to encode, and nodes of one process on loopback.

use std::path::{Path, PathBuf};

use engine::node::NodeConfig;

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

/// A node that helps, found by its address alone.
pub fn config(folder: &Path, name: &str) -> NodeConfig {
    NodeConfig {
        data_dir: folder.join(name),
        name: Some(name.into()),
        listen: Some(([127, 0, 0, 1], 0).into()),
        mdns: false,
        network: true,
        donate: Some(true),
        peers: Vec::new(),
        stays: false,
        workers: None,
    }
}
