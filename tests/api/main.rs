//! The API as programs meet it: the lines of docs/api.md typed one after the other, and requests of every shape made up by
//! schemathesis from the node's own OpenAPI document. Both against a real node.

#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at the first thing that is not as it should be"
)]
#![cfg(unix)]

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use tests::film::Film;
use tests::hosts::skipped;
use tests::product;
use tests::recipe::{Recipe, Shoot};
use tests::tool;

/// A `manyhands serve` with its page on loopback; killed when it is dropped.
struct Node {
    folder: TempDir,
    child: Child,
    /// Where its page is.
    address: String,
}

impl Node {
    fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let mut child = Command::new(product::program().unwrap());
        child.arg("--data").arg(folder.path().join("data"));
        child.args(["--json", "serve", "--no-mdns", "--listen", "127.0.0.1:0"]);
        child.args(["--web", "127.0.0.1:0"]);
        child.env("MANYHANDS_FFMPEG", tool::ffmpeg());
        child.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = child.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let listening: Value = serde_json::from_str(&first).unwrap();
        let link = listening["web"].as_str().unwrap();
        let address = link.split("/#").next().unwrap().to_owned();
        // What it says later is read, so that it never waits for us.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            folder,
            child,
            address,
        }
    }

    /// A shell that finds the program, this node and a folder to work in.
    fn shell(&self) -> Command {
        let mut shell = Command::new("sh");
        let program = product::program().unwrap().parent().unwrap();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(program.to_owned()).chain(std::env::split_paths(&path));
        shell.env("PATH", std::env::join_paths(folders).unwrap());
        shell.env("MANYHANDS_DATA", self.folder.path().join("data"));
        shell.env("NODE", &self.address);
        shell.current_dir(self.folder.path());
        shell
    }

    /// Runs a script and gives what it printed.
    fn run(&self, script: &str) -> String {
        let mut shell = self.shell();
        shell.args(["-eu", "-c", script]).stdin(Stdio::null());
        let said = shell.output().unwrap();
        let printed = String::from_utf8_lossy(&said.stdout).into_owned();
        let complaint = String::from_utf8_lossy(&said.stderr);
        assert!(said.status.success(), "{printed}\n{complaint}");
        printed
    }

    fn film(&self) {
        let film = Film::new(50).size(160, 90);
        let codec = "-c:v libx264 -preset ultrafast -g 25";
        let recipe = Recipe {
            file: "documented.mkv",
            steps: vec![Shoot::new().film(&film).with(codec).save("documented.mkv")],
        };
        fs::copy(recipe.make().unwrap(), self.folder.path().join("film.mkv")).unwrap();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The blocks of a page that are for a shell, in order.
fn blocks(page: &str) -> Vec<String> {
    let page = fs::read_to_string(tool::checkout().join("docs").join(page)).unwrap();
    let parts = page.split("```sh\n").skip(1);
    parts
        .map(|part| part.split("\n```").next().unwrap().to_owned())
        .collect()
}

/// One shell for all blocks, so that what one sets the next has; each says when it is through.
#[test]
fn the_documented_lines() {
    let node = Node::start();
    node.film();
    for page in ["api.md", "monitoring.md"] {
        let blocks = blocks(page);
        assert!(!blocks.is_empty(), "{page}");
        let numbered = blocks.iter().enumerate();
        let script: Vec<String> = numbered
            .map(|(n, block)| format!("{block}\necho; echo \"block {n} is through\""))
            .collect();
        let printed = node.run(&script.join("\n"));
        for n in 0..blocks.len() {
            assert!(
                printed.contains(&format!("block {n} is through")),
                "{page} {n}: {printed}"
            );
        }
    }
    let output = fs::metadata(node.folder.path().join("output.mkv")).unwrap();
    assert!(output.len() > 1000);
    // What was forgotten has left nothing of its upload.
    let uploads = node.folder.path().join("data/uploads");
    tests::nodes::until("the upload to go", || {
        let left = fs::read_dir(&uploads)
            .map_err(|error| error.to_string())?
            .count();
        Ok((left == 0).then_some(()))
    })
    .unwrap();
}

/// A request whose answer got lost is sent again, and a cancelled job begins anew under a number that is told.
#[test]
fn what_is_asked_for_twice_is_one_job() {
    let node = Node::start();
    node.film();
    let printed = node.run(
        r#"KEY=$(manyhands key new Twice --scope submit --scope files --scope control --scope read)
        for n in 1 2; do
            curl -fsS -o "$n.json" -w '%{http_code} %header{location}\n' -H "Authorization: Bearer $KEY" \
                -H 'Content-Type: application/json' \
                -d "{\"source\":{\"path\":\"$PWD/film.mkv\"},\"choice\":{\"wait_for\":1}}" "$NODE/api/v1/jobs"
        done
        manyhands cancel 1 > cancelled.txt
        manyhands --json retry 1
        manyhands retry 2 > refused.txt || true
        manyhands cancel 2 > cancelled.txt
        curl -fsS -w '\n%header{location}' -X POST -H "Authorization: Bearer $KEY" "$NODE/api/v1/jobs/2/retry""#,
    );
    for said in [
        "201 /api/v1/jobs/1\n200 /api/v1/jobs/1\n",
        "{\"type\":\"retried\",\"job\":1,\"new_job\":2}",
        "\"id\":3,",
        "\n/api/v1/jobs/3",
    ] {
        assert!(printed.contains(said), "{said}: {printed}");
    }
}

/// A hundred lines of a bad day: whatever schemathesis makes of the document, the node answers as the document says.
#[test]
fn requests_of_every_shape() {
    let Some(program) = schemathesis() else {
        let why = "schemathesis is not installed (`cargo xtask test` does that)";
        return skipped("requests_of_every_shape", why);
    };
    let node = Node::start();
    node.film();
    let key = node.run("manyhands key new schemathesis --scope admin");
    let here = node.folder.path().display();
    // Something to ask about: a job that waits, and one that is over.
    node.run(&format!(
        r#"for more in '"wait_for":1' '"only_here":true,"codec":"h264","speed":"fast"'; do
            curl -fsS -H "Authorization: Bearer {key}" -H 'Content-Type: application/json' \
                -d "{{\"source\":{{\"path\":\"{here}/film.mkv\"}},\"choice\":{{$more}}}}" "$NODE/api/v1/jobs"
        done
        until curl -fsS -H "Authorization: Bearer {key}" "$NODE/api/v1/jobs/2" | grep '"state":"completed"'; do sleep 0.2; done"#,
        key = key.trim()
    ));
    let config = node.folder.path().join("schemathesis.toml");
    fs::write(&config, CONFIG).unwrap();
    let mut run = node.shell();
    run.args(["-eu", "-c", SCRIPT]).env("PROGRAM", &program);
    run.env("KEY", key.trim()).stdin(Stdio::null());
    let said = run.output().unwrap();
    let printed = String::from_utf8_lossy(&said.stdout);
    std::io::stderr().write_all(&said.stderr).unwrap();
    assert!(said.status.success(), "{printed}");
    // No made-up rule may have taken films of whoever runs this.
    let rules = format!(
        "curl -fsS -H 'Authorization: Bearer {}' \"$NODE/api/v1/library/rules\"",
        key.trim()
    );
    let rules: Value = serde_json::from_str(&node.run(&rules)).unwrap();
    assert_eq!(rules, serde_json::json!({ "hours": [], "folders": [] }));
    // It is still there, and so is the film.
    let answers = format!(
        "curl -fsS -H 'Authorization: Bearer {}' \"$NODE/api/v1/node\"",
        key.trim()
    );
    assert!(node.run(&answers).contains("\"version\""));
    assert!(node.folder.path().join("film.mkv").exists());
}

/// What is asked. Streams do not end, and no maker of requests knows the parts of uploads: the tests of `web` have those.
/// What a path names, what fits into settings and whether others have changed them is for the node to say: those statuses
/// are as good as yes.
const CONFIG: &str = r#"
[generation]
max-examples = 25
deterministic = true

[checks]
positive_data_acceptance.expected-statuses = ["2xx", "401", "403", "404", "409", "412", "413", "422", "429", "507"]
negative_data_rejection.expected-statuses = ["400", "401", "403", "404", "405", "409", "412", "413", "415", "422", "429"]

[[operations]]
include-path = "/events"
enabled = false

[[operations]]
include-path = "/events/socket"
enabled = false

[[operations]]
include-name = "PATCH /uploads/{id}"
enabled = false

[[operations]]
include-name = "GET /jobs/{id}/timeline"
parameters = { id = 2 }

[[operations]]
include-name = "GET /jobs/{id}/output"
parameters = { id = 2 }

[[operations]]
include-name = "GET /jobs/{id}/receipt"
parameters = { id = 2 }

[[operations]]
include-name = "GET /jobs/{id}/segments"
parameters = { id = 2 }

[[operations]]
include-name = "POST /jobs/{id}/move"
parameters = { id = 1 }
"#;

/// What is run: every check but that of wrong keys, ten of which close the door to the next for a minute. One worker: the
/// compiler of Python 3.11 is not for threads. Made-up rules of the library could take films of whoever runs this: they
/// are sent for a state of the rules that never was, so that they are read and checked, and none is ever set.
const SCRIPT: &str = r#"
ask() {
    "$PROGRAM" --config-file schemathesis.toml run "$NODE/api/v1/openapi.json" --url "$NODE/api/v1" \
        --header "Authorization: Bearer $KEY" --phases examples,coverage,fuzzing --no-color \
        --request-timeout 30 --exclude-checks ignored_auth "$@"
}
ask --exclude-name "PUT /library/rules"
ask --include-name "PUT /library/rules" --header 'If-Match: "never"'
"#;

/// Where `cargo xtask test` has put it.
fn schemathesis() -> Option<PathBuf> {
    let named = std::env::var_os("MANYHANDS_SCHEMATHESIS").map(PathBuf::from);
    let usual = || tool::checkout().join(".tools/schemathesis/bin/schemathesis");
    Some(named.unwrap_or_else(usual)).filter(|path: &PathBuf| Path::exists(path))
}
