//! A running node, as the shells hold it: a cheap clone with plain methods.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ffmpeg::bars::Bars;
use ffmpeg::tools::Tool;
use hindsight::{Fate, PhaseKind};
use media::choice::Choice;
use media::filter::{Crop, Filters};
use peer::Net;
use store::Store;
use tokio::sync::{mpsc, oneshot, watch};

use crate::config::Sources;
use crate::destination::{self, Destination};
use crate::driver::{Call, Mail, NewJob, unix_ms};
use crate::intake::{self, Dropped};
use crate::job::Wish;
use crate::journal::{self, job_id};
use crate::lease::Bench;
use crate::librarian::Librarian;
use crate::probe::{self, Probed};
use crate::replace::Ledger;
use crate::sight::{Gallery, Samples};
use crate::status::{
    AskingStatus, Cleaned, Finding, Inspection, JobId, JobStatus, NodeStatus, PeerId, PeerState,
    PeerStatus, Place, Settings, Terms,
};
use crate::trouble::{Kind, Trouble};
use crate::workspace::Workspace;
use crate::{doctor, output, pairing, rights, scratch, start};

pub use crate::pairing::resolve;
pub use crate::rights::Agreement;
pub use sense::{Sense, Wanted};

/// How long a new pairing may take to be known here.
const HEARD_OF: Duration = Duration::from_secs(5);

/// What is said of a film without bars.
const NO_BARS: &str = "No black bars were found: nothing is cut off.";
/// What is said where too little of a film could be seen.
const BARS_UNKNOWN: &str = "Whether it has black bars could not be found out, as too little of it could be looked at: nothing is cut off. Give the part to keep yourself, in pixels.";

/// How to start a node.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    /// Its data folder; made where missing.
    pub data_dir: PathBuf,
    /// What it is called, this time; else the settings', else the host's name.
    pub name: Option<String>,
    /// Where peers reach it; `None`: port 47820 or the next free one, all interfaces, by IPv6 and IPv4.
    pub listen: Option<SocketAddr>,
    /// Whether it announces itself and looks for others.
    pub mdns: bool,
    /// Whether it may open any network socket at all (`--only-here` jobs of a short-lived node need none).
    pub network: bool,
    /// Helps, this time; `None`: as the settings say.
    pub donate: Option<bool>,
    /// Addresses to try beside those found.
    pub peers: Vec<SocketAddr>,
    /// Stays: goes on with interrupted jobs, and measures its encoders while idle.
    pub stays: bool,
    /// Encodes so many segments at once, each on one thread, instead of what was measured as fastest.
    pub workers: Option<u32>,
    /// Where its settings come from.
    pub settings: Sources,
}

/// What to do with a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steer {
    /// Stop for good.
    Cancel,
    /// Hold.
    Pause,
    /// Go on.
    Resume,
    /// Again.
    Retry,
    /// Off the list.
    Forget,
}

/// Where to in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shift {
    /// To its head: served first.
    Top,
    /// One place forward.
    Up,
    /// One place back.
    Down,
    /// To its end.
    Bottom,
}

/// A running node.
#[derive(Clone)]
pub struct Node(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub mail: mpsc::UnboundedSender<Mail>,
    pub changes: watch::Receiver<u64>,
    pub store: Store,
    pub workspace: Workspace,
    pub tool: Result<Tool, Trouble>,
    pub bench: Option<Bench>,
    pub net: Option<Net>,
    pub gallery: Gallery,
    pub samples: Samples,
    pub librarian: Librarian,
    pub ledger: Ledger,
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("data", &self.0.workspace.root())
            .finish_non_exhaustive()
    }
}

impl Node {
    /// Opens the data folder (locking it), starts the network and the loop.
    ///
    /// # Errors
    /// What keeps it from starting, in words.
    pub async fn start(config: NodeConfig) -> Result<Self, Trouble> {
        start::start(config, sense::of_this_computer()).await
    }

    /// The same with another way to notice who uses this computer, where its power comes from, and so on.
    ///
    /// # Errors
    /// As [`Node::start`].
    pub async fn start_with(config: NodeConfig, sense: Box<dyn Sense>) -> Result<Self, Trouble> {
        start::start(config, sense).await
    }

    /// Stops: running encoders end, what is verified is kept for the next start.
    pub async fn stop(&self) {
        self.0.librarian.end().await;
        let (reply, stopped) = oneshot::channel();
        if self.0.mail.send(Mail::Call(Call::Stop(reply))).is_ok() {
            // A loop that has ended already has stopped, too.
            let _ = stopped.await;
        }
    }

    /// Everything there is to say, now.
    ///
    /// # Errors
    /// The node has stopped.
    pub async fn status(&self) -> Result<NodeStatus, Trouble> {
        self.ask(Call::Status).await
    }

    /// Ticks whenever something shown may have changed; closes when the node stops.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.clone()
    }

    /// Looks at a file without starting anything.
    ///
    /// # Errors
    /// Why it cannot be worked on.
    pub async fn inspect(
        &self,
        path: PathBuf,
        choice: Choice,
        terms: Terms,
    ) -> Result<Inspection, Trouble> {
        let (dropped, place) = look(&path, &choice, &terms)?;
        let mut probed = self.probe(&dropped, &choice).await?;
        probed.parts.notes.extend(place.notes());
        Ok(Inspection {
            bytes: dropped.bytes,
            duration_us: probed.parts.info.duration_us,
            picture: probe::picture_words(&probed.parts.video),
            others: probe::others_words(&probed.parts.info),
            output: free_name(&dropped.path, &place, &choice, &terms),
            losses: probed.losses,
            notes: probed.parts.notes,
        })
    }

    /// Starts a job; an interrupted or failed one of the same file and wish goes on instead, with what it has.
    ///
    /// # Errors
    /// Why it cannot be worked on.
    pub async fn submit(
        &self,
        path: PathBuf,
        choice: Choice,
        terms: Terms,
    ) -> Result<JobId, Trouble> {
        let begun = Instant::now();
        let (dropped, place) = look(&path, &choice, &terms)?;
        let mut probed = self.probe(&dropped, &choice).await?;
        let notes = place.notes();
        probed.parts.notes.extend(notes.iter().cloned());
        if !probed.losses.is_empty() && !choice.accept_losses {
            return Err(Trouble::new(Kind::WouldLose, probed.losses.join(" "))
                .help("Agree with --yes, or choose otherwise."));
        }
        let probed = probed.agree();
        if terms.on.is_none() {
            self.check_encoder(&choice, &terms)?;
        }
        self.check_filters(&probed)?;
        self.check_room(&probed, dropped.bytes, &place.there, &terms)?;
        self.check_limit(&probed, dropped.bytes, &choice, &terms)
            .await?;
        if let Some(job) = self.made_before(&dropped, &choice, &terms).await {
            let text = format!(
                "{} was made by job {job} with the same choices, in place of its original: there is nothing to do.",
                dropped.path.display()
            );
            return Err(Trouble::new(Kind::NotNow, text)
                .help("To encode it once more, choose otherwise; `manyhands undo` puts the original back."));
        }
        if let Some(ground) = place.replaces {
            let target = ground.target;
            self.check_target(&dropped, target, &choice, &terms).await?;
        }
        if let Some(on) = terms.on {
            if terms.only_here {
                let text = "A film cannot be encoded here alone and by another computer.";
                return Err(Trouble::new(Kind::BadRequest, text).help("Leave out one of the two."));
            }
            return self
                .send_away(on, dropped, probed, Wish { choice, terms })
                .await;
        }
        if let Some(row) = self.interrupted(&dropped, &choice, &terms).await {
            let probed = match self.as_begun(row.id, &choice).await {
                Some(choice) => {
                    let mut probed = self.probe(&dropped, &choice).await?;
                    probed.parts.notes.extend(notes);
                    probed.agree()
                }
                None => probed,
            };
            return self.go_on(row, probed, place.folder, begun).await;
        }
        if let Some(id) = self.failed_before(&dropped, &choice, &terms).await {
            self.try_again(id).await?;
            return Ok(id);
        }
        let id = self.record(&dropped, &choice, &terms).await?;
        let (folder, was) = (place.folder, store::JobState::Queued);
        let begun = self.begin(id, probed, terms, folder, begun, was).await;
        if begun.is_err() {
            self.unrecord(id).await;
        }
        begun.map(|()| id)
    }

    /// Whether the disks have room for the results, which may be there twice: as parts, and joined.
    fn check_room(
        &self,
        probed: &Probed,
        bytes: u64,
        there: &Path,
        terms: &Terms,
    ) -> Result<(), Trouble> {
        let twice = estimate(probed, bytes).saturating_mul(2);
        let results = scratch::asked(twice, bytes, terms) / 2;
        intake::check_space(&self.0.workspace.scratch(), there, results, 0)
    }

    /// No other job is to put its result where this one's is to be. One that goes on is no other.
    async fn check_target(
        &self,
        dropped: &Dropped,
        target: PathBuf,
        choice: &Choice,
        terms: &Terms,
    ) -> Result<(), Trouble> {
        let jobs = self.status().await?.jobs.into_iter().filter(|job| {
            let goes_on = job.source == dropped.path
                && (job.place.is_none()
                    || job.away.is_some() && job.choice == *choice && job.terms == *terms);
            replaces(job) && !goes_on
        });
        let others: Vec<_> = jobs.map(|job| (job.id, job.source, job.choice)).collect();
        let looking = tokio::task::spawn_blocking(move || {
            let real = target
                .parent()
                .and_then(|folder| folder.canonicalize().ok());
            let here = real.map(|folder| folder.join(target.file_name().unwrap_or_default()));
            let here = here.unwrap_or(target);
            let is_it = |(_, source, choice): &(JobId, PathBuf, Choice)| {
                destination::may_be_one(&destination::target(source, choice), &here)
            };
            others.into_iter().find(is_it)
        });
        let Some((id, source, _)) = looking.await.unwrap_or_default() else {
            return Ok(());
        };
        let name = dropped.path.display();
        if source == dropped.path {
            let text = format!("{name} is just being replaced by the result of job {id}.");
            return Err(Trouble::new(Kind::NotNow, text)
                .help("Wait until that is done, or cancel that job first."));
        }
        let text = format!(
            "{name} cannot be replaced: the result of job {id} is to have the same name, in place of {}.",
            source.display()
        );
        Err(Trouble::new(Kind::OutputTaken, text)
            .help("Choose another container, or have the result put beside it."))
    }

    /// Does something with a job. Gives its number: another one where a cancelled job begins anew.
    ///
    /// # Errors
    /// No such job, or not in this state.
    pub async fn steer(&self, job: JobId, steer: Steer) -> Result<JobId, Trouble> {
        if matches!(steer, Steer::Resume | Steer::Retry)
            && let Some(was) = self.ask(|reply| Call::Past(job, reply)).await?
        {
            return self.take_up(job, &was, steer).await.map(|()| job);
        }
        if steer == Steer::Retry
            && let Some(cancelled) = self.cancelled(job).await?
        {
            return self.begin_again(cancelled).await;
        }
        self.ask(|reply| Call::Steer(job, steer, reply)).await??;
        Ok(job)
    }

    /// Makes an invite: its line and the seconds it is good for.
    ///
    /// # Errors
    /// Where the node does not listen.
    pub fn invite(&self) -> Result<(String, u64), Trouble> {
        let net = pairing::network(self.0.net.as_ref())?;
        Ok((net.invite().to_string(), peer::INVITE_LIFETIME.as_secs()))
    }

    /// Redeems an invite.
    ///
    /// # Errors
    /// Why it is not good.
    pub async fn pair(&self, invite: String) -> Result<PeerStatus, Trouble> {
        let paired = pairing::redeem(self.0.net.as_ref(), &invite).await?;
        self.newly_paired(&paired).await
    }

    /// Asks a computer that is near for help: a code is shown, to be typed there.
    ///
    /// # Errors
    /// It is not near.
    pub fn ask_for_help(&self, peer: PeerId) -> Result<AskingStatus, Trouble> {
        pairing::ask(self.0.net.as_ref(), peer)
    }

    /// Takes that back. Nothing is wrong where nobody was asked.
    ///
    /// # Errors
    /// Where the node does not use the network.
    pub fn withdraw(&self) -> Result<(), Trouble> {
        pairing::network(self.0.net.as_ref())?.withdraw();
        Ok(())
    }

    /// Types the code that a computer shows which asks for help. It may use this one from then on; with `reverse` this one
    /// may use it, too, and with `donate` helping is turned on here.
    ///
    /// # Errors
    /// Nobody asks, or it is not the code.
    pub async fn answer(
        &self,
        code: String,
        reverse: bool,
        donate: bool,
    ) -> Result<PeerStatus, Trouble> {
        let rights = peer::Rights {
            may_use_me: true,
            i_may_use: reverse,
        };
        let paired = pairing::answer(self.0.net.as_ref(), &code, rights).await?;
        if donate {
            self.donate(true).await?;
        }
        self.newly_paired(&paired).await
    }

    /// Says no to who asks; with `block` it cannot ask again before the next start.
    ///
    /// # Errors
    /// Where the node does not use the network.
    pub async fn decline(&self, block: bool) -> Result<(), Trouble> {
        pairing::network(self.0.net.as_ref())?.decline(block).await;
        Ok(())
    }

    /// A computer as the loop knows it after pairing: what is asked about it next finds it there.
    async fn newly_paired(&self, paired: &peer::Paired) -> Result<PeerStatus, Trouble> {
        let id = PeerId(paired.id.0);
        let mut changes = self.changes();
        let known = async {
            loop {
                let peers = self.status().await?.peers;
                let is_it = |one: &PeerStatus| one.id == id && one.state != PeerState::Nearby;
                if let Some(known) = peers.into_iter().find(is_it) {
                    return Ok(known);
                }
                if changes.changed().await.is_err() {
                    return Ok(pairing::just_paired(paired));
                }
            }
        };
        // Paired it is; where the loop is that busy, the rest is told later.
        let known = tokio::time::timeout(HEARD_OF, known).await;
        known.unwrap_or_else(|_| Ok(pairing::just_paired(paired)))
    }

    /// Ends a pairing.
    ///
    /// # Errors
    /// No such computer.
    pub async fn unpair(&self, peer: PeerId) -> Result<(), Trouble> {
        let net = pairing::network(self.0.net.as_ref())?;
        if net.unpair(peer::PeerId(peer.0)).await {
            return Ok(());
        }
        Err(rights::not_paired(peer))
    }

    /// Looks for a computer at `host:port` or `host`, and remembers the address.
    ///
    /// # Errors
    /// Nobody there.
    pub async fn connect(&self, address: String) -> Result<(), Trouble> {
        pairing::connect(self.0.net.as_ref(), &self.0.store, &address).await
    }

    /// What the user has set.
    ///
    /// # Errors
    /// The node has stopped.
    pub async fn settings(&self) -> Result<Settings, Trouble> {
        self.ask(Call::Settings).await
    }

    /// Turns helping on or off.
    ///
    /// # Errors
    /// The store's.
    pub async fn donate(&self, on: bool) -> Result<(), Trouble> {
        self.ask(|reply| Call::Donate(on, reply)).await?
    }

    /// Turns helping off once what is under way for others is done.
    ///
    /// # Errors
    /// The store's.
    pub async fn wind_down(&self) -> Result<(), Trouble> {
        self.ask(Call::WindDown).await?
    }

    /// Helps on the battery, too, until this computer is plugged in again; or not any more.
    ///
    /// # Errors
    /// [`Kind::NotNow`] where it does not run on its battery, or does not help at all.
    pub async fn help_on_battery(&self, on: bool) -> Result<(), Trouble> {
        self.ask(|reply| Call::HelpOnBattery(on, reply)).await?
    }

    /// Looks at everything that may be wrong.
    ///
    /// # Errors
    /// The node has stopped.
    pub async fn doctor(&self) -> Result<Vec<Finding>, Trouble> {
        let status = self.status().await?;
        let settings = self.config().await?;
        Ok(doctor::examine(
            &status,
            self.0.tool.as_ref().ok(),
            &self.0.workspace,
            self.0.net.as_ref(),
            &settings,
        )
        .await)
    }

    /// Makes a film to try things with: moving pictures and a tone, `seconds` long.
    ///
    /// # Errors
    /// There is no ffmpeg, or it cannot write there.
    pub async fn test_clip(&self, path: PathBuf, seconds: u32) -> Result<(), Trouble> {
        let made = ffmpeg::clip::film(&self.bench()?.ffmpeg, &path, seconds).await;
        made.map_err(|e| {
            Trouble::new(
                Kind::Other,
                format!("The test film could not be made: {e}."),
            )
        })
    }

    /// Removes scratch that no job needs.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub async fn clean(&self) -> Result<Cleaned, Trouble> {
        let keep = self.ask(Call::OpenJobs).await?;
        let swept = self.0.workspace.sweep(&keep);
        let (removed, bytes) = swept.map_err(|e| {
            Trouble::new(
                Kind::BadDataFolder,
                format!("The data folder cannot be swept: {e}."),
            )
        })?;
        let live = self.ask(Call::LiveJobs).await?;
        let left = output::sweep(&self.0.store, |job| !live.contains(&job)).await;
        Ok(Cleaned {
            removed: removed + left.0,
            bytes: bytes + left.1,
            kept_jobs: u32::try_from(keep.len()).unwrap_or(u32::MAX),
        })
    }

    pub(crate) async fn ask<T>(
        &self,
        call: impl FnOnce(oneshot::Sender<T>) -> Call,
    ) -> Result<T, Trouble> {
        let stopped = || Trouble::new(Kind::Other, "The node has stopped.");
        let (reply, answer) = oneshot::channel();
        self.0
            .mail
            .send(Mail::Call(call(reply)))
            .map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())
    }

    pub(crate) async fn probe(
        &self,
        dropped: &Dropped,
        choice: &Choice,
    ) -> Result<Probed, Trouble> {
        let bench = self.bench()?;
        let probed = probe::probe(&bench.ffmpeg, bench.muxer, dropped, choice).await?;
        if choice.filters.crop != Some(Crop::Auto) {
            return Ok(probed);
        }
        let (crop, said) = match self.bars(dropped, &probed).await {
            Bars::Round(area) => (Some(Crop::To(area)), None),
            Bars::None => (None, Some(NO_BARS)),
            Bars::Unknown => (None, Some(BARS_UNKNOWN)),
        };
        let filters = Filters {
            crop,
            ..choice.filters
        };
        let definite = Choice {
            filters,
            ..choice.clone()
        };
        let mut cropped = probe::probe(&bench.ffmpeg, bench.muxer, dropped, &definite).await?;
        cropped.parts.notes.extend(said.map(str::to_owned));
        Ok(cropped)
    }

    pub(crate) fn bench(&self) -> Result<&Bench, Trouble> {
        let none = || Trouble::new(Kind::NoFfmpeg, "There is no ffmpeg.");
        self.0
            .bench
            .as_ref()
            .ok_or_else(|| self.0.tool.as_ref().err().cloned().unwrap_or_else(none))
    }

    /// The encoder must be somewhere it can be used.
    fn check_encoder(&self, choice: &Choice, terms: &Terms) -> Result<(), Trouble> {
        let encoder = choice.codec().software();
        let here = self
            .0
            .tool
            .as_ref()
            .is_ok_and(|tool| tool.features.lists(encoder));
        let others = !terms.only_here
            && self
                .0
                .net
                .as_ref()
                .is_some_and(|net| !net.paired().is_empty());
        if here || others || choice.encoders == media::choice::Encoders::Any {
            return Ok(());
        }
        let text = format!(
            "The ffmpeg in use here has no {encoder}, and no other computer is paired that may have it."
        );
        Err(Trouble::new(Kind::NoEncoder, text)
            .help("Choose another codec, or use the ffmpeg that comes with Manyhands."))
    }

    /// What others make is compared with what the filters make here: this ffmpeg must have them, whoever encodes.
    pub(crate) fn check_filters(&self, probed: &Probed) -> Result<(), Trouble> {
        let Ok(tool) = &self.0.tool else {
            return Ok(());
        };
        let (able, lacks) = tool.features.skill();
        if probed.parts.order.filters().skill() <= able {
            return Ok(());
        }
        let text = format!(
            "The ffmpeg in use here has no filter {}, which this change of the picture takes.",
            lacks.unwrap_or_default()
        );
        Err(Trouble::new(Kind::NoEncoder, text)
            .help("Leave it out, or use the ffmpeg that comes with Manyhands."))
    }

    /// Gives a job its number.
    pub(crate) async fn record(
        &self,
        dropped: &Dropped,
        choice: &Choice,
        terms: &Terms,
    ) -> Result<JobId, Trouble> {
        let wish = Wish {
            choice: choice.clone(),
            terms: terms.clone(),
        };
        let path = dropped.path.clone();
        let sample = tokio::task::spawn_blocking(move || intake::sample(&path)).await;
        let sample = sample.map_err(std::io::Error::other).flatten();
        let sample = sample.map_err(|e| intake::unreadable(&dropped.path, &e))?;
        let row = store::NewJob {
            source: dropped.path.clone(),
            source_sample: sample,
            source_bytes: dropped.bytes,
            source_modified: dropped.modified_ms,
            choice: serde_json::to_value(wish).map_err(|e| {
                let text = format!("What is wished for cannot be noted: {e}.");
                Trouble::new(Kind::BadRequest, text)
            })?,
            created: unix_ms(),
        };
        let id = self.0.store.call(move |tables| tables.add_job(&row)).await;
        id.map(job_id).map_err(|e| {
            Trouble::new(
                Kind::BadDataFolder,
                format!("The job cannot be stored: {e}."),
            )
        })
    }

    /// Hands a new job to the loop, its index growing. `was`: how its row stood. Where that fails, the row stays as it is.
    pub(crate) async fn begin(
        &self,
        id: JobId,
        probed: Probed,
        terms: Terms,
        folder: PathBuf,
        begun: Instant,
        was: store::JobState,
    ) -> Result<(), Trouble> {
        let bench = self.bench()?;
        self.make_folder(id)?;
        let mail = self.0.mail.clone();
        let tell = move |said| {
            drop(mail.send(Mail::Index {
                job: id,
                generation: 0,
                said,
            }))
        };
        let indexed = probe::index(&bench.ffmpeg, probed.parts, tell).await;
        let (film, go) = indexed?;
        let job = NewJob {
            id,
            film,
            terms,
            folder,
            created_ms: unix_ms(),
            begun,
            was,
            restored: None,
        };
        self.add(job).await?;
        // The loop knows the job now: it may hear of its index.
        let _ = go.send(());
        Ok(())
    }

    pub(crate) async fn add(&self, job: NewJob) -> Result<(), Trouble> {
        self.bridge(&job).await;
        let stopped = || Trouble::new(Kind::Other, "The node has stopped.");
        let (reply, added) = oneshot::channel();
        self.0
            .mail
            .send(Mail::Add {
                job: Box::new(job),
                reply,
            })
            .map_err(|_| stopped())?;
        added.await.map_err(|_| stopped())?
    }

    /// The timeline of a job that goes on has a gap since its last run.
    async fn bridge(&self, job: &NewJob) {
        let since = u64::try_from(job.begun.elapsed().as_millis()).unwrap_or(0);
        let (row, began) = (
            journal::row_id(job.id),
            unix_ms().saturating_sub_unsigned(since),
        );
        let bridged = self.0.store.call(move |tables| {
            let over = tables.job(row)?.is_some_and(|job| job.state.is_over());
            let gap = if over {
                PhaseKind::Held
            } else {
                PhaseKind::Stopped
            };
            tables.bridge_gap(row, gap.word(), Fate::Stopped.word(), began)
        });
        if let Err(error) = bridged.await {
            tracing::warn!(%error, "a gap in a job's timeline was not noted");
        }
    }

    pub(crate) fn make_folder(&self, id: JobId) -> Result<(), Trouble> {
        let made = self.0.workspace.make_job(id);
        made.map(drop).map_err(|e| {
            Trouble::new(
                Kind::BadDataFolder,
                format!("The job's folder cannot be made: {e}."),
            )
        })
    }
}

/// The path, and where its output goes.
pub(crate) fn look(
    path: &Path,
    choice: &Choice,
    terms: &Terms,
) -> Result<(Dropped, Destination), Trouble> {
    let dropped = intake::look(path)?;
    let place = destination::find(&dropped.path, choice, terms)?;
    Ok((dropped, place))
}

/// Whether a job is to put its result in its film's place, now or once it goes on.
fn replaces(job: &JobStatus) -> bool {
    !job.state.is_over() && matches!(job.terms.place, Place::InPlace { .. })
}

fn free_name(source: &Path, place: &Destination, choice: &Choice, terms: &Terms) -> PathBuf {
    if let Some(ground) = &place.replaces {
        return ground.target.clone();
    }
    let candidate = |n| destination::candidate(source, &place.folder, choice, terms, n);
    (1..1000)
        .map(candidate)
        .find(|path| !path.exists())
        .unwrap_or_else(|| candidate(1))
}

/// A generous guess of the results' size: a tenth of a bit a pixel for each point of quality
/// better than the worst, and never more than the source and a bit, bytes.
fn estimate(probed: &Probed, source: u64) -> u64 {
    let video = &probed.parts.video;
    let seconds = probed
        .parts
        .info
        .duration_us
        .map_or(0.0, |us| us.max(0) as f64 / 1e6);
    let rate = video
        .frame_rate
        .map_or(25.0, |r| f64::from(r.num()) / f64::from(r.den()));
    let pixels = f64::from(video.width) * f64::from(video.height) * rate * seconds;
    let by_pixels = (pixels * 0.25 / 8.0) as u64;
    if by_pixels == 0 {
        source
    } else {
        by_pixels.min(source.saturating_add(source / 4))
    }
}
