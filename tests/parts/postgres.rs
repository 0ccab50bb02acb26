//! A PostgreSQL for the tests: the one that `CORDBOARD_TEST_POSTGRES` names (an account that may create databases), or
//! a cluster of our own in a directory that goes away, heard on a socket in there and nowhere else.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use sqlx::{Connection, Executor, PgConnection};

const MISSING: &str = "These tests need PostgreSQL: install it (Debian: apt-get install postgresql), or give the \
     address of one in CORDBOARD_TEST_POSTGRES (postgres://user:password@host/name; the user may create databases).";

/// A server. Stops when dropped.
pub struct Postgres {
    url: String,
    own: Option<Own>,
}

struct Own {
    dir: tempfile::TempDir,
    server: Child,
}

impl Postgres {
    /// The one that is given, or one of our own. To be called on the test's own thread: the server ends with the
    /// thread that started it, so that it never outlives a test.
    pub fn start() -> Self {
        match std::env::var("CORDBOARD_TEST_POSTGRES") {
            Ok(url) => Self { url, own: None },
            Err(_) => Self::start_own(),
        }
    }

    /// One of our own, that may be stopped and killed.
    pub fn start_own() -> Self {
        let programs = programs();
        let dir = tempfile::tempdir().expect("a directory");
        let account = account();
        if let Some((uid, gid)) = account {
            std::os::unix::fs::chown(dir.path(), Some(uid), Some(gid)).expect("the directory is given to postgres");
        }
        let command = |program: &str| {
            let mut command = Command::new(programs.join(program));
            command.current_dir(dir.path()).stdin(Stdio::null());
            if let Some((uid, gid)) = account {
                command.uid(uid).gid(gid);
            }
            command
        };
        let data = dir.path().join("data");
        let made = command("initdb")
            .args(["--auth=trust", "--username=postgres", "--no-sync", "--encoding=UTF8", "--locale=C", "-D"])
            .arg(&data)
            .output()
            .expect("initdb starts");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));

        let log = std::fs::File::create(dir.path().join("log")).expect("a log");
        let mut server = command("postgres");
        server.arg("-D").arg(&data).arg("-k").arg(dir.path()).args(["-c", "listen_addresses=", "-c", "fsync=off"]);
        server.stdout(Stdio::null()).stderr(log);
        // SAFETY: prctl is a plain system call; the server ends with this thread, however that ends.
        unsafe {
            server.pre_exec(|| {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGQUIT);
                Ok(())
            });
        }
        let server = server.spawn().expect("postgres starts");
        let url = format!("postgres://postgres@localhost/postgres?host={}", dir.path().display());
        let this = Self { url, own: Some(Own { dir, server }) };
        this.wait_until_it_answers();
        this
    }

    fn wait_until_it_answers(&self) {
        let began = Instant::now();
        while let Err(error) = self.run("SELECT 1") {
            let log = self.own.as_ref().and_then(|own| std::fs::read_to_string(own.dir.path().join("log")).ok());
            assert!(began.elapsed() < Duration::from_secs(30), "PostgreSQL: {error}\n{}", log.unwrap_or_default());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn run(&self, sql: &str) -> Result<(), sqlx::Error> {
        std::thread::scope(|scope| {
            let run = || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
                runtime.block_on(async {
                    let mut connection = PgConnection::connect(&self.url).await?;
                    connection.execute(sqlx::AssertSqlSafe(sql.to_owned())).await?;
                    connection.close().await
                })
            };
            scope.spawn(run).join().expect("the thread ends")
        })
    }

    /// The address of a new, empty database.
    pub fn database(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("cordboard_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        self.run(&format!("CREATE DATABASE {name}")).expect("a database");
        let (before, after) = self.url.split_once('?').map_or((self.url.as_str(), None), |(b, a)| (b, Some(a)));
        let server = before.rsplit_once('/').expect("an address with a database").0;
        after.map_or_else(|| format!("{server}/{name}"), |after| format!("{server}/{name}?{after}"))
    }

    /// Send every process of our own server a signal.
    fn signal(&self, signal: i32) {
        let Some(own) = &self.own else { panic!("only a server of our own may be stopped") };
        let postmaster = own.server.id();
        let mut all = vec![postmaster];
        for process in std::fs::read_dir("/proc").expect("/proc").flatten() {
            let stat = std::fs::read_to_string(process.path().join("stat")).unwrap_or_default();
            let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse().ok());
            if parent == Some(postmaster) {
                all.extend(process.file_name().to_str().and_then(|pid| pid.parse::<u32>().ok()));
            }
        }
        for pid in all {
            // SAFETY: a plain system call, to our own child and its children.
            unsafe { libc::kill(libc::pid_t::try_from(pid).expect("a process id"), signal) };
        }
    }

    /// Hangs from now on, like a machine whose disk does: nothing is refused, nothing is answered.
    pub fn stop(&self) {
        self.signal(libc::SIGSTOP);
    }

    pub fn go_on(&self) {
        self.signal(libc::SIGCONT);
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if self.own.is_some() {
            self.go_on();
        }
        let Some(own) = &mut self.own else { return };
        // SAFETY: a plain system call, to our own child: an immediate shutdown.
        unsafe { libc::kill(libc::pid_t::try_from(own.server.id()).expect("a process id"), libc::SIGQUIT) };
        let began = Instant::now();
        while matches!(own.server.try_wait(), Ok(None)) {
            if began.elapsed() > Duration::from_secs(5) {
                let _ = own.server.kill();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Where Debian puts the newest, or wherever the PATH leads.
fn programs() -> PathBuf {
    let has = |dir: &Path| dir.join("initdb").exists() && dir.join("postgres").exists();
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, dir)| has(dir))
        .collect();
    versions.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = versions.pop().map(|(_, dir)| dir).or_else(|| std::env::split_paths(&path).find(|dir| has(dir)));
    found.unwrap_or_else(|| panic!("{MISSING}"))
}

/// PostgreSQL refuses to run as root: the account that its package made.
fn account() -> Option<(u32, u32)> {
    // SAFETY: a plain system call.
    if unsafe { libc::geteuid() } != 0 {
        return None;
    }
    let passwd = std::fs::read_to_string("/etc/passwd").expect("/etc/passwd");
    let line = passwd.lines().find(|line| line.starts_with("postgres:")).unwrap_or_else(|| panic!("{MISSING}"));
    let mut fields = line.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}
