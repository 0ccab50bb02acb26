//! Two centres with people who look at pages, without a browser and without a form to log in by.

use cordboard::calendar::Moment;
use cordboard::controller;
use cordboard::routing::ids::{AgentName, CentreName};
use cordboard::store::Author;
use cordboard::store::agents::{HashedPassword, Role};
use cordboard::store::people::Wanted;
use cordboard::store::sessions::Token;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, StatusCode};

use crate::desk::{Database, Desk};

const CENTRE: &str = r#"
language: 1
name: { en: "Test", zh: "测试" }
zone: Asia/Shanghai
country: CN
languages: [en, zh]
numbers: ["4008000001"]
start: bye
steps: { bye: [ hang_up ] }
departments:
  hall: { name: { en: "Hall", zh: "大厅" }, head: sofia, people: [mira] }
  stock: { name: { en: "Stock", zh: "仓库" }, head: otto, superior: hall }
dispositions:
  refunded: { en: "Refunded", zh: "已退款" }
  refused: { en: "Refused", zh: "未受理" }
cases:
  complaint: { name: { en: "Complaint", zh: "投诉" }, department: hall, deadline: 8h }
  refund: { name: { en: "Refund", zh: "退款" }, department: stock, deadline: 4h, dispositions: [refunded, refused] }
"#;

/// What strangers write.
pub const SCRIPT: &str = "<img src=x onerror=alert(1)><script>alert(2)</script>\"'&{{7*7}}";

pub struct Book {
    pub hall: Desk,
    client: reqwest::Client,
}

/// Somebody who is logged in.
pub struct Reader<'b> {
    book: &'b Book,
    cookie: String,
}

/// An answer.
pub struct Seen {
    pub status: StatusCode,
    /// Where it leads.
    pub to: String,
    pub text: String,
}

pub fn demo() -> CentreName {
    CentreName::new("demo")
}

impl Book {
    pub async fn open() -> Self {
        let hall = Desk::with_yaml(CENTRE, &["demo", "other"], None, Database::File).await;
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
        let book = Self { hall, client: client.build().expect("a client") };
        for (centre, name, shown, role) in [
            ("demo", "mira", "Mira Osei", Role::Agent),
            ("demo", "otto", "Otto Berg", Role::Agent),
            ("demo", "sofia", "Sofia Lindqvist", Role::Supervisor),
            ("other", "eve", "Eve", Role::Admin),
        ] {
            // Without a password nobody has a session.
            let password = Some(Some(HashedPassword::of("correct horse").expect("a hash")));
            let wanted = Wanted { display_name: Some(shown.into()), role: Some(role), password, ..Wanted::default() };
            let (centre, agent) = (CentreName::new(centre), AgentName::new(name));
            let added = book.hall.db.engage(&centre, &agent, &wanted, &Author::Console, Moment::from_ms(0)).await;
            added.expect("added");
        }
        book
    }

    pub async fn reader(&self, name: &str) -> Reader<'_> {
        let centre = CentreName::new(if name == "eve" { "other" } else { "demo" });
        let token = Token::new().expect("a token");
        let now = controller::clock()();
        let begun = self.hall.db.begin_session(&token.hash(), &centre, &AgentName::new(name), "127.0.0.1", now).await;
        begun.expect("a session");
        Reader { book: self, cookie: format!("cordboard={}; language=en", token.reveal()) }
    }
}

impl Reader<'_> {
    pub async fn get(&self, path: &str) -> Seen {
        self.ask(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Seen {
        let coded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let body = fields.iter().map(|(name, value)| format!("{}={}", coded(name), coded(value))).collect::<Vec<_>>();
        self.post_raw(path, body.join("&")).await
    }

    pub async fn post_raw(&self, path: &str, body: String) -> Seen {
        self.ask(Method::POST, path, Some(body)).await
    }

    async fn ask(&self, method: Method, path: &str, body: Option<String>) -> Seen {
        let request = self.book.client.request(method, format!("{}{path}", self.book.hall.base));
        let request = request.header("cookie", &self.cookie);
        let request = match body {
            Some(body) => request.header("content-type", "application/x-www-form-urlencoded").body(body),
            None => request,
        };
        let answer = request.send().await.expect("an answer");
        let to = answer.headers().get("location").map_or("", |to| to.to_str().expect("text")).to_owned();
        let status = answer.status();
        let text = answer.text().await.expect("a page");
        assert!(!status.is_server_error(), "{path}: {status} {text}");
        assert!(!text.contains("<script>alert") && !text.contains("<img src=x"), "{path}: {text}");
        Seen { status, to, text }
    }
}

impl Seen {
    pub fn has(&self, text: &str) -> bool {
        self.text.contains(text)
    }

    /// A field of a form that is not shown.
    pub fn hidden(&self, name: &str) -> String {
        let begin = format!("name=\"{name}\" value=\"");
        let rest = self.text.split(&begin).nth(1).unwrap_or_else(|| panic!("no {name}: {}", self.text));
        rest.split('"').next().unwrap_or_default().to_owned()
    }
}
