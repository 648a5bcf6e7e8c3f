//! What is changed about the picture, as typed.

use api::{Amount, Area, Crop, Filters, GRAINS, HEIGHTS, Rotation};
use clap::{Args, ValueEnum};

/// What is changed about the picture. docs/filters.md says what each does.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Changing the picture")]
pub struct Picture {
    /// At most so many lines; the picture keeps its shape and is never made larger
    #[arg(long, value_name = "LINES", value_parser = clap::value_parser!(u16).range(i64::from(*HEIGHTS.start())..=i64::from(*HEIGHTS.end())))]
    pub height: Option<u16>,

    /// Cut off the black bars (auto), or keep this part of the stored picture: width:height:left:top
    #[arg(long, value_name = "auto|W:H:X:Y", value_parser = crop)]
    pub crop: Option<Crop>,

    /// Make one picture of two interlaced fields
    #[arg(long)]
    pub deinterlace: bool,

    /// Take away noise
    #[arg(long, value_enum, value_name = "HOW MUCH")]
    pub denoise: Option<AmountName>,

    /// Smooth the edges of a coarse encode's blocks
    #[arg(long)]
    pub deblock: bool,

    /// Make edges clearer
    #[arg(
        long,
        value_enum,
        value_name = "HOW MUCH",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "medium"
    )]
    pub sharpen: Option<AmountName>,

    /// Turn the picture clockwise
    #[arg(long, value_enum, value_name = "DEGREES")]
    pub rotate: Option<RotationName>,

    /// Make SDR of HDR
    #[arg(long)]
    pub sdr: bool,

    /// Let the player draw film grain, instead of encoding it; AV1 only
    #[arg(long, value_name = "1-50", value_parser = clap::value_parser!(u8).range(i64::from(*GRAINS.start())..=i64::from(*GRAINS.end())))]
    pub grain: Option<u8>,

    /// Leave out every second frame
    #[arg(long)]
    pub half_rate: bool,
}

/// How much of something, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AmountName {
    Light,
    Medium,
    Strong,
}

/// Degrees, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RotationName {
    #[value(name = "90")]
    Right,
    #[value(name = "180")]
    Over,
    #[value(name = "270")]
    Left,
}

impl From<AmountName> for Amount {
    fn from(name: AmountName) -> Self {
        match name {
            AmountName::Light => Self::Light,
            AmountName::Medium => Self::Medium,
            AmountName::Strong => Self::Strong,
        }
    }
}

impl From<RotationName> for Rotation {
    fn from(name: RotationName) -> Self {
        match name {
            RotationName::Right => Self::Right,
            RotationName::Over => Self::Over,
            RotationName::Left => Self::Left,
        }
    }
}

impl Picture {
    /// The typed words as the choice's filters.
    pub fn filters(&self) -> Filters {
        Filters {
            deinterlace: self.deinterlace,
            deblock: self.deblock,
            crop: self.crop,
            denoise: self.denoise.map(Into::into),
            half_rate: self.half_rate,
            sdr: self.sdr,
            height: self.height,
            sharpen: self.sharpen.map(Into::into),
            rotate: self.rotate.map(Into::into),
            grain: self.grain,
        }
    }
}

/// `auto`, or four numbers.
fn crop(text: &str) -> Result<Crop, String> {
    if text == "auto" {
        return Ok(Crop::Auto);
    }
    let numbers: Result<Vec<u16>, _> = text.split(':').map(str::parse).collect();
    let area = match numbers.as_deref() {
        Ok(&[width, height, left, top]) => Area::new(width, height, left, top),
        _ => None,
    };
    area.map(Crop::To).ok_or_else(|| {
        "say auto, or width:height:left:top in even pixels, as 1920:800:0:140".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_the_picture_is_four_even_numbers() {
        assert_eq!(crop("auto"), Ok(Crop::Auto));
        let area = Area::new(1920, 800, 0, 140).map(Crop::To);
        assert_eq!(crop("1920:800:0:140").ok(), area);
        for wrong in [
            "",
            "1920:800",
            "1920:800:0:141",
            "-2:2:0:0",
            "1:2:3:4:5",
            "0:0:0:0",
        ] {
            assert!(crop(wrong).is_err(), "{wrong}");
        }
    }
}
