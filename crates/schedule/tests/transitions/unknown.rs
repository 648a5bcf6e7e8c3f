//! What is not known changes nothing, and is named.

use schedule::{Fault, Ignored, Input, JobId, LeaseId, Needs, Rejection, SegmentIndex, Work};

use crate::desk::{Desk, ENCODER, JOB, ME, peer};

/// Each is ignored for its reason, and nothing is done about it.
fn check(cases: Vec<(Input, Ignored)>) {
    let mut desk = Desk::with(&[ME]);
    desk.film(2);
    let (changes, actions) = (desk.changes.len(), desk.actions.len());
    for (input, why) in cases {
        desk.tell(input);
        assert_eq!(desk.ignored(), Some(why));
    }
    let after = (desk.changes.len(), desk.actions.len());
    assert_eq!(after, (changes, actions), "something was done about it");
}

#[test]
fn leases_that_are_not_there() {
    let lease = LeaseId(99);
    let (fault, reason, done) = (Fault::Peer, String::new(), Work(1));
    let why = Rejection::WrongFrames;
    let inputs = [
        Input::Delivered { lease },
        Input::Progress { lease, done },
        Input::Encoded { lease },
        Input::Returned { lease },
        Input::Verified { lease },
        Input::Rejected { lease, why },
        Input::Failed {
            lease,
            fault,
            reason,
        },
    ];
    let ignored = Ignored::UnknownLease(lease);
    check(inputs.into_iter().map(|input| (input, ignored)).collect());
}

#[test]
fn peers_that_are_not_there_or_are_so_already() {
    let (peer, me) = (peer(9), peer(ME));
    let (is_self, offers, reason) = (false, Vec::new(), String::new());
    let unknown = Ignored::UnknownPeer(peer);
    check(vec![
        (
            Input::PeerChanged {
                peer,
                is_self,
                offers,
            },
            unknown,
        ),
        (Input::PeerPaused { peer, reason }, unknown),
        (Input::PeerResumed { peer }, unknown),
        (Input::PeerLeft { peer }, unknown),
        (Input::PeerWithdrawn { peer }, unknown),
        (Input::PeerResumed { peer: me }, Ignored::PeerSo(me)),
    ]);
}

#[test]
fn jobs_that_are_not_there_or_are_there_already() {
    let job = JobId(9);
    let unknown = Ignored::UnknownJob(job);
    let again = Input::JobSubmitted {
        job: JOB,
        needs: Needs::Exactly(ENCODER),
        wait_for: 0,
        only_here: false,
        total_hint: Work(0),
    };
    let segment = Input::Planned {
        job: JOB,
        segment: SegmentIndex(0),
        work: Work(1),
        bytes: 1,
    };
    check(vec![
        (Input::Pause { job }, unknown),
        (Input::Merged { job }, unknown),
        (Input::PlanWaits { job }, unknown),
        (Input::PlanReset { job }, unknown),
        (Input::Reorder { job, to: 0 }, unknown),
        (Input::Forget { job }, unknown),
        (Input::PlanMore { job: JOB }, Ignored::JobElsewhere(JOB)),
        (again, Ignored::JobThere(JOB)),
        (segment, Ignored::JobElsewhere(JOB)),
    ]);
}
