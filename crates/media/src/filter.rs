//! What is changed about the picture on its way: a person's wish, the chain that a donor is ordered, and the words of
//! ffmpeg's that it becomes. Enums and bounded numbers only.
//!
//! A filter is here only if its frames over a part of the film are those it gives over the whole film, once it sees a
//! known number of frames more at both ends ([`Chain::reach`]; measured, see `docs/filters.md`). Where the film itself
//! begins or ends there are none to see, as in a run over the whole film.

use serde::{Deserialize, Serialize};

use crate::spec::{Color, PixelFormat, Primaries, Scan, Side, Transfer};

/// What a person wants changed about the picture. The default changes nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Filters {
    /// Two fields become one picture; only where the film is interlaced.
    pub deinterlace: bool,
    /// The edges of a coarse encode's blocks are smoothed.
    pub deblock: bool,
    /// What is kept of the stored picture.
    pub crop: Option<Crop>,
    /// Noise is taken away.
    pub denoise: Option<Level>,
    /// Every second frame only.
    pub half_rate: bool,
    /// HDR becomes SDR; only where the film is HDR.
    pub sdr: bool,
    /// At most so many lines, as the film is shown; never made larger.
    pub height: Option<Side>,
    /// Edges are made clearer.
    pub sharpen: Option<Level>,
    /// The picture is turned.
    pub rotate: Option<Turn>,
    /// Film grain that the player draws.
    pub grain: Option<Grain>,
}

/// The lines that a picture may be scaled to.
pub const HEIGHTS: std::ops::RangeInclusive<u16> = 16..=8192;
/// How much film grain there may be.
pub const GRAINS: std::ops::RangeInclusive<u8> = 1..=50;
/// How long each side of a part of the picture may be, pixels.
pub const SIDES: std::ops::RangeInclusive<u16> = 16..=16_384;

/// How much of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// A little.
    Light,
    /// In between.
    Medium,
    /// Much, and slowly.
    Strong,
}

/// Which part of the picture is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Crop {
    /// Without its black bars, looked for before the start.
    Auto,
    /// This.
    To(Area),
}

/// A part of the stored picture, pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Area {
    /// Its width.
    pub width: Side,
    /// Its height.
    pub height: Side,
    /// From the left.
    pub left: u16,
    /// From the top.
    pub top: u16,
}

impl Area {
    /// Whether all of it lies within a picture of that size.
    #[must_use]
    pub fn fits(&self, width: u16, height: u16) -> bool {
        let within = |from: u16, side: Side, all: u16| {
            u32::from(from) + u32::from(side.get()) <= u32::from(all)
        };
        within(self.left, self.width, width) && within(self.top, self.height, height)
    }

    /// Whether colour samples at half size, in lines of fields too, allow it.
    #[must_use]
    pub fn is_even(&self) -> bool {
        [self.width.get(), self.height.get(), self.left, self.top]
            .iter()
            .all(|n| n.is_multiple_of(2))
    }
}

/// Clockwise, degrees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Turn {
    /// 90: what was left is up.
    #[serde(rename = "90")]
    Right,
    /// 180: upside down.
    #[serde(rename = "180")]
    Over,
    /// 270: what was right is up.
    #[serde(rename = "270")]
    Left,
}

impl Turn {
    /// Whether width and height change places.
    #[must_use]
    pub const fn is_sideways(self) -> bool {
        matches!(self, Self::Right | Self::Left)
    }

    /// Degrees.
    #[must_use]
    pub const fn degrees(self) -> u16 {
        match self {
            Self::Right => 90,
            Self::Over => 180,
            Self::Left => 270,
        }
    }

    const fn graph(self) -> &'static str {
        match self {
            Self::Right => "transpose=clock",
            Self::Over => "hflip,vflip",
            Self::Left => "transpose=cclock",
        }
    }
}

/// How much film grain, 1 to 50.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Grain(u8);

impl Grain {
    /// `None` out of range.
    #[must_use]
    pub const fn new(amount: u8) -> Option<Self> {
        if amount < 1 || amount > 50 {
            None
        } else {
            Some(Self(amount))
        }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Grain {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(u8::deserialize(deserializer)?)
            .ok_or_else(|| serde::de::Error::custom("film grain is 1 to 50"))
    }
}

/// What a donor is ordered to do with each picture, in this order. The default does nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Chain {
    /// Which field of an interlaced film is the first.
    pub deinterlace: Option<Fields>,
    /// As in [`Filters`].
    pub deblock: bool,
    /// What is kept.
    pub crop: Option<Area>,
    /// As in [`Filters`].
    pub denoise: Option<Level>,
    /// Every second frame, counted from the film's first.
    pub half_rate: bool,
    /// From which colours and what brightness to SDR.
    pub tone_map: Option<ToneMap>,
    /// To which size.
    pub scale: Option<Size>,
    /// As in [`Filters`].
    pub sharpen: Option<Level>,
    /// As in [`Filters`].
    pub turn: Option<Turn>,
    /// As in [`Filters`]; the encoder's work.
    pub grain: Option<Grain>,
}

/// Where an interlaced film begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fields {
    /// With the upper field.
    Top,
    /// With the lower one.
    Bottom,
}

impl Fields {
    /// Of a film; `None` of a progressive one.
    #[must_use]
    pub const fn of(scan: Scan) -> Option<Self> {
        match scan {
            Scan::Progressive => None,
            Scan::TopFirst => Some(Self::Top),
            Scan::BottomFirst => Some(Self::Bottom),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Top => "tff",
            Self::Bottom => "bff",
        }
    }
}

/// A size, pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Size {
    /// Across.
    pub width: Side,
    /// Down.
    pub height: Side,
}

/// From what to SDR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToneMap {
    /// The film's colours.
    pub from: Color,
    /// What is converted: its layout is the result's, its depth the film's.
    pub samples: PixelFormat,
    /// How many times as bright as SDR's white the film gets.
    pub peak: Peak,
}

/// Multiples of SDR's white (100 cd/m²), 1 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Peak(u8);

impl Peak {
    /// From cd/m².
    #[must_use]
    pub fn of(luminance: u32) -> Self {
        Self(u8::try_from(luminance.div_ceil(100).clamp(1, 100)).unwrap_or(100))
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Peak {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u8::deserialize(deserializer)? {
            known @ 1..=100 => Ok(Self(known)),
            _ => Err(serde::de::Error::custom(
                "a peak is 1 to 100 times SDR's white",
            )),
        }
    }
}

/// Frames beside the wanted ones that a chain must see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Shown before.
    pub before: usize,
    /// Shown after.
    pub after: usize,
}

/// What a computer must have to work through a chain, each kind including those before it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Skill {
    /// No filter at all, as the first builds.
    #[default]
    None,
    /// Every filter but the next.
    Picture,
    /// HDR to SDR, too.
    ToneMap,
}

impl Skill {
    /// All of them, the least first.
    pub const ALL: [Self; 3] = [Self::None, Self::Picture, Self::ToneMap];

    /// ffmpeg's filters that it takes beside the earlier ones'.
    #[must_use]
    pub const fn needs(self) -> &'static [&'static str] {
        match self {
            Self::None => &[],
            Self::Picture => &[
                "bwdif",
                "deblock",
                "crop",
                "atadenoise",
                "fftdnoiz",
                "framestep",
                "scale",
                "cas",
                "transpose",
                "hflip",
                "vflip",
                "setfield",
                "setparams",
            ],
            Self::ToneMap => &["zscale", "tonemap", "sidedata"],
        }
    }

    /// The most that an ffmpeg of these filters has, and the first filter that it would need for more.
    pub fn of(has: impl Fn(&str) -> bool) -> (Self, Option<&'static str>) {
        let mut best = Self::None;
        for skill in Self::ALL {
            if let Some(lacks) = skill.needs().iter().find(|name| !has(name)) {
                return (best, Some(lacks));
            }
            best = skill;
        }
        (best, None)
    }
}

impl Chain {
    /// Whether nothing is to be done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether pictures are changed before they are encoded, or left out.
    #[must_use]
    pub fn touches_pictures(&self) -> bool {
        !Self {
            grain: None,
            ..*self
        }
        .is_empty()
    }

    /// Whether a picture's detail is changed, not only where and how large it is.
    #[must_use]
    pub fn touches_detail(&self) -> bool {
        self.deinterlace.is_some()
            || self.deblock
            || self.denoise.is_some()
            || self.sharpen.is_some()
    }

    /// What somebody might have done instead: the same without one of those that change detail, and without all.
    #[must_use]
    pub fn lesser(&self) -> Vec<Self> {
        let bare = Self {
            deinterlace: None,
            deblock: false,
            denoise: None,
            sharpen: None,
            ..*self
        };
        let each = [
            Self {
                deinterlace: None,
                ..*self
            },
            Self {
                deblock: false,
                ..*self
            },
            Self {
                denoise: None,
                ..*self
            },
            Self {
                sharpen: None,
                ..*self
            },
        ];
        let mut lesser: Vec<Self> = each.into_iter().filter(|one| one != self).collect();
        if lesser.len() > 1 {
            lesser.push(bare);
        }
        lesser
    }

    /// What it takes.
    #[must_use]
    pub fn skill(&self) -> Skill {
        match self.tone_map {
            Some(_) => Skill::ToneMap,
            None if self.is_empty() => Skill::None,
            None => Skill::Picture,
        }
    }

    /// How many frames it must see beside the wanted ones. One more than each filter was measured to need, as a film
    /// may have packets that give no picture.
    #[must_use]
    pub fn reach(&self) -> Reach {
        let fields = usize::from(self.deinterlace.is_some());
        let noise = match self.denoise {
            None => 0,
            Some(Level::Light) => 2,
            Some(Level::Medium) => 4,
            Some(Level::Strong) => 1,
        };
        let frames = match fields + noise {
            0 => 0,
            needed => 2 * needed + 1,
        };
        Reach {
            before: frames,
            after: frames,
        }
    }

    /// The result's size, of pictures of this one.
    #[must_use]
    pub fn size(&self, width: Side, height: Side) -> (Side, Side) {
        let (width, height) = match (self.scale, self.crop) {
            (Some(size), _) => (size.width, size.height),
            (None, Some(area)) => (area.width, area.height),
            (None, None) => (width, height),
        };
        match self.turn {
            Some(turn) if turn.is_sideways() => (height, width),
            Some(_) | None => (width, height),
        }
    }

    /// Whether its parts agree with each other and with pictures of this size.
    #[must_use]
    pub fn is_sound(&self, width: Side, height: Side) -> bool {
        let cropped = self
            .crop
            .is_none_or(|area| area.is_even() && area.fits(width.get(), height.get()));
        let (wide, high) = self
            .crop
            .map_or((width, height), |area| (area.width, area.height));
        let scaled = self.scale.is_none_or(|size| {
            let pixels = |w: Side, h: Side| u32::from(w.get()) * u32::from(h.get());
            pixels(size.width, size.height) <= pixels(wide, high)
        });
        let hdr = self.tone_map.is_none_or(|map| map.from.is_hdr());
        cropped && scaled && hdr
    }

    /// What looks at one frame with its neighbours, or must come before that; from one film to the same film.
    pub(crate) fn across(&self) -> Vec<String> {
        let mut graph = Vec::new();
        if let Some(fields) = self.deinterlace {
            // One picture for each two fields. yadif's frames of ten bits differ from run to run; bwdif's do not.
            graph.push(format!(
                "bwdif=mode=send_frame:parity={}:deint=all",
                fields.name()
            ));
        }
        if self.deblock {
            // Blocks lie where the source has them: before anything is cut off.
            graph.push("deblock=filter=strong:block=8".into());
        }
        if let Some(area) = self.crop {
            let (w, h) = (area.width.get(), area.height.get());
            graph.push(format!("crop=w={w}:h={h}:x={}:y={}", area.left, area.top));
        }
        graph.extend(self.denoise.map(|level| noise(level).to_owned()));
        graph
    }

    /// What looks at each frame alone; `last` is the result's sample format, `interlaced` whether its frames are.
    pub(crate) fn alone(&self, last: PixelFormat, interlaced: bool) -> Vec<String> {
        let mut graph = Vec::new();
        if let Some(map) = self.tone_map {
            graph.extend(tone_map(map, last));
        }
        if let Some(size) = self.scale {
            let (w, h) = (size.width.get(), size.height.get());
            let fields = u8::from(interlaced);
            graph.push(format!(
                "scale={w}:{h}:interl={fields}:flags=bicubic+accurate_rnd+full_chroma_int+bitexact"
            ));
        }
        if let Some(level) = self.sharpen {
            let strength = match level {
                Level::Light => "0.2",
                Level::Medium => "0.45",
                Level::Strong => "0.8",
            };
            // The colours' own edges are coarse already.
            graph.push(format!("cas=strength={strength}:planes=1"));
        }
        graph.extend(self.turn.map(|turn| turn.graph().to_owned()));
        graph
    }
}

/// Bounded in time on purpose: hqdn3d carries every frame on into all later ones, and no run-up makes it equal.
const fn noise(level: Level) -> &'static str {
    match level {
        Level::Light => "atadenoise=0a=0.04:0b=0.12:1a=0.04:1b=0.12:2a=0.04:2b=0.12:s=5",
        Level::Medium => "atadenoise=0a=0.08:0b=0.3:1a=0.08:1b=0.3:2a=0.08:2b=0.3:s=9",
        Level::Strong => "fftdnoiz=sigma=8:prev=1:next=1",
    }
}

/// Linear light, the film's brightest to white, BT.709. The peak is said, for what a frame says of itself differs
/// from frame to frame; and nothing is left of that in the result.
fn tone_map(map: ToneMap, last: PixelFormat) -> Vec<String> {
    let format = last.name();
    vec![
        "zscale=t=linear:npl=100".into(),
        "format=gbrpf32le".into(),
        "zscale=p=bt709".into(),
        format!("tonemap=tonemap=hable:desat=0:peak={}", map.peak.get()),
        "zscale=t=bt709:m=bt709:r=tv".into(),
        format!("format={format}"),
        "sidedata=mode=delete".into(),
    ]
}

/// The film's colours where it says which, and what HDR is made in where it does not.
#[must_use]
pub fn hdr_colors(color: Color) -> Color {
    use crate::spec::{Matrix, Range};
    Color {
        primaries: color.primaries.or(Some(Primaries::Bt2020)),
        transfer: color.transfer.or(Some(Transfer::Smpte2084)),
        matrix: color.matrix.or(Some(Matrix::Bt2020nc)),
        range: color.range.or(Some(Range::Limited)),
        chroma: color.chroma,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(n: u16) -> Side {
        Side::new(n).unwrap()
    }

    fn area(width: u16, height: u16, left: u16, top: u16) -> Area {
        Area {
            width: side(width),
            height: side(height),
            left,
            top,
        }
    }

    #[test]
    fn a_chain_says_its_results_size() {
        let chain = Chain {
            crop: Some(area(1920, 800, 0, 140)),
            ..Chain::default()
        };
        assert_eq!(chain.size(side(1920), side(1080)), (side(1920), side(800)));
        let turned = Chain {
            turn: Some(Turn::Right),
            scale: Some(Size {
                width: side(960),
                height: side(400),
            }),
            ..chain
        };
        assert_eq!(turned.size(side(1920), side(1080)), (side(400), side(960)));
    }

    #[test]
    fn what_no_picture_can_be_made_of_is_not_sound() {
        let of = |crop, scale| Chain {
            crop,
            scale,
            ..Chain::default()
        };
        let large = Size {
            width: side(1920),
            height: side(1080),
        };
        let sound = |chain: Chain| chain.is_sound(side(1280), side(720));
        assert!(sound(of(Some(area(1280, 700, 0, 20)), None)));
        assert!(!sound(of(Some(area(1280, 700, 0, 22)), None)), "too low");
        assert!(!sound(of(Some(area(1279, 700, 0, 0)), None)), "odd");
        assert!(!sound(of(None, Some(large))), "made larger");
        let area = area(16_384, 2, u16::MAX - 1, 0);
        assert!(!sound(of(Some(area), None)), "beyond all bounds");
    }

    #[test]
    fn what_might_have_been_left_out_is_each_and_all() {
        let one = Chain {
            deblock: true,
            ..Chain::default()
        };
        assert_eq!(one.lesser(), [Chain::default()]);
        let two = Chain {
            sharpen: Some(Level::Light),
            turn: Some(Turn::Over),
            ..one
        };
        assert_eq!(two.lesser().len(), 3);
        assert!(two.lesser().iter().all(|chain| chain.turn.is_some()));
        assert_eq!(Chain::default().lesser(), []);
    }

    #[test]
    fn a_build_is_as_able_as_its_filters() {
        let lacking = |absent: &'static str| Skill::of(move |name| name != absent);
        assert_eq!(Skill::of(|_| true), (Skill::ToneMap, None));
        assert_eq!(lacking("zscale"), (Skill::Picture, Some("zscale")));
        assert_eq!(lacking("bwdif"), (Skill::None, Some("bwdif")));
    }
}
