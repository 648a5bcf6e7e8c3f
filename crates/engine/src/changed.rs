//! Films that are not what they were when their job began: the work on them ends, the sooner the better.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use schedule::JobId;

use crate::combine;
use crate::driver::{Core, Mail};
use crate::film::Film;
use crate::intake::modified_ms;

/// Whether somebody looks at the films just now: a drive that does not answer keeps one thread, and no more.
#[derive(Clone, Debug, Default)]
pub(crate) struct Looking(Arc<AtomicBool>);

impl Core {
    /// Looks whether the films in work are others by now. One that is away is no other: who reads it finds out.
    pub(crate) fn look_for_changes(&self) {
        let works = |id: &JobId| self.farm.state(*id) == Some(&schedule::JobState::Processing);
        let jobs = self
            .jobs
            .iter()
            .filter(|(id, job)| job.ended.is_none() && works(id));
        let films: Vec<(JobId, Arc<Film>)> =
            jobs.map(|(id, job)| (*id, Arc::clone(&job.film))).collect();
        if films.is_empty() || self.looking.0.swap(true, Ordering::AcqRel) {
            return;
        }
        let (mail, looking) = (self.mail.clone(), self.looking.clone());
        tokio::task::spawn_blocking(move || {
            for (job, _) in films.iter().filter(|(_, film)| is_another(film)) {
                // A loop that has ended fails nobody any more.
                let _ = mail.send(Mail::FilmChanged(*job));
            }
            looking.0.store(false, Ordering::Release);
        });
    }

    /// Whether a film is not what it was, which explains whatever went wrong with a segment: then its job has failed.
    pub(crate) fn film_is_gone(&mut self, id: JobId) -> bool {
        let job = self.jobs.get(&id);
        let changed = job.and_then(|job| combine::unchanged(&job.film).err());
        let gone = changed.is_some();
        if let Some(trouble) = changed {
            self.fail(id, trouble);
        }
        gone
    }

    /// A job whose film has changed ends at once, unless its result is on its way into the film's place: who does that
    /// looks himself.
    pub(crate) fn look_at_film(&mut self, id: JobId) {
        let joins = self.farm.state(id) == Some(&schedule::JobState::Combining);
        let job = self.jobs.get(&id);
        if job.is_some_and(|job| job.ended.is_none() && !job.placing && !joins) {
            self.film_is_gone(id);
        }
    }
}

/// Blocks.
fn is_another(film: &Film) -> bool {
    let now = std::fs::metadata(&film.path).map(|about| (about.len(), modified_ms(&about)));
    now.is_ok_and(|now| now != (film.bytes, film.modified_ms))
}
