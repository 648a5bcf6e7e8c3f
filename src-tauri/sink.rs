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
    let mut around = Around::new(app, api.clone(), &snapshot);
    let mut told = snapshot.seq;
    while let Some(numbered) = events.next().await {
        if numbered.seq > told + 1
            && let Ok(snapshot) = api.snapshot().await
        {
            // Some were lost: as the page does.
            around.begin(&snapshot);
            told = snapshot.seq;
        }
        if numbered.seq > told {
            around.take(&numbered.event);
            told = numbered.seq;
        }
        // An event that is lost shows as a gap in the numbers: the page asks for a snapshot.
        if let Err(error) = app.emit("event", numbered) {
            tracing::warn!(%error, "the page cannot be told of an event");
        }
    }
}
