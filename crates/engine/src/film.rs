//! A film on its way through one job: its facts, its plan's shared part, its growing index.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use ffmpeg::index::Listed;
use ffmpeg::source::Source;
use media::choice::Choice;
use media::encoder::Encoder;
use media::gop::Anomaly;
use media::spec::{Around, Frames, SegmentSpec};
use media::stream::{SourceInfo, VideoStream};
use media::{Index, Timebase};
use plan::carry::{Carried, Freight, How};
use plan::cut::Segment;
use plan::lens;
use plan::order::Order;
use plan::read::{self, SeekBy};
use schedule::Work;

use crate::ending::Beside;

/// A probed film and what is to become of it.
#[derive(Debug)]
pub(crate) struct Film {
    /// The file as dropped; never written.
    pub path: PathBuf,
    /// Its size in bytes when it was probed.
    pub bytes: u64,
    /// Its modification time then, Unix milliseconds.
    pub modified_ms: i64,
    /// Where packets are read: the file, or its normalised copy.
    pub source: Source,
    /// Whether `source` is a normalised copy.
    pub normalised: bool,
    /// Whether the file's packets hold two pictures and none in turn; those of its normalised copy do not.
    pub packed: bool,
    /// Whether packets of the film that give no picture are hidden in its index: see [`crate::count`].
    pub counted: bool,
    /// `source` is a copy that ends where the file makes no sense any more.
    pub damaged: bool,
    /// What the container says.
    pub info: SourceInfo,
    /// What the first frame says.
    pub video: VideoStream,
    /// What was asked for.
    pub choice: Choice,
    /// What every segment's order shares.
    pub order: Order,
    /// What travels beside the film.
    pub freight: Freight,
    /// How its container is made to start at a key.
    pub seek: SeekBy,
    /// Removed from every timestamp of the output, microseconds.
    pub start_us: i64,
    /// Sentences for the user.
    pub notes: Vec<String>,
    /// Something is lost, and the user has agreed.
    pub agreed: bool,
    index: Mutex<Index>,
    /// Times of packets that no decoder makes a picture of: the second field of a frame, what
    /// is left of a picture whose reference was cut away.
    blank: Mutex<BTreeSet<i64>>,
    /// Width and height of later pictures, once some are found that are not of the film's size.
    other_size: OnceLock<(u16, u16)>,
    /// What the listing of its packets came to, once it has ended.
    listed: OnceLock<Listed>,
    /// What the reading of all that travels beside it came to.
    beside: OnceLock<Beside>,
}

/// Hours, minutes and seconds.
pub(crate) fn clock(us: i64) -> String {
    let seconds = us.max(0) / 1_000_000;
    format!(
        "{}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

impl Film {
    /// Puts a probed film together with its empty index.
    pub fn new(parts: FilmParts, index: Index) -> Arc<Self> {
        let seek = SeekBy::of(&parts.info);
        Arc::new(Self {
            path: parts.path,
            bytes: parts.bytes,
            modified_ms: parts.modified_ms,
            source: parts.source,
            normalised: parts.normalised,
            packed: parts.packed,
            counted: parts.counted,
            damaged: parts.damaged,
            start_us: parts.start_us,
            info: parts.info,
            video: parts.video,
            choice: parts.choice,
            order: parts.order,
            freight: parts.freight,
            notes: parts.notes,
            agreed: parts.agreed,
            seek: if parts.normalised {
                SeekBy::Earliest
            } else {
                seek
            },
            index: Mutex::new(index),
            blank: Mutex::default(),
            other_size: OnceLock::new(),
            listed: OnceLock::new(),
            beside: OnceLock::new(),
        })
    }

    /// What it was put together of, for another index.
    pub fn parts(&self) -> FilmParts {
        FilmParts {
            path: self.path.clone(),
            bytes: self.bytes,
            modified_ms: self.modified_ms,
            source: self.source.clone(),
            normalised: self.normalised,
            packed: self.packed,
            counted: self.counted,
            damaged: self.damaged,
            start_us: self.start_us,
            info: self.info.clone(),
            video: self.video.clone(),
            choice: self.choice.clone(),
            order: self.order.clone(),
            freight: self.freight.clone(),
            notes: self.notes.clone(),
            agreed: self.agreed,
        }
    }

    /// The index; held for microseconds.
    pub fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Of the film's timestamps.
    pub fn timebase(&self) -> Timebase {
        self.video.timebase
    }

    /// The copy that holds what travels beside the film, after it and in the freight's order, where that is not read
    /// from the file as it was dropped. Unpacked pictures are a copy of their own: in AVI others would get other times.
    pub fn copy_of_the_rest(&self) -> Option<&Path> {
        let copied = self.normalised && !self.packed;
        copied.then_some(self.source.path.as_path())
    }

    /// The file with what travels beside the film.
    pub fn rest(&self) -> &Path {
        self.copy_of_the_rest().unwrap_or(&self.path)
    }

    /// What must be read for `segment`, and for what the filters see beside it.
    pub fn reading(&self, segment: &Segment, step_back: u8) -> ffmpeg::extract::Reading {
        let index = self.index();
        let seen = lens::of(self.order.filters(), &index, segment.span);
        let wider = lens::widened(&index, segment, seen);
        let (seek_us, stop_us) = read::reading(&index, &wider, self.seek, step_back);
        ffmpeg::extract::Reading { seek_us, stop_us }
    }

    /// Bytes of the film's packets that are read for `segment`, and for what the filters see beside it.
    pub fn read_bytes(&self, segment: &Segment) -> u64 {
        let index = self.index();
        let seen = lens::of(self.order.filters(), &index, segment.span);
        let wider = lens::widened(&index, segment, seen);
        index.bytes(wider.from, wider.span)
    }

    /// Presentation times of a segment's frames in the output, ascending.
    pub fn shown(&self, segment: &Segment) -> Vec<i64> {
        let index = self.index();
        let times = index.shown(segment.span).unwrap_or_default();
        let odd = self.is_odd(&index, segment);
        drop(index);
        self.kept(self.with_picture(times), odd)
    }

    /// Presentation times of all frames of the output, ascending.
    ///
    /// # Errors
    /// Where two frames share one.
    pub fn all_shown(&self) -> Result<Vec<i64>, Anomaly> {
        let times = self.index().all_shown()?;
        Ok(self.kept(self.with_picture(times), false))
    }

    /// Every second of `times` at half the rate, the first of them left out where an odd number lies before.
    fn kept(&self, times: Vec<i64>, odd: bool) -> Vec<i64> {
        let step = self.step();
        times
            .into_iter()
            .skip(usize::from(odd))
            .step_by(step)
            .collect()
    }

    /// Frames of the film for each one of the output.
    pub fn step(&self) -> usize {
        if self.order.filters().half_rate { 2 } else { 1 }
    }

    fn is_odd(&self, index: &Index, segment: &Segment) -> bool {
        self.step() == 2 && index.shown_before(segment.span.start.0) % 2 == 1
    }

    fn with_picture(&self, mut times: Vec<i64>) -> Vec<i64> {
        let blank = self.blank.lock().unwrap_or_else(PoisonError::into_inner);
        if !blank.is_empty() {
            times.retain(|time| !blank.contains(time));
        }
        times
    }

    /// These packets give no picture.
    pub fn add_blank(&self, times: impl IntoIterator<Item = i64>) {
        self.blank
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(times);
    }

    /// How many packets give no picture.
    pub fn blank(&self) -> usize {
        self.blank
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    /// Some later pictures are of another size than the film's first, pixels.
    pub fn add_size(&self, size: (u16, u16)) {
        // One is enough to know that sizes change.
        let _ = self.other_size.set(size);
    }

    /// The other size that was found first.
    pub fn other_size(&self) -> Option<(u16, u16)> {
        self.other_size.get().copied()
    }

    /// The listing of its packets has ended.
    pub fn add_listed(&self, listed: Listed) {
        // There is one listing for each film.
        let _ = self.listed.set(listed);
    }

    /// What that came to, once it has.
    pub fn listed(&self) -> Option<Listed> {
        self.listed.get().copied()
    }

    /// All that travels beside it was read.
    pub fn add_beside(&self, beside: Beside) {
        // Read again, it comes to the same.
        let _ = self.beside.set(beside);
    }

    /// What that came to, once it has.
    pub fn beside(&self) -> Option<Beside> {
        self.beside.get().copied()
    }

    /// The order of one segment, for one encoder; `None` for a segment beyond the limits.
    pub fn spec(&self, segment: &Segment, encoder: Encoder) -> Option<SegmentSpec> {
        let index = self.index();
        let odd = self.is_odd(&index, segment);
        let seen = lens::of(self.order.filters(), &index, segment.span);
        drop(index);
        let made = segment.frames.saturating_sub(u32::from(odd));
        let made = made.div_ceil(u32::try_from(self.step()).unwrap_or(1));
        let around = Around { seen, odd };
        let alone = Around {
            seen: segment.span,
            odd: false,
        };
        Some(SegmentSpec {
            rescale: self.other_size().is_some(),
            frames: Frames::new(made)?,
            around: Some(around).filter(|around| *around != alone),
            ..self.order.segment(segment, encoder)?
        })
    }

    /// The scheduler's measure of so many frames of the output.
    pub fn work_made(&self, frames: u64) -> Work {
        self.work(frames * self.step() as u64)
    }

    /// Frames of the output among so many of the film, from its beginning.
    pub fn made(&self, frames: u64) -> u64 {
        frames.div_ceil(self.step() as u64)
    }

    /// Whether a carried stream is AAC in source and output.
    pub fn is_aac(&self, carried: &Carried) -> bool {
        let stream = self.info.streams.iter().find(|s| s.index == carried.index);
        carried.how == How::Copy && stream.is_some_and(|s| s.codec == "aac")
    }

    /// How a sound track travels that cannot be copied.
    pub fn sound_instead(&self) -> How {
        How::Sound("aac", self.choice.audio_bits(2))
    }

    /// The scheduler's measure of so many frames: thousands of pixels.
    pub fn work(&self, frames: u64) -> Work {
        Work((frames * self.order.pixels() / 1000).max(1))
    }

    /// Frames in so much work.
    pub fn frames(&self, work: Work) -> u64 {
        work.0 * 1000 / self.order.pixels().max(1)
    }

    /// How far it is known, for people: `0:12:34`.
    pub fn reached(&self) -> String {
        let last = self.index().last_pts();
        clock(last.map_or(0, |last| self.timebase().micros(last) - self.start_us))
    }

    /// From where to where a segment reaches, for people.
    pub fn place(&self, segment: &Segment) -> (String, String) {
        let at = |ticks: i64| clock(self.timebase().micros(ticks) - self.start_us);
        let end = segment.span.end.map(|end| end.0);
        let end = end.or_else(|| self.index().last_pts());
        let start = segment.span.start.0;
        (at(start), at(end.unwrap_or(start)))
    }

    /// Frames a second, for estimates.
    pub fn rate(&self) -> f64 {
        self.video
            .frame_rate
            .map_or(25.0, |r| f64::from(r.num()) / f64::from(r.den()))
            .clamp(1.0, 1000.0)
    }

    /// Frames of the film: counted once the index is complete, estimated before.
    pub fn frames_estimate(&self) -> u64 {
        let index = self.index();
        if index.is_finished() {
            let counted = self.counted.then(|| index.shown_before(i64::MAX));
            return counted.unwrap_or(index.len()) as u64;
        }
        let by_duration = self
            .info
            .duration_us
            .map_or(0, |us| (us.max(0) as f64 / 1e6 * self.rate()) as u64);
        by_duration.max(index.len() as u64)
    }
}

/// What [`Film::new`] needs.
#[derive(Clone, Debug)]
pub(crate) struct FilmParts {
    pub path: PathBuf,
    pub bytes: u64,
    pub modified_ms: i64,
    pub source: Source,
    pub normalised: bool,
    pub packed: bool,
    pub counted: bool,
    pub damaged: bool,
    pub start_us: i64,
    pub info: SourceInfo,
    pub video: VideoStream,
    pub choice: Choice,
    pub order: Order,
    pub freight: Freight,
    pub notes: Vec<String>,
    pub agreed: bool,
}

#[cfg(test)]
mod filtered;
