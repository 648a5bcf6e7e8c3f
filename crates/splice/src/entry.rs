//! The sample entry: codec, picture size, decoder configuration and colour of a video track.
//!
//! Only boxes that are understood are kept; the entry is written anew from them, so that
//! nothing else that a stranger put there reaches the output.

use crate::boxes::{Kind, put_box, put_u16, put_u32};
use crate::bytes::Bytes;
use crate::config::{Codec, Config};
use crate::scan::ScanError;

/// Bytes of a VisualSampleEntry before its boxes (ISO 14496-12 §12.1.3).
const VISUAL_HEADER: usize = 78;
/// Boxes that say how to show the pictures, kept as they are: colour, pixel aspect, mastering
/// display, content light, field order. No sensible one is longer.
const KEPT: [&Kind; 5] = [b"colr", b"pasp", b"mdcv", b"clli", b"fiel"];
const KEPT_MAX: usize = 64;

/// A track's sample entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleEntry {
    pub(crate) kind: Kind,
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) config: Config,
    /// Boxes of [`KEPT`], at most one of each.
    pub(crate) kept: Vec<(Kind, Vec<u8>)>,
}

/// Colour as a `colr` box of type `nclx` states it; code points of ITU-T H.273.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour {
    /// `ColourPrimaries`.
    pub primaries: u16,
    /// `TransferCharacteristics`.
    pub transfer: u16,
    /// `MatrixCoefficients`.
    pub matrix: u16,
    /// Whether samples use the full range.
    pub full_range: bool,
}

impl SampleEntry {
    /// Reads the payload of an `stsd` box that holds exactly one video entry.
    pub(crate) fn parse(mut stsd: Bytes<'_>) -> Result<Self, ScanError> {
        stsd.version_and_flags()?;
        if stsd.u32()? != 1 {
            return Err(ScanError::Unsupported {
                what: "more than one sample entry",
            });
        }
        let Some((kind, entry)) = stsd.next_box()? else {
            return Err(ScanError::Missing {
                what: "sample entry",
            });
        };
        let (codec, record_kind) = match &kind {
            b"avc1" | b"avc3" => (Codec::H264, b"avcC"),
            b"hvc1" | b"hev1" => (Codec::Hevc, b"hvcC"),
            b"av01" => (Codec::Av1, b"av1C"),
            _ => return Err(ScanError::Codec { kind }),
        };
        let mut entry = entry.named("sample entry");
        let mut header = Bytes::new(entry.take(VISUAL_HEADER)?, "sample entry");
        header.take(24)?;
        let (width, height) = (header.u16()?, header.u16()?);
        let record = entry.only(record_kind, "decoder configuration")?;
        let config = Config::parse(codec, record.rest())?;
        Ok(Self {
            kind,
            width,
            height,
            config,
            kept: kept_boxes(entry)?,
        })
    }

    /// The codec.
    #[must_use]
    pub fn codec(&self) -> Codec {
        self.config.codec
    }

    /// The entry's type: `avc1`, `avc3`, `hvc1`, `hev1` or `av01`.
    #[must_use]
    pub fn four_cc(&self) -> [u8; 4] {
        self.kind
    }

    /// Coded width in pixels.
    #[must_use]
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Coded height in pixels.
    #[must_use]
    pub fn height(&self) -> u16 {
        self.height
    }

    /// The decoder configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The colour that the container states, if it does.
    #[must_use]
    pub fn colour(&self) -> Option<Colour> {
        let mut colr = Bytes::new(self.kept(b"colr")?, "colr");
        if &colr.four_cc().ok()? != b"nclx" {
            return None;
        }
        let mut point = || colr.u16().ok();
        let (primaries, transfer, matrix) = (point()?, point()?, point()?);
        let full_range = colr.u8().ok()? & 0x80 != 0;
        Some(Colour {
            primaries,
            transfer,
            matrix,
            full_range,
        })
    }

    /// The shape of a pixel, width to height, if the container states it.
    #[must_use]
    pub fn pixel_aspect(&self) -> Option<(u32, u32)> {
        let mut pasp = Bytes::new(self.kept(b"pasp")?, "pasp");
        Some((pasp.u32().ok()?, pasp.u32().ok()?))
    }

    /// The payload of the mastering display box (`mdcv`), if there.
    #[must_use]
    pub fn mastering_display(&self) -> Option<&[u8]> {
        self.kept(b"mdcv")
    }

    /// The payload of the content light level box (`clli`), if there.
    #[must_use]
    pub fn content_light(&self) -> Option<&[u8]> {
        self.kept(b"clli")
    }

    fn kept(&self, kind: &Kind) -> Option<&[u8]> {
        self.kept
            .iter()
            .find(|(found, _)| found == kind)
            .map(|(_, payload)| payload.as_slice())
    }

    /// Takes over the descriptive boxes of `other` that this entry has none of: ffmpeg 5.1
    /// states less than 9.0 does, and the first segment may come from either.
    pub(crate) fn fill_from(&mut self, other: &Self) {
        for (kind, payload) in &other.kept {
            if self.kept(kind).is_none() {
                self.kept.push((*kind, payload.clone()));
            }
        }
    }

    /// Appends the entry as a box.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        put_box(out, &self.kind, |out| {
            out.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 1]); // reserved, data reference 1
            out.extend_from_slice(&[0; 16]);
            put_u16(out, self.width);
            put_u16(out, self.height);
            put_u32(out, 0x0048_0000); // 72 dpi, both ways
            put_u32(out, 0x0048_0000);
            put_u32(out, 0);
            put_u16(out, 1); // one frame a sample
            out.extend_from_slice(&[0; 32]); // compressor's name
            put_u16(out, 0x18);
            put_u16(out, 0xffff);
            let record_kind = match self.config.codec {
                Codec::H264 => b"avcC",
                Codec::Hevc => b"hvcC",
                Codec::Av1 => b"av1C",
            };
            put_box(out, record_kind, |out| {
                out.extend_from_slice(&self.config.record)
            });
            for (kind, payload) in &self.kept {
                put_box(out, kind, |out| out.extend_from_slice(payload));
            }
        });
    }
}

fn kept_boxes(mut entry: Bytes<'_>) -> Result<Vec<(Kind, Vec<u8>)>, ScanError> {
    let mut kept: Vec<(Kind, Vec<u8>)> = Vec::new();
    while let Some((kind, payload)) = entry.next_box()? {
        let is_new = kept.iter().all(|(found, _)| *found != kind);
        if KEPT.contains(&&kind) && is_new && payload.rest().len() <= KEPT_MAX {
            kept.push((kind, payload.rest().to_vec()));
        }
    }
    Ok(kept)
}
