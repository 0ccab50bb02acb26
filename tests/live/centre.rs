//! The centre of the two hours: a menu, keyed digits, two queues, dispositions, types of case; and its people, who log in
//! at the pages. Who looks at it does so in a browser of their own.

use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Mutex;

use futures_util::FutureExt;

use crate::browser::{Browser, Driver, Manner};
use crate::parts::asterisk::Asterisk;
use crate::parts::centre::Centre;

pub const PASSWORD: &str = "correct horse";
/// What callers dial.
pub const NUMBER: &str = "4008001234";

/// Nobody's midnight comes in the hour of a test, whenever it runs: figures of today are those of the test.
fn zone() -> &'static str {
    let hour = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).hour();
    if (3..21).contains(&hour) { "UTC" } else { "Pacific/Honolulu" }
}

/// Phones ring until somebody answers, and a wrap-up lasts until it is ended: nothing passes while a test looks.
fn plan() -> String {
    let zone = zone();
    format!(
        r#"
language: 1
name: {{ en: "Southwing Service", zh: "南方之翼服务中心" }}
zone: {zone}
country: CN
languages: [en, zh]
break_reasons: [lunch, meeting]
queues:
  service: {{ ring_for: 2m, wrap_up: until_ready, target: 3s }}
  complaints: {{ ring_for: 2m, wrap_up: until_ready, target: 3s }}
dispositions:
  solved: {{ en: "Solved", zh: "已解决" }}
  call_back: {{ en: "Call-back promised", zh: "承诺回电" }}
departments:
  service: {{ name: {{ en: "Service", zh: "客服部" }}, head: sofia }}
cases:
  complaint: {{ name: {{ en: "Complaint", zh: "投诉" }}, department: service, deadline: 8h }}
numbers: ["{NUMBER}"]
start: main
steps:
  main:
    - menu:
        say: {{ en: "One or two.", zh: "一或二。" }}
        keys: {{ 1: service, 2: account }}
        timeout: 1s
        tries: 1
        otherwise: service
  service:
    - queue: service
  account:
    - ask:
        say: {{ en: "Your account, then hash.", zh: "请输入编号。" }}
        digits: 4-6
        ends: hash
        into: account
        timeout: 10s
        tries: 1
        otherwise: complaints
    - go: complaints
  complaints:
    - queue: complaints
"#
    )
}

/// An agent of both queues at a1101, a supervisor, an admin.
pub fn open(asterisk: &Asterisk) -> Centre {
    let centre = Centre::with_plan(asterisk, None, &plan());
    let station = ["--station", "PJSIP/a1101", "--queue", "service", "--queue", "complaints"];
    centre.add_person("mira", PASSWORD, &[&["--display-name", "Mira Chen 陈米拉"], &station[..]].concat());
    centre.add_person("sofia", PASSWORD, &["--display-name", "Sofia Lindqvist", "--role", "supervisor"]);
    centre.add_person("ada", PASSWORD, &["--display-name", "Ada Keller", "--role", "admin"]);
    centre
}

/// Those who look on.
pub struct Audience {
    driver: Driver,
    base: String,
    browsers: Mutex<Vec<Browser>>,
}

impl Audience {
    /// Somebody who has logged in.
    pub async fn somebody(&self, name: &str) -> Browser {
        let browser = self.driver.browser(&self.base, Manner::default()).await;
        self.browsers.lock().expect("no other test").push(browser.clone());
        browser.log_in(name).await;
        browser
    }
}

/// Where it fails, `target/screenshots/<name>-<n>.png` show what each browser showed.
pub async fn watched(base: &str, name: &str, scenario: impl AsyncFnOnce(&Audience)) {
    let audience = Audience { driver: Driver::start().await, base: base.to_owned(), browsers: Mutex::default() };
    let ended = AssertUnwindSafe(scenario(&audience)).catch_unwind().await;
    let Err(failure) = ended else { return };
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screenshots");
    let browsers = audience.browsers.lock().expect("no other test").clone();
    for (n, browser) in browsers.iter().enumerate() {
        let shot = tokio::time::timeout(crate::browser::PATIENCE, browser.client.screenshot()).await;
        if let Ok(Ok(picture)) = shot {
            let path = directory.join(format!("{name}-{n}.png"));
            let kept = std::fs::create_dir_all(&directory).and_then(|()| std::fs::write(&path, picture));
            eprintln!("{}: {kept:?}", path.display());
        }
    }
    std::panic::resume_unwind(failure);
}
