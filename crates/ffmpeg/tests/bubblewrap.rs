//! The cage by bubblewrap, for kernels without Landlock, tried with the real ffmpeg.

#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test may fail anywhere, and says what it could not try"
)]

#[path = "cage/cases.rs"]
mod cases;

fn wanted() -> ffmpeg::cage::Cage {
    ffmpeg::cage::pass_over_landlock();
    ffmpeg::cage::Cage::Bubblewrap
}
