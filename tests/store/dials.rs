//! What agents dialled: one row each on both databases, the number apart, no figure of a queue touched.

use std::time::Duration;

use cordboard::customers::{Fields, Note, Number, Record};
use cordboard::routing::Fact;
use cordboard::routing::agent::{AgentState, Presence, Work};
use cordboard::routing::dial::{DialEnd, DialEndedBy};
use cordboard::routing::ids::*;
use cordboard::store::calls::Which;
use cordboard::store::dials::WhichDials;
use cordboard::store::{Author, Recorded, RequestKey, Way};

use crate::Both;
use crate::shift::{at, call, centre};

const NUMBER: &str = "+8613800138000";

fn ana() -> AgentName {
    AgentName::new("anna")
}

pub fn dialled(number: u32) -> Fact {
    Fact::Dialled {
        call: call(number),
        agent: ana(),
        number: PhoneNumber::new(NUMBER),
        switch: SwitchName::new("pbx"),
        leg: LegId::new("hall-o1"),
        out_leg: LegId::new("hall-o2"),
        to: StationAddress::new(format!("PJSIP/{NUMBER}@trunk")),
        shown: PhoneNumber::new("4001"),
        ring_for: Duration::from_secs(45),
        wrap_up: Some(Duration::ZERO),
        longest: Duration::from_secs(3600),
        until: at(45_000),
        by: ana(),
        request: None,
        promise: None,
        queue: None,
        reasons: None,
    }
}

fn ended(number: u32, how: DialEnd, by: DialEndedBy) -> Fact {
    Fact::DialEnded { call: call(number), agent: ana(), how, by }
}

pub fn talks_out(ms: i64) -> Fact {
    Fact::AgentChanged {
        agent: ana(),
        presence: Presence::Ready { since: at(0) },
        work: Work::Dialling { call: call(1), since: at(0), talking: Some(at(ms)), promised: false },
        state: AgentState::TalkingOut,
        by: None,
        why: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dial_is_one_row_with_its_number_apart_and_is_no_call_of_any_list() {
    let both = Both::new().await;
    let answered = vec![Fact::DialAnswered { call: call(1) }, Fact::DialConnected { call: call(1), agent: ana() }];
    let story = [
        (0, vec![dialled(1)]),
        (2, vec![Fact::DialAgentAnswered { call: call(1), agent: ana(), until: at(47_000) }]),
        (9, [answered, vec![talks_out(9_000)]].concat()),
        (30, vec![ended(1, DialEnd::Answered, DialEndedBy::Number)]),
        // Late words, a second dial that nobody picked up, and one that still rings.
        (31, vec![ended(1, DialEnd::Unseen, DialEndedBy::Unseen), dialled(2)]),
        (40, vec![ended(2, DialEnd::AgentNotReached, DialEndedBy::Agent), dialled(3)]),
    ];
    for db in &both.all {
        assert_eq!(db.filled(&centre()).await.expect("a position").seq, 0);
        // Each entry a piece of its own: rows continue where the last piece ended.
        for (seq, (second, facts)) in (1..).zip(&story) {
            let entry = Recorded { seq, at: at(second * 1000), schema: 1, facts };
            db.fill(&centre(), seq - 1, &[entry], Way::Whole).await.expect("filled");
        }
        let kept = db.dials(&centre(), &WhichDials::default(), 10).await.expect("dials");
        assert_eq!(kept.iter().map(|dial| dial.call).collect::<Vec<_>>(), [call(3), call(2), call(1)]);
        let first = db.dial(&centre(), call(1)).await.expect("read").expect("is there");
        assert_eq!(first.number.as_ref().map(PhoneNumber::as_str), Some(NUMBER));
        assert_eq!((first.rung, first.connected), (Some(at(2_000)), Some(at(9_000))));
        assert_eq!(first.ended, Some((at(30_000), DialEnd::Answered, DialEndedBy::Number)));
        let after = WhichDials { agent: Some(ana()), after: Some((at(40_000), call(3))), ..WhichDials::default() };
        assert_eq!(db.dials(&centre(), &after, 1).await.expect("a page").len(), 1);
        assert!(db.dials(&CentreName::new("other"), &WhichDials::default(), 10).await.expect("none").is_empty());
        // Neither the lists of calls nor what an agent has answered knows of it.
        assert!(db.calls(&centre(), &Which::default(), 10).await.expect("calls").is_empty());
        assert_eq!(db.count_answered_by(&centre(), &ana(), at(-1)).await.expect("a count"), 0);
        // The facts that are kept for ever do not hold the number.
        let facts = db.facts_of_call(&centre(), call(1)).await.expect("facts");
        assert!(!format!("{facts:?}").contains("13800138000"), "{facts:?}");
        let stays = db.agent_stays(&centre(), &ana(), at(0), at(60_000)).await.expect("stays");
        assert_eq!(stays.last().map(|stay| stay.state), Some(AgentState::TalkingOut));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_who_was_dialled_has_the_dials_beside_the_calls() {
    let both = Both::new().await;
    for db in &both.all {
        assert_eq!(db.filled(&centre()).await.expect("a position").seq, 0);
        let facts = [dialled(1)];
        let entry = Recorded { seq: 1, at: at(0), schema: 1, facts: &facts };
        db.fill(&centre(), 0, &[entry], Way::Whole).await.expect("filled");
        let home = "CN".parse().ok();
        let record = Record {
            name: None,
            language: None,
            note: Note::of("").expect("a note"),
            fields: Fields::of([("card", "4711")]).expect("fields"),
            numbers: vec![Number::of(NUMBER, home).expect("a number")],
        };
        let (request, by) = (RequestKey::of("form-00000001").expect("a key"), Author::Person(ana()));
        let customer = db.add_customer(&centre(), record, &request, &by, at(1), home).await.expect("a customer");
        let dials = db.dials_to(&centre(), &customer, 10, home).await.expect("dials");
        assert_eq!(dials.iter().map(|dial| dial.call).collect::<Vec<_>>(), [call(1)]);
        assert!(db.contacts_of(&centre(), &customer, None, 10, home).await.expect("calls").is_empty());
    }
}
