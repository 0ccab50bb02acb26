//! A real Asterisk as a [`World`]: our own telephones around it, its manager interface behind a proxy that can be cut.
//!
//! A [`Lane`] is one Asterisk that plays one scenario after the other, each with a driver of a new epoch; several
//! lanes side by side make the time of the longest scenario the time of all.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use cordboard::calendar::Moment;
use cordboard::dialplan::Key;
use cordboard::routing::ids::*;
use cordboard::routing::{Act, Input};
use cordboard::switch::Sound;
use cordboard::switch::asterisk::ami::client::Login;
use cordboard::switch::asterisk::ami::{self, Action, Ami, AmiAddress, Frame};
use cordboard::switch::asterisk::{Asterisk as Driven, Contexts};
use futures_util::FutureExt;
use tokio::sync::mpsc;

use crate::controller::{Controller, arrive};
use crate::parts::asterisk::Asterisk;
use crate::phones::{Call, Does, Telephones};
use crate::proxy::Proxy;
use crate::world::{CALLED, Heard, OUTSIDE, PhoneDoes, ROAMING, World};

const PHONES: u16 = 60;

/// Switches at once. The three long races bound the time of all; more lanes than cores only wait less.
const LANES: usize = 4;

/// What a phone is given to hear of the end of its call after the switch has told us.
const GRACE: Duration = Duration::from_millis(500);

pub type Scenario = (&'static str, fn(&mut Lane));

/// Plays all, prints a table, and fails when one has failed. `CORDBOARD_SCENARIO` plays those whose name contains it.
pub fn play_all(mut scenarios: Vec<Scenario>) {
    // What the driver healed: RUST_LOG=cordboard=warn.
    tracing_subscriber::fmt().with_env_filter(tracing_subscriber::EnvFilter::from_default_env()).try_init().ok();
    if let Ok(wanted) = std::env::var("CORDBOARD_SCENARIO") {
        scenarios.retain(|(name, _)| name.contains(&wanted));
    }
    // The long ones first, so that no lane begins one when the others are done.
    scenarios.sort_by_key(|(name, _)| !name.contains("strands_nobody"));
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    std::thread::scope(|lanes| {
        for _ in 0..LANES.min(scenarios.len()) {
            lanes.spawn(|| {
                let mut lane = Lane::open();
                while let Some((name, scenario)) = scenarios.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let began = Instant::now();
                    scenario(&mut lane);
                    let result = (*name, began.elapsed(), lane.failed.take());
                    results.lock().unwrap_or_else(PoisonError::into_inner).push(result);
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort();
    for (name, took, failed) in &results {
        let how = if failed.is_none() { "ok" } else { "FAILED" };
        println!("{:8.1} s  {how:6}  {name}", took.as_secs_f64());
    }
    let failed: Vec<String> =
        results.iter().filter_map(|(name, _, failed)| Some(format!("{name}: {}", failed.as_ref()?))).collect();
    assert!(failed.is_empty(), "{} of {} scenarios failed:\n{}", failed.len(), results.len(), failed.join("\n\n"));
    assert_eq!(results.len(), scenarios.len(), "some scenarios were never played");
}

/// One Asterisk for one scenario after the other.
pub struct Lane {
    runtime: tokio::runtime::Runtime,
    switch: Asterisk,
    stations: Telephones,
    callers: Telephones,
    observer: Ami,
    /// Who hears music, by Uniqueid, as the switch's own events say.
    music: Arc<Mutex<BTreeSet<String>>>,
    epoch: u32,
    /// Where the driver runs, where it is not to share our runtime.
    pub driver: Option<tokio::runtime::Handle>,
    pub failed: Option<String>,
}

impl Lane {
    pub fn open() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime for the scenarios");
        let switch = Asterisk::start();
        let (here, _) = switch.sounds();
        std::fs::create_dir_all(&here).expect("the directory of sounds can be made");
        for (name, tenths) in [("short", 5), ("long", 100)] {
            std::fs::write(here.join(name).with_extension("wav"), tone(tenths)).expect("a sound can be written");
        }
        let at: SocketAddr = ([127, 0, 0, 1], switch.slot.phone_port()).into();
        let music = Arc::new(Mutex::new(BTreeSet::new()));
        let (stations, callers, observer) = runtime.block_on(async {
            let stations = Telephones::listen(at).unwrap_or_else(|e| panic!("the phones' port {at}: {e}"));
            let callers = Telephones::listen(([127, 0, 0, 1], 0).into()).expect("loopback has a free port");
            let address = address_of(&switch, "observer", switch.slot.ami_port(), "on");
            let (observer, mut events) = ami::connect(&address).await.expect("the observer logs in");
            let music = music.clone();
            tokio::spawn(async move {
                while let Some(event) = events.recv().await {
                    if let ami::Event::Received(received) = event {
                        note_music(&music, &received.frame);
                    }
                }
            });
            (stations, callers, observer)
        });
        Self { runtime, switch, stations, callers, observer, music, epoch: 0, driver: None, failed: None }
    }

    /// Plays one scenario; how it failed is kept in `failed`.
    pub fn play(&mut self, scenario: impl AsyncFnOnce(&mut Live)) {
        let runtime = self.runtime.handle().clone();
        let played = runtime.block_on(async {
            let mut world = Live::start(self).await;
            let played = AssertUnwindSafe(async {
                scenario(&mut world).await;
                world.controller().has_heard_only_what_was_promised().await;
            });
            let played = played.catch_unwind().await;
            self.epoch = world.controller.epoch().0;
            drop(world);
            // Whoever calls or talks still does not belong to the next scenario.
            self.clear().await;
            played
        });
        self.failed = played.err().map(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
        });
    }

    pub fn asterisk_pid(&self) -> u32 {
        self.switch.pid()
    }

    async fn clear(&self) {
        for _ in 0..100 {
            let Ok(list) = self.observer.list(Action::new("CoreShowChannels")).await else { return };
            if list.items.is_empty() {
                return;
            }
            for item in &list.items {
                if let Some(channel) = item.frame.get("Channel") {
                    let hang_up = Action::new("Hangup").with("Channel", channel).with("Cause", "16");
                    self.observer.ask(hang_up).await.ok();
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("channels stay on the switch between two scenarios");
    }
}

fn note_music(music: &Mutex<BTreeSet<String>>, frame: &Frame) {
    let mut music = music.lock().unwrap_or_else(PoisonError::into_inner);
    let id = frame.text("Uniqueid").unwrap_or_default().into_owned();
    match frame.event() {
        Some("MusicOnHoldStart") => {
            music.insert(id);
        }
        Some("MusicOnHoldStop" | "Hangup") => {
            music.remove(&id);
        }
        Some(_) | None => {}
    }
}

fn address_of(switch: &Asterisk, username: &str, port: u16, events: &str) -> AmiAddress {
    let secret = switch.secret().to_owned();
    let login = Login { username: username.into(), secret, events: events.into(), sender: format!("{username}.test") };
    AmiAddress { host: "127.0.0.1".into(), port, tls: None, login }
}

/// A soft tone as a WAV file, 8 kHz, 16 bits, mono.
fn tone(tenths_of_a_second: u32) -> Vec<u8> {
    let samples = 800 * tenths_of_a_second;
    let mut wav = Vec::new();
    wav.extend_from_slice(b"RIFF");
    wav.extend_from_slice(&(36 + samples * 2).to_le_bytes());
    wav.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    wav.extend_from_slice(&8000_u32.to_le_bytes());
    wav.extend_from_slice(&16_000_u32.to_le_bytes());
    wav.extend_from_slice(b"\x02\0\x10\0data");
    wav.extend_from_slice(&(samples * 2).to_le_bytes());
    for n in 0..samples {
        let value = if n / 8 % 2 == 0 { 900_i16 } else { -900 };
        wav.extend_from_slice(&value.to_le_bytes());
    }
    wav
}

pub fn wall() -> Moment {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Moment::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// The world of one scenario.
pub struct Live {
    sip: SocketAddr,
    stations: Telephones,
    callers: Telephones,
    observer: Ami,
    music: Arc<Mutex<BTreeSet<String>>>,
    proxy: Proxy,
    driven: Driven,
    sounds: PathBuf,
    controller: Controller,
    /// Calls that phones have made by themselves.
    private: BTreeMap<u16, Call>,
}

impl Live {
    pub async fn start(lane: &Lane) -> Self {
        let proxy = Proxy::start(([127, 0, 0, 1], lane.switch.slot.ami_port()).into()).await;
        let driven = Driven {
            address: address_of(&lane.switch, "cordboard", proxy.port(), "system,call,agi,dtmf,user"),
            contexts: Contexts { entry: "cordboard".into(), agent: "cordboard-agent".into() },
            dead_man: Self::DEAD_MAN,
        };
        let epoch = Epoch(lane.epoch + 1);
        let (link, told) = {
            // Tasks that are spawned from here on are of the runtime that is entered.
            let _apart = lane.driver.as_ref().map(tokio::runtime::Handle::enter);
            link(&driven, epoch)
        };
        let sounds = PathBuf::from(lane.switch.sounds().1);
        let mut world = Self {
            sip: lane.switch.sip_address().parse().expect("an address"),
            stations: lane.stations.clone(),
            callers: lane.callers.clone(),
            observer: lane.observer.clone(),
            music: lane.music.clone(),
            proxy,
            driven,
            sounds,
            controller: Controller::new(link, told, epoch, wall(), Self::PATIENCE),
            private: BTreeMap::new(),
        };
        for phone in 1..=PHONES {
            world.phone_does(phone, PhoneDoes::Ring).await;
        }
        assert_eq!(world.controller.snapshot().await, []);
        // The first beat is sent with the login; without it calls would fall back.
        world
    }

    pub fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    /// The call that rings or talks at this phone.
    pub fn at_phone(&self, phone: u16) -> Option<Call> {
        self.stations.call_at(&station(phone))
    }

    /// The bridge that a leg is in, as the switch says.
    async fn bridge_of(&self, leg: &LegId) -> Option<Vec<u8>> {
        let list = self.observer.list(Action::new("CoreShowChannels")).await.expect("the switch lists its channels");
        let item = list.items.iter().find(|item| item.frame.get("Uniqueid") == Some(leg.as_str().as_bytes()))?;
        item.frame.get("BridgeId").filter(|bridge| !bridge.is_empty()).map(<[u8]>::to_vec)
    }

    async fn does_hear(&self, leg: &LegId, what: &Heard) -> bool {
        let music = self.music.lock().unwrap_or_else(PoisonError::into_inner).contains(leg.as_str());
        let bridge = self.bridge_of(leg).await;
        match what {
            Heard::Music => music && bridge.is_none(),
            // A prompt makes no event of its own; what else would be heard does.
            Heard::Silence | Heard::Prompt => !music && bridge.is_none(),
            Heard::Leg(other) => !music && bridge.is_some() && bridge == self.bridge_of(other).await,
        }
    }
}

fn station(phone: u16) -> String {
    match phone {
        OUTSIDE.. => format!("+86138{phone:08}"),
        ROAMING.. => format!("r{}", 1000 + phone),
        _ => format!("a{}", 1000 + phone),
    }
}

/// RFC 3261 §10.2; `expires` of nothing takes the phone off again.
async fn register(switch: SocketAddr, phone: SocketAddr, user: &str, expires: u32) {
    let socket = tokio::net::UdpSocket::bind((phone.ip(), 0)).await.expect("loopback has a free port");
    let here = socket.local_addr().expect("an address");
    let unique = format!("{}-{}", here.port(), wall().as_ms());
    let text = format!(
        "REGISTER sip:{switch} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{unique}\r\nMax-Forwards: 70\r\n\
         From: <sip:{user}@{switch}>;tag={unique}\r\nTo: <sip:{user}@{switch}>\r\nCall-ID: {unique}\r\n\
         CSeq: 1 REGISTER\r\nContact: <sip:{user}@{phone}>\r\nExpires: {expires}\r\nContent-Length: 0\r\n\r\n"
    );
    socket.send_to(text.as_bytes(), switch).await.expect("loopback takes it");
    let mut answer = [0; 2_048];
    let heard = tokio::time::timeout(Duration::from_secs(2), socket.recv(&mut answer)).await;
    let length = heard.expect("the switch answers a REGISTER").expect("an answer");
    let answer = String::from_utf8_lossy(&answer[..length]);
    assert!(answer.starts_with("SIP/2.0 200 "), "{answer}");
}

fn link(driven: &Driven, epoch: Epoch) -> (cordboard::switch::Link, mpsc::Receiver<cordboard::switch::Told>) {
    let (told_by, told) = mpsc::channel(cordboard::switch::MOST_TOLD);
    let link = cordboard::switch::asterisk::start(SwitchName::new("asterisk"), epoch, driven.clone(), told_by);
    (link, told)
}

/// Longer than the pause between two tones of a ringing.
async fn sounds_come_to(call: &Call) {
    let (before, until) = (call.sounds(), Instant::now() + Duration::from_secs(7));
    while call.sounds() < before + 10 {
        assert!(Instant::now() < until, "nothing is heard at the phone: {} packets", call.sounds() - before);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The tone that it rings, or the prompt, has ended: nobody speaks, so nothing is heard.
async fn falls_silent(call: &Call) {
    let (mut before, until) = (call.sounds(), Instant::now() + Duration::from_secs(3));
    loop {
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        let now = call.sounds();
        if now == before {
            return;
        }
        assert!(Instant::now() < until, "the ringing is heard on");
        before = now;
    }
}

async fn hear_each_other(one: &Call, other: &Call) {
    falls_silent(one).await;
    for (speaks, hears) in [(one, other), (other, one)] {
        let before = hears.sounds();
        let until = Instant::now() + Duration::from_secs(3);
        while hears.sounds() < before + 10 {
            assert!(Instant::now() < until, "nothing of what is said comes out at the other end");
            speaks.speak().await;
        }
    }
}

impl World for Live {
    type Caller = Call;

    const PATIENCE: Duration = Duration::from_secs(15);
    // A minute where people work; a test cannot wait for that.
    const DEAD_MAN: Duration = Duration::from_secs(4);

    fn controller(&mut self) -> &mut Controller {
        &mut self.controller
    }

    fn now(&self) -> Moment {
        wall()
    }

    async fn dial(&mut self, from: &str, name: &[u8]) -> Call {
        self.callers.dial(self.sip, CALLED, from, name, true)
    }

    async fn press(&mut self, caller: &Call, key: Key) {
        // An answer comes back done when its AGI has it queued; there is nothing to press before the phone has it too.
        self.answered(caller).await;
        caller.press(key.as_char()).await;
    }

    async fn hang_up(&mut self, caller: &Call) {
        caller.hang_up();
    }

    async fn answered(&mut self, caller: &Call) {
        assert!(caller.wait_answered(Self::PATIENCE).await, "never answered: {:?}", caller.happened());
    }

    async fn ended(&mut self, caller: &Call) {
        assert!(caller.wait_ended(Self::PATIENCE).await, "never ended: {:?}", caller.happened());
    }

    async fn alive(&mut self, caller: &Call) -> bool {
        caller.is_alive()
    }

    fn station(&self, phone: u16) -> StationAddress {
        let trunk = if phone >= OUTSIDE { "@trunk" } else { "" };
        StationAddress::new(format!("PJSIP/{}{trunk}", station(phone)))
    }

    fn nowhere(&self) -> StationAddress {
        StationAddress::new("PJSIP/nowhere")
    }

    async fn phone_does(&mut self, phone: u16, does: PhoneDoes) {
        let does = match does {
            PhoneDoes::Ring => Does::Ring,
            PhoneDoes::RingOn => Does::RingDeaf,
            PhoneDoes::PickUpAfter(after) => Does::Answer { after, talk: None },
            PhoneDoes::SayBusy => Does::Reject { after: Duration::ZERO, status: 486 },
            PhoneDoes::RejectAfter(after) => Does::Reject { after, status: 603 },
        };
        self.stations.set(&station(phone), does);
    }

    async fn pick_up(&mut self, phone: u16) -> bool {
        // The last call's BYE may still be on its way when the switch has told its end.
        let until = Instant::now() + Duration::from_secs(2);
        while Instant::now() < until {
            let left = until.saturating_duration_since(Instant::now());
            match self.stations.wait_rung(&station(phone), left).await {
                Some(call) if call.is_up() => tokio::time::sleep(Duration::from_millis(1)).await,
                Some(call) => return call.pick_up(),
                None => return false,
            }
        }
        false
    }

    async fn press_at(&mut self, phone: u16, key: Key) {
        self.at_phone(phone).expect("it is picked up").press(key.as_char()).await;
    }

    async fn put_down(&mut self, phone: u16) {
        if let Some(call) = self.at_phone(phone) {
            call.hang_up();
        }
    }

    async fn in_use(&mut self, phone: u16) -> bool {
        match self.at_phone(phone) {
            Some(call) => !call.wait_ended(GRACE).await,
            None => false,
        }
    }

    async fn calls_privately(&mut self, phone: u16) {
        // The last phone, which rings and is picked up by nobody.
        let call = self.stations.dial(self.sip, &format!("{}", 1000 + PHONES), &station(phone), b"private", true);
        self.private.insert(phone, call);
    }

    async fn calls_us(&mut self, phone: u16, number: &str) -> Call {
        self.stations.dial(self.sip, number, &station(phone), b"", true)
    }

    async fn ends_private_call(&mut self, phone: u16) {
        self.private.remove(&phone).expect("a private call").hang_up();
    }

    async fn plug_in(&mut self, phone: u16) {
        self.phone_does(phone, PhoneDoes::Ring).await;
        register(self.sip, self.stations.address(), &station(phone), 60).await;
    }

    async fn unplug(&mut self, phone: u16) {
        register(self.sip, self.stations.address(), &station(phone), 0).await;
    }

    fn short_sound(&self) -> Sound {
        Sound(self.sounds.join("short"))
    }

    fn long_sound(&self) -> Sound {
        Sound(self.sounds.join("long"))
    }

    fn no_sound(&self) -> Sound {
        Sound(self.sounds.join("missing"))
    }

    async fn hears(&mut self, leg: &LegId, what: Heard) {
        // Orders for an AGI are carried out when its loop wakes, and the observer hears of it a little later.
        let until = Instant::now() + Duration::from_secs(2);
        while !self.does_hear(leg, &what).await {
            assert!(Instant::now() < until, "{leg} does not hear {what:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn is_rung_back(&mut self, phone: u16) {
        sounds_come_to(&self.at_phone(phone).expect("it is picked up")).await;
    }

    async fn is_heard(&mut self, one: u16, other: u16) {
        let (one, other) = (self.at_phone(one).expect("it talks"), self.at_phone(other).expect("it talks"));
        hear_each_other(&one, &other).await;
    }

    async fn hears_ringing(&mut self, caller: &Call, leg: &LegId) {
        // What comes is not the music that was heard before.
        self.hears(leg, Heard::Silence).await;
        sounds_come_to(caller).await;
    }

    async fn hears_nothing(&mut self, caller: &Call, leg: &LegId) {
        falls_silent(caller).await;
        self.hears(leg, Heard::Silence).await;
    }

    async fn speak_with_each_other(&mut self, caller: &Call, phone: u16) {
        hear_each_other(caller, &self.at_phone(phone).expect("it talks")).await;
    }

    async fn cut_link(&mut self) {
        self.proxy.cut();
    }

    async fn mend_link(&mut self) {
        self.proxy.mend();
    }

    async fn new_controller(&mut self) {
        let epoch = Epoch(self.controller.epoch().0 + 1);
        self.controller.die();
        tokio::time::sleep(Duration::from_millis(100)).await;
        let (link, told) = link(&self.driven, epoch);
        self.controller.rise(link, told, epoch);
    }
}

/// From a stranger's INVITE through the core's types to the From of the agent's phone.
pub async fn what_a_phone_shows_of_a_hostile_name_is_harmless(world: &mut Live) {
    let names: [&[u8]; 7] = [
        b"\"; Action: Logoff",
        b"\"><sip:evil@127.0.0.1>;tag=1, \"x",
        b"a\x01\x02\x7f\x1b[31mb",
        b"\xff\xfe not UTF-8 \xc3\x28",
        b"${SHELL(reboot)} ${EPOCH} $[1+1] %0d%0aAction: Hangup \\",
        "\u{5f20}\u{5148}\u{751f} \u{85}".as_bytes(),
        &[b'x'; 600],
    ];
    for (i, name) in names.iter().enumerate() {
        let from = format!("1060{i}");
        let caller = world.dial(&from, name).await;
        let (leg, name) = world
            .controller
            .expect(("the arrival of", &from), |input| match input {
                Input::CallerArrived { leg, from: number, name, .. } if number.as_str() == from => {
                    Some((leg.clone(), name.clone()))
                }
                _ => None,
            })
            .await;
        let station = World::station(world, 1);
        let agent = world.controller.ring_as(station, Duration::from_secs(20), name.clone()).await;
        world.controller.told(Input::LegRinging { leg: agent.clone() }).await;
        let shown = world.at_phone(1).expect("it rings").shown();
        let text = String::from_utf8(shown).expect("a header of text");
        // Exactly one quoted name, one address, and our number in it.
        let inside = text.strip_prefix('"').unwrap_or_else(|| panic!("{text:?}"));
        let (display, rest) = inside.split_once("\" <").unwrap_or_else(|| panic!("{text:?}"));
        assert!(!display.replace("\\\\", "").contains(['"', '<', '>', '\\']), "{name:?} is shown as {text:?}");
        assert!(!text.chars().any(char::is_control), "{text:?}");
        assert!(rest.starts_with("sip:10086@") && rest.matches('<').count() == 0, "{name:?} is shown as {text:?}");
        assert!(display.chars().count() <= LONGEST_FROM_OUTSIDE, "{text:?}");
        assert!(!display.contains("sip:evil@127.0.0.1>"), "{text:?}");
        world.controller.hang_up(&agent).await;
        world.controller.failed(&agent).await;
        world.hang_up(&caller).await;
        world.controller.hung_up(&leg).await;
    }
}

/// An async AGI carries out one command after the other, whoever gave them: ten seconds of the last controller's
/// prompt would hold up all that the new one says.
pub async fn a_new_controller_is_heard_though_a_prompt_of_the_last_one_plays(world: &mut Live) {
    let (caller, leg) = arrive(world, "10610").await;
    let effect = world.controller.order(Act::Answer { leg: leg.clone() }).await;
    world.controller.done(effect).await;
    let sound = world.long_sound();
    world.controller.play(&leg, sound.clone(), Duration::from_secs(12)).await;
    world.controller.play(&leg, sound, Duration::from_secs(24)).await;
    world.controller.listen(Duration::from_millis(300)).await;
    world.new_controller().await;
    assert_eq!(world.controller.snapshot().await.len(), 1);
    let began = Instant::now();
    let (sound, within) = (world.short_sound(), Duration::from_secs(5));
    let effect = world.controller.play(&leg, sound, within).await;
    world.controller.done(effect).await;
    assert!(began.elapsed() < Duration::from_millis(1_500), "heard after {:?}", began.elapsed());
    world.controller.music(&leg).await;
    world.hears(&leg, Heard::Music).await;
    world.hang_up(&caller).await;
    world.controller.hung_up(&leg).await;
}
