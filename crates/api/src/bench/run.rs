//! The rows, one after the other.

use std::path::{Path, PathBuf};
use std::time::Duration;

use hindsight::sweep::{self, Measured};
use tokio::sync::watch;

use super::{BenchRow, Load, MOST_WORKERS};
use crate::Api;
use crate::choice::{Choice, Place};
use crate::error::{ApiError, ErrorCode};
use crate::live::{Live, NodeConfig, Sources};
use crate::path::FilePath;
use crate::view::{Job, JobId, JobState, Outcome, Scene};

/// Seconds of the clip that is made where no film is given.
const CLIP_SECONDS: u32 = 60;
/// How often a row is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// What is to be measured.
#[derive(Clone, Debug)]
pub struct Order {
    /// The film; `None`: a clip is made.
    pub film: Option<PathBuf>,
    /// The numbers of workers, in any order; the fewest are what the others are compared with. None: [`counts`].
    pub workers: Vec<u32>,
    /// What is made of it.
    pub choice: Choice,
}

impl Order {
    /// The numbers of workers, row by row.
    #[must_use]
    pub fn rows(&self) -> Vec<u32> {
        if self.workers.is_empty() {
            return counts();
        }
        sweep::in_order(&self.workers)
    }
}

/// How a measurement goes.
#[derive(Debug)]
pub enum Told<'a> {
    /// A row begins.
    Begins(u32),
    /// Its job goes on; it is in the scene.
    GoesOn(&'a Scene, JobId),
    /// A row is there.
    Row(&'a BenchRow),
}

/// 1, 2, 4, … up to the cores of this computer, and those.
#[must_use]
pub fn counts() -> Vec<u32> {
    let cores = std::thread::available_parallelism().map_or(1, |cores| {
        u32::try_from(cores.get()).unwrap_or(MOST_WORKERS)
    });
    let cores = cores.min(MOST_WORKERS);
    let mut counts: Vec<u32> = std::iter::successors(Some(1), |n: &u32| Some(n * 2))
        .take_while(|n| *n < cores)
        .collect();
    counts.push(cores);
    counts
}

/// Measures row by row, and says how it goes. `None` where `stop` became true meanwhile. Everything it makes is in
/// `scratch`, which is the caller's to remove.
///
/// # Errors
/// What is wrong with the film, or why a row could not be done.
pub async fn measure(
    order: &Order,
    scratch: &Path,
    stop: watch::Receiver<bool>,
    mut tell: impl FnMut(Told<'_>),
) -> Result<Option<Vec<BenchRow>>, ApiError> {
    let film = match &order.film {
        Some(film) => film.clone(),
        None => match clip(scratch, stop.clone()).await? {
            Some(clip) => clip,
            None => return Ok(None),
        },
    };
    let mut rows: Vec<BenchRow> = Vec::new();
    for workers in order.rows() {
        tell(Told::Begins(workers));
        let data = scratch.join(format!("{}-{workers}", rows.len()));
        let run = run_once(
            &film,
            workers,
            &order.choice,
            &data,
            stop.clone(),
            &mut tell,
        )
        .await?;
        let Some(run) = run else { return Ok(None) };
        // Films and working files of a row are of no use to the next.
        let _ = tokio::fs::remove_dir_all(&data).await;
        let row = row(workers, &run, rows.first());
        tell(Told::Row(&row));
        rows.push(row);
    }
    Ok(Some(rows))
}

/// What one job took.
struct Run {
    job: Job,
    outcome: Outcome,
    load: f64,
}

fn row(workers: u32, run: &Run, first: Option<&BenchRow>) -> BenchRow {
    let own = Measured {
        workers,
        wall_s: run.outcome.wall_s,
    };
    let first = first.map_or(own, |first| Measured {
        workers: first.workers,
        wall_s: first.wall_s,
    });
    let compared = sweep::compare(own, first);
    let stages = run.job.stages;
    BenchRow {
        workers,
        wall_s: own.wall_s,
        speed_up: compared.speed_up,
        efficiency: compared.efficiency,
        cpu: Some(run.load).filter(|load| load.is_finite()),
        analyse_s: stages.analyse_s,
        process_s: stages.process_s,
        merge_s: stages.merge_s,
        karp_flatt: compared.karp_flatt,
        frames: run.outcome.frames,
        exact: run.outcome.exact,
    }
}

/// A node that opens no socket, on a folder of its own.
async fn node(data: &Path, workers: Option<u32>) -> Result<Live, ApiError> {
    Live::start(NodeConfig {
        data_dir: data.to_owned(),
        name: None,
        listen: None,
        mdns: false,
        network: false,
        donate: Some(false),
        peers: Vec::new(),
        stays: false,
        workers,
        // A folder that is made for one job has none.
        settings: Sources::default(),
    })
    .await
}

/// A film to encode, made by ffmpeg from its own test picture; `None` where `stop` became true meanwhile.
///
/// # Errors
/// There is no ffmpeg, or the folder cannot be written.
pub async fn clip(
    scratch: &Path,
    stop: watch::Receiver<bool>,
) -> Result<Option<PathBuf>, ApiError> {
    let clip = scratch.join("clip.mkv");
    let node = node(&scratch.join("clip"), None).await?;
    let made = tokio::select! {
        made = node.test_clip(clip.clone(), CLIP_SECONDS) => Some(made),
        () = asked(stop) => None,
    };
    node.stop().await;
    made.transpose().map(|made| made.map(|()| clip))
}

async fn run_once(
    film: &Path,
    workers: u32,
    choice: &Choice,
    data: &Path,
    stop: watch::Receiver<bool>,
    tell: &mut impl FnMut(Told<'_>),
) -> Result<Option<Run>, ApiError> {
    let node = node(data, Some(workers)).await?;
    let (api, load) = (node.api(), Load::start());
    let ended = tokio::select! {
        ended = encode(&api, film, choice, data, tell) => Some(ended),
        () = asked(stop) => None,
    };
    let load = load.stop().await;
    node.stop().await;
    let Some(ended) = ended else { return Ok(None) };
    let (job, outcome) = ended?;
    Ok(Some(Run { job, outcome, load }))
}

/// Resolves once it is to be stopped.
async fn asked(mut stop: watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        // Nobody is there any more who could ask.
        std::future::pending::<()>().await;
    }
}

async fn encode(
    api: &Api,
    film: &Path,
    choice: &Choice,
    folder: &Path,
    tell: &mut impl FnMut(Told<'_>),
) -> Result<(Job, Outcome), ApiError> {
    let choice = Choice {
        yes: true,
        only_here: true,
        on: None,
        out_dir: Some(FilePath(folder.to_owned())),
        // Nothing is to be found outside of the folder afterwards.
        output: None,
        place: Place::Beside,
        keep_temp: false,
        ..choice.clone()
    };
    let taken = api.submit(vec![FilePath(film.to_owned())], choice).await?;
    let taken = taken
        .into_iter()
        .next()
        .ok_or_else(|| lost("no job was made"))?;
    let id = match (taken.job, taken.error) {
        (Some(id), _) => id,
        (None, Some(error)) => return Err(error),
        (None, None) => return Err(lost("no job was made")),
    };
    loop {
        let scene = api.snapshot().await?.scene;
        let job = scene.jobs.iter().find(|job| job.id == id);
        let job = job.ok_or_else(|| lost("the job was taken off the list"))?;
        match &job.state {
            JobState::Completed { outcome } => return Ok((job.clone(), outcome.clone())),
            JobState::Failed { error } => return Err(error.clone()),
            JobState::Cancelled => return Err(lost("the job was cancelled")),
            _ => tell(Told::GoesOn(&scene, id)),
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn lost(what: &str) -> ApiError {
    ApiError::new(
        ErrorCode::Other,
        format!("The measurement ended early: {what}."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_rows_end_with_all_cores() {
        let counts = counts();
        let cores = std::thread::available_parallelism().unwrap().get();
        assert_eq!(counts.first(), Some(&1));
        assert_eq!(counts.last().map(|n| *n as usize), Some(cores.min(256)));
        assert!(counts.is_sorted());
    }

    #[test]
    fn rows_come_in_order_and_once() {
        let order = |workers: &[u32]| Order {
            film: None,
            workers: workers.to_vec(),
            choice: Choice::default(),
        };
        assert_eq!(order(&[4, 2, 1, 2]).rows(), [1, 2, 4]);
        assert_eq!(order(&[]).rows(), counts());
    }
}
