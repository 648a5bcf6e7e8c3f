//! What there is to look at beside the status: pictures, forecasts, kept choices, help given.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ffmpeg::bars::{self, Bars};
use ffmpeg::sample::{self, Cost};
use ffmpeg::source::{self, Source};
pub use ffmpeg::still::Still;
use ffmpeg::still::{self, Place};
use media::choice::{Choice, Encoders, Purpose};
use media::encoder::{Codec, Encoder, Family};
use media::filter::Filters;
use tokio::sync::Semaphore;

pub use crate::forecast::Forecast;
use crate::forecast::{self, Helper, Subject};
use crate::intake::Dropped;
use crate::node::Node;
use crate::probe::{Probed, whole_ms};
use crate::status::{
    EncoderStatus, JobId, JobState, OriginalState, PeerId, PeerState, PeerStatus, Terms,
};
use crate::trouble::{Kind, Trouble};
use crate::{intake, probe};

/// Bytes of pictures kept.
const KEPT_BYTES: usize = 24 << 20;
/// Films of which is remembered what they cost.
const KEPT_FILMS: usize = 200;
/// The longest that trying a film's frames may take.
const TRYING: Duration = Duration::from_secs(10);
/// The longest that looking for its bars may take: a film on a slow share has to be opened nine times.
const LOOKING: Duration = Duration::from_secs(30);
/// Lines of the log of help given that are shown.
const DEEDS_SHOWN: u32 = 200;
/// The database's key of the choices that are kept.
const WISHES: &str = "wishes";
/// The same of the measurements.
const BENCH: &str = "bench";

/// What a picture is of.
#[derive(Clone, Debug)]
pub enum View {
    /// A file.
    File(PathBuf),
    /// A file, its picture changed like this.
    Filtered(PathBuf, Filters),
    /// A job's source, its picture changed as the job does.
    Source(JobId),
    /// A completed job's result.
    Result(JobId),
}

/// Which picture: of which state of which file, what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Frame {
    path: PathBuf,
    bytes: u64,
    modified_ms: i64,
    at_us: i64,
    exact: bool,
    height: u32,
    filters: Filters,
}

/// Pictures made lately, the latest last; one more is made at a time, so that they do not crowd out encoding.
pub(crate) struct Gallery {
    making: Semaphore,
    kept: Mutex<VecDeque<(Frame, Still)>>,
}

impl Default for Gallery {
    fn default() -> Self {
        Self {
            making: Semaphore::new(1),
            kept: Mutex::default(),
        }
    }
}

impl Gallery {
    fn find(&self, frame: &Frame) -> Option<Still> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().find(|(one, _)| one == frame);
        found.map(|(_, still)| still.clone())
    }

    fn keep(&self, frame: Frame, still: Still) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back((frame, still));
        let mut bytes: usize = kept.iter().map(|(_, still)| still.jpeg.len()).sum();
        while bytes > KEPT_BYTES {
            let gone = kept.pop_front();
            bytes -= gone.map_or(bytes, |(_, still)| still.jpeg.len());
        }
    }
}

/// Which film, in which state of its file.
pub(crate) type Known = (PathBuf, u64, i64);

/// What films were found to cost lately, the latest last; one is tried at a time.
pub(crate) struct Samples {
    trying: Semaphore,
    kept: Mutex<VecDeque<(Known, Option<Cost>)>>,
    bars: Mutex<VecDeque<(Known, Bars)>>,
}

impl Default for Samples {
    fn default() -> Self {
        Self {
            trying: Semaphore::new(1),
            kept: Mutex::default(),
            bars: Mutex::default(),
        }
    }
}

impl Samples {
    fn find(&self, film: &Known) -> Option<Option<Cost>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter()
            .find(|(one, _)| one == film)
            .map(|(_, cost)| *cost)
    }

    fn bars(&self, film: &Known) -> Option<Bars> {
        let kept = self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().find(|(one, _)| one == film);
        found.map(|(_, bars)| *bars)
    }

    /// An answer that is none is not kept: the next time there may be one.
    pub(crate) fn keep_bars(&self, film: Known, found: Bars) {
        if found == Bars::Unknown {
            return;
        }
        let mut kept = self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back((film, found));
        if kept.len() > KEPT_FILMS {
            kept.pop_front();
        }
    }

    fn keep(&self, film: Known, cost: Option<Cost>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back((film, cost));
        if kept.len() > KEPT_FILMS {
            kept.pop_front();
        }
    }
}

/// What would become of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Outlook {
    /// For the choice as given.
    pub chosen: Forecast,
    /// For every purpose as it comes.
    pub purposes: Vec<(Purpose, Forecast)>,
    /// Some of the film's frames were tried for it; else it is a guess by what it is.
    pub tried: bool,
}

/// Help given, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// Segments delivered.
    pub segments: u64,
    /// Their frames.
    pub frames: u64,
    /// Bytes of the results.
    pub bytes: u64,
    /// Milliseconds spent encoding.
    pub ms: u64,
    /// Computers helped.
    pub computers: u32,
}

impl Node {
    /// One picture, at a time on the result's timeline in microseconds. One is made at a time.
    ///
    /// # Errors
    /// No such job, or nothing to be seen there.
    pub async fn still(
        &self,
        view: View,
        at_us: i64,
        exact: bool,
        height: u32,
    ) -> Result<Still, Trouble> {
        let (path, filters) = self.film_of(view).await?;
        let about = intake::look(&path)?;
        let frame = Frame {
            path,
            bytes: about.bytes,
            modified_ms: about.modified_ms,
            at_us,
            exact,
            height: (height / 2 * 2).max(16),
            filters,
        };
        let gallery = &self.0.gallery;
        if let Some(still) = gallery.find(&frame) {
            return Ok(still);
        }
        // Never closed; if it were, a picture more at once does no harm.
        let _turn = gallery.making.acquire().await;
        // Somebody else may have wanted the same meanwhile.
        if let Some(still) = gallery.find(&frame) {
            return Ok(still);
        }
        let order = self.order_of(&about, &frame.filters).await?;
        let still = make(&self.bench()?.ffmpeg, &frame, order.as_ref()).await?;
        gallery.keep(frame, still.clone());
        Ok(still)
    }

    /// The file, and what is changed about its picture.
    async fn film_of(&self, view: View) -> Result<(PathBuf, Filters), Trouble> {
        let (id, result) = match view {
            View::File(path) => return Ok((intake::look(&path)?.path, Filters::default())),
            View::Filtered(path, filters) => return Ok((intake::look(&path)?.path, filters)),
            View::Source(id) => (id, false),
            View::Result(id) => (id, true),
        };
        let job = self.status().await?.jobs.into_iter().find(|j| j.id == id);
        let none = || Trouble::new(Kind::NoSuchJob, format!("There is no job {id}."));
        let job = job.ok_or_else(none)?;
        let filters = job.choice.filters;
        let gone = |text: &str| Err(Trouble::new(Kind::NotNow, text));
        let original = job.original.map(|one| (one.state, one.kept));
        match (job.state, original) {
            (_, Some((OriginalState::Restored, _))) if result => {
                gone("The result is gone: the original was put back.")
            }
            (JobState::Completed(outcome), _) if result => Ok((outcome.output, Filters::default())),
            _ if result => gone("The job has no result yet."),
            (_, Some((OriginalState::Kept | OriginalState::Moving, kept))) => Ok((kept, filters)),
            (_, Some((OriginalState::Deleted, _))) => {
                gone("The original was deleted: there is nothing to compare with.")
            }
            (_, Some((OriginalState::Restored, _)) | None) => Ok((job.source, filters)),
        }
    }

    /// What changes the film's picture; `None` where nothing does.
    async fn order_of(
        &self,
        dropped: &Dropped,
        filters: &Filters,
    ) -> Result<Option<Probed>, Trouble> {
        let changes = Filters {
            // Every frame is looked at, and grain is the player's.
            half_rate: false,
            grain: None,
            ..*filters
        };
        if changes == Filters::default() {
            return Ok(None);
        }
        let choice = Choice {
            filters: changes,
            ..Choice::default()
        };
        let probed = self.probe(dropped, &choice).await?;
        self.check_filters(&probed)?;
        Ok(Some(probed))
    }

    /// How large the result gets and how long it takes, for this choice and for each purpose. `closer`: a few frames
    /// of the film are tried first, which takes some seconds the first time.
    ///
    /// # Errors
    /// Why the file cannot be encoded.
    pub async fn forecast(
        &self,
        path: PathBuf,
        choice: Choice,
        terms: Terms,
        closer: bool,
    ) -> Result<Outlook, Trouble> {
        let dropped = intake::look(&path)?;
        let probed = self.probe(&dropped, &choice).await?;
        let mut subject = subject(&probed, dropped.bytes);
        subject.cost = self.cost(&dropped, &probed, closer).await;
        let status = self.status().await?;
        let of = |choice: &Choice| {
            let here = helper(&status.here, choice);
            let others = status.peers.iter().filter(|p| !terms.only_here && helps(p));
            let others: Vec<Helper> = others.filter_map(|p| helper(p, choice)).collect();
            forecast::forecast(&subject, choice, here, &others)
        };
        let all = [
            Purpose::Everywhere,
            Purpose::Smaller,
            Purpose::Smallest,
            Purpose::Keep,
        ];
        let purposes = all.map(|purpose| {
            let plain = Choice {
                purpose,
                codec: None,
                quality: None,
                container: None,
                ..choice.clone()
            };
            (purpose, of(&plain))
        });
        Ok(Outlook {
            chosen: of(&choice),
            purposes: purposes.into(),
            tried: subject.cost.is_some(),
        })
    }

    /// What the film's picture costs, if that was tried, or is to be.
    async fn cost(&self, dropped: &Dropped, probed: &Probed, closer: bool) -> Option<Cost> {
        let film = (dropped.path.clone(), dropped.bytes, dropped.modified_ms);
        let samples = &self.0.samples;
        if let Some(cost) = samples.find(&film) {
            return cost;
        }
        let able = self.0.tool.as_ref().ok()?.features.lists(Encoder::X264);
        if !closer || !able {
            return None;
        }
        // Never closed; if it were, one more at once does no harm.
        let _turn = samples.trying.acquire().await;
        if let Some(cost) = samples.find(&film) {
            return cost;
        }
        let (video, info) = (&probed.parts.video, &probed.parts.info);
        let (start, length) = (info.start_us.unwrap_or(0), info.duration_us?);
        let places = [15, 50, 80].map(|share| start + length / 100 * share);
        let pixels = u64::from(video.width) * u64::from(video.height);
        let (ffmpeg, source) = (&self.0.bench.as_ref()?.ffmpeg, &probed.parts.source);
        let tried = sample::cost(ffmpeg, source, places, pixels, TRYING).await;
        samples.keep(film, tried);
        tried
    }

    /// Its black bars. Looked for once.
    pub(crate) async fn bars(&self, dropped: &Dropped, probed: &Probed) -> Bars {
        let film = (dropped.path.clone(), dropped.bytes, dropped.modified_ms);
        let samples = &self.0.samples;
        if let Some(bars) = samples.bars(&film) {
            return bars;
        }
        // Never closed; if it were, one more at once does no harm.
        let _turn = samples.trying.acquire().await;
        if let Some(bars) = samples.bars(&film) {
            return bars;
        }
        let (info, video) = (&probed.parts.info, &probed.parts.video);
        let start = info.start_us.unwrap_or(0);
        let length = info.duration_us.unwrap_or(0).max(0);
        let Some(bench) = &self.0.bench else {
            return Bars::Unknown;
        };
        let source = &probed.parts.source;
        let size = (video.width, video.height);
        let found = bars::find(&bench.ffmpeg, source, (start, length), size, LOOKING).await;
        samples.keep_bars(film, found);
        found
    }

    /// The choices that are kept, as they were given; `None` before the first.
    ///
    /// # Errors
    /// The store's.
    pub async fn wishes(&self) -> Result<Option<serde_json::Value>, Trouble> {
        let read = self.0.store.call(|tables| tables.setting(WISHES)).await;
        read.map_err(|e| unstored(&e))
    }

    /// Keeps them.
    ///
    /// # Errors
    /// The store's.
    pub async fn set_wishes(&self, wishes: serde_json::Value) -> Result<(), Trouble> {
        let write = self
            .0
            .store
            .call(move |tables| tables.set_setting(WISHES, &wishes));
        write.await.map_err(|e| unstored(&e))
    }

    /// The measurements that are kept, as they were given; nobody below the API reads them.
    ///
    /// # Errors
    /// The store's.
    pub async fn bench_runs(&self) -> Result<Option<serde_json::Value>, Trouble> {
        let read = self.0.store.call(|tables| tables.setting(BENCH)).await;
        read.map_err(|e| unstored(&e))
    }

    /// Keeps them.
    ///
    /// # Errors
    /// The store's.
    pub async fn set_bench_runs(&self, runs: serde_json::Value) -> Result<(), Trouble> {
        let write = self
            .0
            .store
            .call(move |tables| tables.set_setting(BENCH, &runs));
        write.await.map_err(|e| unstored(&e))
    }

    /// What this machine has done for others, newest first: at most the last 200 stretches of work.
    ///
    /// # Errors
    /// The store's.
    pub async fn deeds(&self) -> Result<Vec<Deed>, Trouble> {
        let rows = self.0.store.call(|tables| tables.deeds(DEEDS_SHOWN)).await;
        let rows = rows.map_err(|e| unstored(&e))?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// What this machine has done for others.
    ///
    /// # Errors
    /// The store's.
    pub async fn given(&self) -> Result<Given, Trouble> {
        let rows = self.0.store.call(|tables| tables.given()).await;
        let rows = rows.map_err(|e| unstored(&e))?;
        Ok(rows.iter().fold(Given::default(), |sum, row| Given {
            segments: sum.segments + row.segments,
            frames: sum.frames + row.frames,
            bytes: sum.bytes + row.bytes,
            ms: sum.ms + row.ms,
            computers: sum.computers + 1,
        }))
    }
}

/// A stretch of work for another computer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// Whom it was done for.
    pub peer: PeerId,
    /// What it called itself then; hostile text.
    pub name: String,
    /// Segments delivered.
    pub segments: u64,
    /// Frames in them.
    pub frames: u64,
    /// Bytes that came here.
    pub received: u64,
    /// Bytes that went back.
    pub sent: u64,
    /// Milliseconds spent encoding.
    pub ms: u64,
    /// When it began, Unix milliseconds.
    pub began_ms: u64,
    /// When its last segment was delivered.
    pub ended_ms: u64,
}

impl From<store::Deed> for Deed {
    fn from(row: store::Deed) -> Self {
        Self {
            peer: PeerId(row.peer),
            name: row.name,
            segments: row.segments,
            frames: row.frames,
            received: row.received,
            sent: row.sent,
            ms: row.ms,
            began_ms: u64::try_from(row.began).unwrap_or(0),
            ended_ms: u64::try_from(row.ended).unwrap_or(0),
        }
    }
}

/// What of a film decides how large its result gets.
pub(crate) fn subject(probed: &Probed, bytes: u64) -> Subject {
    let video = &probed.parts.video;
    let made = probed.parts.order.made();
    let sounds = probed.parts.info.of_kind(media::stream::StreamKind::Audio);
    Subject {
        bytes,
        codec: video.codec.clone(),
        seconds: probed.parts.info.duration_us.unwrap_or(0).max(0) as f64 / 1e6,
        width: made.width,
        height: made.height,
        fps: made
            .frame_rate
            .map_or(25.0, |r| f64::from(r.num()) / f64::from(r.den())),
        ten_bit: probed.parts.order.pixel_format().depth() == 10,
        sounds: u32::try_from(sounds.count()).unwrap_or(u32::MAX),
        cost: None,
    }
}

/// Makes a picture.
async fn make(ffmpeg: &Path, frame: &Frame, order: Option<&Probed>) -> Result<Still, Trouble> {
    let film = look(ffmpeg, &frame.path).await?;
    let graph = order.map(|probed| {
        let start = frame.exact.then_some(frame.at_us + film.shift_us);
        let parts = &probed.parts;
        let turned = parts.video.rotation.unwrap_or(0);
        format!("{}{}", parts.order.preview(start), upright(turned))
    });
    let place = Place {
        at_us: frame.at_us + film.shift_us,
        exact: frame.exact,
        height: frame.height,
        run_up_us: film.run_up_us(frame.exact),
    };
    let made = still::filtered(ffmpeg, &film.source, place, graph.as_deref()).await;
    let made = made.map_err(|e| Trouble::new(Kind::Other, e.to_string()))?;
    let path = frame.path.display();
    let none = format!("There is no picture at that place of {path}.");
    let still = made.ok_or_else(|| Trouble::new(Kind::Unreadable, none))?;
    Ok(Still {
        at_us: still.at_us - film.shift_us,
        next_us: still.next_us.map(|us| us - film.shift_us),
        ..still
    })
}

/// What a player does with a picture that its container says is turned: ffmpeg's degrees count against the clock.
fn upright(degrees: i32) -> &'static str {
    match degrees.rem_euclid(360) {
        90 => ",transpose=cclock",
        180 => ",hflip,vflip",
        270 => ",transpose=clock",
        _ => "",
    }
}

/// A film to take pictures of.
struct Seen {
    source: Source,
    /// What its times are ahead of the result's by, microseconds.
    shift_us: i64,
    /// A stream, which has no index: ffmpeg may land behind the key frame that is wanted.
    stream: bool,
}

impl Seen {
    /// See [`Place::run_up_us`]. The very frame needs the key frame before it: more than most groups of pictures
    /// are long. Where that is too little, the picture is a later one and says so by its time.
    fn run_up_us(&self, exact: bool) -> i64 {
        match (self.stream, exact) {
            (false, _) => 0,
            (true, true) => 12_000_000,
            (true, false) => 2_000_000,
        }
    }
}

async fn look(ffmpeg: &Path, path: &Path) -> Result<Seen, Trouble> {
    let unreadable = || {
        let text = format!("{} cannot be looked at any more.", path.display());
        Trouble::new(Kind::Unreadable, text).help("Was it moved or deleted?")
    };
    let info = source::describe(ffmpeg, path)
        .await
        .map_err(|_| unreadable())?;
    let film = info.film().ok_or_else(unreadable)?;
    let source = Source {
        path: path.to_owned(),
        stream: film.index,
        genpts: info.is_format("avi"),
    };
    let stream = probe::is_stream(&info);
    Ok(Seen {
        source,
        shift_us: if stream {
            whole_ms(info.start_us.unwrap_or(0))
        } else {
            0
        },
        stream,
    })
}

fn helps(peer: &PeerStatus) -> bool {
    let there = matches!(peer.state, PeerState::Ready | PeerState::Working(_));
    peer.i_may_use && there
}

/// How fast a computer makes what is wanted; `None` where it cannot.
fn helper(peer: &PeerStatus, choice: &Choice) -> Option<Helper> {
    let codec: Codec = choice.codec();
    let same = choice.encoders == Encoders::Same;
    let fits = |e: &&EncoderStatus| {
        e.encoder.codec() == codec && (!same || e.encoder.family() == Family::Software)
    };
    let able = peer.encoders.iter().filter(fits);
    able.map(|e| e.fps_1080p).max_by(f64::total_cmp).map(Helper)
}

pub(crate) fn unstored(error: &store::StoreError) -> Trouble {
    let text = format!("The data folder cannot be read or written: {error}.");
    Trouble::new(Kind::BadDataFolder, text)
}
