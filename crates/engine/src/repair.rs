//! Films whose timestamps make no sense: copied once onto a clean timeline, by which the job begins anew.

use std::sync::Arc;

use schedule::{Input, JobId};
use tokio::sync::mpsc;

use crate::companion;
use crate::driver::{Core, Mail};
use crate::film::Film;
use crate::job::Job;
use crate::probe;
use crate::trouble::{Kind, Trouble};

impl Core {
    /// The source's timestamps are broken: copy it once onto a clean timeline and begin again.
    pub(crate) fn start_over(&mut self, id: JobId, anomaly: media::gop::Anomaly) {
        let going = |job: &&Job| job.ended.is_none() && !job.repairing;
        let Some(job) = self.jobs.get(&id).filter(going) else {
            return;
        };
        if job.film.normalised {
            let name = job.film.path.display().to_string();
            let trouble = Trouble::new(
                Kind::Damaged,
                format!("{name} has timestamps that cannot be repaired: {anomaly}."),
            );
            return self.fail(id, trouble);
        }
        let Some(anew) = self.void(id) else { return };
        self.note(id, format!("The film's timestamps are broken ({anomaly}); it is copied once onto a repaired timeline."));
        let mail = self.mail.clone();
        tokio::spawn(async move {
            let (ffmpeg, generation) = (&anew.bench.ffmpeg, anew.generation);
            let work = normalised_film(
                ffmpeg,
                &anew.film,
                &anew.folder,
                id,
                generation,
                mail.clone(),
            );
            let result = tokio::select! {
                result = work => result,
                () = anew.cancel.cancelled() => return,
            };
            let _ = mail.send(Mail::Normalised {
                job: id,
                generation,
                result,
            });
        });
    }

    /// The other film is there: a repaired copy, or the same with its pictures counted.
    pub(crate) fn normalised(
        &mut self,
        id: JobId,
        generation: u32,
        result: Result<Arc<Film>, Trouble>,
    ) {
        let Some(job) = self
            .jobs
            .get_mut(&id)
            .filter(|j| j.generation == generation)
        else {
            return;
        };
        match result {
            Ok(film) => {
                if film.counted {
                    // Nobody tells of an index that is complete from the beginning.
                    let remaining = film.work(film.frames_estimate());
                    self.pending
                        .push_back(Input::RemainingWork { job: id, remaining });
                }
                job.film = film;
                job.repairing = false;
                job.waits_for_index = false;
                self.accompany(id);
                self.pending.push_back(Input::PlanMore { job: id });
            }
            Err(trouble) => self.fail(id, trouble),
        }
    }
}

/// Copies and indexes a film with broken timestamps.
async fn normalised_film(
    ffmpeg: &std::path::Path,
    film: &Film,
    folder: &std::path::Path,
    id: JobId,
    generation: u32,
    mail: mpsc::UnboundedSender<Mail>,
) -> Result<Arc<Film>, Trouble> {
    let parts = normalised_parts(ffmpeg, film, folder).await?;
    let tell = move |said| {
        drop(mail.send(Mail::Index {
            job: id,
            generation,
            said,
        }))
    };
    let (film, go) = probe::index(ffmpeg, parts, tell).await?;
    // The loop knows this generation already.
    let _ = go.send(());
    Ok(film)
}

/// Copies a film with broken timestamps onto a clean timeline: its facts from then on.
///
/// # Errors
/// They cannot be repaired, or there is no room.
pub(crate) async fn normalised_parts(
    ffmpeg: &std::path::Path,
    film: &Film,
    folder: &std::path::Path,
) -> Result<crate::film::FilmParts, Trouble> {
    let broken = |why: String| {
        tracing::warn!(why, "the repairing copy failed");
        let name = film.path.display();
        let text = format!("{name} has no usable timestamps, and they could not be repaired.");
        let help = "Pack it into MKV first, for example with mkvmerge, and encode that.";
        Trouble::new(Kind::Damaged, text).help(help)
    };
    crate::intake::check_space(folder, folder, film.bytes, film.bytes)?;
    let (copy, damaged) = companion::normalise(ffmpeg, film, folder)
        .await
        .map_err(broken)?;
    let info = ffmpeg::source::describe(ffmpeg, &copy)
        .await
        .map_err(|e| broken(e.to_string()))?;
    let mut parts = crate::film::FilmParts {
        source: ffmpeg::source::Source {
            path: copy,
            stream: 0,
            genpts: film.packed,
        },
        normalised: true,
        counted: false,
        damaged,
        start_us: probe::whole_ms(info.start_us.unwrap_or(0)),
        ..film.parts()
    };
    parts
        .notes
        .push("Its timestamps were repaired; the output follows the repaired timeline.".to_owned());
    Ok(parts)
}
