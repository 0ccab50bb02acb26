//! A manager interface in a test: says what it is told to say, hears what the client writes.

use cordboard::switch::asterisk::ami::client::Login;
use cordboard::switch::asterisk::ami::{Ami, AmiError, Events, Frame, open};
use md5::{Digest, Md5};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

pub const SECRET: &str = "hush";

pub fn login() -> Login {
    Login { username: "u".into(), secret: SECRET.into(), events: "system,call,agi".into(), sender: "test.1".into() }
}

pub struct Peer {
    stream: DuplexStream,
    unread: Vec<u8>,
    /// Everything the client ever wrote.
    pub heard: Vec<u8>,
}

impl Peer {
    pub fn new(stream: DuplexStream) -> Self {
        Self { stream, unread: Vec::new(), heard: Vec::new() }
    }

    pub async fn say(&mut self, text: impl AsRef<[u8]>) {
        self.stream.write_all(text.as_ref()).await.expect("the client reads");
    }

    /// One action; `None` when the client has closed.
    pub async fn hear_or_end(&mut self) -> Option<Frame> {
        loop {
            if let Some(end) = self.unread.windows(4).position(|four| four == b"\r\n\r\n") {
                let action: Vec<u8> = self.unread.drain(..end + 4).collect();
                return Some(Frame::from_lines(action[..end].to_vec()));
            }
            let before = self.unread.len();
            if self.stream.read_buf(&mut self.unread).await.ok()? == 0 {
                return None;
            }
            self.heard.extend_from_slice(&self.unread[before..]);
        }
    }

    /// The next action that is no Ping; Pings are answered.
    pub async fn hear(&mut self) -> Frame {
        loop {
            let action = self.hear_or_end().await.expect("another action");
            if action.get("Action") != Some(b"Ping") {
                return action;
            }
            self.answer(&action, "Success", "Ping: Pong").await;
        }
    }

    /// Hears an action of this name.
    pub async fn expect(&mut self, name: &str) -> Frame {
        let action = self.hear().await;
        assert_eq!(action.text("Action").as_deref(), Some(name));
        action
    }

    pub async fn answer(&mut self, action: &Frame, outcome: &str, more: &str) {
        let id = action.text("ActionID").expect("an id").into_owned();
        let more = if more.is_empty() { String::new() } else { format!("{more}\r\n") };
        self.say(format!("Response: {outcome}\r\nActionID: {id}\r\n{more}\r\n")).await;
    }

    /// An event that carries an action's id: an item of its list, or its end.
    pub async fn item(&mut self, action: &Frame, event: &str, more: &str) {
        let id = action.text("ActionID").expect("an id").into_owned();
        self.say(format!("Event: {event}\r\nActionID: {id}\r\n{more}\r\n\r\n")).await;
    }

    pub async fn start_list(&mut self, action: &Frame) {
        self.answer(action, "Success", "EventList: start\r\nMessage: Channels will follow").await;
    }

    pub async fn end_list(&mut self, action: &Frame) {
        self.item(action, "CoreShowChannelsComplete", "EventList: Complete\r\nListItems: 1").await;
    }

    /// Greets, and checks the login; the boot is not announced yet.
    pub async fn let_in(&mut self) {
        self.say("Asterisk Call Manager/11.0.0\r\n").await;
        let challenge = self.expect("Challenge").await;
        assert_eq!(challenge.get("AuthType"), Some(&b"MD5"[..]));
        self.answer(&challenge, "Success", "Challenge: 330266420").await;
        let login = self.expect("Login").await;
        let key: String = Md5::digest(format!("330266420{SECRET}")).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(login.text("Key").as_deref(), Some(key.as_str()));
        assert_eq!(login.text("Username").as_deref(), Some("u"));
        self.answer(&login, "Success", "Message: Authentication accepted").await;
    }

    pub async fn boot(&mut self) {
        self.say("Event: FullyBooted\r\nPrivilege: system,all\r\nStatus: Fully Booted\r\n\r\n").await;
    }

    /// Waits until the client has closed.
    pub async fn hear_the_end(&mut self) {
        while let Some(action) = self.hear_or_end().await {
            assert_eq!(action.text("Action").as_deref(), Some("Ping"));
        }
    }
}

/// A client that is logged in, and the other side.
pub async fn connected() -> (Ami, Events, Peer) {
    connected_with(1 << 20).await
}

/// The same with a network that holds this many bytes.
pub async fn connected_with(buffer: usize) -> (Ami, Events, Peer) {
    let (ours, theirs) = duplex(buffer);
    let mut peer = Peer::new(theirs);
    let login = login();
    let (opened, ()) = tokio::join!(open(ours, &login), async {
        peer.let_in().await;
        peer.boot().await;
    });
    let (ami, mut events) = opened.expect("logged in");
    // The notice of a new connection, and FullyBooted.
    for which in ["first", "second"] {
        let told = tokio::time::timeout(std::time::Duration::from_secs(30), events.recv()).await;
        told.unwrap_or_else(|_| panic!("no {which} event")).unwrap_or_else(|| panic!("an end, and no {which} event"));
    }
    (ami, events, peer)
}

pub fn is_lost(error: &AmiError) -> bool {
    matches!(error, AmiError::Lost(_))
}

impl Peer {
    /// Answers every action with success until the client has closed.
    pub async fn hear_the_end_answering(&mut self) {
        while let Some(action) = self.hear_or_end().await {
            self.answer(&action, "Success", "").await;
        }
    }
}
