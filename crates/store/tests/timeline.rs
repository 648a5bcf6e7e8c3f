//! The record behind a timeline: kept, bounded, mended after a crash, gone with its job.

use std::path::PathBuf;

use serde_json::json;
use store::{Absence, NewJob, PHASES_KEPT, Phase, Stint, Store, TIMELINES_KEPT};

const KIT: [u8; 32] = [7; 32];

fn film() -> NewJob {
    NewJob {
        source: PathBuf::from("/films/a.mkv"),
        source_bytes: 1,
        source_modified: 0,
        source_sample: [0; 32],
        choice: json!({}),
        created: 0,
    }
}

fn stint(job: i64, lease: u64) -> Stint {
    Stint {
        job,
        lease,
        segment: 3,
        attempt: 1,
        peer: KIT,
        name: "Kitchen".to_owned(),
        hedge: false,
        given: 1000,
        delivered: None,
        began: None,
        encoded: None,
        finished: None,
        returned: None,
        ended: None,
        fate: None,
        why: String::new(),
        sent: 0,
        received: 0,
    }
}

fn phase(job: i64, kind: &str, began: i64, ended: Option<i64>) -> Phase {
    Phase {
        job,
        kind: kind.to_owned(),
        began,
        ended,
    }
}

#[tokio::test]
async fn what_is_noted_comes_back_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let job = store.call(|t| t.add_job(&film())).await.unwrap();
    let ended = Stint {
        delivered: Some(1100),
        began: Some(1200),
        encoded: Some(1900),
        finished: Some(2000),
        returned: Some(2100),
        ended: Some(2200),
        fate: Some("verified".to_owned()),
        why: "none".to_owned(),
        sent: 5,
        received: 6,
        // The largest that the scheduler can give.
        lease: u64::MAX,
        ..stint(job, 0)
    };
    let noted = ended.clone();
    store
        .call(move |t| {
            t.put_phase(&phase(job, "encoding", 900, None))?;
            t.put_phase(&phase(job, "encoding", 900, Some(2200)))?;
            t.add_stint(&noted)?;
            t.end_stint(&noted)?;
            t.put_absence(&Absence {
                peer: KIT,
                began: 500,
                ended: Some(950),
                why: "in use".to_owned(),
                still: true,
            })
        })
        .await
        .unwrap();
    drop(store);
    let store = Store::open(folder.path()).unwrap();
    let found = store
        .call(move |t| {
            Ok((
                t.phases(job)?,
                t.stints(job)?,
                t.absences(900, 2200)?,
                t.absences(950, 960)?,
            ))
        })
        .await
        .unwrap();
    assert_eq!(found.0, [phase(job, "encoding", 900, Some(2200))]);
    assert_eq!(found.1, [ended]);
    assert_eq!(found.2.len(), 1);
    assert!(found.2[0].still);
    assert!(found.3.is_empty(), "{:?}", found.3);
}

#[tokio::test]
async fn what_a_crash_left_open_is_closed_when_the_job_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let job = store.call(|t| t.add_job(&film())).await.unwrap();
    let found = store
        .call(move |t| {
            // Nothing was noted yet: there is nothing to close.
            t.bridge_gap(job, "stopped", "stopped", 5)?;
            assert!(t.phases(job)?.is_empty());
            t.put_phase(&phase(job, "encoding", 900, None))?;
            t.add_stint(&stint(job, 1))?;
            t.bridge_gap(job, "stopped", "stopped", 9000)?;
            Ok((t.phases(job)?, t.stints(job)?))
        })
        .await
        .unwrap();
    let expected = [
        phase(job, "encoding", 900, Some(1000)),
        phase(job, "stopped", 1000, Some(9000)),
    ];
    assert_eq!(found.0, expected);
    assert_eq!(found.1[0].ended, Some(1000));
    assert_eq!(found.1[0].fate.as_deref(), Some("stopped"));
}

fn verified(job: i64, lease: u64, segment: u32) -> Stint {
    Stint {
        segment,
        ended: Some(2000),
        fate: Some("verified".to_owned()),
        ..stint(job, lease)
    }
}

#[tokio::test]
async fn what_was_good_and_is_made_again_came_to_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let (one, all) = store
        .call(|t| {
            let job = t.add_job(&film())?;
            let mut withdrawn = verified(job, 3, 4);
            withdrawn.fate = Some("withdrawn".to_owned());
            for stint in [verified(job, 1, 3), verified(job, 2, 4), withdrawn] {
                t.add_stint(&stint)?;
                t.end_stint(&stint)?;
            }
            let told = |stints: Vec<Stint>| -> Vec<(String, String)> {
                let each = stints.into_iter();
                each.map(|one| (one.fate.unwrap(), one.why)).collect()
            };
            t.undo_stints(job, Some(4), ("verified", "lost"), "it did not fit")?;
            let one = told(t.stints(job)?);
            t.undo_stints(job, None, ("verified", "lost"), "cut anew")?;
            Ok((one, told(t.stints(job)?)))
        })
        .await
        .unwrap();
    let pair = |fate: &str, why: &str| (fate.to_owned(), why.to_owned());
    let last = [pair("lost", "it did not fit"), pair("withdrawn", "")];
    assert_eq!(one[0], pair("verified", ""));
    assert_eq!(one[1..], last);
    assert_eq!(all[0], pair("lost", "cut anew"));
    assert_eq!(all[1..], last);
}

#[tokio::test]
async fn stints_of_other_jobs_are_found_by_their_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let (during, before, after) = store
        .call(|t| {
            let (own, other) = (t.add_job(&film())?, t.add_job(&film())?);
            for stint in [verified(own, 1, 0), verified(other, 2, 0)] {
                t.add_stint(&stint)?;
                t.end_stint(&stint)?;
            }
            // Whether it goes on is known to whoever gave it out: this one may have been left by a crash.
            t.add_stint(&stint(other, 3))?;
            let leases = |stints: Vec<Stint>| -> Vec<u64> {
                stints.into_iter().map(|one| one.lease).collect()
            };
            Ok((
                leases(t.other_stints(own, 1999, i64::MAX)?),
                leases(t.other_stints(own, 0, 1000)?),
                leases(t.other_stints(own, 2000, 3000)?),
            ))
        })
        .await
        .unwrap();
    assert_eq!(during, [2]);
    assert!(
        before.is_empty() && after.is_empty(),
        "{before:?} {after:?}"
    );
}

#[tokio::test]
async fn a_record_is_bounded_and_goes_with_its_job() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let left = store
        .call(|t| {
            let first = t.add_job(&film())?;
            for n in 0..PHASES_KEPT + 5 {
                t.put_phase(&phase(first, "held", i64::from(n), None))?;
            }
            assert_eq!(t.phases(first)?.len(), PHASES_KEPT as usize);
            // The last that is kept has an end like all others.
            let last = i64::from(PHASES_KEPT) - 1;
            t.put_phase(&phase(first, "held", last, Some(last + 7)))?;
            let ended = t.phases(first)?.last().and_then(|one| one.ended);
            assert_eq!(ended, Some(last + 7));
            t.add_stint(&stint(first, 1))?;
            // Whoever is not there has no record, and that is no error.
            t.add_stint(&stint(first + 1, 1))?;
            t.put_phase(&phase(first + 1, "held", 1, None))?;
            t.end_stint(&stint(first + 1, 1))?;
            let second = t.add_job(&film())?;
            t.add_stint(&stint(second, 2))?;
            t.forget_job(second)?;
            for _ in 0..TIMELINES_KEPT {
                t.add_job(&film())?;
            }
            t.prune_timelines(0)?;
            Ok((t.stints(first)?, t.stints(second)?, t.phases(first)?))
        })
        .await
        .unwrap();
    assert!(
        left.0.is_empty() && left.1.is_empty() && left.2.is_empty(),
        "{left:?}"
    );
}
