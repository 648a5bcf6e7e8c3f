//! Decoder configuration records (avcC, hvcC, av1C): parsed for what joining must know.
//!
//! Sources: ISO 14496-15 §5.3.3 and §8.3.3, AV1-ISOBMFF §2.3.

use crate::bytes::Bytes;
use crate::nal::{self, NalKind};
use crate::obu::Obus;
use crate::scan::ScanError;

/// A codec whose segments can be joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// H.264 / AVC.
    H264,
    /// H.265 / HEVC.
    Hevc,
    /// AV1.
    Av1,
}

/// How colour is sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chroma {
    /// No colour.
    Gray,
    /// 4:2:0.
    C420,
    /// 4:2:2.
    C422,
    /// 4:4:4.
    C444,
}

impl Chroma {
    fn from_idc(idc: u8) -> Self {
        match idc & 3 {
            0 => Self::Gray,
            1 => Self::C420,
            2 => Self::C422,
            _ => Self::C444,
        }
    }
}

/// Sampling and depth of the decoded picture, as the configuration record states them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureFormat {
    /// Colour sampling.
    pub chroma: Chroma,
    /// Bits of a luma sample, 8 to 16.
    pub bit_depth: u8,
}

/// A decoder configuration record and what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    pub(crate) codec: Codec,
    /// The record's payload, as found.
    pub(crate) record: Vec<u8>,
    /// Bytes of a NAL unit's length prefix, 1, 2 or 4; 0 for AV1.
    pub(crate) length_size: u8,
    pub(crate) format: PictureFormat,
    /// What must stand before a key sample where configurations are joined in band: NAL units
    /// (parameter sets, then SEI that matter) or AV1 sequence headers.
    pub(crate) sets: Vec<Vec<u8>>,
}

/// Profiles whose avcC says chroma and depth (H.264 §7.3.2.1.1).
const AVC_PROFILES_WITHOUT_FORMAT: [u8; 3] = [66, 77, 88];
/// Bytes of an av1C before its units.
const AV1_FIXED: usize = 4;
const HEVC_PREFIX_SEI: u8 = 39;
const SEI_USER_DATA_UNREGISTERED: u8 = 5;

impl Config {
    pub(crate) fn parse(codec: Codec, record: &[u8]) -> Result<Self, ScanError> {
        match codec {
            Codec::H264 => parse_avc(record),
            Codec::Hevc => parse_hevc(record),
            Codec::Av1 => parse_av1(record),
        }
    }

    /// The codec.
    #[must_use]
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// The record's payload (of the avcC, hvcC or av1C box), as found.
    #[must_use]
    pub fn record(&self) -> &[u8] {
        &self.record
    }

    /// Sampling and depth of the decoded picture.
    #[must_use]
    pub fn format(&self) -> PictureFormat {
        self.format
    }

    /// Whether a decoder set up with one record decodes the other's samples the same way.
    ///
    /// Compares parameter sets, not whole records: x265 writes a comment with its thread count
    /// into the record, which differs between machines and decodes to nothing.
    #[must_use]
    pub fn decodes_like(&self, other: &Self) -> bool {
        self.codec == other.codec && self.format == other.format && self.sets == other.sets
    }

    /// Takes the AV1 sequence header that the samples carry for the true one.
    ///
    /// An encoder states one before it has seen a frame, for the record, and may refine it when
    /// it has: SVT-AV1 4.2 does. Decoders follow the samples; so does the head of the join.
    pub(crate) fn adopt_sequence_header(&mut self, unit: &[u8]) {
        if self.sets.iter().any(|set| set == unit) {
            return;
        }
        let Some((fixed, units)) = self.record.split_at_checked(AV1_FIXED) else {
            return;
        };
        let others = Obus::new(units)
            .flatten()
            .filter(|other| !other.is_sequence_header());
        let others: Vec<u8> = others
            .flat_map(|other| other.whole.iter().copied())
            .collect();
        self.record = [fixed, unit, &others].concat();
        self.sets = vec![unit.to_vec()];
    }
}

fn parse_avc(record: &[u8]) -> Result<Config, ScanError> {
    let mut bytes = Bytes::new(record, "avcC");
    if bytes.u8()? != 1 {
        return Err(ScanError::Unsupported {
            what: "avcC version",
        });
    }
    let profile = bytes.u8()?;
    bytes.take(2)?;
    let length_size = length_size(bytes.u8()?)?;
    let mut sets = Vec::new();
    let sps_count = bytes.u8()? & 0x1f;
    take_sets(&mut bytes, sps_count.into(), &mut sets)?;
    let pps_count = bytes.u8()?;
    take_sets(&mut bytes, pps_count.into(), &mut sets)?;
    if sps_count == 0 || pps_count == 0 {
        return Err(ScanError::Missing {
            what: "H.264 parameter sets",
        });
    }
    let mut format = PictureFormat {
        chroma: Chroma::C420,
        bit_depth: 8,
    };
    if !AVC_PROFILES_WITHOUT_FORMAT.contains(&profile) && !bytes.is_empty() {
        format.chroma = Chroma::from_idc(bytes.u8()?);
        format.bit_depth = 8 + (bytes.u8()? & 7);
    }
    check_sets(Codec::H264, &sets)?;
    Ok(Config {
        codec: Codec::H264,
        record: record.to_vec(),
        length_size,
        format,
        sets,
    })
}

fn parse_hevc(record: &[u8]) -> Result<Config, ScanError> {
    let mut bytes = Bytes::new(record, "hvcC");
    if bytes.u8()? != 1 {
        return Err(ScanError::Unsupported {
            what: "hvcC version",
        });
    }
    bytes.take(15)?;
    let chroma = Chroma::from_idc(bytes.u8()?);
    let bit_depth = 8 + (bytes.u8()? & 7);
    bytes.take(3)?;
    let length_size = length_size(bytes.u8()?)?;
    let arrays = bytes.u8()?;
    let (mut sets, mut messages) = (Vec::new(), Vec::new());
    for _ in 0..arrays {
        let kind = bytes.u8()? & 0x3f;
        let count = bytes.u16()?;
        match kind {
            32..=34 => take_sets(&mut bytes, count, &mut sets)?,
            _ => take_sets(&mut bytes, count, &mut messages)?,
        }
    }
    check_sets(Codec::Hevc, &sets)?;
    let has = |wanted: u8| {
        sets.iter()
            .any(|set| set.first().is_some_and(|b| b >> 1 & 0x3f == wanted))
    };
    if !(has(32) && has(33) && has(34)) {
        return Err(ScanError::Missing {
            what: "HEVC parameter sets",
        });
    }
    // An order that decoders can rely on: VPS, SPS, PPS.
    sets.sort_by_key(|set| set.first().copied());
    sets.extend(messages.into_iter().filter(|nal| is_lasting_sei(nal)));
    let format = PictureFormat { chroma, bit_depth };
    Ok(Config {
        codec: Codec::Hevc,
        record: record.to_vec(),
        length_size,
        format,
        sets,
    })
}

fn parse_av1(record: &[u8]) -> Result<Config, ScanError> {
    let mut bytes = Bytes::new(record, "av1C");
    if bytes.u8()? != 0x81 {
        return Err(ScanError::Unsupported {
            what: "av1C version",
        });
    }
    bytes.u8()?;
    let flags = bytes.u8()?;
    bytes.u8()?;
    let mut sets = Vec::new();
    for unit in Obus::new(bytes.rest()) {
        let unit = unit.map_err(|_| ScanError::Invalid { what: "av1C" })?;
        if unit.is_sequence_header() {
            sets.push(unit.whole.to_vec());
        }
    }
    let chroma = match (flags & 0x10 != 0, flags & 0x08 != 0, flags & 0x04 != 0) {
        (true, _, _) => Chroma::Gray,
        (false, true, true) => Chroma::C420,
        (false, true, false) => Chroma::C422,
        (false, false, _) => Chroma::C444,
    };
    let bit_depth = match (flags & 0x40 != 0, flags & 0x20 != 0) {
        (false, _) => 8,
        (true, false) => 10,
        (true, true) => 12,
    };
    let format = PictureFormat { chroma, bit_depth };
    Ok(Config {
        codec: Codec::Av1,
        record: record.to_vec(),
        length_size: 0,
        format,
        sets,
    })
}

fn length_size(byte: u8) -> Result<u8, ScanError> {
    match byte & 3 {
        2 => Err(ScanError::Invalid {
            what: "NAL length size",
        }),
        size => Ok(size + 1),
    }
}

/// Appends `count` NAL units, each behind a 16-bit length.
fn take_sets(bytes: &mut Bytes<'_>, count: u16, sets: &mut Vec<Vec<u8>>) -> Result<(), ScanError> {
    for _ in 0..count {
        let length = bytes.u16()?;
        sets.push(bytes.take(length.into())?.to_vec());
    }
    Ok(())
}

fn check_sets(codec: Codec, sets: &[Vec<u8>]) -> Result<(), ScanError> {
    let is_set = |set: &Vec<u8>| nal::kind(codec, set) == Some(NalKind::ParameterSet);
    match sets.iter().all(is_set) {
        true => Ok(()),
        false => Err(ScanError::Invalid {
            what: "parameter sets",
        }),
    }
}

/// Whether an SEI unit of an hvcC says something about the pictures (HDR metadata). x265's
/// comment on itself does not.
fn is_lasting_sei(nal: &[u8]) -> bool {
    let [first, _, payload_type, ..] = nal else {
        return false;
    };
    first >> 1 & 0x3f == HEVC_PREFIX_SEI && *payload_type != SEI_USER_DATA_UNREGISTERED
}

#[cfg(test)]
mod tests {
    use super::*;

    const AVCC: [u8; 19] = [
        1, 100, 0, 31, 0xff, 0xe1, 0, 3, 0x67, 100, 0, 1, 0, 2, 0x68, 5, 0xfd, 0xfa, 0xfa,
    ];

    fn hvcc(length_code: u8, arrays: &[(u8, &[u8])]) -> Vec<u8> {
        let mut record = vec![1; 16];
        record.extend([
            0xfd,
            0xfa,
            0xfa,
            0,
            0,
            0x0c | length_code,
            arrays.len() as u8,
        ]);
        for (kind, nal) in arrays {
            record.extend([*kind, 0, 1, 0, nal.len() as u8]);
            record.extend_from_slice(nal);
        }
        record
    }

    #[test]
    fn avc() {
        let config = Config::parse(Codec::H264, &AVCC).unwrap();
        assert_eq!(
            config.format,
            PictureFormat {
                chroma: Chroma::C420,
                bit_depth: 10
            }
        );
        assert_eq!(config.sets, [vec![0x67, 100, 0], vec![0x68, 5]]);
        assert_eq!(config.length_size, 4);
    }

    #[test]
    fn every_truncation_of_a_record_is_an_error_or_a_shorter_record() {
        for end in 0..16 {
            assert!(Config::parse(Codec::H264, &AVCC[..end]).is_err(), "{end}");
        }
        let record = hvcc(3, &[(32, &[64, 1]), (33, &[66, 1]), (34, &[68, 1])]);
        for end in 0..record.len() {
            assert!(Config::parse(Codec::Hevc, &record[..end]).is_err(), "{end}");
        }
        assert!(Config::parse(Codec::Hevc, &record).is_ok());
    }

    #[test]
    fn hevc_keeps_hdr_messages_and_drops_comments() {
        let sets: [(u8, &[u8]); 3] = [(34, &[68, 1]), (33, &[66, 1]), (32, &[64, 1])];
        let comment = (39, &[78, 1, 5, 9, 9][..]);
        let mastering = (39, &[78, 1, 137, 24][..]);
        let plain = Config::parse(Codec::Hevc, &hvcc(3, &sets)).unwrap();
        let noisy =
            Config::parse(Codec::Hevc, &hvcc(0, &[&sets[..], &[comment]].concat())).unwrap();
        let hdr =
            Config::parse(Codec::Hevc, &hvcc(3, &[&sets[..], &[mastering]].concat())).unwrap();
        assert_eq!(plain.sets, [vec![64, 1], vec![66, 1], vec![68, 1]]);
        assert!(plain.decodes_like(&noisy) && noisy.length_size == 1);
        assert!(!plain.decodes_like(&hdr));
        assert_eq!(
            hdr.format,
            PictureFormat {
                chroma: Chroma::C420,
                bit_depth: 10
            }
        );
    }

    #[test]
    fn a_slice_is_no_parameter_set() {
        let mut record = AVCC;
        record[8] = 0x65;
        assert!(matches!(
            Config::parse(Codec::H264, &record),
            Err(ScanError::Invalid { .. })
        ));
    }

    #[test]
    fn av1() {
        let record = [0x81, 0, 0x4c, 0, 0x0a, 1, 0x00];
        let config = Config::parse(Codec::Av1, &record).unwrap();
        assert_eq!(
            config.format,
            PictureFormat {
                chroma: Chroma::C420,
                bit_depth: 10
            }
        );
        assert_eq!(config.sets, [vec![0x0a, 1, 0]]);
    }

    #[test]
    fn the_samples_sequence_header_counts() {
        let record = [0x81, 0, 0x4c, 0, 0x0a, 1, 0x00, 0x2a, 1, 9];
        let mut config = Config::parse(Codec::Av1, &record).unwrap();
        let stated = config.clone();
        config.adopt_sequence_header(&[0x0a, 1, 0]);
        assert_eq!(config, stated);
        config.adopt_sequence_header(&[0x0a, 2, 0, 7]);
        assert_eq!(config.record, [0x81, 0, 0x4c, 0, 0x0a, 2, 0, 7, 0x2a, 1, 9]);
        assert!(!config.decodes_like(&stated));
    }
}
