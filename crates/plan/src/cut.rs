//! Cutting: segments that tile the film exactly, in presentation time, in integer ticks.
//!
//! Cuts fall on shown keyframes. Where a GOP is longer than two targets the cut falls on any
//! frame and the segment is read from its key: the donor decodes the pre-roll and throws it
//! away. That pays while the pre-roll is at most eight times the segment (decoding costs about
//! a tenth of encoding or less), so segments grow with the distance from their key.

use media::gop::{Anomaly, Cut, Index};
use media::{Pts, Span};

/// One piece of the film.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Position in the film, from 0.
    pub index: u32,
    /// Its frames, in source ticks.
    pub span: Span,
    /// How many frames are shown in it.
    pub frames: u32,
    /// The keyframe it is read from: at its start, or before.
    pub from: Cut,
    /// Bytes of the packets it needs.
    pub bytes: u64,
}

/// What the cutter says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cutting {
    /// The next segment.
    Segment(Segment),
    /// The index has not come far enough.
    Waits,
    /// The film is cut to its end.
    Finished,
}

/// Cuts one film from its beginning to its end. Append-only: what is cut stays cut.
#[derive(Clone, Debug, Default)]
pub struct Cutter {
    next: u32,
    start: Option<i64>,
    finished: bool,
    tail: usize,
    least: usize,
}

/// A pre-roll so many times the segment's length still pays.
const PREROLL_PAYS: i64 = 8;

impl Cutter {
    /// Goes on behind segments cut before a restart: `next` is the following index and `start`
    /// its first tick, `None` where the last segment reached the film's end.
    #[must_use]
    pub fn resume(next: u32, start: Option<i64>) -> Self {
        Self {
            next,
            start,
            finished: next > 0 && start.is_none(),
            tail: 0,
            least: 0,
        }
    }

    /// Cuts only where so many frames behind the cut are known: filters look at them.
    #[must_use]
    pub fn with_tail(mut self, frames: usize) -> Self {
        self.tail = frames;
        self
    }

    /// No segment has fewer frames, as far as the film has them: at half the rate one of two is left of each.
    #[must_use]
    pub fn with_least(mut self, frames: usize) -> Self {
        self.least = frames;
        self
    }

    /// The first tick not yet cut, where cutting has begun.
    #[must_use]
    pub fn position(&self) -> Option<i64> {
        self.start
    }

    /// Whether the film is cut to its end.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.finished
    }

    /// Cuts the next segment of about `target` ticks.
    ///
    /// # Errors
    /// An [`Anomaly`] of the index found in this segment.
    pub fn next(&mut self, index: &Index, target: i64) -> Result<Cutting, Anomaly> {
        let target = target.max(1);
        if self.finished || index.is_finished() && index.is_empty() {
            self.finished = true;
            return Ok(Cutting::Finished);
        }
        let Some(start) = self.start.or_else(|| beginning(index)) else {
            return Ok(Cutting::Waits);
        };
        let end = match end(index, start, target) {
            Some(Some(at)) if self.least > 1 => enough(index, start, at, self.least),
            end => end,
        };
        let Some(end) = end else {
            return Ok(Cutting::Waits);
        };
        if let Some(end) = end
            && self.tail > 0
            && index.after(end, self.tail).is_none()
        {
            return Ok(Cutting::Waits);
        }
        let span = Span {
            start: Pts(start),
            end: end.map(Pts),
        };
        let frames = index.shown(span)?;
        let from = index
            .cut_before(start)
            .or_else(|| index.cuts().first().copied())
            .unwrap_or(Cut {
                pts: start,
                dts: start,
                packet: 0,
            });
        let from = if self.next == 0 {
            Cut { packet: 0, ..from }
        } else {
            from
        };
        let segment = Segment {
            index: self.next,
            span,
            frames: u32::try_from(frames.len()).unwrap_or(u32::MAX),
            from,
            bytes: index.bytes(from, span),
        };
        self.next += 1;
        self.start = end;
        self.finished = end.is_none();
        Ok(Cutting::Segment(segment))
    }
}

/// The first shown frame, once it is certain.
fn beginning(index: &Index) -> Option<i64> {
    (index.is_finished() || index.cuts().len() > 1 || index.len() > 1024)
        .then(|| index.first_pts())
        .flatten()
}

/// Where a segment from `start` ends: `Some(None)` at the film's end, `None` where the index
/// has not come far enough to say.
#[expect(
    clippy::option_option,
    reason = "not yet known and open-ended are different answers"
)]
fn end(index: &Index, start: i64, target: i64) -> Option<Option<i64>> {
    let last = index.last_pts()?;
    if index.is_finished() && last.saturating_sub(start) <= target + target / 2 {
        return Some(None);
    }
    let key = index.cut_before(start).map_or(start, |cut| cut.pts);
    let target = target.max((start - key) / PREROLL_PAYS);
    let ideal = start.saturating_add(target);
    let latest = ideal.saturating_add(target);
    if !index.is_finished() && index.horizon() <= latest {
        return None;
    }
    let earlier = index
        .cut_before(ideal)
        .map(|cut| cut.pts)
        .filter(|pts| *pts > start + target / 2);
    let later = index
        .cut_after(ideal)
        .map(|cut| cut.pts)
        .filter(|pts| *pts <= latest);
    let nearest = match (earlier, later) {
        (Some(before), Some(after)) if after - ideal < ideal - before => Some(after),
        (Some(before), _) => Some(before),
        (None, after) => after,
    };
    // Without a key in reach, any frame will do; without a frame, the film ends here.
    Some(nearest.or_else(|| index.frame_at_or_after(ideal)))
}

/// `at` or later, so that the segment from `start` has `least` frames and the rest of the film as many; otherwise as
/// [`end`].
#[expect(
    clippy::option_option,
    reason = "not yet known and open-ended are different answers"
)]
fn enough(index: &Index, start: i64, at: i64, least: usize) -> Option<Option<i64>> {
    let Some(first) = index.after(start, least)? else {
        return Some(None);
    };
    let at = at.max(first);
    Some(index.after(at, least - 1)?.map(|_| at))
}

#[cfg(test)]
mod tests {
    use media::Timebase;
    use media::gop::{Gaps, Packet};

    use super::*;

    /// `frames` frames of one tick each, a key every `gop`, reordered as I P B.
    fn film(frames: i64, gop: i64) -> Index {
        let mut index = Index::new(Timebase::new(1, 25).unwrap(), Gaps::Legal);
        for n in 0..frames {
            let in_gop = n % gop;
            let pts = match in_gop % 2 {
                _ if in_gop == 0 => n,
                1 if n + 1 < frames && (in_gop + 1) < gop => n + 1,
                0 => n - 1,
                _ => n,
            };
            let packet = Packet {
                pts: Some(pts),
                dts: Some(n - 1),
                size: 10,
                key: in_gop == 0,
                discard: false,
            };
            index.push(packet).unwrap();
        }
        index.finish();
        index
    }

    fn cut_all(index: &Index, target: i64) -> Vec<Segment> {
        cut_with(index, target, Cutter::default())
    }

    fn cut_with(index: &Index, target: i64, mut cutter: Cutter) -> Vec<Segment> {
        let mut segments = Vec::new();
        loop {
            match cutter.next(index, target).unwrap() {
                Cutting::Segment(segment) => segments.push(segment),
                Cutting::Waits => panic!("a finished index never waits"),
                Cutting::Finished => return segments,
            }
        }
    }

    fn assert_tiles(index: &Index, segments: &[Segment]) {
        let mut frames = Vec::new();
        for (n, segment) in segments.iter().enumerate() {
            assert_eq!(segment.index as usize, n);
            let shown = index.shown(segment.span).unwrap();
            assert_eq!(shown.len(), segment.frames as usize);
            assert_eq!(shown.first(), Some(&segment.span.start.0));
            assert!(segment.from.pts <= segment.span.start.0);
            if let Some(next) = segments.get(n + 1) {
                assert_eq!(segment.span.end, Some(next.span.start));
            }
            frames.extend(shown);
        }
        assert_eq!(segments.last().and_then(|s| s.span.end), None);
        assert_eq!(frames, index.all_shown().unwrap());
    }

    #[test]
    fn tiles_any_film_at_any_target() {
        for frames in [1, 2, 3, 24, 25, 26, 100, 601] {
            for gop in [1, 2, 12, 50, 1000] {
                let index = film(frames, gop);
                for target in [1, 7, 25, 60, 10_000] {
                    assert_tiles(&index, &cut_all(&index, target));
                }
            }
        }
    }

    #[test]
    fn no_segment_is_shorter_than_is_wanted() {
        for frames in [1, 2, 3, 5, 25, 26, 101] {
            for gop in [1, 2, 12, 1000] {
                let index = film(frames, gop);
                for target in [1, 2, 7, 10_000] {
                    let cut = cut_with(&index, target, Cutter::default().with_least(2));
                    assert_tiles(&index, &cut);
                    let short = cut.iter().filter(|segment| segment.frames < 2).count();
                    assert_eq!(short, usize::from(frames == 1), "{frames} {gop} {target}");
                }
            }
        }
    }

    #[test]
    fn cuts_at_keys_where_there_are_some() {
        let index = film(600, 50);
        for segment in &cut_all(&index, 60) {
            assert_eq!(segment.span.start.0 % 50, 0);
            assert_eq!(segment.from.pts, segment.span.start.0);
        }
    }

    #[test]
    fn one_key_is_cut_anywhere_with_growing_segments() {
        let index = film(5000, 10_000);
        let segments = cut_all(&index, 25);
        assert!(segments.len() > 10);
        for segment in &segments[1..] {
            let length = index.shown(segment.span).unwrap().len() as i64;
            let preroll = segment.span.start.0 - segment.from.pts;
            assert!(
                preroll <= (PREROLL_PAYS + 1) * length || segment.span.end.is_none(),
                "{segment:?}"
            );
        }
    }

    #[test]
    fn waits_for_the_index_and_then_gives_the_same_cuts() {
        let whole = film(600, 50);
        let expected = cut_all(&whole, 60);
        let mut growing = Index::new(whole.timebase(), Gaps::Legal);
        let mut cutter = Cutter::default();
        let mut got = Vec::new();
        for n in 0..600i64 {
            let in_gop = n % 50;
            let pts = match in_gop % 2 {
                _ if in_gop == 0 => n,
                1 if in_gop + 1 < 50 => n + 1,
                0 => n - 1,
                _ => n,
            };
            growing
                .push(Packet {
                    pts: Some(pts),
                    dts: Some(n - 1),
                    size: 10,
                    key: in_gop == 0,
                    discard: false,
                })
                .unwrap();
            while let Cutting::Segment(segment) = cutter.next(&growing, 60).unwrap() {
                got.push(segment);
            }
        }
        assert!(got.len() >= 8, "most is cut before the index ends");
        growing.finish();
        while let Cutting::Segment(segment) = cutter.next(&growing, 60).unwrap() {
            got.push(segment);
        }
        assert_eq!(got, expected);
    }

    #[test]
    fn goes_on_where_it_stopped() {
        let index = film(600, 50);
        let all = cut_all(&index, 60);
        let mut cutter = Cutter::resume(3, all[2].span.end.map(|end| end.0));
        assert_eq!(
            cutter.next(&index, 60).unwrap(),
            Cutting::Segment(all[3].clone())
        );
        assert_eq!(
            Cutter::resume(9, None).next(&index, 60).unwrap(),
            Cutting::Finished
        );
    }
}
