//! The pages of cases: opened once, found by whose they are, changed on the version that was seen.

use reqwest::StatusCode;

use crate::book::{Book, Reader, SCRIPT};

async fn open(reader: &Reader<'_>, request: &str, kind: &str, title: &str) -> String {
    let fields = [("request", request), ("kind", kind), ("title", title), ("wanted", "It is broken.\nTwice.")];
    let opened = reader.post("/cases", &fields).await;
    assert_eq!(opened.status, StatusCode::SEE_OTHER, "{}", opened.text);
    opened.to
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_is_opened_once_and_stands_where_it_belongs() {
    let book = Book::open().await;
    let (mira, otto) = (book.reader("mira").await, book.reader("otto").await);
    assert!(mira.get("/cases").await.has("Cases appear here"));
    mira.post("/customers", &[("request", "form-0001"), ("name", "Anna")]).await;
    let form = mira.get("/cases/new?customer=1").await;
    assert!(form.has("Anna") && form.has("Complaint"));
    let request = form.hidden("request");
    let fields = [("request", request.as_str()), ("kind", "refund"), ("title", "Money back"), ("customer", "1")];
    let (first, again) = (mira.post("/cases", &fields).await, mira.post("/cases", &fields).await);
    assert_eq!((first.to.as_str(), again.to.as_str()), ("/cases/1", "/cases/1"), "a form sent twice opens one");
    let page = mira.get("/cases/1").await;
    for text in ["Money back", "Stock", "data-until", "/customers/1", "Mira Osei", "/cases/1/acceptance"] {
        assert!(page.has(text), "{text}");
    }
    assert!(!page.has("/cases/1/settlement") && !page.has("/cases/1/closure"), "only what is possible now");
    assert!(mira.get("/customers/1").await.has("Money back"));
    assert!(!otto.get("/cases").await.has("Money back"), "it is nobody's yet");
    for path in
        ["/cases?whose=anybody", "/cases?whose=department:stock", "/cases?whose=anybody&state=new&kind=refund&due=week"]
    {
        assert!(otto.get(path).await.has("Money back"), "{path}");
    }
    for path in ["/cases?whose=department:hall", "/cases?whose=anybody&state=closed", "/cases?whose=anybody&due=late"] {
        assert!(!otto.get(path).await.has("Money back"), "{path}");
    }
    book.hall.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_goes_its_way_and_its_history_says_who_and_why() {
    let book = Book::open().await;
    let (mira, otto) = (book.reader("mira").await, book.reader("otto").await);
    let path = open(&mira, "form-0001", "refund", "Money back").await;
    let act = async |reader: &Reader<'_>, what: &str, fields: &[(&str, &str)]| {
        let version = reader.get(&path).await.hidden("version");
        let all: Vec<(&str, &str)> =
            std::iter::once(("version", version.as_str())).chain(fields.iter().copied()).collect();
        reader.post(&format!("{path}/{what}"), &all).await
    };
    assert_eq!(act(&otto, "acceptance", &[]).await.status, StatusCode::SEE_OTHER);
    assert!(otto.get("/cases").await.has("Money back"));
    assert_eq!(act(&otto, "wait", &[("on", "customer"), ("text", "the receipt")]).await.status, StatusCode::SEE_OTHER);
    let page = otto.get(&path).await;
    assert!(page.has("the clock stands") && page.has("the receipt") && !page.has("data-until"));
    assert_eq!(act(&otto, "continuation", &[]).await.status, StatusCode::SEE_OTHER);
    let wrong = act(&otto, "settlement", &[("text", "paid back")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.has("choose how it ends") && wrong.has("paid back"), "it comes back filled in");
    let fields = [("text", "paid back"), ("disposition", "refunded")];
    assert_eq!(act(&otto, "settlement", &fields).await.status, StatusCode::SEE_OTHER);
    assert!(mira.get("/cases").await.has("Money back"), "who opened it tells the customer");
    assert_eq!(act(&mira, "closure", &[("text", "told her")]).await.status, StatusCode::SEE_OTHER);
    assert!(mira.get("/cases?state=closed").await.has("Money back"));
    assert_eq!(act(&mira, "reopening", &[("text", "not arrived")]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(act(&otto, "owner", &[("to", "person:mira"), ("text", "yours")]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(act(&mira, "note", &[("text", "she calls on Monday")]).await.status, StatusCode::SEE_OTHER);
    let page = mira.get(&path).await;
    for text in ["Refunded", "paid back", "told her", "not arrived", "yours", "she calls on Monday", "Otto Berg"] {
        assert!(page.has(text), "{text}");
    }
    book.hall.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_change_a_case_at_once_one_is_told_and_sees_how_it_stands() {
    let book = Book::open().await;
    let (mira, otto) = (book.reader("mira").await, book.reader("otto").await);
    let path = open(&mira, "form-0001", "complaint", "Rude").await;
    let version = mira.get(&path).await.hidden("version");
    let first = mira.post(&format!("{path}/acceptance"), &[("version", &version)]).await;
    assert_eq!(first.status, StatusCode::SEE_OTHER);
    let late = otto.post(&format!("{path}/acceptance"), &[("version", &version)]).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.has("Somebody else has changed this case") && late.has("Mira Osei · Hall"));
    let late = otto.post(&format!("{path}/note"), &[("version", &version), ("text", "my words")]).await;
    assert!(late.status == StatusCode::CONFLICT && late.has("my words"));
    assert!(!mira.get(&path).await.has("my words"));
    let refused = otto.post(&format!("{path}/closure"), &[("version", &late.hidden("version"))]).await;
    assert!(refused.status == StatusCode::CONFLICT && refused.has("It is not settled yet"));
    book.hall.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_refused_and_another_centres_case_is_not_there() {
    let book = Book::open().await;
    let (mira, eve) = (book.reader("mira").await, book.reader("eve").await);
    let wrong = mira
        .post(
            "/cases",
            &[
                ("request", "form-0001"),
                ("kind", SCRIPT),
                ("title", " "),
                ("wanted", &"x".repeat(10_001)),
                ("customer", SCRIPT),
                ("to", SCRIPT),
            ],
        )
        .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    for text in
        ["choose a type of case", "there is nothing in it", "longer than 10000", "no such customer", "nobody here"]
    {
        assert!(wrong.has(text), "{text}");
    }
    let fields = [("request", "form-0002"), ("kind", "refund"), ("title", SCRIPT), ("wanted", SCRIPT)];
    assert_eq!(mira.post("/cases", &fields).await.to, "/cases/1");
    assert!(mira.get("/cases/1").await.has("alert(2)"));
    assert!(mira.get("/cases?whose=anybody").await.has("alert(2)"));
    assert_eq!(mira.post("/cases/1/acceptance", &[("version", "1")]).await.status, StatusCode::SEE_OTHER);
    for (what, field, value) in [
        ("wait", "on", SCRIPT),
        ("wait", "until", "2020-01-01"),
        ("owner", "to", "person:eve"),
        ("owner", "to", "department:nowhere"),
        ("owner", "to", ""),
        ("settlement", "disposition", SCRIPT),
        ("note", "text", "\u{202e}\u{0}"),
    ] {
        let mut fields = vec![("version", "2"), (field, value)];
        fields.extend((field == "until").then_some(("on", "customer")));
        let status = mira.post(&format!("/cases/1/{what}"), &fields).await.status;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{what} {field} {value}");
    }
    for (field, value) in [("whose", "department:x"), ("state", "x"), ("kind", "%00"), ("due", "%ff")] {
        assert!(mira.get(&format!("/cases?{field}={value}")).await.has("not one of the choices"), "{field}");
    }
    assert_eq!(mira.get("/cases?after=%00~x").await.status, StatusCode::OK);
    for path in ["/cases/0", "/cases/9", "/cases/x", "/cases/18446744073709551615", "/cases/new?customer=9"] {
        assert_eq!(mira.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(mira.post("/cases/1/deletion", &[]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(eve.get("/cases/1").await.status, StatusCode::NOT_FOUND);
    assert_eq!(eve.post("/cases/1/note", &[("version", "2"), ("text", "x")]).await.status, StatusCode::NOT_FOUND);
    assert!(!eve.get("/cases?whose=anybody").await.has("/cases/1"));
    book.hall.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inbox_goes_on_behind_its_last_case() {
    let book = Book::open().await;
    let mira = book.reader("mira").await;
    for n in 1..=60 {
        open(&mira, &format!("form-{n:04}"), "complaint", &format!("Title {n:02}")).await;
    }
    let first = mira.get("/cases?whose=anybody").await;
    assert!(first.has("Title 50") && !first.has("Title 51"), "the most urgent first");
    let next = first.text.split("rel=\"next\" href=\"").nth(1).expect("a next page");
    let next = next.split('"').next().expect("an address").replace("&amp;", "&").replace("&#38;", "&");
    let second = mira.get(&next).await;
    assert!(second.has("Title 51") && second.has("Title 60") && !second.has("Title 50"));
    book.hall.close().await;
}
