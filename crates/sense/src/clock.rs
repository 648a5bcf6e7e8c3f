//! The time on the wall, where this computer is; and time that passes.

use std::time::Duration;

use etiquette::{Clock, Weekday};

/// The day and the minute of it.
#[cfg(unix)]
pub(crate) fn look() -> Option<Clock> {
    // SAFETY: the first writes nothing but its answer; the second a value of ours, of which all zeros is one.
    let local = unsafe {
        let now = libc::time(std::ptr::null_mut());
        let mut local: libc::tm = std::mem::zeroed();
        if libc::localtime_r(&raw const now, &raw mut local).is_null() {
            return None;
        }
        local
    };
    clock(local.tm_wday, local.tm_hour, local.tm_min)
}

/// The day and the minute of it.
#[cfg(windows)]
pub(crate) fn look() -> Option<Clock> {
    use windows_sys::Win32::System::SystemInformation::GetLocalTime;
    // SAFETY: it writes one value of ours, of which all zeros is one.
    let local = unsafe {
        let mut local = std::mem::zeroed();
        GetLocalTime(&raw mut local);
        local
    };
    clock(
        local.wDayOfWeek.into(),
        local.wHour.into(),
        local.wMinute.into(),
    )
}

/// Time since some beginning, by a clock that nobody sets and that goes on in sleep.
#[cfg(unix)]
pub(crate) fn passed() -> Duration {
    #[cfg(target_os = "linux")]
    const GOES_ON_IN_SLEEP: libc::clockid_t = libc::CLOCK_BOOTTIME;
    // On macOS it does.
    #[cfg(not(target_os = "linux"))]
    const GOES_ON_IN_SLEEP: libc::clockid_t = libc::CLOCK_MONOTONIC;
    // SAFETY: it writes a value of ours, of which all zeros is one.
    let now = unsafe {
        let mut now: libc::timespec = std::mem::zeroed();
        libc::clock_gettime(GOES_ON_IN_SLEEP, &raw mut now);
        now
    };
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// Time since some beginning, by a clock that nobody sets and that goes on in sleep.
#[cfg(windows)]
pub(crate) fn passed() -> Duration {
    // SAFETY: it takes nothing and gives a number.
    Duration::from_millis(unsafe {
        windows_sys::Win32::System::SystemInformation::GetTickCount64()
    })
}

fn clock(days_since_sunday: i32, hour: i32, minute: i32) -> Option<Clock> {
    Some(Clock {
        day: Weekday::since_sunday(u32::try_from(days_since_sunday).ok()?),
        minute: u16::try_from(hour * 60 + minute)
            .ok()
            .filter(|minute| *minute < 24 * 60)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_its_minutes() {
        let evening = clock(5, 22, 15).unwrap();
        assert_eq!((evening.day, evening.minute), (Weekday::Fri, 22 * 60 + 15));
        assert!(clock(0, 24, 0).is_none());
    }

    #[test]
    fn time_passes() {
        let before = passed();
        std::thread::sleep(Duration::from_millis(30));
        let took = passed() - before;
        assert!(took >= Duration::from_millis(10), "{took:?}");
        assert!(took < Duration::from_secs(600), "{took:?}");
    }
}
