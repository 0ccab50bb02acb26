//! Call-backs that are owed: the caller hangs up, and the place stays.

use std::collections::BTreeMap;

use cordboard::dialplan::{
    Action, Announcement, CallBack, Centre, Due, Key, Language, OfferCallBack, Piece, Spoken, Step, Text, ToQueue,
};
use cordboard::routing::agent::{AgentState, Work};
use cordboard::routing::call::Stage;
use cordboard::routing::dial::DialEnd;
use cordboard::routing::fact::{EndedBy, LeftQueue, OfferEnd, Outcome, Rule};
use cordboard::routing::held::HeldBack;
use cordboard::routing::ids::*;
use cordboard::routing::promise::{Broken, CallBackRules, First, NotPromised, Promise, PromiseStage};
use cordboard::routing::queue::QueueRules;
use cordboard::routing::{Act, Fact, Failure, Input, LegSeen, LegUp, Refused, Returned};

use crate::floor::*;

const NUMBER: &str = "13900139000";

fn say(text: &str) -> Spoken {
    Spoken::Say(BTreeMap::from([(Language::En, Text(vec![Piece::Words(text.into())]))]))
}

fn one() -> Key {
    Key::try_from('1').expect("a key")
}

/// `100` offers its callers, after ten seconds, to be called back by 1; `900` leads to a step that promises it.
fn offering() -> Floor {
    Floor::with(offers)
}

fn offers(plan: &mut Centre) {
    let name = StepName::new("plain");
    let Some(Action::Queue(to)) = plan.steps.get(&name).and_then(|step| step.actions.first()) else { panic!() };
    let offer = OfferCallBack { key: one(), then: StepName::new("sorry") };
    let rule = Announcement {
        due: Due::Once(secs(10)),
        says: vec![say("Press 1 and we call you back.")],
        call_back: Some(offer),
    };
    let action = Action::Queue(ToQueue { waiting: vec![rule], ..to.clone() });
    plan.steps.insert(name.clone(), Step { name, actions: vec![action] });
    let owed = StepName::new("owed");
    let wanted = CallBack { queue: QueueName::new("service"), asks_number: false, otherwise: StepName::new("spoken") };
    let actions = vec![Action::CallBack(wanted), Action::Play(say("We call you back.")), Action::HangUp];
    plan.steps.insert(owed.clone(), Step { name: owed.clone(), actions });
    let mut claim = plan.numbers[&PhoneNumber::new("100")].clone();
    claim.start = owed;
    plan.numbers.insert(PhoneNumber::new("900"), claim);
    let service = plan.queues.get_mut(&QueueName::new("service")).expect("a queue");
    service.call_back = CallBackRules { tries: 2, again_after: secs(60), ..CallBackRules::default() };
}

fn presses(floor: &mut Floor, caller: &LegId) {
    floor.tell(Input::KeyPressed { leg: caller.clone(), key: one() });
}

fn promise(floor: &Floor) -> Promise {
    let all: Vec<&Promise> = floor.core.promises().collect();
    assert_eq!(all.len(), 1, "{all:?}\n{floor}");
    all[0].clone()
}

fn asked_by(by: &str, number: &str, at: Option<cordboard::calendar::Moment>) -> Input {
    Input::CallBackAsked {
        queue: QueueName::new("service"),
        number: number.parse().expect("a number"),
        at,
        agent: None,
        of_call: None,
        by: AgentName::new(by),
        request: None,
    }
}

/// The caller of `100` has pressed 1, heard the confirmation and is gone.
fn promised() -> (Floor, LegId) {
    let mut floor = offering();
    let caller = floor.call("100");
    floor.pass(secs(10));
    presses(&mut floor, &caller);
    floor.hangs_up(&caller);
    (floor, caller)
}

/// The leg of the last order to ring.
fn rung(floor: &Floor) -> LegId {
    let (_, act) = floor.asked(|act| matches!(act, Act::Ring { .. }));
    act.leg().clone()
}

/// ana's phone rings for the promise, she picks up, and the number rings: her leg and its.
fn number_rings() -> (Floor, LegId, LegId) {
    let (mut floor, _) = promised();
    floor.login("ana");
    let leg = rung(&floor);
    floor.tell(Input::LegAnswered { leg: leg.clone() });
    let out = rung(&floor);
    (floor, leg, out)
}

fn broken(floor: &Floor) -> Vec<Broken> {
    let why = |fact: &Fact| match fact {
        Fact::PromiseBroken { why, .. } => Some(*why),
        _ => None,
    };
    floor.facts.iter().filter_map(why).collect()
}

fn dials(floor: &Floor) -> usize {
    floor.facts.iter().filter(|fact| matches!(fact, Fact::Dialled { .. })).count()
}

fn kept(floor: &Floor) -> bool {
    floor.facts.iter().any(|fact| matches!(fact, Fact::PromiseKept { .. }))
}

#[test]
fn a_caller_who_presses_the_key_hears_so_hangs_up_and_keeps_the_place() {
    let mut floor = offering();
    let caller = floor.call("100");
    let Stage::Waiting { place, .. } = floor.stage(&caller).clone() else { panic!("{floor}") };
    floor.pass(secs(10));
    let id = floor.of(&caller).id;
    presses(&mut floor, &caller);
    let owed = promise(&floor);
    assert_eq!((owed.joined, owed.credit, &owed.queue), (place.joined, place.credit, &place.queue));
    assert_eq!((owed.of_call, owed.stage), (Some(id), PromiseStage::Waiting));
    let left = |fact: &Fact| matches!(fact, Fact::CallLeftQueue { why: LeftQueue::CallBack, to: Some(_), .. });
    assert!(floor.facts.iter().any(left), "{:#?}", floor.facts);
    floor.asked(|act| matches!(act, Act::Play { leg, .. } if *leg == caller));
    floor.hangs_up(&caller);
    assert_eq!(floor.outcomes(), [Outcome::PromisedCallBack], "it is no abandon");
}

#[test]
fn the_key_means_nothing_before_it_was_offered() {
    let mut floor = offering();
    let caller = floor.call("100");
    floor.pass(secs(9));
    presses(&mut floor, &caller);
    assert_eq!(floor.core.promises().count(), 0);
    assert_eq!(floor.stage(&caller).word().as_str(), "waiting");
}

#[test]
fn the_agents_phone_rings_first_then_the_number_then_they_talk_and_the_queues_wrap_up_follows() {
    let (mut floor, leg, out) = number_rings();
    assert_eq!(floor.state("ana"), AgentState::Dialling);
    floor.tell(Input::LegAnswered { leg: out.clone() });
    floor.pass(secs(1)).tell(Input::LegsJoined { a: leg.clone(), b: out.clone() });
    assert!(kept(&floor) && floor.core.promises().next().is_none(), "{floor}");
    floor.hangs_up(&out).hangs_up(&leg);
    let Work::WrappingUp { queue, until, .. } = &floor.agent("ana").work else { panic!("{floor}") };
    assert_eq!((queue.as_ref().map(QueueName::as_str), *until), (Some("service"), Some(floor.now + secs(10))));
    assert!(broken(&floor).is_empty());
}

#[test]
fn a_promise_is_neither_overtaken_nor_does_it_overtake() {
    let mut floor = offering();
    let first = floor.call("300");
    floor.pass(secs(5));
    let second = floor.call("100");
    floor.pass(secs(10));
    let third = floor.call("300");
    presses(&mut floor, &second);
    floor.hangs_up(&second);
    floor.login("ana");
    assert_eq!(floor.of(&first).stage.word().as_str(), "ringing", "{floor}");
    assert_eq!(dials(&floor), 0);
    floor.login("ben");
    assert_eq!((floor.state("ben"), dials(&floor)), (AgentState::Dialling, 1), "before who came later\n{floor}");
    assert_eq!(floor.stage(&third).word().as_str(), "waiting");
    floor.login("cy");
    assert_eq!(floor.stage(&third).word().as_str(), "ringing");
}

#[test]
fn nobody_is_dialled_while_the_caller_is_still_on_the_line() {
    let mut floor = offering();
    let caller = floor.call("100");
    floor.pass(secs(10));
    presses(&mut floor, &caller);
    floor.login("ana");
    assert_eq!((floor.state("ana"), dials(&floor)), (AgentState::Idle, 0), "they hear that they are called back");
    floor.hangs_up(&caller);
    assert_eq!((floor.state("ana"), dials(&floor)), (AgentState::Dialling, 1));
}

#[test]
fn who_presses_while_a_phone_rings_is_answered_first_if_that_comes_to_something() {
    let mut floor = offering();
    let caller = floor.call("100");
    floor.pass(secs(10)).login("ana");
    let leg = floor.ringing("ana");
    presses(&mut floor, &caller);
    assert_eq!(floor.core.promises().count(), 0);
    floor.pass(secs(3));
    floor.tell(Input::LegFailed { leg, why: Failure::NoAnswer });
    floor.pass(secs(1));
    assert_eq!(promise(&floor).stage, PromiseStage::Waiting, "{floor}");
    let ended = |fact: &Fact| matches!(fact, Fact::OfferEnded { how: OfferEnd::NoAnswer, .. });
    assert!(floor.facts.iter().any(ended));
}

#[test]
fn an_agent_who_does_not_pick_up_has_missed_it_and_the_promise_goes_to_the_next() {
    let (mut floor, _) = promised();
    floor.login("ana");
    let (leg, joined) = (rung(&floor), promise(&floor).joined);
    floor.tell(Input::LegFailed { leg, why: Failure::NoAnswer });
    assert_eq!(floor.state("ana"), AgentState::Missed);
    assert_eq!((promise(&floor).stage, promise(&floor).joined), (PromiseStage::Waiting, joined));
    floor.login("ben");
    assert_eq!(floor.state("ben"), AgentState::Dialling);
    assert_eq!(promise(&floor).tries, 0, "the number was never rung");
}

#[test]
fn an_agent_who_takes_a_break_while_it_rings_gives_it_back() {
    let (mut floor, _) = promised();
    floor.login("ana");
    let by = AgentName::new("ana");
    floor.tell(Input::AgentTookBreak { agent: by.clone(), reason: BreakReason::new("lunch"), by, why: None });
    assert_eq!(promise(&floor).stage, PromiseStage::Waiting);
    assert_eq!(floor.state("ana"), AgentState::OnBreak);
}

#[test]
fn a_number_that_is_not_reached_is_tried_again_by_the_queues_rule_and_then_given_up() {
    for (why, how) in [(Failure::Busy, DialEnd::Busy), (Failure::NoAnswer, DialEnd::NoAnswer)] {
        let (mut floor, leg, out) = number_rings();
        let joined = promise(&floor).joined;
        floor.tell(Input::LegFailed { leg: out, why }).hangs_up(&leg);
        let rests = promise(&floor);
        assert_eq!((rests.stage, rests.tries), (PromiseStage::Resting { until: floor.now + secs(60) }, 1));
        assert_eq!(floor.state("ana"), AgentState::Idle, "she is free for others meanwhile");
        let rest = |fact: &Fact| matches!(fact, Fact::PromiseRests { after, .. } if *after == how);
        assert!(floor.facts.iter().any(rest), "{:#?}", floor.facts);
        floor.pass(secs(60));
        assert_eq!(floor.state("ana"), AgentState::Dialling, "{floor}");
        assert_eq!(promise(&floor).joined, joined, "at the old place");
        let leg = rung(&floor);
        floor.tell(Input::LegAnswered { leg: leg.clone() });
        let out = rung(&floor);
        floor.tell(Input::LegFailed { leg: out, why }).hangs_up(&leg);
        assert_eq!(broken(&floor), [Broken::NotReached]);
        floor.pass(secs(600));
        assert_eq!((dials(&floor), floor.core.promises().count()), (2, 0), "never a third time");
    }
}

#[test]
fn a_caller_without_a_number_that_may_be_dialled_is_not_offered_it_and_keeps_waiting() {
    for (from, why) in [
        ("", NotPromised::NoNumber),
        ("anonymous", NotPromised::NoNumber),
        ("19005550100", NotPromised::NotAllowed),
        ("+4420794600", NotPromised::NotAllowed),
    ] {
        let mut floor = offering();
        let leg = LegId::new("caller");
        let (from, name) = (PhoneNumber::new(from), CallerName::new(""));
        floor.tell(Input::CallerArrived {
            switch: pbx(),
            leg: leg.clone(),
            from,
            name,
            to: PhoneNumber::new("100"),
            station: None,
        });
        floor.pass(secs(10));
        assert!(!floor.effects.iter().any(|effect| matches!(effect.act, Act::Play { .. })), "nothing is offered");
        let place = floor.stage(&leg).clone();
        presses(&mut floor, &leg);
        let refused = |fact: &Fact| matches!(fact, Fact::CallBackRefused { why: theirs, .. } if *theirs == why);
        assert!(floor.facts.iter().any(refused), "{:#?}", floor.facts);
        assert_eq!((floor.core.promises().count(), floor.stage(&leg)), (0, &place));
        floor.hangs_up(&leg);
        assert_eq!(floor.outcomes(), [Outcome::Abandoned]);
    }
}

#[test]
fn a_number_has_one_promise_in_a_queue_the_first_at_the_better_place() {
    let (mut floor, _) = promised();
    let first = promise(&floor);
    let caller = floor.call("100");
    floor.pass(secs(10));
    presses(&mut floor, &caller);
    floor.hangs_up(&caller);
    let still = promise(&floor);
    assert_eq!((still.id, still.joined), (first.id, first.joined));
    assert_eq!(floor.outcomes(), [Outcome::PromisedCallBack, Outcome::PromisedCallBack]);
    floor.tell(asked_by("lead", "13800138000", None));
    assert!(matches!(floor.refused, Some(Refused::PromisedAlready { .. })), "{:?}", floor.refused);
}

#[test]
fn a_step_promises_a_call_back_and_who_cannot_have_one_goes_elsewhere() {
    let mut floor = offering();
    let caller = floor.call("900");
    assert_eq!(promise(&floor).joined, floor.now);
    floor.hangs_up(&caller);
    assert_eq!(floor.outcomes(), [Outcome::PromisedCallBack]);
    let leg = LegId::new("withheld");
    let (from, name) = (PhoneNumber::new(""), CallerName::new(""));
    floor.tell(Input::CallerArrived {
        switch: pbx(),
        leg: leg.clone(),
        from,
        name,
        to: PhoneNumber::new("900"),
        station: None,
    });
    assert_eq!(floor.of(&leg).walk.step().as_str(), "spoken");
    assert_eq!(floor.core.promises().count(), 1);
}

#[test]
fn who_waits_in_a_queue_again_is_owed_no_call_back() {
    let mut floor = Floor::with(|plan| {
        offers(plan);
        let wanted =
            CallBack { queue: QueueName::new("service"), asks_number: false, otherwise: StepName::new("spoken") };
        let name = StepName::new("owed");
        let actions = vec![Action::CallBack(wanted), Action::Go(StepName::new("plain"))];
        plan.steps.insert(name.clone(), Step { name, actions });
    });
    let caller = floor.call("900");
    assert_eq!((broken(&floor), floor.core.promises().count()), (vec![Broken::CameBack], 0));
    floor.hangs_up(&caller);
    assert_eq!(floor.outcomes(), [Outcome::Abandoned]);
}

#[test]
fn a_promise_for_an_hour_comes_into_the_queue_then_and_by_the_clock_on_the_wall() {
    let mut floor = offering();
    floor.login("ana");
    floor.tell(asked_by("lead", NUMBER, Some(NOON + secs(3600))));
    assert_eq!((floor.state("ana"), floor.refused.clone()), (AgentState::Idle, None));
    floor.pass(secs(1799));
    // The clock on the wall is set half an hour forward.
    floor.tell(Input::WallClockStepped { by_ms: 1_800_000 });
    assert_eq!(dials(&floor), 0);
    floor.pass(secs(1));
    assert_eq!((floor.state("ana"), dials(&floor)), (AgentState::Dialling, 1), "{floor}");
    assert_eq!(promise(&floor).joined, floor.now);
}

#[test]
fn what_cannot_be_promised_is_refused_with_a_reason() {
    let mut floor = offering();
    for (number, at, expected) in [
        ("19001234567", None, "may not be dialled"),
        ("0044207946", None, "may not be dialled"),
        (NUMBER, Some(NOON + secs(91 * 86_400)), "90 days ahead"),
    ] {
        let facts = floor.facts.len();
        floor.tell(asked_by("lead", number, at));
        let why = floor.refused.as_ref().map(ToString::to_string).unwrap_or_default();
        assert!(why.contains(expected), "{number}: {why}");
        assert_eq!(floor.facts.len(), facts, "a refusal changes nothing");
    }
    floor.tell(Input::PromiseCancelled { promise: CallId { epoch: Epoch(1), number: 99 }, by: AgentName::new("lead") });
    assert!(matches!(floor.refused, Some(Refused::NoSuchPromise { .. })));
    let mut floor = Floor::with(|plan| plan.dial_out = None);
    floor.tell(asked_by("lead", NUMBER, None));
    assert_eq!(floor.refused, Some(Refused::NoDialOut));
}

#[test]
fn the_same_request_sent_again_makes_no_second_promise_even_when_the_first_is_kept() {
    let mut floor = offering();
    let mut asked = asked_by("lead", NUMBER, None);
    if let Input::CallBackAsked { request, .. } = &mut asked {
        *request = Some(RequestName::new("order 66"));
    }
    floor.tell(asked.clone());
    let first = promise(&floor).id;
    floor.tell(asked.clone());
    assert_eq!((promise(&floor).id, floor.refused.clone()), (first, None));
    floor.tell(Input::PromiseCancelled { promise: first, by: AgentName::new("lead") });
    floor.tell(asked);
    assert_eq!((floor.core.promises().count(), floor.refused.clone()), (0, None));
}

#[test]
fn a_promise_that_names_an_agent_is_kept_for_them_for_a_while() {
    let mut floor = offering();
    let mut asked = asked_by("lead", NUMBER, None);
    if let Input::CallBackAsked { agent, .. } = &mut asked {
        *agent = Some(AgentName::new("ana"));
    }
    floor.login("ana").login("ben");
    let caller = floor.call("100");
    floor.talks("ana", &caller);
    floor.tell(asked);
    assert_eq!((floor.state("ben"), dials(&floor)), (AgentState::Idle, 0), "ana has a caller, and will be free");
    floor.pass(secs(600));
    assert_eq!((floor.state("ben"), dials(&floor)), (AgentState::Dialling, 1), "she was waited for long enough");
}

#[test]
fn taken_back_while_it_rings_nobody_is_dialled_any_more_and_not_once_the_number_has_answered() {
    let (mut floor, leg, out) = number_rings();
    let id = promise(&floor).id;
    let cancel = Input::PromiseCancelled { promise: id, by: AgentName::new("lead") };
    floor.tell(cancel.clone());
    assert_eq!(broken(&floor), [Broken::Cancelled]);
    let mut hung_up = floor.hung_up();
    hung_up.sort();
    let mut both = [leg, out];
    both.sort();
    assert_eq!(hung_up, both);
    let (mut floor, _, out) = number_rings();
    floor.tell(Input::LegAnswered { leg: out });
    floor.tell(cancel);
    assert!(matches!(floor.refused, Some(Refused::BeingKept { .. })), "{:?}", floor.refused);
}

#[test]
fn where_the_centre_may_not_dial_just_now_promises_keep_their_places_and_are_dialled_when_it_may() {
    let mut floor = offering();
    for n in 0..5 {
        floor.tell(asked_by("lead", &format!("1390013900{n}"), None));
    }
    for name in ["ana", "ben", "cy", "dee", "eve"] {
        floor.login(name);
    }
    assert_eq!(dials(&floor), 3, "dial_out.most_per_minute");
    assert_eq!(floor.state("eve"), AgentState::Idle);
    floor.pass(secs(60));
    assert_eq!(dials(&floor), 5, "{floor}");
}

#[test]
fn promises_fill_no_queue_that_holds_so_many_callers() {
    let mut floor = Floor::with(|plan| {
        offers(plan);
        let name = QueueName::new("service");
        let rules = QueueRules { most_waiting: 1, ..plan.queues[&name].clone() };
        plan.queues.insert(name, rules);
    });
    floor.tell(asked_by("lead", NUMBER, None));
    let caller = floor.call("100");
    assert_eq!(floor.stage(&caller).word().as_str(), "waiting");
}

fn phone(leg: &LegId) -> LegSeen {
    LegSeen { up: LegUp::Up, inbound: false, in_hand: true, ..seen(leg) }
}

#[test]
fn a_promise_outlives_a_start_and_is_dialled_then_once() {
    let (floor, _) = promised();
    let (owed, known, now) = (promise(&floor), floor.known.clone(), floor.now);
    let mut again = Floor::again(floor, 2, known, now);
    assert_eq!(Promise { stands: None, ..promise(&again) }, Promise { stands: None, ..owed });
    again.tell(Input::SnapshotTaken { switch: pbx(), legs: vec![] });
    again.login("ana");
    assert_eq!(dials(&again), 1);
}

#[test]
fn a_dial_under_way_is_found_again_after_a_start_and_the_number_is_not_rung_twice() {
    let (floor, leg, out) = number_rings();
    let (known, now) = (floor.known.clone(), floor.now);
    let mut again = Floor::again(floor, 2, known, now);
    again.tell(Input::SnapshotTaken { switch: pbx(), legs: vec![phone(&leg), phone(&out)] });
    again.tell(Input::LegsJoined { a: leg, b: out });
    assert_eq!(dials(&again), 0);
    assert!(kept(&again) && again.core.promises().next().is_none(), "{again}");
}

#[test]
fn a_dial_that_was_gone_after_a_start_was_a_try() {
    let (floor, leg, out) = number_rings();
    let (known, now) = (floor.known.clone(), floor.now);
    let mut again = Floor::again(floor, 2, known, now);
    again.tell(Input::SnapshotTaken { switch: pbx(), legs: vec![] });
    for leg in [leg, out] {
        again.tell(Input::LegLookedAt { switch: pbx(), leg, seen: None });
    }
    let rests = promise(&again);
    assert_eq!((rests.stage, rests.tries), (PromiseStage::Resting { until: again.now + secs(60) }, 1), "{again}");
}

#[test]
fn a_promise_for_an_hour_that_passed_while_nobody_ran_is_due_at_once_and_counts_from_that_hour() {
    let mut floor = offering();
    floor.tell(asked_by("lead", NUMBER, Some(NOON + secs(600))));
    let (known, now) = (floor.known.clone(), floor.now + secs(900));
    let mut again = Floor::again(floor, 2, known, now);
    again.pass(secs(0));
    assert_eq!(promise(&again).joined, NOON + secs(600));
}

#[test]
fn a_promise_that_nobody_could_keep_for_a_week_is_broken() {
    let (mut floor, _) = promised();
    floor.pass(secs(7 * 86_400));
    assert_eq!(broken(&floor), [Broken::Expired]);
    assert_eq!((floor.core.kept().timers, floor.core.kept().places), (0, 0));
}

#[test]
fn a_caller_who_hangs_up_before_hearing_it_all_is_owed_the_call_all_the_same() {
    let (floor, _) = promised();
    let ended = floor.facts.iter().find_map(|fact| match fact {
        Fact::CallEnded { outcome, by, .. } => Some((*outcome, by.clone())),
        _ => None,
    });
    assert_eq!(ended, Some((Outcome::PromisedCallBack, EndedBy::Caller)));
    assert_eq!(promise(&floor).stage, PromiseStage::Waiting);
}

/// As `offering`, where the queue is open from eight to six by the clock on the wall.
fn by_day() -> Floor {
    Floor::with(|plan| {
        offers(plan);
        plan.queues.get_mut(&QueueName::new("service")).expect("a queue").hours = Some("office".into());
    })
}

fn held(floor: &Floor) -> (Option<HeldBack>, Option<cordboard::calendar::Moment>) {
    let seen = floor.core.promises_seen(floor.now);
    seen.first().map(|seen| (seen.held_back, seen.held_until_ms)).expect("a promise")
}

#[test]
fn whoever_is_rung_to_keep_a_promise_is_told_why_and_who_was_left_out() {
    let (mut floor, _) = promised();
    let english = SkillName::new("english");
    floor.login_with("eve", &["service"], &[("english", 3)]);
    let reasons = floor.facts.iter().find_map(|fact| match fact {
        Fact::Dialled { reasons, .. } => reasons.clone(),
        _ => None,
    });
    let reasons = reasons.expect("why it was eve");
    assert_eq!((reasons.rule, reasons.logged_in, reasons.not_free, reasons.waiting), (Rule::FirstInQueue, 1, 0, 1));
    assert_eq!(reasons.candidates.first().map(|(agent, _)| agent.as_str()), Some("eve"));
    assert!(!reasons.needs.iter().any(|need| need.skill == english), "nothing was needed: {reasons:?}");
}

#[test]
fn who_kept_a_promise_has_served_somebody_and_who_dialled_on_their_own_has_not() {
    let (mut floor, leg, out) = number_rings();
    assert_eq!(floor.agent("ana").served.rung, Some(floor.now), "rung, by turns, as for a caller");
    floor.tell(Input::LegAnswered { leg: out.clone() });
    floor.tell(Input::LegsJoined { a: leg.clone(), b: out.clone() });
    assert_eq!(floor.agent("ana").served.calls, 1);
    floor.pass(secs(30)).hangs_up(&out).hangs_up(&leg);
    assert_eq!(floor.agent("ana").served.talked, secs(30));
    floor.pass(secs(10));
    let by = AgentName::new("ana");
    let number = NUMBER.parse().expect("a number");
    floor.tell(Input::AgentDialled { agent: by.clone(), number, by, request: None });
    let leg = rung(&floor);
    floor.tell(Input::LegAnswered { leg: leg.clone() });
    let out = rung(&floor);
    floor.tell(Input::LegAnswered { leg: out.clone() }).tell(Input::LegsJoined { a: leg.clone(), b: out.clone() });
    floor.pass(secs(30)).hangs_up(&out).hangs_up(&leg);
    assert_eq!((floor.agent("ana").served.calls, floor.agent("ana").served.talked), (1, secs(30)));
}

#[test]
fn a_closed_queue_calls_nobody_back_and_goes_on_where_it_was_when_it_opens() {
    let mut floor = by_day();
    let caller = floor.call("100");
    floor.pass(secs(10));
    presses(&mut floor, &caller);
    floor.hangs_up(&caller);
    let joined = promise(&floor).joined;
    // Six in the evening.
    floor.pass(secs(6 * 3600));
    floor.login("ana");
    assert_eq!((floor.state("ana"), dials(&floor)), (AgentState::Idle, 0), "{floor}");
    assert_eq!(held(&floor), (Some(HeldBack::Closed), Some(NOON + secs(20 * 3600))));
    floor.pass(secs(14 * 3600) - secs(11));
    assert_eq!(dials(&floor), 0, "not a second too early");
    floor.pass(secs(1));
    assert_eq!((floor.state("ana"), dials(&floor)), (AgentState::Dialling, 1), "{floor}");
    assert_eq!(promise(&floor).joined, joined, "at the place that it had");
}

#[test]
fn opening_hours_hold_a_promise_back_by_the_clock_on_the_wall_and_by_the_version_of_today() {
    let mut floor = by_day();
    floor.tell(asked_by("lead", NUMBER, None));
    assert_eq!(held(&floor), (None, None), "it waits for an agent");
    floor.tell(Input::WallClockStepped { by_ms: 7 * 3_600_000 });
    floor.login("ana");
    assert_eq!((held(&floor).0, dials(&floor)), (Some(HeldBack::Closed), 0));
    let mut plan = plan();
    offers(&mut plan);
    plan.version = VersionHash::new("round the clock");
    floor.core.shelve(std::sync::Arc::new(plan));
    floor.tell(Input::VersionPublished { version: VersionHash::new("round the clock") });
    assert_eq!(dials(&floor), 1, "the queue has no hours any more");
}

#[test]
fn people_are_called_back_in_the_hours_for_that_though_the_queue_is_open_longer() {
    let mut floor = Floor::with(|plan| {
        offers(plan);
        let service = plan.queues.get_mut(&QueueName::new("service")).expect("a queue");
        service.call_back.hours = Some("office".into());
    });
    floor.tell(asked_by("lead", NUMBER, None));
    floor.pass(secs(7 * 3600)).login("ana");
    assert_eq!((held(&floor).0, dials(&floor)), (Some(HeldBack::Closed), 0));
    let caller = floor.call("100");
    assert_eq!(floor.of(&caller).stage.word().as_str(), "ringing", "callers are served meanwhile");
}

#[test]
fn why_a_promise_is_held_back_is_seen_whatever_it_is() {
    let mut floor = offering();
    let caller = floor.call("100");
    floor.pass(secs(10));
    presses(&mut floor, &caller);
    assert_eq!(held(&floor), (Some(HeldBack::OnTheLine), None));
    floor.hangs_up(&caller);
    assert_eq!(held(&floor), (None, None));
    floor.tell(Input::LinkLost { switch: pbx() });
    assert_eq!(held(&floor), (Some(HeldBack::SwitchAway), None));
    let mut plan = plan();
    offers(&mut plan);
    plan.version = VersionHash::new("dials nobody");
    plan.dial_out = None;
    floor.core.shelve(std::sync::Arc::new(plan));
    floor.tell(Input::VersionPublished { version: VersionHash::new("dials nobody") });
    assert_eq!(held(&floor), (Some(HeldBack::NotAllowed), None));
}

/// As `offering`, where whoever is owed a call is rung before an agent is, and begins in a step that speaks.
fn customer_first() -> Floor {
    Floor::with(|plan| {
        offers(plan);
        let service = plan.queues.get_mut(&QueueName::new("service")).expect("a queue");
        service.call_back.first = First::Customer { start: StepName::new("spoken") };
    })
}

/// Promised, and ana is there: the number rings, on this leg.
fn customer_rings() -> (Floor, LegId, LegId) {
    let mut floor = customer_first();
    let caller = floor.call("100");
    floor.pass(secs(10));
    presses(&mut floor, &caller);
    floor.hangs_up(&caller);
    floor.login("ana");
    let leg = rung(&floor);
    (floor, caller, leg)
}

/// The customer has picked up, has heard the greeting, and is in the queue.
fn customer_waits() -> (Floor, LegId) {
    let (mut floor, _, leg) = customer_rings();
    floor.tell(Input::LegAnswered { leg: leg.clone() });
    let (effect, _) = floor.asked(|act| matches!(act, Act::Play { leg: of, .. } if *of == leg));
    floor.tell(Input::EffectReturned { effect, how: Returned::Done });
    (floor, leg)
}

#[test]
fn the_customer_is_rung_first_and_is_a_caller_at_the_place_of_the_promise_when_they_pick_up() {
    let (mut floor, _, leg) = customer_rings();
    let owed = promise(&floor);
    assert_eq!((floor.state("ana"), dials(&floor)), (AgentState::Idle, 0), "no agent listens to it ringing");
    let tagged = |act: &Act| matches!(act, Act::Ring { leg: of, from, .. } if *of == leg && from.as_str() == "4001");
    floor.asked(tagged);
    floor.pass(secs(8)).tell(Input::LegAnswered { leg: leg.clone() });
    assert_eq!(floor.of(&leg).walk.step().as_str(), "spoken", "and hears who calls");
    let (effect, _) = floor.asked(|act| matches!(act, Act::Play { .. }));
    floor.pass(secs(2)).tell(Input::EffectReturned { effect, how: Returned::Done });
    let Stage::Waiting { place, .. } = floor.stage(&leg).clone() else { panic!("{floor}") };
    assert_eq!((place.joined, place.credit), (owed.joined, owed.credit), "the place that was promised");
    assert_eq!(floor.state("ana"), AgentState::Ringing, "at once");
    floor.talks("ana", &leg);
    let kept = |fact: &Fact| matches!(fact, Fact::PromiseKept { agent, .. } if agent.as_str() == "ana");
    assert!(floor.facts.iter().any(kept), "{floor}");
    assert_eq!(floor.core.promises().count(), 0);
    floor.hangs_up(&leg);
    assert_eq!(floor.outcomes(), [Outcome::PromisedCallBack, Outcome::Answered]);
    assert_eq!((floor.agent("ana").served.calls, broken(&floor)), (1, vec![]));
}

#[test]
fn an_agent_stands_for_one_number_at_a_time_and_is_kept_from_no_caller_meanwhile() {
    let mut floor = customer_first();
    floor.tell(asked_by("lead", NUMBER, None)).tell(asked_by("lead", "13900139001", None));
    floor.login("ana");
    let stages = |floor: &Floor| floor.core.promises().map(|of| of.stage.as_str()).collect::<Vec<_>>();
    assert_eq!(stages(&floor), ["dialling", "waiting"], "as many ring as agents are free");
    floor.login("ben");
    assert_eq!(stages(&floor), ["dialling", "dialling"]);
    let caller = floor.call("300");
    assert_eq!(floor.of(&caller).stage.word().as_str(), "ringing", "nobody is idle while a number rings");
}

#[test]
fn who_picks_up_while_the_agent_has_taken_another_caller_waits_with_music_and_is_next() {
    let (mut floor, _, leg) = customer_rings();
    let other = floor.call("300");
    floor.talks("ana", &other);
    let third = floor.call("300");
    floor.tell(Input::LegAnswered { leg: leg.clone() });
    let (effect, _) = floor.asked(|act| matches!(act, Act::Play { .. }));
    floor.tell(Input::EffectReturned { effect, how: Returned::Done });
    floor.asked(|act| matches!(act, Act::StartMusic { leg: of, .. } if *of == leg));
    // The step of a caller has a rule for who has waited a minute; whoever we called waits for an agent.
    floor.pass(secs(50)).login("ben");
    assert_eq!(floor.of(&leg).stage.word().as_str(), "ringing", "{floor}");
    assert_eq!(floor.of(&third).stage.word().as_str(), "waiting", "who came after the promise");
}

#[test]
fn a_customer_who_does_not_answer_is_tried_again_by_the_queues_rule_and_then_given_up() {
    for (why, how) in [(Failure::Busy, DialEnd::Busy), (Failure::NoAnswer, DialEnd::NoAnswer)] {
        let (mut floor, _, leg) = customer_rings();
        floor.tell(Input::LegFailed { leg, why });
        let rests = promise(&floor);
        assert_eq!((rests.stage, rests.tries), (PromiseStage::Resting { until: floor.now + secs(60) }, 1));
        let rest = |fact: &Fact| matches!(fact, Fact::PromiseRests { after, .. } if *after == how);
        assert!(floor.facts.iter().any(rest), "{:#?}", floor.facts);
        floor.pass(secs(60));
        let leg = rung(&floor);
        floor.tell(Input::LegFailed { leg, why });
        assert_eq!((broken(&floor), floor.state("ana")), (vec![Broken::NotReached], AgentState::Idle));
    }
}

#[test]
fn a_customer_who_hangs_up_before_an_agent_is_heard_is_owed_the_call_still() {
    let (mut floor, leg) = customer_waits();
    floor.hangs_up(&leg);
    assert_eq!((promise(&floor).tries, broken(&floor)), (1, vec![]), "a try, as one that was not answered");
    assert_eq!(promise(&floor).stage, PromiseStage::Resting { until: floor.now + secs(60) });
    floor.pass(secs(1));
    assert_eq!(floor.state("ana"), AgentState::Idle, "{floor}");
}

#[test]
fn nobody_is_rung_twice_while_the_customer_is_on_the_line() {
    let (mut floor, leg) = customer_waits();
    floor.login("ben");
    assert_eq!(promise(&floor).stage.as_str(), "picked_up");
    let id = promise(&floor).id;
    floor.tell(Input::PromiseCancelled { promise: id, by: AgentName::new("lead") });
    assert_eq!(floor.refused, Some(Refused::BeingKept { promise: id }));
    floor.tell(asked_by("lead", "13800138000", None));
    assert!(matches!(floor.refused, Some(Refused::PromisedAlready { .. })), "{:?}", floor.refused);
    presses(&mut floor, &leg);
    assert_eq!(floor.core.promises().count(), 1);
    let rings = floor.facts.iter().filter(|fact| matches!(fact, Fact::CustomerRung { .. })).count();
    assert_eq!(rings, 1);
}

#[test]
fn taken_back_while_the_customers_telephone_rings_it_stops() {
    let (mut floor, _, leg) = customer_rings();
    floor.tell(Input::PromiseCancelled { promise: promise(&floor).id, by: AgentName::new("lead") });
    assert_eq!((floor.hung_up(), broken(&floor)), (vec![leg.clone()], vec![Broken::Cancelled]));
    // The pick-up crossed the hang-up.
    floor.tell(Input::LegAnswered { leg: leg.clone() });
    assert_eq!(floor.hung_up(), [leg]);
}

#[test]
fn a_number_that_rang_at_a_kill_is_found_ringing_or_answered_or_was_a_try() {
    for picked_up in [Some(false), Some(true), None] {
        let (floor, _, leg) = customer_rings();
        let (now, known) = (floor.now, floor.known.clone());
        let mut again = Floor::again(floor, 2, known, now + secs(3));
        let here = picked_up.map(|up| LegSeen {
            up: if up { LegUp::Up } else { LegUp::Ringing },
            in_hand: up,
            inbound: false,
            ..seen(&leg)
        });
        again.tell(Input::SnapshotTaken { switch: pbx(), legs: here.into_iter().collect() });
        assert_eq!(dials(&again), 0);
        assert!(!again.facts.iter().any(|fact| matches!(fact, Fact::CustomerRung { .. })), "not rung twice");
        match picked_up {
            Some(false) => assert_eq!(promise(&again).stage.as_str(), "dialling"),
            Some(true) => assert_eq!(again.of(&leg).walk.step().as_str(), "spoken", "{again}"),
            None => {
                again.tell(Input::LegLookedAt { switch: pbx(), leg, seen: None });
                assert_eq!((promise(&again).stage.as_str(), promise(&again).tries), ("resting", 1));
            }
        }
    }
}

#[test]
fn a_customer_who_waits_at_a_kill_keeps_the_place_and_goes_to_the_agent_afterwards() {
    let (floor, leg) = customer_waits();
    let (now, known, joined) = (floor.now, floor.known.clone(), promise(&floor).joined);
    let mut again = Floor::again(floor, 2, known, now + secs(3));
    let phone = again.agent("ana").work.call();
    assert!(phone.is_some(), "{again}");
    again.tell(Input::SnapshotTaken { switch: pbx(), legs: vec![LegSeen { inbound: false, ..seen(&leg) }] });
    let Stage::Waiting { place, .. } = again.stage(&leg).clone() else { panic!("{again}") };
    assert_eq!((place.joined, promise(&again).stage.as_str()), (joined, "picked_up"));
    assert_eq!(again.core.promises().count(), 1);
}

#[test]
fn a_customer_who_is_promised_an_agent_is_rung_when_that_agent_is_free_and_goes_to_them() {
    let mut floor = customer_first();
    let mut asked = asked_by("lead", NUMBER, None);
    if let Input::CallBackAsked { agent, .. } = &mut asked {
        *agent = Some(AgentName::new("ana"));
    }
    floor.login("ana").login("ben");
    let caller = floor.call("100");
    floor.talks("ana", &caller);
    floor.tell(asked);
    assert_eq!(promise(&floor).stage, PromiseStage::Waiting, "ana has a caller, and will be free");
    floor.hangs_up(&caller).pass(secs(10));
    floor.hangs_up(&floor.agent("ana").leg.clone().unwrap_or_else(|| LegId::new("gone")));
    let leg = rung_for(&floor);
    floor.tell(Input::LegAnswered { leg: leg.clone() });
    let (effect, _) = floor.asked(|act| matches!(act, Act::Play { .. }));
    floor.tell(Input::EffectReturned { effect, how: Returned::Done });
    assert_eq!((floor.state("ana"), floor.state("ben")), (AgentState::Ringing, AgentState::Idle), "{floor}");
}

/// The leg of the customer who is rung.
fn rung_for(floor: &Floor) -> LegId {
    let legs: Vec<LegId> = floor.core.reaches().map(|reach| reach.leg.clone()).collect();
    assert_eq!(legs.len(), 1, "{floor}");
    legs[0].clone()
}

/// As `offering`; who presses 1 while waiting is asked on which number, and so is who dials 900.
fn asking() -> Floor {
    Floor::with(|plan| {
        offers(plan);
        let wanted =
            CallBack { queue: QueueName::new("service"), asks_number: true, otherwise: StepName::new("spoken") };
        let actions = vec![Action::CallBack(wanted), Action::Play(say("We call you back.")), Action::HangUp];
        for name in ["owed", "sorry"] {
            let name = StepName::new(name);
            plan.steps.insert(name.clone(), Step { name, actions: actions.clone() });
        }
    })
}

fn keys(floor: &mut Floor, leg: &LegId, keys: &str) {
    for key in keys.chars() {
        floor.tell(Input::KeyPressed { leg: leg.clone(), key: Key::try_from(key).expect("a key") });
    }
}

#[test]
fn a_caller_may_be_called_back_on_another_number_and_keeps_the_place() {
    let mut floor = asking();
    let caller = floor.call("100");
    let joined = floor.now;
    floor.pass(secs(10));
    presses(&mut floor, &caller);
    assert_eq!(promise(&floor).number.as_str(), "13800138000", "owed from the first moment, should they hang up");
    keys(&mut floor, &caller, "213900139000#");
    let owed = promise(&floor);
    assert_eq!((owed.number.as_str(), owed.joined), (NUMBER, joined));
    assert_eq!(floor.known.promises.values().next().map(|of| of.number.as_str()), Some(NUMBER));
    floor.hangs_up(&caller).login("ana");
    let to = rung(&floor);
    floor.tell(Input::LegAnswered { leg: to });
    floor.asked(|act| matches!(act, Act::Ring { station, .. } if station.as_str().contains(NUMBER)));
}

#[test]
fn a_premium_number_is_not_promised_however_it_is_keyed_and_the_caller_hears_so() {
    let mut floor = asking();
    let caller = floor.call("900");
    keys(&mut floor, &caller, "219005550100#");
    assert_eq!(floor.core.promises().count(), 0);
    let refused = |fact: &Fact| matches!(fact, Fact::CallBackRefused { why: NotPromised::NotAllowed, .. });
    assert!(floor.facts.iter().any(refused), "{:#?}", floor.facts);
    let (_, act) = floor.asked(|act| matches!(act, Act::Play { .. }));
    assert!(format!("{act:?}").contains("We cannot call that number"), "{act:?}");
    keys(&mut floor, &caller, "13900139000#");
    assert_eq!(promise(&floor).number.as_str(), NUMBER);
}

#[test]
fn who_withholds_their_number_may_key_in_one() {
    let mut floor = asking();
    let leg = LegId::new("withheld");
    let (from, name) = (PhoneNumber::new(""), CallerName::new(""));
    let to = PhoneNumber::new("900");
    floor.tell(Input::CallerArrived { switch: pbx(), leg: leg.clone(), from, name, to, station: None });
    keys(&mut floor, &leg, "1");
    assert_eq!(floor.core.promises().count(), 0, "they have none to be called on");
    keys(&mut floor, &leg, "13900139000#");
    assert_eq!(promise(&floor).number.as_str(), NUMBER);
}
