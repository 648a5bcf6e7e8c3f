//! The page in a browser: [`api`] over HTTP and server-sent events, and the built `ui/`.
//!
//! It listens apart from the LAN's port, on loopback only, and trusts nobody for being local: see [`guard`].
//! It has no rules of its own about videos, jobs or computers.
//!
//! | route | |
//! |---|---|
//! | `POST /api/session` | the link's token for a cookie |
//! | `POST /api/{call}` | a call of [`api::call`]: JSON arguments, JSON reply or [`api::ApiError`] |
//! | `GET /api/events` | [`api::Numbered`] events, as they happen |
//! | `GET /api/page` | what the page must know of its host: [`Page`] |
//! | `PUT /api/upload/{name}` | a file dropped on the page, into the node's folder: [`Uploaded`] |
//! | `GET`, `DELETE /api/upload/{key}` | how much of an interrupted upload is there; forget it |
//! | `GET /api/output/{job}` | a completed job's output |
//! | `GET /…` | the page itself |

mod assets;
mod calls;
mod events;
mod guard;
mod output;
mod refusal;
mod resume;
mod uploads;

pub use calls::Page;
pub use uploads::Uploaded;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use api::{Api, ApiError, ErrorCode};
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post, put};
use axum::{Router, middleware};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use guard::Guard;
use uploads::Uploads;

/// The largest body of a call.
const CALL_BYTES: usize = 1 << 20;
/// How long connections may take to end when the page is stopped.
const GRACE: Duration = Duration::from_secs(2);

/// Where and how the page is served.
#[derive(Clone, Debug)]
pub struct WebConfig {
    /// Where to listen; loopback only. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// The folder for files dropped on the page; created when needed. It belongs to this crate alone:
    /// what no job uses is removed from it.
    pub uploads: PathBuf,
    /// The largest file that may be dropped on the page, bytes.
    pub upload_limit: u64,
}

impl WebConfig {
    /// The page at this address, with uploads below the data folder and no file larger than 1 TB.
    pub fn new(listen: SocketAddr, data_dir: &std::path::Path) -> Self {
        Self {
            listen,
            uploads: data_dir.join("uploads"),
            upload_limit: 1_000_000_000_000,
        }
    }
}

/// The page, being served. Stop it with [`Web::stop`]; dropped, it ends at once.
pub struct Web {
    address: SocketAddr,
    link: String,
    stop: CancellationToken,
    serving: JoinHandle<()>,
    keeping: JoinHandle<()>,
}

/// What the routes share.
#[derive(Clone)]
struct Shared {
    api: Api,
    guard: Arc<Guard>,
    uploads: Arc<Uploads>,
    stop: CancellationToken,
}

impl Web {
    /// Serves the page. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`ErrorCode::CannotListen`] if the address is not loopback or is taken.
    pub async fn start(api: Api, config: WebConfig) -> Result<Self, ApiError> {
        if !config.listen.ip().is_loopback() {
            return Err(not_loopback(config.listen));
        }
        let taken = |error: std::io::Error| {
            let text = format!("The page cannot be served at {}: {error}.", config.listen);
            ApiError::new(ErrorCode::CannotListen, text)
                .help("Choose another port with --web 127.0.0.1:PORT.")
        };
        let listener = TcpListener::bind(config.listen).await.map_err(taken)?;
        let address = listener.local_addr().map_err(taken)?;
        let (guard, token) = Guard::new(address);
        let stop = CancellationToken::new();
        let uploads = Arc::new(Uploads::new(config.uploads, config.upload_limit));
        let keeping = tokio::spawn(uploads::keep(uploads.clone(), api.clone()));
        let shared = Shared {
            api,
            guard: Arc::new(guard),
            uploads,
            stop: stop.clone(),
        };
        let ended = stop.clone().cancelled_owned();
        let serving = tokio::spawn(async move {
            let served = axum::serve(listener, router(shared))
                .with_graceful_shutdown(ended)
                .await;
            if let Err(error) = served {
                tracing::error!(%error, "the page is not served any more");
            }
        });
        let link = format!("http://{address}/#token={token}");
        Ok(Self {
            address,
            link,
            stop,
            serving,
            keeping,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The link that opens the page. It holds the secret: print it for the user, log it nowhere.
    pub fn link(&self) -> &str {
        &self.link
    }

    /// Stops serving: ends event streams at once, lets short answers finish, then cuts what is left.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if timeout(GRACE, &mut self.serving).await.is_err() {
            tracing::debug!("connections to the page were cut");
        }
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.stop.cancel();
        self.serving.abort();
        self.keeping.abort();
    }
}

fn router(shared: Shared) -> Router {
    let api = Router::new()
        .route("/session", post(guard::open_session))
        .route("/events", get(events::stream))
        .route("/page", get(calls::page))
        .route(
            "/upload/{name}",
            put(uploads::take)
                .get(resume::tell)
                .delete(resume::forget)
                .layer(DefaultBodyLimit::disable()),
        )
        .route("/output/{job}", get(output::give))
        .route("/{call}", post(calls::call))
        .fallback(refusal::no_route)
        .method_not_allowed_fallback(refusal::no_route)
        .layer(DefaultBodyLimit::max(CALL_BYTES))
        .layer(middleware::from_fn_with_state(
            shared.guard.clone(),
            guard::check_caller,
        ));
    Router::new()
        .nest("/api", api)
        .fallback(assets::give)
        .layer(middleware::from_fn_with_state(
            shared.guard.clone(),
            guard::check_host,
        ))
        .layer(middleware::map_response(assets::harden))
        .with_state(shared)
}

fn not_loopback(listen: SocketAddr) -> ApiError {
    let port = listen.port();
    let text = format!(
        "The page is not served at {listen}: it has no password yet, so only this computer may see it."
    );
    ApiError::new(ErrorCode::CannotListen, text).help(format!(
        "Use --web 127.0.0.1:{port}, and from another computer `ssh -L {port}:127.0.0.1:{port}` to this one."
    ))
}
