//! Where a film that is sent away begins: looked at here, and noted; and what earlier runs have left of such films.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use media::choice::Choice;
use peer::FilmId;
use schedule::JobId;
use store::{JobState as StoredState, StoreError};

use super::decide::{Event, Last, Note};
use super::{NOTES, NewParcel, Parcel, Parcels, Row, job_row};
use crate::driver::{Call, unix_ms};
use crate::film_notes::{self, Noted};
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
        self.begin_away(on, dropped, probed, wish).await
    }

    /// Gives a film its number here, and hands it to the loop.
    async fn begin_away(
        &self,
        on: On,
        dropped: Dropped,
        probed: Probed,
        wish: Wish,
    ) -> Result<JobId, Trouble> {
        let id = self.record(&dropped, &wish.choice, &wish.terms).await?;
        let row = (unix_ms(), StoredState::Queued);
        let new = new_parcel((id, on), dropped, &probed, wish, row);
        if let Err(trouble) = self.hand_over(new).await {
            // Else what its user was refused would be sent at the next start.
            self.unrecord(id).await;
            return Err(trouble);
        }
        Ok(id)
    }

    async fn hand_over(&self, new: NewParcel) -> Result<(), Trouble> {
        self.make_folder(new.job)?;
        self.ask(|reply| Call::Send(Box::new(new), reply)).await?
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
        if self.ask(|reply| Call::TryAgain(id, reply)).await?? {
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
        let row = (row.created, row.state);
        let new = new_parcel((id, on), dropped, &probed, wish, row);
        self.hand_over(new).await
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
    (job, on): (JobId, On),
    source: Dropped,
    probed: &Probed,
    wish: Wish,
    (created_ms, was): (i64, StoredState),
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
        was,
    }
}

/// The jobs whose results are here and have no place yet, and those whose notes another build has written: their working
/// files are kept for as long as they are.
///
/// # Errors
/// The store's.
pub(crate) async fn kept(store: &store::Store) -> Result<BTreeSet<JobId>, StoreError> {
    let rows = store.call(|tables| tables.setting::<Vec<Row>>(NOTES));
    let rows = rows.await?.unwrap_or_default();
    let is_kept = |row: &&Row| match row {
        Noted::Read((_, note)) => note.is_here(),
        Noted::Unread(_) => true,
    };
    let kept = rows.iter().filter(is_kept).filter_map(job_row);
    Ok(kept.map(job_id).collect())
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
        let (film, job) = (note.film, job_id(row));
        // Sent again, a job has two notes until the first owner has heard the last word.
        let parcel = restored(job, note, modified_ms, past.get(&job));
        all.insert(film, parcel);
    }
    for parcel in all.values().filter(|parcel| parcel.state.is_open()) {
        past.remove(&parcel.job);
    }
    let (one, more) = (
        "film that was sent to another computer",
        "films that were sent to other computers",
    );
    let said = || film_notes::some_not_read(unread.len(), one, more);
    let notice = (!unread.is_empty()).then(said);
    let parcels = Parcels {
        all,
        unread,
        ..Parcels::default()
    };
    Ok((parcels, notice))
}

fn restored(job: JobId, mut note: Note, modified_ms: i64, was: Option<&Past>) -> Parcel {
    let (kept, over) = (note.is_here(), was.map(|was| &was.state));
    // The one that has heard a last word already is none that the job goes on with, or has come to.
    let last = note.last.or(match over {
        Some(JobState::Paused(_)) => None,
        Some(JobState::Completed(_)) => Some(Last::Collected),
        Some(JobState::Failed(_)) if kept => None,
        _ => Some(Last::Cancel),
    });
    note.last = last;
    let failed = matches!(over, Some(JobState::Failed(_)));
    let was = was.cloned().unwrap_or_else(|| nothing(job));
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
        was: StoredState::Queued,
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
    use std::fs;
    use std::path::Path;

    use serde_json::json;

    use super::*;
    use crate::alone;
    use crate::status::{Place, Terms};

    const OWNER: schedule::PeerId = schedule::PeerId([2; 32]);

    /// Of a film that its owner has.
    fn note() -> Note {
        Note {
            film: FilmId::random(),
            peer: OWNER,
            choice: Choice::default(),
            bytes: 8,
            offered: true,
            taken: true,
            arrived: true,
            held: false,
            wanted: true,
            made: None,
            here: false,
            last: None,
        }
    }

    fn job(source: PathBuf) -> store::NewJob {
        let on = On {
            peer: OWNER,
            participate: false,
            leave: false,
        };
        let terms = Terms {
            place: Place::InPlace { keep: None },
            on: Some(on),
            ..Terms::default()
        };
        let wish = Wish {
            terms,
            ..Wish::default()
        };
        store::NewJob {
            source,
            source_bytes: 8,
            source_modified: 1234,
            source_sample: [1; 32],
            choice: serde_json::to_value(wish).unwrap(),
            created: 1,
        }
    }

    /// A node's database with its jobs, and their films' notes: where those films are is paired, and not there.
    async fn left(home: &Path, jobs: Vec<(store::NewJob, StoredState, Option<Note>)>) {
        let store = store::Store::open(&home.join("data")).unwrap();
        let owner = store::Peer {
            id: OWNER.0,
            name: "owner".to_owned(),
            addresses: Vec::new(),
            may_use_me: false,
            i_may_use: true,
            paired: 1,
            last_seen: None,
        };
        let noting = store.call(move |tables| {
            tables.put_peer(&owner)?;
            let mut notes = Vec::new();
            for (job, state, note) in jobs {
                let row = tables.add_job(&job)?;
                if state.is_over() {
                    tables.end_job(row, state, None, 1)?;
                }
                notes.extend(note.map(|note| (row, note)));
            }
            tables.set_setting(NOTES, &notes)
        });
        noting.await.unwrap();
    }

    /// The result of a job where it is kept.
    fn returned(home: &Path, job: u64) -> PathBuf {
        let folder = home.join(format!("data/jobs/{job}"));
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join(super::super::RETURNED);
        fs::write(&file, "its result").unwrap();
        file
    }

    fn waits(id: JobId, source: PathBuf) -> BTreeMap<JobId, Past> {
        let was = Past {
            source,
            state: JobState::Paused(String::new()),
            ..nothing(id)
        };
        BTreeMap::from([(id, was)])
    }

    /// The drive of a film may not answer when a node starts: what its job noted is enough to know it again.
    #[tokio::test]
    async fn a_film_is_restored_without_a_look_at_it() {
        let home = tempfile::tempdir().unwrap();
        let source = home.path().join("no drive/film.mkv");
        let (note, queued) = (note(), StoredState::Queued);
        let film = note.film;
        left(home.path(), vec![(job(source.clone()), queued, Some(note))]).await;
        let store = store::Store::open(&home.path().join("data")).unwrap();
        let loaded = load(&store, &mut waits(JobId(1), source.clone())).await;
        let (parcels, notice) = loaded.unwrap();
        assert_eq!(notice, None);
        let expected = Dropped {
            path: source,
            bytes: 8,
            modified_ms: 1234,
        };
        assert_eq!(parcels.all[&film].source, expected);
    }

    /// It was cancelled while its owner was off, and tried again.
    #[tokio::test]
    async fn a_film_that_is_sent_again_is_not_ended_by_its_first_note() {
        let home = tempfile::tempdir().unwrap();
        let source = home.path().join("film.mkv");
        let queued = StoredState::Queued;
        left(home.path(), vec![(job(source.clone()), queued, None)]).await;
        let store = store::Store::open(&home.path().join("data")).unwrap();
        let first = Note {
            last: Some(Last::Cancel),
            ..note()
        };
        let (gone, live) = (first.film, note());
        let film = live.film;
        for notes in [[first.clone(), live.clone()], [live, first]] {
            let notes = notes.map(|note| (1, note));
            let noting = store.call(move |tables| tables.set_setting(NOTES, &notes));
            noting.await.unwrap();
            let mut past = waits(JobId(1), source.clone());
            let (parcels, _) = load(&store, &mut past).await.unwrap();
            assert!(parcels.all[&film].state.is_open());
            assert_eq!(parcels.all[&film].source.path, source);
            assert_eq!(parcels.all[&gone].state.note.last, Some(Last::Cancel));
            assert!(past.is_empty(), "it is no job of an earlier run");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_its_user_was_refused_is_not_sent_at_the_next_start() {
        let home = tempfile::tempdir().unwrap();
        let store = store::Store::open(&home.path().join("data")).unwrap();
        // What another build has noted of the job that comes.
        let notes = json!([[1, {"reel": 1}]]);
        let noting = store.call(move |tables| tables.set_setting(NOTES, &notes));
        noting.await.unwrap();
        drop(store);
        let node = alone::node(home.path()).await;
        let film = home.path().join("film.mp4");
        node.test_clip(film.clone(), 2).await.unwrap();
        let dropped = crate::intake::look(&film).unwrap();
        let probed = node.probe(&dropped, &Choice::default()).await.unwrap();
        let on = On {
            peer: OWNER,
            participate: false,
            leave: false,
        };
        let begun = node.begin_away(on, dropped, probed, Wish::default());
        let refused = begun.await.unwrap_err();
        assert_eq!(refused.kind, Kind::BadDataFolder, "{refused}");
        let jobs = node.0.store.call(|tables| tables.jobs()).await.unwrap();
        assert!(jobs.is_empty(), "{jobs:?}");
        assert!(!home.path().join("data/jobs/1").exists());
        node.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_was_ended_while_it_was_looked_at_is_not_sent() {
        let home = tempfile::tempdir().unwrap();
        let source = home.path().join("film.mkv");
        let cancelled = StoredState::Cancelled;
        left(home.path(), vec![(job(source.clone()), cancelled, None)]).await;
        let node = alone::node(home.path()).await;
        let send = async |was| {
            let memo = Memo {
                picture: "1080p".to_owned(),
                duration_us: Some(2_000_000),
                ..Memo::default()
            };
            let new = NewParcel {
                job: JobId(1),
                note: note(),
                wish: Wish::default(),
                source: Dropped {
                    path: source.clone(),
                    bytes: 8,
                    modified_ms: 1234,
                },
                memo,
                created_ms: 1,
                was,
            };
            let sent = node.ask(|reply| Call::Send(Box::new(new), reply)).await;
            sent.unwrap()
        };
        let refused = send(StoredState::Queued).await.unwrap_err();
        assert_eq!(refused.kind, Kind::NotNow, "{refused}");
        // Tried again, it is another matter; and what it is stays known.
        send(cancelled).await.unwrap();
        let row = node.0.store.call(|tables| tables.job(1)).await;
        let row = row.unwrap().unwrap();
        assert_eq!(row.state, StoredState::Queued);
        let memo: Memo = serde_json::from_value(row.memo).unwrap();
        assert_eq!(
            (memo.picture.as_str(), memo.duration_us),
            ("1080p", Some(2_000_000))
        );
        node.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_result_of_what_is_held_is_not_fetched() {
        let home = tempfile::tempdir().unwrap();
        let source = home.path().join("film.mkv");
        let held = Note {
            held: true,
            ..note()
        };
        left(
            home.path(),
            vec![(job(source), StoredState::Queued, Some(held))],
        )
        .await;
        let node = alone::node(home.path()).await;
        let refused = node.fetch(JobId(1)).await.unwrap_err();
        assert_eq!(refused.kind, Kind::NotNow);
        assert_eq!(
            refused.message,
            "Job 1 is held: resume it first, then its result is brought."
        );
        node.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_result_that_waits_for_its_place_is_never_swept() {
        let home = tempfile::tempdir().unwrap();
        let here = Note {
            here: true,
            ..note()
        };
        let given_up = Note {
            last: Some(Last::Cancel),
            ..here.clone()
        };
        let film = |n| job(home.path().join(format!("film{n}.mkv")));
        let failed = StoredState::Failed;
        // All of them long ago.
        let jobs = vec![
            (film(1), failed, Some(here)),
            (film(2), failed, Some(given_up)),
            (film(3), failed, None),
        ];
        left(home.path(), jobs).await;
        let files = [1, 2, 3].map(|job| returned(home.path(), job));
        let node = alone::node(home.path()).await;
        assert_eq!(files.map(|file| file.exists()), [true, false, false]);
        node.stop().await;
    }

    /// A film that was cut off when it and its result had traded places, and is kept so.
    fn half_way(disk: &Path, job: i64) -> store::Original {
        let at = |name: &str| disk.join(name);
        fs::write(at("film.mkv.bak"), "the film").unwrap();
        fs::write(at("film.mkv"), "its result").unwrap();
        alone::half_way(disk, job, &Memo::default())
    }

    /// Moves the disk's files away, or back.
    fn moved(from: &Path, to: &Path) {
        for one in fs::read_dir(from).unwrap() {
            let path = one.unwrap().path();
            fs::rename(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }

    /// Its disk is away when the node starts. An earlier build has called such a job failed.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_film_that_is_half_way_replaced_is_done_once_its_disk_is_there() {
        for state in [StoredState::Queued, StoredState::Failed] {
            let home = tempfile::tempdir().unwrap();
            let (disk, away) = (home.path().join("disk"), home.path().join("away"));
            fs::create_dir(&disk).unwrap();
            fs::create_dir(&away).unwrap();
            let here = Note {
                here: true,
                ..note()
            };
            let jobs = vec![(job(disk.join("film.mkv")), state, Some(here))];
            left(home.path(), jobs).await;
            let file = returned(home.path(), 1);
            let cut = half_way(&disk, 1);
            let store = store::Store::open(&home.path().join("data")).unwrap();
            let noting = store.call(move |tables| tables.put_original(&cut));
            noting.await.unwrap();
            drop(store);
            moved(&disk, &away);
            let node = alone::node(home.path()).await;
            // For long enough to be looked at.
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            let job = alone::until(&node, JobId(1), |_| true).await;
            assert_eq!(
                job.finished_ms.is_some(),
                state.is_over(),
                "{:?}",
                job.state
            );
            assert!(file.exists());
            moved(&away, &disk);
            node.look_at_originals().await;
            let done = |job: &crate::status::JobStatus| matches!(job.state, JobState::Completed(_));
            alone::until(&node, JobId(1), done).await;
            let read = |tables: &store::Tables<'_>| tables.setting::<Vec<(i64, Note)>>(NOTES);
            let notes = node.0.store.call(read).await.unwrap().unwrap();
            assert_eq!(notes[0].1.last, Some(Last::Collected));
            assert!(!file.exists());
            assert_eq!(fs::read(disk.join("film.mkv")).unwrap(), b"its result");
            node.stop().await;
        }
    }
}
