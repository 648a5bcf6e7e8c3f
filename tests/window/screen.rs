//! A screen that nobody sees, with a home of its own.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// An X server without a monitor. Ends with this.
pub struct Screen {
    server: Child,
    bus: Option<Child>,
    bus_address: String,
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
        let (bus, bus_address) = start_bus();
        let home = tempfile::tempdir().unwrap();
        stand_in_opener(home.path());
        Self {
            server,
            bus,
            bus_address,
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
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus_address);
        command
    }

    /// What the system was asked to open so far, one path a line.
    pub fn opened(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.home.path().join("opened"));
        let text = text.unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Waits until this process shows a window.
    pub fn wait_for_window(&self, process: u32) {
        let end = Instant::now() + Duration::from_secs(60);
        let process = process.to_string();
        loop {
            let search = ["search", "--onlyvisible", "--pid", &process];
            let found = self.command("xdotool").args(search).output().unwrap();
            if !found.stdout.is_empty() {
                return;
            }
            assert!(Instant::now() < end, "no window came");
            sleep(Duration::from_millis(100));
        }
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
        for child in std::iter::once(&mut self.server).chain(self.bus.as_mut()) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A message bus, if there is one to start: without it the app works too, and complains.
fn start_bus() -> (Option<Child>, String) {
    let bus = Command::new("dbus-daemon")
        .args(["--session", "--print-address=1", "--nofork", "--nopidfile"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    match bus {
        Ok(mut bus) => {
            let address = first_line(&mut bus);
            (Some(bus), address)
        }
        Err(_) => (None, "disabled:".to_owned()),
    }
}

fn first_line(child: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    line.trim().to_owned()
}
