//! Films that are not what they were when their job began: the work on them ends, the sooner the better.
//!
//! Disks are asked where nobody waits for them: a drive that does not answer stops no job but its own.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use schedule::{Input, JobId, Lease};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::combine;
use crate::driver::{Core, Mail, is_bad};
use crate::film::Film;
use crate::intake::modified_ms;
use crate::trouble::in_words;

/// How long a disk may take to say what a film is now.
const PATIENCE: Duration = Duration::from_secs(10);
/// Films that are looked at by themselves at once: a drive that does not answer keeps so many threads, and no more.
const MOST_LOOKS: usize = 16;

/// Who looks at films just now.
#[derive(Clone, Debug)]
pub(crate) struct Looking {
    /// Somebody at all that are in work: a drive that does not answer keeps one thread, and no more.
    at_all: Arc<AtomicBool>,
    /// And at single ones.
    at_one: Arc<Semaphore>,
}

impl Default for Looking {
    fn default() -> Self {
        Self {
            at_all: Arc::default(),
            at_one: Arc::new(Semaphore::new(MOST_LOOKS)),
        }
    }
}

impl Looking {
    /// Looks at a film; `None` where too many drives do not answer already.
    fn at(&self, film: Arc<Film>) -> Option<JoinHandle<Stands>> {
        let permit = Arc::clone(&self.at_one).try_acquire_owned().ok()?;
        Some(tokio::task::spawn_blocking(move || {
            let _permit = permit;
            stands(&film)
        }))
    }
}

/// How a film stands beside what it was when its job began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stands {
    /// It is what it was.
    Same,
    /// It was changed or removed.
    Changed,
    /// Its disk does not say, and why: that may pass.
    Away(String),
}

/// How a film stands now. Blocks.
pub(crate) fn stands(film: &Film) -> Stands {
    look(&film.path, (film.bytes, film.modified_ms))
}

fn look(path: &Path, was: (u64, i64)) -> Stands {
    let error = match fs::metadata(path) {
        Ok(about) if (about.len(), modified_ms(&about)) == was => return Stands::Same,
        Ok(_) => return Stands::Changed,
        Err(error) => error,
    };
    if error.kind() == io::ErrorKind::NotFound && is_beside_others(path) {
        return Stands::Changed;
    }
    Stands::Away(in_words(&error))
}

/// Whether the folder of a file is there, with something in it: where a disk is away there is none, or an empty one.
fn is_beside_others(path: &Path) -> bool {
    let entries = path.parent().and_then(|folder| fs::read_dir(folder).ok());
    entries.is_some_and(|mut entries| matches!(entries.next(), Some(Ok(_))))
}

/// What a look came to.
async fn found(looking: JoinHandle<Stands>) -> Stands {
    match tokio::time::timeout(PATIENCE, looking).await {
        Ok(Ok(stands)) => stands,
        Ok(Err(_)) | Err(_) => Stands::Away("its disk does not answer".to_owned()),
    }
}

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
        if films.is_empty() || self.looking.at_all.swap(true, Ordering::AcqRel) {
            return;
        }
        let (mail, looking) = (self.mail.clone(), self.looking.clone());
        tokio::task::spawn_blocking(move || {
            for (job, _) in films.iter().filter(|(_, film)| is_another(film)) {
                // A loop that has ended fails nobody any more.
                let _ = mail.send(Mail::FilmChanged(*job));
            }
            looking.at_all.store(false, Ordering::Release);
        });
    }

    /// Looks whether the film of a job is another by now.
    pub(crate) fn look_at_film(&self, id: JobId) {
        let film = self.jobs.get(&id).map(|job| Arc::clone(&job.film));
        let Some(looking) = film.and_then(|film| self.looking.at(film)) else {
            return;
        };
        let mail = self.mail.clone();
        tokio::spawn(async move {
            if found(looking).await == Stands::Changed {
                // Nobody is failed any more by a loop that has ended.
                let _ = mail.send(Mail::FilmChanged(id));
            }
        });
    }

    /// A segment has come to nothing, as `input` says. Its film may be why, which is found out before anybody is blamed.
    pub(crate) fn came_to_nothing(&mut self, lease: Lease, input: Input) {
        let film = self.jobs.get(&lease.job).map(|job| Arc::clone(&job.film));
        let Some(looking) = film.and_then(|film| self.looking.at(film)) else {
            return self.film_stands(lease, input, None);
        };
        let mail = self.mail.clone();
        tokio::spawn(async move {
            let stands = Some(found(looking).await);
            // A loop that has ended tries nothing again.
            let _ = mail.send(Mail::FilmStands(lease, Box::new(input), stands));
        });
    }

    /// How the film of such a segment stands, as far as that is known. Where it is another the job has failed; else the
    /// segment is tried again.
    pub(crate) fn film_stands(&mut self, lease: Lease, input: Input, stands: Option<Stands>) {
        if stands == Some(Stands::Changed) && self.film_changed(lease.job) {
            return;
        }
        if let (Some(stands), Some(job)) = (stands, self.jobs.get_mut(&lease.job)) {
            job.away = match stands {
                Stands::Away(why) => Some(why),
                Stands::Same | Stands::Changed => None,
            };
        }
        if is_bad(&input) {
            self.refuse(&lease);
        }
        self.pending.push_back(input);
    }

    /// A job whose film has changed ends at once, unless its result is on its way to its place: who puts it there looks
    /// himself. Whether it has.
    pub(crate) fn film_changed(&mut self, id: JobId) -> bool {
        let joins = self.farm.state(id) == Some(&schedule::JobState::Combining);
        let works = self.jobs.get(&id);
        let works = works.filter(|job| job.ended.is_none() && !job.placing && !joins);
        let Some(trouble) = works.map(|job| combine::changed(&job.film.path)) else {
            return false;
        };
        self.fail(id, trouble);
        true
    }
}

/// Blocks.
fn is_another(film: &Film) -> bool {
    let now = fs::metadata(&film.path).map(|about| (about.len(), modified_ms(&about)));
    now.is_ok_and(|now| now != (film.bytes, film.modified_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_film_that_is_away_is_not_changed() {
        let home = tempfile::tempdir().unwrap();
        let (disk, away) = (home.path().join("disk"), home.path().join("away"));
        fs::create_dir(&disk).unwrap();
        let (film, other) = (disk.join("film.mkv"), disk.join("other.mkv"));
        fs::write(&film, "the film").unwrap();
        fs::write(&other, "another").unwrap();
        let about = fs::metadata(&film).unwrap();
        let was = (about.len(), modified_ms(&about));
        let now = || look(&film, was);
        assert_eq!(now(), Stands::Same);
        // Unplugged, with and without a folder where it is mounted.
        fs::rename(&disk, &away).unwrap();
        assert!(matches!(now(), Stands::Away(_)), "{:?}", now());
        fs::create_dir(&disk).unwrap();
        assert!(matches!(now(), Stands::Away(_)), "{:?}", now());
        fs::remove_dir(&disk).unwrap();
        fs::rename(&away, &disk).unwrap();
        assert_eq!(now(), Stands::Same);
        fs::write(&film, "the film, and more").unwrap();
        assert_eq!(now(), Stands::Changed);
        fs::remove_file(&film).unwrap();
        assert_eq!(now(), Stands::Changed, "another is there still");
    }
}
