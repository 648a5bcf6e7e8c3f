//! Who made which part of a film, of any job there ever was: read from the journal when somebody looks.

use schedule::PeerId;

use crate::job::Memo;
use crate::journal::row_id;
use crate::node::Node;
use crate::status::{JobId, SegmentState, SegmentStatus};
use crate::trouble::{Kind, Trouble};

impl Node {
    /// The segments of a job, in film order, as the journal has them; empty where it has forgotten them.
    ///
    /// # Errors
    /// No such job; the store's.
    pub async fn strip(&self, id: JobId) -> Result<Vec<SegmentStatus>, Trouble> {
        let row = row_id(id);
        let read = self.0.store.call(move |tables| {
            let segments = tables.segments(row)?;
            Ok(tables.job(row)?.map(|job| (job, segments)))
        });
        let read = read
            .await
            .map_err(|e| Trouble::new(Kind::BadDataFolder, e.to_string()))?;
        let none = || Trouble::new(Kind::NoSuchJob, format!("There is no job {id}."));
        let (job, segments) = read.ok_or_else(none)?;
        let memo: Memo = serde_json::from_value(job.memo).unwrap_or_default();
        Ok(drawn(&segments, memo.duration_us))
    }
}

/// Segments with their places, for drawing: each is as long as its share of the frames.
fn drawn(segments: &[store::Segment], duration_us: Option<i64>) -> Vec<SegmentStatus> {
    let all: u64 = segments.iter().map(|segment| segment.frames).sum();
    // Where nobody knows how long the film is, a frame is a unit as good as any.
    let length = duration_us.unwrap_or_else(|| i64::try_from(all).unwrap_or(i64::MAX) * 40_000);
    let at = |frames: u64| (length as f64 * frames as f64 / all.max(1) as f64) as i64;
    let mut before = 0;
    let mut list = Vec::with_capacity(segments.len());
    for segment in segments {
        let done = segment.state == store::SegmentState::Verified;
        list.push(SegmentStatus {
            index: segment.index,
            start_us: at(before),
            end_us: at(before + segment.frames),
            state: if done {
                SegmentState::Done
            } else {
                SegmentState::Waiting
            },
            peer: segment.peer.filter(|_| done).map(PeerId),
            progress: if done { 1.0 } else { 0.0 },
            attempts: segment.attempt,
        });
        before += segment.frames;
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_lie_side_by_side_and_fill_the_film() {
        let segment = |index, frames, state| store::Segment {
            job: 1,
            index,
            start_pts: 0,
            end_pts: 1,
            frames,
            work: 1,
            payload: serde_json::Value::Null,
            state,
            attempt: 1,
            peer: Some([7; 32]),
            digest: None,
            file: None,
            report: None,
        };
        let rows = [
            segment(0, 100, store::SegmentState::Verified),
            segment(1, 300, store::SegmentState::Waiting),
        ];
        let drawn = drawn(&rows, Some(8_000_000));
        let places: Vec<_> = drawn.iter().map(|s| (s.start_us, s.end_us)).collect();
        assert_eq!(places, [(0, 2_000_000), (2_000_000, 8_000_000)]);
        assert_eq!(
            (drawn[0].state, drawn[1].state),
            (SegmentState::Done, SegmentState::Waiting)
        );
        assert_eq!(
            (drawn[0].peer, drawn[1].peer),
            (Some(PeerId([7; 32])), None)
        );
    }
}
