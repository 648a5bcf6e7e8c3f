//! What an encoder's last words mean. The phrases are ffmpeg's own (5.1 to 9.0).

use std::fmt;

/// A kind of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// This ffmpeg does not have it.
    NotBuilt,
    /// The machine has no such device, or no driver for it at all.
    NoDevice,
    /// The driver is older than this ffmpeg wants.
    DriverTooOld,
    /// The device encodes as many films as it may already.
    SessionLimit,
    /// The device does not take this pixel format.
    PixelFormat,
    /// The device does not write this codec, or not with these settings.
    Unsupported,
    /// It encoded, and the result is not what was asked for.
    WrongResult,
    /// It did not end in time.
    TooSlow,
    /// Something else.
    Unknown,
}

/// Phrases and what they mean, in lower case. The first that is found counts: ffmpeg tells the
/// particular before the general ("out of memory (10)", then "no capable devices found").
const PHRASES: &[(&str, Cause)] = &[
    ("unknown encoder", Cause::NotBuilt),
    // QSV lists everything as unsupported when the codec is
    ("current codec type is unsupported", Cause::Unsupported),
    // a depth or sampling that the device does not take
    ("10 bit encode not supported", Cause::PixelFormat),
    ("yuv444p not supported", Cause::PixelFormat),
    ("yuv422p not supported", Cause::PixelFormat),
    ("current pixel format is unsupported", Cause::PixelFormat),
    ("incompatible pixel format", Cause::PixelFormat),
    ("invalid pixel format", Cause::PixelFormat),
    ("unsupported pixel format", Cause::PixelFormat),
    (
        "impossible to convert between the formats",
        Cause::PixelFormat,
    ),
    // as many sessions as the driver allows
    (
        "openencodesessionex failed: out of memory (10)",
        Cause::SessionLimit,
    ),
    ("incompatible client key (21)", Cause::SessionLimit),
    (
        "cannot create compression session: -12915",
        Cause::SessionLimit,
    ),
    // NVIDIA's driver against the headers of the build
    (
        "does not support the required nvenc api version",
        Cause::DriverTooOld,
    ),
    (
        "minimum required nvidia driver for nvenc",
        Cause::DriverTooOld,
    ),
    // the device is there and declines
    ("codec not supported", Cause::Unsupported),
    ("no usable encoding profile found", Cause::Unsupported),
    ("createcomponent(", Cause::Unsupported),
    (
        "some encoding parameters are not supported",
        Cause::Unsupported,
    ),
    ("no usable encoding entrypoint found", Cause::Unsupported),
    (
        "driver does not support any rc mode compatible",
        Cause::Unsupported,
    ),
    // no device, or nothing to talk to it with
    ("cannot load libcuda", Cause::NoDevice),
    ("cannot load nvcuda", Cause::NoDevice),
    ("cannot load libnvidia-encode", Cause::NoDevice),
    ("cannot load nvencodeapi", Cause::NoDevice),
    ("cuinit(0) failed", Cause::NoDevice),
    ("capable devices found", Cause::NoDevice),
    ("error creating a mfx session", Cause::NoDevice),
    (
        "error initializing an internal mfx session",
        Cause::NoDevice,
    ),
    ("amfrt64", Cause::NoDevice),
    ("hardware device context (amf)", Cause::NoDevice),
    ("cannot create compression session", Cause::NoDevice),
    ("no va display found", Cause::NoDevice),
    ("failed to initialise vaapi connection", Cause::NoDevice),
    ("device creation failed", Cause::NoDevice),
];

impl Cause {
    /// Reads the cause out of ffmpeg's log.
    #[must_use]
    pub fn read(log: &str) -> Self {
        let log = log.to_lowercase();
        let found = PHRASES.iter().find(|(phrase, _)| log.contains(phrase));
        found.map_or(Self::Unknown, |(_, cause)| *cause)
    }

    /// Whether another attempt later may go better without anything being changed.
    #[must_use]
    pub fn may_pass(self) -> bool {
        matches!(self, Self::SessionLimit | Self::TooSlow | Self::Unknown)
    }
}

/// The line of `log` that shows `cause`, without ffmpeg's labels; else its first error, else
/// its last line.
pub(super) fn words(log: &str, cause: Cause) -> String {
    let mut lines = log.lines().filter(|line| !line.trim().is_empty());
    let shows = |line: &&str| Cause::read(line) == cause && cause != Cause::Unknown;
    let error = |line: &&str| line.contains("[error]") || line.contains("[fatal]");
    let line = lines
        .clone()
        .find(shows)
        .or_else(|| lines.clone().find(error));
    line.or_else(|| lines.next_back())
        .map(plain)
        .unwrap_or_default()
}

/// A line without its `[name @ 0x…]` and `[error]` labels and without a closing full stop.
fn plain(line: &str) -> String {
    let mut rest = line.trim();
    while let Some((_, after)) = rest
        .strip_prefix('[')
        .and_then(|label| label.split_once("] "))
    {
        rest = after;
    }
    rest.trim_end_matches('.').to_owned()
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotBuilt => "this ffmpeg does not have it",
            Self::NoDevice => "this computer has no device or driver for it",
            Self::DriverTooOld => "the graphics driver is too old for this ffmpeg, update it",
            Self::SessionLimit => "the device is encoding as many films as its driver allows",
            Self::PixelFormat => "the device does not take this pixel format",
            Self::Unsupported => "the device does not offer it",
            Self::WrongResult => "what it wrote is not what was asked for",
            Self::TooSlow => "it did not finish in time",
            Self::Unknown => "it failed",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Last words as ffmpeg prints them, in full.
    const SAID: &[(&str, Cause, &str)] = &[
        (
            "[h264_nvenc @ 0x55b925be25c0] [error] Cannot load libcuda.so.1\n\
             [vost#0:0/h264_nvenc @ 0x55b925be1a80] [enc:h264_nvenc @ 0x55b925be24c0] [error] Error while opening encoder - maybe incorrect parameters such as bit_rate, rate, width or height.",
            Cause::NoDevice,
            "Cannot load libcuda.so.1",
        ),
        (
            "[h264_nvenc @ 0x1] [error] OpenEncodeSessionEx failed: out of memory (10): (no details)\n\
             [h264_nvenc @ 0x1] [error] No capable devices found",
            Cause::SessionLimit,
            "OpenEncodeSessionEx failed: out of memory (10): (no details)",
        ),
        (
            "[hevc_nvenc @ 0x1] [error] OpenEncodeSessionEx failed: incompatible client key (21): (no details)",
            Cause::SessionLimit,
            "OpenEncodeSessionEx failed: incompatible client key (21): (no details)",
        ),
        (
            "[av1_nvenc @ 0x1] [error] Driver does not support the required nvenc API version. Required: 13.1 Found: 13.0\n\
             [av1_nvenc @ 0x1] [error] The minimum required Nvidia driver for nvenc is 610.00 or newer",
            Cause::DriverTooOld,
            "Driver does not support the required nvenc API version. Required: 13.1 Found: 13.0",
        ),
        (
            "[h264_nvenc @ 0x1] [warning] 10 bit encode not supported\n[h264_nvenc @ 0x1] [error] No capable devices found",
            Cause::PixelFormat,
            "10 bit encode not supported",
        ),
        (
            "[av1_nvenc @ 0x1] [error] Codec not supported\n[av1_nvenc @ 0x1] [error] Provided device doesn't support required NVENC features\n[av1_nvenc @ 0x1] [error] No capable devices found",
            Cause::Unsupported,
            "Codec not supported",
        ),
        (
            "[h264_qsv @ 0x1] [error] Error creating a MFX session: -9.",
            Cause::NoDevice,
            "Error creating a MFX session: -9",
        ),
        (
            "[h264_qsv @ 0x1] [error] Error initializing an internal MFX session: unsupported (-3)",
            Cause::NoDevice,
            "Error initializing an internal MFX session: unsupported (-3)",
        ),
        (
            "[av1_qsv @ 0x1] [error] Current codec type is unsupported\n[av1_qsv @ 0x1] [error] Current pixel format is unsupported\n\
             [av1_qsv @ 0x1] [error] some encoding parameters are not supported by the QSV runtime. Please double check the input parameters.",
            Cause::Unsupported,
            "Current codec type is unsupported",
        ),
        (
            "[AMF @ 0x7f37100601c0] [error] DLL amfrt64.dll failed to open\n[h264_amf @ 0x1] [error] Failed to create  hardware device context (AMF) : Unknown error occurred",
            Cause::NoDevice,
            "DLL amfrt64.dll failed to open",
        ),
        (
            "[av1_amf @ 0x1] [error] CreateComponent(AMFVideoEncoderHW_AV1) failed with error 30",
            Cause::Unsupported,
            "CreateComponent(AMFVideoEncoderHW_AV1) failed with error 30",
        ),
        (
            "[h264_videotoolbox @ 0x1] [error] Error: cannot create compression session: -12908\n\
             [h264_videotoolbox @ 0x1] [error] Try -allow_sw 1. The hardware encoder may be busy, or not supported.",
            Cause::NoDevice,
            "Error: cannot create compression session: -12908",
        ),
        (
            "[hevc_videotoolbox @ 0x1] [error] Error: cannot create compression session: -12915",
            Cause::SessionLimit,
            "Error: cannot create compression session: -12915",
        ),
        (
            "[VAAPI @ 0x1] [error] No VA display found for device /dev/dri/renderD128.\n[error] Device creation failed: -22.",
            Cause::NoDevice,
            "No VA display found for device /dev/dri/renderD128",
        ),
        (
            "[av1_vaapi @ 0x1] [error] No usable encoding profile found.",
            Cause::Unsupported,
            "No usable encoding profile found",
        ),
        (
            "[fatal] Unknown encoder 'h264_amf'",
            Cause::NotBuilt,
            "Unknown encoder 'h264_amf'",
        ),
        (
            "[info] hello\n[error] Conversion failed!\nbye",
            Cause::Unknown,
            "Conversion failed!",
        ),
        ("", Cause::Unknown, ""),
    ];

    #[test]
    fn last_words_are_understood() {
        for (log, cause, words_wanted) in SAID {
            assert_eq!(Cause::read(log), *cause, "{log}");
            assert_eq!(words(log, *cause), *words_wanted);
        }
    }

    #[test]
    fn every_phrase_is_lower_case_and_reachable() {
        for (at, (phrase, cause)) in PHRASES.iter().enumerate() {
            assert_eq!(phrase.to_lowercase(), *phrase);
            assert_eq!(
                Cause::read(phrase),
                *cause,
                "phrase {at} is hidden by one before it"
            );
        }
    }
}
