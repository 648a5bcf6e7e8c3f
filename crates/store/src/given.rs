//! What this machine has done for others, added up by computer.

use rusqlite::{Row, named_params};

use crate::value;
use crate::{PeerKey, StoreError, Tables};

/// What was done for one computer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Given {
    /// Whom it was done for.
    pub peer: PeerKey,
    /// Segments delivered and accepted.
    pub segments: u64,
    /// Frames in them.
    pub frames: u64,
    /// Bytes of the results.
    pub bytes: u64,
    /// Time spent encoding, in ms.
    pub ms: u64,
}

impl Given {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            peer: row.get("peer")?,
            segments: value::counted(row, "segments")?,
            frames: value::counted(row, "frames")?,
            bytes: value::counted(row, "bytes")?,
            ms: value::counted(row, "ms")?,
        })
    }
}

/// Help given.
impl Tables<'_> {
    /// Adds to what was done for a computer.
    ///
    /// # Errors
    /// If the database fails, or a number is too large for it.
    pub fn add_given(&self, more: &Given) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "INSERT INTO given (peer, segments, frames, bytes, ms)
                 VALUES (:peer, :segments, :frames, :bytes, :ms)
                 ON CONFLICT (peer) DO UPDATE SET segments = segments + excluded.segments,
                 frames = frames + excluded.frames, bytes = bytes + excluded.bytes, ms = ms + excluded.ms",
            )?
            .execute(named_params! {
                ":peer": more.peer,
                ":segments": value::count("number of segments", more.segments)?,
                ":frames": value::count("number of frames", more.frames)?,
                ":bytes": value::count("number of bytes", more.bytes)?,
                ":ms": value::count("time spent", more.ms)?,
            })?;
        Ok(())
    }

    /// What was done for each computer, by id.
    ///
    /// # Errors
    /// If the database fails or a row does not read.
    pub fn given(&self) -> Result<Vec<Given>, StoreError> {
        let mut query = self
            .sql
            .prepare_cached("SELECT * FROM given ORDER BY peer")?;
        Ok(query
            .query_map([], Given::from_row)?
            .collect::<Result<_, _>>()?)
    }
}
