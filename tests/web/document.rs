//! The OpenAPI document against what is really answered: every answer of every test is as it says (`Desk::ask` looks).
//! Whether every route is in it: `documented.rs`.

use reqwest::Method;
use serde_json::Value;

/// The document, and what its schemas make of an answer.
pub struct Document {
    pub whole: Value,
}

impl Document {
    /// The operation of an address below `/api/v1`.
    fn operation(&self, method: &Method, path: &str) -> Option<&Value> {
        let path = path.split('?').next().unwrap_or_default();
        let pieces: Vec<&str> = path.split('/').collect();
        let fits = |template: &str| {
            let template: Vec<&str> = template.split('/').collect();
            template.len() == pieces.len()
                && template.iter().zip(&pieces).all(|(there, here)| there.starts_with('{') || there == here)
        };
        let paths = self.whole["paths"].as_object().expect("paths");
        let (_, found) = paths.iter().find(|(template, _)| fits(template))?;
        found.get(method.as_str().to_ascii_lowercase())
    }

    /// Fails where the answer is not as the document says.
    pub fn check(&self, method: &Method, path: &str, status: u16, answer: &Value) {
        let wrong = &self.whole["components"]["responses"]["Wrong"];
        let said = match self.operation(method, path) {
            Some(operation) => {
                let said = &operation["responses"][status.to_string()];
                assert!(!said.is_null() || status >= 400, "{method} {path} answers {status}, which is not documented");
                if said.is_null() { wrong } else { said }
            }
            None => {
                assert!(status >= 400, "{method} {path} is not in the document and answers {status}");
                wrong
            }
        };
        self.fits(&said["content"]["application/json"]["schema"], answer, &format!("{method} {path}: {status}"));
    }

    pub fn fits(&self, schema: &Value, answer: &Value, what: &str) {
        assert!(!schema.is_null(), "{what}: no schema");
        let mut schema = schema.clone();
        schema["components"] = self.whole["components"].clone();
        let validator = jsonschema::draft202012::new(&schema).expect("a schema");
        let wrong: Vec<String> = validator.iter_errors(answer).map(|error| format!("{error}")).collect();
        assert!(wrong.is_empty(), "{what}: {wrong:?}\n{answer:#}");
    }
}
