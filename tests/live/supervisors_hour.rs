//! A supervisor's first hour, as it is seen in a browser: callers wait and what is wrong stands on top, an agent is sent on a
//! break with a why, every figure opens to its calls, and the report is printed.

use std::time::Duration;

use serde_json::Value;

use crate::browser::Browser;
use crate::centre::{Audience, NUMBER, open, watched};
use crate::paper::{A4, Paper};
use crate::parts::asterisk::Asterisk;
use crate::parts::centre::Centre;
use crate::parts::sipp::{Running, Sipp};

/// On a busy machine.
const SOON: Duration = Duration::from_secs(30);
/// How long the impatient caller listens and waits before hanging up: all that is done with three who wait is done by then.
const PATIENCE_OF_A_CALLER: Duration = Duration::from_secs(45);

/// What the floor's figures say: waiting, idle, in target, asked, answered, abandoned.
async fn figures(sofia: &Browser) -> Vec<String> {
    let script = "return [...document.querySelectorAll('#floor-figures strong')].map((e) => e.innerText.trim())";
    let said = sofia.script(script, vec![]).await;
    said.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

async fn figures_become(sofia: &Browser, what: &str, expected: &[(usize, &str)]) {
    let is = async || {
        let figures = figures(sofia).await;
        expected.iter().all(|(at, figure)| figures.get(*at).is_some_and(|found| found == figure))
    };
    sofia.until(what, is).await;
}

const WAITING: usize = 0;
const ASKED: usize = 3;
const ANSWERED: usize = 4;
const ABANDONED: usize = 5;

/// Two who stay, and after them one who will give up.
fn three_callers(asterisk: &Asterisk) -> (Running, Running) {
    let stay = Sipp::callers(asterisk, "caller-presses-keys", NUMBER, 2, 2)
        .pause(Duration::from_millis(200))
        .key("keys", "1")
        .start();
    (stay, Sipp::callers(asterisk, "caller-hangs-up", NUMBER, 1, 1).pause(PATIENCE_OF_A_CALLER).start())
}

/// Nothing of the first runs out of the second.
async fn stays_within(sofia: &Browser, parts: &str, whole: &str) {
    let script = "
        const [parts, whole] = arguments;
        const { right } = document.querySelector(whole).getBoundingClientRect();
        const out = [...document.querySelectorAll(parts)].filter((e) => e.getBoundingClientRect().right > right);
        return out.map((e) => e.innerText || e.name)";
    assert_eq!(sofia.script(script, vec![parts.into(), whole.into()]).await, serde_json::json!([]), "{whole}");
}

/// Nobody is at work yet, and three wait.
async fn what_is_wrong_is_on_top(sofia: &Browser) {
    figures_become(sofia, "three wait", &[(WAITING, "3")]).await;
    sofia.reads("#floor-wrong li", "service").await;
    sofia.reads("#floor-wrong li", "3 callers wait and nobody is logged in").await;
    sofia.reads("#floor-queues .row.stuck", "service").await;
    stays_within(sofia, "#floor-queues .row > *", "#floor-queues").await;
    let top = "return document.querySelector('#floor').querySelector('section').id";
    assert_eq!(sofia.script(top, vec![]).await, "floor-wrong");
    // The clock of the longest wait goes on by itself.
    let longest = "#floor-figures [data-wait] time";
    let before = sofia.text(longest).await;
    sofia.until("the clock goes on", async || sofia.text(longest).await != before).await;
}

/// The first caller comes to Mira, who answers at her page; all of it is seen on the floor.
async fn mira_takes_one(sofia: &Browser, mira: &Browser) {
    mira.press("button[hx-post='/desk/session']").await;
    mira.press("button[hx-post='/desk/answer']").await;
    mira.reads("#desk-you", "talking").await;
    sofia.reads("#floor-agents .tile.talking", "Mira Chen").await;
    figures_become(sofia, "two wait", &[(WAITING, "2")]).await;
    sofia.reads("#floor-wrong li", "the longest past the target, nobody idle").await;
}

async fn sends_mira_on_a_break(sofia: &Browser, mira: &Browser) {
    sofia.press("#floor-agents .tile.talking").await;
    sofia.reads("dialog.beside", "Mira Chen").await;
    sofia.fill("dialog.beside input[name=why]", "Helps the trainer 帮培训师").await;
    sofia.press("dialog.beside button[hx-post='/floor/agent/break']").await;
    sofia.sees_no_more("dialog.beside").await;
    mira.reads("#desk-you", "then: on break").await;
    sofia.reads("#floor-agents .tile.talking", "→ on break").await;
    mira.press("button[hx-post='/desk/call/end']").await;
    mira.press("button[hx-post='/desk/wrap-up/end']").await;
    mira.reads("#desk-you", "on break: lunch").await;
    mira.reads("#desk-you .forced", "by Sofia Lindqvist").await;
    mira.reads("#desk-you .forced", "Helps the trainer 帮培训师").await;
    sofia.reads("#floor-agents .tile.break", "Mira Chen").await;
}

/// What was forced, by whom and why, in the audit.
async fn is_in_the_audit(audience: &Audience) {
    let ada = audience.somebody("ada").await;
    ada.goto("/audit?subject=mira").await;
    for told in ["sofia", "mira", "Helps the trainer 帮培训师"] {
        ada.reads("table.audit", told).await;
    }
}

/// The floor's figures add up, and open to as many calls as they say.
async fn figures_add_up(sofia: &Browser) {
    let over = [(WAITING, "0"), (ASKED, "3"), (ANSWERED, "2"), (ABANDONED, "1")];
    figures_become(sofia, "all is told", &over).await;
    sofia.reads("#floor-figures", "0 ended otherwise, 0 not answered yet").await;
    sofia.reads("#floor-wrong", "Nothing is wrong").await;
    sofia.press("#floor-figures a[href*='outcome=answered']").await;
    sofia.sees(".cards").await;
    assert_eq!(sofia.count(".cards tbody tr").await, 2);
}

async fn opens_a_story(sofia: &Browser) {
    sofia.press(".cards tbody tr:last-child a[href^='/calls/c']").await;
    sofia.sees("#call-story").await;
    for told in ["Mira Chen", "Joins queue service", "presses Answer", "hangs up: answered"] {
        sofia.reads("#call-story", told).await;
    }
    // The parts of the bill are the whole of it, to the second.
    let sum = "
        const seconds = (text) => text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
        const all = [...document.querySelectorAll('#call-story .legend b')].map((e) => seconds(e.innerText));
        return all.pop() - all.reduce((a, b) => a + b, 0)";
    assert_eq!(sofia.script(sum, vec![]).await, 0);
}

/// Every figure of the report's total, and of its busiest row, leads to exactly its calls.
async fn figures_lead_to_their_calls(sofia: &Browser) -> String {
    sofia.press("nav a[href='/reports/queues']").await;
    sofia.sees(".report tfoot").await;
    let report = sofia.path().await;
    stays_within(sofia, ".asks :is(input, select, button, a)", ".asks").await;
    let script = "
        const of = (row) => [...row.querySelectorAll('td a')].map((a) => [Number(a.innerText), a.getAttribute('href')]);
        const busy = [...document.querySelectorAll('.report tbody tr')].sort((a, b) => of(b).length - of(a).length)[0];
        return [...of(document.querySelector('.report tfoot tr')), ...of(busy)]";
    let links = sofia.script(script, vec![]).await;
    let links = links.as_array().expect("links");
    // Offered, answered and abandoned, in the total and in a row.
    assert!(links.len() >= 5, "{links:?}");
    assert_eq!(links[0][0], 3, "offered: {links:?}");
    for link in links {
        let (figure, href) = (link[0].as_u64().expect("a figure"), link[1].as_str().expect("an address"));
        sofia.goto(href).await;
        sofia.sees(".list table").await;
        assert_eq!(sofia.count(".list tbody tr").await, figure, "{href}");
        assert_eq!(sofia.count(".list tbody a[href^='/calls/c']").await, figure, "{href}");
    }
    report
}

async fn prints(sofia: &Browser, report: &str) {
    sofia.goto(report).await;
    sofia.sees(".report tfoot").await;
    let printed = Paper::printed(sofia, A4, "a-supervisors-hour").await;
    assert!(printed.size().contains("(A4)"), "{}", printed.size());
    let of = printed.pages.len();
    for (n, page) in (1..).zip(&printed.pages) {
        let said = page.all();
        assert!(said.contains(&format!("page{n}of{of}")), "{said}");
        assert!(said.contains("printedbySofiaLindqvist"), "{said}");
    }
    let totals = printed.pages.iter().flat_map(|page| page.lines(|word| word == "Total"));
    let total: Vec<String> = totals.flatten().map(|word| word.text.clone()).collect();
    // Carried over, offered; answered, abandoned, still waiting.
    assert_eq!(total[1..6], ["0", "3", "2", "1", "0"], "{total:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Asterisk, sipp and Chromium: ./ops/test"]
async fn a_supervisors_first_hour() {
    let asterisk = Asterisk::start();
    let centre: Centre = open(&asterisk);
    let _mira_at = Sipp::patient_phone(&asterisk, 1101).start();
    let _otto_at = Sipp::phone(&asterisk, "phone-hangs-up", 1102).pause(Duration::from_secs(1)).start();
    let hour = async |audience: &Audience| {
        let sofia = audience.somebody("sofia").await;
        let mira = audience.somebody("mira").await;
        sofia.until("at the floor", async || sofia.path().await == "/floor").await;
        sofia.live().await;
        mira.live().await;
        let (stay, gives_up) = three_callers(&asterisk);
        what_is_wrong_is_on_top(&sofia).await;
        mira_takes_one(&sofia, &mira).await;
        sends_mira_on_a_break(&sofia, &mira).await;
        // Somebody else takes the second, and wraps up for as long as it takes.
        centre.log_in("a1102");
        sofia.reads("#floor-agents .tile.wrapup", "a1102").await;
        assert_eq!((stay.wait(SOON).successful, gives_up.wait(PATIENCE_OF_A_CALLER).failed), (2, 0));
        is_in_the_audit(audience).await;

        figures_add_up(&sofia).await;
        opens_a_story(&sofia).await;
        let report = figures_lead_to_their_calls(&sofia).await;
        prints(&sofia, &report).await;
        for browser in [&sofia, &mira] {
            assert_eq!(browser.console().await, Vec::<String>::new());
        }
    };
    watched(&centre.base(), "a-supervisors-hour", hour).await;
}
