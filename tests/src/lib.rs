//! Whole nodes, real ffmpeg, real faults.
