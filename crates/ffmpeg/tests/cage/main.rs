//! The cage by Landlock, tried with the real ffmpeg.

#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test may fail anywhere, and says what it could not try"
)]

mod cases;

fn wanted() -> ffmpeg::cage::Cage {
    ffmpeg::cage::Cage::Landlock
}
