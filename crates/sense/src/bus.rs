//! Questions by D-Bus to services that run already: none is started for it, and none is waited for long.

use std::time::{Duration, Instant};

use zbus::blocking::Connection;
use zbus::blocking::connection::Builder;
use zbus::message::Message;

/// An answer takes no longer.
const PATIENCE: Duration = Duration::from_millis(500);
/// A bus that was not there is looked for again after so long.
const AGAIN: Duration = Duration::from_secs(30);

/// Which bus.
#[derive(Clone, Debug)]
pub(crate) enum Which {
    /// The user's.
    Session,
    /// The computer's.
    System,
    /// A test's.
    #[cfg(test)]
    At(String),
}

/// A bus, connected to once it is needed.
#[derive(Debug)]
pub(crate) struct Bus {
    which: Which,
    connection: Option<Connection>,
    tried: Option<Instant>,
}

/// A service's object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Object {
    /// The service.
    pub name: &'static str,
    /// Where it has it.
    pub path: &'static str,
}

impl Bus {
    pub fn new(which: Which) -> Self {
        Self {
            which,
            connection: None,
            tried: None,
        }
    }

    /// Calls a method without arguments.
    pub fn call(&mut self, object: Object, method: &str) -> Option<Message> {
        let connection = self.with(object)?;
        let Object { name, path } = object;
        connection
            .call_method(Some(name), path, Some(name), method, &())
            .ok()
    }

    /// A property, as text.
    pub fn word(&mut self, object: Object, property: &str) -> Option<String> {
        let connection = self.with(object)?;
        let Object { name, path } = object;
        let interface = "org.freedesktop.DBus.Properties";
        let answer = connection
            .call_method(Some(name), path, Some(interface), "Get", &(name, property))
            .ok()?;
        let body = answer.body();
        let value: zbus::zvariant::Value<'_> = body.deserialize().ok()?;
        String::try_from(value).ok()
    }

    /// The bus, if this service runs on it.
    fn with(&mut self, object: Object) -> Option<&Connection> {
        if self.connection.as_ref().is_some_and(Connection::is_closed) {
            self.connection = None;
        }
        if self.connection.is_none() {
            self.connect();
        }
        let connection = self.connection.as_ref()?;
        let bus = "org.freedesktop.DBus";
        let asked = connection.call_method(
            Some(bus),
            "/org/freedesktop/DBus",
            Some(bus),
            "NameHasOwner",
            &(object.name),
        );
        let runs: bool = asked.ok()?.body().deserialize().ok()?;
        runs.then_some(connection)
    }

    fn connect(&mut self) {
        if self.tried.is_some_and(|tried| tried.elapsed() < AGAIN) {
            return;
        }
        self.tried = Some(Instant::now());
        let bus = match &self.which {
            Which::Session => Builder::session(),
            Which::System => Builder::system(),
            #[cfg(test)]
            Which::At(address) => Builder::address(address.as_str()),
        };
        let connected = bus.and_then(|bus| bus.method_timeout(PATIENCE).build());
        match connected {
            Ok(connection) => self.connection = Some(connection),
            Err(error) => tracing::debug!(bus = ?self.which, %error, "no D-Bus"),
        }
    }
}

/// A bus of a test's own, and who answers on it.
#[cfg(test)]
pub(crate) mod stand_in {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Child, Command, Stdio};

    use zbus::blocking::Connection;
    use zbus::blocking::connection::Builder;
    use zbus::object_server::Interface;

    use super::{Object, Which};

    /// A program that ends with this, and the first line that it says.
    pub(crate) struct Server {
        child: Child,
        pub said: String,
    }

    impl Server {
        #[expect(clippy::disallowed_methods, reason = "a test's own server")]
        pub fn start(program: &str, arguments: &[&str]) -> Self {
            let mut command = Command::new(program);
            let quiet = command
                .args(arguments)
                .stdout(Stdio::piped())
                .stderr(Stdio::null());
            let mut child = quiet
                .spawn()
                .unwrap_or_else(|error| panic!("{program}: {error}"));
            let mut said = String::new();
            let mut stdout = BufReader::new(child.stdout.take().unwrap());
            stdout.read_line(&mut said).unwrap();
            Self {
                child,
                said: said.trim().to_owned(),
            }
        }
    }

    impl Drop for Server {
        fn drop(&mut self) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }

    /// A real bus that nobody else is on.
    pub(crate) struct Private(Server);

    impl Private {
        pub fn start() -> Self {
            let words = ["--session", "--print-address=1", "--nofork", "--nopidfile"];
            Self(Server::start("dbus-daemon", &words))
        }

        pub fn which(&self) -> Which {
            Which::At(self.0.said.clone())
        }

        /// Answers as this service for as long as the connection lives.
        pub fn serve(&self, object: Object, service: impl Interface) -> Connection {
            let bus = Builder::address(self.0.said.as_str()).unwrap();
            let bus = bus
                .name(object.name)
                .unwrap()
                .serve_at(object.path, service)
                .unwrap();
            bus.build().unwrap()
        }
    }
}
