//! A call's facts in words, one line each, for whoever looks.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fluent_templates::fluent_bundle::FluentValue;

use super::list::{outcome_class, outcome_word};
use crate::calendar::{Moment, Zone};
use crate::dialplan::AgentWish;
use crate::routing::dial::{DialEnd, DialEndedBy};
use crate::routing::fact::{EndedBy, LeftQueue, OfferEnd, Outcome, Reasons, Rule, TransferFailure};
use crate::routing::ids::{AgentName, OfferId};
use crate::routing::preference::KnownAs;
use crate::routing::promise::{Back, Broken, NotPromised, PromisedBy};
use crate::routing::queue::Need;
use crate::routing::{Fact, PassedTo};
use crate::web::pages::author::author;
use crate::web::pages::story::Told;
use crate::web::pages::words::{Words, clock, language_name};

/// One line of the story.
pub struct Line {
    pub at: Moment,
    pub time: String,
    /// Since the call arrived.
    pub after: String,
    /// The class of its mark.
    pub mark: &'static str,
    pub text: String,
    /// What else is known of it.
    pub details: Vec<String>,
    /// What was keyed.
    pub keys: Option<String>,
}

/// Who tells it, and to whom.
pub struct Teller<'s> {
    pub t: Words,
    pub zone: &'s Zone,
    pub names: &'s Arc<BTreeMap<AgentName, String>>,
    pub arrived: Moment,
    /// Nothing is known of who called any more.
    pub erased: bool,
    /// Whose phones rang, of a call for which several rang at once.
    pub rung: BTreeMap<OfferId, AgentName>,
}

/// Whose phones rang, where several rang at once: of one alone the line before says it.
pub fn rung_together<'f>(facts: impl Iterator<Item = &'f Fact>) -> BTreeMap<OfferId, AgentName> {
    let mut together = false;
    let rung = facts.filter_map(|fact| {
        let Fact::OfferMade { offer, agent, reasons, .. } = fact else { return None };
        together |= reasons.others > 0;
        Some((*offer, agent.clone()))
    });
    let rung = rung.collect();
    if together { rung } else { BTreeMap::new() }
}

fn time(time: Duration) -> String {
    clock(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

/// What a fact comes to: mark, text, details, keys.
struct Said {
    mark: &'static str,
    text: String,
    details: Vec<String>,
    keys: Option<String>,
}

fn plain(mark: &'static str, text: String) -> Said {
    Said { mark, text, details: Vec::new(), keys: None }
}

impl Teller<'_> {
    /// One fact; `None` for what is no part of a call's story.
    pub fn tell(&self, told: &Told) -> Option<Line> {
        let Said { mark, text, details, keys } = self.words(&told.fact)?;
        Some(self.line(told.at, mark, text, details, keys))
    }

    pub fn line(
        &self,
        at: Moment,
        mark: &'static str,
        text: String,
        details: Vec<String>,
        keys: Option<String>,
    ) -> Line {
        Line { at, time: self.zone.second(at), after: time(at.since(self.arrived)), mark, text, details, keys }
    }

    fn agent(&self, agent: &AgentName) -> String {
        author(self.t, self.names, agent)
    }

    fn words(&self, fact: &Fact) -> Option<Said> {
        let t = self.t;
        Some(match fact {
            Fact::CallArrived { promise: Some(promise), .. } => {
                plain("talking", t.with("story-customer-picked-up", "promise", promise))
            }
            Fact::CustomerRung { reach, reasons, .. } => {
                let mut details = vec![t.with("story-dialled-for", "promise", reach.promise)];
                details.extend(self.reasons(reasons));
                let text = t.with("story-customer-rung", "agent", self.agent(&reach.agent));
                Said { mark: "ringing", text, details, keys: None }
            }
            Fact::CustomerNotReached { how, .. } => {
                let details = vec![t.say(dial_word(*how))];
                Said { mark: "missed", text: t.say("story-customer-not-reached"), details, keys: None }
            }
            Fact::CallArrived { from, to, found, .. } => {
                let from = if self.erased { t.say("calls-erased") } else { from.to_string() };
                let text = if *found { "story-found" } else { "story-arrived" };
                plain("away", t.with_two(text, "from", from, "to", to))
            }
            Fact::StepEntered { step, language, .. } => {
                let language = language.parse().map_or_else(|_| language.clone(), |known| language_name(t, known));
                plain("menu", t.with_two("story-step", "step", step, "language", language))
            }
            Fact::Keyed { step, into, keys, .. } => {
                let details = into.iter().map(|into| t.with("story-keyed-into", "into", into)).collect();
                let keys = if keys.is_empty() { t.say("calls-erased") } else { keys.clone() };
                let text = t.with("story-keyed", "step", step);
                Said { mark: "menu", text, details, keys: Some(keys) }
            }
            Fact::CallQueued { queue, joined, credit, needs, .. } => {
                let details = self.place(*joined, *credit, needs);
                Said { mark: "wrapup", text: t.with("story-queued", "queue", queue), details, keys: None }
            }
            Fact::CallLeftQueue { queue, why, to, .. } => {
                let Some(to) = to else { return Some(plain("missed", t.with("story-left-nowhere", "queue", queue))) };
                let text = match why {
                    LeftQueue::Waited => t.with_two("story-left-waited", "queue", queue, "to", to),
                    LeftQueue::Full => t.with_two("story-left-full", "queue", queue, "to", to),
                    LeftQueue::NobodyLoggedIn => t.with_two("story-left-nobody", "queue", queue, "to", to),
                    LeftQueue::Deserted => t.with_two("story-left-deserted", "queue", queue, "to", to),
                    LeftQueue::Closed => t.with_two("story-left-closed", "queue", queue, "to", to),
                    LeftQueue::ClosedMeanwhile => t.with_two("story-left-closing", "queue", queue, "to", to),
                    LeftQueue::CallBack => t.with_two("story-left-call-back", "queue", queue, "to", to),
                };
                plain("menu", text)
            }
            Fact::OfferMade { agent, queue, reasons, .. } => {
                let text = t.with_two("story-offer", "agent", self.agent(agent), "queue", queue);
                Said { mark: "ringing", text, details: self.reasons(reasons), keys: None }
            }
            Fact::OfferRang { offer, .. } => plain("ringing", self.of_phone(*offer, "story-rang-of", "story-rang")),
            Fact::CallerKnown { agents, .. } => {
                let known = agents
                    .iter()
                    .map(|(known_as, agent)| format!("{} ({})", self.agent(agent), self.known_as(known_as)));
                plain("queue", t.with("story-knows", "agents", known.collect::<Vec<_>>().join(" · ")))
            }
            Fact::PickUpAsked { by, .. } => plain("ringing", t.with("story-pick-up-asked", "by", self.agent(by))),
            Fact::PickUpFailed { .. } => plain("ringing", t.say("story-pick-up-failed")),
            Fact::KeypadUsed { wish, pin, .. } => plain(
                "menu",
                match wish {
                    AgentWish::LogIn | AgentWish::LogInByPin { .. } if *pin => t.say("story-keypad-pin"),
                    AgentWish::LogIn | AgentWish::LogInByPin { .. } => t.say("story-keypad-log-in"),
                    AgentWish::LogOut => t.say("story-keypad-log-out"),
                    AgentWish::Ready => t.say("story-keypad-ready"),
                    AgentWish::Break(reason) => t.with("story-keypad-break", "reason", reason),
                },
            ),
            Fact::OfferPickedUp { agent, .. } => {
                plain("ringing", t.with("story-picked-up-outside", "agent", self.agent(agent)))
            }
            Fact::OfferAnswered { offer, .. } => {
                plain("ringing", self.of_phone(*offer, "story-picked-up-by", "story-picked-up"))
            }
            // Told by the conversation that it became.
            Fact::OfferEnded { how: OfferEnd::Connected, .. } => return None,
            Fact::OfferEnded { agent, how: how @ OfferEnd::AnsweredElsewhere, .. } => {
                plain("away", t.with(offer_word(*how), "agent", self.agent(agent)))
            }
            Fact::OfferEnded { agent, how, .. } => {
                plain("missed", t.with(offer_word(*how), "agent", self.agent(agent)))
            }
            Fact::CallConnected { agent, waited, .. } => {
                plain("talking", t.with_two("story-connected", "agent", self.agent(agent), "waited", time(*waited)))
            }
            Fact::CallPassed { agent, to, by, .. } => {
                let (word, whom) = match to {
                    PassedTo::Agent(to) => ("story-passed-to-agent", self.agent(to)),
                    PassedTo::Queue(queue) => ("story-passed-to-queue", queue.to_string()),
                    PassedTo::Step(step) => ("story-passed-to-step", step.to_string()),
                    PassedTo::Number(_) if self.erased => ("story-passed-to-number", t.say("calls-erased")),
                    PassedTo::Number(number) => ("story-passed-to-number", number.to_string()),
                };
                let details =
                    if by == agent { Vec::new() } else { vec![t.with("story-passed-by", "by", self.agent(by))] };
                Said {
                    mark: "away",
                    text: t.with_two(word, "agent", self.agent(agent), "to", whom),
                    details,
                    keys: None,
                }
            }
            Fact::CallHeld { agent, .. } => plain("held", t.with("story-held", "agent", self.agent(agent))),
            Fact::CallRetrieved { agent, .. } => {
                plain("talking", t.with("story-retrieved", "agent", self.agent(agent)))
            }
            Fact::CallEndAsked { agent, by, why, .. } => {
                let details = why.iter().map(|why| why.as_str().to_owned()).collect();
                let text = t.with_two("story-end-asked", "agent", self.agent(agent), "by", self.agent(by));
                Said { mark: "away", text, details, keys: None }
            }
            Fact::CallHungUp { .. } => plain("away", t.say("story-hung-up")),
            Fact::CallEnded { outcome, by, .. } => plain(outcome_class(*outcome), self.end(*outcome, by)),
            Fact::Dialled { agent, number, by, promise, reasons, .. } => {
                let number = if self.erased { t.say("calls-erased") } else { number.to_string() };
                let mut details =
                    if by == agent { Vec::new() } else { vec![t.with("story-dialled-by", "by", self.agent(by))] };
                details.extend(promise.map(|promise| t.with("story-dialled-for", "promise", promise)));
                details.extend(reasons.iter().flat_map(|reasons| self.reasons(reasons)));
                let text = t.with_two("story-dialled", "agent", self.agent(agent), "number", number);
                Said { mark: "ringing", text, details, keys: None }
            }
            Fact::PromiseMade { number, queue, joined, credit, needs, wishes, due, by, of_call, .. } => {
                let number = if self.erased { t.say("calls-erased") } else { number.to_string() };
                let mut details = Vec::from_iter(match by {
                    PromisedBy::Caller => None,
                    PromisedBy::Person(by) => Some(t.with("story-promise-by", "by", self.agent(by))),
                });
                details.extend(self.place(*joined, *credit, needs));
                details.extend(wishes.iter().map(|wish| {
                    t.with_two("story-promise-wished", "agent", self.agent(&wish.agent), "time", time(wish.within))
                }));
                details.extend(due.map(|due| t.with("story-promise-due", "at", self.zone.second(due))));
                details.extend(of_call.map(|call| t.with("story-promise-of", "call", call)));
                let text = t.with_two("story-promise", "number", number, "queue", queue);
                Said { mark: "wrapup", text, details, keys: None }
            }
            Fact::PromiseAgain { call, number: Some(_), .. } => {
                plain("wrapup", t.with("story-promise-elsewhere", "call", call))
            }
            Fact::PromiseAgain { call, .. } => plain("wrapup", t.with("story-promise-again", "call", call)),
            Fact::CallBackRefused { queue, why, .. } => {
                plain("missed", t.with_two("story-not-promised", "queue", queue, "why", t.say(not_promised_word(*why))))
            }
            Fact::PromiseWaits { why, .. } => {
                let (text, details) = match why {
                    Back::Due => ("story-promise-due-now", Vec::new()),
                    Back::Rested => ("story-promise-rested", Vec::new()),
                    Back::After(how) => ("story-promise-back", vec![t.say(dial_word(*how))]),
                };
                Said { mark: "wrapup", text: t.say(text), details, keys: None }
            }
            Fact::PromiseRests { until, tries, after, .. } => {
                let details =
                    vec![t.say(dial_word(*after)), t.with("story-promise-again-at", "at", self.zone.second(*until))];
                Said { mark: "missed", text: t.with("story-promise-try", "n", tries), details, keys: None }
            }
            Fact::PromiseKept { agent, waited, dial, .. } => {
                let text = t.with_two("story-promise-kept", "agent", self.agent(agent), "waited", time(*waited));
                Said { mark: "idle", text, details: vec![t.with("story-promise-dial", "call", dial)], keys: None }
            }
            Fact::PromiseBroken { why, by, .. } => {
                let details = by.iter().map(|by| t.with("story-promise-broken-by", "by", self.agent(by))).collect();
                Said { mark: "missed", text: t.say(broken_word(*why)), details, keys: None }
            }
            Fact::DialAgentAnswered { agent, .. } => {
                plain("ringing", t.with("story-dial-agent-answered", "agent", self.agent(agent)))
            }
            Fact::DialAnswered { .. } => plain("ringing", t.say("story-dial-answered")),
            Fact::DialConnected { agent, .. } => {
                plain("talking", t.with("story-dial-connected", "agent", self.agent(agent)))
            }
            Fact::DialEnded { how, by, .. } => plain(
                dial_class(Some(*how)),
                t.with_two("story-dial-ended", "outcome", t.say(dial_word(*how)), "by", t.say(dial_by_word(*by))),
            ),
            Fact::TransferBegan { number, .. } => plain("ringing", t.with("story-transfer", "number", number)),
            Fact::TransferAnswered { .. } => plain("ringing", t.say("story-dial-answered")),
            Fact::TransferConnected { .. } => plain("talking", t.say("story-transfer-connected")),
            Fact::TransferFailed { how, to, .. } => {
                let details = to.iter().map(|to| t.with("story-transfer-to", "to", to)).collect();
                Said { mark: "missed", text: t.say(transfer_word(*how)), details, keys: None }
            }
            Fact::EmergencyHeard { message, heard: true, .. } => {
                plain("missed", t.with("story-emergency", "message", message))
            }
            Fact::EmergencyHeard { message, heard: false, .. } => {
                plain("missed", t.with("story-emergency-not-played", "message", message))
            }
            // The core's own words: for an admin, who reads them in the log too.
            Fact::Healed { what, .. } => plain("missed", t.with("story-healed", "what", what)),
            Fact::AgentAssigned { .. }
            | Fact::ControllerStarted { .. }
            | Fact::VersionPublished { .. }
            | Fact::AgentLoggedIn { .. }
            | Fact::HeldLineChanged { .. }
            | Fact::AgentLoggedOut { .. }
            | Fact::AgentDisposed { .. }
            | Fact::AgentChanged { .. }
            | Fact::QueuesLent { .. }
            | Fact::LoanEnded { .. }
            | Fact::EmergencySwitchedOn { .. }
            | Fact::EmergencySwitchedOff { .. }
            | Fact::LinkChanged { .. }
            | Fact::WallClockStepped { .. } => return None,
        })
    }

    fn place(&self, joined: Moment, credit: Duration, needs: &[Need]) -> Vec<String> {
        let t = self.t;
        let mut details = vec![t.with("story-place-since", "at", self.zone.second(joined))];
        if !credit.is_zero() {
            details.push(t.with("story-credit", "time", time(credit)));
        }
        if !needs.is_empty() {
            let needs: Vec<String> = needs.iter().map(|need| format!("{} ≥ {}", need.skill, need.level)).collect();
            details.push(t.with("story-needs", "needs", needs.join(", ")));
        }
        details
    }

    fn known_as(&self, known_as: &KnownAs) -> String {
        match known_as {
            KnownAs::LastAgent => self.t.say("known-last-agent"),
            KnownAs::CaseOwner => self.t.say("known-case-owner"),
            KnownAs::Customer(field) => field.clone(),
        }
    }

    /// Why this agent, and not another.
    fn reasons(&self, reasons: &Reasons) -> Vec<String> {
        let t = self.t;
        let counts = t.put(
            "story-counts",
            [
                ("in", FluentValue::from(reasons.logged_in)),
                ("busy", FluentValue::from(reasons.not_free)),
                ("lacking", FluentValue::from(reasons.lacking_skill)),
                ("waiting", FluentValue::from(reasons.waiting)),
            ],
        );
        let rule = match reasons.rule {
            Rule::LongestIdle => t.say("story-rule-idle"),
            Rule::FirstInQueue => t.say("story-rule-first"),
            Rule::FewestCalls => t.say("story-rule-fewest"),
            Rule::LeastTalkTime => t.say("story-rule-least"),
            Rule::MostSkilled => t.say("story-rule-skilled"),
            Rule::RoundRobin => t.say("story-rule-round"),
            Rule::FixedOrder => t.say("story-rule-order"),
            Rule::WeightedRandom => t.say("story-rule-lot"),
            Rule::Preferred => t.say("story-rule-preferred"),
            Rule::RingSeveral => t.say("story-rule-several"),
            Rule::RingAll => t.say("story-rule-all"),
            Rule::PassedOn => t.say("story-rule-passed"),
        };
        // Nobody was chosen from among others.
        if reasons.rule == Rule::PassedOn {
            return vec![rule];
        }
        let mut details = vec![counts, rule];
        details.extend(self.together(reasons));
        if !reasons.needs.is_empty() {
            let needs: Vec<String> =
                reasons.needs.iter().map(|need| format!("{} {}", need.skill, need.level)).collect();
            details.push(t.with("story-needed", "needs", needs.join(" · ")));
        }
        if !reasons.candidates.is_empty() {
            let first: Vec<String> = reasons
                .candidates
                .iter()
                .map(|(agent, idle)| format!("{} {}", self.agent(agent), time(*idle)))
                .collect();
            details.push(t.with("story-candidates", "who", first.join(" · ")));
        }
        details
    }

    /// Who was rung for the same call already.
    fn together(&self, reasons: &Reasons) -> Option<String> {
        if reasons.others == 0 {
            return None;
        }
        let named: Vec<String> = reasons.together.iter().map(|agent| self.agent(agent)).collect();
        let (more, who) = ((reasons.others as usize).saturating_sub(named.len()), named.join(" · "));
        let (who, more) = (FluentValue::from(who), FluentValue::from(more));
        Some(self.t.put("story-together", [("who", who), ("more", more)]))
    }

    /// What a phone did: whose, where several ring.
    fn of_phone(&self, offer: OfferId, of: &'static str, alone: &'static str) -> String {
        match self.rung.get(&offer) {
            Some(agent) => self.t.with(of, "agent", self.agent(agent)),
            None => self.t.say(alone),
        }
    }

    fn end(&self, outcome: Outcome, by: &EndedBy) -> String {
        let t = self.t;
        let outcome = t.say(outcome_word(outcome));
        match by {
            EndedBy::Caller => t.with("story-ended-caller", "outcome", outcome),
            EndedBy::Agent(agent) => t.with_two("story-ended-agent", "outcome", outcome, "agent", self.agent(agent)),
            EndedBy::Number => t.with("story-ended-number", "outcome", outcome),
            EndedBy::Us => t.with("story-ended-us", "outcome", outcome),
            EndedBy::Unseen => t.with("story-ended-unseen", "outcome", outcome),
        }
    }
}

/// The class of a dial's end, or of one that goes on.
pub const fn dial_class(how: Option<DialEnd>) -> &'static str {
    match how {
        None => "talking",
        Some(DialEnd::Answered) => "idle",
        Some(
            DialEnd::Busy
            | DialEnd::NoAnswer
            | DialEnd::Refused
            | DialEnd::Unreachable
            | DialEnd::AgentNotReached
            | DialEnd::GivenUp
            | DialEnd::Unseen,
        ) => "missed",
    }
}

pub const fn dial_word(how: DialEnd) -> &'static str {
    match how {
        DialEnd::Answered => "dial-answered",
        DialEnd::Busy => "dial-busy",
        DialEnd::NoAnswer => "dial-no-answer",
        DialEnd::Refused => "dial-refused",
        DialEnd::Unreachable => "dial-unreachable",
        DialEnd::AgentNotReached => "dial-agent-not-reached",
        DialEnd::GivenUp => "dial-given-up",
        DialEnd::Unseen => "dial-unseen",
    }
}

pub const fn broken_word(why: Broken) -> &'static str {
    match why {
        Broken::Cancelled => "promise-cancelled",
        Broken::NotReached => "promise-not-reached",
        Broken::CameBack => "promise-came-back",
        Broken::Expired => "promise-expired",
    }
}

const fn not_promised_word(why: NotPromised) -> &'static str {
    match why {
        NotPromised::NoNumber => "not-promised-no-number",
        NotPromised::NotAllowed => "not-promised-not-allowed",
        NotPromised::TooMany => "not-promised-too-many",
        NotPromised::BeingCalled => "not-promised-being-called",
    }
}

const fn transfer_word(how: TransferFailure) -> &'static str {
    match how {
        TransferFailure::Busy => "story-transfer-busy",
        TransferFailure::NoAnswer => "story-transfer-no-answer",
        TransferFailure::Refused => "story-transfer-refused",
        TransferFailure::Unreachable => "story-transfer-unreachable",
        TransferFailure::NotAllowed => "story-transfer-not-allowed",
        TransferFailure::TooMany => "story-transfer-too-many",
        TransferFailure::Unseen => "story-transfer-unseen",
    }
}

const fn dial_by_word(by: DialEndedBy) -> &'static str {
    match by {
        DialEndedBy::Number => "dial-by-number",
        DialEndedBy::Agent => "dial-by-agent",
        DialEndedBy::Us => "dial-by-us",
        DialEndedBy::Unseen => "dial-by-unseen",
    }
}

const fn offer_word(how: OfferEnd) -> &'static str {
    match how {
        OfferEnd::Connected => "story-connected",
        OfferEnd::NoAnswer => "story-offer-no-answer",
        OfferEnd::Busy => "story-offer-busy",
        OfferEnd::Rejected => "story-offer-rejected",
        OfferEnd::Unreachable => "story-offer-unreachable",
        OfferEnd::CallerGone => "story-offer-caller-gone",
        OfferEnd::AgentGone => "story-offer-agent-gone",
        OfferEnd::Withdrawn => "story-offer-withdrawn",
        OfferEnd::AnsweredElsewhere => "story-offer-elsewhere",
        OfferEnd::Unseen => "story-offer-unseen",
    }
}
