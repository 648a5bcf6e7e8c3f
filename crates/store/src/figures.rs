//! What came of all of it, day by day: films made, and who worked for whom. Added to as things end, so that it is as quick
//! to read after a thousand films as after one, and outlives jobs that are taken off the list.
//!
//! Days are counted since 1970 where this computer is: SQLite knows its time zone.

use rusqlite::{Row, named_params, params};

use crate::value;
use crate::{PeerKey, StoreError, Tables};

/// How many days are kept on which something was done: ten years of them.
pub const DAYS_KEPT: u32 = 3660;

/// Films that were made on one day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Made {
    /// The day.
    pub day: i64,
    /// Films.
    pub films: u64,
    /// Frames in them.
    pub frames: u64,
    /// Bytes before.
    pub source_bytes: u64,
    /// Bytes after.
    pub output_bytes: u64,
    /// How long it took from start to end, each film by itself, in ms.
    pub ms: u64,
}

/// What one computer did for another on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labour {
    /// The day.
    pub day: i64,
    /// The other computer; this one's own id where it worked on its own films.
    pub peer: PeerKey,
    /// That one for the films of this one; else this one for those of that one.
    pub for_us: bool,
    /// What it called itself last: text from another machine.
    pub name: String,
    /// Parts.
    pub parts: u64,
    /// Frames in them.
    pub frames: u64,
    /// Time spent encoding, in ms.
    pub ms: u64,
}

impl Made {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            day: row.get("day")?,
            films: value::counted(row, "films")?,
            frames: value::counted(row, "frames")?,
            source_bytes: value::counted(row, "source_bytes")?,
            output_bytes: value::counted(row, "output_bytes")?,
            ms: value::counted(row, "ms")?,
        })
    }
}

impl Labour {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            day: row.get("day")?,
            peer: row.get("peer")?,
            for_us: row.get("for_us")?,
            name: row.get("name")?,
            parts: value::counted(row, "parts")?,
            frames: value::counted(row, "frames")?,
            ms: value::counted(row, "ms")?,
        })
    }
}

/// Figures. The day of what is added is that of its own moment.
impl Tables<'_> {
    /// The day of a moment.
    ///
    /// # Errors
    /// If the database fails.
    pub fn day_of(&self, ms_since_1970: i64) -> Result<i64, StoreError> {
        let day = "SELECT CAST(julianday(date(?1 / 1000, 'unixepoch', 'localtime')) - 2440587.5 AS INTEGER)";
        let mut query = self.sql.prepare_cached(day)?;
        Ok(query.query_row([ms_since_1970], |row| row.get(0))?)
    }

    /// A film was made; `made.day` is filled in.
    ///
    /// # Errors
    /// If the database fails, or a number is too large for it.
    pub fn add_made(&self, made: &Made, ended: i64) -> Result<(), StoreError> {
        let day = self.day_of(ended)?;
        self.make_room_for("made", day)?;
        self.sql
            .prepare_cached(
                "INSERT INTO made (day, films, frames, source_bytes, output_bytes, ms)
                 VALUES (:day, :films, :frames, :source, :output, :ms)
                 ON CONFLICT (day) DO UPDATE SET films = films + excluded.films, frames = frames + excluded.frames,
                 source_bytes = source_bytes + excluded.source_bytes,
                 output_bytes = output_bytes + excluded.output_bytes, ms = ms + excluded.ms",
            )?
            .execute(named_params! {
                ":day": day,
                ":films": value::count("number of films", made.films)?,
                ":frames": value::count("number of frames", made.frames)?,
                ":source": value::count("number of bytes", made.source_bytes)?,
                ":output": value::count("number of bytes", made.output_bytes)?,
                ":ms": value::count("time spent", made.ms)?,
            })?;
        Ok(())
    }

    /// A film that was made and counted on the day of `ended` is not there any more: its original was had back.
    ///
    /// # Errors
    /// If the database fails, or a number is too large for it.
    pub fn take_made(&self, made: &Made, ended: i64) -> Result<(), StoreError> {
        let day = self.day_of(ended)?;
        self.sql
            .prepare_cached(
                "UPDATE made SET films = max(0, films - :films), frames = max(0, frames - :frames),
                 source_bytes = max(0, source_bytes - :source), output_bytes = max(0, output_bytes - :output),
                 ms = max(0, ms - :ms) WHERE day = :day",
            )?
            .execute(named_params! {
                ":day": day,
                ":films": value::count("number of films", made.films)?,
                ":frames": value::count("number of frames", made.frames)?,
                ":source": value::count("number of bytes", made.source_bytes)?,
                ":output": value::count("number of bytes", made.output_bytes)?,
                ":ms": value::count("time spent", made.ms)?,
            })?;
        self.sql
            .prepare_cached("DELETE FROM made WHERE day = ?1 AND films = 0")?
            .execute([day])?;
        Ok(())
    }

    /// Somebody worked for somebody; `labour.day` is filled in.
    ///
    /// # Errors
    /// If the database fails, or a number is too large for it.
    pub fn add_labour(&self, labour: &Labour, ended: i64) -> Result<(), StoreError> {
        let day = self.day_of(ended)?;
        self.make_room_for("labour", day)?;
        self.sql
            .prepare_cached(
                "INSERT INTO labour (day, peer, for_us, name, parts, frames, ms)
                 VALUES (:day, :peer, :for_us, :name, :parts, :frames, :ms)
                 ON CONFLICT (day, peer, for_us) DO UPDATE SET
                 name = CASE excluded.name WHEN '' THEN name ELSE excluded.name END, parts = parts + excluded.parts,
                 frames = frames + excluded.frames, ms = ms + excluded.ms",
            )?
            .execute(named_params! {
                ":day": day,
                ":peer": labour.peer,
                ":for_us": labour.for_us,
                ":name": labour.name,
                ":parts": value::count("number of parts", labour.parts)?,
                ":frames": value::count("number of frames", labour.frames)?,
                ":ms": value::count("time spent", labour.ms)?,
            })?;
        Ok(())
    }

    /// A day that is not there yet takes the place of the oldest, where there are as many as are kept. They are counted,
    /// not reckoned from today: a clock that is wrong by years costs a day, and not all of them.
    fn make_room_for(&self, table: &str, day: i64) -> Result<(), StoreError> {
        let mut known = self
            .sql
            .prepare_cached(&format!("SELECT 1 FROM {table} WHERE day = ?1 LIMIT 1"))?;
        if known.exists([day])? {
            return Ok(());
        }
        self.sql
            .prepare_cached(&format!(
                "DELETE FROM {table} WHERE day <= (SELECT DISTINCT day FROM {table} ORDER BY day DESC LIMIT 1 OFFSET ?1)"
            ))?
            .execute([DAYS_KEPT - 1])?;
        Ok(())
    }

    /// The days from `first` on, on which something was made.
    ///
    /// # Errors
    /// If the database fails or a row does not read.
    pub fn made(&self, first: i64) -> Result<Vec<Made>, StoreError> {
        let mut query = self
            .sql
            .prepare_cached("SELECT * FROM made WHERE day >= ?1 ORDER BY day")?;
        Ok(query
            .query_map([first], Made::from_row)?
            .collect::<Result<_, _>>()?)
    }

    /// All that was made since ever, as if on one day.
    ///
    /// # Errors
    /// If the database fails.
    pub fn made_in_all(&self) -> Result<Made, StoreError> {
        let mut query = self.sql.prepare_cached(
            "SELECT 0 AS day, coalesce(sum(films), 0) AS films, coalesce(sum(frames), 0) AS frames,
             coalesce(sum(source_bytes), 0) AS source_bytes, coalesce(sum(output_bytes), 0) AS output_bytes,
             coalesce(sum(ms), 0) AS ms FROM made",
        )?;
        Ok(query.query_row([], Made::from_row)?)
    }

    /// What was done from `first` on, day by day, all computers together in each direction.
    ///
    /// # Errors
    /// If the database fails or a row does not read.
    pub fn labour_by_day(&self, first: i64) -> Result<Vec<Labour>, StoreError> {
        self.labour(
            "SELECT day, zeroblob(32) AS peer, for_us, '' AS name, sum(parts) AS parts, sum(frames) AS frames, sum(ms) AS ms
             FROM labour WHERE day >= ?1 GROUP BY day, for_us ORDER BY day",
            first,
        )
    }

    /// What each computer did from `first` on, in each direction; the most time first, at most 1000.
    ///
    /// # Errors
    /// If the database fails or a row does not read.
    pub fn labour_by_peer(&self, first: i64) -> Result<Vec<Labour>, StoreError> {
        // The name is the latest that is known: one that is not paired any more has none.
        self.labour(
            "SELECT max(day) AS day, peer, for_us, coalesce((SELECT name FROM labour AS named
             WHERE named.peer = labour.peer AND named.name <> '' ORDER BY named.day DESC LIMIT 1), '') AS name, sum(parts) AS parts, sum(frames) AS frames, sum(ms) AS ms
             FROM labour WHERE day >= ?1 GROUP BY peer, for_us ORDER BY sum(ms) DESC, peer LIMIT 1000",
            first,
        )
    }

    /// What each computer did on each day from `first` on, in each direction; oldest first, without names, at most 50 000.
    ///
    /// # Errors
    /// If the database fails or a row does not read.
    pub fn labour_by_day_and_peer(&self, first: i64) -> Result<Vec<Labour>, StoreError> {
        self.labour(
            "SELECT day, peer, for_us, '' AS name, parts, frames, ms FROM labour WHERE day >= ?1
             ORDER BY day, peer, for_us LIMIT 50000",
            first,
        )
    }

    fn labour(&self, sql: &str, first: i64) -> Result<Vec<Labour>, StoreError> {
        let mut query = self.sql.prepare_cached(sql)?;
        Ok(query
            .query_map(params![first], Labour::from_row)?
            .collect::<Result<_, _>>()?)
    }
}
