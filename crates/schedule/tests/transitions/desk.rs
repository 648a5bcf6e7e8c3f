//! A farm on a desk: it is told one thing at a time, and all that it says is kept.

use schedule::{
    Action, Change, EncoderId, Event, Farm, FarmConfig, Fault, Ignored, Input, JobId, JobState,
    Lease, LeaseId, Needs, Offer, PeerId, Phase, SegmentIndex, SegmentState, Standing, Time, Work,
};

pub const JOB: JobId = JobId(1);
pub const ENCODER: EncoderId = EncoderId(1);
pub const OTHER_ENCODER: EncoderId = EncoderId(2);
/// A segment that takes ten seconds at speed 100.
pub const TEN_SECONDS: Work = Work(1000);

pub fn peer(number: u8) -> PeerId {
    PeerId([number; 32])
}

/// This computer.
pub const ME: u8 = 0;

/// A farm, and what it has said so far.
pub struct Desk {
    pub farm: Farm,
    pub now: Time,
    pub changes: Vec<Change>,
    pub actions: Vec<Action>,
    pub events: Vec<Event>,
}

impl Desk {
    pub fn new() -> Self {
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
    pub fn with(peers: &[u8]) -> Self {
        let mut desk = Self::new();
        peers.iter().for_each(|number| desk.join(*number));
        desk
    }

    pub fn join(&mut self, number: u8) {
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

    pub fn tell(&mut self, input: Input) {
        self.farm.handle_input(input, self.now);
        self.collect();
    }

    pub fn collect(&mut self) {
        self.changes
            .extend(std::iter::from_fn(|| self.farm.poll_change()));
        self.actions
            .extend(std::iter::from_fn(|| self.farm.poll_action()));
        self.events
            .extend(std::iter::from_fn(|| self.farm.poll_event()));
    }

    /// Lets time pass, stopping wherever the farm wants to be called.
    pub fn pass(&mut self, seconds: u64) {
        let end = Time(self.now.0 + seconds * 1000);
        while let Some(next) = self.farm.poll_timeout().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            self.farm.handle_timeout(self.now);
            self.collect();
        }
        self.now = end;
    }

    pub fn submit(&mut self) {
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
    pub fn film(&mut self, segments: u32) {
        self.submit();
        self.cut(segments);
    }

    pub fn cut(&mut self, segments: u32) {
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
    pub fn leases(&self) -> Vec<Lease> {
        self.farm.leases().iter().map(|view| view.lease).collect()
    }

    pub fn lease_of(&self, number: u8) -> Lease {
        let mut leases = self
            .leases()
            .into_iter()
            .filter(|lease| lease.peer == peer(number));
        leases.next().expect("it has no lease")
    }

    pub fn phase(&self, lease: LeaseId) -> Option<Phase> {
        self.farm
            .leases()
            .iter()
            .find(|view| view.lease.id == lease)
            .map(|view| view.phase)
    }

    pub fn segment(&self, index: u32) -> SegmentState {
        self.farm.segment(JOB, SegmentIndex(index)).unwrap().state
    }

    pub fn failures(&self, index: u32) -> (u32, u32) {
        let view = self.farm.segment(JOB, SegmentIndex(index)).unwrap();
        (view.failures, view.mishaps)
    }

    pub fn state(&self) -> JobState {
        self.farm.state(JOB).unwrap().clone()
    }

    pub fn standing(&self, number: u8) -> Standing {
        self.farm.peer(peer(number)).unwrap().standing
    }

    pub fn fail(&mut self, lease: Lease, fault: Fault) {
        self.tell(Input::Failed {
            lease: lease.id,
            fault,
            reason: "it broke".to_owned(),
        });
    }

    pub fn finish(&mut self, lease: Lease) {
        self.tell(Input::Delivered { lease: lease.id });
        self.tell(Input::Encoded { lease: lease.id });
        self.tell(Input::Returned { lease: lease.id });
        self.tell(Input::Verified { lease: lease.id });
    }

    pub fn finish_all(&mut self) {
        while let Some(lease) = self.leases().first().copied() {
            self.finish(lease);
        }
    }

    pub fn ignored(&self) -> Option<Ignored> {
        match self.events.last() {
            Some(Event::Ignored { why }) => Some(*why),
            _ => None,
        }
    }

    pub fn revoked(&self) -> Vec<LeaseId> {
        let revoked = self.actions.iter().filter_map(|action| match action {
            Action::Revoke { lease, .. } => Some(*lease),
            _ => None,
        });
        revoked.collect()
    }
}
