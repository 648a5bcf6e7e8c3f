//! The computers this one is paired with.

use rusqlite::{OptionalExtension, Row, named_params, params};

use crate::value;
use crate::{PeerKey, StoreError, Tables};

/// A paired computer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Its id.
    pub id: PeerKey,
    /// The name it gave itself: text from another machine.
    pub name: String,
    /// Where it was reached, best first, as `address:port`.
    pub addresses: Vec<String>,
    /// Whether it may send work here.
    pub may_use_me: bool,
    /// Whether work may be sent to it.
    pub i_may_use: bool,
    /// When the two were paired, in ms since 1970.
    pub paired: i64,
    /// When it was last connected, in ms since 1970.
    pub last_seen: Option<i64>,
}

impl Peer {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<(Self, String)> {
        let peer = Self {
            id: row.get("id")?,
            name: row.get("name")?,
            addresses: Vec::new(),
            may_use_me: row.get("may_use_me")?,
            i_may_use: row.get("i_may_use")?,
            paired: row.get("paired")?,
            last_seen: row.get("last_seen")?,
        };
        Ok((peer, row.get("addresses")?))
    }

    fn with_addresses((mut peer, text): (Self, String)) -> Result<Self, StoreError> {
        peer.addresses = value::from_json("addresses of a computer", &text)?;
        Ok(peer)
    }
}

/// Paired computers.
impl Tables<'_> {
    /// Stores a computer as given, whether it was there or not.
    ///
    /// # Errors
    /// If the database fails.
    pub fn put_peer(&self, peer: &Peer) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "INSERT OR REPLACE INTO peers (id, name, addresses, may_use_me, i_may_use, paired, last_seen)
                 VALUES (:id, :name, :addresses, :may_use_me, :i_may_use, :paired, :last_seen)",
            )?
            .execute(named_params! {
                ":id": peer.id,
                ":name": peer.name,
                ":addresses": value::to_json("addresses of a computer", &peer.addresses)?,
                ":may_use_me": peer.may_use_me,
                ":i_may_use": peer.i_may_use,
                ":paired": peer.paired,
                ":last_seen": peer.last_seen,
            })?;
        Ok(())
    }

    /// All paired computers, by name and then by id.
    ///
    /// # Errors
    /// If the database fails or a row does not read.
    pub fn peers(&self) -> Result<Vec<Peer>, StoreError> {
        let mut query = self
            .sql
            .prepare_cached("SELECT * FROM peers ORDER BY name, id")?;
        let rows = query.query_map([], Peer::from_row)?;
        rows.map(|row| Peer::with_addresses(row?)).collect()
    }

    /// The paired computer with this id, if there is one.
    ///
    /// # Errors
    /// If the database fails or the row does not read.
    pub fn peer(&self, id: &PeerKey) -> Result<Option<Peer>, StoreError> {
        let mut query = self
            .sql
            .prepare_cached("SELECT * FROM peers WHERE id = ?1")?;
        query
            .query_row([id], Peer::from_row)
            .optional()?
            .map(Peer::with_addresses)
            .transpose()
    }

    /// Notes that a computer was connected: its name, and where it was reached, best first.
    ///
    /// # Errors
    /// [`StoreError::NoSuch`] if it is not paired.
    pub fn see_peer(
        &self,
        id: &PeerKey,
        name: &str,
        addresses: &[String],
        at: i64,
    ) -> Result<(), StoreError> {
        let addresses = value::to_json("addresses of a computer", &addresses)?;
        let mut change = self.sql.prepare_cached(
            "UPDATE peers SET name = ?2, addresses = ?3, last_seen = ?4 WHERE id = ?1",
        )?;
        one_peer(id, change.execute(params![id, name, addresses, at])?)
    }

    /// Forgets every computer. What was done for them stays counted.
    ///
    /// # Errors
    /// If the database fails.
    pub fn forget_peers(&self) -> Result<(), StoreError> {
        self.sql.execute("DELETE FROM peers", [])?;
        Ok(())
    }

    /// Sets what a computer and this one may ask of each other.
    ///
    /// # Errors
    /// [`StoreError::NoSuch`] if it is not paired.
    pub fn set_rights(
        &self,
        id: &PeerKey,
        may_use_me: bool,
        i_may_use: bool,
    ) -> Result<(), StoreError> {
        let mut change = self
            .sql
            .prepare_cached("UPDATE peers SET may_use_me = ?2, i_may_use = ?3 WHERE id = ?1")?;
        one_peer(id, change.execute(params![id, may_use_me, i_may_use])?)
    }

    /// Forgets a computer. What was done for it stays counted.
    ///
    /// # Errors
    /// [`StoreError::NoSuch`] if it is not paired.
    pub fn remove_peer(&self, id: &PeerKey) -> Result<(), StoreError> {
        one_peer(
            id,
            self.sql
                .prepare_cached("DELETE FROM peers WHERE id = ?1")?
                .execute([id])?,
        )
    }
}

fn one_peer(id: &PeerKey, changed: usize) -> Result<(), StoreError> {
    if changed == 1 {
        return Ok(());
    }
    let id = id
        .iter()
        .take(4)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Err(StoreError::NoSuch {
        what: "paired computer",
        id,
    })
}
