//! Asking another computer for help: show a code, and wait until somebody types it there.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::client::{self, DialError};
use crate::code::{CODE_LIFETIME, CODE_TRIES, Code};
use crate::ids::PeerId;
use crate::link::lock;
use crate::net::{NetEvent, Paired};
use crate::pake::{Exchange, Role, Sides, Spake, confirmation};
use crate::proto::{
    AskBody, ConfirmBody, Confirmed, Name, PROTOCOL, Refusal, RefusalCode, TurnAnswer, TurnBody,
};
use crate::rights::Rights;
use crate::shared::Shared;

/// A helper that does not answer is called again after so long.
const AGAIN: Duration = Duration::from_secs(1);

/// Why nothing came of asking. Each is a sentence with what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// It is not in reach, or paired already.
    #[error("this computer is not in reach now; check that Manyhands is running on it")]
    NotNearby,
    /// Somebody else asks it at this moment.
    #[error("another computer is asking it at this moment; try again in two minutes")]
    Busy,
    /// A person there said no.
    #[error("somebody at the other computer declined")]
    Declined,
    /// Nobody typed the code.
    #[error("nobody typed the code within two minutes; ask again when somebody is there")]
    Expired,
    /// It was typed wrongly three times.
    #[error("the code was typed wrongly three times, so it is no longer good; ask again")]
    WrongCode,
    /// What answered did not know the code: it is not the computer on which it was typed.
    #[error(
        "what answered does not know the code, so something else stands between the two computers; check the network and ask again"
    )]
    Impostor,
    /// It was asked too often.
    #[error("it was asked too often; wait a minute and try again")]
    SlowDown,
    /// The versions do not fit.
    #[error(
        "the other computer's Manyhands cannot be asked this way; install the same version on both"
    )]
    OtherVersion,
    /// It was taken back here.
    #[error("the request was taken back")]
    Withdrawn,
    /// It could not be reached, or not understood.
    #[error("{0}")]
    Unreachable(#[from] DialError),
}

/// A code that is being shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asking {
    /// Who is asked.
    pub peer: PeerId,
    /// What it calls itself.
    pub name: Name,
    /// What to show.
    pub code: Code,
    /// How long it is still good.
    pub left: Duration,
    /// How often it may still be typed.
    pub tries: u8,
}

/// The code shown here, if one is.
pub(crate) struct Shown {
    peer: PeerId,
    name: Name,
    code: Code,
    until: Instant,
    tries: u8,
    stop: CancellationToken,
}

impl Shared {
    /// Begins to ask `peer`, in place of whoever was asked before.
    pub(crate) fn ask(self: &Arc<Self>, peer: PeerId) -> Result<Asking, AskError> {
        let nearby = self.nearby().into_iter().find(|near| near.peer == peer);
        let nearby = nearby.ok_or(AskError::NotNearby)?;
        let stop = self.stop.child_token();
        let shown = Shown {
            peer,
            name: nearby.name,
            code: Code::random(),
            until: Instant::now() + CODE_LIFETIME,
            tries: CODE_TRIES,
            stop: stop.clone(),
        };
        let round = Round {
            peer,
            addresses: nearby.addresses,
            code: shown.code.clone(),
            until: shown.until,
        };
        let asking = shown.told();
        if let Some(before) = lock(&self.asking).replace(shown) {
            before.stop.cancel();
        }
        let shared = Arc::clone(self);
        self.tasks.spawn(async move {
            let outcome = shared.ask_until_answered(&round, &stop).await;
            shared.asked_out(&stop);
            let event = NetEvent::Asked { peer, outcome };
            shared.emit(event).await;
        });
        Ok(asking)
    }

    /// What is shown now.
    pub(crate) fn asking(&self) -> Option<Asking> {
        lock(&self.asking).as_ref().map(Shown::told)
    }

    /// Takes the request back. `false` if there was none.
    pub(crate) fn withdraw(&self) -> bool {
        let shown = lock(&self.asking).take();
        if let Some(shown) = &shown {
            shown.stop.cancel();
        }
        shown.is_some()
    }

    /// The code of the run that `stop` belongs to is no longer shown.
    fn asked_out(&self, stop: &CancellationToken) {
        stop.cancel();
        let mut asking = lock(&self.asking);
        if asking
            .as_ref()
            .is_some_and(|shown| shown.stop.is_cancelled())
        {
            *asking = None;
        }
    }

    async fn ask_until_answered(
        self: &Arc<Self>,
        round: &Round,
        stop: &CancellationToken,
    ) -> Result<Paired, AskError> {
        // Until the last answer is here the helper may know us while we do not know it.
        let _pairing = self.redeeming(round.peer);
        let reached = client::reach(&self.identity, round.peer, &round.addresses).await?;
        let address = reached.address;
        drop(reached);
        let asked = stop
            .run_until_cancelled(timeout_at(round.until, self.converse(round, address)))
            .await;
        match asked {
            Some(Ok(outcome)) => outcome,
            ended => {
                // It learns of it by its own clock too, only later.
                let _ = self
                    .post::<_, ()>(round.peer, address, "withdraw", &())
                    .await;
                Err(match ended {
                    None => AskError::Withdrawn,
                    Some(_) => AskError::Expired,
                })
            }
        }
    }

    async fn converse(
        self: &Arc<Self>,
        round: &Round,
        address: SocketAddr,
    ) -> Result<Paired, AskError> {
        let ask = AskBody {
            protocol: PROTOCOL,
            name: self.name(),
            port: self.listen.port(),
        };
        self.post::<_, ()>(round.peer, address, "ask", &ask)
            .await?
            .map_err(refused)?;
        loop {
            match self.one_round(round, address).await {
                Ok(Some(welcome)) => {
                    let mut addresses = vec![address];
                    let others = round.addresses.iter();
                    addresses.extend(others.filter(|other| **other != address));
                    let rights = Rights::default();
                    return Ok(self.pair(round.peer, welcome.name, addresses, rights).await);
                }
                Ok(None) => {}
                // One lost answer is not the end of it.
                Err(AskError::Unreachable(DialError::Unreachable(_))) => {
                    tokio::time::sleep(AGAIN).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// One turn, and with luck what follows from it. `None`: nothing typed yet, or not the right code.
    async fn one_round(
        self: &Arc<Self>,
        round: &Round,
        address: SocketAddr,
    ) -> Result<Option<Confirmed>, AskError> {
        let sides = Sides {
            asker: self.id(),
            helper: round.peer,
        };
        let (exchange, half) = Spake::begin(Role::Asker, round.code.digits(), sides);
        let turn = TurnBody { half };
        let answer = self.post(round.peer, address, "turn", &turn).await?;
        let TurnAnswer { half: theirs } = answer.map_err(refused)?;
        let Some(theirs) = theirs else {
            return Ok(None);
        };
        let key = exchange.finish(&theirs).ok_or(AskError::Impostor)?;
        let confirm = ConfirmBody {
            proof: confirmation(&key, Role::Asker, sides).into(),
        };
        let answer = self.post::<_, Confirmed>(round.peer, address, "confirm", &confirm);
        match answer.await? {
            Ok(confirmed) => {
                let right = confirmation(&key, Role::Helper, sides);
                let proved = right == blake3::Hash::from_bytes(confirmed.proof.0);
                proved.then_some(Some(confirmed)).ok_or(AskError::Impostor)
            }
            Err(refusal) if refusal.error == RefusalCode::PairWrongCode => {
                self.one_try_less().await.map(|()| None)
            }
            Err(refusal) => Err(refused(refusal)),
        }
    }

    /// A wrong code was typed. Counted here too: each round lets the other side guess once.
    async fn one_try_less(&self) -> Result<(), AskError> {
        let left = lock(&self.asking).as_mut().map_or(0, |shown| {
            shown.tries = shown.tries.saturating_sub(1);
            shown.tries
        });
        self.emit(NetEvent::RequestChanged).await;
        if left == 0 {
            return Err(AskError::WrongCode);
        }
        Ok(())
    }

    async fn post<B: serde::Serialize, A: serde::de::DeserializeOwned>(
        &self,
        peer: PeerId,
        address: SocketAddr,
        word: &str,
        body: &B,
    ) -> Result<Result<A, Refusal>, DialError> {
        let path = format!("pair/{word}");
        client::post(&self.identity, peer, address, &path, body).await
    }
}

/// What one asking goes by.
struct Round {
    peer: PeerId,
    addresses: Vec<SocketAddr>,
    code: Code,
    until: Instant,
}

impl Shown {
    fn told(&self) -> Asking {
        Asking {
            peer: self.peer,
            name: self.name.clone(),
            code: self.code.clone(),
            left: self.until.saturating_duration_since(Instant::now()),
            tries: self.tries,
        }
    }
}

fn refused(refusal: Refusal) -> AskError {
    match refusal.error {
        RefusalCode::PairBusy => AskError::Busy,
        RefusalCode::PairDeclined | RefusalCode::PairOver => AskError::Declined,
        RefusalCode::PairWrongCode => AskError::WrongCode,
        RefusalCode::SlowDown => AskError::SlowDown,
        RefusalCode::Protocol
        | RefusalCode::NotPaired
        | RefusalCode::NoSuchThing
        | RefusalCode::Malformed => AskError::OtherVersion,
        code => AskError::Unreachable(DialError::Refused(code)),
    }
}
