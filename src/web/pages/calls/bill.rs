//! The bill of seconds: where a call's time went. Its parts are cut at the facts, one after the other, so that they add up
//! to the length of the call; in whole seconds too.

use std::time::Duration;

use crate::calendar::Moment;
use crate::routing::Fact;
use crate::web::pages::story::Told;

/// What a caller did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    Menu,
    Waiting,
    /// A phone rang for them, or was being joined to theirs.
    Ringing,
    Talking,
    Hold,
}

impl Part {
    pub const ALL: [Part; 5] = [Part::Menu, Part::Waiting, Part::Ringing, Part::Talking, Part::Hold];
}

/// One stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    pub part: Part,
    pub from: Moment,
    pub to: Moment,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bill {
    /// Without gaps, from the arrival to the end, or to now.
    pub stretches: Vec<Stretch>,
}

/// How the stages of a call follow each other.
struct Meter {
    bill: Bill,
    part: Part,
    since: Moment,
    offers: u32,
    in_queue: bool,
}

impl Meter {
    /// Facts of one moment leave nothing between them, and a clock set back takes nothing away.
    fn turn(&mut self, at: Moment, part: Part) {
        let at = at.max(self.since);
        if at > self.since {
            match self.bill.stretches.last_mut().filter(|last| last.part == self.part) {
                Some(last) => last.to = at,
                None => self.bill.stretches.push(Stretch { part: self.part, from: self.since, to: at }),
            }
        }
        (self.part, self.since) = (part, at);
    }

    fn waiting(&mut self, at: Moment) {
        let part = match (self.in_queue, self.offers) {
            (true, 0) => Part::Waiting,
            // Of who was passed on to one agent, in no queue.
            (_, 1..) => Part::Ringing,
            (false, 0) => Part::Menu,
        };
        self.turn(at, part);
    }

    fn hear(&mut self, at: Moment, fact: &Fact) {
        match fact {
            Fact::CallQueued { .. } => {
                self.in_queue = true;
                self.waiting(at);
            }
            Fact::CallLeftQueue { .. } | Fact::StepEntered { .. } => {
                self.in_queue = false;
                self.waiting(at);
            }
            Fact::OfferMade { .. } => {
                self.offers += 1;
                self.waiting(at);
            }
            Fact::OfferEnded { .. } => {
                self.offers = self.offers.saturating_sub(1);
                // The one that was answered ends in a conversation.
                if self.part == Part::Ringing {
                    self.waiting(at);
                }
            }
            Fact::CallConnected { .. } => {
                self.in_queue = false;
                self.turn(at, Part::Talking);
            }
            Fact::Dialled { .. } | Fact::TransferBegan { .. } => self.turn(at, Part::Ringing),
            Fact::TransferFailed { .. } => self.turn(at, Part::Menu),
            Fact::DialConnected { .. } | Fact::TransferConnected { .. } => self.turn(at, Part::Talking),
            Fact::CallHeld { .. } => self.turn(at, Part::Hold),
            // What follows at the same moment says more.
            Fact::CallPassed { .. } => {
                self.in_queue = false;
                self.waiting(at);
            }
            // Late where the conversation has ended meanwhile.
            Fact::CallRetrieved { .. } if self.part == Part::Hold => self.turn(at, Part::Talking),
            Fact::CallRetrieved { .. }
            | Fact::ControllerStarted { .. }
            | Fact::VersionPublished { .. }
            | Fact::CallArrived { .. }
            | Fact::Keyed { .. }
            | Fact::OfferRang { .. }
            | Fact::PickUpAsked { .. }
            | Fact::KeypadUsed { .. }
            | Fact::OfferPickedUp { .. }
            | Fact::CallerKnown { .. }
            | Fact::PickUpFailed { .. }
            | Fact::AgentAssigned { .. }
            | Fact::HeldLineChanged { .. }
            | Fact::OfferAnswered { .. }
            | Fact::CallHungUp { .. }
            | Fact::CallEnded { .. }
            | Fact::CallEndAsked { .. }
            | Fact::DialAgentAnswered { .. }
            | Fact::DialAnswered { .. }
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
            | Fact::QueuesLent { .. }
            | Fact::LoanEnded { .. }
            | Fact::AgentDisposed { .. }
            | Fact::EmergencySwitchedOn { .. }
            | Fact::EmergencySwitchedOff { .. }
            | Fact::EmergencyHeard { .. }
            | Fact::TransferAnswered { .. }
            | Fact::LinkChanged { .. }
            | Fact::Healed { .. }
            | Fact::WallClockStepped { .. } => {}
        }
    }
}

impl Bill {
    pub fn of(story: &[Told], now: Moment) -> Self {
        let Some(first) = story.first() else { return Self::default() };
        let mut meter = Meter { bill: Bill::default(), part: Part::Menu, since: first.at, offers: 0, in_queue: false };
        let ends = |told: &&Told| matches!(told.fact, Fact::CallEnded { .. } | Fact::DialEnded { .. });
        let over = story.iter().find(ends);
        for Told { at, fact } in story.iter().take_while(|told| !ends(told)) {
            meter.hear(*at, fact);
        }
        let last = meter.part;
        meter.turn(over.map_or(now, |over| over.at), last);
        meter.bill
    }

    pub fn length(&self) -> Duration {
        self.stretches.iter().map(|stretch| stretch.to.since(stretch.from)).sum()
    }

    /// Whole seconds of each part. Together they are the call's whole seconds: what rounding leaves over goes to the parts
    /// that lost most by it.
    pub fn seconds(&self) -> Vec<(Part, u64)> {
        let mut parts: Vec<(Part, u128)> = Part::ALL
            .into_iter()
            .map(|part| {
                let mine = self.stretches.iter().filter(|stretch| stretch.part == part);
                (part, mine.map(|stretch| stretch.to.since(stretch.from).as_millis()).sum())
            })
            .filter(|(_, ms)| *ms > 0)
            .collect();
        let whole = self.length().as_millis() / 1000;
        let mut left = whole - parts.iter().map(|(_, ms)| ms / 1000).sum::<u128>();
        let mut by_loss: Vec<usize> = (0..parts.len()).collect();
        by_loss.sort_by_key(|n| std::cmp::Reverse(parts.get(*n).map(|(_, ms)| ms % 1000)));
        for n in by_loss {
            if let Some((_, ms)) = parts.get_mut(n) {
                let more = left.min(1);
                *ms = *ms / 1000 + more;
                left -= more;
            }
        }
        parts.into_iter().map(|(part, seconds)| (part, u64::try_from(seconds).unwrap_or(u64::MAX))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::fact::{EndedBy, OfferEnd, Outcome, Reasons};
    use crate::routing::ids::*;

    fn at(ms: i64) -> Moment {
        Moment::from_ms(1_000_000 + ms)
    }

    fn story() -> Vec<Told> {
        let call = CallId { epoch: Epoch(1), number: 1 };
        let (offer, agent, queue) =
            (OfferId { epoch: Epoch(1), number: 1 }, AgentName::new("mira"), QueueName::new("desk"));
        let (leg, switch) = (LegId::new("l"), SwitchName::new("s"));
        let facts = [
            (0, Fact::StepEntered { call, step: StepName::new("main"), language: "en".into() }),
            (
                2_600,
                Fact::CallQueued {
                    call,
                    queue: queue.clone(),
                    joined: at(2_600),
                    credit: Duration::ZERO,
                    needs: Vec::new(),
                    prefer: vec![],
                    agents: vec![],
                    step: StepName::new("main"),
                    language: "en".into(),
                    promise: None,
                },
            ),
            (
                5_200,
                Fact::OfferMade {
                    offer,
                    call,
                    agent: agent.clone(),
                    switch,
                    leg: leg.clone(),
                    queue: queue.clone(),
                    until: at(20_000),
                    reasons: Reasons::default(),
                },
            ),
            (7_800, Fact::OfferEnded { offer, call, agent: agent.clone(), how: OfferEnd::Connected }),
            (
                7_800,
                Fact::CallConnected { call, agent: agent.clone(), leg, queue, waited: Duration::from_millis(5_200) },
            ),
            (10_000, Fact::CallHeld { call, agent: agent.clone(), by: agent.clone() }),
            (12_000, Fact::CallRetrieved { call, agent: agent.clone(), by: Some(agent) }),
            (17_999, Fact::CallEnded { call, outcome: Outcome::Answered, by: EndedBy::Caller }),
        ];
        facts.into_iter().map(|(ms, fact)| Told { at: at(ms), fact }).collect()
    }

    #[test]
    fn the_parts_add_up_to_the_length_of_the_call_in_whole_seconds_too() {
        let bill = Bill::of(&story(), at(99_000));
        assert_eq!(bill.length(), Duration::from_millis(17_999));
        assert!(bill.stretches.windows(2).all(|two| two[0].to == two[1].from), "{bill:?}");
        let seconds = bill.seconds();
        let parts: Vec<Part> = seconds.iter().map(|(part, _)| *part).collect();
        assert_eq!(parts, Part::ALL);
        assert_eq!(seconds.iter().map(|(_, seconds)| seconds).sum::<u64>(), 17);
    }

    #[test]
    fn a_call_that_goes_on_is_counted_to_now_and_a_clock_set_back_takes_nothing_away() {
        let mut story = story();
        story.pop();
        assert_eq!(Bill::of(&story, at(20_000)).length(), Duration::from_secs(20));
        assert_eq!(Bill::of(&story, at(1)).length(), Duration::from_secs(12));
        assert_eq!(Bill::of(&[], at(1)), Bill::default());
    }
}
