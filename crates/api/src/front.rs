//! The window in front of a node: files that another process was opened with go to it.

use std::sync::{Mutex, PoisonError};

use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use crate::Api;
use crate::error::{ApiError, ErrorCode};
use crate::path::FilePath;

/// Files handed to the window, as they come: each time, those of one process.
pub type Handed = UnboundedReceiver<Vec<FilePath>>;

/// Who takes files, if anybody does.
#[derive(Default)]
pub struct Front(Mutex<Option<UnboundedSender<Vec<FilePath>>>>);

impl Api {
    /// Takes the files that other processes hand over from now on. The latest caller gets them.
    pub fn handed(&self) -> Handed {
        let (sender, handed) = mpsc::unbounded_channel();
        *self.front.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        handed
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
        let front = self.front.0.lock().unwrap_or_else(PoisonError::into_inner);
        let taker = front.as_ref().ok_or_else(none)?;
        taker.send(paths).map_err(|_| none())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::rehearsal::Rehearsal;

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
