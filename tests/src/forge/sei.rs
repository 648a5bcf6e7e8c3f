//! Registered user data (ITU-T T.35) before each picture of a raw stream.

use anyhow::{Result, ensure};

use super::bits::{Bits, unit, units};

const H264_SEI: u8 = 6;
const HEVC_PREFIX_SEI: u8 = 39;
const REGISTERED_USER_DATA: u8 = 4;

/// Two caption bytes (the letters `HI`) before each picture.
pub fn captions(stream: &[u8]) -> Result<Vec<u8>> {
    // Country, provider ATSC, "GA94", captions, one triplet of field 1, end marker (ATSC A/53 part 4, 6.2.3).
    let data = [
        0xb5,
        0x00,
        0x31,
        b'G',
        b'A',
        b'9',
        b'4',
        3,
        0x41,
        0xff,
        0xfc,
        b'H' | 0x80,
        b'I',
        0xff,
    ];
    let message = unit(&[H264_SEI], &message(&data));
    with_message(stream, &message, |unit| {
        let kind = unit[0] & 31;
        // A first macroblock of 0 is the single bit 1.
        (kind == 1 || kind == 5) && unit[1] & 0x80 != 0
    })
}

/// One window of HDR10+ with a peak that does not change before each picture.
pub fn hdr10_plus(stream: &[u8]) -> Result<Vec<u8>> {
    let message = unit(&[HEVC_PREFIX_SEI << 1, 1], &message(&dynamic_metadata()));
    with_message(stream, &message, |unit| {
        unit[0] >> 1 < 32 && unit[2] & 0x80 != 0
    })
}

/// SMPTE ST 2094-40, application version 1, one window.
fn dynamic_metadata() -> Vec<u8> {
    let mut bits = Bits::default();
    bits.bytes(&[0xb5, 0x00, 0x3c, 0x00, 0x01, 4, 1]);
    bits.put(2, 1); // windows
    bits.put(27, 400); // targeted luminance, cd/m²
    bits.put(1, 0); // no actual peak of the targeted display
    for _ in 0..3 {
        bits.put(17, 10_000); // largest component
    }
    bits.put(17, 2_000); // average
    bits.put(4, 0); // no percentiles
    bits.put(10, 100); // bright pixels
    bits.put(1, 0); // no actual peak of the mastering display
    bits.put(1, 0); // no tone curve
    bits.put(1, 0); // no saturation
    bits.padded()
}

fn message(data: &[u8]) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.bytes(&[REGISTERED_USER_DATA, data.len() as u8]);
    bits.bytes(data);
    bits.stopped()
}

fn with_message(
    stream: &[u8],
    message: &[u8],
    starts_picture: impl Fn(&[u8]) -> bool,
) -> Result<Vec<u8>> {
    let mut whole = Vec::with_capacity(stream.len() * 2);
    let mut pictures = 0;
    for unit in units(stream).into_iter().filter(|unit| unit.len() > 2) {
        if starts_picture(unit) {
            whole.extend_from_slice(message);
            pictures += 1;
        }
        whole.extend_from_slice(&[0, 0, 0, 1]);
        whole.extend_from_slice(unit);
    }
    ensure!(pictures > 0, "no picture in the stream");
    Ok(whole)
}
