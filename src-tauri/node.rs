//! The window's node: started beside the window, stopped with it.
//!
//! The window opens at once. Until the node runs, calls wait; if it cannot run, every call says why, and the
//! page shows that.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use api::{Api, ApiError, Live, NodeConfig};
use local::Server;
use tauri::{AppHandle, Manager as _};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::{Line, drop, films, sink};

/// How long the node may take to stop before the process ends without it.
const GRACE: Duration = Duration::from_secs(10);

type Started = Option<Result<Api, ApiError>>;

/// A node that runs.
struct Running {
    live: Live,
    /// Through it the command line reaches this node; closed before the node stops.
    door: Option<Server>,
}

/// The node, or what became of it.
pub struct Node {
    started: watch::Receiver<Started>,
    running: Mutex<Option<Running>>,
    opened: Mutex<Vec<PathBuf>>,
}

impl Node {
    /// The app's node.
    pub fn of(app: &AppHandle) -> tauri::State<'_, Self> {
        app.state()
    }

    /// Its API, as soon as it runs.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn api(&self) -> Result<Api, ApiError> {
        let mut started = self.started.clone();
        let ended = || ApiError::new(api::ErrorCode::Other, "The node has stopped.");
        let started = started
            .wait_for(Option::is_some)
            .await
            .map_err(|_| ended())?;
        started.clone().unwrap_or_else(|| Err(ended()))
    }

    /// The files that the app was opened with; the second time, none.
    pub fn opened(&self) -> Vec<PathBuf> {
        films::expand(std::mem::take(&mut *lock(&self.opened)))
    }

    /// Adds files that the app was opened with.
    pub fn open(&self, files: Vec<PathBuf>) {
        lock(&self.opened).extend(files);
    }

    /// Stops it and waits until it has stopped.
    pub fn stop(&self) {
        let running = lock(&self.running).take();
        if let Some(Running { live, door }) = running {
            std::mem::drop(door);
            let stopped =
                tauri::async_runtime::block_on(async { timeout(GRACE, live.stop()).await });
            if stopped.is_err() {
                tracing::warn!("the node did not stop in time");
            }
        }
    }
}

/// Starts the node in the background.
pub fn start(app: &AppHandle, line: Line) {
    let (say, started) = watch::channel(None);
    // A path from the command line means what it meant there.
    let opened = line.absolute_files();
    app.manage(Node {
        started,
        running: Mutex::default(),
        opened: Mutex::new(opened),
    });
    tauri::async_runtime::spawn(run(app.clone(), line, say));
}

async fn run(app: AppHandle, line: Line, say: watch::Sender<Started>) {
    let running = match open(line).await {
        Ok(running) => running,
        Err(error) => {
            tracing::error!(%error, "the node cannot start");
            say.send_replace(Some(Err(error)));
            // The page may still ask.
            return std::future::pending().await;
        }
    };
    let api = running.live.api();
    // Listened to before anybody can ask for a snapshot, so that nothing is missed.
    let events = api.events();
    let handed = api.handed();
    *lock(&Node::of(&app).running) = Some(running);
    say.send_replace(Some(Ok(api)));
    tokio::join!(sink::forward(&app, events), drop::take_handed(&app, handed));
    // Keeps the sender: whoever asks still gets the API, which says that the node has stopped.
    std::future::pending().await
}

async fn open(line: Line) -> Result<Running, ApiError> {
    let data_dir = api::data_folder(line.data)?;
    let config = NodeConfig {
        data_dir: data_dir.clone(),
        name: None,
        listen: line.listen,
        mdns: !line.no_mdns,
        network: true,
        donate: None,
        peers: Vec::new(),
        stays: true,
        workers: None,
    };
    let live = Live::start(config).await?;
    // Without a door the window works all the same.
    let door = Server::start(live.api(), &data_dir)
        .inspect_err(|error| tracing::warn!(%error, "the command line cannot reach this node"))
        .ok();
    Ok(Running { live, door })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
