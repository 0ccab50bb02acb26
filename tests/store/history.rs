//! A random history of calls in two queues, as facts: every way into a queue and out of it, over some days.

use std::time::Duration;

use cordboard::calendar::Moment;
use cordboard::routing::agent::{AgentState, Presence, Work};
use cordboard::routing::fact::{EndedBy, Fact, LeftQueue, Outcome};
use cordboard::routing::ids::*;

use crate::shift::call;

/// 2026-10-24T22:00:00Z: midnight in Berlin, of the day with 25 hours.
pub const MIDNIGHT: i64 = 1_792_879_200_000;
pub const DAYS: i64 = 3;

/// Small, and the same everywhere.
pub struct Chance(pub u64);

impl Chance {
    pub fn below(&mut self, bound: i64) -> i64 {
        // Knuth's multiplier; the low bits are not used.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((self.0 >> 33) % u64::try_from(bound).expect("above zero")).expect("31 bits")
    }

    pub fn one_in(&mut self, many: i64) -> bool {
        self.below(many) == 0
    }
}

struct Story {
    call: CallId,
    at: i64,
    told: Vec<(i64, Fact)>,
}

impl Story {
    fn tell(&mut self, fact: Fact) {
        self.told.push((self.at, fact));
    }

    fn step(&mut self, name: &str) {
        self.tell(Fact::StepEntered { call: self.call, step: StepName::new(name), language: "en".into() });
    }

    fn end(&mut self, outcome: Outcome, by: EndedBy) {
        self.tell(Fact::CallEnded { call: self.call, outcome, by });
    }

    fn join(&mut self, queue: &str) {
        self.tell(Fact::CallQueued {
            call: self.call,
            queue: QueueName::new(queue),
            joined: Moment::from_ms(self.at),
            credit: Duration::ZERO,
            needs: Vec::new(),
            prefer: vec![],
            agents: vec![],
            step: StepName::new(queue),
            language: "en".into(),
            promise: None,
        });
    }

    fn leave(&mut self, queue: &str, why: LeftQueue, to: Option<&str>) {
        let to = to.map(StepName::new);
        self.tell(Fact::CallLeftQueue { call: self.call, queue: QueueName::new(queue), why, to });
    }

    /// One agent for each call: who is free is not this history's matter.
    fn agent_changed(&mut self, work: Work, state: AgentState) {
        let agent = AgentName::new(format!("agent{}", self.call.number % 97));
        let presence = Presence::Ready { since: Moment::from_ms(self.at) };
        self.tell(Fact::AgentChanged { agent, presence, work, state, by: None, why: None });
    }

    fn talk(&mut self, queue: &str, waited: i64, chance: &mut Chance) {
        let since = Moment::from_ms(self.at);
        let agent = AgentName::new(format!("agent{}", self.call.number % 97));
        self.tell(Fact::CallConnected {
            call: self.call,
            agent: agent.clone(),
            leg: LegId::new("out"),
            queue: QueueName::new(queue),
            waited: Duration::from_millis(u64::try_from(waited).expect("a wait")),
        });
        let talking = |hold| Work::Talking { call: self.call, since, hold };
        let (held, on) = (talking(Some(since)), talking(None));
        self.agent_changed(on.clone(), AgentState::Talking);
        self.at += 1_000 + chance.below(300_000);
        if chance.one_in(4) {
            self.agent_changed(held, AgentState::OnHold);
            self.at += chance.below(60_000);
            self.agent_changed(on, AgentState::Talking);
            self.at += chance.below(60_000);
        }
        if chance.one_in(30) {
            return;
        }
        let by = if chance.one_in(12) { EndedBy::Unseen } else { EndedBy::Agent(agent) };
        self.end(Outcome::Answered, by);
        if chance.one_in(2) {
            let now = Moment::from_ms(self.at);
            let (queue, talked_since) = (Some(QueueName::new(queue)), Some(since));
            let work = Work::WrappingUp {
                call: self.call,
                since: now,
                until: None,
                queue,
                talked_since,
                needs_disposition: false,
            };
            self.agent_changed(work, AgentState::WrappingUp);
            self.at += chance.below(90_000);
        }
        self.agent_changed(Work::Nothing { since: Moment::from_ms(self.at) }, AgentState::Idle);
    }

    /// In a queue, until it leaves it.
    fn stand(&mut self, queue: &str, others: &[&str], chance: &mut Chance) {
        if chance.one_in(20) {
            let why = if chance.one_in(2) { LeftQueue::Full } else { LeftQueue::NobodyLoggedIn };
            let to = (!chance.one_in(2)).then_some("sorry");
            self.leave(queue, why, to);
            let Some(to) = to else { return self.end(Outcome::Refused, EndedBy::Us) };
            self.step(to);
            return match others.split_first() {
                Some((next, others)) if chance.one_in(2) => self.stand(next, others, chance),
                Some(_) | None => self.end(Outcome::EndedByUs, EndedBy::Us),
            };
        }
        self.join(queue);
        let waited = match chance.below(8) {
            0 => 0,
            1..4 => chance.below(20_001),
            4..7 => chance.below(600_000),
            _ => chance.below(90_000_000),
        };
        self.at += waited;
        match chance.below(40) {
            0..20 => self.talk(queue, waited, chance),
            20..30 => self.end(Outcome::Abandoned, EndedBy::Caller),
            30..33 => {
                self.leave(queue, LeftQueue::Waited, Some("busy"));
                self.step("busy");
                self.at += chance.below(20_000);
                match others.split_first() {
                    Some((next, others)) => self.stand(next, others, chance),
                    None => self.end(Outcome::LeftInDialplan, EndedBy::Caller),
                }
            }
            33 => {
                self.step("elsewhere");
                self.end(Outcome::EndedByUs, EndedBy::Us);
            }
            34 => match others.split_first() {
                Some((next, others)) => self.stand(next, others, chance),
                None => self.end(Outcome::Abandoned, EndedBy::Caller),
            },
            35 => self.end(Outcome::EndedByUs, EndedBy::Us),
            36..38 => self.end(Outcome::EndedUnseen, EndedBy::Unseen),
            // Waits still.
            _ => {}
        }
    }
}

/// So many calls from the night before [`MIDNIGHT`] on; what happened, in order.
pub fn history(calls: u32, seed: u64) -> Vec<(Moment, Fact)> {
    let mut chance = Chance(seed);
    let mut told = Vec::new();
    for number in 1..=calls {
        let at = MIDNIGHT - 43_200_000 + chance.below(DAYS * 86_400_000);
        let mut story = Story { call: call(number), at, told: Vec::new() };
        story.tell(Fact::CallArrived {
            call: story.call,
            switch: SwitchName::new("pbx"),
            leg: LegId::new("in"),
            from: PhoneNumber::new("13800001111"),
            name: CallerName::new(""),
            to: PhoneNumber::new("100"),
            version: VersionHash::new("ab12"),
            found: false,
            promise: None,
        });
        match chance.below(12) {
            0 => story.end(Outcome::Refused, EndedBy::Us),
            1 => story.end(Outcome::LeftInDialplan, EndedBy::Caller),
            2 => story.end(Outcome::EndedByUs, EndedBy::Us),
            3 => story.stand("spare", &["sales", "spare"], &mut chance),
            _ => story.stand("sales", &["spare", "sales"], &mut chance),
        }
        told.extend(story.told);
    }
    told.sort_by_key(|(at, _)| *at);
    told.into_iter().map(|(at, fact)| (Moment::from_ms(at), fact)).collect()
}
