//! How the time of a job went, of any job there is a record of: read when somebody looks.

use std::collections::BTreeMap;

use hindsight::{Account, Fate, OtherWork, Peer, PhaseKind, Record};
use store::{Absence, Phase, Stint};

use crate::chronicle::Now;
use crate::driver::{Call, Core, unix_ms};
use crate::job::Wish;
use crate::journal::{job_id, row_id};
use crate::node::Node;
use crate::status::{JobId, PeerId};
use crate::trouble::{Kind, Trouble};

/// A job's time, as it was noted and what follows from it.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// Which job.
    pub id: JobId,
    /// This computer.
    pub me: PeerId,
    /// It goes on.
    pub live: bool,
    /// Times are Unix milliseconds.
    pub record: Record,
    /// Why each of the record's stints came to nothing; empty where it did not.
    pub whys: Vec<String>,
    /// Why each of its absences was.
    pub reasons: Vec<String>,
    /// In which lane of its computer each stint is drawn.
    pub lanes: Vec<u32>,
    /// What the computers called themselves; hostile text.
    pub names: BTreeMap<PeerId, String>,
    /// What follows.
    pub account: Account,
    /// There was more than is kept.
    pub cut_short: bool,
}

/// What the loop knows of a job that is not written yet.
#[derive(Debug)]
pub(crate) struct Look {
    pub now: Now,
    pub me: PeerId,
    pub live: bool,
}

/// What is written of a job.
struct Written {
    phases: Vec<Phase>,
    stints: Vec<Stint>,
    /// Of other jobs, at the same time.
    others: Vec<Stint>,
    absences: Vec<Absence>,
    frames: BTreeMap<u32, u64>,
}

impl Core {
    pub(crate) fn look(&self, id: JobId) -> Look {
        let job = self.jobs.get(&id);
        Look {
            now: self.chronicle.now(id),
            me: self.me,
            live: job.is_some_and(|job| job.ended.is_none())
                && self.farm.state(id).is_some_and(|state| !state.has_ended()),
        }
    }
}

impl Node {
    /// How the time of a job went.
    ///
    /// # Errors
    /// No such job, or none whose record is kept; the store's.
    pub async fn timeline(&self, id: JobId) -> Result<Timeline, Trouble> {
        // First what is open: what ends meanwhile is found ended below.
        let look = self.ask(|reply| Call::Timeline(id, reply)).await?;
        let (row, live) = (row_id(id), look.live);
        let read = self.0.store.call(move |tables| {
            let Some(job) = tables.job(row)? else {
                return Ok(None);
            };
            let stints = tables.stints(row)?;
            let (from, to) = touched(&stints, live);
            Ok(Some(Written {
                phases: tables.phases(row)?,
                stints,
                others: tables.other_stints(row, from, to)?,
                absences: tables.absences(job.created, i64::MAX)?,
                frames: made(&job, tables.segment_frames(row)?),
            }))
        });
        let read = read
            .await
            .map_err(|e| Trouble::new(Kind::BadDataFolder, e.to_string()))?;
        let none = || Trouble::new(Kind::NoSuchJob, format!("There is no job {id}."));
        let written = read.ok_or_else(none)?;
        Ok(timeline(id, look, written, unix_ms()))
    }
}

/// Frames of the output in each part, as everything else tells them.
fn made(job: &store::Job, frames: Vec<(u32, u64)>) -> BTreeMap<u32, u64> {
    let wish: Wish = serde_json::from_value(job.choice.clone()).unwrap_or_default();
    let step = if wish.choice.filters.half_rate { 2 } else { 1 };
    let mut before = 0;
    let mut made = |frames: u64| {
        let after = before + frames;
        let made = after.div_ceil(step) - before.div_ceil(step);
        before = after;
        made
    };
    let in_order: BTreeMap<u32, u64> = frames.into_iter().collect();
    let all = in_order.into_iter();
    all.map(|(part, frames)| (part, made(frames))).collect()
}

/// The time in which a job's parts were given out and done.
fn touched(stints: &[Stint], live: bool) -> (i64, i64) {
    let from = stints.iter().map(|one| one.given).min();
    let to = stints
        .iter()
        .map(|one| one.ended.unwrap_or(one.given))
        .max();
    let to = to.filter(|_| !live).unwrap_or(i64::MAX);
    (from.unwrap_or(i64::MAX), to)
}

fn timeline(id: JobId, look: Look, written: Written, now_ms: i64) -> Timeline {
    let phases = joined(written.phases, look.now.phases, |one| {
        (one.began, one.kind.clone(), one.ended.is_some())
    });
    let stints = joined(written.stints, look.now.stints, by_lease);
    let cut_short =
        stints.len() >= store::STINTS_KEPT as usize || phases.len() >= store::PHASES_KEPT as usize;
    let until = if look.live {
        now_ms
    } else {
        last(&phases, &stints).unwrap_or(now_ms)
    };
    let first = phases.iter().map(|one| one.began);
    let first = first.chain(stints.iter().map(|one| one.given)).min();
    let hands = Hands {
        names: stints
            .iter()
            .map(|one| (PeerId(one.peer), one.name.clone()))
            .collect(),
        from: first.unwrap_or(until),
        to: until,
    };
    let others = joined(written.others, look.now.others, by_lease);
    let absences = joined(written.absences, look.now.absences, |one| {
        (one.began, hex(&one.peer), one.ended.is_some())
    });
    let absences: Vec<Absence> = absences
        .into_iter()
        .filter(|one| hands.meet(one.peer, one.began, one.ended))
        .collect();
    let record = Record {
        me: look.me.0,
        phases: phases.iter().filter_map(phase).collect(),
        stints: stints
            .iter()
            .map(|one| stint(one, &written.frames))
            .collect(),
        others: hands.busy_elsewhere(&others),
        absences: absences.iter().map(absence).collect(),
        until,
    };
    Timeline {
        id,
        me: look.me,
        live: look.live,
        whys: stints.into_iter().map(|one| one.why).collect(),
        reasons: absences.into_iter().map(|one| one.why).collect(),
        lanes: hindsight::lanes(&record.stints, until),
        names: hands.names,
        account: hindsight::tell(&record),
        record,
        cut_short,
    }
}

/// The computers that had a hand in a job, and its time.
struct Hands {
    names: BTreeMap<PeerId, String>,
    from: i64,
    to: i64,
}

impl Hands {
    /// Whether something is about one of them, and within that time.
    fn meet(&self, peer: Peer, began: i64, ended: Option<i64>) -> bool {
        self.names.contains_key(&PeerId(peer))
            && began < self.to
            && ended.unwrap_or(i64::MAX) > self.from
    }

    /// What they had in hand of other jobs meanwhile, until they had nothing more to do with it.
    fn busy_elsewhere(&self, others: &[Stint]) -> Vec<OtherWork> {
        let work = |one: &Stint| OtherWork {
            peer: one.peer,
            job: job_id(one.job).0,
            began: one.given,
            ended: one.returned.or(one.ended),
        };
        let all = others.iter().map(work);
        OtherWork::merged(
            all.filter(|one| self.meet(one.peer, one.began, one.ended))
                .collect(),
        )
    }
}

/// How long a job was worked on or waited, in all its runs, ms: without the time in which it was held, or the node did
/// not run. This run of it has lasted `run_ms`.
pub(crate) fn worked_ms(phases: &[Phase], run_ms: u64, now_ms: i64) -> u64 {
    let account = hindsight::tell(&Record {
        phases: phases.iter().filter_map(phase).collect(),
        until: now_ms,
        ..Record::default()
    });
    let paused: i64 = account.pauses.iter().map(|(from, to)| to - from).sum();
    let paused = u64::try_from(paused).unwrap_or(0);
    // Where the clock was set back, or nothing is noted any more, this run alone is known.
    account.whole_ms.max(run_ms.saturating_sub(paused))
}

fn by_lease(one: &Stint) -> (i64, String, bool) {
    let lease = i64::try_from(one.lease).unwrap_or(i64::MAX);
    (lease, String::new(), one.ended.is_some())
}

/// What is written, with what is newer in memory; what is written as ended has ended.
fn joined<T>(written: Vec<T>, open: Vec<T>, key: impl Fn(&T) -> (i64, String, bool)) -> Vec<T> {
    let mut all: BTreeMap<(i64, String), (bool, T)> = BTreeMap::new();
    for one in written.into_iter().chain(open) {
        let (at, name, ended) = key(&one);
        let known = all.get(&(at, name.clone()));
        if known.is_none_or(|(known, _)| !known) {
            all.insert((at, name), (ended, one));
        }
    }
    all.into_values().map(|(_, one)| one).collect()
}

/// The last moment that is known.
fn last(phases: &[Phase], stints: &[Stint]) -> Option<i64> {
    let phases = phases.iter().map(|one| one.ended.unwrap_or(one.began));
    let stints = stints.iter().map(|one| one.ended.unwrap_or(one.given));
    phases.chain(stints).max()
}

/// A phase that this version knows.
fn phase(one: &Phase) -> Option<hindsight::Phase> {
    Some(hindsight::Phase {
        kind: PhaseKind::of(&one.kind)?,
        began: one.began,
        ended: one.ended,
    })
}

fn stint(one: &Stint, frames: &BTreeMap<u32, u64>) -> hindsight::Stint {
    hindsight::Stint {
        lease: one.lease,
        segment: one.segment,
        frames: frames.get(&one.segment).copied().unwrap_or(0),
        attempt: one.attempt,
        peer: one.peer,
        hedge: one.hedge,
        given: one.given,
        delivered: one.delivered,
        began: one.began,
        encoded: one.encoded,
        finished: one.finished,
        returned: one.returned,
        ended: one.ended,
        fate: one.fate.as_deref().and_then(Fate::of),
        sent: one.sent,
        received: one.received,
    }
}

fn absence(one: &Absence) -> hindsight::Absence {
    hindsight::Absence {
        peer: one.peer,
        began: one.began,
        ended: one.ended,
        still: one.still,
    }
}

fn hex(peer: &Peer) -> String {
    crate::lease::hex(peer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(lease: u64) -> Stint {
        Stint {
            job: 1,
            lease,
            segment: 0,
            attempt: 1,
            peer: [7; 32],
            name: "Kitchen".to_owned(),
            hedge: false,
            given: 1000,
            delivered: None,
            began: None,
            encoded: None,
            finished: None,
            returned: None,
            ended: None,
            fate: None,
            why: String::new(),
            sent: 0,
            received: 0,
        }
    }

    fn written(stints: Vec<Stint>) -> Written {
        Written {
            phases: vec![Phase {
                job: 1,
                kind: "encoding".to_owned(),
                began: 900,
                ended: None,
            }],
            stints,
            others: Vec::new(),
            absences: vec![
                Absence {
                    peer: [7; 32],
                    began: 0,
                    ended: Some(950),
                    why: "away".to_owned(),
                    still: false,
                },
                Absence {
                    peer: [8; 32],
                    began: 0,
                    ended: None,
                    why: "away".to_owned(),
                    still: false,
                },
            ],
            frames: BTreeMap::from([(0, 240)]),
        }
    }

    fn look(stints: Vec<Stint>, live: bool) -> Look {
        Look {
            now: Now {
                stints,
                ..Now::default()
            },
            me: PeerId([1; 32]),
            live,
        }
    }

    #[test]
    fn what_goes_on_is_newer_than_what_is_written_unless_that_has_ended() {
        let mut heard = open(1);
        heard.began = Some(1500);
        let live = timeline(
            JobId(1),
            look(vec![heard.clone()], true),
            written(vec![open(1)]),
            2000,
        );
        assert_eq!(live.record.stints[0].began, Some(1500));
        assert_eq!(
            (live.record.until, live.record.stints[0].frames),
            (2000, 240)
        );
        // Only of those who had a hand in it, and within its time.
        assert_eq!(live.record.absences.len(), 1);
        assert_eq!(live.names[&PeerId([7; 32])], "Kitchen");

        let mut ended = open(1);
        (ended.ended, ended.fate) = (Some(1700), Some("verified".to_owned()));
        let over = timeline(
            JobId(1),
            look(vec![heard], false),
            written(vec![ended]),
            9000,
        );
        assert_eq!(over.record.stints[0].fate, Some(Fate::Verified));
        assert_eq!(over.record.until, 1700, "the last moment that is known");
    }

    #[test]
    fn what_its_computers_had_in_hand_of_other_jobs_is_told() {
        let of_job_2 = |lease, given, ended| Stint {
            job: 2,
            given,
            ended,
            ..open(lease)
        };
        let stranger = Stint {
            peer: [8; 32],
            ..of_job_2(5, 1100, None)
        };
        let mut record = written(vec![open(1)]);
        // One is over before this job began.
        record.others = vec![of_job_2(2, 100, Some(200)), of_job_2(3, 800, Some(1200))];
        let mut now = look(vec![open(1)], true);
        // What has ended meanwhile has ended; what is given next goes on.
        now.now.others = vec![
            of_job_2(3, 800, None),
            of_job_2(4, 1200, None),
            of_job_2(6, 5000, None),
            stranger,
        ];
        let told = timeline(JobId(1), now, record, 2000);
        let others: Vec<_> = told
            .record
            .others
            .iter()
            .map(|one| (one.peer, one.job, one.began, one.ended))
            .collect();
        assert_eq!(others, [([7; 32], 2, 800, None)]);
        // Given from 1000 on: it travels, which counts first.
        assert_eq!(told.account.hands[0].spent.transfer, 1000);
    }

    #[test]
    fn others_are_looked_for_in_the_time_of_its_parts() {
        let mut over = open(2);
        over.ended = Some(5000);
        let stints = [open(1), over];
        assert_eq!(touched(&stints, false), (1000, 5000));
        assert_eq!(touched(&stints, true), (1000, i64::MAX));
        assert_eq!(touched(&[], false).0, i64::MAX);
    }

    #[test]
    fn a_job_takes_as_long_as_all_its_runs_together() {
        let phase = |kind: PhaseKind, began, ended| Phase {
            job: 1,
            kind: kind.word().to_owned(),
            began,
            ended,
        };
        let phases = [
            phase(PhaseKind::Probe, 0, Some(1000)),
            phase(PhaseKind::Encoding, 1000, Some(61_000)),
            phase(PhaseKind::Stopped, 61_000, Some(3_661_000)),
            phase(PhaseKind::Encoding, 3_661_000, Some(3_671_000)),
            phase(PhaseKind::Held, 3_671_000, Some(3_771_000)),
            phase(PhaseKind::Encoding, 3_771_000, Some(3_781_000)),
            phase(PhaseKind::Joining, 3_781_000, None),
        ];
        // 61 s in the first run; 10, 10 and 5 in the second, which has lasted 125.
        assert_eq!(worked_ms(&phases, 125_000, 3_786_000), 86_000);
        // Nothing is noted, or the clock was set back.
        assert_eq!(worked_ms(&[], 125_000, 3_786_000), 125_000);
        assert_eq!(worked_ms(&phases[..2], 70_000, 500), 70_000);
    }
}
