//! Calls and events.

use api::rehearsal::job;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::Stage;

#[tokio::test]
async fn calls_answer_or_say_why_not() {
    let stage = Stage::new().await;
    let cookie = stage.sign_in().await;
    let snapshot = stage.call(&cookie, "snapshot", &json!({})).await;
    assert_eq!(snapshot.json()["here"]["computer"]["name"], "Here");
    let refused = [
        ("explode", 400, "bad_request"),
        ("job", 404, "no_such_job"),
        ("cancel", 404, "no_such_job"),
    ];
    for (name, status, code) in refused {
        let answer = stage.call(&cookie, name, &json!({ "id": 9 })).await;
        assert_eq!(
            (answer.status, answer.json()["code"].as_str()),
            (status, Some(code)),
            "{name}"
        );
    }
    let broken = stage
        .send("POST /api/jobs", &[&cookie, crate::client::OURS], b"{")
        .await;
    assert_eq!(broken.status, 400);
}

/// Reads a stream of events until it holds `wanted`; fails if it ends first.
async fn read_until(stream: &mut TcpStream, wanted: &str) -> String {
    let mut text = Vec::new();
    loop {
        let mut block = [0; 4096];
        let got = stream.read(&mut block).await.unwrap();
        assert!(got > 0, "ended: {}", String::from_utf8_lossy(&text));
        text.extend_from_slice(&block[..got]);
        let sofar = String::from_utf8_lossy(&text);
        if sofar.contains(wanted) {
            return sofar.into_owned();
        }
    }
}

async fn listen(stage: &Stage, cookie: &str) -> TcpStream {
    let mut stream = TcpStream::connect(stage.web.address()).await.unwrap();
    let head = format!(
        "GET /api/events HTTP/1.1\r\nHost: {}\r\n{cookie}\r\n\r\n",
        stage.web.address()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn events_arrive_as_they_happen() {
    let stage = Stage::new().await;
    let cookie = stage.sign_in().await;
    let mut stream = listen(&stage, &cookie).await;
    let head = read_until(&mut stream, ": open").await;
    assert!(head.contains("text/event-stream"), "{head}");
    let before = stage.call(&cookie, "snapshot", &json!({})).await.json()["seq"]
        .as_u64()
        .unwrap();
    stage.node.edit(|scene| scene.jobs.push(job(3, "film.mkv")));
    let event = read_until(&mut stream, "film.mkv").await;
    assert!(
        event.contains(&format!("\"seq\":{}", before + 1)),
        "{event}"
    );
    assert!(event.contains("\"is\":\"job\""), "{event}");
}

#[tokio::test]
async fn stopping_ends_the_streams() {
    let stage = Stage::new().await;
    let cookie = stage.sign_in().await;
    let mut stream = listen(&stage, &cookie).await;
    read_until(&mut stream, ": open").await;
    stage.web.stop().await;
    let mut rest = Vec::new();
    // Ends: were the stream left open, this would wait for ever.
    let _ = stream.read_to_end(&mut rest).await;
}
