//! Two nodes of this computer as a house: what needs several computers, and neither root nor a network.

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use tests::nodes::until;
use tests::product::{self, Answer};

use crate::walk::Walk;

/// A node that serves; killed when dropped.
pub struct Node {
    data: TempDir,
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    listening: Value,
}

impl Node {
    pub fn serve(name: &str, words: &[&str]) -> Self {
        let data = TempDir::new().unwrap();
        let mut serve = Command::new(product::program().unwrap());
        serve.arg("--data").arg(data.path());
        serve.args(["--json", "serve", "--no-mdns", "--name", name]);
        serve.args(words).env("MANYHANDS_SEGMENT_SECONDS", "2");
        serve.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = serve.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut node = Self {
            data,
            child,
            lines,
            listening: Value::Null,
        };
        let first = node.lines.next().unwrap().unwrap();
        node.listening = serde_json::from_str(&first).unwrap();
        assert_eq!(node.listening["type"], "listening", "{first}");
        node
    }

    pub fn ask(&self, words: &[&str]) -> Answer {
        product::run(&[], self.data.path(), None, words).unwrap()
    }

    fn pair_with(&self, other: &Self) {
        let invite = self.ask(&["invite"]);
        let redeemed = other.ask(&["pair", invite.last("invite").as_str().unwrap()]);
        assert_eq!(redeemed.exit, Some(0), "{redeemed:?}");
    }

    /// Waits until nobody is away or measures: this node and all paired with it.
    fn wait_until_ready(&self) {
        until("computers to be ready", || {
            let states = self.ask(&["peers"]).lines;
            let ready = states.iter().all(|line| line["state"] == "ready");
            Ok((ready && states.len() > 1).then_some(()))
        })
        .unwrap();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What somebody sees who asks by the command line, and somebody else who types the code on the other computer.
#[test]
fn two_computers_are_paired_by_six_digits() {
    let asker = Node::serve("Studio", &["--listen", "127.0.0.1:0"]);
    let helper = Node::serve("Kitchen", &["--listen", "127.0.0.1:0"]);
    let none = helper.ask(&["pair"]);
    assert_eq!(none.last("code"), "not_now", "{none:?}");
    let address = helper.listening["addresses"][0].as_str().unwrap();

    let mut asking = Command::new(product::program().unwrap());
    asking.arg("--data").arg(asker.data.path());
    asking.args(["--json", "ask", address]).stdin(Stdio::null());
    let mut asking = asking.stdout(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(asking.stdout.take().unwrap()).lines();
    let mut next = || -> Value { serde_json::from_str(&said.next().unwrap().unwrap()).unwrap() };
    let shown = next();
    assert_eq!(
        (&shown["type"], &shown["name"]),
        (&"code".into(), &"Kitchen".into())
    );
    until("the request", || {
        Ok((helper.ask(&["pair"]).exit == Some(0)).then_some(()))
    })
    .unwrap();
    let request = helper.ask(&["pair"]);
    assert_eq!(request.last("name"), "Studio", "{request:?}");

    let code = shown["code"].as_str().unwrap();
    let number: u32 = code.replace(' ', "").parse().unwrap();
    let wrong = helper.ask(&["pair", &format!("{:06}", (number + 1) % 1_000_000)]);
    assert_eq!(wrong.last("code"), "wrong_code", "{wrong:?}");
    assert!(wrong.sentences().contains("2 left"), "{wrong:?}");
    let right = helper.ask(&["pair", code]);
    assert_eq!(
        (right.exit, right.last("type")),
        (Some(0), &"paired".into()),
        "{right:?}"
    );
    let paired = next();
    assert_eq!(
        (&paired["type"], &paired["name"]),
        (&"paired".into(), &"Kitchen".into())
    );
    assert!(asking.wait().unwrap().success());
}

#[test]
fn the_house_is_measured_against_this_computer() {
    let walk = Walk::new();
    let film = walk.long_film();
    let owner = Node::serve("owner", &["--listen", "127.0.0.1:0"]);
    let bench = |words: &[&str]| -> Answer {
        let film: &Path = &film;
        let head = [
            "bench",
            "--codec",
            "h264",
            "--speed",
            "fast",
            film.to_str().unwrap(),
        ];
        owner.ask(&[&head, words].concat())
    };

    let alone = bench(&["--house"]);
    assert_eq!(alone.last("code"), "not_now", "{alone:?}");
    assert!(alone.sentences().contains("pair"), "{alone:?}");

    let donor = Node::serve("donor", &["--listen", "127.0.0.1:0", "--donate"]);
    donor.pair_with(&owner);
    owner.wait_until_ready();
    let both = bench(&["--house", "--workers", "1"]);
    assert_eq!(both.exit, Some(0), "{both:?}");
    let of = |kind: &str| -> Vec<&Value> {
        let lines = both.lines.iter().filter(|line| line["type"] == kind);
        lines.collect()
    };
    assert_eq!(of("bench").len(), 1, "{both:?}");
    let [here, house] = of("bench_house")[..] else {
        panic!("{both:?}")
    };
    assert_eq!(
        (&here["computers"], &here["capacity"]),
        (&1.into(), &1.0.into())
    );
    assert_eq!(
        (&house["computers"], &house["exact"]),
        (&2.into(), &true.into())
    );
    assert_eq!(here["frames"], house["frames"]);
    assert!(house["capacity"].as_f64().unwrap() > 1.0, "{house}");
    let hands = house["peers"].as_array().unwrap();
    assert!(hands.iter().any(|hand| hand["name"] == "donor"), "{house}");

    let left = owner.ask(&["jobs"]).lines;
    assert!(left.is_empty(), "the measurement left jobs: {left:?}");
}
