//! Call-backs that are owed: how they come about, and who is owed none. (How they are kept: `promises_kept.rs`; where the
//! customer is rung first: `customer_first.rs`.)

use std::collections::BTreeMap;

use cordboard::dialplan::{
    Action, Announcement, CallBack, Centre, Due, Key, Language, OfferCallBack, Piece, Spoken, Step, Text, ToQueue,
};
use cordboard::routing::call::Stage;
use cordboard::routing::fact::{EndedBy, LeftQueue, OfferEnd, Outcome};
use cordboard::routing::held::HeldBack;
use cordboard::routing::ids::*;
use cordboard::routing::promise::{Broken, CallBackRules, NotPromised, Promise, PromiseStage};
use cordboard::routing::queue::QueueRules;
use cordboard::routing::{Act, Fact, Failure, Input, Refused};

use crate::floor::*;

pub const NUMBER: &str = "13900139000";

pub fn say(text: &str) -> Spoken {
    Spoken::Say(BTreeMap::from([(Language::En, Text(vec![Piece::Words(text.into())]))]))
}

pub fn one() -> Key {
    Key::try_from('1').expect("a key")
}

/// `100` offers its callers, after ten seconds, to be called back by 1; `900` leads to a step that promises it.
pub fn offering() -> Floor {
    Floor::with(offers)
}

pub fn offers(plan: &mut Centre) {
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

pub fn presses(floor: &mut Floor, caller: &LegId) {
    floor.tell(Input::KeyPressed { leg: caller.clone(), key: one() });
}

pub fn promise(floor: &Floor) -> Promise {
    let all: Vec<&Promise> = floor.core.promises().collect();
    assert_eq!(all.len(), 1, "{all:?}\n{floor}");
    all[0].clone()
}

pub fn asked_by(by: &str, number: &str, at: Option<cordboard::calendar::Moment>) -> Input {
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
pub fn promised() -> (Floor, LegId) {
    let mut floor = offering();
    let caller = floor.call("100");
    floor.pass(secs(10));
    presses(&mut floor, &caller);
    floor.hangs_up(&caller);
    (floor, caller)
}

/// The leg of the last order to ring.
pub fn rung(floor: &Floor) -> LegId {
    let (_, act) = floor.asked(|act| matches!(act, Act::Ring { .. }));
    act.leg().clone()
}

/// ana's phone rings for the promise, she picks up, and the number rings: her leg and its.
pub fn number_rings() -> (Floor, LegId, LegId) {
    let (mut floor, _) = promised();
    floor.login("ana");
    let leg = rung(&floor);
    floor.tell(Input::LegAnswered { leg: leg.clone() });
    let out = rung(&floor);
    (floor, leg, out)
}

pub fn broken(floor: &Floor) -> Vec<Broken> {
    let why = |fact: &Fact| match fact {
        Fact::PromiseBroken { why, .. } => Some(*why),
        _ => None,
    };
    floor.facts.iter().filter_map(why).collect()
}

pub fn dials(floor: &Floor) -> usize {
    floor.facts.iter().filter(|fact| matches!(fact, Fact::Dialled { .. })).count()
}

pub fn kept(floor: &Floor) -> bool {
    floor.facts.iter().any(|fact| matches!(fact, Fact::PromiseKept { .. }))
}

pub fn held(floor: &Floor) -> (Option<HeldBack>, Option<cordboard::calendar::Moment>) {
    let seen = floor.core.promises_seen(floor.now);
    seen.first().map(|seen| (seen.held_back, seen.held_until_ms)).expect("a promise")
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
