//! A shift in the shape of facts: calls of every kind, agents who come and go.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use cordboard::calendar::Moment;
use cordboard::controller::journal::{Handled, Journal, Limits, Opened};
use cordboard::routing::agent::{AgentState, Presence, Work};
use cordboard::routing::fact::{EndedBy, Fact, LeftQueue, OfferEnd, Outcome, Reasons};
use cordboard::routing::ids::*;
use cordboard::routing::{Input, Line};

/// Some second in 2026.
pub const START: i64 = 1_790_000_000;

pub fn at(ms: i64) -> Moment {
    Moment::from_ms(START * 1000 + ms)
}

pub fn centre() -> CentreName {
    CentreName::new("hall")
}

pub fn call(number: u32) -> CallId {
    CallId { epoch: Epoch(7), number }
}

pub fn offer(number: u32) -> OfferId {
    OfferId { epoch: Epoch(7), number }
}

/// Small files, no ballast: the journal's own tests have those.
pub fn journal(dir: &Path, seconds: i64) -> Opened {
    let limits = Limits { file_bytes: 256 << 10, ballast_bytes: 0, ..Limits::default() };
    Journal::open(dir, at(seconds * 1000), limits).expect("the journal opens")
}

fn handled(ms: i64, facts: Vec<Fact>) -> Handled {
    let input = Input::StationChanged {
        switch: SwitchName::new("pbx"),
        station: StationAddress::new("PJSIP/a1"),
        line: Line::Free,
    };
    Handled { at: at(ms), input, facts, effects_crc: 0 }
}

/// One call from its beginning to its end; which kind depends on its number. About ten entries, one fact or two each.
pub fn one_call(number: u32) -> Vec<Handled> {
    let ms = i64::from(number) * 1000;
    let (id, queue, switch) = (call(number), QueueName::new("sales"), SwitchName::new("pbx"));
    let (leg, step) = (LegId::new(format!("in-{number}")), StepName::new("welcome"));
    let agent = AgentName::new(["anna", "ben", "caro"][number as usize % 3]);
    let mut all = vec![handled(
        ms,
        vec![
            Fact::CallArrived {
                call: id,
                switch: switch.clone(),
                leg,
                from: PhoneNumber::cleaned("+49 30 '901820\\"),
                name: CallerName::cleaned("O'Mally, \"電\"\r\n"),
                to: PhoneNumber::new("100"),
                version: VersionHash::new("ab12"),
                found: number.is_multiple_of(7),
                promise: None,
            },
            Fact::StepEntered { call: id, step: step.clone(), language: "en".into() },
        ],
    )];
    let ended = |outcome, by| Fact::CallEnded { call: id, outcome, by };
    if number % 5 == 4 {
        all.push(handled(ms + 90, vec![ended(Outcome::LeftInDialplan, EndedBy::Caller)]));
        return all;
    }
    all.push(handled(
        ms + 100,
        vec![Fact::Keyed { call: id, step: step.clone(), into: Some("customer".into()), keys: "4711".into() }],
    ));
    all.push(handled(
        ms + 120,
        vec![Fact::CallQueued {
            call: id,
            queue: queue.clone(),
            joined: at(ms + 110),
            credit: Duration::ZERO,
            needs: Vec::new(),
            prefer: vec![],
            agents: vec![],
            step: step.clone(),
            language: "en".into(),
            promise: None,
        }],
    ));
    if number % 5 == 3 {
        all.push(handled(
            ms + 200,
            vec![Fact::CallLeftQueue { call: id, queue, why: LeftQueue::Waited, to: Some(StepName::new("sorry")) }],
        ));
        all.push(handled(ms + 250, vec![ended(Outcome::EndedByUs, EndedBy::Us)]));
        return all;
    }
    if number % 5 == 2 {
        all.push(handled(ms + 300, vec![ended(Outcome::Abandoned, EndedBy::Caller)]));
        return all;
    }
    let offer = offer(number);
    let changed = |work: Work, state: AgentState, ms: i64| Fact::AgentChanged {
        agent: agent.clone(),
        presence: Presence::Ready { since: at(ms) },
        work,
        state,
        by: None,
        why: None,
    };
    let leg = LegId::new(format!("out-{number}"));
    all.push(handled(
        ms + 400,
        vec![
            Fact::OfferMade {
                offer,
                call: id,
                agent: agent.clone(),
                switch,
                leg: leg.clone(),
                queue: queue.clone(),
                until: at(ms + 15_400),
                reasons: Reasons { logged_in: 3, waiting: 1, ..Reasons::default() },
            },
            changed(
                Work::Ringing { offer, call: id, since: at(ms + 400), until: at(ms + 15_400) },
                AgentState::Ringing,
                ms,
            ),
        ],
    ));
    all.push(handled(ms + 410, vec![Fact::OfferRang { offer, call: id }]));
    all.push(handled(ms + 500, vec![Fact::OfferAnswered { offer, call: id }]));
    all.push(handled(
        ms + 520,
        vec![
            Fact::OfferEnded { offer, call: id, agent: agent.clone(), how: OfferEnd::Connected },
            Fact::CallConnected { call: id, agent: agent.clone(), leg, queue, waited: Duration::from_millis(410) },
            changed(Work::Talking { call: id, since: at(ms + 520), hold: None }, AgentState::Talking, ms),
        ],
    ));
    all.push(handled(
        ms + 900,
        vec![
            ended(Outcome::Answered, EndedBy::Agent(agent.clone())),
            changed(Work::Nothing { since: at(ms + 900) }, AgentState::Idle, ms),
        ],
    ));
    all
}

/// Three agents log in, so many calls come.
pub fn shift(calls: u32) -> Vec<Handled> {
    let login = |name: &str| Fact::AgentLoggedIn {
        agent: AgentName::new(name),
        station: StationAddress::new(format!("PJSIP/{name}")),
        switch: SwitchName::new("pbx"),
        queues: BTreeSet::from([QueueName::new("sales")]),
        skills: BTreeMap::from([(SkillName::new("english"), 5)]),
        by: AgentName::new(name),
        auto_answer: None,
    };
    let start = Fact::ControllerStarted { epoch: Epoch(7), version: VersionHash::new("ab12") };
    let mut all = vec![handled(0, vec![start]), handled(1, vec![login("anna"), login("ben"), login("caro")])];
    all.extend((1..=calls).flat_map(one_call));
    // A fact about a call that nobody knows, and a switch's own words.
    all.push(handled(
        1,
        vec![
            Fact::CallEnded { call: call(9_999_999), outcome: Outcome::EndedUnseen, by: EndedBy::Unseen },
            Fact::Healed { call: None, agent: None, what: "a \0 and a ' in it".into() },
        ],
    ));
    all
}

pub fn count_facts(all: &[Handled]) -> i64 {
    i64::try_from(all.iter().map(|handled| handled.facts.len()).sum::<usize>()).expect("few")
}
