//! Films on storage that owner and donor both see: asked for, found by content, and read where they lie.
//!
//! ```text
//! owner                                    donor
//! Find: length, marks of the way     ──►   looks on its network drives and in its own media folders
//! Shows: digests of blocks there     ◄──   Places, of its own choice
//!                                    ──►   compares with what it found
//!                                    ◄──   Sees
//! Task with a reading of the film    ──►   extracts the segment from its own sight of the film
//! SourceReady: the digest of the same
//! extraction made here               ──►   equal: encodes; else asks for the segment to be sent
//! ```
//!
//! So what is encoded is what would have been sent, byte for byte, and nobody gets at a film through this that he does
//! not have.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ffmpeg::extract::Reading;
use ffmpeg::source::Source;
use peer::{Digest, Link, Message, OwnReading};
use schedule::{JobId, PeerId};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::driver::{Core, Mail};
use crate::job::Job;
pub(crate) use content::Sight;
use looks::Looks;
use search::{Bounds, Entered, Ground, Wanted};

mod content;
mod looks;
mod search;
mod trail;

/// A film is looked for so long, and among so many names.
const SEARCH: (Duration, usize) = (Duration::from_secs(15), 300_000);
/// An owner shows what it was asked for within this.
const ANSWER: Duration = Duration::from_secs(30);
/// A drive tells how a file of its is within this.
const TELLS: Duration = Duration::from_secs(10);
/// Films that one computer may have looked for at once, and that are remembered for it.
const MOST: usize = 64;

/// What the loop knows of them.
#[derive(Debug, Default)]
pub(crate) struct SharedFilms {
    /// Our films that others were asked to look for.
    asked: BTreeMap<peer::SharedId, Asked>,
    /// Films of others, looked for here.
    hunts: BTreeMap<(peer::PeerId, peer::SharedId), Hunt>,
    /// Of hunts that have begun.
    count: u64,
    /// At drives that may not answer.
    looks: Looks,
    /// Where searches are.
    entered: Entered,
}

/// A film of ours that one computer was asked to look for.
#[derive(Debug)]
struct Asked {
    job: JobId,
    peer: peer::PeerId,
    /// It was shown what is in it: once is enough.
    shown: bool,
    sees: bool,
}

/// A film of another computer, looked for here.
#[derive(Debug)]
struct Hunt {
    /// How many were begun before.
    number: u64,
    how: Hunted,
}

#[derive(Debug)]
enum Hunted {
    /// Its owner is asked to show what is in it.
    Wanted(Option<oneshot::Sender<Vec<Digest>>>),
    Seen(Sight),
}

/// How a guest's source gets here.
#[derive(Clone, Debug)]
pub(crate) enum Supply {
    /// Its owner sends it.
    Sent,
    /// It is read here.
    Here(Own),
    /// It was to be read here, and the film is not known any more.
    Lost,
}

/// A segment of another computer's film that is read here.
#[derive(Clone, Debug)]
pub(crate) struct Own {
    pub sight: Sight,
    pub source: Source,
    pub reading: Reading,
    looks: Looks,
}

impl Own {
    /// Whether it is still there as it was.
    ///
    /// # Errors
    /// In words: the film is not what was compared with its owner's, or its drive does not say.
    pub async fn check(&self) -> Result<(), String> {
        let sight = self.sight.clone();
        let looked = self.looks.look(TELLS, move || sight.check()).await;
        let looked = looked.ok_or("its drive does not answer")?;
        looked.map_err(|error| error.to_string())
    }
}

impl SharedFilms {
    /// Notes a new hunt; `false` for one that is noted already. Too many for one computer: the oldest film that was
    /// seen for it is forgotten; `false` where none was yet.
    fn begin(&mut self, key: (peer::PeerId, peer::SharedId), how: Hunted) -> bool {
        if self.hunts.contains_key(&key) {
            return false;
        }
        let of_peer = || self.hunts.iter().filter(|((whose, _), _)| *whose == key.0);
        if of_peer().count() >= MOST {
            let seen = of_peer().filter(|(_, hunt)| matches!(hunt.how, Hunted::Seen(_)));
            let Some((oldest, _)) = seen.min_by_key(|(_, hunt)| hunt.number) else {
                return false;
            };
            let oldest = *oldest;
            self.hunts.remove(&oldest);
        }
        self.count += 1;
        let number = self.count;
        self.hunts.insert(key, Hunt { number, how });
        true
    }
}

/// Whether others may look for this film: a repaired copy is nowhere but here.
fn is_where_it_was(job: &Job) -> bool {
    job.ended.is_none() && !job.terms.only_here && !job.film.normalised
}

impl Core {
    /// Asks everybody who is there whether they see a job's film.
    pub(crate) fn ask_who_sees(&mut self, job: JobId) {
        let links = self.neighbours.keys().filter_map(|id| self.link_to(*id));
        for link in links.collect::<Vec<_>>() {
            self.ask_for_sight(job, &link);
        }
    }

    /// Asks a computer that has come for the films of all jobs.
    pub(crate) fn ask_for_sights(&mut self, link: &Link) {
        for job in self.jobs.keys().copied().collect::<Vec<_>>() {
            self.ask_for_sight(job, link);
        }
    }

    fn ask_for_sight(&mut self, id: JobId, link: &Link) {
        let helps = self
            .neighbours
            .get(&PeerId(link.peer().0))
            .is_some_and(|one| one.rights.i_may_use);
        let Some(job) = self.jobs.get(&id).filter(|job| is_where_it_was(job)) else {
            return;
        };
        if !helps || !link.shares() {
            return;
        }
        let film = peer::SharedId::random();
        let find = peer::Shared::Find {
            film,
            bytes: job.film.bytes,
            trail: trail::marks(film, &job.film.path),
        };
        self.forget_sight(id, link.peer());
        let asked = Asked {
            job: id,
            peer: link.peer(),
            shown: false,
            sees: false,
        };
        self.shared.asked.insert(film, asked);
        link.tell(Message::Shared(find));
    }

    /// This computer does not read that film any more.
    pub(crate) fn forget_sight(&mut self, job: JobId, peer: peer::PeerId) {
        let is_it = |asked: &Asked| asked.job == job && asked.peer == peer;
        self.shared.asked.retain(|_, asked| !is_it(asked));
    }

    /// A job's film is not where it was, or its job is over.
    pub(crate) fn forget_sights(&mut self, job: JobId) {
        self.shared.asked.retain(|_, asked| asked.job != job);
    }

    /// A computer is gone, with all that it saw, and what was seen for it.
    pub(crate) fn lose_sights(&mut self, peer: peer::PeerId) {
        self.shared.asked.retain(|_, asked| asked.peer != peer);
        self.shared.hunts.retain(|(whose, _), _| *whose != peer);
    }

    /// How a donor reads this lease's segment by itself; `None` where it is to be sent.
    pub(crate) fn own_reading(&self, lease: &schedule::Lease) -> Option<OwnReading> {
        let job = self
            .jobs
            .get(&lease.job)
            .filter(|job| is_where_it_was(job))?;
        let segment = job.segments.get(lease.segment.0 as usize)?;
        let is_it = |asked: &Asked| asked.job == lease.job && asked.peer.0 == lease.peer.0;
        let mut seen = self.shared.asked.iter();
        let (film, _) = seen.find(|(_, asked)| asked.sees && is_it(asked))?;
        let reading = job.film.reading(segment, lease.step_back);
        Some(OwnReading {
            film: *film,
            stream: u16::try_from(job.film.source.stream).ok()?,
            genpts: job.film.source.genpts,
            seek_us: reading.seek_us,
            stop_us: reading.stop_us,
        })
    }

    /// How the source of a task comes here.
    pub(crate) fn supply(&self, peer: peer::PeerId, reads: Option<OwnReading>) -> Supply {
        let Some(reads) = reads else {
            return Supply::Sent;
        };
        let hunt = self.shared.hunts.get(&(peer, reads.film));
        let Some(Hunted::Seen(sight)) = hunt.map(|hunt| &hunt.how) else {
            return Supply::Lost;
        };
        Supply::Here(Own {
            sight: sight.clone(),
            source: Source {
                path: sight.path.clone(),
                stream: u32::from(reads.stream),
                genpts: reads.genpts,
            },
            reading: Reading {
                seek_us: reads.seek_us,
                stop_us: reads.stop_us,
            },
            looks: self.shared.looks.clone(),
        })
    }

    /// Somebody says something about a film that both may see. What is about a task goes to that task.
    pub(crate) fn shared_says(&mut self, peer: peer::PeerId, said: peer::Shared) {
        use peer::Shared::{Find, Places, Read, Sees, Send, Shows};
        match said {
            Find { film, bytes, trail } => self.look_for(peer, Wanted { film, bytes, trail }),
            Places { film, places } => self.show(peer, film, places),
            Shows { film, digests } => {
                let hunt = self.shared.hunts.get_mut(&(peer, film));
                if let Some(Hunted::Wanted(shown)) = hunt.map(|hunt| &mut hunt.how)
                    && let Some(shown) = shown.take()
                {
                    // Who waited for it may have given up.
                    let _ = shown.send(digests);
                }
            }
            Sees { film, sees } => {
                let asked = self.shared.asked.get_mut(&film);
                if let Some(asked) = asked.filter(|asked| asked.peer == peer && asked.shown) {
                    asked.sees = sees;
                    tracing::info!(peer = %PeerId(peer.0), job = %asked.job, sees, "looked for a film of ours");
                }
            }
            Read { task } | Send { task } => self.pass_on(peer, task, Message::Shared(said)),
        }
    }

    /// A donor asks what is in a film of ours: its digests say nothing to who has not the same.
    fn show(&mut self, peer: peer::PeerId, film: peer::SharedId, places: Vec<u64>) {
        let asked = self.shared.asked.get_mut(&film);
        let Some(asked) = asked.filter(|asked| asked.peer == peer && !asked.shown) else {
            return;
        };
        asked.shown = true;
        let path = self.jobs.get(&asked.job).map(|job| job.film.path.clone());
        let (Some(path), Some(link)) = (path, self.link_to(PeerId(peer.0))) else {
            return;
        };
        let looks = self.shared.looks.clone();
        tokio::spawn(async move {
            let shown = looks.look(ANSWER, move || content::show(&path, &places));
            match shown.await {
                Some(Ok(digests)) => {
                    link.tell(Message::Shared(peer::Shared::Shows { film, digests }));
                }
                // The job finds out by itself that its film cannot be read.
                Some(Err(error)) => tracing::warn!(%error, "a film was not shown"),
                None => tracing::warn!("a film was not shown: its drive does not answer"),
            }
        });
    }

    /// Looks for a film of somebody who may use this computer.
    fn look_for(&mut self, peer: peer::PeerId, wanted: Wanted) {
        let allowed = self
            .neighbours
            .get(&PeerId(peer.0))
            .is_some_and(|one| one.rights.may_use_me);
        let welcome = allowed && self.settings.donating && self.settings.shared.read;
        let link = self.link_to(PeerId(peer.0));
        let Some(link) = link.filter(|_| welcome && wanted.bytes > 0) else {
            // A donor that does not answer is sent its segments.
            return;
        };
        let (shown, showing) = oneshot::channel();
        let key = (peer, wanted.film);
        if !self.shared.begin(key, Hunted::Wanted(Some(shown))) {
            return;
        }
        let shared = &self.settings.shared;
        let media = self.settings.library.folders.iter().map(|one| &one.path);
        let ground = Ground {
            roots: shared.folders.iter().chain(media).cloned().collect(),
            pairs: shared.paths.clone(),
            entered: self.shared.entered.clone(),
        };
        let (looks, mail) = (self.shared.looks.clone(), self.mail.clone());
        tokio::spawn(async move {
            let sight = hunt(wanted.clone(), ground, looks, &link, showing).await;
            let film = wanted.film;
            // The loop ends before its tasks do.
            let _ = mail.send(Mail::Sighted { peer, film, sight });
        });
    }

    /// A search is over.
    pub(crate) fn sighted(
        &mut self,
        peer: peer::PeerId,
        film: peer::SharedId,
        sight: Option<Sight>,
    ) {
        let key = (peer, film);
        if !self.shared.hunts.contains_key(&key) {
            // Who asked is gone.
            return;
        }
        let sees = sight.is_some();
        match (sight, self.shared.hunts.get_mut(&key)) {
            (Some(sight), Some(hunt)) => hunt.how = Hunted::Seen(sight),
            _ => _ = self.shared.hunts.remove(&key),
        }
        if let Some(link) = self.link_to(PeerId(peer.0)) {
            link.tell(Message::Shared(peer::Shared::Sees { film, sees }));
        }
    }
}

/// Looks for a film, and asks its owner for the proof that it has it, too.
async fn hunt(
    wanted: Wanted,
    ground: Ground,
    looks: Looks,
    link: &Link,
    showing: oneshot::Receiver<Vec<Digest>>,
) -> Option<Sight> {
    let (film, bytes) = (wanted.film, wanted.bytes);
    let searching = looks.search(2 * SEARCH.0, link.ended(), move || {
        let drives = sense::network_drives();
        let ground = Ground {
            roots: ground.roots.into_iter().chain(drives).collect(),
            ..ground
        };
        let bounds = Bounds {
            names: SEARCH.1,
            until: Instant::now() + SEARCH.0,
        };
        search::search(&wanted, &ground, bounds)
    });
    // Its owner is asked also where nothing was found: whether there was is nobody's business.
    let found = searching.await.unwrap_or_default();
    let places = content::places(bytes, &mut rand::rng());
    let asked = peer::Shared::Places {
        film,
        places: places.clone(),
    };
    link.send(Message::Shared(asked)).await.ok()?;
    let digests = timeout(ANSWER, showing).await.ok()?.ok()?;
    let comparing = looks.look(ANSWER, move || content::same(found, &places, &digests));
    comparing.await.flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_film_that_is_looked_for_is_not_looked_for_once_more() {
        let mut films = SharedFilms::default();
        let (peer, other) = (peer::PeerId([1; 32]), peer::PeerId([2; 32]));
        let film = peer::SharedId([3; 16]);
        let (shown, mut showing) = oneshot::channel();
        assert!(films.begin((peer, film), Hunted::Wanted(Some(shown))));
        for _ in 0..3 {
            assert!(!films.begin((peer, film), Hunted::Wanted(None)));
        }
        // Who waits for its owner waits still.
        let waits = oneshot::error::TryRecvError::Empty;
        assert_eq!(showing.try_recv(), Err(waits));
        assert!(films.begin((other, film), Hunted::Wanted(None)));
        assert_eq!(films.hunts.len(), 2);
    }

    #[tokio::test]
    async fn a_drive_that_does_not_tell_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("film");
        std::fs::write(&path, "film").unwrap();
        let own = Own {
            sight: Sight::of(&path).unwrap(),
            source: Source {
                path,
                stream: 0,
                genpts: false,
            },
            reading: Reading {
                seek_us: None,
                stop_us: None,
            },
            looks: Looks::default(),
        };
        assert_eq!(own.check().await, Ok(()));
        let drives = own.looks.stick().await;
        tokio::time::pause();
        let check = tokio::spawn({
            let own = own.clone();
            async move { own.check().await }
        });
        tokio::task::yield_now().await;
        tokio::time::advance(2 * TELLS).await;
        let why = check.await.unwrap().unwrap_err();
        assert!(why.contains("does not answer"), "{why}");
        drop(drives);
    }
}
