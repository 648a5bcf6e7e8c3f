//! The ffmpeg the tests themselves use: to make clips and to read them back.
//!
//! Nothing here goes through the product. What the product calls exact is checked by a second reader, and a reader
//! that shared its code would share its mistakes.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};

/// The root of the checkout.
#[must_use]
pub fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or_else(|| Path::new("/"))
}

/// The ffmpeg that makes and reads clips: `MANYHANDS_FFMPEG`, else the bundled one under `.tools`, else the system's.
#[must_use]
pub fn ffmpeg() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| {
        named()
            .or_else(bundled)
            .unwrap_or_else(|| PathBuf::from("ffmpeg"))
    })
}

/// The system's own ffmpeg where it is another one than [`ffmpeg`], for checks that two versions agree.
#[must_use]
pub fn system_ffmpeg() -> Option<&'static Path> {
    let path = Path::new("/usr/bin/ffmpeg");
    (path.exists() && ffmpeg() != path).then_some(path)
}

/// The system's own ffmpeg where it is one of the versions that the product asks less of: 5.1, which Debian 12 has, and
/// all before 9.
#[must_use]
pub fn old_ffmpeg() -> Option<&'static Path> {
    let path = system_ffmpeg()?;
    let said = run(path, ["-version"], Path::new(".")).ok()?;
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    let version = said.strip_prefix("ffmpeg version ")?;
    let major: u32 = version.split_once('.')?.0.parse().ok()?;
    (major < 9).then_some(path)
}

/// The first line of `ffmpeg -version`: part of what a cached clip depends on.
#[must_use]
pub fn version() -> &'static str {
    static LINE: OnceLock<String> = OnceLock::new();
    LINE.get_or_init(|| {
        let said = run(ffmpeg(), ["-version"], Path::new("."));
        let said = said.map(|said| String::from_utf8_lossy(&said.stdout).into_owned());
        said.unwrap_or_default()
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned()
    })
}

/// What a finished program wrote.
pub struct Said {
    /// Whether it ended with exit code 0.
    pub ok: bool,
    /// Its exit code, if it was not killed.
    pub code: Option<i32>,
    /// Everything on standard output.
    pub stdout: Vec<u8>,
    /// Everything on standard error, with bytes that are not UTF-8 replaced.
    pub stderr: String,
}

/// Runs a program in a folder and keeps what it says. Standard input is empty.
///
/// # Errors
/// If the program cannot be started or its output cannot be read. A failing exit code is not an error here.
pub fn run<I, S>(program: &Path, arguments: I, folder: &Path) -> Result<Said>
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    feed(program, arguments, folder, Vec::new())
}

/// As [`run`], with `input` on standard input.
///
/// # Errors
/// As [`run`].
pub fn feed<I, S>(program: &Path, arguments: I, folder: &Path, input: Vec<u8>) -> Result<Said>
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))?;
    let (Some(mut stdin), Some(mut stdout), Some(mut stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        bail!("{} has no pipes", program.display());
    };
    let writer = std::thread::spawn(move || {
        // A program that does not read its input closes the pipe; that is its right.
        drop(stdin.write_all(&input));
    });
    let errors = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stderr.read_to_end(&mut bytes).map(|_| bytes)
    });
    let mut out = Vec::new();
    stdout
        .read_to_end(&mut out)
        .context("cannot read standard output")?;
    let bytes = errors
        .join()
        .ok()
        .context("the reader of standard error failed")??;
    drop(writer.join());
    let status = child.wait().context("cannot wait for the program")?;
    Ok(Said {
        ok: status.success(),
        code: status.code(),
        stdout: out,
        stderr: String::from_utf8_lossy(&bytes).into_owned(),
    })
}

/// As [`run`], and a failing exit code is an error that shows the end of what the program said.
///
/// # Errors
/// If the program cannot be run or does not end with exit code 0.
pub fn must<I, S>(program: &Path, arguments: I, folder: &Path) -> Result<Said>
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let arguments: Vec<_> = arguments
        .into_iter()
        .map(|it| it.as_ref().to_owned())
        .collect();
    let said = run(program, &arguments, folder)?;
    if !said.ok {
        let tail: Vec<&str> = said.stderr.lines().rev().take(12).collect();
        let tail: Vec<&str> = tail.into_iter().rev().collect();
        bail!(
            "{} {arguments:?} ended with {:?}:\n{}",
            program.display(),
            said.code,
            tail.join("\n")
        );
    }
    Ok(said)
}

/// `file:` and the path, so that no name is taken for an option, a protocol or a pattern.
#[must_use]
pub fn file_url(path: &Path) -> std::ffi::OsString {
    let mut url = std::ffi::OsString::from("file:");
    url.push(path);
    url
}

fn named() -> Option<PathBuf> {
    std::env::var_os("MANYHANDS_FFMPEG")
        .map(PathBuf::from)
        .filter(|path| path.exists())
}

fn bundled() -> Option<PathBuf> {
    let folders = std::fs::read_dir(checkout().join(".tools/ffmpeg")).ok()?;
    let mut found: Vec<PathBuf> = folders
        .flatten()
        .map(|folder| {
            folder
                .path()
                .join(format!("ffmpeg{}", std::env::consts::EXE_SUFFIX))
        })
        .filter(|path| runs(path))
        .collect();
    found.sort();
    found.into_iter().next()
}

/// Whether this machine can start it: the folder may hold builds for other platforms.
fn runs(path: &Path) -> bool {
    path.exists() && run(path, ["-version"], Path::new(".")).is_ok_and(|said| said.ok)
}
