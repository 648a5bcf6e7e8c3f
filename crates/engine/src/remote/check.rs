//! A result of another computer beside the film that it is to be of: looked at as if its maker lied, then put in its place
//! by the code that places what is made here.
//!
//! What is found here alone counts: the film's own index, a decode of the whole result, its pictures beside the film's at
//! both ends and at random places, and all that travels with them.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ffmpeg::carry::{self, FilmPacket};
use ffmpeg::child::RunError;
use ffmpeg::digest::DigestError;
use ffmpeg::picture::{self, Grey, Of, View};
use ffmpeg::source::{self, ProbeError, Source};
use media::choice::{Choice, Container};
use media::encoder::Codec;
use media::spec::{Around, PixelFormat};
use media::stream::{SourceInfo, Stream, StreamKind};
use media::{Pts, Span, Timebase};
use plan::cut::Segment;
use plan::expect::{self, Times};
use plan::lens;
use tokio_util::sync::CancellationToken;

use super::{NotSame, words};
use crate::combine::{self, Begun, Combine, CombineError};
use crate::companion::{self, Companion};
use crate::driver::Mail;
use crate::film::{Film, FilmParts};
use crate::intake::Dropped;
use crate::lease::Bench;
use crate::merge::{MergeError, Parts};
use crate::node::Node;
use crate::probe;
use crate::prove::{self, FileProof};
use crate::receipt::MadeBy;
use crate::status::{Outcome, Place, Terms};
use crate::trouble::{Kind, Trouble};
use crate::verify::{self, Unfit};
use crate::{compare, output, placed, remote, repair, replace};

/// Frames compared at each place.
const WINDOW: usize = 4;
/// Places that are looked at beside both ends.
const PLACES: usize = 6;
/// What the pictures of all places take on the disk at most, bytes.
const LOOKED_AT: u64 = 8 << 20;
/// So long before a place a result is read, microseconds: a demuxer that seeks by decoding times would else begin at a key
/// behind it. What comes too early is cut off by its times.
const EARLY_US: i64 = 2_000_000;

/// A result that is here, and what it is to be.
#[derive(Debug)]
pub(crate) struct Work {
    pub job: schedule::JobId,
    /// The job's row.
    pub row: i64,
    pub source: Dropped,
    pub choice: Choice,
    pub terms: Terms,
    /// The result.
    pub returned: PathBuf,
    /// The job's folder.
    pub scratch: PathBuf,
    /// Who made it: id and name.
    pub maker: (String, String),
    /// Frames in it, as that says.
    pub frames: u64,
    /// What came.
    pub digest: Option<peer::Digest>,
    /// This node's short id.
    pub node: String,
    /// When the job was handed in, in ms since 1970.
    pub created_ms: i64,
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Checked {
    /// It is in its place.
    Placed(Outcome),
    /// It is not what was ordered.
    Refused(Trouble),
    /// It could not be looked at or put in its place, for a reason of this computer's.
    NotPlaced(Trouble),
}

/// Why not.
#[derive(Debug)]
enum Fault {
    /// The result's.
    Bad(String),
    /// This computer's, or the film's.
    Here(Trouble),
}

impl Fault {
    fn bad(why: impl ToString) -> Self {
        Self::Bad(why.to_string())
    }

    /// Of reading the result: it is to blame, unless the reason says nothing of it.
    fn read(why: impl ToString, of_the_system: bool) -> Self {
        let why = why.to_string();
        if of_the_system {
            return Self::Here(not_looked_at(&format!("the result: {why}")));
        }
        Self::Bad(why)
    }

    fn run(error: RunError) -> Self {
        let of_the_system = error.is_of_the_system();
        Self::read(error, of_the_system)
    }

    fn probe(error: ProbeError) -> Self {
        let of_the_system = error.is_of_the_system();
        Self::read(error, of_the_system)
    }

    fn digest(error: DigestError) -> Self {
        let of_the_system = error.is_of_the_system();
        Self::read(error, of_the_system)
    }

    /// Of reading the film.
    fn film(why: impl ToString) -> Self {
        let why = why.to_string();
        Self::Here(not_looked_at(&format!("the film: {why}")))
    }

    fn merge(error: MergeError) -> Self {
        match error {
            MergeError::Failed(why) | MergeError::Redo { reason: why, .. } => {
                // The sentences are about a file that was joined here.
                Self::Bad(why.replace("the joined file", "it"))
            }
            MergeError::NotSeen(why) => Self::Here(not_looked_at(&why)),
            MergeError::NotWorthwhile(bytes) => Self::Bad(format!("it has {bytes} bytes")),
        }
    }
}

/// This computer could not compare the two.
fn not_looked_at(why: &str) -> Trouble {
    let why = why.trim_end_matches('.');
    let text = format!(
        "The result could not be compared with the film, for a reason of this computer's ({why})."
    );
    Trouble::new(Kind::Unreadable, text).help(
        "See that the film can be read and that there is room on the disks, and try again: the result is kept.",
    )
}

/// Looks at a result and puts it in its place; `None` where that was called off.
pub(crate) async fn check_and_place(
    node: &Node,
    work: Work,
    cancel: CancellationToken,
) -> Option<Checked> {
    if let Some(outcome) = placed::before(&node.0.store, work.job).await {
        // By an earlier run that was cut off before it could say so.
        return Some(Checked::Placed(outcome));
    }
    match replaced(node, &work).await {
        Ok(None) => {}
        Ok(Some(outcome)) => return Some(Checked::Placed(outcome)),
        Err(trouble) => return Some(Checked::NotPlaced(trouble)),
    }
    if is_lost(node, &work) {
        return Some(Checked::Refused(words::lost(&work.maker.1)));
    }
    let looking = look_and_place(node, &work, &cancel);
    match looking.await {
        Ok(outcome) => outcome.map(Checked::Placed),
        // Another one would save no more.
        Err(Fault::Here(trouble)) if trouble.kind == Kind::NotWorthwhile => {
            Some(Checked::Refused(trouble))
        }
        Err(Fault::Here(trouble)) => Some(Checked::NotPlaced(trouble)),
        Err(Fault::Bad(why)) => {
            let blamed = cancel.run_until_cancelled(is_to_blame(node, &work)).await?;
            Some(match blamed {
                Ok(()) => Checked::Refused(refused(&work.maker.1, &why)),
                Err(trouble) => Checked::NotPlaced(trouble),
            })
        }
    }
}

/// What has come of a film that was half-way replaced when an earlier run was cut off: that is gone on with before the film
/// is looked at, as nothing of it may be at its name. `None` where it is to be replaced still.
async fn replaced(node: &Node, work: &Work) -> Result<Option<Outcome>, Trouble> {
    let Place::InPlace { .. } = work.terms.place else {
        return Ok(None);
    };
    let turn = node.0.ledger.turn().await;
    let (ledger, job) = (node.0.ledger.clone(), work.job);
    let looked = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        replace::before(&ledger, job)
    });
    let looked = looked.await;
    let before = looked.map_err(|e| Trouble::new(Kind::Other, e.to_string()))??;
    Ok(before.map(|(outcome, original)| {
        // A loop that has ended shows nothing any more.
        let _ = node.0.mail.send(Mail::Original(Box::new(original)));
        outcome
    }))
}

/// Whether the result is gone, and not only a disk with working files away.
fn is_lost(node: &Node, work: &Work) -> bool {
    let is_gone = |error: std::io::Error| error.kind() == std::io::ErrorKind::NotFound;
    work.returned.metadata().is_err_and(is_gone) && !node.0.workspace.lacks_a_place()
}

/// `None` where it was called off.
async fn look_and_place(
    node: &Node,
    work: &Work,
    cancel: &CancellationToken,
) -> Result<Option<Outcome>, Fault> {
    // Gone with this, whoever left it, unless it got its place.
    let (folder, aside) = aside(node, work).await?;
    let Some(checked) = cancel.run_until_cancelled(check(node, work)).await else {
        return Ok(None);
    };
    let (parts, proof) = checked?;
    place(node, work, (folder, aside), parts, proof, cancel).await
}

/// Where the result is to go, and the name that it has there until it is in its place. An earlier run may have left that.
/// Where the film is to be replaced it is not touched before the film is known to be itself: it may be half-way replaced.
async fn aside(node: &Node, work: &Work) -> Result<(PathBuf, output::Aside), Fault> {
    let same = unchanged(node, work).await;
    if let Place::InPlace { .. } = work.terms.place {
        same?;
        return its_aside(work);
    }
    let aside = its_aside(work);
    same.and(aside)
}

fn its_aside(work: &Work) -> Result<(PathBuf, output::Aside), Fault> {
    let found = crate::destination::find(&work.source.path, &work.choice, &work.terms);
    let folder = found.map_err(Fault::Here)?.folder;
    let ending = work.choice.container().name();
    let aside = output::Aside::new(&folder, &work.node, work.job.0, ending);
    Ok((folder, aside))
}

/// Whether the result is to blame for what was found: the film is what it was, what is looked at has room, and the result
/// is on the disk as it came.
///
/// # Errors
/// What else may be.
async fn is_to_blame(node: &Node, work: &Work) -> Result<(), Trouble> {
    if let Err(Fault::Here(trouble)) = unchanged(node, work).await {
        return Err(trouble);
    }
    let free = fs4::available_space(&work.scratch).unwrap_or(u64::MAX);
    if free < LOOKED_AT {
        return Err(not_looked_at("the disk of the working files is full"));
    }
    let found = verify::file_digest(&work.returned).await;
    let (digest, _) = found.map_err(|e| not_looked_at(&format!("the result: {e}")))?;
    let as_it_came = |came: peer::Digest| digest.parse().is_ok_and(|now: peer::Digest| now == came);
    if work.digest.is_none_or(as_it_came) {
        return Ok(());
    }
    Err(not_looked_at(
        "the result is not on the disk as it came, which may be failing",
    ))
}

fn refused(name: &str, why: &str) -> Trouble {
    let text = format!("What {name} sent back is not what was ordered: {why}.");
    Trouble::new(Kind::NotProved, text)
        .help("Nothing was put in place. Encode the film here; if that works, look after the other computer.")
}

async fn check(node: &Node, work: &Work) -> Result<(Parts, FileProof), Fault> {
    let bench = node.bench().map_err(Fault::Here)?;
    let (film, freight, contents) = know(node, bench, work).await?;
    let parts = Parts {
        film,
        pieces: Vec::new(),
        folder: work.scratch.clone(),
        freight,
        sound: None,
        covers: Vec::new(),
    };
    let file = &work.returned;
    let there = source::describe(&bench.ffmpeg, file).await;
    as_ordered(&parts, &there.map_err(Fault::probe)?)?;
    prove::picture_kept(bench, &parts, file)
        .await
        .map_err(Fault::merge)?;
    samples(bench, &parts.film, file).await?;
    let (timebase, times) = times(bench, &parts, work).await?;
    alike(bench, &parts.film, file, timebase, &times, &work.scratch).await?;
    let carried = prove::carried(bench, &parts, file, &contents);
    let carried = carried.await.map_err(Fault::merge)?;
    let proof = prove::whole(&parts.film, timebase, &times, carried).map_err(Fault::film)?;
    combine::sound_decodes(bench, file, &proof)
        .await
        .map_err(Fault::merge)?;
    unchanged(node, work).await?;
    Ok((parts, proof))
}

async fn unchanged(node: &Node, work: &Work) -> Result<(), Fault> {
    let same = remote::is_same(&node.0.store, work.row, &work.source).await;
    same.map_err(|why| match why {
        NotSame::Changed => Fault::Here(combine::changed(&work.source.path)),
        NotSame::Unread(why) => Fault::film(why),
    })
}

/// The film with its whole index, and what travels beside it.
async fn know(
    node: &Node,
    bench: &Bench,
    work: &Work,
) -> Result<(Arc<Film>, plan::carry::Freight, Vec<carry::Contents>), Fault> {
    let probed = node.probe(&work.source, &work.choice).await;
    let parts = probed.map_err(Fault::Here)?.agree().parts;
    let film = index(&bench.ffmpeg, parts, &work.scratch).await;
    let film = film.map_err(Fault::Here)?;
    let freight = companion::look(&bench.ffmpeg, &film).await;
    let (freight, _, contents) = freight.map_err(|why| {
        let text = format!(
            "What travels beside {} could not be read: {why}.",
            film.path.display()
        );
        Fault::Here(Trouble::new(Kind::Unreadable, text))
    })?;
    Ok((film, freight, contents))
}

/// The film with its whole index. Broken timestamps are repaired here as they were there.
async fn index(ffmpeg: &Path, parts: FilmParts, scratch: &Path) -> Result<Arc<Film>, Trouble> {
    let (film, anomaly) = probe::index_whole(ffmpeg, parts).await?;
    if anomaly.is_none() {
        return Ok(film);
    }
    let parts = repair::normalised_parts(ffmpeg, &film, scratch).await?;
    match probe::index_whole(ffmpeg, parts).await? {
        (film, None) => Ok(film),
        (film, Some(_)) => {
            let text = format!(
                "{} has timestamps that cannot be repaired.",
                film.path.display()
            );
            Err(Trouble::new(Kind::Damaged, text))
        }
    }
}

/// Container, codec and number of tracks.
fn as_ordered(parts: &Parts, there: &SourceInfo) -> Result<(), Fault> {
    let choice = &parts.film.choice;
    let (container, format) = match choice.container() {
        Container::Mkv => ("Matroska", "matroska"),
        Container::Mp4 => ("MP4", "mp4"),
    };
    if !there.is_format(format) {
        return Err(Fault::bad(format!("it is no {container} file")));
    }
    let tracks = parts.freight.carried.len() + 1;
    // MP4 keeps chapters in a track of their own.
    let counts = |stream: &&Stream| !matches!(stream.kind, StreamKind::Data | StreamKind::Unknown);
    let found = there.streams.iter().filter(counts).count();
    if found != tracks {
        return Err(Fault::bad(format!(
            "it has {found} tracks instead of {tracks}"
        )));
    }
    let codec = match choice.codec() {
        Codec::H264 => "h264",
        Codec::Hevc => "hevc",
        Codec::Av1 => "av1",
    };
    let film = there.film().filter(|film| film.index == 0);
    match film {
        Some(film) if film.codec == codec => Ok(()),
        Some(film) => Err(Fault::bad(format!(
            "its pictures are {}, {codec} was ordered",
            film.codec
        ))),
        None => Err(Fault::bad("its first track is not the film")),
    }
}

/// The form of the samples.
async fn samples(bench: &Bench, film: &Film, file: &Path) -> Result<(), Fault> {
    let frame = source::first_frame(&bench.ffmpeg, &whole(file)).await;
    let found = frame.map_err(Fault::probe)?.pixel_name;
    let ordered = film.order.pixel_format();
    if PixelFormat::from_name(&found) == Some(ordered) {
        return Ok(());
    }
    let ordered = ordered.name();
    Err(Fault::bad(format!(
        "its samples are {found}, {ordered} was ordered"
    )))
}

fn whole(file: &Path) -> Source {
    Source {
        path: file.to_owned(),
        stream: 0,
        genpts: false,
    }
}

/// Every frame of the film is there, at its time, and decodes: the times of the result's frames.
async fn times(bench: &Bench, parts: &Parts, work: &Work) -> Result<(Timebase, Vec<i64>), Fault> {
    let (film, file) = (&parts.film, &work.returned);
    let mut listed = Listed::of(shown(film).map_err(Fault::Here)?.len());
    let listing = carry::film_packets(&bench.ffmpeg, file, |packet| listed.take(&packet));
    listing.await.map_err(Fault::run)?;
    let (timebase, times) = listed.sorted()?;
    if !is_in_time(film, timebase, &times).map_err(Fault::Here)? {
        add_blank(bench, film).await?;
    }
    let expected = shown(film).map_err(Fault::Here)?;
    match expect::times(&expected, film.timebase(), &times, timebase, -film.start_us) {
        Times::Exact => {}
        Times::Count(found, wanted) => {
            return Err(Fault::bad(format!("it has {found} of {wanted} frames")));
        }
        Times::Elsewhere(at, found, wanted) => {
            let why = format!("its frame {at} is at tick {found} instead of {wanted}");
            return Err(Fault::bad(why));
        }
    }
    let decoded = ffmpeg::digest::film(&bench.ffmpeg, file).await;
    let decoded = decoded.map_err(Fault::digest)?;
    if decoded.frames as usize != times.len() {
        let (found, wanted) = (decoded.frames, times.len());
        return Err(Fault::bad(format!("{found} of its {wanted} frames decode")));
    }
    if work.frames != times.len() as u64 {
        return Err(Fault::bad("it has other frames than its maker said"));
    }
    Ok((timebase, times))
}

/// The times of a result's frames, as many as its film has: a result may be made of nothing but frames.
struct Listed {
    timebase: Timebase,
    times: Vec<i64>,
    /// How many there are.
    found: usize,
    /// How many its film has at most.
    most: usize,
}

impl Listed {
    fn of(most: usize) -> Self {
        Self {
            timebase: Timebase::MILLISECONDS,
            times: Vec::new(),
            found: 0,
            most,
        }
    }

    fn take(&mut self, packet: &FilmPacket) {
        match packet {
            FilmPacket::Timebase(timebase) => self.timebase = *timebase,
            FilmPacket::Packet(pts, _) => {
                self.found = self.found.saturating_add(1);
                if self.times.len() <= self.most {
                    self.times.push(*pts);
                }
            }
        }
    }

    fn sorted(mut self) -> Result<(Timebase, Vec<i64>), Fault> {
        let (found, most) = (self.found, self.most);
        if found > most {
            return Err(Fault::bad(format!("it has {found} of {most} frames")));
        }
        self.times.sort_unstable();
        Ok((self.timebase, self.times))
    }
}

fn shown(film: &Film) -> Result<Vec<i64>, Trouble> {
    film.all_shown().map_err(|anomaly| {
        let text = format!("{} has broken timestamps: {anomaly}.", film.path.display());
        Trouble::new(Kind::Damaged, text)
    })
}

fn is_in_time(film: &Film, timebase: Timebase, times: &[i64]) -> Result<bool, Trouble> {
    let expected = shown(film)?;
    let found = expect::times(&expected, film.timebase(), times, timebase, -film.start_us);
    Ok(found == Times::Exact)
}

/// Packets of the film that no decoder makes a picture of are not missing in the result: found by this computer's own
/// decode of all of it.
async fn add_blank(bench: &Bench, film: &Film) -> Result<(), Fault> {
    if film.order.filters().half_rate {
        // Which of the pictures are the second ones is counted by packets.
        return Ok(());
    }
    let expected = shown(film).map_err(Fault::Here)?;
    let Some(first) = expected.first() else {
        return Ok(());
    };
    let span = Span {
        start: Pts(*first),
        end: None,
    };
    let found = picture::times_of_source(&bench.ffmpeg, &film.source, film.timebase(), None, span);
    let found = found.await.map_err(Fault::film)?;
    if !found.is_empty() {
        let blank = expected
            .iter()
            .filter(|time| found.binary_search(time).is_err());
        film.add_blank(blank.copied());
    }
    Ok(())
}

/// The pictures of both ends and of some random places, beside the film's.
async fn alike(
    bench: &Bench,
    film: &Film,
    file: &Path,
    timebase: Timebase,
    times: &[i64],
    scratch: &Path,
) -> Result<(), Fault> {
    let expected = shown(film).map_err(Fault::Here)?;
    let windows = windows(expected.len(), |most| rand::random_range(0..most));
    let returned = whole(file);
    let theirs: Vec<View<'_>> = windows
        .iter()
        .filter_map(|w| theirs(film, &expected, w))
        .collect();
    if theirs.len() != windows.len() {
        return Err(Fault::film("its pictures cannot be found in its index"));
    }
    let ours: Vec<View<'_>> = windows
        .iter()
        .map(|w| ours(&returned, timebase, times, w))
        .collect();
    let scratch = scratch.join("pictures");
    let theirs = picture::look(&bench.ffmpeg, film.timebase(), &theirs, &scratch).await;
    let theirs: Vec<Vec<Grey>> = theirs.map_err(Fault::film)?;
    if let Some(at) = lacking(&windows, &theirs) {
        let tick = expected[windows[at].start];
        return Err(Fault::film(format!("no pictures at its tick {tick}")));
    }
    let ours = picture::look(&bench.ffmpeg, timebase, &ours, &scratch).await;
    let ours: Vec<Vec<Grey>> = ours.map_err(Fault::run)?;
    for ((window, theirs), ours) in windows.iter().zip(&theirs).zip(&ours) {
        let same = compare::alike(theirs, ours, expected[window.start], window.len());
        same.map_err(|unfit| match unfit {
            Unfit::Check(why) | Unfit::Bad(why) | Unfit::WrongFrames(why) => Fault::Bad(why),
            uncounted @ Unfit::Uncounted => Fault::Bad(uncounted.to_string()),
        })?;
    }
    Ok(())
}

/// Both ends, and random places between them; each of some frames, and none twice.
fn windows(frames: usize, mut random: impl FnMut(usize) -> usize) -> Vec<Range<usize>> {
    let last = frames.saturating_sub(WINDOW);
    let mut starts = vec![0, last];
    if last > 0 {
        starts.extend((0..PLACES).map(|_| random(last)));
    }
    starts.sort_unstable();
    starts.dedup();
    starts
        .into_iter()
        .map(|start| start..frames.min(start + WINDOW))
        .collect()
}

/// The first window of which not all pictures were seen.
fn lacking(windows: &[Range<usize>], seen: &[Vec<Grey>]) -> Option<usize> {
    let lacks = |(window, seen): (&Range<usize>, &Vec<Grey>)| seen.len() < window.len();
    windows.iter().zip(seen).position(lacks)
}

/// The film's pictures of a window, as its filters make them.
fn theirs<'a>(film: &'a Film, expected: &[i64], window: &Range<usize>) -> Option<View<'a>> {
    let span = Span {
        start: Pts(expected[window.start]),
        end: expected.get(window.end).copied().map(Pts),
    };
    let index = film.index();
    let from = index.cut_before(span.start.0)?;
    let seen = lens::of(film.order.filters(), &index, span);
    drop(index);
    let segment = Segment {
        index: u32::from(from.packet > 0),
        span,
        frames: u32::try_from(window.len()).ok()?,
        from,
        bytes: 0,
    };
    let spec = film.spec(&segment, film.choice.codec().software())?;
    let filters = spec.filters.touches_pictures().then(|| {
        // A place begins with a frame that is kept.
        let around = Around { seen, odd: false };
        media::argv::through(&spec, &spec.filters, around, span, 0)
    });
    Some(View {
        of: Of::Source(&film.source),
        seek_us: compare::near(film, &segment, span, seen, 0),
        span,
        filters,
        frame: picture::Frame::Small,
    })
}

/// The result's pictures of a window.
fn ours<'a>(
    returned: &'a Source,
    timebase: Timebase,
    times: &[i64],
    window: &Range<usize>,
) -> View<'a> {
    let span = Span {
        start: Pts(times[window.start]),
        end: times.get(window.end).copied().map(Pts),
    };
    let early = timebase.micros(span.start.0) - EARLY_US;
    View {
        of: Of::Source(returned),
        seek_us: Some(early).filter(|early| *early > 0),
        span,
        filters: None,
        frame: picture::Frame::Small,
    }
}

/// Puts a proved result in its place; `None` where that was called off.
async fn place(
    node: &Node,
    work: &Work,
    (folder, aside): (PathBuf, output::Aside),
    parts: Parts,
    proof: FileProof,
    cancel: &CancellationToken,
) -> Result<Option<Outcome>, Fault> {
    let (id, name) = work.maker.clone();
    let combine = Combine {
        job: work.job,
        parts,
        companion: Companion::default(),
        terms: work.terms.clone(),
        folder,
        receipts: node.0.workspace.receipts(),
        node: work.node.clone(),
        begun: Begun::HandedIn(work.created_ms),
        made_by: Some(MadeBy::of(id, name)),
        store: node.0.store.clone(),
        ledger: node.0.ledger.clone(),
        mail: node.0.mail.clone(),
    };
    let cancel = cancel.clone();
    match combine::place_returned(combine, aside, &work.returned, proof, cancel).await {
        Ok(placed) => Ok(placed),
        Err(CombineError::Failed(trouble)) => Err(Fault::Here(trouble)),
        Err(CombineError::Redo(_, why)) => Err(Fault::Bad(why)),
        Err(CombineError::Full) => Err(full("output folder")),
        Err(CombineError::Unnoted) => Err(full("data folder")),
    }
}

fn full(folder: &str) -> Fault {
    let text = format!("The disk of the {folder} is full.");
    let help = "Free some space, and try the job again: the result is kept.";
    Fault::Here(Trouble::new(Kind::NoSpace, text).help(help))
}

#[cfg(test)]
mod tests;
