//! What the scheduler decided, written down before it is acted on; and read again at the start.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hindsight::PhaseKind;
use media::{Pts, Span};
use plan::cut::Segment;
use schedule::{Change, JobId, JobState as FarmState, PeerId};
use store::{JobState as StoredState, SegmentState as StoredSegment, StoreError, Tables};

use crate::driver::{Core, Restored, unix_ms};
use crate::film::Film;
use crate::job::{Ended, Memo, Past, SegmentMemo, Wish};
use crate::jobs::unread;
use crate::lease::Piece;
use crate::status::{JobState, Outcome};
use crate::trouble::{Kind, Trouble};

/// One write of the journal.
pub(crate) type Write = Arc<dyn Fn(&Tables<'_>) -> Result<(), StoreError> + Send + Sync>;

/// How long to wait before a disk that was full is tried again.
const PATIENCE: Duration = Duration::from_secs(2);
/// What the user is told meanwhile.
const STALLED: &str =
    "The disk of the data folder is full: nothing new is begun until there is room.";

impl Core {
    /// Stores `changes` in one transaction, after those that could not be stored before. Says whether all is stored:
    /// else nothing of it is to be acted on yet.
    pub(crate) async fn journal(&mut self, changes: Vec<Change>) -> bool {
        let mut writes = std::mem::take(&mut self.unwritten);
        for change in changes {
            self.record(change, &mut writes);
        }
        writes.extend(self.chronicle.writes());
        let early = self.full_since.is_some_and(|at| at.elapsed() < PATIENCE);
        if writes.is_empty() || early {
            self.unwritten = writes;
            return !early;
        }
        let all = writes.clone();
        let written = self
            .store
            .call(move |tables| all.iter().try_for_each(|write| write(tables)))
            .await;
        if written == Err(StoreError::Full) {
            self.unwritten = writes;
            self.full_since = Some(Instant::now());
            self.notice(STALLED.to_owned());
            return false;
        }
        self.full_since = None;
        self.notices.retain(|text| text != STALLED);
        if let Err(error) = written {
            let text = format!(
                "The journal cannot be written ({error}); after a restart work may be done again."
            );
            self.notice(text);
        }
        true
    }

    fn record(&mut self, change: Change, writes: &mut Vec<Write>) {
        match change {
            // Its row was made when it was submitted: it gave the job its number.
            Change::JobAdded { job, .. } => {
                self.chronicle.enter(job, PhaseKind::Queued, unix_ms());
            }
            Change::JobMoved { job, state } => self.record_state(job, &state, writes),
            Change::SegmentPlanned {
                job, segment, work, ..
            } => {
                if let Some(row) = self.segment_row(job, segment.0, work.0) {
                    writes.push(Arc::new(move |tables: &Tables<'_>| {
                        tables.put_segment(&row)
                    }));
                }
            }
            Change::PlanFinished { job } => writes.push(Arc::new(move |tables: &Tables<'_>| {
                tables.set_plan_finished(row_id(job), true)
            })),
            Change::PlanReset { job } => {
                self.chronicle.voided(job);
                writes.push(Arc::new(move |tables: &Tables<'_>| {
                    tables.clear_segments(row_id(job))?;
                    tables.set_plan_finished(row_id(job), false)
                }));
            }
            Change::Leased { lease } => {
                self.note_given(&lease);
                writes.push(Arc::new(move |tables: &Tables<'_>| {
                    tables.lease_segment(
                        row_id(lease.job),
                        lease.segment.0,
                        lease.attempt.0,
                        &lease.peer.0,
                    )
                }));
            }
            Change::SegmentVerified { job, segment, .. } => {
                let work = self.jobs.get(&job).and_then(|j| {
                    j.segments
                        .get(segment.0 as usize)
                        .map(|s| j.film.work(u64::from(s.frames)).0)
                });
                if let Some(row) = self.segment_row(job, segment.0, work.unwrap_or(1)) {
                    writes.push(Arc::new(move |tables: &Tables<'_>| {
                        tables.put_segment(&row)
                    }));
                }
            }
            Change::SegmentReopened { job, segment } => {
                self.chronicle.redone(job, segment);
                writes.push(Arc::new(move |tables: &Tables<'_>| {
                    tables.set_segment_state(row_id(job), segment.0, StoredSegment::Waiting)
                }))
            }
            Change::QueueOrdered { jobs } => {
                let rows: Vec<i64> = jobs.into_iter().map(row_id).collect();
                writes.push(Arc::new(move |tables: &Tables<'_>| {
                    tables.order_jobs(&rows)
                }));
            }
            Change::JobForgotten { job } => {
                self.chronicle.forget(job);
                writes.push(Arc::new(move |tables: &Tables<'_>| {
                    tables.forget_job(row_id(job))
                }));
            }
        }
    }

    fn record_state(&mut self, id: JobId, state: &FarmState, writes: &mut Vec<Write>) {
        let row = row_id(id);
        self.moved(id, state);
        let stored = match state {
            FarmState::Queued => StoredState::Queued,
            FarmState::WaitingForPeers { .. } => StoredState::WaitingForPeers,
            FarmState::Benchmarking => StoredState::Benchmarking,
            FarmState::Processing => StoredState::Processing,
            // Held for want of room: the next start takes it up again, and holds it again.
            FarmState::Paused { .. } if self.scratch.held.contains_key(&id) => {
                StoredState::Processing
            }
            FarmState::Paused { .. } => StoredState::Paused,
            FarmState::Combining => StoredState::Combining,
            FarmState::Completed => StoredState::Completed,
            FarmState::Failed { .. } => StoredState::Failed,
            FarmState::Cancelled => StoredState::Cancelled,
        };
        if !state.has_ended() {
            writes.push(Arc::new(move |tables: &Tables<'_>| {
                tables.set_job_state(row, stored)
            }));
            return;
        }
        let tally = self.tally(id);
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        job.finished_ms.get_or_insert_with(unix_ms);
        if let FarmState::Failed { reason } = state
            && !matches!(job.ended, Some(Ended::Badly(_)))
        {
            job.ended = Some(Ended::Badly(match &job.away {
                Some(why) => unread(&job.film, why),
                None => failure(reason),
            }));
        }
        let error = match &job.ended {
            Some(Ended::Badly(trouble)) => Some(trouble.message.clone()),
            Some(Ended::Well(_)) | None => None,
        };
        let output = match &job.ended {
            Some(Ended::Well(outcome)) => Some((outcome.output.clone(), outcome.receipt.clone())),
            Some(Ended::Badly(_)) | None => None,
        };
        let memo = serde_json::to_value(job.memo()).unwrap_or_default();
        let finished = job.finished_ms.unwrap_or_else(unix_ms);
        writes.push(Arc::new(move |tables: &Tables<'_>| {
            if let Some((output, receipt)) = &output {
                tables.set_job_output(row, output, Some(receipt))?;
            }
            tables.set_job_memo(row, &memo)?;
            if let Some(tally) = &tally {
                tally.add(tables, finished)?;
            }
            tables.end_job(row, stored, error.as_deref(), finished)
        }));
    }

    /// Notes what a job does from now on.
    fn moved(&mut self, id: JobId, state: &FarmState) {
        let kind = match state {
            FarmState::Queued => PhaseKind::Queued,
            FarmState::WaitingForPeers { .. } => PhaseKind::Gathering,
            FarmState::Benchmarking => PhaseKind::Measuring,
            FarmState::Processing => PhaseKind::Encoding,
            FarmState::Paused { .. } => PhaseKind::Held,
            FarmState::Combining => PhaseKind::Joining,
            FarmState::Completed | FarmState::Failed { .. } | FarmState::Cancelled => {
                return self.chronicle.end_job(id, unix_ms());
            }
        };
        self.chronicle.enter(id, kind, unix_ms());
    }

    fn segment_row(&self, id: JobId, index: u32, work: u64) -> Option<store::Segment> {
        let job = self.jobs.get(&id)?;
        let segment = job.segments.get(index as usize)?;
        let piece = job.pieces.get(&index);
        let end = segment.span.end;
        Some(store::Segment {
            job: row_id(id),
            index,
            start_pts: segment.span.start.0,
            end_pts: end.map_or(i64::MAX, |end| end.0),
            frames: u64::from(segment.frames),
            work,
            payload: serde_json::to_value(SegmentMemo {
                open_end: end.is_none(),
                counted: job.film.counted,
            })
            .unwrap_or_default(),
            state: if piece.is_some() {
                StoredSegment::Verified
            } else {
                StoredSegment::Waiting
            },
            attempt: 0,
            peer: piece
                .and_then(|p| p.peer.parse::<peer::PeerId>().ok())
                .map(|id| id.0),
            digest: piece
                .and_then(|p| p.proof.digest.parse::<peer::Digest>().ok())
                .map(|d| d.0),
            file: piece.map(|p| p.file.clone()),
            report: piece.and_then(|p| serde_json::to_value(p).ok()),
        })
    }
}

/// Why a job's segments could not be made.
fn failure(reason: &str) -> Trouble {
    let help = "What is encoded is kept; try again, or look at `manyhands doctor`.";
    let text = format!("The film could not be encoded: {reason}.");
    Trouble::new(Kind::EncodeFailed, text).help(help)
}

/// A job's number in the database.
pub(crate) fn row_id(job: JobId) -> i64 {
    i64::try_from(job.0).unwrap_or(i64::MAX)
}

/// A database row's job.
pub(crate) fn job_id(row: i64) -> JobId {
    JobId(u64::try_from(row).unwrap_or(0))
}

/// A finished or interrupted job of an earlier run, for the list.
pub(crate) fn past(row: store::Job, segments: Vec<store::Segment>) -> Past {
    let pieces = segments.into_iter().filter_map(|s| {
        let piece = serde_json::from_value(s.report?).ok()?;
        Some((s.frames, piece))
    });
    let wish: Wish = serde_json::from_value(row.choice).unwrap_or_default();
    let memo: Memo = serde_json::from_value(row.memo).unwrap_or_default();
    let state = match row.state {
        StoredState::Completed => JobState::Completed(Outcome {
            output: row.output.unwrap_or_default(),
            receipt: row.receipt.unwrap_or_default(),
            exact: memo.exact,
            verdict: memo.verdict.clone(),
            frames: memo.frames,
            bytes: memo.bytes,
            wall_ms: memo.wall_ms,
        }),
        StoredState::Failed => {
            let message = row.error.unwrap_or_default();
            JobState::Failed(Trouble::new(Kind::EncodeFailed, message).help(memo.help.clone()))
        }
        StoredState::Cancelled => JobState::Cancelled,
        StoredState::Queued
        | StoredState::WaitingForPeers
        | StoredState::Benchmarking
        | StoredState::Processing
        | StoredState::Paused
        | StoredState::Combining => {
            JobState::Paused("It was interrupted; resume it, or encode the film again with the same choices, to go on.".to_owned())
        }
    };
    Past {
        id: job_id(row.id),
        source: row.source,
        source_bytes: row.source_bytes,
        wish,
        memo,
        state,
        created_ms: row.created,
        finished_ms: row.finished,
        pieces: pieces.collect(),
    }
}

/// The segments of an interrupted job whose results are still whole, in order and without a hole.
///
/// The film's index must be complete: segments are found again in it.
pub(crate) async fn restore(
    rows: Vec<store::Segment>,
    film: &Arc<Film>,
    folder: PathBuf,
    plan_finished: bool,
) -> Restored {
    let mut segments = Vec::new();
    let (mut pieces, mut awaited) = (BTreeMap::new(), BTreeMap::new());
    let mut next: Option<i64> = None;
    for row in rows {
        let memo = memo(&row).unwrap_or(SegmentMemo {
            open_end: row.end_pts == i64::MAX,
            counted: film.counted,
        });
        let Some(segment) =
            again(&row, memo, film).filter(|s| next.is_none_or(|at| at == s.span.start.0))
        else {
            break;
        };
        if segment.index as usize != segments.len() {
            break;
        }
        next = segment.span.end.map(|end| end.0);
        if row.state == StoredSegment::Verified
            && let Some(piece) = row
                .report
                .clone()
                .and_then(|value| serde_json::from_value::<Piece>(value).ok())
            && piece.filters == *film.order.filters()
            && whole(&folder, &piece).await
        {
            film.add_blank(piece.proof.blank.iter().copied());
            pieces.insert(segment.index, piece);
        } else if let (StoredSegment::Leased, Some(peer)) = (row.state, row.peer) {
            awaited.insert(segment.index, PeerId(peer));
        }
        segments.push(segment);
    }
    let plan_finished = plan_finished
        && segments
            .last()
            .is_some_and(|s: &Segment| s.span.end.is_none());
    Restored {
        segments,
        pieces,
        awaited,
        plan_finished,
    }
}

fn memo(row: &store::Segment) -> Option<SegmentMemo> {
    serde_json::from_value(row.payload.clone()).ok()
}

/// Whether these were cut of a film whose pictures had been counted.
pub(crate) fn are_counted(rows: &[store::Segment]) -> bool {
    rows.iter().filter_map(memo).any(|memo| memo.counted)
}

/// What was done to the picture of those that are verified, where there is one.
pub(crate) fn filtered_as(rows: &[store::Segment]) -> Option<media::filter::Chain> {
    let piece = |row: &store::Segment| {
        let report = row
            .report
            .clone()
            .filter(|_| row.state == StoredSegment::Verified)?;
        serde_json::from_value::<Piece>(report).ok()
    };
    rows.iter().find_map(piece).map(|piece| piece.filters)
}

/// The row's segment in the film's new index; `None` where the film is no longer the same.
fn again(row: &store::Segment, memo: SegmentMemo, film: &Film) -> Option<Segment> {
    let index = film.index();
    let span = Span {
        start: Pts(row.start_pts),
        end: (!memo.open_end).then_some(Pts(row.end_pts)),
    };
    let frames = index.shown(span).ok()?;
    if frames.len() as u64 != row.frames || frames.first() != Some(&row.start_pts) {
        return None;
    }
    let from = index
        .cut_before(row.start_pts)
        .or_else(|| index.cuts().first().copied())?;
    let from = if row.index == 0 {
        media::gop::Cut { packet: 0, ..from }
    } else {
        from
    };
    Some(Segment {
        index: row.index,
        span,
        frames: u32::try_from(frames.len()).ok()?,
        from,
        bytes: index.bytes(from, span),
    })
}

async fn whole(folder: &std::path::Path, piece: &Piece) -> bool {
    let found = crate::verify::file_digest(&folder.join(&piece.file)).await;
    found.is_ok_and(|(digest, bytes)| digest == piece.proof.digest && bytes == piece.proof.bytes)
}
