//! The OpenAPI document is about all that is there, and about nothing else.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use crate::desk::Desk;

pub fn filled(path: &str) -> String {
    path.replace("{centre}", "demo")
        .replace("{agent}", "nobody")
        .replace("{call}", "c0000000001-00000001")
        .replace("{promise}", "c0000000001-00000001")
        .replace("{queue}", "desk")
        .replace("{hook}", "000000000000")
        .replace("{customer}", "999")
        .replace("{case}", "999")
        .replace("{message}", "nothing")
        .replace("{lender}", "other")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_document_says_is_there_and_what_it_does_not_say_is_not() {
    let desk = Desk::open().await;
    let document = desk.document().await;
    assert_eq!(document.whole["openapi"], "3.1.0");
    let paths: &serde_json::Map<String, Value> = document.whole["paths"].as_object().expect("paths");
    assert!(paths.len() > 10);
    for (path, operations) in paths {
        let filled = filled(path);
        assert!(!filled.contains('{'), "{path}: say what stands there");
        let parameters: Vec<&Value> = operations
            .as_object()
            .expect("operations")
            .values()
            .flat_map(|operation| operation["parameters"].as_array().expect("a list"))
            .collect();
        for named in path.split('/').filter(|piece| piece.starts_with('{')) {
            let named = named.trim_matches(['{', '}']);
            assert!(parameters.iter().any(|one| one["name"] == named && one["in"] == "path"), "{path}: {named}");
        }
        for method in [Method::GET, Method::PUT, Method::POST, Method::DELETE, Method::PATCH] {
            let answer = desk.request(method.clone(), &format!("/api/v1{filled}")).send().await.expect("an answer");
            let status = answer.status().as_u16();
            if operations.get(method.as_str().to_ascii_lowercase()).is_none() {
                assert_eq!(status, 405, "{method} {path} is there and not documented");
                continue;
            }
            assert_ne!(status, 405, "{method} {path} is documented and not there");
            if status == 404 {
                let answer: Value = answer.json().await.expect("JSON");
                let message = answer["message"].as_str().expect("a message");
                assert!(!message.starts_with("there is nothing at"), "{method} {path}: {message}");
            }
        }
    }
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_names_the_error_form_and_the_scope_of_every_operation() {
    let desk = Desk::open().await;
    let document = desk.document().await;
    let mut scopes: BTreeMap<String, usize> = BTreeMap::new();
    for (path, operations) in document.whole["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            let wrong = &operation["responses"]["default"]["$ref"];
            assert_eq!(wrong, "#/components/responses/Wrong", "{method} {path}");
            assert!(operation["summary"].as_str().is_some_and(|summary| summary.len() > 5), "{method} {path}");
            for scope in operation["security"][0]["key"].as_array().expect("scopes") {
                *scopes.entry(scope.as_str().expect("a word").to_owned()).or_default() += 1;
            }
        }
    }
    assert!(scopes.len() >= 4, "{scopes:?}");
    let records = &document.whole["paths"]["/centres/{centre}/records"]["get"]["parameters"];
    let limit = records.as_array().and_then(|all| all.iter().find(|one| one["name"] == "limit")).expect("a limit");
    assert_eq!((&limit["in"], &limit["schema"]["type"]), (&json!("query"), &json!("integer")));
    desk.close().await;
}
