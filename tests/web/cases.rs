//! Customers and cases through the interface: what a ticketing program does with them, and what strangers try.

use reqwest::Method;
use serde_json::{Value, json};

use crate::desk::{CENTRE, Desk};

const WITH_CASES: &str = "\
country: CN
dispositions: { refunded: Refunded, refused: Refused }
departments:
  service: { name: Service, head: mira, people: [otto], superior: board }
  board: { name: Board, head: lead }
cases:
  complaint: { name: Complaint, department: service, deadline: 8h }
  refund: { name: Refund, department: board, deadline: 16h, dispositions: [refunded, refused] }
";

async fn opened() -> Desk {
    let desk = Desk::open().await;
    std::fs::write(desk.yaml(), format!("{CENTRE}{WITH_CASES}")).expect("written");
    let (status, answer) = desk.ask(Method::POST, "/versions", None).await;
    assert_eq!(status, 201, "{answer}");
    desk
}

async fn ok(desk: &Desk, method: Method, path: &str, body: Value, status: u16) -> Value {
    let body = (method != Method::DELETE).then_some(body);
    let (found, answer) = desk.ask(method.clone(), path, body).await;
    assert_eq!(found, status, "{method} {path}: {answer}");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_added_once_found_changed_and_forgotten() {
    let desk = opened().await;
    let written = json!({
        "name": "李 小<script>", "language": "zh", "note": "Line one\nline two", "fields": { "账号": "007" },
        "numbers": ["138 0000 0001", "+8613800000001"],
    });
    let send = || {
        let request = desk.request(Method::POST, "/api/v1/centres/demo/customers").header("idempotency-key", "order 7");
        request.json(&written).send()
    };
    let first = send().await.expect("an answer");
    assert_eq!(first.status(), 201);
    let first: Value = first.json().await.expect("JSON");
    assert_eq!(first["numbers"], json!(["+8613800000001"]));
    assert_eq!(send().await.expect("an answer").json::<Value>().await.expect("JSON")["id"], first["id"]);
    let other = desk.request(Method::POST, "/api/v1/centres/demo/customers").header("idempotency-key", "order 7");
    let other = other.json(&json!({ "name": "Somebody else" })).send().await.expect("an answer");
    assert_eq!(other.status(), 409, "the same key, and another customer");
    assert_eq!(other.json::<Value>().await.expect("JSON")["error"], json!("key_used"));
    let id = first["id"].as_u64().expect("a number");
    for query in ["q=%E6%9D%8E", "number=013800000001", "number=%2B8613800000001", "q=1380000", ""] {
        let page = desk.get(&format!("/customers?{query}")).await;
        assert_eq!(page["customers"][0]["id"], json!(id), "{query}: {page}");
    }
    let path = format!("/customers/{id}");
    let changed = ok(&desk, Method::PUT, &path, json!({ "name": "Li", "version": 1 }), 200).await;
    assert_eq!((&changed["version"], &changed["note"], &changed["numbers"]), (&json!(2), &json!(""), &json!([])));
    let stale = ok(&desk, Method::PUT, &path, json!({ "name": "Lo", "version": 1 }), 409).await;
    assert_eq!(stale["error"], "stale");
    let numbered = json!({ "numbers": ["13800000001"], "version": 2 });
    ok(&desk, Method::PUT, &path, numbered, 200).await;
    desk.log_in("mira").await;
    desk.call("A caller");
    desk.until("/agents/mira", |agent| agent["state"] == "talking").await;
    let calls = desk.until(&format!("{path}/calls"), |calls| calls[0]["from"] == "13800000001").await;
    assert_eq!(calls.as_array().map(Vec::len), Some(1));
    let erased = ok(&desk, Method::DELETE, &path, Value::Null, 200).await;
    assert!(erased["erased_ms"].is_i64() && erased["name"].is_null() && erased["numbers"] == json!([]), "{erased}");
    ok(&desk, Method::DELETE, &path, Value::Null, 404).await;
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_customer_is_refused_in_words() {
    let desk = opened().await;
    let long = "x".repeat(201);
    for (body, says) in [
        (json!([]), "invalid"),
        (json!({ "name": 7 }), "invalid type"),
        (json!({ "name": " " }), "name"),
        (json!({ "name": long }), "name"),
        (json!({ "language": "fr" }), "en or zh"),
        (json!({ "note": "x".repeat(10_001) }), "note"),
        (json!({ "fields": { &long: "x" } }), "fields"),
        (json!({ "numbers": ["<script>"] }), "is no number"),
        (json!({ "numbers": vec!["10086"; 21] }), "at most 20"),
        (json!({ "version": 1 }), "no version"),
        (json!({ "nmae": "x" }), "unknown field"),
    ] {
        let answer = ok(&desk, Method::POST, "/customers", body.clone(), 400).await;
        assert!(answer["message"].as_str().is_some_and(|said| said.contains(says)), "{body}: {answer}");
    }
    for path in ["/customers?limit=201", "/customers?after=x", "/customers?number=abc", &format!("/customers?q={long}")]
    {
        assert_eq!(desk.ask(Method::GET, path, None).await.0, 400, "{path}");
    }
    for id in ["0", "1", "-1", "x", "%00", "99999999999999999999", "18446744073709551615", "9223372036854775808"] {
        for (method, body) in
            [(Method::GET, None), (Method::DELETE, None), (Method::PUT, Some(json!({ "version": 1 })))]
        {
            let (status, answer) = desk.ask(method.clone(), &format!("/customers/{id}"), body).await;
            assert_eq!(status, 404, "{method} {id}: {answer}");
        }
    }
    let wrong = desk.request(Method::POST, "/api/v1/centres/demo/customers").header("idempotency-key", "x".repeat(256));
    assert_eq!(wrong.send().await.expect("an answer").status(), 400);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_goes_from_its_opening_to_its_closure() {
    let desk = opened().await;
    let customer = ok(&desk, Method::POST, "/customers", json!({ "name": "Li" }), 201).await["id"].clone();
    let new = json!({
        "type": "refund", "title": "A ticket <b>twice</b>", "wanted": "Paid twice", "customer": customer, "by": "otto",
    });
    let case = ok(&desk, Method::POST, "/cases", new, 201).await;
    assert_eq!(
        (&case["state"], &case["owner"]["department"], &case["version"]),
        (&json!("new"), &json!("board"), &json!(1))
    );
    assert!(case["due_ms"].is_i64());
    let number = case["number"].as_u64().expect("a number");
    let path = |end: &str| format!("/cases/{number}{end}");
    for query in
        ["", "state=new", "type=refund", "department=board", "customer=1", "all=true", "due_by_ms=99999999999999"]
    {
        assert_eq!(desk.get(&format!("/cases?{query}")).await["cases"][0]["number"], json!(number), "{query}");
    }
    for query in ["state=waiting", "type=complaint", "department=service", "person=otto", "due_by_ms=0"] {
        assert_eq!(desk.get(&format!("/cases?{query}")).await["cases"], json!([]), "{query}");
    }
    let case = ok(&desk, Method::PUT, &path("/acceptance"), json!({ "version": 1, "by": "lead" }), 200).await;
    assert_eq!((&case["state"], &case["owner"]["person"]), (&json!("accepted"), &json!("lead")));
    let stale = ok(&desk, Method::PUT, &path("/acceptance"), json!({ "version": 1, "by": "lead" }), 409).await;
    assert_eq!(stale["error"], "stale");
    let again = ok(&desk, Method::PUT, &path("/acceptance"), json!({ "version": 2, "by": "lead" }), 409).await;
    assert_eq!(again["error"], "accepted_already");
    let waits = json!({ "version": 2, "by": "lead", "on": "customer", "text": "Asked for the receipt" });
    let case = ok(&desk, Method::PUT, &path("/wait"), waits, 200).await;
    assert_eq!(
        (&case["state"], &case["waits_for"], &case["due_ms"]),
        (&json!("waiting"), &json!("customer"), &Value::Null)
    );
    ok(&desk, Method::DELETE, &path("/wait?version=3&by=lead"), Value::Null, 200).await;
    let to = json!({ "version": 4, "by": "lead", "person": "otto", "text": "Yours" });
    ok(&desk, Method::PUT, &path("/owner"), to, 200).await;
    ok(&desk, Method::PUT, &path("/acceptance"), json!({ "version": 5, "by": "otto" }), 200).await;
    let needs = ok(&desk, Method::PUT, &path("/settlement"), json!({ "version": 6, "by": "otto" }), 409).await;
    assert_eq!(needs["error"], "disposition_needed");
    let settled = json!({ "version": 6, "by": "otto", "disposition": "refunded" });
    ok(&desk, Method::PUT, &path("/settlement"), settled, 200).await;
    ok(&desk, Method::DELETE, &path("/settlement?version=7&by=otto&text=Not%20arrived"), Value::Null, 200).await;
    let settled = json!({ "version": 8, "by": "otto", "disposition": "refunded" });
    ok(&desk, Method::PUT, &path("/settlement"), settled, 200).await;
    ok(&desk, Method::POST, &path("/notes"), json!({ "version": 9, "by": "otto", "text": "Told them" }), 200).await;
    let case = ok(&desk, Method::PUT, &path("/closure"), json!({ "version": 10, "by": "otto" }), 200).await;
    assert_eq!((&case["state"], &case["disposition"]), (&json!("closed"), &json!("refunded")));
    let story = desk.get(&path("")).await;
    let told: Vec<&str> =
        story["entries"].as_array().expect("entries").iter().filter_map(|e| e["what"].as_str()).collect();
    assert_eq!(
        told,
        [
            "opened", "accepted", "waiting", "went_on", "assigned", "accepted", "settled", "reopened", "settled",
            "noted", "closed"
        ]
    );
    assert_eq!(desk.get(&path("?after=10")).await["entries"][0]["what"], "closed");
    assert_eq!(desk.get("/cases").await["cases"], json!([]));
    assert_eq!(desk.get("/cases?all=true&state=closed").await["cases"][0]["number"], json!(number));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_cases_are_the_whole_list_once() {
    let desk = opened().await;
    for count in 0..5 {
        let kind = if count % 2 == 0 { "complaint" } else { "refund" };
        let new = json!({ "type": kind, "title": format!("Case {count}"), "by": "otto" });
        ok(&desk, Method::POST, "/cases", new, 201).await;
    }
    for query in ["limit=2", "limit=2&all=true"] {
        let (mut seen, mut after) = (Vec::new(), String::new());
        loop {
            let page = desk.get(&format!("/cases?{query}{after}")).await;
            seen.extend(page["cases"].as_array().expect("cases").iter().filter_map(|case| case["number"].as_u64()));
            let Some(next) = page["next"].as_str() else { break };
            after = format!("&after={next}");
        }
        seen.sort_unstable();
        assert_eq!(seen, [1, 2, 3, 4, 5], "{query}");
    }
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_case_is_refused_in_words() {
    let desk = opened().await;
    for (body, status, error) in [
        (json!({}), 400, "invalid"),
        (json!({ "type": "refund", "title": "", "by": "otto" }), 400, "invalid"),
        (json!({ "type": "refund", "title": "x", "by": "" }), 400, "invalid"),
        (json!({ "type": "refund", "title": "x", "by": "\u{202e}" }), 400, "invalid"),
        (json!({ "type": "refund", "title": "x", "by": "otto", "customer": 99 }), 400, "invalid"),
        (json!({ "type": "refund", "title": "x", "by": "otto", "customer": 0 }), 400, "invalid"),
        (json!({ "type": "refund", "title": "x", "by": "otto", "call": "c1" }), 400, "invalid"),
        (json!({ "type": "refund", "title": "x", "by": "otto", "person": "a", "department": "b" }), 400, "invalid"),
        (json!({ "type": "<script>", "title": "x", "by": "otto" }), 409, "no_such_type"),
        (json!({ "type": "refund", "title": "x", "by": "otto", "department": "moon" }), 409, "no_such_department"),
    ] {
        let answer = ok(&desk, Method::POST, "/cases", body.clone(), status).await;
        assert_eq!(answer["error"], error, "{body}: {answer}");
    }
    for path in [
        "/cases?limit=501",
        "/cases?state=nice",
        "/cases?after=x",
        "/cases?all=true&after=-/1",
        "/cases?customer=1&call=c0000000001-00000001",
        "/cases?customer=1&person=otto",
        "/cases?customer=0",
        "/cases?all=perhaps",
    ] {
        assert_eq!(desk.ask(Method::GET, path, None).await.0, 400, "{path}");
    }
    for number in ["0", "1", "x", "-1", "99999999999999999999", "18446744073709551615"] {
        assert_eq!(desk.ask(Method::GET, &format!("/cases/{number}"), None).await.0, 404, "{number}");
        let note = json!({ "version": 1, "by": "otto", "text": "x" });
        assert_eq!(desk.ask(Method::POST, &format!("/cases/{number}/notes"), Some(note)).await.0, 404, "{number}");
    }
    ok(&desk, Method::POST, "/cases", json!({ "type": "complaint", "title": "x", "by": "otto" }), 201).await;
    for (path, body) in [
        ("/cases/1/wait", json!({ "version": 1, "by": "otto", "on": "moon" })),
        ("/cases/1/owner", json!({ "version": 1, "by": "otto" })),
        ("/cases/1/acceptance", json!({ "version": -1, "by": "otto" })),
        ("/cases/1/acceptance", json!({ "version": 1, "by": "x".repeat(65) })),
        ("/cases/1/closure", json!({ "version": 1, "by": "otto", "text": "x".repeat(10_001) })),
    ] {
        assert_eq!(desk.ask(Method::PUT, path, Some(body.clone())).await.0, 400, "{path}: {body}");
    }
    let until = json!({ "version": 1, "by": "otto", "on": "outside", "until_ms": i64::MAX });
    assert_eq!(ok(&desk, Method::PUT, "/cases/1/wait", until, 409).await["error"], "not_then");
    desk.close().await;
}
