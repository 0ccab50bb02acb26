//! The live stream as a browser has it: lost and found again, ended, refused, handed from tab to tab.

use std::time::Duration;

use cordboard::routing::ids::AgentName;

use crate::at_the_desk::lost_lines;
use crate::browser::{Browser, Manner};
use crate::centre::demo;
use crate::scenario::play;
use crate::wire::Weather;

/// Longer than a page waits before it says that it is not live, and a little for a busy machine.
const SAID_WITHIN: Duration = Duration::from_secs(16);
/// The longest pause between two tries, a try, and a little.
const BACK_WITHIN: Duration = Duration::from_secs(8);

async fn says_it_is_not_live(browser: &Browser) {
    let not = async || browser.counted("#stale").await == Some(1) && !browser.is_live().await;
    browser.until_within(SAID_WITHIN, "the page says that it is not live", not).await;
    browser.reads("#live-lamp", "not live").await;
}

async fn is_live_again(browser: &Browser) {
    let live = async || browser.is_live().await && browser.counted("#stale").await == Some(0);
    browser.until_within(BACK_WITHIN, "the page is live again", live).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_whose_first_stream_fails_says_so_and_gets_the_next() {
    play("first-stream", async |stage| {
        let wire = &stage.centre.wire;
        wire.lets_streams(false);
        let mira = stage.somebody("mira").await;
        says_it_is_not_live(&mira).await;
        assert!(wire.streams_asked() > 1, "it has tried again");
        wire.lets_streams(true);
        is_live_again(&mira).await;
        lost_lines(&mira).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_nobody_answers_it_is_tried_ever_slower_and_then_soon_true_again() {
    play("nobody-answers", async |stage| {
        let (centre, wire) = (&stage.centre, &stage.centre.wire);
        let mira = stage.somebody("mira").await;
        mira.live().await;
        let before = wire.streams_asked();
        wire.turns(Weather::Refusing);
        says_it_is_not_live(&mira).await;
        centre.starts_work("mira").await;
        tokio::time::sleep(Duration::from_secs(20)).await;
        let tries = wire.streams_asked() - before;
        assert!((4..=20).contains(&tries), "{tries} tries");
        wire.turns(Weather::Fine);
        is_live_again(&mira).await;
        mira.reads("#desk-you", "idle").await;
        assert_eq!(wire.streams(), 1);
        lost_lines(&mira).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_dead_without_a_word_is_noticed_and_replaced() {
    play("dead-line", async |stage| {
        let (centre, wire) = (&stage.centre, &stage.centre.wire);
        let mira = stage.somebody("mira").await;
        mira.live().await;
        wire.turns(Weather::Frozen);
        says_it_is_not_live(&mira).await;
        centre.starts_work("mira").await;
        wire.turns(Weather::Forgetful);
        let live = async || mira.is_live().await;
        mira.until_within(SAID_WITHIN + BACK_WITHIN, "the page is live over a new line", live).await;
        mira.reads("#desk-you", "idle").await;
        lost_lines(&mira).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_a_session_is_ended_elsewhere_the_page_goes_to_the_login_and_asks_no_more() {
    play("session-ended", async |stage| {
        let (centre, wire) = (&stage.centre, &stage.centre.wire);
        let mira = stage.somebody("mira").await;
        mira.live().await;
        centre.hall.db.end_sessions_of(&demo(), &AgentName::new("mira")).await.expect("ended");
        let at_login = async || mira.path().await == "/login";
        // A session is believed for five seconds, and looked up with every pulse.
        mira.until_within(Duration::from_secs(15), "at the login", at_login).await;
        let asked = wire.streams_asked();
        assert_eq!(wire.streams(), 0);
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(wire.streams_asked(), asked);
        mira.fill("input[name=name]", "mira").await;
        mira.fill("input[name=password]", crate::centre::PASSWORD).await;
        mira.press("form[action='/login'] button").await;
        mira.until("back where it was", async || mira.path().await == "/desk").await;
        mira.live().await;
        let said = mira.console().await;
        assert!(said.iter().all(|line| line.contains("401")), "{said:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_tab_is_kept_up_and_the_one_in_front_is_drawn_for_whom_it_is_now() {
    play("hidden-tab", async |stage| {
        let centre = &stage.centre;
        let mira = stage.somebody("mira").await;
        mira.live().await;
        let desk = mira.tab().await;
        mira.new_tab("/login").await;
        mira.turns_to(&desk).await;
        centre.starts_work("mira").await;
        centre.call("Li Wei", '1');
        mira.reads("#desk-call", "Li Wei").await;
        // Somebody else logs in, in the other tab of the same browser.
        let other = mira.new_tab("/login").await;
        mira.log_in("otto").await;
        mira.reads(".who", "Otto Berg").await;
        mira.turns_to(&desk).await;
        mira.reads(".who", "Otto Berg").await;
        mira.reads("#desk-call", "No call in hand").await;
        mira.turns_to(&other).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_has_a_stream_too() {
    play("supervisor", async |stage| {
        let sofia = stage.browser(Manner::default()).await;
        sofia.log_in("sofia").await;
        sofia.goto("/desk").await;
        sofia.live().await;
    })
    .await;
}
