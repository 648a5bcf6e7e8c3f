//! Packed bitstreams: what DivX 5 and XviD did so that players which took one picture out of each packet of AVI could show
//! pictures that are decoded before they are shown. A packet holds a picture and the B-picture after it; in that one's own
//! packet is a picture that says only "as before".

use anyhow::{Context, Result, ensure};

/// By this the decoder knows (ISO/IEC 14496-2 user data, as DivX wrote it): the last letter says "packed".
const SIGNED: &[u8] = b"\x00\x00\x01\xb2DivX503b1393p";
/// A picture that is not coded: start code, type P, no time, not coded.
const NOTHING: &[u8] = &[0, 0, 1, 0xb6, 0x50, 0x50, 0x7f];
const PICTURE: &[u8] = &[0, 0, 1, 0xb6];

/// The same film with its B-pictures moved.
pub fn pack(avi: &[u8]) -> Result<Vec<u8>> {
    let list = find(avi, b"movi").context("no packets in the file")? - 8;
    let end = list + 8 + size(avi, list + 4);
    let mut packets = packets(&avi[list + 12..end])?;
    let count = packets.len();
    for at in 1..count {
        if kind(&packets[at])? == 2 && kind(&packets[at - 1])? != 2 {
            let moved = std::mem::replace(&mut packets[at], NOTHING.to_vec());
            packets[at - 1].extend(moved);
        }
    }
    ensure!(packets.iter().any(|p| p == NOTHING), "no B-picture");
    // After the headers and before the first picture.
    let first = find(&packets[0], PICTURE).context("no picture")?;
    packets[0].splice(first..first, SIGNED.iter().copied());
    let mut movi = b"movi".to_vec();
    packets
        .iter()
        .for_each(|packet| chunk(&mut movi, b"00dc", packet));
    // Without its index, which is optional: it would be of the packets as they were.
    let mut file = avi[..list].to_vec();
    chunk(&mut file, b"LIST", &movi);
    let whole = u32::try_from(file.len() - 8)?;
    file[4..8].copy_from_slice(&whole.to_le_bytes());
    Ok(file)
}

/// 0: I, 1: P, 2: B.
fn kind(packet: &[u8]) -> Result<u8> {
    let at = find(packet, PICTURE).context("no picture in a packet")?;
    Ok(packet.get(at + 4).context("a cut picture")? >> 6)
}

fn packets(mut movi: &[u8]) -> Result<Vec<Vec<u8>>> {
    let mut packets = Vec::new();
    while movi.len() >= 8 {
        ensure!(&movi[..4] == b"00dc", "more than a film in the file");
        let length = size(movi, 4);
        packets.push(movi[8..8 + length].to_vec());
        movi = &movi[(8 + length.next_multiple_of(2)).min(movi.len())..];
    }
    Ok(packets)
}

fn chunk(file: &mut Vec<u8>, name: &[u8; 4], content: &[u8]) {
    file.extend(name);
    file.extend(
        u32::try_from(content.len())
            .unwrap_or(u32::MAX)
            .to_le_bytes(),
    );
    file.extend(content);
    file.extend(&[0][..content.len() % 2]);
}

fn size(bytes: &[u8], at: usize) -> usize {
    let four = bytes.get(at..at + 4).and_then(|four| four.try_into().ok());
    four.map_or(0, |four| u32::from_le_bytes(four) as usize)
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|part| part == what)
}
