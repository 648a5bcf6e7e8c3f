//! Lines of `-f framecrc`: `stream, dts, pts, duration, size, crc[, F=0x..][, S=..]`.
//!
//! Without `F=` the packet is a keyframe; bit 1 is key, bit 2 corrupt, bit 4 discard
//! (libavformat/framecrcenc.c, libavcodec/packet.h). 9.0 appends side data after `S=`.

use crate::gop::Packet;
use crate::time::Timebase;

/// ffmpeg's "no timestamp": `AV_NOPTS_VALUE`.
const NO_PTS: i64 = i64::MIN;
const FLAG_KEY: u32 = 1;
const FLAG_DISCARD: u32 = 4;

/// What one line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// `#tb 0: 1/90000`
    Timebase(u32, Timebase),
    /// A packet of the given stream, and its duration in ticks.
    Packet(u32, Packet, i64),
    /// Anything else: other headers, blank lines.
    Other,
}

/// Reads one line without its newline. What does not parse is [`Line::Other`].
#[must_use]
pub fn line(text: &str) -> Line {
    if let Some(header) = text.strip_prefix("#tb ") {
        return timebase(header).map_or(Line::Other, |(stream, tb)| Line::Timebase(stream, tb));
    }
    packet(text).map_or(Line::Other, |(stream, packet, duration)| {
        Line::Packet(stream, packet, duration)
    })
}

fn timebase(header: &str) -> Option<(u32, Timebase)> {
    let (stream, ratio) = header.split_once(": ")?;
    let (num, den) = ratio.trim().split_once('/')?;
    Some((
        stream.parse().ok()?,
        Timebase::new(num.parse().ok()?, den.parse().ok()?)?,
    ))
}

fn packet(text: &str) -> Option<(u32, Packet, i64)> {
    if text.starts_with('#') {
        return None;
    }
    let mut fields = text.split(',').map(str::trim);
    let stream = fields.next()?.parse().ok()?;
    let dts: i64 = fields.next()?.parse().ok()?;
    let pts: i64 = fields.next()?.parse().ok()?;
    let duration: i64 = fields.next()?.parse().ok()?;
    let size = fields.next()?.parse().ok()?;
    fields.next()?;
    let flags = fields
        .find_map(|field| field.strip_prefix("F=0x"))
        .and_then(|hex| u32::from_str_radix(hex, 16).ok())
        .unwrap_or(FLAG_KEY);
    let known = |ticks: i64| (ticks != NO_PTS).then_some(ticks);
    let packet = Packet {
        pts: known(pts),
        dts: known(dts),
        size,
        key: flags & FLAG_KEY != 0,
        discard: flags & FLAG_DISCARD != 0,
    };
    Some((stream, packet, duration))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_versions_lines() {
        let tb = Timebase::new(1, 16_000).unwrap();
        assert_eq!(line("#tb 0: 1/16000"), Line::Timebase(0, tb));
        assert_eq!(line("#codec_id 0: hevc"), Line::Other);
        let key = Packet {
            pts: Some(0),
            dts: Some(-1328),
            size: 5683,
            key: true,
            discard: false,
        };
        assert_eq!(
            line("0,      -1328,          0,      656,     5683, 0x78258b53"),
            Line::Packet(0, key, 656)
        );
        let Line::Packet(_, hidden, _) =
            line("0, 1, 2, 3, 4, 0xca8fc6c2, F=0x5, S=1, Skip Samples, 10, 0x0")
        else {
            panic!("a packet")
        };
        assert!(hidden.key && hidden.discard);
        let Line::Packet(_, sound, _) =
            line("1, -1014, -1014, 1024, 256, 0xea44782a, S=1, Skip Samples,       10, 0x09b700f9")
        else {
            panic!("a packet")
        };
        assert!(sound.key);
        let Line::Packet(_, lost, _) =
            line("0, -9223372036854775808, -9223372036854775808, 1, 9, 0x0, F=0x0")
        else {
            panic!("a packet")
        };
        assert_eq!((lost.pts, lost.dts, lost.key), (None, None, false));
    }

    #[test]
    fn nonsense_is_no_packet() {
        for text in [
            "",
            ",",
            "0,1,2",
            "a,b,c,d,e,f",
            "#tb 0: 0/0",
            "#tb x",
            "0, 1, 2, 3, 99999999999999, 0x0",
        ] {
            assert_eq!(line(text), Line::Other, "{text:?}");
        }
    }
}
