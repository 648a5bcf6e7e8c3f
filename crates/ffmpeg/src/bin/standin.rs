//! A stand-in for ffmpeg on a machine with hardware encoders, for tests where there is no such
//! hardware. It lists the encoders that it is told to have, "encodes" with the software encoder
//! of the same codec in the real ffmpeg, and fails in ffmpeg's own words.
//!
//! How it behaves is written in the file `conduct` beside it, one line each:
//!
//! ```text
//! real /path/to/ffmpeg        which ffmpeg does the work
//! version 4.4.2               what it says it is, instead of the truth
//! h264_nvenc works            encodes
//! hevc_nvenc sessions 2       encodes, at most two at once
//! av1_nvenc driver            fails: the driver is too old
//! h264_qsv device             fails: no such device
//! hevc_qsv codec              fails: the device does not write this codec
//! h264_amf depth              encodes 8 bits, fails for 10
//! hevc_amf loses              encodes, and loses frames
//! hevc_vaapi hangs            never ends
//! ```
//!
//! A hardware encoder without a line is not listed. Everything else is the real ffmpeg's.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use media::Encoder;
use media::encoder::{Codec, Family};

/// How an encoder behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Behaviour {
    Works,
    Sessions(u32),
    Driver,
    Device,
    Codec,
    Depth,
    Loses,
    Hangs,
}

/// What the file beside the program says.
#[derive(Debug, Default)]
struct Conduct {
    real: PathBuf,
    version: Option<String>,
    encoders: Vec<(Encoder, Behaviour)>,
}

fn main() -> io::Result<ExitCode> {
    let mut words = env::args_os();
    let program = PathBuf::from(words.next().unwrap_or_default());
    let folder = program.parent().map(Path::to_owned).unwrap_or_default();
    let conduct = Conduct::read(&fs::read_to_string(folder.join("conduct"))?);
    let args: Vec<OsString> = words.collect();
    if args.iter().any(|word| word == "-encoders") {
        return list_encoders(&conduct, &args);
    }
    if let (Some(version), true) = (&conduct.version, args.iter().any(|word| word == "-version")) {
        writeln!(
            io::stdout(),
            "ffmpeg version {version} Copyright (c) 2000-2026 the FFmpeg developers"
        )?;
        return Ok(ExitCode::SUCCESS);
    }
    match asked_for(&args) {
        Some(encoder) => encode(&conduct, &folder, encoder, args),
        None => become_real(&conduct, &args),
    }
}

impl Conduct {
    fn read(text: &str) -> Self {
        let mut conduct = Self::default();
        for line in text.lines() {
            let mut words = line.split_whitespace();
            match (words.next(), words.next()) {
                (Some("real"), Some(_)) => {
                    conduct.real = line.trim_start().trim_start_matches("real").trim().into();
                }
                (Some("version"), Some(version)) => conduct.version = Some(version.to_owned()),
                (Some(name), Some(behaviour)) => {
                    let count = words.next().and_then(|count| count.parse().ok());
                    let behaviour = Behaviour::read(behaviour, count.unwrap_or(1));
                    conduct.encoders.extend(name.parse().ok().zip(behaviour));
                }
                _ => {}
            }
        }
        conduct
    }

    fn behaviour(&self, encoder: Encoder) -> Option<Behaviour> {
        self.encoders
            .iter()
            .find(|(known, _)| *known == encoder)
            .map(|(_, behaviour)| *behaviour)
    }
}

impl Behaviour {
    fn read(word: &str, count: u32) -> Option<Self> {
        Some(match word {
            "works" => Self::Works,
            "sessions" => Self::Sessions(count),
            "driver" => Self::Driver,
            "device" => Self::Device,
            "codec" => Self::Codec,
            "depth" => Self::Depth,
            "loses" => Self::Loses,
            "hangs" => Self::Hangs,
            _ => return None,
        })
    }
}

/// The hardware encoder that the command line names.
fn asked_for(args: &[OsString]) -> Option<Encoder> {
    let at = args.iter().position(|word| word == "-c:v")?;
    let encoder: Encoder = args.get(at + 1)?.to_str()?.parse().ok()?;
    (encoder.family() != Family::Software).then_some(encoder)
}

/// The real listing without hardware, and then the hardware that we are told to have.
fn list_encoders(conduct: &Conduct, args: &[OsString]) -> io::Result<ExitCode> {
    let listing = real(conduct).args(args).output()?.stdout;
    let mut out = io::stdout();
    for line in String::from_utf8_lossy(&listing).lines() {
        let name = line.split_whitespace().nth(1).unwrap_or_default();
        let encoder: Option<Encoder> = name.parse().ok();
        if encoder.is_none_or(|encoder| encoder.family() == Family::Software) {
            writeln!(out, "{line}")?;
        }
    }
    for (encoder, _) in &conduct.encoders {
        writeln!(
            out,
            " V....D {:<20} a stand-in (codec {})",
            encoder.name(),
            encoder.codec()
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

fn encode(
    conduct: &Conduct,
    folder: &Path,
    encoder: Encoder,
    args: Vec<OsString>,
) -> io::Result<ExitCode> {
    let ten_bit = args
        .iter()
        .any(|word| word.to_string_lossy().contains("p010le"));
    let fail = |kind: Behaviour| Ok(fail(encoder, kind));
    match conduct.behaviour(encoder) {
        None => {
            let _ = writeln!(io::stderr(), "[fatal] Unknown encoder '{encoder}'");
            Ok(ExitCode::from(8))
        }
        Some(kind @ (Behaviour::Driver | Behaviour::Device | Behaviour::Codec)) => fail(kind),
        Some(Behaviour::Depth) if ten_bit => fail(Behaviour::Depth),
        Some(Behaviour::Hangs) => loop {
            std::thread::sleep(Duration::from_secs(3600));
        },
        Some(Behaviour::Sessions(most)) => match session(folder, encoder, most)? {
            Some(held) => {
                // Held for as long as the real one runs in our place.
                let code = become_real(conduct, &in_software(encoder, args, false));
                drop(held);
                code
            }
            None => fail(Behaviour::Sessions(most)),
        },
        Some(Behaviour::Works | Behaviour::Depth) => {
            become_real(conduct, &in_software(encoder, args, false))
        }
        Some(Behaviour::Loses) => become_real(conduct, &in_software(encoder, args, true)),
    }
}

fn real(conduct: &Conduct) -> Command {
    #[expect(
        clippy::disallowed_methods,
        reason = "a program of its own, that stands where ffmpeg would"
    )]
    Command::new(&conduct.real)
}

/// Hands over to the real ffmpeg: the same process where the system can, so that whoever ends us
/// ends it.
#[cfg(unix)]
fn become_real(conduct: &Conduct, args: &[OsString]) -> io::Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    Err(real(conduct).args(args).exec())
}

#[cfg(not(unix))]
fn become_real(conduct: &Conduct, args: &[OsString]) -> io::Result<ExitCode> {
    let status = real(conduct).args(args).status()?;
    Ok(ExitCode::from(u8::from(!status.success())))
}

/// One of `most` sessions, or none if all are taken: a lock that ends with the process that
/// holds it, however it ends.
fn session(folder: &Path, encoder: Encoder, most: u32) -> io::Result<Option<File>> {
    let kind = format!("{:?}", encoder.family());
    for number in 0..most {
        let file = File::create(folder.join(format!("session-{kind}-{number}")))?;
        if file.try_lock().is_ok() {
            survive_exec(&file)?;
            return Ok(Some(file));
        }
    }
    Ok(None)
}

#[cfg(unix)]
fn survive_exec(file: &File) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    // SAFETY: the descriptor is open for as long as `file` is borrowed.
    let done = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETFD, 0) };
    if done == -1 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

#[cfg(not(unix))]
fn survive_exec(_: &File) -> io::Result<()> {
    Ok(())
}

/// Options of hardware encoders that software has no use for; each has one value.
const HARDWARE_OPTIONS: [&str; 12] = [
    "-preset",
    "-rc",
    "-cq",
    "-b:v",
    "-global_quality",
    "-quality",
    "-qp_i",
    "-qp_p",
    "-allow_sw",
    "-q:v",
    "-rc_mode",
    "-qp",
];

/// The command line with the software encoder of the same codec, without reordering, as most
/// hardware encodes.
fn in_software(encoder: Encoder, args: Vec<OsString>, loses: bool) -> Vec<OsString> {
    let mut out: Vec<OsString> = Vec::new();
    let mut words = args.into_iter();
    while let Some(word) = words.next() {
        let text = word.to_string_lossy().into_owned();
        match text.as_str() {
            "-c:v" => {
                words.next();
                out.extend(software(encoder.codec()).iter().map(OsString::from));
                if loses {
                    out.extend(["-frames:v".into(), "5".into()]);
                }
            }
            "-vaapi_device" | "-profile:v" => drop(words.next()),
            "-pix_fmt" => {
                let format = words.next().unwrap_or_default();
                out.extend([word, planar(&format.to_string_lossy()).into()]);
            }
            option if HARDWARE_OPTIONS.contains(&option) => drop(words.next()),
            _ => out.push(without_upload(text).into()),
        }
    }
    if out.iter().any(|word| word == "vaapi") {
        // The surface's format stood in the filter graph; 8 bits unless that says otherwise.
        let ten_bit = out
            .iter()
            .any(|word| word.to_string_lossy().contains("format=p010le"));
        let format = if ten_bit { "yuv420p10le" } else { "yuv420p" };
        out.iter_mut()
            .filter(|word| *word == "vaapi")
            .for_each(|word| *word = format.into());
    }
    out
}

fn software(codec: Codec) -> &'static [&'static str] {
    match codec {
        Codec::H264 => &["-c:v", "libx264", "-preset", "ultrafast", "-bf", "0"],
        Codec::Hevc => &[
            "-c:v",
            "libx265",
            "-preset",
            "ultrafast",
            "-x265-params",
            "log-level=1:bframes=0:info=0",
        ],
        Codec::Av1 => &["-c:v", "libsvtav1", "-preset", "12"],
    }
}

/// The planar format of the same samples.
fn planar(format: &str) -> &str {
    match format {
        "nv12" => "yuv420p",
        "p010le" => "yuv420p10le",
        other => other,
    }
}

/// A filter graph that ends in system memory.
fn without_upload(word: String) -> String {
    word.strip_suffix(",hwupload")
        .map(str::to_owned)
        .unwrap_or(word)
}

/// Says what ffmpeg says, and fails as it does.
fn fail(encoder: Encoder, kind: Behaviour) -> ExitCode {
    let mut err = io::stderr();
    for line in last_words(encoder, kind) {
        // Nobody to tell if that fails.
        let _ = writeln!(err, "{line}");
    }
    ExitCode::from(171)
}

/// ffmpeg 9.0's words, as it prints them with `-loglevel level+warning`.
fn last_words(encoder: Encoder, kind: Behaviour) -> Vec<String> {
    if encoder.family() == Family::Vaapi && kind == Behaviour::Device {
        return no_vaapi();
    }
    let words = match encoder.family() {
        Family::Nvenc => nvenc(kind),
        Family::Qsv => qsv(kind),
        Family::Amf => amf(kind),
        Family::VideoToolbox => videotoolbox(kind),
        Family::Vaapi | Family::Software => &["No usable encoding profile found."],
    };
    let stream = format!("[vost#0:0/{encoder} @ 0x55b925be1a80] [error]");
    let mut lines: Vec<String> = words
        .iter()
        .map(|words| format!("[{encoder} @ 0x55b925be25c0] [error] {words}"))
        .collect();
    lines.push(format!(
        "{stream} Error while opening encoder - maybe incorrect parameters such as bit_rate, \
         rate, width or height."
    ));
    lines.push(format!("{stream} Could not open encoder before EOF"));
    lines.push(
        "[out#0/mp4 @ 0x55b925be0ec0] [error] Nothing was written into output file, because at \
         least one of its streams received no packets."
            .to_owned(),
    );
    lines
}

fn nvenc(kind: Behaviour) -> &'static [&'static str] {
    match kind {
        Behaviour::Device => &["Cannot load libcuda.so.1"],
        Behaviour::Driver => &[
            "Driver does not support the required nvenc API version. Required: 13.1 Found: 13.0",
            "The minimum required Nvidia driver for nvenc is 610.00 or newer",
        ],
        Behaviour::Sessions(_) => &[
            "OpenEncodeSessionEx failed: out of memory (10): (no details)",
            "No capable devices found",
        ],
        Behaviour::Depth => &["10 bit encode not supported", "No capable devices found"],
        _ => &[
            "Codec not supported",
            "Provided device doesn't support required NVENC features",
            "No capable devices found",
        ],
    }
}

fn qsv(kind: Behaviour) -> &'static [&'static str] {
    const PARAMETERS: &str = "some encoding parameters are not supported by the QSV runtime. \
                              Please double check the input parameters.";
    match kind {
        Behaviour::Device | Behaviour::Driver => &["Error creating a MFX session: -9."],
        Behaviour::Depth => &["Current pixel format is unsupported", PARAMETERS],
        _ => &[
            "Current codec type is unsupported",
            "Current pixel format is unsupported",
            PARAMETERS,
        ],
    }
}

fn amf(kind: Behaviour) -> &'static [&'static str] {
    match kind {
        Behaviour::Device | Behaviour::Driver => &[
            "DLL amfrt64.dll failed to open",
            "Failed to create  hardware device context (AMF) : Unknown error occurred",
        ],
        _ => &["CreateComponent(AMFVideoEncoderHW_AV1) failed with error 30"],
    }
}

fn videotoolbox(kind: Behaviour) -> &'static [&'static str] {
    match kind {
        Behaviour::Sessions(_) => &["Error: cannot create compression session: -12915"],
        _ => &[
            "Error: cannot create compression session: -12908",
            "Try -allow_sw 1. The hardware encoder may be busy, or not supported.",
        ],
    }
}

/// Fails before there is an encoder: the device is an option of the whole command line.
fn no_vaapi() -> Vec<String> {
    [
        "[VAAPI @ 0x55aa5c3a4e80] [error] No VA display found for device /dev/dri/renderD128.",
        "[error] Device creation failed: -22.",
        "[error] Failed to set value '/dev/dri/renderD128' for option 'vaapi_device': Invalid argument",
        "[fatal] Error parsing global options: Invalid argument",
    ]
    .map(str::to_owned)
    .to_vec()
}
