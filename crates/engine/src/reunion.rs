//! Who was away comes back: what other computers still hold of our films is taken up again, and what is done here for
//! others waits for them.
//!
//! A task's name is made of the order, the segment and the donor, with a secret of this node: so a node that was killed
//! knows its own tasks again, and nobody else can tell which are alike.

use std::collections::BTreeSet;

use media::SegmentSpec;
use peer::{Message, TaskId};
use schedule::{EncoderId, Input, JobId, PeerId, Reunion, SegmentIndex};
use store::Store;
use tokio::sync::watch;

use crate::capability;
use crate::driver::{Core, GuestTask};
use crate::job::Job;
use crate::tie::Tie;
use crate::worker::Ask;

/// The database's key of the secret.
const SECRET: &str = "task_secret";
/// So often at most a segment is read from further back before its task is not known again.
const STEPS_BACK: u8 = 3;

/// Names for tasks that are given to others.
#[derive(Clone, Debug)]
pub(crate) struct TaskNames([u8; 32]);

/// A task that is, or was, in another computer's hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    pub job: JobId,
    pub segment: SegmentIndex,
    pub encoder: EncoderId,
    pub peer: PeerId,
}

impl TaskNames {
    /// With the secret of this data folder, made at its first start.
    pub async fn open(store: &Store) -> Result<Self, store::StoreError> {
        let fresh: [u8; 32] = rand::random();
        let secret = store.call(move |tables| {
            if let Some(known) = tables.setting::<[u8; 32]>(SECRET)? {
                return Ok(known);
            }
            tables.set_setting(SECRET, &fresh)?;
            Ok(fresh)
        });
        secret.await.map(Self)
    }

    /// The name of `spec` for a donor. `step_back` says from how far back it is read; `refused` how often a result of
    /// this segment was refused: what was bad once is not asked for again.
    fn of(&self, given: Given, spec: &SegmentSpec, step_back: u8, refused: u32) -> TaskId {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(&given.job.0.to_le_bytes());
        hasher.update(&given.segment.0.to_le_bytes());
        hasher.update(&given.peer.0);
        hasher.update(&[step_back]);
        hasher.update(&refused.to_le_bytes());
        // Numbers and words out of lists: it always can be written.
        hasher.update(serde_json::to_string(spec).unwrap_or_default().as_bytes());
        let mut name = [0; 16];
        hasher.finalize_xof().fill(&mut name);
        TaskId(name)
    }
}

impl Core {
    /// The name of a task that is given away, remembered for when its donor is lost and comes back.
    pub(crate) fn name_task(&mut self, given: Given, spec: &SegmentSpec, step_back: u8) -> TaskId {
        let job = self.jobs.get(&given.job);
        let refused = job.and_then(|job| job.refused.get(&given.segment.0));
        let refused = refused.copied().unwrap_or(0);
        let task = self.names.of(given, spec, step_back, refused);
        self.given.insert(task, given);
        task
    }

    /// A result of this lease was no good: the same work has another name from now on.
    pub(crate) fn refuse(&mut self, lease: &schedule::Lease) {
        if let Some(job) = self.jobs.get_mut(&lease.job) {
            *job.refused.entry(lease.segment.0).or_default() += 1;
        }
        let is_meant = |given: &Given| given.job == lease.job && given.segment == lease.segment;
        self.given.retain(|_, given| !is_meant(given));
    }

    /// A segment is done, or a job: what others hold of it is not wanted any more.
    pub(crate) fn forget_given(&mut self, job: JobId, segment: Option<SegmentIndex>) {
        let is_meant = |given: &Given| {
            given.job == job && segment.is_none_or(|segment| segment == given.segment)
        };
        self.given.retain(|_, given| !is_meant(given));
    }

    /// Others had segments of this job when the last run ended: who is back already and has them gets them again.
    pub(crate) fn await_others(&mut self, id: JobId) {
        let Some(job) = self.jobs.get(&id).filter(|job| !job.awaited.is_empty()) else {
            return;
        };
        let names = self.names.clone();
        let known = job
            .awaited
            .iter()
            .flat_map(|(at, peer)| names_of(job, *at, *peer, &names));
        self.given.extend(known.collect::<Vec<_>>());
        let peers: BTreeSet<PeerId> = job.awaited.values().copied().collect();
        for peer in peers {
            self.reunite(peer);
        }
    }

    /// A donor says what it still has of ours.
    pub(crate) fn holding(&mut self, peer: PeerId, tasks: Vec<TaskId>) {
        if let Some(neighbour) = self.neighbours.get_mut(&peer) {
            neighbour.holding = Some(tasks.into_iter().collect());
        }
        self.reunite(peer);
        self.release_unknown(peer);
    }

    /// Gives a donor the segments again that it has, and the others' to anybody.
    fn reunite(&mut self, peer: PeerId) {
        let neighbour = self.neighbours.get_mut(&peer);
        let Some(holding) = neighbour.and_then(|one| one.holding.as_mut()) else {
            return;
        };
        let ours = |task: &TaskId| {
            self.given
                .get(task)
                .copied()
                .filter(|given| given.peer == peer)
        };
        let here = |given: &Given| self.jobs.contains_key(&given.job);
        let found: Vec<(TaskId, Given)> = holding
            .iter()
            .filter_map(|task| Some((*task, ours(task).filter(here)?)))
            .collect();
        found.iter().for_each(|(task, _)| _ = holding.remove(task));
        self.claims.extend(found.iter().copied());
        for (
            _,
            Given {
                job,
                segment,
                encoder,
                ..
            },
        ) in &found
        {
            self.pending.push_back(Input::Reunion(Reunion::Holds {
                peer,
                job: *job,
                segment: *segment,
                encoder: *encoder,
            }));
        }
        for job in self.jobs.values_mut() {
            let (id, pending) = (job.id, &mut self.pending);
            let is_found = |at: u32| {
                let of = |given: &Given| given.job == id && given.segment == SegmentIndex(at);
                found.iter().any(|(_, given)| of(given))
            };
            job.awaited.retain(|at, whose| {
                if *whose == peer && !is_found(*at) {
                    let segment = SegmentIndex(*at);
                    let not_held = Reunion::NotHeld { job: id, segment };
                    pending.push_back(Input::Reunion(not_held));
                }
                *whose != peer
            });
        }
    }

    /// What a donor has and the scheduler has no use for is let go, unless its job only rests. Called once the scheduler
    /// has heard of it.
    pub(crate) fn let_go_of_unclaimed(&mut self) {
        for (task, given) in std::mem::take(&mut self.claims) {
            let rests = matches!(
                self.farm.state(given.job),
                Some(schedule::JobState::Paused { .. })
            );
            let taken = self.leases.values().any(|held| held.task == Some(task));
            let link = self.link_to(given.peer);
            if let Some(link) = link.filter(|_| !rests && !taken) {
                link.tell(Message::Cancel { task });
            }
        }
    }

    /// Every interrupted job is here again, so what is held for none of them is not wanted any more.
    pub(crate) fn all_resumed(&mut self) {
        self.resuming = false;
        let peers: Vec<PeerId> = self.neighbours.keys().copied().collect();
        peers
            .into_iter()
            .for_each(|peer| self.release_unknown(peer));
    }

    fn release_unknown(&mut self, peer: PeerId) {
        if self.resuming {
            return;
        }
        let neighbour = self.neighbours.get_mut(&peer);
        let rest = neighbour
            .and_then(|one| one.holding.as_mut())
            .map(std::mem::take);
        let link = self.link_to(peer);
        let (Some(rest), Some(link)) = (rest, link) else {
            return;
        };
        rest.into_iter()
            .for_each(|task| link.tell(Message::Cancel { task }));
    }

    /// Tells an owner that is back what is still here of its tasks.
    pub(crate) fn tell_held(&self, link: &peer::Link) {
        let untied = |guest: &GuestTask| guest.peer == link.peer() && guest.tie.borrow().is_none();
        let held = self.guests.iter().filter(|(_, guest)| untied(guest));
        link.tell_held(held.map(|(task, _)| *task).collect());
    }

    /// An owner is gone: what is done for it goes on and is kept for a while, where it can ask for it again.
    pub(crate) fn untie(&mut self, peer: peer::PeerId) {
        self.guests.retain(|_, guest| {
            if guest.peer == peer {
                guest.tie.send_replace(None);
            }
            guest.peer != peer || guest.reunites
        });
        let has = |guest: &&GuestTask| guest.peer == peer && guest.standing.is_sourced();
        let kept = self.guests.values().filter(has).count();
        let neighbour = self.neighbours.get_mut(&PeerId(peer.0));
        if let Some(neighbour) = neighbour.filter(|_| kept > 0) {
            let parts = if kept == 1 { "part" } else { "parts" };
            neighbour.trouble = Some(format!(
                "It went away. {kept} {parts} of its film will be kept here for an hour, for when it is back."
            ));
        }
    }

    /// Whether this is a task that is here already, and is taken up again.
    pub(crate) fn tie_again(&mut self, link: &peer::Link, ask: &Ask) -> bool {
        let known = self.guests.get(&ask.task);
        let same = |guest: &&GuestTask| guest.peer == link.peer() && guest.spec == ask.spec;
        let Some(guest) = known.filter(same) else {
            return false;
        };
        link.tell(Message::Accepted { task: ask.task });
        guest.tie.send_replace(Some(Tie {
            link: link.clone(),
            source: ask.source,
            result: ask.result,
            supply: ask.supply.clone(),
        }));
        true
    }

    /// What is kept for `peer` makes room for what it asks for now: one task that it has not asked for again, the
    /// oldest by name, is let go where all it may have here are taken.
    pub(crate) fn make_room(&mut self, peer: peer::PeerId, room: usize) {
        let of_peer = |guest: &GuestTask| guest.peer == peer;
        if self.guests.values().filter(|guest| of_peer(guest)).count() < room {
            return;
        }
        let untied = |guest: &GuestTask| of_peer(guest) && guest.tie.borrow().is_none();
        let oldest = self.guests.iter().find(|(_, guest)| untied(guest));
        if let Some(task) = oldest.map(|(task, _)| *task) {
            self.guests.remove(&task);
        }
    }
}

/// Every name that a segment's task can have had in an earlier run.
fn names_of(job: &Job, at: u32, peer: PeerId, names: &TaskNames) -> Vec<(TaskId, Given)> {
    let Some(segment) = job.segments.get(at as usize) else {
        return Vec::new();
    };
    let (codec, format) = (job.film.choice.codec(), job.film.order.pixel_format());
    let filters = job.film.order.filters();
    let encoders = capability::candidates(codec, format, filters).into_iter();
    let each = encoders.filter_map(|encoder| {
        let spec = job.film.spec(segment, capability::encoder(encoder))?;
        let given = Given {
            job: job.id,
            segment: SegmentIndex(at),
            encoder,
            peer,
        };
        let steps = 0..=STEPS_BACK;
        Some(steps.map(move |step| (names.of(given, &spec, step, 0), given)))
    });
    each.flatten().collect()
}

/// The loop's handle of a task's connection.
pub(crate) type Tying = watch::Sender<Option<Tie>>;
