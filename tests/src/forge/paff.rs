//! Field-coded H.264, written macroblock by macroblock (ITU-T H.264, 7.3).
//!
//! Changed macroblocks are sent uncompressed, the others are skipped and so repeat the field of the same parity of the
//! frame before. Every third frame is coded as one frame picture, as adaptive encoders do.

use super::bits::{Bits, unit};
use crate::barcode;

const WIDTH: usize = 320;
/// A multiple of 32, so that a field is whole macroblocks.
const HEIGHT: usize = 192;
const COLUMNS: usize = WIDTH / 16;

const SLICE: u8 = 1;
const KEY_SLICE: u8 = 5;
const SEQUENCE: u8 = 7;
const PICTURE: u8 = 8;
const DELIMITER: u8 = 9;
/// The unit may be referred to.
const REFERENCE: u8 = 3 << 5;

/// The lines of a frame that a picture codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Frame,
    Top,
    Bottom,
}

/// The whole stream, with start codes.
pub fn stream(frames: u32, gop: u32) -> Vec<u8> {
    let mut stream = Vec::new();
    for number in 0..frames {
        let key = number % gop == 0;
        let parts: &[Part] = if !key && number % 3 == 2 {
            &[Part::Frame]
        } else {
            &[Part::Top, Part::Bottom]
        };
        for &part in parts {
            stream.extend(unit(&[DELIMITER], &[if key { 0x10 } else { 0x30 }]));
            let first = key && part == Part::Top;
            if first {
                stream.extend(unit(&[REFERENCE | SEQUENCE], &sequence()));
                stream.extend(unit(&[REFERENCE | PICTURE], &picture()));
            }
            let kind = if first { KEY_SLICE } else { SLICE };
            stream.extend(unit(&[REFERENCE | kind], &slice(number, gop, part)));
        }
    }
    stream
}

fn sequence() -> Vec<u8> {
    let mut bits = Bits::default();
    bits.bytes(&[77, 0, 30]); // main profile, level 3
    bits.ue(0);
    bits.ue(4); // frame numbers of 8 bits
    bits.ue(0);
    bits.ue(4); // picture order counts of 8 bits
    bits.ue(2); // reference frames
    bits.put(1, 0);
    bits.ue(COLUMNS as u32 - 1);
    bits.ue(HEIGHT as u32 / 32 - 1);
    bits.put(4, 0b0010); // fields allowed, none within a frame, direct inference, no cropping
    bits.put(1, 1); // usability information
    bits.put(4, 0);
    bits.put(1, 1); // timing: 50 fields a second, fixed
    bits.put(32, 1);
    bits.put(32, 50);
    bits.put(1, 1);
    bits.put(3, 0);
    bits.put(1, 1); // restrictions
    bits.put(1, 1);
    for value in [0, 0, 10, 10, 0, 2] {
        bits.ue(value); // ..., no reordering, two frames in the buffer
    }
    bits.stopped()
}

fn picture() -> Vec<u8> {
    let mut bits = Bits::default();
    bits.ue(0);
    bits.ue(0);
    bits.put(2, 0); // variable-length codes
    for _ in 0..3 {
        bits.ue(0); // one slice group, one reference in either list
    }
    bits.put(3, 0); // no weights
    for _ in 0..3 {
        bits.ue(0); // quantisers in the middle
    }
    bits.put(3, 0b100); // slices say how they are deblocked
    bits.stopped()
}

fn slice(number: u32, gop: u32, part: Part) -> Vec<u8> {
    let since_key = number % gop;
    let intra = since_key == 0;
    let mut bits = Bits::default();
    bits.ue(0);
    bits.ue(if intra { 7 } else { 5 });
    bits.ue(0);
    bits.put(8, since_key & 255);
    match part {
        Part::Frame => bits.put(1, 0),
        Part::Top => bits.put(2, 0b10),
        Part::Bottom => bits.put(2, 0b11),
    }
    let key = intra && part == Part::Top;
    if key {
        bits.ue(number / gop % 2);
    }
    bits.put(8, (2 * since_key + u32::from(part == Part::Bottom)) & 255);
    if !intra {
        bits.put(2, 0); // as many references as the picture set says, in their own order
    }
    bits.put(if key { 2 } else { 1 }, 0);
    bits.ue(0);
    bits.ue(1); // not deblocked
    macroblocks(&mut bits, number, intra, part);
    bits.stopped()
}

fn macroblocks(bits: &mut Bits, number: u32, intra: bool, part: Part) {
    let rows = if part == Part::Frame {
        HEIGHT / 16
    } else {
        HEIGHT / 32
    };
    let mut skipped = 0;
    for place in 0..rows * COLUMNS {
        let (column, row) = (place % COLUMNS, place / COLUMNS);
        let block = luma(number, part, column, row);
        if !intra && block == luma(number - 1, part, column, row) {
            skipped += 1;
            continue;
        }
        if !intra {
            bits.ue(skipped);
            skipped = 0;
        }
        bits.ue(if intra { 25 } else { 30 }); // uncompressed
        bits.align();
        bits.bytes(&block);
        bits.bytes(&[128; 128]);
    }
    if skipped > 0 {
        bits.ue(skipped);
    }
}

fn luma(number: u32, part: Part, column: usize, row: usize) -> Vec<u8> {
    let mut block = Vec::with_capacity(256);
    for line in row * 16..row * 16 + 16 {
        let y = match part {
            Part::Frame => line,
            Part::Top => 2 * line,
            Part::Bottom => 2 * line + 1,
        };
        block.extend((column * 16..column * 16 + 16).map(|x| pixel(number, x, y)));
    }
    block
}

/// The band, and below it a bright square that runs over a slope. The two fields see the square at two moments.
fn pixel(number: u32, x: usize, y: usize) -> u8 {
    if let Some(luma) = barcode::luma(number, (x, y), (WIDTH, HEIGHT)) {
        return luma;
    }
    let moment = 2 * number as usize + y % 2;
    let left = moment * 3 % (WIDTH - 32);
    let inside = (left..left + 32).contains(&x) && (90..122).contains(&y);
    if inside {
        220
    } else {
        (40 + x / 4 + y / 4) as u8
    }
}
