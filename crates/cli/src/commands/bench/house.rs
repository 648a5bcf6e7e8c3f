//! `bench --house`: this computer as it always works, against all paired ones together.
//!
//! Computers of a house are not alike, so a count of them says little. The measure is their *capacity*: the measured
//! speeds of all, as a multiple of this computer's. Efficiency and the serial fraction are reckoned with it as other
//! tables are with a number of equal workers.

use std::cell::Cell;
use std::path::Path;
use std::time::Duration;

use api::bench::{Load, laws};
use api::{ApiError, Choice, Computer, ComputerStatus, ErrorCode, Job, JobId, Outcome, call};
use serde::Serialize;

use super::{encode, no_scratch};
use crate::commands::with_node;
use crate::door::Door;
use crate::node::Start;
use crate::present::json::{rounded, rounded_option};
use crate::present::{amount, human, span};
use crate::watch::Watch;
use crate::{App, End};

/// How long paired computers are waited for that are being reached, or still measure themselves.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs both rows on the node of the data folder and shows the table.
pub async fn run(input: &Path, choice: Choice, scratch: &Path, app: &App) -> Result<End, ApiError> {
    let folder = scratch.join("house");
    std::fs::create_dir_all(&folder).map_err(|error| no_scratch(&error))?;
    with_node(app, Start::default(), async |node| {
        let begun = Cell::new(None);
        let rows = tokio::select! {
            rows = both(input, choice, &folder, node, &begun, app) => Some(rows),
            () = app.stop.asked() => None,
        };
        if let Some(job) = begun.take() {
            take_off(node, job).await;
        }
        let Some(rows) = rows else {
            return Ok(End::Stopped);
        };
        app.out.text(&table(&rows?));
        Ok(End::Done)
    })
    .await
}

async fn both(
    input: &Path,
    choice: Choice,
    folder: &Path,
    node: &Door,
    begun: &Cell<Option<JobId>>,
    app: &App,
) -> Result<[Row; 2], ApiError> {
    let mut watch = Watch::start(node).await?;
    if watch.scene.jobs.iter().any(is_at_work) {
        return Err(
            ApiError::new(ErrorCode::NotNow, "This computer works on a film already.")
                .help("Measure when it is done."),
        );
    }
    let others = gather(&mut watch, node, app).await?;
    let names: Vec<&str> = others.iter().map(|other| other.name.as_str()).collect();
    let alone = Choice {
        only_here: true,
        ..choice.clone()
    };
    let together = Choice {
        only_here: false,
        wait_for: u32::try_from(others.len()).unwrap_or(u32::MAX),
        ..choice
    };
    app.out.remark("This computer …");
    let here = &watch.scene.here.computer;
    let (run, load) = measured(input, alone, folder, node, begun, app).await?;
    let first = Row::new(&run, load, here, &[], None);
    app.out.line(&first);
    app.out.remark(&format!(
        "Together with {} …",
        human::plain(&names.join(", "))
    ));
    let (run, load) = measured(input, together, folder, node, begun, app).await?;
    let second = Row::new(&run, load, here, &others, Some(&first));
    app.out.line(&second);
    Ok([first, second])
}

fn is_at_work(job: &Job) -> bool {
    !job.state.is_over() && !matches!(job.state, api::JobState::Paused { .. })
}

/// The paired computers that can help now. Those on their way to it are waited for.
async fn gather(watch: &mut Watch, node: &Door, app: &App) -> Result<Vec<Computer>, ApiError> {
    let patience = tokio::time::sleep(PATIENCE);
    tokio::pin!(patience);
    let mut said = false;
    while awaited(watch, node.is_own()) {
        if !std::mem::replace(&mut said, true) {
            app.out
                .remark("Waiting for computers that are being reached or measure themselves …");
        }
        tokio::select! {
            changed = watch.next(node) => changed?,
            () = &mut patience => break,
        }
    }
    let ready = watch
        .scene
        .computers
        .iter()
        .filter(|one| one.helps_us && one.status == ComputerStatus::Ready);
    let ready: Vec<Computer> = ready.cloned().collect();
    if ready.is_empty() {
        let help = "`manyhands peers` says what each does. Run `manyhands serve --donate` on another computer and pair \
                    it: `manyhands invite` here, `manyhands pair` there.";
        return Err(ApiError::new(
            ErrorCode::NotNow,
            "No paired computer is ready to help, so there is nothing to compare with.",
        )
        .help(help));
    }
    Ok(ready)
}

/// Whether waiting may change who is there. A node that has just been started has met nobody yet.
fn awaited(watch: &Watch, just_started: bool) -> bool {
    let scene = &watch.scene;
    let others = scene.computers.iter().filter(|one| one.helps_us);
    scene.here.computer.status == ComputerStatus::Measuring
        || others.into_iter().any(|one| match one.status {
            ComputerStatus::Measuring => true,
            ComputerStatus::Offline => just_started,
            _ => false,
        })
}

async fn measured(
    input: &Path,
    choice: Choice,
    folder: &Path,
    node: &Door,
    begun: &Cell<Option<JobId>>,
    app: &App,
) -> Result<((Job, Outcome), f64), ApiError> {
    let load = Load::start();
    let run = encode(input, choice, folder, node, begun, app).await;
    let load = load.stop().await;
    let run = run?;
    if let Some(job) = begun.take() {
        take_off(node, job).await;
    }
    Ok((run, load))
}

/// The job was for the measurement alone: it does not stay in the list.
async fn take_off(node: &Door, job: JobId) {
    // One that is over cannot be cancelled, and one that a stopping node lost cannot be forgotten.
    let _ = node.call(call::Cancel { id: job }).await;
    let _ = node.call(call::Forget { id: job }).await;
}

/// A row of the table: `bench_house` in docs/json.md.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename = "bench_house")]
struct Row {
    computers: u32,
    #[serde(serialize_with = "rounded_option")]
    capacity: Option<f64>,
    #[serde(serialize_with = "rounded")]
    wall_s: f64,
    #[serde(serialize_with = "rounded")]
    speed_up: f64,
    #[serde(serialize_with = "rounded_option")]
    efficiency: Option<f64>,
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
    peers: Vec<Share>,
}

/// What one computer did.
#[derive(Debug, Clone, Serialize)]
struct Share {
    id: String,
    name: String,
    segments: u32,
    frames: u64,
}

impl Row {
    /// `first` is this computer's row; without one this is it.
    fn new(
        (job, outcome): &(Job, Outcome),
        load: f64,
        here: &Computer,
        others: &[Computer],
        first: Option<&Self>,
    ) -> Self {
        let wall_s = outcome.wall_s;
        let speed_up = laws::speed_up(first.map_or(wall_s, |first| first.wall_s), wall_s);
        let capacity = capacity(job, here, others);
        let share = |hand: &api::Hand| Share {
            id: hand.computer.0.clone(),
            name: hand.name.clone(),
            segments: hand.segments,
            frames: hand.frames,
        };
        let hands = job.hands.iter().filter(|hand| hand.segments > 0);
        Self {
            computers: u32::try_from(others.len() + 1).unwrap_or(u32::MAX),
            capacity,
            wall_s,
            speed_up,
            efficiency: capacity.map(|capacity| laws::efficiency(speed_up, capacity)),
            cpu: Some(load).filter(|load| load.is_finite()),
            analyse_s: job.stages.analyse_s,
            process_s: job.stages.process_s,
            merge_s: job.stages.merge_s,
            karp_flatt: capacity.and_then(|capacity| laws::karp_flatt(speed_up, capacity)),
            frames: outcome.frames,
            exact: outcome.exact,
            peers: hands.map(share).collect(),
        }
    }
}

/// The measured speeds of all as a multiple of this computer's, each with the encoder it used, or would have.
fn capacity(job: &Job, here: &Computer, others: &[Computer]) -> Option<f64> {
    let used = |id: &api::ComputerId| {
        let hand = job.hands.iter().find(|hand| hand.computer == *id)?;
        hand.encoder.clone()
    };
    let usual =
        used(&here.id).or_else(|| job.hands.iter().find_map(|hand| hand.encoder.clone()))?;
    let speed = |one: &Computer| {
        let name = used(&one.id).unwrap_or_else(|| usual.clone());
        let found = one.encoders.iter().find(|encoder| encoder.name == name);
        found
            .map(|encoder| encoder.fps_1080p)
            .filter(|fps| *fps > 0.0)
    };
    let own = speed(here)?;
    let all: Option<f64> = others.iter().map(speed).sum();
    Some((own + all?) / own)
}

fn table(rows: &[Row; 2]) -> String {
    let head = [
        "computers",
        "capacity",
        "wall",
        "speed-up",
        "efficiency",
        "cpu here",
        "analyse",
        "process",
        "merge",
        "Karp-Flatt",
        "exact",
    ];
    let or_dash = |value: Option<f64>, digits: usize| {
        value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
    };
    let row = |row: &Row| {
        [
            row.computers.to_string(),
            or_dash(row.capacity, 2),
            span(row.wall_s),
            format!("{:.2}", row.speed_up),
            or_dash(row.efficiency, 2),
            row.cpu
                .map_or_else(|| "-".to_owned(), |load| format!("{:.0} %", load * 100.0)),
            span(row.analyse_s),
            span(row.process_s),
            span(row.merge_s),
            or_dash(row.karp_flatt, 3),
            if row.exact { "yes" } else { "NO" }.to_owned(),
        ]
    };
    let mut text = human::table(&head, rows.iter().map(row));
    let share = |share: &Share| {
        let name = human::plain(&share.name);
        format!("{name} {}", amount(u64::from(share.segments), "segment"))
    };
    let shares: Vec<String> = rows[1].peers.iter().map(share).collect();
    text += &format!("\nTogether: {}.", shares.join(", "));
    text + "\nCapacity: what was measured of all of them, as a multiple of this computer; efficiency is the share of it that was reached."
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::rehearsal;

    fn computer(name: &str, fps_1080p: f64) -> Computer {
        Computer {
            encoders: vec![api::Encoder {
                name: "libx265".into(),
                codec: api::Codec::Hevc,
                hardware: false,
                fps_1080p,
                seats: 2,
            }],
            ..rehearsal::computer(name)
        }
    }

    fn hand(of: &Computer, segments: u32) -> api::Hand {
        api::Hand {
            computer: of.id.clone(),
            name: of.name.clone(),
            segments,
            working: 0,
            frames: u64::from(segments) * 100,
            read_there: 0,
            speed_fps: None,
            encoder: Some("libx265".into()),
            paused: None,
        }
    }

    fn run(wall_s: f64, hands: Vec<api::Hand>) -> (Job, Outcome) {
        let outcome = Outcome {
            output: "/a".into(),
            receipt: "/b".into(),
            exact: true,
            verdict: String::new(),
            frames: 1500,
            bytes: 1,
            wall_s,
        };
        let job = Job {
            hands,
            ..rehearsal::job(1, "a.mkv")
        };
        (job, outcome)
    }

    #[test]
    fn unlike_computers_are_judged_by_what_they_could_do() {
        let (here, fast) = (computer("here", 10.0), computer("fast", 30.0));
        let first = Row::new(&run(80.0, vec![hand(&here, 8)]), 0.9, &here, &[], None);
        assert_eq!((first.capacity, first.efficiency), (Some(1.0), Some(1.0)));
        assert_eq!(first.karp_flatt, None);
        let both = vec![hand(&fast, 6), hand(&here, 2)];
        let second = Row::new(
            &run(25.0, both),
            0.9,
            &here,
            std::slice::from_ref(&fast),
            Some(&first),
        );
        assert_eq!(second.capacity, Some(4.0), "10 and 30 frames a second");
        assert!((second.efficiency.unwrap() - 0.8).abs() < 1e-9);
        assert!((laws::amdahl(second.karp_flatt.unwrap(), 4.0) - 3.2).abs() < 1e-9);
        let table = table(&[first, second]);
        assert!(
            table.contains("Together: fast 6 segments, here 2 segments."),
            "{table}"
        );
    }

    #[test]
    fn a_computer_that_was_never_measured_leaves_the_capacity_open() {
        let (here, other) = (computer("here", 10.0), computer("other", 0.0));
        let row = Row::new(&run(80.0, vec![hand(&here, 8)]), 0.9, &here, &[other], None);
        assert_eq!(
            (row.capacity, row.efficiency, row.karp_flatt),
            (None, None, None)
        );
    }

    #[test]
    fn the_line_has_the_documented_fields() {
        let here = computer("here", 10.0);
        let row = Row::new(&run(80.0, vec![hand(&here, 8)]), 0.9, &here, &[], None);
        let line = serde_json::to_value(&row).unwrap();
        let page = include_str!("../../../../../docs/json.md");
        let example = page
            .lines()
            .find(|text| text.starts_with("{\"type\":\"bench_house\","))
            .unwrap();
        let example: serde_json::Value = serde_json::from_str(example).unwrap();
        let keys = |value: &serde_json::Value| -> Vec<String> {
            value.as_object().unwrap().keys().cloned().collect()
        };
        assert_eq!(keys(&example), keys(&line));
        assert_eq!(keys(&example["peers"][0]), keys(&line["peers"][0]));
    }
}
