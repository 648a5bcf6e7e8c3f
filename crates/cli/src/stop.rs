//! The user wants to stop: once means cleanly, twice means at once.

use std::io::IsTerminal as _;
use std::sync::Arc;

use api::{ApiError, ErrorCode};
use tokio::sync::{Notify, watch};

use crate::STOPPED;

/// Tells that the user wants to stop. Cheap to clone.
#[derive(Clone)]
pub struct Stop {
    asked: watch::Receiver<bool>,
    hung_up: Arc<Notify>,
}

impl Stop {
    /// Listens to Ctrl-C and to what the system sends a program that should end. The first makes [`Stop::asked`]
    /// resolve; the second ends the process there and then. A node that `serves` without a terminal takes a hang-up for
    /// the wish that it read its settings again; where there is a terminal, that was closed.
    ///
    /// # Errors
    /// If the system does not let it listen.
    pub fn listen(serves: bool) -> Result<Self, ApiError> {
        let (tell, asked) = watch::channel(false);
        let mut signals = Signals::new().map_err(|error| {
            ApiError::new(
                ErrorCode::Other,
                format!("Signals cannot be listened to: {error}."),
            )
        })?;
        let stays = serves && !has_terminal();
        let hung_up = Arc::new(Notify::new());
        let again = hung_up.clone();
        tokio::spawn(async move {
            loop {
                match signals.next().await {
                    Signal::HungUp if stays => again.notify_one(),
                    Signal::HungUp | Signal::Stop if tell.send_replace(true) => {
                        std::process::exit(STOPPED.into())
                    }
                    Signal::HungUp | Signal::Stop => {}
                }
            }
        });
        Ok(Self { asked, hung_up })
    }

    /// Resolves at each hang-up that is no wish to stop.
    pub async fn hung_up(&self) {
        self.hung_up.notified().await;
    }

    /// Resolves once the user has asked to stop, also if that was before.
    pub async fn asked(&self) {
        let mut asked = self.asked.clone();
        if asked.wait_for(|asked| *asked).await.is_err() {
            // Nobody listens any more: nobody can ask.
            std::future::pending::<()>().await;
        }
    }
}

fn has_terminal() -> bool {
    let (input, output, errors) = (std::io::stdin(), std::io::stdout(), std::io::stderr());
    input.is_terminal() || output.is_terminal() || errors.is_terminal()
}

/// What the system sends.
enum Signal {
    /// End.
    Stop,
    /// The terminal was closed; or, to a node without one, that it read its settings again.
    #[cfg_attr(windows, expect(dead_code, reason = "Windows has no such signal"))]
    HungUp,
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Stop,
            _ = self.terminate.recv() => Signal::Stop,
            _ = self.hang_up.recv() => Signal::HungUp,
        }
    }
}

#[cfg(windows)]
struct Signals {
    ctrl_c: tokio::signal::windows::CtrlC,
    ctrl_break: tokio::signal::windows::CtrlBreak,
    close: tokio::signal::windows::CtrlClose,
    shutdown: tokio::signal::windows::CtrlShutdown,
}

#[cfg(windows)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::windows;
        Ok(Self {
            ctrl_c: windows::ctrl_c()?,
            ctrl_break: windows::ctrl_break()?,
            close: windows::ctrl_close()?,
            shutdown: windows::ctrl_shutdown()?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.ctrl_c.recv() => {}
            _ = self.ctrl_break.recv() => {}
            _ = self.close.recv() => {}
            _ = self.shutdown.recv() => {}
        }
        Signal::Stop
    }
}
