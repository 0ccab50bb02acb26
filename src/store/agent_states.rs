//! `agent_states`: how long each agent was in which state.

use std::collections::{BTreeMap, BTreeSet};

use super::StoreError;
use super::driver::{Change, Db, values};
use super::fill::Told;
use super::many::{ManyKeys, ManyRows};
use crate::calendar::Moment;
use crate::routing::agent::AgentState;
use crate::routing::ids::{AgentName, CentreName};

const TABLE: &str = "agent_states";
pub(super) static LOAD: ManyKeys = ManyKeys::new(
    "SELECT seq, n, agent, state, since_ms FROM agent_states WHERE centre = $1 AND until_ms IS NULL AND agent IN",
);
pub(super) static SAVE: ManyRows = ManyRows::new(
    "INSERT INTO agent_states (centre, seq, n, agent, state, since_ms, until_ms) VALUES",
    7,
    "ON CONFLICT (centre, seq, n) DO UPDATE SET until_ms = excluded.until_ms",
);
const READ: &str = "SELECT state, since_ms, until_ms FROM agent_states \
     WHERE centre = $1 AND agent = $2 AND since_ms < $4 AND (until_ms IS NULL OR until_ms > $3) ORDER BY seq, n LIMIT $5";

pub(super) const STATEMENTS: &[&str] = &[READ];

/// The most stays that are read at once: a shift of one every second.
const MOST: i64 = 40_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentStay {
    pub state: AgentState,
    pub since: Moment,
    /// `None`: it lasts.
    pub until: Option<Moment>,
}

/// What a piece of the journal changes: the stays that last, and those that ended in it.
pub(super) struct AgentStays {
    last: BTreeMap<AgentName, Stay>,
    ended: Vec<(Stay, i64)>,
}

struct Stay {
    seq: i64,
    n: i64,
    agent: AgentName,
    state: String,
    since: i64,
    /// Not as the table has it.
    changed: bool,
}

impl AgentStays {
    pub async fn load(
        change: &mut Change,
        centre: &CentreName,
        agents: &BTreeSet<&AgentName>,
    ) -> Result<Self, StoreError> {
        let mut last = BTreeMap::new();
        for row in LOAD.rows(change, centre.as_str(), agents.iter().map(|agent| agent.as_str().to_owned())).await? {
            let agent = AgentName::new(row.text(TABLE, "agent")?);
            let stay = Stay {
                seq: row.number(TABLE, "seq")?,
                n: row.number(TABLE, "n")?,
                agent: agent.clone(),
                state: row.text(TABLE, "state")?,
                since: row.number(TABLE, "since_ms")?,
                changed: false,
            };
            last.insert(agent, stay);
        }
        Ok(Self { last, ended: Vec::new() })
    }

    pub fn entered(&mut self, told: Told, agent: &AgentName, state: AgentState) {
        // A fact may say once more what is so already: the stay goes on.
        if self.last.get(agent).is_some_and(|stay| stay.state == state.as_str()) {
            return;
        }
        let at = told.at.as_ms();
        let stay = Stay {
            seq: told.seq_column(),
            n: i64::from(told.n),
            agent: agent.clone(),
            state: state.as_str().to_owned(),
            since: at,
            changed: true,
        };
        let left = self.last.insert(agent.clone(), stay);
        self.ended.extend(left.map(|stay| (stay, at)));
    }

    pub async fn save(self, change: &mut Change, centre: &CentreName) -> Result<(), StoreError> {
        let ended = self.ended.into_iter().map(|(stay, until)| (stay, Some(until)));
        let last = self.last.into_values().filter(|stay| stay.changed).map(|stay| (stay, None));
        let mut values = Vec::new();
        for (stay, until) in ended.chain(last) {
            values.extend_from_slice(values![
                centre.as_str(),
                stay.seq,
                stay.n,
                stay.agent.as_str(),
                stay.state,
                stay.since,
                until,
            ]);
        }
        SAVE.execute(change, &values).await
    }
}

impl Db {
    /// The stays of an agent that touch the time from `from` to before `to`, in order.
    pub async fn agent_stays(
        &self,
        centre: &CentreName,
        agent: &AgentName,
        from: Moment,
        to: Moment,
    ) -> Result<Vec<AgentStay>, StoreError> {
        let rows = self.rows(READ, values![centre.as_str(), agent.as_str(), from, to, MOST]).await?;
        let stays = rows.iter().map(|row| {
            let word = row.text(TABLE, "state")?;
            let state = AgentState::ALL.into_iter().find(|state| state.as_str() == word);
            Ok(AgentStay {
                state: state
                    .ok_or_else(|| StoreError::Inconsistent { table: TABLE, id: format!("{centre}/{agent}") })?,
                since: Moment::from_ms(row.number(TABLE, "since_ms")?),
                until: row.maybe_number(TABLE, "until_ms")?.map(Moment::from_ms),
            })
        });
        stays.collect()
    }
}
