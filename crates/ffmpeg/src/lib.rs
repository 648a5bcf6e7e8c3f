//! Runs ffmpeg: finds it, tries its encoders, probes, indexes, extracts, encodes, decodes, joins.
//!
//! The one adapter that starts processes ([`child`]). It decides nothing: orders come from
//! `media` and `plan` as values, results go back as values.

pub mod child;

/// What a run says.
mod said;

/// How often runs have failed.
pub mod failures;

/// What a run may touch.
pub mod cage;

/// What a run may use.
pub mod limits;

/// What is in a file.
pub mod source;

/// Which packets its film has.
pub mod index;

/// A segment's packets, on their way out.
pub mod extract;

/// Runs that stand still for a while.
pub mod hold;

/// A segment encoded.
pub mod encode;

/// What came back.
pub mod result;

/// A segment decoded and counted.
pub mod digest;

/// Result and source, side by side.
pub mod picture;

/// How much a film's picture costs, from a few frames.
pub mod sample;

/// Black bars round it.
pub mod bars;

/// One picture, to look at.
pub mod still;

/// Everything beside the film, and the final mux.
pub mod carry;

/// Which ffmpeg to use.
pub mod tools;

/// What it says it is and can do.
pub mod features;

/// The machine it runs on.
pub mod hardware;

/// Films out of test sources.
pub mod clip;

/// Which of its encoders work, and how fast.
pub mod trial;
