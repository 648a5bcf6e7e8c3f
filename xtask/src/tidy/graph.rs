//! Rules about what depends on what, read from cargo's own view of the workspace.

use super::{Complaint, Tree};
use crate::shell::{self, cargo};
use anyhow::{Context, Result};
use serde_json::Value;
use std::collections::BTreeMap;

/// Which of our crates each of our crates may name. What is not listed is forbidden.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("media", &[]),
    ("splice", &[]),
    ("plan", &["media"]),
    ("schedule", &[]),
    ("ffmpeg", &["media"]),
    ("peer", &["media"]),
    ("store", &[]),
    ("swap", &[]),
    ("etiquette", &[]),
    ("library", &["etiquette", "media"]),
    ("hindsight", &[]),
    ("sense", &["etiquette"]),
    (
        "engine",
        &[
            "etiquette",
            "ffmpeg",
            "library",
            "hindsight",
            "media",
            "peer",
            "plan",
            "schedule",
            "sense",
            "splice",
            "store",
            "swap",
        ],
    ),
    ("api", &["engine", "hindsight", "media"]),
    ("web", &["api"]),
    ("local", &["api"]),
    ("cli", &["api", "local", "web"]),
    ("manyhands-desktop", &["api", "local", "web"]),
    ("xtask", &[]),
];

/// The crates that decide and do nothing else.
const PURE: &[&str] = &[
    "etiquette",
    "library",
    "hindsight",
    "media",
    "plan",
    "schedule",
    "splice",
];

/// What would let a pure crate touch the world.
const WORLDLY: &[&str] = &[
    "tokio",
    "reqwest",
    "rusqlite",
    "axum",
    "rand",
    "sysinfo",
    "tempfile",
    "tokio-util",
];

/// What the command line must never pull in.
const WINDOW: &[&str] = &["tauri", "wry", "webkit", "gtk"];

/// Banned everywhere: TLS is rustls, so that no system library decides who is trusted.
const BANNED: &[&str] = &["openssl", "openssl-sys", "native-tls"];

/// One package of ours, as `cargo metadata` has it.
struct Package {
    name: String,
    manifest: String,
    /// Names of what it depends on, tests' own needs left out.
    needs: Vec<String>,
}

pub fn complaints(tree: &Tree) -> Result<Vec<Complaint>> {
    let metadata = metadata()?;
    let packages = ours(&metadata);
    let mut all = directions(&packages);
    all.extend(purity(&packages));
    all.extend(bans(&metadata));
    all.extend(licences(&metadata, tree));
    all.extend(headless()?);
    Ok(all)
}

fn metadata() -> Result<Value> {
    let text = shell::output(cargo().args(["metadata", "--format-version", "1", "--locked"]))?;
    serde_json::from_str(&text).context("cargo metadata answers in JSON")
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}

/// The packages of this workspace.
fn ours(metadata: &Value) -> Vec<Package> {
    let root = metadata["workspace_root"].as_str().unwrap_or_default();
    let members: Vec<&str> = list(metadata, "workspace_members")
        .filter_map(Value::as_str)
        .collect();
    let is_ours = |package: &&Value| {
        package["id"]
            .as_str()
            .is_some_and(|id| members.contains(&id))
    };
    list(metadata, "packages")
        .filter(is_ours)
        .map(|package| package_of(package, root))
        .collect()
}

fn package_of(package: &Value, root: &str) -> Package {
    let text = |key: &str| package[key].as_str().unwrap_or_default().to_owned();
    let for_tests = |need: &&Value| need["kind"].as_str() == Some("dev");
    let needs = list(package, "dependencies").filter(|need| !for_tests(need));
    Package {
        name: text("name"),
        manifest: text("manifest_path")
            .replace(root, "")
            .trim_start_matches('/')
            .to_owned(),
        needs: needs
            .filter_map(|need| need["name"].as_str())
            .map(str::to_owned)
            .collect(),
    }
}

/// Dependencies between our crates go one way only.
fn directions(packages: &[Package]) -> Vec<Complaint> {
    let allowed: BTreeMap<&str, &[&str]> = MAY_NAME.iter().copied().collect();
    let mut all = Vec::new();
    for package in packages.iter().filter(|package| package.name != "tests") {
        let Some(may) = allowed.get(package.name.as_str()) else {
            all.push(Complaint::file(
                &package.manifest,
                "a new crate: give it its place in xtask/src/tidy/graph.rs",
            ));
            continue;
        };
        for need in package
            .needs
            .iter()
            .filter(|need| packages.iter().any(|ours| ours.name == **need))
        {
            if !may.contains(&need.as_str()) {
                let what = format!(
                    "{} may not depend on {need} (see ARCHITECTURE.md)",
                    package.name
                );
                all.push(Complaint::file(&package.manifest, what));
            }
        }
    }
    all
}

fn purity(packages: &[Package]) -> Vec<Complaint> {
    let mut all = Vec::new();
    for package in packages
        .iter()
        .filter(|package| PURE.contains(&package.name.as_str()))
    {
        for need in package
            .needs
            .iter()
            .filter(|need| WORLDLY.contains(&need.as_str()))
        {
            let what = format!(
                "{} is pure: it decides and does nothing, so it cannot need {need}",
                package.name
            );
            all.push(Complaint::file(&package.manifest, what));
        }
    }
    all
}

fn bans(metadata: &Value) -> Vec<Complaint> {
    list(metadata, "packages")
        .filter_map(|package| package["name"].as_str())
        .filter(|name| BANNED.contains(name))
        .map(|name| {
            Complaint::file(
                "Cargo.lock",
                format!("{name} is banned: TLS is rustls here"),
            )
        })
        .collect()
}

/// Every package may be used under one of the licences that deny.toml lists.
fn licences(metadata: &Value, tree: &Tree) -> Vec<Complaint> {
    let allowed = allowed_licences(tree.get("deny.toml").map_or("", String::as_str));
    let mut all = Vec::new();
    for package in list(metadata, "packages") {
        let name = package["name"].as_str().unwrap_or_default();
        let licence = package["license"].as_str().unwrap_or("none stated");
        if !may_use(licence, &allowed) {
            all.push(Complaint::file(
                "Cargo.lock",
                format!("{name} is under '{licence}', which deny.toml does not list"),
            ));
        }
    }
    all
}

/// The strings of deny.toml's `[licenses] allow = [ … ]`, one on a line.
fn allowed_licences(deny: &str) -> Vec<String> {
    let section = deny.split("[licenses]").nth(1).unwrap_or_default();
    let list = section
        .split("allow = [")
        .nth(1)
        .and_then(|rest| rest.split(']').next());
    let quoted = list.unwrap_or_default().split('"').skip(1).step_by(2);
    quoted.map(str::to_owned).collect()
}

/// Evaluates an SPDX expression; `/` is an old way to write OR.
fn may_use(licence: &str, allowed: &[String]) -> bool {
    let flat = licence.replace(['(', ')'], " ").replace('/', " OR ");
    let one = |name: &str| allowed.iter().any(|allowed| allowed == name.trim());
    // AND binds tighter than OR; the few expressions with parentheses are `A AND (B OR C)`,
    // which this reads as `(A AND B) OR C`: so where both words stand, every part counts.
    if flat.contains(" AND ") {
        return flat.split(" AND ").all(|part| part.split(" OR ").any(one));
    }
    flat.split(" OR ").any(one)
}

/// The command line's graph holds nothing of the window.
fn headless() -> Result<Vec<Complaint>> {
    let args = [
        "tree",
        "--locked",
        "--package",
        "cli",
        "--edges",
        "normal",
        "--prefix",
        "none",
    ];
    Ok(of_the_window(&shell::output(cargo().args(args))?))
}

fn of_the_window(graph: &str) -> Vec<Complaint> {
    let mut names: Vec<&str> = graph
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| WINDOW.iter().any(|word| name.contains(word)))
        .collect();
    names.dedup();
    let what = |name: &str| {
        format!("depends on {name}: the command line must build without a window system")
    };
    names
        .iter()
        .map(|name| Complaint::file("crates/cli/Cargo.toml", what(name)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, needs: &[&str]) -> Package {
        Package {
            name: name.into(),
            manifest: format!("crates/{name}/Cargo.toml"),
            needs: needs.iter().map(|need| (*need).to_owned()).collect(),
        }
    }

    #[test]
    fn dependencies_go_one_way() {
        let good = [
            package("media", &["serde"]),
            package("plan", &["media", "serde"]),
            package("api", &["engine", "media"]),
        ];
        assert!(directions(&good).is_empty());
        let up = [package("media", &["plan"]), package("plan", &["media"])];
        assert_eq!(
            directions(&up)[0].what,
            "media may not depend on plan (see ARCHITECTURE.md)"
        );
        assert_eq!(directions(&[package("drawer", &[])]).len(), 1);
    }

    #[test]
    fn pure_crates_have_no_world() {
        assert_eq!(
            purity(&[package("plan", &["tokio"]), package("peer", &["tokio"])]).len(),
            1
        );
        assert!(purity(&[package("plan", &["serde"])]).is_empty());
    }

    #[test]
    fn a_window_in_the_command_line_is_seen() {
        assert_eq!(of_the_window("cli v0.1.0\nserde v1\n").len(), 0);
        assert_eq!(
            of_the_window("cli v0.1.0\nwebkit2gtk-sys v2\ngtk v0.18\n").len(),
            2
        );
    }

    #[test]
    fn licences_are_read_and_expressions_evaluated() {
        let allowed = allowed_licences(
            "[bans]\n[licenses]\nallow = [\n  \"MIT\",\n  \"Apache-2.0\", # why\n  \"Unicode-3.0\",\n]\n",
        );
        assert_eq!(allowed, ["MIT", "Apache-2.0", "Unicode-3.0"]);
        for good in [
            "MIT",
            "MIT OR GPL-3.0",
            "MIT/Apache-2.0",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
        ] {
            assert!(may_use(good, &allowed), "{good}");
        }
        for bad in [
            "GPL-3.0",
            "none stated",
            "MIT AND GPL-3.0",
            "(MIT OR Apache-2.0) AND GPL-3.0",
        ] {
            assert!(!may_use(bad, &allowed), "{bad}");
        }
    }
}
