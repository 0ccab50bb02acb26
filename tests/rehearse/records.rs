//! The records: inputs that replay to the byte, and facts in SQL of which a report makes the very figures that were shown.

use std::path::Path;

use cordboard::controller::journal::{Reader, crc_of_effects};
use cordboard::controller::publish::all_kept;
use cordboard::rehearse::sheet::{FORMULA, Sheet};
use cordboard::rehearse::{Misfortunes, Plan, Recorder, Watchers, rehearse};
use cordboard::reports::{AllTerms, Figure, Terms};
use cordboard::routing::{Core, Input};
use cordboard::store::Db;

use crate::{plan, sample, sheet};

fn recorded(plan: &Plan, dir: &Path, misfortunes: Option<Misfortunes>) -> Sheet {
    let recorder = Some(Recorder::begin(dir, plan).expect("begun"));
    Sheet::of(&rehearse(plan, misfortunes, Watchers { recorder, progress: None }).expect("to its end"))
}

/// How many entries decide the same, and how many otherwise, when the core has every version made by `change`.
fn replayed(plan: &Plan, dir: &Path, change: impl Fn(&mut cordboard::dialplan::Centre)) -> (u64, u64) {
    let own = dir.join(plan.centre.name.as_str());
    let kept = all_kept(&own.join("versions"), &plan.centre.name).expect("kept");
    let mut reader = Reader::new(own.join("journal"), 0);
    let (mut core, mut same, mut otherwise) = (Core::new(plan.centre.name.clone()), 0, 0);
    while let Some(entry) = reader.next_entry().expect("read") {
        if matches!(entry.input, Input::Started { .. }) {
            core = Core::new(plan.centre.name.clone());
            for version in &kept {
                let mut version = version.clone();
                change(&mut version);
                core.shelve(version.into());
            }
        }
        let handled = core.handle(entry.at, entry.input);
        let equal = handled.facts == entry.facts && crc_of_effects(&handled.effects) == entry.effects_crc;
        if equal { same += 1 } else { otherwise += 1 }
    }
    assert_eq!(reader.damage(), Default::default());
    (same, otherwise)
}

#[test]
fn the_inputs_replay_to_the_same_decisions_and_under_another_policy_to_others() {
    let dir = tempfile::tempdir().expect("a directory");
    let plan = plan(&sample("demo"), 5);
    assert_eq!(recorded(&plan, dir.path(), None), sheet(&plan), "records change nothing");
    let (same, otherwise) = replayed(&plan, dir.path(), |_| {});
    assert!(same > 10_000 && otherwise == 0, "{same} {otherwise}");
    let (_, otherwise) = replayed(&plan, dir.path(), |centre| {
        for rules in centre.queues.values_mut() {
            rules.wrap_up = Some(std::time::Duration::ZERO);
        }
    });
    assert!(otherwise > 100, "{otherwise}");
}

#[test]
fn kills_and_lost_links_replay_as_well() {
    let dir = tempfile::tempdir().expect("a directory");
    let plan = plan(&sample("demo"), 6);
    recorded(&plan, dir.path(), Some(Misfortunes::new(&plan)));
    let (same, otherwise) = replayed(&plan, dir.path(), |_| {});
    assert!(same > 10_000 && otherwise == 0, "{same} {otherwise}");
}

#[test]
fn a_report_of_the_recorded_facts_has_the_figures_that_were_shown() {
    for misfortune in [false, true] {
        let dir = tempfile::tempdir().expect("a directory");
        let plan = plan(&sample("demo"), 7);
        let shown = recorded(&plan, dir.path(), misfortune.then(|| Misfortunes::new(&plan)));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let report = runtime.block_on(async {
            let db = Db::connect(&format!("sqlite:{}", dir.path().join("cordboard.db").display())).expect("an address");
            let by_queue =
                plan.centre.queues.values().map(|of| (of.name.clone(), Terms::of_target(of.target))).collect();
            let terms = AllTerms { by_queue, otherwise: Terms::of_target(std::time::Duration::from_secs(20)) };
            db.queue_report(&plan.centre.name, &plan.period, None, &terms).await.expect("a report").report
        });
        for (queue, of) in &report.queues {
            let (line, cohort) = (&shown.queues[queue].line, &of.total.cohort);
            let seconds = |time: Option<std::time::Duration>| time.map(|time| time.as_secs_f64());
            assert_eq!(line.offered, cohort.came());
            assert_eq!(line.answered, cohort.count(Figure::Answered));
            assert_eq!(line.abandoned, cohort.count(Figure::Abandoned));
            assert_eq!(line.short_abandoned, cohort.count(Figure::ShortAbandoned));
            assert_eq!(line.led_on, cohort.count(Figure::Overflowed) + cohort.count(Figure::MovedOut));
            assert_eq!(line.ended_unseen, cohort.count(Figure::EndedUnseen));
            assert_eq!(line.service_level, FORMULA.of(cohort).percent().map(|percent| percent / 100.0));
            assert_eq!(line.speed_of_answer_s, seconds(cohort.speed_of_answer()));
            assert_eq!(line.longest_wait_s, seconds(cohort.longest));
            let handled = cohort.handle_time().map(|h| (h.talk + h.hold + h.wrap_up).as_secs_f64());
            assert_eq!(line.handle_time_s, handled);
        }
        assert_eq!(shown.before_queue.left_in_dialplan, report.before_total.left_in_dialplan);
        assert_eq!(shown.before_queue.ended_unseen, report.before_total.ended_unseen);
    }
}

#[test]
fn records_never_begin_where_there_are_some() {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("cordboard.db"), "precious").expect("written");
    let plan = plan(&sample("demo"), 1);
    let why = Recorder::begin(dir.path(), &plan).err().expect("refused");
    assert!(why.contains("is there already"), "{why}");
    assert_eq!(std::fs::read_to_string(dir.path().join("cordboard.db")).expect("there"), "precious");
}
