//! Jobs: what was asked for, and how far it is.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use rusqlite::{OptionalExtension, Row, named_params, params};
use serde_json::Value;

use crate::value::{self, UnknownWord};
use crate::{StoreError, Tables, paths};

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the words are the product's own")]
pub enum JobState {
    Queued,
    WaitingForPeers,
    Benchmarking,
    Processing,
    Paused,
    Combining,
    Completed,
    Failed,
    Cancelled,
}

/// Every state and its word in the database.
const WORDS: [(JobState, &str); 9] = [
    (JobState::Queued, "queued"),
    (JobState::WaitingForPeers, "waiting_for_peers"),
    (JobState::Benchmarking, "benchmarking"),
    (JobState::Processing, "processing"),
    (JobState::Paused, "paused"),
    (JobState::Combining, "combining"),
    (JobState::Completed, "completed"),
    (JobState::Failed, "failed"),
    (JobState::Cancelled, "cancelled"),
];

impl JobState {
    /// The word for it in the database.
    #[must_use]
    pub fn word(self) -> &'static str {
        WORDS
            .iter()
            .find(|(state, _)| *state == self)
            .map_or("", |(_, word)| word)
    }

    /// Whether nothing more will happen to the job by itself.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

impl FromStr for JobState {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let found = WORDS.iter().find(|(_, known)| *known == word);
        found
            .map(|(state, _)| *state)
            .ok_or_else(|| UnknownWord(word.to_owned()))
    }
}

/// A job as it is handed in.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// The film, as an absolute path.
    pub source: PathBuf,
    /// Its size when it was handed in: a file that changed since is another film.
    pub source_bytes: u64,
    /// When it was last changed, in ms since 1970.
    pub source_modified: i64,
    /// A digest of samples of its content.
    pub source_sample: [u8; 32],
    /// What the user chose.
    pub choice: Value,
    /// When it was handed in, in ms since 1970.
    pub created: i64,
}

/// A job as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its number, never given twice.
    pub id: i64,
    /// The film, as an absolute path.
    pub source: PathBuf,
    /// Its size when it was handed in.
    pub source_bytes: u64,
    /// When it was last changed, in ms since 1970.
    pub source_modified: i64,
    /// A digest of samples of its content; none in jobs of earlier builds.
    pub source_sample: Option<[u8; 32]>,
    /// What the user chose.
    pub choice: Value,
    /// What the engine notes for itself to go on after a restart; null at first.
    pub memo: Value,
    /// Where it stands.
    pub state: JobState,
    /// Whether the last segment has been cut.
    pub plan_finished: bool,
    /// The film that was made, once its name is settled.
    pub output: Option<PathBuf>,
    /// The receipt, once it is written.
    pub receipt: Option<PathBuf>,
    /// Why it failed, in a sentence.
    pub error: Option<String>,
    /// When it was handed in, in ms since 1970.
    pub created: i64,
    /// When it was over, in ms since 1970.
    pub finished: Option<i64>,
    /// How often a node has taken it up again after having been stopped.
    pub restarts: u32,
}

impl Job {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let path = |column: &str| -> rusqlite::Result<Option<PathBuf>> {
            Ok(row
                .get::<_, Option<Vec<u8>>>(column)?
                .map(|bytes| paths::from_bytes(&bytes)))
        };
        Ok(Self {
            id: row.get("id")?,
            source: paths::from_bytes(&row.get::<_, Vec<u8>>("source")?),
            source_bytes: value::counted(row, "source_bytes")?,
            source_modified: row.get("source_modified")?,
            source_sample: row.get("source_sample")?,
            choice: value::json(row, "choice")?,
            memo: value::json(row, "memo")?,
            state: value::word(row, "state")?,
            plan_finished: row.get("plan_finished")?,
            output: path("output")?,
            receipt: path("receipt")?,
            error: row.get("error")?,
            created: row.get("created")?,
            finished: row.get("finished")?,
            restarts: value::counted_u32(row, "restarts")?,
        })
    }
}

/// Jobs.
impl Tables<'_> {
    /// Adds a job, queued, and gives its number.
    ///
    /// # Errors
    /// If the database fails, or a number is too large for it.
    pub fn add_job(&self, job: &NewJob) -> Result<i64, StoreError> {
        self.sql
            .prepare_cached(
                "INSERT INTO jobs
                 (source, source_bytes, source_modified, source_sample, choice, memo, state, plan_finished, created)
                 VALUES (:source, :bytes, :modified, :sample, :choice, 'null', 'queued', 0, :created)",
            )?
            .execute(named_params! {
                ":source": paths::to_bytes(&job.source),
                ":bytes": value::count("size of the source", job.source_bytes)?,
                ":modified": job.source_modified,
                ":sample": job.source_sample,
                ":choice": value::to_json("choice", &job.choice)?,
                ":created": job.created,
            })?;
        Ok(self.sql.last_insert_rowid())
    }

    /// The job with this number, if there is one.
    ///
    /// # Errors
    /// If the database fails or the row does not read.
    pub fn job(&self, id: i64) -> Result<Option<Job>, StoreError> {
        let mut query = self
            .sql
            .prepare_cached("SELECT * FROM jobs WHERE id = ?1")?;
        Ok(query.query_row([id], Job::from_row).optional()?)
    }

    /// All jobs, oldest first.
    ///
    /// # Errors
    /// If the database fails or a row does not read.
    pub fn jobs(&self) -> Result<Vec<Job>, StoreError> {
        let mut query = self.sql.prepare_cached("SELECT * FROM jobs ORDER BY id")?;
        Ok(query
            .query_map([], Job::from_row)?
            .collect::<Result<_, _>>()?)
    }

    /// The jobs that are not over, in the order of the queue (the order they came in, unless that was changed):
    /// what a node that starts goes on with.
    ///
    /// # Errors
    /// If the database fails or a row does not read.
    pub fn open_jobs(&self) -> Result<Vec<Job>, StoreError> {
        let mut query = self.sql.prepare_cached(
            "SELECT * FROM jobs WHERE state NOT IN ('completed', 'failed', 'cancelled')
             ORDER BY coalesce(place, id)",
        )?;
        Ok(query
            .query_map([], Job::from_row)?
            .collect::<Result<_, _>>()?)
    }

    /// Puts these jobs into this order: they take each other's places, all others keep theirs.
    ///
    /// # Errors
    /// [`StoreError::NoSuch`] if one is not there.
    pub fn order_jobs(&self, ids: &[i64]) -> Result<(), StoreError> {
        let mut query = self
            .sql
            .prepare_cached("SELECT coalesce(place, id) FROM jobs WHERE id = ?1")?;
        let place = |id: &i64| {
            let found: Option<i64> = query.query_row([id], |row| row.get(0)).optional()?;
            found.ok_or_else(|| no_such_job(*id))
        };
        let mut places: Vec<i64> = ids.iter().map(place).collect::<Result<_, StoreError>>()?;
        places.sort_unstable();
        let mut change = self
            .sql
            .prepare_cached("UPDATE jobs SET place = ?2 WHERE id = ?1")?;
        for (id, place) in ids.iter().zip(places) {
            one_job(*id, change.execute([*id, place])?)?;
        }
        Ok(())
    }

    /// Moves a job to a state it can leave again; an earlier end is forgotten.
    ///
    /// # Errors
    /// [`StoreError::NoSuch`] if it is not there.
    pub fn set_job_state(&self, id: i64, state: JobState) -> Result<(), StoreError> {
        let mut change = self.sql.prepare_cached(
            "UPDATE jobs SET state = ?2, finished = NULL, error = NULL WHERE id = ?1",
        )?;
        one_job(id, change.execute(params![id, state.word()])?)
    }

    /// Ends a job: `state` is one of the three that are over, `error` the sentence if it failed.
    ///
    /// # Errors
    /// [`StoreError::NoSuch`] if it is not there.
    pub fn end_job(
        &self,
        id: i64,
        state: JobState,
        error: Option<&str>,
        finished: i64,
    ) -> Result<(), StoreError> {
        assert!(state.is_over(), "{state:?} is not an end");
        let mut change = self.sql.prepare_cached(
            "UPDATE jobs SET state = ?2, error = ?3, finished = ?4 WHERE id = ?1",
        )?;
        one_job(
            id,
            change.execute(params![id, state.word(), error, finished])?,
        )
    }

    /// Notes whether the last segment has been cut.
    ///
    /// # Errors
    /// [`StoreError::NoSuch`] if it is not there.
    pub fn set_plan_finished(&self, id: i64, finished: bool) -> Result<(), StoreError> {
        let mut change = self
            .sql
            .prepare_cached("UPDATE jobs SET plan_finished = ?2 WHERE id = ?1")?;
        one_job(id, change.execute(params![id, finished])?)
    }

    /// Replaces what the engine noted for itself.
    ///
    /// # Errors
    /// [`StoreError::NoSuch`] if it is not there.
    pub fn set_job_memo(&self, id: i64, memo: &Value) -> Result<(), StoreError> {
        let mut change = self
            .sql
            .prepare_cached("UPDATE jobs SET memo = ?2 WHERE id = ?1")?;
        one_job(
            id,
            change.execute(params![id, value::to_json("memo", memo)?])?,
        )
    }

    /// Notes where the film and its receipt are, or will be.
    ///
    /// # Errors
    /// [`StoreError::NoSuch`] if it is not there.
    pub fn set_job_output(
        &self,
        id: i64,
        output: &Path,
        receipt: Option<&Path>,
    ) -> Result<(), StoreError> {
        let mut change = self
            .sql
            .prepare_cached("UPDATE jobs SET output = ?2, receipt = ?3 WHERE id = ?1")?;
        one_job(
            id,
            change.execute(params![
                id,
                paths::to_bytes(output),
                receipt.map(paths::to_bytes)
            ])?,
        )
    }

    /// Counts one more time that a node has taken the job up again.
    ///
    /// # Errors
    /// [`StoreError::NoSuch`] if it is not there.
    pub fn count_restart(&self, id: i64) -> Result<(), StoreError> {
        let mut change = self
            .sql
            .prepare_cached("UPDATE jobs SET restarts = restarts + 1 WHERE id = ?1")?;
        one_job(id, change.execute([id])?)
    }

    /// Removes a job and its segments from the list. Their files are not this crate's.
    ///
    /// # Errors
    /// [`StoreError::NoSuch`] if it is not there.
    pub fn forget_job(&self, id: i64) -> Result<(), StoreError> {
        one_job(
            id,
            self.sql
                .prepare_cached("DELETE FROM jobs WHERE id = ?1")?
                .execute([id])?,
        )
    }
}

fn one_job(id: i64, changed: usize) -> Result<(), StoreError> {
    if changed == 1 {
        Ok(())
    } else {
        Err(no_such_job(id))
    }
}

fn no_such_job(id: i64) -> StoreError {
    StoreError::NoSuch {
        what: "job",
        id: id.to_string(),
    }
}
