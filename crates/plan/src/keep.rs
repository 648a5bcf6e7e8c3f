//! What the output cannot keep: found before work starts, said with the way out.

use media::choice::{Choice, Container, Purpose};
use media::encoder::Codec;
use media::spec::{PixelFormat, Scan};
use media::stream::{SourceInfo, VideoStream};

use crate::carry::{self, Freight, Left};
use crate::{filter, order};

/// What the ffmpeg that writes the output can do, by its version. 5.1 and 9.0 were measured;
/// what lies between is believed to do only what 5.1 does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Muxer {
    /// `9` of `9.0.2`.
    pub major: u32,
    /// `0` of `9.0.2`.
    pub minor: u32,
}

impl Muxer {
    /// 5.1 writes copied Opus about 6 ms early into Matroska, by the encoder's delay.
    #[must_use]
    pub fn delay_in_mkv(self) -> bool {
        self.major >= 9
    }

    /// 5.1 loses the display matrix in Matroska.
    #[must_use]
    pub fn rotation_in_mkv(self) -> bool {
        self.major >= 9
    }

    /// 5.1 neither reads x264's HDR10 messages nor writes them to the container.
    #[must_use]
    pub fn hdr10_in_h264(self) -> bool {
        self.major >= 9
    }

    /// 5.1 says in whole milliseconds when a track of an MP4 starts, unless it is given ticks.
    #[must_use]
    pub fn starts_in_ticks(self) -> bool {
        self.major >= 9
    }

    /// 5.1 does not read FLAC of 32 bits a sample: it copies the packets, without knowing how long
    /// each lasts, which MP4 must know.
    #[must_use]
    pub fn reads_flac32(self) -> bool {
        self.major >= 9
    }

    /// 5.1 has no `ipcm`.
    #[must_use]
    pub fn pcm_in_mp4(self) -> bool {
        self.major >= 9
    }
}

/// Something a person hears before the job starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// Would be lost or look different: needs agreement.
    Loss(String),
    /// Worth knowing; nothing of the film is lost.
    Note(String),
}

/// Everything to be said of making `choice` out of this file.
#[must_use]
pub fn remarks(
    info: &SourceInfo,
    video: &VideoStream,
    choice: &Choice,
    freight: &Freight,
    muxer: Muxer,
) -> Vec<Remark> {
    let mut remarks = Vec::new();
    picture(video, choice, &mut remarks);
    metadata(info, video, choice, muxer, &mut remarks);
    for (index, left) in &freight.left {
        // MP4 keeps chapter names in a track of their own: they travel as chapters.
        let names_chapters = info.chapters > 0
            && info
                .streams
                .iter()
                .any(|s| s.index == *index && s.codec == "bin_data");
        if names_chapters {
            continue;
        }
        remarks.push(stream(*index, *left, info));
    }
    sound(info, choice, freight, &mut remarks);
    remarks
}

fn loss(remarks: &mut Vec<Remark>, text: impl Into<String>) {
    remarks.push(Remark::Loss(text.into()));
}

fn picture(video: &VideoStream, choice: &Choice, remarks: &mut Vec<Remark>) {
    let Some(source) = order::nearest(&video.pixel_name) else {
        return;
    };
    let Ok(filtered) = filter::resolve(video, source, choice) else {
        return;
    };
    remarks.extend(
        filter::notes(video, choice, &filtered)
            .into_iter()
            .map(Remark::Note),
    );
    // What becomes SDR is asked for as that, with its 8 bits.
    let mapped = filtered.chain.tone_map.is_some();
    let output = filtered.pixel_format;
    if choice.purpose == Purpose::Everywhere && video.color.is_hdr() && !mapped {
        loss(
            remarks,
            "This film is HDR; made to play everywhere it will look pale on most screens. Choose Smaller or Keep quality to keep its colours.",
        );
    } else if output.depth() < source.depth() && !mapped {
        loss(
            remarks,
            "This film has 10-bit colour and would get 8-bit colour, which can show bands in skies. Choose Smaller or Keep quality to keep it.",
        );
    }
    if chroma(output) < chroma(source) {
        let way = if choice.codec() == Codec::Av1 {
            "Choose HEVC or H.264"
        } else {
            "Choose Smaller or Keep quality"
        };
        loss(
            remarks,
            format!(
                "This film has finer colour detail ({}) than {} would keep (4:2:0). {way} to keep it.",
                chroma_name(source),
                choice.codec()
            ),
        );
    }
    if !order::is_lossless(&video.pixel_name) {
        loss(
            remarks,
            format!(
                "The picture's {} samples would be converted to {}: transparency, RGB or more than 10 bits are not kept.",
                video.pixel_name,
                output.name()
            ),
        );
    }
    if filtered.made.scan != Scan::Progressive && choice.codec() != Codec::H264 {
        loss(
            remarks,
            format!(
                "This film is interlaced, and {} would not say so: players would show combs. Choose H.264 to keep it, or have it deinterlaced.",
                choice.codec()
            ),
        );
    }
}

/// Coarseness of colour: 0 for 4:2:0, 2 for 4:4:4.
fn chroma(format: PixelFormat) -> u8 {
    match format {
        PixelFormat::Yuv420p | PixelFormat::Yuv420p10 => 0,
        PixelFormat::Yuv422p | PixelFormat::Yuv422p10 => 1,
        PixelFormat::Yuv444p | PixelFormat::Yuv444p10 => 2,
    }
}

fn chroma_name(format: PixelFormat) -> &'static str {
    ["4:2:0", "4:2:2", "4:4:4"][usize::from(chroma(format))]
}

fn metadata(
    info: &SourceInfo,
    video: &VideoStream,
    choice: &Choice,
    muxer: Muxer,
    remarks: &mut Vec<Remark>,
) {
    let film = info.streams.iter().find(|s| s.index == video.index);
    let dolby = film.is_some_and(|s| s.has_side_data("dovi"));
    if dolby && video.dynamic.iter().all(|d| !d.starts_with("Dolby")) {
        loss(
            remarks,
            "The Dolby Vision layer is not kept; the picture under it is.",
        );
    }
    let sdr = choice.filters.sdr && video.color.is_hdr();
    for dynamic in video.dynamic.iter().filter(|_| !sdr) {
        loss(
            remarks,
            format!(
                "The film's {dynamic} cannot be kept by any encoder here; the rest of the picture is."
            ),
        );
    }
    if film.is_some_and(|s| s.description.contains("Closed Captions"))
        && video.dynamic.iter().all(|d| d != "closed captions")
    {
        loss(
            remarks,
            "The film's closed captions cannot be kept by any encoder here; subtitle tracks are.",
        );
    }
    if video.hdr10.is_some() && !sdr && choice.codec() == Codec::H264 && !muxer.hdr10_in_h264() {
        loss(
            remarks,
            "This ffmpeg does not keep HDR10 metadata in H.264. Choose HEVC, or use the bundled ffmpeg.",
        );
    }
    let rotated = video.rotation.is_some_and(|degrees| degrees != 0);
    if rotated && choice.container() == Container::Mkv && !muxer.rotation_in_mkv() {
        loss(
            remarks,
            "This film is stored turned, and this ffmpeg forgets that in MKV. Choose MP4, or use the bundled ffmpeg.",
        );
    }
}

fn sound(info: &SourceInfo, choice: &Choice, freight: &Freight, remarks: &mut Vec<Remark>) {
    for carried in &freight.carried {
        let Some(stream) = info.streams.iter().find(|s| s.index == carried.index) else {
            continue;
        };
        if let (carry::How::Sound(encoder, bits), None) = (carried.how, choice.audio) {
            let name = if encoder == "aac" { "AAC" } else { "Opus" };
            remarks.push(Remark::Note(format!(
                "Track {} ({}) does not fit into {} as it is and becomes {name} at {} kbit/s.",
                carried.index,
                stream.codec,
                choice.container().name().to_uppercase(),
                bits / 1000
            )));
        }
    }
}

fn stream(index: u32, left: Left, info: &SourceInfo) -> Remark {
    let codec = info
        .streams
        .iter()
        .find(|s| s.index == index)
        .map_or("", |s| s.codec.as_str());
    match left {
        Left::BitmapSubtitles => Remark::Loss(format!(
            "Subtitle track {index} is made of pictures ({codec}), which MP4 cannot hold. Choose MKV to keep it."
        )),
        Left::Styling => Remark::Loss(format!(
            "Subtitle track {index} ({codec}) would lose its styling in MP4. Choose MKV to keep it."
        )),
        Left::Subtitles => Remark::Loss(format!(
            "Subtitle track {index} ({codec}) cannot be kept in this container. MKV keeps most kinds."
        )),
        Left::Attachment => Remark::Loss(format!(
            "The attached file in track {index} ({codec}) has no place in MP4. Choose MKV to keep it."
        )),
        Left::Data => Remark::Note(format!(
            "Track {index} holds data ({codec}) that no player shows; it stays behind."
        )),
        Left::ExtraVideo => Remark::Loss(format!(
            "Track {index} is a second film ({codec}); only the first is encoded."
        )),
        Left::Cover => Remark::Loss(format!(
            "The cover in track {index} ({codec}) is of a kind this container does not take."
        )),
        Left::UnreadSound => Remark::Loss(format!(
            "Sound track {index} ({codec}) has 32 bits a sample, which this ffmpeg cannot read. Choose MKV to copy it, or use the bundled ffmpeg."
        )),
        Left::Sound => Remark::Loss(format!(
            "Sound track {index} ({codec}) cannot be copied into this container. Choose MKV, or let it be encoded."
        )),
    }
}

#[cfg(test)]
mod tests {
    use media::parse::description;
    use media::spec::{Color, Transfer};

    use super::*;
    use crate::order::tests::video;

    const OLD: Muxer = Muxer { major: 5, minor: 1 };
    const NEW: Muxer = Muxer { major: 9, minor: 0 };

    fn losses(video: &VideoStream, choice: &Choice, muxer: Muxer, extra: &str) -> Vec<String> {
        let text = format!(
            "Input #0, matroska,webm, from 'file:/x':\n  Stream #0:0: Video: h264, yuv420p\n{extra}"
        );
        let info = description::read(&text).unwrap();
        let freight = carry::freight(&info, 0, choice, muxer);
        let all = remarks(&info, video, choice, &freight, muxer);
        all.into_iter()
            .filter_map(|r| {
                if let Remark::Loss(text) = r {
                    Some(text)
                } else {
                    None
                }
            })
            .collect()
    }

    #[test]
    fn an_ordinary_film_loses_nothing() {
        for purpose in [
            Purpose::Everywhere,
            Purpose::Smaller,
            Purpose::Smallest,
            Purpose::Keep,
        ] {
            let choice = Choice {
                purpose,
                ..Choice::default()
            };
            assert_eq!(losses(&video(), &choice, NEW, ""), Vec::<String>::new());
        }
    }

    #[test]
    fn each_loss_is_said_with_its_way_out() {
        let hdr = VideoStream {
            pixel_name: "yuv420p10le".into(),
            color: Color {
                transfer: Some(Transfer::Smpte2084),
                ..Color::default()
            },
            ..video()
        };
        let everywhere = Choice {
            purpose: Purpose::Everywhere,
            ..Choice::default()
        };
        assert!(losses(&hdr, &everywhere, NEW, "")[0].contains("HDR"));
        let fine = VideoStream {
            pixel_name: "yuv444p".into(),
            ..video()
        };
        let smallest = Choice {
            purpose: Purpose::Smallest,
            ..Choice::default()
        };
        assert!(losses(&fine, &smallest, NEW, "")[0].contains("4:4:4"));
        let interlaced = VideoStream {
            scan: Scan::TopFirst,
            ..video()
        };
        assert!(losses(&interlaced, &Choice::default(), NEW, "")[0].contains("interlaced"));
        assert!(losses(&interlaced, &everywhere, NEW, "").is_empty());
        let turned = VideoStream {
            rotation: Some(90),
            ..video()
        };
        assert!(losses(&turned, &Choice::default(), OLD, "")[0].contains("turned"));
        assert!(losses(&turned, &Choice::default(), NEW, "").is_empty());
        assert!(
            losses(
                &video(),
                &everywhere,
                NEW,
                "  Stream #0:1: Subtitle: hdmv_pgs_subtitle\n"
            )[0]
            .contains("Choose MKV")
        );
    }
}
