//! Files dropped on the page: a browser gives bytes, not paths.
//!
//! Each upload has a folder of its own below one that belongs to this module. The job's output lands beside
//! it. When the job is taken off the list, the folder goes; what no job uses goes at the next start.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use api::{Api, ApiError, ErrorCode, Event, Job, JobId};
use axum::Json;
use axum::body::Body;
use axum::extract::{Path as Segment, State};
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderMap, StatusCode};
use futures_util::StreamExt as _;
use serde::Serialize;
use tokio::fs::File;
use tokio::io::{AsyncWriteExt as _, BufWriter};
use tokio_util::sync::CancellationToken;

use crate::Shared;
use crate::refusal::{Refusal, refuse};
use crate::resume::{Part, Writers};

/// Free bytes that an upload leaves on the disk.
const MARGIN: u64 = 1 << 30;
/// The longest file name kept, bytes; what is longer loses its beginning.
const NAME_BYTES: usize = 180;

/// The folder for uploads and its limit.
pub struct Uploads {
    folder: PathBuf,
    limit: u64,
    /// Who writes the parts of which upload.
    pub writers: Writers,
}

/// Where an upload went.
#[derive(Serialize)]
pub struct Uploaded {
    /// The path to submit.
    pub path: String,
    /// Bytes that arrived.
    pub bytes: u64,
}

impl Uploads {
    /// Uploads into this folder, none larger than `limit` bytes.
    pub fn new(folder: PathBuf, limit: u64) -> Self {
        Self {
            folder,
            limit,
            writers: Writers::default(),
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Bytes of the largest upload.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// The upload's own folder that this path lies in, if it does.
    fn home_of(&self, path: &Path) -> Option<PathBuf> {
        let first = path.strip_prefix(&self.folder).ok()?.components().next()?;
        Some(self.folder.join(first))
    }

    /// Whether a job's source lies in this upload's folder.
    pub async fn is_used(&self, api: &Api, folder: &Path) -> bool {
        let jobs = api.jobs().await.unwrap_or_default();
        jobs.iter()
            .any(|job| self.home_of(job.source.as_ref()).as_deref() == Some(folder))
    }

    /// Makes the folder where it is not there yet.
    pub async fn make_folder(&self) -> Result<(), Refusal> {
        let made = tokio::fs::create_dir_all(&self.folder).await;
        made.map_err(cannot_write)
    }

    /// Whether a file of this length may come and has room.
    pub fn check_room(&self, length: Option<u64>) -> Result<(), Refusal> {
        let length = length.unwrap_or(0);
        if length > self.limit {
            return Err(refuse(
                StatusCode::PAYLOAD_TOO_LARGE,
                "This file is larger than the page takes.",
            ));
        }
        let free = fs4::available_space(&self.folder).map_err(cannot_write)?;
        if free < length.saturating_add(MARGIN) {
            let text = format!(
                "There is not enough free space in {} for this file.",
                self.folder.display()
            );
            return Err(ApiError::new(ErrorCode::NoSpace, text)
                .help("Make room, or free it with `manyhands clean`.")
                .into());
        }
        Ok(())
    }
}

/// `PUT /api/upload/{name}`: the body is the file.
pub async fn take(
    State(shared): State<Shared>,
    Segment(name): Segment<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Uploaded>, Refusal> {
    let uploads = &shared.uploads;
    uploads.make_folder().await?;
    let length = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    let part = Part::read(&headers)?;
    uploads.check_room(part.as_ref().map_or(length, |part| Some(part.size)))?;
    let (path, bytes) = match part {
        Some(part) => go_on(uploads, &part, &name, body).await?,
        None => whole(uploads, length, &name, body).await?,
    };
    // The name was made of text, the folder's may not be; a job takes any path, so show it as it is.
    let path = path.into_os_string().into_string().map_err(|_| {
        refuse(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The data folder's name is not text: a browser cannot name files in it.",
        )
    })?;
    Ok(Json(Uploaded { path, bytes }))
}

/// A file in one piece; nothing is left of what does not arrive whole.
async fn whole(
    uploads: &Uploads,
    length: Option<u64>,
    name: &str,
    body: Body,
) -> Result<(PathBuf, u64), Refusal> {
    let mut home = Home::create(&uploads.folder).await.map_err(cannot_write)?;
    let path = home.path.join(plain_name(name));
    let file = File::create_new(&path).await.map_err(cannot_write)?;
    let end = CancellationToken::new();
    let bytes = write(body, file, uploads.limit, &end).await?;
    if length.is_some_and(|length| length != bytes) {
        return Err(not_whole());
    }
    home.keep = true;
    Ok((path, bytes))
}

/// A file in parts: what has arrived stays, and the next part begins where it ends.
async fn go_on(
    uploads: &Uploads,
    part: &Part,
    name: &str,
    body: Body,
) -> Result<(PathBuf, u64), Refusal> {
    let (path, bytes) = append(uploads, part, name, body).await?;
    if bytes != part.size {
        return Err(not_whole());
    }
    Ok((path, bytes))
}

/// Adds a part to what has arrived; gives how much that is then.
pub async fn append(
    uploads: &Uploads,
    part: &Part,
    name: &str,
    body: Body,
) -> Result<(PathBuf, u64), Refusal> {
    let turn = uploads.writers.turn(&part.key).await;
    let home = uploads.folder.join(part.key.name());
    tokio::fs::create_dir_all(&home)
        .await
        .map_err(cannot_write)?;
    let path = home.join(plain_name(name));
    let mut options = File::options();
    let file = options.create(true).append(true).open(&path).await;
    let file = file.map_err(cannot_write)?;
    let there = file.metadata().await.map_err(cannot_write)?.len();
    if there != part.from {
        let text = "This part does not begin where the last one ended.";
        return Err(refuse(StatusCode::CONFLICT, text));
    }
    let bytes = there + write(body, file, part.size - there, &turn.end).await?;
    if bytes == part.size {
        uploads.writers.forget(&part.key);
    }
    Ok((path, bytes))
}

fn not_whole() -> Refusal {
    refuse(StatusCode::BAD_REQUEST, "The file did not arrive whole.")
}

/// Writes what comes, until it ends or somebody else wants to write; what has come is on the disk in any case.
async fn write(
    body: Body,
    file: File,
    limit: u64,
    end: &CancellationToken,
) -> Result<u64, Refusal> {
    let mut file = BufWriter::with_capacity(1 << 20, file);
    let copied = copy(body, &mut file, limit, end).await;
    file.flush().await.map_err(cannot_write)?;
    copied
}

async fn copy(
    body: Body,
    file: &mut BufWriter<File>,
    limit: u64,
    end: &CancellationToken,
) -> Result<u64, Refusal> {
    let mut chunks = body.into_data_stream();
    let mut bytes = 0_u64;
    loop {
        let chunk = tokio::select! {
            biased;
            () = end.cancelled() => return Err(not_whole()),
            chunk = chunks.next() => chunk,
        };
        let Some(chunk) = chunk else {
            return Ok(bytes);
        };
        let chunk = chunk.map_err(|_| not_whole())?;
        bytes += chunk.len() as u64;
        if bytes > limit {
            return Err(refuse(
                StatusCode::PAYLOAD_TOO_LARGE,
                "This file is larger than the page takes.",
            ));
        }
        file.write_all(&chunk).await.map_err(cannot_write)?;
    }
}

/// An upload's own folder; removed with what is in it unless it is to be kept.
struct Home {
    path: PathBuf,
    keep: bool,
}

impl Home {
    async fn create(below: &Path) -> io::Result<Self> {
        let path = below.join(format!("{:016x}", rand::random::<u64>()));
        tokio::fs::create_dir(&path).await?;
        Ok(Self { path, keep: false })
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if !self.keep {
            // One file in one folder: quick enough for a drop, which cannot wait.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// A name for a file of ours: the last part of what was given, without what some system forbids.
pub fn plain_name(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let forbidden = |letter: char| letter.is_control() || "<>:\"|?*".contains(letter);
    let name: String = last
        .chars()
        .map(|letter| if forbidden(letter) { '_' } else { letter })
        .collect();
    let name = name
        .trim_start_matches(['.', '-'])
        .trim_end_matches(['.', ' '])
        .trim();
    let mut from = name.len().saturating_sub(NAME_BYTES);
    while !name.is_char_boundary(from) {
        from += 1;
    }
    let name = &name[from..];
    if name.is_empty() {
        "video".into()
    } else {
        name.into()
    }
}

fn cannot_write(error: io::Error) -> Refusal {
    if error.kind() == io::ErrorKind::StorageFull {
        let text = "The disk became full while the file came in.";
        return ApiError::new(ErrorCode::NoSpace, text)
            .help("Free some space, and send it again.")
            .into();
    }
    ApiError::new(
        ErrorCode::OutputReadOnly,
        format!("The file cannot be kept: {error}."),
    )
    .into()
}

/// Removes what no job uses, now and whenever a job is taken off the list; ends with the node.
pub async fn keep(uploads: std::sync::Arc<Uploads>, api: Api) {
    let mut events = api.events();
    let Ok(snapshot) = api.snapshot().await else {
        return;
    };
    let jobs = &snapshot.scene.jobs;
    let mut homes: BTreeMap<JobId, PathBuf> =
        jobs.iter().filter_map(|job| home(&uploads, job)).collect();
    sweep(&uploads.folder, &homes.values().cloned().collect()).await;
    while let Some(numbered) = events.next().await {
        match numbered.event {
            Event::Job(job) => homes.extend(home(&uploads, &job)),
            Event::JobGone(id) => {
                let gone = homes.remove(&id);
                // The same upload may have been submitted twice.
                if let Some(gone) = gone.filter(|gone| !homes.values().any(|other| other == gone)) {
                    remove(&gone).await;
                }
            }
            Event::Here(_) | Event::Computer(_) | Event::ComputerGone(_) | Event::Pairing(_) => {}
        }
    }
}

fn home(uploads: &Uploads, job: &Job) -> Option<(JobId, PathBuf)> {
    Some((job.id, uploads.home_of(job.source.as_ref())?))
}

async fn sweep(folder: &Path, used: &BTreeSet<PathBuf>) {
    let Ok(mut entries) = tokio::fs::read_dir(folder).await else {
        return;
    };
    while let Ok(Some(entry)) = entries.next_entry().await {
        if !used.contains(&entry.path()) {
            remove(&entry.path()).await;
        }
    }
}

async fn remove(path: &Path) {
    if let Err(error) = tokio::fs::remove_dir_all(path).await {
        tracing::warn!(%error, "an upload that no job uses could not be removed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_plain() {
        let cases = [
            ("film.mkv", "film.mkv"),
            ("../../etc/passwd", "passwd"),
            ("C:\\films\\a b.mkv", "a b.mkv"),
            ("-i.mkv", "i.mkv"),
            (".hidden", "hidden"),
            ("a:b\n?.mkv", "a_b__.mkv"),
            ("..", "video"),
            ("", "video"),
            ("été #1 %d.mkv", "été #1 %d.mkv"),
        ];
        for (given, plain) in cases {
            assert_eq!(plain_name(given), plain, "{given:?}");
        }
        let long = plain_name(&format!("{}.mkv", "é".repeat(300)));
        assert!(long.len() <= NAME_BYTES && long.ends_with("é.mkv"));
    }

    #[test]
    fn only_what_lies_below_the_folder_has_a_home() {
        let uploads = Uploads::new("/data/uploads".into(), 1);
        assert_eq!(
            uploads.home_of(Path::new("/data/uploads/12/a.mkv")),
            Some("/data/uploads/12".into())
        );
        for other in [
            "/data/uploads",
            "/data/a.mkv",
            "/data/uploads2/12/a.mkv",
            "a.mkv",
        ] {
            assert_eq!(uploads.home_of(Path::new(other)), None, "{other}");
        }
    }
}
