//! Where a film that is sent away begins: looked at here, and noted; and what earlier runs have left of such films.

use std::collections::BTreeMap;
use std::path::PathBuf;

use media::choice::Choice;
use peer::FilmId;
use schedule::JobId;
use store::StoreError;

use super::decide::{Event, Last, Note};
use super::{NOTES, NewParcel, Parcel, Parcels, Row, words};
use crate::driver::{Call, unix_ms};
use crate::film_notes;
use crate::intake::Dropped;
use crate::job::{Memo, Past, Wish};
use crate::journal::job_id;
use crate::node::{Node, Steer};
use crate::probe::{self, Probed};
use crate::status::{JobState, On};
use crate::trouble::{Kind, Trouble};

impl Node {
    /// Sends a film that was looked at to another computer, under a number of its own here.
    pub(crate) async fn send_away(
        &self,
        on: On,
        dropped: Dropped,
        probed: Probed,
        wish: Wish,
    ) -> Result<JobId, Trouble> {
        self.ask(|reply| Call::MaySend(on, reply)).await??;
        if let Some(open) = self.sent_before(&dropped, &wish).await? {
            // One that cannot be let go on from here, as it is held there, is followed as it is.
            let _ = self
                .ask(|reply| Call::Steer(open, Steer::Resume, reply))
                .await?;
            return Ok(open);
        }
        let id = self.record(&dropped, &wish.choice, &wish.terms).await?;
        self.make_folder(id)?;
        let new = new_parcel(id, on, dropped, &probed, wish, unix_ms());
        self.ask(|reply| Call::Send(Box::new(new), reply)).await??;
        Ok(id)
    }

    /// A job that is on its way already, of the same film with the same wish.
    async fn sent_before(&self, dropped: &Dropped, wish: &Wish) -> Result<Option<JobId>, Trouble> {
        let jobs = self.status().await?.jobs;
        let same = jobs.into_iter().find(|job| {
            let is_it = job.source == dropped.path && job.source_bytes == dropped.bytes;
            is_it && job.away.is_some() && job.choice == wish.choice && job.terms == wish.terms
        });
        Ok(same.map(|job| job.id))
    }

    /// Sends a film again whose job came to nothing, or looks again at what came of it.
    pub(crate) async fn send_again(&self, row: store::Job, wish: Wish) -> Result<(), Trouble> {
        let id = job_id(row.id);
        if self.ask(|reply| Call::TryAgain(id, reply)).await? {
            return Ok(());
        }
        let Some(on) = wish.terms.on else {
            return Err(Trouble::new(
                Kind::NotNow,
                "The job is one of this computer.",
            ));
        };
        self.ask(|reply| Call::MaySend(on, reply)).await??;
        let (dropped, _) = crate::node::look(&row.source, &wish.choice, &wish.terms)?;
        let probed = self.probe(&dropped, &wish.choice).await?.agree();
        self.make_folder(id)?;
        let new = new_parcel(id, on, dropped, &probed, wish, row.created);
        self.ask(|reply| Call::Send(Box::new(new), reply)).await?
    }

    /// Brings the result of a film here that was sent away, and left there.
    ///
    /// # Errors
    /// No such job, or none that was sent away, or one that is over.
    pub async fn fetch(&self, job: JobId) -> Result<(), Trouble> {
        self.ask(|reply| Call::Fetch(job, reply)).await?
    }
}

fn new_parcel(
    job: JobId,
    on: On,
    source: Dropped,
    probed: &Probed,
    wish: Wish,
    created_ms: i64,
) -> NewParcel {
    let note = Note {
        film: FilmId::random(),
        peer: on.peer,
        // What was to be found out about the picture has been, and what is lost was agreed to.
        choice: Choice {
            accept_losses: true,
            ..probed.parts.choice.clone()
        },
        bytes: source.bytes,
        offered: false,
        taken: false,
        arrived: false,
        held: false,
        wanted: !on.leave,
        made: None,
        here: false,
        last: None,
    };
    let memo = Memo {
        picture: probe::picture_words(&probed.parts.video),
        duration_us: probed.parts.info.duration_us,
        ..Memo::default()
    };
    NewParcel {
        job,
        note,
        wish,
        source,
        memo,
        created_ms,
    }
}

/// What earlier runs have left: films that are on their way, and last words. Their jobs are no jobs of an earlier run.
/// With a sentence where not all of it can be read.
///
/// # Errors
/// The store's.
pub(crate) async fn load(
    store: &store::Store,
    past: &mut BTreeMap<JobId, Past>,
) -> Result<(Parcels, Option<String>), StoreError> {
    let rows = store.call(|tables| {
        let rows = tables.setting::<Vec<Row>>(NOTES)?.unwrap_or_default();
        let (rows, unread) = film_notes::sorted(rows);
        // As the job's row has it: the film's own drive may not answer.
        let modified = |row| {
            tables
                .job(row)
                .ok()
                .flatten()
                .map(|job| job.source_modified)
        };
        let rows = rows.into_iter();
        let rows = rows.map(|(row, note)| ((row, note), modified(row).unwrap_or(0)));
        Ok((rows.collect::<Vec<_>>(), unread))
    });
    let (rows, unread) = rows.await?;
    let mut all = BTreeMap::new();
    for ((row, note), modified_ms) in rows {
        let was = past.get(&job_id(row));
        let over = was.map(|was| was.state.clone());
        let open = matches!(over, Some(JobState::Paused(_)));
        let was = if open {
            past.remove(&job_id(row))
        } else {
            was.cloned()
        };
        let film = note.film;
        let parcel = restored(job_id(row), note, modified_ms, was, over.as_ref());
        all.insert(film, parcel);
    }
    let notice = (!unread.is_empty()).then(|| words::some_not_read(unread.len()));
    let parcels = Parcels {
        all,
        unread,
        ..Parcels::default()
    };
    Ok((parcels, notice))
}

fn restored(
    job: JobId,
    mut note: Note,
    modified_ms: i64,
    was: Option<Past>,
    over: Option<&JobState>,
) -> Parcel {
    let kept = note.here && note.last.is_none();
    let last = match over {
        Some(JobState::Paused(_)) => note.last,
        Some(JobState::Completed(_)) => Some(Last::Collected),
        Some(JobState::Failed(_)) if kept => None,
        _ => note.last.or(Some(Last::Cancel)),
    };
    note.last = last;
    let failed = matches!(over, Some(JobState::Failed(_)));
    let was = was.unwrap_or_else(|| nothing(job));
    let new = NewParcel {
        job,
        source: Dropped {
            path: was.source,
            bytes: note.bytes,
            modified_ms,
        },
        note,
        wish: was.wish,
        memo: was.memo,
        created_ms: was.created_ms,
    };
    let mut parcel = Parcel::new(new);
    if failed && kept {
        parcel.state.on(Event::Kept);
    }
    parcel
}

/// Of a job that was taken off the list.
fn nothing(id: JobId) -> Past {
    Past {
        id,
        source: PathBuf::new(),
        source_bytes: 0,
        wish: Wish::default(),
        memo: Memo::default(),
        state: JobState::Cancelled,
        created_ms: 0,
        finished_ms: None,
        pieces: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The drive of a film may not answer when a node starts: what its job noted is enough to know it again.
    #[tokio::test]
    async fn a_film_is_restored_without_a_look_at_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = store::Store::open(folder.path()).unwrap();
        let source = folder.path().join("no drive/film.mkv");
        let job = store::NewJob {
            source: source.clone(),
            source_bytes: 1000,
            source_modified: 1234,
            source_sample: [1; 32],
            choice: serde_json::Value::Null,
            created: 1,
        };
        let film = FilmId::random();
        let note = Note {
            film,
            peer: schedule::PeerId([2; 32]),
            choice: Choice::default(),
            bytes: 1000,
            offered: true,
            taken: true,
            arrived: true,
            held: false,
            wanted: true,
            made: None,
            here: false,
            last: None,
        };
        let row = store.call(move |tables| {
            let row = tables.add_job(&job)?;
            tables.set_setting(NOTES, &[(row, note)])?;
            Ok(row)
        });
        let id = job_id(row.await.unwrap());
        let was = Past {
            source: source.clone(),
            state: JobState::Paused(String::new()),
            ..nothing(id)
        };
        let loaded = load(&store, &mut BTreeMap::from([(id, was)])).await;
        let (parcels, notice) = loaded.unwrap();
        assert_eq!(notice, None);
        let expected = Dropped {
            path: source,
            bytes: 1000,
            modified_ms: 1234,
        };
        assert_eq!(parcels.all[&film].source, expected);
    }
}
