//! Films at half the rate of which some packets give no picture: what is left of a picture whose reference was cut away,
//! the second field of a frame, a packet that is damaged.
//!
//! Which picture is the second one is counted, by packets here and by pictures where it is encoded. The first result that
//! tells the two apart is nobody's fault: the film is decoded once, packets without a picture are hidden in its index,
//! and the plan begins anew, as it does on a repaired timeline.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ffmpeg::picture;
use media::gop::Anomaly;
use schedule::{Input, JobId, Lease};
use tokio_util::sync::CancellationToken;

use crate::driver::{Core, Mail};
use crate::film::{Film, FilmParts};
use crate::job::{CompanionState, Job};
use crate::jobs::{cutter_of, unread};
use crate::lease::Bench;
use crate::probe;
use crate::trouble::{Kind, Trouble};

/// What the user is told.
const COUNTED: &str = "Some packets of this film give no picture: it is decoded once, to find which picture is every second one.";

/// What it takes to give a job another film.
pub(crate) struct Anew {
    pub bench: Bench,
    /// The film so far.
    pub film: Arc<Film>,
    /// Ends the making of the other one.
    pub cancel: CancellationToken,
    /// Of the other one's index.
    pub generation: u32,
    /// The job's.
    pub folder: PathBuf,
}

impl Core {
    /// Throws away what was cut and made of a job: once its other film is there, its plan begins anew. `None` where
    /// there is no use in it, or that goes on already.
    pub(crate) fn void(&mut self, id: JobId) -> Option<Anew> {
        let bench = self.bench.clone()?;
        let folder = self.workspace.job(id);
        // A job that has failed meets it again when it is tried again.
        let going = |job: &&mut Job| job.ended.is_none() && !job.repairing;
        let job = self.jobs.get_mut(&id).filter(going)?;
        job.repairing = true;
        job.generation += 1;
        job.cancel.cancel();
        job.cancel = CancellationToken::new();
        job.cutter = cutter_of(&job.film, None);
        job.segments.clear();
        job.pieces.clear();
        job.companion = CompanionState::Pending;
        self.pending.push_back(Input::PlanReset { job: id });
        Some(Anew {
            bench,
            film: Arc::clone(&job.film),
            cancel: job.cancel.clone(),
            generation: job.generation,
            folder,
        })
    }

    /// A result at half the rate showed that pictures must be counted.
    pub(crate) fn uncounted(&mut self, lease: Lease) {
        let id = lease.job;
        if self.let_go(lease.id).is_none() {
            // Of a plan that is void already.
            return;
        }
        let Some(anew) = self.void(id) else { return };
        self.note(id, COUNTED.to_owned());
        let mail = self.mail.clone();
        tokio::spawn(async move {
            let generation = anew.generation;
            let result = tokio::select! {
                result = counted(&anew.bench.ffmpeg, &anew.film) => result,
                () = anew.cancel.cancelled() => return,
            };
            let _ = mail.send(Mail::Normalised {
                job: id,
                generation,
                result,
            });
        });
    }
}

/// The film with an index of those packets only that give a picture.
///
/// # Errors
/// It cannot be read to its end.
pub(crate) async fn counted(ffmpeg: &Path, film: &Film) -> Result<Arc<Film>, Trouble> {
    let mut parts = FilmParts {
        counted: true,
        ..film.parts()
    };
    parts.notes.push(COUNTED.to_owned());
    let (anew, anomaly) = probe::index_whole(ffmpeg, parts).await?;
    if let Some(anomaly) = anomaly {
        return Err(broken(film, anomaly));
    }
    let packets = anew.index().len() as u64;
    let stored = u64::from(film.video.width) * u64::from(film.video.height);
    let source = &film.source;
    let pictures = picture::times_of_film(ffmpeg, source, film.timebase(), (packets, stored)).await;
    let pictures = pictures.map_err(|error| unread(&anew, &error.to_string()))?;
    let left = {
        let mut index = anew.index();
        index.show_only(&pictures);
        index.all_shown()
    };
    match left {
        Ok(left) if !left.is_empty() => Ok(anew),
        Ok(_) => Err(unread(&anew, "none of its packets gives a picture")),
        Err(anomaly) => Err(broken(&anew, anomaly)),
    }
}

fn broken(film: &Film, anomaly: Anomaly) -> Trouble {
    let name = film.path.display();
    let text = format!(
        "Some packets of {name} give no picture, and {anomaly}: which is every second picture cannot be told."
    );
    Trouble::new(Kind::Damaged, text).help(
        "Encode it with all its pictures, or pack it into MKV first, for example with mkvmerge.",
    )
}
