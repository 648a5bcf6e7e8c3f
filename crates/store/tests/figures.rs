//! What came of it: added up by day and by computer, bounded, and taken over from earlier builds.

use std::path::PathBuf;

use serde_json::json;
use store::{
    DAYS_KEPT, Deed, JobState, Labour, Made, NewJob, Segment, SegmentState, Store, StoreError,
    Tables,
};

const DAY: i64 = 86_400_000;
/// Noon of a day long after 1970, wherever this computer is.
const NOON: i64 = 20_000 * DAY + DAY / 2;

fn made() -> Made {
    Made {
        day: 0,
        films: 1,
        frames: 1000,
        source_bytes: 900,
        output_bytes: 300,
        ms: 60_000,
    }
}

fn labour(peer: u8, for_us: bool) -> Labour {
    Labour {
        day: 0,
        peer: [peer; 32],
        for_us,
        name: "Kitchen".to_owned(),
        parts: 2,
        frames: 100,
        ms: 5000,
    }
}

#[tokio::test]
async fn days_and_computers_are_added_up() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let (days, in_all, by_day, by_peer) = store
        .call(|t| {
            t.add_made(&made(), NOON)?;
            t.add_made(&made(), NOON + 1)?;
            t.add_made(&made(), NOON + 3 * DAY)?;
            t.add_labour(&labour(1, true), NOON)?;
            t.add_labour(&labour(2, true), NOON)?;
            t.add_labour(&labour(2, false), NOON)?;
            let renamed = Labour {
                name: "Küche".to_owned(),
                ..labour(2, true)
            };
            t.add_labour(&renamed, NOON + DAY)?;
            let first = t.day_of(NOON)?;
            Ok((
                t.made(first + 1)?,
                t.made_in_all()?,
                t.labour_by_day(first)?,
                t.labour_by_peer(first)?,
            ))
        })
        .await
        .unwrap();
    assert_eq!((days.len(), days[0].films), (1, 1));
    assert_eq!(
        (in_all.films, in_all.source_bytes, in_all.ms),
        (3, 2700, 180_000)
    );
    let sums: Vec<_> = by_day.iter().map(|one| (one.for_us, one.parts)).collect();
    assert_eq!(sums, [(false, 2), (true, 4), (true, 2)]);
    let hands: Vec<_> = by_peer
        .iter()
        .map(|one| (one.peer[0], one.for_us, one.ms, one.name.as_str()))
        .collect();
    assert_eq!(
        hands,
        [
            (2, true, 10_000, "Küche"),
            (1, true, 5000, "Kitchen"),
            (2, false, 5000, "Küche")
        ]
    );
}

/// A computer that is not paired any more says nothing of its name.
#[tokio::test]
async fn a_name_that_is_known_stays() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let (by_peer, by_both) = store
        .call(|t| {
            let nameless = Labour {
                name: String::new(),
                ..labour(1, true)
            };
            t.add_labour(&labour(1, true), NOON)?;
            t.add_labour(&nameless, NOON + 1)?;
            t.add_labour(&nameless, NOON + DAY)?;
            t.add_labour(&labour(1, false), NOON + DAY)?;
            let first = t.day_of(NOON)?;
            Ok((t.labour_by_peer(first)?, t.labour_by_day_and_peer(first)?))
        })
        .await
        .unwrap();
    let names: Vec<&str> = by_peer.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["Kitchen", "Kitchen"]);
    let shares: Vec<_> = by_both.iter().map(|one| (one.for_us, one.ms)).collect();
    assert_eq!(shares, [(true, 10_000), (false, 5000), (true, 5000)]);
}

#[tokio::test]
async fn ten_years_of_days_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let (full, next) = store
        .call(|t| {
            let days = |t: &Tables<'_>| -> Result<_, StoreError> {
                let (made, labour) = (t.made(i64::MIN)?, t.labour_by_day(i64::MIN)?);
                let (made, labour) = (
                    made.iter().map(|one| one.day).collect::<Vec<_>>(),
                    labour.iter().map(|one| one.day).collect::<Vec<_>>(),
                );
                assert_eq!(made, labour);
                Ok((made.len(), made[0]))
            };
            let add = |t: &Tables<'_>, at: i64| -> Result<(), StoreError> {
                t.add_made(&made(), at)?;
                t.add_labour(&labour(1, true), at)
            };
            for day in 0..i64::from(DAYS_KEPT) {
                // More of the same day takes no other day's place.
                add(t, NOON + day * DAY)?;
                add(t, NOON + day * DAY + 1)?;
            }
            let full = days(t)?;
            add(t, NOON + i64::from(DAYS_KEPT) * DAY)?;
            Ok((full, days(t)?))
        })
        .await
        .unwrap();
    assert_eq!(full.0, DAYS_KEPT as usize);
    assert_eq!(next, (full.0, full.1 + 1));
}

#[tokio::test]
async fn a_clock_that_is_wrong_takes_nothing_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let days = store
        .call(|t| {
            let future = NOON + 5 * i64::from(DAYS_KEPT) * DAY;
            for at in [NOON, future, future + 1, 0, NOON + DAY] {
                t.add_made(&made(), at)?;
                t.add_labour(&labour(1, true), at)?;
            }
            Ok((t.made(i64::MIN)?.len(), t.labour_by_day(i64::MIN)?.len()))
        })
        .await
        .unwrap();
    assert_eq!(days, (4, 4));
}

/// The step that makes these tables, on a folder of a build that had none of them.
#[tokio::test]
async fn what_earlier_builds_made_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    store
        .call(|t| {
            let job = t.add_job(&NewJob {
                source: PathBuf::from("/films/a.mkv"),
                source_bytes: 1000,
                source_modified: 0,
                source_sample: [0; 32],
                choice: json!({}),
                created: NOON,
            })?;
            t.put_segment(&Segment {
                job,
                index: 0,
                start_pts: 0,
                end_pts: 1,
                frames: 240,
                work: 1,
                payload: json!(null),
                state: SegmentState::Verified,
                attempt: 1,
                peer: Some([3; 32]),
                digest: None,
                file: None,
                report: Some(json!({"encode_ms": 5000})),
            })?;
            t.set_job_memo(job, &json!({"frames": 240, "bytes": 400, "wall_ms": 9000}))?;
            t.end_job(job, JobState::Completed, None, NOON)?;
            t.add_deed(&Deed {
                peer: [4; 32],
                name: "Attic".to_owned(),
                film: [0; 32],
                segments: 2,
                frames: 50,
                received: 1,
                sent: 1,
                ms: 700,
                began: NOON,
                ended: NOON,
            })
        })
        .await
        .unwrap();
    drop(store);
    let step = include_str!("../src/migrations/0009_figures.sql");
    let database = rusqlite::Connection::open(folder.path().join("manyhands.sqlite")).unwrap();
    database
        .execute_batch("DROP TABLE made; DROP TABLE labour;")
        .unwrap();
    database.execute_batch(step).unwrap();
    drop(database);
    let store = Store::open(folder.path()).unwrap();
    let (made, labour) = store
        .call(|t| Ok((t.made_in_all()?, t.labour_by_peer(0)?)))
        .await
        .unwrap();
    assert_eq!((made.films, made.frames, made.ms), (1, 240, 9000));
    assert_eq!((made.source_bytes, made.output_bytes), (1000, 400));
    let hands: Vec<_> = labour
        .iter()
        .map(|one| (one.peer[0], one.for_us, one.parts, one.ms))
        .collect();
    assert_eq!(hands, [(3, true, 1, 5000), (4, false, 2, 700)]);
}

#[tokio::test]
async fn what_is_not_there_any_more_is_taken_out_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let (one, none) = store
        .call(|t| {
            t.add_made(&made(), NOON)?;
            t.add_made(&made(), NOON)?;
            t.take_made(&made(), NOON + 1)?;
            let one = t.made(0)?;
            t.take_made(&made(), NOON)?;
            t.take_made(&made(), NOON)?;
            Ok((one, t.made(0)?))
        })
        .await
        .unwrap();
    let day = one[0].day;
    assert_eq!(one, [Made { day, ..made() }]);
    assert!(none.is_empty());
}
