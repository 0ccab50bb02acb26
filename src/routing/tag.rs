//! What is written on a channel, so that a call can be picked up again by whoever looks at the switch.
//!
//! Percent-encoded, under 400 bytes: Asterisk drops an AMI line of more than 1,024 bytes in silence. Read back
//! it is data from outside: accepted only where our own record knows the ids, or marked *found*.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use std::time::Duration;

use super::dial_out::DialOut;
use super::ids::*;
use crate::calendar::Moment;

/// All fields together, encoded.
pub const LONGEST: usize = 400;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tags {
    pub centre: CentreName,
    pub call: CallId,
    /// The start that wrote them.
    pub epoch: Epoch,
    pub place: Place,
}

/// Where the call is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// In the dialplan.
    Step { version: VersionHash, step: StepName, language: String },
    /// In a queue.
    Waiting {
        version: VersionHash,
        step: StepName,
        language: String,
        queue: QueueName,
        joined: Moment,
        credit: Duration,
    },
    /// With an agent.
    Talking { agent: AgentName },
    /// On an agent's leg: what the phone was rung for.
    Offered { offer: OfferId, agent: AgentName },
    /// On the leg of a line that is held open.
    Line { agent: AgentName },
    /// On both legs of a dial: whose it is, and for how long the two may talk.
    Dialled { agent: AgentName, longest: Duration },
}

/// The unreserved characters of RFC 3986 §2.3 stay as they are; Asterisk's `,` `;` `"` `$` `{` never occur.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

fn enc(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

fn dec(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(|s| s.into_owned()).filter(|s| !s.chars().any(char::is_control))
}

impl Place {
    /// `letter:field:field`, each field percent-encoded, so that `:` separates.
    pub fn encode(&self) -> String {
        match self {
            Place::Step { version, step, language } => {
                format!("s:{}:{}:{}", enc(version.as_str()), enc(step.as_str()), enc(language))
            }
            Place::Waiting { version, step, language, queue, joined, credit } => format!(
                "w:{}:{}:{}:{}:{}:{}",
                enc(version.as_str()),
                enc(step.as_str()),
                enc(language),
                enc(queue.as_str()),
                joined.as_ms(),
                credit.as_millis()
            ),
            Place::Talking { agent } => format!("t:{}", enc(agent.as_str())),
            Place::Offered { offer, agent } => format!("o:{offer}:{}", enc(agent.as_str())),
            Place::Line { agent } => format!("l:{}", enc(agent.as_str())),
            Place::Dialled { agent, longest } => format!("d:{}:{}", enc(agent.as_str()), longest.as_secs()),
        }
    }

    /// `None` for whatever we did not write.
    pub fn decode(text: &str) -> Option<Place> {
        if text.len() > LONGEST {
            return None;
        }
        let fields: Vec<&str> = text.split(':').collect();
        Some(match fields.as_slice() {
            ["s", version, step, language] => Place::Step {
                version: VersionHash::new(dec(version)?),
                step: StepName::new(dec(step)?),
                language: dec(language)?,
            },
            ["w", version, step, language, queue, joined, credit] => Place::Waiting {
                version: VersionHash::new(dec(version)?),
                step: StepName::new(dec(step)?),
                language: dec(language)?,
                queue: QueueName::new(dec(queue)?),
                joined: Moment::from_ms(joined.parse().ok()?),
                credit: Duration::from_millis(credit.parse().ok()?),
            },
            ["t", agent] => Place::Talking { agent: AgentName::new(dec(agent)?) },
            ["l", agent] => Place::Line { agent: AgentName::new(dec(agent)?) },
            // As it was written before conversations had a limit.
            ["d", agent] => Place::Dialled { agent: AgentName::new(dec(agent)?), longest: DialOut::LONGEST },
            ["d", agent, longest] => Place::Dialled {
                agent: AgentName::new(dec(agent)?),
                longest: Duration::from_secs(longest.parse().ok()?),
            },
            ["o", offer, agent] => Place::Offered { offer: offer.parse().ok()?, agent: AgentName::new(dec(agent)?) },
            _ => return None,
        })
    }
}

impl Tags {
    /// The channel variables, by name, in a fixed order.
    pub const NAMES: [&'static str; 4] = ["CB_CENTRE", "CB_CALL", "CB_EPOCH", "CB_STATE"];

    /// Values for [`Self::NAMES`]: unreserved characters, `%` and `:` only.
    pub fn values(&self) -> [String; 4] {
        [enc(self.centre.as_str()), self.call.to_string(), self.epoch.to_string(), self.place.encode()]
    }

    /// Whether they were written on a leg that we rang: a phone's, or a number's outside.
    pub const fn on_a_leg_we_rang(&self) -> bool {
        match self.place {
            Place::Offered { .. } | Place::Dialled { .. } | Place::Line { .. } => true,
            Place::Step { .. } | Place::Waiting { .. } | Place::Talking { .. } => false,
        }
    }

    /// From the variables as a switch gives them back; `None` for whatever we did not write.
    pub fn read(values: [&str; 4]) -> Option<Tags> {
        let [centre, call, epoch, state] = values;
        if centre.is_empty() || centre.len() + call.len() + epoch.len() + state.len() > LONGEST {
            return None;
        }
        Some(Tags {
            centre: CentreName::new(dec(centre)?),
            call: call.parse().ok()?,
            epoch: Epoch(epoch.parse().ok()?),
            place: Place::decode(state)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Place> {
        let (version, step) = (VersionHash::new("9f"), StepName::new("主菜单: a,b;\"$"));
        vec![
            Place::Step { version: version.clone(), step: step.clone(), language: "zh".into() },
            Place::Waiting {
                version,
                step,
                language: "en".into(),
                queue: QueueName::new("se rvice"),
                joined: Moment::from_ms(1_763_798_450_123),
                credit: Duration::from_secs(90),
            },
            Place::Talking { agent: AgentName::new("li.na") },
            Place::Line { agent: AgentName::new("li.na") },
            Place::Dialled { agent: AgentName::new("li.na"), longest: Duration::from_secs(90) },
            Place::Offered { offer: OfferId { epoch: Epoch(7), number: 3 }, agent: AgentName::new("a|b") },
        ]
    }

    #[test]
    fn what_is_written_is_read_back_and_nothing_in_it_means_anything_to_a_switch() {
        for place in all() {
            let tags = Tags {
                centre: CentreName::new("demo"),
                call: CallId { epoch: Epoch(7), number: 1 },
                epoch: Epoch(8),
                place,
            };
            let values = tags.values();
            for value in &values {
                assert!(value.bytes().all(|b| b.is_ascii_alphanumeric() || b"%:-_.~".contains(&b)), "{value}");
            }
            assert!(values.iter().map(String::len).sum::<usize>() < LONGEST);
            assert_eq!(Tags::read(values.each_ref().map(String::as_str)), Some(tags));
        }
    }

    #[test]
    fn a_dial_of_before_there_was_a_limit_is_still_one() {
        let place = Place::Dialled { agent: AgentName::new("li.na"), longest: DialOut::LONGEST };
        assert_eq!(Place::decode("d:li.na"), Some(place));
    }

    #[test]
    fn what_we_did_not_write_is_nothing() {
        for text in
            ["d:li.na:soon", "d:li.na:1:2", "", "s", "w:::::::", "t:%0d%0aAction: Logoff", "o:1:x", &"t:".repeat(400)]
        {
            assert_eq!(Place::decode(text), None, "{text}");
        }
    }
}
