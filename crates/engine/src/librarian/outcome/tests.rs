//! What becomes of a film whose job is over.

use super::*;
use crate::status::JobId;
use crate::status::Outcome as Made;

const NOW: i64 = 1_700_000_000_000;
const SAMPLE: [u8; 32] = [7; 32];

fn film(path: &str, state: FilmState) -> Film {
    Film {
        id: i64::try_from(path.len()).unwrap(),
        path: path.into(),
        folder: "/films".into(),
        bytes: 100,
        modified: 1,
        since: 1,
        state,
        reason: String::new(),
        rule: Some("All".into()),
        wish: 5,
        forced: false,
        asked: false,
        job: Some(9),
        forecast: None,
        source: None,
        result: None,
        output: None,
        receipt: None,
        sample: Some(SAMPLE),
        changed: 1,
        gone: false,
    }
}

fn done(path: &str, output: &str) -> Film {
    Film {
        output: Some(output.into()),
        source: Some(100),
        result: Some(40),
        ..film(path, FilmState::Done)
    }
}

fn job(state: JobState, terms: Terms) -> JobStatus {
    JobStatus {
        id: JobId(9),
        source: "/films/a.mkv".into(),
        source_bytes: 100,
        duration_us: Some(60_000_000),
        picture: None,
        choice: media::choice::Choice::default(),
        terms,
        state,
        place: None,
        progress: 0.5,
        frames_done: 0,
        frames_total: None,
        speed_fps: None,
        eta_ms: None,
        speed_up: None,
        elapsed_ms: 0,
        segments: Vec::new(),
        hands: Vec::new(),
        traffic: crate::status::Traffic::default(),
        notes: Vec::new(),
        stages: crate::status::Stages::default(),
        created_ms: 0,
        finished_ms: None,
        original: None,
        away: None,
    }
}

/// How the film stands whose job has failed so, and whether the job is forgotten.
fn after(kind: Kind, terms: Terms, beside: Beside) -> (FilmState, bool) {
    let trouble = Trouble::new(kind, "It went wrong.");
    let job = job(JobState::Failed(trouble), terms);
    let work = film("/films/a.mkv", FilmState::InWork);
    match outcome(work, Some(&job), beside, NOW) {
        Outcome::Ended { film, forget } => (film.state, forget),
        going @ Outcome::GoesOn(_) => panic!("{going:?}"),
    }
}

const THERE: Beside = Beside {
    made: false,
    away: false,
    same: true,
    shared: false,
};

#[test]
fn what_is_not_the_films_fault_waits_with_what_is_encoded() {
    let (plain, waits) = (Terms::default(), (FilmState::Waiting, false));
    let one_folder = Terms {
        out_dir: Some("/small".into()),
        ..Terms::default()
    };
    for kind in [Kind::NoSpace, Kind::NoFfmpeg, Kind::NoEncoder] {
        assert_eq!(after(kind, plain.clone(), THERE), waits, "{kind:?}");
    }
    for kind in [Kind::NoOutputFolder, Kind::OutputReadOnly] {
        let shared = |terms: &Terms, writable| Beside {
            shared: is_shared(terms, |_| writable),
            ..THERE
        };
        let tree = Terms {
            place: Place::Tree {
                root: "/films".into(),
                into: "/small".into(),
            },
            ..Terms::default()
        };
        for writable in [true, false] {
            let beside = shared(&one_folder, writable);
            assert_eq!(after(kind, one_folder.clone(), beside), waits);
            let beside = shared(&plain, writable);
            let alone = after(kind, plain.clone(), beside);
            assert_eq!(alone, (FilmState::Failed, false));
        }
        // One folder of another tree cannot be written, or the whole of it.
        let beside = shared(&tree, true);
        let alone = after(kind, tree.clone(), beside);
        assert_eq!(alone, (FilmState::Failed, false), "{kind:?}");
        let beside = shared(&tree, false);
        assert_eq!(after(kind, tree, beside), waits, "{kind:?}");
    }
    // A name that is too long for the disk is its own affair, wherever it goes.
    let long = after(Kind::BadRequest, one_folder, THERE);
    assert_eq!(long, (FilmState::Failed, false));
    // A disk that is not there, or was not for a moment.
    let away = Beside {
        away: true,
        ..Beside::default()
    };
    for kind in [Kind::NoSuchFile, Kind::SourceChanged, Kind::EncodeFailed] {
        assert_eq!(after(kind, plain.clone(), away), waits, "{kind:?}");
    }
    for kind in [Kind::NoSuchFile, Kind::SourceChanged] {
        assert_eq!(after(kind, plain.clone(), THERE), waits, "{kind:?}");
    }
    let other = Beside::default();
    let changed = after(Kind::SourceChanged, plain.clone(), other);
    assert_eq!(changed, (FilmState::Waiting, true), "it begins anew");
    let worth = after(Kind::NotWorthwhile, plain.clone(), THERE);
    assert_eq!(worth, (FilmState::NotWorthwhile, true));
    let failed = after(Kind::EncodeFailed, plain, THERE);
    assert_eq!(failed, (FilmState::Failed, false));
}

#[test]
fn a_result_is_filed_with_what_it_saves() {
    let made = Made {
        output: "/films/a.h264.mp4".into(),
        receipt: "/receipts/9.json".into(),
        exact: true,
        verdict: String::new(),
        frames: 1,
        bytes: 40,
        wall_ms: 1,
    };
    let job = job(JobState::Completed(made), Terms::default());
    let work = film("/films/a.mkv", FilmState::InWork);
    let Outcome::Ended { film, forget } = outcome(work, Some(&job), THERE, NOW) else {
        panic!("it is over");
    };
    assert!(!forget);
    assert_eq!(
        (film.state, film.source, film.result),
        (FilmState::Done, Some(100), Some(40))
    );
}

fn like(film: Film, there: bool) -> Like {
    Like {
        film,
        there,
        same_file: false,
    }
}

/// What becomes of a waiting film of known content; `None`: it is encoded.
fn of(content: &Content) -> Option<(FilmState, String)> {
    let film = known(&film("/films/waits.mkv", FilmState::Waiting), content, NOW)?;
    Some((film.state, film.reason))
}

#[test]
fn what_was_moved_keeps_its_state_and_a_copy_is_a_film_of_its_own() {
    let of_like = |film: Film, there| {
        of(&Content {
            like: vec![like(film, there)],
            ..Content::default()
        })
    };
    let beside = || done("/films/a.mkv", "/films/a.h264.mp4");
    assert_eq!(of_like(beside(), false).unwrap().0, FilmState::Done);
    assert_eq!(of_like(beside(), true), None, "a copy");
    let lean = || film("/films/a.mkv", FilmState::NotWorthwhile);
    assert_eq!(of_like(lean(), true).unwrap().0, FilmState::NotWorthwhile);
    let other = Film { wish: 6, ..lean() };
    assert_eq!(of_like(other, true), None, "another wish");
    let failed = film("/films/a.mkv", FilmState::Failed);
    assert_eq!(of_like(failed, false), None, "another place may be better");
    // Another name of the very same file needs no second result, and counts none.
    let same = Like {
        same_file: true,
        ..like(beside(), true)
    };
    let content = Content {
        like: vec![same],
        ..Content::default()
    };
    let waits = film("/films/waits.mkv", FilmState::Waiting);
    let adopted = known(&waits, &content, NOW).unwrap();
    assert_eq!((adopted.state, adopted.result), (FilmState::Done, None));
}

#[test]
fn an_original_that_is_back_is_not_taken_again_and_nothing_else_is_taken_for_one() {
    let again = "It is the original again of what was made of it.";
    // Whether it was known to the library before or not: it may have been replaced by hand.
    let back = Content {
        was_replaced: true,
        ..Content::default()
    };
    assert_eq!(of(&back).unwrap(), (FilmState::Failed, again.into()));
    assert_eq!(of(&Content::default()), None);
    let asked = Film {
        asked: true,
        ..film("/films/waits.mkv", FilmState::Waiting)
    };
    assert_eq!(known(&asked, &back, NOW), None, "somebody wants it so");
    // Once: what comes of it is what is known of it then.
    let ended = marked(asked, FilmState::Failed, String::new());
    assert!(!ended.asked);
    // Where the ending had changed, the result had another name.
    let result = done("/films/a.mp4", "/films/a.mp4");
    let content = |there| Content {
        like: vec![like(result.clone(), there)],
        ..Content::default()
    };
    assert_eq!(of(&content(false)).unwrap().1, again);
    assert_eq!(of(&content(true)), None, "a copy of it");
    let own = Content {
        own: true,
        ..Content::default()
    };
    assert_eq!(of(&own).unwrap().0, FilmState::Left);
}
