//! What phones do, as Asterisk sees them: `DeviceStateChange` and `DeviceStateList` in, the core's `StationChanged` out.
//! No I/O and no clock of its own.
//!
//! Asterisk says in use of a phone whatever it talks with. Our own calls are known by better ways, and each would be
//! two more inputs a call; so a phone that is in use by a leg of ours is not told as in use, unless it still is when
//! the leg has gone.
//!
//! (Not `ExtensionStatus`: it needs a hint in the switch's own dialplan for every phone, and says no more.)

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::ami::Frame;
use crate::calendar::Moment;
use crate::routing::ids::{StationAddress, SwitchName};
use crate::routing::{Input, Line};

/// From the end of our leg to the phone's being told free: within a millisecond as measured on Asterisk 22, and the two
/// come by different ways in the switch. A phone that is in use for longer is in use by a call that is not ours.
pub const FREED_WITHIN: Duration = Duration::from_millis(100);

/// The most phones followed. A switch of any real company has fewer; beyond, a phone is rung, and the ring tells.
pub const MOST_DEVICES: usize = 20_000;

/// Whether a leg of ours is on this phone.
pub type Ours<'a> = &'a dyn Fn(&StationAddress) -> bool;

#[derive(Clone, Copy, Debug)]
struct Device {
    /// As the switch has it, our own legs included.
    line: Line,
    /// What was told of it last.
    told: Line,
}

#[derive(Debug)]
pub struct Devices {
    switch: SwitchName,
    devices: BTreeMap<StationAddress, Device>,
    /// Phones that were in use when a leg of ours on them ended, since when.
    doubted: BTreeMap<StationAddress, Moment>,
    /// Heard of by an event since the last list was asked for: the list may be older.
    heard: BTreeSet<StationAddress>,
}

impl Devices {
    pub fn new(switch: SwitchName) -> Self {
        Self { switch, devices: BTreeMap::new(), doubted: BTreeMap::new(), heard: BTreeSet::new() }
    }

    /// One `DeviceStateChange`.
    pub fn hear(&mut self, frame: &Frame, ours: Ours<'_>) -> Option<Input> {
        let (station, line) = state_of(frame)?;
        let news = self.set(station.clone(), line, ours);
        // Of those that are followed alone, so that it has their bound.
        if self.devices.contains_key(&station) {
            self.heard.insert(station);
        }
        news
    }

    fn set(&mut self, station: StationAddress, line: Line, ours: Ours<'_>) -> Option<Input> {
        if self.devices.len() >= MOST_DEVICES && !self.devices.contains_key(&station) {
            return None;
        }
        if line != Line::InUse {
            self.doubted.remove(&station);
        }
        let device = self.devices.entry(station.clone()).or_insert(Device { line, told: Line::Unknown });
        device.line = line;
        if device.told == line || (line == Line::InUse && ours(&station)) {
            return None;
        }
        device.told = line;
        Some(Input::StationChanged { switch: self.switch.clone(), station, line })
    }

    /// A list is asked for: what is heard from now on wins over it.
    pub fn list_asked(&mut self) {
        self.heard.clear();
    }

    /// All the phones that the switch has. One that is not among them any more is not known.
    pub fn listed<'f>(&mut self, items: impl Iterator<Item = &'f Frame>, ours: Ours<'_>) -> Vec<Input> {
        let listed: BTreeMap<StationAddress, Line> = items.filter_map(state_of).collect();
        let known = self.devices.keys().filter(|station| !listed.contains_key(*station));
        let missing: Vec<(StationAddress, Line)> = known.map(|station| (station.clone(), Line::Unknown)).collect();
        let news = listed.into_iter().chain(missing).filter(|(station, _)| !self.heard.contains(station));
        let news: Vec<_> = news.collect();
        news.into_iter().filter_map(|(station, line)| self.set(station, line, ours)).collect()
    }

    /// A leg of ours is gone from this phone.
    pub fn leg_gone(&mut self, now: Moment, station: StationAddress) {
        if self.devices.get(&station).is_some_and(|device| device.line == Line::InUse && device.told != Line::InUse) {
            self.doubted.entry(station).or_insert(now);
        }
    }

    /// When a doubt is to be settled.
    pub fn due(&self) -> Option<Moment> {
        self.doubted.values().min().map(|since| *since + FREED_WITHIN)
    }

    /// Phones that are in use though our leg is gone.
    pub fn settle(&mut self, now: Moment, ours: Ours<'_>) -> Vec<Input> {
        let late = |since: &Moment| now.since(*since) >= FREED_WITHIN;
        let due = self.doubted.iter().filter(|(_, since)| late(since)).map(|(station, _)| station.clone());
        let due: Vec<StationAddress> = due.collect();
        self.doubted.retain(|station, _| !due.contains(station));
        due.into_iter().filter_map(|station| self.set(station, Line::InUse, ours)).collect()
    }

    /// Whether a phone was told as one that cannot be rung: to be looked at again, should its event never come.
    pub fn any_not_free(&self) -> bool {
        self.devices.values().any(|device| matches!(device.told, Line::InUse | Line::Unreachable))
    }
}

/// Which phone a channel is on: `PJSIP/a1001-0000002a` is `PJSIP/a1001`'s.
pub fn station_of(channel: &str) -> Option<StationAddress> {
    channel.rsplit_once('-').map(|(station, _)| StationAddress::new(station))
}

fn state_of(frame: &Frame) -> Option<(StationAddress, Line)> {
    let device = frame.text("Device")?;
    // Queue:, Custom:, MWI: and their like are no phones; those are a technology and a name.
    if !device.contains('/') || device.chars().any(char::is_control) {
        return None;
    }
    let line = match frame.get("State")? {
        // Rung by somebody else it may yet be picked up by nobody: it is free until it talks.
        b"NOT_INUSE" | b"RINGING" => Line::Free,
        b"INUSE" | b"BUSY" | b"ONHOLD" | b"RINGINUSE" => Line::InUse,
        b"UNAVAILABLE" | b"INVALID" => Line::Unreachable,
        _ => Line::Unknown,
    };
    Some((StationAddress::new(device.as_ref()), line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(device: &str, state: &str) -> Frame {
        Frame::from_lines(format!("Event: DeviceStateChange\r\nDevice: {device}\r\nState: {state}"))
    }

    fn at(ms: i64) -> Moment {
        Moment::from_ms(ms)
    }

    fn told(input: Option<Input>) -> Option<Line> {
        input.map(|input| match input {
            Input::StationChanged { line, .. } => line,
            other => panic!("{other:?}"),
        })
    }

    const NOBODY: Ours<'static> = &|_| false;
    const US: Ours<'static> = &|_| true;

    fn devices() -> Devices {
        Devices::new(SwitchName::new("pbx"))
    }

    #[test]
    fn a_private_call_is_told_when_it_begins_and_when_it_ends() {
        let mut devices = devices();
        assert_eq!(told(devices.hear(&event("PJSIP/a1001", "NOT_INUSE"), NOBODY)), Some(Line::Free));
        assert_eq!(told(devices.hear(&event("PJSIP/a1001", "RINGING"), NOBODY)), None);
        assert_eq!(told(devices.hear(&event("PJSIP/a1001", "INUSE"), NOBODY)), Some(Line::InUse));
        assert_eq!(told(devices.hear(&event("PJSIP/a1001", "ONHOLD"), NOBODY)), None, "no news");
        assert!(devices.any_not_free());
        assert_eq!(told(devices.hear(&event("PJSIP/a1001", "NOT_INUSE"), NOBODY)), Some(Line::Free));
        assert!(!devices.any_not_free());
    }

    #[test]
    fn our_own_call_is_no_news() {
        let mut devices = devices();
        devices.hear(&event("PJSIP/a1001", "NOT_INUSE"), NOBODY);
        assert_eq!(told(devices.hear(&event("PJSIP/a1001", "INUSE"), US)), None);
        devices.leg_gone(at(0), StationAddress::new("PJSIP/a1001"));
        assert_eq!(devices.due(), Some(at(100)));
        assert_eq!(told(devices.hear(&event("PJSIP/a1001", "NOT_INUSE"), NOBODY)), None);
        assert_eq!(devices.due(), None);
    }

    #[test]
    fn a_private_call_that_outlasts_ours_is_told_when_ours_is_gone() {
        let mut devices = devices();
        devices.hear(&event("PJSIP/a1001", "NOT_INUSE"), NOBODY);
        devices.hear(&event("PJSIP/a1001", "INUSE"), US);
        devices.leg_gone(at(0), StationAddress::new("PJSIP/a1001"));
        assert_eq!(devices.settle(at(99), NOBODY), []);
        let settled = devices.settle(at(100), NOBODY);
        assert_eq!(settled.into_iter().filter_map(|input| told(Some(input))).collect::<Vec<_>>(), [Line::InUse]);
    }

    #[test]
    fn an_event_wins_over_the_list_that_was_asked_for_before_it() {
        let mut devices = devices();
        devices.hear(&event("PJSIP/gone", "INUSE"), NOBODY);
        devices.list_asked();
        devices.hear(&event("PJSIP/a1001", "UNAVAILABLE"), NOBODY);
        let list = [event("PJSIP/a1001", "NOT_INUSE"), event("PJSIP/a1002", "INUSE"), event("Queue:x", "INUSE")];
        let news = devices.listed(list.iter(), NOBODY);
        let changed = |station: &str, line| {
            let (switch, station) = (SwitchName::new("pbx"), StationAddress::new(station));
            Input::StationChanged { switch, station, line }
        };
        assert_eq!(news, [changed("PJSIP/a1002", Line::InUse), changed("PJSIP/gone", Line::Unknown)]);
    }

    #[test]
    fn a_switch_that_names_ever_new_phones_fills_nothing_and_those_that_are_followed_are_followed_on() {
        let mut devices = devices();
        let name = |n: usize| format!("PJSIP/p{n}");
        for n in 0..MOST_DEVICES + 500 {
            devices.hear(&event(&name(n), "INUSE"), NOBODY);
            devices.leg_gone(at(0), StationAddress::new(name(n)));
        }
        assert_eq!((devices.devices.len(), devices.heard.len()), (MOST_DEVICES, MOST_DEVICES));
        assert!(devices.doubted.len() <= MOST_DEVICES);
        assert_eq!(told(devices.hear(&event(&name(7), "NOT_INUSE"), NOBODY)), Some(Line::Free));
        assert_eq!(told(devices.hear(&event(&name(MOST_DEVICES + 1), "NOT_INUSE"), NOBODY)), None);
        let list: Vec<Frame> = (0..MOST_DEVICES + 500).map(|n| event(&name(n), "UNAVAILABLE")).collect();
        devices.list_asked();
        assert_eq!(devices.listed(list.iter(), NOBODY).len(), MOST_DEVICES);
    }

    #[test]
    fn the_phone_of_a_channel_is_its_name_without_its_number() {
        assert_eq!(station_of("PJSIP/front-desk-0000002a"), Some(StationAddress::new("PJSIP/front-desk")));
        assert_eq!(station_of(""), None);
    }
}
