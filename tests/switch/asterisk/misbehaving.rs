//! A manager interface that misbehaves on purpose, and what the driver makes of each way.

use std::collections::BTreeMap;
use std::time::Duration;

use cordboard::calendar::Moment;
use cordboard::routing::ids::*;
use cordboard::routing::tag::{Place, Tags};
use cordboard::routing::{Abilities, Act, HangUpCause, Input, Refusal, Returned};
use cordboard::switch::asterisk::ami::AmiAddress;
use cordboard::switch::asterisk::ami::client::Login;
use cordboard::switch::asterisk::{Asterisk, Contexts, start};
use cordboard::switch::{Event, Link, Order, SwitchAct, Ticket, Told};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

const PATIENCE: Duration = Duration::from_secs(20);

/// One connection of the driver, from the switch's side.
struct Peer {
    from: BufReader<OwnedReadHalf>,
    to: OwnedWriteHalf,
    variables: BTreeMap<String, String>,
}

/// What the driver sent: header by header, the first of each name.
type Action = BTreeMap<String, String>;

impl Peer {
    async fn accept(listener: &TcpListener) -> Peer {
        let (stream, _): (TcpStream, _) =
            timeout(PATIENCE, listener.accept()).await.expect("the driver connects").expect("a connection");
        stream.set_nodelay(true).expect("an option");
        let (from, to) = stream.into_split();
        let mut peer = Peer { from: BufReader::new(from), to, variables: BTreeMap::new() };
        peer.say("Asterisk Call Manager/11.0.0\r\n").await;
        peer
    }

    async fn say(&mut self, text: &str) {
        // The driver may have gone; what it made of that is asked elsewhere.
        self.to.write_all(text.as_bytes()).await.ok();
    }

    async fn action(&mut self) -> Option<Action> {
        let mut action = Action::new();
        loop {
            let mut line = String::new();
            if self.from.read_line(&mut line).await.unwrap_or(0) == 0 {
                return None;
            }
            match line.trim_end().split_once(": ") {
                Some((name, value)) => {
                    action.entry(name.into()).or_insert_with(|| value.into());
                }
                None if line.trim_end().is_empty() && !action.is_empty() => return Some(action),
                None => {}
            }
        }
    }

    /// As a well-behaved switch answers.
    fn answer(&mut self, action: &Action) -> String {
        let get = |name: &str| action.get(name).cloned().unwrap_or_default();
        let id = get("ActionID");
        match get("Action").as_str() {
            "Challenge" => format!("Response: Success\r\nActionID: {id}\r\nChallenge: 1234\r\n\r\n"),
            "Login" => format!(
                "Response: Success\r\nActionID: {id}\r\nMessage: Authentication accepted\r\n\r\n\
                 Event: FullyBooted\r\nStatus: Fully Booted\r\n\r\n"
            ),
            "Setvar" => {
                self.variables.insert(get("Variable"), get("Value"));
                format!("Response: Success\r\nActionID: {id}\r\n\r\n")
            }
            "Getvar" => {
                let value = self.variables.get(&get("Variable")).cloned().unwrap_or_default();
                format!("Response: Success\r\nActionID: {id}\r\nVariable: x\r\nValue: {value}\r\n\r\n")
            }
            "CoreShowChannels" => format!(
                "Response: Success\r\nActionID: {id}\r\nEventList: start\r\n\r\n\
                 Event: CoreShowChannelsComplete\r\nActionID: {id}\r\nEventList: Complete\r\nListItems: 0\r\n\r\n"
            ),
            _ => format!("Response: Success\r\nActionID: {id}\r\n\r\n"),
        }
    }

    /// Behaves until this action comes, which is given back unanswered. `None`: the driver has gone.
    async fn until(&mut self, what: &str) -> Option<Action> {
        loop {
            let action = self.action().await?;
            if action.get("Action").is_some_and(|name| name == what) {
                return Some(action);
            }
            let answer = self.answer(&action);
            self.say(&answer).await;
        }
    }

    async fn behave(mut self) {
        self.until("never").await;
    }
}

struct Controller {
    link: Link,
    told: mpsc::Receiver<Told>,
    began: (Instant, Moment),
    numbers: u32,
}

/// Shorter than any limit in use, so that renewals are seen within a test's patience.
const DEAD_MAN: Duration = Duration::from_secs(3);

async fn controller(epoch: u32, room: usize) -> (TcpListener, Controller) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let login =
        Login { username: "u".into(), secret: "s".into(), events: "system,call".into(), sender: "peer.test".into() };
    let address = AmiAddress { host: "127.0.0.1".into(), port, tls: None, login };
    let contexts = Contexts { entry: "entry".into(), agent: "agent".into() };
    let (told_by, told) = mpsc::channel(room);
    let link =
        start(SwitchName::new("peer"), Epoch(epoch), Asterisk { address, contexts, dead_man: DEAD_MAN }, told_by);
    let wall = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("past 1970");
    let began = (Instant::now(), Moment::from_ms(wall.as_millis() as i64));
    (listener, Controller { link, told, began, numbers: 0 })
}

impl Controller {
    async fn order(&mut self, act: Act, within: Duration) -> EffectId {
        self.numbers += 1;
        let effect = EffectId { epoch: Epoch(1), number: self.numbers };
        let deadline = self.began.1 + self.began.0.elapsed() + within;
        let ticket = Ticket { centre: CentreName::new("demo"), effect };
        let order = Order::Do { ticket, act: SwitchAct::Act(act), deadline };
        self.link.orders.send(order).await.expect("the driver takes orders");
        effect
    }

    async fn ring(&mut self, leg: &str, within: Duration) -> EffectId {
        let (epoch, number) = (Epoch(1), 1);
        let place = Place::Offered { offer: OfferId { epoch, number }, agent: AgentName::new("li.na") };
        let tags = Tags { centre: CentreName::new("demo"), call: CallId { epoch, number }, epoch, place };
        let act = Act::Ring {
            leg: LegId::new(leg),
            station: StationAddress::new("PJSIP/a1001"),
            from: PhoneNumber::new("10086"),
            name: CallerName::new("A caller"),
            auto_answer: false,
            ring_for: Duration::from_secs(20),
            tags,
        };
        self.order(act, within).await
    }

    async fn next(&mut self) -> Event {
        timeout(PATIENCE, self.told.recv()).await.expect("the driver says something").expect("the driver lives").what
    }

    async fn input(&mut self) -> Input {
        loop {
            match self.next().await {
                Event::Input(input) => return input,
                Event::LinkUp => {}
                Event::Superseded { by } => panic!("superseded by {by}"),
            }
        }
    }

    async fn abilities(&mut self) -> Abilities {
        match self.input().await {
            Input::AbilitiesTold { abilities, .. } => abilities,
            other => panic!("{other:?}"),
        }
    }

    async fn snapshot(&mut self) {
        self.abilities().await;
        let input = self.input().await;
        assert!(matches!(input, Input::SnapshotTaken { .. }), "{input:?}");
    }

    async fn returned(&mut self, effect: EffectId, how: Returned) {
        assert_eq!(self.input().await, Input::EffectReturned { effect, how });
    }

    async fn link_lost(&mut self) {
        let input = self.input().await;
        assert!(matches!(input, Input::LinkLost { .. }), "{input:?}");
    }
}

const SOON: Duration = Duration::from_secs(3);

#[tokio::test]
async fn an_order_that_is_never_answered_comes_back_unknown_at_its_deadline() {
    let (listener, mut us) = controller(1, 100).await;
    tokio::spawn(async move {
        let mut peer = Peer::accept(&listener).await;
        peer.until("Originate").await;
        peer.until("Originate").await;
        // Hangs over these, and behaves towards all others.
        peer.behave().await;
    });
    us.snapshot().await;
    // Nothing but its deadline brings either back, and neither waits for the other: the later one comes second.
    let began = Instant::now();
    let later = us.ring("o1", Duration::from_millis(1_600)).await;
    let sooner = us.ring("o2", Duration::from_millis(800)).await;
    us.returned(sooner, Returned::Unknown).await;
    // Less a little: a deadline is told by the wall clock, in whole milliseconds.
    assert!(began.elapsed() >= Duration::from_millis(750), "{:?}", began.elapsed());
    us.returned(later, Returned::Unknown).await;
    assert!(began.elapsed() >= Duration::from_millis(1_550), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_switch_that_hangs_is_given_up_and_found_again() {
    let (listener, mut us) = controller(1, 100).await;
    tokio::spawn(async move {
        let mut peer = Peer::accept(&listener).await;
        peer.until("Originate").await;
        // Takes everything and answers nothing.
        let silent = tokio::spawn(async move { while peer.action().await.is_some() {} });
        Peer::accept(&listener).await.behave().await;
        silent.await.ok();
    });
    us.snapshot().await;
    let effect = us.ring("o1", Duration::from_secs(60)).await;
    us.returned(effect, Returned::Unknown).await;
    us.link_lost().await;
    us.snapshot().await;
}

#[tokio::test]
async fn a_connection_that_ends_within_a_message_returns_all_as_unknown_and_a_snapshot_follows() {
    let (listener, mut us) = controller(1, 100).await;
    tokio::spawn(async move {
        let mut peer = Peer::accept(&listener).await;
        peer.until("Originate").await;
        peer.until("Originate").await;
        peer.say("Event: Newchannel\r\nChannel: PJSIP/a10").await;
        drop(peer);
        Peer::accept(&listener).await.behave().await;
    });
    us.snapshot().await;
    let one = us.ring("o1", SOON).await;
    let two = us.ring("o2", SOON).await;
    us.returned(one, Returned::Unknown).await;
    us.returned(two, Returned::Unknown).await;
    us.link_lost().await;
    us.snapshot().await;
    let three = us.ring("o3", SOON).await;
    us.returned(three, Returned::Done).await;
}

#[tokio::test]
async fn answers_out_of_order_find_their_orders() {
    let (listener, mut us) = controller(1, 100).await;
    tokio::spawn(async move {
        let mut peer = Peer::accept(&listener).await;
        let one = peer.until("Originate").await.expect("an order");
        let two = peer.until("Originate").await.expect("an order");
        let (one, two) = (&one["ActionID"], &two["ActionID"]);
        peer.say(&format!(
            "Response: Success\r\nActionID: {two}\r\n\r\nResponse: Error\r\nActionID: {one}\r\nMessage: No.\r\n\r\n"
        ))
        .await;
        peer.behave().await;
    });
    us.snapshot().await;
    let one = us.ring("o1", SOON).await;
    let two = us.ring("o2", SOON).await;
    let refused = Returned::Refused { why: Refusal::Other("No.".into()) };
    let mut back = BTreeMap::new();
    for _ in 0..2 {
        let input = us.input().await;
        let Input::EffectReturned { effect, how } = input else { panic!("{input:?}") };
        back.insert(effect, how);
    }
    assert_eq!(back, BTreeMap::from([(one, refused), (two, Returned::Done)]));
}

#[tokio::test]
async fn a_burst_of_events_that_nobody_takes_is_dropped_and_a_snapshot_follows() {
    // A controller that takes nothing for a while, with little room.
    let (listener, mut us) = controller(1, 16).await;
    let (burst_done, burst) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let mut peer = Peer::accept(&listener).await;
        let order = peer.until("Originate").await.expect("an order");
        for chunk in 0..1_000 {
            let mut text = String::new();
            for n in 0..100 {
                let id = chunk * 100 + n;
                text += &format!(
                    "Event: AsyncAGIStart\r\nChannel: PJSIP/x-{id}\r\nChannelState: 6\r\nContext: entry\r\n\
                     Exten: 4001\r\nUniqueid: {id}\r\n\r\n"
                );
            }
            // Whoever blocks here has blocked the reader.
            timeout(PATIENCE, peer.say(&text)).await.expect("the driver reads, whatever the controller does");
        }
        let answer = peer.answer(&order);
        peer.say(&answer).await;
        burst_done.send(()).ok();
        peer.behave().await;
    });
    us.snapshot().await;
    let effect = us.ring("o1", Duration::from_secs(30)).await;
    burst.await.expect("the burst was written");
    let (mut arrivals, mut lost, mut snapshots, mut back) = (0, 0, 0, 0);
    while snapshots == 0 || back == 0 {
        match us.input().await {
            Input::CallerArrived { .. } => {
                assert_eq!(lost, 0, "an arrival was told without a link");
                arrivals += 1;
            }
            Input::LinkLost { .. } => lost += 1,
            Input::SnapshotTaken { legs, .. } => {
                // The list was empty, but the ring was sent on this very connection.
                assert!(legs.iter().all(|seen| seen.leg.as_str() == "o1"), "{legs:?}");
                assert_eq!(lost, 1);
                snapshots += 1;
            }
            Input::EffectReturned { effect: which, how } => {
                assert_eq!((which, how), (effect, Returned::Done));
                back += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    // What was kept for the controller is bounded: the queue of events and what it was told already.
    assert!(arrivals <= 8_192 + 16 + 1, "{arrivals} were kept");
}

#[tokio::test]
async fn a_switch_that_says_nothing_after_the_login_holds_no_order_up() {
    let (listener, mut us) = controller(1, 100).await;
    tokio::spawn(async move {
        let mut peer = Peer::accept(&listener).await;
        peer.until("Login").await;
        while peer.action().await.is_some() {}
    });
    for n in 0..10 {
        let effect = us.ring(&format!("o{n}"), SOON).await;
        us.returned(effect, Returned::Unknown).await;
    }
}

#[tokio::test]
async fn a_list_that_never_comes_holds_no_order_up() {
    let (listener, mut us) = controller(1, 100).await;
    tokio::spawn(async move {
        let mut peer = Peer::accept(&listener).await;
        peer.until("CoreShowChannels").await;
        peer.behave().await;
    });
    assert!(matches!(us.next().await, Event::LinkUp));
    // Long after our own patience: it is not its deadline that brings it back.
    let hang_up = Act::HangUp { leg: LegId::new("o1"), cause: HangUpCause::Normal };
    let effect = us.order(hang_up, PATIENCE * 3).await;
    us.returned(effect, Returned::Unknown).await;
}

#[tokio::test]
async fn a_wrong_password_is_tried_again_and_no_link_is_told() {
    let (listener, mut us) = controller(1, 100).await;
    let tried = tokio::spawn(async move {
        for _ in 0..3 {
            let mut peer = Peer::accept(&listener).await;
            let login = peer.until("Login").await.expect("a login");
            let id = &login["ActionID"];
            assert!(!login.contains_key("Secret"), "the secret itself was sent");
            peer.say(&format!("Response: Error\r\nActionID: {id}\r\nMessage: Authentication failed\r\n\r\n")).await;
        }
    });
    let effect = us.ring("o1", SOON).await;
    us.returned(effect, Returned::Unknown).await;
    timeout(PATIENCE, tried).await.expect("three attempts").expect("no secret in any");
    assert!(us.told.try_recv().is_err());
}

#[tokio::test]
async fn a_switch_taken_over_by_a_later_start_is_left_alone() {
    let (listener, mut us) = controller(7, 100).await;
    let peer = tokio::spawn(async move {
        let mut peer = Peer::accept(&listener).await;
        peer.variables.insert("CORDBOARD_EPOCH".into(), "8".into());
        let mut sent = Vec::new();
        while let Some(action) = peer.action().await {
            sent.push(action["Action"].clone());
            let answer = peer.answer(&action);
            peer.say(&answer).await;
        }
        sent
    });
    let told = us.next().await;
    assert!(matches!(told, Event::Superseded { by: Epoch(8) }), "{told:?}");
    let effect = us.ring("o1", SOON).await;
    us.returned(effect, Returned::Unknown).await;
    let sent = timeout(PATIENCE, peer).await.expect("the connection ends").expect("the peer");
    assert!(sent.iter().all(|action| ["Challenge", "Login", "Getvar"].contains(&action.as_str())), "{sent:?}");
}

#[tokio::test]
async fn a_later_start_is_seen_with_the_next_beat() {
    let (listener, mut us) = controller(7, 100).await;
    tokio::spawn(async move {
        let mut peer = Peer::accept(&listener).await;
        let list = peer.until("CoreShowChannels").await.expect("a look");
        peer.variables.insert("CORDBOARD_EPOCH".into(), "8".into());
        let answer = peer.answer(&list);
        peer.say(&answer).await;
        peer.behave().await;
    });
    us.snapshot().await;
    us.link.orders.send(Order::Beat).await.expect("the driver takes a beat");
    us.link_lost().await;
    let told = us.next().await;
    assert!(matches!(told, Event::Superseded { by: Epoch(8) }), "{told:?}");
}

/// A switch that answers `ListCommands` so, and is well-behaved else.
async fn listing(answer: &'static str) -> (Abilities, Controller) {
    let (listener, mut us) = controller(1, 100).await;
    tokio::spawn(async move {
        let mut peer = Peer::accept(&listener).await;
        while let Some(action) = peer.until("ListCommands").await {
            let id = action.get("ActionID").cloned().unwrap_or_default();
            peer.say(&answer.replace("{id}", &id)).await;
        }
    });
    let abilities = us.abilities().await;
    assert!(matches!(us.input().await, Input::SnapshotTaken { .. }));
    (abilities, us)
}

#[tokio::test]
async fn what_our_account_may_do_is_told_before_the_first_snapshot() {
    let may = "Response: Success\r\nActionID: {id}\r\nPing: Keepalive.  (Priv: <none>)\r\n\
               PJSIPNotify: Send a NOTIFY.  (Priv: system,all)\r\n\r\n";
    assert_eq!(listing(may).await.0, Abilities { pick_up: true });
    let may_not = "Response: Success\r\nActionID: {id}\r\nPing: Keepalive.  (Priv: <none>)\r\n\r\n";
    assert_eq!(listing(may_not).await.0, Abilities { pick_up: false });
}

#[tokio::test]
async fn an_account_that_may_not_ask_what_it_may_do_carries_calls_all_the_same() {
    let refused = "Response: Error\r\nActionID: {id}\r\nMessage: Permission denied\r\n\r\n";
    let (abilities, mut us) = listing(refused).await;
    assert_eq!(abilities, Abilities::default());
    let effect = us.ring("o1", SOON).await;
    us.returned(effect, Returned::Done).await;
}

#[tokio::test]
async fn a_phone_that_rings_for_us_is_given_its_limit_again_while_we_live() {
    let (listener, mut us) = controller(1, 100).await;
    let renewals = tokio::spawn(async move {
        let mut peer = Peer::accept(&listener).await;
        let ring = peer.until("Originate").await.expect("an order");
        assert_eq!(peer.variables["CORDBOARD_DEAD_MAN"], "3", "for the dialplan, before anything rings");
        let answer = peer.answer(&ring);
        peer.say(&answer).await;
        peer.say("Event: Newchannel\r\nUniqueid: o1\r\nChannel: PJSIP/a1001-1\r\nContext: agent\r\n\r\n").await;
        let mut renewals = Vec::new();
        while renewals.len() < 2 {
            let set = peer.until("Setvar").await.expect("a renewal");
            if set["Variable"] == "TIMEOUT(absolute)" {
                renewals.push((set["Channel"].clone(), set["Value"].clone(), Instant::now()));
            }
            let answer = peer.answer(&set);
            peer.say(&answer).await;
        }
        renewals
    });
    us.snapshot().await;
    let effect = us.ring("o1", SOON).await;
    us.returned(effect, Returned::Done).await;
    let renewals = timeout(PATIENCE, renewals).await.expect("two renewals").expect("the peer");
    let [(one, limit, first), (other, again, second)] = renewals.as_slice() else { panic!("{renewals:?}") };
    assert_eq!((one.as_str(), other.as_str()), ("PJSIP/a1001-1", "PJSIP/a1001-1"));
    assert_eq!((limit.as_str(), again.as_str()), ("3", "3"));
    // Two may be missed.
    assert!(*second - *first < DEAD_MAN / 2, "{:?}", *second - *first);
}
