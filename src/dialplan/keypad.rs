//! `agent`: what somebody asks for by the keypad of their own phone, and what they hear of what came of it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::language::Language;
use super::prompt::{Prompt, Sound};
use crate::routing::ids::BreakReason;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgentWish {
    /// `agent: log_in`
    LogIn,
    /// `agent: log_out`
    LogOut,
    /// `agent: ready`
    Ready,
    /// `agent: { break: lunch }`
    Break(BreakReason),
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeypadAnswer {
    Done,
    /// The phone is nobody's station.
    NobodysPhone,
    /// It is the station of several: who of them it is, a phone does not know.
    SharedPhone,
    /// Refused, as it would be on the page; or nobody could be asked.
    NotNow,
}

impl KeypadAnswer {
    pub const ALL: [KeypadAnswer; 4] =
        [KeypadAnswer::Done, KeypadAnswer::NobodysPhone, KeypadAnswer::SharedPhone, KeypadAnswer::NotNow];

    /// As it is said at the phone.
    pub fn said(self, wish: &AgentWish, language: Language) -> Prompt {
        let text = match (self, wish, language) {
            (KeypadAnswer::Done, AgentWish::LogIn, Language::En) => "You are logged in.",
            (KeypadAnswer::Done, AgentWish::LogIn, Language::Zh) => "您已签入。",
            (KeypadAnswer::Done, AgentWish::LogOut, Language::En) => "You are logged out.",
            (KeypadAnswer::Done, AgentWish::LogOut, Language::Zh) => "您已签出。",
            (KeypadAnswer::Done, AgentWish::Ready, Language::En) => "You are ready for calls.",
            (KeypadAnswer::Done, AgentWish::Ready, Language::Zh) => "您已示闲。",
            (KeypadAnswer::Done, AgentWish::Break(_), Language::En) => "You are on a break.",
            (KeypadAnswer::Done, AgentWish::Break(_), Language::Zh) => "您已小休。",
            (KeypadAnswer::NobodysPhone, _, Language::En) => "This phone belongs to nobody.",
            (KeypadAnswer::NobodysPhone, _, Language::Zh) => "本话机未分配给坐席。",
            (KeypadAnswer::SharedPhone, _, Language::En) => "Several people share this phone. Use the page.",
            (KeypadAnswer::SharedPhone, _, Language::Zh) => "本话机由多人共用，请在页面上操作。",
            (KeypadAnswer::NotNow, _, Language::En) => "That is not possible just now.",
            (KeypadAnswer::NotNow, _, Language::Zh) => "现在无法操作。",
        };
        Prompt { language, sound: Sound::Say(text.into()) }
    }
}

/// All that may be said of it.
pub(super) fn prompts(wish: &AgentWish, languages: &[Language], into: &mut BTreeSet<Prompt>) {
    for language in languages {
        into.extend(KeypadAnswer::ALL.map(|answer| answer.said(wish, *language)));
    }
}
