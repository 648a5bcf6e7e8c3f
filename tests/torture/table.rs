//! What is expected of each clip on each road.

/// What is different with an ffmpeg before 9.
pub mod old;

use std::path::Path;

use tests::clips::{self, Clip, Truth};
use tests::verdict::Loss;

use crate::trial::Trial;

/// A wish, as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Road {
    /// For the names of trials.
    pub name: &'static str,
    /// The output's ending.
    pub ending: &'static str,
    /// The options.
    pub wish: &'static [&'static str],
}

/// How a trial must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Exact and proved, everything carried, nothing asked.
    Exact,
    /// Exact, with these words in a note: something was done that is worth knowing, and these things are not kept or the
    /// sound is not the same packets.
    Noted(&'static str, &'static [Change]),
    /// Not begun without `--yes`, for the reason with these words; with it, exact but for these losses.
    Degraded(&'static str, &'static [Change]),
    /// Refused with this code and these words, with `--yes` or without.
    Refused(&'static str, &'static str),
}

/// In what an output may differ, having said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Something is missing.
    Lost(Loss),
    /// The sound was encoded anew.
    Sound,
}

use Change::{Lost, Sound};
use Expected::{Degraded, Exact, Noted, Refused};

const fn road(name: &'static str, ending: &'static str, wish: &'static [&'static str]) -> Road {
    Road { name, ending, wish }
}

const H264_MKV: Road = road(
    "h264_mkv",
    "mkv",
    &["--codec", "h264", "--container", "mkv", "--speed", "fast"],
);
const H264_MP4: Road = road(
    "h264_mp4",
    "mp4",
    &["--codec", "h264", "--container", "mp4", "--speed", "fast"],
);
const EVERYWHERE: Road = road(
    "everywhere",
    "mp4",
    &["--for", "everywhere", "--speed", "fast"],
);
const SMALLER: Road = road("smaller", "mkv", &["--speed", "fast"]);
const HEVC_MP4: Road = road(
    "hevc_mp4",
    "mp4",
    &["--container", "mp4", "--speed", "fast"],
);
const SMALLEST: Road = road(
    "smallest",
    "mkv",
    &["--for", "smallest", "--quality", "18", "--speed", "fast"],
);
const AV1_MP4: Road = road(
    "av1_mp4",
    "mp4",
    &[
        "--for",
        "smallest",
        "--quality",
        "18",
        "--container",
        "mp4",
        "--speed",
        "fast",
    ],
);

const OPUS: Road = road(
    "opus",
    "mkv",
    &["--codec", "h264", "--audio", "opus", "--speed", "fast"],
);
const AAC: Road = road(
    "aac",
    "mp4",
    &["--for", "everywhere", "--audio", "aac", "--speed", "fast"],
);
const PARANOID: Road = road(
    "paranoid",
    "mkv",
    &["--codec", "h264", "--paranoid", "--speed", "fast"],
);

/// Clips whose sound is also encoded, into either container.
const ENCODED_SOUND: &[&str] = &[
    "audio_late.mkv",
    "video_late.mp4",
    "start3600.ts",
    "phone_rot_elst.mp4",
];

/// Clips whose output is also decoded as a whole by its owner.
const DECODED: &[&str] = &["h264_opengop.mkv", "hevc_rasl.ts", "vfr_90k.mp4"];

/// Clips that also become HEVC.
const HEVC: &[&str] = &[
    "h264_opengop.mkv",
    "h264_longgop.mkv",
    "h264_intrarefresh.mp4",
    "h264_fullrange_bt601.mkv",
    "h264_int_tff.ts",
    "h264_422p10.mkv",
    "hevc_rasl.mkv",
    "hevc_rasl.ts",
    "hevc_odd.mp4",
    "hevc_12bit.mkv",
    "hdr10.mkv",
    "hlg.mkv",
    "hdr10plus.mkv",
    "vfr.mkv",
    "vfr_jitter.mkv",
    "discont.ts",
    "kitchen_sink.mkv",
    "mpeg2_telecine.ts",
    "mpeg4_packed.avi",
    "rgb.mov",
    "one_frame.mkv",
    "truncated.mkv",
];

/// Clips that also become HEVC in MP4.
const HEVC_IN_MP4: &[&str] = &[
    "hdr10.mp4",
    "phone_rot_elst.mp4",
    "vfr_90k.mp4",
    "hevc_rasl.mp4",
    "wrap.ts",
    "two_frames.mp4",
];

/// Clips that also become AV1. At its own quality the encoder smears the numbers of some frames.
const AV1: &[&str] = &[
    "h264_opengop.ts",
    "h264_444.mkv",
    "h264_odd.mkv",
    "h264_int_tff.mkv",
    "hevc_rasl.mkv",
    "hdr10.mkv",
    "vfr.mkv",
    "vp9_altref.webm",
    "av1_aom_altref.mkv",
    "kitchen_sink.mkv",
    "one_frame.mp4",
];

/// Clips that also become AV1 in MP4.
const AV1_IN_MP4: &[&str] = &[
    "hdr10.mp4",
    "vfr_90k.mp4",
    "fps_23976.mp4",
    "h264_fullrange_bt601.mkv",
];

/// Clips whose purpose decides: *Plays everywhere* has fewer colours and less light.
const FOR_EVERYWHERE: &[&str] = &[
    "h264_closed.mp4",
    "hdr10.mp4",
    "h264_10bit.mkv",
    "h264_444.mkv",
    "prores.mov",
    "sound_opus.mkv",
];

/// Every trial.
pub fn trials() -> Vec<Trial> {
    clips::all()
        .into_iter()
        .flat_map(|clip| roads(&clip).into_iter().map(move |road| trial(&clip, road)))
        .collect()
}

/// The same with an ffmpeg before 9.
pub fn trials_with_old(ffmpeg: &'static Path) -> Vec<Trial> {
    let old = |trial: Trial| Trial {
        expected: old::expected(&trial.clip, trial.road).unwrap_or(trial.expected),
        ffmpeg: Some(ffmpeg),
        ..trial
    };
    trials().into_iter().map(old).collect()
}

fn roads(clip: &Clip) -> Vec<Road> {
    let mut roads = vec![H264_MKV];
    if clip.truth == Truth::NoFilm {
        return roads;
    }
    roads.push(H264_MP4);
    let more = [
        (HEVC, SMALLER),
        (HEVC_IN_MP4, HEVC_MP4),
        (AV1, SMALLEST),
        (AV1_IN_MP4, AV1_MP4),
        (FOR_EVERYWHERE, EVERYWHERE),
        (ENCODED_SOUND, OPUS),
        (ENCODED_SOUND, AAC),
        (DECODED, PARANOID),
    ];
    roads.extend(
        more.into_iter()
            .filter(|(names, _)| names.contains(&clip.name))
            .map(|(_, road)| road),
    );
    roads
}

fn trial(clip: &Clip, road: Road) -> Trial {
    Trial {
        clip: clip.clone(),
        road,
        expected: expected(clip, road),
        ffmpeg: None,
    }
}

fn expected(clip: &Clip, road: Road) -> Expected {
    let name = clip.name;
    no_film(name)
        .or_else(|| picture(name, road))
        .or_else(|| marks(name))
        .or_else(|| carried(name, road))
        .unwrap_or(if road == OPUS || road == AAC {
            Noted("", &[Sound])
        } else {
            Exact
        })
}

fn no_film(name: &str) -> Option<Expected> {
    Some(match name {
        "empty.mp4" => Refused("empty_file", "empty"),
        "text.mkv" => Refused("not_a_video", "not a video"),
        "nopts_raw.h264" => Refused("damaged", "timestamps"),
        "gif.gif" => Refused("not_a_video", "gif"),
        "animation.mov" => Refused("not_a_video", "qtrle"),
        "raw_rgb.avi" => Refused("not_a_video", "raw bgr24"),
        "audio_only.m4a" | "song_with_cover.m4a" => Refused("no_video_track", "no picture"),
        "encrypted.mp4" => Refused("encrypted", "encrypted"),
        "truncated.mp4" => Refused("damaged", "damaged"),
        _ => return None,
    })
}

/// What a codec or purpose cannot show.
fn picture(name: &str, road: Road) -> Option<Expected> {
    let (everywhere, av1) = (road == EVERYWHERE, road == SMALLEST || road == AV1_MP4);
    let hevc = road == SMALLER || road == HEVC_MP4;
    Some(match name {
        "hdr10.mp4" if everywhere => Degraded("HDR", &[Lost(Loss::Format)]),
        "h264_10bit.mkv" | "prores.mov" if everywhere => Degraded("10-bit", &[Lost(Loss::Format)]),
        "h264_444.mkv" if everywhere || av1 => Degraded("4:4:4", &[Lost(Loss::Format)]),
        "hevc_12bit.mkv" | "rgb.avi" | "rgb.mov" => Degraded("samples", &[Lost(Loss::Format)]),
        "h264_int_tff.ts" | "h264_int_tff.mkv" if hevc || av1 => {
            Degraded("interlaced", &[Lost(Loss::Fields)])
        }
        _ => return None,
    })
}

/// What no encoder here writes again, and what damage costs.
fn marks(name: &str) -> Option<Expected> {
    Some(match name {
        "corrupt.ts" => Noted("damaged in places", &[Sound]),
        "size_change.ts" | "size_change.mkv" | "size_change.webm" => {
            Noted("all are scaled to 320×180", &[])
        }
        "captions.ts" => Degraded("captions", &[]),
        "hdr10plus.mkv" => Degraded("HDR10+", &[]),
        "dolby.mp4" => Degraded("Dolby Vision", &[]),
        _ => return None,
    })
}

/// What a container has no place for.
fn carried(name: &str, road: Road) -> Option<Expected> {
    let mp4 = road.ending == "mp4";
    Some(match name {
        "two_films.mkv" => Degraded("second film", &[]),
        "timecode.mov" => Noted("data", &[]),
        "kitchen_sink.mkv" if mp4 => {
            Degraded("styling", &[Lost(Loss::Attachments), Lost(Loss::Styling)])
        }
        "pgs.mkv" if mp4 => Degraded("pictures", &[Lost(Loss::Bitmaps)]),
        "wmv1.wmv" | "wmv2.wmv" if mp4 => Noted("becomes AAC", &[Sound]),
        _ => return None,
    })
}
