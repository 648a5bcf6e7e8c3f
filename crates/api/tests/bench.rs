//! A measurement of a real node: rows that are exact, one at a time, kept for the next run, stopped when asked.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::path::Path;
use std::time::Duration;

use api::{
    Api, Bench, Choice, ErrorCode, FilePath, Live, NodeConfig, Purpose, Sources, Speed, call,
};

/// A node on this folder, once an earlier one has let go of it.
async fn node(data: &Path) -> Live {
    let config = NodeConfig {
        data_dir: data.to_owned(),
        name: Some("Bench".to_owned()),
        listen: None,
        mdns: false,
        network: false,
        donate: Some(false),
        peers: Vec::new(),
        stays: false,
        workers: None,
        settings: Sources::default(),
    };
    for _ in 0..500 {
        match Live::start(config.clone()).await {
            Ok(live) => return live,
            Err(error) => assert_eq!(error.code, ErrorCode::NodeRunning),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the data folder stays locked")
}

fn order(film: &Path, workers: Vec<u32>) -> call::StartBench {
    call::StartBench {
        film: Some(FilePath(film.to_owned())),
        workers,
        choice: Choice {
            purpose: Purpose::Everywhere,
            speed: Speed::Fast,
            ..Choice::default()
        },
    }
}

async fn ended(api: &Api) -> Bench {
    loop {
        let bench = api.call(call::Bench {}).await.unwrap();
        if bench.running.is_none() {
            return bench;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_measurement_is_made_kept_stopped_and_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let (data, film) = (folder.path().join("data"), folder.path().join("film.mkv"));
    let live = node(&data).await;
    live.test_clip(film.clone(), 2).await.unwrap();
    let api = live.api();

    let wrong = api.call(order(&film, vec![0])).await.unwrap_err();
    assert_eq!(wrong.code, ErrorCode::BadRequest);
    let missing = folder.path().join("nothing.mkv");
    api.call(order(&missing, vec![1])).await.unwrap();
    let failed = ended(&api).await;
    assert_eq!(failed.failed.unwrap().code, ErrorCode::NoSuchFile);
    assert!(failed.runs.is_empty());

    api.call(order(&film, vec![1, 2])).await.unwrap();
    let twice = api.call(order(&film, vec![1])).await.unwrap_err();
    assert_eq!(twice.code, ErrorCode::NotNow);
    let bench = ended(&api).await;
    assert_eq!(bench.failed, None);
    let run = &bench.runs[0];
    let workers: Vec<u32> = run.rows.iter().map(|row| row.workers).collect();
    assert_eq!(
        (workers, run.film.as_deref()),
        (vec![1, 2], Some("film.mkv"))
    );
    assert!(
        run.rows
            .iter()
            .all(|row| row.exact && row.frames > 0 && row.wall_s > 0.0)
    );
    assert!(run.summary.serial_fraction.is_some());
    // None of it is a job of this node.
    assert!(api.jobs().await.unwrap().is_empty());

    api.call(order(&film, vec![1, 1, 1, 1])).await.unwrap();
    api.call(call::StopBench {}).await.unwrap();
    let stopped = ended(&api).await;
    assert_eq!((stopped.failed, stopped.runs.len()), (None, 1));
    live.stop().await;
    drop(api);

    let live = node(&data).await;
    let api = live.api();
    let kept = api.call(call::Bench {}).await.unwrap().runs;
    assert_eq!(kept, bench.runs);
    let began_ms = kept[0].began_ms;
    api.call(call::ForgetBench { began_ms }).await.unwrap();
    assert!(ended(&api).await.runs.is_empty());

    // Whoever stops the node in the middle of a measurement finds nothing of it afterwards.
    api.call(order(&film, vec![1, 1, 1, 1])).await.unwrap();
    assert!(live.is_measuring());
    while folders().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    live.stop().await;
    assert_eq!(folders(), Vec::<String>::new());
}

/// The folders of this process' measurements.
fn folders() -> Vec<String> {
    let own = format!("manyhands-bench-{}-", std::process::id());
    let all = std::fs::read_dir(std::env::temp_dir()).unwrap();
    let names = all.map(|one| one.unwrap().file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with(&own)).collect()
}
