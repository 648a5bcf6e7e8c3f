//! Settings: a value for a key, each typed by whoever reads it.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::value;
use crate::{StoreError, Tables};

/// Settings.
impl Tables<'_> {
    /// The setting `key`, if it was ever made.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] if it is not a `T`.
    pub fn setting<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, StoreError> {
        let mut query = self
            .sql
            .prepare_cached("SELECT value FROM settings WHERE key = ?1")?;
        let text: Option<String> = query.query_row([key], |row| row.get(0)).optional()?;
        text.map(|text| value::from_json(&format!("setting {key}"), &text))
            .transpose()
    }

    /// Makes the setting `key`, or changes it.
    ///
    /// # Errors
    /// If the database fails.
    pub fn set_setting<T: Serialize>(&self, key: &str, value: &T) -> Result<(), StoreError> {
        let text = value::to_json(&format!("setting {key}"), value)?;
        self.sql
            .prepare_cached("INSERT OR REPLACE INTO settings (key, value) VALUES (?1, ?2)")?
            .execute(params![key, text])?;
        Ok(())
    }

    /// Goes back to the default for `key`. No error if it was never changed.
    ///
    /// # Errors
    /// If the database fails.
    pub fn clear_setting(&self, key: &str) -> Result<(), StoreError> {
        self.sql
            .prepare_cached("DELETE FROM settings WHERE key = ?1")?
            .execute([key])?;
        Ok(())
    }

    /// Every setting that was made.
    ///
    /// # Errors
    /// If the database fails.
    pub fn settings(&self) -> Result<BTreeMap<String, Value>, StoreError> {
        let mut query = self.sql.prepare_cached("SELECT key, value FROM settings")?;
        let rows = query.query_map([], |row| Ok((row.get("key")?, value::json(row, "value")?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
