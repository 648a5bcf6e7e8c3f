//! From a WebSocket to a link: hellos, the decision between two connections, and the link's life.
//!
//! Both computers dial, so two connections may be made at once. The side with the lower id
//! decides which one becomes the link, and shows it by sending its `About` on that one only; the
//! other side takes what it is shown. So both always agree, whatever crossed on the way.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::SinkExt;
use tokio::time::timeout;

use crate::client::http_client;
use crate::ids::PeerId;
use crate::interfaces;
use crate::link::{Ends, Link, Parts, Telling, WhyDown, converse, hear, say};
use crate::net::NetEvent;
use crate::proto::{About, Hello, Message, PROTOCOL, foreign_hello};
use crate::shared::{Shared, Verdict};
use crate::wire::{Farewell, Outgoing, Wire};

/// How long each step of the greeting may take.
const GREETING: Duration = Duration::from_secs(10);

impl Shared {
    /// Makes `wire` the link to `peer`, and runs it to its end; or closes it, if there is a better
    /// one. `address` is where we dialled, or where the peer called from.
    pub(crate) async fn establish(
        self: &Arc<Self>,
        mut wire: Wire,
        peer: PeerId,
        dialled: bool,
        address: SocketAddr,
    ) {
        let Some(hello) = self.greet(&mut wire, peer).await else {
            return;
        };
        let address = if dialled {
            address
        } else {
            interfaces::with_port(address, hello.port)
        };
        let Ok(client) = http_client(&self.identity, Some(peer), address) else {
            return;
        };
        let Some(rights) = self.rights(peer) else {
            return close(&mut wire, Farewell::Unpaired).await;
        };
        let (traffic, blobs) = (self.traffic(peer), Arc::clone(&self.blobs));
        let (link, ends) = Link::new(Parts {
            peer,
            dialled,
            address,
            session: hello.session,
            traffic,
            blobs,
            client,
            extras: wire.extras,
        });
        let own = Telling::new(self.about.subscribe(), rights)
            .with_rests(wire.extras.rests)
            .with_filters(wire.extras.filters)
            .with_helped(peer, self.helped.subscribe())
            .with_films(wire.extras.films);
        if let Some((about, own, before)) = self.settle(&mut wire, &link, own).await {
            if let Some(before) = before {
                before.close(WhyDown::Replaced);
                before.gone().await;
            }
            self.live(wire, &link, ends, about, own, &hello).await;
        }
        // Last, so that no other link to this peer is reported before the end of this one.
        self.drop_link(&link);
        link.set_ended();
        link.set_gone();
    }

    /// Exchanges hellos.
    async fn greet(&self, wire: &mut Wire, peer: PeerId) -> Option<Hello> {
        say(&mut wire.sink, &Message::Hello(self.hello()))
            .await
            .ok()?;
        let text = timeout(GREETING, hear(&mut wire.stream)).await.ok()?.ok()?;
        if let Some((theirs, name)) = foreign_hello(&text).filter(|(theirs, _)| *theirs != PROTOCOL)
        {
            self.met_other_protocol(peer, name, theirs).await;
            close(wire, Farewell::Protocol).await;
            return None;
        }
        match Message::decode(&text) {
            Ok(Message::Hello(hello)) => Some(hello),
            _ => {
                close(wire, Farewell::Misbehaved).await;
                None
            }
        }
    }

    /// Settles which connection is the link. `None` if it is not this one; else what the peer says
    /// of itself, the rest of what we say, and the link that this one replaces.
    async fn settle(
        &self,
        wire: &mut Wire,
        link: &Link,
        mut own: Telling,
    ) -> Option<(About, Telling, Option<Link>)> {
        let decides = self.id() < link.peer();
        // The side that does not decide first waits to be shown the decision.
        let shown = if decides {
            None
        } else {
            Some(self.hear_about(wire).await?)
        };
        let before = match self.adopt(link, decides) {
            Verdict::Adopted(before) => before,
            Verdict::Duplicate => {
                close(wire, Farewell::Duplicate).await;
                return None;
            }
            Verdict::NotPaired => {
                close(wire, Farewell::Unpaired).await;
                return None;
            }
        };
        let said = Message::About(own.about());
        let saying = timeout(GREETING, say(&mut wire.sink, &said)).await;
        let about = match (saying, shown) {
            (Ok(Ok(())), Some(about)) => Some(about),
            (Ok(Ok(())), None) => self.hear_about(wire).await,
            _ => None,
        };
        let Some(about) = about else {
            // The one before is the last that worked, but the peer has given it up.
            if let Some(before) = before {
                before.close(WhyDown::Replaced);
            }
            return None;
        };
        Some((about, own, before))
    }

    async fn hear_about(&self, wire: &mut Wire) -> Option<About> {
        let text = timeout(GREETING, hear(&mut wire.stream)).await.ok()?.ok()?;
        match Message::decode(&text) {
            Ok(Message::About(about)) => Some(about),
            _ => {
                close(wire, Farewell::Misbehaved).await;
                None
            }
        }
    }

    /// The link's life, between its two events.
    async fn live(
        self: &Arc<Self>,
        wire: Wire,
        link: &Link,
        ends: Ends,
        about: About,
        mut own: Telling,
        hello: &Hello,
    ) {
        let peer = link.peer();
        let addresses = self.prefer_address(peer, &hello.name, link.address());
        self.emit(NetEvent::LinkUp {
            link: link.clone(),
            about,
            addresses,
        })
        .await;
        if wire.extras.load {
            own = own.with_loads(self.load.subscribe(), wire.extras.heat);
        }
        if wire.extras.rights {
            own = own.with_rights();
        }
        let why = converse(wire, ends, own, |message| {
            self.emit(NetEvent::Message { peer, message })
        })
        .await;
        link.set_ended();
        if why == WhyDown::Unpaired {
            self.forget(peer, true).await;
        }
        self.emit(NetEvent::LinkDown { peer, why }).await;
    }
}

async fn close(wire: &mut Wire, farewell: Farewell) {
    // Whoever does not hear it finds the connection closed.
    let _ = timeout(
        Duration::from_secs(1),
        wire.sink.send(Outgoing::Close(farewell)),
    )
    .await;
}
