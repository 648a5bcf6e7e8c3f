//! Who this computer and the others are, where that is in doubt: a paired computer that shows another key, a data folder
//! that was copied, and a new identity for a copy.

use std::net::SocketAddr;

use schedule::PeerId;

use crate::driver::{Call, Core};
use crate::node::Node;
use crate::status::Twin;
use crate::trouble::{Kind, Trouble};

/// What is to be done about a copied data folder.
pub(crate) const GIVE_ANEW: &str = "In one of the two, press “New identity” on the page or run `manyhands identity new`, start it anew, and pair it again.";

impl Node {
    /// Gives this computer a new identity from the next start on: for a data folder that was copied from another computer.
    /// Its pairings were with the old one, and are forgotten.
    ///
    /// # Errors
    /// The data folder cannot be written.
    pub async fn new_identity(&self) -> Result<(), Trouble> {
        self.ask(Call::NewIdentity).await?
    }
}

impl Core {
    pub(crate) async fn new_identity(&mut self) -> Result<(), Trouble> {
        let folder = self.workspace.root().to_owned();
        let renewed = tokio::task::spawn_blocking(move || peer::Identity::renew(&folder)).await;
        let unwritten = |why: String| {
            let text = format!("A new identity cannot be kept: {why}.");
            Trouble::new(Kind::BadDataFolder, text)
        };
        renewed
            .map_err(|e| unwritten(e.to_string()))?
            .map_err(|e| unwritten(e.to_string()))?;
        let forgotten = self.store.call(|tables| tables.forget_peers()).await;
        forgotten.map_err(|e| unwritten(e.to_string()))?;
        // Nobody is told: whoever has the old identity keeps its pairings.
        self.notice("This computer has a new identity from its next start on. Close Manyhands, start it again, and pair it with the others anew.".to_owned());
        Ok(())
    }

    /// Another node has this one's key.
    pub(crate) fn met_twin(&mut self, address: SocketAddr, name: String) {
        self.twin = Some(Twin {
            address: address.to_string(),
            name,
        });
    }

    /// Somebody with a key of its own answers at these addresses: if that was the twin, it is one no longer.
    pub(crate) fn twin_was_at(&mut self, addresses: &[SocketAddr]) {
        self.twin.take_if(|twin| {
            let mut addresses = addresses.iter().map(ToString::to_string);
            addresses.any(|address| address == twin.address)
        });
    }

    /// Somebody else is where, or is called as, a paired computer is.
    pub(crate) fn identity_changed(&mut self, id: PeerId, presented: PeerId) {
        if let Some(neighbour) = self.neighbours.get_mut(&id) {
            neighbour.presented = Some(presented);
        }
    }

    /// Whoever was taken for a paired computer with another key is paired now.
    pub(crate) fn identity_accepted(&mut self, presented: PeerId) {
        let meant = |one: &&mut crate::neighbour::Neighbour| one.presented == Some(presented);
        for neighbour in self.neighbours.values_mut().filter(meant) {
            neighbour.presented = None;
            neighbour.trouble = Some(
                "It was paired anew with another identity. If it was reinstalled, end this old pairing.".to_owned(),
            );
        }
    }
}

impl Twin {
    /// What was found, in a sentence.
    #[must_use]
    pub fn says(&self) -> String {
        let who = if self.name.is_empty() {
            "Another computer".to_owned()
        } else {
            self.name.clone()
        };
        format!(
            "{who} at {} has this computer's identity: the data folder of one of the two was copied from the other. Neither can help the other, and those they are paired with take them for one.",
            self.address
        )
    }
}
