//! The commands about other computers: `invite`, `pair`, `peers`, `unpair`.

use std::collections::BTreeSet;
use std::time::Duration;

use api::{ApiError, Computer, ComputerId, ComputerStatus, ErrorCode, Scene, call};

use super::with_node;
use crate::args;
use crate::door::Door;
use crate::node::Start;
use crate::present::human;
use crate::present::json::{InviteLine, PairLine, PeerLine};
use crate::watch::Watch;
use crate::{App, End};

/// How long a node that was started only to list the computers looks for them.
const LOOK_AROUND: Duration = Duration::from_secs(3);

/// `invite`: prints the line for the other computer; waits for it where the node is our own.
pub async fn invite(args: &args::Invite, app: &App) -> Result<End, ApiError> {
    with_node(app, Start::default(), async |node| {
        let mut watch = Watch::start(node).await?;
        let known = paired(&watch.scene);
        let invite = node.call(call::Invite {}).await?;
        let line = InviteLine {
            invite: invite.text.clone(),
            valid_s: invite.valid_s,
        };
        app.out.result(&line, || invite.text.clone());
        app.out
            .remark("Type on the other computer:  manyhands pair INVITE");
        if !node.is_own() && !args.wait {
            return Ok(End::Done);
        }
        app.out
            .remark("Waiting until it is used; Ctrl-C takes it back.");
        let newcomer = tokio::select! {
            newcomer = newcomer(node, &mut watch, &known) => newcomer?,
            () = tokio::time::sleep(Duration::from_secs(invite.valid_s)) => return Err(not_used()),
            () = app.stop.asked() => return Ok(End::Stopped),
        };
        say_paired(app, &newcomer);
        Ok(End::Done)
    })
    .await
}

/// `pair`: redeems an invite.
pub async fn pair(args: args::Pair, app: &App) -> Result<End, ApiError> {
    with_node(app, Start::default(), async |node| {
        let computer = tokio::select! {
            computer = node.call(call::Pair { invite: args.invite.clone() }) => computer?,
            () = app.stop.asked() => return Ok(End::Stopped),
        };
        say_paired(app, &computer);
        Ok(End::Done)
    })
    .await
}

/// `peers`: the list of computers. A node of our own first looks for those it is paired with.
pub async fn peers(app: &App) -> Result<End, ApiError> {
    with_node(app, Start::default(), async |node| {
        let mut watch = Watch::start(node).await?;
        if node.is_own() {
            tokio::select! {
                all = everyone(node, &mut watch) => all?,
                () = tokio::time::sleep(LOOK_AROUND) => {}
                () = app.stop.asked() => return Ok(End::Stopped),
            }
        }
        let Scene {
            here, computers, ..
        } = &watch.scene;
        if app.out.is_json() {
            app.out.line(&PeerLine::new(&here.computer, true));
            computers
                .iter()
                .for_each(|one| app.out.line(&PeerLine::new(one, false)));
        } else {
            app.out.text(&human::computers(&here.computer, computers));
        }
        Ok(End::Done)
    })
    .await
}

/// `unpair`: ends a pairing. The other computer learns of it if it is there.
pub async fn unpair(args: args::Unpair, app: &App) -> Result<End, ApiError> {
    with_node(app, Start::default(), async |node| {
        let id = args.id.clone();
        node.call(call::Unpair { id: id.clone() }).await?;
        let text = format!(
            "{} is no longer paired with this computer.",
            human::plain(&id)
        );
        app.out.result(&PairLine::Unpaired { id }, || text);
        Ok(End::Done)
    })
    .await
}

fn paired(scene: &Scene) -> BTreeSet<ComputerId> {
    let paired = scene
        .computers
        .iter()
        .filter(|one| one.status != ComputerStatus::Nearby);
    paired.map(|one| one.id.clone()).collect()
}

/// Waits for a paired computer that is not among those known.
async fn newcomer(
    node: &Door,
    watch: &mut Watch,
    known: &BTreeSet<ComputerId>,
) -> Result<Computer, ApiError> {
    loop {
        let is_new =
            |one: &&Computer| one.status != ComputerStatus::Nearby && !known.contains(&one.id);
        if let Some(computer) = watch.scene.computers.iter().find(is_new) {
            return Ok(computer.clone());
        }
        watch.next(node).await?;
    }
}

/// Waits until every paired computer is there.
async fn everyone(node: &Door, watch: &mut Watch) -> Result<(), ApiError> {
    while watch
        .scene
        .computers
        .iter()
        .any(|one| one.status == ComputerStatus::Offline)
    {
        watch.next(node).await?;
    }
    Ok(())
}

fn say_paired(app: &App, computer: &Computer) {
    let line = PairLine::Paired {
        id: computer.id.0.clone(),
        name: computer.name.clone(),
    };
    let id = computer.id.0.get(..8).unwrap_or(&computer.id.0);
    app.out.result(&line, || {
        format!(
            "Paired with {} ({}). The two may now ask each other for help.",
            human::plain(&computer.name),
            human::plain(id)
        )
    });
}

fn not_used() -> ApiError {
    ApiError::new(
        ErrorCode::InviteExpired,
        "Nobody used the invite in its time.",
    )
    .help("Make a new one: `manyhands invite`.")
}
