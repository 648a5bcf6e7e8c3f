//! The ffmpeg that clips are made with: the one the product finds.

use std::path::PathBuf;

pub fn ffmpeg() -> PathBuf {
    let named = std::env::var_os("MANYHANDS_FFMPEG").map(PathBuf::from);
    let candidates = ffmpeg::tools::Places::here(named).candidates();
    candidates
        .into_iter()
        .map(|(path, _)| path)
        .find(|path| path.is_file())
        .expect("an ffmpeg: run `cargo xtask test`")
}
