//! What a node writes down of its work: warnings on standard error, and more in the data folder, in files that take each
//! other's place before they get large. Nothing secret is ever logged; a test looks for it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use file_rotate::compression::Compression;
use file_rotate::suffix::AppendCount;
use file_rotate::{ContentLimit, FileRotate};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

/// A file is put aside when it has so many bytes.
const LARGEST: usize = 2 << 20;
/// So many of those are kept.
const OLDER: usize = 3;
/// Bytes of the newest lines that go into a report.
const TAIL: u64 = 64 << 10;
/// What is worth a line in the file.
const WORTH: &str = "warn,api=info,cli=info,engine=info,ffmpeg=info,local=info,peer=info,schedule=info,store=info,web=info,manyhands=info";

type Rotated = FileRotate<AppendCount>;

/// The file of this process's node, once it has one.
static FILE: OnceLock<Mutex<Rotated>> = OnceLock::new();

/// Begins to log: to standard error what `usual` lets through, unless MANYHANDS_LOG says otherwise; and to the data
/// folder of the node that this process starts, from then on.
pub fn begin(usual: &str) {
    let said = EnvFilter::try_from_env("MANYHANDS_LOG").unwrap_or_else(|_| EnvFilter::new(usual));
    let shown = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_filter(said);
    let kept = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(ToFile)
        .with_filter(EnvFilter::new(WORTH));
    // Somebody else's subscriber, as in a test, stays.
    let _ = tracing_subscriber::registry()
        .with(shown)
        .with(kept)
        .try_init();
}

/// Where the log of a data folder is.
fn place(data: &Path) -> PathBuf {
    data.join("logs").join("manyhands.log")
}

/// Logs into this data folder from now on. The caller's node holds its lock. A folder that takes no log does without.
pub(crate) fn keep_in(data: &Path) {
    let file = place(data);
    if file.parent().is_none_or(|folder| private(folder).is_err()) {
        return;
    }
    FILE.get_or_init(|| {
        let limit = ContentLimit::BytesSurpassed(LARGEST);
        let options = Some(options());
        let older = AppendCount::new(OLDER);
        Mutex::new(FileRotate::new(
            file,
            older,
            limit,
            Compression::None,
            options,
        ))
    });
}

fn private(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

fn options() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.read(true).create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options
}

/// The newest lines of a data folder's log; none where there is no log.
pub(crate) fn tail(data: &Path) -> String {
    use std::io::{Read as _, Seek as _, SeekFrom};
    let read = || -> io::Result<Vec<u8>> {
        let mut file = fs::File::open(place(data))?;
        let size = file.metadata()?.len();
        file.seek(SeekFrom::Start(size.saturating_sub(TAIL)))?;
        let mut bytes = Vec::new();
        file.take(TAIL).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    // The first line may have lost its beginning.
    let whole = text.split_once('\n').filter(|_| bytes.len() as u64 == TAIL);
    whole.map_or(text.clone(), |(_, rest)| rest.to_owned())
}

/// Where the lines go.
struct ToFile;

/// The file for one line, or nothing while there is none.
struct Line(Option<MutexGuard<'static, Rotated>>);

impl<'a> MakeWriter<'a> for ToFile {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line(
            FILE.get()
                .map(|file| file.lock().unwrap_or_else(PoisonError::into_inner)),
        )
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Some(file) => file.write(bytes),
            None => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.as_mut().map_or(Ok(()), |file| file.flush())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_gets_whole_lines_of_the_end() {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(tail(data.path()), "");
        let line = format!("{}\n", "x".repeat(99));
        private(&data.path().join("logs")).unwrap();
        fs::write(place(data.path()), line.repeat(3)).unwrap();
        assert_eq!(tail(data.path()), line.repeat(3));
        fs::write(place(data.path()), line.repeat(5000)).unwrap();
        let end = tail(data.path());
        assert!(end.len() as u64 <= TAIL && end.len() > 60_000);
        assert!(end.starts_with('x') && end.len().is_multiple_of(line.len()));
    }
}
