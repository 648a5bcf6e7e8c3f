//! The window in front of a node: files that another process was opened with go to it, and what it finds out about
//! its desktop stands in the check-up.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use crate::Api;
use crate::error::{ApiError, ErrorCode};
use crate::path::FilePath;
use crate::view::Finding;

/// Files handed to the window, as they come: each time, those of one process.
pub type Handed = UnboundedReceiver<Vec<FilePath>>;

/// Who takes files, if anybody does, and what they have found.
#[derive(Default)]
pub struct Front {
    taker: Mutex<Option<UnboundedSender<Vec<FilePath>>>>,
    findings: Mutex<Vec<Finding>>,
}

impl Front {
    /// What the window has found.
    pub fn findings(&self) -> Vec<Finding> {
        lock(&self.findings).clone()
    }
}

impl Api {
    /// Takes the files that other processes hand over from now on. The latest caller gets them.
    pub fn handed(&self) -> Handed {
        let (sender, handed) = mpsc::unbounded_channel();
        *lock(&self.front.taker) = Some(sender);
        handed
    }

    /// What a window has found out about its desktop, for `doctor` to show; in place of what it said of the same
    /// subject before.
    pub fn found(&self, finding: Finding) {
        let mut findings = lock(&self.front.findings);
        findings.retain(|one| one.subject != finding.subject);
        findings.push(finding);
    }

    /// Hands files to the window.
    ///
    /// # Errors
    /// [`ErrorCode::NotNow`] where this node has no window.
    #[expect(clippy::unused_async, reason = "every call is asynchronous")]
    pub async fn present(&self, paths: Vec<FilePath>) -> Result<(), ApiError> {
        let none = || {
            let text = "Manyhands already runs with this data folder, without a window.";
            ApiError::new(ErrorCode::NotNow, text).help("Open its page, or stop it first.")
        };
        let front = lock(&self.front.taker);
        let taker = front.as_ref().ok_or_else(none)?;
        taker.send(paths).map_err(|_| none())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::rehearsal::Rehearsal;
    use crate::view::Level;

    #[tokio::test]
    async fn what_the_window_found_last_stands_in_the_check_up() {
        let api = Api::new(Arc::new(Rehearsal::default()));
        let before = api.doctor().await.unwrap().findings;
        for level in [Level::Good, Level::Note] {
            api.found(Finding {
                subject: "sleep".into(),
                level,
                says: "So it is.".into(),
                help: String::new(),
            });
        }
        let after = api.doctor().await.unwrap().findings;
        assert_eq!(after.len(), before.len() + 1);
        assert_eq!(after.last().unwrap().level, Level::Note);
    }

    #[tokio::test]
    async fn files_go_to_the_window_and_nowhere_else() {
        let api = Api::new(Arc::new(Rehearsal::default()));
        let files = vec![FilePath::from("/films/a.mkv")];
        let alone = api.present(files.clone()).await;
        assert_eq!(alone.unwrap_err().code, ErrorCode::NotNow);
        let mut handed = api.handed();
        api.clone().present(files.clone()).await.unwrap();
        assert_eq!(handed.recv().await, Some(files.clone()));
        drop(handed);
        assert_eq!(
            api.present(files).await.unwrap_err().code,
            ErrorCode::NotNow
        );
    }
}
