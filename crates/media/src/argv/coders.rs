//! What each encoder is told: quality, effort, rate and what stands in its headers, as it spells them.

use super::{Allowance, push, words};
use crate::encoder::{Codec, Encoder, Family, Speed};
use crate::spec::{ChromaLocation, Mastering, Scan, SegmentSpec};

pub(super) fn encoder(spec: &SegmentSpec, allowance: Allowance) -> Vec<String> {
    let mut argv = words(&["-c:v", spec.encoder.name()]);
    if let Some(threads) = allowance.threads {
        argv.extend(["-threads".into(), threads.clamp(1, 64).to_string()]);
    }
    match spec.encoder {
        Encoder::X264 => x264(spec, &mut argv),
        Encoder::X265 => x265(spec, allowance, &mut argv),
        Encoder::SvtAv1 => svt(spec, allowance, &mut argv),
        hardware => hardware_options(hardware, spec, &mut argv),
    }
    argv
}

fn x264(spec: &SegmentSpec, argv: &mut Vec<String>) {
    let preset = match spec.speed {
        Speed::Fast => "veryfast",
        Speed::Balanced => "medium",
        Speed::Slow => "slow",
    };
    push(
        argv,
        &[
            "-preset",
            preset,
            "-crf",
            &spec.quality.number().to_string(),
        ],
    );
    let mut params = vec![format!(
        "fps={}/{}",
        spec.frame_rate.num(),
        spec.frame_rate.den()
    )];
    match spec.scan {
        Scan::Progressive => {}
        Scan::TopFirst => params.push("tff=1".into()),
        Scan::BottomFirst => params.push("bff=1".into()),
    }
    if spec.scan != Scan::Progressive {
        push(argv, &["-flags", "+ilme+ildct"]);
    }
    if let Some(hdr10) = spec.hdr10 {
        params.extend(
            hdr10
                .mastering
                .map(|m| format!("mastering-display={}", integers(&m))),
        );
        params.extend(
            hdr10
                .light
                .map(|l| format!("cll={},{}", l.max_content, l.max_average)),
        );
    }
    params.extend(chroma_number(spec).map(|n| format!("chromaloc={n}")));
    argv.extend(["-x264-params".into(), params.join(":")]);
}

fn x265(spec: &SegmentSpec, allowance: Allowance, argv: &mut Vec<String>) {
    let preset = match spec.speed {
        Speed::Fast => "faster",
        Speed::Balanced => "medium",
        Speed::Slow => "slow",
    };
    push(
        argv,
        &[
            "-preset",
            preset,
            "-crf",
            &spec.quality.number().to_string(),
        ],
    );
    // `info=0` leaves out the SEI that names threads and build: it sits in the header, which
    // must be the same from every machine.
    let mut params = vec![
        format!("fps={}/{}", spec.frame_rate.num(), spec.frame_rate.den()),
        "info=0".into(),
        "log-level=1".into(),
    ];
    params.extend(allowance.threads.map(|n| format!("pools={n}")));
    if let Some(hdr10) = spec.hdr10 {
        params.push("hdr10=1".into());
        params.extend(
            hdr10
                .mastering
                .map(|m| format!("master-display={}", integers(&m))),
        );
        params.extend(
            hdr10
                .light
                .map(|l| format!("max-cll={},{}", l.max_content, l.max_average)),
        );
    }
    params.extend(chroma_number(spec).map(|n| format!("chromaloc={n}")));
    argv.extend(["-x265-params".into(), params.join(":")]);
}

fn svt(spec: &SegmentSpec, allowance: Allowance, argv: &mut Vec<String>) {
    let preset = match spec.speed {
        // From 10 on it skips what changed: blocks of one frame stay black where they are white, by its own warning.
        Speed::Fast => "9",
        Speed::Balanced => "8",
        Speed::Slow => "5",
    };
    push(
        argv,
        &[
            "-preset",
            preset,
            "-crf",
            &spec.quality.number().to_string(),
        ],
    );
    let mut params = vec![
        format!("fps-num={}", spec.frame_rate.num()),
        format!("fps-denom={}", spec.frame_rate.den()),
    ];
    params.extend(allowance.threads.map(|n| format!("lp={n}")));
    if let Some(grain) = spec.filters.grain {
        // The picture is encoded without its own grain; the player draws some like it.
        params.push(format!("film-grain={}:film-grain-denoise=1", grain.get()));
    }
    if let Some(hdr10) = spec.hdr10 {
        params.extend(
            hdr10
                .mastering
                .map(|m| format!("mastering-display={}", decimals(&m))),
        );
        params.extend(
            hdr10
                .light
                .map(|l| format!("content-light={},{}", l.max_content, l.max_average)),
        );
    }
    argv.extend(["-svtav1-params".into(), params.join(":")]);
}

/// Constant quality, closed GOPs of at most 250 frames, as each vendor spells it.
fn hardware_options(encoder: Encoder, spec: &SegmentSpec, argv: &mut Vec<String>) {
    let q = encoder.quantizer(spec.quality).to_string();
    push(argv, &["-g", "250"]);
    match encoder.family() {
        Family::Software => {}
        Family::Nvenc => {
            let preset = match spec.speed {
                Speed::Fast => "p3",
                Speed::Balanced => "p5",
                Speed::Slow => "p7",
            };
            push(
                argv,
                &["-preset", preset, "-rc", "vbr", "-cq", &q, "-b:v", "0"],
            );
        }
        Family::Qsv => {
            let preset = match spec.speed {
                Speed::Fast => "faster",
                Speed::Balanced => "medium",
                Speed::Slow => "slower",
            };
            push(argv, &["-preset", preset, "-global_quality", &q]);
        }
        Family::Amf => {
            let quality = match spec.speed {
                Speed::Fast => "speed",
                Speed::Balanced => "balanced",
                Speed::Slow => "quality",
            };
            push(
                argv,
                &["-quality", quality, "-rc", "cqp", "-qp_i", &q, "-qp_p", &q],
            );
        }
        Family::VideoToolbox => push(argv, &["-allow_sw", "0", "-q:v", &q]),
        Family::Vaapi => push(argv, &["-rc_mode", "CQP", "-qp", &q]),
    }
    if encoder.codec() == Codec::Hevc && spec.pixel_format.depth() == 10 {
        push(argv, &["-profile:v", "main10"]);
    }
}

/// The VUI number of a chroma location; only 4:2:0 has one.
fn chroma_number(spec: &SegmentSpec) -> Option<u8> {
    let location = spec.color.chroma.filter(|_| spec.pixel_format.is_420())?;
    Some(match location {
        ChromaLocation::Left => 0,
        ChromaLocation::Center => 1,
        ChromaLocation::TopLeft => 2,
        ChromaLocation::Top => 3,
        ChromaLocation::BottomLeft => 4,
        ChromaLocation::Bottom => 5,
    })
}

/// x264's and x265's spelling: `G(x,y)B(x,y)R(x,y)WP(x,y)L(max,min)` in 1/50000 and 1/10000.
fn integers(m: &Mastering) -> String {
    format!(
        "G({},{})B({},{})R({},{})WP({},{})L({},{})",
        m.green.0,
        m.green.1,
        m.blue.0,
        m.blue.1,
        m.red.0,
        m.red.1,
        m.white.0,
        m.white.1,
        m.max_luminance,
        m.min_luminance
    )
}

/// SVT-AV1's spelling of the same in real units.
fn decimals(m: &Mastering) -> String {
    let xy = |(x, y): (u16, u16)| format!("({},{})", fifty_thousandths(x), fifty_thousandths(y));
    format!(
        "G{}B{}R{}WP{}L({},{})",
        xy(m.green),
        xy(m.blue),
        xy(m.red),
        xy(m.white),
        ten_thousandths(m.max_luminance),
        ten_thousandths(m.min_luminance)
    )
}

fn fifty_thousandths(value: u16) -> String {
    let hundred_thousandths = u32::from(value) * 2;
    format!(
        "{}.{:05}",
        hundred_thousandths / 100_000,
        hundred_thousandths % 100_000
    )
}

fn ten_thousandths(value: u32) -> String {
    format!("{}.{:04}", value / 10_000, value % 10_000)
}
