//! Joins segments that were encoded apart into one video track with exact timestamps.
//!
//! Each segment comes back from the machine that encoded it as a fragmented MP4 file of one
//! video track (ffmpeg's `-movflags empty_moov+default_base_moof+frag_keyframe`). Joining them
//! takes two passes, so that memory holds indexes and one fragment, never a film:
//!
//! 1. [`scan`] reads one segment into a [`Track`]: where each sample lies, when it is shown, and
//!    the headers that its decoder needs. The file is a stranger's: every length and every count
//!    is checked against what is really there before anything is done with it.
//! 2. [`Joined::plan`] places the tracks on the source's own time line, refuses what does not
//!    fit to the tick, and settles one decoding order for the whole film.
//!    [`Joined::write_head`] and [`Joined::write_part`] then write one fragmented MP4.
//!
//! Decoding times are made anew for the whole film: `dts[i] = sorted_pts[i - D]`, where `D` is
//! the deepest reordering of any segment. Segments whose decoder headers differ are joined *in
//! band*: each segment's own parameter sets stand before each of its key samples.
//!
//! This crate reads and writes what it is given (`Read`, `Seek`, `Write`); it opens nothing,
//! runs nothing, knows no clock, and never panics on what a file says.

mod boxes;
mod bytes;

/// What a decoder must know first: the sample entry and the parameter sets in it.
mod config;
mod entry;

/// Coded pictures, as far as joining needs to understand them.
mod nal;
mod obu;

/// One segment, read.
mod fragment;
mod head;
mod scan;
mod track;

/// Many segments, written as one.
mod head_writer;
mod join;
mod write;

#[cfg(test)]
mod fixture;

pub use config::{Chroma, Codec, Config, PictureFormat};
pub use entry::{Colour, SampleEntry};
pub use join::{Headers, JoinError, Joined, Part, Timing};
pub use scan::{Limits, ScanError, scan};
pub use track::{MAX_REORDER, Mismatch, Sample, Track};
pub use write::{DisplayMatrix, Packet, WriteError, Written};
