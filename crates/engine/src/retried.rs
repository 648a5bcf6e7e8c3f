//! A job that has failed is tried again in the same run. What ran for it beside its segments has ended with its failure, and
//! is begun again as far as it had not come to its end.

use std::sync::Arc;

use hindsight::PhaseKind;
use media::Index;
use media::gop::Anomaly;
use plan::cut::Segment;
use schedule::JobId;
use tokio_util::sync::CancellationToken;

use crate::driver::{Core, Mail, unix_ms};
use crate::film::Film;
use crate::job::{CompanionState, Job};
use crate::probe::{self, Indexing};
use crate::trouble::Trouble;

impl Core {
    /// Begins again what ran for a job beside its segments, where that is not done.
    pub(crate) fn begin_beside_again(&mut self, id: JobId) {
        // A film that is just being repaired goes on with that.
        let Some(job) = self.jobs.get_mut(&id).filter(|job| !job.repairing) else {
            return;
        };
        let unlisted = !job.film.index().is_finished();
        if unlisted {
            // Whoever lists its packets still is not heard any more.
            job.cancel.cancel();
            job.generation += 1;
        }
        if !job.cancel.is_cancelled() {
            // Its segments have failed, and nothing else.
            return;
        }
        job.cancel = CancellationToken::new();
        if matches!(job.companion, CompanionState::Pending) {
            self.accompany(id);
        }
        if unlisted {
            self.list_anew(id);
        }
    }

    /// Lists a film's packets from their beginning. What is known of them stays until then: parts of that are in work.
    fn list_anew(&mut self, id: JobId) {
        let (Some(bench), Some(job)) = (self.bench.clone(), self.jobs.get(&id)) else {
            return;
        };
        self.chronicle.begin(id, PhaseKind::Plan, unix_ms());
        let (film, cancel, generation) =
            (Arc::clone(&job.film), job.cancel.clone(), job.generation);
        let mail = self.mail.clone();
        tokio::spawn(async move {
            let result = tokio::select! {
                result = probe::index_whole(&bench.ffmpeg, film.parts()) => result,
                () = cancel.cancelled() => return,
            };
            let _ = mail.send(Mail::Listed {
                job: id,
                generation,
                result,
            });
        });
    }

    /// A film's packets were listed anew.
    pub(crate) fn listed_anew(
        &mut self,
        id: JobId,
        generation: u32,
        result: Result<(Arc<Film>, Option<Anomaly>), Trouble>,
    ) {
        let current = |job: &&Job| job.generation == generation;
        let Some(job) = self.jobs.get(&id).filter(current) else {
            return;
        };
        let said = match result {
            Err(trouble) => return self.fail(id, trouble),
            Ok((_, Some(anomaly))) => Indexing::Anomaly(anomaly),
            Ok((film, None)) if goes_on_by(job, &film) => Indexing::Finished,
            Ok((film, None)) => return self.plan_anew(id, film),
        };
        self.index_says(id, generation, said);
    }

    /// A film reads otherwise than it did before: what was cut of it is void.
    fn plan_anew(&mut self, id: JobId, film: Arc<Film>) {
        let Some(anew) = self.void(id) else { return };
        let (job, generation) = (id, anew.generation);
        let found = Mail::Normalised {
            job,
            generation,
            result: Ok(film),
        };
        let said = Mail::Index {
            job,
            generation,
            said: Indexing::Finished,
        };
        for mail in [found, said] {
            // Once what is void is thrown away, which is decided before the next piece of mail.
            let _ = self.mail.send(mail);
        }
    }
}

/// Puts the whole list of a film's packets in the place of the one that broke off, if what was cut by that one is the same by
/// this.
fn goes_on_by(job: &Job, film: &Film) -> bool {
    if film.timebase() != job.film.timebase() || !has_all(&film.index(), &job.segments) {
        return false;
    }
    std::mem::swap(&mut *job.film.index(), &mut *film.index());
    if let Some(listed) = film.listed() {
        job.film.add_listed(listed);
    }
    true
}

/// Whether each of these has the frames in this list that it was cut with.
fn has_all(index: &Index, segments: &[Segment]) -> bool {
    segments.iter().all(|segment| {
        let shown = index.shown(segment.span);
        shown.is_ok_and(|times| {
            times.len() == segment.frames as usize && times.first() == Some(&segment.span.start.0)
        })
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::time::{Duration, Instant};

    use media::choice::{Choice, Purpose};

    use super::*;
    use crate::alone;
    use crate::driver::NewJob;
    use crate::film::FilmParts;
    use crate::journal::row_id;
    use crate::node::{Node, Steer, look};
    use crate::status::{JobState, JobStatus, Terms};
    use crate::trouble::Kind;

    /// What is wished for here.
    fn wish() -> (Choice, Terms) {
        let choice = Choice {
            purpose: Purpose::Everywhere,
            ..Choice::default()
        };
        let terms = Terms {
            only_here: true,
            ..Terms::default()
        };
        (choice, terms)
    }

    /// A recorded job of a film that was looked at, and is not begun.
    async fn recorded(node: &Node, film: &Path) -> (JobId, FilmParts) {
        node.test_clip(film.to_owned(), 2).await.unwrap();
        let (choice, terms) = wish();
        let (dropped, _) = look(film, &choice, &terms).unwrap();
        let probed = node.probe(&dropped, &choice).await.unwrap().agree();
        let id = node.record(&dropped, &choice, &terms).await.unwrap();
        (id, probed.parts)
    }

    async fn is_over(node: &Node, id: JobId) -> JobStatus {
        let over = tokio::time::timeout(Duration::from_secs(120), alone::over(node, id));
        over.await.expect("it never ends")
    }

    /// How the job fails, and that it completes when it is tried again.
    async fn fails_and_completes(node: &Node, id: JobId) -> Trouble {
        let JobState::Failed(trouble) = is_over(node, id).await.state else {
            panic!("it has not failed");
        };
        node.steer(id, Steer::Retry).await.unwrap();
        let state = is_over(node, id).await.state;
        assert!(matches!(state, JobState::Completed(_)), "{state:?}");
        trouble
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_failed_while_its_sound_was_read_completes_in_the_same_run() {
        let home = tempfile::tempdir().unwrap();
        let node = alone::node(home.path()).await;
        let film = home.path().join("film.mp4");
        node.test_clip(film.clone(), 2).await.unwrap();
        let (choice, terms) = wish();
        let id = node.submit(film, choice, terms).await.unwrap();
        let unread = Mail::Companion {
            job: id,
            generation: 0,
            result: Err("Input/output error".to_owned()),
        };
        node.0.mail.send(unread).unwrap();
        let trouble = fails_and_completes(&node, id).await;
        assert_eq!(trouble.kind, Kind::Unreadable, "{trouble}");
        assert!(
            trouble.help.contains("what is encoded is kept"),
            "{trouble}"
        );
        node.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_film_whose_reading_broke_off_is_read_again_in_the_same_run() {
        let home = tempfile::tempdir().unwrap();
        let node = alone::node(home.path()).await;
        let (id, parts) = recorded(&node, &home.path().join("film.mp4")).await;
        node.make_folder(id).unwrap();
        let ffmpeg = node.bench().unwrap().ffmpeg.clone();
        let (film, go) = probe::index(&ffmpeg, parts, |_| ()).await.unwrap();
        // Nobody reads on.
        drop(go);
        let job = NewJob {
            id,
            film,
            terms: wish().1,
            folder: home.path().to_owned(),
            created_ms: unix_ms(),
            begun: Instant::now(),
            was: store::JobState::Queued,
            restored: None,
        };
        node.add(job).await.unwrap();
        let broken = Mail::Index {
            job: id,
            generation: 0,
            said: Indexing::Failed("Input/output error".to_owned()),
        };
        node.0.mail.send(broken).unwrap();
        let trouble = fails_and_completes(&node, id).await;
        assert_eq!(trouble.kind, Kind::Unreadable, "{trouble}");
        node.stop().await;
    }

    /// As where an interrupted job is gone on with while its film is away.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_job_that_cannot_be_begun_keeps_its_row() {
        let home = tempfile::tempdir().unwrap();
        let node = alone::node(home.path()).await;
        let film = home.path().join("film.mp4");
        let (id, parts) = recorded(&node, &film).await;
        fs::remove_file(&film).unwrap();
        let probed = probe::Probed {
            parts,
            losses: Vec::new(),
        };
        let (folder, was) = (home.path().to_owned(), store::JobState::Processing);
        let begun = node.begin(id, probed, wish().1, folder, Instant::now(), was);
        begun.await.unwrap_err();
        let row = node.0.store.call(move |tables| tables.job(row_id(id)));
        assert!(row.await.unwrap().is_some());
        node.stop().await;
    }
}
