//! Other programs of the user's: the player that opens a film, the file manager that shows it.

use std::path::Path;

use api::{ApiError, ErrorCode};

/// Opens a film with whatever the system opens films with.
///
/// # Errors
/// [`ErrorCode::NoSuchFile`] if it is gone; [`ErrorCode::Other`] if nothing opens it.
pub fn open(path: &Path) -> Result<(), ApiError> {
    there(path)?;
    tauri_plugin_opener::open_path(path, None::<&str>).map_err(|error| {
        let text = format!("No program opened {}: {error}.", path.display());
        ApiError::new(ErrorCode::Other, text).help("Open it from its folder.")
    })
}

/// Shows a film in its folder, highlighted where the file manager can do that.
///
/// # Errors
/// As [`open`].
pub fn show(path: &Path) -> Result<(), ApiError> {
    there(path)?;
    if let Err(error) = tauri_plugin_opener::reveal_item_in_dir(path) {
        tracing::debug!(%error, "no file manager highlights files here");
        return open(path.parent().unwrap_or(path));
    }
    Ok(())
}

fn there(path: &Path) -> Result<(), ApiError> {
    if path.exists() {
        return Ok(());
    }
    let text = format!("{} is not there any more.", path.display());
    Err(ApiError::new(ErrorCode::NoSuchFile, text).help("It was moved or deleted since."))
}
