//! Somebody wants to know, or to have, what lies on a disk that he does not see.

use peer::{BLOCK, Digest, Link, Mark, Message, NetEvent, OwnReading, Shared, SharedId};

use super::house::{House, Outcome, Peer, Wanted, spec};

/// More than a node remembers.
const FLOOD: usize = 300;

/// As any computer makes them: this is no secret, the content is.
fn mark(film: SharedId, name: &str) -> Mark {
    let mut hasher = blake3::Hasher::new_derive_key("manyhands protocol 1 name of a shared film");
    hasher.update(&film.0);
    hasher.update(name.as_bytes());
    let mut mark = [0; 16];
    hasher.finalize_xof().fill(&mut mark);
    Mark(mark)
}

/// What a node says of a film: the places it asks for, and whether it sees it once it was shown `digests` of them.
fn asked(
    house: &House,
    peer: &mut Peer,
    (name, bytes): (&str, u64),
    digests: impl FnOnce(&[u64]) -> Vec<Digest>,
) -> (SharedId, bool) {
    let (film, link) = (SharedId::random(), peer.link());
    let trail = vec![mark(film, name), mark(film, "media")];
    let find = Shared::Find { film, bytes, trail };
    let say = |link: &Link, word| {
        house
            .runtime
            .block_on(link.send(Message::Shared(word)))
            .unwrap()
    };
    say(&link, find);
    let places = peer.event("places to show", |event| match event {
        NetEvent::Message {
            message: Message::Shared(Shared::Places { film: of, places }),
            ..
        } if of == film => Some(places),
        _ => None,
    });
    let digests = digests(&places);
    say(&link, Shared::Shows { film, digests });
    let sees = peer.event("whether it sees it", |event| match event {
        NetEvent::Message {
            message: Message::Shared(Shared::Sees { film: of, sees }),
            ..
        } if of == film => Some(sees),
        _ => None,
    });
    (film, sees)
}

/// A task whose source the node is to read in a film of this name: whether it wants to be sent it after all.
fn wants_it_sent(house: &House, peer: &mut Peer, film: SharedId, vouched: Option<Digest>) -> bool {
    let wanted = Wanted::of(spec(), Vec::new());
    let (task, mut order) = wanted.order();
    if let Message::Task { reads, .. } = &mut order {
        *reads = Some(OwnReading {
            film,
            stream: 0,
            genpts: false,
            seek_us: None,
            stop_us: None,
        });
    }
    let link = peer.link();
    house.runtime.block_on(async {
        link.send(order).await.unwrap();
        if let Some(digest) = vouched {
            let ready = Message::SourceReady { task, digest };
            link.send(ready).await.unwrap();
        }
    });
    let sent = peer.event("whether it is read", |event| match event {
        NetEvent::Message { message, .. } => match message {
            Message::Shared(Shared::Send { task: of }) if of == task => Some(true),
            Message::Shared(Shared::Read { task: of }) if of == task => Some(false),
            _ => None,
        },
        _ => None,
    });
    house
        .runtime
        .block_on(link.send(Message::Cancel { task }))
        .unwrap();
    sent
}

/// Names, lengths, content and whole films of somebody else's disk.
pub fn not_ours(house: &mut House) {
    let film: Vec<u8> = (0..900_000_u32).map(|n| (n % 253) as u8).collect();
    let media = house.path("media");
    std::fs::create_dir_all(&media).unwrap();
    std::fs::write(media.join("secret.mkv"), &film).unwrap();
    let bytes = film.len() as u64;
    let mut peer = house.paired("spy");
    let nothing = |places: &[u64]| vec![Digest([0; 32]); places.len()];
    // Whatever is asked for, the answer before any proof is the same.
    for name in ["secret.mkv", "none.mkv", "../secret.mkv", "/etc/passwd", ""] {
        let (film, sees) = asked(house, &mut peer, (name, bytes), nothing);
        assert!(!sees, "{name}");
        assert!(wants_it_sent(house, &mut peer, film, None), "{name}");
    }
    // Half of it is not it, and one answer is no answer to all.
    let show = |film: &[u8], place: u64| {
        let rest = &film[usize::try_from(place).unwrap().min(film.len())..];
        Digest::from(blake3::hash(&rest[..rest.len().min(BLOCK as usize)]))
    };
    let half = &film[..film.len() / 2];
    let of_half = |places: &[u64]| places.iter().map(|at| show(half, *at)).collect();
    assert!(!asked(house, &mut peer, ("secret.mkv", bytes), of_half).1);
    let first = |places: &[u64]| vec![show(&film, places[0])];
    assert!(!asked(house, &mut peer, ("secret.mkv", bytes), first).1);
    // Who has the film is believed, and what he says of its packets is not.
    let whole = |places: &[u64]| places.iter().map(|at| show(&film, *at)).collect();
    let (known, sees) = asked(house, &mut peer, ("secret.mkv", bytes), whole);
    assert!(sees);
    assert!(wants_it_sent(
        house,
        &mut peer,
        known,
        Some(Digest([9; 32]))
    ));
    // Nor does another computer get at it by its name.
    let mut other = house.paired("other spy");
    assert!(wants_it_sent(house, &mut other, known, None));
    house.forget(other, &[]);
    let link = peer.link();
    for _ in 0..FLOOD {
        let film = SharedId::random();
        let trail = vec![mark(film, "secret.mkv"); peer::MAX_TRAIL];
        let find = Shared::Find { film, bytes, trail };
        house
            .runtime
            .block_on(link.send(Message::Shared(find)))
            .unwrap();
    }
    let outcome = peer.give(&super::house::honest(), house.path("spied.mp4"));
    assert!(matches!(outcome, Outcome::Finished(_)), "{outcome:?}");
    assert_eq!(std::fs::read(media.join("secret.mkv")).unwrap(), film);
    house.forget(peer, &[]);
}
