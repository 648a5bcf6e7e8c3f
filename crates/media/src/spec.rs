//! What to encode: the typed order that crosses the wire. Enums and bounded numbers only,
//! so that nothing a peer says can become an option, a filter or a path.

use serde::{Deserialize, Serialize};

use crate::encoder::{Encoder, Quality, Speed};
use crate::filter::Chain;
use crate::time::{Span, Timebase};

/// One segment's order: how to decode what is sent, which frames to keep, how to encode them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentSpec {
    /// The decoder that may run.
    pub input: InputCodec,
    /// Picture width, pixels.
    pub width: Side,
    /// Picture height, pixels.
    pub height: Side,
    /// Of `span` and of the result.
    pub timebase: Timebase,
    /// The frames to keep, in the source's ticks.
    pub span: Span,
    /// How many frames that is.
    pub frames: Frames,
    /// With what to encode.
    pub encoder: Encoder,
    /// How thoroughly.
    pub speed: Speed,
    /// How well.
    pub quality: Quality,
    /// Of the result.
    pub pixel_format: PixelFormat,
    /// The source's average rate, for the encoder's rate control only.
    pub frame_rate: Ratio,
    /// To be written into the result.
    pub color: Color,
    /// To be written into the result.
    pub hdr10: Option<Hdr10>,
    /// Sample aspect ratio, where not square.
    pub sar: Option<Ratio>,
    /// Progressive or interlaced.
    pub scan: Scan,
    /// The film's pictures change their size on the way: each is scaled to `width` × `height`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub rescale: bool,
    /// The film's samples are red, green and blue: they are converted by `color`'s matrix and range.
    #[serde(default, skip_serializing_if = "is_false")]
    pub rgb: bool,
    /// What is done to each picture. `width` and `height` are then the film's, all else that describes the picture is
    /// the result's.
    #[serde(default, skip_serializing_if = "Chain::is_empty")]
    pub filters: Chain,
    /// What the filters see, where that is more than `span`, and where they count from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub around: Option<Around>,
}

/// What filters see of the film beside a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Around {
    /// The frames that pass the filters; those outside the segment are cut off behind them.
    pub seen: Span,
    /// At half the rate: an odd number of the film's frames lie before the segment, so that its first is left out.
    pub odd: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(it: &bool) -> bool {
    !it
}

/// A bounded number that refuses to be read out of range.
macro_rules! bounded {
    ($(#[$doc:meta])* $name:ident($inner:ty) = $least:literal ..= $most:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name($inner);

        impl $name {
            /// `None` out of range.
            #[must_use]
            pub const fn new(value: $inner) -> Option<Self> {
                if value < $least || value > $most { None } else { Some(Self(value)) }
            }

            /// The number.
            #[must_use]
            pub const fn get(self) -> $inner {
                self.0
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(<$inner>::deserialize(deserializer)?).ok_or_else(|| {
                    serde::de::Error::custom(concat!(stringify!($name), " is ", $least, " to ", $most))
                })
            }
        }
    };
}

bounded! {
    /// A picture's side, 1 to 16384 pixels.
    Side(u16) = 1..=16384
}
bounded! {
    /// Frames in one segment, 1 to 1 000 000.
    Frames(u32) = 1..=1_000_000
}

/// A positive ratio with bounded terms (1 to 1 000 000 each).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Ratio {
    /// Above.
    num: u32,
    /// Below.
    den: u32,
}

impl Ratio {
    /// `None` where a term is zero or above 1 000 000.
    #[must_use]
    pub const fn new(num: u32, den: u32) -> Option<Self> {
        const MOST: u32 = 1_000_000;
        if num == 0 || den == 0 || num > MOST || den > MOST {
            None
        } else {
            Some(Self { num, den })
        }
    }

    /// Above.
    #[must_use]
    pub const fn num(self) -> u32 {
        self.num
    }

    /// Below.
    #[must_use]
    pub const fn den(self) -> u32 {
        self.den
    }
}

impl<'de> Deserialize<'de> for Ratio {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Terms {
            num: u32,
            den: u32,
        }
        let terms = Terms::deserialize(deserializer)?;
        Self::new(terms.num, terms.den)
            .ok_or_else(|| serde::de::Error::custom("a ratio's terms are 1 to 1000000"))
    }
}

/// Defines a closed set of words shared with ffmpeg's command line.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $(#[doc = concat!("`", $word, "`")] #[serde(rename = $word)] $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// ffmpeg's word.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// From ffmpeg's word.
            #[must_use]
            pub fn from_name(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

words! {
    /// Source codecs a donor decodes. Anything else is normalised by the owner or refused.
    InputCodec {
        H264 = "h264", Hevc = "hevc", Av1 = "av1", Vp8 = "vp8", Vp9 = "vp9",
        Mpeg1 = "mpeg1video", Mpeg2 = "mpeg2video", Mpeg4 = "mpeg4", MsMpeg4v2 = "msmpeg4v2",
        MsMpeg4v3 = "msmpeg4v3", H263 = "h263", Vc1 = "vc1", Wmv3 = "wmv3", Wmv2 = "wmv2", Theora = "theora",
        Prores = "prores", Dnxhd = "dnxhd", Ffv1 = "ffv1", Mjpeg = "mjpeg", Dv = "dvvideo",
        HuffYuv = "huffyuv", FfvHuff = "ffvhuff", UtVideo = "utvideo", RawVideo = "rawvideo",
        Cinepak = "cinepak", Flv1 = "flv1", Svq1 = "svq1", Svq3 = "svq3", Png = "png", Vvc = "vvc",
        Wmv1 = "wmv1", Cfhd = "cfhd", V210 = "v210",
    }
}

words! {
    /// Pixel formats we encode to.
    PixelFormat {
        Yuv420p = "yuv420p", Yuv422p = "yuv422p", Yuv444p = "yuv444p",
        Yuv420p10 = "yuv420p10le", Yuv422p10 = "yuv422p10le", Yuv444p10 = "yuv444p10le",
    }
}

impl PixelFormat {
    /// Bits a sample: 8 or 10.
    #[must_use]
    pub const fn depth(self) -> u8 {
        match self {
            Self::Yuv420p | Self::Yuv422p | Self::Yuv444p => 8,
            Self::Yuv420p10 | Self::Yuv422p10 | Self::Yuv444p10 => 10,
        }
    }

    /// Whether chroma is at half size both ways.
    #[must_use]
    pub const fn is_420(self) -> bool {
        matches!(self, Self::Yuv420p | Self::Yuv420p10)
    }
}

words! {
    /// Which field is shown first.
    Scan { Progressive = "progressive", TopFirst = "tff", BottomFirst = "bff" }
}

words! {
    /// ISO/IEC 23091-2 colour primaries.
    Primaries {
        Bt709 = "bt709", Bt470m = "bt470m", Bt470bg = "bt470bg", Smpte170m = "smpte170m",
        Smpte240m = "smpte240m", Film = "film", Bt2020 = "bt2020", Smpte428 = "smpte428",
        Smpte431 = "smpte431", Smpte432 = "smpte432", Ebu3213 = "ebu3213",
    }
}

words! {
    /// ISO/IEC 23091-2 transfer characteristics.
    Transfer {
        Bt709 = "bt709", Gamma22 = "bt470m", Gamma28 = "bt470bg", Smpte170m = "smpte170m",
        Smpte240m = "smpte240m", Linear = "linear", Iec61966_2_1 = "iec61966-2-1",
        Iec61966_2_4 = "iec61966-2-4", Bt1361e = "bt1361e", Bt2020_10 = "bt2020-10",
        Bt2020_12 = "bt2020-12", Smpte2084 = "smpte2084", Smpte428 = "smpte428",
        AribStdB67 = "arib-std-b67",
    }
}

words! {
    /// ISO/IEC 23091-2 matrix coefficients.
    Matrix {
        Rgb = "rgb", Bt709 = "bt709", Fcc = "fcc", Bt470bg = "bt470bg", Smpte170m = "smpte170m",
        Smpte240m = "smpte240m", Ycgco = "ycgco", Bt2020nc = "bt2020nc", Bt2020c = "bt2020c",
        ChromaDerivedNc = "chroma-derived-nc", Ictcp = "ictcp",
    }
}

words! {
    /// Sample range.
    Range { Limited = "tv", Full = "pc" }
}

words! {
    /// Where chroma samples sit.
    ChromaLocation {
        Left = "left", Center = "center", TopLeft = "topleft", Top = "top",
        BottomLeft = "bottomleft", Bottom = "bottom",
    }
}

/// Colour description; `None` where the source does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Color {
    /// Colour primaries.
    pub primaries: Option<Primaries>,
    /// Transfer characteristics.
    pub transfer: Option<Transfer>,
    /// Matrix coefficients.
    pub matrix: Option<Matrix>,
    /// Sample range.
    pub range: Option<Range>,
    /// Chroma sample location.
    pub chroma: Option<ChromaLocation>,
}

impl Color {
    /// PQ or HLG.
    #[must_use]
    pub fn is_hdr(&self) -> bool {
        matches!(
            self.transfer,
            Some(Transfer::Smpte2084 | Transfer::AribStdB67)
        )
    }
}

/// HDR10 static metadata: SMPTE ST 2086 and CTA-861.3, in the integers HEVC's SEI uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hdr10 {
    /// The display it was mastered on.
    pub mastering: Option<Mastering>,
    /// Light levels of the content.
    pub light: Option<LightLevel>,
}

/// SMPTE ST 2086. Chromaticities in 1/50000, luminance in 1/10000 cd/m².
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mastering {
    /// Red primary, x then y.
    pub red: (u16, u16),
    /// Green primary.
    pub green: (u16, u16),
    /// Blue primary.
    pub blue: (u16, u16),
    /// White point.
    pub white: (u16, u16),
    /// Brightest.
    pub max_luminance: u32,
    /// Darkest.
    pub min_luminance: u32,
}

/// CTA-861.3, cd/m².
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LightLevel {
    /// Brightest pixel of the film.
    pub max_content: u16,
    /// Brightest frame average.
    pub max_average: u16,
}

impl Around {
    /// Whether a segment lies within what is seen.
    fn holds(&self, span: Span) -> bool {
        let within = |ticks: i64| ticks.unsigned_abs() < 1 << 56;
        let ends = match (self.seen.end, span.end) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(seen), Some(end)) => seen >= end && within(seen.0),
        };
        ends && self.seen.start <= span.start && within(self.seen.start.0)
    }
}

impl SegmentSpec {
    /// The result's size.
    #[must_use]
    pub fn made(&self) -> (Side, Side) {
        self.filters.size(self.width, self.height)
    }

    /// Pixels of one picture of the film.
    #[must_use]
    pub fn pixels(&self) -> u64 {
        u64::from(self.width.get()) * u64::from(self.height.get())
    }

    /// Whether the parts agree with each other: what types alone cannot say.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let spans_forward = self.span.end.is_none_or(|end| end > self.span.start);
        let within = |ticks: i64| ticks.unsigned_abs() < 1 << 56;
        let times = within(self.span.start.0) && self.span.end.is_none_or(|end| within(end.0));
        let (least, most) = Quality::range(self.encoder.codec());
        let around = self.around.is_none_or(|around| around.holds(self.span));
        let filters = self.filters.is_sound(self.width, self.height);
        spans_forward
            && times
            && around
            && filters
            && (least..=most).contains(&self.quality.number())
    }
}
