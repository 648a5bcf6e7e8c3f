//! For tests: a node without a network, and how the ends of its jobs are waited for.

use std::path::Path;
use std::time::Duration;

use crate::config::Sources;
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
