//! A board in one language: the page, and the pieces of it that differ from the board before.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;

use super::board::{Agent, Board, Queue, key};
use super::day::Figures;
use super::filter::{Filter, States};
use super::line::{Line, lines};
use super::waiting;
use crate::calendar::{Moment, Zone};
use crate::dialplan::Centre;
use crate::routing::agent::AgentState;
use crate::routing::ids::{CentreName, QueueName};
use crate::web::Web;
use crate::web::pages::emergency;
use crate::web::pages::frame::Frame;
use crate::web::pages::lamps::{Lamp, break_title, lamp, lamp_with, wait_class};
use crate::web::pages::login::IN_QUERY;
use crate::web::pages::problem::{PageProblem, Shown};
use crate::web::pages::words::{Words, clock};

/// The page.
#[derive(Template)]
#[template(path = "floor/show.html")]
pub struct Show {
    pub frame: Frame,
    filter: Filter,
    /// Every queue, to choose from.
    choices: Vec<QueueName>,
    chips: Vec<Chip>,
    wrong: Vec<Line>,
    messages: emergency::Rows,
    figures: Drawn,
    queues: Vec<Row>,
    waiting: Vec<waiting::Drawn>,
    tiles: Vec<Tile>,
}

/// What of a board is drawn: all, or what differs.
#[derive(Template)]
#[template(path = "floor/_pieces.html")]
struct Pieces {
    t: Words,
    wrong: Option<Vec<Line>>,
    figures: Option<Drawn>,
    counts: Vec<(&'static str, usize)>,
    queues: Part<Row>,
    waiting: Option<Vec<waiting::Drawn>>,
    tiles: Part<Tile>,
}

/// Some of a list, or the list.
enum Part<T> {
    /// Others are in it, or in another order.
    Whole(Vec<T>),
    Changed(Vec<T>),
}

/// A state to choose, with how many are in it.
struct Chip {
    href: String,
    id: &'static str,
    count: usize,
    word: String,
    class: &'static str,
    current: bool,
}

/// The figures of the centre.
struct Drawn {
    waiting: usize,
    longest: Option<Clock>,
    idle: usize,
    logged_in: usize,
    day: Option<Sums>,
}

struct Sums {
    /// Of the filter of calls.
    from: String,
    level: Option<u64>,
    asked: u64,
    answered: u64,
    abandoned: u64,
    abandoned_share: Option<u64>,
    otherwise: u64,
    unanswered: u64,
    since: String,
    as_of: Option<String>,
}

/// A wait that turns late by itself.
struct Clock {
    since: Moment,
    target_ms: u64,
    text: String,
    class: &'static str,
}

struct Row {
    key: String,
    name: String,
    href: String,
    /// Of the filter of calls.
    calls: String,
    waiting: usize,
    more: usize,
    /// Call-backs that are owed, in words.
    owed: Option<String>,
    owed_since: Option<Clock>,
    bars: Vec<Bar>,
    longest: Option<Clock>,
    idle: usize,
    logged_in: usize,
    /// Callers wait, and nobody can take them.
    stuck: bool,
    target: String,
    day: Option<RowDay>,
    hidden: bool,
}

struct RowDay {
    from: String,
    level: Option<u64>,
    offered: u64,
    answered: u64,
    abandoned: u64,
    elsewhere: u64,
}

/// One who waits.
struct Bar {
    x: usize,
    y: u8,
    height: u8,
    class: &'static str,
}

struct Tile {
    key: String,
    login: String,
    name: String,
    /// A lamp may stand for two states.
    state: &'static str,
    lamp: Lamp,
    /// When it turns late: a break whose minutes are over.
    target: Option<u64>,
    since: Moment,
    clock: String,
    /// A queue, or the reason of a break.
    with: Option<String>,
    next: Option<String>,
    station: String,
    queues: String,
    hidden: bool,
    /// For a script that puts pieces where they belong.
    oob: bool,
}

/// In whole percent, rounded down: 100 % is said of all alone.
fn percent(part: u64, whole: u64) -> Option<u64> {
    (part * 100).checked_div(whole)
}

fn waits(now: Moment, since: Moment, target_ms: u64) -> Clock {
    let waited = u64::try_from(now.since(since).as_millis()).unwrap_or(u64::MAX);
    Clock { since, target_ms, text: clock(waited), class: wait_class(waited, target_ms) }
}

/// What a board is drawn with.
#[derive(Clone)]
pub struct Ink {
    pub t: Words,
    pub zone: Zone,
    /// What reasons of breaks are called.
    plan: Option<Arc<Centre>>,
}

impl Ink {
    pub fn of(web: &Web, centre: &CentreName, t: Words) -> Self {
        Self { t, zone: web.zone(centre), plan: web.handle.plan(centre) }
    }

    fn figures(&self, board: &Board) -> Drawn {
        let longest = board.now.longest.map(|(since, target_ms)| waits(board.at, since, target_ms));
        Drawn {
            waiting: board.now.waiting,
            longest,
            idle: board.now.idle,
            logged_in: board.now.logged_in,
            day: board.day.as_ref().map(|day| self.sums(day)),
        }
    }

    fn sums(&self, day: &Figures) -> Sums {
        let (part, whole) = day.service_level();
        let calls = day.calls;
        Sums {
            from: self.zone.day(day.began),
            level: percent(part, whole),
            asked: calls.asked(),
            answered: calls.answered,
            abandoned: calls.abandoned,
            abandoned_share: percent(calls.abandoned, calls.asked()),
            otherwise: calls.otherwise,
            unanswered: calls.unanswered,
            since: self.t.with_two("floor-since", "at", self.zone.minute(day.began), "zone", &self.zone),
            as_of: day.as_of.map(|at| self.t.with("floor-as-of", "at", self.zone.day_and_second(at))),
        }
    }

    fn row(&self, board: &Board, queue: &Queue, hidden: bool) -> Row {
        let bars = queue.ages.iter().enumerate().map(|(n, age)| {
            let height = 3 + 3 * (*age).min(4) - u8::from(*age >= 4);
            let class = if *age >= 4 {
                "late"
            } else if *age == 3 {
                "risk"
            } else {
                "within"
            };
            Bar { x: n * 6, y: 14 - height, height, class }
        });
        let began = board.day.as_ref().map(|day| self.zone.day(day.began)).unwrap_or_default();
        Row {
            key: key(queue.name.as_str()),
            name: queue.name.to_string(),
            href: Filter::of_queue(&queue.name),
            calls: percent_encoding::utf8_percent_encode(queue.name.as_str(), IN_QUERY).to_string(),
            waiting: queue.waiting,
            more: queue.waiting.saturating_sub(queue.ages.len()),
            owed: (queue.owed.0 > 0).then(|| self.t.count("floor-owed", queue.owed.0)),
            owed_since: queue.owed.1.map(|since| waits(board.at, since, queue.target_ms)),
            bars: bars.collect(),
            longest: queue.since.map(|since| waits(board.at, since, queue.target_ms)),
            idle: queue.idle,
            logged_in: queue.logged_in,
            stuck: queue.waiting > 0 && queue.idle == 0,
            target: self.t.with("floor-in-target", "target", clock(queue.target_ms)),
            day: queue.day.map(|stays| RowDay {
                from: began,
                level: percent(stays.in_target, stays.over()),
                offered: stays.offered(),
                answered: stays.answered,
                abandoned: stays.abandoned,
                elsewhere: stays.moved + stays.otherwise,
            }),
            hidden,
        }
    }

    fn tile(&self, now: Moment, agent: &Agent, hidden: bool) -> Tile {
        let reason = agent.reason.as_ref().map(|reason| break_title(self.t, self.plan.as_deref(), reason));
        Tile {
            key: key(agent.login.as_str()),
            login: percent_encoding::utf8_percent_encode(agent.login.as_str(), IN_QUERY).to_string(),
            name: agent.name.clone(),
            state: agent.state.as_str(),
            lamp: lamp_with(self.t, agent.state, agent.why_busy),
            target: agent.break_over.map(|over| u64::try_from(over.since(agent.since).as_millis()).unwrap_or(0).max(1)),
            since: agent.since,
            clock: clock(u64::try_from(now.since(agent.since).as_millis()).unwrap_or(u64::MAX)),
            with: reason
                .or_else(|| agent.serves.as_ref().map(|centre| centre.to_string()))
                .or_else(|| agent.queue.as_ref().map(|queue| queue.to_string())),
            next: agent.next.map(|next| lamp(self.t, next).word),
            station: agent.station.to_string(),
            queues: agent.queues.clone(),
            hidden,
            oob: false,
        }
    }

    /// The page.
    pub fn show(&self, board: &Board, frame: Frame, filter: Filter, messages: emergency::Rows) -> Show {
        let queues = board.queues.iter().map(|queue| self.row(board, queue, !filter.shows_queue(&queue.name)));
        let tiles = board.agents.iter().map(|agent| self.tile(board.at, agent, !filter.shows(agent)));
        Show {
            chips: self.chips(board, &filter),
            choices: board.queues.iter().map(|queue| queue.name.clone()).collect(),
            wrong: lines(self.t, board),
            figures: self.figures(board),
            queues: queues.collect(),
            waiting: waiting::drawn(self.t, board.at, &board.waiting, |queue| filter.shows_queue(queue)),
            tiles: tiles.collect(),
            messages,
            frame,
            filter,
        }
    }

    fn chips(&self, board: &Board, filter: &Filter) -> Vec<Chip> {
        let mut counts: BTreeMap<AgentState, usize> = BTreeMap::new();
        for agent in board.agents.iter().filter(|agent| filter.serves(agent)) {
            *counts.entry(agent.state).or_default() += 1;
        }
        let there = counts.iter().filter(|(state, _)| **state != AgentState::Away).map(|(_, count)| count).sum();
        let all = Chip {
            href: filter.with_states(States::There),
            id: "there",
            count: there,
            word: self.t.say("floor-there"),
            class: "",
            current: filter.states == States::There,
        };
        let states = AgentState::ALL.into_iter().map(|state| {
            let Lamp { class, word } = lamp(self.t, state);
            let count = counts.get(&state).copied().unwrap_or_default();
            let current = filter.states == States::One(state);
            Chip { href: filter.with_states(States::One(state)), id: state.as_str(), count, word, class, current }
        });
        // Away last: they are not on the floor.
        let (away, here): (Vec<_>, Vec<_>) = states.partition(|chip| chip.class == "away");
        [all].into_iter().chain(here).chain(away).collect()
    }

    /// Everything that lives on the page.
    ///
    /// # Errors
    /// A template cannot be drawn.
    pub fn all(&self, board: &Board) -> Shown<String> {
        drawn(&Pieces {
            t: self.t,
            wrong: Some(lines(self.t, board)),
            figures: Some(self.figures(board)),
            counts: counts(board),
            queues: Part::Whole(board.queues.iter().map(|queue| self.row(board, queue, false)).collect()),
            waiting: Some(waiting::drawn(self.t, board.at, &board.waiting, |_| true)),
            tiles: Part::Whole(board.agents.iter().map(|agent| self.tile(board.at, agent, false)).collect()),
        })
    }

    /// What is other than it was; nothing where nothing is.
    ///
    /// # Errors
    /// A template cannot be drawn.
    pub fn changed(&self, before: &Board, board: &Board) -> Shown<Option<String>> {
        let same = Board { at: before.at, ..board.clone() } == *before;
        if same {
            return Ok(None);
        }
        let other = (before.now, &before.day) != (board.now, &board.day);
        let was: Vec<_> = counts(before);
        let counts = counts(board).into_iter().zip(was).filter(|(now, was)| now != was).map(|(now, _)| now);
        drawn(&Pieces {
            t: self.t,
            wrong: (before.wrong != board.wrong).then(|| lines(self.t, board)),
            figures: other.then(|| self.figures(board)),
            counts: counts.collect(),
            waiting: (before.waiting != board.waiting)
                .then(|| waiting::drawn(self.t, board.at, &board.waiting, |_| true)),
            queues: part(&before.queues, &board.queues, |a, b| a.name == b.name, |queue| self.row(board, queue, false)),
            tiles: part(
                &before.agents,
                &board.agents,
                |a, b| a.login == b.login,
                |agent| self.tile(board.at, agent, false),
            ),
        })
        .map(Some)
    }

    /// One agent's tile, for the page whose button was pressed.
    ///
    /// # Errors
    /// A template cannot be drawn.
    pub fn one(&self, now: Moment, agent: &Agent) -> Shown<String> {
        #[derive(Template)]
        #[template(path = "floor/_tile_piece.html")]
        struct One {
            tile: Tile,
        }
        drawn(&One { tile: Tile { oob: true, ..self.tile(now, agent, false) } })
    }
}

fn counts(board: &Board) -> Vec<(&'static str, usize)> {
    let states = board.states.iter().map(|(state, count)| (state.as_str(), *count));
    [("there", board.now.logged_in)].into_iter().chain(states).collect()
}

fn part<B: PartialEq, T>(was: &[B], is: &[B], same: impl Fn(&B, &B) -> bool, draw: impl Fn(&B) -> T) -> Part<T> {
    if was.len() == is.len() && was.iter().zip(is).all(|(a, b)| same(a, b)) {
        Part::Changed(was.iter().zip(is).filter(|(a, b)| a != b).map(|(_, b)| draw(b)).collect())
    } else {
        Part::Whole(is.iter().map(draw).collect())
    }
}

fn drawn(piece: &impl Template) -> Shown<String> {
    piece.render().map_err(|error| PageProblem::Internal(format!("a template: {error}")))
}
