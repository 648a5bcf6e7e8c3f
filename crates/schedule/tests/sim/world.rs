//! The simulated house: a farm, its donors and films, an engine that does what the farm asks, and a clock
//! that moves only when told.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use schedule::{
    Action, Farm, FarmConfig, Fault, Input, JobId, JobState, Lease, LeaseId, PeerId, Rejection,
    SegmentIndex, Time, Work,
};

use crate::donor::Donor;
use crate::film::{Cut, Film, MergeFault};
use crate::journal::Journal;
use crate::rng::Rng;
use crate::told;
use crate::watch::Watch;

/// How often a donor says how far it has come, in milliseconds.
const BEAT: u64 = 10_000;

/// What the agenda holds.
#[derive(Clone, Debug)]
pub enum Happening {
    /// This reaches the farm.
    Hear(Input),
    /// A source is complete at its donor.
    Arrives(LeaseId),
    /// Some of a segment is encoded, this many milliseconds' worth.
    Some(LeaseId, u64),
    /// All of it is.
    Encoded(LeaseId),
    /// Its result is here.
    Back(LeaseId),
    /// It has been examined.
    Examined(LeaseId),
    /// A film has been joined.
    Joined(JobId),
}

pub struct Sim {
    pub farm: Farm,
    pub config: FarmConfig,
    pub now: Time,
    pub donors: BTreeMap<PeerId, Donor>,
    pub films: BTreeMap<JobId, Film>,
    pub journal: Journal,
    pub watch: Watch,
    /// Everything the farm told, as text, if wanted.
    pub told: Option<Vec<String>>,
    /// How long cutting takes, in milliseconds.
    pub cutting: u64,
    /// How long examining takes, in milliseconds.
    pub examining: u64,
    pub steps: u64,
    agenda: BTreeMap<(Time, u64), Happening>,
    asleep: BTreeMap<PeerId, Vec<Happening>>,
    tasks: BTreeMap<LeaseId, (Lease, Work)>,
    next: u64,
    rng: Rng,
}

impl Sim {
    pub fn new(config: FarmConfig, seed: u64) -> Self {
        Self {
            farm: Farm::new(config.clone()),
            config,
            now: Time(0),
            donors: BTreeMap::new(),
            films: BTreeMap::new(),
            journal: Journal::default(),
            watch: Watch::new(),
            told: None,
            cutting: 1,
            examining: 50,
            steps: 0,
            agenda: BTreeMap::new(),
            asleep: BTreeMap::new(),
            tasks: BTreeMap::new(),
            next: 0,
            rng: Rng::new(seed),
        }
    }

    // What a test does to the house.

    pub fn add_donor(&mut self, donor: Donor) {
        let id = donor.id;
        self.donors.insert(id, donor);
        self.appear(id);
    }

    pub fn appear(&mut self, id: PeerId) {
        let Some(donor) = self.donors.get_mut(&id) else {
            return;
        };
        donor.here = true;
        donor.queue.clear();
        donor.encoding.clear();
        let (is_self, offers) = (donor.is_self, donor.offers.clone());
        self.hear(Input::PeerJoined {
            peer: id,
            is_self,
            offers,
        });
    }

    pub fn leave(&mut self, id: PeerId) {
        if let Some(donor) = self.donors.get_mut(&id) {
            donor.here = false;
            donor.queue.clear();
            donor.encoding.clear();
        }
        self.hear(Input::PeerLeft { peer: id });
    }

    pub fn sleep(&mut self, id: PeerId, asleep: bool) {
        if let Some(donor) = self.donors.get_mut(&id) {
            donor.habits.asleep = asleep;
        }
        if !asleep {
            for happening in self.asleep.remove(&id).unwrap_or_default() {
                self.in_ms(1, happening);
            }
        }
    }

    /// Cuts or heals a link. The engine notices some broken transfers, of others nothing more is heard.
    pub fn cut_link(&mut self, id: PeerId, cut: bool) {
        let Some(donor) = self.donors.get_mut(&id) else {
            return;
        };
        donor.habits.cut_off = cut;
        if !cut {
            return;
        }
        let held: Vec<LeaseId> = self
            .tasks
            .iter()
            .filter(|(_, (lease, _))| lease.peer == id)
            .map(|(id, _)| *id)
            .collect();
        for lease in held {
            if self.rng.percent(50) {
                let wait = self.rng.between(1, 20_000);
                let reason = "the connection broke".to_owned();
                self.in_ms(
                    wait,
                    Happening::Hear(Input::Failed {
                        lease,
                        fault: Fault::Network,
                        reason,
                    }),
                );
            }
        }
    }

    pub fn submit(&mut self, job: JobId, film: Film, wait_for: u32, only_here: bool) {
        let (needs, total_hint) = (film.needs.clone(), film.total);
        let mut film = film;
        let reading = film.indexed.since(film.begun);
        film.begun = self.now;
        film.indexed = self.now.after(reading);
        self.films.insert(job, film);
        self.hear(Input::JobSubmitted {
            job,
            needs,
            wait_for,
            only_here,
            total_hint,
        });
    }

    pub fn reset(&mut self, job: JobId) {
        // A job that is over is not begun anew: its cutter's answers still come.
        if self.farm.state(job).is_some_and(JobState::has_ended) {
            return self.hear(Input::PlanReset { job });
        }
        if let Some(film) = self.films.get_mut(&job) {
            film.reset();
        }
        // The cutter's answers from before the reset never come after it.
        self.agenda
            .retain(|_, happening| !is_from_cutter(happening, job));
        self.hear(Input::PlanReset { job });
    }

    /// The film turns out not to be one that can be cut.
    pub fn plan_fails(&mut self, job: JobId) {
        self.agenda
            .retain(|_, happening| !is_from_cutter(happening, job));
        self.hear(Input::PlanFailed {
            job,
            reason: "its timestamps run backwards".to_owned(),
        });
    }

    pub fn forget(&mut self, job: JobId) {
        let known = self.farm.state(job).is_some();
        self.hear(Input::Forget { job });
        if known && self.farm.state(job).is_none() {
            self.films.remove(&job);
            self.agenda
                .retain(|_, happening| !is_from_cutter(happening, job));
        }
    }

    /// The owner is killed and started again. Donors notice and forget; messages that are still on the way
    /// arrive all the same.
    pub fn restart(&mut self) {
        let progress: BTreeMap<JobId, Work> = self
            .farm
            .jobs()
            .iter()
            .map(|job| (job.job, job.done))
            .collect();
        let queue = self.farm.queue();
        self.config.epoch += 1;
        self.farm = Farm::new(self.config.clone());
        self.watch.restart();
        self.tasks.clear();
        self.asleep.clear();
        self.agenda.retain(|_, happening| {
            matches!(happening, Happening::Hear(input) if Watch::lease_of(input).is_some())
        });
        for donor in self.donors.values_mut() {
            donor.queue.clear();
            donor.encoding.clear();
        }
        for input in self.journal.restore() {
            let restored = if let Input::JobRestored { job, .. } = &input {
                Some(*job)
            } else {
                None
            };
            self.hear(input);
            if let Some(job) = restored {
                assert_eq!(
                    self.farm.job(job).unwrap().done,
                    progress[&job],
                    "verified work was lost"
                );
                self.recut(job);
            }
        }
        let still: Vec<JobId> = self.farm.queue();
        let before: Vec<JobId> = queue
            .into_iter()
            .filter(|job| still.contains(job))
            .collect();
        assert_eq!(still, before, "the queue came back in another order");
        let here: Vec<PeerId> = self
            .donors
            .values()
            .filter(|donor| donor.here)
            .map(|donor| donor.id)
            .collect();
        for id in here {
            self.appear(id);
        }
    }

    /// The cutter goes on after the last segment in the journal.
    fn recut(&mut self, job: JobId) {
        let stored = &self.journal.jobs[&job];
        let film = self.films.get_mut(&job).unwrap();
        film.reset();
        for (index, (work, _)) in &stored.planned {
            film.cut = film.cut.plus(*work);
            film.next = SegmentIndex(index.0 + 1);
            film.planned.insert(*index);
        }
        let remaining = film.total.minus(film.cut);
        if !stored.plan_finished {
            self.hear(Input::RemainingWork { job, remaining });
        }
    }

    // Time.

    /// Lets time pass, for so long at most, until `done`. Says whether it was.
    pub fn run(&mut self, most: Duration, mut done: impl FnMut(&Sim) -> bool) -> bool {
        let end = self.now.after(most);
        loop {
            if done(self) {
                return true;
            }
            let agenda = self.agenda.keys().next().map(|(time, _)| *time);
            let timeout = self.farm.poll_timeout();
            let Some(next) = agenda
                .into_iter()
                .chain(timeout)
                .min()
                .filter(|next| *next <= end)
            else {
                self.now = end;
                return done(self);
            };
            self.now = self.now.max(next);
            if timeout.is_some_and(|timeout| timeout <= self.now) {
                self.farm.handle_timeout(self.now);
                self.turn(None);
                self.watch.look(&self.farm, &self.config, self.now, true);
            } else if let Some((_, happening)) = self.agenda.pop_first() {
                self.happen(happening);
            }
        }
    }

    pub fn run_for(&mut self, time: Duration) {
        self.run(time, |_| false);
    }

    pub fn all_ended(&self) -> bool {
        self.films
            .keys()
            .all(|job| self.farm.state(*job).is_none_or(JobState::has_ended))
    }

    // The engine.

    /// Tells the farm something, and does what it asks.
    pub fn hear(&mut self, input: Input) {
        self.steps += 1;
        let dead = Watch::lease_of(&input).filter(|lease| !self.watch.is_live(*lease));
        let before = dead
            .filter(|_| self.watch.thorough)
            .map(|_| format!("{:?}", self.farm));
        self.watch.before(&input);
        if let Some(told) = &mut self.told {
            told.extend(told::input(&input).map(|line| told::at(self.now, &line)));
        }
        self.farm.handle_input(input.clone(), self.now);
        if let Some(before) = before {
            let changes: Vec<_> = std::iter::from_fn(|| self.farm.poll_change()).collect();
            let actions: Vec<_> = std::iter::from_fn(|| self.farm.poll_action()).collect();
            let events: Vec<_> = std::iter::from_fn(|| self.farm.poll_event()).collect();
            Watch::assert_nothing(&before, &self.farm, &events, changes.len() + actions.len());
        }
        self.turn(Some(&input));
        self.watch.look(&self.farm, &self.config, self.now, false);
    }

    /// Stores, acts and tells, in this order.
    fn turn(&mut self, cause: Option<&Input>) {
        let mut leased = BTreeSet::new();
        while let Some(change) = self.farm.poll_change() {
            if let schedule::Change::Leased { lease } = &change {
                leased.insert(lease.id);
            }
            self.watch.on_change(&change, cause);
            self.journal.write(&change);
        }
        if let Some(input) = cause {
            self.watch.after(input);
            if let Some(lease) = ended_by(input) {
                self.tasks.remove(&lease);
            }
        }
        let mut actions = VecDeque::new();
        while let Some(action) = self.farm.poll_action() {
            self.watch.on_action(&action, &self.farm, &leased);
            if let Some(told) = &mut self.told {
                told.push(told::at(self.now, &told::action(&action)));
            }
            actions.push_back(action);
        }
        while let Some(event) = self.farm.poll_event() {
            if let Some(told) = &mut self.told {
                told.push(told::at(self.now, &told::event(&event)));
            }
        }
        for action in actions {
            self.perform(action);
        }
    }

    fn perform(&mut self, action: Action) {
        match action {
            Action::Plan { job, target } => self.cut(job, target),
            Action::Start { lease } => self.start(lease),
            Action::Revoke { lease, peer } => {
                self.tasks.remove(&lease);
                self.free_seat(peer, lease);
            }
            Action::Merge { job } => self.in_ms(500, Happening::Joined(job)),
            Action::Discard { job } => {
                if let Some(film) = self.films.get_mut(&job) {
                    film.merge_faults.truncate(3);
                }
            }
        }
    }

    fn cut(&mut self, job: JobId, target: Work) {
        let Some(film) = self.films.get_mut(&job) else {
            return;
        };
        let (wait, answer) = match film.cut(target, self.now) {
            Cut::Segment(segment, work) => (
                self.cutting,
                Input::Planned {
                    job,
                    segment,
                    work,
                    bytes: work.0,
                },
            ),
            Cut::Finished => (self.cutting, Input::PlanFinished { job }),
            Cut::Waits { until } => {
                let more = until.since(self.now).as_millis() as u64;
                self.in_ms(
                    self.cutting + more,
                    Happening::Hear(Input::PlanMore { job }),
                );
                (0, Input::PlanWaits { job })
            }
        };
        self.in_ms(wait, Happening::Hear(answer));
    }

    fn start(&mut self, lease: Lease) {
        let work = self.farm.segment(lease.job, lease.segment).unwrap().work;
        self.tasks.insert(lease.id, (lease, work));
        let donor = &self.donors[&lease.peer];
        let travel = donor.travel;
        if donor.habits.cut_off {
            let reason = "it cannot be reached".to_owned();
            let input = Input::Failed {
                lease: lease.id,
                fault: Fault::Network,
                reason,
            };
            self.in_ms(3000, Happening::Hear(input));
        } else if donor.habits.declines {
            let reason = "its disk is full".to_owned();
            let input = Input::Failed {
                lease: lease.id,
                fault: Fault::Declined,
                reason,
            };
            self.in_ms(10, Happening::Hear(input));
        } else {
            self.in_ms(travel, Happening::Arrives(lease.id));
        }
    }

    fn happen(&mut self, happening: Happening) {
        let lease = match &happening {
            Happening::Hear(_) | Happening::Joined(_) | Happening::Examined(_) => None,
            Happening::Arrives(lease)
            | Happening::Some(lease, _)
            | Happening::Encoded(lease)
            | Happening::Back(lease) => Some(*lease),
        };
        if let Some((lease, _)) = lease.and_then(|lease| self.tasks.get(&lease)) {
            if self.donors[&lease.peer].habits.asleep {
                self.asleep.entry(lease.peer).or_default().push(happening);
                return;
            }
        } else if lease.is_some() {
            return;
        }
        match happening {
            Happening::Hear(input) => self.hear(input),
            Happening::Arrives(lease) => self.arrives(lease),
            Happening::Some(lease, spent) => self.progress(lease, spent),
            Happening::Encoded(lease) => self.encoded(lease),
            Happening::Back(lease) => {
                self.say(lease, Input::Returned { lease });
                self.in_ms(self.examining, Happening::Examined(lease));
            }
            Happening::Examined(lease) => self.examined(lease),
            Happening::Joined(job) => self.joined(job),
        }
    }

    fn arrives(&mut self, lease: LeaseId) {
        let peer = self.tasks[&lease].0.peer;
        self.say(lease, Input::Delivered { lease });
        if let Some(donor) = self.donors.get_mut(&peer) {
            donor.queue.push_back(lease);
        }
        self.seat(peer);
    }

    /// Whatever waits at a donor takes the seats that are free.
    fn seat(&mut self, peer: PeerId) {
        loop {
            let Some(donor) = self.donors.get_mut(&peer) else {
                return;
            };
            if donor.encoding.len() >= donor.seats() as usize {
                return;
            }
            let Some(lease) = donor.queue.pop_front() else {
                return;
            };
            let Some((terms, work)) = self.tasks.get(&lease) else {
                continue;
            };
            donor.encoding.insert(lease);
            let length = work.at(donor.seat_speed(terms.encoder)).as_millis() as u64;
            if donor.habits.crashes {
                let reason = "the encoder ended with an error".to_owned();
                self.in_ms(
                    100,
                    Happening::Hear(Input::Failed {
                        lease,
                        fault: Fault::Peer,
                        reason,
                    }),
                );
            } else {
                let tick = BEAT.min(length / 2);
                self.in_ms(tick, Happening::Some(lease, tick));
                self.in_ms(length, Happening::Encoded(lease));
            }
        }
    }

    fn progress(&mut self, lease: LeaseId, spent: u64) {
        let (terms, work) = self.tasks[&lease];
        let donor = &self.donors[&terms.peer];
        let done = donor.seat_speed(terms.encoder) * spent as f64 / 1000.0;
        if donor.encoding.contains(&lease) {
            self.in_ms(BEAT, Happening::Some(lease, spent + BEAT));
            self.say(
                lease,
                Input::Progress {
                    lease,
                    done: Work((done as u64).min(work.0)),
                },
            );
        }
    }

    fn free_seat(&mut self, peer: PeerId, lease: LeaseId) {
        if let Some(donor) = self.donors.get_mut(&peer) {
            donor.drop_lease(lease);
        }
        self.seat(peer);
    }

    fn encoded(&mut self, lease: LeaseId) {
        let peer = self.tasks[&lease].0.peer;
        let travel = self.donors[&peer].travel;
        self.say(lease, Input::Encoded { lease });
        self.in_ms(travel, Happening::Back(lease));
        self.free_seat(peer, lease);
    }

    fn examined(&mut self, lease: LeaseId) {
        let Some((terms, _)) = self.tasks.get(&lease) else {
            return;
        };
        let habits = &self.donors[&terms.peer].habits;
        let refresh = self
            .films
            .get(&terms.job)
            .is_some_and(|film| film.intra_refresh.contains(&terms.segment));
        let input = if habits.cut_off {
            return;
        } else if refresh && terms.step_back == 0 {
            Input::Rejected {
                lease,
                why: Rejection::WrongFrames,
            }
        } else if habits.corrupts {
            Input::Rejected {
                lease,
                why: Rejection::Bad("it is not a film".to_owned()),
            }
        } else {
            Input::Verified { lease }
        };
        self.hear(input);
    }

    fn joined(&mut self, job: JobId) {
        let Some(film) = self.films.get_mut(&job) else {
            return;
        };
        let reason = "the joined film was not right".to_owned();
        let input = match film.merge_faults.pop_front() {
            None => Input::Merged { job },
            Some(MergeFault::Whole) => Input::MergeFailed {
                job,
                again: Vec::new(),
                reason,
            },
            Some(MergeFault::Segments(count)) => {
                let segments = film
                    .planned
                    .iter()
                    .copied()
                    .take(usize::from(count))
                    .collect();
                Input::MergeFailed {
                    job,
                    again: segments,
                    reason,
                }
            }
        };
        self.hear(input);
    }

    /// A message of a donor to the farm, with what can become of one on its way.
    fn say(&mut self, lease: LeaseId, input: Input) {
        let Some((terms, _)) = self.tasks.get(&lease) else {
            return;
        };
        let habits = self.donors[&terms.peer].habits.clone();
        if habits.cut_off || self.rng.percent(habits.loses) {
            return;
        }
        if self.rng.percent(habits.doubles) {
            let wait = self.rng.between(1, 5_000);
            self.in_ms(wait, Happening::Hear(input.clone()));
        }
        if self.rng.percent(habits.delays) {
            let wait = self.rng.between(1_000, 300_000);
            self.in_ms(wait, Happening::Hear(input));
        } else {
            self.hear(input);
        }
    }

    pub fn in_ms(&mut self, wait: u64, happening: Happening) {
        self.next += 1;
        self.agenda
            .insert((Time(self.now.0 + wait), self.next), happening);
    }
}

fn is_from_cutter(happening: &Happening, of: JobId) -> bool {
    match happening {
        Happening::Hear(
            Input::Planned { job, .. }
            | Input::PlanWaits { job }
            | Input::PlanMore { job }
            | Input::PlanFinished { job },
        ) => *job == of,
        _ => false,
    }
}

fn ended_by(input: &Input) -> Option<LeaseId> {
    match input {
        Input::Verified { lease } | Input::Rejected { lease, .. } | Input::Failed { lease, .. } => {
            Some(*lease)
        }
        _ => None,
    }
}
