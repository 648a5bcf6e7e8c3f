//! A stranger's walk along the road of a file: odd names, odd places, bad input. Each ends in an output that is proved, or
//! in one sentence, an exit code of its own, nothing left behind, and a source that is as it was.

#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at the first thing that is not as it should be"
)]

/// Where the input or the output cannot be used.
mod bad;
/// Several computers, on loopback.
#[cfg(unix)]
mod house;
/// Folders that are watched.
#[cfg(unix)]
mod library;
/// Names and places that are odd but good.
mod odd;
/// Films in the place of others.
mod replace;
/// Interruptions.
mod stop;
/// A disk that goes bad.
#[cfg(target_os = "linux")]
mod unread;
/// A folder with films, and the program at hand.
mod walk;
