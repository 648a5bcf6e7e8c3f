//! With an ffmpeg before 9, 5.1 above all: what the product then refuses to lose unasked.

use tests::clips::Clip;
use tests::verdict::Loss;

use super::Change::{Lost, Sound};
use super::Expected::{self, Degraded, Noted};
use super::{EVERYWHERE, H264_MKV, H264_MP4, Road};

/// Trials that show a difference, or a road that only an old ffmpeg needs; the others are run on demand.
const TELLING: &[(&str, &str)] = &[
    ("discont.ts", "h264_mp4"),
    ("h264_opengop.ts", "h264_mp4"),
    ("h264_fullrange_bt601.mkv", "smaller"),
    ("hdr10.mkv", "h264_mkv"),
    ("hdr10.mp4", "hevc_mp4"),
    ("hevc_rasl.ts", "smaller"),
    ("kitchen_sink.mkv", "h264_mkv"),
    ("mjpeg.mov", "h264_mp4"),
    ("phone_rot_elst.mp4", "h264_mkv"),
    ("size_change.ts", "h264_mp4"),
    ("sound_flac.mkv", "h264_mp4"),
    ("sound_flac32.mkv", "h264_mp4"),
    ("audio_late.mkv", "opus"),
    ("sound_opus.mkv", "h264_mkv"),
    ("vp9_altref.webm", "smallest"),
    ("sound_pcm.mov", "h264_mp4"),
    ("vfr_90k.mp4", "av1_mp4"),
];

/// Whether a trial is one of every run.
pub fn is_telling(clip: &Clip, road: Road) -> bool {
    TELLING.contains(&(clip.name, road.name))
}

/// Where it must end otherwise.
pub fn expected(clip: &Clip, road: Road) -> Option<Expected> {
    let (h264, mkv) = ([H264_MKV, H264_MP4].contains(&road), road.ending == "mkv");
    Some(match clip.name {
        "hdr10.mkv" | "hdr10.mp4" if h264 => Degraded("HDR10 metadata", &[Lost(Loss::Light)]),
        "hdr10.mp4" if road == EVERYWHERE => {
            Degraded("HDR", &[Lost(Loss::Format), Lost(Loss::Light)])
        }
        "hdr10plus.mkv" if h264 => Degraded("HDR10+", &[Lost(Loss::Light)]),
        "dolby.mp4" if h264 => Degraded("Dolby Vision", &[Lost(Loss::Light)]),
        "phone_rot_elst.mp4" if road.name == "opus" => {
            Degraded("turned", &[Lost(Loss::Rotation), Sound])
        }
        "phone_rot_elst.mp4" if mkv => Degraded("turned", &[Lost(Loss::Rotation)]),
        "sound_flac32.mkv" if !mkv => Degraded("32 bits", &[Lost(Loss::Sound)]),
        "sound_pcm.mov" if !mkv => Noted("becomes AAC", &[Sound]),
        _ => return None,
    })
}
