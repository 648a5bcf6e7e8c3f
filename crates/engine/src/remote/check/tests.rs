//! Results of others, beside the films that they are said to be of.

use std::fs;
use std::io;

use super::*;
use crate::alone;
use crate::intake;
use crate::job::Memo;
use crate::journal::job_id;

/// A node, and a film of it whose result is here.
async fn returned(home: &Path) -> (Node, Work) {
    let node = alone::node(home).await;
    fs::write(home.join("film.mkv"), "the film").unwrap();
    fs::write(home.join("returned"), "its result").unwrap();
    let source = intake::look(&home.join("film.mkv")).unwrap();
    let job = store::NewJob {
        source: source.path.clone(),
        source_sample: intake::sample(&source.path).unwrap(),
        source_bytes: source.bytes,
        source_modified: source.modified_ms,
        choice: serde_json::Value::Null,
        created: 1,
    };
    let row = node.0.store.call(move |tables| tables.add_job(&job));
    let row = row.await.unwrap();
    let work = Work {
        job: job_id(row),
        row,
        source,
        choice: Choice::default(),
        terms: Terms::default(),
        returned: home.join("returned"),
        scratch: home.to_owned(),
        maker: ("0".repeat(64), "owner".to_owned()),
        frames: 75,
        digest: Some(peer::Digest(*blake3::hash(b"its result").as_bytes())),
        node: "0123abcd".to_owned(),
        created_ms: 1,
    };
    (node, work)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_its_place_already_gets_no_second_one() {
    let home = tempfile::tempdir().unwrap();
    let (node, work) = returned(home.path()).await;
    let outcome = Outcome {
        output: home.path().join("film.h264.mp4"),
        receipt: home.path().join("receipt.json"),
        exact: true,
        verdict: "Exact.".into(),
        frames: 75,
        bytes: 10,
        wall_ms: 5,
    };
    fs::write(&outcome.output, "its result").unwrap();
    fs::write(&outcome.receipt, "{}").unwrap();
    let memo = Memo {
        exact: true,
        verdict: outcome.verdict.clone(),
        frames: outcome.frames,
        bytes: outcome.bytes,
        wall_ms: outcome.wall_ms,
        ..Memo::default()
    };
    let (ledger, job, noted) = (node.0.ledger.clone(), work.job, outcome.clone());
    let sample = intake::sample(&outcome.output).unwrap();
    // And then its computer was turned off.
    let noting =
        tokio::task::spawn_blocking(move || placed::note(&ledger, job, &noted, memo, sample));
    noting.await.unwrap().unwrap();
    let checked = check_and_place(&node, work, CancellationToken::new()).await;
    let Some(Checked::Placed(found)) = checked else {
        panic!("{checked:?}");
    };
    assert_eq!(found, outcome);
    node.stop().await;
}

/// Nothing of the film is at its name any more, which is no reason to take it for another one.
#[tokio::test(flavor = "multi_thread")]
async fn what_has_taken_its_films_place_half_way_is_gone_on_with() {
    let home = tempfile::tempdir().unwrap();
    let (node, mut work) = returned(home.path()).await;
    work.terms.place = Place::InPlace { keep: None };
    let at = |name: &str| home.path().join(name);
    fs::rename(at("film.mkv"), at("film.mkv.bak")).unwrap();
    fs::write(at("film.mkv"), "its result").unwrap();
    let memo = Memo {
        frames: 75,
        ..Memo::default()
    };
    let cut = alone::half_way(home.path(), work.row, &memo);
    let noting = node.0.store.call(move |tables| tables.put_original(&cut));
    noting.await.unwrap();
    let row = work.row;
    let checked = check_and_place(&node, work, CancellationToken::new()).await;
    let Some(Checked::Placed(found)) = checked else {
        panic!("{checked:?}");
    };
    assert_eq!((found.output, found.frames), (at("film.mkv"), 75));
    let job = node.0.store.call(move |tables| tables.job(row)).await;
    let state = job.unwrap().unwrap().state;
    assert_eq!(state, store::JobState::Completed);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_is_gone_is_not_looked_for_again() {
    let home = tempfile::tempdir().unwrap();
    let (node, work) = returned(home.path()).await;
    fs::remove_file(&work.returned).unwrap();
    let checked = check_and_place(&node, work, CancellationToken::new()).await;
    let Some(Checked::Refused(trouble)) = checked else {
        panic!("{checked:?}");
    };
    let said = "The result that came from owner is not among the working files any more.";
    assert_eq!(trouble.message, said);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_called_off_leaves_nothing_beside_the_film() {
    let home = tempfile::tempdir().unwrap();
    let (node, work) = returned(home.path()).await;
    let left = home
        .path()
        .join(format!(".manyhands-0123abcd-{}.part.mkv", work.job));
    assert_eq!(work.choice.container(), Container::Mkv);
    fs::write(&left, "what an earlier run has copied").unwrap();
    let cancel = CancellationToken::new();
    cancel.cancel();
    assert!(check_and_place(&node, work, cancel).await.is_none());
    assert!(!left.exists());
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_blamed_for_what_is_wrong_here() {
    let home = tempfile::tempdir().unwrap();
    let (node, work) = returned(home.path()).await;
    is_to_blame(&node, &work).await.unwrap();
    fs::write(&work.returned, "its resulT").unwrap();
    let kind = async |work: &Work| is_to_blame(&node, work).await.unwrap_err().kind;
    assert_eq!(kind(&work).await, Kind::Unreadable);
    fs::write(&work.returned, "its result").unwrap();
    fs::write(&work.source.path, "another film").unwrap();
    assert_eq!(kind(&work).await, Kind::SourceChanged);
    fs::remove_file(&work.source.path).unwrap();
    assert_eq!(kind(&work).await, Kind::Unreadable);
    node.stop().await;
}

#[test]
fn a_run_that_could_not_look_says_nothing_of_the_result() {
    let pipe = |error: io::Error| Fault::run(RunError::Pipe(error));
    let packets = pipe(io::Error::other("some packets are damaged"));
    assert!(matches!(packets, Fault::Bad(_)), "{packets:?}");
    let broken = pipe(io::Error::from_raw_os_error(5));
    assert!(matches!(broken, Fault::Here(_)), "{broken:?}");
    let unread = Fault::digest(RunError::Unread("Connection timed out".to_owned()).into());
    assert!(matches!(unread, Fault::Here(_)), "{unread:?}");
    let full = Fault::probe(ProbeError::NotOpened("No space left on device".to_owned()));
    assert!(matches!(full, Fault::Here(_)), "{full:?}");
    let nonsense = Fault::probe(ProbeError::NotOpened("Invalid data found".to_owned()));
    assert!(matches!(nonsense, Fault::Bad(_)), "{nonsense:?}");
    let not_seen = Fault::merge(MergeError::not_seen("the sound could not be read"));
    assert!(matches!(not_seen, Fault::Here(_)), "{not_seen:?}");
}

#[test]
fn pictures_that_the_film_lacks_are_not_missing_in_the_result() {
    let windows = [0..4, 96..100];
    let seen = |frames: usize| vec![Grey::new(); frames];
    assert_eq!(lacking(&windows, &[seen(4), seen(4)]), None);
    assert_eq!(lacking(&windows, &[seen(4), seen(3)]), Some(1));
}

#[test]
fn a_result_of_nothing_but_frames_takes_no_memory() {
    let mut listed = Listed::of(3);
    listed.take(&FilmPacket::Timebase(Timebase::MICROSECONDS));
    for pts in [2, 1, 0] {
        listed.take(&FilmPacket::Packet(pts, [0; 16]));
    }
    for pts in 0..1000 {
        listed.take(&FilmPacket::Packet(pts, [0; 16]));
    }
    assert_eq!((listed.times.len(), listed.found), (4, 1003));
    let Err(Fault::Bad(why)) = listed.sorted() else {
        panic!("it was taken");
    };
    assert_eq!(why, "it has 1003 of 3 frames");
    let mut listed = Listed::of(3);
    for pts in [2, 1, 0] {
        listed.take(&FilmPacket::Packet(pts, [0; 16]));
    }
    let (_, times) = listed.sorted().unwrap();
    assert_eq!(times, [0, 1, 2]);
}

#[test]
fn both_ends_are_always_looked_at() {
    assert_eq!(windows(1, |_| 0), std::slice::from_ref(&(0..1)));
    assert_eq!(windows(4, |_| 0), std::slice::from_ref(&(0..4)));
    assert_eq!(windows(6, |_| 0), [0..4, 2..6]);
    let mut next = 0;
    let found = windows(1000, |most| {
        next += 100;
        next % most
    });
    assert_eq!(found.len(), PLACES + 2);
    assert_eq!((&found[0], &found[PLACES + 1]), (&(0..4), &(996..1000)));
}
