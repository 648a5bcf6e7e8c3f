//! The API's events, into the page and into what surrounds the window.

use api::{Api, Events};
use tauri::{AppHandle, Emitter as _};

use crate::around::Around;

/// Tells the page every event under the name `event`, until the node stops.
pub async fn forward(app: &AppHandle, api: Api, mut events: Events) {
    // The events were listened to before this: nothing falls between the two.
    let Ok(snapshot) = api.snapshot().await else {
        return;
    };
    let mut around = Around::new(app, api, &snapshot);
    while let Some(numbered) = events.next().await {
        if numbered.seq > snapshot.seq {
            around.take(&numbered.event);
        }
        // An event that is lost shows as a gap in the numbers: the page asks for a snapshot.
        if let Err(error) = app.emit("event", numbered) {
            tracing::warn!(%error, "the page cannot be told of an event");
        }
    }
}
