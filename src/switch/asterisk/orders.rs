//! One order of the core as Asterisk's actions. Pure: nothing is sent here.

use super::ami::timing;
use super::ami::{Action, AgiCommand};
use super::legs::{Contexts, Leg, Legs};
use crate::routing::ids::{CallerName, LegId, PhoneNumber};
use crate::routing::tag::{Place, Tags};
use crate::routing::{Act, HangUpCause, Refusal};

/// Calls in our hands fall back after this many seconds without us; renewed while we live.
pub const DEAD_MAN_S: u32 = 60;

/// What is sent for an act; the last answer is the act's.
pub type Actions = Vec<Action>;

/// # Errors
/// The refusal, where the act cannot even be tried.
pub fn actions_for(act: &Act, legs: &Legs, contexts: &Contexts) -> Result<Actions, Refusal> {
    let channel = |leg: &LegId| {
        legs.get(leg).map(|known| known.channel(leg).to_owned()).ok_or_else(|| Refusal::Gone(leg.clone()))
    };
    Ok(match act {
        Act::Answer { leg } => {
            let channel = channel(leg)?;
            // `i`: without the 500 ms that Answer waits for media.
            let answer = AgiCommand::new("EXEC Answer").arg("0,i");
            vec![Action::agi(channel, "answer", &answer)]
        }
        Act::StartMusic { leg, class } => {
            let class = if class.is_empty() { "default" } else { class };
            let music = AgiCommand::new("EXEC StartMusicOnHold").arg(class);
            vec![Action::agi(channel(leg)?, "music", &music)]
        }
        Act::StartRingback { leg } => {
            // As the switch's own indications have it. `Ringing` would say it again to a phone that has been answered.
            let ringback = AgiCommand::new("EXEC PlayTones").arg("ring");
            vec![Action::agi(channel(leg)?, "ringback", &ringback)]
        }
        // The driver plays sound by sound; see `driver.rs`.
        Act::Play { .. } => return Err(Refusal::NoPrompt),
        Act::StopPlay { leg } => vec![stop_playing(&channel(leg)?)],
        Act::Ring { leg, station, from, name, ring_for, tags } => {
            let mut ring = Action::new("Originate")
                .with("Channel", station.as_str())
                .with("Context", &contexts.agent)
                .with("Exten", "leg")
                .with("Priority", "1")
                .with("ChannelId", leg.as_str())
                .with("Timeout", ring_for.as_millis().to_string())
                .with("CallerID", caller_id(from, name))
                .with("Async", "true")
                .timed(timing::is_on().then(|| from.to_string()));
            for (name, value) in Tags::NAMES.into_iter().zip(tags.values()) {
                ring = ring.variable(name, value);
            }
            vec![ring]
        }
        Act::PickUp { leg } => {
            let Some(known) = legs.get(leg) else { return Err(Refusal::Gone(leg.clone())) };
            if !known.name.starts_with("PJSIP/") && !known.name.is_empty() {
                return Err(Refusal::Cannot);
            }
            if !known.rang {
                return Err(Refusal::Other("the phone does not ring yet".into()));
            }
            // Within the dialog that rings: what desk phones know as the event `talk`.
            vec![Action::new("PJSIPNotify").with("Channel", known.channel(leg)).variable("Event", "talk")]
        }
        Act::Connect { caller, agent } => {
            let limited = legs.get(caller).is_some_and(|known| known.limited);
            let (caller, agent) = (channel(caller)?, channel(agent)?);
            let bridge = Action::new("Bridge").with("Channel1", &caller).with("Channel2", &agent);
            // The dead man's limit would hang a talking call up. A caller who was never answered is answered by
            // Bridge itself: one whose CANCEL comes at that moment holds the whole session up for the 500 ms that it
            // waits for media (measured), so callers are better answered before.
            if limited { vec![dead_man(&caller, 0), bridge] } else { vec![bridge] }
        }
        Act::Part { caller, agent } => {
            // Only the caller is moved, to where it entered; the agent's own bridge ends with that, and its leg is back
            // in its AGI as after any caller who leaves.
            channel(agent)?;
            let known = legs.get(caller).ok_or_else(|| Refusal::Gone(caller.clone()))?;
            if known.to.as_str().is_empty() {
                return Err(Refusal::Other("where the caller entered is not known".into()));
            }
            let back = Action::new("Redirect")
                .with("Channel", known.channel(caller))
                .with("Context", &contexts.entry)
                .with("Exten", known.to.as_str())
                .with("Priority", "1");
            vec![back]
        }
        Act::HangUp { leg, cause } => vec![hang_up(&channel(leg)?, q850(*cause))],
        Act::Tag { leg, tags } => {
            // One message for all: ARRAY splits at commas, and the values hold none.
            let (names, values) = (Tags::NAMES.join(","), tags.values().join(","));
            let action = match legs.get(leg).and_then(|known| limit_with(known, tags)) {
                Some(limit) => (format!("ARRAY({names},{LIMIT})"), format!("{values},{limit}")),
                None => (format!("ARRAY({names})"), values),
            };
            vec![Action::setvar(Some(&channel(leg)?), &action.0, action.1)]
        }
        Act::Look { leg } => vec![look_at(channel(leg).as_deref().unwrap_or(leg.as_str()))],
    })
}

pub fn look_at(channel: &str) -> Action {
    Action::new("Status").with("Channel", channel).with("Variables", Tags::NAMES.join(","))
}

pub fn stop_playing(channel: &str) -> Action {
    Action::new("ControlPlayback").with("Channel", channel).with("Control", "stop")
}

pub fn hang_up(channel: &str, cause: u8) -> Action {
    Action::new("Hangup").with("Channel", channel).with("Cause", cause.to_string())
}

const LIMIT: &str = "TIMEOUT(absolute)";

/// The seconds after which the switch takes this leg back; 0 is never.
pub fn dead_man(channel: &str, seconds: u32) -> Action {
    Action::setvar(Some(channel), LIMIT, seconds.to_string())
}

/// The dead man's limit that goes with these tags: callers who talk have none, those in our hands have one.
pub fn limit_with(leg: &Leg, tags: &Tags) -> Option<u32> {
    match &tags.place {
        Place::Talking { .. } => leg.inbound.then_some(0),
        Place::Step { .. } | Place::Waiting { .. } => {
            (leg.inbound && leg.in_hand && !leg.leaving).then_some(DEAD_MAN_S)
        }
        Place::Offered { .. } | Place::Dialled { .. } => None,
    }
}

pub const fn q850(cause: HangUpCause) -> u8 {
    match cause {
        HangUpCause::Normal => 16,
        HangUpCause::Busy => 17,
        HangUpCause::NoSuchNumber => 1,
        HangUpCause::Congested => 34,
        HangUpCause::TakenElsewhere => 26,
    }
}

/// `"name" <number>` with nothing in it that means anything to Asterisk's parser or to SIP.
fn caller_id(from: &PhoneNumber, name: &CallerName) -> String {
    let number: String = from
        .as_str()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '*' | '#' | '.' | '-' | '_'))
        .collect();
    let name: String = name
        .as_str()
        .chars()
        .map(|c| if c.is_control() || matches!(c, '"' | '<' | '>' | '\\' | ',' | ';') { ' ' } else { c })
        .collect();
    format!("\"{}\" <{number}>", name.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_means_nothing_to_the_switch() {
        let name = CallerName::cleaned("\"><sip:evil@x>,\\;\r\nAction: Logoff");
        let shown = caller_id(&PhoneNumber::cleaned("1<2>\"\r\n3"), &name);
        assert_eq!(shown, "\"sip:evil@x    Action: Logoff\" <123>");
        assert!(Action::new("Originate").with("CallerID", shown).checked().is_ok());
    }
}
