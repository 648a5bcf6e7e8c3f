//! `settings`: what the user has set, shown and changed.

use std::time::{SystemTime, UNIX_EPOCH};

use api::{ApiError, ErrorCode, Settings, call};

use super::with_node;
use crate::args::{self, Bound, Whether};
use crate::node::Start;
use crate::present::json::{DeedLine, GivenLine, SettingsLine};
use crate::present::{computers, settings, size, span};
use crate::{App, End};

/// Changes what was named, and shows everything.
pub async fn run(wanted: &args::Settings, app: &App) -> Result<End, ApiError> {
    if wanted.web_password || wanted.no_web_password {
        password(wanted.web_password, app)?;
    }
    with_node(app, Start::to_look(), async |node| {
        let before = node.call(call::Settings {}).await?;
        let after = changed(before.clone(), wanted)?;
        if after != before {
            let settings = after.clone();
            node.call(call::SetSettings { settings }).await?;
        }
        app.out
            .result(&SettingsLine::new(&after), || settings::list(&after));
        let later = after.ffmpeg != before.ffmpeg
            || after.port != before.port
            || after.web_port != before.web_port;
        if later && !node.is_own() {
            app.out
                .remark("Another ffmpeg and other ports are used from the node's next start on.");
        }
        Ok(End::Done)
    })
    .await
}

/// Reads the page's password, which stands in no list of processes and in no history of a shell, or takes it away.
fn password(set: bool, app: &App) -> Result<(), ApiError> {
    let mut typed = String::new();
    if set {
        app.out
            .remark("Type the page's password, then Enter (it is shown while you type):");
        std::io::stdin().read_line(&mut typed).map_err(|error| {
            let text = format!("No password could be read: {error}.");
            ApiError::new(ErrorCode::BadRequest, text)
        })?;
    }
    let password = set.then(|| typed.trim_end_matches(['\r', '\n']));
    std::fs::create_dir_all(&app.data).map_err(|error| {
        let text = format!("The data folder cannot be made: {error}.");
        ApiError::new(ErrorCode::BadDataFolder, text)
    })?;
    web::set_password(&app.data, password)?;
    app.out
        .remark("`serve --web` goes by it from its next start on.");
    Ok(())
}

fn changed(mut settings: Settings, wanted: &args::Settings) -> Result<Settings, ApiError> {
    if let Some(name) = &wanted.name {
        settings.name.clone_from(name);
    }
    if let Some(hide) = wanted.hide_name {
        settings.hide_name = hide == Whether::On;
    }
    if let Some(donate) = wanted.donate {
        settings.donating = donate == Whether::On;
    }
    if let Some(takes) = wanted.whole_films {
        settings.whole_films = takes == Whether::On;
    }
    set(&mut settings.donate_cores, &wanted.cores);
    settings.helping = wanted.helping.on(settings.helping);
    if let Some(testing) = wanted.testing_mode {
        settings.replace.testing_mode = testing == Whether::On;
    }
    if let Some(keep) = wanted.keep_originals {
        settings.replace.keep = keep;
    }
    if let Some(read) = wanted.read_shared {
        settings.shared.read = read == Whether::On;
    }
    set(&mut settings.temp_limit, &wanted.temp_limit);
    set(&mut settings.bandwidth, &wanted.bandwidth);
    set(&mut settings.port, &wanted.port);
    set(&mut settings.web_port, &wanted.web_port);
    for (path, wanted) in [
        (&mut settings.temp, &wanted.temp),
        (&mut settings.ffmpeg, &wanted.ffmpeg),
    ] {
        match wanted {
            Some(Bound::To(typed)) => *path = Some(args::absolute(typed)?),
            Some(Bound::None) => *path = None,
            None => {}
        }
    }
    Ok(settings)
}

fn set<T: Clone>(value: &mut Option<T>, wanted: &Option<Bound<T>>) {
    match wanted {
        Some(Bound::To(wanted)) => *value = Some(wanted.clone()),
        Some(Bound::None) => *value = None,
        None => {}
    }
}

/// `given`: what this computer has done for others.
pub async fn given(app: &App) -> Result<End, ApiError> {
    with_node(app, Start::to_look(), async |node| {
        let given = node.call(call::Given {}).await?;
        let deeds = node.call(call::Deeds {}).await?;
        app.out.result(&GivenLine::from(given), || {
            format!(
                "{} with {} frames ({}) in {} of encoding, for {}.",
                crate::present::amount(given.segments, "segment"),
                given.frames,
                size(given.bytes),
                span(given.seconds as f64),
                crate::present::amount(given.computers.into(), "computer")
            )
        });
        if app.out.is_json() {
            deeds
                .iter()
                .for_each(|deed| app.out.line(&DeedLine::new(deed)));
        } else if !deeds.is_empty() {
            app.out.text(&computers::deeds(&deeds, now_ms()));
        }
        Ok(End::Done)
    })
    .await
}

/// Now, Unix milliseconds.
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}
