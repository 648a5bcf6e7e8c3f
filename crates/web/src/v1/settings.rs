//! `/settings`: what the user has set, read and written whole, with an `ETag` so that nobody writes over another's change.

use axum::Json;
use axum::extract::State;
use axum::http::header::{ETAG, IF_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::choice::{Keep, Purpose, same_words};
use super::extract::{Sent, in_full, understood};
use super::job::shown;
use super::problem::Refused;
use crate::Shared;

/// What the user has set. Read it, change it, write it back; what is left out stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What this computer is called on the others.
    #[schema(min_length = 1, max_length = 40)]
    name: String,
    /// Only paired computers learn that name.
    hide_name: bool,
    /// Whether it helps the computers it is paired with.
    donating: bool,
    /// They may send it whole films, while it helps.
    #[schema(required = false)]
    whole_films: bool,
    /// With how many of its processor threads at most; `null`: all of them.
    #[schema(minimum = 1)]
    donate_threads: Option<u32>,
    /// When it helps, and how much of itself it gives.
    helping: Helping,
    /// An ffmpeg to use instead of the one that came with Manyhands, from the next start on.
    #[schema(max_length = 4096)]
    ffmpeg_path: Option<String>,
    /// The purpose that is preselected.
    purpose: Purpose,
    /// The folder below which working files are kept; `null`: the data folder.
    #[schema(max_length = 4096)]
    temp_path: Option<String>,
    /// The most bytes of working files; `null`: no limit but the disk.
    temp_limit_bytes: Option<u64>,
    /// The most bytes a second that films and results may take in each direction; `null`: no limit.
    bandwidth_bytes_per_s: Option<u64>,
    /// What becomes of the originals of films that are replaced by their results.
    #[schema(required = false)]
    replace: Replace,
    /// Films that others give work of are read where they lie, where this computer sees the same file.
    #[schema(required = false)]
    shared: SharedStorage,
    /// Where other computers reach this one, from the next start on; `null`: 47820 or the next free one.
    #[schema(minimum = 0, maximum = 65535)]
    port: Option<u16>,
    /// Where the page is served, from the next start on; `null`: 8090.
    #[schema(minimum = 0, maximum = 65535)]
    web_port: Option<u16>,
}

/// Films that others give work of are read where they lie, where this computer sees the same file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SharedStorage {
    /// Whether they are.
    read: bool,
    /// Where they are looked for, beside network drives and the watched folders.
    #[schema(max_items = 100)]
    folder_paths: Vec<String>,
    /// Folders that have other names on other computers.
    #[schema(max_items = 100)]
    paths: Vec<PathPair>,
}

/// A folder that two computers see, each under its own name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PathPair {
    /// As other computers call it, with either slash.
    #[schema(min_length = 1, max_length = 4096)]
    theirs: String,
    /// As this one does.
    #[schema(max_length = 4096)]
    here: String,
}

impl From<api::Shared> for SharedStorage {
    fn from(one: api::Shared) -> Self {
        let pair = |pair: &api::PathPair| PathPair {
            theirs: pair.theirs.clone(),
            here: shown(&pair.here),
        };
        Self {
            read: one.read,
            folder_paths: one.folders.iter().map(shown).collect(),
            paths: one.paths.iter().map(pair).collect(),
        }
    }
}

impl SharedStorage {
    /// This, where `now` is what is set: a path that was not changed stays as it is.
    fn over(self, now: &api::Shared) -> Result<api::Shared, Refused> {
        let path = |new: String| -> Result<api::FilePath, Refused> {
            let pairs = now.paths.iter().map(|pair| &pair.here);
            let mut known = now.folders.iter().chain(pairs);
            match known.find(|old| shown(old) == new) {
                Some(old) => Ok(old.clone()),
                None => in_full(new),
            }
        };
        let pair = |pair: PathPair| {
            let (theirs, here) = (pair.theirs, path(pair.here)?);
            Ok::<_, Refused>(api::PathPair { theirs, here })
        };
        Ok(api::Shared {
            read: self.read,
            folders: self
                .folder_paths
                .into_iter()
                .map(path)
                .collect::<Result<_, _>>()?,
            paths: self.paths.into_iter().map(pair).collect::<Result<_, _>>()?,
        })
    }
}

/// What becomes of the originals of films that are replaced by their results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Replace {
    /// Trying things out: every original is kept until somebody deletes it, whatever else is chosen.
    testing_mode: bool,
    /// How long they are kept where a job does not say.
    keep: Keep,
}

impl From<api::Replace> for Replace {
    fn from(one: api::Replace) -> Self {
        Self {
            testing_mode: one.testing_mode,
            keep: one.keep.into(),
        }
    }
}

impl From<Replace> for api::Replace {
    fn from(one: Replace) -> Self {
        Self {
            testing_mode: one.testing_mode,
            keep: one.keep.into(),
        }
    }
}

/// When and how this computer helps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Helping {
    /// How much it gives.
    mode: HelpMode,
    /// When; empty: always.
    hours: Vec<Hours>,
    /// It rests while one of these programs runs.
    programs: Vec<String>,
    /// Bytes that stay free on the disk; `null`: 20 GB, or a tenth of a smaller disk.
    keep_free_bytes: Option<u64>,
}

/// A stretch of time on some days of each week, by this computer's clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// The days it begins on; at least one.
    #[schema(min_items = 1)]
    days: Vec<Weekday>,
    /// When it begins, minutes of the day.
    #[schema(minimum = 0, maximum = 1439)]
    from_min: u16,
    /// When it is over, minutes; where that is not later, on the next day.
    #[schema(minimum = 0, maximum = 1440)]
    to_min: u16,
}

same_words! {
    /// How much of itself this computer gives.
    HelpMode {
        /// Half of it while somebody uses it, all of it else.
        Polite,
        /// Nothing while somebody uses it.
        OnlyWhenIdle,
        /// All of it, always.
        AllIn,
    }
    /// A day of the week.
    Weekday {
        /// Monday.
        Mon,
        /// Tuesday.
        Tue,
        /// Wednesday.
        Wed,
        /// Thursday.
        Thu,
        /// Friday.
        Fri,
        /// Saturday.
        Sat,
        /// Sunday.
        Sun,
    }
}

impl From<api::Settings> for Settings {
    fn from(one: api::Settings) -> Self {
        Self {
            name: one.name,
            hide_name: one.hide_name,
            donating: one.donating,
            whole_films: one.whole_films,
            donate_threads: one.donate_cores,
            helping: one.helping.into(),
            ffmpeg_path: one.ffmpeg.as_ref().map(shown),
            purpose: one.purpose.into(),
            temp_path: one.temp.as_ref().map(shown),
            temp_limit_bytes: one.temp_limit,
            bandwidth_bytes_per_s: one.bandwidth,
            replace: one.replace.into(),
            shared: one.shared.into(),
            port: one.port,
            web_port: one.web_port,
        }
    }
}

/// What every program sends, since there was never a settings' body without it. Any other field may be left out: a
/// program that was written before there was one knows nothing of it, and must not take back what somebody has set.
const ALWAYS: [&str; 5] = ["name", "hide_name", "donating", "helping", "purpose"];

/// The settings that a body means where `now` is what is set: what it leaves out stays as it is.
fn meant(mut body: Value, now: &Settings) -> Result<Settings, Refused> {
    let now = serde_json::to_value(now).unwrap_or_default();
    keep(&mut body, &now, &ALWAYS);
    if let (Some(helping), Some(now)) = (body.get_mut("helping"), now.get("helping")) {
        keep(helping, now, &["mode", "hours", "programs"]);
    }
    understood(body)
}

/// Adds those fields of `now` that an object has not, but for some.
fn keep(object: &mut Value, now: &Value, but: &[&str]) {
    let (Some(object), Some(now)) = (object.as_object_mut(), now.as_object()) else {
        return;
    };
    for (name, value) in now.iter().filter(|(name, _)| !but.contains(&name.as_str())) {
        object.entry(name).or_insert_with(|| value.clone());
    }
}

impl Settings {
    /// These, where `now` holds what is set: a path that is not Unicode and was not changed stays as it is.
    fn over(self, now: &api::Settings) -> Result<api::Settings, Refused> {
        let path = |new: Option<String>, old: &Option<api::FilePath>| match (new, old) {
            (Some(new), Some(old)) if shown(old) == new => Ok(Some(old.clone())),
            (new, _) => new.map(in_full).transpose(),
        };
        Ok(api::Settings {
            name: self.name,
            hide_name: self.hide_name,
            donating: self.donating,
            whole_films: self.whole_films,
            donate_cores: self.donate_threads,
            helping: self.helping.into(),
            ffmpeg: path(self.ffmpeg_path, &now.ffmpeg)?,
            purpose: self.purpose.into(),
            temp: path(self.temp_path, &now.temp)?,
            temp_limit: self.temp_limit_bytes,
            bandwidth: self.bandwidth_bytes_per_s,
            replace: self.replace.into(),
            shared: self.shared.over(&now.shared)?,
            // The library has routes of its own.
            library: now.library.clone(),
            port: self.port,
            web_port: self.web_port,
        })
    }
}

impl From<api::HelpRules> for Helping {
    fn from(one: api::HelpRules) -> Self {
        Self {
            mode: one.mode.into(),
            hours: one.hours.into_iter().map(Into::into).collect(),
            programs: one.programs,
            keep_free_bytes: one.keep_free,
        }
    }
}

impl From<Helping> for api::HelpRules {
    fn from(one: Helping) -> Self {
        Self {
            mode: one.mode.into(),
            hours: one.hours.into_iter().map(Into::into).collect(),
            programs: one.programs,
            keep_free: one.keep_free_bytes,
        }
    }
}

impl From<api::Hours> for Hours {
    fn from(one: api::Hours) -> Self {
        Self {
            days: one.days.into_iter().map(Into::into).collect(),
            from_min: one.from_min,
            to_min: one.to_min,
        }
    }
}

impl From<Hours> for api::Hours {
    fn from(one: Hours) -> Self {
        Self {
            days: one.days.into_iter().map(Into::into).collect(),
            from_min: one.from_min,
            to_min: one.to_min,
        }
    }
}

/// A word for this state of something.
pub fn tag_of(state: &impl Serialize) -> String {
    let text = serde_json::to_vec(state).unwrap_or_default();
    let hash = blake3::hash(&text).to_hex();
    format!("\"{}\"", &hash[..32])
}

/// The answer that holds something and its word.
pub fn tagged(state: impl Serialize) -> Response {
    ([(ETAG, tag_of(&state))], Json(state)).into_response()
}

/// Refuses to write over what is not what was read.
pub fn check_tag(headers: &HeaderMap, tag: &str) -> Result<(), Refused> {
    let Some(wanted) = headers.get(IF_MATCH) else {
        return Ok(());
    };
    let matches = |wanted: &str| {
        let mut tags = wanted.split(',').map(str::trim);
        tags.any(|one| one == "*" || one == tag)
    };
    if wanted.to_str().is_ok_and(matches) {
        return Ok(());
    }
    let text = "This was changed by somebody else meanwhile.";
    Err(Refused::new(StatusCode::PRECONDITION_FAILED, text)
        .help("Read it again, and make your change in what it is now."))
}

/// The settings.
#[utoipa::path(get, path = "/settings", tag = "node",
    responses((status = 200, description = "They.", body = Settings,
        headers(("ETag" = String, description = "This state of them, for `If-Match`.")))))]
pub async fn read(State(shared): State<Shared>) -> Result<Response, Refused> {
    Ok(tagged(Settings::from(shared.api.settings().await?)))
}

/// Sets everything that is sent; optional fields that are left out stay as they are, `null` sets them back to the usual.
///
/// With `If-Match` only where nobody has changed anything since. The library is not among them: `/library/rules` sets that.
#[utoipa::path(put, path = "/settings", tag = "node", request_body = Settings,
    params(("If-Match" = Option<String>, Header, description = "The `ETag` of what was read.")),
    responses((status = 200, description = "As they are now.", body = Settings,
        headers(("ETag" = String, description = "This state of them, for `If-Match`.")))))]
pub async fn write(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Sent(body): Sent<Value>,
) -> Result<Response, Refused> {
    // One writer at a time, so that what is compared is what is written over.
    let _turn = shared.desk.writing.lock().await;
    let now = shared.api.settings().await?;
    let told = Settings::from(now.clone());
    check_tag(&headers, &tag_of(&told))?;
    let settings = meant(body, &told)?;
    let set = shared.api.set_settings(settings.over(&now)?).await;
    set.map_err(|error| Refused::from(error).understood())?;
    read(State(shared.clone())).await
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of settings may hold what is not taken from here: who reads the whole and writes it back changes nothing.
    #[cfg(unix)]
    #[test]
    fn paths_that_were_not_changed_stay_whatever_they_are() {
        let now = api::Shared {
            read: true,
            folders: vec!["/srv/../media".into()],
            paths: vec![api::PathPair {
                theirs: "/mnt/nas".to_owned(),
                here: "/volume1/../films".into(),
            }],
        };
        let read = SharedStorage::from(now.clone());
        assert_eq!(read.clone().over(&now).unwrap(), now);
        let other = SharedStorage {
            folder_paths: vec!["/srv/../other".to_owned()],
            ..read
        };
        assert!(other.over(&now).is_err());
    }
}
