//! The decision: whether to help now, with how much, and what becomes of what is under way.

use std::time::Duration;

use crate::latch::{LowDisk, OtherLoad};
use crate::rules::{Mode, Rules};
use crate::senses::{Person, Senses};

/// Untouched for so long, a computer is idle.
const IDLE: Duration = Duration::from_secs(180);
/// Touched within this time, somebody is at it this moment: a cat on the keyboard is gone after it.
const TOUCHED: Duration = Duration::from_secs(30);
/// Stopped for so long, work under way is given back.
const PATIENCE: Duration = Duration::from_secs(60);
/// A program that has ended may be starting again.
const GONE: Duration = Duration::from_secs(15);

/// Why a computer does not help just now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It runs on its battery.
    OnBattery,
    /// Its system saves power.
    PowerSaver,
    /// This program runs. For the computer's own user alone.
    Program(String),
    /// Somebody uses it.
    InUse,
    /// Somebody may be using it: its desktop does not tell.
    Untold,
    /// Somebody uses it, and their programs need it.
    OtherLoad,
    /// Its hours have not come.
    OutsideHours,
    /// Little is left on its disk.
    LowDisk,
}

/// What becomes of work for others that has begun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Begun {
    /// It goes on.
    #[default]
    GoesOn,
    /// It stands still.
    StandsStill,
    /// It is given back.
    GoesBack,
}

/// How things stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Why nothing new is begun; `None`: something may be.
    pub rest: Option<Reason>,
    /// What becomes of what has begun.
    pub begun: Begun,
    /// Half of the computer is its user's.
    pub half: bool,
}

/// What has been noticed lately, and what follows from it.
#[derive(Debug)]
pub struct Etiquette {
    rules: Rules,
    /// Work can stand still here; else it goes back at once.
    can_stand_still: bool,
    load: OtherLoad,
    disk: LowDisk,
    /// The program that ran, and when it was last seen.
    program: Option<(String, Duration)>,
    /// The user wants it to help on its battery until it is plugged in again.
    battery_too: bool,
    /// Since when what stops work under way has lasted.
    stopped: Option<Duration>,
    in_use: bool,
}

impl Etiquette {
    /// By these rules, on a system where runs can be made to stand still or not.
    #[must_use]
    pub fn new(rules: Rules, can_stand_still: bool) -> Self {
        Self {
            rules,
            can_stand_still,
            load: OtherLoad::default(),
            disk: LowDisk::default(),
            program: None,
            battery_too: false,
            stopped: None,
            in_use: false,
        }
    }

    /// By other rules from now on.
    pub fn set_rules(&mut self, rules: Rules) {
        self.rules = rules;
        self.program = None;
    }

    /// Whether it helps on its battery, too, until it is plugged in again.
    pub fn help_on_battery(&mut self, on: bool) {
        self.battery_too = on;
    }

    /// Whether it does.
    #[must_use]
    pub fn helps_on_battery(&self) -> bool {
        self.battery_too
    }

    /// Whether [`Senses::person`] makes a difference.
    #[must_use]
    pub fn minds_people(&self) -> bool {
        self.rules.mode != Mode::AllIn
    }

    /// Whether [`Senses::others_percent`] does now.
    #[must_use]
    pub fn minds_load(&self) -> bool {
        self.in_use && self.rules.mode == Mode::Polite
    }

    /// Takes in what was noticed at `now`, which never runs backwards, and decides.
    pub fn notice(&mut self, senses: &Senses, now: Duration) -> Standing {
        self.battery_too &= senses.on_battery;
        self.in_use = self.minds_people()
            && match senses.person {
                Person::Nobody => false,
                Person::Last(ago) => ago < IDLE,
                Person::Untold => true,
            };
        let percent = senses.others_percent.filter(|_| self.minds_load());
        let loaded = self.load.read(percent, now);
        let program = self.program(senses, now);
        let low = senses
            .disk
            .is_some_and(|disk| self.disk.read(disk.free, self.rules.kept_free(disk)));
        let hours = &self.rules.hours;
        let in_time = hours.is_empty()
            || senses
                .clock
                .is_none_or(|clock| hours.iter().any(|some| some.contain(clock)));
        let nothing_while_in_use = self.in_use && self.rules.mode == Mode::OnlyWhenIdle;
        // The first that applies is told. Those that stop what has begun come before those that only begin nothing.
        let stop = if senses.on_battery && !self.battery_too {
            Some(Reason::OnBattery)
        } else if senses.power_saver {
            Some(Reason::PowerSaver)
        } else if let Some(name) = program {
            Some(Reason::Program(name))
        } else if nothing_while_in_use && senses.person == Person::Untold {
            Some(Reason::Untold)
        } else if nothing_while_in_use {
            Some(Reason::InUse)
        } else {
            loaded.then_some(Reason::OtherLoad)
        };
        let begun = self.begun(stop.as_ref(), senses.person, now);
        let begin_nothing = if !in_time {
            Some(Reason::OutsideHours)
        } else {
            low.then_some(Reason::LowDisk)
        };
        Standing {
            rest: stop.or(begin_nothing),
            begun,
            half: self.in_use && self.rules.mode == Mode::Polite,
        }
    }

    /// The program that is in the way, for a little longer than it runs.
    fn program(&mut self, senses: &Senses, now: Duration) -> Option<String> {
        if let Some(name) = &senses.program {
            self.program = Some((name.clone(), now));
        }
        let running = |(_, seen): &(String, Duration)| now.saturating_sub(*seen) < GONE;
        self.program = self.program.take().filter(running);
        self.program.as_ref().map(|(name, _)| name.clone())
    }

    /// What becomes of what has begun. Where somebody only touched the mouse it goes on after a moment; who stays
    /// has it given back.
    fn begun(&mut self, stop: Option<&Reason>, person: Person, now: Duration) -> Begun {
        let Some(reason) = stop else {
            self.stopped = None;
            return Begun::GoesOn;
        };
        let since = *self.stopped.get_or_insert(now);
        let at_it = match (reason, person) {
            (Reason::InUse, Person::Last(ago)) => ago < TOUCHED,
            _ => true,
        };
        if !at_it {
            Begun::GoesOn
        } else if self.can_stand_still && now.saturating_sub(since) < PATIENCE {
            Begun::StandsStill
        } else {
            Begun::GoesBack
        }
    }
}

#[cfg(test)]
mod tests;
