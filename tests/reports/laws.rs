//! Random histories of stays, over midnight and over moved clocks: the balance holds in every row, intervals add up, and
//! every figure is the number of the calls it lists.

use std::collections::BTreeMap;
use std::time::Duration;

use cordboard::calendar::{Moment, Zone};
use cordboard::reports::queue_by_interval::Fold;
use cordboard::reports::{Asked, Figure, Handling, Period, QueueReport, Row, Stay, StayEnd, Terms, View, Width};
use cordboard::routing::ids::{CallId, Epoch, QueueName};
use jiff::ToSpan;
use jiff::civil::{Date, date};
use proptest::prelude::*;

/// The night on which Berlin has 25 hours is the third.
const FIRST: Date = date(2026, 10, 23);

fn periods() -> impl Strategy<Value = Period> {
    (0i64..4, 0i64..3, prop::sample::select(Width::ALL.to_vec())).prop_map(|(day, days, width)| {
        let zone = Zone::named("Europe/Berlin").expect("a zone");
        let first = FIRST + day.days();
        Period::new(zone, first, first + days.days(), width).expect("a period")
    })
}

/// Moments from the day before the first to the day after the last, often on the edge of an interval.
fn moments() -> impl Strategy<Value = Moment> {
    let quarter = 900_000i64;
    let start = 1_792_620_000_000i64;
    let at = prop_oneof![(0..8 * 96i64).prop_map(move |quarters| quarters * quarter), 0..8 * 86_400_000i64,];
    at.prop_map(move |after| Moment::from_ms(start + after))
}

fn stays() -> impl Strategy<Value = Stay> {
    let wait = prop_oneof![Just(0i64), 0i64..8_000, 0i64..120_000, 0i64..7_200_000, 0i64..300_000_000, Just(-5_000i64)];
    let how = prop::option::weighted(0.95, prop::sample::select(StayEnd::ALL.to_vec()));
    let handled = prop::option::of((0u64..600_000, 0u64..60_000, 0u64..60_000));
    (moments(), wait, how, any::<bool>(), any::<bool>(), handled).prop_map(
        |(joined, waited, how, moved_in, passed_on, handled)| {
            // Who is turned away leaves at once.
            let waited = if how.is_some_and(StayEnd::at_the_door) { 0 } else { waited };
            let ms = Duration::from_millis;
            let handling =
                handled.map(|(talk, hold, wrap_up)| Handling { talk: ms(talk), hold: ms(hold), wrap_up: ms(wrap_up) });
            Stay {
                call: CallId { epoch: Epoch(1), number: 1 },
                joined,
                moved_in,
                left: how.map(|_| Moment::from_ms(joined.as_ms() + waited)),
                how,
                passed_on: passed_on && how.is_some(),
                handling: handling.filter(|_| how == Some(StayEnd::Connected)),
            }
        },
    )
}

fn histories() -> impl Strategy<Value = BTreeMap<QueueName, Vec<Stay>>> {
    let names = prop::sample::select(vec!["sales", "spare", "vip"]).prop_map(QueueName::new);
    prop::collection::btree_map(names, prop::collection::vec(stays(), 0..60), 0..4)
}

const TERMS: Terms = Terms { target: Duration::from_secs(20), short: Duration::from_secs(5) };

fn report(period: &Period, history: &BTreeMap<QueueName, Vec<Stay>>) -> QueueReport {
    let folded = history.iter().map(|(queue, stays)| {
        let mut fold = Fold::new(period, TERMS);
        stays.iter().for_each(|stay| fold.add(stay));
        (queue.clone(), fold.finish())
    });
    QueueReport::new(period.clone(), folded.collect(), vec![Default::default(); period.intervals().len()])
}

fn listed<'a>(stays: impl IntoIterator<Item = &'a Stay>, row: &Row, view: View, figure: Figure) -> u64 {
    let asked = Asked { figure, view, interval: row.interval, terms: TERMS, waited: None };
    stays.into_iter().filter(|stay| asked.counts(stay)).count() as u64
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_row_and_every_total_balances_and_intervals_add_up(period in periods(), history in histories()) {
        let report = report(&period, &history);
        prop_assert_eq!(report.unbalanced(), []);
        for of in report.queues.values() {
            prop_assert!(of.rows.iter().chain([&of.total]).all(Row::balances));
        }
        prop_assert!(report.all.iter().chain([&report.total]).all(Row::balances));
    }

    #[test]
    fn every_figure_is_the_number_of_the_stays_that_it_lists(period in periods(), history in histories()) {
        let report = report(&period, &history);
        for (queue, of) in &report.queues {
            for row in of.rows.iter().chain([&of.total]) {
                for view in View::ALL {
                    for figure in Figure::ALL {
                        let listed = listed(&history[queue], row, view, figure);
                        prop_assert_eq!(row.view(view).count(figure), listed, "{:?} {:?} {:?}", view, figure, row.interval);
                    }
                }
            }
        }
    }

    #[test]
    fn a_cohort_is_the_flow_of_its_own_calls_without_carry_over(period in periods(), history in histories()) {
        let report = report(&period, &history);
        let after_all = Moment::from_ms(i64::MAX);
        for (queue, of) in &report.queues {
            for row in &of.rows {
                let own: Vec<&Stay> =
                    history[queue].iter().filter(|stay| row.interval.holds(stay.joined)).collect();
                let from_then_on = cordboard::reports::Interval { to: after_all, ..row.interval };
                for figure in Figure::ALL {
                    let asked = Asked { figure, view: View::Flow, interval: from_then_on, terms: TERMS, waited: None };
                    let flow = own.iter().filter(|stay| asked.counts(stay)).count() as u64;
                    prop_assert_eq!(row.cohort.count(figure), flow, "{:?}", figure);
                }
                prop_assert_eq!(row.cohort.count(Figure::CarriedOver), 0);
            }
        }
    }

    #[test]
    fn where_nothing_crosses_an_edge_flow_and_cohort_are_one(period in periods(), mut history in histories()) {
        for stays in history.values_mut() {
            stays.retain(|stay| {
                let number = period.number_of(stay.joined);
                number.is_some() && stay.end().is_some_and(|end| period.number_of(end) == number)
            });
        }
        let report = report(&period, &history);
        for row in report.queues.values().flat_map(|of| &of.rows) {
            prop_assert_eq!(&row.flow, &row.cohort);
        }
    }

    #[test]
    fn a_service_level_is_never_more_than_all(period in periods(), history in histories()) {
        let report = report(&period, &history);
        for row in report.queues.values().flat_map(|of| of.rows.iter().chain([&of.total])) {
            for formula in cordboard::reports::ServiceLevel::ALL {
                let share = row.service_level(formula);
                prop_assert!(share.part <= share.whole, "{:?} {:?}", formula, share);
            }
            let rate = row.connection_rate();
            prop_assert!(rate.part <= rate.whole);
        }
    }
}
