//! The whole loop: two centres, one rehearsal switch, and an agent of one who serves both.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use cordboard::config::{Speech, SwitchConfig};
use cordboard::controller::journal::{Limits, Reader};
use cordboard::controller::{self, Handle, Start};
use cordboard::dialplan::{CentreFiles, load_centre};
use cordboard::routing::agent::AgentState;
use cordboard::routing::ids::*;
use cordboard::routing::view::AgentSeen;
use cordboard::routing::{Core, Input};
use cordboard::speech::Speaker;
use cordboard::switch::rehearsal::{Caller, Exchange, Habit, Phone, Rehearsal, Span, World};

use crate::house::{centre, pbx};

const PATIENCE: Duration = Duration::from_secs(20);

fn written(data: &Path, name: &str, number: &str) -> std::path::PathBuf {
    let directory = data.join(format!("centre-{name}"));
    std::fs::create_dir_all(&directory).expect("a directory");
    let text = format!(
        "language: 1\nname: {{ en: \"{name}\" }}\nzone: Asia/Shanghai\nlanguages: [en]\n\
         queues: {{ desk: {{ wrap_up: until_ready }} }}\nnumbers: [\"{number}\"]\nstart: main\n\
         steps: {{ main: [ {{ queue: desk }} ] }}\n"
    );
    std::fs::write(directory.join("centre.yaml"), text).expect("a file");
    directory
}

fn start(data: &Path, rehearsal: &Rehearsal) -> Handle {
    let centres = [("a", "100"), ("b", "200")].map(|(name, number)| {
        let directory = written(data, name, number);
        let files = CentreFiles::read(&directory).expect("the files are there");
        (load_centre(&centre(name), &directory).expect("no mistakes"), files)
    });
    controller::start(Start {
        data: data.join("data"),
        switches: BTreeMap::from([(pbx(), SwitchConfig::Rehearsal)]),
        rehearsals: BTreeMap::from([(pbx(), rehearsal.clone())]),
        centres: centres.into(),
        speaker: Speaker::new(Speech::default(), BTreeMap::new()),
        journal: Limits::default(),
    })
    .expect("a controller")
}

async fn seen(handle: &Handle, of: &str, agent: &str) -> Option<AgentSeen> {
    handle.agent(&centre(of), &AgentName::new(agent)).await.expect("a controller").map(|desk| desk.agent)
}

async fn until(handle: &Handle, of: &str, agent: &str, state: AgentState) -> AgentSeen {
    let began = Instant::now();
    loop {
        let now = seen(handle, of, agent).await;
        match now {
            Some(now) if now.state == state => return now,
            now => assert!(began.elapsed() < PATIENCE, "{agent} in {of} is never {state:?}: {now:?}"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn in_reach(handle: &Handle) {
    let began = Instant::now();
    while !handle.pulse().switches.values().all(|up| *up) {
        assert!(began.elapsed() < PATIENCE, "the switch never came");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn logs_in(handle: &Handle) {
    let mira = AgentName::new("mira");
    let input = Input::AgentLoggedIn {
        agent: mira.clone(),
        station: StationAddress::new("PJSIP/mira"),
        switch: pbx(),
        queues: BTreeSet::from([QueueName::new("desk")]),
        skills: BTreeMap::new(),
        auto_answer: None,
        by: mira,
    };
    handle.tell(&centre("b"), input).await.expect("mira logs in");
}

fn rehearsal() -> Rehearsal {
    let rehearsal = Rehearsal::start(pbx(), Exchange::new(pbx(), 1), controller::clock()());
    let habit = Habit::Answers { after: Span::ms(10, 20), talks: None };
    rehearsal.happen(World::PhoneSetTo { station: StationAddress::new("PJSIP/mira"), phone: Phone::with(habit) });
    rehearsal
}

async fn lend(handle: &Handle) {
    let (queues, skills) = (BTreeSet::from([QueueName::new("desk")]), BTreeMap::new());
    let (agent, by) = (AgentName::new("mira@b"), AgentName::new("boss"));
    handle.tell(&centre("a"), Input::QueuesLent { agent, queues, skills, by, why: None }).await.expect("it is lent");
}

async fn ends_wrap_up(handle: &Handle, of: &str, agent: &str) {
    let agent = AgentName::new(agent);
    let input = Input::AgentEndedWrapUp { agent: agent.clone(), by: agent, why: None };
    handle.tell(&centre(of), input).await.expect("wrap-up is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_phone_rings_for_one_centre_at_a_time_and_a_restart_remembers_whose_it_is() {
    let directory = tempfile::tempdir().expect("a directory");
    let rehearsal = rehearsal();
    let dial = |to| rehearsal.happen(World::CallerDials(Caller::new("138", to))).expect("a leg");
    let handle = start(directory.path(), &rehearsal);
    in_reach(&handle).await;
    logs_in(&handle).await;
    lend(&handle).await;
    assert_eq!(until(&handle, "a", "mira@b", AgentState::Idle).await.home, Some(centre("b")));

    let of_a = dial("100");
    until(&handle, "a", "mira@b", AgentState::Talking).await;
    let at_home = until(&handle, "b", "mira", AgentState::Elsewhere).await;
    assert_eq!(at_home.serves, Some(centre("a")));
    assert_eq!(at_home.call, None, "nothing of the call is seen at home");
    let of_b = dial("200");

    // Another process, in the middle of it.
    handle.stop().await;
    let handle = start(directory.path(), &rehearsal);
    in_reach(&handle).await;
    until(&handle, "a", "mira@b", AgentState::Talking).await;
    until(&handle, "b", "mira", AgentState::Elsewhere).await;
    let floor = handle.floor(&centre("b")).await.expect("a floor");
    assert_eq!(floor.calls.len(), 1, "the caller of b waits");
    assert_eq!(floor.calls[0].agent, None, "and rings nowhere");

    rehearsal.happen(World::CallerHangsUp { leg: of_a });
    until(&handle, "a", "mira@b", AgentState::WrappingUp).await;
    until(&handle, "b", "mira", AgentState::Elsewhere).await;
    ends_wrap_up(&handle, "a", "mira@b").await;
    until(&handle, "b", "mira", AgentState::Talking).await;
    until(&handle, "a", "mira@b", AgentState::Elsewhere).await;
    rehearsal.happen(World::CallerHangsUp { leg: of_b });
    until(&handle, "b", "mira", AgentState::WrappingUp).await;
    ends_wrap_up(&handle, "b", "mira").await;
    until(&handle, "a", "mira@b", AgentState::Idle).await;
    handle.stop().await;

    for name in ["a", "b"] {
        replays(&directory.path().join("data").join(name), directory.path(), name);
    }
}

/// The journal of one centre has all that its core was told, also of the other.
fn replays(data: &Path, directory: &Path, name: &str) {
    let mut core = Core::new(centre(name));
    let plan = load_centre(&centre(name), &directory.join(format!("centre-{name}"))).expect("no mistakes");
    core.shelve(std::sync::Arc::new(plan));
    let mut reader = Reader::new(data.join("journal"), 0);
    let (mut entries, mut shared) = (0, 0);
    while let Some(entry) = reader.next_entry().expect("a journal that can be read") {
        if matches!(entry.input, Input::Started { .. }) {
            let plan = core.plan().cloned();
            core = Core::new(centre(name));
            let again = || load_centre(&centre(name), &directory.join(format!("centre-{name}"))).expect("no mistakes");
            core.shelve(plan.unwrap_or_else(|| std::sync::Arc::new(again())));
        }
        entries += 1;
        shared += usize::from(matches!(entry.input, Input::SharedAgentsTold { .. }));
        let handled = core.handle(entry.at, entry.input);
        assert_eq!(handled.facts, entry.facts, "entry {} of {name}", entry.seq);
    }
    assert!(entries > 20 && shared > 3, "{entries} entries, {shared} of them about mira");
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_caller_has_waited_longer_has_the_agent_who_comes_free() {
    let directory = tempfile::tempdir().expect("a directory");
    let rehearsal = rehearsal();
    let dial = |to| rehearsal.happen(World::CallerDials(Caller::new("138", to))).expect("a leg");
    let handle = start(directory.path(), &rehearsal);
    in_reach(&handle).await;
    lend(&handle).await;
    logs_in(&handle).await;
    let first = dial("100");
    until(&handle, "a", "mira@b", AgentState::Talking).await;
    // One of b, then one more of a: the agent comes free in a, and goes to b.
    dial("200");
    tokio::time::sleep(Duration::from_millis(50)).await;
    dial("100");
    tokio::time::sleep(Duration::from_millis(50)).await;
    rehearsal.happen(World::CallerHangsUp { leg: first });
    until(&handle, "a", "mira@b", AgentState::WrappingUp).await;
    ends_wrap_up(&handle, "a", "mira@b").await;
    until(&handle, "b", "mira", AgentState::Talking).await;
    let waits = handle.floor(&centre("a")).await.expect("a floor").calls;
    assert_eq!(waits.len(), 1);
    assert_eq!(waits[0].agent, None);
    handle.stop().await;
}
