//! The one application API: calls in, events out.
//!
//! The window, the page and the command line all end here. [`Api`] has a plain method for every call;
//! [`call`] lists them once for everything that speaks JSON. View models go out whole, at most four times a
//! second, numbered; a client that misses one asks for a snapshot. This crate decides nothing about videos.

pub mod bench;
mod choice;
mod error;
mod event;
mod figures;
mod filters;
mod folder;
mod front;
mod helping;
mod keys;
mod library;
mod live;
mod node;
mod path;
mod pump;
mod qr;
mod sight;
mod timeline;
mod view;

pub mod call;
pub mod config;
pub mod csv;
pub mod rehearsal;

#[cfg(test)]
mod bindings;

pub use bench::{Bench, BenchForecast, BenchProgress, BenchRow, BenchRun, BenchSummary};
pub use call::Call;
pub use choice::{Audio, Choice, Codec, Container, Encoders, Keep, On, Place, Purpose, Speed};
pub use config::{Complaint, Config, ConfigChange, ConfigFrom, ConfigKey, Import, Reread};
pub use engine::failures as ffmpeg_failures;
pub use error::{ApiError, ErrorCode};
pub use event::{Event, Numbered};
pub use figures::{Day, DayShare, Figures, Totals, Worker, date};
pub use filters::{Amount, Area, Crop, Filters, GRAINS, HEIGHTS, Rotation};
pub use folder::data_folder;
pub use media::choice::SOUND_KBPS;

pub mod logs;
pub use front::Handed;
pub use helping::{HelpMode, HelpRules, Helping, Hours, Rest, Weekday};
pub use keys::{ApiKey, KeyScope, MadeKey};
pub use library::{
    Library, LibraryCount, LibraryExample, LibraryFile, LibraryFilter, LibraryFolder, LibraryPage,
    LibraryPreview, LibraryRule, LibraryRules, LibraryScan, LibraryState, LibraryTake,
    WatchedFolder,
};
pub use live::{Live, NodeConfig, Sources, resolve};
pub use node::{Answer, Node, Shift, Steer};
pub use path::FilePath;
pub use pump::Events;
pub use sight::{Deed, Film, Forecast, Given, Outlook, Preset, Still, Wishes};
pub use timeline::{
    Absence, Cause, Fate, OtherWork, PhaseKind, Spent, Stint, Timeline, TimelineComputer,
    TimelinePause, TimelinePhase, Wait,
};
pub use view::{
    Asking, Away, AwayStep, Cleaned, Computer, ComputerId, ComputerStatus, Encoder, Facts, Ffmpeg,
    Finding, Hand, Here, Inspected, Inspection, Invite, Job, JobId, JobState, Level, Load,
    Original, OriginalState, Outcome, Pairing, PairingRefusal, PathPair, Receipt, Replace, Report,
    Request, Scene, Segment, SegmentState, Settings, Shared, Snapshot, Submitted,
};

use std::sync::Arc;

use serde_json::Value;

use front::Front;
use pump::Pump;

/// A node's front door. Cheap to clone; the last clone to go ends the events, not the node.
#[derive(Clone)]
pub struct Api {
    node: Arc<dyn Node>,
    pump: Arc<Pump>,
    front: Arc<Front>,
}

impl Api {
    /// The API of this node. Must be called within a tokio runtime.
    pub fn new(node: Arc<dyn Node>) -> Self {
        let pump = Arc::new(Pump::start(node.clone()));
        Self {
            node,
            pump,
            front: Arc::default(),
        }
    }

    /// Runs the call of that name: what every shell that speaks JSON does.
    ///
    /// # Errors
    /// [`ErrorCode::BadRequest`] for an unknown name or bad arguments, else what the call itself says.
    pub async fn dispatch(&self, name: &str, args: Value) -> Result<Value, ApiError> {
        call::dispatch(self, name, args).await
    }

    /// Runs a call: what a shell in the same process does.
    ///
    /// # Errors
    /// What the call says.
    pub async fn call<C: Call>(&self, call: C) -> Result<C::Reply, ApiError> {
        call.run(self).await
    }

    /// The events from now on. Ask for the events first and for the snapshot second, and skip the events
    /// that the snapshot contains: then nothing is missed.
    pub fn events(&self) -> Events {
        self.pump.subscribe()
    }
}

/// The calls, one method each; [`call`] documents them.
impl Api {
    /// Everything there is to show.
    ///
    /// # Errors
    /// If the node has stopped. The same holds for `jobs` and `peers`.
    pub async fn snapshot(&self) -> Result<Snapshot, ApiError> {
        self.pump.look().await
    }

    /// What these files are.
    ///
    /// # Errors
    /// [`ErrorCode::BadRequest`] if the choice does not fit the number of files. What is wrong with a file
    /// stands in its inspection.
    pub async fn inspect(
        &self,
        paths: Vec<FilePath>,
        choice: Choice,
    ) -> Result<Vec<Inspection>, ApiError> {
        check_choice(&paths, &choice)?;
        let choice = self.with_owner(choice).await?;
        let mut inspections = Vec::with_capacity(paths.len());
        for path in paths {
            let result = self.node.inspect(path.0.clone(), choice.clone()).await;
            inspections.push(Inspection {
                name: file_name(&path),
                path,
                result,
            });
        }
        Ok(inspections)
    }

    /// Starts a job for each file.
    ///
    /// # Errors
    /// [`ErrorCode::BadRequest`] if the choice does not fit the number of files. What is wrong with a file
    /// stands in its line of the reply.
    pub async fn submit(
        &self,
        paths: Vec<FilePath>,
        choice: Choice,
    ) -> Result<Vec<Submitted>, ApiError> {
        check_choice(&paths, &choice)?;
        let choice = self.with_owner(choice).await?;
        let mut lines = Vec::with_capacity(paths.len());
        for path in paths {
            lines.push(
                match self.node.submit(path.0.clone(), choice.clone()).await {
                    Ok(job) => Submitted {
                        path,
                        job: Some(job),
                        error: None,
                    },
                    Err(error) => Submitted {
                        path,
                        job: None,
                        error: Some(error),
                    },
                },
            );
        }
        Ok(lines)
    }

    /// The choice with its owner's whole id, where another computer is to own the job.
    async fn with_owner(&self, mut choice: Choice) -> Result<Choice, ApiError> {
        if let Some(on) = &mut choice.on {
            let computers = self.peers().await?;
            on.computer = find_computer(&computers, &on.computer)?.0;
        }
        Ok(choice)
    }

    /// All jobs.
    ///
    /// # Errors
    /// If the node has stopped.
    pub async fn jobs(&self) -> Result<Vec<Job>, ApiError> {
        Ok(self.node.scene().await?.jobs)
    }

    /// One job.
    ///
    /// # Errors
    /// [`ErrorCode::NoSuchJob`].
    pub async fn job(&self, id: JobId) -> Result<Job, ApiError> {
        let jobs = self.node.scene().await?.jobs;
        jobs.into_iter()
            .find(|job| job.id == id)
            .ok_or_else(|| no_such_job(id))
    }

    /// A completed job's receipt.
    ///
    /// # Errors
    /// [`ErrorCode::NoSuchJob`], [`ErrorCode::NotNow`] if it is not completed, [`ErrorCode::Unreadable`] if
    /// the receipt was moved or damaged.
    pub async fn receipt(&self, id: JobId) -> Result<Receipt, ApiError> {
        let JobState::Completed { outcome } = self.job(id).await?.state else {
            return Err(ApiError::new(
                ErrorCode::NotNow,
                "The job has no receipt: it is not completed.",
            ));
        };
        let lost = |why: String| {
            let text = format!(
                "The receipt {} cannot be read: {why}.",
                outcome.receipt.shown()
            );
            ApiError::new(ErrorCode::Unreadable, text)
        };
        let text = tokio::fs::read(&outcome.receipt)
            .await
            .map_err(|error| lost(error.to_string()))?;
        serde_json::from_slice(&text)
            .map(Receipt)
            .map_err(|error| lost(error.to_string()))
    }

    /// Stops a job for good.
    ///
    /// # Errors
    /// [`ErrorCode::NoSuchJob`]; [`ErrorCode::NotNow`] if it is over. Likewise for the four that follow.
    pub async fn cancel(&self, id: JobId) -> Result<(), ApiError> {
        self.node.steer(id, Steer::Cancel).await.map(drop)
    }

    /// Holds a job.
    ///
    /// # Errors
    /// As [`Api::cancel`].
    pub async fn pause(&self, id: JobId) -> Result<(), ApiError> {
        self.node.steer(id, Steer::Pause).await.map(drop)
    }

    /// Goes on with a job.
    ///
    /// # Errors
    /// As [`Api::cancel`].
    pub async fn resume(&self, id: JobId) -> Result<(), ApiError> {
        self.node.steer(id, Steer::Resume).await.map(drop)
    }

    /// Tries a job again. Gives its number: another one where a cancelled job begins anew.
    ///
    /// # Errors
    /// As [`Api::cancel`].
    pub async fn retry(&self, id: JobId) -> Result<JobId, ApiError> {
        self.node.steer(id, Steer::Retry).await
    }

    /// Brings the result of a film that was sent away, and left there, here.
    ///
    /// # Errors
    /// [`ErrorCode::NoSuchJob`]; [`ErrorCode::NotNow`] if no other computer has it, or it is over.
    pub async fn fetch(&self, id: JobId) -> Result<(), ApiError> {
        self.node.fetch(id).await
    }

    /// Moves a job in the queue.
    ///
    /// # Errors
    /// [`ErrorCode::NoSuchJob`]; [`ErrorCode::NotNow`] if it is over or interrupted.
    pub async fn reorder(&self, id: JobId, to: Shift) -> Result<(), ApiError> {
        self.node.reorder(id, to).await
    }

    /// Takes a job off the list.
    ///
    /// # Errors
    /// As [`Api::cancel`].
    pub async fn forget(&self, id: JobId) -> Result<(), ApiError> {
        self.node.steer(id, Steer::Forget).await.map(drop)
    }

    /// The originals of files that were replaced.
    ///
    /// # Errors
    /// If the data folder cannot be read.
    pub async fn originals(&self) -> Result<Vec<Original>, ApiError> {
        self.node.originals().await
    }

    /// Puts an original back; the result is gone then.
    ///
    /// # Errors
    /// [`ErrorCode::NotNow`] if the job has replaced nothing, or one of the two files is not what it was: then nothing is
    /// changed.
    pub async fn undo(&self, id: JobId) -> Result<(), ApiError> {
        self.node.undo(id).await
    }

    /// Deletes an original.
    ///
    /// # Errors
    /// As [`Api::undo`].
    pub async fn delete_original(&self, id: JobId) -> Result<(), ApiError> {
        self.node.delete_original(id).await
    }

    /// The other computers.
    ///
    /// # Errors
    /// If the node has stopped.
    pub async fn peers(&self) -> Result<Vec<Computer>, ApiError> {
        Ok(self.node.scene().await?.computers)
    }

    /// Makes an invite.
    ///
    /// # Errors
    /// [`ErrorCode::CannotListen`] where nothing could redeem it.
    pub async fn invite(&self) -> Result<Invite, ApiError> {
        self.node.invite().await
    }

    /// Redeems an invite.
    ///
    /// # Errors
    /// [`ErrorCode::BadInvite`], [`ErrorCode::InviteExpired`], [`ErrorCode::InviteUsed`],
    /// [`ErrorCode::OwnInvite`], [`ErrorCode::Unreachable`], [`ErrorCode::OtherProtocol`],
    /// [`ErrorCode::WrongIdentity`].
    pub async fn pair(&self, invite: String) -> Result<Computer, ApiError> {
        self.node.pair(invite.trim().to_owned()).await
    }

    /// Asks a computer that is near for help: shows a code, to be typed there within two minutes.
    ///
    /// # Errors
    /// [`ErrorCode::NoSuchPeer`], also where `id` means more than one.
    pub async fn ask(&self, id: String) -> Result<Asking, ApiError> {
        let computer = find_computer(&self.peers().await?, &id)?;
        self.node.ask(computer).await
    }

    /// Takes that back.
    ///
    /// # Errors
    /// If the node does not use the network.
    pub async fn withdraw(&self) -> Result<(), ApiError> {
        self.node.withdraw().await
    }

    /// Types the code that a computer shows which asks for help.
    ///
    /// # Errors
    /// [`ErrorCode::WrongCode`], [`ErrorCode::NotNow`] if nobody asks, [`ErrorCode::BadRequest`] if it
    /// is no code.
    pub async fn answer(
        &self,
        code: String,
        reverse: bool,
        donate: bool,
    ) -> Result<Computer, ApiError> {
        self.node.answer(code, reverse, donate).await
    }

    /// Says no to the computer that asks.
    ///
    /// # Errors
    /// If the node does not use the network.
    pub async fn decline(&self, block: bool) -> Result<(), ApiError> {
        self.node.decline(block).await
    }

    /// Gives this computer a new identity from the next start on: for a copied data folder.
    ///
    /// # Errors
    /// If it cannot be stored.
    pub async fn new_identity(&self) -> Result<(), ApiError> {
        self.node.new_identity().await
    }

    /// Changes what this computer and another may ask of each other.
    ///
    /// # Errors
    /// [`ErrorCode::NoSuchPeer`], also where `id` means more than one, or one that is not paired.
    pub async fn set_rights(
        &self,
        id: String,
        helps_us: Option<bool>,
        we_help: Option<bool>,
    ) -> Result<Computer, ApiError> {
        let computer = find_computer(&self.peers().await?, &id)?;
        self.node.set_rights(computer, helps_us, we_help).await
    }

    /// Ends a pairing.
    ///
    /// # Errors
    /// [`ErrorCode::NoSuchPeer`], also where `id` means more than one.
    pub async fn unpair(&self, id: String) -> Result<(), ApiError> {
        let computer = find_computer(&self.peers().await?, &id)?;
        self.node.unpair(computer).await
    }

    /// Looks for a computer at an address.
    ///
    /// # Errors
    /// [`ErrorCode::BadRequest`] if it is no address, [`ErrorCode::Unreachable`],
    /// [`ErrorCode::OtherProtocol`].
    pub async fn connect(&self, address: String) -> Result<(), ApiError> {
        self.node.connect(address.trim().to_owned()).await
    }

    /// Turns helping on or off.
    ///
    /// # Errors
    /// If it cannot be stored.
    pub async fn donate(&self, on: bool) -> Result<(), ApiError> {
        self.node.donate(on).await
    }

    /// Turns helping off once what has begun for others is done.
    ///
    /// # Errors
    /// If it cannot be stored.
    pub async fn wind_down(&self) -> Result<(), ApiError> {
        self.node.wind_down().await
    }

    /// Helps on the battery, too, until this computer is plugged in again; or not any more.
    ///
    /// # Errors
    /// [`ErrorCode::NotNow`] if it is not running on its battery, or does not help.
    pub async fn help_on_battery(&self, on: bool) -> Result<(), ApiError> {
        self.node.help_on_battery(on).await
    }

    /// What the user has set.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn settings(&self) -> Result<Settings, ApiError> {
        self.node.settings().await
    }

    /// Sets it.
    ///
    /// # Errors
    /// [`ErrorCode::BadRequest`] for a name of no or more than 40 bytes, or what else is out of bounds or not there;
    /// [`ErrorCode::NoFfmpeg`] and [`ErrorCode::FfmpegTooOld`]; if it cannot be stored.
    pub async fn set_settings(&self, settings: Settings) -> Result<(), ApiError> {
        let name = settings.name.trim();
        if name.is_empty() || name.len() > 40 || name.chars().any(char::is_control) {
            return Err(ApiError::new(
                ErrorCode::BadRequest,
                "A computer's name has 1 to 40 letters, fewer of other alphabets than the Latin one.",
            )
            .help("Choose a shorter one."));
        }
        self.node.set_settings(settings).await
    }

    /// Where the settings are kept, and how that stands.
    ///
    /// # Errors
    /// If the node has stopped.
    pub async fn config(&self) -> Result<Config, ApiError> {
        self.node.config().await
    }

    /// Reads their file again.
    ///
    /// # Errors
    /// [`ErrorCode::BadConfig`] with everything that is wrong with it; the settings stay as they were.
    pub async fn reload_config(&self) -> Result<Reread, ApiError> {
        self.node.reload_config().await
    }

    /// Takes over what the `config.json` of a simple AV1 farm says, or says what that would be.
    ///
    /// # Errors
    /// [`ErrorCode::BadConfig`] with everything that is wrong with it; as [`Api::set_settings`].
    pub async fn import_config(&self, text: String, apply: bool) -> Result<Import, ApiError> {
        if text.len() as u64 > config::LARGEST {
            let text = "This is too large for a file of settings.";
            return Err(ApiError::new(ErrorCode::BadConfig, text)
                .help("Choose the config.json of the other farm."));
        }
        self.node.import_config(text, apply).await
    }

    /// Looks at everything that may be wrong.
    ///
    /// # Errors
    /// None that would not be a finding.
    pub async fn doctor(&self) -> Result<Report, ApiError> {
        let mut report = self.node.doctor().await?;
        report.findings.extend(self.front.findings());
        Ok(report)
    }

    /// What is behind an address.
    ///
    /// # Errors
    /// [`ErrorCode::Unreachable`] if there is no such name, [`ErrorCode::CannotListen`] without a network.
    pub async fn reach(&self, address: String) -> Result<Report, ApiError> {
        self.node.reach(address.trim().to_owned()).await
    }

    /// Who made which part of a job's film.
    ///
    /// # Errors
    /// [`ErrorCode::NoSuchJob`].
    pub async fn strip(&self, id: JobId) -> Result<Vec<Segment>, ApiError> {
        self.node.strip(id).await
    }

    /// What whoever helps has to know, without the names of people, computers, films and addresses.
    ///
    /// # Errors
    /// If the node has stopped.
    pub async fn report(&self) -> Result<String, ApiError> {
        self.node.report().await
    }

    /// The watched folders, and how the films in them stand.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn library(&self) -> Result<Library, ApiError> {
        self.node.library().await
    }

    /// Films of the watched folders, by path.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn library_files(
        &self,
        filter: LibraryFilter,
        offset: u32,
        most: u32,
    ) -> Result<LibraryPage, ApiError> {
        self.node.library_files(filter, offset, most).await
    }

    /// Has watched folders looked through now.
    ///
    /// # Errors
    /// [`ErrorCode::BadRequest`] for one that is not watched, [`ErrorCode::NotNow`] without a node that stays.
    pub async fn library_scan(&self, folder: Option<FilePath>) -> Result<(), ApiError> {
        self.node.library_scan(folder.map(|path| path.0)).await
    }

    /// Has films tried again that failed, were not worthwhile or are done.
    ///
    /// # Errors
    /// If it cannot be stored.
    pub async fn library_retry(&self, files: Vec<i64>, anyway: bool) -> Result<u64, ApiError> {
        self.node.library_retry(files, anyway).await
    }

    /// What rules would take of what is in a folder now.
    ///
    /// # Errors
    /// [`ErrorCode::BadRequest`] for what cannot be set, [`ErrorCode::NoSuchFile`] for a folder that is not there.
    pub async fn library_preview(&self, folder: WatchedFolder) -> Result<LibraryPreview, ApiError> {
        self.node.library_preview(folder).await
    }

    /// Removes working files that no job needs.
    ///
    /// # Errors
    /// If something cannot be removed.
    pub async fn clean(&self) -> Result<Cleaned, ApiError> {
        self.node.clean().await
    }
}

/// A choice that names one output file fits one input only.
fn check_choice(paths: &[FilePath], choice: &Choice) -> Result<(), ApiError> {
    let bad = |text: &str| Err(ApiError::new(ErrorCode::BadRequest, text));
    if paths.is_empty() {
        return bad("No file was named.");
    }
    if paths.len() > 1 && choice.output.is_some() {
        return bad(
            "One output name cannot hold several files: name a folder for the outputs instead.",
        );
    }
    if choice.output.is_some() && choice.out_dir.is_some() {
        return bad("Name an output file or a folder for outputs, not both.");
    }
    if choice.on.is_some() && (choice.only_here || choice.wait_for > 0) {
        return bad(
            "A film is either sent to another computer, or encoded by this one and its helpers.",
        );
    }
    let named = choice.output.is_some() || choice.out_dir.is_some();
    if named && choice.place != Place::Beside {
        return bad("The output can go to one place only, and two are given.");
    }
    Ok(())
}

fn file_name(path: &FilePath) -> String {
    path.0
        .file_name()
        .unwrap_or(path.0.as_os_str())
        .to_string_lossy()
        .into_owned()
}

fn no_such_job(id: JobId) -> ApiError {
    ApiError::new(ErrorCode::NoSuchJob, format!("There is no job {}.", id.0))
}

/// The one computer that `wanted` means: an id, the beginning of one, or a name.
fn find_computer(computers: &[Computer], wanted: &str) -> Result<ComputerId, ApiError> {
    let wanted = wanted.trim();
    let is_meant = |one: &&Computer| {
        (one.name == wanted && !wanted.is_empty())
            || (wanted.len() >= 4 && one.id.0.starts_with(&wanted.to_ascii_lowercase()))
    };
    let mut meant = computers.iter().filter(is_meant);
    match (meant.next(), meant.next()) {
        (Some(one), None) => Ok(one.id.clone()),
        (Some(_), Some(_)) => Err(ApiError::new(
            ErrorCode::NoSuchPeer,
            format!("{wanted:?} means more than one computer."),
        )
        .help("Name it by more digits of its id.")),
        (None, _) => Err(ApiError::new(
            ErrorCode::NoSuchPeer,
            format!("There is no computer {wanted:?}."),
        )
        .help("`manyhands peers` lists them.")),
    }
}

#[cfg(test)]
mod tests;
