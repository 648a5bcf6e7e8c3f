//! Who may speak to the page's server.
//!
//! Any web page the user visits can send requests to a loopback port, and by DNS rebinding even read the
//! answers. So, in this order:
//!
//! 1. the `Host` must be ours (defeats rebinding);
//! 2. an `Origin`, if there is one, must be the very host that is spoken to, and `Sec-Fetch-Site` must not say "from
//!    elsewhere";
//! 3. `/api` needs the link's token, or the cookie that it (or, beyond loopback, the password) was exchanged for;
//! 4. whatever changes something also needs the header `x-manyhands`, which no foreign page can add without
//!    asking first (and nobody answers).
//!
//! Token and cookies are 256 random bits, kept only as hashes and compared in constant time. A wrong password takes a
//! while to answer, and after ten an address has to wait; so has one with ten wrong links or keys, but not whose own is
//! right.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN, SET_COOKIE};
use axum::http::{Extensions, HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::door::Caller;
use crate::password;
use crate::refusal::{Refusal, refuse};
use crate::seats::Place;

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
    /// Wrong keys and links.
    failures: Mutex<Failures>,
    /// Wrong passwords, which could be guessed: nobody else's failures close this door, nor these that one.
    guesses: Mutex<Failures>,
    /// One password at a time: a hash takes memory and time on purpose.
    checking: Semaphore,
}

/// Who was wrong lately.
#[derive(Default)]
struct Failures(VecDeque<(IpAddr, Instant)>);

impl Failures {
    fn check(&mut self, caller: IpAddr) -> Result<(), Refusal> {
        let now = Instant::now();
        self.0.retain(|(_, at)| now.duration_since(*at) < WINDOW);
        let own = self.0.iter().filter(|(who, _)| *who == caller).count();
        if own >= TRIES || self.0.len() >= ALL_TRIES {
            return Err(refuse(
                StatusCode::TOO_MANY_REQUESTS,
                "Too many wrong tries: try again in a minute.",
            ));
        }
        Ok(())
    }

    fn note(&mut self, caller: IpAddr) {
        self.0.push_back((caller, Instant::now()));
    }
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
            guesses: Mutex::default(),
            checking: Semaphore::new(1),
        };
        (guard, token)
    }

    /// One of our names; where we are open to the network, any plain address: rebinding needs a name.
    fn is_ours(&self, host: &str) -> bool {
        let host = self.in_full(host);
        let literal = || {
            let address = host.parse::<SocketAddr>();
            self.password.is_some() && address.is_ok_and(|address| address.port() == self.port)
        };
        let named = |own: &String| own.eq_ignore_ascii_case(&host);
        self.hosts.iter().any(named) || literal()
    }

    /// The host with its port, which browsers leave out where it is the scheme's own.
    fn in_full<'a>(&self, host: &'a str) -> Cow<'a, str> {
        let own = if self.password.is_some() { 443 } else { 80 };
        // An IPv6 address has colons of its own, within brackets.
        let bare = !host.rsplit(']').next().unwrap_or(host).contains(':');
        if bare && self.port == own {
            format!("{host}:{own}").into()
        } else {
            host.into()
        }
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
            // The very host that is spoken to: another computer's page may have the same port.
            let to = headers.get(HOST).and_then(|host| host.to_str().ok());
            let same = |host: &str| {
                to.is_some_and(|to| self.in_full(to).eq_ignore_ascii_case(&self.in_full(host)))
            };
            if !host.is_some_and(|host| self.is_ours(host) && same(host)) {
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

    /// Whether `caller` may try once more with a key or the link; one that has failed too often lately may not.
    pub(crate) fn check_patience(&self, caller: IpAddr) -> Result<(), Refusal> {
        lock(&self.failures).check(caller)
    }

    pub(crate) fn note_failure(&self, caller: IpAddr) {
        lock(&self.failures).note(caller);
    }

    fn try_token(&self, token: &str, caller: IpAddr) -> Result<(), Refusal> {
        // Hashes compare in constant time. Whose token is right never waits: it cannot be guessed, and others may have
        // been wrong at the same address.
        if blake3::hash(token.as_bytes()) == self.token {
            return Ok(());
        }
        self.check_patience(caller)?;
        self.note_failure(caller);
        Err(refuse(
            StatusCode::UNAUTHORIZED,
            "This link is not valid any more: open the one that Manyhands printed when it was last started.",
        ))
    }

    async fn try_password(&self, password: String, caller: IpAddr) -> Result<(), Refusal> {
        let wrong = || refuse(StatusCode::UNAUTHORIZED, "This is not the page's password.");
        let hash = self.password.clone().ok_or_else(wrong)?;
        lock(&self.guesses).check(caller)?;
        // Never closed; if it were, a check more at once does no harm.
        let _turn = self.checking.acquire().await;
        lock(&self.guesses).check(caller)?;
        let right = tokio::task::spawn_blocking(move || password::is_right(&hash, &password));
        if right.await.unwrap_or(false) {
            return Ok(());
        }
        lock(&self.guesses).note(caller);
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
    guard.check_session(request.method(), headers, caller)?;
    stays(request.extensions());
    Ok(())
}

/// Who sent this has a right to be here: its connection keeps its seat.
pub(crate) fn stays(extensions: &Extensions) {
    if let Some(place) = extensions.get::<Place>() {
        place.stays();
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(port: u16, open: bool) -> Guard {
        let names = ["attic.local".to_owned()];
        let password = open.then(|| "hash".to_owned());
        Guard::new(([0, 0, 0, 0], port).into(), &names, password).0
    }

    #[test]
    fn browsers_leave_out_the_port_of_their_scheme() {
        let (plain, tls) = (guard(80, false), guard(443, true));
        for name in [
            "127.0.0.1",
            "localhost",
            "[::1]",
            "attic.local",
            "Attic.Local",
        ] {
            assert!(
                plain.is_ours(name) && plain.is_ours(&format!("{name}:80")),
                "{name}"
            );
            assert!(
                tls.is_ours(name) && tls.is_ours(&format!("{name}:443")),
                "{name}"
            );
            assert!(!plain.is_ours(&format!("{name}:443")), "{name}");
            for other in [guard(8090, false), guard(443, false), guard(80, true)] {
                assert!(!other.is_ours(name), "{name}");
            }
        }
        for address in ["192.168.1.20", "[fd00::20]"] {
            assert!(tls.is_ours(address) && !plain.is_ours(address), "{address}");
        }
        for foreign in [
            "evil.example",
            "evil.example:443",
            "",
            ":443",
            "[::1",
            "attic.local:",
        ] {
            assert!(
                !plain.is_ours(foreign) && !tls.is_ours(foreign),
                "{foreign}"
            );
        }
    }

    #[test]
    fn the_page_of_another_computer_at_the_same_port_is_a_foreign_one() {
        let tls = guard(443, true);
        let from = |origin: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, "192.168.1.20".parse().unwrap());
            headers.insert(ORIGIN, origin.parse().unwrap());
            tls.check_origin(&headers).is_ok()
        };
        let at = |scheme: &str, host: &str| from(&[scheme, host].join("://"));
        assert!(at("https", "192.168.1.20") && at("https", "192.168.1.20:443"));
        for (scheme, host) in [
            ("https", "203.0.113.7"),
            ("https", "attic.local"),
            ("http", "192.168.1.20"),
        ] {
            assert!(!at(scheme, host), "{scheme} {host}");
        }
    }
}
