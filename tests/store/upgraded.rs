//! A database of some versions ago, with rows of every kind in it, brought to this one: nothing of it is lost, and what reads
//! and writes today reads and writes it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cordboard::customers::{Fields, Line, Note, Number, Record};
use cordboard::routing::fact::{EndedBy, Fact, OfferEnd, Outcome};
use cordboard::routing::ids::*;
use cordboard::store::agents::HashedPassword;
use cordboard::store::audit::AuditHealth;
use cordboard::store::calls::Which;
use cordboard::store::facts::FactPlace;
use cordboard::store::hooks::KeptHook;
use cordboard::store::keys::{NewKey, Scope, Token};
use cordboard::store::people::Wanted;
use cordboard::store::{Author, Db, Recorded, RequestKey, Way, notes, sessions, statements};
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row, SqliteConnection};

use crate::postgres::Postgres;
use crate::shift::{at, call, centre, offer, shift};
use crate::{cases, connected, dials, rows};

/// What 0011 to 0014 have changed since.
const OLD: i64 = 10;

/// The migrations up to [`OLD`], as this database was told them.
fn migrations_of_then(own: &str, into: &Path) {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    std::fs::create_dir(into).expect("a directory");
    for file in std::fs::read_dir(&all).expect("migrations").map(|file| file.expect("a file")) {
        let name = file.file_name().into_string().expect("a name");
        let number = name.split('_').next().and_then(|number| number.parse::<i64>().ok());
        if number.is_some_and(|number| number <= OLD) {
            let both = std::fs::read_to_string(file.path()).expect("text");
            let behind = std::fs::read_to_string(all.join(own).join(&name)).ok();
            let whole = behind.map_or(both.clone(), |behind| format!("{both}\n{behind}"));
            std::fs::write(into.join(&name), whole).expect("written");
        }
    }
}

/// A row in every table that there was then, and of calls, offers, stays and dials many.
async fn filled(file: &Path) -> Db {
    let db = crate::sqlite(file).await;
    let mut facts: Vec<_> = shift(40).into_iter().map(|handled| (handled.at, handled.facts)).collect();
    facts.push((at(90_000), vec![dials::dialled(1001), dials::talks_out(90_500)]));
    let recorded: Vec<Recorded<'_>> =
        (1..).zip(&facts).map(|(seq, (at, facts))| Recorded { seq, at: *at, schema: 1, facts }).collect();
    assert_eq!(db.filled(&centre()).await.expect("a position").seq, 0);
    db.fill(&centre(), 0, &recorded, Way::Whole).await.expect("filled");
    let (mira, console) = (AgentName::new("mira"), Author::Console);
    let password = Some(Some(HashedPassword::of("correct horse").expect("hashed")));
    let queues = Some(BTreeSet::from([QueueName::new("sales")]));
    let skills = Some(BTreeMap::from([(SkillName::new("english"), 5)]));
    let wanted = Wanted { password, queues, skills, display_name: Some("O'Mira".into()), ..Wanted::default() };
    db.engage(&centre(), &mira, &wanted, &console, at(0)).await.expect("engaged");
    let token = sessions::Token::new().expect("chance");
    db.begin_session(&token.hash(), &centre(), &mira, "127.0.0.1", at(1)).await.expect("begun");
    let key = NewKey { name: "李".into(), scopes: [Scope::CallsRead].into(), made_by: "a test".into(), ends: None };
    db.add_key(&centre(), &Token::new().expect("chance"), &key, at(1)).await.expect("added");
    let hook = KeptHook {
        centre: centre(),
        id: "a".into(),
        url: "https://tickets.example/in".into(),
        kinds: vec!["call_ended".into()],
        secret: "whsec_x".into(),
        made: at(1),
        made_by: "a test".into(),
        place: FactPlace { seq: 7, n: 2 },
        delivered: None,
        failing: None,
        off: None,
    };
    db.add_hook(&hook).await.expect("added");
    let record = Record {
        name: Line::of("李雷 \\ 'x'").ok(),
        language: None,
        note: Note::of("Likes a window seat.\nDoes not like jazz.").expect("a note"),
        fields: Fields::of([("card", "4711 '; --")]).expect("fields"),
        numbers: vec![Number::of("+8613800001111", None).expect("a number")],
    };
    let request = RequestKey::of("form-00000001").expect("a key");
    let customer = db.add_customer(&centre(), record, &request, &console, at(0), None).await.expect("added");
    db.say_contact(&centre(), call(6), customer.id).await.expect("said");
    let note = notes::Note {
        agent: mira,
        text: "Rings again 'soon'".into(),
        disposition: Some("sold".into()),
        version: 3,
        saved: at(5),
    };
    assert!(db.save_note(&centre(), call(6), &note).await.expect("saved"));
    db.keep_version(&centre(), &VersionHash::new("ab12"), at(0), "language: 1").await.expect("kept");
    let plan = cases::test_plan();
    cases::open(&db, &plan, cases::opening("complaint", "Lost luggage"), 1, at(9)).await;
    db
}

/// `INSERT` for all rows of a table, for the columns that it had.
async fn insertions(file: &Path, table: &str, columns: &[String]) -> Vec<String> {
    let url = format!("sqlite:{}", file.display());
    let mut full = SqliteConnection::connect(&url).await.expect("a connection");
    let quoted: Vec<String> = columns.iter().map(|column| format!("quote({column})")).collect();
    let sql = format!("SELECT {} AS line FROM {table}", quoted.join(" || ', ' || "));
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut full).await.expect("rows");
    let lines = rows.iter().map(|row| row.get::<String, _>("line"));
    lines.map(|line| format!("INSERT INTO {table} ({}) VALUES ({line})", columns.join(", "))).collect()
}

async fn of_then(url: &str, dir: &Path) {
    let own = if url.starts_with("sqlite:") { "sqlite" } else { "postgres" };
    let migrations = dir.join(own);
    migrations_of_then(own, &migrations);
    let migrator = Migrator::new(migrations).await.expect("migrations");
    if own == "sqlite" {
        migrator.run(&mut SqliteConnection::connect(url).await.expect("a connection")).await.expect("tables");
    } else {
        migrator.run(&mut PgConnection::connect(url).await.expect("a connection")).await.expect("tables");
    }
}

async fn by_hand(url: &str, all: Vec<String>) {
    let told = |sql: &str, error: sqlx::Error| panic!("{sql}: {error}");
    if url.starts_with("sqlite:") {
        let mut own = SqliteConnection::connect(url).await.expect("a connection");
        for sql in all {
            own.execute(AssertSqlSafe(sql.clone())).await.map(drop).unwrap_or_else(|error| told(&sql, error));
        }
    } else {
        let mut own = PgConnection::connect(url).await.expect("a connection");
        for sql in all {
            own.execute(AssertSqlSafe(sql.clone())).await.map(drop).unwrap_or_else(|error| told(&sql, error));
        }
    }
}

/// What only this version can write goes in behind the old rows.
async fn writes_on(db: &Db) {
    let seq = db.filled(&centre()).await.expect("a position").seq;
    let (new, old) = (call(2_000), call(6));
    let facts = vec![
        Fact::CallArrived {
            call: new,
            switch: SwitchName::new("pbx"),
            leg: LegId::new("in-2000"),
            from: PhoneNumber::new("13800001111"),
            name: CallerName::new(""),
            to: PhoneNumber::new("100"),
            version: VersionHash::new("ab12"),
            found: false,
            promise: None,
        },
        Fact::CallEnded { call: new, outcome: Outcome::TransferredOut, by: EndedBy::Number },
        Fact::OfferMade {
            offer: offer(2_000),
            call: old,
            agent: AgentName::new("anna"),
            switch: SwitchName::new("pbx"),
            leg: LegId::new("out-2000"),
            queue: QueueName::new("sales"),
            until: at(100_000),
            reasons: cordboard::routing::fact::Reasons::default(),
        },
        Fact::OfferEnded {
            offer: offer(2_000),
            call: old,
            agent: AgentName::new("anna"),
            how: OfferEnd::AnsweredElsewhere,
        },
    ];
    let entry = Recorded { seq: seq + 1, at: at(95_000), schema: 1, facts: &facts };
    db.fill(&centre(), seq, &[entry], Way::Whole).await.expect("filled");
    let ended = db.call(&centre(), new).await.expect("read").expect("is there").ended;
    assert_eq!(ended, Some((at(95_000), Outcome::TransferredOut, "number".into())));
    let offers = db.offers_of_call(&centre(), old).await.expect("offers");
    assert_eq!(offers.len(), 2, "the old one and the new one: {offers:?}");
    let auto = Wanted { auto_answer: Some(Some(true)), ..Wanted::default() };
    let mira = AgentName::new("mira");
    let guard = cordboard::store::people::Guard::default();
    db.change_person(&centre(), &mira, &auto, &guard, &Author::Console, at(96_000)).await.expect("changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_before_call_backs_keeps_every_row_and_is_read_and_written_as_a_new_one() {
    let server = Postgres::start();
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("full.db");
    let full = filled(&file).await;
    let expected = rows(&full).await;
    let newer = |table: &str| ["promises", "agent_pins"].contains(&table);
    for (table, lines) in &expected {
        let nothing = newer(table) || table == "remaking";
        assert_eq!(lines.is_empty(), nothing, "{table} has {} rows", lines.len());
    }
    for url in [format!("sqlite:{}?mode=rwc", dir.path().join("old.db").display()), server.database()] {
        of_then(&url, dir.path()).await;
        let old = Db::connect(&url).expect("an address");
        let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (table, column, ..) in old.columns().await.expect("columns") {
            tables.entry(table).or_default().push(column);
        }
        assert!(!tables.contains_key("promises") && !tables["agents"].iter().any(|column| column == "auto_answer"));
        // Whom others refer to first.
        let mut tables: Vec<_> = tables.iter().collect();
        tables.sort_by_key(|(table, _)| !["agents", "customers", "cases"].contains(&table.as_str()));
        for (table, columns) in tables {
            by_hand(&url, insertions(&file, table, columns).await).await;
        }
        old.close().await;

        let db = connected(&url).await;
        assert_eq!(db.columns().await.expect("columns"), full.columns().await.expect("columns"));
        for (now, then) in rows(&db).await.iter().zip(&expected) {
            assert_eq!(now, then);
        }
        for sql in statements() {
            db.prepare(sql).await.unwrap_or_else(|error| panic!("{:?}: {sql}: {error}", db.dialect()));
        }
        let calls = db.calls(&centre(), &Which::default(), 1_000).await.expect("calls");
        assert_eq!(calls, full.calls(&centre(), &Which::default(), 1_000).await.expect("calls"));
        assert_eq!(calls.len(), 40);
        let person = db.person(&centre(), &AgentName::new("mira")).await.expect("read").expect("is there");
        assert_eq!(person.auto_answer, None, "as the queues say, as before");
        let audit = db.check_audit(&centre()).await.expect("checked");
        assert!(matches!(audit, AuditHealth::Whole { entries: 1.. }), "{audit:?}");
        writes_on(&db).await;
    }
}
