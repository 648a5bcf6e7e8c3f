//! `serve`: the node without a window, until it is told to stop.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use api::{ApiError, Computer, ComputerId, Job, JobId, JobState, Scene};
use web::{Web, WebConfig};

use crate::args::{Serve, Whether};
use crate::door::{Door, Own};
use crate::node::Start;
use crate::present::human::{self, plain};
use crate::present::json::{
    self, DoneLine, ErrorLine, ListeningLine, PeerLine, ReloadedLine, StateLine, StoppedLine,
};
use crate::present::{computers, settings};
use crate::watch::Watch;
use crate::{App, End};

/// Runs the node.
pub async fn run(args: Serve, app: &App) -> Result<End, ApiError> {
    let start = Start {
        name: args.name,
        listen: args.listen,
        donate: args.donate.map(|whether| whether == Whether::On),
        no_mdns: args.no_mdns,
        peers: args.peers,
        stays: true,
        settings: app.settings(),
        ..Start::default()
    };
    let own = tokio::select! {
        own = Own::start_when_free(&app.data, start) => own?,
        () = app.stop.asked() => return Ok(End::Done),
    };
    let page = match args.web {
        Some(listen) => {
            let listen = match listen {
                Some(listen) => listen,
                None => usual_page(&own).await?,
            };
            let config = WebConfig {
                names: [args.web_names, host_names()].concat(),
                ..WebConfig::new(listen, &app.data)
            };
            match Web::start(own.api.clone(), config).await {
                Ok(page) => Some(page),
                Err(error) => {
                    own.stop().await;
                    return Err(error);
                }
            }
        }
        None => None,
    };
    let node = Door::Own(own);
    let end = tokio::select! {
        end = tell(&node, page.as_ref(), app) => end,
        end = reread(&node, app) => end,
        () = app.stop.asked() => Ok(End::Done),
    };
    if let Some(page) = page {
        page.stop().await;
    }
    node.close().await;
    app.out.line(&StoppedLine { held: Vec::new() });
    end
}

/// Reads the file of settings again whenever the system says so, without end.
async fn reread(node: &Door, app: &App) -> Result<End, ApiError> {
    loop {
        app.stop.hung_up().await;
        match node.call(api::call::ReloadConfig {}).await {
            Ok(reread) => app
                .out
                .result(&ReloadedLine::new(&reread), || settings::reread(&reread)),
            Err(error) => app.out.error(&error),
        }
    }
}

/// Where the page is if nobody says: on loopback, at the port that is set.
async fn usual_page(own: &Own) -> Result<SocketAddr, ApiError> {
    let port = own.api.settings().await?.web_port;
    Ok(SocketAddr::from((
        [127, 0, 0, 1],
        port.unwrap_or(web::PORT),
    )))
}

/// The names by which others in the house may know this computer.
fn host_names() -> Vec<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = name.or_else(|| std::env::var("COMPUTERNAME").ok());
    let name = name
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty());
    let local = name.as_ref().map(|name| format!("{name}.local"));
    name.into_iter().chain(local).collect()
}

/// Says where the node is, then what happens, without end.
async fn tell(node: &Door, page: Option<&Web>, app: &App) -> Result<End, ApiError> {
    let mut watch = Watch::start(node).await?;
    let link = page.map(|page| page.link().to_owned());
    let here = &watch.scene.here;
    app.out.result(&ListeningLine::new(here, link.clone()), || {
        let id = here.computer.id.0.get(..8).unwrap_or_default();
        let mut text = format!(
            "{} ({id}) is reachable at {}.",
            plain(&here.computer.name),
            here.listening.join(", ")
        );
        text += if here.donating {
            "\nIt helps the computers it is paired with."
        } else {
            "\nIt does not help others: --donate."
        };
        if let Some(link) = link {
            text += &format!("\nPage: {link}");
        }
        if let Some(fingerprint) = page.and_then(Web::fingerprint) {
            text +=
                "\nIts certificate is this computer's own, so browsers warn once. Its SHA-256 is\n";
            text += fingerprint;
        }
        text
    });
    let mut told = Told::default();
    loop {
        told.tell(&watch.scene, app);
        watch.next(node).await?;
    }
}

/// What has been said, so that only changes are.
#[derive(Default)]
struct Told {
    computers: BTreeMap<ComputerId, &'static str>,
    jobs: BTreeMap<JobId, &'static str>,
    notices: Vec<String>,
}

impl Told {
    fn tell(&mut self, scene: &Scene, app: &App) {
        for notice in scene
            .here
            .notices
            .iter()
            .filter(|notice| !self.notices.contains(notice))
        {
            app.out.remark(&plain(notice));
        }
        self.notices.clone_from(&scene.here.notices);
        for computer in &scene.computers {
            self.computer(computer, app);
        }
        for job in scene.jobs.iter().rev() {
            self.job(job, app);
        }
    }

    fn computer(&mut self, computer: &Computer, app: &App) {
        let line = PeerLine::new(computer, false);
        if self.computers.insert(computer.id.clone(), line.state()) != Some(line.state()) {
            let text = || {
                format!(
                    "{}: {}",
                    plain(&computer.name),
                    computers::status(&computer.status)
                )
            };
            app.out.result(&line, text);
        }
    }

    fn job(&mut self, job: &Job, app: &App) {
        let state = json::state(&job.state);
        let before = self.jobs.insert(job.id, state);
        // What was over before this node started is no news.
        if before == Some(state) || (before.is_none() && job.state.is_over()) {
            return;
        }
        let text = || format!("{}: {}", plain(&job.name), human::state(&job.state));
        match &job.state {
            JobState::Completed { outcome } => app.out.result(&DoneLine::new(job, outcome), text),
            JobState::Failed { error } => {
                let about = json::About {
                    job: Some(job.id.0),
                    input: Some(job.source.clone()),
                };
                app.out.result(&ErrorLine::new(error, Some(about)), text);
            }
            JobState::Queued
            | JobState::WaitingForPeers { .. }
            | JobState::Benchmarking
            | JobState::Processing
            | JobState::Paused { .. }
            | JobState::Combining
            | JobState::Cancelled => app.out.result(&StateLine::new(job), text),
        }
    }
}
