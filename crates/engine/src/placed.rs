//! A result that is about to get its name: noted before, so that a run that is cut off between the two finds it again.

use std::io;
use std::path::Path;

use schedule::JobId;
use store::{Store, StoreError, Tables};

use crate::driver::{Core, unix_ms};
use crate::intake;
use crate::job::Memo;
use crate::journal::row_id;
use crate::replace::Ledger;
use crate::status::{JobState, Outcome};

/// Notes under which name a job's result is put in place now, and what it is known by. Blocks.
///
/// # Errors
/// It was not noted.
pub(crate) fn note(
    ledger: &Ledger,
    job: JobId,
    outcome: &Outcome,
    memo: Memo,
    sample: [u8; 32],
) -> io::Result<()> {
    let memo = Memo {
        placing: Some(sample),
        ..memo
    };
    let memo = serde_json::to_value(memo)?;
    let (row, outcome) = (row_id(job), outcome.clone());
    let noted = ledger.call(move |tables| {
        tables.set_job_output(row, &outcome.output, Some(&outcome.receipt))?;
        tables.set_job_memo(row, &memo)
    });
    noted.map_err(|error| match error {
        StoreError::Full => io::ErrorKind::StorageFull.into(),
        other => io::Error::other(other),
    })
}

/// What a job has come to that is not over yet, if its result has the name that was noted for it: it is known by its
/// content.
pub(crate) async fn before(store: &Store, job: JobId) -> Option<Outcome> {
    let row = row_id(job);
    let row = store.call(move |tables| tables.job(row)).await.ok()??;
    let memo: Memo = serde_json::from_value(row.memo).ok()?;
    let (output, receipt, sample) = (row.output?, row.receipt?, memo.placing?);
    let looked = (output.clone(), receipt.clone());
    let is_it = move || has_content(&looked.0, sample) && looked.1.is_file();
    let found = tokio::task::spawn_blocking(is_it).await;
    found.is_ok_and(|found| found).then_some(Outcome {
        output,
        receipt,
        exact: memo.exact,
        verdict: memo.verdict,
        frames: memo.frames,
        bytes: memo.bytes,
        wall_ms: memo.wall_ms,
    })
}

fn has_content(path: &Path, sample: [u8; 32]) -> bool {
    intake::sample(path).is_ok_and(|now| now == sample)
}

impl Core {
    /// The result of a job of an earlier run has its place: the job is done.
    pub(crate) async fn was_placed(&mut self, id: JobId, outcome: Outcome) {
        let Some(past) = self.past.get(&id) else {
            return;
        };
        let pieces = past.pieces.iter().map(|(_, piece)| piece);
        let tally = self.tally_of(&outcome, past.source_bytes, &past.wish.terms, pieces);
        let (row, at) = (row_id(id), unix_ms());
        if let Some(past) = self.past.get_mut(&id) {
            past.state = JobState::Completed(outcome);
            past.finished_ms = Some(at);
        }
        let stored = self.store.call(move |tables: &Tables<'_>| {
            tally.add(tables, at)?;
            tables.end_job(row, store::JobState::Completed, None, at)
        });
        if let Err(error) = stored.await {
            tracing::warn!(%error, "a job's end was not stored");
        }
        self.workspace.remove_job(id);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;
    use crate::alone;
    use crate::job::Wish;
    use crate::journal::job_id;
    use crate::node::{Node, NodeConfig};

    /// A job that was killed between the noting of its output's name and its end.
    async fn killed(home: &Path) -> (i64, PathBuf) {
        let store = Store::open(&home.join("data")).unwrap();
        let at = |name: &str| home.join(name);
        fs::write(at("film.mkv"), "the film").unwrap();
        fs::write(at("film.h264.mp4"), "its result").unwrap();
        fs::write(at("receipt.json"), "{}").unwrap();
        let job = store::NewJob {
            source: at("film.mkv"),
            source_sample: intake::sample(&at("film.mkv")).unwrap(),
            source_bytes: 8,
            source_modified: 0,
            choice: serde_json::to_value(Wish::default()).unwrap(),
            created: 1,
        };
        let outcome = Outcome {
            output: at("film.h264.mp4"),
            receipt: at("receipt.json"),
            exact: true,
            verdict: "Exact.".into(),
            frames: 75,
            bytes: 10,
            wall_ms: 5,
        };
        let sample = intake::sample(&outcome.output).unwrap();
        let id = store
            .call(move |tables| tables.add_job(&job))
            .await
            .unwrap();
        let ledger = Ledger::new(&store);
        let output = outcome.output.clone();
        let memo = Memo {
            exact: true,
            verdict: outcome.verdict.clone(),
            frames: outcome.frames,
            bytes: outcome.bytes,
            wall_ms: outcome.wall_ms,
            ..Memo::default()
        };
        let noting =
            tokio::task::spawn_blocking(move || note(&ledger, job_id(id), &outcome, memo, sample));
        noting.await.unwrap().unwrap();
        (id, output)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_result_that_had_its_name_before_the_end_is_found_again() {
        let home = tempfile::tempdir().unwrap();
        let (id, output) = killed(home.path()).await;
        let config = NodeConfig {
            stays: true,
            ..alone::config(home.path())
        };
        let node = Node::start(config).await.unwrap();
        let job = alone::over(&node, job_id(id)).await;
        let JobState::Completed(outcome) = job.state else {
            panic!("{:?}", job.state);
        };
        assert_eq!((outcome.output, outcome.frames), (output, 75));
        let made = node.figures(7).await.unwrap().in_all;
        assert_eq!(
            (made.films, made.source_bytes, made.output_bytes),
            (1, 8, 10)
        );
        node.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_name_that_was_noted_and_is_somebody_elses_is_no_result() {
        let home = tempfile::tempdir().unwrap();
        let (id, output) = killed(home.path()).await;
        let found = async || {
            let store = Store::open(&home.path().join("data")).unwrap();
            before(&store, job_id(id)).await.map(|found| found.output)
        };
        assert_eq!(found().await, Some(output.clone()));
        fs::write(&output, "another!!!").unwrap();
        assert_eq!(found().await, None);
        fs::remove_file(&output).unwrap();
        assert_eq!(found().await, None);
    }
}
