//! What the Asterisk driver costs and how fast it is, on the live switch. Figures are printed; the one that is asked
//! for is that the driver takes less than a tenth of the processor time that Asterisk takes for the same calls. For
//! figures that mean something: `cargo test --release --test conformance figures -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use cordboard::routing::ids::LegId;
use cordboard::routing::{Act, Input};

use crate::asterisk::{Lane, Live};
use crate::controller::{arrive, pick_up};
use crate::phones::What;
use crate::world::{PhoneDoes, World};

const ROUNDS: usize = 200;
const LOAD: usize = 200;
const A_SECOND: u32 = 20;

#[test]
#[ignore = "needs Asterisk: ./ops/test"]
fn the_driver_on_asterisk_takes_a_fraction_of_what_asterisk_takes() {
    let mut lane = Lane::open();
    lane.play(async |world| delays(world).await);
    assert_eq!(lane.failed, None);
    // On a thread of its own, so that its time is not the telephones'.
    let (tell, told) = std::sync::mpsc::channel();
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let thread = std::thread::spawn(move || {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime for the driver");
        let task = std::fs::read_link("/proc/thread-self").expect("a thread has an id");
        tell.send((runtime.handle().clone(), task)).expect("somebody waits");
        runtime.block_on(async { ended.await.ok() });
    });
    let (handle, task) = told.recv_timeout(Duration::from_secs(20)).expect("the thread starts");
    lane.driver = Some(handle);
    let (pid, schedstat) = (lane.asterisk_pid(), std::path::Path::new("/proc").join(task).join("schedstat"));
    let mut spent = (Duration::ZERO, Duration::ZERO);
    lane.play(async |world| {
        let before = (thread_time(&schedstat), process_time(pid));
        load(world).await;
        spent = (thread_time(&schedstat) - before.0, process_time(pid) - before.1);
    });
    assert_eq!(lane.failed, None);
    drop(end);
    thread.join().expect("the driver's thread ends");
    let a_call = |time: Duration| time.as_secs_f64() * 1_000.0 / LOAD as f64;
    println!(
        "processor time a call at {A_SECOND} calls/s: driver {:.3} ms, Asterisk {:.1} ms ({:.1} %)",
        a_call(spent.0),
        a_call(spent.1),
        100.0 * spent.0.as_secs_f64() / spent.1.as_secs_f64()
    );
    // Code that is not optimised takes some eight times as long.
    let share = if cfg!(debug_assertions) { 2 } else { 10 };
    assert!(spent.0 * share < spent.1, "{spent:?}");
}

fn thread_time(schedstat: &std::path::Path) -> Duration {
    let text = std::fs::read_to_string(schedstat).expect("the kernel counts a thread's time");
    Duration::from_nanos(text.split(' ').next().and_then(|ns| ns.parse().ok()).expect("nanoseconds"))
}

/// In hundredths of a second.
fn process_time(pid: u32) -> Duration {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("Asterisk lives");
    let fields: Vec<&str> = text.rsplit(") ").next().expect("fields").split(' ').collect();
    let ticks: u64 = fields[11..13].iter().map(|ticks| ticks.parse::<u64>().expect("ticks")).sum();
    Duration::from_millis(ticks * 10)
}

fn print(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1_000.0;
    println!("{what:62} n {:4}  p50 {:7.3}  p99 {:7.3}  max {:7.3} ms", times.len(), at(0.5), at(0.99), at(1.0));
}

/// One call at a time: what an order takes to its effect.
async fn delays(world: &mut Live) {
    let (mut rung, mut answered, mut joined, mut whole, mut own) = (vec![], vec![], vec![], vec![], vec![]);
    for round in 0..ROUNDS {
        let (caller, leg) = arrive(world, &format!("6{round:04}")).await;
        let effect = world.controller().order(Act::Answer { leg: leg.clone() }).await;
        world.controller().done(effect).await;
        world.controller().music(&leg).await;
        world.answered(&caller).await;
        let station = World::station(world, 1);
        world.proxy().note();
        let began = Instant::now();
        let agent = world.controller().ring(station, Duration::from_secs(20)).await;
        world.controller().told(Input::LegRinging { leg: agent.clone() }).await;
        let phone = world.at_phone(1).expect("it rings");
        rung.push(phone.when(&What::InviteReceived).expect("it was rung") - began);
        let picked_up = Instant::now();
        assert!(phone.pick_up());
        world.controller().answered(&agent).await;
        let in_hand = Instant::now();
        answered.push(in_hand - picked_up);
        world.controller().connect(&leg, &agent).await;
        world.controller().joined(&leg, &agent).await;
        joined.push(in_hand.elapsed());
        whole.push(picked_up.elapsed());
        // The event goes by on the wire, and what it led to goes by the other way: driver, scenario, driver.
        let noted = world.proxy().noted();
        let find = |words: &[u8], from_switch: bool| {
            let has = |bytes: &[u8]| bytes.windows(words.len()).any(|window| window == words);
            noted.iter().find(|(_, from, bytes)| *from == from_switch && has(bytes)).map(|(at, _, _)| *at)
        };
        let start = find(b"Event: AsyncAGIStart", true).expect("the pick-up went by");
        own.push(find(b"Action: Bridge", false).expect("the bridge went by") - start);
        world.hang_up(&caller).await;
        world.controller().hung_up(&leg).await;
        clear(world, &agent).await;
    }
    print("Ring ordered -> INVITE at the phone", rung);
    print("phone picks up -> LegAnswered told", answered);
    print("Connect ordered -> LegsJoined told", joined);
    print("phone picks up -> LegsJoined told", whole);
    print("our part: AsyncAGIStart on the wire -> Bridge on the wire", own);
}

async fn clear(world: &mut Live, agent: &LegId) {
    world.controller().hang_up(agent).await;
    world.controller().hung_up(agent).await;
}

/// Twenty calls a second, each answered, with music, given an agent's phone, and ended by the caller.
async fn load(world: &mut Live) {
    const PHONES: u16 = 40;
    for phone in 1..=PHONES {
        world.phone_does(phone, PhoneDoes::PickUpAfter(Duration::from_millis(50))).await;
    }
    let began = Instant::now();
    let mut calls = Vec::new();
    for n in 0..LOAD {
        let due = began + Duration::from_secs(1) * u32::try_from(n).unwrap_or(0) / A_SECOND;
        world.controller().listen(due.saturating_duration_since(Instant::now())).await;
        let (caller, leg) = arrive(world, &format!("7{n:04}")).await;
        world.controller().order(Act::Answer { leg: leg.clone() }).await;
        world.controller().order(Act::StartMusic { leg: leg.clone(), class: "default".into() }).await;
        let station = World::station(world, n as u16 % PHONES + 1);
        let agent = world.controller().ring(station, Duration::from_secs(20)).await;
        calls.push((caller, leg, agent));
        // The call of a quarter of a second ago has its agent by now; that of one and a quarter ends.
        if let Some((_, leg, agent)) = n.checked_sub(5).and_then(|earlier| calls.get(earlier)) {
            let (leg, agent) = (leg.clone(), agent.clone());
            world.controller().answered(&agent).await;
            world.controller().connect(&leg, &agent).await;
        }
        if let Some((caller, _, agent)) = n.checked_sub(25).and_then(|earlier| calls.get(earlier)) {
            let agent = agent.clone();
            caller.hang_up();
            world.controller().hang_up(&agent).await;
        }
    }
    let late = began.elapsed().saturating_sub(Duration::from_secs(1) * LOAD as u32 / A_SECOND);
    println!("{LOAD} calls at {A_SECOND} calls/s, late by {late:?} at the end");
    for (caller, leg, agent) in calls {
        caller.hang_up();
        if !world.controller().ended(&agent) {
            world.controller().hang_up(&agent).await;
        }
        world.controller().hung_up(&leg).await;
    }
    let agent = pick_up(world, 50).await;
    clear(world, &agent).await;
}
