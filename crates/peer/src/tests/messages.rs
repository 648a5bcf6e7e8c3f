//! What may be said, and how much of it.

use media::encoder::{Codec, Encoder, Quality, Speed};
use media::filter::{Area, Chain, Level, Skill};
use media::spec::{
    ChromaLocation, Color, Frames, Hdr10, InputCodec, LightLevel, Mastering, Matrix, PixelFormat,
    Primaries, Ratio, Scan, SegmentSpec, Side, Transfer,
};
use media::time::{Pts, Span, Timebase};

use crate::proto::{ForeignHello, Redeem, Refusal, RefusalCode};
use crate::*;

fn longest<const MAX: usize>() -> Text<MAX> {
    // Quotation marks are the characters that take the most room in JSON.
    "\"".repeat(MAX).as_str().into()
}

fn fullest_about() -> About {
    let offer = |encoder: &Encoder| EncoderOffer {
        encoder: *encoder,
        ten_bit: true,
        fps_1080p: 98_765.43,
        seats: 255,
    };
    About {
        name: longest(),
        donating: true,
        cpu_model: longest(),
        cores: u16::MAX,
        memory_mb: u64::MAX,
        encoders: Encoder::ALL.iter().map(offer).collect(),
        busy: true,
        paused: Some(PauseReason::OnBattery),
        ffmpeg: longest(),
        filters: Skill::ToneMap,
        films: true,
    }
}

fn spec() -> SegmentSpec {
    let ratio = Ratio::new(1_000_000, 999_999);
    let span = Span {
        start: Pts(-(1 << 55)),
        end: Some(Pts(1 << 55)),
    };
    let corner = (u16::MAX, u16::MAX);
    SegmentSpec {
        input: InputCodec::MsMpeg4v2,
        width: Side::new(16384).unwrap(),
        height: Side::new(16384).unwrap(),
        timebase: Timebase::new(u32::MAX, u32::MAX).unwrap(),
        span,
        frames: Frames::new(1_000_000).unwrap(),
        encoder: Encoder::HevcVideoToolbox,
        speed: Speed::Balanced,
        quality: Quality::new(Codec::Hevc, 51).unwrap(),
        pixel_format: PixelFormat::Yuv420p10,
        frame_rate: ratio.unwrap(),
        color: Color {
            primaries: Some(Primaries::Smpte240m),
            transfer: Some(Transfer::Iec61966_2_1),
            matrix: Some(Matrix::ChromaDerivedNc),
            range: Some(media::spec::Range::Limited),
            chroma: Some(ChromaLocation::BottomLeft),
        },
        hdr10: Some(Hdr10 {
            mastering: Some(Mastering {
                red: corner,
                green: corner,
                blue: corner,
                white: corner,
                max_luminance: u32::MAX,
                min_luminance: u32::MAX,
            }),
            light: Some(LightLevel {
                max_content: u16::MAX,
                max_average: u16::MAX,
            }),
        }),
        sar: ratio,
        scan: Scan::Progressive,
        rescale: false,
        rgb: false,
        filters: media::filter::Chain::default(),
        around: None,
    }
}

fn task_of(spec: SegmentSpec) -> Message {
    Message::Task {
        task: TaskId([0xab; 16]),
        spec: Box::new(spec),
        source: BlobId([1; 16]),
        source_ceiling: u64::MAX,
        result: BlobId([2; 16]),
        result_ceiling: u64::MAX,
        reads: Some(OwnReading {
            film: SharedId([5; 16]),
            stream: u16::MAX,
            genpts: true,
            seek_us: Some(-(1 << 53)),
            stop_us: Some(1 << 53),
        }),
    }
}

/// Words about a film that both see.
fn of_shared() -> Vec<Message> {
    let (film, task) = (SharedId([5; 16]), TaskId([0xab; 16]));
    let words = [
        Shared::Find {
            film,
            bytes: u64::MAX,
            trail: vec![Mark([6; 16]); MAX_TRAIL],
        },
        Shared::Places {
            film,
            places: vec![u64::MAX; MAX_PLACES],
        },
        Shared::Shows {
            film,
            digests: vec![Digest([7; 32]); MAX_PLACES],
        },
        Shared::Sees { film, sees: false },
        Shared::Read { task },
        Shared::Send { task },
    ];
    words.into_iter().map(Message::Shared).collect()
}

fn messages() -> Vec<Message> {
    let task = TaskId([0xab; 16]);
    let report = TaskReport {
        bytes: u64::MAX,
        digest: Digest([1; 32]),
        frames: u64::MAX,
        decoded_frames: u64::MAX,
        decoded_digest: Digest([2; 32]),
        encode_ms: u64::MAX,
        decode_ms: u64::MAX,
        encoder_version: longest(),
        ffmpeg: longest(),
    };
    vec![
        Message::Hello(Hello {
            protocol: PROTOCOL,
            name: longest(),
            session: Session([3; 8]),
            port: u16::MAX,
        }),
        Message::About(fullest_about()),
        Message::Beat {},
        task_of(spec()),
        Message::Accepted { task },
        Message::Declined {
            task,
            reason: DeclineReason::CannotEncode,
        },
        Message::SourceReady {
            task,
            digest: Digest([4; 32]),
        },
        Message::Progress {
            task,
            frames: u64::MAX,
        },
        Message::Finished { task, report },
        Message::Failed {
            task,
            reason: FailReason::SourceUnreadable,
            detail: longest(),
        },
        Message::Rights(Rights::default()),
        Message::Holding {
            tasks: vec![task; MAX_HELD],
        },
        Message::Cancel { task },
        Message::Collected { task },
        Message::Unpaired {},
    ]
    .into_iter()
    .chain(films())
    .collect()
}

fn offer() -> FilmOffer {
    FilmOffer {
        name: longest(),
        bytes: MAX_FILM,
        choice: media::choice::Choice {
            audio_kbps: Some(640),
            ..media::choice::Choice::default()
        },
        source: BlobId([3; 16]),
        again: true,
    }
}

/// Every word about a film that is sent whole.
fn films() -> Vec<Message> {
    let stand = FilmStand {
        step: FilmStep::Processing,
        permille: 1000,
        frames: u64::MAX,
        of: Some(u64::MAX),
        fps: 98_765.43,
        eta_ms: Some(u64::MAX),
    };
    let made = FilmMade {
        bytes: u64::MAX,
        digest: Digest([5; 32]),
        frames: u64::MAX,
    };
    let reason = FilmRefusal::NotDonating;
    let ended = FilmWord::Ended {
        reason: FilmEnd::Withdrawn,
        detail: longest(),
    };
    let words = [
        FilmWord::Offer(Box::new(offer())),
        FilmWord::Take {
            result: BlobId([4; 16]),
        },
        FilmWord::Hold {},
        FilmWord::GoOn {},
        FilmWord::Cancel {},
        FilmWord::Collected {},
        FilmWord::Declined { reason },
        FilmWord::Wanted {},
        FilmWord::Stands(stand),
        FilmWord::Made(made),
        ended,
        FilmWord::Over {},
    ];
    let film = FilmId([0xcd; 16]);
    words.map(|says| Message::Film { film, says }).into()
}

#[test]
fn a_film_beyond_the_bounds_is_refused() {
    let says = |offer: FilmOffer| Message::Film {
        film: FilmId([1; 16]),
        says: FilmWord::Offer(Box::new(offer)),
    };
    let text = says(offer()).encode().unwrap();
    assert!(Message::decode(&text).is_ok());
    let refused = |from: &str, to: &str| {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        assert!(Message::decode(&changed).is_err(), "{to}");
    };
    refused(&MAX_FILM.to_string(), "0");
    refused(&MAX_FILM.to_string(), &(MAX_FILM + 1).to_string());
    refused("\"audio_kbps\":640", "\"audio_kbps\":641");
    refused("\"quality\":null", "\"quality\":60");
    refused("\"container\":null", "\"container\":\"../film\"");
    refused("\"container\":null", "\"output\":\"/etc/passwd\"");
    refused("\\\"", "\\n");
    refused("\\\"", "\\\"\\\"");
    let stands = films()[8].encode().unwrap();
    assert!(Message::decode(&stands.replacen("1000", "1001", 1)).is_err());
    assert!(Message::decode(&stands.replacen("98765", "9876543", 1)).is_err());
}

#[test]
fn every_message_at_its_fullest_fits_and_survives() {
    for message in messages().into_iter().chain(of_shared()) {
        let text = message.encode().unwrap();
        assert!(
            text.len() <= MAX_MESSAGE / 4,
            "{} bytes: {text}",
            text.len()
        );
        assert_eq!(Message::decode(&text).unwrap(), message);
    }
}

#[test]
fn an_unknown_field_is_refused_in_every_message() {
    for message in messages() {
        let text = message.encode().unwrap();
        assert!(text.ends_with("}}"), "{text}");
        let comma = if text.ends_with("{}}") { "" } else { "," };
        let more = format!(
            "{}{comma}\"argv\":\"-vf movie=/etc/passwd\"}}}}",
            &text[..text.len() - 2]
        );
        let error = Message::decode(&more).unwrap_err().to_string();
        assert!(error.contains("unknown field `argv`"), "{error}");
    }
    for message in of_shared() {
        let text = message.encode().unwrap();
        let more = text.replacen("}}}", ",\"path\":\"/etc/passwd\"}}}", 1);
        let error = Message::decode(&more).unwrap_err().to_string();
        assert!(error.contains("unknown field `path`"), "{error}");
    }
}

#[test]
fn a_film_is_looked_for_within_bounds() {
    let film = "05".repeat(16);
    let mark = format!("\"{film}\"");
    let trail = |marks: usize| vec![mark.as_str(); marks].join(",");
    let find = |marks| {
        let text = format!(
            r#"{{"shared":{{"find":{{"film":"{film}","bytes":1,"trail":[{}]}}}}}}"#,
            trail(marks)
        );
        Message::decode(&text)
    };
    assert!(find(MAX_TRAIL).is_ok());
    assert!(find(MAX_TRAIL + 1).is_err());
    let text = task_of(spec()).encode().unwrap();
    let far = (1_u64 << 53).to_string();
    let beyond = text.replace(&format!(":{far}"), &format!(":{}", i64::MAX));
    assert_ne!(text, beyond);
    let error = Message::decode(&beyond).unwrap_err().to_string();
    assert!(error.contains("a time beyond every film"), "{error}");
    let old = text.replacen(",\"reads\":", ",\"written\":", 1);
    assert!(Message::decode(&old).is_err());
}

#[test]
fn what_is_too_long_or_unknown_is_refused() {
    let refused = |text: String| assert!(Message::decode(&text).is_err(), "{text}");
    let about = Message::About(fullest_about()).encode().unwrap();
    let offer = serde_json::to_string(&fullest_about().encoders[0]).unwrap();
    let too_many = vec![offer.as_str(); MAX_ENCODERS + 1].join(",");
    refused(about.replacen(&offer, &too_many, 1));
    refused(about.replacen("\\\"", "\\\"\\\"", 1));
    refused(about.replacen("hevc_videotoolbox", "libx264 -i /etc/passwd", 1));
    refused(about.replacen("on_battery", "because", 1));
    refused(about.replacen(&offer, &offer.replace("98765", "198765"), 1));
    refused(about.replacen("65535", "65536", 1));
    refused("{\"shutdown\":{}}".to_owned());
    refused("{\"beat\":{}}{\"beat\":{}}".to_owned());
    refused(format!("{}{{\"beat\":{{}}}}", " ".repeat(MAX_MESSAGE)));
    refused(String::new());
}

#[test]
fn a_task_that_contradicts_itself_is_refused() {
    let backwards = Span {
        start: Pts(5),
        end: Some(Pts(5)),
    };
    let text = task_of(SegmentSpec {
        span: backwards,
        ..spec()
    })
    .encode()
    .unwrap();
    assert!(
        Message::decode(&text)
            .unwrap_err()
            .to_string()
            .contains("contradict")
    );
    let text = task_of(spec()).encode().unwrap();
    assert!(Message::decode(&text.replacen("16384", "16385", 1)).is_err());
    assert!(Message::decode(&text.replacen("msmpeg4v2", "concat", 1)).is_err());
}

#[test]
fn filters_are_words_and_bounded_numbers() {
    let side = |pixels| Side::new(pixels).unwrap();
    let part = Area {
        width: side(1280),
        height: side(720),
        left: 4,
        top: 8,
    };
    let filtered = SegmentSpec {
        filters: Chain {
            crop: Some(part),
            denoise: Some(Level::Strong),
            ..Chain::default()
        },
        ..spec()
    };
    let text = task_of(filtered.clone()).encode().unwrap();
    let Ok(Message::Task { spec: read, .. }) = Message::decode(&text) else {
        panic!("{text}")
    };
    assert_eq!(*read, filtered);
    let refused = |from: &str, to: &str| {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        assert!(Message::decode(&changed).is_err(), "{to}");
    };
    refused("\"strong\"", "\"strong,movie=/etc/passwd\"");
    refused("\"deblock\":false", "\"vf\":\"null\"");
    refused("\"width\":1280", "\"width\":1281");
    refused("\"left\":4", "\"left\":16384");
    refused("\"turn\":null", "\"turn\":\"45\"");
    refused("\"grain\":null", "\"grain\":51");
    // A film that is not changed is ordered in the words of the first builds.
    let plain = task_of(spec()).encode().unwrap();
    assert!(
        !plain.contains("filters") && !plain.contains("around"),
        "{plain}"
    );
}

#[test]
fn an_encoder_that_is_named_twice_counts_once() {
    let about = fullest_about();
    let text = Message::About(about.clone()).encode().unwrap();
    let offer = serde_json::to_string(&about.encoders[0]).unwrap();
    let slower = offer.replace("98765", "5");
    let twice = text.replacen(&offer, &format!("{offer},{slower}"), 1);
    assert_ne!(twice, text);
    assert_eq!(Message::decode(&twice).unwrap(), Message::About(about));
}

#[test]
fn a_speed_that_is_no_number_is_unknown() {
    for fps_1080p in [f32::NAN, f32::INFINITY, -1.0] {
        let offer = EncoderOffer {
            encoder: Encoder::X264,
            ten_bit: false,
            fps_1080p,
            seats: 1,
        };
        let text = serde_json::to_string(&offer).unwrap();
        assert_eq!(
            serde_json::from_str::<EncoderOffer>(&text)
                .unwrap()
                .fps_1080p,
            0.0
        );
    }
}

#[test]
fn another_versions_greetings_are_understood_as_far_as_needed() {
    let hello = r#"{"hello":{"protocol":2,"name":"Attic","colour":"blue"}}"#;
    assert_eq!(
        crate::proto::foreign_hello(hello),
        Some((2, "Attic".into()))
    );
    assert_eq!(
        crate::proto::foreign_hello(r#"{"howdy":{"protocol":2}}"#),
        None
    );
    let redeem: ForeignHello = serde_json::from_str(r#"{"protocol":3,"pake":[1,2]}"#).unwrap();
    assert_eq!(redeem.protocol, 3);
    assert!(serde_json::from_str::<Redeem>(r#"{"protocol":3,"pake":[1,2]}"#).is_err());
    let refusal: Refusal =
        serde_json::from_str(r#"{"error":"on_strike","protocol":7,"until":"May"}"#).unwrap();
    assert_eq!((refusal.error, refusal.protocol), (RefusalCode::Other, 7));
}
