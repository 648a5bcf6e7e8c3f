//! What ties a task that is done here to its owner: a link, which may break, and be made anew later and from another
//! address. The task goes on meanwhile, for as long as its result is kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use peer::{BlobId, Digest, Link, Message, TaskId};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::shared::Supply;

/// An owner that has been away for so long has forgotten what it gave.
pub(crate) const KEPT: Duration = Duration::from_secs(3600);
/// The same of a task whose source had not come when it went.
const UNFED: Duration = Duration::from_secs(300);

/// One connection to the owner, and what the two call the task's blobs on it.
#[derive(Clone, Debug)]
pub(crate) struct Tie {
    pub link: Link,
    pub source: BlobId,
    pub result: BlobId,
    /// How the source gets here.
    pub supply: Supply,
}

/// The connection there is, if there is one; for the task's side.
#[derive(Clone, Debug)]
pub(crate) struct Ties(watch::Receiver<Option<Tie>>);

/// How far a task is, as it is said to an owner that is back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Standing {
    sourced: Arc<AtomicBool>,
    frames: Arc<AtomicU64>,
    vouched: Arc<watch::Sender<Option<Digest>>>,
}

impl Standing {
    /// The whole source is here from now on.
    pub fn set_sourced(&self) {
        self.sourced.store(true, Ordering::Relaxed);
    }

    /// Whether it is.
    pub fn is_sourced(&self) -> bool {
        self.sourced.load(Ordering::Relaxed)
    }

    /// Its owner says what the source is.
    pub fn vouch(&self, digest: Digest) {
        self.vouched.send_replace(Some(digest));
    }

    /// What it said that is; waits for it.
    pub async fn vouched(&self) -> Digest {
        let mut vouched = self.vouched.subscribe();
        let said = vouched.wait_for(Option::is_some).await.map(|said| *said);
        match said {
            Ok(Some(digest)) => digest,
            // The sender lives as long as this does.
            Ok(None) | Err(_) => std::future::pending().await,
        }
    }

    /// So many frames are encoded.
    pub fn set_frames(&self, frames: u64) {
        self.frames.store(frames, Ordering::Relaxed);
    }
}

impl Ties {
    /// A task tied so, and the loop's handle of it.
    pub fn new(tie: Tie) -> (watch::Sender<Option<Tie>>, Self) {
        let (handle, ties) = watch::channel(Some(tie));
        (handle, Self(ties))
    }

    /// The connection there is, or the next there will be.
    pub async fn tied(&mut self) -> Tie {
        let living = |tie: &Option<Tie>| tie.as_ref().is_some_and(|tie| !tie.link.is_closed());
        let found = self
            .0
            .wait_for(living)
            .await
            .ok()
            .and_then(|tie| tie.clone());
        match found {
            Some(tie) => tie,
            // The loop has let go of the task, which is ended by that.
            None => std::future::pending().await,
        }
    }

    /// What `work` comes to; `None` if another connection takes the place of the one that [`Ties::tied`] gave.
    pub async fn while_tied<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            Ok(()) = self.0.changed() => None,
            done = work => Some(done),
        }
    }

    /// Says it to the owner, if there is a connection.
    pub async fn say(&self, message: Message) {
        let link = self.0.borrow().as_ref().map(|tie| tie.link.clone());
        if let Some(link) = link {
            // A link that broke says it as well: the owner asks again when it is back.
            let _ = link.send(message).await;
        }
    }

    /// Says to an owner that is back how far the task is, once it needs nothing more of it; for ever.
    pub async fn greet_again(&self, task: TaskId, standing: &Standing) {
        let mut ties = self.0.clone();
        ties.mark_unchanged();
        while ties.changed().await.is_ok() {
            let frames = standing.frames.load(Ordering::Relaxed);
            if ties.borrow_and_update().is_some() {
                self.say(Message::Progress { task, frames }).await;
            }
        }
        std::future::pending().await
    }

    /// Returns when the owner has been away for too long.
    pub async fn abandoned(&self, standing: &Standing) {
        let mut ties = self.0.clone();
        loop {
            if ties.wait_for(Option::is_none).await.is_err() {
                // The loop has let go of the task, which is ended by that.
                return std::future::pending().await;
            }
            let kept = if standing.is_sourced() { KEPT } else { UNFED };
            let back = timeout(kept, ties.wait_for(Option::is_some)).await.is_ok();
            if !back {
                return;
            }
        }
    }
}
