//! `cargo xtask bench`: the figures that the README claims.

use anyhow::{Result, bail};

pub fn bench(_: &[String]) -> Result<()> {
    bail!("there is nothing to measure yet")
}
