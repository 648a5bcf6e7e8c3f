//! The commands about jobs that a running node has in hand: `pause`, `resume`, `retry`, `move`.

use api::{ApiError, Call, ErrorCode, JobId, Shift, call};

use super::with_node;
use crate::args::{Move, To};
use crate::door::Door;
use crate::node::Start;
use crate::present::json::SteeredLine;
use crate::{App, End};

/// `pause`: holds a job.
pub async fn pause(id: u64, app: &App) -> Result<End, ApiError> {
    let line = SteeredLine::Held { job: id };
    let text = format!("Job {id} is held.");
    steer(app, call::Pause { id: JobId(id) }, line, text).await
}

/// `resume`: goes on with it.
pub async fn resume(id: u64, app: &App) -> Result<End, ApiError> {
    let line = SteeredLine::Resumed { job: id };
    let text = format!("Job {id} goes on.");
    steer(app, call::Resume { id: JobId(id) }, line, text).await
}

/// `retry`: tries it again.
pub async fn retry(id: u64, app: &App) -> Result<End, ApiError> {
    with_node(app, Start::to_look(), async |node| {
        running(node)?;
        let now = node.call(call::Retry { id: JobId(id) }).await?.0;
        let new_job = (now != id).then_some(now);
        let line = SteeredLine::Retried { job: id, new_job };
        app.out.result(&line, || match new_job {
            Some(now) => format!("Job {id} begins anew as job {now}."),
            None => format!("Job {id} is tried again."),
        });
        Ok(End::Done)
    })
    .await
}

/// `move`: puts it elsewhere in the queue.
pub async fn shift(args: Move, app: &App) -> Result<End, ApiError> {
    let (id, to) = match args.to {
        To::Top => (args.id, Shift::Top),
        To::Up => (args.id, Shift::Up),
        To::Down => (args.id, Shift::Down),
        To::Bottom => (args.id, Shift::Bottom),
    };
    with_node(app, Start::to_look(), async |node| {
        running(node)?;
        node.call(call::Reorder { id: JobId(id), to }).await?;
        let job = node.call(call::Job { id: JobId(id) }).await?;
        let line = SteeredLine::Moved {
            job: id,
            place: job.place,
        };
        app.out.result(&line, || match job.place {
            Some(place) => format!("Job {id} is number {} of the queue.", place + 1),
            None => format!("Job {id} is over."),
        });
        Ok(End::Done)
    })
    .await
}

async fn steer<C: Call<Reply = ()> + Clone>(
    app: &App,
    call: C,
    line: SteeredLine,
    text: String,
) -> Result<End, ApiError> {
    with_node(app, Start::to_look(), async |node| {
        running(node)?;
        node.call(call.clone()).await?;
        app.out.result(&line, || text.clone());
        Ok(End::Done)
    })
    .await
}

/// A node that lives for one command goes on with nothing.
fn running(node: &Door) -> Result<(), ApiError> {
    if !node.is_own() {
        return Ok(());
    }
    let text = "No node runs with this data folder, so no job is going on.";
    Err(ApiError::new(ErrorCode::NoNode, text).help("Start `manyhands serve` or the window first."))
}
