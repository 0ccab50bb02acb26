//! What is wrong with a form, each mistake with the field that it stands beside.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::frame::Page;
use super::words::Words;
use crate::customers::TextMistake;

/// Empty: the form can be done.
#[derive(Clone, Debug, Default)]
pub struct Mistakes(Vec<(&'static str, String)>);

impl Mistakes {
    pub fn one(field: &'static str, text: String) -> Self {
        Self(vec![(field, text)])
    }

    pub fn add(&mut self, field: &'static str, text: String) {
        self.0.push((field, text));
    }

    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// What stands beside this field.
    pub fn beside(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| *name == field).map(|(_, text)| text.as_str())
    }

    /// What a text is, or why it cannot be taken.
    pub fn take<T>(&mut self, t: Words, field: &'static str, read: Result<T, TextMistake>) -> Option<T> {
        match read {
            Ok(text) => Some(text),
            Err(TextMistake::Empty) => {
                self.add(field, t.say("form-empty"));
                None
            }
            Err(TextMistake::TooLong { most }) => {
                self.add(field, t.count("form-too-long", i64::try_from(most).unwrap_or(i64::MAX)));
                None
            }
            Err(TextMistake::TooMany { most }) => {
                self.add(field, t.count("form-too-many", i64::try_from(most).unwrap_or(i64::MAX)));
                None
            }
        }
    }
}

/// A form that comes back: filled in, with its mistakes.
pub fn again<T: askama::Template>(page: T) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response()
}

/// A form that comes back because of how things stand meanwhile.
pub fn too_late<T: askama::Template>(page: T) -> Response {
    (StatusCode::CONFLICT, Page(page)).into_response()
}
