//! Looks at drives of other computers. One whose computer is gone answers nothing, ever: a look at it never ends, and
//! the thread that looks is lost. So nobody waits for that without end, and only so many are lost.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// Threads that look at once. Where so many have got stuck nothing is looked at until one comes back.
const MOST: usize = 8;

/// The right to look.
#[derive(Clone, Debug)]
pub(crate) struct Looks {
    threads: Arc<Semaphore>,
    /// Of searches: one goes on at a time.
    turn: Arc<Semaphore>,
}

impl Default for Looks {
    fn default() -> Self {
        Self {
            threads: Arc::new(Semaphore::new(MOST)),
            turn: Arc::new(Semaphore::new(1)),
        }
    }
}

impl Looks {
    /// What a look comes to, which blocks; `None` if there is no thread for it, or no answer, within `patience`.
    pub async fn look<T: Send + 'static>(
        &self,
        patience: Duration,
        look: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let threads = Arc::clone(&self.threads);
        let looked = async {
            let thread = threads.acquire_owned().await.ok()?;
            let looking = spawn_blocking(move || {
                // Let go when the look has come to an end, however long its drive takes.
                let _thread = thread;
                look()
            });
            looking.await.ok()
        };
        timeout(patience, looked).await.ok().flatten()
    }

    /// A search, when its turn comes; `None` also where `gone` is sooner. What gets stuck keeps a thread, not the turn.
    pub async fn search<T: Send + 'static>(
        &self,
        patience: Duration,
        gone: impl Future<Output = ()>,
        search: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let _turn = tokio::select! {
            turn = self.turn.acquire() => turn.ok()?,
            () = gone => return None,
        };
        self.look(patience, search).await
    }
}

#[cfg(test)]
impl Looks {
    /// Every thread gets stuck, for as long as what this gives is kept.
    pub async fn stick(&self) -> Vec<std::sync::mpsc::Sender<()>> {
        let mut drives = Vec::new();
        for _ in 0..MOST {
            let (drive, hangs) = tests::stuck();
            drives.push(drive);
            let looked = self.look(Duration::from_millis(20), hangs).await;
            assert_eq!(looked, None);
        }
        drives
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::sync::mpsc;

    use super::*;

    const SOON: Duration = Duration::from_millis(20);
    /// Never reached where all is well.
    const LATE: Duration = Duration::from_secs(60);

    /// A look at a drive that answers when its other half is dropped.
    pub(super) fn stuck() -> (mpsc::Sender<()>, impl FnOnce() + Send + 'static) {
        let (answer, waits) = mpsc::channel::<()>();
        (answer, move || {
            let _ = waits.recv();
        })
    }

    #[tokio::test]
    async fn a_search_that_hangs_keeps_nobody_else_from_searching() {
        let looks = Looks::default();
        let (_drive, hangs) = stuck();
        assert_eq!(looks.search(SOON, pending(), hangs).await, None);
        assert_eq!(looks.search(LATE, pending(), || 1).await, Some(1));
        // Who is gone does not wait.
        let (_other, hangs) = stuck();
        let first = looks.search(LATE, pending(), hangs);
        let second = async {
            tokio::task::yield_now().await;
            looks.search(LATE, ready(()), || 1).await
        };
        tokio::select! {
            biased;
            _ = first => panic!("nothing has answered"),
            second = second => assert_eq!(second, None),
        }
    }

    #[tokio::test]
    async fn only_so_many_threads_are_lost() {
        let looks = Looks::default();
        let mut drives = looks.stick().await;
        assert_eq!(looks.look(SOON, || 1).await, None);
        drop(drives.pop());
        assert_eq!(looks.look(LATE, || 1).await, Some(1));
    }
}
