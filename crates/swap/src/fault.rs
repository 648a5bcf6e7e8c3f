//! Where a test kills the process: a variable names one point. In builds for users there is no such thing.

/// Dies here, as by a power cut, if this is the point that `MANYHANDS_DIE_AT` names.
#[cfg(all(unix, debug_assertions))]
pub fn point(name: &str) {
    if std::env::var_os("MANYHANDS_DIE_AT").is_some_and(|wanted| wanted == *name) {
        // It cannot fail for one's own process, and nothing after it runs.
        let _ =
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
}

/// Nothing, in a build for users.
#[cfg(not(all(unix, debug_assertions)))]
pub fn point(_name: &str) {}
