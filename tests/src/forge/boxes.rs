//! A box put into the sample entry of a finished MP4 file.

use anyhow::{Context, Result, ensure};

/// The boxes from the top down to the video's sample entry, and how far their children start behind their header.
const PATH: [(&[u8; 4], usize); 7] = [
    (b"moov", 0),
    (b"trak", 0),
    (b"mdia", 0),
    (b"minf", 0),
    (b"stbl", 0),
    (b"stsd", 8),
    (b"hvc1", 78),
];

/// Says that the film is Dolby Vision profile 8.1, level 1, with a base layer and metadata.
pub fn dolby_vision(file: &[u8]) -> Result<Vec<u8>> {
    let mut configuration = [0u8; 32];
    configuration[..4].copy_from_slice(&32u32.to_be_bytes());
    configuration[4..8].copy_from_slice(b"dvvC");
    // Version 1.0; profile 8 in 7 bits, level 1 in 6; metadata, no second layer, base layer; compatible with HDR10.
    configuration[8..13].copy_from_slice(&[1, 0, 8 << 1, 1 << 3 | 0b101, 1 << 4]);
    insert(file, &configuration)
}

fn insert(file: &[u8], new: &[u8]) -> Result<Vec<u8>> {
    let (mut start, mut end) = (0, file.len());
    let mut sizes = Vec::new();
    for (name, skip) in PATH {
        let (at, length) = find(&file[start..end], name)
            .with_context(|| format!("no {} box in the file", String::from_utf8_lossy(name)))?;
        sizes.push(start + at);
        end = start + at + length;
        start += at + 8 + skip;
    }
    ensure!(
        find(file, b"mdat").is_some_and(|(at, _)| at < sizes[0]),
        "the moov box must come last"
    );
    let mut whole = [&file[..end], new, &file[end..]].concat();
    for at in sizes {
        let size = u32::from_be_bytes([whole[at], whole[at + 1], whole[at + 2], whole[at + 3]])
            + new.len() as u32;
        whole[at..at + 4].copy_from_slice(&size.to_be_bytes());
    }
    Ok(whole)
}

/// Where a box of this name starts among the boxes in `within`, and its length.
fn find(within: &[u8], name: &[u8; 4]) -> Option<(usize, usize)> {
    let mut at = 0;
    while at + 8 <= within.len() {
        let length =
            u32::from_be_bytes([within[at], within[at + 1], within[at + 2], within[at + 3]])
                as usize;
        if &within[at + 4..at + 8] == name {
            return Some((at, length));
        }
        at += length.max(8);
    }
    None
}
