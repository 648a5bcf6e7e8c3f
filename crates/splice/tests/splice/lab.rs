//! A small studio: films out of ffmpeg's test sources, segments of them encoded apart as a donor
//! would, the join, and what ffmpeg makes of it.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use splice::{DisplayMatrix, Joined, Limits, Part, Timing, Track};
use tempfile::TempDir;

/// Segments made by this process, to name their files.
static SEGMENTS: AtomicUsize = AtomicUsize::new(0);

/// Seconds added to every time, as the product does.
pub const SHIFT_SECONDS: i64 = 64;

/// The ffmpeg to try with: `MANYHANDS_FFMPEG`, else the checkout's own, else the system's.
pub fn ffmpeg() -> PathBuf {
    if let Some(named) = std::env::var_os("MANYHANDS_FFMPEG") {
        return named.into();
    }
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools/ffmpeg");
    let bundled = fs::read_dir(tools).into_iter().flatten().flatten();
    let bundled = bundled
        .map(|platform| platform.path().join("ffmpeg"))
        .find(|path| path.is_file());
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = || {
        std::env::split_paths(&path)
            .map(|dir| dir.join("ffmpeg"))
            .find(|path| path.is_file())
    };
    let found = bundled.or_else(system);
    found.expect("no ffmpeg: set MANYHANDS_FFMPEG, run `cargo xtask ffmpeg`, or install ffmpeg")
}

/// Runs ffmpeg and returns its standard output; panics with its words if it fails.
pub fn run<I: IntoIterator<Item = A>, A: Into<OsString>>(args: I) -> Vec<u8> {
    let args: Vec<OsString> = args.into_iter().map(Into::into).collect();
    output(&args, Stdio::null())
}

/// As [`run`], with something to read and the listing on standard output.
pub fn run_fed(args: [&str; 9], stdin: Stdio) -> Vec<u8> {
    let args: Vec<OsString> = args.into_iter().chain(["-"]).map(Into::into).collect();
    output(&args, stdin)
}

fn output(args: &[OsString], stdin: Stdio) -> Vec<u8> {
    #[expect(clippy::disallowed_methods, reason = "a test asks ffmpeg itself")]
    let mut command = Command::new(ffmpeg());
    let command = command
        .args(["-v", "error", "-nostdin"])
        .args(args)
        .stdin(stdin);
    let output = command.output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ffmpeg {args:?}: {words}");
    output.stdout
}

fn words(line: &str) -> Vec<OsString> {
    line.split_whitespace().map(OsString::from).collect()
}

/// A film of numbered moving frames that exists as a filter graph only.
pub struct Film {
    /// Ticks a second.
    pub timescale: u32,
    /// The graph that makes all frames, with their times in `1/timescale`.
    graph: String,
    /// When each frame is shown.
    pub pts: Vec<i64>,
    dir: TempDir,
}

impl Film {
    /// `frames` frames of 320x180 at 30 a second, of which `select` keeps some, with its times
    /// bent by `setpts` (both filter expressions).
    pub fn new(frames: u32, timescale: u32, select: &str, setpts: &str) -> Self {
        let source = format!("testsrc2=s=320x180:r=30,trim=end_frame={frames},format=yuv420p");
        let graph = format!("{source},select='{select}',settb=1/{timescale},setpts='{setpts}'");
        let listing = run([
            "-f",
            "lavfi",
            "-i",
            &graph,
            "-fps_mode",
            "passthrough",
            "-enc_time_base",
            &format!("1:{timescale}"),
            "-c:v",
            "rawvideo",
            "-f",
            "framecrc",
            "-",
        ]);
        let pts = column(&listing, 2);
        assert!(pts.is_sorted() && pts.len() > 10, "{graph}: {pts:?}");
        Self {
            timescale,
            graph,
            pts,
            dir: tempfile::tempdir().unwrap(),
        }
    }

    /// A steady film: every frame, 30 a second.
    pub fn steady(frames: u32, timescale: u32) -> Self {
        Self::new(frames, timescale, "1", "PTS")
    }

    /// Frames `first..end` encoded apart with `encoder` options, as a donor would.
    pub fn segment(&self, first: usize, end: usize, encoder: &str) -> Segment {
        let number = SEGMENTS.fetch_add(1, Ordering::Relaxed);
        let name = format!("segment-{number}.mp4");
        let path = self.dir.path().join(name);
        let graph = format!("{},trim=start_frame={first}:end_frame={end}", self.graph);
        let timescale = self.timescale;
        let mut args = vec![
            "-copyts".into(),
            "-f".into(),
            "lavfi".into(),
            "-i".into(),
            graph.into(),
        ];
        args.extend(words(&format!(
            "-fps_mode passthrough -enc_time_base 1:{timescale} {encoder}"
        )));
        args.extend(words(&format!("-video_track_timescale {timescale}")));
        args.extend(words(
            "-movflags empty_moov+default_base_moof+frag_keyframe -f mp4 -y",
        ));
        args.push(path.clone().into());
        run(args);
        Segment {
            path,
            expected: self.pts[first..end].to_vec(),
        }
    }

    /// The whole film in segments that end at `cuts` and at its end, one encoder after the other.
    pub fn segments(&self, cuts: &[usize], encoders: &[&str]) -> Vec<Segment> {
        let starts = std::iter::once(0).chain(cuts.iter().copied());
        let ends = cuts.iter().copied().chain([self.pts.len()]);
        let parts = starts.zip(ends).zip(encoders.iter().cycle());
        parts
            .map(|((start, end), encoder)| self.segment(start, end, encoder))
            .collect()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn shift(&self) -> i64 {
        SHIFT_SECONDS * i64::from(self.timescale)
    }

    /// Joins segments into `name` and returns the file with what its packets should hash to.
    pub fn join(&self, segments: &[Segment], name: &str) -> Join {
        let part = |segment: &Segment| Part {
            track: segment.scan(),
            expected_pts: segment.expected.clone(),
        };
        let timing = Timing {
            shift: self.shift(),
            last_duration: None,
        };
        let joined = Joined::plan(segments.iter().map(part).collect(), timing).unwrap();
        let (path, mut packets) = (self.path(name), Vec::new());
        let mut out = File::create(&path).unwrap();
        joined.write_head(&mut out, DisplayMatrix::UPRIGHT).unwrap();
        for (index, segment) in segments.iter().enumerate() {
            let reader = File::open(&segment.path).unwrap();
            let hash = |packet: splice::Packet<'_>| packets.push(hex(&packet.murmur3()));
            joined.write_part(&mut out, index, reader, hash).unwrap();
        }
        Join {
            path,
            joined,
            packets,
        }
    }

    /// The recipe's last step: `-c copy` of a join into `name`.
    pub fn mux(&self, join: &Join, name: &str, options: &str) -> PathBuf {
        let out = self.path(name);
        let mut args = words(&format!("-copyts -itsoffset -{SHIFT_SECONDS}"));
        args.extend([
            "-i".into(),
            join.path.clone().into(),
            "-map".into(),
            "0:v:0".into(),
        ]);
        args.extend(words("-c copy -max_interleave_delta 0"));
        args.extend(words(options));
        args.extend(["-y".into(), out.clone().into()]);
        run(args);
        out
    }
}

/// An encoded segment's file, and when its frames must be shown.
pub struct Segment {
    pub path: PathBuf,
    pub expected: Vec<i64>,
}

impl Segment {
    pub fn scan(&self) -> Track {
        splice::scan(File::open(&self.path).unwrap(), Limits::default()).unwrap()
    }
}

/// A joined file.
pub struct Join {
    pub path: PathBuf,
    pub joined: Joined,
    /// SHA-256 of each packet as it was written, in decoding order.
    pub packets: Vec<String>,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn rows(listing: &[u8]) -> impl Iterator<Item = Vec<String>> {
    let text = String::from_utf8(listing.to_vec()).unwrap();
    let rows: Vec<Vec<String>> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            line.split(',')
                .map(|field| field.trim().to_owned())
                .collect()
        })
        .collect();
    rows.into_iter()
}

/// A numeric column of a framecrc or framehash listing.
fn column(listing: &[u8], index: usize) -> Vec<i64> {
    rows(listing)
        .map(|row| row[index].parse().unwrap())
        .collect()
}

/// A decode of a file: when each frame is shown, in ticks of `timescale`, and its pixels' hash.
pub fn decode(path: &Path, timescale: u32) -> Vec<(i64, String)> {
    let mut args = words("-copyts -i");
    args.push(path.into());
    args.extend(words("-map 0:v:0 -fps_mode passthrough -enc_time_base"));
    args.push(format!("1:{timescale}").into());
    args.extend(words("-c:v rawvideo -f framehash -hash md5 -"));
    let listing = run(args);
    rows(&listing)
        .map(|row| (row[2].parse().unwrap(), row[5].clone()))
        .collect()
}

/// As [`decode`], the pictures alone.
pub fn pictures(path: &Path, timescale: u32) -> Vec<String> {
    decode(path, timescale)
        .into_iter()
        .map(|(_, hash)| hash)
        .collect()
}

/// A file's packets in its own order: decoding time, showing time, SHA-256.
pub fn packets(path: &Path) -> Vec<(i64, i64, String)> {
    listing(path, "-copyts -i", "-c copy")
}

/// As [`packets`] for files that store no decoding times: with the showing times that are stored.
/// Where parts are reordered unlike, ffmpeg guesses decoding times wrongly and bends the showing
/// times to them, unless it is kept from both.
pub fn stored_packets(path: &Path) -> Vec<(i64, i64, String)> {
    listing(
        path,
        "-fflags +nofillin -copyts -i",
        "-c copy -bsf:v setts=pts=PTS:dts=N-1000000",
    )
}

fn listing(path: &Path, input: &str, copy: &str) -> Vec<(i64, i64, String)> {
    let mut args = words(input);
    args.push(path.into());
    args.extend(words("-map 0:v:0"));
    args.extend(words(copy));
    args.extend(words("-f framehash -hash murmur3 -"));
    let listing = run(args);
    let row = |row: Vec<String>| {
        (
            row[1].parse().unwrap(),
            row[2].parse().unwrap(),
            row[5].clone(),
        )
    };
    rows(&listing).map(row).collect()
}
