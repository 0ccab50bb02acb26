//! The audit: what changes people is in it, nothing is taken out of it, and what was edited behind our back shows.

use std::collections::{BTreeMap, BTreeSet};

use cordboard::calendar::Moment;
use cordboard::routing::agent::{AgentState, Presence, Work};
use cordboard::routing::ids::*;
use cordboard::routing::{Fact, Why};
use cordboard::store::agents::{HashedPassword, Role};
use cordboard::store::audit::{AuditHealth, Done, Which};
use cordboard::store::people::{Answer, Cell, CellDone, Guard, Wanted};
use cordboard::store::{Author, Db, Recorded, StoreError, Way};
use sqlx::{AssertSqlSafe, Connection, Executor};

use crate::shift::at;
use crate::{Both, rows};

fn hall() -> CentreName {
    CentreName::new("hall")
}

fn lead() -> Author {
    Author::Person(AgentName::new("lead"))
}

/// Something to write, with all that could be taken for something else in it.
fn deed(subject: &str, ms: i64) -> Done {
    let after = Some(serde_json::json!({ "name": "<script>alert(1)</script>\u{0}'\"\\" }));
    Done { at: at(ms), who: lead(), what: "agent.role", subject: subject.into(), before: None, after }
}

async fn written(db: &Db) -> Vec<(String, String, String)> {
    let seen = db.audit(&hall(), &Which::default(), 100).await.expect("read");
    assert!(seen.iter().all(|seen| seen.whole), "{seen:?}");
    let seen = seen.into_iter().rev();
    seen.map(|entry| (entry.what, entry.subject, entry.after.unwrap_or_default())).collect()
}

/// As somebody who has the database's own key.
async fn by_hand(both: &Both, db: &Db, sql: &str) -> Result<(), sqlx::Error> {
    let sql = AssertSqlSafe(sql.to_owned());
    match db {
        Db::Sqlite { .. } => {
            let mut own = sqlx::SqliteConnection::connect(&format!("sqlite:{}", both.file.display())).await?;
            own.execute(sql).await?;
            own.close().await
        }
        Db::Postgres { .. } => {
            let mut own = sqlx::PgConnection::connect(&both.url).await?;
            own.execute(sql).await?;
            own.close().await
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_itself_refuses_to_change_the_audit_or_to_take_from_it() {
    let both = Both::new().await;
    for db in &both.all {
        for subject in ["a", "b"] {
            db.write_down(&hall(), deed(subject, 1)).await.expect("added");
        }
        for sql in [
            "UPDATE audit SET who = 'nobody'",
            "UPDATE audit SET after = '{}' WHERE seq = 1",
            "DELETE FROM audit",
            "DELETE FROM audit WHERE seq = 2",
            "UPDATE counted SET last = 0 WHERE what = 'audit'",
            "DELETE FROM counted",
        ] {
            let refused = by_hand(&both, db, sql).await.expect_err(sql).to_string();
            assert!(refused.contains("the audit cannot be changed"), "{sql}: {refused}");
        }
        assert_eq!(written(db).await.len(), 2);
    }
    for sql in ["TRUNCATE audit", "TRUNCATE counted"] {
        assert!(by_hand(&both, &both.all[1], sql).await.is_err(), "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_edits_a_row_without_the_triggers_is_found_out() {
    let both = Both::new().await;
    let without = |db: &Db, sql: &str| match db {
        Db::Sqlite { .. } => format!(
            "DROP TRIGGER IF EXISTS audit_is_not_changed; DROP TRIGGER IF EXISTS audit_is_not_removed; \
             DROP TRIGGER IF EXISTS audit_is_not_cut_off; DROP TRIGGER IF EXISTS audit_is_not_forgotten; {sql}"
        ),
        Db::Postgres { .. } => {
            format!("ALTER TABLE audit DISABLE TRIGGER ALL; ALTER TABLE counted DISABLE TRIGGER ALL; {sql}")
        }
    };
    // Each in a centre of its own: what is done to it, and the first row that is not what it was.
    let edits = [
        ("UPDATE audit SET who = 'somebody' WHERE centre = '$' AND seq = 3", Some(3)),
        ("UPDATE audit SET at_ms = at_ms + 1 WHERE centre = '$' AND seq = 1", Some(1)),
        ("UPDATE audit SET subject = 'a', after = NULL WHERE centre = '$' AND seq = 5", Some(5)),
        ("DELETE FROM audit WHERE centre = '$' AND seq = 2", Some(2)),
        ("DELETE FROM audit WHERE centre = '$' AND seq = 5", Some(5)),
        ("DELETE FROM audit WHERE centre = '$' AND seq = 4", Some(4)),
        ("DELETE FROM audit WHERE centre = '$'", Some(1)),
        ("DELETE FROM counted WHERE centre = '$'", Some(1)),
        (
            "INSERT INTO audit SELECT centre, 6, at_ms, who, what, subject, before, after, chain \
             FROM audit WHERE centre = '$' AND seq = 5",
            Some(6),
        ),
        ("SELECT 1", None),
    ];
    for db in &both.all {
        for (n, (edit, broken)) in edits.into_iter().enumerate() {
            let centre = CentreName::new(format!("centre{n}"));
            for subject in ["a", "b", "c", "d", "e"] {
                db.write_down(&centre, deed(subject, 1)).await.expect("added");
            }
            let whole = db.check_audit(&centre).await.expect("checked");
            assert_eq!(whole, AuditHealth::Whole { entries: 5 }, "{edit}");
            by_hand(&both, db, &without(db, &edit.replace('$', centre.as_str()))).await.expect(edit);
            let checked = db.check_audit(&centre).await.expect("checked");
            let expected = broken.map_or(AuditHealth::Whole { entries: 5 }, |at| AuditHealth::Broken { at });
            assert_eq!(checked, expected, "{:?}: {edit}", db.dialect());
            if edit.starts_with("UPDATE audit SET") {
                let seen = db.audit(&centre, &Which::default(), 100).await.expect("read");
                let bad: Vec<u64> = seen.iter().filter(|seen| !seen.whole).map(|seen| seen.seq).collect();
                assert_eq!(bad, broken.into_iter().collect::<Vec<_>>(), "{edit}");
            }
        }
        let newest = db.check_newest_audit(&CentreName::new("centre1"), 2).await.expect("checked");
        assert_eq!(newest, AuditHealth::Whole { entries: 2 }, "what is older was not looked at");
        let empty = db.check_audit(&CentreName::new("nowhere")).await.expect("checked");
        assert_eq!(empty, AuditHealth::Whole { entries: 0 });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_a_person_is_in_the_audit_and_no_password_is() {
    let both = Both::new().await;
    let (anna, lead) = (AgentName::new("anna"), lead());
    for db in &both.all {
        let secret = HashedPassword::of("correct horse").expect("hashed");
        let wanted = Wanted {
            display_name: Some("Anna".into()),
            queues: Some(BTreeSet::from([QueueName::new("sales")])),
            skills: Some(BTreeMap::from([(SkillName::new("english"), 7)])),
            password: Some(Some(secret.clone())),
            ..Wanted::default()
        };
        db.engage(&hall(), &anna, &wanted, &lead, at(1)).await.expect("added");
        let again = db.engage(&hall(), &anna, &wanted, &lead, at(1)).await;
        assert!(matches!(again, Err(StoreError::Exists { .. })), "{again:?}");
        let change = async |wanted: Wanted, seen| {
            let guard = Guard { seen, keeps_an_admin: true };
            db.change_person(&hall(), &anna, &wanted, &guard, &lead, at(2)).await.expect("asked")
        };
        let role = |role| Wanted { role: Some(role), ..Wanted::default() };
        let (person, seen) = db.stamped_person(&hall(), &anna).await.expect("read").expect("is there");
        assert_eq!((person.skills.len(), person.queues.len(), person.has_password), (1, 1, true));
        assert_eq!(change(role(Role::Agent), Some(seen.clone())).await, Answer::AsItWas);
        assert_eq!(change(role(Role::Admin), Some(seen.clone())).await, Answer::Changed);
        assert_eq!(change(role(Role::Agent), Some(seen)).await, Answer::SeenOtherwise);
        assert_eq!(change(role(Role::Agent), None).await, Answer::LastAdmin);
        let none = Wanted { password: Some(None), ..Wanted::default() };
        assert_eq!(change(none, None).await, Answer::LastAdmin, "an admin who cannot log in is none");
        let phone = (SwitchName::new("pbx"), StationAddress::new("PJSIP/1"));
        assert_eq!(change(Wanted { station: Some(Some(phone)), ..Wanted::default() }, None).await, Answer::Changed);
        let new = Wanted { password: Some(Some(secret)), ..Wanted::default() };
        let (_, before) = db.stamped_person(&hall(), &anna).await.expect("read").expect("is there");
        assert_eq!(change(new, None).await, Answer::Changed);
        let (_, after) = db.stamped_person(&hall(), &anna).await.expect("read").expect("is there");
        assert!(before == after, "the same password, hashed once");

        let guard = Guard { seen: None, keeps_an_admin: true };
        let dismissed = db.dismiss(&hall(), &anna, &guard, &lead, at(3)).await.expect("asked");
        assert_eq!(dismissed, Answer::LastAdmin);
        let dismissed = db.dismiss(&hall(), &anna, &Guard::default(), &lead, at(3)).await.expect("asked");
        assert_eq!(dismissed, Answer::Changed);
        let gone = db.dismiss(&hall(), &anna, &Guard::default(), &lead, at(3)).await;
        assert!(matches!(gone, Err(StoreError::Missing { .. })), "{gone:?}");

        let all = written(db).await;
        let words: Vec<&str> = all.iter().map(|(what, ..)| what.as_str()).collect();
        assert_eq!(words, ["agent.added", "agent.role", "agent.station", "agent.password", "agent.removed"], "{all:?}");
        assert_eq!(all[1].2, r#"{"role":"admin"}"#);
        let text = format!("{all:?}");
        assert!(!text.contains("argon2") && !text.contains("correct horse"), "{text}");
        assert_eq!(db.check_audit(&hall()).await.expect("checked"), AuditHealth::Whole { entries: 5 });
    }
    assert_eq!(both.all[0].audit(&hall(), &Which::default(), 9).await.expect("read").len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_admins_cannot_take_the_centre_from_each_other_at_the_same_moment() {
    let both = Both::new().await;
    for db in &both.all {
        for round in 0..8 {
            let centre = CentreName::new(format!("hall{round}"));
            for name in ["ada", "bo"] {
                let wanted = Wanted {
                    role: Some(Role::Admin),
                    password: Some(Some(HashedPassword::of("correct horse").expect("hashed"))),
                    ..Wanted::default()
                };
                db.engage(&centre, &AgentName::new(name), &wanted, &lead(), at(1)).await.expect("added");
            }
            let guard = Guard { seen: None, keeps_an_admin: true };
            let demote = Wanted { role: Some(Role::Agent), ..Wanted::default() };
            let author = lead();
            let (ada, bo) = (AgentName::new("ada"), AgentName::new("bo"));
            let (one, other) = tokio::join!(
                db.change_person(&centre, &ada, &demote, &guard, &author, at(2)),
                db.dismiss(&centre, &bo, &guard, &author, at(2)),
            );
            let mut done = [one.expect("asked"), other.expect("asked")];
            done.sort_by_key(|done| *done == Answer::LastAdmin);
            assert_eq!(done, [Answer::Changed, Answer::LastAdmin]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cells_of_the_grid_are_saved_each_on_its_own_and_only_where_they_are_as_they_were_seen() {
    let both = Both::new().await;
    let (anna, english, french) = (AgentName::new("anna"), SkillName::new("english"), SkillName::new("french"));
    let cell = |agent: &str, skill: &SkillName, was, level| Cell {
        agent: AgentName::new(agent),
        skill: skill.clone(),
        was,
        level,
    };
    for db in &both.all {
        db.engage(&hall(), &anna, &Wanted::default(), &lead(), at(1)).await.expect("added");
        let set = async |cells: &[Cell]| db.set_cells(&hall(), cells, &lead(), at(2)).await.expect("asked");
        let both_at_once = [
            cell("anna", &english, None, Some(5)),
            cell("nobody", &english, None, Some(1)),
            cell("anna", &french, None, Some(2)),
        ];
        assert_eq!(set(&both_at_once).await, [CellDone::Saved, CellDone::NoSuchPerson, CellDone::Saved]);
        assert_eq!(set(&both_at_once).await[0], CellDone::Saved, "sent twice it is as it is");
        assert_eq!(set(&[cell("anna", &english, None, Some(6))]).await, [CellDone::Stands(Some(5))]);
        assert_eq!(set(&[cell("anna", &english, Some(5), Some(10))]).await, [CellDone::Saved]);
        assert_eq!(set(&[cell("anna", &french, Some(2), None)]).await, [CellDone::Saved]);
        let bad = db.set_cells(&hall(), &[cell("anna", &english, Some(10), Some(11))], &lead(), at(2)).await;
        assert!(matches!(bad, Err(StoreError::Refused { .. })), "{bad:?}");
        let person = db.person(&hall(), &anna).await.expect("read").expect("is there");
        assert_eq!(person.skills, BTreeMap::from([(english.clone(), 10)]));
        let told: Vec<String> = written(db).await.into_iter().skip(1).map(|(_, _, after)| after).collect();
        assert_eq!(told, [r#"{"english":5,"french":2}"#, r#"{"english":10}"#, "{}"]);
    }
    let [sqlite, postgres] = &both.all;
    let audit = async |db: &Db| rows(db).await.into_iter().filter(|(table, _)| table == "audit").collect::<Vec<_>>();
    assert_eq!(audit(sqlite).await, audit(postgres).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_supervisor_forces_is_told_once_and_what_only_follows_from_it_is_not() {
    let both = Both::new().await;
    let (anna, boss) = (AgentName::new("anna"), AgentName::new("boss"));
    let idle = |ms: i64| Work::Nothing { since: at(ms) };
    let changed = |presence, work, state, by: Option<&AgentName>| Fact::AgentChanged {
        agent: anna.clone(),
        presence,
        work,
        state,
        by: by.cloned(),
        why: Some(Why::from("<b>late</b>".to_owned())),
    };
    let login = |by: &AgentName| Fact::AgentLoggedIn {
        agent: anna.clone(),
        station: StationAddress::new("PJSIP/1"),
        switch: SwitchName::new("pbx"),
        queues: BTreeSet::new(),
        skills: BTreeMap::new(),
        by: by.clone(),
        auto_answer: None,
    };
    let ready = |ms| Presence::Ready { since: at(ms) };
    let lunch = |ms| Presence::OnBreak { reason: BreakReason::new("lunch"), since: at(ms) };
    let steps: Vec<(i64, Vec<Fact>)> = vec![
        (1, vec![login(&anna)]),
        (2, vec![login(&boss), changed(ready(2), idle(1), AgentState::Idle, Some(&boss))]),
        (3, vec![changed(lunch(3), idle(1), AgentState::OnBreak, Some(&boss))]),
        (4, vec![changed(ready(4), idle(1), AgentState::Idle, Some(&anna))]),
        // Somebody else logged out, and their call rings here.
        (
            5,
            vec![changed(
                ready(4),
                Work::Ringing {
                    since: at(5),
                    offer: crate::shift::offer(1),
                    call: crate::shift::call(1),
                    until: at(9),
                },
                AgentState::Ringing,
                Some(&boss),
            )],
        ),
        (6, vec![changed(ready(4), idle(6), AgentState::Idle, Some(&boss))]),
        (
            7,
            vec![
                Fact::AgentLoggedOut { agent: anna.clone(), by: boss.clone(), why: None, dismissed: false },
                changed(Presence::Away { since: at(7) }, idle(6), AgentState::Away, Some(&boss)),
            ],
        ),
    ];
    let recorded: Vec<Recorded<'_>> =
        (1..).zip(&steps).map(|(seq, (ms, facts))| Recorded { seq, at: at(*ms), schema: 1, facts }).collect();
    for db in &both.all {
        db.filled(&hall()).await.expect("a position");
        db.fill(&hall(), 0, &recorded, Way::Whole).await.expect("filled");
        assert!(db.fill(&hall(), 0, &recorded, Way::Whole).await.is_err());
        let did: Vec<(String, Moment)> = db
            .audit(&hall(), &Which { who: Some("agent:boss".into()), ..Which::default() }, 100)
            .await
            .expect("read")
            .into_iter()
            .rev()
            .map(|seen| {
                let after: serde_json::Value = serde_json::from_str(&seen.after.expect("said")).expect("JSON");
                (after["did"].as_str().unwrap_or_default().to_owned(), seen.at)
            })
            .collect();
        let expected = [("log_in", 2), ("break", 3), ("end_wrap_up", 6), ("log_out", 7)];
        assert_eq!(did, expected.map(|(word, ms)| (word.to_owned(), at(ms))));
        assert_eq!(written(db).await.len(), 4);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_is_paged_and_filtered_in_one_centre() {
    let both = Both::new().await;
    for db in &both.all {
        for n in 0..10 {
            let subject = if n % 2 == 0 { "even" } else { "odd" };
            db.write_down(&hall(), deed(subject, n)).await.expect("added");
        }
        let other = CentreName::new("other");
        db.write_down(&other, deed("even", 1)).await.expect("added");
        let seqs = async |which: Which, most| {
            let seen = db.audit(&hall(), &which, most).await.expect("read");
            seen.into_iter().map(|seen| seen.seq).collect::<Vec<_>>()
        };
        assert_eq!(seqs(Which::default(), 3).await, [10, 9, 8]);
        assert_eq!(seqs(Which { before: Some(8), ..Which::default() }, 3).await, [7, 6, 5]);
        assert_eq!(seqs(Which { subject: Some("odd".into()), ..Which::default() }, 3).await, [10, 8, 6]);
        let part = Which { from: Some(at(2)), to: Some(at(4)), ..Which::default() };
        assert_eq!(seqs(part, 9).await, [4, 3]);
        assert!(seqs(Which { what: Some("session.began".into()), ..Which::default() }, 9).await.is_empty());
        assert!(seqs(Which { who: Some("' OR 1=1 --".into()), ..Which::default() }, 9).await.is_empty());
    }
}
