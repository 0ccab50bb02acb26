//! The escalator on both databases, by a clock that is moved by hand: once for each rung, whoever looks, whatever was away.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use cordboard::calendar::Moment;
use cordboard::cases::{Case, Target};
use cordboard::controller::escalator::Escalator;
use cordboard::dialplan::Centre;
use cordboard::store::people::{Answer, Guard, Wanted};
use cordboard::store::{Author, Db};
use tokio::sync::watch;

use crate::cases::{change, open, opening, plan, test_plan, who};
use crate::shift::{at, centre};
use crate::{Both, connected, postgres::Postgres};

const HOUR: i64 = 3_600_000;
const PATIENCE: Duration = Duration::from_secs(30);

/// A clock, the centre's rules, and as many escalators as anybody likes.
struct Watch {
    now: Arc<AtomicI64>,
    plans: watch::Sender<BTreeMap<cordboard::routing::ids::CentreName, Arc<Centre>>>,
}

impl Watch {
    fn new(plan: &Arc<Centre>) -> Self {
        let plans = BTreeMap::from([(centre(), plan.clone())]);
        Self { now: Arc::new(AtomicI64::new(at(0).as_ms())), plans: watch::Sender::new(plans) }
    }

    fn set(&self, now: Moment) {
        self.now.store(now.as_ms(), Ordering::SeqCst);
    }

    fn escalator(&self, db: &Db) -> Escalator {
        let now = self.now.clone();
        let clock = Arc::new(move || Moment::from_ms(now.load(Ordering::SeqCst)));
        Escalator { db: db.clone(), centre: centre(), plans: self.plans.subscribe(), clock }
    }

    /// One look; says when the next case wakes.
    async fn look(&self, db: &Db) -> Option<Moment> {
        self.escalator(db).look(&mut None).await.expect("a look")
    }
}

async fn people(db: &Db, names: &[&str]) {
    for name in names {
        db.engage(&centre(), &who(name), &Wanted::default(), &Author::Console, at(0)).await.expect("added");
    }
}

async fn gone(db: &Db, name: &str) {
    let answer = db.dismiss(&centre(), &who(name), &Guard::default(), &Author::Console, at(0)).await;
    assert_eq!(answer.expect("removed"), Answer::Changed);
}

const EVERYBODY: [&str; 5] = ["anna", "ben", "hanna", "otto", "he_lan"];

async fn read(db: &Db, case: &Case) -> Case {
    db.case(&centre(), case.number).await.expect("read").expect("is there")
}

/// When and what.
async fn story(db: &Db, case: &Case) -> Vec<(Moment, &'static str)> {
    let story = db.case_story(&centre(), case.number, 0).await.expect("story");
    story.into_iter().map(|event| (event.at, event.what.as_str())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_goes_up_when_its_time_runs_out_and_not_a_moment_before() {
    let both = Both::new().await;
    let plan = test_plan();
    for db in &both.all {
        people(db, &EVERYBODY).await;
        let watch = Watch::new(&plan);
        let case = open(db, &plan, opening("goods", "Lost"), 1, at(0)).await;
        assert_eq!(watch.look(db).await, Some(at(4 * HOUR)));
        watch.set(at(4 * HOUR - 1));
        watch.look(db).await;
        assert_eq!(read(db, &case).await, case);
        watch.set(at(4 * HOUR));
        assert_eq!(watch.look(db).await, Some(at(8 * HOUR)));
        let up = read(db, &case).await;
        assert_eq!((up.owner.department.as_str(), up.rung), ("hall", 1));
        // Accepted, and nobody is bothered before the time of the rung is over.
        let up =
            change(db, &up, at(5 * HOUR), |case| case.accept(&who("hanna"), at(5 * HOUR), plan.case_rules())).await;
        watch.set(at(8 * HOUR));
        assert_eq!(watch.look(db).await, Some(at(9 * HOUR)));
        assert_eq!(read(db, &case).await, up);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ran_out_while_nobody_looked_is_written_once_for_each_rung_at_its_own_time() {
    let both = Both::new().await;
    let plan = test_plan();
    for db in &both.all {
        people(db, &EVERYBODY).await;
        let watch = Watch::new(&plan);
        let case = open(db, &plan, opening("goods", "Lost"), 1, at(0)).await;
        watch.set(at(100 * HOUR));
        for _ in 0..3 {
            assert_eq!(watch.look(db).await, None);
        }
        let expected =
            [(at(0), "opened"), (at(4 * HOUR), "escalated"), (at(8 * HOUR), "escalated"), (at(12 * HOUR), "ran_out")];
        assert_eq!(story(db, &case).await, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_escalators_on_one_database_escalate_once() {
    let both = Both::new().await;
    let plan = test_plan();
    for db in &both.all {
        people(db, &EVERYBODY).await;
        let watch = Arc::new(Watch::new(&plan));
        for n in 0..30 {
            open(db, &plan, opening("goods", "Lost"), n, at(0)).await;
        }
        watch.set(at(5 * HOUR));
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..4 {
            let (watch, db) = (watch.clone(), db.clone());
            tasks.spawn(async move {
                // Each waits for the others now and then; whoever is told that the database is busy looks again.
                let mut escalator = watch.escalator(&db);
                let began = Instant::now();
                while escalator.look(&mut None).await.is_err() {
                    assert!(began.elapsed() < PATIENCE);
                }
            });
        }
        while let Some(one) = tasks.join_next().await {
            one.expect("ended");
        }
        for case in db.unclosed_cases(&centre(), None, 100).await.expect("cases") {
            assert_eq!(story(db, &case).await, [(at(0), "opened"), (at(4 * HOUR), "escalated")]);
            assert_eq!(case.rung, 1);
        }
        assert_eq!(db.audited(&centre(), None, None, 1000).await.expect("audit").len(), 5 + 30 + 30);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cases_of_somebody_who_is_removed_are_in_other_hands_after_a_look() {
    let both = Both::new().await;
    let plan = test_plan();
    for db in &both.all {
        people(db, &EVERYBODY).await;
        let watch = Watch::new(&plan);
        let to_ben =
            |title| cordboard::cases::Opening { to: Some(Target::Person(who("ben"))), ..opening("complaint", title) };
        let case = open(db, &plan, to_ben("One"), 1, at(0)).await;
        let settled = open(db, &plan, opening("complaint", "Two"), 2, at(0)).await;
        let rules = plan.case_rules();
        let settled = change(db, &settled, at(0), |case| case.accept(&who("ben"), at(0), rules)).await;
        change(db, &settled, at(0), |case| case.settle(None, &who("ben"), Default::default(), at(0), rules)).await;
        watch.look(db).await;
        assert_eq!(read(db, &case).await, case);
        gone(db, "ben").await;
        gone(db, "anna").await;
        watch.look(db).await;
        let owner = async |case: &Case| read(db, case).await.owner.person;
        assert_eq!(owner(&case).await, Some(who("hanna")));
        assert_eq!(owner(&settled).await, Some(who("hanna")), "somebody tells the customer");
        // The head goes as well, and then everybody.
        gone(db, "hanna").await;
        watch.look(db).await;
        assert_eq!(owner(&case).await, Some(who("he_lan")));
        gone(db, "he_lan").await;
        watch.look(db).await;
        let last = read(db, &case).await;
        assert_eq!((last.owner.person, last.owner.department.as_str()), (None, "board"));
        let before = story(db, &case).await.len();
        watch.look(db).await;
        assert_eq!(story(db, &case).await.len(), before, "and that is all");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn new_rules_move_what_runs_and_the_cases_of_a_department_that_is_no_more() {
    let both = Both::new().await;
    let before = test_plan();
    let text = "language: 1\nname: Test\nzone: UTC\nlanguages: [en]\nnumbers: [\"100\"]\nstart: bye\nsteps: { bye: [ hang_up ] }\n\
        hours: { office: { week: \"mon-fri 09:00-13:00\" } }\n\
        departments:\n  hall: { name: Hall, head: hanna, superior: board }\n  board: { name: Board, head: he_lan }\n\
        cases:\n  refund: { name: Refund, department: hall, deadline: 4h, hours: office }\n";
    for db in &both.all {
        people(db, &EVERYBODY).await;
        let watch = Watch::new(&before);
        let case = open(db, &before, opening("refund", "Back"), 1, at(0)).await;
        watch.look(db).await;
        watch.plans.send_modify(|plans| drop(plans.insert(centre(), plan(text))));
        watch.look(db).await;
        let moved = read(db, &case).await;
        assert_eq!(moved.owner.department.as_str(), "hall");
        assert_eq!(
            moved.due,
            Some(plan(text).case_types.values().next().expect("one").after(at(0), Duration::from_secs(4 * 3600)))
        );
        let kinds: Vec<&str> = story(db, &case).await.into_iter().map(|(_, what)| what).collect();
        // Which of the two moves its end first depends on where the office hours lie.
        assert_eq!(kinds.first(), Some(&"opened"));
        assert!(kinds.contains(&"handed_over"), "{kinds:?}");
        let count = kinds.len();
        watch.look(db).await;
        assert_eq!(story(db, &case).await.len(), count);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_escalator_waits_for_a_database_that_hangs_and_makes_up_for_it() {
    let server = Postgres::start_own();
    let db = connected(&server.database()).await;
    let plan = test_plan();
    people(&db, &EVERYBODY).await;
    let watch = Watch::new(&plan);
    let case = open(&db, &plan, opening("goods", "Lost"), 1, at(0)).await;
    let escalating = watch.escalator(&db).start();
    tokio::time::sleep(Duration::from_millis(300)).await;
    server.stop();
    watch.set(at(9 * HOUR));
    // A new version wakes it, into a database that does not answer.
    watch.plans.send_modify(|_| {});
    tokio::time::sleep(Duration::from_secs(2)).await;
    server.go_on();
    let began = Instant::now();
    loop {
        assert!(began.elapsed() < PATIENCE, "never escalated");
        if let Ok(Some(case)) = db.case(&centre(), case.number).await
            && case.rung == 2
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    escalating.stop().await;
    let expected = [(at(0), "opened"), (at(4 * HOUR), "escalated"), (at(8 * HOUR), "escalated")];
    assert_eq!(story(&db, &case).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_escalator_wakes_by_itself() {
    let both = Both::new().await;
    let plan = test_plan();
    for db in &both.all {
        people(db, &EVERYBODY).await;
        // Real time, begun half a second before the end.
        let began = Instant::now();
        let plans = watch::Sender::new(BTreeMap::from([(centre(), plan.clone())]));
        let clock = Arc::new(move || at(4 * HOUR - 500) + began.elapsed());
        let case = open(db, &plan, opening("goods", "Lost"), 1, at(0)).await;
        let escalator = Escalator { db: db.clone(), centre: centre(), plans: plans.subscribe(), clock };
        let escalating = escalator.start();
        while read(db, &case).await.rung == 0 {
            assert!(began.elapsed() < Duration::from_secs(8), "it looked only when it would have looked anyway");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(began.elapsed() >= Duration::from_millis(500));
        escalating.stop().await;
    }
}
