//! The real `cordboard` process: started, killed without warning, started again on the same files.

use super::{end, until};
use std::{
    fs::File,
    io::{Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// From the start of the process to the first good answer of /health.
const LONGEST_START: Duration = Duration::from_secs(20);

pub struct Cordboard {
    child: Child,
    config: PathBuf,
    web: String,
}

impl Cordboard {
    /// Runs `cordboard serve` with the configuration at `config`, whose pages are at `web` (`127.0.0.1:PORT`), and waits
    /// until it says that it is well. Its log goes to `cordboard.log` beside the configuration.
    pub fn serve(config: &Path, web: &str) -> Cordboard {
        let mut cordboard = Cordboard { child: spawn(config), config: config.to_owned(), web: web.to_owned() };
        cordboard.wait_until_healthy();
        cordboard
    }

    fn wait_until_healthy(&mut self) {
        until(LONGEST_START, "good answer of /health", || {
            if let Ok(Some(status)) = self.child.try_wait() {
                panic!("cordboard ended with {status}\n{}", self.log());
            }
            get(&self.web, "/health").filter(|answer| answer.starts_with("HTTP/1.1 200"))
        });
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.web)
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`: no handler runs, nothing is flushed.
    pub fn kill(&mut self) {
        end(&mut self.child);
    }

    /// After `kill`, starts again on the same configuration and waits until it is well.
    pub fn start_again(&mut self) {
        self.child = spawn(&self.config);
        self.wait_until_healthy();
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(log_path(&self.config)).unwrap_or_default()
    }
}

impl Drop for Cordboard {
    fn drop(&mut self) {
        end(&mut self.child);
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            eprintln!("the end of cordboard's log:\n{}", lines[lines.len().saturating_sub(600)..].join("\n"));
        }
    }
}

fn log_path(config: &Path) -> PathBuf {
    config.with_file_name("cordboard.log")
}

fn spawn(config: &Path) -> Child {
    let path = log_path(config);
    let log = File::options().create(true).append(true).open(&path).unwrap_or_else(|e| panic!("{path:?}: {e}"));
    let also = log.try_clone().expect("a file can be cloned");
    Command::new(env!("CARGO_BIN_EXE_cordboard"))
        .arg("serve")
        .arg("--config")
        .arg(config)
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(also)
        .spawn()
        .unwrap_or_else(|e| panic!("cordboard: {e}"))
}

/// One request over a connection of its own; nothing if nobody answers within a second.
fn get(web: &str, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(web).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(1))).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {web}\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.take(64 * 1024).read_to_string(&mut answer).ok()?;
    Some(answer)
}
