//! What agents hear who are asked at a telephone outside, in the first language of their centre.

use super::language::Language;
use super::prompt::{Prompt, Sound};

/// A telephone outside was picked up for a caller: only the key makes that an answer.
pub fn press_one(language: Language) -> Prompt {
    let text = match language {
        Language::En => "A call for you. Press 1 to take it.",
        Language::Zh => "您有一个来电，请按 1 键接听。",
    };
    Prompt { language, sound: Sound::Say(text.into()) }
}
