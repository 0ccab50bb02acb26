//! An agent's day at the desk, as it is seen.

use std::time::Duration;

use cordboard::routing::ids::{AgentName, CallId};
use serde_json::Value;
use sqlx::{Connection, Executor, SqliteConnection};

use crate::browser::{Browser, PATIENCE};
use crate::centre::{Centre, demo};
use crate::scenario::{Stage, play, play_in};
use crate::wire::Weather;

async fn at_work(stage: &Stage, name: &str) -> Browser {
    let browser = stage.somebody(name).await;
    browser.live().await;
    browser.press("button[hx-post='/desk/session']").await;
    browser.reads("#desk-you", "idle").await;
    browser
}

/// Chooses it in the list, as a hand would.
async fn disposes(browser: &Browser, disposition: &str) {
    let choose = "const list = document.querySelector('#desk-note select'); list.value = arguments[0]; \
                  for (const name of ['input', 'change']) list.dispatchEvent(new Event(name, { bubbles: true }));";
    browser.script(choose, vec![disposition.into()]).await;
}

/// What the database has of it.
async fn note_of(centre: &Centre, call: &str) -> Option<String> {
    let id: CallId = call.parse().expect("an id");
    let notes = centre.hall.db.notes(&demo(), id).await.expect("notes");
    notes.into_iter().find(|note| note.agent == AgentName::new("mira")).map(|note| note.text)
}

async fn saved(centre: &Centre, call: &str, text: &str) {
    let began = std::time::Instant::now();
    while note_of(centre, call).await.as_deref() != Some(text) {
        assert!(began.elapsed() < PATIENCE, "saved is {:?}", note_of(centre, call).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn call_of(agent: &Value) -> String {
    agent["call"].as_str().expect("a call").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_on_the_desk_before_the_phone_is_picked_up_and_stays_until_it_is_done() {
    play("a-call", async |stage| {
        let centre = &stage.centre;
        let mira = at_work(stage, "mira").await;
        mira.reads("#desk-queues", "complaints").await;
        let caller = centre.call("Li Wei 李伟", '2');
        centre.until("mira", "ringing").await;
        for known in ["Li Wei 李伟", "13800000001", "4008000001", "main 2", "complaints", "the only one free"] {
            mira.reads("#desk-call", known).await;
        }
        mira.reads("#desk-you", "ringing").await;

        centre.picks_up("mira").await;
        let call = call_of(&centre.until("mira", "talking").await);
        mira.reads("#desk-you", "talking").await;
        mira.fill("#desk-note textarea", "Wants a refund. ").await;
        mira.reads("#desk-note .saved:not(.late)", "saved").await;
        saved(centre, &call, "Wants a refund. ").await;

        mira.client.refresh().await.expect("drawn again");
        mira.reads("#desk-call", "Li Wei 李伟").await;
        assert_eq!(mira.value("#desk-note textarea").await, "Wants a refund. ");

        mira.press("button[hx-post='/desk/call/end']").await;
        mira.reads("#desk-you", "wrapping up").await;
        mira.reads("#desk-call", "Li Wei 李伟").await;
        mira.fill("#desk-note textarea", "已答应。").await;
        saved(centre, &call, "Wants a refund. 已答应。").await;
        mira.press("button[hx-post='/desk/wrap-up/end']").await;
        mira.reads("#desk-you", "idle").await;
        mira.reads("#desk-call", "No call in hand").await;
        mira.until("one call answered today", async || {
            let answered = "return document.querySelector('#desk-day tr:first-child .n')?.innerText";
            mira.client.execute(answered, vec![]).await.is_ok_and(|said| said == "1")
        })
        .await;
        assert!(!centre.hall.rehearsal.with(|exchange| exchange.leg(&caller).is_some()), "the caller is let go");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_read_of_a_caller_in_time_is_there_a_moment_later_by_itself() {
    play("caller-late", async |stage| {
        let centre = &stage.centre;
        let mira = at_work(stage, "mira").await;
        let path = centre.hall.directory.path().join("cordboard.db");
        let mut database = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.expect("the file");
        database.execute("ALTER TABLE customers RENAME TO away").await.expect("renamed");
        centre.call("Li Wei 李伟", '2');
        mira.reads("#desk-call", "cannot be read just now").await;
        database.execute("ALTER TABLE away RENAME TO customers").await.expect("renamed");
        mira.reads("#desk-call", "Nobody is known by this number").await;
        mira.reads("#desk-you", "ringing").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_typed_while_the_desk_changes_keeps_its_words_and_the_place_in_it() {
    play("note-while", async |stage| {
        let centre = &stage.centre;
        let mira = at_work(stage, "mira").await;
        let caller = centre.call("Li Wei", '1');
        centre.picks_up("mira").await;
        let call = call_of(&centre.until("mira", "talking").await);
        mira.reads("#desk-you", "talking").await;
        mira.fill("#desk-note textarea", "one ").await;
        // Queues and the agent's own state change under the hands that write.
        for n in 0..5 {
            centre.call(&format!("caller {n}"), '1');
            mira.types("two ").await;
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        centre.hangs_up(&caller);
        mira.reads("#desk-you", "wrapping up").await;
        mira.types("three").await;
        let whole = "one two two two two two three";
        assert_eq!(mira.value("#desk-note textarea").await, whole);
        saved(centre, &call, whole).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_written_while_the_line_is_down_is_saved_when_it_is_back() {
    play("note-lost-line", async |stage| {
        let centre = &stage.centre;
        let mira = at_work(stage, "mira").await;
        centre.call("Li Wei", '1');
        centre.picks_up("mira").await;
        let call = call_of(&centre.until("mira", "talking").await);
        mira.reads("#desk-you", "talking").await;
        centre.wire.turns(Weather::Refusing);
        mira.fill("#desk-note textarea", "kept").await;
        mira.sees("#desk-note .saved.late").await;
        mira.reads("#desk-note .saved", "not saved").await;
        centre.wire.turns(Weather::Fine);
        saved(centre, &call, "kept").await;
        mira.sees_no_more("#desk-note .saved.late").await;
        mira.live().await;
        lost_lines(&mira).await;
    })
    .await;
}

/// Heard, because a browser complains of every connection that does not come about; nothing else may be among it.
pub async fn lost_lines(browser: &Browser) {
    let said = browser.console().await;
    let other: Vec<_> = said.iter().filter(|line| !line.contains("net::ERR_")).collect();
    assert!(other.is_empty(), "{other:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_show_the_same_over_one_stream_and_the_second_goes_on_without_the_first() {
    play("two-tabs", async |stage| {
        let centre = &stage.centre;
        let mira = at_work(stage, "mira").await;
        let first = mira.tab().await;
        let second = mira.new_tab("/desk").await;
        mira.live().await;
        mira.reads("#desk-you", "idle").await;
        assert_eq!(centre.wire.streams(), 1, "a browser reads one stream");
        centre.call("Li Wei", '1');
        mira.reads("#desk-call", "Li Wei").await;
        centre.picks_up("mira").await;
        mira.reads("#desk-you", "talking").await;
        mira.turns_to(&first).await;
        mira.reads("#desk-you", "talking").await;

        mira.client.close_window().await.expect("closed");
        mira.turns_to(&second).await;
        mira.press("button[hx-post='/desk/call/end']").await;
        mira.reads("#desk-you", "wrapping up").await;
        // Not by the answer to what was pressed: by the stream.
        let (status, _) = centre.hall.ask(reqwest::Method::DELETE, "/agents/mira/wrap-up", None).await;
        assert_eq!(status, 200);
        mira.reads("#desk-you", "idle").await;
        mira.live().await;
        assert_eq!(centre.wire.streams(), 1, "the second tab has taken it over");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_break_says_its_reason_and_the_day_ends_with_a_question() {
    play("a-break", async |stage| {
        let centre = &stage.centre;
        let mira = at_work(stage, "mira").await;
        mira.script("document.querySelector('#desk-you select').value = 'meeting'", vec![]).await;
        mira.press("#desk-you form button").await;
        mira.reads("#desk-you", "on break: meeting").await;
        mira.press("button[hx-post='/desk/break/end']").await;
        mira.reads("#desk-you", "idle").await;
        mira.press("button[hx-post='/desk/session/end']").await;
        mira.client.dismiss_alert().await.expect("a question");
        mira.reads("#desk-you", "idle").await;
        mira.press("button[hx-post='/desk/session/end']").await;
        mira.client.accept_alert().await.expect("a question");
        mira.reads("#desk-you", "away").await;
        centre.until_away("mira").await;
        mira.press(".menu summary").await;
        mira.press("form[action='/logout'] button").await;
        mira.until("at the login", async || mira.path().await == "/login").await;
        mira.goto("/desk").await;
        assert_eq!(mira.path().await, "/login");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_do_what_is_pressed_often_and_nothing_while_somebody_writes() {
    play("keys", async |stage| {
        let centre = &stage.centre;
        let mira = stage.somebody("mira").await;
        mira.live().await;
        mira.types("?").await;
        mira.reads("dialog.keys", "Start work").await;
        mira.types("\u{e00c}").await;
        mira.sees_no_more("dialog.keys").await;
        mira.types("i").await;
        mira.reads("#desk-you", "idle").await;
        mira.types("b").await;
        mira.reads("#desk-you", "on break").await;
        mira.types("i").await;
        mira.reads("#desk-you", "idle").await;
        centre.call("Li Wei", '1');
        centre.picks_up("mira").await;
        mira.reads("#desk-you", "talking").await;
        // Letters of a note are no keys, and no letter alone ends a call.
        mira.fill("#desk-note textarea", "i b w e ?").await;
        assert_eq!(mira.value("#desk-note textarea").await, "i b w e ?");
        mira.script("document.activeElement.blur()", vec![]).await;
        mira.types("e").await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        mira.reads("#desk-you", "talking").await;
        assert_eq!(mira.count("dialog").await, 0);
        // With Alt also while writing.
        mira.fill("#desk-note textarea", "\u{e00a}e").await;
        mira.reads("#desk-you", "wrapping up").await;
        assert_eq!(mira.value("#desk-note textarea").await, "i b w e ?");
        mira.script("document.activeElement.blur()", vec![]).await;
        mira.types("w").await;
        mira.reads("#desk-you", "idle").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrap_up_that_owes_a_disposition_says_so_and_ends_when_one_is_chosen() {
    play_in(Centre::that_asks().await, "a-disposition", async |stage| {
        let centre = &stage.centre;
        let mira = at_work(stage, "mira").await;
        centre.call("Li Wei", '2');
        centre.picks_up("mira").await;
        centre.until("mira", "talking").await;
        mira.reads("#desk-you", "talking").await;
        mira.press("button[hx-post='/desk/call/end']").await;
        mira.reads("#desk-you", "wrapping up").await;
        mira.reads("#desk-bar", "Choose a disposition").await;
        assert_eq!(mira.count("button[hx-post='/desk/wrap-up/end']").await, 0, "there is nothing to press yet");
        disposes(&mira, "settled").await;
        mira.sees("button[hx-post='/desk/wrap-up/end']").await;
        // Taken out again it is owed again.
        disposes(&mira, "").await;
        mira.reads("#desk-bar", "Choose a disposition").await;
        mira.sees_no_more("button[hx-post='/desk/wrap-up/end']").await;
        disposes(&mira, "refused").await;
        mira.press("button[hx-post='/desk/wrap-up/end']").await;
        mira.reads("#desk-you", "idle").await;
        mira.reads("#desk-call", "No call in hand").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disposition_chosen_while_talking_is_in_the_list_after_the_call_and_nothing_is_owed() {
    play_in(Centre::that_asks().await, "a-disposition-before", async |stage| {
        let centre = &stage.centre;
        let mira = at_work(stage, "mira").await;
        centre.call("Li Wei", '2');
        centre.picks_up("mira").await;
        let call = call_of(&centre.until("mira", "talking").await);
        mira.reads("#desk-you", "talking").await;
        mira.fill("#desk-note textarea", "Wants a refund.").await;
        disposes(&mira, "settled").await;
        saved(centre, &call, "Wants a refund.").await;
        mira.until("the disposition saved", async || {
            let id: CallId = call.parse().expect("an id");
            let notes = centre.hall.db.notes(&demo(), id).await.expect("notes");
            notes.iter().any(|note| note.disposition.as_deref() == Some("settled"))
        })
        .await;
        mira.press("button[hx-post='/desk/call/end']").await;
        mira.reads("#desk-you", "wrapping up").await;
        mira.sees("button[hx-post='/desk/wrap-up/end']").await;
        assert_eq!(mira.value("#desk-note select").await, "settled");
        mira.press("button[hx-post='/desk/wrap-up/end']").await;
        mira.reads("#desk-you", "idle").await;
    })
    .await;
}
