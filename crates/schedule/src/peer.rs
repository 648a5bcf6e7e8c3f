//! A computer: whether it is there, how far it is trusted, how fast it is, and what it holds.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::config::{FarmConfig, doubled};
use crate::ids::{EncoderId, LeaseId, PeerId, Time, Work};
use crate::input::{Needs, Offer};

/// More seats than this are not used: what one lost computer can take with it stays bounded.
const SEATS_MOST: u32 = 64;

/// Whether a computer can be given work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Presence {
    /// Yes.
    Here,
    /// It is there, but takes nothing for now.
    Paused {
        /// Why, in its words.
        reason: String,
    },
    /// It is not there.
    Gone,
}

/// How far a computer is trusted to deliver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// Fully.
    Good {
        /// It has failed so many times since it last succeeded.
        fails: u32,
    },
    /// It failed too often in a row, and gets work only where there is nobody else.
    Aside {
        /// Until then.
        until: Time,
        /// For the how-manieth time in a row.
        times: u32,
        /// Its last failure.
        reason: String,
    },
    /// It may try again; one more failure sets it aside for longer.
    Trial {
        /// So many times it was set aside in a row.
        times: u32,
    },
}

/// What can happen to a computer's presence.
#[derive(Clone, Debug)]
pub(crate) enum PresenceInput {
    Joined,
    Paused(String),
    Resumed,
    Left,
}

/// What can happen to a computer's standing.
#[derive(Clone, Debug)]
pub(crate) enum StandingInput {
    /// It failed through its own fault.
    Blamed(String),
    /// A result of its was verified.
    Praised,
    /// Time has passed.
    Woken,
}

/// What became of a computer's standing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StandingStep {
    Same,
    SetAside { until: Time, reason: String },
    OnTrial,
    Cleared,
}

impl Presence {
    /// The one place where presence changes. Says whether it did.
    pub(crate) fn on(&mut self, input: PresenceInput) -> bool {
        let next = match input {
            PresenceInput::Joined => match self {
                Self::Gone | Self::Paused { .. } => Self::Here,
                Self::Here => return false,
            },
            PresenceInput::Paused(reason) => match self {
                Self::Here | Self::Paused { .. } => Self::Paused { reason },
                Self::Gone => return false,
            },
            PresenceInput::Resumed => match self {
                Self::Paused { .. } => Self::Here,
                Self::Here | Self::Gone => return false,
            },
            PresenceInput::Left => match self {
                Self::Here | Self::Paused { .. } => Self::Gone,
                Self::Gone => return false,
            },
        };
        *self = next;
        true
    }
}

impl Standing {
    /// The one place where standing changes.
    pub(crate) fn on(
        &mut self,
        input: StandingInput,
        rules: &FarmConfig,
        now: Time,
    ) -> StandingStep {
        match input {
            StandingInput::Blamed(reason) => match self {
                Self::Good { fails } if *fails + 1 < rules.fails_in_a_row => {
                    *fails += 1;
                    StandingStep::Same
                }
                Self::Good { .. } => self.set_aside(0, reason, rules, now),
                Self::Trial { times } => {
                    let times = *times;
                    self.set_aside(times, reason, rules, now)
                }
                Self::Aside { reason: last, .. } => {
                    *last = reason;
                    StandingStep::Same
                }
            },
            StandingInput::Praised => match self {
                Self::Good { fails } => {
                    *fails = 0;
                    StandingStep::Same
                }
                Self::Aside { .. } | Self::Trial { .. } => {
                    *self = Self::Good { fails: 0 };
                    StandingStep::Cleared
                }
            },
            StandingInput::Woken => match self {
                Self::Aside { until, times, .. } if *until <= now => {
                    *self = Self::Trial { times: *times };
                    StandingStep::OnTrial
                }
                Self::Aside { .. } | Self::Good { .. } | Self::Trial { .. } => StandingStep::Same,
            },
        }
    }

    fn set_aside(
        &mut self,
        times: u32,
        reason: String,
        rules: &FarmConfig,
        now: Time,
    ) -> StandingStep {
        let until = now.after(doubled(rules.aside, times, rules.aside_most));
        *self = Self::Aside {
            until,
            times: times.saturating_add(1),
            reason: reason.clone(),
        };
        StandingStep::SetAside { until, reason }
    }
}

/// What a computer can do with one encoder, as declared and as measured since.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ability {
    /// The encoder.
    pub encoder: EncoderId,
    /// Work a second of the whole computer, as it was declared.
    pub declared: f64,
    /// The same, as real segments have shown it to be.
    pub speed: f64,
    /// How many segments at once.
    pub seats: u32,
    /// How many segments that was measured on.
    pub measured_on: u32,
}

impl Ability {
    fn from_offer(offer: &Offer) -> Option<Self> {
        let fit = offer.speed.is_finite() && offer.speed > 0.0 && offer.seats > 0;
        fit.then(|| Self {
            encoder: offer.encoder,
            declared: offer.speed,
            speed: offer.speed,
            seats: offer.seats.min(SEATS_MOST),
            measured_on: 0,
        })
    }

    /// Work a second of one seat while the others are taken too.
    pub fn seat_speed(&self) -> f64 {
        self.speed / f64::from(self.seats)
    }

    /// Learns that one seat encoded so much a second, with every seat taken or not. A seat is faster while
    /// others are empty, so then only bad news counts.
    pub(crate) fn learn(&mut self, seat_speed: f64, full: bool) {
        let seen = seat_speed * f64::from(self.seats);
        if !seen.is_finite() || seen <= 0.0 || (!full && seen > self.speed) {
            return;
        }
        // The first real segments say more than a benchmark of a few seconds of another film.
        let weight = if self.measured_on < 2 { 0.5 } else { 0.25 };
        self.speed += (seen - self.speed) * weight;
        self.measured_on = self.measured_on.saturating_add(1);
    }
}

/// One computer.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub id: PeerId,
    pub is_self: bool,
    pub presence: Presence,
    pub standing: Standing,
    pub abilities: Vec<Ability>,
    /// Its live leases up to the return of the result.
    pub leases: BTreeSet<LeaseId>,
    /// It is left alone until then,
    pub not_before: Time,
    /// after so many mishaps in a row.
    pub mishaps: u32,
    /// How many of `leases` take a seat or wait for one.
    pub seated: u32,
    /// How many of `leases` are results on the way here.
    pub returning: u32,
    /// How many results of its are here and being examined.
    pub quarantined: u32,
    /// Whether a source is on the way there.
    pub wire_taken: bool,
    /// When a seat is expected to be free; the past if one is.
    pub free_at: Time,
    /// When all its seats together are expected to be through with what they have.
    pub drained_at: Time,
    /// When the last of them is.
    pub last_end: Time,
    pub segments_done: u32,
    pub work_done: Work,
}

impl Peer {
    pub fn new(id: PeerId, is_self: bool) -> Self {
        Self {
            id,
            is_self,
            presence: Presence::Gone,
            standing: Standing::Good { fails: 0 },
            abilities: Vec::new(),
            leases: BTreeSet::new(),
            not_before: Time(0),
            mishaps: 0,
            seated: 0,
            returning: 0,
            quarantined: 0,
            wire_taken: false,
            free_at: Time(0),
            drained_at: Time(0),
            last_end: Time(0),
            segments_done: 0,
            work_done: Work(0),
        }
    }

    /// Takes a new list of offers. A speed declared as before keeps what was measured.
    pub fn set_offers(&mut self, offers: &[Offer]) {
        let before = std::mem::take(&mut self.abilities);
        for offer in offers.iter().filter_map(Ability::from_offer) {
            let known = before.iter().find(|old| {
                old.encoder == offer.encoder
                    && old.declared == offer.declared
                    && old.seats == offer.seats
            });
            if self.ability(offer.encoder).is_none() {
                self.abilities.push(*known.unwrap_or(&offer));
            }
        }
    }

    pub fn ability(&self, encoder: EncoderId) -> Option<&Ability> {
        self.abilities
            .iter()
            .find(|ability| ability.encoder == encoder)
    }

    pub fn ability_mut(&mut self, encoder: EncoderId) -> Option<&mut Ability> {
        self.abilities
            .iter_mut()
            .find(|ability| ability.encoder == encoder)
    }

    /// Its abilities that serve `needs`.
    pub fn fitting<'a>(&'a self, needs: &'a Needs) -> impl Iterator<Item = &'a Ability> {
        self.abilities.iter().filter(move |ability| match needs {
            Needs::Exactly(encoder) => ability.encoder == *encoder,
            Needs::AnyOf(encoders) => encoders.contains(&ability.encoder),
        })
    }

    /// The fastest of them.
    pub fn best<'a>(&'a self, needs: &'a Needs) -> Option<&'a Ability> {
        self.fitting(needs)
            .max_by(|a, b| a.speed.total_cmp(&b.speed))
    }

    pub fn is_here(&self) -> bool {
        self.presence == Presence::Here
    }

    pub fn is_aside(&self) -> bool {
        match self.standing {
            Standing::Aside { .. } => true,
            Standing::Good { .. } | Standing::Trial { .. } => false,
        }
    }

    /// How many leases may be seated here with this ability: another computer gets one more than it has
    /// seats, so that the next source travels while it encodes.
    pub fn room(&self, ability: &Ability) -> u32 {
        ability.seats + u32::from(!self.is_self)
    }

    /// Whether one more lease could be granted with this ability now. On trial it is one at a time.
    pub fn has_room(&self, ability: &Ability) -> bool {
        let trusted = match self.standing {
            Standing::Good { .. } | Standing::Aside { .. } => true,
            Standing::Trial { .. } => self.leases.is_empty() && self.quarantined == 0,
        };
        trusted
            && self.seated < self.room(ability)
            && self.returning <= ability.seats
            && (self.is_self || !self.wire_taken)
    }

    /// Whether one more lease could be granted with any ability now.
    pub fn is_open(&self, now: Time) -> bool {
        self.is_here()
            && self.not_before <= now
            && self.abilities.iter().any(|ability| self.has_room(ability))
    }
}
