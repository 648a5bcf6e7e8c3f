//! Whether a film was read to its end, by what the reading came to beside what its container says of itself. Pure.
//!
//! A program that reads a damaged film may say nothing of it and end well: the film seems to end there. What is made of
//! such a film may be of use; in the place of it, it would be all that is left.

use ffmpeg::carry::Contents;
use ffmpeg::index::Listed;
use media::stream::{SourceInfo, Stream, StreamKind};
use plan::carry::{Carried, Freight, Left};

use crate::film::{Film, clock};
use crate::probe::is_stream;
use crate::status::{Place, Terms};
use crate::trouble::{Kind, Trouble};

/// What reading all that travels beside the film came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Beside {
    packets: u64,
    bytes: u64,
    /// When the last packet is over, microseconds of the file's own timeline.
    end_us: Option<i64>,
    /// Bytes of the file that must be packets; `None` where that is not known.
    room: Option<u64>,
    /// Whether its other streams have packets that nobody has read.
    uncounted: Uncounted,
}

/// What is in the file and was not read, as it does not travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Uncounted {
    /// Nothing that is made of packets.
    #[default]
    Nothing,
    /// Text and data: little beside a film.
    Little,
    /// Pictures or sound.
    Much,
}

impl Beside {
    /// Of what the carried streams hold. `room`: bytes of the file that must be packets, where that is known.
    pub fn of(freight: &Freight, contents: &[Contents], room: Option<u64>) -> Self {
        let is_track = |carried: &Carried| {
            // Files inside the file, and covers, lie elsewhere than packets do.
            !matches!(carried.kind, StreamKind::Attachment | StreamKind::Video)
        };
        let tracks = freight.carried.iter().zip(contents);
        let tracks = tracks.filter(|(carried, _)| is_track(carried));
        let left = freight.left.iter().map(|(_, left)| uncounted(*left));
        let all = Self {
            room,
            uncounted: left.max().unwrap_or_default(),
            ..Self::default()
        };
        tracks.fold(all, |all, (_, track)| Self {
            packets: all.packets + track.packets,
            bytes: all.bytes + track.bytes,
            end_us: all.end_us.max(track.end_us),
            ..all
        })
    }
}

fn uncounted(left: Left) -> Uncounted {
    match left {
        // What travels without its styling is read, and these are no packets.
        Left::Styling | Left::Attachment | Left::Cover => Uncounted::Nothing,
        Left::BitmapSubtitles | Left::Subtitles | Left::Data => Uncounted::Little,
        Left::ExtraVideo | Left::Sound | Left::UnreadSound => Uncounted::Much,
    }
}

/// How a film ends before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Short {
    /// What follows makes no sense.
    Damaged,
    /// It was read to there, and is so long by its own account; microseconds.
    Early(i64, i64),
    /// So many bytes of it were read, of so many that must be pictures and sound.
    Part(u64, u64),
}

/// What is known of the reading of a film.
#[derive(Clone, Copy, Debug)]
struct Reading<'a> {
    info: &'a SourceInfo,
    /// Of the file.
    bytes: u64,
    /// A copy on a timeline of its own was read.
    copied: bool,
    listed: Listed,
    beside: Option<Beside>,
}

/// Containers that say how long they are, or end with the time; of others it is guessed.
const TELL_LENGTH: [&str; 8] = [
    "matroska", "mp4", "avi", "asf", "flv", "ogg", "mpegts", "mpeg",
];
/// Containers in which nothing is filled up with bytes that mean nothing.
const FILL_NOTHING: [&str; 3] = ["matroska", "avi", "flv"];
/// A film that ends so much earlier than it says ends as it says: the last frame's length is often not known.
const LEAST_US: i64 = 2_000_000;
/// Bytes at its end that somebody may have put there.
const LEAST_BYTES: u64 = 64 << 10;
/// What containers write beside each packet, bytes, at the most.
const WRAPPING: u64 = 32;

fn short(reading: &Reading<'_>) -> Option<Short> {
    if reading.listed.damaged {
        return Some(Short::Damaged);
    }
    // Sound may well go on for longer than the picture.
    let beside = reading.beside?;
    early(reading, beside).or_else(|| part(reading, beside))
}

/// Two seconds and two per cent before the end that the container tells of. That may be the end of what nobody has read.
fn early(reading: &Reading<'_>, beside: Beside) -> Option<Short> {
    if beside.uncounted == Uncounted::Much {
        return None;
    }
    let info = reading.info;
    let tells = TELL_LENGTH.iter().any(|format| info.is_format(format));
    let lasts = info.duration_us.filter(|_| tells && !reading.copied)?;
    let end = reading.listed.end_us.max(beside.end_us)?;
    let since_start = end.saturating_sub(info.start_us.unwrap_or(0));
    let reached = if is_stream(info) {
        since_start
    } else {
        // Some count their length from zero, and some from their first packet.
        since_start.max(end)
    };
    let missing = lasts.saturating_sub(reached);
    (missing > LEAST_US && missing > lasts / 50).then_some(Short::Early(reached.max(0), lasts))
}

/// Much less was read than there is. Fragments of an MP4 are told apart from all else in it, so that two per cent are much;
/// elsewhere, and where no length is told that could be asked, half of the file.
fn part(reading: &Reading<'_>, beside: Beside) -> Option<Short> {
    let info = reading.info;
    let read = reading.listed.bytes + beside.bytes;
    if let Some(room) = beside.room {
        let slack = match beside.uncounted {
            Uncounted::Nothing => room / 50,
            Uncounted::Little => room / 4,
            Uncounted::Much => return None,
        };
        return (read + slack + LEAST_BYTES < room).then_some(Short::Part(read, room));
    }
    let plain = FILL_NOTHING.iter().any(|format| info.is_format(format));
    // As large as anything, and of no packets.
    let is_file = |stream: &Stream| stream.kind == StreamKind::Attachment || stream.is_cover();
    let files = info.streams.iter().any(is_file);
    let told = info.duration_us.is_some() && !reading.copied;
    if !plain || files || told || beside.uncounted != Uncounted::Nothing {
        return None;
    }
    let wrapped = read + WRAPPING * (reading.listed.packets + beside.packets);
    (wrapped < reading.bytes / 2).then_some(Short::Part(read, reading.bytes))
}

fn of(film: &Film) -> Option<Short> {
    short(&Reading {
        info: &film.info,
        bytes: film.bytes,
        copied: film.normalised,
        listed: film.listed()?,
        beside: film.beside(),
    })
}

/// Megabytes for people.
fn mb(bytes: u64) -> u64 {
    bytes / 1_000_000
}

/// What the user is told of a film that was not read to its end, as far as is known.
pub(crate) fn note(film: &Film) -> Option<String> {
    Some(match of(film)? {
        Short::Damaged => format!(
            "The film is damaged at {}: what follows makes no sense to any program, and the result ends there, too.",
            film.reached()
        ),
        Short::Early(reached, lasts) => format!(
            "The film is {} long by its own account, and could be read to {}: the result ends there, too.",
            clock(lasts),
            clock(reached)
        ),
        Short::Part(read, all) => format!(
            "The film is damaged: of {} MB of pictures and sound in it {} MB could be read, and the result has no more.",
            mb(all),
            mb(read)
        ),
    })
}

/// Why such a film does not have its place taken by the result, if that is wanted.
pub(crate) fn refusal(film: &Film, terms: &Terms) -> Option<Trouble> {
    let Place::InPlace { .. } = terms.place else {
        return None;
    };
    let name = film.path.display();
    let text = match of(film)? {
        Short::Damaged => format!(
            "{name} is damaged at {}: what follows makes no sense to any program, so it is not replaced.",
            film.reached()
        ),
        Short::Early(reached, lasts) => format!(
            "{name} is {} long by its own account, and could be read to {} only, so it is not replaced.",
            clock(lasts),
            clock(reached)
        ),
        Short::Part(read, all) => format!(
            "{name} is damaged: of {} MB of pictures and sound in it only {} MB could be read, so it is not replaced.",
            mb(all),
            mb(read)
        ),
    };
    let help = "The film stays as it is. Have the result put beside it or into another folder, or mend the film first: copy it anew, or repair it with another program.";
    Some(Trouble::new(Kind::Damaged, text).help(help))
}

#[cfg(test)]
mod road;

#[cfg(test)]
mod tests {
    use plan::carry::How;

    use super::*;

    const MINUTE: i64 = 60_000_000;

    fn info(format: &str, lasts: Option<i64>) -> SourceInfo {
        SourceInfo {
            format: format.to_owned(),
            duration_us: lasts,
            start_us: Some(0),
            ..SourceInfo::default()
        }
    }

    fn listed(bytes: u64, end_us: i64) -> Listed {
        Listed {
            damaged: false,
            packets: 1000,
            bytes,
            end_us: Some(end_us),
        }
    }

    fn found(info: &SourceInfo, listed: Listed, beside: Beside) -> Option<Short> {
        short(&Reading {
            info,
            bytes: 100_000_000,
            copied: false,
            listed,
            beside: Some(beside),
        })
    }

    #[test]
    fn a_film_that_ends_long_before_it_says_is_not_read_to_its_end() {
        let mkv = info("matroska,webm", Some(40 * MINUTE));
        let none = Beside::default();
        let ends = |info: &SourceInfo, end: i64| found(info, listed(50, end), none);
        let early = |end| Some(Short::Early(end, 40 * MINUTE));
        assert_eq!(ends(&mkv, 20 * MINUTE), early(20 * MINUTE));
        assert_eq!(ends(&mkv, 39 * MINUTE), early(39 * MINUTE));
        assert_eq!(
            ends(&mkv, 40 * MINUTE - 30_000_000),
            None,
            "not two per cent"
        );
        let clip = info("matroska,webm", Some(10_000_000));
        assert_eq!(ends(&clip, 8_500_000), None, "not two seconds");
        // The picture is one still, and the music goes on.
        let music = Beside {
            end_us: Some(40 * MINUTE),
            ..none
        };
        assert_eq!(found(&mkv, listed(50, 40_000), music), None);
        // Or that of a track which is left behind.
        let left = |uncounted| Beside { uncounted, ..none };
        let to = |uncounted| found(&mkv, listed(50, 38 * MINUTE), left(uncounted));
        assert_eq!(to(Uncounted::Much), None, "a second film");
        assert_eq!(to(Uncounted::Little), early(38 * MINUTE));
        // A broadcast begins anywhere.
        let mut recorded = info("mpegts", Some(40 * MINUTE));
        recorded.start_us = Some(1000 * MINUTE);
        assert_eq!(ends(&recorded, 1040 * MINUTE), None);
        assert_eq!(ends(&recorded, 1020 * MINUTE), early(20 * MINUTE));
        // Of what says nothing of its length it was guessed.
        assert_eq!(ends(&info("h264", Some(40 * MINUTE)), MINUTE), None);
        let mut copied = Reading {
            info: &mkv,
            bytes: 100,
            copied: true,
            listed: listed(50, MINUTE),
            beside: Some(none),
        };
        assert_eq!(short(&copied), None, "its copy has a timeline of its own");
        (copied.copied, copied.beside) = (false, None);
        assert_eq!(short(&copied), None, "nobody has looked at its sound");
        copied.listed.damaged = true;
        assert_eq!(short(&copied), Some(Short::Damaged));
    }

    #[test]
    fn fragments_that_were_not_read_are_missed() {
        // As measured: of 1000 packets 500 are listed, and the length told is half of what it was.
        let mp4 = info("mov,mp4,m4a,3gp,3g2,mj2", Some(20 * MINUTE));
        let of = |bytes, uncounted| {
            let beside = Beside {
                room: Some(50_000_000),
                bytes: 1_000_000,
                uncounted,
                ..Beside::default()
            };
            found(&mp4, listed(bytes, 20 * MINUTE), beside)
        };
        let part = |read| Some(Short::Part(read, 50_000_000));
        assert_eq!(of(49_000_000, Uncounted::Nothing), None);
        assert_eq!(of(48_100_000, Uncounted::Nothing), None);
        assert_eq!(of(47_500_000, Uncounted::Nothing), part(48_500_000));
        assert_eq!(of(24_000_000, Uncounted::Nothing), part(25_000_000));
        assert_eq!(of(40_000_000, Uncounted::Little), None, "a camera's data");
        assert_eq!(of(24_000_000, Uncounted::Little), part(25_000_000));
        assert_eq!(of(24_000_000, Uncounted::Much), None, "a second film");
    }

    #[test]
    fn elsewhere_bytes_are_asked_where_nothing_else_can_be() {
        let none = Beside::default();
        let of = |info: &SourceInfo, bytes| found(info, listed(bytes, MINUTE), none);
        let live = info("matroska,webm", None);
        assert_eq!(of(&live, 60_000_000), None);
        let part = Some(Short::Part(40_000_000, 100_000_000));
        assert_eq!(of(&live, 40_000_000), part);
        let told = info("matroska,webm", Some(MINUTE));
        assert_eq!(of(&told, 40_000_000), None, "it ends where it says");
        assert_eq!(of(&info("mpegts", None), 40_000_000), None, "filled up");
        // Fonts may be larger than the film.
        let mut fonts = live.clone();
        fonts.streams.push(Stream {
            index: 1,
            language: None,
            codec: "ttf".to_owned(),
            kind: StreamKind::Attachment,
            dispositions: Vec::new(),
            description: String::new(),
            side_data: Vec::new(),
        });
        assert_eq!(of(&fonts, 1_000_000), None);
    }

    #[test]
    fn what_travels_is_added_up() {
        let carried = |kind| Carried {
            index: 1,
            kind,
            how: How::Copy,
            disposition: "0".to_owned(),
        };
        let contents = |bytes, end_us| Contents {
            packets: 2,
            bytes,
            end_us: Some(end_us),
            ..Contents::default()
        };
        let freight = Freight {
            carried: vec![
                carried(StreamKind::Audio),
                carried(StreamKind::Video),
                carried(StreamKind::Subtitle),
            ],
            left: vec![(7, Left::Styling), (8, Left::Data)],
        };
        let read = [contents(100, 5), contents(9999, 99), contents(10, 7)];
        let expected = Beside {
            packets: 4,
            bytes: 110,
            end_us: Some(7),
            room: Some(1),
            uncounted: Uncounted::Little,
        };
        assert_eq!(Beside::of(&freight, &read, Some(1)), expected);
    }
}
