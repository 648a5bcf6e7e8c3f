//! AV1 open bitstream units in samples: walking them, and telling what a sample opens with.
//!
//! Source: AV1 bitstream specification, sections 5.3 to 5.9.

/// `OBU_SEQUENCE_HEADER`.
const SEQUENCE_HEADER: u8 = 1;
/// `OBU_FRAME_HEADER`.
const FRAME_HEADER: u8 = 3;
/// `OBU_FRAME`.
const FRAME: u8 = 6;

/// One unit of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Obu<'a> {
    kind: u8,
    payload: &'a [u8],
    /// The unit as it stands, header and size included.
    pub(crate) whole: &'a [u8],
}

impl Obu<'_> {
    pub(crate) fn is_sequence_header(&self) -> bool {
        self.kind == SEQUENCE_HEADER
    }

    /// For a frame or frame header: whether it is a key frame that is shown at once.
    /// `None` for other units. `reduced` is the sequence's `reduced_still_picture_header`.
    fn shown_key(&self, reduced: bool) -> Option<bool> {
        if self.kind != FRAME && self.kind != FRAME_HEADER {
            return None;
        }
        // show_existing_frame (1 bit) = 0, frame_type (2 bits) = KEY_FRAME = 0, show_frame = 1
        let first = self.payload.first().copied().unwrap_or(0xff);
        Some(reduced || first >> 4 == 0b0001)
    }
}

/// A unit's header or size is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadObu;

/// The units of one sample. Ends with an error, once, if their sizes do not fit.
pub(crate) struct Obus<'a> {
    rest: &'a [u8],
}

impl<'a> Obus<'a> {
    pub(crate) fn new(sample: &'a [u8]) -> Self {
        Self { rest: sample }
    }

    fn split(&mut self) -> Option<Obu<'a>> {
        let whole = self.rest;
        let header = *whole.first()?;
        let forbidden = header & 0x80 != 0;
        let (extension, has_size) = (header & 0x04 != 0, header & 0x02 != 0);
        let body = whole.get(1 + usize::from(extension)..)?;
        let (size, body) = if has_size {
            leb128(body)?
        } else {
            (body.len(), body)
        };
        let (payload, rest) = body.split_at_checked(size)?;
        self.rest = rest;
        let whole = &whole[..whole.len() - rest.len()];
        (!forbidden).then_some(Obu {
            kind: header >> 3 & 0x0f,
            payload,
            whole,
        })
    }
}

impl<'a> Iterator for Obus<'a> {
    type Item = Result<Obu<'a>, BadObu>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let unit = self.split().ok_or(BadObu);
        if unit.is_err() {
            self.rest = &[];
        }
        Some(unit)
    }
}

/// A little-endian base-128 number of at most 8 bytes, and what follows it.
fn leb128(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0_u64;
    for (index, byte) in bytes.iter().take(8).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            // The specification bounds sizes to 32 bits.
            let size = usize::try_from(u32::try_from(value).ok()?).ok()?;
            return Some((size, bytes.get(index + 1..)?));
        }
    }
    None
}

/// Whether a decoder may start at this sample with `sequence` (a whole sequence header unit)
/// known: its first frame is a key frame that is shown at once.
pub(crate) fn is_clean_start(sample: &[u8], sequence: &[u8]) -> Result<bool, BadObu> {
    let reduced = match Obus::new(sequence).next() {
        // seq_profile (3 bits), still_picture (1), reduced_still_picture_header (1)
        Some(unit) => unit?.payload.first().is_some_and(|first| first & 0x08 != 0),
        None => return Err(BadObu),
    };
    for unit in Obus::new(sample) {
        if let Some(shown_key) = unit?.shown_key(reduced) {
            return Ok(shown_key);
        }
    }
    Ok(false)
}

/// Whether the sample carries a sequence header.
pub(crate) fn has_sequence_header(sample: &[u8]) -> Result<bool, BadObu> {
    for unit in Obus::new(sample) {
        if unit?.is_sequence_header() {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEQUENCE: [u8; 4] = [0x0a, 2, 0x00, 0x11];
    const SHOWN_KEY: [u8; 3] = [0x32, 1, 0x10];

    #[test]
    fn units_are_walked() {
        let sample = [&SEQUENCE[..], &SHOWN_KEY].concat();
        let units: Result<Vec<_>, _> = Obus::new(&sample).collect();
        let units = units.unwrap();
        assert!(units[0].is_sequence_header());
        assert_eq!(
            (units[0].whole, units[1].whole),
            (&SEQUENCE[..], &SHOWN_KEY[..])
        );
        assert_eq!(has_sequence_header(&sample), Ok(true));
        assert_eq!(has_sequence_header(&SHOWN_KEY), Ok(false));
    }

    #[test]
    fn the_last_unit_may_have_no_size() {
        let sample = [0x30, 0x10, 7, 7];
        assert_eq!(
            Obus::new(&sample).next().unwrap().unwrap().payload,
            [0x10, 7, 7]
        );
    }

    #[test]
    fn only_a_shown_key_frame_is_a_clean_start() {
        assert_eq!(is_clean_start(&SHOWN_KEY, &SEQUENCE), Ok(true));
        assert_eq!(
            is_clean_start(&[0x32, 1, 0x00], &SEQUENCE),
            Ok(false),
            "hidden key"
        );
        assert_eq!(
            is_clean_start(&[0x32, 1, 0x30], &SEQUENCE),
            Ok(false),
            "inter frame"
        );
        assert_eq!(
            is_clean_start(&[0x1a, 1, 0x90], &SEQUENCE),
            Ok(false),
            "shows another"
        );
        assert_eq!(is_clean_start(&SHOWN_KEY, &[]), Err(BadObu));
    }

    #[test]
    fn sizes_that_lie_are_errors() {
        for bad in [
            &[0x32, 2, 0][..],
            &[0x32],
            &[0x32, 0xff, 0xff],
            &[0xb2, 0],
            &[0x34],
        ] {
            assert!(Obus::new(bad).any(|unit| unit.is_err()), "{bad:?}");
        }
        assert_eq!(leb128(&[0xff; 9]), None);
    }
}
