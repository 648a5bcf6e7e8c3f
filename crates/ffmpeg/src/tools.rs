//! Finding the ffmpeg to use, and refusing one that will not do, in words that help.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use crate::cage::{self, Cage};
use crate::child::RunError;
use crate::features::{Features, OLDEST, Version, answer};

/// Where an ffmpeg came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Named by the user.
    Settings,
    /// Beside the program, or in its checkout.
    Bundled,
    /// In the system's PATH.
    System,
}

/// An ffmpeg that will do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tool {
    /// The program.
    pub path: PathBuf,
    /// Where it came from.
    pub origin: Origin,
    /// Its version.
    pub version: Version,
    /// What it lists.
    pub features: Features,
}

/// Where to look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// What the user named; the only one tried, then.
    pub settings: Option<PathBuf>,
    /// Our own program: what is bundled lies beside it.
    pub program: Option<PathBuf>,
    /// A list as in PATH.
    pub path: Option<OsString>,
}

/// Why there is no ffmpeg to use. The sentences say what to do.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// Nowhere is one.
    #[error(
        "No ffmpeg was found: none beside this program and none in the system's PATH. Install \
         ffmpeg {}.{} or newer, or name one in the settings.", OLDEST.0, OLDEST.1
    )]
    Missing,
    /// The one the user named is not there.
    #[error(
        "There is no file {path}, which the settings name as ffmpeg. Correct the settings or clear them."
    )]
    NotThere {
        /// What the settings say.
        path: PathBuf,
    },
    /// It cannot be run.
    #[error(
        "{path} ({origin}) could not be run as ffmpeg: {reason}. Name another ffmpeg in the settings."
    )]
    Broken {
        /// Which.
        path: PathBuf,
        /// Where it came from.
        origin: Origin,
        /// What happened.
        reason: String,
    },
    /// It is older than the recipe allows.
    #[error(
        "{path} ({origin}) is ffmpeg {found}, which is too old: {}.{} is the oldest that works. \
         Update it, or name a newer one in the settings.", OLDEST.0, OLDEST.1
    )]
    TooOld {
        /// Which.
        path: PathBuf,
        /// Where it came from.
        origin: Origin,
        /// Its version in its own words.
        found: String,
    },
    /// It was built without something that every job needs.
    #[error(
        "{path} ({origin}) was built without {lacks}, which every job needs. Name a complete \
         ffmpeg in the settings."
    )]
    Incomplete {
        /// Which.
        path: PathBuf,
        /// Where it came from.
        origin: Origin,
        /// What is not there.
        lacks: String,
    },
}

/// Filters, muxers and bitstream filters that no job can do without.
const FILTERS: [&str; 4] = ["settb", "trim", "setsar", "psnr"];
const MUXERS: [&str; 5] = ["nut", "mp4", "matroska", "framecrc", "framehash"];
const BITSTREAM_FILTERS: [&str; 1] = ["setts"];

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Settings => "from the settings",
            Self::Bundled => "bundled",
            Self::System => "the system's",
        })
    }
}

impl Places {
    /// This program's: `settings`, what lies beside it, and this system's PATH.
    #[must_use]
    pub fn here(settings: Option<PathBuf>) -> Self {
        Self {
            settings,
            program: env::current_exe().ok(),
            path: env::var_os("PATH"),
        }
    }

    /// Programs to try, best first.
    #[must_use]
    pub fn candidates(&self) -> Vec<(PathBuf, Origin)> {
        if let Some(named) = &self.settings {
            return vec![(named.clone(), Origin::Settings)];
        }
        let bundled = self.program.as_deref().and_then(bundled);
        let system = self.path.as_ref().and_then(|list| {
            let listed = env::split_paths(list).chain(UNLISTED.iter().map(PathBuf::from));
            listed
                .map(|folder| folder.join(NAME))
                .find(|file| is_program(file))
        });
        let bundled = bundled.map(|path| (path, Origin::Bundled));
        let system = system.map(|path| (path, Origin::System));
        bundled.into_iter().chain(system).collect()
    }
}

#[cfg(windows)]
const NAME: &str = "ffmpeg.exe";
#[cfg(not(windows))]
const NAME: &str = "ffmpeg";

/// Where programs are though a program started from the desktop is not told so.
#[cfg(target_os = "macos")]
const UNLISTED: [&str; 2] = ["/opt/homebrew/bin", "/usr/local/bin"];
#[cfg(not(target_os = "macos"))]
const UNLISTED: [&str; 0] = [];

/// The ffmpeg that belongs to `program`: beside it, in its library folder, or in its checkout.
fn bundled(program: &Path) -> Option<PathBuf> {
    let folder = program.parent()?;
    // A link in the user's path is not where the program's own ffmpeg is.
    let linked = fs::canonicalize(program).ok().filter(|_| cfg!(unix));
    let real = linked.as_deref().and_then(Path::parent);
    let installed = [Some(folder), real]
        .into_iter()
        .flatten()
        .flat_map(|folder| {
            let library = folder.parent().map(|above| above.join("lib/manyhands"));
            [Some(folder.to_owned()), library]
        })
        .flatten()
        .map(|folder| folder.join(NAME));
    let platform = format!("{}-{}", env::consts::OS, env::consts::ARCH);
    let in_checkout = |root: &Path| root.join(".tools/ffmpeg").join(&platform).join(NAME);
    let checkouts = folder
        .ancestors()
        .filter(|root| root.join("Cargo.toml").is_file());
    installed
        .chain(checkouts.map(in_checkout))
        .find(|file| is_program(file))
}

#[cfg(unix)]
fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(file).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|meta| meta.is_file())
}

/// Finds the ffmpeg to use and checks it: version, and everything that no job can do without.
///
/// What the settings name is used or refused, never passed over. A bundled one that does not
/// work here is passed over for the system's; if that will not do either, the first trouble counts.
///
/// # Errors
/// [`ToolError`], whose sentence says what to do.
pub async fn find(places: &Places) -> Result<Tool, ToolError> {
    let mut first_trouble = None;
    for (path, origin) in places.candidates() {
        match check(path, origin).await {
            Ok(tool) => return Ok(tool),
            Err(trouble) => {
                tracing::warn!(%trouble, "an ffmpeg was passed over");
                first_trouble.get_or_insert(trouble);
            }
        }
    }
    Err(first_trouble.unwrap_or(ToolError::Missing))
}

/// Checks one ffmpeg.
///
/// # Errors
/// As [`find`].
pub async fn check(path: PathBuf, origin: Origin) -> Result<Tool, ToolError> {
    if !path.is_file() {
        return Err(ToolError::NotThere { path });
    }
    let broken = |reason: String| ToolError::Broken {
        path: path.clone(),
        origin,
        reason,
    };
    let failed = |error: RunError| broken(reason(&error));
    let words = match answer(&path, "-version").await {
        Ok(words) => words,
        // A wrapper that starts another program cannot do so in a cage.
        Err(_) if cage::of(&path) == Cage::Landlock => {
            cage::refuse(&path);
            answer(&path, "-version").await.map_err(failed)?
        }
        Err(error) => return Err(failed(error)),
    };
    let version = Version::parse(&words);
    let version = version.ok_or_else(|| broken("it does not answer as ffmpeg does".into()))?;
    if version.is_too_old() {
        return Err(ToolError::TooOld {
            path,
            origin,
            found: version.text,
        });
    }
    let features = Features::ask(&path).await.map_err(failed)?;
    match lacking(&features) {
        Some(lacks) => Err(ToolError::Incomplete {
            path,
            origin,
            lacks,
        }),
        None => Ok(Tool {
            path,
            origin,
            version,
            features,
        }),
    }
}

fn reason(error: &RunError) -> String {
    match error {
        RunError::NotStarted { error, .. } => error.to_string(),
        other => other.to_string(),
    }
}

/// The first thing missing, as words.
fn lacking(features: &Features) -> Option<String> {
    let missing = |kind: &str, wanted: &[&str], found: &std::collections::BTreeSet<String>| {
        let absent = wanted.iter().find(|name| !found.contains(**name))?;
        Some(format!("the {kind} {absent}"))
    };
    let encoders = || {
        let any = media::Encoder::ALL
            .iter()
            .any(|encoder| features.lists(*encoder));
        (!any).then(|| "any encoder of H.264, HEVC or AV1 that we know".to_owned())
    };
    missing("filter", &FILTERS, &features.filters)
        .or_else(|| missing("muxer", &MUXERS, &features.muxers))
        .or_else(|| {
            missing(
                "bitstream filter",
                &BITSTREAM_FILTERS,
                &features.bitstream_filters,
            )
        })
        .or_else(encoders)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    fn program(path: &Path) {
        use std::os::unix::fs::PermissionsExt;
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn the_order_is_settings_then_bundled_then_system() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let platform = format!(".tools/ffmpeg/{}-{}", env::consts::OS, env::consts::ARCH);
        let mut places = Places {
            settings: None,
            program: Some(at("checkout/target/debug/manyhands")),
            path: Some(env::join_paths([at("empty"), at("bin"), at("late")]).unwrap()),
        };
        assert_eq!(places.candidates(), []);
        program(&at("late/ffmpeg"));
        program(&at("bin/ffmpeg"));
        fs::create_dir_all(at("empty")).unwrap();
        fs::write(at("empty/ffmpeg"), "not a program").unwrap();
        let system = (at("bin/ffmpeg"), Origin::System);
        assert_eq!(places.candidates(), vec![system.clone()]);

        let in_checkout = at("checkout").join(&platform).join("ffmpeg");
        program(&in_checkout);
        assert_eq!(
            places.candidates(),
            vec![system.clone()],
            "a checkout has a Cargo.toml"
        );
        fs::write(at("checkout/Cargo.toml"), "").unwrap();
        assert_eq!(
            places.candidates(),
            [(in_checkout, Origin::Bundled), system.clone()]
        );
        let beside = at("checkout/target/debug/ffmpeg");
        program(&beside);
        assert_eq!(places.candidates(), [(beside, Origin::Bundled), system]);

        places.settings = Some(at("named"));
        assert_eq!(places.candidates(), [(at("named"), Origin::Settings)]);
    }

    #[cfg(unix)]
    #[test]
    fn an_installed_program_finds_its_library_folder() {
        let dir = tempfile::tempdir().unwrap();
        let library = dir.path().join("usr/lib/manyhands/ffmpeg");
        program(&library);
        fs::create_dir_all(dir.path().join("usr/bin")).unwrap();
        let found = bundled(&dir.path().join("usr/bin/manyhands")).unwrap();
        assert_eq!(
            fs::canonicalize(found).unwrap(),
            fs::canonicalize(library).unwrap()
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_program_called_by_a_link_finds_what_lies_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let inside = dir.path().join("Manyhands.app/Contents/MacOS");
        program(&inside.join("manyhands"));
        program(&inside.join("ffmpeg"));
        fs::create_dir_all(dir.path().join("bin")).unwrap();
        let link = dir.path().join("bin/manyhands");
        std::os::unix::fs::symlink(inside.join("manyhands"), &link).unwrap();
        let found = bundled(&link).unwrap();
        assert_eq!(found, fs::canonicalize(inside.join("ffmpeg")).unwrap());
    }

    #[test]
    fn what_is_missing_is_named() {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let mut features = Features {
            encoders: set(&["libx264"]),
            filters: set(&FILTERS),
            muxers: set(&MUXERS),
            bitstream_filters: set(&BITSTREAM_FILTERS),
        };
        assert_eq!(lacking(&features), None);
        features.encoders = set(&["aac"]);
        assert!(lacking(&features).unwrap().contains("encoder"));
        features.muxers.remove("nut");
        assert_eq!(lacking(&features).as_deref(), Some("the muxer nut"));
    }
}
