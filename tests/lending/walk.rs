//! Three centres that lend one another queues, walked through by chance; the laws are asked after every input.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cordboard::routing::Input;
use cordboard::routing::ids::*;
use cordboard::switch::rehearsal::{Caller, Chance, Habit, Phone, Span, World};

use crate::house::{CENTRES, House, MORNING, centre, pbx};

/// Virtual minutes of one walk.
const LASTS: Duration = Duration::from_secs(300);

fn one_of<'a, T>(chance: &mut Chance, of: &'a [T]) -> &'a T {
    &of[chance.below(of.len() as u64) as usize]
}

fn phone(chance: &mut Chance) -> Phone {
    let talks = Some(Span::ms(500, 9_000));
    Phone::with(match chance.below(10) {
        0..=6 => Habit::Answers { after: Span::ms(50, 3_000), talks },
        7 => Habit::Rings,
        8 => Habit::Rejects { after: Span::ms(50, 900) },
        _ => Habit::Busy,
    })
}

struct Person {
    home: CentreName,
    name: AgentName,
    station: StationAddress,
}

fn people() -> Vec<Person> {
    let person = |(home, name): (&str, &str)| Person {
        home: centre(home),
        name: AgentName::new(name),
        station: StationAddress::new(format!("PJSIP/{home}{name}")),
    };
    [("a", "ana"), ("a", "abe"), ("b", "bea"), ("b", "bob"), ("b", "ben"), ("c", "cid")].map(person).into()
}

fn lends(chance: &mut Chance, house: &mut House, person: &Person) {
    let others: Vec<&str> = CENTRES.into_iter().filter(|name| *name != person.home.as_str()).collect();
    let (lender, agent) = (centre(one_of::<&str>(chance, &others)), person.name.guest_of(&person.home));
    let by = AgentName::new("boss");
    if chance.below(10) < 3 {
        return house.tell(&lender, Input::LoanEnded { agent, by, why: None });
    }
    let queues: BTreeSet<QueueName> =
        ["desk", "all", "some"].into_iter().filter(|_| chance.below(4) > 0).map(QueueName::new).collect();
    let english = (chance.below(2) == 0).then(|| (SkillName::new("english"), 2));
    let skills: BTreeMap<SkillName, u8> = english.into_iter().collect();
    house.tell(&lender, Input::QueuesLent { agent, queues, skills, by, why: None });
}

fn does(chance: &mut Chance, house: &mut House, person: &Person) {
    let forced = chance.below(3) == 0;
    let (agent, why) = (person.name.clone(), None);
    let by = if forced { AgentName::new("boss") } else { agent.clone() };
    let logs_in = Input::AgentLoggedIn {
        agent: agent.clone(),
        station: person.station.clone(),
        switch: pbx(),
        queues: ["desk", "all"].map(QueueName::new).into(),
        skills: BTreeMap::new(),
        auto_answer: None,
        by: by.clone(),
    };
    let reason = BreakReason::new("lunch");
    let input = match chance.below(20) {
        0..=8 => logs_in,
        9..=10 => Input::AgentLoggedOut { agent, by, why },
        11..=12 => Input::AgentTookBreak { agent, reason, by, why },
        13..=16 => Input::AgentSaidReady { agent, by, why },
        17 => Input::AgentEndedWrapUp { agent, by, why },
        18 => Input::AgentEndedCall { agent, by, why },
        _ => {
            let number = "13900139000".parse().expect("a number");
            Input::AgentDialled { agent, number, by, request: None }
        }
    };
    house.tell(&person.home, input);
    // What a guest does on the desk is told to the centre whose call it is.
    let guest = person.name.guest_of(&person.home);
    let lender = centre(one_of::<&str>(chance, &CENTRES));
    let (agent, by) = (guest.clone(), guest);
    match chance.below(8) {
        0 => house.tell(&lender, Input::AgentEndedWrapUp { agent, by, why: None }),
        1 => house.tell(&lender, Input::AgentEndedCall { agent, by, why: None }),
        2 => house.tell(&lender, Input::AgentSaidReady { agent, by, why: None }),
        _ => {}
    }
}

fn walk(seed: u64) -> usize {
    let mut chance = Chance::new(seed);
    let mut house = House::new(seed);
    let people = people();
    for person in &people {
        let phone = phone(&mut chance);
        house.happen(World::PhoneSetTo { station: person.station.clone(), phone });
    }
    let numbers = ["100", "101", "102", "200", "201", "202", "300", "301", "302"];
    while house.now < MORNING + LASTS {
        house.pass(house.now + Duration::from_millis(chance.below(700)));
        let person = one_of(&mut chance, &people);
        match chance.below(100) {
            0..=34 => {
                let (least, most) = *one_of(&mut chance, &[(0, 3_000), (5_000, 60_000), (20_000, 90_000)]);
                let caller = Caller {
                    patience: Some(Duration::from_millis(least + chance.below(most - least))),
                    talks: Some(Duration::from_millis(chance.below(12_000))),
                    ..Caller::new("13800138000", one_of::<&str>(&mut chance, &numbers))
                };
                house.happen(World::CallerDials(caller));
            }
            35..=64 => does(&mut chance, &mut house, person),
            65..=89 => lends(&mut chance, &mut house, person),
            90..=93 => {
                let phone = phone(&mut chance);
                drop(house.happen(World::PhoneSetTo { station: person.station.clone(), phone }));
            }
            94 => drop(house.happen(World::PhoneDialsOut { station: person.station.clone() })),
            95..=96 => drop(house.happen(World::PhoneEndsOwnCall { station: person.station.clone() })),
            97 => drop(house.happen(World::LinkBreaks)),
            98 => drop(house.happen(World::LinkMends)),
            _ => house.start(),
        }
    }
    house.replay();
    house.served
}

#[test]
fn nobody_is_rung_by_two_centres_waits_in_vain_or_is_rung_on_a_break_at_home() {
    let seeds = std::env::var("CORDBOARD_WALKS").ok().and_then(|text| text.parse().ok()).unwrap_or(12);
    let from = std::env::var("CORDBOARD_WALK").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let served: usize = (from..from + seeds)
        .map(|seed| {
            // A failure names its walk.
            println!("walk {seed}");
            walk(seed)
        })
        .sum();
    assert!(served > 20 * seeds as usize, "guests served {served} callers only");
}
