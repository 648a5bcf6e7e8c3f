//! `/library`: the watched folders, what is taken from them and how their films stand.

use api::FilePath;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::choice::{Choice, same_words};
use super::extract::{Asked, Sent, in_full};
use super::job::shown;
use super::problem::Refused;
use super::settings::{Hours, check_tag, tag_of, tagged};
use crate::Shared;

/// Films in one answer, where nobody says how many.
const PAGE: u32 = 50;
/// The most films in one answer.
const LONGEST_PAGE: u32 = 500;
/// The furthest that is counted.
const FURTHEST: u32 = 1_000_000;

/// The watched folders and their rules. All of it is written at once: read it, change it, write it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LibraryRules {
    /// When new work may begin; empty: always.
    hours: Vec<Hours>,
    /// The folders; those in front are served first.
    folders: Vec<WatchedFolder>,
}

/// A folder that is watched, with everything below it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WatchedFolder {
    /// Where, in full.
    #[schema(min_length = 1, max_length = 4096)]
    path: String,
    /// Nothing new is taken from it.
    #[serde(default)]
    off: bool,
    /// What changes in it is noticed at once, where its disk tells.
    on_change: bool,
    /// It is looked through every so many minutes; 0: only when asked.
    every_min: u32,
    /// A file is taken once its size and time have stayed the same for so many seconds.
    stable_s: u32,
    /// The first one that fits a file decides about it.
    rules: Vec<LibraryRule>,
}

/// Which files, and what is made of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LibraryRule {
    /// What it is called; no other rule of the folder is called so.
    name: String,
    /// It is passed over.
    #[serde(default)]
    off: bool,
    /// What it fits is left alone, whatever the rules after it say.
    #[serde(default)]
    leave: bool,
    /// Which files.
    #[serde(default)]
    take: LibraryTake,
    /// What is made of them; an output's name, waiting for computers and the like have no place in a rule.
    #[serde(default)]
    make: Choice,
    /// A result that saves less than so many percent is not kept.
    #[schema(minimum = 0, maximum = 90)]
    least_saving_percent: u8,
}

/// What a file has to be like. Everything that is set has to be so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LibraryTake {
    /// Its name is as one of these, with `*` and `?`; with a `/` in it, its path within the folder is.
    names: Vec<String>,
    /// And as none of these.
    not_names: Vec<String>,
    /// The least size.
    min_bytes: Option<u64>,
    /// The largest size.
    max_bytes: Option<u64>,
    /// It was last changed at least so many hours ago.
    older_than_h: Option<u32>,
    /// And no more than so many hours ago.
    newer_than_h: Option<u32>,
    /// Its picture has at least so many lines.
    #[schema(minimum = 0, maximum = 65535)]
    min_height: Option<u16>,
    /// And at most so many.
    #[schema(minimum = 0, maximum = 65535)]
    max_height: Option<u16>,
    /// Its codec is one of these, as ffmpeg calls them; empty: any.
    codecs: Vec<String>,
    /// And none of these.
    not_codecs: Vec<String>,
    /// Also what is in the codec already that would be made of it.
    right_codec_too: bool,
}

same_words! {
    /// How a film of the library stands.
    LibraryState {
        /// To be looked into, or to be encoded.
        Waiting,
        /// A job works on it.
        InWork,
        /// Its result is in place.
        Done,
        /// It would not save enough, or did not.
        NotWorthwhile,
        /// No rule takes it.
        Left,
        /// Its job failed.
        Failed,
    }
}

/// The library as a whole.
#[derive(Debug, Serialize, ToSchema)]
pub struct Library {
    /// The folder that is being looked through now.
    scanning_path: Option<String>,
    /// Why nothing new is begun, in a sentence; `null`: nothing is in the way.
    holds: Option<String>,
    /// The watched folders, in their order.
    folders: Vec<LibraryFolder>,
}

/// A watched folder, and how its films stand.
#[derive(Debug, Serialize, ToSchema)]
pub struct LibraryFolder {
    /// Where.
    path: String,
    /// What is wrong with it, in a sentence.
    trouble: Option<String>,
    /// What else there is to know, in sentences.
    notes: Vec<String>,
    /// When it was last looked through to its end, Unix milliseconds.
    scanned_ms: Option<u64>,
    /// Changes in it are noticed at once.
    watched: bool,
    /// How many films there are of each state; states without any are left out.
    counts: Vec<LibraryCount>,
    /// Bytes of the films that were made smaller.
    source_bytes: u64,
    /// Bytes of what they became.
    output_bytes: u64,
}

/// Films of one state.
#[derive(Debug, Serialize, ToSchema)]
pub struct LibraryCount {
    /// Which state.
    state: LibraryState,
    /// How many.
    films: u64,
    /// Their bytes.
    source_bytes: u64,
}

/// A film of the library.
#[derive(Debug, Serialize, ToSchema)]
pub struct LibraryFile {
    /// Its number, for `POST /library/retry`.
    id: i64,
    /// Where.
    path: String,
    /// The watched folder it belongs to.
    folder_path: String,
    /// Its size.
    source_bytes: u64,
    /// How it stands.
    state: LibraryState,
    /// Why, in a sentence; may be empty.
    reason: String,
    /// The rule that takes it, or took it.
    rule: Option<String>,
    /// The job that works on it, or did, while that is on the list.
    job_id: Option<u64>,
    /// How large its result was expected to get.
    forecast_bytes: Option<u64>,
    /// How large it got.
    output_bytes: Option<u64>,
    /// Its result.
    output_path: Option<String>,
    /// When its state last changed, Unix milliseconds.
    changed_ms: u64,
}

/// Which films are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WantedFiles {
    /// Only those in this state.
    state: Option<LibraryState>,
    /// Only those with this in their path, whatever the case.
    text: Option<String>,
    /// At most this many.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
    /// From this one on, counted from 0, by path.
    #[param(minimum = 0, maximum = 1000000)]
    offset: Option<u32>,
}

/// Some of the films, by path.
#[derive(Debug, Serialize, ToSchema)]
pub struct LibraryFiles {
    /// How many there are altogether.
    total: u64,
    /// They.
    files: Vec<LibraryFile>,
}

/// What is to be looked through.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Scan {
    /// Only this watched folder; `null`: all of them.
    #[schema(max_length = 4096)]
    folder_path: Option<String>,
}

/// Films to be tried again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Again {
    /// Their numbers.
    #[schema(max_items = 500)]
    ids: Vec<i64>,
    /// However little that saves.
    #[serde(default)]
    anyway: bool,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct TriedAgain {
    /// So many films are tried again.
    films: u64,
}

impl From<api::LibraryRules> for LibraryRules {
    fn from(one: api::LibraryRules) -> Self {
        Self {
            hours: one.hours.into_iter().map(Into::into).collect(),
            folders: one.folders.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<api::WatchedFolder> for WatchedFolder {
    fn from(one: api::WatchedFolder) -> Self {
        Self {
            path: shown(&one.path),
            off: one.off,
            on_change: one.on_change,
            every_min: one.every_min,
            stable_s: one.stable_s,
            rules: one.rules.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<api::LibraryRule> for LibraryRule {
    fn from(one: api::LibraryRule) -> Self {
        Self {
            name: one.name,
            off: one.off,
            leave: one.leave,
            take: one.take.into(),
            make: one.make.into(),
            least_saving_percent: one.least_saving,
        }
    }
}

impl From<LibraryRule> for api::LibraryRule {
    fn from(one: LibraryRule) -> Self {
        Self {
            name: one.name,
            off: one.off,
            leave: one.leave,
            take: one.take.into(),
            make: one.make.into(),
            least_saving: one.least_saving_percent,
        }
    }
}

/// The same fields on both sides.
macro_rules! same_fields {
    ($from:ty, $to:ty, $($field:ident),+ $(,)?) => {
        impl From<$from> for $to {
            fn from(one: $from) -> Self {
                Self { $($field: one.$field),+ }
            }
        }
        impl From<$to> for $from {
            fn from(one: $to) -> Self {
                Self { $($field: one.$field),+ }
            }
        }
    };
}

same_fields!(
    api::LibraryTake,
    LibraryTake,
    names,
    not_names,
    min_bytes,
    max_bytes,
    older_than_h,
    newer_than_h,
    min_height,
    max_height,
    codecs,
    not_codecs,
    right_codec_too,
);

impl LibraryRule {
    /// Refuses what the node would pass over, or make something else of.
    fn check(&self) -> Result<(), Refused> {
        self.make.check()?;
        let usual = Choice::default();
        let (one, its) = (&self.make, &usual);
        let misplaced = [
            ("output_path", one.output_path != its.output_path),
            ("wait_for", one.wait_for != its.wait_for),
            ("keep_temp", one.keep_temp != its.keep_temp),
            ("on", one.on != its.on),
        ];
        let Some((name, _)) = misplaced.iter().find(|(_, set)| *set) else {
            return Ok(());
        };
        let text = format!(
            "The rule “{}” cannot have {name}: it makes many films.",
            self.name
        );
        Err(Refused::new(StatusCode::UNPROCESSABLE_ENTITY, text).help("Leave it out."))
    }
}

impl LibraryRules {
    /// These, where `now` holds what is set: a path that is not Unicode and was not changed stays as it is.
    fn over(self, now: &api::LibraryRules) -> Result<api::LibraryRules, Refused> {
        let path = |new: String| -> Result<FilePath, Refused> {
            let mut known = now.folders.iter().map(|folder| &folder.path);
            match known.find(|path| shown(path) == new) {
                Some(known) => Ok(known.clone()),
                None => in_full(new),
            }
        };
        let folders = self.folders.into_iter().map(|one| {
            Ok(api::WatchedFolder {
                path: path(one.path)?,
                off: one.off,
                on_change: one.on_change,
                every_min: one.every_min,
                stable_s: one.stable_s,
                rules: one.rules.into_iter().map(Into::into).collect(),
            })
        });
        Ok(api::LibraryRules {
            hours: self.hours.into_iter().map(Into::into).collect(),
            folders: folders.collect::<Result<_, Refused>>()?,
        })
    }
}

impl From<api::Library> for Library {
    fn from(one: api::Library) -> Self {
        Self {
            scanning_path: one.scan.map(|scan| shown(&scan.folder)),
            holds: one.holds,
            folders: one.folders.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<api::LibraryFolder> for LibraryFolder {
    fn from(one: api::LibraryFolder) -> Self {
        let counts = one.counts.into_iter().map(|count| LibraryCount {
            state: count.state.into(),
            films: count.films,
            source_bytes: count.bytes,
        });
        Self {
            path: shown(&one.path),
            trouble: one.trouble,
            notes: one.notes,
            scanned_ms: one.scanned_ms,
            watched: one.watched,
            counts: counts.collect(),
            source_bytes: one.done_bytes,
            output_bytes: one.result_bytes,
        }
    }
}

impl From<api::LibraryFile> for LibraryFile {
    fn from(one: api::LibraryFile) -> Self {
        Self {
            id: one.id,
            path: shown(&one.path),
            folder_path: shown(&one.folder),
            source_bytes: one.bytes,
            state: one.state.into(),
            reason: one.reason,
            rule: one.rule,
            job_id: one.job.map(|job| job.0),
            forecast_bytes: one.forecast_bytes,
            output_bytes: one.result_bytes,
            output_path: one.output.as_ref().map(shown),
            changed_ms: one.changed_ms,
        }
    }
}

/// The watched folders, and how the films in them stand.
#[utoipa::path(get, path = "/library", tag = "library", responses((status = 200, description = "They.", body = Library)))]
pub async fn whole(State(shared): State<Shared>) -> Result<Json<Library>, Refused> {
    Ok(Json(shared.api.library().await?.into()))
}

/// Films of the watched folders, by path.
#[utoipa::path(get, path = "/library/files", tag = "library", params(WantedFiles),
    responses((status = 200, description = "Some of them.", body = LibraryFiles)))]
pub async fn files(
    State(shared): State<Shared>,
    Asked(wanted): Asked<WantedFiles>,
) -> Result<Json<LibraryFiles>, Refused> {
    let limit = wanted.limit.unwrap_or(PAGE);
    if !(1..=LONGEST_PAGE).contains(&limit) {
        let text = format!("The limit is 1 to {LONGEST_PAGE}.");
        return Err(Refused::new(StatusCode::BAD_REQUEST, text));
    }
    let filter = api::LibraryFilter {
        state: wanted.state.map(Into::into),
        text: wanted.text,
        ..api::LibraryFilter::default()
    };
    let offset = wanted.offset.unwrap_or(0);
    if offset > FURTHEST {
        let text = format!("The offset is 0 to {FURTHEST}.");
        return Err(
            Refused::new(StatusCode::BAD_REQUEST, text).help("Ask for fewer by `state` or `text`.")
        );
    }
    let page = shared.api.library_files(filter, offset, limit).await?;
    Ok(Json(LibraryFiles {
        total: page.total,
        files: page.files.into_iter().map(Into::into).collect(),
    }))
}

/// The rules of the library.
#[utoipa::path(get, path = "/library/rules", tag = "library",
    responses((status = 200, description = "They.", body = LibraryRules,
        headers(("ETag" = String, description = "This state of them, for `If-Match`.")))))]
pub async fn rules(State(shared): State<Shared>) -> Result<Response, Refused> {
    Ok(tagged(LibraryRules::from(
        shared.api.settings().await?.library,
    )))
}

/// Sets all rules of the library. With `If-Match` only where nobody has changed them since.
#[utoipa::path(put, path = "/library/rules", tag = "library", request_body = LibraryRules,
    params(("If-Match" = Option<String>, Header, description = "The `ETag` of what was read.")),
    responses((status = 200, description = "As they are now.", body = LibraryRules,
        headers(("ETag" = String, description = "This state of them, for `If-Match`.")))))]
pub async fn set_rules(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Sent(rules): Sent<LibraryRules>,
) -> Result<Response, Refused> {
    let mut all = rules.folders.iter().flat_map(|folder| &folder.rules);
    all.try_for_each(LibraryRule::check)?;
    // One writer at a time, so that what is compared is what is written over.
    let _turn = shared.desk.writing.lock().await;
    let mut settings = shared.api.settings().await?;
    let tag = tag_of(&LibraryRules::from(settings.library.clone()));
    check_tag(&headers, &tag)?;
    settings.library = rules.over(&settings.library)?;
    let set = shared.api.set_settings(settings).await;
    set.map_err(|error| Refused::from(error).understood())?;
    self::rules(State(shared.clone())).await
}

/// Has watched folders looked through now.
#[utoipa::path(post, path = "/library/scan", tag = "library", request_body = Scan,
    responses((status = 202, description = "They will be.")))]
pub async fn scan(
    State(shared): State<Shared>,
    Sent(wanted): Sent<Scan>,
) -> Result<StatusCode, Refused> {
    let folder = wanted.folder_path.map(in_full).transpose()?;
    let scan = shared.api.library_scan(folder).await;
    scan.map_err(|error| Refused::from(error).understood())?;
    Ok(StatusCode::ACCEPTED)
}

/// Has films tried again that failed, were not worthwhile or are done.
#[utoipa::path(post, path = "/library/retry", tag = "library", request_body = Again,
    responses((status = 200, description = "How many there were.", body = TriedAgain)))]
pub async fn retry(
    State(shared): State<Shared>,
    Sent(again): Sent<Again>,
) -> Result<Json<TriedAgain>, Refused> {
    if again.ids.len() > LONGEST_PAGE as usize {
        let text = format!("At most {LONGEST_PAGE} films are tried again at once.");
        return Err(Refused::new(StatusCode::BAD_REQUEST, text));
    }
    let films = shared.api.library_retry(again.ids, again.anyway).await?;
    Ok(Json(TriedAgain { films }))
}
