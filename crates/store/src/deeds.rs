//! The log of what this machine did for others, for its user to read: bounded, newest first.

use rusqlite::{OptionalExtension, Row, named_params, params};

use crate::value;
use crate::{PeerKey, StoreError, Tables};

/// How many lines are kept.
pub const DEEDS_KEPT: u32 = 1000;

/// A pause that ends a line, in ms: what comes later is another stretch of work.
const PAUSE_MS: i64 = 15 * 60 * 1000;

/// A stretch of work for one computer on one kind of film.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// Whom it was done for.
    pub peer: PeerKey,
    /// What it called itself then: text from another machine.
    pub name: String,
    /// A digest of what all its segments had in common.
    pub film: [u8; 32],
    /// Segments delivered.
    pub segments: u64,
    /// Frames in them.
    pub frames: u64,
    /// Bytes of the film that came here.
    pub received: u64,
    /// Bytes of the results that went back.
    pub sent: u64,
    /// Time spent encoding, in ms.
    pub ms: u64,
    /// When the first segment was taken on, in ms since 1970.
    pub began: i64,
    /// When the last one was delivered, in ms since 1970.
    pub ended: i64,
}

impl Deed {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            peer: row.get("peer")?,
            name: row.get("name")?,
            film: row.get("film")?,
            segments: value::counted(row, "segments")?,
            frames: value::counted(row, "frames")?,
            received: value::counted(row, "received")?,
            sent: value::counted(row, "sent")?,
            ms: value::counted(row, "ms")?,
            began: row.get("began")?,
            ended: row.get("ended")?,
        })
    }
}

/// The log of help given.
impl Tables<'_> {
    /// Adds to the line that this belongs to, or begins one; the oldest beyond [`DEEDS_KEPT`] go.
    ///
    /// # Errors
    /// If the database fails, or a number is too large for it.
    pub fn add_deed(&self, more: &Deed) -> Result<(), StoreError> {
        let line = self.line_of(more)?;
        self.sql
            .prepare_cached(
                "INSERT INTO deeds (id, peer, name, film, segments, frames, received, sent, ms, began, ended)
                 VALUES (:id, :peer, :name, :film, :segments, :frames, :received, :sent, :ms, :began, :ended)
                 ON CONFLICT (id) DO UPDATE SET name = excluded.name, segments = segments + excluded.segments,
                 frames = frames + excluded.frames, received = received + excluded.received,
                 sent = sent + excluded.sent, ms = ms + excluded.ms,
                 began = min(began, excluded.began), ended = max(ended, excluded.ended)",
            )?
            .execute(named_params! {
                ":id": line,
                ":peer": more.peer,
                ":name": more.name,
                ":film": more.film,
                ":segments": value::count("number of segments", more.segments)?,
                ":frames": value::count("number of frames", more.frames)?,
                ":received": value::count("number of bytes", more.received)?,
                ":sent": value::count("number of bytes", more.sent)?,
                ":ms": value::count("time spent", more.ms)?,
                ":began": more.began,
                ":ended": more.ended,
            })?;
        self.sql
            .prepare_cached("DELETE FROM deeds WHERE id <= (SELECT max(id) FROM deeds) - ?1")?
            .execute([DEEDS_KEPT])?;
        Ok(())
    }

    /// The line that goes on with this; none where it begins another.
    fn line_of(&self, more: &Deed) -> Result<Option<i64>, StoreError> {
        let mut query = self.sql.prepare_cached(
            "SELECT id FROM deeds WHERE id = (SELECT max(id) FROM deeds WHERE peer = ?1 AND film = ?2)
             AND ended >= ?3",
        )?;
        let since = more.began - PAUSE_MS;
        let found = query.query_row(params![more.peer, more.film, since], |row| row.get(0));
        Ok(found.optional()?)
    }

    /// The newest lines, newest first, at most `most`.
    ///
    /// # Errors
    /// If the database fails or a row does not read.
    pub fn deeds(&self, most: u32) -> Result<Vec<Deed>, StoreError> {
        let mut query = self
            .sql
            .prepare_cached("SELECT * FROM deeds ORDER BY id DESC LIMIT ?1")?;
        Ok(query
            .query_map([most], Deed::from_row)?
            .collect::<Result<_, _>>()?)
    }
}
