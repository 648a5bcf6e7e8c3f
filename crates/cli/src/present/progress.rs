//! What goes on while jobs run: bars on a terminal, now and then a line elsewhere, JSON lines for programs.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use api::{AwayStep, Computer, ComputerStatus, Hand, Job, JobId, JobState, Scene};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::human::{self, plain};
use super::json::{NoteLine, ProgressLine, StateLine};
use super::{Out, can_draw, computers};

/// Steps of a job's bar.
const STEPS: u64 = 1000;

/// At most so often a line of progress for a program.
const JSON_PAUSE: Duration = Duration::from_secs(1);

/// At least so often a line where nothing can be drawn.
const LINE_PAUSE: Duration = Duration::from_secs(60);

/// Shows jobs while they run.
pub struct Progress {
    out: Out,
    bars: Option<Bars>,
    told: BTreeMap<JobId, Told>,
}

/// What has been said of a job.
struct Told {
    state: &'static str,
    step: Option<AwayStep>,
    notes: usize,
    tenths: u64,
    at: Instant,
}

impl Progress {
    /// Nothing is shown yet.
    pub fn new(out: Out) -> Self {
        let bars = (!out.is_json() && can_draw()).then(Bars::new);
        Self {
            out,
            bars,
            told: BTreeMap::new(),
        }
    }

    /// Shows how these jobs stand now.
    pub fn show(&mut self, scene: &Scene, jobs: &[JobId]) {
        for job in scene.jobs.iter().filter(|job| jobs.contains(&job.id)) {
            self.tell(job);
        }
        if let Some(bars) = &mut self.bars {
            let is_running = |job: &&Job| jobs.contains(&job.id) && !job.state.is_over();
            let mut running: Vec<&Job> = scene.jobs.iter().filter(is_running).collect();
            running.sort_by_key(|job| job.id);
            bars.show(scene, &running);
        }
    }

    /// Says something while bars may be on the screen.
    pub fn say(&self, say: impl FnOnce()) {
        match &self.bars {
            Some(bars) => bars.all.suspend(say),
            None => say(),
        }
    }

    /// Takes everything off the screen.
    pub fn clear(&mut self) {
        if let Some(bars) = &mut self.bars {
            bars.clear();
        }
    }

    fn tell(&mut self, job: &Job) {
        let state = super::json::state(&job.state);
        let tenths = (job.progress * 10.0) as u64;
        let now = Instant::now();
        let before = self.told.get(&job.id);
        let step = job.away.as_ref().map(|away| away.step);
        let new_state = before.is_none_or(|told| told.state != state || told.step != step);
        let waited = before.map_or(Duration::MAX, |told| now.duration_since(told.at));
        let notes = before.map_or(0, |told| told.notes);
        for note in job.notes.iter().skip(notes) {
            self.note(job, note);
        }
        let due = if self.out.is_json() {
            waited >= JSON_PAUSE
        } else {
            before.is_some_and(|told| tenths > told.tenths) || waited >= LINE_PAUSE
        };
        if new_state && !job.state.is_over() {
            self.out.line(&StateLine::new(job));
        }
        if (new_state || due) && !job.state.is_over() {
            self.out.line(&ProgressLine::new(job));
            if self.bars.is_none() {
                self.out.remark(&line(job));
            }
        }
        let at = if new_state || due {
            now
        } else {
            before.map_or(now, |told| told.at)
        };
        self.told.insert(
            job.id,
            Told {
                state,
                step,
                notes: job.notes.len(),
                tenths,
                at,
            },
        );
    }

    fn note(&self, job: &Job, note: &str) {
        self.out.line(&NoteLine {
            job: job.id.0,
            text: note.to_owned(),
        });
        self.say(|| {
            self.out
                .remark(&format!("{}: {}", plain(&job.name), plain(note)))
        });
    }
}

/// A job in one line, where nothing can be drawn over.
fn line(job: &Job) -> String {
    if let Some(away) = human::away(job) {
        return format!("{}: {away}", plain(&job.name));
    }
    let state = human::state(&job.state);
    let progress = (job.progress * 100.0).floor();
    if matches!(job.state, JobState::Processing) {
        return format!("{}: {progress:.0} %{}", plain(&job.name), human::to_go(job));
    }
    format!("{}: {state}", plain(&job.name))
}

/// A bar for each job and a row for each computer below.
struct Bars {
    all: MultiProgress,
    jobs: BTreeMap<JobId, ProgressBar>,
    rows: Vec<ProgressBar>,
}

impl Bars {
    fn new() -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(8));
        Self {
            all,
            jobs: BTreeMap::new(),
            rows: Vec::new(),
        }
    }

    fn show(&mut self, scene: &Scene, running: &[&Job]) {
        self.jobs.retain(|id, bar| {
            let stays = running.iter().any(|job| job.id == *id);
            if !stays {
                bar.finish_and_clear();
            }
            stays
        });
        for job in running {
            let all = &self.all;
            let count = self.jobs.len();
            let bar = self
                .jobs
                .entry(job.id)
                .or_insert_with(|| all.insert(count, job_bar()));
            bar.set_prefix(shorten(&plain(&job.name), 30));
            bar.set_position((job.progress.clamp(0.0, 1.0) * STEPS as f64) as u64);
            bar.set_message(message(job));
        }
        self.show_rows(
            &running
                .iter()
                .find(|job| !job.hands.is_empty() || job.away.is_some())
                .map_or_else(Vec::new, |job| rows(scene, job)),
        );
    }

    fn show_rows(&mut self, rows: &[String]) {
        while self.rows.len() > rows.len() {
            if let Some(row) = self.rows.pop() {
                row.finish_and_clear();
            }
        }
        while self.rows.len() < rows.len() {
            let bar = self.all.add(ProgressBar::new(1));
            bar.set_style(style("  {wide_msg}"));
            self.rows.push(bar);
        }
        for (bar, row) in self.rows.iter().zip(rows) {
            bar.set_message(row.clone());
        }
    }

    fn clear(&mut self) {
        self.jobs.clear();
        self.rows.clear();
        // A terminal that has gone away needs no clearing.
        let _ = self.all.clear();
    }
}

fn job_bar() -> ProgressBar {
    let bar = ProgressBar::new(STEPS);
    bar.set_style(style("{prefix:30} [{bar:30}] {wide_msg}").progress_chars("=> "));
    bar
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn message(job: &Job) -> String {
    if let Some(away) = human::away(job) {
        return format!("{} {away}", human::percent(job.progress));
    }
    let text = match &job.state {
        JobState::Processing => human::to_go(job).trim_start_matches(", ").to_owned(),
        other => human::state(other),
    };
    format!("{} {text}", human::percent(job.progress))
}

/// A row for each computer with a hand in the job, then those that could have one and say why not.
fn rows(scene: &Scene, job: &Job) -> Vec<String> {
    if let Some(row) = human::away_hand(job) {
        return vec![row];
    }
    let total = job.hands.iter().map(|hand| hand.frames).sum::<u64>().max(1);
    let share = |frames: u64| human::percent(frames as f64 / total as f64);
    let row = |hand: &Hand| format!("{}  {}", share(hand.frames), human::hand(hand));
    let hands = job.hands.iter().map(row);
    let idle = scene
        .computers
        .iter()
        .filter(|one| excuses(one) && !job.hands.iter().any(|hand| hand.computer == one.id));
    let idle = idle.map(|one| {
        format!(
            "       {:<16} {}",
            plain(&one.name),
            computers::status(&one.status)
        )
    });
    hands.chain(idle).collect()
}

fn excuses(computer: &Computer) -> bool {
    matches!(
        computer.status,
        ComputerStatus::Paused { .. } | ComputerStatus::SetAside { .. } | ComputerStatus::Measuring
    )
}

/// At most so many letters; the end, which tells episodes apart, stays.
fn shorten(text: &str, most: usize) -> String {
    let letters: Vec<char> = text.chars().collect();
    if letters.len() <= most {
        return text.to_owned();
    }
    let half = (most - 1) / 2;
    let (head, tail) = (
        &letters[..most - 1 - half],
        &letters[letters.len() - half..],
    );
    head.iter().chain(['…'].iter()).chain(tail).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::rehearsal;

    #[test]
    fn long_names_keep_their_ends() {
        assert_eq!(shorten("short.mkv", 30), "short.mkv");
        let long = shorten("A series with a very long name S01E07.mkv", 30);
        assert_eq!(long.chars().count(), 30);
        assert!(
            long.starts_with("A series") && long.ends_with("S01E07.mkv"),
            "{long}"
        );
    }

    #[test]
    fn a_row_for_each_hand_and_for_those_with_an_excuse() {
        let mut scene = rehearsal::scene();
        let mut idle = rehearsal::computer("Attic");
        idle.status = ComputerStatus::Paused {
            reason: "on battery".into(),
        };
        scene.computers = vec![rehearsal::computer("Ready one"), idle];
        let mut job = rehearsal::job(1, "a.mkv");
        job.hands = vec![api::Hand {
            computer: scene.here.computer.id.clone(),
            name: "Here".into(),
            segments: 3,
            working: 1,
            frames: 1,
            read_there: 0,
            speed_fps: Some(12.34),
            encoder: None,
            paused: None,
        }];
        let rows = rows(&scene, &job);
        assert_eq!(rows.len(), 2, "{rows:?}");
        assert_eq!(
            rows[0],
            "100 %  Here               3 segments    12.3 fps  1 in hand"
        );
        assert!(rows[1].contains("paused: on battery"), "{rows:?}");
    }
}
