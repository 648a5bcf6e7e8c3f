//! ffmpeg's words turned into ours. Every input is hostile: a tag inside a file can hold
//! anything, so nothing here trusts a line's length, count or shape.

/// Packet lists of the framecrc muxer.
pub mod packets;

/// The description `ffmpeg -i` prints.
pub mod description;

/// The first frame, as the showinfo filter prints it.
pub mod frame;

/// `-progress` key/value lines and log lines.
pub mod progress;
