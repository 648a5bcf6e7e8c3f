//! `GET /metrics`: this node's figures in Prometheus's text format, for whoever has the scope `metrics`.
//!
//! [`write`] makes the text of what is there to see now and of [`Totals`], which grow while the page is served and begin
//! at 0 with it, as Prometheus expects of counters. Only this computer and those paired with it are named, and each by its
//! id: a name, which its computer could change without end, stands in one series alone. Nobody makes series without end. `docs/monitoring.md` describes every figure.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use api::{
    Api, Computer, Event, Figures, Given, Hand, Job, JobId, JobState, KeyScope, Scene, SegmentState,
};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Router, middleware};

use crate::Shared;
use crate::v1::entry;
use crate::v1::job;
use crate::v1::peers;
use crate::v1::problem::Refused;

/// Films that a computer is said to work on at once.
const FILES: usize = 4;
/// The longest name of a film that is told, letters.
const NAME_LETTERS: usize = 100;

/// Counters, shared between who counts and who tells.
#[derive(Default)]
pub struct Tally(Mutex<Totals>);

/// What has happened since the page is served.
#[derive(Debug, Default)]
pub struct Totals {
    seen: BTreeMap<JobId, Seen>,
    segments: u64,
    again: u64,
    frames: u64,
    ended: BTreeMap<&'static str, u64>,
    source_bytes: u64,
    output_bytes: u64,
    saved_bytes: u64,
}

/// A job as it was when it was last seen.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    segments: u64,
    again: u64,
    frames: u64,
    over: bool,
    /// It is of an earlier run, and what is done of it is not told before it goes on.
    untold: bool,
}

/// What another computer makes of a film that was sent there is counted there.
fn is_made_here(job: &Job) -> bool {
    job.choice.on.is_none()
}

/// What a film has saved counts where it came from, whoever made it.
fn is_of_here(job: &Job) -> bool {
    job.sent_by.is_none()
}

impl Seen {
    fn of(job: &Job) -> Self {
        let done = |one: &&api::Segment| one.state == SegmentState::Done;
        let more = |one: &api::Segment| u64::from(one.attempts.saturating_sub(1));
        Self {
            segments: job.segments.iter().filter(done).count() as u64,
            again: job.segments.iter().map(more).sum(),
            frames: if is_made_here(job) {
                job.frames_done
            } else {
                0
            },
            over: job.state.is_over(),
            untold: job.segments.is_empty()
                && (job.state.is_over() || matches!(job.state, JobState::Paused { .. })),
        }
    }

    /// The most that was ever seen: what a lost part gave back was counted already.
    fn or_more(self, before: Self) -> Self {
        Self {
            segments: self.segments.max(before.segments),
            again: self.again.max(before.again),
            frames: self.frames.max(before.frames),
            over: self.over,
            untold: self.untold,
        }
    }
}

impl Totals {
    /// What was there before counting began counts for nothing.
    fn begin(&mut self, jobs: &[Job]) {
        self.seen = jobs.iter().map(|job| (job.id, Seen::of(job))).collect();
    }

    /// Adds what is new in a job.
    fn see(&mut self, job: &Job) {
        let now = Seen::of(job);
        let before = self.seen.get(&job.id).copied().unwrap_or_default();
        self.seen.insert(job.id, now.or_more(before));
        // What an earlier run has done is no news when it is taken up again.
        let before = if before.untold && !now.untold {
            Seen {
                over: before.over,
                ..now
            }
        } else {
            before
        };
        self.segments += now.segments.saturating_sub(before.segments);
        self.again += now.again.saturating_sub(before.again);
        self.frames += now.frames.saturating_sub(before.frames);
        if now.over && !before.over {
            *self
                .ended
                .entry(job::state(&job.state).0.word())
                .or_default() += 1;
        }
        if let JobState::Completed { outcome } = &job.state
            && !before.over
            && is_of_here(job)
        {
            self.source_bytes += job.source_bytes;
            self.output_bytes += outcome.bytes;
            self.saved_bytes += job.source_bytes.saturating_sub(outcome.bytes);
        }
    }

    /// How jobs ended: each way, so that the first of them is an increase.
    fn ends(&self) -> [(String, u64); 3] {
        ["completed", "failed", "cancelled"].map(|word| {
            let count = self.ended.get(word).copied().unwrap_or(0);
            (labels(&[("state", word)]), count)
        })
    }

    fn forget(&mut self, id: JobId) {
        self.seen.remove(&id);
    }
}

impl Tally {
    fn lock(&self) -> MutexGuard<'_, Totals> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts until the node stops.
pub async fn keep(tally: Arc<Tally>, api: Api) {
    let mut events = api.events();
    let Ok(snapshot) = api.snapshot().await else {
        return;
    };
    tally.lock().begin(&snapshot.scene.jobs);
    while let Some(numbered) = events.next().await {
        match numbered.event {
            // What the snapshot held is the same once more, and adds nothing.
            Event::Job(job) => tally.lock().see(&job),
            Event::JobGone(id) => tally.lock().forget(id),
            Event::Here(_) | Event::Computer(_) | Event::ComputerGone(_) | Event::Pairing(_) => {}
        }
    }
}

/// The route, which a key with the scope `metrics` opens.
pub fn route(shared: &Shared) -> Router<Shared> {
    let need = middleware::from_fn_with_state(KeyScope::Metrics, entry::need);
    let admit = middleware::from_fn_with_state(shared.clone(), entry::admit);
    Router::new().route("/metrics", get(give).layer(need).layer(admit))
}

async fn give(State(shared): State<Shared>) -> Result<Response, Refused> {
    let scene = shared.api.snapshot().await?.scene;
    let given = shared.api.given().await?;
    let failures = api::ffmpeg_failures::so_far();
    let figures = shared.api.figures(EVER_DAYS).await?;
    let mut text = write(&scene, &given, &failures, &shared.tally.lock());
    text.push_str(&shared_out(&scene, &figures));
    let kind = [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    Ok((kind, text).into_response())
}

/// As many days as can be asked for: ten years.
const EVER_DAYS: u32 = 3660;

/// Who worked for whom. Only of computers that are paired, as everything here.
fn shared_out(scene: &Scene, figures: &Figures) -> String {
    let mut page = Page::default();
    let paired = |one: &&Computer| peers::status(&one.status).0 != peers::Status::Nearby;
    let others = scene.computers.iter().filter(paired);
    let all: Vec<&Computer> = std::iter::once(&scene.here.computer)
        .chain(others)
        .collect();
    let each = |value: fn(&api::Worker) -> f64| {
        let of_one = |one: &api::Worker| {
            let computer = all.iter().find(|known| known.id == one.computer)?;
            Some((of(computer, &[]), value(one)))
        };
        let each = figures.computers.iter().filter_map(of_one);
        each.collect::<Vec<_>>()
    };
    page.counter(
        "computer_worked_seconds_total",
        "Seconds that a computer encoded for this one, in the last ten years.",
        each(|one| one.work_s),
    );
    page.counter(
        "computer_given_seconds_total",
        "Seconds that this computer encoded for that one, in the last ten years.",
        each(|one| one.given_s),
    );
    page.text
}

/// The whole text.
fn write(
    scene: &Scene,
    given: &Given,
    failures: &[(&'static str, u64)],
    totals: &Totals,
) -> String {
    let mut page = Page::default();
    node(&mut page, scene, failures);
    jobs(&mut page, scene);
    done(&mut page, totals);
    computers(&mut page, scene);
    files(&mut page, scene);
    donated(&mut page, given);
    page.text
}

fn node(page: &mut Page, scene: &Scene, failures: &[(&'static str, u64)]) {
    let here = &scene.here;
    let found = matches!(here.ffmpeg, api::Ffmpeg::Found { .. });
    page.gauge("up", "The node answers.", [(String::new(), 1)]);
    let about = labels(&[("version", &here.version), ("name", &here.computer.name)]);
    page.gauge("build_info", "The version of Manyhands.", [(about, 1)]);
    let is = |yes: bool| [(String::new(), u8::from(yes))];
    page.gauge("ffmpeg_found", "There is an ffmpeg that works.", is(found));
    let failures = failures.iter();
    page.counter(
        "ffmpeg_failures_total",
        "Runs of ffmpeg on this computer that failed, by how; what is only tried does not count.",
        failures.map(|(how, count)| (labels(&[("how", how)]), *count)),
    );
    page.gauge(
        "donating",
        "Helping others is turned on.",
        is(here.donating),
    );
    let ready = [(String::new(), here.ready)];
    page.gauge(
        "peers_ready",
        "Other computers that could start on a job now.",
        ready,
    );
}

fn jobs(page: &mut Page, scene: &Scene) {
    let by_state = |counts: fn(&Job) -> bool| {
        let amount = move |state: job::State| {
            let is_it = |one: &&Job| job::state(&one.state).0 == state && counts(one);
            let count = scene.jobs.iter().filter(is_it).count();
            (labels(&[("state", state.word())]), count)
        };
        job::State::ALL.into_iter().map(amount)
    };
    page.gauge("jobs", "Jobs on the list, by state.", by_state(|_| true));
    page.gauge(
        "jobs_here",
        "Those of them that this computer owns, and has not sent to another one, by state.",
        by_state(is_made_here),
    );
    // A computer that works on two films has no more than its own speed.
    let each = known(scene).into_iter().filter_map(|one| one.speed_fps);
    page.gauge(
        "speed_fps",
        "Frames a second that the computers at work for this one should make together: an estimate, from what was learnt of each.",
        [(String::new(), each.sum::<f64>())],
    );
}

/// What was done since the page is served.
fn done(page: &mut Page, totals: &Totals) {
    page.counter(
        "jobs_ended_total",
        "Jobs that ended, by how.",
        totals.ends(),
    );
    let one = |value: u64| [(String::new(), value)];
    page.counter(
        "segments_done_total",
        "Segments encoded and checked.",
        one(totals.segments),
    );
    page.counter(
        "segments_again_total",
        "Segments that were begun once more: an encoder failed, a computer went away, or a slow one was overtaken.",
        one(totals.again),
    );
    page.counter(
        "frames_done_total",
        "Frames encoded; what is lost before it was checked and is encoded again counts once.",
        one(totals.frames),
    );
    page.counter(
        "source_bytes_total",
        "Bytes of the sources of completed jobs. A film that another computer sent here counts there.",
        one(totals.source_bytes),
    );
    page.counter(
        "output_bytes_total",
        "Bytes of their outputs.",
        one(totals.output_bytes),
    );
    page.counter(
        "saved_bytes_total",
        "Bytes by which outputs are smaller than their sources.",
        one(totals.saved_bytes),
    );
}

/// This computer and those that are paired.
fn known(scene: &Scene) -> Vec<&Computer> {
    let paired = |one: &&Computer| peers::status(&one.status).0 != peers::Status::Nearby;
    let others = scene.computers.iter().filter(paired);
    std::iter::once(&scene.here.computer)
        .chain(others)
        .collect()
}

fn computers(page: &mut Page, scene: &Scene) {
    let all = known(scene);
    let names = all
        .iter()
        .map(|one| (of(one, &[("name", one.name.as_str())]), 1));
    page.gauge("computer_info", "What a computer is called.", names);
    let status = all.iter().flat_map(|one| {
        let now = peers::status(&one.status).0;
        let own = peers::Status::ALL.into_iter().skip(1);
        own.map(move |status| {
            (
                of(one, &[("status", status.word())]),
                u8::from(now == status),
            )
        })
    });
    page.gauge(
        "computer_status",
        "1 for what a computer does, 0 for everything else.",
        status,
    );
    for (name, help, value) in FIGURES {
        let each = all
            .iter()
            .filter_map(|one| Some((of(one, &[]), value(one)?)));
        page.gauge(name, help, each);
    }
}

/// What a figure of a computer is; `None` where it does not tell.
type Figure = fn(&Computer) -> Option<f64>;

/// The figures of each computer.
const FIGURES: [(&str, &str, Figure); 6] = [
    (
        "computer_fps",
        "Frames a second that a computer with work of this one in hand should make: an estimate, from what was learnt of it.",
        |one| Some(one.speed_fps.unwrap_or(0.0)),
    ),
    (
        "computer_segments_working",
        "Segments that a computer has in hand.",
        |one| Some(f64::from(peers::status(&one.status).2)),
    ),
    (
        "computer_cpu_ratio",
        "How busy its processors are together, 0 to 1.",
        |one| Some(f64::from(one.load?.cpu_percent) / 100.0),
    ),
    (
        "computer_celsius",
        "How hot its processor is, degrees Celsius.",
        |one| Some(f64::from(one.load?.celsius?)),
    ),
    ("computer_memory_used_bytes", "Memory in use.", |one| {
        Some(one.load?.memory_used_mb.saturating_mul(peers::MIB) as f64)
    }),
    ("computer_memory_bytes", "Memory.", |one| {
        (one.memory_mb > 0).then_some(one.memory_mb.saturating_mul(peers::MIB) as f64)
    }),
];

/// What each computer works on for this one, a few films of each at most.
fn files(page: &mut Page, scene: &Scene) {
    let mut all = Vec::new();
    for one in known(scene) {
        let hand = |job: &Job| -> Option<Hand> {
            let hands = job.hands.iter();
            let mut own = hands.filter(|hand| hand.computer == one.id && hand.working > 0);
            own.next().cloned()
        };
        let working = scene.jobs.iter().filter(|job| !job.state.is_over());
        let working = working.filter_map(|job| Some((job, hand(job)?)));
        all.extend(working.take(FILES).map(|(job, hand)| {
            let file: String = job.name.chars().take(NAME_LETTERS).collect();
            let number = job.id.0.to_string();
            let own = [("job", number.as_str()), ("file", file.as_str())];
            (of(one, &own), hand.working)
        }));
    }
    page.gauge(
        "computer_file_segments",
        "Segments of a film that a computer has in hand for this one, with the film's name.",
        all,
    );
}

fn donated(page: &mut Page, given: &Given) {
    let one = |value: u64| [(String::new(), value)];
    page.counter(
        "given_seconds_total",
        "Seconds of encoding parts for others, ever; without whole films that were sent here.",
        one(given.seconds),
    );
    page.counter(
        "given_segments_total",
        "Segments encoded for others, ever.",
        one(given.segments),
    );
    page.counter(
        "given_frames_total",
        "Frames encoded for others, ever.",
        one(given.frames),
    );
    page.counter(
        "given_bytes_total",
        "Bytes of results for others, ever.",
        one(given.bytes),
    );
}

/// The text as far as it is written.
#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn gauge<V: ToString>(
        &mut self,
        name: &str,
        help: &str,
        all: impl IntoIterator<Item = (String, V)>,
    ) {
        self.family(name, "gauge", help, all);
    }

    fn counter<V: ToString>(
        &mut self,
        name: &str,
        help: &str,
        all: impl IntoIterator<Item = (String, V)>,
    ) {
        self.family(name, "counter", help, all);
    }

    fn family<V: ToString>(
        &mut self,
        name: &str,
        kind: &str,
        help: &str,
        all: impl IntoIterator<Item = (String, V)>,
    ) {
        // Writing to a string does not fail.
        let _ = writeln!(
            self.text,
            "# HELP manyhands_{name} {help}\n# TYPE manyhands_{name} {kind}"
        );
        for (labels, value) in all {
            let _ = writeln!(self.text, "manyhands_{name}{labels} {}", value.to_string());
        }
    }
}

/// A computer's label, and more.
fn of(one: &Computer, more: &[(&str, &str)]) -> String {
    let id = one.id.0.get(..16).unwrap_or(&one.id.0);
    labels(&[&[("computer", id)], more].concat())
}

fn labels(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}=\"{}\"", escape(value)))
        .collect();
    format!("{{{}}}", pairs.join(","))
}

/// A label's value: it may be another computer's name, which could be anything.
fn escape(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace(['\n', '\r'], "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::rehearsal::{computer, job, scene};
    use api::{ComputerStatus, Outcome};

    fn completed(id: u64, source: u64, output: u64) -> Job {
        let outcome = Outcome {
            output: "/a".into(),
            receipt: "/b".into(),
            exact: true,
            verdict: String::new(),
            frames: 10,
            bytes: output,
            wall_s: 1.0,
        };
        Job {
            source_bytes: source,
            state: JobState::Completed { outcome },
            ..job(id, "a.mkv")
        }
    }

    /// The same as a job of another computer.
    fn sent(job: Job) -> Job {
        let choice = api::Choice {
            on: Some(api::On::default()),
            ..job.choice.clone()
        };
        Job {
            choice,
            frames_done: 10,
            ..job
        }
    }

    /// Each of them has worked here for 20 s, and was worked for for 30 s.
    fn figures(computers: &[Computer]) -> Figures {
        let worker = |one: &Computer| api::Worker {
            computer: one.id.clone(),
            name: one.name.clone(),
            here: false,
            parts: 1,
            frames: 1,
            work_s: 20.0,
            given_parts: 1,
            given_frames: 1,
            given_s: 30.0,
        };
        Figures {
            computers: computers.iter().map(worker).collect(),
            ..Figures::default()
        }
    }

    #[test]
    fn frames_that_are_lost_and_made_again_count_once() {
        let mut totals = Totals::default();
        totals.begin(&[]);
        for frames_done in [1000, 5000, 1000, 3000, 5000, 6000] {
            totals.see(&Job {
                frames_done,
                ..job(1, "a.mkv")
            });
        }
        assert_eq!(totals.frames, 6000);
    }

    #[test]
    fn counters_only_grow_and_begin_with_the_page() {
        let mut totals = Totals::default();
        totals.begin(&[completed(1, 1000, 10)]);
        totals.see(&completed(1, 1000, 10));
        assert_eq!((totals.saved_bytes, totals.ended.len()), (0, 0));
        totals.see(&job(2, "b.mkv"));
        totals.see(&completed(2, 500, 100));
        totals.see(&completed(2, 500, 100));
        totals.see(&completed(3, 10, 100));
        totals.forget(JobId(2));
        assert_eq!(
            (totals.source_bytes, totals.output_bytes, totals.saved_bytes),
            (510, 200, 400)
        );
        assert_eq!(totals.ended.get("completed"), Some(&2));
        assert_eq!(totals.frames, 0);
    }

    #[test]
    fn a_film_that_was_sent_counts_where_it_came_from_and_its_frames_where_they_are_made() {
        let mut totals = Totals::default();
        totals.begin(&[]);
        totals.see(&sent(completed(4, 1000, 10)));
        let of_another = Job {
            sent_by: Some("Laptop".into()),
            frames_done: 10,
            ..completed(5, 500, 100)
        };
        totals.see(&of_another);
        assert_eq!(
            (totals.source_bytes, totals.output_bytes, totals.saved_bytes),
            (1000, 10, 990)
        );
        assert_eq!(totals.frames, 10);
    }

    #[test]
    fn a_computer_on_two_films_is_as_fast_as_on_one() {
        let mut scene = scene();
        scene.computers = vec![Computer {
            status: ComputerStatus::Working { segments: 2 },
            speed_fps: Some(12.5),
            // More than fits: what another computer says of itself.
            memory_mb: u64::MAX,
            load: Some(api::Load {
                cpu_percent: 50,
                memory_used_mb: u64::MAX,
                celsius: None,
            }),
            ..computer("Kitchen")
        }];
        let busy = |id| Job {
            state: JobState::Processing,
            speed_fps: Some(12.5),
            ..job(id, "a.mkv")
        };
        scene.jobs = vec![busy(1), busy(2), sent(busy(3))];
        let text = write(&scene, &Given::default(), &[], &Totals::default());
        for line in [
            "manyhands_speed_fps 12.5\n",
            "manyhands_jobs{state=\"processing\"} 3\n",
            "manyhands_jobs_here{state=\"processing\"} 2\n",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
    }

    #[test]
    fn what_an_earlier_run_has_done_counts_for_nothing() {
        let segment = |index: u32, state| api::Segment {
            index,
            start_s: 0.0,
            end_s: 1.0,
            state,
            computer: None,
            progress: 0.0,
            attempts: 2,
        };
        let held = Job {
            state: JobState::Paused {
                reason: String::new(),
            },
            ..job(1, "a.mkv")
        };
        let taken_up = Job {
            state: JobState::Processing,
            frames_done: 100,
            segments: vec![
                segment(0, SegmentState::Done),
                segment(1, SegmentState::Encoding),
            ],
            ..job(1, "a.mkv")
        };
        let mut further = taken_up.clone();
        further.segments[1].state = SegmentState::Done;
        further.frames_done = 150;
        let mut totals = Totals::default();
        totals.begin(std::slice::from_ref(&held));
        totals.see(&held);
        totals.see(&taken_up);
        assert_eq!((totals.segments, totals.again, totals.frames), (0, 0, 0));
        totals.see(&further);
        assert_eq!((totals.segments, totals.again, totals.frames), (1, 0, 50));
        // One that begins in this run counts from its first part on.
        totals.see(&job(2, "b.mkv"));
        totals.see(&Job {
            id: JobId(2),
            ..taken_up
        });
        assert_eq!((totals.segments, totals.frames), (2, 150));
    }

    #[test]
    fn every_line_is_one_that_prometheus_reads() {
        let mut scene = scene();
        let hostile = Computer {
            status: ComputerStatus::Working { segments: 2 },
            speed_fps: Some(12.5),
            load: Some(api::Load {
                cpu_percent: 50,
                memory_used_mb: 1,
                celsius: Some(71),
            }),
            ..computer("a\"b\\c\nd}")
        };
        let hand = Hand {
            computer: hostile.id.clone(),
            name: hostile.name.clone(),
            segments: 0,
            working: 2,
            frames: 0,
            read_there: 0,
            speed_fps: None,
            encoder: None,
            paused: None,
        };
        let stranger = Computer {
            status: ComputerStatus::Nearby,
            ..computer("Stranger")
        };
        scene.computers = vec![hostile, stranger];
        let busy = |id| Job {
            hands: vec![hand.clone()],
            ..job(id, &format!("\"{}\n.mkv", "ä".repeat(500)))
        };
        scene.jobs = (1..20).map(busy).collect();
        scene.jobs.push(completed(20, 10, 5));
        let failures = [("failed", 3)];
        let mut text = write(&scene, &Given::default(), &failures, &Totals::default());
        let figures = figures(&scene.computers);
        text.push_str(&shared_out(&scene, &figures));
        for line in text.lines() {
            if line.starts_with("# ") {
                continue;
            }
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(name.starts_with("manyhands_"), "{line}");
            assert!(value.parse::<f64>().is_ok(), "{line}");
            let bare = name.split('{').next().unwrap();
            assert!(
                bare.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
                "{line}"
            );
            assert!(text.contains(&format!("# TYPE {bare} ")), "{line}");
        }
        assert!(text.contains("name=\"a\\\"b\\\\c\\nd}\"} 1\n"), "{text}");
        assert!(!text.contains("Stranger"));
        let given = text
            .lines()
            .find(|line| line.starts_with("manyhands_computer_given_seconds_total{"));
        assert!(given.is_some_and(|line| line.ends_with(" 30")), "{text}");
        assert!(
            text.contains("manyhands_jobs{state=\"completed\"} 1\n"),
            "{text}"
        );
        for state in ["completed", "failed", "cancelled"] {
            let line = format!("manyhands_jobs_ended_total{{state=\"{state}\"}} 0\n");
            assert!(text.contains(&line), "{text}");
        }
        assert!(text.contains("manyhands_ffmpeg_failures_total{how=\"failed\"} 3\n"));
        let figure = |name: &str| {
            let lines = text.lines();
            let own = lines.filter(|line| line.starts_with(&format!("manyhands_{name}{{")));
            own.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(figure("computer_celsius").len(), 1, "{text}");
        assert!(figure("computer_celsius")[0].ends_with(" 71"), "{text}");
        // Its own name is told once, and no more of a film's than is of use.
        assert_eq!(text.matches("a\\\"b").count(), 1, "{text}");
        let files = figure("computer_file_segments");
        assert_eq!(files.len(), FILES, "{text}");
        assert!(
            files.iter().all(|line| line.chars().count() < 200),
            "{text}"
        );
    }
}
