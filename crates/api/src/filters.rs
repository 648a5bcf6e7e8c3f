//! What the user wants changed about the picture.

use serde::{Deserialize, Deserializer, Serialize};

/// What is changed about the picture, in this order; the default changes nothing. Whatever is chosen, the result's
/// frames are those that the filters make of the whole film.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default, deny_unknown_fields)]
pub struct Filters {
    /// Two interlaced fields become one picture; does nothing to other films.
    pub deinterlace: bool,
    /// The edges of a coarse encode's blocks are smoothed.
    pub deblock: bool,
    /// What is kept of the picture as it is stored.
    pub crop: Option<Crop>,
    /// Noise is taken away.
    pub denoise: Option<Amount>,
    /// Every second frame is left out.
    pub half_rate: bool,
    /// HDR becomes SDR; does nothing to other films.
    pub sdr: bool,
    /// At most so many lines as the film is shown; 16..=8192. Never made larger.
    #[serde(deserialize_with = "height")]
    pub height: Option<u16>,
    /// Edges are made clearer.
    pub sharpen: Option<Amount>,
    /// The picture is turned clockwise.
    pub rotate: Option<Rotation>,
    /// Film grain that the player draws, 1..=50; only in AV1.
    #[serde(deserialize_with = "grain")]
    pub grain: Option<u8>,
}

/// How much of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Amount {
    /// A little.
    Light,
    /// In between.
    Medium,
    /// Much, and slowly.
    Strong,
}

/// A turn clockwise, degrees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Rotation {
    /// A quarter.
    #[serde(rename = "90")]
    Right,
    /// Upside down.
    #[serde(rename = "180")]
    Over,
    /// Three quarters.
    #[serde(rename = "270")]
    Left,
}

/// Which part of the picture is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Crop {
    /// All but its black bars; what that is, [`crate::Inspection::notes`] says.
    Auto,
    /// This part.
    To(Area),
}

/// A part of the picture, pixels; even numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Area {
    /// 16..=16384.
    pub width: u16,
    /// 16..=16384.
    pub height: u16,
    /// From the left.
    pub left: u16,
    /// From the top.
    pub top: u16,
}

impl Area {
    /// `None` where a number is out of its range or odd.
    #[must_use]
    pub fn new(width: u16, height: u16, left: u16, top: u16) -> Option<Self> {
        let even = [width, height, left, top].iter().all(|n| n % 2 == 0);
        let sides = [width, height]
            .iter()
            .all(|n| media::filter::SIDES.contains(n));
        (even && sides).then_some(Self {
            width,
            height,
            left,
            top,
        })
    }
}

impl<'de> Deserialize<'de> for Area {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Numbers {
            width: u16,
            height: u16,
            left: u16,
            top: u16,
        }
        let of = Numbers::deserialize(deserializer)?;
        Self::new(of.width, of.height, of.left, of.top).ok_or_else(|| {
            serde::de::Error::custom(
                "a part of the picture has even numbers, and sides of 16 to 16384 pixels",
            )
        })
    }
}

pub use media::filter::{GRAINS, HEIGHTS};

fn height<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    match Option::<u16>::deserialize(deserializer)? {
        Some(lines) if !HEIGHTS.contains(&lines) => {
            Err(serde::de::Error::custom("a height is 16 to 8192 lines"))
        }
        known => Ok(known),
    }
}

fn grain<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u8>, D::Error> {
    match Option::<u8>::deserialize(deserializer)? {
        Some(amount) if !GRAINS.contains(&amount) => {
            Err(serde::de::Error::custom("film grain is 1 to 50"))
        }
        known => Ok(known),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_out_of_range_are_refused() {
        for text in [
            r#"{"height":15}"#,
            r#"{"grain":0}"#,
            r#"{"grain":51}"#,
            r#"{"crop":{"to":{"width":17,"height":16,"left":0,"top":0}}}"#,
            r#"{"rotate":"45"}"#,
            r#"{"denoise":"hqdn3d=4"}"#,
            r#"{"vf":"movie=x"}"#,
        ] {
            assert!(serde_json::from_str::<Filters>(text).is_err(), "{text}");
        }
        let all = r#"{"height":720,"grain":8,"crop":"auto","rotate":"90","denoise":"light"}"#;
        assert!(serde_json::from_str::<Filters>(all).is_ok());
        assert_eq!(
            serde_json::from_str::<Filters>("{}").unwrap(),
            Filters::default()
        );
    }
}
