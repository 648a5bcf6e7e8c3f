//! Keys for programs: who made them for what, and a hash of each. The keys themselves are nowhere.

use rusqlite::{Row, named_params, params};

use crate::value;
use crate::{StoreError, Tables};

/// A key for programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its number; never used again.
    pub id: u64,
    /// What its user calls it.
    pub name: String,
    /// A hash of it.
    pub hash: [u8; 32],
    /// What it may do, in its owner's words.
    pub scopes: Vec<String>,
    /// When it was made, in ms since 1970.
    pub created: i64,
    /// When it was last used, in ms since 1970.
    pub used: Option<i64>,
}

impl ApiKey {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<(Self, String)> {
        let key = Self {
            id: value::counted(row, "id")?,
            name: row.get("name")?,
            hash: row.get("hash")?,
            scopes: Vec::new(),
            created: row.get("created")?,
            used: row.get("used")?,
        };
        Ok((key, row.get("scopes")?))
    }
}

/// Keys for programs.
impl Tables<'_> {
    /// All keys, in the order in which they were made.
    ///
    /// # Errors
    /// If the database fails or a row does not read.
    pub fn api_keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        let mut query = self
            .sql
            .prepare_cached("SELECT * FROM api_keys ORDER BY id")?;
        let rows = query.query_map([], ApiKey::from_row)?;
        rows.map(|row| {
            let (mut key, scopes) = row?;
            key.scopes = value::from_json("scopes of a key", &scopes)?;
            Ok(key)
        })
        .collect()
    }

    /// Keeps a new key; gives its number. That of `key` is not looked at.
    ///
    /// # Errors
    /// If the database fails.
    pub fn add_api_key(&self, key: &ApiKey) -> Result<u64, StoreError> {
        self.sql
            .prepare_cached(
                "INSERT INTO api_keys (name, hash, scopes, created, used)
                 VALUES (:name, :hash, :scopes, :created, :used)",
            )?
            .execute(named_params! {
                ":name": key.name,
                ":hash": key.hash,
                ":scopes": value::to_json("scopes of a key", &key.scopes)?,
                ":created": key.created,
                ":used": key.used,
            })?;
        u64::try_from(self.sql.last_insert_rowid())
            .map_err(|error| StoreError::Other(error.to_string()))
    }

    /// Notes that a key was used. One that is gone is no error.
    ///
    /// # Errors
    /// If the database fails.
    pub fn use_api_key(&self, id: u64, at: i64) -> Result<(), StoreError> {
        self.sql
            .prepare_cached("UPDATE api_keys SET used = ?2 WHERE id = ?1")?
            .execute(params![value::count("number of a key", id)?, at])?;
        Ok(())
    }

    /// Forgets a key.
    ///
    /// # Errors
    /// [`StoreError::NoSuch`] if there is none of that number.
    pub fn forget_api_key(&self, id: u64) -> Result<(), StoreError> {
        // A number beyond what SQLite holds is nobody's.
        let number = i64::try_from(id).unwrap_or(-1);
        let gone = self
            .sql
            .prepare_cached("DELETE FROM api_keys WHERE id = ?1")?
            .execute([number])?;
        if gone == 1 {
            return Ok(());
        }
        Err(StoreError::NoSuch {
            what: "key",
            id: id.to_string(),
        })
    }
}
