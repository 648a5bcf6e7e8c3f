//! The computer stays awake while it encodes: for its own videos until they are done, for others' only while it has
//! one of their segments in hand, and never on its battery.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use crate::under_way::Effort;
use api::{Finding, Level};

/// How often the battery is looked at while it matters.
const LOOK: Duration = Duration::from_secs(30);

/// Keeps the computer awake, on a thread of its own: asking the system for it may take a while.
pub struct Awake(Sender<Effort>);

impl Awake {
    /// Finds out whether it can be done, which `tell` is told, and waits for what is wanted.
    pub fn start(tell: impl Fn(Finding) + Send + 'static) -> Self {
        let (sender, wanted) = mpsc::channel();
        std::thread::spawn(move || keep(&wanted, &tell));
        Self(sender)
    }

    /// This is wanted from now on.
    pub fn want(&self, wanted: Effort) {
        // The thread ends after this.
        let _ = self.0.send(wanted);
    }
}

fn keep(orders: &Receiver<Effort>, tell: &impl Fn(Finding)) {
    tell(finding(&hold()));
    let mut wanted = Effort::default();
    let mut held = None;
    loop {
        match next(orders, wanted) {
            Ok(order) => wanted = order,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        if !wanted.keeps_awake(on_battery) {
            held = None;
        } else if held.is_none() {
            let asked = hold();
            tell(finding(&asked));
            held = asked.ok();
        }
    }
}

fn next(orders: &Receiver<Effort>, wanted: Effort) -> Result<Effort, RecvTimeoutError> {
    if wanted.minds_the_battery() {
        return orders.recv_timeout(LOOK);
    }
    orders.recv().map_err(|_| RecvTimeoutError::Disconnected)
}

const WHO: &str = "Manyhands";
const WHY: &str = "Encoding videos";

/// Until this is dropped the computer does not go to sleep by itself. The screen may.
struct Held {
    _system: Option<keepawake::KeepAwake>,
    _session: Option<session::Held>,
}

/// Asks the system, and the desktop where that has a will of its own.
fn hold() -> keepawake::Result<Held> {
    let session = session::hold();
    let system = keepawake::Builder::default()
        .idle(true)
        .reason(WHY)
        .app_name(WHO)
        .app_reverse_domain("io.github.manyhands")
        .create();
    match (system, session) {
        (Err(error), None) => Err(error),
        (system, session) => Ok(Held {
            _system: system.ok(),
            _session: session,
        }),
    }
}

/// GNOME and its kin suspend by themselves, and do not mind what was asked of the system.
#[cfg(target_os = "linux")]
mod session {
    use zbus::blocking::Connection;

    /// What the session manager calls its own suspending.
    const SUSPEND: u32 = 4;

    /// Lasts as long as the connection does.
    pub struct Held(#[expect(dead_code, reason = "held, not used")] Connection);

    pub fn hold() -> Option<Held> {
        let bus = Connection::session().ok()?;
        let name = "org.gnome.SessionManager";
        let asked = (super::WHO, 0_u32, super::WHY, SUSPEND);
        let path = "/org/gnome/SessionManager";
        let answer = bus.call_method(Some(name), path, Some(name), "Inhibit", &asked);
        answer.ok().map(|_| Held(bus))
    }
}

#[cfg(not(target_os = "linux"))]
mod session {
    /// Nothing more is needed.
    pub struct Held;

    pub fn hold() -> Option<Held> {
        None
    }
}

/// Whether it runs on its battery. Where that cannot be told there is none.
fn on_battery() -> bool {
    let all = starship_battery::Manager::new().and_then(|manager| manager.batteries());
    let mut batteries = all.into_iter().flatten().flatten();
    batteries.any(|battery| battery.state() == starship_battery::State::Discharging)
}

fn finding(held: &keepawake::Result<Held>) -> Finding {
    let (level, says, help) = match held {
        Ok(_) => (
            Level::Good,
            "This computer stays awake while it encodes.".to_owned(),
            "",
        ),
        Err(error) => (
            Level::Note,
            format!("The system does not let Manyhands keep this computer awake: {error}."),
            "Set it not to sleep while videos are under way.",
        ),
    };
    Finding {
        subject: "sleep".to_owned(),
        level,
        says,
        help: help.to_owned(),
    }
}
