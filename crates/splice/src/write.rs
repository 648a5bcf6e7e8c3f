//! The second pass: the joined film as one fragmented MP4, a fragment at a time.

use std::io::{self, Read, Seek, SeekFrom, Write};

use thiserror::Error;

use crate::boxes::{put_box, put_full_box, put_i32, put_u32, put_u64};
use crate::config::Codec;
use crate::head_writer::{TRACK_ID, head};
use crate::join::{Joined, Placed, Stamp};
use crate::nal;
use crate::obu;
use crate::track::Sample;

/// The most samples of a fragment.
const FRAGMENT_SAMPLES: usize = 250;
/// The most bytes of a fragment, unless one sample alone is larger. What a write holds at once.
const FRAGMENT_BYTES: u64 = 8 << 20;
/// Sample flags of ISO 14496-12 §8.8.3.1: depends on no other; or on others, and not a key.
const KEY: u32 = 0x0200_0000;
const NOT_KEY: u32 = 0x0101_0000;

/// How a player turns the picture: the nine numbers of a `tkhd` matrix, in its fixed point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DisplayMatrix(pub [i32; 9]);

impl DisplayMatrix {
    /// As coded.
    pub const UPRIGHT: Self = Self([0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000]);
}

/// What ffmpeg starts MurmurHash3 with (`libavutil/murmur3.c`).
const FFMPEG_SEED: u64 = 0x725a_cc55_dadd_ca55;

/// A packet of the joined film, as it was written.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// Which sample of the whole film, in decoding order, from 0.
    pub index: u32,
    /// When it is shown, in ticks.
    pub pts: i64,
    /// When it is decoded, in ticks.
    pub dts: i64,
    /// Whether decoding may start at it.
    pub key: bool,
    /// Its bytes in the joined file, in-band parameter sets included.
    pub data: &'a [u8],
}

impl Packet<'_> {
    /// MurmurHash3 (128 bit) of the bytes: what ffmpeg's `framehash -hash murmur3` says of the packet after a
    /// stream copy. It tells a packet that was damaged or moved on the way, at a third of the cost of SHA-256; nobody
    /// who could choose colliding bytes stands between the splice and the joined file.
    #[must_use]
    pub fn murmur3(&self) -> [u8; 16] {
        fastmurmur3::murmur3_x64_128(self.data, FFMPEG_SEED).to_le_bytes()
    }
}

/// What a write wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Samples.
    pub samples: u32,
    /// Bytes, headers included.
    pub bytes: u64,
}

/// Why a segment could not be written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// The segment's file could not be read (again).
    #[error("could not read segment {part}: {source}")]
    Read {
        /// Which segment.
        part: usize,
        /// What happened.
        source: io::Error,
    },
    /// The joined file could not be written.
    #[error("could not write the joined film: {0}")]
    Write(#[source] io::Error),
    /// The segment's file is not what it was when it was scanned.
    #[error("segment {part} has changed since it was checked")]
    Changed {
        /// Which segment.
        part: usize,
    },
    /// There is no such segment.
    #[error("there is no segment {part}")]
    NoSuchPart {
        /// Which segment.
        part: usize,
    },
}

/// Samples of one fragment, ready to be written.
#[derive(Default)]
struct Fragment {
    rows: Vec<(Stamp, u32, bool)>,
    data: Vec<u8>,
}

impl Joined {
    /// Writes what comes before the first segment: `ftyp` and `moov`.
    ///
    /// # Errors
    /// What `out` says.
    pub fn write_head(
        &self,
        out: &mut impl Write,
        matrix: DisplayMatrix,
    ) -> Result<u64, WriteError> {
        let head = head(self, matrix);
        out.write_all(&head).map_err(WriteError::Write)?;
        Ok(head.len() as u64)
    }

    /// Writes segment `part` out of its file, as fragments of at most 250 samples or 8 MiB, and
    /// shows every packet to `each`. Segments are to be written in order, each once, after the
    /// head.
    ///
    /// # Errors
    /// [`WriteError`]; what was written until then is of no use.
    pub fn write_part<R: Read + Seek>(
        &self,
        out: &mut impl Write,
        part: usize,
        mut reader: R,
        mut each: impl FnMut(Packet<'_>),
    ) -> Result<Written, WriteError> {
        let placed = self
            .parts
            .get(part)
            .ok_or(WriteError::NoSuchPart { part })?;
        let stamps = placed.stamps().ok_or(WriteError::Changed { part })?;
        let (samples, mut written) = (&placed.track.samples, Written::default());
        let mut done = 0;
        while done < samples.len() {
            let run = &samples[done..done + run_length(&samples[done..])];
            let mut fragment = Fragment::default();
            for (index, sample) in (done..).zip(run) {
                let index_in_film = placed.first_sample + index as u32;
                let data = fragment.read(self, placed, sample, stamps[index], &mut reader);
                let data = data.map_err(|bad| bad.in_part(part))?;
                let (pts, dts) = (sample.pts, stamps[index].dts);
                each(Packet {
                    index: index_in_film,
                    pts,
                    dts,
                    key: sample.key,
                    data,
                });
            }
            // Rising and unique, which is all that a sequence number has to be.
            let sequence = (placed.first_sample + done as u32).saturating_add(1);
            written.bytes += fragment.write(out, sequence).map_err(WriteError::Write)?;
            done += run.len();
        }
        written.samples = samples.len() as u32;
        Ok(written)
    }
}

/// How many of `samples` go into one fragment; at least one.
fn run_length(samples: &[Sample]) -> usize {
    let mut bytes = 0_u64;
    let fits = |sample: &&Sample| {
        bytes += u64::from(sample.size);
        bytes <= FRAGMENT_BYTES
    };
    samples
        .iter()
        .take(FRAGMENT_SAMPLES)
        .take_while(fits)
        .count()
        .max(1)
}

/// What can be wrong with one sample on its way.
enum BadRead {
    Io(io::Error),
    Changed,
}

impl BadRead {
    fn in_part(self, part: usize) -> WriteError {
        match self {
            Self::Io(source) => WriteError::Read { part, source },
            Self::Changed => WriteError::Changed { part },
        }
    }
}

impl Fragment {
    /// Appends a sample out of its file and returns it as it will stand in the joined one.
    fn read<R: Read + Seek>(
        &mut self,
        joined: &Joined,
        placed: &Placed,
        sample: &Sample,
        stamp: Stamp,
        reader: &mut R,
    ) -> Result<&[u8], BadRead> {
        let start = self.data.len();
        reader
            .seek(SeekFrom::Start(sample.offset))
            .map_err(BadRead::Io)?;
        let read = reader
            .by_ref()
            .take(sample.size.into())
            .read_to_end(&mut self.data);
        if read.map_err(BadRead::Io)? as u64 != u64::from(sample.size) {
            return Err(BadRead::Changed);
        }
        if let Some(converted) = convert(joined, placed, sample.key, &self.data[start..])? {
            self.data.truncate(start);
            self.data.extend_from_slice(&converted);
        }
        let data = &self.data[start..];
        let size = u32::try_from(data.len()).map_err(|_| BadRead::Changed)?;
        self.rows.push((stamp, size, sample.key));
        Ok(data)
    }

    fn write(&self, out: &mut impl Write, sequence: u32) -> io::Result<u64> {
        let moof_bytes = self.moof(sequence, 0).len();
        let mut head = Vec::with_capacity(moof_bytes + 16);
        let length = self.data.len() as u64;
        match u32::try_from(length + 8) {
            Ok(size) => {
                head.extend(self.moof(sequence, moof_bytes + 8));
                put_u32(&mut head, size);
                head.extend_from_slice(b"mdat");
            }
            Err(_) => {
                head.extend(self.moof(sequence, moof_bytes + 16));
                put_u32(&mut head, 1);
                head.extend_from_slice(b"mdat");
                put_u64(&mut head, length + 16);
            }
        }
        out.write_all(&head)?;
        out.write_all(&self.data)?;
        Ok(head.len() as u64 + length)
    }

    fn moof(&self, sequence: u32, data_offset: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(128 + 16 * self.rows.len());
        let start = self.rows.first().map_or(0, |(stamp, _, _)| stamp.dts);
        put_box(&mut out, b"moof", |out| {
            put_full_box(out, b"mfhd", 0, 0, |out| put_u32(out, sequence));
            put_box(out, b"traf", |out| {
                // the fragment is the base of its offsets
                put_full_box(out, b"tfhd", 0, 0x02_0000, |out| put_u32(out, TRACK_ID));
                put_full_box(out, b"tfdt", 1, 0, |out| put_u64(out, start.unsigned_abs()));
                // data offset; duration, size, flags and signed composition offset of each
                put_full_box(out, b"trun", 1, 0xf01, |out| {
                    put_u32(out, self.rows.len() as u32);
                    put_u32(out, data_offset as u32);
                    for (stamp, size, key) in &self.rows {
                        put_u32(out, stamp.duration);
                        put_u32(out, *size);
                        put_u32(out, if *key { KEY } else { NOT_KEY });
                        put_i32(out, stamp.cts);
                    }
                });
            });
        });
        out
    }
}

/// The sample with what the joined file needs of it changed; `None` if that is nothing.
fn convert(
    joined: &Joined,
    placed: &Placed,
    key: bool,
    sample: &[u8],
) -> Result<Option<Vec<u8>>, BadRead> {
    let config = &placed.track.entry.config;
    let lengths = (config.length_size, joined.entry.config.length_size);
    let sets: &[Vec<u8>] = if joined.in_band && key {
        &config.sets
    } else {
        &[]
    };
    if sets.is_empty() && lengths.0 == lengths.1 {
        return Ok(None);
    }
    let room = sample.len() + sets.iter().map(|set| set.len() + 4).sum::<usize>();
    let mut out = Vec::with_capacity(room);
    match config.codec {
        Codec::H264 | Codec::Hevc => {
            nal::put_with_sets(&mut out, config.codec, sample, sets, lengths)
                .map_err(|_| BadRead::Changed)?;
        }
        Codec::Av1 => {
            if obu::has_sequence_header(sample).map_err(|_| BadRead::Changed)? {
                return Ok(None);
            }
            sets.iter().for_each(|set| out.extend_from_slice(set));
            out.extend_from_slice(sample);
        }
    }
    Ok(Some(out))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::fixture::{self, Donor};
    use crate::join::{Headers, Part, Timing};
    use crate::scan::{Limits, scan};

    struct Film {
        joined: Joined,
        bytes: Vec<u8>,
        packets: Vec<(u32, i64, Vec<u8>)>,
    }

    fn join(donors: &[(Donor, Vec<i64>)]) -> Film {
        let files: Vec<Vec<u8>> = donors.iter().map(|(donor, _)| donor.file()).collect();
        let part = |(file, (_, expected)): (&Vec<u8>, &(Donor, Vec<i64>))| Part {
            track: scan(Cursor::new(file), Limits::default()).unwrap(),
            expected_pts: expected.clone(),
        };
        let parts = files.iter().zip(donors).map(part).collect();
        let joined = Joined::plan(
            parts,
            Timing {
                shift: 64_000,
                last_duration: Some(7),
            },
        )
        .unwrap();
        let (mut bytes, mut packets) = (Vec::new(), Vec::new());
        joined
            .write_head(&mut bytes, DisplayMatrix::UPRIGHT)
            .unwrap();
        for (part, file) in files.iter().enumerate() {
            let before = bytes.len() as u64;
            let each = |packet: Packet<'_>| {
                packets.push((packet.index, packet.pts, packet.data.to_vec()));
            };
            let written = joined
                .write_part(&mut bytes, part, Cursor::new(file), each)
                .unwrap();
            assert_eq!(written.bytes, bytes.len() as u64 - before);
        }
        Film {
            joined,
            bytes,
            packets,
        }
    }

    fn read_back(film: &Film) -> Vec<(i64, bool, Vec<u8>)> {
        let track = scan(Cursor::new(&film.bytes), Limits::default()).unwrap();
        let sample = |sample: &Sample| {
            let place = sample.offset as usize..sample.offset as usize + sample.size as usize;
            (sample.pts, sample.key, film.bytes[place].to_vec())
        };
        track.samples().iter().map(sample).collect()
    }

    #[test]
    fn what_is_written_is_read_back() {
        let film = join(&[
            (Donor::h264(&[0, 3, 1, 2]), vec![40, 41, 42, 43]),
            (Donor::h264(&[0]), vec![50]),
            (Donor::h264(&[0, 10]), vec![60, 70]),
        ]);
        let samples = read_back(&film);
        let pts: Vec<i64> = samples.iter().map(|sample| sample.0).collect();
        assert_eq!(
            pts,
            [64_040, 64_043, 64_041, 64_042, 64_050, 64_060, 64_070]
        );
        let keys: Vec<bool> = samples.iter().map(|sample| sample.1).collect();
        assert_eq!(keys, [true, false, false, false, true, true, false]);
        assert_eq!(samples[2].2, Donor::h264(&[0, 0, 0]).samples[2]);
        for (index, (sample, packet)) in samples.iter().zip(&film.packets).enumerate() {
            assert_eq!(
                (packet.0 as usize, packet.1, &packet.2),
                (index, sample.0, &sample.2)
            );
        }
        assert_eq!(film.joined.headers(2), Some(Headers::Equal));
        assert_eq!(film.joined.headers(3), None);
    }

    #[test]
    fn unlike_headers_stand_before_every_key_of_every_part() {
        let other_sps: &[u8] = &[0x67, 66, 0, 32, 9];
        let mut other = Donor::h264(&[0, 1]);
        other.record = fixture::avcc(other_sps, fixture::PPS);
        let donors = [(Donor::h264(&[0, 1]), vec![0, 1]), (other, vec![2, 3])];
        let film = join(&donors);
        assert!(film.joined.in_band());
        assert_eq!(film.joined.headers(0), Some(Headers::Equal));
        assert_eq!(film.joined.headers(1), Some(Headers::Different));
        let samples = read_back(&film);
        let slice: &[u8] = &[0x65, 0xaa, 0];
        assert_eq!(
            samples[0].2,
            fixture::sample(&[fixture::SPS, fixture::PPS, slice])
        );
        assert_eq!(
            samples[2].2,
            fixture::sample(&[other_sps, fixture::PPS, slice])
        );
        assert_eq!(samples[1].2, donors[0].0.samples[1]);
    }

    #[test]
    fn length_prefixes_become_those_of_the_first_part() {
        let mut short = Donor::h264(&[0, 1]);
        short.record[4] = 0xfd;
        short.samples = vec![vec![0, 2, 0x65, 7], vec![0, 1, 0x41, 0, 1, 0x06]];
        let film = join(&[(Donor::h264(&[0]), vec![0]), (short, vec![1, 2])]);
        assert!(!film.joined.in_band());
        let samples = read_back(&film);
        assert_eq!(samples[1].2, fixture::sample(&[&[0x65, 7]]));
        assert_eq!(samples[2].2, fixture::sample(&[&[0x41], &[0x06]]));
    }

    #[test]
    fn fragments_are_bounded() {
        let count = 601;
        let pts: Vec<i64> = (0..count).collect();
        let film = join(&[(Donor::h264(&pts), pts.clone())]);
        let fragments = film.bytes.windows(4).filter(|four| four == b"moof").count();
        assert_eq!(fragments, 3);
        assert_eq!(read_back(&film).len(), 601);
        let large = Sample {
            offset: 0,
            pts: 0,
            size: 5 << 20,
            key: true,
        };
        assert_eq!(run_length(&[large; 4]), 1);
        let larger = Sample {
            size: 20 << 20,
            ..large
        };
        assert_eq!(run_length(&[larger; 4]), 1);
        let small = Sample {
            size: 4 << 20,
            ..large
        };
        assert_eq!(run_length(&[small; 4]), 2);
    }

    #[test]
    fn a_file_that_shrank_is_noticed() {
        let donor = Donor::h264(&[0, 1]);
        let file = donor.file();
        let track = scan(Cursor::new(&file), Limits::default()).unwrap();
        let parts = vec![Part {
            track,
            expected_pts: vec![0, 1],
        }];
        let joined = Joined::plan(
            parts,
            Timing {
                shift: 0,
                last_duration: None,
            },
        )
        .unwrap();
        let cut = Cursor::new(&file[..file.len() - 1]);
        let written = joined.write_part(&mut Vec::new(), 0, cut, |_| ());
        assert!(matches!(written, Err(WriteError::Changed { part: 0 })));
        let none = joined.write_part(&mut Vec::new(), 1, Cursor::new(&file), |_| ());
        assert!(matches!(none, Err(WriteError::NoSuchPart { part: 1 })));
    }
}
