//! `/api/v1/events` and its WebSocket: what programs are told, and who is told no more.

use api::KeyScope::Read;
use api::rehearsal::job;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::Stage;
use crate::v1::{code, key, read_until};

/// Streams at once.
const STREAMS: usize = 64;

/// Opens a stream with these header lines; gives it with the head of the answer.
async fn open(stage: &Stage, path: &str, headers: &[&str]) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(stage.web.address()).await.unwrap();
    let head = format!(
        "GET /api/v1/{path} HTTP/1.1\r\nHost: {}\r\n{}\r\n\r\n",
        stage.web.address(),
        headers.join("\r\n")
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let head = read_until(&mut stream, "\r\n\r\n").await;
    (stream, head)
}

/// Reads on until `wanted` has come, behind what has come so far.
async fn told(stream: &mut TcpStream, mut sofar: String, wanted: &str) -> String {
    if !sofar.contains(wanted) {
        sofar += &read_until(stream, wanted).await;
    }
    sofar
}

const UPGRADE: [&str; 4] = [
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];

#[tokio::test]
async fn who_comes_back_hears_first_that_something_was_missed() {
    let stage = Stage::new().await;
    let key = key(&stage, &[Read]).await;
    let (mut stream, head) = open(&stage, "events", &[&key, "Last-Event-ID: 5"]).await;
    assert!(
        head.contains("200 OK") && head.contains("text/event-stream"),
        "{head}"
    );
    let said = told(&mut stream, head, "missed").await;
    assert!(
        said.contains("data: {\"seq\":0,\"event\":{\"type\":\"missed\"}}"),
        "{said}"
    );
    // Who was never here has missed nothing.
    let (mut stream, head) = open(&stage, "events", &[&key]).await;
    stage.api.snapshot().await.unwrap();
    stage.node.edit(|scene| scene.jobs.push(job(3, "film.mkv")));
    let said = told(&mut stream, head, "}}}\n").await;
    assert!(
        said.contains("film.mkv") && !said.contains("missed"),
        "{said}"
    );
    // Each event is one line of JSON under its number, and forgotten jobs are told, too.
    let mut lines = said.lines();
    let line = lines.find_map(|line| line.strip_prefix("data: ")).unwrap();
    let event: serde_json::Value = serde_json::from_str(line).unwrap();
    assert!(said.contains(&format!("id: {}", event["seq"])), "{said}");
    assert_eq!(event["event"]["job"]["id"], 3);
    stage.node.edit(|scene| scene.jobs.clear());
    let gone = "{\"type\":\"job_gone\",\"job_id\":3}";
    read_until(&mut stream, gone).await;
}

#[tokio::test]
async fn there_are_so_many_streams_and_no_more() {
    let stage = Stage::new().await;
    let key = key(&stage, &[Read]).await;
    let socket = [&[key.as_str()][..], &UPGRADE].concat();
    let mut all = Vec::new();
    for number in 0..STREAMS {
        let (stream, head) = match number % 2 {
            0 => open(&stage, "events", &[&key]).await,
            _ => open(&stage, "events/socket", &socket).await,
        };
        assert!(head.contains(" 200 ") || head.contains(" 101 "), "{head}");
        all.push(stream);
    }
    let one_more = stage.send("GET /api/v1/events", &[&key], b"").await;
    assert_eq!(code(&one_more), (503, "busy".into()));
    let (_, head) = open(&stage, "events/socket", &socket).await;
    assert!(head.contains(" 503 "), "{head}");
    // A seat that is left is free again.
    drop(all);
    loop {
        let (_, head) = open(&stage, "events", &[&key]).await;
        if head.contains(" 200 ") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn who_says_too_much_to_a_socket_is_ended() {
    let stage = Stage::new().await;
    let key = key(&stage, &[Read]).await;
    let socket = [&[key.as_str()][..], &UPGRADE].concat();
    // A frame of 64 KiB, and a hundred little ones.
    let mut large = vec![0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4];
    large.resize(large.len() + (64 << 10), 0);
    let many = [0x82, 0x81, 1, 2, 3, 4, 5].repeat(100);
    for said in [large, many] {
        let (mut stream, head) = open(&stage, "events/socket", &socket).await;
        assert!(head.contains(" 101 "), "{head}");
        // It may be closed before all of it is written.
        let _ = stream.write_all(&said).await;
        // Ends: were the socket left open, this would wait for ever.
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }
    assert_eq!(
        stage.send("GET /api/v1/jobs", &[&key], b"").await.status,
        200
    );
}

#[tokio::test]
async fn events_are_told_by_both_ways_and_pairing_is_not() {
    let stage = Stage::new().await;
    let key = key(&stage, &[Read]).await;
    let mut stream = TcpStream::connect(stage.web.address()).await.unwrap();
    let head = format!(
        "GET /api/v1/events HTTP/1.1\r\nHost: {}\r\n{key}\r\n\r\n",
        stage.web.address()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    read_until(&mut stream, ": open").await;
    let mut socket = TcpStream::connect(stage.web.address()).await.unwrap();
    let head = format!(
        "GET /api/v1/events/socket HTTP/1.1\r\nHost: {}\r\n{key}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        stage.web.address()
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let opened = read_until(&mut socket, "\r\n\r\n").await;
    assert!(opened.starts_with("HTTP/1.1 101"), "{opened}");
    stage.api.snapshot().await.unwrap();
    stage.api.ask("Kitchen".into()).await.ok();
    stage.node.edit(|scene| {
        scene.pairing.refusal = None;
        scene.jobs.push(job(3, "film.mkv"));
    });
    for told in [
        read_until(&mut stream, "film.mkv").await,
        read_until(&mut socket, "film.mkv").await,
    ] {
        assert!(told.contains("\"type\":\"job\""), "{told}");
        assert!(
            !told.contains("482 913") && !told.contains("pairing"),
            "{told}"
        );
    }
}
