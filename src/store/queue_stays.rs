//! `queue_stays`: how long each call stood in which queue, how it left it, and what the agent who answered it did for
//! it afterwards. The material of the queue reports.

use std::collections::{BTreeMap, BTreeSet};

use super::StoreError;
use super::driver::{Change, Row, values};
use super::fill::Told;
use super::many::{ManyKeys, ManyRows};
use crate::calendar::Moment;
use crate::reports::{Part, StayEnd};
use crate::routing::agent::Work;
use crate::routing::fact::{EndedBy, Fact, LeftQueue, Outcome};
use crate::routing::ids::{AgentName, CallId, CentreName, QueueName};

const TABLE: &str = "queue_stays";
// All the stays of a call, because the next one says where it came from. Who was turned away stood nowhere.
pub(super) static LOAD: ManyKeys = ManyKeys::new(
    "SELECT seq, n, call, queue, joined_ms, came_from, went_to, left_ms, how, agent, talk_ms, hold_ms, wrap_up_ms, part, \
     part_since_ms FROM queue_stays WHERE centre = $1 AND (how IS NULL OR how NOT IN ('full', 'nobody_logged_in')) \
     AND call IN",
);
pub(super) static IN_HAND: ManyKeys = ManyKeys::new(
    "SELECT seq, n, call, queue, joined_ms, came_from, went_to, left_ms, how, agent, talk_ms, hold_ms, wrap_up_ms, part, \
     part_since_ms FROM queue_stays WHERE centre = $1 AND part IS NOT NULL AND agent IN",
);
pub(super) static SAVE: ManyRows = ManyRows::new(
    "INSERT INTO queue_stays (centre, seq, n, call, queue, joined_ms, came_from, went_to, left_ms, how, agent, talk_ms, \
     hold_ms, wrap_up_ms, part, part_since_ms) VALUES",
    16,
    "ON CONFLICT (centre, seq, n) DO UPDATE SET went_to = excluded.went_to, left_ms = excluded.left_ms, \
     how = excluded.how, agent = excluded.agent, talk_ms = excluded.talk_ms, hold_ms = excluded.hold_ms, \
     wrap_up_ms = excluded.wrap_up_ms, part = excluded.part, part_since_ms = excluded.part_since_ms",
);

/// By the fact that began it.
type Key = (i64, i64);

/// The stays that a piece of the journal touches, as they were and then as they are.
#[derive(Default)]
pub(super) struct QueueStays {
    stays: BTreeMap<Key, Stay>,
    /// The last of each call.
    last: BTreeMap<CallId, Key>,
    /// Those that an agent talks in or wraps up.
    in_hand: BTreeMap<AgentName, BTreeSet<Key>>,
}

struct Stay {
    call: CallId,
    queue: String,
    joined: i64,
    came_from: Option<String>,
    went_to: Option<String>,
    left: Option<i64>,
    how: Option<StayEnd>,
    agent: Option<AgentName>,
    /// Talk, hold, wrap-up.
    times: Option<[i64; 3]>,
    part: Option<(Part, i64)>,
    /// Not as the table has it.
    changed: bool,
}

impl Stay {
    fn new(call: CallId, queue: &QueueName, joined: i64) -> Self {
        Self {
            call,
            queue: queue.as_str().to_owned(),
            joined,
            came_from: None,
            went_to: None,
            left: None,
            how: None,
            agent: None,
            times: None,
            part: None,
            changed: true,
        }
    }

    fn read(centre: &CentreName, row: &Row) -> Result<(Key, Self), StoreError> {
        let key = (row.number(TABLE, "seq")?, row.number(TABLE, "n")?);
        let bad = || StoreError::Inconsistent { table: TABLE, id: format!("{centre}/{}/{}", key.0, key.1) };
        let number = |column| row.maybe_number(TABLE, column);
        let how = row.maybe_text(TABLE, "how")?;
        let how = how.map(|word| StayEnd::ALL.into_iter().find(|how| how.as_str() == word).ok_or_else(bad));
        let part = row.maybe_text(TABLE, "part")?;
        let part = part.map(|word| Part::ALL.into_iter().find(|part| part.as_str() == word).ok_or_else(bad));
        let stay = Self {
            call: row.text(TABLE, "call")?.parse().map_err(|_| bad())?,
            queue: row.text(TABLE, "queue")?,
            joined: row.number(TABLE, "joined_ms")?,
            came_from: row.maybe_text(TABLE, "came_from")?,
            went_to: row.maybe_text(TABLE, "went_to")?,
            left: number("left_ms")?,
            how: how.transpose()?,
            agent: row.maybe_text(TABLE, "agent")?.map(AgentName::new),
            times: match (number("talk_ms")?, number("hold_ms")?, number("wrap_up_ms")?) {
                (Some(talk), Some(hold), Some(wrap_up)) => Some([talk, hold, wrap_up]),
                (None, None, None) => None,
                (Some(_) | None, _, _) => return Err(bad()),
            },
            part: part.transpose()?.zip(number("part_since_ms")?),
            changed: false,
        };
        Ok((key, stay))
    }

    /// The agent goes over to this part of the work, or to none.
    fn turn_to(&mut self, at: i64, part: Option<Part>) {
        let Some((now, since)) = self.part.filter(|(now, _)| Some(*now) != part) else { return };
        if let Some(times) = &mut self.times {
            times[now as usize] = times[now as usize].saturating_add(at.saturating_sub(since).max(0));
        }
        self.part = part.map(|part| (part, at));
        self.changed = true;
    }
}

impl QueueStays {
    pub async fn load(
        change: &mut Change,
        centre: &CentreName,
        calls: &BTreeSet<CallId>,
        agents: &BTreeSet<&AgentName>,
    ) -> Result<Self, StoreError> {
        let mut rows = LOAD.rows(change, centre.as_str(), calls.iter().map(CallId::to_string)).await?;
        let mut all = Self::default();
        for row in &rows {
            let (key, stay) = Stay::read(centre, row)?;
            let last = all.last.entry(stay.call).or_insert(key);
            *last = key.max(*last);
            all.stays.insert(key, stay);
        }
        rows = IN_HAND.rows(change, centre.as_str(), agents.iter().map(|agent| agent.as_str().to_owned())).await?;
        for row in &rows {
            let (key, stay) = Stay::read(centre, row)?;
            all.stays.insert(key, stay);
        }
        for (key, stay) in all.stays.iter().filter(|(_, stay)| stay.part.is_some()) {
            if let Some(agent) = &stay.agent {
                all.in_hand.entry(agent.clone()).or_default().insert(*key);
            }
        }
        Ok(all)
    }

    /// Work one fact in.
    pub fn told(&mut self, told: Told, fact: &Fact) {
        match fact {
            Fact::StepEntered { call, .. } => self.left(told, *call, StayEnd::Moved),
            // Who is called back has been a caller of the queue already: a promise's place is counted by itself.
            Fact::CallQueued { promise: Some(_), .. } => {}
            Fact::CallQueued { call, queue, joined, .. } => self.joined(told, *call, queue, *joined),
            Fact::CallLeftQueue { call, queue, why, to: _ } => self.left_by_rule(told, *call, queue, *why),
            Fact::CallConnected { call, agent, .. } => self.connected(told, *call, agent),
            Fact::CallEnded { call, outcome, by } => self.ended(told, *call, *outcome, by),
            Fact::AgentChanged { agent, work, .. } => self.agent_changed(told, agent, work),
            Fact::ControllerStarted { .. }
            | Fact::VersionPublished { .. }
            | Fact::CallArrived { .. }
            | Fact::Keyed { .. }
            | Fact::OfferMade { .. }
            | Fact::OfferRang { .. }
            | Fact::OfferAnswered { .. }
            | Fact::OfferEnded { .. }
            // Hold is in the work of the agent.
            | Fact::CallHeld { .. }
            // The stay ended as the agent answered; whether there is another is told by what follows.
            | Fact::CallPassed { .. }
            | Fact::CallRetrieved { .. }
            | Fact::CallHungUp { .. }
            | Fact::PickUpAsked { .. }
            | Fact::KeypadUsed { .. }
            | Fact::OfferPickedUp { .. }
            | Fact::CallerKnown { .. }
            | Fact::PickUpFailed { .. }
            | Fact::CallEndAsked { .. }
            // A dial stands in no queue.
            | Fact::Dialled { .. }
            | Fact::DialAgentAnswered { .. }
            | Fact::DialAnswered { .. }
            | Fact::DialConnected { .. }
            | Fact::DialEnded { .. }
            // A promise's place is no caller's: it is counted by itself.
            | Fact::PromiseMade { .. }
            | Fact::CustomerRung { .. }
            | Fact::CustomerNotReached { .. }
            | Fact::PromiseAgain { .. }
            | Fact::CallBackRefused { .. }
            | Fact::PromiseWaits { .. }
            | Fact::PromiseRests { .. }
            | Fact::PromiseKept { .. }
            | Fact::PromiseBroken { .. }
            | Fact::AgentLoggedIn { .. }
            | Fact::AgentAssigned { .. }
            | Fact::HeldLineChanged { .. }
            | Fact::AgentLoggedOut { .. }
            | Fact::QueuesLent { .. }
            | Fact::LoanEnded { .. }
            | Fact::AgentDisposed { .. }
            | Fact::EmergencySwitchedOn { .. }
            | Fact::EmergencySwitchedOff { .. }
            | Fact::EmergencyHeard { .. }
            | Fact::TransferBegan { .. }
            | Fact::TransferAnswered { .. }
            | Fact::TransferConnected { .. }
            | Fact::TransferFailed { .. }
            | Fact::LinkChanged { .. }
            | Fact::Healed { .. }
            | Fact::WallClockStepped { .. } => {}
        }
    }

    /// The last stay of a call, if it lasts.
    fn lasting(&mut self, call: CallId) -> Option<(Key, &mut Stay)> {
        let key = *self.last.get(&call)?;
        self.stays.get_mut(&key).filter(|stay| stay.left.is_none()).map(|stay| (key, stay))
    }

    fn joined(&mut self, told: Told, call: CallId, queue: &QueueName, joined: Moment) {
        // A call that is found again says its queue again, and keeps its stay.
        if self.lasting(call).is_some_and(|(_, stay)| stay.queue == queue.as_str()) {
            return;
        }
        self.left(told, call, StayEnd::Moved);
        let mut stay = Stay::new(call, queue, joined.as_ms());
        let key = (told.seq_column(), i64::from(told.n));
        if let Some(before) = self.last.insert(call, key).and_then(|before| self.stays.get_mut(&before)) {
            stay.came_from = Some(before.queue.clone());
            before.went_to = Some(stay.queue.clone());
            before.changed = true;
        }
        self.stays.insert(key, stay);
    }

    fn left(&mut self, told: Told, call: CallId, how: StayEnd) {
        if let Some((_, stay)) = self.lasting(call) {
            stay.left = Some(told.at.as_ms());
            stay.how = Some(how);
            stay.changed = true;
        }
    }

    /// By a rule of its step, or turned away at the door.
    fn left_by_rule(&mut self, told: Told, call: CallId, queue: &QueueName, why: LeftQueue) {
        let how = match why {
            LeftQueue::Waited | LeftQueue::Deserted | LeftQueue::ClosedMeanwhile => {
                return self.left(told, call, StayEnd::Waited);
            }
            // Came when nobody was to be there: no call of the queue's, as behind an `hours` before it.
            LeftQueue::Closed => return self.left(told, call, StayEnd::Moved),
            LeftQueue::CallBack => return self.left(told, call, StayEnd::CalledBack),
            LeftQueue::Full => StayEnd::Full,
            LeftQueue::NobodyLoggedIn => StayEnd::NobodyLoggedIn,
        };
        self.left(told, call, StayEnd::Moved);
        let at = told.at.as_ms();
        let stay = Stay { left: Some(at), how: Some(how), ..Stay::new(call, queue, at) };
        self.stays.insert((told.seq_column(), i64::from(told.n)), stay);
    }

    fn connected(&mut self, told: Told, call: CallId, agent: &AgentName) {
        let Some((key, stay)) = self.lasting(call) else { return };
        let at = told.at.as_ms();
        stay.left = Some(at);
        stay.how = Some(StayEnd::Connected);
        stay.agent = Some(agent.clone());
        stay.times = Some([0; 3]);
        stay.part = Some((Part::Talking, at));
        stay.changed = true;
        self.in_hand.entry(agent.clone()).or_default().insert(key);
    }

    /// A call ends. Where nobody saw it, nobody knows how long it was talked.
    fn ended(&mut self, told: Told, call: CallId, outcome: Outcome, by: &EndedBy) {
        self.left(told, call, outcome.into());
        let last = self.last.get(&call).and_then(|key| self.stays.get_mut(key));
        // Whose agent had passed the caller on was over before.
        let talked = |stay: &&mut Stay| matches!(stay.part, Some((Part::Talking | Part::OnHold, _)));
        if let Some(stay) = last.filter(|stay| *by == EndedBy::Unseen && talked(stay)) {
            stay.times = None;
            stay.part = None;
            stay.changed = true;
        }
    }

    fn agent_changed(&mut self, told: Told, agent: &AgentName, work: &Work) {
        let Some(keys) = self.in_hand.get_mut(agent) else { return };
        keys.retain(|key| {
            let Some(stay) = self.stays.get_mut(key) else { return false };
            stay.turn_to(told.at.as_ms(), Part::of(work, stay.call));
            stay.part.is_some()
        });
    }

    pub async fn save(self, change: &mut Change, centre: &CentreName) -> Result<(), StoreError> {
        let mut values = Vec::new();
        for ((seq, n), stay) in self.stays.into_iter().filter(|(_, stay)| stay.changed) {
            let [talk, hold, wrap_up] = stay.times.map_or([None; 3], |times| times.map(Some));
            values.extend_from_slice(values![
                centre.as_str(),
                seq,
                n,
                stay.call.to_string(),
                stay.queue,
                stay.joined,
                stay.came_from.as_deref(),
                stay.went_to.as_deref(),
                stay.left,
                stay.how.map(StayEnd::as_str),
                stay.agent.as_ref().map(|agent| agent.as_str()),
                talk,
                hold,
                wrap_up,
                stay.part.map(|(part, _)| part.as_str()),
                stay.part.map(|(_, since)| since),
            ]);
        }
        SAVE.execute(change, &values).await
    }
}
