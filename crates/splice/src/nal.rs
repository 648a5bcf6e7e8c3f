//! NAL units of H.264 and HEVC in samples: lengths, types, and parameter sets put in front.
//!
//! Sources: ISO 14496-15 (length prefixes), H.264 table 7-1, HEVC table 7-1.

use crate::config::Codec;

/// What a NAL unit is, as far as joining cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NalKind {
    /// A slice of a picture at which a decoder may start with nothing before it (IDR, BLA).
    CleanStart,
    /// A slice of any other picture.
    Slice,
    /// VPS, SPS or PPS.
    ParameterSet,
    /// An access unit delimiter: nothing may stand before it.
    Delimiter,
    /// SEI and everything else.
    Other,
}

/// The kind of a NAL unit; `None` if it is too short to have a header.
pub(crate) fn kind(codec: Codec, nal: &[u8]) -> Option<NalKind> {
    let first = *nal.first()?;
    Some(match codec {
        Codec::H264 => match first & 0x1f {
            5 => NalKind::CleanStart,
            1..=4 => NalKind::Slice,
            7 | 8 | 13 | 15 => NalKind::ParameterSet,
            9 => NalKind::Delimiter,
            _ => NalKind::Other,
        },
        // A CRA (21) is no clean start: in the middle of a film a decoder takes its leading
        // pictures and its picture order count for a continuation of what came before.
        Codec::Hevc => match first >> 1 & 0x3f {
            16..=20 => NalKind::CleanStart,
            0..=15 | 21..=31 => NalKind::Slice,
            32..=34 => NalKind::ParameterSet,
            35 => NalKind::Delimiter,
            _ => NalKind::Other,
        },
        Codec::Av1 => return None,
    })
}

/// The NAL units of one sample whose length prefixes are `length_size` bytes.
///
/// Ends with an error, once, if the lengths do not fill the sample exactly.
pub(crate) struct Nals<'a> {
    rest: &'a [u8],
    length_size: u8,
}

/// The length prefixes of a sample do not fill it exactly, or a NAL unit is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadLength;

impl<'a> Nals<'a> {
    pub(crate) fn new(sample: &'a [u8], length_size: u8) -> Self {
        Self {
            rest: sample,
            length_size,
        }
    }

    fn split(&mut self) -> Option<&'a [u8]> {
        let (prefix, rest) = self.rest.split_at_checked(usize::from(self.length_size))?;
        let length = prefix
            .iter()
            .fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
        let (nal, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        (!nal.is_empty()).then_some(nal)
    }
}

impl<'a> Iterator for Nals<'a> {
    type Item = Result<&'a [u8], BadLength>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let nal = self.split().ok_or(BadLength);
        if nal.is_err() {
            self.rest = &[];
        }
        Some(nal)
    }
}

/// Appends `nal` behind a prefix of `length_size` bytes; an error if its length does not fit.
pub(crate) fn put_nal(out: &mut Vec<u8>, nal: &[u8], length_size: u8) -> Result<(), BadLength> {
    let length = u32::try_from(nal.len()).map_err(|_| BadLength)?;
    let bytes = length.to_be_bytes();
    let (dropped, kept) = bytes
        .split_at_checked(4 - usize::from(length_size))
        .ok_or(BadLength)?;
    if dropped.iter().any(|byte| *byte != 0) {
        return Err(BadLength);
    }
    out.extend_from_slice(kept);
    out.extend_from_slice(nal);
    Ok(())
}

/// Appends `sample` with `sets` in front of it (behind a delimiter, if it opens with one), its
/// lengths converted from `from` bytes to `to` bytes.
pub(crate) fn put_with_sets(
    out: &mut Vec<u8>,
    codec: Codec,
    sample: &[u8],
    sets: &[Vec<u8>],
    (from, to): (u8, u8),
) -> Result<(), BadLength> {
    let mut pending = Some(sets);
    for nal in Nals::new(sample, from) {
        let nal = nal?;
        if kind(codec, nal) != Some(NalKind::Delimiter) {
            for set in pending.take().unwrap_or_default() {
                put_nal(out, set, to)?;
            }
        }
        put_nal(out, nal, to)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_must_fill_the_sample() {
        let good = [0, 0, 0, 1, 0x65, 0, 0, 0, 2, 0x41, 9];
        let nals: Result<Vec<_>, _> = Nals::new(&good, 4).collect();
        assert_eq!(nals.unwrap(), vec![&[0x65][..], &[0x41, 9]]);
        for bad in [
            &good[..10],
            &good[..8],
            &[0, 0, 0, 0][..],
            &[255, 255, 255, 255, 1],
        ] {
            assert!(Nals::new(bad, 4).any(|nal| nal.is_err()), "{bad:?}");
        }
    }

    #[test]
    fn sets_stand_behind_a_delimiter_and_before_the_slice() {
        let sample = [0, 0, 2, 9, 0xf0, 0, 0, 1, 0x65];
        let mut out = Vec::new();
        put_with_sets(
            &mut out,
            Codec::H264,
            &sample,
            &[vec![0x67, 1], vec![0x68]],
            (3, 2),
        )
        .unwrap();
        assert_eq!(out, [0, 2, 9, 0xf0, 0, 2, 0x67, 1, 0, 1, 0x68, 0, 1, 0x65]);
    }

    #[test]
    fn a_length_that_does_not_fit_is_an_error() {
        assert_eq!(put_nal(&mut Vec::new(), &[0; 256], 1), Err(BadLength));
        assert_eq!(put_nal(&mut Vec::new(), &[0; 255], 1), Ok(()));
    }

    #[test]
    fn kinds() {
        assert_eq!(kind(Codec::H264, &[0x65]), Some(NalKind::CleanStart));
        assert_eq!(kind(Codec::H264, &[0x06]), Some(NalKind::Other));
        assert_eq!(kind(Codec::Hevc, &[19 << 1, 1]), Some(NalKind::CleanStart));
        assert_eq!(kind(Codec::Hevc, &[21 << 1, 1]), Some(NalKind::Slice));
        assert_eq!(
            kind(Codec::Hevc, &[33 << 1, 1]),
            Some(NalKind::ParameterSet)
        );
        assert_eq!(kind(Codec::H264, &[]), None);
    }
}
