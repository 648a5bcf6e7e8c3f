//! The ffmpeg crate.
