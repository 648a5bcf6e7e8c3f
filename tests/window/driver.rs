//! The window through WebDriver (W3C), and through the X server where WebDriver does not reach.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::screen::Screen;

/// How long anything may take; much more than it takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(240);
/// What the X server knows the app's windows by.
const CLASS: &str = "manyhands-desktop";
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// An open window of the app, with its driver.
pub struct Window<'a> {
    screen: &'a Screen,
    driver: Child,
    base: String,
    session: String,
    http: ureq::Agent,
}

impl<'a> Window<'a> {
    /// Starts the app with these arguments.
    pub fn open(screen: &'a Screen, app: &str, arguments: &[&str]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let driver = screen
            .command("WebKitWebDriver")
            .args([format!("--port={port}"), "--host=127.0.0.1".into()])
            // Without it the app opens, and the driver waits for ever.
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .env("MANYHANDS_SEGMENT_SECONDS", "1")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        until("the driver", || {
            TcpStream::connect(("127.0.0.1", port)).ok()
        });
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .build();
        let base = format!("http://127.0.0.1:{port}");
        let mut window = Self {
            screen,
            driver,
            base,
            session: String::new(),
            http: agent.into(),
        };
        let options = json!({ "binary": app, "args": arguments });
        let wanted =
            json!({ "capabilities": { "alwaysMatch": { "webkitgtk:browserOptions": options } } });
        let answer = window.request("POST", "/session", &wanted);
        window.session = answer["sessionId"]
            .as_str()
            .unwrap_or_else(|| panic!("no session: {answer}"))
            .to_owned();
        window.watch_for_problems();
        window
    }

    /// Waits until the element's text is as wanted; gives the text.
    pub fn wait_for(&self, id: &str, wanted: impl Fn(&str) -> bool) -> String {
        let mut last = String::new();
        until_or(
            || {
                let element = self.find(id)?;
                last = self
                    .get(&format!("/element/{element}/text"))
                    .as_str()?
                    .to_owned();
                wanted(&last).then(|| last.clone())
            },
            |this| panic!("{id} is not as wanted; the page says: {this}"),
            || {
                self.run("return document.body.innerText", &json!([]))
                    .to_string()
            },
        )
    }

    /// Clicks it as soon as it can be clicked.
    pub fn click(&self, id: &str) {
        self.click_at(&format!("[data-testid={id}]"));
    }

    /// The same for what has no id of its own, by a CSS selector.
    pub fn click_at(&self, selector: &str) {
        let ready = format!("{selector}:not([disabled]):not([aria-disabled=true])");
        let element = until(selector, || self.select(&ready));
        self.post(&format!("/element/{element}/click"), &json!({}));
    }

    /// Types into it.
    pub fn fill(&self, id: &str, text: &str) {
        let element = until(id, || self.find(id));
        let typed = json!({ "text": text });
        self.post(&format!("/element/{element}/value"), &typed);
    }

    /// Waits until the page has so many of these.
    pub fn wait_for_count(&self, selector: &str, wanted: u64) {
        let count = "return document.querySelectorAll(arguments[0]).length";
        until(selector, || {
            (self.run(count, &json!([selector])).as_u64() == Some(wanted)).then_some(())
        });
    }

    /// Chooses one of a list's entries, as a user would with the keyboard.
    pub fn choose(&self, id: &str, value: &str) {
        self.click_at(&format!("[data-testid={id}] option[value='{value}']"));
    }

    /// Ends the app as a power cut would, and waits until it is gone.
    pub fn kill(mut self) {
        let process = self.process();
        let killed = Command::new("kill")
            .args(["-KILL", &process])
            .status()
            .unwrap();
        assert!(killed.success());
        until("the end of the app", || {
            self.said(&["search", "--onlyvisible", "--class", CLASS])
                .is_empty()
                .then_some(())
        });
        // There is nobody any more whom its driver could tell to close.
        self.session.clear();
    }

    /// The number of the app's process.
    fn process(&self) -> String {
        let window = self.number();
        self.said(&["getwindowpid", &window]).trim().to_owned()
    }

    /// The number of the app's window on the screen.
    pub fn number(&self) -> String {
        let windows = self.screen.windows(&["--class", CLASS]);
        windows.last().unwrap().clone()
    }

    fn said(&self, words: &[&str]) -> String {
        self.screen.pointer(words)
    }

    /// What the shell answers to the page's call of this name.
    pub fn call(&self, name: &str, args: &Value) -> Value {
        self.invoke("call", &json!({ "name": name, "args": args }))
    }

    /// What Tauri answers to the page's command of this name.
    pub fn invoke(&self, command: &str, args: &Value) -> Value {
        let script = "const done = arguments[2];
            __TAURI_INTERNALS__.invoke(arguments[0], arguments[1]).then(done, (error) => done({ error }))";
        let body = json!({ "script": script, "args": [command, args] });
        self.request(
            "POST",
            &format!("/session/{}/execute/async", self.session),
            &body,
        )
    }

    /// What has gone wrong on the page since it was opened.
    pub fn problems(&self) -> Vec<String> {
        let problems = self.run("return window.problems", &json!([]));
        serde_json::from_value(problems).unwrap()
    }

    /// Waits until the picture is there; gives its width, pixels.
    pub fn wait_for_picture(&self, id: &str) -> u64 {
        let width = "return document.querySelector(`[data-testid=${arguments[0]}]`)?.naturalWidth";
        until(id, || {
            self.run(width, &json!([id]))
                .as_u64()
                .filter(|width| *width > 0)
        })
    }

    /// A picture of the page.
    pub fn screenshot(&self, to: &Path) {
        // WebKit takes it when it paints next, and waits for ever for a page that stands still.
        let stir = "window.stirring = setInterval(() => {
            const { style } = document.documentElement;
            style.opacity = style.opacity === '1' ? '0.999' : '1';
        }, 50)";
        self.run(stir, &json!([]));
        let picture = self.get("/screenshot");
        let still = "clearInterval(window.stirring); document.documentElement.style.opacity = ''";
        self.run(still, &json!([]));
        std::fs::write(to, from_base64(picture.as_str().unwrap())).unwrap();
    }

    /// Drags a file from a window of another program, and lets it go in the middle of the element.
    pub fn drop_file(&self, id: &str, file: &Path) {
        let middle = "const r = document.querySelector(`[data-testid=${arguments[0]}]`).getBoundingClientRect();
            return [r.x + r.width / 2, r.y + r.height / 2]";
        let inside: (f64, f64) = serde_json::from_value(self.run(middle, &json!([id]))).unwrap();
        let [left, top, ..] = self.screen.place(&self.number());
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/window/drag.py");
        let (x, y) = (
            left + inside.0.round() as i64,
            top + inside.1.round() as i64,
        );
        let mut drag = self.screen.command("/usr/bin/python3");
        let dragged = drag
            .arg(script)
            .args([x.to_string(), y.to_string()])
            .arg(file)
            .output()
            .unwrap();
        assert!(
            dragged.status.success(),
            "the drop was refused: {dragged:?}"
        );
    }

    fn watch_for_problems(&self) {
        let script = "window.problems ??= [];
            addEventListener('error', (e) => problems.push(String(e.message)));
            addEventListener('unhandledrejection', (e) => problems.push(String(e.reason)));
            addEventListener('securitypolicyviolation', (e) => problems.push(`${e.violatedDirective} ${e.blockedURI}`));";
        self.run(script, &json!([]));
    }

    fn find(&self, id: &str) -> Option<String> {
        self.select(&format!("[data-testid={id}]"))
    }

    fn select(&self, selector: &str) -> Option<String> {
        let by = json!({ "using": "css selector", "value": selector });
        let found = self.request("POST", &format!("/session/{}/element", self.session), &by);
        found[ELEMENT].as_str().map(str::to_owned)
    }

    fn run(&self, script: &str, arguments: &Value) -> Value {
        self.post(
            "/execute/sync",
            &json!({ "script": script, "args": arguments }),
        )
    }

    fn get(&self, path: &str) -> Value {
        self.request(
            "GET",
            &format!("/session/{}{path}", self.session),
            &Value::Null,
        )
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let answer = self.request("POST", &format!("/session/{}{path}", self.session), body);
        assert!(answer.get("error").is_none(), "{path}: {answer}");
        answer
    }

    fn request(&self, method: &str, path: &str, body: &Value) -> Value {
        let url = format!("{}{path}", self.base);
        let answer = match method {
            "POST" => self.http.post(&url).send_json(body),
            "DELETE" => self.http.delete(&url).call(),
            _ => self.http.get(&url).call(),
        };
        let mut answer: Value = answer
            .unwrap_or_else(|error| panic!("{url}: {error}"))
            .body_mut()
            .read_json()
            .unwrap();
        answer["value"].take()
    }
}

impl Drop for Window<'_> {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            // Closes the window: the app ends as when its user closes it.
            let _ = self
                .http
                .delete(format!("{}/session/{}", self.base, self.session))
                .call();
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

pub fn until<T>(what: &str, attempt: impl FnMut() -> Option<T>) -> T {
    until_or(attempt, |_| panic!("never: {what}"), String::new)
}

fn until_or<T>(
    mut attempt: impl FnMut() -> Option<T>,
    give_up: impl Fn(String) -> T,
    why: impl Fn() -> String,
) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(got) = attempt() {
            return got;
        }
        if Instant::now() > end {
            return give_up(why());
        }
        sleep(Duration::from_millis(50));
    }
}

fn from_base64(text: &str) -> Vec<u8> {
    let value = |letter: u8| match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let letters: Vec<u8> = text
        .bytes()
        .filter(|letter| !letter.is_ascii_whitespace() && *letter != b'=')
        .collect();
    let quads = letters.chunks(4).map(|four| {
        let bits = four.iter().enumerate().fold(0_u32, |bits, (n, &l)| {
            bits | u32::from(value(l)) << (18 - 6 * n)
        });
        bits.to_be_bytes()[1..four.len()].to_vec()
    });
    quads.flatten().collect()
}
