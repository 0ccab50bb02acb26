//! The filler beside a database that is stopped, locked or killed, and killed itself.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use cordboard::controller::filler::{Filler, FillerHealth, FillerState, Filling};
use cordboard::controller::journal::{Journal, Reader};
use cordboard::store::Db;
use sqlx::{Connection, Executor, SqliteConnection};
use tokio::sync::watch;

use crate::postgres::Postgres;
use crate::shift::{at, centre, count_facts, journal, one_call, shift};
use crate::{connected, rows, sqlite};

/// The longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a database is away. A minute by `CORDBOARD_TEST_AWAY=60`.
fn away() -> Duration {
    Duration::from_secs(std::env::var("CORDBOARD_TEST_AWAY").ok().and_then(|text| text.parse().ok()).unwrap_or(3))
}

fn filler(db: &Db, dir: &Path, durable: watch::Receiver<u64>, first_seq: u64) -> Filling {
    let began = Instant::now();
    let clock = Arc::new(move || at(0) + began.elapsed());
    Filler { db: db.clone(), centre: centre(), dir: dir.to_owned(), durable, first_seq, clock }.start()
}

async fn until_filled(filling: &mut Filling, seq: u64) {
    let filled = tokio::time::timeout(PATIENCE, filling.filled.wait_for(|filled| *filled >= seq)).await.is_ok();
    assert!(filled, "not filled: {:?}", *filling.health.borrow());
}

async fn until(filling: &mut Filling, what: impl Fn(&FillerHealth) -> bool) {
    let told = tokio::time::timeout(PATIENCE, filling.health.wait_for(|health| what(health))).await.is_ok();
    assert!(told, "not told: {:?}", *filling.health.borrow());
}

/// What a fill that nothing disturbed makes of the same journal.
async fn undisturbed(dir: &Path, last: u64) -> Vec<(String, Vec<String>)> {
    let file = tempfile::tempdir().expect("a directory");
    let db = sqlite(&file.path().join("x.db")).await;
    let mut filling = filler(&db, dir, watch::channel(last).1, 1);
    until_filled(&mut filling, last).await;
    filling.stop().await;
    rows(&db).await
}

/// Calls go on while the database is away; when it is back every entry is a row.
async fn loses_nothing(db: &Db, begin: impl AsyncFnOnce(), end: impl AsyncFnOnce()) {
    let dir = tempfile::tempdir().expect("a directory");
    let mut opened = journal(dir.path(), 0);
    let mut all = shift(20);
    opened.journal.append(&all);
    let mut filling = filler(db, dir.path(), opened.journal.durable(), opened.next_seq);
    until_filled(&mut filling, opened.journal.last_seq()).await;
    until(&mut filling, |health| health.state == FillerState::Filling && health.behind_entries == 0).await;

    begin().await;
    let began = Instant::now();
    let mut number = 1000;
    let mut slowest = Duration::ZERO;
    while began.elapsed() < away() {
        for handled in one_call(number) {
            let one = Instant::now();
            opened.journal.append(std::slice::from_ref(&handled));
            slowest = slowest.max(one.elapsed());
            all.push(handled);
        }
        number += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    until(&mut filling, |health| health.state == FillerState::Away && health.behind_entries > 100).await;
    let behind = *filling.health.borrow();
    end().await;

    let back = Instant::now();
    let last = opened.journal.last_seq();
    until_filled(&mut filling, last).await;
    until(&mut filling, |health| health.state == FillerState::Filling && health.behind_entries == 0).await;
    println!(
        "away for {:?}: {} entries behind, filled {:?} after it was back; slowest append {slowest:?}",
        away(),
        behind.behind_entries,
        back.elapsed()
    );
    filling.stop().await;
    assert_eq!(db.count_facts(&centre()).await.expect("a count"), count_facts(&all));
    assert_eq!(rows(db).await, undisturbed(dir.path(), last).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_that_hangs_loses_nothing_and_is_caught_up_with() {
    let server = Postgres::start_own();
    let db = connected(&server.database()).await;
    loses_nothing(&db, async || server.stop(), async || server.go_on()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_sqlite_loses_nothing_and_is_caught_up_with() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("cordboard.db");
    let db = sqlite(&file).await;
    let url = format!("sqlite:{}", file.display());
    let mut other = SqliteConnection::connect(&url).await.expect("a connection");
    let lock = async |other: &mut SqliteConnection, sql: &'static str| {
        other.execute(sql).await.expect(sql);
    };
    let other = tokio::sync::Mutex::new(&mut other);
    loses_nothing(
        &db,
        async || lock(*other.lock().await, "BEGIN IMMEDIATE").await,
        async || lock(*other.lock().await, "ROLLBACK").await,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_power_cut_could_take_away_is_not_filled() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut opened = journal(dir.path(), 0);
    let last = opened.journal.append(&shift(5));
    let file = dir.path().join("x.db");
    let db = sqlite(&file).await;
    let (say, durable) = watch::channel(last - 3);
    let mut filling = filler(&db, dir.path(), durable, opened.next_seq);
    until_filled(&mut filling, last - 3).await;
    assert_eq!(db.filled(&centre()).await.expect("a position").seq, last - 3);
    say.send_replace(last);
    until_filled(&mut filling, last).await;
    filling.stop().await;
}

/// The other process of the test below; does nothing in a run of its own.
#[tokio::test(flavor = "multi_thread")]
async fn the_other_filler() {
    let (Ok(url), Ok(dir), Ok(last)) = (
        std::env::var("CORDBOARD_TEST_URL"),
        std::env::var("CORDBOARD_TEST_DIR"),
        std::env::var("CORDBOARD_TEST_LAST"),
    ) else {
        return;
    };
    let last = last.parse().expect("a number");
    let db = Db::connect(&url).expect("an address");
    let mut filling = filler(&db, Path::new(&dir), watch::channel(last).1, 1);
    until_filled(&mut filling, last).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filler_that_is_killed_again_and_again_fills_everything_once() {
    let server = Postgres::start();
    let dir = tempfile::tempdir().expect("a directory");
    let mut opened = journal(dir.path(), 0);
    let all = shift(400);
    let last = opened.journal.append(&all);
    drop(opened);
    let expected = undisturbed(dir.path(), last).await;
    let file = dir.path().join("x.db");
    for url in [format!("sqlite:{}", file.display()), server.database()] {
        let db = connected(&url).await;
        let mut kills = 0_u32;
        loop {
            let mut child = Command::new(std::env::current_exe().expect("this test"))
                .args(["--exact", "filling::the_other_filler"])
                .env("CORDBOARD_TEST_URL", &url)
                .env("CORDBOARD_TEST_DIR", dir.path())
                .env("CORDBOARD_TEST_LAST", last.to_string())
                .stdout(Stdio::null())
                .spawn()
                .expect("started");
            let until = Instant::now() + Duration::from_millis(u64::from(20 + 12 * kills));
            while Instant::now() < until && child.try_wait().expect("asked").is_none() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            if let Some(status) = child.try_wait().expect("asked") {
                assert!(status.success(), "it did not get done, and ended: {status}");
                break;
            }
            child.kill().expect("killed");
            child.wait().expect("gone");
            kills += 1;
            assert!(kills < 300, "it never gets done");
        }
        println!("{kills} kills, {:?}", db.dialect());
        assert!(kills > 2);
        let mut filling = filler(&db, dir.path(), watch::channel(last).1, 1);
        until_filled(&mut filling, last).await;
        filling.stop().await;
        assert_eq!(rows(&db).await, expected);
    }
}

/// `cargo test --release --test store -- --ignored --nocapture filling::measurements::`
mod measurements {
    use super::*;

    /// What this process has used so far, of all cores.
    fn cpu_seconds() -> f64 {
        let stat = std::fs::read_to_string("/proc/self/stat").expect("is there");
        let after_name = stat.rsplit(')').next().expect("a name");
        // proc(5): utime and stime are fields 14 and 15, the name is 2; in hundredths of a second.
        let ticks: u32 =
            after_name.split_whitespace().skip(11).take(2).map(|n| n.parse::<u32>().expect("a number")).sum();
        f64::from(ticks) / 100.0
    }

    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "a measurement"]
    async fn how_fast_it_is_filled() {
        let server = Postgres::start();
        let dir = tempfile::tempdir_in(".").expect("a directory");
        let mut opened = journal(dir.path(), 0);
        let all = shift(5_000);
        let last = all.chunks(100).map(|piece| opened.journal.append(piece)).last().expect("some");
        let journal: Journal = opened.journal;
        let began = Instant::now();
        let mut reader: Reader = journal.reader(0);
        let mut entries = 0;
        while reader.next_entry().expect("reads").is_some() {
            entries += 1;
        }
        println!("read {entries} entries in {:?}", began.elapsed());
        for url in [format!("sqlite:{}", dir.path().join("x.db").display()), server.database()] {
            let db = connected(&url).await;
            let (began, before) = (Instant::now(), cpu_seconds());
            let mut filling = filler(&db, dir.path(), journal.durable(), 1);
            until_filled(&mut filling, last).await;
            let burnt = cpu_seconds() - before;
            let took = began.elapsed().as_secs_f64();
            let facts = db.count_facts(&centre()).await.expect("a count");
            println!(
                "{:?}: {entries} entries, {facts} facts in {took:.2} s: {:.0} entries/s, {:.0} facts/s, {:.1} µs of our CPU a fact",
                db.dialect(),
                f64::from(entries) / took,
                facts as f64 / took,
                burnt * 1e6 / facts as f64
            );
            filling.stop().await;
        }
    }
}
