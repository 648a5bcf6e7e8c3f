//! The joined file's `ftyp` and `moov`.

use crate::boxes::{put_box, put_full_box, put_i32, put_u16, put_u32, put_u32s, put_u64};
use crate::join::Joined;
use crate::write::DisplayMatrix;

/// The one track's number.
pub(crate) const TRACK_ID: u32 = 1;
/// Language "undetermined" (ISO 639-2 `und`, three letters of 5 bits).
const UNDETERMINED: u16 = 0x55c4;

/// The head as bytes: no edit list, no samples.
pub(crate) fn head(joined: &Joined, matrix: DisplayMatrix) -> Vec<u8> {
    let mut out = Vec::with_capacity(2048);
    put_box(&mut out, b"ftyp", |out| {
        out.extend_from_slice(b"iso6");
        put_u32(out, 0x200);
        out.extend_from_slice(b"iso6mp41");
    });
    put_box(&mut out, b"moov", |out| {
        put_full_box(out, b"mvhd", 0, 0, |out| {
            // created, modified, ticks a second, duration
            put_u32s(out, &[0, 0, 1000, 0]);
            put_u32(out, 0x0001_0000); // rate 1
            put_u16(out, 0x0100); // volume 1
            out.extend_from_slice(&[0; 10]);
            put_matrix(out, DisplayMatrix::UPRIGHT);
            out.extend_from_slice(&[0; 24]);
            put_u32(out, TRACK_ID + 1);
        });
        put_box(out, b"trak", |out| put_track(out, joined, matrix));
        put_box(out, b"mvex", |out| {
            put_full_box(out, b"trex", 0, 0, |out| {
                // sample entry 1; every fragment states the rest
                put_u32s(out, &[TRACK_ID, 1, 0, 0, 0]);
            });
        });
    });
    out
}

fn put_matrix(out: &mut Vec<u8>, matrix: DisplayMatrix) {
    matrix.0.iter().for_each(|value| put_i32(out, *value));
}

fn put_track(out: &mut Vec<u8>, joined: &Joined, matrix: DisplayMatrix) {
    // enabled, in the film
    put_full_box(out, b"tkhd", 0, 3, |out| {
        put_u32s(out, &[0, 0, TRACK_ID, 0, 0]);
        out.extend_from_slice(&[0; 16]);
        put_matrix(out, matrix);
        put_u32(out, u32::from(joined.entry.width) << 16);
        put_u32(out, u32::from(joined.entry.height) << 16);
    });
    put_box(out, b"mdia", |out| {
        put_full_box(out, b"mdhd", 0, 0, |out| {
            put_u32s(out, &[0, 0, joined.timescale, 0]);
            put_u16(out, UNDETERMINED);
            put_u16(out, 0);
        });
        put_full_box(out, b"hdlr", 0, 0, |out| {
            put_u32(out, 0);
            out.extend_from_slice(b"vide");
            out.extend_from_slice(&[0; 13]);
        });
        put_box(out, b"minf", |out| {
            put_full_box(out, b"vmhd", 0, 1, |out| put_u64(out, 0));
            put_box(out, b"dinf", |out| {
                put_full_box(out, b"dref", 0, 0, |out| {
                    put_u32(out, 1);
                    put_full_box(out, b"url ", 0, 1, |_| ()); // in this file
                });
            });
            put_box(out, b"stbl", |out| put_sample_table(out, joined));
        });
    });
}

fn put_sample_table(out: &mut Vec<u8>, joined: &Joined) {
    put_full_box(out, b"stsd", 0, 0, |out| {
        put_u32(out, 1);
        joined.entry.put(out);
    });
    for kind in [b"stts", b"stsc", b"stco"] {
        put_full_box(out, kind, 0, 0, |out| put_u32(out, 0));
    }
    put_full_box(out, b"stsz", 0, 0, |out| put_u64(out, 0));
}
