//! Whether hosts are as bad as they are told to be.

use std::io::{BufRead, BufReader};
use std::net::Ipv4Addr;
use std::process::Stdio;

use crate::hosts::{Host, Lan, SmallDisk, skipped, unavailable};

/// The system's own, as the hosts use it.
const PYTHON: &str = "/usr/bin/python3";

/// Gives back whatever comes.
const ECHO: &str = "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('', 7777)); print('ready', flush=True)
while True:
    d, a = s.recvfrom(2048); s.sendto(d, a)
";

/// Asks 300 times, and says how often there was an answer and how many milliseconds the quickest took.
const ASK: &str = "
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(float(sys.argv[2])); began = {}; best = 1e9; heard = 0
for n in range(300):
    time.sleep(0.001); began[n] = time.monotonic()
    try: s.sendto(b'%d' % n, (sys.argv[1], 7777))
    except OSError: pass
try:
    while heard < 300:
        n = int(s.recvfrom(2048)[0]); heard += 1; best = min(best, time.monotonic() - began[n])
except OSError: pass
print(heard, int(best * 1000))
";

/// Nearly all of them: while the way is looked up, some may not find a place to wait.
const MOST: u32 = 200;

/// How many of 300 questions were answered, and how soon the quickest, ms.
fn asked(from: &Host, to: Ipv4Addr) -> (u32, u64) {
    let mut ask = from.command(PYTHON);
    let out = ask.args(["-c", ASK, &to.to_string(), "1.5"]).output();
    let out = String::from_utf8(out.unwrap().stdout).unwrap();
    let (heard, best) = out.trim().split_once(' ').unwrap();
    (heard.parse().unwrap(), best.parse().unwrap())
}

#[test]
fn wires_are_as_bad_as_they_are_told_to_be() {
    if let Some(why) = unavailable() {
        return skipped("hosts: bad wires", &why);
    }
    let lan = Lan::up(3).unwrap();
    let [one, two, three] = lan.hosts() else {
        panic!("three hosts")
    };
    for host in [two, three] {
        let mut echo = host.command(PYTHON);
        let echo = echo.args(["-c", ECHO]).stdout(Stdio::piped()).spawn();
        let mut said = String::new();
        let mut out = BufReader::new(echo.unwrap().stdout.take().unwrap());
        out.read_line(&mut said).unwrap();
        assert_eq!(said, "ready\n");
    }
    assert!(asked(one, two.address()).0 > MOST);

    two.lose(50.0).unwrap();
    let heard = asked(one, two.address()).0;
    assert!((1..150).contains(&heard), "a quarter: {heard}");
    two.lose(0.0).unwrap();
    two.cut(false, true).unwrap();
    assert_eq!(asked(one, two.address()).0, 0, "nobody hears it");
    two.cut(true, true).unwrap();
    lan.split(&[0, 2]).unwrap();
    assert_eq!(asked(one, two.address()).0, 0, "in the other half");
    assert!(asked(one, three.address()).0 > MOST, "in the same half");
    lan.join().unwrap();

    two.set_delay(100).unwrap();
    let (heard, best) = asked(one, two.address());
    assert!(heard > MOST && best >= 200, "{heard} after {best} ms");
    two.set_delay(0).unwrap();
    two.set_rate(Some(100_000)).unwrap();
    two.set_rate(None).unwrap();

    let old = two.address();
    two.change_address(99).unwrap();
    assert_eq!(asked(one, old).0, 0, "the old address is gone");
    let (heard, _) = asked(one, two.address());
    assert!(heard > MOST, "{heard} at the new address");
    two.change_card(88).unwrap();
    assert_eq!(two.address(), Ipv4Addr::new(10, 77, 0, 88));
    assert!(asked(one, two.address()).0 > MOST, "by the second card");
}

#[test]
fn what_is_frozen_stands_still_and_a_small_disk_gets_full() {
    if let Some(why) = unavailable() {
        return skipped("hosts: frozen, and full", &why);
    }
    let lan = Lan::up(1).unwrap();
    let host = &lan.hosts()[0];
    if let Err(why) = host.freeze() {
        return skipped("hosts: frozen", &why);
    }
    host.thaw().unwrap();
    let mut busy = host.command("sh");
    let mut busy = busy.args(["-c", "while :; do :; done"]).spawn().unwrap();
    while host.programs().is_empty() {
        std::thread::yield_now();
    }
    host.freeze().unwrap();
    let used = host.cpu_seconds();
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert_eq!(host.cpu_seconds(), used);
    host.kill_all();
    assert!(
        !busy.wait().unwrap().success(),
        "dies although it is frozen"
    );

    let folder = tempfile::tempdir().unwrap();
    let disk = SmallDisk::mount(folder.path(), 4 << 20).unwrap();
    disk.fill(64 << 10).unwrap();
    let file = folder.path().join("film");
    std::fs::write(&file, vec![0; 32 << 10]).unwrap();
    assert!(std::fs::write(&file, vec![0; 1 << 20]).is_err());
    disk.empty().unwrap();
    std::fs::write(&file, vec![0; 1 << 20]).unwrap();
    drop(disk);
    assert!(!file.exists(), "it is gone with what was on it");
}
