//! `config`: the file that the settings are in.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use api::{ApiError, Complaint, ErrorCode, FilePath, call};
use local::Client;

use super::with_node;
use crate::args::{self, Config, ConfigDeed};
use crate::node::Start;
use crate::present::human::plain;
use crate::present::json::{
    ComplaintLine, ConfigPathLine, ImportedLine, ReloadedLine, SettingLine,
};
use crate::present::settings;
use crate::{App, End};

/// Does it.
pub async fn run(args: &Config, app: &App) -> Result<End, ApiError> {
    match &args.deed {
        ConfigDeed::Show { effective } => show(*effective, app).await,
        ConfigDeed::Check { file } => check(file.as_deref(), app),
        ConfigDeed::Path => path(app).await,
        ConfigDeed::Reload => reload(app).await,
        ConfigDeed::Import { file, yes } => import(file, *yes, app).await,
        ConfigDeed::Example => {
            app.out.text(api::config::example().trim_end());
            Ok(End::Done)
        }
    }
}

async fn show(all: bool, app: &App) -> Result<End, ApiError> {
    with_node(app, Start::to_look(), async |node| {
        let config = node.call(call::Config {}).await?;
        let keys = config.keys.iter();
        let shown: Vec<_> = keys.filter(|key| all || !key.value.is_empty()).collect();
        let shown = shown
            .into_iter()
            .filter(|key| all || key.from != api::ConfigFrom::Usual);
        if app.out.is_json() {
            shown.for_each(|key| app.out.line(&SettingLine::new(key)));
        } else {
            app.out.text(&settings::config(&config.path, shown));
        }
        for complaint in &config.complaints {
            app.out.remark(&plain(&settings::complaint(complaint)));
        }
        Ok(End::Done)
    })
    .await
}

/// The file that a node of this data folder reads.
fn usual(app: &App) -> PathBuf {
    let named = app.config.clone();
    named.unwrap_or_else(|| app.data.join(api::config::NAME))
}

fn check(named: Option<&Path>, app: &App) -> Result<End, ApiError> {
    let path = match named {
        Some(named) => args::absolute(named)?.0,
        None => usual(app),
    };
    let mut complaints = match std::fs::read(&path) {
        Ok(bytes) => complaints(&path, bytes),
        Err(error) if error.kind() == ErrorKind::NotFound && named.is_none() => Vec::new(),
        Err(error) => {
            let code = match error.kind() {
                ErrorKind::NotFound => ErrorCode::NoSuchFile,
                _ => ErrorCode::Unreadable,
            };
            let text = format!("{} cannot be read: {error}.", path.display());
            return Err(ApiError::new(code, text));
        }
    };
    if named.is_none() {
        complaints.extend(api::config::check_variables());
    }
    if complaints.is_empty() {
        app.out
            .text(&format!("{} is right.", plain(&path.display().to_string())));
        return Ok(End::Done);
    }
    for complaint in &complaints {
        app.out.result(&ComplaintLine::new(complaint), || {
            plain(&settings::complaint(complaint))
        });
    }
    Ok(End::Code(ErrorCode::BadConfig.exit()))
}

fn complaints(path: &Path, bytes: Vec<u8>) -> Vec<Complaint> {
    let name = path.file_name().unwrap_or(path.as_os_str());
    let name = name.to_string_lossy();
    match String::from_utf8(bytes) {
        Ok(text) => api::config::check(&text, &name),
        Err(_) => vec![Complaint {
            source: name.into_owned(),
            line: None,
            says: "It is not text in UTF-8.".to_owned(),
        }],
    }
}

async fn path(app: &App) -> Result<End, ApiError> {
    let path = match Client::connect(&app.data).await? {
        Some(node) => node.call(call::Config {}).await?.path,
        None => FilePath(usual(app)),
    };
    app.out
        .result(&ConfigPathLine::new(&path), || plain(&path.shown()));
    Ok(End::Done)
}

async fn reload(app: &App) -> Result<End, ApiError> {
    let Some(node) = Client::connect(&app.data).await? else {
        let text = "No node runs with this data folder.";
        return Err(ApiError::new(ErrorCode::NoNode, text)
            .help("It reads the file when it starts; `manyhands config check` says now what is wrong with it."));
    };
    let reread = node.call(call::ReloadConfig {}).await?;
    app.out
        .result(&ReloadedLine::new(&reread), || settings::reread(&reread));
    Ok(End::Done)
}

async fn import(file: &Path, yes: bool, app: &App) -> Result<End, ApiError> {
    let text = read_whole(file)?;
    with_node(app, Start::to_look(), async |node| {
        let apply = yes;
        let import = node.call(call::ImportConfig { text, apply }).await?;
        app.out.result(&ImportedLine::new(&import, yes), || {
            settings::imported(&import, yes)
        });
        if !yes && !import.changes.is_empty() {
            app.out.remark("Nothing was changed yet: with --yes it is.");
        }
        Ok(End::Done)
    })
    .await
}

fn read_whole(file: &Path) -> Result<String, ApiError> {
    let refused = |code, why: &str| {
        let text = format!("{} cannot be read: {why}.", file.display());
        ApiError::new(code, text).help("Name the config.json of the other farm.")
    };
    let about = std::fs::metadata(file).map_err(|error| match error.kind() {
        ErrorKind::NotFound => refused(ErrorCode::NoSuchFile, "there is no such file"),
        _ => refused(ErrorCode::Unreadable, &error.to_string()),
    })?;
    if !about.is_file() || about.len() > api::config::LARGEST {
        return Err(refused(ErrorCode::BadConfig, "it is no file of settings"));
    }
    std::fs::read_to_string(file).map_err(|error| refused(ErrorCode::BadConfig, &error.to_string()))
}
