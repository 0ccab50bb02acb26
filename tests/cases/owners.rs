//! Who has a case: up the organisation when its time runs out, and to somebody who is there when its owner is not.

use cordboard::cases::{Changed, What};
use cordboard::customers::Note;
use cordboard::routing::ids::AgentName;

use crate::{Held, at, centre, note, read, to_person, who};

#[test]
fn a_case_that_nobody_accepts_goes_up_until_somebody_does() {
    let centre = centre();
    let rules = centre.case_rules();
    let mut held = Held::open("goods", "2026-11-02T09:00", rules);
    assert_eq!(held.looked_at("2026-11-02T12:59:59.999", rules), 0);
    assert_eq!(held.looked_at("2026-11-02T13:00", rules), 1);
    assert_eq!((held.shown().as_str(), held.case.rung), ("new finance", 1));
    assert!(held.story.last().expect("an entry").by.is_none(), "a clock did it");
    held.accepted_by("wu_min", "2026-11-02T16:00", rules);
    assert_eq!(held.due(), at("2026-11-02T20:00"), "who takes it over has the time of a rung");
    assert_eq!(held.looked_at("2026-11-02T19:59", rules), 0);
    // The clock does not begin anew for the next: it would never end.
    held.does(|case| case.assign(to_person("sun_yu"), &who("wu_min"), Note::default(), at("2026-11-02T17:00"), rules));
    held.accepted_by("sun_yu", "2026-11-02T18:00", rules);
    assert_eq!(held.due(), at("2026-11-02T20:00"));
    assert_eq!(held.looked_at("2026-11-02T20:00", rules), 1);
    assert_eq!((held.shown().as_str(), held.case.rung), ("new board", 2));
}

#[test]
fn a_case_that_is_accepted_and_not_settled_goes_up_too() {
    let centre = centre();
    let rules = centre.case_rules();
    let mut held = Held::open("goods", "2026-11-02T09:00", rules);
    held.accepted_by("otto", "2026-11-02T12:00", rules);
    assert_eq!(held.looked_at("2026-11-02T14:00", rules), 1);
    assert_eq!(held.shown(), "new finance");
    let Some(What::Escalated { from, to, due }) = held.story.last().map(|event| event.what.clone()) else {
        panic!("{:?}", held.story);
    };
    assert_eq!((from.person, to.as_str(), due), (Some(who("otto")), "finance", Some(at("2026-11-02T17:00"))));
}

#[test]
fn while_nobody_looked_each_rung_is_climbed_once_at_its_own_time() {
    let centre = centre();
    let rules = centre.case_rules();
    let mut held = Held::open("goods", "2026-11-02T09:00", rules);
    assert_eq!(held.looked_at("2026-11-09T09:00", rules), 3);
    assert_eq!(
        held.last(3),
        [
            (at("2026-11-02T13:00"), "escalated"),
            (at("2026-11-02T17:00"), "escalated"),
            (at("2026-11-02T21:00"), "ran_out")
        ]
    );
    assert_eq!(held.shown(), "new board");
    assert_eq!(held.case.wakes(), None, "nobody stands above");
    // Late as it is, who takes it has a time again, and it does not go unnoticed when that runs out.
    held.accepted_by("he_lan", "2026-11-09T10:00", rules);
    assert_eq!(held.due(), at("2026-11-09T14:00"));
    assert_eq!(held.looked_at("2026-11-09T15:00", rules), 1);
    assert_eq!((held.last(1), held.shown().as_str()), (vec![(at("2026-11-09T14:00"), "ran_out")], "accepted he_lan"));
}

#[test]
fn a_rung_counts_in_the_hours_of_the_case() {
    let centre = centre();
    let rules = centre.case_rules();
    let mut held = Held::open("refund", "2026-10-02T12:00", rules);
    // Due on Monday at noon; the board's eight hours end on Tuesday at noon.
    assert_eq!(held.looked_at("2026-10-20T12:00", rules), 2);
    assert_eq!(held.last(2), [(at("2026-10-05T12:00"), "escalated"), (at("2026-10-06T12:00"), "ran_out")]);
}

fn gone(held: &mut Held, names: &[&str]) -> bool {
    let centre = centre();
    gone_in(held, names, &centre)
}

fn gone_in(held: &mut Held, names: &[&str], centre: &cordboard::dialplan::Centre) -> bool {
    let is_there = |person: &AgentName| !names.contains(&person.as_str());
    let handed = held.case.clone().hand_over(at("2026-11-02T12:00"), centre.case_rules(), &is_there);
    let Some(Changed { case, events }) = handed else { return false };
    held.case = case;
    held.story.extend(events);
    let again = held.case.clone().hand_over(at("2026-11-02T12:00"), centre.case_rules(), &is_there);
    assert!(again.is_none(), "once is enough: {again:?}");
    true
}

#[test]
fn the_case_of_somebody_who_left_goes_to_the_head_or_a_stand_in_or_further_up() {
    let centre = centre();
    let rules = centre.case_rules();
    let accepted = |name: &str| {
        let mut held = Held::open("refund", "2026-11-02T09:00", rules);
        held.accepted_by(name, "2026-11-02T09:00", rules);
        held
    };
    let mut held = accepted("sun_yu");
    assert!(!gone(&mut held, &["otto"]));
    assert!(gone(&mut held, &["sun_yu"]));
    assert_eq!(held.shown(), "new deng_kai", "who has to accept it first");
    assert_eq!(held.due(), at("2026-11-02T17:00"), "no time is won");

    let mut held = accepted("deng_kai");
    assert!(gone(&mut held, &["deng_kai"]));
    assert_eq!(held.shown(), "new wu_min");

    let mut held = accepted("deng_kai");
    assert!(gone(&mut held, &["deng_kai", "wu_min"]));
    assert_eq!(held.shown(), "new finance", "somebody is there, and nobody answers for it");

    let mut held = accepted("deng_kai");
    assert!(gone(&mut held, &["deng_kai", "wu_min", "sun_yu"]));
    assert_eq!(held.shown(), "new he_lan");

    let mut held = accepted("deng_kai");
    assert!(gone(&mut held, &["deng_kai", "wu_min", "sun_yu", "he_lan"]));
    assert_eq!(held.shown(), "new finance", "nobody is anywhere, and it is where it was");
}

#[test]
fn what_is_settled_waits_for_somebody_else_to_tell_the_customer_when_its_opener_left() {
    let centre = centre();
    let rules = centre.case_rules();
    let mut held = Held::open("complaint", "2026-11-02T09:00", rules);
    held.accepted_by("ben", "2026-11-02T09:00", rules);
    held.does(|case| case.settle(None, &who("ben"), note("Sorry."), at("2026-11-02T10:00"), rules));
    assert!(gone(&mut held, &["anna"]));
    assert_eq!(held.shown(), "settled hanna");
    held.does(|case| case.close(&who("hanna"), Note::default(), at("2026-11-02T11:00")));
    assert!(!gone(&mut held, &["hanna"]), "what is closed stays with whom it was");
}

#[test]
fn the_cases_of_a_department_that_is_no_more_go_to_the_one_of_their_type_or_to_the_top() {
    let before = centre();
    let rules = before.case_rules();
    let without = |text: &str| {
        let kept = crate::CENTRE.lines().filter(|line| !line.starts_with("  stock:"));
        read(&kept.map(|line| format!("{}\n", line.replace("department: stock", text))).collect::<String>())
    };
    let moved = without("department: hall");
    let mut held = Held::open("goods", "2026-11-02T09:00", rules);
    assert!(gone_in(&mut held, &[], &moved));
    assert_eq!(held.shown(), "new hall");
    // Otto is there, and his department is not.
    let mut held = Held::open("goods", "2026-11-02T09:00", rules);
    held.accepted_by("otto", "2026-11-02T09:00", rules);
    assert!(gone_in(&mut held, &[], &moved));
    assert_eq!((held.shown().as_str(), held.case.owner.department.as_str()), ("accepted otto", "hall"));
    // Neither his department nor the type.
    let gone_altogether = {
        let kept = crate::CENTRE.lines().filter(|line| !line.starts_with("  stock:") && !line.starts_with("  goods:"));
        read(&kept.map(|line| format!("{line}\n")).collect::<String>())
    };
    let mut held = Held::open("goods", "2026-11-02T09:00", rules);
    assert!(gone_in(&mut held, &[], &gone_altogether));
    assert_eq!(held.shown(), "new board");
}
