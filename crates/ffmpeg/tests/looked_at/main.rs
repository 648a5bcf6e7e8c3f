//! Real films, looked at before anything is done with them: pictures of them, their black bars, whether they are
//! interlaced.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test makes its own clips and may fail anywhere"
)]

mod bars;
mod fields;
mod still;

use std::path::PathBuf;

use ffmpeg::source::Source;
use ffmpeg::tools::Places;

fn program() -> PathBuf {
    let places = Places::here(std::env::var_os("MANYHANDS_FFMPEG").map(PathBuf::from));
    let mut candidates = places.candidates().into_iter();
    candidates
        .next()
        .expect("no ffmpeg: run `cargo xtask ffmpeg`")
        .0
}

/// Such a picture as H.264 with a key frame every so many frames; `more`: what else ffmpeg is told.
fn filmed(path: PathBuf, picture: &str, gop: &str, more: &[&str]) -> Source {
    let made = std::process::Command::new(program())
        .args(["-v", "error", "-y", "-f", "lavfi", "-i", picture])
        .args(more)
        .args(["-c:v", "libx264", "-preset", "ultrafast", "-g", gop])
        .arg(&path)
        .status()
        .unwrap();
    assert!(made.success());
    Source {
        path,
        stream: 0,
        genpts: false,
    }
}
