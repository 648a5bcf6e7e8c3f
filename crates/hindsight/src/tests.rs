//! Small houses whose time is known, and generated ones whose books must balance.

use proptest::prelude::*;

use crate::*;

const HERE: Peer = [1; 32];
const KITCHEN: Peer = [2; 32];

/// A part that went the whole way: given, delivered, began, encoded, finished, returned, ended.
fn whole(peer: Peer, segment: u32, at: [i64; 7]) -> Stint {
    Stint {
        lease: u64::from(segment) + 1,
        segment,
        frames: 240,
        attempt: 1,
        peer,
        hedge: false,
        given: at[0],
        delivered: Some(at[1]),
        began: Some(at[2]),
        encoded: Some(at[3]),
        finished: Some(at[4]),
        returned: Some(at[5]),
        ended: Some(at[6]),
        fate: Some(Fate::Verified),
        sent: 10_000_000,
        received: 1_000_000,
    }
}

fn phase(kind: PhaseKind, began: i64, ended: i64) -> Phase {
    Phase {
        kind,
        began,
        ended: Some(ended),
    }
}

/// This computer encodes without a pause for 100 s; the other one waits 5 s for each of its parts of 20 s.
fn slow_link() -> Record {
    let mut stints: Vec<Stint> = (0..5)
        .map(|n| {
            let at = i64::from(n) * 20_000;
            let end = at + 20_000;
            whole(HERE, n, [at, at, at, end, end, end, end])
        })
        .collect();
    stints.extend((0..4).map(|n| {
        let at = i64::from(n) * 25_000;
        let (began, end) = (at + 5000, at + 25_000);
        whole(KITCHEN, 10 + n, [at, began, began, end, end, end, end])
    }));
    Record {
        me: HERE,
        phases: vec![phase(PhaseKind::Encoding, 0, 100_000)],
        stints,
        others: Vec::new(),
        absences: Vec::new(),
        until: 100_000,
    }
}

fn of(account: &Account, peer: Peer) -> &Hand {
    account.hands.iter().find(|hand| hand.peer == peer).unwrap()
}

#[test]
fn a_slow_link_is_named_with_its_share_and_its_rate() {
    let account = tell(&slow_link());
    assert_eq!(of(&account, HERE).spent.encode, 100_000);
    let kitchen = of(&account, KITCHEN);
    assert_eq!(
        (kitchen.spent.encode, kitchen.spent.transfer),
        (80_000, 20_000)
    );
    let expected = Cause::Transfer {
        peer: KITCHEN,
        percent: 20,
        rate: Some(2_000_000),
    };
    assert_eq!(account.causes, [expected]);
}

#[test]
fn the_last_part_on_the_slowest_computer_is_named() {
    let mut record = slow_link();
    let end = 140_000;
    record.stints.push(whole(
        KITCHEN,
        20,
        [100_000, 100_000, 100_000, end, end, end, end],
    ));
    // Given out at the same moment, and done long before.
    let soon = 101_000;
    record.stints.push(whole(
        HERE,
        21,
        [100_000, 100_000, 100_000, soon, soon, soon, soon],
    ));
    record.until = end;
    let account = tell(&record);
    let tail = account.causes.first().unwrap();
    let Cause::Tail {
        peer,
        segment,
        ms,
        percent,
        times,
        slowest,
    } = tail
    else {
        panic!("{:?}", account.causes)
    };
    assert_eq!((*peer, *segment, *ms, *percent), (KITCHEN, 20, 39_000, 28));
    assert_eq!((*times, *slowest), (None, true));
    assert_eq!(of(&account, HERE).spent.tail, 39_000);
    record.stints.iter_mut().for_each(|stint| {
        if stint.segment == 20 {
            stint.frames = 1000;
        }
    });
    let long = tell(&record);
    assert!(
        matches!(
            long.causes.first(),
            Some(Cause::Tail { times: Some(4), .. })
        ),
        "{:?}",
        long.causes
    );
}

/// Three computers, each part 20 s; the two that help have one part more in hand than they encode.
fn parts_in_reserve() -> Record {
    const ATTIC: Peer = [3; 32];
    let mut stints: Vec<Stint> = (0..4)
        .map(|n| {
            let (at, end) = (i64::from(n) * 20_000, i64::from(n + 1) * 20_000);
            whole(HERE, n, [at, at, at, end, end, end, end])
        })
        .collect();
    for (peer, first) in [(KITCHEN, 10), (ATTIC, 20)] {
        stints.extend((0..4).map(|n| {
            // All but the first lie there while the one before is encoded.
            let (began, end) = (
                i64::from(n) * 20_000 + 2000,
                i64::from(n + 1) * 20_000 + 2000,
            );
            let given = (began - 20_000).max(0);
            whole(peer, first + n, [given, given, began, end, end, end, end])
        }));
    }
    Record {
        me: HERE,
        phases: vec![
            phase(PhaseKind::Encoding, 0, 82_000),
            phase(PhaseKind::Joining, 82_000, 82_000),
        ],
        stints,
        others: Vec::new(),
        absences: Vec::new(),
        until: 82_000,
    }
}

#[test]
fn who_goes_straight_on_with_what_lies_there_waits_for_nobody() {
    let account = tell(&parts_in_reserve());
    let told = account.causes.iter().find_map(|cause| match cause {
        Cause::Tail { ms, .. } => Some(*ms),
        _ => None,
    });
    // The owner alone is free, 2 s before the others.
    assert!(told.is_none_or(|ms| ms == 2000), "{:?}", account.causes);
    assert_eq!(of(&account, HERE).spent.tail, 2000);
}

#[test]
fn a_job_under_way_has_no_last_part_yet() {
    let mut record = parts_in_reserve();
    record.phases = vec![Phase {
        kind: PhaseKind::Encoding,
        began: 0,
        ended: None,
    }];
    record.stints.push(whole(
        HERE,
        30,
        [80_000, 80_000, 80_000, 120_000, 120_000, 120_000, 120_000],
    ));
    record.until = 120_000;
    let account = tell(&record);
    let tail = |cause: &&Cause| matches!(cause, Cause::Tail { .. });
    assert_eq!(account.causes.iter().find(tail), None);
}

#[test]
fn what_the_owner_examines_at_the_end_is_not_put_down_to_the_last_part() {
    let mut record = slow_link();
    // All results are back after 100 s; the last is found good 20 s later.
    for stint in &mut record.stints {
        if stint.ended == Some(100_000) {
            stint.ended = Some(120_000);
        }
    }
    record.until = 120_000;
    let account = tell(&record);
    let examined = Cause::Examining {
        ms: 20_000,
        percent: 17,
    };
    assert_eq!(
        account.causes.first(),
        Some(&examined),
        "{:?}",
        account.causes
    );
    let tails = |cause: &Cause| matches!(cause, Cause::Tail { .. });
    assert!(!account.causes.iter().any(tails), "{:?}", account.causes);
}

#[test]
fn nothing_is_on_the_way_to_the_owner() {
    let mut record = slow_link();
    record.stints.iter_mut().for_each(|stint| {
        if stint.peer == HERE {
            stint.began = stint.began.map(|at| at + 2000);
            stint.delivered = stint.began;
        }
    });
    let spent = of(&tell(&record), HERE).spent;
    assert_eq!((spent.transfer, spent.idle), (0, 10_000));
}

#[test]
fn time_in_which_nobody_could_work_is_in_no_share() {
    let mut record = slow_link();
    let plain = tell(&record);
    let later = |at: &mut i64| {
        if *at >= 50_000 {
            *at += 3_600_000;
        }
    };
    for stint in &mut record.stints {
        later(&mut stint.given);
        for at in [
            &mut stint.delivered,
            &mut stint.began,
            &mut stint.encoded,
            &mut stint.finished,
            &mut stint.returned,
            &mut stint.ended,
        ] {
            at.iter_mut().for_each(later);
        }
    }
    record.until += 3_600_000;
    record.phases = vec![
        phase(PhaseKind::Encoding, 0, 50_000),
        phase(PhaseKind::Held, 50_000, 3_650_000),
        phase(PhaseKind::Encoding, 3_650_000, 3_700_000),
    ];
    let held = tell(&record);
    assert_eq!(held.whole_ms, plain.whole_ms);
    assert_eq!(held.work_ms, plain.work_ms);
    assert_eq!(of(&held, KITCHEN).spent, of(&plain, KITCHEN).spent);
}

#[test]
fn who_came_late_was_away_and_lost_parts_is_told_so() {
    let mut record = slow_link();
    record.stints.retain(|stint| stint.peer == HERE);
    let mut lost = whole(KITCHEN, 10, [30_000, 30_000, 30_000, 0, 0, 0, 50_000]);
    (lost.encoded, lost.finished, lost.returned) = (None, None, None);
    lost.fate = Some(Fate::Lost);
    record.stints.push(lost);
    record.stints.push(whole(
        KITCHEN,
        11,
        [70_000, 70_000, 70_000, 100_000, 100_000, 100_000, 100_000],
    ));
    record.absences.push(Absence {
        peer: KITCHEN,
        began: 50_000,
        ended: Some(70_000),
        still: false,
    });
    let account = tell(&record);
    let spent = of(&account, KITCHEN).spent;
    assert_eq!(
        (spent.late, spent.away, spent.encode),
        (30_000, 20_000, 50_000)
    );
    let has = |wanted: &Cause| account.causes.contains(wanted);
    assert!(
        has(&Cause::Late {
            peer: KITCHEN,
            ms: 30_000,
            percent: 30
        }),
        "{:?}",
        account.causes
    );
    assert!(has(&Cause::Away {
        peer: KITCHEN,
        percent: 20
    }));
    assert!(has(&Cause::Lost {
        parts: 1,
        ms: 20_000,
        percent: 13
    }));
}

fn other_work(began: i64, ended: i64) -> OtherWork {
    OtherWork {
        peer: KITCHEN,
        job: 7,
        began,
        ended: Some(ended),
    }
}

fn tail_of(account: &Account) -> Option<(Peer, u64)> {
    account.causes.iter().find_map(|cause| match cause {
        Cause::Tail { peer, ms, .. } => Some((*peer, *ms)),
        _ => None,
    })
}

/// The kitchen is through after 60 s; the last part is done here after 100 s.
fn kitchen_is_done_early() -> Record {
    let mut record = slow_link();
    record
        .stints
        .retain(|stint| stint.peer == HERE || stint.given < 50_000);
    // Everything is given out by then.
    for stint in &mut record.stints {
        stint.given = stint.given.min(40_000);
    }
    let kitchen = record.stints.last_mut().unwrap();
    (kitchen.encoded, kitchen.finished) = (Some(60_000), Some(60_000));
    (kitchen.returned, kitchen.ended) = (Some(60_000), Some(60_000));
    record
}

#[test]
fn who_goes_on_with_the_next_film_is_not_idle_and_waits_for_nobody() {
    let plain = tell(&kitchen_is_done_early());
    assert_eq!(of(&plain, KITCHEN).spent.tail, 40_000);
    assert_eq!(tail_of(&plain), Some((HERE, 40_000)));
    let mut record = kitchen_is_done_early();
    record.others = vec![other_work(61_000, 100_000)];
    let account = tell(&record);
    let spent = of(&account, KITCHEN).spent;
    assert_eq!((spent.other, spent.tail, spent.idle), (39_000, 1000, 0));
    assert_eq!(spent.encode, of(&plain, KITCHEN).spent.encode);
    assert_eq!(tail_of(&account), None, "a second is too short to tell");
    // Neither does one that is away, or does the same part once more.
    record.others.clear();
    record.absences.push(Absence {
        peer: KITCHEN,
        began: 60_000,
        ended: None,
        still: false,
    });
    assert_eq!(tail_of(&tell(&record)), None);
    record.absences.clear();
    let mut hedge = whole(KITCHEN, 4, [60_000, 60_000, 60_000, 0, 0, 0, 99_500]);
    (hedge.encoded, hedge.finished, hedge.returned) = (None, None, None);
    (hedge.hedge, hedge.fate) = (true, Some(Fate::Outrun));
    record.stints.push(hedge);
    assert_eq!(tail_of(&tell(&record)), None);
}

#[test]
fn what_comes_before_its_first_part_of_this_film_is_work_on_another() {
    let mut record = slow_link();
    record
        .stints
        .retain(|stint| stint.peer == HERE || stint.given >= 50_000);
    record.others = vec![other_work(-30_000, 45_000)];
    let spent = of(&tell(&record), KITCHEN).spent;
    assert_eq!((spent.other, spent.late), (45_000, 5000));
}

#[test]
fn what_touches_of_one_job_is_one() {
    let merged = OtherWork::merged(vec![
        other_work(20, 30),
        OtherWork {
            ended: None,
            ..other_work(25, 0)
        },
        other_work(0, 10),
        other_work(10, 12),
        OtherWork {
            job: 8,
            ..other_work(5, 9)
        },
    ]);
    let told: Vec<_> = merged
        .iter()
        .map(|one| (one.job, one.began, one.ended))
        .collect();
    assert_eq!(told, [(7, 0, Some(12)), (7, 20, None), (8, 5, Some(9))]);
}

#[test]
fn the_seats_of_one_computer_wait_for_no_others() {
    let long = [0, 0, 0, 100_000, 100_000, 100_000, 100_000];
    let short = [0, 0, 0, 40_000, 40_000, 40_000, 40_000];
    let record = Record {
        me: HERE,
        phases: vec![phase(PhaseKind::Encoding, 0, 100_000)],
        stints: vec![whole(HERE, 0, long), whole(HERE, 1, short)],
        until: 100_000,
        ..Record::default()
    };
    let account = tell(&record);
    assert_eq!(account.causes, [Cause::Alone { peer: HERE }]);
    // Another one counts from where it has nothing to do itself, whatever seats are free at the last part's computer.
    let mut both = record;
    let later = [0, 0, 0, 90_000, 90_000, 90_000, 90_000];
    both.stints.push(whole(KITCHEN, 2, later));
    assert_eq!(tail_of(&tell(&both)), Some((HERE, 10_000)));
}

#[test]
fn a_part_that_lies_there_waits_for_a_seat() {
    let mut record = slow_link();
    let mut first = true;
    for stint in &mut record.stints {
        if stint.peer == KITCHEN {
            // It is there at once, and begun later; the first one never.
            stint.delivered = Some(stint.given + 1000);
            if std::mem::take(&mut first) {
                (stint.began, stint.encoded) = (None, None);
                (stint.finished, stint.returned) = (None, None);
                stint.fate = Some(Fate::Withdrawn);
            }
        }
    }
    let spent = of(&tell(&record), KITCHEN).spent;
    assert_eq!((spent.transfer, spent.seat), (4000, 3 * 4000 + 24_000));
    assert_eq!((spent.idle, spent.encode), (0, 60_000));
    // A computer that is away waits for no seat.
    record.absences.push(Absence {
        peer: KITCHEN,
        began: 0,
        ended: Some(25_000),
        still: false,
    });
    let spent = of(&tell(&record), KITCHEN).spent;
    assert_eq!((spent.away, spent.seat), (24_000, 3 * 4000));
}

#[test]
fn an_encoder_that_stands_still_encodes_nothing() {
    let mut record = slow_link();
    // Within its first part: 5 s to 25 s.
    let absence = Absence {
        peer: KITCHEN,
        began: 10_000,
        ended: Some(20_000),
        still: true,
    };
    record.absences = vec![absence];
    let spent = of(&tell(&record), KITCHEN).spent;
    assert_eq!((spent.encode, spent.away), (70_000, 10_000));
    // Outside its hours it goes on with what it has begun.
    record.absences[0].still = false;
    let spent = of(&tell(&record), KITCHEN).spent;
    assert_eq!((spent.encode, spent.away), (80_000, 0));
    // After a minute it has gone on, or given it back.
    record.absences = vec![Absence {
        began: 0,
        ended: None,
        ..absence
    }];
    let spent = of(&tell(&record), KITCHEN).spent;
    assert_eq!(spent.away, 20_000 + 20_000 + 5000);
    assert_eq!(spent.transfer, 20_000);
}

#[test]
fn how_late_a_computer_came_counts_from_the_first_part_of_all() {
    let mut record = slow_link();
    record
        .stints
        .retain(|stint| stint.peer == HERE || stint.given >= 50_000);
    record.absences.push(Absence {
        peer: KITCHEN,
        began: 0,
        ended: Some(35_000),
        still: false,
    });
    let account = tell(&record);
    assert_eq!(of(&account, KITCHEN).spent.late, 15_000);
    let late = Cause::Late {
        peer: KITCHEN,
        ms: 50_000,
        percent: 15,
    };
    assert!(account.causes.contains(&late), "{:?}", account.causes);
}

#[test]
fn what_one_computer_does_alone_is_told() {
    let at = [10_000, 10_000, 10_000, 60_000, 60_000, 60_000, 60_000];
    let record = Record {
        me: HERE,
        phases: vec![
            phase(PhaseKind::Probe, 0, 2000),
            phase(PhaseKind::Plan, 2000, 11_000),
            phase(PhaseKind::Queued, 2000, 10_000),
            phase(PhaseKind::Encoding, 10_000, 60_000),
            phase(PhaseKind::Joining, 60_000, 70_000),
            phase(PhaseKind::Proving, 70_000, 99_000),
            phase(PhaseKind::Placing, 99_000, 100_000),
        ],
        stints: vec![whole(HERE, 0, at)],
        others: Vec::new(),
        absences: Vec::new(),
        until: 100_000,
    };
    let account = tell(&record);
    assert_eq!((account.whole_ms, account.work_ms), (100_000, 50_000));
    let expected = [
        Cause::Joining {
            ms: 40_000,
            percent: 40,
        },
        Cause::Reading {
            ms: 10_000,
            percent: 10,
        },
        Cause::Alone { peer: HERE },
    ];
    assert_eq!(account.causes, expected);
}

#[test]
fn a_job_that_waited_its_turn_says_so() {
    let mut record = slow_link();
    record
        .phases
        .insert(0, phase(PhaseKind::Queued, -100_000, 0));
    record
        .phases
        .insert(0, phase(PhaseKind::Plan, -100_000, -95_000));
    let account = tell(&record);
    let waited = Cause::Waited {
        on: Wait::Turn,
        ms: 100_000,
        percent: 50,
    };
    assert_eq!(
        account.causes.first(),
        Some(&waited),
        "{:?}",
        account.causes
    );
    assert!(
        !account
            .causes
            .iter()
            .any(|cause| matches!(cause, Cause::Reading { .. }))
    );
}

#[test]
fn nothing_is_told_of_nothing() {
    let account = tell(&Record::default());
    assert_eq!(account, Account::default());
}

#[test]
fn lanes_hold_what_is_encoded_at_once() {
    let record = slow_link();
    assert!(
        lanes(&record.stints, record.until)
            .iter()
            .all(|lane| *lane == 0)
    );
    let mut both = record.stints;
    both.iter_mut().for_each(|stint| stint.peer = HERE);
    let lanes = lanes(&both, 100_000);
    assert_eq!(lanes.iter().max(), Some(&1));
}

#[test]
fn words_are_read_as_they_are_written() {
    for kind in PhaseKind::ALL {
        assert_eq!(PhaseKind::of(kind.word()), Some(kind));
    }
    for fate in Fate::ALL {
        assert_eq!(Fate::of(fate.word()), Some(fate));
    }
    assert_eq!(Fate::of(""), None);
}

fn any_stint() -> impl Strategy<Value = Stint> {
    let times = proptest::collection::vec(proptest::option::of(-50_i64..1000), 6);
    let fate = proptest::option::of(0..Fate::ALL.len());
    (0_u8..4, 0_u32..9, any::<bool>(), -50_i64..1000, times, fate).prop_map(
        |(peer, segment, hedge, given, at, fate)| Stint {
            peer: [peer; 32],
            hedge,
            given,
            delivered: at[0],
            began: at[1],
            encoded: at[2],
            finished: at[3],
            returned: at[4],
            ended: at[5],
            fate: fate.map(|at| Fate::ALL[at]),
            ..whole(HERE, segment, [0; 7])
        },
    )
}

fn any_phase() -> impl Strategy<Value = Phase> {
    (
        0..PhaseKind::ALL.len(),
        -50_i64..1000,
        proptest::option::of(-50_i64..1000),
    )
        .prop_map(|(kind, began, ended)| Phase {
            kind: PhaseKind::ALL[kind],
            began,
            ended,
        })
}

fn any_other() -> impl Strategy<Value = OtherWork> {
    (
        0_u8..4,
        0_u64..3,
        -50_i64..1000,
        proptest::option::of(-50_i64..1000),
    )
        .prop_map(|(peer, job, began, ended)| OtherWork {
            peer: [peer; 32],
            job,
            began,
            ended,
        })
}

fn any_absence() -> impl Strategy<Value = Absence> {
    let ended = proptest::option::of(-50_i64..1000);
    (0_u8..4, -50_i64..1000, ended, any::<bool>()).prop_map(|(peer, began, ended, still)| Absence {
        peer: [peer; 32],
        began,
        ended,
        still,
    })
}

proptest! {
    /// Whatever clocks and other computers say: every computer's time adds up to the same whole.
    #[test]
    fn the_books_balance(
        stints in proptest::collection::vec(any_stint(), 0..30),
        phases in proptest::collection::vec(any_phase(), 0..12),
        others in proptest::collection::vec(any_other(), 0..8),
        absences in proptest::collection::vec(any_absence(), 0..8),
        until in -60_i64..1100,
    ) {
        let record = Record { me: HERE, phases, stints, others, absences, until };
        let account = tell(&record);
        prop_assert_eq!(account.hands.is_empty(), record.stints.is_empty());
        for hand in &account.hands {
            prop_assert_eq!(hand.spent.all(), account.work_ms, "{:?}", hand);
        }
        let lanes = lanes(&record.stints, until);
        for (a, first) in record.stints.iter().enumerate() {
            for (b, second) in record.stints.iter().enumerate().skip(a + 1) {
                let ((Some(one), Some(two)), true) = (
                    (first.encodes(until), second.encodes(until)),
                    first.peer == second.peer && lanes[a] == lanes[b],
                ) else { continue };
                prop_assert!(one.1 <= two.0 || two.1 <= one.0, "{:?} {:?}", one, two);
            }
        }
    }
}
