//! The computers for people: the list of them, what each does, what it and this one may ask of each other, how one
//! joins them, and what was done for them.

use api::{Computer, ComputerId, ComputerStatus, Deed};

use super::human::{plain, table};
use super::{amount, size, span};

/// The list of computers, this one first.
pub fn list(here: &Computer, others: &[Computer]) -> String {
    let row = |computer: &Computer, who: &str| {
        let fastest = computer.encoders.first();
        let fastest = fastest.map_or(String::new(), |one| {
            format!("{} {:.0} fps", plain(&one.name), one.fps_1080p)
        });
        let id = computer.id.0.get(..8).unwrap_or(&computer.id.0);
        [
            plain(id),
            name(&computer.name, &computer.id),
            who.to_owned(),
            standing(computer),
            now(computer),
            fastest,
            trouble(computer),
        ]
    };
    let here = std::iter::once(row(here, "this one"));
    let rows = here.chain(others.iter().map(|one| row(one, relation(one))));
    table(
        &["id", "name", "helps", "state", "now", "encodes", ""],
        rows,
    )
}

/// How busy and how hot it is: `71 %, 61 °C`.
fn now(computer: &Computer) -> String {
    let Some(load) = computer.load else {
        return String::new();
    };
    let heat = load.celsius.map(|celsius| format!(", {celsius} °C"));
    format!("{} %{}", load.cpu_percent, heat.unwrap_or_default())
}

fn relation(computer: &Computer) -> &'static str {
    match (computer.helps_us, computer.we_help) {
        (true, true) => "both ways",
        (true, false) => "us",
        (false, true) => "we help it",
        (false, false) if computer.status != ComputerStatus::Nearby => "neither way",
        (false, false) => "not paired",
    }
}

fn trouble(computer: &Computer) -> String {
    if let ComputerStatus::OtherIdentity { presented } = &computer.status {
        let id = plain(presented.0.get(..8).unwrap_or(&presented.0));
        return format!(
            "A computer of its name shows another key ({id}). This happens after reinstalling: pair again with a code, `manyhands ask {id}`."
        );
    }
    computer.trouble.as_deref().map(plain).unwrap_or_default()
}

/// What a computer does, as far as this one has anything of it.
fn standing(computer: &Computer) -> String {
    match computer.status {
        ComputerStatus::NotHelping if computer.lets_us == Some(false) => {
            "there, does not let this one use it".to_owned()
        }
        _ => status(&computer.status),
    }
}

/// What a computer does, in words.
pub fn status(status: &ComputerStatus) -> String {
    match status {
        ComputerStatus::Nearby => "nearby".to_owned(),
        ComputerStatus::Offline => "away".to_owned(),
        ComputerStatus::OtherIdentity { .. } => "IDENTITY CHANGED".to_owned(),
        ComputerStatus::NotHelping => "there, helping is off".to_owned(),
        ComputerStatus::Measuring => "measuring its encoders".to_owned(),
        ComputerStatus::Ready => "ready".to_owned(),
        ComputerStatus::Working { segments } => {
            format!("encoding {}", amount((*segments).into(), "segment"))
        }
        ComputerStatus::Paused { reason } => format!("paused: {}", plain(reason)),
        ComputerStatus::SetAside { reason } => format!("set aside: {}", plain(reason)),
    }
}

/// A computer's name, or what there is to say of one that hides it.
pub fn name(name: &str, id: &ComputerId) -> String {
    if name.is_empty() {
        let id = plain(id.0.get(..4).unwrap_or(&id.0));
        return format!("A computer ({id}…)");
    }
    plain(name)
}

/// What a computer and this one may ask of each other, one direction a line.
pub fn rights(computer: &Computer) -> String {
    let name = plain(&computer.name);
    let it_says = |said: Option<bool>, not: &str| {
        if said == Some(false) {
            format!(" ({name} {not})")
        } else {
            String::new()
        }
    };
    let on = |on: bool| if on { "on " } else { "off" };
    format!(
        "{}  {name} may use this computer{}\n{}  this computer may use {name}{}",
        on(computer.we_help),
        it_says(computer.asks_us, "does not want to"),
        on(computer.helps_us),
        it_says(computer.lets_us, "does not let it"),
    )
}

/// A QR code, two rows of it in each line of text. In a terminal dark is dark and light is light by its own colours;
/// else light is drawn, for a terminal with a dark ground.
pub fn qr(rows: &[String], coloured: bool) -> String {
    const BORDER: usize = 4;
    let side = rows.len() + 2 * BORDER;
    let dark = |x: usize, y: usize| {
        let cell = x.checked_sub(BORDER).zip(y.checked_sub(BORDER));
        cell.and_then(|(x, y)| rows.get(y)?.as_bytes().get(x)) == Some(&b'1')
    };
    let line = |y: usize| {
        let drawn = |x: usize, y: usize| y < side && dark(x, y) == coloured;
        let cells = (0..side).map(|x| match (drawn(x, y), drawn(x, y + 1)) {
            (true, true) => '█',
            (true, false) => '▀',
            (false, true) => '▄',
            (false, false) => ' ',
        });
        let text: String = cells.collect();
        if coloured {
            format!("\u{1b}[30;107m{text}\u{1b}[0m")
        } else {
            text
        }
    };
    (0..side)
        .step_by(2)
        .map(line)
        .collect::<Vec<_>>()
        .join("\n")
}

/// What was done for others, newest first: a line for each stretch of work.
pub fn deeds(deeds: &[Deed], now_ms: u64) -> String {
    let row = |deed: &Deed| {
        let seconds = |ms: u64| ms as f64 / 1000.0;
        [
            name(&deed.name, &deed.computer),
            amount(deed.segments, "segment"),
            format!("{} in", size(deed.received_bytes)),
            format!("{} out", size(deed.sent_bytes)),
            format!(
                "in {}",
                span(seconds(deed.ended_ms.saturating_sub(deed.began_ms)))
            ),
            format!(
                "{} ago",
                span(seconds(now_ms.saturating_sub(deed.ended_ms)))
            ),
        ]
    };
    table(&["for", "", "", "", "", "until"], deeds.iter().map(row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_computer_does_has_words() {
        let paused = ComputerStatus::Paused {
            reason: "on battery".to_owned(),
        };
        assert_eq!(status(&paused), "paused: on battery");
    }

    #[test]
    fn a_qr_code_is_drawn_as_it_is_in_both_ways() {
        let rows = rehearsal_rows();
        // What the drawing shows, module by module: the border, then the code.
        let seen = |drawing: &str, dark: bool| -> Vec<String> {
            let plain = drawing
                .replace("\u{1b}[30;107m", "")
                .replace("\u{1b}[0m", "");
            let halves = |line: &str, upper: bool| -> String {
                let letter = |c: char| {
                    let drawn = c == '█' || c == if upper { '▀' } else { '▄' };
                    if drawn == dark { '1' } else { '0' }
                };
                line.chars().map(letter).collect()
            };
            let lines = plain
                .lines()
                .flat_map(|line| [halves(line, true), halves(line, false)]);
            let inner = lines.skip(4).take(rows.len());
            inner.map(|row| row[4..4 + rows.len()].to_owned()).collect()
        };
        assert_eq!(seen(&qr(&rows, true), true), rows);
        assert_eq!(seen(&qr(&rows, false), false), rows);
    }

    fn rehearsal_rows() -> Vec<String> {
        ["10110", "01010", "11101", "00011", "10001"]
            .map(str::to_owned)
            .into()
    }
}
