//! `originals` and `undo`: films that were replaced by their results, listed and had back.

use api::{ApiError, JobId, call};

use super::with_node;
use crate::args::Originals;
use crate::node::Start;
use crate::present::json::{OriginalLine, UndoneLine};
use crate::present::originals;
use crate::{App, End};

/// `originals`: the list; with `--delete`, one of them is deleted.
pub async fn run(args: &Originals, app: &App) -> Result<End, ApiError> {
    with_node(app, Start::to_look(), async |node| {
        if let Some(id) = args.delete {
            node.call(call::DeleteOriginal { id: JobId(id) }).await?;
            app.out
                .result(&UndoneLine::OriginalDeleted { job: id }, || {
                    format!("The original of job {id} is deleted.")
                });
            return Ok(End::Done);
        }
        let originals = node.call(call::Originals {}).await?;
        if app.out.is_json() {
            let lines = originals.iter().map(OriginalLine::new);
            lines.for_each(|line| app.out.line(&line));
        } else {
            app.out.text(&originals::list(&originals));
        }
        Ok(End::Done)
    })
    .await
}

/// `undo`: the original is put back.
pub async fn undo(id: u64, app: &App) -> Result<End, ApiError> {
    with_node(app, Start::to_look(), async |node| {
        node.call(call::Undo { id: JobId(id) }).await?;
        app.out.result(&UndoneLine::Undone { job: id }, || {
            format!("The original of job {id} is back in its place, and the result is removed.")
        });
        Ok(End::Done)
    })
    .await
}
