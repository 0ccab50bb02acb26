//! Checks of the whole: what no single line shows to be wrong.
//!
//! Steps are looked at as a graph: who is reached, who leads nowhere, and where a call could go round for ever.
//! A step with a mistake of its own is given the benefit of the doubt, so that one mistake is told once.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::action::{Action, When};
use super::centre::{Centre, Claim};
use super::read::mistake::Notes;
use super::read::reading::{Kind, Reading};
use super::read::steps::Draft;
use super::read::{Mistake, Mistakes, Shown};
use crate::routing::ids::{PhoneNumber, StepName};

/// The most steps of a loop that are named in a sentence.
const MOST_NAMED: usize = 8;

/// Numbers that more than one of these centres claims: every claim but the first is a mistake.
pub fn claimed_twice(centres: &[&Centre]) -> Result<(), Mistakes> {
    let mut first: BTreeMap<&PhoneNumber, (&Centre, &Claim)> = BTreeMap::new();
    let mut found = Vec::new();
    for centre in centres {
        for (number, claim) in &centre.numbers {
            match first.get(number) {
                None => {
                    first.insert(number, (centre, claim));
                }
                Some((owner, earlier)) => found.push(Mistake {
                    place: claim.place.clone(),
                    sentence: format!(
                        "number {number} is claimed twice, first by the centre {} in {}:{}",
                        owner.name, earlier.place.file, earlier.place.line
                    ),
                    suggestion: None,
                    shown: Some(Shown::of(&claim.line, claim.place.column)),
                }),
            }
        }
    }
    Mistakes::none_or(found)
}

/// Checks the steps of a centre as a whole.
pub(super) fn whole(reading: &mut Reading, drafts: &[Draft], numbers: &BTreeMap<PhoneNumber, Claim>) {
    for draft in drafts.iter().filter(|draft| draft.sound) {
        ending(draft, &mut reading.notes);
    }
    let graph = Graph::of(reading, drafts);
    called_back(reading, drafts, &graph);
    // Without a single good number nothing is reached, and that has been said.
    let reached = if numbers.is_empty() { vec![true; drafts.len()] } else { graph.reached() };
    for unreached in graph.unreached(&reached) {
        let draft = &drafts[unreached];
        reading.notes.add(
            &draft.place,
            format!("no caller ever reaches step \"{}\", unless an agent passes one on to it", draft.name),
        );
    }
    let stuck = graph.stuck(&reached);
    let mut told = BTreeSet::new();
    for round in graph.loops(&graph.silent, stuck) {
        told.extend(round.iter().copied());
        let sentence =
            format!("a caller who presses nothing never leaves {}: no queue, no hang_up", named(drafts, &round));
        reading.notes.add(&drafts[first(&round)].place, sentence);
    }
    for round in graph.loops(&graph.breathless, graph.circling(&reached)) {
        if round.iter().any(|step| told.contains(step)) {
            continue;
        }
        let sentence =
            format!("{} goes round without a pause: nothing is played, no key is asked for", named(drafts, &round));
        reading.notes.add(&drafts[first(&round)].place, sentence);
    }
}

/// Whoever is called back before an agent is rung comes to the queue that called them.
fn called_back(reading: &mut Reading, drafts: &[Draft], graph: &Graph) {
    for (start, queue, place) in std::mem::take(&mut reading.called) {
        let Some(start) = drafts.iter().position(|draft| draft.name == start) else { continue };
        let mut led_to = vec![false; drafts.len()];
        spread(&graph.ways, vec![start], &mut led_to);
        let comes_there = |draft: &Draft| {
            let mut to = draft.actions.iter().filter_map(|(action, _)| action.to_queue());
            !draft.sound || to.any(|to| to.entry.queue == queue)
        };
        if !drafts.iter().zip(led_to).any(|(draft, led)| led && comes_there(draft)) {
            let sentence =
                format!("step \"{}\" never leads to queue \"{queue}\", which calls back", drafts[start].name);
            reading.notes.add(&place, sentence);
        }
    }
}

fn first(round: &[usize]) -> usize {
    round.iter().copied().min().unwrap_or_default()
}

fn named(drafts: &[Draft], round: &[usize]) -> String {
    let start = round.iter().position(|step| *step == first(round)).unwrap_or_default();
    let mut names: Vec<&str> =
        round.iter().cycle().skip(start).take(round.len() + 1).map(|step| drafts[*step].name.as_str()).collect();
    if names.len() > MOST_NAMED {
        names.splice(MOST_NAMED - 2..names.len() - 1, ["..."]);
    }
    names.join(" -> ")
}

/// What a step does at its end, or what stands behind it.
fn ending(draft: &Draft, notes: &mut Notes) {
    match draft.actions.iter().position(|(action, _)| leads_away(action)) {
        None => {
            notes.add(&draft.place, format!("step \"{}\" ends without go, queue, transfer or hang_up", draft.name));
        }
        Some(last) => {
            if let Some((_, place)) = draft.actions.get(last + 1) {
                notes.add(place, "this is never reached: the action before it always leads elsewhere");
            }
        }
    }
}

/// Whether control never falls through this action.
fn leads_away(action: &Action) -> bool {
    match action {
        Action::Go(_) | Action::Queue(_) | Action::Transfer(_) | Action::HangUp => true,
        Action::Menu(menu) => menu.otherwise.is_some(),
        Action::Hours(branch) => branch.open.is_some() && branch.closed.is_some(),
        Action::Play(_) | Action::Ask(_) | Action::SetLanguage(_) | Action::CallBack(_) | Action::Agent(_) => false,
    }
}

/// The steps by their index in the drafts.
struct Graph {
    /// Where calls begin.
    starts: Vec<usize>,
    /// Every way from step to step.
    ways: Vec<Vec<usize>>,
    /// The ways a caller takes who presses nothing.
    silent: Vec<Vec<usize>>,
    /// The ways taken before anything is played or waited for.
    breathless: Vec<Vec<usize>>,
    /// A silent caller can come to a queue or a hang_up within the step, or nobody knows.
    ends: Vec<bool>,
}

impl Graph {
    fn of(reading: &Reading, drafts: &[Draft]) -> Graph {
        let index: BTreeMap<&str, usize> =
            drafts.iter().enumerate().map(|(i, draft)| (draft.name.as_str(), i)).collect();
        // A slip counts as what was meant: the step it means is not unreached because of it.
        let find = |name: &str| index.get(name).or_else(|| index.get(reading.nearest(Kind::Step, name)?)).copied();
        let mut graph = Graph {
            starts: Vec::new(),
            ways: vec![Vec::new(); drafts.len()],
            silent: Vec::new(),
            breathless: Vec::new(),
            ends: Vec::new(),
        };
        for reference in reading.references.iter().filter(|reference| reference.kind == Kind::Step) {
            let Some(to) = find(&reference.name) else { continue };
            match &reference.from {
                None => graph.starts.push(to),
                Some(from) => {
                    if let Some(from) = index.get(from.as_str()) {
                        graph.ways[*from].push(to);
                    }
                }
            }
        }
        for draft in drafts {
            let trace = Trace::of(draft);
            let known = |names: &[&StepName]| names.iter().filter_map(|name| find(name.as_str())).collect::<Vec<_>>();
            let all_known = trace.silent.iter().all(|name| find(name.as_str()).is_some());
            graph.silent.push(known(&trace.silent));
            graph.breathless.push(known(&trace.breathless));
            graph.ends.push(trace.ends || !draft.sound || !all_known);
        }
        graph
    }

    fn reached(&self) -> Vec<bool> {
        let mut reached = vec![false; self.ways.len()];
        spread(&self.ways, self.starts.clone(), &mut reached);
        reached
    }

    /// The steps nobody reaches, without those that only other unreached steps lead to.
    fn unreached(&self, reached: &[bool]) -> Vec<usize> {
        let mut known = reached.to_vec();
        let mut found = Vec::new();
        let mut led_to = vec![false; self.ways.len()];
        for (from, ways) in self.ways.iter().enumerate() {
            for &to in ways.iter().filter(|&&to| to != from && !reached[from]) {
                led_to[to] = true;
            }
        }
        let heads = (0..self.ways.len()).filter(|&step| !led_to[step]);
        // After the heads only rounds of unreached steps are left: one of each is told.
        for step in heads.chain(0..self.ways.len()) {
            if !known[step] {
                found.push(step);
                spread(&self.ways, vec![step], &mut known);
            }
        }
        found
    }

    /// Reached steps from which a silent caller comes to no end.
    fn stuck(&self, reached: &[bool]) -> BTreeSet<usize> {
        let back = reversed(&self.silent);
        let mut ends = vec![false; self.ways.len()];
        spread(&back, (0..self.ways.len()).filter(|&step| self.ends[step]).collect(), &mut ends);
        (0..self.ways.len()).filter(|&step| reached[step] && !ends[step]).collect()
    }

    /// Reached steps that are part of a round without a pause, or lead into one.
    fn circling(&self, reached: &[bool]) -> BTreeSet<usize> {
        let back = reversed(&self.breathless);
        let mut left: Vec<usize> = self.breathless.iter().map(Vec::len).collect();
        let mut still: BTreeSet<usize> = (0..left.len()).collect();
        let mut done: VecDeque<usize> = (0..left.len()).filter(|&step| left[step] == 0).collect();
        while let Some(step) = done.pop_front() {
            still.remove(&step);
            for &before in &back[step] {
                left[before] -= 1;
                if left[before] == 0 {
                    done.push_back(before);
                }
            }
        }
        still.retain(|&step| reached[step]);
        still
    }

    /// One round for each knot in a set of steps every one of which leads on within the set.
    fn loops(&self, ways: &[Vec<usize>], mut set: BTreeSet<usize>) -> Vec<Vec<usize>> {
        let back = reversed(ways);
        let mut rounds = Vec::new();
        while let Some(&start) = set.first() {
            let (mut path, mut at) = (Vec::new(), start);
            let mut seen = BTreeMap::new();
            let begins = loop {
                if let Some(&begins) = seen.get(&at) {
                    break Some(begins);
                }
                seen.insert(at, path.len());
                path.push(at);
                match ways[at].iter().find(|next| set.contains(next)) {
                    Some(&next) => at = next,
                    None => break None,
                }
            };
            let Some(begins) = begins else {
                // Leads out of the set after all: nothing to tell.
                set.remove(&at);
                continue;
            };
            let round = path.split_off(begins);
            let mut leads_in = vec![false; ways.len()];
            spread(&back, round.clone(), &mut leads_in);
            set.retain(|&step| !leads_in[step]);
            rounds.push(round);
        }
        rounds
    }
}

/// Marks everything that can be reached along the ways.
fn spread(ways: &[Vec<usize>], mut from: Vec<usize>, marked: &mut [bool]) {
    while let Some(step) = from.pop() {
        if !marked[step] {
            marked[step] = true;
            from.extend(&ways[step]);
        }
    }
}

fn reversed(ways: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut back = vec![Vec::new(); ways.len()];
    for (from, to) in ways.iter().enumerate().flat_map(|(from, ways)| ways.iter().map(move |&to| (from, to))) {
        back[to].push(from);
    }
    back
}

/// Where one step leads.
#[derive(Default)]
struct Trace<'d> {
    silent: Vec<&'d StepName>,
    breathless: Vec<&'d StepName>,
    ends: bool,
}

impl<'d> Trace<'d> {
    fn of(draft: &'d Draft) -> Trace<'d> {
        let mut trace = Trace::default();
        let mut paused = false;
        for (action, _) in &draft.actions {
            let ways: Vec<&StepName> = match action {
                Action::Play(_) | Action::Agent(_) => {
                    paused = true;
                    Vec::new()
                }
                Action::Menu(menu) => {
                    paused = true;
                    menu.otherwise.iter().collect()
                }
                Action::Ask(ask) => {
                    paused = true;
                    ask.otherwise.iter().collect()
                }
                Action::Hours(branch) => branch.open.iter().chain(&branch.closed).collect(),
                Action::SetLanguage(_) => Vec::new(),
                // Refused at once.
                Action::CallBack(wanted) => vec![&wanted.otherwise],
                Action::Go(step) => vec![step],
                Action::Queue(to) => {
                    // Turned away at the door, at once.
                    let turned_away = to.entry.otherwise.iter().filter(|(when, _)| match when {
                        When::Full | When::NobodyLoggedIn | When::Closed => !paused,
                        When::Waited(_) => false,
                    });
                    trace.breathless.extend(turned_away.map(|(_, step)| step));
                    trace.ends = true;
                    return trace;
                }
                Action::Transfer(transfer) => {
                    // Not rung at all, at once: the caps are full, or the switch is away.
                    if !paused {
                        let all = transfer.busy.iter().chain(&transfer.no_answer).chain([&transfer.failed]);
                        trace.breathless.extend(all);
                    }
                    trace.ends = true;
                    return trace;
                }
                Action::HangUp => {
                    trace.ends = true;
                    return trace;
                }
            };
            if !paused {
                trace.breathless.extend(&ways);
            }
            trace.silent.extend(&ways);
            // A silent caller who is led elsewhere by an ask does not see what stands behind it.
            let led_on = matches!(action, Action::Ask(ask) if ask.otherwise.is_some());
            if led_on || leads_away(action) {
                return trace;
            }
        }
        // Falls off its end: told elsewhere.
        trace.ends = true;
        trace
    }
}
