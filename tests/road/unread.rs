//! A film on a disk that has gone bad in one place: real read errors in the middle of the file.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use tests::hosts::skipped;

use crate::walk::Walk;

/// Blocks of the file system, bytes; and blocks of each of its groups, as `mkfs` makes them then.
const BLOCK: u64 = 1024;
const GROUP: u64 = 8192;

/// A disk of its own with one film on it, one block of which lies where the disk ends too early.
struct BadDisk {
    _folder: TempDir,
    image: PathBuf,
    mount: PathBuf,
    whole: u64,
}

impl BadDisk {
    /// With a copy of `film`.
    fn with(film: &Path) -> Result<Self, String> {
        let folder = TempDir::new().unwrap();
        let (image, mount) = (folder.path().join("image"), folder.path().join("disk"));
        let blocks = fs::metadata(film).unwrap().len() / BLOCK;
        let all = (blocks / GROUP + 2) * GROUP + GROUP / 2;
        File::create_new(&image)
            .unwrap()
            .set_len(all * BLOCK)
            .unwrap();
        fs::create_dir(&mount).unwrap();
        let disk = Self {
            _folder: folder,
            image,
            mount,
            whole: all * BLOCK,
        };
        disk.tool("mke2fs", &["-q", "-F", "-t", "ext2", "-b", "1024"], &[])?;
        disk.plug_in()?;
        fs::copy(film, disk.film()).unwrap();
        disk.unplug();
        // Between two of the places that are looked at before work starts.
        let bad = format!("bmap film.mkv {} {}", blocks * 567 / 1000, all - 50);
        disk.tool("debugfs", &["-w", "-R", &bad], &[])?;
        Ok(disk)
    }

    fn film(&self) -> PathBuf {
        self.mount.join("film.mkv")
    }

    /// Its end is lost, or there again.
    fn lose_its_end(&self, lost: bool) {
        let image = File::options().write(true).open(&self.image).unwrap();
        let size = if lost {
            self.whole - 100 * BLOCK
        } else {
            self.whole
        };
        image.set_len(size).unwrap();
    }

    fn plug_in(&self) -> Result<(), String> {
        self.tool("mount", &["-o", "loop"], &[&self.mount])
    }

    fn unplug(&self) {
        let ended = Command::new("umount").arg(&self.mount).output();
        drop(ended);
    }

    fn tool(&self, name: &str, words: &[&str], more: &[&Path]) -> Result<(), String> {
        let mut command = Command::new(name);
        command.args(words).arg(&self.image).args(more);
        let ended = command
            .output()
            .map_err(|error| format!("{name}: {error}"))?;
        let said = String::from_utf8_lossy(&ended.stderr).trim().to_owned();
        if ended.status.success() {
            Ok(())
        } else {
            Err(format!("{name}: {said}"))
        }
    }
}

impl Drop for BadDisk {
    fn drop(&mut self) {
        self.unplug();
    }
}

/// It is not taken for a film that ends there: it is said where it cannot be read, and goes on once it can.
#[test]
fn what_cannot_be_read_is_named_with_its_place() {
    let walk = Walk::new();
    let disk = match BadDisk::with(&walk.long_film()) {
        Ok(disk) => disk,
        Err(why) => return skipped("road: a film on a bad disk", &why),
    };
    disk.plug_in().unwrap();
    disk.lose_its_end(true);
    assert!(fs::read(disk.film()).is_err(), "the disk is not bad");
    let output = walk.path().join("output.mp4");
    let words = [disk.film(), PathBuf::from("-o"), output.clone()];
    let said = walk.encode(&words);
    assert_eq!(
        (said.exit, said.last("code")),
        (Some(17), &"unreadable".into()),
        "{said:?}"
    );
    let message = said.last("message").as_str().unwrap();
    assert!(
        message.contains("could not be read on at 0:00:3"),
        "{message}"
    );
    assert!(message.contains("Input/output error"), "{message}");
    assert!(!output.exists());

    disk.unplug();
    disk.lose_its_end(false);
    disk.plug_in().unwrap();
    let answer = walk.encode(&words);
    let submitted = answer
        .lines
        .iter()
        .find(|line| line["type"] == "submitted")
        .unwrap();
    assert_eq!(submitted["resumed"], true, "{answer:?}");
    assert_eq!(answer.exit, Some(0), "{answer:?}");
    assert!(output.exists());
}
