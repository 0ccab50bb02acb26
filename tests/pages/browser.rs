//! One Chromium, driven by Debian's chromedriver, as somebody has it: their language, their look, their width. Both end
//! with the test, whatever becomes of it.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand, WindowHandle};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use reqwest::{Method, Url};
use serde_json::{Value, json};

use crate::centre::PASSWORD;

/// How long somebody waits for what should come: a busy machine is slow.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// How long a browser may take to start, before the test says that this is what it hangs at: longer than one has taken
/// beside a release build.
const START: Duration = Duration::from_secs(90);

const MISSING: &str = "These tests need a browser: install it (Debian: apt-get install chromium chromium-driver).";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    English,
    Chinese,
}

/// How somebody looks at the pages.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    pub language: Language,
    pub dark: bool,
    pub width: u32,
}

impl Default for Manner {
    fn default() -> Self {
        Self { language: Language::English, dark: false, width: 1280 }
    }
}

/// The chromedriver of one test, and all browsers it started.
pub struct Driver {
    child: Child,
    address: String,
    profiles: tempfile::TempDir,
}

impl Driver {
    /// To be called on the test's own thread: it ends with that.
    pub async fn start() -> Self {
        let mut command = Command::new("chromedriver");
        command.arg("--port=0").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        // SAFETY: prctl is a plain system call; the driver ends with this thread, however that ends.
        unsafe {
            command.pre_exec(|| {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                Ok(())
            });
        }
        let mut child = command.spawn().unwrap_or_else(|error| panic!("chromedriver: {error}. {MISSING}"));
        let said = child.stdout.take().expect("a pipe");
        let profiles = tempfile::tempdir().expect("a directory");
        let mut this = Self { child, address: String::new(), profiles };
        let port = tokio::time::timeout(PATIENCE, tokio::task::spawn_blocking(|| port_said(said)));
        let port = port.await.expect("chromedriver says its port in time").expect("it is read");
        this.address = format!("http://127.0.0.1:{}", port.expect("chromedriver says its port"));
        this
    }

    pub async fn browser(&self, base: &str, manner: Manner) -> Browser {
        let tongue = match manner.language {
            Language::English => "en-GB",
            Language::Chinese => "zh-CN",
        };
        let profile = tempfile::tempdir_in(self.profiles.path()).expect("a directory").keep();
        let mut arguments = vec![
            "--headless=new".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            // Nothing of it leaves this machine.
            "--disable-background-networking".to_owned(),
            "--no-first-run".to_owned(),
            format!("--lang={tongue}"),
            format!("--user-data-dir={}", profile.display()),
            "--window-size=1280,860".to_owned(),
        ];
        // SAFETY: a plain system call. Chromium's own cage does not work for root.
        if unsafe { libc::geteuid() } == 0 {
            arguments.push("--no-sandbox".to_owned());
        }
        let wanted = json!({
            "goog:chromeOptions": { "args": arguments, "prefs": { "intl.accept_languages": tongue } },
            "goog:loggingPrefs": { "browser": "ALL" },
            "timeouts": { "script": 60_000, "pageLoad": 60_000 },
        });
        let Value::Object(wanted) = wanted else { unreachable!("an object") };
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(Capabilities::from_iter(wanted));
        let client = tokio::time::timeout(START, builder.connect(&self.address)).await;
        let client = client.unwrap_or_else(|_| panic!("the browser did not start within {START:?}"));
        let client = client.unwrap_or_else(|error| panic!("{error}. {MISSING}"));
        let browser = Browser { client, base: base.to_owned() };
        browser.looks(manner).await;
        browser
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Those it started are found before it goes: after that nobody knows whose they were.
        for pid in descendants(self.child.id()) {
            // SAFETY: a plain system call, to a process that our own child started.
            unsafe { libc::kill(pid, libc::SIGKILL) };
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The free port that chromedriver has taken for itself: one that was looked for beforehand could be somebody else's by
/// now. What it says later is read as well, so that it never waits for that.
fn port_said(said: ChildStdout) -> Option<u16> {
    let mut lines = BufReader::new(said).lines().map_while(Result::ok);
    // It begins with the port that it was asked for, 0.
    let port =
        lines.find_map(|line| line.rsplit_once("started successfully on port ")?.1.trim_end_matches('.').parse().ok());
    std::thread::spawn(move || lines.for_each(drop));
    port
}

fn descendants(of: u32) -> Vec<libc::pid_t> {
    let parents: Vec<(u32, u32)> = std::fs::read_dir("/proc")
        .expect("/proc")
        .flatten()
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            Some((pid, stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?))
        })
        .collect();
    let mut found = vec![of];
    let mut at = 0;
    while let Some(parent) = found.get(at).copied() {
        found.extend(parents.iter().filter(|(_, its)| *its == parent).map(|(pid, _)| *pid));
        at += 1;
    }
    found.into_iter().skip(1).filter_map(|pid| pid.try_into().ok()).collect()
}

/// One of the browser's own commands, which WebDriver does not have.
#[derive(Debug)]
struct Own(&'static str, Value);

impl WebDriverCompatibleCommand for Own {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, <Url as std::str::FromStr>::Err> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.0))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.1.to_string()))
    }
}

/// One browser of one person. Commands go to the tab that was looked at last.
#[derive(Clone)]
pub struct Browser {
    pub client: Client,
    base: String,
}

impl Browser {
    pub async fn cdp(&self, command: &str, parameters: Value) -> Value {
        let own = Own("goog/cdp/execute", json!({ "cmd": command, "params": parameters }));
        self.client.issue_cmd(own).await.unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// What the tab's console has said since this was last asked.
    pub async fn console(&self) -> Vec<String> {
        let said = self.client.issue_cmd(Own("se/log", json!({ "type": "browser" }))).await.expect("the console");
        let lines = said.as_array().into_iter().flatten();
        lines.map(|line| format!("{} {}", line["level"].as_str().unwrap_or(""), line["message"])).collect()
    }

    /// From now on, in this tab.
    pub async fn looks(&self, Manner { dark, width, language: _ }: Manner) {
        let look = if dark { "dark" } else { "light" };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": look }] });
        self.cdp("Emulation.setEmulatedMedia", features).await;
        let screen = json!({ "width": width, "height": 860, "deviceScaleFactor": 1, "mobile": false });
        self.cdp("Emulation.setDeviceMetricsOverride", screen).await;
    }

    pub async fn goto(&self, path: &str) {
        // To go on while a page still comes is what people do and the driver cannot: now and then it waits for an answer of
        // the page that is gone, until its time is over.
        let loaded = async || {
            let state = self.client.execute("return document.readyState", vec![]).await;
            state.is_ok_and(|state| state == "complete")
        };
        self.until("the page before it is there", loaded).await;
        self.client.goto(&format!("{}{path}", self.base)).await.unwrap_or_else(|error| panic!("{path}: {error}"));
    }

    /// The path it is at.
    pub async fn path(&self) -> String {
        self.client.current_url().await.expect("an address").path().to_owned()
    }

    /// Begins at the page of this person's role.
    pub async fn log_in(&self, name: &str) {
        self.goto("/login").await;
        self.fill("input[name=name]", name).await;
        self.fill("input[name=password]", PASSWORD).await;
        self.press("form[action='/login'] button").await;
        self.until("logged in", async || self.path().await != "/login").await;
    }

    pub async fn script(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client.execute(script, arguments).await.unwrap_or_else(|error| panic!("{error}\n{script}"))
    }

    /// Tries until it is so.
    pub async fn until(&self, what: &str, is: impl AsyncFn() -> bool) {
        self.until_within(PATIENCE, what, is).await;
    }

    /// Also says how long it took.
    pub async fn until_within(&self, limit: Duration, what: &str, is: impl AsyncFn() -> bool) -> Duration {
        let began = Instant::now();
        while !is().await {
            if began.elapsed() > limit {
                let page = self.client.execute("return document.body.innerText", vec![]).await.unwrap_or_default();
                panic!("waited in vain: {what}. The page says:\n{}", page.as_str().unwrap_or_default());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        began.elapsed()
    }

    /// How many there are that can be seen. `None` where the page cannot say: one that is just being left has no
    /// document, and that is not the same as having none of them.
    pub async fn counted(&self, css: &str) -> Option<u64> {
        let all = "return [...document.querySelectorAll(arguments[0])].filter((e) => e.checkVisibility()).length";
        self.client.execute(all, vec![css.into()]).await.ok()?.as_u64()
    }

    /// The same of a page that stays.
    pub async fn count(&self, css: &str) -> u64 {
        self.counted(css).await.unwrap_or_else(|| panic!("the page does not say how many {css} there are"))
    }

    /// How many there are in the document, seen or not: a script never is seen.
    pub async fn elements(&self, css: &str) -> u64 {
        let all = self.script("return document.querySelectorAll(arguments[0]).length", vec![css.into()]).await;
        all.as_u64().expect("a number")
    }

    pub async fn sees(&self, css: &str) {
        self.until(&format!("{css} is seen"), async || self.counted(css).await.is_some_and(|n| n > 0)).await;
    }

    pub async fn sees_no_more(&self, css: &str) {
        self.until(&format!("{css} is gone"), async || self.counted(css).await == Some(0)).await;
    }

    /// The text of the first, once there is one.
    pub async fn text(&self, css: &str) -> String {
        self.sees(css).await;
        let script = "return document.querySelector(arguments[0])?.innerText ?? ''";
        self.script(script, vec![css.into()]).await.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the first says this, among other things.
    pub async fn reads(&self, css: &str, text: &str) {
        let what = format!("{css} reads {text:?}");
        let script = "return document.querySelector(arguments[0])?.innerText ?? ''";
        let is = async || {
            let said = self.client.execute(script, vec![css.into()]).await.unwrap_or_default();
            said.as_str().is_some_and(|said| said.contains(text))
        };
        self.until(&what, is).await;
    }

    pub async fn press(&self, css: &str) {
        self.sees(css).await;
        let found = self.client.find(Locator::Css(css)).await.unwrap_or_else(|error| panic!("{css}: {error}"));
        found.click().await.unwrap_or_else(|error| panic!("{css}: {error}"));
    }

    /// Types into a field, behind what is there.
    pub async fn fill(&self, css: &str, text: &str) {
        self.sees(css).await;
        let found = self.client.find(Locator::Css(css)).await.unwrap_or_else(|error| panic!("{css}: {error}"));
        found.send_keys(text).await.unwrap_or_else(|error| panic!("{css}: {error}"));
    }

    /// What a field holds.
    pub async fn value(&self, css: &str) -> String {
        let script = "return document.querySelector(arguments[0])?.value ?? ''";
        self.script(script, vec![css.into()]).await.as_str().unwrap_or_default().to_owned()
    }

    /// Keys for the page, or for the field that has the focus.
    pub async fn types(&self, keys: &str) {
        let active = self.client.active_element().await.expect("an element with the focus");
        active.send_keys(keys).await.expect("typed");
    }

    pub async fn tab(&self) -> WindowHandle {
        self.client.window().await.expect("a tab")
    }

    /// Another tab of the same browser, which is looked at from now on.
    pub async fn new_tab(&self, path: &str) -> WindowHandle {
        let tab = self.client.new_window(true).await.expect("a tab").handle;
        self.client.switch_to_window(tab.clone()).await.expect("there");
        self.goto(path).await;
        tab
    }

    pub async fn turns_to(&self, tab: &WindowHandle) {
        self.client.switch_to_window(tab.clone()).await.expect("there");
    }

    /// Whether the page says that it is live.
    pub async fn is_live(&self) -> bool {
        self.client
            .execute("return document.documentElement.dataset.live", vec![])
            .await
            .is_ok_and(|said| said == "yes")
    }

    pub async fn live(&self) {
        self.until("the page is live", async || self.is_live().await).await;
    }
}
