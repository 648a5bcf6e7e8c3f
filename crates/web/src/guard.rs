//! Who may speak to the page's server.
//!
//! Any web page the user visits can send requests to a loopback port, and by DNS rebinding even read the
//! answers. So, in this order:
//!
//! 1. the `Host` must be ours (defeats rebinding);
//! 2. an `Origin`, if there is one, must be ours, and `Sec-Fetch-Site` must not say "from elsewhere";
//! 3. `/api` needs the link's token, or the cookie it was exchanged for;
//! 4. whatever changes something also needs the header `x-manyhands`, which no foreign page can add without
//!    asking first (and nobody answers).
//!
//! Token and cookies are 256 random bits, kept only as hashes and compared in constant time.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN, SET_COOKIE};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use tokio::time::Instant;

use crate::refusal::{Refusal, refuse};

/// The header that every request which changes something carries.
pub const HEADER: &str = "x-manyhands";
/// Wrong tokens within [`WINDOW`] before nobody may try any more.
const TRIES: usize = 10;
const WINDOW: Duration = Duration::from_secs(60);
/// Browsers signed in at once; the oldest is signed out.
const SESSIONS: usize = 64;

/// The rules and what they need to remember.
pub struct Guard {
    hosts: Vec<String>,
    cookie: String,
    token: blake3::Hash,
    sessions: Mutex<VecDeque<blake3::Hash>>,
    failures: Mutex<VecDeque<Instant>>,
}

impl Guard {
    /// The rules for a server at this address, and the token that opens it.
    pub fn new(address: SocketAddr) -> (Self, String) {
        let port = address.port();
        let token = secret();
        let guard = Self {
            hosts: ["127.0.0.1", "localhost", "[::1]"]
                .iter()
                .map(|name| format!("{name}:{port}"))
                .collect(),
            // Cookies know no ports: two nodes on one machine must not overwrite each other's.
            cookie: format!("manyhands_{port}"),
            token: blake3::hash(token.as_bytes()),
            sessions: Mutex::default(),
            failures: Mutex::default(),
        };
        (guard, token)
    }

    fn is_ours(&self, host: &str) -> bool {
        self.hosts.iter().any(|own| own.eq_ignore_ascii_case(host))
    }

    fn check_origin(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        if let Some(origin) = headers.get(ORIGIN) {
            let host = origin
                .to_str()
                .ok()
                .and_then(|text| text.strip_prefix("http://"));
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
    fn check_secret(&self, headers: &HeaderMap) -> Result<bool, Refusal> {
        let bearer = headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        if let Some(token) = bearer.and_then(|value| value.strip_prefix("Bearer ")) {
            return self.try_token(token).map(|()| true);
        }
        let unknown = || {
            refuse(
                StatusCode::UNAUTHORIZED,
                "Open the link that Manyhands printed when it started.",
            )
        };
        let value =
            cookies(headers).find_map(|(name, value)| (name == self.cookie).then_some(value));
        let hash = blake3::hash(value.ok_or_else(unknown)?.as_bytes());
        let known = lock(&self.sessions).iter().any(|session| *session == hash);
        if known { Ok(false) } else { Err(unknown()) }
    }

    fn try_token(&self, token: &str) -> Result<(), Refusal> {
        let mut failures = lock(&self.failures);
        let now = Instant::now();
        failures.retain(|at| now.duration_since(*at) < WINDOW);
        if failures.len() >= TRIES {
            return Err(refuse(
                StatusCode::TOO_MANY_REQUESTS,
                "Too many wrong tokens: try again in a minute.",
            ));
        }
        // Hashes compare in constant time.
        if blake3::hash(token.as_bytes()) == self.token {
            return Ok(());
        }
        failures.push_back(now);
        Err(refuse(
            StatusCode::UNAUTHORIZED,
            "This link is not valid any more: open the one that Manyhands printed when it was last started.",
        ))
    }

    /// Signs a browser in; gives its `Set-Cookie`.
    fn new_session(&self) -> String {
        let value = secret();
        let mut sessions = lock(&self.sessions);
        if sessions.len() == SESSIONS {
            sessions.pop_front();
        }
        sessions.push_back(blake3::hash(value.as_bytes()));
        format!("{}={value}; HttpOnly; SameSite=Strict; Path=/", self.cookie)
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
    request: Request,
    next: Next,
) -> Response {
    match check(&guard, &request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

fn check(guard: &Guard, request: &Request) -> Result<(), Refusal> {
    let headers = request.headers();
    guard.check_origin(headers)?;
    // Nested routers see the path without its prefix.
    let by_token = request.uri().path() == "/session" || guard.check_secret(headers)?;
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    if changes && !by_token && !headers.contains_key(HEADER) {
        return Err(refuse(
            StatusCode::FORBIDDEN,
            "The header x-manyhands is missing.",
        ));
    }
    Ok(())
}

/// The token out of the link's fragment.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    token: String,
}

/// `POST /api/session`: the token for a cookie.
pub async fn open_session(
    State(shared): State<crate::Shared>,
    headers: HeaderMap,
    Json(Token { token }): Json<Token>,
) -> Result<Response, Refusal> {
    if !headers.contains_key(HEADER) {
        return Err(refuse(
            StatusCode::FORBIDDEN,
            "The header x-manyhands is missing.",
        ));
    }
    shared.guard.try_token(&token)?;
    let cookie = shared.guard.new_session();
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie)]).into_response())
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
