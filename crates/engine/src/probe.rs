//! A source becomes what is in it, and where it may be cut.

use std::path::Path;
use std::sync::Arc;

use ffmpeg::child::RunError;
use ffmpeg::index::{self, Found, Listed};
use ffmpeg::source::{self, ProbeError, Source};
use media::choice::Choice;
use media::encoder::Codec;
use media::gop::{Anomaly, Gaps};
use media::parse::frame::FrameInfo;
use media::spec::{PixelFormat, Scan};
use media::stream::{SourceInfo, Stream, StreamKind, VideoStream};
use media::{Index, Timebase};
use plan::keep::{Muxer, Remark};
use plan::{carry, keep, order};
use tokio::sync::{mpsc, oneshot};

use crate::film::{Film, FilmParts};
use crate::intake::{self, Dropped};
use crate::jobs::unread;
use crate::trouble::{Kind, Trouble};

/// The facts of a file that can be encoded, and what there is to say about it.
#[derive(Clone, Debug)]
pub(crate) struct Probed {
    /// Everything but the index.
    pub parts: FilmParts,
    /// What would be lost; not empty needs agreement.
    pub losses: Vec<String>,
}

async fn is_encrypted(path: &Path) -> bool {
    let path = path.to_owned();
    let looking = tokio::task::spawn_blocking(move || intake::is_encrypted_mp4(&path));
    looking.await.unwrap_or(false)
}

/// Looks into a dropped file.
///
/// # Errors
/// Why it cannot be encoded, in a sentence.
pub(crate) async fn probe(
    ffmpeg: &Path,
    muxer: Muxer,
    dropped: &Dropped,
    choice: &Choice,
) -> Result<Probed, Trouble> {
    let name = dropped.path.display().to_string();
    let info = source::describe(ffmpeg, &dropped.path)
        .await
        .map_err(|e| unreadable(&name, e))?;
    let film = film_of(&info, &name)?;
    if info.is_format("mp4") && is_encrypted(&dropped.path).await {
        return Err(encrypted(&name));
    }
    let source = Source {
        path: dropped.path.clone(),
        stream: film.index,
        genpts: info.is_format("avi"),
    };
    let frame = see(ffmpeg, &source, &info, choice)
        .await
        .map_err(|e| unreadable(&name, e))?;
    let packed = frame.packed && info.is_format("avi");
    let mut video = video_stream(film, &frame);
    let freight = carry::freight(&info, film.index, choice, muxer);
    let (mut losses, mut notes) = (Vec::new(), Vec::new());
    for remark in keep::remarks(&info, &video, choice, &freight, muxer) {
        match remark {
            Remark::Loss(text) => losses.push(text),
            Remark::Note(text) => notes.push(text),
        }
    }
    if choice.codec() == Codec::H264 && !muxer.hdr10_in_h264() {
        // Said above as a loss: nothing is ordered that would not arrive.
        video.hdr10 = None;
    }
    let order = order::Order::new(&video, choice).map_err(|e| refused(&name, &e))?;
    let start_us = if is_stream(&info) {
        info.start_us.unwrap_or(0)
    } else {
        0
    };
    let parts = FilmParts {
        path: dropped.path.clone(),
        bytes: dropped.bytes,
        modified_ms: dropped.modified_ms,
        source,
        normalised: false,
        packed,
        counted: false,
        damaged: false,
        start_us: whole_ms(start_us),
        info,
        video,
        choice: choice.clone(),
        order,
        freight,
        notes,
        agreed: false,
    };
    Ok(Probed { parts, losses })
}

/// Its first frame, and whether it is interlaced anywhere where that is to be mended.
async fn see(
    ffmpeg: &Path,
    source: &Source,
    info: &SourceInfo,
    choice: &Choice,
) -> Result<FrameInfo, ProbeError> {
    let mut frame = source::first_frame(ffmpeg, source).await?;
    let interlaced = frame.scan.is_some_and(|scan| scan != Scan::Progressive);
    if choice.filters.deinterlace && !interlaced {
        let film = (info.start_us.unwrap_or(0), info.duration_us);
        frame.scan = source::interlaced_later(ffmpeg, source, film).await;
    }
    Ok(frame)
}

/// Transport and program streams start anywhere; their start is removed.
pub(crate) fn is_stream(info: &SourceInfo) -> bool {
    info.is_format("mpegts") || info.is_format("mpeg")
}

/// Rounded down to milliseconds, which every container can hold.
pub(crate) fn whole_ms(us: i64) -> i64 {
    us.div_euclid(1000) * 1000
}

fn film_of<'a>(info: &'a SourceInfo, name: &str) -> Result<&'a Stream, Trouble> {
    if let Some(film) = info.film() {
        return Ok(film);
    }
    let heard = info.of_kind(StreamKind::Audio).next().is_some();
    Err(if heard {
        Trouble::new(
            Kind::NoVideoTrack,
            format!("{name} has sound but no picture."),
        )
        .help("Manyhands encodes video; use an audio converter for this one.")
    } else {
        Trouble::new(Kind::NotAVideo, format!("{name} holds no video."))
    })
}

fn video_stream(film: &Stream, frame: &FrameInfo) -> VideoStream {
    VideoStream {
        index: film.index,
        codec: film.codec.clone(),
        timebase: Timebase::MICROSECONDS,
        width: frame.width,
        height: frame.height,
        pixel_format: PixelFormat::from_name(&frame.pixel_name),
        pixel_name: frame.pixel_name.clone(),
        sar: frame.sar,
        scan: frame.scan.unwrap_or(Scan::Progressive),
        color: frame.color,
        hdr10: frame.hdr10,
        dynamic: frame.dynamic.clone(),
        frame_rate: frame.frame_rate,
        rotation: rotation(film),
    }
}

/// The degrees in `displaymatrix: rotation of -90.00 degrees`.
fn rotation(film: &Stream) -> Option<i32> {
    let line = film
        .side_data
        .iter()
        .find(|s| s.to_ascii_lowercase().contains("matrix"))?;
    let number = line.split_once("rotation of ")?.1.split(' ').next()?;
    number.split('.').next()?.parse().ok()
}

/// ffmpeg's reasons in the user's words.
fn unreadable(name: &str, error: ProbeError) -> Trouble {
    let said = match error {
        ProbeError::NotOpened(said) | ProbeError::NoPicture(said) => said,
        ProbeError::Run(error @ (RunError::NotStarted { .. } | RunError::Pipe(_))) => {
            return Trouble::new(Kind::NoFfmpeg, error.to_string()).help("Run `manyhands doctor`.");
        }
        // It runs, and comes to nothing with this film alone.
        ProbeError::Run(error) => {
            return Trouble::new(Kind::Damaged, format!("{name} cannot be decoded: {error}."))
                .help("Try to play it; if it does not play, copy it again.");
        }
    };
    let lower = said.to_ascii_lowercase();
    if lower.contains("moov atom not found") || lower.contains("end of file") {
        Trouble::new(
            Kind::Damaged,
            format!("{name} is damaged: it is cut off, and its table of contents is missing."),
        )
        .help("Copy or download it again; the copy is not complete.")
    } else if lower.contains("encrypt") || lower.contains("decrypt") {
        encrypted(name)
    } else if lower.contains("permission denied") {
        Trouble::new(Kind::Unreadable, format!("{name} may not be read by you."))
            .help("Change its permissions.")
    } else if lower.contains("invalid data")
        || lower.contains("protocol not on whitelist")
        || lower.contains("unknown format")
    {
        Trouble::new(
            Kind::NotAVideo,
            format!("{name} is not a video, or is damaged beyond recognition."),
        )
        .help("Try to play it; if it does not play, copy it again.")
    } else {
        Trouble::new(Kind::Damaged, format!("{name} cannot be decoded: {said}"))
    }
}

fn encrypted(name: &str) -> Trouble {
    Trouble::new(Kind::Encrypted, format!("{name} is encrypted."))
        .help("Only films without copy protection can be encoded.")
}

fn refused(name: &str, error: &order::OrderError) -> Trouble {
    let kind = match error {
        order::OrderError::Quality(..) | order::OrderError::Filter(_) => Kind::BadRequest,
        order::OrderError::Codec(_)
        | order::OrderError::Size(..)
        | order::OrderError::PixelFormat(_) => Kind::NotAVideo,
    };
    let text = match error {
        order::OrderError::Quality(..) => format!("That quality number cannot be used: {error}."),
        order::OrderError::Filter(_) => format!("{name} cannot be changed like that: {error}."),
        _ => format!("{name} cannot be encoded: {error}."),
    };
    let help = match error {
        order::OrderError::Quality(..) => "Leave it out for the purpose's own number.",
        order::OrderError::Filter(_) => "Change what is wanted of the picture, or leave it out.",
        _ => "Convert it with another program first, or leave it out.",
    };
    Trouble::new(kind, text).help(help)
}

/// What the index task tells while it reads.
#[derive(Debug)]
pub(crate) enum Indexing {
    /// More is known.
    More,
    /// All is known; see [`crate::ending`] for whether that is all there is.
    Finished,
    /// This stream cannot be cut as it is.
    Anomaly(Anomaly),
    /// ffmpeg stopped reading.
    Failed(String),
}

impl Probed {
    /// The user has agreed to the losses: they are said once more, in the notes.
    pub fn agree(mut self) -> Self {
        self.parts.agreed = !self.losses.is_empty();
        self.parts
            .notes
            .extend(self.losses.drain(..).map(|loss| format!("Agreed: {loss}")));
        self
    }
}

/// The film with its index to the end, or to what is broken in its timestamps.
///
/// # Errors
/// Where it cannot be read.
pub(crate) async fn index_whole(
    ffmpeg: &Path,
    parts: FilmParts,
) -> Result<(Arc<Film>, Option<Anomaly>), Trouble> {
    let (said, mut heard) = mpsc::unbounded_channel();
    // Nobody listens any more once this has come to an end.
    let tell = move |what| drop(said.send(what));
    let (film, go) = index(ffmpeg, parts, tell).await?;
    // The task that fills it is waiting for this.
    let _ = go.send(());
    loop {
        match heard.recv().await {
            Some(Indexing::More) => {}
            Some(Indexing::Finished) => return Ok((film, None)),
            Some(Indexing::Anomaly(anomaly)) => return Ok((film, Some(anomaly))),
            Some(Indexing::Failed(why)) => return Err(unread(&film, &why)),
            None => return Err(unread(&film, "its packets were not read to the end")),
        }
    }
}

/// Starts listing the film's packets, waits for its timebase, and gives the film with an index
/// that a task goes on filling once it is told to go; `tell` hears of its growth.
///
/// # Errors
/// Where not even a timebase came.
pub(crate) async fn index(
    ffmpeg: &Path,
    mut parts: FilmParts,
    tell: impl Fn(Indexing) + Send + 'static,
) -> Result<(Arc<Film>, oneshot::Sender<()>), Trouble> {
    let (sender, mut found) = mpsc::channel(64);
    let (program, source) = (ffmpeg.to_owned(), parts.source.clone());
    let listing = tokio::spawn(async move { index::list(&program, &source, sender).await });
    let name = parts.path.display().to_string();
    let Some(Found::Timebase(timebase)) = found.recv().await else {
        let said = listing
            .await
            .ok()
            .and_then(Result::err)
            .map_or_else(String::new, |e| e.to_string());
        return Err(Trouble::new(
            Kind::Damaged,
            format!("{name} cannot be read: {said}"),
        ));
    };
    parts.video.timebase = timebase;
    parts.order = order::Order::new(&parts.video, &parts.choice).map_err(|e| refused(&name, &e))?;
    let gaps = if is_stream(&parts.info) && !parts.normalised {
        Gaps::Broken
    } else {
        Gaps::Legal
    };
    let twins = matches!(parts.video.codec.as_str(), "vp8" | "vp9");
    let index = Index::new(timebase, gaps);
    let index = if twins {
        index.with_hidden_twins()
    } else {
        index
    };
    let film = Film::new(parts, index);
    let filled = Arc::clone(&film);
    let (go, told_to_go) = oneshot::channel::<()>();
    tokio::spawn(async move {
        if told_to_go.await.is_err() {
            return;
        }
        if filled.packed && !filled.normalised {
            return tell(Indexing::Anomaly(media::gop::Anomaly::Packed));
        }
        while let Some(event) = found.recv().await {
            let Found::Packets(batch) = event else {
                continue;
            };
            let grown = {
                let mut index = filled.index();
                batch.into_iter().try_for_each(|packet| index.push(packet))
            };
            match grown {
                Ok(()) => tell(Indexing::More),
                Err(anomaly) => return tell(Indexing::Anomaly(anomaly)),
            }
        }
        match listing.await {
            Ok(Ok(listed)) => {
                finish(&filled, listed);
                tell(Indexing::Finished);
            }
            Ok(Err(error)) => tell(Indexing::Failed(error.to_string())),
            Err(_) => tell(Indexing::Failed("the index task died".to_owned())),
        }
    });
    Ok((film, go))
}

/// The listing of a film's packets has ended, and with that its index.
fn finish(film: &Film, listed: Listed) {
    film.add_listed(Listed {
        damaged: listed.damaged || film.damaged,
        ..listed
    });
    film.index().finish();
}

/// The picture in words: `1920×1080, 23.976 fps, HDR10`.
pub(crate) fn picture_words(video: &VideoStream) -> String {
    let mut words = vec![format!("{}×{}", video.width, video.height)];
    if let Some(rate) = video.frame_rate {
        let text = format!("{:.3}", f64::from(rate.num()) / f64::from(rate.den()));
        words.push(format!(
            "{} fps",
            text.trim_end_matches('0').trim_end_matches('.')
        ));
    }
    words.push(video.codec.clone());
    if video.hdr10.is_some() {
        words.push("HDR10".to_owned());
    } else if video.color.is_hdr() {
        words.push("HDR".to_owned());
    }
    if video.scan != Scan::Progressive {
        words.push("interlaced".to_owned());
    }
    words.join(", ")
}

/// The other streams in words: `2 × sound, 3 × subtitles, chapters`.
pub(crate) fn others_words(info: &SourceInfo) -> String {
    let mut words = Vec::new();
    let kinds = [
        (StreamKind::Audio, "sound"),
        (StreamKind::Subtitle, "subtitles"),
        (StreamKind::Attachment, "attachments"),
    ];
    for (kind, name) in kinds {
        match info.of_kind(kind).count() {
            0 => {}
            1 => words.push(name.to_owned()),
            n => words.push(format!("{n} × {name}")),
        }
    }
    if info.chapters > 0 {
        words.push("chapters".to_owned());
    }
    words.join(", ")
}
