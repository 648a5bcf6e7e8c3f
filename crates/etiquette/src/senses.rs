//! What a computer notices of itself and of who uses it.

use std::time::Duration;

use crate::hours::Weekday;

/// Who sits in front of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Person {
    /// Nobody can: there is no desktop.
    #[default]
    Nobody,
    /// Keyboard and mouse were last touched so long ago.
    Last(Duration),
    /// There is a desktop, and it does not tell.
    Untold,
}

/// A disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disk {
    /// Bytes that are free.
    pub free: u64,
    /// Bytes in all.
    pub total: u64,
}

/// The time on the wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// The day.
    pub day: Weekday,
    /// Minutes since it began, 0 to 1439.
    pub minute: u16,
}

/// Everything that was noticed at one look. What could not be told stands for nothing being in the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Senses {
    /// Who sits there.
    pub person: Person,
    /// It runs on its battery.
    pub on_battery: bool,
    /// Its system saves power.
    pub power_saver: bool,
    /// What other programs take of all its processors together, 0 to 100 percent; `None`: not looked at, or not told.
    pub others_percent: Option<u8>,
    /// The program of [`crate::Rules::programs`] that runs, as it is called there.
    pub program: Option<String>,
    /// The disk of the working files.
    pub disk: Option<Disk>,
    /// The time on the wall.
    pub clock: Option<Clock>,
}
