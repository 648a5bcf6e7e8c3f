//! How the time of a job went, of any job there is a record of: read when somebody looks.

use std::collections::BTreeMap;

use hindsight::{Account, Fate, Peer, PhaseKind, Record};
use store::{Absence, Phase, Stint};

use crate::chronicle::Now;
use crate::driver::{Call, Core, unix_ms};
use crate::job::Wish;
use crate::journal::row_id;
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
        let row = row_id(id);
        let read = self.0.store.call(move |tables| {
            let Some(job) = tables.job(row)? else {
                return Ok(None);
            };
            Ok(Some(Written {
                phases: tables.phases(row)?,
                stints: tables.stints(row)?,
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

fn timeline(id: JobId, look: Look, written: Written, now_ms: i64) -> Timeline {
    let phases = joined(written.phases, look.now.phases, |one| {
        (one.began, one.kind.clone(), one.ended.is_some())
    });
    let stints = joined(written.stints, look.now.stints, |one| {
        (
            i64::try_from(one.lease).unwrap_or(i64::MAX),
            String::new(),
            one.ended.is_some(),
        )
    });
    let cut_short =
        stints.len() >= store::STINTS_KEPT as usize || phases.len() >= store::PHASES_KEPT as usize;
    let until = if look.live {
        now_ms
    } else {
        last(&phases, &stints).unwrap_or(now_ms)
    };
    let first = phases.iter().map(|one| one.began);
    let first = first.chain(stints.iter().map(|one| one.given)).min();
    let first = first.unwrap_or(until);
    let hands: BTreeMap<PeerId, String> = stints
        .iter()
        .map(|one| (PeerId(one.peer), one.name.clone()))
        .collect();
    let absences: Vec<Absence> = joined(written.absences, look.now.absences, |one| {
        (one.began, hex(&one.peer), one.ended.is_some())
    });
    let absences: Vec<Absence> = absences
        .into_iter()
        .filter(|one| {
            let ended = one.ended.unwrap_or(i64::MAX);
            hands.contains_key(&PeerId(one.peer)) && one.began < until && ended > first
        })
        .collect();
    let record = Record {
        me: look.me.0,
        phases: phases.iter().filter_map(phase).collect(),
        stints: stints
            .iter()
            .map(|one| stint(one, &written.frames))
            .collect(),
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
        names: hands,
        account: hindsight::tell(&record),
        record,
        cut_short,
    }
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
            absences: vec![
                Absence {
                    peer: [7; 32],
                    began: 0,
                    ended: Some(950),
                    why: "away".to_owned(),
                },
                Absence {
                    peer: [8; 32],
                    began: 0,
                    ended: None,
                    why: "away".to_owned(),
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
}
