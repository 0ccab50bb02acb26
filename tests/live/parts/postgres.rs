//! The PostgreSQL that `./ops/test` started for all tests: a fresh database each, and the server's own process.

use super::signal;
use std::process::Command;

/// Where the server is, as a URL without a database: `postgres://postgres@127.0.0.1:PORT`.
const URL: &str = "CORDBOARD_TEST_POSTGRES";
/// Its process, to be stopped and continued.
const PID: &str = "CORDBOARD_TEST_POSTGRES_PID";

fn setting(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: ./ops/test starts a PostgreSQL and sets it"))
}

/// A database of the test's own, dropped with it.
pub struct Postgres {
    server: String,
    name: String,
}

impl Postgres {
    pub fn create() -> Postgres {
        let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let name = format!("test_{}_{}", std::process::id(), since_1970.as_nanos());
        let postgres = Postgres { server: setting(URL), name };
        postgres.tell(&format!("CREATE DATABASE {}", postgres.name));
        postgres
    }

    pub fn url(&self) -> String {
        format!("{}/{}", self.server, self.name)
    }

    /// Runs one statement as the server's administrator.
    fn tell(&self, statement: &str) {
        let output = Command::new("psql")
            .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", statement, &format!("{}/postgres", self.server)])
            .output()
            .unwrap_or_else(|e| panic!("psql: {e}"));
        assert!(output.status.success(), "{statement}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Stops every process of the server, as a machine that hangs would: connections stay open, nothing answers.
    /// No other test may use the server meanwhile.
    pub fn freeze(&self) {
        Self::all_processes(libc::SIGSTOP);
    }

    pub fn thaw(&self) {
        Self::all_processes(libc::SIGCONT);
    }

    fn all_processes(what: i32) {
        let server: u32 = setting(PID).parse().unwrap_or_else(|e| panic!("{PID}: {e}"));
        // The server first, so that it starts no process that we would miss.
        signal(server, what);
        let children = std::fs::read_to_string(format!("/proc/{server}/task/{server}/children")).unwrap_or_default();
        for child in children.split_whitespace().filter_map(|pid| pid.parse().ok()) {
            signal(child, what);
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // A test that failed between freeze and thaw must not take the others down.
        self.thaw();
        if !std::thread::panicking() {
            self.tell(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
        }
    }
}
