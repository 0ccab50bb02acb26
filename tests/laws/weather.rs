//! What befalls a shift: callers, agents and phones, and the misfortunes of links, switches and the controller.

use std::time::Duration;

use cordboard::calendar::Moment;
use cordboard::dialplan::{Key, KeypadAnswer};
use cordboard::routing::agent::{Presence, Work};
use cordboard::routing::call::Stage;
use cordboard::routing::dial_out::DialledNumber;
use cordboard::routing::ids::*;
use cordboard::routing::preference::{Acquaintance, KnownAs};
use cordboard::routing::{Input, PassedTo, Why};
use cordboard::switch::rehearsal::{Caller, Habit, Phone, Span, World};

use crate::hall::{REASONS, Seat, Size, ms, one_of, percent};
use crate::law::Broken;
use crate::shift::Shift;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Climate {
    Calm,
    Real,
    Harsh,
}

pub struct Weather {
    pub ends: Moment,
    between_callers: Duration,
    climate: Climate,
    disasters: bool,
    caller: Moment,
    people: Moment,
    mischief: Moment,
    disaster: Moment,
    mends: Vec<(Moment, SwitchName)>,
    restart: Option<Moment>,
}

impl Weather {
    pub fn new(shift: &mut Shift, length: Duration) -> Self {
        let chance = &mut shift.chance;
        let climate = [Climate::Calm, Climate::Real, Climate::Real, Climate::Harsh][chance.below(4) as usize];
        let disasters = percent(chance, 75);
        // From a quiet hall to one that drowns.
        let mut between_callers = Duration::from_millis([150, 400, 1_000, 2_500][chance.below(4) as usize]);
        // As much for each of them to do: these are five times as many.
        if shift.hall.size == Size::Large {
            between_callers /= 5;
        }
        let now = shift.now;
        let seats = shift.hall.seats.clone();
        for seat in seats {
            let phone = phone(shift);
            if let Some(exchange) = shift.exchanges.get_mut(&seat.switch) {
                exchange.happen(now, World::PhoneSetTo { station: seat.station.phone(), phone });
            }
        }
        for switch in shift.hall.switches.clone() {
            let phone = phone(shift);
            if let Some(exchange) = shift.exchanges.get_mut(&switch) {
                exchange.happen(now, World::OutsideSetTo { phone: Some(phone) });
            }
        }
        shift.set_climate(climate);
        Self {
            ends: now + length,
            between_callers,
            climate,
            disasters,
            caller: now,
            people: now,
            mischief: now,
            disaster: now + Duration::from_secs(10),
            mends: Vec::new(),
            restart: None,
        }
    }

    pub fn next(&self) -> Moment {
        let mends = self.mends.iter().map(|(at, _)| *at);
        mends
            .chain(self.restart)
            .chain([self.caller, self.people, self.mischief, self.disaster])
            .min()
            .unwrap_or(self.ends)
    }

    pub fn change(&mut self, shift: &mut Shift) -> Result<(), Broken> {
        let now = shift.now;
        if self.restart.is_some_and(|at| at <= now) {
            self.restart = None;
            shift.start()?;
        }
        let mended: Vec<SwitchName> =
            self.mends.iter().filter(|(at, _)| *at <= now).map(|(_, switch)| switch.clone()).collect();
        self.mends.retain(|(at, _)| *at > now);
        for switch in mended {
            if !shift.is_dead() {
                shift.happen(&switch, World::LinkMends)?;
            }
        }
        // A kill that waited for the next step may have struck at any of them.
        if shift.is_dead() && self.restart.is_none() {
            self.restart = Some(now + ms(&mut shift.chance, 50, 8_000));
        }
        if self.caller <= now {
            self.caller = now + around(shift, self.between_callers);
            caller_dials(shift)?;
            if percent(&mut shift.chance, 90) {
                somebody_is_known(shift)?;
            }
        }
        if self.people <= now {
            self.people = now + ms(&mut shift.chance, 20, 600);
            somebody_asks(shift)?;
            if percent(&mut shift.chance, 60) {
                somebody_dials(shift, self.disasters)?;
            }
            if percent(&mut shift.chance, 50) {
                somebody_disposes(shift, self.disasters)?;
            }
            if percent(&mut shift.chance, 6) {
                somebody_promises(shift, self.disasters)?;
            }
            if percent(&mut shift.chance, 3) {
                somebody_switches(shift)?;
            }
            if percent(&mut shift.chance, 40) {
                somebody_holds(shift, self.disasters)?;
            }
            if percent(&mut shift.chance, 30) {
                somebody_passes_on(shift, self.disasters)?;
            }
        }
        if self.mischief <= now {
            self.mischief = now + ms(&mut shift.chance, 50, 2_500);
            mischief(shift)?;
        }
        if self.disaster <= now {
            self.disaster = now + ms(&mut shift.chance, 1_000, 30_000);
            if self.disasters {
                self.disaster_strikes(shift)?;
            }
        }
        Ok(())
    }

    fn disaster_strikes(&mut self, shift: &mut Shift) -> Result<(), Broken> {
        let switch = one_of(&mut shift.chance, &shift.hall.switches.clone()).clone();
        let now = shift.now;
        match shift.chance.below(20) {
            0..=5 => {
                shift.happen(&switch, World::LinkBreaks)?;
                let lasts = if percent(&mut shift.chance, 50) {
                    ms(&mut shift.chance, 1, 100)
                } else {
                    ms(&mut shift.chance, 100, 15_000)
                };
                self.mends.push((now + lasts, switch));
            }
            6 => {
                shift.happen(&switch, World::SwitchRestarts)?;
                self.mends.push((now + ms(&mut shift.chance, 500, 10_000), switch));
            }
            7..=10 => shift.die()?,
            11..=14 => shift.kill_in_the_next_step(),
            15..=16 => shift.publish()?,
            17 => {
                let by_ms = shift.chance.below(10_000) as i64 - 5_000;
                shift.stepped_ms += by_ms;
                shift.tell(Input::WallClockStepped { by_ms })?;
            }
            _ => {
                // Late, doubled and nonsense; never a lie about a leg that lives.
                let gone = LegId::new("hall-o0000000001-00000001");
                let lives = shift.exchanges.values().any(|exchange| exchange.legs().any(|seen| seen.leg == gone));
                let leg = if lives || percent(&mut shift.chance, 50) { LegId::new("nobody") } else { gone };
                let input = match shift.chance.below(6) {
                    0 => Input::LegHungUp { leg },
                    1 => Input::LegAnswered { leg },
                    2 => Input::LegsJoined { a: leg.clone(), b: leg },
                    3 => Input::LegParted { leg },
                    4 => Input::LegLookedAt { switch, leg, seen: None },
                    _ => Input::KeyPressed { leg, key: Key::Star },
                };
                shift.tell(input)?;
            }
        }
        Ok(())
    }

    /// The end of the shift: everything works again, and nobody new calls.
    pub fn clears(&mut self, shift: &mut Shift) -> Result<(), Broken> {
        if self.climate == Climate::Harsh {
            shift.set_climate(Climate::Harsh);
        }
        shift.spare();
        if shift.is_dead() {
            shift.start()?;
        }
        for message in ["flood", "power_cut", "storm"] {
            let by = AgentName::new("lead");
            shift.tell(Input::EmergencySwitchedOff { message: MessageName::new(message), by, why: None })?;
        }
        for switch in shift.hall.switches.clone() {
            shift.happen(&switch, World::LinkMends)?;
            let habit = Habit::Answers { after: Span::ms(100, 3_000), talks: Some(Span::ms(1_000, 9_000)) };
            let presses = Some((Span::ms(0, 1_000), one()));
            shift.happen(&switch, World::OutsideSetTo { phone: Some(Phone { presses, ..Phone::with(habit) }) })?;
        }
        for seat in shift.hall.seats.clone() {
            let station = seat.station.phone();
            let habit = Habit::Answers { after: Span::ms(100, 3_000), talks: Some(Span::ms(1_000, 9_000)) };
            shift.happen(&seat.switch, World::PhonePluggedIn { station: station.clone() })?;
            shift.happen(&seat.switch, World::PhoneEndsOwnCall { station: station.clone() })?;
            shift.happen(&seat.switch, World::PhoneSetTo { station, phone: Phone::with(habit) })?;
        }
        Ok(())
    }
}

/// Between nothing and twice as much.
fn around(shift: &mut Shift, time: Duration) -> Duration {
    ms(&mut shift.chance, 0, time.as_millis() as u64 * 2)
}

fn phone(shift: &mut Shift) -> Phone {
    let after = match shift.chance.below(4) {
        0 => Span::ms(0, 20),
        _ => Span::ms(300, 4_000),
    };
    let talks = match shift.chance.below(4) {
        0 => None,
        1 => Some(Span::ms(0, 200)),
        _ => Some(Span::ms(1_000, 15_000)),
    };
    let habit = match shift.chance.below(20) {
        0..=14 => Habit::Answers { after, talks },
        15..=16 => Habit::Rings,
        17 => Habit::Rejects { after },
        18 => Habit::Busy,
        _ => Habit::Unreachable,
    };
    let answers_when_told = percent(&mut shift.chance, 70);
    // Most press the key that takes a call; a mailbox presses none.
    let pressed = if percent(&mut shift.chance, 10) { key(shift) } else { one() };
    let presses = percent(&mut shift.chance, 80).then(|| (Span::ms(0, 3_000), pressed));
    Phone { habit, lines: 1 + u8::from(percent(&mut shift.chance, 10)), answers_when_told, presses }
}

/// Of a customer: more of them do not answer than of agents' phones.
fn telephone(shift: &mut Shift) -> Phone {
    let after = Span::ms(0, 2_000);
    match shift.chance.below(10) {
        0..=4 => phone(shift),
        5 => Phone::with(Habit::Rings),
        6 => Phone::with(Habit::Unreachable),
        7 => Phone::with(Habit::Rejects { after }),
        _ => Phone::with(Habit::Busy),
    }
}

/// The key that takes a call at a telephone outside.
fn one() -> Key {
    Key::try_from('1').unwrap_or(Key::Star)
}

fn key(shift: &mut Shift) -> Key {
    let keys: Vec<Key> = "0123456789*#".chars().filter_map(|c| Key::try_from(c).ok()).collect();
    *one_of(&mut shift.chance, &keys)
}

fn caller_dials(shift: &mut Shift) -> Result<(), Broken> {
    let to = one_of(&mut shift.chance, &shift.hall.numbers.clone()).clone();
    let switch = one_of(&mut shift.chance, &shift.hall.switches.clone()).clone();
    let mut keys: Vec<(Duration, Key)> =
        (0..shift.chance.below(4)).map(|_| (ms(&mut shift.chance, 50, 6_000), key(shift))).collect();
    // Who wants to be called back presses the key, and now and then again.
    if percent(&mut shift.chance, 30) {
        keys.extend(Key::try_from('1').map(|one| (ms(&mut shift.chance, 2_000, 12_000), one)));
    }
    let from = match shift.chance.below(20) {
        0 => String::new(),
        1 => "anonymous".into(),
        2 => "19001234567".into(),
        _ => format!("1380013{:04}", shift.chance.below(400)),
    };
    let (least, most) = [(0, 50), (500, 8_000), (5_000, 60_000), (20_000, 90_000)][shift.chance.below(4) as usize];
    let caller = Caller {
        patience: Some(ms(&mut shift.chance, least, most)),
        talks: Some(ms(&mut shift.chance, 500, 20_000)),
        keys,
        ..Caller::new(&from, to.as_str())
    };
    shift.happen(&switch, World::CallerDials(caller))
}

fn somebody_asks(shift: &mut Shift) -> Result<(), Broken> {
    let seats = shift.hall.seats.clone();
    let seat = one_of(&mut shift.chance, &seats).clone();
    let agent = seat.agent.clone();
    // Now and then a supervisor does it for them, and says why.
    let forced = percent(&mut shift.chance, 20);
    let by = if forced { AgentName::new("lead") } else { agent.clone() };
    let why = forced.then(|| Why::from("the hall is empty".to_owned()));
    let presence =
        shift.core.as_ref().and_then(|core| core.agents().find(|of| of.name == agent).map(|of| of.presence.clone()));
    let reason = BreakReason::new(one_of(&mut shift.chance, &REASONS));
    // Now and then somebody helps out elsewhere for a while.
    let queues = if percent(&mut shift.chance, 15) {
        let there: Vec<QueueName> = shift.hall.plans[0].queues.keys().cloned().collect();
        [one_of(&mut shift.chance, &there).clone()].into()
    } else {
        seat.queues.clone()
    };
    let log_in = |station: StationAddress| Input::AgentLoggedIn {
        agent: agent.clone(),
        station,
        switch: seat.switch.clone(),
        queues: queues.clone(),
        skills: seat.skills.clone(),
        by: by.clone(),
        auto_answer: None,
    };
    let anything = shift.chance.below(100);
    let input = match (presence, anything) {
        // Whatever the state: people press buttons.
        (_, 0..=4) => log_in(one_of(&mut shift.chance, &seats).station.clone()),
        (_, 5..=7) => log_in(seat.station.clone()),
        (_, 8..=14) => Input::AgentEndedWrapUp { agent, by, why },
        (_, 15..=20) => Input::AgentEndedCall { agent, by, why },
        (_, 61..=75) => Input::AgentAnswered { agent, by },
        (_, 76..=84) => Input::AgentHeld { agent, by },
        (_, 85..=91) => Input::AgentRetrieved { agent, by },
        (_, 21..=23) => Input::AgentTookBreak { agent, reason, by, why },
        (_, 24..=26) => Input::AgentLoggedOut { agent, by, why },
        (_, 27..=29) => Input::AgentSaidReady { agent, by, why },
        (None | Some(Presence::Away { .. }), _) => log_in(seat.station.clone()),
        (Some(_), 92..=96) => Input::AgentAssigned { agent, queues, skills: seat.skills.clone(), by },
        (Some(Presence::OnBreak { .. } | Presence::Missed { .. }), _) => Input::AgentSaidReady { agent, by, why },
        (Some(Presence::Ready { .. }), 30..=60) => Input::AgentEndedWrapUp { agent, by, why },
        (Some(Presence::Ready { .. }), _) => return Ok(()),
    };
    shift.tell(input)
}

/// The emergency switch: on, off, on until a moment, or what there is not.
fn somebody_switches(shift: &mut Shift) -> Result<(), Broken> {
    let message = MessageName::new(*one_of(&mut shift.chance, &["flood", "power_cut", "storm", "nothing"]));
    let by = AgentName::new("lead");
    if percent(&mut shift.chance, 40) {
        return shift.tell(Input::EmergencySwitchedOff { message, by, why: None });
    }
    let until = shift.now + ms(&mut shift.chance, 1_000, 20_000);
    let until = percent(&mut shift.chance, 60).then_some(until);
    shift.tell(Input::EmergencySwitchedOn { message, until, by, why: None })
}

/// Somebody who talks: hold or back, now and then both at once, or with the hang-up of one of the two between.
fn somebody_holds(shift: &mut Shift, disasters: bool) -> Result<(), Broken> {
    let talking: Vec<(AgentName, bool, SwitchName, Option<LegId>)> = shift
        .core
        .iter()
        .flat_map(|core| core.agents())
        .filter_map(|agent| match &agent.work {
            Work::Talking { hold, .. } => {
                Some((agent.name.clone(), hold.is_some(), agent.switch.clone(), agent.leg.clone()))
            }
            _ => None,
        })
        .collect();
    if talking.is_empty() {
        return Ok(());
    }
    let (agent, held, switch, leg) = one_of(&mut shift.chance, &talking).clone();
    let by = agent.clone();
    let hold = Input::AgentHeld { agent: agent.clone(), by: by.clone() };
    let back = Input::AgentRetrieved { agent: agent.clone(), by };
    let (first, second) = if held { (back, hold) } else { (hold, back) };
    shift.tell(first)?;
    match shift.chance.below(10) {
        0..=1 => shift.tell(second),
        2 => match leg {
            Some(leg) => shift.happen(&switch, World::PhoneHangsUp { leg }),
            None => Ok(()),
        },
        3 => {
            let caller = shift.core.as_ref().and_then(|core| {
                core.calls().find(|call| matches!(&call.stage, Stage::Talking { agent: of, .. } if *of == agent))
            });
            match caller.map(|call| call.leg.clone()) {
                Some(leg) => shift.happen(&switch, World::CallerHangsUp { leg }),
                None => Ok(()),
            }
        }
        4 if disasters && percent(&mut shift.chance, 20) => {
            shift.kill_in_the_next_step();
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Somebody who talks passes the caller on, to whatever there is and now and then to what there is not; often as somebody hangs
/// up, is put on hold, logs out or dies.
fn somebody_passes_on(shift: &mut Shift, disasters: bool) -> Result<(), Broken> {
    let agents: Vec<_> = shift.core.iter().flat_map(|core| core.agents()).collect();
    let talking: Vec<(AgentName, Option<LegId>, SwitchName, Option<CallId>)> = agents
        .iter()
        .filter(|agent| matches!(agent.work, Work::Talking { .. }))
        .map(|agent| (agent.name.clone(), agent.leg.clone(), agent.switch.clone(), agent.work.call()))
        .collect();
    let free: Vec<AgentName> = agents.iter().filter(|agent| agent.is_free()).map(|agent| agent.name.clone()).collect();
    let anybody: Vec<AgentName> = shift.hall.seats.iter().map(|seat| seat.agent.clone()).collect();
    if talking.is_empty() {
        return Ok(());
    }
    let (agent, leg, switch, call) = one_of(&mut shift.chance, &talking).clone();
    let plan = shift.hall.plans[0].clone();
    let to = match shift.chance.below(10) {
        0..=3 if !free.is_empty() => PassedTo::Agent(one_of(&mut shift.chance, &free).clone()),
        0..=3 => PassedTo::Agent(one_of(&mut shift.chance, &anybody).clone()),
        4..=6 => {
            let queues: Vec<QueueName> = plan.queues.keys().cloned().collect();
            PassedTo::Queue(one_of(&mut shift.chance, &queues).clone())
        }
        7 => {
            let steps: Vec<StepName> = plan.steps.keys().cloned().collect();
            PassedTo::Step(one_of(&mut shift.chance, &steps).clone())
        }
        _ => PassedTo::Number(PhoneNumber::new(one_of(
            &mut shift.chance,
            &["+8613800138000", "+8613800138000", "1900", "nobody"],
        ))),
    };
    let call = call.filter(|_| percent(&mut shift.chance, 50));
    let by = if percent(&mut shift.chance, 10) { AgentName::new("lead") } else { agent.clone() };
    if percent(&mut shift.chance, 20) {
        shift.tell(Input::AgentHeld { agent: agent.clone(), by: agent.clone() })?;
    }
    let input = Input::AgentPassedOn { agent: agent.clone(), call, to: to.clone(), by };
    if disasters && percent(&mut shift.chance, 5) {
        shift.kill_in_the_next_step();
    }
    shift.tell(input.clone())?;
    match (shift.chance.below(12), to, leg) {
        (0, _, _) => shift.tell(input),
        (1, _, Some(leg)) => shift.happen(&switch, World::PhoneHangsUp { leg }),
        (2, PassedTo::Agent(to), _) => shift.tell(Input::AgentLoggedOut { agent: to.clone(), by: to, why: None }),
        (3, _, _) => {
            let calls = shift.core.iter().flat_map(|core| core.calls());
            let callers: Vec<LegId> = calls.filter(|call| call.passed.is_some()).map(|call| call.leg.clone()).collect();
            callers.into_iter().next().map_or(Ok(()), |leg| shift.happen(&switch, World::CallerHangsUp { leg }))
        }
        _ => Ok(()),
    }
}

/// Somebody writes how the call in hand ended, mostly who owes it; or takes it out again, or writes of a call that is nobody's.
fn somebody_disposes(shift: &mut Shift, disasters: bool) -> Result<(), Broken> {
    let agents = shift.core.iter().flat_map(|core| core.agents());
    let in_hand: Vec<(AgentName, CallId, bool)> = agents
        .filter_map(|agent| {
            let owes = matches!(agent.work, Work::WrappingUp { needs_disposition: true, .. });
            Some((agent.name.clone(), agent.work.call()?, owes))
        })
        .collect();
    let owing: Vec<_> = in_hand.iter().filter(|(_, _, owes)| *owes).cloned().collect();
    let of = if owing.is_empty() || percent(&mut shift.chance, 40) { in_hand } else { owing };
    if of.is_empty() {
        return Ok(());
    }
    let (agent, call, _) = one_of(&mut shift.chance, &of).clone();
    let call = if percent(&mut shift.chance, 3) { CallId { number: call.number + 1, ..call } } else { call };
    let given = percent(&mut shift.chance, 80);
    shift.tell(Input::AgentDisposed { by: agent.clone(), agent: agent.clone(), call, given })?;
    match shift.chance.below(20) {
        0 => shift.tell(Input::AgentDisposed { by: agent.clone(), agent, call, given: !given }),
        1 => shift.tell(Input::AgentEndedWrapUp { by: agent.clone(), agent, why: None }),
        2 => shift.tell(Input::AgentEndedWrapUp { by: AgentName::new("lead"), agent, why: None }),
        4..=6 if !given => {
            let why = Some(Why::from("went home ill".to_owned()));
            shift.tell(Input::AgentEndedWrapUp { by: AgentName::new("lead"), agent, why })
        }
        3 if disasters => {
            shift.kill_in_the_next_step();
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Mostly somebody who has nothing to do; now and then whoever it is, and twice at once, or hung up right behind it.
fn somebody_dials(shift: &mut Shift, disasters: bool) -> Result<(), Broken> {
    let idle: Vec<AgentName> = shift
        .core
        .iter()
        .flat_map(|core| core.agents())
        .filter(|agent| matches!(agent.work, Work::Nothing { .. }) && !matches!(agent.presence, Presence::Away { .. }))
        .map(|agent| agent.name.clone())
        .collect();
    let agent = if idle.is_empty() || percent(&mut shift.chance, 20) {
        one_of(&mut shift.chance, &shift.hall.seats.clone()).agent.clone()
    } else {
        one_of(&mut shift.chance, &idle).clone()
    };
    let number = *one_of(&mut shift.chance, &["13800138000", "+8613800138000", "13900139000", "1900", "0044207946"]);
    let Ok(number) = number.parse::<DialledNumber>() else { return Ok(()) };
    if percent(&mut shift.chance, 30) {
        let switch = one_of(&mut shift.chance, &shift.hall.switches.clone()).clone();
        let phone = (!percent(&mut shift.chance, 5)).then(|| telephone(shift));
        shift.happen(&switch, World::OutsideSetTo { phone })?;
    }
    let by = if percent(&mut shift.chance, 20) { AgentName::new("lead") } else { agent.clone() };
    let request = percent(&mut shift.chance, 30).then(|| RequestName::new("sent twice"));
    let dial = Input::AgentDialled { agent: agent.clone(), number, by: by.clone(), request };
    shift.tell(dial.clone())?;
    match shift.chance.below(20) {
        0 => shift.tell(dial),
        1 => shift.tell(Input::AgentEndedCall { agent, by, why: None }),
        2 => shift.tell(Input::AgentLoggedOut { agent, by, why: None }),
        3 if disasters => {
            shift.kill_in_the_next_step();
            Ok(())
        }
        _ => Ok(()),
    }
}

/// An agent or a program promises somebody a call, at once or at an hour; or takes one back.
fn somebody_promises(shift: &mut Shift, disasters: bool) -> Result<(), Broken> {
    let by = AgentName::new("lead");
    let owed: Vec<CallId> = shift.core.iter().flat_map(|core| core.promises()).map(|promise| promise.id).collect();
    if !owed.is_empty() && percent(&mut shift.chance, 15) {
        let promise = *one_of(&mut shift.chance, &owed);
        return shift.tell(Input::PromiseCancelled { promise, by });
    }
    let queues: Vec<QueueName> = shift.hall.plans[0].queues.keys().cloned().collect();
    let queue = one_of(&mut shift.chance, &queues).clone();
    let number = match shift.chance.below(10) {
        0 => "1900".to_owned(),
        _ => format!("1390013{:04}", shift.chance.below(200)),
    };
    let Ok(number) = number.parse::<DialledNumber>() else { return Ok(()) };
    let soon = ms(&mut shift.chance, 0, 40_000);
    let wall = shift.wall();
    let at = percent(&mut shift.chance, 50).then(|| wall + soon);
    let seats = shift.hall.seats.clone();
    let agent = percent(&mut shift.chance, 30).then(|| one_of(&mut shift.chance, &seats).agent.clone());
    let calls: Vec<CallId> = shift.core.iter().flat_map(|core| core.calls()).map(|call| call.id).collect();
    let of_call = (!calls.is_empty() && percent(&mut shift.chance, 20)).then(|| *one_of(&mut shift.chance, &calls));
    let request = percent(&mut shift.chance, 30).then(|| RequestName::new("promised twice"));
    shift.tell(Input::CallBackAsked { queue, number, at, agent, of_call, by, request })?;
    if disasters && percent(&mut shift.chance, 5) {
        shift.kill_in_the_next_step();
    }
    Ok(())
}

/// The records say whom some caller knows: one who came just now, or one who waits, or talks by now, or has gone.
fn somebody_is_known(shift: &mut Shift) -> Result<(), Broken> {
    let at_keypads = shift.core.iter().flat_map(|core| core.calls());
    let at_keypads: Vec<_> = at_keypads.filter_map(|call| Some((call.id, call.keypad.clone()?.wish))).collect();
    for (call, wish) in at_keypads {
        let how = *one_of(&mut shift.chance, &KeypadAnswer::ALL);
        shift.tell(Input::KeypadAnswered { call, wish, how })?;
    }
    let calls: Vec<(CallId, Option<QueueName>)> =
        shift.core.iter().flat_map(|core| core.calls()).map(|call| (call.id, call.queue().cloned())).collect();
    let waiting: Vec<_> = calls.iter().filter(|(_, queue)| queue.is_some()).cloned().collect();
    let calls = if waiting.is_empty() || percent(&mut shift.chance, 20) { calls } else { waiting };
    if calls.is_empty() {
        return Ok(());
    }
    let (call, queue) = one_of(&mut shift.chance, &calls).clone();
    let of_queue = |seat: &&Seat| queue.as_ref().is_none_or(|queue| seat.queues.contains(queue));
    let mut seats: Vec<Seat> = shift.hall.seats.iter().filter(of_queue).cloned().collect();
    if seats.is_empty() || percent(&mut shift.chance, 10) {
        seats.clone_from(&shift.hall.seats);
    }
    let stranger = AgentName::new("gone long since");
    let mut agents = Acquaintance::new();
    for known_as in [KnownAs::LastAgent, KnownAs::CaseOwner, KnownAs::Customer("clerk".into())] {
        match shift.chance.below(10) {
            0..=5 => drop(agents.insert(known_as, one_of(&mut shift.chance, &seats).agent.clone())),
            6 => drop(agents.insert(known_as, stranger.clone())),
            _ => {}
        }
    }
    shift.tell(Input::CallerKnown { call, agents })
}

fn mischief(shift: &mut Shift) -> Result<(), Broken> {
    let seats = shift.hall.seats.clone();
    let seat = one_of(&mut shift.chance, &seats).clone();
    let switch = one_of(&mut shift.chance, &shift.hall.switches.clone()).clone();
    let station = seat.station.phone();
    let some_leg = |shift: &mut Shift, inbound: bool| {
        let legs: Vec<LegId> = shift
            .exchanges
            .get(&switch)
            .into_iter()
            .flat_map(|exchange| exchange.legs())
            .filter(|seen| seen.inbound == inbound)
            .map(|seen| seen.leg)
            .collect();
        (!legs.is_empty()).then(|| one_of(&mut shift.chance, &legs).clone())
    };
    match shift.chance.below(12) {
        0..=1 => match some_leg(shift, true) {
            Some(leg) => shift.happen(&switch, World::CallerHangsUp { leg }),
            None => Ok(()),
        },
        2..=3 => match some_leg(shift, false) {
            Some(leg) => shift.happen(&switch, World::PhoneHangsUp { leg }),
            None => Ok(()),
        },
        4 => match some_leg(shift, true) {
            Some(leg) => {
                let key = key(shift);
                shift.happen(&switch, World::Presses { leg, key })
            }
            None => Ok(()),
        },
        5..=6 => {
            let phone = phone(shift);
            shift.happen(&seat.switch, World::PhoneSetTo { station, phone })
        }
        7 => shift.happen(&seat.switch, World::PhoneDialsOut { station }),
        8..=9 => shift.happen(&seat.switch, World::PhoneEndsOwnCall { station }),
        10 => shift.happen(&seat.switch, World::PhoneUnplugged { station }),
        _ => shift.happen(&seat.switch, World::PhonePluggedIn { station }),
    }
}
