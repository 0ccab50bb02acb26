//! Statements and tables: the same on both, and in the words of the enums.

use cordboard::cases::{State, WaitsFor, What};
use cordboard::reports::{Part, StayEnd};
use cordboard::routing::agent::AgentState;
use cordboard::routing::dial::{DialEnd, DialEndedBy};
use cordboard::routing::fact::{EndedBy, Outcome};
use cordboard::routing::ids::AgentName;
use cordboard::store::agents::Role;
use cordboard::store::calls::Which;
use cordboard::store::promises::PromiseEnd;
use cordboard::store::remaking::Projection;
use cordboard::store::{Db, Recorded, StoreError, Way, offers, statements};
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::postgres::Postgres;
use crate::shift::{at, call, centre, shift};
use crate::{Both, rows};

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_is_understood_and_every_column_is_the_same_on_both_databases() {
    let both = Both::new().await;
    for db in &both.all {
        for sql in statements() {
            db.prepare(sql).await.unwrap_or_else(|error| panic!("{:?}: {sql}: {error}", db.dialect()));
        }
        db.migrate().await.expect("a second time changes nothing");
    }
    let [sqlite, postgres] = &both.all;
    let sqlite = sqlite.columns().await.expect("columns");
    assert!(sqlite.len() > 60, "{}", sqlite.len());
    assert_eq!(sqlite, postgres.columns().await.expect("columns"));
    assert!(sqlite.iter().all(|(_, _, kind, _)| kind == "text" || kind == "bigint"), "{sqlite:?}");
    let centres = sqlite.iter().filter(|(_, column, _, _)| column == "centre").count();
    let mut tables: Vec<&String> = sqlite.iter().map(|(table, ..)| table).collect();
    tables.dedup();
    assert_eq!(centres, tables.len(), "the centre is in every table");
}

/// What is asked of tables that grow for years is found by an index, whatever is in them.
#[tokio::test]
async fn no_statement_about_customers_or_cases_looks_through_a_whole_table() {
    use sqlx::{Connection, Row, SqliteConnection};
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("x.db");
    let db = crate::sqlite(&file).await;
    let mut other = SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.expect("a connection");
    let (mut looked_at, mut whole) = (0, Vec::new());
    let about = [" customers", " customer_numbers", " customer_keys", " contacts", " cases", " case_events", " audit"];
    for sql in statements().into_iter().filter(|sql| about.iter().any(|table| sql.contains(table))) {
        looked_at += 1;
        let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
        for row in sqlx::query(explain).fetch_all(&mut other).await.expect(sql) {
            let step: String = row.get("detail");
            // `k` is the page that was found by the index.
            if step.starts_with("SCAN") && step != "SCAN k" || step.contains("USE TEMP B-TREE FOR ORDER BY") {
                whole.push(format!("{step}: {sql}"));
            }
        }
    }
    drop(db);
    assert!(looked_at > 40, "{looked_at}");
    assert!(whole.is_empty(), "{}", whole.join("\n"));
}

/// `cordboard user` beside a controller that begins: two processes, one new file.
#[tokio::test(flavor = "multi_thread")]
async fn all_who_make_the_tables_at_once_find_them_made() {
    for _ in 0..5 {
        let dir = tempfile::tempdir().expect("a directory");
        let url = format!("sqlite:{}", dir.path().join("x.db").display());
        let making = (0..4).map(|_| {
            let db = Db::connect(&url).expect("an address");
            tokio::spawn(async move { db.migrate().await })
        });
        for made in making.collect::<Vec<_>>() {
            made.await.expect("no panic").expect("the tables are there");
        }
    }
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_and_a_database_that_is_not_there_is_away() {
    for wrong in ["", "mysql://x/y", "cordboard.db", "postgres://x:notaport/y"] {
        let refused = Db::connect(wrong).err();
        assert!(matches!(refused, Some(StoreError::Refused { .. })), "{wrong}: {refused:?}");
    }
    // Held, so that it is nobody else's, and not listened on.
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a port");
    let port = socket.local_addr().expect("an address").port();
    for nobody in [format!("postgres://a@127.0.0.1:{port}/b"), "sqlite:/no/such/directory/x.db".into()] {
        let db = Db::connect(&nobody).expect("an address");
        let away = db.filled(&centre()).await.err();
        assert!(matches!(away, Some(StoreError::Away { .. })), "{nobody}: {away:?}");
    }
}

#[tokio::test]
async fn every_list_of_calls_and_stays_walks_along_an_index_and_sorts_nothing() {
    use sqlx::{Connection, Row, SqliteConnection};
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("x.db");
    crate::sqlite(&file).await;
    let mut connection = SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.expect("a connection");
    let mut walked = Vec::new();
    let lists = |sql: &&str| {
        let of = ["FROM calls", "FROM queue_stays", "FROM dials", "FROM promises"].iter().any(|of| sql.contains(of));
        of && sql.contains("ORDER BY") && sql.contains("LIMIT")
    };
    for sql in statements().into_iter().filter(lists) {
        // What is bound does not matter: SQLite plans without looking.
        let explained = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
        let rows = sqlx::query(explained).fetch_all(&mut connection).await.expect("a plan");
        for row in rows {
            let step = row.get::<String, _>("detail");
            assert!(!step.contains("TEMP B-TREE") && !step.starts_with("SCAN"), "{sql}: {step}");
            walked.extend(
                step.split_whitespace()
                    .find(|word| word.contains("_by_") || word.contains("_that_"))
                    .map(str::to_owned),
            );
        }
    }
    for index in ["calls_by_time", "calls_by_agent", "calls_by_queue", "calls_by_outcome", "queue_stays_by_length"] {
        assert!(walked.iter().any(|walk| walk == index), "{index} is walked by nothing: {walked:?}");
    }
}

/// The words of `column IN (...)` in the migrations.
fn checked(table: &str, column: &str) -> Vec<String> {
    let text = concat!(
        include_str!("../../migrations/0001_facts_calls_agents.sql"),
        include_str!("../../migrations/0003_customers_cases.sql"),
        include_str!("../../migrations/0004_reports.sql"),
        include_str!("../../migrations/0009_dials.sql"),
        include_str!("../../migrations/0011_promises.sql"),
        include_str!("../../migrations/0012_transferred_out.sql"),
        include_str!("../../migrations/0013_answered_elsewhere.sql"),
        include_str!("../../migrations/0016_elsewhere.sql")
    );
    // A table that was made anew: as it was made last.
    let text = text.replace("agent_states_wider", "agent_states").replace("agent_states_anew", "agent_states");
    let text = text.replace("offers_wider", "offers");
    let text = text.replace("calls_wider", "calls");
    let table = text.rsplit(&format!("CREATE TABLE {table} (")).next().expect("the table");
    let words = table.split(&format!("CHECK ({column} IN (")).nth(1).expect("the check").split(')').next();
    words.expect("the words").split(',').map(|word| word.trim().trim_matches('\'').to_owned()).collect()
}

#[test]
fn the_words_that_a_column_takes_are_those_of_its_enum() {
    fn words<T: Copy>(all: &[T], as_str: fn(T) -> &'static str) -> Vec<&'static str> {
        all.iter().map(|value| as_str(*value)).collect()
    }
    assert_eq!(checked("calls", "outcome"), words(&Outcome::ALL, Outcome::as_str));
    let by = [EndedBy::Caller, EndedBy::Agent(AgentName::new("a")), EndedBy::Number, EndedBy::Us, EndedBy::Unseen];
    assert_eq!(checked("calls", "ended_by"), by.iter().map(EndedBy::as_str).collect::<Vec<_>>());
    assert_eq!(checked("offers", "how"), offers::ENDS.map(|end| end.as_str()));
    assert_eq!(checked("agent_states", "state"), words(&AgentState::ALL, AgentState::as_str));
    assert_eq!(checked("dials", "how"), words(&DialEnd::ALL, DialEnd::as_str));
    assert_eq!(checked("promises", "how"), words(&PromiseEnd::ALL, PromiseEnd::as_str));
    assert_eq!(checked("dials", "ended_by"), words(&DialEndedBy::ALL, DialEndedBy::as_str));
    assert_eq!(checked("queue_stays", "how"), words(&StayEnd::ALL, StayEnd::as_str));
    assert_eq!(checked("queue_stays", "part"), words(&Part::ALL, Part::as_str));
    assert_eq!(checked("remaking", "projection"), words(&Projection::ALL, Projection::as_str));
    assert_eq!(checked("agents", "role"), words(&Role::ALL, Role::as_str));
    assert_eq!(checked("cases", "state"), State::WORDS);
    assert_eq!(checked("cases", "waits_for"), words(&WaitsFor::ALL, WaitsFor::as_str));
    assert_eq!(checked("case_events", "what"), What::WORDS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shift_reads_the_same_from_both_databases_and_holds_nothing_personal_in_its_facts() {
    let both = Both::new().await;
    let (all, centre) = (shift(50), centre());
    let recorded: Vec<Recorded<'_>> = (1..)
        .zip(&all)
        .map(|(seq, handled)| Recorded { seq, at: handled.at, schema: 1, facts: &handled.facts })
        .collect();
    for db in &both.all {
        assert_eq!(db.filled(&centre).await.expect("a position").seq, 0);
        let position = db.fill(&centre, 0, &recorded, Way::Whole).await.expect("filled");
        assert_eq!(db.filled(&centre).await.expect("a position"), position);
        let twice = db.fill(&centre, 0, &recorded, Way::Whole).await;
        assert!(twice.is_err(), "the same piece is not worked in twice");

        let listed = db.calls(&centre, &Which::default(), 1000).await.expect("calls");
        assert_eq!(listed.len(), 50);
        assert!(listed.windows(2).all(|two| two[0].arrived > two[1].arrived), "newest first");
        assert!(listed.iter().all(|call| call.ended.is_some()));
        let agent = Some(AgentName::new("anna"));
        let of_agent = db.calls(&centre, &Which { agent: agent.clone(), ..Which::default() }, 1000).await;
        let of_agent = of_agent.expect("calls");
        assert!(!of_agent.is_empty() && of_agent.iter().all(|call| call.agent == agent));
        let gave_up = Which { outcome: Some(Outcome::Abandoned), from: Some(at(10_000)), ..Which::default() };
        assert_eq!(db.calls(&centre, &gave_up, 1000).await.expect("calls").len(), 8);
        let page = db.calls(&centre, &Which::default(), 20).await.expect("calls");
        let after = page.last().map(|call| (call.arrived, call.call));
        let next = db.calls(&centre, &Which { after, ..Which::default() }, 20).await.expect("calls");
        assert_eq!(next, listed[20..40]);

        let answered = db.call(&centre, call(6)).await.expect("a call").expect("is there");
        assert_eq!(answered.waited.map(|time| time.as_millis()), Some(410));
        assert_eq!(answered.talked.map(|time| time.as_millis()), Some(380));
        assert_eq!(answered.ended, Some((at(6_900), Outcome::Answered, "agent".into())));
        let waited = db.call(&centre, call(7)).await.expect("a call").expect("is there").waited;
        assert_eq!(waited.map(|time| time.as_millis()), Some(190));
        let offers = db.offers_of_call(&centre, call(6)).await.expect("offers");
        assert_eq!((offers.len(), offers[0].reasons.logged_in), (1, 3));
        let stays = db.agent_stays(&centre, &AgentName::new("anna"), at(0), at(100_000)).await.expect("stays");
        assert!(stays.windows(2).all(|two| two[0].until == Some(two[1].since)), "no gap, no overlap: {stays:?}");

        let story = db.facts_of_call(&centre, call(6)).await.expect("facts");
        assert_eq!(story.len(), 10);
        let kept = serde_json::to_string(&story.iter().map(|fact| &fact.body).collect::<Vec<_>>()).expect("text");
        for personal in ["901820", "Mally", "4711"] {
            assert!(!kept.contains(personal), "{personal} in {kept}");
        }
        let person = db.personal(&centre, call(6)).await.expect("personal").expect("is there");
        assert_eq!((person.from.as_str(), person.name.as_str()), ("+49 30 '901820\\", "O'Mally, \"電\""));
        assert_eq!(person.keyed[0].keys, "4711");
        db.erase_personal(&centre, call(6)).await.expect("erased");
        let erased = db.call(&centre, call(6)).await.expect("a call").expect("is there");
        assert_eq!((erased.from, erased.ended), (None, answered.ended));
    }
    let [sqlite, postgres] = &both.all;
    assert_eq!(rows(sqlite).await, rows(postgres).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_piece_broken_off_at_any_step_is_in_or_is_not() {
    let both = Both::new().await;
    // Enough that every table takes several statements, each of them a step.
    let (all, centre) = (shift(60), centre());
    let recorded: Vec<Recorded<'_>> = (1..)
        .zip(&all)
        .map(|(seq, handled)| Recorded { seq, at: handled.at, schema: 1, facts: &handled.facts })
        .collect();
    for db in &both.all {
        let mut broken = 0;
        for polls in 0.. {
            let mut left = polls;
            let done = {
                let mut filling = std::pin::pin!(db.fill(&centre, 0, &recorded, Way::Whole));
                let polled = std::future::poll_fn(|context| {
                    if left == 0 {
                        return std::task::Poll::Ready(None);
                    }
                    left -= 1;
                    filling.as_mut().poll(context).map(Some)
                });
                polled.await
            };
            if let Some(done) = done {
                // The commit of the one before may have gone through although nobody heard.
                assert!(done.is_ok() || db.filled(&centre).await.expect("a position").seq > 0, "{done:?}");
            }
            let position = loop {
                // SQLite's writer is one: what was broken off may still hold it for a moment.
                match db.filled(&centre).await {
                    Ok(position) => break position,
                    Err(StoreError::Away { .. }) if polls < 10_000 => {}
                    Err(error) => panic!("{error}"),
                }
            };
            let facts = db.count_facts(&centre).await.expect("a count");
            if position.seq > 0 {
                assert_eq!(facts, crate::shift::count_facts(&all));
                break;
            }
            assert_eq!(facts, 0, "after {polls} polls");
            broken += 1;
        }
        // On a busy machine an answer is there before it is waited for, and a poll gets further: twice at least it was
        // broken off before its end (two have been seen, and forty).
        assert!(broken > 1, "{broken}");
    }
    let [sqlite, postgres] = &both.all;
    assert_eq!(rows(sqlite).await, rows(postgres).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_fails_leaves_no_lock_behind_for_the_next() {
    let server = Postgres::start();
    let url = server.database();
    let mut other = PgConnection::connect(&url).await.expect("a connection");
    other.execute("CREATE TABLE notes (somebody_elses INT)").await.expect("a table in the way");
    let first = Db::connect(&url).expect("an address");
    let failed = first.migrate().await;
    assert!(matches!(failed, Err(StoreError::Refused { .. })), "{failed:?}");
    other.execute("DROP TABLE notes").await.expect("dropped");
    // Another controller, or the same one on another connection; the first is still there.
    let second = Db::connect(&url).expect("an address");
    second.migrate().await.expect("nobody holds the lock any more");
    assert_eq!(first.filled(&centre()).await.expect("the tables are there").seq, 0);
}
