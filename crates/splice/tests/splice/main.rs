//! Segments encoded apart by real encoders, joined, and compared with what was meant: every time
//! to the tick, every packet to the byte, every decoded picture to the bit.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod garbled;
mod lab;

use lab::{Film, Join, Segment};
use splice::{Headers, Mismatch};

// Frame rates are pinned, as in the product: 5.1 guesses 1000 for a segment of one frame.
const X264: &str =
    "-c:v libx264 -preset veryfast -bf 3 -b_strategy 0 -x264-params b-pyramid=normal:fps=30";
const X264_OPEN: &str =
    "-c:v libx264 -preset veryfast -x264-params open-gop=1:keyint=20:bframes=3:fps=30";
const X264_CLOSED: &str =
    "-c:v libx264 -preset veryfast -x264-params open-gop=0:keyint=20:bframes=3:fps=30";
const X264_ULTRAFAST: &str = "-c:v libx264 -preset ultrafast";
const X264_SLOW: &str = "-c:v libx264 -preset slower -x264-params bframes=8";
const X265_ULTRAFAST: &str = "-c:v libx265 -preset ultrafast -x265-params log-level=none:fps=30";
const X265_MEDIUM: &str = "-c:v libx265 -preset medium -x265-params log-level=none:fps=30";
const X265_OPEN: &str =
    "-c:v libx265 -preset veryfast -x265-params log-level=none:open-gop=1:keyint=24";
const SVT: &str = "-c:v libsvtav1 -preset 10 -g 48 -svtav1-params fps-num=30:fps-denom=1";
const SVT_SLOWER: &str = "-c:v libsvtav1 -preset 8 -g 30 -crf 30";
const SVT_GRAIN: &str = "-c:v libsvtav1 -preset 10 -svtav1-params film-grain=8";

/// Everything that must be true of a join, wherever its segments come from.
fn check(film: &Film, segments: &[Segment]) -> Join {
    let join = film.join(segments, "joined.mp4");
    let shifted = |pts: &i64| pts + lab::SHIFT_SECONDS * i64::from(film.timescale);
    let wanted: Vec<i64> = film.pts.iter().map(shifted).collect();
    let written = lab::packets(&join.path);
    assert_eq!(sorted(&written), wanted, "times of packets");
    assert!(
        written.iter().all(|(dts, pts, _)| dts <= pts),
        "decoded too late"
    );
    assert!(
        written.windows(2).all(|pair| pair[0].0 < pair[1].0),
        "decoding times must rise"
    );
    let hashes: Vec<&String> = written.iter().map(|packet| &packet.2).collect();
    assert_eq!(hashes, join.packets.iter().collect::<Vec<_>>(), "packets");

    let parts = segments
        .iter()
        .flat_map(|segment| lab::pictures(&segment.path, film.timescale));
    let parts: Vec<String> = parts.collect();
    let (times, pictures): (Vec<i64>, Vec<String>) =
        lab::decode(&join.path, film.timescale).into_iter().unzip();
    assert_eq!(times, wanted, "times of pictures");
    assert!(
        pictures == parts,
        "pictures of the join are not those of its parts"
    );
    join
}

fn sorted(packets: &[(i64, i64, String)]) -> Vec<i64> {
    let mut times: Vec<i64> = packets.iter().map(|packet| packet.1).collect();
    times.sort_unstable();
    times
}

/// As [`check`], and through the last mux into both containers.
fn check_muxed(film: &Film, segments: &[Segment]) -> Join {
    let join = check(film, segments);
    let mp4 = format!(
        "-video_track_timescale {} -movflags +faststart",
        film.timescale
    );
    let mp4 = lab::packets(&film.mux(&join, "out.mp4", &mp4));
    assert_eq!(sorted(&mp4), film.pts, "times in MP4");
    let mkv = film.mux(&join, "out.mkv", "-avoid_negative_ts disabled");
    let milliseconds = lab::stored_packets(&mkv);
    let second = i64::from(film.timescale);
    let is_off = |(pts, found): &(&i64, i64)| (*pts * 1000 - found * second).abs() * 2 > second;
    let off: Vec<(&i64, i64)> = film
        .pts
        .iter()
        .zip(sorted(&milliseconds))
        .filter(is_off)
        .collect();
    assert!(off.is_empty(), "times in MKV: {off:?} of {milliseconds:?}");
    assert_eq!(milliseconds.len(), film.pts.len());
    for (name, found) in [("MP4", mp4), ("MKV", milliseconds)] {
        let hashes: Vec<&String> = found.iter().map(|packet| &packet.2).collect();
        assert_eq!(
            hashes,
            join.packets.iter().collect::<Vec<_>>(),
            "packets in {name}"
        );
    }
    join
}

#[test]
fn h264_with_pyramids() {
    let film = Film::steady(150, 30_000);
    let join = check_muxed(&film, &film.segments(&[50, 93], &[X264]));
    assert_eq!(join.joined.reorder(), 2);
    assert!(!join.joined.in_band());
}

#[test]
fn h264_closed_and_open_groups_of_pictures() {
    let film = Film::steady(150, 90_000);
    check_muxed(&film, &film.segments(&[61, 100], &[X264_CLOSED]));
    check_muxed(&film, &film.segments(&[61, 100], &[X264_OPEN]));
}

#[test]
fn unsteady_times_in_three_timescales() {
    for timescale in [90_000, 1_000, 30_000] {
        let film = Film::new(150, timescale, "mod(n,7)*mod(n,11)", "PTS+mod(N*N,5)");
        check_muxed(&film, &film.segments(&[31, 80], &[X264]));
    }
}

#[test]
fn long_gaps_and_a_slow_start() {
    let film = Film::new(60, 90_000, "1", "N*90000*4+gt(N,30)*8000000");
    check(&film, &film.segments(&[20, 41], &[X264]));
}

#[test]
fn parts_of_one_frame() {
    let film = Film::steady(60, 30_000);
    let segments = film.segments(&[1, 2, 3, 30, 31, 59], &[X264]);
    assert_eq!(segments[0].expected.len(), 1);
    let join = check_muxed(&film, &segments);
    assert!(!join.joined.in_band());
    check(&film, &film.segments(&[1, 2, 59], &[X265_MEDIUM]));
    check(&film, &film.segments(&[1, 2, 59], &[SVT]));
}

#[test]
fn h264_of_unlike_presets() {
    let film = Film::steady(150, 30_000);
    let segments = film.segments(&[40, 80, 120], &[X264_ULTRAFAST, X264_SLOW, X264]);
    let join = check_muxed(&film, &segments);
    assert!(join.joined.in_band());
    let headers: Vec<Headers> = (0..4)
        .filter_map(|part| join.joined.headers(part))
        .collect();
    let (same, other) = (Headers::Equal, Headers::Different);
    assert_eq!(headers, [same, other, other, same]);
}

#[test]
fn unlike_parts_with_open_groups_of_pictures() {
    let film = Film::steady(150, 30_000);
    let h264 = film.segments(&[61, 100], &[X264_OPEN, X264_ULTRAFAST]);
    assert!(check_muxed(&film, &h264).joined.in_band());
    let hevc = film.segments(&[61, 100], &[X265_ULTRAFAST, X265_OPEN]);
    assert!(check_muxed(&film, &hevc).joined.in_band());
}

#[test]
fn a_join_can_be_read_from_a_pipe() {
    let film = Film::steady(60, 30_000);
    let join = film.join(&film.segments(&[20], &[X264]), "joined.mp4");
    let listing = |args: [&str; 9], stdin| lab::run_fed(args, stdin);
    let piped = [
        "-copyts", "-i", "pipe:0", "-map", "0:v:0", "-c", "copy", "-f", "framecrc",
    ];
    let named = join.path.to_str().unwrap();
    let read = [
        "-copyts", "-i", named, "-map", "0:v:0", "-c", "copy", "-f", "framecrc",
    ];
    let file = std::fs::File::open(&join.path).unwrap();
    let (piped, read) = (
        listing(piped, file.into()),
        listing(read, std::process::Stdio::null()),
    );
    assert!(piped == read && read.len() > 1000);
}

#[test]
fn hevc() {
    let film = Film::steady(150, 30_000);
    let join = check_muxed(&film, &film.segments(&[50, 93], &[X265_MEDIUM]));
    assert!(!join.joined.in_band());
    check_muxed(&film, &film.segments(&[50, 93], &[X265_OPEN]));
}

/// x265 writes how many threads it ran into the header; that alone makes no difference.
#[test]
fn hevc_from_machines_of_unlike_size() {
    let film = Film::steady(90, 30_000);
    let threads = |count| format!("{X265_MEDIUM}:pools={count}:frame-threads={count}");
    let segments = film.segments(&[40], &[&threads(1), &threads(2)]);
    let records = segments
        .iter()
        .map(|segment| segment.scan().entry().config().record().to_vec());
    let records: Vec<Vec<u8>> = records.collect();
    assert_ne!(
        records[0], records[1],
        "the case is meant to have unlike records"
    );
    let join = check(&film, &segments);
    assert!(!join.joined.in_band());
}

#[test]
fn hevc_of_unlike_presets_keeps_the_frames_that_a_plain_concat_loses() {
    let film = Film::steady(360, 30_000);
    let segments = film.segments(&[120, 201], &[X265_ULTRAFAST, X265_MEDIUM]);
    let join = check_muxed(&film, &segments);
    assert!(join.joined.in_band());
    assert_eq!(lab::decode(&join.path, 30_000).len(), 360);

    let list = film.path("list.txt");
    let lines: String = segments
        .iter()
        .map(|part| format!("file '{}'\n", part.path.display()))
        .collect();
    std::fs::write(&list, lines).unwrap();
    let plain = film.path("plain.mp4");
    let list = list.to_str().unwrap();
    lab::run([
        "-f",
        "concat",
        "-safe",
        "0",
        "-i",
        list,
        "-c",
        "copy",
        "-y",
        plain.to_str().unwrap(),
    ]);
    assert!(
        lab::decode(&plain, 30_000).len() < 360,
        "a plain concat is no longer a trap"
    );
}

#[test]
fn av1() {
    let film = Film::steady(120, 30_000);
    let join = check_muxed(&film, &film.segments(&[50, 93], &[SVT]));
    assert_eq!(join.joined.reorder(), 0);
    assert!(!join.joined.in_band());
}

#[test]
fn av1_of_unlike_encoders() {
    let film = Film::steady(120, 30_000);
    let join = check_muxed(
        &film,
        &film.segments(&[30, 60, 90], &[SVT, SVT_GRAIN, SVT_SLOWER]),
    );
    assert!(join.joined.in_band());
}

#[test]
fn ten_bits() {
    let film = Film::steady(60, 24_000);
    for encoder in [X264, X265_MEDIUM, SVT] {
        let encoder = format!("-pix_fmt yuv420p10le {encoder}");
        let segments = film.segments(&[25], &[&encoder]);
        let format = segments[0].scan().entry().config().format();
        assert_eq!(
            (format.bit_depth, format.chroma),
            (10, splice::Chroma::C420),
            "{encoder}"
        );
        check(&film, &segments);
    }
}

#[test]
fn colour_and_size_are_read() {
    let film = Film::steady(30, 30_000);
    // As frames' own tags: ffmpeg 9 does not take the options for untagged frames.
    let tags =
        "-vf setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc:range=tv";
    let segment = film.segment(0, 30, &format!("{tags} {X265_MEDIUM}"));
    let track = segment.scan();
    let colour = track.entry().colour().unwrap();
    assert_eq!(
        (colour.primaries, colour.transfer, colour.matrix),
        (9, 16, 9)
    );
    assert!(!colour.full_range);
    assert_eq!((track.entry().width(), track.entry().height()), (320, 180));
    assert_eq!(track.timescale(), 30_000);
}

#[test]
fn a_missing_frame_and_a_shifted_frame_are_found() {
    let film = Film::steady(60, 30_000);
    let track = film.segment(10, 30, X264).scan();
    assert_eq!(track.check(&film.pts[10..30]), Ok(()));
    assert_eq!(
        track.check(&film.pts[9..30]),
        Err(Mismatch::Count {
            expected: 21,
            found: 20
        })
    );
    let mut late = film.pts[10..30].to_vec();
    late[7] += 1;
    assert!(matches!(
        track.check(&late),
        Err(Mismatch::Time { index: 7, .. })
    ));
}
