//! An encoded segment as ffmpeg is told of it: hostile input, whoever made it.

use std::path::Path;

use media::SegmentSpec;
use media::argv;

use crate::child::Run;
use crate::limits;

/// A segment that came back, and what it should be.
#[derive(Clone, Copy, Debug)]
pub struct Returned<'a> {
    /// Fragmented MP4.
    pub file: &'a Path,
    /// What was ordered.
    pub spec: &'a SegmentSpec,
}

impl Returned<'_> {
    /// Adds it as an input that may be nothing but what was ordered.
    pub(crate) fn input(self, run: Run) -> Run {
        let codec = argv::decoders(self.spec.encoder.codec().name());
        let pixels = argv::most_pixels(self.spec).to_string();
        run.args(["-protocol_whitelist", "file"])
            .args(["-format_whitelist", "mov,mp4,m4a,3gp,3g2,mj2"])
            .args(["-codec_whitelist", &codec, "-max_pixels", &pixels])
            .args(["-noautorotate", "-f", "mp4"])
            .input(self.file)
    }

    /// Processor time, seconds, within which all of it is decoded.
    pub(crate) fn decoded_within(self) -> u64 {
        limits::decode(u64::from(self.spec.frames.get()), self.spec.pixels())
    }
}
