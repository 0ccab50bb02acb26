//! Agents who pass their callers on: to another, to a queue, to a step, to a number outside; and whatever comes between.

use cordboard::calendar::OpeningHours;
use cordboard::dialplan::{Action, QueueEntry, ToQueue};
use cordboard::routing::agent::{AgentState, Work};
use cordboard::routing::call::Stage;
use cordboard::routing::fact::{OfferEnd, Outcome, Rule, TransferFailure};
use cordboard::routing::ids::*;
use cordboard::routing::queue::QueueRules;
use cordboard::routing::tag::{Place, Tags};
use cordboard::routing::{
    Act, Fact, Failure, Input, Known, LegSeen, LegUp, Line, PassedTo, Refusal, Refused, Returned,
};

use crate::floor::*;

const NUMBER: &str = "+8613800138000";

fn pass(name: &str, to: PassedTo) -> Input {
    Input::AgentPassedOn { agent: AgentName::new(name), call: None, to, by: AgentName::new(name) }
}

fn to_agent(name: &str) -> PassedTo {
    PassedTo::Agent(AgentName::new(name))
}

fn to_queue(name: &str) -> PassedTo {
    PassedTo::Queue(QueueName::new(name))
}

fn to_step(name: &str) -> PassedTo {
    PassedTo::Step(StepName::new(name))
}

fn to_number(number: &str) -> PassedTo {
    PassedTo::Number(PhoneNumber::new(number))
}

/// mira talks, after the caller has waited for 20 seconds and talked for 10; otto is idle in another queue. The caller's leg
/// and hers.
fn talking() -> (Floor, LegId, LegId) {
    talking_in(Floor::new())
}

fn talking_in(mut floor: Floor) -> (Floor, LegId, LegId) {
    let caller = floor.call("100");
    floor.pass(secs(20)).login("mira").login_with("otto", &["second"], &[]);
    floor.talks("mira", &caller).pass(secs(10));
    let phone = floor.agent("mira").leg.clone().expect("a leg");
    (floor, caller, phone)
}

/// What the switch says of an agent's leg that was hung up for a caller who is passed on.
fn comes_away(floor: &mut Floor, caller: &LegId, phone: &LegId) {
    floor.tell(Input::LegParted { leg: caller.clone() });
    floor.tell(Input::LegHungUp { leg: phone.clone() });
}

fn music(floor: &Floor, caller: &LegId) -> usize {
    let music = |act: &Act| matches!(act, Act::StartMusic { leg, .. } if leg == caller);
    floor.effects.iter().filter(|effect| music(&effect.act)).count()
}

/// The queue it waits in, and how long it counts as having waited.
fn waits(floor: &Floor, caller: &LegId) -> (String, u64) {
    match floor.stage(caller) {
        Stage::Waiting { place, .. } => (place.queue.to_string(), floor.now.since(place.rank()).as_secs()),
        other => panic!("{other:?}\n{floor}"),
    }
}

fn refusal(floor: &mut Floor, input: Input) -> Refused {
    let (facts, phone) = (floor.facts.len(), floor.agent("mira").leg.clone());
    floor.tell(input);
    assert_eq!((floor.facts.len(), floor.effects.len()), (facts, 0), "{:#?}", floor.facts);
    assert_eq!(floor.agent("mira").leg, phone);
    floor.refused.clone().unwrap_or_else(|| panic!("not refused\n{floor}"))
}

fn passed(floor: &Floor) -> Vec<(AgentName, PassedTo)> {
    let passed = floor.facts.iter().filter_map(|fact| match fact {
        Fact::CallPassed { agent, to, .. } => Some((agent.clone(), to.clone())),
        _ => None,
    });
    passed.collect()
}

fn healed(floor: &Floor) -> Vec<&Fact> {
    floor.facts.iter().filter(|fact| matches!(fact, Fact::Healed { .. })).collect()
}

#[test]
fn to_another_agent_whose_phone_rings_for_this_caller_alone() {
    let (mut floor, caller, phone) = talking();
    floor.tell(pass("mira", to_agent("otto")));
    assert_eq!(floor.hung_up(), std::slice::from_ref(&phone));
    assert_eq!((floor.state("mira"), floor.state("otto")), (AgentState::WrappingUp, AgentState::Ringing));
    assert_eq!(passed(&floor), [(AgentName::new("mira"), to_agent("otto"))]);
    let Some(Fact::OfferMade { agent, reasons, queue, .. }) =
        floor.facts.iter().rev().find(|fact| matches!(fact, Fact::OfferMade { .. }))
    else {
        panic!("{:#?}", floor.facts)
    };
    assert_eq!((agent.as_str(), queue.as_str(), reasons.rule), ("otto", "service", Rule::PassedOn));
    assert_eq!(reasons.passed_by, Some(AgentName::new("mira")));
    assert_eq!(music(&floor, &caller), 0, "they hear each other until the phone is down");
    floor.tell(Input::LegParted { leg: caller.clone() });
    assert_eq!(music(&floor, &caller), 1);
    floor.hangs_up(&phone).pass(secs(4));
    floor.talks("otto", &caller);
    assert_eq!(floor.state("otto"), AgentState::Talking);
    let waited = floor.facts.iter().rev().find_map(|fact| match fact {
        Fact::CallConnected { agent, waited, .. } if agent.as_str() == "otto" => Some(*waited),
        _ => None,
    });
    assert_eq!(waited, Some(secs(4)), "since they were passed on");
    floor.pass(secs(20));
    assert_eq!(floor.state("mira"), AgentState::Idle);
    floor.hangs_up(&caller);
    assert_eq!(floor.outcomes(), [Outcome::Answered]);
    assert_eq!(healed(&floor), Vec::<&Fact>::new());
    // Nobody came to a queue by this.
    assert_eq!(floor.facts.iter().filter(|fact| matches!(fact, Fact::CallQueued { .. })).count(), 1);
}

/// otto's phone rings for the caller of mira, who has let go.
fn rings_at_otto() -> (Floor, LegId) {
    let (mut floor, caller, phone) = talking();
    floor.tell(pass("mira", to_agent("otto")));
    comes_away(&mut floor, &caller, &phone);
    (floor, caller)
}

fn offer_ends(floor: &Floor) -> Option<OfferEnd> {
    floor.facts.iter().rev().find_map(|fact| match fact {
        Fact::OfferEnded { how, .. } => Some(*how),
        _ => None,
    })
}

#[test]
fn who_does_not_take_the_caller_leaves_them_first_in_the_queue_they_came_from() {
    for (how, end) in [
        ("silence", OfferEnd::NoAnswer),
        ("rejects", OfferEnd::Rejected),
        ("logs out", OfferEnd::Withdrawn),
        ("takes a break", OfferEnd::Withdrawn),
        ("is dismissed", OfferEnd::Withdrawn),
    ] {
        let (mut floor, caller) = rings_at_otto();
        // mira is not to have them again, and somebody comes to the queue meanwhile.
        let reason = BreakReason::new("lunch");
        let (agent, by) = (AgentName::new("mira"), AgentName::new("mira"));
        floor.tell(Input::AgentTookBreak { agent, reason, by, why: None });
        let later = floor.call("100");
        let (otto, by) = (AgentName::new("otto"), AgentName::new("otto"));
        match how {
            "silence" => floor.pass(secs(24)),
            "rejects" => {
                let leg = floor.ringing("otto");
                floor.tell(Input::LegFailed { leg, why: Failure::Rejected })
            }
            "logs out" => floor.tell(Input::AgentLoggedOut { agent: otto, by, why: None }),
            "takes a break" => {
                let reason = BreakReason::new("lunch");
                floor.tell(Input::AgentTookBreak { agent: otto, reason, by, why: None })
            }
            _ => floor.tell(Input::AgentDismissed { agent: otto, by: AgentName::new("lead") }),
        };
        assert_eq!(offer_ends(&floor), Some(end), "{how}");
        let since = if how == "silence" { 54 } else { 30 };
        assert_eq!(waits(&floor, &caller), ("service".into(), since), "{how}: since they first came");
        floor.login("ana");
        assert_eq!(floor.of(&caller).offers().count(), 1, "{how}: before who came later\n{floor}");
        assert_eq!(floor.of(&later).offers().count(), 0, "{how}");
        floor.talks("ana", &caller).hangs_up(&caller);
        assert_eq!(floor.outcomes(), [Outcome::Answered], "{how}");
    }
}

#[test]
fn who_picks_up_and_cannot_be_joined_leaves_the_caller_to_the_queue_too() {
    let (mut floor, caller) = rings_at_otto();
    floor.picks_up("otto");
    let (effect, _) = floor.asked(|act| matches!(act, Act::Connect { .. }));
    let why = Refusal::Other("no bridge".into());
    floor.tell(Input::EffectReturned { effect, how: Returned::Refused { why } });
    assert_eq!(offer_ends(&floor), Some(OfferEnd::Unseen));
    assert_eq!(waits(&floor, &caller).0, "service");
    floor.tell(Input::LegLookedAt { switch: pbx(), leg: caller.clone(), seen: Some(seen(&caller)) });
    floor.hangs_up(&caller);
    assert_eq!((floor.outcomes(), floor.core.kept().places), (vec![Outcome::Abandoned], 0));
}

#[test]
fn a_caller_who_hangs_up_while_the_other_phone_rings_is_gone_and_both_agents_are_free_for_others() {
    let (mut floor, caller) = rings_at_otto();
    let phone = floor.ringing("otto");
    floor.hangs_up(&caller);
    assert_eq!(floor.hung_up(), std::slice::from_ref(&phone));
    assert_eq!(floor.outcomes(), [Outcome::Abandoned]);
    floor.tell(Input::LegFailed { leg: phone, why: Failure::Withdrawn }).pass(secs(15));
    assert_eq!((floor.state("mira"), floor.state("otto")), (AgentState::Idle, AgentState::Idle));
    let kept = floor.core.kept();
    assert_eq!((kept.legs, kept.offers, kept.places, kept.timers), (0, 0, 0, 0), "{kept:?}");
}

#[test]
fn the_agent_who_hangs_up_by_hand_at_that_moment_takes_nobody_along() {
    let (mut floor, caller, phone) = talking();
    floor.tell(pass("mira", to_queue("second")));
    // Parted first, and hung up by hand before our order came.
    floor.hangs_up(&phone);
    assert_eq!(floor.hung_up(), Vec::<LegId>::new());
    floor.tell(Input::LegParted { leg: caller.clone() });
    assert_eq!(music(&floor, &caller), 1);
    assert_eq!(floor.state("mira"), AgentState::WrappingUp);
}

#[test]
fn to_a_queue_the_caller_goes_as_if_they_had_waited_there_since_they_first_came() {
    let (mut floor, caller, phone) = talking();
    let (busy, before) = (floor.call("100"), floor.call("100"));
    assert_eq!(floor.of(&busy).queue(), floor.of(&before).queue());
    floor.login_with("ana", &["second"], &[]);
    for name in ["ana", "otto"] {
        let (agent, reason, by) = (AgentName::new(name), BreakReason::new("lunch"), AgentName::new(name));
        floor.tell(Input::AgentTookBreak { agent, reason, by, why: None });
    }
    floor.tell(pass("mira", to_queue("second")));
    assert_eq!((floor.hung_up(), music(&floor, &caller)), (vec![phone.clone()], 0));
    assert_eq!(waits(&floor, &caller), ("second".into(), 30));
    comes_away(&mut floor, &caller, &phone);
    let Some(Fact::CallQueued { joined, credit, .. }) =
        floor.facts.iter().rev().find(|fact| matches!(fact, Fact::CallQueued { .. }))
    else {
        panic!()
    };
    assert_eq!((*joined, *credit), (floor.now, secs(30)), "what is measured begins now");
    floor.tell(Input::AgentSaidReady { agent: AgentName::new("otto"), by: AgentName::new("otto"), why: None });
    floor.talks("otto", &caller);
    assert_eq!(floor.of(&caller).queue(), Some(&QueueName::new("second")));
    // And once more, by the next.
    let second = floor.agent("otto").leg.clone().expect("a leg");
    floor.tell(pass("otto", to_queue("service")));
    comes_away(&mut floor, &caller, &second);
    assert_eq!(waits(&floor, &caller), ("service".into(), 30));
    assert_eq!(passed(&floor).len(), 2);
    floor.hangs_up(&caller);
    assert_eq!(floor.outcomes(), [Outcome::Abandoned]);
    assert_eq!(healed(&floor), Vec::<&Fact>::new());
}

#[test]
fn to_a_step_it_begins_when_the_caller_has_come_away_and_the_call_was_answered() {
    let (mut floor, caller, phone) = talking();
    floor.tell(pass("mira", to_step("sorry")));
    assert!(!floor.effects.iter().any(|effect| matches!(effect.act, Act::Play { .. })), "{:#?}", floor.effects);
    floor.tell(Input::LegParted { leg: caller.clone() });
    let (effect, _) = floor.asked(|act| matches!(act, Act::Play { leg, .. } if *leg == caller));
    floor.hangs_up(&phone);
    floor.tell(Input::EffectReturned { effect, how: Returned::Done });
    assert_eq!(floor.hung_up(), std::slice::from_ref(&caller));
    floor.hangs_up(&caller);
    assert_eq!(floor.outcomes(), [Outcome::Answered]);
    assert_eq!(floor.state("mira"), AgentState::WrappingUp);
}

#[test]
fn who_hangs_up_in_a_step_that_they_were_passed_on_to_was_answered() {
    let (mut floor, caller, phone) = talking();
    floor.tell(pass("mira", to_step("spoken")));
    comes_away(&mut floor, &caller, &phone);
    floor.hangs_up(&caller);
    assert_eq!(floor.outcomes(), [Outcome::Answered]);
}

/// The leg of a number outside that rings for the caller.
fn out_leg(floor: &Floor, caller: &LegId) -> LegId {
    let Stage::Outside(outside) = floor.stage(caller) else { panic!("{floor}") };
    outside.leg.clone()
}

#[test]
fn to_a_number_outside_that_rings_and_is_joined_when_it_answers() {
    let (mut floor, caller, phone) = talking();
    floor.tell(pass("mira", to_number("+86 138 0013 8000")));
    let ring = floor.asked(|act| matches!(act, Act::Ring { .. })).1;
    assert!(matches!(ring, Act::Ring { station, .. } if station.as_str() == format!("PJSIP/{NUMBER}@trunk")));
    let leg = out_leg(&floor, &caller);
    floor.tell(Input::LegParted { leg: caller.clone() });
    floor.asked(|act| matches!(act, Act::StartRingback { leg } if *leg == caller));
    floor.hangs_up(&phone).pass(secs(3));
    floor.tell(Input::LegAnswered { leg: leg.clone() });
    floor.asked(|act| matches!(act, Act::Connect { .. }));
    floor.tell(Input::LegsJoined { a: caller.clone(), b: leg.clone() });
    floor.hangs_up(&caller);
    assert_eq!(floor.hung_up(), [leg]);
    assert_eq!(floor.outcomes(), [Outcome::TransferredOut]);
}

#[test]
fn a_number_that_does_not_answer_gives_the_caller_back_to_the_queue() {
    for (why, how) in [
        (Failure::Busy, TransferFailure::Busy),
        (Failure::NoAnswer, TransferFailure::NoAnswer),
        (Failure::Rejected, TransferFailure::Refused),
        (Failure::Unreachable, TransferFailure::Unreachable),
    ] {
        let (mut floor, caller, phone) = talking();
        floor.tell(pass("mira", to_number(NUMBER)));
        let leg = out_leg(&floor, &caller);
        comes_away(&mut floor, &caller, &phone);
        floor.tell(Input::LegFailed { leg, why });
        assert!(
            floor.facts.iter().any(|fact| matches!(fact, Fact::TransferFailed { how: of, to: None, .. } if *of == how))
        );
        assert_eq!(waits(&floor, &caller), ("service".into(), 30));
        assert_eq!(music(&floor, &caller), 1);
    }
}

#[test]
fn a_caller_on_hold_is_passed_on_at_once_for_they_are_apart_already() {
    let (mut floor, caller, phone) = talking();
    floor.tell(Input::AgentHeld { agent: AgentName::new("mira"), by: AgentName::new("mira") });
    let (effect, _) = floor.asked(|act| matches!(act, Act::Part { .. }));
    floor.tell(Input::EffectReturned { effect, how: Returned::Done });
    floor.tell(Input::LegParted { leg: phone.clone() });
    floor.tell(Input::LegParted { leg: caller.clone() });
    let mut to_step_floor = (floor.core.clone(), floor.now);
    floor.tell(pass("mira", to_queue("second")));
    assert_eq!((floor.hung_up(), music(&floor, &caller)), (vec![phone], 1));
    let handled = to_step_floor.0.handle(to_step_floor.1, pass("mira", to_step("sorry")));
    assert!(handled.effects.iter().any(|effect| matches!(effect.act, Act::Play { .. })), "{:#?}", handled.effects);
}

#[test]
fn a_line_that_is_held_open_stays_and_the_two_are_taken_apart() {
    let mut floor = Floor::new();
    floor.tell(Input::AgentLoggedIn {
        agent: AgentName::new("mira"),
        station: StationAddress::new("held:PJSIP/mira"),
        switch: pbx(),
        queues: [QueueName::new("service")].into(),
        skills: [].into(),
        by: AgentName::new("mira"),
        auto_answer: None,
    });
    let line = floor.agent("mira").held.leg().cloned().expect("a line");
    floor.tell(Input::LegAnswered { leg: line.clone() });
    let caller = floor.call("100");
    let (effect, _) = floor.asked(|act| matches!(act, Act::Play { .. }));
    floor.tell(Input::EffectReturned { effect, how: Returned::Done });
    floor.tell(Input::LegsJoined { a: caller.clone(), b: line.clone() }).pass(secs(5));
    floor.login_with("otto", &["second"], &[]);
    floor.tell(pass("mira", to_agent("otto")));
    floor.asked(|act| matches!(act, Act::Part { caller: of, agent } if *of == caller && *agent == line));
    assert_eq!(floor.hung_up(), Vec::<LegId>::new());
    floor.tell(Input::LegParted { leg: caller.clone() });
    assert_eq!(music(&floor, &caller), 1);
    floor.tell(Input::LegParted { leg: line.clone() });
    floor.asked(|act| matches!(act, Act::StartMusic { leg, class } if *leg == line && class == "quiet"));
    floor.talks("otto", &caller).pass(secs(20));
    assert_eq!((floor.state("mira"), floor.state("otto")), (AgentState::Idle, AgentState::Talking));
}

#[test]
fn the_agent_goes_to_the_wrap_up_of_the_queue_with_the_disposition_owed() {
    let floor = Floor::with(|plan| {
        let rules = QueueRules { needs_disposition: true, ..QueueRules::named(QueueName::new("service")) };
        plan.queues.insert(QueueName::new("service"), rules);
    });
    let (mut floor, caller, phone) = talking_in(floor);
    let call = floor.of(&caller).id;
    floor.tell(pass("mira", to_queue("second")));
    comes_away(&mut floor, &caller, &phone);
    floor.pass(secs(600));
    let work = &floor.agent("mira").work;
    assert!(matches!(work, Work::WrappingUp { call: of, needs_disposition: true, .. } if *of == call), "{work:?}");
    let (agent, by) = (AgentName::new("mira"), AgentName::new("mira"));
    floor.tell(Input::AgentDisposed { agent, call, given: true, by });
    assert!(matches!(
        floor.agent("mira").work,
        Work::Nothing { .. } | Work::WrappingUp { needs_disposition: false, .. }
    ));
}

#[test]
fn what_cannot_be_is_refused_in_words_and_the_caller_stays() {
    let (mut floor, caller, _) = talking_in(Floor::with(|plan| {
        plan.queues.insert(
            QueueName::new("nights"),
            QueueRules { hours: Some("night".into()), ..QueueRules::named(QueueName::new("nights")) },
        );
        let mut week = cordboard::calendar::Week::default();
        week.add("mon-sun 22:00-23:00").expect("a week");
        let (name, zone) = ("night".to_owned(), cordboard::calendar::Zone::UTC);
        plan.hours.insert(name.clone(), OpeningHours { name, zone, week, days: [].into() });
    }));
    floor.login_with("busy", &["second"], &[]).login_with("night", &["nights"], &[]);
    let (agent, by) = (AgentName::new("busy"), AgentName::new("busy"));
    floor.tell(Input::AgentTookBreak { agent, reason: BreakReason::new("lunch"), by, why: None });
    let mut says = |to: PassedTo| refusal(&mut floor, pass("mira", to)).to_string();
    assert_eq!(says(to_agent("mira")), "mira cannot pass a caller on to themselves");
    assert_eq!(says(to_agent("nobody")), "nobody is not logged in");
    assert_eq!(says(to_agent("otto@elsewhere")), "otto@elsewhere is not logged in");
    assert_eq!(says(to_agent("busy")), "busy cannot take a caller now: they are on a break");
    assert_eq!(says(to_queue("nowhere")), "there is no queue \"nowhere\" in this centre");
    assert_eq!(says(to_queue("narrow")), "nobody is logged in to queue \"narrow\" who could take this caller");
    assert_eq!(says(to_queue("nights")), "queue \"nights\" is closed at this hour");
    assert_eq!(says(to_step("nowhere")), "there is no step \"nowhere\" in the dialplan that this call began in");
    assert_eq!(says(to_number("hello")), "\"hello\" is no number");
    assert!(says(to_number("1900")).starts_with("1900 may not be dialled"), "barred");
    assert!(says(to_number("+44123")).starts_with("+44123 may not be dialled"));
    let call = CallId { epoch: Epoch(1), number: 99 };
    let another = Input::AgentPassedOn {
        agent: AgentName::new("mira"),
        call: Some(call),
        to: to_queue("second"),
        by: AgentName::new("mira"),
    };
    assert!(matches!(refusal(&mut floor, another), Refused::AnotherCall { .. }));
    assert!(matches!(refusal(&mut floor, pass("otto", to_queue("second"))), Refused::NoConversation { .. }));
    assert!(matches!(floor.stage(&caller), Stage::Talking { .. }));
    // Twice at once: the second has nobody to pass on any more.
    floor.tell(pass("mira", to_queue("second"))).tell(pass("mira", to_agent("otto")));
    assert!(matches!(floor.refused, Some(Refused::NoConversation { .. })), "{:?}", floor.refused);
    assert_eq!(passed(&floor).len(), 1);
}

#[test]
fn a_queue_that_is_full_takes_nobody_who_is_passed_on() {
    let (mut floor, _, _) = talking();
    floor.login_with("ana", &["narrow"], &[]);
    let (agent, by) = (AgentName::new("ana"), AgentName::new("ana"));
    floor.tell(Input::AgentTookBreak { agent, reason: BreakReason::new("lunch"), by, why: None });
    floor.call("800");
    assert!(matches!(refusal(&mut floor, pass("mira", to_queue("narrow"))), Refused::QueueFull { .. }));
}

#[test]
fn the_caps_of_the_centre_hold_for_numbers_that_callers_are_passed_on_to() {
    let (mut floor, caller, phone) = talking();
    floor.tell(pass("mira", to_number(NUMBER)));
    comes_away(&mut floor, &caller, &phone);
    for n in 0..2 {
        let agent = format!("a{n}");
        floor.login_with(&agent, &["second"], &[]);
        let number = NUMBER.parse().expect("a number");
        let (agent, by) = (AgentName::new(&agent), AgentName::new(&agent));
        floor.tell(Input::AgentDialled { agent, number, by, request: None });
        assert_eq!(floor.refused, None);
    }
    let other = floor.call("100");
    floor.login("ana").talks("ana", &other);
    floor.tell(pass("ana", to_number(NUMBER)));
    assert!(matches!(floor.refused, Some(Refused::TooManyDials { most: 3, .. })), "{:?}", floor.refused);
}

#[test]
fn who_sits_at_another_switch_is_nobody_to_pass_on_to() {
    let (mut floor, _, _) = talking();
    floor.tell(Input::SnapshotTaken { switch: SwitchName::new("other"), legs: vec![] });
    floor.tell(Input::AgentLoggedIn {
        agent: AgentName::new("far"),
        station: StationAddress::new("PJSIP/far"),
        switch: SwitchName::new("other"),
        queues: [QueueName::new("second")].into(),
        skills: [].into(),
        by: AgentName::new("far"),
        auto_answer: None,
    });
    let why = refusal(&mut floor, pass("mira", to_agent("far")));
    assert!(matches!(why, Refused::SitsElsewhere { .. }), "{why:?}");
    floor.tell(Input::LinkLost { switch: pbx() });
    floor.tell(pass("mira", to_queue("second")));
    assert!(matches!(floor.refused, Some(Refused::SwitchAway { .. })), "{:?}", floor.refused);
}

#[test]
fn a_phone_that_is_in_use_takes_nobody() {
    let (mut floor, _, _) = talking();
    let station = StationAddress::new("PJSIP/otto");
    floor.tell(Input::StationChanged { switch: pbx(), station, line: Line::InUse });
    let why = refusal(&mut floor, pass("mira", to_agent("otto")));
    assert!(matches!(why, Refused::NotFreeForCaller { state: AgentState::PhoneBusy, .. }), "{why:?}");
}

#[test]
fn nothing_is_heard_of_their_coming_apart_and_a_look_says_so() {
    for to in [to_queue("second"), to_step("sorry"), to_number(NUMBER)] {
        let (mut floor, caller, phone) = talking();
        floor.tell(pass("mira", to.clone()));
        floor.hangs_up(&phone).pass(secs(2));
        floor.asked(|act| matches!(act, Act::Look { leg } if *leg == caller));
        // Still joined with somebody: taken apart.
        let with = LegSeen { joined_with: Some(phone.clone()), in_hand: false, ..seen(&caller) };
        floor.tell(Input::LegLookedAt { switch: pbx(), leg: caller.clone(), seen: Some(with) });
        floor.asked(|act| matches!(act, Act::Part { .. }));
        floor.tell(Input::LegLookedAt { switch: pbx(), leg: caller.clone(), seen: Some(seen(&caller)) });
        floor.asked(|act| {
            matches!(act, Act::StartMusic { leg, .. } | Act::Play { leg, .. } | Act::StartRingback { leg } if *leg == caller)
        });
        floor.pass(secs(1));
        floor.hangs_up(&caller);
        assert_eq!(floor.outcomes().len(), 1, "{to:?}");
    }
}

/// The controller died behind the input, and none of its orders came to the switch.
fn killed_at_once(to: PassedTo) -> (Floor, LegId, LegId) {
    let (mut floor, caller, phone) = talking();
    floor.tell(pass("mira", to));
    let (known, now) = (floor.known.clone(), floor.now + secs(1));
    (Floor::again(floor, 2, known, now), caller, phone)
}

fn still_joined(caller: &LegId, phone: &LegId) -> Vec<LegSeen> {
    let tags = Tags {
        centre: CentreName::new("demo"),
        call: CallId { epoch: Epoch(1), number: 1 },
        epoch: Epoch(1),
        place: Place::Offered { offer: OfferId { epoch: Epoch(1), number: 1 }, agent: AgentName::new("mira") },
    };
    let with = |leg: &LegId, joined: &LegId| LegSeen {
        up: LegUp::Up,
        joined_with: Some(joined.clone()),
        in_hand: false,
        ..seen(leg)
    };
    vec![with(caller, phone), LegSeen { inbound: false, tags: Some(tags), ..with(phone, caller) }]
}

#[test]
fn killed_before_anything_was_done_the_next_life_does_it() {
    for to in [to_queue("second"), to_agent("otto"), to_step("sorry"), to_number(NUMBER)] {
        let (mut floor, caller, phone) = killed_at_once(to.clone());
        floor.tell(Input::SnapshotTaken { switch: pbx(), legs: still_joined(&caller, &phone) });
        assert_eq!(floor.hung_up(), std::slice::from_ref(&phone), "{to:?}\n{floor}");
        floor.tell(Input::LegParted { leg: caller.clone() });
        match to {
            PassedTo::Queue(_) => assert_eq!((music(&floor, &caller), waits(&floor, &caller).0), (1, "second".into())),
            PassedTo::Agent(_) => {
                assert_eq!(music(&floor, &caller), 1);
                // The ring was never ordered, and a look says so.
                let leg = floor.ringing("otto");
                floor.tell(Input::LegLookedAt { switch: pbx(), leg, seen: None });
                assert_eq!(waits(&floor, &caller), ("service".into(), 31));
            }
            PassedTo::Step(_) => drop(floor.asked(|act| matches!(act, Act::Play { .. }))),
            PassedTo::Number(_) => drop(floor.asked(|act| matches!(act, Act::StartRingback { .. }))),
        }
        floor.hangs_up(&caller);
        assert_eq!(floor.outcomes().len(), 1, "{to:?}");
    }
}

#[test]
fn killed_while_the_other_phone_rings_it_rings_on_and_is_joined() {
    let (floor, caller) = rings_at_otto();
    let (phone, known, now) = (floor.ringing("otto"), floor.known.clone(), floor.now + secs(1));
    let mut floor = Floor::again(floor, 2, known, now);
    let rings = LegSeen { up: LegUp::Ringing, inbound: false, in_hand: false, ..seen(&phone) };
    floor.tell(Input::SnapshotTaken { switch: pbx(), legs: vec![seen(&caller), rings] });
    assert_eq!(music(&floor, &caller), 1);
    floor.tell(Input::LegAnswered { leg: phone.clone() });
    floor.tell(Input::LegsJoined { a: caller.clone(), b: phone });
    assert_eq!(floor.state("otto"), AgentState::Talking, "{floor}");
    floor.hangs_up(&caller);
    assert_eq!(floor.outcomes(), [Outcome::Answered]);
}

#[test]
fn a_journal_that_lost_its_end_learns_from_the_channel_that_the_caller_was_passed_on() {
    for queue in ["second", "service"] {
        let (mut floor, caller, _) = talking();
        let (known, before) = (floor.known.clone(), floor.now);
        floor.tell(pass("mira", to_queue(queue)));
        let (_, Act::Tag { tags, .. }) =
            floor.asked(|act| matches!(act, Act::Tag { leg, tags } if *leg == caller && matches!(tags.place, Place::Waiting { .. })))
        else {
            panic!()
        };
        let mut floor = Floor::again(floor, 2, known, before + secs(2));
        let with_tags = LegSeen { tags: Some(tags), ..seen(&caller) };
        floor.tell(Input::SnapshotTaken { switch: pbx(), legs: vec![with_tags] });
        assert_eq!(waits(&floor, &caller), (queue.into(), 32));
        assert_eq!((floor.state("mira"), passed(&floor).len()), (AgentState::WrappingUp, 1));
    }
}

#[test]
fn journals_of_before_know_nothing_of_it() {
    let (floor, _, _) = talking();
    let mut known = serde_json::to_value(&floor.known).expect("it is written");
    let calls = known["calls"].as_object_mut().expect("calls");
    for call in calls.values_mut() {
        let call = call.as_object_mut().expect("a call");
        call.remove("asked");
        call.remove("passed");
    }
    let known: Known = serde_json::from_value(known).expect("a journal of before");
    let now = floor.now;
    let mut floor = Floor::again(floor, 2, known, now);
    floor.tell(pass("mira", to_queue("second")));
    assert!(matches!(floor.refused, Some(Refused::SwitchAway { .. })));
}

#[test]
fn with_the_rules_of_the_step_that_led_there_where_it_does() {
    let floor = Floor::with(|plan| {
        let name = StepName::new("plain");
        let entry = QueueEntry { credit: secs(60), keep_wait: true, ..QueueEntry::to(QueueName::new("service")) };
        let to = ToQueue { entry, needs_by_language: vec![], waiting: vec![] };
        let step = cordboard::dialplan::Step { name: name.clone(), actions: vec![Action::Queue(to)] };
        plan.steps.insert(name, step);
    });
    let (mut floor, caller, phone) = talking_in(floor);
    floor.login_with("ana", &["service"], &[]);
    let (agent, by) = (AgentName::new("ana"), AgentName::new("ana"));
    floor.tell(Input::AgentTookBreak { agent, reason: BreakReason::new("lunch"), by, why: None });
    floor.tell(pass("mira", to_queue("service")));
    comes_away(&mut floor, &caller, &phone);
    assert_eq!(
        waits(&floor, &caller),
        ("service".into(), 90),
        "the minute of the step, and what was waited and talked"
    );
}
