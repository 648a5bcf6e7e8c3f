//! The window's node: started beside the window, stopped with it.
//!
//! The window opens at once. Until the node runs, calls wait; if it cannot run, every call says why, and the
//! page shows that.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use api::{Api, ApiError, FilePath, Live, NodeConfig};
use local::Server;
use tauri::{AppHandle, Manager as _};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::{Line, drop, films, sink};

/// How long the node may take to stop before the process ends without it.
const GRACE: Duration = Duration::from_secs(10);

type Started = Option<Result<Api, ApiError>>;

/// A node that runs.
pub struct Running {
    live: Live,
    /// Through it the command line reaches this node; closed before the node stops.
    door: Option<Server>,
}

impl Running {
    /// Its API.
    pub fn api(&self) -> Api {
        self.live.api()
    }

    /// Stops it and waits until it has stopped, but not for ever.
    pub async fn stop(self) {
        std::mem::drop(self.door);
        if timeout(GRACE, self.live.stop()).await.is_err() {
            tracing::warn!("the node did not stop in time");
        }
    }
}

/// The node, or what became of it.
pub struct Node {
    started: watch::Receiver<Started>,
    running: Mutex<Option<Running>>,
    opened: Mutex<Vec<PathBuf>>,
    /// What was dropped on the window last: the page may have such files read.
    dropped: Mutex<Vec<PathBuf>>,
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

    /// Remembers what was dropped on the window.
    pub fn remember_dropped(&self, files: &[PathBuf]) {
        files.clone_into(&mut lock(&self.dropped));
    }

    /// Whether this was dropped on the window, the last time that anything was.
    pub fn was_dropped(&self, file: &Path) -> bool {
        lock(&self.dropped).iter().any(|one| one == file)
    }

    /// Whether a measurement goes on in it.
    pub fn is_measuring(&self) -> bool {
        let running = lock(&self.running);
        running.as_ref().is_some_and(|one| one.live.is_measuring())
    }

    /// Stops it and waits until it has stopped.
    pub fn stop(&self) {
        let running = lock(&self.running).take();
        if let Some(running) = running {
            tauri::async_runtime::block_on(running.stop());
        }
    }
}

/// A node that is still to be started.
pub struct Start {
    line: Line,
    /// What is to be started once it runs. The page, which may ask before that, is not told of them.
    films: Vec<PathBuf>,
    say: watch::Sender<Started>,
}

/// The app's node, which whoever asks may wait for, and what starts it.
pub fn prepare(line: Line) -> (Node, Start) {
    let (say, started) = watch::channel(None);
    let (films, offered) = if line.start {
        (line.absolute_files(), Vec::new())
    } else {
        (Vec::new(), line.absolute_files())
    };
    let node = Node {
        started,
        running: Mutex::default(),
        opened: Mutex::new(offered),
        dropped: Mutex::default(),
    };
    (node, Start { line, films, say })
}

impl Start {
    /// Starts the node in the background.
    pub fn start(self, app: &AppHandle) {
        tauri::async_runtime::spawn(run(app.clone(), self));
    }
}

async fn run(app: AppHandle, Start { line, films, say }: Start) {
    let running = match open(line).await {
        Ok(running) => running,
        Err(error) => {
            tracing::error!(%error, "the node cannot start");
            say.send_replace(Some(Err(error)));
            // The page may still ask.
            return std::future::pending().await;
        }
    };
    let api = running.api();
    // Listened to before anybody can ask for a snapshot, so that nothing is missed.
    let events = api.events();
    let handed = api.handed();
    *lock(&Node::of(&app).running) = Some(running);
    say.send_replace(Some(Ok(api.clone())));
    tokio::join!(
        sink::forward(&app, api.clone(), events),
        drop::take_handed(&app, handed),
        start_films(&app, &api, films)
    );
    // Keeps the sender: whoever asks still gets the API, which says that the node has stopped.
    std::future::pending().await
}

/// Starts the films that the app was opened with, if that was wanted, as the user chose last. What cannot be started
/// as it is gets offered, with the reason.
async fn start_films(app: &AppHandle, api: &Api, named: Vec<PathBuf>) {
    let files = films::expand(named).into_iter().map(FilePath);
    let files = files.collect::<Vec<_>>();
    if files.is_empty() {
        return;
    }
    let choice = api.wishes().await.unwrap_or_default().last;
    let refused = match api.submit(files.clone(), choice.unwrap_or_default()).await {
        Ok(lines) => lines
            .into_iter()
            .filter(|line| line.job.is_none())
            .map(|line| line.path.0)
            .collect(),
        Err(_) => files.into_iter().map(|file| file.0).collect::<Vec<_>>(),
    };
    if !refused.is_empty() {
        drop::offer(app, refused);
    }
}

/// Starts a node as the command line says.
///
/// # Errors
/// What keeps it from starting.
pub async fn open(line: Line) -> Result<Running, ApiError> {
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
        settings: api::Sources::here(api::config::named()),
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
