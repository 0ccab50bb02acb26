//! What is asked in words of our own: agents at a telephone outside, in the first language of their centre, and callers who
//! may choose the number on which they are called back, in theirs.

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

/// On which number a caller is to be called back.
pub fn which_number(language: Language) -> Prompt {
    let text = match language {
        Language::En => "To be called back on the number you are calling from, press 1. For another number, press 2.",
        Language::Zh => "回呼您当前的来电号码，请按 1 键；回呼其他号码，请按 2 键。",
    };
    Prompt { language, sound: Sound::Say(text.into()) }
}

/// On a line that is held open: a call comes now.
pub const fn joining_tone(language: Language) -> Prompt {
    Prompt { language, sound: Sound::Tone }
}

/// The other number.
pub fn key_number(language: Language) -> Prompt {
    let text = match language {
        Language::En => "Please key in the number, then press hash.",
        Language::Zh => "请输入回呼号码，按井号键结束。",
    };
    Prompt { language, sound: Sound::Say(text.into()) }
}

/// It cannot be called.
pub fn not_that_number(language: Language) -> Prompt {
    let text = match language {
        Language::En => "We cannot call that number.",
        Language::Zh => "该号码无法回呼。",
    };
    Prompt { language, sound: Sound::Say(text.into()) }
}
