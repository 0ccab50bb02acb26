//! What people can do with a case, in which order, and what is refused.

use cordboard::cases::{Refusal, State, WaitsFor, What};
use cordboard::customers::Note;
use cordboard::dialplan::DispositionName;

use crate::{Held, at, centre, note, opening, to_department, to_person, who};

#[test]
fn a_case_goes_from_who_opened_it_to_who_settles_it_and_back() {
    let centre = centre();
    let rules = centre.case_rules();
    let mut held = Held::open("refund", "2026-11-02T10:00", rules);
    assert_eq!(held.shown(), "new finance");
    held.accepted_by("sun_yu", "2026-11-02T10:30", rules);
    assert_eq!(held.shown(), "accepted sun_yu");
    let refunded = Some(DispositionName::new("refunded"));
    held.does(|case| case.settle(refunded, &who("sun_yu"), note("Paid back."), at("2026-11-02T11:00"), rules));
    assert_eq!(held.shown(), "settled anna", "she tells the customer");
    held.does(|case| case.close(&who("anna"), Note::default(), at("2026-11-02T11:10")));
    assert_eq!(held.shown(), "closed anna");
    let kinds: Vec<&str> = held.story.iter().map(|event| event.what.as_str()).collect();
    assert_eq!(kinds, ["opened", "accepted", "settled", "closed"]);
    assert!(held.story.iter().all(|event| event.by.is_some()));
    assert_eq!(held.story[0].text.as_str(), "Paid on the 3rd and on the 4th.");
}

#[test]
fn nobody_goes_round_the_order() {
    let centre = centre();
    let rules = centre.case_rules();
    let (anna, now) = (who("anna"), at("2026-11-02T10:00"));
    let mut held = Held::open("complaint", "2026-11-02T10:00", rules);
    let settle = |held: &mut Held| held.tries(|case| case.settle(None, &anna, Note::default(), now, rules));
    let close = |held: &mut Held| held.tries(|case| case.close(&anna, Note::default(), now));
    let wait =
        |held: &mut Held| held.tries(|case| case.wait(WaitsFor::Customer, None, &anna, Note::default(), now, rules));
    let go_on = |held: &mut Held| held.tries(|case| case.go_on(&anna, Note::default(), now, rules));
    let reopen = |held: &mut Held| held.tries(|case| case.reopen(&anna, Note::default(), now, rules));
    let accept = |held: &mut Held| held.tries(|case| case.accept(&anna, now, rules));
    let assign =
        |held: &mut Held| held.tries(|case| case.assign(to_department("finance"), &anna, Note::default(), now, rules));

    assert_eq!(settle(&mut held), Err(Refusal::NotAccepted));
    assert_eq!(close(&mut held), Err(Refusal::NotSettled));
    assert_eq!(wait(&mut held), Err(Refusal::NotAccepted));
    assert_eq!(go_on(&mut held), Err(Refusal::NotWaiting));
    assert_eq!(reopen(&mut held), Err(Refusal::NotSettled));
    assert_eq!(accept(&mut held), Ok(()));
    assert_eq!(accept(&mut held), Err(Refusal::AcceptedAlready));
    assert_eq!(go_on(&mut held), Err(Refusal::NotWaiting));
    assert_eq!(wait(&mut held), Ok(()));
    assert_eq!(accept(&mut held), Err(Refusal::AcceptedAlready));
    assert_eq!(close(&mut held), Err(Refusal::NotSettled));
    assert_eq!(go_on(&mut held), Ok(()));
    assert_eq!(settle(&mut held), Ok(()));
    for refused in [settle(&mut held), accept(&mut held), assign(&mut held), wait(&mut held), go_on(&mut held)] {
        assert_eq!(refused, Err(Refusal::Settled));
    }
    assert_eq!(close(&mut held), Ok(()));
    for refused in [settle(&mut held), accept(&mut held), assign(&mut held), wait(&mut held), close(&mut held)] {
        assert_eq!(refused, Err(Refusal::Closed));
    }
    assert_eq!(held.story.len(), 6, "what was refused left no entry");
    assert_eq!(held.tries(|case| case.note(&anna, Note::default(), now)), Err(Refusal::Empty));
    assert_eq!(held.tries(|case| case.note(&anna, note("She rang again."), now)), Ok(()));
    assert_eq!(reopen(&mut held), Ok(()));
}

#[test]
fn every_state_has_its_word() {
    let centre = centre();
    let rules = centre.case_rules();
    let (now, anna) = (at("2026-11-02T10:00"), who("anna"));
    let mut held = Held::open("complaint", "2026-11-02T10:00", rules);
    let mut words = vec![held.case.state.as_str()];
    held.accepted_by("anna", "2026-11-02T10:00", rules);
    words.push(held.case.state.as_str());
    held.does(|case| case.wait(WaitsFor::Outside, None, &anna, Note::default(), now, rules));
    words.push(held.case.state.as_str());
    held.does(|case| case.settle(None, &anna, Note::default(), now, rules));
    words.push(held.case.state.as_str());
    held.does(|case| case.close(&anna, Note::default(), now));
    words.push(held.case.state.as_str());
    assert_eq!(words, State::WORDS);
}

#[test]
fn who_opens_a_case_for_themselves_has_accepted_it() {
    let centre = centre();
    let rules = centre.case_rules();
    let mine = cordboard::cases::Opening { to: Some(to_person("anna")), ..opening("complaint") };
    assert_eq!(Held::opened(mine, "2026-11-02T10:00", rules).shown(), "accepted anna");
    let bens = cordboard::cases::Opening { to: Some(to_person("ben")), ..opening("complaint") };
    let mut held = Held::opened(bens, "2026-11-02T10:00", rules);
    assert_eq!(held.shown(), "new ben");
    let (anna, now) = (who("anna"), at("2026-11-02T10:05"));
    held.does(|case| case.assign(to_person("anna"), &anna, note("Ben is ill."), now, rules));
    assert_eq!(held.shown(), "accepted anna");
}

#[test]
fn a_person_brings_the_department_they_work_in() {
    let centre = centre();
    let rules = centre.case_rules();
    let (anna, now) = (who("anna"), at("2026-11-02T10:05"));
    let mut held = Held::open("refund", "2026-11-02T10:00", rules);
    let assign = |held: &mut Held, to| held.tries(|case| case.assign(to, &anna, Note::default(), now, rules));
    assert_eq!(assign(&mut held, to_person("otto")), Ok(()));
    assert_eq!(held.case.owner.department.as_str(), "stock");
    // Somebody of no department works where the case is.
    assert_eq!(assign(&mut held, to_person("freelancer")), Ok(()));
    assert_eq!(held.case.owner.department.as_str(), "stock");
    assert!(matches!(assign(&mut held, to_department("nowhere")), Err(Refusal::NoSuchDepartment(_))));
}

#[test]
fn a_type_that_names_its_dispositions_ends_in_one_of_them() {
    let centre = centre();
    let rules = centre.case_rules();
    let (wu, now) = (who("wu_min"), at("2026-11-02T10:05"));
    let mut held = Held::open("refund", "2026-11-02T10:00", rules);
    held.accepted_by("wu_min", "2026-11-02T10:01", rules);
    let settle = |held: &mut Held, with: Option<&str>| {
        held.tries(|case| case.settle(with.map(DispositionName::new), &wu, Note::default(), now, rules))
    };
    assert_eq!(settle(&mut held, None), Err(Refusal::DispositionNeeded));
    assert!(matches!(settle(&mut held, Some("lost")), Err(Refusal::NoSuchDisposition(_))));
    assert_eq!(settle(&mut held, Some("refused")), Ok(()));
    assert!(matches!(&held.story.last().expect("an entry").what, What::Settled { disposition: Some(_), .. }));
}

#[test]
fn a_case_of_no_type_is_not_opened() {
    let centre = centre();
    let number = cordboard::cases::CaseNumber::new(1).expect("a number");
    let refused = cordboard::cases::Case::open(number, opening("dream"), at("2026-11-02T10:00"), centre.case_rules());
    assert!(matches!(refused, Err(Refusal::NoSuchType(_))));
}
