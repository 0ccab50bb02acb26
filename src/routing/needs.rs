//! What a call needs of an agent, and how that eases as it waits.

use std::time::Duration;

use super::queue::Need;

/// What is needed after so long a wait, each skill once, at the highest level that is asked for; and when it eases next.
pub fn after(needs: &[Need], waited: Duration) -> (Vec<Need>, Option<Duration>) {
    let holds = |need: &&Need| need.until.is_none_or(|until| waited < until);
    let mut in_force: Vec<Need> = Vec::new();
    for need in needs.iter().filter(holds) {
        match in_force.iter_mut().find(|known| known.skill == need.skill) {
            Some(known) => known.level = known.level.max(need.level),
            None => in_force.push(Need { until: None, ..need.clone() }),
        }
    }
    in_force.sort_by(|a, b| a.skill.cmp(&b.skill));
    let eases = needs.iter().filter(holds).filter_map(|need| need.until).min();
    (in_force, eases)
}

/// What is needed however long the wait.
pub fn at_last(needs: &[Need]) -> Vec<Need> {
    after(needs, Duration::MAX).0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::ids::SkillName;

    fn need(skill: &str, level: u8, until: Option<u64>) -> Need {
        Need { skill: SkillName::new(skill), level, until: until.map(Duration::from_secs) }
    }

    fn secs(needs: &[Need], waited: u64) -> (Vec<Need>, Option<Duration>) {
        after(needs, Duration::from_secs(waited))
    }

    #[test]
    fn the_highest_level_that_still_holds_is_needed() {
        let needs = [need("mandarin", 3, Some(40)), need("mandarin", 1, None), need("cards", 2, Some(60))];
        let (first, cards) = (need("mandarin", 3, None), need("cards", 2, None));
        assert_eq!(secs(&needs, 0), (vec![cards.clone(), first], Some(Duration::from_secs(40))));
        assert_eq!(secs(&needs, 40), (vec![cards, need("mandarin", 1, None)], Some(Duration::from_secs(60))));
        assert_eq!(secs(&needs, 60), (vec![need("mandarin", 1, None)], None));
        assert_eq!(at_last(&needs), vec![need("mandarin", 1, None)]);
    }
}
