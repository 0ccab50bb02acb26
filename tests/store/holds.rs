//! Time on hold in the record of a call: talk and hold are counted apart, each once, wherever a piece ends.

use std::time::Duration;

use cordboard::calendar::Moment;
use cordboard::routing::Fact;
use cordboard::routing::fact::{EndedBy, Outcome};
use cordboard::routing::ids::*;
use cordboard::store::{Db, Recorded, Way};

use crate::shift::{at, call, centre};
use crate::{Both, rows};

fn arrived(number: u32) -> Fact {
    Fact::CallArrived {
        call: call(number),
        switch: SwitchName::new("pbx"),
        leg: LegId::new(format!("in-{number}")),
        from: PhoneNumber::new("10086"),
        name: CallerName::new("A caller"),
        to: PhoneNumber::new("100"),
        version: VersionHash::new("ab12"),
        found: false,
        promise: None,
    }
}

fn connected(number: u32) -> Fact {
    Fact::CallConnected {
        call: call(number),
        agent: AgentName::new("anna"),
        leg: LegId::new(format!("out-{number}")),
        queue: QueueName::new("sales"),
        waited: Duration::from_millis(410),
    }
}

fn held(number: u32) -> Fact {
    Fact::CallHeld { call: call(number), agent: AgentName::new("anna"), by: AgentName::new("anna") }
}

fn back(number: u32) -> Fact {
    Fact::CallRetrieved { call: call(number), agent: AgentName::new("anna"), by: None }
}

fn ended(number: u32, outcome: Outcome, by: EndedBy) -> Fact {
    Fact::CallEnded { call: call(number), outcome, by }
}

/// Talk and hold of a call, in seconds.
async fn talk_and_hold(db: &Db, number: u32) -> (Option<u64>, Option<u64>) {
    let kept = db.call(&centre(), call(number)).await.expect("a call").expect("is there");
    (kept.talked.map(|time| time.as_secs()), kept.held.map(|time| time.as_secs()))
}

#[tokio::test(flavor = "multi_thread")]
async fn hold_is_counted_apart_from_talk_wherever_a_piece_of_the_journal_ends() {
    let (caller, unseen) = (EndedBy::Caller, EndedBy::Unseen);
    let story: Vec<(Moment, Vec<Fact>)> = [
        (0, vec![arrived(1), arrived(2), arrived(3), arrived(4), arrived(5)]),
        (1, vec![connected(1), connected(2), connected(3), connected(5)]),
        (2, vec![held(1), held(2), held(5)]),
        (5, vec![back(1), back(2), held(5)]),
        // The caller hangs up on hold; a second hold of 2 is open when nobody sees its end.
        (7, vec![held(1), held(2)]),
        (8, vec![ended(1, Outcome::Answered, caller.clone()), ended(2, Outcome::Answered, unseen)]),
        (9, vec![ended(3, Outcome::Answered, caller.clone()), ended(4, Outcome::Abandoned, caller)]),
        // Late words about a call that is over, and about one that nobody knows.
        (10, vec![held(1), back(1), held(99), back(99), back(3)]),
    ]
    .map(|(second, facts)| (at(second * 1000), facts))
    .into();
    let all: Vec<Recorded<'_>> =
        (1..).zip(&story).map(|(seq, (at, facts))| Recorded { seq, at: *at, schema: 1, facts }).collect();
    let whole = Both::new().await;
    let pieces = Both::new().await;
    for (db, piecemeal) in whole.all.iter().zip(&pieces.all) {
        for db in [db, piecemeal] {
            assert_eq!(db.filled(&centre()).await.expect("a position").seq, 0);
        }
        db.fill(&centre(), 0, &all, Way::Whole).await.expect("filled");
        for (n, one) in all.iter().enumerate() {
            piecemeal.fill(&centre(), n as u64, std::slice::from_ref(one), Way::Whole).await.expect("filled");
        }
        assert_eq!(rows(db).await, rows(piecemeal).await);
        // Seven seconds together, of which three and one on hold.
        assert_eq!(talk_and_hold(db, 1).await, (Some(3), Some(4)));
        // What nobody saw has no length; what was seen of the hold stays.
        assert_eq!(talk_and_hold(db, 2).await, (None, Some(3)));
        assert_eq!(talk_and_hold(db, 3).await, (Some(8), Some(0)));
        assert_eq!(talk_and_hold(db, 4).await, (None, None));
        // It lasts still; told twice, it began once.
        assert_eq!(talk_and_hold(db, 5).await, (None, None));
    }
    let [sqlite, postgres] = &whole.all;
    assert_eq!(rows(sqlite).await, rows(postgres).await);
}
