//! Files that are damaged, cut short, locked, or no film at all; and files that only look odd.

use super::h264::X264;
use super::{Clip, Truth, clip, shot, silent};
use crate::film::Film;
use crate::recipe::{Shoot, Step};

pub(super) fn clips() -> Vec<Clip> {
    [
        odd(),
        size_change(),
        cut(),
        spoilt(),
        vec![locked(), late_key()],
        no_film(),
    ]
    .concat()
}

/// Sound files, of a rare make.
fn odd() -> Vec<Clip> {
    let film = Film::new(150);
    vec![
        shot(
            "frag.mp4",
            &film,
            &format!("{X264} -movflags +frag_keyframe+empty_moov+default_base_moof"),
        ),
        clip(
            "nocues.mkv",
            Truth::Whole(150),
            // A live recording: written to a pipe, so there is no index and no length.
            vec![
                Shoot::new()
                    .film(&film)
                    .sound(0, 6)
                    .with(X264)
                    .with("-c:a aac -live 1")
                    .save("nocues.mkv"),
            ],
        ),
        shot(
            "blu-ray.m2ts",
            &film,
            &format!("{X264} -mpegts_m2ts_mode 1"),
        ),
        photograph(),
        clip(
            "nopts_raw.h264",
            Truth::Mended {
                frames: 150,
                rate: 25,
                seconds: 1,
                joins: 0,
            },
            vec![Shoot::new().film(&film).with(X264).save("nopts_raw.h264")],
        ),
    ]
}

/// A photograph: a film of one frame.
fn photograph() -> Clip {
    silent("still.jpg", &Film::new(1).format("yuvj420p"), "-c:v mjpeg")
}

/// Two recordings behind each other, of which the second has another picture size.
fn size_change() -> Vec<Clip> {
    let part = |name: &str, (from, frames), size: (u32, u32), with: &str| {
        let film = Film::new(frames).from(from).size(size.0, size.1);
        Shoot::new().film(&film).with(with).save(name)
    };
    let broadcast = |to| {
        let start = |second| format!("{X264} -output_ts_offset {second}");
        let from = &["a.ts", "b.ts"];
        vec![
            part("a.ts", (0, 75), (320, 180), &start(10)),
            part("b.ts", (75, 75), (480, 270), &start(13)),
            Step::Join { from, to },
        ]
    };
    let copied = Shoot::new()
        .input("both.ts")
        .with("-c copy -copyts")
        .save("size_change.mkv");
    // As calls are recorded: a wider shape, and larger than any padding of the first.
    let vp8 = "-c:v libvpx -deadline realtime -cpu-used 8 -b:v 2M -g 25";
    let call = Shoot::new()
        .with("-f concat")
        .input("list.txt")
        .with("-c copy")
        .save("size_change.webm");
    let to = "list.txt";
    let text = "file 'a.webm'\nfile 'b.webm'\n";
    let call = vec![
        part("a.webm", (0, 75), (320, 180), vp8),
        part("b.webm", (75, 150), (640, 320), vp8),
        Step::Text { to, text },
        call,
    ];
    let clip = |name, frames, steps| clip(name, Truth::Whole(frames), steps);
    vec![
        clip("size_change.ts", 150, broadcast("size_change.ts")),
        clip(
            "size_change.mkv",
            150,
            [broadcast("both.ts"), vec![copied]].concat(),
        ),
        clip("size_change.webm", 225, call),
    ]
}

fn whole(name: &'static str, more: &str) -> Step {
    Shoot::new()
        .film(&Film::new(150))
        .sound(0, 6)
        .with(X264)
        .with("-c:a aac -b:a 96k")
        .with(more)
        .save(name)
}

fn cut() -> Vec<Clip> {
    let short = |name: &'static str, from: &'static str, more: &str, truth| {
        clip(
            name,
            truth,
            vec![
                whole(from, more),
                Step::Truncate {
                    from,
                    to: name,
                    keep: 620,
                },
            ],
        )
    };
    vec![
        short("truncated.mkv", "whole.mkv", "", Truth::AsDecoded),
        short("truncated.ts", "whole.ts", "", Truth::AsDecoded),
        short(
            "truncated_faststart.mp4",
            "whole.mp4",
            "-movflags +faststart",
            Truth::AsDecoded,
        ),
        short("truncated.mp4", "whole.mp4", "", Truth::NoFilm),
    ]
}

fn spoilt() -> Vec<Clip> {
    let spoilt = |name: &'static str, from: &'static str, more: &str| {
        let damage = Step::Damage {
            from,
            to: name,
            at: &[300, 555, 700],
            bytes: 400,
        };
        clip(name, Truth::AsDecoded, vec![whole(from, more), damage])
    };
    vec![
        spoilt("corrupt.mkv", "whole.mkv", ""),
        spoilt("corrupt.mp4", "whole.mp4", "-movflags +faststart"),
        spoilt("corrupt.ts", "whole.ts", ""),
    ]
}

/// Encrypted as sold films are; the key is not in the file.
fn locked() -> Clip {
    let key = "-encryption_scheme cenc-aes-ctr -encryption_key 76a6c65c5ea762046bd749a2e632ccbb \
               -encryption_kid a7e61c373e219033c21091fa607bf3b8";
    clip(
        "encrypted.mp4",
        Truth::NoFilm,
        vec![whole("encrypted.mp4", key)],
    )
}

/// A recording that starts in mid-GOP: what comes before the first key cannot be decoded.
fn late_key() -> Clip {
    let cut = Step::Damage {
        from: "whole.ts",
        to: "midgop.ts",
        at: &[0],
        bytes: 30_000,
    };
    clip(
        "midgop.ts",
        Truth::AsDecoded,
        vec![whole("whole.ts", ""), cut],
    )
}

fn no_film() -> Vec<Clip> {
    let sound = Shoot::new()
        .sound(0, 6)
        .with("-c:a aac")
        .save("audio_only.m4a");
    let cover = Shoot::new()
        .film(&Film::new(1).format("yuvj420p"))
        .with("-c:v mjpeg")
        .save("cover.jpg");
    let song = Shoot::new()
        .sound(0, 6)
        .input("cover.jpg")
        .with("-map 0 -map 1 -c:a aac -c:v copy -disposition:v:0 attached_pic")
        .save("song_with_cover.m4a");
    let text = |name, text| clip(name, Truth::NoFilm, vec![Step::Text { to: name, text }]);
    vec![
        clip("audio_only.m4a", Truth::NoFilm, vec![sound]),
        clip("song_with_cover.m4a", Truth::NoFilm, vec![cover, song]),
        text("empty.mp4", ""),
        text(
            "text.mkv",
            "Dear reader,\n\nthis is a letter and not a film.\n",
        ),
    ]
}
