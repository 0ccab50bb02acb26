//! Agents whom several centres share: their own (their home) and those that have lent them queues (`routing/lending.rs`).
//!
//! No two cores may ever ring one phone, and none knows of another: so after every input whoever it moved is looked at,
//! and what has changed for the other centres is told to them before any other input is taken. All that a centre has to
//! be told goes in one input, because each input may ring somebody. Busy before free: of those who may be rung again one
//! is told to one centre at a time, to the one whose caller has waited longest, and looked at again.

use std::collections::{BTreeMap, BTreeSet};

use super::Loans;
use super::phones::Phones;
use crate::calendar::Moment;
use crate::routing::ids::{AgentName, CentreName};
use crate::routing::lending::{Elsewhere, Shared, SharedNews};
use crate::routing::{Core, Fact, Input};

/// Somebody at home: their centre, and their name there.
type Person = (CentreName, AgentName);

/// Who is shared, and of whom others may still have to be told.
#[derive(Debug, Default)]
pub struct Lending {
    /// The centres that have lent somebody queues, or have not done with them yet.
    shared: BTreeMap<Person, BTreeSet<CentreName>>,
    /// To whom something happened; and who logged them out at home, where somebody did.
    moved: BTreeMap<Person, Option<AgentName>>,
}

/// What the loop lends of itself for this.
pub struct Cores<'a> {
    pub of: &'a dyn Fn(&CentreName) -> Option<&'a Core>,
    pub phones: &'a Phones,
}

impl Lending {
    /// Guests that a journal knew. Everybody is looked at when all cores have begun.
    pub fn remember(&mut self, centre: &CentreName, guests: impl IntoIterator<Item = AgentName>) {
        for guest in guests {
            self.share(centre, &guest);
        }
    }

    /// Something happened to these in this centre.
    pub fn moved(&mut self, centre: &CentreName, moved: &[AgentName], facts: &[Fact]) {
        for fact in facts {
            if let Fact::QueuesLent { agent, .. } | Fact::LoanEnded { agent, .. } = fact {
                self.share(centre, agent);
            }
        }
        if self.shared.is_empty() {
            return;
        }
        for name in moved {
            let person = name.home().map_or_else(|| (centre.clone(), name.clone()), |(name, home)| (home, name));
            if !self.shared.contains_key(&person) {
                continue;
            }
            let by = facts.iter().find_map(|fact| match fact {
                Fact::AgentLoggedOut { agent, by, .. } if agent == name && person.0 == *centre => {
                    Some(by.guest_of(centre))
                }
                _ => None,
            });
            let before = self.moved.entry(person).or_default();
            *before = by.or(before.take());
        }
    }

    fn share(&mut self, centre: &CentreName, guest: &AgentName) {
        let Some((name, home)) = guest.home() else { return };
        self.shared.entry((home.clone(), name.clone())).or_default().insert(centre.clone());
        self.moved.entry((home, name)).or_default();
    }

    /// What has to be told next, and to whom; `None` when everybody knows everything.
    pub fn next(&mut self, cores: &Cores<'_>) -> Option<(CentreName, Input)> {
        self.forget_ended_loans(cores);
        let mut taken: BTreeMap<CentreName, Vec<SharedNews>> = BTreeMap::new();
        let mut given: Vec<Given> = Vec::new();
        for (person, by) in std::mem::take(&mut self.moved) {
            let news = self.news(cores, &person, by.as_ref());
            if news.is_empty() {
                if self.shared.get(&person).is_some_and(BTreeSet::is_empty) {
                    self.shared.remove(&person);
                }
                continue;
            }
            let (frees, takes): (Vec<_>, Vec<_>) = news.into_iter().partition(|(_, news)| may_be_rung(news));
            given.extend(first_served(cores, &person, frees));
            for (centre, news) in takes {
                taken.entry(centre).or_default().push(news);
            }
            // Looked at again when this has been told.
            self.moved.insert(person, by);
        }
        if let Some((centre, news)) = taken.pop_first() {
            // At once: a word about the phone before it could make it ring here.
            return Some((centre, Input::SharedAgentsTold { news }));
        }
        let first =
            given.iter().map(|given| (&given.waits, &given.centre)).min().map(|(waits, at)| (*waits, at.clone()))?;
        // Whom nobody waits for, all at once; else one, and then the next caller anew.
        let most = if first.0 == Waits::Nobody { usize::MAX } else { 1 };
        let to_first = given.into_iter().filter(|given| (given.waits, &given.centre) == (first.0, &first.1));
        let news = to_first.map(|given| given.news).take(most).collect();
        Some(with_phone(cores, first.1, news))
    }

    /// Loans that are over and of whose agent nothing is left in hand.
    fn forget_ended_loans(&mut self, cores: &Cores<'_>) {
        for person in self.moved.keys() {
            let Some(centres) = self.shared.get_mut(person) else { continue };
            let guest = person.1.guest_of(&person.0);
            centres.retain(|centre| {
                (cores.of)(centre).is_some_and(|core| {
                    core.loans().contains_key(&guest) || core.holding(&guest).is_some_and(|guest| guest.is_busy)
                })
            });
        }
    }

    /// What each centre of this person is to know otherwise than it does.
    fn news(&self, cores: &Cores<'_>, person: &Person, by: Option<&AgentName>) -> Vec<(CentreName, SharedNews)> {
        let (home, name) = person;
        let guest = name.guest_of(home);
        let empty = BTreeSet::new();
        let lenders = self.shared.get(person).unwrap_or(&empty);
        let at_home = (cores.of)(home);
        let holding = at_home.and_then(|core| core.holding(name));
        let guests = lenders.iter().map(|centre| (centre, &guest));
        let everywhere = std::iter::once((home, name)).chain(guests.clone());
        let busy = |(centre, name): &(&CentreName, &AgentName)| {
            (cores.of)(centre).and_then(|core| core.holding(name)).is_some_and(|holding| holding.is_busy)
        };
        let busy: Vec<&CentreName> = everywhere.filter(busy).map(|(centre, _)| centre).collect();
        let serves = |here: &CentreName| busy.iter().find(|centre| **centre != here).map(|centre| (*centre).clone());
        let seat = at_home.and_then(|core| core.seat(name));
        let ready = holding.is_some_and(|holding| holding.is_ready);
        let mut news = Vec::new();
        if let Some(core) = at_home {
            let is =
                (!lenders.is_empty()).then(|| Shared { seat: None, elsewhere: serves(home).map(Elsewhere::Serves) });
            news.extend(differs(core, busy.contains(&home), name, is, None).map(|news| (home.clone(), news)));
        }
        for (centre, guest) in guests {
            let Some(core) = (cores.of)(centre).filter(|core| core.loans().contains_key(guest)) else { continue };
            let not_ready = || (!ready).then_some(Elsewhere::NotReady);
            let elsewhere = serves(centre).map(Elsewhere::Serves).or_else(not_ready);
            let elsewhere = elsewhere.filter(|_| seat.is_some());
            let is = Some(Shared { seat: seat.clone(), elsewhere });
            let by = by.filter(|_| seat.is_none()).cloned();
            news.extend(differs(core, busy.contains(&centre), guest, is, by).map(|news| (centre.clone(), news)));
        }
        news
    }
}

/// What this core does not know yet.
fn differs(
    core: &Core,
    is_busy: bool,
    agent: &AgentName,
    is: Option<Shared>,
    by: Option<AgentName>,
) -> Option<SharedNews> {
    let known = core.shared(agent);
    // Whoever is busy there, and nowhere else, is asked about when it is over.
    let asked = |known: &Shared| is_busy && known.elsewhere == Some(Elsewhere::Asked);
    let same = match (known, &is) {
        (Some(known), Some(is)) => known == is || (asked(known) && is.elsewhere.is_none() && known.seat == is.seat),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    };
    (!same).then(|| SharedNews { agent: agent.clone(), is, by })
}

/// Whether whoever is told so may ring this phone at once.
fn may_be_rung(news: &SharedNews) -> bool {
    news.is.as_ref().is_some_and(|is| is.elsewhere.is_none() && (is.seat.is_some() || news.agent.home().is_none()))
}

/// Who waits for somebody who comes free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Waits {
    Since(Moment),
    Nobody,
}

/// Somebody who comes free, and the centre that is told so first.
struct Given {
    waits: Waits,
    centre: CentreName,
    news: SharedNews,
}

/// Of all centres that may have somebody who came free the one whose caller has waited longest; then the home.
fn first_served(cores: &Cores<'_>, (home, _): &Person, free: Vec<(CentreName, SharedNews)>) -> Option<Given> {
    let given = free.into_iter().map(|(centre, news)| {
        let first = (cores.of)(&centre).and_then(|core| core.first_waiting_for(&news.agent));
        Given { waits: first.map_or(Waits::Nobody, |(joined, _)| Waits::Since(joined)), centre, news }
    });
    given.min_by_key(|given| (given.waits, given.centre != *home))
}

/// A phone that talks is not rung, from the first moment: what it does is told before whose it is.
fn with_phone(cores: &Cores<'_>, centre: CentreName, news: Vec<SharedNews>) -> (CentreName, Input) {
    let core = (cores.of)(&centre);
    let seats = news.iter().filter_map(|news| news.is.as_ref()?.seat.as_ref());
    for seat in seats {
        let line = cores.phones.line_of(&seat.switch, &seat.station);
        if let (Some(core), Some(line)) = (core, line)
            && core.line_of(&seat.switch, &seat.station) != line
        {
            let (switch, station) = (seat.switch.clone(), seat.station.clone());
            return (centre, Input::StationChanged { switch, station, line });
        }
    }
    (centre, Input::SharedAgentsTold { news })
}

/// What one of these centres lends, and what the others lend to its people. `None`: there is no such centre.
pub fn loans_of<'a>(centre: &CentreName, cores: impl Iterator<Item = (&'a CentreName, &'a Core)>) -> Option<Loans> {
    let (mut loans, mut is_there) = (Loans::default(), false);
    for (name, core) in cores {
        if name == centre {
            is_there = true;
            loans.lent = core.loans().iter().map(|(guest, loan)| (guest.clone(), loan.clone())).collect();
            continue;
        }
        for (guest, loan) in core.loans() {
            if let Some((agent, home)) = guest.home()
                && home == *centre
            {
                loans.ours.push((agent, name.clone(), loan.clone()));
            }
        }
    }
    is_there.then_some(loans)
}
