//! How often runs of this process have failed, for whoever watches over the computer. Trials do not count: there a
//! failure is an answer.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::child::RunError;

/// Ways to fail.
const WAYS: [&str; 5] = ["not_started", "failed", "stopped", "unread", "pipe"];

static SO_FAR: [AtomicU64; WAYS.len()] = [const { AtomicU64::new(0) }; WAYS.len()];

/// How many there were, by how: it could not be started, ended with a failure, reached a limit, could not read its
/// input to the end, or broke its pipe.
#[must_use]
pub fn so_far() -> [(&'static str, u64); WAYS.len()] {
    let mut at = SO_FAR.iter();
    WAYS.map(|way| (way, at.next().map_or(0, |one| one.load(Ordering::Relaxed))))
}

pub(crate) fn note(error: &RunError) {
    let way = match error {
        RunError::NotStarted { .. } => "not_started",
        RunError::Failed { .. } => "failed",
        RunError::Stopped { .. } => "stopped",
        RunError::Unread(_) => "unread",
        RunError::Pipe(_) => "pipe",
    };
    let found = WAYS.iter().zip(&SO_FAR).find(|(name, _)| **name == way);
    found.map(|(_, count)| count.fetch_add(1, Ordering::Relaxed));
}

#[cfg(all(test, unix))]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::child::Run;

    #[expect(clippy::unwrap_used, reason = "part of the test below")]
    fn count(way: &str) -> u64 {
        let all = so_far();
        all.iter().find(|(name, _)| *name == way).unwrap().1
    }

    #[tokio::test]
    async fn what_fails_is_counted_and_what_is_tried_is_not() {
        let missing = || Run::new(Path::new("/no/such/program"));
        let before = count("not_started");
        missing().answers().finish().await.unwrap_err();
        assert_eq!(count("not_started"), before);
        missing().finish().await.unwrap_err();
        assert_eq!(count("not_started"), before + 1);
        let before = count("failed");
        let fails = Run::new(Path::new("/bin/sh")).args(["-c", "exit 3"]);
        fails.finish().await.unwrap_err();
        assert!(count("failed") > before);
    }
}
