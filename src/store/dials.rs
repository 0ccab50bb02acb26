//! `dials`: one row for each number that an agent dialled, as far as it has come. The number is in `personal`, so that
//! whoever is forgotten is forgotten here too.

use std::collections::{BTreeMap, BTreeSet};

use super::StoreError;
use super::driver::{Change, Db, Row, values};
use super::fill::Told;
use super::many::{ManyKeys, ManyRows};
use crate::calendar::Moment;
use crate::customers::{Country, Customer};
use crate::routing::dial::{DialEnd, DialEndedBy};
use crate::routing::ids::{AgentName, CallId, CentreName, PhoneNumber, SwitchName};

const TABLE: &str = "dials";
pub(super) static LOAD: ManyKeys = ManyKeys::new(
    "SELECT call, agent, dialled_by, switch, shown, dialled_ms, rung_ms, connected_ms, ended_ms, how, ended_by \
     FROM dials WHERE centre = $1 AND call IN",
);
pub(super) static SAVE: ManyRows = ManyRows::new(
    "INSERT INTO dials (centre, call, agent, dialled_by, switch, shown, dialled_ms, rung_ms, connected_ms, ended_ms, how, \
     ended_by) VALUES",
    12,
    "ON CONFLICT (centre, call) DO UPDATE SET rung_ms = excluded.rung_ms, connected_ms = excluded.connected_ms, \
     ended_ms = excluded.ended_ms, how = excluded.how, ended_by = excluded.ended_by",
);

macro_rules! select {
    ($($where:tt)*) => {
        concat!(
            "SELECT d.call, d.agent, d.dialled_by, d.switch, d.shown, d.dialled_ms, d.rung_ms, d.connected_ms, d.ended_ms, \
             d.how, d.ended_by, p.from_number FROM dials d LEFT JOIN personal p ON p.centre = d.centre AND p.call = d.call \
             WHERE d.centre = $1 AND ",
            $($where)*
        )
    };
}
const ONE: &str = select!("d.call = $2");
const BY_TIME: &str = select!(
    "d.dialled_ms >= $2 AND (d.dialled_ms, d.call) < ($3, $4) ORDER BY d.dialled_ms DESC, d.call DESC LIMIT $5"
);
const BY_AGENT: &str = select!(
    "d.agent = $6 AND d.dialled_ms >= $2 AND (d.dialled_ms, d.call) < ($3, $4) \
     ORDER BY d.dialled_ms DESC, d.call DESC LIMIT $5"
);
// From the person to the dial, which SQLite's planner keeps to where it says CROSS.
const TO_NUMBER: &str = "SELECT d.call, d.agent, d.dialled_by, d.switch, d.shown, d.dialled_ms, d.rung_ms, d.connected_ms, \
     d.ended_ms, d.how, d.ended_by, p.from_number FROM personal p CROSS JOIN dials d \
     WHERE p.centre = $1 AND p.from_number = $2 AND d.centre = p.centre AND d.call = p.call ORDER BY p.call DESC LIMIT $3";

pub(super) const STATEMENTS: &[&str] = &[ONE, BY_TIME, BY_AGENT, TO_NUMBER];

/// The most rows of one page of a list.
pub const MOST_LISTED: u32 = 1_000;

/// Which dials. The default is all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WhichDials {
    pub agent: Option<AgentName>,
    /// Dialled at this moment or later.
    pub from: Option<Moment>,
    /// Dialled before.
    pub to: Option<Moment>,
    /// The last row of the page before: `dialled` and `call` of it.
    pub after: Option<(Moment, CallId)>,
}

/// A dial as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptDial {
    pub call: CallId,
    /// `None`: the person was erased.
    pub number: Option<PhoneNumber>,
    pub agent: AgentName,
    pub by: AgentName,
    pub switch: SwitchName,
    pub shown: PhoneNumber,
    pub dialled: Moment,
    pub rung: Option<Moment>,
    pub connected: Option<Moment>,
    pub ended: Option<(Moment, DialEnd, DialEndedBy)>,
}

/// The rows that a piece of the journal touches, as they were and then as they are.
pub(super) struct Dials(BTreeMap<CallId, Dial>);

struct Dial {
    agent: String,
    by: String,
    switch: String,
    shown: String,
    dialled: i64,
    rung: Option<i64>,
    connected: Option<i64>,
    ended: Option<i64>,
    how: Option<String>,
    ended_by: Option<String>,
    /// Not as the table has it.
    changed: bool,
}

impl Dials {
    pub async fn load(change: &mut Change, centre: &CentreName, dials: &BTreeSet<CallId>) -> Result<Self, StoreError> {
        let mut all = BTreeMap::new();
        for row in LOAD.rows(change, centre.as_str(), dials.iter().map(CallId::to_string)).await? {
            let text = row.text(TABLE, "call")?;
            let bad = || StoreError::Inconsistent { table: TABLE, id: format!("{centre}/{text}") };
            let dial = Dial {
                agent: row.text(TABLE, "agent")?,
                by: row.text(TABLE, "dialled_by")?,
                switch: row.text(TABLE, "switch")?,
                shown: row.text(TABLE, "shown")?,
                dialled: row.number(TABLE, "dialled_ms")?,
                rung: row.maybe_number(TABLE, "rung_ms")?,
                connected: row.maybe_number(TABLE, "connected_ms")?,
                ended: row.maybe_number(TABLE, "ended_ms")?,
                how: row.maybe_text(TABLE, "how")?,
                ended_by: row.maybe_text(TABLE, "ended_by")?,
                changed: false,
            };
            all.insert(text.parse().map_err(|_| bad())?, dial);
        }
        Ok(Self(all))
    }

    pub fn dialled(
        &mut self,
        told: Told,
        call: CallId,
        agent: &AgentName,
        by: &AgentName,
        switch: &SwitchName,
        shown: &PhoneNumber,
    ) {
        self.0.entry(call).or_insert_with(|| Dial {
            agent: agent.as_str().to_owned(),
            by: by.as_str().to_owned(),
            switch: switch.as_str().to_owned(),
            shown: shown.as_str().to_owned(),
            dialled: told.at.as_ms(),
            rung: None,
            connected: None,
            ended: None,
            how: None,
            ended_by: None,
            changed: true,
        });
    }

    pub fn rung(&mut self, told: Told, call: CallId) {
        let Some(row) = self.0.get_mut(&call) else { return };
        row.rung = row.rung.or(Some(told.at.as_ms()));
        row.changed = true;
    }

    pub fn connected(&mut self, told: Told, call: CallId) {
        let Some(row) = self.0.get_mut(&call) else { return };
        row.connected = row.connected.or(Some(told.at.as_ms()));
        row.changed = true;
    }

    /// A dial ends once; what is said later is late.
    pub fn ended(&mut self, told: Told, call: CallId, how: DialEnd, by: DialEndedBy) {
        let Some(row) = self.0.get_mut(&call).filter(|row| row.ended.is_none()) else { return };
        row.ended = Some(told.at.as_ms());
        row.how = Some(how.as_str().to_owned());
        row.ended_by = Some(by.as_str().to_owned());
        row.changed = true;
    }

    pub async fn save(self, change: &mut Change, centre: &CentreName) -> Result<(), StoreError> {
        let mut values = Vec::new();
        for (call, row) in self.0.into_iter().filter(|(_, row)| row.changed) {
            values.extend_from_slice(values![
                centre.as_str(),
                call.to_string(),
                row.agent,
                row.by,
                row.switch,
                row.shown,
                row.dialled,
                row.rung,
                row.connected,
                row.ended,
                row.how.as_deref(),
                row.ended_by.as_deref(),
            ]);
        }
        SAVE.execute(change, &values).await
    }
}

impl KeptDial {
    fn read(centre: &CentreName, row: &Row) -> Result<Self, StoreError> {
        let text = row.text(TABLE, "call")?;
        let bad = || StoreError::Inconsistent { table: TABLE, id: format!("{centre}/{text}") };
        let moment = |column| Ok::<_, StoreError>(row.maybe_number(TABLE, column)?.map(Moment::from_ms));
        let ended = match (moment("ended_ms")?, row.maybe_text(TABLE, "how")?, row.maybe_text(TABLE, "ended_by")?) {
            (Some(at), Some(how), Some(by)) => {
                let how = DialEnd::ALL.into_iter().find(|end| end.as_str() == how).ok_or_else(bad)?;
                let by = DialEndedBy::ALL.into_iter().find(|who| who.as_str() == by).ok_or_else(bad)?;
                Some((at, how, by))
            }
            (None, None, None) => None,
            (Some(_), _, _) | (None, _, _) => return Err(bad()),
        };
        Ok(Self {
            call: text.parse().map_err(|_| bad())?,
            number: row.maybe_text(TABLE, "from_number")?.map(PhoneNumber::new),
            agent: AgentName::new(row.text(TABLE, "agent")?),
            by: AgentName::new(row.text(TABLE, "dialled_by")?),
            switch: SwitchName::new(row.text(TABLE, "switch")?),
            shown: PhoneNumber::new(row.text(TABLE, "shown")?),
            dialled: Moment::from_ms(row.number(TABLE, "dialled_ms")?),
            rung: moment("rung_ms")?,
            connected: moment("connected_ms")?,
            ended,
        })
    }
}

impl Db {
    pub async fn dial(&self, centre: &CentreName, call: CallId) -> Result<Option<KeptDial>, StoreError> {
        let row = self.row(ONE, values![centre.as_str(), call.to_string()]).await?;
        row.map(|row| KeptDial::read(centre, &row)).transpose()
    }

    /// Dials, newest first, at most `most` and at most [`MOST_LISTED`].
    pub async fn dials(&self, centre: &CentreName, which: &WhichDials, most: u32) -> Result<Vec<KeptDial>, StoreError> {
        let until = (which.to.map_or(i64::MAX, Moment::as_ms), String::new());
        let after = which.after.map_or((i64::MAX, String::new()), |(at, call)| (at.as_ms(), call.to_string()));
        let (before, call) = until.min(after);
        let from = which.from.map_or(i64::MIN, Moment::as_ms);
        let most = i64::from(most.min(MOST_LISTED));
        let rows = match &which.agent {
            Some(agent) => {
                self.rows(BY_AGENT, values![centre.as_str(), from, before, call, most, agent.as_str()]).await?
            }
            None => self.rows(BY_TIME, values![centre.as_str(), from, before, call, most]).await?,
        };
        rows.iter().map(|row| KeptDial::read(centre, row)).collect()
    }

    /// The latest dials to a customer's numbers, newest first.
    pub async fn dials_to(
        &self,
        centre: &CentreName,
        customer: &Customer,
        most: u32,
        home: Option<Country>,
    ) -> Result<Vec<KeptDial>, StoreError> {
        let mut found = Vec::new();
        for way in customer.record.numbers.iter().flat_map(|number| number.told_as(home)) {
            let rows = self.rows(TO_NUMBER, values![centre.as_str(), way, i64::from(most.min(MOST_LISTED))]).await?;
            for row in &rows {
                found.push(KeptDial::read(centre, row)?);
            }
        }
        found.sort_by_key(|dial| std::cmp::Reverse(dial.call));
        found.truncate(most as usize);
        Ok(found)
    }
}
