//! What becomes of jobs.

use schedule::{
    Action, Attempt, Change, Earlier, Event, Farm, FarmConfig, Input, JobId, JobState, LeaseId,
    Needs, SegmentIndex, SegmentState, Time, Verified, Work,
};

use crate::desk::{Desk, ENCODER, JOB, ME, TEN_SECONDS, peer};

#[test]
fn a_job_waits_for_peers_until_they_come() {
    let mut desk = Desk::with(&[ME]);
    let needs = Needs::Exactly(ENCODER);
    // J: new > fewer peers than wanted  --> waiting for peers
    desk.tell(Input::JobSubmitted {
        job: JOB,
        needs,
        wait_for: 2,
        only_here: false,
        total_hint: Work(0),
    });
    assert_eq!(
        desk.state(),
        JobState::WaitingForPeers {
            wanted: 2,
            until: Time(desk.now.0 + 60_000)
        }
    );
    desk.join(1);
    assert!(matches!(desk.state(), JobState::WaitingForPeers { .. }));
    // J: waiting for peers > they are there  --> processing
    desk.join(2);
    assert_eq!(desk.state(), JobState::Processing);
}

/// The job of the latest lease.
fn latest(desk: &Desk) -> JobId {
    let started = desk.actions.iter().rev().find_map(|action| match action {
        Action::Start { lease } => Some(lease.job),
        _ => None,
    });
    started.unwrap()
}

#[test]
fn a_job_that_is_moved_up_is_served_next() {
    let mut desk = Desk::with(&[ME]);
    desk.film(4);
    let second = JobId(2);
    desk.tell(Input::JobSubmitted {
        job: second,
        needs: Needs::Exactly(ENCODER),
        wait_for: 0,
        only_here: false,
        total_hint: Work(0),
    });
    assert_eq!(desk.farm.queue(), [JOB, second]);
    assert_eq!(latest(&desk), JOB);
    let running = desk.farm.leases().len();
    desk.tell(Input::Reorder { job: second, to: 0 });
    assert_eq!(desk.farm.queue(), [second, JOB]);
    assert!(desk.changes.contains(&Change::QueueOrdered {
        jobs: vec![second, JOB]
    }));
    // What is under way goes on.
    assert_eq!(desk.farm.leases().len(), running);
    desk.tell(Input::Planned {
        job: second,
        segment: SegmentIndex(0),
        work: TEN_SECONDS,
        bytes: 1,
    });
    let lease = desk.farm.leases()[0].lease.id;
    desk.tell(Input::Encoded { lease });
    assert_eq!(latest(&desk), second);
    // Beyond the end is the end.
    desk.tell(Input::Reorder {
        job: second,
        to: 99,
    });
    assert_eq!(desk.farm.queue(), [JOB, second]);
}

#[test]
fn a_job_waits_for_peers_until_patience_ends() {
    let mut desk = Desk::with(&[ME]);
    let needs = Needs::Exactly(ENCODER);
    desk.tell(Input::JobSubmitted {
        job: JOB,
        needs,
        wait_for: 2,
        only_here: false,
        total_hint: Work(0),
    });
    desk.pass(59);
    assert!(matches!(desk.state(), JobState::WaitingForPeers { .. }));
    // J: waiting for peers > a minute later  --> processing, and it is said
    desk.pass(1);
    assert_eq!(desk.state(), JobState::Processing);
    assert!(desk.events.contains(&Event::GoesOnWithout {
        job: JOB,
        wanted: 2,
        there: 0
    }));
}

#[test]
fn a_job_that_nobody_can_do_says_so_once_and_waits() {
    let mut desk = Desk::new();
    desk.submit();
    // J: queued > nobody can do it  --> waiting for peers
    assert!(matches!(
        desk.state(),
        JobState::WaitingForPeers { wanted: 0, .. }
    ));
    desk.pass(300);
    let said = desk
        .events
        .iter()
        .filter(|event| **event == Event::NobodyAble { job: JOB })
        .count();
    assert_eq!(said, 1);
    // J: waiting for peers > one comes  --> processing
    desk.join(1);
    assert_eq!(desk.state(), JobState::Processing);
}

#[test]
fn only_here_means_only_here() {
    let mut desk = Desk::with(&[1, 2]);
    let needs = Needs::Exactly(ENCODER);
    desk.tell(Input::JobSubmitted {
        job: JOB,
        needs,
        wait_for: 2,
        only_here: true,
        total_hint: Work(0),
    });
    assert!(matches!(
        desk.state(),
        JobState::WaitingForPeers { wanted: 0, .. }
    ));
    desk.join(ME);
    desk.cut(5);
    desk.pass(30);
    assert!(!desk.leases().is_empty());
    assert!(desk.leases().iter().all(|lease| lease.peer == peer(ME)));
}

#[test]
fn a_paused_job_finishes_what_has_begun() {
    let mut desk = Desk::with(&[1]);
    desk.film(2);
    let first = desk.lease_of(1);
    desk.tell(Input::Delivered { lease: first.id });
    let second = desk.leases()[1];
    // J: processing > pause  --> paused; L: encoding  --> encoding, travelling  --> revoked
    desk.tell(Input::Pause { job: JOB });
    assert!(matches!(desk.state(), JobState::Paused { .. }));
    assert_eq!(desk.revoked(), [second.id]);
    desk.finish(first);
    assert_eq!(desk.leases(), []);
    // J: paused > resume  --> processing
    desk.tell(Input::Resume { job: JOB });
    assert_eq!(desk.state(), JobState::Processing);
    desk.tell(Input::Delivered {
        lease: desk.lease_of(1).id,
    });
    desk.tell(Input::Pause { job: JOB });
    // J: paused > whole  --> paused
    desk.finish_all();
    assert!(matches!(desk.state(), JobState::Paused { .. }));
    // J: paused, whole > resume  --> combining
    desk.tell(Input::Resume { job: JOB });
    assert_eq!(desk.state(), JobState::Combining);
}

#[test]
fn a_cancelled_job_leaves_nothing() {
    let mut desk = Desk::with(&[1]);
    desk.film(2);
    let lease = desk.lease_of(1);
    // J: processing > cancel  --> cancelled; leases are revoked before the scratch goes
    desk.tell(Input::Cancel { job: JOB });
    assert_eq!(desk.state(), JobState::Cancelled);
    let end = &desk.actions[desk.actions.len() - 2..];
    assert_eq!(
        end,
        [
            Action::Revoke {
                lease: lease.id,
                peer: peer(1)
            },
            Action::Discard { job: JOB }
        ]
    );
    // J: cancelled > forget  --> gone
    desk.tell(Input::Forget { job: JOB });
    assert_eq!(desk.farm.state(JOB), None);
}

#[test]
fn a_joined_film_that_is_wrong_is_repaired_twice() {
    let mut desk = Desk::with(&[ME, 1]);
    desk.film(3);
    desk.finish_all();
    let segments = vec![SegmentIndex(1)];
    for time in 0..2 {
        let made_by = desk.segment(1);
        // J: combining > merge failed, at segments  --> processing; S: verified  --> leased, to another
        desk.tell(Input::MergeFailed {
            job: JOB,
            again: segments.clone(),
            reason: "torn".to_owned(),
        });
        assert_eq!(desk.state(), JobState::Processing);
        let lease = desk.leases()[0];
        let elsewhere =
            matches!(made_by, SegmentState::Verified { peer, .. } if peer != lease.peer);
        // The second time both have had it.
        assert!(elsewhere || time == 1);
        assert_eq!(lease.segment, SegmentIndex(1));
        desk.finish_all();
        assert_eq!(desk.state(), JobState::Combining);
    }
    // J: combining > merge failed for the third time  --> failed
    desk.tell(Input::MergeFailed {
        job: JOB,
        again: segments,
        reason: "torn".to_owned(),
    });
    assert_eq!(
        desk.state(),
        JobState::Failed {
            reason: "torn".to_owned()
        }
    );
}

#[test]
fn a_join_that_fails_as_such_fails_the_job() {
    let mut desk = Desk::with(&[ME]);
    desk.film(1);
    desk.finish_all();
    // J: combining > merge failed, at no segment  --> failed
    desk.tell(Input::MergeFailed {
        job: JOB,
        again: Vec::new(),
        reason: "no room".to_owned(),
    });
    assert_eq!(
        desk.state(),
        JobState::Failed {
            reason: "no room".to_owned()
        }
    );
    // J: failed, whole > retry  --> combining
    desk.tell(Input::Retry { job: JOB });
    assert_eq!(desk.state(), JobState::Combining);
}

#[test]
fn encoders_are_measured_first() {
    let mut desk = Desk::with(&[ME]);
    desk.submit();
    // J: processing > benchmark started  --> benchmarking; nothing is given out
    desk.tell(Input::BenchmarkStarted { job: JOB });
    desk.cut(2);
    assert_eq!(desk.state(), JobState::Benchmarking);
    assert_eq!(desk.leases(), []);
    // J: benchmarking > pause > benchmark done > resume  --> processing
    desk.tell(Input::Pause { job: JOB });
    desk.tell(Input::BenchmarkDone { job: JOB });
    desk.tell(Input::Resume { job: JOB });
    assert_eq!(desk.state(), JobState::Processing);
    assert_eq!(desk.leases().len(), 1);
}

#[test]
fn a_film_that_must_be_normalised_starts_over() {
    let mut desk = Desk::with(&[1]);
    desk.film(3);
    let first = desk.lease_of(1);
    // J: processing > plan reset  --> starts over: leases revoked, segments forgotten, then more is asked for
    desk.tell(Input::PlanReset { job: JOB });
    assert_eq!(desk.revoked(), [first.id]);
    assert_eq!(desk.farm.segments(JOB), []);
    assert!(desk.changes.contains(&Change::PlanReset { job: JOB }));
    let end = &desk.actions[desk.actions.len() - 2..];
    assert!(
        matches!(end, [Action::Discard { .. }, Action::Plan { .. }]),
        "{end:?}"
    );
    desk.cut(1);
    // The same segment of another plan is not the same attempt.
    assert_eq!(
        (desk.lease_of(1).segment, desk.lease_of(1).attempt),
        (first.segment, Attempt(2))
    );
}

#[test]
fn each_film_has_its_own_sizes() {
    let mut desk = Desk::with(&[ME]);
    desk.tell(Input::SegmentSizes {
        job: JOB,
        normal: Work(77),
        min: Work(7),
    });
    desk.submit();
    assert_eq!(
        desk.actions,
        [Action::Plan {
            job: JOB,
            target: Work(77)
        }]
    );
}

#[test]
fn a_film_with_nothing_in_it_fails() {
    let mut desk = Desk::with(&[ME]);
    desk.submit();
    desk.tell(Input::PlanFinished { job: JOB });
    assert!(matches!(desk.state(), JobState::Failed { .. }));
}

#[test]
fn the_next_job_gets_what_the_first_cannot_use() {
    let mut desk = Desk::with(&[ME, 1]);
    let needs = Needs::Exactly(ENCODER);
    desk.tell(Input::JobSubmitted {
        job: JobId(2),
        needs: needs.clone(),
        wait_for: 0,
        only_here: true,
        total_hint: Work(0),
    });
    desk.tell(Input::JobSubmitted {
        job: JobId(3),
        needs,
        wait_for: 0,
        only_here: false,
        total_hint: Work(0),
    });
    // This computer is the first job's, the other the second's.
    let asked: Vec<_> = desk
        .actions
        .iter()
        .filter(|action| matches!(action, Action::Plan { .. }))
        .collect();
    assert_eq!(asked.len(), 2);
    desk.tell(Input::Planned {
        job: JobId(3),
        segment: SegmentIndex(0),
        work: TEN_SECONDS,
        bytes: 1,
    });
    desk.tell(Input::Planned {
        job: JobId(2),
        segment: SegmentIndex(0),
        work: TEN_SECONDS,
        bytes: 1,
    });
    let given: Vec<_> = desk
        .leases()
        .iter()
        .map(|lease| (lease.job, lease.peer))
        .collect();
    assert_eq!(given, [(JobId(3), peer(1)), (JobId(2), peer(ME))]);
}

#[test]
fn a_stalled_index_holds_the_next_job_back_for_five_seconds() {
    let mut desk = Desk::with(&[ME]);
    desk.submit();
    desk.tell(Input::PlanWaits { job: JOB });
    let needs = Needs::Exactly(ENCODER);
    let other = JobId(2);
    desk.tell(Input::JobSubmitted {
        job: other,
        needs,
        wait_for: 0,
        only_here: false,
        total_hint: Work(0),
    });
    desk.pass(4);
    assert_eq!(desk.farm.state(other), Some(&JobState::Queued));
    desk.pass(1);
    assert_eq!(desk.farm.state(other), Some(&JobState::Processing));
}

#[test]
fn a_restored_job_goes_on_with_what_it_has() {
    let mut desk = Desk::with(&[ME]);
    let by = Verified {
        peer: peer(7),
        attempt: Attempt(4),
    };
    let planned = vec![
        (SegmentIndex(0), TEN_SECONDS, Some(by)),
        (SegmentIndex(1), TEN_SECONDS, None),
    ];
    let needs = Needs::Exactly(ENCODER);
    desk.tell(Input::JobRestored {
        job: JOB,
        earlier: Earlier {
            needs,
            only_here: false,
            planned,
            awaited: Vec::new(),
            plan_finished: true,
        },
    });
    assert_eq!(desk.leases()[0].segment, SegmentIndex(1));
    desk.finish_all();
    assert_eq!(desk.state(), JobState::Combining);
}

#[test]
fn what_was_joined_when_the_node_stopped_is_joined_again() {
    let mut desk = Desk::new();
    let by = Verified {
        peer: peer(7),
        attempt: Attempt(1),
    };
    let planned = vec![(SegmentIndex(0), TEN_SECONDS, Some(by))];
    let needs = Needs::Exactly(ENCODER);
    desk.tell(Input::JobRestored {
        job: JOB,
        earlier: Earlier {
            needs,
            only_here: false,
            planned,
            awaited: Vec::new(),
            plan_finished: true,
        },
    });
    assert_eq!(desk.state(), JobState::Combining);
    assert_eq!(desk.actions, [Action::Merge { job: JOB }]);
}

#[test]
fn lease_numbers_of_another_run_are_other_numbers() {
    let mut desk = Desk::new();
    desk.farm = Farm::new(FarmConfig {
        epoch: 3,
        ..FarmConfig::default()
    });
    desk.join(ME);
    desk.film(1);
    assert_eq!(desk.lease_of(ME).id, LeaseId(3 << 32));
}

#[test]
fn how_long_and_how_much_faster() {
    let mut desk = Desk::with(&[ME, 1, 2, 3]);
    desk.film(40);
    // Forty segments of ten seconds for four.
    assert_eq!(desk.farm.eta(JOB, desk.now).unwrap().as_secs(), 100);
    // Of this computer there is only a benchmark so far.
    assert_eq!(desk.farm.speed_up(JOB, desk.now), None);
    let mine = desk.lease_of(ME);
    desk.tell(Input::Delivered { lease: mine.id });
    desk.pass(10);
    desk.finish(mine);
    assert_eq!(desk.farm.speed_up(JOB, desk.now), Some(4.0));
    desk.tell(Input::PeerLeft { peer: peer(3) });
    assert_eq!(desk.farm.speed_up(JOB, desk.now), Some(3.0));
    desk.tell(Input::Pause { job: JOB });
    assert_eq!(desk.farm.eta(JOB, desk.now), None);
}
