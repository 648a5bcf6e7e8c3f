//! Room for what is made: below the limit of the working files, on their disk, where an output is to be and where it is
//! noted. Who may still begin something, and what is held until there is room.
//!
//! What is there is measured every few seconds; for what is under way room is kept free, and no result grows beyond
//! that. So a limit is kept before it is reached, and a job that would go beyond it waits with its parts kept.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use schedule::{Fault, Input, JobId, Lease};

use crate::driver::{Core, Mail};
use crate::send::{self, SLACK};
use crate::status::Terms;
use crate::trouble::{Kind, Trouble};
use crate::worker::Ask;
use crate::workspace::{aside, segment_name};

/// A result's size by its source's before there is one: few results are larger.
const UNKNOWN_GROWTH: f64 = 2.0;

/// Bytes that are noted of a result, its receipt among them, at most.
const NOTES: u64 = 16 << 20;

/// Bytes that a result's check takes beside it: two dozen small pictures.
const PICTURES: u64 = 350_000;

/// What is known of the working files.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// Bytes of our own jobs', at the last look and what has been added since; without what is under way.
    pub own: u64,
    /// Bytes of what is done for others, at the last look.
    pub donated: u64,
    /// What tasks for others will come to, by task.
    pub promised: BTreeMap<peer::TaskId, u64>,
    /// Jobs that are held because there is no room.
    pub held: BTreeMap<JobId, Held>,
}

/// What is promised to others, and what of it is there.
#[derive(Clone, Copy, Debug)]
struct Others {
    /// Bytes that their tasks come to.
    tasks: u64,
    /// Bytes of tasks and films that are there, as far as that is measured.
    there: u64,
    /// Of those, the films'.
    films: u64,
    /// Bytes of films that are still to come.
    missing: u64,
}

impl Others {
    fn of_tasks(self) -> u64 {
        self.there.saturating_sub(self.films)
    }

    /// Bytes that are not there yet.
    fn coming(self) -> u64 {
        self.tasks
            .saturating_sub(self.of_tasks())
            .saturating_add(self.missing)
    }

    /// Bytes that it all comes to.
    fn all(self) -> u64 {
        let tasks = self.tasks.max(self.of_tasks());
        tasks
            .saturating_add(self.films)
            .saturating_add(self.missing)
    }
}

/// A look at the working files.
#[derive(Debug)]
pub(crate) struct Used {
    /// Bytes of our own jobs', without what is under way.
    own: u64,
    /// Bytes of what is done for others.
    donated: u64,
    /// What was under way then: files by job.
    under_way: Vec<(JobId, String)>,
}

/// Why a job is held, and until when.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    /// For its user.
    pub reason: String,
    /// Bytes that have to be free before it goes on.
    need: u64,
    /// Where.
    place: Place,
}

/// Where room is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// Where the working files are: below their limit, and on their disk.
    Working,
    /// Where the output is to be.
    Output(PathBuf),
    /// In the data folder, for what is noted of a result before it gets its name.
    Data,
}

/// Bytes of a disk that are left to everything else.
fn left_alone(folder: &Path) -> u64 {
    const MOST: u64 = 512 << 20;
    let total = fs4::total_space(folder).unwrap_or(u64::MAX);
    (total / 20).min(MOST)
}

/// Bytes that may be used of a disk; any number where it does not say.
fn usable(folder: &Path) -> u64 {
    let free = fs4::available_space(folder).unwrap_or(u64::MAX);
    free.saturating_sub(left_alone(folder))
}

/// About what a task takes here: its source, and a result of the same size.
pub(crate) fn promise(ask: &Ask) -> u64 {
    ask.source_ceiling.saturating_sub(SLACK) / 3 * 2 + (1 << 20)
}

impl Core {
    /// Bytes that may still be promised to others below the limit; `None` where there is none.
    pub(crate) fn below_limit(&self) -> Option<u64> {
        self.left_of_limit(self.others(self.films.missing()))
    }

    /// Bytes that are promised to others and not there yet.
    pub(crate) fn coming(&self) -> u64 {
        self.others(self.films.missing()).coming()
    }

    /// `missing`: what of their films is waited for.
    fn others(&self, missing: u64) -> Others {
        Others {
            tasks: self.scratch.promised.values().sum(),
            there: self.scratch.donated,
            films: self.films.there(),
            missing,
        }
    }

    /// What others have as one of our own jobs sees it: a film that has not come keeps no room from it, and what is kept
    /// for the job's own result is its own.
    fn others_beside(&self, job: JobId) -> Others {
        self.others(self.films.missing_beside(job))
    }

    fn left_of_limit(&self, others: Others) -> Option<u64> {
        let limit = self.settings.scratch_limit?;
        let own = self.scratch.own + self.reserved();
        Some(limit.saturating_sub(own.saturating_add(others.all())))
    }

    /// Bytes that a job may still use below the limit and on the working files' disk.
    fn scratch_room(&self, job: JobId) -> u64 {
        let others = self.others_beside(job);
        let taken = self.reserved().saturating_add(others.coming());
        let on_disk = usable(&self.workspace.scratch()).saturating_sub(taken);
        self.left_of_limit(others).unwrap_or(u64::MAX).min(on_disk)
    }

    /// What is kept free for all that is under way for our own jobs.
    fn reserved(&self) -> u64 {
        let leases = self.leases.values();
        leases.map(|held| held.reserved + PICTURES).sum()
    }

    /// Bytes of a segment in the source.
    fn source_bytes(&self, lease: &Lease) -> u64 {
        let job = self.jobs.get(&lease.job);
        let segment = job.and_then(|job| job.segments.get(lease.segment.0 as usize));
        segment.map_or(0, |segment| segment.bytes)
    }

    /// What is kept free for a segment's result: its share of the source, as much larger or smaller as the job's
    /// results so far have been, and a quarter more.
    fn expected(&self, lease: &Lease) -> u64 {
        let Some(job) = self.jobs.get(&lease.job) else {
            return 0;
        };
        let source = |at: u32| job.segments.get(at as usize).map_or(0, |s| s.bytes);
        let results: u64 = job.pieces.values().map(|piece| piece.proof.bytes).sum();
        let sources: u64 = job.pieces.keys().map(|at| source(*at)).sum();
        let growth = if sources > 0 {
            1.25 * results as f64 / sources as f64
        } else {
            UNKNOWN_GROWTH
        };
        // What has been too little once is too little again.
        let growth = growth.max(job.outgrown);
        (self.source_bytes(lease) as f64 * growth) as u64
    }

    /// Bytes that are kept free for this segment beside all that is under way; `None` where they are not there, and
    /// then its job is held.
    pub(crate) fn reserve(&mut self, lease: &Lease) -> Option<u64> {
        let need = self.expected(lease);
        let beside = need + PICTURES;
        if beside > self.scratch_room(lease.job) {
            self.hold(lease.job, beside, Place::Working);
            return None;
        }
        Some(need)
    }

    /// A result came to more than was kept free for it. It is made again with twice as much, if there is so much.
    pub(crate) fn outgrew(&mut self, lease: Lease) {
        let Some(held) = self.let_go(lease.id) else {
            return;
        };
        let limited = self.settings.scratch_limit.is_some();
        let source = self.source_bytes(&lease).max(1);
        if let Some(job) = self.jobs.get_mut(&lease.job).filter(|_| limited) {
            job.outgrown = 2.0 * held.reserved as f64 / source as f64;
        }
        let (fault, reason) = if limited {
            (
                Fault::Network,
                "its result needs more room than was kept free",
            )
        } else {
            (Fault::Peer, "its result is larger than it may be")
        };
        self.pending.push_back(Input::Failed {
            lease: lease.id,
            fault,
            reason: reason.to_owned(),
        });
    }

    /// The working files' disk became full under a lease, whoever filled it: its job is held until there is room.
    pub(crate) fn filled(&mut self, lease: Lease) {
        let need = 2 * self.expected(&lease) + PICTURES;
        if self.let_go(lease.id).is_none() {
            return;
        }
        self.hold(lease.job, need, Place::Working);
        self.pending.push_back(Input::Failed {
            lease: lease.id,
            fault: Fault::Declined,
            reason: "the disk of the working files is full".to_owned(),
        });
    }

    /// Has the working files looked at. Results under way are left out: room is kept free for all that they may
    /// come to.
    pub(crate) fn look_at_scratch(&self) {
        let names = self.leases.values().flat_map(|held| {
            let lease = held.lease;
            let settled = segment_name(lease.segment, lease.id.0);
            let part = held.task.map(send::part_name);
            let all = [Some(aside(&settled)), part, Some(settled)]
                .into_iter()
                .flatten();
            all.map(move |name| (lease.job, name))
        });
        let under_way: Vec<(JobId, String)> = names.collect();
        let (workspace, mail) = (self.workspace.clone(), self.mail.clone());
        tokio::task::spawn_blocking(move || {
            // Their size first: what they grow by meanwhile counts twice, and not not at all.
            let growing = under_way
                .iter()
                .map(|(job, name)| workspace.job(*job).join(name));
            let growing: u64 = growing
                .map(|file| file.metadata().map_or(0, |m| m.len()))
                .sum();
            let (own, donated) = workspace.used();
            let own = own.saturating_sub(growing);
            drop(mail.send(Mail::Used(Used {
                own,
                donated,
                under_way,
            })));
        });
    }

    /// Takes a look into account.
    pub(crate) fn used(&mut self, used: Used) {
        // What was under way then may be a result by now.
        let since = used.under_way.iter().filter_map(|(job, name)| {
            let mut pieces = self.jobs.get(job)?.pieces.values();
            Some(pieces.find(|piece| piece.file == *name)?.proof.bytes)
        });
        self.scratch.own = used.own + since.sum::<u64>();
        self.scratch.donated = used.donated;
        self.check_scratch();
    }

    /// Holds jobs that have reached the limit, and lets those go on that have room again.
    pub(crate) fn check_scratch(&mut self) {
        let limit = self.settings.scratch_limit.unwrap_or(u64::MAX);
        if self.scratch.own + self.scratch.donated + self.reserved() > limit {
            let going: BTreeSet<JobId> = self.leases.values().map(|held| held.lease.job).collect();
            for id in going {
                // A little more than nothing: a job does not go on for a single byte.
                self.hold(id, limit / 20, Place::Working);
            }
            if self.scratch.own + self.scratch.donated > limit {
                self.give_back_one();
            }
            return;
        }
        let has_room = |(job, held): (&JobId, &Held)| {
            let there = match &held.place {
                Place::Working => self.scratch_room(*job),
                Place::Output(folder) => usable(folder),
                Place::Data => usable(self.workspace.root()),
            };
            (held.need <= there).then_some(*job)
        };
        let going: Vec<JobId> = self.scratch.held.iter().filter_map(has_room).collect();
        for job in going {
            self.scratch.held.remove(&job);
            self.pending.push_back(Input::Resume { job });
        }
    }

    /// Whether the output's disk has room for what a job's parts come to; the job is held where it has not.
    pub(crate) fn has_room_for_output(&mut self, id: JobId) -> bool {
        let Some(job) = self.jobs.get(&id) else {
            return true;
        };
        let need = job.output_bytes();
        let folder = job.folder.clone();
        let enough = usable(&folder) >= need;
        if !enough {
            self.hold(id, need, Place::Output(folder));
        }
        enough
    }

    /// The output's disk became full while a job was joined: it is joined again when there is more room than there was.
    pub(crate) fn output_filled(&mut self, id: JobId) {
        let Some(job) = self.jobs.get(&id) else {
            return;
        };
        let folder = job.folder.clone();
        let need = job.output_bytes() + job.output_bytes() / 20;
        self.hold(id, need.max(usable(&folder) + 1), Place::Output(folder));
    }

    /// The disk of the data folder became full while a job was joined: likewise, and there.
    pub(crate) fn data_filled(&mut self, id: JobId) {
        let there = usable(self.workspace.root());
        self.hold(id, NOTES.max(there.saturating_add(1)), Place::Data);
    }

    fn hold(&mut self, id: JobId, need: u64, place: Place) {
        let reason = self.why_held(id, need, &place);
        let held = Held {
            reason,
            need,
            place,
        };
        if self.scratch.held.insert(id, held).is_none() {
            tracing::info!(job = %id, "held: no room for more working files");
            self.pending.push_back(Input::Pause { job: id });
        }
    }

    fn why_held(&self, id: JobId, need: u64, place: &Place) -> String {
        let working = self.workspace.scratch();
        let left = self.left_of_limit(self.others_beside(id));
        let folder = match place {
            Place::Working if left.is_some_and(|room| room < need) => {
                let limit = self.settings.scratch_limit.unwrap_or(0) as f64 / 1e9;
                return format!(
                    "its working files have reached the limit of {limit:.1} GB; raise it in the settings, or free room, and it goes on"
                );
            }
            Place::Working => working.as_path(),
            Place::Output(folder) => folder.as_path(),
            Place::Data => self.workspace.root(),
        };
        let free = fs4::available_space(folder).unwrap_or(0);
        format!(
            "the disk of {} is nearly full ({} MB left, {} MB needed); free some space, and it goes on by itself",
            folder.display(),
            free / 1_000_000,
            need.saturating_add(left_alone(folder)).div_ceil(1_000_000)
        )
    }

    /// Others' work ends, one task at a look, until there is room again.
    fn give_back_one(&mut self) {
        let Some((task, guest)) = self.guests.pop_last() else {
            return;
        };
        self.scratch.promised.remove(&task);
        if let Some(link) = self.link_to(schedule::PeerId(guest.peer.0)) {
            tokio::spawn(async move {
                let failed = peer::Message::Failed {
                    task,
                    reason: peer::FailReason::NoSpace,
                    detail: "no room for more working files".into(),
                };
                // A link that broke says the same.
                let _ = link.send(failed).await;
            });
        }
    }
}

/// Bytes to be asked for a new job's results. Another computer's film was promised room for as much as itself before it
/// came; where that is too little after all, its job is held on the way.
pub(crate) fn asked(need: u64, film: u64, terms: &Terms) -> u64 {
    match terms.sent_by {
        Some(_) => need.min(film),
        None => need,
    }
}

/// Whether a job of `need` bytes of working files fits beside `used` below `limit`.
///
/// # Errors
/// [`Kind::NoSpace`], with the numbers.
pub(crate) fn check_limit(limit: Option<u64>, used: u64, need: u64) -> Result<(), Trouble> {
    let Some(limit) = limit else { return Ok(()) };
    let left = limit.saturating_sub(used);
    if need <= left {
        return Ok(());
    }
    let gb = |bytes: u64| bytes as f64 / 1e9;
    let text = format!(
        "This needs at least {:.1} GB for working files, and {:.1} GB of the limit of {:.1} GB are left.",
        gb(need),
        gb(left),
        gb(limit)
    );
    Err(Trouble::new(Kind::NoSpace, text)
        .help("Raise the limit in the settings, let what is going on finish, or take failed jobs off the list."))
}

#[cfg(test)]
mod tests {
    use media::choice::{Choice, Purpose};

    use super::*;
    use crate::alone;
    use crate::combine::CombineError;
    use crate::node::Steer;
    use crate::status::{self, JobState};

    #[tokio::test(flavor = "multi_thread")]
    async fn what_cannot_be_noted_waits_for_the_disk_of_the_data_folder() {
        let home = tempfile::tempdir().unwrap();
        let node = alone::node(home.path()).await;
        let film = home.path().join("film.mp4");
        node.test_clip(film.clone(), 2).await.unwrap();
        let terms = Terms {
            only_here: true,
            place: status::Place::InPlace { keep: None },
            ..Terms::default()
        };
        let choice = Choice {
            purpose: Purpose::Everywhere,
            ..Choice::default()
        };
        // Until then nothing is joined.
        let turn = node.0.ledger.turn().await;
        let job = node.submit(film, choice, terms).await.unwrap();
        let joins = |job: &status::JobStatus| {
            matches!(job.state, JobState::Combining) || job.finished_ms.is_some()
        };
        assert!(alone::until(&node, job, joins).await.finished_ms.is_none());
        let result = Err(CombineError::Unnoted);
        node.0.mail.send(Mail::Combined { job, result }).unwrap();
        let held = alone::until(&node, job, |_| true).await.state;
        let data = home.path().join("data").display().to_string();
        assert!(
            matches!(&held, JobState::Paused(why) if why.contains(&data)),
            "{held:?}"
        );
        drop(turn);
        node.steer(job, Steer::Resume).await.unwrap();
        let state = alone::over(&node, job).await.state;
        assert!(matches!(state, JobState::Completed(_)), "{state:?}");
        node.stop().await;
    }

    #[test]
    fn what_is_there_of_a_film_is_not_promised_once_more() {
        let film = Others {
            tasks: 0,
            there: 0,
            films: 600,
            missing: 1400,
        };
        // On a disk what is there has been taken from what is free, measured or not.
        assert_eq!(film.coming(), 1400);
        assert_eq!(Others { there: 600, ..film }.coming(), 1400);
        // Below a limit both count, once.
        assert_eq!(film.all(), 2000);
        assert_eq!(Others { there: 600, ..film }.all(), 2000);
        let with_task = Others {
            tasks: 100,
            there: 640,
            ..film
        };
        assert_eq!((with_task.coming(), with_task.all()), (1460, 2100));
    }

    #[test]
    fn a_job_that_cannot_fit_is_refused_before_it_begins() {
        assert!(check_limit(None, u64::MAX, u64::MAX).is_ok());
        assert!(check_limit(Some(3_000_000_000), 1_000_000_000, 2_000_000_000).is_ok());
        let refused = check_limit(Some(3_000_000_000), 2_000_000_000, 2_500_000_000).unwrap_err();
        assert_eq!(refused.kind, Kind::NoSpace);
        assert_eq!(
            refused.message,
            "This needs at least 2.5 GB for working files, and 1.0 GB of the limit of 3.0 GB are left."
        );
    }
}
