//! `bench`: one worker against several, each row a whole job on a fresh node of its own.

/// The computers of the house against this one.
mod house;

use std::cell::Cell;
use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use api::bench::{self, Order, Told};
use api::{
    ApiError, BenchRow, BenchSummary, Choice, ErrorCode, FilePath, Job, JobId, JobState, Outcome,
    call, csv,
};
use serde::Serialize;
use tokio::sync::watch;

use crate::args::Bench;
use crate::door::Door;
use crate::present::json::{rounded, rounded_option};
use crate::present::{Progress, human, span};
use crate::watch::Watch;
use crate::{App, End};

/// Runs the rows and shows the tables.
pub async fn run(args: &Bench, app: &App) -> Result<End, ApiError> {
    check_files(args)?;
    let scratch = tempfile::Builder::new()
        .prefix("manyhands-bench-")
        .tempdir()
        .map_err(|error| no_scratch(&error))?;
    let (stop, stopped) = watch::channel(false);
    let work = all(args, scratch.path(), stopped, app);
    tokio::pin!(work);
    tokio::select! {
        end = &mut work => end,
        () = app.stop.asked() => {
            // Its nodes stop before their folder goes.
            stop.send_replace(true);
            work.await.map(|_| End::Stopped)
        }
    }
}

async fn all(
    args: &Bench,
    scratch: &Path,
    stop: watch::Receiver<bool>,
    app: &App,
) -> Result<End, ApiError> {
    let input = match &args.input {
        Some(input) => std::path::absolute(input).map_err(|error| no_scratch(&error))?,
        None => match bench::clip(scratch, stop.clone()).await? {
            Some(clip) => clip,
            None => return Ok(End::Stopped),
        },
    };
    if (!args.house || !args.workers.is_empty())
        && !workers(args, &input, scratch, stop, app).await?
    {
        return Ok(End::Stopped);
    }
    if args.house {
        return house::run(&input, args.choice(), scratch, app).await;
    }
    Ok(End::Done)
}

/// One table: so many workers on this computer. False where the user stopped it.
async fn workers(
    args: &Bench,
    input: &Path,
    scratch: &Path,
    stop: watch::Receiver<bool>,
    app: &App,
) -> Result<bool, ApiError> {
    let order = Order {
        film: Some(input.to_owned()),
        workers: args.workers.clone(),
        choice: args.choice(),
    };
    let mut progress = Progress::new(app.out);
    let tell = |told: Told<'_>| match told {
        Told::Begins(workers) => app.out.remark(&format!("{workers} at a time …")),
        Told::GoesOn(scene, id) => progress.show(scene, &[id]),
        Told::Row(row) => {
            progress.clear();
            app.out.line(&Row::from(row));
            progress = Progress::new(app.out);
        }
    };
    let Some(rows) = bench::measure(&order, scratch, stop, tell).await? else {
        return Ok(false);
    };
    let summary = BenchSummary::new(&rows);
    app.out.line(&Summary::from(summary));
    app.out.text(&table(&rows, summary));
    keep(args.csv.as_deref(), &csv::file(&bench::csv(&rows)))?;
    keep(args.svg.as_deref(), &bench::svg(&rows))?;
    Ok(true)
}

/// Whether what is to be written is measured, and can be written: asked before minutes of work.
fn check_files(args: &Bench) -> Result<(), ApiError> {
    let files: Vec<&Path> = [&args.csv, &args.svg]
        .into_iter()
        .filter_map(|file| file.as_deref())
        .collect();
    let refuse =
        |text: &str, help: &str| Err(ApiError::new(ErrorCode::BadRequest, text).help(help));
    if args.house && args.workers.is_empty() && !files.is_empty() {
        let text = "--csv and --svg write the rows of --workers, and --house by itself has none.";
        return refuse(
            text,
            "Add --workers, as in --workers 1,2, or leave them out.",
        );
    }
    if let [one, other] = files.as_slice()
        && one == other
    {
        return refuse(
            "--csv and --svg name the same file.",
            "Give each a name of its own.",
        );
    }
    check_free(&files)
}

/// Whether there can be new files of these names: they are made, and taken away again until there is something to
/// write. Each is there while the next is made, as two names may mean one file.
fn check_free(files: &[&Path]) -> Result<(), ApiError> {
    let Some((file, others)) = files.split_first() else {
        return Ok(());
    };
    match File::create_new(file) {
        Ok(_) => {
            let free = check_free(others);
            std::fs::remove_file(file).map_err(|error| not_written(file, &error))?;
            free
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let text = format!("There is a file {} already.", file.display());
            Err(ApiError::new(ErrorCode::OutputReadOnly, text).help("Give another name."))
        }
        Err(error) => Err(not_written(file, &error)),
    }
}

fn keep(file: Option<&Path>, text: &str) -> Result<(), ApiError> {
    let Some(file) = file else { return Ok(()) };
    let written = File::create_new(file).and_then(|mut to| to.write_all(text.as_bytes()));
    written.map_err(|error| not_written(file, &error))
}

fn not_written(file: &Path, error: &std::io::Error) -> ApiError {
    let text = format!("{} cannot be written: {error}.", file.display());
    ApiError::new(ErrorCode::OutputReadOnly, text).help("Give a file in a folder you may write to.")
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

impl From<&BenchRow> for Row {
    fn from(row: &BenchRow) -> Self {
        Self {
            workers: row.workers,
            wall_s: row.wall_s,
            speed_up: row.speed_up,
            efficiency: row.efficiency,
            cpu: row.cpu,
            analyse_s: row.analyse_s,
            process_s: row.process_s,
            merge_s: row.merge_s,
            karp_flatt: row.karp_flatt,
            frames: row.frames,
            exact: row.exact,
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

impl From<BenchSummary> for Summary {
    fn from(summary: BenchSummary) -> Self {
        Self {
            serial_fraction: summary.serial_fraction,
            limit: summary.limit,
            twice: summary.twice.map(|twice| Forecast {
                workers: twice.workers,
                speed_up: twice.speed_up,
            }),
        }
    }
}

fn table(rows: &[BenchRow], summary: BenchSummary) -> String {
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
    let row = |row: &BenchRow| {
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
        return format!("{text}\nOne number of workers says nothing about a serial fraction.");
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
    use clap::Parser as _;

    use super::*;
    use crate::args::{Command, Line};

    fn rows() -> Vec<BenchRow> {
        let row = |workers: u32, wall_s: f64| BenchRow {
            workers,
            wall_s,
            speed_up: 60.0 / wall_s,
            efficiency: 60.0 / wall_s / f64::from(workers),
            cpu: Some(0.5),
            analyse_s: 0.5,
            process_s: wall_s - 1.0,
            merge_s: 0.5,
            karp_flatt: (workers > 1).then_some(0.05),
            frames: 1500,
            exact: true,
        };
        vec![row(1, 60.0), row(2, 31.5), row(4, 17.25)]
    }

    #[test]
    fn the_table_says_what_the_rows_say_together() {
        let rows = rows();
        let table = table(&rows, BenchSummary::new(&rows));
        assert!(
            table.lines().nth(2).unwrap().starts_with("2        32 s"),
            "{table}"
        );
        assert!(
            table.ends_with("times as fast, and no number of them more than 20.0 times."),
            "{table}"
        );
        let alone = BenchSummary::new(&rows[..1]);
        assert!(
            super::table(&rows[..1], alone)
                .ends_with("One number of workers says nothing about a serial fraction.")
        );
    }

    #[test]
    fn a_file_that_is_there_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rows.csv");
        assert!(check_free(&[&file]).is_ok());
        keep(Some(&file), "workers\r\n").unwrap();
        assert_eq!(
            check_free(&[&file]).unwrap_err().code,
            ErrorCode::OutputReadOnly
        );
        assert!(keep(Some(&file), "").is_err());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "workers\r\n");
    }

    /// `bench` with these words.
    fn args(words: &[&str]) -> Bench {
        let line = Line::try_parse_from(["manyhands", "bench"].iter().chain(words)).unwrap();
        match line.command {
            Command::Bench(bench) => bench,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_cannot_be_written_is_said_before_anything_is_measured() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rows.csv");
        let file = file.to_str().unwrap();
        let refused = |words: &[&str]| check_files(&args(words)).unwrap_err();
        let alone = refused(&["--house", "--csv", file]);
        assert_eq!(alone.code, ErrorCode::BadRequest);
        assert!(alone.help.contains("--workers"), "{alone:?}");
        let same = refused(&["--csv", file, "--svg", file]);
        assert_eq!(same.code, ErrorCode::BadRequest);
        let spelt = folder.path().join("..");
        let spelt = spelt
            .join(folder.path().file_name().unwrap())
            .join("rows.csv");
        let same = refused(&["--csv", file, "--svg", spelt.to_str().unwrap()]);
        assert_eq!(same.code, ErrorCode::OutputReadOnly);
        let nowhere = folder.path().join("none").join("rows.csv");
        let nowhere = refused(&["--csv", nowhere.to_str().unwrap()]);
        assert_eq!(nowhere.code, ErrorCode::OutputReadOnly);
        for words in [
            &["--house"][..],
            &["--house", "--workers", "1", "--csv", file],
        ] {
            assert!(check_files(&args(words)).is_ok(), "{words:?}");
        }
        // It was only tried.
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_is_marked_as_what_it_is_for_spreadsheets() {
        assert_eq!(csv::file("workers\r\n").as_bytes()[..4], *b"\xef\xbb\xbfw");
        assert!(bench::csv(&rows()).starts_with("workers,"));
    }

    #[test]
    fn the_lines_have_the_documented_fields() {
        let rows = rows();
        let page = include_str!("../../../../docs/json.md");
        for line in [
            serde_json::to_value(Row::from(&rows[0])).unwrap(),
            serde_json::to_value(Summary::from(BenchSummary::new(&rows))).unwrap(),
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
