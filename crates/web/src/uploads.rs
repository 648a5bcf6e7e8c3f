//! Files dropped on the page: a browser gives bytes, not paths.
//!
//! Each upload has a folder of its own below one that belongs to this module. The job's output lands beside
//! it. When the job is taken off the list, the folder goes; what no job uses goes after a day
//! ([`crate::abandoned`]), and at the next start.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};
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
/// The most bytes of all uploads between two looks at what is free: others fill the same disk.
const LOOK: u64 = 64 << 20;
/// Bytes of an upload that wait to be written: a look at what is free does not see them.
const WAITING: usize = 256 << 10;
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
    /// Bytes that may come, of all uploads together, before the next look at that.
    room: Mutex<u64>,
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
            room: Mutex::new(0),
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

    /// The upload's own folder that this path names a file in, if it does. That folder goes with the path's job, so a
    /// path that leads out again has none.
    fn home_of(&self, path: &Path) -> Option<PathBuf> {
        let below = path.strip_prefix(&self.folder).ok()?;
        let is_name = |part| matches!(part, Component::Normal(_));
        let mut parts = below.components();
        let home = parts.next()?;
        let is_in_it = parts.clone().next().is_some();
        (is_in_it && is_name(home) && parts.all(is_name)).then(|| self.folder.join(home))
    }

    /// Whether a job of this source needs an upload's folder. A path that goes back may lead anywhere: it needs
    /// whatever it names.
    fn needs(&self, source: &Path, home: &Path) -> bool {
        let goes_back = source.components().any(|part| part == Component::ParentDir);
        let mut names = source.components().map(Component::as_os_str);
        self.home_of(source).as_deref() == Some(home)
            || (goes_back && names.any(|name| Some(name) == home.file_name()))
    }

    /// Whether a job needs this upload's folder.
    ///
    /// # Errors
    /// The node cannot be asked: then nothing is known, and nothing may be removed.
    pub async fn is_used(&self, api: &Api, home: &Path) -> Result<bool, ApiError> {
        let jobs = api.jobs().await?;
        Ok(jobs.iter().any(|job| self.needs(job.source.as_ref(), home)))
    }

    /// Removes an upload's own folder with what is in it.
    pub async fn remove(&self, home: &Path) {
        if let Err(error) = self.try_remove(home).await
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, home = %home.display(), "an upload that no job uses could not be removed");
        }
    }

    /// Whatever is asked for, nothing goes but a folder that lies right in this one and is no link.
    async fn try_remove(&self, home: &Path) -> io::Result<()> {
        let is_name = matches!(home.components().next_back(), Some(Component::Normal(_)));
        let lies_here = home.parent() == Some(self.folder.as_path());
        if !is_name || !lies_here || !tokio::fs::symlink_metadata(home).await?.is_dir() {
            return Err(io::Error::other("it is not an upload's own folder"));
        }
        tokio::fs::remove_dir_all(home).await
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
        self.check_free(length.saturating_sub(there)).map(drop)
    }

    /// Counts bytes that have come, of all uploads together, and looks at what is free before there can be too many.
    fn take_room(&self, bytes: u64) -> Result<(), Refusal> {
        let mut room = self.room.lock().unwrap_or_else(PoisonError::into_inner);
        if *room < bytes {
            let free = self.check_free(bytes)?;
            *room = (free - MARGIN).min(LOOK.max(bytes));
        }
        *room -= bytes;
        Ok(())
    }

    /// Whether so many bytes more leave enough for everything else on the disk: what is free there.
    fn check_free(&self, more: u64) -> Result<u64, Refusal> {
        let free = (self.free)(&self.folder).map_err(cannot_write)?;
        if free >= more.saturating_add(MARGIN) {
            return Ok(free);
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
    let mut file = BufWriter::with_capacity(WAITING, file);
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
    let mut bytes = 0_u64;
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
        uploads.take_room(chunk.len() as u64)?;
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
pub async fn tidy(uploads: &Uploads, api: &Api) -> Sources {
    let events = api.events();
    let of_jobs = match api.snapshot().await {
        Ok(snapshot) => {
            let of_jobs: BTreeMap<_, _> = snapshot.scene.jobs.iter().map(source).collect();
            sweep(uploads, &of_jobs).await;
            of_jobs
        }
        Err(_) => BTreeMap::new(),
    };
    Sources { events, of_jobs }
}

/// The sources of jobs, and what becomes of those from now on.
pub struct Sources {
    events: Events,
    of_jobs: BTreeMap<JobId, PathBuf>,
}

fn source(job: &Job) -> (JobId, PathBuf) {
    let source: &Path = job.source.as_ref();
    (job.id, source.to_owned())
}

/// Removes the uploads of jobs that are taken off the list; ends with the node.
pub async fn keep(uploads: std::sync::Arc<Uploads>, api: Api, known: Sources) {
    let Sources {
        mut events,
        mut of_jobs,
    } = known;
    let mut last = None;
    while let Some(numbered) = events.next().await {
        let missed = last.is_some_and(|last| numbered.seq != last + 1);
        last = Some(numbered.seq);
        let mut gone: Vec<PathBuf> = Vec::new();
        match numbered.event {
            Event::Job(job) => of_jobs.extend([source(&job)]),
            Event::JobGone(id) => gone.extend(of_jobs.remove(&id)),
            Event::Here(_) | Event::Computer(_) | Event::ComputerGone(_) | Event::Pairing(_) => {}
        }
        if missed && let Ok(jobs) = api.jobs().await {
            let now = jobs.iter().map(source).collect();
            gone.extend(std::mem::replace(&mut of_jobs, now).into_values());
        }
        for gone in gone {
            let_go(&uploads, &gone, &of_jobs).await;
        }
    }
}

/// Removes the upload of a job that is gone, unless another needs it: the same may have been submitted twice.
async fn let_go(uploads: &Uploads, gone: &Path, of_jobs: &BTreeMap<JobId, PathBuf>) {
    if let Some(home) = uploads.home_of(gone)
        && !of_jobs.values().any(|other| uploads.needs(other, &home))
    {
        uploads.remove(&home).await;
    }
}

async fn sweep(uploads: &Uploads, of_jobs: &BTreeMap<JobId, PathBuf>) {
    let Ok(mut entries) = tokio::fs::read_dir(&uploads.folder).await else {
        return;
    };
    while let Ok(Some(entry)) = entries.next_entry().await {
        let home = entry.path();
        if !of_jobs.values().any(|source| uploads.needs(source, &home)) {
            uploads.remove(&home).await;
        }
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

    /// What the disk of the next test holds beside the margin.
    const ROOM: u64 = 32 << 20;

    fn bytes_in(folder: &Path) -> u64 {
        let entries = std::fs::read_dir(folder).unwrap().flatten();
        let bytes = entries.map(|entry| match entry.metadata().unwrap() {
            about if about.is_dir() => bytes_in(&entry.path()),
            about => about.len(),
        });
        bytes.sum()
    }

    #[tokio::test]
    async fn uploads_side_by_side_leave_the_margin() {
        let folder = tempfile::tempdir().unwrap();
        let mut uploads = Uploads::new(folder.path().into(), u64::MAX);
        uploads.free = |folder| Ok((MARGIN + ROOM).saturating_sub(bytes_in(folder)));
        let uploads = &uploads;
        let block = bytes::Bytes::from(vec![0; 1 << 20]);
        let endless = |_| {
            let block = block.clone();
            let blocks =
                futures_util::stream::repeat_with(move || Ok::<_, io::Error>(block.clone()));
            let part = Part {
                key: Key::random(),
                from: 0,
                size: u64::MAX,
            };
            async move {
                let body = Body::from_stream(blocks);
                let refused = append(uploads, &part, "a.mkv", body).await.err().unwrap();
                assert_eq!(refused.into_parts().0.as_u16(), 507);
                // What has come stays, so that it can go on.
                crate::resume::there(uploads, &part.key, "a.mkv").await
            }
        };
        let came = futures_util::future::join_all((0..8).map(endless)).await;
        let all: u64 = came.iter().sum();
        // A look does not see what is just being written.
        assert!((ROOM / 2..=2 * ROOM).contains(&all), "{all}");
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
            "/data/uploads/a.mkv",
            "/data/a.mkv",
            "/data/uploads2/12/a.mkv",
            "a.mkv",
            "/data/uploads/..",
            "/data/uploads/../a.mkv",
            "/data/uploads/../../films/a.mkv",
            "/data/uploads/12/..",
            "/data/uploads/12/../../films/a.mkv",
            "/data/uploads/12/../12/a.mkv",
        ] {
            assert_eq!(uploads.home_of(Path::new(other)), None, "{other}");
        }
    }

    #[test]
    fn a_path_that_goes_back_needs_what_it_names() {
        let uploads = Uploads::new("/data/uploads".into(), 1);
        let needs = |source: &str, home: &str| uploads.needs(Path::new(source), Path::new(home));
        assert!(needs("/data/uploads/12/a.mkv", "/data/uploads/12"));
        assert!(needs("/data/uploads/x/../12/a.mkv", "/data/uploads/12"));
        assert!(!needs("/data/uploads/x/../12/a.mkv", "/data/uploads/13"));
        assert!(!needs("/films/12/a.mkv", "/data/uploads/12"));
    }

    #[tokio::test]
    async fn a_data_folder_survives_whatever_is_to_be_removed() {
        let data = tempfile::tempdir().unwrap();
        let at = |path: &str| data.path().join(path);
        std::fs::create_dir_all(at("uploads/12")).unwrap();
        std::fs::create_dir(at("films")).unwrap();
        for file in ["node.db", "films/a.mkv", "uploads/12/a.mkv", "uploads/13"] {
            std::fs::write(at(file), "kept").unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(at("films"), at("uploads/link")).unwrap();
        let uploads = Uploads::new(at("uploads"), 1);
        let wrong = ["", ".", "..", "../films", "12/..", "12/a.mkv", "13", "link"];
        for wrong in wrong {
            uploads.remove(&uploads.folder.join(wrong)).await;
        }
        // As the paths of jobs that are forgotten.
        for film in ["../films/a.mkv", "../node.db", "12/../../films/a.mkv"] {
            let_go(&uploads, &uploads.folder.join(film), &BTreeMap::new()).await;
        }
        for file in ["node.db", "films/a.mkv", "uploads/12/a.mkv", "uploads/13"] {
            assert!(at(file).exists(), "{file}");
        }
        #[cfg(unix)]
        assert!(at("uploads/link").is_symlink());
        let_go(&uploads, &at("uploads/12/a.mkv"), &BTreeMap::new()).await;
        assert!(!at("uploads/12").exists() && at("films/a.mkv").exists());
    }
}
