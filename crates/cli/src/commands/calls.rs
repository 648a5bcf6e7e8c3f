//! The commands that ask a node one thing: `jobs`, `job`, `cancel`, `doctor`, `report`, `clean`.

use std::io::Write as _;
use std::path::Path;

use api::{ApiError, ErrorCode, JobId, Level, call};

use super::with_node;
use crate::args::Report;
use crate::node::Start;
use crate::present::human;
use crate::present::json::{CancelledLine, CleanedLine, FindingLine, JobLine, ReportLine};
use crate::{App, End};

/// `jobs`: the list.
pub async fn jobs(app: &App) -> Result<End, ApiError> {
    with_node(app, Start::to_look(), async |node| {
        let jobs = node.call(call::Jobs {}).await?;
        if app.out.is_json() {
            jobs.iter()
                .for_each(|job| app.out.line(&JobLine::new(job, false)));
        } else {
            app.out.text(&human::jobs(&jobs));
        }
        Ok(End::Done)
    })
    .await
}

/// `job`: one of them, whole.
pub async fn job(id: u64, app: &App) -> Result<End, ApiError> {
    with_node(app, Start::to_look(), async |node| {
        let mut job = node.call(call::Job { id: JobId(id) }).await?;
        if job.segments.is_empty() {
            // Of an earlier run: only the journal knows them.
            job.segments = node.call(call::Strip { id: JobId(id) }).await?;
        }
        app.out
            .result(&JobLine::new(&job, true), || human::job(&job));
        Ok(End::Done)
    })
    .await
}

/// `cancel`: stops a job for good.
pub async fn cancel(id: u64, app: &App) -> Result<End, ApiError> {
    with_node(app, Start::to_look(), async |node| {
        node.call(call::Cancel { id: JobId(id) }).await?;
        app.out.result(&CancelledLine { job: id }, || {
            format!("Job {id} is cancelled.")
        });
        Ok(End::Done)
    })
    .await
}

/// `doctor`: what may be wrong, or what is behind an address. Ends with code 1 if something is wrong.
pub async fn doctor(address: Option<String>, app: &App) -> Result<End, ApiError> {
    with_node(app, Start::default(), async |node| {
        let report = match address.clone() {
            Some(address) => node.call(call::Reach { address }).await?,
            None => node.call(call::Doctor {}).await?,
        };
        if app.out.is_json() {
            report
                .findings
                .iter()
                .for_each(|finding| app.out.line(&FindingLine::new(finding)));
        } else {
            app.out.text(&human::report(&report));
        }
        let bad = report
            .findings
            .iter()
            .any(|finding| finding.level == Level::Bad);
        Ok(if bad { End::Code(1) } else { End::Done })
    })
    .await
}

/// `report`: what whoever helps has to know, without names.
pub async fn report(args: &Report, app: &App) -> Result<End, ApiError> {
    with_node(app, Start::to_look(), async |node| {
        let text = node.call(call::BugReport {}).await?;
        if let Some(file) = &args.file {
            write_new(file, &text).map_err(|error| {
                let name = file.display();
                let said = format!("The report cannot be written to {name}: {error}.");
                ApiError::new(ErrorCode::OutputReadOnly, said)
                    .help("Give a file that is not there yet, in a folder you may write to.")
            })?;
        }
        app.out.result(
            &ReportLine::new(&text, args.file.as_deref()),
            || match &args.file {
                Some(file) => format!("Written to {}. Read it before you send it.", file.display()),
                None => text.trim_end().to_owned(),
            },
        );
        Ok(End::Done)
    })
    .await
}

fn write_new(file: &Path, text: &str) -> std::io::Result<()> {
    std::fs::File::create_new(file)?.write_all(text.as_bytes())
}

/// `clean`: removes working files that no job needs.
pub async fn clean(app: &App) -> Result<End, ApiError> {
    with_node(app, Start::to_look(), async |node| {
        let cleaned = node.call(call::Clean {}).await?;
        app.out
            .result(&CleanedLine::from(cleaned), || human::cleaned(&cleaned));
        Ok(End::Done)
    })
    .await
}
