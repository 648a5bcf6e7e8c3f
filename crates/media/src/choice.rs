//! What a person wants made of a film, and what that means in codecs and numbers.

use serde::{Deserialize, Serialize};

use crate::encoder::{Codec, Quality, Speed};
use crate::filter::Filters;

/// A complete wish. The default is the product's: smaller, balanced, the same look everywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Choice {
    /// What the output is for.
    pub purpose: Purpose,
    /// Instead of the purpose's codec.
    pub codec: Option<Codec>,
    /// Instead of the purpose's quality; on the codec's software encoder's scale.
    pub quality: Option<u8>,
    /// How thoroughly.
    pub speed: Speed,
    /// One encoder everywhere, or each machine's fastest.
    pub encoders: Encoders,
    /// Instead of "copied where the container takes it".
    pub audio: Option<Audio>,
    /// For encoded sound: kilobits a second for two channels, 16 to 640.
    pub audio_kbps: Option<u16>,
    /// Instead of the purpose's container.
    pub container: Option<Container>,
    /// What is changed about the picture.
    pub filters: Filters,
    /// Agreed: what cannot be kept may be lost.
    pub accept_losses: bool,
}

/// What encoded sound may have for two channels, kilobits a second.
pub const SOUND_KBPS: std::ops::RangeInclusive<u16> = 16..=640;

/// What the output is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// *Plays everywhere*: H.264, 8 bit 4:2:0, MP4.
    Everywhere,
    /// *Smaller*: HEVC.
    #[default]
    Smaller,
    /// *Smallest*: AV1.
    Smallest,
    /// *Keep quality*: HEVC at a quality the eye does not tell from the source.
    Keep,
}

/// Which encoders may share one film.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoders {
    /// *Same look*: the codec's software encoder on every machine.
    #[default]
    Same,
    /// *Fastest*: whatever each machine does fastest.
    Any,
}

/// What becomes of the sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Audio {
    /// Kept packet for packet.
    Copy,
    /// Encoded to Opus.
    Opus,
    /// Encoded to AAC.
    Aac,
}

/// The output's container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Container {
    /// Matroska.
    Mkv,
    /// MP4 with its index in front.
    Mp4,
}

impl Container {
    /// `mkv` or `mp4`: the file name's ending, too.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mkv => "mkv",
            Self::Mp4 => "mp4",
        }
    }
}

impl Choice {
    /// The codec to make.
    #[must_use]
    pub fn codec(&self) -> Codec {
        self.codec.unwrap_or(match self.purpose {
            Purpose::Everywhere => Codec::H264,
            Purpose::Smaller | Purpose::Keep => Codec::Hevc,
            Purpose::Smallest => Codec::Av1,
        })
    }

    /// The quality number; `None` where one was asked for that the codec's scale does not have.
    #[must_use]
    pub fn quality(&self) -> Option<Quality> {
        let codec = self.codec();
        let keep = self.purpose == Purpose::Keep;
        let number = self.quality.unwrap_or(match codec {
            Codec::H264 if keep => 16,
            Codec::Hevc if keep => 17,
            Codec::Av1 if keep => 20,
            usual => usual.usual_quality(),
        });
        Quality::new(codec, number)
    }

    /// The container to write.
    #[must_use]
    pub fn container(&self) -> Container {
        self.container.unwrap_or(match self.purpose {
            Purpose::Everywhere => Container::Mp4,
            Purpose::Smaller | Purpose::Smallest | Purpose::Keep => Container::Mkv,
        })
    }

    /// Bits a second for a sound track of `channels`.
    #[must_use]
    pub fn audio_bits(&self, channels: u32) -> u32 {
        let pair = u32::from(
            self.audio_kbps
                .unwrap_or(128)
                .clamp(*SOUND_KBPS.start(), *SOUND_KBPS.end()),
        ) * 1000;
        pair * channels.clamp(1, 8).div_ceil(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purposes_mean_what_the_readme_says() {
        let of = |purpose| {
            let choice = Choice {
                purpose,
                ..Choice::default()
            };
            (
                choice.codec(),
                choice.quality().unwrap().number(),
                choice.container(),
            )
        };
        assert_eq!(of(Purpose::Everywhere), (Codec::H264, 20, Container::Mp4));
        assert_eq!(of(Purpose::Smaller), (Codec::Hevc, 24, Container::Mkv));
        assert_eq!(of(Purpose::Smallest), (Codec::Av1, 32, Container::Mkv));
        assert_eq!(of(Purpose::Keep), (Codec::Hevc, 17, Container::Mkv));
    }

    #[test]
    fn a_number_off_the_scale_is_none() {
        let choice = Choice {
            quality: Some(60),
            ..Choice::default()
        };
        assert_eq!(choice.quality(), None);
    }
}
