//! How full a disk is.

use std::path::Path;

use etiquette::Disk;

/// The disk of a folder that is there.
pub(crate) fn look(folder: &Path) -> Option<Disk> {
    Some(Disk {
        free: fs4::available_space(folder).ok()?,
        total: fs4::total_space(folder).ok()?,
    })
}
