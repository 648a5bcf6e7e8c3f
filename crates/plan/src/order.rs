//! From the film's facts and the wish to the typed order of each segment.

use media::argv;
use media::choice::{Choice, Purpose};
use media::encoder::{Codec, Encoder};
use media::filter::Chain;
use media::spec::{
    Around, Color, Frames, InputCodec, Matrix, PixelFormat, Range, Ratio, SegmentSpec, Side,
};
use media::stream::VideoStream;
use media::{Pts, Span, Timebase};

use crate::cut::Segment;
use crate::filter::{self, FilterError, Filtered};

/// What all segments of one film share.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    template: SegmentSpec,
    made: VideoStream,
}

/// Why a film cannot be ordered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// A codec no donor decodes.
    #[error("its video codec, {0}, is not one Manyhands can split")]
    Codec(String),
    /// Too large, or no size at all.
    #[error("its picture of {0}×{1} pixels is larger than 16384 pixels a side")]
    Size(u16, u16),
    /// Samples that cannot be converted.
    #[error("its pixel format, {0}, cannot be encoded")]
    PixelFormat(String),
    /// A quality number off the codec's scale.
    #[error("quality is a number from {0} to {1} for {2}")]
    Quality(u8, u8, Codec),
    /// A change of the picture that it cannot be given.
    #[error(transparent)]
    Filter(#[from] FilterError),
}

impl Order {
    /// For `video`, made into what `choice` wants.
    ///
    /// # Errors
    /// [`OrderError`], each a sentence's end.
    pub fn new(video: &VideoStream, choice: &Choice) -> Result<Self, OrderError> {
        let codec = choice.codec();
        let (least, most) = media::encoder::Quality::range(codec);
        let quality = choice
            .quality()
            .ok_or(OrderError::Quality(least, most, codec))?;
        let side = |n| Side::new(n).ok_or(OrderError::Size(video.width, video.height));
        if video.codec == "rawvideo" && is_rgb(&video.pixel_name) {
            // Which line comes first is said outside the packets, and not to whoever gets them.
            return Err(OrderError::Codec(format!("raw {}", video.pixel_name)));
        }
        let source = nearest(&video.pixel_name)
            .ok_or_else(|| OrderError::PixelFormat(video.pixel_name.clone()))?;
        let Filtered {
            chain,
            made,
            pixel_format,
        } = filter::resolve(video, source, choice)?;
        let one = Span {
            start: Pts(0),
            end: None,
        };
        let template = SegmentSpec {
            input: InputCodec::from_name(&video.codec)
                .ok_or_else(|| OrderError::Codec(video.codec.clone()))?,
            width: side(video.width)?,
            height: side(video.height)?,
            timebase: video.timebase,
            span: one,
            frames: Frames::new(1).ok_or(OrderError::Size(0, 0))?,
            encoder: codec.software(),
            speed: choice.speed,
            quality,
            pixel_format,
            frame_rate: made
                .frame_rate
                .or(Ratio::new(25, 1))
                .ok_or(OrderError::Size(0, 0))?,
            color: if chain.tone_map.is_some() {
                made.color
            } else {
                color(video)
            },
            hdr10: made.hdr10.filter(|hdr10| !hdr10.is_empty()),
            sar: made.sar,
            scan: made.scan,
            rescale: false,
            rgb: is_rgb(&video.pixel_name),
            filters: chain,
            around: None,
        };
        Ok(Self { template, made })
    }

    /// The order of one segment, for one encoder. `None` for a segment beyond the limits
    /// (a million frames).
    #[must_use]
    pub fn segment(&self, segment: &Segment, encoder: Encoder) -> Option<SegmentSpec> {
        let frames = Frames::new(segment.frames)?;
        let spec = SegmentSpec {
            span: segment.span,
            frames,
            encoder,
            ..self.template.clone()
        };
        spec.is_sound().then_some(spec)
    }

    /// What the film is in the output.
    #[must_use]
    pub fn made(&self) -> &VideoStream {
        &self.made
    }

    /// What is done to each picture.
    #[must_use]
    pub fn filters(&self) -> &Chain {
        &self.template.filters
    }

    /// The graph for looking at the film as its filters make it, from a time on, where one is named; times are
    /// microseconds. Its pixels have the shape that they get.
    #[must_use]
    pub fn preview(&self, start_us: Option<i64>) -> String {
        let spec = SegmentSpec {
            timebase: Timebase::MICROSECONDS,
            ..self.template.clone()
        };
        let chain = Chain {
            half_rate: false,
            ..spec.filters
        };
        let from = |us: i64| Span {
            start: Pts(us),
            end: None,
        };
        // Whatever is read is seen: from the key frame before.
        let around = Around {
            seen: from(i64::from(i32::MIN)),
            odd: false,
        };
        let keep = start_us.map_or(around.seen, from);
        let shape = spec.sar.or(Ratio::new(1, 1));
        let shape = shape.map_or_else(String::new, |sar| {
            // As of a result: its own shape, not one nearby.
            format!(",setsar={}/{}:max=1000000", sar.num(), sar.den())
        });
        format!("{}{shape}", argv::through(&spec, &chain, around, keep, 0))
    }

    /// The samples of the results.
    #[must_use]
    pub fn pixel_format(&self) -> PixelFormat {
        self.template.pixel_format
    }

    /// Pixels of one frame.
    #[must_use]
    pub fn pixels(&self) -> u64 {
        self.template.pixels()
    }
}

/// `yuvj` formats are full range by name. Red, green and blue become what players take for granted where nothing is
/// said: BT.709 for high definition, BT.601 below (ITU-R BT.709-6 and BT.601-7), limited range.
pub(crate) fn color(video: &VideoStream) -> Color {
    if is_rgb(&video.pixel_name) {
        let high = video.width >= 1280 || video.height >= 720;
        return Color {
            matrix: Some(if high {
                Matrix::Bt709
            } else {
                Matrix::Smpte170m
            }),
            range: Some(Range::Limited),
            ..video.color
        };
    }
    let full = video.pixel_name.starts_with("yuvj");
    Color {
        range: video.color.range.or(full.then_some(Range::Full)),
        ..video.color
    }
}

/// Whether ffmpeg's pixel format `name` holds red, green and blue.
fn is_rgb(name: &str) -> bool {
    let colours = ["rgb", "bgr", "gbr", "0rgb", "0bgr", "argb", "abgr", "pal8"];
    colours.iter().any(|colour| name.starts_with(colour))
}

/// Our format with the samples of ffmpeg's `name`, or the nearest that loses least.
#[must_use]
pub fn nearest(name: &str) -> Option<PixelFormat> {
    if let Some(exact) = PixelFormat::from_name(name) {
        return Some(exact);
    }
    Some(match name {
        "yuvj420p" | "nv12" | "nv21" | "gray" | "yuva420p" | "yuv410p" => PixelFormat::Yuv420p,
        "yuvj422p" | "yuyv422" | "uyvy422" | "yuva422p" | "yuv411p" | "yuvj411p" => {
            PixelFormat::Yuv422p
        }
        "yuvj444p" | "yuva444p" | "yuv440p" | "yuvj440p" | "rgb24" | "bgr24" | "rgba" | "bgra"
        | "rgb0" | "bgr0" | "0rgb" | "0bgr" | "argb" | "abgr" | "gbrp" | "gbrap" | "pal8"
        | "rgb555le" | "rgb565le" => PixelFormat::Yuv444p,
        "p010le" | "yuv420p12le" | "gray10le" | "gray12le" => PixelFormat::Yuv420p10,
        "yuv422p12le" | "yuva422p10le" | "yuva422p12le" | "yuv422p16le" => PixelFormat::Yuv422p10,
        "yuv444p12le" | "yuva444p10le" | "yuva444p12le" | "yuv444p16le" | "gbrp10le"
        | "gbrp12le" | "gbrp16le" | "gbrap10le" | "gbrap12le" | "rgb48le" | "rgba64le"
        | "gray16le" => PixelFormat::Yuv444p10,
        _ => return None,
    })
}

/// Whether [`nearest`] keeps every sample of `name`.
#[must_use]
pub fn is_lossless(name: &str) -> bool {
    PixelFormat::from_name(name).is_some()
        || matches!(
            name,
            "yuvj420p"
                | "yuvj422p"
                | "yuvj444p"
                | "nv12"
                | "nv21"
                | "p010le"
                | "yuyv422"
                | "uyvy422"
                | "gray"
        )
}

/// The format the wish allows: *Plays everywhere* is 8 bit 4:2:0, SVT-AV1 takes only 4:2:0.
#[must_use]
pub fn output_format(source: PixelFormat, choice: &Choice) -> PixelFormat {
    if choice.purpose == Purpose::Everywhere && choice.codec() == Codec::H264 {
        return PixelFormat::Yuv420p;
    }
    match (choice.codec(), source.depth()) {
        (Codec::Av1, 8) => PixelFormat::Yuv420p,
        (Codec::Av1, _) => PixelFormat::Yuv420p10,
        (Codec::H264 | Codec::Hevc, _) => source,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use media::spec::Scan;

    pub(crate) fn video() -> VideoStream {
        VideoStream {
            index: 0,
            codec: "h264".into(),
            timebase: Timebase::new(1, 1000).unwrap(),
            width: 1920,
            height: 1080,
            pixel_format: Some(PixelFormat::Yuv420p),
            pixel_name: "yuv420p".into(),
            sar: None,
            scan: Scan::Progressive,
            color: Color::default(),
            hdr10: None,
            dynamic: Vec::new(),
            frame_rate: Ratio::new(24_000, 1001),
            rotation: None,
        }
    }

    #[test]
    fn keeps_what_the_encoder_can() {
        let of = |name: &str, purpose| {
            let video = VideoStream {
                pixel_name: name.into(),
                ..video()
            };
            Order::new(
                &video,
                &Choice {
                    purpose,
                    ..Choice::default()
                },
            )
            .unwrap()
            .pixel_format()
            .name()
        };
        assert_eq!(of("yuv422p10le", Purpose::Smaller), "yuv422p10le");
        assert_eq!(of("yuv422p10le", Purpose::Smallest), "yuv420p10le");
        assert_eq!(of("yuv420p10le", Purpose::Everywhere), "yuv420p");
        assert_eq!(of("gbrp", Purpose::Keep), "yuv444p");
    }

    #[test]
    fn a_strange_codec_is_refused_by_name() {
        let video = VideoStream {
            codec: "bink".into(),
            ..video()
        };
        assert_eq!(
            Order::new(&video, &Choice::default()),
            Err(OrderError::Codec("bink".into()))
        );
    }

    #[test]
    fn orders_are_sound() {
        let order = Order::new(&video(), &Choice::default()).unwrap();
        let segment = Segment {
            index: 0,
            span: Span {
                start: Pts(5),
                end: Some(Pts(9)),
            },
            frames: 3,
            from: media::gop::Cut {
                pts: 5,
                dts: 5,
                packet: 0,
            },
            bytes: 1,
        };
        assert_eq!(
            order.segment(&segment, Encoder::X265).unwrap().frames.get(),
            3
        );
        assert!(
            order
                .segment(
                    &Segment {
                        frames: 0,
                        ..segment.clone()
                    },
                    Encoder::X265
                )
                .is_none()
        );
        let backwards = Span {
            start: Pts(9),
            end: Some(Pts(5)),
        };
        assert!(
            order
                .segment(
                    &Segment {
                        span: backwards,
                        ..segment
                    },
                    Encoder::X265
                )
                .is_none()
        );
    }
}
