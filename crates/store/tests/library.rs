//! The library's films: which is next, which are like each other, and what is forgotten of those that are gone.

use std::path::Path;

use store::{FileFacts, Film, FilmState, Original, OriginalPhase, Store};

fn film(name: &str, state: FilmState) -> Film {
    Film {
        id: 0,
        path: Path::new("/films").join(name),
        folder: "/films".into(),
        bytes: 100,
        modified: 1,
        since: 10,
        state,
        reason: String::new(),
        rule: Some("All".into()),
        wish: u64::MAX >> 1,
        forced: false,
        asked: false,
        job: None,
        forecast: None,
        source: None,
        result: None,
        output: None,
        receipt: None,
        sample: None,
        changed: 1,
        gone: false,
    }
}

fn original(job: i64, phase: OriginalPhase) -> Original {
    Original {
        job,
        source: format!("/films/{job}.mkv").into(),
        target: format!("/films/{job}.mkv").into(),
        backup: format!("/films/{job}.mkv.bak").into(),
        aside: "/films/.part".into(),
        receipt: "/receipt".into(),
        phase,
        step: String::new(),
        memo: serde_json::json!({}),
        bytes: 1,
        replaced: 1,
        until: None,
    }
}

#[tokio::test]
async fn the_next_film_is_the_first_that_nothing_speaks_against() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    store
        .call(|t| {
            let other = Film {
                wish: 7,
                ..film("c.mkv", FilmState::Waiting)
            };
            let new = Film {
                since: 99,
                ..film("0.mkv", FilmState::Waiting)
            };
            let unseen = Film {
                rule: None,
                ..film("00.mkv", FilmState::Waiting)
            };
            for film in [&other, &new, &unseen] {
                t.put_film(film)?;
            }
            t.put_film(&film("b.mkv", FilmState::Waiting))?;
            t.put_film(&film("a.mkv", FilmState::Failed))?;
            let root = Path::new("/films");
            let next = |since, passed: &[i64], barred: &[u64]| {
                let film = t.next_film(root, since, passed, barred).unwrap();
                film.map(|film| (film.id, film.path))
            };
            let (id, path) = next(50, &[], &[]).unwrap();
            assert_eq!(path, root.join("b.mkv"));
            assert_eq!(next(50, &[id], &[]).unwrap().1, root.join("c.mkv"));
            assert_eq!(
                next(50, &[], &[u64::MAX >> 1]).unwrap().1,
                root.join("c.mkv")
            );
            assert_eq!(next(50, &[id], &[1, 7]), None);
            assert_eq!(next(99, &[], &[]).unwrap().1, root.join("0.mkv"));
            Ok(())
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn a_folder_has_films_as_long_as_one_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    store
        .call(|t| {
            let root = Path::new("/films");
            assert!(!t.has_films(root)?);
            // The first that was ever found is gone.
            t.put_film(&film("a.mkv", FilmState::Done))?;
            t.put_film(&film("b.mkv", FilmState::Waiting))?;
            t.put_film(&film("c.mkv", FilmState::InWork))?;
            let id = |name: &str| t.film_at(&root.join(name)).unwrap().map(|film| film.id);
            t.film_gone(id("a.mkv").unwrap())?;
            assert!(t.has_films(root)?);
            t.film_gone(id("b.mkv").unwrap())?;
            t.film_gone(id("c.mkv").unwrap())?;
            assert!(id("a.mkv").is_some() && id("b.mkv").is_none());
            assert!(
                !t.film_at(&root.join("c.mkv"))?.unwrap().gone,
                "it is in work"
            );
            Ok(())
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn jobs_of_films_that_were_replaced_leave_the_list_too() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let old = store.call(|t| {
        let phases = [
            OriginalPhase::Replacing,
            OriginalPhase::Kept,
            OriginalPhase::Undoing,
            OriginalPhase::Restored,
            OriginalPhase::Deleting,
            OriginalPhase::Deleted,
            OriginalPhase::Returning,
        ];
        for (job, phase) in (1..).zip(phases) {
            t.put_original(&original(job, phase))?;
            t.put_film(&Film {
                job: Some(job),
                changed: job,
                ..film(&format!("{job}.mkv"), FilmState::Done)
            })?;
        }
        Ok((t.films_with_old_jobs(0)?, t.films_with_old_jobs(2)?))
    });
    let (all, but_two) = old.await.unwrap();
    let jobs = |films: Vec<Film>| {
        films
            .into_iter()
            .filter_map(|film| film.job)
            .collect::<Vec<_>>()
    };
    assert_eq!(jobs(all), [6, 4, 2]);
    assert_eq!(jobs(but_two), [2]);
}

#[tokio::test]
async fn what_is_like_a_film_and_what_was_no_film_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    store
        .call(|t| {
            let sample = [3; 32];
            for (at, state) in [FilmState::Done, FilmState::Failed, FilmState::NotWorthwhile]
                .into_iter()
                .enumerate()
            {
                t.put_film(&Film {
                    sample: Some(sample),
                    asked: true,
                    changed: i64::try_from(at).unwrap(),
                    ..film(&format!("{at}.mkv"), state)
                })?;
            }
            let like = t.films_like(&sample)?;
            let states: Vec<FilmState> = like.iter().map(|film| film.state).collect();
            assert_eq!(states, [FilmState::NotWorthwhile, FilmState::Done]);
            assert!(like.iter().all(|film| film.asked));

            t.put_original(&original(4, OriginalPhase::Kept))?;
            assert_eq!(t.originals_of(Path::new("/films/4.mkv"))?.len(), 1);
            assert_eq!(t.originals_of(Path::new("/films/5.mkv"))?.len(), 0);

            t.put_film(&film("no.mkv", FilmState::Left))?;
            let path = Path::new("/films/no.mkv");
            let mut found = FileFacts {
                path: path.to_owned(),
                bytes: 100,
                modified: 1,
                facts: Err("It is no film.".to_owned()),
            };
            t.put_facts(&found)?;
            t.forget_refusals(Path::new("/other"))?;
            assert!(t.facts_of(path, 100, 1)?.is_some());
            t.forget_refusals(Path::new("/films"))?;
            assert_eq!(t.facts_of(path, 100, 1)?, None);
            found.facts = Ok(serde_json::json!({}));
            t.put_facts(&found)?;
            t.forget_refusals(Path::new("/films"))?;
            assert!(t.facts_of(path, 100, 1)?.is_some());
            Ok(())
        })
        .await
        .unwrap();
}
