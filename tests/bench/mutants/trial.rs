//! One mistake awake, and whether anybody notices.

use std::error::Error;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::build::Build;
use crate::places::Place;

/// By what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caught {
    Spec,
    Law,
    /// The tests did not end.
    Time,
}

/// A program and the tests of it that are run, with the time that they take where nothing is wrong.
struct Suite {
    program: std::path::PathBuf,
    arguments: &'static [&'static str],
    law: bool,
    takes: Duration,
}

pub struct Trial {
    build: Build,
    suites: Vec<Suite>,
}

/// In bytes, of one program of tests: twenty times what they take.
const MOST_MEMORY: u64 = 4 << 30;

enum End {
    Well,
    Failed,
    TooLong,
}

impl Trial {
    /// # Errors
    ///
    /// Tests that fail with no mistake awake.
    pub fn of(build: Build) -> Result<Self, Box<dyn Error>> {
        let suite =
            |program: &Path, arguments, law| Suite { program: program.into(), arguments, law, takes: Duration::ZERO };
        let mut suites = vec![
            suite(&build.routing, &[], false),
            suite(&build.own, &["routing::"], false),
            // The quickest way to most of what the laws find first.
            suite(&build.laws, &["the_laws_hold_in_shifts_of_fixed_seeds"], true),
            suite(&build.laws, &["the_laws_hold_in", "--skip", "fresh", "--skip", "in_shifts_of_fixed"], true),
        ];
        for suite in &mut suites {
            let began = Instant::now();
            match run(suite, &build.tree, 0, Duration::from_secs(600)) {
                End::Well => suite.takes = began.elapsed(),
                End::Failed | End::TooLong => {
                    return Err(format!("{} fails with nothing wrong", suite.program.display()).into());
                }
            }
        }
        let all: Vec<String> = suites.iter().map(|suite| format!("{:.1?}", suite.takes)).collect();
        println!("the tests take {} with nothing wrong", all.join(", "));
        Ok(Self { build, suites })
    }

    /// What became of those that there was time for, in their order.
    pub fn try_all<'a>(
        &self,
        places: &[&'a Place],
        jobs: usize,
        end: Option<Instant>,
    ) -> Vec<(&'a Place, Option<Caught>)> {
        let (next, results) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        std::thread::scope(|scope| {
            for _ in 0..jobs {
                scope.spawn(|| {
                    loop {
                        let n = next.fetch_add(1, Ordering::Relaxed);
                        let Some(place) = places.get(n) else { return };
                        if end.is_some_and(|end| Instant::now() > end) {
                            return;
                        }
                        let caught = self.try_one(place);
                        let mut results = results.lock().expect("no thread fails with it");
                        results.push((n, (*place, caught)));
                        if results.len() % 50 == 0 {
                            let so_far = results.iter().filter(|(_, (_, caught))| caught.is_some()).count();
                            eprintln!("{so_far} of {} caught, {} to go", results.len(), places.len() - results.len());
                        }
                    }
                });
            }
        });
        let mut results = results.into_inner().expect("no thread failed with it");
        results.sort_by_key(|(n, _)| *n);
        results.into_iter().map(|(_, result)| result).collect()
    }

    fn try_one(&self, place: &Place) -> Option<Caught> {
        for suite in &self.suites {
            match run(suite, &self.build.tree, place.number, suite.takes * 6 + Duration::from_secs(10)) {
                End::Well => {}
                End::Failed => return Some(if suite.law { Caught::Law } else { Caught::Spec }),
                End::TooLong => return Some(Caught::Time),
            }
        }
        None
    }
}

fn run(suite: &Suite, tree: &Path, number: usize, at_most: Duration) -> End {
    let mut command = Command::new(&suite.program);
    // SAFETY: setrlimit is a plain system call. What a mistake fills the memory with ends as any failure.
    unsafe {
        command.pre_exec(|| {
            let most = libc::rlimit { rlim_cur: MOST_MEMORY, rlim_max: MOST_MEMORY };
            libc::setrlimit(libc::RLIMIT_AS, &raw const most);
            Ok(())
        });
    }
    let mut child = command
        .args(suite.arguments)
        .args(["--test-threads", "1"])
        .env("MUTANT", number.to_string())
        // A test that fails says a lot, and nobody reads it here.
        .env("RUST_BACKTRACE", "0")
        .env("INSTA_UPDATE", "no")
        .current_dir(tree)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a program that was just built can be started");
    let end = Instant::now() + at_most;
    loop {
        match child.try_wait().expect("our own child") {
            Some(status) if status.success() => return End::Well,
            Some(_) => return End::Failed,
            None if Instant::now() > end => {
                let _ = child.kill();
                let _ = child.wait();
                return End::TooLong;
            }
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}
