//! The commands, one module each.

mod bench;
mod calls;
mod config;
mod donate;
mod encode;
mod key;
mod library;
mod originals;
mod pairing;
mod queue;
mod serve;
mod settings;
mod stats;
mod timeline;

use api::ApiError;

use crate::args::Command;
use crate::door::Door;
use crate::node::Start;
use crate::{App, End};

/// Runs a command.
///
/// # Errors
/// What the command could not do, not said yet.
pub async fn run(command: Command, app: &App) -> Result<End, ApiError> {
    match command {
        Command::Encode(args) => encode::run(&args, app).await,
        Command::Serve(args) => serve::run(args, app).await,
        Command::Bench(args) => bench::run(&args, app).await,
        Command::Ask(args) => pairing::ask(&args, app).await,
        Command::Invite(args) => pairing::invite(&args, app).await,
        Command::Pair(args) => pairing::pair(&args, app).await,
        Command::Peers => pairing::peers(app).await,
        Command::Rights(args) => pairing::rights(&args, app).await,
        Command::Identity(args) => pairing::identity(&args, app).await,
        Command::Key(args) => key::run(args, app).await,
        Command::Unpair(args) => pairing::unpair(args, app).await,
        Command::Jobs => calls::jobs(app).await,
        Command::Job(args) => calls::job(args.id, app).await,
        Command::Timeline(args) => timeline::run(&args, app).await,
        Command::Cancel(args) => calls::cancel(args.id, app).await,
        Command::Pause(args) => queue::pause(args.id, app).await,
        Command::Resume(args) => queue::resume(args.id, app).await,
        Command::Retry(args) => queue::retry(args.id, app).await,
        Command::Fetch(args) => encode::fetch(args.id, app).await,
        Command::Move(args) => queue::shift(args, app).await,
        Command::Undo(args) => originals::undo(args.id, app).await,
        Command::Originals(args) => originals::run(&args, app).await,
        Command::Donate(args) => donate::run(&args, app).await,
        Command::Library(args) => library::run(args, app).await,
        Command::Settings(args) => settings::run(&args, app).await,
        Command::Config(args) => config::run(&args, app).await,
        Command::Stats(args) => stats::run(&args, app).await,
        Command::Given => settings::given(app).await,
        Command::Doctor(args) => calls::doctor(args.address, app).await,
        Command::Report(args) => calls::report(&args, app).await,
        Command::Clean => calls::clean(app).await,
    }
}

/// Opens the way to a node, lets `work` use it, and closes it whatever came of that.
async fn with_node(
    app: &App,
    start: Start,
    work: impl AsyncFnOnce(&Door) -> Result<End, ApiError>,
) -> Result<End, ApiError> {
    let settings = app.settings();
    let door = Door::open(&app.data, Start { settings, ..start }).await?;
    let end = work(&door).await;
    door.close().await;
    end
}
