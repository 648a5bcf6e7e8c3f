//! The box structure of ISO 14496-12: reading boxes out of bytes, and writing them nested.

use crate::bytes::Bytes;
use crate::scan::ScanError;

/// A box's type.
pub(crate) type Kind = [u8; 4];

impl<'a> Bytes<'a> {
    /// The next box inside this one: its type and its payload; `None` at the end.
    ///
    /// A size of 0 ("to the end of the file") has no meaning inside another box and is refused.
    pub(crate) fn next_box(&mut self) -> Result<Option<(Kind, Bytes<'a>)>, ScanError> {
        if self.is_empty() {
            return Ok(None);
        }
        let size = u64::from(self.u32()?);
        let kind = self.four_cc()?;
        let payload = match size {
            1 => self.u64()?.checked_sub(16),
            _ => size.checked_sub(8),
        };
        let Some(payload) = payload.and_then(|size| usize::try_from(size).ok()) else {
            return Err(ScanError::Invalid { what: "box size" });
        };
        let data = self.take(payload)?;
        Ok(Some((kind, Bytes::new(data, "box"))))
    }

    /// The only box of `kind` in here. None, or more than one, is an error that names `what`.
    pub(crate) fn only(mut self, kind: &Kind, what: &'static str) -> Result<Self, ScanError> {
        let mut found = None;
        while let Some((next, payload)) = self.next_box()? {
            if next == *kind && found.replace(payload.named(what)).is_some() {
                return Err(ScanError::Repeated { what });
            }
        }
        found.ok_or(ScanError::Missing { what })
    }
}

/// Appends a box of `kind` whose payload `fill` writes. Its size is set afterwards.
pub(crate) fn put_box(out: &mut Vec<u8>, kind: &Kind, fill: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(kind);
    fill(out);
    // Boxes built in memory here hold headers of at most a few megabytes.
    let size = u32::try_from(out.len() - start).unwrap_or(u32::MAX);
    out[start..start + 4].copy_from_slice(&size.to_be_bytes());
}

/// As [`put_box`], with the version and flags of a "full box".
pub(crate) fn put_full_box(
    out: &mut Vec<u8>,
    kind: &Kind,
    version: u8,
    flags: u32,
    fill: impl FnOnce(&mut Vec<u8>),
) {
    put_box(out, kind, |out| {
        put_u32(out, u32::from(version) << 24 | flags & 0x00ff_ffff);
        fill(out);
    });
}

pub(crate) fn put_u16(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_be_bytes());
}

pub(crate) fn put_u32(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_be_bytes());
}

pub(crate) fn put_u32s(out: &mut Vec<u8>, values: &[u32]) {
    values.iter().for_each(|value| put_u32(out, *value));
}

pub(crate) fn put_i32(out: &mut Vec<u8>, value: i32) {
    out.extend_from_slice(&value.to_be_bytes());
}

pub(crate) fn put_u64(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(&value.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_is_read_back() {
        let mut out = Vec::new();
        put_box(&mut out, b"moov", |out| {
            put_full_box(out, b"mfhd", 1, 7, |out| put_u32(out, 9))
        });
        let moov = Bytes::new(&out, "file").only(b"moov", "moov").unwrap();
        let mut mfhd = moov.only(b"mfhd", "mfhd").unwrap();
        assert_eq!(mfhd.version_and_flags().unwrap(), (1, 7));
        assert_eq!(mfhd.u32().unwrap(), 9);
        assert!(mfhd.is_empty());
    }

    #[test]
    fn sizes_that_lie_are_errors() {
        for bytes in [
            &[0, 0, 0, 0, b'm', b'o', b'o', b'v'][..],
            &[0, 0, 0, 7, b'm', b'o', b'o', b'v'],
            &[0, 0, 0, 9, b'm', b'o', b'o', b'v'],
            &[0, 0, 0, 1, b'm', b'o', b'o', b'v', 0, 0, 0, 0, 0, 0, 0, 15],
            &[
                0, 0, 0, 1, b'm', b'o', b'o', b'v', 255, 255, 255, 255, 255, 255, 255, 255,
            ],
            &[0, 0, 0],
        ] {
            assert!(Bytes::new(bytes, "test").next_box().is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn a_second_box_of_a_kind_is_refused_where_one_is_meant() {
        let mut out = Vec::new();
        put_box(&mut out, b"trak", |_| ());
        put_box(&mut out, b"trak", |_| ());
        let twice = Bytes::new(&out, "file").only(b"trak", "track");
        assert!(matches!(twice, Err(ScanError::Repeated { what: "track" })));
    }
}
