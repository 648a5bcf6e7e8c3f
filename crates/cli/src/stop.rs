//! The user wants to stop: once means cleanly, twice means at once.

use api::{ApiError, ErrorCode};
use tokio::sync::watch;

use crate::STOPPED;

/// Tells that the user wants to stop. Cheap to clone.
#[derive(Clone)]
pub struct Stop {
    asked: watch::Receiver<bool>,
}

impl Stop {
    /// Listens to Ctrl-C and to what the system sends a program that should end. The first makes [`Stop::asked`]
    /// resolve; the second ends the process there and then.
    ///
    /// # Errors
    /// If the system does not let it listen.
    pub fn listen() -> Result<Self, ApiError> {
        let (tell, asked) = watch::channel(false);
        let mut signals = Signals::new().map_err(|error| {
            ApiError::new(
                ErrorCode::Other,
                format!("Signals cannot be listened to: {error}."),
            )
        })?;
        tokio::spawn(async move {
            signals.next().await;
            tell.send_replace(true);
            signals.next().await;
            std::process::exit(STOPPED.into());
        });
        Ok(Self { asked })
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

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
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

    async fn next(&mut self) {
        tokio::select! {
            _ = self.ctrl_c.recv() => {}
            _ = self.ctrl_break.recv() => {}
            _ = self.close.recv() => {}
            _ = self.shutdown.recv() => {}
        }
    }
}
