//! Films whose pictures change their size on the way, as broadcasts and recorded calls do.
//!
//! One ffmpeg run over the whole film scales every picture to the size of the first. A donor sees
//! only its segment, and gives back one that begins after the change at the other size. The owner
//! then looks at the source itself: a film that has changed is ordered scaled from then on. Within
//! a segment the donor's ffmpeg does what one run over the whole film does, and nobody notices.

use std::path::Path;

use ffmpeg::source;
use splice::Track;

use crate::film::Film;
use crate::verify::{Returned, Unfit};

/// Whether a result has the size that was ordered.
///
/// # Errors
/// [`Unfit::WrongFrames`] where the source has the other size too: the film remembers it, and the
/// next order is another one. [`Unfit::Bad`] where the size is the donor's invention.
pub(crate) async fn check(
    ffmpeg: &Path,
    result: &Returned<'_>,
    track: &Track,
) -> Result<(), Unfit> {
    let came = (track.entry().width(), track.entry().height());
    let (width, height) = result.spec.made();
    if came == (width.get(), height.get()) {
        return Ok(());
    }
    let text = format!("{}×{} came back", came.0, came.1);
    // Filters get pictures of one size, whatever the film's are.
    let filtered = result.spec.filters.touches_pictures();
    if filtered || result.spec.rescale || of_source(ffmpeg, result).await? != came {
        return Err(Unfit::Bad(text));
    }
    result.film.add_size(came);
    Err(Unfit::WrongFrames(text))
}

/// The size of the segment's first picture in the source, pixels.
async fn of_source(ffmpeg: &Path, result: &Returned<'_>) -> Result<(u16, u16), Unfit> {
    let film = result.film;
    let seek = film.reading(result.segment, result.step_back).seek_us;
    let start = result.segment.span.start;
    let frame = source::frame_at(ffmpeg, &film.source, film.timebase(), seek, start).await;
    let frame = frame.map_err(|e| Unfit::Check(e.to_string()))?;
    Ok((frame.width, frame.height))
}

/// What the user is told of it.
pub(crate) fn note(film: &Film) -> Option<String> {
    let (width, height) = film.other_size()?;
    let (first, second) = (film.video.width, film.video.height);
    Some(format!(
        "The film's pictures change their size on the way ({first}×{second}, later {width}×{height}): \
         all are scaled to {first}×{second}."
    ))
}
