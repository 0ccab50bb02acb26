//! Calls of another centre that an agent serves: on the desk, and in what is pressed there, the agent is then the guest
//! (`name@centre`) of that centre. All that is read and written of such a call is read and written there, so that nothing
//! of two centres is ever mixed; their own centre sees only that they are away.

use crate::routing::ids::{AgentName, CentreName};
use crate::store::agents::Role;
use crate::web::Web;
use crate::web::pages::problem::Shown;
use crate::web::pages::who::Who;

/// The same person as a guest of that centre: never more than an agent there.
pub fn guest_of(who: &Who, lender: &CentreName) -> Who {
    let mut guest = who.clone();
    guest.session.agent = who.agent().guest_of(who.centre());
    guest.session.centre = lender.clone();
    guest.session.role = Role::Agent;
    guest
}

/// As whom they have the call in hand.
///
/// # Errors
/// The controller is away.
pub async fn in_hand(web: &Web, who: &Who) -> Shown<Who> {
    let seen = web.handle.agent(who.centre(), who.agent()).await?;
    let lender = seen.and_then(|desk| desk.agent.serves);
    Ok(lender.map_or_else(|| who.clone(), |lender| guest_of(who, &lender)))
}

/// As whom they had a call that a page names with its centre: ids of calls are a centre's own, and a note that is saved late
/// must not go to another's call of the same id.
pub fn of(who: &Who, centre: Option<&str>) -> Who {
    match centre {
        Some(centre) if centre != who.centre().as_str() => guest_of(who, &CentreName::new(centre)),
        Some(_) | None => who.clone(),
    }
}

/// The centres whose queues are lent to this person.
pub async fn lenders(web: &Web, who: &Who) -> Vec<CentreName> {
    let is_me = |agent: &AgentName| agent == who.agent();
    let loans = web.handle.loans(who.centre()).await.unwrap_or_default();
    loans.ours.into_iter().filter(|(agent, ..)| is_me(agent)).map(|(_, lender, _)| lender).collect()
}
