//! Speed-up, efficiency and the serial fraction. Pure arithmetic.
//!
//! With `s` the share of the work that only one worker can do, Amdahl's law says that `n` workers are
//! `1 / (s + (1 - s) / n)` times as fast as one. Karp and Flatt (1990) turn that round: from a measured speed-up
//! they get the `s` that explains it, and with it everything that behaves like serial work (starting, waiting,
//! sharing a memory bus). A Karp–Flatt fraction that grows with `n` says that overhead grows, too.

/// How many times as fast `parallel` is as `serial`, both in seconds.
pub fn speed_up(serial: f64, parallel: f64) -> f64 {
    serial / parallel
}

/// Which share of `workers` times the speed was reached: 1 is all of it.
pub fn efficiency(speed_up: f64, workers: f64) -> f64 {
    speed_up / workers
}

/// Amdahl's law: the speed-up of `workers` if the share `serial` of the work cannot be divided.
pub fn amdahl(serial: f64, workers: f64) -> f64 {
    1.0 / (serial + (1.0 - serial) / workers)
}

/// The most that any number of workers can reach; infinite without a serial share.
pub fn amdahl_limit(serial: f64) -> f64 {
    1.0 / serial.max(0.0)
}

/// The Karp–Flatt metric: the serial share that explains `speed_up` with `workers`. `None` for a single worker,
/// with which nothing can be told. Slightly negative where several workers were more than so many times as fast.
pub fn karp_flatt(speed_up: f64, workers: f64) -> Option<f64> {
    is_telling(workers).then(|| (1.0 / speed_up - 1.0 / workers) / (1.0 - 1.0 / workers))
}

/// Whether so many workers are other than one: also fewer, where what they are compared with had several.
fn is_telling(workers: f64) -> bool {
    workers > 0.0 && (workers - 1.0).abs() > f64::EPSILON
}

/// The serial share that fits several measurements best: the least squares of Amdahl's law in the form
/// `1 / speed_up = s * (1 - 1/n) + 1/n`, which is linear in `s`. `points` are (workers, speed-up); those with one
/// worker say nothing, and `None` is all that they say together. Between 0 and 1.
pub fn amdahl_fit(points: &[(f64, f64)]) -> Option<f64> {
    let terms = points
        .iter()
        .filter(|(workers, _)| is_telling(*workers))
        .map(|(workers, speed_up)| {
            let divisible = 1.0 - 1.0 / workers;
            (
                divisible * (1.0 / speed_up - 1.0 / workers),
                divisible * divisible,
            )
        });
    let (above, below) = terms.fold((0.0, 0.0), |sum, term| (sum.0 + term.0, sum.1 + term.1));
    (below > 0.0).then(|| (above / below).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(value: f64, expected: f64) {
        assert!((value - expected).abs() < 1e-9, "{value} is not {expected}");
    }

    #[test]
    fn amdahls_own_corners() {
        near(amdahl(0.0, 8.0), 8.0);
        near(amdahl(1.0, 8.0), 1.0);
        near(amdahl(0.05, 20.0), 1.0 / (0.05 + 0.95 / 20.0));
        near(amdahl_limit(0.05), 20.0);
        assert!(amdahl_limit(0.0).is_infinite());
    }

    #[test]
    fn karp_flatt_undoes_amdahl() {
        for serial in [0.0, 0.01, 0.1, 0.5, 1.0] {
            for workers in [2.0, 3.0, 16.0, 1000.0] {
                near(
                    karp_flatt(amdahl(serial, workers), workers).unwrap(),
                    serial,
                );
            }
        }
        assert_eq!(karp_flatt(1.0, 1.0), None);
        assert!(karp_flatt(2.1, 2.0).unwrap() < 0.0);
    }

    #[test]
    fn the_fit_finds_the_share_behind_the_points_and_averages_noise() {
        let exact: Vec<(f64, f64)> = [1.0, 2.0, 4.0, 8.0].map(|n| (n, amdahl(0.07, n))).into();
        near(amdahl_fit(&exact).unwrap(), 0.07);
        let noisy = amdahl_fit(&[(2.0, amdahl(0.05, 2.0)), (4.0, amdahl(0.09, 4.0))]).unwrap();
        assert!(noisy > 0.05 && noisy < 0.09, "{noisy}");
        assert_eq!(amdahl_fit(&[(1.0, 1.0)]), None);
        near(amdahl_fit(&[(2.0, 2.2)]).unwrap(), 0.0);
    }

    #[test]
    fn fewer_workers_than_the_measure_say_as_much_as_more() {
        // One and two of them against four.
        let points = [1.0, 2.0, 4.0].map(|n| (n / 4.0, amdahl(0.1, n) / amdahl(0.1, 4.0)));
        let serial = amdahl_fit(&points).unwrap();
        let of_four = 0.1 / (0.1 + 0.9 / 4.0);
        near(serial, of_four);
        near(karp_flatt(points[0].1, points[0].0).unwrap(), of_four);
    }

    #[test]
    fn ratios() {
        near(speed_up(100.0, 40.0), 2.5);
        near(efficiency(2.5, 4.0), 0.625);
    }
}
