//! Makes numbered events of a node that changes: looks, compares, tells; at most four times a second.
//!
//! One task does it. Nothing is kept for clients that are not there: a slow one loses events, sees the gap
//! in their numbers and asks for a snapshot.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, broadcast};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::error::ApiError;
use crate::event::{Numbered, difference};
use crate::node::Node;
use crate::view::{Scene, Snapshot};

/// The least time between two looks.
const PAUSE: Duration = Duration::from_millis(250);
/// The longest time between two looks while a job goes on: clocks run without anybody saying so.
const TICK: Duration = Duration::from_secs(1);
/// Events kept for a client that is slow.
const BACKLOG: usize = 1024;

/// The task and what it shares with those who ask for a snapshot.
pub struct Pump {
    told: Arc<Told>,
    task: JoinHandle<()>,
}

struct Told {
    node: Arc<dyn Node>,
    last: Mutex<Option<Snapshot>>,
    events: broadcast::Sender<Numbered>,
}

/// The events from one moment on.
pub struct Events(broadcast::Receiver<Numbered>);

impl Events {
    /// The next event; `None` when the node has stopped. A gap in the numbers means that this client was
    /// too slow: it should ask for a snapshot.
    pub async fn next(&mut self) -> Option<Numbered> {
        loop {
            match self.0.recv().await {
                Ok(numbered) => return Some(numbered),
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}

impl Pump {
    /// Starts the task on the current runtime.
    pub fn start(node: Arc<dyn Node>) -> Self {
        let (events, _) = broadcast::channel(BACKLOG);
        let told = Arc::new(Told {
            node,
            last: Mutex::new(None),
            events,
        });
        let task = tokio::spawn(keep_telling(told.clone()));
        Self { told, task }
    }

    /// The events from now on.
    pub fn subscribe(&self) -> Events {
        Events(self.told.events.subscribe())
    }

    /// A fresh snapshot. What it holds that nobody was told yet is told now, so that the numbers agree.
    pub async fn look(&self) -> Result<Snapshot, ApiError> {
        self.told.look().await
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn keep_telling(told: Arc<Told>) {
    let mut changes = told.node.changes();
    let mut going = true;
    loop {
        let waited = if going {
            timeout(TICK, changes.changed()).await.unwrap_or(Ok(()))
        } else {
            changes.changed().await
        };
        if waited.is_err() {
            return;
        }
        // With nobody to tell, only remember that there may be something.
        going = told.events.receiver_count() == 0 || told.still_goes_on().await;
        sleep(PAUSE).await;
    }
}

impl Told {
    /// Looks and tells; whether there is a job that goes on.
    async fn still_goes_on(&self) -> bool {
        let looked = self.look().await;
        looked.is_ok_and(|snapshot| snapshot.scene.jobs.iter().any(|job| !job.state.is_over()))
    }

    async fn look(&self) -> Result<Snapshot, ApiError> {
        // Held while looking, so that two looks cannot tell their events in the wrong order.
        let mut last = self.last.lock().await;
        let scene = self.node.scene().await?;
        let seq = last
            .as_ref()
            .map_or(0, |snapshot| self.tell(snapshot, &scene));
        let snapshot = Snapshot { seq, scene };
        *last = Some(snapshot.clone());
        Ok(snapshot)
    }

    fn tell(&self, before: &Snapshot, after: &Scene) -> u64 {
        let mut seq = before.seq;
        for event in difference(&before.scene, after) {
            seq += 1;
            // No receiver is no error.
            let _ = self.events.send(Numbered { seq, event });
        }
        seq
    }
}
