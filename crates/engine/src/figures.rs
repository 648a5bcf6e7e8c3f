//! What came of it all: films made, who worked for whom, day by day.

use std::collections::BTreeMap;

use schedule::{JobId, PeerId};
use store::{DAYS_KEPT, StoreError, Tables};
pub use store::{Labour, Made};

use crate::driver::{Core, unix_ms};
use crate::job::Ended;
use crate::lease::Piece;
use crate::node::Node;
use crate::status::{Outcome, Place, Terms};
use crate::trouble::{Kind, Trouble};

/// The figures of a stretch of days, and of all time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Today, in days since 1970 where this computer is.
    pub today: i64,
    /// This computer.
    pub me: [u8; 32],
    /// What was ever made.
    pub in_all: Made,
    /// The days on which films were made, oldest first.
    pub made: Vec<Made>,
    /// The days on which somebody worked, in each direction, all computers together; oldest first.
    pub by_day: Vec<Labour>,
    /// The same, computer by computer and without their names.
    pub by_day_and_peer: Vec<Labour>,
    /// Each computer in each direction, all those days together; the most time first.
    pub by_peer: Vec<Labour>,
    /// The same of all time.
    pub ever_by_peer: Vec<Labour>,
}

impl Node {
    /// The figures of the last so many days, today included.
    ///
    /// # Errors
    /// The store's.
    pub async fn figures(&self, days: u32) -> Result<Figures, Trouble> {
        let me = self.status().await?.here.id.0;
        let days = i64::from(days.clamp(1, DAYS_KEPT));
        let now = unix_ms();
        let read = self.0.store.call(move |tables| {
            let today = tables.day_of(now)?;
            let first = today - days + 1;
            Ok(Figures {
                today,
                me,
                in_all: tables.made_in_all()?,
                made: tables.made(first)?,
                by_day: tables.labour_by_day(first)?,
                by_day_and_peer: tables.labour_by_day_and_peer(first)?,
                by_peer: tables.labour_by_peer(first)?,
                ever_by_peer: tables.labour_by_peer(i64::MIN)?,
            })
        });
        read.await
            .map_err(|e| Trouble::new(Kind::BadDataFolder, e.to_string()))
    }
}

/// What a job that is completed adds to the figures.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// The film; none where it is another computer's, which counts it.
    pub made: Option<Made>,
    pub labour: Vec<Labour>,
}

impl Tally {
    /// Adds it to the day on which the job ended.
    pub fn add(&self, tables: &Tables<'_>, ended: i64) -> Result<(), StoreError> {
        if let Some(made) = &self.made {
            tables.add_made(made, ended)?;
        }
        let mut labour = self.labour.iter();
        labour.try_for_each(|labour| tables.add_labour(labour, ended))
    }
}

/// What a film adds to the figures of the computer whose it is, once its result is in its place.
fn made(outcome: &Outcome, source_bytes: u64) -> Made {
    Made {
        day: 0,
        films: 1,
        frames: outcome.frames,
        source_bytes,
        output_bytes: outcome.bytes,
        ms: outcome.wall_ms,
    }
}

impl Core {
    /// What a job has come to; nothing unless it is in its place.
    pub(crate) fn tally(&self, id: JobId) -> Option<Tally> {
        let job = self.jobs.get(&id)?;
        let Some(Ended::Well(outcome)) = &job.ended else {
            return None;
        };
        Some(self.tally_of(outcome, job.film.bytes, &job.terms, job.pieces.values()))
    }

    /// What a film has come to that is in its place, with what is known of its parts.
    pub(crate) fn tally_of<'a>(
        &self,
        outcome: &Outcome,
        source_bytes: u64,
        terms: &Terms,
        pieces: impl Iterator<Item = &'a Piece>,
    ) -> Tally {
        // Whoever puts a result in its film's place counts it there; a film that was sent here counts where it came from.
        let here = terms.sent_by.is_none() && !matches!(terms.place, Place::InPlace { .. });
        let owner = terms.sent_by.as_ref().map(|sender| sender.peer);
        let mut labour = labour(self.me, owner, pieces.filter_map(Part::of));
        for one in &mut labour {
            one.name = self.called(PeerId(one.peer));
        }
        Tally {
            made: here.then(|| made(outcome, source_bytes)),
            labour,
        }
    }

    /// What a computer calls itself; empty where that is not known any more.
    pub(crate) fn called(&self, peer: PeerId) -> String {
        if peer == self.me {
            return self.settings.name.clone();
        }
        let neighbour = self.neighbours.get(&peer);
        neighbour.map(|one| one.name.clone()).unwrap_or_default()
    }
}

/// A part that was good: who encoded it.
struct Part {
    by: PeerId,
    frames: u64,
    /// How long that took.
    ms: u64,
}

impl Part {
    fn of(piece: &Piece) -> Option<Self> {
        let peer::PeerId(id) = piece.peer.parse::<peer::PeerId>().ok()?;
        Some(Self {
            by: PeerId(id),
            frames: u64::from(piece.proof.frames),
            // A donor says so itself: what no part can take is not believed.
            ms: piece.encode_ms.min(DAY_MS),
        })
    }
}

/// Who worked for whom with these parts, without names. What this computer does for a film that `owner` sent here it
/// gives to that one; helpers work for whoever asks them.
fn labour(me: PeerId, owner: Option<PeerId>, parts: impl Iterator<Item = Part>) -> Vec<Labour> {
    let mut all: BTreeMap<PeerId, Labour> = BTreeMap::new();
    for part in parts {
        let given = owner.filter(|_| part.by == me);
        let labour = all.entry(part.by).or_insert_with(|| Labour {
            day: 0,
            peer: given.unwrap_or(part.by).0,
            for_us: given.is_none(),
            name: String::new(),
            parts: 0,
            frames: 0,
            ms: 0,
        });
        labour.parts += 1;
        labour.frames += part.frames;
        labour.ms = labour.ms.saturating_add(part.ms);
    }
    all.into_values().collect()
}

const DAY_MS: u64 = 24 * 3_600_000;

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: PeerId = PeerId([1; 32]);
    const HELPER: PeerId = PeerId([2; 32]);
    const SENDER: PeerId = PeerId([3; 32]);

    fn parts() -> impl Iterator<Item = Part> {
        let all = [(HERE, 10), (HERE, 20), (HELPER, 40), (SENDER, 80)];
        all.into_iter().map(|(by, frames)| Part {
            by,
            frames,
            ms: 100 * frames,
        })
    }

    fn told(all: &[Labour]) -> Vec<(PeerId, bool, u64, u64)> {
        let each = all.iter();
        each.map(|one| (PeerId(one.peer), one.for_us, one.parts, one.ms))
            .collect()
    }

    #[test]
    fn work_on_a_film_that_was_sent_here_is_given_to_its_owner() {
        let own = labour(HERE, None, parts());
        assert_eq!(
            told(&own),
            [
                (HERE, true, 2, 3000),
                (HELPER, true, 1, 4000),
                (SENDER, true, 1, 8000)
            ]
        );
        let sent = labour(HERE, Some(SENDER), parts());
        assert_eq!(
            told(&sent),
            [
                (SENDER, false, 2, 3000),
                (HELPER, true, 1, 4000),
                (SENDER, true, 1, 8000)
            ]
        );
    }
}
