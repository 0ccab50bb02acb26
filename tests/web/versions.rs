//! New versions of the YAML while calls run.

use reqwest::Method;
use serde_json::json;

use crate::desk::{CENTRE, Desk};

#[tokio::test(flavor = "multi_thread")]
async fn a_version_with_mistakes_comes_back_with_all_of_them_and_the_old_one_stays() {
    let desk = Desk::open().await;
    let before = desk.get("/floor").await["version"].clone();
    std::fs::write(desk.yaml(), CENTRE.replace("queue: desk", "queue: dusk").replace("Asia/", "Asio/"))
        .expect("written");
    let (status, answer) = desk.ask(Method::POST, "/versions", None).await;
    assert_eq!((status, &answer["error"]), (422, &json!("mistaken")));
    let mistakes = answer["mistakes"].as_array().expect("a list");
    assert_eq!(mistakes.len(), 2, "{answer}");
    for mistake in mistakes {
        assert!(mistake["file"].as_str().is_some_and(|file| file.ends_with("centre.yaml")), "{mistake}");
        assert!(mistake["line"].as_u64() > Some(1) && mistake["column"].as_u64() > Some(1), "{mistake}");
        assert!(mistake["sentence"].as_str().is_some_and(|sentence| !sentence.is_empty()), "{mistake}");
    }
    assert_eq!(desk.get("/floor").await["version"], before);

    std::fs::write(desk.yaml(), CENTRE.replace("  desk:", "  second: {}\n  desk:")).expect("written");
    let (status, answer) = desk.ask(Method::POST, "/versions", None).await;
    assert_eq!(status, 201, "{answer}");
    let floor = desk.until("/floor", |floor| floor["version"] == answer["version"]).await;
    assert_ne!(floor["version"], before);
    assert_eq!(floor["queues"].as_array().map(Vec::len), Some(2));
    std::fs::remove_file(desk.yaml()).expect("removed");
    let (status, answer) = desk.ask(Method::POST, "/versions", None).await;
    assert_eq!(status, 422, "{answer}");
    desk.close().await;
}
