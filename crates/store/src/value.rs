//! Conversions between Rust's values and SQLite's that can fail, with the name of the column in the failure.

use std::str::FromStr;

use rusqlite::types::Type;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::StoreError;

/// A count for SQLite, whose integers are signed.
pub(crate) fn count(what: &str, value: u64) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(|_| StoreError::Unwritable {
        what: what.to_owned(),
        detail: format!("{value} is too large"),
    })
}

/// A count from SQLite; the tables' checks keep negative ones out.
pub(crate) fn counted(row: &rusqlite::Row<'_>, column: &str) -> rusqlite::Result<u64> {
    let value: i64 = row.get(column)?;
    u64::try_from(value).map_err(|error| unreadable(row, column, error))
}

pub(crate) fn counted_u32(row: &rusqlite::Row<'_>, column: &str) -> rusqlite::Result<u32> {
    let value: i64 = row.get(column)?;
    u32::try_from(value).map_err(|error| unreadable(row, column, error))
}

pub(crate) fn json(row: &rusqlite::Row<'_>, column: &str) -> rusqlite::Result<Value> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|error| unreadable(row, column, error))
}

pub(crate) fn optional_json(
    row: &rusqlite::Row<'_>,
    column: &str,
) -> rusqlite::Result<Option<Value>> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| serde_json::from_str(&text).map_err(|error| unreadable(row, column, error)))
        .transpose()
}

/// A word of a closed set: a state.
pub(crate) fn word<T>(row: &rusqlite::Row<'_>, column: &str) -> rusqlite::Result<T>
where
    T: FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let text: String = row.get(column)?;
    text.parse().map_err(|error| unreadable(row, column, error))
}

/// `value` as JSON text.
pub(crate) fn to_json<T: Serialize>(what: &str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Unwritable {
        what: what.to_owned(),
        detail: error.to_string(),
    })
}

/// JSON text as a `T`.
pub(crate) fn from_json<T: DeserializeOwned>(what: &str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Unreadable {
        what: what.to_owned(),
        detail: error.to_string(),
    })
}

fn unreadable(
    row: &rusqlite::Row<'_>,
    column: &str,
    error: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    let index = row.as_ref().column_index(column).unwrap_or_default();
    rusqlite::Error::FromSqlConversionFailure(index, Type::Text, Box::new(error))
}

/// A word that is not one of its closed set.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a state this version knows")]
pub struct UnknownWord(pub(crate) String);
