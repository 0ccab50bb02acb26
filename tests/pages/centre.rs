//! A centre with people, menus, callers and phones that do what a test says.

use std::sync::OnceLock;
use std::time::Duration;

use cordboard::calendar::Moment;
use cordboard::dialplan::Key;
use cordboard::routing::ids::*;
use cordboard::store::Author;
use cordboard::store::agents::{HashedPassword, Role};
use cordboard::store::people::Wanted;
use cordboard::store::sessions::Token;
use cordboard::switch::rehearsal::{Caller, Habit, Phone, World};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::desk::{Database, Desk, PATIENCE};
use crate::wire::Wire;

pub const FORM: &str = "application/x-www-form-urlencoded";
pub const PASSWORD: &str = "correct horse";

/// Two queues behind a menu, in both languages.
const CENTRE: &str = r#"
language: 1
name: { en: "Southwing Service", zh: "南方之翼服务中心" }
zone: Asia/Shanghai
languages: [en, zh]
skills: [english]
break_reasons: [lunch, meeting]
numbers: ["4008000001"]
start: main
queues:
  service: { wrap_up: until_ready, ring_for: 60s, target: 20s }
  complaints: { wrap_up: until_ready, ring_for: 60s, target: 20s }
departments:
  hall: { name: { en: "Hall", zh: "大厅" }, head: sofia, people: [mira, otto] }
  stock: { name: { en: "Stock", zh: "仓库" }, head: sofia, superior: hall }
dispositions:
  settled: { en: "Settled", zh: "已解决" }
  refused: { en: "Refused", zh: "未受理" }
cases:
  complaint: { name: { en: "Complaint", zh: "投诉" }, department: hall, deadline: 8h }
steps:
  main:
    - menu:
        say: { en: "One or two.", zh: "一或二。" }
        keys: { 1: service, 2: complaints }
        timeout: 30s
        tries: 2
        otherwise: service
  service:
    - queue: service
  complaints:
    - queue: complaints
"#;

/// Everybody who can log in: name, shown name, role. Agents sit at PJSIP/<name>, in both queues.
pub const PEOPLE: [(&str, &str, Role); 4] = [
    ("mira", "Mira Osei", Role::Agent),
    ("otto", "Otto Berg", Role::Agent),
    ("sofia", "Sofia Lindqvist", Role::Supervisor),
    ("ada", "Ada Keller", Role::Admin),
];

pub struct Centre {
    pub hall: Desk,
    /// What browsers go through.
    pub wire: Wire,
}

fn hashed() -> &'static HashedPassword {
    static HASHED: OnceLock<HashedPassword> = OnceLock::new();
    HASHED.get_or_init(|| HashedPassword::of(PASSWORD).expect("a hash"))
}

pub fn demo() -> CentreName {
    CentreName::new("demo")
}

fn station(agent: &str) -> StationAddress {
    StationAddress::new(format!("PJSIP/{agent}"))
}

impl Centre {
    pub async fn open() -> Self {
        Self::with(Database::File).await
    }

    pub async fn with(database: Database) -> Self {
        Self::of(CENTRE, database).await
    }

    /// Where nobody is done with a complaint before its disposition is written.
    pub async fn that_asks() -> Self {
        let asks = CENTRE.replace("complaints: { wrap_up", "complaints: { disposition: required, wrap_up");
        assert_ne!(asks, CENTRE);
        Self::of(&asks, Database::File).await
    }

    async fn of(yaml: &str, database: Database) -> Self {
        let hall = Desk::with_yaml(yaml, &["demo"], None, database).await;
        let wire = Wire::to(hall.base.strip_prefix("http://").expect("an address")).await;
        let centre = Self { hall, wire };
        for (name, shown, role) in PEOPLE {
            centre.add(name, shown, role).await;
        }
        centre
    }

    /// Somebody more, with a phone that rings until told.
    pub async fn add(&self, name: &str, shown: &str, role: Role) {
        let (db, demo, agent) = (&self.hall.db, demo(), AgentName::new(name));
        let wanted = Wanted {
            display_name: Some(shown.to_owned()),
            role: Some(role),
            station: Some(Some((SwitchName::new("pbx"), station(name)))),
            queues: Some([QueueName::new("service"), QueueName::new("complaints")].into()),
            password: Some(Some(hashed().clone())),
            ..Wanted::default()
        };
        db.engage(&demo, &agent, &wanted, &Author::Console, Moment::from_ms(0)).await.expect("added");
        self.phone(name, Habit::Rings);
    }

    /// What this agent's phone does from the next ring on.
    pub fn phone(&self, agent: &str, habit: Habit) {
        self.hall.rehearsal.happen(World::PhoneSetTo { station: station(agent), phone: Phone::with(habit) });
    }

    pub async fn starts_work(&self, agent: &str) {
        let (status, value) = self.hall.ask(Method::PUT, &format!("/agents/{agent}/session"), None).await;
        assert_eq!(status, 200, "{value}");
    }

    /// A caller who keys `key` in the menu.
    pub fn call(&self, name: &str, key: char) -> LegId {
        let key = Key::try_from(key).expect("a key");
        let caller = Caller {
            name: CallerName::cleaned(name),
            keys: vec![(Duration::from_millis(300), key)],
            ..Caller::new("13800000001", "4008000001")
        };
        self.hall.rehearsal.happen(World::CallerDials(caller)).expect("a leg")
    }

    /// Waits for the ring, then answers it.
    pub async fn picks_up(&self, agent: &str) {
        let began = std::time::Instant::now();
        loop {
            let leg = self.hall.rehearsal.with(|exchange| exchange.on_phone(&station(agent)));
            if let Some(leg) = leg
                && self.hall.rehearsal.happen(World::PhonePicksUp { leg }).is_some()
            {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{agent}'s phone does not ring");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub fn hangs_up(&self, caller: &LegId) {
        self.hall.rehearsal.happen(World::CallerHangsUp { leg: caller.clone() });
    }

    /// Until the controller says so.
    pub async fn until(&self, agent: &str, state: &str) -> Value {
        self.hall.until(&format!("/agents/{agent}"), |seen| seen["state"] == state).await
    }

    /// Ends every wrap-up there is.
    pub async fn all_done(&self) {
        let (_, agents) = self.hall.ask(Method::GET, "/agents", None).await;
        for agent in agents.as_array().into_iter().flatten().filter(|agent| agent["state"] == "wrapping_up") {
            let name = agent["name"].as_str().expect("a name");
            self.hall.ask(Method::DELETE, &format!("/agents/{name}/wrap-up"), None).await;
        }
    }

    /// Not at work: the controller does not know them, or says so.
    pub async fn until_away(&self, agent: &str) {
        self.hall
            .until(&format!("/agents/{agent}"), |seen| seen["state"] == "away" || seen["error"] == "not_found")
            .await;
    }

    /// A call that has been talked and wrapped up.
    pub async fn a_finished_call(&self, agent: &str, name: &str) {
        let caller = self.call(name, '1');
        self.picks_up(agent).await;
        self.until(agent, "talking").await;
        self.hangs_up(&caller);
        self.until(agent, "wrapping_up").await;
        let (status, value) = self.hall.ask(Method::DELETE, &format!("/agents/{agent}/wrap-up"), None).await;
        assert_eq!(status, 200, "{value}");
    }

    /// Logs in as a browser does, without one: the cookie.
    pub async fn cookie(&self, name: &str) -> String {
        let answer = self.log_in(name, PASSWORD, &[]).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{name} was not let in");
        session_of(&answer).expect("a session")
    }

    /// A session without the work of a password.
    pub async fn session(&self, name: &str) -> String {
        let token = Token::new().expect("chance");
        let now = cordboard::controller::clock()();
        let (hash, agent) = (token.hash(), AgentName::new(name));
        self.hall.db.begin_session(&hash, &demo(), &agent, "127.0.0.1", now).await.expect("begun");
        token.reveal().to_owned()
    }

    pub async fn log_in(&self, name: &str, password: &str, headers: &[(&str, &str)]) -> reqwest::Response {
        let form = form(&[("name", name), ("password", password), ("centre", "demo")]);
        let request = plain().post(format!("{}/login", self.hall.base));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let request = request.header("content-type", FORM).body(form);
        request.send().await.expect("an answer")
    }

    /// Asks for a page with a cookie, as a script of ours would where `by_script`.
    pub fn asks(&self, method: Method, path: &str, cookie: &str) -> reqwest::RequestBuilder {
        plain().request(method, format!("{}{path}", self.hall.base)).header("cookie", format!("cordboard={cookie}"))
    }

    pub async fn close(self) {
        self.hall.close().await;
    }
}

/// A client that follows nothing and keeps nothing.
pub fn plain() -> reqwest::Client {
    static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();
    let make = || {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
        client.pool_max_idle_per_host(0).build().expect("a client")
    };
    CLIENT.get_or_init(make).clone()
}

/// A form's body.
pub fn form(fields: &[(&str, &str)]) -> String {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    let coded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    fields.iter().map(|(name, value)| format!("{}={}", coded(name), coded(value))).collect::<Vec<_>>().join("&")
}

/// The session that an answer puts into the browser.
pub fn session_of(answer: &reqwest::Response) -> Option<String> {
    let cookies = answer.headers().get_all("set-cookie").iter().filter_map(|line| line.to_str().ok());
    cookies
        .filter_map(|line| line.strip_prefix("cordboard="))
        .find_map(|rest| rest.split(';').next().map(str::to_owned).filter(|value| !value.is_empty()))
}
