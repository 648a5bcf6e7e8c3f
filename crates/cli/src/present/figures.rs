//! What came of it all, as text. Pure.

use api::{Day, Figures, Totals, Worker, date};

use super::human::{plain, table};
use super::{amount, size, span};

/// The longest bar.
const BAR: usize = 30;

/// Totals, computers and days.
pub fn figures(told: &Figures, days: u32) -> String {
    let mut text = format!("In all      {}\n", totals(&told.ever));
    text += &format!("{:<12}{}\n", format!("{days} days"), totals(&told.total));
    if !told.computers.is_empty() {
        text += &format!("\n{}\n", computers(&told.computers));
    }
    if !told.days.is_empty() {
        text += &format!("\n{}", by_day(&told.days));
    }
    text.trim_end().to_owned()
}

fn totals(one: &Totals) -> String {
    if one.films == 0 && one.work_s == 0.0 && one.given_s == 0.0 {
        return "nothing yet".to_owned();
    }
    format!(
        "{}, {}; {} of encoding; given to others {}",
        amount(one.films, "film"),
        saved(one),
        span(one.work_s),
        span(one.given_s)
    )
}

/// `1.23 GB saved (62 %)`.
fn saved(one: &Totals) -> String {
    let saved = one.saved();
    let bytes = size(saved.unsigned_abs());
    if saved < 0 {
        return format!("{bytes} more than before");
    }
    let share = 100.0 * saved as f64 / one.source_bytes.max(1) as f64;
    format!("{bytes} saved ({share:.0} %)")
}

fn computers(all: &[Worker]) -> String {
    let row = |one: &Worker| {
        [
            plain(&one.name),
            if one.here { "this one" } else { "" }.to_owned(),
            one.parts.to_string(),
            span(one.work_s),
            one.given_parts.to_string(),
            span(one.given_s),
        ]
    };
    let head = [
        "computer",
        "",
        "parts for us",
        "time",
        "parts for it",
        "time",
    ];
    table(&head, all.iter().map(row))
}

fn by_day(days: &[Day]) -> String {
    let most = days.iter().map(|day| day.totals.saved()).max();
    let most = most.unwrap_or(0).max(1) as f64;
    let row = |day: &Day| {
        let saved = day.totals.saved();
        let bar = (BAR as f64 * saved.max(0) as f64 / most).round() as usize;
        [
            date(day.day),
            day.totals.films.to_string(),
            if saved < 0 {
                format!("-{}", size(saved.unsigned_abs()))
            } else {
                size(saved.unsigned_abs())
            },
            span(day.totals.work_s),
            span(day.totals.given_s),
            "#".repeat(bar),
        ]
    };
    let head = ["day", "films", "saved", "encoding", "given", ""];
    table(&head, days.iter().map(row))
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::rehearsal;

    #[test]
    fn a_day_has_a_bar_as_long_as_what_it_saved() {
        let mut told = rehearsal::figures();
        let mut half = told.days[0];
        half.day -= 1;
        half.totals.output_bytes = 700_000_000;
        let mut grew = half;
        grew.day -= 1;
        grew.totals.output_bytes = 1_100_000_000;
        told.days = vec![grew, half, told.days[0]];
        told.computers[1].name = "At\u{7}tic".into();
        let text = figures(&told, 30);
        let bars: Vec<usize> = text
            .lines()
            .filter(|line| line.starts_with("2026-11-2"))
            .map(|line| line.matches('#').count())
            .collect();
        assert_eq!(bars, [0, BAR / 2, BAR], "{text}");
        assert!(text.starts_with("In all      1 film, 600 MB saved (60 %); 1 min 50 s of encoding; given to others 30 s\n"), "{text}");
        assert!(
            text.contains("-100 MB") && text.contains("At?tic"),
            "{text}"
        );
    }

    #[test]
    fn nothing_is_nothing() {
        assert_eq!(
            figures(&Figures::default(), 7),
            "In all      nothing yet\n7 days      nothing yet"
        );
    }
}
