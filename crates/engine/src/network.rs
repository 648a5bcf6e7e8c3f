//! The loop's handling of the network: computers come and go, ask and answer.

use peer::{About, EncoderOffer, FilmWord, Message, NetEvent, Paired, WhyDown};
use schedule::{Input, PeerId};
use tokio::sync::mpsc;

use crate::driver::{Core, GuestTask, Held, Mail, unix_ms};
use crate::neighbour::Neighbour;
use crate::pairing;
use crate::scratch;
use crate::status::Load;
use crate::tie::{Standing, Tie, Ties};
use crate::worker::{self, Ask, Gift, Stand};

impl Core {
    /// Something happened on the network.
    pub(crate) async fn net_says(&mut self, event: NetEvent) {
        match event {
            NetEvent::Seen(nearby) => self.seen(&nearby),
            NetEvent::Unseen { peer } => {
                self.neighbours.retain(|id, n| n.paired || id.0 != peer.0);
            }
            NetEvent::LinkUp {
                link,
                about,
                addresses,
            } => self.link_up(link, about, addresses).await,
            NetEvent::Message {
                peer,
                message: Message::Film { film, says },
            } => self.hear_film(PeerId(peer.0), film, says).await,
            NetEvent::Message { peer, message } => self.heard(peer, message),
            NetEvent::LinkDown { peer, why } => {
                self.link_down(peer, &why);
                self.parcels_lost(PeerId(peer.0)).await;
                self.films_lost(PeerId(peer.0)).await;
            }
            NetEvent::Paired(paired) => self.paired(paired).await,
            NetEvent::Unpaired { peer, by_them } => self.unpaired(peer, by_them).await,
            NetEvent::RequestChanged => {}
            NetEvent::Asked { peer, outcome } => {
                let refused = |error| (PeerId(peer.0), pairing::not_asked(&error));
                self.refusal = outcome.err().map(refused);
            }
            NetEvent::ChangedIdentity {
                peer, presented, ..
            } => self.identity_changed(PeerId(peer.0), PeerId(presented.0)),
            NetEvent::OtherProtocol { peer, name, theirs } => {
                let text = format!(
                    "{name} speaks protocol {theirs}, this computer {}. Update the older one.",
                    peer::PROTOCOL
                );
                self.notice(text.clone());
                self.trouble(peer, text);
            }
            NetEvent::SameIdentity { address, name } => self.met_twin(address, name.to_string()),
            NetEvent::OwnAddress { address } => {
                self.notice(format!("{address} is this computer's own address."))
            }
            NetEvent::DiscoveryFailed { why } => {
                self.notice(format!("Computers cannot be found by themselves here ({why}); invites and typed addresses work."));
            }
        }
    }

    /// The link to a computer that is here.
    pub(crate) fn link_to(&self, peer: PeerId) -> Option<peer::Link> {
        self.net.as_ref()?.link(peer::PeerId(peer.0))
    }

    /// How busy this machine is, for the others too; and a look at the working files, where they have a limit.
    pub(crate) fn loaded(&mut self, load: Load) {
        self.load = Some(load);
        self.look_for_changes();
        if let Some(net) = &self.net {
            net.set_load(peer::Load {
                cpu_percent: load.cpu_percent,
                memory_used_mb: load.memory_used_mb,
                celsius: load.celsius,
            });
        }
        if self.settings.scratch_limit.is_some() {
            self.look_at_scratch();
        } else {
            self.check_scratch();
        }
    }

    pub(crate) fn notice(&mut self, text: String) {
        if !self.notices.contains(&text) && self.notices.len() < 20 {
            self.notices.push(text);
        }
    }

    fn trouble(&mut self, peer: peer::PeerId, text: String) {
        if let Some(neighbour) = self.neighbours.get_mut(&PeerId(peer.0)) {
            neighbour.trouble = Some(text);
        }
    }

    fn seen(&mut self, nearby: &peer::Nearby) {
        let id = PeerId(nearby.peer.0);
        self.twin_was_at(&nearby.addresses);
        let neighbour = self.neighbours.entry(id).or_insert_with(|| stranger(id));
        if !neighbour.paired {
            neighbour.name = nearby.name.to_string();
            neighbour.address = nearby.addresses.first().map(ToString::to_string);
            neighbour.last_seen_ms = Some(unix_ms());
        }
    }

    async fn link_up(
        &mut self,
        link: peer::Link,
        about: About,
        addresses: Vec<std::net::SocketAddr>,
    ) {
        let id = PeerId(link.peer().0);
        tracing::info!(peer = %id, "a computer is here");
        let neighbour = self.neighbours.entry(id).or_insert_with(|| stranger(id));
        neighbour.name = about.name.to_string();
        neighbour.about = Some(about);
        neighbour.address = Some(link.address().to_string());
        neighbour.last_seen_ms = Some(unix_ms());
        neighbour.trouble = None;
        neighbour.presented = None;
        let offers = neighbour.offers();
        self.pending.push_back(Input::PeerJoined {
            peer: id,
            is_self: false,
            offers,
        });
        self.pause_or_resume(id);
        self.note_presence(id);
        self.tell_held(&link);
        self.ask_for_sights(&link);
        self.parcels_linked(&link).await;
        let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        let name = self
            .neighbours
            .get(&id)
            .map(|n| n.name.clone())
            .unwrap_or_default();
        let seen = unix_ms();
        let stored = self.store.call(move |tables| {
            if let Some(mut row) = tables.peer(&id.0)? {
                row.name = name;
                row.addresses = addresses;
                row.last_seen = Some(seen);
                tables.put_peer(&row)?;
            }
            Ok(())
        });
        if let Err(error) = stored.await {
            tracing::warn!(%error, "a computer's addresses were not stored");
        }
    }

    fn link_down(&mut self, peer: peer::PeerId, why: &WhyDown) {
        let id = PeerId(peer.0);
        if let Some(neighbour) = self.neighbours.get_mut(&id) {
            neighbour.about = None;
            neighbour.load = None;
            neighbour.theirs = None;
            neighbour.holding = None;
            neighbour.last_seen_ms = Some(unix_ms());
            tracing::info!(peer = %id, %why, "a computer is gone");
        }
        self.say_gone(id, why);
        self.chronicle.left(id);
        self.note_presence(id);
        self.pending.push_back(Input::PeerLeft { peer: id });
        for held in self.leases.values_mut().filter(|h| h.lease.peer == id) {
            // Taken out of the lease: what is revoked now goes on there, for when the two meet again.
            if let Some(task) = held.task.take() {
                // The task's own channel closes: it ends with a network fault.
                self.tasks.remove(&task);
            }
        }
        self.untie(peer);
        self.lose_sights(peer);
    }

    /// Tells the user that a computer is gone: on its card, and with the jobs that it has a hand in.
    fn say_gone(&mut self, id: PeerId, why: &WhyDown) {
        let reason = match why {
            WhyDown::Replaced | WhyDown::Unpaired | WhyDown::Stopping => return,
            // In whose words it broke is for the log.
            WhyDown::Broken(_) => "the connection broke".to_owned(),
            WhyDown::Silent | WhyDown::Left | WhyDown::Misbehaved(_) => why.to_string(),
        };
        let Some(neighbour) = self.neighbours.get_mut(&id) else {
            return;
        };
        // One that said goodbye is away, and nothing is wrong with it.
        if *why != WhyDown::Left {
            neighbour.trouble = Some(format!("It is gone: {reason}."));
        }
        let text = format!(
            "{} is gone: {reason}. What it had in hand is done by others, or taken from it if it is back first.",
            neighbour.name
        );
        self.note_with(id, &text);
    }

    fn heard(&mut self, peer: peer::PeerId, message: Message) {
        match message {
            Message::About(about) => self.about(peer, about),
            Message::Task {
                task,
                spec,
                source,
                source_ceiling,
                result,
                result_ceiling,
                reads,
            } => {
                let ask = Ask {
                    task,
                    spec: *spec,
                    source,
                    source_ceiling,
                    result,
                    result_ceiling,
                    supply: self.supply(peer, reads),
                };
                self.asked(peer, ask);
            }
            Message::Load(load) => {
                if let Some(neighbour) = self.neighbours.get_mut(&PeerId(peer.0)) {
                    neighbour.load = Some(Load {
                        cpu_percent: load.cpu_percent,
                        memory_used_mb: load.memory_used_mb,
                        celsius: load.celsius,
                    });
                }
            }
            Message::Holding { tasks } => self.holding(PeerId(peer.0), tasks),
            Message::Accepted { task }
            | Message::Declined { task, .. }
            | Message::Progress { task, .. }
            | Message::Finished { task, .. }
            | Message::Failed { task, .. } => self.pass_on(peer, task, message),
            Message::Cancel { task } | Message::Collected { task } => {
                self.pass_in(peer, task, message);
            }
            Message::Shared(said) => self.shared_says(peer, said),
            // A source that was sent says as much when it ends.
            Message::SourceReady { task, digest } => {
                let guest = self.guests.get(&task).filter(|guest| guest.peer == peer);
                if let Some(guest) = guest {
                    guest.standing.vouch(digest);
                }
            }
            Message::Rights(theirs) => {
                if let Some(neighbour) = self.neighbours.get_mut(&PeerId(peer.0)) {
                    neighbour.theirs = Some(theirs);
                }
            }
            // Films are heard elsewhere: what is decided about them is stored first.
            Message::Hello(_) | Message::Beat {} | Message::Unpaired {} | Message::Film { .. } => {}
        }
    }

    /// A word about a film that is sent whole: of its sender to its owner, or the other way.
    async fn hear_film(&mut self, peer: PeerId, film: peer::FilmId, says: FilmWord) {
        let of_owner = matches!(
            says,
            FilmWord::Declined { .. }
                | FilmWord::Wanted {}
                | FilmWord::Stands(_)
                | FilmWord::Made(_)
                | FilmWord::Ended { .. }
                | FilmWord::Over {}
        );
        if of_owner {
            self.parcel_hears(peer, film, says).await;
        } else {
            self.hosted_hears(peer, film, says).await;
        }
    }

    /// A word of a donor about what it does for us. Nobody here waits for a task: one that is flooded is over.
    pub(crate) fn pass_on(&mut self, peer: peer::PeerId, task: peer::TaskId, message: Message) {
        let of_its_donor =
            |held: &Held| held.task == Some(task) && held.lease.peer == PeerId(peer.0);
        let Some(words) = self
            .tasks
            .get(&task)
            .filter(|_| self.leases.values().any(of_its_donor))
        else {
            return;
        };
        // Progress may be lost, and leaves room for what may not.
        let passing = matches!(message, Message::Progress { .. });
        if passing && words.capacity() <= words.max_capacity() / 2 {
            return;
        }
        if words.try_send(message).is_err() {
            // The task's own channel closes: it ends with a network fault.
            self.tasks.remove(&task);
        }
    }

    /// The last word of an owner about what we do for it.
    fn pass_in(&mut self, peer: peer::PeerId, task: peer::TaskId, message: Message) {
        if self
            .guests
            .get(&task)
            .is_none_or(|guest| guest.peer != peer)
        {
            return;
        }
        if let Some(guest) = self.guests.remove(&task) {
            // A channel that is full and closed ends the task as well.
            let _ = guest.words.try_send(message);
        }
    }

    fn about(&mut self, peer: peer::PeerId, about: About) {
        let id = PeerId(peer.0);
        let Some(neighbour) = self.neighbours.get_mut(&id) else {
            return;
        };
        let donated = neighbour
            .about
            .as_ref()
            .is_some_and(|before| before.donating);
        let stopped = donated && !about.donating;
        let begins = !donated && about.donating;
        neighbour.name = about.name.to_string();
        neighbour.about = Some(about);
        let (name, offers) = (neighbour.name.clone(), neighbour.offers());
        if stopped {
            let text = format!(
                "{name} no longer helps this computer; what it had in hand is done by others."
            );
            self.take_back(id, &text);
        }
        self.pending.push_back(Input::PeerChanged {
            peer: id,
            is_self: false,
            offers,
        });
        self.pause_or_resume(id);
        self.note_presence(id);
        let link = self.link_to(id);
        if let Some(link) = link.filter(|_| begins) {
            self.ask_for_sights(&link);
        }
    }

    /// Tells the scheduler whether a computer rests: then what it has begun is left with it, for as long as it says so.
    fn pause_or_resume(&mut self, id: PeerId) {
        let rests = self.neighbours.get(&id).and_then(Neighbour::rests);
        self.pending.push_back(match rests {
            Some(reason) => Input::PeerPaused {
                peer: id,
                reason: crate::view::pause_words(reason).to_owned(),
            },
            None => Input::PeerResumed { peer: id },
        });
    }

    /// A paired computer asks for help.
    fn asked(&mut self, peer: peer::PeerId, ask: Ask) {
        let Some(link) = self.link_to(PeerId(peer.0)) else {
            return;
        };
        let task = ask.task;
        let allowed = self
            .neighbours
            .get(&PeerId(peer.0))
            .is_some_and(|n| n.rights.may_use_me);
        let shared = self.abilities.shared(self.share_now());
        let room = usize::from(shared.seats()) + 2;
        let helps = self.settings.donating || self.helped().contains(&PeerId(peer.0));
        if allowed && helps && self.tie_again(&link, &ask) {
            return;
        }
        self.make_room(peer, room);
        let held = self.guests.values().filter(|g| g.peer == peer).count();
        let promise = scratch::promise(&ask);
        // What is promised to others and not there yet is not free.
        let coming = self.coming();
        let free = fs4::available_space(self.workspace.scratch()).unwrap_or(u64::MAX);
        let stand = Stand {
            donating: helps && allowed && self.bench.is_some(),
            paused: self.pause_reason().is_some(),
            able: shared.has(ask.spec.encoder) && ask.spec.filters.skill() <= shared.skill(),
            held,
            room,
            known: self.guests.contains_key(&task) || self.scratch.promised.contains_key(&task),
            free: free.saturating_sub(coming),
            promise,
            within_limit: self.below_limit().is_none_or(|room| promise <= room),
        };
        let declined = worker::decline(&ask, stand);
        let (Some(mut bench), None) = (self.bench.clone(), declined) else {
            let reason = declined.unwrap_or(peer::DeclineReason::NotDonating);
            return link.tell(Message::Declined { task, reason });
        };
        bench.allowance = shared.allowance(ask.spec.encoder);
        let (words, heard) = mpsc::channel(16);
        let (tie, ties) = Ties::new(Tie {
            link: link.clone(),
            source: ask.source,
            result: ask.result,
            supply: ask.supply.clone(),
        });
        let standing = Standing::default();
        let guest = GuestTask {
            peer,
            spec: ask.spec.clone(),
            words,
            tie,
            standing: standing.clone(),
            reunites: link.reunites(),
        };
        self.guests.insert(task, guest);
        self.scratch.promised.insert(task, promise);
        self.tell_about();
        self.pay_attention(false);
        // A name of our own: the asker's is its own affair.
        let folder = self.workspace.donated();
        let folder = folder.join(peer::TaskId::random().to_string());
        let mail = self.mail.clone();
        tokio::spawn(async move {
            let gift = worker::run(bench, folder, ask, ties, standing, heard).await;
            let _ = mail.send(Mail::Guest { task, peer, gift });
        });
    }

    /// A task for somebody else ended.
    pub(crate) async fn guest_left(
        &mut self,
        task: peer::TaskId,
        peer: peer::PeerId,
        gift: Option<Gift>,
    ) {
        self.guests.remove(&task);
        self.scratch.promised.remove(&task);
        self.wound_down();
        self.tell_about();
        self.pay_attention(false);
        let Some(gift) = gift else { return };
        let more = store::Given {
            peer: peer.0,
            segments: 1,
            frames: gift.frames,
            bytes: gift.sent,
            ms: gift.ms,
        };
        let name = self.neighbours.get(&PeerId(peer.0));
        let deed = store::Deed {
            peer: peer.0,
            name: name.map(|one| one.name.clone()).unwrap_or_default(),
            film: gift.film,
            segments: 1,
            frames: gift.frames,
            received: gift.received,
            sent: gift.sent,
            ms: gift.ms,
            began: gift.began,
            ended: unix_ms(),
        };
        let labour = store::Labour {
            day: 0,
            peer: peer.0,
            for_us: false,
            name: deed.name.clone(),
            parts: 1,
            frames: gift.frames,
            ms: gift.ms,
        };
        let noted = self.store.call(move |tables| {
            tables.add_given(&more)?;
            tables.add_labour(&labour, deed.ended)?;
            tables.add_deed(&deed)
        });
        if let Err(error) = noted.await {
            tracing::warn!(%error, "what was given was not noted");
        }
    }

    /// A new pairing: both directions of help.
    async fn paired(&mut self, paired: Paired) {
        let id = PeerId(paired.id.0);
        let neighbour = self.neighbours.entry(id).or_insert_with(|| stranger(id));
        neighbour.name = paired.name.to_string();
        neighbour.paired = true;
        neighbour.rights = paired.rights;
        neighbour.presented = None;
        neighbour.trouble = None;
        let offers = neighbour.offers();
        // The other side may have been quicker to connect than this news was.
        self.pending.push_back(Input::PeerChanged {
            peer: id,
            is_self: false,
            offers,
        });
        self.identity_accepted(id);
        let row = store::Peer {
            id: id.0,
            name: paired.name.to_string(),
            addresses: paired.addresses.iter().map(ToString::to_string).collect(),
            may_use_me: paired.rights.may_use_me,
            i_may_use: paired.rights.i_may_use,
            paired: unix_ms(),
            last_seen: Some(unix_ms()),
        };
        if let Err(error) = self.store.call(move |tables| tables.put_peer(&row)).await {
            self.notice(format!(
                "A pairing could not be stored and ends with this run: {error}."
            ));
        }
    }

    async fn unpaired(&mut self, peer: peer::PeerId, by_them: bool) {
        let id = PeerId(peer.0);
        self.films_unpaired(id).await;
        self.parcels_unpaired(id).await;
        if let Some(neighbour) = self.neighbours.remove(&id)
            && by_them
        {
            self.notice(format!(
                "{} ended the pairing with this computer and no longer helps it.",
                neighbour.name
            ));
        }
        self.pending.push_back(Input::PeerLeft { peer: id });
        // Nothing is kept for whom there is nothing to give back to.
        self.guests.retain(|_, guest| guest.peer != peer);
        if let Err(error) = self
            .store
            .call(move |tables| tables.remove_peer(&id.0))
            .await
        {
            tracing::warn!(%error, "a pairing was not removed");
        }
    }

    /// Tells the paired computers what this one is.
    pub(crate) fn tell_about(&self) {
        let Some(net) = &self.net else { return };
        let shared = self.abilities.shared(self.share_now());
        let encoders = shared.statuses().into_iter().map(|e| EncoderOffer {
            encoder: e.encoder,
            ten_bit: shared.ten_bit(e.encoder),
            fps_1080p: e.fps_1080p as f32,
            seats: u8::try_from(e.seats).unwrap_or(u8::MAX),
        });
        let machine = crate::machine::describe();
        net.set_about(About {
            name: self.settings.name.as_str().into(),
            donating: self.donates() && self.bench.is_some(),
            cpu_model: machine.cpu.as_str().into(),
            cores: u16::try_from(machine.cores).unwrap_or(u16::MAX),
            memory_mb: machine.memory_mb,
            encoders: encoders.collect(),
            busy: !self.guests.is_empty() || !self.leases.is_empty(),
            paused: self.pause_reason(),
            filters: self.abilities.skill(),
            films: self.settings.donating
                && self.settings.whole_films
                && self.stays
                && self.bench.is_some(),
            ffmpeg: self
                .tool
                .as_ref()
                .map(|t| t.version.text.as_str())
                .unwrap_or_default()
                .into(),
        });
    }
}

fn stranger(id: PeerId) -> Neighbour {
    Neighbour {
        id,
        name: String::new(),
        paired: false,
        rights: peer::Rights {
            may_use_me: false,
            i_may_use: false,
        },
        theirs: None,
        presented: None,
        about: None,
        address: None,
        last_seen_ms: None,
        trouble: None,
        load: None,
        holding: None,
    }
}
