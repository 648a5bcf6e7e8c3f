//! How the time went, of jobs that were done for real.

use engine::status::JobId;
use engine::timeline::Timeline;
use hindsight::{Fate, PhaseKind, Stint};

use super::*;

/// What two computers did of a job is in its timeline, and its moments come one after the other.
pub async fn assert_told(owner: &Node, id: JobId) {
    let told = settled(owner, id).await;
    assert!(!told.live && !told.cut_short);
    let names: Vec<&str> = told.names.values().map(String::as_str).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(
        names.contains(&"owner") && names.contains(&"donor"),
        "{names:?}"
    );
    for stint in &told.record.stints {
        assert!(stint.fate.is_some(), "{stint:?}");
        if stint.fate == Some(Fate::Verified) {
            assert_in_order(stint);
            let away = stint.peer != told.me.0;
            assert_eq!(
                (stint.sent > 0, stint.received > 0),
                (away, away),
                "{stint:?}"
            );
        }
    }
    let frames: u64 = told.account.hands.iter().map(|hand| hand.frames).sum();
    assert_eq!(frames, 1500);
    for kind in [
        PhaseKind::Probe,
        PhaseKind::Encoding,
        PhaseKind::Joining,
        PhaseKind::Proving,
        PhaseKind::Placing,
    ] {
        let phase = told.record.phases.iter().find(|one| one.kind == kind);
        let phase = phase.unwrap_or_else(|| panic!("{kind:?}: {:?}", told.record.phases));
        assert!(
            phase.ended.is_some_and(|ended| ended >= phase.began),
            "{phase:?}"
        );
    }
    for hand in &told.account.hands {
        assert!(hand.spent.encode > 0, "{hand:?}");
        assert_eq!(hand.spent.all(), told.account.work_ms);
    }
}

/// The timeline of a job that is over, once what was noted last is written with the loop's next turn.
pub async fn settled(owner: &Node, id: JobId) -> Timeline {
    loop {
        let told = owner.timeline(id).await.unwrap();
        let open = told.record.phases.iter().any(|one| one.ended.is_none())
            || told.record.stints.iter().any(|one| one.ended.is_none());
        if !told.live && !open {
            return told;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn assert_in_order(stint: &Stint) {
    let times = [
        Some(stint.given),
        stint.delivered,
        stint.began,
        stint.encoded,
        stint.finished,
        stint.returned,
        stint.ended,
    ];
    let times: Vec<i64> = times
        .into_iter()
        .map(|at| at.unwrap_or_else(|| panic!("{stint:?}")))
        .collect();
    assert!(times.is_sorted(), "{stint:?}");
}

/// The time in which the node did not run is a gap, and what it had in hand then has ended.
pub async fn assert_gap(owner: &Node, id: JobId) {
    let told = settled(owner, id).await;
    let gaps: Vec<_> = told
        .record
        .phases
        .iter()
        .filter(|one| one.kind == PhaseKind::Stopped)
        .collect();
    assert_eq!(gaps.len(), 1, "{:?}", told.record.phases);
    let stopped = |one: &&Stint| one.fate == Some(Fate::Stopped);
    assert!(
        told.record.stints.iter().any(|one| stopped(&one)),
        "{told:?}"
    );
    let all = u64::try_from(told.account.until - told.account.began).unwrap();
    let gap = u64::try_from(gaps[0].ended.unwrap() - gaps[0].began).unwrap();
    assert_eq!(told.account.whole_ms, all - gap);
    let frames: u64 = told.account.hands.iter().map(|hand| hand.frames).sum();
    assert_eq!(frames, 1500);
}

/// What was made, and who worked for whom, is in the figures of both.
pub async fn assert_counted(owner: &Node, donor: &Node) {
    let (ours, theirs) = (
        owner.figures(7).await.unwrap(),
        donor.figures(7).await.unwrap(),
    );
    assert_eq!((ours.in_all.films, ours.in_all.frames), (1, 1500));
    assert_eq!(ours.made.len(), 1);
    assert!(ours.made[0].source_bytes > 0 && ours.made[0].output_bytes > 0);
    let for_us = ours.by_peer.iter().filter(|one| one.for_us);
    let frames: Vec<u64> = for_us.map(|one| one.frames).collect();
    assert_eq!((frames.len(), frames.iter().sum::<u64>()), (2, 1500));
    assert_eq!(theirs.in_all.films, 0);
    let [given] = theirs.by_peer.as_slice() else {
        panic!("{theirs:?}")
    };
    assert!(
        !given.for_us && given.peer == ours.me && given.ms > 0,
        "{given:?}"
    );
    assert_eq!(given.name, "owner");
}
