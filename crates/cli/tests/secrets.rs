//! What must stay secret is written nowhere: two real nodes that log everything are paired by an invite and by a code, and a
//! page is opened; then everything that was written is searched.
#![cfg(unix)]
#![expect(
    clippy::disallowed_methods,
    reason = "the program under test is this crate's own"
)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod node;

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use node::{Node, ask, program};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;

/// The program, logging all there is into a file beside its data folder.
fn logged(data: &Path) -> Command {
    let mut command = program(data);
    let log = File::options()
        .create(true)
        .append(true)
        .open(data.with_extension("log"))
        .unwrap();
    command.stderr(log);
    command.env("MANYHANDS_LOG", "trace").env("NO_COLOR", "1");
    command
}

/// Runs a command that is typed `line` on its standard input, and gives its first line of JSON.
async fn typed(data: &Path, words: &[&str], line: &str) -> Value {
    let mut command = logged(data);
    command
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin
        .write_all(format!("{line}\n").as_bytes())
        .await
        .unwrap();
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{words:?}: {said}");
    serde_json::from_str(said.lines().next().unwrap_or("null")).unwrap()
}

/// Opens the page with its link, as a browser does; gives the cookie's value.
async fn sign_in(link: &str) -> String {
    let (place, token) = link.split_once("/#token=").unwrap();
    let place = place.trim_start_matches("http://");
    let body = format!("{{\"token\":\"{token}\"}}");
    let mut stream = TcpStream::connect(place).await.unwrap();
    let request = format!(
        "POST /api/session HTTP/1.1\r\nHost: {place}\r\nContent-Type: application/json\r\nX-Manyhands: 1\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    let cookie = answer.split("manyhands_").nth(1).unwrap();
    let value = cookie.split_once('=').unwrap().1;
    value.split(';').next().unwrap().to_owned()
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    let entries = entries.map(|entry| entry.path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .filter(|path| path.is_file())
        .collect()
}

fn holds(content: &[u8], secret: &str) -> bool {
    content
        .windows(secret.len())
        .any(|window| window == secret.as_bytes())
}

/// Whether a log tells six digits that are not part of something longer. Its lines begin with a time, which has six digits, too.
fn tells_code(log: &str, code: &str) -> bool {
    let digits = code.replace(' ', "");
    let of_a_number = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '-');
    let lines = log
        .lines()
        .filter_map(|line| line.split_once(' ').map(|(_, rest)| rest));
    lines.into_iter().any(|line| {
        let words = line.split(|c: char| !of_a_number(c));
        line.contains(code) || words.into_iter().any(|word| word == digits)
    })
}

const PASSWORD: &str = "correct horse battery staple";

/// Pairs the two, parts them and pairs them again; gives the invite's secret and the code.
async fn pair_twice(kitchen: &Path, studio: &Path, address: &str) -> (String, String) {
    let output = logged(kitchen).arg("invite").output().await.unwrap();
    let line: Value = serde_json::from_slice(&output.stdout).unwrap();
    let invite = line["invite"].as_str().unwrap().to_owned();
    let secret = invite.split([':', '@']).nth(2).unwrap().to_owned();
    assert_eq!(
        typed(studio, &["pair", "-"], &invite).await["type"],
        "paired"
    );
    assert_eq!(ask(studio, &["unpair", "Kitchen"]).await.0, 0);
    // The other side hears of it in its own time.
    while ask(kitchen, &["peers"])
        .await
        .1
        .iter()
        .any(|one| one["paired"] == true)
    {
        tokio::task::yield_now().await;
    }
    let mut asking = Node::start(logged(studio), &["ask", address]);
    let code = asking.line("code").await["code"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        typed(kitchen, &["pair", "-"], &code).await["type"],
        "paired"
    );
    asking.line("paired").await;
    (secret, code)
}

#[tokio::test]
async fn no_secret_is_written_anywhere() {
    let root = tempfile::tempdir().unwrap();
    let (kitchen, studio) = (root.path().join("kitchen"), root.path().join("studio"));
    for data in [&kitchen, &studio] {
        std::fs::create_dir(data).unwrap();
        std::fs::set_permissions(data, Permissions::from_mode(0o755)).unwrap();
    }
    typed(&kitchen, &["settings", "--web-password"], PASSWORD).await;
    let web = ["--name", "Kitchen", "--web", "127.0.0.1:0"];
    let mut one = Node::serve(logged(&kitchen), &web).await;
    let mut other = Node::serve(logged(&studio), &["--name", "Studio"]).await;
    let address = one.listening["addresses"][0].as_str().unwrap();
    let (invite, code) = pair_twice(&kitchen, &studio, address).await;
    let link = one.listening["web"].as_str().unwrap().to_owned();
    let token = link.split_once("#token=").unwrap().1;
    let cookie = sign_in(&link).await;
    let secrets = [invite.as_str(), token, cookie.as_str(), PASSWORD];
    assert!(
        secrets.iter().all(|secret| secret.len() > 20),
        "{secrets:?}"
    );

    for process in [&one, &other] {
        let pid = process.child.id().unwrap();
        for place in ["cmdline", "environ"] {
            // Only Linux has it.
            let said = std::fs::read(format!("/proc/{pid}/{place}")).unwrap_or_default();
            assert!(
                !secrets.iter().any(|secret| holds(&said, secret)),
                "{place}"
            );
        }
    }
    // Working files come and go while a node runs.
    for process in [&mut one, &mut other] {
        process.signal("-TERM");
        assert!(process.child.wait().await.unwrap().success());
    }
    for log in [kitchen.with_extension("log"), studio.with_extension("log")] {
        let said = std::fs::read_to_string(&log).unwrap();
        assert!(said.contains("TRACE"), "nothing was logged: {said}");
        assert!(
            !tells_code(&said, &code),
            "the code is in {}",
            log.display()
        );
    }
    let written = files(root.path());
    for name in ["identity.pem", "manyhands.log"] {
        assert!(written.iter().any(|path| path.ends_with(name)), "{name}");
    }
    for path in written {
        let content = std::fs::read(&path).unwrap();
        for secret in secrets {
            assert!(
                !holds(&content, secret),
                "{secret} is in {}",
                path.display()
            );
        }
        if holds(&content, "PRIVATE KEY") || path.ends_with("page-password") {
            let mode = path.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{} is for others, too", path.display());
            assert!(path.starts_with(&kitchen) || path.starts_with(&studio));
        }
    }
}

/// The search would find what it looks for.
#[test]
fn a_code_in_a_log_is_found() {
    let line = |said: &str| format!("2026-11-20T19:00:00.482913Z DEBUG peer: {said}");
    assert!(tells_code(&line("typed 482913"), "482 913"));
    assert!(tells_code(&line("code=482 913"), "482 913"));
    assert!(!tells_code(
        &line("took 1.482913 s, from a482913b"),
        "482 913"
    ));
}
