//! Text for people. Pure: values in, text out.
//!
//! Names of files and computers come from outside: [`plain`] takes everything out of them that a terminal would
//! obey.

use api::{
    ApiError, ApiKey, AwayStep, Cleaned, ErrorCode, Hand, Job, JobState, Level, Outcome, Report,
    SegmentState,
};

use super::{amount, size, span};

/// Text that a terminal only shows: control characters and those that turn the direction of writing become `?`.
pub fn plain(text: &str) -> String {
    let harmless = |letter: char| {
        let turns = matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if letter.is_control() || turns {
            '?'
        } else {
            letter
        }
    };
    text.chars().map(harmless).collect()
}

/// A failure: what happened and what to do.
pub fn error(error: &ApiError) -> String {
    let (message, help) = (plain(&error.message), plain(&error.help));
    // Its own words and the user's file alone: nobody else's text can make a line of its own here.
    if error.code == ErrorCode::BadConfig {
        let lines: Vec<String> = error.message.lines().map(plain).collect();
        return format!("{}\n{help}", lines.join("\n"));
    }
    if help.is_empty() {
        message
    } else {
        format!("{message} {help}")
    }
}

/// A job that is completed: where the film is, how it is proved, who did it.
pub fn done(job: &Job, outcome: &Outcome) -> String {
    let share = if job.source_bytes == 0 {
        100.0
    } else {
        100.0 * outcome.bytes as f64 / job.source_bytes as f64
    };
    let mut text = format!("{}\n", plain(&outcome.output.shown()));
    text += &format!("  {}\n", plain(&outcome.verdict));
    text += &format!(
        "  {} from {} ({share:.0} %) in {}",
        size(outcome.bytes),
        size(job.source_bytes),
        span(outcome.wall_s)
    );
    if let Some(speed_up) = job.speed_up.filter(|_| job.hands.len() > 1) {
        text += &format!(", {speed_up:.1} times as fast as this computer alone");
    }
    if !job.hands.is_empty() {
        text += &format!("\n  made by {}", hands(&job.hands));
    }
    text += &format!("\n  receipt {}", plain(&outcome.receipt.shown()));
    if let Some(original) = &job.original {
        text += &format!("\n  {}", super::originals::says(original));
    }
    text
}

/// Who made how many segments: `Here (12 segments), Kitchen (30 segments)`.
fn hands(hands: &[Hand]) -> String {
    let one = |hand: &Hand| {
        format!(
            "{} ({})",
            plain(&hand.name),
            amount(hand.segments.into(), "segment")
        )
    };
    let all: Vec<String> = hands
        .iter()
        .filter(|hand| hand.segments > 0)
        .map(one)
        .collect();
    if all.is_empty() {
        "nobody".to_owned()
    } else {
        all.join(", ")
    }
}

/// A job's state in a word or a sentence.
pub fn state(state: &JobState) -> String {
    match state {
        JobState::Queued => "queued".to_owned(),
        JobState::WaitingForPeers { present, wanted } => {
            format!("waiting for computers ({present} of {wanted})")
        }
        JobState::Benchmarking => "measuring encoders".to_owned(),
        JobState::Processing => "encoding".to_owned(),
        JobState::Paused { reason } if reason.is_empty() => "held".to_owned(),
        JobState::Paused { reason } => format!("held: {}", plain(reason)),
        JobState::Combining => "joining and proving".to_owned(),
        JobState::Completed { outcome } if outcome.exact => "done, exact".to_owned(),
        JobState::Completed { .. } => "done".to_owned(),
        JobState::Failed { error } => format!("failed: {}", plain(&error.message)),
        JobState::Cancelled => "cancelled".to_owned(),
    }
}

/// The list of jobs.
pub fn jobs(jobs: &[Job]) -> String {
    if jobs.is_empty() {
        return "No jobs.".to_owned();
    }
    let row = |job: &Job| {
        [
            job.id.0.to_string(),
            percent(job.progress),
            plain(&job.name),
            standing_of(job),
        ]
    };
    table(&["job", "", "film", "state"], jobs.iter().map(row))
}

/// A job's state, and where it is, if that is another computer.
fn standing_of(job: &Job) -> String {
    let of = job.sent_by.as_ref();
    let of = of.map_or_else(String::new, |name| format!(", for {}", plain(name)));
    away(job).unwrap_or_else(|| format!("{}{of}", state(&job.state)))
}

/// Where a film is that was sent to another computer, and what is done with it.
pub fn away(job: &Job) -> Option<String> {
    let away = job.away.as_ref()?;
    let name = plain(&away.name);
    if let JobState::Paused { .. } = job.state {
        return Some(format!("{}, on {name}", state(&job.state)));
    }
    let moved = || format!("{} of {}", size(away.moved), size(away.of));
    Some(match away.step {
        AwayStep::Waiting => format!("waits for {name}"),
        AwayStep::Sending => format!("on its way to {name}, {}", moved()),
        AwayStep::Working => format!("{} on {name}{}", state(&job.state), to_go(job)),
        AwayStep::Ready => format!("done on {name}, its result waits there"),
        AwayStep::Fetching => format!("its result comes from {name}, {}", moved()),
        AwayStep::Checking => format!("its result is here and checked, made by {name}"),
    })
}

/// Who works on a film that was sent to another computer.
pub fn away_hand(job: &Job) -> Option<String> {
    let away = job.away.as_ref()?;
    let name = plain(&away.name);
    Some(if away.participates {
        format!("{name} has the job; this computer helps it")
    } else {
        format!("{name} has the job, with whoever helps it")
    })
}

/// What became of a film whose result waits on another computer.
pub fn left(job: &Job) -> String {
    let name = job
        .away
        .as_ref()
        .map_or_else(String::new, |away| plain(&away.name));
    format!(
        "{}: done on {name}, where the result is kept for a week. `manyhands fetch {}` brings it.",
        plain(&job.name),
        job.id.0
    )
}

/// One job, whole.
pub fn job(job: &Job) -> String {
    let mut lines = vec![format!("Job {}: {}", job.id.0, plain(&job.source.shown()))];
    lines.push(format!("  state     {}", standing_of(job)));
    if let Some(picture) = &job.picture {
        lines.push(format!(
            "  film      {}{}",
            plain(picture),
            job.duration_s
                .map_or(String::new(), |s| format!(", {}", span(s)))
        ));
    }
    let total = job
        .frames_total
        .map_or(String::new(), |total| format!(" of {total}"));
    lines.push(format!(
        "  progress  {}, {}{total} frames",
        percent(job.progress),
        job.frames_done
    ));
    lines.push(format!("  time      {}{}", span(job.elapsed_s), to_go(job)));
    lines.extend(came_of(job));
    lines.extend(
        job.hands
            .iter()
            .map(|one| format!("  computer  {}", hand(one))),
    );
    if !job.segments.is_empty() {
        lines.push(format!("  segments  {}", strip(job)));
    }
    lines.extend(
        job.notes
            .iter()
            .map(|note| format!("  note      {}", plain(note))),
    );
    lines.join("\n")
}

/// What came of a job, in rows.
fn came_of(job: &Job) -> Vec<String> {
    let mut lines = Vec::new();
    if let JobState::Completed { outcome } = &job.state {
        lines.push(format!(
            "  output    {} ({})",
            plain(&outcome.output.shown()),
            size(outcome.bytes)
        ));
        lines.push(format!("  verdict   {}", plain(&outcome.verdict)));
        lines.push(format!("  receipt   {}", plain(&outcome.receipt.shown())));
    }
    if let Some(original) = &job.original {
        lines.push(format!("  original  {}", super::originals::says(original)));
    }
    if let JobState::Failed { error } = &job.state {
        lines.push(format!("  help      {}", plain(&error.help)));
    }
    lines
}

/// Remaining time and speed-up, as far as known.
pub fn to_go(job: &Job) -> String {
    let mut text = String::new();
    if let Some(fps) = job.speed_fps {
        text += &format!(", {fps:.0} frames a second");
    }
    // Whole seconds, as it is only an estimate.
    match job.eta_s {
        None | Some(0) => {}
        Some(eta @ ..10) => text += &format!(", about {eta} s to go"),
        Some(eta) => text += &format!(", about {} to go", span(eta as f64)),
    }
    if let Some(speed_up) = job.speed_up.filter(|_| job.hands.len() > 1) {
        text += &format!(", {speed_up:.1} x this computer alone");
    }
    text
}

/// One letter a segment: what has become of each, in the order of the film.
fn strip(job: &Job) -> String {
    let letter = |state: SegmentState| match state {
        SegmentState::Waiting => '.',
        SegmentState::Sent => '>',
        SegmentState::Encoding => '*',
        SegmentState::Checking => '?',
        SegmentState::Done => '#',
        SegmentState::Failed => '!',
    };
    let strip: String = job
        .segments
        .iter()
        .map(|segment| letter(segment.state))
        .collect();
    format!(
        "{strip} ({}; # done, ? checking, * encoding, > sent, . waiting, ! failed)",
        job.segments.len()
    )
}

/// A computer's share in a job, in a row.
pub fn hand(hand: &Hand) -> String {
    let mut text = format!(
        "{:<16} {:>12}",
        plain(&hand.name),
        amount(hand.segments.into(), "segment")
    );
    if let Some(fps) = hand.speed_fps {
        text += &format!(" {fps:>7.1} fps");
    }
    if let Some(encoder) = &hand.encoder {
        text += &format!("  {}", plain(encoder));
    }
    match &hand.paused {
        Some(reason) => text += &format!("  paused: {}", plain(reason)),
        None if hand.working > 0 => text += &format!("  {} in hand", hand.working),
        None => {}
    }
    text
}

/// Keys for programs, oldest first.
pub fn keys(keys: &[ApiKey]) -> String {
    if keys.is_empty() {
        return "There are no keys. `manyhands key new NAME --scope read` makes one.".to_owned();
    }
    let row = |key: &ApiKey| {
        let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.word()).collect();
        let used = if key.used_ms.is_some() {
            "used"
        } else {
            "never used"
        };
        [
            key.id.to_string(),
            plain(&key.name),
            scopes.join(" "),
            used.to_owned(),
        ]
    };
    table(&["id", "name", "scopes", ""], keys.iter().map(row))
}

/// What the doctor found.
pub fn report(report: &Report) -> String {
    let mut lines = Vec::new();
    for finding in &report.findings {
        let mark = match finding.level {
            Level::Good => "ok  ",
            Level::Note => "note",
            Level::Bad => "BAD ",
        };
        lines.push(format!(
            "{mark}  {}: {}",
            plain(&finding.subject),
            plain(&finding.says)
        ));
        if !finding.help.is_empty() {
            lines.push(format!("      {}", plain(&finding.help)));
        }
    }
    lines.join("\n")
}

/// What `clean` did.
pub fn cleaned(cleaned: &Cleaned) -> String {
    let kept = match cleaned.kept_jobs {
        0 => String::new(),
        jobs => format!(
            " The files of {} that can still go on were kept.",
            amount(jobs.into(), "job")
        ),
    };
    if cleaned.removed == 0 {
        return format!("There was nothing to remove.{kept}");
    }
    format!(
        "Removed {}, {}.{kept}",
        amount(cleaned.removed, "file"),
        size(cleaned.bytes)
    )
}

/// A share of 1, rounded down: 100 % only when it is.
pub fn percent(share: f64) -> String {
    format!("{:>3.0} %", (share * 100.0).floor().clamp(0.0, 100.0))
}

/// Columns as wide as their widest cell; the last one is not padded.
pub fn table<const N: usize>(head: &[&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let mut all = vec![head.map(str::to_owned)];
    all.extend(rows);
    let width = |column: usize| {
        all.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| {
            let padding = width - cell.chars().count();
            format!("{cell}{:padding$}", "")
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    all.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::rehearsal;
    use api::{ComputerId, Segment};

    #[test]
    fn a_name_cannot_command_the_terminal() {
        assert_eq!(plain("a\u{1b}]0;b\u{7}\n\u{202e}c é 漢"), "a?]0;b???c é 漢");
        let error = self::error(&ApiError::new(ErrorCode::Other, "x\u{1b}[2J").help("y\r"));
        assert_eq!(error, "x?[2J y?");
    }

    #[test]
    fn nothing_is_shown_as_done_before_it_is() {
        assert_eq!(percent(0.999_9), " 99 %");
        assert_eq!(percent(1.0), "100 %");
        assert_eq!(percent(7.5), "100 %");
    }

    #[test]
    fn columns_line_up_though_letters_are_wide_in_bytes() {
        let rows = [
            ["1".to_owned(), "é".to_owned(), "x".to_owned()],
            ["10".to_owned(), "ab".to_owned(), String::new()],
        ];
        assert_eq!(
            table(&["n", "name", ""], rows.into_iter()),
            "n   name\n1   é     x\n10  ab"
        );
    }

    #[test]
    fn a_finished_job_says_where_who_and_how_well() {
        let mut job = rehearsal::job(3, "film.mkv");
        job.source_bytes = 2_000_000;
        job.speed_up = Some(2.84);
        job.hands = vec![share("Here", 4), share("Kitchen", 1)];
        let outcome = outcome();
        assert_eq!(
            done(&job, &outcome),
            "/films/film.hevc.mkv\n  Exact: all 250 frames.\n  1.00 MB from 2.00 MB (50 %) in 1 min 01 s, 2.8 times as \
             fast as this computer alone\n  made by Here (4 segments), Kitchen (1 segment)\n  receipt \
             /films/film.hevc.mkv.receipt.json"
        );
        job.state = JobState::Completed { outcome };
        job.segments = [
            SegmentState::Done,
            SegmentState::Encoding,
            SegmentState::Waiting,
        ]
        .map(segment)
        .into();
        let page = self::job(&job);
        assert!(page.contains("segments  #*. (3;"), "{page}");
        assert!(page.contains("verdict   Exact: all 250 frames."), "{page}");
    }

    #[test]
    fn every_state_has_words() {
        let error = ApiError::new(ErrorCode::NoSpace, "The disk is full.");
        assert_eq!(
            state(&JobState::Failed { error }),
            "failed: The disk is full."
        );
        assert_eq!(
            state(&JobState::WaitingForPeers {
                present: 1,
                wanted: 3
            }),
            "waiting for computers (1 of 3)"
        );
        assert_eq!(
            state(&JobState::Paused {
                reason: String::new()
            }),
            "held"
        );
    }

    fn share(name: &str, segments: u32) -> Hand {
        Hand {
            computer: ComputerId("ab".repeat(32)),
            name: name.to_owned(),
            segments,
            working: 0,
            frames: 50,
            read_there: 0,
            speed_fps: None,
            encoder: Some("libx265".to_owned()),
            paused: None,
        }
    }

    fn outcome() -> Outcome {
        Outcome {
            output: "/films/film.hevc.mkv".into(),
            receipt: "/films/film.hevc.mkv.receipt.json".into(),
            exact: true,
            verdict: "Exact: all 250 frames.".to_owned(),
            frames: 250,
            bytes: 1_000_000,
            wall_s: 61.0,
        }
    }

    fn segment(state: SegmentState) -> Segment {
        Segment {
            index: 0,
            start_s: 0.0,
            end_s: 1.0,
            state,
            computer: None,
            progress: 0.0,
            attempts: 1,
        }
    }
}
