//! The road's ffmpeg runs with a real film: what the rest of the product relies on.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test makes its own clips and may fail anywhere"
)]

use std::path::{Path, PathBuf};

use ffmpeg::child::Feed;
use ffmpeg::encode;
use ffmpeg::extract::{self, Reading};
use ffmpeg::index::{self, Found};
use ffmpeg::picture::{Of, View};
use ffmpeg::result::Returned;
use ffmpeg::source::{self, ProbeError, Source};
use ffmpeg::tools::Places;
use ffmpeg::{digest, picture};
use media::argv::Allowance;
use media::gop::Gaps;
use media::spec::InputCodec;
use media::{Index, Pts, SegmentSpec, Span};
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;

fn program() -> PathBuf {
    let places = Places::here(std::env::var_os("MANYHANDS_FFMPEG").map(PathBuf::from));
    places
        .candidates()
        .into_iter()
        .next()
        .expect("no ffmpeg: run `cargo xtask ffmpeg`")
        .0
}

fn make(path: &Path, args: &[&str]) {
    let made = std::process::Command::new(program())
        .args(["-v", "error", "-y"])
        .args(args)
        .arg(path)
        .status()
        .unwrap();
    assert!(made.success());
}

/// Ten seconds, open GOPs of two, B frames, sound.
fn film(folder: &Path, name: &str) -> Source {
    let path = folder.join(name);
    let picture = [
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=320x180:r=25:d=10",
        "-f",
        "lavfi",
        "-i",
        "sine=d=10",
    ];
    let codec = [
        "-c:v",
        "libx264",
        "-g",
        "50",
        "-bf",
        "3",
        "-x264-params",
        "open-gop=1",
        "-c:a",
        "aac",
    ];
    make(&path, &[&picture[..], &codec[..]].concat());
    Source {
        path,
        stream: 0,
        genpts: false,
    }
}

/// An order of a hundred small frames.
fn spec() -> SegmentSpec {
    serde_json::from_str(
        r#"{"input":"h264","width":320,"height":180,"timebase":{"num":1,"den":25},"span":{"start":0,"end":100},
        "frames":100,"encoder":"libx264","speed":"fast","quality":18,"pixel_format":"yuv420p",
        "frame_rate":{"num":25,"den":1},"color":{"primaries":null,"transfer":null,"matrix":null,"range":null,
        "chroma":null},"hdr10":null,"sar":null,"scan":"progressive"}"#,
    )
    .unwrap()
}

async fn indexed(source: &Source) -> Index {
    let (sender, mut found) = mpsc::channel(16);
    let (program, listed) = (program(), source.clone());
    let listing = tokio::spawn(async move { index::list(&program, &listed, sender).await });
    let Some(Found::Timebase(timebase)) = found.recv().await else {
        panic!("a timebase comes first")
    };
    let mut index = Index::new(timebase, Gaps::Legal);
    while let Some(Found::Packets(batch)) = found.recv().await {
        for packet in batch {
            index.push(packet).unwrap();
        }
    }
    let listed = listing.await.unwrap().unwrap();
    assert!(!listed.damaged, "nothing here is damaged");
    assert_eq!(listed.packets, index.len() as u64);
    index.finish();
    index
}

async fn bytes(source: &Source, reading: Reading) -> Vec<u8> {
    let mut running = extract::start(&program(), source, reading).unwrap();
    let mut all = Vec::new();
    running
        .stdout
        .take()
        .unwrap()
        .read_to_end(&mut all)
        .await
        .unwrap();
    running.finish().await.unwrap();
    all
}

#[tokio::test]
async fn the_same_reading_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["film.mkv", "film.mp4", "film.ts"] {
        let source = film(folder.path(), name);
        for reading in [
            Reading {
                seek_us: None,
                stop_us: Some(3_000_000),
            },
            Reading {
                seek_us: Some(4_000_000),
                stop_us: Some(7_000_000),
            },
            Reading {
                seek_us: Some(8_000_000),
                stop_us: None,
            },
        ] {
            let once = bytes(&source, reading).await;
            assert!(once.len() > 10_000, "{name}: {}", once.len());
            assert_eq!(once, bytes(&source, reading).await, "{name} {reading:?}");
        }
    }
}

#[tokio::test]
async fn a_segment_is_little_more_than_its_packets() {
    let folder = tempfile::tempdir().unwrap();
    let source = film(folder.path(), "film.mp4");
    let index = indexed(&source).await;
    let span = Span {
        start: Pts(index.cuts()[1].pts),
        end: Some(Pts(index.cuts()[3].pts)),
    };
    let planned = index.bytes(index.cuts()[1], span);
    let timebase = index.timebase();
    let reading = Reading {
        seek_us: Some(timebase.micros(span.start.0)),
        stop_us: span.end.map(|e| timebase.micros(e.0)),
    };
    let sent = bytes(&source, reading).await.len() as u64;
    assert!(
        sent >= planned && sent < planned + planned / 10,
        "{sent} bytes for {planned}"
    );
}

#[tokio::test]
async fn the_index_is_every_packet_of_the_film_alone() {
    let folder = tempfile::tempdir().unwrap();
    let index = indexed(&film(folder.path(), "film.mkv")).await;
    assert_eq!(index.len(), 250);
    assert_eq!(index.all_shown().unwrap().len(), 250);
    assert!(index.is_reordered());
    assert!(index.cuts().len() >= 5);
}

#[tokio::test]
async fn what_is_no_film_is_said_to_be_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("text.mkv");
    std::fs::write(&path, "ffconcat version 1.0\nfile '/etc/passwd'\n").unwrap();
    let described = source::describe(&program(), &path).await;
    let script = matches!(&described, Err(ProbeError::NotOpened(_)))
        || described.is_ok_and(|info| info.film().is_none());
    assert!(script, "a script is not followed");
    std::fs::write(&path, vec![7; 5000]).unwrap();
    assert!(matches!(
        source::describe(&program(), &path).await,
        Err(ProbeError::NotOpened(_))
    ));
}

#[tokio::test]
async fn a_damaged_result_is_no_proof() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("result.mp4");
    let spec = spec();
    let result = Returned {
        file: &path,
        spec: &spec,
    };
    let options = [
        "-c:v",
        "libx264",
        "-movflags",
        "+empty_moov+default_base_moof+frag_keyframe",
    ];
    make(
        &path,
        &[
            &["-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=4"],
            &options[..],
        ]
        .concat(),
    );
    let good = digest::segment(&program(), result, None).await.unwrap();
    assert_eq!(good.frames, 100);
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.len() / 2;
    bytes[at..at + 400].fill(0xA5);
    std::fs::write(&path, bytes).unwrap();
    if let Ok(decoded) = digest::segment(&program(), result, None).await {
        assert_ne!(
            decoded.hash, good.hash,
            "a decode that says nothing still gives other frames"
        );
    }
}

/// The names on the list of what may decode are the decoders': some are called otherwise than their codec.
#[test]
fn every_codec_that_we_take_has_a_decoder_by_the_name_we_let_in() {
    let said = std::process::Command::new(program())
        .args(["-hide_banner", "-decoders"])
        .output()
        .unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    let decoders: Vec<&str> = said
        .lines()
        .filter_map(|line| line.split_whitespace().nth(1))
        .collect();
    for codec in InputCodec::ALL {
        let allowed = media::argv::decoders(codec.name());
        assert!(
            allowed.split(',').any(|name| decoders.contains(&name)),
            "{codec:?}: none of {allowed}"
        );
    }
}

/// A result of another codec is not even opened: no other decoder may run on it.
#[tokio::test]
async fn a_result_of_another_codec_reaches_no_decoder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("result.mp4");
    let picture = ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=1"];
    make(&path, &[&picture[..], &["-c:v", "mpeg4"]].concat());
    let spec = spec();
    let result = Returned {
        file: &path,
        spec: &spec,
    };
    assert!(digest::segment(&program(), result, None).await.is_err());
}

/// What an encoder writes is cut where it is told, and that is told from any other failure.
#[tokio::test]
async fn a_result_grows_no_further_than_it_may() {
    let folder = tempfile::tempdir().unwrap();
    let source = film(folder.path(), "film.mkv");
    let whole = Reading {
        seek_us: None,
        stop_us: Some(4_000_000),
    };
    let path = folder.path().join("result.mp4");
    let encode = async |most| {
        let mut extraction = extract::start(&program(), &source, whole).unwrap();
        let feed = extraction.stdout.take().map_or(Feed::Nothing, Feed::From);
        let file = std::fs::File::create(&path).unwrap();
        let allowance = Allowance::default();
        let encoding = encode::start(&program(), &spec(), allowance, feed, file, most);
        encoding.unwrap().finish().await
    };
    encode(1 << 30).await.unwrap();
    let size = std::fs::metadata(&path).unwrap().len();
    assert!(encode(size / 2).await.unwrap_err().is_too_large());
    assert!(std::fs::metadata(&path).unwrap().len() <= size / 2);
    // Not to the byte: an encoder's threads may do the same a little otherwise.
    encode(size * 2).await.unwrap();
}

#[tokio::test]
async fn pictures_tell_neighbours_apart() {
    let folder = tempfile::tempdir().unwrap();
    let source = film(folder.path(), "film.mp4");
    let index = indexed(&source).await;
    let times = index.all_shown().unwrap();
    let look = |from: usize| {
        let span = Span {
            start: Pts(times[from]),
            end: Some(Pts(times[from + 4])),
        };
        let source = &source;
        View {
            of: Of::Source(source),
            seek_us: None,
            span,
            filters: None,
            frame: picture::Frame::Small,
        }
    };
    let scratch = folder.path().join("look");
    let program = program();
    let views = [look(60), look(61)];
    let seen = picture::look(&program, index.timebase(), &views, &scratch);
    let [here, next] = seen.await.unwrap().try_into().unwrap();
    assert_eq!(here.len(), 4);
    assert_eq!(
        here[1..],
        next[..3],
        "the same frames are the same pictures"
    );
    assert_ne!(here[0], here[1]);
    let span = Span {
        start: Pts(times[60]),
        end: Some(Pts(times[64])),
    };
    let decoded = picture::times_of_source(&program, &source, index.timebase(), None, span)
        .await
        .unwrap();
    assert_eq!(decoded, times[60..64]);
}
