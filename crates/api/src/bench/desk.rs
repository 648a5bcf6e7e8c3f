//! Where a node's own measurement goes on, and where those are kept that are done.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use engine::node::Node;
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{
    Bench, BenchProgress, BenchRow, BenchRun, BenchSummary, Order, Told, counts, demo, measure,
};
use crate::error::{ApiError, ErrorCode};
use crate::filters::Filters;
use crate::view::{ComputerStatus, Here, JobState, Scene};

/// How many are kept.
const KEPT: usize = 20;

/// One for each node.
#[derive(Default)]
pub(crate) struct Desk {
    state: Mutex<State>,
    /// One change of what is kept after the other.
    keeping: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    running: Option<(BenchProgress, watch::Sender<bool>)>,
    /// What measures.
    task: Option<JoinHandle<()>>,
    failed: Option<ApiError>,
}

impl Desk {
    /// What goes on, and what is kept.
    pub async fn look(&self, node: &Node) -> Result<Bench, ApiError> {
        // First what goes on: what is over by then is among those that are kept.
        let (running, failed) = {
            let state = self.state();
            let running = state.running.as_ref();
            let running = running.map(|(progress, _)| progress.clone());
            (running, state.failed.clone())
        };
        Ok(Bench {
            running,
            failed,
            runs: understood(&kept(node).await?),
            usual: counts(),
            demo: demo(Filters::default()),
        })
    }

    /// Begins to measure, if nothing else goes on.
    pub fn start(self: Arc<Self>, node: Node, scene: &Scene, order: Order) -> Result<(), ApiError> {
        check_idle(scene)?;
        let (stop, stopped) = watch::channel(false);
        let film = order.film.as_ref().map(|film| name(film));
        let progress = BenchProgress {
            film: film.clone(),
            workers: order.rows(),
            rows: Vec::new(),
            progress: 0.0,
        };
        let mut state = self.state();
        if state.running.is_some() {
            let text = "A measurement goes on already.";
            return Err(
                ApiError::new(ErrorCode::NotNow, text).help("Stop it first, or wait for it.")
            );
        }
        state.failed = None;
        state.running = Some((progress, stop));
        let work = Arc::clone(&self).go_on(node, scene.here.clone(), order, film, stopped);
        state.task = Some(tokio::spawn(work));
        Ok(())
    }

    /// Measures, and keeps what came of it.
    async fn go_on(
        self: Arc<Self>,
        node: Node,
        here: Here,
        order: Order,
        film: Option<String>,
        stopped: watch::Receiver<bool>,
    ) {
        let began_ms = now_ms();
        let kept = match self.run(&order, stopped).await {
            Ok(None) => Ok(()),
            Ok(Some(rows)) => {
                let run = BenchRun {
                    began_ms,
                    film,
                    choice: order.choice,
                    cpu: here.computer.cpu,
                    cores: here.computer.cores,
                    version: here.version,
                    summary: BenchSummary::new(&rows),
                    rows,
                };
                self.keep(&node, run).await
            }
            Err(error) => Err(error),
        };
        // It goes on until it is kept.
        let mut state = self.state();
        state.running = None;
        state.failed = kept.err();
    }

    /// Whether one goes on.
    pub fn is_measuring(&self) -> bool {
        self.state().running.is_some()
    }

    /// Stops it, and waits until its nodes have stopped and its folder is gone.
    pub async fn end(&self) {
        let task = {
            let mut state = self.state();
            if let Some((_, stop)) = &state.running {
                stop.send_replace(true);
            }
            state.task.take()
        };
        if let Some(task) = task {
            // One that panicked has cleaned up, too.
            let _ = task.await;
        }
    }

    /// Stops it.
    pub fn stop(&self) -> Result<(), ApiError> {
        match &self.state().running {
            Some((_, stop)) => {
                stop.send_replace(true);
                Ok(())
            }
            None => Err(ApiError::new(ErrorCode::NotNow, "No measurement goes on.")),
        }
    }

    /// Forgets one that is kept.
    pub async fn forget(&self, node: &Node, began_ms: u64) -> Result<(), ApiError> {
        let _one = self.keeping.lock().await;
        let mut runs = kept(node).await?;
        runs.retain(|run| run.get("began_ms").and_then(Value::as_u64) != Some(began_ms));
        store(node, runs).await
    }

    async fn run(
        &self,
        order: &Order,
        stopped: watch::Receiver<bool>,
    ) -> Result<Option<Vec<BenchRow>>, ApiError> {
        let scratch = tempfile::Builder::new()
            .prefix(&format!("manyhands-bench-{}-", std::process::id()))
            .tempdir()
            .map_err(|error| no_scratch(&error))?;
        let tell = |told: Told<'_>| {
            let mut state = self.state();
            let Some((progress, _)) = &mut state.running else {
                return;
            };
            match told {
                Told::Begins(_) => progress.progress = 0.0,
                Told::GoesOn(scene, id) => {
                    let job = scene.jobs.iter().find(|job| job.id == id);
                    progress.progress = job.map_or(0.0, |job| job.progress);
                }
                Told::Row(row) => {
                    progress.rows.push(row.clone());
                    progress.progress = 0.0;
                }
            }
        };
        measure(order, scratch.path(), stopped, tell).await
    }

    async fn keep(&self, node: &Node, run: BenchRun) -> Result<(), ApiError> {
        let _one = self.keeping.lock().await;
        let run = serde_json::to_value(run)
            .map_err(|error| ApiError::new(ErrorCode::Other, error.to_string()))?;
        let mut runs = kept(node).await?;
        runs.insert(0, run);
        runs.truncate(KEPT);
        store(node, runs).await
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What works beside it would be measured, too.
fn check_idle(scene: &Scene) -> Result<(), ApiError> {
    let at_work = scene
        .jobs
        .iter()
        .any(|job| !job.state.is_over() && !matches!(job.state, JobState::Paused { .. }));
    let text = if at_work {
        "This computer works on a film already."
    } else if scene.here.helping.begun > 0 {
        "This computer works for another one."
    } else if scene.here.computer.status == ComputerStatus::Measuring {
        "This computer is trying its encoders."
    } else {
        return Ok(());
    };
    Err(ApiError::new(ErrorCode::NotNow, text).help("Measure when it is done."))
}

/// What is kept, as it was written: what another version wrote may not be understood, and is kept all the same.
async fn kept(node: &Node) -> Result<Vec<Value>, ApiError> {
    Ok(match node.bench_runs().await? {
        Some(Value::Array(runs)) => runs,
        _ => Vec::new(),
    })
}

/// Those that can be shown.
fn understood(runs: &[Value]) -> Vec<BenchRun> {
    let read = |run: &Value| serde_json::from_value(run.clone()).ok();
    runs.iter().filter_map(read).collect()
}

async fn store(node: &Node, runs: Vec<Value>) -> Result<(), ApiError> {
    Ok(node.set_bench_runs(Value::Array(runs)).await?)
}

fn name(film: &std::path::Path) -> String {
    let name = film.file_name().unwrap_or(film.as_os_str());
    name.to_string_lossy().into_owned()
}

fn no_scratch(error: &std::io::Error) -> ApiError {
    let text = format!("There is no place for temporary files: {error}.");
    ApiError::new(ErrorCode::NoSpace, text).help("Set TMPDIR to a folder that can be written.")
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal;

    #[test]
    fn nothing_is_measured_beside_other_work() {
        let mut scene = rehearsal::scene();
        assert!(check_idle(&scene).is_ok());
        scene.jobs = vec![rehearsal::job(1, "a.mkv")];
        assert_eq!(check_idle(&scene).unwrap_err().code, ErrorCode::NotNow);
        scene.jobs[0].state = JobState::Paused {
            reason: String::new(),
        };
        assert!(check_idle(&scene).is_ok());
        scene.here.helping.begun = 1;
        assert!(check_idle(&scene).is_err());
    }

    #[test]
    fn what_another_version_kept_takes_nothing_with_it() {
        let run = BenchRun {
            began_ms: 7,
            film: None,
            choice: crate::Choice::default(),
            cpu: String::new(),
            cores: 2,
            version: "0.1.0".into(),
            rows: Vec::new(),
            summary: BenchSummary::default(),
        };
        let newer = serde_json::json!({ "began_ms": 8, "of": "tomorrow" });
        let runs = [newer, serde_json::to_value(&run).unwrap()];
        assert_eq!(understood(&runs), [run]);
    }
}
