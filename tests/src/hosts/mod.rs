//! Computers on a switch, made of Linux network namespaces.
//!
//! Each host has an address of its own, its own host name, and a share of the
//! machine's processors where one is set; programs started in it see no network but
//! the switch. The switch is a namespace too, so the machine's own network gets
//! nothing. Everything goes when the [`Lan`] is dropped, and what a killed run left
//! behind goes when the next one starts.
//!
//! Their wires can be bad in every way that wires are ([`wire`]), their memory and their share of the processors small
//! ([`groups`]), and their disks full ([`disk`]).
//!
//! Needs root, iproute2 and util-linux; nftables to lose frames, and Python to hold them back where the kernel cannot. The tests that use it call [`unavailable`]
//! first and skip themselves with [`skipped`]. Only `std` is used: `cargo xtask
//! bench` includes these files.

mod disk;
mod groups;
mod wire;

pub use disk::SmallDisk;
use groups::Groups;
use wire::Wire;

use std::env;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::Duration;

/// What every namespace's name starts with; the process that made it comes next.
const PREFIX: &str = "mhlan";

/// The system's own: another one on the path may be in a folder that only its user may read.
const PYTHON: &str = "/usr/bin/python3";

/// Enters a host: joins its groups (`$1`, by colons), its network (`$2`) and a name space of its own for
/// the host name (`$3`), then becomes the program, so that the child's process id is the program's.
const ENTER: &str = r#"
IFS=:; for group in $1; do echo $$ > "$group/cgroup.procs" || exit 125; done; unset IFS
netns=$2; name=$3; shift 3
exec nsenter --net="/run/netns/$netns" -- unshare --uts -- sh -c '
    echo "$0" > /proc/sys/kernel/hostname 2> /dev/null; exec "$@"' "$name" "$@"
"#;

static LANS: AtomicU32 = AtomicU32::new(0);

/// A switch with hosts on it: 10.77.0.1, 10.77.0.2 and so on, in 10.77.0.0/24.
#[derive(Debug)]
pub struct Lan {
    name: String,
    hosts: Vec<Host>,
    groups: Option<Groups>,
}

/// One computer of a [`Lan`].
#[derive(Debug)]
pub struct Host {
    name: String,
    netns: String,
    switch: String,
    port: String,
    number: u8,
    /// As [`Ipv4Addr::to_bits`] has it.
    address: AtomicU32,
    groups: Option<Groups>,
    wire: Mutex<Wire>,
}

/// Why hosts cannot be made on this machine, or nothing if they can. Tried once: tests ask side by side.
pub fn unavailable() -> Option<String> {
    static FOUND: OnceLock<Option<String>> = OnceLock::new();
    FOUND.get_or_init(try_one).clone()
}

fn try_one() -> Option<String> {
    if !cfg!(target_os = "linux") {
        return Some("network namespaces are a Linux thing".into());
    }
    let root = fs::read_to_string("/proc/self/status")
        .is_ok_and(|status| status.lines().any(|line| line.starts_with("Uid:\t0\t0\t")));
    if !root {
        return Some("needs root, to make network namespaces".into());
    }
    let probe = format!("{PREFIX}-{}-probe", std::process::id());
    let made = ip(&["netns", "add", &probe]);
    ip(&["netns", "del", &probe]).ok();
    made.err()
        .map(|error| format!("cannot make network namespaces here: {error}"))
}

/// Says loudly, past the test runner's capture, that a test did not run; and leaves a line for the
/// summary of `cargo xtask test` in the file that `MANYHANDS_SKIPPED` names.
pub fn skipped(test: &str, why: &str) {
    let line = format!("{test}: {why}\n");
    io::stderr()
        .write_all(format!("SKIPPED {line}").as_bytes())
        .ok();
    if let Some(file) = env::var_os("MANYHANDS_SKIPPED") {
        let appended = OpenOptions::new().append(true).create(true).open(file);
        appended
            .and_then(|mut file| file.write_all(line.as_bytes()))
            .ok();
    }
}

impl Lan {
    /// Makes a switch with `count` hosts (1 to 200) on it.
    ///
    /// # Errors
    /// What `ip` said, if it refused; nothing is left behind then.
    pub fn up(count: u8) -> Result<Lan, String> {
        remove_stale();
        let number = LANS.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PREFIX}-{}-{number}", std::process::id());
        let groups = Groups::create(&name);
        let mut lan = Lan {
            name,
            hosts: Vec::new(),
            groups,
        };
        lan.switch_on()?;
        for number in 1..=count {
            lan.plug_in(number)?;
        }
        lan.lay_rules();
        Ok(lan)
    }

    /// The hosts, in the order of their addresses.
    pub fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    fn switch(&self) -> String {
        format!("{}-switch", self.name)
    }

    fn switch_on(&self) -> Result<(), String> {
        let switch = self.switch();
        ip(&["netns", "add", &switch])?;
        // Without a querier, snooping would drop multicast, and mDNS with it.
        let bridge = [
            "link",
            "add",
            "bridge",
            "type",
            "bridge",
            "stp_state",
            "0",
            "mcast_snooping",
            "0",
        ];
        ip_in(&switch, &bridge)?;
        ip_in(&switch, &["link", "set", "bridge", "up"])
    }

    fn plug_in(&mut self, number: u8) -> Result<(), String> {
        let host = Host {
            name: format!("host{number}"),
            netns: format!("{}-{number}", self.name),
            switch: self.switch(),
            port: format!("port{number}"),
            number,
            address: AtomicU32::new(Ipv4Addr::new(10, 77, 0, number).to_bits()),
            wire: Mutex::default(),
            groups: self
                .groups
                .as_ref()
                .and_then(|groups| groups.below(&format!("host{number}"))),
        };
        ip(&["netns", "add", &host.netns])?;
        let (port, netns) = (host.port.clone(), host.netns.clone());
        let address = format!("{}/24", host.address());
        // From here on, dropping the Lan takes the host with it.
        self.hosts.push(host);
        let switch = self.switch();
        ip_in(
            &switch,
            &[
                "link", "add", &port, "type", "veth", "peer", "name", "eth0", "netns", &netns,
            ],
        )?;
        ip_in(&switch, &["link", "set", &port, "master", "bridge", "up"])?;
        ip_in(
            &netns,
            &["address", "add", &address, "broadcast", "+", "dev", "eth0"],
        )?;
        ip_in(&netns, &["link", "set", "lo", "up"])?;
        ip_in(&netns, &["link", "set", "eth0", "up"])
    }
}

impl Drop for Lan {
    fn drop(&mut self) {
        self.take_down();
    }
}

impl Lan {
    /// Takes it all away, for those who cannot drop it.
    pub fn take_down(&self) {
        for host in &self.hosts {
            host.kill_all();
            ip(&["netns", "del", &host.netns]).ok();
            if let Some(groups) = &host.groups {
                groups.remove();
            }
        }
        ip(&["netns", "del", &self.switch()]).ok();
        if let Some(groups) = &self.groups {
            groups.remove();
        }
    }
}

impl Host {
    /// The name that programs in it see as the computer's.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its address on the switch, as it is now.
    pub fn address(&self) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.address.load(Ordering::Relaxed))
    }

    /// A command that runs in this host; arguments, environment and streams are set on it as usual,
    /// and the child's process id is the program's own.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let groups = self.groups.as_ref().map_or(String::new(), Groups::joined);
        let mut command = Command::new("sh");
        command.args(["-c", ENTER, "sh", &groups, &self.netns, &self.name]);
        command.arg(program.as_ref());
        command
    }

    /// Gives it this share of one processor (0.25) or more than one (1.5).
    ///
    /// # Errors
    /// Where control groups are not there or may not be written.
    pub fn set_cpu(&self, share: f64) -> Result<(), String> {
        self.limit("the processor share", |groups| groups.set_cpu(Some(share)))
    }

    /// Gives it all of the processors.
    ///
    /// # Errors
    /// As [`Host::set_cpu`].
    pub fn free_cpu(&self) -> Result<(), String> {
        self.limit("the processor share", |groups| groups.set_cpu(None))
    }

    /// Gives everything in it together so many bytes of memory.
    ///
    /// # Errors
    /// As [`Host::set_cpu`].
    pub fn set_memory(&self, bytes: u64) -> Result<(), String> {
        self.limit("the memory", |groups| groups.set_memory(bytes))
    }

    /// Stops everything in it where it stands, as sleep does, until [`Host::thaw`].
    ///
    /// # Errors
    /// As [`Host::set_cpu`].
    pub fn freeze(&self) -> Result<(), String> {
        self.limit("whether it runs", |groups| groups.freeze(true))
    }

    /// Lets everything in it go on.
    ///
    /// # Errors
    /// As [`Host::set_cpu`].
    pub fn thaw(&self) -> Result<(), String> {
        self.limit("whether it runs", |groups| groups.freeze(false))
    }

    fn limit(&self, what: &str, set: impl Fn(&Groups) -> io::Result<()>) -> Result<(), String> {
        let groups = self.groups.as_ref();
        let groups = groups.ok_or("control groups cannot be written here")?;
        set(groups).map_err(|error| format!("could not set {what}: {error}"))
    }

    /// Everything that runs in it: process ids and the programs' names.
    pub fn programs(&self) -> Vec<(u32, String)> {
        let named = |pid: String| {
            let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
            Some((pid.parse().ok()?, name.trim().to_owned()))
        };
        pids_in(&self.netns).into_iter().filter_map(named).collect()
    }

    /// Seconds of processor time that everything in it has used so far.
    pub fn cpu_seconds(&self) -> Option<f64> {
        self.groups.as_ref()?.cpu_seconds()
    }

    /// Ends everything in it at once, as a power cut would. A program started only just now may not have
    /// entered the host yet.
    pub fn kill_all(&self) {
        // A process may be starting another one just now: look again until nothing is there.
        for _ in 0..250 {
            // What is frozen cannot even die.
            self.thaw().ok();
            let pids = pids_in(&self.netns);
            if pids.is_empty() {
                return;
            }
            quiet(Command::new("kill").arg("-KILL").args(&pids)).ok();
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Takes its IPv4 address away: what is left is the IPv6 one that it gave itself.
    ///
    /// # Errors
    /// What `ip` said; also where the kernel has no IPv6.
    pub fn forget_ipv4(&self) -> Result<(), String> {
        ip_in(&self.netns, &["-4", "address", "flush", "dev", "eth0"])?;
        let own = Path::new("/proc/sys/net/ipv6");
        own.is_dir()
            .then_some(())
            .ok_or_else(|| "there is no IPv6 here".into())
    }

    /// Gives it a way into the world: a wire that leads nowhere and counts what goes out on it.
    ///
    /// # Errors
    /// What `ip` said.
    pub fn open_world(&self) -> Result<(), String> {
        let end = format!("{}-world", self.port);
        let wire = ["link", "add", "world", "type", "veth", "peer", "name"];
        ip_in(
            &self.netns,
            &[&wire[..], &[&end, "netns", &self.switch]].concat(),
        )?;
        ip_in(&self.switch, &["link", "set", &end, "up"])?;
        // Without an address of its own, and without asking who is there, the kernel says nothing by itself.
        ip_in(
            &self.netns,
            &["link", "set", "world", "arp", "off", "addrgenmode", "none"],
        )?;
        ip_in(&self.netns, &["link", "set", "world", "up"])?;
        ip_in(&self.netns, &["route", "add", "default", "dev", "world"])?;
        // A kernel without IPv6 has no such way out.
        ip_in(
            &self.netns,
            &["-6", "route", "add", "default", "dev", "world"],
        )
        .ok();
        Ok(())
    }

    /// How many packets have gone out into the world.
    ///
    /// # Errors
    /// If the kernel does not say so.
    pub fn sent_to_world(&self) -> Result<u64, String> {
        let counted = self.command("cat").arg("/proc/net/dev").output();
        let counted = counted.map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&counted.stdout).into_owned();
        let line = text
            .lines()
            .find_map(|line| line.trim_start().strip_prefix("world:"));
        // Eight numbers of what came, then the bytes and the packets that went.
        let packets = line.and_then(|line| line.split_whitespace().nth(9)?.parse().ok());
        packets.ok_or_else(|| format!("no count of what went out: {text}"))
    }

    /// Pulls its plug out of the switch; what runs in it goes on running.
    ///
    /// # Errors
    /// What `ip` said.
    pub fn unplug(&self) -> Result<(), String> {
        ip_in(&self.switch, &["link", "set", &self.port, "down"])
    }

    /// Puts its plug back.
    ///
    /// # Errors
    /// What `ip` said.
    pub fn plug(&self) -> Result<(), String> {
        ip_in(&self.switch, &["link", "set", &self.port, "up"])
    }
}

/// Takes away the namespaces and groups of runs whose process is gone.
fn remove_stale() {
    let listed = fs::read_dir("/run/netns").into_iter().flatten().flatten();
    for name in listed
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| is_stale(name))
    {
        let pids = pids_in(&name);
        if !pids.is_empty() {
            quiet(Command::new("kill").arg("-KILL").args(&pids)).ok();
        }
        ip(&["netns", "del", &name]).ok();
    }
    for (_, folder) in disk::mounted().iter().filter(|(name, _)| is_stale(name)) {
        disk::unmount(folder);
    }
    for top in groups::TOPS {
        let listed = fs::read_dir(top).into_iter().flatten().flatten();
        for group in listed.filter(|entry| entry.file_name().to_str().is_some_and(is_stale)) {
            for below in fs::read_dir(group.path()).into_iter().flatten().flatten() {
                fs::remove_dir(below.path()).ok();
            }
            fs::remove_dir(group.path()).ok();
        }
    }
}

/// Whether a name is one of ours and the process in it no longer runs.
fn is_stale(name: &str) -> bool {
    let mut parts = name.split('-');
    parts.next() == Some(PREFIX)
        && parts
            .next()
            .is_some_and(|pid| pid.parse::<u32>().is_ok() && !Path::new("/proc").join(pid).exists())
}

fn pids_in(netns: &str) -> Vec<String> {
    let listed = Command::new("ip")
        .args(["netns", "pids", netns])
        .stderr(Stdio::null())
        .output();
    let text = listed.map_or_else(|_| Vec::new(), |out| out.stdout);
    String::from_utf8_lossy(&text)
        .split_whitespace()
        .map(str::to_owned)
        .collect()
}

fn ip_in(netns: &str, args: &[&str]) -> Result<(), String> {
    let mut all = vec!["-netns", netns];
    all.extend(args);
    ip(&all)
}

fn ip(args: &[&str]) -> Result<(), String> {
    quiet(Command::new("ip").args(args))
}

/// Runs a command that has nothing to say unless it fails.
fn quiet(command: &mut Command) -> Result<(), String> {
    let out = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{command:?}: {error}"))?;
    if out.status.success() {
        return Ok(());
    }
    Err(format!(
        "{command:?}: {}",
        String::from_utf8_lossy(&out.stderr).trim()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn says(host: &Host, script: &str) -> String {
        let out = host.command("sh").args(["-c", script]).output().unwrap();
        assert!(out.status.success(), "{out:?}");
        String::from_utf8(out.stdout).unwrap().trim().to_owned()
    }

    #[test]
    fn hosts_have_names_and_addresses_and_vanish_without_a_trace() {
        if let Some(why) = unavailable() {
            return skipped("hosts", &why);
        }
        let lan = Lan::up(2).unwrap();
        let [one, two] = lan.hosts() else {
            panic!("two hosts")
        };
        assert_eq!(says(one, "cat /proc/sys/kernel/hostname"), "host1");
        assert!(says(two, "ip -brief -4 address show eth0").contains("10.77.0.2/24"));
        assert!(
            !says(one, "ip -brief link").contains("port1"),
            "sees only its own end"
        );
        if one.set_cpu(0.5).is_ok() {
            let before = one.cpu_seconds().unwrap();
            says(one, "i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done");
            assert!(
                one.cpu_seconds().unwrap() > before,
                "what runs in a host is charged to it"
            );
        }
        let mut sleeper = two
            .command("sh")
            .args(["-c", "echo up; exec sleep 1000"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // Only when it has spoken is it in the host for certain.
        let mut up = [0; 3];
        sleeper.stdout.take().unwrap().read_exact(&mut up).unwrap();
        two.kill_all();
        assert!(!sleeper.wait().unwrap().success());
        let name = lan.name.clone();
        drop(lan);
        let left = Command::new("ip").args(["netns", "list"]).output().unwrap();
        assert!(!String::from_utf8_lossy(&left.stdout).contains(&name));
    }

    #[test]
    fn what_a_dead_process_left_is_stale_and_what_a_live_one_has_is_not() {
        assert!(is_stale(&format!("{PREFIX}-4000000000-0-1")));
        assert!(!is_stale(&format!("{PREFIX}-{}-0-1", std::process::id())));
        assert!(!is_stale("somebody-else"));
        assert!(!is_stale(PREFIX));
    }
}
