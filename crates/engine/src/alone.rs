//! For tests: a node without a network, and how the ends of its jobs are waited for.

use std::path::Path;
use std::time::Duration;

use swap::Identity;

use crate::config::Sources;
use crate::job::Memo;
use crate::node::{Node, NodeConfig};
use crate::status::{JobId, JobStatus};

/// How such a node is started: its data in `home`, without a loop that goes on with what was interrupted.
pub(crate) fn config(home: &Path) -> NodeConfig {
    NodeConfig {
        data_dir: home.join("data"),
        name: Some("alone".into()),
        listen: None,
        mdns: false,
        network: false,
        donate: None,
        peers: Vec::new(),
        stays: false,
        workers: None,
        settings: Sources::default(),
    }
}

/// Starts it.
pub(crate) async fn node(home: &Path) -> Node {
    Node::start(config(home)).await.unwrap()
}

/// Waits until enough of the job is done.
pub(crate) async fn until(
    node: &Node,
    id: JobId,
    enough: impl Fn(&JobStatus) -> bool,
) -> JobStatus {
    loop {
        let jobs = node.status().await.unwrap().jobs;
        let job = jobs.into_iter().find(|job| job.id == id).unwrap();
        if enough(&job) {
            return job;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until the job is over, however it ended.
pub(crate) async fn over(node: &Node, id: JobId) -> JobStatus {
    until(node, id, |job| job.finished_ms.is_some()).await
}

/// The row of a job that was cut off when its film and its result had traded places on that disk.
pub(crate) fn half_way(disk: &Path, job: i64, outcome: &Memo) -> store::Original {
    let at = |name: &str| disk.join(name);
    let identity = |name: &str| Identity::of(&at(name)).unwrap();
    store::Original {
        job,
        source: at("film.mkv"),
        target: at("film.mkv"),
        backup: at("film.mkv.bak"),
        aside: at(".part"),
        receipt: at("receipt.json"),
        phase: store::OriginalPhase::Replacing,
        step: String::new(),
        memo: serde_json::json!({
            "original": identity("film.mkv.bak"), "result": identity("film.mkv"), "outcome": outcome,
        }),
        bytes: 8,
        replaced: 1,
        until: None,
    }
}
