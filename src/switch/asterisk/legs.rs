//! The legs of one Asterisk as its events tell of them: frames in, the core's inputs out. No I/O and no clock of
//! its own, so that recorded transcripts drive it in tests.
//!
//! What it heals is measured on Asterisk 22: Bridge loses a hang-up now and then (`HangupRequest` with no `Hangup`
//! behind it), ends an async AGI without a word (BridgeEnter is the implicit end), and a leg that comes back
//! begins a new AGI under the same Uniqueid.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::ami::Frame;
use super::devices::{Devices, station_of};
use crate::calendar::Moment;
use crate::dialplan::Key;
use crate::routing::ids::{CallerName, LegId, PhoneNumber, StationAddress, SwitchName};
use crate::routing::tag::Tags;
use crate::routing::{Failure, Input, LegSeen, LegUp};

/// `HangupRequest` without `Hangup` for so long: the hang-up was lost under Bridge. Real ones follow within 5 ms.
pub const LOST_HANG_UP_AFTER: Duration = Duration::from_millis(100);

/// How long a leg in our hands may be without the dead man's limit. The core writes its tags on nearly every
/// caller within a millisecond, or hangs up, and the limit costs no order of its own then.
pub const LIMIT_WITHIN: Duration = Duration::from_millis(20);

/// How long a ring that the switch calls a failure may yet have a channel that says why: the answer to an Originate
/// overtakes its channel's own events (seen on Asterisk 22 by up to a few milliseconds, more on a loaded machine).
pub const CHANNEL_TOLD_WITHIN: Duration = Duration::from_millis(250);

/// The most legs kept. Asterisk's own limit in any sane installation is below it; beyond, new ones are not followed.
pub const MOST_LEGS: usize = 50_000;

/// Where the switch's own dialplan meets us.
#[derive(Clone, Debug)]
pub struct Contexts {
    pub entry: String,
    pub agent: String,
}

#[derive(Clone, Debug)]
pub struct Leg {
    /// The channel's full name: Bridge matches by prefix, and names are of one width. Empty until Newchannel.
    pub name: String,
    pub inbound: bool,
    /// In our async AGI.
    pub in_hand: bool,
    /// The core has been told of it (an arrival, or an answer).
    pub told: bool,
    pub up: LegUp,
    pub bridge: Option<Arc<str>>,
    /// A Bridge was sent for it that is not answered yet: what is queued for its AGI now would run when it is back.
    pub leaving: bool,
    /// It was told to leave its bridge, and is not in its AGI again.
    pub returning: bool,
    /// It may carry the dead man's limit, which would hang a talking call up: given by us, or by the dialplan on the way
    /// into our hands.
    pub limited: bool,
    pub from: PhoneNumber,
    pub caller_name: CallerName,
    pub to: PhoneNumber,
    pub tags: Option<Tags>,
    /// We were told to hang it up, and with what cause.
    pub hang_up: Option<u8>,
    /// Its phone has said that it rings.
    pub rang: bool,
}

impl Leg {
    fn new(inbound: bool) -> Self {
        Self {
            name: String::new(),
            inbound,
            in_hand: false,
            told: false,
            up: LegUp::Ringing,
            bridge: None,
            leaving: false,
            returning: false,
            limited: !inbound,
            from: PhoneNumber::new(""),
            caller_name: CallerName::new(""),
            to: PhoneNumber::new(""),
            tags: None,
            hang_up: None,
            rang: false,
        }
    }

    /// Whether it is to end some time after us: whom we hold, and whom we ring.
    pub const fn in_our_care(&self) -> bool {
        let rings =
            !self.inbound && self.bridge.is_none() && !self.name.is_empty() && matches!(self.up, LegUp::Ringing);
        (self.in_hand || rings) && !self.leaving
    }

    /// How an action names it.
    pub fn channel<'a>(&'a self, leg: &'a LegId) -> &'a str {
        if self.name.is_empty() { leg.as_str() } else { &self.name }
    }
}

/// What follows from an event, besides what the core is told.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "most are inputs, and each is used up where it was made")]
pub enum Heard {
    Tell(Input),
    /// An AGI command has ended: its CommandID, and whether it was carried out.
    CommandEnded {
        leg: LegId,
        command: String,
        done: bool,
    },
    /// In our AGI, for the first time or again.
    InHand {
        leg: LegId,
    },
    /// Whatever was queued for this leg's AGI is void, for this reason.
    AgiLeft {
        leg: LegId,
        why: Left,
    },
    /// The channel exists now, and was to be hung up before it did.
    HangUpNow {
        leg: LegId,
    },
}

/// Why a leg is not in our AGI any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Moved into a bridge, which ends an AGI without a word. What was queued and not begun is kept by the switch,
    /// and begins when the leg is back.
    Joined,
    /// The AGI ended: a hang-up is under way, a file was missing, or the dialplan took the call back.
    Ended,
    /// The leg is gone.
    HungUp,
}

#[derive(Debug)]
pub struct Legs {
    switch: SwitchName,
    contexts: Contexts,
    legs: BTreeMap<LegId, Leg>,
    /// Hang-ups asked for by the other end and not yet carried out, since when.
    hang_ups: BTreeMap<LegId, Moment>,
    /// Legs that came into our hands and have not been given the dead man's limit since, since when.
    unlimited: BTreeMap<LegId, Moment>,
    /// Rings that failed before anything was told of a channel, since when.
    unbegun: BTreeMap<LegId, Moment>,
    /// Who is in which bridge.
    bridges: HashMap<Arc<str>, Vec<LegId>>,
    devices: Devices,
    /// Phones that legs of ours have gone from since the last event.
    gone_from: Vec<StationAddress>,
}

impl Legs {
    pub fn new(switch: SwitchName, contexts: Contexts) -> Self {
        Self {
            devices: Devices::new(switch.clone()),
            gone_from: Vec::new(),
            switch,
            contexts,
            legs: BTreeMap::new(),
            hang_ups: BTreeMap::new(),
            unlimited: BTreeMap::new(),
            unbegun: BTreeMap::new(),
            bridges: HashMap::new(),
        }
    }

    pub fn get(&self, leg: &LegId) -> Option<&Leg> {
        self.legs.get(leg)
    }

    pub fn get_mut(&mut self, leg: &LegId) -> Option<&mut Leg> {
        self.legs.get_mut(leg)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&LegId, &Leg)> {
        self.legs.iter()
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&LegId, &mut Leg)> {
        self.legs.iter_mut()
    }

    pub fn len(&self) -> usize {
        self.legs.len()
    }

    pub fn is_empty(&self) -> bool {
        self.legs.is_empty()
    }

    /// What a complete list says lives, instead of all that was known. Rings whose channel is not there yet are
    /// in no list: they stay where `rings` says so (the connection that they were sent on still lives).
    pub fn replace(&mut self, listed: Vec<(LegId, Leg)>, rings: bool) {
        let before = std::mem::take(&mut self.legs);
        self.bridges.clear();
        if rings {
            self.legs.extend(before.into_iter().filter(|(_, leg)| !leg.inbound && leg.name.is_empty()));
        }
        for (id, leg) in listed {
            self.put(id, leg);
        }
        let legs = &self.legs;
        self.hang_ups.retain(|id, _| legs.contains_key(id));
        self.unlimited.retain(|id, _| legs.contains_key(id));
        self.unbegun.retain(|id, _| legs.contains_key(id));
    }

    /// A leg that we have just asked for, under the id we gave it.
    pub fn rung(&mut self, leg: &LegId, tags: Tags) {
        let mut new = Leg::new(false);
        new.tags = Some(tags);
        self.put(leg.clone(), new);
    }

    pub fn remove(&mut self, leg: &LegId) -> Option<Leg> {
        self.hang_ups.remove(leg);
        self.unlimited.remove(leg);
        self.unbegun.remove(leg);
        self.enter_bridge(leg, None);
        let gone = self.legs.remove(leg)?;
        self.gone_from.extend(station_of(&gone.name).filter(|_| !gone.inbound));
        Some(gone)
    }

    /// The other end has hung up, and the switch has not carried it out yet.
    pub fn is_dying(&self, leg: &LegId) -> bool {
        self.hang_ups.contains_key(leg)
    }

    fn enter_bridge(&mut self, id: &LegId, bridge: Option<Arc<str>>) {
        let Some(leg) = self.legs.get_mut(id) else { return };
        let before = std::mem::replace(&mut leg.bridge, bridge.clone());
        if before == bridge {
            return;
        }
        if let Some(before) = before
            && let Some(inside) = self.bridges.get_mut(&before)
        {
            inside.retain(|other| other != id);
            if inside.is_empty() {
                self.bridges.remove(&before);
            }
        }
        if let Some(bridge) = bridge {
            self.bridges.entry(bridge).or_default().push(id.clone());
        }
    }

    /// Legs whose hang-up was lost: to be hung up by us. Each comes again after the same time.
    pub fn lost_hang_ups(&mut self, now: Moment) -> Vec<LegId> {
        let mut lost = Vec::new();
        for (id, since) in &mut self.hang_ups {
            if now.since(*since) >= LOST_HANG_UP_AFTER {
                *since = now;
                lost.push(id.clone());
            }
        }
        lost
    }

    /// This leg is in our hands, again or for the first time: whatever is written on a caller next carries the limit.
    pub fn wants_limit(&mut self, now: Moment, leg: &LegId) {
        if self.legs.get(leg).is_some_and(|known| known.in_hand && !known.leaving) {
            self.unlimited.entry(leg.clone()).or_insert(now);
        }
    }

    /// It was sent with the limit, or without and shall have none.
    pub fn limit_sent(&mut self, leg: &LegId, limited: bool) {
        self.unlimited.remove(leg);
        if let Some(known) = self.legs.get_mut(leg) {
            known.limited = limited;
        }
    }

    /// Every leg in our care was sent the limit just now.
    pub fn all_limited(&mut self) {
        self.unlimited.clear();
    }

    /// Legs on which nothing was written for [`LIMIT_WITHIN`]: the limit goes by itself.
    pub fn still_unlimited(&mut self, now: Moment) -> Vec<LegId> {
        let late = |since: &Moment| now.since(*since) >= LIMIT_WITHIN;
        let due: Vec<LegId> =
            self.unlimited.iter().filter(|(_, since)| late(since)).map(|(id, _)| id.clone()).collect();
        due.iter().for_each(|leg| self.limit_sent(leg, true));
        due
    }

    /// Rings that failed and of whose channel nothing was told since: there never was one, as of a phone that does not
    /// exist. Of all others `Hangup` says more.
    pub fn never_begun(&mut self, now: Moment) -> Vec<Heard> {
        let late = |since: &Moment| now.since(*since) >= CHANNEL_TOLD_WITHIN;
        let due: Vec<LegId> = self.unbegun.iter().filter(|(_, since)| late(since)).map(|(id, _)| id.clone()).collect();
        due.iter().flat_map(|leg| self.ended(leg, Failure::Unreachable)).collect()
    }

    /// When there is something to mend at the earliest: a hang-up that may be lost, a leg without a limit, a ring that
    /// never began.
    pub fn mend_at(&self) -> Option<Moment> {
        let lost = self.hang_ups.values().min().map(|since| *since + LOST_HANG_UP_AFTER);
        let unlimited = self.unlimited.values().min().map(|since| *since + LIMIT_WITHIN);
        let unbegun = self.unbegun.values().min().map(|since| *since + CHANNEL_TOLD_WITHIN);
        lost.into_iter().chain(unlimited).chain(unbegun).chain(self.devices.due()).min()
    }

    /// Work one event in.
    pub fn hear(&mut self, now: Moment, frame: &Frame) -> Vec<Heard> {
        let heard = self.work_in(now, frame);
        for station in std::mem::take(&mut self.gone_from) {
            self.devices.leg_gone(now, station);
        }
        heard
    }

    fn work_in(&mut self, now: Moment, frame: &Frame) -> Vec<Heard> {
        let Some(event) = frame.event() else { return Vec::new() };
        if event == "DeviceStateChange" {
            let legs = &self.legs;
            return self.devices.hear(frame, &|station| is_on(legs, station)).map(Heard::Tell).into_iter().collect();
        }
        if event == "OriginateResponse" {
            self.originate_answered(now, frame);
            return Vec::new();
        }
        let Some(id) = frame.text("Uniqueid").map(|id| LegId::new(id.as_ref())) else { return Vec::new() };
        match event {
            "Newchannel" => self.new_channel(now, &id, frame),
            "Newstate" => self.new_state(&id, frame),
            "AsyncAGIStart" => self.agi_started(&id, frame),
            "AsyncAGIExec" => self.agi_executed(&id, frame),
            "AsyncAGIEnd" => {
                if let Some(leg) = self.legs.get_mut(&id) {
                    leg.in_hand = false;
                    return vec![Heard::AgiLeft { leg: id, why: Left::Ended }];
                }
                Vec::new()
            }
            "BridgeEnter" => self.bridge_entered(&id, frame),
            "BridgeLeave" => {
                let left = frame.text("BridgeUniqueid");
                if self.legs.get(&id).is_some_and(|leg| leg.bridge.as_deref() == left.as_deref()) {
                    self.enter_bridge(&id, None);
                }
                Vec::new()
            }
            "HangupRequest" => {
                if self.legs.contains_key(&id) {
                    self.hang_ups.entry(id).or_insert(now);
                }
                Vec::new()
            }
            "Hangup" => self.hung_up(&id, frame),
            "DTMFEnd" => self.key_pressed(&id, frame),
            // Every other event of the switch decides nothing.
            _ => Vec::new(),
        }
    }

    fn new_channel(&mut self, now: Moment, id: &LegId, frame: &Frame) -> Vec<Heard> {
        let name = frame.text("Channel").unwrap_or_default().into_owned();
        if name.starts_with("Surrogate/") {
            return Vec::new();
        }
        self.unbegun.remove(id);
        if let Some(leg) = self.legs.get_mut(id) {
            leg.name = name;
            if leg.hang_up.is_some() {
                // Until it is gone: this one may be lost as any other.
                self.hang_ups.entry(id.clone()).or_insert(now);
                return vec![Heard::HangUpNow { leg: id.clone() }];
            }
            return Vec::new();
        }
        let context = frame.text("Context").unwrap_or_default();
        if context != self.contexts.entry || self.legs.len() >= MOST_LEGS {
            return Vec::new();
        }
        let mut leg = Leg::new(true);
        leg.name = name;
        leg.caller(frame);
        self.legs.insert(id.clone(), leg);
        Vec::new()
    }

    fn new_state(&mut self, id: &LegId, frame: &Frame) -> Vec<Heard> {
        if !self.legs.contains_key(id) {
            // Rung on a connection that is lost by now.
            let tags = tags_of(frame).filter(Tags::on_a_leg_we_rang);
            let Some(tags) = tags.filter(|_| self.legs.len() < MOST_LEGS) else { return Vec::new() };
            let mut leg = Leg::new(false);
            leg.name = frame.text("Channel").unwrap_or_default().into_owned();
            leg.tags = Some(tags);
            self.legs.insert(id.clone(), leg);
        }
        let Some(leg) = self.legs.get_mut(id) else { return Vec::new() };
        match frame.get("ChannelState") {
            Some(b"6") => leg.up = LegUp::Up,
            Some(b"5") if !leg.inbound && !leg.rang => {
                leg.rang = true;
                return vec![Heard::Tell(Input::LegRinging { leg: id.clone() })];
            }
            Some(_) | None => {}
        }
        Vec::new()
    }

    fn agi_started(&mut self, id: &LegId, frame: &Frame) -> Vec<Heard> {
        let context = frame.text("Context").unwrap_or_default();
        let ours = context == self.contexts.entry || context == self.contexts.agent;
        if !self.legs.contains_key(id) {
            if !ours || self.legs.len() >= MOST_LEGS {
                return Vec::new();
            }
            let mut leg = Leg::new(context == self.contexts.entry);
            leg.name = frame.text("Channel").unwrap_or_default().into_owned();
            leg.tags = tags_of(frame);
            self.legs.insert(id.clone(), leg);
        }
        let switch = self.switch.clone();
        let dying = self.hang_ups.contains_key(id);
        self.enter_bridge(id, None);
        let Some(leg) = self.legs.get_mut(id) else { return Vec::new() };
        leg.in_hand = true;
        leg.limited = true;
        leg.returning = false;
        leg.up = if frame.get("ChannelState") == Some(b"6") { LegUp::Up } else { leg.up };
        if dying || leg.hang_up.is_some() {
            // A dead channel that fell back into its AGI: its hang-up is under way.
            return Vec::new();
        }
        let in_hand = Heard::InHand { leg: id.clone() };
        if leg.told {
            return vec![in_hand, Heard::Tell(Input::LegParted { leg: id.clone() })];
        }
        leg.told = true;
        if leg.inbound {
            leg.caller(frame);
            let arrived = Input::CallerArrived {
                switch,
                leg: id.clone(),
                from: leg.from.clone(),
                name: leg.caller_name.clone(),
                to: leg.to.clone(),
                station: station_of(&leg.name),
            };
            vec![Heard::Tell(arrived), in_hand]
        } else {
            vec![Heard::Tell(Input::LegAnswered { leg: id.clone() }), in_hand]
        }
    }

    fn agi_executed(&mut self, id: &LegId, frame: &Frame) -> Vec<Heard> {
        let Some(command) = frame.text("CommandId") else { return Vec::new() };
        let result = frame.get("Result").and_then(super::ami::AgiResult::decode);
        let done = result.is_some_and(|result| result.is_done());
        vec![Heard::CommandEnded { leg: id.clone(), command: command.into_owned(), done }]
    }

    fn bridge_entered(&mut self, id: &LegId, frame: &Frame) -> Vec<Heard> {
        let Some(bridge) = frame.text("BridgeUniqueid").map(|bridge| Arc::from(bridge.as_ref())) else {
            return Vec::new();
        };
        self.enter_bridge(id, Some(bridge));
        let Some(leg) = self.legs.get_mut(id) else { return Vec::new() };
        leg.in_hand = false;
        leg.leaving = false;
        leg.up = LegUp::Up;
        let mut heard = vec![Heard::AgiLeft { leg: id.clone(), why: Left::Joined }];
        // A pick-up whose AGI we never saw begin counts as one.
        if !leg.inbound && !leg.told {
            leg.told = true;
            heard.push(Heard::Tell(Input::LegAnswered { leg: id.clone() }));
        }
        if let Some(other) = self.joined_with(id) {
            heard.push(Heard::Tell(Input::LegsJoined { a: other, b: id.clone() }));
        }
        heard
    }

    fn joined_with(&self, id: &LegId) -> Option<LegId> {
        let bridge = self.legs.get(id)?.bridge.as_deref()?;
        self.bridges.get(bridge)?.iter().find(|other| *other != id).cloned()
    }

    fn hung_up(&mut self, id: &LegId, frame: &Frame) -> Vec<Heard> {
        let rang = self.legs.get(id).is_some_and(|leg| leg.rang);
        self.ended(id, failure(frame, rang, self.is_dying(id)))
    }

    /// A leg is gone, by its own event or by another proof. Exactly one end is told of each: of one that was rung
    /// and never answered, `LegFailed` alone.
    pub fn ended(&mut self, id: &LegId, why: Failure) -> Vec<Heard> {
        let Some(leg) = self.remove(id) else { return Vec::new() };
        let mut heard = vec![Heard::AgiLeft { leg: id.clone(), why: Left::HungUp }];
        if leg.told {
            heard.push(Heard::Tell(Input::LegHungUp { leg: id.clone() }));
        } else if !leg.inbound {
            let why = if leg.hang_up.is_some() { Failure::Withdrawn } else { why };
            heard.push(Heard::Tell(Input::LegFailed { leg: id.clone(), why }));
        }
        heard
    }

    /// Only this is said of a phone that does not exist; of all others it may come before what their channel says.
    fn originate_answered(&mut self, now: Moment, frame: &Frame) {
        let failed = frame.get("Response") == Some(b"Failure");
        let Some(id) = frame.text("Uniqueid").map(|id| LegId::new(id.as_ref())) else { return };
        if failed && self.legs.get(&id).is_some_and(|leg| leg.name.is_empty() && !leg.inbound) {
            self.unbegun.entry(id).or_insert(now);
        }
    }

    fn key_pressed(&self, id: &LegId, frame: &Frame) -> Vec<Heard> {
        let received = frame.get("Direction") == Some(b"Received");
        let digit = frame.text("Digit").and_then(|digit| digit.chars().next());
        match (self.legs.get(id), digit.and_then(|digit| Key::try_from(digit).ok())) {
            (Some(leg), Some(key)) if received && leg.told => {
                vec![Heard::Tell(Input::KeyPressed { leg: id.clone(), key })]
            }
            (Some(_) | None, Some(_) | None) => Vec::new(),
        }
    }

    /// One item of `CoreShowChannels` or `Status`; `None` where it is none of our business.
    pub fn listed(&self, item: &Frame) -> Option<(LegId, Leg)> {
        let id = LegId::new(item.text("Uniqueid")?.as_ref());
        let name = item.text("Channel")?.into_owned();
        let context = item.text("Context").unwrap_or_default();
        let tags = tags_of(item);
        let inbound = context != self.contexts.agent && !tags.as_ref().is_some_and(Tags::on_a_leg_we_rang);
        let ours = context == self.contexts.entry || context == self.contexts.agent || tags.is_some();
        if !ours || name.starts_with("Surrogate/") {
            return None;
        }
        let mut leg = self.legs.get(&id).cloned().unwrap_or_else(|| Leg::new(inbound));
        leg.inbound = inbound;
        leg.name = name;
        leg.up = if item.get("ChannelState") == Some(b"6") { LegUp::Up } else { LegUp::Ringing };
        leg.rang |= item.get("ChannelState") == Some(b"5");
        let bridge = item.text("BridgeId").or_else(|| item.text("BridgeID")).unwrap_or_default();
        leg.bridge = (!bridge.is_empty()).then(|| Arc::from(bridge.as_ref()));
        let in_our_lines = context == self.contexts.entry || context == self.contexts.agent;
        // The application is the last one executed, and within the AGI it may be anything that we had executed. But
        // our lines of the dialplan lead into the AGI and nowhere else: who is on them is in it, or a few steps away
        // (that `AsyncAGIStart` follows, and is told as `LegParted`). What the switch serves by itself is elsewhere.
        let leaves = item.get("Application") == Some(b"Hangup");
        leg.in_hand = leg.bridge.is_none() && in_our_lines && !leaves;
        leg.leaving = false;
        leg.returning = false;
        if leg.inbound {
            leg.caller(item);
        }
        if tags.is_some() {
            leg.tags = tags;
        }
        // Who talks was given none when it was joined, and who rings has had one since its birth.
        leg.limited &= leg.bridge.is_none();
        // A phone that rings has still to be told answered, or failed.
        leg.told = leg.in_hand && (leg.inbound || leg.up == LegUp::Up) || leg.bridge.is_some();
        Some((id, leg))
    }

    pub fn put(&mut self, id: LegId, mut leg: Leg) {
        if self.legs.len() < MOST_LEGS {
            self.enter_bridge(&id, None);
            let bridge = leg.bridge.take();
            self.legs.insert(id.clone(), leg);
            self.enter_bridge(&id, bridge);
        }
    }

    /// A list of all phones is asked for.
    pub fn phones_asked(&mut self) {
        self.devices.list_asked();
    }

    /// What a complete list says of all phones: what is news.
    pub fn phones_listed<'f>(&mut self, items: impl Iterator<Item = &'f Frame>) -> Vec<Input> {
        let legs = &self.legs;
        self.devices.listed(items, &|station| is_on(legs, station))
    }

    /// Phones that are still in use though our leg on them has ended.
    pub fn phones_settled(&mut self, now: Moment) -> Vec<Input> {
        let legs = &self.legs;
        self.devices.settle(now, &|station| is_on(legs, station))
    }

    /// Whether a phone was told as one that cannot be rung.
    pub fn any_phone_not_free(&self) -> bool {
        self.devices.any_not_free()
    }

    /// As a snapshot shows it.
    pub fn seen(&self, id: &LegId) -> Option<LegSeen> {
        let leg = self.legs.get(id)?;
        Some(LegSeen {
            leg: id.clone(),
            up: leg.up,
            joined_with: self.joined_with(id),
            in_hand: leg.in_hand,
            tags: leg.tags.clone(),
            from: leg.from.clone(),
            name: leg.caller_name.clone(),
            to: leg.to.clone(),
            inbound: leg.inbound,
        })
    }
}

impl Leg {
    /// Who calls whom, from any event that says so. Names may hold anything.
    fn caller(&mut self, frame: &Frame) {
        let known = |text: &str| !text.is_empty() && text != "<unknown>";
        if let Some(from) = frame.text("CallerIDNum").filter(|text| known(text)) {
            self.from = PhoneNumber::cleaned(&from);
        }
        if let Some(name) = frame.text("CallerIDName").filter(|text| known(text)) {
            self.caller_name = CallerName::cleaned(&name);
        }
        if let Some(to) = frame.text("Exten").filter(|text| known(text)) {
            // Past the first step of the switch's dialplan the extension may be `h`, `T` or `s`.
            if to.starts_with(|c: char| c.is_ascii_digit() || "+*#".contains(c)) {
                self.to = PhoneNumber::cleaned(&to);
            }
        }
    }
}

/// Whether a leg that we rang is on this phone.
fn is_on(legs: &BTreeMap<LegId, Leg>, station: &StationAddress) -> bool {
    let on = |leg: &Leg| leg.name.strip_prefix(station.as_str()).is_some_and(|rest| rest.starts_with('-'));
    legs.values().any(|leg| !leg.inbound && on(leg) && station_of(&leg.name).as_ref() == Some(station))
}

fn tags_of(frame: &Frame) -> Option<Tags> {
    let value = |name| frame.channel_variable(name).map(String::from_utf8_lossy);
    let [centre, call, epoch, state] = Tags::NAMES.map(value);
    Tags::read([&centre?, &call?, &epoch?, &state?])
}

/// Q.850 causes with SIP's reply beside them where the switch gives it (measured: 17/486, 21/603, 19/480, 1/404,
/// 34/503; 127/487 after our own CANCEL, at the end of ringing too).
/// A phone that the switch has given up ringing is 19/480 as well; but what a phone says comes as a `HangupRequest`
/// first (`refused`), and a switch that gives up asks nobody. One that never even rang is not there.
fn failure(frame: &Frame, rang: bool, refused: bool) -> Failure {
    let sip = frame.number::<u16>("TechCause");
    match frame.number::<u8>("Cause") {
        Some(17) => Failure::Busy,
        Some(21) => Failure::Rejected,
        Some(19) if if refused { sip == Some(480) } else { !rang } => Failure::Unreachable,
        Some(1 | 2 | 3 | 20 | 22 | 27 | 28 | 34 | 38 | 41 | 42 | 44 | 50 | 58 | 88) => Failure::Unreachable,
        Some(_) | None => Failure::NoAnswer,
    }
}
