//! Each word of the engine's in this crate's words, and back where it goes back.

use engine::node::{Shift as EngineShift, Steer as EngineSteer};
use engine::status as its;
use engine::trouble::{Kind, Trouble};
use media::choice as wish;
use media::encoder as make;

use crate::choice::{Audio, Choice, Codec, Container, Encoders, Keep, On, Place, Purpose, Speed};
use crate::error::{ApiError, ErrorCode};
use crate::node::{Shift, Steer};
use crate::path::FilePath;
use crate::view::{
    Asking, Away, AwayStep, Cleaned, Computer, ComputerId, ComputerStatus, Encoder, Facts, Ffmpeg,
    Finding, Hand, Here, Job, JobId, JobState, Level, Load, Original, OriginalState, Outcome,
    Pairing, PairingRefusal, PathPair, Replace, Request, Scene, Segment, SegmentState, Settings,
    Shared, Stages,
};

/// Enums whose variants bear the same names on both sides.
macro_rules! same_names {
    ($($from:ty => $to:ty { $($name:ident),+ $(,)? })+) => {
        $(impl From<$from> for $to {
            fn from(one: $from) -> Self {
                match one { $(<$from>::$name => <$to>::$name),+ }
            }
        })+
    };
}

same_names! {
    Purpose => wish::Purpose { Everywhere, Smaller, Smallest, Keep }
    wish::Purpose => Purpose { Everywhere, Smaller, Smallest, Keep }
    Encoders => wish::Encoders { Same, Any }
    wish::Encoders => Encoders { Same, Any }
    Audio => wish::Audio { Copy, Opus, Aac }
    wish::Audio => Audio { Copy, Opus, Aac }
    Container => wish::Container { Mkv, Mp4 }
    wish::Container => Container { Mkv, Mp4 }
    Codec => make::Codec { H264, Hevc, Av1 }
    make::Codec => Codec { H264, Hevc, Av1 }
    Speed => make::Speed { Fast, Balanced, Slow }
    make::Speed => Speed { Fast, Balanced, Slow }
    Steer => EngineSteer { Cancel, Pause, Resume, Retry, Forget }
    Shift => EngineShift { Top, Up, Down, Bottom }
    its::OriginalState => OriginalState { Kept, Restored, Deleted, Moving }
    its::Level => Level { Good, Note, Bad }
    its::AwayStep => AwayStep { Waiting, Sending, Working, Ready, Fetching, Checking }
    its::SegmentState => SegmentState { Waiting, Sent, Encoding, Checking, Done, Failed }
    Kind => ErrorCode {
        Other, BadRequest, NoSuchFile, IsFolder, EmptyFile, NotAVideo, NoVideoTrack, Encrypted, Damaged, Unreadable,
        SourceChanged, NoOutputFolder, OutputReadOnly, NoSpace, OutputTaken,
        WouldLose, NoFfmpeg, FfmpegTooOld, NoEncoder,
        EncodeFailed, NotProved, NotWorthwhile, Cancelled, NoSuchJob, NotNow, BadInvite, InviteExpired, InviteUsed, OwnInvite,
        Unreachable, OtherProtocol, NoSuchPeer, WrongIdentity, WrongCode, NotAnswered, NodeRunning, BadDataFolder, CannotListen,
        BadConfig, NoSuchKey,
    }
}

impl From<Trouble> for ApiError {
    fn from(trouble: Trouble) -> Self {
        Self {
            code: trouble.kind.into(),
            message: trouble.message,
            help: trouble.help,
        }
    }
}

impl From<its::JobId> for JobId {
    fn from(id: its::JobId) -> Self {
        Self(id.0)
    }
}

impl From<JobId> for its::JobId {
    fn from(id: JobId) -> Self {
        Self(id.0)
    }
}

impl From<its::PeerId> for ComputerId {
    fn from(id: its::PeerId) -> Self {
        Self(id.0.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// The engine's id for ours; `None` if it is not 64 hexadecimal digits.
pub fn peer_id(id: &ComputerId) -> Option<its::PeerId> {
    let text = id.0.as_str();
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; 32];
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * place..2 * place + 2], 16).ok()?;
    }
    Some(its::PeerId(bytes))
}

/// What to make, and how to go about it.
impl From<Choice> for (wish::Choice, its::Terms) {
    fn from(choice: Choice) -> Self {
        let terms = its::Terms {
            output: choice.output.map(|path| path.0),
            out_dir: choice.out_dir.map(|path| path.0),
            wait_for: choice.wait_for,
            only_here: choice.only_here,
            paranoid: choice.paranoid,
            keep_temp: choice.keep_temp,
            place: choice.place.into(),
            least_saving: None,
            on: choice.on.map(Into::into),
            sent_by: None,
            yields: false,
        };
        let wanted = wish::Choice {
            purpose: choice.purpose.into(),
            codec: choice.codec.map(Into::into),
            quality: choice.quality,
            speed: choice.speed.into(),
            encoders: choice.encoders.into(),
            audio: choice.audio.map(Into::into),
            audio_kbps: choice.audio_kbps,
            container: choice.container.map(Into::into),
            filters: choice.filters.into(),
            accept_losses: choice.yes,
        };
        (wanted, terms)
    }
}

impl From<(wish::Choice, its::Terms)> for Choice {
    fn from((wanted, terms): (wish::Choice, its::Terms)) -> Self {
        Self {
            purpose: wanted.purpose.into(),
            codec: wanted.codec.map(Into::into),
            quality: wanted.quality,
            speed: wanted.speed.into(),
            encoders: wanted.encoders.into(),
            audio: wanted.audio.map(Into::into),
            audio_kbps: wanted.audio_kbps,
            container: wanted.container.map(Into::into),
            filters: wanted.filters.into(),
            output: terms.output.map(FilePath),
            out_dir: terms.out_dir.map(FilePath),
            place: terms.place.into(),
            wait_for: terms.wait_for,
            only_here: terms.only_here,
            on: terms.on.map(Into::into),
            paranoid: terms.paranoid,
            keep_temp: terms.keep_temp,
            yes: wanted.accept_losses,
        }
    }
}

/// Whoever it is has been looked up by now; an id that is none is nobody's.
impl From<On> for its::On {
    fn from(on: On) -> Self {
        let nobody = its::PeerId([0; 32]);
        Self {
            peer: peer_id(&ComputerId(on.computer)).unwrap_or(nobody),
            participate: on.participate,
            leave: on.leave,
        }
    }
}

impl From<its::On> for On {
    fn from(on: its::On) -> Self {
        Self {
            computer: ComputerId::from(on.peer).0,
            participate: on.participate,
            leave: on.leave,
        }
    }
}

impl From<its::AwayStatus> for Away {
    fn from(one: its::AwayStatus) -> Self {
        Self {
            computer: one.peer.into(),
            name: one.name,
            participates: one.participates,
            leaves: one.leaves,
            step: one.step.into(),
            moved: one.moved,
            of: one.of,
        }
    }
}

impl From<its::PairingStatus> for Pairing {
    fn from(pairing: its::PairingStatus) -> Self {
        Self {
            asking: pairing.asking.map(Into::into),
            request: pairing.request.map(|request| Request {
                id: request.peer.into(),
                name: request.name,
                left_s: request.left_s,
                tries: request.tries,
            }),
            refusal: pairing.refusal.map(|(peer, trouble)| PairingRefusal {
                id: peer.into(),
                error: trouble.into(),
            }),
        }
    }
}

impl From<its::AskingStatus> for Asking {
    fn from(asking: its::AskingStatus) -> Self {
        Self {
            id: asking.peer.into(),
            name: asking.name,
            code: asking.code,
            left_s: asking.left_s,
            tries: asking.tries,
        }
    }
}

impl From<its::NodeStatus> for Scene {
    fn from(node: its::NodeStatus) -> Self {
        let computers: Vec<Computer> = node.peers.into_iter().map(Into::into).collect();
        let is_ready = |one: &&Computer| {
            one.helps_us
                && matches!(
                    one.status,
                    ComputerStatus::Ready | ComputerStatus::Working { .. }
                )
        };
        let here = Here {
            computer: node.here.into(),
            version: env!("CARGO_PKG_VERSION").into(),
            data_dir: node.data_dir.display().to_string(),
            listening: node.listening,
            donating: node.donating,
            given_cores: node.given_cores,
            helping: node.helping.into(),
            ffmpeg: node.ffmpeg.into(),
            ready: u32::try_from(computers.iter().filter(is_ready).count()).unwrap_or(u32::MAX),
            twin: node.twin.map(|twin| twin.says()),
            notices: node.notices,
        };
        Self {
            here,
            computers,
            jobs: node.jobs.into_iter().map(Into::into).collect(),
            pairing: node.pairing.into(),
        }
    }
}

impl From<its::FfmpegStatus> for Ffmpeg {
    fn from(ffmpeg: its::FfmpegStatus) -> Self {
        match ffmpeg {
            its::FfmpegStatus::Looking => Self::Looking,
            its::FfmpegStatus::Found {
                path,
                version,
                origin,
            } => Self::Found {
                path: path.display().to_string(),
                version,
                origin,
            },
            its::FfmpegStatus::Missing(trouble) => Self::Missing {
                error: trouble.into(),
            },
        }
    }
}

impl From<its::PeerStatus> for Computer {
    fn from(peer: its::PeerStatus) -> Self {
        Self {
            id: peer.id.into(),
            name: peer.name,
            status: peer.state.into(),
            helps_us: peer.i_may_use,
            we_help: peer.may_use_me,
            lets_us: peer.lets_us,
            asks_us: peer.asks_us,
            cpu: peer.cpu,
            cores: peer.cores,
            memory_mb: peer.memory_mb,
            load: peer.load.map(|load| Load {
                celsius: load.celsius,
                cpu_percent: load.cpu_percent,
                memory_used_mb: load.memory_used_mb,
            }),
            encoders: peer.encoders.into_iter().map(Into::into).collect(),
            address: peer.address,
            speed_fps: peer.speed_fps,
            last_seen_ms: peer.last_seen_ms,
            trouble: peer.trouble,
            takes_films: peer.takes_films,
        }
    }
}

impl From<its::PeerState> for ComputerStatus {
    fn from(state: its::PeerState) -> Self {
        match state {
            its::PeerState::Nearby => Self::Nearby,
            its::PeerState::Offline => Self::Offline,
            its::PeerState::OtherIdentity(presented) => Self::OtherIdentity {
                presented: presented.into(),
            },
            its::PeerState::NotHelping => Self::NotHelping,
            its::PeerState::Measuring => Self::Measuring,
            its::PeerState::Ready => Self::Ready,
            its::PeerState::Working(segments) => Self::Working { segments },
            its::PeerState::Paused(reason) => Self::Paused { reason },
            its::PeerState::SetAside(reason) => Self::SetAside { reason },
        }
    }
}

impl From<its::EncoderStatus> for Encoder {
    fn from(one: its::EncoderStatus) -> Self {
        Self {
            name: one.encoder.name().into(),
            codec: one.encoder.codec().into(),
            hardware: one.encoder.family() != make::Family::Software,
            fps_1080p: one.fps_1080p,
            seats: one.seats,
        }
    }
}

impl From<its::JobStatus> for Job {
    fn from(job: its::JobStatus) -> Self {
        let sent = job.terms.sent_by.clone();
        let name = job.source.file_name().unwrap_or(job.source.as_os_str());
        let name = name.to_string_lossy().into_owned();
        let (sent_by, name) = match sent {
            Some(sent) => (Some(sent.name), sent.film),
            None => (None, name),
        };
        Self {
            id: job.id.into(),
            name,
            source: job.source.into(),
            source_bytes: job.source_bytes,
            duration_s: job.duration_us.map(seconds),
            picture: job.picture,
            choice: (job.choice, job.terms).into(),
            state: job.state.into(),
            place: job.place,
            progress: job.progress,
            frames_done: job.frames_done,
            frames_total: job.frames_total,
            speed_fps: job.speed_fps,
            eta_s: job.eta_ms.map(|ms| ms.div_ceil(1000)),
            speed_up: job.speed_up,
            elapsed_s: thousandths(job.elapsed_ms),
            segments: job.segments.into_iter().map(Into::into).collect(),
            hands: job.hands.into_iter().map(Into::into).collect(),
            sent_bytes: job.traffic.sent,
            received_bytes: job.traffic.received,
            notes: job.notes,
            stages: job.stages.into(),
            created_ms: job.created_ms,
            finished_ms: job.finished_ms,
            original: job.original.map(|one| Box::new(one.into())),
            away: job.away.map(|one| Box::new(one.into())),
            sent_by,
        }
    }
}

impl From<its::JobState> for JobState {
    fn from(state: its::JobState) -> Self {
        match state {
            its::JobState::Queued => Self::Queued,
            its::JobState::WaitingForPeers(present, wanted) => {
                Self::WaitingForPeers { present, wanted }
            }
            its::JobState::Benchmarking => Self::Benchmarking,
            its::JobState::Processing => Self::Processing,
            its::JobState::Paused(reason) => Self::Paused { reason },
            its::JobState::Combining => Self::Combining,
            its::JobState::Completed(outcome) => Self::Completed {
                outcome: outcome.into(),
            },
            its::JobState::Failed(trouble) => Self::Failed {
                error: trouble.into(),
            },
            its::JobState::Cancelled => Self::Cancelled,
        }
    }
}

impl From<its::Outcome> for Outcome {
    fn from(one: its::Outcome) -> Self {
        Self {
            output: one.output.into(),
            receipt: one.receipt.into(),
            exact: one.exact,
            verdict: one.verdict,
            frames: one.frames,
            bytes: one.bytes,
            wall_s: thousandths(one.wall_ms),
        }
    }
}

impl From<Place> for its::Place {
    fn from(place: Place) -> Self {
        match place {
            Place::Beside => Self::Beside,
            Place::Tree { root, into } => Self::Tree {
                root: root.0,
                into: into.0,
            },
            Place::InPlace { keep } => Self::InPlace {
                keep: keep.map(Into::into),
            },
        }
    }
}

impl From<its::Place> for Place {
    fn from(place: its::Place) -> Self {
        match place {
            its::Place::Beside => Self::Beside,
            its::Place::Tree { root, into } => Self::Tree {
                root: root.into(),
                into: into.into(),
            },
            its::Place::InPlace { keep } => Self::InPlace {
                keep: keep.map(Into::into),
            },
        }
    }
}

impl From<Keep> for its::Keep {
    fn from(keep: Keep) -> Self {
        match keep {
            Keep::Always => Self::Always,
            Keep::Days(days) => Self::Days(days),
            Keep::Never => Self::Never,
        }
    }
}

impl From<its::Keep> for Keep {
    fn from(keep: its::Keep) -> Self {
        match keep {
            its::Keep::Always => Self::Always,
            its::Keep::Days(days) => Self::Days(days),
            its::Keep::Never => Self::Never,
        }
    }
}

impl From<its::OriginalStatus> for Original {
    fn from(one: its::OriginalStatus) -> Self {
        let ms = |ms: i64| u64::try_from(ms).unwrap_or(0);
        Self {
            job: one.job.into(),
            source: one.source.into(),
            output: one.output.into(),
            kept: one.kept.into(),
            bytes: one.bytes,
            replaced_ms: ms(one.replaced_ms),
            until_ms: one.until_ms.map(ms),
            state: one.state.into(),
            trouble: one.trouble,
        }
    }
}

impl From<its::Stages> for Stages {
    fn from(one: its::Stages) -> Self {
        Self {
            first_segment_s: thousandths(one.first_segment),
            analyse_s: thousandths(one.analyse),
            process_s: thousandths(one.process),
            merge_s: thousandths(one.merge),
        }
    }
}

impl From<its::SegmentStatus> for Segment {
    fn from(one: its::SegmentStatus) -> Self {
        Self {
            index: one.index,
            start_s: seconds(one.start_us),
            end_s: seconds(one.end_us),
            state: one.state.into(),
            computer: one.peer.map(Into::into),
            progress: one.progress,
            attempts: one.attempts,
        }
    }
}

impl From<its::HandStatus> for Hand {
    fn from(one: its::HandStatus) -> Self {
        Self {
            computer: one.peer.into(),
            name: one.name,
            segments: one.segments,
            working: one.working,
            frames: one.frames,
            read_there: one.read_there,
            speed_fps: one.speed_fps,
            encoder: one.encoder.map(|encoder| encoder.name().into()),
            paused: one.paused,
        }
    }
}

impl From<its::Inspection> for Facts {
    fn from(one: its::Inspection) -> Self {
        Self {
            bytes: one.bytes,
            duration_s: one.duration_us.map(seconds),
            picture: one.picture,
            others: one.others,
            output: one.output.into(),
            losses: one.losses,
            notes: one.notes,
        }
    }
}

impl From<its::Settings> for Settings {
    fn from(one: its::Settings) -> Self {
        Self {
            name: one.name,
            hide_name: one.hide_name,
            donating: one.donating,
            whole_films: one.whole_films,
            donate_cores: one.donate_cores,
            helping: one.helping.into(),
            ffmpeg: one.ffmpeg.map(FilePath),
            purpose: one.purpose.into(),
            temp: one.scratch.map(FilePath),
            temp_limit: one.scratch_limit,
            bandwidth: one.bandwidth,
            port: one.port,
            web_port: one.web_port,
            replace: Replace {
                testing_mode: one.replace.testing_mode,
                keep: one.replace.keep.into(),
            },
            library: one.library.into(),
            shared: one.shared.into(),
        }
    }
}

impl From<Settings> for its::Settings {
    fn from(one: Settings) -> Self {
        Self {
            name: one.name,
            hide_name: one.hide_name,
            donating: one.donating,
            whole_films: one.whole_films,
            donate_cores: one.donate_cores,
            helping: one.helping.into(),
            ffmpeg: one.ffmpeg.map(|path| path.0),
            purpose: one.purpose.into(),
            scratch: one.temp.map(|path| path.0),
            scratch_limit: one.temp_limit,
            bandwidth: one.bandwidth,
            port: one.port,
            web_port: one.web_port,
            replace: its::Replace {
                testing_mode: one.replace.testing_mode,
                keep: one.replace.keep.into(),
            },
            library: one.library.into(),
            shared: one.shared.into(),
        }
    }
}

impl From<its::Shared> for Shared {
    fn from(one: its::Shared) -> Self {
        let pair = |pair: its::PathPair| PathPair {
            theirs: pair.theirs,
            here: FilePath(pair.here),
        };
        Self {
            read: one.read,
            folders: one.folders.into_iter().map(FilePath).collect(),
            paths: one.paths.into_iter().map(pair).collect(),
        }
    }
}

impl From<Shared> for its::Shared {
    fn from(one: Shared) -> Self {
        let pair = |pair: PathPair| its::PathPair {
            theirs: pair.theirs,
            here: pair.here.0,
        };
        Self {
            read: one.read,
            folders: one.folders.into_iter().map(|path| path.0).collect(),
            paths: one.paths.into_iter().map(pair).collect(),
        }
    }
}

impl From<its::Finding> for Finding {
    fn from(one: its::Finding) -> Self {
        Self {
            subject: one.subject,
            level: one.level.into(),
            says: one.says,
            help: one.help,
        }
    }
}

impl From<its::Cleaned> for Cleaned {
    fn from(one: its::Cleaned) -> Self {
        Self {
            removed: one.removed,
            bytes: one.bytes,
            kept_jobs: one.kept_jobs,
        }
    }
}

/// Microseconds as seconds, for showing.
fn seconds(us: i64) -> f64 {
    us as f64 / 1e6
}

/// Milliseconds as seconds, for showing.
fn thousandths(ms: u64) -> f64 {
    ms as f64 / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_comes_back_as_it_went() {
        let choice = Choice {
            purpose: Purpose::Keep,
            codec: Some(Codec::Av1),
            quality: Some(30),
            speed: Speed::Slow,
            encoders: Encoders::Any,
            audio: Some(Audio::Opus),
            audio_kbps: Some(96),
            container: Some(Container::Mp4),
            filters: crate::Filters {
                deinterlace: true,
                deblock: true,
                crop: Some(crate::Crop::To(crate::Area {
                    width: 1920,
                    height: 800,
                    left: 0,
                    top: 140,
                })),
                denoise: Some(crate::Amount::Strong),
                half_rate: true,
                sdr: true,
                height: Some(720),
                sharpen: Some(crate::Amount::Light),
                rotate: Some(crate::Rotation::Left),
                grain: Some(8),
            },
            output: Some("/out/a.mp4".into()),
            out_dir: Some("/out".into()),
            place: Place::InPlace {
                keep: Some(Keep::Days(7)),
            },
            wait_for: 2,
            only_here: true,
            on: Some(On {
                computer: "a7".repeat(32),
                participate: true,
                leave: true,
            }),
            paranoid: true,
            keep_temp: true,
            yes: true,
        };
        let there: (wish::Choice, its::Terms) = choice.clone().into();
        assert_eq!(Choice::from(there), choice);
        assert_eq!(
            Choice::from(<(wish::Choice, its::Terms)>::from(Choice::default())),
            Choice::default()
        );
    }

    #[test]
    fn an_id_comes_back_as_it_went() {
        let id = its::PeerId(std::array::from_fn(|place| place as u8 * 7));
        assert_eq!(peer_id(&id.into()), Some(id));
        for wrong in ["", "ab", &"g".repeat(64), &"é".repeat(32)] {
            assert_eq!(peer_id(&ComputerId(wrong.into())), None, "{wrong}");
        }
    }
}
