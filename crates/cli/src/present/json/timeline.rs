//! The lines of `timeline`.

use api::{
    Cause, ComputerId, Fate, JobId, PhaseKind, Stint, Timeline, TimelineComputer, TimelinePhase,
};
use serde::Serialize;

use super::{rounded, rounded_option};
use crate::present::timeline::sentence;

/// `timeline`: how the time of a job went, as a whole.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "timeline")]
pub struct TimelineLine {
    job: u64,
    live: bool,
    began_ms: u64,
    #[serde(serialize_with = "rounded")]
    until_s: f64,
    #[serde(serialize_with = "rounded")]
    whole_s: f64,
    #[serde(serialize_with = "rounded")]
    work_s: f64,
    phases: Vec<PhaseItem>,
    why: Vec<WhyItem>,
    cut_short: bool,
}

#[derive(Debug, Serialize)]
struct PhaseItem {
    kind: PhaseKind,
    #[serde(serialize_with = "rounded")]
    began_s: f64,
    #[serde(serialize_with = "rounded_option")]
    ended_s: Option<f64>,
}

#[derive(Debug, Serialize)]
struct WhyItem {
    /// The cause's word.
    cause: String,
    percent: Option<u8>,
    #[serde(serialize_with = "rounded_option")]
    seconds: Option<f64>,
    peer: Option<ComputerId>,
    text: String,
}

/// `timeline_peer`: one computer's time.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "timeline_peer")]
pub struct TimelinePeerLine {
    job: u64,
    id: ComputerId,
    name: String,
    here: bool,
    parts: u32,
    frames: u64,
    #[serde(serialize_with = "rounded_option")]
    rate: Option<f64>,
    #[serde(serialize_with = "rounded")]
    encode_s: f64,
    #[serde(serialize_with = "rounded")]
    check_s: f64,
    #[serde(serialize_with = "rounded")]
    transfer_s: f64,
    #[serde(serialize_with = "rounded")]
    give_back_s: f64,
    #[serde(serialize_with = "rounded")]
    away_s: f64,
    #[serde(serialize_with = "rounded")]
    late_s: f64,
    #[serde(serialize_with = "rounded")]
    idle_s: f64,
    #[serde(serialize_with = "rounded")]
    tail_s: f64,
    absences: Vec<AbsenceItem>,
    #[serde(serialize_with = "rounded")]
    other_s: f64,
    #[serde(serialize_with = "rounded")]
    seat_s: f64,
    others: Vec<OtherItem>,
}

#[derive(Debug, Serialize)]
struct OtherItem {
    /// Parts of this job it had in hand.
    job: JobId,
    #[serde(serialize_with = "rounded")]
    began_s: f64,
    #[serde(serialize_with = "rounded_option")]
    ended_s: Option<f64>,
}

#[derive(Debug, Serialize)]
struct AbsenceItem {
    #[serde(serialize_with = "rounded")]
    began_s: f64,
    #[serde(serialize_with = "rounded_option")]
    ended_s: Option<f64>,
    why: String,
}

/// `stint`: one part in the hands of one computer, once.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "stint")]
pub struct StintLine {
    job: u64,
    id: ComputerId,
    segment: u32,
    frames: u64,
    attempt: u32,
    hedge: bool,
    #[serde(serialize_with = "rounded")]
    given_s: f64,
    #[serde(serialize_with = "rounded_option")]
    delivered_s: Option<f64>,
    #[serde(serialize_with = "rounded_option")]
    began_s: Option<f64>,
    #[serde(serialize_with = "rounded_option")]
    encoded_s: Option<f64>,
    #[serde(serialize_with = "rounded_option")]
    finished_s: Option<f64>,
    #[serde(serialize_with = "rounded_option")]
    returned_s: Option<f64>,
    #[serde(serialize_with = "rounded_option")]
    ended_s: Option<f64>,
    fate: Option<Fate>,
    why: String,
    sent_bytes: u64,
    received_bytes: u64,
}

fn s(ms: u64) -> f64 {
    ms as f64 / 1000.0
}

fn maybe(ms: Option<u64>) -> Option<f64> {
    ms.map(s)
}

impl TimelineLine {
    /// The whole as a line.
    pub fn new(told: &Timeline) -> Self {
        let phase = |phase: &TimelinePhase| PhaseItem {
            kind: phase.kind,
            began_s: s(phase.began_ms),
            ended_s: maybe(phase.ended_ms),
        };
        Self {
            job: told.job.0,
            live: told.live,
            began_ms: told.began_ms,
            until_s: s(told.until_ms),
            whole_s: s(told.whole_ms),
            work_s: s(told.work_ms),
            phases: told.phases.iter().map(phase).collect(),
            why: told.causes.iter().map(|cause| why(cause, told)).collect(),
            cut_short: told.cut_short,
        }
    }
}

fn why(cause: &Cause, told: &Timeline) -> WhyItem {
    let (percent, ms, peer) = match cause.clone() {
        Cause::Waited { ms, percent, .. }
        | Cause::Reading { ms, percent }
        | Cause::Examining { ms, percent }
        | Cause::Lost { ms, percent, .. }
        | Cause::Joining { ms, percent } => (Some(percent), Some(ms), None),
        Cause::Transfer {
            computer, percent, ..
        }
        | Cause::Idle {
            computer, percent, ..
        }
        | Cause::Away { computer, percent } => (Some(percent), None, Some(computer)),
        Cause::Late {
            computer,
            ms,
            percent,
        }
        | Cause::Tail {
            computer,
            ms,
            percent,
            ..
        } => (Some(percent), Some(ms), Some(computer)),
        Cause::Alone { computer } => (None, None, Some(computer)),
    };
    let tagged = serde_json::to_value(cause).unwrap_or_default();
    WhyItem {
        cause: tagged["is"].as_str().unwrap_or_default().to_owned(),
        percent,
        seconds: maybe(ms),
        peer,
        text: sentence(cause, told),
    }
}

impl TimelinePeerLine {
    /// A computer's time as a line.
    pub fn new(job: u64, one: &TimelineComputer) -> Self {
        let spent = one.spent;
        let absences = one.absences.iter().map(|away| AbsenceItem {
            began_s: s(away.began_ms),
            ended_s: maybe(away.ended_ms),
            why: away.why.clone(),
        });
        let others = one.others.iter().map(|other| OtherItem {
            job: other.job,
            began_s: s(other.began_ms),
            ended_s: maybe(other.ended_ms),
        });
        Self {
            job,
            id: one.computer.clone(),
            name: one.name.clone(),
            here: one.here,
            parts: one.parts,
            frames: one.frames,
            rate: one.rate,
            encode_s: s(spent.encode),
            check_s: s(spent.check),
            transfer_s: s(spent.transfer),
            give_back_s: s(spent.give_back),
            away_s: s(spent.away),
            late_s: s(spent.late),
            idle_s: s(spent.idle),
            tail_s: s(spent.tail),
            absences: absences.collect(),
            other_s: s(spent.other),
            seat_s: s(spent.seat),
            others: others.collect(),
        }
    }
}

impl StintLine {
    /// A stint as a line.
    pub fn new(job: u64, id: &ComputerId, stint: &Stint) -> Self {
        Self {
            job,
            id: id.clone(),
            segment: stint.segment,
            frames: stint.frames,
            attempt: stint.attempt,
            hedge: stint.hedge,
            given_s: s(stint.given_ms),
            delivered_s: maybe(stint.delivered_ms),
            began_s: maybe(stint.began_ms),
            encoded_s: maybe(stint.encoded_ms),
            finished_s: maybe(stint.finished_ms),
            returned_s: maybe(stint.returned_ms),
            ended_s: maybe(stint.ended_ms),
            fate: stint.fate,
            why: stint.why.clone(),
            sent_bytes: stint.sent_bytes,
            received_bytes: stint.received_bytes,
        }
    }
}
