//! `stats`: what came of it all.

use api::{ApiError, call};

use super::with_node;
use crate::args::Stats;
use crate::node::Start;
use crate::present::figures;
use crate::present::json::{StatsDayLine, StatsLine, StatsPeerLine};
use crate::{App, End};

/// Shows totals, computers and days as text, as lines of JSON, or as a table.
pub async fn run(args: &Stats, app: &App) -> Result<End, ApiError> {
    with_node(app, Start::to_look(), async |node| {
        let days = args.days;
        let told = node.call(call::Figures { days }).await?;
        if args.csv {
            app.out.text(told.csv().trim_end());
        } else if app.out.is_json() {
            app.out.line(&StatsLine::new(&told, days));
            let lines = told.computers.iter().map(StatsPeerLine::new);
            lines.for_each(|line| app.out.line(&line));
            let lines = told.days.iter().map(StatsDayLine::new);
            lines.for_each(|line| app.out.line(&line));
        } else {
            app.out.text(&figures::figures(&told, days));
        }
        Ok(End::Done)
    })
    .await
}
