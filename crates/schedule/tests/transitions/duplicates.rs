//! What becomes of a segment that two peers have.

use schedule::{Fault, Ignored, Input, Lease, Rejection, SegmentState, Standing, Work};

use crate::desk::Desk;

/// One peer encodes slowly, the other is idle: the segment has two leases. The slow one is first.
fn hedged() -> (Desk, Lease, Lease) {
    let mut desk = Desk::with(&[1, 2]);
    desk.film(1);
    let slow = desk.leases()[0];
    desk.tell(Input::Delivered { lease: slow.id });
    desk.pass(20);
    desk.tell(Input::Progress {
        lease: slow.id,
        done: Work(200),
    });
    desk.pass(2);
    let fast = *desk.leases().last().unwrap();
    assert!(fast.hedge && fast.peer != slow.peer);
    assert_eq!(
        desk.segment(0),
        SegmentState::Leased {
            lease: slow.id,
            hedge: Some(fast.id)
        }
    );
    (desk, slow, fast)
}

#[test]
fn of_two_the_first_verified_wins() {
    for fast_wins in [true, false] {
        let (mut desk, slow, fast) = hedged();
        let (winner, loser) = if fast_wins {
            (fast, slow)
        } else {
            (slow, fast)
        };
        // S: leased twice > verified  --> verified, the other lease is revoked
        desk.tell(Input::Verified { lease: winner.id });
        assert_eq!(
            desk.segment(0),
            SegmentState::Verified {
                peer: winner.peer,
                attempt: winner.attempt
            }
        );
        assert_eq!(desk.revoked(), [loser.id]);
        // L: revoked > verified  --> nothing
        desk.tell(Input::Verified { lease: loser.id });
        assert_eq!(desk.ignored(), Some(Ignored::UnknownLease(loser.id)));
        assert_eq!(desk.standing(loser.peer.0[0]), Standing::Good { fails: 0 });
    }
}

#[test]
fn of_two_one_may_fail() {
    for fast_fails in [true, false] {
        let (mut desk, slow, fast) = hedged();
        let (lost, left) = if fast_fails {
            (fast, slow)
        } else {
            (slow, fast)
        };
        // S: leased twice > failed  --> leased once
        desk.fail(lost, Fault::Peer);
        assert_eq!(
            desk.segment(0),
            SegmentState::Leased {
                lease: left.id,
                hedge: None
            }
        );
    }
}

#[test]
fn wrong_frames_of_both_blame_nobody() {
    let (mut desk, slow, fast) = hedged();
    desk.tell(Input::Rejected {
        lease: slow.id,
        why: Rejection::WrongFrames,
    });
    desk.tell(Input::Rejected {
        lease: fast.id,
        why: Rejection::WrongFrames,
    });
    assert_eq!(desk.failures(0), (0, 0));
    assert_eq!(desk.standing(1), Standing::Good { fails: 0 });
    assert_eq!(desk.standing(2), Standing::Good { fails: 0 });
    assert_eq!(desk.leases()[0].step_back, 1);
}
