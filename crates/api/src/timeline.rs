//! How the time of a job went, and why it was not faster.

use serde::{Deserialize, Serialize};

use crate::Api;
use crate::csv::Csv;
use crate::error::ApiError;
use crate::view::{ComputerId, JobId};

/// How the time of a job went. Times are milliseconds since it began, of one clock; what goes on has no end yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Timeline {
    /// Which job.
    pub job: JobId,
    /// It goes on: asked again, there is more.
    pub live: bool,
    /// When it began, milliseconds since 1970.
    pub began_ms: u64,
    /// When it ended, or now.
    pub until_ms: u64,
    /// So long without the time in which it was held or the node did not run.
    pub whole_ms: u64,
    /// Of that from the first part given out until the last one was there.
    pub work_ms: u64,
    /// What the job itself did; some of it goes on beside the rest.
    pub phases: Vec<TimelinePhase>,
    /// When nobody could work, as it was held or the node did not run: one after the other, none touches the next.
    pub pauses: Vec<TimelinePause>,
    /// The computers that had a hand in it, the most encoding first.
    pub computers: Vec<TimelineComputer>,
    /// Why it was not faster, the most important first; empty where nothing stands out.
    pub causes: Vec<Cause>,
    /// There was more than is kept: the end of it is missing.
    pub cut_short: bool,
}

/// A stretch of time in which nobody could work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct TimelinePause {
    /// From then.
    pub from_ms: u64,
    /// Until then.
    pub to_ms: u64,
}

/// Something that a job did or waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct TimelinePhase {
    /// What.
    pub kind: PhaseKind,
    /// From then.
    pub began_ms: u64,
    /// Until then; `null` while it goes on.
    pub ended_ms: Option<u64>,
}

/// What a job does or waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum PhaseKind {
    /// Its film is looked at.
    Probe,
    /// Its film is read for places to cut; beside the rest.
    Plan,
    /// Its sound and all else that travels beside the picture is made ready; beside the rest.
    Sound,
    /// It waits for its turn.
    Queued,
    /// It waits for other computers.
    Gathering,
    /// Encoders are measured.
    Measuring,
    /// Its parts are encoded.
    Encoding,
    /// It is held.
    Held,
    /// The node did not run.
    Stopped,
    /// Its parts are joined.
    Joining,
    /// The joined film is proved.
    Proving,
    /// The film is put in its place.
    Placing,
}

/// One computer's time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct TimelineComputer {
    /// Which.
    pub computer: ComputerId,
    /// What it called itself then.
    pub name: String,
    /// It is the one that owned the job.
    pub here: bool,
    /// Parts of its that were good.
    pub parts: u32,
    /// Frames in them.
    pub frames: u64,
    /// Bytes a second of the film on the way to it, where that can be told.
    pub rate: Option<f64>,
    /// What it spent its time with.
    pub spent: Spent,
    /// So many parts it encoded at once, at the most: rows to draw.
    pub lanes: u32,
    /// What it was given, in the order it was given out.
    pub stints: Vec<Stint>,
    /// When it had parts of other jobs in hand, one stretch after the other of each job.
    pub others: Vec<OtherWork>,
    /// When it was away, or took nothing.
    pub absences: Vec<Absence>,
}

/// The time of `work_ms` as one computer spent it, milliseconds. What went on at once counts as the first of these; but
/// where it rested and its encoder stood still for that, it was away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Spent {
    /// It encoded.
    pub encode: u64,
    /// It checked what it had encoded.
    pub check: u64,
    /// It waited for a part that was on the way.
    pub transfer: u64,
    /// It gave a result back.
    pub give_back: u64,
    /// It was away, or rested.
    pub away: u64,
    /// It had parts of other jobs in hand, and did nothing for this one.
    pub other: u64,
    /// A part lay there and waited for a seat.
    pub seat: u64,
    /// It had not been given anything yet.
    pub late: u64,
    /// It had nothing to do, though there were parts left.
    pub idle: u64,
    /// It had nothing to do, and no part was left.
    pub tail: u64,
}

/// One part in the hands of one computer, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Stint {
    /// Which part, from 0.
    pub segment: u32,
    /// Its frames; 0 where that is not known any more.
    pub frames: u64,
    /// Which try of it.
    pub attempt: u32,
    /// Beside another computer that was slow with it.
    pub hedge: bool,
    /// In which row of its computer its encoding is drawn, from 0.
    pub lane: u32,
    /// When it was given out.
    pub given_ms: u64,
    /// When its source was there.
    pub delivered_ms: Option<u64>,
    /// When its encoder began.
    pub began_ms: Option<u64>,
    /// When its encoder was through.
    pub encoded_ms: Option<u64>,
    /// When the computer's own check of it was through, and the way back began.
    pub finished_ms: Option<u64>,
    /// When the result was back.
    pub returned_ms: Option<u64>,
    /// When it was over.
    pub ended_ms: Option<u64>,
    /// How; `null` while it goes on.
    pub fate: Option<Fate>,
    /// Why, where it came to nothing.
    pub why: String,
    /// Bytes of the film that travelled, where it came to something.
    pub sent_bytes: u64,
    /// Bytes of the result that travelled.
    pub received_bytes: u64,
}

/// How a stint ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// With a result that is as the plan expects.
    Verified,
    /// With none, or with none that could be used.
    Lost,
    /// It was taken back.
    Withdrawn,
    /// Another computer was quicker with the same part.
    Outrun,
    /// The node stopped.
    Stopped,
}

/// A stretch of time in which a computer had parts of another job in hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct OtherWork {
    /// Of which job.
    pub job: JobId,
    /// From then.
    pub began_ms: u64,
    /// Until then; `null` while it goes on.
    pub ended_ms: Option<u64>,
}

/// A computer that was away, or took nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Absence {
    /// From then.
    pub began_ms: u64,
    /// Until then; `null` while it lasts.
    pub ended_ms: Option<u64>,
    /// Why: "away", "in use".
    pub why: String,
}

/// Why a job was not faster. Percentages are of `whole_ms`; those of one computer's time are of `work_ms`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Cause {
    /// It waited before it began.
    Waited {
        /// For what.
        on: Wait,
        /// So long.
        ms: u64,
        /// Of the whole.
        percent: u8,
    },
    /// One computer alone reads the film until the first part can leave.
    Reading {
        /// So long.
        ms: u64,
        /// Of the whole.
        percent: u8,
    },
    /// A computer waited for parts that were on the way.
    Transfer {
        /// Which.
        computer: ComputerId,
        /// Of its time.
        percent: u8,
        /// Bytes a second on the way to it, where that can be told.
        rate: Option<u64>,
    },
    /// A computer had nothing to do in the middle.
    Idle {
        /// Which.
        computer: ComputerId,
        /// Of its time.
        percent: u8,
        /// The film was still being read for places to cut, most of that time.
        cutting: bool,
    },
    /// A computer was away or rested.
    Away {
        /// Which.
        computer: ComputerId,
        /// Of its time.
        percent: u8,
    },
    /// A computer came late.
    Late {
        /// Which.
        computer: ComputerId,
        /// So long after the first part was given out.
        ms: u64,
        /// Of its time; without that in which it was away.
        percent: u8,
    },
    /// At the end computers had nothing left to do while the last part was encoded.
    Tail {
        /// Who had it.
        computer: ComputerId,
        /// Which part, from 0.
        segment: u32,
        /// So long.
        ms: u64,
        /// Of the whole.
        percent: u8,
        /// The part was much longer than the usual one: so many times.
        times: Option<u64>,
        /// Nobody of those at work encodes slower.
        slowest: bool,
    },
    /// All results were there, and this computer was still examining the last of them.
    Examining {
        /// So long.
        ms: u64,
        /// Of the whole.
        percent: u8,
    },
    /// Parts were encoded and came to nothing.
    Lost {
        /// So many.
        parts: u32,
        /// So long computers worked on them.
        ms: u64,
        /// Of all encoding.
        percent: u8,
    },
    /// One computer alone joins the parts and proves the film.
    Joining {
        /// So long.
        ms: u64,
        /// Of the whole.
        percent: u8,
    },
    /// Only one computer worked on it.
    Alone {
        /// Which.
        computer: ComputerId,
    },
}

/// What a job waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Wait {
    /// Its turn.
    Turn,
    /// Other computers.
    Computers,
    /// Encoders to be measured.
    Measuring,
}

impl Timeline {
    /// A row for each stint, for spreadsheets, and one for each stretch in which its computer had parts of another job in
    /// hand. Times are seconds since the job began; parts are counted from 1.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut csv = Csv::new(&[
            "computer",
            "name",
            "part",
            "frames",
            "attempt",
            "given_s",
            "delivered_s",
            "began_s",
            "encoded_s",
            "finished_s",
            "returned_s",
            "ended_s",
            "fate",
            "why",
            "sent_bytes",
            "received_bytes",
            "other_job",
        ]);
        for one in &self.computers {
            let named = [one.computer.0.clone(), one.name.clone()];
            for stint in &one.stints {
                csv.row(named.clone().into_iter().chain(stint.cells()));
            }
            for other in &one.others {
                csv.row(named.clone().into_iter().chain(other.cells()));
            }
        }
        csv.text()
    }
}

fn seconds(ms: u64) -> String {
    format!("{:.3}", ms as f64 / 1000.0)
}

fn maybe(ms: Option<u64>) -> String {
    ms.map(seconds).unwrap_or_default()
}

impl Stint {
    /// Its cells of a table, after those of its computer.
    fn cells(&self) -> [String; 15] {
        [
            (u64::from(self.segment) + 1).to_string(),
            self.frames.to_string(),
            self.attempt.to_string(),
            seconds(self.given_ms),
            maybe(self.delivered_ms),
            maybe(self.began_ms),
            maybe(self.encoded_ms),
            maybe(self.finished_ms),
            maybe(self.returned_ms),
            maybe(self.ended_ms),
            self.fate.map(Fate::word).unwrap_or_default().to_owned(),
            self.why.clone(),
            self.sent_bytes.to_string(),
            self.received_bytes.to_string(),
            String::new(),
        ]
    }
}

impl OtherWork {
    /// The same: when it was given the first part of the stretch, and when it had no more of them.
    fn cells(&self) -> [String; 15] {
        let mut cells: [String; 15] = Default::default();
        cells[3] = seconds(self.began_ms);
        cells[9] = maybe(self.ended_ms);
        cells[14] = self.job.0.to_string();
        cells
    }
}

impl Fate {
    /// Its word, as JSON has it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Lost => "lost",
            Self::Withdrawn => "withdrawn",
            Self::Outrun => "outrun",
            Self::Stopped => "stopped",
        }
    }
}

/// The calls, one method each; [`crate::call`] documents them.
impl Api {
    /// How the time of a job went.
    ///
    /// # Errors
    /// [`crate::ErrorCode::NoSuchJob`].
    pub async fn timeline(&self, id: JobId) -> Result<Timeline, ApiError> {
        self.node.timeline(id).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal;

    #[test]
    fn the_table_counts_parts_from_one_and_names_other_jobs() {
        let mut told = rehearsal::timeline(JobId(3));
        told.computers[0].others = vec![OtherWork {
            job: JobId(4),
            began_ms: 9600,
            ended_ms: None,
        }];
        let csv = told.csv();
        let rows: Vec<Vec<&str>> = csv.lines().map(|row| row.split(',').collect()).collect();
        assert!(rows.iter().all(|row| row.len() == 17), "{csv}");
        let columns: Vec<[&str; 4]> = rows
            .iter()
            .map(|row| [row[2], row[5], row[11], row[16]])
            .collect();
        assert_eq!(
            columns,
            [
                ["part", "given_s", "ended_s", "other_job"],
                ["1", "1.000", "9.500", ""],
                ["", "9.600", "", "4"],
            ]
        );
    }
}
