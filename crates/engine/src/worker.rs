//! The other side of `send`: take a segment from a paired computer, encode it, prove it, give it back.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ffmpeg::child::Feed;
use ffmpeg::digest;
use ffmpeg::extract;
use ffmpeg::result::Returned;
use media::SegmentSpec;
use peer::{
    BlobId, DeclineReason, Digest, FailReason, FileSource, Message, Shared, TaskId, TaskReport,
    TransferError,
};
use tokio::io::AsyncWriteExt;
use tokio::sync::{AcquireError, mpsc};

use crate::driver::unix_ms;
use crate::lease::Bench;
use crate::shared::{Own, Supply};
use crate::tie::{KEPT, Standing, Ties};

/// How often the owner hears of progress.
const BEAT: Duration = Duration::from_millis(500);
/// More than this is taken from nobody, bytes.
const MOST_BYTES: u64 = 16 << 30;
/// Left free on the disk when a task is taken, bytes.
const LEFT_FREE: u64 = 512 << 20;
/// A task ends where less than this is left, whoever else fills the disk; bytes.
const LEAST_FREE: u64 = 256 << 20;
/// Pictures of this many pixels in all are taken from nobody: six hours of 1920×1080.
const MOST_WORK: u64 = 1 << 40;
/// A source that has not arrived by then is not waited for.
const ARRIVAL: Duration = Duration::from_secs(3600);
/// One that is not read here by then is sent: well before its owner gives the task up.
const READING: Duration = Duration::from_secs(300);
/// Frames beyond twice the ordered ones that a run may write before it is stopped. Not exact, because a film's index
/// may be a little wrong; the owner counts.
const FRAMES_MORE: u64 = 16;
/// A run may take so long, and so much longer for what was ordered of it: pixels a second that any computer manages.
const RUN: (Duration, u64) = (Duration::from_secs(600), 200_000);

/// What a paired computer asks for.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub task: TaskId,
    pub spec: SegmentSpec,
    pub source: BlobId,
    pub source_ceiling: u64,
    pub result: BlobId,
    pub result_ceiling: u64,
    pub supply: Supply,
}

/// What decides whether it is taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stand {
    /// Helping is on, and for this computer.
    pub donating: bool,
    /// Our own films come first.
    pub paused: bool,
    /// This encoder works here.
    pub able: bool,
    /// Segments this computer has here already.
    pub held: usize,
    /// Segments that may be here at once.
    pub room: usize,
    /// A task of this name is here.
    pub known: bool,
    /// Bytes that it will come to.
    pub promise: u64,
    /// Free bytes of the scratch disk.
    pub free: u64,
    /// The limit of the working files, if there is one, allows it.
    pub within_limit: bool,
}

/// Why `ask` is not taken; `None` where it is.
pub(crate) fn decline(ask: &Ask, stand: Stand) -> Option<DeclineReason> {
    let bytes = ask.source_ceiling.saturating_add(ask.result_ceiling);
    if !stand.donating {
        Some(DeclineReason::NotDonating)
    } else if !ask.spec.is_sound() || bytes > MOST_BYTES || is_too_much(&ask.spec) {
        Some(DeclineReason::TooLarge)
    } else if !stand.able {
        Some(DeclineReason::CannotEncode)
    } else if stand.paused {
        Some(DeclineReason::Paused)
    } else if stand.held >= stand.room || stand.known {
        Some(DeclineReason::Busy)
    } else if !stand.within_limit || stand.free < LEFT_FREE.saturating_add(stand.promise) {
        Some(DeclineReason::NoSpace)
    } else {
        None
    }
}

/// Whether the pictures are larger, or more, than are taken from anybody.
fn is_too_much(spec: &SegmentSpec) -> bool {
    spec.pixels() > u64::from(media::argv::MOST_PIXELS) || work(spec) > MOST_WORK
}

/// Pixels of all pictures together.
fn work(spec: &SegmentSpec) -> u64 {
    spec.pixels() * u64::from(spec.frames.get())
}

/// What was given to a peer by one task, for the log of good deeds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gift {
    pub frames: u64,
    /// Bytes of the source.
    pub received: u64,
    /// Bytes of the result.
    pub sent: u64,
    pub ms: u64,
    /// When it was taken on, Unix milliseconds.
    pub began: i64,
    /// What it has in common with other segments of its film.
    pub film: [u8; 32],
}

/// A digest of an order without what is only this segment's.
fn film(spec: &SegmentSpec) -> [u8; 32] {
    let mut common = serde_json::to_value(spec).unwrap_or_default();
    if let Some(fields) = common.as_object_mut() {
        fields.remove("span");
        fields.remove("frames");
        fields.remove("around");
    }
    blake3::hash(common.to_string().as_bytes()).into()
}

/// Does what `ask` says, and waits with the result for its owner. The scratch folder is gone when it returns, however
/// it ends.
pub(crate) async fn run(
    bench: Bench,
    folder: PathBuf,
    ask: Ask,
    ties: Ties,
    standing: Standing,
    mut words: mpsc::Receiver<Message>,
) -> Option<Gift> {
    let scratch = Scratch::new(folder).ok()?;
    let (task, began) = (ask.task, unix_ms());
    ties.say(Message::Accepted { task }).await;
    let outcome = tokio::select! {
        made = make(&bench, &scratch.0, &ties, &ask, &standing) => made,
        why = bench.guidance.gives_back() => Err((FailReason::Stopped, why.to_string())),
        () = cancelled(&mut words) => return None,
        () = ties.abandoned(&standing) => return None,
    };
    let (report, received) = match outcome {
        Ok(made) => made,
        Err((reason, detail)) => {
            let detail: String = detail.chars().take(500).collect();
            let detail = detail.as_str().into();
            ties.say(Message::Failed {
                task,
                reason,
                detail,
            })
            .await;
            return None;
        }
    };
    let gift = Gift {
        frames: report.frames,
        received,
        sent: report.bytes,
        ms: report.encode_ms,
        began,
        film: film(&ask.spec),
    };
    let result = Arc::new(FileSource(scratch.0.join("result.mp4")));
    let mut delivered = false;
    let collected = tokio::select! {
        () = give(&ask, &report, ties.clone(), result, &mut delivered) => false,
        collected = collected(&mut words) => collected,
        () = ties.abandoned(&standing) => false,
    };
    (delivered || collected).then_some(gift)
}

/// Gives the result to its owner, again on each new connection; returns when there is no use in it.
async fn give(
    ask: &Ask,
    report: &TaskReport,
    mut ties: Ties,
    result: Arc<FileSource>,
    delivered: &mut bool,
) {
    loop {
        let tie = ties.tied().await;
        let (task, report) = (ask.task, report.clone());
        let said = tie.link.send(Message::Finished { task, report }).await;
        if said.is_err() {
            continue;
        }
        let pushing = tie
            .link
            .push(tie.result, ask.result_ceiling, result.clone());
        match ties.while_tied(pushing).await {
            Some(Ok(_)) => {
                *delivered = true;
                // The owner may still find its copy broken: ours stays until it says otherwise.
                let kept = ties.while_tied(tie.link.ended());
                if tokio::time::timeout(KEPT, kept).await.is_err() {
                    return;
                }
            }
            Some(Err(TransferError::LinkClosed)) | None => {}
            Some(Err(_)) => return,
        }
    }
}

async fn cancelled(words: &mut mpsc::Receiver<Message>) {
    while let Some(word) = words.recv().await {
        if matches!(word, Message::Cancel { .. }) {
            return;
        }
    }
}

/// Waits for the owner's last word: whether it has the result.
async fn collected(words: &mut mpsc::Receiver<Message>) -> bool {
    while let Some(word) = words.recv().await {
        match word {
            Message::Collected { .. } => return true,
            Message::Cancel { .. } => return false,
            _ => {}
        }
    }
    false
}

type Refused = (FailReason, String);

/// The report of the result, and the bytes that came for it.
async fn make(
    bench: &Bench,
    scratch: &Path,
    ties: &Ties,
    ask: &Ask,
    standing: &Standing,
) -> Result<(TaskReport, u64), Refused> {
    let received = take_source(bench, scratch, ties.clone(), ask, standing).await?;
    standing.set_sourced();
    let report = tokio::select! {
        report = encode(bench, scratch, ties, ask, standing) => report?,
        // It never returns.
        () = ties.greet_again(ask.task, standing) => return Err((FailReason::Other, String::new())),
    };
    Ok((report, received))
}

async fn encode(
    bench: &Bench,
    scratch: &Path,
    ties: &Ties,
    ask: &Ask,
    standing: &Standing,
) -> Result<TaskReport, Refused> {
    let source = &scratch.join("source.nut");
    let other = |e: io::Error| (FailReason::Other, e.to_string());
    let stopped = |e: AcquireError| (FailReason::Stopped, e.to_string());
    // What may be given to others first, then a place among all that is encoded here.
    let given = bench.given.acquire().await.map_err(stopped)?;
    let seat = bench.seats.acquire().await.map_err(stopped)?;
    let begun = Instant::now();
    let result = scratch.join("result.mp4");
    let feed = Feed::File(File::open(source).map_err(other)?);
    let file = File::create(&result).map_err(other)?;
    let most = ask.result_ceiling;
    let hold = Some(bench.guidance.hold());
    let allowance = bench.allowance;
    let encoding = ffmpeg::encode::held(
        &bench.ffmpeg,
        &ask.spec,
        allowance,
        feed,
        file,
        most,
        hold.clone(),
    )
    .map_err(|e| (FailReason::Encode, e.to_string()))?;
    let frames = encoding.frames();
    tokio::select! {
        said = encoding.finish() => said.map_err(|e| {
            let large = e.is_too_large();
            (if large { FailReason::TooLarge } else { FailReason::Encode }, e.to_string())
        })?,
        beyond = watch(bench, ties, ask, scratch, frames, standing) => return Err(beyond),
    };
    drop((seat, given));
    let encode_ms = millis(begun);
    let begun = Instant::now();
    let returned = Returned {
        file: &result,
        spec: &ask.spec,
    };
    let decoded = digest::held(&bench.ffmpeg, returned, allowance.cores, hold)
        .await
        .map_err(|e| (FailReason::SelfCheck, e.to_string()))?;
    let (hash, bytes) = crate::verify::file_digest(&result).await.map_err(other)?;
    if bytes > ask.result_ceiling {
        return Err((FailReason::TooLarge, format!("{bytes} bytes")));
    }
    let parse = |text: &str| {
        text.parse::<Digest>()
            .map_err(|e| (FailReason::Other, e.to_string()))
    };
    Ok(TaskReport {
        bytes,
        digest: parse(&hash)?,
        frames: u64::from(decoded.frames),
        decoded_frames: u64::from(decoded.frames),
        decoded_digest: parse(&decoded.hash)?,
        encode_ms,
        decode_ms: millis(begun),
        encoder_version: ask.spec.encoder.name().into(),
        ffmpeg: bench.version.as_str().into(),
    })
}

/// The segment's packets into the task's folder, as long as there is time and room for them. After a break it goes on
/// from what is there. How many bytes came for it.
async fn take_source(
    bench: &Bench,
    scratch: &Path,
    ties: Ties,
    ask: &Ask,
    standing: &Standing,
) -> Result<u64, Refused> {
    let source = scratch.join("source.nut");
    let taking = supplied(bench, ties, ask, standing, &source);
    let taken = tokio::select! {
        taken = tokio::time::timeout(ARRIVAL, taking) => taken,
        full = no_room(scratch) => return Err(full),
    };
    let late = format!("it did not arrive in {} s", ARRIVAL.as_secs());
    let lost = |why: String| (FailReason::SourceLost, why);
    let taken = taken.map_err(|_| lost(late))?;
    taken.map_err(|e| lost(e.to_string()))
}

/// Reads the source here where that can be done, and has it sent otherwise.
async fn supplied(
    bench: &Bench,
    mut ties: Ties,
    ask: &Ask,
    standing: &Standing,
    source: &Path,
) -> Result<u64, TransferError> {
    let task = ask.task;
    let mut given_up = false;
    loop {
        let tie = ties.tied().await;
        let own = match &tie.supply {
            Supply::Here(own) if !given_up => Some(own),
            Supply::Here(_) | Supply::Lost | Supply::Sent => None,
        };
        if let Some(own) = own {
            let reading = read_here(bench, own, source, ask.source_ceiling, standing);
            let reading = in_time(reading);
            match ties.while_tied(reading).await {
                Some(Ok(())) => {
                    ties.say(Message::Shared(Shared::Read { task })).await;
                    return Ok(0);
                }
                Some(Err(why)) => {
                    tracing::info!(%task, why, "a film is not read here");
                    given_up = true;
                    // What was read is no beginning of what will be sent.
                    let _ = std::fs::remove_file(source);
                }
                None => continue,
            }
        }
        if !matches!(tie.supply, Supply::Sent) {
            tie.link.tell(Message::Shared(Shared::Send { task }));
        }
        let pulling = tie.link.pull(tie.source, ask.source_ceiling, source);
        match ties.while_tied(pulling).await {
            Some(Err(TransferError::LinkClosed)) | None => {}
            Some(taken) => return taken.map(|received| received.bytes),
        }
    }
}

/// A drive whose computer is gone gives nothing, ever.
async fn in_time(reading: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    let read = tokio::time::timeout(READING, reading).await;
    read.unwrap_or_else(|_| Err(format!("it was not read in {} s", READING.as_secs())))
}

/// Reads a segment's packets out of this computer's own sight of the film; good if its owner reads the same.
async fn read_here(
    bench: &Bench,
    own: &Own,
    source: &Path,
    ceiling: u64,
    standing: &Standing,
) -> Result<(), String> {
    let say = |e: io::Error| e.to_string();
    own.check().await?;
    let mut file = tokio::fs::File::create(source).await.map_err(say)?;
    let read = extract::digest(&bench.ffmpeg, &own.source, own.reading, ceiling, &mut file).await?;
    file.flush().await.map_err(say)?;
    own.check().await?;
    if standing.vouched().await.0 == read {
        return Ok(());
    }
    Err("its owner reads something else".to_owned())
}

/// Tells the owner how far the run is, and returns when it goes beyond what was ordered, or the disk is full.
async fn watch(
    bench: &Bench,
    ties: &Ties,
    ask: &Ask,
    scratch: &Path,
    frames: tokio::sync::watch::Receiver<u32>,
    standing: &Standing,
) -> Refused {
    let most = 2 * u64::from(ask.spec.frames.get()) + FRAMES_MORE;
    let mut end = Instant::now() + RUN.0 + Duration::from_secs(work(&ask.spec) / RUN.1);
    let hold = bench.guidance.hold();
    loop {
        tokio::time::sleep(BEAT).await;
        if hold.is_on() {
            end += BEAT;
        }
        let frames = u64::from(*frames.borrow());
        if frames > most {
            let ordered = ask.spec.frames.get();
            let why = format!("{frames} frames and more, {ordered} were ordered");
            return (FailReason::TooLarge, why);
        }
        if Instant::now() > end {
            return (FailReason::Encode, "it took too long".to_owned());
        }
        if let Some(full) = is_full(scratch) {
            return full;
        }
        let task = ask.task;
        standing.set_frames(frames);
        ties.say(Message::Progress { task, frames }).await;
    }
}

/// Returns when the disk of `path` is nearly full.
async fn no_room(path: &Path) -> Refused {
    loop {
        tokio::time::sleep(BEAT).await;
        if let Some(full) = is_full(path) {
            return full;
        }
    }
}

fn is_full(path: &Path) -> Option<Refused> {
    let free = fs4::available_space(path).unwrap_or(u64::MAX);
    let why = || format!("{} MB are left on its disk", free >> 20);
    (free < LEAST_FREE).then(|| (FailReason::NoSpace, why()))
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// A task's folder, removed on drop.
struct Scratch(PathBuf);

impl Scratch {
    fn new(folder: PathBuf) -> io::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700))?;
        }
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Swept again at the next start.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use media::spec::{Frames, Side};

    use super::*;

    fn ask() -> Ask {
        let spec = r#"{"input":"h264","width":640,"height":360,"timebase":{"num":1,"den":25},"span":{"start":0,"end":50},
            "frames":50,"encoder":"libx264","speed":"balanced","quality":23,"pixel_format":"yuv420p","frame_rate":{"num":25,"den":1},
            "color":{"primaries":null,"transfer":null,"matrix":null,"range":null,"chroma":null},"hdr10":null,"sar":null,"scan":"progressive"}"#;
        let spec = serde_json::from_str(spec).unwrap();
        Ask {
            task: TaskId::random(),
            spec,
            source: BlobId::random(),
            source_ceiling: 1000,
            result: BlobId::random(),
            result_ceiling: 1000,
            supply: Supply::Sent,
        }
    }

    const WILLING: Stand = Stand {
        donating: true,
        paused: false,
        able: true,
        held: 0,
        room: 2,
        known: false,
        promise: 1000,
        free: 100 << 30,
        within_limit: true,
    };

    #[test]
    fn takes_work_only_when_it_should() {
        use DeclineReason::{Busy, CannotEncode, NoSpace, NotDonating, Paused, TooLarge};
        assert_eq!(decline(&ask(), WILLING), None);
        type Change = fn(&mut Stand);
        let stands: [(Change, DeclineReason); 8] = [
            (|stand| stand.donating = false, NotDonating),
            (|stand| stand.able = false, CannotEncode),
            (|stand| stand.held = 2, Busy),
            (|stand| stand.known = true, Busy),
            (|stand| stand.free = 1 << 20, NoSpace),
            (|stand| stand.promise = 100 << 30, NoSpace),
            (|stand| stand.within_limit = false, NoSpace),
            (|stand| stand.paused = true, Paused),
        ];
        for (at, (change, reason)) in stands.into_iter().enumerate() {
            let mut stand = WILLING;
            change(&mut stand);
            assert_eq!(decline(&ask(), stand), Some(reason), "stand {at}");
        }
        let side = |pixels| Side::new(pixels).unwrap();
        let asks: [&dyn Fn(&mut Ask); 4] = [
            &|ask| ask.source_ceiling = u64::MAX,
            &|ask| ask.result_ceiling = MOST_BYTES,
            &|ask| (ask.spec.width, ask.spec.height) = (side(8193), side(4352)),
            &|ask| ask.spec.frames = Frames::new(1_000_000).unwrap(),
        ];
        for (at, change) in asks.into_iter().enumerate() {
            let mut ask = ask();
            // So large that a million of them is too much.
            (ask.spec.width, ask.spec.height) = (side(3840), side(2160));
            assert_eq!(decline(&ask, WILLING), None);
            change(&mut ask);
            assert_eq!(decline(&ask, WILLING), Some(TooLarge), "ask {at}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_film_that_is_not_read_is_given_up_before_its_owner_gives_the_task_up() {
        assert_eq!(in_time(std::future::ready(Ok(()))).await, Ok(()));
        let hangs = tokio::time::timeout(crate::send::READ, in_time(std::future::pending()));
        let why = hangs.await.unwrap().unwrap_err();
        assert!(why.contains("not read"), "{why}");
    }
}
