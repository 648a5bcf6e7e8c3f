//! The films in watched folders, and what was found in them.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use rusqlite::types::Value as Sql;
use rusqlite::{OptionalExtension, Row, named_params, params, params_from_iter};
use serde_json::Value;

use crate::value::{self, UnknownWord};
use crate::{StoreError, Tables, paths};

/// How a film of the library stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the words are the product's own")]
pub enum FilmState {
    Waiting,
    InWork,
    Done,
    NotWorthwhile,
    Left,
    Failed,
}

/// Every state and its word in the database.
const WORDS: [(FilmState, &str); 6] = [
    (FilmState::Waiting, "waiting"),
    (FilmState::InWork, "in_work"),
    (FilmState::Done, "done"),
    (FilmState::NotWorthwhile, "not_worthwhile"),
    (FilmState::Left, "left"),
    (FilmState::Failed, "failed"),
];

impl FilmState {
    /// The word for it in the database.
    #[must_use]
    pub fn word(self) -> &'static str {
        let found = WORDS.iter().find(|(state, _)| *state == self);
        found.map_or("", |(_, word)| word)
    }
}

impl FromStr for FilmState {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let found = WORDS.iter().find(|(_, known)| *known == word);
        found
            .map(|(state, _)| *state)
            .ok_or_else(|| UnknownWord(word.to_owned()))
    }
}

/// A film of the library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Film {
    /// Its number; 0 in one that is not stored yet.
    pub id: i64,
    /// Absolute.
    pub path: PathBuf,
    /// The watched folder that it belongs to.
    pub folder: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// When it was last changed, in ms since 1970.
    pub modified: i64,
    /// Since when it has had that size and time, in ms since 1970.
    pub since: i64,
    /// How it stands.
    pub state: FilmState,
    /// Why, in a sentence; may be empty.
    pub reason: String,
    /// The name of the rule that takes it.
    pub rule: Option<String>,
    /// A digest of what that one makes.
    pub wish: u64,
    /// It is to be encoded even where that saves too little.
    pub forced: bool,
    /// Its user asked for it again: what became of the same content before does not matter.
    pub asked: bool,
    /// The job that works on it, or did last.
    pub job: Option<i64>,
    /// How large its result was expected to get, bytes.
    pub forecast: Option<u64>,
    /// How large the film was that its result was made of, bytes: a result that took its place is smaller.
    pub source: Option<u64>,
    /// How large it got, bytes.
    pub result: Option<u64>,
    /// Its result.
    pub output: Option<PathBuf>,
    /// And the proof of that.
    pub receipt: Option<PathBuf>,
    /// A digest of samples of its content, where something has become of it.
    pub sample: Option<[u8; 32]>,
    /// When its state was last changed, in ms since 1970.
    pub changed: i64,
    /// It is not there any more; what became of it is remembered.
    pub gone: bool,
}

impl Film {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let path = |column: &str| -> rusqlite::Result<Option<PathBuf>> {
            let bytes = row.get::<_, Option<Vec<u8>>>(column)?;
            Ok(bytes.map(|bytes| paths::from_bytes(&bytes)))
        };
        let count = |column: &str| -> rusqlite::Result<Option<u64>> {
            let number = row.get::<_, Option<i64>>(column)?;
            Ok(number.and_then(|number| u64::try_from(number).ok()))
        };
        Ok(Self {
            id: row.get("id")?,
            path: path("path")?.unwrap_or_default(),
            folder: path("folder")?.unwrap_or_default(),
            bytes: value::counted(row, "bytes")?,
            modified: row.get("modified")?,
            since: row.get("since")?,
            state: value::word(row, "state")?,
            reason: row.get("reason")?,
            rule: row.get("rule")?,
            wish: value::counted(row, "wish")?,
            forced: row.get("forced")?,
            asked: row.get("asked")?,
            job: row.get("job")?,
            forecast: count("forecast")?,
            source: count("source")?,
            result: count("result")?,
            output: path("output")?,
            receipt: path("receipt")?,
            sample: row.get("sample")?,
            changed: row.get("changed")?,
            gone: row.get("gone")?,
        })
    }
}

/// What was found in a file of this size and time.
#[derive(Debug, Clone, PartialEq)]
pub struct FileFacts {
    /// Absolute.
    pub path: PathBuf,
    /// Its size then.
    pub bytes: u64,
    /// When it had been changed, in ms since 1970.
    pub modified: i64,
    /// What is in it, or why that is no film.
    pub facts: Result<Value, String>,
}

/// Which films are asked for. Everything that is set has to be so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FilmFilter {
    /// Standing so.
    pub state: Option<FilmState>,
    /// Of this folder.
    pub folder: Option<PathBuf>,
    /// Taken by the rule of this name.
    pub rule: Option<String>,
    /// With this in their path, whatever the case of ASCII letters.
    pub text: Option<String>,
}

impl FilmFilter {
    /// The condition, and what stands for its question marks.
    fn sql(&self) -> (String, Vec<Sql>) {
        let mut words = "gone = 0".to_owned();
        let mut values = Vec::new();
        let mut and = |text: &str, value: Sql| {
            words.push_str(" AND ");
            words.push_str(text);
            values.push(value);
        };
        if let Some(state) = self.state {
            and("state = ?", Sql::Text(state.word().to_owned()));
        }
        if let Some(folder) = &self.folder {
            and("folder = ?", Sql::Blob(paths::to_bytes(folder)));
        }
        if let Some(rule) = &self.rule {
            and("rule = ?", Sql::Text(rule.clone()));
        }
        if let Some(text) = self.text.as_ref().filter(|text| !text.is_empty()) {
            and(
                "instr(lower(CAST(path AS TEXT)), ?) > 0",
                Sql::Text(text.to_ascii_lowercase()),
            );
        }
        (words, values)
    }
}

/// How many films of a folder stand so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilmCount {
    /// Which folder.
    pub folder: PathBuf,
    /// How they stand.
    pub state: FilmState,
    /// How many.
    pub films: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes of the results of those that have one.
    pub results: u64,
    /// Bytes of those that have one.
    pub of_bytes: u64,
}

/// The library.
impl Tables<'_> {
    /// The film at a path, one that is gone included.
    ///
    /// # Errors
    /// If the database fails or the row does not read.
    pub fn film_at(&self, path: &Path) -> Result<Option<Film>, StoreError> {
        let mut query = self
            .sql
            .prepare_cached("SELECT * FROM library WHERE path = ?1")?;
        Ok(query
            .query_row([paths::to_bytes(path)], Film::from_row)
            .optional()?)
    }

    /// The film of this number.
    ///
    /// # Errors
    /// If the database fails or the row does not read.
    pub fn film(&self, id: i64) -> Result<Option<Film>, StoreError> {
        let mut query = self
            .sql
            .prepare_cached("SELECT * FROM library WHERE id = ?1")?;
        Ok(query.query_row([id], Film::from_row).optional()?)
    }

    /// Films of this content that are done or were not worthwhile, wherever they were; the latest first, 20 at most.
    ///
    /// # Errors
    /// If the database fails or a row does not read.
    pub fn films_like(&self, sample: &[u8; 32]) -> Result<Vec<Film>, StoreError> {
        let mut query = self.sql.prepare_cached(
            "SELECT * FROM library WHERE sample = ?1 AND state IN ('done', 'not_worthwhile')
             ORDER BY changed DESC LIMIT 20",
        )?;
        let rows = query.query_map([sample], Film::from_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What became of this content at other places is no reason to leave the film of this number alone.
    ///
    /// # Errors
    /// If the database fails.
    pub fn forget_likes(&self, film: i64, sample: &[u8; 32]) -> Result<(), StoreError> {
        self.sql
            .prepare_cached("UPDATE library SET sample = NULL WHERE sample = ?2 AND id <> ?1")?
            .execute(params![film, sample])?;
        Ok(())
    }

    /// Stores a film in place of what was known of its path.
    ///
    /// # Errors
    /// If the database fails, or a number is too large for it.
    pub fn put_film(&self, film: &Film) -> Result<(), StoreError> {
        let size =
            |what: &str, bytes: Option<u64>| bytes.map(|b| value::count(what, b)).transpose();
        self.sql
            .prepare_cached(
                "INSERT INTO library (path, folder, bytes, modified, since, state, reason, rule, wish, forced, asked,
                   job, forecast, source, result, output, receipt, sample, changed, gone)
                 VALUES (:path, :folder, :bytes, :modified, :since, :state, :reason, :rule, :wish, :forced, :asked,
                   :job, :forecast, :source, :result, :output, :receipt, :sample, :changed, :gone)
                 ON CONFLICT (path) DO UPDATE SET folder = excluded.folder, bytes = excluded.bytes,
                   modified = excluded.modified, since = excluded.since, state = excluded.state,
                   reason = excluded.reason, rule = excluded.rule, wish = excluded.wish, forced = excluded.forced,
                   asked = excluded.asked, job = excluded.job, forecast = excluded.forecast, source = excluded.source,
                   result = excluded.result, output = excluded.output, receipt = excluded.receipt,
                   sample = excluded.sample, changed = excluded.changed, gone = excluded.gone",
            )?
            .execute(named_params! {
                ":path": paths::to_bytes(&film.path),
                ":folder": paths::to_bytes(&film.folder),
                ":bytes": value::count("size of a film", film.bytes)?,
                ":modified": film.modified,
                ":since": film.since,
                ":state": film.state.word(),
                ":reason": film.reason,
                ":rule": film.rule,
                ":wish": value::count("wish", film.wish)?,
                ":forced": film.forced,
                ":asked": film.asked,
                ":job": film.job,
                ":forecast": size("forecast", film.forecast)?,
                ":source": size("size of a film", film.source)?,
                ":result": size("size of a result", film.result)?,
                ":output": film.output.as_deref().map(paths::to_bytes),
                ":receipt": film.receipt.as_deref().map(paths::to_bytes),
                ":sample": film.sample,
                ":changed": film.changed,
                ":gone": film.gone,
            })?;
        Ok(())
    }

    /// Films as the filter says, by path, from the `offset`th on; and how many there are altogether.
    ///
    /// # Errors
    /// If the database fails or a row does not read.
    pub fn films(
        &self,
        filter: &FilmFilter,
        offset: u32,
        most: u32,
    ) -> Result<(u64, Vec<Film>), StoreError> {
        let (condition, mut values) = filter.sql();
        let count = format!("SELECT count(*) FROM library WHERE {condition}");
        let mut query = self.sql.prepare_cached(&count)?;
        let total: i64 = query.query_row(params_from_iter(&values), |row| row.get(0))?;
        let page =
            format!("SELECT * FROM library WHERE {condition} ORDER BY path LIMIT ? OFFSET ?");
        values.extend([Sql::Integer(most.into()), Sql::Integer(offset.into())]);
        let mut query = self.sql.prepare_cached(&page)?;
        let rows = query.query_map(params_from_iter(&values), Film::from_row)?;
        let films = rows.collect::<Result<_, _>>()?;
        Ok((u64::try_from(total).unwrap_or(0), films))
    }

    /// Films of a folder (that are there, or that are gone) with numbers beyond `after`, by number.
    ///
    /// # Errors
    /// If the database fails or a row does not read.
    pub fn films_of(&self, folder: &Path, after: i64, most: u32) -> Result<Vec<Film>, StoreError> {
        let mut query = self.sql.prepare_cached(
            "SELECT * FROM library WHERE id > ?2 AND +folder = ?1 ORDER BY id LIMIT ?3",
        )?;
        let rows = query.query_map(
            params![paths::to_bytes(folder), after, most],
            Film::from_row,
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether any film of a folder is there.
    ///
    /// # Errors
    /// If the database fails.
    pub fn has_films(&self, folder: &Path) -> Result<bool, StoreError> {
        let mut query = self
            .sql
            .prepare_cached("SELECT 1 FROM library WHERE folder = ?1 AND gone = 0 LIMIT 1")?;
        Ok(query.exists([paths::to_bytes(folder)])?)
    }

    /// The first film of a folder, by path, whose turn has come: one that a rule takes, that has been as it is since
    /// `since` or longer, is none of `passed`, and of which nothing is to be made that is one of `barred`.
    ///
    /// # Errors
    /// If the database fails or the row does not read.
    pub fn next_film(
        &self,
        folder: &Path,
        since: i64,
        passed: &[i64],
        barred: &[u64],
    ) -> Result<Option<Film>, StoreError> {
        let mut query = self.sql.prepare_cached(
            "SELECT * FROM library WHERE folder = ?1 AND state = 'waiting' AND gone = 0 AND since <= ?2
             AND (rule IS NULL) = 0 AND id NOT IN (SELECT value FROM json_each(?3))
             AND wish NOT IN (SELECT value FROM json_each(?4)) ORDER BY path LIMIT 1",
        )?;
        let found = query.query_row(
            params![
                paths::to_bytes(folder),
                since,
                value::to_json("list of films", &passed)?,
                value::to_json("list of wishes", &barred)?
            ],
            Film::from_row,
        );
        Ok(found.optional()?)
    }

    /// Films of a folder that wait for their turn and have been as they are since `since` or longer, by path, behind
    /// `after`; with `unseen` those that are to be looked into instead.
    ///
    /// # Errors
    /// If the database fails or a row does not read.
    pub fn films_waiting(
        &self,
        folder: &Path,
        since: i64,
        unseen: bool,
        after: &Path,
        most: u32,
    ) -> Result<Vec<Film>, StoreError> {
        let mut query = self.sql.prepare_cached(
            "SELECT * FROM library WHERE folder = ?1 AND state = 'waiting' AND gone = 0 AND since <= ?2
             AND (rule IS NULL) = ?3 AND path > ?4 ORDER BY path LIMIT ?5",
        )?;
        let rows = query.query_map(
            params![
                paths::to_bytes(folder),
                since,
                unseen,
                paths::to_bytes(after),
                most
            ],
            Film::from_row,
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The films that a job works on.
    ///
    /// # Errors
    /// If the database fails or a row does not read.
    pub fn films_in_work(&self) -> Result<Vec<Film>, StoreError> {
        let mut query = self
            .sql
            .prepare_cached("SELECT * FROM library WHERE state = 'in_work' ORDER BY id")?;
        let rows = query.query_map([], Film::from_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Films whose job is over and still on the list, but for the newest so many of them, and those whose original is just
    /// being moved. One that is kept is had back without its job, too.
    ///
    /// # Errors
    /// If the database fails or a row does not read.
    pub fn films_with_old_jobs(&self, newest: u32) -> Result<Vec<Film>, StoreError> {
        let mut query = self.sql.prepare_cached(
            "SELECT * FROM library WHERE job IS NOT NULL AND state <> 'in_work'
               AND job NOT IN (SELECT job FROM originals
                               WHERE phase IN ('replacing', 'returning', 'undoing', 'deleting'))
             ORDER BY changed DESC, id DESC LIMIT 100 OFFSET ?1",
        )?;
        let rows = query.query_map([newest], Film::from_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The folders of which films are known.
    ///
    /// # Errors
    /// If the database fails.
    pub fn film_folders(&self) -> Result<Vec<PathBuf>, StoreError> {
        let mut query = self
            .sql
            .prepare_cached("SELECT DISTINCT folder FROM library")?;
        let rows = query.query_map([], |row| row.get::<_, Vec<u8>>(0))?;
        rows.map(|bytes| Ok(paths::from_bytes(&bytes?))).collect()
    }

    /// A film is not there any more: it is forgotten, or, where something had become of it, only out of sight.
    ///
    /// # Errors
    /// If the database fails.
    pub fn film_gone(&self, id: i64) -> Result<(), StoreError> {
        self.sql
            .prepare_cached("UPDATE library SET gone = 1 WHERE id = ?1 AND state <> 'in_work'")?
            .execute([id])?;
        self.sql
            .prepare_cached("DELETE FROM library WHERE id = ?1 AND state IN ('waiting', 'left')")?
            .execute([id])?;
        Ok(())
    }

    /// Forgets a film, whatever has become of it.
    ///
    /// # Errors
    /// If the database fails.
    pub fn forget_film(&self, id: i64) -> Result<(), StoreError> {
        self.sql
            .prepare_cached("DELETE FROM library WHERE id = ?1")?
            .execute([id])?;
        Ok(())
    }

    /// How many films there are, by folder and state.
    ///
    /// # Errors
    /// If the database fails or a row does not read.
    pub fn film_counts(&self) -> Result<Vec<FilmCount>, StoreError> {
        let mut query = self.sql.prepare_cached(
            "SELECT folder, state, count(*) AS films, sum(bytes) AS bytes, coalesce(sum(result), 0) AS results,
               sum(CASE WHEN result IS NULL THEN 0 ELSE coalesce(source, bytes) END) AS of_bytes
             FROM library WHERE gone = 0 GROUP BY folder, state",
        )?;
        let rows = query.query_map([], |row| {
            Ok(FilmCount {
                folder: paths::from_bytes(&row.get::<_, Vec<u8>>("folder")?),
                state: value::word(row, "state")?,
                films: value::counted(row, "films")?,
                bytes: value::counted(row, "bytes")?,
                results: value::counted(row, "results")?,
                of_bytes: value::counted(row, "of_bytes")?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Remembers what was found in a file.
    ///
    /// # Errors
    /// If the database fails, or a number is too large for it.
    pub fn put_facts(&self, found: &FileFacts) -> Result<(), StoreError> {
        let facts = found.facts.as_ref().ok();
        let facts = facts
            .map(|facts| value::to_json("facts", facts))
            .transpose()?;
        self.sql
            .prepare_cached(
                "INSERT OR REPLACE INTO facts (path, bytes, modified, facts, refusal) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                paths::to_bytes(&found.path),
                value::count("size of a file", found.bytes)?,
                found.modified,
                facts,
                found.facts.as_ref().err()
            ])?;
        Ok(())
    }

    /// What was found in the file at `path` when it had this size and time.
    ///
    /// # Errors
    /// If the database fails or the row does not read.
    pub fn facts_of(
        &self,
        path: &Path,
        bytes: u64,
        modified: i64,
    ) -> Result<Option<Result<Value, String>>, StoreError> {
        let mut query = self.sql.prepare_cached(
            "SELECT facts, refusal FROM facts WHERE path = ?1 AND bytes = ?2 AND modified = ?3",
        )?;
        let found = query.query_row(
            params![
                paths::to_bytes(path),
                value::count("size of a file", bytes)?,
                modified
            ],
            |row| {
                let refusal: Option<String> = row.get("refusal")?;
                let facts = value::optional_json(row, "facts")?;
                Ok(facts.ok_or_else(|| refusal.unwrap_or_default()))
            },
        );
        Ok(found.optional()?)
    }

    /// Forgets of the films of a folder that nothing was found in them, so that they are looked into again.
    ///
    /// # Errors
    /// If the database fails.
    pub fn forget_refusals(&self, folder: &Path) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "DELETE FROM facts WHERE refusal IS NOT NULL
                 AND path IN (SELECT path FROM library WHERE folder = ?1 AND state = 'left')",
            )?
            .execute([paths::to_bytes(folder)])?;
        Ok(())
    }

    /// Forgets what was found in a file.
    ///
    /// # Errors
    /// If the database fails.
    pub fn forget_facts(&self, path: &Path) -> Result<(), StoreError> {
        self.sql
            .prepare_cached("DELETE FROM facts WHERE path = ?1")?
            .execute([paths::to_bytes(path)])?;
        Ok(())
    }
}
