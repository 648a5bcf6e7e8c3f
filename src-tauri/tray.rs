//! The icon beside the clock: how things stand, the switch for donating, pause, show, quit. Everything it does can be
//! done in the window, too, because many desktops show no such icon.

use std::sync::{Mutex, PoisonError};

use tauri::menu::{CheckMenuItem, Menu, MenuEvent, MenuItem, PredefinedMenuItem};
use tauri::tray::{TrayIcon, TrayIconBuilder};
use tauri::{AppHandle, Manager as _, Wry};

use crate::around::Latest;
use crate::front;
use crate::node::Node;
use crate::under_way::Now;
use crate::words::{Spoken, Words, fill};

/// The icon and what is written in its menu.
struct Drawn {
    status: MenuItem<Wry>,
    donate: CheckMenuItem<Wry>,
    hold: MenuItem<Wry>,
    show: MenuItem<Wry>,
    quit: MenuItem<Wry>,
    icon: TrayIcon<Wry>,
}

/// What became of the icon.
#[derive(Default)]
enum Tray {
    #[default]
    NotYet,
    Drawn(Box<Drawn>),
    /// There is none on this system.
    None,
}

/// The app's icon.
#[derive(Default)]
pub struct Place(Mutex<Tray>);

/// Draws the icon as things stand now; at any time, from any thread.
pub fn draw(app: &AppHandle) {
    let this = app.clone();
    let asked = app.run_on_main_thread(move || draw_here(&this));
    if let Err(error) = asked {
        tracing::debug!(%error, "the icon beside the clock cannot be drawn");
    }
}

/// On the main thread, where menus live.
fn draw_here(app: &AppHandle) {
    let Some(words) = Spoken::of(app) else {
        return;
    };
    let place = app.state::<Place>();
    let mut tray = place.0.lock().unwrap_or_else(PoisonError::into_inner);
    if matches!(*tray, Tray::NotYet) {
        *tray = Tray::None;
        match library().then(|| make(app, &words)) {
            Some(Ok(drawn)) => *tray = Tray::Drawn(Box::new(drawn)),
            Some(Err(error)) => tracing::warn!(%error, "no icon beside the clock"),
            None => tracing::info!("no icon beside the clock: libayatana-appindicator3 is missing"),
        }
    }
    if let Tray::Drawn(drawn) = &*tray
        && let Err(error) = drawn.write(&words, &Latest::of(app))
    {
        tracing::warn!(%error, "the menu beside the clock cannot be written");
    }
}

/// Whether the library is there that Linux desktops draw such icons with. Without it the toolkit would panic.
#[cfg(target_os = "linux")]
fn library() -> bool {
    let names = ["libayatana-appindicator3.so.1", "libappindicator3.so.1"];
    // SAFETY: these libraries do nothing when they are loaded, and the toolkit loads the same one afterwards.
    names
        .iter()
        .any(|name| unsafe { libloading::Library::new(*name) }.is_ok())
}

#[cfg(not(target_os = "linux"))]
fn library() -> bool {
    true
}

fn make(app: &AppHandle, words: &Words) -> tauri::Result<Drawn> {
    let item = |id: &str, text: &str, on| MenuItem::with_id(app, id, text, on, None::<&str>);
    let status = item("status", &words.idle, false)?;
    let donate = CheckMenuItem::with_id(app, "donate", &words.donate, true, false, None::<&str>)?;
    let hold = item("hold", &words.pause, false)?;
    let show = item("show", &words.show, true)?;
    let quit = item("quit", &words.quit, true)?;
    let line = || PredefinedMenuItem::separator(app);
    let (first, second) = (line()?, line()?);
    let menu = Menu::with_items(
        app,
        &[&status, &first, &donate, &hold, &second, &show, &quit],
    )?;
    let mut icon = TrayIconBuilder::with_id("main")
        .menu(&menu)
        .tooltip(&app.package_info().name)
        .on_menu_event(on_menu);
    if let Some(picture) = app.default_window_icon() {
        icon = icon.icon(picture.clone());
    }
    let icon = icon.build(app)?;
    Ok(Drawn {
        status,
        donate,
        hold,
        show,
        quit,
        icon,
    })
}

impl Drawn {
    fn write(&self, words: &Words, now: &Now) -> tauri::Result<()> {
        let status = status(words, now);
        self.status.set_text(&status)?;
        self.icon.set_tooltip(Some(&status))?;
        self.donate.set_text(&words.donate)?;
        self.donate.set_checked(now.donating)?;
        let resumes = now.going.is_empty() && !now.held.is_empty();
        let hold = if resumes { &words.resume } else { &words.pause };
        self.hold.set_text(hold)?;
        self.hold.set_enabled(resumes || !now.going.is_empty())?;
        self.show.set_text(&words.show)?;
        self.quit.set_text(&words.quit)
    }
}

/// How things stand, in one line.
fn status(words: &Words, now: &Now) -> String {
    let percent = now.percent.unwrap_or(0).to_string();
    let count = now.going.len().to_string();
    match now.going.len() {
        0 if now.resting => words.resting.clone(),
        0 if now.helping => words.helping.clone(),
        0 if !now.held.is_empty() => words.held.clone(),
        0 => words.idle.clone(),
        1 => fill(&words.one, &[("percent", &percent)]),
        _ => fill(&words.many, &[("count", &count), ("percent", &percent)]),
    }
}

fn on_menu(app: &AppHandle, event: MenuEvent) {
    let app = app.clone();
    match event.id().as_ref() {
        "donate" => _ = tauri::async_runtime::spawn(async move { donate(&app).await }),
        "hold" => _ = tauri::async_runtime::spawn(async move { hold(&app).await }),
        "show" => front::bring(&app),
        "quit" => crate::closing::ask(&app),
        _ => {}
    }
}

async fn donate(app: &AppHandle) {
    // What was last drawn may be older than the press.
    let set = async {
        let api = Node::of(app).api().await?;
        api.donate(!api.settings().await?.donating).await
    };
    if let Err(error) = set.await {
        tracing::warn!(%error, "donating was not switched");
    }
    // The menu has switched itself; what holds is what the node says.
    draw(app);
}

/// Holds everything that goes on; if nothing does, goes on with what is held.
async fn hold(app: &AppHandle) {
    let now = Latest::of(app);
    let Ok(api) = Node::of(app).api().await else {
        return;
    };
    // One that has just ended cannot be held, and need not be.
    for id in &now.going {
        let _ = api.pause(*id).await;
    }
    if now.going.is_empty() {
        for id in &now.held {
            let _ = api.resume(*id).await;
        }
    }
}
