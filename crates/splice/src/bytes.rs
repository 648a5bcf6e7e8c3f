//! A cursor over bytes in memory that cannot read past their end.

use crate::scan::ScanError;

/// What is left to read of a box.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes<'a> {
    rest: &'a [u8],
    what: &'static str,
}

impl<'a> Bytes<'a> {
    /// `what` names the structure in errors.
    pub(crate) fn new(data: &'a [u8], what: &'static str) -> Self {
        Self { rest: data, what }
    }

    /// The same bytes under another name in errors.
    pub(crate) fn named(self, what: &'static str) -> Self {
        Self { what, ..self }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], ScanError> {
        let Some((head, tail)) = self.rest.split_at_checked(count) else {
            return Err(ScanError::Truncated { what: self.what });
        };
        self.rest = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ScanError> {
        let Some((head, tail)) = self.rest.split_first_chunk::<N>() else {
            return Err(ScanError::Truncated { what: self.what });
        };
        self.rest = tail;
        Ok(*head)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, ScanError> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, ScanError> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, ScanError> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn i32(&mut self) -> Result<i32, ScanError> {
        self.array().map(i32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, ScanError> {
        self.array().map(u64::from_be_bytes)
    }

    pub(crate) fn four_cc(&mut self) -> Result<[u8; 4], ScanError> {
        self.array()
    }

    /// The version and flags that a "full box" opens with.
    pub(crate) fn version_and_flags(&mut self) -> Result<(u8, u32), ScanError> {
        let word = self.u32()?;
        Ok(((word >> 24) as u8, word & 0x00ff_ffff))
    }
}
