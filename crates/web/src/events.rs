//! `GET /api/events`: the API's events, as they happen.

use std::convert::Infallible;

use api::Events;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream, StreamExt as _};

use crate::Shared;

/// Ends when the node or the page's server stops; the browser then tries again by itself.
pub async fn stream(
    State(shared): State<Shared>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let stopped = shared.stop.clone().cancelled_owned();
    let events = stream::unfold(shared.api.events(), next).take_until(stopped);
    // A first word at once, so that the browser calls the stream open before anything happens.
    let open = stream::once(async { Ok(Event::default().comment("open")) });
    Sse::new(open.chain(events)).keep_alive(KeepAlive::default())
}

async fn next(mut events: Events) -> Option<(Result<Event, Infallible>, Events)> {
    loop {
        let numbered = events.next().await?;
        // What cannot be written is left out: the reader sees the gap in the numbers.
        if let Ok(event) = Event::default().json_data(&numbered) {
            return Some((Ok(event), events));
        }
    }
}
