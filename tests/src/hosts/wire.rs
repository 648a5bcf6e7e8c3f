//! What may be wrong with the wire between a host and the switch, and among all wires: loss, one direction, delay, rate,
//! halves that do not hear each other, other addresses.
//!
//! Frames are dropped in the switch: dropped in the host, its own kernel would be told, and would not take it for a loss.
//! A clock cannot be set for a host alone: the kernel has one for all of them, and a program is given another by a library.

use super::{Host, Lan, PYTHON, ip_in, quiet};
use std::io::{BufRead, BufReader, Write};
use std::net::Ipv4Addr;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering;
use std::sync::{MutexGuard, PoisonError};

/// Carries frames late where the kernel cannot.
const LATE: &str = include_str!("late.py");

/// Bytes that may go at once however slow the wire is: one packet as large as the kernel makes them.
const BURST: u64 = 70_000;

/// What is wrong with a host's wire.
#[derive(Debug, Default)]
pub(super) struct Wire {
    /// Frames lost of 100 000, in each direction.
    lost: u32,
    /// What it says is not heard.
    mute: bool,
    /// What is said is not heard by it.
    deaf: bool,
    /// Whether the kernel holds frames back, and the program that does where it cannot.
    late: Option<Option<Child>>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        if let Some(Some(pump)) = &mut self.late {
            pump.kill().ok();
            pump.wait().ok();
        }
    }
}

impl Lan {
    /// Makes the switch ready to drop frames. Without nftables everything else works.
    pub(super) fn lay_rules(&self) {
        let mut rules = "add table bridge faults\nadd chain bridge faults split\n\
            add chain bridge faults forward { type filter hook forward priority 0; policy accept; }\n\
            add rule bridge faults forward jump split\n"
            .to_owned();
        for host in &self.hosts {
            let chain = &host.name;
            rules.push_str(&format!(
                "add chain bridge faults {chain}\nadd rule bridge faults forward jump {chain}\n"
            ));
        }
        nft(&self.switch(), &rules).ok();
    }

    /// Splits the network: the hosts with these places and all others do not hear each other.
    ///
    /// # Errors
    /// What `nft` said.
    pub fn split(&self, apart: &[usize]) -> Result<(), String> {
        let ports = |here: bool| {
            let hosts = self.hosts.iter().enumerate();
            let half = hosts.filter(|(at, _)| apart.contains(at) == here);
            half.map(|(_, host)| host.ports())
                .collect::<Vec<_>>()
                .join(", ")
        };
        let (one, other) = (ports(true), ports(false));
        let both = [(&one, &other), (&other, &one)].map(|(from, to)| {
            format!("add rule bridge faults split iifname {{ {from} }} oifname {{ {to} }} drop\n")
        });
        let rules = format!("flush chain bridge faults split\n{}", both.concat());
        nft(&self.switch(), &rules)
    }

    /// Joins the halves.
    ///
    /// # Errors
    /// What `nft` said.
    pub fn join(&self) -> Result<(), String> {
        nft(&self.switch(), "flush chain bridge faults split\n")
    }
}

impl Host {
    /// Every name of its plugs in the switch: the wire's, the late wire's and the second cable's.
    fn ports(&self) -> String {
        let number = self.number;
        format!("port{number}, slow{number}, cable{number}")
    }

    fn wire(&self) -> MutexGuard<'_, Wire> {
        self.wire.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Loses so many frames of 100 in each direction; 0 ends it.
    ///
    /// # Errors
    /// What `nft` said.
    pub fn lose(&self, percent: f64) -> Result<(), String> {
        self.wire().lost = (percent * 1000.0).round() as u32;
        self.drop_frames()
    }

    /// Whether others hear what it says, and it hears what others say. Its cable stays plugged in.
    ///
    /// # Errors
    /// What `nft` said.
    pub fn cut(&self, heard: bool, hears: bool) -> Result<(), String> {
        let mut wire = self.wire();
        (wire.mute, wire.deaf) = (!heard, !hears);
        drop(wire);
        self.drop_frames()
    }

    fn drop_frames(&self) -> Result<(), String> {
        let (wire, chain, ports) = (self.wire(), &self.name, self.ports());
        let mut rules = format!("flush chain bridge faults {chain}\n");
        for (way, gone) in [("iifname", wire.mute), ("oifname", wire.deaf)] {
            let which = if gone {
                String::new()
            } else if wire.lost > 0 {
                format!("numgen random mod 100000 < {} ", wire.lost)
            } else {
                continue;
            };
            rules.push_str(&format!(
                "add rule bridge faults {chain} {way} {{ {ports} }} {which}drop\n"
            ));
        }
        nft(&self.switch, &rules)
    }

    /// Lets no more than so many bits a second through, in each direction; `None` ends it.
    ///
    /// # Errors
    /// What `tc` said.
    pub fn set_rate(&self, bits: Option<u64>) -> Result<(), String> {
        for (netns, device) in [(&self.netns, "eth0"), (&self.switch, &*self.port)] {
            let mut tc = Command::new("tc");
            tc.args(["-netns", netns, "qdisc"]);
            let Some(bits) = bits else {
                quiet(tc.args(["del", "dev", device, "root"]))?;
                continue;
            };
            let (rate, burst) = (format!("{bits}bit"), BURST.max(bits / 1600).to_string());
            tc.args(["replace", "dev", device, "root", "tbf", "rate", &rate]);
            quiet(tc.args(["burst", &burst, "latency", "400ms"]))?;
        }
        Ok(())
    }

    /// Holds every frame back for so many milliseconds in each direction; 0 ends it. By `tc netem` where the kernel
    /// has it, else by a program between the wire and the switch.
    ///
    /// # Errors
    /// What the tools said.
    pub fn set_delay(&self, ms: u32) -> Result<(), String> {
        self.end_delay()?;
        if ms == 0 {
            return Ok(());
        }
        if self.delay_in_kernel(ms).is_ok() {
            self.wire().late = Some(None);
            return Ok(());
        }
        let (port, number) = (&self.port, self.number);
        let (slow, late) = (format!("slow{number}"), format!("late{number}"));
        ip_in(&self.switch, &["link", "set", port, "nomaster"])?;
        let pair = ["link", "add", &slow, "type", "veth", "peer", "name", &late];
        ip_in(&self.switch, &pair)?;
        ip_in(
            &self.switch,
            &["link", "set", &slow, "master", "bridge", "up"],
        )?;
        ip_in(&self.switch, &["link", "set", &late, "up"])?;
        let mut pump = Command::new("nsenter");
        pump.arg(format!("--net=/run/netns/{}", self.switch));
        pump.args([PYTHON, "-c", LATE, port, &late, &ms.to_string()]);
        let pump = pump.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut pump = pump.map_err(|error| format!("{PYTHON}: {error}"))?;
        let mut said = String::new();
        if let Some(out) = pump.stdout.take() {
            BufReader::new(out).read_line(&mut said).ok();
        }
        self.wire().late = Some(Some(pump));
        if said.trim() == "ready" {
            return Ok(());
        }
        self.end_delay()?;
        Err(format!("frames cannot be held back here: {said}"))
    }

    fn delay_in_kernel(&self, ms: u32) -> Result<(), String> {
        let delay = format!("{ms}ms");
        for (netns, device) in [(&self.netns, "eth0"), (&self.switch, &*self.port)] {
            let mut tc = Command::new("tc");
            tc.args(["-netns", netns, "qdisc", "replace", "dev", device, "root"]);
            quiet(tc.args(["netem", "limit", "100000", "delay", &delay]))?;
        }
        Ok(())
    }

    fn end_delay(&self) -> Result<(), String> {
        let Some(late) = self.wire().late.take() else {
            return Ok(());
        };
        let Some(mut pump) = late else {
            return self.set_rate(None);
        };
        pump.kill().ok();
        pump.wait().ok();
        let slow = format!("slow{}", self.number);
        ip_in(&self.switch, &["link", "del", &slow])?;
        ip_in(
            &self.switch,
            &["link", "set", &self.port, "master", "bridge"],
        )
    }

    /// Gives it another address, as a router does that has forgotten it: 10.77.0.`last`. The old one is gone.
    ///
    /// # Errors
    /// What `ip` said.
    pub fn change_address(&self, last: u8) -> Result<(), String> {
        let old = format!("{}/24", self.address());
        // The other way round the new one would be a second of the first, and go with it.
        ip_in(&self.netns, &["address", "del", &old, "dev", "eth0"])?;
        self.addressed(last, "eth0")
    }

    /// From one network card to another, as from Wi-Fi to a cable: the second one gets 10.77.0.`last`, then the first
    /// one is off. Loss and cuts stay as they are; rate and delay were the first one's.
    ///
    /// # Errors
    /// What `ip` said.
    pub fn change_card(&self, last: u8) -> Result<(), String> {
        let cable = format!("cable{}", self.number);
        let (switch, netns) = (&self.switch, &self.netns);
        let pair = [
            "link", "add", &cable, "type", "veth", "peer", "name", "eth1",
        ];
        ip_in(switch, &[&pair[..], &["netns", netns]].concat())?;
        ip_in(switch, &["link", "set", &cable, "master", "bridge", "up"])?;
        ip_in(netns, &["link", "set", "eth1", "up"])?;
        self.addressed(last, "eth1")?;
        ip_in(netns, &["link", "set", "eth0", "down"])
    }

    /// And back: the first card is on again and gets 10.77.0.`last`, then the second one is gone.
    ///
    /// # Errors
    /// What `ip` said.
    pub fn change_card_back(&self, last: u8) -> Result<(), String> {
        let cable = format!("cable{}", self.number);
        // A card that is off keeps its address.
        ip_in(&self.netns, &["-4", "address", "flush", "dev", "eth0"])?;
        ip_in(&self.netns, &["link", "set", "eth0", "up"])?;
        self.addressed(last, "eth0")?;
        ip_in(&self.switch, &["link", "del", &cable])
    }

    fn addressed(&self, last: u8, device: &str) -> Result<(), String> {
        let address = Ipv4Addr::new(10, 77, 0, last);
        let with = format!("{address}/24");
        let add = ["address", "add", &with, "broadcast", "+", "dev", device];
        ip_in(&self.netns, &add)?;
        self.address.store(address.to_bits(), Ordering::Relaxed);
        Ok(())
    }
}

/// Has the switch follow these rules, all or none.
fn nft(switch: &str, rules: &str) -> Result<(), String> {
    let mut nft = Command::new("nsenter");
    nft.arg(format!("--net=/run/netns/{switch}"));
    nft.args(["nft", "-f", "-"]).stdin(Stdio::piped());
    nft.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut nft = nft.spawn().map_err(|error| format!("nft: {error}"))?;
    if let Some(mut input) = nft.stdin.take() {
        input.write_all(rules.as_bytes()).ok();
    }
    let out = nft.wait_with_output().map_err(|error| error.to_string())?;
    if out.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&out.stderr).trim().to_owned();
    Err(format!(
        "the switch does not drop frames (nftables): {said}"
    ))
}
