//! An agent's day so far, from the stays in each state and the calls answered. A figure that cannot be read is left out;
//! the desk does not wait for it.

use std::time::Duration;

use crate::calendar::Moment;
use crate::routing::agent::AgentState;
use crate::store::StoreError;
use crate::web::Web;
use crate::web::pages::who::Who;
use crate::web::pages::words::clock;

/// What a day comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Day {
    pub answered: usize,
    /// (talk + hold + wrap-up) / answered.
    pub handling: Option<String>,
    pub logged_in: String,
    pub on_break: String,
}

/// # Errors
/// As the store.
pub async fn of(web: &Web, who: &Who, now: Moment) -> Result<Day, StoreError> {
    let began = web.zone(who.centre()).day_began(now);
    let stays = web.db.agent_stays(who.centre(), who.agent(), began, now).await?;
    let (mut handled, mut on_break, mut there) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let answered = web.db.count_answered_by(who.centre(), who.agent(), began).await?;
    for stay in stays {
        let length = stay.until.unwrap_or(now).min(now).since(stay.since.max(began));
        match stay.state {
            AgentState::Talking | AgentState::OnHold | AgentState::WrappingUp => handled += length,
            AgentState::OnBreak => on_break += length,
            // What is dialled out is no call of a queue: handling is of calls answered.
            AgentState::Idle
            | AgentState::Ringing
            | AgentState::Dialling
            | AgentState::TalkingOut
            | AgentState::Missed
            | AgentState::PhoneBusy
            | AgentState::Elsewhere
            | AgentState::Away => {}
        }
        if stay.state != AgentState::Away {
            there += length;
        }
    }
    let per_call = u32::try_from(answered).ok().filter(|n| *n > 0).map(|n| handled / n);
    Ok(Day { answered, handling: per_call.map(text), logged_in: text(there), on_break: text(on_break) })
}

fn text(time: Duration) -> String {
    clock(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}
