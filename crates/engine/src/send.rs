//! A segment goes to the peer that holds its lease, and its result comes back into quarantine.
//!
//! No split pass and no copy: what is sent is read out of the source while it is sent. The same
//! reading gives the same bytes, so a broken transfer goes on from where it stopped.

use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use ffmpeg::child::RunError;
use ffmpeg::extract::{self, Reading};
use ffmpeg::source::Source as FilmSource;
use futures_util::future::BoxFuture;
use peer::{
    BlobId, DeclineReason, Digest, FailReason, Link, Message, RefusalCode, Shared, TaskId,
    TaskReport, TransferError,
};
use plan::cut::Segment;
use schedule::{Fault, Input, JobId};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::mpsc;

use crate::driver::Mail;
use crate::lease::{Assignment, Bench, Broken, Made, hex};

/// A donor that says nothing to an offer for so long is not there.
const ANSWER: Duration = Duration::from_secs(30);
/// A donor that reads the source by itself has done so within this, or is given the segment no longer.
pub(crate) const READ: Duration = Duration::from_secs(600);
/// Headers and a GOP more than planned, bytes.
pub(crate) const SLACK: u64 = 64 << 20;

/// Sends a segment, waits for its result, takes it.
///
/// # Errors
/// [`Broken`] with whose fault it was.
pub(crate) async fn away(
    bench: Bench,
    assignment: Assignment,
    link: Link,
    task: TaskId,
    mut words: mpsc::Receiver<Message>,
) -> Result<Made, Broken> {
    let lease = assignment.lease.id;
    let (source, result) = (BlobId::random(), BlobId::random());
    let source_ceiling = source_ceiling(&assignment);
    let result_ceiling = result_ceiling(&assignment.segment);
    let _open = link.ours(source, result);
    let offer = Message::Task {
        task,
        spec: Box::new(assignment.spec.clone()),
        source,
        source_ceiling,
        result,
        result_ceiling,
        reads: assignment.reads,
    };
    link.send(offer).await.map_err(Broken::network)?;
    accepted(&mut words).await?;
    let read = match assignment.reads {
        Some(_) => read_there(&bench, &assignment, &link, task, &mut words).await?,
        None => Begun::Unread,
    };
    let read_there = matches!(read, Begun::Read);
    let pushing = push(&bench, &assignment, &link, task, (source, source_ceiling));
    let (sent_bytes, early) = match read {
        Begun::Read => (0, None),
        Begun::Before(word) => (0, Some(word)),
        Begun::Unread => tokio::select! {
            sent = pushing => (sent?, None),
            // It is at work already: it has the source from before the two lost each other.
            began = words.recv() => (0, Some(began.ok_or_else(|| Broken::network("the connection broke"))?)),
        },
    };
    bench.tell(Input::Delivered { lease });
    let report = finished(&bench, &assignment, early, &mut words).await?;
    bench.timed(lease, report.encode_ms, report.decode_ms);
    bench.tell(Input::Encoded { lease });
    if report.bytes > result_ceiling {
        return Err(Broken::peer("its result is larger than it may be"));
    }
    if report.bytes > assignment.most {
        return Err(Broken::Outgrew);
    }
    take(&assignment, &link, task, (result, &report)).await?;
    Ok(Made {
        decoded: Some(ffmpeg::digest::Decoded {
            frames: u32::try_from(report.decoded_frames).unwrap_or(u32::MAX),
            hash: hex(&report.decoded_digest.0),
        }),
        encode_ms: report.encode_ms,
        ffmpeg: report.ffmpeg.to_string(),
        sent_bytes,
        read_there,
    })
}

/// How a task begins whose source its donor is to read.
enum Begun {
    /// It has read what it should.
    Read,
    /// It has not, and must be sent it.
    Unread,
    /// It has the source from before the two lost each other, and says this of it.
    Before(Message),
}

/// Says to a donor that reads the source by itself what that must be, and hears what it says to it.
async fn read_there(
    bench: &Bench,
    assignment: &Assignment,
    link: &Link,
    task: TaskId,
    words: &mut mpsc::Receiver<Message>,
) -> Result<Begun, Broken> {
    let vouching = async {
        match vouch(bench, assignment, link, task).await {
            Err(broken) => broken,
            Ok(()) => std::future::pending().await,
        }
    };
    let whose = (assignment.lease.job, link.peer());
    tokio::select! {
        begun = says(&bench.mail, whose, words) => begun,
        broken = vouching => Err(broken),
    }
}

/// What a donor says that is to read a source by itself. One that has not read it, or says nothing, is sent the rest of
/// the film: each further segment would be waited for as long.
async fn says(
    mail: &mpsc::UnboundedSender<Mail>,
    (job, peer): (JobId, peer::PeerId),
    words: &mut mpsc::Receiver<Message>,
) -> Result<Begun, Broken> {
    let begun = match tokio::time::timeout(READ, words.recv()).await {
        Ok(Some(Message::Shared(Shared::Read { .. }))) => return Ok(Begun::Read),
        Ok(Some(Message::Shared(_))) => Ok(Begun::Unread),
        Ok(Some(Message::Failed { reason, detail, .. })) => {
            return Err(failed(reason, detail.as_ref()));
        }
        Ok(Some(word)) => return Ok(Begun::Before(word)),
        Ok(None) => return Err(Broken::network("the connection broke")),
        Err(_) => Err(Broken::network("it read nothing of the film in time")),
    };
    // The loop ends before its tasks do.
    let _ = mail.send(Mail::Unseen { job, peer });
    begun
}

/// Reads what the donor reads as well, and says what it is.
async fn vouch(
    bench: &Bench,
    assignment: &Assignment,
    link: &Link,
    task: TaskId,
) -> Result<(), Broken> {
    let reading = assignment.reading();
    let (source, ceiling) = (&assignment.film.source, source_ceiling(assignment));
    let mut nowhere = tokio::io::sink();
    let read = extract::digest(&bench.ffmpeg, source, reading, ceiling, &mut nowhere).await;
    let digest = Digest(read.map_err(|why| Broken::unread(assignment, &why))?);
    let ready = Message::SourceReady { task, digest };
    link.send(ready).await.map_err(Broken::network)
}

/// Sends a segment's packets: how many bytes that were.
async fn push(
    bench: &Bench,
    assignment: &Assignment,
    link: &Link,
    task: TaskId,
    (blob, ceiling): (BlobId, u64),
) -> Result<u64, Broken> {
    let step_back = assignment.lease.step_back;
    let packets = Packets {
        ffmpeg: bench.ffmpeg.clone(),
        source: assignment.film.source.clone(),
        reading: assignment.film.reading(&assignment.segment, step_back),
    };
    let sent = link.push(blob, ceiling, Arc::new(packets)).await;
    let sent = sent.map_err(|error| match error {
        TransferError::Source(error) => Broken::unread(assignment, &error),
        error => transfer(error),
    })?;
    let digest = sent.digest;
    let ready = Message::SourceReady { task, digest };
    link.send(ready).await.map_err(Broken::network)?;
    Ok(sent.bytes)
}

/// Takes a task's result, and says that it is here.
async fn take(
    assignment: &Assignment,
    link: &Link,
    task: TaskId,
    (blob, report): (BlobId, &TaskReport),
) -> Result<(), Broken> {
    let part = Part {
        path: assignment.file.with_file_name(part_name(task)),
        link: link.clone(),
    };
    let received = link.pull(blob, report.bytes, &part.path).await;
    if received.map_err(transfer)?.digest != report.digest {
        return Err(Broken::peer("its result is not what it said it would send"));
    }
    let renamed = tokio::fs::rename(&part.path, &assignment.file).await;
    renamed.map_err(|e| Broken::here(&e))?;
    // The donor keeps its copy until told; where that fails it goes with its time.
    let _ = link.send(Message::Collected { task }).await;
    Ok(())
}

/// What has come of a task's result, so that it goes on from there after the two lost each other.
pub(crate) fn part_name(task: TaskId) -> String {
    format!("{task}.part")
}

/// It is of no use unless the connection was the trouble.
struct Part {
    path: PathBuf,
    link: Link,
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.link.is_closed() {
            // Complete and renamed by now, or worthless: not there is as good as removed.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// The most bytes of a segment's source: generous, but bounded by what the segment is.
fn source_ceiling(assignment: &Assignment) -> u64 {
    let whole = assignment.film.bytes.saturating_mul(2);
    // Filters see more of the film, and that is read from further back.
    let times = if assignment.spec.around.is_some() {
        6
    } else {
        3
    };
    let read = assignment.film.read_bytes(&assignment.segment);
    let bytes = read.max(assignment.segment.bytes).saturating_mul(times);
    bytes.min(whole).saturating_add(SLACK)
}

/// The same of its result, whoever makes it.
pub(crate) fn result_ceiling(segment: &Segment) -> u64 {
    let bytes = segment.bytes.saturating_mul(8);
    bytes.saturating_add(4 * SLACK)
}

fn transfer(error: TransferError) -> Broken {
    match error {
        TransferError::Store(error) => Broken::here(&error),
        TransferError::Refused(RefusalCode::NotDonating | RefusalCode::NotAllowed) => {
            Broken::Failed(Fault::Declined, "it no longer helps".to_owned())
        }
        error => Broken::network(error),
    }
}

async fn accepted(words: &mut mpsc::Receiver<Message>) -> Result<(), Broken> {
    loop {
        let word = tokio::time::timeout(ANSWER, words.recv()).await;
        match word {
            Ok(Some(Message::Accepted { .. })) => return Ok(()),
            Ok(Some(Message::Declined { reason, .. })) => return Err(declined(reason)),
            Ok(Some(Message::Failed { reason, detail, .. })) => {
                return Err(failed(reason, detail.as_ref()));
            }
            Ok(Some(_)) => {}
            Ok(None) => return Err(Broken::network("the connection broke")),
            Err(_) => return Err(Broken::network("no answer to the offer")),
        }
    }
}

fn declined(reason: DeclineReason) -> Broken {
    let text = match reason {
        DeclineReason::NotDonating => "it does not help at the moment",
        DeclineReason::Busy => "it is busy",
        DeclineReason::Paused => "it is paused",
        DeclineReason::NoSpace => "its disk is nearly full",
        DeclineReason::CannotEncode => "it cannot encode this",
        DeclineReason::TooLarge => "the segment is too large for it",
        DeclineReason::Stopping => "it is stopping",
    };
    let fault = if reason == DeclineReason::CannotEncode {
        Fault::Peer
    } else {
        Fault::Declined
    };
    Broken::Failed(fault, text.to_owned())
}

fn failed(reason: FailReason, detail: &str) -> Broken {
    let fault = match reason {
        FailReason::SourceLost => Fault::Network,
        FailReason::Stopped | FailReason::NoSpace => Fault::Declined,
        FailReason::SourceUnreadable
        | FailReason::Encode
        | FailReason::SelfCheck
        | FailReason::TooLarge
        | FailReason::Other => Fault::Peer,
    };
    Broken::Failed(fault, format!("{reason}: {detail}"))
}

async fn finished(
    bench: &Bench,
    assignment: &Assignment,
    mut early: Option<Message>,
    words: &mut mpsc::Receiver<Message>,
) -> Result<TaskReport, Broken> {
    loop {
        let word = match early.take() {
            Some(word) => word,
            None => words
                .recv()
                .await
                .ok_or_else(|| Broken::network("the connection broke"))?,
        };
        match word {
            Message::Progress { frames, .. } => {
                let most = u64::from(assignment.spec.frames.get());
                let done = assignment.film.work_made(frames.min(most));
                bench.tell(Input::Progress {
                    lease: assignment.lease.id,
                    done,
                });
            }
            Message::Finished { report, .. } => return Ok(report),
            Message::Failed { reason, detail, .. } => return Err(failed(reason, detail.as_ref())),
            Message::Declined { reason, .. } => return Err(declined(reason)),
            _ => {}
        }
    }
}

/// A segment's packets as something that can be sent, and sent again.
struct Packets {
    ffmpeg: PathBuf,
    source: FilmSource,
    reading: Reading,
}

impl peer::Source for Packets {
    fn open(&self) -> BoxFuture<'_, io::Result<Box<dyn AsyncRead + Send + Unpin>>> {
        Box::pin(async move {
            let mut running = extract::start(&self.ffmpeg, &self.source, self.reading)
                .map_err(io::Error::other)?;
            let stdout = running
                .stdout
                .take()
                .ok_or_else(|| io::Error::other("ffmpeg has no output"))?;
            let end: BoxFuture<'static, Result<(), RunError>> =
                Box::pin(async move { running.finish().await.map(drop) });
            Ok(Box::new(Checked {
                stdout,
                end: Some(end),
            }) as Box<dyn AsyncRead + Send + Unpin>)
        })
    }
}

/// A run's output whose end counts only if the run ended well: half an extraction is none.
struct Checked {
    stdout: tokio::process::ChildStdout,
    end: Option<BoxFuture<'static, Result<(), RunError>>>,
}

impl AsyncRead for Checked {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        match Pin::new(&mut self.stdout).poll_read(context, buffer) {
            Poll::Ready(Ok(())) if buffer.filled().len() == before && buffer.remaining() > 0 => {
                let Some(end) = self.end.as_mut() else {
                    return Poll::Ready(Ok(()));
                };
                let ended = std::task::ready!(end.as_mut().poll(context));
                self.end = None;
                Poll::Ready(ended.map_err(io::Error::other))
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_donor_that_does_not_read_is_not_asked_to_again() {
        let whose = (JobId(1), peer::PeerId([2; 32]));
        let task = TaskId::random();
        let (mail, mut letters) = mpsc::unbounded_channel();
        let (donor, mut words) = mpsc::channel(1);
        let mut unseen = move || {
            let letter = letters.try_recv();
            matches!(letter, Ok(Mail::Unseen { job, peer }) if (job, peer) == whose)
        };

        donor
            .send(Message::Shared(Shared::Read { task }))
            .await
            .unwrap();
        let begun = says(&mail, whose, &mut words).await;
        assert!(matches!(begun, Ok(Begun::Read)) && !unseen());
        donor
            .send(Message::Shared(Shared::Send { task }))
            .await
            .unwrap();
        let begun = says(&mail, whose, &mut words).await;
        assert!(matches!(begun, Ok(Begun::Unread)) && unseen());
        // Its drive's computer is gone, and it says nothing.
        let begun = says(&mail, whose, &mut words).await;
        assert!(matches!(begun, Err(Broken::Failed(Fault::Network, _))) && unseen());
    }
}
