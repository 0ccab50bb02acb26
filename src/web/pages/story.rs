//! A call's story: its facts in order, with what the caller keyed, and what agents noted. Of calls in hand and those just
//! over from memory, so that a desk need not wait for the database; of all others from there.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use super::problem::{PageProblem, Shown};
use crate::calendar::Moment;
use crate::controller::Happened;
use crate::routing::Fact;
use crate::routing::ids::{AgentName, CallId, CentreName};
use crate::store::Db;
use crate::store::notes::Note;

/// Calls that are over and still remembered: those somebody may yet be writing a note about.
const MOST_OVER: usize = 5_000;
/// Calls remembered in all: more than any switch carries.
const MOST_CALLS: usize = 50_000;
/// Facts of one call that are remembered: somebody who goes round in a menu all day has more, and is read from SQL.
const MOST_FACTS: usize = 500;

/// One fact of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    pub at: Moment,
    pub fact: Fact,
}

/// One that began while this process ran: whatever was told or noted of it was told or noted here.
#[derive(Default)]
struct Call {
    told: Vec<Told>,
    notes: Vec<Note>,
}

#[derive(Default)]
struct Remembered {
    calls: BTreeMap<(CentreName, CallId), Call>,
    over: VecDeque<(CentreName, CallId)>,
}

/// The stories of calls that began while this process ran.
#[derive(Default)]
pub struct Stories(Mutex<Remembered>);

impl Stories {
    /// Takes in one fact, in order.
    pub fn hear(&self, happened: &Arc<Happened>) {
        let Some(call) = happened.fact.call() else { return };
        let key = (happened.centre.clone(), call);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let begins = matches!(
            happened.fact,
            Fact::CallArrived { found: false, .. } | Fact::Dialled { .. } | Fact::PromiseMade { .. }
        );
        if begins && all.calls.len() < MOST_CALLS {
            all.calls.insert(key.clone(), Call::default());
        }
        // One whose beginning was not heard is read from SQL, whole.
        let Some(Call { told, notes: _ }) = all.calls.get_mut(&key) else { return };
        if told.len() >= MOST_FACTS {
            all.calls.remove(&key);
            return;
        }
        told.push(Told { at: happened.at, fact: happened.fact.clone() });
        if let Fact::CallEnded { .. } | Fact::DialEnded { .. } | Fact::PromiseKept { .. } | Fact::PromiseBroken { .. } =
            happened.fact
        {
            all.over.push_back(key);
            while all.over.len() > MOST_OVER {
                if let Some(oldest) = all.over.pop_front() {
                    all.calls.remove(&oldest);
                }
            }
        }
    }

    /// Some facts were missed: what is remembered has holes.
    pub fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Remembered::default();
    }

    fn remembered(&self, centre: &CentreName, call: CallId) -> Option<Vec<Told>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.calls.get(&(centre.clone(), call)).map(|call| call.told.clone())
    }

    /// Takes in what has been saved.
    pub fn noted(&self, centre: &CentreName, call: CallId, note: Note) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Call { told: _, notes }) = all.calls.get_mut(&(centre.clone(), call)) else { return };
        match notes.iter_mut().find(|before| before.agent == note.agent) {
            // Two saves may come back from the database in either order.
            Some(before) if before.version >= note.version => {}
            Some(before) => *before = note,
            None => notes.push(note),
        }
    }

    /// What this agent has noted of it.
    ///
    /// # Errors
    /// `Away` where it is only in the database and that does not answer.
    pub async fn note(&self, db: &Db, centre: &CentreName, call: CallId, agent: &AgentName) -> Shown<Option<Note>> {
        let mine = |note: &&Note| note.agent == *agent;
        {
            let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(Call { told: _, notes }) = all.calls.get(&(centre.clone(), call)) {
                return Ok(notes.iter().find(mine).cloned());
            }
        }
        Ok(db.notes(centre, call).await?.iter().find(mine).cloned())
    }

    /// # Errors
    /// `NotFound`; `Away` where it is only in the database and that does not answer.
    pub async fn of(&self, db: &Db, centre: &CentreName, call: CallId) -> Shown<Vec<Told>> {
        if let Some(told) = self.remembered(centre, call) {
            return Ok(told);
        }
        let facts = db.facts_of_call(centre, call).await?;
        if facts.is_empty() {
            return Err(PageProblem::NotFound);
        }
        let personal = db.personal(centre, call).await?;
        let mut story = Vec::with_capacity(facts.len());
        for kept in facts {
            // One that a later version wrote is left out; its time is in the table.
            let Ok(mut fact) = serde_json::from_value::<Fact>(kept.body) else { continue };
            if let Some(personal) = &personal {
                match &mut fact {
                    Fact::CallArrived { from, name, .. } => {
                        *from = personal.from.clone();
                        *name = personal.name.clone();
                    }
                    Fact::Dialled { number, .. } => *number = personal.from.clone(),
                    Fact::Keyed { keys, .. } => {
                        let typed = personal.keyed.iter().find(|keyed| keyed.seq == kept.seq && keyed.n == kept.n);
                        *keys = typed.map_or_else(String::new, |typed| typed.keys.clone());
                    }
                    _ => {}
                }
            }
            story.push(Told { at: kept.at, fact });
        }
        Ok(story)
    }
}
