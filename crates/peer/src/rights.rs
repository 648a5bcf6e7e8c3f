//! What two paired computers may ask of each other: each direction by itself, withdrawn at once.
//!
//! Bulk of both directions runs over the same routes, so the gate tells them apart by whose work a
//! blob belongs to: what this computer is given to do, or what others do for it.

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

/// Blobs of work that another computer does for this one, for as long as this lives: their routes are
/// open to it whether or not it may use this computer.
pub struct Ours {
    blobs: Arc<Blobs>,
    keys: [Key; 2],
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
        let keys = [source, result].map(|blob| (self.peer(), blob));
        lock(&self.blobs().ours).extend(keys);
        Ours {
            blobs: Arc::clone(self.blobs()),
            keys,
        }
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

    /// Why `peer` gets nothing from the route at `path`, if it is one for work and this computer does not help it.
    pub(crate) fn withheld(&self, peer: PeerId, path: &str) -> Option<RefusalCode> {
        let blob = path.strip_prefix("/v1/blob/")?;
        let key = blob.parse().ok().map(|blob: BlobId| (peer, blob));
        if key.is_some_and(|key| lock(&self.blobs.ours).contains(&key)) {
            return None;
        }
        if !self.about.borrow().donating {
            return Some(RefusalCode::NotDonating);
        }
        let allowed = self
            .rights(peer)
            .is_some_and(|rights| rights.borrow().may_use_me);
        (!allowed).then_some(RefusalCode::NotAllowed)
    }
}
