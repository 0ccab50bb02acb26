//! The database part itself: a test that stops it for a minute relies on it having stopped.

use crate::parts::{postgres::Postgres, slot::Slot, until};
use std::{
    process::{Command, Stdio},
    time::Duration,
};

#[test]
#[ignore = "needs PostgreSQL: ./ops/test"]
fn a_frozen_database_answers_nothing_and_goes_on_once_thawed() {
    let slot = Slot::claim();
    let mut postgres = Postgres::start(&slot);
    postgres.freeze();
    let mut asked = Command::new("psql")
        .args(["-X", "-q", "-c", "SELECT 1", &postgres.url()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("psql starts");
    std::thread::sleep(Duration::from_millis(500));
    assert!(matches!(asked.try_wait(), Ok(None)), "a frozen database answered");
    postgres.thaw();
    let status = until(Duration::from_secs(10), "answer", || asked.try_wait().expect("psql can be asked"));
    assert!(status.success(), "{status}");
}
