//! Days full of misfortune: the laws hold, whatever breaks, and the same seed breaks the same.

use crate::{CENTRE, DAY, Place, among_faults, plan, sample};

#[test]
fn the_laws_hold_in_days_of_misfortune() {
    let demo = sample("demo");
    for seed in 1..=6 {
        let day = among_faults(&plan(&demo, seed));
        assert!(day.calls > 1_000 && day.all.answered > 500, "seed {seed}: {day:?}");
        assert_eq!(day.unbalanced, Vec::<String>::new(), "seed {seed}");
    }
}

#[test]
fn the_laws_hold_where_everybody_is_busy_all_the_time() {
    let place = Place::new(CENTRE, &DAY.replace("per_hour: 60", "per_hour: 400").replace("count: 4", "count: 12"));
    let scenario = place.load().expect("loads");
    for seed in 1..=3 {
        assert!(among_faults(&plan(&scenario, seed)).calls > 5_000);
    }
}

#[test]
fn the_laws_hold_where_several_phones_ring_for_every_caller() {
    for (strategy, seed) in [("ring_all", 1), ("{ ring_several: 2 }", 2), ("{ ring_several: 5 }", 3)] {
        let centre = CENTRE.replace("desk: {", &format!("desk: {{ strategy: {strategy},"));
        for day in [DAY.to_owned(), DAY.replace("per_hour: 60", "per_hour: 400").replace("count: 4", "count: 12")] {
            let place = Place::new(&centre, &day);
            let day = among_faults(&plan(&place.load().expect("loads"), seed));
            assert!(day.all.answered > 300, "{strategy}: {day:?}");
            assert_eq!(day.unbalanced, Vec::<String>::new(), "{strategy}");
        }
    }
}

#[test]
fn the_same_seed_suffers_the_same() {
    let demo = sample("demo");
    let told = |seed| serde_json::to_string(&among_faults(&plan(&demo, seed))).expect("JSON");
    assert_eq!(told(3), told(3));
    assert_ne!(told(3), told(4));
}
