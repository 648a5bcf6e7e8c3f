//! From what a person wants changed about the picture, and what the film is, to the chain that is ordered and to what
//! the result is then.

use media::choice::Choice;
use media::encoder::Codec;
use media::filter::{Area, Chain, Crop, Fields, Peak, Size, ToneMap, hdr_colors};
use media::spec::{
    Color, Hdr10, Matrix, PixelFormat, Primaries, Range, Ratio, Scan, Side, Transfer,
};
use media::stream::VideoStream;

use crate::order;

/// The brightest of a film that does not say it, cd/m²: what most are made for.
const USUAL_PEAK: u32 = 1000;
/// Mastering luminance counts in these parts of a cd/m².
const LUMINANCE: u32 = 10_000;

/// A wish that this film cannot be given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// The part to keep is not within the picture.
    #[error(
        "the part of the picture to keep, {0}×{1} from {2}:{3}, is not within its {4}×{5} pixels"
    )]
    Outside(u16, u16, u16, u16, u16, u16),
    /// Its numbers are odd.
    #[error(
        "the part of the picture to keep must have even numbers: colour has half as many samples"
    )]
    Odd,
    /// It would begin in the middle of two fields' lines.
    #[error(
        "the part to keep of an interlaced picture must begin at a multiple of 4 lines and have as many; or have it deinterlaced"
    )]
    Fields,
    /// Turned lines are no lines any more.
    #[error("an interlaced picture can be turned only if it is deinterlaced, too")]
    Turned,
    /// Only one codec has it.
    #[error("film grain that the player draws is part of AV1; {0} has none")]
    Grain(Codec),
    /// Nothing would be left.
    #[error("a picture of {0} lines is too small")]
    Small(u16),
}

/// A wish made definite.
#[derive(Clone, Debug, PartialEq)]
pub struct Filtered {
    /// What is done.
    pub chain: Chain,
    /// What the film is afterwards.
    pub made: VideoStream,
    /// The samples of the result.
    pub pixel_format: PixelFormat,
}

/// What is ordered of `video`, whose samples are nearest to `source`. A crop that is still to be looked for crops
/// nothing.
///
/// # Errors
/// [`FilterError`], each a sentence's end.
pub fn resolve(
    video: &VideoStream,
    source: PixelFormat,
    choice: &Choice,
) -> Result<Filtered, FilterError> {
    let wish = &choice.filters;
    let usual = order::output_format(source, choice);
    let tone_map = (wish.sdr && video.color.is_hdr()).then(|| ToneMap {
        // Red, green and blue are something else by then.
        from: hdr_colors(order::color(video)),
        samples: with_depth(usual, true),
        peak: Peak::of(brightest(video.hdr10)),
    });
    let deinterlace = Fields::of(video.scan).filter(|_| wish.deinterlace);
    let scan = if deinterlace.is_some() {
        Scan::Progressive
    } else {
        video.scan
    };
    if wish.rotate.is_some() && scan != Scan::Progressive {
        return Err(FilterError::Turned);
    }
    if wish.grain.is_some() && choice.codec() != Codec::Av1 {
        return Err(FilterError::Grain(choice.codec()));
    }
    let mut chain = Chain {
        deinterlace,
        deblock: wish.deblock,
        crop: cropped(video, wish.crop, scan)?,
        denoise: wish.denoise,
        half_rate: wish.half_rate,
        tone_map,
        scale: None,
        sharpen: wish.sharpen,
        turn: wish.rotate,
        grain: wish.grain,
    };
    chain.scale = scaled(video, &chain, wish.height, scan)?;
    let pixel_format = match tone_map {
        Some(_) => with_depth(usual, false),
        None => usual,
    };
    Ok(Filtered {
        made: made(video, &chain, scan),
        chain,
        pixel_format,
    })
}

/// The same layout with 10 bits a sample, or 8.
fn with_depth(format: PixelFormat, deep: bool) -> PixelFormat {
    use PixelFormat::{Yuv420p, Yuv420p10, Yuv422p, Yuv422p10, Yuv444p, Yuv444p10};
    match (format, deep) {
        (Yuv420p | Yuv420p10, false) => Yuv420p,
        (Yuv420p | Yuv420p10, true) => Yuv420p10,
        (Yuv422p | Yuv422p10, false) => Yuv422p,
        (Yuv422p | Yuv422p10, true) => Yuv422p10,
        (Yuv444p | Yuv444p10, false) => Yuv444p,
        (Yuv444p | Yuv444p10, true) => Yuv444p10,
    }
}

/// How bright the film gets, cd/m².
fn brightest(hdr10: Option<Hdr10>) -> u32 {
    let content = hdr10.and_then(|hdr10| hdr10.light);
    let content = content.map(|light| u32::from(light.max_content));
    let mastering = hdr10.and_then(|hdr10| hdr10.mastering);
    let mastering = mastering.map(|mastering| mastering.max_luminance / LUMINANCE);
    content
        .filter(|most| *most > 0)
        .or(mastering.filter(|most| *most > 0))
        .unwrap_or(USUAL_PEAK)
}

fn cropped(
    video: &VideoStream,
    crop: Option<Crop>,
    scan: Scan,
) -> Result<Option<Area>, FilterError> {
    let Some(Crop::To(area)) = crop else {
        return Ok(None);
    };
    let (width, height) = (area.width.get(), area.height.get());
    if !area.fits(video.width, video.height) {
        let (left, top) = (area.left, area.top);
        return Err(FilterError::Outside(
            width,
            height,
            left,
            top,
            video.width,
            video.height,
        ));
    }
    if !area.is_even() {
        return Err(FilterError::Odd);
    }
    let all_lines = area.top == 0 && height == video.height;
    let whole_fields = area.top.is_multiple_of(4) && height.is_multiple_of(4);
    if scan != Scan::Progressive && !all_lines && !whole_fields {
        return Err(FilterError::Fields);
    }
    Ok(Some(area).filter(|_| (width, height) != (video.width, video.height)))
}

/// Whether the film is shown on its side, by what its container says and by what is asked for together.
fn is_sideways(video: &VideoStream, chain: &Chain) -> bool {
    let stored = video.rotation.is_some_and(|degrees| degrees % 180 != 0);
    stored != chain.turn.is_some_and(|turn| turn.is_sideways())
}

/// The size to scale to, where the film is shown with more lines than `height`: the picture keeps its shape, to the
/// nearest even number.
fn scaled(
    video: &VideoStream,
    chain: &Chain,
    height: Option<Side>,
    scan: Scan,
) -> Result<Option<Size>, FilterError> {
    let Some(height) = height else {
        return Ok(None);
    };
    let (wide, high) = chain.crop.map_or((video.width, video.height), |area| {
        (area.width.get(), area.height.get())
    });
    let sideways = is_sideways(video, chain);
    let (lines, across) = if sideways { (wide, high) } else { (high, wide) };
    if height.get() >= lines {
        return Ok(None);
    }
    // Each field has whole lines of its own, and colour half of them; those are the stored picture's.
    let step = if scan == Scan::Progressive { 2 } else { 4 };
    let (step_lines, step_across) = if sideways { (2, step) } else { (step, 2) };
    let to_step = |n: u32, step: u32| (n + step / 2) / step * step;
    let new_lines = u32::from(height.get()) / step_lines * step_lines;
    let new_across = to_step(
        (u32::from(across) * new_lines + u32::from(lines) / 2) / u32::from(lines),
        step_across,
    );
    let side = |n: u32| {
        u16::try_from(n)
            .ok()
            .filter(|n| *n >= 16)
            .and_then(Side::new)
    };
    let sides = (side(new_lines), side(new_across.min(u32::from(across))));
    let (Some(lines), Some(across)) = sides else {
        return Err(FilterError::Small(height.get()));
    };
    let (width, height) = if sideways {
        (lines, across)
    } else {
        (across, lines)
    };
    Ok(Some(Size { width, height }))
}

/// What the film is once `chain` is through with it.
fn made(video: &VideoStream, chain: &Chain, scan: Scan) -> VideoStream {
    let side = |n| Side::new(n).or(Side::new(1));
    let (width, height) = match (side(video.width), side(video.height)) {
        (Some(width), Some(height)) => chain.size(width, height),
        _ => return video.clone(),
    };
    let mapped = chain.tone_map.is_some();
    VideoStream {
        width: width.get(),
        height: height.get(),
        sar: video.sar.map(|sar| shape(video, chain, sar)),
        scan,
        color: if mapped { sdr() } else { video.color },
        hdr10: video.hdr10.filter(|_| !mapped),
        dynamic: if mapped {
            Vec::new()
        } else {
            video.dynamic.clone()
        },
        frame_rate: video.frame_rate.map(|rate| {
            let halved = Ratio::new(rate.num(), rate.den().saturating_mul(2));
            halved.filter(|_| chain.half_rate).unwrap_or(rate)
        }),
        ..video.clone()
    }
}

/// What screens take for granted.
fn sdr() -> Color {
    Color {
        primaries: Some(Primaries::Bt709),
        transfer: Some(Transfer::Bt709),
        matrix: Some(Matrix::Bt709),
        range: Some(Range::Limited),
        chroma: None,
    }
}

/// The shape of the result's pixels, so that the picture keeps its own. Square ones stay square.
fn shape(video: &VideoStream, chain: &Chain, sar: Ratio) -> Ratio {
    let mut terms = (u64::from(sar.num()), u64::from(sar.den()));
    if let Some(size) = chain.scale {
        let (wide, high) = chain.crop.map_or((video.width, video.height), |area| {
            (area.width.get(), area.height.get())
        });
        terms.0 *= u64::from(wide) * u64::from(size.height.get());
        terms.1 *= u64::from(high) * u64::from(size.width.get());
    }
    if chain.turn.is_some_and(|turn| turn.is_sideways()) {
        terms = (terms.1, terms.0);
    }
    nearest_ratio(terms).unwrap_or(sar)
}

/// The ratio itself where its terms are small enough, else the nearest with terms that are.
fn nearest_ratio((num, den): (u64, u64)) -> Option<Ratio> {
    let common = gcd(num, den).max(1);
    let (num, den) = (num / common, den / common);
    let over = num.max(den).div_ceil(1_000_000).max(1);
    let term = |n: u64| u32::try_from((n + over / 2) / over).ok();
    Ratio::new(term(num)?, term(den)?)
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// What was asked for and does nothing with this film, or changes it for good: a sentence each.
#[must_use]
pub fn notes(video: &VideoStream, choice: &Choice, filtered: &Filtered) -> Vec<String> {
    let wish = &choice.filters;
    let (chain, made) = (&filtered.chain, &filtered.made);
    let mut notes = Vec::new();
    let mut note = |is: bool, text: &str| {
        if is {
            notes.push(text.to_owned());
        }
    };
    note(
        wish.deinterlace && chain.deinterlace.is_none(),
        "This film is not interlaced: nothing is deinterlaced.",
    );
    note(
        wish.sdr && chain.tone_map.is_none(),
        "This film is not HDR: its colours stay as they are.",
    );
    note(
        chain.tone_map.is_some(),
        "HDR becomes SDR: the film gets 8-bit colour and the brightness of an ordinary screen, and what it says for HDR screens is left out.",
    );
    note(
        wish.height.is_some() && chain.scale.is_none(),
        "This film has no more lines than asked for: its size stays.",
    );
    note(
        chain.half_rate,
        "Every second frame is left out; the others stay at their times.",
    );
    let size = (made.width, made.height);
    if size != (video.width, video.height) {
        let (from, to) = ((video.width, video.height), size);
        notes.push(format!(
            "The picture becomes {}×{} (from {}×{}).",
            to.0, to.1, from.0, from.1
        ));
    }
    notes
}

/// What is done to each picture, in words, in the order it is done.
#[must_use]
pub fn words(chain: &Chain) -> Vec<String> {
    let mut words = Vec::new();
    let level = |level| match level {
        media::filter::Level::Light => "light",
        media::filter::Level::Medium => "medium",
        media::filter::Level::Strong => "strong",
    };
    if chain.deinterlace.is_some() {
        words.push("deinterlaced".to_owned());
    }
    if chain.deblock {
        words.push("deblocked".to_owned());
    }
    if let Some(area) = chain.crop {
        let (width, height) = (area.width.get(), area.height.get());
        words.push(format!(
            "cropped to {width}×{height} from {}:{}",
            area.left, area.top
        ));
    }
    words.extend(chain.denoise.map(|l| format!("denoised ({})", level(l))));
    if chain.half_rate {
        words.push("every second frame".to_owned());
    }
    if chain.tone_map.is_some() {
        words.push("HDR to SDR".to_owned());
    }
    if let Some(size) = chain.scale {
        let (width, height) = (size.width.get(), size.height.get());
        words.push(format!("scaled to {width}×{height}"));
    }
    words.extend(chain.sharpen.map(|l| format!("sharpened ({})", level(l))));
    words.extend(
        chain
            .turn
            .map(|turn| format!("turned by {}°", turn.degrees())),
    );
    words.extend(
        chain
            .grain
            .map(|grain| format!("film grain {}", grain.get())),
    );
    words
}

#[cfg(test)]
mod tests {
    use media::filter::{Filters, Turn};

    use super::*;
    use crate::order::tests::video;

    fn side(pixels: u16) -> Side {
        Side::new(pixels).unwrap()
    }

    fn of(video: &VideoStream, filters: Filters) -> Result<Filtered, FilterError> {
        let choice = Choice {
            filters,
            ..Choice::default()
        };
        resolve(video, PixelFormat::Yuv420p10, &choice)
    }

    fn part(width: u16, height: u16, left: u16, top: u16) -> Filters {
        Filters {
            crop: Some(Crop::To(Area {
                width: side(width),
                height: side(height),
                left,
                top,
            })),
            ..Filters::default()
        }
    }

    fn lines(height: u16) -> Filters {
        Filters {
            height: Some(side(height)),
            ..Filters::default()
        }
    }

    fn size(video: &VideoStream, filters: Filters) -> (u16, u16) {
        let made = of(video, filters).unwrap().made;
        (made.width, made.height)
    }

    #[test]
    fn lines_are_counted_as_the_film_is_shown() {
        let film = video();
        assert_eq!(size(&film, lines(720)), (1280, 720));
        assert_eq!(
            size(&film, lines(480)),
            (854, 480),
            "the nearest even number"
        );
        assert_eq!(size(&film, lines(1080)), (1920, 1080), "nothing to do");
        assert_eq!(size(&film, lines(2160)), (1920, 1080), "never larger");
        let phone = VideoStream {
            rotation: Some(-90),
            ..video()
        };
        assert_eq!(size(&phone, lines(1280)), (1280, 720));
        let turned = Filters {
            rotate: Some(Turn::Right),
            ..lines(1280)
        };
        assert_eq!(size(&film, turned), (720, 1280));
        let wide = Filters {
            height: Some(side(400)),
            ..part(1920, 800, 0, 140)
        };
        assert_eq!(size(&film, wide), (960, 400));
    }

    #[test]
    fn the_picture_keeps_its_shape() {
        let dvd = VideoStream {
            width: 720,
            height: 576,
            sar: Ratio::new(64, 45),
            ..video()
        };
        let made = of(&dvd, lines(400)).unwrap().made;
        assert_eq!((made.width, made.sar), (500, Ratio::new(64, 45)));
        let made = of(&dvd, lines(300)).unwrap().made;
        let sar = made
            .sar
            .map(|sar| f64::from(sar.num()) / f64::from(sar.den()));
        let shown = sar.unwrap() * f64::from(made.width) / 300.0;
        assert!((shown - 16.0 / 9.0).abs() < 1e-6, "{made:?}");
        let turned = Filters {
            rotate: Some(Turn::Left),
            ..Filters::default()
        };
        assert_eq!(of(&dvd, turned).unwrap().made.sar, Ratio::new(45, 64));
        assert_eq!(of(&video(), lines(480)).unwrap().made.sar, None);
    }

    #[test]
    fn what_cannot_be_is_said() {
        let film = video();
        assert!(matches!(
            of(&film, part(1920, 800, 0, 300)),
            Err(FilterError::Outside(1920, 800, 0, 300, 1920, 1080))
        ));
        assert_eq!(of(&film, part(1920, 800, 0, 141)), Err(FilterError::Odd));
        let fields = VideoStream {
            scan: Scan::TopFirst,
            ..video()
        };
        assert_eq!(
            of(&fields, part(1920, 800, 0, 142)),
            Err(FilterError::Fields)
        );
        let turned = Filters {
            rotate: Some(Turn::Over),
            ..Filters::default()
        };
        assert_eq!(of(&fields, turned), Err(FilterError::Turned));
        let both = Filters {
            deinterlace: true,
            ..turned
        };
        assert_eq!(of(&fields, both).unwrap().made.scan, Scan::Progressive);
        let grain = Filters {
            grain: media::filter::Grain::new(8),
            ..Filters::default()
        };
        assert_eq!(of(&film, grain), Err(FilterError::Grain(Codec::Hevc)));
        assert_eq!(of(&film, lines(16)).unwrap().made.height, 16);
        assert!(of(&video(), part(16, 1080, 0, 0)).is_ok());
    }

    #[test]
    fn hdr_becomes_sdr_in_every_respect() {
        let hdr = VideoStream {
            pixel_name: "yuv420p10le".into(),
            color: Color {
                transfer: Some(Transfer::Smpte2084),
                ..Color::default()
            },
            hdr10: Some(Hdr10 {
                mastering: None,
                light: Some(media::spec::LightLevel {
                    max_content: 930,
                    max_average: 200,
                }),
            }),
            ..video()
        };
        let wish = Filters {
            sdr: true,
            ..Filters::default()
        };
        let filtered = of(&hdr, wish).unwrap();
        let map = filtered.chain.tone_map.unwrap();
        assert_eq!((map.peak.get(), map.samples.depth()), (10, 10));
        assert_eq!(map.from.primaries, Some(Primaries::Bt2020));
        assert_eq!(filtered.pixel_format, PixelFormat::Yuv420p);
        assert_eq!(filtered.made.color.transfer, Some(Transfer::Bt709));
        assert!(filtered.made.hdr10.is_none());
        let plain = of(&video(), wish).unwrap();
        assert!(plain.chain.is_empty() && plain.pixel_format.depth() == 10);
    }

    #[test]
    fn red_green_and_blue_become_something_else_before_they_are_mapped() {
        let film = VideoStream {
            pixel_name: "gbrp10le".into(),
            color: Color {
                transfer: Some(Transfer::Smpte2084),
                matrix: Some(Matrix::Rgb),
                ..Color::default()
            },
            ..video()
        };
        let wish = Filters {
            sdr: true,
            ..Filters::default()
        };
        let map = of(&film, wish).unwrap().chain.tone_map.unwrap();
        assert_eq!(map.from.matrix, Some(Matrix::Bt709));
        assert_eq!(map.from.range, Some(Range::Limited));
    }

    #[test]
    fn two_fields_keep_lines_of_their_own() {
        let tape = VideoStream {
            width: 720,
            height: 486,
            scan: Scan::BottomFirst,
            ..video()
        };
        let pillars = of(&tape, part(540, 486, 90, 0)).unwrap();
        assert_eq!((pillars.made.width, pillars.made.height), (540, 486));
        assert_eq!(of(&tape, part(540, 482, 90, 0)), Err(FilterError::Fields));
        let upright = VideoStream {
            rotation: Some(90),
            ..tape
        };
        for lines_wanted in [300, 302, 304, 306] {
            let made = of(&upright, lines(lines_wanted)).unwrap().made;
            assert_eq!(made.height % 4, 0, "{made:?}");
            assert_eq!(made.width, lines_wanted);
        }
    }

    #[test]
    fn what_does_nothing_is_said_too() {
        let wish = Filters {
            deinterlace: true,
            sdr: true,
            ..lines(2160)
        };
        let choice = Choice {
            filters: wish,
            ..Choice::default()
        };
        let filtered = of(&video(), wish).unwrap();
        assert!(filtered.chain.is_empty());
        assert_eq!(notes(&video(), &choice, &filtered).len(), 3);
        assert_eq!(words(&filtered.chain), Vec::<String>::new());
    }
}
