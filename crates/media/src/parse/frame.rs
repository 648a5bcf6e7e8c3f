//! What the showinfo filter says of the first decoded frame.
//!
//! HDR10 metadata is mostly absent at stream level and present on the frame. 5.1 and 9.0 name
//! the same things differently; both are read.

use crate::spec::{
    ChromaLocation, Color, Hdr10, LightLevel, Mastering, Matrix, Primaries, Range, Ratio, Scan,
    Transfer,
};

/// The first frame's properties.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FrameInfo {
    /// ffmpeg's pixel format name.
    pub pixel_name: String,
    /// Pixels.
    pub width: u16,
    /// Pixels.
    pub height: u16,
    /// Sample aspect ratio, where not square.
    pub sar: Option<Ratio>,
    /// Field order, where the frame is interlaced.
    pub scan: Option<Scan>,
    /// Colour description.
    pub color: Color,
    /// Static HDR metadata.
    pub hdr10: Option<Hdr10>,
    /// Average rate the demuxer found.
    pub frame_rate: Option<Ratio>,
    /// Side data no encoder here carries on.
    pub dynamic: Vec<String>,
    /// Packets hold two pictures and none in turn (MPEG-4 in AVI), as the decoder says.
    pub packed: bool,
}

/// Reads showinfo's text up to the second frame. `None` where no frame was decoded.
#[must_use]
pub fn read(text: &str) -> Option<FrameInfo> {
    let mut info = FrameInfo::default();
    let mut frames = 0;
    for line in text.lines() {
        // libavcodec/mpeg4videodec.c, since 2013.
        info.packed |= line.contains("('packed B-frames')");
        let Some((_, said)) = line
            .split_once("] ")
            .filter(|_| line.starts_with("[Parsed_showinfo"))
        else {
            continue;
        };
        let said = said.strip_prefix("[info] ").unwrap_or(said);
        if said.starts_with("n:") {
            frames += 1;
            if frames > 1 {
                break;
            }
            frame(said, &mut info);
        } else if let Some(rest) = said.strip_prefix("config in ") {
            info.frame_rate = field(rest, "frame_rate:").and_then(|r| ratio(r, '/'));
        } else if let Some(data) = said.trim_start().strip_prefix("side data - ") {
            side_data(data, &mut info);
        } else if said.starts_with("color_range:") {
            colors(said, &mut info.color);
        }
    }
    (frames > 0 && info.width > 0 && info.height > 0).then_some(info)
}

fn frame(said: &str, info: &mut FrameInfo) {
    info.pixel_name = field(said, "fmt:").unwrap_or_default().to_owned();
    if let Some((width, height)) = field(said, " s:").and_then(|s| s.split_once('x')) {
        info.width = width.parse().unwrap_or(0);
        info.height = height.parse().unwrap_or(0);
    }
    info.sar = field(said, "sar:")
        .and_then(|s| ratio(s, '/'))
        .filter(|r| r.num() != r.den());
    info.scan = match field(said, " i:") {
        Some("T") => Some(Scan::TopFirst),
        Some("B") => Some(Scan::BottomFirst),
        _ => None,
    };
    info.color.chroma = field(said, " cl:").and_then(ChromaLocation::from_name);
}

fn colors(said: &str, color: &mut Color) {
    color.range = field(said, "color_range:").and_then(Range::from_name);
    color.matrix = field(said, "color_space:").and_then(|w| {
        if w == "gbr" {
            Some(Matrix::Rgb)
        } else {
            Matrix::from_name(w)
        }
    });
    color.primaries = field(said, "color_primaries:").and_then(Primaries::from_name);
    color.transfer = field(said, "color_trc:").and_then(Transfer::from_name);
}

fn side_data(data: &str, info: &mut FrameInfo) {
    let lower = data.to_ascii_lowercase();
    if lower.starts_with("mastering display") {
        if let Some(mastering) = mastering(data) {
            info.hdr10
                .get_or_insert(Hdr10 {
                    mastering: None,
                    light: None,
                })
                .mastering = Some(mastering);
        }
    } else if lower.starts_with("content light level") {
        if let Some(light) = light(data) {
            info.hdr10
                .get_or_insert(Hdr10 {
                    mastering: None,
                    light: None,
                })
                .light = Some(light);
        }
    } else {
        let dynamic = if lower.contains("smpte2094-40")
            || lower.contains("hdr10+")
            || lower.starts_with("hdr dynamic metadata")
        {
            Some("HDR10+ dynamic metadata")
        } else if lower.starts_with("dolby vision") || lower.starts_with("dovi") {
            Some("Dolby Vision metadata")
        } else if lower.contains("closed captions") || lower.starts_with("a/53") {
            Some("closed captions")
        } else if lower.contains("timecode") && !lower.contains("gop") {
            Some("timecodes in the picture")
        } else {
            None
        };
        if let Some(name) = dynamic.filter(|n| info.dynamic.iter().all(|d| d != n)) {
            info.dynamic.push(name.to_owned());
        }
    }
}

/// `r(0.6800,0.3200) g(..) b(0.1500 0.0600) wp(..) min_luminance=0.005000, max_luminance=1000.000000`
fn mastering(data: &str) -> Option<Mastering> {
    if !data.contains("has_primaries:1") || !data.contains("has_luminance:1") {
        return None;
    }
    let xy = |name: &str| -> Option<(u16, u16)> {
        let inside = data.split_once(name)?.1.split_once(')')?.0;
        let mut numbers = inside.split([',', ' ']).filter(|s| !s.is_empty());
        let mut next = || u16::try_from(scaled(numbers.next()?, 50_000)?).ok();
        Some((next()?, next()?))
    };
    let luminance = |name: &str| {
        let text = data.split_once(name)?.1;
        let end = text
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(text.len());
        u32::try_from(scaled(&text[..end], 10_000)?).ok()
    };
    Some(Mastering {
        red: xy(" r(")?,
        green: xy(" g(")?,
        blue: xy(" b(")?,
        white: xy(" wp(")?,
        max_luminance: luminance("max_luminance=")?,
        min_luminance: luminance("min_luminance=")?,
    })
}

fn light(data: &str) -> Option<LightLevel> {
    let number = |name: &str| -> Option<u16> {
        let text = data.split_once(name)?.1;
        let end = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        text[..end].parse().ok()
    };
    Some(LightLevel {
        max_content: number("MaxCLL=")?,
        max_average: number("MaxFALL=")?,
    })
}

/// A short decimal times `scale`, rounded: exact where ffmpeg printed enough digits.
fn scaled(text: &str, scale: u64) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part: String = part.chars().take(9).collect();
    // Characters, of which a tag's may have more than a byte: those are no digits, and refused below.
    let unit = 10u64.pow(u32::try_from(part.chars().count()).ok()?);
    let digits = whole
        .parse::<u64>()
        .ok()?
        .checked_mul(unit)?
        .checked_add(if part.is_empty() {
            0
        } else {
            part.parse().ok()?
        })?;
    Some(digits.checked_mul(scale)?.checked_add(unit / 2)? / unit)
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let rest = text.split_once(name)?.1.trim_start();
    Some(rest.split([' ', ',']).next().unwrap_or_default())
}

fn ratio(text: &str, sign: char) -> Option<Ratio> {
    let (num, den) = text.split_once(sign)?;
    Ratio::new(num.parse().ok()?, den.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: &str = "\
[Parsed_showinfo_0 @ 0x7f] [info] config in time_base: 1/1000, frame_rate: 24000/1001
[Parsed_showinfo_0 @ 0x7f] [info] n:   0 pts:      0 pts_time:0       duration:     41 duration_time:0.041   fmt:yuv420p10le cl:topleft sar:4/3 s:320x180 i:T iskey:1 type:I checksum:1B656DD7
[Parsed_showinfo_0 @ 0x7f] [info]   side data - Mastering display metadata: has_primaries:1 has_luminance:1 r(0.6800,0.3200) g(0.2650,0.6900) b(0.1500 0.0600) wp(0.3127, 0.3290) min_luminance=0.005000, max_luminance=1000.000000
[Parsed_showinfo_0 @ 0x7f] [info]   side data - Content light level metadata: MaxCLL=1000, MaxFALL=400
[Parsed_showinfo_0 @ 0x7f] [info] color_range:tv color_space:bt2020nc color_primaries:bt2020 color_trc:smpte2084
";
    const OLD: &str = "\
[Parsed_showinfo_0 @ 0x55] n:   0 pts:     23 pts_time:0.023   pos:     3345 fmt:yuv420p sar:1/1 s:320x180 i:P iskey:1 type:I checksum:1B656DD7
[Parsed_showinfo_0 @ 0x55]   side data - Content Light Level information: MaxCLL=1000, MaxFALL=400
[Parsed_showinfo_0 @ 0x55] color_range:unknown color_space:gbr color_primaries:unknown color_trc:unknown
";

    #[test]
    fn reads_hdr_colour_and_fields() {
        let info = read(NEW).unwrap();
        assert_eq!(
            (info.width, info.height, info.pixel_name.as_str()),
            (320, 180, "yuv420p10le")
        );
        assert_eq!(
            (info.sar, info.scan),
            (Ratio::new(4, 3), Some(Scan::TopFirst))
        );
        assert_eq!(info.frame_rate, Ratio::new(24_000, 1001));
        assert_eq!(info.color.transfer, Some(Transfer::Smpte2084));
        assert_eq!(info.color.chroma, Some(ChromaLocation::TopLeft));
        let mastering = info.hdr10.unwrap().mastering.unwrap();
        assert_eq!(
            (mastering.green, mastering.white),
            ((13_250, 34_500), (15_635, 16_450))
        );
        assert_eq!(
            (mastering.max_luminance, mastering.min_luminance),
            (10_000_000, 50)
        );
    }

    #[test]
    fn reads_the_older_words() {
        let info = read(OLD).unwrap();
        assert_eq!((info.sar, info.scan), (None, None));
        assert_eq!(
            info.hdr10.unwrap().light,
            Some(LightLevel {
                max_content: 1000,
                max_average: 400
            })
        );
        assert_eq!(
            (info.color.range, info.color.matrix),
            (None, Some(Matrix::Rgb))
        );
    }

    #[test]
    fn a_number_that_is_none_or_too_large_is_none() {
        assert_eq!(scaled("0.6800", 50_000), Some(34_000));
        assert_eq!(
            scaled(
                "1.\u{1f600}\u{1f600}\u{1f600}\u{1f600}\u{1f600}\u{1f600}",
                50_000
            ),
            None
        );
        for text in [
            "",
            ".",
            "x",
            "18446744073709551615",
            "368934881474191.0",
            "368934881474191.03",
        ] {
            assert_eq!(scaled(text, 50_000), None, "{text}");
        }
    }

    #[test]
    fn no_frame_is_none() {
        assert_eq!(
            read("[Parsed_showinfo_0 @ 0x55] config in time_base: 1/1000\n"),
            None
        );
    }
}
