//! The pages where an admin looks after people, skills and stations.

use cordboard::routing::ids::{AgentName, CentreName};
use cordboard::store::agents::Role;
use cordboard::store::audit::Which;
use reqwest::Method;
use serde_json::{Value, json};

use crate::desk::{Database, Desk};
use crate::visitor::{PASSWORD, Visitor, person};

const SCRIPT: &str = "<script>alert(1)</script>";

async fn desk_with(people: &[(&str, Role)]) -> Desk {
    let desk = Desk::open().await;
    for (name, role) in people {
        person(&desk, "demo", name, *role).await;
    }
    desk
}

/// What was done since, in words, oldest first; log-ins left out.
async fn done(desk: &Desk) -> Vec<String> {
    let seen = desk.db.audit(&CentreName::new("demo"), &Which::default(), 500).await.expect("read");
    assert!(seen.iter().all(|seen| seen.whole));
    let seen = seen.into_iter().rev().filter(|seen| seen.who != "console" && seen.who != "clock");
    seen.map(|seen| seen.what).filter(|what| what != "session.began").collect()
}

/// What is written in the centre's file holds from now on.
async fn publish(desk: &Desk) {
    let (status, answer) = desk.ask(Method::POST, "/versions", None).await;
    assert_eq!(status, 201, "{answer}");
}

fn form<'f>(name: &'f str, display_name: &'f str, stamp: &'f str) -> Vec<(&'f str, &'f str)> {
    vec![
        ("name", name),
        ("display_name", display_name),
        ("role", "agent"),
        ("station", "PJSIP/1001"),
        ("switch", "pbx"),
        ("queue", "desk"),
        ("password", ""),
        ("stamp", stamp),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_is_added_changed_and_taken_out_and_their_session_ends_at_once() {
    let desk = desk_with(&[("chief", Role::Admin)]).await;
    let chief = Visitor::logged_in(&desk, "demo", "chief").await;
    chief.get("/people").await.is(200).shows("chief").shows("1 person");
    chief.get("/people/new").await.is(200).shows("action=\"/people\"");

    let mut new = form("mira", "Mira Okafor", "");
    new.push(("password", PASSWORD));
    let page = chief.followed(&chief.post("/people", &new).await).await;
    page.is(200).shows("Added.").shows("Mira Okafor").hides(PASSWORD).hides("argon2");
    let mira = Visitor::logged_in(&desk, "demo", "mira").await;
    mira.get("/desk").await.is(200);
    mira.get("/people").await.is(403);

    let stamp = chief.get("/people/~mira").await.field("stamp");
    let mut changed = form("mira", "Mira O.", &stamp);
    changed[2] = ("role", "supervisor");
    let page = chief.followed(&chief.post("/people/~mira", &changed).await).await;
    page.is(200).shows("Saved.").shows("Mira O.");
    mira.get("/floor").await.is(200);

    let stamp = page.field("stamp");
    let mut changed = form("mira", "Mira O.", &stamp);
    changed[2] = ("role", "supervisor");
    changed[6] = ("password", "another horse");
    chief.post("/people/~mira", &changed).await.is(303);
    let out = mira.get("/desk").await;
    assert!(out.location.is_some_and(|to| to.starts_with("/login")), "a new password ends their sessions");

    let mut mira = Visitor::of(&desk);
    mira.try_password("demo", "mira", PASSWORD).await.is(401);
    mira.try_password("demo", "mira", "another horse").await.is(303);
    let (status, _) = desk.ask(Method::PUT, "/agents/mira/session", None).await;
    assert_eq!(status, 200);
    let question = chief.get("/people/~mira/removal").await;
    question.is(200).shows("idle");
    let gone = chief.post("/people/~mira/removal", &[("stamp", &question.field("stamp"))]).await;
    chief.followed(&gone).await.is(200).shows("Taken out.").hides("Mira O.");
    mira.get("/desk").await.is(303);
    assert_eq!(desk.get("/agents/mira").await["state"], "away", "nobody's phone rings for who is gone");
    chief.get("/people/~mira").await.is(404);
    let done: Vec<String> = done(&desk).await.into_iter().filter(|what| what != "agent.forced").collect();
    assert_eq!(
        done,
        ["agent.added", "agent.role", "agent.password", "session.refused", "agent.removed"],
        "and no password in it"
    );
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_admins_open_these_pages_and_only_those_of_their_own_centre() {
    let desk = Desk::of(&["demo", "other"], None, Database::File).await;
    for (name, role) in [("chief", Role::Admin), ("lead", Role::Supervisor), ("ana", Role::Agent)] {
        person(&desk, "demo", name, role).await;
    }
    person(&desk, "other", "bo", Role::Admin).await;
    let pages = [
        "/people",
        "/people/new",
        "/people/~ana",
        "/people/~ana/removal",
        "/people/skills",
        "/people/stations",
        "/configuration",
        "/audit",
    ];
    let forms = ["/people", "/people/~ana", "/people/~ana/removal", "/configuration/versions"];
    for name in ["lead", "ana"] {
        let visitor = Visitor::logged_in(&desk, "demo", name).await;
        for page in pages {
            visitor.get(page).await.is(403);
        }
        for to in forms {
            visitor.post(to, &form("ana", "Mine", "")).await.is(403);
        }
        visitor
            .put("/people/skills/cells", &[("agent", "ana"), ("skill", "english"), ("was", ""), ("level", "1")])
            .await
            .is(403);
    }
    let stranger = Visitor::of(&desk);
    for page in pages {
        let page = stranger.get(page).await;
        assert!(page.location.is_some_and(|to| to.starts_with("/login?next=")));
    }
    let bo = Visitor::logged_in(&desk, "other", "bo").await;
    for page in ["/people/~ana", "/people/~ana/removal"] {
        bo.get(page).await.is(404);
        bo.post(page, &form("ana", "Mine", "")).await.is(404);
    }
    bo.get("/people").await.is(200).hides("ana");
    let cells =
        bo.put("/people/skills/cells", &[("agent", "ana"), ("skill", "english"), ("was", ""), ("level", "1")]).await;
    assert_eq!(serde_json::from_str::<Value>(&cells.text).expect("JSON")["cells"][0]["saved"], false);
    bo.get("/audit").await.is(200).hides("ana").hides("chief");
    let ana = desk.db.person(&CentreName::new("demo"), &AgentName::new("ana")).await.expect("read").expect("is there");
    assert_eq!((ana.display_name.as_str(), ana.skills.len()), ("ana", 0));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_with_mistakes_comes_back_filled_in_with_each_beside_its_field() {
    let desk = desk_with(&[("chief", Role::Admin), ("ana", Role::Agent)]).await;
    let chief = Visitor::logged_in(&desk, "demo", "chief").await;
    let long = "x".repeat(101);
    let wrong = [
        ("name", " mira "),
        ("display_name", "ok"),
        ("role", "boss"),
        ("station", "PJSIP/a&PJSIP/b"),
        ("switch", "nowhere"),
        ("queue", "nowhere"),
        ("password", "short"),
    ];
    let page = chief.post("/people", &wrong).await;
    page.is(422).shows("6 fields are not right").shows("value=\" mira \"").shows("value=\"PJSIP/a&#38;PJSIP/b\"");
    page.shows("A login name has").shows("Choose a role.").shows("A station is one address");
    page.shows("Say which switch").shows("no such queue").shows("at least 8 characters").hides("short\"");
    assert_eq!(chief.get("/people").await.text.matches("href=\"/people/~").count(), 2, "nobody was added");

    chief.post("/people", &form("ana", "Ana", "")).await.is(409).shows("Somebody has this login name already");
    let stamp = chief.get("/people/~ana").await.field("stamp");
    let mut wrong = form("ana", &long, &stamp);
    wrong.push(("no_password", "yes"));
    wrong[6] = ("password", "correct horse");
    chief
        .post("/people/~ana", &wrong)
        .await
        .is(422)
        .shows("1 to 100 characters")
        .shows("Either a new password, or none");
    for (to, body) in
        [("/people/~ana", vec![("stamp", "x")]), ("/people", vec![]), ("/people/~ana", vec![("role", "\0")])]
    {
        chief.post(to, &body).await.is(422);
    }
    chief.get("/people/ana").await.is(404);
    chief.get("/people/~").await.is(404);
    assert!(done(&desk).await.is_empty());
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_sent_twice_does_nothing_twice() {
    let desk = desk_with(&[("chief", Role::Admin)]).await;
    let chief = Visitor::logged_in(&desk, "demo", "chief").await;
    let mut new = form("mira", "Mira", "");
    new[6] = ("password", PASSWORD);
    for _ in 0..2 {
        assert_eq!(chief.post("/people", &new).await.location.as_deref(), Some("/people/~mira?said=added"));
    }
    assert_eq!(done(&desk).await, ["agent.added"]);
    let stamp = chief.get("/people/~mira").await.field("stamp");
    let mut changed = form("mira", "Mira O.", &stamp);
    changed[6] = ("password", "another horse");
    for _ in 0..2 {
        chief.post("/people/~mira", &changed).await.is(303);
    }
    assert_eq!(done(&desk).await, ["agent.added", "agent.role", "agent.password"]);
    let stamp = chief.get("/people/~mira/removal").await.field("stamp");
    for _ in 0..2 {
        let gone = chief.post("/people/~mira/removal", &[("stamp", &stamp)]).await;
        assert_eq!(gone.location.as_deref(), Some("/people?said=removed"));
    }
    assert_eq!(done(&desk).await.len(), 4);
    chief.post("/people/~nobody/removal", &[("stamp", &stamp)]).await.is(404);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_admins_do_not_overwrite_each_other() {
    let desk = desk_with(&[("chief", Role::Admin), ("second", Role::Admin), ("mira", Role::Agent)]).await;
    let chief = Visitor::logged_in(&desk, "demo", "chief").await;
    let second = Visitor::logged_in(&desk, "demo", "second").await;
    let (one, other) =
        (chief.get("/people/~mira").await.field("stamp"), second.get("/people/~mira").await.field("stamp"));
    chief.post("/people/~mira", &form("mira", "By the chief", &one)).await.is(303);
    let page = second.post("/people/~mira", &form("mira", "By the second", &other)).await;
    page.is(409).shows("Somebody else has changed this person").shows("By the chief").shows("value=\"By the second\"");
    // Looked at, and meant.
    second.post("/people/~mira", &form("mira", "By the second", &page.field("stamp"))).await.is(303);
    chief.get("/people/~mira").await.shows("By the second");
    let removal = chief.post("/people/~mira/removal", &[("stamp", &one)]).await;
    removal.is(409).shows("Somebody else has changed this person");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_admin_stays_and_nobody_shuts_themselves_out() {
    let desk = desk_with(&[("chief", Role::Admin), ("mira", Role::Agent)]).await;
    let chief = Visitor::logged_in(&desk, "demo", "chief").await;
    let own = chief.get("/people/~chief").await;
    own.shows("this is you").hides("Take out");
    let stamp = own.field("stamp");
    chief
        .post("/people/~chief", &form("chief", "Chief", &stamp))
        .await
        .is(409)
        .shows("the role of an admin from yourself");
    chief.get("/people/~chief/removal").await.shows("You cannot take yourself out");
    chief.post("/people/~chief/removal", &[("stamp", &stamp)]).await.is(409).shows("You cannot take yourself out");
    let mut none = form("chief", "Chief", &stamp);
    none[2] = ("role", "admin");
    none.push(("no_password", "yes"));
    chief.post("/people/~chief", &none).await.is(409).shows("your own password");

    // Somebody made admin without a password cannot take the last one's place.
    let stamp = chief.get("/people/~mira").await.field("stamp");
    let mut admin = form("mira", "Mira", &stamp);
    admin[2] = ("role", "admin");
    chief.post("/people/~mira", &admin).await.is(303);
    let mira = Visitor::logged_in(&desk, "demo", "mira").await;
    let stamp = mira.get("/people/~chief").await.field("stamp");
    mira.post("/people/~chief", &form("chief", "Chief", &stamp)).await.is(303);
    chief.get("/people").await.is(403);
    // Now the only one.
    let person = cordboard::store::people::Wanted { role: Some(Role::Agent), ..Default::default() };
    let guard = cordboard::store::people::Guard { seen: None, keeps_an_admin: true };
    let (centre, name) = (CentreName::new("demo"), AgentName::new("mira"));
    let at = cordboard::calendar::Moment::from_ms(5);
    let answer = desk.db.change_person(&centre, &name, &person, &guard, &cordboard::store::Author::Console, at).await;
    assert_eq!(answer.expect("asked"), cordboard::store::people::Answer::LastAdmin);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_strangers_type_is_shown_and_never_run_whatever_they_are_called() {
    let desk = desk_with(&[("chief", Role::Admin)]).await;
    let chief = Visitor::logged_in(&desk, "demo", "chief").await;
    let wide = "欧阳".repeat(40);
    for name in [SCRIPT, "..", "new", "skills", "a/b?c#d&e", "\"'><img src=x>", "100%", "陈晓明"] {
        let page = chief.post("/people", &form(name, if name == "陈晓明" { &wide } else { SCRIPT }, "")).await;
        let page = chief.followed(&page).await;
        page.is(200).hides(SCRIPT).hides("<img");
        let address = page.text.split("method=\"post\" action=\"/people/~").nth(1).expect("a form").split('"').next();
        let address = format!("/people/~{}", address.expect("an address"));
        chief.get(&address).await.is(200).shows("name=\"stamp\"");
        chief.get(&format!("{address}/removal")).await.is(200).hides(SCRIPT).hides("<img");
    }
    for page in [
        "/people",
        "/people/skills",
        "/people/stations",
        "/audit",
        "/people?name=<script>alert(1)</script>&role=\"><img src=x>&queue=<b>&skill=<b>&after=<b>&said=<b>",
        "/people/skills?name=<script>alert(1)</script>",
        "/audit?who=<script>alert(1)</script>&what=<b>&subject=\"><img src=x>&from=<b>&before=<b>&check=<b>",
    ] {
        chief.get(page).await.is(200).hides(SCRIPT).hides("<img").hides("<b>\"");
    }
    chief.get("/people?name=%E9%99%88").await.shows("陈晓明").hides("100%");
    chief.get("/people?skill=english").await.shows("Nobody is like that");
    chief.get("/people?queue=desk&role=agent").await.shows("8 of 9 people");
    chief.get("/people/skills?name=nobody").await.shows("Nobody is like that");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn levels_are_saved_cell_by_cell_and_hold_at_once_without_ending_a_break() {
    let desk = desk_with(&[("chief", Role::Admin), ("mira", Role::Agent), ("otto", Role::Agent)]).await;
    let chief = Visitor::logged_in(&desk, "demo", "chief").await;
    desk.log_in("mira").await;
    let (_, agent) = desk.ask(Method::PUT, "/agents/mira/break", Some(json!({ "reason": "lunch" }))).await;
    assert_eq!(agent["state"], "on_break");
    chief.get("/people/skills").await.is(200).shows("data-skill=\"english\"").shows("data-agent=\"mira\"");

    let cell = |agent, was, level| [("agent", agent), ("skill", "english"), ("was", was), ("level", level)];
    let save = async |cells: &[(&str, &str)]| {
        let page = chief.put("/people/skills/cells", cells).await;
        page.is(200);
        serde_json::from_str::<Value>(&page.text).expect("JSON")
    };
    let answer = save(&cell("mira", "", "7")).await;
    assert_eq!(answer["cells"], json!([{ "agent": "mira", "skill": "english", "saved": true, "level": "7" }]));
    assert!(
        answer["text"]
            .as_str()
            .is_some_and(|text| text.contains("mira: english 7 saved") && text.contains("holds at once"))
    );
    let agent = desk.get("/agents/mira").await;
    assert_eq!((&agent["skills"], &agent["state"]), (&json!([["english", 7]]), &json!("on_break")));
    assert_eq!(agent["queues"], json!(["desk"]), "what was set for today stays");

    let answer = save(&cell("otto", "", "10")).await;
    assert!(answer["text"].as_str().is_some_and(|text| text.contains("next login")), "{answer}");
    let answer = save(&cell("mira", "", "3")).await;
    assert_eq!((&answer["cells"][0]["saved"], &answer["cells"][0]["level"]), (&json!(false), &json!("7")));
    save(&cell("mira", "7", "7")).await;
    let both: Vec<(&str, &str)> = [cell("mira", "7", "0"), cell("otto", "10", "9")].concat();
    let answer = save(&both).await;
    assert!(answer["text"].as_str().is_some_and(|text| text.contains("2 levels saved")), "{answer}");
    assert_eq!(desk.get("/agents/mira").await["skills"], json!([]));
    let skills = |what: &String| what == "agent.skills";
    assert_eq!(done(&desk).await.into_iter().filter(skills).count(), 4);

    for bad in [
        cell("mira", "", "11").to_vec(),
        cell("mira", "", "-1").to_vec(),
        cell("mira", "", "x").to_vec(),
        vec![("agent", "mira"), ("skill", "klingon"), ("was", ""), ("level", "1")],
        vec![("agent", "mira"), ("skill", "english"), ("was", "")],
        vec![("skill", "english"), ("agent", "mira"), ("was", ""), ("level", "1")],
        cell("mira", "", "1").repeat(201),
        vec![],
    ] {
        chief.put("/people/skills/cells", &bad).await.is(422);
    }
    assert_eq!(desk.get("/agents/mira").await["skills"], json!([]));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queues_of_a_form_reach_an_agent_at_work() {
    let desk = desk_with(&[("chief", Role::Admin), ("mira", Role::Agent)]).await;
    std::fs::write(desk.yaml(), crate::desk::CENTRE.replace("  desk:", "  second: {}\n  desk:")).expect("written");
    publish(&desk).await;
    let chief = Visitor::logged_in(&desk, "demo", "chief").await;
    desk.log_in("mira").await;
    let stamp = chief.get("/people/~mira").await.field("stamp");
    let mut changed = form("mira", "Mira", &stamp);
    changed.push(("queue", "second"));
    let page = chief.followed(&chief.post("/people/~mira", &changed).await).await;
    page.shows("The queues hold at once.");
    let agent = desk.get("/agents/mira").await;
    assert_eq!((&agent["queues"], &agent["skills"]), (&json!(["desk", "second"]), &json!([["english", 5]])));
    // A queue that goes from the configuration stays theirs until somebody takes it away.
    std::fs::write(desk.yaml(), crate::desk::CENTRE).expect("written");
    publish(&desk).await;
    let page = chief.get("/people/~mira").await;
    page.shows("not in the configuration any more");
    let stamp = page.field("stamp");
    let mut changed = form("mira", "Mira O.", &stamp);
    changed.push(("queue", "second"));
    chief.post("/people/~mira", &changed).await.is(303);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stations_show_who_sits_where_who_is_there_now_and_what_is_doubled() {
    let desk = desk_with(&[("chief", Role::Admin), ("mira", Role::Agent), ("otto", Role::Agent)]).await;
    let chief = Visitor::logged_in(&desk, "demo", "chief").await;
    chief.get("/people/stations").await.is(200).shows("No phones yet").shows("3 people without a station");
    for name in ["mira", "otto"] {
        let address = format!("/people/~{name}");
        let stamp = chief.get(&address).await.field("stamp");
        chief.post(&address, &form(name, SCRIPT, &stamp)).await.is(303);
    }
    desk.log_in("mira").await;
    let seat = json!({ "station": "PJSIP/1001", "queues": ["desk"], "skills": {} });
    let (status, _) = desk.ask(Method::PUT, "/agents/guest/session", Some(seat)).await;
    assert_eq!(status, 200);
    let page = chief.get("/people/stations").await;
    page.is(200)
        .shows("1 station is given to more than one person")
        .shows("doubled")
        .shows("sits elsewhere by default");
    page.shows("PJSIP/mira").shows("guest").shows("idle").hides(SCRIPT).shows("1 person without a station");
    desk.close().await;
}
