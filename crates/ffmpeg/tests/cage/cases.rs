//! What a run may touch: it is told to do what a hostile film would have it do.

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use ffmpeg::cage::{self, Cage};
use ffmpeg::child::{Run, RunError};
use ffmpeg::tools::Places;

/// The program, if it can be caged here as the test wants.
fn program() -> Option<PathBuf> {
    let places = Places::here(std::env::var_os("MANYHANDS_FFMPEG").map(PathBuf::from));
    let program = places.candidates().into_iter().next().unwrap().0;
    let wanted = super::wanted();
    let caged = cage::of(&program) == wanted;
    if !caged {
        let why = format!("the cage of ffmpeg: this system has no {wanted:?}");
        eprintln!("SKIPPED {why}");
        // `cargo xtask test` repeats it at its end.
        if let Some(file) = std::env::var_os("MANYHANDS_SKIPPED") {
            let mut file = fs::OpenOptions::new()
                .append(true)
                .create(true)
                .open(file)
                .unwrap();
            writeln!(file, "{why}").unwrap();
        }
    }
    caged.then_some(program)
}

/// What a cage says of what is not given: it is forbidden, or not there at all.
fn is_kept_away(log: &str) -> bool {
    match super::wanted() {
        Cage::Landlock => log.contains("Permission denied"),
        _ => ["No such file", "Read-only", "refused"]
            .iter()
            .any(|why| log.contains(why)),
    }
}

async fn make(program: &Path, path: &Path) -> Result<(), RunError> {
    let run = Run::new(program).args(["-hide_banner", "-nostdin", "-y", "-f", "lavfi"]);
    let run = run.args(["-i", "testsrc2=s=160x90:d=1", "-c:v", "mpeg4", "-f", "avi"]);
    run.output(path).finish().await.map(drop)
}

fn words(outcome: Result<ffmpeg::child::Said, RunError>) -> String {
    match outcome {
        Ok(said) => panic!("it was allowed: {}", said.log),
        Err(RunError::Failed { log, .. }) => log,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn what_is_given_can_be_read_and_written() {
    let Some(program) = program() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (clip, copy) = (folder.path().join("clip.avi"), folder.path().join("c.mp4"));
    make(&program, &clip).await.unwrap();
    // The index is moved to the front: what was written is read again.
    let run = Run::new(&program).args(["-nostdin", "-y"]).input(&clip);
    let run = run.args(["-c", "copy", "-movflags", "+faststart", "-f", "mp4"]);
    run.output(&copy).finish().await.unwrap();
    assert!(fs::metadata(&copy).unwrap().len() > 1000);
}

#[tokio::test]
async fn no_other_file_is_read() {
    let Some(program) = program() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (clip, secret) = (folder.path().join("clip.avi"), folder.path().join("secret"));
    make(&program, &clip).await.unwrap();
    fs::copy(&clip, &secret).unwrap();
    let list = folder.path().join("list");
    fs::write(&list, "ffconcat version 1.0\nfile secret\n").unwrap();
    let read = |run: Run| run.args(["-f", "null", "-"]).finish();
    // The file itself, and through a playlist that was given.
    let run = Run::new(&program).args(["-nostdin", "-i"]).args([&secret]);
    assert!(is_kept_away(&words(read(run).await)));
    let run = Run::new(&program).args(["-nostdin", "-safe", "0", "-f", "concat"]);
    assert!(is_kept_away(&words(read(run.input(&list)).await)));
    // The same is fine where it is given.
    read(Run::new(&program).args(["-nostdin"]).input(&secret))
        .await
        .unwrap();
}

#[tokio::test]
async fn nothing_else_is_written() {
    let Some(program) = program() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (clip, other) = (folder.path().join("clip.avi"), folder.path().join("other"));
    make(&program, &clip).await.unwrap();
    fs::write(&other, "an original").unwrap();
    for target in [&other, &folder.path().join("new"), &clip] {
        let run = Run::new(&program).args(["-nostdin", "-y"]).input(&clip);
        let run = run.args(["-c", "copy", "-f", "avi"]).args([target]);
        assert!(is_kept_away(&words(run.finish().await)), "{target:?}");
    }
    assert_eq!(fs::read_to_string(&other).unwrap(), "an original");
    assert!(!folder.path().join("new").exists());
}

#[tokio::test]
async fn nobody_is_called() {
    let Some(program) = program() else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("tcp://{}", listener.local_addr().unwrap());
    let run = Run::new(&program).args(["-nostdin", "-f", "avi", "-i", &url]);
    let log = words(run.args(["-f", "null", "-"]).finish().await);
    assert!(is_kept_away(&log), "{log}");
    assert!(listener.accept().is_err(), "somebody called");
}

/// The letters by which the kernel tells what each process does that has this word among its arguments; `T`: stopped.
fn doing(word: &str) -> Vec<char> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let named = processes.filter(|folder| {
        let arguments = std::fs::read(folder.path().join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&arguments).contains(word)
    });
    let stats = named.filter_map(|folder| std::fs::read_to_string(folder.path().join("stat")).ok());
    stats
        .filter_map(|stat| stat.rsplit_once(") ")?.1.chars().next())
        .collect()
}

#[tokio::test]
async fn what_is_held_stands_still_and_goes_on() {
    let Some(program) = program() else { return };
    let word = format!("held-{}-{:?}", std::process::id(), super::wanted());
    let folder = tempfile::tempdir().unwrap();
    let (still, held) = tokio::sync::watch::channel(false);
    let running = Run::new(&program)
        .args(["-nostdin", "-nostats", "-progress", "pipe:2"])
        .args(["-f", "lavfi", "-re", "-i", "testsrc2=s=64x64:d=600"])
        .args(["-metadata", &format!("comment={word}"), "-y"])
        .output(&folder.path().join("film.mkv"))
        .held(Some(ffmpeg::hold::Hold::new(held)))
        .start()
        .unwrap();
    let mut frames = running.frames.clone();
    for _ in 0..2 {
        // It encodes, whatever keeps it.
        let before = *frames.borrow();
        frames.wait_for(|now| *now > before).await.unwrap();
        still.send(true).unwrap();
        while doing(&word).iter().any(|letter| *letter != 'T') {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        assert!(!doing(&word).is_empty(), "it is there, and stands still");
        still.send(false).unwrap();
    }
    running.kill().await;
}
