//! Reading one segment's file into a [`Track`], believing nothing that it says about itself.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use thiserror::Error;

use crate::boxes::Kind;
use crate::bytes::Bytes;
use crate::config::{Codec, Config};
use crate::fragment::Gathered;
use crate::head::Head;
use crate::nal::{self, NalKind, Nals};
use crate::obu::{self, Obus};
use crate::track::{Sample, Track};

/// How much of a stranger's file is read before it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Samples of the track. One more than are wanted is enough to know that there are too many.
    pub samples: usize,
    /// Bytes of a `moov` or `moof` box.
    pub header_bytes: u64,
    /// Bytes of a sample.
    pub sample_bytes: u32,
}

impl Default for Limits {
    /// A million frames, 32 MiB of headers, 64 MiB a frame.
    fn default() -> Self {
        Self {
            samples: 1_000_000,
            header_bytes: 32 << 20,
            sample_bytes: 64 << 20,
        }
    }
}

/// Why a file is no segment that can be joined.
#[derive(Debug, Error)]
pub enum ScanError {
    /// The file could not be read.
    #[error("could not read the segment: {0}")]
    Io(#[from] io::Error),
    /// It ends too early, or something in it claims to be longer than what holds it.
    #[error("the segment is cut short in its {what}")]
    Truncated {
        /// What is cut short.
        what: &'static str,
    },
    /// Something in it contradicts itself or the format.
    #[error("the segment's {what} is invalid")]
    Invalid {
        /// What is invalid.
        what: &'static str,
    },
    /// Something is not there.
    #[error("the segment has no {what}")]
    Missing {
        /// What is not there.
        what: &'static str,
    },
    /// Something that there must be one of is there more than once.
    #[error("the segment has more than one {what}")]
    Repeated {
        /// What is there more than once.
        what: &'static str,
    },
    /// It is beyond the [`Limits`].
    #[error("the segment's {what} is beyond all bounds")]
    TooLarge {
        /// What is too large.
        what: &'static str,
    },
    /// It has something that joining does not know.
    #[error("the segment has {what}, which cannot be joined")]
    Unsupported {
        /// What is not known.
        what: &'static str,
    },
    /// It is coded in something else than H.264, HEVC or AV1.
    #[error("the segment's codec ({}) cannot be joined", kind.escape_ascii())]
    Codec {
        /// The sample entry's type.
        kind: [u8; 4],
    },
    /// A coded picture is not well formed.
    #[error("frame {index} of the segment is damaged")]
    BadSample {
        /// Which sample, in decoding order, from 0.
        index: usize,
    },
}

/// Reads a segment: a fragmented MP4 file with one video track.
///
/// Every sample is read once, to see that its NAL or OBU structure is sound and whether it
/// carries headers of its own. Memory: 24 bytes a sample, and the largest sample.
///
/// # Errors
/// [`ScanError`] if the file is not such a segment, or is beyond `limits`.
pub fn scan<R: Read + Seek>(reader: R, limits: Limits) -> Result<Track, ScanError> {
    let mut file = File::open(reader)?;
    let (mut head, gathered) = read_boxes(&mut file, limits)?;
    if gathered.samples.is_empty() {
        return Err(ScanError::Missing { what: "frames" });
    }
    let seen = inspect_samples(&mut file, &gathered.samples, &mut head.entry.config, limits)?;
    Ok(Track {
        entry: head.entry,
        timescale: head.timescale,
        samples: gathered.samples,
        last_duration: gathered.last_duration,
        clean_start: seen.clean_start,
        strays: seen.strays,
    })
}

/// The file, and how long it really is.
struct File<R> {
    reader: BufReader<R>,
    end: u64,
}

impl<R: Read + Seek> File<R> {
    fn open(mut reader: R) -> Result<Self, ScanError> {
        let end = reader.seek(SeekFrom::End(0))?;
        reader.rewind()?;
        Ok(Self {
            reader: BufReader::with_capacity(64 << 10, reader),
            end,
        })
    }

    fn seek(&mut self, offset: u64) -> io::Result<()> {
        let here = self.reader.stream_position()?;
        match i64::try_from(i128::from(offset) - i128::from(here)) {
            Ok(step) => self.reader.seek_relative(step),
            Err(_) => self.reader.seek(SeekFrom::Start(offset)).map(drop),
        }
    }

    /// Reads `count` bytes at `offset` into `into`, which grows with what arrives and never from
    /// the number alone.
    fn read_at(&mut self, offset: u64, count: u64, into: &mut Vec<u8>) -> Result<(), ScanError> {
        self.seek(offset)?;
        into.clear();
        let read = self.reader.by_ref().take(count).read_to_end(into)?;
        match u64::try_from(read) == Ok(count) {
            true => Ok(()),
            false => Err(ScanError::Truncated { what: "data" }),
        }
    }

    /// The header of the box at `offset`: its type, where its payload starts, where it ends.
    fn box_at(&mut self, offset: u64) -> Result<(Kind, u64, u64), ScanError> {
        let mut head = Vec::new();
        let room = self.end - offset;
        self.read_at(offset, room.min(16), &mut head)?;
        let mut bytes = Bytes::new(&head, "box");
        let (size, kind) = (bytes.u32()?, bytes.four_cc()?);
        let (size, header) = match size {
            0 => (room, 8),
            1 => (bytes.u64()?, 16),
            size => (size.into(), 8),
        };
        match size {
            size if size < header => Err(ScanError::Invalid { what: "box size" }),
            size if size > room => Err(ScanError::Truncated { what: "box" }),
            size => Ok((kind, offset + header, offset + size)),
        }
    }
}

/// Walks the file's boxes: one `moov`, then fragments; anything else is passed over.
fn read_boxes<R: Read + Seek>(
    file: &mut File<R>,
    limits: Limits,
) -> Result<(Head, Gathered), ScanError> {
    let (mut head, mut gathered) = (None, Gathered::new());
    let (mut offset, mut payload) = (0, Vec::new());
    while offset < file.end {
        let (kind, start, end) = file.box_at(offset)?;
        if &kind == b"moov" || &kind == b"moof" {
            if end - start > limits.header_bytes {
                return Err(ScanError::TooLarge { what: "header" });
            }
            file.read_at(start, end - start, &mut payload)?;
            let bytes = Bytes::new(&payload, "header");
            match (&kind, &head) {
                (b"moov", None) => head = Some(Head::parse(bytes)?),
                (b"moov", Some(_)) => return Err(ScanError::Repeated { what: "header" }),
                (_, None) => return Err(ScanError::Missing { what: "header" }),
                (_, Some(head)) => gathered.add_moof(bytes, (offset, file.end), head, limits)?,
            }
        }
        offset = end;
    }
    Ok((head.ok_or(ScanError::Missing { what: "header" })?, gathered))
}

/// What the samples themselves show.
struct Seen {
    clean_start: bool,
    strays: bool,
}

fn inspect_samples<R: Read + Seek>(
    file: &mut File<R>,
    samples: &[Sample],
    config: &mut Config,
    limits: Limits,
) -> Result<Seen, ScanError> {
    let mut seen = Seen {
        clean_start: false,
        strays: false,
    };
    let mut data = Vec::new();
    for (index, sample) in samples.iter().enumerate() {
        if sample.size > limits.sample_bytes {
            return Err(ScanError::TooLarge { what: "frame" });
        }
        file.read_at(sample.offset, sample.size.into(), &mut data)?;
        let found = match config.codec {
            Codec::H264 | Codec::Hevc => inspect_nals(&data, config),
            Codec::Av1 => inspect_obus(&data, config, index == 0),
        };
        let (clean, strays) = found.ok_or(ScanError::BadSample { index })?;
        seen.clean_start |= index == 0 && clean;
        seen.strays |= strays;
    }
    Ok(seen)
}

/// Whether the sample is a clean start, and whether it carries parameter sets that are not in
/// `config`; `None` if it is malformed.
fn inspect_nals(sample: &[u8], config: &Config) -> Option<(bool, bool)> {
    let (mut first_slice, mut strays) = (None, false);
    for nal in Nals::new(sample, config.length_size) {
        let nal = nal.ok()?;
        match nal::kind(config.codec, nal)? {
            NalKind::CleanStart => first_slice = first_slice.or(Some(true)),
            NalKind::Slice => first_slice = first_slice.or(Some(false)),
            NalKind::ParameterSet => strays |= !config.sets.iter().any(|set| set == nal),
            NalKind::Delimiter | NalKind::Other => {}
        }
    }
    Some((first_slice?, strays))
}

/// As [`inspect_nals`]. The `first` sample's sequence header becomes the one in `config`.
fn inspect_obus(sample: &[u8], config: &mut Config, first: bool) -> Option<(bool, bool)> {
    let (mut strays, mut adopts) = (false, first);
    for unit in Obus::new(sample) {
        let unit = unit.ok()?;
        if !unit.is_sequence_header() {
            continue;
        }
        if std::mem::take(&mut adopts) {
            config.adopt_sequence_header(unit.whole);
        }
        strays |= !config.sets.iter().any(|set| set == unit.whole);
    }
    let sequence = config.sets.first()?;
    Some((obu::is_clean_start(sample, sequence).ok()?, strays))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::fixture::{self, Donor};

    #[test]
    fn a_segment_is_read() {
        let donor = Donor::h264(&[0, 3, 1, 2]);
        let track = scan(Cursor::new(donor.file()), Limits::default()).unwrap();
        assert_eq!(track.timescale(), 1000);
        assert_eq!(track.samples().len(), 4);
        assert!(track.samples()[0].key && !track.samples()[1].key);
        assert_eq!(track.check(&[0, 1, 2, 3]), Ok(()));
        assert_eq!((track.entry().width(), track.entry().height()), (64, 48));
        assert_eq!(track.last_duration(), 1);
        assert!(!track.changes_headers());
    }

    #[test]
    fn a_foreign_parameter_set_in_a_sample_is_noticed() {
        let mut donor = Donor::h264(&[0, 1]);
        donor.samples[1] = fixture::sample(&[&[0x67, 9, 9], &[0x41, 0]]);
        let track = scan(Cursor::new(donor.file()), Limits::default()).unwrap();
        assert!(track.changes_headers());
        donor.samples[1] = fixture::sample(&[fixture::SPS, &[0x41, 0]]);
        let track = scan(Cursor::new(donor.file()), Limits::default()).unwrap();
        assert!(!track.changes_headers());
    }

    #[test]
    fn an_open_start_is_noticed() {
        let mut donor = Donor::h264(&[0, 1]);
        donor.samples[0] = fixture::sample(&[&[0x41, 0]]);
        let track = scan(Cursor::new(donor.file()), Limits::default()).unwrap();
        assert_eq!(track.check(&[0, 1]), Err(crate::Mismatch::NoCleanStart));
    }

    #[test]
    fn a_damaged_sample_is_an_error() {
        let mut donor = Donor::h264(&[0, 1]);
        donor.samples[1].push(0);
        let found = scan(Cursor::new(donor.file()), Limits::default());
        assert!(
            matches!(found, Err(ScanError::BadSample { index: 1 })),
            "{found:?}"
        );
    }

    #[test]
    fn every_cut_of_a_file_is_an_error_or_has_fewer_frames() {
        let file = Donor::h264(&[0, 3, 1, 2]).file();
        for end in 0..file.len() {
            if let Ok(track) = scan(Cursor::new(&file[..end]), Limits::default()) {
                assert!(track.samples().len() < 4, "cut at {end} of {}", file.len());
            }
        }
    }

    #[test]
    fn limits_hold() {
        let file = Donor::h264(&[0, 1, 2]).file();
        let narrow = |limits| {
            matches!(
                scan(Cursor::new(&file), limits),
                Err(ScanError::TooLarge { .. })
            )
        };
        assert!(narrow(Limits {
            samples: 2,
            ..Limits::default()
        }));
        assert!(!narrow(Limits {
            samples: 3,
            ..Limits::default()
        }));
        assert!(narrow(Limits {
            header_bytes: 100,
            ..Limits::default()
        }));
        assert!(narrow(Limits {
            sample_bytes: 3,
            ..Limits::default()
        }));
    }

    #[test]
    fn a_run_that_claims_billions_of_frames_is_refused_at_once() {
        let donor = Donor {
            claimed_count: Some(u32::MAX),
            ..Donor::h264(&[0, 1])
        };
        let found = scan(Cursor::new(donor.file()), Limits::default());
        assert!(
            matches!(found, Err(ScanError::Truncated { .. })),
            "{found:?}"
        );
    }

    #[test]
    fn no_mp4_at_all() {
        for bytes in [&b""[..], b"not a film", &[0; 4096], &[0xff; 4096]] {
            assert!(scan(Cursor::new(bytes), Limits::default()).is_err());
        }
    }
}
