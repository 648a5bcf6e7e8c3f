//! Keys for programs that speak to this node over HTTP: made, told once, known again by their hash, taken back.
//!
//! A key is 256 random bits, so a plain hash of it is as good as a slow one: nobody guesses it, and who reads the
//! database has no key. What a scope opens is the business of whoever asks; here it is a word.

use std::collections::BTreeSet;

use store::{StoreError, Tables};

use crate::driver::unix_ms;
use crate::node::Node;
use crate::sight::unstored;
use crate::trouble::{Kind, Trouble};

/// How every key begins: so that it is known for one, also by whoever finds it where it should not be.
pub const KEY_BEGINS: &str = "mhk_";
/// The most keys at once.
const MOST_KEYS: usize = 64;
/// The longest name, letters of any alphabet.
const NAME_LETTERS: usize = 80;
/// A key's last use is noted anew after this long, ms: not each of a thousand requests is a write.
const NOTED_MS: i64 = 60_000;

/// What a key may be good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Looking at everything but the settings, and fetching results.
    Read,
    /// Sending films in, and starting jobs with them.
    Submit,
    /// Naming files and folders of this computer in a job.
    Files,
    /// Holding, cancelling and forgetting jobs.
    Control,
    /// All of these, and the settings and the other computers.
    Admin,
    /// The figures for monitoring.
    Metrics,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 6] = [
        Self::Read,
        Self::Submit,
        Self::Files,
        Self::Control,
        Self::Admin,
        Self::Metrics,
    ];

    fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Submit => "submit",
            Self::Files => "files",
            Self::Control => "control",
            Self::Admin => "admin",
            Self::Metrics => "metrics",
        }
    }
}

/// A key, as its user may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its number.
    pub id: u64,
    /// What its user calls it.
    pub name: String,
    /// What it is good for.
    pub scopes: BTreeSet<Scope>,
    /// When it was made, Unix milliseconds.
    pub created_ms: i64,
    /// When it was last used, to the minute.
    pub used_ms: Option<i64>,
}

impl ApiKey {
    fn of(row: store::ApiKey) -> Self {
        // A word of a later version opens nothing here.
        let known = |word: &String| Scope::ALL.into_iter().find(|scope| scope.word() == word);
        Self {
            id: row.id,
            scopes: row.scopes.iter().filter_map(known).collect(),
            name: row.name,
            created_ms: row.created,
            used_ms: row.used,
        }
    }
}

impl Node {
    /// The keys that are good, oldest first.
    ///
    /// # Errors
    /// The store's.
    pub async fn keys(&self) -> Result<Vec<ApiKey>, Trouble> {
        let rows = self.0.store.call(|tables| tables.api_keys()).await;
        let rows = rows.map_err(|e| unstored(&e))?;
        Ok(rows.into_iter().map(ApiKey::of).collect())
    }

    /// Makes a key; gives it, and its text, which is told this once. It is a secret: never log it.
    ///
    /// # Errors
    /// [`Kind::BadRequest`] for a name or scopes that will not do, or too many keys; the store's.
    pub async fn new_key(
        &self,
        name: &str,
        scopes: BTreeSet<Scope>,
    ) -> Result<(ApiKey, String), Trouble> {
        let name = check(name, &scopes)?;
        let text = secret();
        let row = store::ApiKey {
            id: 0,
            name,
            hash: *blake3::hash(text.as_bytes()).as_bytes(),
            scopes: scopes.iter().map(|scope| scope.word().to_owned()).collect(),
            created: unix_ms(),
            used: None,
        };
        let kept = row.clone();
        let added = self.0.store.call(move |tables| add(tables, &kept)).await;
        let Some(id) = added.map_err(|e| unstored(&e))? else {
            let text = format!("There are {MOST_KEYS} keys already.");
            return Err(Trouble::new(Kind::BadRequest, text)
                .help("Revoke those that nothing uses any more."));
        };
        Ok((ApiKey::of(store::ApiKey { id, ..row }), text))
    }

    /// Takes a key back: from now on it opens nothing.
    ///
    /// # Errors
    /// [`Kind::NoSuchKey`]; the store's.
    pub async fn revoke_key(&self, id: u64) -> Result<(), Trouble> {
        let gone = self
            .0
            .store
            .call(move |tables| tables.forget_api_key(id))
            .await;
        gone.map_err(|error| match error {
            StoreError::NoSuch { .. } => {
                Trouble::new(Kind::NoSuchKey, format!("There is no key {id}."))
                    .help("`manyhands key list` lists them.")
            }
            other => unstored(&other),
        })
    }

    /// The key whose text this is, if it is one; its use is noted.
    ///
    /// # Errors
    /// The store's.
    pub async fn key_of(&self, text: &str) -> Result<Option<ApiKey>, Trouble> {
        if !text.starts_with(KEY_BEGINS) {
            return Ok(None);
        }
        let hash = blake3::hash(text.as_bytes());
        let found = self
            .0
            .store
            .call(move |tables| find(tables, hash, unix_ms()))
            .await;
        Ok(found.map_err(|e| unstored(&e))?.map(ApiKey::of))
    }
}

/// Keeps a key unless there are too many; gives its number.
fn add(tables: &Tables<'_>, key: &store::ApiKey) -> Result<Option<u64>, StoreError> {
    if tables.api_keys()?.len() >= MOST_KEYS {
        return Ok(None);
    }
    tables.add_api_key(key).map(Some)
}

/// The key of this hash. Hashes compare in constant time, and all are compared.
fn find(
    tables: &Tables<'_>,
    hash: blake3::Hash,
    now: i64,
) -> Result<Option<store::ApiKey>, StoreError> {
    let mut found = None;
    for key in tables.api_keys()? {
        if blake3::Hash::from_bytes(key.hash) == hash {
            found = Some(key);
        }
    }
    if let Some(key) = found.as_mut()
        && key
            .used
            .is_none_or(|used| now - used >= NOTED_MS || used > now)
    {
        tables.use_api_key(key.id, now)?;
        key.used = Some(now);
    }
    Ok(found)
}

/// The name as it is kept.
fn check(name: &str, scopes: &BTreeSet<Scope>) -> Result<String, Trouble> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > NAME_LETTERS || name.chars().any(char::is_control)
    {
        let text = "A key needs a name of 1 to 80 letters.";
        return Err(Trouble::new(Kind::BadRequest, text)
            .help("Call it after the program that will use it."));
    }
    if scopes.is_empty() {
        let text = "A key needs at least one scope.";
        return Err(Trouble::new(Kind::BadRequest, text)
            .help("They are read, submit, files, control, metrics and admin."));
    }
    Ok(name.to_owned())
}

/// 256 random bits in hexadecimal, and what says that they are a key.
fn secret() -> String {
    let digits = rand::random::<[u8; 32]>().map(|byte| format!("{byte:02x}"));
    format!("{KEY_BEGINS}{}", digits.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_long_and_never_the_same() {
        let (one, other) = (secret(), secret());
        assert_ne!(one, other);
        assert_eq!(one.len(), KEY_BEGINS.len() + 64);
    }

    #[test]
    fn names_and_scopes_are_checked() {
        let read = BTreeSet::from([Scope::Read]);
        assert_eq!(check("  Home Assistant ", &read).unwrap(), "Home Assistant");
        assert!(check(&"猫".repeat(80), &read).is_ok());
        for wrong in ["", "  ", "a\nb", &"x".repeat(81)] {
            assert_eq!(check(wrong, &read).unwrap_err().kind, Kind::BadRequest);
        }
        let none = check("x", &BTreeSet::new()).unwrap_err();
        assert_eq!(none.kind, Kind::BadRequest);
    }

    #[test]
    fn only_the_hash_is_kept_and_a_key_is_known_by_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = store::Store::open(folder.path()).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let text = secret();
        let row = |text: &str| store::ApiKey {
            id: 0,
            name: "x".into(),
            hash: *blake3::hash(text.as_bytes()).as_bytes(),
            scopes: vec!["read".into(), "of a later version".into()],
            created: 1,
            used: None,
        };
        let (right, wrong) = (blake3::hash(text.as_bytes()), blake3::hash(b"mhk_00"));
        let key = row(&text);
        let found = runtime.block_on(store.call(move |tables| {
            assert_eq!(add(tables, &key)?, Some(1));
            assert_eq!(find(tables, wrong, 5)?, None);
            let first = find(tables, right, 5)?.and_then(|key| key.used);
            let soon = find(tables, right, 6)?.and_then(|key| key.used);
            let later = find(tables, right, 5 + NOTED_MS)?;
            assert_eq!((first, soon), (Some(5), Some(5)));
            Ok(later)
        }));
        let found = found.unwrap().unwrap();
        assert_eq!(found.used, Some(5 + NOTED_MS));
        assert_eq!(ApiKey::of(found).scopes, BTreeSet::from([Scope::Read]));
        let all = (0..MOST_KEYS).map(|n| row(&n.to_string()));
        let all: Vec<_> = all.collect();
        let added = runtime
            .block_on(store.call(move |tables| all.iter().map(|key| add(tables, key)).collect()));
        let added: Vec<Option<u64>> = added.unwrap();
        assert_eq!(added.iter().flatten().count(), MOST_KEYS - 1);
    }
}
