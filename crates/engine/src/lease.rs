//! One lease performed: the road of a segment from the source to quarantine and through the
//! check. Each task ends by sending exactly one last word to the loop, whatever happened.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ffmpeg::extract::Reading;
use media::SegmentSpec;
use media::argv::Allowance;
use media::encoder::Encoder;
use media::filter::Chain;
use peer::OwnReading;
use plan::cut::Segment;
use plan::keep::Muxer;
use schedule::{Fault, Input, Lease, LeaseId, Rejection};
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use crate::driver::Mail;
use crate::film::Film;
use crate::manners::Guidance;
use crate::verify::{self, Proof, Unfit};
use crate::workspace;

/// A disk with less than this left is full, bytes.
const FULL: u64 = 1 << 20;

/// What every task needs of its node.
#[derive(Clone, Debug)]
pub(crate) struct Bench {
    /// The ffmpeg.
    pub ffmpeg: PathBuf,
    /// Its version as it says.
    pub version: String,
    /// What it can write.
    pub muxer: Muxer,
    /// Encoders that may run here at once.
    pub seats: Arc<Semaphore>,
    /// Of those, for other computers: as many as may be given.
    pub given: Arc<Semaphore>,
    /// Checks that may run here at once: proving must not crowd out encoding.
    pub checks: Arc<Semaphore>,
    /// Encoder threads of each seat.
    pub allowance: Allowance,
    /// For what is done for others.
    pub guidance: Guidance,
    /// To the loop.
    pub mail: mpsc::UnboundedSender<Mail>,
}

/// A lease with all it takes to perform it.
#[derive(Clone, Debug)]
pub(crate) struct Assignment {
    /// The lease.
    pub lease: Lease,
    /// The film.
    pub film: Arc<Film>,
    /// The segment.
    pub segment: Segment,
    /// The order.
    pub spec: SegmentSpec,
    /// Where the result goes.
    pub file: PathBuf,
    /// Decode everything here, whatever donors say.
    pub paranoid: bool,
    /// Bytes that its result may have.
    pub most: u64,
    /// How its donor reads the source by itself, where it sees the film.
    pub reads: Option<OwnReading>,
}

impl Assignment {
    /// What is read of the source for it.
    pub(crate) fn reading(&self) -> Reading {
        self.film.reading(&self.segment, self.lease.step_back)
    }
}

/// A good result, for the journal and the receipt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Piece {
    /// The result's file name in the job's folder.
    pub file: String,
    /// Who encoded it: peer id in hex.
    pub peer: String,
    /// With what.
    pub encoder: Encoder,
    /// And which ffmpeg.
    pub ffmpeg: String,
    /// What was done to its pictures.
    #[serde(default, skip_serializing_if = "Chain::is_empty")]
    pub filters: Chain,
    /// Encoding took so long, milliseconds.
    pub encode_ms: u64,
    /// Bytes of the source that were sent for it, once; 0 where it was encoded here.
    #[serde(default)]
    pub sent_bytes: u64,
    /// Its encoder's computer read the source by itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read_there: bool,
    /// What the check found.
    pub proof: Proof,
}

impl Piece {
    /// Who it came from, for the scheduler.
    pub(crate) fn verified_by(&self) -> schedule::Verified {
        let peer = self.peer.parse::<peer::PeerId>().map_or([0; 32], |id| id.0);
        schedule::Verified {
            peer: schedule::PeerId(peer),
            attempt: schedule::Attempt(1),
        }
    }
}

/// Why a lease came to nothing.
#[derive(Debug)]
pub(crate) enum Broken {
    /// For the scheduler: whose fault, and why.
    Failed(Fault, String),
    /// The result was looked at and refused.
    Rejected(Rejection),
    /// The disk of the working files is full.
    Full,
    /// Its film's pictures must be counted before any result can be what it should be: nobody's fault.
    Uncounted,
    /// The result is larger than it may be: nobody's fault while there is a limit of the working files.
    Outgrew,
}

impl Broken {
    pub(crate) fn peer(reason: impl ToString) -> Self {
        Self::Failed(Fault::Peer, reason.to_string())
    }

    /// The source could not be read.
    pub(crate) fn unread(assignment: &Assignment, error: &dyn std::fmt::Display) -> Self {
        let (from, to) = assignment.film.place(&assignment.segment);
        let name = assignment.film.path.display();
        let text = format!("{name} could not be read between {from} and {to} of the film: {error}");
        Self::Failed(Fault::Source, text)
    }

    /// This computer could not write or read a result.
    pub(crate) fn here(error: &std::io::Error) -> Self {
        Self::local(
            Fault::Source,
            format!("the result cannot be kept here: {error}"),
        )
    }

    /// Whatever went wrong, a full disk here explains it, and nobody else is to blame.
    fn or_full(self, file: &Path) -> Self {
        let folder = file.parent().unwrap_or(file);
        let free = fs4::available_space(folder).unwrap_or(u64::MAX);
        if free < FULL { Self::Full } else { self }
    }

    /// Something went wrong on this computer; where its disk is full that says why.
    pub(crate) fn local(fault: Fault, reason: String) -> Self {
        // ENOSPC in the C library's words, as ffmpeg says them.
        if reason.contains("No space left") {
            return Self::Full;
        }
        Self::Failed(fault, reason)
    }

    pub(crate) fn network(reason: impl ToString) -> Self {
        Self::Failed(Fault::Network, reason.to_string())
    }
}

impl Bench {
    /// Tells the loop how long an encoder and the check after it took that are just over.
    pub fn timed(&self, lease: LeaseId, encode_ms: u64, check_ms: u64) {
        // As below.
        let _ = self.mail.send(Mail::Timed {
            lease,
            encode_ms,
            check_ms,
        });
    }

    /// Tells the loop something about a lease.
    pub fn tell(&self, input: Input) {
        // The loop ends before its tasks do; then nobody wants to know.
        let _ = self.mail.send(Mail::Farm(input));
    }
}

/// Runs `work`, checks its result, and sends the last word.
pub(crate) async fn perform<W>(
    bench: Bench,
    assignment: Assignment,
    cancel: CancellationToken,
    work: W,
) where
    W: Future<Output = Result<Made, Broken>>,
{
    let lease = assignment.lease.id;
    let made = tokio::select! {
        biased;
        () = cancel.cancelled() => None,
        made = take(&bench, &assignment, work) => Some(made),
    };
    let made = made.map(|made| made.map_err(|broken| broken.or_full(&assignment.file)));
    if !matches!(made, Some(Ok(_))) {
        remove(&assignment.file).await;
    }
    match made {
        None => {} // Revoked: the scheduler has forgotten this lease.
        Some(Ok(piece)) => {
            let _ = bench.mail.send(Mail::Piece {
                lease: assignment.lease,
                piece: Box::new(piece),
            });
        }
        Some(Err(Broken::Failed(fault, reason))) => bench.tell(Input::Failed {
            lease,
            fault,
            reason,
        }),
        Some(Err(Broken::Rejected(why))) => bench.tell(Input::Rejected { lease, why }),
        Some(Err(Broken::Full)) => {
            let lease = assignment.lease;
            let _ = bench.mail.send(Mail::Filled { lease });
        }
        Some(Err(Broken::Uncounted)) => {
            let lease = assignment.lease;
            let _ = bench.mail.send(Mail::Uncounted { lease });
        }
        Some(Err(Broken::Outgrew)) => {
            let lease = assignment.lease;
            let _ = bench.mail.send(Mail::Outgrew { lease });
        }
    }
}

/// A result in quarantine.
#[derive(Debug)]
pub(crate) struct Made {
    /// The donor's own whole decode; `None`: it is to be made here.
    pub decoded: Option<ffmpeg::digest::Decoded>,
    /// Encoding took so long.
    pub encode_ms: u64,
    /// Its encoder's ffmpeg.
    pub ffmpeg: String,
    /// Bytes of the source that went there; 0 where it was encoded here.
    pub sent_bytes: u64,
    /// It was read there.
    pub read_there: bool,
}

async fn take<W>(bench: &Bench, assignment: &Assignment, work: W) -> Result<Piece, Broken>
where
    W: Future<Output = Result<Made, Broken>>,
{
    let made = work.await?;
    bench.tell(Input::Returned {
        lease: assignment.lease.id,
    });
    let _turn = bench.checks.acquire().await;
    let proof = check(bench, assignment, &made).await?;
    let result = assignment.file.clone();
    let settled = tokio::task::spawn_blocking(move || workspace::settle(&result)).await;
    let settled = settled.map_err(std::io::Error::other).flatten();
    let settled = settled.map_err(|e| Broken::here(&e))?;
    let name = settled.file_name().unwrap_or_default();
    Ok(Piece {
        file: name.to_string_lossy().into_owned(),
        peer: hex(&assignment.lease.peer.0),
        encoder: assignment.spec.encoder,
        ffmpeg: made.ffmpeg,
        filters: assignment.spec.filters,
        encode_ms: made.encode_ms,
        sent_bytes: made.sent_bytes,
        read_there: made.read_there,
        proof,
    })
}

async fn check(bench: &Bench, assignment: &Assignment, made: &Made) -> Result<Proof, Broken> {
    let donor = made.decoded.clone().filter(|_| !assignment.paranoid);
    let result = verify::Returned {
        film: &assignment.film,
        segment: &assignment.segment,
        spec: &assignment.spec,
        file: &assignment.file,
        donor,
        random: rand::random(),
        step_back: assignment.lease.step_back,
    };
    let claimed = made.decoded.as_ref().filter(|_| assignment.paranoid);
    match verify::verify(&bench.ffmpeg, result).await {
        Ok(proof) => match claimed {
            Some(claim) if *claim != proof.decoded => Err(Broken::Rejected(Rejection::Bad(
                "its decode is not what the donor said".to_owned(),
            ))),
            _ => Ok(proof),
        },
        Err(Unfit::WrongFrames(why)) => {
            tracing::info!(
                segment = assignment.segment.index,
                why,
                "other frames than expected"
            );
            Err(Broken::Rejected(Rejection::WrongFrames))
        }
        Err(Unfit::Uncounted) => Err(Broken::Uncounted),
        Err(Unfit::Bad(why)) => Err(Broken::Rejected(Rejection::Bad(why))),
        Err(Unfit::Check(why)) => Err(Broken::local(Fault::Source, why)),
    }
}

async fn remove(file: &Path) {
    // Not there is as good as removed.
    let _ = tokio::fs::remove_file(file).await;
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
