//! What a program may want changed about the picture.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::choice::same_words;
use super::problem::Refused;
use axum::http::StatusCode;

same_words! {
    /// How much of something.
    Amount {
        /// A little.
        Light,
        /// In between.
        Medium,
        /// Much, and slowly.
        Strong,
    }
}

/// A turn clockwise, degrees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Crop {
    /// All but its black bars.
    Auto,
    /// This part.
    To(Area),
}

/// A part of the picture, pixels; even numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Area {
    /// Its width.
    #[schema(minimum = 16, maximum = 16384, multiple_of = 2)]
    pub width: u16,
    /// Its height.
    #[schema(minimum = 16, maximum = 16384, multiple_of = 2)]
    pub height: u16,
    /// From the left.
    #[schema(maximum = 16384, multiple_of = 2)]
    pub left: u16,
    /// From the top.
    #[schema(maximum = 16384, multiple_of = 2)]
    pub top: u16,
}

/// What is changed about the picture, in this order; without any of it nothing is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
    /// At most so many lines as the film is shown. Never made larger.
    #[schema(minimum = 16, maximum = 8192)]
    pub height: Option<u16>,
    /// Edges are made clearer.
    pub sharpen: Option<Amount>,
    /// The picture is turned clockwise.
    pub rotate: Option<Rotation>,
    /// Film grain that the player draws; only in AV1.
    #[schema(minimum = 1, maximum = 50)]
    pub grain: Option<u8>,
}

impl Filters {
    /// Whether every number is within its range.
    ///
    /// # Errors
    /// 400, with a sentence.
    pub fn check(&self) -> Result<(), Refused> {
        let refused = |text: &str| Err(Refused::new(StatusCode::BAD_REQUEST, text));
        if self
            .height
            .is_some_and(|lines| !api::HEIGHTS.contains(&lines))
        {
            return refused("The height is 16 to 8192 lines.");
        }
        if self
            .grain
            .is_some_and(|grain| !api::GRAINS.contains(&grain))
        {
            return refused("Film grain is 1 to 50.");
        }
        if let Some(Crop::To(area)) = self.crop
            && api::Area::new(area.width, area.height, area.left, area.top).is_none()
        {
            return refused(
                "A part of the picture has even numbers, and sides of 16 to 16384 pixels.",
            );
        }
        Ok(())
    }
}

impl From<api::Filters> for Filters {
    fn from(one: api::Filters) -> Self {
        Self {
            deinterlace: one.deinterlace,
            deblock: one.deblock,
            crop: one.crop.map(|crop| match crop {
                api::Crop::Auto => Crop::Auto,
                api::Crop::To(area) => Crop::To(Area {
                    width: area.width,
                    height: area.height,
                    left: area.left,
                    top: area.top,
                }),
            }),
            denoise: one.denoise.map(Into::into),
            half_rate: one.half_rate,
            sdr: one.sdr,
            height: one.height,
            sharpen: one.sharpen.map(Into::into),
            rotate: one.rotate.map(|turn| match turn {
                api::Rotation::Right => Rotation::Right,
                api::Rotation::Over => Rotation::Over,
                api::Rotation::Left => Rotation::Left,
            }),
            grain: one.grain,
        }
    }
}

impl From<Filters> for api::Filters {
    fn from(one: Filters) -> Self {
        Self {
            deinterlace: one.deinterlace,
            deblock: one.deblock,
            crop: one.crop.map(|crop| match crop {
                Crop::Auto => api::Crop::Auto,
                Crop::To(area) => api::Crop::To(api::Area {
                    width: area.width,
                    height: area.height,
                    left: area.left,
                    top: area.top,
                }),
            }),
            denoise: one.denoise.map(Into::into),
            half_rate: one.half_rate,
            sdr: one.sdr,
            height: one.height,
            sharpen: one.sharpen.map(Into::into),
            rotate: one.rotate.map(|turn| match turn {
                Rotation::Right => api::Rotation::Right,
                Rotation::Over => api::Rotation::Over,
                Rotation::Left => api::Rotation::Left,
            }),
            grain: one.grain,
        }
    }
}
