//! `offers`: every ring of an agent for a call, and how it ended.

use super::StoreError;
use super::driver::{Change, Db, values};
use super::fill::Told;
use crate::calendar::Moment;
use crate::routing::fact::{OfferEnd, Reasons};
use crate::routing::ids::{AgentName, CallId, CentreName, OfferId, QueueName};

const TABLE: &str = "offers";
const MADE: &str = "INSERT INTO offers (centre, offer, call, agent, queue, made_ms, reasons) \
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (centre, offer) DO NOTHING";
const RANG: &str = "UPDATE offers SET rang_ms = COALESCE(rang_ms, $3) WHERE centre = $1 AND offer = $2";
const ANSWERED: &str = "UPDATE offers SET answered_ms = COALESCE(answered_ms, $3) WHERE centre = $1 AND offer = $2";
// An offer ends once; what is said later is late.
const ENDED: &str = "UPDATE offers SET ended_ms = $3, how = $4 WHERE centre = $1 AND offer = $2 AND ended_ms IS NULL";
const OF_CALL: &str = "SELECT offer, agent, queue, made_ms, rang_ms, answered_ms, ended_ms, how, reasons FROM offers \
     WHERE centre = $1 AND call = $2 ORDER BY made_ms, offer LIMIT $3";

pub(super) const STATEMENTS: &[&str] = &[MADE, RANG, ANSWERED, ENDED, OF_CALL];

/// The most offers of one call that are read.
const MOST_OF_A_CALL: i64 = 1_000;

/// The ends there are, in the order of the table's CHECK.
pub const ENDS: [OfferEnd; 9] = [
    OfferEnd::Connected,
    OfferEnd::NoAnswer,
    OfferEnd::Busy,
    OfferEnd::Rejected,
    OfferEnd::Unreachable,
    OfferEnd::CallerGone,
    OfferEnd::AgentGone,
    OfferEnd::Withdrawn,
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

pub(super) async fn made(
    change: &mut Change,
    told: Told<'_>,
    offer: OfferId,
    call: CallId,
    agent: &AgentName,
    queue: &QueueName,
    reasons: &Reasons,
) -> Result<(), StoreError> {
    let reasons = serde_json::to_string(reasons).map_err(|error| StoreError::Refused { why: error.to_string() })?;
    let (centre, offer, call) = (told.centre.as_str(), offer.to_string(), call.to_string());
    let values = values![centre, offer, call, agent.as_str(), queue.as_str(), told.at, reasons];
    change.execute(MADE, values).await.map(drop)
}

pub(super) async fn rang(change: &mut Change, told: Told<'_>, offer: OfferId) -> Result<(), StoreError> {
    change.execute(RANG, values![told.centre.as_str(), offer.to_string(), told.at]).await.map(drop)
}

pub(super) async fn answered(change: &mut Change, told: Told<'_>, offer: OfferId) -> Result<(), StoreError> {
    change.execute(ANSWERED, values![told.centre.as_str(), offer.to_string(), told.at]).await.map(drop)
}

pub(super) async fn ended(
    change: &mut Change,
    told: Told<'_>,
    offer: OfferId,
    how: OfferEnd,
) -> Result<(), StoreError> {
    let values = values![told.centre.as_str(), offer.to_string(), told.at, how.as_str()];
    change.execute(ENDED, values).await.map(drop)
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
