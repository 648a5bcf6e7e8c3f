//! Whole nodes, real ffmpeg, real faults.

pub mod hosts;
