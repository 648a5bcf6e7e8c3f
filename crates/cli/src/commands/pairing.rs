//! The commands about other computers: `ask`, `invite`, `pair`, `peers`, `unpair`.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use api::{ApiError, Asking, Computer, ComputerId, ComputerStatus, ErrorCode, Scene, call};

use super::with_node;
use crate::args;
use crate::door::Door;
use crate::node::Start;
use crate::present::json::{IdentityLine, InviteLine, PairLine, PeerLine};
use crate::present::{self, computers, human};
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
        let drawn = present::can_show();
        if drawn || args.qr {
            app.out.text(&computers::qr(&invite.qr, drawn));
        }
        app.out
            .remark("Type on the other computer:  manyhands pair INVITE  (or `manyhands pair -`, and paste it there). Whoever helps then receives pieces of the other's videos.");
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

/// `ask`: shows a code and waits until it is typed on the other computer.
pub async fn ask(args: &args::Ask, app: &App) -> Result<End, ApiError> {
    with_node(app, Start::default(), async |node| {
        let mut watch = Watch::start(node).await?;
        let asking = tokio::select! {
            asking = find_and_ask(node, &mut watch, &args.computer) => asking?,
            () = app.stop.asked() => return Ok(End::Stopped),
        };
        let line = PairLine::code(&asking);
        let name = computers::name(&asking.name, &asking.id);
        app.out.result(&line, || asking.code.clone());
        app.out.remark(&format!(
            "Type this code on {name} within two minutes. {name} will receive pieces of your videos."
        ));
        tokio::select! {
            answer = answered(node, &mut watch, &asking) => {
                say_paired(app, &answer?);
                Ok(End::Done)
            }
            () = app.stop.asked() => {
                node.call(call::Withdraw {}).await?;
                Ok(End::Stopped)
            }
        }
    })
    .await
}

/// Asks a computer as it was named. One that is not known yet may be about to be found, or named by its address.
async fn find_and_ask(node: &Door, watch: &mut Watch, named: &str) -> Result<Asking, ApiError> {
    let id = named.to_owned();
    // Nobody is called as an address is: that is called at once.
    let patience = if is_address(named) {
        Duration::ZERO
    } else {
        LOOK_AROUND
    };
    let until = tokio::time::Instant::now() + patience;
    loop {
        let asked = node.call(call::Ask { id: id.clone() }).await;
        let unknown = matches!(&asked, Err(error) if error.code == ErrorCode::NoSuchPeer);
        if !unknown {
            return asked;
        }
        if tokio::time::timeout_at(until, watch.next(node))
            .await
            .is_err()
        {
            break;
        }
    }
    let known: BTreeSet<ComputerId> = near(&watch.scene).map(|one| one.id.clone()).collect();
    let address = named.to_owned();
    node.call(call::Connect { address }).await?;
    let until = tokio::time::Instant::now() + LOOK_AROUND;
    loop {
        watch.refresh(node).await?;
        let is_there = |one: &&Computer| {
            let address = one.address.as_deref().unwrap_or_default();
            !known.contains(&one.id) || address.starts_with(named)
        };
        if let Some(found) = near(&watch.scene).find(is_there) {
            let id = found.id.0.clone();
            return node.call(call::Ask { id }).await;
        }
        if tokio::time::timeout_at(until, watch.next(node))
            .await
            .is_err()
        {
            return Err(ApiError::new(
                ErrorCode::NoSuchPeer,
                format!(
                    "The computer at {named} cannot be asked: it is paired already, or not there."
                ),
            )
            .help("`manyhands peers` lists all computers."));
        }
    }
}

/// Whether this is an address, with or without a port, and no computer's name.
fn is_address(named: &str) -> bool {
    let host = named.trim_start_matches('[');
    let host = host.split(['%', ']']).next().unwrap_or(host);
    named.parse::<SocketAddr>().is_ok() || host.parse::<IpAddr>().is_ok()
}

fn near(scene: &Scene) -> impl Iterator<Item = &Computer> {
    let computers = scene.computers.iter();
    computers.filter(|one| one.status == ComputerStatus::Nearby)
}

/// Waits for the end of asking.
async fn answered(node: &Door, watch: &mut Watch, asking: &Asking) -> Result<Computer, ApiError> {
    loop {
        watch.next(node).await?;
        let scene = &watch.scene;
        let paired = scene
            .computers
            .iter()
            .find(|one| one.id == asking.id && one.status != ComputerStatus::Nearby);
        if let Some(paired) = paired {
            return Ok(paired.clone());
        }
        let refusal = scene.pairing.refusal.as_ref();
        if let Some(refusal) = refusal.filter(|refusal| refusal.id == asking.id)
            && scene.pairing.asking.is_none()
        {
            return Err(refusal.error.clone());
        }
    }
}

/// `pair`: types a code, redeems an invite, says no, or shows who asks.
pub async fn pair(args: &args::Pair, app: &App) -> Result<End, ApiError> {
    with_node(app, Start::default(), async |node| {
        let Some(with) = &args.with else {
            return asked(args, node, app).await;
        };
        let paired = async {
            match with.trim() {
                "-" => pair_with(typed(app).await?, args, node).await,
                with => pair_with(with.to_owned(), args, node).await,
            }
        };
        let (computer, by_code) = tokio::select! {
            paired = paired => paired?,
            () = app.stop.asked() => return Ok(End::Stopped),
        };
        say_paired(app, &computer);
        if by_code {
            say_if_not_donating(node, app).await?;
        }
        Ok(End::Done)
    })
    .await
}

/// Pairs with a code or an invite, and tells whether it was a code.
async fn pair_with(
    with: String,
    args: &args::Pair,
    node: &Door,
) -> Result<(Computer, bool), ApiError> {
    let (reverse, donate) = (!args.one_way, args.donate);
    let is_code = !with.starts_with("mh") && with.bytes().all(|b| !b.is_ascii_alphabetic());
    if is_code {
        let code = with;
        let answer = call::Answer {
            code,
            reverse,
            donate,
        };
        return Ok((node.call(answer).await?, true));
    }
    let mut computer = node.call(call::Pair { invite: with }).await?;
    if donate {
        node.call(call::Donate { on: true }).await?;
    }
    if !reverse {
        let id = computer.id.0.clone();
        let only = call::SetRights {
            id,
            helps_us: Some(false),
            we_help: None,
        };
        computer = node.call(only).await?;
    }
    Ok((computer, false))
}

/// Whoever answers a request for help should know that nothing comes of it while helping is off.
async fn say_if_not_donating(node: &Door, app: &App) -> Result<(), ApiError> {
    if !node.call(call::Snapshot {}).await?.scene.here.donating {
        app.out.remark(
            "Helping is off on this computer: `manyhands settings --donate on` turns it on.",
        );
    }
    Ok(())
}

/// Reads a code or an invite from standard input, where it stands in no list of processes and in no history of a shell.
async fn typed(app: &App) -> Result<String, ApiError> {
    app.out
        .remark("Type the code, or paste the invite, then Enter:");
    // On a thread of its own: Ctrl-C must not wait for the Enter.
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map(|_| line)
    });
    let line = read.await.map_err(std::io::Error::other).flatten();
    let line = line.map_err(|error| {
        let text = format!("Nothing could be read: {error}.");
        ApiError::new(ErrorCode::BadRequest, text)
    })?;
    Ok(line.trim().to_owned())
}

/// Who asks for this computer's help, or the answer no.
async fn asked(args: &args::Pair, node: &Door, app: &App) -> Result<End, ApiError> {
    let watch = Watch::start(node).await?;
    let Some(request) = &watch.scene.pairing.request else {
        return Err(ApiError::new(
            ErrorCode::NotNow,
            "No computer asks for this one's help now.",
        )
        .help("Start on the other computer: `manyhands ask`, or Ask for help in its window."));
    };
    let name = human::plain(&request.name);
    if args.decline || args.block {
        node.call(call::Decline { block: args.block }).await?;
        let line = PairLine::Declined {
            id: request.id.0.clone(),
            name: request.name.clone(),
        };
        app.out.result(&line, || {
            format!("Declined: {name} does not get help from this computer.")
        });
        return Ok(End::Done);
    }
    app.out.result(&PairLine::request(request), || {
        format!("{name} wants this computer to help with videos. Pieces of them come here then. Type the code shown on it: manyhands pair CODE")
    });
    Ok(End::Done)
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
            app.out.text(&computers::list(&here.computer, computers));
        }
        Ok(End::Done)
    })
    .await
}

/// `rights`: what a computer and this one may ask of each other, shown and changed.
pub async fn rights(args: &args::Rights, app: &App) -> Result<End, ApiError> {
    with_node(app, Start::default(), async |node| {
        let on = |whether: Option<args::Whether>| whether.map(|one| one == args::Whether::On);
        let computer = node
            .call(call::SetRights {
                id: args.id.clone(),
                helps_us: on(args.i_may_use),
                we_help: on(args.may_use_me),
            })
            .await?;
        app.out.result(&PeerLine::new(&computer, false), || {
            computers::rights(&computer)
        });
        Ok(End::Done)
    })
    .await
}

/// `identity`: who this computer is, or a new one.
pub async fn identity(args: &args::Identity, app: &App) -> Result<End, ApiError> {
    with_node(app, Start::to_look(), async |node| {
        let id = node.call(call::Snapshot {}).await?.scene.here.computer.id.0;
        if args.deed.is_none() {
            app.out.result(
                &IdentityLine {
                    id: Some(id.clone()),
                },
                || id.clone(),
            );
            return Ok(End::Done);
        }
        node.call(call::NewIdentity {}).await?;
        app.out.result(&IdentityLine { id: None }, || {
            "This computer has a new identity from its next start on; its pairings are forgotten."
                .to_owned()
        });
        if !node.is_own() {
            app.out.remark(
                "A node runs with this data folder: stop it and start it again, then pair it anew.",
            );
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
            "Paired with {} ({}). {}",
            human::plain(&computer.name),
            human::plain(id),
            may_now(computer)
        )
    });
}

/// What pairing allows, and what goes with it.
fn may_now(computer: &Computer) -> &'static str {
    if computer.helps_us {
        "The two may now ask each other for help; whoever helps receives pieces of the other's videos."
    } else {
        "It may now ask this computer for help, and sends pieces of its videos here then."
    }
}

fn not_used() -> ApiError {
    ApiError::new(
        ErrorCode::InviteExpired,
        "Nobody used the invite in its time.",
    )
    .help("Make a new one: `manyhands invite`.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_from_a_name() {
        for address in [
            "192.168.1.20",
            "192.168.1.20:47820",
            "fe80::1",
            "[fe80::1]:9",
            "fe80::1%eth0",
            "[fe80::1%2]:9",
        ] {
            assert!(is_address(address), "{address}");
        }
        for name in ["kitchen", "kitchen.local", "kitchen:9", "9f86", "10", ""] {
            assert!(!is_address(name), "{name}");
        }
    }
}
