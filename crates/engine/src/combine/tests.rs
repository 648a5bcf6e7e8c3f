//! What is joined and proved gets its name, or does not; copies that are called off.

use std::fs;

use media::choice::Choice;

use super::*;
use crate::alone;
use crate::node::{Node, look};
use crate::probe;

/// A loop that gives this answer to whoever asks whether a result may get its name.
fn answering(may: Option<Replace>) -> mpsc::UnboundedSender<Mail> {
    let (mail, mut heard) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(word) = heard.recv().await {
            if let Mail::MayPlace(_, reply) = word {
                let _ = reply.send(may);
            }
        }
    });
    mail
}

/// A recorded job whose result goes into a folder, and its film.
async fn job(node: &Node, path: &Path) -> (JobId, Arc<Film>) {
    node.test_clip(path.to_owned(), 1).await.unwrap();
    let (choice, terms) = (Choice::default(), Terms::default());
    let (dropped, _) = look(path, &choice, &terms).unwrap();
    let probed = node.probe(&dropped, &choice).await.unwrap().agree();
    let ffmpeg = node.bench().unwrap().ffmpeg.clone();
    let (film, _) = probe::index_whole(&ffmpeg, probed.parts).await.unwrap();
    let job = node.record(&dropped, &choice, &terms).await.unwrap();
    (job, film)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_called_off_while_it_was_proved_gets_no_name() {
    let home = tempfile::tempdir().unwrap();
    let node = alone::node(home.path()).await;
    let out = home.path().join("out");
    fs::create_dir(&out).unwrap();
    let (job, film) = job(&node, &home.path().join("film.mp4")).await;
    for may in [None, Some(Replace::default())] {
        let aside = Aside::new(&out, "alone", job.0, "mp4");
        fs::write(aside.path(), "its result").unwrap();
        let merged = Merged {
            file: aside.path().to_owned(),
            packets: Vec::new(),
            starts: Vec::new(),
            equal_headers: Vec::new(),
        };
        let proof = FileProof {
            frames: 1,
            source_pts_hash: String::new(),
            output_pts_hash: String::new(),
            timebase: String::new(),
            shift_us: 0,
            carried: Vec::new(),
            decoded_ranges: Vec::new(),
        };
        let work = Combine {
            job,
            parts: Parts {
                film: Arc::clone(&film),
                pieces: Vec::new(),
                folder: out.clone(),
                freight: film.freight.clone(),
                sound: None,
                covers: Vec::new(),
            },
            companion: Companion::default(),
            terms: Terms::default(),
            folder: out.clone(),
            receipts: home.path().to_owned(),
            node: "alone".to_owned(),
            begun: Begun::Run(Instant::now()),
            made_by: None,
            store: node.0.store.clone(),
            ledger: node.0.ledger.clone(),
            mail: answering(may),
        };
        let placed = give_place(work, aside, merged, proof, [0; 32]).await;
        assert_eq!(placed.unwrap().is_some(), may.is_some());
        let there = fs::read_dir(&out).unwrap().count();
        assert_eq!(there, usize::from(may.is_some()));
    }
    node.stop().await;
}

#[test]
fn a_copy_that_is_called_off_ends_there() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    fs::write(&from, vec![7; 3 << 20]).unwrap();
    fs::write(&to, "left by an earlier run").unwrap();
    let cancel = CancellationToken::new();
    copy_aside(&from, &to, &cancel).unwrap();
    assert_eq!(fs::read(&to).unwrap(), fs::read(&from).unwrap());
    let mut blocks = 0;
    let ended = by_blocks(&from, &cancel, |_| {
        blocks += 1;
        cancel.cancel();
        Ok(())
    });
    assert!(ended.is_err() && blocks == 1);
    assert!(copy_aside(&from, &to, &cancel).is_err());
    assert_eq!(fs::metadata(&to).unwrap().len(), 0);
}
