//! `cargo xtask dist`: a package to install on this kind of computer: the window, the command line, and the pinned
//! ffmpeg where both find it.
//!
//! Tauri's own bundler makes it. What goes beside the window is told to it here and not in tauri.conf.json: every plain
//! build would have to have those files otherwise. On Linux ffmpeg goes into a folder of its own, because
//! `/usr/bin/ffmpeg` belongs to the system's package; elsewhere it lies beside the programs.

use crate::packages::Need;
use crate::setup::set_up;
use crate::shell::{self, cargo, command, say};
use crate::tree;
use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// Where the package is made, what of, and how.
struct Order<'a> {
    /// As in [`env::consts::OS`].
    os: &'a str,
    /// The command line.
    manyhands: &'a Path,
    /// The pinned one.
    ffmpeg: &'a Path,
    /// The checkout.
    root: &'a Path,
}

/// What was typed.
#[derive(Debug, Default, PartialEq)]
struct Wish {
    /// Quick to build, slow to run: to try the package itself.
    debug: bool,
    /// The kinds of package, as Tauri's bundler names them; this system's usual ones if not said.
    bundles: Option<String>,
}

impl Wish {
    fn read(args: &[String]) -> Result<Self> {
        let mut wish = Self::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--debug" => wish.debug = true,
                "--bundles" => {
                    let kinds = args
                        .next()
                        .context("--bundles needs kinds, as in deb,appimage")?;
                    wish.bundles = Some(kinds.clone());
                }
                _ => bail!("dist takes --debug (quick to build, slow to run) and --bundles KIND,…"),
            }
        }
        Ok(wish)
    }
}

pub fn dist(args: &[String]) -> Result<()> {
    let Wish { debug, bundles } = Wish::read(args)?;
    let ffmpeg = pinned(set_up(Need::Desktop)?)?;
    let bundles = match bundles {
        Some(bundles) => bundles,
        None => usual_bundles(env::consts::OS)?.to_owned(),
    };
    let folder = if debug { "debug" } else { "release" };
    let manyhands = command_line(debug, folder)?;
    let order = Order {
        os: env::consts::OS,
        manyhands: &manyhands,
        ffmpeg: &ffmpeg,
        root: &tree::root(),
    };
    let config = overlay(&order).to_string();
    let written = tree::root().join("target").join(folder).join("bundle.json");
    fs::write(&written, config)?;
    say("building the window and the package");
    let mut tauri = command(&tauri_cli()?.to_string_lossy());
    tauri.args(["build", "--ci", "--bundles", &bundles, "--config"]);
    tauri.arg(&written);
    if debug {
        tauri.arg("--debug");
    }
    shell::run(tauri.args(["--", "--locked"]).args(TOGETHER))?;
    let made = tree::root().join("target").join(folder).join("bundle");
    say(format!("the package is below {}", made.display()));
    Ok(())
}

/// Only the build whose licence and source THIRD_PARTY.md tells of may be given to others.
fn pinned(ffmpeg: PathBuf) -> Result<PathBuf> {
    if env::var_os("MANYHANDS_FFMPEG").is_some() {
        bail!("a package carries the pinned ffmpeg only: unset MANYHANDS_FFMPEG");
    }
    Ok(ffmpeg)
}

fn usual_bundles(os: &str) -> Result<&'static str> {
    match os {
        "linux" => Ok("deb"),
        "windows" => Ok("nsis"),
        "macos" => Ok("app,dmg"),
        other => bail!("there are no packages for {other}; use `cargo xtask run`"),
    }
}

/// Both programs are built as parts of one whole: by itself each would have other features of the same packages, and
/// nearly everything would be built twice.
const TOGETHER: [&str; 4] = ["--package", "cli", "--package", "manyhands-desktop"];

fn command_line(debug: bool, folder: &str) -> Result<PathBuf> {
    say("building the command line (a release takes some minutes)");
    let mut build = cargo();
    build.args(["build", "--locked", "--bin", "manyhands"]);
    // As Tauri's bundler asks for by itself.
    build
        .args(["--features", "tauri/custom-protocol"])
        .args(TOGETHER);
    if !debug {
        build.arg("--release");
    }
    shell::run(&mut build)?;
    let name = format!("manyhands{}", env::consts::EXE_SUFFIX);
    Ok(tree::root().join("target").join(folder).join(name))
}

/// Tauri's command line, of the version of its crate. Only packages need it, so it is not among the page's build tools.
const TAURI_CLI: &str = "2.12.5";

/// Its program, fetched once.
fn tauri_cli() -> Result<PathBuf> {
    let folder = tree::tools().join(format!("tauri-cli-{TAURI_CLI}"));
    let name = if cfg!(windows) { "tauri.cmd" } else { "tauri" };
    let program = folder.join("node_modules/.bin").join(name);
    if !program.is_file() {
        say("fetching Tauri's bundler (once)");
        fs::create_dir_all(&folder)?;
        let mut install = shell::npm();
        install.args(["install", "--no-audit", "--no-fund", "--prefix"]);
        install
            .arg(&folder)
            .arg(format!("@tauri-apps/cli@{TAURI_CLI}"));
        shell::run(&mut install).context(
            "Tauri's bundler could not be fetched; connect to the internet and try again",
        )?;
    }
    Ok(program)
}

/// What is laid over tauri.conf.json: the files that the package has beside the window.
fn overlay(order: &Order<'_>) -> Value {
    let docs = ["LICENSE", "THIRD_PARTY.md", "docs/licences/GPL-3.0.txt"];
    let mut files = Map::new();
    let mut put = |to: String, from: &Path| {
        files.insert(to, Value::from(from.to_string_lossy()));
    };
    let (programs, ffmpeg, texts) = match order.os {
        "linux" => (
            "/usr/bin/",
            "/usr/lib/manyhands/",
            "/usr/share/doc/manyhands/",
        ),
        "macos" => ("MacOS/", "MacOS/", "Resources/"),
        _ => ("", "", ""),
    };
    let suffix = if order.os == "windows" { ".exe" } else { "" };
    put(format!("{programs}manyhands{suffix}"), order.manyhands);
    put(format!("{ffmpeg}ffmpeg{suffix}"), order.ffmpeg);
    for path in docs {
        let name = path.rsplit('/').next().unwrap_or(path);
        put(format!("{texts}{name}"), &order.root.join(path));
    }
    match order.os {
        "linux" => json!({ "bundle": {
            "fileAssociations": associations(),
            "linux": { "deb": { "files": files }, "appimage": { "files": files } },
        } }),
        "macos" => json!({ "bundle": {
            "fileAssociations": associations(),
            "macOS": { "files": files },
        } }),
        // Resources lie in the folder of the program, each by source and place.
        _ => {
            let turned = files.into_iter().map(|(to, from)| {
                (
                    from.as_str().unwrap_or_default().to_owned(),
                    Value::from(to),
                )
            });
            json!({ "bundle": { "resources": turned.collect::<Map<_, _>>() } })
        }
    }
}

/// What the system's "Open with" offers Manyhands for; never as the first choice. Not on Windows, whose installer would
/// make it just that: there a program is found under "Choose another app".
fn associations() -> Value {
    let kinds = [
        ("video/x-matroska", &["mkv"][..]),
        ("video/mp4", &["mp4", "m4v"]),
        ("video/quicktime", &["mov"]),
        ("video/webm", &["webm"]),
        ("video/x-msvideo", &["avi"]),
        ("video/mp2t", &["ts", "m2ts", "mts"]),
        ("video/mpeg", &["mpg", "mpeg", "vob"]),
        ("video/x-ms-wmv", &["wmv"]),
        ("video/x-flv", &["flv"]),
        ("video/ogg", &["ogv"]),
        ("video/3gpp", &["3gp"]),
        ("application/mxf", &["mxf"]),
    ];
    let one = |(kind, endings): (&str, &[&str])| {
        json!({
            "ext": endings, "mimeType": kind, "name": "Video", "role": "Viewer", "rank": "Alternate",
        })
    };
    kinds.map(one).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(os: &str) -> Value {
        overlay(&Order {
            os,
            manyhands: Path::new("/t/manyhands"),
            ffmpeg: Path::new("/t/ffmpeg"),
            root: Path::new("/c"),
        })
    }

    #[test]
    fn on_debian_ffmpeg_is_where_the_finder_looks_and_not_the_systems() {
        let files = &made("linux")["bundle"]["linux"]["deb"]["files"];
        assert_eq!(files["/usr/lib/manyhands/ffmpeg"], "/t/ffmpeg");
        assert_eq!(files["/usr/bin/manyhands"], "/t/manyhands");
        assert_eq!(files.get("/usr/bin/ffmpeg"), None);
        assert_eq!(
            files["/usr/share/doc/manyhands/GPL-3.0.txt"],
            "/c/docs/licences/GPL-3.0.txt"
        );
    }

    #[test]
    fn open_with_knows_what_a_dropped_folder_is_searched_for() {
        let source = std::fs::read_to_string(tree::root().join("src-tauri/films.rs")).unwrap();
        let list = source.split("FILMS: &[&str] = &[").nth(1).unwrap();
        let mut films: Vec<&str> = list
            .split(']')
            .next()
            .unwrap()
            .split('"')
            .skip(1)
            .step_by(2)
            .collect();
        let known = associations();
        let endings = known
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|kind| kind["ext"].as_array().unwrap());
        let mut known: Vec<&str> = endings.map(|ending| ending.as_str().unwrap()).collect();
        films.sort_unstable();
        known.sort_unstable();
        assert_eq!(known, films);
        assert_eq!(made("windows")["bundle"].get("fileAssociations"), None);
    }

    #[test]
    fn open_with_hands_the_files_over() {
        let read = |path: &str| fs::read_to_string(tree::root().join(path)).unwrap();
        let config: Value = serde_json::from_str(&read("tauri.conf.json")).unwrap();
        let template = &config["bundle"]["linux"]["deb"]["desktopTemplate"];
        assert!(read(template.as_str().unwrap()).contains("\nExec={{exec}} %F\n"));
    }

    #[test]
    fn kinds_can_be_chosen() {
        let words = |words: &[&str]| {
            words
                .iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(Wish::read(&[]).unwrap(), Wish::default());
        let both = Wish::read(&words(&["--debug", "--bundles", "deb,appimage"])).unwrap();
        assert!(both.debug && both.bundles.as_deref() == Some("deb,appimage"));
        assert!(Wish::read(&words(&["--bundles"])).is_err());
        assert!(Wish::read(&words(&["deb"])).is_err());
    }

    #[test]
    fn elsewhere_it_lies_beside_the_programs() {
        let mac = &made("macos")["bundle"]["macOS"]["files"];
        assert_eq!(mac["MacOS/ffmpeg"], "/t/ffmpeg");
        let windows = &made("windows")["bundle"]["resources"];
        assert_eq!(windows["/t/ffmpeg"], "ffmpeg.exe");
        assert_eq!(windows["/c/THIRD_PARTY.md"], "THIRD_PARTY.md");
    }

    #[test]
    fn the_texts_that_packages_carry_are_there() {
        for path in ["LICENSE", "THIRD_PARTY.md", "docs/licences/GPL-3.0.txt"] {
            assert!(tree::root().join(path).is_file(), "{path}");
        }
    }
}
