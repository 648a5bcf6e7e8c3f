//! What becomes of peers, and of what they hold.

use schedule::{
    Action, Event, Fault, Input, JobState, Needs, Offer, Phase, Presence, SegmentIndex,
    SegmentState, Standing, Time, Work,
};

use crate::desk::{Desk, ENCODER, JOB, ME, TEN_SECONDS, peer};

/// Fails three segments at peer 1, while others are there.
fn set_aside(desk: &mut Desk) {
    for _ in 0..3 {
        desk.fail(desk.lease_of(1), Fault::Peer);
    }
}

#[test]
fn three_failures_in_a_row_set_a_peer_aside_for_longer_each_time() {
    let mut desk = Desk::with(&[1, 2]);
    desk.film(40);
    // P: good > failed three times  --> aside for a minute
    set_aside(&mut desk);
    let until = Time(desk.now.0 + 60_000);
    let reason = "it broke".to_owned();
    assert_eq!(
        desk.standing(1),
        Standing::Aside {
            until,
            times: 1,
            reason: reason.clone()
        }
    );
    assert!(desk.events.contains(&Event::PeerSetAside {
        peer: peer(1),
        until,
        reason
    }));
    assert!(desk.leases().iter().all(|lease| lease.peer != peer(1)));
    // P: aside > a minute later  --> on trial
    desk.pass(60);
    assert_eq!(desk.standing(1), Standing::Trial { times: 1 });
    // P: on trial  --> gets one segment at a time
    desk.tell(Input::Delivered {
        lease: desk.lease_of(1).id,
    });
    let given = desk
        .leases()
        .into_iter()
        .filter(|lease| lease.peer == peer(1));
    assert_eq!(given.count(), 1);
    // P: on trial > failed  --> aside for two minutes
    desk.fail(desk.lease_of(1), Fault::Peer);
    let Standing::Aside {
        until, times: 2, ..
    } = desk.standing(1)
    else {
        panic!("{:?}", desk.standing(1))
    };
    assert_eq!(until, Time(desk.now.0 + 120_000));
    // P: on trial > verified  --> good
    desk.pass(120);
    desk.finish(desk.lease_of(1));
    assert_eq!(desk.standing(1), Standing::Good { fails: 0 });
}

#[test]
fn a_success_in_between_counts() {
    let mut desk = Desk::with(&[1, 2]);
    desk.film(40);
    for _ in 0..2 {
        desk.fail(desk.lease_of(1), Fault::Peer);
    }
    // P: good, failed twice > verified  --> good, failed never
    desk.finish(desk.lease_of(1));
    assert_eq!(desk.standing(1), Standing::Good { fails: 0 });
}

#[test]
fn the_only_peer_is_used_although_it_is_set_aside() {
    let mut desk = Desk::with(&[1]);
    desk.film(40);
    set_aside(&mut desk);
    assert!(matches!(desk.standing(1), Standing::Aside { .. }));
    assert_eq!(desk.lease_of(1).peer, peer(1));
}

#[test]
fn a_paused_peer_finishes_what_it_has_begun() {
    let mut desk = Desk::with(&[1]);
    desk.film(3);
    let first = desk.lease_of(1);
    desk.tell(Input::Delivered { lease: first.id });
    let second = desk.leases()[1];
    // P: here > paused  --> paused; S: leased, not begun  --> waiting
    desk.tell(Input::PeerPaused {
        peer: peer(1),
        reason: "in use".to_owned(),
    });
    let reason = "in use".to_owned();
    assert_eq!(
        desk.farm.peer(peer(1)).unwrap().presence,
        Presence::Paused { reason }
    );
    assert_eq!(desk.revoked(), [second.id]);
    assert_eq!(desk.leases(), [first]);
    // S: leased, begun at a paused peer > nothing heard for 60 s  --> waiting; nobody is blamed
    desk.pass(60);
    assert_eq!(desk.failures(0), (0, 0));
    assert_eq!(desk.standing(1), Standing::Good { fails: 0 });
    // J: processing > nobody can do it  --> waiting for peers
    assert!(matches!(
        desk.state(),
        JobState::WaitingForPeers { wanted: 0, .. }
    ));
    // P: paused > resumed  --> here, J: waiting for peers  --> processing
    desk.tell(Input::PeerResumed { peer: peer(1) });
    assert_eq!(desk.state(), JobState::Processing);
    assert_eq!(desk.leases().len(), 1);
}

#[test]
fn what_a_withdrawn_peer_had_in_hand_goes_to_others_through_nobodys_fault() {
    let mut desk = Desk::with(&[1, 2]);
    desk.film(4);
    let lease = desk.lease_of(1);
    desk.tell(Input::Delivered { lease: lease.id });
    // L: encoding > withdrawn  --> revoked
    desk.tell(Input::PeerWithdrawn { peer: peer(1) });
    assert_eq!(desk.phase(lease.id), None);
    assert!(desk.leases().iter().all(|other| other.peer == peer(2)));
    assert_eq!(desk.standing(1), Standing::Good { fails: 0 });
    assert_eq!(desk.failures(lease.segment.0), (0, 0));
    // It is given something again once it can do something again.
    desk.join(1);
    assert!(desk.leases().iter().any(|other| other.peer == peer(1)));
}

#[test]
fn what_is_here_survives_the_peer_that_made_it() {
    let mut desk = Desk::with(&[1, 2]);
    desk.film(4);
    let lease = desk.lease_of(1);
    desk.tell(Input::Delivered { lease: lease.id });
    desk.tell(Input::Encoded { lease: lease.id });
    desk.tell(Input::Returned { lease: lease.id });
    // P: here > left  --> gone; L: quarantined  --> quarantined, all others revoked
    desk.tell(Input::PeerLeft { peer: peer(1) });
    assert!(matches!(
        desk.phase(lease.id),
        Some(Phase::Quarantined { .. })
    ));
    assert!(
        desk.leases()
            .iter()
            .all(|other| other.peer == peer(2) || other.id == lease.id)
    );
    desk.tell(Input::Verified { lease: lease.id });
    assert!(matches!(
        desk.segment(lease.segment.0),
        SegmentState::Verified { .. }
    ));
}

#[test]
fn a_faster_encoder_is_chosen_and_its_speed_learned() {
    let mut desk = Desk::with(&[ME]);
    desk.film(2);
    let lease = desk.lease_of(ME);
    desk.tell(Input::Delivered { lease: lease.id });
    desk.pass(20);
    desk.tell(Input::Encoded { lease: lease.id });
    // Declared 100, seen 50, and the first real segment says half of it all.
    assert_eq!(desk.farm.peer(peer(ME)).unwrap().abilities[0].speed, 75.0);
    // Declared as before: what was learned stays.
    desk.join(ME);
    assert_eq!(desk.farm.peer(peer(ME)).unwrap().abilities[0].speed, 75.0);
    // Measured anew: what was learned goes.
    let offers = vec![Offer {
        encoder: ENCODER,
        speed: 80.0,
        seats: 1,
    }];
    desk.tell(Input::PeerChanged {
        peer: peer(ME),
        is_self: true,
        offers,
    });
    assert_eq!(desk.farm.peer(peer(ME)).unwrap().abilities[0].speed, 80.0);
}

#[test]
fn offers_that_make_no_sense_are_passed_over() {
    let mut desk = Desk::new();
    let offers = [0.0, -1.0, f64::NAN, f64::INFINITY].map(|speed| Offer {
        encoder: ENCODER,
        speed,
        seats: 1,
    });
    let none = Offer {
        encoder: ENCODER,
        speed: 1.0,
        seats: 0,
    };
    let offers = offers.into_iter().chain([none]).collect();
    desk.tell(Input::PeerJoined {
        peer: peer(1),
        is_self: false,
        offers,
    });
    assert_eq!(desk.farm.peer(peer(1)).unwrap().abilities, []);
}

/// The work asked for next for this computer, after a result of the other's was examined for so many of five seconds.
fn next_for_me(examining: u64) -> Work {
    let mut desk = Desk::with(&[ME, 1]);
    desk.tell(Input::JobSubmitted {
        job: JOB,
        needs: Needs::Exactly(ENCODER),
        wait_for: 0,
        only_here: false,
        total_hint: Work(5000),
    });
    for index in 0..3 {
        desk.tell(Input::Planned {
            job: JOB,
            segment: SegmentIndex(index),
            work: TEN_SECONDS,
            bytes: 1,
        });
        let lease = desk.leases().pop().unwrap().id;
        desk.tell(Input::Delivered { lease });
    }
    let theirs = desk.lease_of(1).id;
    desk.tell(Input::Encoded { lease: theirs });
    desk.tell(Input::Returned { lease: theirs });
    desk.pass(examining);
    desk.tell(Input::Verified { lease: theirs });
    desk.pass(5 - examining);
    let planned = Input::Planned {
        job: JOB,
        segment: SegmentIndex(3),
        work: Work(500),
        bytes: 1,
    };
    desk.tell(planned);
    desk.actions.clear();
    desk.tell(Input::Encoded {
        lease: desk.lease_of(ME).id,
    });
    let plan = desk.actions.iter().find_map(|action| match action {
        Action::Plan { target, .. } => Some(*target),
        _ => None,
    });
    plan.unwrap()
}

#[test]
fn who_examines_for_long_is_given_less_to_encode() {
    let (quick, slow) = (next_for_me(0), next_for_me(3));
    assert!(slow < quick, "{slow:?} {quick:?}");
}
