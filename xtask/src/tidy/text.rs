//! Rules about files as such: what must be there, what they may be called, and
//! who may name whom.

use super::{Complaint, Tree};

/// The commands a newcomer needs; the README has to name them.
const README_NAMES: &[&str] = &["cargo xtask run", "cargo xtask test"];

/// What stands at the top of the tree.
const AT_THE_TOP: &[&str] = &[
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.toml",
    "README.md",
    "THIRD_PARTY.md",
    "deny.toml",
    "tauri.conf.json",
];

/// The only page file that may import the window's toolkit.
const TAURI_IN_PAGE: &str = "ui/src/host/tauri.ts";

/// Words that name a drawer instead of what is in it.
const DRAWERS: &[&str] = &[
    "common", "handler", "handlers", "helper", "helpers", "manager", "misc", "service", "services",
    "util", "utils",
];

pub fn complaints(tree: &Tree) -> Vec<Complaint> {
    let mut all = what_is_missing(tree);
    all.extend(readme(tree));
    for (path, text) in tree {
        all.extend(drawers(path));
        all.extend(tauri_in_the_page(path, text));
        all.extend(tauri_in_manifests(path, text));
    }
    all
}

fn what_is_missing(tree: &Tree) -> Vec<Complaint> {
    let missing = AT_THE_TOP.iter().filter(|path| !tree.contains_key(**path));
    missing
        .map(|path| Complaint::file(path, "must be at the top of the tree"))
        .collect()
}

fn readme(tree: &Tree) -> Vec<Complaint> {
    let text = tree.get("README.md").map_or("", String::as_str);
    let missing = README_NAMES.iter().filter(|name| !text.contains(**name));
    missing
        .map(|name| Complaint::file("README.md", format!("does not name the command `{name}`")))
        .collect()
}

fn drawers(path: &str) -> Option<Complaint> {
    let word = path
        .split('/')
        .map(|part| part.split('.').next().unwrap_or(part))
        .find(|part| DRAWERS.contains(&part.to_lowercase().as_str()))?;
    Some(Complaint::file(
        path,
        format!("'{word}' says nothing: name it after what is in it"),
    ))
}

fn tauri_in_the_page(path: &str, text: &str) -> Vec<Complaint> {
    let is_source =
        path.starts_with("ui/src/") && (path.ends_with(".ts") || path.ends_with(".svelte"));
    if !is_source || path == TAURI_IN_PAGE {
        return Vec::new();
    }
    lines_with(text, &["@tauri-apps"])
        .map(|line| {
            Complaint::at(
                path,
                line,
                format!("only {TAURI_IN_PAGE} imports @tauri-apps"),
            )
        })
        .collect()
}

fn tauri_in_manifests(path: &str, text: &str) -> Vec<Complaint> {
    if !path.ends_with("/Cargo.toml") {
        return Vec::new();
    }
    lines_with(text, &["tauri", "wry", "webkit"])
        .map(|line| {
            Complaint::at(
                path,
                line,
                "only the root package may name the window's toolkit",
            )
        })
        .collect()
}

/// Numbers (from 1) of the lines that hold one of these words.
fn lines_with<'a>(text: &'a str, words: &'a [&str]) -> impl Iterator<Item = usize> + 'a {
    let holds = move |line: &str| words.iter().any(|word| line.contains(word));
    text.lines()
        .enumerate()
        .filter(move |(_, line)| holds(line))
        .map(|(number, _)| number + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str, expected: &[usize]) {
        let mut found = tauri_in_the_page(path, text);
        found.extend(tauri_in_manifests(path, text));
        let lines: Vec<usize> = found.iter().map(|complaint| complaint.line).collect();
        assert_eq!(lines, expected, "{path}");
    }

    #[test]
    fn only_one_page_file_and_one_manifest_know_the_window() {
        let import = "// first\nimport { invoke } from '@tauri-apps/api/core';\n";
        check("ui/src/views/Jobs.svelte", import, &[2]);
        check("ui/src/host/tauri.ts", import, &[]);
        check(
            "crates/cli/Cargo.toml",
            "[dependencies]\ntauri = \"2\"\n",
            &[2],
        );
        check("Cargo.toml", "tauri = \"2\"\n", &[]);
    }

    #[test]
    fn drawers_are_refused_as_files_and_folders() {
        for path in [
            "crates/peer/src/utils.rs",
            "ui/src/helpers/x.ts",
            "crates/common/src/lib.rs",
        ] {
            assert!(drawers(path).is_some(), "{path}");
        }
        for path in [
            "crates/peer/src/link.rs",
            "docs/utility.md",
            "crates/plan/src/commons.rs",
        ] {
            assert!(drawers(path).is_none(), "{path}");
        }
    }

    #[test]
    fn a_readme_without_the_commands_is_refused() {
        let mut tree = Tree::new();
        tree.insert("README.md".into(), "Type `cargo xtask run`.".into());
        let found = readme(&tree);
        assert_eq!(found.len(), 1);
        assert!(found[0].what.contains("cargo xtask test"));
        assert_eq!(what_is_missing(&tree).len(), AT_THE_TOP.len() - 1);
    }
}
