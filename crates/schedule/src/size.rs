//! How large the next segment should be: pure functions.
//!
//! Guided self-scheduling by time. While much is left, segments have the normal size: larger ones would only
//! be lost more dearly. Towards the end each peer gets a fixed share of what *it* can still do before all are
//! through together, so that pieces shrink, peers finish at the same time, and small errors about their speed
//! are made good by the next, smaller piece. A short film is "towards the end" from its beginning, which
//! gives every machine something to do.

use crate::ids::{Time, Work};

/// In how many rounds a peer is given the rest of its part: it gets one in so many next. Larger finishes more
/// evenly when speeds are uncertain, but cuts more and shorter pieces, each of which costs a start.
const ROUNDS: f64 = 1.5;

/// What one of the peers that share the rest still has to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Share {
    /// Work a second.
    pub speed: f64,
    /// When it is through with what it has.
    pub drained_at: Time,
}

/// Whether the end is still so far that every segment has the normal size.
pub(crate) fn is_far(left: Option<Work>, seat_speed: f64, farm_speed: f64, normal: Work) -> bool {
    left.is_none_or(|left| {
        left.0 as f64 * seat_speed / farm_speed >= normal.0 as f64 * ROUNDS * 2.0
    })
}

/// When all peers would be through together if the rest could be divided at will. Peers that have enough to
/// do until after that get nothing of it.
pub(crate) fn common_end(peers: &[Share], left: Work, now: Time) -> Time {
    let mut end = f64::INFINITY;
    loop {
        let busy_until = |peer: &Share| peer.drained_at.since(now).as_secs_f64();
        let sharing = || peers.iter().filter(|peer| busy_until(peer) < end);
        let speed: f64 = sharing().map(|peer| peer.speed).sum();
        let work = left.0 as f64
            + sharing()
                .map(|peer| peer.speed * busy_until(peer))
                .sum::<f64>();
        let next = work / speed;
        // Without those that are busy for longer the end comes sooner, until none is left out any more.
        if speed <= 0.0 || next.is_nan() || next >= end {
            return Time(now.0.saturating_add((end * 1000.0) as u64));
        }
        end = next;
    }
}

/// Into how many pieces a peer's part of the rest is cut: normal ones while much is left, then one in
/// [`ROUNDS`] of what remains, down to `min`.
pub(crate) fn pieces(part: Work, normal: Work, min: Work) -> f64 {
    let (part, normal, min) = (part.0 as f64, normal.0.max(1) as f64, min.0.max(1) as f64);
    let near = part.min(normal * ROUNDS);
    let kept = 1.0 - 1.0 / ROUNDS;
    let shrinking = 1.0 + (near / min).max(1.0).ln() / -f64::ln(kept);
    (part - near) / normal + shrinking
}

/// The size to ask for, near the end, for a seat that can do `own` before it comes.
///
/// `left` is what is not cut yet, as far as is known. From `min` to `normal` + `min`; where less is left, the
/// cutter stops at the end of the film.
pub(crate) fn target(left: Work, own: Work, normal: Work, min: Work) -> Work {
    let normal = normal.max(Work(1));
    let min = min.clamp(Work(1), normal);
    // Nobody else takes part: there is nobody to finish together with.
    let alone = own.0 as f64 >= left.0 as f64 * 0.999;
    let rounds = if alone { 1.0 } else { ROUNDS };
    let size = Work((own.0 as f64 / rounds) as u64).clamp(min, normal);
    let size = if own.minus(size) < min {
        own.clamp(min, normal.plus(min))
    } else {
        size
    };
    if left.minus(size) < min {
        // All the rest, and a little more, so that rounding to key frames does not leave a crumb of it.
        left.plus(Work(min.0 / 2)).clamp(min, normal.plus(min))
    } else {
        size
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NORMAL: Work = Work(2400);
    const MIN: Work = Work(500);

    fn of(left: u64, own: u64) -> u64 {
        target(Work(left), Work(own), NORMAL, MIN).0
    }

    #[test]
    fn normal_while_much_is_left_or_nothing_is_known() {
        assert!(is_far(Some(Work(1_000_000)), 1.0, 10.0, NORMAL));
        assert!(is_far(None, 1.0, 10.0, NORMAL));
        assert!(!is_far(Some(Work(24_000)), 1.0, 10.0, NORMAL));
        assert_eq!(of(100_000, 5000), 2400);
    }

    #[test]
    fn shrinks_towards_the_end_down_to_the_floor() {
        assert_eq!(of(24_000, 2400), 1600);
        assert_eq!(of(24_000, 1600), 1066);
        assert_eq!(of(24_000, 700), 700);
        assert_eq!(of(24_000, 0), 500);
    }

    #[test]
    fn the_rest_of_a_part_is_not_left_as_a_crumb() {
        assert_eq!(of(24_000, 1400), 1400);
        assert_eq!(of(2600, 1000), 1000);
        assert_eq!(of(900, 600), 1150);
    }

    #[test]
    fn one_seat_alone_does_not_shrink() {
        assert_eq!(of(4800, 4800), 2400);
        assert_eq!(of(4800, 4799), 2400);
        assert_eq!(of(2600, 2600), 2850);
    }

    #[test]
    fn a_short_film_has_something_for_everybody() {
        // 60 s for four equal machines.
        let own = Work(1500);
        assert!(target(Work(6000), own, NORMAL, MIN) <= own);
    }

    #[test]
    fn the_common_end_of_the_idle_and_the_busy() {
        let share = |speed, drained| Share {
            speed,
            drained_at: Time(drained),
        };
        let end = |peers: &[Share], left| common_end(peers, Work(left), Time(1000)).0;
        assert_eq!(end(&[share(10.0, 0), share(10.0, 0)], 100), 6000);
        // The second is busy for 4 s: 100 + 40 at 20 a second.
        assert_eq!(end(&[share(10.0, 0), share(10.0, 5000)], 100), 8000);
        // It is busy for longer than the first needs alone.
        assert_eq!(end(&[share(10.0, 0), share(10.0, 50_000)], 100), 11_000);
    }

    #[test]
    fn an_estimate_that_was_too_low_does_not_lead_to_crumbs() {
        assert_eq!(of(3, 0), 500);
        assert_eq!(of(0, 0), 500);
    }

    #[test]
    fn pieces_shrink_to_the_smallest() {
        let of = |part| pieces(Work(part), NORMAL, MIN);
        assert_eq!(of(MIN.0), 1.0);
        // Three times the smallest: two thirds of it, and the rest.
        assert!((of(3 * MIN.0) - 2.0).abs() < 1e-9, "{}", of(3 * MIN.0));
        assert_eq!(of(3600 + 2 * NORMAL.0), of(3600) + 2.0);
    }

    #[test]
    fn odd_numbers_do_no_harm() {
        assert_eq!(target(Work(10), Work(9), Work(0), Work(9)).0, 1);
        assert_eq!(common_end(&[], Work(10), Time(7)), Time(u64::MAX));
        assert_eq!(target(Work(u64::MAX), Work(u64::MAX), NORMAL, MIN), NORMAL);
    }
}
