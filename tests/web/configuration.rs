//! The page of the configuration as read.

use cordboard::routing::ids::CentreName;
use cordboard::store::agents::Role;
use reqwest::Method;

use crate::desk::{CENTRE, Database, Desk};
use crate::visitor::{Visitor, person};

/// A start is told of in its own time.
async fn started(desk: &Desk) {
    let began = std::time::Instant::now();
    let told = async || {
        let last = desk.db.last_of_audit(&CentreName::new("demo"), "configuration.published", "configuration").await;
        last.expect("read").is_some()
    };
    while !told().await {
        assert!(began.elapsed() < crate::desk::PATIENCE, "the start never reached the audit");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configuration_is_shown_with_its_hours_numbers_names_and_switches() {
    let desk = Desk::open().await;
    let text = CENTRE
        .replace("name: Front desk", "name: \"<script>alert(1)</script>\"")
        .replace("queues:\n", "hours: { office: { week: \"mon-sun 08:30-12:00, 13:30-18:00\" } }\nqueues:\n  second: { needs: [ { skill: english, level: 3 } ], ring_for: 25s }\n");
    std::fs::write(desk.yaml(), text).expect("written");
    person(&desk, "demo", "chief", Role::Admin).await;
    let chief = Visitor::logged_in(&desk, "demo", "chief").await;
    chief.get("/configuration").await.is(200).shows("Front desk").hides("office");
    let page = chief.followed(&chief.post("/configuration/versions", &[]).await).await;
    page.is(200).shows("Read again and published").hides("<script>alert").shows("&#60;script&#62;alert(1)");
    page.shows("Asia/Shanghai")
        .shows("4008000001")
        .shows("welcome")
        .shows("english 3")
        .shows(">25<")
        .shows("until ready");
    page.shows("Hours: office").shows("08:30-12:00").shows("lunch").shows("in reach").shows("pbx");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn read_again_shows_every_mistake_at_its_place_and_what_ran_goes_on() {
    let desk = Desk::open().await;
    person(&desk, "demo", "chief", Role::Admin).await;
    let chief = Visitor::logged_in(&desk, "demo", "chief").await;
    started(&desk).await;
    let before = desk.get("/floor").await["version"].clone();
    let wrong = CENTRE.replace("queue: desk", "queue: dask # <b>你好</b>").replace("Asia/", "Asio/");
    std::fs::write(desk.yaml(), wrong).expect("written");
    let page = chief.post("/configuration/versions", &[]).await;
    page.is(422)
        .shows("there are 2 mistakes")
        .shows("centre.yaml:3:7")
        .shows("centre.yaml:13:")
        .shows("<mark>d</mark>ask");
    page.shows("Did you mean “desk”?").hides("<b>你好").shows("Front desk");
    assert_eq!(desk.get("/floor").await["version"], before);
    std::fs::remove_file(desk.yaml()).expect("removed");
    chief.post("/configuration/versions", &[]).await.is(422);
    std::fs::remove_dir(desk.path().join("centre")).expect("removed");
    chief.post("/configuration/versions", &[]).await.is(422).shows("No such file");
    let published = chief.get("/audit?what=configuration.published").await;
    assert_eq!(published.text.matches("class=\"when\"").count(), 1, "only the start's");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_are_kept_with_who_published_them_and_a_form_sent_twice_publishes_once() {
    let desk = Desk::of(&["demo", "other"], None, Database::File).await;
    person(&desk, "demo", "chief", Role::Admin).await;
    person(&desk, "other", "bo", Role::Admin).await;
    let chief = Visitor::logged_in(&desk, "demo", "chief").await;
    let bo = Visitor::logged_in(&desk, "other", "bo").await;
    started(&desk).await;
    let text = CENTRE.replace("  desk:", "  second: {} # <b>mine</b>\n  desk:");
    std::fs::write(desk.yaml(), &text).expect("written");
    let first = chief.post("/configuration/versions", &[]).await;
    let again = chief.post("/configuration/versions", &[]).await;
    assert_eq!(first.location.as_deref(), Some("/configuration?said=published"));
    assert_eq!(again.location.as_deref(), Some("/configuration?said=same"));
    let version = desk.handle.plan(&CentreName::new("demo")).expect("a plan").version.clone();
    let began = std::time::Instant::now();
    while desk.db.version(&CentreName::new("demo"), &version).await.expect("read").is_none() {
        assert!(began.elapsed() < crate::desk::PATIENCE, "the version never reached SQL");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let page = chief.get("/configuration").await;
    page.shows("current").shows("· chief");
    assert_eq!(page.text.matches("href=\"/configuration/versions/").count(), 3, "two versions, and the current on top");
    let address = format!("/configuration/versions/{version}");
    chief.get(&address).await.is(200).shows("# centre.yaml").shows("second: {}").hides("<b>mine");
    bo.get(&address).await.is(404);
    for none in ["/configuration/versions/..%2f..%2fetc%2fpasswd", "/configuration/versions/ab"] {
        chief.get(none).await.is(404);
    }
    // By program: it is known that it was one.
    std::fs::write(desk.yaml(), CENTRE).expect("written");
    let (status, _) = desk.ask(Method::POST, "/versions", None).await;
    assert_eq!(status, 201);
    chief.get("/configuration").await.shows("a program");
    let told = chief.get("/audit?what=configuration.published").await;
    assert_eq!(told.text.matches("class=\"when\"").count(), 3, "{}", told.text);
    bo.get("/audit?what=configuration.published").await.hides("chief");
    desk.close().await;
}
