//! The lines of `stats`.

use api::{Day, Figures, Totals, Worker, date};
use serde::Serialize;

use super::rounded;

/// `stats`: totals, of all time and of these days.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "stats")]
pub struct StatsLine {
    days: u32,
    ever: TotalsItem,
    total: TotalsItem,
}

/// `stats_day`: one day on which something was done.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "stats_day")]
pub struct StatsDayLine {
    day: String,
    #[serde(flatten)]
    totals: TotalsItem,
}

#[derive(Debug, Serialize)]
struct TotalsItem {
    films: u64,
    frames: u64,
    source_bytes: u64,
    output_bytes: u64,
    saved_bytes: i64,
    #[serde(serialize_with = "rounded")]
    wall_s: f64,
    #[serde(serialize_with = "rounded")]
    work_s: f64,
    #[serde(serialize_with = "rounded")]
    given_s: f64,
}

/// `stats_peer`: one computer's work for this one's films, and the other way round.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "stats_peer")]
pub struct StatsPeerLine {
    id: String,
    name: String,
    here: bool,
    parts: u64,
    frames: u64,
    #[serde(serialize_with = "rounded")]
    work_s: f64,
    given_parts: u64,
    given_frames: u64,
    #[serde(serialize_with = "rounded")]
    given_s: f64,
}

impl From<&Totals> for TotalsItem {
    fn from(one: &Totals) -> Self {
        Self {
            films: one.films,
            frames: one.frames,
            source_bytes: one.source_bytes,
            output_bytes: one.output_bytes,
            saved_bytes: one.saved(),
            wall_s: one.wall_s,
            work_s: one.work_s,
            given_s: one.given_s,
        }
    }
}

impl StatsLine {
    /// The totals as a line.
    pub fn new(told: &Figures, days: u32) -> Self {
        Self {
            days,
            ever: (&told.ever).into(),
            total: (&told.total).into(),
        }
    }
}

impl StatsDayLine {
    /// A day as a line.
    pub fn new(day: &Day) -> Self {
        Self {
            day: date(day.day),
            totals: (&day.totals).into(),
        }
    }
}

impl StatsPeerLine {
    /// A computer's work as a line.
    pub fn new(one: &Worker) -> Self {
        Self {
            id: one.computer.0.clone(),
            name: one.name.clone(),
            here: one.here,
            parts: one.parts,
            frames: one.frames,
            work_s: one.work_s,
            given_parts: one.given_parts,
            given_frames: one.given_frames,
            given_s: one.given_s,
        }
    }
}
