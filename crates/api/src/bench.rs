//! One worker against several on the same film: the measuring, for a page and for a command alike.
//!
//! A worker is a node of its own that encodes on one processor core; each row is a whole job with so many of them, from
//! the film to the proved output, in a folder that is removed afterwards. What the rows say is reckoned in [`hindsight`].

mod desk;
mod load;
mod run;

use hindsight::sweep::{self, Measured};
use serde::{Deserialize, Serialize};

use crate::Api;
use crate::choice::Choice;
use crate::csv::Csv;
use crate::error::{ApiError, ErrorCode};
use crate::filters::{Amount, Filters};
use crate::path::FilePath;

pub(crate) use desk::Desk;
pub use hindsight::laws;
pub use load::Load;
pub use run::{Order, Told, clip, counts, measure};

/// The most rows of one measurement.
pub const MOST_ROWS: usize = 32;
/// The most workers of a row.
pub const MOST_WORKERS: u32 = 256;

/// Measurements: the one that goes on, and those that are kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Bench {
    /// The one that goes on.
    pub running: Option<BenchProgress>,
    /// Why the last one came to nothing, until the next begins.
    pub failed: Option<ApiError>,
    /// Those that are kept, newest first; at most 20.
    pub runs: Vec<BenchRun>,
    /// What is measured where no numbers of workers are given.
    pub usual: Vec<u32>,
    /// A chain of filters that keeps every core busy, to measure with.
    pub demo: Filters,
}

/// `filters`, and a chain that keeps every core busy: deblocked, denoised and sharpened as much as there is.
#[must_use]
pub fn demo(filters: Filters) -> Filters {
    Filters {
        deblock: true,
        denoise: Some(Amount::Strong),
        sharpen: Some(Amount::Strong),
        ..filters
    }
}

/// A measurement that goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct BenchProgress {
    /// The film's name; `null` where a clip is made.
    pub film: Option<String>,
    /// The numbers of workers, row by row.
    pub workers: Vec<u32>,
    /// The rows that are there.
    pub rows: Vec<BenchRow>,
    /// How far the next one is, 0 to 1.
    pub progress: f64,
}

/// A measurement that is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct BenchRun {
    /// When it began, milliseconds since 1970; no two alike.
    pub began_ms: u64,
    /// The film's name; `null` where a clip was made.
    pub film: Option<String>,
    /// What was made of it.
    pub choice: Choice,
    /// The processor.
    pub cpu: String,
    /// Its threads.
    pub cores: u32,
    /// Manyhands'.
    pub version: String,
    /// The rows, in the order in which they were measured.
    pub rows: Vec<BenchRow>,
    /// What they say together.
    pub summary: BenchSummary,
}

/// One job with so many workers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct BenchRow {
    /// So many.
    pub workers: u32,
    /// From start to end, seconds.
    pub wall_s: f64,
    /// How many times as fast as the first row.
    pub speed_up: f64,
    /// Which share of as many times the workers was reached.
    pub efficiency: f64,
    /// How busy the processor was, 0 to 1; `null` where it does not tell.
    pub cpu: Option<f64>,
    /// From the start to the complete index, seconds.
    pub analyse_s: f64,
    /// From the first part given out to the last one done, seconds.
    pub process_s: f64,
    /// From there to the output in its place, seconds.
    pub merge_s: f64,
    /// The serial share that explains it (Karp–Flatt); `null` for as many workers as in the first row.
    pub karp_flatt: Option<f64>,
    /// Frames of the output.
    pub frames: u64,
    /// Every one of them is proved.
    pub exact: bool,
}

/// What the rows say together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct BenchSummary {
    /// The share of the work that only one worker can do (Amdahl, fitted); `null` where the rows do not tell.
    pub serial_fraction: Option<f64>,
    /// The most that any number of workers can reach; `null` where there is no such number.
    pub limit: Option<f64>,
    /// Twice the most workers that were tried, and how many times as fast they would be.
    pub twice: Option<BenchForecast>,
}

/// What Amdahl's law says of more workers than were tried.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct BenchForecast {
    /// So many.
    pub workers: u32,
    /// How many times as fast.
    pub speed_up: f64,
}

/// The rows as what is reckoned with.
#[must_use]
pub fn measured(rows: &[BenchRow]) -> Vec<Measured> {
    let row = |row: &BenchRow| Measured {
        workers: row.workers,
        wall_s: row.wall_s,
    };
    rows.iter().map(row).collect()
}

impl BenchSummary {
    /// Of these rows.
    #[must_use]
    pub fn new(rows: &[BenchRow]) -> Self {
        let summary = sweep::summary(&measured(rows));
        let forecast = |(workers, speed_up)| BenchForecast { workers, speed_up };
        Self {
            serial_fraction: summary.serial_fraction,
            limit: summary.limit,
            twice: summary.twice.map(forecast),
        }
    }
}

/// A row for each number of workers, for spreadsheets.
#[must_use]
pub fn csv(rows: &[BenchRow]) -> String {
    let mut csv = Csv::new(&[
        "workers",
        "wall_s",
        "speed_up",
        "efficiency",
        "cpu",
        "analyse_s",
        "process_s",
        "merge_s",
        "karp_flatt",
        "frames",
        "exact",
    ]);
    let exactly = |value: f64| format!("{value:.4}");
    let maybe = |value: Option<f64>| value.map(exactly).unwrap_or_default();
    for row in rows {
        csv.row([
            row.workers.to_string(),
            exactly(row.wall_s),
            exactly(row.speed_up),
            exactly(row.efficiency),
            maybe(row.cpu),
            exactly(row.analyse_s),
            exactly(row.process_s),
            exactly(row.merge_s),
            maybe(row.karp_flatt),
            row.frames.to_string(),
            row.exact.to_string(),
        ]);
    }
    csv.text()
}

/// Speed-up and efficiency with the ideal and Amdahl's curve, as an SVG.
#[must_use]
pub fn svg(rows: &[BenchRow]) -> String {
    hindsight::plot::svg(&measured(rows))
}

/// The calls, one method each; [`crate::call`] documents them.
impl Api {
    /// The measurement that goes on, and those that are kept.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn bench(&self) -> Result<Bench, ApiError> {
        self.node.bench().await
    }

    /// Begins one.
    ///
    /// # Errors
    /// [`ErrorCode::BadRequest`] for no or too many workers; [`ErrorCode::NotNow`] while one goes on, or the computer
    /// works; what is wrong with the film.
    pub async fn start_bench(
        &self,
        film: Option<FilePath>,
        workers: Vec<u32>,
        choice: Choice,
    ) -> Result<(), ApiError> {
        let sound = |workers: &u32| (1..=MOST_WORKERS).contains(workers);
        if workers.len() > MOST_ROWS || !workers.iter().all(sound) {
            let text = format!(
                "A measurement has at most {MOST_ROWS} rows of 1 to {MOST_WORKERS} workers."
            );
            return Err(ApiError::new(ErrorCode::BadRequest, text));
        }
        self.node.start_bench(film, workers, choice).await
    }

    /// Stops the one that goes on. What it has measured so far is not kept.
    ///
    /// # Errors
    /// [`ErrorCode::NotNow`] if none does.
    pub async fn stop_bench(&self) -> Result<(), ApiError> {
        self.node.stop_bench().await
    }

    /// Forgets one that is kept.
    ///
    /// # Errors
    /// If it cannot be stored.
    pub async fn forget_bench(&self, began_ms: u64) -> Result<(), ApiError> {
        self.node.forget_bench(began_ms).await
    }
}
