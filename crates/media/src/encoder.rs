//! The encoders we know, the codec each one writes, and what its numbers mean.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An output codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    /// AVC.
    H264,
    /// H.265.
    Hevc,
    /// AV1.
    Av1,
}

impl Codec {
    /// As in file names and on the command line: `h264`, `hevc`, `av1`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::H264 => "h264",
            Self::Hevc => "hevc",
            Self::Av1 => "av1",
        }
    }

    /// The quality number that is used where nobody says another: lower is better and larger.
    #[must_use]
    pub const fn usual_quality(self) -> u8 {
        match self {
            Self::H264 => 20,
            Self::Hevc => 24,
            Self::Av1 => 32,
        }
    }

    /// The software encoder that *same look* uses on every machine.
    #[must_use]
    pub const fn software(self) -> Encoder {
        match self {
            Self::H264 => Encoder::X264,
            Self::Hevc => Encoder::X265,
            Self::Av1 => Encoder::SvtAv1,
        }
    }
}

macro_rules! encoders {
    ($($variant:ident = $name:literal, $codec:ident, $kind:ident;)*) => {
        /// One ffmpeg encoder, software or hardware.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Encoder {
            $(#[doc = concat!("ffmpeg's `", $name, "`.")] #[serde(rename = $name)] $variant,)*
        }

        impl Encoder {
            /// Every encoder, software first.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// ffmpeg's name for it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it writes.
            #[must_use]
            pub const fn codec(self) -> Codec {
                match self { $(Self::$variant => Codec::$codec,)* }
            }

            /// Whose silicon, or none.
            #[must_use]
            pub const fn family(self) -> Family {
                match self { $(Self::$variant => Family::$kind,)* }
            }
        }
    };
}

encoders! {
    X264 = "libx264", H264, Software;
    X265 = "libx265", Hevc, Software;
    SvtAv1 = "libsvtav1", Av1, Software;
    H264Nvenc = "h264_nvenc", H264, Nvenc;
    HevcNvenc = "hevc_nvenc", Hevc, Nvenc;
    Av1Nvenc = "av1_nvenc", Av1, Nvenc;
    H264Qsv = "h264_qsv", H264, Qsv;
    HevcQsv = "hevc_qsv", Hevc, Qsv;
    Av1Qsv = "av1_qsv", Av1, Qsv;
    H264Amf = "h264_amf", H264, Amf;
    HevcAmf = "hevc_amf", Hevc, Amf;
    Av1Amf = "av1_amf", Av1, Amf;
    H264VideoToolbox = "h264_videotoolbox", H264, VideoToolbox;
    HevcVideoToolbox = "hevc_videotoolbox", Hevc, VideoToolbox;
    H264Vaapi = "h264_vaapi", H264, Vaapi;
    HevcVaapi = "hevc_vaapi", Hevc, Vaapi;
    Av1Vaapi = "av1_vaapi", Av1, Vaapi;
}

/// What an encoder runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// The processor.
    Software,
    /// NVIDIA.
    Nvenc,
    /// Intel Quick Sync.
    Qsv,
    /// AMD.
    Amf,
    /// Apple.
    VideoToolbox,
    /// Linux's interface to Intel and AMD.
    Vaapi,
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Codec {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "h264" => Ok(Self::H264),
            "hevc" => Ok(Self::Hevc),
            "av1" => Ok(Self::Av1),
            _ => Err(()),
        }
    }
}

impl fmt::Display for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Encoder {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .iter()
            .copied()
            .find(|encoder| encoder.name() == text)
            .ok_or(())
    }
}

/// How much time to spend for the same quality.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Speed {
    /// Larger files, soon.
    Fast,
    /// The encoder's own middle.
    #[default]
    Balanced,
    /// Smaller files, later.
    Slow,
}

/// A quality number on the scale of its codec's software encoder: x264's and x265's CRF
/// (0–51), SVT-AV1's CRF (1–63). Smaller is better. Other encoders map it ([`Encoder::quantizer`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Quality(u8);

impl Quality {
    /// The range of `codec`'s scale, both ends included.
    #[must_use]
    pub const fn range(codec: Codec) -> (u8, u8) {
        match codec {
            Codec::H264 | Codec::Hevc => (1, 51),
            Codec::Av1 => (1, 63),
        }
    }

    /// `None` outside `codec`'s range.
    #[must_use]
    pub const fn new(codec: Codec, number: u8) -> Option<Self> {
        let (least, most) = Self::range(codec);
        if number < least || number > most {
            None
        } else {
            Some(Self(number))
        }
    }

    /// The number itself.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Quality {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u8::deserialize(deserializer)?;
        Self::new(Codec::Av1, number)
            .ok_or_else(|| serde::de::Error::custom("a quality number is 1 to 63"))
    }
}

impl Encoder {
    /// The encoder's own constant-quality number for `quality`.
    ///
    /// Software encoders take it as it is. The hardware columns are starting points from the
    /// vendors' documentation: NVENC `-cq` and QSV `-global_quality` share x264's scale to
    /// within a few points, AMF and VAAPI take a plain quantizer (0–51, AV1 0–255), and
    /// VideoToolbox counts from 1 (worst) to 100. Documented in README, "Quality numbers".
    #[must_use]
    pub fn quantizer(self, quality: Quality) -> u8 {
        let q = quality.number();
        match (self.family(), self.codec()) {
            (Family::Software, _) => q,
            (Family::VideoToolbox, _) => 100u8.saturating_sub(q.saturating_mul(3) / 2).max(1),
            (Family::Nvenc | Family::Qsv, Codec::Av1) => q.saturating_mul(51) / 63,
            (Family::Amf | Family::Vaapi, Codec::Av1) => {
                u8::try_from(u16::from(q) * 4).unwrap_or(u8::MAX)
            }
            (Family::Nvenc | Family::Qsv | Family::Amf | Family::Vaapi, Codec::H264) => {
                (q + 2).min(51)
            }
            (Family::Nvenc | Family::Qsv | Family::Amf | Family::Vaapi, Codec::Hevc) => q.min(51),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoder_is_found_by_its_name() {
        for encoder in Encoder::ALL {
            assert_eq!(encoder.name().parse(), Ok(*encoder));
        }
        assert_eq!("libx264 -vf movie=/etc/passwd".parse::<Encoder>(), Err(()));
    }

    #[test]
    fn quality_is_clamped_to_its_scale() {
        assert!(Quality::new(Codec::H264, 52).is_none());
        assert!(Quality::new(Codec::Av1, 63).is_some());
        assert!(serde_json_like(64).is_err() && serde_json_like(63).is_ok());
    }

    fn serde_json_like(number: u8) -> Result<Quality, serde::de::value::Error> {
        use serde::de::IntoDeserializer;
        Quality::deserialize(number.into_deserializer())
    }

    #[test]
    fn better_quality_never_maps_to_a_worse_number() {
        for encoder in Encoder::ALL {
            let (least, most) = Quality::range(encoder.codec());
            let numbers: Vec<u8> = (least..=most)
                .filter_map(|n| Quality::new(encoder.codec(), n))
                .map(|q| encoder.quantizer(q))
                .collect();
            let ordered = numbers.is_sorted() || numbers.iter().rev().is_sorted();
            assert!(ordered, "{encoder}: {numbers:?}");
        }
    }
}
