//! `offers`: every ring of an agent for a call, and how it ended.

use std::collections::{BTreeMap, BTreeSet};

use super::StoreError;
use super::driver::{Change, Db, values};
use super::fill::Told;
use super::many::{ManyKeys, ManyRows};
use crate::calendar::Moment;
use crate::routing::fact::{OfferEnd, Reasons};
use crate::routing::ids::{AgentName, CallId, CentreName, OfferId, QueueName};

const TABLE: &str = "offers";
pub(super) static LOAD: ManyKeys = ManyKeys::new(
    "SELECT offer, call, agent, queue, made_ms, rang_ms, answered_ms, ended_ms, how, reasons FROM offers \
     WHERE centre = $1 AND offer IN",
);
pub(super) static SAVE: ManyRows = ManyRows::new(
    "INSERT INTO offers (centre, offer, call, agent, queue, made_ms, rang_ms, answered_ms, ended_ms, how, reasons) VALUES",
    11,
    "ON CONFLICT (centre, offer) DO UPDATE SET rang_ms = excluded.rang_ms, answered_ms = excluded.answered_ms, \
     ended_ms = excluded.ended_ms, how = excluded.how",
);
const OF_CALL: &str = "SELECT offer, agent, queue, made_ms, rang_ms, answered_ms, ended_ms, how, reasons FROM offers \
     WHERE centre = $1 AND call = $2 ORDER BY made_ms, offer LIMIT $3";

pub(super) const STATEMENTS: &[&str] = &[OF_CALL];

/// The most offers of one call that are read.
const MOST_OF_A_CALL: i64 = 1_000;

/// The ends there are, in the order of the table's CHECK.
pub const ENDS: [OfferEnd; 10] = [
    OfferEnd::Connected,
    OfferEnd::NoAnswer,
    OfferEnd::Busy,
    OfferEnd::Rejected,
    OfferEnd::Unreachable,
    OfferEnd::CallerGone,
    OfferEnd::AgentGone,
    OfferEnd::Withdrawn,
    OfferEnd::AnsweredElsewhere,
    OfferEnd::Unseen,
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptOffer {
    pub offer: OfferId,
    pub agent: AgentName,
    pub queue: QueueName,
    pub made: Moment,
    pub rang: Option<Moment>,
    pub answered: Option<Moment>,
    pub ended: Option<(Moment, OfferEnd)>,
    pub reasons: Reasons,
}

/// The rows that a piece of the journal touches, as they were and then as they are.
pub(super) struct Offers(BTreeMap<OfferId, Offer>);

struct Offer {
    call: String,
    agent: String,
    queue: String,
    made: i64,
    rang: Option<i64>,
    answered: Option<i64>,
    ended: Option<i64>,
    how: Option<String>,
    reasons: String,
    /// Not as the table has it.
    changed: bool,
}

impl Offers {
    pub async fn load(
        change: &mut Change,
        centre: &CentreName,
        offers: &BTreeSet<OfferId>,
    ) -> Result<Self, StoreError> {
        let mut all = BTreeMap::new();
        for row in LOAD.rows(change, centre.as_str(), offers.iter().map(OfferId::to_string)).await? {
            let text = row.text(TABLE, "offer")?;
            let bad = || StoreError::Inconsistent { table: TABLE, id: format!("{centre}/{text}") };
            let offer = Offer {
                call: row.text(TABLE, "call")?,
                agent: row.text(TABLE, "agent")?,
                queue: row.text(TABLE, "queue")?,
                made: row.number(TABLE, "made_ms")?,
                rang: row.maybe_number(TABLE, "rang_ms")?,
                answered: row.maybe_number(TABLE, "answered_ms")?,
                ended: row.maybe_number(TABLE, "ended_ms")?,
                how: row.maybe_text(TABLE, "how")?,
                reasons: row.text(TABLE, "reasons")?,
                changed: false,
            };
            all.insert(text.parse().map_err(|_| bad())?, offer);
        }
        Ok(Self(all))
    }

    pub fn made(
        &mut self,
        told: Told,
        offer: OfferId,
        call: CallId,
        agent: &AgentName,
        queue: &QueueName,
        reasons: &Reasons,
    ) -> Result<(), StoreError> {
        let reasons = serde_json::to_string(reasons).map_err(|error| StoreError::Refused { why: error.to_string() })?;
        self.0.entry(offer).or_insert_with(|| Offer {
            call: call.to_string(),
            agent: agent.as_str().to_owned(),
            queue: queue.as_str().to_owned(),
            made: told.at.as_ms(),
            rang: None,
            answered: None,
            ended: None,
            how: None,
            reasons,
            changed: true,
        });
        Ok(())
    }

    pub fn rang(&mut self, told: Told, offer: OfferId) {
        let Some(row) = self.0.get_mut(&offer) else { return };
        row.rang = row.rang.or(Some(told.at.as_ms()));
        row.changed = true;
    }

    pub fn answered(&mut self, told: Told, offer: OfferId) {
        let Some(row) = self.0.get_mut(&offer) else { return };
        row.answered = row.answered.or(Some(told.at.as_ms()));
        row.changed = true;
    }

    /// An offer ends once; what is said later is late.
    pub fn ended(&mut self, told: Told, offer: OfferId, how: OfferEnd) {
        let Some(row) = self.0.get_mut(&offer).filter(|row| row.ended.is_none()) else { return };
        row.ended = Some(told.at.as_ms());
        row.how = Some(how.as_str().to_owned());
        row.changed = true;
    }

    pub async fn save(self, change: &mut Change, centre: &CentreName) -> Result<(), StoreError> {
        let mut values = Vec::new();
        for (offer, row) in self.0.into_iter().filter(|(_, row)| row.changed) {
            values.extend_from_slice(values![
                centre.as_str(),
                offer.to_string(),
                row.call,
                row.agent,
                row.queue,
                row.made,
                row.rang,
                row.answered,
                row.ended,
                row.how.as_deref(),
                row.reasons,
            ]);
        }
        SAVE.execute(change, &values).await
    }
}

impl Db {
    /// Who was rung for a call, in order.
    pub async fn offers_of_call(&self, centre: &CentreName, call: CallId) -> Result<Vec<KeptOffer>, StoreError> {
        let rows = self.rows(OF_CALL, values![centre.as_str(), call.to_string(), MOST_OF_A_CALL]).await?;
        let offers = rows.iter().map(|row| {
            let text = row.text(TABLE, "offer")?;
            let bad = || StoreError::Inconsistent { table: TABLE, id: format!("{centre}/{text}") };
            let moment = |column| Ok::<_, StoreError>(row.maybe_number(TABLE, column)?.map(Moment::from_ms));
            let ended = match (moment("ended_ms")?, row.maybe_text(TABLE, "how")?) {
                (Some(at), Some(word)) => {
                    Some((at, ENDS.into_iter().find(|end| end.as_str() == word).ok_or_else(bad)?))
                }
                (None, None) => None,
                (Some(_), None) | (None, Some(_)) => return Err(bad()),
            };
            Ok(KeptOffer {
                offer: text.parse().map_err(|_| bad())?,
                agent: AgentName::new(row.text(TABLE, "agent")?),
                queue: QueueName::new(row.text(TABLE, "queue")?),
                made: Moment::from_ms(row.number(TABLE, "made_ms")?),
                rang: moment("rang_ms")?,
                answered: moment("answered_ms")?,
                ended,
                reasons: serde_json::from_str(&row.text(TABLE, "reasons")?).map_err(|_| bad())?,
            })
        });
        offers.collect()
    }
}
