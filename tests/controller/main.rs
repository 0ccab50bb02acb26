//! The controller where the disk is full: new calls are left to the switch's own fallback, those in hand go on, and no
//! record is lost. In a process of its own, because the limit that plays the full disk holds for a whole process.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use cordboard::config::{Speech, SwitchConfig};
use cordboard::controller::journal::{JournalHealth, Limits, Reader};
use cordboard::controller::{self, Handle, Start};
use cordboard::dialplan::{CentreFiles, load_centre};
use cordboard::routing::Fact;
use cordboard::routing::ids::{CentreName, SwitchName};
use cordboard::speech::Speaker;
use cordboard::switch::rehearsal::{Caller, Exchange, Hearing, Rehearsal, World};

const PLAN: &str = r#"
language: 1
name: { en: "Test" }
zone: Asia/Shanghai
languages: [en]
queues: { desk: {} }
numbers: ["100"]
start: main
steps: { main: [ { queue: desk } ] }
"#;

const PATIENCE: Duration = Duration::from_secs(20);

fn start(data: &Path, rehearsal: &Rehearsal, limits: Limits) -> Handle {
    let name = CentreName::new("demo");
    let directory = data.join("centre");
    std::fs::create_dir_all(&directory).expect("a directory");
    std::fs::write(directory.join("centre.yaml"), PLAN).expect("a file");
    let files = CentreFiles::read(&directory).expect("the files are there");
    let centre = load_centre(&name, &directory).expect("no mistakes");
    controller::start(Start {
        data: data.join("data"),
        switches: BTreeMap::from([(rehearsal.switch().clone(), SwitchConfig::Rehearsal)]),
        rehearsals: BTreeMap::from([(rehearsal.switch().clone(), rehearsal.clone())]),
        centres: vec![(centre, files)],
        speaker: Speaker::new(Speech::default(), BTreeMap::new()),
        journal: limits,
    })
    .expect("a controller")
}

async fn until(what: &str, mut good: impl FnMut() -> bool) {
    let began = Instant::now();
    while !good() {
        assert!(began.elapsed() < PATIENCE, "no {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// No file may grow past `bytes`: what a full disk is to a program, without a disk to fill.
fn files_up_to(bytes: libc::rlim_t) {
    // SAFETY: plain calls with valid arguments; the signal that would end the process is ignored.
    unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
        let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        assert_eq!(libc::getrlimit(libc::RLIMIT_FSIZE, &raw mut limit), 0);
        limit.rlim_cur = bytes.min(limit.rlim_max);
        assert_eq!(libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_sheds_new_calls_keeps_those_in_hand_and_loses_no_record() {
    let directory = tempfile::tempdir().expect("a directory");
    let switch = SwitchName::new("pbx");
    let rehearsal = Rehearsal::start(switch.clone(), Exchange::new(switch, 1), controller::clock()());
    let limits = Limits { held_bytes: 8 << 10, ballast_bytes: 0, ..Limits::default() };
    let handle = start(directory.path(), &rehearsal, limits);
    let dial = || rehearsal.happen(World::CallerDials(Caller::new("138", "100"))).expect("a leg");
    let waits = |leg| rehearsal.with(|exchange| exchange.hears(leg)) == Some(Hearing::Music);
    until("switch in reach", || handle.pulse().switches.values().all(|up| *up)).await;

    let before = dial();
    until("music for the first caller", || waits(&before)).await;
    files_up_to(1);
    let mut dialled = vec![before.clone()];
    while !handle.pulse().shedding {
        assert!(dialled.len() < 200, "never shed: {:?}", handle.pulse());
        dialled.push(dial());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let health = |health: &JournalHealth| matches!(health, JournalHealth::Full { .. } | JournalHealth::Failing { .. });
    assert!(handle.pulse().journals.values().all(health), "{:?}", handle.pulse());

    // No beat for two seconds: whoever comes now is the switch's own.
    tokio::time::sleep(Duration::from_millis(2_600)).await;
    let fallen = dial();
    until("fallback", || rehearsal.with(|exchange| exchange.fell_back().on_arrival) == 1).await;
    assert!(!waits(&fallen));
    assert!(waits(&before), "a caller in hand was let go");

    files_up_to(libc::RLIM_INFINITY);
    until("end of shedding", || !handle.pulse().shedding).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    let after = dial();
    until("music for the last caller", || waits(&after)).await;
    dialled.push(after);
    handle.stop().await;

    let mut reader = Reader::new(directory.path().join("data/demo/journal"), 0);
    let mut arrived = Vec::new();
    while let Some(entry) = reader.next_entry().expect("a journal that can be read") {
        arrived.extend(entry.facts.into_iter().filter_map(|fact| match fact {
            Fact::CallArrived { leg, .. } => Some(leg),
            _ => None,
        }));
    }
    assert_eq!(arrived, dialled, "each caller is in the journal, once, in order");
}
