//! The program itself, with its traffic, as ops/demo shows it: held for a while, killed, and started again.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::at_the_desk::lost_lines;
use crate::browser::{Driver, Manner, PATIENCE};
use crate::centre::PASSWORD;

/// `cordboard serve --traffic`, ended with the test.
struct Served {
    directory: tempfile::TempDir,
    port: u16,
    child: Child,
}

fn cordboard(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cordboard"));
    command.current_dir(directory).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Port 0: a free one of its own choice.
fn configure(directory: &Path, port: u16) {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("dialplans/demo");
    let config = format!(
        "web: {{ address: \"127.0.0.1:{port}\" }}\nswitches: {{ here: {{ rehearsal: {{}} }} }}\n\
         centres: {{ demo: {{ directory: {} }} }}\nspeech: {{ program: /bin/true }}\n\
         logging: {{ format: json }}\n",
        demo.display()
    );
    std::fs::write(directory.join("cordboard.yaml"), config).expect("written");
}

/// What it logs goes over the log of the one before.
fn serve(directory: &Path) -> Child {
    let log = std::fs::File::create(directory.join("log")).expect("a file");
    let mut command = cordboard(directory);
    command.args(["serve", "--traffic"]).stdin(Stdio::null()).stderr(log).spawn().expect("started")
}

/// Where it says that it is up.
fn port_said(directory: &Path) -> Option<u16> {
    let log = std::fs::read_to_string(directory.join("log")).ok()?;
    let lines = log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let up = lines.into_iter().find(|line| line["message"] == "Cordboard is up")?;
    up["address"].as_str()?.rsplit_once(':')?.1.parse().ok()
}

impl Served {
    async fn start() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        configure(directory.path(), 0);
        let child = serve(directory.path());
        let mut this = Self { directory, port: 0, child };
        this.port = this.is_up().await;
        // Started again, it is where browsers know it.
        configure(this.directory.path(), this.port);
        this
    }

    /// After its end. Its port is nobody's for a moment, and whoever is given it then is waited for.
    async fn start_again(&mut self) {
        self.child = serve(self.directory.path());
        assert_eq!(self.is_up().await, self.port);
    }

    /// Until it says so; the port that it has bound. One that does not find its port free is started again.
    async fn is_up(&mut self) -> u16 {
        let began = std::time::Instant::now();
        loop {
            if let Some(port) = port_said(self.directory.path()) {
                return port;
            }
            let log = || std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default();
            assert!(began.elapsed() < PATIENCE, "it is not up:\n{}", log());
            if let Some(status) = self.child.try_wait().expect("asked") {
                assert!(log().contains("in use"), "it has ended ({status}):\n{}", log());
                self.child = serve(self.directory.path());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    async fn is_well(&self) {
        let began = std::time::Instant::now();
        let well = async || {
            let answer = crate::centre::plain().get(format!("{}/health", self.base())).send().await;
            answer.is_ok_and(|answer| answer.status() == 200)
        };
        while !well().await {
            assert!(began.elapsed() < PATIENCE, "it is not well");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn add(&self, name: &str) {
        let mut command = cordboard(self.directory.path());
        command.args(["user", "add", name, "--display-name", "Ana Ruiz", "--station", &format!("PJSIP/{name}")]);
        let mut adding = command.args(["--queue", "service", "--password"]).stdin(Stdio::piped()).spawn().expect("run");
        writeln!(adding.stdin.take().expect("a pipe"), "{PASSWORD}").expect("written");
        assert!(adding.wait().expect("ended").success(), "{name} is not added");
    }

    fn signal(&self, signal: i32) {
        // SAFETY: a plain system call, to our own child.
        unsafe { libc::kill(self.child.id().try_into().expect("a process id"), signal) };
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.signal(libc::SIGCONT);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_held_killed_and_started_again_is_live_again_by_itself() {
    let mut served = Served::start().await;
    served.is_well().await;
    served.add("a1001");
    let driver = Driver::start().await;
    let ana = driver.browser(&served.base(), Manner::default()).await;
    ana.log_in("a1001").await;
    ana.live().await;
    ana.press("button[hx-post='/desk/session']").await;
    // Callers come every few seconds, half of them for the other queue.
    let pop = async || ana.counted("#desk-call .caller").await.is_some_and(|n| n > 0);
    ana.until_within(Duration::from_secs(90), "a call", pop).await;

    served.signal(libc::SIGSTOP);
    ana.until("it says that it is not live", async || ana.counted("#stale").await == Some(1)).await;
    served.signal(libc::SIGCONT);
    let live = async || ana.is_live().await && ana.counted("#stale").await == Some(0);
    ana.until_within(Duration::from_secs(8), "live again", live).await;

    served.signal(libc::SIGKILL);
    served.child.wait().expect("ended");
    ana.until("it says that it is not live", async || ana.counted("#stale").await == Some(1)).await;
    served.start_again().await;
    served.is_well().await;
    ana.until_within(Duration::from_secs(8), "live again", live).await;
    assert_eq!(ana.path().await, "/desk", "the session outlives the program");
    lost_lines(&ana).await;
}
