//! A segment is encoded on this machine: the extraction's output is the encoder's input, nothing
//! in between.

use std::fs::File;
use std::time::{Duration, Instant};

use ffmpeg::child::{Feed, RunError};
use ffmpeg::encode::{self, Encoding};
use ffmpeg::extract;
use schedule::{Fault, Input};

use crate::lease::{Assignment, Bench, Broken, Made};

/// How often the loop hears of progress.
const BEAT: Duration = Duration::from_millis(500);

/// Encodes a segment of our own film here.
///
/// # Errors
/// [`Broken`]: an encoder's failure is this peer's, an extraction's is the source's.
pub(crate) async fn here(bench: Bench, assignment: Assignment) -> Result<Made, Broken> {
    let lease = assignment.lease.id;
    bench.tell(Input::Delivered { lease });
    let seat = bench.seats.acquire().await.map_err(Broken::peer)?;
    let begun = Instant::now();
    let reading = assignment.reading();
    let source = |e: RunError| Broken::unread(&assignment, &e);
    let mut extraction =
        extract::start(&bench.ffmpeg, &assignment.film.source, reading).map_err(source)?;
    let feed = extraction.stdout.take().map_or(Feed::Nothing, Feed::From);
    let result = File::create(&assignment.file).map_err(|e| Broken::here(&e))?;
    let encoding = encode::start(
        &bench.ffmpeg,
        &assignment.spec,
        bench.allowance,
        feed,
        result,
        assignment.most,
    )
    .map_err(Broken::peer)?;
    let encoded = finish(&bench, &assignment, encoding).await;
    // What could not be read explains whatever the encoder made of it.
    match extraction.finish().await {
        Err(error @ RunError::Unread(_)) => return Err(source(error)),
        read => encoded.and_then(|()| read.map(drop).map_err(source))?,
    }
    drop(seat);
    let encode_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    bench.timed(lease, encode_ms, 0);
    bench.tell(Input::Encoded { lease });
    Ok(Made {
        decoded: None,
        encode_ms,
        ffmpeg: bench.version.clone(),
        sent_bytes: 0,
        read_there: false,
    })
}

async fn finish(bench: &Bench, assignment: &Assignment, encoding: Encoding) -> Result<(), Broken> {
    let frames = encoding.frames();
    let tell = async {
        loop {
            tokio::time::sleep(BEAT).await;
            let done = assignment.film.work_made(u64::from(*frames.borrow()));
            bench.tell(Input::Progress {
                lease: assignment.lease.id,
                done,
            });
        }
    };
    tokio::select! {
        said = encoding.finish() => said.map(drop).map_err(|error| match error {
            error if error.is_too_large() => Broken::Outgrew,
            error => Broken::local(Fault::Peer, error.to_string()),
        }),
        () = tell => Ok(()),
    }
}
