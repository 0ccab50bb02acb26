//! One centre's day in figures: added up once from the database, then counted on from every fact, so that they are as
//! live as the tiles beside them and add up at every moment:
//!
//! - of each queue: offered = answered + abandoned + moved on + ended otherwise + waiting. Who waited when the day began
//!   is among the offered.
//! - of the centre, of the calls that arrived in the day: asked for a person = answered + abandoned + ended otherwise +
//!   not answered yet.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::calendar::{Moment, Zone};
use crate::routing::Fact;
use crate::routing::fact::Outcome;
use crate::routing::ids::{CallId, QueueName};
use crate::store::today::{Became, Here, Today};

/// Stays of one queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stays {
    pub answered: u64,
    /// Of those answered: within the queue's target.
    pub in_target: u64,
    pub abandoned: u64,
    /// To another step or queue.
    pub moved: u64,
    /// By us, or unseen.
    pub otherwise: u64,
    pub waiting: u64,
}

impl Stays {
    /// All that came, and those who waited when the day began.
    pub const fn offered(self) -> u64 {
        self.over() + self.waiting
    }

    /// The service level's whole: of those who still wait nobody knows yet.
    pub const fn over(self) -> u64 {
        self.answered + self.abandoned + self.moved + self.otherwise
    }

    fn add(&mut self, became: Became, stays: u64, in_target: bool) {
        match became {
            Became::Answered => {
                self.answered += stays;
                self.in_target += if in_target { stays } else { 0 };
            }
            Became::Abandoned => self.abandoned += stays,
            Became::Moved => self.moved += stays,
            Became::Otherwise => self.otherwise += stays,
        }
    }
}

/// Calls of the centre.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    pub answered: u64,
    pub abandoned: u64,
    pub otherwise: u64,
    /// Asked for a person, and neither answered nor over.
    pub unanswered: u64,
}

impl Calls {
    pub const fn asked(self) -> u64 {
        self.answered + self.abandoned + self.otherwise + self.unanswered
    }
}

/// What a page shows of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    pub began: Moment,
    /// `None`: of this moment. Else the database was behind, and they are of then.
    pub as_of: Option<Moment>,
    pub calls: Calls,
    pub queues: BTreeMap<QueueName, Stays>,
}

impl Figures {
    /// Over all queues: answered within each one's target, and all whose stay is over.
    pub fn service_level(&self) -> (u64, u64) {
        self.queues.values().fold((0, 0), |(part, whole), stays| (part + stays.in_target, whole + stays.over()))
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    asked: bool,
    answered: bool,
}

/// A day has 23 to 25 hours where clocks are moved: 26 after its beginning the next one has begun, and lasts.
fn next(zone: &Zone, began: Moment) -> Moment {
    zone.day_began(began + Duration::from_secs(26 * 3600))
}

/// A day while it is counted.
#[derive(Clone, Debug)]
pub struct Day {
    zone: Zone,
    began: Moment,
    /// When the next one begins.
    ends: Moment,
    targets: BTreeMap<QueueName, Duration>,
    queues: BTreeMap<QueueName, Stays>,
    /// Who waits, where, and since when.
    stands: BTreeMap<CallId, (QueueName, Moment)>,
    /// Calls of this day that are not over.
    here: BTreeMap<CallId, Standing>,
    calls: Calls,
}

impl Day {
    /// From what the database knows.
    pub fn from(today: &Today, zone: Zone, now: Moment, targets: BTreeMap<QueueName, Duration>) -> Self {
        let began = zone.day_began(now);
        let mut day = Self {
            began,
            ends: next(&zone, began),
            zone,
            targets,
            queues: BTreeMap::new(),
            stands: BTreeMap::new(),
            here: BTreeMap::new(),
            calls: Calls::default(),
        };
        for left in &today.left {
            let in_target = day.is_in_target(&left.queue, left.waited);
            day.queues.entry(left.queue.clone()).or_default().add(left.became, left.stays, in_target);
        }
        for (call, queue, joined) in &today.stands {
            day.joined(*call, queue, *joined);
        }
        for (became, calls) in &today.over {
            match became {
                Became::Answered => day.calls.answered += calls,
                Became::Abandoned => day.calls.abandoned += calls,
                Became::Moved | Became::Otherwise => day.calls.otherwise += calls,
            }
        }
        for Here { call, asked, answered } in &today.here {
            day.calls.answered += u64::from(*answered);
            day.calls.unanswered += u64::from(*asked && !answered);
            day.here.insert(*call, Standing { asked: *asked, answered: *answered });
        }
        day
    }

    /// Rounded up to whole seconds, as the database counts.
    fn is_in_target(&self, queue: &QueueName, waited: Duration) -> bool {
        let waited = waited.as_millis().div_ceil(1000);
        self.targets.get(queue).is_some_and(|target| waited * 1000 <= target.as_millis())
    }

    fn joined(&mut self, call: CallId, queue: &QueueName, joined: Moment) {
        if self.stands.insert(call, (queue.clone(), joined)).is_none() {
            self.queues.entry(queue.clone()).or_default().waiting += 1;
        }
    }

    fn left(&mut self, call: CallId, at: Moment, became: Became) {
        let Some((queue, joined)) = self.stands.remove(&call) else { return };
        let in_target = self.is_in_target(&queue, at.since(joined));
        let stays = self.queues.entry(queue).or_default();
        stays.waiting = stays.waiting.saturating_sub(1);
        stays.add(became, 1, in_target);
    }

    /// A day that is over begins anew: who waits is carried over, and no call has arrived yet.
    pub fn roll(&mut self, now: Moment) {
        if now < self.ends {
            return;
        }
        self.began = self.zone.day_began(now);
        self.ends = next(&self.zone, self.began);
        self.calls = Calls::default();
        self.here.clear();
        self.queues.clear();
        for (queue, _) in self.stands.values() {
            self.queues.entry(queue.clone()).or_default().waiting += 1;
        }
    }

    /// One fact, in order, by the rules of the tables (`store/fill.rs`).
    pub fn hear(&mut self, at: Moment, fact: &Fact) {
        self.roll(at);
        match fact {
            // Who is called back was counted when they called.
            Fact::CallArrived { promise: Some(_), .. } | Fact::CallQueued { promise: Some(_), .. } => {}
            Fact::CallArrived { call, .. } if at >= self.began => {
                self.here.entry(*call).or_default();
            }
            Fact::CallQueued { call, queue, joined, .. } => {
                // A call that is found again says its queue again, and keeps its stay.
                if self.stands.get(call).is_none_or(|(stands, _)| stands != queue) {
                    self.left(*call, at, Became::Moved);
                    self.joined(*call, queue, *joined);
                }
                if let Some(here) = self.here.get_mut(call).filter(|here| !here.asked) {
                    here.asked = true;
                    self.calls.unanswered += 1;
                }
            }
            Fact::StepEntered { call, .. } | Fact::CallLeftQueue { call, .. } => self.left(*call, at, Became::Moved),
            Fact::CallConnected { call, .. } => {
                self.left(*call, at, Became::Answered);
                if let Some(here) = self.here.get_mut(call).filter(|here| !here.answered) {
                    here.answered = true;
                    self.calls.answered += 1;
                    self.calls.unanswered = self.calls.unanswered.saturating_sub(u64::from(here.asked));
                }
            }
            Fact::CallEnded { call, outcome, .. } => {
                let gave_up = *outcome == Outcome::Abandoned;
                self.left(*call, at, if gave_up { Became::Abandoned } else { Became::Otherwise });
                if self.here.remove(call).is_some_and(|here| here.asked && !here.answered) {
                    self.calls.unanswered = self.calls.unanswered.saturating_sub(1);
                    let count = if gave_up { &mut self.calls.abandoned } else { &mut self.calls.otherwise };
                    *count += 1;
                }
            }
            Fact::CallArrived { .. }
            | Fact::ControllerStarted { .. }
            | Fact::VersionPublished { .. }
            | Fact::Keyed { .. }
            | Fact::QueuesLent { .. }
            | Fact::LoanEnded { .. }
            | Fact::EmergencySwitchedOn { .. }
            | Fact::EmergencySwitchedOff { .. }
            | Fact::EmergencyHeard { .. }
            | Fact::TransferBegan { .. }
            | Fact::TransferAnswered { .. }
            | Fact::TransferConnected { .. }
            | Fact::TransferFailed { .. }
            | Fact::OfferMade { .. }
            | Fact::OfferRang { .. }
            | Fact::PickUpAsked { .. }
            | Fact::KeypadUsed { .. }
            | Fact::OfferPickedUp { .. }
            | Fact::CallerKnown { .. }
            | Fact::PickUpFailed { .. }
            | Fact::CallHeld { .. }
            | Fact::CallPassed { .. }
            | Fact::CallRetrieved { .. }
            | Fact::AgentAssigned { .. }
            | Fact::HeldLineChanged { .. }
            | Fact::OfferAnswered { .. }
            | Fact::OfferEnded { .. }
            | Fact::CallHungUp { .. }
            | Fact::CallEndAsked { .. }
            | Fact::Dialled { .. }
            | Fact::DialAgentAnswered { .. }
            | Fact::DialAnswered { .. }
            | Fact::DialConnected { .. }
            | Fact::DialEnded { .. }
            | Fact::PromiseMade { .. }
            | Fact::PromiseAgain { .. }
            | Fact::CustomerRung { .. }
            | Fact::CustomerNotReached { .. }
            | Fact::CallBackRefused { .. }
            | Fact::PromiseWaits { .. }
            | Fact::PromiseRests { .. }
            | Fact::PromiseKept { .. }
            | Fact::PromiseBroken { .. }
            | Fact::AgentLoggedIn { .. }
            | Fact::AgentLoggedOut { .. }
            | Fact::AgentChanged { .. }
            | Fact::AgentDisposed { .. }
            | Fact::LinkChanged { .. }
            | Fact::Healed { .. }
            | Fact::WallClockStepped { .. } => {}
        }
    }

    pub fn figures(&self, as_of: Option<Moment>) -> Figures {
        Figures { began: self.began, as_of, calls: self.calls, queues: self.queues.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::fact::EndedBy;
    use crate::routing::ids::{AgentName, CallerName, Epoch, LegId, PhoneNumber, StepName, SwitchName, VersionHash};

    const DAY: i64 = 86_400_000;

    fn at(seconds: i64) -> Moment {
        Moment::from_ms(10 * DAY + seconds * 1000)
    }

    fn call(number: u32) -> CallId {
        CallId { epoch: Epoch(1), number }
    }

    fn queue(name: &str) -> QueueName {
        QueueName::new(name)
    }

    fn day() -> Day {
        let targets = [(queue("a"), Duration::from_secs(20)), (queue("b"), Duration::from_secs(20))];
        Day::from(&Today::default(), Zone::UTC, at(5), targets.into())
    }

    fn arrived(number: u32) -> Fact {
        Fact::CallArrived {
            call: call(number),
            switch: SwitchName::new("s"),
            leg: LegId::new("l"),
            from: PhoneNumber::new("1"),
            name: CallerName::new(""),
            to: PhoneNumber::new("2"),
            version: VersionHash::new("v"),
            found: false,
            promise: None,
        }
    }

    fn queued(number: u32, name: &str, joined: Moment) -> Fact {
        Fact::CallQueued {
            call: call(number),
            queue: queue(name),
            joined,
            credit: Duration::ZERO,
            needs: Vec::new(),
            prefer: vec![],
            agents: vec![],
            step: StepName::new("s"),
            language: "en".into(),
            promise: None,
        }
    }

    fn connected(number: u32) -> Fact {
        Fact::CallConnected {
            call: call(number),
            agent: AgentName::new("mira"),
            leg: LegId::new("l"),
            queue: queue("a"),
            waited: Duration::ZERO,
        }
    }

    fn ended(number: u32, outcome: Outcome) -> Fact {
        Fact::CallEnded { call: call(number), outcome, by: EndedBy::Caller }
    }

    fn adds_up(figures: &Figures) {
        for stays in figures.queues.values() {
            let parts = stays.answered + stays.abandoned + stays.moved + stays.otherwise + stays.waiting;
            assert_eq!(stays.offered(), parts);
        }
        let calls = figures.calls;
        assert_eq!(calls.asked(), calls.answered + calls.abandoned + calls.otherwise + calls.unanswered);
    }

    #[test]
    fn every_call_is_counted_once_whatever_becomes_of_it() {
        let mut day = day();
        for number in 1..=4 {
            day.hear(at(10), &arrived(number));
            day.hear(at(11), &queued(number, "a", at(11)));
            // Said again after a restart.
            day.hear(at(12), &queued(number, "a", at(11)));
        }
        day.hear(at(31), &connected(1));
        day.hear(at(32), &connected(2));
        day.hear(at(33), &ended(1, Outcome::Answered));
        day.hear(at(34), &ended(3, Outcome::Abandoned));
        day.hear(at(35), &queued(4, "b", at(35)));
        day.hear(at(36), &arrived(5));
        day.hear(at(37), &ended(5, Outcome::LeftInDialplan));
        let figures = day.figures(None);
        adds_up(&figures);
        let a = Stays { answered: 2, in_target: 1, abandoned: 1, moved: 1, otherwise: 0, waiting: 0 };
        assert_eq!(figures.queues[&queue("a")], a, "20 s is within 20 s, 21 s is not");
        assert_eq!(figures.queues[&queue("b")], Stays { waiting: 1, ..Stays::default() });
        assert_eq!(figures.calls, Calls { answered: 2, abandoned: 1, otherwise: 0, unanswered: 1 });
        assert_eq!(figures.service_level(), (1, 4));
    }

    #[test]
    fn who_waits_at_midnight_is_carried_over_and_counts_once() {
        let mut day = day();
        day.hear(at(10), &arrived(1));
        day.hear(at(11), &queued(1, "a", at(11)));
        day.hear(at(86_400 + 1), &arrived(2));
        let figures = day.figures(None);
        assert_eq!((figures.began, figures.calls), (Moment::from_ms(11 * DAY), Calls::default()));
        assert_eq!(figures.queues[&queue("a")].offered(), 1);
        day.hear(at(86_400 + 2), &ended(1, Outcome::Abandoned));
        day.hear(at(86_400 + 3), &queued(2, "a", at(86_400 + 3)));
        let figures = day.figures(None);
        adds_up(&figures);
        assert_eq!(figures.calls, Calls { unanswered: 1, ..Calls::default() }, "call 1 was of the day before");
        assert_eq!(figures.queues[&queue("a")], Stays { abandoned: 1, waiting: 1, ..Stays::default() });
    }
}
