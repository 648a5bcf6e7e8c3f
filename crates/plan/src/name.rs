//! What the output is called.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use media::choice::Choice;

/// `<name>.<codec>.<ext>` in `folder`, or beside the source; the `n`th candidate where the
/// earlier ones are taken: `<name>.<codec> (2).<ext>`.
#[must_use]
pub fn candidate(source: &Path, folder: Option<&Path>, choice: &Choice, n: u32) -> PathBuf {
    let folder = folder
        .or_else(|| source.parent())
        .unwrap_or_else(|| Path::new("."));
    let mut name: OsString = source.file_stem().unwrap_or_default().to_owned();
    name.push(format!(".{}", choice.codec()));
    if n > 1 {
        name.push(format!(" ({n})"));
    }
    name.push(format!(".{}", choice.container().name()));
    folder.join(name)
}

/// The `n`th candidate for an output the user named.
#[must_use]
pub fn numbered(output: &Path, n: u32) -> PathBuf {
    if n <= 1 {
        return output.to_owned();
    }
    let mut name: OsString = output.file_stem().unwrap_or_default().to_owned();
    name.push(format!(" ({n})"));
    if let Some(extension) = output.extension() {
        name.push(".");
        name.push(extension);
    }
    output.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_codec_and_never_collide() {
        let choice = Choice::default();
        let source = Path::new("/films/My film.v1.mp4");
        assert_eq!(
            candidate(source, None, &choice, 1),
            Path::new("/films/My film.v1.hevc.mkv")
        );
        assert_eq!(
            candidate(source, Some(Path::new("/out")), &choice, 3),
            Path::new("/out/My film.v1.hevc (3).mkv")
        );
        assert_eq!(
            numbered(Path::new("/o/a.mkv"), 2),
            Path::new("/o/a (2).mkv")
        );
    }
}
