//! Files in by upload, out by download.

use std::path::{Path, PathBuf};
use std::time::Duration;

use api::rehearsal::job;
use api::{Event, Events, JobState, Outcome};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::client::{OURS, Stage, serve};

fn entries(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, |entries| entries.count())
}

/// Waits for something that another task does; panics where it never comes.
async fn until(what: &str, done: impl Fn() -> bool) {
    for _ in 0..1000 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}

#[tokio::test]
async fn an_upload_arrives_whole_and_can_be_submitted() {
    let stage = Stage::new().await;
    let cookie = stage.sign_in().await;
    let film: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
    let answer = stage
        .send(
            "PUT /api/upload/caf%C3%A9%20%231.mkv",
            &[&cookie, OURS],
            &film,
        )
        .await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    let path = answer.json()["path"].as_str().unwrap().to_owned();
    assert!(path.ends_with("/café #1.mkv"), "{path}");
    assert_eq!(std::fs::read(&path).unwrap(), film);
    let submitted = stage
        .call(&cookie, "submit", &json!({ "paths": [path], "choice": {} }))
        .await
        .json();
    assert_eq!(submitted[0]["job"], 1);
}

#[tokio::test]
async fn what_is_too_large_or_cut_off_leaves_nothing() {
    let stage = Stage::with_limit(1000).await;
    let cookie = stage.sign_in().await;
    let uploads = stage.folder.path().join("uploads");
    assert_eq!(
        stage
            .send("PUT /api/upload/a.mkv", &[&cookie, OURS], &[0; 1001])
            .await
            .status,
        413
    );
    // A length not declared.
    let mut stream = TcpStream::connect(stage.web.address()).await.unwrap();
    let head = format!(
        "PUT /api/upload/a.mkv HTTP/1.1\r\nHost: {}\r\n{cookie}\r\n{OURS}\r\nTransfer-Encoding: chunked\r\n\r\n",
        stage.web.address()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(b"3e8\r\n").await.unwrap();
    stream.write_all(&[0; 1000]).await.unwrap();
    until("the upload began", || entries(&uploads) == 1).await;
    // Cut off in the middle.
    drop(stream);
    until("the upload was removed", || entries(&uploads) == 0).await;
    assert_eq!(
        stage
            .send("PUT /api/upload/a.mkv", &[&cookie, OURS], &[0; 1000])
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn an_interrupted_upload_goes_on_where_it_was() {
    let stage = Stage::new().await;
    let cookie = stage.sign_in().await;
    let film: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
    let key = "0123456789abcdef0123456789abcdef";
    let about = |from: usize| {
        [
            format!("X-Upload: {key}"),
            format!("X-Upload-From: {from}"),
            format!("X-Upload-Size: {}", film.len()),
        ]
    };
    let there = async || {
        let line = format!("GET /api/upload/{key}");
        let answer = stage.send(&line, &[&cookie, OURS], b"").await;
        usize::try_from(answer.json()["bytes"].as_u64().unwrap()).unwrap()
    };
    assert_eq!(there().await, 0);

    // The connection breaks in the middle of the first part.
    let mut stream = TcpStream::connect(stage.web.address()).await.unwrap();
    let head = format!(
        "PUT /api/upload/a.mkv HTTP/1.1\r\nHost: {}\r\n{cookie}\r\n{OURS}\r\n{}\r\nContent-Length: {}\r\n\r\n",
        stage.web.address(),
        about(0).join("\r\n"),
        film.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&film[..100_000]).await.unwrap();
    let uploads = stage.folder.path().join("uploads");
    until("the upload began", || entries(&uploads) == 1).await;
    // Asked while that connection still seems to be alive: it is ended, and what has come is counted.
    let first = there().await;
    assert!(first <= 100_000, "{first}");
    drop(stream);
    assert_eq!(there().await, first);

    let put = async |from: usize, body: &[u8]| {
        let [key, start, size] = about(from);
        let headers = [cookie.as_str(), OURS, &key, &start, &size];
        stage.send("PUT /api/upload/a.mkv", &headers, body).await
    };
    // A part that begins elsewhere is refused; the one that fits makes it whole.
    assert_eq!(put(first + 1, &film[first + 1..]).await.status, 409);
    let answer = put(first, &film[first..]).await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    let path = answer.json()["path"].as_str().unwrap().to_owned();
    assert_eq!(std::fs::read(&path).unwrap(), film);

    // Forgotten it is gone; used by a job it stays.
    let line = format!("DELETE /api/upload/{key}");
    stage
        .call(&cookie, "submit", &json!({ "paths": [path], "choice": {} }))
        .await;
    assert_eq!(stage.send(&line, &[&cookie, OURS], b"").await.status, 409);
    assert!(Path::new(&path).exists());
    let other = "fedcba9876543210fedcba9876543210";
    let headers = [
        &cookie,
        OURS,
        &format!("X-Upload: {other}"),
        "X-Upload-From: 0",
        "X-Upload-Size: 4",
    ];
    let line = "PUT /api/upload/b.mkv";
    assert_eq!(stage.send(line, &headers, b"film").await.status, 200);
    assert_eq!(entries(&uploads), 2);
    let line = format!("DELETE /api/upload/{other}");
    assert_eq!(stage.send(&line, &[&cookie, OURS], b"").await.status, 204);
    assert_eq!(entries(&uploads), 1);
    let nonsense = stage
        .send("GET /api/upload/..%2F..", &[&cookie, OURS], b"")
        .await;
    assert_eq!(nonsense.status, 404);
}

/// Once we are told of both jobs, whoever keeps the uploads will hear of them before he hears of their end.
async fn submit_two(stage: &Stage, cookie: &str, paths: [&Path; 2]) -> Events {
    let mut events = stage.api.events();
    stage.api.snapshot().await.unwrap();
    let both = json!({ "paths": paths, "choice": {} });
    stage.call(cookie, "submit", &both).await;
    let mut told = 0;
    while told < 2 {
        let event = events.next().await.unwrap().event;
        told += usize::from(matches!(event, Event::Job(_)));
    }
    events
}

#[tokio::test]
async fn a_forgotten_job_takes_its_upload_along_and_nothing_else() {
    let stage = Stage::new().await;
    let cookie = stage.sign_in().await;
    let mine = stage.folder.path().join("film.mkv");
    std::fs::write(&mine, b"film").unwrap();
    let upload = stage
        .send("PUT /api/upload/a.mkv", &[&cookie, OURS], b"film")
        .await
        .json();
    let uploaded = PathBuf::from(upload["path"].as_str().unwrap());
    submit_two(&stage, &cookie, [&mine, &uploaded]).await;
    for id in [1, 2] {
        stage.call(&cookie, "cancel", &json!({ "id": id })).await;
    }
    assert!(uploaded.exists());
    for id in [1, 2] {
        assert_eq!(
            stage
                .call(&cookie, "forget", &json!({ "id": id }))
                .await
                .status,
            200
        );
    }
    until("the upload is gone", || !uploaded.exists()).await;
    assert!(mine.exists());
}

/// Its path begins as those of uploads do, and leads to a film of the user's.
#[tokio::test]
async fn a_forgotten_job_whose_path_goes_back_takes_nothing_along() {
    let stage = Stage::new().await;
    let cookie = stage.sign_in().await;
    let at = |path: &str| stage.folder.path().join(path);
    std::fs::create_dir(at("films")).unwrap();
    std::fs::write(at("films/a.mkv"), b"film").unwrap();
    std::fs::write(at("kept"), b"everything else").unwrap();
    let upload = stage
        .send("PUT /api/upload/a.mkv", &[&cookie, OURS], b"film")
        .await
        .json();
    let uploaded = PathBuf::from(upload["path"].as_str().unwrap());
    let mine = at("uploads/../films/a.mkv");
    let mut events = submit_two(&stage, &cookie, [&mine, &uploaded]).await;
    for id in [1, 2] {
        stage.call(&cookie, "cancel", &json!({ "id": id })).await;
        let forgotten = stage.call(&cookie, "forget", &json!({ "id": id })).await;
        assert_eq!(forgotten.status, 200);
        // One after the other: once the upload is gone, whoever keeps the uploads is done with the film.
        while !matches!(events.next().await.unwrap().event, Event::JobGone(_)) {}
    }
    until("the upload is gone", || !uploaded.exists()).await;
    assert!(at("films/a.mkv").exists() && at("kept").exists());
}

#[tokio::test]
async fn a_start_removes_uploads_that_no_job_uses() {
    let stage = Stage::new().await;
    let cookie = stage.sign_in().await;
    let used = stage
        .send("PUT /api/upload/a.mkv", &[&cookie, OURS], b"film")
        .await
        .json()["path"]
        .as_str()
        .unwrap()
        .to_owned();
    let unused = stage
        .send("PUT /api/upload/b.mkv", &[&cookie, OURS], b"film")
        .await
        .json()["path"]
        .as_str()
        .unwrap()
        .to_owned();
    stage
        .call(&cookie, "submit", &json!({ "paths": [used], "choice": {} }))
        .await;
    stage.web.stop().await;
    let _again = serve(&stage.api, stage.folder.path(), 1000).await;
    until("the unused upload is gone", || !Path::new(&unused).exists()).await;
    assert!(Path::new(&used).exists());
}

#[tokio::test]
async fn the_output_is_given_whole_or_in_part() {
    let stage = Stage::new().await;
    let cookie = stage.sign_in().await;
    let path = stage.folder.path().join("film \"1\".hevc.mkv");
    std::fs::write(&path, b"0123456789").unwrap();
    let outcome = Outcome {
        output: path.clone().into(),
        receipt: "/receipt.json".into(),
        exact: true,
        verdict: "Exact.".into(),
        frames: 10,
        bytes: 10,
        wall_s: 1.0,
    };
    let mut done = job(1, "film.mkv");
    done.state = JobState::Completed { outcome };
    stage
        .node
        .edit(|scene| scene.jobs.extend([done, job(2, "other.mkv")]));
    let whole = stage.send("GET /api/output/1", &[&cookie], b"").await;
    assert_eq!(
        (whole.status, whole.body.as_slice()),
        (200, b"0123456789".as_slice())
    );
    assert!(
        whole
            .header("content-disposition")
            .unwrap()
            .contains("film%20%221%22.hevc.mkv")
    );
    let part = stage
        .send("GET /api/output/1", &[&cookie, "Range: bytes=4-"], b"")
        .await;
    assert_eq!(
        (part.status, part.body.as_slice()),
        (206, b"456789".as_slice())
    );
    assert_eq!(part.header("content-range"), Some("bytes 4-9/10"));
    assert_eq!(
        stage
            .send("GET /api/output/1", &[&cookie, "Range: bytes=10-"], b"")
            .await
            .status,
        416
    );
    assert_eq!(
        stage
            .send("GET /api/output/2", &[&cookie], b"")
            .await
            .status,
        409
    );
    assert_eq!(
        stage
            .send("GET /api/output/3", &[&cookie], b"")
            .await
            .status,
        404
    );
    std::fs::remove_file(path).unwrap();
    assert_eq!(
        stage
            .send("GET /api/output/1", &[&cookie], b"")
            .await
            .status,
        404
    );
}
