//! The scenarios' controller: gives orders, hears what is told, and keeps all of it to hold the driver to its word.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::time::Duration;

use cordboard::calendar::Moment;
use cordboard::routing::ids::*;
use cordboard::routing::tag::{Place, Tags};
use cordboard::routing::{Act, Failure, HangUpCause, Input, LegSeen, Line, Refusal, Returned};
use cordboard::switch::{Event, Link, Order, Sound, SwitchAct, Ticket, Told};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::world::{CALLED, World};

/// The deadline of an order that says nothing of its own.
const DEADLINE: Duration = Duration::from_secs(5);

const BEAT_EVERY: Duration = Duration::from_millis(500);

/// How late a return may come after its deadline: the time to wake up on a busy machine.
const AFTER_DEADLINE: Duration = Duration::from_millis(500);

pub struct Controller {
    /// Phones are asked to pick up by themselves.
    pub auto_answer: bool,
    link: Option<Link>,
    told: mpsc::Receiver<Told>,
    beats: JoinHandle<()>,
    epoch: Epoch,
    numbers: u32,
    patience: Duration,
    /// The switch's clock at an instant of ours, for deadlines.
    clock: (Instant, Moment),
    /// All that was heard; `true` where a scenario has taken it.
    heard: Vec<(Input, bool)>,
    deadlines: BTreeMap<EffectId, Instant>,
    /// Rings that came back done.
    rings: BTreeMap<EffectId, LegId>,
    returned: BTreeMap<EffectId, Returned>,
    faults: Vec<String>,
    linked: u32,
}

impl Drop for Controller {
    fn drop(&mut self) {
        self.beats.abort();
    }
}

fn beats(link: &Link) -> JoinHandle<()> {
    let orders = link.orders.downgrade();
    tokio::spawn(async move {
        while let Some(orders) = orders.upgrade() {
            if orders.send(Order::Beat).await.is_err() {
                return;
            }
            drop(orders);
            tokio::time::sleep(BEAT_EVERY).await;
        }
    })
}

impl Controller {
    pub fn new(link: Link, told: mpsc::Receiver<Told>, epoch: Epoch, now: Moment, patience: Duration) -> Self {
        Self {
            auto_answer: false,
            beats: beats(&link),
            link: Some(link),
            told,
            epoch,
            numbers: 0,
            patience,
            clock: (Instant::now(), now),
            heard: Vec::new(),
            deadlines: BTreeMap::new(),
            rings: BTreeMap::new(),
            returned: BTreeMap::new(),
            faults: Vec::new(),
            linked: 0,
        }
    }

    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Ends as a killed process does: the link drops, and what was on its way is nobody's.
    pub fn die(&mut self) {
        self.beats.abort();
        self.link = None;
        let (_, nobody) = mpsc::channel(1);
        self.told = nobody;
        self.deadlines.clear();
    }

    /// Begins anew after [`Self::die`], with nothing known.
    pub fn rise(&mut self, link: Link, told: mpsc::Receiver<Told>, epoch: Epoch) {
        self.beats = beats(&link);
        (self.link, self.told, self.epoch, self.numbers) = (Some(link), told, epoch, 0);
        self.heard.clear();
        self.rings.clear();
        self.returned.clear();
    }

    fn next(&mut self) -> u32 {
        self.numbers += 1;
        self.numbers
    }

    async fn give(&mut self, act: SwitchAct, within: Duration) -> EffectId {
        let effect = EffectId { epoch: self.epoch, number: self.next() };
        let deadline = self.clock.1 + self.clock.0.elapsed() + within;
        self.deadlines.insert(effect, Instant::now() + within);
        if let SwitchAct::Act(Act::Ring { leg, .. }) = &act {
            self.rings.insert(effect, leg.clone());
        }
        let ticket = Ticket { centre: CentreName::new("demo"), effect };
        let orders = &self.link.as_ref().expect("a scenario orders only while there is a controller").orders;
        orders.send(Order::Do { ticket, act, deadline }).await.expect("the driver takes orders");
        effect
    }

    pub async fn order(&mut self, act: Act) -> EffectId {
        self.give(SwitchAct::Act(act), DEADLINE).await
    }

    pub async fn play(&mut self, leg: &LegId, sound: Sound, within: Duration) -> EffectId {
        self.give(SwitchAct::Play { leg: leg.clone(), sounds: vec![sound] }, within).await
    }

    /// Rings a station under a new leg.
    pub async fn ring(&mut self, station: StationAddress, ring_for: Duration) -> LegId {
        self.ring_as(station, ring_for, CallerName::new("A caller")).await
    }

    /// Rings a station, which is to show this name.
    pub async fn ring_as(&mut self, station: StationAddress, ring_for: Duration, name: CallerName) -> LegId {
        let offer = OfferId { epoch: self.epoch, number: self.next() };
        let leg = LegId::new(offer.to_string());
        let tags = self.tags(Place::Offered { offer, agent: AgentName::new("li.na") });
        let from = PhoneNumber::new("10086");
        self.order(Act::Ring { leg: leg.clone(), station, from, name, ring_for, auto_answer: self.auto_answer, tags })
            .await;
        leg
    }

    /// Rings a telephone outside, which is shown the centre's number.
    pub async fn ring_out(&mut self, station: StationAddress, ring_for: Duration, place: Place) -> LegId {
        let leg = LegId::new(OfferId { epoch: self.epoch, number: self.next() }.to_string());
        let tags = self.tags(place);
        let (from, name) = (PhoneNumber::new(CALLED), CallerName::new(""));
        self.order(Act::Ring { leg: leg.clone(), station, from, name, ring_for, auto_answer: self.auto_answer, tags })
            .await;
        leg
    }

    pub async fn hang_up(&mut self, leg: &LegId) -> EffectId {
        self.order(Act::HangUp { leg: leg.clone(), cause: HangUpCause::Normal }).await
    }

    pub async fn connect(&mut self, caller: &LegId, agent: &LegId) -> EffectId {
        self.order(Act::Connect { caller: caller.clone(), agent: agent.clone() }).await
    }

    pub async fn music(&mut self, leg: &LegId) {
        let effect = self.order(Act::StartMusic { leg: leg.clone(), class: "default".into() }).await;
        self.done(effect).await;
    }

    pub fn tags(&mut self, place: Place) -> Tags {
        let call = CallId { epoch: self.epoch, number: self.next() };
        Tags { centre: CentreName::new("demo"), call, epoch: self.epoch, place }
    }

    fn hear(&mut self, told: Told) {
        let input = match told.what {
            Event::Input(input) => input,
            Event::LinkUp => {
                self.linked += 1;
                return;
            }
            Event::Superseded { by } => {
                self.faults.push(format!("superseded by {by}"));
                return;
            }
        };
        if let Input::EffectReturned { effect, how } = &input {
            let ticketed = told.ticket.as_ref().is_some_and(|ticket| ticket.effect == *effect);
            if !ticketed {
                self.faults.push(format!("{effect} came back with ticket {:?}", told.ticket));
            }
            match self.deadlines.remove(effect) {
                None => self.faults.push(format!("{effect} came back {how:?}, which nobody waited for")),
                Some(deadline) if Instant::now() > deadline + AFTER_DEADLINE => {
                    self.faults.push(format!("{effect} came back {:?} after its deadline", deadline.elapsed()));
                }
                Some(_) => {}
            }
            self.returned.insert(*effect, how.clone());
        }
        self.heard.push((input, false));
    }

    /// Waits for an input of which `want` makes something, whether it has come already or comes yet, and takes it.
    pub async fn expect<T>(&mut self, what: impl Debug, mut want: impl FnMut(&Input) -> Option<T>) -> T {
        let until = Instant::now() + self.patience;
        let mut looked_at = 0;
        loop {
            while let Some((input, taken)) = self.heard.get_mut(looked_at) {
                looked_at += 1;
                if !*taken && let Some(got) = want(input) {
                    *taken = true;
                    return got;
                }
            }
            match tokio::time::timeout_at(until, self.told.recv()).await {
                Ok(Some(told)) => self.hear(told),
                Ok(None) => panic!("the driver ended while we waited for {what:?}; heard {:#?}", self.heard),
                Err(_) => panic!("waited {:?} for {what:?}; heard {:#?}", self.patience, self.heard),
            }
        }
    }

    /// Waits for exactly this.
    pub async fn told(&mut self, this: Input) {
        self.expect(this.clone(), |input| (*input == this).then_some(())).await;
    }

    pub async fn returned(&mut self, effect: EffectId) -> Returned {
        self.expect(("the return of", effect), |input| match input {
            Input::EffectReturned { effect: which, how } if *which == effect => Some(how.clone()),
            _ => None,
        })
        .await
    }

    pub async fn done(&mut self, effect: EffectId) {
        let how = self.returned(effect).await;
        assert_eq!(how, Returned::Done, "{effect}; heard {:#?}", self.heard);
    }

    pub async fn refused_as_gone(&mut self, effect: EffectId, leg: &LegId) {
        let how = self.returned(effect).await;
        assert_eq!(how, Returned::Refused { why: Refusal::Gone(leg.clone()) });
    }

    pub async fn arrived(&mut self, from: &str) -> LegId {
        self.expect(("the arrival of", from), |input| match input {
            Input::CallerArrived { leg, from: number, .. } if number.as_str() == from => Some(leg.clone()),
            _ => None,
        })
        .await
    }

    pub async fn failed(&mut self, leg: &LegId) -> Failure {
        self.expect(("the failure of", leg), |input| match input {
            Input::LegFailed { leg: which, why } if which == leg => Some(*why),
            _ => None,
        })
        .await
    }

    pub async fn answered(&mut self, leg: &LegId) {
        self.told(Input::LegAnswered { leg: leg.clone() }).await;
    }

    pub async fn hung_up(&mut self, leg: &LegId) {
        self.told(Input::LegHungUp { leg: leg.clone() }).await;
    }

    pub async fn parted(&mut self, leg: &LegId) {
        self.told(Input::LegParted { leg: leg.clone() }).await;
    }

    pub async fn joined(&mut self, one: &LegId, two: &LegId) {
        self.expect(("the join of", one, two), |input| match input {
            Input::LegsJoined { a, b } => ((a == one && b == two) || (a == two && b == one)).then_some(()),
            _ => None,
        })
        .await;
    }

    pub async fn snapshot(&mut self) -> Vec<LegSeen> {
        self.expect("a snapshot", |input| match input {
            Input::SnapshotTaken { legs, .. } => Some(legs.clone()),
            _ => None,
        })
        .await
    }

    /// What the switch says of one leg, asked anew.
    pub async fn look(&mut self, leg: &LegId) -> Option<LegSeen> {
        let effect = self.order(Act::Look { leg: leg.clone() }).await;
        let seen = self
            .expect(("the look at", leg), |input| match input {
                Input::LegLookedAt { leg: which, seen, .. } if which == leg => Some(seen.clone()),
                _ => None,
            })
            .await;
        self.done(effect).await;
        seen
    }

    /// Hears what comes for so long.
    pub async fn listen(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while let Ok(Some(told)) = tokio::time::timeout_at(until, self.told.recv()).await {
            self.hear(told);
        }
    }

    /// What the switch has said that it can do.
    pub fn can_pick_up(&self) -> bool {
        self.heard.iter().any(|(input, _)| matches!(input, Input::AbilitiesTold { abilities, .. } if abilities.pick_up))
    }

    /// What the switch said of a phone last.
    pub fn last_said_of(&self, of: &StationAddress) -> Option<Line> {
        self.heard.iter().rev().find_map(|(input, _)| match input {
            Input::StationChanged { station, line, .. } if station == of => Some(*line),
            _ => None,
        })
    }

    pub fn heard(&self, this: &Input) -> usize {
        self.heard.iter().filter(|(input, _)| input == this).count()
    }

    pub fn ended(&self, leg: &LegId) -> bool {
        self.heard.iter().any(|(input, _)| match input {
            Input::LegHungUp { leg: which } | Input::LegFailed { leg: which, .. } => which == leg,
            _ => false,
        })
    }

    pub fn has_joined(&self, leg: &LegId) -> bool {
        self.heard.iter().any(|(input, _)| matches!(input, Input::LegsJoined { a, b } if a == leg || b == leg))
    }

    /// Nobody is stranded: what lives is joined with what lives, or in hand and told so; what is dead is told dead.
    pub async fn strands_none_of(&mut self, legs: &[&LegId]) {
        self.strands_none(legs, true).await;
    }

    /// The same, where they have been parted more than once.
    pub async fn strands_none_after_partings(&mut self, legs: &[&LegId]) {
        self.strands_none(legs, false).await;
    }

    async fn strands_none(&mut self, legs: &[&LegId], parted_once: bool) {
        // Longer than a driver needs to find and heal a hang-up that its switch has lost.
        self.listen(Duration::from_millis(500)).await;
        for leg in legs {
            let ended = self.ended(leg);
            match self.look(leg).await {
                None => assert!(ended, "{leg} is gone and nobody said so; heard {:#?}", self.heard),
                Some(seen) => {
                    assert!(!ended, "{leg} lives after its end was told; heard {:#?}", self.heard);
                    if let Some(other) = &seen.joined_with {
                        let there = self.look(other).await;
                        let back = there.as_ref().and_then(|there| there.joined_with.as_ref());
                        assert_eq!(back, Some(*leg), "{leg} is joined with nobody: {there:?}; {:#?}", self.heard);
                    } else {
                        assert!(seen.in_hand, "{leg} is in nobody's hands: {seen:?}; heard {:#?}", self.heard);
                        if self.has_joined(leg) {
                            let partings = self.heard(&Input::LegParted { leg: (*leg).clone() });
                            assert!(
                                if parted_once { partings == 1 } else { partings >= 1 },
                                "{leg} was joined, is not, and was not told parted; heard {:#?}",
                                self.heard
                            );
                        }
                    }
                }
            }
        }
    }

    /// The promises that hold at every moment, over all that was heard.
    pub async fn has_heard_only_what_was_promised(&mut self) {
        self.listen(Duration::from_millis(300)).await;
        let overdue = self.deadlines.iter().filter(|(_, by)| Instant::now() > **by + AFTER_DEADLINE);
        let overdue: Vec<&EffectId> = overdue.map(|(effect, _)| effect).collect();
        assert!(overdue.is_empty(), "never came back: {overdue:?}");
        assert!(self.faults.is_empty(), "{:#?}", self.faults);
        let mut ended = BTreeSet::new();
        let mut link_lost = false;
        for (input, _) in &self.heard {
            match input {
                Input::LegHungUp { leg } | Input::LegFailed { leg, .. } => {
                    assert!(ended.insert(leg.clone()), "{leg} ended twice; heard {:#?}", self.heard);
                }
                Input::LinkLost { .. } => {
                    assert!(!link_lost, "the link was lost twice and no snapshot came between");
                    link_lost = true;
                }
                Input::SnapshotTaken { .. } => link_lost = false,
                Input::CallerArrived { from, name, to, .. } => {
                    for text in [from.as_str(), name.as_str(), to.as_str()] {
                        assert!(text.chars().count() <= LONGEST_FROM_OUTSIDE, "{text:?}");
                        assert!(!text.chars().any(char::is_control), "{text:?}");
                    }
                }
                _ => {}
            }
            let of_a_leg = matches!(
                input,
                Input::CallerArrived { .. }
                    | Input::LegRinging { .. }
                    | Input::LegAnswered { .. }
                    | Input::LegFailed { .. }
                    | Input::LegHungUp { .. }
                    | Input::LegsJoined { .. }
                    | Input::LegParted { .. }
                    | Input::KeyPressed { .. }
            );
            assert!(!(link_lost && of_a_leg), "told without a link: {input:?}");
        }
        let lost_ever = self.heard.iter().any(|(input, _)| matches!(input, Input::LinkLost { .. }));
        for (effect, leg) in &self.rings {
            if lost_ever || self.returned.get(effect) != Some(&Returned::Done) {
                continue;
            }
            let answered = self.heard(&Input::LegAnswered { leg: leg.clone() });
            let failures = self.heard.iter().filter(|(i, _)| matches!(i, Input::LegFailed { leg: l, .. } if l == leg));
            let outcomes = answered + failures.count();
            assert!(outcomes <= 1, "{leg} was answered or failed {outcomes} times");
        }
    }
}

/// A caller dials and is in hand.
pub async fn arrive<W: World>(world: &mut W, from: &str) -> (W::Caller, LegId) {
    let caller = world.dial(from, b"A caller").await;
    let leg = world.controller().arrived(from).await;
    (caller, leg)
}

/// A phone is rung, and picked up as soon as it rings.
pub async fn pick_up<W: World>(world: &mut W, phone: u16) -> LegId {
    let station = world.station(phone);
    world.phone_does(phone, crate::world::PhoneDoes::Ring).await;
    let leg = world.controller().ring(station, Duration::from_secs(20)).await;
    assert!(world.pick_up(phone).await, "the phone stopped ringing by itself");
    world.controller().answered(&leg).await;
    leg
}

/// A caller and an agent who talk.
pub async fn talk<W: World>(world: &mut W, from: &str, phone: u16) -> (W::Caller, LegId, LegId) {
    let (caller, leg) = arrive(world, from).await;
    let agent = pick_up(world, phone).await;
    let effect = world.controller().connect(&leg, &agent).await;
    world.controller().done(effect).await;
    world.controller().joined(&leg, &agent).await;
    (caller, leg, agent)
}

/// The number called is the one every scenario dials.
pub fn called() -> PhoneNumber {
    PhoneNumber::new(CALLED)
}
