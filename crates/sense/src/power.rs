//! Where the power comes from, and whether it is to be saved.

#[cfg(target_os = "linux")]
pub(crate) use linux::Power;
#[cfg(not(any(target_os = "linux", windows)))]
pub(crate) use other::Power;
#[cfg(windows)]
pub(crate) use windows::Power;

#[cfg(target_os = "linux")]
mod linux;

#[cfg(windows)]
mod windows {
    use windows_sys::Win32::System::Power::{GetSystemPowerStatus, SYSTEM_POWER_STATUS};

    /// Looks at the power.
    #[derive(Debug)]
    pub(crate) struct Power;

    impl Power {
        pub fn new() -> Self {
            Self
        }

        pub fn is_on_battery(&self) -> bool {
            status().is_some_and(|status| status.ACLineStatus == 0)
        }

        pub fn is_saving(&mut self) -> bool {
            status().is_some_and(|status| status.SystemStatusFlag == 1)
        }
    }

    fn status() -> Option<SYSTEM_POWER_STATUS> {
        // SAFETY: it writes one value of ours, of which all zeros is one.
        unsafe {
            let mut status: SYSTEM_POWER_STATUS = std::mem::zeroed();
            (GetSystemPowerStatus(&raw mut status) != 0).then_some(status)
        }
    }
}

#[cfg(not(any(target_os = "linux", windows)))]
mod other {
    use starship_battery::{Manager, State};

    /// Looks at the power. Whether the system saves it is not told here.
    #[derive(Debug)]
    pub(crate) struct Power;

    impl Power {
        pub fn new() -> Self {
            Self
        }

        pub fn is_on_battery(&self) -> bool {
            let all = Manager::new().and_then(|manager| manager.batteries());
            let mut batteries = all.into_iter().flatten().flatten();
            batteries.any(|battery| battery.state() == State::Discharging)
        }

        #[expect(
            clippy::unused_self,
            reason = "on other systems there is something to ask"
        )]
        pub fn is_saving(&mut self) -> bool {
            false
        }
    }
}
