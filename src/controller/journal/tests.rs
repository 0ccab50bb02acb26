//! The journal torn, flipped, filled to the brim and killed: nothing that was appended is lost.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Instant, SystemTime};

use super::*;
use crate::routing::fact::{EndedBy, Outcome};
use crate::routing::ids::*;

/// Some day in 2026, in seconds.
const START: i64 = 1_790_000_000;

fn small() -> Limits {
    Limits { file_bytes: 4096, held_bytes: 64 << 10, ballast_bytes: 0 }
}

fn later(seconds: i64) -> Moment {
    Moment::from_ms((START + seconds) * 1000)
}

fn open_at(dir: &Path, seconds: i64, limits: Limits) -> Opened {
    Journal::open(dir, later(seconds), limits).expect("the journal opens")
}

fn call(number: u32) -> CallId {
    CallId { epoch: Epoch(7), number }
}

fn arrived(number: u32) -> Handled {
    let leg = LegId::new(format!("leg-{number}"));
    let (from, to) = (PhoneNumber::new("+4930\"901820\\"), PhoneNumber::new("100"));
    let (name, switch) = (CallerName::new("Ünal, \"K\" 電"), SwitchName::new("hall"));
    Handled {
        at: later(i64::from(number)),
        input: Input::CallerArrived {
            switch: switch.clone(),
            leg: leg.clone(),
            from: from.clone(),
            name: name.clone(),
            to: to.clone(),
            station: None,
        },
        facts: vec![Fact::CallArrived {
            call: call(number),
            switch,
            leg,
            from,
            name,
            to,
            version: VersionHash::new("ab12"),
            found: false,
            promise: None,
        }],
        effects_crc: number,
    }
}

fn ended(number: u32) -> Handled {
    Handled {
        at: later(i64::from(number)),
        input: Input::LegHungUp { leg: LegId::new(format!("leg-{number}")) },
        facts: vec![Fact::CallEnded { call: call(number), outcome: Outcome::LeftInDialplan, by: EndedBy::Caller }],
        effects_crc: 0,
    }
}

fn read_all(dir: &Path) -> (Vec<Entry>, Damage) {
    let mut reader = Reader::new(dir, 0);
    let mut all = Vec::new();
    while let Some(entry) = reader.next_entry().expect("the journal reads") {
        all.push(entry);
    }
    (all, reader.damage())
}

fn last_file(dir: &Path) -> PathBuf {
    let all = files::entry_files(dir).expect("the directory reads");
    files::entries_path(dir, *all.last().expect("there is a file"))
}

fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < Duration::from_secs(20), "{what} did not come about");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn an_entry_is_read_as_it_was_appended_and_jq_could_read_it_too() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut opened = open_at(dir.path(), 0, small());
    let last = opened.journal.append(&[arrived(1), ended(1)]);
    assert_eq!(last, opened.next_seq + 1);
    let (all, damage) = read_all(dir.path());
    assert_eq!(damage, Damage::default());
    let seqs: Vec<u64> = all.iter().map(|entry| entry.seq).collect();
    assert_eq!(seqs, [opened.next_seq, last]);
    let first = &all[0];
    assert_eq!((first.at, &first.input, &first.facts), (arrived(1).at, &arrived(1).input, &arrived(1).facts));
    assert_eq!((first.core.as_ref(), first.effects_crc), (CORE_VERSION, 1));
    for line in fs::read_to_string(last_file(dir.path())).expect("text").lines() {
        serde_json::from_str::<serde_json::Value>(line).expect("a JSON line");
    }
}

#[test]
fn a_start_knows_what_the_last_one_knew() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut first = open_at(dir.path(), 0, small());
    first.journal.append(&[arrived(1), arrived(2), ended(1)]);
    let known = first.journal.known.clone();
    drop(first);
    let second = open_at(dir.path(), 10, small());
    assert_eq!(second.known, known);
    assert_eq!(second.known.calls.keys().copied().collect::<Vec<_>>(), [call(2)]);
    assert_eq!(second.damage, Damage::default());
}

#[test]
fn epochs_and_numbers_only_grow_whatever_the_clock_says() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut before: Option<(Epoch, u64)> = None;
    for seconds in [0, 0, -START, 100, -5, -START] {
        let mut opened = open_at(dir.path(), seconds, small());
        if let Some((epoch, seq)) = before {
            assert!(opened.epoch > epoch, "{} after {epoch}", opened.epoch);
            assert!(opened.next_seq > seq);
            assert_eq!(opened.last_epoch, Some(epoch));
        }
        let last = opened.journal.append(&[arrived(1), ended(1)]);
        before = Some((opened.epoch, last));
    }
}

#[test]
fn a_journal_that_was_deleted_uses_no_number_again() {
    let dir = tempfile::tempdir().expect("a directory");
    let last = open_at(dir.path(), 0, small()).journal.append(&[arrived(1), ended(1)]);
    fs::remove_dir_all(dir.path()).expect("removed");
    assert!(open_at(dir.path(), 1, small()).next_seq > last);
}

#[test]
fn a_tail_torn_at_any_byte_costs_only_the_entries_it_tore() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut opened = open_at(dir.path(), 0, Limits { file_bytes: 1 << 20, ..small() });
    opened.journal.append(&[arrived(1), arrived(2)]);
    let path = last_file(dir.path());
    let keep = fs::metadata(&path).expect("a file").len();
    opened.journal.append(&[arrived(3), ended(2)]);
    drop(opened);
    let whole = fs::read(&path).expect("a file");
    // Every byte around the line ends, every seventh of the rest.
    let near_an_end = |cut: usize| whole[cut.saturating_sub(3)..(cut + 3).min(whole.len())].contains(&b'\n');
    let cuts =
        (keep..=whole.len() as u64).filter(|cut| cut % 7 == 0 || near_an_end(usize::try_from(*cut).expect("small")));
    for cut in cuts {
        let copy = tempfile::tempdir().expect("a directory");
        for item in fs::read_dir(dir.path()).expect("a directory") {
            let item = item.expect("an item");
            fs::copy(item.path(), copy.path().join(item.file_name())).expect("copied");
        }
        let there = copy.path().join(path.file_name().expect("a name"));
        fs::write(&there, &whole[..usize::try_from(cut).expect("small")]).expect("written");
        let lines = whole[..usize::try_from(cut).expect("small")].iter().filter(|b| **b == b'\n').count();
        let mut again = open_at(copy.path(), 9, small());
        let calls: Vec<u32> = again.known.calls.keys().map(|call| call.number).collect();
        let expected: &[u32] = match lines {
            2 => &[1, 2],
            3 => &[1, 2, 3],
            _ => &[1, 3],
        };
        assert_eq!(calls, expected, "cut at {cut}");
        again.journal.append(&[ended(1)]);
        drop(again);
        let (all, damage) = read_all(copy.path());
        assert_eq!((all.len(), damage), (lines + 1, Damage::default()), "cut at {cut}: the tail is gone for good");
    }
}

#[test]
fn a_flipped_bit_costs_one_line_and_is_counted() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut opened = open_at(dir.path(), 0, Limits { file_bytes: 1 << 20, ..small() });
    opened.journal.append(&[arrived(1), arrived(2), arrived(3)]);
    drop(opened);
    let path = last_file(dir.path());
    let whole = fs::read(&path).expect("a file");
    let starts: Vec<usize> = std::iter::once(0)
        .chain(whole.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(at, _)| at + 1))
        .collect();
    for at in starts[1]..starts[2] {
        let mut bent = whole.clone();
        bent[at] ^= 1 << (at % 8);
        fs::write(&path, &bent).expect("written");
        let (all, damage) = read_all(dir.path());
        let lost_end = at + 1 == starts[2];
        let left: Vec<u32> = all.iter().map(|entry| entry.effects_crc).collect();
        // A bit of the check sum's own letters may change their case, and nothing else.
        if damage == Damage::default() {
            assert_eq!(left, [1, 2, 3], "byte {at}");
        } else if lost_end {
            assert_eq!(left, [1], "the line end is lost, two lines are one");
        } else {
            assert_eq!(left, [1, 3], "byte {at}");
            assert!(damage.lines >= 1);
            assert_eq!(damage.missing, 1);
        }
    }
    let opened = open_at(dir.path(), 5, small());
    assert!(opened.damage.lines > 0 && opened.known.calls.contains_key(&call(1)));
}

#[test]
fn files_rotate_and_a_start_needs_only_what_follows_the_newest_checkpoint() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut opened = open_at(dir.path(), 0, small());
    let durable = opened.journal.durable();
    for number in 0..60 {
        opened.journal.append(&[arrived(number)]);
        if number % 3 > 0 {
            opened.journal.append(&[ended(number)]);
        }
        let last = opened.journal.last_seq();
        wait_until("the sync", || *durable.borrow() == last);
    }
    let (known, last) = (opened.journal.known.clone(), opened.journal.last_seq());
    drop(opened);
    assert_eq!(*durable.borrow(), last);
    let numbers = files::entry_files(dir.path()).expect("files");
    assert!(numbers.len() > 5, "{numbers:?}");
    let (all, damage) = read_all(dir.path());
    assert_eq!((all.len(), damage), (100, Damage::default()));

    let checkpoints = files::checkpoints(dir.path()).expect("checkpoints");
    assert!(checkpoints.len() > 2);
    // The newest checkpoint damaged: the one before it, and more to read.
    let newest = files::checkpoint_path(dir.path(), *checkpoints.last().expect("one"));
    let mut bytes = fs::read(&newest).expect("a checkpoint");
    bytes[20] ^= 4;
    fs::write(&newest, bytes).expect("written");
    // Files before the one before it are not needed.
    let enough = checkpoints[checkpoints.len() - 2];
    for first in numbers.iter().filter(|first| **first < enough) {
        fs::remove_file(files::entries_path(dir.path(), *first)).expect("removed");
    }
    let again = open_at(dir.path(), 7, small());
    assert_eq!(again.known, known);
}

#[test]
fn files_are_forgotten_when_they_are_old_and_sql_has_them() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut opened = open_at(dir.path(), 0, small());
    let durable = opened.journal.durable();
    for number in 0..60 {
        let last = opened.journal.append(&[arrived(number), ended(number)]);
        wait_until("the sync", || *durable.borrow() == last);
    }
    let (first, last) = (opened.next_seq, opened.journal.last_seq());
    drop(opened);
    let count = files::entry_files(dir.path()).expect("files").len();
    let old = SystemTime::now() + Duration::from_secs(100);
    let day = Duration::from_secs(50);
    assert_eq!(forget(dir.path(), last, Duration::from_secs(500), old).expect("looked"), 0, "too young");
    assert!(forget(dir.path(), first, day, old).is_ok());
    assert_eq!(files::entry_files(dir.path()).expect("files").len(), count, "not in SQL");
    assert!(forget(dir.path(), last, day, old).expect("looked") > 3);
    assert!(files::entry_files(dir.path()).expect("files").len() < count);
    assert!(open_at(dir.path(), 3, small()).known.calls.is_empty());
}

#[test]
fn a_second_controller_is_refused_by_name() {
    let dir = tempfile::tempdir().expect("a directory");
    let first = open_at(dir.path(), 0, small());
    let Err(refused) = Journal::open(dir.path(), later(1), small()) else { panic!("two controllers on one journal") };
    assert!(refused.to_string().contains(&format!("process {}", std::process::id())), "{refused}");
    drop(first);
    open_at(dir.path(), 2, small());
}

#[test]
fn a_reader_follows_the_live_file_across_a_rotation() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut opened = open_at(dir.path(), 0, small());
    let mut reader = opened.journal.reader(0);
    let mut seen = Vec::new();
    for number in 0..50 {
        assert!(reader.next_entry().expect("reads").is_none());
        let last = opened.journal.append(&[arrived(number)]);
        let entry = reader.next_entry().expect("reads").expect("an entry");
        assert_eq!(entry.seq, last);
        seen.push(entry.effects_crc);
    }
    assert_eq!(seen, (0..50).collect::<Vec<u32>>());
    assert!(files::entry_files(dir.path()).expect("files").len() > 1);
}

/// The other process of the tests below; does nothing in a run of its own.
#[test]
fn the_other_process() {
    let (Ok(role), Ok(dir)) = (std::env::var("CORDBOARD_TEST_ROLE"), std::env::var("CORDBOARD_TEST_DIR")) else {
        return;
    };
    match role.as_str() {
        "writer" => {
            let mut opened = open_at(Path::new(&dir), 0, Limits { ballast_bytes: 0, ..Limits::default() });
            for number in 0.. {
                let last = opened.journal.append(&[arrived(number), ended(number)]);
                println!("\nappended {last}");
            }
        }
        "full" => file_size_limited(Path::new(&dir)),
        other => panic!("no role {other}"),
    }
}

fn other_process(role: &str, dir: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this test"));
    command
        .args(["--exact", "controller::journal::tests::the_other_process", "--nocapture"])
        .env("CORDBOARD_TEST_ROLE", role)
        .env("CORDBOARD_TEST_DIR", dir);
    command
}

#[test]
fn a_killed_process_loses_nothing_that_it_appended() {
    for kill_after in [1_usize, 50, 333] {
        let dir = tempfile::tempdir().expect("a directory");
        let mut child = other_process("writer", dir.path()).stdout(Stdio::piped()).spawn().expect("started");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let mut last = 0;
        for line in lines.map_while(Result::ok).filter(|line| line.starts_with("appended")).take(kill_after) {
            last = line.trim_start_matches("appended ").parse().expect("a number");
        }
        child.kill().expect("killed");
        child.wait().expect("gone");
        let opened = open_at(dir.path(), 3, small());
        assert_eq!((opened.damage.lines, opened.damage.missing), (0, 0));
        let (all, _) = read_all(dir.path());
        assert!(all.last().is_some_and(|entry| entry.seq >= last), "{last} was appended");
        assert_eq!(all.len() as u64, all[all.len() - 1].seq - all[0].seq + 1);
    }
}

/// Appends until the disk is full, goes on, and finds everything when there is room again. `make_room` mends it.
fn fill_and_mend(dir: &Path, make_room: impl FnOnce()) {
    let limits = Limits { file_bytes: 1 << 30, held_bytes: 256 << 10, ballast_bytes: 256 << 10 };
    let mut opened = open_at(dir, 0, limits);
    let health = opened.journal.health();
    wait_until("the ballast", || dir.join("ballast").exists());
    let mut number = 0;
    let mut append = |journal: &mut Journal| {
        number += 1;
        journal.append(&[arrived(number), ended(number)]);
        number
    };
    while !matches!(*health.borrow(), JournalHealth::Full { .. }) {
        assert!(append(&mut opened.journal) < 100_000, "it never filled: {:?}", *health.borrow());
    }
    assert!(!dir.join("ballast").exists(), "the ballast was given up first");
    wait_until("the sync of what was written", || !opened.journal.must_shed());
    while !opened.journal.must_shed() {
        append(&mut opened.journal);
    }
    // The calls in hand go on all the same.
    for _ in 0..100 {
        append(&mut opened.journal);
    }
    assert!(matches!(*health.borrow(), JournalHealth::Full { .. }));
    let (stuck, damage) = read_all(dir);
    assert!((stuck.len() as u64) < opened.journal.last_seq() - opened.next_seq + 1);
    assert_eq!(damage, Damage::default(), "no half line is left");

    make_room();
    wait_until("health", || *health.borrow() == JournalHealth::Fine);
    assert!(!opened.journal.must_shed());
    append(&mut opened.journal);
    let (first, last) = (opened.next_seq, opened.journal.last_seq());
    let durable = opened.journal.durable();
    wait_until("the disk", || *durable.borrow() == last);
    drop(opened);
    let (all, damage) = read_all(dir);
    assert_eq!(damage, Damage::default());
    assert_eq!(all.iter().map(|entry| entry.seq).collect::<Vec<_>>(), (first..=last).collect::<Vec<_>>());
    assert_eq!(open_at(dir, 9, small()).damage, Damage::default());
}

/// A limit on the size of files needs no privilege to set, and none to lift again.
fn file_size_limited(dir: &Path) {
    // SAFETY: a signal's disposition and a limit of this process, which exists for this test alone.
    let set = |bytes: u64| unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
        let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        assert_eq!(libc::getrlimit(libc::RLIMIT_FSIZE, &raw mut limit), 0);
        limit.rlim_cur = bytes.min(limit.rlim_max);
        assert_eq!(libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit), 0);
    };
    set(1 << 20);
    fill_and_mend(dir, || set(u64::MAX));
    println!("\nfilled and mended");
}

#[test]
fn a_file_that_may_not_grow_loses_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let output = other_process("full", dir.path()).output().expect("started");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success() && said.contains("filled and mended"), "{said}");
}

/// A real full disk, where this user may mount one; the test above needs nobody's leave.
#[test]
fn a_full_disk_loses_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let mount = |options: &str| {
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", options, "cordboard-test"]).arg(dir.path());
        command.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    };
    if !mount("size=2m") {
        eprintln!("no leave to mount a small disk: the full disk is tested by a limit on file sizes only");
        return;
    }
    let journal = dir.path().join("journal");
    let result = std::panic::catch_unwind(|| {
        fill_and_mend(&journal, || assert!(mount("remount,size=16m")));
    });
    assert!(Command::new("umount").arg(dir.path()).status().is_ok_and(|status| status.success()));
    if let Err(panic) = result {
        std::panic::resume_unwind(panic);
    }
}

/// `cargo test --release --lib -- --ignored --nocapture journal::tests::measurements::`
mod measurements {
    use super::*;

    #[test]
    #[ignore = "a measurement"]
    fn what_an_append_takes() {
        let dir = tempfile::tempdir_in(std::env::var("CORDBOARD_TEST_DISK").unwrap_or_else(|_| ".".into()))
            .expect("a directory");
        let mut opened = open_at(dir.path(), 0, Limits::default());
        let durable = opened.journal.durable();
        let mut took = Vec::new();
        let mut behind = BTreeSet::new();
        for number in 0..40_000 {
            let batch = [if number % 2 == 0 { arrived(number / 2) } else { ended(number / 2) }];
            let began = Instant::now();
            let last = opened.journal.append(&batch);
            took.push(began.elapsed());
            behind.insert(last - *durable.borrow());
            std::thread::sleep(Duration::from_micros(150));
        }
        took.sort();
        let at = |part: usize| took[took.len() * part / 1000];
        println!(
            "append p50 {:?} p99 {:?} p99.9 {:?} max {:?}; most not yet durable {:?}",
            at(500),
            at(990),
            at(999),
            took.last(),
            behind.last()
        );
    }
}
