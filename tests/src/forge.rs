//! Bytes that no ffmpeg writes, written by hand: field-coded pictures, telecine flags, captions, dynamic HDR, bitmap
//! subtitles. Each is the least that a decoder takes for the real thing.

/// A bit writer, and the escaping of network abstraction layer units.
mod bits;
/// Boxes put into a finished MP4 file.
mod boxes;
/// Two pictures in one packet of AVI.
mod packed;
/// Field-coded H.264 of uncompressed macroblocks.
mod paff;
/// Bitmap subtitles as on Blu-ray.
mod pgs;
/// Supplemental messages put before each picture of a raw stream.
mod sei;
/// Repeat flags put into MPEG-2 pictures.
mod telecine;

use anyhow::Result;

/// What is done to the bytes.
#[derive(Debug, Clone, Copy)]
pub enum Forge {
    /// Closed captions (A/53) before each picture of a raw H.264 stream.
    Captions,
    /// HDR10+ before each picture of a raw HEVC stream.
    Hdr10Plus,
    /// A Dolby Vision profile 8.1 configuration box in an MP4 file with HEVC whose `moov` comes last.
    DolbyVision,
    /// 2:3 pull-down flags in a file with progressive MPEG-2 of 24000/1001 frames a second.
    Telecine,
    /// A raw H.264 stream of this many frames, 320 × 192, most of them coded as two fields.
    Paff {
        /// How many frames.
        frames: u32,
        /// Frames from one key to the next.
        gop: u32,
    },
    /// An AVI file of one MPEG-4 film, each B-picture put into the packet before it and an empty one in its place.
    Packed,
    /// A `.sup` file with a subtitle shown twice.
    Pgs,
}

impl Forge {
    /// The forged bytes, made of `input` where this changes something that is there.
    ///
    /// # Errors
    /// If the input is not what this expects.
    pub fn strike(self, input: &[u8]) -> Result<Vec<u8>> {
        match self {
            Self::Captions => sei::captions(input),
            Self::Hdr10Plus => sei::hdr10_plus(input),
            Self::DolbyVision => boxes::dolby_vision(input),
            Self::Telecine => telecine::pull_down(input),
            Self::Paff { frames, gop } => Ok(paff::stream(frames, gop)),
            Self::Packed => packed::pack(input),
            Self::Pgs => Ok(pgs::two_lines()),
        }
    }
}
