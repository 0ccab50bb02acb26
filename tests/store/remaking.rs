//! Projections that a migration emptied are made anew from facts.

use cordboard::store::Db;
use sqlx::migrate::Migrator;
use sqlx::{Connection, Executor, PgConnection, SqliteConnection};

use crate::history::history;
use crate::postgres::Postgres;
use crate::queue_report::fill;
use crate::shift::centre;
use crate::{connected, rows};

const NOT_WHOLE: &str =
    "INSERT INTO remaking (centre, projection, after_seq, after_n) VALUES ('hall', 'queue_stays', 0, 0)";

/// A statement by hand, on either database.
async fn by_hand(url: &str, sql: &'static str) {
    if url.starts_with("sqlite:") {
        SqliteConnection::connect(url).await.expect("a connection").execute(sql).await.expect("done");
    } else {
        PgConnection::connect(url).await.expect("a connection").execute(sql).await.expect("done");
    }
}

async fn remade(db: &Db) -> usize {
    let mut pieces = 0;
    while db.remake(&centre()).await.expect("made") {
        pieces += 1;
    }
    assert!(!db.is_remaking(&centre()).await.expect("an answer"));
    pieces
}

#[tokio::test(flavor = "multi_thread")]
async fn stays_made_anew_from_facts_are_the_stays_that_were_filled() {
    let server = Postgres::start();
    let dir = tempfile::tempdir().expect("a directory");
    for url in [format!("sqlite:{}", dir.path().join("x.db").display()), server.database()] {
        let db = connected(&url).await;
        fill(&db, &history(900, 6), 450).await;
        let filled = rows(&db).await;
        assert_eq!(remade(&db).await, 0, "nothing to do");
        by_hand(&url, "DELETE FROM queue_stays").await;
        by_hand(&url, NOT_WHOLE).await;
        assert!(db.is_remaking(&centre()).await.expect("an answer"));
        assert!(remade(&db).await > 2, "in pieces");
        assert_eq!(rows(&db).await, filled);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fact_that_cannot_be_read_or_is_refused_holds_nothing_up() {
    let dir = tempfile::tempdir().expect("a directory");
    let url = format!("sqlite:{}", dir.path().join("x.db").display());
    let db = connected(&url).await;
    fill(&db, &history(300, 7), 450).await;
    by_hand(&url, "DELETE FROM queue_stays").await;
    by_hand(&url, NOT_WHOLE).await;
    by_hand(&url, "UPDATE facts SET body = '{' WHERE seq = (SELECT MIN(seq) FROM facts WHERE kind = 'call_queued')")
        .await;
    by_hand(
        &url,
        "CREATE TRIGGER no BEFORE INSERT ON queue_stays WHEN new.call = 'c0000000007-00000050' \
         BEGIN SELECT RAISE(ABORT, 'not this one'); END",
    )
    .await;
    remade(&db).await;
    let stays = rows(&db).await.into_iter().find(|(table, _)| table == "queue_stays").expect("the table").1;
    assert!(stays.len() > 200, "{}", stays.len());
    assert!(!stays.iter().any(|line| line.contains("c0000000007-00000050")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_the_first_version_gets_its_stays_anew() {
    let dir = tempfile::tempdir().expect("a directory");
    let first = dir.path().join("migrations");
    std::fs::create_dir(&first).expect("a directory");
    let name = "0001_facts_calls_agents.sql";
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(name);
    std::fs::copy(source, first.join(name)).expect("a copy");
    let server = Postgres::start();
    for url in [format!("sqlite:{}?mode=rwc", dir.path().join("x.db").display()), server.database()] {
        let migrator = Migrator::new(first.clone()).await.expect("migrations");
        if url.starts_with("sqlite:") {
            migrator.run(&mut SqliteConnection::connect(&url).await.expect("a connection")).await.expect("tables");
        } else {
            migrator.run(&mut PgConnection::connect(&url).await.expect("a connection")).await.expect("tables");
        }
        by_hand(&url, "INSERT INTO filled (centre, last_seq, last_at_ms) VALUES ('hall', 2, 2)").await;
        by_hand(
            &url,
            "INSERT INTO queue_stays (centre, seq, n, call, queue, joined_ms, left_ms, how) \
             VALUES ('hall', 1, 0, 'c0000000007-00000001', 'sales', 1000, 2000, 'call_ended')",
        )
        .await;
        by_hand(
            &url,
            r#"INSERT INTO facts (centre, seq, n, at_ms, kind, call, agent, schema_version, body) VALUES
            ('hall', 1, 0, 1000, 'call_queued', 'c0000000007-00000001', NULL, 1, '{"fact":"call_queued","call":"c0000000007-00000001","queue":"sales","joined":1000,"credit":{"secs":0,"nanos":0},"needs":[],"step":"s","language":"en"}'),
            ('hall', 2, 0, 2000, 'call_ended', 'c0000000007-00000001', NULL, 1, '{"fact":"call_ended","call":"c0000000007-00000001","outcome":"abandoned","by":"caller"}')"#,
        )
        .await;
        let db = connected(&url).await;
        assert!(db.is_remaking(&centre()).await.expect("an answer"));
        remade(&db).await;
        let stays = rows(&db).await.into_iter().find(|(table, _)| table == "queue_stays").expect("the table").1;
        assert_eq!(stays.len(), 1);
        assert!(stays[0].contains("abandoned"), "{stays:?}");
    }
}
