//! Pairing by six digits between real nodes, and by whoever has not got them.

use std::net::SocketAddr;

use super::house::{Node, config, identity, soon};
use crate::client;
use crate::ids::{Digest, Half};
use crate::pake::{Exchange, Role, Sides, Spake};
use crate::proto::{AskBody, ConfirmBody, Confirmed, Refusal, TurnAnswer, TurnBody};
use crate::*;

/// Two nodes of which the first has found the second.
async fn near() -> (Node, Node) {
    let (asker, helper) = (Node::named("Studio").await, Node::named("Kitchen").await);
    asker.net.add_address(helper.address()).await.unwrap();
    (asker, helper)
}

async fn request(helper: &mut Node) -> PairRequest {
    let net = helper.net.clone();
    helper
        .event("a request", |event| match event {
            NetEvent::RequestChanged => net.request(),
            _ => None,
        })
        .await
}

async fn outcome(asker: &mut Node) -> Result<Paired, AskError> {
    asker
        .event("the end of asking", |event| match event {
            NetEvent::Asked { outcome, .. } => Some(outcome),
            _ => None,
        })
        .await
}

/// Another code than this one.
fn other(code: &Code) -> Code {
    let number: u32 = code.digits().parse().unwrap();
    format!("{:06}", (number + 1) % 1_000_000).parse().unwrap()
}

#[tokio::test]
async fn six_digits_pair_two_computers() {
    let (mut asker, mut helper) = near().await;
    let asking = asker.net.ask(helper.id()).unwrap();
    assert_eq!(asking.name.as_str(), "Kitchen");
    let request = request(&mut helper).await;
    assert_eq!(
        (request.peer, request.name.as_str()),
        (asker.id(), "Studio")
    );
    let typed = asking.code.to_string().parse().unwrap();
    let paired = soon("the answer", helper.net.answer(typed, Rights::default()))
        .await
        .unwrap();
    assert_eq!((paired.id, paired.name.as_str()), (asker.id(), "Studio"));
    let found = outcome(&mut asker).await.unwrap();
    assert_eq!((found.id, found.name.as_str()), (helper.id(), "Kitchen"));
    assert_eq!(asker.link_up().await.peer(), helper.id());
    assert_eq!(helper.link_up().await.peer(), asker.id());
    assert_eq!((asker.net.asking(), helper.net.request()), (None, None));
    let again = helper.net.answer(asking.code, Rights::default()).await;
    assert_eq!(again, Err(AnswerError::NobodyAsks));
}

#[tokio::test]
async fn a_wrong_code_can_be_typed_three_times() {
    let (mut asker, mut helper) = near().await;
    let asking = asker.net.ask(helper.id()).unwrap();
    request(&mut helper).await;
    let wrong = other(&asking.code);
    for left in [2, 1] {
        let answer = soon(
            "the answer",
            helper.net.answer(wrong.clone(), Rights::default()),
        )
        .await;
        assert_eq!(answer, Err(AnswerError::Wrong(left)));
    }
    let answer = soon("the answer", helper.net.answer(wrong, Rights::default())).await;
    assert_eq!(answer, Err(AnswerError::WrongTooOften));
    assert_eq!(outcome(&mut asker).await, Err(AskError::WrongCode));
    let late = helper.net.answer(asking.code, Rights::default()).await;
    assert_eq!(late, Err(AnswerError::NobodyAsks));
    assert!(asker.net.paired().is_empty() && helper.net.paired().is_empty());
}

#[tokio::test]
async fn after_a_slip_the_right_code_is_still_good() {
    let (mut asker, mut helper) = near().await;
    let asking = asker.net.ask(helper.id()).unwrap();
    request(&mut helper).await;
    let slip = soon(
        "the answer",
        helper.net.answer(other(&asking.code), Rights::default()),
    )
    .await;
    assert_eq!(slip, Err(AnswerError::Wrong(2)));
    soon(
        "the answer",
        helper.net.answer(asking.code, Rights::default()),
    )
    .await
    .unwrap();
    outcome(&mut asker).await.unwrap();
}

#[tokio::test]
async fn it_is_declined_taken_back_and_one_at_a_time() {
    let (mut asker, mut helper) = near().await;
    let mut third = Node::named("Attic").await;
    third.net.add_address(helper.address()).await.unwrap();
    asker.net.ask(helper.id()).unwrap();
    request(&mut helper).await;
    third.net.ask(helper.id()).unwrap();
    assert_eq!(outcome(&mut third).await, Err(AskError::Busy));
    assert!(asker.net.withdraw());
    assert_eq!(outcome(&mut asker).await, Err(AskError::Withdrawn));
    let net = helper.net.clone();
    let over = |event| matches!(event, NetEvent::RequestChanged if net.request().is_none());
    helper
        .event("the withdrawal", |event| over(event).then_some(()))
        .await;
    third.net.ask(helper.id()).unwrap();
    request(&mut helper).await;
    assert!(helper.net.decline(true).await);
    assert_eq!(outcome(&mut third).await, Err(AskError::Declined));
    // Blocked: it is not even asked about.
    third.net.ask(helper.id()).unwrap();
    assert_eq!(outcome(&mut third).await, Err(AskError::Declined));
    assert_eq!(helper.net.request(), None);
}

#[tokio::test]
async fn who_is_not_near_is_not_asked() {
    let asker = Node::named("Studio").await;
    assert_eq!(asker.net.ask(PeerId([9; 32])), Err(AskError::NotNearby));
}

/// A stranger who speaks the protocol by hand.
struct Stranger {
    identity: Identity,
    helper: PeerId,
    address: SocketAddr,
}

impl Stranger {
    fn at(helper: &Node) -> Self {
        Self {
            identity: identity(),
            helper: helper.id(),
            address: helper.address(),
        }
    }

    async fn post<B: serde::Serialize, A: serde::de::DeserializeOwned>(
        &self,
        word: &str,
        body: &B,
    ) -> Result<A, Refusal> {
        let path = format!("pair/{word}");
        client::post(&self.identity, self.helper, self.address, &path, body)
            .await
            .unwrap()
    }

    async fn ask(&self) -> Result<(), Refusal> {
        let ask = AskBody {
            protocol: PROTOCOL,
            name: "Eve".into(),
            port: 1,
        };
        self.post("ask", &ask).await
    }

    /// One guess at the code.
    async fn guess(&self, code: &str) -> Result<Confirmed, Refusal> {
        let sides = Sides {
            asker: self.identity.id(),
            helper: self.helper,
        };
        let (exchange, half) = Spake::begin(Role::Asker, code, sides);
        let answer: TurnAnswer = self.post("turn", &TurnBody { half }).await?;
        let key = exchange
            .finish(&answer.half.expect("nothing typed"))
            .unwrap();
        let proof = crate::pake::confirmation(&key, Role::Asker, sides).into();
        self.post("confirm", &ConfirmBody { proof }).await
    }
}

#[tokio::test]
async fn a_stranger_guesses_once_for_each_time_that_a_person_types() {
    let mut helper = Node::named("Kitchen").await;
    let eve = Stranger::at(&helper);
    eve.ask().await.unwrap();
    request(&mut helper).await;
    let net = helper.net.clone();
    let person = tokio::spawn(async move {
        net.answer("482913".parse().unwrap(), Rights::default())
            .await
    });
    let refusal = soon("a guess", eve.guess("482914")).await.unwrap_err();
    assert_eq!(
        (refusal.error, refusal.held),
        (RefusalCode::PairWrongCode, 2)
    );
    assert_eq!(person.await.unwrap(), Err(AnswerError::Wrong(2)));
    // Nothing new was typed: no half comes back, and no proof is looked at.
    let proof = Digest([0; 32]);
    let confirm = ConfirmBody { proof };
    let again = eve.post::<_, Confirmed>("confirm", &confirm).await;
    assert_eq!(again.unwrap_err().error, RefusalCode::PairOver);
    assert!(helper.net.paired().is_empty());
}

#[tokio::test]
async fn asking_again_and_again_is_stopped() {
    let helper = Node::named("Kitchen").await;
    let mut answers = Vec::new();
    for _ in 0..7 {
        let eve = Stranger::at(&helper);
        answers.push(eve.ask().await.map_err(|refusal| refusal.error));
    }
    assert_eq!(answers[0], Ok(()));
    assert_eq!(answers[1], Err(RefusalCode::PairBusy));
    assert_eq!(answers[6], Err(RefusalCode::SlowDown));
}

#[tokio::test]
async fn words_that_are_none_are_refused_without_a_request() {
    let helper = Node::named("Kitchen").await;
    let eve = Stranger::at(&helper);
    let half = Half([65; 33]);
    let turn = eve.post::<_, TurnAnswer>("turn", &TurnBody { half }).await;
    assert_eq!(turn.unwrap_err().error, RefusalCode::PairOver);
    for (word, body) in [
        (
            "ask",
            serde_json::json!({ "protocol": 1, "name": "Eve", "port": 1, "more": 1 }),
        ),
        (
            "ask",
            serde_json::json!({ "protocol": 1, "name": "E".repeat(65), "port": 1 }),
        ),
        ("turn", serde_json::json!({ "half": "41" })),
        ("confirm", serde_json::json!({ "proof": null })),
    ] {
        let refusal = eve.post::<_, serde_json::Value>(word, &body).await;
        assert_eq!(refusal.unwrap_err().error, RefusalCode::Malformed, "{body}");
    }
    let old = serde_json::json!({ "protocol": 2, "name": "Eve", "port": 1, "more": 1 });
    let refusal = eve
        .post::<_, serde_json::Value>("ask", &old)
        .await
        .unwrap_err();
    assert_eq!(
        (refusal.error, refusal.protocol),
        (RefusalCode::Protocol, PROTOCOL)
    );
    assert_eq!(helper.net.request(), None);
}

/// Somebody between the two: to each side it is the other, with a certificate of its own, and it
/// passes every half and proof on.
#[tokio::test]
async fn a_man_in_the_middle_gets_neither() {
    let mut helper = Node::named("Kitchen").await;
    let mut asker = Node::named("Studio").await;
    // The middle is a node for the asker and a stranger for the helper.
    let middle = Node::start(config(identity(), "Kitchen")).await;
    asker.net.add_address(middle.address()).await.unwrap();
    let asking = asker.net.ask(middle.id()).unwrap();
    let eve = Stranger::at(&helper);
    eve.ask().await.unwrap();
    request(&mut helper).await;
    let net = helper.net.clone();
    let typed = asking.code.clone();
    let person = tokio::spawn(async move { net.answer(typed, Rights::default()).await });
    // What it can take from the asker is a half bound to its own certificate; passed on to the
    // helper, whose half is bound to it as asker, the keys differ.
    let there = Sides {
        asker: asker.id(),
        helper: middle.id(),
    };
    let (exchange, half) = Spake::begin(Role::Asker, asking.code.digits(), there);
    let turn = TurnBody { half };
    let answer: TurnAnswer = soon("a turn", eve.post("turn", &turn)).await.unwrap();
    let key = exchange.finish(&answer.half.unwrap()).unwrap();
    let proof = crate::pake::confirmation(&key, Role::Asker, there).into();
    let confirm = ConfirmBody { proof };
    let refusal = eve
        .post::<_, Confirmed>("confirm", &confirm)
        .await
        .unwrap_err();
    assert_eq!(refusal.error, RefusalCode::PairWrongCode);
    assert_eq!(person.await.unwrap(), Err(AnswerError::Wrong(2)));
    assert!(asker.net.withdraw());
    assert_eq!(outcome(&mut asker).await, Err(AskError::Withdrawn));
    assert!(helper.net.paired().is_empty() && asker.net.paired().is_empty());
}
