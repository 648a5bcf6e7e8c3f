//! Donors' files made by hand for the unit tests.

use crate::boxes::{put_box, put_full_box, put_i32, put_u32, put_u32s, put_u64};
use crate::config::{Codec, Config};
use crate::entry::SampleEntry;
use crate::track::{Sample, Track};

pub(crate) const SPS: &[u8] = &[0x67, 66, 0, 31];
pub(crate) const PPS: &[u8] = &[0x68, 1];

/// A sample of NAL units behind 4-byte lengths.
pub(crate) fn sample(nals: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    for nal in nals {
        put_u32(&mut out, nal.len() as u32);
        out.extend_from_slice(nal);
    }
    out
}

/// An avcC record of one SPS and one PPS.
pub(crate) fn avcc(sps: &[u8], pps: &[u8]) -> Vec<u8> {
    let mut record = vec![1, 66, 0, 31, 0xff, 0xe1, 0, sps.len() as u8];
    record.extend_from_slice(sps);
    record.extend([1, 0, pps.len() as u8]);
    record.extend_from_slice(pps);
    record
}

pub(crate) fn entry(record: &[u8]) -> SampleEntry {
    let config = Config::parse(Codec::H264, record).unwrap();
    SampleEntry {
        kind: *b"avc1",
        width: 64,
        height: 48,
        config,
        kept: Vec::new(),
    }
}

/// A track that exists only in memory; its first sample is a clean key.
pub(crate) fn track(pts: &[i64]) -> Track {
    let sample = |(index, pts): (usize, &i64)| Sample {
        offset: 10 * index as u64,
        pts: *pts,
        size: 10,
        key: index == 0,
    };
    Track {
        entry: entry(&avcc(SPS, PPS)),
        timescale: 1000,
        samples: pts.iter().enumerate().map(sample).collect(),
        last_duration: 1,
        clean_start: true,
        strays: false,
    }
}

/// A segment's file as ffmpeg would write it: one fragment, unsigned composition offsets.
pub(crate) struct Donor {
    pub(crate) record: Vec<u8>,
    pub(crate) pts: Vec<i64>,
    pub(crate) samples: Vec<Vec<u8>>,
    /// What the `trun` says its number of rows is, if not the truth.
    pub(crate) claimed_count: Option<u32>,
}

impl Donor {
    pub(crate) fn h264(pts: &[i64]) -> Self {
        let slice = |index: usize| match index {
            0 => sample(&[&[0x65, 0xaa, 0]]),
            _ => sample(&[&[0x41, 0xbb, index as u8]]),
        };
        Self {
            record: avcc(SPS, PPS),
            pts: pts.to_vec(),
            samples: (0..pts.len()).map(slice).collect(),
            claimed_count: None,
        }
    }

    pub(crate) fn file(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_box(&mut out, b"ftyp", |out| out.extend_from_slice(b"isom"));
        put_box(&mut out, b"moov", |out| {
            put_box(out, b"trak", |out| {
                put_full_box(out, b"tkhd", 0, 3, |out| {
                    put_u64(out, 0);
                    put_u32(out, 1);
                });
                put_box(out, b"mdia", |out| self.put_media(out));
            });
            put_box(out, b"mvex", |out| {
                put_full_box(out, b"trex", 0, 0, |out| {
                    put_u32s(out, &[1, 1, 0, 0, 0]);
                });
            });
        });
        let moof = self.moof(0);
        out.extend_from_slice(&self.moof(moof.len() as i32 + 8));
        put_box(&mut out, b"mdat", |out| {
            out.extend_from_slice(&self.samples.concat())
        });
        out
    }

    fn put_media(&self, out: &mut Vec<u8>) {
        put_full_box(out, b"mdhd", 0, 0, |out| {
            put_u32s(out, &[0, 0, 1000, 0]);
        });
        put_full_box(out, b"hdlr", 0, 0, |out| {
            put_u32(out, 0);
            out.extend_from_slice(b"vide");
        });
        put_box(out, b"minf", |out| {
            put_box(out, b"stbl", |out| {
                put_full_box(out, b"stsz", 0, 0, |out| put_u64(out, 0));
                put_full_box(out, b"stsd", 0, 0, |out| {
                    put_u32(out, 1);
                    entry(&self.record).put(out);
                });
            });
        });
    }

    fn moof(&self, data_offset: i32) -> Vec<u8> {
        let mut out = Vec::new();
        let lead = 100;
        put_box(&mut out, b"moof", |out| {
            put_box(out, b"traf", |out| {
                put_full_box(out, b"tfhd", 0, 0x02_0000, |out| put_u32(out, 1));
                put_full_box(out, b"tfdt", 1, 0, |out| put_u64(out, 0));
                put_full_box(out, b"trun", 0, 0xf01, |out| {
                    put_u32(out, self.claimed_count.unwrap_or(self.pts.len() as u32));
                    put_i32(out, data_offset);
                    for (index, (pts, sample)) in self.pts.iter().zip(&self.samples).enumerate() {
                        put_u32(out, 1);
                        put_u32(out, sample.len() as u32);
                        put_u32(out, if index == 0 { 0x0200_0000 } else { 0x0101_0000 });
                        put_i32(out, (pts + lead - index as i64) as i32);
                    }
                });
            });
        });
        out
    }
}
