//! Films that were replaced by their results: where the original is, and what is being done with it.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use rusqlite::{OptionalExtension, Row, named_params, params};
use serde_json::Value;

use crate::value::{self, UnknownWord};
use crate::{StoreError, Tables, paths};

/// What is being done with an original, or was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the words are the product's own")]
pub enum OriginalPhase {
    Replacing,
    Returning,
    Kept,
    Undoing,
    Restored,
    Deleting,
    Deleted,
}

/// Every phase and its word in the database.
const WORDS: [(OriginalPhase, &str); 7] = [
    (OriginalPhase::Replacing, "replacing"),
    (OriginalPhase::Returning, "returning"),
    (OriginalPhase::Kept, "kept"),
    (OriginalPhase::Undoing, "undoing"),
    (OriginalPhase::Restored, "restored"),
    (OriginalPhase::Deleting, "deleting"),
    (OriginalPhase::Deleted, "deleted"),
];

impl OriginalPhase {
    /// The word for it in the database.
    #[must_use]
    pub fn word(self) -> &'static str {
        let found = WORDS.iter().find(|(phase, _)| *phase == self);
        found.map_or("", |(_, word)| word)
    }
}

impl FromStr for OriginalPhase {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let found = WORDS.iter().find(|(_, known)| *known == word);
        found
            .map(|(phase, _)| *phase)
            .ok_or_else(|| UnknownWord(word.to_owned()))
    }
}

/// A film that is, or was, replaced by its result. All paths are absolute.
#[derive(Debug, Clone, PartialEq)]
pub struct Original {
    /// The job that made the result.
    pub job: i64,
    /// The name the film had.
    pub source: PathBuf,
    /// The name of the result.
    pub target: PathBuf,
    /// The name of the original while it is kept.
    pub backup: PathBuf,
    /// A hidden name beside them.
    pub aside: PathBuf,
    /// The receipt.
    pub receipt: PathBuf,
    /// How it stands.
    pub phase: OriginalPhase,
    /// The last step that was begun.
    pub step: String,
    /// What the engine notes for itself.
    pub memo: Value,
    /// The original's size.
    pub bytes: u64,
    /// When it was replaced, in ms since 1970.
    pub replaced: i64,
    /// When it may be deleted, in ms since 1970; `None`: never by itself.
    pub until: Option<i64>,
}

impl Original {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let path = |column: &str| -> rusqlite::Result<PathBuf> {
            Ok(paths::from_bytes(&row.get::<_, Vec<u8>>(column)?))
        };
        Ok(Self {
            job: row.get("job")?,
            source: path("source")?,
            target: path("target")?,
            backup: path("backup")?,
            aside: path("aside")?,
            receipt: path("receipt")?,
            phase: value::word(row, "phase")?,
            step: row.get("step")?,
            memo: value::json(row, "memo")?,
            bytes: value::counted(row, "bytes")?,
            replaced: row.get("replaced")?,
            until: row.get("until")?,
        })
    }
}

/// Originals.
impl Tables<'_> {
    /// Writes down an original, or what has changed about it.
    ///
    /// # Errors
    /// If the database fails, or a number is too large for it.
    pub fn put_original(&self, one: &Original) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "INSERT OR REPLACE INTO originals
                 (job, source, target, backup, aside, receipt, phase, step, memo, bytes, replaced, until)
                 VALUES (:job, :source, :target, :backup, :aside, :receipt, :phase, :step, :memo, :bytes, :replaced, :until)",
            )?
            .execute(named_params! {
                ":job": one.job,
                ":source": paths::to_bytes(&one.source),
                ":target": paths::to_bytes(&one.target),
                ":backup": paths::to_bytes(&one.backup),
                ":aside": paths::to_bytes(&one.aside),
                ":receipt": paths::to_bytes(&one.receipt),
                ":phase": one.phase.word(),
                ":step": one.step,
                ":memo": value::to_json("memo", &one.memo)?,
                ":bytes": value::count("size of the original", one.bytes)?,
                ":replaced": one.replaced,
                ":until": one.until,
            })?;
        Ok(())
    }

    /// Notes what is about to be done with an original.
    ///
    /// # Errors
    /// [`StoreError::NoSuch`] if it is not there.
    pub fn set_original_step(&self, job: i64, step: &str) -> Result<(), StoreError> {
        let mut change = self
            .sql
            .prepare_cached("UPDATE originals SET step = ?2 WHERE job = ?1")?;
        one_original(job, change.execute(params![job, step])?)
    }

    /// A film that is just being replaced is not, after all. Says whether there is such a one: no error if not.
    ///
    /// # Errors
    /// If the database fails.
    pub fn return_original(&self, job: i64) -> Result<bool, StoreError> {
        let mut change = self.sql.prepare_cached(
            "UPDATE originals SET phase = 'returning' WHERE job = ?1 AND phase = 'replacing'",
        )?;
        Ok(change.execute([job])? == 1)
    }

    /// The original of this job's film, if it was replaced.
    ///
    /// # Errors
    /// If the database fails or the row does not read.
    pub fn original(&self, job: i64) -> Result<Option<Original>, StoreError> {
        let mut query = self
            .sql
            .prepare_cached("SELECT * FROM originals WHERE job = ?1")?;
        Ok(query.query_row([job], Original::from_row).optional()?)
    }

    /// Those of films that had this name, oldest job first.
    ///
    /// # Errors
    /// If the database fails or a row does not read.
    pub fn originals_of(&self, source: &Path) -> Result<Vec<Original>, StoreError> {
        let mut query = self
            .sql
            .prepare_cached("SELECT * FROM originals WHERE source = ?1 ORDER BY job")?;
        Ok(query
            .query_map([paths::to_bytes(source)], Original::from_row)?
            .collect::<Result<_, _>>()?)
    }

    /// All of them, oldest job first.
    ///
    /// # Errors
    /// If the database fails or a row does not read.
    pub fn originals(&self) -> Result<Vec<Original>, StoreError> {
        let mut query = self
            .sql
            .prepare_cached("SELECT * FROM originals ORDER BY job")?;
        Ok(query
            .query_map([], Original::from_row)?
            .collect::<Result<_, _>>()?)
    }

    /// Forgets that a film was to be replaced. No error if nothing is known of it.
    ///
    /// # Errors
    /// If the database fails.
    pub fn forget_original(&self, job: i64) -> Result<(), StoreError> {
        self.sql
            .prepare_cached("DELETE FROM originals WHERE job = ?1")?
            .execute([job])?;
        Ok(())
    }
}

fn one_original(job: i64, changed: usize) -> Result<(), StoreError> {
    if changed == 1 {
        return Ok(());
    }
    Err(StoreError::NoSuch {
        what: "original",
        id: job.to_string(),
    })
}
