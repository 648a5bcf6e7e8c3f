//! What a source file holds, as ffmpeg tells it.

use serde::{Deserialize, Serialize};

use crate::spec::{Color, Hdr10, PixelFormat, Ratio, Scan};
use crate::time::Timebase;

/// A probed source file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SourceInfo {
    /// ffmpeg's demuxer names, comma separated: `matroska,webm`.
    pub format: String,
    /// Microseconds, where the container says.
    pub duration_us: Option<i64>,
    /// Microseconds of the first timestamp, where the container says.
    pub start_us: Option<i64>,
    /// In file order; the index in this list is ffmpeg's stream index.
    pub streams: Vec<Stream>,
    /// How many chapters.
    pub chapters: u32,
}

/// One stream of a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stream {
    /// ffmpeg's stream index.
    pub index: u32,
    /// ISO 639 code, where tagged.
    pub language: Option<String>,
    /// ffmpeg's codec name: `hevc`, `aac`, `hdmv_pgs_subtitle`, `ttf`.
    pub codec: String,
    /// What kind.
    pub kind: StreamKind,
    /// The disposition words in file order: `default`, `forced`, `attached pic`.
    pub dispositions: Vec<String>,
    /// The rest of ffmpeg's line, for messages: `hevc (Main 10), yuv420p10le(tv), 1920x1080`.
    pub description: String,
    /// Names of stream-level side data: `displaymatrix`, `DOVI configuration record`.
    pub side_data: Vec<String>,
}

/// The kinds of stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StreamKind {
    /// Moving pictures, or a cover (`attached pic`).
    Video,
    /// Sound.
    Audio,
    /// Text or bitmaps over the picture.
    Subtitle,
    /// A file inside the file, such as a font.
    Attachment,
    /// Timecode, GPS and the like.
    Data,
    /// What ffmpeg does not know.
    Unknown,
}

impl Stream {
    /// A cover or thumbnail rather than a film.
    #[must_use]
    pub fn is_cover(&self) -> bool {
        self.kind == StreamKind::Video
            && self
                .dispositions
                .iter()
                .any(|d| d == "attached pic" || d == "still image")
    }

    /// Degrees the player turns the picture, where a display matrix says so.
    #[must_use]
    pub fn has_side_data(&self, name: &str) -> bool {
        self.side_data
            .iter()
            .any(|entry| entry.to_ascii_lowercase().starts_with(name))
    }
}

impl SourceInfo {
    /// The film: the first video stream that is no cover.
    #[must_use]
    pub fn film(&self) -> Option<&Stream> {
        self.streams
            .iter()
            .find(|s| s.kind == StreamKind::Video && !s.is_cover())
    }

    /// Streams of `kind`.
    pub fn of_kind(&self, kind: StreamKind) -> impl Iterator<Item = &Stream> {
        self.streams.iter().filter(move |s| s.kind == kind)
    }

    /// Whether the demuxer answers to `name`.
    #[must_use]
    pub fn is_format(&self, name: &str) -> bool {
        self.format.split(',').any(|n| n == name)
    }
}

/// The film stream in the detail encoding needs, read from its first decoded frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VideoStream {
    /// ffmpeg's stream index.
    pub index: u32,
    /// ffmpeg's codec name.
    pub codec: String,
    /// Of its packets.
    pub timebase: Timebase,
    /// Coded picture, pixels.
    pub width: u16,
    /// Coded picture, pixels.
    pub height: u16,
    /// As decoded; `None` where ours has no name for it ([`VideoStream::pixel_name`] has).
    pub pixel_format: Option<PixelFormat>,
    /// ffmpeg's name of the decoded pixel format.
    pub pixel_name: String,
    /// Sample aspect ratio, where not square or unknown.
    pub sar: Option<Ratio>,
    /// Progressive, or which field is first.
    pub scan: Scan,
    /// Colour description.
    pub color: Color,
    /// HDR10 static metadata.
    pub hdr10: Option<Hdr10>,
    /// Per-frame or proprietary metadata that no encoder here carries: words for people.
    pub dynamic: Vec<String>,
    /// Average frames per second; only for encoder hints, never for timing.
    pub frame_rate: Option<Ratio>,
    /// A display matrix other than the identity, as ffmpeg prints its rotation in degrees.
    pub rotation: Option<i32>,
}
