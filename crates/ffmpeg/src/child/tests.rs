//! Runs that are held to their limits, and what is made of how they end.

use tokio::io::AsyncReadExt as _;

use super::*;

#[expect(clippy::unwrap_used, reason = "part of the tests below")]
/// What `grep` finds in a file that tells a process of itself, which in a cage it could not read.
async fn found(what: &str, file: &str, run: impl FnOnce(Run) -> Run) -> String {
    crate::cage::refuse(Path::new("/bin/grep"));
    let run = run(Run::new(Path::new("/bin/grep")).args([what, file]));
    let mut running = run.sink(Sink::Pipe).start().unwrap();
    let mut said = String::new();
    let mut stdout = running.stdout.take().unwrap();
    stdout.read_to_string(&mut said).await.unwrap();
    running.finish().await.unwrap();
    said
}

#[tokio::test]
async fn a_run_is_held_to_its_processors() {
    let said = found("Cpus_allowed_list", "/proc/self/status", |run| {
        run.cores(Some(1))
    })
    .await;
    let list = said.split_whitespace().nth(1).unwrap();
    assert!(list.parse::<u32>().is_ok(), "more than one: {list}");
}

#[tokio::test]
async fn a_run_is_held_to_its_limits() {
    let said = found("Max", "/proc/self/limits", |run| {
        run.most_bytes(123_456).most_seconds(77)
    })
    .await;
    let most = |what: &str| {
        let line = said.lines().find(|line| line.starts_with(what)).unwrap();
        let numbers = line.split_whitespace().filter_map(|word| word.parse().ok());
        // The soft limit and the hard one.
        let numbers: Vec<u64> = numbers.collect();
        assert_eq!(numbers.len(), 2, "{line}");
        assert_eq!(numbers[0], numbers[1], "{line}");
        numbers[0]
    };
    assert_eq!(most("Max file size"), 123_456);
    assert_eq!(most("Max cpu time"), 77);
    assert_eq!(most("Max core file size"), 0);
    assert_eq!(most("Max open files"), 128);
    assert!(most("Max data size") >= 1 << 30);
}

fn sh(script: &str) -> Run {
    Run::new(Path::new("/bin/sh")).args(["-c", script])
}

#[tokio::test]
async fn what_a_run_has_started_ends_with_it() {
    let mut running = sh("sleep 600 & echo $!; wait")
        .sink(Sink::Pipe)
        .start()
        .unwrap();
    let mut stdout = tokio::io::BufReader::new(running.stdout.take().unwrap());
    let mut line = String::new();
    tokio::io::AsyncBufReadExt::read_line(&mut stdout, &mut line)
        .await
        .unwrap();
    let started = PathBuf::from(format!("/proc/{}/stat", line.trim()));
    assert!(started.exists());
    drop(running);
    // Dead, or dead and not yet reaped by whoever inherited it.
    let lives = || {
        let stat = std::fs::read_to_string(&started).unwrap_or_default();
        !stat.is_empty() && !stat.contains(") Z ")
    };
    while lives() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

/// As ffmpeg 5.1 says it, and ends well.
#[tokio::test]
async fn an_input_that_could_not_be_read_is_no_end() {
    let says = async |words: &str| {
        let run = sh(&format!("echo '[error] file:{words}' >&2"));
        run.reads(Path::new("/bin/sh")).finish().await
    };
    let ended = says("/bin/sh: Input/output error").await.unwrap_err();
    assert!(
        matches!(&ended, RunError::Unread(why) if why == "Input/output error"),
        "{ended}"
    );
    assert!(says("/bin/ls: Input/output error").await.is_ok());
}

#[tokio::test]
async fn who_computes_for_too_long_is_ended() {
    let run = sh("while :; do :; done").most_seconds(1);
    let ended = run.finish().await.unwrap_err();
    let limit = Limit::System;
    assert!(
        matches!(ended, RunError::Stopped { limit: l, .. } if l == limit),
        "{ended}"
    );
}

#[tokio::test]
async fn what_the_computer_is_to_blame_for_is_told_from_what_the_file_is() {
    let is_ours = async |words: &str| {
        let said = sh(&format!("echo '[error] {words}' >&2; exit 1"));
        said.finish().await.unwrap_err().is_of_the_system()
    };
    assert!(is_ours("film.mkv: No space left on device").await);
    assert!(!is_ours("Invalid data found when processing input").await);
    let gone = RunError::NotStarted {
        program: "ffmpeg".to_owned(),
        error: io::Error::from_raw_os_error(libc::ENOENT),
    };
    assert!(gone.is_of_the_system());
    assert!(RunError::Unread("Connection timed out".to_owned()).is_of_the_system());
    let command = String::new();
    let idle = RunError::Stopped {
        limit: Limit::Idle,
        command,
    };
    assert!(idle.is_of_the_system());
    let packets = RunError::Pipe(io::Error::other("some packets are damaged"));
    assert!(!packets.is_of_the_system());
    let pipe = RunError::Pipe(io::Error::from_raw_os_error(libc::EPIPE));
    assert!(pipe.is_of_the_system());
}

/// Two minutes pass at once: the clock is the test's.
#[tokio::test(start_paused = true)]
async fn who_does_nothing_is_ended() {
    let ended = sh("sleep 600").finish().await.unwrap_err();
    let limit = Limit::Idle;
    assert!(
        matches!(ended, RunError::Stopped { limit: l, .. } if l == limit),
        "{ended}"
    );
    let (_still, held) = watch::channel(true);
    let by_right = [
        sh("sleep 600").patient(),
        sh("sleep 600").held(Some(Hold::new(held))),
    ];
    for run in by_right {
        let mut running = run.start().unwrap();
        tokio::time::sleep(std::time::Duration::from_secs(3600)).await;
        let ended = running
            .overseer
            .as_ref()
            .is_some_and(|one| one.is_finished());
        assert!(!ended && running.child.try_wait().unwrap().is_none());
    }
}

#[expect(clippy::unwrap_used, reason = "part of the tests below")]
/// The letter by which the kernel tells what a process does: `R`uns, `S`leeps, `T`: was stopped.
fn doing(pid: u32) -> char {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let after = stat.rsplit_once(") ").unwrap().1;
    after.chars().next().unwrap()
}

async fn until(pid: u32, stopped: bool) {
    while (doing(pid) == 'T') != stopped {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_run_stands_still_with_all_it_has_started_and_goes_on() {
    let (still, held) = watch::channel(false);
    let mut running = sh("sleep 600 & echo $!; wait")
        .sink(Sink::Pipe)
        .held(Some(Hold::new(held)))
        .start()
        .unwrap();
    let mut stdout = tokio::io::BufReader::new(running.stdout.take().unwrap());
    let mut line = String::new();
    tokio::io::AsyncBufReadExt::read_line(&mut stdout, &mut line)
        .await
        .unwrap();
    let pids = [running.child.id().unwrap(), line.trim().parse().unwrap()];
    for stops in [true, false, true, false] {
        still.send(stops).unwrap();
        for pid in pids {
            until(pid, stops).await;
        }
    }
    still.send(true).unwrap();
    until(pids[0], true).await;
    // What nobody lets go on any more goes on by itself.
    still.send(true).unwrap();
    until(pids[0], true).await;
    drop(still);
    until(pids[0], false).await;
}
