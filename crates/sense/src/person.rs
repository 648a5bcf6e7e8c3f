//! When keyboard and mouse were last touched.

#[cfg(target_os = "linux")]
pub(crate) use linux::People;
#[cfg(not(target_os = "linux"))]
pub(crate) use plain::People;

#[cfg(target_os = "linux")]
mod linux;

#[cfg(not(target_os = "linux"))]
mod plain {
    use etiquette::Person;

    /// Looks at who uses this computer.
    #[derive(Debug)]
    pub(crate) struct People;

    impl People {
        pub fn new() -> Self {
            Self
        }

        #[expect(
            clippy::unused_self,
            reason = "on other systems there is something to remember"
        )]
        pub fn look(&mut self) -> Person {
            super::idle().map_or(Person::Nobody, Person::Last)
        }
    }
}

/// How long nothing was touched.
#[cfg(windows)]
fn idle() -> Option<std::time::Duration> {
    use windows_sys::Win32::System::SystemInformation::GetTickCount;
    use windows_sys::Win32::UI::Input::KeyboardAndMouse::{GetLastInputInfo, LASTINPUTINFO};
    let mut last = LASTINPUTINFO {
        cbSize: u32::try_from(size_of::<LASTINPUTINFO>()).ok()?,
        dwTime: 0,
    };
    // SAFETY: one writes a value of ours whose size it is told, the other only answers.
    let (told, now) = unsafe { (GetLastInputInfo(&raw mut last), GetTickCount()) };
    // Both count milliseconds and begin anew after 49 days.
    let ms = u64::from(now.wrapping_sub(last.dwTime));
    (told != 0).then(|| std::time::Duration::from_millis(ms))
}

/// How long nothing was touched.
#[cfg(target_os = "macos")]
fn idle() -> Option<std::time::Duration> {
    #[link(name = "CoreGraphics", kind = "framework")]
    unsafe extern "C" {
        fn CGEventSourceSecondsSinceLastEventType(state: i32, event: u32) -> f64;
    }
    /// What the hardware tells, not what programs pretend.
    const HARDWARE: i32 = 1;
    const ANY_INPUT: u32 = u32::MAX;
    // SAFETY: it takes two numbers and answers one.
    let seconds = unsafe { CGEventSourceSecondsSinceLastEventType(HARDWARE, ANY_INPUT) };
    std::time::Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
fn idle() -> Option<std::time::Duration> {
    None
}
