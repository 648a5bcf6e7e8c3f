//! What a node tells of earlier days.

use super::computer;
use crate::figures::{Day, DayShare, Figures, Totals, Worker};
use crate::timeline::{
    Absence, Cause, Fate, PhaseKind, Spent, Stint, Timeline, TimelineComputer, TimelinePhase,
};
use crate::view::JobId;

/// The figures of one day on which two computers made a film, and something was given.
pub fn figures() -> Figures {
    let totals = Totals {
        films: 1,
        frames: 1500,
        source_bytes: 1_000_000_000,
        output_bytes: 400_000_000,
        wall_s: 60.0,
        work_s: 110.0,
        given_s: 30.0,
    };
    let worker = |name: &str, here| Worker {
        computer: computer(name).id,
        name: name.into(),
        here,
        parts: 30,
        frames: 750,
        work_s: 55.0,
        given_parts: if here { 0 } else { 8 },
        given_frames: if here { 0 } else { 200 },
        given_s: if here { 0.0 } else { 30.0 },
    };
    let share = |name: &str, given_s| DayShare {
        day: 20_786,
        computer: computer(name).id,
        work_s: 55.0,
        given_s,
    };
    Figures {
        today: 20_786,
        ever: totals,
        total: totals,
        days: vec![Day {
            day: 20_786,
            totals,
        }],
        computers: vec![worker("Here", true), worker("Attic", false)],
        shares: vec![share("Here", 0.0), share("Attic", 30.0)],
    }
}

/// The timeline of a job that one computer has done in ten seconds, in one part.
pub fn timeline(job: JobId) -> Timeline {
    let here = computer("Here");
    let stint = Stint {
        segment: 0,
        frames: 240,
        attempt: 1,
        hedge: false,
        lane: 0,
        given_ms: 1000,
        delivered_ms: Some(1000),
        began_ms: Some(1000),
        encoded_ms: Some(9000),
        finished_ms: Some(9000),
        returned_ms: Some(9000),
        ended_ms: Some(9500),
        fate: Some(Fate::Verified),
        why: String::new(),
        sent_bytes: 0,
        received_bytes: 0,
    };
    let phase = |kind, began_ms, ended_ms| TimelinePhase {
        kind,
        began_ms,
        ended_ms: Some(ended_ms),
    };
    Timeline {
        job,
        live: false,
        began_ms: 1_700_000_000_000,
        until_ms: 10_000,
        whole_ms: 10_000,
        pauses: Vec::new(),
        work_ms: 8500,
        phases: vec![
            phase(PhaseKind::Probe, 0, 1000),
            phase(PhaseKind::Encoding, 1000, 9500),
            phase(PhaseKind::Joining, 9500, 10_000),
        ],
        computers: vec![TimelineComputer {
            computer: here.id.clone(),
            name: here.name,
            here: true,
            parts: 1,
            frames: 240,
            rate: None,
            spent: Spent {
                encode: 8000,
                tail: 500,
                ..Spent::default()
            },
            lanes: 1,
            stints: vec![stint],
            others: Vec::new(),
            absences: vec![Absence {
                began_ms: 9600,
                ended_ms: None,
                why: "away".into(),
            }],
        }],
        causes: vec![
            Cause::Reading {
                ms: 1000,
                percent: 10,
            },
            Cause::Alone { computer: here.id },
        ],
        cut_short: false,
    }
}
