//! One order of the core as Asterisk's actions. Pure: nothing is sent here.

use std::time::Duration;

use super::ami::timing;
use super::ami::{Action, AgiCommand};
use super::driver::Asterisk;
use super::legs::{Leg, Legs};
use crate::routing::ids::{CallerName, LegId, PhoneNumber};
use crate::routing::tag::{Place, Tags};
use crate::routing::{Act, HangUpCause, Refusal};

/// What is sent for an act; the last answer is the act's.
pub type Actions = Vec<Action>;

/// # Errors
/// The refusal, where the act cannot even be tried.
pub fn actions_for(act: &Act, legs: &Legs, asterisk: &Asterisk) -> Result<Actions, Refusal> {
    let contexts = &asterisk.contexts;
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
        Act::Ring { leg, station, from, name, ring_for, auto_answer, tags } => {
            let mut ring = Action::new("Originate")
                .with("Channel", station.as_str())
                .with("Context", &contexts.agent)
                .with("Exten", RUNG)
                .with("Priority", "1")
                .with("ChannelId", leg.as_str())
                .with("Timeout", ring_for.as_millis().to_string())
                .with("CallerID", caller_id(from, name))
                .with("Async", "true")
                .timed(timing::is_on().then(|| from.to_string()));
            for (name, value) in Tags::NAMES.into_iter().zip(tags.values()) {
                ring = ring.variable(name, value);
            }
            for (header, value) in AUTO_ANSWER.into_iter().filter(|_| *auto_answer) {
                ring = ring.variable(&format!("PJSIP_HEADER(add,{header})"), value);
            }
            // From its birth: whoever answers when we are dead is let go.
            vec![ring.variable(LIMIT, seconds(asterisk.dead_man))]
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
            // The dead man's limit would hang a talking call up. A caller who was never answered is answered by
            // Bridge itself: one whose CANCEL comes at that moment holds the whole session up for the 500 ms that it
            // waits for media (measured), so callers are better answered before.
            let mut actions = Vec::with_capacity(3);
            for leg in [caller, agent] {
                let Some(known) = legs.get(leg) else { return Err(Refusal::Gone(leg.clone())) };
                if known.limited {
                    actions.push(limit(known.channel(leg), NEVER));
                }
            }
            let bridge = Action::new("Bridge").with("Channel1", channel(caller)?).with("Channel2", channel(agent)?);
            actions.push(bridge);
            actions
        }
        Act::Part { caller, agent } => {
            // Only the caller is moved, to where it entered; the agent's own bridge ends with that, and its leg is back
            // in its AGI as after any caller who leaves.
            channel(agent)?;
            let known = legs.get(caller).ok_or_else(|| Refusal::Gone(caller.clone()))?;
            // Whoever we have called is in the lines of those who were rung.
            let (context, exten) =
                if known.inbound { (&contexts.entry, known.to.as_str()) } else { (&contexts.agent, RUNG) };
            if exten.is_empty() {
                return Err(Refusal::Other("where the caller entered is not known".into()));
            }
            let back = Action::new("Redirect")
                .with("Channel", known.channel(caller))
                .with("Context", context)
                .with("Exten", exten)
                .with("Priority", "1");
            vec![back]
        }
        Act::HangUp { leg, cause } => vec![hang_up(&channel(leg)?, q850(*cause))],
        Act::Tag { leg, tags } => {
            // One message for all: ARRAY splits at commas, and the values hold none.
            let (names, values) = (Tags::NAMES.join(","), tags.values().join(","));
            let action = match legs.get(leg).and_then(|known| limit_with(known, tags, asterisk.dead_man)) {
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

/// Where those begin whom we have rung, in the context of the agents.
const RUNG: &str = "leg";

const LIMIT: &str = "TIMEOUT(absolute)";

/// What asks a phone to pick up by itself: each make knows one of these, and leaves the other alone.
const AUTO_ANSWER: [(&str, &str); 2] = [
    ("Call-Info", "<sip:cordboard.invalid>;answer-after=0"),
    ("Alert-Info", "<http://cordboard.invalid>;info=alert-autoanswer;delay=0"),
];

/// After this time the switch takes the leg back, or hangs it up where it was rung by us.
pub fn dead_man(channel: &str, within: Duration) -> Action {
    limit(channel, &seconds(within))
}

/// What a leg that has just been joined is told, where it is told anything: the dead man's limit is lifted, if it carries
/// one, and two who were dialled together may talk no longer than their centre lets them. That is a backstop, for the core
/// ends them before, if it lives. Not to be said earlier: Bridge moves a leg into a channel of a new make, whose limit is
/// none (measured on Asterisk 22).
pub fn joined(leg: &LegId, known: &Leg, dead_man: Duration) -> Option<Action> {
    let longest = match known.tags.as_ref().map(|tags| &tags.place) {
        Some(Place::Dialled { longest, .. }) => Some(seconds(*longest + dead_man)),
        Some(
            Place::Offered { .. }
            | Place::Line { .. }
            | Place::Talking { .. }
            | Place::Step { .. }
            | Place::Waiting { .. },
        )
        | None => None,
    };
    let lifted = known.limited.then(|| NEVER.to_owned());
    longest.or(lifted).map(|after| limit(known.channel(leg), &after))
}

fn limit(channel: &str, seconds: &str) -> Action {
    Action::setvar(Some(channel), LIMIT, seconds)
}

/// What the switch takes for no limit at all.
pub const NEVER: &str = "0";

/// As the switch counts it; what is under a second would be no limit.
pub fn seconds(limit: Duration) -> String {
    limit.as_secs().max(1).to_string()
}

/// The dead man's limit that goes with these tags: callers who talk have none, those in our hands have one.
pub fn limit_with(leg: &Leg, tags: &Tags, dead_man: Duration) -> Option<String> {
    match &tags.place {
        Place::Talking { .. } => leg.inbound.then(|| NEVER.to_owned()),
        Place::Step { .. } | Place::Waiting { .. } => {
            // Callers, and whoever we have called that waits as one.
            (leg.in_hand && !leg.leaving).then(|| seconds(dead_man))
        }
        Place::Offered { .. } | Place::Dialled { .. } | Place::Line { .. } => None,
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
    use crate::calendar::Moment;
    use crate::routing::ids::{AgentName, CallId, CentreName, Epoch, OfferId, StationAddress, SwitchName};
    use crate::switch::asterisk::Contexts;
    use crate::switch::asterisk::ami::client::Login;
    use crate::switch::asterisk::ami::{AmiAddress, Frame};

    fn asterisk() -> Asterisk {
        let login = Login { username: "u".into(), secret: "s".into(), events: "call".into(), sender: "test".into() };
        Asterisk {
            address: AmiAddress { host: "127.0.0.1".into(), port: 5038, tls: None, login },
            contexts: Contexts { entry: "entry".into(), agent: "agent".into() },
            dead_man: Duration::from_secs(40),
        }
    }

    fn tags(place: Place) -> Tags {
        let (epoch, number) = (Epoch(1), 1);
        Tags { centre: CentreName::new("demo"), call: CallId { epoch, number }, epoch, place }
    }

    fn dialled() -> Tags {
        tags(Place::Dialled { agent: AgentName::new("li.na"), longest: Duration::from_secs(600) })
    }

    fn offered() -> Tags {
        tags(Place::Offered { offer: OfferId { epoch: Epoch(1), number: 1 }, agent: AgentName::new("li.na") })
    }

    fn legs() -> Legs {
        Legs::new(SwitchName::new("pbx"), asterisk().contexts)
    }

    fn ring(leg: &LegId, tags: Tags) -> Act {
        Act::Ring {
            leg: leg.clone(),
            station: StationAddress::new("PJSIP/+86138@trunk"),
            from: PhoneNumber::new("4001"),
            name: CallerName::new(""),
            ring_for: Duration::from_secs(45),
            auto_answer: false,
            tags,
        }
    }

    /// Each as its name and its lines.
    fn sent(act: &Act, legs: &Legs) -> Vec<(String, String)> {
        let actions = actions_for(act, legs, &asterisk()).expect("an act that can be tried");
        actions.iter().map(|action| (action.name().to_owned(), action.text())).collect()
    }

    /// Two that we rang, picked up and in hand.
    fn two_in_hand(tags: &Tags) -> (Legs, LegId, LegId) {
        let mut legs = legs();
        let (out, agent) = (LegId::new("out"), LegId::new("agent"));
        for (leg, name) in [(&out, "PJSIP/trunk-1"), (&agent, "PJSIP/a1001-1")] {
            legs.rung(leg, tags.clone());
            for event in ["Newchannel", "AsyncAGIStart"] {
                let lines = format!("Event: {event}\r\nUniqueid: {leg}\r\nChannel: {name}\r\nContext: agent");
                legs.hear(Moment::from_ms(0), &Frame::from_lines(lines));
            }
        }
        (legs, out, agent)
    }

    #[test]
    fn every_leg_that_we_ring_carries_the_limit_from_its_birth() {
        for tags in [dialled(), offered()] {
            let sent = sent(&ring(&LegId::new("l1"), tags), &legs());
            assert!(sent[0].1.contains("Variable: TIMEOUT(absolute)=40\r\n"), "{sent:?}");
        }
    }

    #[test]
    fn the_limit_of_both_is_lifted_before_they_are_joined() {
        let (mut legs, out, agent) = two_in_hand(&dialled());
        let join = Act::Connect { caller: out.clone(), agent: agent.clone() };
        let actions = sent(&join, &legs);
        let [(first, of_out), (second, of_agent), (third, _)] = actions.as_slice() else { panic!("{actions:?}") };
        assert_eq!([first.as_str(), second, third], ["Setvar", "Setvar", "Bridge"]);
        for (lines, channel) in [(of_out, "PJSIP/trunk-1"), (of_agent, "PJSIP/a1001-1")] {
            assert_eq!(lines, &format!("Channel: {channel}\r\nVariable: TIMEOUT(absolute)\r\nValue: 0\r\n"));
        }
        // Once lifted it is not lifted again.
        legs.limit_sent(&out, false);
        legs.limit_sent(&agent, false);
        assert_eq!(sent(&join, &legs).len(), 1);
    }

    #[test]
    fn who_is_joined_carries_no_limit_but_a_dialled_conversations_own() {
        for (tags, carries_one, told) in [
            (dialled(), true, Some("640")),
            (dialled(), false, Some("640")),
            (offered(), true, Some("0")),
            (offered(), false, None),
        ] {
            let (mut legs, out, _) = two_in_hand(&tags);
            legs.limit_sent(&out, carries_one);
            let action = joined(&out, legs.get(&out).expect("a leg"), asterisk().dead_man);
            let line = told.map(|told| format!("Value: {told}\r\n"));
            let sent = action.map(|action| action.text());
            assert_eq!(
                sent.as_ref().and_then(|sent| sent.lines().last()),
                line.as_deref().map(str::trim_end),
                "{tags:?}"
            );
        }
    }

    #[test]
    fn a_leg_is_in_our_care_from_its_channel_to_its_joining_and_again_when_it_is_parted() {
        let mut legs = legs();
        let leg = LegId::new("out");
        legs.rung(&leg, dialled());
        let mut care = |lines: &str| {
            let lines = format!("{lines}\r\nUniqueid: out\r\nChannel: PJSIP/trunk-1\r\nContext: agent");
            legs.hear(Moment::from_ms(0), &Frame::from_lines(lines));
            legs.get(&leg).is_some_and(Leg::in_our_care)
        };
        assert!(!care("Event: OriginateResponse\r\nResponse: Success"), "there is no channel yet to be told");
        assert!(care("Event: Newchannel"));
        assert!(care("Event: Newstate\r\nChannelState: 5"), "it rings");
        assert!(care("Event: AsyncAGIStart\r\nChannelState: 6"), "it is in hand");
        assert!(!care("Event: BridgeEnter\r\nBridgeUniqueid: b1"), "it talks");
        assert!(care("Event: AsyncAGIStart\r\nChannelState: 6"), "it is in hand again");
        legs.wants_limit(Moment::from_ms(1_000), &leg);
        assert_eq!(legs.still_unlimited(Moment::from_ms(1_010)), []);
        assert_eq!(legs.still_unlimited(Moment::from_ms(1_020)), [leg]);
    }

    #[test]
    fn no_limit_is_so_short_that_the_switch_takes_it_for_none() {
        assert_eq!(seconds(Duration::from_millis(300)), "1");
        assert_eq!(seconds(Duration::from_secs(60)), "60");
    }

    #[test]
    fn a_hostile_name_means_nothing_to_the_switch() {
        let name = CallerName::cleaned("\"><sip:evil@x>,\\;\r\nAction: Logoff");
        let shown = caller_id(&PhoneNumber::cleaned("1<2>\"\r\n3"), &name);
        assert_eq!(shown, "\"sip:evil@x    Action: Logoff\" <123>");
        assert!(Action::new("Originate").with("CallerID", shown).checked().is_ok());
    }
}
