//! A house to test in: nodes, what they report, and a wire between two of them that can be cut.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::{Identity, Link, Message, Net, NetConfig, NetEvent, Paired, PeerId, Rights, WhyDown};

/// After this long a test is stuck, not slow.
const STUCK: Duration = Duration::from_secs(180);

/// Something that must happen at some time.
pub(super) async fn soon<T>(what: &str, happening: impl Future<Output = T>) -> T {
    timeout(STUCK, happening)
        .await
        .unwrap_or_else(|_| panic!("never happened: {what}"))
}

pub(super) struct Node {
    pub(super) net: Net,
    pub(super) events: mpsc::Receiver<NetEvent>,
}

/// A configuration that stays on loopback, without mDNS.
pub(super) fn config(identity: Identity, name: &str) -> NetConfig {
    let listen = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0);
    NetConfig {
        listen,
        mdns: false,
        ..NetConfig::new(identity, name)
    }
}

pub(super) fn identity() -> Identity {
    Identity::ephemeral().unwrap()
}

pub(super) fn paired(id: PeerId, name: &str, addresses: &[SocketAddr]) -> Paired {
    Paired {
        id,
        name: name.into(),
        addresses: addresses.to_vec(),
        rights: Rights::default(),
    }
}

impl Node {
    pub(super) async fn start(config: NetConfig) -> Self {
        let (net, events) = Net::start(config).await.unwrap();
        Self { net, events }
    }

    pub(super) async fn named(name: &str) -> Self {
        Self::start(config(identity(), name)).await
    }

    pub(super) fn id(&self) -> PeerId {
        self.net.id()
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.net.listen_addr()
    }

    /// Waits for the first event that `wanted` makes something of; others are passed over.
    pub(super) async fn event<T>(
        &mut self,
        what: &str,
        mut wanted: impl FnMut(NetEvent) -> Option<T>,
    ) -> T {
        soon(what, async {
            loop {
                let event = self.events.recv().await.expect("the node ended");
                if let Some(found) = wanted(event) {
                    return found;
                }
            }
        })
        .await
    }

    pub(super) async fn link_up(&mut self) -> Link {
        self.event("a link", |event| match event {
            NetEvent::LinkUp { link, .. } => Some(link),
            _ => None,
        })
        .await
    }

    pub(super) async fn link_down(&mut self) -> WhyDown {
        self.event("the end of a link", |event| match event {
            NetEvent::LinkDown { why, .. } => Some(why),
            _ => None,
        })
        .await
    }

    pub(super) async fn rights(&mut self) -> Rights {
        self.event("rights", |event| match event {
            NetEvent::Message {
                message: Message::Rights(rights),
                ..
            } => Some(rights),
            _ => None,
        })
        .await
    }

    pub(super) async fn message(&mut self) -> (PeerId, Message) {
        // What the two may ask of each other is told by every link; `rights` is for those who want to hear it.
        self.event("a message", |event| match event {
            NetEvent::Message {
                message: Message::Rights(_),
                ..
            } => None,
            NetEvent::Message { peer, message } => Some((peer, message)),
            _ => None,
        })
        .await
    }
}

/// Two linked nodes; the first dialled, because the second does not know where the first is.
pub(super) struct Pair {
    pub(super) dialler: Node,
    pub(super) listener: Node,
    pub(super) out: Link,
    pub(super) back: Link,
    pub(super) wire: Cutter,
}

pub(super) async fn pair() -> Pair {
    let (one, other) = (identity(), identity());
    let mut known = config(other.clone(), "listener");
    known.paired = vec![paired(one.id(), "dialler", &[])];
    known.donating = true;
    let mut listener = Node::start(known).await;
    let wire = Cutter::before(listener.address()).await;
    let mut knowing = config(one, "dialler");
    knowing.paired = vec![paired(other.id(), "listener", &[wire.address])];
    knowing.donating = true;
    let mut dialler = Node::start(knowing).await;
    let (out, back) = (dialler.link_up().await, listener.link_up().await);
    assert!(out.dialled() && !back.dialled());
    Pair {
        dialler,
        listener,
        out,
        back,
        wire,
    }
}

/// A TCP wire that can be cut.
pub(super) struct Cutter {
    pub(super) address: SocketAddr,
    cut: Arc<std::sync::Mutex<CancellationToken>>,
    budget: Arc<AtomicU64>,
}

impl Cutter {
    pub(super) async fn before(target: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let cut = Arc::new(std::sync::Mutex::new(CancellationToken::new()));
        let budget = Arc::new(AtomicU64::new(u64::MAX));
        let (cutting, spending) = (Arc::clone(&cut), Arc::clone(&budget));
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (cut, budget) = (cutting.lock().unwrap().clone(), Arc::clone(&spending));
                tokio::spawn(async move {
                    let Ok(far) = TcpStream::connect(target).await else {
                        return;
                    };
                    cut.run_until_cancelled(carry(near, far, &budget)).await;
                });
            }
        });
        Self {
            address,
            cut,
            budget,
        }
    }

    /// Cuts every connection that is open now.
    pub(super) fn cut(&self) {
        let before = std::mem::take(&mut *self.cut.lock().unwrap());
        before.cancel();
    }

    /// The next connection that carries more than `bytes` one way is cut there; only that one.
    pub(super) fn cut_after(&self, bytes: u64) {
        self.budget.store(bytes, Ordering::SeqCst);
    }

    /// Whether that has happened.
    pub(super) fn has_cut(&self) -> bool {
        self.budget.load(Ordering::SeqCst) == u64::MAX
    }
}

async fn carry(near: TcpStream, far: TcpStream, budget: &AtomicU64) {
    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
    tokio::select! {
        () = one_way(near_in, far_out, budget) => {}
        () = one_way(far_in, near_out, budget) => {}
    }
}

async fn one_way(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    budget: &AtomicU64,
) {
    let (mut block, mut carried) = (vec![0; 32 << 10], 0);
    while let Ok(n @ 1..) = from.read(&mut block).await {
        carried += n as u64;
        let left = budget.load(Ordering::SeqCst);
        if carried > left {
            budget.store(u64::MAX, Ordering::SeqCst);
            return;
        }
        if to.write_all(&block[..n]).await.is_err() {
            return;
        }
    }
}
