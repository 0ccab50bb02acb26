//! Customers on both databases: found however they are told, two who edit at once, a person forgotten and every figure
//! kept.

use cordboard::customers::{Country, Customer, Fields, Line, Note, Number, Record};
use cordboard::dialplan::Language;
use cordboard::routing::ids::{AgentName, CentreName};
use cordboard::store::calls::Which;
use cordboard::store::customers::{Behind, CustomerError, Found};
use cordboard::store::notes::Note as CallNote;
use cordboard::store::{Author, Db, Recorded, RequestKey, Way};

use crate::shift::{at, call, centre, shift};
use crate::{Both, rows};

fn home() -> Option<Country> {
    Some("CN".parse().expect("a country"))
}

fn number(text: &str) -> Number {
    Number::of(text, home()).expect("a number")
}

fn record(name: &str, numbers: &[&str]) -> Record {
    Record {
        name: Line::of(name).ok(),
        language: Some(Language::Zh),
        note: Note::of("Likes a window seat.\nDoes not like jazz.").expect("a note"),
        fields: Fields::of([("card", "4711 '; --")]).expect("fields"),
        numbers: numbers.iter().map(|text| number(text)).collect(),
    }
}

fn key(text: &str) -> RequestKey {
    RequestKey::of(&format!("form-{text:0>8}")).expect("a key")
}

fn anna() -> Author {
    Author::Person(AgentName::new("anna"))
}

async fn add(db: &Db, centre: &CentreName, name: &str, numbers: &[&str]) -> Customer {
    let request = key(&format!("{}", name.bytes().map(u64::from).sum::<u64>()));
    db.add_customer(centre, record(name, numbers), &request, &anna(), at(0), home()).await.expect("added")
}

fn names(found: &Found) -> Vec<&str> {
    found.customers.iter().filter_map(|customer| customer.record.name.as_ref()).map(Line::as_str).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_found_by_number_by_name_and_by_id_in_one_centre_only() {
    let both = Both::new().await;
    let (hall, other) = (CentreName::new("hall"), CentreName::new("other"));
    for db in &both.all {
        let deng = add(db, &hall, "邓凯", &["013800138000", "+86 20 8555 1234", "13800138000"]).await;
        assert_eq!(deng.record.numbers.len(), 2, "one telephone, however it was typed");
        let smith = add(db, &hall, "Anna SMITH", &["+4930901820"]).await;
        let shared = add(db, &hall, "Anna Li", &["02085551234"]).await;
        let again = db.add_customer(&hall, record("Somebody", &[]), &key("0"), &anna(), at(0), home()).await;
        let twice = db.add_customer(&hall, record("Else", &[]), &key("0"), &anna(), at(0), home()).await;
        assert_eq!(again.expect("added"), twice.expect("the same"), "a form sent twice adds one");

        let of_number = async |text: &str| db.customers_of_number(&hall, &number(text)).await.expect("found");
        assert_eq!(of_number("+8613800138000").await, std::slice::from_ref(&deng));
        assert_eq!(of_number("02085551234").await.len(), 2, "several matches are asked about");
        assert!(of_number("13800138001").await.is_empty());
        assert_eq!(db.customer(&hall, deng.id).await.expect("read"), Some(deng.clone()));
        assert_eq!(db.customer(&other, deng.id).await.expect("read"), None);
        assert!(db.customers_of_number(&other, &number("13800138000")).await.expect("found").is_empty());

        let find = async |typed: &str| db.find_customers(&hall, typed, None, 10, home()).await.expect("found");
        assert_eq!(names(&find("邓").await), ["邓凯"]);
        assert_eq!(names(&find(" anna ").await), ["Anna Li", "Anna SMITH"]);
        assert_eq!(names(&find("smi").await), ["Anna SMITH"]);
        assert_eq!(names(&find("0138").await), ["邓凯"]);
        assert_eq!(names(&find("+49 30").await), ["Anna SMITH"]);
        assert_eq!(names(&find("'; DROP").await), [""; 0]);
        assert_eq!(names(&find("%").await), [""; 0]);
        assert_eq!(names(&find("").await), ["Anna Li", "Anna SMITH", "Somebody", "邓凯"]);
        let _ = (smith, shared);
    }
    let [sqlite, postgres] = &both.all;
    assert_eq!(rows(sqlite).await, rows(postgres).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_customers_follow_each_other_without_a_gap() {
    let both = Both::new().await;
    let hall = CentreName::new("hall");
    for db in &both.all {
        for n in 0..25 {
            let record = record(&format!("Li {}", ["Ä", "a", "Z", "中", "é"][n % 5]), &[&format!("1380013{n:04}")]);
            db.add_customer(&hall, record, &key(&n.to_string()), &anna(), at(0), home()).await.expect("added");
        }
        for typed in ["", "li", "138001"] {
            let whole = db.find_customers(&hall, typed, None, 200, home()).await.expect("found");
            assert_eq!((whole.customers.len(), &whole.next), (25, &None), "{typed}");
            let (mut pages, mut behind): (Vec<Customer>, Option<Behind>) = (Vec::new(), None);
            loop {
                let page = db.find_customers(&hall, typed, behind.as_ref(), 4, home()).await.expect("found");
                pages.extend(page.customers);
                behind = page.next;
                if behind.is_none() {
                    break;
                }
            }
            assert_eq!(pages, whole.customers, "{typed}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_edit_a_customer_at_once_do_not_overwrite_each_other() {
    let both = Both::new().await;
    let hall = CentreName::new("hall");
    for db in &both.all {
        let first = add(db, &hall, "邓凯", &["13800138000"]).await;
        let change = async |version, name: &str, numbers: &[&str]| {
            db.change_customer(&hall, first.id, version, record(name, numbers), &anna(), at(5), home()).await
        };
        let second = change(1, "邓小凯", &["13800138001"]).await.expect("changed");
        assert_eq!((second.version, second.changed, second.added), (2, at(5), at(0)));
        assert!(matches!(change(1, "Somebody", &[]).await, Err(CustomerError::Stale(_))));
        assert_eq!(db.customer(&hall, first.id).await.expect("read"), Some(second.clone()));
        let same = change(2, "邓小凯", &["13800138001"]).await.expect("nothing to do");
        assert_eq!(same, second);
        assert!(db.customers_of_number(&hall, &number("13800138000")).await.expect("found").is_empty());
        assert!(db.find_customers(&hall, "邓凯", None, 9, home()).await.expect("found").customers.is_empty());

        // The audit says who and which part, and nothing of the person.
        let audited = db.audited(&hall, Some(&format!("customer:{}", first.id)), None, 10).await.expect("audit");
        let said: Vec<(&str, String)> = audited
            .iter()
            .map(|entry| (entry.what.as_str(), entry.after.as_ref().map(ToString::to_string).unwrap_or_default()))
            .collect();
        assert_eq!(
            said,
            [
                ("customer.changed", r#"["name","numbers"]"#.into()),
                ("customer.added", r#"["name","language","note","fields","numbers"]"#.into())
            ]
        );
        assert!(audited.iter().all(|entry| entry.who == anna()));
    }
}

async fn filled(db: &Db, calls: u32) {
    let all = shift(calls);
    let recorded: Vec<Recorded<'_>> = (1..)
        .zip(&all)
        .map(|(seq, handled)| Recorded { seq, at: handled.at, schema: 1, facts: &handled.facts })
        .collect();
    db.filled(&centre()).await.expect("a position");
    db.fill(&centre(), 0, &recorded, Way::Whole).await.expect("filled");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_is_the_calls_of_the_numbers_and_those_that_somebody_said_newest_first() {
    let both = Both::new().await;
    for db in &both.all {
        filled(db, 30).await;
        // The shift's caller has a backslash in their number: not one by which anybody is found.
        let caller = add(db, &centre(), "O'Mally", &[]).await;
        let stranger = add(db, &centre(), "Stranger", &["13800138000"]).await;
        let history = async |customer: &Customer, before, most| {
            let calls = db.contacts_of(&centre(), customer, before, most, home()).await.expect("history");
            calls.into_iter().map(|kept| kept.call).collect::<Vec<_>>()
        };
        assert!(history(&caller, None, 50).await.is_empty());
        for n in [3, 20, 9] {
            db.say_contact(&centre(), call(n), caller.id).await.expect("said");
        }
        assert_eq!(history(&caller, None, 50).await, [call(20), call(9), call(3)]);
        assert_eq!(history(&caller, Some(call(20)), 1).await, [call(9)]);
        assert_eq!(db.contact(&centre(), call(9)).await.expect("read"), Some(caller.id));
        assert_eq!(db.contact(&centre(), call(10)).await.expect("read"), None);
        // Somebody was wrong.
        db.say_contact(&centre(), call(9), stranger.id).await.expect("said");
        assert_eq!(history(&caller, None, 50).await, [call(20), call(3)]);
        assert_eq!(history(&stranger, None, 50).await, [call(9)]);
    }
}

/// A call of its own number, as a switch tells it.
async fn called(db: &Db, numbers: &[(u32, &str)]) {
    use cordboard::routing::fact::{EndedBy, Fact, Outcome};
    use cordboard::routing::ids::*;
    let arrived = |(n, from): &(u32, &str)| {
        vec![
            Fact::CallArrived {
                call: call(*n),
                switch: SwitchName::new("pbx"),
                leg: LegId::new("l"),
                from: PhoneNumber::cleaned(from),
                name: CallerName::cleaned("Deng"),
                to: PhoneNumber::new("100"),
                version: VersionHash::new("ab"),
                found: false,
                promise: None,
            },
            Fact::CallEnded { call: call(*n), outcome: Outcome::Abandoned, by: EndedBy::Caller },
        ]
    };
    let facts: Vec<Vec<Fact>> = numbers.iter().map(arrived).collect();
    let recorded: Vec<Recorded<'_>> =
        (1..).zip(&facts).map(|(seq, facts)| Recorded { seq, at: at(1), schema: 1, facts }).collect();
    db.filled(&centre()).await.expect("a position");
    db.fill(&centre(), 0, &recorded, Way::Whole).await.expect("filled");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_is_erased_is_forgotten_everywhere_and_every_figure_stays() {
    let both = Both::new().await;
    for db in &both.all {
        called(db, &[(1, "013800138000"), (2, "+8613800138000"), (3, "02085551234"), (4, "13800138000"), (5, "1001")])
            .await;
        let deng = add(db, &centre(), "邓凯", &["13800138000", "02085551234"]).await;
        let other = Record {
            name: Line::of("Li").ok(),
            note: Note::of("Wants the aisle.").expect("a note"),
            fields: Fields::of([("card", "8842")]).expect("fields"),
            ..record("Li", &["02085551234"])
        };
        let li = db.add_customer(&centre(), other, &key("li"), &anna(), at(0), home()).await.expect("added");
        let history = async |customer: &Customer| {
            let calls = db.contacts_of(&centre(), customer, None, 50, home()).await.expect("history");
            calls.into_iter().map(|kept| (kept.call, kept.from.is_some())).collect::<Vec<_>>()
        };
        let all: Vec<_> = [4, 3, 2, 1].map(|n| (call(n), true)).into();
        assert_eq!(history(&deng).await, all, "however the switch told the number");
        let before = db.calls(&centre(), &Which::default(), 100).await.expect("calls");
        let note = |text: &str, version: i64| CallNote {
            agent: AgentName::new("anna"),
            text: text.into(),
            disposition: Some("settled".into()),
            version,
            saved: at(8),
        };
        for (n, text) in [(4, "His wife is called Roza."), (3, "Hall 7, by noon.")] {
            assert!(db.save_note(&centre(), call(n), &note(text, 3)).await.expect("saved"));
        }

        db.erase_customer(&centre(), deng.id, &anna(), at(9), home()).await.expect("erased");
        let gone = db.customer(&centre(), deng.id).await.expect("read").expect("its number stays");
        assert_eq!((gone.record.clone(), gone.erased), (Record::default(), Some(at(9))));
        assert_eq!(history(&gone).await, [4, 2, 1].map(|n| (call(n), false)), "which calls, and no more by whom");
        assert_eq!(history(&li).await, [(call(3), true)], "whose number it is as well keeps theirs");
        let after = db.calls(&centre(), &Which::default(), 100).await.expect("calls");
        assert_eq!(before.len(), after.len());
        for (before, after) in before.iter().zip(&after) {
            assert_eq!((before.call, &before.ended, before.waited), (after.call, &after.ended, after.waited));
        }
        let kept: Vec<String> = rows(db).await.into_iter().flat_map(|(_, lines)| lines).collect();
        let late = db.save_note(&centre(), call(4), &note("His wife is called Roza", 4)).await.expect("asked");
        assert!(!late, "what was being typed does not come back");
        let noted = db.notes(&centre(), call(4)).await.expect("read");
        assert_eq!((noted[0].text.as_str(), noted[0].disposition.as_deref()), ("", Some("settled")));
        for personal in ["邓", "13800138000", "4711", "window", "Roza"] {
            let told = kept.iter().find(|line| line.contains(personal));
            assert!(told.is_none(), "{personal}: {told:?}");
        }
        for of_another in ["|Li|", "02085551234", "8842", "aisle", "Hall 7"] {
            assert!(kept.iter().any(|line| line.contains(of_another)), "{of_another} is gone");
        }
        assert_eq!(db.customer(&centre(), li.id).await.expect("read"), Some(li));
        let again = db.erase_customer(&centre(), deng.id, &anna(), at(9), home()).await;
        assert!(matches!(again, Err(CustomerError::Missing(_))), "{again:?}");
        let change = db.change_customer(&centre(), deng.id, 2, record("邓凯", &[]), &anna(), at(9), home()).await;
        assert!(matches!(change, Err(CustomerError::Missing(_))), "nobody is written again: {change:?}");
        assert!(db.find_customers(&centre(), "138", None, 9, home()).await.expect("found").customers.is_empty());
    }
    let [sqlite, postgres] = &both.all;
    assert_eq!(rows(sqlite).await, rows(postgres).await);
}

/// Customers by the hundred thousand, written by the database itself.
async fn many(url: &str, count: u32) {
    use sqlx::{Connection, Executor, SqliteConnection};
    let mut other = SqliteConnection::connect(url).await.expect("a connection");
    for sql in [
        format!("CREATE TEMP TABLE n AS WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {count}) SELECT n FROM n"),
        "INSERT INTO customers SELECT 'hall', n, 'Person ' || (n * 7919 % 1000003), 'person ' || (n * 7919 % 1000003), 'zh', \
         '', '{}', '[\"+86138' || printf('%08d', n) || '\"]', 0, 0, NULL, 1, 'form-many-' || n FROM n".into(),
        "INSERT INTO customer_numbers SELECT 'hall', '+86138' || printf('%08d', n), n FROM n".into(),
        "INSERT INTO customer_keys SELECT 'hall', '138' || printf('%08d', n), n FROM n".into(),
        "INSERT INTO customer_keys SELECT 'hall', 'person ' || (n * 7919 % 1000003), n FROM n".into(),
        "INSERT INTO customer_keys SELECT 'hall', (n * 7919 % 1000003) || '', n FROM n".into(),
    ] {
        other.execute(sqlx::AssertSqlSafe(sql)).await.expect("rows");
    }
    other.close().await.expect("closed");
}

/// The fastest and the slowest of five searches of each kind, in milliseconds.
async fn searched(db: &Db, count: u32) -> Vec<(&'static str, u128, u128)> {
    let hall = CentreName::new("hall");
    let mut took = Vec::new();
    let middle = format!("person {}", count / 2);
    let behind = Behind { sought: middle.clone(), customer: cordboard::customers::CustomerId::new(7).expect("one") };
    for (what, typed, behind) in [
        ("all by name", "", None),
        ("all by name, half way", "", Some(&behind)),
        ("a name", "Person 5", None),
        ("a name, half way", "Person", Some(&behind)),
        ("a number", "01380", None),
        ("nobody", "zzz", None),
    ] {
        let (mut best, mut worst) = (u128::MAX, 0);
        for _ in 0..5 {
            let began = std::time::Instant::now();
            let found = db.find_customers(&hall, typed, behind, 50, home()).await.expect("found");
            let ms = began.elapsed().as_millis();
            (best, worst) = (best.min(ms), worst.max(ms));
            assert_eq!(found.customers.len(), if what == "nobody" { 0 } else { 50 }, "{what}");
        }
        took.push((what, best, worst));
    }
    let began = std::time::Instant::now();
    let text = format!("0138{:08}", count / 3);
    assert_eq!(db.customers_of_number(&hall, &number(&text)).await.expect("found").len(), 1);
    let ms = began.elapsed().as_millis();
    took.push(("who calls", ms, ms));
    took
}

#[tokio::test(flavor = "multi_thread")]
async fn among_a_hundred_thousand_customers_each_search_finds_a_whole_page_or_nobody() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("x.db");
    let db = crate::sqlite(&file).await;
    many(&format!("sqlite:{}", file.display()), 100_000).await;
    // Plans are looked at in `tables.rs`; how long it takes depends on the machine.
    searched(&db, 100_000).await;
}

/// `cargo test --release --test store -- --ignored --nocapture customers::measurements::`
mod measurements {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "a measurement"]
    async fn a_million_customers() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("x.db");
        let db = crate::sqlite(&file).await;
        many(&format!("sqlite:{}", file.display()), 1_000_000).await;
        let took = searched(&db, 1_000_000).await;
        println!("fastest and slowest of five, of a million customers on SQLite, in ms: {took:?}");
    }
}
