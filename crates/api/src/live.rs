//! The real node: [`engine::node::Node`] behind this crate's [`Node`], and its values as view models.
//!
//! The border between the two vocabularies is here and nowhere else. Every match is complete, so that a
//! word that is new on one side does not compile until it has its place on the other.

mod figures;
mod filters;
mod keys;
mod sights;
mod timelines;
mod words;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use engine::node::{Agreement, Node as EngineNode};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::watch;

pub use engine::config::Sources;
pub use engine::node::NodeConfig;

use crate::bench::{Bench, Desk, Order};
use crate::choice::Choice;
use crate::config::{Config, Import, Reread};
use crate::error::{ApiError, ErrorCode};
use crate::figures::Figures;
use crate::keys::{ApiKey, KeyScope, MadeKey};
use crate::library::{Library, LibraryFilter, LibraryPage, LibraryPreview, WatchedFolder};
use crate::node::{Answer, Node, Shift, Steer};
use crate::path::FilePath;
use crate::sight::{Deed, Film, Given, Outlook, Still, Wishes};
use crate::timeline::Timeline;
use crate::view::{
    Asking, Cleaned, Computer, ComputerId, Inspected, Invite, JobId, Original, Report, Scene,
    Segment, Settings,
};
use crate::{Api, logs, qr};

/// Where a typed `host`, `host:port` or `[v6]:port` is, at the usual port if none is typed.
///
/// # Errors
/// [`ErrorCode::Unreachable`]: there is no such computer.
pub async fn resolve(address: &str) -> Result<Vec<SocketAddr>, ApiError> {
    Ok(engine::node::resolve(address).await?)
}

/// A running node and its API. Ask it to [`Live::stop`]: dropped, it is not stopped.
pub struct Live {
    node: EngineNode,
    api: Api,
    desk: Arc<Desk>,
}

impl Live {
    /// Starts a node. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`ErrorCode::NodeRunning`], [`ErrorCode::BadDataFolder`], [`ErrorCode::CannotListen`], or what else
    /// keeps the node from starting. A missing ffmpeg does not: it is shown.
    pub async fn start(config: NodeConfig) -> Result<Self, ApiError> {
        let data = config.data_dir.clone();
        let node = EngineNode::start(config).await?;
        logs::keep_in(&data);
        let desk = Arc::<Desk>::default();
        let engine = Engine(node.clone(), Arc::clone(&desk));
        let api = Api::new(Arc::new(engine));
        Ok(Self { node, api, desk })
    }

    /// Its API.
    pub fn api(&self) -> Api {
        self.api.clone()
    }

    /// Makes a clip of moving test patterns, for measurements without a film. Within the process only.
    ///
    /// # Errors
    /// No ffmpeg that can be used, or the file cannot be written.
    pub async fn test_clip(&self, path: PathBuf, seconds: u32) -> Result<(), ApiError> {
        Ok(self.node.test_clip(path, seconds).await?)
    }

    /// Whether a measurement goes on, which is no job of the node.
    pub fn is_measuring(&self) -> bool {
        self.desk.is_measuring()
    }

    /// Stops the node and a measurement that goes on: encoders end, what is verified is kept for the next start, the folder is free.
    pub async fn stop(self) {
        self.desk.end().await;
        self.node.stop().await;
    }
}

/// A node, and where its measurements go on.
struct Engine(EngineNode, Arc<Desk>);

fn peer_id(computer: &ComputerId) -> Result<engine::status::PeerId, ApiError> {
    let unknown = || ApiError::new(ErrorCode::NoSuchPeer, "That is not the id of a computer.");
    words::peer_id(computer).ok_or_else(unknown)
}

impl Node for Engine {
    fn scene(&self) -> Answer<'_, Scene> {
        async { Ok(self.0.status().await?.into()) }.boxed()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes()
    }

    fn inspect(&self, path: PathBuf, choice: Choice) -> BoxFuture<'_, Inspected> {
        let (choice, terms) = choice.into();
        async {
            match self.0.inspect(path, choice, terms).await {
                Ok(inspection) => Inspected::Fine(inspection.into()),
                Err(trouble) => Inspected::Refused {
                    error: trouble.into(),
                },
            }
        }
        .boxed()
    }

    fn submit(&self, path: PathBuf, choice: Choice) -> Answer<'_, JobId> {
        let (choice, terms) = choice.into();
        async { Ok(self.0.submit(path, choice, terms).await?.into()) }.boxed()
    }

    fn steer(&self, job: JobId, steer: Steer) -> Answer<'_, JobId> {
        async move { Ok(self.0.steer(job.into(), steer.into()).await?.into()) }.boxed()
    }

    fn fetch(&self, job: JobId) -> Answer<'_, ()> {
        async move { Ok(self.0.fetch(job.into()).await?) }.boxed()
    }

    fn reorder(&self, job: JobId, to: Shift) -> Answer<'_, ()> {
        async move { Ok(self.0.reorder(job.into(), to.into()).await?) }.boxed()
    }

    fn originals(&self) -> Answer<'_, Vec<Original>> {
        async {
            let originals = self.0.originals().await?;
            Ok(originals.into_iter().map(Into::into).collect())
        }
        .boxed()
    }

    fn undo(&self, job: JobId) -> Answer<'_, ()> {
        async move { Ok(self.0.undo(job.into()).await?) }.boxed()
    }

    fn delete_original(&self, job: JobId) -> Answer<'_, ()> {
        async move { Ok(self.0.delete_original(job.into()).await?) }.boxed()
    }

    fn invite(&self) -> Answer<'_, Invite> {
        async {
            let (text, valid_s) = self.0.invite()?;
            let qr = qr::rows(&text);
            Ok(Invite { text, valid_s, qr })
        }
        .boxed()
    }

    fn pair(&self, invite: String) -> Answer<'_, Computer> {
        async { Ok(self.0.pair(invite).await?.into()) }.boxed()
    }

    fn ask(&self, computer: ComputerId) -> Answer<'_, Asking> {
        async move { Ok(self.0.ask_for_help(peer_id(&computer)?)?.into()) }.boxed()
    }

    fn withdraw(&self) -> Answer<'_, ()> {
        async { Ok(self.0.withdraw()?) }.boxed()
    }

    fn answer(&self, code: String, reverse: bool, donate: bool) -> Answer<'_, Computer> {
        async move { Ok(self.0.answer(code, reverse, donate).await?.into()) }.boxed()
    }

    fn set_rights(
        &self,
        computer: ComputerId,
        helps_us: Option<bool>,
        we_help: Option<bool>,
    ) -> Answer<'_, Computer> {
        let change = Agreement {
            may_use_me: we_help,
            i_may_use: helps_us,
        };
        async move { Ok(self.0.set_rights(peer_id(&computer)?, change).await?.into()) }.boxed()
    }

    fn decline(&self, block: bool) -> Answer<'_, ()> {
        async move { Ok(self.0.decline(block).await?) }.boxed()
    }

    fn new_identity(&self) -> Answer<'_, ()> {
        async { Ok(self.0.new_identity().await?) }.boxed()
    }

    fn unpair(&self, computer: ComputerId) -> Answer<'_, ()> {
        async move { Ok(self.0.unpair(peer_id(&computer)?).await?) }.boxed()
    }

    fn connect(&self, address: String) -> Answer<'_, ()> {
        async { Ok(self.0.connect(address).await?) }.boxed()
    }

    fn settings(&self) -> Answer<'_, Settings> {
        async { Ok(self.0.settings().await?.into()) }.boxed()
    }

    fn set_settings(&self, settings: Settings) -> Answer<'_, ()> {
        async { Ok(self.0.set_settings(settings.into()).await?) }.boxed()
    }

    fn config(&self) -> Answer<'_, Config> {
        async { Ok(self.0.config().await?.into()) }.boxed()
    }

    fn reload_config(&self) -> Answer<'_, Reread> {
        async { Ok(self.0.reread_config().await?.into()) }.boxed()
    }

    fn import_config(&self, text: String, apply: bool) -> Answer<'_, Import> {
        async move { Ok(self.0.import_config(&text, apply).await?.into()) }.boxed()
    }

    fn donate(&self, on: bool) -> Answer<'_, ()> {
        async move { Ok(self.0.donate(on).await?) }.boxed()
    }

    fn wind_down(&self) -> Answer<'_, ()> {
        async { Ok(self.0.wind_down().await?) }.boxed()
    }

    fn help_on_battery(&self, on: bool) -> Answer<'_, ()> {
        async move { Ok(self.0.help_on_battery(on).await?) }.boxed()
    }

    fn doctor(&self) -> Answer<'_, Report> {
        async {
            let findings = self.0.doctor().await?;
            Ok(Report {
                findings: findings.into_iter().map(Into::into).collect(),
            })
        }
        .boxed()
    }

    fn reach(&self, address: String) -> Answer<'_, Report> {
        async {
            let findings = self.0.reach(address).await?;
            Ok(Report {
                findings: findings.into_iter().map(Into::into).collect(),
            })
        }
        .boxed()
    }

    fn strip(&self, job: JobId) -> Answer<'_, Vec<Segment>> {
        async move {
            let segments = self.0.strip(job.into()).await?;
            Ok(segments.into_iter().map(Into::into).collect())
        }
        .boxed()
    }

    fn timeline(&self, job: JobId) -> Answer<'_, Timeline> {
        async move { Ok(self.0.timeline(job.into()).await?.into()) }.boxed()
    }

    fn still(&self, film: Film, at_s: f64, exact: bool, height: u32) -> Answer<'_, Still> {
        async move {
            let at_us = (at_s * 1e6).round() as i64;
            let still = self.0.still(film.into(), at_us, exact, height).await?;
            Ok(still.into())
        }
        .boxed()
    }

    fn forecast(&self, path: PathBuf, choice: Choice, closer: bool) -> Answer<'_, Outlook> {
        let (wanted, terms) = choice.clone().into();
        async move {
            let outlook = self.0.forecast(path, wanted, terms, closer).await?;
            Ok((choice.purpose, outlook).into())
        }
        .boxed()
    }

    fn wishes(&self) -> Answer<'_, Wishes> {
        async {
            let kept = self.0.wishes().await?;
            // Written by another version, they may not be understood: then there are none.
            let read = kept.and_then(|kept| serde_json::from_value(kept).ok());
            Ok(read.unwrap_or_default())
        }
        .boxed()
    }

    fn set_wishes(&self, wishes: Wishes) -> Answer<'_, ()> {
        async move {
            let wishes = serde_json::to_value(wishes)
                .map_err(|error| ApiError::new(ErrorCode::Other, error.to_string()))?;
            Ok(self.0.set_wishes(wishes).await?)
        }
        .boxed()
    }

    fn deeds(&self) -> Answer<'_, Vec<Deed>> {
        async {
            let deeds = self.0.deeds().await?;
            Ok(deeds.into_iter().map(Into::into).collect())
        }
        .boxed()
    }

    fn bench(&self) -> Answer<'_, Bench> {
        async { self.1.look(&self.0).await }.boxed()
    }

    fn start_bench(
        &self,
        film: Option<FilePath>,
        workers: Vec<u32>,
        choice: Choice,
    ) -> Answer<'_, ()> {
        async move {
            let scene: Scene = self.0.status().await?.into();
            let film = film.map(|film| film.0);
            let order = Order {
                film,
                workers,
                choice,
            };
            Arc::clone(&self.1).start(self.0.clone(), &scene, order)
        }
        .boxed()
    }

    fn stop_bench(&self) -> Answer<'_, ()> {
        async { self.1.stop() }.boxed()
    }

    fn forget_bench(&self, began_ms: u64) -> Answer<'_, ()> {
        async move { self.1.forget(&self.0, began_ms).await }.boxed()
    }

    fn figures(&self, days: u32) -> Answer<'_, Figures> {
        async move { Ok(self.0.figures(days).await?.into()) }.boxed()
    }

    fn given(&self) -> Answer<'_, Given> {
        async { Ok(self.0.given().await?.into()) }.boxed()
    }

    fn keys(&self) -> Answer<'_, Vec<ApiKey>> {
        async {
            let keys = self.0.keys().await?;
            Ok(keys.into_iter().map(Into::into).collect())
        }
        .boxed()
    }

    fn new_key(&self, name: String, scopes: BTreeSet<KeyScope>) -> Answer<'_, MadeKey> {
        async move {
            let scopes = scopes.into_iter().map(Into::into).collect();
            let (key, text) = self.0.new_key(&name, scopes).await?;
            let key = key.into();
            Ok(MadeKey { key, text })
        }
        .boxed()
    }

    fn revoke_key(&self, id: u64) -> Answer<'_, ()> {
        async move { Ok(self.0.revoke_key(id).await?) }.boxed()
    }

    fn key_of(&self, text: String) -> Answer<'_, Option<ApiKey>> {
        async move { Ok(self.0.key_of(&text).await?.map(Into::into)) }.boxed()
    }

    fn report(&self) -> Answer<'_, String> {
        async {
            let data = self.0.status().await?.data_dir;
            let log = tokio::task::spawn_blocking(move || logs::tail(&data)).await;
            Ok(self.0.report(&log.unwrap_or_default()).await?)
        }
        .boxed()
    }

    fn library(&self) -> Answer<'_, Library> {
        async { Ok(self.0.library().await?.into()) }.boxed()
    }

    fn library_files(
        &self,
        filter: LibraryFilter,
        offset: u32,
        most: u32,
    ) -> Answer<'_, LibraryPage> {
        async move {
            let (total, files) = self.0.library_files(filter.into(), offset, most).await?;
            let files = files.into_iter().map(Into::into).collect();
            Ok(LibraryPage { total, files })
        }
        .boxed()
    }

    fn library_scan(&self, folder: Option<PathBuf>) -> Answer<'_, ()> {
        async { Ok(self.0.library_scan(folder).await?) }.boxed()
    }

    fn library_retry(&self, files: Vec<i64>, anyway: bool) -> Answer<'_, u64> {
        async move { Ok(self.0.library_retry(files, anyway).await?) }.boxed()
    }

    fn library_preview(&self, folder: WatchedFolder) -> Answer<'_, LibraryPreview> {
        async { Ok(self.0.library_preview(folder.into()).await?.into()) }.boxed()
    }

    fn clean(&self) -> Answer<'_, Cleaned> {
        async { Ok(self.0.clean().await?.into()) }.boxed()
    }
}
