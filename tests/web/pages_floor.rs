//! The floor as supervisors see it: who may, what is on it when it is empty, full and hostile, what they force, and what
//! a stream tells of it.

use cordboard::store::agents::Role;
use cordboard::switch::rehearsal::World;
use reqwest::StatusCode;
use serde_json::json;

use crate::browser::Browser;
use crate::desk::{CENTRE, Database, Desk, next_fact};

/// From where this element begins to where the next of its kind ends.
fn element<'p>(page: &'p str, begins: &str, ends: &str) -> &'p str {
    let (_, rest) = page.split_once(begins).unwrap_or_else(|| panic!("no {begins} in {page}"));
    rest.split_once(ends).unwrap_or_else(|| panic!("no {ends} behind {begins}")).0
}

/// What the figures of the day say: asked, answered, abandoned.
fn of_the_day(page: &str) -> [&str; 3] {
    let figures = element(page, "<section id=\"floor-figures\"", "</section>");
    ["asked", "answered", "abandoned"].map(|outcome| element(figures, &format!("&amp;outcome={outcome}\">"), "</a>"))
}

/// An agent's tile.
fn tile_of<'p>(page: &'p str, name: &str) -> &'p str {
    element(page, &format!("<a id=\"t-{name}\" class=\"tile "), "</a>")
}

const HOSTILE: &str = "<script>alert(1)</script>";

#[tokio::test(flavor = "multi_thread")]
async fn the_floor_is_for_supervisors() {
    let desk = Desk::open().await;
    let agent = Browser::of(&desk, "demo", "mira", "Mira", Role::Agent).await;
    let answer = agent.open("/floor").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    for path in ["/floor/agent/ready", "/floor/agent/break", "/floor/agent/wrap-up/end", "/floor/agent/session/end"] {
        assert_eq!(agent.press(path, "agent=mira&reason=lunch").await.status, StatusCode::FORBIDDEN, "{path}");
    }
    let nobody = desk.get_raw("/floor").await;
    assert_eq!(nobody.headers()["location"], "/login?next=/floor");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_floor_says_what_will_appear_and_a_full_one_adds_up() {
    let desk = Desk::open().await;
    let boss = Browser::supervisor(&desk).await;
    let empty = boss.see("/floor").await;
    for text in ["Nothing is wrong", "Agents appear here when they start work", "id=\"q-desk\"", "nobody waits"] {
        assert!(empty.contains(text), "{text} is not in {empty}");
    }
    assert!(boss.see_in_chinese("/floor").await.contains("坐席签入后显示在这里"));

    // One gives up, with nobody there; one is answered.
    let leg = desk.call("Gives up");
    let page = boss.until("/floor", |page| page.contains("one caller waits and nobody is logged in")).await;
    assert!(page.contains("id=\"q-desk\" class=\"row stuck"), "{page}");
    desk.rehearsal.happen(World::CallerHangsUp { leg });
    boss.until("/floor", |page| of_the_day(page) == ["1", "0", "1"]).await;
    desk.log_in("mira").await;
    desk.call("Is answered");
    let full = ["2", "1", "1"];
    let talks = |page: &str| page.contains("<a id=\"t-mira\" class=\"tile talking\"");
    let page = boss.until("/floor", |page| of_the_day(page) == full && talks(page)).await;
    assert!(tile_of(&page, "mira").contains("<em>talking</em> <span translate=\"no\">desk</span>"), "{page}");
    let figures = element(&page, "<section id=\"floor-figures\"", "</section>");
    for text in ["0 ended otherwise, 0 not answered yet", "target ÷ all whose wait is over"] {
        assert!(figures.contains(text), "{text} is not in {figures}");
    }
    // The figures open to as many calls.
    let day = page.split("/calls?from=").nth(1).and_then(|rest| rest.split('&').next()).expect("a day").to_owned();
    let list = format!("/calls?from={day}&outcome=abandoned");
    boss.until(&list, |list| list.matches(" class=\"when\">").count() == 1).await;
    // Added up from the database, they are the same as counted from what was heard.
    let again = boss.see("/floor").await;
    assert_eq!(of_the_day(&again), full, "{again}");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_from_outside_stay_text_on_every_page_of_the_floor() {
    let desk = Desk::open().await;
    let boss = Browser::supervisor(&desk).await;
    let wide = "电".repeat(80);
    let _ = Browser::of(&desk, "demo", "mira", &format!("{HOSTILE}\"'&{wide}"), Role::Agent).await;
    desk.log_in("mira").await;
    desk.call(HOSTILE);
    desk.until("/agents/mira", |agent| agent["state"] == "talking").await;
    for path in
        ["/floor", "/floor?wall=1", "/floor/agent?name=mira", "/calls", "/floor?queue=%3Cscript%3E&state=%22%3E"]
    {
        for page in [boss.see(path).await, boss.see_in_chinese(path).await] {
            assert!(!page.contains("<script>alert"), "{path}: {page}");
        }
    }
    assert!(boss.see("/floor").await.contains(&wide));
    assert_eq!(boss.open("/floor/agent?name=nobody").await.status, StatusCode::NOT_FOUND);
    assert_eq!(boss.open("/floor/agent?name=").await.status, StatusCode::NOT_FOUND);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_is_shown_and_the_rest_is_hidden_but_there() {
    let desk = Desk::open().await;
    let boss = Browser::supervisor(&desk).await;
    desk.log_in("mira").await;
    desk.log_in("otto").await;
    desk.ask(reqwest::Method::PUT, "/agents/otto/break", Some(json!({ "reason": "lunch" }))).await;
    let tile = |page: &str, name: &str| {
        // Every tile is on the page.
        let (tag, _) = tile_of(page, name).split_once('>').expect("a tag");
        !tag.contains(" hidden")
    };
    for (path, mira, otto) in [
        ("/floor", true, true),
        ("/floor?state=idle", true, false),
        ("/floor?state=on_break", false, true),
        ("/floor?state=nonsense", true, true),
        ("/floor?queue=desk&state=idle", true, false),
        ("/floor?queue=nonsense", true, true),
    ] {
        let page = boss.see(path).await;
        assert_eq!((tile(&page, "mira"), tile(&page, "otto")), (mira, otto), "{path}");
    }
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_forces_an_agent_and_says_why() {
    let desk = Desk::open().await;
    let boss = Browser::supervisor(&desk).await;
    desk.log_in("mira").await;
    let mut happened = desk.handle.happened();
    let answer = boss.press("/floor/agent/break", "agent=mira&reason=lunch&why=Eat+something").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert!(answer.shows("class=\"tile break\"") && answer.shows("lunch"), "{}", answer.text);
    let fact = next_fact(&mut happened, |_| true).await;
    assert_eq!(
        (&fact["fact"], &fact["by"], &fact["why"]),
        (&json!("agent_changed"), &json!("boss"), &json!("Eat something"))
    );
    let card = boss.see("/floor/agent?name=mira").await;
    assert!(card.contains("/floor/agent/ready") && !card.contains("/floor/agent/break"), "{card}");
    assert!(boss.press("/floor/agent/ready", "agent=mira").await.shows("class=\"tile idle\""));

    for (path, form, status) in [
        ("/floor/agent/wrap-up/end", "agent=mira", StatusCode::CONFLICT),
        ("/floor/agent/break", "agent=mira", StatusCode::UNPROCESSABLE_ENTITY),
        ("/floor/agent/break", "agent=mira&reason=nap", StatusCode::CONFLICT),
        ("/floor/agent/ready", "agent=nobody", StatusCode::CONFLICT),
        ("/floor/agent/ready", "agent=", StatusCode::NOT_FOUND),
        ("/floor/agent/ready", "", StatusCode::NOT_FOUND),
    ] {
        let answer = boss.press(path, form).await;
        assert_eq!(answer.status, status, "{path} {form}: {}", answer.text);
    }
    let long = format!("agent=mira&reason=lunch&why={}", "x".repeat(201));
    assert_eq!(boss.press("/floor/agent/break", &long).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(desk.get("/agents/mira").await["state"], "idle", "nothing of it was done");

    assert!(boss.press("/floor/agent/session/end", "agent=mira&why=").await.shows("class=\"tile away\""));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisors_stream_begins_with_the_floor_and_goes_on_with_what_changes() {
    let desk = Desk::open().await;
    let boss = Browser::supervisor(&desk).await;
    desk.log_in("mira").await;
    desk.log_in("otto").await;
    let mut stream = boss.stream().await;
    let all = stream.until("pieces", |pieces| pieces.contains("id=\"floor-agents\"")).await;
    for piece in ["id=\"t-mira\"", "id=\"t-otto\"", "id=\"q-desk\"", "id=\"floor-figures\"", "id=\"floor-wrong\""] {
        assert!(all.contains(piece), "{piece} is not in {all}");
    }
    desk.ask(reqwest::Method::PUT, "/agents/mira/break", Some(json!({ "reason": "lunch" }))).await;
    let one = stream.until("pieces", |pieces| pieces.contains("class=\"tile break\"")).await;
    assert!(!one.contains("t-otto") && !one.contains("floor-agents"), "only what changed: {one}");
    assert!(one.len() < 5_000, "{}", one.len());
    assert!(one.contains("<b id=\"n-on_break\">1</b>"), "{one}");
    // Somebody new: the list as a whole.
    desk.log_in("anna").await;
    let list = stream.until("pieces", |pieces| pieces.contains("t-anna")).await;
    assert!(list.contains("id=\"floor-agents\"") && list.contains("t-otto"), "{list}");
    // Calls that move are named.
    desk.call("A caller");
    stream.until("moved", |calls| calls.starts_with('c')).await;
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agents_stream_tells_nothing_of_the_floor() {
    let desk = Desk::open().await;
    let mira = Browser::of(&desk, "demo", "mira", "Mira", Role::Agent).await;
    desk.log_in("mira").await;
    let mut stream = mira.stream().await;
    desk.log_in("otto").await;
    let mut told = String::new();
    loop {
        let (event, data) = stream.next().await;
        if event == "pulse" {
            break;
        }
        told.push_str(&data);
    }
    assert!(!told.contains("floor-") && !told.contains("t-otto"), "{told}");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reason_for_a_break_is_shown_by_its_title_and_kept_by_its_name() {
    let yaml = CENTRE
        .replace("name: Front desk", "name: { en: Front desk, zh: \u{524d}\u{53f0} }")
        .replace("languages: [en]", "languages: [en, zh]")
        .replace(
            "break_reasons: [lunch]",
            "break_reasons: [ { name: lunch, allowed: 45m, title: { en: A meal, zh: \u{5348}\u{9910} } }, tea ]",
        );
    let desk = Desk::with_yaml(&yaml, &["demo", "other"], None, Database::File).await;
    let boss = Browser::supervisor(&desk).await;
    let mira = Browser::of(&desk, "demo", "mira", "Mira", Role::Agent).await;
    desk.log_in("mira").await;
    let page = mira.see("/desk").await;
    assert!(page.contains("<option value=\"lunch\">A meal</option><option value=\"tea\">tea</option>"), "{page}");
    let taken = mira.press("/desk/break", "reason=lunch").await;
    assert_eq!(taken.status, StatusCode::NO_CONTENT, "{}", taken.text);
    assert_eq!(desk.get("/agents/mira").await["break_reason"], "lunch", "the name is kept");
    boss.until("/floor", |page| page.contains("A meal")).await;
    assert!(mira.see("/desk").await.contains("on break: <span translate=\"no\">A meal</span>"));
    assert!(tile_of(&boss.see_in_chinese("/floor").await, "mira").contains("\u{5348}\u{9910}"));
    let card = boss.see("/floor/agent?name=mira").await;
    assert!(card.contains(": <span translate=\"no\">A meal</span>"), "{card}");
    desk.close().await;
}
