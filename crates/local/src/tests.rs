//! Both ends together, over a real socket, on a node in memory.

use std::sync::Arc;

use api::rehearsal::Rehearsal;
use api::{Api, Choice, ErrorCode, Event, JobState, call};

use super::*;

fn start(data: &std::path::Path) -> (Arc<Rehearsal>, Server) {
    let node = Arc::new(Rehearsal::default());
    let server = Server::start(Api::new(node.clone()), data).unwrap();
    (node, server)
}

#[tokio::test]
async fn calls_go_in_and_answers_and_errors_come_out() {
    let data = tempfile::tempdir().unwrap();
    assert!(Client::connect(data.path()).await.unwrap().is_none());
    let (_node, _server) = start(data.path());
    let client = Client::connect(data.path()).await.unwrap().unwrap();
    let film = data.path().join("film.mkv");
    std::fs::write(&film, "x").unwrap();
    let paths = vec![film.clone().into(), data.path().join("none.mkv").into()];
    let taken = client
        .call(call::Submit {
            paths,
            choice: Choice::default(),
        })
        .await
        .unwrap();
    assert!(taken[0].job.is_some());
    assert_eq!(
        taken[1].error.as_ref().map(|error| error.code),
        Some(ErrorCode::NoSuchFile)
    );
    let job = client
        .call(call::Job {
            id: taken[0].job.unwrap(),
        })
        .await
        .unwrap();
    assert_eq!(job.source.0, film);
    let error = client
        .call(call::Job { id: api::JobId(99) })
        .await
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::NoSuchJob);
}

#[tokio::test]
async fn events_come_in_order_and_end_with_the_node() {
    let data = tempfile::tempdir().unwrap();
    let (node, server) = start(data.path());
    let client = Client::connect(data.path()).await.unwrap().unwrap();
    let mut events = client.events().await.unwrap();
    let before = client.call(call::Snapshot {}).await.unwrap();
    node.edit(|scene| scene.jobs.push(api::rehearsal::job(1, "a.mkv")));
    let first = events.recv().await.unwrap();
    assert_eq!(first.seq, before.seq + 1);
    assert!(matches!(first.event, Event::Job(job) if job.name == "a.mkv"));
    node.edit(|scene| scene.jobs[0].state = JobState::Cancelled);
    let second = events.recv().await.unwrap();
    assert_eq!(second.seq, first.seq + 1);

    drop(server);
    assert!(events.recv().await.is_none());
    let error = client.call(call::Jobs {}).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::NoNode);
}

#[tokio::test]
async fn many_clients_at_once_are_served_each() {
    let data = tempfile::tempdir().unwrap();
    let (_node, _server) = start(data.path());
    let calls = (0..20).map(|_| async {
        let client = Client::connect(data.path()).await.unwrap().unwrap();
        client
            .call(call::Snapshot {})
            .await
            .unwrap()
            .scene
            .here
            .version
    });
    let versions = futures_util::future::join_all(calls).await;
    assert_eq!(versions.len(), 20);
}

#[cfg(unix)]
#[tokio::test]
async fn a_node_of_another_version_is_named() {
    use tokio::io::AsyncWriteExt;
    let data = tempfile::tempdir().unwrap();
    let listener = tokio::net::UnixListener::bind(data.path().join("node.sock")).unwrap();
    let node = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let hello = b"{\"type\":\"hello\",\"protocol\":99,\"version\":\"7.7.7\"}\n";
        stream.write_all(hello).await.unwrap();
        stream
    };
    let (client, _stream) = tokio::join!(Client::connect(data.path()), node);
    let error = client.err().unwrap();
    assert_eq!(error.code, ErrorCode::NodeRunning);
    assert!(error.message.contains("7.7.7"), "{error}");
}
