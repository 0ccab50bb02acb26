//! Lists of calls and the figures of a day: the same from both databases, whatever is asked for.

use std::time::Duration;

use cordboard::calendar::Moment;
use cordboard::routing::fact::{Fact, Outcome};
use cordboard::routing::ids::{AgentName, PhoneNumber, QueueName};
use cordboard::store::call_lists::Wanted;
use cordboard::store::calls::{KeptCall, Which};
use cordboard::store::today::Became;
use cordboard::store::{Recorded, Way, statements};
use sqlx::{ConnectOptions as _, Row as _};

use crate::Both;
use crate::shift::{at, call, centre, shift};

type Good = fn(&KeptCall) -> bool;

#[tokio::test(flavor = "multi_thread")]
async fn every_way_into_the_list_finds_the_calls_that_fit_newest_first_page_by_page() {
    let both = Both::new().await;
    let (all, centre) = (shift(60), centre());
    let recorded: Vec<Recorded<'_>> =
        (1..).zip(&all).map(|(seq, one)| Recorded { seq, at: one.at, schema: 1, facts: &one.facts }).collect();
    let number = |text: &str| Some(text.to_owned());
    let cases: Vec<(Wanted, Good)> = vec![
        (Wanted::default(), |_| true),
        (Wanted { agent: Some(AgentName::new("anna")), ..Wanted::default() }, |call| {
            call.agent == Some(AgentName::new("anna"))
        }),
        (Wanted { queue: Some(QueueName::new("sales")), ..Wanted::default() }, |call| {
            call.queue == Some(QueueName::new("sales"))
        }),
        (Wanted { outcome: Some(Outcome::Abandoned), ..Wanted::default() }, |call| {
            call.ended.as_ref().is_some_and(|(_, outcome, _)| *outcome == Outcome::Abandoned)
        }),
        (Wanted { outcome: Some(Outcome::EndedByUs), ..Wanted::default() }, |call| {
            call.ended.as_ref().is_some_and(|(_, outcome, _)| *outcome == Outcome::EndedByUs)
        }),
        (Wanted { asked: true, ..Wanted::default() }, |call| call.queued.is_some()),
        (Wanted { called: Some(PhoneNumber::new("100")), ..Wanted::default() }, |_| true),
        (Wanted { called: Some(PhoneNumber::new("101")), ..Wanted::default() }, |_| false),
        (Wanted { waited: Some(Duration::from_millis(400)), ..Wanted::default() }, |call| {
            call.waited.is_some_and(|waited| waited.as_millis() >= 400)
        }),
        (Wanted { waited: Some(Duration::from_secs(60)), ..Wanted::default() }, |_| false),
        // The end, the beginning, the middle, and what looks like a pattern.
        (Wanted { number: number("0182"), ..Wanted::default() }, |_| true),
        (Wanted { number: number("820\\"), ..Wanted::default() }, |_| true),
        (Wanted { number: number("+49 30 '9018"), ..Wanted::default() }, |_| true),
        (Wanted { number: number("+49"), ..Wanted::default() }, |_| true),
        (Wanted { number: number("+49%0\\"), ..Wanted::default() }, |_| false),
        (Wanted { number: number("_49 30 "), ..Wanted::default() }, |_| false),
        (Wanted { from: Some(at(20_000)), to: Some(at(30_000)), ..Wanted::default() }, |call| {
            call.arrived >= at(20_000) && call.arrived < at(30_000)
        }),
        (Wanted { call: Some(call(7)), ..Wanted::default() }, |one| one.call == call(7)),
    ];
    for db in &both.all {
        db.filled(&centre).await.expect("a position");
        db.fill(&centre, 0, &recorded, Way::Whole).await.expect("filled");
        let everything = db.calls(&centre, &Which::default(), 1000).await.expect("calls");
        for (wanted, good) in &cases {
            let expected: Vec<&KeptCall> =
                everything.iter().filter(|call| good(call) && call.ended.is_some()).collect();
            let mut found = Vec::new();
            let mut wanted = wanted.clone();
            loop {
                let page = db.list_calls(&centre, &wanted, 7).await.expect("calls");
                let Some(last) = page.last() else { break };
                wanted.after = Some((last.arrived, last.call));
                found.extend(page);
                assert!(found.len() <= 60, "a page is listed twice: {wanted:?}");
            }
            assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{:?}: {wanted:?}", db.dialect());
        }
        let other = cordboard::routing::ids::CentreName::new("other");
        assert_eq!(db.list_calls(&other, &Wanted::default(), 7).await.expect("calls"), Vec::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_is_added_up_alike_on_both_databases_and_says_how_far() {
    let both = Both::new().await;
    let (all, centre) = (shift(60), centre());
    let recorded: Vec<Recorded<'_>> =
        (1..).zip(&all).map(|(seq, one)| Recorded { seq, at: one.at, schema: 1, facts: &one.facts }).collect();
    let count = |wanted: fn(&Fact) -> bool| {
        u64::try_from(all.iter().flat_map(|one| &one.facts).filter(|fact| wanted(fact)).count()).expect("few")
    };
    let connected = count(|fact| matches!(fact, Fact::CallConnected { .. }));
    let abandoned = count(|fact| matches!(fact, Fact::CallEnded { outcome: Outcome::Abandoned, .. }));
    let mut days = Vec::new();
    for db in &both.all {
        db.filled(&centre).await.expect("a position");
        db.fill(&centre, 0, &recorded, Way::Whole).await.expect("filled");
        let mut today = db.today(&centre, at(0)).await.expect("a day");
        assert_eq!(today.seq, u64::try_from(recorded.len()).expect("few"));
        let stays = |became: Became| -> u64 {
            today.left.iter().filter(|left| left.became == became).map(|left| left.stays).sum()
        };
        assert_eq!((stays(Became::Answered), stays(Became::Abandoned)), (connected, abandoned));
        let over = |became: Became| -> u64 {
            today.over.iter().filter(|(what, _)| *what == became).map(|(_, calls)| calls).sum()
        };
        assert_eq!((over(Became::Answered), over(Became::Abandoned)), (connected, abandoned));
        assert_eq!((today.stands.len(), today.here.len()), (0, 0));
        today.left.sort_by_key(|left| format!("{left:?}"));
        today.over.sort_by_key(|over| format!("{over:?}"));
        days.push(today);
        let later = db.today(&centre, Moment::from_ms(i64::MAX / 2)).await.expect("a day");
        assert_eq!((later.left.len(), later.over.len()), (0, 0), "nothing of another day");
    }
    assert_eq!(days[0], days[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_goes_into_a_list_by_the_index_of_what_is_asked_for() {
    let both = Both::new().await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&both.file);
    let mut connection = options.connect().await.expect("the file opens");
    for (way, index) in [
        ("AND c.agent = $2 ORDER", "calls_by_agent (centre=? AND agent=? AND arrived_ms>?"),
        ("AND c.queue = $3 ORDER", "calls_by_queue (centre=? AND queue=? AND arrived_ms>?"),
        ("AND c.outcome = $4 ORDER", "calls_by_outcome (centre=? AND outcome=? AND arrived_ms>?"),
        ("AND c.to_number = $9 ORDER", "calls_by_called_number (centre=? AND to_number=? AND arrived_ms>?"),
        ("AND c.waited_ms >= 60000 ORDER", "calls_that_waited (centre=? AND arrived_ms>?"),
    ] {
        let list = statements().into_iter().find(|text| text.contains(way)).unwrap_or_else(|| panic!("none {way}"));
        let plan = sqlx::query(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {list}")));
        let steps = plan.fetch_all(&mut connection).await.expect("a plan");
        let first: String = steps[0].get("detail");
        assert!(first.contains(index), "{way}: {first}");
    }
}
