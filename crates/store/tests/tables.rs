//! What is put in comes out, in the right order, typed, and after a restart too.

use std::path::Path;

use serde_json::json;
use store::{
    DEEDS_KEPT, Deed, Given, Job, JobState, Measurement, NewJob, Original, OriginalPhase, Peer,
    Segment, SegmentState, Store, StoreError,
};

const KIT: [u8; 32] = [7; 32];

#[tokio::test]
async fn a_job_comes_back_as_it_went_in() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let id = store.call(|t| t.add_job(&film())).await.unwrap();
    let found = store.call(move |t| t.job(id)).await.unwrap().unwrap();
    let expected = Job {
        id,
        source: film().source,
        source_bytes: 12_345_678_901,
        source_modified: -5,
        source_sample: Some([7; 32]),
        choice: json!({"for": "smaller", "quality": 24}),
        memo: json!(null),
        state: JobState::Queued,
        plan_finished: false,
        output: None,
        receipt: None,
        error: None,
        created: 1_000,
        finished: None,
        restarts: 0,
    };
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_job_goes_its_way_and_the_next_node_sees_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let (first, second) = store
        .call(|t| {
            let (first, second) = (t.add_job(&film())?, t.add_job(&film())?);
            t.set_job_state(first, JobState::Processing)?;
            t.set_plan_finished(first, true)?;
            t.set_job_memo(first, &json!({"copy": "normal.mkv"}))?;
            t.set_job_output(first, &odd_path(), None)?;
            t.count_restart(first)?;
            t.end_job(second, JobState::Failed, Some("the disk is full"), 2_000)?;
            Ok((first, second))
        })
        .await
        .unwrap();
    drop(store);

    let store = Store::open(folder.path()).unwrap();
    let open = store.call(|t| t.open_jobs()).await.unwrap();
    assert_eq!(open.iter().map(|job| job.id).collect::<Vec<_>>(), [first]);
    assert_eq!(open[0].state, JobState::Processing);
    assert!(open[0].plan_finished);
    assert_eq!(open[0].memo, json!({"copy": "normal.mkv"}));
    assert_eq!(open[0].output.as_deref(), Some(odd_path().as_path()));
    assert_eq!(open[0].restarts, 1);
    let ended = store.call(move |t| t.job(second)).await.unwrap().unwrap();
    assert_eq!(
        (ended.state, ended.error.as_deref(), ended.finished),
        (JobState::Failed, Some("the disk is full"), Some(2_000))
    );
    store
        .call(move |t| t.set_job_state(second, JobState::Queued))
        .await
        .unwrap();
    let again = store.call(move |t| t.job(second)).await.unwrap().unwrap();
    assert_eq!((again.error, again.finished), (None, None));
}

#[tokio::test]
async fn the_queue_keeps_its_order_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let ids = store
        .call(|t| {
            let ids = [(); 4].map(|()| t.add_job(&film()).unwrap());
            t.order_jobs(&[ids[2], ids[0]])?;
            Ok(ids)
        })
        .await
        .unwrap();
    drop(store);
    let store = Store::open(folder.path()).unwrap();
    let order = store
        .call(|t| Ok(t.open_jobs()?.iter().map(|job| job.id).collect::<Vec<_>>()))
        .await
        .unwrap();
    // The two have changed places; the others, and whatever comes later, have theirs.
    assert_eq!(order, [ids[2], ids[1], ids[0], ids[3]]);
    let refused = store.call(|t| t.order_jobs(&[99])).await;
    assert!(matches!(refused, Err(StoreError::NoSuch { .. })));
}

#[tokio::test]
async fn numbers_are_never_given_twice() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let first = store.call(|t| t.add_job(&film())).await.unwrap();
    store.call(move |t| t.forget_job(first)).await.unwrap();
    drop(store);
    let store = Store::open(folder.path()).unwrap();
    let second = store.call(|t| t.add_job(&film())).await.unwrap();
    assert!(second > first, "{second} after {first}");
}

#[tokio::test]
async fn segments_follow_the_film_and_go_with_their_job() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let job = store.call(|t| t.add_job(&film())).await.unwrap();
    let mut last = segment(job, 10);
    last.state = SegmentState::Verified;
    last.peer = Some(KIT);
    last.digest = Some([9; 32]);
    last.file = Some("10.mp4".to_owned());
    last.report = Some(json!({"decoded": 250}));
    let kept = last.clone();
    store
        .call(move |t| {
            t.put_segment(&last)?;
            t.put_segment(&segment(job, 2))?;
            t.lease_segment(job, 2, 3, &KIT)
        })
        .await
        .unwrap();
    let mut leased = segment(job, 2);
    (leased.state, leased.attempt, leased.peer) = (SegmentState::Leased, 3, Some(KIT));
    assert_eq!(
        store.call(move |t| t.segments(job)).await.unwrap(),
        [leased, kept.clone()]
    );

    store
        .call(move |t| t.set_segment_state(job, 10, SegmentState::Waiting))
        .await
        .unwrap();
    let waiting = store
        .call(move |t| t.segment(job, 10))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        waiting,
        Segment {
            state: SegmentState::Waiting,
            ..kept
        }
    );

    store.call(move |t| t.forget_job(job)).await.unwrap();
    assert_eq!(store.call(move |t| t.segments(job)).await.unwrap(), []);
}

#[tokio::test]
async fn a_new_lease_forgets_the_old_result() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let job = store.call(|t| t.add_job(&film())).await.unwrap();
    let mut returned = segment(job, 0);
    (returned.digest, returned.file) = (Some([1; 32]), Some("0.mp4".to_owned()));
    returned.report = Some(json!({}));
    store
        .call(move |t| {
            t.put_segment(&returned)?;
            t.lease_segment(job, 0, 2, &KIT)
        })
        .await
        .unwrap();
    let found = store
        .call(move |t| t.segment(job, 0))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((found.digest, found.file, found.report), (None, None, None));
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let said = |error: StoreError| error.to_string();
    let job = store
        .call(|t| t.set_plan_finished(9, true))
        .await
        .unwrap_err();
    assert_eq!(said(job), "there is no job 9");
    let segment = store
        .call(|t| t.lease_segment(9, 4, 1, &KIT))
        .await
        .unwrap_err();
    assert_eq!(said(segment), "there is no segment 4 of job 9");
    let peer = store.call(|t| t.remove_peer(&KIT)).await.unwrap_err();
    assert_eq!(said(peer), "there is no paired computer 07070707");
    assert!(
        store
            .call(|t| t.put_segment(&self::segment(9, 0)))
            .await
            .is_err(),
        "no such job"
    );
    assert_eq!(store.call(|t| t.job(9)).await.unwrap(), None);
}

#[tokio::test]
async fn computers_settings_measurements_and_help_given() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let kitchen = Peer {
        id: KIT,
        name: "Kitchen \u{1f373}".to_owned(),
        addresses: vec![
            "192.168.1.4:47820".to_owned(),
            "[fe80::1%3]:47820".to_owned(),
        ],
        may_use_me: true,
        i_may_use: false,
        paired: 5,
        last_seen: None,
    };
    let (put, attic) = (
        kitchen.clone(),
        Peer {
            id: [1; 32],
            name: "Attic".to_owned(),
            ..kitchen.clone()
        },
    );
    store
        .call(move |t| t.put_peer(&put).and_then(|()| t.put_peer(&attic)))
        .await
        .unwrap();
    let names = store.call(|t| t.peers()).await.unwrap();
    assert_eq!(
        names
            .iter()
            .map(|peer| peer.name.as_str())
            .collect::<Vec<_>>(),
        ["Attic", "Kitchen \u{1f373}"]
    );
    assert_eq!(names[1], kitchen);
    store
        .call(|t| t.see_peer(&KIT, "Kitchen", &["10.0.0.1:1".to_owned()], 77))
        .await
        .unwrap();
    let seen = store.call(|t| t.peer(&KIT)).await.unwrap().unwrap();
    assert_eq!(
        (seen.last_seen, seen.addresses.len(), seen.name.as_str()),
        (Some(77), 1, "Kitchen")
    );
    store
        .call(|t| t.set_rights(&KIT, false, true))
        .await
        .unwrap();
    let agreed = store.call(|t| t.peer(&KIT)).await.unwrap().unwrap();
    assert_eq!((agreed.may_use_me, agreed.i_may_use), (false, true));
    let stranger = store.call(|t| t.set_rights(&[9; 32], true, true)).await;
    assert!(matches!(stranger, Err(StoreError::NoSuch { .. })));
    // A copied folder's pairings are not its own.
    store.call(|t| t.forget_peers()).await.unwrap();
    assert_eq!(store.call(|t| t.peers()).await.unwrap(), []);

    store
        .call(|t| t.set_setting("donate", &true))
        .await
        .unwrap();
    assert_eq!(
        store.call(|t| t.setting::<bool>("donate")).await.unwrap(),
        Some(true)
    );
    assert_eq!(
        store.call(|t| t.setting::<bool>("name")).await.unwrap(),
        None
    );
    let wrong = store
        .call(|t| t.setting::<Vec<String>>("donate"))
        .await
        .unwrap_err();
    assert!(matches!(wrong, StoreError::Unreadable { .. }), "{wrong}");
    assert_eq!(store.call(|t| t.settings()).await.unwrap().len(), 1);
    store.call(|t| t.clear_setting("donate")).await.unwrap();
    assert_eq!(
        store.call(|t| t.setting::<bool>("donate")).await.unwrap(),
        None
    );

    let speed = |key: &str| Measurement {
        key: key.to_owned(),
        value: json!({"fps": 31.5}),
        measured: 4,
    };
    let (one, two, three) = (speed("a/x264"), speed("a/x265"), speed("b/x264"));
    let same = one.clone();
    store
        .call(move |t| {
            t.put_measurement(&one)
                .and(t.put_measurement(&two))
                .and(t.put_measurement(&three))
        })
        .await
        .unwrap();
    assert_eq!(
        store.call(|t| t.measurement("a/x264")).await.unwrap(),
        Some(same)
    );
    assert_eq!(store.call(|t| t.clear_measurements("a/")).await.unwrap(), 2);
    assert_eq!(
        store.call(|t| t.measurements()).await.unwrap(),
        [speed("b/x264")]
    );

    let help = Given {
        peer: KIT,
        segments: 1,
        frames: 250,
        bytes: 1_000,
        ms: 9_000,
    };
    store
        .call(move |t| t.add_given(&help).and_then(|()| t.add_given(&help)))
        .await
        .unwrap();
    let sum = Given {
        peer: KIT,
        segments: 2,
        frames: 500,
        bytes: 2_000,
        ms: 18_000,
    };
    assert_eq!(store.call(|t| t.given()).await.unwrap(), [sum]);
}

#[tokio::test]
async fn a_call_happens_whole_or_not_at_all_and_spoils_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let calls = (0..200).map(|n| {
        let store = store.clone();
        tokio::spawn(async move {
            store
                .call(move |t| {
                    t.set_setting(&format!("{n}"), &n)?;
                    if n % 3 == 0 {
                        t.remove_peer(&KIT)
                    } else {
                        Ok(())
                    }
                })
                .await
        })
    });
    for (n, call) in calls.collect::<Vec<_>>().into_iter().enumerate() {
        assert_eq!(call.await.unwrap().is_err(), n % 3 == 0, "call {n}");
    }
    let kept = store.call(|t| t.settings()).await.unwrap();
    let expected: Vec<String> = (0..200)
        .filter(|n| n % 3 != 0)
        .map(|n| n.to_string())
        .collect();
    assert_eq!(kept.len(), expected.len());
    assert!(expected.iter().all(|key| kept.contains_key(key)));
}

#[tokio::test]
async fn a_number_too_large_is_refused_not_bent() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let mut huge = film();
    huge.source_bytes = u64::MAX;
    let error = store.call(move |t| t.add_job(&huge)).await.unwrap_err();
    assert!(matches!(error, StoreError::Unwritable { .. }), "{error}");
}

fn film() -> NewJob {
    NewJob {
        source: odd_path(),
        source_bytes: 12_345_678_901,
        source_modified: -5,
        source_sample: [7; 32],
        choice: json!({"for": "smaller", "quality": 24}),
        created: 1_000,
    }
}

/// A path that is not UTF-8 where the system has such.
#[cfg(unix)]
fn odd_path() -> std::path::PathBuf {
    use std::os::unix::ffi::OsStrExt;
    std::path::PathBuf::from(std::ffi::OsStr::from_bytes(b"/films/caf\xe9 \n'1%d.mkv"))
}

#[cfg(not(unix))]
fn odd_path() -> std::path::PathBuf {
    std::path::PathBuf::from("C:\\films\\caf\u{e9} '1%d.mkv")
}

fn segment(job: i64, index: u32) -> Segment {
    Segment {
        job,
        index,
        start_pts: -90,
        end_pts: 90_000,
        frames: 250,
        work: 1_000_000,
        payload: json!({"extract": {"from": 12}}),
        state: SegmentState::Waiting,
        attempt: 0,
        peer: None,
        digest: None,
        file: None,
        report: None,
    }
}

#[tokio::test]
async fn help_is_logged_by_stretches_of_work_and_the_log_has_an_end() {
    const MINUTE: i64 = 60_000;
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let deed = |film: u8, began: i64| Deed {
        peer: KIT,
        name: "Kitchen".to_owned(),
        film: [film; 32],
        segments: 1,
        frames: 25,
        received: 100,
        sent: 10,
        ms: 1000,
        began,
        ended: began + MINUTE,
    };
    let add = async |deed: Deed| store.call(move |t| t.add_deed(&deed)).await.unwrap();
    // Two segments of one film are one line, side by side or one after the other; of another, another.
    for (film, began) in [(1, 0), (1, MINUTE), (2, 2 * MINUTE), (1, 3 * MINUTE)] {
        add(deed(film, began)).await;
    }
    // After a long pause it is another stretch of work.
    add(deed(1, 30 * MINUTE)).await;
    let lines = store.call(|t| t.deeds(10)).await.unwrap();
    let told: Vec<_> = lines
        .iter()
        .map(|one| (one.film[0], one.segments, one.began, one.ended))
        .collect();
    assert_eq!(
        told,
        [
            (1, 1, 30 * MINUTE, 31 * MINUTE),
            (2, 1, 2 * MINUTE, 3 * MINUTE),
            (1, 3, 0, 4 * MINUTE)
        ]
    );
    assert_eq!(
        (lines[2].received, lines[2].sent, lines[2].frames),
        (300, 30, 75)
    );
    store
        .call(move |t| {
            let many = (0..i64::from(DEEDS_KEPT) + 50).map(|n| deed(9, n * 60 * MINUTE));
            many.into_iter().try_for_each(|deed| t.add_deed(&deed))
        })
        .await
        .unwrap();
    let kept = store.call(|t| t.deeds(u32::MAX)).await.unwrap();
    assert_eq!(kept.len(), DEEDS_KEPT as usize);
    assert_eq!(kept[0].began, (i64::from(DEEDS_KEPT) + 49) * 60 * MINUTE);
}

#[tokio::test]
async fn an_original_outlives_its_job() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let id = store.call(|t| t.add_job(&film())).await.unwrap();
    let mut original = Original {
        job: id,
        source: odd_path(),
        target: "/films/a.mkv".into(),
        backup: "/films/a.avi.bak".into(),
        aside: "/films/.a".into(),
        receipt: "/data/receipts/job-1.json".into(),
        phase: OriginalPhase::Replacing,
        step: "begin".to_owned(),
        memo: json!({"inode": 7}),
        bytes: 12_345_678_901,
        replaced: 1_000,
        until: Some(2_000),
    };
    let put = original.clone();
    store
        .call(move |t| {
            t.put_original(&put)?;
            t.set_original_step(id, "back")?;
            t.forget_job(id)
        })
        .await
        .unwrap();
    original.step = "back".to_owned();
    // It is given up, once, and what was to be done last stays known.
    let given_up = store.call(move |t| Ok((t.return_original(id)?, t.return_original(id)?)));
    assert_eq!(given_up.await.unwrap(), (true, false));
    original.phase = OriginalPhase::Returning;
    let found = store.call(move |t| t.original(id)).await.unwrap();
    assert_eq!(found.as_ref(), Some(&original));
    assert_eq!(store.call(|t| t.originals()).await.unwrap(), [original]);
    store.call(move |t| t.forget_original(id)).await.unwrap();
    assert_eq!(store.call(move |t| t.original(id)).await.unwrap(), None);
    let nobody = store.call(move |t| t.set_original_step(id, "back")).await;
    assert!(matches!(nobody, Err(StoreError::NoSuch { .. })));
}

#[tokio::test]
async fn a_hidden_file_is_known_until_it_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let (first, second) = store
        .call(|t| {
            t.put_aside(2, Path::new("/films/.b.part"))?;
            t.put_aside(1, &odd_path())?;
            t.put_aside(1, &odd_path())?;
            let first = t.asides()?;
            t.forget_aside(&odd_path())?;
            t.forget_aside(&odd_path())?;
            Ok((first, t.asides()?))
        })
        .await
        .unwrap();
    assert_eq!(first, [(1, odd_path()), (2, "/films/.b.part".into())]);
    assert_eq!(second, [(2, "/films/.b.part".into())]);
}

/// The step that lets a replacement go back, on a folder of a build that knew no such thing.
#[tokio::test]
async fn originals_of_earlier_builds_are_known_still() {
    let folder = tempfile::tempdir().unwrap();
    drop(Store::open(folder.path()).unwrap());
    let database = rusqlite::Connection::open(folder.path().join("manyhands.sqlite")).unwrap();
    let before = include_str!("../src/migrations/0005_originals.sql");
    database
        .execute_batch(
            "DROP TABLE originals; DROP TABLE asides; ALTER TABLE library DROP COLUMN asked;",
        )
        .unwrap();
    database.execute_batch(before).unwrap();
    database
        .execute_batch(
            "INSERT INTO originals VALUES
             (7, x'2f61', x'2f61', x'2f62', x'2f63', x'2f64', 'replacing', 'Trade', '{}', 5, 1, NULL)",
        )
        .unwrap();
    let step = include_str!("../src/migrations/0012_returning.sql");
    database.execute_batch(step).unwrap();
    drop(database);
    let store = Store::open(folder.path()).unwrap();
    let found = store.call(|t| {
        t.return_original(7)?;
        t.original(7)
    });
    let found = found.await.unwrap().unwrap();
    assert_eq!(
        (found.phase, found.step.as_str(), found.source),
        (OriginalPhase::Returning, "Trade", "/a".into())
    );
}
