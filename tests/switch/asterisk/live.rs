//! The client against a real Asterisk, with and without TLS. Ignored unless asked for, because it needs one:
//!
//!     CORDBOARD_TEST_AMI=127.0.0.1:5038 CORDBOARD_TEST_AMIS=127.0.0.1:5039 CORDBOARD_TEST_AMI_CERTIFICATE=tls.crt \
//!     CORDBOARD_TEST_AMI_LOGIN=ctl:secret cargo test --test ami -- --ignored
//!
//! The account needs every right.

use std::env::var;
use std::path::PathBuf;
use std::time::Duration;

use cordboard::switch::asterisk::ami::client::Login;
use cordboard::switch::asterisk::ami::link::PING_AFTER;
use cordboard::switch::asterisk::ami::{Action, Ami, AmiAddress, AmiError, Event, Events, Resync, Tls, Trust, connect};
use tokio::time::{Instant, timeout};

fn setting(name: &str) -> String {
    var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

fn address(place: &str, tls: Option<Tls>) -> AmiAddress {
    let place = setting(place);
    let (host, port) = place.rsplit_once(':').expect("host:port");
    let login = setting("CORDBOARD_TEST_AMI_LOGIN");
    let (username, secret) = login.split_once(':').expect("name:secret");
    let login = Login {
        username: username.into(),
        secret: secret.into(),
        events: "system,call,agi,user".into(),
        sender: "live.1".into(),
    };
    AmiAddress { host: host.into(), port: port.parse().expect("a port"), tls, login }
}

fn pinned() -> Tls {
    Tls { trust: Trust::Pinned(PathBuf::from(setting("CORDBOARD_TEST_AMI_CERTIFICATE"))), server_name: None }
}

async fn next(events: &mut Events) -> Event {
    timeout(Duration::from_secs(10), events.recv()).await.expect("in time").expect("an event")
}

/// What any connection must be able to do.
async fn exercise(ami: &Ami, events: &mut Events) {
    assert!(matches!(next(events).await, Event::ResyncNeeded(Resync::Connected)));
    let pong = ami.ask(Action::new("Ping")).await.expect("a pong");
    assert_eq!(pong.get("Ping"), Some(&b"Pong"[..]));
    let channels = ami.list(Action::new("CoreShowChannels")).await.expect("a list");
    let said = channels.complete.as_ref().and_then(|end| end.number::<usize>("ListItems"));
    assert_eq!(said, Some(channels.items.len()));
    let endpoints = ami.list(Action::new("PJSIPShowEndpoints")).await.expect("a list");
    assert!(endpoints.items.len() > 1);
    assert!(!ami.command("core show uptime").await.expect("lines").is_empty());
    let refused = ami.command("no such command").await;
    assert!(matches!(&refused, Err(AmiError::Refused(why)) if why.contains("No such command")), "{refused:?}");
    let refused = ami.ask(Action::new("Frobnicate")).await;
    assert!(matches!(&refused, Err(AmiError::Refused(why)) if why.contains("Invalid/unknown command")), "{refused:?}");
    let refused = ami.ask(Action::new("Hangup").with("Channel", "none")).await;
    assert_eq!(refused, Err(AmiError::Refused("No such channel".into())));
    let pings = ami.send((0..500).map(|_| Action::new("Ping"))).expect("sent");
    let began = Instant::now();
    for ping in pings {
        ping.await.expect("a pong");
    }
    let took = began.elapsed();
    println!("500 actions in one write: {took:?}");
    // Until our own Ping comes, where Asterisk leaves a part of a TLS record lying.
    assert!(took < PING_AFTER / 2, "{took:?}");
}

#[tokio::test]
#[ignore = "needs a real Asterisk"]
async fn a_real_asterisk_is_logged_in_to_asked_and_listed() {
    let (ami, mut events) = connect(&address("CORDBOARD_TEST_AMI", None)).await.expect("connected");
    exercise(&ami, &mut events).await;
    println!("{:?}", ami.counts());
}

#[tokio::test]
#[ignore = "needs a real Asterisk"]
async fn a_real_asterisk_is_spoken_to_over_tls_with_its_certificate_pinned() {
    let (ami, mut events) = connect(&address("CORDBOARD_TEST_AMIS", Some(pinned()))).await.expect("connected");
    exercise(&ami, &mut events).await;
}

#[tokio::test]
#[ignore = "needs a real Asterisk"]
async fn another_certificate_than_the_pinned_one_is_not_trusted() {
    let other = tempfile::tempdir().expect("a directory");
    let file = other.path().join("other.pem");
    std::fs::write(&file, OTHER_CERTIFICATE).expect("written");
    for trust in [Trust::Pinned(file.clone()), Trust::Authority(file.clone())] {
        let tls = Tls { trust, server_name: None };
        let connected = connect(&address("CORDBOARD_TEST_AMIS", Some(tls))).await;
        assert!(matches!(&connected, Err(AmiError::Lost(why)) if why.contains("certificate")), "{connected:?}");
    }
    let tls = Tls { trust: Trust::Pinned(other.path().join("missing.pem")), server_name: None };
    let connected = connect(&address("CORDBOARD_TEST_AMIS", Some(tls))).await;
    assert!(matches!(&connected, Err(AmiError::BadAddress(why)) if why.contains("missing.pem")), "{connected:?}");
}

#[tokio::test]
#[ignore = "needs a real Asterisk"]
async fn a_wrong_secret_is_refused() {
    let mut address = address("CORDBOARD_TEST_AMI", None);
    address.login.secret = "wrong".into();
    let refused = connect(&address).await;
    assert!(matches!(&refused, Err(AmiError::Refused(why)) if why == "Authentication failed"), "{refused:?}");
}

#[tokio::test]
#[ignore = "needs a real Asterisk"]
async fn the_longest_line_and_the_most_headers_that_we_send_are_taken() {
    let (ami, _events) = connect(&address("CORDBOARD_TEST_AMI", None)).await.expect("connected");
    let longest = "x".repeat(cordboard::switch::asterisk::ami::action::LONGEST_LINE - "Value: ".len());
    ami.ask(Action::setvar(None, "CORDBOARD_LONG", &longest)).await.expect("set");
    let got = ami.ask(Action::new("Getvar").with("Variable", "CORDBOARD_LONG")).await.expect("got");
    assert_eq!(got.text("Value").as_deref(), Some(longest.as_str()));
    let many = (0..118).fold(Action::new("Ping"), |action, number| action.with("X", number.to_string()));
    ami.ask(many).await.expect("a pong");
}

#[tokio::test]
#[ignore = "needs a real Asterisk"]
async fn a_variable_of_an_originate_arrives_as_it_was_given() {
    let (ami, _events) = connect(&address("CORDBOARD_TEST_AMI", None)).await.expect("connected");
    let hostile = ["a,b", r#"a"b,c"d"#, r"\", "(a", "[a,b", ")]", "a=b", " lead trail ", "${EXTEN}", "a;b|c&d", "张三"];
    for (number, value) in hostile.iter().enumerate() {
        let id = format!("cordboard-live-{}-{number:04}", std::process::id());
        let originate = Action::new("Originate")
            .with("Channel", "Local/wait@waiting/n")
            .with("Application", "Wait")
            .with("Data", "5")
            .with("Async", "true")
            .with("ChannelId", &id)
            .with("OtherChannelId", format!("{id}-other"))
            .variable("VALUE", value)
            .variable("AFTER", "2");
        ami.ask(originate).await.expect("queued");
        // The last one that is set; the channel is there a moment before its variables.
        until_set(&ami, &id, "AFTER").await;
        assert_eq!(until_set(&ami, &id, "VALUE").await, *value);
        ami.ask(Action::new("Hangup").with("Channel", &id)).await.expect("hung up");
    }
}

/// A channel's variable as soon as it has one.
async fn until_set(ami: &Ami, channel: &str, variable: &str) -> String {
    for _ in 0..200 {
        match ami.ask(Action::new("Getvar").with("Channel", channel).with("Variable", variable)).await {
            Ok(got) if got.get("Value").is_some_and(|value| !value.is_empty()) => {
                return got.text("Value").expect("a value").into_owned();
            }
            Ok(_) | Err(AmiError::Refused(_)) => tokio::time::sleep(Duration::from_millis(5)).await,
            Err(error) => panic!("{error}"),
        }
    }
    panic!("{channel} has no {variable}")
}

/// Self-signed for a name that is nobody's; its key was thrown away.
const OTHER_CERTIFICATE: &str = include_str!("other_certificate.pem");
