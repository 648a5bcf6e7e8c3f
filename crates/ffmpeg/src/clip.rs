//! Films out of ffmpeg's own test sources: short ones to try encoders with, and longer ones for
//! whoever wants to see the farm at work without a film at hand.

use std::path::{Path, PathBuf};

use media::argv::{QUIET, SHIFT_US};
use media::choice::Choice;
use media::encoder::Speed;
use media::spec::{Color, Frames, InputCodec, PixelFormat, Ratio, Scan, Side};
use media::time::{Pts, Span, Timebase};
use media::{Encoder, SegmentSpec};

use crate::child::{Run, RunError};
use crate::tools::Tool;

/// Frames a second of every clip.
const RATE: u32 = 30;
/// Frames that differ; a longer clip repeats them.
const DIFFERENT: u32 = 60;

/// How large a clip's picture is, and how long it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// 320×180, 24 frames: does it work at all?
    Small,
    /// 1920×1080, 360 frames: how fast?
    FullHd,
}

impl Size {
    fn sides(self) -> (u16, u16) {
        match self {
            Self::Small => (320, 180),
            Self::FullHd => (1920, 1080),
        }
    }

    /// How many frames there are.
    #[must_use]
    pub const fn frames(self) -> u32 {
        match self {
            Self::Small => 24,
            Self::FullHd => 360,
        }
    }
}

/// A clip as a donor receives a segment: one stream in NUT.
#[derive(Clone, Debug)]
pub struct Clip {
    /// Where.
    pub path: PathBuf,
    size: Size,
    input: InputCodec,
    pixel_format: PixelFormat,
}

impl Clip {
    /// Makes a clip in `folder`, coded so that it decodes as a film would: H.264 where this
    /// ffmpeg writes it, else FFV1. It moves and carries a little noise, so that encoders have
    /// about as much to do as with a film.
    ///
    /// # Errors
    /// [`RunError`].
    pub async fn make(
        tool: &Tool,
        folder: &Path,
        size: Size,
        pixel_format: PixelFormat,
    ) -> Result<Self, RunError> {
        let has_x264 = tool.features.lists(Encoder::X264);
        let (input, coder): (_, &[&str]) = match has_x264 {
            true => (
                InputCodec::H264,
                &["libx264", "-preset", "ultrafast", "-crf", "24", "-bf", "0"],
            ),
            false => (InputCodec::Ffv1, &["ffv1"]),
        };
        let name =
            |suffix: &str| folder.join(format!("{size:?}-{}{suffix}.nut", pixel_format.name()));
        let (once, path) = (name("-once"), name(""));
        let (width, height) = size.sides();
        let picture = format!("testsrc2=s={width}x{height}:r={RATE},noise=alls=5:allf=t");
        let unique = size.frames().min(DIFFERENT).to_string();
        Run::new(&tool.path)
            .args(QUIET)
            .args(["-f", "lavfi", "-i", &picture, "-frames:v", &unique])
            .args(["-pix_fmt", pixel_format.name(), "-c:v"])
            .args(coder)
            .args(["-f", "nut", "-y"])
            .output(&once)
            .finish()
            .await?;
        repeat(
            tool,
            &once,
            &path,
            size.frames() / size.frames().min(DIFFERENT),
        )
        .await?;
        // A scratch file: what is left of it goes with its folder.
        let _ = tokio::fs::remove_file(&once).await;
        Ok(Self {
            path,
            size,
            input,
            pixel_format,
        })
    }

    /// The order to encode the clip's first `frames` frames, as for a real segment.
    ///
    /// # Errors
    /// None in practice: `None` if `frames` is 0 or the constants here are wrong.
    #[must_use]
    pub fn spec(&self, encoder: Encoder, frames: u32) -> Option<SegmentSpec> {
        let (width, height) = self.size.sides();
        let choice = Choice {
            codec: Some(encoder.codec()),
            ..Choice::default()
        };
        Some(SegmentSpec {
            input: self.input,
            width: Side::new(width)?,
            height: Side::new(height)?,
            timebase: Timebase::new(1, RATE)?,
            span: Span {
                start: Pts(0),
                end: Some(Pts(frames.into())),
            },
            frames: Frames::new(frames)?,
            encoder,
            speed: Speed::Balanced,
            quality: choice.quality()?,
            pixel_format: self.pixel_format,
            frame_rate: Ratio::new(RATE, 1)?,
            color: Color::default(),
            hdr10: None,
            sar: None,
            scan: Scan::Progressive,
            rescale: false,
            rgb: false,
            filters: media::filter::Chain::default(),
            around: None,
        })
    }
}

/// Copies a clip `times` over, onto the times that segments have on the wire.
async fn repeat(tool: &Tool, once: &Path, path: &Path, times: u32) -> Result<(), RunError> {
    let more = (times.max(1) - 1).to_string();
    let shift = (SHIFT_US / 1_000_000).to_string();
    let run = Run::new(&tool.path)
        .args(QUIET)
        .args(["-stream_loop", &more, "-copyts"])
        .input(once);
    let run = run.args(["-c", "copy", "-output_ts_offset", &shift, "-f", "nut", "-y"]);
    run.output(path).finish().await.map(drop)
}

/// Makes a whole film of `seconds` seconds with sound: 640×360 at 25 frames a second, a key
/// frame at least every 48, in Matroska.
///
/// # Errors
/// [`RunError`].
pub async fn film(ffmpeg: &Path, path: &Path, seconds: u32) -> Result<(), RunError> {
    let length = seconds.max(1);
    let picture = format!("testsrc2=s=640x360:r=25:d={length},noise=alls=6:allf=t,format=yuv420p");
    let sound = format!("sine=frequency=440:sample_rate=48000:duration={length}");
    let run = Run::new(ffmpeg)
        .args(QUIET)
        .args(["-f", "lavfi", "-i", &picture]);
    let run = run.args([
        "-f", "lavfi", "-i", &sound, "-c:v", "libx264", "-preset", "veryfast",
    ]);
    let run = run.args(["-g", "48", "-c:a", "aac", "-f", "matroska", "-y"]);
    run.output(path).finish().await.map(drop)
}
