//! What came of it all: films made, who worked for whom, day by day.

use std::collections::BTreeMap;

use schedule::{JobId, PeerId};
use store::DAYS_KEPT;
pub use store::{Labour, Made};

use crate::driver::{Core, unix_ms};
use crate::job::{Ended, Job};
use crate::node::Node;
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
    pub made: Made,
    pub labour: Vec<Labour>,
}

impl Core {
    /// What a job has come to; nothing unless it is in its place.
    pub(crate) fn tally(&self, id: JobId) -> Option<Tally> {
        let job = self.jobs.get(&id)?;
        let Some(Ended::Well(outcome)) = &job.ended else {
            return None;
        };
        let made = Made {
            day: 0,
            films: 1,
            frames: outcome.frames,
            source_bytes: job.film.bytes,
            output_bytes: outcome.bytes,
            ms: outcome.wall_ms,
        };
        Some(Tally {
            made,
            labour: self.labour(job),
        })
    }

    fn labour(&self, job: &Job) -> Vec<Labour> {
        let mut all: BTreeMap<[u8; 32], Labour> = BTreeMap::new();
        for piece in job.pieces.values() {
            let Ok(peer::PeerId(id)) = piece.peer.parse::<peer::PeerId>() else {
                continue;
            };
            let labour = all.entry(id).or_insert_with(|| Labour {
                day: 0,
                peer: id,
                for_us: true,
                name: self.called(PeerId(id)),
                parts: 0,
                frames: 0,
                ms: 0,
            });
            labour.parts += 1;
            labour.frames += u64::from(piece.proof.frames);
            // A donor says so itself: what no part can take is not believed.
            labour.ms = labour.ms.saturating_add(piece.encode_ms.min(DAY_MS));
        }
        all.into_values().collect()
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

const DAY_MS: u64 = 24 * 3_600_000;
