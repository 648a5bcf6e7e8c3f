//! Finding other nodes by mDNS. What is found is a hint: somebody may be at some address.
//!
//! Nothing heard here is believed. A name, an id or a port from the air only says where to knock;
//! who is there is known after the TLS handshake. This module wraps the one crate that speaks mDNS
//! and keeps it going: it announces and browses anew every 45 seconds, because a lost packet can
//! otherwise hide a computer for an hour, and starts a new daemon if the old one died.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use mdns_sd::{
    IfKind, IfPredicate, ResolvedService, ScopedIp, ServiceDaemon, ServiceEvent, ServiceInfo,
};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};

use crate::ids::{PeerId, Session};
use crate::interfaces;
use crate::proto::{Name, PROTOCOL};

/// How we are called on the network.
pub(crate) const SERVICE: &str = "_manyhands._tcp.local.";

/// mDNS's own port.
pub const MDNS_PORT: u16 = 5353;

/// After this long everything is asked and said again.
const AGAIN: Duration = Duration::from_secs(45);

/// The pause before a daemon that failed is replaced.
const RESTART: Duration = Duration::from_secs(5);

/// How long a doubted computer has to answer for itself.
const VERIFY: Duration = Duration::from_secs(1);

/// The longest name that is announced, in bytes.
const MAX_NAME: usize = 40;

/// What we tell everyone in reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Announcement {
    pub(crate) id: PeerId,
    pub(crate) session: Session,
    /// Empty where it is hidden.
    pub(crate) name: Name,
    pub(crate) port: u16,
    pub(crate) donating: bool,
}

/// What was heard of others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sighting {
    /// Somebody claims to be there. May come several times, with more addresses each time.
    Appeared(Hint),
    /// Somebody with this instance name is said to be gone.
    Vanished { instance: String },
}

/// A claim, not yet checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hint {
    /// mDNS's name for it; new for each run of a node.
    pub(crate) instance: String,
    /// How its peer id is said to begin.
    pub(crate) prefix: [u8; 8],
    /// Where to knock, likeliest first.
    pub(crate) addresses: Vec<SocketAddr>,
    /// What else it said; only good for noticing that it says something else now.
    pub(crate) said: String,
}

/// A running search. It ends when this is dropped; [`Discovery::stop`] also says goodbye.
pub(crate) struct Discovery {
    orders: mpsc::UnboundedSender<Order>,
}

enum Order {
    Announce(Announcement),
    Verify(String),
    Stop(oneshot::Sender<()>),
}

/// mDNS could not be started.
#[derive(Debug, thiserror::Error)]
#[error("cannot look for computers on this network: {0}")]
pub struct DiscoveryError(#[from] mdns_sd::Error);

impl Discovery {
    /// Announces `own` and looks for others on mDNS port `port`; only where `listen` can be reached.
    ///
    /// # Errors
    /// [`DiscoveryError`] if the port cannot be used.
    pub(crate) fn start(
        port: u16,
        listen: IpAddr,
        own: Announcement,
        sightings: mpsc::Sender<Sighting>,
    ) -> Result<Self, DiscoveryError> {
        let daemon = start_daemon(port, listen)?;
        let (orders, received) = mpsc::unbounded_channel();
        let search = Search {
            port,
            listen,
            own,
            sightings,
            orders: received,
        };
        tokio::spawn(search.run(daemon));
        Ok(Self { orders })
    }

    /// Changes what is announced.
    pub(crate) fn announce(&self, own: Announcement) {
        // The search only ends with the node.
        let _ = self.orders.send(Order::Announce(own));
    }

    /// Doubts `instance`: if it does not answer, it will be reported as vanished.
    pub(crate) fn verify(&self, instance: String) {
        let _ = self.orders.send(Order::Verify(instance));
    }

    /// Says goodbye, so that others need not wait to find out.
    pub(crate) async fn stop(self) {
        let (done, stopped) = oneshot::channel();
        if self.orders.send(Order::Stop(done)).is_ok() {
            // Resolves either way when the search is over.
            let _ = timeout(Duration::from_secs(3), stopped).await;
        }
    }
}

struct Search {
    port: u16,
    listen: IpAddr,
    own: Announcement,
    sightings: mpsc::Sender<Sighting>,
    orders: mpsc::UnboundedReceiver<Order>,
}

/// What ends one round of browsing.
enum Round {
    Over,
    DaemonDied,
    Stopped(Option<oneshot::Sender<()>>),
}

impl Search {
    async fn run(mut self, mut daemon: ServiceDaemon) {
        loop {
            match self.round(&daemon).await {
                Round::Over => {}
                Round::DaemonDied => {
                    sleep(RESTART).await;
                    if let Ok(new) = start_daemon(self.port, self.listen) {
                        daemon = new;
                    }
                }
                Round::Stopped(done) => {
                    say_goodbye(&daemon, &service_name(&self.own)).await;
                    drop(done);
                    return;
                }
            }
        }
    }

    async fn round(&mut self, daemon: &ServiceDaemon) -> Round {
        let Ok(events) = announce(daemon, &self.own).and_then(|()| daemon.browse(SERVICE)) else {
            return Round::DaemonDied;
        };
        let mut again = std::pin::pin!(sleep(AGAIN));
        let round = loop {
            tokio::select! {
                () = &mut again => break Round::Over,
                order = self.orders.recv() => match order {
                    Some(Order::Announce(own)) => {
                        self.own = own;
                        // A daemon that refuses is found out in the next round.
                        let _ = announce(daemon, &self.own);
                    }
                    Some(Order::Verify(instance)) => {
                        let _ = daemon.verify(instance, VERIFY);
                    }
                    Some(Order::Stop(done)) => return Round::Stopped(Some(done)),
                    None => return Round::Stopped(None),
                },
                event = events.recv_async() => match event {
                    Ok(event) => self.report(event).await,
                    // We were too slow for the daemon, or it died; the next round tells which.
                    Err(_) => break Round::Over,
                },
            }
        };
        let _ = daemon.stop_browse(SERVICE);
        // Keeps a daemon that dies at once from making this a busy loop.
        sleep(Duration::from_millis(100)).await;
        round
    }

    async fn report(&self, event: ServiceEvent) {
        let sighting = match event {
            ServiceEvent::ServiceResolved(service) => match hint_of(&service) {
                Some(hint) if hint.instance != service_name(&self.own) => Sighting::Appeared(hint),
                _ => return,
            },
            ServiceEvent::ServiceRemoved(_, instance) => Sighting::Vanished { instance },
            _ => return,
        };
        // The node that listens ends together with this search.
        let _ = self.sightings.send(sighting).await;
    }
}

fn start_daemon(port: u16, listen: IpAddr) -> Result<ServiceDaemon, DiscoveryError> {
    let daemon = ServiceDaemon::new_with_port(port)?;
    let unwanted = IfPredicate::new(move |interface| {
        if listen.is_unspecified() {
            !interfaces::wanted(interface, &interfaces::all())
        } else {
            interface.ip() != listen
        }
    });
    daemon.disable_interface(IfKind::Predicate(unwanted))?;
    Ok(daemon)
}

/// Registering again under the same name changes what is announced.
fn announce(daemon: &ServiceDaemon, own: &Announcement) -> Result<(), mdns_sd::Error> {
    daemon.register(service_of(own)?)
}

async fn say_goodbye(daemon: &ServiceDaemon, service: &str) {
    let second = Duration::from_secs(1);
    if let Ok(done) = daemon.unregister(service) {
        let _ = timeout(second, done.recv_async()).await;
    }
    if let Ok(done) = daemon.shutdown() {
        let _ = timeout(second, done.recv_async()).await;
    }
}

/// Never the system's host name: registering that makes some systems rename themselves.
fn label(own: &Announcement) -> String {
    format!("mh-{}-{}", own.id.short(), own.session)
}

pub(crate) fn service_name(own: &Announcement) -> String {
    format!("{}.{SERVICE}", label(own))
}

fn service_of(own: &Announcement) -> Result<ServiceInfo, mdns_sd::Error> {
    let label = label(own);
    let id = &own.id.to_string()[..16];
    let name = crate::text::Text::<MAX_NAME>::clean(&own.name);
    let (version, port) = (PROTOCOL.to_string(), own.port.to_string());
    let session = own.session.to_string();
    let donating = if own.donating { "1" } else { "0" };
    let mut txt = vec![
        ("v", version.as_str()),
        ("id", id),
        ("p", &port),
        ("l", donating),
        ("s", &session),
    ];
    if !name.is_empty() {
        txt.push(("n", &name));
    }
    let host = format!("{label}.local.");
    ServiceInfo::new(SERVICE, &label, &host, (), own.port, &txt[..])
        .map(ServiceInfo::enable_addr_auto)
}

pub(crate) fn hint_of(service: &ResolvedService) -> Option<Hint> {
    let text = service.get_property_val_str("id")?;
    let digits = text.get(..16).filter(|_| text.len() == 16)?;
    let prefix = u64::from_str_radix(digits, 16).ok()?.to_be_bytes();
    let addresses = service
        .addresses
        .iter()
        .take(16)
        .map(|ip| at(ip, service.port))
        .collect();
    let addresses = interfaces::in_order(addresses, &interfaces::all());
    let said = ["n", "l"]
        .map(|key| service.get_property_val_str(key).unwrap_or_default())
        .join("\n");
    Some(Hint {
        instance: service.fullname.clone(),
        prefix,
        addresses,
        said,
    })
}

/// IPv6 link-local addresses mean nothing without the interface they were heard on.
fn at(ip: &ScopedIp, port: u16) -> SocketAddr {
    match ip {
        ScopedIp::V6(v6) if v6.addr().is_unicast_link_local() => {
            std::net::SocketAddrV6::new(*v6.addr(), port, 0, v6.scope_id().index).into()
        }
        other => SocketAddr::new(other.to_ip_addr(), port),
    }
}
