//! The audit, and those who would like it to say something else.

use cordboard::routing::ids::{AgentName, CentreName, QueueName};
use cordboard::store::agents::{HashedPassword, Role};
use cordboard::store::audit::AuditHealth;
use cordboard::store::people::{Answer, Guard, Wanted};
use cordboard::store::{Author, Db};
use sqlx::{Connection, Executor, PgConnection, SqliteConnection};

use crate::Both;
use crate::shift::at;

/// Somebody who comes to the database past us.
enum Other {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Other {
    async fn connect(url: &str) -> Self {
        if url.starts_with("sqlite") {
            Other::Sqlite(SqliteConnection::connect(url).await.expect("a connection"))
        } else {
            Other::Postgres(PgConnection::connect(url).await.expect("a connection"))
        }
    }

    async fn execute(&mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        match self {
            Other::Sqlite(connection) => connection.execute(sql).await.map(drop),
            Other::Postgres(connection) => connection.execute(sql).await.map(drop),
        }
    }
}

async fn write_some(db: &Db, hall: &CentreName) {
    let (lead, mira) = (Author::Person(AgentName::new("lead")), AgentName::new("mira"));
    db.engage(hall, &mira, &Wanted::default(), &Author::Console, at(1)).await.expect("added");
    let set = async |wanted: Wanted| {
        db.change_person(hall, &mira, &wanted, &Guard::default(), &lead, at(2)).await.expect("set")
    };
    let queues = Wanted { queues: Some([QueueName::new("desk")].into()), ..Wanted::default() };
    assert_eq!(set(queues.clone()).await, Answer::Changed);
    assert_eq!(set(queues).await, Answer::AsItWas);
    let secret = HashedPassword::of("correct horse").expect("hashed");
    let secret = Wanted { password: Some(Some(secret)), ..Wanted::default() };
    for _ in 0..2 {
        assert_eq!(set(secret.clone()).await, Answer::Changed);
    }
    let admin = Wanted { role: Some(Role::Admin), display_name: Some("Mira \u{0}".into()), ..Wanted::default() };
    assert_eq!(set(admin).await, Answer::Changed);
    db.dismiss(hall, &mira, &Guard::default(), &lead, at(2)).await.expect("removed");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_changed_whom_is_told_with_before_and_after_and_never_a_password() {
    let both = Both::new().await;
    let (hall, other) = (CentreName::new("hall"), CentreName::new("other"));
    for db in &both.all {
        write_some(db, &hall).await;
        let nobody = AgentName::new("nobody");
        let missing = db.dismiss(&hall, &nobody, &Guard::default(), &Author::Console, at(3)).await;
        assert!(missing.is_err(), "what was not done is not told");
        let audited = db.audited(&hall, Some("agent:mira"), None, 100).await.expect("audit");
        let said: Vec<&str> = audited.iter().map(|entry| entry.what.as_str()).collect();
        let expected = ["agent.removed", "agent.role", "agent.password", "agent.password", "agent.role", "agent.added"];
        assert_eq!(said, expected, "newest first; the same queues once more are no change");
        assert_eq!(audited[5].who, Author::Console);
        assert_eq!(audited[1].who, Author::Person(AgentName::new("lead")));
        let role = |json: &Option<serde_json::Value>| json.as_ref().map(|json| json["role"].clone());
        assert_eq!((role(&audited[1].before), role(&audited[1].after)), (Some("agent".into()), Some("admin".into())));
        let queues = |json: &Option<serde_json::Value>| json.as_ref().map(|json| json["queues"].clone());
        assert_eq!(
            (queues(&audited[4].before), queues(&audited[4].after)),
            (Some(serde_json::json!([])), Some(serde_json::json!(["desk"])))
        );
        assert_eq!(audited[0].after, None);
        let text = format!("{audited:?}");
        assert!(!text.contains("argon2") && !text.contains("correct horse"), "{text}");
        assert_eq!(db.check_audit(&hall).await.expect("checked"), AuditHealth::Whole { entries: 6 });
        assert_eq!(db.check_audit(&other).await.expect("checked"), AuditHealth::Whole { entries: 0 });
        let page = db.audited(&hall, None, Some(audited[3].seq), 2).await.expect("audit");
        assert_eq!(page, audited[4..]);
    }
    let [sqlite, postgres] = &both.all;
    assert_eq!(crate::rows(sqlite).await, crate::rows(postgres).await);
}

/// What somebody with the database's own password might try.
const EDITS: [&str; 3] = [
    "UPDATE audit SET who = 'agent:nobody' WHERE seq = 2",
    "DELETE FROM audit WHERE seq = 2",
    "UPDATE audit SET at_ms = at_ms",
];

/// Without the triggers, behind their back.
async fn edited(connection: &mut Other, sqlite: bool, sql: &'static str) {
    let without = if sqlite { "DROP TRIGGER audit_is_not_changed" } else { "ALTER TABLE audit DISABLE TRIGGER USER" };
    connection.execute(without).await.expect(without);
    connection.execute(sql).await.expect(sql);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_cannot_be_edited_and_shows_it_where_somebody_did_all_the_same() {
    let both = Both::new().await;
    let hall = CentreName::new("hall");
    for (db, url) in both.all.iter().zip(both.urls()) {
        write_some(db, &hall).await;
        let sqlite = url.starts_with("sqlite");
        let mut other = Other::connect(&url).await;
        let more: &[&str] = if sqlite {
            &[
                "INSERT OR REPLACE INTO audit SELECT centre, seq, at_ms, 'agent:nobody', what, subject, before, after, chain \
              FROM audit WHERE seq = 2",
            ]
        } else {
            &["TRUNCATE audit"]
        };
        for edit in EDITS.iter().chain(more) {
            let refused = other.execute(edit).await.expect_err(edit);
            assert!(refused.to_string().contains("the audit cannot be changed"), "{edit}: {refused}");
        }
        assert_eq!(db.check_audit(&hall).await.expect("checked"), AuditHealth::Whole { entries: 6 });

        edited(&mut other, sqlite, "UPDATE audit SET who = 'agent:nobody' WHERE seq = 4").await;
        assert_eq!(db.check_audit(&hall).await.expect("checked"), AuditHealth::Broken { at: 4 });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_whose_end_was_cut_off_shows_it() {
    let both = Both::new().await;
    let hall = CentreName::new("hall");
    for (db, url) in both.all.iter().zip(both.urls()) {
        write_some(db, &hall).await;
        let mut other = Other::connect(&url).await;
        let without = if url.starts_with("sqlite") {
            "DROP TRIGGER audit_is_not_removed"
        } else {
            "ALTER TABLE audit DISABLE TRIGGER USER"
        };
        other.execute(without).await.expect(without);
        other.execute("DELETE FROM audit WHERE seq > 4").await.expect("cut off");
        assert_eq!(db.check_audit(&hall).await.expect("checked"), AuditHealth::Broken { at: 5 });
    }
}
