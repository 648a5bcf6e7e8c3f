//! Where a node keeps its data: the same place for the window and the command line.

use std::path::PathBuf;

use crate::error::{ApiError, ErrorCode};

/// The folder that was named, else the system's place for such; absolute. It need not exist yet.
///
/// # Errors
/// [`ErrorCode::BadDataFolder`] if the user has no home folder, or the name is none.
pub fn data_folder(named: Option<PathBuf>) -> Result<PathBuf, ApiError> {
    let homeless = || {
        ApiError::new(
            ErrorCode::BadDataFolder,
            "This user has no home folder to keep data in.",
        )
        .help("Name a folder with --data.")
    };
    let usual = || {
        directories::ProjectDirs::from("", "", "manyhands")
            .map(|dirs| dirs.data_local_dir().to_owned())
    };
    let folder = named.or_else(usual).ok_or_else(homeless)?;
    std::path::absolute(&folder).map_err(|error| {
        let text = format!("{} is no folder: {error}.", folder.display());
        ApiError::new(ErrorCode::BadDataFolder, text).help("Name a folder with --data.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_folder_is_taken_and_made_absolute() {
        let here = std::env::current_dir().unwrap();
        assert_eq!(
            data_folder(Some("some/where".into())),
            Ok(here.join("some/where"))
        );
        assert_eq!(
            data_folder(Some(PathBuf::new())).unwrap_err().code,
            ErrorCode::BadDataFolder
        );
    }
}
