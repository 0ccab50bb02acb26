//! Sentences about the exchange, on moments of their own.

use std::time::Duration;

use super::*;
use crate::calendar::Moment;
use crate::dialplan::Key;
use crate::routing::ids::*;
use crate::routing::tag::{Place, Tags};
use crate::routing::{Act, Failure, HangUpCause, Input, LegSeen, Refusal, Returned};
use crate::switch::{Event, Sound, SwitchAct, Ticket, Told};

/// An exchange, its clock, and the orders it has been given.
struct Bench {
    exchange: Exchange,
    now: Moment,
    orders: u32,
    told: Vec<Input>,
}

fn station(number: u32) -> StationAddress {
    StationAddress::new(format!("rehearsal/{number}"))
}

impl Bench {
    fn new(seed: u64) -> Self {
        // Of those that a test tries one after the other, the last one that is told is the one that failed.
        eprintln!("seed {seed}");
        let mut bench = Self {
            exchange: Exchange::new(SwitchName::new("reh"), seed),
            now: Moment::from_ms(1_000_000),
            orders: 0,
            told: Vec::new(),
        };
        bench.world(World::LinkMends);
        bench.world(World::PhoneSetTo { station: station(1), phone: Phone::with(Habit::Rings) });
        bench.pass(100);
        bench.told.clear();
        bench
    }

    fn world(&mut self, world: World) -> Option<LegId> {
        self.exchange.happen(self.now, world)
    }

    fn order_by(&mut self, act: SwitchAct, within: Duration) -> EffectId {
        self.orders += 1;
        let effect = EffectId { epoch: Epoch(1), number: self.orders };
        let ticket = Ticket { centre: CentreName::new("demo"), effect };
        self.exchange.order(self.now, ticket, act, self.now + within);
        effect
    }

    fn order(&mut self, act: Act) -> EffectId {
        self.order_by(SwitchAct::Act(act), Duration::from_secs(5))
    }

    fn play(&mut self, leg: &LegId, name: &str) -> EffectId {
        let act = SwitchAct::Play { leg: leg.clone(), sounds: vec![Sound(name.into())] };
        self.order_by(act, Duration::from_secs(60))
    }

    /// Time passes, one wake-up after another.
    fn pass(&mut self, ms: u64) {
        let until = self.now + Duration::from_millis(ms);
        while let Some(when) = self.exchange.next_wakeup().filter(|when| *when <= until) {
            self.exchange.advance(when);
            self.take();
        }
        self.now = until;
        self.exchange.advance(until);
        self.take();
    }

    fn take(&mut self) {
        self.told.extend(self.exchange.told().into_iter().filter_map(|Told { what, .. }| match what {
            Event::Input(input) => Some(input),
            Event::LinkUp | Event::Superseded { .. } => None,
        }));
    }

    fn dial(&mut self) -> LegId {
        self.world(World::CallerDials(Caller::new("10086", "4001"))).expect("a caller always gets a leg")
    }

    fn ring(&mut self, leg: &str) -> LegId {
        let leg = LegId::new(leg);
        self.order(Act::Ring {
            leg: leg.clone(),
            station: station(1),
            from: PhoneNumber::new("10086"),
            name: CallerName::new(""),
            auto_answer: false,
            ring_for: Duration::from_secs(20),
            tags: tags(),
        });
        leg
    }

    /// A caller and an agent, both in hand, and told of.
    fn two_in_hand(&mut self) -> (LegId, LegId) {
        let caller = self.dial();
        let agent = self.ring("agent-1");
        self.pass(20);
        self.world(World::PhonePicksUp { leg: agent.clone() });
        self.pass(20);
        self.told.clear();
        (caller, agent)
    }

    fn returned(&self, effect: EffectId) -> Vec<Returned> {
        let ours = |input: &Input| match input {
            Input::EffectReturned { effect: which, how } if *which == effect => Some(how.clone()),
            _ => None,
        };
        self.told.iter().filter_map(ours).collect()
    }

    fn count(&self, input: &Input) -> usize {
        self.told.iter().filter(|told| *told == input).count()
    }
}

fn tags() -> Tags {
    let epoch = Epoch(1);
    let place = Place::Offered { offer: OfferId { epoch, number: 1 }, agent: AgentName::new("li.na") };
    Tags { centre: CentreName::new("demo"), call: CallId { epoch, number: 1 }, epoch, place }
}

fn connect(caller: &LegId, agent: &LegId) -> Act {
    Act::Connect { caller: caller.clone(), agent: agent.clone() }
}

#[test]
fn a_call_goes_from_arrival_to_its_end_and_the_agent_is_parted() {
    let mut bench = Bench::new(1);
    let (caller, agent) = bench.two_in_hand();
    let effect = bench.order(connect(&caller, &agent));
    bench.pass(20);
    assert_eq!(bench.returned(effect), [Returned::Done]);
    assert_eq!(bench.count(&Input::LegsJoined { a: caller.clone(), b: agent.clone() }), 1);
    assert_eq!(bench.exchange.hears(&agent), Some(Hearing::Leg(caller.clone())));
    bench.world(World::CallerHangsUp { leg: caller.clone() });
    bench.pass(20);
    assert_eq!(bench.count(&Input::LegHungUp { leg: caller.clone() }), 1);
    assert_eq!(bench.count(&Input::LegParted { leg: agent.clone() }), 1);
    assert_eq!(bench.exchange.hears(&caller), None);
    assert_eq!(bench.exchange.hears(&agent), Some(Hearing::Silence));
}

#[test]
fn a_prompt_ends_the_music_and_comes_back_when_it_has_been_heard() {
    let mut bench = Bench::new(2);
    let caller = bench.dial();
    bench.order(Act::StartMusic { leg: caller.clone(), class: "default".into() });
    bench.pass(10);
    assert_eq!(bench.exchange.hears(&caller), Some(Hearing::Music));
    let effect = bench.play(&caller, "/sounds/0123456789.wav");
    bench.pass(590);
    assert_eq!(bench.exchange.hears(&caller), Some(Hearing::Prompt));
    assert_eq!(bench.returned(effect), []);
    bench.pass(20);
    assert_eq!(bench.returned(effect), [Returned::Done]);
    assert_eq!(bench.exchange.hears(&caller), Some(Hearing::Silence));
}

#[test]
fn a_sound_that_is_not_there_is_refused_and_changes_nothing() {
    let mut bench = Bench::new(3);
    let caller = bench.dial();
    bench.exchange.set_sound(Sound("gone".into()), None);
    bench.order(Act::StartMusic { leg: caller.clone(), class: "default".into() });
    let effect = bench.play(&caller, "gone");
    bench.pass(20);
    assert_eq!(bench.returned(effect), [Returned::Refused { why: Refusal::NoPrompt }]);
    assert_eq!(bench.exchange.hears(&caller), Some(Hearing::Music));
}

#[test]
fn every_way_of_not_answering_has_its_name() {
    let quick = Span::ms(50, 50);
    let ways = [
        (Habit::Rings, Failure::NoAnswer),
        (Habit::Busy, Failure::Busy),
        (Habit::Rejects { after: quick }, Failure::Rejected),
        (Habit::Unreachable, Failure::Unreachable),
    ];
    for (habit, why) in ways {
        let mut bench = Bench::new(4);
        bench.world(World::PhoneSetTo { station: station(1), phone: Phone::with(habit) });
        let leg = bench.ring("agent-1");
        bench.pass(21_000);
        assert_eq!(bench.count(&Input::LegFailed { leg: leg.clone(), why }), 1, "{habit:?}: {:?}", bench.told);
        assert_eq!(bench.count(&Input::LegHungUp { leg: leg.clone() }), 0);
        assert_eq!(bench.exchange.legs().count(), 0);
    }
}

#[test]
fn an_agent_on_a_call_of_their_own_is_busy_and_the_line_says_so() {
    let mut bench = Bench::new(5);
    bench.world(World::PhoneDialsOut { station: station(1) });
    bench.pass(10);
    let in_use = Input::StationChanged {
        switch: SwitchName::new("reh"),
        station: station(1),
        line: crate::routing::Line::InUse,
    };
    assert_eq!(bench.count(&in_use), 1);
    let leg = bench.ring("agent-1");
    bench.pass(20);
    assert_eq!(bench.count(&Input::LegFailed { leg, why: Failure::Busy }), 1);
}

#[test]
fn a_phone_that_rings_and_is_withdrawn_fails_once_and_cannot_be_picked_up() {
    let mut bench = Bench::new(6);
    let leg = bench.ring("agent-1");
    bench.pass(10);
    bench.order(Act::HangUp { leg: leg.clone(), cause: HangUpCause::TakenElsewhere });
    bench.pass(10);
    assert_eq!(bench.world(World::PhonePicksUp { leg: leg.clone() }), None);
    bench.pass(30_000);
    assert_eq!(bench.count(&Input::LegFailed { leg: leg.clone(), why: Failure::Withdrawn }), 1);
    assert_eq!(bench.count(&Input::LegAnswered { leg }), 0);
}

#[test]
fn a_hang_up_in_the_window_of_a_connect_leaves_the_other_parted_or_the_order_refused() {
    let (mut done, mut refused) = (0, 0);
    for seed in 0..300 {
        for late in 0..4 {
            let mut bench = Bench::new(seed);
            let (caller, agent) = bench.two_in_hand();
            let effect = bench.order(connect(&caller, &agent));
            bench.pass(late);
            bench.world(World::CallerHangsUp { leg: caller.clone() });
            bench.pass(50);
            match bench.returned(effect).as_slice() {
                [Returned::Done] => {
                    done += 1;
                    assert_eq!(bench.count(&Input::LegParted { leg: agent.clone() }), 1, "seed {seed} late {late}");
                }
                [Returned::Refused { why: Refusal::Gone(leg) }] => {
                    refused += 1;
                    assert_eq!(leg, &caller);
                }
                other => panic!("seed {seed} late {late}: {other:?}"),
            }
            assert_eq!(bench.count(&Input::LegHungUp { leg: caller }), 1);
            assert_eq!(bench.exchange.leg(&agent).map(|seen| seen.in_hand), Some(true));
        }
    }
    assert!(done > 100 && refused > 100, "done {done}, refused {refused}");
}

#[test]
fn a_hang_up_that_the_switch_lost_is_healed_and_until_then_the_other_hears_nothing() {
    let mut bench = Bench::new(8);
    let (caller, agent) = bench.two_in_hand();
    bench.order(connect(&caller, &agent));
    bench.pass(20);
    bench.exchange.set_faults(Faults {
        hang_up_late: PerMille(1000),
        hang_up_late_by: Span::ms(100, 100),
        ..Faults::NONE
    });
    bench.world(World::CallerHangsUp { leg: caller.clone() });
    bench.pass(90);
    assert_eq!(bench.count(&Input::LegHungUp { leg: caller.clone() }), 0);
    assert_eq!(bench.exchange.hears(&agent), Some(Hearing::Silence));
    bench.pass(30);
    assert_eq!(bench.count(&Input::LegHungUp { leg: caller }), 1);
    assert_eq!(bench.count(&Input::LegParted { leg: agent }), 1);
}

#[test]
fn an_order_whose_result_is_lost_comes_back_unknown_at_its_deadline_once() {
    let mut bench = Bench::new(9);
    let caller = bench.dial();
    bench.exchange.set_faults(Faults { result_lost: PerMille(1000), ..Faults::NONE });
    let effect = bench.order(Act::Answer { leg: caller.clone() });
    bench.pass(4_999);
    assert_eq!(bench.returned(effect), []);
    bench.pass(1);
    assert_eq!(bench.returned(effect), [Returned::Unknown]);
    bench.pass(5_000);
    assert_eq!(bench.returned(effect).len(), 1);
    assert_eq!(bench.exchange.leg(&caller).map(|seen| seen.up), Some(crate::routing::LegUp::Up));
}

#[test]
fn calls_go_on_while_the_link_is_lost_and_the_snapshot_is_the_truth() {
    let mut bench = Bench::new(10);
    let (caller, agent) = bench.two_in_hand();
    let pending = bench.play(&caller, "a-long-sound-a-long-sound");
    bench.pass(10);
    bench.world(World::LinkBreaks);
    bench.pass(0);
    assert_eq!(bench.count(&Input::LinkLost { switch: SwitchName::new("reh") }), 1);
    assert_eq!(bench.returned(pending), [Returned::Unknown]);
    let effect = bench.order(connect(&caller, &agent));
    bench.pass(0);
    assert_eq!(bench.returned(effect), [Returned::Unknown]);
    bench.told.clear();
    let late = bench.dial();
    bench.world(World::PhoneHangsUp { leg: agent.clone() });
    bench.pass(1000);
    assert_eq!(bench.told, []);
    bench.world(World::LinkMends);
    bench.world(World::Presses { leg: late.clone(), key: Key::Hash });
    bench.pass(100);
    let [Input::AbilitiesTold { .. }, Input::StationChanged { .. }, Input::SnapshotTaken { legs, .. }] =
        bench.told.as_slice()
    else {
        panic!("{:?}", bench.told)
    };
    let listed: Vec<&LegId> = legs.iter().map(|seen| &seen.leg).collect();
    assert_eq!(listed, [&caller, &late]);
}

#[test]
fn a_restarted_switch_has_no_legs_and_says_nothing_of_them() {
    let mut bench = Bench::new(11);
    let (_, _) = bench.two_in_hand();
    bench.world(World::SwitchRestarts);
    bench.pass(1000);
    assert_eq!(bench.told, [Input::LinkLost { switch: SwitchName::new("reh") }]);
    bench.told.clear();
    bench.world(World::LinkMends);
    bench.pass(100);
    let [Input::AbilitiesTold { .. }, phones @ .., Input::SnapshotTaken { legs, .. }] = &bench.told[..] else {
        panic!("what it can do, its phones, its calls: {:?}", bench.told);
    };
    assert!(legs.is_empty());
    assert!(phones.iter().all(|phone| matches!(phone, Input::StationChanged { .. })), "{phones:?}");
}

#[test]
fn without_a_beat_new_calls_fall_back_and_after_a_minute_those_in_hand() {
    let mut bench = Bench::new(12);
    bench.exchange.watch_beats();
    bench.exchange.beat(bench.now);
    let held = bench.dial();
    bench.pass(2_001);
    let lost = bench.dial();
    assert_eq!(bench.exchange.hears(&lost), Some(Hearing::Fallback));
    assert_eq!(bench.exchange.fell_back(), FellBack { on_arrival: 1, out_of_hand: 0 });
    bench.pass(57_000);
    assert_eq!(bench.exchange.hears(&held), Some(Hearing::Silence));
    bench.pass(1_000);
    assert_eq!(bench.exchange.hears(&held), Some(Hearing::Fallback));
    assert_eq!(bench.exchange.fell_back(), FellBack { on_arrival: 1, out_of_hand: 1 });
}

#[test]
fn without_a_beat_phones_are_let_go_and_who_talks_talks_on() {
    let mut bench = Bench::new(12);
    bench.world(World::PhoneSetTo { station: station(2), phone: Phone::with(Habit::Rings) });
    bench.exchange.watch_beats();
    bench.exchange.beat(bench.now);
    let (caller, agent) = bench.two_in_hand();
    bench.order(connect(&caller, &agent));
    bench.pass(20);
    let rings = LegId::new("agent-2");
    bench.order(Act::Ring {
        leg: rings.clone(),
        station: station(2),
        from: PhoneNumber::new("10086"),
        name: CallerName::new(""),
        auto_answer: false,
        ring_for: Duration::from_secs(120),
        tags: tags(),
    });
    bench.pass(59_000);
    assert!(bench.exchange.leg(&rings).is_some(), "it rings on");
    bench.pass(1_000);
    assert_eq!(bench.exchange.leg(&rings), None);
    assert_eq!(bench.count(&Input::LegFailed { leg: rings, why: Failure::NoAnswer }), 1);
    assert_eq!(bench.exchange.hears(&caller), Some(Hearing::Leg(agent.clone())), "they talk on");
    // What comes out of a conversation passes the dialplan's question for the beat.
    bench.world(World::PhoneHangsUp { leg: agent });
    assert_eq!(bench.exchange.hears(&caller), Some(Hearing::Fallback));
    assert_eq!(bench.exchange.fell_back(), FellBack { on_arrival: 0, out_of_hand: 1 });
}

#[test]
fn a_phone_that_is_picked_up_without_a_beat_is_let_go_at_once() {
    let mut bench = Bench::new(12);
    bench.exchange.watch_beats();
    bench.exchange.beat(bench.now);
    let leg = bench.ring("agent-1");
    bench.pass(2_500);
    bench.world(World::PhonePicksUp { leg: leg.clone() });
    assert_eq!(bench.exchange.leg(&leg), None);
}

#[test]
fn a_dialled_conversation_is_ended_by_the_switch_when_nobody_else_does() {
    let mut bench = Bench::new(12);
    let (caller, agent) = bench.two_in_hand();
    let place = Place::Dialled { agent: AgentName::new("li.na"), longest: Duration::from_secs(600) };
    bench.order(Act::Tag { leg: agent.clone(), tags: Tags { place, ..tags() } });
    bench.order(connect(&caller, &agent));
    bench.pass(659_000);
    assert_eq!(bench.exchange.hears(&agent), Some(Hearing::Leg(caller.clone())));
    bench.pass(2_000);
    assert_eq!(bench.exchange.leg(&agent), None);
    assert_eq!(bench.exchange.hears(&caller), Some(Hearing::Silence));
}

#[test]
fn a_connect_takes_an_agent_from_the_one_they_talk_with_who_is_parted() {
    let mut bench = Bench::new(13);
    let (first, agent) = bench.two_in_hand();
    bench.order(connect(&first, &agent));
    bench.pass(20);
    let second = bench.dial();
    bench.pass(10);
    bench.order(connect(&second, &agent));
    bench.pass(20);
    assert_eq!(bench.exchange.hears(&agent), Some(Hearing::Leg(second)));
    assert_eq!(bench.exchange.hears(&first), Some(Hearing::Silence));
    assert_eq!(bench.count(&Input::LegParted { leg: first }), 1);
}

/// A naive controller over a whole day of faults: it never loses count of a leg.
#[test]
fn through_every_fault_each_leg_ends_once_and_each_order_comes_back_once() {
    for seed in 0..20 {
        let mut chance = Chance::new(seed);
        let mut bench = Bench::new(seed);
        bench.exchange.set_faults(Faults { doubled: PerMille(0), ..Faults::HARSH });
        let mut orders: Vec<EffectId> = Vec::new();
        for round in 0..400_u32 {
            let mut caller = Caller::new("10086", "4001");
            caller.patience = Some(chance.within(Span::ms(10, 4_000)));
            bench.world(World::CallerDials(caller));
            let live: Vec<LegSeen> = bench.exchange.legs().collect();
            for seen in &live {
                match chance.below(6) {
                    0 => orders.push(bench.order(Act::HangUp { leg: seen.leg.clone(), cause: HangUpCause::Normal })),
                    1 => orders.push(bench.play(&seen.leg, "welcome")),
                    2 => drop(bench.world(World::PhonePicksUp { leg: seen.leg.clone() })),
                    3 => drop(bench.world(World::CallerHangsUp { leg: seen.leg.clone() })),
                    _ => {
                        let other = &live[chance.below(live.len() as u64) as usize].leg;
                        orders.push(bench.order(connect(&seen.leg, other)));
                    }
                }
            }
            if chance.below(3) == 0 {
                bench.ring(&format!("agent-{round:04}"));
            }
            bench.pass(chance.below(50));
        }
        bench.pass(200_000);
        for effect in orders {
            assert_eq!(bench.returned(effect).len(), 1, "seed {seed}: {effect}");
        }
        let mut ends = std::collections::BTreeMap::<LegId, usize>::new();
        for input in &bench.told {
            if let Input::LegHungUp { leg } | Input::LegFailed { leg, .. } = input {
                *ends.entry(leg.clone()).or_default() += 1;
            }
        }
        assert!(ends.values().all(|n| *n == 1), "seed {seed}: {ends:?}");
        assert!(ends.len() > 400, "seed {seed}: {} ends", ends.len());
        for seen in bench.exchange.legs() {
            assert!(!ends.contains_key(&seen.leg), "seed {seed}: {:?} lives after its end", seen.leg);
        }
    }
}

#[test]
fn the_same_seed_is_the_same_day() {
    let day = |seed| {
        let mut bench = Bench::new(seed);
        bench.exchange.set_faults(Faults::HARSH);
        for _ in 0..50 {
            let (caller, agent) = bench.two_in_hand();
            bench.order(connect(&caller, &agent));
            bench.pass(3);
            bench.world(World::PhoneHangsUp { leg: agent });
            bench.pass(500);
        }
        format!("{:?} {:?}", bench.told, bench.exchange.legs().collect::<Vec<_>>())
    };
    assert_eq!(day(7), day(7));
    assert_ne!(day(7), day(8));
}

/// How fast a simulation may go: `cargo test --release --lib -- --ignored --nocapture rehearsal::tests::measurements::`
mod measurements {
    use super::*;

    #[test]
    #[ignore = "a measurement"]
    fn a_simulated_day_of_a_hundred_thousand_calls() {
        let began = std::time::Instant::now();
        let mut bench = Bench::new(1);
        for n in 0..100_000_u32 {
            bench.told.clear();
            let caller = bench.dial();
            let agent = bench.ring(&format!("agent-{n:06}"));
            bench.pass(10);
            bench.world(World::PhonePicksUp { leg: agent.clone() });
            bench.pass(10);
            bench.order(connect(&caller, &agent));
            bench.pass(20);
            bench.world(World::CallerHangsUp { leg: caller });
            bench.pass(10);
            bench.order(Act::HangUp { leg: agent, cause: HangUpCause::Normal });
            bench.pass(10);
        }
        assert_eq!(bench.exchange.legs().count(), 0);
        println!("100,000 calls of two legs: {:?}", began.elapsed());
    }
}
