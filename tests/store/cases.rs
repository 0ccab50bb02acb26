//! Cases on both databases: opened once, changed by one at a time, listed by urgency, and always with their history.

use std::sync::Arc;

use cordboard::calendar::Moment;
use cordboard::cases::{Case, CaseTypeName, Changed, Opening, Refusal, Rules, State, Target, WaitsFor};
use cordboard::customers::{CustomerId, Line, Note};
use cordboard::dialplan::{Centre, CentreFiles, read_centre};
use cordboard::organisation::DepartmentName;
use cordboard::routing::ids::{AgentName, CentreName};
use cordboard::store::case_lists::{Inbox, Which, Whose};
use cordboard::store::cases::CaseError;
use cordboard::store::{Db, RequestKey};

use crate::shift::{at, call, centre};
use crate::{Both, rows};

const PLAN: &str = r#"
language: 1
name: Test
zone: UTC
languages: [en]
numbers: ["100"]
start: bye
steps: { bye: [ hang_up ] }
hours: { office: { week: "mon-fri 09:00-17:00" } }
departments:
  hall: { name: Hall, head: hanna, people: [anna, ben], superior: board }
  stock: { name: Stock, head: otto, superior: hall }
  board: { name: Board, head: he_lan }
cases:
  complaint: { name: Complaint, department: hall, deadline: 8h, escalate_after: 2h }
  goods: { name: Goods, department: stock, deadline: 4h }
  refund: { name: Refund, department: stock, deadline: 4h, hours: office }
"#;

/// What somebody, or a clock, does with a case.
type Step = fn(Case, Rules<'_>) -> Result<Changed, Refusal>;

pub fn plan(text: &str) -> Arc<Centre> {
    let files = CentreFiles { yaml: vec![("main.yaml".into(), text.as_bytes().to_vec())], recordings: None };
    Arc::new(read_centre(&centre(), &files).unwrap_or_else(|mistakes| panic!("\n{mistakes}\n")))
}

pub fn test_plan() -> Arc<Centre> {
    plan(PLAN)
}

pub fn who(name: &str) -> AgentName {
    AgentName::new(name)
}

pub fn opening(kind: &str, title: &str) -> Opening {
    Opening {
        kind: CaseTypeName::new(kind),
        title: Line::of(title).expect("a line"),
        wanted: Note::of("Wants it \"back\";\n'soon'.").expect("a note"),
        customer: None,
        call: None,
        to: None,
        by: who("anna"),
    }
}

pub async fn open(db: &Db, plan: &Centre, opening: Opening, key: u64, at: Moment) -> Case {
    let key = RequestKey::of(&format!("case-{key:08}")).expect("a key");
    db.open_case(&centre(), opening, &key, at, plan.case_rules()).await.expect("opened").case
}

pub async fn change(
    db: &Db,
    case: &Case,
    at: Moment,
    change: impl FnOnce(Case) -> Result<Changed, Refusal> + Send,
) -> Case {
    db.change_case(&centre(), case.number, case.version, at, change).await.expect("changed")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_reads_back_as_it_was_written_through_every_state() {
    let both = Both::new().await;
    let plan = test_plan();
    let rules = plan.case_rules();
    for db in &both.all {
        let customer = CustomerId::new(7);
        let opening = Opening { customer, call: Some(call(3)), ..opening("complaint", "Rude \u{202e}agent") };
        let mut case = open(db, &plan, opening, 1, at(0)).await;
        let mut seen = Vec::new();
        let steps: [Step; 8] = [
            |case, rules| case.accept(&who("ben"), at(1), rules),
            |case, rules| case.wait(WaitsFor::Customer, None, &who("ben"), Note::default(), at(2), rules),
            |case, rules| case.wait(WaitsFor::Outside, Some(at(99)), &who("ben"), Note::default(), at(3), rules),
            |case, rules| case.go_on(&who("ben"), Note::default(), at(4), rules),
            |case, rules| case.settle(None, &who("ben"), Note::of("Sorry.").expect("a note"), at(5), rules),
            |case, _| case.close(&who("anna"), Note::default(), at(6)),
            |case, rules| case.reopen(&who("anna"), Note::default(), at(7), rules),
            |case, rules| Ok(case.wake(at(1_000_000_000), rules).expect("it runs out")),
        ];
        for step in steps {
            case = change(db, &case, at(8), |case| step(case, rules)).await;
            let read = db.case(&centre(), case.number).await.expect("read").expect("is there");
            assert_eq!(read, case);
            seen.push(read.state.as_str());
        }
        assert_eq!(seen, ["accepted", "waiting", "waiting", "accepted", "settled", "closed", "new", "new"]);
        let story = db.case_story(&centre(), case.number, 0).await.expect("story");
        assert_eq!(story.len() as u64, case.version, "each change has its entry");
        assert_eq!(story[0].text.as_str(), "Wants it \"back\";\n'soon'.");
        assert!(story.last().expect("an entry").by.is_none());
        assert_eq!(db.case_story(&centre(), case.number, case.version - 1).await.expect("story").len(), 1);
        let audited = db.audited(&centre(), Some("case:1"), None, 100).await.expect("audit");
        assert_eq!(audited.len(), 9);
        assert!(!format!("{audited:?}").contains("Sorry"), "what people wrote is not in the audit");
        assert_eq!(db.case(&CentreName::new("other"), case.number).await.expect("read"), None);
    }
    let [sqlite, postgres] = &both.all;
    assert_eq!(rows(sqlite).await, rows(postgres).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_sent_twice_or_ten_times_at_once_opens_one_case() {
    let both = Both::new().await;
    let plan = test_plan();
    for db in &both.all {
        let mut tasks = tokio::task::JoinSet::new();
        for form in 0..20 {
            let (db, plan) = (db.clone(), plan.clone());
            tasks.spawn(async move {
                let key = RequestKey::of(&format!("case-{:08}", form % 2)).expect("a key");
                // A pool that is busy says so; whoever clicked clicks again.
                loop {
                    let opening = opening("complaint", &format!("Form {}", form % 2));
                    match db.open_case(&centre(), opening, &key, at(0), plan.case_rules()).await {
                        Err(CaseError::Store(_)) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
                        other => return other.expect("opened"),
                    }
                }
            });
        }
        let mut opened = Vec::new();
        while let Some(one) = tasks.join_next().await {
            opened.push(one.expect("ended"));
        }
        assert_eq!(opened.iter().filter(|opened| !opened.again).count(), 2);
        let all = db.cases(&centre(), &Which::All, None, 100).await.expect("cases");
        assert_eq!(all.iter().map(|case| case.number.get()).collect::<Vec<_>>(), [2, 1], "and no number is lost");
        assert_eq!(db.audited(&centre(), None, None, 100).await.expect("audit").len(), 2);
        let refused = db
            .open_case(
                &centre(),
                opening("dream", "x"),
                &RequestKey::of("case-dream").expect("a key"),
                at(0),
                plan.case_rules(),
            )
            .await;
        assert!(matches!(refused, Err(CaseError::Refused(Refusal::NoSuchType(_)))), "{refused:?}");
        assert_eq!(open(db, &plan, opening("goods", "x"), 9, at(0)).await.number.get(), 3);
    }
    for bad in ["", "short", "with space", "ü234567890", &"x".repeat(65)] {
        assert!(RequestKey::of(bad).is_err(), "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_change_a_case_at_once_one_is_told() {
    let both = Both::new().await;
    let plan = test_plan();
    for db in &both.all {
        let case = open(db, &plan, opening("complaint", "Rude"), 1, at(0)).await;
        let mut tasks = tokio::task::JoinSet::new();
        for name in ["anna", "ben", "hanna", "otto", "he_lan"] {
            let (db, plan, case) = (db.clone(), plan.clone(), case.clone());
            tasks.spawn(async move {
                let rules = plan.case_rules();
                db.change_case(&centre(), case.number, case.version, at(1), |case| {
                    case.accept(&who(name), at(1), rules)
                })
                .await
            });
        }
        let (mut done, mut told) = (0, 0);
        while let Some(one) = tasks.join_next().await {
            match one.expect("ended") {
                Ok(_) => done += 1,
                Err(CaseError::Stale(_)) => told += 1,
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!((done, told), (1, 4));
        assert_eq!(db.case_story(&centre(), case.number, 0).await.expect("story").len(), 2);
        let close = |case: Case| case.close(&who("anna"), Note::default(), at(2));
        let late = db.change_case(&centre(), case.number, 1, at(2), close).await;
        assert!(matches!(late, Err(CaseError::Stale(_))));
        let early = db.change_case(&centre(), case.number, 2, at(2), close).await;
        assert!(matches!(early, Err(CaseError::Refused(Refusal::NotSettled))));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_mine_my_departments_due_and_by_state_the_most_urgent_first() {
    let both = Both::new().await;
    let plan = test_plan();
    let rules = plan.case_rules();
    let hour = 3_600_000;
    for db in &both.all {
        // Due at 8 h, 9 h, ... of the hall; at 4 h, 5 h, ... of the stock.
        for n in 0..6_i64 {
            let kind = if n % 2 == 0 { "complaint" } else { "goods" };
            let to = (n == 4).then(|| Target::Person(who("ben")));
            let opening =
                Opening { to, customer: CustomerId::new(n as u64 % 2 + 1), ..opening(kind, &format!("Case {n}")) };
            open(db, &plan, opening, n as u64, at(n * hour)).await;
        }
        let numbers = async |inbox: &Inbox| {
            let cases = db.inbox(&centre(), inbox, 100).await.expect("inbox");
            cases.into_iter().map(|case| case.number.get()).collect::<Vec<_>>()
        };
        let (anybody, ben) = (Inbox::of(Whose::Anybody), Inbox::of(Whose::Person(who("ben"))));
        let hall = Inbox::of(Whose::Department(DepartmentName::new("hall")));
        // Four hours from 1, 3, 5; eight from 0, 2, 4.
        assert_eq!(numbers(&anybody).await, [2, 4, 1, 6, 3, 5]);
        assert_eq!(numbers(&hall).await, [1, 3, 5]);
        assert_eq!(numbers(&ben).await, [5]);
        let due = Inbox { due_by: Some(at(8 * hour)), ..anybody.clone() };
        assert_eq!(numbers(&due).await, [2, 4, 1]);
        let goods = Inbox { kind: Some(CaseTypeName::new("goods")), ..anybody.clone() };
        assert_eq!(numbers(&goods).await, [2, 4, 6]);

        let first = db.inbox(&centre(), &ben, 1).await.expect("inbox").remove(0);
        let first = change(db, &first, at(hour), |case| case.accept(&who("ben"), at(hour), rules)).await;
        let waits = change(db, &first, at(hour), |case| {
            case.wait(WaitsFor::Customer, None, &who("ben"), Note::default(), at(hour), rules)
        });
        let waits = waits.await;
        assert_eq!(numbers(&hall).await, [1, 3, 5], "what stands comes last");
        let waiting = Inbox { state: Some("waiting"), ..anybody.clone() };
        assert_eq!(numbers(&waiting).await, [5]);
        let settled =
            change(db, &waits, at(hour), |case| case.settle(None, &who("ben"), Note::default(), at(hour), rules)).await;
        assert_eq!(numbers(&Inbox::of(Whose::Person(who("anna")))).await, [5], "to tell the customer");
        change(db, &settled, at(hour), |case| case.close(&who("anna"), Note::default(), at(hour))).await;
        assert_eq!(numbers(&anybody).await, [2, 4, 1, 6, 3]);

        // A page at a time, over an end that is none.
        let mut pages = Vec::new();
        let mut inbox = anybody.clone();
        loop {
            let page = db.inbox(&centre(), &inbox, 2).await.expect("inbox");
            let Some(last) = page.last() else { break };
            inbox.after = Some((last.due, last.number));
            pages.extend(page.iter().map(|case| case.number.get()));
        }
        assert_eq!(pages, [2, 4, 1, 6, 3]);

        let all = async |which: &Which, before: Option<u64>| {
            let before = before.and_then(cordboard::cases::CaseNumber::new);
            let cases = db.cases(&centre(), which, before, 3).await.expect("cases");
            cases.into_iter().map(|case| case.number.get()).collect::<Vec<_>>()
        };
        assert_eq!(all(&Which::All, None).await, [6, 5, 4]);
        assert_eq!(all(&Which::All, Some(4)).await, [3, 2, 1]);
        assert_eq!(all(&Which::OfCustomer(CustomerId::new(1).expect("one")), None).await, [5, 3, 1]);
        assert_eq!(all(&Which::InState("closed"), None).await, [5]);
        assert_eq!(all(&Which::OfCall(call(1)), None).await, [0; 0]);
    }
    assert_eq!(State::WORDS.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_in_the_cases_of_somebody_erased_is_gone_and_the_cases_are_not() {
    use cordboard::customers::Record;
    use cordboard::store::Author;
    let both = Both::new().await;
    let plan = test_plan();
    for db in &both.all {
        let key = RequestKey::of("form-customer").expect("a key");
        let added = db.add_customer(&centre(), Record::default(), &key, &Author::Console, at(0), None).await;
        let customer = added.expect("added").id;
        let theirs = Opening { customer: Some(customer), ..opening("complaint", "Deng's ticket") };
        let theirs = open(db, &plan, theirs, 1, at(0)).await;
        let others = open(db, &plan, opening("complaint", "Li's ticket"), 2, at(0)).await;
        db.erase_customer(&centre(), customer, &Author::Console, at(1), None).await.expect("erased");
        let read = async |case: &Case| db.case(&centre(), case.number).await.expect("read").expect("is there");
        let erased = read(&theirs).await;
        assert_eq!((erased.title.as_str(), erased.customer, erased.due), ("", Some(customer), theirs.due));
        assert_eq!(read(&others).await, others);
        let texts = async |case: &Case| {
            let story = db.case_story(&centre(), case.number, 0).await.expect("story");
            story.into_iter().map(|event| event.text.as_str().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(texts(&theirs).await, [""]);
        assert_eq!(texts(&others).await, ["Wants it \"back\";\n'soon'."]);
    }
}
