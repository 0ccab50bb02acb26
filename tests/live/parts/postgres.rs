//! A PostgreSQL of the test's own, so that it can be frozen and killed without another test noticing. Tests that only
//! need a database use the one of `CORDBOARD_TEST_POSTGRES`.

use super::{end, signal, slot::Slot, until};
use std::{
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// From the start of the server to its first answer.
const LONGEST_START: Duration = Duration::from_secs(30);

pub struct Postgres {
    server: Child,
    dir: tempfile::TempDir,
    port: u16,
    /// Who was stopped, the server not among them.
    frozen: Vec<u32>,
}

impl Postgres {
    pub fn start(slot: &Slot) -> Postgres {
        let dir = tempfile::tempdir().expect("a directory for PostgreSQL can be made");
        let data = dir.path().join("data");
        let port = slot.next_ports();
        if let Some((user, group)) = owner() {
            std::os::unix::fs::chown(dir.path(), Some(user), Some(group)).expect("root can give a directory away");
        }
        let made = command("initdb")
            .arg("-D")
            .arg(&data)
            .args(["-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"])
            .current_dir(dir.path())
            .output()
            .unwrap_or_else(|e| panic!("initdb (Debian's postgresql): {e}"));
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let log = std::fs::File::create(dir.path().join("log")).expect("a log can be made");
        let server = command("postgres")
            .arg("-D")
            .arg(&data)
            .args(["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-p", &port.to_string()])
            .current_dir(dir.path())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|e| panic!("postgres: {e}"));
        let mut postgres = Postgres { server, dir, port, frozen: Vec::new() };
        until(LONGEST_START, "PostgreSQL", || {
            if let Ok(Some(status)) = postgres.server.try_wait() {
                panic!("PostgreSQL ended with {status}\n{}", postgres.log());
            }
            command("pg_isready")
                .args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()])
                .status()
                .ok()?
                .success()
                .then_some(())
        });
        postgres
    }

    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Stops every process of the server, as on a machine that hangs: connections stay open, new ones are accepted by
    /// the kernel, nothing answers.
    pub fn freeze(&mut self) {
        let server = self.server.id();
        // The server first, so that it starts no process that we would miss: its list is whole once it stands still.
        signal(server, libc::SIGSTOP);
        until(Duration::from_secs(5), "PostgreSQL at a stop", || stands(server).then_some(()));
        let children = std::fs::read_to_string(format!("/proc/{server}/task/{server}/children")).expect("a list");
        self.frozen = children.split_whitespace().filter_map(|pid| pid.parse().ok()).collect();
        for child in &self.frozen {
            signal(*child, libc::SIGSTOP);
        }
    }

    /// The server last: while it stands still its processes keep their ids, and the list is not read once more, which
    /// leaves some out while the server starts others. One left behind would hold its locks for ever.
    pub fn thaw(&mut self) {
        for child in self.frozen.drain(..) {
            signal(child, libc::SIGCONT);
        }
        signal(self.server.id(), libc::SIGCONT);
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("PostgreSQL: {}", self.log());
        }
        self.thaw();
        // Immediate shutdown: the server ends its processes and itself. At most five seconds, then by force.
        signal(self.server.id(), libc::SIGQUIT);
        for _ in 0..250 {
            if !matches!(self.server.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        end(&mut self.server);
    }
}

fn stands(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|state| state.starts_with('T'))
}

/// The newest of Debian's PostgreSQL programs, run as its own user if we are root: it refuses to be root.
fn command(program: &str) -> Command {
    let mut command = Command::new(newest(program));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Some((user, group)) = owner() {
        command.uid(user).gid(group);
    }
    command
}

fn newest(program: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .map(|v| v.path())
        .max_by_key(|path| path.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse::<u32>().ok()));
    newest.map_or_else(|| PathBuf::from(program), |dir| dir.join("bin").join(program))
}

/// The user and group `postgres`, if we are root.
fn owner() -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt;
    if Path::new("/proc/self").metadata().ok()?.uid() != 0 {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    let fields: Vec<&str> = users.lines().find(|line| line.starts_with("postgres:"))?.split(':').collect();
    Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
}
