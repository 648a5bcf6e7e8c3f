//! The lines of `key`.

use api::{ApiKey, KeyScope};
use serde::Serialize;

/// `key`: a key for programs.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "key")]
pub struct KeyLine {
    key: u64,
    name: String,
    scopes: Vec<KeyScope>,
    created_ms: u64,
    used_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

impl KeyLine {
    /// A key as a line, with its text where it was just made.
    pub fn new(key: &ApiKey, text: Option<&str>) -> Self {
        Self {
            key: key.id,
            name: key.name.clone(),
            scopes: key.scopes.iter().copied().collect(),
            created_ms: key.created_ms,
            used_ms: key.used_ms,
            text: text.map(str::to_owned),
        }
    }
}

/// `revoked`: a key that was taken back.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "revoked")]
pub struct RevokedLine {
    /// Its number.
    pub key: u64,
}
