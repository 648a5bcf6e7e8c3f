//! Whole films that nobody means, are no films, or come to more than was said.

use std::sync::Arc;
use std::time::Duration;

use media::choice::Choice;
use peer::{BlobId, FilmEnd, FilmId, FilmOffer, FilmRefusal, FilmWord, Message, NetEvent};
use tests::nodes::until;

use super::blobs::Stopping;
use super::house::{Bytes, House, Peer};

/// As many as a person might send, and more.
const FLOOD: usize = 40;

/// What a film is called that wants to be more than a name.
const NAME: &str = "../../../../tmp/<img src=x onerror=hurt()> -f tee.mkv";

fn offer(bytes: u64) -> FilmOffer {
    FilmOffer {
        name: NAME.into(),
        bytes,
        choice: Choice::default(),
        source: BlobId::random(),
        again: false,
    }
}

fn say(house: &House, peer: &Peer, film: FilmId, says: FilmWord) {
    let link = peer.link();
    let said = link.send(Message::Film { film, says });
    house.runtime.block_on(said).unwrap();
}

/// The next word about this film that is no report of how far it is.
fn word(peer: &mut Peer, film: FilmId) -> FilmWord {
    peer.event("a word about a film", |event| match event {
        NetEvent::Message {
            message: Message::Film { film: of, says },
            ..
        } if of == film && !matches!(says, FilmWord::Stands(_)) => Some(says),
        _ => None,
    })
}

/// How a film ends that is said to have so many bytes, and comes as `content`.
fn end(house: &House, peer: &mut Peer, bytes: u64, content: Vec<u8>) -> (FilmEnd, String) {
    let (film, offer) = (FilmId::random(), offer(bytes));
    let (link, source) = (peer.link(), offer.source);
    let opened = link.opened(source);
    say(house, peer, film, FilmWord::Offer(Box::new(offer)));
    assert_eq!(word(peer, film), FilmWord::Wanted {});
    let pushing = house.runtime.spawn(async move {
        // What is too long is refused in the middle.
        let _ = link.push(source, 64 << 20, Arc::new(Bytes(content))).await;
    });
    let FilmWord::Ended { reason, detail } = word(peer, film) else {
        panic!("it became a film")
    };
    pushing.abort();
    drop(opened);
    (reason, detail.to_string())
}

/// Films of others that lie here.
fn lying(house: &House) -> usize {
    let hosted = house.node.data.join("films");
    std::fs::read_dir(hosted).map_or(0, Iterator::count)
}

fn until_none_lies(house: &House) {
    until("the films to go", || Ok((lying(house) == 0).then_some(()))).unwrap();
}

/// Too many, too large, too long, too short, and no films at all; nothing of them stays.
pub fn not_meant(house: &mut House) {
    let secret = house.path("a secret.txt");
    std::fs::write(&secret, "a secret\n").unwrap();
    let mut peer = house.paired("giver");

    // None of them comes; so many are waited for, and the others are not taken.
    let mut waited = Vec::new();
    for _ in 0..FLOOD {
        let film = FilmId::random();
        say(house, &peer, film, FilmWord::Offer(Box::new(offer(1000))));
        match word(&mut peer, film) {
            FilmWord::Wanted {} => waited.push(film),
            FilmWord::Declined { reason } => assert_eq!(reason, FilmRefusal::Busy),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((waited.len(), lying(house)), (4, 4));
    for film in waited {
        say(house, &peer, film, FilmWord::Cancel {});
        assert_eq!(word(&mut peer, film), FilmWord::Over {});
    }
    until_none_lies(house);

    // A film of which nobody has heard has no result, and is not begun by being asked for.
    let film = FilmId::random();
    let result = BlobId::random();
    say(house, &peer, film, FilmWord::Take { result });
    assert!(matches!(word(&mut peer, film), FilmWord::Ended { .. }));
    let film = FilmId::random();
    say(
        house,
        &peer,
        film,
        FilmWord::Offer(Box::new(offer(peer::MAX_FILM))),
    );
    assert!(matches!(word(&mut peer, film), FilmWord::Declined { .. }));

    // Longer than was said, shorter, and what names other files instead of being one.
    let lists = [
        format!("ffconcat version 1.0\nfile '{}'\n", secret.display()),
        format!(
            "#EXTM3U\n#EXTINF:1,\nfile://{}\n#EXT-X-ENDLIST\n",
            secret.display()
        ),
        "no film at all".to_owned(),
    ];
    for list in lists {
        let (reason, detail) = end(house, &mut peer, list.len() as u64, list.clone().into());
        assert_eq!(reason, FilmEnd::Unusable, "{list}: {detail}");
        let inside = house.node.data.display().to_string();
        assert!(
            !detail.contains("a secret\n") && !detail.contains(&inside),
            "{detail}"
        );
    }
    for bytes in [1000, 9000] {
        let (reason, detail) = end(house, &mut peer, bytes, vec![7; 5000]);
        assert_eq!(reason, FilmEnd::SourceLost, "{bytes}: {detail}");
    }
    until_none_lies(house);

    // Who goes in the middle for good leaves nothing.
    let (film, offer) = (FilmId::random(), offer(64 << 20));
    let (link, source) = (peer.link(), offer.source);
    let opened = link.opened(source);
    say(house, &peer, film, FilmWord::Offer(Box::new(offer)));
    assert_eq!(word(&mut peer, film), FilmWord::Wanted {});
    let stopping = Arc::new(Stopping {
        first: 1 << 20,
        then: Duration::from_secs(60),
    });
    let pushing = house
        .runtime
        .spawn(async move { link.push(source, 64 << 20, stopping).await });
    until("it to come", || Ok((lying(house) == 1).then_some(()))).unwrap();
    pushing.abort();
    drop(opened);
    house.forget(peer, &[]);
    until_none_lies(house);
    assert!(!std::path::Path::new("/tmp/<img src=x onerror=hurt()> -f tee.mkv").exists());
}
