//! Callers who were passed on, in the record: one call, its talk without the way between, and each stay counted once.

use std::time::Duration;

use cordboard::calendar::{Moment, Zone};
use cordboard::reports::{AllTerms, Figure, Period, Terms, Width};
use cordboard::routing::fact::{EndedBy, Outcome};
use cordboard::routing::ids::*;
use cordboard::routing::{Fact, PassedTo};
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

fn queued(number: u32, queue: &str, joined: i64) -> Fact {
    Fact::CallQueued {
        call: call(number),
        queue: QueueName::new(queue),
        joined: at(joined * 1000),
        credit: Duration::ZERO,
        needs: vec![],
        prefer: vec![],
        agents: vec![],
        step: StepName::new("welcome"),
        language: "en".into(),
        promise: None,
    }
}

fn connected(number: u32, agent: &str, queue: &str) -> Fact {
    Fact::CallConnected {
        call: call(number),
        agent: AgentName::new(agent),
        leg: LegId::new(format!("out-{number}")),
        queue: QueueName::new(queue),
        waited: Duration::from_secs(2),
    }
}

fn passed(number: u32, to: PassedTo) -> Fact {
    let agent = AgentName::new("mira");
    Fact::CallPassed { call: call(number), agent: agent.clone(), queue: QueueName::new("service"), to, by: agent }
}

fn ended(number: u32, outcome: Outcome) -> Fact {
    Fact::CallEnded { call: call(number), outcome, by: EndedBy::Caller }
}

async fn talk(db: &Db, number: u32) -> Option<u64> {
    let kept = db.call(&centre(), call(number)).await.expect("a call").expect("is there");
    kept.talked.map(|time| time.as_secs())
}

/// The day's row of a queue.
async fn of_queue(db: &Db, queue: &str) -> Vec<u64> {
    let day =
        jiff::Timestamp::from_millisecond(at(0).as_ms()).expect("a moment").to_zoned(jiff::tz::TimeZone::UTC).date();
    let period = Period::new(Zone::UTC, day, day, Width::Day).expect("a day");
    let terms = Terms { target: Duration::from_secs(20), short: Duration::ZERO };
    let terms = AllTerms { by_queue: [].into(), otherwise: terms };
    let report = db.queue_report(&centre(), &period, None, &terms).await.expect("a report").report;
    let of = report.queues.get(&QueueName::new(queue)).expect("a queue");
    let tally = &of.total.cohort;
    let figures = [Figure::Offered, Figure::MovedIn, Figure::Answered, Figure::Abandoned, Figure::PassedOn];
    figures.map(|figure| tally.count(figure)).into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_is_passed_on_is_one_call_and_counted_once_wherever_a_piece_ends() {
    let agent = || PassedTo::Agent(AgentName::new("otto"));
    let sales = || PassedTo::Queue(QueueName::new("sales"));
    let story: Vec<(Moment, Vec<Fact>)> = [
        (0, vec![arrived(1), arrived(2), arrived(3), arrived(4)]),
        (0, vec![queued(1, "service", 0), queued(2, "service", 0), queued(3, "service", 0), queued(4, "service", 0)]),
        (2, [1, 2, 3, 4].map(|n| connected(n, "mira", "service")).into()),
        // To an agent, to a queue twice, and to a step.
        (10, vec![passed(1, agent()), passed(2, sales()), queued(2, "sales", 10), passed(3, sales())]),
        (10, vec![queued(3, "sales", 10), passed(4, PassedTo::Step(StepName::new("thanks")))]),
        (14, vec![connected(1, "otto", "service"), connected(2, "otto", "sales")]),
        (15, vec![ended(3, Outcome::Abandoned)]),
        (20, vec![ended(1, Outcome::Answered), ended(2, Outcome::Answered), ended(4, Outcome::Answered)]),
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
        // Eight seconds with mira, and six with otto; the way between is nobody's talk.
        assert_eq!((talk(db, 1).await, talk(db, 2).await), (Some(14), Some(14)));
        assert_eq!((talk(db, 3).await, talk(db, 4).await), (Some(8), Some(8)));
        let kept = db.call(&centre(), call(1)).await.expect("a call").expect("is there");
        assert_eq!((kept.agent, kept.waited), (Some(AgentName::new("otto")), Some(Duration::from_secs(2))));
        // Offered once, where they came first; who was answered and passed on stays answered there.
        assert_eq!(of_queue(db, "service").await, [4, 0, 4, 0, 0]);
        assert_eq!(of_queue(db, "sales").await, [0, 2, 1, 1, 0]);
    }
    let [sqlite, postgres] = &whole.all;
    assert_eq!(rows(sqlite).await, rows(postgres).await);
}
