//! Service levels, means and rates, against vectors that others published.

use std::collections::BTreeMap;
use std::time::Duration;

use cordboard::calendar::{Moment, Zone};
use cordboard::reports::queue_by_interval::Fold;
use cordboard::reports::{Figure, Handling, OfQueue, Period, ServiceLevel, Share, Stay, StayEnd, Terms, View, Width};
use cordboard::routing::ids::{CallId, Epoch};
use jiff::civil::date;

const TERMS: Terms = Terms { target: Duration::from_secs(20), short: Duration::from_secs(3) };

fn stay(waited: u64, how: StayEnd) -> Stay {
    stay_at(1_772_409_600_000, waited, how)
}

pub fn stay_at(joined: i64, waited: u64, how: StayEnd) -> Stay {
    let joined = Moment::from_ms(joined);
    Stay {
        call: CallId { epoch: Epoch(1), number: 1 },
        joined,
        moved_in: false,
        left: Some(joined + Duration::from_secs(waited)),
        how: Some(how),
        passed_on: false,
        handling: None,
    }
}

pub fn folded_in(period: &Period, stays: impl IntoIterator<Item = Stay>) -> OfQueue {
    let mut fold = Fold::new(period, TERMS);
    stays.into_iter().for_each(|stay| fold.add(&stay));
    fold.finish()
}

fn folded(stays: impl IntoIterator<Item = Stay>) -> OfQueue {
    let day = date(2026, 3, 2);
    folded_in(&Period::new(Zone::UTC, day, day, Width::Day).expect("a day"), stays)
}

fn many(count: usize, stay: Stay) -> impl Iterator<Item = Stay> {
    std::iter::repeat_n(stay, count)
}

#[test]
fn ciscos_three_options_give_77_8_and_70_and_80_percent() {
    let stays = many(70, stay(20, StayEnd::Connected))
        .chain(many(10, stay(20, StayEnd::Abandoned)))
        .chain(many(12, stay(21, StayEnd::Connected)))
        .chain(many(8, stay(21, StayEnd::Abandoned)));
    let total = folded(stays).total;
    let level = |formula: ServiceLevel| total.service_level(formula).percent().expect("of something");
    assert!((level(ServiceLevel::IgnoreAbandoned) - 77.777_777).abs() < 1e-5);
    assert_eq!(level(ServiceLevel::AbandonedCountAgainst), 70.0);
    assert_eq!(level(ServiceLevel::AbandonedCountFor), 80.0);
    assert_eq!(total.service_level(ServiceLevel::AnsweredOnly), Share { part: 70, whole: 82 });
    assert_eq!(total.service_level(ServiceLevel::HandledOnly), Share { part: 80, whole: 100 });
    assert_eq!(total.service_level(ServiceLevel::RemovedInTarget), Share { part: 80, whole: 100 });
    assert_eq!(ServiceLevel::default(), ServiceLevel::AbandonedCountAgainst);
}

#[test]
fn a_call_back_in_time_counts_only_where_the_formula_says_so() {
    let total =
        folded([stay(10, StayEnd::CalledBack), stay(30, StayEnd::CalledBack), stay(5, StayEnd::Connected)]).total;
    let share = |formula: ServiceLevel| total.service_level(formula);
    assert_eq!(share(ServiceLevel::RemovedInTarget), Share { part: 2, whole: 3 });
    assert_eq!(share(ServiceLevel::AbandonedCountAgainst), Share { part: 1, whole: 3 });
    assert_eq!(share(ServiceLevel::AnsweredOnly), Share { part: 1, whole: 1 });
}

#[test]
fn a_level_of_nothing_is_none() {
    let total = folded([]).total;
    for formula in ServiceLevel::ALL {
        assert_eq!(total.service_level(formula).percent(), None);
    }
    assert_eq!((total.cohort.speed_of_answer(), total.cohort.handle_time(), total.cohort.longest), (None, None, None));
    let gone_in_time = folded([stay(10, StayEnd::Abandoned)]).total;
    assert_eq!(gone_in_time.service_level(ServiceLevel::IgnoreAbandoned).percent(), None);
}

#[test]
fn a_short_abandon_is_neither_offered_nor_abandoned_and_has_its_column() {
    let of = folded([stay(2, StayEnd::Abandoned), stay(3, StayEnd::Abandoned), stay(1, StayEnd::Connected)]);
    for view in View::ALL {
        let tally = of.total.view(view);
        let count = |figure| tally.count(figure);
        assert_eq!((count(Figure::Offered), count(Figure::Abandoned), count(Figure::ShortAbandoned)), (2, 1, 1));
    }
    assert!(of.total.balances());
}

#[test]
fn who_was_turned_away_at_the_door_is_counted_apart() {
    let of = folded([stay(0, StayEnd::Full), stay(0, StayEnd::NobodyLoggedIn), stay(1, StayEnd::Connected)]);
    let count = |figure| of.total.cohort.count(figure);
    assert_eq!((count(Figure::Full), count(Figure::NobodyLoggedIn), count(Figure::Offered)), (1, 1, 1));
    assert_eq!(of.total.connection_rate(), Share { part: 1, whole: 1 });
    assert!(of.total.balances());
}

#[test]
fn a_caller_whom_one_queue_passes_on_to_another_is_one_caller() {
    let first = Stay { passed_on: true, ..stay(60, StayEnd::Waited) };
    let second = Stay { moved_in: true, ..stay(5, StayEnd::Connected) };
    let (sales, spare) = (folded([first]), folded([second]));
    assert_eq!(sales.total.connection_rate(), Share { part: 0, whole: 1 });
    assert_eq!(spare.total.connection_rate(), Share { part: 1, whole: 1 });
    let day = date(2026, 3, 2);
    let period = Period::new(Zone::UTC, day, day, Width::Day).expect("a day");
    let queues = BTreeMap::from([
        (cordboard::routing::ids::QueueName::new("sales"), sales),
        (cordboard::routing::ids::QueueName::new("spare"), spare),
    ]);
    let report = cordboard::reports::QueueReport::new(period, queues, vec![Default::default()]);
    assert_eq!(report.total.connection_rate_of_callers(), Share { part: 1, whole: 1 });
    assert_eq!(report.unbalanced(), []);
}

#[test]
fn means_are_of_those_they_are_about() {
    let handling = |talk, hold, wrap_up| {
        let seconds = Duration::from_secs;
        Some(Handling { talk: seconds(talk), hold: seconds(hold), wrap_up: seconds(wrap_up) })
    };
    let total = folded([
        Stay { handling: handling(100, 10, 20), ..stay(10, StayEnd::Connected) },
        Stay { handling: handling(200, 0, 40), ..stay(20, StayEnd::Connected) },
        // Still talking: answered, and not handled yet.
        stay(60, StayEnd::Connected),
        stay(90, StayEnd::Abandoned),
        // Nobody knows how long this one waited.
        stay(500, StayEnd::EndedUnseen),
    ])
    .total;
    assert_eq!(total.cohort.speed_of_answer(), Some(Duration::from_secs(30)));
    assert_eq!(total.cohort.handle_time(), handling(150, 5, 30));
    assert_eq!(total.cohort.longest, Some(Duration::from_secs(90)));
    assert_eq!(total.cohort.count(Figure::Handled), 2);
}

#[test]
fn a_row_that_nobody_can_have_written_unbalances_its_row_and_is_not_hidden() {
    let bad = Stay { how: None, ..stay(10, StayEnd::Connected) };
    let of = folded([bad, stay(10, StayEnd::Connected)]);
    assert_eq!((of.total.cohort.balance().came, of.total.cohort.balance().went), (2, 1));
    let day = date(2026, 3, 2);
    let period = Period::new(Zone::UTC, day, day, Width::Day).expect("a day");
    let queues = BTreeMap::from([(cordboard::routing::ids::QueueName::new("sales"), of)]);
    let report = cordboard::reports::QueueReport::new(period, queues, vec![Default::default()]);
    let said = report.unbalanced();
    assert!(said.iter().any(|one| one.what == "flow: 2 came, 1 went"), "{said:?}");
    assert!(said.iter().any(|one| one.queue.is_none()), "the sum says so too: {said:?}");
}
