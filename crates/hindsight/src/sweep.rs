//! One worker against several: what the rows of such a measurement say, each and together.

use crate::laws;

/// What one job took with so many workers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// How many worked; at least one.
    pub workers: u32,
    /// From start to end, seconds.
    pub wall_s: f64,
}

/// The numbers of workers of a measurement, as they are measured: each once, the fewest first, which are the measure of
/// the rest.
#[must_use]
pub fn in_order(asked: &[u32]) -> Vec<u32> {
    let mut rows = asked.to_vec();
    rows.sort_unstable();
    rows.dedup();
    rows
}

/// A row beside the first one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Compared {
    /// How many times as fast as the first row.
    pub speed_up: f64,
    /// Which share of as many times the workers was reached.
    pub efficiency: f64,
    /// The serial share that explains it; `None` for as many workers as in the first row.
    pub karp_flatt: Option<f64>,
}

/// What the rows say together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Summary {
    /// The share of the work that only one worker can do, fitted to all rows.
    pub serial_fraction: Option<f64>,
    /// The most that any number of workers can reach, where there is such a number.
    pub limit: Option<f64>,
    /// Twice the most workers that were tried, and how many times as fast they would be.
    pub twice: Option<(u32, f64)>,
}

/// A row beside the first one, which is compared with itself.
#[must_use]
pub fn compare(row: Measured, first: Measured) -> Compared {
    let speed_up = laws::speed_up(first.wall_s, row.wall_s);
    let ratio = f64::from(row.workers) / f64::from(first.workers.max(1));
    Compared {
        speed_up,
        efficiency: laws::efficiency(speed_up, ratio),
        karp_flatt: laws::karp_flatt(speed_up, ratio),
    }
}

/// The row that the rest is measured by: the first of those with the fewest workers.
#[must_use]
pub fn measure_of(rows: &[Measured]) -> Option<Measured> {
    rows.iter().copied().min_by_key(|row| row.workers)
}

/// What the rows say together.
#[must_use]
pub fn summary(rows: &[Measured]) -> Summary {
    let Some(first) = measure_of(rows) else {
        return Summary::default();
    };
    let fewest = f64::from(first.workers.max(1));
    let points: Vec<(f64, f64)> = rows
        .iter()
        .map(|row| {
            let ratio = f64::from(row.workers) / fewest;
            (ratio, laws::speed_up(first.wall_s, row.wall_s))
        })
        .collect();
    let serial_fraction = laws::amdahl_fit(&points);
    let limit = serial_fraction
        .map(laws::amdahl_limit)
        .filter(|limit| limit.is_finite());
    let most = rows.iter().map(|row| row.workers).max().unwrap_or(1);
    let twice = most.saturating_mul(2);
    Summary {
        serial_fraction,
        limit,
        twice: serial_fraction
            .map(|serial| (twice, laws::amdahl(serial, f64::from(twice) / fewest))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(workers: u32, wall_s: f64) -> Measured {
        Measured { workers, wall_s }
    }

    #[test]
    fn rows_are_compared_with_the_first_and_the_laws_applied() {
        let rows = [row(1, 60.0), row(2, 31.5), row(4, 17.25)];
        let second = compare(rows[1], rows[0]);
        assert!((second.efficiency - 60.0 / 31.5 / 2.0).abs() < 1e-9);
        assert!(
            (second.karp_flatt.unwrap() - 0.05).abs() < 1e-9,
            "{second:?}"
        );
        let summary = summary(&rows);
        assert!(
            (summary.serial_fraction.unwrap() - 0.05).abs() < 1e-9,
            "{summary:?}"
        );
        assert!((summary.limit.unwrap() - 20.0).abs() < 1e-6, "{summary:?}");
        assert_eq!(summary.twice.unwrap().0, 8);
    }

    #[test]
    fn a_start_with_several_workers_is_the_measure_of_the_rest() {
        let second = compare(row(4, 20.0), row(2, 40.0));
        assert!((second.efficiency - 1.0).abs() < 1e-9, "{second:?}");
        assert_eq!(summary(&[row(2, 40.0)]), Summary::default());
        assert_eq!(summary(&[]), Summary::default());
    }

    #[test]
    fn the_order_of_the_rows_changes_nothing() {
        assert_eq!(in_order(&[4, 2, 1, 2]), [1, 2, 4]);
        assert_eq!(in_order(&[]), [0; 0]);
        let rows = [row(4, 17.25), row(2, 31.5), row(1, 60.0)];
        let mut other = rows;
        other.reverse();
        let told = summary(&rows);
        assert_eq!(told.twice.unwrap().0, 8, "{told:?}");
        assert!(
            (told.serial_fraction.unwrap() - summary(&other).serial_fraction.unwrap()).abs() < 1e-9,
            "{told:?}"
        );
    }
}
