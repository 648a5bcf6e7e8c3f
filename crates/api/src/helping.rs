//! How helping others stands on this computer, and what its user has set for it.

use std::fmt;
use std::str::FromStr;

use engine::status as its;
use serde::{Deserialize, Serialize};

use crate::error::{ApiError, ErrorCode};

/// How much of itself this computer gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum HelpMode {
    /// Half of it while somebody uses it, all of it else.
    #[default]
    Polite,
    /// Nothing while somebody uses it.
    OnlyWhenIdle,
    /// All of it, always.
    AllIn,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the days are called as they are called")]
pub enum Weekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// A stretch of time on some days of each week, by this computer's clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// The days it begins on; at least one.
    pub days: Vec<Weekday>,
    /// When it begins, minutes of the day: 0 to 1439.
    pub from_min: u16,
    /// When it is over, minutes: 0 to 1440; where that is not later, on the next day.
    pub to_min: u16,
}

/// When and how this computer helps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default, deny_unknown_fields)]
pub struct HelpRules {
    /// How much it gives.
    pub mode: HelpMode,
    /// When; empty: always.
    pub hours: Vec<Hours>,
    /// It rests while one of these programs runs.
    pub programs: Vec<String>,
    /// Bytes that stay free on the disk; `null`: 20 GB, or a tenth of a smaller disk.
    pub keep_free: Option<u64>,
}

/// How helping stands now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Helping {
    /// How much it gives.
    pub mode: HelpMode,
    /// Why nothing new is begun for others.
    pub rest: Option<Rest>,
    /// Parts that have begun for others.
    pub begun: u32,
    /// They stand still.
    pub stands_still: bool,
    /// With how many of its processor threads it helps, while it does.
    pub cores: u32,
    /// With how many at most while somebody uses it, where it is polite.
    pub half_cores: u32,
    /// It runs on its battery.
    pub on_battery: bool,
    /// And helps all the same, until it is plugged in.
    pub battery_too: bool,
    /// Helping is off, and what has begun for others is still finished.
    pub winding_down: bool,
}

/// Why a computer that helps rests, for its own user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Rest {
    /// It runs on its battery.
    OnBattery,
    /// Its system saves power.
    PowerSaver,
    /// A program of the list runs. No other computer is told which.
    Program {
        /// As it is called in the list.
        name: String,
    },
    /// Somebody uses it.
    InUse,
    /// Its desktop does not tell whether somebody uses it.
    Untold,
    /// Somebody uses it, and their programs need it.
    OtherLoad,
    /// Its hours have not come.
    OutsideHours,
    /// Little is left on its disk.
    LowDisk,
}

macro_rules! same_words {
    ($ours:ty, $theirs:ty, $($word:ident),+) => {
        impl From<$theirs> for $ours {
            fn from(one: $theirs) -> Self {
                match one { $(<$theirs>::$word => Self::$word),+ }
            }
        }
        impl From<$ours> for $theirs {
            fn from(one: $ours) -> Self {
                match one { $(<$ours>::$word => Self::$word),+ }
            }
        }
    };
}

same_words!(HelpMode, its::Mode, Polite, OnlyWhenIdle, AllIn);
same_words!(Weekday, its::Weekday, Mon, Tue, Wed, Thu, Fri, Sat, Sun);

impl From<its::Hours> for Hours {
    fn from(one: its::Hours) -> Self {
        Self {
            days: one.days.into_iter().map(Into::into).collect(),
            from_min: one.from_min,
            to_min: one.to_min,
        }
    }
}

impl From<Hours> for its::Hours {
    fn from(one: Hours) -> Self {
        // As the file of settings gives them back, which tells only which days they are.
        let mut days: Vec<its::Weekday> = one.days.into_iter().map(Into::into).collect();
        days.sort_unstable();
        days.dedup();
        Self {
            days,
            from_min: one.from_min,
            to_min: one.to_min,
        }
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        its::Hours::from(self.clone()).fmt(f)
    }
}

impl FromStr for Hours {
    type Err = ApiError;

    fn from_str(text: &str) -> Result<Self, ApiError> {
        let bad = |error: its::BadHours| ApiError::new(ErrorCode::BadRequest, format!("{error}."));
        text.parse::<its::Hours>().map(Into::into).map_err(bad)
    }
}

impl From<its::Rules> for HelpRules {
    fn from(one: its::Rules) -> Self {
        Self {
            mode: one.mode.into(),
            hours: one.hours.into_iter().map(Into::into).collect(),
            programs: one.programs,
            keep_free: one.keep_free,
        }
    }
}

impl From<HelpRules> for its::Rules {
    fn from(one: HelpRules) -> Self {
        Self {
            mode: one.mode.into(),
            hours: one.hours.into_iter().map(Into::into).collect(),
            programs: one.programs,
            keep_free: one.keep_free,
        }
    }
}

impl From<its::Helping> for Helping {
    fn from(one: its::Helping) -> Self {
        Self {
            mode: one.mode.into(),
            rest: one.rest.map(Into::into),
            begun: one.begun,
            stands_still: one.stands_still,
            cores: one.cores,
            half_cores: one.half_cores,
            on_battery: one.on_battery,
            battery_too: one.battery_too,
            winding_down: one.winding_down,
        }
    }
}

impl From<its::Rest> for Rest {
    fn from(one: its::Rest) -> Self {
        match one {
            its::Rest::OnBattery => Self::OnBattery,
            its::Rest::PowerSaver => Self::PowerSaver,
            its::Rest::Program(name) => Self::Program { name },
            its::Rest::InUse => Self::InUse,
            its::Rest::Untold => Self::Untold,
            its::Rest::OtherLoad => Self::OtherLoad,
            its::Rest::OutsideHours => Self::OutsideHours,
            its::Rest::LowDisk => Self::LowDisk,
        }
    }
}
