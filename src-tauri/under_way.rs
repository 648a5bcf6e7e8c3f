//! What is under way on this computer, as the window's surroundings need to know it. No toolkit in here.

use std::collections::BTreeMap;

use api::{ComputerId, ComputerStatus, Event, Here, Job, JobId, JobState, Pairing, Snapshot};

/// What the node has told so far.
#[derive(Default)]
pub struct UnderWay {
    /// This computer.
    me: Option<ComputerId>,
    donating: bool,
    /// It helps others, and rests.
    resting: bool,
    /// Segments it has in hand, its own jobs' and others'.
    in_hand: u32,
    jobs: BTreeMap<JobId, Known>,
    /// The computer that asks for help.
    asked_by: Option<ComputerId>,
}

/// What is remembered of a job.
struct Known {
    state: Stand,
    progress: f64,
    /// Its segments that this computer has in hand.
    in_hand: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stand {
    Going,
    Held,
    Over,
}

/// How things stand, in as few words as the surroundings have room for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Jobs that go on.
    pub going: Vec<JobId>,
    /// Jobs that are held.
    pub held: Vec<JobId>,
    /// How far those that go on are, together.
    pub percent: Option<u64>,
    /// This computer encodes for another one.
    pub helping: bool,
    /// It would.
    pub donating: bool,
    /// It would, but rests: somebody uses it, or it runs on its battery, and so on.
    pub resting: bool,
    /// A measurement goes on, which is no job.
    pub measuring: bool,
}

impl Now {
    /// Whether closing the window would interrupt something.
    pub fn is_busy(&self) -> bool {
        self.helping || self.measuring || !self.going.is_empty()
    }

    /// For whom this computer works.
    pub fn effort(&self) -> Effort {
        Effort {
            own: self.measuring || !self.going.is_empty(),
            helping: self.helping,
        }
    }
}

/// For whom this computer works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effort {
    /// Its own user.
    pub own: bool,
    /// The user of another one.
    pub helping: bool,
}

impl Effort {
    /// Whether it has to stay awake: for its own user always, for others never on its battery.
    pub fn keeps_awake(self, on_battery: impl FnOnce() -> bool) -> bool {
        self.own || (self.helping && !on_battery())
    }

    /// Whether the battery makes a difference.
    pub fn minds_the_battery(self) -> bool {
        self.helping && !self.own
    }
}

/// What a user wants to hear of who is not looking.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// Its output is in place.
    Done {
        /// The source's name.
        name: String,
        /// By how many percent it got smaller; `None` if it did not.
        smaller: Option<u64>,
        /// Every frame is proved.
        exact: bool,
    },
    /// It could not be done.
    Failed {
        /// The source's name.
        name: String,
        /// Why.
        why: String,
    },
    /// Another computer asks for help; its code is to be typed here.
    Asked {
        /// What it calls itself.
        name: String,
    },
}

impl UnderWay {
    /// Everything that there is before the first event.
    pub fn begin(&mut self, snapshot: &Snapshot) {
        self.here(&snapshot.scene.here);
        for job in &snapshot.scene.jobs {
            self.job(job);
        }
        self.pairing(&snapshot.scene.pairing);
    }

    /// Takes an event in; what is new by it.
    pub fn take(&mut self, event: &Event) -> Option<News> {
        match event {
            Event::Here(here) => self.here(here),
            Event::Job(job) => return self.job(job),
            Event::Pairing(pairing) => return self.pairing(pairing),
            Event::JobGone(id) => _ = self.jobs.remove(id),
            Event::Computer(_) | Event::ComputerGone(_) => {}
        }
        None
    }

    /// How things stand.
    pub fn now(&self) -> Now {
        let those = |stand| {
            let those = self.jobs.iter().filter(move |(_, job)| job.state == stand);
            those.map(|(id, _)| *id).collect::<Vec<_>>()
        };
        let going = those(Stand::Going);
        let ours: u32 = self.jobs.values().map(|job| job.in_hand).sum();
        Now {
            percent: self.percent(going.len()),
            going,
            held: those(Stand::Held),
            helping: self.in_hand > ours,
            donating: self.donating,
            resting: self.resting,
            measuring: false,
        }
    }

    fn here(&mut self, here: &Here) {
        self.me = Some(here.computer.id.clone());
        self.donating = here.donating;
        self.resting = here.donating && here.helping.rest.is_some();
        self.in_hand = match here.computer.status {
            ComputerStatus::Working { segments } => segments,
            _ => 0,
        };
    }

    /// A request is news once, however often its seconds are told.
    fn pairing(&mut self, pairing: &Pairing) -> Option<News> {
        let asked_by = pairing.request.as_ref().map(|request| request.id.clone());
        let is_new = asked_by.is_some() && asked_by != self.asked_by;
        self.asked_by = asked_by;
        let request = pairing.request.as_ref().filter(|_| is_new)?;
        let name = request.name.clone();
        Some(News::Asked { name })
    }

    fn job(&mut self, job: &Job) -> Option<News> {
        let ours = job
            .hands
            .iter()
            .find(|hand| Some(&hand.computer) == self.me.as_ref());
        let known = Known {
            state: stand(&job.state),
            progress: job.progress,
            in_hand: ours.map_or(0, |hand| hand.working),
        };
        let ends = known.state == Stand::Over;
        let before = self.jobs.insert(job.id, known);
        // What was over before this window opened is no news.
        let went_on = before.is_some_and(|before| before.state != Stand::Over);
        (ends && went_on).then(|| ended(job)).flatten()
    }

    fn percent(&self, going: usize) -> Option<u64> {
        let jobs = self.jobs.values().filter(|job| job.state == Stand::Going);
        let all = jobs.map(|job| job.progress).sum::<f64>();
        (going > 0).then(|| (100.0 * all / going as f64).clamp(0.0, 100.0) as u64)
    }
}

fn stand(state: &JobState) -> Stand {
    match state {
        JobState::Paused { .. } => Stand::Held,
        state if state.is_over() => Stand::Over,
        _ => Stand::Going,
    }
}

/// How a job ended; nothing if the user ended it.
fn ended(job: &Job) -> Option<News> {
    let name = job.name.clone();
    match &job.state {
        JobState::Completed { outcome } => {
            let saved = job.source_bytes.saturating_sub(outcome.bytes);
            let percent = (100 * saved).checked_div(job.source_bytes).unwrap_or(0);
            Some(News::Done {
                name,
                smaller: (percent > 0).then_some(percent),
                exact: outcome.exact,
            })
        }
        JobState::Failed { error } => Some(News::Failed {
            name,
            why: error.message.clone(),
        }),
        _ => None,
    }
}
