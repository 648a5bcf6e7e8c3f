//! The page in a browser, where there is no screen to open a window on.

use std::io::{self, Write as _};
use std::net::Ipv4Addr;

use api::{Api, ApiError, ErrorCode};
use web::{Web, WebConfig};

use crate::signals::Signals;
use crate::{Line, node};

/// Why there can be no window. GTK would panic.
pub fn is_needed() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(target_os = "linux") && !set("DISPLAY") && !set("WAYLAND_DISPLAY")
}

/// Serves it until the program is told to end.
///
/// # Errors
/// The node or the page cannot start.
pub fn serve(line: Line) -> Result<(), ApiError> {
    tauri::async_runtime::block_on(run(line))
}

async fn run(line: Line) -> Result<(), ApiError> {
    let lost = |error: io::Error| ApiError::new(ErrorCode::Other, error.to_string());
    let mut signals = Signals::listen().map_err(lost)?;
    let data = api::data_folder(line.data.clone())?;
    let files = line.files.len();
    let node = node::open(line).await?;
    let page = match start(node.api(), &data).await {
        Ok(page) => page,
        Err(error) => {
            node.stop().await;
            return Err(error);
        }
    };
    // Nobody to tell if even this cannot be written.
    let _ = say(page.link(), files);
    signals.next().await;
    page.stop().await;
    node.stop().await;
    Ok(())
}

/// At the port that is set, as with `manyhands serve --web`, or wherever there is one.
async fn start(api: Api, data: &std::path::Path) -> Result<Web, ApiError> {
    let port = api.settings().await?.web_port.unwrap_or(web::PORT);
    let mut place = WebConfig::new((Ipv4Addr::LOCALHOST, port).into(), data);
    if let Ok(page) = Web::start(api.clone(), place.clone()).await {
        return Ok(page);
    }
    place.listen.set_port(0);
    Web::start(api, place).await
}

fn say(link: &str, files: usize) -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(
        out,
        "There is no screen to open a window on. The same in a browser: {link}"
    )?;
    if files > 0 {
        writeln!(out, "Videos cannot be handed to a page: drop them on it.")?;
    }
    out.flush()
}
