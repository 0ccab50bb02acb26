//! The page of the audit.

use cordboard::calendar::Moment;
use cordboard::routing::ids::{AgentName, CentreName};
use cordboard::store::Author;
use cordboard::store::agents::Role;
use cordboard::store::audit::Done;
use reqwest::Method;
use serde_json::json;
use sqlx::{Connection, Executor};

use crate::desk::Desk;
use crate::visitor::{Visitor, person};

#[tokio::test(flavor = "multi_thread")]
async fn log_ins_and_wrong_ones_are_in_the_audit_and_no_password_or_unknown_name_is() {
    let desk = Desk::open().await;
    person(&desk, "demo", "chief", Role::Admin).await;
    let mut visitor = Visitor::of(&desk);
    visitor.try_password("demo", "chief", "guessed wrong").await.is(401);
    // A password in the field of the name.
    visitor.try_password("demo", "my secret horse", "x").await.is(401);
    let chief = Visitor::logged_in(&desk, "demo", "chief").await;
    let page = chief.get("/audit").await;
    page.is(200).shows("wrong log-in").shows("logged in").shows("127.0.0.1").shows("each is as it was written");
    page.hides("guessed wrong").hides("my secret horse").shows("a name that nobody has");
    let refused = chief.get("/audit?what=session.refused&subject=chief").await;
    assert_eq!(refused.text.matches("class=\"when\"").count(), 1, "{}", refused.text);
    let by = chief.get("/audit?who=chief").await;
    assert_eq!(by.text.matches("class=\"when\"").count(), 1);
    chief.get("/audit?from=2999-01-01").await.shows("Nothing like that was done");
    chief.get("/audit?from=yesterday").await.is(200).shows("Not a day.");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_supervisor_does_to_an_agent_is_there_with_the_reason() {
    let desk = Desk::open().await;
    person(&desk, "demo", "chief", Role::Admin).await;
    let chief = Visitor::logged_in(&desk, "demo", "chief").await;
    desk.log_in("mira").await;
    let body = json!({ "reason": "lunch" });
    let to = "/agents/mira/break?by=lead&why=%3Cb%3Ethe%20hall%20is%20empty%3C%2Fb%3E";
    let (status, answer) = desk.ask(Method::PUT, to, Some(body)).await;
    assert_eq!(status, 200, "{answer}");
    let began = std::time::Instant::now();
    let page = loop {
        let page = chief.get("/audit?what=agent.forced&who=lead&subject=mira").await;
        if page.text.contains("class=\"when\"") {
            break page;
        }
        assert!(began.elapsed() < crate::desk::PATIENCE, "never filled");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    page.shows("sent on a break").shows("the hall is empty").hides("<b>the hall");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_is_paged_by_the_address_bar() {
    let desk = Desk::open().await;
    person(&desk, "demo", "chief", Role::Admin).await;
    for n in 0..150 {
        let done = Done {
            at: Moment::from_ms(1_772_416_957_123 + n * 1_000),
            who: Author::Person(AgentName::new("lead")),
            what: "agent.role",
            subject: format!("agent:mira{n:03}"),
            before: Some(json!({ "role": "agent" })),
            after: Some(json!({ "role": "admin" })),
        };
        desk.db.write_down(&CentreName::new("demo"), done).await.expect("written");
    }
    let chief = Visitor::logged_in(&desk, "demo", "chief").await;
    let first = chief.get("/audit?who=lead&what=agent.role").await;
    first.shows(">mira149<").shows(">mira050<").hides(">mira049<");
    first.shows("<span class=\"was\" translate=\"no\">agent</span> → <span class=\"is\" translate=\"no\">admin</span>");
    let older = first.text.split("rel=\"next\" href=\"").nth(1).expect("a link").split('"').next().expect("its end");
    let older = older.replace("&#38;", "&").replace("&amp;", "&");
    let second = chief.get(&older).await;
    second.shows(">mira049<").shows(">mira000<").hides(">mira050<").hides("rel=\"next\"");
    // Where the centre's clocks hang: 2026-03-02, 10:02 in Shanghai.
    chief.get("/audit?from=2026-03-02&to=2026-03-02").await.shows(">mira149<").shows("2026-03-02 10:0");
    chief.get("/audit?to=2026-03-01").await.hides(">mira149<");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_behind_the_databases_back_shows_on_the_page() {
    let desk = Desk::open().await;
    person(&desk, "demo", "chief", Role::Admin).await;
    let chief = Visitor::logged_in(&desk, "demo", "chief").await;
    chief.get("/audit?check=all").await.shows("each is as it was written").hides("not as it was written</b>");
    let mut own = sqlx::SqliteConnection::connect(&format!("sqlite:{}", desk.path().join("cordboard.db").display()))
        .await
        .expect("a connection");
    let refused = own.execute("UPDATE audit SET who = 'agent:other'").await;
    assert!(refused.is_err(), "the triggers refuse");
    own.execute("DROP TRIGGER audit_is_not_changed; UPDATE audit SET who = 'agent:other' WHERE what = 'session.began'")
        .await
        .expect("edited");
    own.close().await.expect("closed");
    let page = chief.get("/audit").await;
    page.is(200).shows("role=\"alert\"").shows("behind Cordboard").shows("<b class=\"late\">not as it was written</b>");
    assert_eq!(page.text.matches("class=\"edited\"").count(), 1, "{}", page.text);
    desk.close().await;
}
