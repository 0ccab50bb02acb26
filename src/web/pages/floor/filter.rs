//! Which part of the floor somebody looks at, as the address bar has it. Everything is on the page; what does not fit is
//! hidden, so that a tile that comes to fit while one looks is there (`templates/scripts/60-floor.js`).

use serde::Deserialize;

use super::board::{Agent, key};
use crate::routing::agent::AgentState;
use crate::routing::ids::QueueName;
use crate::routing::view::Floor;
use crate::web::pages::login::IN_QUERY;

/// What was asked for. A word that means nothing is as good as none.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    queue: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    wall: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum States {
    /// All but those away.
    There,
    All,
    One(AgentState),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    pub queue: Option<QueueName>,
    pub states: States,
    /// For a big screen on the wall.
    pub wall: bool,
}

impl Filter {
    pub fn of(asked: &Asked, floor: &Floor) -> Self {
        let queue = floor.queues.iter().map(|queue| &queue.name).find(|name| name.as_str() == asked.queue);
        let states = match AgentState::ALL.into_iter().find(|state| state.as_str() == asked.state) {
            Some(state) => States::One(state),
            None if asked.state == "all" => States::All,
            None => States::There,
        };
        Self { queue: queue.cloned(), states, wall: asked.wall == "1" }
    }

    pub fn shows_queue(&self, queue: &QueueName) -> bool {
        self.queue.as_ref().is_none_or(|only| only == queue)
    }

    pub fn serves(&self, agent: &Agent) -> bool {
        self.queue_key().is_none_or(|only| agent.queues.split(' ').any(|queue| queue == only))
    }

    pub fn shows(&self, agent: &Agent) -> bool {
        let state = match self.states {
            States::There => agent.state != AgentState::Away,
            States::All => true,
            States::One(state) => agent.state == state,
        };
        state && self.serves(agent)
    }

    pub fn queue_key(&self) -> Option<String> {
        self.queue.as_ref().map(|queue| key(queue.as_str()))
    }

    /// As the address and the script spell it.
    pub const fn state_word(&self) -> &'static str {
        match self.states {
            States::There => "",
            States::All => "all",
            States::One(state) => state.as_str(),
        }
    }

    fn address(queue: Option<&QueueName>, state: &str) -> String {
        let mut parts = Vec::new();
        if let Some(queue) = queue {
            parts.push(format!("queue={}", percent_encoding::utf8_percent_encode(queue.as_str(), IN_QUERY)));
        }
        if !state.is_empty() {
            parts.push(format!("state={state}"));
        }
        if parts.is_empty() { "/floor".to_owned() } else { format!("/floor?{}", parts.join("&")) }
    }

    /// The same queue, other states.
    pub fn with_states(&self, states: States) -> String {
        Self::address(self.queue.as_ref(), Self { states, ..self.clone() }.state_word())
    }

    /// One queue alone.
    pub fn of_queue(queue: &QueueName) -> String {
        Self::address(Some(queue), "")
    }
}
