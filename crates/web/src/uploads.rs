//! Files dropped on the page: a browser gives bytes, not paths.
//!
//! Each upload has a folder of its own below one that belongs to this module. The job's output lands beside
//! it. When the job is taken off the list, the folder goes; what no job uses goes at the next start.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use api::{Api, ApiError, ErrorCode, Event, Events, Job, JobId};
use axum::Json;
use axum::body::Body;
use axum::extract::{Path as Segment, State};
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderMap, StatusCode};
use futures_util::StreamExt as _;
use serde::Serialize;
use tokio::fs::File;
use tokio::io::{AsyncWriteExt as _, BufWriter};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::Shared;
use crate::refusal::{Refusal, refuse};
use crate::resume::{Part, Writers};

/// Free bytes that uploads leave on the disk.
const MARGIN: u64 = 1 << 30;
/// Bytes of an upload between two looks at what is free: others fill the same disk.
const LOOK: u64 = 64 << 20;
/// How long nothing may come of an upload.
const SILENCE: Duration = Duration::from_secs(120);
/// The longest file name kept, bytes; what is longer loses its beginning.
const NAME_BYTES: usize = 180;

/// The folder for uploads and its limit.
pub struct Uploads {
    folder: PathBuf,
    limit: u64,
    /// Free bytes on the disk of a folder.
    free: fn(&Path) -> io::Result<u64>,
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
            free: |folder| fs4::available_space(folder),
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
    ///
    /// # Errors
    /// The node cannot be asked: then nothing is known, and nothing may be removed.
    pub async fn is_used(&self, api: &Api, folder: &Path) -> Result<bool, ApiError> {
        let jobs = api.jobs().await?;
        let uses = |job: &Job| self.home_of(job.source.as_ref()).as_deref() == Some(folder);
        Ok(jobs.iter().any(uses))
    }

    /// Makes the folder where it is not there yet.
    pub async fn make_folder(&self) -> Result<(), Refusal> {
        let made = tokio::fs::create_dir_all(&self.folder).await;
        made.map_err(cannot_write)
    }

    /// Whether a file of this length may come and has room; `there` of its bytes are on the disk already.
    ///
    /// # Errors
    /// 413, or [`ErrorCode::NoSpace`].
    pub fn check_room(&self, length: Option<u64>, there: u64) -> Result<(), Refusal> {
        let length = length.unwrap_or(0);
        if length > self.limit {
            return Err(refuse(
                StatusCode::PAYLOAD_TOO_LARGE,
                "This file is larger than the page takes.",
            ));
        }
        self.check_free(length.saturating_sub(there))
    }

    /// Whether so many bytes more leave enough for everything else on the disk.
    fn check_free(&self, more: u64) -> Result<(), Refusal> {
        let free = (self.free)(&self.folder).map_err(cannot_write)?;
        if free >= more.saturating_add(MARGIN) {
            return Ok(());
        }
        let text = format!(
            "There is not enough free space in {} for this file.",
            self.folder.display()
        );
        Err(ApiError::new(ErrorCode::NoSpace, text)
            .help("Make room, or free it with `manyhands clean`, and send the rest.")
            .into())
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
    let size = part.as_ref().map_or(length, |part| Some(part.size));
    uploads.check_room(size, part.as_ref().map_or(0, |part| part.from))?;
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
    let bytes = write(uploads, body, file, uploads.limit, &end).await?;
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
    let bytes = there + write(uploads, body, file, part.size - there, &turn.end).await?;
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
    uploads: &Uploads,
    body: Body,
    file: File,
    limit: u64,
    end: &CancellationToken,
) -> Result<u64, Refusal> {
    let mut file = BufWriter::with_capacity(1 << 20, file);
    let copied = copy(uploads, body, &mut file, limit, end).await;
    file.flush().await.map_err(cannot_write)?;
    copied
}

async fn copy(
    uploads: &Uploads,
    body: Body,
    file: &mut BufWriter<File>,
    limit: u64,
    end: &CancellationToken,
) -> Result<u64, Refusal> {
    let mut chunks = body.into_data_stream();
    let (mut bytes, mut looked) = (0_u64, 0_u64);
    loop {
        let chunk = tokio::select! {
            biased;
            () = end.cancelled() => return Err(not_whole()),
            chunk = timeout(SILENCE, chunks.next()) => chunk.map_err(|_| not_whole())?,
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
        if bytes - looked >= LOOK {
            looked = bytes;
            uploads.check_free(0)?;
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
    let mut from = name.len().saturating_sub(NAME_BYTES);
    while !name.is_char_boundary(from) {
        from += 1;
    }
    // Cut first: the rest may begin with what no name begins with, and a plain name is the plain name of itself.
    let begins = |letter: char| letter.is_whitespace() || matches!(letter, '.' | '-');
    let ends = |letter: char| letter.is_whitespace() || letter == '.';
    let name = name[from..]
        .trim_start_matches(begins)
        .trim_end_matches(ends);
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

/// What uploads there are for which jobs; those of no job are removed. Before the page is served: whoever comes back to
/// one then is told the truth.
pub async fn tidy(uploads: &Uploads, api: &Api) -> Homes {
    let events = api.events();
    let homes = match api.snapshot().await {
        Ok(snapshot) => {
            let homes = homes(uploads, &snapshot.scene.jobs);
            sweep(&uploads.folder, &homes.values().cloned().collect()).await;
            homes
        }
        Err(_) => BTreeMap::new(),
    };
    Homes { events, homes }
}

/// The uploads of jobs, and what becomes of those from now on.
pub struct Homes {
    events: Events,
    homes: BTreeMap<JobId, PathBuf>,
}

fn homes(uploads: &Uploads, jobs: &[Job]) -> BTreeMap<JobId, PathBuf> {
    jobs.iter().filter_map(|job| home(uploads, job)).collect()
}

/// Removes the uploads of jobs that are taken off the list; ends with the node.
pub async fn keep(uploads: std::sync::Arc<Uploads>, api: Api, known: Homes) {
    let Homes {
        mut events,
        mut homes,
    } = known;
    let mut last = None;
    while let Some(numbered) = events.next().await {
        let missed = last.is_some_and(|last| numbered.seq != last + 1);
        last = Some(numbered.seq);
        let mut gone: Vec<PathBuf> = Vec::new();
        match numbered.event {
            Event::Job(job) => homes.extend(home(&uploads, &job)),
            Event::JobGone(id) => gone.extend(homes.remove(&id)),
            Event::Here(_) | Event::Computer(_) | Event::ComputerGone(_) | Event::Pairing(_) => {}
        }
        if missed && let Ok(jobs) = api.jobs().await {
            let now = self::homes(&uploads, &jobs);
            gone.extend(std::mem::replace(&mut homes, now).into_values());
        }
        // The same upload may have been submitted twice.
        gone.retain(|one| homes.values().all(|other| other != one));
        for gone in gone {
            remove(&gone).await;
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
    let removed = tokio::fs::remove_dir_all(path).await;
    if let Err(error) = removed.or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    }) {
        tracing::warn!(%error, "an upload that no job uses could not be removed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resume::Key;

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

    /// What was kept under a name is looked for under that.
    #[test]
    fn a_plain_name_is_the_plain_name_of_itself() {
        let long = |edge: &str| format!("a{edge}{}", "b".repeat(NAME_BYTES - 1));
        let names = [
            " -film.mkv",
            "- .x",
            "a. .",
            "\u{3000}-.\u{a0}x",
            "..-",
            "名 -前.mkv",
        ];
        let names = names.map(str::to_owned).into_iter();
        let cut = ["-", ".", " ", "é", "-.é "].map(long);
        for name in names.chain(cut) {
            let plain = plain_name(&name);
            assert_eq!(plain_name(&plain), plain, "{name:?}");
            assert!(
                !plain.starts_with('-') && plain.len() <= NAME_BYTES,
                "{name:?}"
            );
        }
    }

    #[test]
    fn what_is_there_already_needs_no_room() {
        let mut uploads = Uploads::new("/data/uploads".into(), 40 << 30);
        // Free: the margin, and 15 GiB.
        uploads.free = |_| Ok(MARGIN + (15 << 30));
        assert!(uploads.check_room(Some(40 << 30), 25 << 30).is_ok());
        let status = |length, there| {
            let refused = uploads.check_room(Some(length), there).err().unwrap();
            refused.into_parts().0.as_u16()
        };
        assert_eq!(status(40 << 30, 24 << 30), 507);
        // The limit is one of the whole.
        assert_eq!(status(41 << 30, 40 << 30), 413);
    }

    #[tokio::test]
    async fn uploads_side_by_side_leave_the_margin() {
        let folder = tempfile::tempdir().unwrap();
        let mut uploads = Uploads::new(folder.path().into(), u64::MAX);
        uploads.free = |_| Ok(MARGIN - 1);
        let block = bytes::Bytes::from(vec![0; 1 << 20]);
        let endless = futures_util::stream::repeat_with(move || Ok::<_, io::Error>(block.clone()));
        let part = Part {
            key: Key::random(),
            from: 0,
            size: u64::MAX,
        };
        let body = Body::from_stream(endless);
        let refused = append(&uploads, &part, "a.mkv", body).await.err().unwrap();
        assert_eq!(refused.into_parts().0.as_u16(), 507);
        // What has come stays, so that it can go on.
        let there = crate::resume::there(&uploads, &part.key, "a.mkv").await;
        assert!((LOOK - (1 << 20)..=LOOK).contains(&there), "{there}");
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
