//! Every order of events, and what each of them comes to, for a film that was sent to another computer.

use std::collections::BTreeSet;

use super::*;

fn note() -> Note {
    Note {
        film: FilmId([1; 16]),
        peer: PeerId([2; 32]),
        choice: Choice::default(),
        bytes: 1000,
        offered: false,
        taken: false,
        arrived: false,
        held: false,
        wanted: true,
        made: None,
        here: false,
        last: None,
    }
}

fn made() -> FilmMade {
    FilmMade {
        bytes: 500,
        digest: peer::Digest([3; 32]),
        frames: 25,
    }
}

fn stand() -> FilmStand {
    FilmStand {
        step: peer::FilmStep::Processing,
        permille: 10,
        frames: 1,
        of: None,
        fps: 0.0,
        eta_ms: None,
    }
}

const MET: Event = Event::Linked { knows: true };

fn after(events: &[Event]) -> (Away, Vec<Action>) {
    let mut away = Away::new(note());
    let mut last = Vec::new();
    for event in events {
        last = away.on(event.clone());
    }
    (away, last)
}

fn wanted() -> Event {
    Event::Heard(FilmWord::Wanted {})
}

fn stands() -> Event {
    Event::Heard(FilmWord::Stands(stand()))
}

const GO_ON: Action = Action::Say(FilmWord::GoOn {});
const HOLD: Action = Action::Say(FilmWord::Hold {});
const BROKE: Fault = Fault::Broke { moved: false };

/// One whose result is being brought.
fn fetching() -> Away {
    let made = Event::Heard(FilmWord::Made(made()));
    let (away, last) = after(&[MET, stands(), made]);
    assert!(matches!(last[..], [Action::Fetch(_)]), "{last:?}");
    away
}

/// One whose result is here.
fn here() -> Away {
    let mut away = fetching();
    assert_eq!(away.on(Event::Fetched(Ok(()))), [Action::Check]);
    away
}

#[test]
fn the_whole_way() {
    let (mut away, actions) = after(&[MET]);
    assert_eq!(actions, [Action::Offer]);
    assert_eq!(away.on(wanted()), [GO_ON, Action::Send]);
    assert_eq!(away.on(wanted()), [], "said twice");
    assert_eq!(away.on(Event::Sent(Ok(()))), []);
    assert_eq!(away.on(stands()), []);
    let fetch = away.on(Event::Heard(FilmWord::Made(made())));
    assert!(matches!(fetch[..], [Action::Fetch(_)]), "{fetch:?}");
    assert_eq!(
        away.on(Event::Heard(FilmWord::Made(made()))),
        [],
        "said twice"
    );
    assert_eq!(away.on(Event::Fetched(Ok(()))), [Action::Check]);
    assert_eq!(
        away.on(Event::Placed),
        [Action::Say(FilmWord::Collected {})]
    );
    assert_eq!(away.on(Event::Heard(FilmWord::Over {})), [Action::Forget]);
}

#[test]
fn a_lost_link_costs_nothing_but_an_offer() {
    let (mut away, _) = after(&[MET, wanted()]);
    assert_eq!(away.on(Event::Lost), [Action::Stop]);
    assert_eq!(away.on(Event::Sent(Err(Fault::Link))), [], "it was ended");
    assert_eq!(away.on(MET), [Action::Offer]);
    assert_eq!(away.on(wanted()), [GO_ON, Action::Send]);
    // Found done when they meet again.
    away.on(Event::Lost);
    away.on(MET);
    let fetch = away.on(Event::Heard(FilmWord::Made(made())));
    assert!(matches!(fetch[..], [Action::Fetch(_)]));
    // In mid-fetch.
    assert_eq!(away.on(Event::Lost), [Action::Stop]);
    assert_eq!(away.on(MET), [Action::Offer]);
}

#[test]
fn what_is_left_there_is_fetched_when_asked() {
    let mut away = Away::new(Note {
        wanted: false,
        ..note()
    });
    away.on(MET);
    away.on(wanted());
    away.on(Event::Sent(Ok(())));
    assert_eq!(away.on(Event::Heard(FilmWord::Made(made()))), []);
    assert_eq!((away.step, away.on(Event::Tick)), (Step::Ready, vec![]));
    let fetch = away.on(Event::Fetch);
    assert!(matches!(fetch[..], [Action::Fetch(_)]));
}

#[test]
fn a_cancel_is_said_until_it_is_heard() {
    let (mut away, _) = after(&[MET, wanted()]);
    let actions = away.on(Event::Cancel);
    let expected = [
        Action::Stop,
        Action::End(End::Cancelled),
        Action::Say(FilmWord::Cancel {}),
    ];
    assert_eq!(actions, expected);
    assert_eq!(away.on(Event::Cancel), []);
    assert_eq!(away.on(Event::Lost), []);
    assert_eq!(away.on(MET), [Action::Say(FilmWord::Cancel {})]);
    // The owner had not heard it when it said this.
    let late = away.on(stands());
    assert_eq!(late, [Action::Say(FilmWord::Cancel {})]);
    assert_eq!(away.on(Event::Heard(FilmWord::Over {})), [Action::Forget]);
    // Nobody has heard of this one.
    let (_, actions) = after(&[Event::Cancel]);
    assert_eq!(actions[1..], [Action::End(End::Cancelled), Action::Forget]);
}

#[test]
fn what_its_owner_says_ends_it() {
    let no = FilmWord::Declined {
        reason: FilmRefusal::NotTaken,
    };
    let (_, actions) = after(&[MET, Event::Heard(no)]);
    let end = End::Declined(FilmRefusal::NotTaken);
    assert_eq!(actions, [Action::Stop, Action::End(end), Action::Forget]);
    let busy = FilmWord::Declined {
        reason: FilmRefusal::Busy,
    };
    let (mut away, actions) = after(&[MET, Event::Heard(busy)]);
    assert!(actions.is_empty() && !away.waits.is_empty());
    assert_eq!(away.on(Event::Tick), [Action::Offer]);
    let (_, actions) = after(&[Event::Linked { knows: false }]);
    assert_eq!(actions[1..], [Action::End(End::TooOld), Action::Forget]);
    let (_, actions) = after(&[MET, Event::Unpaired]);
    assert_eq!(actions[1..], [Action::End(End::Unpaired), Action::Forget]);
    let huge = FilmMade {
        bytes: 1 << 40,
        ..made()
    };
    let (away, actions) = after(&[MET, wanted(), Event::Heard(FilmWord::Made(huge))]);
    assert!(matches!(actions[1], Action::End(End::NoResult(_))));
    assert_eq!(away.note.last, Some(Last::Cancel));
}

#[test]
fn what_is_held_does_not_travel() {
    let (mut away, _) = after(&[MET, wanted()]);
    assert_eq!(away.on(Event::Hold), [Action::Stop]);
    assert_eq!(away.on(Event::Tick), []);
    away.on(Event::Lost);
    assert_eq!(away.on(MET), [Action::Offer]);
    assert_eq!(away.on(wanted()), [HOLD]);
    let on = away.on(Event::GoOn);
    assert_eq!(on, [GO_ON, Action::Offer]);
    assert_eq!(away.on(wanted()), [Action::Send]);
}

#[test]
fn what_is_let_go_on_while_nobody_hears_it_is_said_when_they_meet() {
    let (mut away, _) = after(&[MET, wanted(), Event::Sent(Ok(())), stands()]);
    assert_eq!(away.on(Event::Hold), [HOLD]);
    away.on(Event::Lost);
    assert_eq!(away.on(Event::GoOn), []);
    assert_eq!(away.on(MET), [Action::Offer]);
    assert_eq!(away.on(stands()), [GO_ON]);
    assert_eq!(away.on(stands()), [], "once is enough");
    // And the other way round; also by a computer that was turned off in between.
    away.on(Event::Lost);
    assert_eq!(away.on(Event::Hold), []);
    let mut restarted = Away::new(away.note.clone());
    restarted.on(MET);
    assert_eq!(restarted.on(stands()), [HOLD]);
    restarted.on(Event::Lost);
    restarted.on(Event::GoOn);
    restarted.on(MET);
    assert_eq!(restarted.on(wanted()), [GO_ON, Action::Send]);
}

#[test]
fn a_film_of_which_nothing_comes_across_is_given_up() {
    let (mut away, _) = after(&[MET]);
    for _ in 1..MOST_FAILURES {
        away.on(wanted());
        assert_eq!(away.on(Event::Sent(Err(BROKE))), []);
        assert_eq!(away.on(Event::Tick), [Action::Offer]);
    }
    away.on(wanted());
    let ended = away.on(Event::Sent(Err(BROKE)));
    assert_eq!(ended[1], Action::End(End::GaveUp));
}

#[test]
fn a_film_that_cannot_be_read_waits_and_says_why() {
    let unread = |moved| {
        let why = "its drive is away".to_owned();
        Event::Sent(Err(Fault::Unread { why, moved }))
    };
    let (mut away, _) = after(&[MET]);
    for _ in 1..MOST_FAILURES {
        away.on(wanted());
        assert_eq!(away.on(unread(false)), []);
        assert_eq!((away.step, away.note.last), (Step::Waiting, None));
        assert!(away.waits.contains("its drive is away"));
        assert_eq!(away.on(Event::Tick), [Action::Offer]);
    }
    // It is there again, for a while.
    away.on(wanted());
    assert!(away.waits.is_empty());
    assert_eq!(away.on(unread(true)), []);
    for _ in 1..MOST_FAILURES {
        away.on(wanted());
        assert_eq!(away.on(unread(false)), []);
    }
    away.on(wanted());
    let ended = away.on(unread(false));
    let end = End::Source("its drive is away".to_owned());
    assert_eq!(ended[1], Action::End(end));
    // Another film is none that is waited for.
    let (mut away, _) = after(&[MET, wanted()]);
    let ended = away.on(Event::Sent(Err(Fault::Changed)));
    assert_eq!(ended[1], Action::End(End::Source(String::new())));
    assert_eq!(away.note.last, Some(Last::Cancel));
}

#[test]
fn neither_a_lost_link_nor_a_break_after_some_of_it_counts() {
    let (mut away, _) = after(&[MET]);
    for _ in 0..5 * MOST_FAILURES {
        away.on(wanted());
        assert_eq!(away.on(Event::Sent(Err(Fault::Link))), []);
        away.on(Event::Tick);
    }
    for _ in 0..5 {
        for moved in [false, false, true] {
            away.on(wanted());
            assert_eq!(away.on(Event::Sent(Err(Fault::Broke { moved }))), []);
            away.on(Event::Tick);
        }
    }
    assert!(away.is_open() && away.failures == 0);
}

#[test]
fn a_result_that_does_not_come_across_is_left_where_it_is() {
    let mut away = fetching();
    let again = |away: &mut Away| matches!(away.on(Event::Tick)[..], [Action::Fetch(_)]);
    for _ in 1..MOST_FAILURES {
        assert_eq!(away.on(Event::Fetched(Err(BROKE))), []);
        assert!(away.waits.is_empty() && again(&mut away));
    }
    assert_eq!(away.on(Event::Fetched(Err(Fault::Mismatch))), []);
    assert_eq!((away.step, away.note.last), (Step::Ready, None));
    assert!(!away.waits.is_empty(), "and that is said");
    for _ in 0..SELDOM {
        assert_eq!(away.on(Event::Tick), []);
    }
    assert!(again(&mut away), "after an hour");
    // Or when somebody asks.
    away.on(Event::Fetched(Err(BROKE)));
    assert!(matches!(away.on(Event::Fetch)[..], [Action::Fetch(_)]));
    // Or when the two meet anew.
    away.on(Event::Fetched(Err(BROKE)));
    away.on(Event::Lost);
    away.on(MET);
    let fetch = away.on(Event::Heard(FilmWord::Made(made())));
    assert!(matches!(fetch[..], [Action::Fetch(_)]), "{fetch:?}");
    assert_eq!(away.on(Event::Fetched(Ok(()))), [Action::Check]);
}

#[test]
fn what_was_kept_in_vain_of_a_film_is_sent_anew() {
    let gone = |reason| {
        let detail = peer::Text::default();
        Event::Heard(FilmWord::Ended { reason, detail })
    };
    let (mut away, _) = after(&[MET, wanted(), Event::Hold]);
    assert_eq!(away.on(gone(FilmEnd::Expired)), [Action::Stop]);
    assert!(away.is_open() && !away.note.taken);
    assert_eq!(away.on(Event::Tick), [], "it is held");
    assert_eq!(away.on(Event::GoOn), [GO_ON, Action::Offer]);
    assert_eq!(away.on(wanted()), [Action::Send]);
    // It was away for too long.
    away.on(Event::Lost);
    away.on(MET);
    assert_eq!(away.on(gone(FilmEnd::Forgotten)), [Action::Stop]);
    assert_eq!(away.on(Event::Tick), [Action::Offer]);
    // Whoever had all of it and has nothing has ended it.
    let (mut away, _) = after(&[MET, wanted(), Event::Sent(Ok(())), Event::Lost, MET]);
    let ended = away.on(gone(FilmEnd::Forgotten));
    assert!(matches!(ended[1], Action::End(End::There(..))), "{ended:?}");
    // Nobody is offered a film for ever.
    let (mut away, _) = after(&[MET]);
    let mut times = 0;
    while away.is_open() {
        away.on(wanted());
        away.on(gone(FilmEnd::Forgotten));
        away.on(Event::Tick);
        times += 1;
    }
    assert_eq!(times, MOST_FAILURES);
}

#[test]
fn a_result_that_is_here_needs_nobody() {
    for event in [Event::Unpaired, Event::Withdrawn] {
        let mut checked = here();
        assert_eq!(checked.on(event.clone()), []);
        assert_eq!(checked.step, Step::Checking);
        let mut kept = here();
        kept.on(Event::Kept);
        assert_eq!(kept.on(event.clone()), []);
        assert_eq!(kept.on(Event::Lost), []);
        assert_eq!(kept.on(event), []);
        assert_eq!(kept.on(Event::Again), [Action::Check]);
        kept.on(Event::Placed);
        assert_eq!(kept.on(Event::Unpaired), [Action::Forget]);
    }
    let (_, actions) = after(&[MET, wanted(), Event::Withdrawn]);
    assert_eq!(actions[1], Action::End(End::Cancelled));
}

#[test]
fn a_result_that_has_no_place_is_kept() {
    let mut away = Away::new(Note {
        here: true,
        offered: true,
        ..note()
    });
    assert_eq!(away.on(Event::Kept), []);
    assert!(!away.is_open());
    assert_eq!(away.on(MET), [], "its owner keeps it, too");
    assert_eq!(away.on(Event::Again), [Action::Check]);
    away.on(Event::Kept);
    assert_eq!(away.on(Event::Cancel), [Action::Say(FilmWord::Cancel {})]);
    assert_eq!(away.on(Event::Again), []);
}

#[test]
fn a_restart_goes_on_from_the_note() {
    let here = Away::new(Note {
        here: true,
        ..note()
    });
    assert_eq!(here.step, Step::Checking);
    let mut over = Away::new(Note {
        last: Some(Last::Collected),
        ..note()
    });
    assert_eq!(over.on(MET), [Action::Say(FilmWord::Collected {})]);
}

/// Every event there is, in every order of so many: the job ends at most once, nothing is done after its end but telling,
/// and what was offered is never forgotten without its owner knowing.
#[test]
fn no_order_of_events_breaks_it() {
    let no = |reason| Event::Heard(FilmWord::Declined { reason });
    let events = [
        MET,
        Event::Lost,
        wanted(),
        stands(),
        Event::Heard(FilmWord::Made(made())),
        Event::Heard(FilmWord::Ended {
            reason: FilmEnd::Forgotten,
            detail: peer::Text::default(),
        }),
        no(FilmRefusal::Busy),
        Event::Heard(FilmWord::Over {}),
        Event::Sent(Ok(())),
        Event::Sent(Err(Fault::Link)),
        Event::Sent(Err(BROKE)),
        Event::Fetched(Ok(())),
        Event::Fetched(Err(Fault::Mismatch)),
        Event::Kept,
        Event::Cancel,
        Event::Hold,
        Event::GoOn,
        Event::Fetch,
        Event::Unpaired,
        Event::Withdrawn,
        Event::Tick,
    ];
    let mut seen = BTreeSet::new();
    let mut open = vec![(Away::new(note()), 0, false)];
    while let Some((away, depth, ended)) = open.pop() {
        if depth == 7 || !seen.insert(format!("{away:?}{ended}{}", depth > 5)) {
            continue;
        }
        for event in &events {
            let mut next = away.clone();
            let actions = next.on(event.clone());
            let ends = actions
                .iter()
                .filter(|a| matches!(a, Action::End(_)))
                .count();
            assert!(
                ends + usize::from(ended) <= 1,
                "{away:?} {event:?} {actions:?}"
            );
            let works = |action: &Action| {
                matches!(
                    action,
                    Action::Send | Action::Fetch(_) | Action::Offer | Action::Check
                )
            };
            assert!(
                !(ended && actions.iter().any(works)),
                "{event:?} {actions:?}"
            );
            let moves = |action: &Action| matches!(action, Action::Send | Action::Fetch(_));
            assert!(
                next.linked || !actions.iter().any(moves),
                "{event:?} {actions:?}"
            );
            if !actions.contains(&Action::Forget) {
                open.push((next, depth + 1, ended || ends > 0));
            }
        }
    }
    assert!(seen.len() > 100, "{}", seen.len());
}
