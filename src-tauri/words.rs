//! What the shell says by itself: beside the clock, in the system's dialogs and notifications.
//!
//! There is one catalogue of words, the page's. It hands the few that are needed here over as soon as it is drawn, and
//! again when another language is chosen. Until then nothing is said; news waits.

use std::sync::{Arc, PoisonError, RwLock};

use serde::Deserialize;
use tauri::{AppHandle, Manager as _};

/// The words, in one language. `{name}` and the like stand for what is put there.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Words {
    /// Nothing is under way.
    pub idle: String,
    /// One video is: `{percent}`.
    pub one: String,
    /// Several are: `{count}`, `{percent}`.
    pub many: String,
    /// Videos are held.
    pub held: String,
    /// This computer encodes for another one.
    pub helping: String,
    /// It would, and rests.
    pub resting: String,
    /// The switch.
    pub donate: String,
    /// Holds every video.
    pub pause: String,
    /// Goes on with them.
    pub resume: String,
    /// Brings the window to the front.
    pub show: String,
    /// Ends the app.
    pub quit: String,
    /// The question before it ends.
    pub quit_title: String,
    /// What ending does to videos that are under way.
    pub quit_jobs: String,
    /// What ending does to what is encoded for others.
    pub quit_helping: String,
    /// What ending does to a measurement.
    pub quit_measuring: String,
    /// Does not end it.
    pub stay: String,
    /// A video is done: `{name}`.
    pub done: String,
    /// How much smaller it got: `{percent}`.
    pub smaller: String,
    /// The result is exact.
    pub proved: String,
    /// A video failed: `{name}`.
    pub failed: String,
    /// Another computer asks for help: `{name}`.
    pub asked: String,
    /// What to do about it.
    pub asked_help: String,
    /// The dialog for videos.
    pub choose_videos: String,
    /// The files it shows.
    pub videos: String,
    /// All the others, too.
    pub all_files: String,
    /// The dialog for a folder.
    pub choose_folder: String,
}

/// The words in use.
#[derive(Default)]
pub struct Spoken(RwLock<Option<Arc<Words>>>);

impl Spoken {
    /// The words, once the page has handed them over.
    pub fn of(app: &AppHandle) -> Option<Arc<Words>> {
        let spoken = app.state::<Self>();
        let words = spoken.0.read().unwrap_or_else(PoisonError::into_inner);
        words.clone()
    }

    /// Uses these from now on.
    pub fn speak(app: &AppHandle, words: Words) {
        let spoken = app.state::<Self>();
        *spoken.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(words));
    }
}

/// A phrase with its places filled.
pub fn fill(phrase: &str, places: &[(&str, &str)]) -> String {
    places
        .iter()
        .fold(phrase.to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{name}}}"), value)
        })
}
