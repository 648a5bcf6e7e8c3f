//! `library`: watched folders, their rules, and how the films in them stand.

use api::{
    ApiError, ErrorCode, FilePath, LibraryFilter, LibraryState, Settings, WatchedFolder, call,
};

use super::with_node;
use crate::args::{self, Add, Again, Files, LibraryCommand, Remove, absolute};
use crate::door::Door;
use crate::node::Start;
use crate::present::json::{
    LibraryFileLine, LibraryFolderLine, LibraryPreviewLine, LibraryRetryLine, LibraryScanLine,
};
use crate::present::{amount, library as human};
use crate::{App, End};

/// Films of one page.
const PAGE: u32 = 500;

/// Runs what was typed behind `library`.
pub async fn run(args: args::Library, app: &App) -> Result<End, ApiError> {
    with_node(app, Start::to_look(), async |node| match &args.what {
        None => status(node, app).await,
        Some(LibraryCommand::Add(add)) => self::add(add, node, app).await,
        Some(LibraryCommand::Remove(remove)) => self::remove(remove, node, app).await,
        Some(LibraryCommand::Scan { folder }) => {
            let folder = folder.as_deref().map(absolute).transpose()?;
            node.call(call::LibraryScan {
                folder: folder.clone(),
            })
            .await?;
            app.out.result(&LibraryScanLine { folder }, || {
                "It is being looked through; `manyhands library` says how far it is.".to_owned()
            });
            Ok(End::Done)
        }
        Some(LibraryCommand::Files(files)) => self::files(files, node, app).await,
        Some(LibraryCommand::Retry(again)) => retry(again, node, app).await,
    })
    .await
}

async fn status(node: &Door, app: &App) -> Result<End, ApiError> {
    let library = node.call(call::Library {}).await?;
    let rules = node.call(call::Settings {}).await?.library;
    if app.out.is_json() {
        for folder in &library.folders {
            let set = rules.folders.iter().find(|one| one.path == folder.path);
            app.out.line(&LibraryFolderLine::new(folder, set, &library));
        }
    } else {
        app.out.text(&human::status(&library, &rules));
    }
    if node.is_own() && !library.folders.is_empty() {
        app.out.remark(
            "No node runs, so nothing is taken now: start `manyhands serve` or the window.",
        );
    }
    Ok(End::Done)
}

async fn add(add: &Add, node: &Door, app: &App) -> Result<End, ApiError> {
    let mut settings = node.call(call::Settings {}).await?;
    let path = absolute(&add.folder)?;
    let was = place(&settings, &path);
    let folder = add.folder(was.and_then(|at| settings.library.folders.get(at)))?;
    if add.preview {
        let preview = node.call(call::LibraryPreview { folder }).await?;
        app.out
            .result(&LibraryPreviewLine::new(&path, &preview), || {
                human::preview(&preview)
            });
        return Ok(End::Done);
    }
    if !path.0.is_dir() {
        let text = format!("There is no folder {}.", path.shown());
        return Err(ApiError::new(ErrorCode::NoSuchFile, text).help("Check its name."));
    }
    match was {
        Some(at) => settings.library.folders[at] = folder,
        None => settings.library.folders.push(folder),
    }
    node.call(call::SetSettings { settings }).await?;
    status(node, app).await
}

fn place(settings: &Settings, path: &FilePath) -> Option<usize> {
    settings
        .library
        .folders
        .iter()
        .position(|one| one.path == *path)
}

async fn remove(remove: &Remove, node: &Door, app: &App) -> Result<End, ApiError> {
    let mut settings = node.call(call::Settings {}).await?;
    let path = absolute(&remove.folder)?;
    let unknown = |text: String| {
        Err(ApiError::new(ErrorCode::BadRequest, text).help("`manyhands library` lists them."))
    };
    let Some(at) = place(&settings, &path) else {
        return unknown(format!("{} is not a watched folder.", path.shown()));
    };
    match &remove.rule {
        None => drop(settings.library.folders.remove(at)),
        Some(name) => {
            let folder: &mut WatchedFolder = &mut settings.library.folders[at];
            let before = folder.rules.len();
            folder.rules.retain(|rule| rule.name != *name);
            if folder.rules.len() == before {
                return unknown(format!("{} has no rule “{name}”.", path.shown()));
            }
        }
    }
    node.call(call::SetSettings { settings }).await?;
    status(node, app).await
}

async fn files(wanted: &Files, node: &Door, app: &App) -> Result<End, ApiError> {
    let filter = LibraryFilter {
        state: wanted.state.map(Into::into),
        folder: wanted.folder.as_deref().map(absolute).transpose()?,
        rule: wanted.rule.clone(),
        text: wanted.search.clone(),
    };
    let (mut offset, mut total) = (0, 0);
    while offset < wanted.most {
        let most = (wanted.most - offset).min(PAGE);
        let page = node
            .call(call::LibraryFiles {
                filter: filter.clone(),
                offset,
                most,
            })
            .await?;
        total = page.total;
        for file in &page.files {
            app.out
                .result(&LibraryFileLine::new(file), || human::file(file));
        }
        offset += u32::try_from(page.files.len()).unwrap_or(u32::MAX);
        if page.files.is_empty() {
            break;
        }
    }
    if total > u64::from(offset) {
        app.out
            .remark(&format!("{total} altogether; --most shows more."));
    } else if total == 0 {
        app.out.remark("There is none.");
    }
    Ok(End::Done)
}

async fn retry(again: &Again, node: &Door, app: &App) -> Result<End, ApiError> {
    let mut films = again.films.clone();
    if let Some(state) = again.state {
        films = all(node, state.into()).await?;
    }
    let tried = node
        .call(call::LibraryRetry {
            files: films,
            anyway: again.anyway,
        })
        .await?;
    app.out
        .result(&LibraryRetryLine { films: tried }, || match tried {
            0 => "None of them failed, was not worthwhile or is done.".to_owned(),
            films => format!("{} waiting for another try.", amount(films, "film")),
        });
    Ok(End::Done)
}

/// The numbers of all films that stand so.
async fn all(node: &Door, state: LibraryState) -> Result<Vec<i64>, ApiError> {
    let filter = LibraryFilter {
        state: Some(state),
        ..LibraryFilter::default()
    };
    let mut films = Vec::new();
    loop {
        let offset = u32::try_from(films.len()).unwrap_or(u32::MAX);
        let page = node
            .call(call::LibraryFiles {
                filter: filter.clone(),
                offset,
                most: PAGE,
            })
            .await?;
        if page.files.is_empty() {
            return Ok(films);
        }
        films.extend(page.files.iter().map(|file| file.id));
    }
}
