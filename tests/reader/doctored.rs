//! The reader is fed plain ffmpeg encodes, which it must find exact, and the same spoilt in one way each, which it must
//! not: a reader that calls everything exact proves nothing.

use std::path::{Path, PathBuf};

use anyhow::Result;
use tempfile::TempDir;
use tests::clips;
use tests::exact::Timeline;
use tests::recipe::{Shoot, Step};
use tests::tool;
use tests::verdict::{Loss, Rule, Sound, differences, see};

/// An encode of a whole film that keeps everything, by ffmpeg alone.
const WHOLE: &str =
    "-map 0 -c copy -c:v:0 libx264 -preset veryfast -crf 28 -fps_mode:v:0 passthrough";
const MP4: &str = "h264_opengop.mp4";
const MKV: &str = "kitchen_sink.mkv";

/// Makes `output` of the source by one call of ffmpeg and says how it differs.
fn found(
    source: &str,
    output: &str,
    arguments: &str,
    change: impl Fn(Rule) -> Rule,
) -> Result<Vec<String>> {
    found_from(
        &clips::named(source)?.file()?,
        output,
        &[],
        arguments,
        change,
    )
}

fn found_from(
    source: &Path,
    output: &str,
    before: &[&str],
    arguments: &str,
    change: impl Fn(Rule) -> Rule,
) -> Result<Vec<String>> {
    let folder = TempDir::new()?;
    let output = encode(&folder, source, output, before, arguments)?;
    let rule = change(Rule::strict(&output));
    differences(&see(source)?, &see(&output)?, &rule)
}

fn encode(
    folder: &TempDir,
    source: &Path,
    name: &str,
    before: &[&str],
    arguments: &str,
) -> Result<PathBuf> {
    let mut shoot = Shoot::new().with("-copyts");
    for word in before {
        shoot = shoot.with(word);
    }
    let step = shoot
        .input(&source.to_string_lossy())
        .with(arguments)
        .save(name);
    let Step::Ffmpeg(words) = step else {
        unreachable!("a shoot is a call of ffmpeg")
    };
    tool::must(tool::ffmpeg(), words, folder.path())?;
    Ok(folder.path().join(name))
}

fn same(rule: Rule) -> Rule {
    rule
}

#[track_caller]
fn assert_exact(found: Result<Vec<String>>) {
    assert_eq!(found.unwrap(), [""; 0]);
}

#[track_caller]
fn assert_caught(found: Result<Vec<String>>, by: &str) {
    let found = found.unwrap();
    assert!(
        found.iter().any(|line| line.contains(by)),
        "no {by:?} in {found:#?}"
    );
}

#[test]
fn a_plain_encode_to_mp4_is_exact() {
    assert_exact(found(MP4, "out.mp4", &format!("{WHOLE} -bf 2"), same));
}

#[test]
fn a_plain_encode_to_matroska_is_exact() {
    assert_exact(found(
        "vfr_90k.mp4",
        "out.mkv",
        &format!("{WHOLE} -avoid_negative_ts disabled"),
        same,
    ));
}

#[test]
fn a_kitchen_sink_is_exact() {
    let whole = format!("{SINK} -c:v:0 libx264 -preset veryfast -crf 28 -fps_mode:v:0 passthrough");
    assert_exact(found(MKV, "out.mkv", &whole, coverless));
}

#[test]
fn numbers_are_legible_at_crf_40_in_every_codec() {
    for codec in [
        "libx264 -preset veryfast",
        "libx265 -preset ultrafast",
        "libsvtav1 -preset 10",
    ] {
        let arguments = format!(
            "-map 0 -c:a copy -c:v {codec} -crf 40 -fps_mode passthrough -enc_time_base 1:12800"
        );
        assert_exact(found("h264_closed.mp4", "out.mp4", &arguments, same));
    }
}

#[test]
fn numbers_are_legible_at_an_eighth_of_the_size() {
    let folder = TempDir::new().unwrap();
    let source = clips::named("h264_closed.mp4").unwrap().file().unwrap();
    let arguments = "-an -vf scale=40:22:flags=area -c:v libx264 -crf 23 -fps_mode passthrough";
    let small = encode(&folder, &source, "small.mp4", &[], arguments).unwrap();
    let numbers = tests::frames::read(&small).unwrap().numbers();
    assert_eq!(numbers, (0..150).map(Some).collect::<Vec<_>>());
}

#[test]
fn interlaced_and_hdr_encodes_are_exact() {
    let fields = format!("{WHOLE} -flags +ilme+ildct -x264-params tff=1");
    assert_exact(found("h264_int_tff.mkv", "out.mkv", &fields, same));
    let hdr = "-map 0 -c copy -c:v libx265 -preset ultrafast -crf 28 -fps_mode passthrough";
    assert_exact(found("hdr10.mkv", "out.mkv", hdr, same));
}

#[test]
fn sound_encoded_anew_is_heard_in_time() {
    let encoded = |rule: Rule| Rule {
        sound: Sound::Encoded,
        ..rule
    };
    let arguments = format!("{WHOLE} -c:a libopus -b:a 64k -avoid_negative_ts disabled");
    assert_exact(found("audio_late.mkv", "out.mkv", &arguments, encoded));
    assert_caught(
        found("audio_late.mkv", "out.mkv", &arguments, same),
        "sound track 0",
    );
}

#[test]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn two_versions_of_ffmpeg_read_the_same() {
    let Some(other) = tool::system_ffmpeg() else {
        println!("SKIPPED: there is no second ffmpeg to compare with");
        return;
    };
    for name in [
        "h264_opengop.ts",
        "hevc_rasl.mkv",
        "phone_rot_elst.mp4",
        "wrap.ts",
        "h264_paff.ts",
        "vfr.mkv",
    ] {
        let file = clips::named(name).unwrap().file().unwrap();
        let (new, old) = (
            tests::frames::read(&file).unwrap(),
            tests::frames::read_with(other, &file).unwrap(),
        );
        let list = |reading: &tests::frames::Reading| -> Vec<(Option<i64>, Option<u32>)> {
            reading
                .frames
                .iter()
                .map(|frame| (frame.pts, frame.number))
                .collect()
        };
        assert_eq!(
            (new.time_base, list(&new)),
            (old.time_base, list(&old)),
            "{name}"
        );
    }
}

#[test]
fn a_dropped_frame_is_caught() {
    assert_caught(
        found(
            MP4,
            "out.mp4",
            &format!("{WHOLE} -vf select='not(eq(n,70))'"),
            same,
        ),
        "149 frames",
    );
}

#[test]
fn swapped_frames_are_caught_though_count_and_times_are_right() {
    let swapped = found(
        MP4,
        "out.mp4",
        &format!("{WHOLE} -filter:v shuffleframes=0|1|3|2|4"),
        same,
    );
    assert_caught(swapped, "frame 2 shows 3");
}

#[test]
fn a_doubled_frame_is_caught_though_count_and_times_are_right() {
    let doubled = found(
        MP4,
        "out.mp4",
        &format!("{WHOLE} -filter:v shuffleframes=0|1|1|3|4"),
        same,
    );
    assert_caught(doubled, "frame 2 shows 1");
}

#[test]
fn one_tick_is_caught_in_mp4_and_two_milliseconds_in_matroska() {
    let late = |by: u32| format!("-map 0 -c copy -bsf:v setts=pts=PTS+{by}*eq(N\\,70):dts=DTS");
    let one = found(MP4, "out.mp4", &late(1), same);
    assert_caught(one, "from its time");
    // 12 800 ticks a second.
    assert_caught(found(MP4, "out.mkv", &late(26), same), "from its time");
}

#[test]
fn a_shift_is_caught_unless_the_rule_lets_it_be() {
    let arguments = format!("{WHOLE} -bf 0 -output_ts_offset -1.4");
    let shifted = |rule: Rule| Rule {
        timeline: Timeline::Shifted,
        ..rule
    };
    assert_exact(found("h264_opengop.ts", "out.mp4", &arguments, shifted));
    assert_caught(
        found("h264_opengop.ts", "out.mp4", &arguments, same),
        "from its time",
    );
}

#[test]
fn sound_late_by_21_milliseconds_is_caught() {
    for name in ["out.mp4", "out.mkv"] {
        let source = clips::named(MP4).unwrap().file().unwrap();
        let again = source.to_string_lossy().into_owned();
        let late = format!(
            "-itsoffset 0.021 -i file:{again} -map 0:v -map 1:a -c copy -avoid_negative_ts disabled"
        );
        assert_caught(
            found_from(&source, name, &[], &late, same),
            "late against the picture",
        );
    }
}

/// The kitchen sink once more; ffmpeg alone would make a film of the cover, and the first film the default.
const SINK: &str = "-map 0 -map -0:disp:attached_pic -c copy -disposition:v:0 0";

fn coverless(rule: Rule) -> Rule {
    rule.without(Loss::Cover)
}

#[track_caller]
fn assert_sink_caught(arguments: &str, by: &str) {
    assert_caught(
        found(MKV, "out.mkv", &format!("{SINK} {arguments}"), coverless),
        by,
    );
}

#[test]
fn exchanged_and_missing_tracks_are_caught() {
    assert_caught(found(MKV, "out.mkv", SINK, same), "cover");
    let exchanged = "-map 0:v:0 -map 0:a:1 -map 0:a:0 -map 0:a:2 -map 0:s -map 0:t -c copy";
    assert_caught(found(MKV, "out.mkv", exchanged, coverless), "sound track 0");
    assert_sink_caught("-map -0:a:2", "2 sound tracks");
    assert_sink_caught("-map -0:s:0", "1 subtitle tracks");
    assert_sink_caught("-map -0:t", "attachments");
    let lossy = |rule: Rule| coverless(rule).without(Loss::Attachments);
    assert_exact(found(MKV, "out.mkv", &format!("{SINK} -map -0:t"), lossy));
}

#[test]
fn lost_names_are_caught() {
    assert_sink_caught("-map_chapters -1", "chapters");
    assert_sink_caught("-metadata title=Other", "tag title");
    assert_sink_caught("-metadata:s:a:1 language=spa", "the language");
    assert_sink_caught("-metadata:s:a:1 title=", "the title");
    assert_sink_caught("-disposition:a:0 default", "the disposition");
}

#[test]
fn moved_subtitles_are_caught() {
    let source = clips::named(MKV).unwrap().file().unwrap();
    let again = source.to_string_lossy().into_owned();
    let late =
        format!("-itsoffset 0.1 -i file:{again} -map 0:v:0 -map 0:a -map 1:s -map 0:t -c copy");
    assert_caught(
        found_from(&source, "out.mkv", &[], &late, coverless),
        "subtitle track",
    );
}

#[test]
fn a_lost_look_is_caught() {
    let plain = "-map 0 -c copy -c:v libx264 -preset veryfast -crf 28 -fps_mode passthrough";
    assert_caught(
        found(
            "h264_int_tff.mkv",
            "out.mkv",
            &format!("{plain} -vf setfield=prog"),
            same,
        ),
        "field order",
    );
    assert_caught(
        found(
            "h264_sar.mp4",
            "out.mp4",
            &format!("{plain} -vf setsar=1"),
            same,
        ),
        "aspect",
    );
    let range = "-map 0 -c copy -bsf:v h264_metadata=video_full_range_flag=0";
    assert_caught(
        found("h264_fullrange_bt601.mkv", "out.mkv", range, same),
        "range",
    );
    assert_caught(
        found(
            "h264_444.mkv",
            "out.mkv",
            &format!("{plain} -pix_fmt yuv420p"),
            same,
        ),
        "pixel format",
    );
    let x265 = "-map 0 -c copy -c:v libx265 -preset ultrafast -fps_mode passthrough";
    let bare = format!("{x265} -vf sidedata=mode=delete:type=MASTERING_DISPLAY_METADATA");
    assert_caught(found("hdr10.mkv", "out.mkv", &bare, same), "mastering");
    assert_caught(
        found(
            "h264_cropped.mkv",
            "out.mkv",
            &format!("{plain} -vf scale=320:180"),
            same,
        ),
        "size",
    );
    let source = clips::named("phone_rot_elst.mp4").unwrap().file().unwrap();
    let upright = found_from(
        &source,
        "out.mp4",
        &["-display_rotation 0"],
        "-map 0 -c copy",
        same,
    );
    assert_caught(upright, "rotation");
}

#[test]
fn a_film_that_does_not_decode_is_caught() {
    let folder = TempDir::new().unwrap();
    let source = clips::named(MP4).unwrap().file().unwrap();
    let output = folder.path().join("out.mp4");
    let mut bytes = std::fs::read(&source).unwrap();
    let middle = bytes.len() / 2;
    for (at, byte) in bytes[middle..middle + 600].iter_mut().enumerate() {
        *byte = byte.wrapping_mul(31).wrapping_add(at as u8);
    }
    std::fs::write(&output, bytes).unwrap();
    let found = differences(
        &see(&source).unwrap(),
        &see(&output).unwrap(),
        &Rule::strict(&output),
    );
    assert_caught(found, "errors");
}
