//! An agent's first hour, as it is seen in a browser and heard on the switch: from the login to the logout, through one real
//! call with all there is in one.

use std::time::Duration;

use fantoccini::Locator;

use crate::browser::Browser;
use crate::centre::{NUMBER, open, watched};
use crate::parts::asterisk::Asterisk;
use crate::parts::centre::Centre;
use crate::parts::observer::Observer;
use crate::parts::sipp::{Sipp, Tally};

/// On a busy machine.
const SOON: Duration = Duration::from_secs(20);

/// Waits until two legs have come into one bridge: those two hear each other.
fn hear_each_other(observer: &mut Observer) {
    let first = observer.event("BridgeEnter", SOON);
    let bridge = first.get("BridgeUniqueid").to_owned();
    let second = observer.first("the other leg in the bridge", SOON, |frame| {
        frame.is("BridgeEnter") && frame.get("BridgeUniqueid") == bridge
    });
    assert_ne!(first.get("Channel"), second.get("Channel"));
}

async fn chooses(browser: &Browser, css: &str, word: &str) {
    browser.sees(css).await;
    let field = browser.client.find(Locator::Css(css)).await.expect(css);
    field.select_by_label(word).await.unwrap_or_else(|error| panic!("{css}: {word}: {error}"));
}

/// Opens a link of the desk, which opens a tab of its own, and looks at that.
async fn opens_tab(browser: &Browser, css: &str) {
    let before = browser.client.windows().await.expect("tabs");
    browser.press(css).await;
    let opened = async || browser.client.windows().await.is_ok_and(|tabs| tabs.len() > before.len());
    browser.until("another tab", opened).await;
    let tabs = browser.client.windows().await.expect("tabs");
    let new = tabs.into_iter().find(|tab| !before.contains(tab)).expect("a new one");
    browser.turns_to(&new).await;
}

/// The call as the desk must show it, whatever happened to desk, line or controller.
async fn call_is_there(mira: &Browser, state: &str) {
    mira.reads("#desk-you", state).await;
    for known in ["5551", NUMBER, "complaints", "48213"] {
        mira.reads("#desk-call", known).await;
    }
}

async fn pops_before_the_phone_is_answered(centre: &Centre, mira: &Browser) {
    call_is_there(mira, "ringing").await;
    // The wait, in minutes and seconds.
    mira.reads("#desk-call .path", "waited 0:").await;
    mira.reads("#desk-call .path", "main 2").await;
    mira.sees("button[hx-post='/desk/answer']").await;
    let stages: Vec<String> =
        centre.floor()["calls"].as_array().into_iter().flatten().map(|call| call["stage"].to_string()).collect();
    assert_eq!(stages, ["\"ringing\""], "the phone is not answered yet");
}

/// The caller is unknown: becomes a customer, and then there is a case.
async fn makes_a_customer_and_a_case(mira: &Browser) {
    let desk = mira.tab().await;
    mira.reads("#desk-call", "Nobody is known by this number").await;
    opens_tab(mira, "#desk-call a[href^='/customers/new']").await;
    mira.fill("input[name=name]", "Li Wei 李伟").await;
    mira.press("form[action='/customers'] button.main").await;
    mira.reads("h1", "Li Wei 李伟").await;
    mira.turns_to(&desk).await;
    mira.reads("#desk-call", "Li Wei 李伟").await;

    opens_tab(mira, "#desk-call a[href^='/cases/new']").await;
    chooses(mira, "select[name=kind]", "Complaint").await;
    mira.fill("input[name=title]", "Suitcase broken 箱子坏了").await;
    mira.fill("textarea[name=wanted]", "A new one.").await;
    mira.press("form[action='/cases'] button.main").await;
    mira.reads("h1", "Suitcase broken 箱子坏了").await;
    assert_eq!(mira.path().await, "/cases/1");
    mira.reads(".case-facts", "Li Wei 李伟").await;
    mira.turns_to(&desk).await;
    mira.reads("#desk-call", "Suitcase broken 箱子坏了").await;
}

async fn outlives_the_controller(centre: &mut Centre, mira: &Browser) {
    centre.cordboard.kill();
    mira.sees("#stale").await;
    centre.cordboard.start_again();
    mira.until("live again", async || mira.is_live().await && mira.count("#stale").await == 0).await;
    centre.until_attached();
    call_is_there(mira, "talking").await;
    assert_eq!(mira.value("#desk-note textarea").await, "Wants a new one. 已答应。");
}

async fn breaks_and_goes_home(centre: &Centre, mira: &Browser) {
    chooses(mira, "#desk-you select", "meeting").await;
    mira.press("#desk-you form button").await;
    mira.reads("#desk-you", "on break: meeting").await;
    let (_, seen) = centre.ask("GET", "/agents/mira", None);
    assert_eq!(seen["state"], "on_break", "{seen}");
    mira.press("button[hx-post='/desk/break/end']").await;
    mira.reads("#desk-you", "idle").await;
    mira.press("button[hx-post='/desk/session/end']").await;
    mira.client.accept_alert().await.expect("a question");
    mira.reads("#desk-you", "away").await;
    mira.press(".menu summary").await;
    mira.press("form[action='/logout'] button").await;
    mira.until("at the login", async || mira.path().await == "/login").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Asterisk, sipp and Chromium: ./ops/test"]
async fn an_agents_first_hour() {
    let asterisk = Asterisk::start();
    let mut centre = open(&asterisk);
    let phone = Sipp::patient_phone(&asterisk, 1101).start();
    let base = centre.base();
    let centre = &mut centre;
    let hour = async |audience: &crate::centre::Audience| {
        let mira = audience.somebody("mira").await;
        mira.live().await;
        mira.press("button[hx-post='/desk/session']").await;
        mira.reads("#desk-you", "idle").await;
        let caller = Sipp::callers(&asterisk, "caller-presses-keys", NUMBER, 1, 1)
            .pause(Duration::from_millis(300))
            .key("keys", "w2w48213#")
            .start();
        pops_before_the_phone_is_answered(centre, &mira).await;

        let mut observer = asterisk.observer();
        mira.press("button[hx-post='/desk/answer']").await;
        hear_each_other(&mut observer);
        call_is_there(&mira, "talking").await;
        mira.press("button[hx-post='/desk/call/hold']").await;
        mira.reads("#desk-you", "on hold").await;
        observer.event("MusicOnHoldStart", SOON);
        mira.press("button[hx-post='/desk/call/retrieve']").await;
        hear_each_other(&mut observer);
        mira.reads("#desk-you", "talking").await;
        drop(observer);

        mira.fill("#desk-note textarea", "Wants a new one. ").await;
        mira.reads("#desk-note .saved", "saved").await;
        makes_a_customer_and_a_case(&mira).await;
        mira.client.refresh().await.expect("drawn again");
        call_is_there(&mira, "talking").await;
        assert_eq!(mira.value("#desk-note textarea").await, "Wants a new one. ");
        mira.fill("#desk-note textarea", "已答应。").await;
        mira.reads("#desk-note .saved", "saved").await;
        outlives_the_controller(centre, &mira).await;
        assert_eq!(caller.tally().failed, 0, "the caller is still there");

        chooses(&mira, "#desk-note select[name=disposition]", "Call-back promised").await;
        mira.press("button[hx-post='/desk/call/end']").await;
        assert_eq!(caller.wait(SOON), Tally { successful: 1, failed: 0, open: 0 });
        call_is_there(&mira, "wrapping up").await;
        mira.press("button[hx-post='/desk/wrap-up/end']").await;
        mira.reads("#desk-call", "No call in hand").await;
        mira.reads("#desk-day", "Answered\t1").await;
        breaks_and_goes_home(centre, &mira).await;
        told_by_the_story(centre, audience).await;
    };
    let name = "an-agents-hour";
    watched(&base, name, hour).await;
    assert_eq!(phone.finish(SOON), Tally { successful: 1, failed: 0, open: 0 });
}

/// What the hour leaves behind.
async fn told_by_the_story(centre: &Centre, audience: &crate::centre::Audience) {
    let (_, records) = centre.ask("GET", "/records", None);
    let records = records["records"].as_array().expect("records");
    assert_eq!(records.len(), 1, "{records:?}");
    assert_eq!((&records[0]["outcome"], &records[0]["agent"]), (&"answered".into(), &"mira".into()), "{records:?}");
    let call = records[0]["call"].as_str().or(records[0]["id"].as_str()).expect("an id");
    let sofia = audience.somebody("sofia").await;
    sofia.goto(&format!("/calls/{call}")).await;
    let told =
        ["Li Wei 李伟", "Suitcase broken", "48213", "on hold", "Wants a new one. 已答应。", "Call-back promised"];
    for told in told {
        sofia.reads("#call-story", told).await;
    }
}
