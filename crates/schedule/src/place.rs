//! To whom: pure functions over what is known of the peers.
//!
//! A segment goes where it is expected to be finished first. While much is left that is wherever there is
//! room; near the end a slow peer does not get what faster ones would finish sooner, even after their queues.

use std::time::Duration;

use crate::ids::{EncoderId, PeerId, Time, Work};

/// Room for a segment at a peer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Place {
    pub peer: PeerId,
    pub encoder: EncoderId,
    /// Work a second of one seat.
    pub seat_speed: f64,
    /// When a seat is free; the past if one is.
    pub free_at: Time,
    /// Time that its owner's other duties will take from it.
    pub burden: Duration,
}

/// A peer that could do it too.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rival {
    /// Work a second of one seat.
    pub seat_speed: f64,
    /// Work a second of all of them.
    pub speed: f64,
    /// When a seat is free.
    pub free_at: Time,
    /// When all of them together are through with what they have.
    pub drained_at: Time,
}

impl Place {
    /// When a segment of this size would be encoded here.
    pub fn finish(&self, work: Work, now: Time) -> Time {
        let begin = self.free_at.max(now).after(self.burden);
        begin.after(work.at(self.seat_speed))
    }
}

/// The place where a segment of this size is finished first; of equals the one with the smaller peer id.
pub(crate) fn soonest(places: &[Place], work: Work, now: Time) -> Option<usize> {
    let ranked = places.iter().enumerate();
    ranked
        .min_by_key(|(_, place)| (place.finish(work, now), place.peer))
        .map(|(at, _)| at)
}

impl Rival {
    /// How many segments of this size it would have finished before `end`.
    fn done_before(&self, end: Time, work: Work, now: Time) -> u64 {
        if self.free_at.max(now).after(work.at(self.seat_speed)) >= end {
            return 0;
        }
        let time = end.since(self.drained_at.max(now)).as_secs_f64();
        ((time * self.speed / work.0.max(1) as f64) as u64).max(1)
    }
}

/// Whether a segment of this size that would end at `end` is well placed: whether the rivals would *not* have
/// finished all that is `unassigned`, in segments of this size, before that.
pub(crate) fn is_worth(
    end: Time,
    work: Work,
    unassigned: Work,
    rivals: impl Iterator<Item = Rival>,
    now: Time,
) -> bool {
    let wanted = unassigned.0.div_ceil(work.0.max(1)).max(1);
    let mut done = 0u64;
    for rival in rivals {
        done = done.saturating_add(rival.done_before(end, work, now));
        if done >= wanted {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rival(speed: f64, busy_until: u64) -> Rival {
        Rival {
            seat_speed: speed,
            speed,
            free_at: Time(busy_until),
            drained_at: Time(busy_until),
        }
    }

    fn worth(end: u64, left: u64, rivals: &[Rival]) -> bool {
        is_worth(
            Time(end),
            Work(100),
            Work(left),
            rivals.iter().copied(),
            Time(0),
        )
    }

    #[test]
    fn the_last_segment_waits_for_the_faster_one() {
        // A slow peer would end at 100 s; the fast one is busy for 20 s and needs 10 s.
        assert!(!worth(100_000, 100, &[rival(10.0, 20_000)]));
        assert!(worth(25_000, 100, &[rival(10.0, 20_000)]));
    }

    #[test]
    fn the_slow_helps_while_there_is_more_than_the_fast_can_do_by_then() {
        assert!(!worth(100_000, 800, &[rival(10.0, 20_000)]));
        assert!(worth(100_000, 900, &[rival(10.0, 20_000)]));
    }

    #[test]
    fn alone_is_always_right() {
        assert!(worth(u64::MAX, 100, &[]));
    }

    #[test]
    fn an_equal_does_not_hold_back_its_equal() {
        // Else two idle twins would each leave the last segment to the other.
        assert!(worth(10_000, 100, &[rival(10.0, 0)]));
    }

    #[test]
    fn the_idle_fast_comes_before_the_idle_slow() {
        let place = |id: u8, speed| Place {
            peer: PeerId([id; 32]),
            encoder: EncoderId(0),
            seat_speed: speed,
            free_at: Time(0),
            burden: Duration::ZERO,
        };
        assert_eq!(
            soonest(&[place(1, 1.0), place(2, 2.0)], Work(10), Time(5)),
            Some(1)
        );
        assert_eq!(
            soonest(&[place(2, 1.0), place(1, 1.0)], Work(10), Time(5)),
            Some(1)
        );
        assert_eq!(soonest(&[], Work(10), Time(5)), None);
    }
}
