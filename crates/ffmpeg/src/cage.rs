//! ffmpeg sees what it is given and nothing else: the files of its command line, the system's libraries, no
//! network. What a film or a result can do to a decoder it cannot do to the rest of this computer.
//!
//! By Landlock, where the kernel has it (Linux 5.13 or newer, and only what it knows of it); else by bubblewrap,
//! where that is installed and works. Files that a run writes are made before it starts, so that it may write these
//! and nowhere else. Encoders in hardware need drivers' files that nobody lists: they may read anything, and write
//! devices and drivers' caches.

use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

#[cfg(target_os = "linux")]
mod bubblewrap;
#[cfg(target_os = "linux")]
mod landlocked;

/// How a run is kept to what it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cage {
    /// By Landlock.
    Landlock,
    /// By bubblewrap: namespaces of its own.
    Bubblewrap,
    /// Not at all: there is neither, or this is no Linux.
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
pub fn refuse(program: &Path) {
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
    } else {
        here()
    }
}

/// What this system has.
#[cfg(not(target_os = "linux"))]
fn here() -> Cage {
    Cage::None
}

#[cfg(target_os = "linux")]
pub use linux::pass_over_landlock;
#[cfg(target_os = "linux")]
pub(crate) use linux::{Door, Way, here, way};

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::OsString;
    use std::fs::OpenOptions;
    use std::io;
    use std::path::{Path, PathBuf};
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::{Cage, Given, bubblewrap, landlocked, of};

    static PASSED_OVER: AtomicBool = AtomicBool::new(false);

    /// From now on this program does as if the kernel had no Landlock: the other cage is tried so where both are.
    pub fn pass_over_landlock() {
        PASSED_OVER.store(true, Ordering::Relaxed);
    }

    pub(crate) fn here() -> Cage {
        if landlocked::is_there() && !PASSED_OVER.load(Ordering::Relaxed) {
            Cage::Landlock
        } else if bubblewrap::program().is_some() {
            Cage::Bubblewrap
        } else {
            Cage::None
        }
    }

    /// What a child does before it becomes its program: a few system calls on what was made here.
    pub(crate) type Door = Box<dyn FnMut() -> io::Result<()> + Send + Sync>;

    /// How a run gets into its cage.
    pub(crate) enum Way {
        /// There is none.
        Open,
        /// Through this.
        Door(Door),
        /// This program is started in its place, with these arguments before its own.
        Wrapped(PathBuf, Vec<OsString>),
    }

    /// The way of one run of `program`.
    ///
    /// # Errors
    /// A file to be written cannot be made.
    pub(crate) fn way(program: &Path, given: &Given) -> io::Result<Way> {
        let cage = of(program);
        if matches!(cage, Cage::Landlock | Cage::Bubblewrap) {
            for path in &given.writes {
                let made = OpenOptions::new().create(true).append(true).open(path);
                made.map(drop)?;
            }
        }
        Ok(match cage {
            Cage::Landlock => Way::Door(landlocked::door(program, given)?),
            Cage::Bubblewrap => bubblewrap::program().map_or(Way::Open, |wrapper| {
                Way::Wrapped(wrapper.to_owned(), bubblewrap::front(program, given))
            }),
            Cage::None | Cage::Refused => Way::Open,
        })
    }
}

/// Where a program's libraries, drivers and their settings are. None of it is anybody's film.
#[cfg(target_os = "linux")]
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

/// The folders that belong to a program: its own, and the library folder beside it.
#[cfg(target_os = "linux")]
fn belonging(program: &Path) -> impl Iterator<Item = PathBuf> {
    let own = program.parent().filter(|folder| is_a_programs(folder));
    let library = own.and_then(Path::parent).map(|above| above.join("lib"));
    own.map(Path::to_owned).into_iter().chain(library)
}

/// A folder that holds a program may be somebody's home; then the program's own file has to do.
#[cfg(target_os = "linux")]
fn is_a_programs(folder: &Path) -> bool {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    folder.parent().is_some() && Some(folder) != home.as_deref()
}

/// What drivers write: devices, and caches of what they have compiled.
#[cfg(target_os = "linux")]
fn devices() -> Vec<PathBuf> {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let caches = home.map(|home| [home.join(".nv"), home.join(".cache")]);
    let caches = caches.into_iter().flatten();
    [PathBuf::from("/dev"), std::env::temp_dir()]
        .into_iter()
        .chain(caches)
        .collect()
}
