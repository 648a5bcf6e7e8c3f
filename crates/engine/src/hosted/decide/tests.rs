//! Every order of events, and what each of them comes to, for a film that another computer sent here.

use std::collections::BTreeSet;

use super::*;
use crate::scratch;
use crate::status::{SentBy, Terms};

fn note() -> Note {
    Note {
        peer: PeerId([2; 32]),
        film: FilmId([1; 16]),
        name: "holiday.mkv".to_owned(),
        bytes: 1000,
        choice: Choice::default(),
        folder: "00".repeat(16),
        received: false,
        job: None,
        held: false,
        resting: false,
        held_here: false,
        made: None,
        waited_ms: 0,
        ended: None,
    }
}

fn made() -> Made {
    Made {
        bytes: 500,
        digest: peer::Digest([3; 32]),
        frames: 25,
        file: "film.mkv".to_owned(),
    }
}

fn failed() -> End {
    (FilmEnd::Failed, "no such track".to_owned())
}

/// Whether its sender is told that it came to nothing, and by what.
fn told(actions: &[Action]) -> Option<FilmEnd> {
    actions.iter().find_map(|action| match action {
        Action::Say(FilmWord::Ended { reason, .. }) => Some(*reason),
        _ => None,
    })
}

const SOURCE: BlobId = BlobId([4; 16]);
const RESULT: BlobId = BlobId([5; 16]);

fn at(events: &[Event]) -> Hosted {
    let mut hosted = Hosted::new(note());
    for event in events {
        hosted.on(event.clone());
    }
    hosted
}

fn is_made(actions: &[Action]) -> bool {
    matches!(actions, [Action::Say(FilmWord::Made(_))])
}

#[test]
fn the_whole_way() {
    let mut hosted = at(&[]);
    let pulled = hosted.on(Event::Offered(SOURCE));
    assert_eq!(
        pulled,
        [Action::Pull(SOURCE), Action::Say(FilmWord::Wanted {})]
    );
    assert_eq!(
        hosted.on(Event::Taken(Ok(()))),
        [Action::Submit, Action::Tell]
    );
    assert_eq!(hosted.on(Event::Submitted(Ok(7))), [Action::Tell]);
    assert_eq!(hosted.on(Event::JobDone), [Action::Measure]);
    assert!(is_made(&hosted.on(Event::Measured(Ok(made())))));
    assert_eq!(hosted.on(Event::Take(RESULT)), [Action::Push(RESULT)]);
    assert_eq!(hosted.on(Event::Given), []);
    let over = hosted.on(Event::Collected);
    assert_eq!(
        over,
        [Action::Stop, Action::Say(FilmWord::Over {}), Action::Remove]
    );
    assert_eq!(hosted.on(Event::Collected), [], "nothing is left");
}

#[test]
fn an_offer_that_is_said_again_is_answered_with_where_it_stands() {
    let mut hosted = at(&[Event::Offered(SOURCE)]);
    let again = hosted.on(Event::Offered(RESULT));
    let pulled = [
        Action::Stop,
        Action::Pull(RESULT),
        Action::Say(FilmWord::Wanted {}),
    ];
    assert_eq!(again, pulled, "what came is kept");
    let here = [Event::Offered(SOURCE), Event::Taken(Ok(()))];
    assert_eq!(at(&here).on(Event::Offered(SOURCE)), [Action::Tell]);
    let mut restarted = Hosted::new(Note {
        made: Some(made()),
        ..note()
    });
    assert!(is_made(&restarted.on(Event::Offered(SOURCE))));
}

#[test]
fn a_lost_link_ends_what_travels_and_nothing_else() {
    let mut hosted = at(&[Event::Offered(SOURCE)]);
    assert_eq!(hosted.on(Event::Lost), [Action::Stop]);
    assert_eq!(hosted.on(Event::Taken(Err(Fault::Link))), []);
    assert_eq!(hosted.step, Step::Receiving);
    let mut works = at(&[
        Event::Offered(SOURCE),
        Event::Taken(Ok(())),
        Event::Submitted(Ok(1)),
    ]);
    assert_eq!(works.on(Event::Lost), []);
    assert_eq!(works.on(Event::JobDone), [Action::Measure]);
    assert_eq!(
        works.on(Event::Measured(Ok(made()))),
        [],
        "nobody is there to hear it"
    );
}

#[test]
fn what_is_not_wanted_any_more_goes() {
    let works = [
        Event::Offered(SOURCE),
        Event::Taken(Ok(())),
        Event::Submitted(Ok(1)),
    ];
    let cancelled = at(&works).on(Event::Cancel);
    let all = [
        Action::Stop,
        Action::Cancel,
        Action::Say(FilmWord::Over {}),
        Action::Remove,
    ];
    assert_eq!(cancelled, all);
    let withdrawn = at(&works).on(Event::Withdrawn);
    assert!(withdrawn.contains(&Action::Cancel) && withdrawn.contains(&Action::Remove));
    let here = at(&works).on(Event::JobCancelled);
    assert!(matches!(
        here[1],
        Action::Say(FilmWord::Ended {
            reason: FilmEnd::Cancelled,
            ..
        })
    ));
}

#[test]
fn a_computer_that_stops_helping_rests() {
    let mut hosted = at(&[
        Event::Offered(SOURCE),
        Event::Taken(Ok(())),
        Event::Submitted(Ok(1)),
    ]);
    assert_eq!(hosted.on(Event::Rest), [Action::Pause]);
    assert_eq!(hosted.on(Event::Rest), []);
    assert_eq!(hosted.on(Event::GoOn), [], "not by its sender's word");
    assert_eq!(hosted.on(Event::Helping), [Action::Resume]);
    assert_eq!(hosted.on(Event::Helping), []);
    let ended = at(&[Event::Offered(SOURCE)]).on(Event::Rest);
    assert_eq!(ended.last(), Some(&Action::Remove));
}

#[test]
fn what_its_sender_holds_is_held_however_far_it_is() {
    let mut hosted = at(&[Event::Offered(SOURCE), Event::Taken(Ok(())), Event::Hold]);
    let begun = hosted.on(Event::Submitted(Ok(1)));
    assert_eq!(begun, [Action::Pause, Action::Tell]);
    assert_eq!(hosted.on(Event::Rest), [Action::Pause]);
    assert_eq!(hosted.on(Event::Helping), [], "it is held still");
    assert_eq!(hosted.on(Event::GoOn), [Action::Resume]);
    assert_eq!(hosted.on(Event::Hold), [Action::Pause]);
}

#[test]
fn nobody_is_let_go_on_whom_somebody_else_holds() {
    let works = [
        Event::Offered(SOURCE),
        Event::Taken(Ok(())),
        Event::Submitted(Ok(1)),
    ];
    // Its sender says how it stands there whenever the two meet.
    assert_eq!(at(&works).on(Event::GoOn), []);
    let mut hosted = at(&works);
    hosted.on(Event::HeldHere(true));
    assert_eq!(hosted.on(Event::GoOn), []);
    hosted.on(Event::Hold);
    assert_eq!(hosted.on(Event::GoOn), [], "its own user holds it");
    hosted.on(Event::Rest);
    assert_eq!(hosted.on(Event::Helping), []);
    hosted.on(Event::Hold);
    hosted.on(Event::HeldHere(false));
    assert_eq!(hosted.on(Event::GoOn), [Action::Resume]);
}

#[test]
fn after_a_restart_it_is_held_only_for_a_reason_that_still_holds() {
    let with = |held, held_here, resting| {
        Hosted::new(Note {
            job: Some(1),
            received: true,
            held,
            held_here,
            resting,
            ..note()
        })
    };
    let (helps, does_not) = (true, false);
    let rested = with(false, false, true);
    assert!(!rested.stays_held(helps) && rested.stays_held(does_not));
    assert!(with(true, false, true).stays_held(helps));
    assert!(with(false, true, true).stays_held(helps));
    // It was let go on in the moment before it was asked about.
    assert!(!with(false, false, false).stays_held(helps));
}

#[test]
fn a_week_later_it_is_gone() {
    let mut hosted = Hosted::new(Note {
        received: true,
        made: Some(made()),
        ..note()
    });
    assert_eq!(hosted.on(Event::Tick(KEPT - 1)), []);
    assert!(is_made(&hosted.on(Event::Offered(SOURCE))));
    hosted.on(Event::Lost);
    // Who only looks has not come for it; who takes it has.
    let mut taken = hosted.clone();
    assert_eq!(hosted.on(Event::Tick(1)).last(), Some(&Action::Remove));
    taken.on(Event::Take(RESULT));
    taken.on(Event::Given);
    assert_eq!(taken.on(Event::Tick(KEPT - 1)), []);
    assert_eq!(taken.on(Event::Tick(1)).last(), Some(&Action::Remove));
}

#[test]
fn no_time_goes_by_while_its_owner_is_off() {
    let waited = Note {
        received: true,
        made: Some(made()),
        waited_ms: KEPT - 10,
        ..note()
    };
    // However late it is now: the first look of a run tells of none.
    let mut hosted = Hosted::new(waited);
    assert_eq!(hosted.on(Event::Tick(0)), []);
    assert_eq!(hosted.on(Event::Tick(9)), []);
    assert_eq!(hosted.on(Event::Tick(1)).last(), Some(&Action::Remove));
}

#[test]
fn a_film_of_which_nothing_comes_is_not_waited_for_longer_by_being_offered_again() {
    let mut hosted = at(&[Event::Offered(SOURCE), Event::Came(0)]);
    for _ in 0..9 {
        assert_eq!(hosted.on(Event::Tick(AWAITED / 10)), []);
        hosted.on(Event::Taken(Err(Fault::Link)));
        hosted.on(Event::Lost);
        hosted.on(Event::Offered(SOURCE));
        hosted.on(Event::Came(0));
    }
    let mut comes = hosted.clone();
    let gone = hosted.on(Event::Tick(AWAITED / 10));
    assert_eq!(told(&gone), Some(FilmEnd::Expired), "{gone:?}");
    comes.on(Event::Came(1));
    assert_eq!(comes.on(Event::Tick(AWAITED - 1)), []);
    // What was here when this run began has not come in it.
    let mut restarted = Hosted::new(comes.note);
    restarted.on(Event::Came(500));
    assert_eq!(restarted.on(Event::Tick(1)).last(), Some(&Action::Remove));
}

#[test]
fn only_what_is_missing_is_promised() {
    let mut hosted = at(&[Event::Offered(SOURCE)]);
    let all = 2000 + MARGIN;
    assert_eq!((hosted.missing(), hosted.there()), (all, 0));
    hosted.on(Event::Came(600));
    assert_eq!((hosted.missing(), hosted.there()), (all - 600, 600));
    hosted.on(Event::Taken(Ok(())));
    assert_eq!((hosted.missing(), hosted.there()), (1000 + MARGIN, 1000));
    hosted.on(Event::Submitted(Ok(1)));
    assert_eq!((hosted.missing(), hosted.there()), (1000 + MARGIN, 1000));
    hosted.on(Event::JobDone);
    hosted.on(Event::Measured(Ok(made())));
    assert_eq!((hosted.missing(), hosted.there()), (0, 1500));
}

#[test]
fn what_is_taken_off_the_list_is_kept_for_nobody() {
    let done = [
        Event::Offered(SOURCE),
        Event::Taken(Ok(())),
        Event::Submitted(Ok(1)),
        Event::JobDone,
        Event::Measured(Ok(made())),
    ];
    let gone = at(&done).on(Event::TakenOff);
    assert!(matches!(
        gone[..],
        [
            Action::Stop,
            Action::Say(FilmWord::Ended {
                reason: FilmEnd::Cancelled,
                ..
            }),
            Action::Remove,
        ]
    ));
    let failed = at(&done[..3]).on(Event::TakenOff);
    assert!(!failed.contains(&Action::Cancel), "it is over: {failed:?}");
    assert_eq!(failed.last(), Some(&Action::Remove));
    assert_eq!(at(&done[..1]).on(Event::TakenOff), []);
}

/// One that all came, was worked on while its sender was away, and failed.
fn failed_alone() -> Hosted {
    let mut hosted = at(&[
        Event::Offered(SOURCE),
        Event::Taken(Ok(())),
        Event::Submitted(Ok(1)),
        Event::Lost,
    ]);
    let gone = hosted.on(Event::JobFailed(failed()));
    assert_eq!(gone, [Action::Stop, Action::Remove], "nobody is there");
    assert!(hosted.is_over() && hosted.step == Step::Ended);
    hosted
}

#[test]
fn how_it_ended_is_told_whoever_was_away() {
    let kept = serde_json::to_value(failed_alone().note).unwrap();
    let mut hosted = Hosted::new(serde_json::from_value(kept).unwrap());
    assert_eq!((hosted.missing(), hosted.there()), (0, 0));
    let said = [Action::Say(FilmWord::Ended {
        reason: FilmEnd::Failed,
        detail: "no such track".into(),
    })];
    assert_eq!(hosted.on(Event::Offered(SOURCE)), said);
    // The link broke under the word.
    hosted.on(Event::Lost);
    assert_eq!(hosted.on(Event::Tick(1)), []);
    assert_eq!(hosted.on(Event::Offered(SOURCE)), said);
    assert_eq!(hosted.on(Event::Tick(1)), []);
    assert_eq!(hosted.step, Step::Ended, "it may just have been said");
    assert_eq!(hosted.on(Event::Tick(1)), []);
    assert_eq!(hosted.step, Step::Gone, "it was heard");
}

#[test]
fn how_it_ended_is_not_kept_for_ever() {
    let mut hosted = failed_alone();
    hosted.on(Event::Tick(KEPT - 1));
    assert_eq!(hosted.step, Step::Ended);
    hosted.on(Event::Tick(1));
    assert_eq!(hosted.step, Step::Gone);
    let mut given_up = failed_alone();
    let over = given_up.on(Event::Cancel);
    assert_eq!(over, [Action::Say(FilmWord::Over {})]);
    assert_eq!(given_up.step, Step::Gone);
    let mut unpaired = failed_alone();
    assert_eq!(unpaired.on(Event::Unpaired), []);
    assert_eq!(unpaired.step, Step::Gone);
}

#[test]
fn of_a_film_that_was_still_on_its_way_nothing_is_kept() {
    // It is offered as one that nobody has heard of, and taken if that is possible by then.
    let mut hosted = at(&[Event::Offered(SOURCE)]);
    assert_eq!(
        told(&hosted.on(Event::Taken(Err(Fault::NoSpace)))),
        Some(FilmEnd::NoSpace)
    );
    assert_eq!(hosted.step, Step::Gone);
}

#[test]
fn a_job_that_a_film_became_in_the_moment_of_its_end_is_cancelled() {
    let mut hosted = at(&[Event::Offered(SOURCE), Event::Taken(Ok(()))]);
    hosted.on(Event::Withdrawn);
    assert_eq!(hosted.on(Event::Submitted(Ok(7))), [Action::Cancel]);
    assert_eq!(hosted.note.job, Some(7), "which one");
}

#[test]
fn a_result_that_is_gone_is_not_waited_for() {
    let mut hosted = Hosted::new(Note {
        received: true,
        made: Some(made()),
        ..note()
    });
    hosted.on(Event::Offered(SOURCE));
    let gone = hosted.on(Event::ResultGone);
    assert_eq!(told(&gone), Some(FilmEnd::Failed));
    assert_eq!(gone.last(), Some(&Action::Remove));
    assert_eq!((hosted.step, hosted.note.made), (Step::Ended, None));
}

#[test]
fn what_has_no_room_is_said_to_have_none() {
    let full = (FilmEnd::NoSpace, String::new());
    let here = [Event::Offered(SOURCE), Event::Taken(Ok(()))];
    let refused = at(&here).on(Event::Submitted(Err(full.clone())));
    assert_eq!(told(&refused), Some(FilmEnd::NoSpace));
    let mut works = at(&here);
    works.on(Event::Submitted(Ok(1)));
    let filled = works.on(Event::JobFailed(full));
    assert_eq!(told(&filled), Some(FilmEnd::NoSpace));
    assert!(!filled.contains(&Action::Cancel), "{filled:?}");
}

#[test]
fn what_is_asked_for_once_a_film_is_here_was_promised_before_it_came() {
    let sent = Terms {
        sent_by: Some(SentBy {
            peer: PeerId([2; 32]),
            name: "Kitchen".to_owned(),
            film: "holiday.mkv".to_owned(),
        }),
        ..Terms::default()
    };
    for bytes in [1, 1 << 20, 50 << 30, MAX_FILM] {
        let taken = promise(bytes) + LEFT_FREE;
        let asked = scratch::asked(u64::MAX, bytes, &sent);
        assert!(asked + (256 << 20) <= taken - bytes, "{bytes}");
        assert_eq!(scratch::asked(bytes / 3, bytes, &sent), bytes / 3);
        assert_eq!(
            scratch::asked(3 * bytes, bytes, &Terms::default()),
            3 * bytes
        );
    }
}

#[test]
fn a_note_of_an_earlier_build_is_read() {
    let mut earlier = serde_json::to_value(note()).unwrap();
    let fields = earlier.as_object_mut().unwrap();
    fields.remove("held_here");
    fields.remove("waited_ms");
    fields.remove("ended");
    fields.insert("since_ms".to_owned(), 7.into());
    let read: Note = serde_json::from_value(earlier).unwrap();
    assert_eq!(read, note());
}

#[test]
fn films_are_taken_only_when_they_should_be() {
    let offer = |bytes| FilmOffer {
        name: "film".into(),
        bytes,
        choice: Choice::default(),
        source: SOURCE,
        again: false,
    };
    let willing = Stand {
        donating: true,
        takes: true,
        held: Count::default(),
        free: 100 << 30,
        below_limit: None,
    };
    let of = |stand: Stand| refuse(&offer(1 << 30), stand);
    assert_eq!(of(willing), None);
    let no = |change: &dyn Fn(&mut Stand)| {
        let mut stand = willing;
        change(&mut stand);
        of(stand)
    };
    assert_eq!(no(&|s| s.donating = false), Some(FilmRefusal::NotDonating));
    assert_eq!(no(&|s| s.takes = false), Some(FilmRefusal::NotTaken));
    let busy = Some(FilmRefusal::Busy);
    assert_eq!(no(&|s| s.held.at_once = MOST_AT_ONCE), busy);
    // With those whose results wait.
    assert_eq!(no(&|s| s.held.of_one = MOST_OF_ONE), busy);
    assert_eq!(no(&|s| s.held.of_all = MOST_OF_ALL), busy);
    // The film has room, its result has not.
    assert_eq!(no(&|s| s.free = 2 << 30), Some(FilmRefusal::NoSpace));
    assert_eq!(
        no(&|s| s.below_limit = Some(1 << 30)),
        Some(FilmRefusal::NoSpace)
    );
    assert_eq!(refuse(&offer(0), willing), Some(FilmRefusal::TooLarge));
    assert_eq!(
        refuse(&offer(u64::MAX), willing),
        Some(FilmRefusal::TooLarge)
    );
}

/// Every event in every order of so many: what is removed is told of and never touched again, and a job that was made of
/// it is never left behind.
#[test]
fn no_order_of_events_breaks_it() {
    let events = [
        Event::Offered(SOURCE),
        Event::Lost,
        Event::Taken(Ok(())),
        Event::Taken(Err(Fault::Link)),
        Event::Taken(Err(Fault::NoSpace)),
        Event::Submitted(Ok(7)),
        Event::Submitted(Err(failed())),
        Event::JobDone,
        Event::JobFailed(failed()),
        Event::JobCancelled,
        Event::Measured(Ok(made())),
        Event::Take(RESULT),
        Event::Given,
        Event::ResultGone,
        Event::Hold,
        Event::GoOn,
        Event::Cancel,
        Event::Withdrawn,
        Event::Unpaired,
        Event::Rest,
        Event::Helping,
        Event::Came(1),
        Event::HeldHere(true),
        Event::HeldHere(false),
        Event::TakenOff,
        Event::Tick(KEPT),
    ];
    let mut seen = BTreeSet::new();
    let mut open = vec![(at(&[]), 0)];
    while let Some((hosted, depth)) = open.pop() {
        if depth == 8 || !seen.insert(format!("{hosted:?}")) {
            continue;
        }
        for event in &events {
            let mut next = hosted.clone();
            let actions = next.on(event.clone());
            let removed = actions.contains(&Action::Remove);
            assert_eq!(removed, next.is_over() && !hosted.is_over());
            assert!(next.is_over() || !hosted.is_over(), "{event:?}");
            if hosted.is_over() {
                let last = |a: &Action| matches!(a, Action::Say(_) | Action::Cancel);
                assert!(actions.iter().all(last), "{event:?} {actions:?}");
            }
            if hosted.step == Step::Gone {
                assert!(actions.is_empty(), "{event:?} {actions:?}");
            }
            let works = matches!(hosted.step, Step::Working);
            let own = matches!(
                event,
                Event::JobFailed(_) | Event::JobCancelled | Event::TakenOff
            );
            if removed && works && !own {
                assert!(actions.contains(&Action::Cancel), "{event:?} {actions:?}");
            }
            let travels = |a: &Action| matches!(a, Action::Pull(_) | Action::Push(_));
            let before = hosted.taking || hosted.giving;
            if before && actions.iter().any(travels) {
                assert_eq!(actions[0], Action::Stop, "one at a time");
            }
            open.push((next, depth + 1));
        }
    }
    assert!(seen.len() > 20, "{}", seen.len());
}
