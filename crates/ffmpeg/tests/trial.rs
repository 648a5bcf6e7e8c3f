//! Finding ffmpeg and trying its encoders: with the real one, and with a stand-in that has the
//! hardware this machine has not.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use ffmpeg::tools::{self, Origin, Places, Tool, ToolError};
use ffmpeg::trial::{Cause, Trials, Unusable};
use media::Encoder;
use media::spec::PixelFormat::{Yuv420p, Yuv420p10};
use tempfile::TempDir;

/// The ffmpeg to try with: `MANYHANDS_FFMPEG`, else the checkout's own, else the system's.
fn real() -> PathBuf {
    let places = Places::here(env::var_os("MANYHANDS_FFMPEG").map(PathBuf::from));
    let found = places.candidates().into_iter().next();
    found
        .expect("no ffmpeg: set MANYHANDS_FFMPEG, run `cargo xtask ffmpeg`, or install ffmpeg")
        .0
}

/// A link: a copy could be started only after every other test's fork has closed it.
#[cfg(unix)]
fn place(program: &Path, at: &Path) {
    std::os::unix::fs::symlink(program, at).unwrap();
}

#[cfg(not(unix))]
fn place(program: &Path, at: &Path) {
    fs::copy(program, at).unwrap();
}

/// A folder with a stand-in that behaves as told.
struct StandIn {
    folder: TempDir,
}

impl StandIn {
    fn new(conduct: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stand_in = Self { folder };
        place(Path::new(env!("CARGO_BIN_EXE_standin")), &stand_in.path());
        let conduct = format!("real {}\n{conduct}\n", real().display());
        fs::write(stand_in.folder.path().join("conduct"), conduct).unwrap();
        stand_in
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join(if cfg!(windows) {
            "ffmpeg.exe"
        } else {
            "ffmpeg"
        })
    }

    fn places(&self) -> Places {
        Places {
            settings: Some(self.path()),
            ..Places::default()
        }
    }

    async fn tool(&self) -> Tool {
        tools::find(&self.places()).await.unwrap()
    }

    async fn trials(&self) -> Trials {
        Trials::new(&self.tool().await, self.folder.path())
    }
}

#[tokio::test]
async fn the_real_ffmpeg_is_found_and_described() {
    let tool = tools::check(real(), Origin::System).await.unwrap();
    assert!(
        tool.version
            .release
            .is_some_and(|release| release >= (5, 1)),
        "{:?}",
        tool.version
    );
    assert!(
        tool.version
            .libavcodec
            .is_some_and(|library| library.0 >= 59)
    );
    for encoder in [Encoder::X264, Encoder::X265] {
        assert!(tool.features.lists(encoder), "{encoder}");
    }
    assert!(tool.features.encoders.contains("aac") && tool.features.filters.contains("setparams"));
    assert!(!tool.features.filters.contains("=") && tool.features.filters.len() > 100);
}

#[tokio::test]
async fn what_will_not_do_is_refused_with_a_sentence() {
    let old = StandIn::new("version 4.4.2-0ubuntu0.22.04.1\nh264_nvenc works");
    let refused = tools::find(&old.places()).await.unwrap_err();
    assert!(matches!(refused, ToolError::TooOld { .. }));
    let words = refused.to_string();
    assert!(
        words.contains("4.4.2") && words.contains("5.1") && words.contains("Update it"),
        "{words}"
    );

    let named = |path: &Path| Places {
        settings: Some(path.to_owned()),
        ..Places::default()
    };
    let absent = tools::find(&named(Path::new("/nowhere/ffmpeg")))
        .await
        .unwrap_err();
    assert!(matches!(absent, ToolError::NotThere { .. }), "{absent}");
    let nowhere = tools::find(&Places::default()).await.unwrap_err();
    assert!(
        nowhere.to_string().contains("Install ffmpeg 5.1 or newer"),
        "{nowhere}"
    );
    let plain = old.folder.path().join("conduct");
    let broken = tools::find(&named(&plain)).await.unwrap_err();
    assert!(matches!(broken, ToolError::Broken { .. }), "{broken}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_bundled_one_that_does_not_run_gives_way_to_the_systems() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("ffmpeg");
    fs::write(&broken, "\x7fELF of another machine").unwrap();
    fs::set_permissions(&broken, fs::Permissions::from_mode(0o755)).unwrap();
    let system = StandIn::new("");
    let mut places = Places {
        settings: None,
        program: Some(folder.path().join("manyhands")),
        path: Some(system.folder.path().into()),
    };
    let tool = tools::find(&places).await.unwrap();
    assert_eq!((tool.origin, tool.path), (Origin::System, system.path()));
    places.path = None;
    let refused = tools::find(&places).await.unwrap_err();
    assert!(
        matches!(
            refused,
            ToolError::Broken {
                origin: Origin::Bundled,
                ..
            }
        ),
        "{refused}"
    );
}

#[tokio::test]
async fn software_encoders_work_in_both_depths() {
    let folder = tempfile::tempdir().unwrap();
    let tool = tools::check(real(), Origin::System).await.unwrap();
    let trials = Trials::new(&tool, folder.path());
    for encoder in [Encoder::X264, Encoder::X265, Encoder::SvtAv1] {
        for format in [Yuv420p, Yuv420p10] {
            assert_eq!(trials.try_out(encoder, format).await, Ok(()));
        }
    }
}

/// This machine's own answer, whatever hardware it has: a listed encoder works or fails in a
/// way that is understood.
#[tokio::test]
async fn every_listed_encoder_works_or_fails_for_a_known_reason() {
    let folder = tempfile::tempdir().unwrap();
    let tool = tools::check(real(), Origin::System).await.unwrap();
    let trials = Trials::new(&tool, folder.path());
    for encoder in trials.candidates() {
        if let Err(unusable) = trials.try_out(encoder, Yuv420p).await {
            assert_ne!(
                unusable.cause,
                Cause::Unknown,
                "{unusable}: {}",
                unusable.log
            );
            assert!(!unusable.words.is_empty());
        }
    }
}

#[tokio::test]
async fn hardware_that_works_passes() {
    let works = [
        Encoder::H264Nvenc,
        Encoder::HevcNvenc,
        Encoder::Av1Nvenc,
        Encoder::HevcQsv,
        Encoder::H264Amf,
        Encoder::HevcVideoToolbox,
        Encoder::H264Vaapi,
        Encoder::HevcVaapi,
    ];
    let conduct: Vec<String> = works
        .iter()
        .map(|encoder| format!("{encoder} works"))
        .collect();
    let stand_in = StandIn::new(&conduct.join("\n"));
    let trials = stand_in.trials().await;
    let candidates = trials.candidates();
    assert!(
        works.iter().all(|encoder| candidates.contains(encoder)),
        "{candidates:?}"
    );
    assert!(
        !candidates.contains(&Encoder::Av1Qsv),
        "not listed, so no candidate"
    );
    for encoder in works {
        for format in [Yuv420p, Yuv420p10] {
            assert_eq!(trials.try_out(encoder, format).await, Ok(()));
        }
    }
}

async fn cause(
    trials: &Trials,
    encoder: Encoder,
    format: media::spec::PixelFormat,
) -> Option<Unusable> {
    trials.try_out(encoder, format).await.err()
}

#[tokio::test]
async fn hardware_fails_in_its_real_ways() {
    let cases = BTreeMap::from([
        (Encoder::H264Nvenc, ("device", Cause::NoDevice)),
        (Encoder::HevcNvenc, ("driver", Cause::DriverTooOld)),
        (Encoder::Av1Nvenc, ("codec", Cause::Unsupported)),
        (Encoder::H264Qsv, ("device", Cause::NoDevice)),
        (Encoder::Av1Qsv, ("codec", Cause::Unsupported)),
        (Encoder::H264Amf, ("device", Cause::NoDevice)),
        (Encoder::Av1Amf, ("codec", Cause::Unsupported)),
        (Encoder::H264VideoToolbox, ("device", Cause::NoDevice)),
        (Encoder::H264Vaapi, ("device", Cause::NoDevice)),
        (Encoder::Av1Vaapi, ("codec", Cause::Unsupported)),
        (Encoder::HevcAmf, ("loses", Cause::WrongResult)),
        (Encoder::HevcVaapi, ("hangs", Cause::TooSlow)),
        (
            Encoder::HevcVideoToolbox,
            ("sessions 0", Cause::SessionLimit),
        ),
    ]);
    let conduct: Vec<String> = cases
        .iter()
        .map(|(encoder, (kind, _))| format!("{encoder} {kind}"))
        .collect();
    let stand_in = StandIn::new(&conduct.join("\n"));
    let trials = stand_in.trials().await;
    for (encoder, (_, expected)) in cases {
        let unusable = cause(&trials, encoder, Yuv420p)
            .await
            .expect("it is told to fail");
        assert_eq!(unusable.cause, expected, "{unusable}: {}", unusable.log);
        let words = unusable.to_string();
        assert!(
            words.starts_with(&format!("{encoder} cannot be used for yuv420p: ")),
            "{words}"
        );
        assert!(words.contains('(') || expected == Cause::TooSlow, "{words}");
        assert!(!words.contains("0x"), "{words}");
    }
    let absent = cause(&trials, Encoder::HevcQsv, Yuv420p)
        .await
        .expect("it is not listed");
    assert_eq!(absent.cause, Cause::NotBuilt);
}

#[tokio::test]
async fn a_device_of_8_bits_is_used_for_8_bits() {
    let stand_in = StandIn::new("h264_nvenc depth\nhevc_qsv depth");
    let trials = stand_in.trials().await;
    for encoder in [Encoder::H264Nvenc, Encoder::HevcQsv] {
        assert_eq!(cause(&trials, encoder, Yuv420p).await, None);
        let unusable = cause(&trials, encoder, Yuv420p10)
            .await
            .expect("8 bits only");
        assert_eq!(unusable.cause, Cause::PixelFormat, "{}", unusable.log);
    }
}

/// How fast is the machine's affair; that it is measured, and within its limits, is ours.
#[tokio::test]
async fn what_works_is_measured() {
    let stand_in = StandIn::new("h264_nvenc sessions 1\nhevc_nvenc device");
    let trials = stand_in.trials().await;
    let measured = trials.measure(Encoder::H264Nvenc, Yuv420p).await.unwrap();
    assert_eq!(
        (measured.encoder, measured.pixel_format),
        (Encoder::H264Nvenc, Yuv420p)
    );
    assert!(measured.fps_1080p > 0.0 && measured.fps_1080p.is_finite());
    assert_eq!(
        (measured.seats, measured.threads),
        (1, None),
        "one session is all there is"
    );
    let tool = stand_in.tool().await;
    let machine = ffmpeg::hardware::fingerprint();
    assert!(!measured.is_outdated(&tool.version.text, &machine));
    assert!(
        measured.is_outdated("n9.9", &machine)
            && measured.is_outdated(&tool.version.text, "another")
    );

    let refused = trials
        .measure(Encoder::HevcNvenc, Yuv420p)
        .await
        .unwrap_err();
    assert_eq!(refused.cause, Cause::NoDevice);
    let left: Vec<_> = fs::read_dir(stand_in.folder.path())
        .unwrap()
        .flatten()
        .collect();
    let results = left
        .iter()
        .filter(|entry| entry.path().extension().is_some_and(|ext| ext == "mp4"));
    assert_eq!(results.count(), 0, "results are removed");
}

#[tokio::test]
async fn a_measurement_of_software_shares_the_machine() {
    let folder = tempfile::tempdir().unwrap();
    let tool = tools::check(real(), Origin::System).await.unwrap();
    let trials = Trials::new(&tool, folder.path());
    let measured = trials.measure(Encoder::X264, Yuv420p).await.unwrap();
    assert!(measured.fps_1080p > 0.0);
    let all = measured
        .threads
        .map_or(1, |threads| threads * measured.seats);
    assert!(
        measured.seats >= 1 && all <= ffmpeg::hardware::threads(),
        "{measured:?}"
    );
}

#[tokio::test]
async fn a_film_is_made_for_whoever_has_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a film.mkv");
    ffmpeg::clip::film(&real(), &path, 3).await.unwrap();
    let decoded = ffmpeg::digest::range(&real(), &path, 0, None).await;
    let decoded = decoded.unwrap();
    assert_eq!(decoded.frames, 75);
}
