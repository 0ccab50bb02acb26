//! Call-backs that are owed: one row each on both databases, the number apart, and the caller's call no abandon.

use std::time::Duration;

use cordboard::dialplan::Language;
use cordboard::reports::call_backs::{CallBackFigure, CallBackReport};
use cordboard::reports::{StayEnd, View};
use cordboard::routing::Fact;
use cordboard::routing::dial::DialEnd;
use cordboard::routing::fact::{EndedBy, LeftQueue, Outcome};
use cordboard::routing::ids::*;
use cordboard::routing::promise::{Back, Broken, KEPT_FOR_AGENT, PromisedBy, Wish};
use cordboard::store::call_back_report::PromisesBehind;
use cordboard::store::calls::Which;
use cordboard::store::promises::{PromiseEnd, WhichPromises};
use cordboard::store::{Recorded, Way};

use crate::Both;
use crate::shift::{at, call, centre};

const NUMBER: &str = "13800138000";

fn service() -> QueueName {
    QueueName::new("service")
}

fn made(number: u32, by: PromisedBy, of_call: Option<CallId>) -> Fact {
    Fact::PromiseMade {
        promise: call(number),
        number: PhoneNumber::new(NUMBER),
        queue: service(),
        joined: at(1_000),
        credit: Duration::ZERO,
        needs: vec![],
        wishes: vec![],
        due: None,
        by,
        of_call,
        language: None,
        request: None,
    }
}

fn caller() -> Vec<Fact> {
    vec![
        Fact::CallArrived {
            call: call(1),
            switch: SwitchName::new("pbx"),
            leg: LegId::new("caller"),
            from: PhoneNumber::new(NUMBER),
            name: CallerName::new("Li"),
            to: PhoneNumber::new("100"),
            version: VersionHash::new("v1"),
            found: false,
            promise: None,
        },
        Fact::CallQueued {
            call: call(1),
            queue: service(),
            joined: at(1_000),
            credit: Duration::ZERO,
            needs: vec![],
            prefer: vec![],
            agents: vec![],
            step: StepName::new("plain"),
            language: "en".into(),
            promise: None,
        },
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promise_is_one_row_with_its_number_apart_and_its_caller_has_not_given_up() {
    let both = Both::new().await;
    let (to, lead) = (Some(StepName::new("owed")), AgentName::new("lead"));
    let left = Fact::CallLeftQueue { call: call(1), queue: service(), why: LeftQueue::CallBack, to };
    let ended = Fact::CallEnded { call: call(1), outcome: Outcome::PromisedCallBack, by: EndedBy::Us };
    let kept = Fact::PromiseKept {
        promise: call(2),
        dial: call(3),
        agent: AgentName::new("anna"),
        queue: service(),
        waited: Duration::from_secs(59),
    };
    let mut wished = made(4, PromisedBy::Person(lead.clone()), None);
    if let Fact::PromiseMade { wishes, .. } = &mut wished {
        let wish = |agent| Wish { agent: AgentName::new(agent), within: KEPT_FOR_AGENT };
        *wishes = vec![wish("anna"), wish("otto")];
    }
    let again = Fact::PromiseWaits { promise: call(2), joined: at(1_000), why: Back::Rested };
    let story = [
        (1, caller()),
        (20, vec![left, made(2, PromisedBy::Caller, Some(call(1)))]),
        (25, vec![ended]),
        (30, vec![Fact::PromiseRests { promise: call(2), until: at(40_000), tries: 1, after: DialEnd::Busy }]),
        (40, vec![again, wished]),
        (60, vec![kept, Fact::PromiseBroken { promise: call(4), why: Broken::Cancelled, by: Some(lead.clone()) }]),
        // Late words change nothing.
        (70, vec![Fact::PromiseBroken { promise: call(2), why: Broken::Expired, by: None }]),
    ];
    for db in &both.all {
        assert_eq!(db.filled(&centre()).await.expect("a position").seq, 0);
        for (seq, (second, facts)) in (1..).zip(&story) {
            let entry = Recorded { seq, at: at(second * 1000), schema: 1, facts };
            db.fill(&centre(), seq - 1, &[entry], Way::Whole).await.expect("filled");
        }
        let listed = db.promises(&centre(), &WhichPromises::default(), 10).await.expect("promises");
        assert_eq!(listed.iter().map(|promise| promise.promise).collect::<Vec<_>>(), [call(4), call(2)]);
        let first = db.promise(&centre(), call(2)).await.expect("read").expect("is there");
        assert_eq!(first.number.as_ref().map(PhoneNumber::as_str), Some(NUMBER));
        assert_eq!((first.of_call, first.tries, first.by), (Some(call(1)), 1, None));
        assert_eq!((first.agent, first.ended), (Some(AgentName::new("anna")), Some((at(60_000), PromiseEnd::Kept))));
        assert_eq!((&first.wished, &listed[0].wished), (&None, &Some(AgentName::new("anna"))));
        let (by, end) = (listed[0].ended_by.clone(), PromiseEnd::Broken(Broken::Cancelled));
        assert_eq!((by, listed[0].ended), (Some(lead.clone()), Some((at(60_000), end))));
        let after = WhichPromises { queue: Some(service()), after: Some((at(40_000), call(4))) };
        assert_eq!(db.promises(&centre(), &after, 10).await.expect("a page").len(), 1);
        assert!(db.promises(&CentreName::new("other"), &WhichPromises::default(), 10).await.expect("none").is_empty());
        let facts = db.facts_of_call(&centre(), call(2)).await.expect("facts");
        assert!(!format!("{facts:?}").contains(NUMBER), "{facts:?}");
        // The caller's own call: no abandon, in no list of those who gave up.
        let gave_up = Which { outcome: Some(Outcome::Abandoned), ..Which::default() };
        assert!(db.calls(&centre(), &gave_up, 10).await.expect("calls").is_empty());
        let one = db.call(&centre(), call(1)).await.expect("read").expect("is there");
        assert_eq!(one.ended.map(|(_, outcome, _)| outcome), Some(Outcome::PromisedCallBack));
        let rows = crate::rows(db).await;
        let stays = rows.iter().find(|(table, _)| table == "queue_stays");
        assert!(format!("{stays:?}").contains(StayEnd::CalledBack.as_str()), "{stays:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_promised_kept_and_broken_balances_in_every_period_and_opens_to_what_it_counts() {
    let both = Both::new().await;
    let kept = Fact::PromiseKept {
        promise: call(2),
        dial: call(9),
        agent: AgentName::new("anna"),
        queue: service(),
        waited: Duration::from_secs(59),
    };
    let broken = |number: u32, why: Broken| Fact::PromiseBroken { promise: call(number), why, by: None };
    let story = [
        (10, vec![made(2, PromisedBy::Caller, None), made(3, PromisedBy::Caller, None)]),
        (20, vec![made(4, PromisedBy::Caller, None), broken(3, Broken::NotReached)]),
        (60, vec![kept]),
        (70, vec![made(5, PromisedBy::Caller, None)]),
        (90, vec![broken(5, Broken::Cancelled)]),
    ];
    for db in &both.all {
        assert_eq!(db.filled(&centre()).await.expect("a position").seq, 0);
        for (seq, (second, facts)) in (1..).zip(&story) {
            let entry = Recorded { seq, at: at(second * 1000), schema: 1, facts };
            db.fill(&centre(), seq - 1, &[entry], Way::Whole).await.expect("filled");
        }
        let of = |report: &CallBackReport| CallBackFigure::ALL.map(|figure| report.total.count(figure));
        let all: [(std::ops::Range<i64>, View, [u64; 8]); 5] = [
            // Carried over, promised; kept, not reached, taken back, waited again, expired, still owed.
            (0..100, View::Flow, [0, 4, 1, 1, 1, 0, 0, 1]),
            (15..65, View::Flow, [2, 1, 1, 1, 0, 0, 0, 1]),
            (65..100, View::Flow, [1, 1, 0, 0, 1, 0, 0, 1]),
            (0..15, View::Cohort, [0, 2, 1, 1, 0, 0, 0, 0]),
            (15..65, View::Cohort, [0, 1, 0, 0, 0, 0, 0, 1]),
        ];
        for (seconds, view, expected) in all {
            let period = at(seconds.start * 1000)..at(seconds.end * 1000);
            let report = db.call_back_report(&centre(), None, view, &period).await.expect("a report");
            assert_eq!(of(&report), expected, "{seconds:?} {view:?}");
            assert!(report.total.balance().holds(), "{seconds:?} {view:?}: {report:?}");
            for (figure, count) in CallBackFigure::ALL.into_iter().zip(expected) {
                let behind = PromisesBehind { queue: Some(service()), figure, view, period: period.clone() };
                let listed = db.promises_behind(&centre(), &behind, None, 50).await.expect("a list");
                assert_eq!(listed.len() as u64, count, "{figure:?} of {seconds:?} {view:?}");
            }
        }
        let period = at(0)..at(100_000);
        let report = db.call_back_report(&centre(), Some(&service()), View::Flow, &period).await.expect("a report");
        assert_eq!(report.total.kept_after(), Some(Duration::from_secs(59)), "since its place counted");
        let other = QueueName::new("other");
        let none = db.call_back_report(&centre(), Some(&other), View::Flow, &period).await.expect("a report");
        assert!(none.total.is_empty());
        let csv = String::from_utf8(report.sheet(Language::Zh).to_csv().expect("a sheet")).expect("text");
        assert!(csv.contains("service,0,4,1,1,1,0,0,1,59.0,59.0,是"), "{csv}");
    }
}
