//! The API's events, into the page.

use api::Events;
use tauri::{AppHandle, Emitter as _};

use crate::under_way::UnderWay;

/// Tells the page every event under the name `event`, until the node stops.
pub async fn forward(app: &AppHandle, mut events: Events) {
    let mut under_way = UnderWay::default();
    while let Some(numbered) = events.next().await {
        under_way.take(app, &numbered.event);
        // An event that is lost shows as a gap in the numbers: the page asks for a snapshot.
        if let Err(error) = app.emit("event", numbered) {
            tracing::warn!(%error, "the page cannot be told of an event");
        }
    }
}
