//! The cage by bubblewrap: a root of its own with nothing in it but what is given, and no network.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::{Given, SYSTEM, belonging, devices};
use crate::child;

/// Where systems keep it. A list of folders that others may have set is not asked.
const PLACES: [&str; 2] = ["/usr/bin/bwrap", "/usr/local/bin/bwrap"];

/// It, if it works here: systems may forbid what it needs.
pub(super) fn program() -> Option<&'static Path> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOUND.get_or_init(find).as_deref()
}

fn find() -> Option<PathBuf> {
    let there = PLACES
        .iter()
        .map(PathBuf::from)
        .find(|path| path.is_file())?;
    let tried = Path::new("/usr/bin/true");
    let mut words = front(tried, &Given::default());
    words.push("--version".into());
    child::works(&there, &words).then_some(there)
}

/// Its arguments before those of `program`.
pub(super) fn front(program: &Path, given: &Given) -> Vec<OsString> {
    let mut words = Words(Vec::new());
    words.flags(&["--unshare-all", "--die-with-parent", "--new-session"]);
    words.flags(&["--cap-drop", "ALL"]);
    if given.hardware {
        words.bind("--ro-bind", Path::new("/"));
        for path in devices() {
            words.bind("--dev-bind-try", &path);
        }
        // Its own view of itself, which drivers ask for.
        words.flags(&["--proc", "/proc"]);
    } else {
        for path in SYSTEM.iter().map(PathBuf::from).chain(belonging(program)) {
            words.bind("--ro-bind-try", &path);
        }
        words.flags(&["--proc", "/proc", "--dev", "/dev"]);
        words.bind("--ro-bind", program);
        for path in &given.reads {
            words.bind("--ro-bind-try", path);
        }
    }
    for path in &given.writes {
        words.bind("--bind", path);
    }
    // Its root is memory: nothing is left behind in it, and it is not to fill.
    words.flags(&["--remount-ro", "/", "--chdir", "/", "--"]);
    words.0.push(program.into());
    words.0
}

struct Words(Vec<OsString>);

impl Words {
    fn flags(&mut self, flags: &[&str]) {
        self.0.extend(flags.iter().map(OsString::from));
    }

    /// What is there is there inside too, under the same name.
    fn bind(&mut self, how: &str, path: &Path) {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        self.0
            .extend([how.into(), path.clone().into(), path.into()]);
    }
}
