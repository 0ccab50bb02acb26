//! What somebody may try who is no friend: with other people's cookies, with guesses, from other sites, in great number.

use std::time::Duration;

use cordboard::routing::ids::AgentName;
use cordboard::store::agents::Role;
use reqwest::{Method, StatusCode, header};

use crate::browser::{Manner, PATIENCE};
use crate::centre::{Centre, FORM, demo, form, session_of};
use crate::desk::Database;
use crate::postgres::Postgres;
use crate::samples::{SCRIPT, WIDE};
use crate::scenario::{play, play_in};

async fn status(request: reqwest::RequestBuilder) -> StatusCode {
    request.send().await.expect("an answer").status()
}

/// Whether this cookie opens the desk.
async fn opens(centre: &Centre, cookie: &str) -> bool {
    let answer = centre.asks(Method::GET, "/desk", cookie).send().await.expect("an answer");
    match answer.status() {
        StatusCode::OK => true,
        StatusCode::SEE_OTHER => {
            let to = answer.headers()[header::LOCATION].to_str().expect("an address");
            assert!(to.starts_with("/login"), "{to}");
            false
        }
        other => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_that_was_stolen_is_worth_nothing_after_the_log_out() {
    let centre = Centre::open().await;
    let stolen = centre.cookie("mira").await;
    let elsewhere = centre.cookie("mira").await;
    assert!(opens(&centre, &stolen).await);
    assert_eq!(status(centre.asks(Method::POST, "/logout", &stolen)).await, StatusCode::SEE_OTHER);
    assert!(!opens(&centre, &stolen).await, "at once, not when it is forgotten");
    assert!(opens(&centre, &elsewhere).await, "the other browser is another session");
    centre.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_that_was_put_into_the_browser_beforehand_is_worth_nothing() {
    let centre = Centre::open().await;
    for fixed in ["0".repeat(64), centre.cookie("otto").await] {
        let cookie = format!("cordboard={fixed}");
        let answer = centre.log_in("mira", crate::centre::PASSWORD, &[("cookie", &cookie)]).await;
        let given = session_of(&answer).expect("a session of its own");
        assert_ne!(given, fixed);
        let line = answer.headers()[header::SET_COOKIE].to_str().expect("a cookie");
        for guard in ["HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(line.contains(guard), "{line}");
        }
        assert!(!line.contains("Domain"), "{line}");
        let desk = centre.asks(Method::GET, "/desk", &given).send().await.expect("an answer");
        assert!(desk.text().await.expect("a page").contains("Mira Osei"));
    }
    assert!(!opens(&centre, &"0".repeat(64)).await);
    for garbage in ["", "x", "%00", "../../etc/passwd", &"a".repeat(5000), "0';DROP TABLE sessions;--"] {
        assert!(!opens(&centre, garbage).await);
    }
    centre.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_guesses_passwords_has_to_wait_and_is_told_how_long() {
    play("guesses", async |stage| {
        let browser = stage.browser(Manner::default()).await;
        browser.goto("/login").await;
        browser.fill("input[name=name]", "mira").await;
        browser.fill("input[name=password]", crate::centre::PASSWORD).await;
        for _ in 0..5 {
            assert_eq!(stage.centre.log_in("mira", "wrong", &[]).await.status(), 401);
        }
        browser.press("form[action='/login'] button").await;
        // Right, and yet not looked at: else a guess could be told from a right one while waiting.
        browser.reads(".notice", "Too many wrong passwords. Try again in").await;
        assert_eq!(browser.value("input[name=name]").await, "mira");
        assert_eq!(browser.value("input[name=password]").await, "");
        tokio::time::sleep(Duration::from_secs(3)).await;
        browser.fill("input[name=password]", crate::centre::PASSWORD).await;
        browser.press("form[action='/login'] button").await;
        browser.until("let in", async || browser.path().await == "/desk").await;
        let said = browser.console().await;
        assert!(said.iter().all(|line| line.contains("401")), "{said:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_is_not_there_is_told_the_same_as_a_wrong_password() {
    let centre = Centre::open().await;
    let mut told = Vec::new();
    for name in ["mira", "nobody", "<script>", &"x".repeat(64)] {
        let answer = centre.log_in(name, "wrong", &[]).await;
        assert_eq!(answer.status(), 401, "{name}");
        let page = answer.text().await.expect("a page");
        assert!(!page.contains("<script>\""), "{name} is text");
        told.push(page.contains("The name or the password is not right."));
    }
    assert_eq!(told, [true; 4]);
    centre.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_site_changes_nothing() {
    let centre = Centre::open().await;
    centre.starts_work("mira").await;
    let cookie = centre.cookie("mira").await;
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        for path in ["/desk/session/end", "/desk/break", "/desk/call/end", "/logout", "/login", "/preferences"] {
            let request = centre.asks(Method::POST, path, &cookie).header(name, value);
            let request = request.header("content-type", FORM).body("reason=lunch");
            assert_eq!(status(request).await, StatusCode::FORBIDDEN, "{path} {name}: {value}");
        }
    }
    assert!(opens(&centre, &cookie).await, "still logged in");
    centre.until("mira", "idle").await;
    centre.close().await;
}

/// Reads until it ends, and says what came.
async fn whole(mut answer: reqwest::Response) -> String {
    let mut text = String::new();
    while let Some(more) = answer.chunk().await.unwrap_or(None) {
        text.push_str(&String::from_utf8_lossy(&more));
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_session_ends_its_stream() {
    let centre = Centre::open().await;
    let cookie = centre.cookie("mira").await;
    let stream = centre.asks(Method::GET, "/live", &cookie).send().await.expect("an answer");
    assert_eq!(stream.status(), 200);
    let reading = tokio::spawn(whole(stream));
    centre.hall.db.end_sessions_of(&demo(), &AgentName::new("mira")).await.expect("ended");
    let said = tokio::time::timeout(PATIENCE, reading).await.expect("it ends").expect("read");
    assert!(said.contains("event: whose\ndata: demo/mira\n"), "{said}");
    assert!(!opens(&centre, &cookie).await);
    centre.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_are_bounded_for_each_and_for_all_and_refused_in_words() {
    let centre = Centre::open().await;
    let open = async |cookie: &str| {
        let request = centre.asks(Method::GET, "/live", cookie).header("hx-request", "true");
        request.send().await.expect("an answer")
    };
    // One person's: nobody else notices.
    let mira = centre.session("mira").await;
    let mut held = Vec::new();
    let refused = loop {
        let answer = open(&mira).await;
        if answer.status() != StatusCode::OK {
            break answer;
        }
        held.push(answer);
        assert!(held.len() < 100, "no end");
    };
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.text().await.expect("words").contains("Too many at once"));
    let otto = centre.session("otto").await;
    assert_eq!(open(&otto).await.status(), StatusCode::OK);
    // A place is given back with the stream.
    held.pop();
    let began = std::time::Instant::now();
    let again = loop {
        let answer = open(&mira).await;
        if answer.status() == StatusCode::OK {
            break answer;
        }
        assert!(began.elapsed() < PATIENCE, "its place is not given back");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    held.push(again);
    // Everybody's.
    let mut people = 0;
    let refused = 'all: loop {
        let name = format!("many{people}");
        people += 1;
        centre.add(&name, &name, Role::Agent).await;
        let cookie = centre.session(&name).await;
        for _ in 0..8 {
            let answer = open(&cookie).await;
            if answer.status() != StatusCode::OK {
                break 'all answer;
            }
            held.push(answer);
            assert!(held.len() <= 1_000, "no end");
        }
    };
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(held.len() >= 990, "{} streams", held.len());
    // Pages and what is pressed go on.
    assert!(opens(&centre, &otto).await);
    assert_eq!(status(centre.asks(Method::POST, "/desk/session", &otto)).await, StatusCode::NO_CONTENT);
    centre.until("otto", "idle").await;
    centre.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_strangers_write_is_text_on_the_desk() {
    play("strangers", async |stage| {
        let centre = &stage.centre;
        centre.add("mallory", SCRIPT, Role::Agent).await;
        let mallory = stage.somebody("mallory").await;
        mallory.live().await;
        mallory.reads(".who", SCRIPT).await;
        centre.starts_work("mallory").await;
        for name in [SCRIPT, WIDE] {
            let caller = centre.call(name, '1');
            mallory.reads("#desk-call .name", name).await;
            centre.picks_up("mallory").await;
            mallory.reads("#desk-you", "talking").await;
            mallory.fill("#desk-note textarea", SCRIPT).await;
            mallory.reads("#desk-note .saved:not(.late)", "saved").await;
            mallory.client.refresh().await.expect("drawn again");
            mallory.reads("#desk-call .name", name).await;
            assert_eq!(mallory.value("#desk-note textarea").await, SCRIPT);
            let elements = mallory.elements("#desk-call, #desk-note, .who").await;
            assert!(elements > 2, "{elements}");
            for made in ["img", "script"] {
                let css = ["#desk-call", "#desk-note", ".who"].map(|within| format!("{within} {made}")).join(", ");
                assert_eq!(mallory.elements(&css).await, 0, "{css}");
            }
            centre.hangs_up(&caller);
            centre.until("mallory", "wrapping_up").await;
            mallory.press("button[hx-post='/desk/wrap-up/end']").await;
            mallory.reads("#desk-you", "idle").await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_sent_twice_is_done_once() {
    let centre = Centre::open().await;
    let cookie = centre.cookie("mira").await;
    let post = |path: &str, body: &'static str| {
        let request = centre.asks(Method::POST, path, &cookie).header("hx-request", "true");
        request.header("content-type", FORM).body(body).send()
    };
    let (first, second) = tokio::join!(post("/desk/session", ""), post("/desk/session", ""));
    assert_eq!([first, second].map(|answer| answer.expect("an answer").status().as_u16()), [204, 204]);
    centre.until("mira", "idle").await;
    assert_eq!(centre.hall.get("/agents").await.as_array().map(Vec::len), Some(1));
    for _ in 0..2 {
        post("/desk/break", "reason=lunch").await.expect("an answer");
        centre.until("mira", "on_break").await;
    }
    let nap = post("/desk/break", "reason=nap").await.expect("an answer");
    assert_eq!(nap.status(), 409);
    centre.until("mira", "on_break").await;
    centre.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_refused_in_the_words_of_whoever_sent_it() {
    let centre = Centre::open().await;
    let cookie = centre.cookie("mira").await;
    let post = |path: &str, kind: &'static str, body: String| {
        let request = centre.asks(Method::POST, path, &cookie).header("accept-language", "zh-CN");
        request.header("content-type", kind).body(body).send()
    };
    for (path, kind, body, status, says) in [
        ("/desk/break", FORM, format!("reason={}", "x".repeat(100 << 10)), 413, "内容过长"),
        ("/login", FORM, format!("name={}", "x".repeat(100 << 10)), 413, "内容过长"),
        ("/desk/break", FORM, "nothing=1".into(), 422, "无法读取"),
        ("/desk/break", FORM, "reason=%ff%00".into(), 409, "没有小休原因"),
        ("/desk/break", "application/json", "{}".into(), 422, "无法读取"),
        ("/desk", FORM, String::new(), 404, "这里没有内容"),
        ("/nowhere", FORM, String::new(), 404, "这里没有内容"),
    ] {
        let answer = post(path, kind, body).await.expect("an answer");
        assert_eq!(answer.status().as_u16(), status, "{path} {kind}");
        assert!(answer.headers().contains_key("content-security-policy"), "{path}");
        let page = answer.text().await.expect("a page");
        assert!(page.contains(says) && page.contains("lang=\"zh-CN\""), "{path}: {page}");
    }
    let long = form(&[("text", &"备".repeat(20_001)), ("version", "1")]);
    let call = "c0000000001-00000001";
    let save = centre.asks(Method::PUT, &format!("/desk/notes/{call}"), &cookie).header("content-type", FORM);
    let refused = status(save.body(long)).await;
    assert!(refused == 422 || refused == 413, "{refused}");
    centre.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_opens_what_is_not_for_their_role() {
    let centre = Centre::open().await;
    centre.starts_work("mira").await;
    let (mira, sofia, ada) = (centre.cookie("mira").await, centre.cookie("sofia").await, centre.cookie("ada").await);
    let look = async |path: &str, cookie: &str| {
        let request = centre.asks(Method::GET, path, cookie).header("accept-language", "zh-CN");
        let answer = request.send().await.expect("an answer");
        (answer.status(), answer.text().await.expect("a page"))
    };
    let refused = async |path: &str, cookie: &str| {
        let (status, page) = look(path, cookie).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}");
        assert!(page.contains("您无权打开此页"), "{page}");
    };
    let opened = async |path: &str, cookie: &str| {
        let (status, page) = look(path, cookie).await;
        assert_eq!(status, StatusCode::OK, "{path}: {page}");
    };
    // Every page that is not for everybody, and from which role on it opens.
    for (path, from) in [
        ("/floor", Role::Supervisor),
        ("/floor/agent?name=mira", Role::Supervisor),
        ("/reports/queues", Role::Supervisor),
        ("/reports/queues.csv", Role::Supervisor),
        ("/reports/queues/call-backs.csv", Role::Supervisor),
        ("/reports/print.css", Role::Supervisor),
        ("/people", Role::Admin),
        ("/people/new", Role::Admin),
        ("/people/skills", Role::Admin),
        ("/people/stations", Role::Admin),
        ("/people/~mira", Role::Admin),
        ("/people/~mira/removal", Role::Admin),
        ("/configuration", Role::Admin),
        ("/audit", Role::Admin),
    ] {
        refused(path, &mira).await;
        if from == Role::Admin {
            refused(path, &sofia).await;
        } else {
            opened(path, &sofia).await;
        }
        opened(path, &ada).await;
    }
    // What these show has to be named first; who may not look is not told whether it is there.
    for path in ["/reports/queues/calls", "/customers/1/erasure", "/configuration/versions/abcdef"] {
        refused(path, &mira).await;
    }
    centre.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_hangs_agents_go_on_and_who_comes_is_told_why_not() {
    let postgres = Postgres::start_own();
    let centre = Centre::with(Database::At(postgres.database())).await;
    play_in(centre, "database-hangs", async |stage| {
        let centre = &stage.centre;
        let mira = stage.somebody("mira").await;
        mira.live().await;
        centre.starts_work("mira").await;
        mira.reads("#desk-you", "idle").await;
        postgres.stop();
        // Longer than a session is believed without asking.
        tokio::time::sleep(Duration::from_secs(7)).await;
        let soon = Duration::from_secs(2);
        let you = async |says: &str| {
            let is = async || mira.text("#desk-you").await.contains(says);
            mira.until_within(soon, says, is).await;
        };
        mira.press("#desk-you form button").await;
        you("on break").await;
        mira.press("button[hx-post='/desk/break/end']").await;
        you("idle").await;
        centre.call("Li Wei", '1');
        let pop = async || mira.text("#desk-call").await.contains("Li Wei");
        mira.until_within(soon, "the pop", pop).await;
        centre.picks_up("mira").await;
        you("talking").await;
        assert!(mira.is_live().await);
        mira.fill("#desk-note textarea", "typed meanwhile").await;
        mira.reads("#desk-note .saved", "not saved").await;
        mira.press("button[hx-post='/desk/call/end']").await;
        you("wrapping up").await;

        let otto = stage.browser(Manner::default()).await;
        otto.goto("/login").await;
        otto.fill("input[name=name]", "otto").await;
        otto.fill("input[name=password]", crate::centre::PASSWORD).await;
        otto.press("form[action='/login'] button").await;
        otto.reads("main", "Not just now").await;
        otto.reads("main", "Calls go on").await;

        postgres.go_on();
        mira.reads("#desk-note .saved:not(.late)", "saved").await;
        mira.sees_no_more("#desk-note .saved.late").await;
        mira.client.refresh().await.expect("drawn again");
        mira.sees("#desk-note textarea").await;
        assert_eq!(mira.value("#desk-note textarea").await, "typed meanwhile");
        for browser in [&mira, &otto] {
            let said = browser.console().await;
            assert!(said.iter().all(|line| line.contains("503")), "{said:?}");
        }
    })
    .await;
}
