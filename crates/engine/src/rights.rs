//! What each paired computer and this one may ask of each other: set, stored, told, and carried out at once, also in the
//! middle of a job.

use std::collections::{BTreeMap, BTreeSet};

use peer::{FailReason, Message, Rights, TaskId};
use schedule::{Input, JobId, PeerId};

use crate::driver::{Call, Core};
use crate::neighbour::Neighbour;
use crate::node::Node;
use crate::status::PeerStatus;
use crate::trouble::{Kind, Trouble};

/// What is to be changed of [`Rights`]; `None` stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    /// It may give this computer work.
    pub may_use_me: Option<bool>,
    /// This computer may give it work.
    pub i_may_use: Option<bool>,
}

impl Agreement {
    fn on(self, before: Rights) -> Rights {
        Rights {
            may_use_me: self.may_use_me.unwrap_or(before.may_use_me),
            i_may_use: self.i_may_use.unwrap_or(before.i_may_use),
        }
    }
}

impl Node {
    /// Changes what this computer and a paired one may ask of each other. What is withdrawn ends at once, and the other
    /// computer is told. Answers with how it stands.
    ///
    /// # Errors
    /// [`Kind::NoSuchPeer`] if the two are not paired; the store's.
    pub async fn set_rights(&self, peer: PeerId, change: Agreement) -> Result<PeerStatus, Trouble> {
        self.ask(|reply| Call::Rights(peer, change, reply))
            .await??;
        let found = self.status().await?.peers;
        let found = found.into_iter().find(|one| one.id == peer);
        found.ok_or_else(|| not_paired(peer))
    }
}

pub(crate) fn not_paired(peer: PeerId) -> Trouble {
    let text = format!("This computer is not paired with {peer}.");
    Trouble::new(Kind::NoSuchPeer, text)
}

impl Core {
    /// Changes what is agreed with a paired computer.
    pub(crate) async fn set_rights(
        &mut self,
        id: PeerId,
        change: Agreement,
    ) -> Result<(), Trouble> {
        let known = self.neighbours.get(&id).filter(|one| one.paired);
        let before = known.ok_or_else(|| not_paired(id))?.rights;
        let after = change.on(before);
        let stored = self
            .store
            .call(move |tables| tables.set_rights(&id.0, after.may_use_me, after.i_may_use));
        stored.await.map_err(|e| {
            let text = format!("This cannot be stored: {e}.");
            Trouble::new(Kind::BadDataFolder, text)
        })?;
        let Some(neighbour) = self.neighbours.get_mut(&id) else {
            return Err(not_paired(id));
        };
        neighbour.rights = after;
        neighbour.trouble = None;
        let (name, offers) = (neighbour.name.clone(), neighbour.offers());
        if let Some(net) = &self.net {
            net.set_rights(peer::PeerId(id.0), after);
        }
        if before.may_use_me && !after.may_use_me {
            self.give_back(Some(id), "It may no longer use this computer");
            self.withdraw_films(id).await;
        }
        if before.i_may_use && !after.i_may_use {
            let text = format!(
                "{name} is no longer asked for help; what it had in hand is done by others."
            );
            self.take_back(id, &text);
            self.call_parcels_back(id).await;
        }
        self.mind_helped();
        self.pending.push_back(Input::PeerChanged {
            peer: id,
            is_self: false,
            offers,
        });
        Ok(())
    }

    /// Takes back everything that another computer has in hand, and tells those whose films it worked on.
    pub(crate) fn take_back(&mut self, id: PeerId, text: &str) {
        self.note_with(id, text);
        self.pending.push_back(Input::PeerWithdrawn { peer: id });
    }

    /// A helper that gets nothing of a film because of its filters is named.
    pub(crate) fn say_who_cannot(&mut self, id: JobId) {
        let Some(job) = self.jobs.get(&id).filter(|job| !job.terms.only_here) else {
            return;
        };
        let needed = job.film.order.filters().skill();
        let unable = |n: &&Neighbour| !n.offers().is_empty() && n.skill() < needed;
        let names = self.neighbours.values().filter(unable);
        let names: Vec<String> = names.map(|n| n.name.clone()).collect();
        for name in names {
            let text = format!(
                "{name} cannot change the picture like that and gets nothing of this film: its Manyhands is older, or its ffmpeg lacks a filter."
            );
            self.note(id, text);
        }
    }

    /// A sentence for the users of the jobs that another computer works on.
    pub(crate) fn note_with(&mut self, id: PeerId, text: &str) {
        let mut jobs: Vec<JobId> = self
            .leases
            .values()
            .filter(|held| held.lease.peer == id)
            .map(|held| held.lease.job)
            .collect();
        jobs.dedup();
        jobs.into_iter()
            .for_each(|job| self.note(job, text.to_owned()));
    }

    /// Ends what is done here for all but those who are helped all the same; `why` as in [`Core::give_back`].
    pub(crate) fn give_back_to_all(&mut self, why: &str) {
        let guests = self.guests.values().map(|guest| PeerId(guest.peer.0));
        let guests: BTreeSet<PeerId> = guests.collect();
        let others: Vec<PeerId> = guests.difference(self.helped()).copied().collect();
        for peer in others {
            self.give_back(Some(peer), why);
        }
    }

    /// Ends what is done here for one other computer, or for all; `why` begins the sentence that its card shows here.
    pub(crate) fn give_back(&mut self, whose: Option<PeerId>, why: &str) {
        let is_meant = |peer: peer::PeerId| whose.is_none_or(|id| id.0 == peer.0);
        let ended: Vec<(TaskId, peer::PeerId)> = self
            .guests
            .iter()
            .filter(|(_, guest)| is_meant(guest.peer))
            .map(|(task, guest)| (*task, guest.peer))
            .collect();
        let mut parts: BTreeMap<PeerId, u32> = BTreeMap::new();
        for (task, peer) in ended {
            // Its task ends with its channel.
            self.guests.remove(&task);
            *parts.entry(PeerId(peer.0)).or_default() += 1;
            self.say_stopped(task, peer);
        }
        for (id, parts) in parts {
            if let Some(neighbour) = self.neighbours.get_mut(&id) {
                let were = if parts == 1 { "part was" } else { "parts were" };
                neighbour.trouble = Some(format!("{why}: {parts} {were} given back."));
            }
        }
    }

    fn say_stopped(&self, task: TaskId, peer: peer::PeerId) {
        let Some(link) = self.link_to(PeerId(peer.0)) else {
            return;
        };
        let failed = Message::Failed {
            task,
            reason: FailReason::Stopped,
            detail: "its user no longer lets it help".into(),
        };
        // A broken link tells it by itself.
        tokio::spawn(async move { link.send(failed).await });
    }
}
