//! Who may come in, and what for.
//!
//! A program sends a key: `Authorization: Bearer mhk_…`. The page's cookie and the link's token open everything, as they
//! do elsewhere, and a cookie needs the header `x-manyhands` for whatever changes something. `Host`, `Origin` and
//! `Sec-Fetch-Site` are checked before, also of whoever has a key, and nobody answers a preflight: a page from elsewhere
//! gets nothing, whatever it knows. A key in an address is refused, since addresses are written into logs.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use api::KeyScope;
use axum::extract::{ConnectInfo, Extension, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tokio::time::interval;

use super::problem::Refused;
use crate::Shared;
use crate::door::Caller;
use crate::guard;

/// How often what goes on for long sees whether its key is still good.
const LOOK: Duration = Duration::from_secs(5);
/// How every key begins.
const KEY_BEGINS: &str = "mhk_";

/// What a request may do.
#[derive(Clone)]
pub enum Rights {
    /// Everything: it comes from the page, or has the link's token.
    Page,
    /// What its key is good for.
    Key {
        /// That.
        scopes: BTreeSet<KeyScope>,
        /// The key itself, to ask again whether it still is.
        text: Arc<str>,
    },
}

impl Rights {
    /// Whether this scope is among them.
    pub fn allow(&self, scope: KeyScope) -> bool {
        match self {
            Self::Page => true,
            Self::Key { scopes, .. } => {
                scopes.contains(&scope) || scopes.contains(&KeyScope::Admin)
            }
        }
    }

    /// Refuses what they do not hold.
    pub fn check(&self, scope: KeyScope) -> Result<(), Refused> {
        if self.allow(scope) {
            return Ok(());
        }
        let word = scope.word();
        let text = format!("This key is not good for that: it lacks the scope {word}.");
        Err(Refused::new(StatusCode::FORBIDDEN, text).help(format!(
            "Make one with `manyhands key new NAME --scope {word}`."
        )))
    }

    /// Whether they still hold: a key may have been revoked since.
    pub async fn still_hold(&self, shared: &Shared) -> bool {
        match self {
            Self::Page => true,
            Self::Key { text, .. } => matches!(shared.api.key_of(text).await, Ok(Some(_))),
        }
    }
}

/// Returns when what goes on for long has to end: the page's server stops, or the key is not good any more.
pub async fn over(shared: Shared, rights: Rights) {
    let mut looks = interval(LOOK);
    loop {
        tokio::select! {
            () = shared.stop.cancelled() => return,
            _ = looks.tick() => {
                if !rights.still_hold(&shared).await {
                    return;
                }
            }
        }
    }
}

/// For every request: who it is, and that there is room for it.
pub async fn admit(
    State(shared): State<Shared>,
    ConnectInfo(Caller(caller)): ConnectInfo<Caller>,
    request: Request,
    next: Next,
) -> Response {
    let Ok(_room) = Arc::clone(&shared.desk.room).try_acquire_owned() else {
        return Refused::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "Too much is asked of this computer at once.",
        )
        .into_response();
    };
    let (mut head, body) = request.into_parts();
    match rights(&shared, &head, caller.ip()).await {
        Ok(rights) => {
            guard::stays(&head.extensions);
            head.extensions.insert(rights);
            next.run(Request::from_parts(head, body)).await
        }
        Err(refused) => refused.into_response(),
    }
}

async fn rights(shared: &Shared, head: &Parts, caller: IpAddr) -> Result<Rights, Refused> {
    let headers = &head.headers;
    shared.guard.check_origin(headers)?;
    if head
        .uri
        .query()
        .is_some_and(|query| query.contains(KEY_BEGINS))
    {
        let text = "A key does not belong into an address, which is written into logs.";
        return Err(Refused::new(StatusCode::BAD_REQUEST, text).help(
            "Send it as the header Authorization: Bearer; and revoke this one, which may have been read.",
        ));
    }
    if let Some(text) = key_in(headers) {
        // Whose key is good never waits: programs of one computer have one address, and a key cannot be guessed.
        let Some(key) = shared.api.key_of(text).await? else {
            shared.guard.check_patience(caller)?;
            shared.guard.note_failure(caller);
            let text = "This key is not good, or not any more.";
            return Err(Refused::new(StatusCode::UNAUTHORIZED, text)
                .help("`manyhands key new NAME --scope read` makes one."));
        };
        return Ok(Rights::Key {
            scopes: key.scopes,
            text: text.into(),
        });
    }
    shared
        .guard
        .check_session(&head.method, headers, caller)
        .map_err(|refusal| {
            Refused::from(refusal)
                .help("A program sends a key as the header Authorization: Bearer mhk_…")
        })?;
    Ok(Rights::Page)
}

/// The key that these headers carry, if they do.
fn key_in(headers: &HeaderMap) -> Option<&str> {
    let (scheme, text) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let text = text.trim();
    (scheme.eq_ignore_ascii_case("bearer") && text.starts_with(KEY_BEGINS)).then_some(text)
}

/// For every route: its scope.
pub async fn need(
    State(scope): State<KeyScope>,
    Extension(rights): Extension<Rights>,
    request: Request,
    next: Next,
) -> Response {
    match rights.check(scope) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    }
}
