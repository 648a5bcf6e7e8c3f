//! Drives of other computers that this one sees among its own folders.

use std::path::PathBuf;

/// Kinds of file systems that lie on another computer, as Linux names them.
#[cfg(any(target_os = "linux", test))]
const REMOTE: [&str; 22] = [
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "afs",
    "afpfs",
    "ceph",
    "glusterfs",
    "lustre",
    "9p",
    "virtiofs",
    "davfs",
    "fuse.sshfs",
    "fuse.rclone",
    "fuse.smbnetfs",
    "fuse.glusterfs",
    "fuse.ceph",
    "fuse.ceph-fuse",
    "fuse.davfs",
    "fuse.davfs2",
    "fuse.gvfsd-fuse",
];

/// Where they begin. May not be read for the asking: one whose computer is gone answers nothing, for ever.
#[must_use]
pub fn network_drives() -> Vec<PathBuf> {
    look()
}

#[cfg(target_os = "linux")]
fn look() -> Vec<PathBuf> {
    let table = std::fs::read("/proc/self/mountinfo").unwrap_or_default();
    remote(&String::from_utf8_lossy(&table))
}

/// Those of a table of mounts: `man 5 proc_pid_mountinfo`.
#[cfg(any(target_os = "linux", test))]
fn remote(table: &str) -> Vec<PathBuf> {
    let of_line = |line: &str| {
        let (mount, kind) = line.split_once(" - ")?;
        let kind = kind.split(' ').next()?;
        let point = mount.split(' ').nth(4)?;
        REMOTE
            .contains(&kind)
            .then(|| PathBuf::from(unescaped(point)))
    };
    table.lines().filter_map(of_line).collect()
}

/// Blanks and the like stand as three octal digits there.
#[cfg(any(target_os = "linux", test))]
fn unescaped(text: &str) -> String {
    let plain = [
        ("\\040", " "),
        ("\\011", "\t"),
        ("\\012", "\n"),
        ("\\134", "\\"),
    ];
    plain
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

#[cfg(target_os = "macos")]
fn look() -> Vec<PathBuf> {
    const KINDS: [&str; 5] = ["smbfs", "nfs", "afpfs", "webdav", "macfuse"];
    let disks = sysinfo::Disks::new_with_refreshed_list();
    let is_remote = |disk: &&sysinfo::Disk| KINDS.iter().any(|kind| disk.file_system() == *kind);
    let remote = disks.list().iter().filter(is_remote);
    remote.map(|disk| disk.mount_point().to_owned()).collect()
}

#[cfg(windows)]
fn look() -> Vec<PathBuf> {
    use windows_sys::Win32::Storage::FileSystem::GetDriveTypeW;
    /// `DRIVE_REMOTE` of winbase.h.
    const REMOTE: u32 = 4;
    let roots = (b'A'..=b'Z').map(|letter| format!("{}:\\", char::from(letter)));
    let is_remote = |root: &String| {
        let wide: Vec<u16> = root.encode_utf16().chain([0]).collect();
        // SAFETY: a text that ends with 0 and outlives the call.
        unsafe { GetDriveTypeW(wide.as_ptr()) == REMOTE }
    };
    roots.filter(is_remote).map(PathBuf::from).collect()
}

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
fn look() -> Vec<PathBuf> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drives_of_other_computers_are_told_from_our_own() {
        let table = "\
24 30 0:22 / /proc rw,nosuid shared:12 - proc proc rw
30 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw
101 30 0:50 / /mnt/my\\040films rw,relatime shared:60 - nfs4 nas:/volume1/films rw,vers=4.2
102 30 0:51 / /media/nas rw - cifs //nas/media rw,vers=3.1.1
103 30 0:52 / /home/a/box rw,nosuid - fuse.sshfs a@box:/srv rw,user_id=1000
104 30 0:53 / /run/user/1000/doc rw - fuse.portal portal rw
nonsense
105 30";
        let drives = ["/mnt/my films", "/media/nas", "/home/a/box"];
        assert_eq!(remote(table), drives.map(PathBuf::from));
        assert!(remote("").is_empty());
    }
}
