//! What there is to choose from in a form, and which of it is chosen.

/// One of several to choose from.
pub struct Choice {
    pub value: String,
    pub word: String,
    pub chosen: bool,
}

impl Choice {
    /// Chosen where its value is what was asked for.
    pub fn of(value: impl Into<String>, word: String, asked: &str) -> Self {
        let value = value.into();
        Self { chosen: value == asked, value, word }
    }

    /// Names, as they are.
    pub fn names<'n>(names: impl Iterator<Item = &'n str>, asked: &str) -> Vec<Self> {
        names.map(|name| Self::of(name, name.to_owned(), asked)).collect()
    }
}
