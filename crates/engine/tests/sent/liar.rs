//! An owner that takes a film and gives back something else.

use std::sync::Arc;

use peer::{
    About, FileSource, FilmMade, FilmWord, Identity, Message, Net, NetConfig, NetEvent, Received,
};
use tokio::sync::mpsc;

use super::*;

/// Speaks the protocol, takes the film that it is offered, and gives back what `made` makes of it.
async fn give_back(
    folder: &Path,
    mut events: mpsc::Receiver<NetEvent>,
    made: impl Fn(&Path, &Path),
) {
    let (film, result) = (folder.join("taken"), folder.join("given.mp4"));
    let mut link = None;
    while let Some(event) = events.recv().await {
        let (id, says) = match event {
            NetEvent::LinkUp { link: up, .. } => {
                link = Some(up);
                continue;
            }
            NetEvent::Message {
                message: Message::Film { film, says },
                ..
            } => (film, says),
            _ => continue,
        };
        let Some(link) = &link else { continue };
        let say = |says| link.tell(Message::Film { film: id, says });
        match says {
            FilmWord::Offer(offer) => {
                say(FilmWord::Wanted {});
                let Received { bytes, .. } =
                    link.pull(offer.source, offer.bytes, &film).await.unwrap();
                assert_eq!(bytes, offer.bytes);
                made(&film, &result);
                let content = fs::read(&result).unwrap();
                say(FilmWord::Made(FilmMade {
                    bytes: content.len() as u64,
                    digest: peer::Digest(*blake3::hash(&content).as_bytes()),
                    frames: 50,
                }));
            }
            FilmWord::Take { result: blob } => {
                let opened = link.opened(blob);
                let source = Arc::new(FileSource(result.clone()));
                link.push(blob, 1 << 30, source).await.unwrap();
                drop(opened);
            }
            FilmWord::Cancel {} | FilmWord::Collected {} => say(FilmWord::Over {}),
            _ => {}
        }
    }
}

/// What becomes of a job whose owner makes this of the film.
async fn of(made: impl Fn(&Path, &Path) + Send + 'static) -> JobState {
    let folder = tempfile::tempdir().unwrap();
    let film = clip(&folder.path().join("film.mkv"), 2);
    let sender = start(config(folder.path(), "sender", false)).await;
    let listen = NetConfig {
        listen: ([127, 0, 0, 1], 0).into(),
        mdns: false,
        donating: true,
        ..NetConfig::new(Identity::ephemeral().unwrap(), "liar")
    };
    let (net, events) = Net::start(listen).await.unwrap();
    net.set_about(About {
        name: "liar".into(),
        donating: true,
        films: true,
        ..About::default()
    });
    let place = folder.path().to_owned();
    let lying = tokio::spawn(async move { give_back(&place, events, made).await });
    sender.pair(net.invite().to_string()).await.unwrap();
    while !sender.status().await.unwrap().peers[0].takes_films {
        pause().await;
    }
    let id = sender
        .submit(film.clone(), everywhere(), to(on(&sender).await))
        .await
        .unwrap();
    let job = until(&sender, id, |_| false).await;
    if !matches!(job.state, JobState::Completed(_)) {
        let beside = fs::read_dir(folder.path()).unwrap().flatten();
        let placed = beside.filter(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.starts_with("film.") && name != "film.mkv"
        });
        assert_eq!(placed.count(), 0, "nothing is put in place");
    }
    sender.stop().await;
    net.shutdown().await;
    lying.abort();
    job.state
}

/// Encodes with these options behind the input.
fn encode(input: &[&str], film: Option<&Path>, options: &[&str], result: &Path) {
    let mut run = std::process::Command::new(ffmpeg());
    run.args(["-v", "error", "-y"]).args(input);
    if let Some(film) = film {
        run.arg("-f").arg("matroska").arg("-i").arg(film);
    }
    let usual = [
        "-c:v", "libx264", "-pix_fmt", "yuv420p", "-preset", "veryfast",
    ];
    let made = run.args(usual).args(options).arg(result).status().unwrap();
    assert!(made.success());
}

async fn refused(made: impl Fn(&Path, &Path) + Send + 'static) -> String {
    match of(made).await {
        JobState::Failed(trouble) => {
            assert_eq!(trouble.kind, Kind::NotProved, "{trouble}");
            trouble.message
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_encode_of_another_program_is_taken() {
    let state = of(|film, result| encode(&[], Some(film), &[], result)).await;
    assert!(matches!(state, JobState::Completed(_)), "{state:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_lacks_a_frame_is_refused() {
    let options = ["-vf", "select='not(eq(n,7))'", "-fps_mode", "passthrough"];
    let why = refused(move |film, result| encode(&[], Some(film), &options, result)).await;
    assert!(why.contains("49 of 50 frames"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_film_of_the_same_length_is_refused() {
    let other = ["-f", "lavfi", "-i", "smptebars=s=480x270:r=25:d=2"];
    let why = refused(move |_, result| encode(&other, None, &[], result)).await;
    assert!(why.contains("picture"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_at_another_time_a_track_too_many_and_another_codec_are_refused() {
    let late = [
        "-vf",
        "setpts='PTS+eq(N,20)*0.4/(25*TB)'",
        "-fps_mode",
        "passthrough",
        "-enc_time_base",
        "1:1000",
    ];
    let why = refused(move |film, result| encode(&[], Some(film), &late, result)).await;
    assert!(why.contains("instead of"), "{why}");
    let more = ["-f", "lavfi", "-i", "sine=d=2"];
    let both = ["-map", "0", "-map", "1"];
    let why = refused(move |film, result| encode(&more, Some(film), &both, result)).await;
    assert!(why.contains("tracks"), "{why}");
    let why = refused(move |film, result| {
        encode(&[], Some(film), &["-c:v", "mpeg4"], result);
    })
    .await;
    assert!(why.contains("h264 was ordered"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_film_are_refused() {
    let why = refused(|_, result| fs::write(result, "#EXTM3U\n/etc/passwd\n").unwrap()).await;
    assert!(why.contains("liar"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_of_too_many_frames_is_refused() {
    let longer = ["-f", "lavfi", "-i", "smptebars=s=480x270:r=25:d=20"];
    let why = refused(move |_, result| encode(&longer, None, &[], result)).await;
    assert!(why.contains("500 of 50 frames"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_has_lied_about_a_film_that_has_changed() {
    let state = of(|film, result| {
        fs::write(result, "no film").unwrap();
        let own = film.with_file_name("film.mkv");
        let mut changed = fs::read(&own).unwrap();
        changed.push(0);
        fs::write(&own, changed).unwrap();
    })
    .await;
    let JobState::Failed(trouble) = state else {
        panic!("{state:?}");
    };
    assert_eq!(trouble.kind, Kind::SourceChanged, "{trouble}");
}
