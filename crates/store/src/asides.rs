//! Hidden files in which results are joined, until they have their places or are removed.

use std::path::{Path, PathBuf};

use rusqlite::params;

use crate::{StoreError, Tables, paths};

/// Asides.
impl Tables<'_> {
    /// Notes a file that is about to be made for a job.
    ///
    /// # Errors
    /// If the database fails.
    pub fn put_aside(&self, job: i64, path: &Path) -> Result<(), StoreError> {
        self.sql
            .prepare_cached("INSERT OR REPLACE INTO asides (path, job) VALUES (?1, ?2)")?
            .execute(params![paths::to_bytes(path), job])?;
        Ok(())
    }

    /// Those that are noted, and of which jobs.
    ///
    /// # Errors
    /// If the database fails.
    pub fn asides(&self) -> Result<Vec<(i64, PathBuf)>, StoreError> {
        let mut query = self
            .sql
            .prepare_cached("SELECT job, path FROM asides ORDER BY job, path")?;
        let rows = query.query_map([], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?))
        })?;
        rows.map(|row| {
            let (job, path) = row?;
            Ok((job, paths::from_bytes(&path)))
        })
        .collect()
    }

    /// One is not there any more, or not a job's own any more. No error if nothing is known of it.
    ///
    /// # Errors
    /// If the database fails.
    pub fn forget_aside(&self, path: &Path) -> Result<(), StoreError> {
        self.sql
            .prepare_cached("DELETE FROM asides WHERE path = ?1")?
            .execute([paths::to_bytes(path)])?;
        Ok(())
    }
}
