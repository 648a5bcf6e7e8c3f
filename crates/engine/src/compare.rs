//! The pictures of a result beside the source's: at both ends, and for a random third of the
//! segments at a random keyframe.

use std::ops::Range;
use std::path::Path;

use ffmpeg::picture::{self, Grey, Of, View};
use media::{Pts, Span};
use plan::cut::Segment;
use plan::picture::Verdict;
use splice::Track;

use crate::film::Film;
use crate::verify::{Compared, Returned, Unfit};

/// Frames compared at each place.
const WINDOW: usize = 4;

/// The places of one result that are looked at.
pub(crate) struct Look<'a> {
    result: &'a Returned<'a>,
    expected: &'a [i64],
    windows: Vec<Range<usize>>,
    /// What the result's times are ahead of the source's, ticks; normally 64 s.
    shift: i64,
}

impl<'a> Look<'a> {
    /// Chooses the places.
    pub fn new(result: &'a Returned<'a>, expected: &'a [i64], track: &Track) -> Self {
        let scale = i64::from(result.spec.timebase.num());
        let least = track.samples().iter().map(|s| s.pts).min().unwrap_or(0);
        let shift = least / scale - expected.first().copied().unwrap_or(0);
        let mut windows = Vec::with_capacity(3);
        windows.push(0..expected.len().min(WINDOW));
        // A donor cannot know beforehand which third of its results is looked into.
        if result.random.is_multiple_of(3) {
            windows.extend(sample(result, expected, track, shift));
        }
        if expected.len() > WINDOW {
            windows.push(expected.len().saturating_sub(WINDOW).max(WINDOW)..expected.len());
        }
        Self {
            result,
            expected,
            windows,
            shift,
        }
    }

    /// The places in the result's own times.
    pub fn inside(&self) -> Vec<Span> {
        self.windows
            .iter()
            .map(|window| self.moved(self.span(window)))
            .collect()
    }

    /// A window's place in the source.
    fn span(&self, window: &Range<usize>) -> Span {
        let next = self.expected.get(window.end).copied();
        let end = next.map(Pts).or(self.result.segment.span.end);
        Span {
            start: Pts(self.expected[window.start]),
            end,
        }
    }

    fn moved(&self, span: Span) -> Span {
        let moved = |pts: Pts| Pts(pts.0 + self.shift);
        Span {
            start: moved(span.start),
            end: span.end.map(moved),
        }
    }

    /// Compares every place; `ours` holds the result's pictures where they were taken already.
    ///
    /// # Errors
    /// The first place that is not alike.
    pub async fn compare(
        &self,
        ffmpeg: &Path,
        ours: Option<Vec<Grey>>,
    ) -> Result<Vec<Compared>, Unfit> {
        let theirs = self.windows.iter().map(|window| self.theirs(window));
        let mut views: Vec<View<'_>> = theirs.collect();
        if ours.is_none() {
            views.extend(self.windows.iter().map(|window| self.ours(window)));
        }
        let result = self.result;
        let seen = picture::look(ffmpeg, result.film.timebase(), &views, result.file).await;
        let mut theirs = seen.map_err(|e| Unfit::Check(e.to_string()))?;
        let ours = match ours {
            Some(pictures) => self.shared_out(pictures),
            None => theirs.split_off(self.windows.len()),
        };
        let mut compared = Vec::new();
        for ((window, theirs), ours) in self.windows.iter().zip(&theirs).zip(&ours) {
            let (from, frames) = (self.expected[window.start], window.len());
            let worst = alike(theirs, ours, from, frames)?;
            compared.push(Compared {
                from,
                frames,
                worst,
            });
        }
        Ok(compared)
    }

    /// The pictures of a whole decode, by window.
    fn shared_out(&self, pictures: Vec<Grey>) -> Vec<Vec<Grey>> {
        let mut pictures = pictures.into_iter();
        let windows = self.windows.iter();
        windows
            .map(|window| pictures.by_ref().take(window.len()).collect())
            .collect()
    }

    fn theirs(&self, window: &Range<usize>) -> View<'_> {
        let result = self.result;
        let span = self.span(window);
        View {
            of: Of::Source(&result.film.source),
            seek_us: near(result.film, result.segment, span.start.0, result.step_back),
            span,
        }
    }

    fn ours(&self, window: &Range<usize>) -> View<'_> {
        let span = self.moved(self.span(window));
        let timebase = self.result.film.timebase();
        View {
            of: Of::Segment(self.result.encoded()),
            seek_us: (window.start > 0).then(|| timebase.micros(span.start.0)),
            span,
        }
    }
}

/// A window that starts at one of the result's keyframes inside the segment: cheap to decode there.
fn sample(
    result: &Returned<'_>,
    expected: &[i64],
    track: &Track,
    shift: i64,
) -> Option<Range<usize>> {
    let scale = i64::from(result.spec.timebase.num());
    let inner = 2 * WINDOW..expected.len().saturating_sub(2 * WINDOW);
    let keys: Vec<usize> = track
        .samples()
        .iter()
        .filter(|s| s.key)
        .filter_map(|s| expected.binary_search(&(s.pts / scale - shift)).ok())
        .filter(|at| inner.contains(at))
        .collect();
    let at = match keys.len() {
        0 if inner.is_empty() => return None,
        0 => inner.start + usize::try_from(result.random / 3 % inner.len() as u64).ok()?,
        n => keys[usize::try_from(result.random / 3 % n as u64).ok()?],
    };
    Some(at..at + WINDOW)
}

fn alike(theirs: &[Grey], ours: &[Grey], first: i64, count: usize) -> Result<f64, Unfit> {
    let theirs = &theirs[..theirs.len().min(count)];
    let ours = &ours[..ours.len().min(count)];
    match plan::picture::compare(theirs, ours, count) {
        Verdict::Same { worst } => Ok(worst),
        Verdict::Shifted(by) => Err(Unfit::Bad(format!(
            "its pictures are {by} frames off at tick {first}"
        ))),
        Verdict::Different { frame, error } => Err(Unfit::Bad(format!(
            "frame {frame} from tick {first} shows another picture (error {error:.0})"
        ))),
        Verdict::Regraded { levels } => Err(Unfit::Bad(format!(
            "from tick {first} its pictures are {levels:.0} grey levels off"
        ))),
        Verdict::Missing(source, result, expected) => Err(Unfit::WrongFrames(format!(
            "at tick {first} the source gives {source}, the result {result} of {expected} frames"
        ))),
    }
}

/// Where to seek so that the source's frames from `first` on come out right.
fn near(film: &Film, segment: &Segment, first: i64, step_back: u8) -> Option<i64> {
    let index = film.index();
    let from = index.cut_before(first)?;
    let at = Segment {
        from,
        index: segment.index.max(u32::from(from.packet > 0)),
        ..segment.clone()
    };
    plan::read::reading(&index, &at, film.seek, step_back).0
}
