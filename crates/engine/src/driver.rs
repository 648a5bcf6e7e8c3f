//! The one loop of a node. It owns the scheduler and every record; nothing else touches them.
//!
//! Each turn: take one piece of mail, tell the scheduler, write what changed to the journal, then
//! perform what it asks. Work is done by tasks that send mail back.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use etiquette::Senses;
use ffmpeg::tools::Tool;
use hindsight::PhaseKind;
use media::SegmentSpec;
use media::gop::Anomaly;
use peer::{FilmId, Message, Net, NetEvent, TaskId};
use schedule::{Action, Event, Farm, Input, JobId, Lease, LeaseId, PeerId, Time};
use store::Store;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::capability::{Abilities, Trial};
use crate::changed::{Looking, Stands};
use crate::chronicle::Chronicle;
use crate::combine::CombineError;
use crate::companion::Companion;
use crate::config::{Config, ConfigStatus, Reread};
use crate::film::Film;
use crate::hosted::{self, Films};
use crate::job::{Job, Past};
use crate::journal::Write;
use crate::lease::{Bench, Piece};
use crate::manners::Manners;
use crate::neighbour::Neighbour;
use crate::node::{Inner, Shift, Steer};
use crate::probe::Indexing;
use crate::remote::{self, NewParcel, Parcels};
use crate::replace::Ledger;
use crate::reunion::{Given, TaskNames, Tying};
use crate::rights::Agreement;
use crate::scratch::{Scratch, Used};
use crate::shared::{SharedFilms, Sight};
use crate::status::{
    JobState, Load, NodeStatus, On, OriginalStatus, Outcome, Replace, Settings, Terms, Twin,
};
use crate::tie::Standing;
use crate::timeline::Look;
use crate::trouble::Trouble;
use crate::worker::Gift;
use crate::workspace::Workspace;

/// What comes to the loop.
#[derive(Debug)]
pub(crate) enum Mail {
    /// For the scheduler.
    Farm(Input),
    /// A lease ended well.
    Piece { lease: Lease, piece: Box<Piece> },
    /// A film's index grew.
    Index {
        job: JobId,
        generation: u32,
        said: Indexing,
    },
    /// A new or restored job.
    Add {
        job: Box<NewJob>,
        reply: oneshot::Sender<Result<(), Trouble>>,
    },
    /// A result got larger than what was kept free for it.
    Outgrew { lease: Lease },
    /// A result at half the rate shows that its film's pictures must be counted.
    Uncounted { lease: Lease },
    /// The disk of the working files became full under a lease.
    Filled { lease: Lease },
    /// What travels beside a film is ready.
    Companion {
        job: JobId,
        generation: u32,
        result: Result<Companion, String>,
    },
    /// A broken source was copied onto one timeline and indexed anew.
    Normalised {
        job: JobId,
        generation: u32,
        result: Result<Arc<Film>, Trouble>,
    },
    /// How long an encoder and the check after it took that are just over, milliseconds.
    Timed {
        lease: LeaseId,
        encode_ms: u64,
        check_ms: u64,
    },
    /// A job that is joined has come to this.
    Reached { job: JobId, kind: PhaseKind },
    /// The end of the road.
    Combined {
        job: JobId,
        result: Result<Outcome, CombineError>,
    },
    /// May a proved result take its film's place now? If so, what becomes of the original is as it is set now.
    MayPlace(JobId, oneshot::Sender<Option<Replace>>),
    /// What became of an original.
    Original(Box<OriginalStatus>),
    /// A film whose replacing was cut off was not replaced after all; its result had this name.
    NotReplaced { job: JobId, output: PathBuf },
    /// A film in work is another one by now.
    FilmChanged(JobId),
    /// A lease came to nothing, as this says, and so its film stands, as far as that is known.
    FilmStands(Lease, Box<Input>, Option<Stands>),
    /// A film's packets were listed anew, to their end or to what is broken in its timestamps.
    Listed {
        job: JobId,
        generation: u32,
        result: Result<(Arc<Film>, Option<Anomaly>), Trouble>,
    },
    /// What was said with these first words holds no more.
    Unsay(&'static str),
    /// A sentence for the user.
    Notice(String),
    /// A film of another computer was looked for here.
    Sighted {
        peer: peer::PeerId,
        film: peer::SharedId,
        sight: Option<Sight>,
    },
    /// A donor does not read this film by itself after all.
    Unseen { job: JobId, peer: peer::PeerId },
    /// A task for somebody else ended.
    Guest {
        task: TaskId,
        peer: peer::PeerId,
        gift: Option<Gift>,
    },
    /// An encoder was tried.
    Trial(Trial),
    /// All were.
    TrialsDone,
    /// Every interrupted job has been taken up again, as far as that is possible.
    AllResumed,
    /// How busy this machine is.
    Load(Load),
    /// What goes on around it, and when that was.
    Sensed(Box<Senses>, Duration),
    /// What the working files come to.
    Used(Used),
    /// The network, and the place that this takes in the queue.
    Net(NetEvent, OwnedSemaphorePermit),
    /// News of a film that was sent away: of which transfer or check.
    Parcel(FilmId, u64, Box<remote::Said>),
    /// News of another computer's film: of which transfer.
    Hosted(hosted::Key, u64, Box<hosted::decide::Event>),
    /// A shell asks.
    Call(Call),
}

/// A job to be taken up.
#[derive(Debug)]
pub(crate) struct NewJob {
    pub id: JobId,
    pub film: Arc<Film>,
    pub terms: Terms,
    pub folder: PathBuf,
    pub created_ms: i64,
    pub begun: Instant,
    /// How its row stood when it was looked at.
    pub was: store::JobState,
    /// Segments of an earlier run, with the results found whole.
    pub restored: Option<Restored>,
}

/// What an earlier run left.
#[derive(Debug, Default)]
pub(crate) struct Restored {
    pub segments: Vec<plan::cut::Segment>,
    pub pieces: BTreeMap<u32, Piece>,
    /// What other computers had in hand then, and may have still.
    pub awaited: BTreeMap<u32, PeerId>,
    pub plan_finished: bool,
}

/// What a shell asks of the loop itself.
#[derive(Debug)]
pub(crate) enum Call {
    Status(oneshot::Sender<NodeStatus>),
    Steer(JobId, Steer, oneshot::Sender<Result<(), Trouble>>),
    Donate(bool, oneshot::Sender<Result<(), Trouble>>),
    WindDown(oneshot::Sender<Result<(), Trouble>>),
    HelpOnBattery(bool, oneshot::Sender<Result<(), Trouble>>),
    Settings(oneshot::Sender<Settings>),
    /// What differs between these two is set to the second.
    SetSettings(
        Box<(Settings, Settings)>,
        oneshot::Sender<Result<(), Trouble>>,
    ),
    Config(oneshot::Sender<ConfigStatus>),
    /// The settings' file may have changed; who looks by the clock does not wait for an answer.
    Reread(Option<oneshot::Sender<Result<Reread, Trouble>>>),
    Rights(PeerId, Agreement, oneshot::Sender<Result<(), Trouble>>),
    Reorder(JobId, Shift, oneshot::Sender<Result<(), Trouble>>),
    NewIdentity(oneshot::Sender<Result<(), Trouble>>),
    OpenJobs(oneshot::Sender<Vec<JobId>>),
    /// Those of this run that may have something under way.
    LiveJobs(oneshot::Sender<Vec<JobId>>),
    /// What is under way of a job.
    Timeline(JobId, oneshot::Sender<Look>),
    /// How a job of an earlier run stands; `None` for those of this one.
    Past(JobId, oneshot::Sender<Option<JobState>>),
    /// Whether a film may be sent to a computer, as far as is known.
    MaySend(On, oneshot::Sender<Result<(), Trouble>>),
    /// Send this one.
    Send(Box<NewParcel>, oneshot::Sender<Result<(), Trouble>>),
    /// Look again at a result that could not be put in its place; `false` where there is none.
    TryAgain(JobId, oneshot::Sender<Result<bool, Trouble>>),
    /// Bring a result that was left on another computer.
    Fetch(JobId, oneshot::Sender<Result<(), Trouble>>),
    /// Hold the job of another computer's film again that was held before a restart, where there still is a reason to.
    HoldFilm(JobId, oneshot::Sender<Result<(), Trouble>>),
    /// A job of an earlier run cannot go on.
    GiveUp(JobId, Trouble, oneshot::Sender<()>),
    /// The result of a job of an earlier run has its place already.
    Placed(JobId, Outcome, oneshot::Sender<()>),
    /// A job's film may have changed.
    LookAtFilm(JobId, oneshot::Sender<()>),
    Stop(oneshot::Sender<()>),
}

/// A live lease's handles.
#[derive(Debug)]
pub(crate) struct Held {
    pub lease: Lease,
    pub cancel: CancellationToken,
    pub task: Option<TaskId>,
    /// Bytes that are kept free for its result.
    pub reserved: u64,
}

/// A task done for somebody else.
#[derive(Debug)]
pub(crate) struct GuestTask {
    pub peer: peer::PeerId,
    pub spec: SegmentSpec,
    pub words: mpsc::Sender<Message>,
    /// Its connection to its owner; none while that is away.
    pub tie: Tying,
    pub standing: Standing,
    /// Whether its owner takes it up again when it comes back.
    pub reunites: bool,
}

/// Everything the loop owns.
pub(crate) struct Core {
    pub farm: Farm,
    pub since: Instant,
    pub store: Store,
    pub workspace: Workspace,
    pub tool: Result<Tool, Trouble>,
    pub bench: Option<Bench>,
    pub abilities: Abilities,
    pub measuring: bool,
    pub may_measure: bool,
    pub me: PeerId,
    pub settings: Settings,
    /// The file they are kept in.
    pub config: Config,
    pub manners: Manners,
    pub net: Option<Net>,
    pub jobs: BTreeMap<JobId, Job>,
    pub past: BTreeMap<JobId, Past>,
    /// Films that were replaced, by the job that did it.
    pub originals: BTreeMap<JobId, OriginalStatus>,
    pub ledger: Ledger,
    pub neighbours: BTreeMap<PeerId, Neighbour>,
    /// Films that were sent away.
    pub parcels: Parcels,
    /// Films of other computers.
    pub films: Films,
    /// What shells hold of this node, for what is submitted for others.
    pub node: Weak<Inner>,
    /// It stays, and is there for what takes long.
    pub stays: bool,
    pub leases: BTreeMap<LeaseId, Held>,
    /// Words for tasks we gave out.
    pub tasks: BTreeMap<TaskId, mpsc::Sender<Message>>,
    /// Tasks that are in other computers' hands, or were when they were last heard of.
    pub given: BTreeMap<TaskId, Given>,
    pub names: TaskNames,
    /// What donors said they have, and the scheduler has just been told.
    pub claims: Vec<(TaskId, Given)>,
    /// Interrupted jobs may still be taken up again by themselves, or by who asks for them.
    pub resuming: bool,
    pub guests: BTreeMap<TaskId, GuestTask>,
    pub shared: SharedFilms,
    pub scratch: Scratch,
    /// How busy this machine is, once that is known.
    pub load: Option<Load>,
    pub notices: Vec<String>,
    /// Another node with our identity.
    pub twin: Option<Twin>,
    /// Whom we asked for help last, and why nothing came of it.
    pub refusal: Option<(PeerId, Trouble)>,
    pub mail: mpsc::UnboundedSender<Mail>,
    pub pending: VecDeque<Input>,
    /// What could not be stored, as the disk was full; and since when.
    pub unwritten: Vec<Write>,
    pub full_since: Option<Instant>,
    /// How the time of the jobs goes.
    pub chronicle: Chronicle,
    pub changes: watch::Sender<u64>,
    /// Whether the films are just looked at.
    pub looking: Looking,
}

impl Core {
    /// Runs until told to stop.
    pub async fn run(mut self, mut mail: mpsc::UnboundedReceiver<Mail>) {
        let ffmpeg = self.tool.as_ref().map_or("none", |tool| &tool.version.text);
        tracing::info!(
            version = env!("CARGO_PKG_VERSION"),
            ffmpeg,
            "the node begins"
        );
        self.settle().await;
        self.take_up_films().await;
        self.take_up_parcels();
        let stopped = loop {
            let wait = self
                .farm
                .poll_timeout()
                .map_or(Duration::from_secs(3600), |at| at.since(self.now()));
            // A look changes nothing that is shown: ticking for it would have everyone look again.
            let mut looked = false;
            let heard = tokio::select! {
                biased;
                word = mail.recv() => Some(word),
                () = tokio::time::sleep(wait) => None,
            };
            self.chronicle.tick(unix_ms(), self.since.elapsed());
            match heard {
                Some(Some(Mail::Call(Call::Stop(reply)))) => break Some(reply),
                Some(Some(Mail::Sensed(senses, at))) => looked = !self.sensed(&senses, at),
                Some(Some(word)) => {
                    looked = is_look(&word);
                    self.take(word).await;
                }
                Some(None) => break None,
                None => {
                    let now = self.now();
                    self.farm.handle_timeout(now);
                }
            }
            self.settle().await;
            self.tend_films().await;
            self.tend_parcels().await;
            if !looked {
                self.changes.send_modify(|n| *n += 1);
            }
        };
        self.stop().await;
        // Whoever waits for the end may open the data folder again.
        drop(self);
        if let Some(reply) = stopped {
            // Whoever asked may have gone.
            let _ = reply.send(());
        }
    }

    /// Milliseconds since the loop was made: the scheduler's clock.
    pub fn now(&self) -> Time {
        Time(u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    async fn take(&mut self, word: Mail) {
        match word {
            Mail::Farm(input) => self.farm_says(input),
            Mail::Piece { lease, piece } => self.piece(lease, *piece),
            Mail::Outgrew { lease } => self.outgrew(lease),
            Mail::Uncounted { lease } => self.uncounted(lease),
            Mail::Filled { lease } => self.filled(lease),
            Mail::Index {
                job,
                generation,
                said,
            } => self.index_says(job, generation, said),
            Mail::Add { job, reply } => {
                let added = self.take_in(*job).await;
                let _ = reply.send(added);
            }
            Mail::Companion {
                job,
                generation,
                result,
            } => self.companion_says(job, generation, result),
            Mail::Normalised {
                job,
                generation,
                result,
            } => self.normalised(job, generation, result),
            Mail::Timed {
                lease,
                encode_ms,
                check_ms,
            } => self
                .chronicle
                .timed(lease, (encode_ms, check_ms), unix_ms()),
            Mail::Reached { job, kind } => self.reached(job, kind),
            Mail::Combined { job, result } => self.combined(job, result),
            // Whoever asked may have gone.
            Mail::MayPlace(job, reply) => {
                let may = self.may_place(job).then_some(self.settings.replace);
                let _ = reply.send(may);
            }
            Mail::Original(original) => self.original_says(*original).await,
            Mail::NotReplaced { job, output } => self.not_replaced(job, &output),
            Mail::FilmChanged(job) => _ = self.film_changed(job),
            Mail::FilmStands(lease, input, stands) => self.film_stands(lease, *input, stands),
            Mail::Listed {
                job,
                generation,
                result,
            } => self.listed_anew(job, generation, result),
            Mail::Unsay(said) => self.unsay(said),
            Mail::Notice(text) => self.notice(text),
            Mail::Sighted { peer, film, sight } => self.sighted(peer, film, sight),
            Mail::Unseen { job, peer } => self.forget_sight(job, peer),
            Mail::Guest { task, peer, gift } => self.guest_left(task, peer, gift).await,
            Mail::Trial(trial) => self.trial(trial),
            Mail::TrialsDone => self.trials_done(),
            Mail::AllResumed => self.all_resumed(),
            Mail::Load(load) => self.loaded(load),
            Mail::Sensed(senses, at) => _ = self.sensed(&senses, at),
            Mail::Used(used) => self.used(used),
            Mail::Net(event, _place) => self.net_says(event).await,
            Mail::Parcel(film, travels, said) => self.parcel_says(film, travels, *said).await,
            Mail::Hosted(key, travels, event) => self.hosted_says(key, travels, *event).await,
            Mail::Call(call) => self.call(call).await,
        }
    }

    /// Feeds the scheduler until it is content, journal first.
    async fn settle(&mut self) {
        loop {
            let now = self.now();
            while let Some(input) = self.pending.pop_front() {
                self.farm.handle_input(input, now);
            }
            let mut changes = Vec::new();
            while let Some(change) = self.farm.poll_change() {
                changes.push(change);
            }
            if !self.journal(changes).await {
                // The disk is full. Looked at again with the next piece of mail: a look at the machine at the latest.
                return;
            }
            while let Some(action) = self.farm.poll_action() {
                self.perform(action);
            }
            while let Some(event) = self.farm.poll_event() {
                self.tell(event);
            }
            if self.pending.is_empty() {
                return self.let_go_of_unclaimed();
            }
        }
    }

    fn perform(&mut self, action: Action) {
        match action {
            Action::Plan { job, target } => self.cut(job, target),
            Action::Start { lease } => self.start(lease),
            Action::Revoke { lease, .. } => self.revoke(lease),
            Action::Merge { job } => self.merge(job),
            Action::Discard { job } => self.discard(job),
        }
    }

    fn farm_says(&mut self, input: Input) {
        self.chronicle.hear(&input, unix_ms());
        self.note_input(&input);
        if let Input::Failed { lease, .. } | Input::Rejected { lease, .. } = &input
            && let Some(held) = self.let_go(*lease)
        {
            return self.came_to_nothing(held.lease, input);
        }
        self.pending.push_back(input);
    }

    /// What a task says of its lease, for the log of the computer that holds it.
    fn note_input(&self, input: &Input) {
        let (lease, what) = match input {
            Input::Delivered { lease } => (lease, "its source is there".to_owned()),
            Input::Encoded { lease } => (lease, "encoded".to_owned()),
            Input::Returned { lease } => (lease, "its result is here".to_owned()),
            Input::Failed {
                lease,
                fault,
                reason,
            } => (lease, format!("failed ({fault:?}): {reason}")),
            Input::Rejected { lease, why } => (lease, format!("refused: {why:?}")),
            _ => return,
        };
        if let Some(held) = self.leases.get(lease) {
            self.note_down(&held.lease, &what);
        }
    }

    fn tell(&mut self, event: Event) {
        if let Event::JobMoved { job, state } = &event {
            tracing::info!(%job, ?state, "a job moved");
        }
        match event {
            Event::SegmentLost {
                job,
                segment,
                peer,
                reason,
            } => {
                tracing::warn!(%job, %segment, %peer, reason, "a segment was lost and is done again");
                self.note_lost(job, segment, peer, &reason);
                self.lost(job, peer, reason);
            }
            Event::PeerSetAside { peer, reason, .. } => {
                tracing::warn!(%peer, reason, "a computer is set aside");
                self.note_presence(peer);
            }
            // It is tried again, or good after all.
            Event::PeerTriedAgain { peer } | Event::SegmentVerified { peer, .. } => {
                self.note_presence(peer);
            }
            Event::GoesOnWithout { job, wanted, there } => {
                self.note(job, format!("Waited for {wanted} computers; {there} came, and the job goes on without the others."));
            }
            Event::NobodyAble { job } => {
                self.note(job, "No computer here can encode this yet.".to_owned())
            }
            Event::Ignored { why } => tracing::debug!(?why, "ignored"),
            // Journalled by now: a crash from here on finds the job completed.
            Event::JobMoved {
                job,
                state: schedule::JobState::Completed,
            } => self.discard(job),
            Event::JobMoved {
                job,
                state: schedule::JobState::Paused { .. },
            } => self.rest(job),
            Event::JobMoved {
                job,
                state: schedule::JobState::Failed { .. },
            } => self.write_manifest(job),
            Event::JobMoved { .. } | Event::Hedged { .. } => {}
        }
    }

    /// A segment is done again. Who rests has done nothing wrong.
    fn lost(&mut self, job: JobId, peer: PeerId, reason: String) {
        let Some(neighbour) = self.neighbours.get_mut(&peer) else {
            return;
        };
        let Some(rests) = neighbour.rests() else {
            neighbour.trouble = Some(reason);
            return;
        };
        let (name, why) = (&neighbour.name, crate::view::rest_sentence(rests));
        let text = format!("{name} {why}; its part went back in the queue.");
        self.note(job, text);
    }

    /// A sentence for the job's user, once.
    pub fn note(&mut self, job: JobId, text: String) {
        if let Some(job) = self.jobs.get_mut(&job)
            && !job.notes.contains(&text)
        {
            job.notes.push(text);
        }
    }

    /// Ends everything; what is verified stays for the next start.
    async fn stop(&mut self) {
        for held in self.leases.values() {
            held.cancel.cancel();
        }
        for job in self.jobs.values() {
            job.cancel.cancel();
        }
        self.parcels.stop();
        self.guests.clear();
        let writes = self.chronicle.stop(unix_ms());
        let written = self
            .store
            .call(move |tables| writes.iter().try_for_each(|write| write(tables)));
        if let Err(error) = written.await {
            tracing::warn!(%error, "when the jobs were left off was not noted");
        }
        if let Some(net) = self.net.take() {
            net.shutdown().await;
        }
    }
}

/// Whether somebody only looks.
fn is_look(word: &Mail) -> bool {
    let Mail::Call(call) = word else {
        return false;
    };
    matches!(
        call,
        Call::Status(_)
            | Call::Settings(_)
            | Call::Config(_)
            | Call::OpenJobs(_)
            | Call::Past(..)
            | Call::Timeline(..)
    )
}

/// Whether what a lease came to is not to be asked for again under the same name.
pub(crate) fn is_bad(input: &Input) -> bool {
    match input {
        Input::Rejected { .. } => true,
        Input::Failed { fault, .. } => *fault == schedule::Fault::Peer,
        _ => false,
    }
}

/// Milliseconds since `at`, by the clock on the wall; none where that was set back.
pub(crate) fn ms_since(at: i64) -> u64 {
    u64::try_from(unix_ms().saturating_sub(at)).unwrap_or(0)
}

/// Now, Unix milliseconds.
pub(crate) fn unix_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
