//! The API against a node in memory.

use serde_json::json;

use super::*;
use crate::rehearsal::{INVITE, Rehearsal, computer, job};

fn api() -> (Arc<Rehearsal>, Api) {
    let node = Arc::new(Rehearsal::default());
    (node.clone(), Api::new(node))
}

#[tokio::test]
async fn a_call_by_name_is_the_call() {
    let (node, api) = api();
    node.edit(|scene| scene.jobs.push(job(7, "film.mkv")));
    let by_name = api.dispatch("job", json!({ "id": 7 })).await.unwrap();
    let typed = api.call(call::Job { id: JobId(7) }).await.unwrap();
    assert_eq!(by_name, serde_json::to_value(&typed).unwrap());
    assert_eq!(typed.name, "film.mkv");
}

#[tokio::test]
async fn no_arguments_may_be_left_out() {
    let (_, api) = api();
    assert_eq!(api.dispatch("jobs", Value::Null).await.unwrap(), json!([]));
}

#[tokio::test]
async fn what_is_not_understood_is_a_bad_request() {
    let (_, api) = api();
    for (name, args) in [
        ("explode", json!({})),
        ("job", json!({})),
        ("jobs", json!({ "x": 1 })),
        ("job", json!({ "id": -1 })),
    ] {
        let error = api.dispatch(name, args).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::BadRequest, "{name}");
    }
}

#[tokio::test]
async fn one_bad_file_does_not_stop_the_others() {
    let (_, api) = api();
    let film = tempfile::NamedTempFile::new().unwrap();
    let paths = vec![FilePath::from("/no/such/film.mkv"), film.path().into()];
    let lines = api.submit(paths, Choice::default()).await.unwrap();
    assert_eq!(lines[0].error.as_ref().unwrap().code, ErrorCode::NoSuchFile);
    assert_eq!(lines[1].job, Some(JobId(1)));
    assert_eq!(api.jobs().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_choice_must_fit_the_files() {
    let (_, api) = api();
    let one = Choice {
        output: Some("/out.mkv".into()),
        ..Choice::default()
    };
    let both = Choice {
        out_dir: Some("/out".into()),
        ..one.clone()
    };
    let two_places = Choice {
        place: Place::InPlace { keep: None },
        ..one.clone()
    };
    let (a, b) = (FilePath::from("/a"), FilePath::from("/b"));
    for (paths, choice) in [
        (vec![a.clone()], two_places),
        (vec![], Choice::default()),
        (vec![a.clone(), b], one),
        (vec![a], both),
    ] {
        assert_eq!(
            api.submit(paths, choice).await.unwrap_err().code,
            ErrorCode::BadRequest
        );
    }
}

#[tokio::test]
async fn events_follow_the_snapshot_without_a_gap() {
    let (node, api) = api();
    let mut events = api.events();
    let before = api.snapshot().await.unwrap();
    node.edit(|scene| scene.jobs.push(job(1, "a.mkv")));
    node.edit(|scene| scene.computers.push(computer("Attic")));
    let mut seen = before.scene.clone();
    for number in 1..=2 {
        let numbered = events.next().await.unwrap();
        assert_eq!(numbered.seq, before.seq + number);
        match numbered.event {
            Event::Job(one) => seen.jobs.push(one),
            Event::Computer(one) => seen.computers.push(one),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(
        api.snapshot().await.unwrap(),
        Snapshot {
            seq: before.seq + 2,
            scene: seen
        }
    );
}

#[tokio::test(start_paused = true)]
async fn a_node_that_changes_all_the_time_is_told_four_times_a_second() {
    let (node, api) = api();
    let mut events = api.events();
    api.snapshot().await.unwrap();
    let start = tokio::time::Instant::now();
    let busy = tokio::spawn(async move {
        for number in 1_u32.. {
            node.edit(|scene| scene.here.ready = number);
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    });
    for _ in 0..12 {
        events.next().await.unwrap();
    }
    busy.abort();
    assert!(
        start.elapsed() >= std::time::Duration::from_millis(11 * 250),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn a_computer_is_found_by_name_or_by_the_beginning_of_its_id() {
    let (attic, attila) = (computer("Attic"), computer("Attila"));
    let both = [attic.clone(), attila];
    assert_eq!(find_computer(&both, "Attic"), Ok(attic.id.clone()));
    assert_eq!(
        find_computer(&both, &attic.id.0[..10].to_uppercase()),
        Ok(attic.id.clone())
    );
    for unclear in [&attic.id.0[..6], &attic.id.0[..2], "", "Cellar"] {
        assert_eq!(
            find_computer(&both, unclear).unwrap_err().code,
            ErrorCode::NoSuchPeer,
            "{unclear}"
        );
    }
}

#[tokio::test]
async fn an_invite_works_once() {
    let (_, api) = api();
    assert_eq!(
        api.pair(format!(" {INVITE}\n")).await.unwrap().name,
        "Attic"
    );
    assert_eq!(
        api.pair(INVITE.into()).await.unwrap_err().code,
        ErrorCode::InviteUsed
    );
    api.unpair("Attic".into()).await.unwrap();
    assert_eq!(api.peers().await.unwrap(), []);
}

#[tokio::test]
async fn a_receipt_is_for_completed_jobs() {
    let (node, api) = api();
    node.edit(|scene| scene.jobs.push(job(1, "a.mkv")));
    assert_eq!(
        api.receipt(JobId(1)).await.unwrap_err().code,
        ErrorCode::NotNow
    );
    assert_eq!(
        api.receipt(JobId(2)).await.unwrap_err().code,
        ErrorCode::NoSuchJob
    );
}
