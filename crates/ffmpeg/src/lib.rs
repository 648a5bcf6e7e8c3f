//! Runs ffmpeg: finds it, tries its encoders, probes, indexes, extracts, encodes, decodes, joins.
//!
//! The one adapter that starts processes ([`child`]). It decides nothing: orders come from
//! `media` and `plan` as values, results go back as values.

pub mod child;
