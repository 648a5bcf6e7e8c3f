//! Which streams travel beside the film, and how: copied, encoded, turned into plain text, or
//! left behind with a reason.

use media::choice::{Audio, Choice, Container};
use media::stream::{SourceInfo, Stream, StreamKind};

use crate::keep::Muxer;

/// How one stream of the source travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// ffmpeg's stream index in the source.
    pub index: u32,
    /// What it is.
    pub kind: StreamKind,
    /// How.
    pub how: How,
    /// Its dispositions as ffmpeg's `-disposition` takes them; `0` for none.
    pub disposition: String,
}

/// The ways to travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Packet for packet.
    Copy,
    /// Packet for packet, by way of a file that says nothing of the encoder's delay: ffmpeg 5.1's
    /// Matroska muxer writes that delay down and then does not count it in.
    CopyApart,
    /// Sound, encoded once over the whole film: ffmpeg's encoder, bits a second.
    Sound(&'static str, u32),
    /// Text subtitles in the container's own form: ffmpeg's encoder.
    Text(&'static str),
    /// A cover, attached as a file: ffmpeg's Matroska muxer would make a second film of it.
    Cover(Image),
}

/// A cover's picture format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Image {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
}

impl Image {
    /// Its media type.
    #[must_use]
    pub const fn mimetype(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }

    /// The name players look for (Matroska's recommendation).
    #[must_use]
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Jpeg => "cover.jpg",
            Self::Png => "cover.png",
        }
    }
}

/// Why a stream stays behind or changes form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Pictures as subtitles have no place in MP4.
    BitmapSubtitles,
    /// Styled subtitles lose their styling in MP4.
    Styling,
    /// Subtitles of a kind neither container takes.
    Subtitles,
    /// Fonts and other attachments have no place in MP4.
    Attachment,
    /// Timecode, GPS and other data.
    Data,
    /// A second moving picture.
    ExtraVideo,
    /// A cover in a format the container does not take.
    Cover,
    /// Sound that the container does not take and that was to be copied.
    Sound,
    /// Sound that this ffmpeg can only copy packet by packet, and not into this container.
    UnreadSound,
}

/// The plan for every stream but the film.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Freight {
    /// In output order.
    pub carried: Vec<Carried>,
    /// With their index in the source.
    pub left: Vec<(u32, Left)>,
}

const COPY: Option<How> = Some(How::Copy);

/// Plans the streams beside `film`.
#[must_use]
pub fn freight(info: &SourceInfo, film: u32, choice: &Choice, muxer: Muxer) -> Freight {
    let mut freight = Freight::default();
    for stream in info.streams.iter().filter(|s| s.index != film) {
        let (how, left) = match stream.kind {
            StreamKind::Audio => sound(stream, choice, muxer),
            StreamKind::Subtitle => subtitles(stream, choice.container()),
            StreamKind::Attachment if choice.container() == Container::Mkv => (COPY, None),
            StreamKind::Attachment => (None, Some(Left::Attachment)),
            StreamKind::Video if stream.is_cover() => cover(stream, choice.container()),
            StreamKind::Video => (None, Some(Left::ExtraVideo)),
            StreamKind::Data | StreamKind::Unknown => (None, Some(Left::Data)),
        };
        freight.left.extend(left.map(|left| (stream.index, left)));
        freight.carried.extend(how.map(|how| Carried {
            index: stream.index,
            kind: stream.kind,
            how,
            disposition: disposition(stream),
        }));
    }
    freight
}

fn cover(stream: &Stream, container: Container) -> (Option<How>, Option<Left>) {
    match (container, stream.codec.as_str()) {
        (Container::Mp4, "mjpeg" | "png" | "bmp") => (COPY, None),
        (Container::Mkv, "mjpeg") => (Some(How::Cover(Image::Jpeg)), None),
        (Container::Mkv, "png") => (Some(How::Cover(Image::Png)), None),
        (Container::Mp4 | Container::Mkv, _) => (None, Some(Left::Cover)),
    }
}

fn sound(stream: &Stream, choice: &Choice, muxer: Muxer) -> (Option<How>, Option<Left>) {
    let container = choice.container();
    let bits = choice.audio_bits(channels(&stream.description));
    let taken = takes_sound(container, &stream.codec, muxer);
    if is_flac32(stream) && !muxer.reads_flac32() {
        return match (container, choice.audio) {
            (Container::Mkv, None | Some(Audio::Copy)) => (COPY, None),
            _ => (None, Some(Left::UnreadSound)),
        };
    }
    match choice.audio {
        Some(Audio::Copy) if !taken => (None, Some(Left::Sound)),
        Some(Audio::Opus) => (Some(How::Sound("libopus", bits)), None),
        Some(Audio::Aac) => (Some(How::Sound("aac", bits)), None),
        Some(Audio::Copy) | None if taken => {
            let late = container == Container::Mkv && stream.codec == "opus";
            let apart = late && !muxer.delay_in_mkv();
            (Some(if apart { How::CopyApart } else { How::Copy }), None)
        }
        Some(Audio::Copy) | None => match container {
            Container::Mkv => (Some(How::Sound("libopus", bits)), None),
            Container::Mp4 => (Some(How::Sound("aac", bits)), None),
        },
    }
}

/// FLAC with samples of 32 bits; ffmpeg names fewer behind the format: `s32 (24 bit) (default)`.
fn is_flac32(stream: &Stream) -> bool {
    let mut words = stream.description.split(", ");
    stream.codec == "flac" && words.any(|word| word.starts_with("s32") && !word.contains(" bit)"))
}

/// Whether ffmpeg's muxer takes sound of `codec` (libavformat/movenc.c, matroskaenc.c).
fn takes_sound(container: Container, codec: &str, muxer: Muxer) -> bool {
    match container {
        Container::Mp4 => {
            matches!(
                codec,
                "aac"
                    | "mp3"
                    | "mp2"
                    | "ac3"
                    | "eac3"
                    | "opus"
                    | "flac"
                    | "alac"
                    | "dts"
                    | "truehd"
                    | "vorbis"
            ) || codec.starts_with("pcm_s") && codec.ends_with("le") && muxer.pcm_in_mp4()
        }
        Container::Mkv => !matches!(
            codec,
            "pcm_bluray"
                | "pcm_dvd"
                | "pcm_s16be_planar"
                | "pcm_s8"
                | "pcm_alaw_planar"
                | "qdm2"
                | "qcelp"
                | "cook"
                | "atrac3"
                | "amr_nb"
                | "amr_wb"
                | "none"
                | "unknown"
                | "s302m"
                | "gsm"
                | "evrc"
        ),
    }
}

fn subtitles(stream: &Stream, container: Container) -> (Option<How>, Option<Left>) {
    match (stream.codec.as_str(), container) {
        ("subrip" | "text" | "webvtt" | "ass" | "ssa", Container::Mkv)
        | (
            "hdmv_pgs_subtitle" | "dvd_subtitle" | "dvb_subtitle" | "hdmv_text_subtitle",
            Container::Mkv,
        )
        | ("mov_text", Container::Mp4) => (COPY, None),
        ("mov_text" | "subviewer" | "microdvd", Container::Mkv) => {
            (Some(How::Text("subrip")), None)
        }
        ("subrip" | "text" | "webvtt", Container::Mp4) => (Some(How::Text("mov_text")), None),
        ("ass" | "ssa", Container::Mp4) => (Some(How::Text("mov_text")), Some(Left::Styling)),
        ("hdmv_pgs_subtitle" | "dvd_subtitle" | "dvb_subtitle", Container::Mp4) => {
            (None, Some(Left::BitmapSubtitles))
        }
        _ => (None, Some(Left::Subtitles)),
    }
}

/// `-disposition`'s spelling of what `ffmpeg -i` prints.
#[must_use]
pub fn disposition(stream: &Stream) -> String {
    let words: Vec<String> = stream
        .dispositions
        .iter()
        .map(|word| match word.as_str() {
            "attached pic" => "attached_pic".to_owned(),
            "hearing impaired" => "hearing_impaired".to_owned(),
            "visual impaired" => "visual_impaired".to_owned(),
            "clean effects" => "clean_effects".to_owned(),
            "timed thumbnails" => "timed_thumbnails".to_owned(),
            "still image" => "still_image".to_owned(),
            other => other.to_owned(),
        })
        .collect();
    if words.is_empty() {
        "0".to_owned()
    } else {
        words.join("+")
    }
}

/// How many channels ffmpeg's line names; 2 where it is unclear.
fn channels(description: &str) -> u32 {
    description
        .split(", ")
        .find_map(|part| {
            let word = part.split(['(', ' ']).next()?;
            Some(match word {
                "mono" => 1,
                "stereo" | "downmix" => 2,
                "2.1" | "3.0" => 3,
                "3.1" | "quad" | "4.0" => 4,
                "4.1" | "5.0" => 5,
                "5.1" | "6.0" | "hexagonal" => 6,
                "6.1" | "7.0" => 7,
                "7.1" | "octagonal" => 8,
                number if part.ends_with(" channels") => number.parse().ok()?,
                _ => return None,
            })
        })
        .unwrap_or(2)
}

#[cfg(test)]
mod tests {
    use media::parse::description;

    use super::*;

    const NEW: Muxer = Muxer { major: 9, minor: 0 };

    fn info(lines: &[&str]) -> SourceInfo {
        let mut text =
            "Input #0, matroska,webm, from 'file:/x':\n  Stream #0:0: Video: h264, yuv420p\n"
                .to_owned();
        for line in lines {
            text.push_str(&format!("  Stream #0:{line}\n"));
        }
        description::read(&text).unwrap()
    }

    fn hows(lines: &[&str], choice: &Choice) -> Vec<How> {
        freight(&info(lines), 0, choice, NEW)
            .carried
            .into_iter()
            .map(|c| c.how)
            .collect()
    }

    #[test]
    fn matroska_takes_nearly_everything_as_it_is() {
        let lines = [
            "1(eng): Audio: dts (DTS), 48000 Hz, 5.1(side), fltp",
            "2: Subtitle: hdmv_pgs_subtitle",
            "3: Attachment: ttf",
        ];
        assert_eq!(hows(&lines, &Choice::default()), [How::Copy; 3]);
        assert_eq!(
            hows(&["1: Subtitle: mov_text (tx3g)"], &Choice::default()),
            [How::Text("subrip")]
        );
    }

    #[test]
    fn mp4_leaves_pictures_and_fonts_behind_and_says_so() {
        let choice = Choice {
            container: Some(Container::Mp4),
            ..Choice::default()
        };
        let lines = [
            "1: Audio: pcm_bluray, 48000 Hz, 5.1, s32",
            "2: Subtitle: hdmv_pgs_subtitle",
            "3: Subtitle: ass",
            "4: Attachment: ttf",
            "5: Data: bin_data",
        ];
        let freight = freight(&info(&lines), 0, &choice, NEW);
        assert_eq!(
            freight.carried.iter().map(|c| c.how).collect::<Vec<_>>(),
            [How::Sound("aac", 384_000), How::Text("mov_text")]
        );
        assert_eq!(
            freight.left,
            [
                (2, Left::BitmapSubtitles),
                (3, Left::Styling),
                (4, Left::Attachment),
                (5, Left::Data)
            ]
        );
    }

    #[test]
    fn an_old_ffmpeg_copies_opus_into_matroska_without_its_delay() {
        const OLD: Muxer = Muxer { major: 5, minor: 1 };
        let of = |container, muxer| {
            let choice = Choice {
                container: Some(container),
                ..Choice::default()
            };
            let info = info(&["1: Audio: opus, 48000 Hz, stereo, fltp"]);
            freight(&info, 0, &choice, muxer).carried[0].how
        };
        assert_eq!(of(Container::Mkv, OLD), How::CopyApart);
        assert_eq!(of(Container::Mkv, NEW), How::Copy);
        assert_eq!(of(Container::Mp4, OLD), How::Copy);
    }

    #[test]
    fn an_old_ffmpeg_copies_flac_of_32_bits_where_its_lengths_do_not_matter() {
        const OLD: Muxer = Muxer { major: 5, minor: 1 };
        let of = |line: &str, container, audio, muxer| {
            let choice = Choice {
                container: Some(container),
                audio,
                ..Choice::default()
            };
            let freight = freight(&info(&[line]), 0, &choice, muxer);
            (freight.carried.first().map(|it| it.how), freight.left)
        };
        let wide = "1: Audio: flac, 48000 Hz, mono, s32 (default)";
        let left = (None, vec![(1, Left::UnreadSound)]);
        let copied = (COPY, Vec::new());
        assert_eq!(of(wide, Container::Mp4, None, OLD), left);
        assert_eq!(of(wide, Container::Mkv, Some(Audio::Opus), OLD), left);
        assert_eq!(of(wide, Container::Mkv, None, OLD), copied);
        assert_eq!(of(wide, Container::Mp4, None, NEW), copied);
        let usual = "1: Audio: flac, 48000 Hz, mono, s32 (24 bit) (default)";
        assert_eq!(of(usual, Container::Mp4, None, OLD), copied);
    }

    #[test]
    fn dispositions_are_spelt_as_the_command_line_wants() {
        let info = info(&[
            "1: Video: mjpeg, yuvj420p (attached pic)",
            "2: Audio: aac, 48000 Hz, stereo, fltp (default) (hearing impaired)",
        ]);
        assert_eq!(disposition(&info.streams[1]), "attached_pic");
        assert_eq!(disposition(&info.streams[2]), "default+hearing_impaired");
        assert_eq!(disposition(&info.streams[0]), "0");
    }
}
