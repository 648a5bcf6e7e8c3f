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

use ffmpeg::tools::Places;

fn program() -> PathBuf {
    let places = Places::here(std::env::var_os("MANYHANDS_FFMPEG").map(PathBuf::from));
    let mut candidates = places.candidates().into_iter();
    candidates
        .next()
        .expect("no ffmpeg: run `cargo xtask ffmpeg`")
        .0
}
