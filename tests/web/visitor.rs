//! Somebody in front of the pages: logs in as the form does, carries the cookie, follows what a form answers.

use cordboard::calendar::Moment;
use cordboard::routing::ids::{AgentName, CentreName};
use cordboard::store::Author;
use cordboard::store::agents::{HashedPassword, Role};
use cordboard::store::people::Wanted;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, StatusCode, header};

use crate::desk::{Desk, PATIENCE};

pub const PASSWORD: &str = "correct horse";

/// Adds somebody who can log in.
pub async fn person(desk: &Desk, centre: &str, name: &str, role: Role) {
    let hash = HashedPassword::of(PASSWORD).expect("hashed");
    let (centre, agent) = (CentreName::new(centre), AgentName::new(name));
    let wanted = Wanted { role: Some(role), password: Some(Some(hash)), ..Wanted::default() };
    desk.db.engage(&centre, &agent, &wanted, &Author::Console, Moment::from_ms(1)).await.expect("added");
}

pub struct Visitor {
    base: String,
    client: reqwest::Client,
    cookie: String,
}

/// What came back.
#[derive(Debug)]
pub struct Page {
    pub status: StatusCode,
    pub text: String,
    /// Where it leads on.
    pub location: Option<String>,
}

impl Page {
    #[track_caller]
    pub fn shows(&self, text: &str) -> &Self {
        assert!(self.text.contains(text), "no {text:?} in {}\n{}", self.status, self.text);
        self
    }

    #[track_caller]
    pub fn hides(&self, text: &str) -> &Self {
        assert!(!self.text.contains(text), "{text:?} in {}\n{}", self.status, self.text);
        self
    }

    #[track_caller]
    pub fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    /// The value of a hidden field.
    #[track_caller]
    pub fn field(&self, name: &str) -> String {
        let mark = format!("name=\"{name}\" value=\"");
        let rest = self.text.split(&mark).nth(1).unwrap_or_else(|| panic!("no field {name}\n{}", self.text));
        rest.split('"').next().unwrap_or_default().to_owned()
    }
}

impl Visitor {
    /// In front of the desk, not logged in.
    pub fn of(desk: &Desk) -> Self {
        let client = reqwest::Client::builder()
            .timeout(PATIENCE)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client");
        Self { base: desk.base.clone(), client, cookie: String::new() }
    }

    pub async fn logged_in(desk: &Desk, centre: &str, name: &str) -> Self {
        let mut visitor = Self::of(desk);
        let page = visitor.try_password(centre, name, PASSWORD).await;
        page.is(303);
        visitor
    }

    pub async fn try_password(&mut self, centre: &str, name: &str, password: &str) -> Page {
        let form = [("centre", centre), ("name", name), ("password", password), ("next", "")];
        let request = self.client.post(format!("{}/login", self.base));
        let request = filled(request, &form);
        let answer = request.send().await.expect("an answer");
        if let Some(cookie) = answer.headers().get(header::SET_COOKIE) {
            let cookie = cookie.to_str().expect("text").split(';').next().unwrap_or_default();
            self.cookie = cookie.to_owned();
        }
        read(answer).await
    }

    async fn send(&self, method: Method, path: &str, form: Option<&[(&str, &str)]>) -> Page {
        let request = self.client.request(method, format!("{}{path}", self.base)).header(header::COOKIE, &self.cookie);
        let request = match form {
            Some(form) => filled(request, form),
            None => request,
        };
        read(request.send().await.expect("an answer")).await
    }

    /// The same page in Chinese.
    pub async fn see_in_chinese(&self, path: &str) -> Page {
        let request = self.client.get(format!("{}{path}", self.base));
        let cookies = format!("{}; language=zh", self.cookie);
        read(request.header(header::COOKIE, cookies).send().await.expect("an answer")).await
    }

    pub async fn get(&self, path: &str) -> Page {
        self.send(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Page {
        self.send(Method::POST, path, Some(form)).await
    }

    pub async fn put(&self, path: &str, form: &[(&str, &str)]) -> Page {
        self.send(Method::PUT, path, Some(form)).await
    }

    /// What a form that was taken leads to.
    #[track_caller]
    pub fn followed(&self, page: &Page) -> impl Future<Output = Page> {
        page.is(303);
        let location = page.location.clone().expect("somewhere to go");
        async move { self.get(&location).await }
    }
}

/// As a browser sends a form.
fn filled(request: reqwest::RequestBuilder, form: &[(&str, &str)]) -> reqwest::RequestBuilder {
    let text = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs: Vec<String> = form.iter().map(|(name, value)| format!("{}={}", text(name), text(value))).collect();
    request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(pairs.join("&"))
}

async fn read(answer: reqwest::Response) -> Page {
    let location = answer.headers().get(header::LOCATION).and_then(|to| to.to_str().ok()).map(str::to_owned);
    let status = answer.status();
    Page { status, location, text: answer.text().await.expect("text") }
}
