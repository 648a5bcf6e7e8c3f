//! What two paired computers may ask of each other: each direction by itself, withdrawn at once.
//!
//! Bulk of both directions runs over the same routes, so the gate tells them apart by whose work a
//! blob belongs to: what this computer is given to do, or what others do for it.
//!
//! A computer that does not help may still help some: those that own a film of it, where its user wants to have a hand in
//! that.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::blobs::{Blobs, Key};
use crate::ids::{BlobId, PeerId};
use crate::link::{Link, lock};
use crate::proto::RefusalCode;
use crate::shared::Shared;

/// The two directions between this computer and a paired one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rights {
    /// It may give this computer work, while that donates.
    pub may_use_me: bool,
    /// This computer may give it work.
    pub i_may_use: bool,
}

impl Default for Rights {
    /// Both directions: what pairing gives.
    fn default() -> Self {
        Self {
            may_use_me: true,
            i_may_use: true,
        }
    }
}

/// Blobs of work that another computer does for this one, or has done here and is to have, for as long as this lives:
/// their routes are open to it whether or not it may use this computer. Which way they go is said by whether they are
/// offered or expected.
pub struct Ours {
    blobs: Arc<Blobs>,
    keys: Vec<Key>,
}

impl std::fmt::Debug for Ours {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Ours").field(&self.keys).finish()
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        let mut ours = lock(&self.blobs.ours);
        for key in &self.keys {
            ours.remove(key);
        }
    }
}

impl Link {
    /// Opens the routes of the blobs that go with a task for this peer. To be called before the task is sent.
    #[must_use = "the routes are closed when this is dropped"]
    pub fn ours(&self, source: BlobId, result: BlobId) -> Ours {
        self.open(&[source, result])
    }

    /// Opens the route of one blob for this peer. To be called before the peer hears of it.
    #[must_use = "the route is closed when this is dropped"]
    pub fn opened(&self, blob: BlobId) -> Ours {
        self.open(&[blob])
    }

    fn open(&self, blobs: &[BlobId]) -> Ours {
        let keys: Vec<Key> = blobs.iter().map(|blob| (self.peer(), *blob)).collect();
        lock(&self.blobs().ours).extend(keys.iter().copied());
        Ours {
            blobs: Arc::clone(self.blobs()),
            keys,
        }
    }

    /// Whether the peer understands what is said of whole films.
    #[must_use]
    pub fn knows_films(&self) -> bool {
        self.extras().films
    }
}

impl Shared {
    /// What is agreed with `peer`; `None` where the two are not paired.
    pub(crate) fn rights(&self, peer: PeerId) -> Option<watch::Receiver<Rights>> {
        let state = lock(&self.state);
        state
            .paired
            .get(&peer)
            .map(|known| known.rights.subscribe())
    }

    /// Changes it, and tells the peer. `false` if the two are not paired.
    pub(crate) fn set_rights(&self, peer: PeerId, rights: Rights) -> bool {
        let state = lock(&self.state);
        let Some(known) = state.paired.get(&peer) else {
            return false;
        };
        known.rights.send_if_modified(|before| {
            let changed = *before != rights;
            *before = rights;
            changed
        });
        true
    }

    /// Helps these computers, whether or not this one helps at all; their rights hold all the same.
    pub(crate) fn set_helped(&self, peers: BTreeSet<PeerId>) {
        self.helped.send_if_modified(|before| {
            let changed = *before != peers;
            *before = peers;
            changed
        });
    }

    /// Why `peer` gets nothing from the route at `path`, if it is one for work and this computer does not help it.
    pub(crate) fn withheld(&self, peer: PeerId, path: &str) -> Option<RefusalCode> {
        let blob = path.strip_prefix("/v1/blob/")?;
        let key = blob.parse().ok().map(|blob: BlobId| (peer, blob));
        if key.is_some_and(|key| lock(&self.blobs.ours).contains(&key)) {
            return None;
        }
        if !self.about.borrow().donating && !self.helped.borrow().contains(&peer) {
            return Some(RefusalCode::NotDonating);
        }
        let allowed = self
            .rights(peer)
            .is_some_and(|rights| rights.borrow().may_use_me);
        (!allowed).then_some(RefusalCode::NotAllowed)
    }
}
