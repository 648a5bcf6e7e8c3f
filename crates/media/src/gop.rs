//! The packet index of a film: where it may be cut, and which frames lie between.

use std::collections::BTreeSet;

use crate::time::{Pts, Span, Timebase};

/// One packet of the film's stream, as ffmpeg's framecrc muxer lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Presentation time in ticks; `None` where the container has none (AVI).
    pub pts: Option<i64>,
    /// Decode time in ticks.
    pub dts: Option<i64>,
    /// Bytes.
    pub size: u32,
    /// A decoder may start here.
    pub key: bool,
    /// An edit list hides it: decoded, never shown.
    pub discard: bool,
}

/// Why this stream cannot be cut as it is and wants one normalising copy first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Anomaly {
    /// Frames without a presentation time.
    #[error("some frames have no timestamp")]
    MissingPts,
    /// Two frames shown at one instant.
    #[error("two frames share one timestamp")]
    DuplicatePts,
    /// A packet holds two pictures, and the next one none, as DivX and XviD did it in AVI.
    #[error("two pictures are packed into one packet")]
    Packed,
    /// Decode times that do not grow, or jump by more than ten seconds.
    #[error("the timestamps jump")]
    Discontinuity,
}

/// A place where a segment may start: a shown keyframe later than all before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// When it is shown, ticks.
    pub pts: i64,
    /// When it is decoded, ticks.
    pub dts: i64,
    /// Position in [`Index::packets`].
    pub packet: usize,
}

/// What a step of more than ten seconds between two packets means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gaps {
    /// A long still: legal where the container holds absolute times (Matroska, MP4).
    Legal,
    /// A discontinuity: transport and program streams, whose clock wraps and restarts.
    Broken,
}

/// The growing list of a film's packets.
#[derive(Clone, Debug)]
pub struct Index {
    timebase: Timebase,
    gaps: Gaps,
    hidden_twins: bool,
    packets: Vec<Indexed>,
    cuts: Vec<Cut>,
    latest_pts: i64,
    latest_dts: i64,
    reordered: bool,
    finished: bool,
    /// Packets that were let go.
    let_go: usize,
}

/// A packet whose times are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Indexed {
    pts: i64,
    dts: i64,
    size: u32,
    shown: bool,
}

/// A decode-time jump longer than this is a discontinuity, not a long frame.
const JUMP_US: i64 = 10_000_000;

impl Index {
    /// An empty index of a stream whose ticks last `timebase` seconds.
    #[must_use]
    pub fn new(timebase: Timebase, gaps: Gaps) -> Self {
        Self {
            timebase,
            gaps,
            hidden_twins: false,
            packets: Vec::new(),
            cuts: Vec::new(),
            latest_pts: i64::MIN,
            latest_dts: i64::MIN,
            reordered: false,
            finished: false,
            let_go: 0,
        }
    }

    /// Of two packets in a row with one time only the second is shown: VP8 and VP9 store hidden
    /// reference frames as packets of their own, at the time of the frame after them.
    #[must_use]
    pub fn with_hidden_twins(mut self) -> Self {
        self.hidden_twins = true;
        self
    }

    /// The stream's timebase.
    #[must_use]
    pub fn timebase(&self) -> Timebase {
        self.timebase
    }

    /// Takes the next packet in decode order.
    ///
    /// # Errors
    /// An [`Anomaly`] that makes exact cutting of this stream impossible.
    pub fn push(&mut self, packet: Packet) -> Result<(), Anomaly> {
        let pts = packet.pts.ok_or(Anomaly::MissingPts)?;
        let dts = packet
            .dts
            .unwrap_or_else(|| pts.min(self.latest_dts.saturating_add(1)));
        if self.latest_dts != i64::MIN && self.breaks(dts) {
            return Err(Anomaly::Discontinuity);
        }
        if self.hidden_twins
            && let Some(twin) = self.packets.last_mut().filter(|last| last.pts == pts)
        {
            twin.shown = false;
        }
        if packet.key && !packet.discard && pts > self.latest_pts {
            self.cuts.push(Cut {
                pts,
                dts,
                packet: self.packets.len(),
            });
        }
        self.reordered |= pts != dts;
        self.latest_pts = self.latest_pts.max(pts);
        self.latest_dts = dts;
        self.packets.push(Indexed {
            pts,
            dts,
            size: packet.size,
            shown: !packet.discard,
        });
        Ok(())
    }

    /// Only packets of these times, ascending, give a picture: the others are not shown, and nothing is cut at them.
    pub fn show_only(&mut self, pictures: &[i64]) {
        let gives = |pts: i64| pictures.binary_search(&pts).is_ok();
        for packet in &mut self.packets {
            packet.shown &= gives(packet.pts);
        }
        self.cuts.retain(|cut| gives(cut.pts));
    }

    fn breaks(&self, dts: i64) -> bool {
        let step_us = self.timebase.micros(dts.saturating_sub(self.latest_dts));
        step_us < 0 || self.gaps == Gaps::Broken && step_us > JUMP_US
    }

    /// No more packets will come.
    pub fn finish(&mut self) {
        self.finished = true;
    }

    /// Nothing will be cut any more: the packets go, and how many they were stays known.
    pub fn let_go(&mut self) {
        self.let_go += self.packets.len();
        self.packets = Vec::new();
        self.cuts = Vec::new();
    }

    /// Whether the whole film is known.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.finished
    }

    /// Every frame shown before this tick is known.
    #[must_use]
    pub fn horizon(&self) -> i64 {
        if self.finished {
            i64::MAX
        } else {
            self.latest_dts
        }
    }

    /// Packets so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.let_go + self.packets.len()
    }

    /// Whether there is no packet yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether decode order differs from presentation order anywhere so far.
    #[must_use]
    pub fn is_reordered(&self) -> bool {
        self.reordered
    }

    /// Legal segment starts, ascending.
    #[must_use]
    pub fn cuts(&self) -> &[Cut] {
        &self.cuts
    }

    /// The first shown frame, ticks; meaningful once the first cut after it is known.
    #[must_use]
    pub fn first_pts(&self) -> Option<i64> {
        let limit = self
            .cuts
            .get(1)
            .map_or(self.packets.len(), |cut| cut.packet);
        self.packets[..limit]
            .iter()
            .filter(|p| p.shown)
            .map(|p| p.pts)
            .min()
    }

    /// The last frame known so far, ticks.
    #[must_use]
    pub fn last_pts(&self) -> Option<i64> {
        (self.latest_pts != i64::MIN).then_some(self.latest_pts)
    }

    /// The last cut shown at or before `pts`.
    #[must_use]
    pub fn cut_before(&self, pts: i64) -> Option<Cut> {
        let after = self.cuts.partition_point(|cut| cut.pts <= pts);
        after.checked_sub(1).map(|i| self.cuts[i])
    }

    /// The first cut shown after `pts`.
    #[must_use]
    pub fn cut_after(&self, pts: i64) -> Option<Cut> {
        self.cuts
            .get(self.cuts.partition_point(|cut| cut.pts <= pts))
            .copied()
    }

    /// Presentation times of the frames shown within `span`, ascending.
    ///
    /// # Errors
    /// [`Anomaly::DuplicatePts`] where two frames share a time.
    pub fn shown(&self, span: Span) -> Result<Vec<i64>, Anomaly> {
        let mut all: Vec<i64> = self
            .around(span)
            .filter(|p| p.shown && span.contains(Pts(p.pts)))
            .map(|p| p.pts)
            .collect();
        all.sort_unstable();
        if all.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(Anomaly::DuplicatePts);
        }
        Ok(all)
    }

    /// Bytes of the packets from the one at `from` up to the last that `span` needs.
    #[must_use]
    pub fn bytes(&self, from: Cut, span: Span) -> u64 {
        let end = span.end.map_or(i64::MAX, |end| end.0);
        let packets = self.packets.get(from.packet..).unwrap_or_default();
        packets
            .iter()
            .take_while(|p| p.dts < end)
            .map(|p| u64::from(p.size))
            .sum()
    }

    /// The frames shown nearest to tick `pts`, at or after it.
    #[must_use]
    pub fn frame_at_or_after(&self, pts: i64) -> Option<i64> {
        let start = self.cut_before(pts).map_or(0, |cut| cut.packet);
        let mut times = BTreeSet::new();
        for packet in &self.packets[start..] {
            if packet.shown && packet.pts >= pts {
                times.insert(packet.pts);
            }
            // Later packets are shown no earlier than they are decoded.
            if times.first().is_some_and(|first| packet.dts > *first) {
                break;
            }
        }
        times.first().copied()
    }

    /// How many frames are shown before tick `pts`.
    #[must_use]
    pub fn shown_before(&self, pts: i64) -> usize {
        let shown = self.packets.iter().filter(|p| p.shown && p.pts < pts);
        shown.count()
    }

    /// The time of the frame that is shown `frames` before tick `pts`, or of the film's first.
    #[must_use]
    pub fn before(&self, pts: i64, frames: usize) -> i64 {
        let mut cut = self.cut_before(pts);
        loop {
            let start = cut.map_or(i64::MIN, |cut| cut.pts);
            let span = Span {
                start: Pts(start),
                end: Some(Pts(pts)),
            };
            let times = self.shown(span).unwrap_or_default();
            let found = times.len().checked_sub(frames).and_then(|at| times.get(at));
            match (found, cut) {
                (Some(time), _) => return *time,
                // At its own key there is nothing between, and so nothing found.
                (None, Some(key)) if frames > 0 => {
                    cut = self.cut_before(key.pts.saturating_sub(1));
                }
                (None, _) => return times.first().copied().unwrap_or(pts),
            }
        }
    }

    /// The time of the frame that is shown `frames` after the first at or after tick `pts`: `Some(None)` where the film
    /// ends before, `None` where that is not known yet.
    #[must_use]
    pub fn after(&self, pts: i64, frames: usize) -> Option<Option<i64>> {
        let mut times = BTreeSet::new();
        let start = self.cut_before(pts).map_or(0, |cut| cut.packet);
        for packet in &self.packets[start..] {
            if packet.shown && packet.pts >= pts {
                times.insert(packet.pts);
            }
            // Later packets are shown no earlier than they are decoded.
            if let Some(time) = times.iter().nth(frames)
                && packet.dts > *time
            {
                return Some(Some(*time));
            }
        }
        self.finished.then(|| times.iter().nth(frames).copied())
    }

    /// All presentation times, ascending; the film's expected frames.
    ///
    /// # Errors
    /// [`Anomaly::DuplicatePts`] where two frames share a time.
    pub fn all_shown(&self) -> Result<Vec<i64>, Anomaly> {
        self.shown(Span {
            start: Pts(i64::MIN),
            end: None,
        })
    }

    fn around(&self, span: Span) -> impl Iterator<Item = &Indexed> {
        let start = self.cut_before(span.start.0).map_or(0, |cut| cut.packet);
        let end = span.end.map_or(i64::MAX, |end| end.0);
        self.packets[start..]
            .iter()
            .take_while(move |p| p.dts < end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(dts: i64, pts: i64, key: bool) -> Packet {
        Packet {
            pts: Some(pts),
            dts: Some(dts),
            size: 100,
            key,
            discard: false,
        }
    }

    #[test]
    fn what_is_let_go_is_still_counted() {
        let mut index = open_gop();
        let (from, last) = (index.cuts()[1], index.last_pts());
        index.finish();
        let count = index.len();
        index.let_go();
        assert_eq!((index.len(), index.last_pts()), (count, last));
        assert!(index.is_finished() && !index.is_empty() && index.cuts().is_empty());
        let span = Span {
            start: Pts(from.pts),
            end: None,
        };
        assert_eq!(index.bytes(from, span), 0);
        assert_eq!(index.shown(span), Ok(Vec::new()));
    }

    /// I P B B, open GOP: the second key's leading pictures are shown before it.
    fn open_gop() -> Index {
        let mut index = Index::new(Timebase::new(1, 25).unwrap(), Gaps::Legal);
        for (dts, pts, key) in [
            (-2, 0, true),
            (-1, 3, false),
            (0, 1, false),
            (1, 2, false),
            (2, 6, true),
            (3, 4, false),
            (4, 5, false),
            (5, 9, false),
            (6, 7, false),
            (7, 8, false),
        ] {
            index.push(packet(dts, pts, key)).unwrap();
        }
        index.finish();
        index
    }

    #[test]
    fn leading_pictures_belong_to_the_segment_before_their_key() {
        let index = open_gop();
        let first = index
            .shown(Span {
                start: Pts(0),
                end: Some(Pts(6)),
            })
            .unwrap();
        let second = index
            .shown(Span {
                start: Pts(6),
                end: None,
            })
            .unwrap();
        assert_eq!(first, [0, 1, 2, 3, 4, 5]);
        assert_eq!(second, [6, 7, 8, 9]);
    }

    #[test]
    fn packets_without_a_picture_are_no_frames_and_no_cuts() {
        let mut index = open_gop();
        // The second key cannot be decoded, nor a picture before it.
        index.show_only(&[0, 2, 3, 4, 5, 7, 8, 9]);
        assert_eq!(index.all_shown().unwrap(), [0, 2, 3, 4, 5, 7, 8, 9]);
        assert_eq!(index.cuts().iter().map(|c| c.pts).collect::<Vec<_>>(), [0]);
        assert_eq!(index.shown_before(7), 5);
        assert_eq!(index.after(5, 1), Some(Some(7)));
        assert_eq!(index.before(7, 2), 4);
    }

    #[test]
    fn hidden_keys_are_no_cuts() {
        let mut index = Index::new(Timebase::new(1, 25).unwrap(), Gaps::Legal);
        index
            .push(Packet {
                discard: true,
                ..packet(0, 0, true)
            })
            .unwrap();
        index.push(packet(1, 1, true)).unwrap();
        assert_eq!(index.cuts().iter().map(|c| c.pts).collect::<Vec<_>>(), [1]);
        assert_eq!(index.first_pts(), Some(1));
    }

    #[test]
    fn the_first_of_two_vp8_packets_at_one_time_is_hidden() {
        let mut index = Index::new(Timebase::new(1, 25).unwrap(), Gaps::Legal).with_hidden_twins();
        for (dts, pts, key) in [
            (0, 0, true),
            (1, 1, false),
            (2, 2, false),
            (2, 2, false),
            (3, 3, false),
        ] {
            index.push(packet(dts, pts, key)).unwrap();
        }
        index.finish();
        assert_eq!(index.all_shown().unwrap(), [0, 1, 2, 3]);
    }

    #[test]
    fn anomalies_are_named() {
        let tb = Timebase::new(1, 90_000).unwrap();
        let mut index = Index::new(tb, Gaps::Broken);
        assert_eq!(
            index.push(Packet {
                pts: None,
                ..packet(0, 0, true)
            }),
            Err(Anomaly::MissingPts)
        );
        index.push(packet(0, 0, true)).unwrap();
        assert_eq!(
            index.push(packet(-1, 5, false)),
            Err(Anomaly::Discontinuity)
        );
        assert_eq!(
            index.push(packet(90_000 * 60, 90_000 * 60, true)),
            Err(Anomaly::Discontinuity)
        );
        index.push(packet(3600, 0, false)).unwrap();
        assert_eq!(index.all_shown(), Err(Anomaly::DuplicatePts));
    }

    #[test]
    fn finds_the_frames_that_filters_see() {
        let index = open_gop();
        assert_eq!(index.before(6, 2), 4);
        assert_eq!(index.before(7, 4), 3, "beyond the key");
        assert_eq!(index.before(6, 99), 0, "no more than there is");
        assert_eq!(index.before(0, 3), 0);
        assert_eq!(index.after(6, 2), Some(Some(8)));
        assert_eq!(index.after(6, 4), Some(None), "the film's end");
        let mut growing = open_gop();
        growing.finished = false;
        assert_eq!(growing.after(6, 0), Some(Some(6)));
        assert_eq!(growing.after(6, 1), None, "not known yet");
        assert_eq!(index.shown_before(7), 7);
    }

    #[test]
    fn finds_frames_across_reordering() {
        let index = open_gop();
        assert_eq!(index.frame_at_or_after(4), Some(4));
        assert_eq!(index.frame_at_or_after(7), Some(7));
        assert_eq!(index.frame_at_or_after(10), None);
    }
}
