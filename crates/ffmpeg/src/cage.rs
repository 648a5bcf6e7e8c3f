//! ffmpeg sees what it is given and nothing else: the files of its command line, the system's libraries, no
//! network. What a film or a result can do to a decoder it cannot do to the rest of this computer.
//!
//! By Landlock, where the kernel has it (Linux 5.13 or newer, and only what it knows of it). Files that a run
//! writes are made before it starts, so that it may write these and nowhere else. Encoders in hardware need
//! drivers' files that nobody lists: they may read anything, and write devices and drivers' caches.

use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

/// How a run is kept to what it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cage {
    /// By Landlock.
    Landlock,
    /// Not at all: the kernel has none, or this is no Linux.
    None,
    /// Not at all: this ffmpeg does not work so, because it starts another program or needs files of its own.
    Refused,
}

/// What one run is given.
#[derive(Clone, Debug, Default)]
#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "there is a cage on Linux alone")
)]
pub(crate) struct Given {
    /// Files to read.
    pub reads: Vec<PathBuf>,
    /// Files to write, and to read again.
    pub writes: Vec<PathBuf>,
    /// Whether it encodes in hardware.
    pub hardware: bool,
}

/// Programs that do not work in a cage, as their check has shown.
static REFUSED: RwLock<Vec<PathBuf>> = RwLock::new(Vec::new());

/// From now on `program` runs without one.
pub(crate) fn refuse(program: &Path) {
    let mut refused = REFUSED.write().unwrap_or_else(PoisonError::into_inner);
    if !refused.iter().any(|known| known == program) {
        refused.push(program.to_owned());
    }
}

/// How runs of `program` are kept.
#[must_use]
pub fn of(program: &Path) -> Cage {
    let refused = REFUSED.read().unwrap_or_else(PoisonError::into_inner);
    if refused.iter().any(|known| known == program) {
        Cage::Refused
    } else if is_there() {
        Cage::Landlock
    } else {
        Cage::None
    }
}

#[cfg(not(target_os = "linux"))]
fn is_there() -> bool {
    false
}

#[cfg(target_os = "linux")]
pub(crate) use landlocked::{door, is_there};

#[cfg(target_os = "linux")]
mod landlocked {
    use std::fs::OpenOptions;
    use std::io;
    use std::path::{Path, PathBuf};
    use std::sync::OnceLock;

    use super::{Cage, Given, of};
    use landlock::{
        ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd,
        Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, Scope,
    };

    /// The newest version whose rights are asked for; an older kernel keeps to those it knows.
    const KNOWN: ABI = ABI::V6;

    /// Where a program's libraries, drivers and their settings are. None of it is anybody's film.
    const SYSTEM: [&str; 20] = [
        "/usr",
        "/lib",
        "/lib64",
        "/lib32",
        "/bin",
        "/opt",
        "/nix/store",
        "/gnu/store",
        "/run/opengl-driver",
        "/snap",
        "/var/lib/snapd",
        "/etc/ld.so.cache",
        "/etc/ld.so.conf",
        "/etc/ld.so.conf.d",
        "/etc/alternatives",
        "/etc/localtime",
        "/sys/devices/system",
        "/proc/cpuinfo",
        "/proc/meminfo",
        "/proc/stat",
    ];

    /// What every program may write to.
    const HARMLESS: [&str; 4] = ["/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"];

    /// Whether the kernel has it.
    pub(crate) fn is_there() -> bool {
        static THERE: OnceLock<bool> = OnceLock::new();
        *THERE.get_or_init(|| {
            let asked = Ruleset::default()
                .set_compatibility(CompatLevel::HardRequirement)
                .handle_access(AccessFs::from_all(ABI::V1))
                .and_then(Ruleset::create);
            asked.is_ok()
        })
    }

    /// What a child does before it becomes `program`, so that it is kept to what it is given; a few system
    /// calls on a file descriptor that is made here. `None`: it runs without a cage.
    ///
    /// # Errors
    /// A file to be written cannot be made.
    pub(crate) fn door(
        program: &Path,
        given: &Given,
    ) -> io::Result<Option<impl FnMut() -> io::Result<()> + Send + Sync + use<>>> {
        if of(program) != Cage::Landlock {
            return Ok(None);
        }
        for path in &given.writes {
            OpenOptions::new()
                .create(true)
                .append(true)
                .open(path)
                .map(drop)?;
        }
        let rules = rules(program, given).map_err(io::Error::other)?;
        let mut rules = Some(rules);
        Ok(Some(move || match rules.take() {
            Some(rules) => rules
                .restrict_self()
                .map(drop)
                .map_err(|_| io::ErrorKind::PermissionDenied.into()),
            None => Ok(()),
        }))
    }

    fn rules(program: &Path, given: &Given) -> Result<RulesetCreated, RulesetError> {
        let read = AccessFs::from_read(KNOWN);
        let write = AccessFs::from_write(KNOWN);
        let handled = if given.hardware { write } else { read | write };
        let rules = Ruleset::default()
            .handle_access(handled)?
            .handle_access(AccessNet::from_all(KNOWN))?
            .scope(Scope::from_all(KNOWN))?
            .create()?;
        let mut rules = rules;
        if given.hardware {
            for path in devices() {
                rules = allow(rules, &path, write)?;
            }
        } else {
            let own = program.parent().filter(|folder| is_a_programs(folder));
            let library = own.and_then(Path::parent).map(|above| above.join("lib"));
            let own = own.map(Path::to_owned).into_iter().chain(library);
            let system = SYSTEM.iter().map(PathBuf::from).chain(own);
            for path in system.chain([program.to_owned()]) {
                rules = allow(rules, &path, read)?;
            }
            for path in &given.reads {
                rules = allow(rules, path, AccessFs::ReadFile.into())?;
            }
        }
        let both = handled & (AccessFs::ReadFile | AccessFs::WriteFile);
        for path in HARMLESS {
            rules = allow(rules, Path::new(path), both)?;
        }
        let kept = both | handled & AccessFs::Truncate;
        for path in &given.writes {
            rules = allow(rules, path, kept)?;
        }
        Ok(rules)
    }

    /// A folder that holds a program may be somebody's home; then the program's own file has to do.
    fn is_a_programs(folder: &Path) -> bool {
        let home = std::env::var_os("HOME").map(PathBuf::from);
        folder.parent().is_some() && Some(folder) != home.as_deref()
    }

    fn devices() -> Vec<PathBuf> {
        let home = std::env::var_os("HOME").map(PathBuf::from);
        let caches = home.map(|home| [home.join(".nv"), home.join(".cache")]);
        let caches = caches.into_iter().flatten();
        [PathBuf::from("/dev"), std::env::temp_dir()]
            .into_iter()
            .chain(caches)
            .collect()
    }

    /// Allows what of `access` makes sense there; what is not there needs no right.
    fn allow(
        rules: RulesetCreated,
        path: &Path,
        access: BitFlags<AccessFs>,
    ) -> Result<RulesetCreated, RulesetError> {
        let Ok(place) = PathFd::new(path) else {
            return Ok(rules);
        };
        let access = if path.is_dir() {
            access
        } else {
            access & AccessFs::from_file(KNOWN)
        };
        rules.add_rule(PathBeneath::new(place, access))
    }
}
