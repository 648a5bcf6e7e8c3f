//! A film of another computer on its way here, and what its result is.

use std::path::Path;

use peer::{BlobId, TransferError};

use super::decide::{Fault, Made};
use super::{FILM, TELL};
use crate::verify;

/// A film that is coming ends where less than this is left on the disk, bytes.
const LEAST_FREE: u64 = 256 << 20;

/// The film into its folder, as long as there is room for it.
pub(super) async fn take(
    link: &peer::Link,
    blob: BlobId,
    bytes: u64,
    folder: &Path,
) -> Result<(), Fault> {
    let file = folder.join(FILM);
    let taken = tokio::select! {
        taken = link.pull(blob, bytes, &file) => taken,
        () = no_room(folder) => return Err(Fault::NoSpace),
    };
    match taken {
        Ok(received) if received.bytes == bytes => Ok(()),
        Ok(received) => Err(Fault::Bad(format!(
            "{} of {bytes} bytes came",
            received.bytes
        ))),
        Err(TransferError::Store(error)) if error.kind() == std::io::ErrorKind::StorageFull => {
            Err(Fault::NoSpace)
        }
        Err(
            error @ (TransferError::TooLong { .. }
            | TransferError::Mismatch
            | TransferError::Store(_)),
        ) => Err(Fault::Bad(error.to_string())),
        Err(_) => Err(Fault::Link),
    }
}

async fn no_room(folder: &Path) {
    loop {
        tokio::time::sleep(TELL).await;
        if fs4::available_space(folder).is_ok_and(|free| free < LEAST_FREE) {
            return;
        }
    }
}

/// What the result is, as its sender will check it.
pub(super) async fn measure(folder: &Path, output: &Path, frames: u64) -> Result<Made, String> {
    let file = output.file_name().and_then(|name| name.to_str());
    let file = file.ok_or("its result has no name")?.to_owned();
    let measured = verify::file_digest(&folder.join(&file)).await;
    let (digest, bytes) = measured.map_err(|e| e.to_string())?;
    let digest = digest.parse().map_err(|_| "its digest is none")?;
    Ok(Made {
        bytes,
        digest,
        frames,
        file,
    })
}
