//! The pages of customers: found, written down, changed by one at a time, erased by those who may.

use cordboard::customers::Number;
use reqwest::StatusCode;

use crate::book::{Book, SCRIPT, demo};

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_written_down_once_and_found_by_name_and_number() {
    let book = Book::open().await;
    let mira = book.reader("mira").await;
    assert!(mira.get("/customers").await.has("Customers appear here"));
    let form = mira.get("/customers/new?number=13800138000").await;
    assert!(form.has("13800138000"));
    let request = form.hidden("request");
    let fields = [("request", request.as_str()), ("name", "Anna Smith"), ("numbers", "138 0013 8000\n1001")];
    let first = mira.post("/customers", &fields).await;
    let again = mira.post("/customers", &fields).await;
    assert_eq!((first.status, first.to.as_str()), (StatusCode::SEE_OTHER, "/customers/1"));
    assert_eq!(again.to, first.to, "a form sent twice is one customer");
    for sought in ["smith", "0138", "%2B86138", "1001"] {
        assert!(mira.get(&format!("/customers?q={sought}")).await.has("/customers/1\""), "{sought}");
    }
    assert!(mira.get("/customers?q=nobody").await.has("Nobody is found"));
    let page = mira.get("/customers/1").await;
    assert!(page.has("Anna Smith") && page.has("+8613800138000\n1001"));
    assert!(!page.has("/erasure"), "an agent cannot erase");
    book.hall.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_goes_on_behind_its_last_row() {
    let book = Book::open().await;
    let mira = book.reader("mira").await;
    for n in 0..60 {
        let fields = [("request", format!("form-{n:04}")), ("name", format!("Name {n:02}"))];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(mira.post("/customers", &fields).await.status, StatusCode::SEE_OTHER);
    }
    for path in ["/customers", "/customers?q=name"] {
        let first = mira.get(path).await;
        assert!(first.has("Name 49") && !first.has("Name 50"));
        let next = first.text.split("rel=\"next\" href=\"").nth(1).expect("a next page");
        let next = next.split('"').next().expect("an address").replace("&amp;", "&").replace("&#38;", "&");
        let second = mira.get(&next).await;
        assert!(
            second.has("Name 50") && second.has("Name 59") && !second.has("Name 49") && !second.has("rel=\"next\"")
        );
    }
    book.hall.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_change_a_record_at_once_one_is_told_and_keeps_what_they_typed() {
    let book = Book::open().await;
    let (mira, otto) = (book.reader("mira").await, book.reader("otto").await);
    mira.post("/customers", &[("request", "form-0001"), ("name", "Anna")]).await;
    let version = mira.get("/customers/1").await.hidden("version");
    let changed = mira.post("/customers/1", &[("version", &version), ("name", "Anna Li")]).await;
    assert_eq!(changed.status, StatusCode::SEE_OTHER);
    let late = otto.post("/customers/1", &[("version", &version), ("name", "Anna Wu"), ("note", "calls again")]).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.has("Somebody else has changed this") && late.has("Anna Li") && late.has("Anna Wu"));
    assert!(late.has("calls again"));
    let then = otto.post("/customers/1", &[("version", &late.hidden("version")), ("name", "Anna Wu")]).await;
    assert_eq!(then.status, StatusCode::SEE_OTHER);
    assert!(mira.get("/customers/1").await.has("Anna Wu"));
    book.hall.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_comes_back_with_each_mistake_and_what_is_odd_is_text() {
    let book = Book::open().await;
    let mira = book.reader("mira").await;
    let long = "长".repeat(201);
    let wrong = mira
        .post(
            "/customers",
            &[("request", "form-0001"), ("name", &long), ("numbers", SCRIPT), ("language", "xx"), ("note", SCRIPT)],
        )
        .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    for text in ["longer than 200", "not a telephone number", "not one of the languages", &long] {
        assert!(wrong.has(text), "{text}");
    }
    let empty = mira.post("/customers", &[("request", "form-0002")]).await;
    assert!(empty.has("a name or a number is needed"));
    let good =
        mira.post("/customers", &[("request", "form-0003"), ("name", SCRIPT), ("note", &"字".repeat(10_000))]).await;
    assert_eq!(good.status, StatusCode::SEE_OTHER, "{}", good.text);
    assert!(mira.get(&good.to).await.has("alert(2)"));
    assert!(mira.get("/customers").await.has("alert(2)"));
    mira.post("/cases", &[("request", SCRIPT)]).await;
    let garbled = mira.post_raw("/customers", "request=form-0004&name=%ff%fe%00x".into()).await;
    assert_eq!(garbled.status, StatusCode::SEE_OTHER);
    let huge = mira.post_raw("/customers", format!("request=form-0005&name={}", "x".repeat(200_000))).await;
    assert_eq!(huge.status, StatusCode::PAYLOAD_TOO_LARGE);
    for path in
        ["/customers?q=%00%ff", "/customers?after=%00~1", "/customers?after=x", "/customers/new?number=%3Cscript%3E"]
    {
        assert_eq!(mira.get(path).await.status, StatusCode::OK, "{path}");
    }
    for path in [
        "/customers/0",
        "/customers/9",
        "/customers/x",
        "/customers/18446744073709551615",
        "/customers/%3Cscript%3E",
        "/customers/new?call=c0000000009-00000009",
        "/customers/new?call=x",
    ] {
        assert_eq!(mira.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    book.hall.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_erased_by_a_supervisor_who_was_asked_and_no_other_centre_knows_them() {
    let book = Book::open().await;
    let (mira, sofia, eve) = (book.reader("mira").await, book.reader("sofia").await, book.reader("eve").await);
    mira.post("/customers", &[("request", "form-0001"), ("name", "Anna"), ("numbers", "13900139000")]).await;
    assert_eq!(eve.get("/customers/1").await.status, StatusCode::NOT_FOUND);
    assert_eq!(eve.post("/customers/1", &[("version", "1"), ("name", "Eve")]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(eve.post("/customers/1/erasure", &[]).await.status, StatusCode::NOT_FOUND);
    assert!(!eve.get("/customers?q=anna").await.has("Anna"));
    assert_eq!(mira.get("/customers/1/erasure").await.status, StatusCode::FORBIDDEN);
    assert_eq!(mira.post("/customers/1/erasure", &[]).await.status, StatusCode::FORBIDDEN);
    let question = sofia.get("/customers/1/erasure").await;
    assert!(question.has("Erase this person?") && question.has("Anna") && question.has("13900139000"));
    assert_eq!(sofia.post("/customers/1/erasure", &[]).await.to, "/customers/1");
    assert_eq!(sofia.post("/customers/1/erasure", &[]).await.to, "/customers/1", "pressed twice");
    let page = sofia.get("/customers/1").await;
    assert!(page.has("Erased customer") && !page.has("Anna") && !page.has("13900139000"));
    let number = Number::of("+8613900139000", None).expect("a number");
    assert!(book.hall.db.customers_of_number(&demo(), &number).await.expect("read").is_empty());
    assert_eq!(mira.post("/customers/1", &[("version", "2"), ("name", "Anna")]).await.status, StatusCode::NOT_FOUND);
    book.hall.close().await;
}
