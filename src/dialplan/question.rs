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

/// A telephone outside was picked up for a line that is held open: only the key says that somebody is there.
pub fn press_one_for_the_line(language: Language) -> Prompt {
    let text = match language {
        Language::En => "Your line for calls. Press 1 to hold it open.",
        Language::Zh => "坐席长连线路，请按 1 键保持连接。",
    };
    Prompt { language, sound: Sound::Say(text.into()) }
}

/// On a line that is held open: a call comes now.
pub const fn joining_tone(language: Language) -> Prompt {
    Prompt { language, sound: Sound::Tone }
}
