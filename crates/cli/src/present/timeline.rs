//! How the time of a job went, drawn with letters and said in sentences. Pure.

use api::{
    Cause, ComputerId, Fate, PhaseKind, Stint, Timeline, TimelineComputer, TimelinePhase, Wait,
};

use super::human::{plain, table};
use super::{amount, size, span};

/// Columns of the drawing.
const COLUMNS: usize = 64;
/// Looks at each column: what is seen most often stands there.
const LOOKS: usize = 5;
/// Names take no more than this.
const NAME: usize = 16;

const LEGEND: &str = "# encodes  > a part is on the way there  < a result on the way back  = checks its result  \
    x encodes what came to nothing\n- is away or rests  o has parts of another job in hand  \
    s a part waits for a seat there  . has nothing to do\n\
    the job: r reads the film  w waits  e has parts encoded  j joins  p proves, puts in place";

/// The whole of it.
pub fn timeline(name: &str, told: &Timeline) -> String {
    let seconds = |ms: u64| span(ms as f64 / 1000.0);
    let mut text = format!(
        "Job {}: {}: {}{}",
        told.job.0,
        plain(name),
        seconds(told.whole_ms),
        if told.live { " so far" } else { "" }
    );
    if told.computers.is_empty() {
        return text
            + "\n  No part of it has been given out"
            + if told.live { " yet." } else { "." };
    }
    let axis = Axis::of(told);
    let end = seconds(axis.whole_ms);
    text += &format!(
        "\n\n  {:NAME$}  0 s{end:>width$}\n",
        "",
        width = COLUMNS - 3
    );
    text += &line("the job", &axis, |at| job_at(&told.phases, at));
    for one in &told.computers {
        text += &line(&plain(&one.name), &axis, |at| computer_at(one, at));
    }
    text += &format!("\n{LEGEND}\n\n{}\n", shares(told));
    text += &answers(told);
    if told.cut_short {
        text += "\nThere was more than is kept: the end is missing.";
    }
    text
}

/// Time without what it was held, or the node did not run, for.
struct Axis {
    whole_ms: u64,
    /// From, to, and the time on the axis at which that begins.
    stretches: Vec<(u64, u64, u64)>,
}

impl Axis {
    fn of(told: &Timeline) -> Self {
        let pauses = told.pauses.iter().map(|pause| (pause.from_ms, pause.to_ms));
        let (mut at, mut whole_ms, mut stretches) = (0, 0, Vec::new());
        for (from, to) in pauses.chain([(told.until_ms, told.until_ms)]) {
            if from > at {
                stretches.push((at, from, whole_ms));
                whole_ms += from - at;
            }
            at = at.max(to);
        }
        Self {
            whole_ms,
            stretches,
        }
    }

    /// The time of the job at a time of the axis.
    fn time(&self, on_axis: u64) -> u64 {
        let holds = |stretch: &&(u64, u64, u64)| stretch.2 <= on_axis;
        let found = self.stretches.iter().rev().find(holds);
        found.map_or(0, |(from, to, since)| (from + on_axis - since).min(*to))
    }
}

fn line(name: &str, axis: &Axis, letter: impl Fn(u64) -> char) -> String {
    let shown: String = name.chars().take(NAME).collect();
    let columns = (0..COLUMNS).map(|column| {
        let looks = (0..LOOKS).map(|look| {
            let part = (column * LOOKS + look) as u64 * 2 + 1;
            let all = (COLUMNS * LOOKS * 2) as u64;
            letter(axis.time(axis.whole_ms.saturating_mul(part) / all))
        });
        most_often(&looks.collect::<Vec<_>>())
    });
    let drawn: String = columns.collect();
    format!("  {shown:NAME$}  {}\n", drawn.trim_end())
}

/// Of those that are seen equally often, the first.
fn most_often(seen: &[char]) -> char {
    let count = |letter: &char| seen.iter().filter(|one| *one == letter).count();
    let mut best = ' ';
    let mut most = 0;
    for letter in seen {
        if count(letter) > most {
            (best, most) = (*letter, count(letter));
        }
    }
    best
}

fn job_at(phases: &[TimelinePhase], at: u64) -> char {
    let goes_on =
        |phase: &&TimelinePhase| phase.began_ms <= at && phase.ended_ms.is_none_or(|end| at < end);
    let beside = |kind: PhaseKind| matches!(kind, PhaseKind::Plan | PhaseKind::Sound);
    let mut now = phases.iter().filter(goes_on).map(|phase| phase.kind);
    let kind = now
        .clone()
        .find(|kind| !beside(*kind))
        .or_else(|| now.next());
    match kind {
        Some(PhaseKind::Probe | PhaseKind::Plan | PhaseKind::Sound) => 'r',
        Some(PhaseKind::Queued | PhaseKind::Gathering | PhaseKind::Measuring) => 'w',
        Some(PhaseKind::Encoding) => 'e',
        Some(PhaseKind::Joining) => 'j',
        Some(PhaseKind::Proving | PhaseKind::Placing) => 'p',
        Some(PhaseKind::Held | PhaseKind::Stopped) | None => ' ',
    }
}

fn computer_at(one: &TimelineComputer, at: u64) -> char {
    of_parts(one, at)
        .or_else(|| beside_parts(one, at))
        .unwrap_or_else(|| {
            let first = one.stints.iter().map(|stint| stint.given_ms).min();
            let ends = one.stints.iter().map(|stint| stint.ended_ms);
            let last = ends.map(|end| end.unwrap_or(u64::MAX)).max();
            let between =
                first.is_some_and(|first| first <= at) && last.is_some_and(|end| at < end);
            if between { '.' } else { ' ' }
        })
}

fn within(at: u64, from: Option<u64>, to: Option<u64>) -> bool {
    from.is_some_and(|from| from <= at) && to.is_none_or(|to| at < to)
}

/// What it does with a part.
fn of_parts(one: &TimelineComputer, at: u64) -> Option<char> {
    let any = |holds: &dyn Fn(&Stint) -> bool| one.stints.iter().any(holds);
    let encodes = |stint: &Stint| within(at, stint.began_ms, stint.encoded_ms.or(stint.ended_ms));
    let in_vain = |stint: &Stint| {
        encodes(stint)
            && matches!(
                stint.fate,
                Some(Fate::Lost | Fate::Withdrawn | Fate::Outrun | Fate::Stopped)
            )
    };
    let checks = |stint: &Stint| {
        stint.finished_ms.is_some() && within(at, stint.encoded_ms, stint.finished_ms)
    };
    let travels = |stint: &Stint| {
        let there = stint.delivered_ms.or(stint.began_ms).or(stint.ended_ms);
        within(at, Some(stint.given_ms), there)
    };
    let returns =
        |stint: &Stint| within(at, stint.finished_ms, stint.returned_ms.or(stint.ended_ms));
    match () {
        () if any(&|stint| encodes(stint) && !in_vain(stint)) => Some('#'),
        () if any(&in_vain) => Some('x'),
        () if any(&checks) => Some('='),
        () if any(&travels) => Some('>'),
        () if any(&returns) => Some('<'),
        () => None,
    }
}

/// What keeps it from doing anything with one.
fn beside_parts(one: &TimelineComputer, at: u64) -> Option<char> {
    let mut absences = one.absences.iter();
    let mut others = one.others.iter();
    let waits = |stint: &Stint| {
        let began = stint.began_ms.or(stint.encoded_ms).or(stint.ended_ms);
        within(at, stint.delivered_ms, began)
    };
    if absences.any(|away| within(at, Some(away.began_ms), away.ended_ms)) {
        Some('-')
    } else if others.any(|other| within(at, Some(other.began_ms), other.ended_ms)) {
        Some('o')
    } else if one.stints.iter().any(waits) {
        Some('s')
    } else {
        None
    }
}

fn shares(told: &Timeline) -> String {
    let head = [
        "computer", "parts", "encodes", "checks", "waits", "sends", "away", "other", "seat",
        "late", "idle", "tail",
    ];
    let rows = told.computers.iter().map(|one| {
        let spent = one.spent;
        let share = |ms: u64| format!("{:.0} %", 100.0 * ms as f64 / told.work_ms.max(1) as f64);
        [
            plain(&one.name),
            one.parts.to_string(),
            share(spent.encode),
            share(spent.check),
            share(spent.transfer),
            share(spent.give_back),
            share(spent.away),
            share(spent.other),
            share(spent.seat),
            share(spent.late),
            share(spent.idle),
            share(spent.tail),
        ]
    });
    table(&head, rows)
}

fn answers(told: &Timeline) -> String {
    if told.causes.is_empty() {
        return "\nNothing stands out that would have made it faster.".to_owned();
    }
    let said = told
        .causes
        .iter()
        .map(|cause| format!("\n  - {}", sentence(cause, told)));
    format!("\nWhy not faster?{}", said.collect::<String>())
}

/// An answer in a sentence.
pub fn sentence(cause: &Cause, told: &Timeline) -> String {
    let name = |id: &ComputerId| {
        let found = told.computers.iter().find(|one| one.computer == *id);
        found.map_or_else(|| "a computer".to_owned(), |one| plain(&one.name))
    };
    // Times are known to about half a second.
    let long = |ms: u64| span((ms as f64 / 1000.0).round());
    match cause {
        Cause::Waited { on, ms, percent } => {
            let what = match on {
                Wait::Turn => "its turn",
                Wait::Computers => "other computers",
                Wait::Measuring => "encoders to be measured",
            };
            format!(
                "It waited for {what} for {}: {percent} % of the whole.",
                long(*ms)
            )
        }
        Cause::Reading { ms, percent } => format!(
            "One computer alone reads the film until the first part can leave: {}, {percent} % of the whole.",
            long(*ms)
        ),
        Cause::Transfer { .. } | Cause::Idle { .. } | Cause::Away { .. } | Cause::Late { .. } => {
            of_computer(cause, &name, &long)
        }
        Cause::Tail { .. } => tail(cause, &name, &long),
        Cause::Examining { ms, percent } => format!(
            "All results were there, and the last were examined for {}: {percent} % of the whole.",
            long(*ms)
        ),
        Cause::Lost { parts, ms, percent } => format!(
            "{} came to nothing after {} of encoding: {percent} % of all of it.",
            amount(u64::from(*parts), "part"),
            long(*ms)
        ),
        Cause::Joining { ms, percent } => format!(
            "One computer alone joins the parts and proves the film: {}, {percent} % of the whole.",
            long(*ms)
        ),
        Cause::Alone { computer } => {
            format!(
                "Only {} worked on it. Another computer would help.",
                name(computer)
            )
        }
    }
}

/// What one computer spent its time with instead.
fn of_computer(
    cause: &Cause,
    name: &dyn Fn(&ComputerId) -> String,
    long: &dyn Fn(u64) -> String,
) -> String {
    match cause {
        Cause::Transfer {
            computer,
            percent,
            rate,
        } => {
            let rate = rate.map(|rate| format!(", which came with {} a second", size(rate)));
            format!(
                "{} was idle for {percent} % of the time: it waited for parts{}.",
                name(computer),
                rate.unwrap_or_default()
            )
        }
        Cause::Idle {
            computer,
            percent,
            cutting,
        } => {
            let why = if *cutting {
                ", as the film was still being read"
            } else {
                ""
            };
            format!(
                "{} had nothing to do for {percent} % of the time{why}.",
                name(computer)
            )
        }
        Cause::Away { computer, percent } => {
            format!(
                "{} was away or rested for {percent} % of the time.",
                name(computer)
            )
        }
        Cause::Late { computer, ms, .. } => format!(
            "{} was given its first part {} after the first of all.",
            name(computer),
            long(*ms)
        ),
        _ => String::new(),
    }
}

fn tail(
    cause: &Cause,
    name: &dyn Fn(&ComputerId) -> String,
    long: &dyn Fn(u64) -> String,
) -> String {
    let Cause::Tail {
        computer,
        segment,
        ms,
        percent,
        times,
        slowest,
    } = cause
    else {
        return String::new();
    };
    let on = if *slowest { ", the slowest one" } else { "" };
    let size = times.map(|times| format!("; it was {times} times as long as the usual part"));
    format!(
        "At the end the others waited {} for part {} on {}{on}: {percent} % of the whole{}.",
        long(*ms),
        segment + 1,
        name(computer),
        size.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::rehearsal;

    fn told() -> Timeline {
        let mut told = rehearsal::timeline(api::JobId(3));
        let mut other = told.computers[0].clone();
        let kitchen = rehearsal::computer("Kitchen");
        (other.computer, other.name, other.here) = (kitchen.id, "Kitchen\u{1b}".into(), false);
        let mut stint = other.stints[0].clone();
        (stint.delivered_ms, stint.began_ms) = (Some(3000), Some(3000));
        (stint.encoded_ms, stint.finished_ms) = (Some(5000), Some(6000));
        (stint.returned_ms, stint.ended_ms) = (Some(7000), Some(7500));
        let mut lost = stint.clone();
        (lost.given_ms, lost.delivered_ms, lost.began_ms) = (8000, Some(8000), Some(8000));
        (lost.encoded_ms, lost.finished_ms, lost.returned_ms) = (None, None, None);
        (lost.ended_ms, lost.fate) = (Some(9000), Some(Fate::Lost));
        other.stints = vec![stint, lost];
        told.computers.push(other);
        told
    }

    #[test]
    fn each_computer_is_a_line_of_what_it_did() {
        let text = timeline("film.mkv", &told());
        let kitchen = text.lines().find(|line| line.contains("Kitchen?")).unwrap();
        let drawn: String = kitchen.chars().skip(2 + NAME + 2).collect();
        let mut once: Vec<char> = drawn.chars().collect();
        once.dedup();
        assert_eq!(once.iter().collect::<String>(), " >#=<.x -", "{text}");
        // A tenth of the whole each.
        assert_eq!(drawn.matches('>').count(), 13, "{text}");
        assert!(text.contains("Only Here worked on it."), "{text}");
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn work_on_another_job_and_a_seat_that_is_taken_are_no_idleness() {
        let mut told = told();
        let kitchen = &mut told.computers[1];
        (kitchen.spent.other, kitchen.spent.seat) = (1700, 850);
        kitchen.others = vec![api::OtherWork {
            job: api::JobId(4),
            began_ms: 7500,
            ended_ms: Some(8000),
        }];
        // Its first part lies there for a second.
        kitchen.stints[0].delivered_ms = Some(2000);
        let text = timeline("film.mkv", &told);
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| line.contains("Kitchen?"))
            .collect();
        let drawn: String = lines[0].chars().skip(2 + NAME + 2).collect();
        let mut once: Vec<char> = drawn.chars().collect();
        once.dedup();
        assert_eq!(once.iter().collect::<String>(), " >s#=<.ox -", "{text}");
        assert!(text.contains("away  other  seat"), "{text}");
        assert!(lines[1].contains("20 %   10 %"), "{text}");
    }

    #[test]
    fn what_it_was_held_for_is_cut_out() {
        let mut told = told();
        let plain = timeline("film.mkv", &told);
        for phase in &mut told.phases {
            phase.began_ms += 10_000_000;
            phase.ended_ms = phase.ended_ms.map(|at| at + 10_000_000);
        }
        for one in &mut told.computers {
            for stint in &mut one.stints {
                stint.given_ms += 10_000_000;
                for at in [
                    &mut stint.delivered_ms,
                    &mut stint.began_ms,
                    &mut stint.encoded_ms,
                    &mut stint.finished_ms,
                    &mut stint.returned_ms,
                    &mut stint.ended_ms,
                ] {
                    *at = at.map(|at| at + 10_000_000);
                }
            }
            one.absences[0].began_ms += 10_000_000;
        }
        told.until_ms += 10_000_000;
        told.phases.push(TimelinePhase {
            kind: PhaseKind::Held,
            began_ms: 0,
            ended_ms: Some(10_000_000),
        });
        told.pauses.push(api::TimelinePause {
            from_ms: 0,
            to_ms: 10_000_000,
        });
        assert_eq!(timeline("film.mkv", &told), plain);
    }

    #[test]
    fn a_job_without_parts_says_so() {
        let mut told = told();
        (told.computers, told.live) = (Vec::new(), true);
        let text = timeline("film.mkv", &told);
        assert!(
            text.ends_with("No part of it has been given out yet."),
            "{text}"
        );
    }

    #[test]
    fn answers_are_no_more_exact_than_what_is_known() {
        let told = told();
        let kitchen = told.computers[1].computer.clone();
        let tail = Cause::Tail {
            computer: kitchen.clone(),
            segment: 6,
            ms: 40_400,
            percent: 12,
            times: Some(3),
            slowest: true,
        };
        assert_eq!(
            sentence(&tail, &told),
            "At the end the others waited 40 s for part 7 on Kitchen?, the slowest one: 12 % of the whole; it was 3 times as long as the usual part."
        );
        let waits = Cause::Transfer {
            computer: kitchen,
            percent: 18,
            rate: Some(4_200_000),
        };
        assert_eq!(
            sentence(&waits, &told),
            "Kitchen? was idle for 18 % of the time: it waited for parts, which came with 4.20 MB a second."
        );
    }
}
