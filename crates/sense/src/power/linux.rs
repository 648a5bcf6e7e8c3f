//! Linux: batteries as the kernel lists them, the profile as power-profiles-daemon or TuneD tell it by D-Bus.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::bus::{Bus, Object, Which};

/// The new name of the service and the old one; the daemons have both, older ones only the latter.
const PROFILES: [Object; 2] = [
    Object {
        name: "org.freedesktop.UPower.PowerProfiles",
        path: "/org/freedesktop/UPower/PowerProfiles",
    },
    Object {
        name: "net.hadess.PowerProfiles",
        path: "/net/hadess/PowerProfiles",
    },
];

/// Looks at the power.
#[derive(Debug)]
pub(crate) struct Power {
    supplies: PathBuf,
    system: Bus,
}

impl Power {
    pub fn new() -> Self {
        let root = std::env::var_os("MANYHANDS_SYSFS").unwrap_or_else(|| OsString::from("/sys"));
        Self::at(Path::new(&root), Which::System)
    }

    /// With `root` in place of `/sys`, and another bus.
    fn at(root: &Path, bus: Which) -> Self {
        Self {
            supplies: root.join("class/power_supply"),
            system: Bus::new(bus),
        }
    }

    /// Some battery of the computer itself is being emptied, and no mains are there.
    pub fn is_on_battery(&self) -> bool {
        let folders = std::fs::read_dir(&self.supplies)
            .into_iter()
            .flatten()
            .flatten();
        let supplies: Vec<Supply> = folders
            .filter_map(|folder| Supply::read(&folder.path()))
            .collect();
        let emptied = supplies.contains(&Supply::Emptied);
        emptied && !supplies.contains(&Supply::Mains)
    }

    /// The profile that saves power is on.
    pub fn is_saving(&mut self) -> bool {
        let mut told = PROFILES
            .iter()
            .filter_map(|object| self.system.word(*object, "ActiveProfile"));
        told.next().is_some_and(|profile| profile == "power-saver")
    }
}

/// One source of power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Supply {
    /// Plugged in, and delivers.
    Mains,
    /// A battery that is being emptied.
    Emptied,
}

impl Supply {
    /// `None`: neither of the two, as a battery at rest or a mouse's.
    fn read(folder: &Path) -> Option<Self> {
        let word = |file: &str| {
            let text = std::fs::read_to_string(folder.join(file)).unwrap_or_default();
            text.trim().to_owned()
        };
        match word("type").as_str() {
            // A mouse or a phone has its own.
            "Battery" if word("scope") == "Device" => None,
            "Battery" => (word("status") == "Discharging").then_some(Self::Emptied),
            "Mains" | "USB" => (word("online") == "1").then_some(Self::Mains),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::bus::stand_in::Private;

    struct Profiles(Arc<Mutex<&'static str>>);

    #[zbus::interface(name = "net.hadess.PowerProfiles")]
    impl Profiles {
        #[zbus(property)]
        fn active_profile(&self) -> String {
            (*self.0.lock().unwrap()).to_owned()
        }
    }

    #[test]
    fn the_profile_that_saves_power_is_noticed() {
        let bus = Private::start();
        let mut power = Power::at(Path::new("/nowhere"), bus.which());
        assert!(!power.is_saving(), "nobody tells");
        let profile = Arc::new(Mutex::new("balanced"));
        let _daemon = bus.serve(PROFILES[1], Profiles(profile.clone()));
        assert!(!power.is_saving());
        *profile.lock().unwrap() = "power-saver";
        assert!(power.is_saving());
        *profile.lock().unwrap() = "performance";
        assert!(!power.is_saving());
    }

    fn supply(root: &Path, name: &str, files: &[(&str, &str)]) {
        let folder = root.join("class/power_supply").join(name);
        std::fs::create_dir_all(&folder).unwrap();
        for (file, text) in files {
            std::fs::write(folder.join(file), format!("{text}\n")).unwrap();
        }
    }

    #[test]
    fn a_battery_that_is_emptied_counts_while_nothing_is_plugged_in() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        let power = Power::at(root, Which::System);
        assert!(!power.is_on_battery(), "a computer without any");
        supply(
            root,
            "hidpp_0",
            &[
                ("type", "Battery"),
                ("scope", "Device"),
                ("status", "Discharging"),
            ],
        );
        assert!(!power.is_on_battery(), "a mouse's");
        supply(root, "BAT0", &[("type", "Battery"), ("status", "Full")]);
        supply(root, "AC", &[("type", "Mains"), ("online", "1")]);
        assert!(!power.is_on_battery(), "full");
        supply(root, "BAT0", &[("status", "Discharging")]);
        assert!(!power.is_on_battery(), "it is told before the plug");
        supply(root, "AC", &[("online", "0")]);
        assert!(power.is_on_battery());
        supply(root, "ucsi", &[("type", "USB"), ("online", "1")]);
        assert!(!power.is_on_battery(), "charged by USB");
        supply(root, "ucsi", &[("online", "0")]);
        supply(root, "BAT0", &[("status", "Charging")]);
        assert!(!power.is_on_battery());
    }
}
