//! What filters must see of a film beside a segment, and what is read for that.

use media::filter::Chain;
use media::{Index, Pts, Span};

use crate::cut::Segment;

/// The frames that `chain` sees so that it makes those of `span` as it does over the whole film. Where the index has not
/// come so far behind the segment (the cutter sees to it that it has), to the film's end.
#[must_use]
pub fn of(chain: &Chain, index: &Index, span: Span) -> Span {
    let reach = chain.reach();
    if reach.before == 0 && reach.after == 0 {
        return span;
    }
    let end = span.end.and_then(|end| {
        // The first frame behind is at the end itself.
        index.after(end.0, reach.after).flatten().map(Pts)
    });
    Span {
        start: Pts(index.before(span.start.0, reach.before)),
        end,
    }
}

/// The segment as if it were all that its filters see: for reading. A group of pictures more is read in front of it, as
/// a decoder may give no clean picture between a key and the next where pictures are refreshed little by little; nobody
/// would miss one of those that only filters see.
#[must_use]
pub fn widened(index: &Index, segment: &Segment, seen: Span) -> Segment {
    if seen == segment.span {
        return segment.clone();
    }
    let key = index.cut_before(seen.start.0);
    let from = key.map_or(segment.from, |key| {
        index.cut_before(key.pts - 1).unwrap_or(key)
    });
    let is_first = index
        .cuts()
        .first()
        .is_none_or(|first| from.pts <= first.pts);
    Segment {
        span: seen,
        from,
        index: if is_first { 0 } else { segment.index },
        ..segment.clone()
    }
}

#[cfg(test)]
mod tests {
    use media::Timebase;
    use media::filter::Fields;
    use media::gop::{Gaps, Packet};

    use super::*;

    fn index(frames: i64, gop: i64) -> Index {
        let mut index = Index::new(Timebase::new(1, 25).unwrap(), Gaps::Legal);
        for n in 0..frames {
            let packet = Packet {
                pts: Some(n),
                dts: Some(n),
                size: 10,
                key: n % gop == 0,
                discard: false,
            };
            index.push(packet).unwrap();
        }
        index.finish();
        index
    }

    fn span(start: i64, end: Option<i64>) -> Span {
        Span {
            start: Pts(start),
            end: end.map(Pts),
        }
    }

    #[test]
    fn filters_see_beyond_both_ends_and_never_beyond_the_film() {
        let index = index(100, 10);
        let chain = Chain {
            deinterlace: Some(Fields::Top),
            ..Chain::default()
        };
        let reach = chain.reach();
        assert_eq!((reach.before, reach.after), (3, 3));
        let seen = |start, end| of(&chain, &index, span(start, end));
        assert_eq!(seen(20, Some(40)), span(17, Some(43)));
        assert_eq!(seen(0, Some(40)), span(0, Some(43)));
        assert_eq!(seen(20, Some(98)), span(17, None));
        assert_eq!(seen(20, None), span(17, None));
        assert_eq!(
            of(&Chain::default(), &index, span(20, None)),
            span(20, None)
        );
    }

    #[test]
    fn what_is_read_starts_a_group_of_pictures_earlier() {
        let index = index(100, 10);
        let segment = |start: i64| Segment {
            index: 2,
            span: span(start, None),
            frames: 1,
            from: index.cut_before(start).unwrap(),
            bytes: 0,
        };
        let read = |start, from: i64| widened(&index, &segment(start), span(from, None));
        assert_eq!((read(40, 37).from.pts, read(40, 37).index), (20, 2));
        assert_eq!((read(20, 17).from.pts, read(20, 17).index), (0, 0));
        assert_eq!(read(40, 40), segment(40));
    }
}
