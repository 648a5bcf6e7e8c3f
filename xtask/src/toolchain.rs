//! Rust and Node: what a clone may expect to be there, checked with a sentence
//! that says what to do when it is not.

use crate::packages::Need;
use crate::shell::{self, command, say};
use anyhow::{Context, Result, bail};

/// The oldest Node that the page's build tools accept (Vite 8: 20.19).
const NODE_FLOOR: (u32, u32) = (20, 19);

/// Checks Node, and for the tests clippy and rustfmt, adding those by rustup where it is there.
pub fn check(need: Need) -> Result<()> {
    node()?;
    if need == Need::Tests {
        component("clippy", &["clippy", "--version"])?;
        component("rustfmt", &["fmt", "--version"])?;
    }
    Ok(())
}

fn node() -> Result<()> {
    let advice = format!(
        "Node {}.{} or newer builds the page; get it from https://nodejs.org or your package manager",
        NODE_FLOOR.0, NODE_FLOOR.1
    );
    let said = shell::output(command("node").arg("--version")).context(advice.clone())?;
    let found = version(&said).with_context(|| format!("node says its version is {said:?}"))?;
    if found < NODE_FLOOR {
        bail!("Node {} is too old. {advice}", said.trim());
    }
    if shell::find(if cfg!(windows) { "npm.cmd" } else { "npm" }).is_none() {
        bail!("npm is missing (it comes with Node, or as the package 'npm')");
    }
    Ok(())
}

/// Major and minor of "v20.20.2".
fn version(said: &str) -> Option<(u32, u32)> {
    let mut parts = said.trim().trim_start_matches('v').split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn component(name: &str, probe: &[&str]) -> Result<()> {
    if shell::succeeds(shell::cargo().args(probe)) {
        return Ok(());
    }
    say(format!("adding Rust's {name} with rustup"));
    shell::run(command("rustup").args(["component", "add", name])).with_context(|| {
        format!("cargo has no {name}; install it with your Rust's package manager")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_says_its_version_with_a_v() {
        assert_eq!(version("v20.20.2\n"), Some((20, 20)));
        assert_eq!(version("v18.19.0"), Some((18, 19)));
        assert_eq!(version("what"), None);
    }
}
