//! Somebody at a browser: logged in at a page, by HTTP alone.

use cordboard::calendar::Moment;
use cordboard::routing::ids::{AgentName, CentreName};
use cordboard::store::Author;
use cordboard::store::agents::{HashedPassword, Role};
use cordboard::store::people::Wanted;
use futures_util::StreamExt as _;
use reqwest::{Method, StatusCode, header};

use crate::desk::{Desk, PATIENCE};

const PASSWORD: &str = "correct horse";

/// One person's browser.
pub struct Browser<'d> {
    desk: &'d Desk,
    cookie: String,
}

/// What a page or a piece answered.
pub struct Answer {
    pub status: StatusCode,
    pub text: String,
}

impl Answer {
    pub fn shows(&self, text: &str) -> bool {
        self.text.contains(text)
    }
}

impl<'d> Browser<'d> {
    /// A new person of the centre, at the page where they begin.
    pub async fn of(desk: &'d Desk, centre: &str, name: &str, shown: &str, role: Role) -> Self {
        let (centre, agent) = (CentreName::new(centre), AgentName::new(name));
        let password = HashedPassword::of(PASSWORD).expect("a hash");
        let wanted = Wanted {
            display_name: Some(shown.into()),
            role: Some(role),
            password: Some(Some(password)),
            ..Wanted::default()
        };
        desk.db.engage(&centre, &agent, &wanted, &Author::Console, Moment::from_ms(0)).await.expect("added");
        let form = format!("centre={centre}&name={name}&password=correct+horse&next=");
        let answer = desk
            .request(Method::POST, "/login")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form)
            .send()
            .await
            .expect("an answer");
        let cookies = answer.headers().get_all(header::SET_COOKIE).iter();
        let cookie =
            cookies.filter_map(|line| line.to_str().ok()?.split(';').next()).find(|c| c.starts_with("cordboard="));
        let status = answer.status();
        let cookie = cookie.map(str::to_owned);
        let Some(cookie) = cookie else { panic!("no session: {status}: {}", answer.text().await.unwrap_or_default()) };
        Self { desk, cookie }
    }

    pub async fn supervisor(desk: &'d Desk) -> Self {
        Self::of(desk, "demo", "boss", "Lin Yue", Role::Supervisor).await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let answer = request.header(header::COOKIE, &self.cookie).send().await.expect("an answer");
        let status = answer.status();
        let policy = answer.headers().get(header::CONTENT_SECURITY_POLICY);
        assert!(policy.is_some(), "every page says what it may load");
        Answer { status, text: answer.text().await.expect("text") }
    }

    pub async fn open(&self, path: &str) -> Answer {
        self.send(self.desk.request(Method::GET, path)).await
    }

    /// The page, which is there.
    pub async fn see(&self, path: &str) -> String {
        let answer = self.open(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
        answer.text
    }

    /// In Chinese.
    pub async fn see_in_chinese(&self, path: &str) -> String {
        let request = self.desk.request(Method::GET, path).header(header::ACCEPT_LANGUAGE, "zh-CN");
        self.send(request).await.text
    }

    /// As a script presses a button.
    pub async fn press(&self, path: &str, form: &str) -> Answer {
        let request = self
            .desk
            .request(Method::POST, path)
            .header("hx-request", "true")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.to_owned());
        self.send(request).await
    }

    pub async fn until(&self, path: &str, good: impl Fn(&str) -> bool) -> String {
        let began = std::time::Instant::now();
        loop {
            let page = self.see(path).await;
            if good(&page) {
                return page;
            }
            assert!(began.elapsed() < PATIENCE, "{path} stays {page}");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    pub async fn stream(&self) -> Stream {
        let request = self.desk.request(Method::GET, "/live").header(header::COOKIE, &self.cookie);
        let answer = request.send().await.expect("a stream");
        assert_eq!(answer.status(), StatusCode::OK);
        Stream { chunks: Box::pin(answer.bytes_stream()), text: String::new() }
    }
}

/// What a page is told as it happens.
pub struct Stream {
    chunks: std::pin::Pin<Box<dyn futures_util::Stream<Item = reqwest::Result<bytes::Bytes>> + Send>>,
    text: String,
}

impl Stream {
    /// The next event: its name, and its data.
    pub async fn next(&mut self) -> (String, String) {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let lines = event.lines().filter_map(|line| line.strip_prefix(name));
                    lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
                };
                let told = (field("event:"), field("data:"));
                self.text = rest.to_owned();
                return told;
            }
            let chunk = tokio::time::timeout(PATIENCE, self.chunks.next()).await.expect("in time");
            let chunk = chunk.expect("goes on").expect("bytes");
            self.text.push_str(&String::from_utf8_lossy(&chunk));
        }
    }

    /// Whatever it tells before.
    pub async fn ends(mut self) {
        while let Some(chunk) = tokio::time::timeout(PATIENCE, self.chunks.next()).await.expect("in time") {
            chunk.expect("bytes");
        }
    }

    /// The first event of this name that is good.
    pub async fn until(&mut self, name: &str, good: impl Fn(&str) -> bool) -> String {
        loop {
            let (event, data) = self.next().await;
            if event == name && good(&data) {
                return data;
            }
        }
    }
}
