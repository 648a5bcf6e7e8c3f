//! `encode`: hands films to a node, shows how far they are, and ends when they do.

use api::{ApiError, AwayStep, Choice, ErrorCode, FilePath, Job, JobId, JobState, Submitted, call};

use super::with_node;
use crate::args::{Encode, absolute};
use crate::door::Door;
use crate::node::Start;
use crate::present::Progress;
use crate::present::human::{self, plain};
use crate::present::json::{About, DoneLine, LeftLine, StoppedLine, SubmittedLine};
use crate::watch::Watch;
use crate::{App, End};

/// Runs the command.
pub async fn run(args: &Encode, app: &App) -> Result<End, ApiError> {
    let choice = args.choice()?;
    let inputs: Vec<FilePath> = args
        .inputs
        .iter()
        .map(|input| absolute(input))
        .collect::<Result<_, _>>()?;
    let start = Start {
        no_network: args.only_here,
        ..Start::default()
    };
    with_node(app, start, async |node| {
        let mut watch = Watch::start(node).await?;
        let mut work = Work {
            jobs: Vec::new(),
            worst: None,
        };
        if args.anew {
            throw_away(&inputs, &choice, node, &watch).await?;
            watch.refresh(node).await?;
        }
        work.hand_in(inputs, choice, node, &watch, app).await?;
        // The new jobs are in it: from here on, a job that is not there was taken off the list.
        watch.refresh(node).await?;
        work.see_through(node, &mut watch, app).await
    })
    .await
}

/// `fetch`: brings a result here that was left on another computer, and ends when it is in its place.
pub async fn fetch(id: u64, app: &App) -> Result<End, ApiError> {
    with_node(app, Start::default(), async |node| {
        node.call(call::Fetch { id: JobId(id) }).await?;
        let mut watch = Watch::start(node).await?;
        let work = Work {
            jobs: vec![JobId(id)],
            worst: None,
        };
        work.see_through(node, &mut watch, app).await
    })
    .await
}

/// The jobs of this command.
struct Work {
    /// Those not over.
    jobs: Vec<JobId>,
    /// The first failure.
    worst: Option<ErrorCode>,
}

impl Work {
    /// Joins the jobs that the node has for these films already, and makes jobs for the others. A node of our own
    /// finds by itself what an earlier one was interrupted at.
    async fn hand_in(
        &mut self,
        inputs: Vec<FilePath>,
        choice: Choice,
        node: &Door,
        watch: &Watch,
        app: &App,
    ) -> Result<(), ApiError> {
        let mut new = Vec::new();
        for input in inputs {
            match watch
                .scene
                .jobs
                .iter()
                .find(|job| is_same(job, &input, &choice))
            {
                Some(job) if goes_on(job, node).await => self.add(job.id, input, true, app),
                _ => new.push(input),
            }
        }
        if new.is_empty() {
            return Ok(());
        }
        for Submitted { path, job, error } in node.call(call::Submit { paths: new, choice }).await?
        {
            if let Some(job) = job {
                self.add(job, path.clone(), watch.job(job).is_some(), app);
            }
            if let Some(error) = error {
                self.fail(
                    &error,
                    About {
                        job: None,
                        input: Some(path),
                    },
                    app,
                );
            }
        }
        Ok(())
    }

    fn add(&mut self, job: JobId, input: FilePath, resumed: bool, app: &App) {
        self.jobs.push(job);
        if resumed {
            let name = plain(&input.shown());
            app.out.remark(&format!(
                "{name}: goes on with job {}, begun earlier.",
                job.0
            ));
        }
        app.out.line(&SubmittedLine {
            job: job.0,
            input,
            resumed,
        });
    }

    /// Shows the jobs until all are over, or holds them if the user stops the command before.
    async fn see_through(
        mut self,
        node: &Door,
        watch: &mut Watch,
        app: &App,
    ) -> Result<End, ApiError> {
        let mut progress = Progress::new(app.out);
        let stopped = tokio::select! {
            outcome = self.follow(node, watch, &mut progress, app) => {
                outcome?;
                false
            }
            () = app.stop.asked() => true,
        };
        progress.clear();
        if stopped {
            self.hold(node, watch, app).await;
            return Ok(End::Stopped);
        }
        Ok(self.worst.map_or(End::Done, |code| End::Code(code.exit())))
    }

    /// Shows the jobs until all are over.
    async fn follow(
        &mut self,
        node: &Door,
        watch: &mut Watch,
        progress: &mut Progress,
        app: &App,
    ) -> Result<(), ApiError> {
        while !self.jobs.is_empty() {
            progress.show(&watch.scene, &self.jobs);
            let over: Vec<JobId> = self
                .jobs
                .iter()
                .copied()
                .filter(|id| is_over(watch, *id))
                .collect();
            for id in over {
                self.jobs.retain(|job| *job != id);
                progress.say(|| self.end(id, watch.job(id), app));
            }
            if !self.jobs.is_empty() {
                watch.next(node).await?;
            }
        }
        Ok(())
    }

    /// Says what came of a job.
    fn end(&mut self, id: JobId, job: Option<&Job>, app: &App) {
        let about = About {
            job: Some(id.0),
            input: job.map(|job| job.source.clone()),
        };
        match job.map(|job| (job, &job.state)) {
            Some((job, JobState::Completed { outcome })) => {
                app.out
                    .result(&DoneLine::new(job, outcome), || human::done(job, outcome));
                if !outcome.exact {
                    self.worst.get_or_insert(ErrorCode::NotProved);
                }
            }
            Some((_, JobState::Failed { error })) => self.fail(error, about, app),
            Some((job, _)) if is_left(job) => {
                app.out.result(&LeftLine::new(job), || human::left(job));
            }
            _ => self.fail(
                &ApiError::new(ErrorCode::Cancelled, "The job was cancelled."),
                about,
                app,
            ),
        }
    }

    fn fail(&mut self, error: &ApiError, about: About, app: &App) {
        self.worst.get_or_insert(error.code);
        app.out.input_error(error, about);
    }

    /// The user stopped the command: what is done is kept, nothing more is done.
    async fn hold(&self, node: &Door, watch: &Watch, app: &App) {
        for id in &self.jobs {
            // One that has just ended cannot be held, and need not be.
            if node.call(call::Pause { id: *id }).await.is_ok() {
                let name = watch
                    .job(*id)
                    .map_or_else(String::new, |job| plain(&job.name));
                app.out.remark(&format!(
                    "{name}: held, and what is done is kept. The same command goes on with it; `manyhands cancel {}` gives it up.",
                    id.0
                ));
            }
        }
        app.out.line(&StoppedLine {
            held: self.jobs.iter().map(|id| id.0).collect(),
        });
    }
}

fn is_over(watch: &Watch, id: JobId) -> bool {
    watch
        .job(id)
        .is_none_or(|job| job.state.is_over() || is_left(job))
}

/// Whether the result of a job waits on another computer, to be fetched.
fn is_left(job: &Job) -> bool {
    let away = job.away.as_ref();
    away.is_some_and(|away| away.leaves && away.step == AwayStep::Ready)
}

/// Whether a job of the node can simply be joined: it runs, or was held and runs again.
async fn goes_on(job: &Job, node: &Door) -> bool {
    !matches!(job.state, JobState::Paused { .. })
        || node.call(call::Resume { id: job.id }).await.is_ok()
}

/// Takes what earlier runs have begun of these films off the list, with what they have made. A job that is at work is
/// somebody's, and stays.
async fn throw_away(
    inputs: &[FilePath],
    choice: &Choice,
    node: &Door,
    watch: &Watch,
) -> Result<(), ApiError> {
    let begun = watch.scene.jobs.iter().filter(|job| {
        inputs.iter().any(|input| makes(job, input, choice))
            && matches!(job.state, JobState::Paused { .. } | JobState::Failed { .. })
    });
    for job in begun {
        if !job.state.is_over() {
            node.call(call::Cancel { id: job.id }).await?;
        }
        node.call(call::Forget { id: job.id }).await?;
    }
    Ok(())
}

/// Whether a job is what this command asks for, begun earlier.
fn is_same(job: &Job, input: &FilePath, choice: &Choice) -> bool {
    !job.state.is_over() && makes(job, input, choice)
}

/// Whether a job makes what this command asks for.
fn makes(job: &Job, input: &FilePath, choice: &Choice) -> bool {
    job.source == *input && job.choice.makes_the_same(choice)
}
