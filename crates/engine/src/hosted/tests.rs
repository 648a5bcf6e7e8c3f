//! Films of others on a real node: what is kept of them, and what it counts for.

use std::fs;
use std::time::SystemTime;

use media::choice::Choice;
use peer::NetEvent;
use serde_json::{Value, json};
use store::Store;
use tokio::sync::Semaphore;

use super::decide::Made;
use super::*;
use crate::alone;
use crate::node::NodeConfig;

async fn put(data: &Path, notes: &Value) {
    let store = Store::open(data).unwrap();
    let notes = notes.clone();
    let put = store.call(move |tables| tables.set_setting(NOTES, &notes));
    put.await.unwrap();
}

#[tokio::test]
async fn notes_that_cannot_be_read_are_written_back() {
    let folder = tempfile::tempdir().unwrap();
    let unknown = json!([{ "reel": 1 }]);
    put(folder.path(), &unknown).await;
    let load = async || Films::load(&Store::open(folder.path()).unwrap()).await;
    let (films, notice) = load().await.unwrap();
    assert!(films.all.is_empty());
    assert!(notice.unwrap().contains("cannot be read"));
    let key = (PeerId([1; 32]), FilmId([2; 16]));
    let notes = serde_json::to_value(films.notes(key, None)).unwrap();
    assert_eq!(notes, unknown);
    put(folder.path(), &json!("no list at all")).await;
    assert!(load().await.is_err());
}

/// Whether what lies where films do, and no note names, goes.
async fn is_swept(notes: Value) -> bool {
    let home = tempfile::tempdir().unwrap();
    let data = alone::config(home.path()).data_dir;
    put(&data, &notes).await;
    let left = data.join("films").join("left");
    fs::create_dir_all(&left).unwrap();
    let long_ago = SystemTime::now() - Duration::from_secs(3600);
    File::open(&left).unwrap().set_modified(long_ago).unwrap();
    let config = NodeConfig {
        stays: true,
        ..alone::config(home.path())
    };
    let node = Node::start(config).await.unwrap();
    for _ in 0..50 {
        node.status().await.unwrap();
        if !left.exists() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    node.stop().await;
    !left.exists()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_swept_that_an_unread_note_may_speak_of() {
    assert!(is_swept(json!([])).await);
    assert!(!is_swept(json!([{ "reel": 1 }])).await);
}

const SENDER: PeerId = PeerId([2; 32]);

/// A film that all came, under this name.
fn received(film: u8) -> Note {
    Note {
        peer: SENDER,
        film: FilmId([film; 16]),
        name: "holiday.mkv".to_owned(),
        bytes: 7,
        choice: Choice::default(),
        folder: "0a".repeat(16),
        received: true,
        job: None,
        held: false,
        resting: false,
        held_here: false,
        made: None,
        waited_ms: 0,
        ended: None,
    }
}

fn all(notes: Vec<Note>) -> Films {
    let entry = |note: Note| ((note.peer, note.film), Entry::new(Hosted::new(note)));
    Films {
        all: notes.into_iter().map(entry).collect(),
        ..Films::default()
    }
}

#[test]
fn a_note_that_cannot_be_read_may_be_of_a_film() {
    let of = |note: Value| Films {
        unread: vec![Noted::Unread(note)],
        ..Films::default()
    };
    let key = (SENDER, FilmId([1; 16]));
    let (mine, its) = (json!(SENDER), json!(key.1));
    let (other, others) = (json!(PeerId([3; 32])), json!(FilmId([9; 16])));
    assert!(of(json!({ "peer": mine, "film": its, "reel": 1 })).may_be_unread(key));
    assert!(!of(json!({ "peer": mine, "film": others })).may_be_unread(key));
    assert!(!of(json!({ "peer": other, "film": its })).may_be_unread(key));
    // What it calls things by is not known: it may be of anyone, or of any of one's.
    assert!(of(json!([1, 2])).may_be_unread(key));
    assert!(of(json!({ "peer": mine, "film": 5 })).may_be_unread(key));
    assert!(!of(json!({ "peer": other, "film": 5 })).may_be_unread(key));
    assert!(!Films::default().may_be_unread(key));
}

#[test]
fn of_a_film_that_ended_nothing_is_counted_and_its_folder_is_not_in_use() {
    let ended = Note {
        job: Some(4),
        ended: Some((FilmEnd::Failed, String::new())),
        ..received(1)
    };
    let films = all(vec![ended]);
    let count = films.count(SENDER);
    assert_eq!((count.at_once, count.of_one, count.of_all), (0, 0, 0));
    assert_eq!((films.missing(), films.there()), (0, 0));
    assert!(films.folders().is_empty() && films.of_job(JobId(4)).is_none());
    let key = (SENDER, FilmId([1; 16]));
    assert!(films.knows(key, &FilmWord::Cancel {}));
    let offer = |again| {
        FilmWord::Offer(Box::new(FilmOffer {
            name: "holiday.mkv".into(),
            bytes: 7,
            choice: Choice::default(),
            source: BlobId([5; 16]),
            again,
        }))
    };
    assert!(films.knows(key, &offer(true)), "it asks how it ended");
    assert!(!films.knows(key, &offer(false)), "it begins anew");
    assert!(all(vec![received(1)]).knows(key, &offer(false)));
}

#[test]
fn only_so_many_ends_wait_to_be_heard() {
    let ended = |film: u8| Note {
        waited_ms: u64::from(film),
        ended: Some((FilmEnd::Failed, String::new())),
        ..received(film)
    };
    let most = u8::try_from(MOST_ENDED).unwrap();
    let mut films = all((0..=most).map(ended).collect());
    let (here, theirs) = (received(99), PeerId([3; 32]));
    for note in [
        here,
        Note {
            peer: theirs,
            ..ended(98)
        },
    ] {
        films
            .all
            .insert((note.peer, note.film), Entry::new(Hosted::new(note)));
    }
    films.make_room_for_end(SENDER);
    let left: Vec<u8> = films.all.keys().map(|key| key.1.0[0]).collect();
    // Those that have waited longest went; what is here, and what is another computer's, did not.
    let expected: Vec<u8> = (0..most - 1).chain([99, 98]).collect();
    assert_eq!(left, expected);
}

/// Starts a node that has this note, and does with it as `then` says until that note tells how it ended.
async fn end_of(note: Note, home: &Path, then: impl AsyncFn(&Node)) -> (FilmEnd, String) {
    let data = alone::config(home).data_dir;
    put(&data, &json!([note])).await;
    let config = NodeConfig {
        stays: true,
        ..alone::config(home)
    };
    let node = Node::start(config).await.unwrap();
    then(&node).await;
    loop {
        let notes = node
            .0
            .store
            .call(|tables| tables.setting::<Vec<Note>>(NOTES));
        let note = notes.await.unwrap().unwrap().into_iter().next().unwrap();
        if let Some(ended) = note.ended {
            node.stop().await;
            return ended;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_film_that_is_none_goes_and_why_is_kept() {
    let home = tempfile::tempdir().unwrap();
    let note = received(1);
    let folder = alone::config(home.path())
        .data_dir
        .join("films")
        .join(&note.folder);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(FILM), "no film").unwrap();
    let (reason, why) = end_of(note, home.path(), async |_| {}).await;
    assert_eq!(reason, FilmEnd::Unusable, "{why}");
    let here = home.path().display().to_string();
    assert!(!why.is_empty() && !why.contains(&here), "{why}");
    for _ in 0..500 {
        if !folder.exists() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!folder.exists(), "nothing else is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_is_not_there_is_told_when_it_is_asked_for() {
    let home = tempfile::tempdir().unwrap();
    let made = Made {
        bytes: 500,
        digest: peer::Digest([3; 32]),
        frames: 25,
        file: "film.mkv".to_owned(),
    };
    let note = Note {
        made: Some(made),
        ..received(1)
    };
    let (from, film) = (peer::PeerId(SENDER.0), note.film);
    let take = async |node: &Node| {
        let says = FilmWord::Take {
            result: BlobId([5; 16]),
        };
        let event = NetEvent::Message {
            peer: from,
            message: Message::Film { film, says },
        };
        let place = Arc::new(Semaphore::new(1)).acquire_owned().await.unwrap();
        assert!(node.0.mail.send(Mail::Net(event, place)).is_ok());
    };
    let (reason, why) = end_of(note, home.path(), take).await;
    assert_eq!(
        (reason, why.as_str()),
        (FilmEnd::Failed, "its result is gone")
    );
}
