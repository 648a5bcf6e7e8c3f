//! The pictures of a result beside the source's: at both ends, and for a random third of the
//! segments at a random keyframe.

use std::ops::Range;
use std::path::Path;

use ffmpeg::picture::{self, Grey, Of, View};
use media::argv;
use media::filter::Chain;
use media::spec::Around;
use media::{Pts, Span};
use plan::cut::Segment;
use plan::lens;
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
        let close = self.closely();
        let plain = views.len();
        views.extend(close);
        let result = self.result;
        let seen = picture::look(ffmpeg, result.film.timebase(), &views, result.file).await;
        let mut theirs = seen.map_err(|e| Unfit::Check(e.to_string()))?;
        filtered(&result.spec.filters, &theirs.split_off(plain))?;
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

    /// One place pixel by pixel, where filters change details that a small picture does not show: the result, the film
    /// as the filters make it, and the film as fewer of them would.
    fn closely(&self) -> Vec<View<'_>> {
        let spec = self.result.spec;
        if !spec.filters.touches_detail() {
            return Vec::new();
        }
        let (width, height) = spec.made();
        let close = picture::Frame::within(width.get(), height.get());
        let at = usize::try_from(self.result.random / 7 % self.windows.len() as u64).unwrap_or(0);
        let window = &self.windows[at];
        let of = |view| View {
            frame: close,
            ..view
        };
        let mut views = vec![of(self.ours(window)), of(self.theirs(window))];
        let lesser = spec.filters.lesser();
        views.extend(lesser.iter().map(|less| of(self.source(window, less))));
        views
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
        self.source(window, &self.result.spec.filters)
    }

    /// The film's pictures as `chain` makes them.
    fn source(&self, window: &Range<usize>, chain: &Chain) -> View<'_> {
        let Returned {
            film,
            segment,
            spec,
            step_back,
            ..
        } = *self.result;
        let span = self.span(window);
        let seen = lens::of(&spec.filters, &film.index(), span);
        let filters = spec.filters.touches_pictures().then(|| {
            // A place begins with a frame that is kept.
            let around = Around { seen, odd: false };
            argv::through(spec, chain, around, span, 0)
        });
        View {
            of: Of::Source(&film.source),
            seek_us: near(film, segment, span, seen, step_back),
            span,
            filters,
            frame: picture::Frame::Small,
        }
    }

    fn ours(&self, window: &Range<usize>) -> View<'_> {
        let span = self.moved(self.span(window));
        let timebase = self.result.film.timebase();
        View {
            of: Of::Segment(self.result.encoded()),
            seek_us: (window.start > 0).then(|| timebase.micros(span.start.0)),
            span,
            filters: None,
            frame: picture::Frame::Small,
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

/// How far the worst of `count` pictures from tick `first` is from the source's.
///
/// # Errors
/// They do not show the same.
pub(crate) fn alike(
    theirs: &[Grey],
    ours: &[Grey],
    first: i64,
    count: usize,
) -> Result<f64, Unfit> {
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

/// Whether the filters were really at work, as far as pictures taken closely tell.
fn filtered(chain: &Chain, close: &[Vec<Grey>]) -> Result<(), Unfit> {
    let [ours, filtered, lesser @ ..] = close else {
        return Ok(());
    };
    let chains = chain.lesser();
    let unfiltered = |(less, pictures): (&Chain, &Vec<Grey>)| {
        let sharpened = less.sharpen != chain.sharpen;
        plan::picture::is_unfiltered(filtered, pictures, ours, sharpened)
    };
    if chains.iter().zip(lesser).any(unfiltered) {
        let text = "its pictures were not filtered as ordered";
        return Err(Unfit::Bad(text.to_owned()));
    }
    Ok(())
}

/// Where to seek so that the source's frames of `span`, and those that filters see beside them, come out right.
pub(crate) fn near(
    film: &Film,
    segment: &Segment,
    span: Span,
    seen: Span,
    step_back: u8,
) -> Option<i64> {
    let index = film.index();
    let from = index.cut_before(span.start.0)?;
    let at = Segment {
        from,
        span,
        index: segment.index.max(u32::from(from.packet > 0)),
        ..segment.clone()
    };
    let at = lens::widened(&index, &at, seen);
    plan::read::reading(&index, &at, film.seek, step_back).0
}
