//! `bench`: one worker against several, each row a whole job on a fresh node of its own.

/// The computers of the house against this one.
mod house;

use std::cell::Cell;
use std::path::{Path, PathBuf};

use api::{ApiError, Choice, ErrorCode, FilePath, Job, JobId, JobState, Outcome, call};
use serde::Serialize;

use crate::args::Bench;
use crate::bench::laws;
use crate::bench::load::Load;
use crate::door::{Door, Own};
use crate::node::{self, Start};
use crate::present::json::{rounded, rounded_option};
use crate::present::{Progress, human, span};
use crate::watch::Watch;
use crate::{App, End};

/// Seconds of the clip that is made where no film is given.
const CLIP_SECONDS: u32 = 60;

/// Runs the rows and shows the tables.
pub async fn run(args: &Bench, app: &App) -> Result<End, ApiError> {
    let scratch = tempfile::Builder::new()
        .prefix("manyhands-bench-")
        .tempdir()
        .map_err(|error| no_scratch(&error))?;
    let input = tokio::select! {
        input = film(args, scratch.path()) => input?,
        () = app.stop.asked() => return Ok(End::Stopped),
    };
    if !args.house || !args.workers.is_empty() {
        tokio::select! {
            end = workers(args, &input, scratch.path(), app) => end?,
            () = app.stop.asked() => return Ok(End::Stopped),
        }
    }
    if args.house {
        return house::run(&input, args.choice(), scratch.path(), app).await;
    }
    Ok(End::Done)
}

async fn film(args: &Bench, scratch: &Path) -> Result<PathBuf, ApiError> {
    match &args.input {
        Some(input) => std::path::absolute(input).map_err(|error| no_scratch(&error)),
        None => make_clip(scratch).await,
    }
}

/// One table: so many workers on this computer.
async fn workers(args: &Bench, input: &Path, scratch: &Path, app: &App) -> Result<(), ApiError> {
    let mut rows: Vec<Row> = Vec::new();
    for workers in counts(args) {
        app.out.remark(&format!("{workers} at a time …"));
        let data = scratch.join(format!("{}-{workers}", rows.len()));
        let run = run_once(input, workers, args.choice(), &data, app).await?;
        let row = Row::new(workers, &run, rows.first());
        app.out.line(&row);
        rows.push(row);
    }
    let summary = Summary::new(&rows);
    app.out.line(&summary);
    app.out.text(&table(&rows, &summary));
    Ok(())
}

/// The counts asked for; else 1, 2, 4, … up to the cores, and the cores.
fn counts(args: &Bench) -> Vec<u32> {
    if !args.workers.is_empty() {
        return args.workers.clone();
    }
    let cores = std::thread::available_parallelism()
        .map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(256));
    let mut counts: Vec<u32> = std::iter::successors(Some(1), |n: &u32| Some(n * 2))
        .take_while(|n| *n < cores)
        .collect();
    counts.push(cores);
    counts
}

/// What one job took.
struct Run {
    job: Job,
    outcome: Outcome,
    load: f64,
}

async fn run_once(
    input: &Path,
    workers: u32,
    choice: Choice,
    data: &Path,
    app: &App,
) -> Result<Run, ApiError> {
    let own = Own::start(data, Start::to_bench(workers)).await?;
    let node = Door::Own(own);
    let load = Load::start();
    let choice = Choice {
        only_here: true,
        ..choice
    };
    let ended = encode(input, choice, data, &node, &Cell::new(None), app).await;
    let load = load.stop().await;
    node.close().await;
    let (job, outcome) = ended?;
    Ok(Run { job, outcome, load })
}

/// Encodes `input` into `folder`; `begun` holds the job while it is under way.
async fn encode(
    input: &Path,
    choice: Choice,
    folder: &Path,
    node: &Door,
    begun: &Cell<Option<JobId>>,
    app: &App,
) -> Result<(Job, Outcome), ApiError> {
    let choice = Choice {
        yes: true,
        out_dir: Some(FilePath(folder.to_owned())),
        ..choice
    };
    let mut watch = Watch::start(node).await?;
    let taken = node
        .call(call::Submit {
            paths: vec![FilePath(input.to_owned())],
            choice,
        })
        .await?;
    let taken = taken
        .into_iter()
        .next()
        .ok_or_else(|| lost("no job was made"))?;
    let id = match (taken.job, taken.error) {
        (Some(id), _) => id,
        (None, Some(error)) => return Err(error),
        (None, None) => return Err(lost("no job was made")),
    };
    begun.set(Some(id));
    watch.refresh(node).await?;
    let mut progress = Progress::new(app.out);
    loop {
        let job = watch
            .job(id)
            .ok_or_else(|| lost("the job was taken off the list"))?;
        match &job.state {
            JobState::Completed { outcome } => {
                progress.clear();
                return Ok((job.clone(), outcome.clone()));
            }
            JobState::Failed { error } => return Err(error.clone()),
            JobState::Cancelled => return Err(lost("the job was cancelled")),
            _ => progress.show(&watch.scene, &[id]),
        }
        watch.next(node).await?;
    }
}

/// A row of the table: `bench` in docs/json.md.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename = "bench")]
struct Row {
    workers: u32,
    #[serde(serialize_with = "rounded")]
    wall_s: f64,
    #[serde(serialize_with = "rounded")]
    speed_up: f64,
    #[serde(serialize_with = "rounded")]
    efficiency: f64,
    #[serde(serialize_with = "rounded_option")]
    cpu: Option<f64>,
    #[serde(serialize_with = "rounded")]
    analyse_s: f64,
    #[serde(serialize_with = "rounded")]
    process_s: f64,
    #[serde(serialize_with = "rounded")]
    merge_s: f64,
    #[serde(serialize_with = "rounded_option")]
    karp_flatt: Option<f64>,
    frames: u64,
    exact: bool,
}

impl Row {
    /// `first` is the row to compare with; without one this is it.
    fn new(workers: u32, run: &Run, first: Option<&Self>) -> Self {
        let wall_s = run.outcome.wall_s;
        let (serial, fewest) =
            first.map_or((wall_s, workers), |first| (first.wall_s, first.workers));
        let speed_up = laws::speed_up(serial, wall_s);
        let ratio = f64::from(workers) / f64::from(fewest);
        let stages = run.job.stages;
        Self {
            workers,
            wall_s,
            speed_up,
            efficiency: laws::efficiency(speed_up, ratio),
            cpu: Some(run.load).filter(|load| load.is_finite()),
            analyse_s: stages.analyse_s,
            process_s: stages.process_s,
            merge_s: stages.merge_s,
            karp_flatt: laws::karp_flatt(speed_up, ratio),
            frames: run.outcome.frames,
            exact: run.outcome.exact,
        }
    }
}

/// What the rows say together: `bench_summary` in docs/json.md.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename = "bench_summary")]
struct Summary {
    #[serde(serialize_with = "rounded_option")]
    serial_fraction: Option<f64>,
    #[serde(serialize_with = "rounded_option")]
    limit: Option<f64>,
    twice: Option<Forecast>,
}

/// What Amdahl's law says of twice the most workers that were tried.
#[derive(Debug, Clone, Copy, Serialize)]
struct Forecast {
    workers: u32,
    #[serde(serialize_with = "rounded")]
    speed_up: f64,
}

impl Summary {
    fn new(rows: &[Row]) -> Self {
        let fewest = rows.first().map_or(1.0, |row| f64::from(row.workers));
        let points: Vec<(f64, f64)> = rows
            .iter()
            .map(|row| (f64::from(row.workers) / fewest, row.speed_up))
            .collect();
        let serial_fraction = laws::amdahl_fit(&points);
        let limit = serial_fraction
            .map(laws::amdahl_limit)
            .filter(|limit| limit.is_finite());
        let most = rows.iter().map(|row| row.workers).max().unwrap_or(1);
        let twice = serial_fraction.map(|serial| Forecast {
            workers: most * 2,
            speed_up: laws::amdahl(serial, f64::from(most * 2) / fewest),
        });
        Self {
            serial_fraction,
            limit,
            twice,
        }
    }
}

fn table(rows: &[Row], summary: &Summary) -> String {
    let head = [
        "workers",
        "wall",
        "speed-up",
        "efficiency",
        "cpu",
        "analyse",
        "process",
        "merge",
        "Karp-Flatt",
        "exact",
    ];
    let row = |row: &Row| {
        [
            row.workers.to_string(),
            span(row.wall_s),
            format!("{:.2}", row.speed_up),
            format!("{:.2}", row.efficiency),
            row.cpu
                .map_or_else(|| "-".to_owned(), |load| format!("{:.0} %", load * 100.0)),
            span(row.analyse_s),
            span(row.process_s),
            span(row.merge_s),
            row.karp_flatt
                .map_or_else(|| "-".to_owned(), |serial| format!("{serial:.3}")),
            if row.exact { "yes" } else { "NO" }.to_owned(),
        ]
    };
    let mut text = human::table(&head, rows.iter().map(row));
    let Some((serial, twice)) = summary.serial_fraction.zip(summary.twice) else {
        return text + "\nOne number of workers says nothing about a serial fraction.";
    };
    text += &format!(
        "\nSerial fraction (Amdahl, fitted): {:.1} %.",
        serial * 100.0
    );
    text += &format!(
        " {} workers would be {:.1} times as fast",
        twice.workers, twice.speed_up
    );
    match summary.limit {
        Some(limit) => text += &format!(", and no number of them more than {limit:.1} times."),
        None => text += ".",
    }
    text
}

/// A film to encode, made by ffmpeg from its own test picture.
async fn make_clip(folder: &Path) -> Result<PathBuf, ApiError> {
    let clip = folder.join("clip.mkv");
    let node = node::start(&folder.join("clip"), Start::to_look()).await?;
    let made = node.test_clip(clip.clone(), CLIP_SECONDS).await;
    node.stop().await;
    made.map(|()| clip)
}

fn lost(what: &str) -> ApiError {
    ApiError::new(
        ErrorCode::Other,
        format!("The measurement ended early: {what}."),
    )
}

fn no_scratch(error: &std::io::Error) -> ApiError {
    ApiError::new(
        ErrorCode::NoSpace,
        format!("There is no place for temporary files: {error}."),
    )
    .help("Set TMPDIR to a folder that can be written.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(workers: u32, wall_s: f64, first: Option<&Row>) -> Row {
        let outcome = Outcome {
            output: "/a".into(),
            receipt: "/b".into(),
            exact: true,
            verdict: String::new(),
            frames: 1500,
            bytes: 1,
            wall_s,
        };
        Row::new(
            workers,
            &Run {
                job: api::rehearsal::job(1, "a.mkv"),
                outcome,
                load: 0.5,
            },
            first,
        )
    }

    #[test]
    fn rows_are_compared_with_the_first_and_the_laws_applied() {
        let first = row(1, 60.0, None);
        let rows = [
            first.clone(),
            row(2, 31.5, Some(&first)),
            row(4, 17.25, Some(&first)),
        ];
        assert!((rows[1].efficiency - 60.0 / 31.5 / 2.0).abs() < 1e-9);
        assert!(
            (rows[1].karp_flatt.unwrap() - 0.05).abs() < 1e-9,
            "{:?}",
            rows[1]
        );
        let summary = Summary::new(&rows);
        assert!(
            (summary.serial_fraction.unwrap() - 0.05).abs() < 1e-9,
            "{summary:?}"
        );
        assert!((summary.limit.unwrap() - 20.0).abs() < 1e-6, "{summary:?}");
        assert_eq!(summary.twice.unwrap().workers, 8);
        let table = table(&rows, &summary);
        assert!(
            table.lines().nth(2).unwrap().starts_with("2        32 s"),
            "{table}"
        );
        assert!(
            table.ends_with("times as fast, and no number of them more than 20.0 times."),
            "{table}"
        );
    }

    #[test]
    fn a_start_with_several_workers_is_the_measure_of_the_rest() {
        let first = row(2, 40.0, None);
        let second = row(4, 20.0, Some(&first));
        assert!((second.efficiency - 1.0).abs() < 1e-9, "{second:?}");
        let alone = Summary::new(std::slice::from_ref(&first));
        assert!(
            table(&[first], &alone)
                .ends_with("One number of workers says nothing about a serial fraction.")
        );
    }

    #[test]
    fn the_lines_have_the_documented_fields() {
        let first = row(1, 60.0, None);
        let summary = Summary::new(&[first.clone(), row(2, 31.5, Some(&first))]);
        let page = include_str!("../../../../docs/json.md");
        for line in [
            serde_json::to_value(&first).unwrap(),
            serde_json::to_value(&summary).unwrap(),
        ] {
            let start = format!("{{\"type\":{}", line["type"]);
            let example = page
                .lines()
                .find(|text| text.starts_with(&format!("{start},")))
                .unwrap();
            let example: serde_json::Value = serde_json::from_str(example).unwrap();
            let keys = |value: &serde_json::Value| {
                value
                    .as_object()
                    .unwrap()
                    .keys()
                    .cloned()
                    .collect::<Vec<_>>()
            };
            assert_eq!(keys(&example), keys(&line));
        }
    }
}
