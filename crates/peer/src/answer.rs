//! Where a code is typed: the routes by which somebody asks this computer for help, and what a
//! person here says to it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::code::{CODE_LIFETIME, Code, Judgement, PairRequest, Standing, Turn};
use crate::ids::PeerId;
use crate::link::lock;
use crate::net::{NetEvent, Paired};
use crate::pake::Sides;
use crate::proto::{AskBody, ConfirmBody, Confirmed, RefusalCode, TurnAnswer, TurnBody};
use crate::rights::Rights;
use crate::shared::Shared;

/// How long a turn is held while nothing is typed: shorter than a stranger's connection lives.
const HOLD: Duration = Duration::from_secs(8);

/// An asker that has not come for its turn for so long is gone.
const ASKER_GONE: Duration = Duration::from_secs(12);

/// Why a typed code did not pair the two.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// Nobody waits for one.
    #[error("no computer asks for this one's help now; start again on the other computer")]
    NobodyAsks,
    /// Not the code of who asks.
    #[error(
        "this is not the code that the other computer shows; check it and type it again ({0} left)"
    )]
    Wrong(u8),
    /// Nor this time.
    #[error(
        "the code was wrong three times, so it is no longer good; ask again on the other computer"
    )]
    WrongTooOften,
    /// It went away in the meantime.
    #[error("the other computer no longer asks; start again there")]
    Gone,
}

impl Shared {
    /// Somebody asks for help.
    pub(crate) async fn asked(
        self: &Arc<Self>,
        peer: PeerId,
        ip: IpAddr,
        ask: AskBody,
    ) -> Result<(), RefusalCode> {
        let now = Instant::now();
        if !lock(&self.asks).take(ip, now) {
            return Err(RefusalCode::SlowDown);
        }
        let address = SocketAddr::new(ip, ask.port);
        lock(&self.requests).ask(peer, ask.name, address, now)?;
        self.emit(NetEvent::RequestChanged).await;
        let shared = Arc::clone(self);
        self.tasks.spawn(async move {
            // A later request of the same computer has its own end: this only makes people look again.
            let expiry = tokio::time::sleep(CODE_LIFETIME);
            if shared.stop.run_until_cancelled(expiry).await.is_some() {
                shared.emit(NetEvent::RequestChanged).await;
            }
        });
        Ok(())
    }

    /// The asker's turn: held until the code is typed, but not for long.
    pub(crate) async fn turn(
        &self,
        peer: PeerId,
        turn: &TurnBody,
    ) -> Result<TurnAnswer, RefusalCode> {
        let sides = self.as_helper_of(peer);
        let until = Instant::now() + HOLD;
        loop {
            let now = Instant::now();
            let outcome = lock(&self.requests).turn(sides, &turn.half, now)?;
            let mut standing = match outcome {
                Turn::Half(half) => return Ok(TurnAnswer { half: Some(half) }),
                Turn::Wait(standing) => standing,
            };
            let left = until.saturating_duration_since(now);
            let typed = standing.wait_for(|standing| *standing == Standing::Typed);
            match timeout(left, typed).await {
                Ok(Ok(_)) => {}
                // Replaced or over: the next look says which.
                Ok(Err(_)) => {}
                Err(_) => return Ok(TurnAnswer { half: None }),
            }
        }
    }

    /// The asker's proof that it shows the code that was typed here.
    pub(crate) async fn confirm(
        self: &Arc<Self>,
        peer: PeerId,
        confirm: &ConfirmBody,
    ) -> Result<Confirmed, (RefusalCode, u8)> {
        let sides = self.as_helper_of(peer);
        let judged = lock(&self.requests).confirm(sides, confirm.proof, Instant::now());
        let judgement = judged.map_err(|code| (code, 0))?;
        let answer = match judgement {
            Judgement::Right {
                name,
                address,
                rights,
                answer,
                standing,
            } => {
                self.pair(peer, name, vec![address], rights).await;
                standing.send_replace(Standing::Right);
                Ok(Confirmed {
                    name: self.name(),
                    proof: answer,
                })
            }
            Judgement::Wrong(left) => Err((RefusalCode::PairWrongCode, left)),
        };
        self.emit(NetEvent::RequestChanged).await;
        answer
    }

    /// The asker takes its request back.
    pub(crate) async fn withdrawn(&self, peer: PeerId) {
        if lock(&self.requests).end(peer, false) {
            self.emit(NetEvent::RequestChanged).await;
        }
    }

    /// Who waits for a code to be typed here.
    pub(crate) fn request(&self) -> Option<PairRequest> {
        lock(&self.requests).request(Instant::now())
    }

    /// A person typed the code that the other computer shows.
    pub(crate) async fn answer(&self, code: Code, rights: Rights) -> Result<Paired, AnswerError> {
        let now = Instant::now();
        let request = self.request().ok_or(AnswerError::NobodyAsks)?;
        let standing = lock(&self.requests).type_in(code, rights, now);
        let mut standing = standing.ok_or(AnswerError::NobodyAsks)?;
        match timeout(ASKER_GONE, settled(&mut standing)).await {
            Ok(Standing::Right) => {
                let paired = self.paired();
                let found = paired.into_iter().find(|paired| paired.id == request.peer);
                found.ok_or(AnswerError::Gone)
            }
            Ok(Standing::Wrong(0)) => Err(AnswerError::WrongTooOften),
            Ok(Standing::Wrong(left)) => Err(AnswerError::Wrong(left)),
            Ok(Standing::Over | Standing::Untyped | Standing::Typed | Standing::Pairing)
            | Err(_) => Err(AnswerError::Gone),
        }
    }

    /// A person said no. `false` if nobody asked.
    pub(crate) async fn decline(&self, block: bool) -> bool {
        let Some(request) = self.request() else {
            return false;
        };
        let ended = lock(&self.requests).end(request.peer, block);
        self.emit(NetEvent::RequestChanged).await;
        ended
    }

    fn as_helper_of(&self, asker: PeerId) -> Sides {
        Sides {
            asker,
            helper: self.id(),
        }
    }
}

/// How a typed code turned out.
async fn settled(standing: &mut watch::Receiver<Standing>) -> Standing {
    let last = |standing: &Standing| {
        !matches!(
            standing,
            Standing::Untyped | Standing::Typed | Standing::Pairing
        )
    };
    // A request that goes has said how it ended.
    standing
        .wait_for(last)
        .await
        .map_or(Standing::Over, |standing| *standing)
}
