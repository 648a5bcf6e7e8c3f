//! The limit of the working files: who may still begin something, and what is held when it is reached.
//!
//! What is there is measured every few seconds; for what is under way room is kept free, and no result grows beyond
//! that. So the limit is kept before it is reached, and a job that would go beyond it waits with its parts kept.

use std::collections::{BTreeMap, BTreeSet};

use schedule::{Fault, Input, JobId, Lease};

use crate::driver::{Core, Mail};
use crate::send::SLACK;
use crate::trouble::{Kind, Trouble};
use crate::worker::Ask;
use crate::workspace::segment_name;

/// A result's size by its source's before there is one: few results are larger.
const UNKNOWN_GROWTH: f64 = 2.0;

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
}

/// About what a task takes here: its source, and a result of the same size.
pub(crate) fn promise(ask: &Ask) -> u64 {
    ask.source_ceiling.saturating_sub(SLACK) / 3 * 2 + (1 << 20)
}

impl Core {
    /// Bytes that may still be promised; `None` where there is no limit.
    pub(crate) fn scratch_room(&self) -> Option<u64> {
        let limit = self.settings.scratch_limit?;
        let own = self.reserved();
        let others: u64 = self.scratch.promised.values().sum();
        let others = others.max(self.scratch.donated);
        Some(limit.saturating_sub(self.scratch.own + own + others))
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
        if self.scratch_room().is_some_and(|room| beside > room) {
            self.hold(lease.job, beside);
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

    /// Has the working files looked at. Results under way are left out: room is kept free for all that they may
    /// come to.
    pub(crate) fn look_at_scratch(&self) {
        let leases = self.leases.values().map(|held| held.lease);
        let under_way: Vec<(JobId, String)> = leases
            .map(|lease| (lease.job, segment_name(lease.segment, lease.id.0)))
            .collect();
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
        let room = self.scratch_room().unwrap_or(u64::MAX);
        if self.scratch.own + self.scratch.donated + self.reserved() > limit {
            let going: BTreeSet<JobId> = self.leases.values().map(|held| held.lease.job).collect();
            for id in going {
                // A little more than nothing: a job does not go on for a single byte.
                self.hold(id, limit / 20);
            }
            if self.scratch.own + self.scratch.donated > limit {
                self.give_back_one();
            }
            return;
        }
        let pending = &mut self.pending;
        self.scratch.held.retain(|job, held| {
            let waits = held.need > room;
            if !waits {
                pending.push_back(Input::Resume { job: *job });
            }
            waits
        });
    }

    fn hold(&mut self, id: JobId, need: u64) {
        let limit = self.settings.scratch_limit.unwrap_or(0) as f64 / 1e9;
        let reason = format!(
            "its working files have reached the limit of {limit:.1} GB; raise it in the settings, or free room, and it goes on"
        );
        let held = Held { reason, need };
        if self.scratch.held.insert(id, held).is_none() {
            tracing::info!(job = %id, "held: no room for more working files");
            self.pending.push_back(Input::Pause { job: id });
        }
    }

    /// Others' work ends, one task at a look, until there is room again.
    fn give_back_one(&mut self) {
        let Some((task, guest)) = self.guests.pop_last() else {
            return;
        };
        self.scratch.promised.remove(&task);
        let link = self.net.as_ref().and_then(|net| net.link(guest.peer));
        if let Some(link) = link {
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
    use super::*;

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
