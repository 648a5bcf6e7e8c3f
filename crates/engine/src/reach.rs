//! "Why can't I see a computer?": what this one's network looks like, and what is behind a typed address, each in a
//! sentence with what to do.

use std::net::SocketAddr;

use peer::{Heard, Net, PROTOCOL, Place, Survey, There};

use crate::doctor::finding;
use crate::identity::GIVE_ANEW;
use crate::node::Node;
use crate::pairing;
use crate::status::{Finding, Level};
use crate::trouble::Trouble;

/// What this computer's network looks like; takes a few seconds. `alone` where no other computer is connected.
pub(crate) async fn network(net: &Net, alone: bool) -> Vec<Finding> {
    let survey = net.survey().await;
    let mut findings = interfaces(&survey.places);
    findings.push(announcements(&survey, alone));
    findings.extend(firewall(net.listen_addr().port(), alone));
    findings
}

fn interfaces(places: &[Place]) -> Vec<Finding> {
    let used = places.iter().filter(|place| place.used);
    let mut findings: Vec<Finding> = used.map(interface).collect();
    let passed: Vec<String> = places
        .iter()
        .filter(|place| !place.used)
        .map(shown)
        .collect();
    if !passed.is_empty() {
        let says = format!("Not used to find computers: {}.", passed.join(", "));
        findings.push(finding("interfaces", Level::Good, says, ""));
    }
    if !places.iter().any(|place| place.used) {
        findings.push(finding(
            "interfaces",
            Level::Bad,
            "This computer is in no network.",
            "Connect it to the network that the others are in, by cable or Wi-Fi.",
        ));
    }
    findings
}

fn shown(place: &Place) -> String {
    format!("{} ({})", place.interface, place.address)
}

fn interface(place: &Place) -> Finding {
    let subject = format!("interface {}", place.interface);
    match &place.multicast {
        Ok(()) => {
            let says = format!("{}: computers are looked for here.", place.address);
            finding(subject, Level::Good, says, "")
        }
        Err(why) => {
            let says = format!(
                "{}: announcements of other computers cannot be listened to here ({why}).",
                place.address
            );
            let help = "Look for the other computer by its address, or pair with an invite: both work without announcements.";
            finding(subject, Level::Bad, says, help)
        }
    }
}

fn announcements(survey: &Survey, alone: bool) -> Finding {
    let subject = "announcements";
    match &survey.heard {
        Heard::Off => finding(
            subject,
            Level::Note,
            "This computer neither announces itself nor listens for others: that was turned off at its start.",
            "Start it without --no-mdns, or use addresses and invites.",
        ),
        Heard::Failed(why) => finding(
            subject,
            Level::Bad,
            format!("Announcements cannot be listened to: {why}."),
            "Another program may hold port 5353 for itself alone. Addresses and invites work all the same.",
        ),
        Heard::Something { own: false, .. } => finding(
            subject,
            Level::Bad,
            "This computer's own announcement was not heard back.",
            "A firewall on this computer may block it: let UDP port 5353 through. Addresses and invites work all the same.",
        ),
        Heard::Something {
            others: 0,
            kinds: 0,
            ..
        } => finding(
            subject,
            if alone { Level::Note } else { Level::Good },
            "This computer's own announcement was heard back, and nothing from anything else in the network.",
            "If other computers are on: guest networks, some Wi-Fi repeaters and VPNs keep devices apart. Put both into the same network, or find out what is at the other one's address.",
        ),
        Heard::Something {
            others: 0, kinds, ..
        } => finding(
            subject,
            if alone { Level::Note } else { Level::Good },
            format!(
                "Announcements come through: this computer's own was heard back, and {kinds} other kinds of devices and services. No other Manyhands announced itself."
            ),
            "See that Manyhands runs on the other computer, and that its firewall lets it through.",
        ),
        Heard::Something { others, .. } => finding(
            subject,
            Level::Good,
            format!(
                "Announcements come through: {others} other computers with Manyhands were heard."
            ),
            "",
        ),
    }
}

/// What the system's own firewall needs. On Linux only where one is there; elsewhere there always is.
fn firewall(port: u16, alone: bool) -> Option<Finding> {
    let (says, help) = rules(port)?;
    let level = if alone { Level::Note } else { Level::Good };
    Some(finding("firewall", level, says, help))
}

#[cfg(target_os = "linux")]
fn rules(port: u16) -> Option<(String, String)> {
    let ufw = std::fs::read_to_string("/etc/ufw/ufw.conf").unwrap_or_default();
    if ufw.lines().any(|line| line.trim() == "ENABLED=yes") {
        let help = format!("sudo ufw allow {port}/tcp && sudo ufw allow 5353/udp");
        return Some((
            "The firewall ufw is on. Manyhands needs two ports.".to_owned(),
            help,
        ));
    }
    if std::path::Path::new("/run/firewalld").is_dir() {
        let help = format!(
            "sudo firewall-cmd --permanent --add-service=mdns --add-port={port}/tcp && sudo firewall-cmd --reload"
        );
        return Some((
            "The firewall firewalld is on. Manyhands needs two ports.".to_owned(),
            help,
        ));
    }
    None
}

#[cfg(target_os = "macos")]
fn rules(_port: u16) -> Option<(String, String)> {
    let says = "macOS asks once whether Manyhands may find devices on the local network.";
    let help = "Where that was declined: System Settings › Privacy & Security › Local Network, turn Manyhands on. And in Network › Firewall, allow it incoming connections.";
    Some((says.to_owned(), help.to_owned()))
}

#[cfg(windows)]
fn rules(_port: u16) -> Option<(String, String)> {
    let says = "Windows lets other computers in only in a private network.";
    let help = "Settings › Network & internet › your network: choose Private. Then Windows Security › Firewall › Allow an app: tick Manyhands under Private.";
    Some((says.to_owned(), help.to_owned()))
}

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
fn rules(_port: u16) -> Option<(String, String)> {
    None
}

impl Node {
    /// What is at `host:port` or `host`, one finding for each of its addresses. Nothing is remembered of it.
    ///
    /// # Errors
    /// There is no such computer, or this node has no network.
    pub async fn reach(&self, address: String) -> Result<Vec<Finding>, Trouble> {
        let net = pairing::network(self.0.net.as_ref())?;
        let mut findings = Vec::new();
        for address in pairing::resolve(&address).await? {
            findings.push(behind(address, &net.knock(address).await));
        }
        Ok(findings)
    }
}

/// What was found behind an address, and what to do.
fn behind(address: SocketAddr, there: &There) -> Finding {
    let (level, says, help) = words(address, there);
    finding(address.to_string(), level, says, help)
}

fn words(address: SocketAddr, there: &There) -> (Level, String, String) {
    let (port, usual) = (address.port(), peer::FIRST_PORT);
    let (level, says, help) = match there {
        There::Refused => (
            Level::Bad,
            format!("A computer is there, but nothing listens at port {port}."),
            format!("Start Manyhands on it. If it runs, its settings show the port: it is {usual} or one of the next nine."),
        ),
        There::Silent => (
            Level::Bad,
            "Nothing answers there for three seconds.".to_owned(),
            "Is it switched on, in the same network, and is this its address? If so, its firewall drops what comes in: run the check-up there.".to_owned(),
        ),
        There::NoWay(why) => (
            Level::Bad,
            format!("There is no way to this address from here: {why}."),
            "It belongs to another network. Put both computers into the same one, or use the other's address in this one.".to_owned(),
        ),
        There::NotManyhands => (
            Level::Bad,
            format!("Something answers at port {port}, and it is not Manyhands."),
            format!("Another program has this port there. Try without a port, or the one that Manyhands shows there; usually it is {usual}."),
        ),
        There::Busy => (
            Level::Note,
            "Manyhands is there, and has had too many questions lately.".to_owned(),
            "Try again in ten seconds.".to_owned(),
        ),
        There::Own => (
            Level::Note,
            "This is this computer's own address.".to_owned(),
            "Type the other computer's.".to_owned(),
        ),
        There::Copy => (
            Level::Bad,
            "Another Manyhands is there that has this computer's identity: its data folder was copied.".to_owned(),
            GIVE_ANEW.to_owned(),
        ),
        There::OtherProtocol { name, theirs } => (
            Level::Bad,
            format!("{name} speaks protocol {theirs}, this computer {PROTOCOL}."),
            "Install the same version of Manyhands on both.".to_owned(),
        ),
        There::Manyhands { name, paired: false, .. } => (
            Level::Good,
            format!("{name} is there, and is not paired with this computer."),
            "Make an invite on one of the two and paste it on the other.".to_owned(),
        ),
        There::Manyhands { name, linked: true, .. } => (
            Level::Good,
            format!("{name} is there, paired and connected."),
            String::new(),
        ),
        There::Manyhands { name, .. } => (
            Level::Note,
            format!("{name} is there and paired, but not connected yet."),
            "It is tried again by itself; if it stays so, end the pairing and pair anew.".to_owned(),
        ),
    };
    (level, says, help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_says_what_to_do() {
        let address = "192.168.1.20:47820".parse().unwrap();
        let bad = [
            There::Refused,
            There::Silent,
            There::NoWay("no route to host".into()),
            There::NotManyhands,
            There::Copy,
            There::OtherProtocol {
                name: "Attic".into(),
                theirs: 3,
            },
        ];
        let mut said = std::collections::BTreeSet::new();
        for there in bad {
            let found = behind(address, &there);
            assert_eq!(found.level, Level::Bad, "{there:?}");
            assert!(
                found.says.ends_with('.') && found.help.ends_with('.'),
                "{found:?}"
            );
            assert!(
                said.insert(found.says),
                "two failures say the same: {there:?}"
            );
        }
    }

    #[test]
    fn a_network_that_keeps_devices_apart_is_told_from_a_firewall_here() {
        let heard = |own, others, kinds| {
            let heard = Heard::Something { own, others, kinds };
            let survey = Survey {
                places: Vec::new(),
                heard,
            };
            let found = announcements(&survey, true);
            (found.level, found.help)
        };
        let (here, nothing, printer) = (heard(false, 0, 0), heard(true, 0, 0), heard(true, 0, 4));
        assert_eq!(
            (here.0, nothing.0, printer.0),
            (Level::Bad, Level::Note, Level::Note)
        );
        assert!(
            here.1.contains("this computer")
                && nothing.1.contains("guest")
                && printer.1.contains("other computer")
        );
        assert_eq!(heard(true, 2, 0), (Level::Good, String::new()));
    }

    #[test]
    fn a_computer_without_a_network_is_told_so() {
        assert_eq!(interfaces(&[])[0].level, Level::Bad);
        let lan = Place {
            interface: "eth0".into(),
            address: "192.168.1.9".parse().unwrap(),
            used: true,
            multicast: Ok(()),
        };
        let deaf = Place {
            multicast: Err("no such device".into()),
            ..lan.clone()
        };
        let tunnel = Place {
            interface: "tun0".into(),
            used: false,
            ..lan.clone()
        };
        let levels: Vec<Level> = interfaces(&[lan, deaf, tunnel])
            .iter()
            .map(|f| f.level)
            .collect();
        assert_eq!(levels, [Level::Good, Level::Bad, Level::Good]);
    }
}
