//! Counters and log lines from facts: one place that says how a fact is counted, so that `/metrics`, the log and the
//! reports never disagree about what happened.

use std::time::Duration;

use metrics::{counter, histogram};

use super::Happened;
use crate::routing::Fact;
use crate::routing::fact::Outcome;

/// Every counter exists from the start, at zero: an alert on a rate needs it.
pub fn begin(centre: &str) {
    for outcome in Outcome::ALL {
        counter!("cordboard_calls_ended_total", "centre" => centre.to_owned(), "outcome" => outcome.as_str())
            .absolute(0);
    }
    for name in [
        "cordboard_calls_arrived_total",
        "cordboard_calls_queued_total",
        "cordboard_calls_answered_total",
        "cordboard_offers_total",
        "cordboard_calls_passed_on_total",
        "cordboard_dials_total",
        "cordboard_promises_total",
        "cordboard_healed_total",
    ] {
        counter!(name, "centre" => centre.to_owned()).absolute(0);
    }
}

/// One turn of the loop: from its inputs to their orders in the hands of the switches' drivers, the journal between.
pub fn decided(within: Duration) {
    histogram!("cordboard_decision_seconds").record(within.as_secs_f64());
}

pub fn count(happened: &Happened) {
    let centre = || happened.centre.to_string();
    match &happened.fact {
        Fact::CallArrived { .. } => counter!("cordboard_calls_arrived_total", "centre" => centre()).increment(1),
        Fact::CallQueued { .. } => counter!("cordboard_calls_queued_total", "centre" => centre()).increment(1),
        Fact::OfferMade { .. } => counter!("cordboard_offers_total", "centre" => centre()).increment(1),
        Fact::CallConnected { waited, queue, .. } => {
            counter!("cordboard_calls_answered_total", "centre" => centre()).increment(1);
            histogram!("cordboard_wait_seconds", "centre" => centre(), "queue" => queue.to_string())
                .record(waited.as_secs_f64());
        }
        Fact::CallEnded { outcome, .. } => {
            counter!("cordboard_calls_ended_total", "centre" => centre(), "outcome" => outcome.as_str()).increment(1);
        }
        Fact::CallPassed { .. } => counter!("cordboard_calls_passed_on_total", "centre" => centre()).increment(1),
        Fact::Dialled { .. } => counter!("cordboard_dials_total", "centre" => centre()).increment(1),
        Fact::DialEnded { how, .. } => {
            counter!("cordboard_dials_ended_total", "centre" => centre(), "how" => how.as_str()).increment(1);
        }
        Fact::PromiseMade { .. } => counter!("cordboard_promises_total", "centre" => centre()).increment(1),
        Fact::PromiseKept { .. } => {
            counter!("cordboard_promises_ended_total", "centre" => centre(), "how" => "kept").increment(1);
        }
        Fact::PromiseBroken { why, .. } => {
            counter!("cordboard_promises_ended_total", "centre" => centre(), "how" => why.as_str()).increment(1);
        }
        Fact::Healed { .. } => counter!("cordboard_healed_total", "centre" => centre()).increment(1),
        Fact::ControllerStarted { .. }
        | Fact::VersionPublished { .. }
        | Fact::StepEntered { .. }
        | Fact::Keyed { .. }
        | Fact::CallLeftQueue { .. }
        | Fact::OfferRang { .. }
        | Fact::OfferAnswered { .. }
        | Fact::OfferEnded { .. }
        | Fact::CallHungUp { .. }
        | Fact::PickUpAsked { .. }
        | Fact::KeypadUsed { .. }
        | Fact::OfferPickedUp { .. }
        | Fact::CallerKnown { .. }
        | Fact::PickUpFailed { .. }
        | Fact::CallHeld { .. }
        | Fact::CallRetrieved { .. }
        | Fact::CallEndAsked { .. }
        | Fact::DialAgentAnswered { .. }
        | Fact::DialAnswered { .. }
        | Fact::DialConnected { .. }
        | Fact::PromiseAgain { .. }
        | Fact::CustomerRung { .. }
        | Fact::CustomerNotReached { .. }
        | Fact::CallBackRefused { .. }
        | Fact::PromiseWaits { .. }
        | Fact::PromiseRests { .. }
        | Fact::AgentLoggedIn { .. }
        | Fact::AgentAssigned { .. }
        | Fact::HeldLineChanged { .. }
        | Fact::AgentLoggedOut { .. }
        | Fact::AgentChanged { .. }
        | Fact::QueuesLent { .. }
        | Fact::LoanEnded { .. }
        | Fact::AgentDisposed { .. }
        | Fact::EmergencySwitchedOn { .. }
        | Fact::EmergencySwitchedOff { .. }
        | Fact::EmergencyHeard { .. }
        | Fact::TransferBegan { .. }
        | Fact::TransferAnswered { .. }
        | Fact::TransferConnected { .. }
        | Fact::TransferFailed { .. }
        | Fact::LinkChanged { .. }
        | Fact::WallClockStepped { .. } => {}
    }
}

/// One line a fact, found again by `call` or `agent`. What the core had to mend is a warning.
pub fn log(happened: &Happened) {
    if !tracing::enabled!(target: "cordboard::fact", tracing::Level::WARN) {
        return;
    }
    let Happened { centre, seq, n: _, at, fact } = happened;
    let call = fact.call().map(|call| call.to_string());
    let agent = fact.agent().map(|agent| agent.as_str());
    match fact {
        Fact::Healed { what, .. } => {
            tracing::warn!(target: "cordboard::fact", %centre, seq, call, agent, at_ms = at.as_ms(), "healed: {what}");
        }
        Fact::WallClockStepped { by_ms } => {
            tracing::warn!(target: "cordboard::fact", %centre, seq, by_ms, "the wall clock was set");
        }
        // What the caller keyed is theirs: the story has it, the log does not.
        Fact::Keyed { step, .. } => {
            tracing::info!(target: "cordboard::fact", %centre, seq, call, at_ms = at.as_ms(), "keyed in step {step}");
        }
        Fact::ControllerStarted { .. }
        | Fact::VersionPublished { .. }
        | Fact::CallArrived { .. }
        | Fact::StepEntered { .. }
        | Fact::CallQueued { .. }
        | Fact::CallLeftQueue { .. }
        | Fact::OfferMade { .. }
        | Fact::OfferRang { .. }
        | Fact::OfferAnswered { .. }
        | Fact::OfferEnded { .. }
        | Fact::CallHungUp { .. }
        | Fact::PickUpAsked { .. }
        | Fact::KeypadUsed { .. }
        | Fact::OfferPickedUp { .. }
        | Fact::CallerKnown { .. }
        | Fact::PickUpFailed { .. }
        | Fact::CallHeld { .. }
        | Fact::CallPassed { .. }
        | Fact::CallRetrieved { .. }
        | Fact::CallEndAsked { .. }
        | Fact::CallConnected { .. }
        | Fact::CallEnded { .. }
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
        | Fact::AgentAssigned { .. }
        | Fact::HeldLineChanged { .. }
        | Fact::AgentLoggedOut { .. }
        | Fact::AgentChanged { .. }
        | Fact::QueuesLent { .. }
        | Fact::LoanEnded { .. }
        | Fact::AgentDisposed { .. }
        | Fact::EmergencySwitchedOn { .. }
        | Fact::EmergencySwitchedOff { .. }
        | Fact::EmergencyHeard { .. }
        | Fact::TransferBegan { .. }
        | Fact::TransferAnswered { .. }
        | Fact::TransferConnected { .. }
        | Fact::TransferFailed { .. }
        | Fact::LinkChanged { .. } => {
            if tracing::enabled!(target: "cordboard::fact", tracing::Level::INFO) {
                let words = fact.in_words();
                tracing::info!(target: "cordboard::fact", %centre, seq, call, agent, at_ms = at.as_ms(), "{words}");
            }
        }
    }
}
