//! The words of video: times, streams, keyframes, what to encode and with what.
//!
//! Pure: no process, no file, no clock. Everything ffmpeg prints is read here
//! ([`parse`]) and everything ffmpeg is asked is written here ([`argv`]).

pub mod time;

pub mod stream;

pub mod gop;

pub mod encoder;

pub mod spec;

pub mod choice;

pub mod filter;

pub mod argv;

pub mod parse;

pub use encoder::{Codec, Encoder};
pub use gop::{Index, Packet};
pub use spec::SegmentSpec;
pub use stream::{SourceInfo, VideoStream};
pub use time::{Pts, Span, Timebase};
