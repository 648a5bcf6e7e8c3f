//! What was measured on this machine. The key names what it was measured with (encoder, ffmpeg, hardware), so
//! that a measurement for other circumstances is simply not found.

use rusqlite::{OptionalExtension, Row, params};
use serde_json::Value;

use crate::value;
use crate::{StoreError, Tables};

/// One measurement.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// What was measured, and with what.
    pub key: String,
    /// What came out.
    pub value: Value,
    /// When, in ms since 1970.
    pub measured: i64,
}

impl Measurement {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            key: row.get("key")?,
            value: value::json(row, "value")?,
            measured: row.get("measured")?,
        })
    }
}

/// Measurements.
impl Tables<'_> {
    /// Stores a measurement in place of an earlier one with its key.
    ///
    /// # Errors
    /// If the database fails.
    pub fn put_measurement(&self, measurement: &Measurement) -> Result<(), StoreError> {
        let text = value::to_json("measurement", &measurement.value)?;
        self.sql
            .prepare_cached(
                "INSERT OR REPLACE INTO measurements (key, value, measured) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![measurement.key, text, measurement.measured])?;
        Ok(())
    }

    /// The measurement with this key, if it was made.
    ///
    /// # Errors
    /// If the database fails or the row does not read.
    pub fn measurement(&self, key: &str) -> Result<Option<Measurement>, StoreError> {
        let mut query = self
            .sql
            .prepare_cached("SELECT * FROM measurements WHERE key = ?1")?;
        Ok(query.query_row([key], Measurement::from_row).optional()?)
    }

    /// Every measurement, by key.
    ///
    /// # Errors
    /// If the database fails or a row does not read.
    pub fn measurements(&self) -> Result<Vec<Measurement>, StoreError> {
        let mut query = self
            .sql
            .prepare_cached("SELECT * FROM measurements ORDER BY key")?;
        Ok(query
            .query_map([], Measurement::from_row)?
            .collect::<Result<_, _>>()?)
    }

    /// Removes the measurements whose key starts with `prefix`; says how many there were. An empty prefix means all.
    ///
    /// # Errors
    /// If the database fails.
    pub fn clear_measurements(&self, prefix: &str) -> Result<usize, StoreError> {
        let mut change = self
            .sql
            .prepare_cached("DELETE FROM measurements WHERE substr(key, 1, length(?1)) = ?1")?;
        Ok(change.execute([prefix])?)
    }
}
