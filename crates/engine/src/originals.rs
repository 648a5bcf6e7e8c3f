//! Originals of films that were replaced: listed, had back, deleted when asked or when their time is over.

use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;

use media::choice::Choice;
use schedule::JobId;
use store::{Original, OriginalPhase, StoreError};
use tokio::runtime::Handle;
use tokio::sync::OwnedMutexGuard;

use crate::again;
use crate::driver::{Core, Mail, unix_ms};
use crate::intake::Dropped;
use crate::job::Past;
use crate::journal::{self, job_id, row_id};
use crate::node::{Inner, Node};
use crate::replace::{self, Ledger};
use crate::status::{JobState, OriginalStatus, Place, Terms};
use crate::trouble::{Kind, Trouble};

/// From the start to the first look: the node has better things to do.
const AT_FIRST: Duration = Duration::from_secs(30);
/// Between two looks at whose time is over.
const LOOK: Duration = Duration::from_secs(15 * 60);

impl Node {
    /// All originals that are known, the newest first.
    ///
    /// # Errors
    /// The store's.
    pub async fn originals(&self) -> Result<Vec<OriginalStatus>, Trouble> {
        let rows = self.0.store.call(|tables| tables.originals()).await;
        let rows = rows.map_err(|e| Trouble::new(Kind::BadDataFolder, e.to_string()))?;
        Ok(rows.iter().rev().map(replace::status).collect())
    }

    /// Puts the original back that a job's result replaced; the result is gone then.
    ///
    /// # Errors
    /// Why not; nothing was changed then.
    pub async fn undo(&self, job: JobId) -> Result<(), Trouble> {
        self.with_original(job, replace::undo).await
    }

    /// Deletes the original that a job's result replaced.
    ///
    /// # Errors
    /// Why not; it is kept then.
    pub async fn delete_original(&self, job: JobId) -> Result<(), Trouble> {
        self.with_original(job, replace::delete).await
    }

    /// The job that made this very file, by this very wish, and put it in the place of its original: so that a command
    /// that is typed again, perhaps since it was cut off, does not encode its own results.
    pub(crate) async fn made_before(
        &self,
        dropped: &Dropped,
        choice: &Choice,
        terms: &Terms,
    ) -> Option<JobId> {
        if !matches!(terms.place, Place::InPlace { .. }) {
            return None;
        }
        let wish = again::wish(choice, terms)?;
        let rows = self.0.store.call(|tables| tables.originals()).await.ok()?;
        let path = dropped.path.clone();
        // Disks are looked at where nobody waits: not on the database's thread.
        let looked = tokio::task::spawn_blocking(move || made_there(rows, &path));
        let jobs = looked.await.ok()?;
        let made = self.0.store.call(move |tables| {
            for row in jobs {
                let job = tables.job(row)?;
                if job.is_some_and(|job| job.choice == wish) {
                    return Ok(Some(row));
                }
            }
            Ok(None)
        });
        made.await.ok().flatten().map(job_id)
    }

    async fn with_original(
        &self,
        job: JobId,
        work: fn(&Ledger, &mut Original) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        let turn = self.0.ledger.turn().await;
        let row = self.original(job).await?;
        self.moved(turn, row, work).await
    }

    async fn original(&self, job: JobId) -> Result<Original, Trouble> {
        let id = row_id(job);
        let row = self.0.store.call(move |tables| tables.original(id)).await;
        let row = row.map_err(|e| Trouble::new(Kind::BadDataFolder, e.to_string()))?;
        row.ok_or_else(|| {
            let text = format!("Job {job} has replaced no film.");
            Trouble::new(Kind::NotNow, text).help("`manyhands originals` lists those that have.")
        })
    }

    /// Does something with an original. Whoever waits for that may go: the turn is let go when it is done.
    async fn moved(
        &self,
        turn: OwnedMutexGuard<()>,
        mut row: Original,
        work: fn(&Ledger, &mut Original) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        let ledger = self.0.ledger.clone();
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            (work(&ledger, &mut row), row)
        });
        let (done, row) = done
            .await
            .map_err(|e| Trouble::new(Kind::Other, e.to_string()))?;
        // A loop that has ended shows nothing any more.
        let _ = self
            .0
            .mail
            .send(Mail::Original(Box::new(replace::status(&row))));
        done
    }

    /// Deletes the originals whose time is over, and goes on with what a missing disk held up.
    pub(crate) async fn look_at_originals(&self) {
        self.settle_originals().await;
        let rows = self.0.store.call(|tables| tables.originals()).await;
        for row in rows.unwrap_or_default().iter().filter(|row| is_due(row)) {
            let job = job_id(row.job);
            if let Err(trouble) = self.delete_if_due(job).await {
                tracing::debug!(%job, %trouble, "an original is kept beyond its time");
            }
        }
    }

    async fn settle_originals(&self) {
        let turn = self.0.ledger.turn().await;
        // A loop that has ended shows nothing any more.
        let tell = |mail| drop(self.0.mail.send(mail));
        let set = self.0.ledger.look_at_clock().await;
        if set.is_some() || !self.0.ledger.holds() {
            tell(Mail::Unsay(replace::CLOCK_WAS_SET));
        }
        set.into_iter().for_each(|said| tell(Mail::Notice(said)));
        let (node, runtime) = (self.clone(), Handle::current());
        let settling = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let keeps = || runtime.block_on(node.keeps_originals());
            replace::settle(&node.0.ledger, &keeps)
        });
        // What cannot be gone on with yet was told at the start.
        let settled = settling.await.unwrap_or_default();
        for original in settled.moved {
            tell(Mail::Original(Box::new(original)));
        }
        for (job, output) in settled.forgotten {
            tell(Mail::NotReplaced { job, output });
        }
        for said in settled.notices {
            tell(Mail::Notice(said));
        }
    }

    /// Whether no original is deleted now, whatever its time. Who cannot be asked keeps them.
    async fn keeps_originals(&self) -> bool {
        let settings = self.settings().await;
        self.0.ledger.holds() || settings.map_or(true, |settings| settings.replace.testing_mode)
    }

    /// Deletes an original whose time is over. All is asked once more when its turn has come: that may take a while.
    async fn delete_if_due(&self, job: JobId) -> Result<(), Trouble> {
        let turn = self.0.ledger.turn().await;
        let row = self.original(job).await?;
        if self.keeps_originals().await || !is_due(&row) {
            return Ok(());
        }
        self.moved(turn, row, replace::delete).await
    }
}

/// Whether the time of an original that is kept is over.
fn is_due(row: &Original) -> bool {
    let kept = row.phase == OriginalPhase::Kept;
    kept && swap::due(row.replaced, row.until, false, unix_ms())
}

/// The jobs whose result is at this path, the newest first. Blocks.
fn made_there(rows: Vec<Original>, path: &Path) -> Vec<i64> {
    let Ok(real) = path.canonicalize() else {
        return Vec::new();
    };
    let named = real.file_name();
    let is_it = |row: &Original| {
        // A folder above may be written in several ways, the name may not.
        row.target.file_name() == named
            && row.target.canonicalize().is_ok_and(|target| target == real)
            && replace::is_its_result(row)
    };
    let rows = rows.into_iter().rev().filter(is_it);
    rows.map(|row| row.job).collect()
}

impl Core {
    /// What became of an original. What was said while it could not be gone on with holds no more.
    pub(crate) async fn original_says(&mut self, original: OriginalStatus) {
        self.unsay(&replace::half_way(&original.output));
        let job = original.job;
        self.originals.insert(job, original);
        self.look_again_at(job).await;
        self.check_again(job);
    }

    /// A job that waits, or is taken for failed, is done where its result has taken the film's place since.
    async fn look_again_at(&mut self, job: JobId) {
        let is_done = |past: &Past| matches!(past.state, JobState::Completed(_));
        if self.past.get(&job).is_none_or(is_done) {
            return;
        }
        let row = row_id(job);
        let row = self.store.call(move |tables| tables.job(row)).await;
        let row = row.ok().flatten();
        let done = row.filter(|row| row.state == store::JobState::Completed);
        let (Some(row), Some(past)) = (done, self.past.get_mut(&job)) else {
            return;
        };
        let pieces = std::mem::take(&mut past.pieces);
        *past = Past {
            pieces,
            ..journal::past(row, Vec::new())
        };
        self.kept_is_placed(job).await;
    }

    /// Whether a job's film is half-way replaced: that is gone on with once its disk is there, and with that the job is done.
    pub(crate) async fn is_half_way(&self, job: JobId) -> bool {
        let row = row_id(job);
        let known = self.store.call(move |tables| tables.original(row)).await;
        let known = known.ok().flatten();
        known.is_some_and(|known| known.phase == OriginalPhase::Replacing)
    }

    /// A film whose replacing was cut off was not replaced after all.
    pub(crate) fn not_replaced(&mut self, job: JobId, output: &Path) {
        self.unsay(&replace::half_way(output));
        self.originals.remove(&job);
        self.check_again(job);
    }

    /// What was said with these first words holds no more.
    pub(crate) fn unsay(&mut self, said: &str) {
        self.notices.retain(|text| !text.starts_with(said));
    }

    /// A job that is called off does not replace its film after all, where that was cut off half-way: it goes back.
    pub(crate) async fn call_off(&self, job: JobId) -> Result<(), Trouble> {
        let stored = |e: StoreError| Trouble::new(Kind::BadDataFolder, e.to_string());
        let row = row_id(job);
        let known = self.store.call(move |tables| tables.original(row)).await;
        let known = known.map_err(stored)?;
        if known.is_none_or(|known| known.phase != OriginalPhase::Replacing) {
            return Ok(());
        }
        let Some(_turn) = self.ledger.turn_at_once() else {
            let text =
                "Files are just being moved for a film that is replaced: that takes a moment.";
            return Err(Trouble::new(Kind::NotNow, text).help("Try it again then."));
        };
        let given_up = self.store.call(move |tables| tables.return_original(row));
        given_up.await.map(drop).map_err(stored)
    }

    /// Whether a proved result may take its film's place now. If so, the job is not called off until it has.
    pub(crate) fn may_place(&mut self, id: JobId) -> bool {
        if let Some(may) = self.may_place_parcel(id) {
            return may;
        }
        let combines = self.farm.state(id) == Some(&schedule::JobState::Combining);
        let job = self.jobs.get_mut(&id);
        let Some(job) =
            job.filter(|job| combines && job.ended.is_none() && !job.joining.is_cancelled())
        else {
            return false;
        };
        job.placing = true;
        true
    }
}

/// Looks after the originals for as long as the node is there.
pub(crate) async fn look_after(node: Weak<Inner>) {
    tokio::time::sleep(AT_FIRST).await;
    loop {
        let Some(node) = node.upgrade() else { return };
        if node.mail.is_closed() {
            return;
        }
        Node(Arc::clone(&node)).look_at_originals().await;
        drop(node);
        tokio::time::sleep(LOOK).await;
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;
    use swap::Identity;

    use super::*;
    use crate::alone;
    use crate::job::Memo;
    use crate::status::{OriginalState, Settings};

    /// A film that was replaced by a job of that number, its original kept until a time.
    fn replaced(folder: &Path, job: i64, until: Option<i64>) -> Original {
        let at = |name: &str| folder.join(format!("{job}{name}"));
        fs::write(at(".mkv"), "its result").unwrap();
        fs::write(at(".mkv.bak"), "the film").unwrap();
        let identity = |name: &str| Identity::of(&at(name)).unwrap();
        Original {
            job,
            source: at(".mkv"),
            target: at(".mkv"),
            backup: at(".mkv.bak"),
            aside: at(".part"),
            receipt: at(".json"),
            phase: OriginalPhase::Kept,
            step: String::new(),
            memo: json!({
                "original": identity(".mkv.bak"), "result": identity(".mkv"), "outcome": Memo::default(),
            }),
            bytes: 8,
            replaced: 0,
            until,
        }
    }

    async fn states(node: &Node) -> Vec<(u64, OriginalState, bool)> {
        let all = node.originals().await.unwrap().into_iter();
        let mut all: Vec<_> = all
            .map(|one| (one.job.0, one.state, one.trouble.is_some()))
            .collect();
        all.sort_by_key(|one| one.0);
        all
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_original_goes_when_its_time_is_over_and_not_before() {
        use OriginalState::{Deleted, Kept};
        let folder = tempfile::tempdir().unwrap();
        let node = alone::node(folder.path()).await;
        let later = unix_ms() + 60_000;
        let rows = [
            (1, Some(1)),
            (2, Some(later)),
            (3, None),
            (4, Some(1)),
            (5, Some(1)),
        ];
        for (job, until) in rows {
            let row = replaced(folder.path(), job, until);
            let put = node.0.store.call(move |tables| tables.put_original(&row));
            put.await.unwrap();
        }
        // Somebody has made something of these: the first result, and the second original.
        fs::write(folder.path().join("4.mkv"), "cut").unwrap();
        fs::write(folder.path().join("5.mkv.bak"), "cut").unwrap();

        let testing = |on| {
            let mut settings = Settings {
                name: "alone".into(),
                ..Settings::default()
            };
            settings.replace.testing_mode = on;
            node.set_settings(settings)
        };
        testing(true).await.unwrap();
        node.look_at_originals().await;
        assert!(states(&node).await.iter().all(|one| one.1 == Kept));

        testing(false).await.unwrap();
        node.look_at_originals().await;
        let expected = [
            (1, Deleted, false),
            (2, Kept, false),
            (3, Kept, false),
            (4, Kept, true),
            (5, Kept, true),
        ];
        assert_eq!(states(&node).await, expected);
        let is_there = |name: &str| folder.path().join(name).exists();
        assert!(!is_there("1.mkv.bak") && is_there("1.mkv"));
        assert!(
            [2, 3, 4, 5]
                .iter()
                .all(|n| is_there(&format!("{n}.mkv.bak")))
        );

        node.stop().await;
    }

    async fn put(node: &Node, row: Original) {
        let put = node.0.store.call(move |tables| tables.put_original(&row));
        put.await.unwrap();
    }

    fn moved(from: &Path, to: &Path) {
        for one in fs::read_dir(from).unwrap() {
            let path = one.unwrap().path();
            fs::rename(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_asked_of_a_disk_that_is_away_is_not_done_later() {
        let folder = tempfile::tempdir().unwrap();
        let (disk, away) = (folder.path().join("disk"), folder.path().join("away"));
        fs::create_dir(&disk).unwrap();
        fs::create_dir(&away).unwrap();
        let node = alone::node(folder.path()).await;
        put(&node, replaced(&disk, 8, Some(1))).await;
        moved(&disk, &away);
        let job = JobId(8);
        for asked in [node.undo(job).await, node.delete_original(job).await] {
            let trouble = asked.unwrap_err();
            assert!(
                trouble.help.starts_with("Nothing was changed."),
                "{trouble}"
            );
        }
        // Its time is over, too.
        node.look_at_originals().await;
        let kept = [(8, OriginalState::Kept, false)];
        assert_eq!(states(&node).await, kept);
        moved(&away, &disk);
        testing(&node, true).await;
        node.look_at_originals().await;
        assert_eq!(states(&node).await, kept);
        let is = |name: &str| fs::read_to_string(disk.join(name)).unwrap();
        assert_eq!(
            (is("8.mkv"), is("8.mkv.bak")),
            ("its result".into(), "the film".into())
        );
        node.stop().await;
    }

    async fn testing(node: &Node, on: bool) {
        let mut settings = node.settings().await.unwrap();
        settings.replace.testing_mode = on;
        node.set_settings(settings).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_deletion_that_was_cut_off_is_asked_about_anew() {
        let folder = tempfile::tempdir().unwrap();
        let node = alone::node(folder.path()).await;
        // Cut off before anything was done; once by when something else has the result's name and time.
        for job in [9, 10] {
            let mut cut = replaced(folder.path(), job, Some(1));
            cut.phase = OriginalPhase::Deleting;
            put(&node, cut).await;
        }
        testing(&node, true).await;
        node.look_at_originals().await;
        let kept = OriginalState::Kept;
        assert_eq!(states(&node).await, [(9, kept, false), (10, kept, false)]);
        testing(&node, false).await;
        fs::write(folder.path().join("10.mkv"), "cut").unwrap();
        node.look_at_originals().await;
        let deleted = OriginalState::Deleted;
        assert_eq!(states(&node).await, [(9, deleted, false), (10, kept, true)]);
        assert!(folder.path().join("10.mkv.bak").exists());
        node.stop().await;
    }

    /// Until the original's fate is asked for, the film is being proved, which may take hours.
    #[tokio::test(flavor = "multi_thread")]
    async fn testing_mode_that_is_turned_on_during_a_proof_keeps_the_original() {
        let folder = tempfile::tempdir().unwrap();
        let node = alone::node(folder.path()).await;
        let film = folder.path().join("film.mp4");
        node.test_clip(film.clone(), 2).await.unwrap();
        let original = fs::read(&film).unwrap();
        let turn = node.0.ledger.turn().await;
        let terms = Terms {
            only_here: true,
            place: Place::InPlace {
                keep: Some(swap::Keep::Never),
            },
            ..Terms::default()
        };
        let choice = Choice {
            purpose: media::choice::Purpose::Everywhere,
            ..Choice::default()
        };
        let job = node.submit(film.clone(), choice, terms).await.unwrap();
        let held = alone::until(&node, job, |job| {
            matches!(job.state, JobState::Combining) || job.finished_ms.is_some()
        });
        assert!(held.await.finished_ms.is_none());
        testing(&node, true).await;
        drop(turn);
        let state = alone::over(&node, job).await.state;
        assert!(matches!(state, JobState::Completed(_)), "{state:?}");
        assert_eq!(
            fs::read(folder.path().join("film.mp4.bak")).unwrap(),
            original
        );
        assert_ne!(fs::read(&film).unwrap(), original);
        node.stop().await;
    }

    /// Others' originals are moved before its turn comes, which may take a while.
    #[tokio::test(flavor = "multi_thread")]
    async fn testing_mode_that_is_turned_on_while_a_deletion_waits_keeps_the_original() {
        let folder = tempfile::tempdir().unwrap();
        let node = alone::node(folder.path()).await;
        put(&node, replaced(folder.path(), 12, Some(1))).await;
        let turn = node.0.ledger.turn().await;
        let waiting = node.clone();
        let waits = tokio::spawn(async move { waiting.delete_if_due(JobId(12)).await });
        tokio::time::sleep(Duration::from_millis(50)).await;
        testing(&node, true).await;
        drop(turn);
        waits.await.unwrap().unwrap();
        assert_eq!(states(&node).await, [(12, OriginalState::Kept, false)]);
        testing(&node, false).await;
        node.delete_if_due(JobId(12)).await.unwrap();
        assert_eq!(states(&node).await, [(12, OriginalState::Deleted, false)]);
        node.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn who_goes_away_does_not_let_go_of_the_turn() {
        fn slow(_: &Ledger, _: &mut Original) -> Result<(), Trouble> {
            std::thread::sleep(Duration::from_millis(500));
            Ok(())
        }
        let folder = tempfile::tempdir().unwrap();
        let node = alone::node(folder.path()).await;
        put(&node, replaced(folder.path(), 13, None)).await;
        let asked = node.with_original(JobId(13), slow);
        let gone = tokio::time::timeout(Duration::from_millis(100), asked).await;
        assert!(gone.is_err(), "it was too quick");
        assert!(node.0.ledger.turn_at_once().is_none());
        drop(node.0.ledger.turn().await);
        node.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_comes_to_nothing_is_said_and_not_shown_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let node = alone::node(folder.path()).await;
        let mut cut = replaced(folder.path(), 11, None);
        cut.phase = OriginalPhase::Replacing;
        let theirs = folder.path().join("theirs");
        fs::write(&theirs, "another film").unwrap();
        fs::rename(&theirs, &cut.source).unwrap();
        put(&node, cut.clone()).await;
        let half_way = format!("{}, as was said.", replace::half_way(&cut.target));
        for said in [
            Mail::Original(Box::new(replace::status(&cut))),
            Mail::Notice(half_way.clone()),
        ] {
            node.0.mail.send(said).unwrap();
        }
        node.look_at_originals().await;
        let notices = node.status().await.unwrap().notices;
        assert!(!notices.contains(&half_way), "{notices:?}");
        let backup = cut.backup.display().to_string();
        assert!(
            notices.iter().any(|said| said.contains(&backup)),
            "{notices:?}"
        );
        assert!(states(&node).await.is_empty());
        node.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_was_said_of_the_clock_is_not_said_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let node = alone::node(folder.path()).await;
        let said = format!("{} forward by about 31 days.", replace::CLOCK_WAS_SET);
        node.0.mail.send(Mail::Notice(said.clone())).unwrap();
        let is_said = async || node.status().await.unwrap().notices.contains(&said);
        assert!(is_said().await);
        node.look_at_originals().await;
        assert!(!is_said().await);
        node.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_job_that_is_called_off_half_way_replaces_nothing_later() {
        let folder = tempfile::tempdir().unwrap();
        let (disk, away) = (folder.path().join("disk"), folder.path().join("away"));
        fs::create_dir(&disk).unwrap();
        fs::create_dir(&away).unwrap();
        let store = store::Store::open(&folder.path().join("data")).unwrap();
        let job = store::NewJob {
            source: disk.join("1.mkv"),
            source_sample: [0; 32],
            source_bytes: 8,
            source_modified: 0,
            choice: serde_json::to_value(crate::job::Wish::default()).unwrap(),
            created: 1,
        };
        let id = store
            .call(move |tables| tables.add_job(&job))
            .await
            .unwrap();
        assert_eq!(id, 1);
        // Killed when the two had traded places, and the disk is away at the next start.
        let mut cut = replaced(&disk, id, None);
        cut.phase = OriginalPhase::Replacing;
        let noted = store.call(move |tables| tables.put_original(&cut));
        noted.await.unwrap();
        drop(store);
        moved(&disk, &away);
        let node = alone::node(folder.path()).await;
        assert_eq!(states(&node).await, [(1, OriginalState::Moving, false)]);
        node.steer(JobId(1), crate::node::Steer::Cancel)
            .await
            .unwrap();
        moved(&away, &disk);
        node.look_at_originals().await;
        assert!(states(&node).await.is_empty());
        let left: Vec<_> = fs::read_dir(&disk).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
        assert_eq!(fs::read(disk.join("1.mkv")).unwrap(), b"the film");
        node.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn two_films_do_not_get_one_name() {
        let folder = tempfile::tempdir().unwrap();
        let node = alone::node(folder.path()).await;
        let at = |name: &str| folder.path().join(name);
        node.test_clip(at("film.mp4"), 2).await.unwrap();
        fs::copy(at("film.mp4"), at("Film.mov")).unwrap();
        fs::copy(at("film.mp4"), at("other.mov")).unwrap();
        let terms = Terms {
            only_here: true,
            place: Place::InPlace { keep: None },
            ..Terms::default()
        };
        let choice = Choice {
            container: Some(media::choice::Container::Mkv),
            ..Choice::default()
        };
        // Until then nothing gets its place.
        let turn = node.0.ledger.turn().await;
        let submit =
            |name: &str, choice: &Choice| node.submit(at(name), choice.clone(), terms.clone());
        submit("film.mp4", &choice).await.unwrap();
        let refused = submit("Film.mov", &choice).await.unwrap_err();
        assert_eq!(refused.kind, Kind::OutputTaken, "{refused}");
        assert!(refused.message.contains("film.mp4"), "{refused}");
        let better = Choice {
            quality: Some(20),
            ..choice.clone()
        };
        let refused = submit("film.mp4", &better).await.unwrap_err();
        assert_eq!(refused.kind, Kind::NotNow, "{refused}");
        submit("other.mov", &choice).await.unwrap();
        drop(turn);
        node.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_was_cut_off_is_gone_on_with_once_its_disk_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let node = alone::node(folder.path()).await;
        let mut cut = replaced(folder.path(), 6, None);
        cut.phase = OriginalPhase::Undoing;
        let mut away = replaced(folder.path(), 7, None);
        away.phase = OriginalPhase::Undoing;
        let names = ["7.mkv", "7.mkv.bak"].map(|name| folder.path().join(name));
        let elsewhere = |path: &Path| path.with_extension("away");
        for path in &names {
            fs::rename(path, elsewhere(path)).unwrap();
        }
        let put = node.0.store.call(move |tables| {
            tables.put_original(&cut)?;
            tables.put_original(&away)
        });
        put.await.unwrap();
        node.look_at_originals().await;
        let (back, waits) = (OriginalState::Restored, OriginalState::Moving);
        assert_eq!(states(&node).await, [(6, back, false), (7, waits, false)]);
        for path in &names {
            fs::rename(elsewhere(path), path).unwrap();
        }
        node.look_at_originals().await;
        assert_eq!(states(&node).await, [(6, back, false), (7, back, false)]);
        for name in ["6.mkv", "7.mkv"] {
            let found = fs::read_to_string(folder.path().join(name));
            assert_eq!(found.unwrap(), "the film");
        }
        node.stop().await;
    }
}
