//! What came of it all: films made and bytes saved day by day, and who worked for whom.

use serde::{Deserialize, Serialize};

use crate::Api;
use crate::csv::Csv;
use crate::error::{ApiError, ErrorCode};
use crate::view::ComputerId;

/// The most days that can be asked for: ten years.
const MOST_DAYS: u32 = 3660;

/// The figures of a stretch of days, and of all time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Figures {
    /// Today, in days since 1970 where the node is. The days end with it.
    pub today: u32,
    /// Of all time.
    pub ever: Totals,
    /// Of these days together.
    pub total: Totals,
    /// The days on which something was done, oldest first.
    pub days: Vec<Day>,
    /// The computers that did something on these days, the most work first.
    pub computers: Vec<Worker>,
    /// What each of them did on each of the days, oldest first.
    pub shares: Vec<DayShare>,
}

/// What was done in a stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Totals {
    /// Films of this computer that were made, here or on another one that they were sent to.
    pub films: u64,
    /// Frames in them.
    pub frames: u64,
    /// Their bytes before.
    pub source_bytes: u64,
    /// Their bytes after.
    pub output_bytes: u64,
    /// How long they took from start to end, each by itself, seconds.
    pub wall_s: f64,
    /// How long computers encoded for this one, all together, seconds.
    pub work_s: f64,
    /// How long this computer encoded for others, seconds.
    pub given_s: f64,
}

/// One day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Day {
    /// Days since 1970 where the node is.
    pub day: u32,
    /// What was done on it.
    pub totals: Totals,
}

/// What one computer did on one day, and what was done for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct DayShare {
    /// Days since 1970 where the node is.
    pub day: u32,
    /// Which computer.
    pub computer: ComputerId,
    /// How long it encoded for this computer, seconds.
    pub work_s: f64,
    /// How long this computer encoded for it, seconds.
    pub given_s: f64,
}

/// What a computer did, and what was done for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Worker {
    /// Which.
    pub computer: ComputerId,
    /// What it called itself last.
    pub name: String,
    /// It is this one.
    pub here: bool,
    /// Parts that it encoded for this computer.
    pub parts: u64,
    /// Frames in them.
    pub frames: u64,
    /// How long that took it, seconds.
    pub work_s: f64,
    /// Parts that this computer encoded for it.
    pub given_parts: u64,
    /// Frames in them.
    pub given_frames: u64,
    /// How long that took this one, seconds.
    pub given_s: f64,
}

impl Figures {
    /// A row for each day, for spreadsheets.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut csv = Csv::new(&[
            "day",
            "films",
            "frames",
            "source_bytes",
            "output_bytes",
            "saved_bytes",
            "wall_s",
            "work_s",
            "given_s",
        ]);
        for Day { day, totals } in &self.days {
            csv.row([
                date(*day),
                totals.films.to_string(),
                totals.frames.to_string(),
                totals.source_bytes.to_string(),
                totals.output_bytes.to_string(),
                totals.saved().to_string(),
                format!("{:.1}", totals.wall_s),
                format!("{:.1}", totals.work_s),
                format!("{:.1}", totals.given_s),
            ]);
        }
        csv.text()
    }
}

impl Totals {
    /// Bytes that the films are smaller than they were; below zero where they grew.
    #[must_use]
    pub fn saved(&self) -> i64 {
        let bytes = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        bytes(self.source_bytes) - bytes(self.output_bytes)
    }
}

/// A day as `2026-11-03`.
#[must_use]
pub fn date(day: u32) -> String {
    // Howard Hinnant's civil_from_days, for days since 1970.
    let z = u64::from(day) + 719_468;
    let era = z / 146_097;
    let of_era = z % 146_097;
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year + era * 400 + u64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{:02}",
        of_year - (153 * shifted + 2) / 5 + 1
    )
}

/// The calls, one method each; [`crate::call`] documents them.
impl Api {
    /// The figures of the last so many days, today included.
    ///
    /// # Errors
    /// [`ErrorCode::BadRequest`] for no days, or more than are kept.
    pub async fn figures(&self, days: u32) -> Result<Figures, ApiError> {
        if !(1..=MOST_DAYS).contains(&days) {
            let text = format!("The figures of 1 to {MOST_DAYS} days can be asked for.");
            return Err(ApiError::new(ErrorCode::BadRequest, text));
        }
        self.node.figures(days).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_their_dates() {
        for (day, text) in [
            (0, "1970-01-01"),
            (11_016, "2000-02-29"),
            (20_454, "2026-01-01"),
            (20_786, "2026-11-29"),
        ] {
            assert_eq!(date(day), text);
        }
    }

    #[test]
    fn a_film_that_grew_has_saved_less_than_nothing() {
        let totals = Totals {
            source_bytes: 100,
            output_bytes: 130,
            ..Totals::default()
        };
        assert_eq!(totals.saved(), -30);
        let days = vec![Day { day: 0, totals }];
        let figures = Figures {
            days,
            ..Figures::default()
        };
        let csv = figures.csv();
        assert!(
            csv.ends_with("1970-01-01,0,0,100,130,-30,0.0,0.0,0.0\r\n"),
            "{csv}"
        );
    }
}
