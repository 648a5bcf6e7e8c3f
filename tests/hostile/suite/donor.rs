//! A donor that lies: it takes the node's segments and gives back something else, as well made as it can be.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use ffmpeg::result::Returned;
use media::argv::{self, Allowance};
use media::{Encoder, SegmentSpec};
use peer::{
    About, DeclineReason, EncoderOffer, FileSource, Link, Message, Net, NetEvent, TaskReport,
};
use tests::nodes::until;
use tests::tool;
use tokio::sync::mpsc;

use super::house::{House, quiet};

/// What the donor makes of one segment after the other.
const LIES: [Lie; 4] = [
    Lie::Filter("negate,hflip"),
    // Every frame is there, at its time, and each pair has changed places.
    Lie::Filter("shuffleframes=1 0"),
    Lie::Text("ffconcat version 1.0\nfile '/etc/passwd'\n"),
    Lie::Digest,
];

#[derive(Clone, Copy, Debug)]
enum Lie {
    /// Other pictures, encoded as ordered.
    Filter(&'static str),
    /// No film at all.
    Text(&'static str),
    /// The right film, and another digest than its own.
    Digest,
}

/// The film is finished, exact, and none of it is the donor's.
pub fn lies(house: &mut House) {
    let folder = house.path("donor");
    let invite = house.node.invite().parse().unwrap();
    let config = quiet(&folder, "Loft");
    let (net, events) = house.runtime.block_on(Net::start(config)).unwrap();
    net.set_about(willing());
    house.runtime.block_on(net.redeem(&invite)).unwrap();
    let (told, lies) = std::sync::mpsc::channel();
    let donating = house
        .runtime
        .spawn(donate(net.clone(), events, folder.clone(), told));
    until("the donor to be known", || {
        let line = house.node.knows(net.id());
        Ok(line.filter(|line| line["state"] == "ready").map(drop))
    })
    .unwrap();

    let film = folder.join("film.mkv");
    let picture = "-v error -y -f lavfi -i testsrc2=s=320x180:r=25:d=24 -c:v libx264 -g 25";
    let words = picture.split(' ').chain([film.to_str().unwrap()]);
    assert!(tool::run(tool::ffmpeg(), words, &folder).unwrap().ok);
    let output = folder.join("film.mp4");
    let done = house.node.ask(&[
        "encode",
        film.to_str().unwrap(),
        "-o",
        output.to_str().unwrap(),
        "--codec",
        "h264",
        "--speed",
        "fast",
        "--wait-for",
        "1",
    ]);
    assert_eq!(done.last("exact"), true, "{done:?}");
    assert_eq!(done.last("frames"), 600, "{done:?}");
    let hands = done.last("peers").as_array().unwrap();
    let segments = |name: &str| -> u64 {
        let of = hands.iter().filter(|hand| hand["name"] == name);
        of.filter_map(|hand| hand["segments"].as_u64()).sum()
    };
    assert_eq!(segments("Loft"), 0, "{hands:?}");
    assert!(segments("Kitchen") > 0, "{hands:?}");
    let told: Vec<String> = lies.try_iter().collect();
    assert!(told.len() >= 3, "the donor lied about {told:?} only");
    donating.abort();
    let id = net.id().to_string();
    house.runtime.block_on(net.shutdown());
    house.node.ask(&["unpair", &id]);
}

fn willing() -> About {
    About {
        name: "Loft".into(),
        donating: true,
        cores: 64,
        encoders: vec![EncoderOffer {
            encoder: Encoder::X264,
            ten_bit: true,
            fps_1080p: 500.0,
            seats: 1,
        }],
        ..About::default()
    }
}

async fn donate(
    net: Net,
    mut events: mpsc::Receiver<NetEvent>,
    folder: PathBuf,
    told: std::sync::mpsc::Sender<String>,
) {
    let mut lies = LIES.into_iter();
    while let Some(event) = events.recv().await {
        let NetEvent::Message {
            peer,
            message: task @ Message::Task { .. },
        } = event
        else {
            continue;
        };
        let Some(link) = net.link(peer) else { continue };
        let Message::Task { task: name, .. } = &task else {
            continue;
        };
        let Some(lie) = lies.next() else {
            let reason = DeclineReason::Busy;
            // A link that broke has nobody to be told.
            let _ = link
                .send(Message::Declined {
                    task: *name,
                    reason,
                })
                .await;
            continue;
        };
        let folder = folder.join(name.to_string());
        std::fs::create_dir_all(&folder).unwrap();
        if tell(&link, task, lie, &folder).await.is_some() {
            // Whoever listened has seen enough.
            let _ = told.send(format!("{lie:?}"));
        }
    }
}

/// Takes a segment, and gives the lie for it.
async fn tell(link: &Link, order: Message, lie: Lie, folder: &Path) -> Option<()> {
    let Message::Task {
        task,
        spec,
        source,
        source_ceiling,
        result,
        result_ceiling,
        reads: _,
    } = order
    else {
        return None;
    };
    link.send(Message::Accepted { task }).await.ok()?;
    let taken = folder.join("source.nut");
    link.pull(source, source_ceiling, &taken).await.ok()?;
    let made = folder.join("result.mp4");
    let report = report(&spec, lie, &taken, &made).await;
    link.send(Message::Finished { task, report }).await.ok()?;
    // The owner may refuse it before it takes it.
    let _ = link
        .push(result, result_ceiling, Arc::new(FileSource(made)))
        .await;
    Some(())
}

/// What an honest donor would say of what is in `made`.
async fn report(spec: &SegmentSpec, lie: Lie, taken: &Path, made: &Path) -> TaskReport {
    match lie {
        Lie::Text(text) => std::fs::write(made, text).unwrap(),
        Lie::Filter(filter) => {
            let other = taken.with_extension("other.nut");
            let words = ["-v", "error", "-copyts", "-i"];
            let mut command = Command::new(tool::ffmpeg());
            command.args(words).arg(taken).args(["-vf", filter]);
            command.args(
                "-c:v libx264 -preset ultrafast -bf 0 -fps_mode passthrough -f nut".split(' '),
            );
            assert!(command.arg(&other).status().unwrap().success());
            encode(spec, &other, made);
        }
        Lie::Digest => encode(spec, taken, made),
    }
    let content = std::fs::read(made).unwrap();
    let digest = match lie {
        Lie::Digest => blake3::hash(b"something else"),
        _ => blake3::hash(&content),
    };
    let decoded =
        ffmpeg::digest::segment(tool::ffmpeg(), Returned { file: made, spec }, None).await;
    let (frames, hash) = decoded
        .map_or((u64::from(spec.frames.get()), "00".repeat(32)), |decoded| {
            (u64::from(decoded.frames), decoded.hash)
        });
    TaskReport {
        bytes: content.len() as u64,
        digest: peer::Digest(*digest.as_bytes()),
        frames,
        decoded_frames: frames,
        decoded_digest: hash.parse().unwrap(),
        encode_ms: 100,
        decode_ms: 100,
        encoder_version: "libx264".into(),
        ffmpeg: "n9".into(),
    }
}

/// As an honest donor encodes.
fn encode(spec: &SegmentSpec, source: &Path, made: &Path) {
    let mut command = Command::new(tool::ffmpeg());
    command.args(argv::encode(spec, Allowance::default()));
    command.stdin(std::fs::File::open(source).unwrap());
    command
        .stdout(std::fs::File::create(made).unwrap())
        .stderr(Stdio::null());
    assert!(command.status().unwrap().success());
}
