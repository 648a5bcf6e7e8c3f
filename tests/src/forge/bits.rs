//! Bits, Exp-Golomb codes, and units with start codes (ITU-T H.264, 7.3 and annex B).

/// Writes bits, most significant first.
#[derive(Debug, Default)]
pub struct Bits {
    bytes: Vec<u8>,
    filled: u32,
}

impl Bits {
    /// Appends the low `count` bits of `value`.
    pub fn put(&mut self, count: u32, value: u32) {
        for at in (0..count).rev() {
            if self.filled.is_multiple_of(8) {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= ((value >> at & 1) as u8) << (7 - self.filled % 8);
            }
            self.filled += 1;
        }
    }

    /// Appends an unsigned Exp-Golomb code.
    pub fn ue(&mut self, value: u32) {
        let length = 32 - (value + 1).leading_zeros();
        self.put(length - 1, 0);
        self.put(length, value + 1);
    }

    /// Fills up to a whole byte with zeros.
    pub fn align(&mut self) {
        while !self.filled.is_multiple_of(8) {
            self.put(1, 0);
        }
    }

    /// Appends whole bytes; the writer must be aligned.
    pub fn bytes(&mut self, bytes: &[u8]) {
        debug_assert_eq!(self.filled % 8, 0, "bytes go on a byte's border");
        self.bytes.extend_from_slice(bytes);
    }

    /// Ends with the stop bit and gives the bytes.
    #[must_use]
    pub fn stopped(mut self) -> Vec<u8> {
        self.put(1, 1);
        self.align();
        self.bytes
    }

    /// Ends with zeros up to a whole byte and gives the bytes.
    #[must_use]
    pub fn padded(mut self) -> Vec<u8> {
        self.align();
        self.bytes
    }
}

/// A unit with its start code: the header, then the payload with emulation prevention.
#[must_use]
pub fn unit(header: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut unit = vec![0, 0, 0, 1];
    unit.extend_from_slice(header);
    let mut zeros = 0;
    for &byte in payload {
        if zeros == 2 && byte <= 3 {
            unit.push(3);
            zeros = 0;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        unit.push(byte);
    }
    unit
}

/// The units of a stream, without their start codes.
#[must_use]
pub fn units(stream: &[u8]) -> Vec<&[u8]> {
    let starts: Vec<usize> = stream
        .windows(3)
        .enumerate()
        .filter(|(_, code)| code == &[0, 0, 1])
        .map(|(at, _)| at + 3)
        .collect();
    let mut units = Vec::with_capacity(starts.len());
    for (index, &start) in starts.iter().enumerate() {
        let end = starts.get(index + 1).map_or(stream.len(), |next| next - 3);
        let body = &stream[start..end];
        let length = body
            .iter()
            .rposition(|&byte| byte != 0)
            .map_or(0, |last| last + 1);
        units.push(&body[..length]);
    }
    units
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_standard() {
        let mut bits = Bits::default();
        for value in 0..4 {
            bits.ue(value);
        }
        // 1 010 011 00100, then the stop bit.
        assert_eq!(bits.stopped(), [0b1010_0110, 0b0100_1000]);
    }

    #[test]
    fn zeros_are_escaped_and_units_found_again() {
        let stream: Vec<u8> = [unit(&[9], &[0, 0, 0, 1, 7]), unit(&[6], &[5])].concat();
        assert_eq!(stream[..11], [0, 0, 0, 1, 9, 0, 0, 3, 0, 1, 7]);
        assert_eq!(units(&stream), [&[9, 0, 0, 3, 0, 1, 7][..], &[6, 5]]);
    }
}
