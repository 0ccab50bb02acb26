//! Agents who log in and out by the keypad of a phone: whose it is stands in the records, or number and PIN say who calls;
//! and what they ask for is told to the core as their page would tell it.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;
use tokio::sync::broadcast::error::RecvError;
use tracing::warn;

use super::guesses::Guesses;
use super::{AskError, Handle, Happened};
use crate::calendar::Moment;
use crate::dialplan::{AgentWish, Centre, KeypadAnswer};
use crate::routing::agent::AgentState;
use crate::routing::ids::{AgentName, CallId, CentreName, StationAddress, SwitchName};
use crate::routing::{Fact, Input, Refused, Why};
use crate::store::agents::{HashedPassword, Person};
use crate::store::pins::AgentNumber;
use crate::store::{Db, StoreError};

/// PINs held against their hashes at a time: each takes 50 ms of a core and 19 MB.
const MOST_HASHED: usize = 2;

/// A phone of a switch.
type Phone = (SwitchName, StationAddress);

/// What it works with.
#[derive(Clone)]
pub struct Keypad {
    handle: Handle,
    db: Db,
    hashing: Arc<Semaphore>,
    guesses: Arc<Mutex<Guesses<(CentreName, String), Phone>>>,
}

/// Somebody who wants something, at a phone that the switch has named.
struct Asker<'a> {
    centre: &'a CentreName,
    call: CallId,
    plan: Arc<Centre>,
    phone: Phone,
    wish: &'a AgentWish,
}

/// The log-in of somebody at their own phone, as the people's table has them; `None` without one.
pub fn log_in(person: Person, plan: &Centre) -> Option<Input> {
    let phone = person.station.clone()?;
    Some(log_in_at(person, phone, plan))
}

/// At this phone. What was renamed or taken out of the YAML since is left out: nobody is kept from working by it.
fn log_in_at(person: Person, (switch, station): Phone, plan: &Centre) -> Input {
    let queues = person.queues.into_iter().filter(|queue| plan.queues.contains_key(queue)).collect();
    let skills = person.skills.into_iter().filter(|(skill, _)| plan.skills.contains(skill)).collect();
    let (agent, auto_answer) = (person.name, person.auto_answer);
    Input::AgentLoggedIn { by: agent.clone(), agent, station, switch, queues, skills, auto_answer }
}

/// Whether somebody's station is this phone, held open or not.
fn is_at((switch, station): &Phone, phone: &Phone) -> bool {
    *switch == phone.0 && station.phone() == phone.1
}

impl Keypad {
    pub fn new(handle: Handle, db: Db) -> Self {
        Self { handle, db, hashing: Arc::new(Semaphore::new(MOST_HASHED)), guesses: Arc::default() }
    }

    /// Until the controller is gone. Each on its own, for a PIN takes its time; there are no more of them than calls.
    pub async fn run(self) {
        let mut happened = self.handle.happened();
        loop {
            let happened = match happened.recv().await {
                Ok(happened) => happened,
                // Whoever was missed is told by the core that it is not possible just now.
                Err(RecvError::Lagged(_)) => continue,
                Err(RecvError::Closed) => return,
            };
            match &happened.fact {
                Fact::KeypadUsed { .. } => drop(tokio::spawn(self.clone().answer(happened))),
                // What was keyed in vain is forgotten.
                Fact::CallEnded { call, .. } => drop(self.handle.kept_back().take(&happened.centre, *call)),
                _ => {}
            }
        }
    }

    async fn answer(self, happened: Arc<Happened>) {
        let Happened { centre, at, fact: Fact::KeypadUsed { call, switch, station, wish, pin }, .. } = &*happened
        else {
            return;
        };
        let how = match (station, self.handle.plan(centre)) {
            (Some(station), Some(plan)) => {
                let phone = (switch.clone(), station.clone());
                let asker = Asker { centre, call: *call, plan, phone, wish };
                let done = if *pin { self.by_pin(&asker, *at).await } else { self.by_phone(&asker).await };
                done.unwrap_or_else(|error| {
                    warn!(%centre, %call, %error, "who uses the keypad was not found out");
                    KeypadAnswer::NotNow
                })
            }
            // From outside, or of a start before this one: a number that is shown can be anybody's.
            (None, _) | (_, None) => KeypadAnswer::NotNow,
        };
        // The call has gone, or the controller: nobody is there to be told.
        let _ = self.handle.tell(centre, Input::KeypadAnswered { call: *call, wish: wish.clone(), how }).await;
    }

    /// The phone says who it is: who works at it now, or whose it is.
    async fn by_phone(&self, asker: &Asker<'_>) -> Result<KeypadAnswer, StoreError> {
        let by_pin = matches!(asker.wish, AgentWish::LogInByPin { .. });
        if !asker.wish.asks_for_pin()
            && let Some(agent) = self.who_works_at(asker).await
        {
            return Ok(self.wished(asker, agent).await);
        }
        let here = |person: &Person| person.station.as_ref().is_some_and(|home| is_at(home, &asker.phone));
        let people = if by_pin { Vec::new() } else { self.db.people(asker.centre).await? };
        let mut theirs = people.into_iter().filter(here);
        let unknown = match (theirs.next(), theirs.next()) {
            (Some(person), None) if asker.wish.asks_for_pin() => {
                let home = person.station.clone().unwrap_or_else(|| asker.phone.clone());
                return Ok(self.told(asker.centre, log_in_at(person, home, &asker.plan)).await);
            }
            (Some(person), None) => return Ok(self.wished(asker, person.name).await),
            (Some(_), Some(_)) => KeypadAnswer::SharedPhone,
            (None, _) => KeypadAnswer::NobodysPhone,
        };
        let asked = asker.wish.asks_for_pin() && self.db.has_pins(asker.centre).await?;
        Ok(if asked { KeypadAnswer::WhoIsIt } else { unknown })
    }

    /// Who is logged in at this phone, where that is one.
    async fn who_works_at(&self, asker: &Asker<'_>) -> Option<AgentName> {
        let floor = self.handle.floor(asker.centre).await.ok()?;
        let (switch, station) = &asker.phone;
        let mut there = floor.agents.into_iter().filter(|agent| {
            agent.switch == *switch && agent.station.phone() == *station && agent.state != AgentState::Away
        });
        there.next().filter(|_| there.next().is_none()).map(|agent| agent.name)
    }

    /// Number and PIN say who it is, and the phone is theirs from now on, until they log out.
    async fn by_pin(&self, asker: &Asker<'_>, now: Moment) -> Result<KeypadAnswer, StoreError> {
        let Some(keyed) = self.handle.kept_back().take(asker.centre, asker.call) else {
            return Ok(KeypadAnswer::NotNow);
        };
        let (centre, (switch, station)) = (asker.centre, &asker.phone);
        // A number that is none costs the time of one that is, and counts against the phone.
        let number: Option<AgentNumber> = keyed.number.parse().ok();
        let guessed = (centre.clone(), number.as_ref().map_or_else(String::new, ToString::to_string));
        if self.guesses().must_wait(&guessed, &asker.phone, now) {
            warn!(%centre, %switch, %station, "a PIN was keyed too soon after wrong ones");
            return Ok(KeypadAnswer::WrongPin);
        }
        let whose = match &number {
            Some(number) => self.db.pin(centre, number).await?,
            None => None,
        };
        let (agent, hash) = whose.unzip();
        let Ok(_one_of_few) = self.hashing.acquire().await else { return Ok(KeypadAnswer::NotNow) };
        let fits = tokio::task::spawn_blocking(move || match hash {
            Some(hash) => hash.fits(&keyed.pin),
            None => HashedPassword::of(&keyed.pin).is_ok_and(|_| false),
        });
        let fits = fits.await.unwrap_or(false);
        let (true, Some(agent)) = (fits, agent) else {
            self.guesses().was_wrong(guessed, asker.phone.clone(), now);
            warn!(%centre, %switch, %station, "a wrong number or PIN at a keypad");
            return Ok(KeypadAnswer::WrongPin);
        };
        self.guesses().was_right(&guessed);
        let Some(person) = self.db.person(centre, &agent).await? else { return Ok(KeypadAnswer::NotNow) };
        let own = person.station.clone().filter(|home| is_at(home, &asker.phone));
        let seat = own.unwrap_or_else(|| asker.phone.clone());
        Ok(self.told(centre, log_in_at(person, seat, &asker.plan)).await)
    }

    fn guesses(&self) -> std::sync::MutexGuard<'_, Guesses<(CentreName, String), Phone>> {
        self.guesses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn wished(&self, asker: &Asker<'_>, agent: AgentName) -> KeypadAnswer {
        let by = agent.clone();
        let why = Some(Why::from("keypad".to_owned()));
        let input = match asker.wish {
            AgentWish::LogOut => Input::AgentLoggedOut { agent, by, why },
            AgentWish::Ready => Input::AgentSaidReady { agent, by, why },
            AgentWish::Break(reason) => Input::AgentTookBreak { agent, reason: reason.clone(), by, why },
            AgentWish::LogIn | AgentWish::LogInByPin { .. } => return KeypadAnswer::NotNow,
        };
        self.told(asker.centre, input).await
    }

    async fn told(&self, centre: &CentreName, input: Input) -> KeypadAnswer {
        match self.handle.tell(centre, input).await {
            Ok(()) => KeypadAnswer::Done,
            Err(AskError::Refused(Refused::StationTaken { .. })) => KeypadAnswer::Taken,
            Err(AskError::Refused(Refused::AlreadyLoggedIn { .. })) => KeypadAnswer::Elsewhere,
            Err(AskError::Refused(_) | AskError::NoSuchCentre(_) | AskError::Away) => KeypadAnswer::NotNow,
        }
    }
}
