//! What becomes of segments and leases.

use schedule::{
    Action, Attempt, Change, Fault, Ignored, Input, JobState, Needs, Offer, Phase, Rejection,
    SegmentState, Standing, Time, Work,
};

use crate::desk::{Desk, ENCODER, JOB, ME, OTHER_ENCODER, peer};

#[test]
fn the_way_of_a_segment() {
    let mut desk = Desk::with(&[ME]);
    desk.film(1);
    let lease = desk.lease_of(ME);
    // J: queued > its first piece is asked for  --> processing
    assert_eq!(desk.state(), JobState::Processing);
    // S: waiting > granted  --> leased, L: travelling
    assert_eq!(
        desk.segment(0),
        SegmentState::Leased {
            lease: lease.id,
            hedge: None
        }
    );
    assert_eq!(desk.phase(lease.id), Some(Phase::Travelling));
    assert_eq!(lease.attempt, Attempt(1));
    // It is stored before it is done.
    assert!(desk.changes.contains(&Change::Leased { lease }));
    assert_eq!(desk.actions.last(), Some(&Action::Start { lease }));
    // L: travelling > delivered, a seat is free  --> encoding
    desk.tell(Input::Delivered { lease: lease.id });
    assert_eq!(
        desk.phase(lease.id),
        Some(Phase::Encoding {
            since: desk.now,
            done: Work(0),
            seen: desk.now
        })
    );
    // L: encoding > encoded  --> returning
    desk.tell(Input::Encoded { lease: lease.id });
    assert_eq!(desk.phase(lease.id), Some(Phase::Returning));
    // L: returning > returned  --> quarantined
    desk.tell(Input::Returned { lease: lease.id });
    assert!(matches!(
        desk.phase(lease.id),
        Some(Phase::Quarantined { .. })
    ));
    // S: leased > verified  --> verified, J: processing > whole  --> combining
    desk.tell(Input::Verified { lease: lease.id });
    assert_eq!(
        desk.segment(0),
        SegmentState::Verified {
            peer: peer(ME),
            attempt: Attempt(1)
        }
    );
    assert_eq!(desk.state(), JobState::Combining);
    assert_eq!(desk.actions.last(), Some(&Action::Merge { job: JOB }));
    // J: combining > merged  --> completed
    desk.tell(Input::Merged { job: JOB });
    assert_eq!(desk.state(), JobState::Completed);
}

#[test]
fn a_queued_lease_gets_the_seat_that_becomes_free() {
    let mut desk = Desk::with(&[1]);
    desk.film(3);
    let first = desk.lease_of(1);
    // The wire is taken: one source travels at a time.
    assert_eq!(desk.leases().len(), 1);
    desk.tell(Input::Delivered { lease: first.id });
    // One is prefetched, and no more.
    let second = desk.leases()[1];
    desk.tell(Input::Delivered { lease: second.id });
    assert_eq!(desk.leases().len(), 2);
    // L: travelling > delivered, no seat is free  --> queued
    assert_eq!(desk.phase(second.id), Some(Phase::Queued));
    // L: queued > the seat becomes free  --> encoding
    desk.tell(Input::Encoded { lease: first.id });
    assert!(matches!(
        desk.phase(second.id),
        Some(Phase::Encoding { .. })
    ));
    assert_eq!(desk.leases().len(), 3);
}

/// Somebody fast who always says no keeps nobody waiting, and nothing waits for it.
#[test]
fn what_one_declines_another_has_at_once() {
    let mut desk = Desk::with(&[1, ME]);
    desk.film(4);
    for _ in 0..3 {
        let declined = desk.lease_of(1);
        desk.finish(desk.lease_of(ME));
        desk.fail(declined, Fault::Declined);
        // S: leased > declined  --> waiting for nobody in particular
        let taken = desk.segment(declined.segment.0);
        let here = desk.lease_of(ME);
        let waits = SegmentState::Waiting {
            not_before: desk.now,
        };
        let with_me = SegmentState::Leased {
            lease: here.id,
            hedge: None,
        };
        assert!(taken == waits || taken == with_me, "{taken:?}");
        desk.pass(60);
    }
    assert_eq!(desk.standing(1), Standing::Good { fails: 0 });
}

#[test]
fn this_computer_prefetches_nothing() {
    let mut desk = Desk::with(&[ME]);
    desk.film(3);
    desk.tell(Input::Delivered {
        lease: desk.lease_of(ME).id,
    });
    assert_eq!(desk.leases().len(), 1);
}

#[test]
fn signs_of_life_that_come_out_of_order() {
    let mut desk = Desk::with(&[ME]);
    desk.film(1);
    let lease = desk.lease_of(ME).id;
    // L: travelling > progress  --> encoding
    desk.tell(Input::Progress {
        lease,
        done: Work(500),
    });
    // L: encoding > less progress than before  --> encoding, as far as before
    desk.tell(Input::Progress {
        lease,
        done: Work(100),
    });
    assert!(matches!(
        desk.phase(lease),
        Some(Phase::Encoding {
            done: Work(500),
            ..
        })
    ));
    // L: encoding > delivered  --> nothing
    desk.tell(Input::Delivered { lease });
    assert_eq!(desk.ignored(), Some(Ignored::LeasePast(lease)));
    // L: encoding > returned  --> quarantined
    desk.tell(Input::Returned { lease });
    // L: quarantined > encoded, progress, returned  --> nothing
    for late in [
        Input::Encoded { lease },
        Input::Progress {
            lease,
            done: Work(1),
        },
        Input::Returned { lease },
    ] {
        desk.tell(late);
        assert_eq!(desk.ignored(), Some(Ignored::LeasePast(lease)));
    }
    assert!(matches!(desk.phase(lease), Some(Phase::Quarantined { .. })));
}

#[test]
fn a_failure_of_a_peer_sends_the_segment_to_another() {
    let mut desk = Desk::with(&[1, 2]);
    desk.film(1);
    let first = desk.leases()[0];
    // S: leased > failed, by the peer  --> waiting, then leased to another
    desk.fail(first, Fault::Peer);
    assert!(matches!(desk.segment(0), SegmentState::Waiting { .. }));
    assert_eq!(desk.failures(0), (1, 0));
    desk.pass(1);
    let second = desk.leases()[0];
    assert_ne!(second.peer, first.peer);
    assert_eq!(second.attempt, Attempt(2));
    // L: ended > verified  --> nothing
    desk.tell(Input::Verified { lease: first.id });
    assert_eq!(desk.ignored(), Some(Ignored::UnknownLease(first.id)));
}

#[test]
fn three_failures_fail_the_job_and_keep_everything() {
    let mut desk = Desk::with(&[ME]);
    desk.film(2);
    let good = desk.lease_of(ME);
    desk.finish(good);
    for _ in 0..3 {
        desk.pass(5);
        desk.fail(desk.lease_of(ME), Fault::Peer);
    }
    // S: waiting > failed for the third time  --> failed, J: processing  --> failed
    assert_eq!(
        desk.segment(1),
        SegmentState::Failed {
            reason: "it broke".to_owned()
        }
    );
    let reason = "segment 1 cannot be encoded: it broke".to_owned();
    assert_eq!(desk.state(), JobState::Failed { reason });
    assert!(!desk.actions.contains(&Action::Discard { job: JOB }));
    // J: failed > retry  --> processing, S: failed  --> leased
    desk.tell(Input::Retry { job: JOB });
    assert_eq!(desk.state(), JobState::Processing);
    assert_eq!(desk.failures(1), (0, 0));
    assert_eq!(desk.lease_of(ME).attempt, Attempt(4));
    assert!(matches!(desk.segment(0), SegmentState::Verified { .. }));
}

#[test]
fn the_network_is_forgiven_more_often_but_not_for_ever() {
    let mut desk = Desk::with(&[1]);
    desk.film(1);
    for mishap in 1..20 {
        // S: leased > failed, by the network  --> waiting
        desk.fail(desk.lease_of(1), Fault::Network);
        assert_eq!(desk.failures(0), (0, mishap));
        assert_eq!(desk.standing(1), Standing::Good { fails: 0 });
        desk.pass(120);
    }
    // S: leased > failed, by the network, for the twentieth time  --> failed
    desk.fail(desk.lease_of(1), Fault::Network);
    assert!(matches!(desk.state(), JobState::Failed { .. }));
}

#[test]
fn a_peer_that_says_not_now_is_left_alone_for_longer_each_time() {
    let mut desk = Desk::with(&[1]);
    desk.film(1);
    for seconds in [1, 2, 4, 8] {
        desk.fail(desk.lease_of(1), Fault::Declined);
        let until = desk.farm.peer(peer(1)).unwrap().not_before;
        assert_eq!(until, Time(desk.now.0 + seconds * 1000));
        desk.pass(seconds);
    }
    // A source that is taken makes up for it.
    desk.tell(Input::Delivered {
        lease: desk.lease_of(1).id,
    });
    desk.fail(desk.lease_of(1), Fault::Declined);
    assert_eq!(
        desk.farm.peer(peer(1)).unwrap().not_before,
        Time(desk.now.0 + 1000)
    );
}

#[test]
fn a_source_that_cannot_be_read_blames_no_peer() {
    let mut desk = Desk::with(&[1]);
    desk.film(1);
    desk.fail(desk.lease_of(1), Fault::Source);
    assert_eq!(desk.failures(0), (1, 0));
    assert_eq!(desk.standing(1), Standing::Good { fails: 0 });
}

#[test]
fn wrong_frames_are_first_extracted_from_further_back() {
    let mut desk = Desk::with(&[1]);
    desk.film(1);
    let first = desk.lease_of(1);
    assert_eq!(first.step_back, 0);
    // S: leased > rejected, wrong frames  --> leased again at once, one step back; nobody is blamed
    desk.tell(Input::Rejected {
        lease: first.id,
        why: Rejection::WrongFrames,
    });
    let second = desk.lease_of(1);
    assert_eq!(second.step_back, 1);
    assert_eq!(desk.failures(0), (0, 0));
    assert_eq!(desk.standing(1), Standing::Good { fails: 0 });
    // S: leased > rejected, wrong frames again  --> waiting, another step back; an attempt, and a blame
    desk.tell(Input::Rejected {
        lease: second.id,
        why: Rejection::WrongFrames,
    });
    assert_eq!(desk.failures(0), (1, 0));
    assert_eq!(desk.standing(1), Standing::Good { fails: 1 });
    desk.pass(1);
    assert_eq!(desk.lease_of(1).step_back, 2);
}

#[test]
fn a_bad_result_is_made_elsewhere() {
    let mut desk = Desk::with(&[1, 2]);
    desk.film(1);
    let first = desk.leases()[0];
    // S: leased > rejected, bad  --> waiting, then leased to another
    desk.tell(Input::Rejected {
        lease: first.id,
        why: Rejection::Bad("noise".to_owned()),
    });
    assert_eq!(desk.failures(0), (1, 0));
    desk.pass(1);
    assert_ne!(desk.leases()[0].peer, first.peer);
}

#[test]
fn where_there_is_only_one_peer_its_other_encoder_is_tried() {
    let mut desk = Desk::new();
    let offer = |encoder, speed| Offer {
        encoder,
        speed,
        seats: 1,
    };
    let offers = vec![offer(ENCODER, 100.0), offer(OTHER_ENCODER, 300.0)];
    desk.tell(Input::PeerJoined {
        peer: peer(ME),
        is_self: true,
        offers,
    });
    let needs = Needs::AnyOf(vec![ENCODER, OTHER_ENCODER]);
    desk.tell(Input::JobSubmitted {
        job: JOB,
        needs,
        wait_for: 0,
        only_here: false,
        total_hint: Work(0),
    });
    desk.cut(1);
    assert_eq!(desk.lease_of(ME).encoder, OTHER_ENCODER);
    desk.fail(desk.lease_of(ME), Fault::Peer);
    desk.pass(1);
    assert_eq!(desk.lease_of(ME).encoder, ENCODER);
}

#[test]
fn silence_ends_a_lease() {
    let mut desk = Desk::with(&[1]);
    desk.film(1);
    let lease = desk.lease_of(1);
    desk.tell(Input::Delivered { lease: lease.id });
    desk.pass(50);
    desk.tell(Input::Progress {
        lease: lease.id,
        done: Work(10),
    });
    desk.pass(59);
    assert_eq!(desk.leases(), [lease]);
    // S: leased > nothing heard for 60 s  --> waiting; an attempt, and a blame
    desk.pass(1);
    assert_eq!(desk.revoked(), [lease.id]);
    assert_eq!(desk.failures(0), (1, 0));
    assert_eq!(desk.standing(1), Standing::Good { fails: 1 });
}

#[test]
fn a_delivery_may_take_longer() {
    let mut desk = Desk::with(&[1]);
    desk.film(1);
    let lease = desk.lease_of(1);
    desk.pass(599);
    assert_eq!(desk.phase(lease.id), Some(Phase::Travelling));
    // S: leased > still not delivered after ten minutes  --> waiting; a mishap
    desk.pass(1);
    assert_eq!(desk.revoked(), [lease.id]);
    assert_eq!(desk.failures(0), (0, 1));
}
