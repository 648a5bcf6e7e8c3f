//! A node in memory that encodes nothing: for the tests of whatever shows a node.
//!
//! It keeps the promises that the shells rely on (files that are not there are refused, invites work once,
//! jobs go from state to state only as asked) and lets a test change the scene by hand.

/// What a node tells of earlier days.
mod told;

pub use told::{figures, timeline};

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use tokio::sync::watch;

use crate::bench::Bench;
use crate::choice::{Choice, Purpose};
use crate::config::{Config, ConfigChange, ConfigFrom, ConfigKey, Import, Reread};
use crate::error::{ApiError, ErrorCode};
use crate::figures::Figures;
use crate::helping::{HelpMode, HelpRules, Helping};
use crate::keys::{ApiKey, KeyScope, MadeKey};
use crate::library::{
    Library, LibraryFilter, LibraryFolder, LibraryPage, LibraryPreview, WatchedFolder,
};
use crate::node::{Answer, Node, Shift, Steer};
use crate::path::FilePath;
use crate::sight::{Deed, Film, Forecast, Given, Outlook, Still, Wishes};
use crate::timeline::Timeline;
use crate::view::{
    Asking, Cleaned, Computer, ComputerId, ComputerStatus, Facts, Ffmpeg, Finding, Here, Inspected,
    Invite, Job, JobId, JobState, Level, Original, OriginalState, Pairing, Replace, Report, Scene,
    Segment, Settings, Shared, Stages,
};

/// The invite that the rehearsal's other computer "made".
pub const INVITE: &str = "mh1:rehearsal";

/// A node in memory.
pub struct Rehearsal {
    state: Mutex<State>,
    changed: watch::Sender<u64>,
}

struct State {
    scene: Scene,
    settings: Settings,
    wishes: Wishes,
    keys: Vec<MadeKey>,
    last_job: u64,
}

impl Default for Rehearsal {
    fn default() -> Self {
        let settings = Settings {
            name: "Here".into(),
            hide_name: false,
            donating: true,
            whole_films: true,
            donate_cores: None,
            helping: HelpRules::default(),
            ffmpeg: None,
            purpose: Purpose::Smaller,
            temp: None,
            temp_limit: None,
            bandwidth: None,
            port: None,
            web_port: None,
            replace: Replace::default(),
            shared: Shared::default(),
            library: crate::library::LibraryRules::default(),
        };
        let state = Mutex::new(State {
            scene: scene(),
            settings,
            wishes: Wishes::default(),
            keys: Vec::new(),
            last_job: 0,
        });
        Self {
            state,
            changed: watch::Sender::new(0),
        }
    }
}

impl Rehearsal {
    /// Changes what there is to show, and says so.
    pub fn edit(&self, change: impl FnOnce(&mut Scene)) {
        change(&mut self.state().scene);
        self.changed.send_modify(|count| *count += 1);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, path: &Path, choice: Choice) -> Result<JobId, ApiError> {
        look_at(path)?;
        let mut state = self.state();
        let listed = state.scene.jobs.iter().map(|job| job.id.0).max();
        state.last_job = state.last_job.max(listed.unwrap_or(0)) + 1;
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let job = Job {
            source: path.into(),
            choice,
            ..job(state.last_job, &name)
        };
        let id = job.id;
        drop(state);
        self.edit(|scene| scene.jobs.insert(0, job));
        Ok(id)
    }

    fn turn(&self, id: JobId, steer: Steer) -> Result<JobId, ApiError> {
        let state = self.state();
        let found = state.scene.jobs.iter().find(|job| job.id == id);
        let job = found.ok_or_else(|| crate::no_such_job(id))?;
        let over = job.state.is_over();
        let (was, source, choice) = (job.state.clone(), job.source.clone(), job.choice.clone());
        drop(state);
        if over != matches!(steer, Steer::Retry | Steer::Forget) {
            return Err(ApiError::new(
                ErrorCode::NotNow,
                "The job is not in a state for that.",
            ));
        }
        if steer == Steer::Retry && was == JobState::Cancelled {
            let anew = self.take(&source.0, choice)?;
            self.edit(|scene| scene.jobs.retain(|job| job.id != id));
            return Ok(anew);
        }
        let next = match steer {
            Steer::Cancel => JobState::Cancelled,
            Steer::Pause => JobState::Paused {
                reason: String::new(),
            },
            Steer::Resume => JobState::Processing,
            Steer::Retry => JobState::Queued,
            Steer::Forget => {
                self.edit(|scene| scene.jobs.retain(|job| job.id != id));
                return Ok(id);
            }
        };
        self.edit(|scene| {
            scene
                .jobs
                .iter_mut()
                .filter(|job| job.id == id)
                .for_each(|job| job.state = next.clone());
        });
        Ok(id)
    }

    fn bring(&self, id: JobId) -> Result<(), ApiError> {
        let mut found = None;
        self.edit(|scene| {
            let job = scene.jobs.iter_mut().find(|job| job.id == id);
            found = job.map(|job| job.away.as_mut().map(|away| away.leaves = false));
        });
        let none = || {
            ApiError::new(
                ErrorCode::NotNow,
                "That job has no result on another computer.",
            )
        };
        found
            .ok_or_else(|| crate::no_such_job(id))?
            .ok_or_else(none)
    }

    fn turn_original(&self, id: JobId, to: OriginalState) -> Result<(), ApiError> {
        let mut found = false;
        self.edit(|scene| {
            let jobs = scene.jobs.iter_mut().filter(|job| job.id == id);
            for original in jobs.filter_map(|job| job.original.as_deref_mut()) {
                found = original.state == OriginalState::Kept;
                if found {
                    original.state = to;
                }
            }
        });
        let none = || ApiError::new(ErrorCode::NotNow, "No original is kept for that job.");
        found.then_some(()).ok_or_else(none)
    }

    fn shift(&self, id: JobId, to: Shift) -> Result<(), ApiError> {
        let state = self.state();
        let mut queue: Vec<JobId> = state
            .scene
            .jobs
            .iter()
            .filter(|job| !job.state.is_over())
            .map(|job| job.id)
            .collect();
        let place = |id: &JobId| {
            state
                .scene
                .jobs
                .iter()
                .find(|job| job.id == *id)
                .and_then(|job| job.place)
        };
        queue.sort_by_key(|id| (place(id), *id));
        let found = queue.iter().position(|one| *one == id);
        let at = found.ok_or_else(|| crate::no_such_job(id))?;
        drop(state);
        let job = queue.remove(at);
        let to = match to {
            Shift::Top => 0,
            Shift::Up => at.saturating_sub(1),
            Shift::Down => (at + 1).min(queue.len()),
            Shift::Bottom => queue.len(),
        };
        queue.insert(to, job);
        self.edit(|scene| {
            for job in &mut scene.jobs {
                let at = queue.iter().position(|one| *one == job.id);
                job.place = at.and_then(|at| u32::try_from(at).ok());
            }
        });
        Ok(())
    }

    fn redeem(&self, invite: &str) -> Result<Computer, ApiError> {
        if invite != INVITE {
            return Err(ApiError::new(
                ErrorCode::BadInvite,
                "That is not an invite.",
            ));
        }
        let newcomer = computer("Attic");
        if self.state().scene.computers.contains(&newcomer) {
            return Err(ApiError::new(
                ErrorCode::InviteUsed,
                "That invite was used already.",
            ));
        }
        self.edit(|scene| scene.computers.push(newcomer.clone()));
        Ok(newcomer)
    }
}

fn look_at(path: &Path) -> Result<u64, ApiError> {
    let missing = || {
        ApiError::new(
            ErrorCode::NoSuchFile,
            format!("There is no file {}.", path.display()),
        )
    };
    let about = path.metadata().map_err(|_| missing())?;
    Ok(about.len())
}

fn now<'a, T: Send + 'a>(value: T) -> BoxFuture<'a, T> {
    ready(value).boxed()
}

impl Node for Rehearsal {
    fn scene(&self) -> Answer<'_, Scene> {
        now(Ok(self.state().scene.clone()))
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn inspect(&self, path: PathBuf, _choice: Choice) -> BoxFuture<'_, Inspected> {
        now(match look_at(&path) {
            Ok(bytes) => Inspected::Fine(facts(bytes, &path)),
            Err(error) => Inspected::Refused { error },
        })
    }

    fn submit(&self, path: PathBuf, choice: Choice) -> Answer<'_, JobId> {
        now(self.take(&path, choice))
    }

    fn steer(&self, job: JobId, steer: Steer) -> Answer<'_, JobId> {
        now(self.turn(job, steer))
    }

    fn fetch(&self, job: JobId) -> Answer<'_, ()> {
        now(self.bring(job))
    }

    fn reorder(&self, job: JobId, to: Shift) -> Answer<'_, ()> {
        now(self.shift(job, to))
    }

    fn originals(&self) -> Answer<'_, Vec<Original>> {
        let jobs = &self.state().scene.jobs;
        let originals = jobs.iter().filter_map(|job| job.original.as_deref());
        now(Ok(originals.cloned().collect()))
    }

    fn undo(&self, job: JobId) -> Answer<'_, ()> {
        now(self.turn_original(job, OriginalState::Restored))
    }

    fn delete_original(&self, job: JobId) -> Answer<'_, ()> {
        now(self.turn_original(job, OriginalState::Deleted))
    }

    fn invite(&self) -> Answer<'_, Invite> {
        now(Ok(Invite {
            text: INVITE.into(),
            valid_s: 600,
            qr: crate::qr::rows(INVITE),
        }))
    }

    fn pair(&self, invite: String) -> Answer<'_, Computer> {
        now(self.redeem(&invite))
    }

    fn ask(&self, computer: ComputerId) -> Answer<'_, Asking> {
        let asking = Asking {
            id: computer,
            name: "Attic".into(),
            code: "482 913".into(),
            left_s: 120,
            tries: 3,
        };
        self.edit(|scene| scene.pairing.asking = Some(asking.clone()));
        now(Ok(asking))
    }

    fn withdraw(&self) -> Answer<'_, ()> {
        self.edit(|scene| scene.pairing.asking = None);
        now(Ok(()))
    }

    fn answer(&self, code: String, reverse: bool, donate: bool) -> Answer<'_, Computer> {
        if code.replace(' ', "") != "482913" {
            let wrong = ApiError::new(ErrorCode::WrongCode, "That is not the code.");
            return now(Err(wrong));
        }
        let newcomer = Computer {
            helps_us: reverse,
            ..computer("Attic")
        };
        self.edit(|scene| {
            scene.here.donating |= donate;
            scene.pairing.request = None;
            scene.computers.push(newcomer.clone());
        });
        now(Ok(newcomer))
    }

    fn decline(&self, _block: bool) -> Answer<'_, ()> {
        self.edit(|scene| scene.pairing.request = None);
        now(Ok(()))
    }

    fn set_rights(
        &self,
        computer: ComputerId,
        helps_us: Option<bool>,
        we_help: Option<bool>,
    ) -> Answer<'_, Computer> {
        let mut changed = Err(ApiError::new(ErrorCode::NoSuchPeer, "It is not paired."));
        self.edit(|scene| {
            let found = scene.computers.iter_mut().find(|one| one.id == computer);
            if let Some(one) = found {
                one.helps_us = helps_us.unwrap_or(one.helps_us);
                one.we_help = we_help.unwrap_or(one.we_help);
                changed = Ok(one.clone());
            }
        });
        now(changed)
    }

    fn new_identity(&self) -> Answer<'_, ()> {
        self.edit(|scene| {
            scene.computers.clear();
            scene.here.notices =
                vec!["This computer has a new identity from its next start on.".into()];
        });
        now(Ok(()))
    }

    fn unpair(&self, computer: ComputerId) -> Answer<'_, ()> {
        self.edit(|scene| scene.computers.retain(|one| one.id != computer));
        now(Ok(()))
    }

    fn connect(&self, address: String) -> Answer<'_, ()> {
        now(Err(ApiError::new(
            ErrorCode::Unreachable,
            format!("Nobody answers at {address}."),
        )))
    }

    fn settings(&self) -> Answer<'_, Settings> {
        now(Ok(self.state().settings.clone()))
    }

    fn set_settings(&self, settings: Settings) -> Answer<'_, ()> {
        self.state().settings = settings;
        now(Ok(()))
    }

    fn config(&self) -> Answer<'_, Config> {
        let port = self.state().settings.web_port;
        now(Ok(Config {
            path: FilePath("/data/config.toml".into()),
            exists: true,
            complaints: Vec::new(),
            keys: vec![ConfigKey {
                key: "web.port".into(),
                value: port.map_or_else(String::new, |port| port.to_string()),
                usual: "8090".into(),
                from: ConfigFrom::File,
            }],
        }))
    }

    fn reload_config(&self) -> Answer<'_, Reread> {
        now(Ok(Reread {
            changed: vec!["web.port".into()],
            later: vec!["web.port".into()],
        }))
    }

    fn import_config(&self, text: String, _: bool) -> Answer<'_, Import> {
        let import = Import {
            changes: vec![ConfigChange {
                key: "web.port".into(),
                before: String::new(),
                after: "8091".into(),
            }],
            notes: Vec::new(),
        };
        let known = text.contains("web_port");
        now(Ok(if known { import } else { Import::default() }))
    }

    fn donate(&self, on: bool) -> Answer<'_, ()> {
        self.state().settings.donating = on;
        self.edit(|scene| scene.here.donating = on);
        now(Ok(()))
    }

    fn wind_down(&self) -> Answer<'_, ()> {
        self.donate(false)
    }

    fn help_on_battery(&self, on: bool) -> Answer<'_, ()> {
        self.edit(|scene| scene.here.helping.battery_too = on);
        now(Ok(()))
    }

    fn doctor(&self) -> Answer<'_, Report> {
        now(Ok(Report {
            findings: Vec::new(),
        }))
    }

    fn reach(&self, address: String) -> Answer<'_, Report> {
        now(Ok(Report {
            findings: vec![Finding {
                subject: address,
                level: Level::Bad,
                says: "Nothing answers there for three seconds.".into(),
                help: "Is it switched on?".into(),
            }],
        }))
    }

    fn strip(&self, job: JobId) -> Answer<'_, Vec<Segment>> {
        let state = self.state();
        let found = state.scene.jobs.iter().find(|one| one.id == job);
        now(found
            .map(|job| job.segments.clone())
            .ok_or_else(|| crate::no_such_job(job)))
    }

    fn timeline(&self, job: JobId) -> Answer<'_, Timeline> {
        let state = self.state();
        let found = state.scene.jobs.iter().find(|one| one.id == job);
        now(found
            .map(|job| timeline(job.id))
            .ok_or_else(|| crate::no_such_job(job)))
    }

    fn still(&self, _film: Film, at_s: f64, exact: bool, _height: u32) -> Answer<'_, Still> {
        now(Ok(Still {
            at_s,
            next_s: exact.then_some(at_s + 0.04),
            jpeg: String::new(),
        }))
    }

    fn forecast(&self, path: PathBuf, choice: Choice, _closer: bool) -> Answer<'_, Outlook> {
        let of = |purpose| Forecast {
            purpose,
            bytes_low: 400_000,
            bytes_high: 600_000,
            seconds: Some(30.0),
            alone_s: Some(60.0),
            computers: 2,
        };
        let all = [
            Purpose::Everywhere,
            Purpose::Smaller,
            Purpose::Smallest,
            Purpose::Keep,
        ];
        now(look_at(&path).map(|_| Outlook {
            chosen: of(choice.purpose),
            purposes: all.map(of).into(),
        }))
    }

    fn wishes(&self) -> Answer<'_, Wishes> {
        now(Ok(self.state().wishes.clone()))
    }

    fn set_wishes(&self, wishes: Wishes) -> Answer<'_, ()> {
        self.state().wishes = wishes;
        now(Ok(()))
    }

    fn deeds(&self) -> Answer<'_, Vec<Deed>> {
        now(Ok(vec![Deed {
            computer: computer("Attic").id,
            name: "Attic".into(),
            segments: 14,
            frames: 3500,
            received_bytes: 3_100_000_000,
            sent_bytes: 410_000_000,
            seconds: 900,
            began_ms: 0,
            ended_ms: 1_560_000,
        }]))
    }

    fn bench(&self) -> Answer<'_, Bench> {
        now(Ok(Bench {
            usual: vec![1, 2, 4],
            demo: crate::bench::demo(crate::Filters::default()),
            ..Bench::default()
        }))
    }

    fn start_bench(
        &self,
        _film: Option<FilePath>,
        _workers: Vec<u32>,
        _choice: Choice,
    ) -> Answer<'_, ()> {
        now(Ok(()))
    }

    fn stop_bench(&self) -> Answer<'_, ()> {
        let text = "No measurement goes on.";
        now(Err(ApiError::new(ErrorCode::NotNow, text)))
    }

    fn forget_bench(&self, _began_ms: u64) -> Answer<'_, ()> {
        now(Ok(()))
    }

    fn figures(&self, _days: u32) -> Answer<'_, Figures> {
        now(Ok(figures()))
    }

    fn given(&self) -> Answer<'_, Given> {
        now(Ok(Given::default()))
    }

    fn keys(&self) -> Answer<'_, Vec<ApiKey>> {
        let state = self.state();
        now(Ok(state.keys.iter().map(|made| made.key.clone()).collect()))
    }

    fn new_key(&self, name: String, scopes: BTreeSet<KeyScope>) -> Answer<'_, MadeKey> {
        let mut state = self.state();
        let id = state.keys.iter().map(|made| made.key.id).max().unwrap_or(0) + 1;
        let key = ApiKey {
            id,
            name,
            scopes,
            created_ms: 0,
            used_ms: None,
        };
        let text = format!("mhk_{id:064x}");
        let made = MadeKey { key, text };
        state.keys.push(made.clone());
        now(Ok(made))
    }

    fn revoke_key(&self, id: u64) -> Answer<'_, ()> {
        let keys = &mut self.state().keys;
        let before = keys.len();
        keys.retain(|made| made.key.id != id);
        let unknown = || ApiError::new(ErrorCode::NoSuchKey, "There is no such key.");
        now((keys.len() < before).then_some(()).ok_or_else(unknown))
    }

    fn key_of(&self, text: String) -> Answer<'_, Option<ApiKey>> {
        let state = self.state();
        let found = state.keys.iter().find(|made| made.text == text);
        now(Ok(found.map(|made| made.key.clone())))
    }

    fn report(&self) -> Answer<'_, String> {
        now(Ok("Manyhands\n".to_owned()))
    }

    fn library(&self) -> Answer<'_, Library> {
        let folders = self.state().settings.library.folders.clone();
        let folders = folders.into_iter().map(|folder| LibraryFolder {
            path: folder.path,
            trouble: None,
            notes: Vec::new(),
            scanned_ms: None,
            watched: folder.on_change,
            counts: Vec::new(),
            done_bytes: 0,
            result_bytes: 0,
        });
        now(Ok(Library {
            folders: folders.collect(),
            ..Library::default()
        }))
    }

    fn library_files(&self, _: LibraryFilter, _: u32, _: u32) -> Answer<'_, LibraryPage> {
        now(Ok(LibraryPage {
            total: 0,
            files: Vec::new(),
        }))
    }

    fn library_scan(&self, folder: Option<PathBuf>) -> Answer<'_, ()> {
        let watched = &self.state().settings.library.folders;
        let known = folder.is_none_or(|path| watched.iter().any(|one| one.path.0 == path));
        let unknown = || ApiError::new(ErrorCode::BadRequest, "That is not a watched folder.");
        now(if known { Ok(()) } else { Err(unknown()) })
    }

    fn library_retry(&self, _: Vec<i64>, _: bool) -> Answer<'_, u64> {
        now(Ok(0))
    }

    fn library_preview(&self, _: WatchedFolder) -> Answer<'_, LibraryPreview> {
        now(Ok(LibraryPreview::default()))
    }

    fn clean(&self) -> Answer<'_, Cleaned> {
        now(Ok(Cleaned {
            removed: 0,
            bytes: 0,
            kept_jobs: 0,
        }))
    }
}

/// A scene with nothing in it but this computer.
pub fn scene() -> Scene {
    let here = Here {
        computer: computer("Here"),
        version: "0.0.0".into(),
        data_dir: "/nowhere".into(),
        listening: vec!["127.0.0.1:47820".into()],
        donating: true,
        given_cores: 8,
        helping: Helping {
            mode: HelpMode::Polite,
            rest: None,
            begun: 0,
            stands_still: false,
            cores: 8,
            half_cores: 4,
            on_battery: false,
            battery_too: false,
            winding_down: false,
        },
        ffmpeg: Ffmpeg::Looking,
        ready: 0,
        twin: None,
        notices: Vec::new(),
    };
    Scene {
        here,
        computers: Vec::new(),
        jobs: Vec::new(),
        pairing: Pairing::default(),
    }
}

/// A computer of that name, idle; its id is made of the name.
pub fn computer(name: &str) -> Computer {
    let id = name
        .bytes()
        .cycle()
        .take(32)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Computer {
        id: ComputerId(id),
        name: name.into(),
        status: ComputerStatus::Ready,
        helps_us: true,
        we_help: true,
        lets_us: Some(true),
        asks_us: Some(true),
        cpu: "Rehearsal 3000".into(),
        cores: 8,
        memory_mb: 16_000,
        load: None,
        encoders: Vec::new(),
        address: None,
        speed_fps: None,
        last_seen_ms: None,
        trouble: None,
        takes_films: false,
    }
}

/// A job of that number that waits.
pub fn job(id: u64, name: &str) -> Job {
    Job {
        id: JobId(id),
        name: name.into(),
        source: FilePath::from(format!("/films/{name}")),
        source_bytes: 1_000_000,
        duration_s: None,
        picture: None,
        choice: Choice::default(),
        state: JobState::Queued,
        place: None,
        progress: 0.0,
        frames_done: 0,
        frames_total: None,
        speed_fps: None,
        eta_s: None,
        speed_up: None,
        elapsed_s: 0.0,
        segments: Vec::new(),
        hands: Vec::new(),
        sent_bytes: 0,
        received_bytes: 0,
        notes: Vec::new(),
        stages: Stages::default(),
        created_ms: 0,
        finished_ms: None,
        original: None,
        away: None,
        sent_by: None,
    }
}

/// The original of a film that was replaced, kept for good.
pub fn original(job: u64, name: &str) -> Original {
    let at = |name: &str| FilePath::from(format!("/films/{name}"));
    Original {
        job: JobId(job),
        source: at(name),
        output: at(name),
        kept: at(&format!("{name}.bak")),
        bytes: 1_000_000,
        replaced_ms: 0,
        until_ms: None,
        state: OriginalState::Kept,
        trouble: None,
    }
}

fn facts(bytes: u64, path: &Path) -> Facts {
    Facts {
        bytes,
        duration_s: Some(60.0),
        picture: "1920×1080, 25 fps".into(),
        others: "1 × sound".into(),
        output: path.with_extension("hevc.mkv").into(),
        losses: Vec::new(),
        notes: Vec::new(),
    }
}
