//! A second start with the same data folder: its files go to the window that is open.

use std::time::Duration;

use api::FilePath;
use api::call::Present;
use local::Client;
use tokio::time::timeout;

use crate::Line;

/// How long the first may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether a window was open and has taken the files. Where there is none, or it does not answer, this process
/// goes on, and its own node says why it cannot run.
pub fn hand_over(line: &Line) -> bool {
    let Ok(data) = api::data_folder(line.data.clone()) else {
        return false;
    };
    let paths = line.absolute_files().into_iter().map(FilePath).collect();
    tauri::async_runtime::block_on(async {
        let handed = async {
            let first = Client::connect(&data).await.ok().flatten()?;
            first.call(Present { paths }).await.ok()
        };
        timeout(PATIENCE, handed).await.ok().flatten().is_some()
    })
}
