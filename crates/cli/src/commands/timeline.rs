//! `timeline`: how the time of a job went.

use api::{ApiError, JobId, call};

use super::with_node;
use crate::args::Timeline;
use crate::node::Start;
use crate::present::json::{StintLine, TimelineLine, TimelinePeerLine};
use crate::present::timeline;
use crate::{App, End};

/// Shows it as a drawing, as lines of JSON, or as a table.
pub async fn run(args: &Timeline, app: &App) -> Result<End, ApiError> {
    with_node(app, Start::to_look(), async |node| {
        let id = JobId(args.id);
        let told = node.call(call::Timeline { id }).await?;
        if args.csv {
            app.out.text(told.csv().trim_end());
            return Ok(End::Done);
        }
        if !app.out.is_json() {
            let job = node.call(call::Job { id }).await?;
            app.out.text(&timeline::timeline(&job.name, &told));
            return Ok(End::Done);
        }
        app.out.line(&TimelineLine::new(&told));
        for one in &told.computers {
            app.out.line(&TimelinePeerLine::new(args.id, one));
        }
        for one in &told.computers {
            for stint in &one.stints {
                app.out.line(&StintLine::new(args.id, &one.computer, stint));
            }
        }
        Ok(End::Done)
    })
    .await
}
