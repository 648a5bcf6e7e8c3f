//! Notices what goes on around the node: who sits here, where the power comes from, what else runs. A thread of its
//! own, as systems may take their time to answer; it sleeps while nobody wants to know.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use etiquette::Senses;
use sense::{Sense, Wanted};
use tokio::sync::mpsc::UnboundedSender;

use crate::driver::Mail;

/// What is to be looked at, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attention {
    pub wanted: Wanted,
    pub every: Duration,
}

/// Starts looking. Whatever is sent is looked at at once, and again and again until something else is sent; `None`
/// rests.
pub(crate) fn watch(
    sense: Box<dyn Sense>,
    mail: UnboundedSender<Mail>,
) -> Sender<Option<Attention>> {
    let (attention, wanted) = channel();
    let looking = std::thread::Builder::new().name("senses".to_owned());
    if let Err(error) = looking.spawn(move || {
        look(sense, &wanted, |senses, at| {
            mail.send(Mail::Sensed(senses, at)).is_ok()
        })
    }) {
        tracing::warn!(%error, "nothing is noticed of what goes on around");
    }
    attention
}

fn look(
    mut sense: Box<dyn Sense>,
    wanted: &Receiver<Option<Attention>>,
    tell: impl Fn(Box<Senses>, Duration) -> bool,
) {
    let mut attention: Option<Attention> = None;
    loop {
        let next = match &attention {
            Some(now) => wanted.recv_timeout(now.every),
            None => wanted.recv().map_err(RecvTimeoutError::from),
        };
        match next {
            // Only the last of several counts.
            Ok(next) => attention = wanted.try_iter().last().unwrap_or(next),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        if let Some(now) = &attention
            && !tell(Box::new(sense.look(&now.wanted)), sense.now())
        {
            return;
        }
    }
}
