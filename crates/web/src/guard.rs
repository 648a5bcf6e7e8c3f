//! Who may speak to the page's server.
//!
//! Any web page the user visits can send requests to a loopback port, and by DNS rebinding even read the
//! answers. So, in this order:
//!
//! 1. the `Host` must be ours (defeats rebinding);
//! 2. an `Origin`, if there is one, must be ours, and `Sec-Fetch-Site` must not say "from elsewhere";
//! 3. `/api` needs the link's token, or the cookie that it (or, beyond loopback, the password) was exchanged for;
//! 4. whatever changes something also needs the header `x-manyhands`, which no foreign page can add without
//!    asking first (and nobody answers).
//!
//! Token and cookies are 256 random bits, kept only as hashes and compared in constant time. A wrong password takes a
//! while to answer, and after ten an address has to wait.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN, SET_COOKIE};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::door::Caller;
use crate::password;
use crate::refusal::{Refusal, refuse};

/// The header that every request which changes something carries.
pub const HEADER: &str = "x-manyhands";
/// Wrong keys from one address within [`WINDOW`] before it may not try any more.
const TRIES: usize = 10;
const WINDOW: Duration = Duration::from_secs(60);
/// And of all addresses together.
const ALL_TRIES: usize = 100;
/// How long the answer to a wrong password takes, beside checking it.
const SULK: Duration = Duration::from_millis(200);
/// Browsers signed in at once; the oldest is signed out.
const SESSIONS: usize = 64;

/// The rules and what they need to remember.
pub struct Guard {
    hosts: Vec<String>,
    port: u16,
    /// The password's hash: the page is open to the network, by TLS.
    password: Option<String>,
    cookie: String,
    token: blake3::Hash,
    sessions: Mutex<VecDeque<blake3::Hash>>,
    failures: Mutex<VecDeque<(IpAddr, Instant)>>,
    /// One password at a time: a hash takes memory and time on purpose.
    checking: Semaphore,
}

impl Guard {
    /// The rules for a server at this address that goes by these names, too, and the token that opens it. With a
    /// password's hash it is open to the network.
    pub fn new(address: SocketAddr, names: &[String], password: Option<String>) -> (Self, String) {
        let port = address.port();
        let token = secret();
        let guard = Self {
            hosts: ["127.0.0.1", "localhost", "[::1]"]
                .into_iter()
                .chain(names.iter().map(String::as_str))
                .map(|name| format!("{name}:{port}"))
                .collect(),
            port,
            password,
            // Cookies know no ports: two nodes on one machine must not overwrite each other's.
            cookie: format!("manyhands_{port}"),
            token: blake3::hash(token.as_bytes()),
            sessions: Mutex::default(),
            failures: Mutex::default(),
            checking: Semaphore::new(1),
        };
        (guard, token)
    }

    /// One of our names; where we are open to the network, any plain address: rebinding needs a name.
    fn is_ours(&self, host: &str) -> bool {
        let literal = || {
            let address = host.parse::<SocketAddr>();
            self.password.is_some() && address.is_ok_and(|address| address.port() == self.port)
        };
        self.hosts.iter().any(|own| own.eq_ignore_ascii_case(host)) || literal()
    }

    /// Whether the page is open to the network, behind a password.
    pub fn is_open(&self) -> bool {
        self.password.is_some()
    }

    fn scheme(&self) -> &'static str {
        if self.password.is_some() {
            "https://"
        } else {
            "http://"
        }
    }

    pub(crate) fn check_origin(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        if let Some(origin) = headers.get(ORIGIN) {
            let host = origin
                .to_str()
                .ok()
                .and_then(|text| text.strip_prefix(self.scheme()));
            if !host.is_some_and(|host| self.is_ours(host)) {
                return Err(refuse(
                    StatusCode::FORBIDDEN,
                    "This request comes from another page.",
                ));
            }
        }
        let site = headers.get("sec-fetch-site").map(|site| site.as_bytes());
        match site {
            None | Some(b"same-origin" | b"none") => Ok(()),
            Some(_) => Err(refuse(
                StatusCode::FORBIDDEN,
                "This request comes from another page.",
            )),
        }
    }

    /// Whether the request proves that its sender has the token. `Ok(true)` means by the token itself,
    /// which no browser adds by itself; `Ok(false)` by the cookie.
    fn check_secret(&self, headers: &HeaderMap, caller: IpAddr) -> Result<bool, Refusal> {
        let bearer = headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        if let Some(token) = bearer.and_then(|value| value.strip_prefix("Bearer ")) {
            return self.try_token(token, caller).map(|()| true);
        }
        let unknown = || {
            let text = if self.password.is_some() {
                "Sign in with the page's password."
            } else {
                "Open the link that Manyhands printed when it started."
            };
            refuse(StatusCode::UNAUTHORIZED, text)
        };
        let value =
            cookies(headers).find_map(|(name, value)| (name == self.cookie).then_some(value));
        let hash = blake3::hash(value.ok_or_else(unknown)?.as_bytes());
        let known = lock(&self.sessions).iter().any(|session| *session == hash);
        if known { Ok(false) } else { Err(unknown()) }
    }

    /// Whether the request has the token, or comes from the page: the cookie, and for whatever changes something the
    /// header of our own.
    pub(crate) fn check_session(
        &self,
        method: &Method,
        headers: &HeaderMap,
        caller: IpAddr,
    ) -> Result<(), Refusal> {
        let by_token = self.check_secret(headers, caller)?;
        let changes = !matches!(*method, Method::GET | Method::HEAD);
        if changes && !by_token && !headers.contains_key(HEADER) {
            return Err(refuse(
                StatusCode::FORBIDDEN,
                "The header x-manyhands is missing.",
            ));
        }
        Ok(())
    }

    /// Whether `caller` may try once more; one that has failed too often lately may not.
    pub(crate) fn check_patience(&self, caller: IpAddr) -> Result<(), Refusal> {
        let mut failures = lock(&self.failures);
        let now = Instant::now();
        failures.retain(|(_, at)| now.duration_since(*at) < WINDOW);
        let own = failures.iter().filter(|(who, _)| *who == caller).count();
        if own >= TRIES || failures.len() >= ALL_TRIES {
            return Err(refuse(
                StatusCode::TOO_MANY_REQUESTS,
                "Too many wrong tries: try again in a minute.",
            ));
        }
        Ok(())
    }

    pub(crate) fn note_failure(&self, caller: IpAddr) {
        lock(&self.failures).push_back((caller, Instant::now()));
    }

    fn try_token(&self, token: &str, caller: IpAddr) -> Result<(), Refusal> {
        self.check_patience(caller)?;
        // Hashes compare in constant time.
        if blake3::hash(token.as_bytes()) == self.token {
            return Ok(());
        }
        self.note_failure(caller);
        Err(refuse(
            StatusCode::UNAUTHORIZED,
            "This link is not valid any more: open the one that Manyhands printed when it was last started.",
        ))
    }

    async fn try_password(&self, password: String, caller: IpAddr) -> Result<(), Refusal> {
        let wrong = || refuse(StatusCode::UNAUTHORIZED, "This is not the page's password.");
        let hash = self.password.clone().ok_or_else(wrong)?;
        self.check_patience(caller)?;
        // Never closed; if it were, a check more at once does no harm.
        let _turn = self.checking.acquire().await;
        self.check_patience(caller)?;
        let right = tokio::task::spawn_blocking(move || password::is_right(&hash, &password));
        if right.await.unwrap_or(false) {
            return Ok(());
        }
        self.note_failure(caller);
        tokio::time::sleep(SULK).await;
        Err(wrong())
    }

    /// Signs a browser in; gives its `Set-Cookie`.
    fn new_session(&self) -> String {
        let value = secret();
        let mut sessions = lock(&self.sessions);
        if sessions.len() == SESSIONS {
            sessions.pop_front();
        }
        sessions.push_back(blake3::hash(value.as_bytes()));
        let secure = if self.password.is_some() {
            "; Secure"
        } else {
            ""
        };
        format!(
            "{}={value}; HttpOnly; SameSite=Strict; Path=/{secure}",
            self.cookie
        )
    }
}

/// For every request: the host must be ours.
pub async fn check_host(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let hosts: Vec<_> = request.headers().get_all(HOST).iter().collect();
    let ours =
        matches!(hosts.as_slice(), [host] if host.to_str().is_ok_and(|host| guard.is_ours(host)));
    if !ours {
        return refuse(
            StatusCode::FORBIDDEN,
            "This server does not go by that name.",
        )
        .into_response();
    }
    next.run(request).await
}

/// For every request to `/api`: its sender must be our page, or a program that has the token.
pub async fn check_caller(
    State(guard): State<Arc<Guard>>,
    ConnectInfo(Caller(caller)): ConnectInfo<Caller>,
    request: Request,
    next: Next,
) -> Response {
    match check(&guard, &request, caller.ip()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

fn check(guard: &Guard, request: &Request, caller: IpAddr) -> Result<(), Refusal> {
    let headers = request.headers();
    guard.check_origin(headers)?;
    // Nested routers see the path without its prefix.
    let for_anyone = matches!(request.uri().path(), "/session" | "/door");
    if for_anyone {
        return Ok(());
    }
    guard.check_session(request.method(), headers, caller)
}

/// What opens the page: the token out of the link's fragment, or the password.
#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Key {
    /// The link's.
    Token { token: String },
    /// What the user has set.
    Password { password: String },
}

/// `POST /api/session`: a key for a cookie.
pub async fn open_session(
    State(shared): State<crate::Shared>,
    ConnectInfo(Caller(caller)): ConnectInfo<Caller>,
    headers: HeaderMap,
    Json(key): Json<Key>,
) -> Result<Response, Refusal> {
    if !headers.contains_key(HEADER) {
        return Err(refuse(
            StatusCode::FORBIDDEN,
            "The header x-manyhands is missing.",
        ));
    }
    match key {
        Key::Token { token } => shared.guard.try_token(&token, caller.ip())?,
        Key::Password { password } => shared.guard.try_password(password, caller.ip()).await?,
    }
    let cookie = shared.guard.new_session();
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie)]).into_response())
}

/// `GET /api/door`: how one gets in.
pub async fn tell(State(shared): State<crate::Shared>) -> Json<crate::Entry> {
    Json(crate::Entry {
        password: shared.guard.is_open(),
    })
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let lines = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok());
    lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
}

/// 256 random bits in hexadecimal.
fn secret() -> String {
    rand::random::<[u8; 32]>()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
