//! Hours of the week, as people say them: `mon-fri 22:00-06:00`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::senses::Clock;

/// A day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weekday {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

impl Weekday {
    /// All of them, as weeks go.
    pub const ALL: [Self; 7] = [
        Self::Mon,
        Self::Tue,
        Self::Wed,
        Self::Thu,
        Self::Fri,
        Self::Sat,
        Self::Sun,
    ];

    /// The day after so many others since a Sunday, as calendars of computers count: 0 to 6.
    #[must_use]
    pub fn since_sunday(days: u32) -> Self {
        Self::ALL[((days + 6) % 7) as usize]
    }

    fn before(self) -> Self {
        Self::ALL[(self as usize + 6) % 7]
    }

    fn word(self) -> &'static str {
        ["mon", "tue", "wed", "thu", "fri", "sat", "sun"][self as usize]
    }
}

/// Minutes of a day.
const DAY: u16 = 24 * 60;

/// A stretch of time on some days of each week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// The days it begins on: at least one.
    pub days: Vec<Weekday>,
    /// When it begins, minutes of the day, 0 to 1439.
    pub from_min: u16,
    /// When it is over, minutes, 0 to 1440; where that is not later it is on the next day.
    pub to_min: u16,
}

/// Hours that make no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no time of the week: write days and hours as in \"mon-fri 22:00-06:00\", \"sat,sun\" or \"daily 20:00-08:00\""
)]
pub struct BadHours(String);

impl Hours {
    /// Whether they are within their bounds.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        !self.days.is_empty() && self.days.len() <= 7 && self.from_min < DAY && self.to_min <= DAY
    }

    /// Whether it is within them now.
    #[must_use]
    pub fn contain(&self, now: Clock) -> bool {
        let on = |day| self.days.contains(&day);
        if self.from_min < self.to_min {
            return on(now.day) && (self.from_min..self.to_min).contains(&now.minute);
        }
        let tonight = on(now.day) && now.minute >= self.from_min;
        tonight || (on(now.day.before()) && now.minute < self.to_min)
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut days = self.days.clone();
        days.sort_unstable();
        days.dedup();
        if days.len() == 7 {
            f.write_str("daily")?;
        } else {
            f.write_str(&runs(&days).join(","))?;
        }
        let clock = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        write!(f, " {}-{}", clock(self.from_min), clock(self.to_min))
    }
}

/// Days that follow each other become `mon-fri`.
fn runs(days: &[Weekday]) -> Vec<String> {
    let follows = |a: &Weekday, b: &Weekday| *a as usize + 1 == *b as usize;
    days.chunk_by(follows)
        .flat_map(|run| match run {
            [first, .., last] if run.len() > 2 => {
                vec![format!("{}-{}", first.word(), last.word())]
            }
            few => few.iter().map(|day| day.word().to_owned()).collect(),
        })
        .collect()
}

impl FromStr for Hours {
    type Err = BadHours;

    fn from_str(text: &str) -> Result<Self, BadHours> {
        let bad = || BadHours(text.to_owned());
        let lower = text.to_ascii_lowercase();
        let mut words = lower.split_whitespace();
        let days = days(words.next().ok_or_else(bad)?).ok_or_else(bad)?;
        let (from_min, to_min) = match words.next() {
            Some(times) => times.split_once('-').and_then(|(from, to)| {
                let (from, to) = (minutes(from)?, minutes(to)?);
                (from < DAY).then_some((from, to))
            }),
            None => Some((0, DAY)),
        }
        .ok_or_else(bad)?;
        if words.next().is_some() {
            return Err(bad());
        }
        Ok(Self {
            days,
            from_min,
            to_min,
        })
    }
}

fn days(text: &str) -> Option<Vec<Weekday>> {
    if text == "daily" {
        return Some(Weekday::ALL.to_vec());
    }
    let mut all = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (day(first)? as usize, day(last)? as usize);
        // fri-mon goes over the end of the week.
        let count = (last + 7 - first) % 7 + 1;
        all.extend((first..first + count).map(|at| Weekday::ALL[at % 7]));
    }
    all.sort_unstable();
    all.dedup();
    Some(all)
}

fn day(text: &str) -> Option<Weekday> {
    Weekday::ALL.into_iter().find(|day| day.word() == text)
}

fn minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let all_digits =
        |word: &str| (1..=2).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(hours) || !all_digits(minutes) {
        return None;
    }
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    let all = hours * 60 + minutes;
    (minutes < 60 && all <= DAY).then_some(all)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(day: Weekday, hour: u16, minute: u16) -> Clock {
        Clock {
            day,
            minute: hour * 60 + minute,
        }
    }

    #[test]
    fn hours_are_read_as_people_write_them() {
        use Weekday::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
        let read = |text: &str| {
            let hours: Hours = text.parse().unwrap();
            (hours.days, hours.from_min, hours.to_min)
        };
        let week = vec![Mon, Tue, Wed, Thu, Fri];
        assert_eq!(read("mon-fri 22:00-06:00"), (week, 1320, 360));
        assert_eq!(read("Sat,Sun"), (vec![Sat, Sun], 0, 1440));
        assert_eq!(read("fri-mon 8:05-24:00").0, [Mon, Fri, Sat, Sun]);
        assert_eq!(read("daily 20:00-08:00").0, Weekday::ALL);
        for bad in [
            "",
            "someday",
            "mon 25:00-26:00",
            "mon 10:60-11:00",
            "mon 24:00-08:00",
            "mon 10-11",
            "mon 1:00-2:00 x",
            "mon- 1:00-2:00",
            "mon +1:00-2:00",
        ] {
            assert!(bad.parse::<Hours>().is_err(), "{bad:?} was taken");
        }
    }

    #[test]
    fn a_night_belongs_to_the_day_it_begins_on() {
        let nights: Hours = "fri 22:00-06:00".parse().unwrap();
        let within = [
            (Weekday::Fri, 22, 0),
            (Weekday::Fri, 23, 59),
            (Weekday::Sat, 0, 0),
            (Weekday::Sat, 5, 59),
        ];
        let without = [
            (Weekday::Fri, 21, 59),
            (Weekday::Fri, 3, 0),
            (Weekday::Sat, 6, 0),
            (Weekday::Sat, 22, 0),
        ];
        assert!(
            within
                .iter()
                .all(|(day, h, m)| nights.contain(at(*day, *h, *m)))
        );
        assert!(
            !without
                .iter()
                .any(|(day, h, m)| nights.contain(at(*day, *h, *m)))
        );
        let sunday: Hours = "sun 23:00-01:00".parse().unwrap();
        assert!(
            sunday.contain(at(Weekday::Mon, 0, 30)),
            "over the end of the week"
        );
    }

    #[test]
    fn calendars_count_from_sunday() {
        assert_eq!(Weekday::since_sunday(0), Weekday::Sun);
        assert_eq!(Weekday::since_sunday(1), Weekday::Mon);
        assert_eq!(Weekday::since_sunday(6), Weekday::Sat);
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(days in proptest::collection::btree_set(0_u32..7, 1..=7), from in 0_u16..1440, to in 0_u16..=1440) {
            let mut days: Vec<Weekday> = days.into_iter().map(Weekday::since_sunday).collect();
            days.sort_unstable();
            let hours = Hours { days, from_min: from, to_min: to };
            prop_assert!(hours.is_sound());
            prop_assert_eq!(hours.to_string().parse::<Hours>().unwrap(), hours);
        }

        /// All hours of a week are as many as the days times the length of one stretch.
        #[test]
        fn a_week_has_as_much_as_it_says(day in 0_u32..7, from in 0_u16..1440, to in 0_u16..=1440) {
            let hours = Hours { days: vec![Weekday::since_sunday(day)], from_min: from, to_min: to };
            let minutes = Weekday::ALL.into_iter().flat_map(|day| (0..1440).map(move |minute| Clock { day, minute }));
            let within = minutes.filter(|now| hours.contain(*now)).count();
            let length = if from < to { to - from } else { 1440 - from + to };
            prop_assert_eq!(within, usize::from(length));
        }
    }
}
