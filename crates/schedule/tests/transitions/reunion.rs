//! What others still hold after somebody was away.

use schedule::{
    Attempt, Earlier, Ignored, Input, JobId, Needs, Phase, Reunion, SegmentIndex, SegmentState,
    Verified,
};

use crate::desk::{Desk, ENCODER, JOB, ME, OTHER_ENCODER, TEN_SECONDS, peer};

/// A job of so many segments, of which the first are done and one is awaited.
fn restored(desk: &mut Desk, segments: u32, done: u32, awaited: u32) {
    let by = Verified {
        peer: peer(ME),
        attempt: Attempt(1),
    };
    let planned = (0..segments).map(|at| {
        let by = (at < done).then_some(by);
        (SegmentIndex(at), TEN_SECONDS, by)
    });
    desk.tell(Input::JobRestored {
        job: JOB,
        earlier: Earlier {
            needs: Needs::Exactly(ENCODER),
            only_here: false,
            planned: planned.collect(),
            awaited: vec![SegmentIndex(awaited)],
            plan_finished: true,
        },
    });
}

fn holds(number: u8, segment: u32) -> Input {
    Input::Reunion(Reunion::Holds {
        peer: peer(number),
        job: JOB,
        segment: SegmentIndex(segment),
        encoder: ENCODER,
    })
}

fn leased_to(desk: &Desk, number: u8) -> Vec<u32> {
    let leases = desk.leases().into_iter();
    let of_peer = leases.filter(|lease| lease.peer == peer(number));
    of_peer.map(|lease| lease.segment.0).collect()
}

#[test]
fn a_segment_that_somebody_may_hold_is_left_alone_until_it_says_so() {
    let mut desk = Desk::new();
    desk.join(ME);
    restored(&mut desk, 3, 1, 1);
    // W: may be held elsewhere > others come first
    assert_eq!(leased_to(&desk, ME), [2]);
    desk.pass(5);
    desk.join(1);
    assert!(
        desk.farm
            .leases()
            .iter()
            .all(|view| view.lease.segment != SegmentIndex(1))
    );
    desk.tell(holds(1, 1));
    assert_eq!(leased_to(&desk, 1), [1]);
    let lease = desk.lease_of(1);
    assert_eq!(desk.phase(lease.id), Some(Phase::Travelling));
    desk.finish(lease);
    assert!(matches!(desk.segment(1), SegmentState::Verified { .. }));
}

#[test]
fn it_is_not_left_alone_for_ever_nor_where_nobody_holds_it() {
    for said in [false, true] {
        let mut desk = Desk::new();
        desk.join(ME);
        restored(&mut desk, 2, 1, 1);
        assert!(desk.leases().is_empty());
        if said {
            desk.tell(Input::Reunion(Reunion::NotHeld {
                job: JOB,
                segment: SegmentIndex(1),
            }));
        } else {
            desk.pass(20);
        }
        assert_eq!(leased_to(&desk, ME), [1]);
    }
}

#[test]
fn whoever_comes_back_with_a_segment_that_another_has_by_now_races_it() {
    let mut desk = Desk::with(&[ME]);
    desk.film(1);
    let first = desk.lease_of(ME);
    desk.join(1);
    desk.join(2);
    desk.tell(holds(1, 0));
    assert_eq!(leased_to(&desk, 1), [0]);
    // Once is enough, and a third has no place.
    for number in [1, ME, 2] {
        desk.tell(holds(number, 0));
    }
    assert_eq!(desk.leases().len(), 2);
    let second = desk.lease_of(1);
    desk.finish(second);
    assert_eq!(desk.revoked(), [first.id]);
}

#[test]
fn a_computer_that_rests_may_still_have_what_it_was_given() {
    let mut desk = Desk::with(&[ME]);
    desk.film(2);
    desk.join(1);
    desk.tell(Input::PeerPaused {
        peer: peer(1),
        reason: "its disk is nearly full".to_owned(),
    });
    assert!(leased_to(&desk, 1).is_empty());
    desk.tell(holds(1, 0));
    assert_eq!(leased_to(&desk, 1), [0]);
    desk.tell(Input::PeerLeft { peer: peer(1) });
    desk.tell(holds(1, 1));
    assert_eq!(desk.ignored(), Some(Ignored::JobElsewhere(JOB)));
}

#[test]
fn what_means_nothing_is_ignored() {
    let mut desk = Desk::with(&[ME, 1]);
    desk.film(2);
    desk.finish_all();
    let nothing = [
        (holds(1, 0), Ignored::JobElsewhere(JOB)),
        (holds(7, 0), Ignored::UnknownPeer(peer(7))),
        (holds(1, 9), Ignored::UnknownSegment(JOB, SegmentIndex(9))),
        (
            Input::Reunion(Reunion::NotHeld {
                job: JobId(9),
                segment: SegmentIndex(0),
            }),
            Ignored::UnknownJob(JobId(9)),
        ),
    ];
    for (input, why) in nothing {
        desk.tell(input);
        assert_eq!(desk.ignored(), Some(why));
    }
}

#[test]
fn a_peer_that_cannot_do_it_or_failed_at_it_is_not_given_it_back() {
    let mut desk = Desk::with(&[ME, 1]);
    desk.film(3);
    let bad = desk.lease_of(1);
    desk.fail(bad, schedule::Fault::Peer);
    desk.tell(holds(1, bad.segment.0));
    assert_eq!(desk.ignored(), Some(Ignored::JobElsewhere(JOB)));
    desk.tell(Input::Reunion(Reunion::Holds {
        peer: peer(1),
        job: JOB,
        segment: SegmentIndex(2),
        encoder: OTHER_ENCODER,
    }));
    assert_eq!(desk.ignored(), Some(Ignored::JobElsewhere(JOB)));
}
