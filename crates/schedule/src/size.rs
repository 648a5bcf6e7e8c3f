//! How large the next segment should be: a pure function.
//!
//! Guided self-scheduling, weighted by speed. While much is left, segments have the normal size: larger ones
//! would only be lost more dearly. Towards the end each peer is asked to take a fixed share of *its own* part
//! of what is left, so that pieces shrink and the peers finish together, and the fast are not given crumbs
//! while the slow still hold large pieces. A short film is "towards the end" from its beginning, which gives
//! every machine something to do.

use crate::ids::Work;

/// In how many rounds the rest is handed out: the share of its own part that a peer gets next is one in so
/// many. Larger finishes more evenly and cuts more, shorter pieces.
const ROUNDS: f64 = 2.0;

/// The size to ask for.
///
/// `left` is what is not cut yet (`None`: unknown), `seat_speed` the speed of the seat that is to get it and
/// `farm_speed` that of all of them. Never below `min` unless less is left, never above `normal` + `min`.
pub(crate) fn target(
    left: Option<Work>,
    seat_speed: f64,
    farm_speed: f64,
    normal: Work,
    min: Work,
) -> Work {
    let normal = normal.max(Work(1));
    let min = min.clamp(Work(1), normal);
    let Some(left) = left else { return normal };
    let alone = seat_speed >= farm_speed * 0.999;
    // One seat by itself has nobody to finish together with.
    let share = if alone {
        1.0
    } else {
        seat_speed / farm_speed / ROUNDS
    };
    let fair = left.0 as f64 * share;
    let size = if fair.is_finite() {
        Work(fair as u64).clamp(min, normal)
    } else {
        normal
    };
    if left.minus(size) < min {
        left.clamp(Work(1), normal.plus(min))
    } else {
        size
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NORMAL: Work = Work(2400);
    const MIN: Work = Work(500);

    fn of(left: u64, seat: f64, farm: f64) -> u64 {
        target(Some(Work(left)), seat, farm, NORMAL, MIN).0
    }

    #[test]
    fn normal_while_much_is_left_or_nothing_is_known() {
        assert_eq!(of(1_000_000, 1.0, 10.0), 2400);
        assert_eq!(target(None, 1.0, 10.0, NORMAL, MIN), NORMAL);
    }

    #[test]
    fn shrinks_towards_the_end_down_to_the_floor() {
        assert_eq!(of(24_000, 1.0, 10.0), 1200);
        assert_eq!(of(12_000, 1.0, 10.0), 600);
        assert_eq!(of(6_000, 1.0, 10.0), 500);
    }

    #[test]
    fn the_fast_get_more_than_the_slow() {
        assert!(of(24_000, 1.5, 10.0) > of(24_000, 0.5, 10.0));
    }

    #[test]
    fn a_short_film_has_something_for_everybody() {
        // 60 s for four equal machines.
        let mut left = 6000;
        let mut pieces = 0;
        while left > 0 {
            left -= of(left, 1.0, 4.0);
            pieces += 1;
        }
        assert!(pieces >= 4, "{pieces} pieces");
    }

    #[test]
    fn leaves_no_crumb() {
        assert_eq!(of(2600, 1.0, 1.0), 2600);
        assert_eq!(of(900, 1.0, 10.0), 900);
        assert_eq!(of(3, 1.0, 10.0), 3);
        assert_eq!(of(0, 1.0, 10.0), 1);
    }

    #[test]
    fn one_seat_alone_does_not_shrink() {
        assert_eq!(of(5000, 1.0, 1.0), 2400);
    }

    #[test]
    fn odd_numbers_do_no_harm() {
        assert_eq!(of(10_000, 1.0, 0.0), 2400);
        assert_eq!(of(10_000, f64::NAN, 1.0), 2400);
        assert_eq!(target(Some(Work(10)), 1.0, 2.0, Work(0), Work(9)).0, 1);
    }
}
