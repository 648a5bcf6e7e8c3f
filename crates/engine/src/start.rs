//! How a node comes up: data folder, ffmpeg, network, loop, in this order.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use ffmpeg::tools::{self, Places, Tool, ToolError};
use peer::{Identity, Net, NetConfig, NetEvent, Paired, Rights};
use plan::keep::Muxer;
use schedule::{Farm, FarmConfig, Input, PeerId};
use sense::Sense;
use store::{OpenError, Store};
use tokio::sync::{Semaphore, mpsc, watch};

use crate::capability::Abilities;
use crate::changed::Looking;
use crate::chronicle::Chronicle;
use crate::config::{Config, ThisTime, watch_file};
use crate::driver::{Core, Mail, unix_ms};
use crate::hosted::Films;
use crate::job::Past;
use crate::lease::Bench;
use crate::librarian::Librarian;
use crate::manners::{Guidance, Manners};
use crate::neighbour::Neighbour;
use crate::node::{Inner, Node, NodeConfig};
use crate::remote::Parcels;
use crate::replace::{self, Ledger};
use crate::reunion::TaskNames;
use crate::scratch::Scratch;
use crate::shared::SharedFilms;
use crate::sight::{Gallery, Samples};
use crate::status::{JobState, OriginalStatus, Settings};
use crate::trouble::{Kind, Trouble, sentence};
use crate::workspace::Workspace;
use crate::{journal, load, output, remote, senses};

/// The database's key of the folders that may hold working files.
pub(crate) const PLACES: &str = "places";
/// Checks of results that run at once: proving stays below one core.
const CHECKS: usize = 1;

/// Brings a node up.
pub(crate) async fn start(config: NodeConfig, sense: Box<dyn Sense>) -> Result<Node, Trouble> {
    let store = Store::open(&config.data_dir).map_err(|e| store_trouble(&e))?;
    let identity =
        Identity::open(&config.data_dir).map_err(|e| folder_trouble(&config, &e.to_string()))?;
    let (kept, mut notices) = settings(&store, &config).await?;
    let settings = kept.effective();
    let (workspace, unplugged) = workspace(&config, &identity, &store, &settings).await?;
    notices.extend(unplugged);
    let tool = tool(&settings).await;
    let abilities = abilities(&config, &store, tool.as_ref().ok()).await;
    let (mail, letters) = mpsc::unbounded_channel();
    let manners = Manners::new(&settings, senses::watch(sense, mail.clone()));
    let seats = abilities.all_and_given(settings.donate_cores);
    let bench = tool.as_ref().ok();
    let bench = bench.map(|tool| bench_of(tool, seats, manners.guidance(), mail.clone()));
    let me = PeerId(identity.id().0);
    let (net, neighbours, elsewhere) = network(&config, identity, &store, &settings, &mail).await?;
    notices.extend(elsewhere);
    let testing = settings.replace.testing_mode;
    let (ledger, originals, mut past) =
        earlier(&config, &store, &workspace, testing, &mut notices).await?;
    let (parcels, films) = whole_films(&config, &store, &mut past, &mut notices).await?;
    let (ticks, changes) = watch::channel(0);
    let core = Core {
        farm: farm(&store, &settings).await?,
        since: Instant::now(),
        store: store.clone(),
        workspace,
        tool,
        bench,
        abilities,
        measuring: false,
        may_measure: config.stays,
        me,
        settings,
        config: kept,
        manners,
        net,
        jobs: BTreeMap::new(),
        past,
        originals,
        ledger,
        neighbours,
        parcels,
        films,
        node: Weak::new(),
        stays: config.stays,
        leases: BTreeMap::new(),
        tasks: BTreeMap::new(),
        given: BTreeMap::new(),
        names: names(&config, &store).await?,
        claims: Vec::new(),
        resuming: true,
        guests: BTreeMap::new(),
        refusal: None,
        shared: SharedFilms::default(),
        scratch: Scratch::default(),
        load: None,
        notices,
        twin: None,
        mail,
        pending: VecDeque::new(),
        unwritten: Vec::new(),
        full_since: None,
        chronicle: Chronicle::default(),
        looking: Looking::default(),
        changes: ticks,
    };
    Ok(run(core, changes, letters))
}

/// Sets the loop going. One that stays watches the file of its settings, and goes on with what was interrupted.
fn run(
    mut core: Core,
    changes: watch::Receiver<u64>,
    letters: mpsc::UnboundedReceiver<Mail>,
) -> Node {
    let (stays, file) = (core.stays, core.config.path().to_owned());
    let node = handle(&core, changes);
    core.node = Arc::downgrade(&node.0);
    tokio::spawn(ready(core).run(letters));
    if stays {
        tokio::spawn(watch_file(node.0.mail.clone(), file));
    }
    go_on(node, stays)
}

/// What the shells hold of a node.
fn handle(core: &Core, changes: watch::Receiver<u64>) -> Node {
    Node(Arc::new(Inner {
        mail: core.mail.clone(),
        changes,
        store: core.store.clone(),
        workspace: core.workspace.clone(),
        tool: core.tool.clone(),
        bench: core.bench.clone(),
        net: core.net.clone(),
        gallery: Gallery::default(),
        samples: Samples::default(),
        ledger: core.ledger.clone(),
        librarian: Librarian::default(),
    }))
}

/// Takes interrupted jobs up again, if it `stays` for them, and looks after the originals.
fn go_on(node: Node, stays: bool) -> Node {
    if stays {
        tokio::spawn(crate::originals::look_after(Arc::downgrade(&node.0)));
        let going = node.clone();
        tokio::spawn(async move {
            going.resume_all().await;
            // The library's films in work are those of jobs that go on, or have failed to.
            going.0.librarian.begin(&going);
        });
    }
    node
}

async fn tool(settings: &Settings) -> Result<Tool, Trouble> {
    let places = Places::here(settings.ffmpeg.clone());
    tools::find(&places).await.map_err(|e| tool_trouble(&e))
}

/// Introduces this machine to its own scheduler, and to its neighbours.
fn ready(mut core: Core) -> Core {
    if core.bench.is_some() {
        let offers = core.abilities.offers();
        core.pending.push_back(Input::PeerJoined {
            peer: core.me,
            is_self: true,
            offers,
        });
    }
    let others: Vec<PeerId> = core.neighbours.keys().copied().collect();
    for peer in others {
        core.note_presence(peer);
    }
    tokio::spawn(load::watch(core.mail.clone()));
    core.tell_about();
    core.measure_if_idle();
    core.pay_attention(true);
    core
}

/// What this machine encodes with.
async fn abilities(config: &NodeConfig, store: &Store, tool: Option<&Tool>) -> Abilities {
    let abilities = match tool {
        Some(tool) => Abilities::load(store, tool).await,
        None => Abilities::default(),
    };
    match config.workers {
        Some(workers) => abilities.with_workers(workers),
        None => abilities,
    }
}

/// A scheduler that knows how this machine is, and whose leases are not those of an earlier run.
async fn farm(store: &Store, settings: &Settings) -> Result<Farm, Trouble> {
    Ok(Farm::new(FarmConfig {
        epoch: epoch(store).await?,
        examining: 1.0 / f64::from(ffmpeg::hardware::threads()),
        delivery: delivery(settings),
        ..FarmConfig::default()
    }))
}

/// `seats`: encoders that may run here at once, and of those for other computers.
fn bench_of(
    tool: &Tool,
    (seats, given): (u8, u8),
    guidance: Guidance,
    mail: mpsc::UnboundedSender<Mail>,
) -> Bench {
    // An unnumbered build is taken for a modern one: it was checked for what every job needs.
    let (major, minor) = tool.version.release.unwrap_or((9, 0));
    Bench {
        ffmpeg: tool.path.clone(),
        version: tool.version.text.clone(),
        muxer: Muxer { major, minor },
        seats: Arc::new(Semaphore::new(usize::from(seats))),
        given: Arc::new(Semaphore::new(usize::from(given))),
        checks: Arc::new(Semaphore::new(CHECKS)),
        allowance: media::argv::Allowance::default(),
        guidance,
        mail,
    }
}

/// The settings, and what the user has to be told of them.
async fn settings(store: &Store, config: &NodeConfig) -> Result<(Config, Vec<String>), Trouble> {
    let this_time = ThisTime {
        name: config.name.clone(),
        donate: config.donate,
    };
    Config::open(&config.data_dir, &config.settings, &this_time, store).await
}

/// The data folder, and where the working files are. A place that is not there, as a disk that was unplugged, is said.
async fn workspace(
    config: &NodeConfig,
    identity: &Identity,
    store: &Store,
    settings: &Settings,
) -> Result<(Workspace, Vec<String>), Trouble> {
    let former = store.call(|tables| tables.setting::<Vec<PathBuf>>(PLACES));
    let former = former.await.ok().flatten().unwrap_or_default();
    let tag: String = identity.id().to_string().chars().take(8).collect();
    let workspace = Workspace::open(&config.data_dir, &tag, former)
        .map_err(|e| folder_trouble(config, &e.to_string()))?;
    let Some(folder) = &settings.scratch else {
        return Ok((workspace, Vec::new()));
    };
    let notice = workspace.set_scratch(Some(folder)).err().map(|error| {
        format!(
            "Working files cannot be kept in {} ({error}); they are kept in {} until that is put right.",
            folder.display(),
            workspace.root().display()
        )
    });
    Ok((workspace, notice.into_iter().collect()))
}

/// How long a segment may travel: with a limit on the network many of them may share little.
fn delivery(settings: &Settings) -> Duration {
    let usual = FarmConfig::default().delivery;
    settings.bandwidth.map_or(usual, |_| usual * 24)
}

/// What a failed job has made is kept for so long, for it to be tried again; milliseconds.
const FAILED_KEPT: i64 = 30 * 24 * 3_600_000;

/// Whether a job's working files are still of use; `results`: jobs of which a result waits among them to be put in its place.
fn is_kept(past: &Past, results: &BTreeSet<schedule::JobId>, now_ms: i64) -> bool {
    let fresh = |ended: Option<i64>| ended.is_none_or(|at| now_ms.saturating_sub(at) < FAILED_KEPT);
    past.wish.terms.keep_temp
        || match past.state {
            JobState::Completed(_) | JobState::Cancelled => false,
            JobState::Failed(_) => results.contains(&past.id) || fresh(past.finished_ms),
            _ => true,
        }
}

/// Removes the working files of jobs that are over, abandoned or unknown: those that a killed node could not remove.
async fn sweep(workspace: &Workspace, past: &ById<Past>, results: &BTreeSet<schedule::JobId>) {
    let now = crate::driver::unix_ms();
    let kept = past.values().filter(|past| is_kept(past, results, now));
    let kept: Vec<schedule::JobId> = kept.map(|past| past.id).collect();
    let workspace = workspace.clone();
    let swept = tokio::task::spawn_blocking(move || workspace.sweep(&kept)).await;
    match swept.map_err(std::io::Error::other).flatten() {
        Ok((0, _)) => {}
        Ok((items, bytes)) => tracing::info!(items, bytes, "working files of old jobs removed"),
        Err(error) => tracing::warn!(%error, "old working files were not removed"),
    }
}

async fn names(config: &NodeConfig, store: &Store) -> Result<TaskNames, Trouble> {
    let names = TaskNames::open(store).await;
    names.map_err(|e| folder_trouble(config, &e.to_string()))
}

async fn epoch(store: &Store) -> Result<u32, Trouble> {
    let next = store.call(|tables| {
        let next = tables.setting::<u32>("epoch")?.unwrap_or(0).wrapping_add(1);
        tables.set_setting("epoch", &next)?;
        tables.prune_timelines(unix_ms())?;
        Ok(next)
    });
    next.await.map_err(|e| {
        Trouble::new(
            Kind::BadDataFolder,
            format!("The data folder cannot be written: {e}."),
        )
    })
}

type ById<T> = BTreeMap<schedule::JobId, T>;

/// Jobs whose segments are read again for the list; older ones show their outcome alone.
const DETAILED: usize = 50;

/// # Errors
/// They cannot be read. Then nothing may be swept either: what is not listed would be taken for nobody's.
async fn past_jobs(store: &Store, workspace: &Workspace) -> Result<ById<Past>, store::StoreError> {
    let rows = store.call(|tables| {
        let jobs = tables.jobs()?;
        let plain = jobs.len().saturating_sub(DETAILED);
        let detailed = jobs.into_iter().enumerate().map(|(at, job)| {
            let segments = if at < plain {
                Vec::new()
            } else {
                tables.segments(job.id)?
            };
            Ok((job, segments))
        });
        detailed.collect::<Result<Vec<_>, store::StoreError>>()
    });
    let past = rows
        .await?
        .into_iter()
        .map(|(job, segments)| (journal::job_id(job.id), journal::past(job, segments)))
        .collect();
    sweep(workspace, &past, &remote::kept(store).await?).await;
    sweep_asides(store, &past).await;
    Ok(past)
}

/// Removes what jobs that are over have left beside where their results were to be. Nobody waits for their disks.
async fn sweep_asides(store: &Store, past: &ById<Past>) {
    let noted = store.call(|tables| tables.asides()).await;
    if noted.is_ok_and(|noted| noted.is_empty()) {
        return;
    }
    let kept = past
        .values()
        .filter(|past| past.wish.terms.keep_temp || !past.state.is_over());
    let kept: BTreeSet<schedule::JobId> = kept.map(|past| past.id).collect();
    let store = store.clone();
    tokio::spawn(async move { output::sweep(&store, |job| !kept.contains(&job)).await });
}

/// What earlier runs left: first of all, what was being done with originals when one was cut off is gone on with, before
/// anything else touches their films. Then all originals and all jobs.
async fn earlier(
    config: &NodeConfig,
    store: &Store,
    workspace: &Workspace,
    testing: bool,
    notices: &mut Vec<String>,
) -> Result<(Ledger, ById<OriginalStatus>, ById<Past>), Trouble> {
    let unread = |error: store::StoreError| folder_trouble(config, &error.to_string());
    let ledger = Ledger::new(store).held_as_before().await;
    let journal = ledger.clone();
    let settled = tokio::task::spawn_blocking(move || {
        let keeps = || testing || journal.holds();
        replace::settle(&journal, &keeps)
    });
    let settled = settled.await.unwrap_or_default();
    notices.extend(settled.waits.into_iter().chain(settled.notices));
    let rows = store.call(|tables| tables.originals());
    let known = rows.await.map_err(unread)?;
    let known = known.iter().map(replace::status);
    let known = known.map(|one| (one.job, one)).collect();
    let past = past_jobs(store, workspace).await.map_err(unread)?;
    Ok((ledger, known, past))
}

/// Films of this computer that others own, and films of others. What cannot be read of their notes is said.
async fn whole_films(
    config: &NodeConfig,
    store: &Store,
    past: &mut ById<Past>,
    notices: &mut Vec<String>,
) -> Result<(Parcels, Films), Trouble> {
    let failed = |error: store::StoreError| folder_trouble(config, &error.to_string());
    let (parcels, unread) = remote::load(store, past).await.map_err(failed)?;
    notices.extend(unread);
    let (films, unread) = Films::load(store).await.map_err(failed)?;
    notices.extend(unread);
    Ok((parcels, films))
}

type Neighbours = BTreeMap<PeerId, Neighbour>;

/// The network, whom we know, and what the user has to be told.
type Opened = (Option<Net>, Neighbours, Option<String>);

/// Starts the network, where there is to be one.
async fn network(
    config: &NodeConfig,
    identity: Identity,
    store: &Store,
    settings: &Settings,
    mail: &mpsc::UnboundedSender<Mail>,
) -> Result<Opened, Trouble> {
    let rows = store
        .call(|tables| tables.peers())
        .await
        .map_err(|e| folder_trouble(config, &e.to_string()))?;
    let neighbours = rows
        .iter()
        .map(|row| (PeerId(row.id), known(row)))
        .collect();
    if !config.network {
        return Ok((None, neighbours, None));
    }
    let paired = rows.iter().map(|row| Paired {
        id: peer::PeerId(row.id),
        name: row.name.as_str().into(),
        addresses: row
            .addresses
            .iter()
            .filter_map(|a| a.parse().ok())
            .collect(),
        rights: rights(row),
    });
    let typed = store
        .call(|tables| tables.setting::<Vec<SocketAddr>>("typed"))
        .await
        .ok()
        .flatten()
        .unwrap_or_default();
    let net_config = NetConfig {
        listen: config.listen.unwrap_or_else(|| wished(settings)),
        mdns: config.mdns,
        paired: paired.collect(),
        typed: config.peers.iter().copied().chain(typed).collect(),
        donating: settings.donating,
        hides_name: settings.hide_name,
        ..NetConfig::new(identity, &settings.name)
    };
    let (started, notice) = match Net::start(net_config.clone()).await {
        // What was set long ago must not keep a node from starting today.
        Err(error) if config.listen.is_none() && settings.port.is_some() => {
            let elsewhere = NetConfig {
                listen: peer::ANYWHERE,
                ..net_config
            };
            let notice = format!(
                "The port that is set cannot be used ({error}); another one is used until the next start."
            );
            (Net::start(elsewhere).await, Some(notice))
        }
        started => (started, None),
    };
    let (net, events) = started.map_err(|e| {
        Trouble::new(
            Kind::CannotListen,
            format!("The network cannot be used: {e}."),
        )
        .help("Choose another address with --listen.")
    })?;
    net.set_pace(settings.bandwidth);
    tokio::spawn(forward(events, mail.clone()));
    Ok((Some(net), neighbours, notice))
}

/// Everywhere, at the port that is set or the usual one.
fn wished(settings: &Settings) -> SocketAddr {
    SocketAddr::new(peer::ANYWHERE.ip(), settings.port.unwrap_or(0))
}

/// How many of the network's events may wait for the loop. Beyond it those who cause them wait.
const EVENTS: usize = 64;

async fn forward(mut events: mpsc::Receiver<NetEvent>, mail: mpsc::UnboundedSender<Mail>) {
    let room = Arc::new(Semaphore::new(EVENTS));
    while let (Some(event), Ok(place)) =
        (events.recv().await, Arc::clone(&room).acquire_owned().await)
    {
        if mail.send(Mail::Net(event, place)).is_err() {
            return;
        }
    }
}

fn rights(row: &store::Peer) -> Rights {
    Rights {
        may_use_me: row.may_use_me,
        i_may_use: row.i_may_use,
    }
}

fn known(row: &store::Peer) -> Neighbour {
    Neighbour {
        id: PeerId(row.id),
        name: row.name.clone(),
        paired: true,
        rights: rights(row),
        theirs: None,
        presented: None,
        about: None,
        address: row.addresses.first().cloned(),
        last_seen_ms: row.last_seen,
        trouble: None,
        load: None,
        holding: None,
    }
}

/// The store's refusal in the user's words.
fn store_trouble(error: &OpenError) -> Trouble {
    let kind = if matches!(error, OpenError::InUse(_)) {
        Kind::NodeRunning
    } else {
        Kind::BadDataFolder
    };
    sentence(kind, &error.to_string())
}

fn folder_trouble(config: &NodeConfig, reason: &str) -> Trouble {
    Trouble::new(
        Kind::BadDataFolder,
        format!(
            "The data folder {} cannot be used: {reason}.",
            config.data_dir.display()
        ),
    )
    .help("Give another folder with --data.")
}

/// Why there is no usable ffmpeg; the sentences are the tool's own.
pub(crate) fn tool_trouble(error: &ToolError) -> Trouble {
    let kind = match error {
        ToolError::TooOld { .. } => Kind::FfmpegTooOld,
        ToolError::Missing
        | ToolError::NotThere { .. }
        | ToolError::Broken { .. }
        | ToolError::Incomplete { .. } => Kind::NoFfmpeg,
    };
    Trouble::new(kind, error.to_string())
}
