//! ffmpeg's command lines for a donor, built here from constants and numbers.
//!
//! The recipe is measured, not guessed: `settb` is needed because NUT multiplies the timebase
//! and `trim` counts in the filter's; explicit `-fps_mode passthrough` and `-enc_time_base`
//! work from ffmpeg 5.1 to 9.0; the frame rate is pinned from the source because a VFR segment
//! through NUT is guessed wrongly.

/// What each encoder is told.
mod coders;

use coders::encoder;

use crate::encoder::{Encoder, Family};
use crate::filter::{Chain, hdr_colors};
use crate::spec::{Around, Color, Hdr10, PixelFormat, Range, Ratio, Scan, SegmentSpec};
use crate::time::{Span, Timebase};

/// Microseconds added to every timestamp on the pipes, so that none is negative:
/// NUT refuses negative times, and `-to` must be positive.
pub const SHIFT_US: i64 = 64_000_000;

/// ffmpeg's `-loglevel` for every run: errors and warnings, each with its level in front.
pub const QUIET: [&str; 4] = ["-hide_banner", "-nostdin", "-loglevel", "level+warning"];

/// Pixels that a picture may have though the order names a smaller one: a film may change its size
/// on the way, which is known only once it is decoded. 8192 × 4352, the largest picture of HEVC's
/// and H.264's level 6.2.
pub const MOST_PIXELS: u32 = 8192 * 4352;

/// Resources of the encoding machine; its own choice, never the asker's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowance {
    /// Threads of decoder and encoder each, 1 to 64; `None` lets them choose.
    pub threads: Option<u8>,
    /// Processors that the run is held to by the system, where it can do that (Linux); `None`: all. Not an
    /// argument of ffmpeg's: whoever starts it sees to it.
    pub cores: Option<u8>,
}

/// The shift in ticks, rounded as ffmpeg rounds `-itsoffset`.
#[must_use]
pub fn shift_ticks(timebase: Timebase) -> i64 {
    timebase.ticks(SHIFT_US)
}

/// NUT on standard input to fragmented MP4 on standard output, with progress on standard error.
#[must_use]
pub fn encode(spec: &SegmentSpec, allowance: Allowance) -> Vec<String> {
    let mut argv = words(&QUIET);
    push(
        &mut argv,
        &["-nostats", "-progress", "pipe:2", "-stats_period", "0.5"],
    );
    if let Some(device) = device(spec.encoder) {
        push(&mut argv, &["-vaapi_device", device]);
    }
    push(&mut argv, &["-copyts"]);
    argv.extend(input(spec, allowance));
    push(
        &mut argv,
        &[
            "-map",
            "0:v:0",
            "-an",
            "-sn",
            "-dn",
            "-map_metadata",
            "-1",
            "-map_chapters",
            "-1",
        ],
    );
    argv.extend(["-vf".into(), filters(spec)]);
    push(&mut argv, &["-pix_fmt", pixel_name(spec)]);
    let timebase = spec.timebase;
    push(&mut argv, &["-fps_mode", "passthrough", "-enc_time_base"]);
    argv.push(format!("{}:{}", timebase.num(), timebase.den()));
    argv.extend(encoder(spec, allowance));
    argv.extend(color(spec));
    push(
        &mut argv,
        &["-video_track_timescale", &timebase.den().to_string()],
    );
    push(
        &mut argv,
        &[
            "-movflags",
            "+empty_moov+default_base_moof+frag_keyframe",
            "-f",
            "mp4",
            "pipe:1",
        ],
    );
    argv
}

/// The forced, bounded NUT input.
fn input(spec: &SegmentSpec, allowance: Allowance) -> Vec<String> {
    let mut argv = words(&["-protocol_whitelist", "pipe", "-format_whitelist", "nut"]);
    if let Some(threads) = allowance.threads {
        argv.extend(["-threads".into(), threads.clamp(1, 64).to_string()]);
    }
    argv.extend(["-codec_whitelist".into(), decoders(spec.input.name())]);
    argv.extend(["-max_pixels".into(), most_pixels(spec).to_string()]);
    push(&mut argv, &["-noautorotate", "-f", "nut", "-i", "pipe:0"]);
    argv
}

/// Pixels that a picture may have where this was ordered.
#[must_use]
pub fn most_pixels(spec: &SegmentSpec) -> u32 {
    // A frame may be padded to whole macroblocks: a little above the declared size.
    let declared = (u32::from(spec.width.get()) + 128) * (u32::from(spec.height.get()) + 128);
    declared.max(MOST_PIXELS)
}

/// ffmpeg's decoder names for a codec's name.
#[must_use]
pub fn decoders(codec: &str) -> String {
    match codec {
        "av1" => "libdav1d,libaom-av1,av1".to_owned(),
        "vp8" => "vp8,libvpx".to_owned(),
        "vp9" => "vp9,libvpx-vp9".to_owned(),
        "flv1" => "flv".to_owned(),
        "msmpeg4v3" => "msmpeg4".to_owned(),
        other => other.to_owned(),
    }
}

/// The graph between decoder and encoder.
#[must_use]
pub fn filters(spec: &SegmentSpec) -> String {
    let mut graph = if spec.filters.touches_pictures() {
        filtered(spec)
    } else {
        plain(spec)
    };
    if spec.encoder.family() == Family::Vaapi {
        graph.push_str(&format!(
            ",format={},hwupload",
            pixel_surface(spec.pixel_format)
        ));
    }
    graph
}

/// The frames of `span`, both in ticks of `timebase`, the frames' times moved by `shift`.
fn trim(timebase: Timebase, span: Span, shift: i64) -> String {
    let mut graph = format!("settb={timebase},trim=start_pts={}", span.start.0 + shift);
    if let Some(end) = span.end {
        graph.push_str(&format!(":end_pts={}", end.0 + shift));
    }
    graph
}

fn plain(spec: &SegmentSpec) -> String {
    let mut graph = trim(spec.timebase, spec.span, shift_ticks(spec.timebase));
    if !spec.rescale {
        graph.push_str(&shape(spec.sar));
    }
    graph.push_str(field(spec.scan));
    if spec.rgb {
        // What describes the result is said of the result: the frames before it have no matrix.
        let format = spec.pixel_format.name();
        graph.push_str(&format!("{},format={format}", scale(spec)));
        graph.push_str(&params(&spec.color));
    } else {
        graph.push_str(&params(&spec.color));
        graph.push_str(&scale(spec));
    }
    graph
}

fn field(scan: Scan) -> &'static str {
    match scan {
        Scan::Progressive => "",
        Scan::TopFirst => ",setfield=tff",
        Scan::BottomFirst => ",setfield=bff",
    }
}

/// The segment as its filters make it, and described as the result is.
fn filtered(spec: &SegmentSpec) -> String {
    let around = spec.around.unwrap_or(Around {
        seen: spec.span,
        odd: false,
    });
    let shift = shift_ticks(spec.timebase);
    let mut graph = through(spec, &spec.filters, around, spec.span, shift);
    graph.push_str(&shape(spec.sar.or(Ratio::new(1, 1))));
    graph.push_str(match spec.scan {
        Scan::Progressive => ",setfield=prog",
        interlaced => field(interlaced),
    });
    graph.push_str(&params(&spec.color));
    graph
}

/// The frames of `keep` that `chain` makes of the film, as it makes them over the whole of it; the frames' times are
/// `shift` ahead of the film's. `spec` says what the film is. Also for who looks at the film to compare.
///
/// All frames pass the filters in one sample format: the result's, or before a tone map the film's depth.
#[must_use]
pub fn through(
    spec: &SegmentSpec,
    chain: &Chain,
    around: Around,
    keep: Span,
    shift: i64,
) -> String {
    let samples = chain.tone_map.map_or(spec.pixel_format, |map| map.samples);
    let color = chain
        .tone_map
        .map_or(spec.color, |map| hdr_colors(map.from));
    let film = SegmentSpec {
        color,
        rescale: true,
        sar: None,
        ..spec.clone()
    };
    let mut graph = trim(spec.timebase, around.seen, shift);
    let interlaced = spec.scan != Scan::Progressive;
    graph.push_str(field(spec.scan));
    if spec.rgb {
        let format = samples.name();
        graph.push_str(&format!(
            "{},format={format}{}",
            scale(&film),
            params(&color)
        ));
    } else {
        let format = samples.name();
        graph.push_str(&format!(
            "{}{},format={format}",
            params(&color),
            scale(&film)
        ));
    }
    let mut filters = chain.across();
    // bwdif counts in half ticks.
    filters.push(trim(spec.timebase, keep, shift));
    if chain.half_rate {
        if around.odd {
            filters.push("trim=start_frame=1".to_owned());
        }
        filters.push("framestep=2".to_owned());
    }
    filters.extend(chain.alone(spec.pixel_format, interlaced));
    filters.iter().for_each(|filter| {
        graph.push(',');
        graph.push_str(filter);
    });
    graph
}

fn shape(sar: Option<Ratio>) -> String {
    // Untold, the filter makes 93/85 of 128/117: a nearby ratio of terms up to 100.
    sar.map_or_else(String::new, |sar| {
        format!(",setsar={}/{}:max=1000000", sar.num(), sar.den())
    })
}

/// What ffmpeg's `scale` does, where it must be told.
///
/// Full range stays full: 5.1 takes the samples of `yuvj420p` for limited ones as soon as they are
/// called `yuv420p`. And pictures that change their size all get the ordered one, as one ffmpeg run
/// over the whole film does by itself by its first picture; the shape of the whole picture is kept
/// then, so the pixels' shape comes after.
///
/// Not part of every order: 9.0's `scale` drops the chroma location even where it does nothing.
fn scale(spec: &SegmentSpec) -> String {
    let mut options = Vec::new();
    if spec.rescale {
        let (width, height) = (spec.width.get(), spec.height.get());
        options.push(format!("{width}:{height}:interl=-1"));
    }
    if let Some(matrix) = spec.color.matrix.filter(|_| spec.rgb) {
        // Untold, 5.1 and 9.0 differ.
        options.push(format!("out_color_matrix={}", matrix.name()));
        let range = spec.color.range.unwrap_or(Range::Limited);
        options.push(format!("out_range={}", range.name()));
    } else if spec.color.range == Some(Range::Full) {
        options.push("out_range=pc".to_owned());
    }
    if options.is_empty() {
        return String::new();
    }
    let mut graph = format!(",scale={}", options.join(":"));
    if spec.rescale {
        graph.push_str(&shape(spec.sar.or(Ratio::new(1, 1))));
    }
    graph
}

/// Colour on the frames themselves: ffmpeg 9.0 ignores `-color_primaries` and `-color_trc` where
/// the decoded frames carry none, 5.1 takes both.
fn params(color: &Color) -> String {
    let words = [
        ("color_primaries", color.primaries.map(|v| v.name())),
        ("color_trc", color.transfer.map(|v| v.name())),
        ("colorspace", color.matrix.map(|v| v.name())),
        ("range", color.range.map(|v| v.name())),
    ];
    let known: Vec<String> = words
        .iter()
        .filter_map(|(key, value)| Some(format!("{key}={}", (*value)?)))
        .collect();
    if known.is_empty() {
        String::new()
    } else {
        format!(",setparams={}", known.join(":"))
    }
}

fn device(encoder: Encoder) -> Option<&'static str> {
    (encoder.family() == Family::Vaapi).then_some("/dev/dri/renderD128")
}

fn pixel_surface(format: PixelFormat) -> &'static str {
    if format.depth() == 10 {
        "p010le"
    } else {
        "nv12"
    }
}

/// The pixel format handed to the encoder: hardware takes its own layouts of the same samples.
fn pixel_name(spec: &SegmentSpec) -> &'static str {
    match spec.encoder.family() {
        Family::Software => spec.pixel_format.name(),
        Family::Vaapi => "vaapi",
        Family::Nvenc if spec.pixel_format == PixelFormat::Yuv420p => "yuv420p",
        Family::Nvenc | Family::Qsv | Family::Amf | Family::VideoToolbox => {
            pixel_surface(spec.pixel_format)
        }
    }
}

fn color(spec: &SegmentSpec) -> Vec<String> {
    let color = spec.color;
    let mut argv = Vec::new();
    let mut tag = |option: &str, value: Option<&'static str>| {
        if let Some(value) = value {
            argv.extend([option.to_owned(), value.to_owned()]);
        }
    };
    tag("-color_primaries", color.primaries.map(|v| v.name()));
    tag("-color_trc", color.transfer.map(|v| v.name()));
    tag("-colorspace", color.matrix.map(|v| v.name()));
    tag("-color_range", color.range.map(|v| v.name()));
    tag("-chroma_sample_location", color.chroma.map(|v| v.name()));
    argv
}

impl Hdr10 {
    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.mastering.is_none() && self.light.is_none()
    }
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|&word| word.to_owned()).collect()
}

fn push(argv: &mut Vec<String>, list: &[&str]) {
    argv.extend(list.iter().map(|&word| word.to_owned()));
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::encoder::{Quality, Speed};
    use crate::spec::*;
    use crate::time::{Pts, Span};

    pub(crate) fn spec(encoder: Encoder) -> SegmentSpec {
        SegmentSpec {
            input: InputCodec::H264,
            width: Side::new(1920).unwrap(),
            height: Side::new(1080).unwrap(),
            timebase: Timebase::new(1, 90_000).unwrap(),
            span: Span {
                start: Pts(90_000),
                end: Some(Pts(180_000)),
            },
            frames: Frames::new(25).unwrap(),
            encoder,
            speed: Speed::Balanced,
            quality: Quality::new(encoder.codec(), 23).unwrap(),
            pixel_format: PixelFormat::Yuv420p10,
            frame_rate: Ratio::new(25, 1).unwrap(),
            color: Color {
                chroma: Some(ChromaLocation::TopLeft),
                ..Color::default()
            },
            hdr10: Some(Hdr10 {
                mastering: Some(Mastering {
                    red: (34_000, 16_000),
                    green: (13_250, 34_500),
                    blue: (7_500, 3_000),
                    white: (15_635, 16_450),
                    max_luminance: 10_000_000,
                    min_luminance: 50,
                }),
                light: Some(LightLevel {
                    max_content: 1000,
                    max_average: 400,
                }),
            }),
            sar: Ratio::new(4, 3),
            scan: Scan::Progressive,
            rescale: false,
            rgb: false,
            filters: Chain::default(),
            around: None,
        }
    }

    #[test]
    fn the_recipe_for_x265() {
        let argv = encode(
            &spec(Encoder::X265),
            Allowance {
                threads: Some(4),
                cores: None,
            },
        )
        .join(" ");
        assert!(
            argv.contains(
                "-vf settb=1/90000,trim=start_pts=5850000:end_pts=5940000,setsar=4/3:max=1000000 "
            ),
            "{argv}"
        );
        assert!(
            argv.contains("-fps_mode passthrough -enc_time_base 1:90000 -c:v libx265"),
            "{argv}"
        );
        assert!(argv.contains(
            "-x265-params fps=25/1:info=0:log-level=1:pools=4:hdr10=1:master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50):max-cll=1000,400:chromaloc=2 "
        ), "{argv}");
        assert!(argv.ends_with("-video_track_timescale 90000 -movflags +empty_moov+default_base_moof+frag_keyframe -f mp4 pipe:1"));
    }

    #[test]
    fn pictures_of_another_size_are_scaled_and_keep_the_pixels_shape() {
        let changing = SegmentSpec {
            rescale: true,
            ..spec(Encoder::X264)
        };
        let argv = encode(&changing, Allowance::default()).join(" ");
        assert!(
            argv.contains(":end_pts=5940000,scale=1920:1080:interl=-1,setsar=4/3:max=1000000 "),
            "{argv}"
        );
        let square = SegmentSpec {
            sar: None,
            ..changing
        };
        let argv = encode(&square, Allowance::default()).join(" ");
        assert!(
            argv.contains("scale=1920:1080:interl=-1,setsar=1/1:max=1000000 "),
            "{argv}"
        );
    }

    #[test]
    fn full_range_stays_full() {
        let mut full = spec(Encoder::X264);
        full.color.range = Some(Range::Full);
        let argv = encode(&full, Allowance::default()).join(" ");
        assert!(
            argv.contains(",setparams=range=pc,scale=out_range=pc "),
            "{argv}"
        );
        full.color.range = Some(Range::Limited);
        let argv = encode(&full, Allowance::default()).join(" ");
        assert!(!argv.contains("scale="), "{argv}");
    }

    #[test]
    fn red_green_and_blue_are_converted_as_the_result_says() {
        let mut painted = spec(Encoder::X264);
        painted.rgb = true;
        painted.color.matrix = Some(Matrix::Bt709);
        painted.color.range = Some(Range::Limited);
        let argv = encode(&painted, Allowance::default()).join(" ");
        let graph = ",scale=out_color_matrix=bt709:out_range=tv,format=yuv420p10le,setparams=colorspace=bt709:range=tv ";
        assert!(argv.contains(graph), "{argv}");
    }

    #[test]
    fn a_film_may_grow_but_not_without_bounds() {
        let most = |width, height| {
            let spec = SegmentSpec {
                width: Side::new(width).unwrap(),
                height: Side::new(height).unwrap(),
                ..spec(Encoder::X264)
            };
            let argv = encode(&spec, Allowance::default());
            let at = argv.iter().position(|word| word == "-max_pixels").unwrap();
            argv[at + 1].parse::<u32>().unwrap()
        };
        assert_eq!(most(320, 180), 8192 * 4352);
        assert_eq!(most(16384, 8192), (16384 + 128) * (8192 + 128));
    }

    #[test]
    fn svt_speaks_real_units() {
        let argv = encode(&spec(Encoder::SvtAv1), Allowance::default()).join(" ");
        assert!(argv.contains("mastering-display=G(0.26500,0.69000)B(0.15000,0.06000)R(0.68000,0.32000)WP(0.31270,0.32900)L(1000.0000,0.0050):content-light=1000,400"), "{argv}");
    }

    #[test]
    fn filters_see_more_than_the_segment_and_it_is_cut_off_behind_them() {
        let deep = spec(Encoder::X264);
        let filtered = SegmentSpec {
            filters: everything(),
            around: Some(Around {
                seen: Span {
                    start: Pts(45_000),
                    end: Some(Pts(225_000)),
                },
                odd: true,
            }),
            pixel_format: PixelFormat::Yuv420p,
            ..deep.clone()
        };
        let graph = filters(&filtered);
        let order = [
            "settb=1/90000,trim=start_pts=5805000:end_pts=5985000,",
            "format=yuv420p10le,bwdif=mode=send_frame:parity=tff:deint=all,deblock=",
            ",crop=w=1600:h=800:x=2:y=4,atadenoise=",
            ",settb=1/90000,trim=start_pts=5850000:end_pts=5940000,trim=start_frame=1,framestep=2,zscale=",
            "peak=10,",
            ",scale=800:400:interl=0:flags=",
            ",cas=strength=0.2:planes=1,transpose=clock,setsar=4/3:max=1000000,setfield=prog",
        ];
        let places: Vec<usize> = order
            .iter()
            .map(|part| {
                graph
                    .find(part)
                    .unwrap_or_else(|| panic!("{part} in {graph}"))
            })
            .collect();
        assert!(places.is_sorted(), "{graph}");
        let grain = encode(
            &SegmentSpec {
                filters: everything(),
                ..spec(Encoder::SvtAv1)
            },
            Allowance::default(),
        );
        assert!(
            grain
                .join(" ")
                .contains("film-grain=8:film-grain-denoise=1")
        );
        assert!(
            filters(&deep)
                .starts_with("settb=1/90000,trim=start_pts=5850000:end_pts=5940000,setsar=")
        );
    }

    fn everything() -> Chain {
        use crate::filter::{Area, Fields, Grain, Level, Peak, Size, ToneMap, Turn};
        let side = |pixels| Side::new(pixels).unwrap();
        Chain {
            deinterlace: Some(Fields::Top),
            deblock: true,
            crop: Some(Area {
                width: side(1600),
                height: side(800),
                left: 2,
                top: 4,
            }),
            denoise: Some(Level::Light),
            half_rate: true,
            tone_map: Some(ToneMap {
                from: Color::default(),
                samples: PixelFormat::Yuv420p10,
                peak: Peak::of(1000),
            }),
            scale: Some(Size {
                width: side(800),
                height: side(400),
            }),
            sharpen: Some(Level::Light),
            turn: Some(Turn::Right),
            grain: Grain::new(8),
        }
    }

    #[test]
    fn every_word_is_from_a_fixed_grammar() {
        let plain = |word: &String| {
            word.chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_+:=/.,()".contains(c))
        };
        for &encoder in Encoder::ALL {
            let scans = [Scan::Progressive, Scan::TopFirst, Scan::BottomFirst];
            let chains = [Chain::default(), everything()];
            for (scan, filters) in scans.into_iter().flat_map(|scan| chains.map(|c| (scan, c))) {
                let argv = encode(
                    &SegmentSpec {
                        scan,
                        filters,
                        ..spec(encoder)
                    },
                    Allowance {
                        threads: Some(200),
                        cores: None,
                    },
                );
                assert!(argv.iter().all(plain), "{argv:?}");
            }
        }
    }
}
