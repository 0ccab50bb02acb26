//! Commands that contradict each other, or what has happened meanwhile: the order in which they came decides, each is told
//! who gave it, and no caller pays for it.

use cordboard::routing::agent::{AgentState, Presence, Work};
use cordboard::routing::call::Stage;
use cordboard::routing::fact::{OfferEnd, Outcome};
use cordboard::routing::ids::*;
use cordboard::routing::{Fact, Input, Refused, Why};

use crate::floor::*;

fn why(text: &str) -> Option<Why> {
    Some(text.parse().expect("a reason"))
}

fn force_break(agent: &str, by: &str) -> Input {
    let (agent, by) = (AgentName::new(agent), AgentName::new(by));
    Input::AgentTookBreak { agent, reason: BreakReason::new("lunch"), by, why: why("told to") }
}

fn force_ready(agent: &str, by: &str) -> Input {
    Input::AgentSaidReady { agent: AgentName::new(agent), by: AgentName::new(by), why: why("needed") }
}

fn force_out(agent: &str, by: &str) -> Input {
    Input::AgentLoggedOut { agent: AgentName::new(agent), by: AgentName::new(by), why: why("shift over") }
}

fn presences(floor: &Floor) -> Vec<(String, Option<String>)> {
    let told = floor.facts.iter().filter_map(|fact| match fact {
        Fact::AgentChanged { presence, by, .. } => {
            let word = match presence {
                Presence::Away { .. } => "away",
                Presence::Ready { .. } => "ready",
                Presence::OnBreak { .. } => "break",
                Presence::Missed { .. } => "missed",
            };
            Some((word.to_owned(), by.as_ref().map(ToString::to_string)))
        }
        _ => None,
    });
    told.collect()
}

#[test]
fn of_two_supervisors_the_later_word_holds_and_both_are_on_record() {
    let mut floor = Floor::new();
    floor.login("ana").facts.clear();
    floor.tell(force_break("ana", "mira")).tell(force_ready("ana", "lin"));
    assert_eq!(floor.state("ana"), AgentState::Idle, "{floor}");
    let by = |name: &str| Some(name.to_owned());
    assert_eq!(presences(&floor), [("break".to_owned(), by("mira")), ("ready".to_owned(), by("lin"))]);
}

#[test]
fn the_second_log_out_is_refused_and_changes_nothing() {
    let mut floor = Floor::new();
    floor.login("ana").tell(force_out("ana", "mira"));
    let facts = floor.facts.len();
    for input in [force_out("ana", "lin"), force_ready("ana", "lin"), force_break("ana", "lin")] {
        floor.tell(input);
        assert_eq!(floor.refused, Some(Refused::NotLoggedIn { agent: AgentName::new("ana") }));
    }
    assert_eq!(floor.facts.len(), facts, "{floor}");
}

#[test]
fn a_shift_that_ends_while_the_phone_rings_gives_the_caller_to_the_next_with_the_place_kept() {
    let mut floor = Floor::new();
    floor.login("ana").pass(secs(1)).login("bo");
    let caller = floor.call("100");
    let phone = floor.ringing("ana");
    floor.pass(secs(4)).tell(force_out("ana", "mira"));
    assert_eq!(floor.hung_up(), std::slice::from_ref(&phone));
    assert_eq!((floor.state("ana"), floor.state("bo")), (AgentState::Away, AgentState::Ringing), "{floor}");
    let Stage::Waiting { place, rings: Some(_), .. } = floor.stage(&caller) else { panic!("not offered\n{floor}") };
    assert_eq!(place.joined, floor.now - secs(4));
    let ended = floor.facts.iter().find_map(|fact| match fact {
        Fact::OfferEnded { agent, how, .. } => Some((agent.to_string(), *how)),
        _ => None,
    });
    assert_eq!(ended, Some(("ana".to_owned(), OfferEnd::Withdrawn)));
}

#[test]
fn a_shift_that_ends_at_the_pick_up_is_over_when_the_conversation_is() {
    let mut floor = Floor::new();
    floor.login("ana");
    let caller = floor.call("100");
    floor.talks("ana", &caller).tell(force_out("ana", "mira"));
    assert_eq!(floor.state("ana"), AgentState::Talking, "{floor}");
    let phone = floor.agent("ana").leg.clone().expect("a leg");
    floor.pass(secs(30)).hangs_up(&phone).hangs_up(&caller);
    assert_eq!(floor.outcomes(), [Outcome::Answered]);
    floor.pass(secs(10));
    assert_eq!(floor.state("ana"), AgentState::Away, "{floor}");
    let next = floor.call("100");
    assert!(matches!(floor.stage(&next), Stage::Waiting { rings: None, .. }), "{floor}");
}

#[test]
fn other_queues_while_the_phone_rings_leave_that_call_and_hold_for_the_next() {
    let mut floor = Floor::new();
    floor.login("ana");
    let caller = floor.call("100");
    let (agent, by) = (AgentName::new("ana"), AgentName::new("mira"));
    let queues = [QueueName::new("second")].into();
    floor.tell(Input::AgentAssigned { agent, queues, skills: Default::default(), by });
    floor.talks("ana", &caller);
    assert_eq!(floor.state("ana"), AgentState::Talking, "{floor}");
    let phone = floor.agent("ana").leg.clone().expect("a leg");
    floor.hangs_up(&caller).hangs_up(&phone).pass(secs(10));
    let next = floor.call("100");
    assert!(matches!(floor.stage(&next), Stage::Waiting { rings: None, .. }), "{floor}");
    assert!(matches!(floor.agent("ana").work, Work::Nothing { .. }));
}

#[test]
fn a_caller_whose_need_nobody_can_ever_meet_waits_by_the_rule_of_the_step_and_blocks_nobody() {
    let mut floor = Floor::with(|plan| {
        let rules = plan.queues.get_mut(&QueueName::new("service")).expect("a queue");
        let skill = SkillName::new("english");
        rules.needs = vec![cordboard::routing::queue::Need { skill, level: 10, until: None }];
    });
    floor.login_with("eve", &["service", "second"], &[("english", 9)]);
    let caller = floor.call("300");
    floor.pass(secs(59));
    assert!(matches!(floor.stage(&caller), Stage::Waiting { rings: None, .. }), "{floor}");
    floor.pass(secs(1));
    assert!(matches!(floor.stage(&caller), Stage::InDialplan { .. }), "{floor}");
}
