//! The computer stays awake while it encodes: for its own videos until they are done, for others' only while it has
//! one of their segments in hand, and never on its battery.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use api::{Finding, Level};
use keepawake::KeepAwake;

use crate::under_way::Effort;

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

/// Asks the system; until this is dropped it does not go to sleep by itself. The screen may.
fn hold() -> keepawake::Result<KeepAwake> {
    keepawake::Builder::default()
        .idle(true)
        .reason("Encoding videos")
        .app_name("Manyhands")
        .app_reverse_domain("io.github.manyhands")
        .create()
}

/// Whether it runs on its battery. Where that cannot be told there is none.
fn on_battery() -> bool {
    let all = starship_battery::Manager::new().and_then(|manager| manager.batteries());
    let mut batteries = all.into_iter().flatten().flatten();
    batteries.any(|battery| battery.state() == starship_battery::State::Discharging)
}

fn finding(held: &keepawake::Result<KeepAwake>) -> Finding {
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
