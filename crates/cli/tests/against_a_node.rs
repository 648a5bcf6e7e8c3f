//! The real program against a node that runs elsewhere: a rehearsed one in this process, behind the real local
//! socket. What is asked, what is shown, and how the program ends.
#![expect(
    clippy::disallowed_methods,
    reason = "the program under test is this crate's own"
)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;

use api::rehearsal::{INVITE, Rehearsal};
use api::{Api, ApiError, Away, AwayStep, ErrorCode, Hand, Job, JobState, Outcome};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// A node, and a data folder that leads to it.
struct Node {
    node: Arc<Rehearsal>,
    _server: local::Server,
    data: tempfile::TempDir,
}

impl Node {
    fn start() -> Self {
        let data = tempfile::tempdir().unwrap();
        let node = Arc::new(Rehearsal::default());
        let server = local::Server::start(Api::new(node.clone()), data.path()).unwrap();
        Self {
            node,
            _server: server,
            data,
        }
    }

    fn film(&self, name: &str) -> PathBuf {
        let film = self.data.path().join(name);
        std::fs::write(&film, "a film").unwrap();
        film
    }

    fn spawn(&self, words: &[&str]) -> Run {
        let mut child = Command::new(env!("CARGO_BIN_EXE_manyhands"))
            .arg("--data")
            .arg(self.data.path())
            .args(words)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Run { child, lines }
    }

    async fn ask(&self, words: &[&str]) -> (i32, String) {
        self.spawn(words).end().await
    }

    fn edit(&self, change: impl FnOnce(&mut Job)) {
        self.node.edit(|scene| change(&mut scene.jobs[0]));
    }
}

/// The program, running.
struct Run {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Run {
    /// Reads up to the next line of this type.
    async fn line(&mut self, wanted: &str) -> Value {
        while let Some(line) = self.lines.next_line().await.unwrap() {
            let value: Value = serde_json::from_str(&line).unwrap();
            if value["type"] == wanted {
                return value;
            }
        }
        panic!("no line of type {wanted}");
    }

    /// The exit code, and what was still said, on stdout first.
    async fn end(mut self) -> (i32, String) {
        let mut said = String::new();
        while let Some(line) = self.lines.next_line().await.unwrap() {
            said += &format!("{line}\n");
        }
        let mut complaints = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut complaints)
            .await
            .unwrap();
        let status = self.child.wait().await.unwrap();
        (status.code().unwrap_or(-1), said + &complaints)
    }
}

#[tokio::test]
async fn a_job_is_followed_to_its_end() {
    let node = Node::start();
    let film = node.film("film.mkv");
    let mut run = node.spawn(&[
        "encode",
        film.to_str().unwrap(),
        "--json",
        "--for",
        "everywhere",
    ]);
    let submitted = run.line("submitted").await;
    assert_eq!(
        (&submitted["job"], &submitted["input"]),
        (&1.into(), &film.to_str().into())
    );
    assert_eq!(run.line("state").await["state"], "queued");
    node.edit(|job| {
        job.state = JobState::Processing;
        job.progress = 0.5;
        job.notes = vec!["No other computer is here.".into()];
        job.hands = vec![hand("Kitchen", 3)];
    });
    assert_eq!(run.line("note").await["text"], "No other computer is here.");
    assert_eq!(run.line("state").await["state"], "processing");
    let progress = run.line("progress").await;
    assert_eq!(
        (&progress["progress"], &progress["peers"][0]["name"]),
        (&0.5.into(), &"Kitchen".into())
    );
    node.edit(|job| job.state = completed(true));
    let (code, said) = run.end().await;
    assert_eq!(code, 0, "{said}");
    let last: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["type"], &last["exact"], &last["frames"]),
        (&"done".into(), &true.into(), &250.into())
    );
    assert_eq!(
        (&last["peers"][0]["name"], &last["peers"][0]["segments"]),
        (&"Kitchen".into(), &3.into())
    );
    assert_eq!(last["output"], "/films/film.h264.mp4");
}

#[tokio::test]
async fn people_read_sentences_and_results_alone_are_on_stdout() {
    let node = Node::start();
    let film = node.film("film.mkv");
    let run = node.spawn(&["encode", film.to_str().unwrap()]);
    submitted(&node).await;
    node.edit(|job| {
        job.hands = vec![hand("Kitchen", 1)];
        job.state = completed(true);
    });
    let (code, said) = run.end().await;
    assert_eq!(code, 0, "{said}");
    assert!(
        said.starts_with("/films/film.h264.mp4\n  Exact.\n"),
        "{said}"
    );
    assert!(said.contains("made by Kitchen (1 segment)"), "{said}");
}

#[tokio::test]
async fn the_code_says_what_failed() {
    let node = Node::start();
    let (code, said) = node.ask(&["encode", "/none.mkv"]).await;
    assert_eq!((code, said.as_str()), (10, "There is no file /none.mkv.\n"));

    let film = node.film("film.mkv");
    let run = node.spawn(&["encode", film.to_str().unwrap(), "--json"]);
    submitted(&node).await;
    let error = ApiError::new(ErrorCode::NoSpace, "The disk is full.").help("Free 3 GB.");
    node.edit(|job| job.state = JobState::Failed { error });
    let (code, said) = run.end().await;
    let last: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!(
        (code, &last["code"], &last["job"]),
        (22, &"no_space".into(), &1.into())
    );
}

/// How far a film is that Attic has the job of.
fn away(step: AwayStep, leaves: bool) -> Box<Away> {
    Box::new(Away {
        computer: api::rehearsal::computer("Attic").id,
        name: "Attic".into(),
        participates: false,
        leaves,
        step,
        moved: 3_000_000,
        of: 9_000_000,
    })
}

#[tokio::test]
async fn a_film_is_sent_to_a_computer_and_left_there() {
    let node = Node::start();
    let film = node.film("film.mkv");
    let words = |to: &str| ["encode", film.to_str().unwrap(), "--on", to].map(str::to_owned);
    let nobody = words("Cellar");
    let nobody: Vec<&str> = nobody.iter().map(String::as_str).collect();
    let (code, said) = node.ask(&nobody).await;
    assert_eq!(code, 56, "{said}");
    assert!(said.contains("no computer \"Cellar\""), "{said}");

    let attic = api::rehearsal::computer("Attic");
    node.node.edit(|scene| scene.computers.push(attic.clone()));
    let there = words("Attic");
    let mut there: Vec<&str> = there.iter().map(String::as_str).collect();
    there.extend(["--leave-there", "--json"]);
    let mut run = node.spawn(&there);
    run.line("submitted").await;
    node.edit(|job| {
        let on = job.choice.on.as_ref().unwrap();
        assert_eq!((&on.computer, on.leave), (&attic.id.0, true));
        job.away = Some(away(AwayStep::Sending, true));
    });
    let progress = run.line("progress").await;
    let progress = if progress["away"].is_null() {
        run.line("progress").await
    } else {
        progress
    };
    assert_eq!(
        (&progress["away"]["step"], &progress["away"]["moved_bytes"]),
        (&"sending".into(), &3_000_000.into())
    );
    node.edit(|job| job.away = Some(away(AwayStep::Ready, true)));
    let (code, said) = run.end().await;
    assert_eq!(code, 0, "{said}");
    let last: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["type"], &last["name"]),
        (&"left".into(), &"Attic".into())
    );

    let (code, said) = node.ask(&["jobs"]).await;
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("done on Attic, its result waits there"),
        "{said}"
    );
    let fetching = node.spawn(&["fetch", "1"]);
    until(&node, |job| {
        job.away.as_ref().is_some_and(|away| !away.leaves)
    })
    .await;
    node.edit(|job| {
        job.away = None;
        job.state = completed(true);
    });
    let (code, said) = fetching.end().await;
    assert_eq!(code, 0, "{said}");
    assert!(said.starts_with("/films/film.h264.mp4\n"), "{said}");
    assert_eq!(node.ask(&["fetch", "1"]).await.0, 44);
    assert_eq!(node.ask(&["fetch", "99"]).await.0, 43);
}

/// Waits until the first job is so.
async fn until(node: &Node, enough: impl Fn(&Job) -> bool) {
    let mut is_so = false;
    while !is_so {
        node.edit(|job| is_so = enough(job));
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn an_output_that_is_not_exact_is_no_success() {
    let node = Node::start();
    let film = node.film("film.mkv");
    let run = node.spawn(&["encode", film.to_str().unwrap()]);
    submitted(&node).await;
    node.edit(|job| job.state = completed(false));
    assert_eq!(run.end().await.0, 41);
}

#[tokio::test]
async fn several_films_are_all_tried_and_the_first_failure_is_the_code() {
    let node = Node::start();
    let film = node.film("film.mkv");
    let run = node.spawn(&["encode", "/none.mkv", film.to_str().unwrap(), "--json"]);
    submitted(&node).await;
    node.edit(|job| job.state = completed(true));
    let (code, said) = run.end().await;
    assert_eq!(code, 10, "{said}");
    assert_eq!(said.matches("\"type\":\"done\"").count(), 1, "{said}");
}

#[cfg(unix)]
#[tokio::test]
async fn ctrl_c_holds_the_job_and_the_same_command_goes_on_with_it() {
    let node = Node::start();
    let film = node.film("film.mkv");
    let words = ["encode", film.to_str().unwrap(), "--json"];
    let mut run = node.spawn(&words);
    run.line("progress").await;
    interrupt(&run);
    let (code, said) = run.end().await;
    assert_eq!(
        (code, said.as_str()),
        (130, "{\"type\":\"stopped\",\"held\":[1]}\n")
    );
    node.edit(|job| {
        assert_eq!(
            job.state,
            JobState::Paused {
                reason: String::new()
            }
        )
    });

    let mut run = node.spawn(&words);
    let again = run.line("submitted").await;
    assert_eq!(
        (&again["job"], &again["resumed"]),
        (&1.into(), &true.into())
    );
    run.line("progress").await;
    node.edit(|job| assert_eq!(job.state, JobState::Processing));
    node.edit(|job| job.state = completed(true));
    assert_eq!(run.end().await.0, 0);

    // With another wish it is another job.
    let mut run = node.spawn(&["encode", film.to_str().unwrap(), "--json", "--codec", "av1"]);
    assert_eq!(run.line("submitted").await["job"], 2);
}

#[tokio::test]
async fn a_node_that_stops_is_said_to_have_stopped() {
    let node = Node::start();
    let film = node.film("film.mkv");
    let mut run = node.spawn(&["encode", film.to_str().unwrap(), "--json"]);
    run.line("progress").await;
    let Node {
        node: _node,
        _server: server,
        data: _data,
    } = node;
    drop(server);
    let (code, said) = run.end().await;
    assert_eq!(code, 61, "{said}");
}

#[tokio::test]
async fn jobs_are_listed_shown_and_cancelled() {
    let node = Node::start();
    assert_eq!(node.ask(&["jobs"]).await, (0, "No jobs.\n".into()));
    node.node.edit(|scene| {
        scene.jobs = vec![
            api::rehearsal::job(2, "b.mkv"),
            api::rehearsal::job(1, "a\u{1b}[2J.mkv"),
        ];
    });
    let (_, said) = node.ask(&["jobs"]).await;
    assert_eq!(
        said,
        "job         film       state\n2      0 %  b.mkv      queued\n1      0 %  a?[2J.mkv  queued\n"
    );
    let (_, said) = node.ask(&["jobs", "--json"]).await;
    assert_eq!(said.lines().count(), 2);
    assert!(
        node.ask(&["job", "2"])
            .await
            .1
            .starts_with("Job 2: /films/b.mkv\n  state     queued\n")
    );
    assert_eq!(
        node.ask(&["cancel", "2"]).await,
        (0, "Job 2 is cancelled.\n".into())
    );
    assert_eq!(node.ask(&["cancel", "2"]).await.0, 44);
    assert_eq!(
        node.ask(&["job", "9"]).await,
        (43, "There is no job 9.\n".into())
    );
}

#[tokio::test]
async fn computers_are_invited_paired_listed_and_unpaired() {
    let node = Node::start();
    let (code, said) = node.ask(&["invite"]).await;
    assert_eq!((code, said.lines().next()), (0, Some(INVITE)));
    assert_eq!(node.ask(&["pair", "nonsense"]).await.0, 50);
    let (code, said) = node.ask(&["pair", INVITE]).await;
    assert_eq!(code, 0);
    assert!(said.starts_with("Paired with Attic (41747469)."), "{said}");
    assert_eq!(node.ask(&["pair", INVITE]).await.0, 52);
    let (_, said) = node.ask(&["peers"]).await;
    assert_eq!(said.lines().count(), 3, "{said}");
    let (_, said) = node.ask(&["peers", "--json"]).await;
    let states: Vec<Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        (&states[0]["here"], &states[1]["name"]),
        (&true.into(), &"Attic".into())
    );
    let off = ["rights", "Attic", "--may-use-me", "off"];
    let (code, said) = node.ask(&off).await;
    assert_eq!(
        (code, said.as_str()),
        (
            0,
            "off  Attic may use this computer\non   this computer may use Attic\n"
        )
    );
    let (_, said) = node.ask(&["peers", "--json"]).await;
    assert!(
        said.contains("\"helps_us\":true,\"we_help\":false"),
        "{said}"
    );
    assert_eq!(node.ask(&["unpair", "4174"]).await.0, 0);
    assert_eq!(node.ask(&["unpair", "4174"]).await.0, 56);
}

#[tokio::test]
async fn an_invite_can_be_waited_for() {
    let node = Node::start();
    let mut run = node.spawn(&["invite", "--wait", "--json"]);
    assert_eq!(run.line("invite").await["valid_s"], 600);
    node.node
        .edit(|scene| scene.computers.push(api::rehearsal::computer("Cellar")));
    assert_eq!(run.line("paired").await["name"], "Cellar");
    assert_eq!(run.end().await.0, 0);
}

/// Waits until the program has handed in its job.
async fn submitted(node: &Node) {
    loop {
        let mut there = false;
        node.node.edit(|scene| there = !scene.jobs.is_empty());
        if there {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

#[cfg(unix)]
fn interrupt(run: &Run) {
    let id = run.child.id().unwrap().to_string();
    let killed = std::process::Command::new("kill")
        .args(["-INT", &id])
        .status()
        .unwrap();
    assert!(killed.success());
}

fn completed(exact: bool) -> JobState {
    let outcome = Outcome {
        output: "/films/film.h264.mp4".into(),
        receipt: "/films/film.h264.mp4.receipt.json".into(),
        exact,
        verdict: "Exact.".into(),
        frames: 250,
        bytes: 500_000,
        wall_s: 12.0,
    };
    JobState::Completed { outcome }
}

fn hand(name: &str, segments: u32) -> Hand {
    Hand {
        computer: api::rehearsal::computer(name).id,
        name: name.into(),
        segments,
        working: 0,
        frames: 250,
        read_there: 0,
        speed_fps: Some(25.0),
        encoder: Some("libx264".into()),
        paused: None,
    }
}

#[tokio::test]
async fn what_is_set_is_kept_and_shown() {
    let node = Node::start();
    let words = ["settings", "--cores", "4", "--bandwidth", "20MB", "--json"];
    let (code, said) = node.ask(&words).await;
    let line: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (code, &line["cores"], &line["bandwidth"]),
        (0, &4.into(), &20_000_000.into())
    );
    let (_, said) = node.ask(&["settings"]).await;
    assert!(
        said.contains("at most 4") && said.contains("20.0 MB a second"),
        "{said}"
    );
    let (_, said) = node.ask(&["settings", "--hide-name", "on"]).await;
    assert!(said.contains("on: only paired computers"), "{said}");
    let (_, said) = node.ask(&["settings", "--cores", "none", "--json"]).await;
    let line: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (&line["cores"], &line["bandwidth"]),
        (&Value::Null, &20_000_000.into())
    );
}

#[tokio::test]
async fn a_job_is_moved_in_the_queue() {
    let node = Node::start();
    for number in 1..=3 {
        let job = api::rehearsal::job(number, "film.mkv");
        let place = u32::try_from(number - 1).ok();
        node.node
            .edit(|scene| scene.jobs.push(Job { place, ..job }));
    }
    let (code, said) = node.ask(&["move", "3", "top", "--json"]).await;
    let line: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (code, &line["type"], &line["place"]),
        (0, &"moved".into(), &0.into())
    );
    let (_, said) = node.ask(&["move", "1", "bottom"]).await;
    assert!(said.contains("number 3"), "{said}");
    assert_eq!(node.ask(&["move", "9", "up"]).await.0, 43);
}

#[tokio::test]
async fn a_computer_that_is_not_seen_is_looked_for() {
    let node = Node::start();
    let (code, said) = node.ask(&["doctor", "attic.local"]).await;
    assert_eq!(code, 1, "what is wrong is no success");
    assert!(
        said.contains("BAD   attic.local: Nothing answers") && said.contains("Is it switched on?"),
        "{said}"
    );
}

#[tokio::test]
async fn an_invite_is_drawn_and_what_was_done_for_others_is_read() {
    let node = Node::start();
    let (code, said) = node.ask(&["invite", "--qr"]).await;
    assert_eq!((code, said.lines().next()), (0, Some(INVITE)));
    assert!(said.lines().nth(1).unwrap().starts_with("████"), "{said}");
    assert!(said.contains("receives pieces"), "{said}");
    let (_, said) = node.ask(&["invite"]).await;
    assert!(!said.contains('█'), "drawn where nobody sees it: {said}");
    let (code, said) = node.ask(&["given"]).await;
    assert_eq!(code, 0);
    for word in ["Attic", "14 segments", "3.10 GB in", "410 MB out"] {
        assert!(said.contains(word), "{word} is not in {said}");
    }
}

#[tokio::test]
async fn whoever_types_the_code_decides_about_the_other_direction() {
    let node = Node::start();
    node.node.edit(|scene| scene.here.donating = false);
    let (code, said) = node.ask(&["pair", "482913", "--one-way"]).await;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("It may now ask this computer"), "{said}");
    assert!(said.contains("settings --donate on"), "{said}");
    let (_, said) = node.ask(&["rights", "Attic"]).await;
    assert!(said.contains("off  this computer may use Attic"), "{said}");
    let (code, said) = node.ask(&["pair", "482913", "--donate"]).await;
    assert_eq!(code, 0);
    assert!(!said.contains("Helping is off"), "{said}");
    // An invite goes by the same words.
    let node = Node::start();
    let (code, said) = node.ask(&["pair", INVITE, "--one-way"]).await;
    assert_eq!(code, 0, "{said}");
    let (_, said) = node.ask(&["rights", "Attic"]).await;
    assert!(said.contains("off  this computer may use Attic"), "{said}");
}

#[tokio::test]
async fn a_computer_whose_key_changed_is_listed_so_and_a_copy_gets_a_new_one() {
    let node = Node::start();
    let mut kitchen = api::rehearsal::computer("Kitchen");
    let presented = api::rehearsal::computer("Other").id;
    kitchen.status = api::ComputerStatus::OtherIdentity { presented };
    let mut hidden = api::rehearsal::computer("hidden");
    (hidden.name, hidden.status) = (String::new(), api::ComputerStatus::Nearby);
    node.node
        .edit(|scene| scene.computers = vec![kitchen, hidden]);
    let (_, said) = node.ask(&["peers"]).await;
    for word in [
        "IDENTITY CHANGED",
        "manyhands ask 4f746865",
        "A computer (6869…)",
    ] {
        assert!(said.contains(word), "{word} is not in {said}");
    }
    let (code, said) = node.ask(&["identity"]).await;
    assert_eq!((code, said.trim().len()), (0, 64), "{said}");
    let (code, said) = node.ask(&["identity", "new"]).await;
    assert!(
        code == 0 && said.contains("stop it and start it again"),
        "{said}"
    );
    assert_eq!(node.ask(&["unpair", "Kitchen"]).await.0, 56);
}
