//! `cargo xtask bindings`: the page's TypeScript types, written by a test of the
//! crate `api` from the Rust types it sends.

use crate::shell::{self, cargo, say};
use crate::tree;
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Where they go, relative to the root.
const GENERATED: &str = "ui/src/generated";

/// Writes them; with `--check` fails if that would change what is committed, and changes nothing.
pub fn bindings(args: &[String]) -> Result<()> {
    match args {
        [] => write(&tree::root().join(GENERATED)),
        [only] if only == "--check" => check(),
        _ => bail!("bindings takes nothing, or --check"),
    }
}

/// Of the whole workspace, as its tests are built: for one package alone everything below it would be built once more, with
/// other features.
fn write(folder: &Path) -> Result<()> {
    say(format!("writing {}", folder.display()));
    fs::create_dir_all(folder)?;
    let mut test = cargo();
    test.args(["test", "--quiet", "--locked", "--lib", "--workspace"]);
    test.arg("export_bindings");
    shell::run(test.env("TS_RS_EXPORT_DIR", folder))
}

/// Compares what is committed with what would be written.
pub fn check() -> Result<()> {
    let fresh = tree::root().join("target/bindings");
    fs::remove_dir_all(&fresh).ok();
    write(&fresh)?;
    let expected = contents(&fresh)?;
    let committed = contents(&tree::root().join(GENERATED))?;
    if expected.is_empty() {
        bail!("crates/api wrote no types at all");
    }
    if expected != committed {
        let names = differing(&expected, &committed).join(", ");
        bail!("{GENERATED} is not what crates/api says ({names}). Run: cargo xtask bindings");
    }
    Ok(())
}

type Files = BTreeMap<String, String>;

fn contents(folder: &Path) -> Result<Files> {
    let mut files = Files::new();
    for entry in fs::read_dir(folder).with_context(|| format!("{} is missing", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".ts") {
            files.insert(name, fs::read_to_string(entry.path())?);
        }
    }
    Ok(files)
}

/// Names of the files that one side lacks or has otherwise.
fn differing(a: &Files, b: &Files) -> Vec<String> {
    let names: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    names
        .into_iter()
        .filter(|name| a.get(*name) != b.get(*name))
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_missing_or_changed_is_named() {
        let files = |pairs: &[(&str, &str)]| -> Files {
            pairs
                .iter()
                .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
                .collect()
        };
        let fresh = files(&[("Job.ts", "1"), ("Peer.ts", "2"), ("View.ts", "3")]);
        let committed = files(&[("Job.ts", "1"), ("Peer.ts", "old"), ("Gone.ts", "4")]);
        assert_eq!(
            differing(&fresh, &committed),
            ["Gone.ts", "Peer.ts", "View.ts"]
        );
        assert!(differing(&fresh, &fresh).is_empty());
    }
}
