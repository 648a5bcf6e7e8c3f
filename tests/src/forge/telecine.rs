//! Soft telecine: film at 24000/1001 told to be shown as 30000/1001 by repeat flags (ISO/IEC 13818-2, 6.2).

use anyhow::{Result, ensure};

const PICTURE: u8 = 0x00;
const SEQUENCE: u8 = 0xb3;
const EXTENSION: u8 = 0xb5;
const GROUP: u8 = 0xb8;
/// 30000/1001 in the table of frame rates.
const NTSC: u8 = 4;
/// Top field first and repeat first field, for four frames shown in ten fields.
const CADENCE: [(u8, u8); 4] = [(1, 1), (0, 0), (0, 1), (1, 0)];

/// Sets the frame rate, interlaced display and the 2:3 pattern in display order.
pub fn pull_down(stream: &[u8]) -> Result<Vec<u8>> {
    let mut stream = stream.to_vec();
    let codes: Vec<usize> = stream
        .windows(3)
        .enumerate()
        .filter(|(_, code)| code == &[0, 0, 1])
        .map(|(at, _)| at + 3)
        .collect();
    let (mut shown, mut group, mut position) = (0usize, 0usize, 0usize);
    for at in codes {
        match stream[at] {
            SEQUENCE => stream[at + 4] = stream[at + 4] & 0xf0 | NTSC,
            GROUP => group = shown,
            PICTURE => {
                let reference = usize::from(stream[at + 1]) << 2 | usize::from(stream[at + 2] >> 6);
                position = group + reference;
                shown += 1;
            }
            EXTENSION => match stream[at + 1] >> 4 {
                // Sequence extension: not a progressive sequence.
                1 => stream[at + 2] &= !0x08,
                8 => set_flags(&mut stream[at..], CADENCE[position % 4])?,
                _ => {}
            },
            _ => {}
        }
    }
    ensure!(shown > 0, "no picture in the stream");
    Ok(stream)
}

fn set_flags(extension: &mut [u8], (top_first, repeat): (u8, u8)) -> Result<()> {
    ensure!(extension[3] & 3 == 3, "not a frame picture");
    extension[4] = extension[4] & 0x7d | top_first << 7 | repeat << 1;
    extension[5] |= 0x80;
    Ok(())
}
