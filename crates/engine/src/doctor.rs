//! Everything that may be wrong, looked at, in the order to read it.

use ffmpeg::cage::{self, Cage};
use ffmpeg::tools::Tool;
use ffmpeg::trial::Trials;
use media::filter::Skill;
use media::spec::PixelFormat;
use peer::Net;

use crate::config::{ConfigStatus, Origin};
use crate::identity::GIVE_ANEW;
use crate::reach;
use crate::status::{FfmpegStatus, Finding, Level, NodeStatus, PeerState, PeerStatus};
use crate::workspace::Workspace;

/// Looks.
pub(crate) async fn examine(
    status: &NodeStatus,
    tool: Option<&Tool>,
    workspace: &Workspace,
    net: Option<&Net>,
    settings: &ConfigStatus,
) -> Vec<Finding> {
    let mut findings = vec![ffmpeg(status)];
    if let Some(tool) = tool {
        findings.push(kept(cage::of(&tool.path)));
        findings.push(filters(tool));
        findings.extend(encoders(tool, workspace).await);
    }
    findings.push(disk(workspace));
    findings.extend(config(settings));
    findings.extend(network(status, net.is_some()));
    if let Some(net) = net {
        let there = |peer: &&PeerStatus| {
            !matches!(
                peer.state,
                PeerState::Nearby | PeerState::Offline | PeerState::OtherIdentity(_)
            )
        };
        let alone = !status.peers.iter().any(|peer| there(&peer));
        findings.extend(reach::network(net, alone).await);
    }
    findings
}

/// A line.
pub(crate) fn finding(
    subject: impl Into<String>,
    level: Level,
    says: impl Into<String>,
    help: impl Into<String>,
) -> Finding {
    Finding {
        subject: subject.into(),
        level,
        says: says.into(),
        help: help.into(),
    }
}

fn ffmpeg(status: &NodeStatus) -> Finding {
    match &status.ffmpeg {
        FfmpegStatus::Looking => finding("ffmpeg", Level::Note, "It is being looked for.", ""),
        FfmpegStatus::Found {
            path,
            version,
            origin,
        } => finding(
            "ffmpeg",
            Level::Good,
            format!("{version}, {origin}, at {}.", path.display()),
            "",
        ),
        FfmpegStatus::Missing(trouble) => finding(
            "ffmpeg",
            Level::Bad,
            trouble.message.clone(),
            trouble.help.clone(),
        ),
    }
}

/// What ffmpeg may touch.
fn kept(cage: Cage) -> Finding {
    let (level, says, help) = match cage {
        Cage::Landlock => (
            Level::Good,
            "ffmpeg may touch only the files it works on, and no network (Landlock). Encoders in hardware may read more.",
            "",
        ),
        Cage::Bubblewrap => (
            Level::Good,
            "ffmpeg may touch only the files it works on, and no network (bubblewrap). Encoders in hardware may read more.",
            "",
        ),
        Cage::None => (
            Level::Note,
            "ffmpeg is not kept to the files it works on: this system has neither Landlock nor a bubblewrap that works.",
            "On Linux, a kernel of 5.13 or newer has Landlock; on an older one install bubblewrap.",
        ),
        Cage::Refused => (
            Level::Note,
            "ffmpeg is not kept to the files it works on: this one starts another program or needs files of its own.",
            "The one that comes with Manyhands does not: clear the path to ffmpeg in the settings.",
        ),
    };
    finding("ffmpeg's cage", level, says, help)
}

/// What can be done to a picture here.
fn filters(tool: &Tool) -> Finding {
    let subject = "filters";
    let (able, lacks) = tool.features.skill();
    let Some(lacks) = lacks else {
        let says = "Every change of the picture can be made here.";
        return finding(subject, Level::Good, says, "");
    };
    let cannot = match able {
        Skill::None => "No change of the picture can be made here",
        Skill::Picture | Skill::ToneMap => "HDR cannot be made SDR here",
    };
    finding(
        subject,
        Level::Note,
        format!(
            "{cannot}: this ffmpeg has no filter {lacks}. Such work is not given to this computer."
        ),
        "Use the ffmpeg that comes with Manyhands: clear the path to ffmpeg in the settings.",
    )
}

/// Tries every encoder the build lists with a short clip.
async fn encoders(tool: &Tool, workspace: &Workspace) -> Vec<Finding> {
    let folder = workspace.donated().join("doctor");
    if let Err(error) = std::fs::create_dir_all(&folder) {
        return vec![finding(
            "encoders",
            Level::Bad,
            format!("No scratch folder could be made: {error}."),
            "",
        )];
    }
    let trials = Trials::new(tool, &folder);
    let mut findings = Vec::new();
    for encoder in trials.candidates() {
        let subject = format!("encoder {encoder}");
        findings.push(match trials.try_out(encoder, PixelFormat::Yuv420p).await {
            Ok(()) => finding(subject, Level::Good, "Works.", ""),
            Err(unusable) => finding(subject, Level::Note, format!("{unusable}."), ""),
        });
    }
    // Its clips are scratch.
    let _ = std::fs::remove_dir_all(&folder);
    findings
}

/// The file of the settings: what is wrong with it, line by line.
fn config(settings: &ConfigStatus) -> Vec<Finding> {
    if settings.complaints.is_empty() {
        let set = settings
            .effects
            .iter()
            .filter(|one| one.from == Origin::File);
        let path = settings.path.display();
        let says = if settings.exists {
            format!("{} set in {path}.", set.count())
        } else {
            format!("Nothing is set; the file would be {path}.")
        };
        return vec![finding("settings", Level::Good, says, "")];
    }
    let wrong = settings.complaints.iter();
    wrong
        .map(|complaint| {
            let help = "Until that is put right, the settings stay as they were; they are read again by themselves.";
            finding("settings", Level::Bad, complaint.to_string(), help)
        })
        .collect()
}

fn disk(workspace: &Workspace) -> Finding {
    const LOW: u64 = 10 << 30;
    let scratch = workspace.scratch();
    match fs4::available_space(&scratch) {
        Ok(free) => {
            let says = format!(
                "{:.1} GB free for working files in {}.",
                free as f64 / 1e9,
                scratch.display()
            );
            if free < LOW {
                finding(
                    "disk",
                    Level::Note,
                    says,
                    "Long films may need more: free some space, or choose another folder for working files in the settings.",
                )
            } else {
                finding("disk", Level::Good, says, "")
            }
        }
        Err(error) => finding(
            "disk",
            Level::Bad,
            format!("The data folder's disk cannot be asked: {error}."),
            "",
        ),
    }
}

/// Keys that are not where they should be.
fn identities(status: &NodeStatus) -> Vec<Finding> {
    let changed = |peer: &&PeerStatus| matches!(peer.state, PeerState::OtherIdentity(_));
    let changed = status.peers.iter().filter(changed).map(|peer| {
        finding(
            peer.name.clone(),
            Level::Bad,
            format!(
                "{}'s identity changed: a computer of its name shows another key. Nothing is sent to it.",
                peer.name
            ),
            "This happens after reinstalling. If that is so, pair it again with a code; if not, somebody else's computer is there.",
        )
    });
    let twin = status
        .twin
        .iter()
        .map(|twin| finding("identity", Level::Bad, twin.says(), GIVE_ANEW));
    twin.chain(changed).collect()
}

fn network(status: &NodeStatus, networked: bool) -> Vec<Finding> {
    if !networked {
        return vec![finding(
            "network",
            Level::Note,
            "This run does not use the network.",
            "",
        )];
    }
    let mut findings = Vec::new();
    findings.push(if status.listening.is_empty() {
        finding(
            "network",
            Level::Bad,
            "No usable network was found.",
            "Connect this computer to the network the others are in.",
        )
    } else {
        finding(
            "network",
            Level::Good,
            format!(
                "Other computers reach this one at {}.",
                status.listening.join(", ")
            ),
            "",
        )
    });
    let count = |nearby: bool| {
        status
            .peers
            .iter()
            .filter(|p| (p.state == PeerState::Nearby) == nearby)
            .count()
    };
    findings.push(match (count(false), count(true)) {
        (0, 0) => finding(
            "computers",
            Level::Note,
            "No other computer was found.",
            "Start Manyhands on another computer in this network, or use `manyhands invite` there and `manyhands pair` here. Guest Wi-Fi and VPNs often keep computers apart.",
        ),
        (0, n) => finding("computers", Level::Note, format!("{n} nearby, none paired."), "Pair with `manyhands invite` and `manyhands pair`."),
        (n, m) => finding("computers", Level::Good, format!("{n} paired, {m} more nearby."), ""),
    });
    findings.extend(identities(status));
    for peer in status.peers.iter().filter(|p| p.trouble.is_some()) {
        findings.push(finding(
            peer.name.clone(),
            Level::Note,
            peer.trouble.clone().unwrap_or_default(),
            "",
        ));
    }
    findings.extend(
        status
            .notices
            .iter()
            .map(|notice| finding("notice", Level::Note, notice.clone(), "")),
    );
    findings
}
