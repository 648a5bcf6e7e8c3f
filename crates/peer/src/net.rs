//! The node's side of the network as its owner sees it: start it, pair, and hear what happens.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, Socket, Type};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsAcceptor;

use crate::answer::AnswerError;
use crate::ask::{AskError, Asking};
use crate::client::{self, DialError};
use crate::code::{Code, PairRequest};
use crate::discovery::MDNS_PORT;
use crate::identity::Identity;
use crate::ids::PeerId;
use crate::interfaces;
use crate::invite::{INVITE_LIFETIME, Invite};
use crate::link::{Link, WhyDown};
use crate::proto::{About, Load, Message, Name, PROTOCOL, Redeem, Refusal, RefusalCode, Welcome};
use crate::rights::Rights;
use crate::scout;
use crate::server;
use crate::shared::Shared;
use crate::survey::{self, Survey, There};
use crate::tls;

/// The port that is tried first, and the next nine after it.
pub const FIRST_PORT: u16 = 47820;

/// Everywhere, by IPv6 and IPv4; the port is left open.
pub const ANYWHERE: SocketAddr = SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), 0);

/// How many ports are tried before any free one is taken.
const PORTS: u16 = 10;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

/// How many events may wait for the node.
const EVENTS: usize = 1024;

/// How long stopping may take.
const STOPPING: Duration = Duration::from_secs(3);

/// What a [`Net`] begins with.
#[derive(Clone, Debug)]
pub struct NetConfig {
    /// Who we are.
    pub identity: Identity,
    /// What we call ourselves until the first [`Net::set_about`].
    pub name: Name,
    /// Where to listen. Port 0 means 47820 or one of the next nine, and any if none is free.
    pub listen: SocketAddr,
    /// Whether to look for others, and be seen, by mDNS.
    pub mdns: bool,
    /// The port for that: [`MDNS_PORT`], except in tests, which stay among themselves.
    pub mdns_port: u16,
    /// Those we are paired with.
    pub paired: Vec<Paired>,
    /// Addresses that somebody typed. They are asked again and again who is there.
    pub typed: Vec<SocketAddr>,
    /// Whether we take tasks, until the first [`Net::set_about`].
    pub donating: bool,
    /// Whether our name is hidden from those we are not paired with.
    pub hides_name: bool,
}

impl NetConfig {
    /// Everything at its default: any address, mDNS on, nobody known.
    #[must_use]
    pub fn new(identity: Identity, name: &str) -> Self {
        Self {
            identity,
            name: name.into(),
            listen: ANYWHERE,
            mdns: true,
            mdns_port: MDNS_PORT,
            paired: Vec::new(),
            typed: Vec::new(),
            donating: false,
            hides_name: false,
        }
    }
}

/// A computer that we are paired with, as it is to be remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paired {
    /// Its certificate.
    pub id: PeerId,
    /// What it called itself last.
    pub name: Name,
    /// Where it was reached or said to be, the last good one first; at most 8.
    pub addresses: Vec<SocketAddr>,
    /// What the two may ask of each other.
    pub rights: Rights,
}

/// A computer in reach that we are not paired with. It answered a hello with its certificate, so
/// the id is its own; the name is only what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nearby {
    /// Its certificate.
    pub peer: PeerId,
    /// What it calls itself; empty where it hides that.
    pub name: Name,
    /// Where it answered, or is said to be, best first.
    pub addresses: Vec<SocketAddr>,
    /// Whether it takes tasks from those it is paired with.
    pub donating: bool,
}

/// What happens on the network.
#[derive(Clone, Debug)]
pub enum NetEvent {
    /// A computer that we are not paired with is in reach, or changed.
    Seen(Nearby),
    /// It is no longer.
    Unseen {
        /// Who.
        peer: PeerId,
    },
    /// A paired computer is connected.
    LinkUp {
        /// The connection.
        link: Link,
        /// What it says of itself.
        about: About,
        /// Where to find it again, to be remembered.
        addresses: Vec<SocketAddr>,
    },
    /// It said something. `About` again when it changed; hellos and beats never come here.
    Message {
        /// Who.
        peer: PeerId,
        /// What.
        message: Message,
    },
    /// It is no longer connected. Follows every `LinkUp` once.
    LinkDown {
        /// Who.
        peer: PeerId,
        /// Why.
        why: WhyDown,
    },
    /// A new pairing, or one renewed: to be remembered before anything else is done with it.
    Paired(Paired),
    /// What [`Net::ask`] came to.
    Asked {
        /// Who was asked.
        peer: PeerId,
        /// Paired, or why not.
        outcome: Result<Paired, AskError>,
    },
    /// [`Net::request`] or [`Net::asking`] tells something new.
    RequestChanged,
    /// A pairing is over: to be forgotten.
    Unpaired {
        /// Who.
        peer: PeerId,
        /// Whether the other side ended it.
        by_them: bool,
    },
    /// Somebody with a paired computer's name has another certificate: at its address, or near while that one does not
    /// answer. Told once, and again after it was connected.
    ChangedIdentity {
        /// Whom we know there.
        peer: PeerId,
        /// Its name.
        name: Name,
        /// Who is there now.
        presented: PeerId,
        /// Where.
        address: SocketAddr,
    },
    /// A computer speaks another version of the protocol.
    OtherProtocol {
        /// Who.
        peer: PeerId,
        /// Its name, as far as it is known.
        name: Name,
        /// Its version; ours is [`PROTOCOL`].
        theirs: u32,
    },
    /// Another node shows our own certificate: its data folder was copied from ours, or ours from it.
    SameIdentity {
        /// Where it is.
        address: SocketAddr,
        /// What it calls itself.
        name: Name,
    },
    /// A typed address is our own. It is not asked again.
    OwnAddress {
        /// Which.
        address: SocketAddr,
    },
    /// mDNS does not work here; typed addresses and invites do.
    DiscoveryFailed {
        /// Why.
        why: String,
    },
}

/// Why the network did not start.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// The port is taken, or the address is not ours.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The identity cannot be used for TLS.
    #[error("this computer's identity cannot be used: {0}")]
    Identity(String),
}

/// Why an invite was not accepted. Each is a sentence with what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedeemError {
    /// It was made here.
    #[error("this invite was made on this computer; use it on another one")]
    OwnInvite,
    /// Redeemed by another computer before.
    #[error("this invite has already been used; make a new one with `manyhands invite`")]
    Used,
    /// Older than ten minutes.
    #[error(
        "this invite has expired; make a new one with `manyhands invite` and use it within ten minutes"
    )]
    Expired,
    /// The inviter does not know it.
    #[error(
        "the other computer does not know this invite; it may have been restarted since. Make a new one with `manyhands invite`"
    )]
    Unknown,
    /// Too many wrong ones.
    #[error("the other computer has seen too many wrong invites; wait a minute and try again")]
    SlowDown,
    /// The versions do not fit.
    #[error(
        "{name} speaks protocol {theirs} and this computer speaks protocol {PROTOCOL}; install the same version of Manyhands on both"
    )]
    OtherProtocol {
        /// The inviter.
        name: String,
        /// Its version.
        theirs: u32,
    },
    /// It could not be reached, or not understood.
    #[error(
        "cannot reach the computer that made this invite: {0}. Check that it is running, and that both are in the same network"
    )]
    Unreachable(#[from] DialError),
    /// It said no in a way that this version does not know.
    #[error("the other computer refused the invite ({0:?})")]
    Refused(RefusalCode),
}

/// Why nobody was found at a typed address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is ours.
    #[error("{0} is this computer's own address; type the other computer's")]
    Own(SocketAddr),
    /// Somebody has our certificate.
    #[error(
        "the computer at {0} has the same identity as this one, so its data folder was copied; give one of the two a new identity (`manyhands identity new`) and pair it again"
    )]
    SameIdentity(SocketAddr),
    /// The versions do not fit.
    #[error(
        "{name} speaks protocol {theirs} and this computer speaks protocol {PROTOCOL}; install the same version of Manyhands on both"
    )]
    OtherProtocol {
        /// Who.
        name: String,
        /// Its version.
        theirs: u32,
    },
    /// Nobody there, for now. The address is kept and tried again.
    #[error("{0}. It will be tried again")]
    Unreachable(#[from] DialError),
}

/// The running network side of a node. A cheap clone; the last one dropped ends it abruptly, and
/// [`Net::shutdown`] ends it politely.
#[derive(Clone)]
pub struct Net(Arc<Running>);

struct Running(Arc<Shared>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.stop.cancel();
        for link in self.0.links() {
            link.close(WhyDown::Stopping);
        }
    }
}

impl Net {
    /// Listens, looks around and dials the paired. Events that are not taken make peers wait.
    ///
    /// # Errors
    /// [`NetError`]. A failing mDNS is not one: it comes as [`NetEvent::DiscoveryFailed`].
    pub async fn start(config: NetConfig) -> Result<(Self, mpsc::Receiver<NetEvent>), NetError> {
        let tls =
            tls::server_config(&config.identity).map_err(|e| NetError::Identity(e.to_string()))?;
        let (listener, address) = listen(config.listen)?;
        let (events, received) = mpsc::channel(EVENTS);
        let (typed, paired) = (config.typed, config.paired);
        let about = About {
            name: config.name,
            donating: config.donating,
            ..About::default()
        };
        let shared = Arc::new(Shared::new(
            config.identity,
            address,
            config.mdns_port,
            about,
            config.hides_name,
            events,
        ));
        for peer in paired {
            shared.know(peer);
        }
        shared.type_in(typed);
        shared.tasks.spawn(server::serve(
            listener,
            TlsAcceptor::from(Arc::new(tls)),
            Arc::clone(&shared),
        ));
        scout::start(&shared, config.mdns).await;
        Ok((Self(Arc::new(Running(shared))), received))
    }

    /// Our own id.
    #[must_use]
    pub fn id(&self) -> PeerId {
        self.shared().id()
    }

    /// Where we listen; an unspecified address if everywhere.
    #[must_use]
    pub fn listen_addr(&self) -> SocketAddr {
        self.shared().listen
    }

    /// Where others in the house can reach us, best first.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        interfaces::reachable(self.listen_addr(), &interfaces::all())
    }

    /// A new invite: one use, ten minutes.
    #[must_use]
    pub fn invite(&self) -> Invite {
        self.invite_for(INVITE_LIFETIME)
    }

    /// A new invite that lives for `lifetime`.
    #[must_use]
    pub fn invite_for(&self, lifetime: Duration) -> Invite {
        let invite = Invite::new(self.id(), self.addresses());
        let now = Instant::now();
        self.shared().remember_invite(&invite, now + lifetime, now);
        invite
    }

    /// Redeems another computer's invite. Afterwards each side may help the other.
    ///
    /// # Errors
    /// [`RedeemError`], each with what to do. Redeeming the same invite here again is none.
    pub async fn redeem(&self, invite: &Invite) -> Result<Paired, RedeemError> {
        let shared = self.shared();
        if invite.inviter == self.id() {
            return Err(RedeemError::OwnInvite);
        }
        // Until the answer is here the inviter may know us while we do not know it.
        let _redeeming = shared.redeeming(invite.inviter);
        let reached = client::reach(&shared.identity, invite.inviter, &invite.addresses).await?;
        let address = reached.address;
        drop(reached);
        let request = Redeem {
            protocol: PROTOCOL,
            name: shared.name(),
            port: shared.listen.port(),
            proof: invite.proof(self.id()),
        };
        let path = "pair/redeem";
        let answer = client::post(&shared.identity, invite.inviter, address, path, &request);
        let welcome: Welcome = answer.await?.map_err(redeem_error)?;
        let mut addresses = vec![address];
        addresses.extend(invite.addresses.iter().filter(|other| **other != address));
        let rights = Rights::default();
        Ok(shared
            .pair(invite.inviter, welcome.name, addresses, rights)
            .await)
    }

    /// Shows a code for `peer`, who is near, and waits in the background until somebody types it
    /// there. [`NetEvent::Asked`] tells the end. One computer is asked at a time.
    ///
    /// # Errors
    /// [`AskError::NotNearby`].
    pub fn ask(&self, peer: PeerId) -> Result<Asking, AskError> {
        self.shared().ask(peer)
    }

    /// The code that is shown now.
    #[must_use]
    pub fn asking(&self) -> Option<Asking> {
        self.shared().asking()
    }

    /// Takes back what [`Net::ask`] began. `false` if nothing was asked.
    pub fn withdraw(&self) -> bool {
        self.shared().withdraw()
    }

    /// Who asks for our help and waits for a code to be typed here.
    #[must_use]
    pub fn request(&self) -> Option<PairRequest> {
        self.shared().request()
    }

    /// Types the code that the other computer shows. Afterwards the two are paired, with these rights here.
    ///
    /// # Errors
    /// [`AnswerError`], each with what to do.
    pub async fn answer(&self, code: Code, rights: Rights) -> Result<Paired, AnswerError> {
        self.shared().answer(code, rights).await
    }

    /// Says no to who asks; with `block` it cannot ask again until we start anew. `false` if nobody asked.
    pub async fn decline(&self, block: bool) -> bool {
        self.shared().decline(block).await
    }

    /// Forgets `peer`, and tells it so if it is connected. `false` if it was not known.
    pub async fn unpair(&self, peer: PeerId) -> bool {
        self.shared().forget(peer, false).await
    }

    /// Changes what the two may ask of each other, at once, and tells `peer`. `false` if it is not paired.
    pub fn set_rights(&self, peer: PeerId, rights: Rights) -> bool {
        self.shared().set_rights(peer, rights)
    }

    /// Changes what we tell about ourselves, to everyone who is connected.
    pub fn set_about(&self, about: About) {
        self.shared().set_about(about);
    }

    /// Hides our name from those we are not paired with, or not any more. Whoever is asked for help learns it all the
    /// same: a person there decides by it.
    pub fn set_hides_name(&self, hides: bool) {
        self.shared().set_hides_name(hides);
    }

    /// The most bytes of blobs a second, in each direction, all computers together; `None` for no limit.
    pub fn set_pace(&self, bytes_per_second: Option<u64>) {
        let paces = &self.shared().paces;
        paces.out.set(bytes_per_second);
        paces.home.set(bytes_per_second);
    }

    /// Helps these computers, whether or not this one says that it helps: nobody else hears of it, and what they may ask of
    /// it holds all the same.
    pub fn set_helped(&self, peers: BTreeSet<PeerId>) {
        self.shared().set_helped(peers);
    }

    /// Changes how busy we say we are, to everyone who is connected and wants to hear it.
    pub fn set_load(&self, load: Load) {
        self.shared().load.send_replace(Some(load));
    }

    /// The computers in reach that we are not paired with.
    #[must_use]
    pub fn nearby(&self) -> Vec<Nearby> {
        self.shared().nearby()
    }

    /// Those we are paired with.
    #[must_use]
    pub fn paired(&self) -> Vec<Paired> {
        self.shared().paired()
    }

    /// The connection to `peer`, if there is one.
    #[must_use]
    pub fn link(&self, peer: PeerId) -> Option<Link> {
        self.shared().link(peer)
    }

    /// Asks who is at a typed address, and goes on asking until it is forgotten.
    ///
    /// # Errors
    /// [`AddressError`], each with what to do. Our own address is not kept.
    pub async fn add_address(&self, address: SocketAddr) -> Result<Nearby, AddressError> {
        scout::ask_typed(self.shared(), address).await
    }

    /// Looks round for a few seconds: this computer's addresses, and whether announcements come through.
    pub async fn survey(&self) -> Survey {
        survey::look(self.shared()).await
    }

    /// Finds out what is at `address`, and remembers nothing of it. Takes a few seconds at most.
    pub async fn knock(&self, address: SocketAddr) -> There {
        survey::knock(self.shared(), address).await
    }

    /// Stops asking at `address`.
    pub fn forget_address(&self, address: SocketAddr) {
        self.shared().untype(address);
    }

    /// Turns mDNS on or off.
    pub async fn set_mdns(&self, on: bool) {
        scout::set_mdns(self.shared(), on).await;
    }

    /// Says goodbye to everyone and stops. Takes at most a few seconds.
    pub async fn shutdown(self) {
        let shared = self.shared();
        shared.stop.cancel();
        let links = shared.links();
        for link in &links {
            link.close(WhyDown::Stopping);
        }
        let ended = futures_util::future::join_all(links.iter().map(Link::gone));
        // What does not end by then ends with the process.
        let _ = timeout(STOPPING, ended).await;
        scout::stop(shared).await;
        shared.tasks.close();
        let _ = timeout(STOPPING, shared.tasks.wait()).await;
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.0.0
    }
}

impl std::fmt::Debug for Net {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Net")
            .field("id", &self.id())
            .field("listen", &self.listen_addr())
            .finish_non_exhaustive()
    }
}

fn redeem_error(refusal: Refusal) -> RedeemError {
    match refusal.error {
        RefusalCode::InviteUsed => RedeemError::Used,
        RefusalCode::InviteExpired => RedeemError::Expired,
        RefusalCode::InviteUnknown => RedeemError::Unknown,
        RefusalCode::SlowDown => RedeemError::SlowDown,
        RefusalCode::Protocol => RedeemError::OtherProtocol {
            name: refusal.name.to_string(),
            theirs: refusal.protocol,
        },
        code => RedeemError::Refused(code),
    }
}

/// A socket at `address`. `[::]` takes IPv4, too, whatever the system's habit, and where there is no IPv6 it is `0.0.0.0`.
fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    match bind_exactly(address) {
        Err(error) if address.ip() == ANYWHERE.ip() && is_without_ipv6(&error) => bind_exactly(
            SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), address.port()),
        ),
        bound => bound,
    }
}

fn bind_exactly(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    if address.is_ipv6() {
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    // A node that is started again must not wait for the old one's connections to fade; on Windows this would share the port.
    if !cfg!(windows) {
        socket.set_reuse_address(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// IPv6 is not built in (`EAFNOSUPPORT`, which has no kind of its own), or switched off.
fn is_without_ipv6(error: &io::Error) -> bool {
    let no_such_family = match std::env::consts::OS {
        "linux" => 97,
        "windows" => 10047,
        _ => 47,
    };
    error.kind() == io::ErrorKind::AddrNotAvailable || error.raw_os_error() == Some(no_such_family)
}

/// Binds `address`, walking up from [`FIRST_PORT`] if it leaves the port open.
fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), NetError> {
    let ports: Vec<u16> = match address.port() {
        0 => (FIRST_PORT..FIRST_PORT + PORTS).chain([0]).collect(),
        port => vec![port],
    };
    let mut failure = NetError::Listen {
        address,
        source: std::io::ErrorKind::AddrInUse.into(),
    };
    for port in ports {
        let address = SocketAddr::new(address.ip(), port);
        let bound = match bind(address) {
            Ok(listener) => listener.local_addr().map(|address| (listener, address)),
            Err(e) => Err(e),
        };
        match bound {
            Ok(bound) => return Ok(bound),
            Err(source) => failure = NetError::Listen { address, source },
        }
    }
    Err(failure)
}
