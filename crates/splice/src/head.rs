//! A segment's `moov`: the one video track that it describes.

use crate::bytes::Bytes;
use crate::entry::SampleEntry;
use crate::scan::ScanError;

/// What fragments fall back on (`trex`, or what a `tfhd` overrides).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Defaults {
    pub(crate) duration: u32,
    pub(crate) size: u32,
    pub(crate) flags: u32,
}

/// What a `moov` says.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) track_id: u32,
    pub(crate) timescale: u32,
    pub(crate) entry: SampleEntry,
    pub(crate) defaults: Defaults,
}

impl Head {
    /// Reads the payload of a `moov` box with exactly one track, of video, without samples of
    /// its own (they all lie in fragments).
    pub(crate) fn parse(moov: Bytes<'_>) -> Result<Self, ScanError> {
        let trak = moov.only(b"trak", "track")?;
        let track_id = track_id(trak.only(b"tkhd", "track header")?)?;
        let mdia = trak.only(b"mdia", "media")?;
        let timescale = timescale(mdia.only(b"mdhd", "media header")?)?;
        check_is_video(mdia.only(b"hdlr", "media type")?)?;
        let stbl = mdia
            .only(b"minf", "media information")?
            .only(b"stbl", "sample table")?;
        check_is_empty(stbl.only(b"stsz", "sample sizes")?)?;
        let entry = SampleEntry::parse(stbl.only(b"stsd", "sample descriptions")?)?;
        let trex = moov
            .only(b"mvex", "fragment defaults")?
            .only(b"trex", "fragment defaults")?;
        let defaults = defaults(trex, track_id)?;
        Ok(Self {
            track_id,
            timescale,
            entry,
            defaults,
        })
    }
}

fn track_id(mut tkhd: Bytes<'_>) -> Result<u32, ScanError> {
    let (version, _) = tkhd.version_and_flags()?;
    tkhd.take(if version == 1 { 16 } else { 8 })?;
    tkhd.u32()
}

fn timescale(mut mdhd: Bytes<'_>) -> Result<u32, ScanError> {
    let (version, _) = mdhd.version_and_flags()?;
    mdhd.take(if version == 1 { 16 } else { 8 })?;
    match mdhd.u32()? {
        0 => Err(ScanError::Invalid { what: "timescale" }),
        timescale => Ok(timescale),
    }
}

fn check_is_video(mut hdlr: Bytes<'_>) -> Result<(), ScanError> {
    hdlr.take(8)?;
    match &hdlr.four_cc()? {
        b"vide" => Ok(()),
        _ => Err(ScanError::Unsupported {
            what: "a track that is not video",
        }),
    }
}

fn check_is_empty(mut stsz: Bytes<'_>) -> Result<(), ScanError> {
    stsz.take(8)?;
    match stsz.u32()? {
        0 => Ok(()),
        _ => Err(ScanError::Unsupported {
            what: "samples outside fragments",
        }),
    }
}

fn defaults(mut trex: Bytes<'_>, track_id: u32) -> Result<Defaults, ScanError> {
    trex.version_and_flags()?;
    if trex.u32()? != track_id {
        return Err(ScanError::Invalid {
            what: "fragment defaults",
        });
    }
    if trex.u32()? != 1 {
        return Err(ScanError::Unsupported {
            what: "more than one sample entry",
        });
    }
    Ok(Defaults {
        duration: trex.u32()?,
        size: trex.u32()?,
        flags: trex.u32()?,
    })
}
