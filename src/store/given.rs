//! What may be given for a person, wherever it is given: at a page, on the command line. Says what is wrong with it as a
//! variant; whoever asks has the words.

/// Shorter ones are guessed in an afternoon. In characters.
pub const SHORTEST_PASSWORD: usize = 8;
/// Argon2 would take more; nobody types it. In bytes.
pub const LONGEST_PASSWORD: usize = 1024;
/// The longest name that others see, in characters.
pub const LONGEST_DISPLAY_NAME: usize = 100;

/// Of a PIN, in digits: what is keyed at a phone and remembered.
pub const SHORTEST_PIN: usize = 4;
pub const LONGEST_PIN: usize = 8;

/// Why something cannot be given. The sentences are the command line's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotGiven {
    #[error("a display name has 1 to {LONGEST_DISPLAY_NAME} characters that can be seen")]
    DisplayName,
    #[error("a password holds no control characters; nothing was changed")]
    PasswordUnseen,
    #[error("a PIN has {SHORTEST_PIN} to {LONGEST_PIN} digits")]
    PinLength,
    #[error("a PIN is not one digit over and over, nor digits in their order")]
    PinSimple,
    #[error("a password has {SHORTEST_PASSWORD} characters at least and {LONGEST_PASSWORD} bytes at most")]
    PasswordLength,
}

/// # Errors
/// Nothing to be seen, too much of it, or what acts on a terminal or turns the direction of writing.
pub fn display_name(text: &str) -> Result<(), NotGiven> {
    let hidden = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let good = !text.trim().is_empty() && text.chars().nth(LONGEST_DISPLAY_NAME).is_none() && !text.contains(hidden);
    if good { Ok(()) } else { Err(NotGiven::DisplayName) }
}

/// # Errors
/// Too short, too long, or with characters that nobody types on purpose.
pub fn password(text: &str) -> Result<(), NotGiven> {
    // Ctrl-C too, while nothing is echoed.
    if text.contains(char::is_control) {
        return Err(NotGiven::PasswordUnseen);
    }
    let good = text.chars().nth(SHORTEST_PASSWORD - 1).is_some() && text.len() <= LONGEST_PASSWORD;
    if good { Ok(()) } else { Err(NotGiven::PasswordLength) }
}

/// # Errors
/// No digits, too few or too many of them; or those that everybody tries first.
pub fn pin(text: &str) -> Result<(), NotGiven> {
    if !(SHORTEST_PIN..=LONGEST_PIN).contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NotGiven::PinLength);
    }
    let steps: Vec<i16> = text.as_bytes().windows(2).map(|two| i16::from(two[1]) - i16::from(two[0])).collect();
    let simple = [0, 1, -1].iter().any(|step| steps.iter().all(|taken| taken == step));
    if simple { Err(NotGiven::PinSimple) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_four_to_eight_digits_and_not_the_first_that_anybody_tries() {
        for good in ["2580", "90371482", "1223", "0001"] {
            assert_eq!(pin(good), Ok(()), "{good}");
        }
        for bad in ["", "123", "123456789", "12 4", "12a4", "\u{ff11}\u{ff12}\u{ff13}\u{ff15}"] {
            assert_eq!(pin(bad), Err(NotGiven::PinLength), "{bad:?}");
        }
        for simple in ["0000", "1234", "45678", "9876", "11111111"] {
            assert_eq!(pin(simple), Err(NotGiven::PinSimple), "{simple}");
        }
    }

    #[test]
    fn names_and_passwords_are_bounded_and_can_be_seen() {
        for good in ["Mira", "<script>alert(1)</script>", "\u{9648}\u{6653}\u{660e}"] {
            assert_eq!(display_name(good), Ok(()), "{good}");
        }
        let long = "x".repeat(LONGEST_DISPLAY_NAME + 1);
        for bad in ["", " ", "a\nb", "\u{202e}arim", long.as_str()] {
            assert_eq!(display_name(bad), Err(NotGiven::DisplayName), "{bad:?}");
        }
        assert_eq!(password("\u{5bc6}\u{7801}\u{5bc6}\u{7801}\u{5bc6}\u{7801}12"), Ok(()));
        assert_eq!(password("1234567"), Err(NotGiven::PasswordLength));
        assert_eq!(password(&"x".repeat(LONGEST_PASSWORD + 1)), Err(NotGiven::PasswordLength));
        assert_eq!(password("12345678\u{3}"), Err(NotGiven::PasswordUnseen));
    }
}
