//! Every transition, stated in one line before it is tried.
//! S: a segment, L: a lease, J: a job, P: a peer. `from > what happens  --> to`.

#![expect(
    clippy::unwrap_used,
    reason = "a check that stops is a check that fails"
)]

use schedule::{
    Action, Attempt, Change, EncoderId, Event, Farm, FarmConfig, Fault, Ignored, Input, JobId,
    JobState, Lease, LeaseId, Needs, Offer, PeerId, Phase, Presence, Rejection, SegmentIndex,
    SegmentState, Standing, Time, Verified, Work,
};

const JOB: JobId = JobId(1);
const ENCODER: EncoderId = EncoderId(1);
const OTHER_ENCODER: EncoderId = EncoderId(2);
/// A segment that takes ten seconds at speed 100.
const TEN_SECONDS: Work = Work(1000);

fn peer(number: u8) -> PeerId {
    PeerId([number; 32])
}

/// This computer.
const ME: u8 = 0;

/// A farm, and what it has said so far.
struct Desk {
    farm: Farm,
    now: Time,
    changes: Vec<Change>,
    actions: Vec<Action>,
    events: Vec<Event>,
}

impl Desk {
    fn new() -> Self {
        let config = FarmConfig {
            normal: TEN_SECONDS,
            min: Work(200),
            ..FarmConfig::default()
        };
        let now = Time(1_000_000);
        Self {
            farm: Farm::new(config),
            now,
            changes: Vec::new(),
            actions: Vec::new(),
            events: Vec::new(),
        }
    }

    /// A farm with these peers, each with one seat; number 0 is this computer.
    fn with(peers: &[u8]) -> Self {
        let mut desk = Self::new();
        peers.iter().for_each(|number| desk.join(*number));
        desk
    }

    fn join(&mut self, number: u8) {
        let offers = vec![Offer {
            encoder: ENCODER,
            speed: 100.0,
            seats: 1,
        }];
        self.tell(Input::PeerJoined {
            peer: peer(number),
            is_self: number == ME,
            offers,
        });
    }

    fn tell(&mut self, input: Input) {
        self.farm.handle_input(input, self.now);
        self.collect();
    }

    fn collect(&mut self) {
        self.changes
            .extend(std::iter::from_fn(|| self.farm.poll_change()));
        self.actions
            .extend(std::iter::from_fn(|| self.farm.poll_action()));
        self.events
            .extend(std::iter::from_fn(|| self.farm.poll_event()));
    }

    /// Lets time pass, stopping wherever the farm wants to be called.
    fn pass(&mut self, seconds: u64) {
        let end = Time(self.now.0 + seconds * 1000);
        while let Some(next) = self.farm.poll_timeout().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            self.farm.handle_timeout(self.now);
            self.collect();
        }
        self.now = end;
    }

    fn submit(&mut self) {
        let needs = Needs::Exactly(ENCODER);
        let job = Input::JobSubmitted {
            job: JOB,
            needs,
            wait_for: 0,
            only_here: false,
            total_hint: Work(0),
        };
        self.tell(job);
    }

    /// A job of so many segments of ten seconds, all cut.
    fn film(&mut self, segments: u32) {
        self.submit();
        self.cut(segments);
    }

    fn cut(&mut self, segments: u32) {
        for index in 0..segments {
            self.tell(Input::Planned {
                job: JOB,
                segment: SegmentIndex(index),
                work: TEN_SECONDS,
                bytes: 1,
            });
        }
        self.tell(Input::PlanFinished { job: JOB });
    }

    /// The leases there are, oldest first.
    fn leases(&self) -> Vec<Lease> {
        self.farm.leases().iter().map(|view| view.lease).collect()
    }

    fn lease_of(&self, number: u8) -> Lease {
        let mut leases = self
            .leases()
            .into_iter()
            .filter(|lease| lease.peer == peer(number));
        leases.next().expect("it has no lease")
    }

    fn phase(&self, lease: LeaseId) -> Option<Phase> {
        self.farm
            .leases()
            .iter()
            .find(|view| view.lease.id == lease)
            .map(|view| view.phase)
    }

    fn segment(&self, index: u32) -> SegmentState {
        self.farm.segment(JOB, SegmentIndex(index)).unwrap().state
    }

    fn failures(&self, index: u32) -> (u32, u32) {
        let view = self.farm.segment(JOB, SegmentIndex(index)).unwrap();
        (view.failures, view.mishaps)
    }

    fn state(&self) -> JobState {
        self.farm.state(JOB).unwrap().clone()
    }

    fn standing(&self, number: u8) -> Standing {
        self.farm.peer(peer(number)).unwrap().standing
    }

    fn fail(&mut self, lease: Lease, fault: Fault) {
        self.tell(Input::Failed {
            lease: lease.id,
            fault,
            reason: "it broke".to_owned(),
        });
    }

    fn finish(&mut self, lease: Lease) {
        self.tell(Input::Delivered { lease: lease.id });
        self.tell(Input::Encoded { lease: lease.id });
        self.tell(Input::Returned { lease: lease.id });
        self.tell(Input::Verified { lease: lease.id });
    }

    fn finish_all(&mut self) {
        while let Some(lease) = self.leases().first().copied() {
            self.finish(lease);
        }
    }

    fn ignored(&self) -> Option<Ignored> {
        match self.events.last() {
            Some(Event::Ignored { why }) => Some(*why),
            _ => None,
        }
    }

    fn revoked(&self) -> Vec<LeaseId> {
        let revoked = self.actions.iter().filter_map(|action| match action {
            Action::Revoke { lease, .. } => Some(*lease),
            _ => None,
        });
        revoked.collect()
    }
}

// ---- Segments and leases

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
    assert_eq!(desk.phase(lease.id), Some(Phase::Quarantined));
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
    assert_eq!(desk.phase(lease), Some(Phase::Quarantined));
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

// ---- Duplicates

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

// ---- Peers

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
fn what_is_here_survives_the_peer_that_made_it() {
    let mut desk = Desk::with(&[1, 2]);
    desk.film(4);
    let lease = desk.lease_of(1);
    desk.tell(Input::Delivered { lease: lease.id });
    desk.tell(Input::Encoded { lease: lease.id });
    desk.tell(Input::Returned { lease: lease.id });
    // P: here > left  --> gone; L: quarantined  --> quarantined, all others revoked
    desk.tell(Input::PeerLeft { peer: peer(1) });
    assert_eq!(desk.phase(lease.id), Some(Phase::Quarantined));
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

// ---- Jobs

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
            segments: segments.clone(),
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
        segments,
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
        segments: Vec::new(),
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
        needs,
        only_here: false,
        planned,
        plan_finished: true,
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
        needs,
        only_here: false,
        planned,
        plan_finished: true,
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
    assert_eq!(desk.farm.speed_up(JOB, desk.now), Some(4.0));
    desk.tell(Input::PeerLeft { peer: peer(3) });
    assert_eq!(desk.farm.speed_up(JOB, desk.now), Some(3.0));
    desk.tell(Input::Pause { job: JOB });
    assert_eq!(desk.farm.eta(JOB, desk.now), None);
}

// ---- Every job state and every input for a job

/// A desk whose job is in the state of that name.
fn in_state(name: &str) -> Desk {
    let mut desk = if name == "Waiting" || name == "Queued" {
        Desk::new()
    } else {
        Desk::with(&[ME])
    };
    match name {
        "Queued" => {
            desk.join(ME);
            desk.tell(Input::JobSubmitted {
                job: JobId(0),
                needs: Needs::Exactly(ENCODER),
                wait_for: 0,
                only_here: false,
                total_hint: Work(0),
            });
            desk.submit();
        }
        "Waiting" => desk.submit(),
        "Benchmarking" => {
            desk.film(1);
            desk.tell(Input::BenchmarkStarted { job: JOB });
        }
        "Processing" => desk.film(1),
        "Paused" => {
            desk.film(1);
            desk.tell(Input::Pause { job: JOB });
        }
        "Combining" | "Completed" => {
            desk.film(1);
            desk.finish_all();
            if name == "Completed" {
                desk.tell(Input::Merged { job: JOB });
            }
        }
        "Failed" => {
            desk.submit();
            desk.tell(Input::PlanFailed {
                job: JOB,
                reason: String::new(),
            });
        }
        "Cancelled" => {
            desk.film(1);
            desk.tell(Input::Cancel { job: JOB });
        }
        other => panic!("no recipe for {other}"),
    }
    assert_eq!(short(desk.farm.state(JOB)), name);
    desk
}

fn short(state: Option<&JobState>) -> &'static str {
    match state {
        Some(JobState::Queued) => "Queued",
        Some(JobState::WaitingForPeers { .. }) => "Waiting",
        Some(JobState::Benchmarking) => "Benchmarking",
        Some(JobState::Processing) => "Processing",
        Some(JobState::Paused { .. }) => "Paused",
        Some(JobState::Combining) => "Combining",
        Some(JobState::Completed) => "Completed",
        Some(JobState::Failed { .. }) => "Failed",
        Some(JobState::Cancelled) => "Cancelled",
        None => "gone",
    }
}

const STATES: [&str; 9] = [
    "Queued",
    "Waiting",
    "Benchmarking",
    "Processing",
    "Paused",
    "Combining",
    "Completed",
    "Failed",
    "Cancelled",
];

#[test]
fn every_job_state_and_every_input_for_a_job() {
    let (job, segments) = (JOB, vec![SegmentIndex(0)]);
    let inputs = [
        ("benchmark started", Input::BenchmarkStarted { job }),
        ("benchmark done", Input::BenchmarkDone { job }),
        (
            "plan failed",
            Input::PlanFailed {
                job,
                reason: String::new(),
            },
        ),
        ("plan reset", Input::PlanReset { job }),
        ("merged", Input::Merged { job }),
        (
            "merge failed",
            Input::MergeFailed {
                job,
                segments,
                reason: String::new(),
            },
        ),
        ("pause", Input::Pause { job }),
        ("resume", Input::Resume { job }),
        ("cancel", Input::Cancel { job }),
        ("retry", Input::Retry { job }),
        ("forget", Input::Forget { job }),
    ];
    let mut table = String::new();
    for (name, input) in inputs {
        for state in STATES {
            let mut desk = in_state(state);
            desk.tell(input.clone());
            // "-": it means nothing there, and that is said.
            let to = match desk.ignored() {
                Some(why) => {
                    assert_eq!(why, Ignored::JobElsewhere(JOB));
                    assert_eq!(short(desk.farm.state(JOB)), state);
                    "-"
                }
                None => short(desk.farm.state(JOB)),
            };
            table.push_str(&format!("{name:<18}{state:<13}--> {to}\n"));
        }
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/job_states.out");
    assert_eq!(
        table,
        include_str!("job_states.out"),
        "write this to {path} if it is meant so:\n{table}"
    );
}

#[test]
fn what_is_not_known_is_named() {
    let mut desk = Desk::with(&[ME]);
    desk.film(2);
    let (lease, other, nobody) = (LeaseId(99), JobId(9), peer(9));
    let reason = String::new;
    let needs = Needs::Exactly(ENCODER);
    let cases = [
        (Input::Delivered { lease }, Ignored::UnknownLease(lease)),
        (
            Input::Progress {
                lease,
                done: Work(1),
            },
            Ignored::UnknownLease(lease),
        ),
        (Input::Encoded { lease }, Ignored::UnknownLease(lease)),
        (Input::Returned { lease }, Ignored::UnknownLease(lease)),
        (Input::Verified { lease }, Ignored::UnknownLease(lease)),
        (
            Input::Rejected {
                lease,
                why: Rejection::WrongFrames,
            },
            Ignored::UnknownLease(lease),
        ),
        (
            Input::Failed {
                lease,
                fault: Fault::Peer,
                reason: reason(),
            },
            Ignored::UnknownLease(lease),
        ),
        (
            Input::PeerChanged {
                peer: nobody,
                is_self: false,
                offers: vec![],
            },
            Ignored::UnknownPeer(nobody),
        ),
        (
            Input::PeerPaused {
                peer: nobody,
                reason: reason(),
            },
            Ignored::UnknownPeer(nobody),
        ),
        (
            Input::PeerResumed { peer: nobody },
            Ignored::UnknownPeer(nobody),
        ),
        (
            Input::PeerLeft { peer: nobody },
            Ignored::UnknownPeer(nobody),
        ),
        (
            Input::PeerResumed { peer: peer(ME) },
            Ignored::PeerSo(peer(ME)),
        ),
        (Input::Pause { job: other }, Ignored::UnknownJob(other)),
        (Input::Merged { job: other }, Ignored::UnknownJob(other)),
        (Input::PlanWaits { job: other }, Ignored::UnknownJob(other)),
        (Input::PlanMore { job: JOB }, Ignored::JobElsewhere(JOB)),
        (
            Input::JobSubmitted {
                job: JOB,
                needs,
                wait_for: 0,
                only_here: false,
                total_hint: Work(0),
            },
            Ignored::JobThere(JOB),
        ),
        (
            Input::Planned {
                job: JOB,
                segment: SegmentIndex(0),
                work: Work(1),
                bytes: 1,
            },
            Ignored::JobElsewhere(JOB),
        ),
    ];
    let (changes, actions) = (desk.changes.len(), desk.actions.len());
    for (input, why) in cases {
        desk.tell(input);
        assert_eq!(desk.ignored(), Some(why));
    }
    assert_eq!(
        (desk.changes.len(), desk.actions.len()),
        (changes, actions),
        "something was done about it"
    );
}
