//! Every page with nothing on it, with all there can be, and with what strangers write, in both languages, both looks and
//! both widths. A new page is a line of [`PAGES`].

use std::time::Duration;

use cordboard::store::agents::Role;
use reqwest::Method;

use crate::browser::{Browser, Language, Manner};
use crate::centre::{Centre, FORM, form};
use crate::checks::mistakes;
use crate::scenario::{Stage, play};

/// Where, and who looks; those of one person together. `{call}` is the call in hand, or the last one; customer and case
/// are the first there are, and where there are none those pages are left out.
const PAGES: &[(&str, Looks)] = &[
    ("/login", Looks::Nobody),
    ("/desk", Looks::As("mira")),
    ("/nowhere", Looks::As("mira")),
    ("/customers", Looks::As("mira")),
    ("/customers/new", Looks::As("mira")),
    ("/customers/{customer}", Looks::As("mira")),
    ("/cases?whose=anybody", Looks::As("mira")),
    ("/cases/new?call={call}", Looks::As("mira")),
    ("/cases/{case}", Looks::As("mira")),
    ("/floor", Looks::As("sofia")),
    ("/floor?wall=1", Looks::As("sofia")),
    ("/calls", Looks::As("sofia")),
    ("/calls/{call}", Looks::As("sofia")),
    ("/reports/queues", Looks::As("sofia")),
    ("/reports/queues?width=day&view=cohort", Looks::As("sofia")),
    ("/people", Looks::As("ada")),
    ("/people/new", Looks::As("ada")),
    ("/people/~mira", Looks::As("ada")),
    ("/people/skills", Looks::As("ada")),
    ("/people/stations", Looks::As("ada")),
    ("/configuration", Looks::As("ada")),
    ("/audit", Looks::As("ada")),
];

/// And those who are called what nobody should be called.
const OF_STRANGERS: &[(&str, Looks)] = &[("/desk", Looks::As("mallory")), ("/desk", Looks::As("weit"))];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Looks {
    Nobody,
    As(&'static str),
}

/// The number of the first customer, and of the first case.
const FIRST: &str = "1";

/// What strangers put where a name, a number or a text is shown.
pub const SCRIPT: &str = "<img src=x onerror=alert(1)><script>alert(2)</script>\"'&{{7*7}}";
/// As wide as a name gets: nothing in it to break at.
pub const WIDE: &str = "龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘龘";

/// Dark or light, and how wide: over both languages all four that there are.
const fn ways(language: Language) -> [(bool, u32); 2] {
    match language {
        Language::English => [(false, 1280), (true, 390)],
        Language::Chinese => [(true, 1280), (false, 390)],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_with_nothing_on_it_can_be_used() {
    play("empty", async |stage| look_at_all(stage, PAGES, "").await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_with_all_there_can_be_can_be_used() {
    play("full", async |stage| {
        let call = fill(&stage.centre, "Li Wei", "Promised to call back. 已答应回电。").await;
        look_at_all(stage, PAGES, &call).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_with_what_strangers_write_can_be_used() {
    play("hostile", async |stage| {
        let centre = &stage.centre;
        for (name, shown) in [("mallory", SCRIPT), ("weit", WIDE)] {
            centre.add(name, shown, Role::Agent).await;
        }
        let call = fill(centre, WIDE, &format!("</textarea>{SCRIPT}{}", "x".repeat(500))).await;
        centre.starts_work("weit").await;
        centre.starts_work("mallory").await;
        centre.call(SCRIPT, '2');
        look_at_all(stage, PAGES, &call).await;
        look_at_all(stage, OF_STRANGERS, &call).await;
    })
    .await;
}

/// Mira has handled a call and talks, with a note; Otto is on a break; somebody waits.
async fn fill(centre: &Centre, caller: &str, note: &str) -> String {
    centre.starts_work("mira").await;
    centre.a_finished_call("mira", caller).await;
    centre.call(caller, '1');
    centre.picks_up("mira").await;
    let talking = centre.until("mira", "talking").await;
    let call = talking["call"].as_str().expect("a call").to_owned();
    let save = centre.asks(Method::PUT, &format!("/desk/notes/{call}"), &centre.cookie("mira").await);
    let save = save.header("content-type", FORM).body(form(&[("text", note), ("version", "1")]));
    assert_eq!(save.send().await.expect("an answer").status(), 200);
    write_down(centre, caller, note).await;
    centre.starts_work("otto").await;
    let lunch = Some(serde_json::json!({ "reason": "lunch" }));
    centre.hall.ask(Method::PUT, "/agents/otto/break", lunch).await;
    centre.call("Somebody else", '2');
    call
}

/// A customer and a case of theirs.
async fn write_down(centre: &Centre, name: &str, note: &str) {
    let cookie = centre.cookie("mira").await;
    let customer = [("request", "sample-0001"), ("name", name), ("numbers", "13800138000"), ("note", note)];
    let case =
        [("request", "sample-0002"), ("kind", "complaint"), ("title", name), ("wanted", note), ("customer", FIRST)];
    for (path, fields) in [("/customers", customer.as_slice()), ("/cases", case.as_slice())] {
        let post = centre.asks(Method::POST, path, &cookie).header("content-type", FORM).body(form(fields));
        let answer = post.send().await.expect("an answer");
        let to = answer.headers().get("location").map(|to| to.to_str().expect("an address").to_owned());
        assert_eq!(to, Some(format!("{path}/{FIRST}")), "{}", answer.text().await.expect("a page"));
    }
}

async fn look_at_all(stage: &Stage, pages: &[(&str, Looks)], call: &str) {
    let mut wrong = Vec::new();
    for language in [Language::English, Language::Chinese] {
        let mut logged_in: Option<(&str, Browser)> = None;
        let nobody = stage.browser(Manner { language, ..Manner::default() }).await;
        for (path, looks) in pages {
            if path.contains('{') && call.is_empty() {
                continue;
            }
            let browser = match *looks {
                Looks::Nobody => nobody.clone(),
                Looks::As(name) => match &logged_in {
                    Some((who, browser)) if *who == name => browser.clone(),
                    Some(_) | None => {
                        let browser = stage.browser(Manner { language, ..Manner::default() }).await;
                        browser.log_in(name).await;
                        logged_in = Some((name, browser.clone()));
                        browser
                    }
                },
            };
            let path = path.replace("{call}", call).replace("{customer}", FIRST).replace("{case}", FIRST);
            for (dark, width) in ways(language) {
                let manner = Manner { language, dark, width };
                browser.looks(manner).await;
                browser.goto(&path).await;
                let at = browser.script("return location.pathname + location.search", vec![]).await;
                if at != path.as_str() {
                    wrong.push(format!("{path} {manner:?}: is {at}"));
                }
                if *looks != Looks::Nobody {
                    settled(&browser).await;
                }
                let found = mistakes(&browser, language).await;
                let expected = |line: &String| path == "/nowhere" && line.contains("404");
                wrong.extend(found.into_iter().filter(|l| !expected(l)).map(|l| format!("{path} {manner:?}: {l}")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The stream has brought what it begins with, where the page has one.
async fn settled(browser: &Browser) {
    if browser.script("return !!document.body.dataset.stream", vec![]).await == true {
        browser.live().await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
