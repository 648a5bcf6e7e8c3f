//! System packages: which ones, why, and how they get here.
//!
//! What is asked for is probed first (a program, a pkg-config module), so a machine
//! that has it by other means is left alone. On Debian and Ubuntu what is missing is
//! installed; elsewhere the exact command is printed and the task stops.

use crate::shell::{self, command, say};
use anyhow::{Result, bail};
use std::fs;
use std::path::Path;
use std::process::Command;

/// How much of the tree is going to be built; each includes the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// The command line and the node: no window.
    Headless,
    /// The window as well.
    Desktop,
    /// Everything, and what the tests drive it with.
    Tests,
}

/// How to tell that something is there already.
enum Probe {
    Program(&'static str),
    AnyProgram(&'static [&'static str]),
    /// A module of the system's Python, which is not always the first on the path.
    Python(&'static str),
    PkgConfig(&'static str),
    File(&'static str),
}

/// One thing the system has to provide, by its names in each family of distributions.
struct Package {
    need: Need,
    probe: Probe,
    debian: &'static str,
    fedora: &'static str,
    arch: &'static str,
    why: &'static str,
}

const PACKAGES: &[Package] = &[
    Package {
        need: Need::Headless,
        probe: Probe::Program("cc"),
        debian: "build-essential",
        fedora: "gcc gcc-c++ make",
        arch: "base-devel",
        why: "links Rust programs and compiles SQLite",
    },
    Package {
        need: Need::Headless,
        probe: Probe::Program("git"),
        debian: "git",
        fedora: "git",
        arch: "git",
        why: "says which files belong to the tree",
    },
    Package {
        need: Need::Headless,
        probe: Probe::Program("curl"),
        debian: "curl",
        fedora: "curl",
        arch: "curl",
        why: "downloads the pinned ffmpeg",
    },
    Package {
        need: Need::Headless,
        probe: Probe::File("/etc/ssl/certs/ca-certificates.crt"),
        debian: "ca-certificates",
        fedora: "ca-certificates",
        arch: "ca-certificates",
        why: "lets curl check whom it downloads from",
    },
    Package {
        need: Need::Desktop,
        probe: Probe::Program("pkg-config"),
        debian: "pkg-config",
        fedora: "pkgconf-pkg-config",
        arch: "pkgconf",
        why: "finds the libraries below",
    },
    Package {
        need: Need::Desktop,
        probe: Probe::PkgConfig("webkit2gtk-4.1"),
        debian: "libwebkit2gtk-4.1-dev",
        fedora: "webkit2gtk4.1-devel",
        arch: "webkit2gtk-4.1",
        why: "draws the window",
    },
    Package {
        need: Need::Desktop,
        probe: Probe::PkgConfig("dbus-1"),
        debian: "libdbus-1-dev",
        fedora: "dbus-devel",
        arch: "dbus",
        why: "the window toolkit asks the desktop for its theme by it",
    },
    Package {
        need: Need::Tests,
        probe: Probe::Program("ffmpeg"),
        debian: "ffmpeg",
        fedora: "ffmpeg-free",
        arch: "ffmpeg",
        why: "the system's own ffmpeg, the other one that files must come out right with",
    },
    Package {
        need: Need::Tests,
        probe: Probe::Program("ip"),
        debian: "iproute2",
        fedora: "iproute",
        arch: "iproute2",
        why: "makes the network namespaces that stand in for computers",
    },
    Package {
        need: Need::Tests,
        probe: Probe::Program("nft"),
        debian: "nftables",
        fedora: "nftables",
        arch: "nftables",
        why: "loses packets between those",
    },
    Package {
        need: Need::Tests,
        probe: Probe::Program("faketime"),
        debian: "faketime",
        fedora: "libfaketime",
        arch: "libfaketime",
        why: "sets the clock of one of those alone",
    },
    Package {
        need: Need::Tests,
        probe: Probe::Program("debugfs"),
        debian: "e2fsprogs",
        fedora: "e2fsprogs",
        arch: "e2fsprogs",
        why: "makes the small disk that goes bad under a film",
    },
    Package {
        need: Need::Tests,
        probe: Probe::Program("bwrap"),
        debian: "bubblewrap",
        fedora: "bubblewrap",
        arch: "bubblewrap",
        why: "the cage of ffmpeg where the kernel has no Landlock, which is tried too",
    },
    Package {
        need: Need::Tests,
        probe: Probe::Program("Xvfb"),
        debian: "xvfb",
        fedora: "xorg-x11-server-Xvfb",
        arch: "xorg-server-xvfb",
        why: "a screen for the window's test where there is none",
    },
    Package {
        need: Need::Tests,
        probe: Probe::Program("WebKitWebDriver"),
        debian: "webkit2gtk-driver",
        fedora: "webkit2gtk-driver",
        arch: "webkit2gtk-4.1",
        why: "presses the window's buttons",
    },
    Package {
        need: Need::Tests,
        probe: Probe::Program("dbus-daemon"),
        debian: "dbus",
        fedora: "dbus-daemon",
        arch: "dbus",
        why: "a session bus for the window's test",
    },
    Package {
        need: Need::Tests,
        probe: Probe::Program("xdotool"),
        debian: "xdotool",
        fedora: "xdotool",
        arch: "xdotool",
        why: "moves the pointer that drops a film on the window",
    },
    Package {
        need: Need::Tests,
        probe: Probe::Python("import gi; gi.require_version('Gtk', '3.0')"),
        debian: "python3-gi gir1.2-gtk-3.0",
        fedora: "python3-gobject gtk3",
        arch: "python-gobject gtk3",
        why: "offers the film that is dropped on the window",
    },
    Package {
        need: Need::Tests,
        probe: Probe::Python("import ctypes; ctypes.CDLL('libayatana-appindicator3.so.1')"),
        debian: "libayatana-appindicator3-1",
        fedora: "libayatana-appindicator-gtk3",
        arch: "libayatana-appindicator",
        why: "draws the icon beside the clock, which the window does without where it is missing",
    },
    Package {
        need: Need::Tests,
        probe: Probe::Python("import ensurepip"),
        debian: "python3-venv",
        fedora: "python3-pip",
        arch: "python",
        why: "holds schemathesis, which tries the API",
    },
    Package {
        need: Need::Tests,
        probe: Probe::AnyProgram(&["chromium", "chromium-browser", "google-chrome"]),
        debian: "chromium",
        fedora: "chromium",
        arch: "chromium",
        why: "opens the page in a real browser",
    },
];

/// Installs what is missing for `need`, or says how to.
///
/// # Errors
/// When something is missing and cannot be installed from here; the message holds the command to type.
pub fn install(need: Need) -> Result<()> {
    if !cfg!(target_os = "linux") {
        return elsewhere();
    }
    let os = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let family = family(&os);
    let missing = missing(need, &family);
    if missing.is_empty() {
        return Ok(());
    }
    for package in &missing {
        say(format!("missing: {} ({})", package.debian, package.why));
    }
    match family {
        Family::Debian | Family::Ubuntu => apt(&missing)?,
        Family::Fedora => by_hand("sudo dnf install", &missing, |package| package.fedora)?,
        Family::Arch => by_hand("sudo pacman -S --needed", &missing, |package| package.arch)?,
        Family::Other => by_hand(
            "install the equivalents of these Debian packages:",
            &missing,
            |package| package.debian,
        )?,
    }
    let still: Vec<&str> = self::missing(need, &family)
        .iter()
        .map(|package| package.debian)
        .collect();
    if !still.is_empty() {
        bail!("installed, but still not usable: {}", still.join(", "));
    }
    Ok(())
}

fn missing(need: Need, family: &Family) -> Vec<&'static Package> {
    // Ubuntu has Chromium only as a snap, which does not run everywhere; its test says that it is skipped.
    let is_to_be_had =
        |package: &Package| *family != Family::Ubuntu || package.debian != "chromium";
    PACKAGES
        .iter()
        .filter(|package| {
            package.need <= need && is_to_be_had(package) && !is_there(&package.probe)
        })
        .collect()
}

fn is_there(probe: &Probe) -> bool {
    match probe {
        Probe::Program(name) => shell::find(name).is_some(),
        Probe::AnyProgram(names) => names.iter().any(|name| shell::find(name).is_some()),
        Probe::Python(line) => shell::succeeds(command("/usr/bin/python3").args(["-c", line])),
        Probe::PkgConfig(module) => {
            shell::succeeds(command("pkg-config").args(["--exists", module]))
        }
        // Other families keep their certificates elsewhere, and always have them.
        Probe::File(path) => Path::new(path).exists() || !Path::new("/etc/debian_version").exists(),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Family {
    Debian,
    Ubuntu,
    Fedora,
    Arch,
    Other,
}

/// The family by `ID` and `ID_LIKE` of os-release(5).
fn family(os_release: &str) -> Family {
    let words: Vec<&str> = os_release
        .lines()
        .filter_map(|line| {
            line.strip_prefix("ID=")
                .or_else(|| line.strip_prefix("ID_LIKE="))
        })
        .flat_map(|value| value.trim_matches('"').split_whitespace())
        .collect();
    let is = |names: &[&str]| words.iter().any(|word| names.contains(word));
    if is(&["ubuntu"]) {
        Family::Ubuntu
    } else if is(&["debian"]) {
        Family::Debian
    } else if is(&["fedora", "rhel", "centos"]) {
        Family::Fedora
    } else if is(&["arch"]) {
        Family::Arch
    } else {
        Family::Other
    }
}

fn apt(missing: &[&Package]) -> Result<()> {
    let names: Vec<&str> = missing
        .iter()
        .flat_map(|package| package.debian.split(' '))
        .collect();
    let typed = format!(
        "apt-get install -y --no-install-recommends {}",
        names.join(" ")
    );
    let Some(mut update) = as_root("apt-get") else {
        bail!("this needs root, and there is no sudo. As root, run:\n  {typed}");
    };
    say("apt-get update");
    // Without a network the packages may still be in apt's cache, so go on.
    if shell::run(update.args(["-q", "update"])).is_err() {
        say("apt-get update failed; trying with the lists that are there");
    }
    say(&typed);
    let Some(mut install) = as_root("apt-get") else {
        bail!("sudo has gone")
    };
    install
        .args(["-q", "-o", "DPkg::Lock::Timeout=120"])
        .args(["install", "-y", "--no-install-recommends"])
        .args(&names);
    shell::run(&mut install)
        .map_err(|error| error.context(format!("could not install them. By hand:\n  sudo {typed}")))
}

/// The program as root, by sudo where we are not root; nothing where that cannot be.
fn as_root(program: &str) -> Option<Command> {
    const QUIET: &str = "DEBIAN_FRONTEND=noninteractive";
    if is_root() {
        let mut direct = command("env");
        direct.args([QUIET, program]);
        return Some(direct);
    }
    shell::find("sudo")?;
    let mut sudo = command("sudo");
    sudo.args(["env", QUIET, program]);
    Some(sudo)
}

/// Whether we run as root (on Linux; elsewhere no).
pub fn is_root() -> bool {
    fs::read_to_string("/proc/self/status").is_ok_and(|status| {
        status
            .lines()
            .find_map(|line| line.strip_prefix("Uid:"))
            .and_then(|ids| ids.split_whitespace().nth(1))
            == Some("0")
    })
}

fn by_hand(
    start: &str,
    missing: &[&Package],
    name: impl Fn(&Package) -> &'static str,
) -> Result<()> {
    let names: Vec<&str> = missing.iter().map(|package| name(package)).collect();
    bail!(
        "some system packages are missing. Run this, then the task again:\n  {start} {}",
        names.join(" ")
    );
}

/// macOS and Windows bring their own web view; a compiler and curl are all that is needed.
fn elsewhere() -> Result<()> {
    if cfg!(target_os = "macos") && !shell::succeeds(command("xcrun").args(["--find", "cc"])) {
        bail!("the compiler is missing. Run this, then the task again:\n  xcode-select --install");
    }
    if !shell::succeeds(command("curl").arg("--version")) {
        let how = if cfg!(windows) {
            "winget install cURL.cURL"
        } else {
            "brew install curl"
        };
        bail!("curl is missing. Run this, then the task again:\n  {how}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_told_apart_by_os_release() {
        assert_eq!(family("ID=debian\nVERSION_ID=\"12\"\n"), Family::Debian);
        assert_eq!(
            family("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"),
            Family::Ubuntu
        );
        assert_eq!(family("ID=raspbian\nID_LIKE=debian\n"), Family::Debian);
        assert_eq!(family("ID=fedora\n"), Family::Fedora);
        assert_eq!(
            family("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n"),
            Family::Fedora
        );
        assert_eq!(family("ID=manjaro\nID_LIKE=arch\n"), Family::Arch);
        assert_eq!(family("ID=nixos\n"), Family::Other);
        assert_eq!(family("VARIANT_ID=debian\n"), Family::Other);
    }

    #[test]
    fn every_need_includes_the_ones_before_it() {
        assert!(Need::Headless < Need::Desktop && Need::Desktop < Need::Tests);
    }

    #[test]
    fn a_program_that_is_not_there_is_missing() {
        assert!(is_there(&Probe::Program("sh")) || cfg!(windows));
        assert!(!is_there(&Probe::Program("no-such-program-anywhere")));
        assert!(!is_there(&Probe::PkgConfig("no-such-module-anywhere")));
    }
}
