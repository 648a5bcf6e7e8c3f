//! A filter's frames over the segments of a film are those of one run over the whole film: real films, real ffmpegs,
//! every frame by its MD5, before any encoder.

#![expect(
    clippy::disallowed_methods,
    reason = "a test makes its own films, and runs ffmpeg over the whole of them to compare"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use media::argv;
use media::filter::{Area, Crop, Filters, Grain, Level, Turn};
use media::spec::Side;
use plan::cut::Cutting;
use plan::keep::Muxer;
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;

use super::*;
use crate::probe::{self, Indexing};

/// Frames by time: the MD5 of their samples.
type Frames = BTreeMap<i64, String>;

/// The pinned ffmpeg, and the system's where it will do: two versions are better than one.
fn programs() -> Vec<PathBuf> {
    let named = std::env::var_os("MANYHANDS_FFMPEG").map(PathBuf::from);
    let places = ffmpeg::tools::Places::here(named);
    let pinned = places.candidates().into_iter().map(|(path, _)| path);
    let mut all: Vec<PathBuf> = pinned.take(1).collect();
    let system = PathBuf::from("/usr/bin/ffmpeg");
    if system.is_file() && !all.contains(&system) {
        all.push(system);
    }
    assert!(!all.is_empty(), "no ffmpeg: run `cargo xtask ffmpeg`");
    all
}

/// Makes a film of five seconds with a moving picture, noise that is never the same, and still parts.
fn shoot(folder: &Path, name: &str, filters: &str, coder: &str) -> PathBuf {
    lasting(5, folder, name, filters, coder)
}

/// The same of so many seconds.
fn lasting(seconds: u32, folder: &Path, name: &str, filters: &str, coder: &str) -> PathBuf {
    let path = folder.join(name);
    let picture = format!("testsrc2=s=192x108:r=25:d={seconds},noise=alls=14:allf=t,{filters}");
    let made = Command::new(&programs()[0])
        .args(["-v", "error", "-y", "-f", "lavfi", "-i", &picture])
        .args(coder.split_whitespace())
        .arg(&path)
        .status()
        .unwrap();
    assert!(made.success(), "{name}");
    path
}

/// The packets of a film once more, in another file.
fn packed(film: &Path, name: &str, reading: &str, writing: &str) -> PathBuf {
    let path = film.with_file_name(name);
    let made = Command::new(&programs()[0])
        .args(["-v", "error", "-y"])
        .args(reading.split_whitespace())
        .arg("-i")
        .arg(film)
        .args(["-c", "copy"])
        .args(writing.split_whitespace())
        .arg(&path)
        .status()
        .unwrap();
    assert!(made.success(), "{name}");
    path
}

/// Turned by its container, and with first frames that are decoded and never shown.
fn packed_films(closed: &Path) -> [PathBuf; 2] {
    [
        packed(closed, "turned.mp4", "-display_rotation 90", ""),
        packed(closed, "hidden.mp4", "-ss 1.3", ""),
    ]
}

/// Closed and open groups of pictures, one long group, pictures refreshed little by little, an uneven rate,
/// interlaced in two codecs, ten bits and HDR, more colour, red, green and blue.
fn films(folder: &Path, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let eight = "format=yuv420p";
    let fields = "scale=192:112,format=yuv420p,interlace=scan=tff:lowpass=off";
    let hdr = "format=yuv420p10le,setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc:range=tv";
    let rgb = "format=gbrp10le,setparams=color_primaries=bt2020:color_trc=smpte2084";
    let hevc = "-c:v libx265 -preset ultrafast -color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc -x265-params log-level=error:keyint=25:hdr10=1:max-cll=900,300";
    [
        ("closed.mp4", eight, "-c:v libx264 -g 25 -bf 2"),
        (
            "open.mkv",
            eight,
            "-c:v libx264 -g 25 -bf 3 -x264-params open-gop=1",
        ),
        (
            "open.ts",
            eight,
            "-c:v libx264 -g 25 -bf 3 -x264-params open-gop=1",
        ),
        (
            "long.mkv",
            eight,
            "-c:v libx264 -g 9999 -bf 2 -sc_threshold 0",
        ),
        (
            "refreshed.mp4",
            eight,
            "-c:v libx264 -g 25 -x264-params intra-refresh=1",
        ),
        (
            "uneven.mkv",
            "select='not(eq(mod(n,7),3))',format=yuv420p",
            "-fps_mode passthrough -c:v libx264 -g 25 -bf 2",
        ),
        (
            "fields.mkv",
            fields,
            "-c:v libx264 -g 25 -flags +ilme+ildct -x264-params tff=1",
        ),
        (
            "fields.ts",
            fields,
            "-c:v mpeg2video -q:v 3 -g 12 -bf 2 -flags +ilme+ildct",
        ),
        ("ten.mkv", hdr, hevc),
        ("colour.mkv", "format=yuv422p10le", "-c:v ffv1 -g 25"),
        ("rgb.mkv", rgb, "-c:v ffv1 -g 25"),
    ]
    .into_iter()
    .filter(|(name, ..)| wanted(name))
    .map(|(name, filters, coder)| shoot(folder, name, filters, coder))
    .collect()
}

fn side(pixels: u16) -> Side {
    Side::new(pixels).unwrap()
}

/// Every filter, alone where it looks across frames, in chains that make sense.
fn wishes() -> Vec<(&'static str, Filters)> {
    let part = Area {
        width: side(160),
        height: side(92),
        left: 16,
        top: 8,
    };
    let none = Filters::default();
    vec![
        (
            "deinterlaced",
            Filters {
                deinterlace: true,
                half_rate: true,
                ..none
            },
        ),
        (
            "light",
            Filters {
                denoise: Some(Level::Light),
                deblock: true,
                ..none
            },
        ),
        (
            "medium",
            Filters {
                deinterlace: true,
                denoise: Some(Level::Medium),
                half_rate: true,
                sharpen: Some(Level::Medium),
                ..none
            },
        ),
        (
            "all",
            Filters {
                deinterlace: true,
                deblock: true,
                crop: Some(Crop::To(part)),
                denoise: Some(Level::Strong),
                half_rate: true,
                sdr: true,
                height: Some(side(64)),
                sharpen: Some(Level::Light),
                rotate: Some(Turn::Right),
                grain: Grain::new(5),
            },
        ),
    ]
}

/// The film as a job has it, its index complete.
async fn opened(program: &Path, path: &Path, filters: Filters) -> Arc<Film> {
    let choice = Choice {
        filters,
        codec: Some(media::Codec::Av1),
        accept_losses: true,
        ..Choice::default()
    };
    let dropped = crate::intake::look(path).unwrap();
    let muxer = Muxer { major: 9, minor: 0 };
    let probed = probe::probe(program, muxer, &dropped, &choice)
        .await
        .unwrap();
    let (said, mut heard) = mpsc::unbounded_channel();
    let tell = move |what| drop(said.send(what));
    let (film, go) = probe::index(program, probed.parts, tell).await.unwrap();
    go.send(()).unwrap();
    while !matches!(heard.recv().await, Some(Indexing::Finished)) {}
    film
}

fn segments(film: &Film) -> Vec<Segment> {
    let mut cutter = crate::jobs::cutter_of(film, None);
    let mut segments = Vec::new();
    let target = film.timebase().ticks(1_200_000);
    while let Cutting::Segment(segment) = cutter.next(&film.index(), target).unwrap() {
        segments.push(segment);
    }
    segments
}

/// Everything behind the graph of the donor's own command line is an encoder, and is left out.
fn hashed(spec: &SegmentSpec) -> Vec<String> {
    let words = argv::encode(spec, argv::Allowance::default());
    let end = words.iter().position(|word| word == "-pix_fmt").unwrap();
    let clock = format!("{}:{}", spec.timebase.num(), spec.timebase.den());
    let mut words = words[..end].to_vec();
    words.extend(["-pix_fmt".to_owned(), spec.pixel_format.name().to_owned()]);
    words.extend(["-fps_mode", "passthrough", "-enc_time_base", &clock].map(String::from));
    words.extend(["-f", "framemd5", "pipe:1"].map(String::from));
    words
}

fn frames(said: &[u8]) -> Frames {
    let text = String::from_utf8_lossy(said);
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let columns: Vec<&str> = line.split(',').map(str::trim).collect();
            (columns[2].parse().unwrap(), columns[5].to_owned())
        })
        .collect()
}

/// What a donor's filters make of a segment, read as it is read for a donor.
async fn donors(program: &Path, film: &Film, segment: &Segment, scratch: &Path) -> Frames {
    for step_back in 0..3 {
        let reading = film.reading(segment, step_back);
        let mut running = ffmpeg::extract::start(program, &film.source, reading).unwrap();
        let mut packets = Vec::new();
        let mut stdout = running.stdout.take().unwrap();
        stdout.read_to_end(&mut packets).await.unwrap();
        running.finish().await.unwrap();
        std::fs::write(scratch, &packets).unwrap();
        let spec = film.spec(segment, film.choice.codec().software()).unwrap();
        let made = Command::new(program)
            .args(hashed(&spec))
            .stdin(std::fs::File::open(scratch).unwrap())
            .stderr(Stdio::null())
            .output()
            .unwrap();
        let made = frames(&made.stdout);
        // As the owner does it: what has too few frames is read again from further back.
        if made.len() == spec.frames.get() as usize || step_back == 2 {
            return made;
        }
    }
    unreachable!("the last step returns")
}

/// What they make of the whole film in one run over the file.
fn at_once(program: &Path, film: &Film) -> Frames {
    let index = film.index();
    let span = media::Span {
        start: media::Pts(index.first_pts().unwrap()),
        end: None,
    };
    let whole = Segment {
        index: 0,
        span,
        frames: u32::try_from(index.all_shown().unwrap().len()).unwrap(),
        from: index.cuts()[0],
        bytes: 0,
    };
    drop(index);
    let spec = film.spec(&whole, film.choice.codec().software()).unwrap();
    assert_eq!(spec.around, None, "the whole film is all there is to see");
    let words = hashed(&spec);
    let graph = words.iter().position(|word| word == "-vf").unwrap();
    let run = Command::new(program)
        .args([
            "-v",
            "error",
            "-nostdin",
            "-copyts",
            "-itsoffset",
            "64",
            "-noautorotate",
        ])
        .arg("-i")
        .arg(&film.source.path)
        .args(["-map", &format!("0:{}", film.source.stream)])
        .args(&words[graph..])
        .output()
        .unwrap();
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    frames(&run.stdout)
}

#[tokio::test(flavor = "multi_thread")]
async fn segments_give_the_frames_of_one_run_over_the_whole_film() {
    let folder = tempfile::tempdir().unwrap();
    let scratch = folder.path().join("segment.nut");
    let mut wrong = Vec::new();
    let mut all = films(folder.path(), |_| true);
    all.extend(packed_films(&all[0]));
    for path in all {
        // The other version need not see every film.
        let twice = ["open.ts", "refreshed.mp4", "fields.mkv", "ten.mkv"];
        let twice = twice.iter().any(|name| path.ends_with(name));
        for program in programs().into_iter().take(if twice { 2 } else { 1 }) {
            // Two chains for every film; each filter across frames by itself, too, where that is enough to tell.
            let often = ["closed.mp4", "fields.ts"]
                .iter()
                .any(|name| path.ends_with(name));
            for (name, wish) in wishes().into_iter().skip(if often { 0 } else { 2 }) {
                let film = opened(&program, &path, wish).await;
                let unlike = unlike(&program, &film, &scratch).await;
                wrong.extend(unlike.map(|how| format!("{path:?} {name} {program:?}: {how}")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// How the frames of a film's segments are not those of one run over the whole of it, if they are not.
async fn unlike(program: &Path, film: &Film, scratch: &Path) -> Option<String> {
    let whole = at_once(program, film);
    let cut = segments(film);
    assert!(cut.len() > 2, "only {} segments", cut.len());
    let mut together = Frames::new();
    for segment in &cut {
        let made = donors(program, film, segment, scratch).await;
        let expected = film.shown(segment).len();
        if made.len() != expected {
            return Some(format!("{} of {expected} frames", made.len()));
        }
        together.extend(made);
    }
    let shift = argv::shift_ticks(film.timebase());
    let times: Vec<i64> = whole.keys().map(|time| time - shift).collect();
    if times != film.all_shown().unwrap() {
        return Some("other times".to_owned());
    }
    let differ = |(at, md5): &(&i64, &String)| together.get(*at) != Some(*md5);
    let unlike = whole.iter().filter(differ).count();
    let text = format!("{unlike} of {} frames differ", whole.len());
    (unlike > 0 || whole.len() != together.len()).then_some(text)
}

fn half_rate() -> Filters {
    Filters {
        half_rate: true,
        ..Filters::default()
    }
}

/// A recording that was begun in the middle of an open group of pictures, and a film with a packet that is damaged: of
/// each an odd number of packets gives no picture.
fn with_packets_in_vain(folder: &Path) -> [PathBuf; 2] {
    let open = shoot(
        folder,
        "whole.ts",
        "format=yuv420p",
        "-c:v mpeg2video -q:v 3 -g 12 -bf 1",
    );
    let keys = "-c:v libx265 -preset ultrafast -x265-params log-level=error:keyint=25:open-gop=0:scenecut=0";
    let sound = shoot(folder, "sound.mkv", "format=yuv420p", keys);
    let damage = "-bsf:v noise=amount=eq(n\\,62)";
    [
        packed(&open, "begun-late.ts", "-ss 1.5", "-copyts"),
        packed(&sound, "damaged.mkv", "", damage),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn packets_without_a_picture_do_not_count_at_half_the_rate() {
    let folder = tempfile::tempdir().unwrap();
    let scratch = folder.path().join("segment.nut");
    let result = folder.path().join("result.mp4");
    for path in with_packets_in_vain(folder.path()) {
        let program = &programs()[0];
        let film = opened(program, &path, half_rate()).await;
        let mut found = false;
        for segment in &segments(&film) {
            let spec = film.spec(segment, film.choice.codec().software()).unwrap();
            encoded(&film, segment, &spec, &result).await;
            // Read from further back, as after a first refusal, which blames nobody.
            let verdict = taken_at(1, &film, segment, &result).await;
            found |= matches!(verdict, Err(crate::verify::Unfit::Uncounted));
        }
        assert!(found, "{path:?}: nobody noticed");
        let film = crate::count::counted(program, &film).await.unwrap();
        assert_eq!(unlike(program, &film, &scratch).await, None, "{path:?}");
        for segment in &segments(&film) {
            let spec = film.spec(segment, film.choice.codec().software()).unwrap();
            encoded(&film, segment, &spec, &result).await;
            let verdict = taken_at(0, &film, segment, &result).await;
            assert!(verdict.is_ok(), "{path:?}: {verdict:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_long_stills_half_is_left_too() {
    let folder = tempfile::tempdir().unwrap();
    let scratch = folder.path().join("segment.nut");
    let path = lasting(
        20,
        folder.path(),
        "slides.mkv",
        "select='not(mod(n,40))',format=yuv420p",
        "-fps_mode passthrough -c:v libx264 -g 1",
    );
    for program in programs() {
        let film = opened(&program, &path, half_rate()).await;
        assert_eq!(unlike(&program, &film, &scratch).await, None);
    }
}

/// One segment encoded with `spec`, whatever was ordered.
async fn encoded(film: &Film, segment: &Segment, spec: &SegmentSpec, into: &Path) {
    let program = &programs()[0];
    let reading = film.reading(segment, 0);
    let mut extraction = ffmpeg::extract::start(program, &film.source, reading).unwrap();
    let feed = ffmpeg::child::Feed::From(extraction.stdout.take().unwrap());
    let file = std::fs::File::create(into).unwrap();
    let allowance = argv::Allowance::default();
    let encoding = ffmpeg::encode::start(program, spec, allowance, feed, file, 1 << 30).unwrap();
    encoding.finish().await.unwrap();
    extraction.finish().await.unwrap();
}

/// Whether the owner takes what is in `file` for the segment it ordered.
async fn taken(film: &Arc<Film>, segment: &Segment, file: &Path) -> Result<(), String> {
    let spec = film.spec(segment, film.choice.codec().software()).unwrap();
    // Places at random are chosen by this: some of each kind.
    for random in [0, 7, 15, 22] {
        let returned = crate::verify::Returned {
            film,
            segment,
            spec: &spec,
            file,
            donor: None,
            random,
            step_back: 0,
        };
        let verdict = crate::verify::verify(&programs()[0], returned).await;
        verdict.map_err(|unfit| unfit.to_string())?;
    }
    Ok(())
}

/// The same of one place, the source read from so many steps back.
async fn taken_at(
    step_back: u8,
    film: &Arc<Film>,
    segment: &Segment,
    file: &Path,
) -> Result<(), crate::verify::Unfit> {
    let spec = film.spec(segment, film.choice.codec().software()).unwrap();
    let returned = crate::verify::Returned {
        film,
        segment,
        spec: &spec,
        file,
        donor: None,
        random: 0,
        step_back,
    };
    let verdict = crate::verify::verify(&programs()[0], returned).await;
    verdict.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_was_not_filtered_as_ordered_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let made = films(folder.path(), |name| {
        ["fields.mkv", "ten.mkv"].contains(&name)
    });
    let (fields, ten): (&Path, &Path) = (&made[0], &made[1]);
    let none = Filters::default();
    let orders: [(&str, &Path, Filters); 6] = [
        (
            "deinterlaced",
            fields,
            Filters {
                deinterlace: true,
                ..none
            },
        ),
        (
            "denoised",
            fields,
            Filters {
                deinterlace: true,
                denoise: Some(Level::Strong),
                ..none
            },
        ),
        (
            "sharpened",
            ten,
            Filters {
                sharpen: Some(Level::Strong),
                ..none
            },
        ),
        (
            "scaled",
            ten,
            Filters {
                height: Some(side(64)),
                ..none
            },
        ),
        (
            "turned",
            ten,
            Filters {
                rotate: Some(Turn::Over),
                ..none
            },
        ),
        ("mapped", ten, Filters { sdr: true, ..none }),
    ];
    for (name, path, wish) in orders {
        let result = folder.path().join(format!("{name}.mp4"));
        let film = opened(&programs()[0], path, wish).await;
        let segment = &segments(&film)[1];
        let ordered = film.spec(segment, film.choice.codec().software()).unwrap();
        let ordered = SegmentSpec {
            quality: media::encoder::Quality::new(media::Codec::Av1, 12).unwrap(),
            ..ordered
        };
        encoded(&film, segment, &ordered, &result).await;
        assert_eq!(taken(&film, segment, &result).await, Ok(()), "{name}");
        // The same length, the same times, the same kind of file: only the pictures are the film's own.
        let chain = media::filter::Chain {
            deinterlace: ordered.filters.deinterlace.filter(|_| name == "denoised"),
            ..media::filter::Chain::default()
        };
        let doctored = SegmentSpec {
            filters: chain,
            ..ordered
        };
        encoded(&film, segment, &doctored, &result).await;
        let refusal = taken(&film, segment, &result).await;
        assert!(refusal.is_err(), "{name} was not done, and nobody noticed");
    }
}
