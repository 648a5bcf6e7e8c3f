//! `cargo xtask tidy`: the rules of this repository, as code.
//!
//! [`text`] reads files, [`graph`] reads what depends on what. Every rule answers
//! with complaints that name a place and say what to do instead.

mod graph;
mod outside;
mod source;
mod text;
mod threats;

use crate::tree;
use anyhow::{Result, bail};
use std::collections::BTreeMap;
use std::fs;

/// What the rules look at: text files of the tree, by path relative to the root.
pub type Tree = BTreeMap<String, String>;

/// One broken rule, in a form that editors turn into a link.
#[derive(Debug, PartialEq, Eq)]
pub struct Complaint {
    /// Relative to the root.
    pub path: String,
    /// From 1; 0 where the whole file is meant.
    pub line: usize,
    pub what: String,
}

impl Complaint {
    /// About a whole file.
    pub fn file(path: &str, what: impl Into<String>) -> Self {
        Self::at(path, 0, what)
    }

    /// About one line, counted from 1.
    pub fn at(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            what: what.into(),
        }
    }
}

/// Checks every rule and prints every complaint.
///
/// # Errors
/// When there is at least one complaint.
pub fn tidy() -> Result<()> {
    let tree = read_tree()?;
    let mut complaints = text::complaints(&tree);
    complaints.extend(source::complaints(&tree));
    complaints.extend(outside::complaints(&tree));
    complaints.extend(threats::complaints(&tree));
    complaints.extend(graph::complaints(&tree)?);
    for Complaint { path, line, what } in &complaints {
        match line {
            0 => eprintln!("{path}: {what}"),
            line => eprintln!("{path}:{line}: {what}"),
        }
    }
    if !complaints.is_empty() {
        bail!("{} complaints", complaints.len());
    }
    println!("tidy: {} files, nothing to complain about", tree.len());
    Ok(())
}

fn read_tree() -> Result<Tree> {
    let wanted = [
        ".rs", ".toml", ".md", ".ts", ".svelte", ".js", ".css", ".html", ".json",
    ];
    let mut tree = Tree::new();
    for path in tree::files()? {
        if wanted.iter().any(|ending| path.ends_with(ending)) {
            // What is not UTF-8 is no text of ours.
            if let Ok(text) = fs::read_to_string(tree::root().join(&path)) {
                tree.insert(path, text);
            }
        }
    }
    Ok(tree)
}
