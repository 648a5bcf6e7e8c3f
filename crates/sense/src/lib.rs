//! What a computer can notice of itself and of who uses it: the one place that asks the system for it.
//!
//! [`Sense`] is the trait, [`Here`] this computer. What cannot be told is reported as nothing being in the way, but
//! for a desktop that keeps to itself whether it is used ([`Person::Untold`]). Who works on a text console or over
//! SSH is not noticed.

#[cfg(target_os = "linux")]
mod bus;
mod clock;
mod disk;
mod drives;
mod person;
mod power;
mod processes;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use etiquette::{Person, Senses};

use person::People;
use power::Power;
use processes::Processes;

pub use drives::network_drives;

/// The day and the minute of it, by this computer's clock; `None` where the system does not say.
#[must_use]
pub fn clock() -> Option<etiquette::Clock> {
    clock::look()
}

/// Time since some beginning, by a clock that nobody sets and that goes on in sleep.
#[must_use]
pub fn passed() -> Duration {
    clock::passed()
}

/// What is worth looking at now: the rest would cost something for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Who uses it.
    pub person: bool,
    /// What other programs take of its processors. Told from the second look on.
    pub load: bool,
    /// Whether one of these programs runs.
    pub programs: Vec<String>,
    /// The disk of this folder.
    pub folder: Option<PathBuf>,
}

/// Something that notices.
pub trait Sense: Send {
    /// Looks; may take some tenths of a second where the system is slow to answer.
    fn look(&mut self, wanted: &Wanted) -> Senses;

    /// Time since some beginning, by which it is told how long something lasts. Never runs backwards.
    fn now(&self) -> Duration;
}

/// This computer.
#[derive(Debug)]
pub struct Here {
    begun: Instant,
    people: People,
    power: Power,
    processes: Processes,
}

impl Here {
    /// This computer. On Linux `MANYHANDS_SYSFS` names a folder that is read in place of `/sys`, for tests.
    #[must_use]
    pub fn new() -> Self {
        Self {
            begun: Instant::now(),
            people: People::new(),
            power: Power::new(),
            processes: Processes::new(),
        }
    }
}

/// Notices nothing: neither who uses the computer nor what it runs on.
#[derive(Debug)]
struct Nothing(Instant);

impl Sense for Nothing {
    fn look(&mut self, _: &Wanted) -> Senses {
        Senses::default()
    }

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

/// This computer, as [`Here`]. With `MANYHANDS_UNDISTURBED=1` nothing is noticed of it: several nodes of a test share
/// a computer that somebody uses, and that may run on its battery.
#[must_use]
pub fn of_this_computer() -> Box<dyn Sense> {
    let undisturbed = std::env::var_os("MANYHANDS_UNDISTURBED").is_some_and(|set| set == "1");
    if undisturbed {
        return Box::new(Nothing(Instant::now()));
    }
    Box::new(Here::new())
}

impl Default for Here {
    fn default() -> Self {
        Self::new()
    }
}

impl Sense for Here {
    fn look(&mut self, wanted: &Wanted) -> Senses {
        let (others_percent, program) = self.processes.look(wanted.load, &wanted.programs);
        Senses {
            person: if wanted.person {
                self.people.look()
            } else {
                Person::Nobody
            },
            on_battery: self.power.is_on_battery(),
            power_saver: self.power.is_saving(),
            others_percent,
            program,
            disk: wanted.folder.as_deref().and_then(disk::look),
            clock: clock::look(),
        }
    }

    fn now(&self) -> Duration {
        self.begun.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_computer_can_be_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let wanted = Wanted {
            person: true,
            load: true,
            programs: vec!["no such program".to_owned()],
            folder: Some(folder.path().to_owned()),
        };
        let mut here = Here::new();
        here.look(&wanted);
        let senses = here.look(&wanted);
        assert!(senses.others_percent.is_none_or(|percent| percent <= 100));
        assert!(senses.program.is_none());
        let disk = senses.disk.unwrap();
        assert!(disk.free > 0 && disk.free <= disk.total);
        assert!(senses.clock.unwrap().minute < 24 * 60);
        let nothing = here.look(&Wanted::default());
        assert_eq!(
            (nothing.person, nothing.others_percent, nothing.disk),
            (Person::Nobody, None, None)
        );
    }
}
