//! How fast bytes may move: a limit for everything in one direction, whoever it goes to or comes from.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::link::lock;

/// What was not used for so long may be used at once, so that a pause to read the disk costs nothing.
const BURST: Duration = Duration::from_millis(500);

/// A bucket of bytes that fills evenly. Everybody who moves bytes takes them out of it, in the order they came.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Bytes a second; 0 for no limit.
    rate: AtomicU64,
    /// When everything that was promised so far has moved.
    through: Mutex<Instant>,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            rate: AtomicU64::new(0),
            through: Mutex::new(Instant::now()),
        }
    }
}

impl Pace {
    /// Sets the limit, bytes a second; it counts from the next bytes on.
    pub(crate) fn set(&self, rate: Option<u64>) {
        self.rate.store(rate.unwrap_or(0), Ordering::Relaxed);
    }

    /// Waits until `bytes` more may move. Whoever goes away while waiting has used them up all the same.
    pub(crate) async fn spend(&self, bytes: usize) {
        let rate = self.rate.load(Ordering::Relaxed);
        if rate == 0 {
            return;
        }
        let took = Duration::from_secs_f64(bytes as f64 / rate as f64);
        let through = {
            let mut through = lock(&self.through);
            let now = Instant::now();
            let earliest = now.checked_sub(BURST).unwrap_or(now);
            *through = (*through).max(earliest) + took;
            *through
        };
        sleep_until(through).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn all_together_keep_the_limit() {
        let pace = Arc::new(Pace::default());
        pace.set(Some(1_000_000));
        let begun = Instant::now();
        let movers = (0..4).map(|_| {
            let pace = Arc::clone(&pace);
            tokio::spawn(async move {
                for _ in 0..10 {
                    pace.spend(100_000).await;
                }
            })
        });
        futures_util::future::join_all(movers).await;
        let seconds = begun.elapsed().as_secs_f64();
        assert!((3.5..=4.01).contains(&seconds), "4 MB took {seconds} s");
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_limit_nobody_waits() {
        let pace = Pace::default();
        let begun = Instant::now();
        pace.spend(usize::MAX >> 1).await;
        assert_eq!(begun.elapsed(), Duration::ZERO);
        pace.set(Some(1000));
        pace.spend(2000).await;
        pace.set(None);
        let begun = Instant::now();
        pace.spend(1 << 30).await;
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_is_not_saved_up() {
        let pace = Pace::default();
        pace.set(Some(1000));
        pace.spend(1).await;
        tokio::time::sleep(Duration::from_secs(3600)).await;
        let begun = Instant::now();
        pace.spend(2000).await;
        assert!(begun.elapsed() >= Duration::from_millis(1500));
    }
}
