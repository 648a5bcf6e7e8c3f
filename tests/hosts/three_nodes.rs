//! Three computers in one house: they find each other without being told, pair by invite,
//! encode one film together, and one of them loses its power in the middle of it.
#![expect(clippy::unwrap_used, reason = "in a test, unwrap is an assertion")]

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tests::exact::{Clock, Timeline, differences};
use tests::film::Film;
use tests::frames;
use tests::hosts::{Lan, skipped, unavailable};
use tests::nodes::{Node, Programs, last_json, until};
use tests::recipe::{Recipe, Shoot};
use tests::tool;

#[test]
fn three_nodes_find_each_other_pair_and_encode_and_one_may_die() {
    if let Some(why) = unavailable() {
        return skipped(
            "hosts: three nodes on a network, one killed in the middle",
            &why,
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let lan = Lan::up(3).unwrap();
    let nodes = start(&lan, folder.path());
    let [owner, second, third] = nodes.as_slice() else {
        panic!("three nodes")
    };

    // Nobody was told an address: this is mDNS. Both ways, because either may be the one who asks.
    owner.wait_for("host2", &["nearby"]).unwrap();
    owner.wait_for("host3", &["nearby"]).unwrap();
    third.wait_for("host1", &["nearby"]).unwrap();

    owner.pair_with(second).unwrap();
    owner.pair_with(third).unwrap();
    owner.wait_for("host2", &["ready"]).unwrap();
    owner.wait_for("host3", &["ready"]).unwrap();

    let film = film();
    let output = folder.path().join("film.mp4");
    let result = encode_while(owner, &film, &output, "2", || {
        owner.wait_for("host3", &["working"]).unwrap();
        third.host().kill_all();
    });

    assert_eq!(result["type"], "done", "{result}");
    assert_eq!(result["exact"], true, "{result}");
    assert_eq!(result["frames"], FRAMES, "{result}");
    assert!(
        segments_of(&result, "host2") > 0,
        "host2 had no hand in it: {result}"
    );
    let source = frames::read(&film).unwrap();
    let made = frames::read(&output).unwrap();
    assert_eq!(
        differences(&source, &made, Clock::Tick, Timeline::Source),
        Vec::<String>::new()
    );
    owner.wait_for("host3", &["offline"]).unwrap();
}

/// Long enough for every computer to get several segments.
const FRAMES: u32 = 1500;

fn film() -> PathBuf {
    let film = Film::new(FRAMES).size(640, 360);
    let make = Shoot::new().film(&film).sound(0, film.seconds());
    let make = make
        .with("-c:v libx264 -preset veryfast -crf 18 -g 50 -bf 2 -c:a aac -shortest")
        .save("minute.mkv");
    Recipe {
        file: "minute.mkv",
        steps: vec![make],
    }
    .make()
    .unwrap()
}

/// Encodes on the owner's node; `meanwhile` runs while it does. Answers with the last line of JSON.
fn encode_while(
    owner: &Node<'_>,
    film: &Path,
    output: &Path,
    others: &str,
    meanwhile: impl FnOnce(),
) -> serde_json::Value {
    let (film, output) = (film.to_str().unwrap(), output.to_str().unwrap());
    let args = [
        "encode",
        film,
        "-o",
        output,
        "--for",
        "everywhere",
        "--wait-for",
        others,
        "--json",
    ];
    let mut encode = owner
        .command(&args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = encode.stdout.take().unwrap();
    let mut stderr = encode.stderr.take().unwrap();
    let printed = std::thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).map(|_| text)
    });
    let complained = std::thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).map(|_| text)
    });
    meanwhile();
    let status = until("the film", || {
        encode.try_wait().map_err(|error| error.to_string())
    });
    let printed = printed.join().unwrap().unwrap();
    let complained = complained.join().unwrap().unwrap();
    let log = owner.log();
    assert!(
        status.as_ref().is_ok_and(std::process::ExitStatus::success),
        "{status:?}\n{printed}\n{complained}\n{log}"
    );
    last_json(&printed).unwrap()
}

fn segments_of(result: &serde_json::Value, name: &str) -> u64 {
    let peers = result["peers"].as_array().unwrap();
    let of_this_name = peers.iter().filter(|peer| peer["name"] == name);
    of_this_name
        .filter_map(|peer| peer["segments"].as_u64())
        .sum()
}

/// The program beside this test: `cargo xtask test` builds all of them before it runs any test.
fn manyhands() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let target = here.parent().and_then(Path::parent).unwrap();
    let program = target.join(format!("manyhands{}", std::env::consts::EXE_SUFFIX));
    assert!(
        program.is_file(),
        "{} is missing: cargo build -p cli",
        program.display()
    );
    program
}

/// A donating node on every host.
fn start<'lan>(lan: &'lan Lan, folder: &Path) -> Vec<Node<'lan>> {
    let programs = Programs {
        manyhands: manyhands(),
        ffmpeg: tool::ffmpeg().to_path_buf(),
    };
    let node = |host| Node::start(host, &programs, folder, &["--donate"]).unwrap();
    lan.hosts().iter().map(node).collect()
}

/// Two computers that could call anybody encode a film together, with a page open: nothing leaves the house.
#[test]
fn a_whole_job_calls_nobody_outside_the_house() {
    if let Some(why) = unavailable() {
        return skipped("hosts: nobody outside the house is called", &why);
    }
    let folder = tempfile::tempdir().unwrap();
    let lan = Lan::up(2).unwrap();
    for host in lan.hosts() {
        host.open_world().unwrap();
    }
    let nodes = start(&lan, folder.path());
    let [owner, helper] = nodes.as_slice() else {
        panic!("two nodes")
    };
    owner.wait_for("host2", &["nearby"]).unwrap();
    owner.pair_with(helper).unwrap();
    owner.wait_for("host2", &["ready"]).unwrap();
    let (film, output) = (film(), folder.path().join("film.mp4"));
    let result = encode_while(owner, &film, &output, "1", || {});
    assert_eq!(result["exact"], true, "{result}");
    assert!(segments_of(&result, "host2") > 0, "{result}");
    // The check-up looks round in the network, and does not look out of it.
    owner.ask(&["doctor", "10.77.0.2"]).unwrap();
    for host in lan.hosts() {
        assert_eq!(host.sent_to_world(), Ok(0), "{}", host.name());
        // The count would have shown it.
        let call = host
            .command("bash")
            .args(["-c", "echo there > /dev/udp/192.0.2.1/9"])
            .status();
        assert!(call.unwrap().success());
        assert_eq!(host.sent_to_world(), Ok(1), "{}", host.name());
    }
}

/// Two computers on a wire, with the addresses that IPv6 gives everybody and no others. The invite's address is of
/// no use without an interface, which the one who redeems it has to supply.
#[test]
fn without_ipv4_they_find_each_other_and_pair_by_ipv6() {
    if let Some(why) = unavailable() {
        return skipped("hosts: two nodes with IPv6 alone", &why);
    }
    let folder = tempfile::tempdir().unwrap();
    let lan = Lan::up(2).unwrap();
    for host in lan.hosts() {
        if let Err(why) = host.forget_ipv4() {
            return skipped("hosts: two nodes with IPv6 alone", &why);
        }
    }
    let nodes = start(&lan, folder.path());
    let [one, other] = nodes.as_slice() else {
        panic!("two nodes")
    };
    one.wait_for("host2", &["nearby"]).unwrap();
    other.wait_for("host1", &["nearby"]).unwrap();
    one.pair_with(other).unwrap();
    for (node, name) in [(one, "host2"), (other, "host1")] {
        node.wait_for(name, &["ready", "measuring"]).unwrap();
        let peers = node.ask(&["peers", "--json"]).unwrap();
        assert!(peers.contains("[fe80::"), "{peers}");
    }
}
