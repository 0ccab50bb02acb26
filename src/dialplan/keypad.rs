//! `agent`: what somebody asks for by the keypad of their own phone, and what they hear of what came of it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::language::Language;
use super::prompt::{Prompt, Sound};
use crate::routing::ids::BreakReason;

/// How often number and PIN are asked for in one call, where the step does not say.
pub const TRIES: u8 = 3;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgentWish {
    /// `agent: log_in`: at a phone that is the station of one person, they; at any other, who gives number and PIN.
    LogIn,
    /// `agent: log_in_by_pin`: who gives number and PIN, whosever phone it is.
    LogInByPin {
        /// `tries`: how often they are asked for. 3 unless given; 1 to 5.
        tries: u8,
    },
    /// `agent: log_out`
    LogOut,
    /// `agent: ready`
    Ready,
    /// `agent: { break: lunch }`
    Break(BreakReason),
}

impl AgentWish {
    /// Whether somebody may be asked who they are for it. All else is for who sits at the phone already.
    pub const fn asks_for_pin(&self) -> bool {
        match self {
            AgentWish::LogIn | AgentWish::LogInByPin { .. } => true,
            AgentWish::LogOut | AgentWish::Ready | AgentWish::Break(_) => false,
        }
    }

    /// How often number and PIN may be given.
    pub const fn tries(&self) -> u8 {
        match self {
            AgentWish::LogInByPin { tries } => *tries,
            AgentWish::LogIn | AgentWish::LogOut | AgentWish::Ready | AgentWish::Break(_) => TRIES,
        }
    }
}

/// Who somebody at a phone is, in two answers, each ended with hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeypadQuestion {
    Number,
    Pin,
}

impl KeypadQuestion {
    pub const ALL: [KeypadQuestion; 2] = [KeypadQuestion::Number, KeypadQuestion::Pin];

    pub fn said(self, language: Language) -> Prompt {
        let text = match (self, language) {
            (KeypadQuestion::Number, Language::En) => "Your agent number, then hash.",
            (KeypadQuestion::Number, Language::Zh) => "请输入工号，按井号键结束。",
            (KeypadQuestion::Pin, Language::En) => "Your PIN, then hash.",
            (KeypadQuestion::Pin, Language::Zh) => "请输入密码，按井号键结束。",
        };
        Prompt { language, sound: Sound::Say(text.into()) }
    }
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
    /// Whose phone it is says nothing of who calls: number and PIN are asked for.
    WhoIsIt,
    /// No number has this PIN; or not before a while has passed, after many wrong ones.
    WrongPin,
    /// Somebody else works at this phone.
    Taken,
    /// Who asks works at another phone.
    Elsewhere,
    /// Refused, as it would be on the page; or nobody could be asked.
    NotNow,
}

impl KeypadAnswer {
    pub const ALL: [KeypadAnswer; 8] = [
        KeypadAnswer::Done,
        KeypadAnswer::NobodysPhone,
        KeypadAnswer::SharedPhone,
        KeypadAnswer::WhoIsIt,
        KeypadAnswer::WrongPin,
        KeypadAnswer::Taken,
        KeypadAnswer::Elsewhere,
        KeypadAnswer::NotNow,
    ];

    /// As it is said at the phone.
    pub fn said(self, wish: &AgentWish, language: Language) -> Prompt {
        let text = match (self, wish, language) {
            (KeypadAnswer::Done, AgentWish::LogIn | AgentWish::LogInByPin { .. }, Language::En) => "You are logged in.",
            (KeypadAnswer::Done, AgentWish::LogIn | AgentWish::LogInByPin { .. }, Language::Zh) => "您已签入。",
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
            (KeypadAnswer::WrongPin, _, Language::En) => "Number and PIN do not fit.",
            (KeypadAnswer::WrongPin, _, Language::Zh) => "工号或密码有误。",
            (KeypadAnswer::Taken, _, Language::En) => "Somebody else is logged in at this phone.",
            (KeypadAnswer::Taken, _, Language::Zh) => "本话机已有其他坐席签入。",
            (KeypadAnswer::Elsewhere, _, Language::En) => "You are logged in at another phone.",
            (KeypadAnswer::Elsewhere, _, Language::Zh) => "您已在其他话机签入。",
            (KeypadAnswer::WhoIsIt | KeypadAnswer::NotNow, _, Language::En) => "That is not possible just now.",
            (KeypadAnswer::WhoIsIt | KeypadAnswer::NotNow, _, Language::Zh) => "现在无法操作。",
        };
        Prompt { language, sound: Sound::Say(text.into()) }
    }
}

/// All that may be said of it.
pub(super) fn prompts(wish: &AgentWish, languages: &[Language], into: &mut BTreeSet<Prompt>) {
    for language in languages {
        into.extend(KeypadAnswer::ALL.map(|answer| answer.said(wish, *language)));
        if wish.asks_for_pin() {
            into.extend(KeypadQuestion::ALL.map(|question| question.said(*language)));
        }
    }
}
