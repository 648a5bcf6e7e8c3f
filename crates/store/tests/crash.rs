//! What was acknowledged survives the death of the process that was told so.
//!
//! The test runs itself as a child that writes without end and prints the number of each job once the store
//! has acknowledged it; the child is killed in the middle, several times over the same folder.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![expect(
    clippy::disallowed_methods,
    reason = "the child is this test itself, not an ffmpeg"
)]

use std::path::Path;
use std::process::Stdio;

use serde_json::json;
use store::{NewJob, Segment, SegmentState, Store};
use tokio::io::{AsyncBufReadExt, BufReader};

const CHILD: &str = "MANYHANDS_TEST_CRASH_FOLDER";

#[tokio::test]
async fn killed_in_a_burst_of_writes_everything_acknowledged_is_there() {
    if let Some(folder) = std::env::var_os(CHILD) {
        write_without_end(Path::new(&folder)).await;
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = Vec::new();
    for kill_after in [1, 40, 300] {
        acknowledged.extend(burst(folder.path(), kill_after).await);
        let store = Store::open(folder.path()).unwrap();
        let jobs = store.call(|t| t.jobs()).await.unwrap();
        for id in &acknowledged {
            assert!(
                jobs.iter().any(|job| job.id == *id),
                "job {id} was acknowledged and is gone"
            );
        }
        for job in jobs {
            let segments = store.call(move |t| t.segments(job.id)).await.unwrap();
            assert_eq!(segments.len(), 2, "job {} was half written", job.id);
        }
    }
    assert!(acknowledged.len() >= 341);
}

/// Starts the child, kills it (SIGKILL) when it has acknowledged `kill_after` jobs, and gives every number it
/// managed to print.
async fn burst(folder: &Path, kill_after: usize) -> Vec<i64> {
    let mut child = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "killed_in_a_burst_of_writes_everything_acknowledged_is_there",
            "--nocapture",
        ])
        .env(CHILD, folder)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut numbers = Vec::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        if let Some(number) = line.strip_prefix("job ") {
            numbers.push(number.parse().unwrap());
        }
        if numbers.len() == kill_after {
            child.start_kill().unwrap();
        }
    }
    let ended = child.wait().await.unwrap();
    assert!(!ended.success(), "the child ended by itself");
    assert!(
        numbers.len() >= kill_after,
        "only {} of {kill_after}",
        numbers.len()
    );
    numbers
}

async fn write_without_end(folder: &Path) {
    let store = Store::open(folder).unwrap();
    let writers = (0..8).map(|_| tokio::spawn(write_jobs(store.clone())));
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
}

#[expect(clippy::print_stdout, reason = "the parent reads it")]
async fn write_jobs(store: Store) {
    loop {
        let id = store
            .call(|t| {
                let job = NewJob {
                    source: "/films/a.mkv".into(),
                    source_bytes: 1,
                    source_modified: 0,
                    source_sample: [7; 32],
                    choice: json!({}),
                    created: 0,
                };
                let id = t.add_job(&job)?;
                t.put_segment(&segment(id, 0))?;
                t.put_segment(&segment(id, 1))?;
                Ok(id)
            })
            .await
            .unwrap();
        println!("job {id}");
    }
}

fn segment(job: i64, index: u32) -> Segment {
    Segment {
        job,
        index,
        start_pts: 0,
        end_pts: 1,
        frames: 1,
        work: 1,
        payload: json!(null),
        state: SegmentState::Waiting,
        attempt: 0,
        peer: None,
        digest: None,
        file: None,
        report: None,
    }
}
