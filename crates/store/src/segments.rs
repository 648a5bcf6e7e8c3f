//! Segments: the plan as far as it has been cut, and what became of each piece.

use std::str::FromStr;

use rusqlite::{OptionalExtension, Row, named_params, params};
use serde_json::Value;

use crate::value::{self, UnknownWord};
use crate::{PeerKey, StoreError, Tables};

/// Where a segment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SegmentState {
    /// Nobody has it.
    Waiting,
    /// A computer is at it.
    Leased,
    /// Its result is here, in quarantine.
    Returned,
    /// Its result is what the plan expects.
    Verified,
    /// Every attempt is spent.
    Failed,
}

/// Every state and its word in the database.
const WORDS: [(SegmentState, &str); 5] = [
    (SegmentState::Waiting, "waiting"),
    (SegmentState::Leased, "leased"),
    (SegmentState::Returned, "returned"),
    (SegmentState::Verified, "verified"),
    (SegmentState::Failed, "failed"),
];

impl SegmentState {
    /// The word for it in the database.
    #[must_use]
    pub fn word(self) -> &'static str {
        WORDS
            .iter()
            .find(|(state, _)| *state == self)
            .map_or("", |(_, word)| word)
    }
}

impl FromStr for SegmentState {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let found = WORDS.iter().find(|(_, known)| *known == word);
        found
            .map(|(state, _)| *state)
            .ok_or_else(|| UnknownWord(word.to_owned()))
    }
}

/// One segment of a job's plan. Adding one that is there already replaces it.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// The job's number.
    pub job: i64,
    /// Its place in the film, from 0.
    pub index: u32,
    /// Its first tick in the source's timebase.
    pub start_pts: i64,
    /// The first tick after it.
    pub end_pts: i64,
    /// How many frames it shows.
    pub frames: u64,
    /// How much work it is, in the scheduler's units.
    pub work: u64,
    /// What the engine needs to extract and encode it.
    pub payload: Value,
    /// Where it stands.
    pub state: SegmentState,
    /// The latest attempt, from 0 for none.
    pub attempt: u32,
    /// Who has it, or whose result was kept.
    pub peer: Option<PeerKey>,
    /// BLAKE3 of the result.
    pub digest: Option<[u8; 32]>,
    /// The result's file name in the job's folder.
    pub file: Option<String>,
    /// What the donor and the owner found of the result, for the receipt.
    pub report: Option<Value>,
}

impl Segment {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            job: row.get("job")?,
            index: value::counted_u32(row, "idx")?,
            start_pts: row.get("start_pts")?,
            end_pts: row.get("end_pts")?,
            frames: value::counted(row, "frames")?,
            work: value::counted(row, "work")?,
            payload: value::json(row, "payload")?,
            state: value::word(row, "state")?,
            attempt: value::counted_u32(row, "attempt")?,
            peer: row.get("peer")?,
            digest: row.get("digest")?,
            file: row.get("file")?,
            report: value::optional_json(row, "report")?,
        })
    }
}

/// Segments.
impl Tables<'_> {
    /// Stores a segment as given, whether it was there or not.
    ///
    /// # Errors
    /// If the database fails, its job is not there, or a number is too large for it.
    pub fn put_segment(&self, segment: &Segment) -> Result<(), StoreError> {
        let report = segment
            .report
            .as_ref()
            .map(|report| value::to_json("report", report))
            .transpose()?;
        self.sql
            .prepare_cached(
                "INSERT OR REPLACE INTO segments
                 (job, idx, start_pts, end_pts, frames, work, payload, state, attempt, peer, digest, file, report)
                 VALUES (:job, :idx, :start, :end, :frames, :work, :payload, :state, :attempt, :peer, :digest,
                 :file, :report)",
            )?
            .execute(named_params! {
                ":job": segment.job,
                ":idx": segment.index,
                ":start": segment.start_pts,
                ":end": segment.end_pts,
                ":frames": value::count("number of frames", segment.frames)?,
                ":work": value::count("amount of work", segment.work)?,
                ":payload": value::to_json("payload", &segment.payload)?,
                ":state": segment.state.word(),
                ":attempt": segment.attempt,
                ":peer": segment.peer,
                ":digest": segment.digest,
                ":file": segment.file,
                ":report": report,
            })?;
        Ok(())
    }

    /// A job's segments in the order of the film.
    ///
    /// # Errors
    /// If the database fails or a row does not read.
    pub fn segments(&self, job: i64) -> Result<Vec<Segment>, StoreError> {
        let mut query = self
            .sql
            .prepare_cached("SELECT * FROM segments WHERE job = ?1 ORDER BY idx")?;
        Ok(query
            .query_map([job], Segment::from_row)?
            .collect::<Result<_, _>>()?)
    }

    /// One segment of a job, if it has been cut.
    ///
    /// # Errors
    /// If the database fails or the row does not read.
    pub fn segment(&self, job: i64, index: u32) -> Result<Option<Segment>, StoreError> {
        let mut query = self
            .sql
            .prepare_cached("SELECT * FROM segments WHERE job = ?1 AND idx = ?2")?;
        Ok(query
            .query_row(params![job, index], Segment::from_row)
            .optional()?)
    }

    /// Notes who is at a segment, and that an earlier result of it counts no more.
    ///
    /// # Errors
    /// [`StoreError::NoSuch`] if it is not there.
    pub fn lease_segment(
        &self,
        job: i64,
        index: u32,
        attempt: u32,
        peer: &PeerKey,
    ) -> Result<(), StoreError> {
        let mut change = self.sql.prepare_cached(
            "UPDATE segments SET state = 'leased', attempt = ?3, peer = ?4, digest = NULL, file = NULL, report = NULL
             WHERE job = ?1 AND idx = ?2",
        )?;
        one_segment(
            job,
            index,
            change.execute(params![job, index, attempt, peer])?,
        )
    }

    /// Moves a segment to `state` and leaves the rest as it is.
    ///
    /// # Errors
    /// [`StoreError::NoSuch`] if it is not there.
    pub fn set_segment_state(
        &self,
        job: i64,
        index: u32,
        state: SegmentState,
    ) -> Result<(), StoreError> {
        let mut change = self
            .sql
            .prepare_cached("UPDATE segments SET state = ?3 WHERE job = ?1 AND idx = ?2")?;
        one_segment(
            job,
            index,
            change.execute(params![job, index, state.word()])?,
        )
    }

    /// Removes every segment of a job: its plan starts over.
    ///
    /// # Errors
    /// If the database fails.
    pub fn clear_segments(&self, job: i64) -> Result<(), StoreError> {
        self.sql
            .prepare_cached("DELETE FROM segments WHERE job = ?1")?
            .execute([job])?;
        Ok(())
    }
}

fn one_segment(job: i64, index: u32, changed: usize) -> Result<(), StoreError> {
    if changed == 1 {
        return Ok(());
    }
    Err(StoreError::NoSuch {
        what: "segment",
        id: format!("{index} of job {job}"),
    })
}
