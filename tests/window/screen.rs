//! A screen that nobody sees, with a home of its own.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// An X server without a monitor. Ends with this.
pub struct Screen {
    server: Child,
    /// Of the session, and of the system.
    buses: [Bus; 2],
    display: String,
    home: tempfile::TempDir,
}

impl Screen {
    /// Starts it on a display that is free.
    pub fn start() -> Self {
        let mut server = Command::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                "1280x860x24",
                "-nolisten",
                "tcp",
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let number = first_line(&mut server);
        let buses = [Bus::start(), Bus::start()];
        let home = tempfile::tempdir().unwrap();
        stand_in_opener(home.path());
        Self {
            server,
            buses,
            display: format!(":{number}"),
            home,
        }
    }

    /// A program on this screen: no other screen, home or message bus is in reach.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        let home = self.home.path();
        command
            .env("DISPLAY", &self.display)
            .env_remove("WAYLAND_DISPLAY")
            .env("HOME", home)
            .env("PATH", with_stand_ins(home))
            .env("XDG_RUNTIME_DIR", home)
            .env("XDG_DATA_HOME", home.join("data"))
            .env("XDG_CACHE_HOME", home.join("cache"))
            .env("XDG_CONFIG_HOME", home.join("config"))
            .env("DBUS_SESSION_BUS_ADDRESS", &self.buses[0].address)
            .env("DBUS_SYSTEM_BUS_ADDRESS", &self.buses[1].address)
            .env("LANG", "C.UTF-8");
        command
    }

    /// The user's home.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// What the system was asked to open so far, one path a line.
    pub fn opened(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.home.path().join("opened"));
        let text = text.unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Waits until this process shows a window.
    pub fn wait_for_window(&self, process: u32) {
        self.wait_for_windows(&["--pid", &process.to_string()]);
    }

    /// Waits until there is a window with this title; gives its number.
    pub fn wait_for_title(&self, title: &str) -> String {
        let windows = self.wait_for_windows(&["--name", title]);
        windows.last().unwrap().clone()
    }

    fn wait_for_windows(&self, search: &[&str]) -> Vec<String> {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let found = self.windows(search);
            if !found.is_empty() {
                return found;
            }
            assert!(Instant::now() < end, "no window came: {search:?}");
            sleep(Duration::from_millis(100));
        }
    }

    /// The windows that are shown and found by this, as numbers.
    pub fn windows(&self, search: &[&str]) -> Vec<String> {
        let said = self.pointer(&[&["search", "--onlyvisible"], search].concat());
        said.lines().map(str::to_owned).collect()
    }

    /// What xdotool says when it has done this.
    pub fn pointer(&self, words: &[&str]) -> String {
        let done = self.command("xdotool").args(words).output().unwrap();
        String::from_utf8(done.stdout).unwrap()
    }

    /// Where a window is and how large: its left, top, width and height, pixels.
    pub fn place(&self, window: &str) -> [i64; 4] {
        let geometry = self.pointer(&["getwindowgeometry", "--shell", window]);
        ["X=", "Y=", "WIDTH=", "HEIGHT="].map(|name| {
            let mut lines = geometry.lines();
            lines
                .find_map(|line| line.strip_prefix(name)?.parse().ok())
                .unwrap()
        })
    }
}

/// The system's opener, as far as the app can tell: it notes what it is asked to open.
fn stand_in_opener(home: &Path) {
    let folder = home.join("bin");
    std::fs::create_dir(&folder).unwrap();
    let script = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$1\" >>'{}'\n",
        home.join("opened").display()
    );
    let opener = folder.join("xdg-open");
    std::fs::write(&opener, script).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&opener, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

fn with_stand_ins(home: &Path) -> std::ffi::OsString {
    let usual = std::env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(home.join("bin")).chain(std::env::split_paths(&usual));
    std::env::join_paths(all).unwrap()
}

impl Drop for Screen {
    fn drop(&mut self) {
        let daemons = self.buses.iter_mut().filter_map(|bus| bus.daemon.as_mut());
        for child in std::iter::once(&mut self.server).chain(daemons) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A message bus, if there is one to start: without it the app works too, and complains.
struct Bus {
    daemon: Option<Child>,
    address: String,
}

impl Bus {
    fn start() -> Self {
        let daemon = Command::new("dbus-daemon")
            .args(["--session", "--print-address=1", "--nofork", "--nopidfile"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut daemon = daemon.ok();
        let address = daemon.as_mut().map(first_line);
        Self {
            address: address.unwrap_or_else(|| "disabled:".to_owned()),
            daemon,
        }
    }
}

fn first_line(child: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    line.trim().to_owned()
}
