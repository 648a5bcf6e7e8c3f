//! The decision at work, in a time of its own.

use std::time::Duration;

use proptest::prelude::*;

use super::{Begun, Etiquette, Reason, Standing};
use crate::hours::Weekday;
use crate::rules::{Mode, Rules};
use crate::senses::{Clock, Disk, Person, Senses};

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn mode(mode: Mode) -> Etiquette {
    let rules = Rules {
        mode,
        ..Rules::default()
    };
    Etiquette::new(rules, true)
}

fn touched(ago: u64) -> Senses {
    Senses {
        person: Person::Last(s(ago)),
        ..Senses::default()
    }
}

fn unplugged() -> Senses {
    Senses {
        on_battery: true,
        ..Senses::default()
    }
}

fn stands(rest: Option<Reason>, begun: Begun, half: bool) -> Standing {
    Standing { rest, begun, half }
}

#[test]
fn a_computer_without_a_desktop_simply_helps() {
    for each in [Mode::Polite, Mode::OnlyWhenIdle, Mode::AllIn] {
        assert_eq!(
            mode(each).notice(&Senses::default(), s(0)),
            Standing::default()
        );
    }
}

#[test]
fn each_mode_by_how_long_ago_it_was_touched() {
    use Begun::{GoesOn, StandsStill};
    let table = [
        (Mode::Polite, 0, stands(None, GoesOn, true)),
        (Mode::Polite, 179, stands(None, GoesOn, true)),
        (Mode::Polite, 180, stands(None, GoesOn, false)),
        (
            Mode::OnlyWhenIdle,
            0,
            stands(Some(Reason::InUse), StandsStill, false),
        ),
        (
            Mode::OnlyWhenIdle,
            29,
            stands(Some(Reason::InUse), StandsStill, false),
        ),
        (
            Mode::OnlyWhenIdle,
            30,
            stands(Some(Reason::InUse), GoesOn, false),
        ),
        (
            Mode::OnlyWhenIdle,
            179,
            stands(Some(Reason::InUse), GoesOn, false),
        ),
        (Mode::OnlyWhenIdle, 180, stands(None, GoesOn, false)),
        (Mode::AllIn, 0, stands(None, GoesOn, false)),
    ];
    for (each, ago, expected) in table {
        assert_eq!(
            mode(each).notice(&touched(ago), s(0)),
            expected,
            "{each:?}, {ago} s ago"
        );
    }
}

#[test]
fn a_desktop_that_does_not_tell_counts_as_used() {
    let untold = Senses {
        person: Person::Untold,
        ..Senses::default()
    };
    assert!(mode(Mode::Polite).notice(&untold, s(0)).half);
    let never = mode(Mode::OnlyWhenIdle).notice(&untold, s(0));
    assert_eq!(never.rest, Some(Reason::Untold));
    assert_eq!(mode(Mode::AllIn).notice(&untold, s(0)), Standing::default());
}

#[test]
fn who_sits_down_stops_it_at_once_and_gets_it_all_after_a_minute() {
    let mut etiquette = mode(Mode::OnlyWhenIdle);
    let mut at = |now, ago| etiquette.notice(&touched(ago), s(now)).begun;
    assert_eq!(at(0, 600), Begun::GoesOn);
    assert_eq!(at(10, 0), Begun::StandsStill);
    assert_eq!(at(69, 5), Begun::StandsStill);
    assert_eq!(at(70, 5), Begun::GoesBack);
    assert_eq!(at(300, 1), Begun::GoesBack);
    // Gone for three minutes, and back: a minute's grace again.
    assert_eq!(at(600, 180), Begun::GoesOn);
    assert_eq!(at(700, 0), Begun::StandsStill);
}

#[test]
fn a_cat_on_the_keyboard_costs_half_a_minute() {
    let mut etiquette = mode(Mode::OnlyWhenIdle);
    let mut at = |now, ago| etiquette.notice(&touched(ago), s(now)).begun;
    assert_eq!(at(0, 0), Begun::StandsStill);
    assert_eq!(at(30, 30), Begun::GoesOn);
    assert_eq!(at(100, 100), Begun::GoesOn);
    // It comes again before the computer was idle: that is no cat.
    assert_eq!(at(110, 0), Begun::GoesBack);
}

#[test]
fn the_plug_decides_in_every_mode() {
    for each in [Mode::Polite, Mode::OnlyWhenIdle, Mode::AllIn] {
        let mut etiquette = mode(each);
        let off = etiquette.notice(&unplugged(), s(0));
        assert_eq!(
            off,
            stands(Some(Reason::OnBattery), Begun::StandsStill, false)
        );
        assert_eq!(etiquette.notice(&unplugged(), s(60)).begun, Begun::GoesBack);
        assert_eq!(
            etiquette.notice(&Senses::default(), s(61)),
            Standing::default()
        );
    }
}

#[test]
fn helping_on_the_battery_lasts_until_it_is_plugged_in() {
    let mut etiquette = mode(Mode::Polite);
    assert!(etiquette.notice(&unplugged(), s(0)).rest.is_some());
    etiquette.help_on_battery(true);
    assert_eq!(etiquette.notice(&unplugged(), s(1)), Standing::default());
    assert!(etiquette.helps_on_battery());
    assert_eq!(
        etiquette.notice(&Senses::default(), s(2)),
        Standing::default()
    );
    assert!(!etiquette.helps_on_battery());
    assert!(etiquette.notice(&unplugged(), s(3)).rest.is_some());
}

#[test]
fn where_nothing_can_stand_still_it_goes_back_at_once() {
    let mut etiquette = Etiquette::new(Rules::default(), false);
    assert_eq!(etiquette.notice(&unplugged(), s(0)).begun, Begun::GoesBack);
}

#[test]
fn other_programs_matter_while_somebody_uses_them() {
    let busy = |person| Senses {
        person,
        others_percent: Some(80),
        ..Senses::default()
    };
    let after = |each, person| {
        let mut etiquette = mode(each);
        etiquette.notice(&busy(person), s(0));
        etiquette.notice(&busy(person), s(20))
    };
    let used = Person::Last(s(5));
    let polite = after(Mode::Polite, used);
    assert_eq!(
        polite,
        stands(Some(Reason::OtherLoad), Begun::StandsStill, true)
    );
    assert_eq!(after(Mode::Polite, Person::Nobody), Standing::default());
    assert_eq!(
        after(Mode::Polite, Person::Last(s(200))),
        Standing::default()
    );
    assert_eq!(after(Mode::AllIn, used), Standing::default());
    let mut etiquette = mode(Mode::Polite);
    assert!(!etiquette.minds_load());
    etiquette.notice(&touched(1), s(0));
    assert!(etiquette.minds_load());
}

#[test]
fn a_named_program_stops_it_and_a_little_longer() {
    let mut etiquette = mode(Mode::AllIn);
    let game = Senses {
        program: Some("Game".to_owned()),
        ..Senses::default()
    };
    let named = Some(Reason::Program("Game".to_owned()));
    assert_eq!(
        etiquette.notice(&game, s(0)),
        stands(named.clone(), Begun::StandsStill, false)
    );
    assert_eq!(etiquette.notice(&Senses::default(), s(14)).rest, named);
    assert_eq!(
        etiquette.notice(&Senses::default(), s(15)),
        Standing::default()
    );
    etiquette.notice(&game, s(20));
    etiquette.set_rules(Rules::default());
    assert_eq!(
        etiquette.notice(&Senses::default(), s(21)),
        Standing::default(),
        "it is on the list no more"
    );
}

#[test]
fn outside_its_hours_and_on_a_full_disk_only_nothing_new_is_begun() {
    let rules = Rules {
        hours: vec!["mon 20:00-22:00".parse().unwrap()],
        ..Rules::default()
    };
    let mut etiquette = Etiquette::new(rules, true);
    let at = |minute| Senses {
        clock: Some(Clock {
            day: Weekday::Mon,
            minute,
        }),
        ..Senses::default()
    };
    let outside = stands(Some(Reason::OutsideHours), Begun::GoesOn, false);
    assert_eq!(etiquette.notice(&at(1199), s(0)), outside);
    assert_eq!(etiquette.notice(&at(1200), s(1)), Standing::default());
    let disk = |free, total| Senses {
        disk: Some(Disk { free, total }),
        ..Senses::default()
    };
    let low = |senses: &Senses| mode(Mode::Polite).notice(senses, s(0));
    const GB: u64 = 1_000_000_000;
    let full = stands(Some(Reason::LowDisk), Begun::GoesOn, false);
    assert_eq!(low(&disk(19 * GB, 1000 * GB)), full);
    assert_eq!(low(&disk(20 * GB, 1000 * GB)), Standing::default());
    assert_eq!(low(&disk(2 * GB - 1, 20 * GB)), full);
    assert_eq!(low(&disk(2 * GB, 20 * GB)), Standing::default());
}

fn any_senses() -> impl Strategy<Value = Senses> {
    let person = prop_oneof![
        Just(Person::Nobody),
        Just(Person::Untold),
        (0_u64..400).prop_map(|ago| Person::Last(s(ago))),
    ];
    let program = proptest::option::weighted(0.1, Just("Game".to_owned()));
    let percent = proptest::option::of(0_u8..=100);
    (
        person,
        proptest::bool::weighted(0.2),
        proptest::bool::weighted(0.1),
        percent,
        program,
    )
        .prop_map(
            |(person, on_battery, power_saver, others_percent, program)| Senses {
                person,
                on_battery,
                power_saver,
                others_percent,
                program,
                disk: None,
                clock: None,
            },
        )
}

fn any_mode() -> impl Strategy<Value = Mode> {
    prop_oneof![
        Just(Mode::Polite),
        Just(Mode::OnlyWhenIdle),
        Just(Mode::AllIn)
    ]
}

proptest! {
    /// Whatever happens: nothing stands still for longer than a minute at a stretch, nothing stands still or goes
    /// back without a reason that is told, and on the battery nothing goes on.
    #[test]
    fn whatever_happens(each in any_mode(), looks in proptest::collection::vec((1_u64..15, any_senses()), 1..120)) {
        let mut etiquette = mode(each);
        let (mut now, mut still) = (0, None);
        for (later, senses) in looks {
            now += later;
            let stood = etiquette.notice(&senses, s(now));
            if stood.begun == Begun::StandsStill {
                let since = *still.get_or_insert(now);
                prop_assert!(now - since < 60);
            } else {
                still = None;
            }
            prop_assert!(stood.begun == Begun::GoesOn || stood.rest.is_some());
            prop_assert!(!senses.on_battery || stood.begun != Begun::GoesOn);
            prop_assert!(!stood.half || each == Mode::Polite);
            let at_it = matches!(senses.person, Person::Last(ago) if ago < s(30));
            prop_assert!(!(each == Mode::OnlyWhenIdle && at_it) || stood.begun != Begun::GoesOn);
        }
    }
}
