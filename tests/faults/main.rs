//! Nothing is ever lost: real nodes in a house of network namespaces, and whatever can happen to them.
//!
//! An owner and two donors encode a numbered film together. Each fault happens while they do. Afterwards the job is over
//! by itself or says in words why it waits; what it made is exactly the source; the source is as it was; every computer is
//! welcome again; no ffmpeg runs, no working file is left, and no sentence on the owner's screen says "error".
//!
//! The short form is part of the tests. The others are marked as ignored, and `cargo xtask faults` plays all of them.

/// What runs in namespaces, on disks of its own.
#[cfg(target_os = "linux")]
mod suite;

fn main() {
    #[cfg(target_os = "linux")]
    suite::run();
}
