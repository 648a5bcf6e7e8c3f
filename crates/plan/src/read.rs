//! Which part of the source a segment needs: where to seek so that ffmpeg reaches the key.
//!
//! Each container's demuxer reaches another key for the same time (measured with 5.1 and 9.0,
//! which agree): see [`SeekBy`].

use media::stream::SourceInfo;
use media::time::Rounding;
use media::{Index, Timebase};

use crate::cut::Segment;

/// How a container is made to start at a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeekBy {
    /// MP4 and MOV: the key's presentation time reaches the key.
    Pts,
    /// Matroska: ffmpeg goes back 3/23 s where frames are reordered, so that much is added.
    PtsAhead,
    /// Transport and program streams, AVI, NUT: presentation time lands a GOP late; the earlier
    /// of both times reaches the key.
    Earliest,
    /// Anything else: a second before the earliest; reads a little too much, never too little.
    Margin,
}

/// What `ffmpeg` subtracts in Matroska: 3/23 s, rounded up to whole milliseconds.
const MATROSKA_STEP_US: i64 = 131_000;
/// One step further back for a segment whose frames did not all come out (intra refresh).
const STEP_BACK_US: i64 = 10_000_000;

impl SeekBy {
    /// For a probed file.
    #[must_use]
    pub fn of(info: &SourceInfo) -> Self {
        if info.is_format("mp4") {
            Self::Pts
        } else if info.is_format("matroska") {
            Self::PtsAhead
        } else if ["mpegts", "mpeg", "avi", "nut"]
            .iter()
            .any(|name| info.is_format(name))
        {
            Self::Earliest
        } else {
            Self::Margin
        }
    }
}

/// Where to seek and stop for `segment`, in microseconds: `(seek, stop)`. `None` as seek reads
/// from the beginning, `None` as stop to the end. `step_back` reads so many steps of ten
/// seconds earlier.
#[must_use]
pub fn reading(
    index: &Index,
    segment: &Segment,
    seek: SeekBy,
    step_back: u8,
) -> (Option<i64>, Option<i64>) {
    let timebase = index.timebase();
    let stop = segment
        .span
        .end
        .map(|end| timebase.rescale(end.0, Timebase::MICROSECONDS, Rounding::Up));
    if segment.index == 0 {
        return (None, stop);
    }
    let key = segment.from;
    let first = index.cuts().first().map_or(i64::MIN, |cut| cut.pts);
    let back = i64::from(step_back) * STEP_BACK_US;
    let pts = timebase.micros(key.pts);
    if key.pts <= first || pts - back <= timebase.micros(first) {
        return (None, stop);
    }
    let start = match seek {
        SeekBy::Pts => pts,
        SeekBy::PtsAhead => {
            let next = index
                .cut_after(key.pts)
                .map_or(i64::MAX, |cut| timebase.micros(cut.pts));
            if index.is_reordered() && next > pts + MATROSKA_STEP_US {
                pts + MATROSKA_STEP_US
            } else {
                pts
            }
        }
        SeekBy::Earliest => pts.min(timebase.micros(key.dts)),
        SeekBy::Margin => pts.min(timebase.micros(key.dts)) - 1_000_000,
    };
    (Some(start - back), stop)
}

#[cfg(test)]
mod tests {
    use media::gop::{Cut, Gaps, Packet};
    use media::{Pts, Span};

    use super::*;

    fn index(step: i64) -> Index {
        let mut index = Index::new(Timebase::new(1, 1000).unwrap(), Gaps::Legal);
        for n in 0..10 {
            let packet = Packet {
                pts: Some(n * step + 80),
                dts: Some(n * step),
                size: 1,
                key: true,
                discard: false,
            };
            index.push(packet).unwrap();
        }
        index.finish();
        index
    }

    fn segment(pts: i64) -> Segment {
        Segment {
            index: 1,
            span: Span {
                start: Pts(pts),
                end: Some(Pts(pts + 5000)),
            },
            frames: 1,
            from: Cut {
                pts,
                dts: pts - 80,
                packet: 1,
            },
            bytes: 0,
        }
    }

    #[test]
    fn each_container_reaches_the_key() {
        let index = index(10_000);
        let seek = |by| reading(&index, &segment(30_080), by, 0).0.unwrap();
        assert_eq!(seek(SeekBy::Pts), 30_080_000);
        assert_eq!(seek(SeekBy::PtsAhead), 30_211_000);
        assert_eq!(seek(SeekBy::Earliest), 30_000_000);
        assert_eq!(seek(SeekBy::Margin), 29_000_000);
    }

    #[test]
    fn never_seeks_past_a_key_of_a_short_gop() {
        let index = index(100);
        assert_eq!(
            reading(&index, &segment(380), SeekBy::PtsAhead, 0).0,
            Some(380_000)
        );
    }

    #[test]
    fn steps_back_as_far_as_the_beginning() {
        let index = index(10_000);
        assert_eq!(
            reading(&index, &segment(30_080), SeekBy::Pts, 1).0,
            Some(20_080_000)
        );
        assert_eq!(reading(&index, &segment(30_080), SeekBy::Pts, 3).0, None);
        assert_eq!(
            reading(&index, &segment(30_080), SeekBy::Pts, 0).1,
            Some(35_080_000)
        );
    }
}
