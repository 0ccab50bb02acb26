//! `agent_states`: how long each agent was in which state.

use super::StoreError;
use super::driver::{Change, Db, values};
use super::fill::Told;
use crate::calendar::Moment;
use crate::routing::agent::AgentState;
use crate::routing::ids::{AgentName, CentreName};

const TABLE: &str = "agent_states";
// A fact may say once more what is so already: the stay goes on.
const LEAVE: &str = "UPDATE agent_states SET until_ms = $4 \
     WHERE centre = $1 AND agent = $2 AND until_ms IS NULL AND state <> $3";
const ENTER: &str = "INSERT INTO agent_states (centre, seq, n, agent, state, since_ms) \
     SELECT $1, CAST($2 AS BIGINT), CAST($3 AS BIGINT), $4, $5, CAST($6 AS BIGINT) WHERE NOT EXISTS \
     (SELECT 1 FROM agent_states WHERE centre = $1 AND agent = $4 AND until_ms IS NULL)";
const READ: &str = "SELECT state, since_ms, until_ms FROM agent_states \
     WHERE centre = $1 AND agent = $2 AND since_ms < $4 AND (until_ms IS NULL OR until_ms > $3) ORDER BY seq, n LIMIT $5";

pub(super) const STATEMENTS: &[&str] = &[LEAVE, ENTER, READ];

/// The most stays that are read at once: a shift of one every second.
const MOST: i64 = 40_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentStay {
    pub state: AgentState,
    pub since: Moment,
    /// `None`: it lasts.
    pub until: Option<Moment>,
}

pub(super) async fn entered(
    change: &mut Change,
    told: Told<'_>,
    agent: &AgentName,
    state: AgentState,
) -> Result<(), StoreError> {
    let Told { centre, seq, n, at } = told;
    change.execute(LEAVE, values![centre.as_str(), agent.as_str(), state.as_str(), at]).await?;
    let values = values![centre.as_str(), seq, u64::from(n), agent.as_str(), state.as_str(), at];
    change.execute(ENTER, values).await.map(drop)
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
