//! The disk that somebody fills while a segment comes in: a node on a small disk of its own.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use peer::{DeclineReason, FailReason};
use serde_json::Value;
use tests::hosts::skipped;
use tests::nodes::until;
use tests::product;

use super::blobs::Stopping;
use super::house::{House, Node, Outcome, Peer, honest};

/// A node whose data folder is a disk of 600 MB that only it sees.
fn on_a_small_disk(data: &Path) -> Option<Node> {
    std::fs::create_dir_all(data).unwrap();
    let script = r#"mount -t tmpfs -o size=600m,mode=700 none "$1" && shift && exec "$@""#;
    let through = |program: &Path| {
        let mut command = Command::new("unshare");
        command.args([
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            script,
            "sh",
        ]);
        command.arg(data).arg(program);
        command
    };
    let tried = through(Path::new("true")).output();
    match tried {
        Ok(tried) if tried.status.success() => {
            let program = product::program().unwrap();
            Some(Node::serve(through(program), data, &["--no-mdns"]))
        }
        other => {
            skipped(
                "hostile: a disk that is filled",
                &format!("no disk of its own: {other:?}"),
            );
            None
        }
    }
}

/// What is left keeps the node alive: the task ends, its bytes go, and it goes on when there is room again.
pub fn filled(house: &mut House) {
    let data = house.path("small");
    let Some(mut node) = on_a_small_disk(&data) else {
        return;
    };
    // The folder as the node sees it.
    let disk = format!("/proc/{}/root{}", node.child.0.id(), data.display());
    let disk = Path::new(&disk);
    node.data = data;
    let invite = ask_within(&node, &["invite"]);
    let invite = invite[0]["invite"].as_str().unwrap().parse().unwrap();
    let folder = house.path("filler");
    let mut peer = Peer::start(
        &house.runtime,
        node.id,
        super::house::quiet(&folder, "Studio"),
    );
    house.runtime.block_on(peer.net.redeem(&invite)).unwrap();
    peer.link();
    until("the encoders to be measured", || {
        let lines = ask_within(&node, &["peers"]);
        let ready = |line: &Value| line["here"] == true && line["state"] == "ready";
        Ok(lines.iter().any(ready).then_some(()))
    })
    .unwrap();

    let result = house.path("small.mp4");
    let filling = disk.join("filling");
    let filler = {
        let (donated, filling) = (disk.join("donated"), filling.clone());
        std::thread::spawn(move || {
            until("the upload to begin", || {
                let folder = std::fs::read_dir(&donated).unwrap().next();
                let begun = folder.and_then(|folder| {
                    let file = std::fs::metadata(folder.ok()?.path().join("source.nut"));
                    file.ok().filter(|file| file.len() > 0)
                });
                Ok(begun.map(drop))
            })
            .unwrap();
            std::fs::write(&filling, vec![1; 400 << 20]).unwrap();
        })
    };
    let outcome = peer.give(
        &Stopping::wanted(2 << 20, Duration::from_secs(20)),
        result.clone(),
    );
    assert!(
        matches!(outcome, Outcome::Failed(FailReason::NoSpace, _)),
        "{outcome:?}"
    );
    filler.join().unwrap();
    let donated = || std::fs::read_dir(disk.join("donated")).unwrap().count();
    until("its bytes to go", || Ok((donated() == 0).then_some(()))).unwrap();
    let outcome = peer.give(&honest(), result.clone());
    assert_eq!(outcome, Outcome::Declined(DeclineReason::NoSpace));
    std::fs::remove_file(filling).unwrap();
    let outcome = peer.give(&honest(), result);
    assert!(matches!(outcome, Outcome::Finished(_)), "{outcome:?}");
    assert!(node.child.0.try_wait().unwrap().is_none());
    peer.leave();
}

/// What a command says to a node whose folder only it can see.
fn ask_within(node: &Node, words: &[&str]) -> Vec<Value> {
    let mut command = Command::new("nsenter");
    let pid = node.child.0.id().to_string();
    command.args([
        "--target",
        &pid,
        "--user",
        "--mount",
        "--preserve-credentials",
    ]);
    command.arg(product::program().unwrap());
    command.arg("--data").arg(&node.data);
    let said = command.arg("--json").args(words).output().unwrap();
    let printed = String::from_utf8(said.stdout).unwrap();
    let lines = printed.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().unwrap()
}
