//! Pairing, by others than those who want it.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use peer::{AskError, Code, Net, NetEvent, PeerId};
use tests::nodes::until;
use tests::product;

use super::attacker::Attacker;
use super::house::{House, Node, Peer, knowing, quiet};

fn is_paired(node: &Node, id: PeerId) -> bool {
    node.knows(id).is_some_and(|line| line["paired"] == true)
}

fn another(code: &Code) -> String {
    let number: u32 = code.digits().parse().unwrap();
    format!("{:06}", (number + 1) % 1_000_000)
}

/// Three times wrong is three times too often, even if the right one is typed then.
pub fn wrong_code(house: &mut House) {
    let folder = house.path("guesser");
    let mut asker = Peer::start(&house.runtime, house.node.id, quiet(&folder, "Studio"));
    let net = asker.net.clone();
    house
        .runtime
        .block_on(net.add_address(house.node.address))
        .unwrap();
    let asking = net.ask(house.node.id).unwrap();
    until("the request", || {
        Ok((house.node.ask(&["pair"]).exit == Some(0)).then_some(()))
    })
    .unwrap();
    for left in [2, 1, 0] {
        let typed = house.node.ask(&["pair", &another(&asking.code)]);
        assert_eq!(typed.last("code"), "wrong_code", "{left} left: {typed:?}");
    }
    let right = house.node.ask(&["pair", asking.code.digits()]);
    assert_ne!(right.exit, Some(0), "{right:?}");
    let outcome = asker.event("the end of asking", |event| match event {
        NetEvent::Asked { outcome, .. } => Some(outcome),
        _ => None,
    });
    assert_eq!(outcome, Err(AskError::WrongCode));
    assert!(!is_paired(&house.node, net.id()));
    asker.leave();
}

/// The body of a redemption, as docs/protocol.md has it.
pub fn redemption(invite: &str, redeemer: PeerId) -> String {
    let (inviter, rest) = invite
        .strip_prefix("mh1:")
        .unwrap()
        .split_once(':')
        .unwrap();
    let (secret, _) = rest.split_once('@').unwrap();
    let decode = |text: &str| {
        BASE32_NOPAD
            .decode(text.to_ascii_uppercase().as_bytes())
            .unwrap()
    };
    let key = blake3::derive_key("manyhands protocol 1 invite redeem", &decode(secret));
    let proof = blake3::Hasher::new_keyed(&key)
        .update(&decode(inviter))
        .update(&redeemer.0)
        .finalize();
    let proof = HEXLOWER.encode(proof.as_bytes());
    format!(r#"{{"protocol":1,"name":"Studio","port":9,"proof":"{proof}"}}"#)
}

/// What was seen of somebody else's pairing is worth nothing, and what was used is used.
pub fn replayed(house: &mut House) {
    let to = house.node.address;
    let (guest, thief) = (
        Attacker::of(&house.path("guest"), 21),
        Attacker::of(&house.path("thief"), 22),
    );
    let redeem = "/v1/pair/redeem";
    let invite = house.node.invite();
    let seen = redemption(&invite, guest.id);
    assert_eq!(
        thief.post(to, redeem, &seen),
        (403, "invite_unknown".to_owned())
    );
    assert_eq!(guest.post(to, redeem, &seen).0, 200);
    assert!(is_paired(&house.node, guest.id));
    assert_eq!(
        guest.post(to, redeem, &seen),
        (410, "invite_used".to_owned())
    );
    assert_eq!(
        thief.post(to, redeem, &seen),
        (403, "invite_unknown".to_owned())
    );
    let own = redemption(&invite, thief.id);
    assert_eq!(
        thief.post(to, redeem, &own),
        (410, "invite_used".to_owned())
    );
    assert!(!is_paired(&house.node, thief.id));
    house.node.ask(&["unpair", &guest.id.to_string()]);
    // A proof of somebody who is forgotten does not bring it back.
    assert_eq!(guest.post(to, redeem, &seen).0, 410);

    // A code's words, after the request they belonged to.
    let ask = r#"{"protocol":1,"name":"Studio","port":9}"#;
    assert_eq!(guest.post(to, "/v1/pair/ask", ask).0, 200);
    assert_eq!(guest.post(to, "/v1/pair/withdraw", "").0, 200);
    let turn = format!(r#"{{"half":"{}"}}"#, "ab".repeat(33));
    let confirm = format!(r#"{{"proof":"{}"}}"#, "ab".repeat(32));
    for (path, body) in [("/v1/pair/turn", &turn), ("/v1/pair/confirm", &confirm)] {
        assert_eq!(
            guest.post(to, path, body),
            (410, "pair_over".to_owned()),
            "{path}"
        );
        assert_eq!(
            thief.post(to, path, body),
            (410, "pair_over".to_owned()),
            "{path}"
        );
    }
}

/// Ten minutes are not waited for: a node of this process makes an invite that is old at once.
pub fn expired(house: &mut House) {
    let config = quiet(&house.path("inviter"), "Loft");
    let (net, _events) = house.runtime.block_on(Net::start(config)).unwrap();
    let invite = net.invite_for(std::time::Duration::ZERO).to_string();
    let late = Attacker::of(&house.path("late"), 23);
    let answer = late.post(
        net.listen_addr(),
        "/v1/pair/redeem",
        &redemption(&invite, late.id),
    );
    assert_eq!(answer, (410, "invite_expired".to_owned()));
    assert!(net.paired().is_empty());
    house.runtime.block_on(net.shutdown());
}

/// Whoever ends TLS between the two has another certificate than either wants, and the code binds both.
pub fn in_the_middle(house: &mut House) {
    let middle = Arc::new(Attacker::of(&house.path("middle"), 31));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let trap = listener.local_addr().unwrap();
    let (to, server) = (house.node.address, middle.server());
    let relaying = Arc::clone(&middle);
    std::thread::spawn(move || {
        for near in listener.incoming().flatten() {
            let (middle, server) = (Arc::clone(&relaying), Arc::clone(&server));
            std::thread::spawn(move || middle.relay(near, server, to));
        }
    });

    let data = house.path("lured");
    let lured = Node::serve(
        Command::new(product::program().unwrap()),
        &data,
        &["--no-mdns"],
    );
    let mut asking = Command::new(product::program().unwrap());
    asking
        .arg("--data")
        .arg(&data)
        .args(["--json", "ask", &trap.to_string()]);
    asking
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped());
    let mut asking = super::house::Running(asking.spawn().unwrap());
    let said = asking.0.stdout.take().unwrap();
    let mut said = std::io::BufRead::lines(std::io::BufReader::new(said));
    let shown: serde_json::Value = serde_json::from_str(&said.next().unwrap().unwrap()).unwrap();
    assert_eq!(
        shown["name"], "Kitchen",
        "the asker believes it asks the node: {shown}"
    );
    until("the request", || {
        Ok((house.node.ask(&["pair"]).exit == Some(0)).then_some(()))
    })
    .unwrap();
    let code = shown["code"].as_str().unwrap();
    let typed = house.node.ask(&["pair", code]);
    assert_eq!(typed.last("code"), "wrong_code", "{typed:?}");
    for id in [middle.id, lured.id] {
        assert!(!is_paired(&house.node, id));
    }
    for id in [middle.id, house.node.id] {
        assert!(!is_paired(&lured, id));
    }
    house.node.ask(&["pair", "--decline"]);
}

/// A computer that is known is called at its address, and somebody else answers: not a word is said to it.
pub fn other_identity(house: &mut House) {
    let folder = house.path("moved");
    let known = house.paired("moved");
    let (id, address) = (known.net.id(), known.net.listen_addr());
    known.leave();
    let impostor = Attacker::of(&house.path("impostor"), 41);
    let heard = impostor.listen(address);
    assert_eq!(heard, b"", "what the node said to an impostor");
    assert!(is_paired(&house.node, id) && !is_paired(&house.node, impostor.id));
    let line = house.node.knows(id).unwrap();
    assert_eq!(line["state"], "other_identity", "{line}");
    // And the other way round: the impostor asks for what only the known one may have.
    assert_eq!(
        impostor
            .request(house.node.address, super::attacker::get("/v1/link"))
            .0,
        403
    );
    // The real one is still welcome.
    let config = knowing(&house.node, quiet(&folder, "Studio"));
    let back = Peer::start(&house.runtime, house.node.id, config);
    back.link();
    back.leave();
    house.node.ask(&["unpair", &id.to_string()]);
}

/// Names are text: what cannot be one is refused, what can be one touches nothing.
pub fn names(house: &mut House) {
    let to: SocketAddr = house.node.address;
    let ask = |last: u8, name: &str| {
        let namer = Attacker::of(&house.path("namer"), last);
        let name = serde_json::Value::from(name);
        let body = format!(r#"{{"protocol":1,"name":{name},"port":9}}"#);
        let asked = namer.post(to, "/v1/pair/ask", &body);
        let request = house.node.ask(&["pair"]);
        namer.post(to, "/v1/pair/withdraw", "");
        (
            asked.0,
            request.last("name").as_str().unwrap_or_default().to_owned(),
        )
    };
    let before = listing(&house.node.data);
    let bad = [
        "a\nb",
        "a\0b",
        "\u{1b}[2J",
        "a\u{202e}txt.exe",
        "a\u{2028}b",
        "\u{7f}",
        "\u{feff}",
    ];
    for (name, last) in bad.iter().zip(50..) {
        assert_eq!(ask(last, name).0, 400, "{name:?}");
    }
    assert_eq!(ask(60, &"a".repeat(65)).0, 400);
    // Few may ask in a minute, so one has it all.
    let nasty = "../../etc/passwd <img src=x onerror=alert(1)> -i %s '\"`$HOME";
    assert_eq!(ask(70, nasty), (200, nasty.to_owned()));
    assert_eq!(listing(&house.node.data), before, "names made files");
}

fn listing(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // The database's own side files come and go.
        if path.is_dir() {
            all.extend(listing(&path));
        } else if !path.to_string_lossy().contains("-wal")
            && !path.to_string_lossy().contains("-shm")
        {
            all.push(path);
        }
    }
    all.sort();
    all
}
