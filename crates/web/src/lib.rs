//! The page in a browser: [`api`] over HTTP and server-sent events, and the built `ui/`.
//!
//! It listens apart from the LAN's port and trusts nobody for being local: see [`guard`]. Beyond loopback it is served
//! only with a password and by TLS ([`password`], [`door`]). It has no rules of its own about videos, jobs or computers.
//!
//! | route | |
//! |---|---|
//! | `GET /api/door` | whether a password opens it: [`Entry`]. The only route for strangers but the next |
//! | `POST /api/session` | the link's token, or the password, for a cookie |
//! | `POST /api/{call}` | a call of [`api::call`]: JSON arguments, JSON reply or [`api::ApiError`] |
//! | `GET /api/events` | [`api::Numbered`] events, as they happen |
//! | `GET /api/page` | what the page must know of its host: [`Page`] |
//! | `PUT /api/upload/{name}` | a file dropped on the page, into the node's folder: [`Uploaded`] |
//! | `GET`, `DELETE /api/upload/{key}` | how much of an interrupted upload is there; forget it |
//! | `GET /api/output/{job}` | a completed job's output |
//! | `/api/v1/…` | the same node for programs, which have keys: [`v1`] |
//! | `GET /metrics` | its figures for Prometheus: [`metrics`] |
//! | `GET /…` | the page itself |

mod abandoned;
mod assets;
mod calls;
mod door;
mod events;
mod guard;
mod metrics;
mod output;
mod password;
mod refusal;
mod resume;
mod seats;
mod uploads;
mod v1;

pub use calls::{Entry, Page};
pub use password::set_password;
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

use door::Door;
use guard::Guard;
use uploads::Uploads;

/// The page's usual port.
pub const PORT: u16 = 8090;
/// The largest body of a call.
const CALL_BYTES: usize = 1 << 20;
/// How long the whole may take to end when the page is stopped.
const GRACE: Duration = Duration::from_secs(5);

/// Where and how the page is served.
#[derive(Clone, Debug)]
pub struct WebConfig {
    /// Where to listen: on loopback, or anywhere once a password is set. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Names that this computer goes by, beside its addresses and `localhost`, without a port.
    pub names: Vec<String>,
    /// The node's folder: the password and the page's certificate are kept there.
    pub data_dir: PathBuf,
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
            names: Vec::new(),
            data_dir: data_dir.to_owned(),
            uploads: data_dir.join("uploads"),
            upload_limit: 1_000_000_000_000,
        }
    }
}

/// The page, being served. Stop it with [`Web::stop`]; dropped, it ends at once.
pub struct Web {
    address: SocketAddr,
    link: String,
    fingerprint: Option<String>,
    stop: CancellationToken,
    serving: JoinHandle<()>,
    /// What goes on beside.
    beside: Vec<JoinHandle<()>>,
}

/// What the routes share.
#[derive(Clone)]
struct Shared {
    api: Api,
    guard: Arc<Guard>,
    uploads: Arc<Uploads>,
    desk: Arc<v1::Desk>,
    tally: Arc<metrics::Tally>,
    stop: CancellationToken,
}

impl Web {
    /// Serves the page. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`ErrorCode::CannotListen`] if the address is not loopback and no password is set, or if it is taken.
    pub async fn start(api: Api, config: WebConfig) -> Result<Self, ApiError> {
        let open = !config.listen.ip().is_loopback();
        let password = password::read(&config.data_dir).filter(|_| open);
        if open && password.is_none() {
            return Err(without_password(config.listen));
        }
        let (door, address, fingerprint) = listen(&config, open).await?;
        let (guard, token) = Guard::new(address, &config.names, password);
        let shared = Shared {
            api,
            guard: Arc::new(guard),
            uploads: Arc::new(Uploads::new(config.uploads, config.upload_limit)),
            desk: Arc::default(),
            tally: Arc::default(),
            stop: CancellationToken::new(),
        };
        let known = uploads::tidy(&shared.uploads, &shared.api).await;
        let beside = vec![
            tokio::spawn(uploads::keep(
                shared.uploads.clone(),
                shared.api.clone(),
                known,
            )),
            tokio::spawn(metrics::keep(shared.tally.clone(), shared.api.clone())),
            tokio::spawn(v1::keep_uploads(shared.clone())),
            tokio::spawn(abandoned::keep(shared.clone())),
        ];
        let stop = shared.stop.clone();
        let serving = tokio::spawn(door.serve(router(shared), stop.clone()));
        let scheme = if open { "https" } else { "http" };
        let link = format!("{scheme}://{}/#token={token}", shown(address));
        Ok(Self {
            address,
            link,
            fingerprint,
            stop,
            serving,
            beside,
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

    /// The SHA-256 of the certificate, as browsers show it; `None` on loopback, where there is none.
    pub fn fingerprint(&self) -> Option<&str> {
        self.fingerprint.as_deref()
    }

    /// Stops serving: ends event streams at once, lets short answers finish, then cuts what is left.
    pub async fn stop(mut self) {
        self.stop.cancel();
        // Each connection has its own end to that; this is for what should never be.
        if timeout(GRACE, &mut self.serving).await.is_err() {
            tracing::warn!("connections to the page did not end");
        }
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.stop.cancel();
        self.serving.abort();
        self.beside.iter().for_each(JoinHandle::abort);
    }
}

/// The door at the address that is wanted, where that is, and the fingerprint of its certificate.
async fn listen(
    config: &WebConfig,
    open: bool,
) -> Result<(Door, SocketAddr, Option<String>), ApiError> {
    let taken = |error: std::io::Error| {
        let text = format!("The page cannot be served at {}: {error}.", config.listen);
        ApiError::new(ErrorCode::CannotListen, text)
            .help("Choose another port with --web ADDRESS:PORT.")
    };
    let listener = TcpListener::bind(config.listen).await.map_err(taken)?;
    let address = listener.local_addr().map_err(taken)?;
    if !open {
        return Ok((Door::plain(listener), address, None));
    }
    let (door, fingerprint) = Door::with_tls(listener, &config.data_dir).map_err(taken)?;
    Ok((door, address, Some(fingerprint)))
}

fn router(shared: Shared) -> Router {
    let api = Router::new()
        .route("/door", get(guard::tell))
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
    let v1 = v1::routes(&shared);
    let metrics = metrics::route(&shared);
    Router::new()
        .nest("/api", api)
        .nest("/api/v1", v1)
        .merge(metrics)
        .fallback(assets::give)
        .layer(middleware::from_fn_with_state(
            shared.guard.clone(),
            guard::check_host,
        ))
        .layer(middleware::map_response(assets::harden))
        .with_state(shared)
}

/// An address that can be typed into a browser: one of ours, where we listen at all of them.
fn shown(listen: SocketAddr) -> SocketAddr {
    if !listen.ip().is_unspecified() {
        return listen;
    }
    let ours = if_addrs::get_if_addrs().unwrap_or_default();
    let ours = ours
        .iter()
        .filter(|one| !one.is_loopback() && !one.is_link_local());
    let first = ours
        .map(if_addrs::Interface::ip)
        .min_by_key(|ip| (ip.is_ipv6(), *ip));
    let loopback = std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    SocketAddr::new(first.unwrap_or(loopback), listen.port())
}

fn without_password(listen: SocketAddr) -> ApiError {
    let port = listen.port();
    let text = format!(
        "The page is not served at {listen}: it has no password yet, so only this computer may see it."
    );
    ApiError::new(ErrorCode::CannotListen, text).help(format!(
        "Set one with `manyhands settings --web-password`. Or use --web 127.0.0.1:{port}, and from another computer `ssh -L {port}:127.0.0.1:{port}` to this one."
    ))
}
