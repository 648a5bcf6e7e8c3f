//! What one look into a file tells: enough to choose by, and to guess its result's size from.

use media::stream::{SourceInfo, StreamKind};
use serde::{Deserialize, Serialize};

/// What is in a film.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// ffmpeg's name of the picture's codec.
    pub codec: String,
    /// Pixels; 0 where not told.
    pub width: u16,
    /// Lines; 0 where not told.
    pub height: u16,
    /// Milliseconds; 0 where not told.
    pub length_ms: u64,
    /// Frames in a thousand seconds; 0 where not told.
    pub frames_1000s: u32,
    /// Ten bits a sample.
    pub ten_bit: bool,
    /// Sound tracks.
    pub sounds: u32,
}

impl Facts {
    /// From what ffmpeg says of a file.
    ///
    /// # Errors
    /// Why it is no film, in a sentence.
    pub fn read(info: &SourceInfo) -> Result<Self, String> {
        let Some(film) = info.film() else {
            let heard = info.of_kind(StreamKind::Audio).next().is_some();
            let says = if heard {
                "It has sound but no picture."
            } else {
                "It holds no video."
            };
            return Err(says.to_owned());
        };
        let (mut width, mut height, mut frames_1000s) = (0, 0, 0);
        for part in film.description.split(", ") {
            if let Some((w, h)) = size(part) {
                (width, height) = (w, h);
            } else if let Some(rate) = part.strip_suffix(" fps") {
                let rate = rate.trim().parse::<f64>().unwrap_or(0.0);
                frames_1000s = (rate.clamp(0.0, 1e6) * 1000.0).round() as u32;
            }
        }
        let ten_bit = ["10le", "10be", "p010"];
        Ok(Self {
            codec: film.codec.clone(),
            width,
            height,
            length_ms: u64::try_from(info.duration_us.unwrap_or(0) / 1000).unwrap_or(0),
            frames_1000s,
            ten_bit: ten_bit.iter().any(|one| film.description.contains(one)),
            sounds: u32::try_from(info.of_kind(StreamKind::Audio).count()).unwrap_or(u32::MAX),
        })
    }
}

/// `1920x1080 [SAR 1:1 DAR 16:9]`
fn size(part: &str) -> Option<(u16, u16)> {
    let (width, height) = part.split(' ').next()?.split_once('x')?;
    Some((width.parse().ok()?, height.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use media::parse::description;

    #[test]
    fn a_film_as_ffmpeg_describes_it() {
        let text = "Input #0, matroska,webm, from 'a.mkv':\n  Duration: 00:01:02.50, start: 0.000000, bitrate: 1 kb/s\n  \
                    Stream #0:0: Video: hevc (Main 10), yuv420p10le(tv, bt709/unknown), 1920x1080 [SAR 1:1 DAR 16:9], 23.98 fps, 23.98 tbr, 1k tbn (default)\n  \
                    Stream #0:1(eng): Audio: aac (LC), 48000 Hz, stereo, fltp\n";
        let facts = Facts::read(&description::read(text).unwrap()).unwrap();
        let expected = Facts {
            codec: "hevc".into(),
            width: 1920,
            height: 1080,
            length_ms: 62_500,
            frames_1000s: 23_980,
            ten_bit: true,
            sounds: 1,
        };
        assert_eq!(facts, expected);
    }

    #[test]
    fn what_is_no_film_says_so() {
        let text = "Input #0, mp3, from 'a.mp3':\n  Stream #0:0: Audio: mp3, 48000 Hz\n";
        let said = Facts::read(&description::read(text).unwrap()).unwrap_err();
        assert_eq!(said, "It has sound but no picture.");
        assert_eq!(
            Facts::read(&SourceInfo::default()).unwrap_err(),
            "It holds no video."
        );
    }
}
