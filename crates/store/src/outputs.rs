//! What this node has made, known again by its size and samples of its content.

use std::path::Path;

use rusqlite::{OptionalExtension, params};

use crate::{StoreError, Tables, paths, value};

/// Outputs.
impl Tables<'_> {
    /// Notes a film that is about to be put in its place.
    ///
    /// # Errors
    /// If the database fails, or the number is too large for it.
    pub fn add_output(
        &self,
        sample: &[u8; 32],
        bytes: u64,
        source: &Path,
        made: i64,
    ) -> Result<(), StoreError> {
        self.sql
            .prepare_cached("INSERT OR REPLACE INTO outputs (sample, bytes, source, made) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![
                sample,
                value::count("size of the output", bytes)?,
                paths::to_bytes(source),
                made
            ])?;
        Ok(())
    }

    /// Whether something of this size was made: only then is it worth taking a sample.
    ///
    /// # Errors
    /// If the database fails, or the number is too large for it.
    pub fn has_output_of(&self, bytes: u64) -> Result<bool, StoreError> {
        let mut query = self
            .sql
            .prepare_cached("SELECT 1 FROM outputs WHERE bytes = ?1 LIMIT 1")?;
        Ok(query.exists([value::count("size of a file", bytes)?])?)
    }

    /// Whether this was made here.
    ///
    /// # Errors
    /// If the database fails.
    pub fn is_output(&self, sample: &[u8; 32]) -> Result<bool, StoreError> {
        let mut query = self
            .sql
            .prepare_cached("SELECT 1 FROM outputs WHERE sample = ?1")?;
        let found: Option<i64> = query.query_row([sample], |row| row.get(0)).optional()?;
        Ok(found.is_some())
    }

    /// Whether something was made of the film at this path at that time or later.
    ///
    /// # Errors
    /// If the database fails.
    pub fn made_of(&self, source: &Path, since: i64) -> Result<bool, StoreError> {
        let mut query = self
            .sql
            .prepare_cached("SELECT 1 FROM outputs WHERE source = ?1 AND made >= ?2 LIMIT 1")?;
        Ok(query.exists(params![paths::to_bytes(source), since])?)
    }
}
