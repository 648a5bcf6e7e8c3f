//! Changes of the picture, from the outside's words to the engine's and back.

use media::filter as its;
use media::spec::Side;

use crate::filters::{Amount, Area, Crop, Filters, Rotation};

impl From<Filters> for its::Filters {
    fn from(wanted: Filters) -> Self {
        Self {
            deinterlace: wanted.deinterlace,
            deblock: wanted.deblock,
            crop: wanted.crop.and_then(crop),
            denoise: wanted.denoise.map(Into::into),
            half_rate: wanted.half_rate,
            sdr: wanted.sdr,
            height: wanted.height.and_then(Side::new),
            sharpen: wanted.sharpen.map(Into::into),
            rotate: wanted.rotate.map(Into::into),
            grain: wanted.grain.and_then(its::Grain::new),
        }
    }
}

/// What was read is in range; what was built here of other numbers crops nothing.
fn crop(wanted: Crop) -> Option<its::Crop> {
    match wanted {
        Crop::Auto => Some(its::Crop::Auto),
        Crop::To(area) => Some(its::Crop::To(its::Area {
            width: Side::new(area.width)?,
            height: Side::new(area.height)?,
            left: area.left,
            top: area.top,
        })),
    }
}

impl From<its::Filters> for Filters {
    fn from(wanted: its::Filters) -> Self {
        Self {
            deinterlace: wanted.deinterlace,
            deblock: wanted.deblock,
            crop: wanted.crop.map(|crop| match crop {
                its::Crop::Auto => Crop::Auto,
                its::Crop::To(area) => Crop::To(Area {
                    width: area.width.get(),
                    height: area.height.get(),
                    left: area.left,
                    top: area.top,
                }),
            }),
            denoise: wanted.denoise.map(Into::into),
            half_rate: wanted.half_rate,
            sdr: wanted.sdr,
            height: wanted.height.map(Side::get),
            sharpen: wanted.sharpen.map(Into::into),
            rotate: wanted.rotate.map(Into::into),
            grain: wanted.grain.map(its::Grain::get),
        }
    }
}

/// Words that mean the same on both sides.
macro_rules! same {
    ($ours:ident = $theirs:ident { $($word:ident),* }) => {
        impl From<$ours> for its::$theirs {
            fn from(one: $ours) -> Self {
                match one { $($ours::$word => Self::$word,)* }
            }
        }

        impl From<its::$theirs> for $ours {
            fn from(one: its::$theirs) -> Self {
                match one { $(its::$theirs::$word => Self::$word,)* }
            }
        }
    };
}

same!(
    Amount = Level {
        Light,
        Medium,
        Strong
    }
);
same!(Rotation = Turn { Right, Over, Left });
