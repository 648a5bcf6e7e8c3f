//! Why a computer is not seen: what can be found out from here, looked at now.
//!
//! Each look is made apart from what the node does all the time, with sockets of its own, so that it also tells
//! where that has quietly stopped working. Nothing here changes anything.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use if_addrs::Interface;
use mdns_sd::{IfKind, IfPredicate, ServiceDaemon, ServiceEvent};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use crate::client::{self, DialError};
use crate::discovery::{SERVICE, service_name};
use crate::ids::PeerId;
use crate::interfaces;
use crate::proto::{Name, PROTOCOL, RefusalCode};
use crate::shared::Shared;

/// mDNS's address.
const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);

/// Where everything that announces itself answers, printers and televisions included.
const EVERYTHING: &str = "_services._dns-sd._udp.local.";

/// How long answers are waited for.
const LISTENING: Duration = Duration::from_secs(3);

/// How long a connection may take.
const REACH: Duration = Duration::from_secs(3);

/// An address of this computer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The interface's name, as the system says.
    pub interface: String,
    /// The address.
    pub address: IpAddr,
    /// Others are looked for there; not so at tunnels, containers and what has no cable in it.
    pub used: bool,
    /// Why the group of those who announce themselves cannot be joined there, where that was tried.
    pub multicast: Result<(), String>,
}

/// What was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// mDNS is turned off here.
    Off,
    /// It could not be tried.
    Failed(String),
    /// It was listened to for a few seconds.
    Something {
        /// Our own announcement came back.
        own: bool,
        /// Other computers with Manyhands that announced themselves.
        others: u32,
        /// Kinds of other things that did: a printer proves that the network carries announcements.
        kinds: u32,
    },
}

/// What a look round found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    /// This computer's addresses, loopback left out.
    pub places: Vec<Place>,
    /// What was heard.
    pub heard: Heard,
}

/// What is at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum There {
    /// The computer is there, and nothing listens at that port.
    Refused,
    /// Nothing answers at all.
    Silent,
    /// There is no way there.
    NoWay(String),
    /// Something else answers.
    NotManyhands,
    /// It has heard too much from strangers lately.
    Busy,
    /// Ourselves.
    Own,
    /// Another node with our identity.
    Copy,
    /// Manyhands, of another protocol.
    OtherProtocol {
        /// What it calls itself.
        name: Name,
        /// What it speaks.
        theirs: u32,
    },
    /// Manyhands.
    Manyhands {
        /// Who.
        peer: PeerId,
        /// What it calls itself.
        name: Name,
        /// Whether we are paired with it.
        paired: bool,
        /// Whether we are connected with it.
        linked: bool,
    },
}

/// Looks round for a few seconds.
pub(crate) async fn look(shared: &Shared) -> Survey {
    let all = interfaces::all();
    let port = shared.mdns_port;
    let places = all.iter().filter(|one| !one.is_loopback());
    let places = places.map(|one| Place {
        interface: one.name.clone(),
        address: one.ip(),
        used: interfaces::wanted(one, &all),
        multicast: joins(one, port),
    });
    let places = places.collect();
    if shared.discovery.lock().await.is_none() {
        let heard = Heard::Off;
        return Survey { places, heard };
    }
    let own = service_name(&shared.announcement());
    let heard = listen(port, &own).await;
    let heard = heard.unwrap_or_else(|error| Heard::Failed(error.to_string()));
    Survey { places, heard }
}

/// Whether announcements can be listened to at this interface. IPv6's own group is not tried.
fn joins(interface: &Interface, port: u16) -> Result<(), String> {
    let IpAddr::V4(address) = interface.ip() else {
        return Ok(());
    };
    let join = || {
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_reuse_address(true)?;
        #[cfg(unix)]
        socket.set_reuse_port(true)?;
        socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)).into())?;
        socket.join_multicast_v4(&GROUP, &address)
    };
    join().map_err(|error: std::io::Error| error.to_string())
}

/// Asks anew, with another daemon than the one that announces us: what it hears has been on a network.
async fn listen(port: u16, own: &str) -> Result<Heard, mdns_sd::Error> {
    let daemon = ServiceDaemon::new_with_port(port)?;
    let unwanted = IfPredicate::new(|one| !interfaces::wanted(one, &interfaces::all()));
    daemon.disable_interface(IfKind::Predicate(unwanted))?;
    let (ours, all) = (daemon.browse(SERVICE)?, daemon.browse(EVERYTHING)?);
    let until = Instant::now() + LISTENING;
    let (mut names, mut kinds) = (BTreeSet::new(), BTreeSet::new());
    let listening = async {
        loop {
            tokio::select! {
                Ok(event) = ours.recv_async() => if let ServiceEvent::ServiceResolved(service) = event {
                    names.insert(service.fullname.clone());
                },
                Ok(event) = all.recv_async() => if let ServiceEvent::ServiceFound(_, kind) = event
                    && kind != SERVICE
                {
                    kinds.insert(kind);
                },
                else => std::future::pending().await,
            }
        }
    };
    let _ = timeout_at(until, listening).await;
    if let Ok(done) = daemon.shutdown() {
        let _ = timeout(Duration::from_secs(1), done.recv_async()).await;
    }
    let own = names.remove(own);
    let count = |set: &BTreeSet<String>| u32::try_from(set.len()).unwrap_or(u32::MAX);
    Ok(Heard::Something {
        own,
        others: count(&names),
        kinds: count(&kinds),
    })
}

/// Knocks at `address`, and finds out who opens.
pub(crate) async fn knock(shared: &Shared, address: SocketAddr) -> There {
    match timeout(REACH, TcpStream::connect(address)).await {
        Err(_) => return There::Silent,
        Ok(Err(error)) => return of_error(&error),
        Ok(Ok(_)) => {}
    }
    let (peer, card) = match client::hello(shared, address).await {
        Ok(answer) => answer,
        Err(DialError::Refused(RefusalCode::SlowDown)) => return There::Busy,
        Err(_) => return There::NotManyhands,
    };
    if peer == shared.id() {
        let this_run = card.session == Some(shared.session);
        return if this_run { There::Own } else { There::Copy };
    }
    if card.protocol != PROTOCOL {
        return There::OtherProtocol {
            name: card.name,
            theirs: card.protocol,
        };
    }
    There::Manyhands {
        peer,
        name: card.name,
        paired: shared.is_paired(peer),
        linked: shared.link(peer).is_some(),
    }
}

fn of_error(error: &std::io::Error) -> There {
    match error.kind() {
        ErrorKind::ConnectionRefused => There::Refused,
        ErrorKind::TimedOut => There::Silent,
        _ => There::NoWay(error.to_string()),
    }
}
