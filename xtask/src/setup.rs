//! What has to be in place before something can be built, run or tested.
//!
//! Every step is safe to repeat, is quick when there is nothing to do, and says
//! in one line what it does when there is.

use crate::packages::Need;
use crate::{ffmpeg, packages, toolchain, ui};
use anyhow::{Result, bail};
use std::path::PathBuf;

/// Puts in place what `need` asks for; answers with the pinned ffmpeg's path.
pub fn set_up(need: Need) -> Result<PathBuf> {
    packages::install(need)?;
    toolchain::check(need)?;
    let ffmpeg = ffmpeg::obtain()?;
    ui::build()?;
    Ok(ffmpeg)
}

/// `cargo xtask setup [headless|desktop|tests]`: the system's part only.
pub fn from_args(args: &[String]) -> Result<()> {
    let need = match args.first().map(String::as_str) {
        None | Some("tests") => Need::Tests,
        Some("desktop") => Need::Desktop,
        Some("headless") => Need::Headless,
        Some(other) => bail!("'{other}' is none of headless, desktop, tests"),
    };
    packages::install(need)?;
    toolchain::check(need)
}
