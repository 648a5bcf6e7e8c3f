//! Lines on standard error of an encoding ffmpeg: `-progress` pairs among log lines.

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// `frame=123`: frames encoded so far.
    Frames(u32),
    /// Another progress key.
    Pair,
    /// `[error] …`: something went wrong.
    Error(&'a str),
    /// A warning or anything else worth keeping.
    Log(&'a str),
}

/// The keys `-progress` prints (fftools/ffmpeg.c, `print_report`).
const KEYS: [&str; 11] = [
    "fps",
    "bitrate",
    "total_size",
    "out_time_us",
    "out_time_ms",
    "out_time",
    "dup_frames",
    "drop_frames",
    "speed",
    "progress",
    "stream_",
];

/// Reads one line.
#[must_use]
pub fn line(text: &str) -> Line<'_> {
    if let Some((key, value)) = text.split_once('=') {
        if key == "frame" {
            return value.trim().parse().map_or(Line::Pair, Line::Frames);
        }
        if KEYS
            .iter()
            .any(|known| key == *known || key.starts_with("stream_"))
        {
            return Line::Pair;
        }
    }
    if text.contains("[error]") || text.contains("[fatal]") || text.contains("[panic]") {
        Line::Error(text)
    } else {
        Line::Log(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_progress_from_trouble() {
        assert_eq!(line("frame=120"), Line::Frames(120));
        assert_eq!(line("stream_0_0_q=28.0"), Line::Pair);
        assert_eq!(line("out_time=00:00:01.000000"), Line::Pair);
        assert_eq!(
            line("[h264 @ 0x55] [error] a=b"),
            Line::Error("[h264 @ 0x55] [error] a=b")
        );
        assert_eq!(
            line("[nut @ 0x55] [warning] x"),
            Line::Log("[nut @ 0x55] [warning] x")
        );
        assert_eq!(line("frame=abc"), Line::Pair);
    }
}
