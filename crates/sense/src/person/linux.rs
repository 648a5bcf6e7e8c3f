//! Linux: GNOME tells by D-Bus, X by its screen saver extension. Other Wayland desktops tell nobody who did not wait
//! from the beginning, so that they count as [`Person::Untold`]; `org.freedesktop.ScreenSaver` is not asked, as it
//! answers 0 for ever on some of them.

use std::time::Duration;

use etiquette::Person;
use x11rb::connection::Connection as _;
use x11rb::protocol::screensaver;
use x11rb::rust_connection::RustConnection;

use crate::bus::{Bus, Object, Which};

const MUTTER: Object = Object {
    name: "org.gnome.Mutter.IdleMonitor",
    path: "/org/gnome/Mutter/IdleMonitor/Core",
};

/// Looks at who uses this computer.
#[derive(Debug)]
pub(crate) struct People {
    session: Bus,
    /// The desktop is one of Wayland's.
    wayland: bool,
    /// The X server of this computer; that of another one, as over SSH, is not who sits here.
    display: Option<String>,
    x: Option<X>,
}

/// A connection to an X server.
#[derive(Debug)]
struct X {
    connection: RustConnection,
    root: u32,
}

impl People {
    pub fn new() -> Self {
        let said = |variable: &str| {
            std::env::var(variable)
                .ok()
                .filter(|value| !value.is_empty())
        };
        Self {
            session: Bus::new(Which::Session),
            wayland: said("WAYLAND_DISPLAY").is_some(),
            display: said("DISPLAY")
                .filter(|name| name.starts_with(':') || name.starts_with("unix:")),
            x: None,
        }
    }

    pub fn look(&mut self) -> Person {
        if let Some(ms) = self.mutter() {
            return Person::Last(Duration::from_millis(ms));
        }
        // Beside Wayland an X server only hears of its own windows.
        if self.wayland {
            return Person::Untold;
        }
        if self.x.is_none() {
            self.x = self.display.as_deref().and_then(X::connect);
        }
        let Some(x) = &self.x else {
            return Person::Nobody;
        };
        if let Some(ms) = x.idle_ms() {
            return Person::Last(Duration::from_millis(ms.into()));
        }
        // The server may have gone, or been replaced: looked for anew next time.
        self.x = None;
        Person::Untold
    }

    /// Milliseconds, where GNOME runs.
    fn mutter(&mut self) -> Option<u64> {
        let answer = self.session.call(MUTTER, "GetIdletime")?;
        answer.body().deserialize().ok()
    }
}

impl X {
    fn connect(display: &str) -> Option<Self> {
        let (connection, screen) = x11rb::connect(Some(display)).ok()?;
        let root = connection.setup().roots.get(screen)?.root;
        Some(Self { connection, root })
    }

    /// Milliseconds since the last input; `None` where the connection broke or the server has no such extension.
    fn idle_ms(&self) -> Option<u32> {
        let asked = screensaver::query_info(&self.connection, self.root).ok()?;
        Some(asked.reply().ok()?.ms_since_user_input)
    }
}

#[cfg(test)]
mod tests;
