//! The node under attack, and an honest computer that is paired with it.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use media::SegmentSpec;
use peer::{
    BlobId, DeclineReason, FailReason, Identity, Link, Message, Net, NetConfig, NetEvent, Paired,
    PeerId, Source, TaskId, TaskReport,
};
use serde_json::Value;
use tempfile::TempDir;
use tests::nodes::until;
use tests::product::{self, Answer};
use tests::tool;
use tokio::io::AsyncRead;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// The most memory that the node under attack ever has in use, KiB.
pub const MOST_MEMORY: u64 = 400 << 10;

/// After this long a test is stuck, not slow.
const STUCK: Duration = Duration::from_secs(120);

/// The house, built when the first attack begins.
#[derive(Default)]
pub struct Lazy(Mutex<Option<House>>);

impl Lazy {
    /// Lets the attack happen, and sees that nothing came of it.
    pub fn suffer(&self, name: &str, attack: fn(&mut House)) {
        let mut house = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let house = house.get_or_insert_with(House::new);
        let runtime = Arc::clone(&house.runtime);
        let _within = runtime.enter();
        house.assert_well("before", name);
        attack(house);
        house.assert_well("after", name);
    }
}

/// A process that is killed when it is dropped.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// A `manyhands serve` that donates, with a page, on loopback.
pub struct Node {
    pub data: PathBuf,
    pub child: Running,
    pub address: SocketAddr,
    pub id: PeerId,
    /// The link to its page.
    pub web: String,
}

impl Node {
    /// Starts one; `command` is the program, by way of another one where that is needed.
    pub fn serve(mut command: Command, data: &Path, words: &[&str]) -> Self {
        command.arg("--data").arg(data);
        command.args(["--json", "serve", "--name", "Kitchen", "--donate"]);
        command.args(["--listen", "127.0.0.1:0", "--web", "127.0.0.1:0"]);
        command.args(words).env("MANYHANDS_SEGMENT_SECONDS", "2");
        command.env("MANYHANDS_SHARED_FOLDERS", data.with_file_name("media"));
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = Running(command.spawn().unwrap());
        let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let listening: Value = serde_json::from_str(&first).unwrap();
        assert_eq!(listening["type"], "listening", "{first}");
        // What it says later is read, so that it never waits for us.
        std::thread::spawn(move || lines.for_each(drop));
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self {
            data: data.to_owned(),
            child,
            address: text(&listening["addresses"][0]).parse().unwrap(),
            id: text(&listening["id"]).parse().unwrap(),
            web: text(&listening["web"]),
        }
    }

    /// What a command says to it.
    pub fn ask(&self, words: &[&str]) -> Answer {
        product::run(&[], &self.data, None, words).unwrap()
    }

    /// A new invite of it.
    pub fn invite(&self) -> String {
        let invite = self.ask(&["invite"]);
        invite.last("invite").as_str().unwrap().to_owned()
    }

    /// What it says of the computer with this id.
    pub fn knows(&self, id: PeerId) -> Option<Value> {
        let lines = self.ask(&["peers"]).lines;
        lines.into_iter().find(|line| line["id"] == id.to_string())
    }

    /// The names in its folder of others' work.
    pub fn donated(&self) -> BTreeSet<String> {
        let entries = std::fs::read_dir(self.data.join("donated")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }

    /// The most memory it ever had in use, KiB.
    fn peak(&self) -> u64 {
        let status = format!("/proc/{}/status", self.child.0.id());
        let status = std::fs::read_to_string(status).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let words = line.and_then(|line| line.split_whitespace().next());
        words.map_or(0, |kib| kib.parse().unwrap())
    }
}

/// All that the attacks need.
pub struct House {
    pub runtime: Arc<Runtime>,
    pub node: Node,
    pub folder: TempDir,
    friend: Peer,
    /// What the friend's segment came to before any attack.
    was: Option<TaskReport>,
}

impl House {
    fn new() -> Self {
        let runtime = Arc::new(Runtime::new().unwrap());
        let folder = TempDir::new().unwrap();
        let data = folder.path().join("node");
        // With announcements, but only on loopback.
        let node = Node::serve(Command::new(product::program().unwrap()), &data, &[]);
        let friend = Peer::pair(&runtime, &node, &folder.path().join("friend"));
        until("the encoders to be measured", || {
            let line = node.knows(node.id).unwrap();
            Ok((line["state"] == "ready").then_some(()))
        })
        .unwrap();
        Self {
            runtime,
            node,
            folder,
            friend,
            was: None,
        }
    }

    /// A computer of this name that is paired with the node.
    pub fn paired(&self, name: &str) -> Peer {
        Peer::pair(&self.runtime, &self.node, &self.folder.path().join(name))
    }

    /// Ends a computer, and its pairing, and those of these others.
    pub fn forget(&self, peer: Peer, more: &[String]) {
        let id = peer.net.id().to_string();
        peer.leave();
        for id in more.iter().chain([&id]) {
            self.node.ask(&["unpair", id]);
        }
    }

    /// A path in the attackers' folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// An honest segment is encoded as ever, and nothing is left of anything else.
    fn assert_well(&mut self, when: &str, attack: &str) {
        let ended = self.node.child.0.try_wait().unwrap();
        assert!(
            ended.is_none(),
            "{when} {attack}: the node ended, {ended:?}"
        );
        let result = self.path("honest.mp4");
        let outcome = self.friend.give(&honest(), result);
        let Outcome::Finished(mut report) = outcome else {
            panic!("{when} {attack}: an honest segment came to {outcome:?}")
        };
        (report.encode_ms, report.decode_ms) = (0, 0);
        let was = self.was.get_or_insert_with(|| report.clone());
        assert_eq!(*was, report, "{when} {attack}");
        assert_eq!(report.decoded_frames, 25);
        assert!(
            !self.friend.lost_its_link(),
            "{when} {attack}: the honest link broke"
        );
        let page = super::page::get(&self.node, "/", &[]);
        assert!(page.starts_with("HTTP/1.1 200"), "{when} {attack}: {page}");
        until("nothing of the attack to be left", || {
            Ok(self.node.donated().is_empty().then_some(()))
        })
        .unwrap();
        let peak = self.node.peak();
        assert!(peak < MOST_MEMORY, "{when} {attack}: {peak} KiB of memory");
    }
}

/// A computer in this process that is paired with the node, and can say what it likes.
pub struct Peer {
    runtime: Arc<Runtime>,
    pub net: Net,
    /// Where its key and certificate are.
    pub folder: PathBuf,
    node: PeerId,
    events: mpsc::Receiver<NetEvent>,
    downs: usize,
}

/// What becomes of a task.
#[derive(Debug, PartialEq)]
pub enum Outcome {
    Declined(DeclineReason),
    Failed(FailReason, String),
    Finished(TaskReport),
    /// The link ended first.
    Cut,
}

/// A task as it is asked of the node.
#[derive(Clone)]
pub struct Wanted {
    pub spec: SegmentSpec,
    pub source: Arc<dyn Source>,
    pub source_ceiling: u64,
    pub result_ceiling: u64,
}

/// A configuration that stays on loopback, without announcements.
pub fn quiet(folder: &Path, name: &str) -> NetConfig {
    std::fs::create_dir_all(folder).unwrap();
    NetConfig {
        listen: ([127, 0, 0, 1], 0).into(),
        mdns: false,
        ..NetConfig::new(Identity::open(folder).unwrap(), name)
    }
}

impl Peer {
    /// By an invite, as a person would.
    pub fn pair(runtime: &Arc<Runtime>, node: &Node, folder: &Path) -> Self {
        let invite = node.invite().parse().unwrap();
        let mut peer = Self::start(runtime, node.id, quiet(folder, "Studio"));
        folder.clone_into(&mut peer.folder);
        runtime.block_on(peer.net.redeem(&invite)).unwrap();
        peer.link();
        peer
    }

    /// One that is paired already, or not at all.
    pub fn start(runtime: &Arc<Runtime>, node: PeerId, config: NetConfig) -> Self {
        let folder = PathBuf::new();
        let (net, events) = runtime.block_on(Net::start(config)).unwrap();
        Self {
            runtime: Arc::clone(runtime),
            net,
            folder,
            node,
            events,
            downs: 0,
        }
    }

    /// Its link to the node, once there is one.
    pub fn link(&self) -> Link {
        until("a link", || Ok(self.net.link(self.node))).unwrap()
    }

    fn lost_its_link(&mut self) -> bool {
        while let Ok(event) = self.events.try_recv() {
            self.downs += usize::from(matches!(event, NetEvent::LinkDown { .. }));
        }
        self.downs > 0
    }

    /// The next thing that `wanted` makes something of.
    pub fn event<T>(&mut self, what: &str, wanted: impl FnMut(NetEvent) -> Option<T>) -> T {
        let runtime = Arc::clone(&self.runtime);
        runtime.block_on(self.hears(what, wanted))
    }

    async fn hears<T>(&mut self, what: &str, mut wanted: impl FnMut(NetEvent) -> Option<T>) -> T {
        loop {
            let event = timeout(STUCK, self.events.recv()).await;
            let event = event.unwrap_or_else(|_| panic!("never happened: {what}"));
            let event = event.unwrap();
            self.downs += usize::from(matches!(event, NetEvent::LinkDown { .. }));
            if let Some(found) = wanted(event) {
                return found;
            }
        }
    }

    /// The next word about a task.
    pub async fn word(&mut self, task: TaskId) -> Option<Message> {
        let about = move |message: &Message| match message {
            Message::Accepted { task: of }
            | Message::Declined { task: of, .. }
            | Message::Failed { task: of, .. }
            | Message::Finished { task: of, .. } => *of == task,
            _ => false,
        };
        let heard = |event| match event {
            NetEvent::Message { message, .. } if about(&message) => Some(Some(message)),
            NetEvent::LinkDown { .. } => Some(None),
            _ => None,
        };
        self.hears("a word about a task", heard).await
    }

    /// Has the node do a task, and takes its result into `result`.
    pub fn give(&mut self, wanted: &Wanted, result: PathBuf) -> Outcome {
        let runtime = Arc::clone(&self.runtime);
        let link = self.link();
        runtime.block_on(async {
            let (task, order) = wanted.order();
            let Message::Task {
                source,
                result: made,
                ..
            } = &order
            else {
                unreachable!("an order is a task")
            };
            let (source, made) = (*source, *made);
            let _open = link.ours(source, made);
            if link.send(order).await.is_err() {
                return Outcome::Cut;
            }
            let mut pushing = None;
            loop {
                match self.word(task).await {
                    Some(Message::Accepted { .. }) => {
                        let (link, wanted) = (link.clone(), wanted.clone());
                        pushing = Some(tokio::spawn(async move {
                            link.push(source, wanted.source_ceiling, wanted.source)
                                .await
                        }));
                    }
                    Some(Message::Finished { report, .. }) => {
                        let pulled = link.pull(made, wanted.result_ceiling, &result).await;
                        assert_eq!(pulled.unwrap().digest, report.digest);
                        // A link that broke says as much.
                        let _ = link.send(Message::Collected { task }).await;
                        return Outcome::Finished(report);
                    }
                    Some(Message::Declined { reason, .. }) => return Outcome::Declined(reason),
                    Some(Message::Failed { reason, detail, .. }) => {
                        if let Some(pushing) = pushing {
                            pushing.abort();
                        }
                        return Outcome::Failed(reason, detail.to_string());
                    }
                    Some(_) => {}
                    None => return Outcome::Cut,
                }
            }
        })
    }

    /// Ends it, with a goodbye.
    pub fn leave(self) {
        let runtime = Arc::clone(&self.runtime);
        runtime.block_on(self.net.shutdown());
    }
}

impl Wanted {
    /// So many bytes as a task, with this order.
    pub fn of(spec: SegmentSpec, content: Vec<u8>) -> Self {
        Self {
            spec,
            source: Arc::new(Bytes(content)),
            source_ceiling: 64 << 20,
            result_ceiling: 64 << 20,
        }
    }

    /// The words for it, with new names.
    pub fn order(&self) -> (TaskId, Message) {
        let task = TaskId::random();
        let order = Message::Task {
            task,
            spec: Box::new(self.spec.clone()),
            source: BlobId::random(),
            source_ceiling: self.source_ceiling,
            result: BlobId::random(),
            result_ceiling: self.result_ceiling,
            reads: None,
        };
        (task, order)
    }
}

/// Content out of memory.
pub struct Bytes(pub Vec<u8>);

impl Source for Bytes {
    fn open(&self) -> Opening<'_> {
        opened(std::io::Cursor::new(self.0.clone()))
    }
}

/// What a source gives when it is opened.
pub type Opening<'a> =
    futures_util::future::BoxFuture<'a, std::io::Result<Box<dyn AsyncRead + Send + Unpin>>>;

/// This, opened.
pub fn opened(content: impl AsyncRead + Send + Unpin + 'static) -> Opening<'static> {
    let content: Box<dyn AsyncRead + Send + Unpin> = Box::new(content);
    Box::pin(async { Ok(content) })
}

/// What an order says, as JSON: a second of 128 × 96.
pub fn order() -> Value {
    serde_json::json!({
        "input": "h264", "width": 128, "height": 96, "timebase": {"num": 1, "den": 25},
        "span": {"start": 0, "end": 25}, "frames": 25, "encoder": "libx264", "speed": "fast",
        "quality": 23, "pixel_format": "yuv420p", "frame_rate": {"num": 25, "den": 1},
        "color": {"primaries": null, "transfer": null, "matrix": null, "range": null, "chroma": null},
        "hdr10": null, "sar": null, "scan": "progressive",
    })
}

pub fn spec() -> SegmentSpec {
    serde_json::from_value(order()).unwrap()
}

/// What our ffmpeg makes of these words.
pub fn made(words: &str) -> Vec<u8> {
    let words = words.split(' ').chain(["-"]);
    let said = tool::run(tool::ffmpeg(), words, Path::new(".")).unwrap();
    assert!(said.ok, "{}", said.stderr);
    said.stdout
}

/// An honest segment.
pub fn honest() -> Wanted {
    static CONTENT: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
    let content = CONTENT.get_or_init(|| {
        let shift = "-itsoffset 64";
        let picture = "-f lavfi -i testsrc2=s=128x96:r=25:d=1";
        made(&format!(
            "-v error {shift} {picture} -copyts -c:v libx264 -g 25 -bf 0 -f nut"
        ))
    });
    Wanted::of(spec(), content.clone())
}

/// What a computer that was paired before knows of the node.
pub fn knowing(node: &Node, config: NetConfig) -> NetConfig {
    NetConfig {
        paired: vec![Paired {
            id: node.id,
            name: "Kitchen".into(),
            addresses: vec![node.address],
            rights: peer::Rights::default(),
        }],
        ..config
    }
}
