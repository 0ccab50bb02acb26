//! What each leg's AGI is busy with, and the orders that wait for it. Pure: the driver sends, this remembers.
//!
//! An async AGI is a queue in the switch that nobody can empty: a prompt queued behind a stop is hit by the stop, and
//! what a Bridge cut off before it began runs when the leg is back. So a leg of whose queue we are not sure gets a
//! *fence* first: a stop, and a command that does nothing. When the fence has come back all before it is over; what
//! was ordered meanwhile is held here until then.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use crate::calendar::Moment;
use crate::routing::ids::LegId;
use crate::switch::{Sound, SwitchAct, Ticket};

/// A prompt that was told to stop and still plays is told again: a command not yet begun does not hear the first.
/// Asterisk takes up a queued command within 20 ms with media, 100 without.
pub const STOP_AGAIN_AFTER: Duration = Duration::from_millis(50);

/// Orders held for one leg. The core gives one or two; more is a mistake that should show.
pub const MOST_HELD: usize = 16;

/// An order that waits for its leg's AGI.
#[derive(Debug)]
pub struct Held {
    pub ticket: Ticket,
    pub act: SwitchAct,
    pub deadline: Moment,
}

#[derive(Debug)]
pub struct Playing {
    pub ticket: Ticket,
    pub left: VecDeque<Sound>,
    pub deadline: Moment,
}

/// What the AGI of one leg is busy with.
#[derive(Debug, Default)]
enum Busy {
    #[default]
    Nothing,
    Playing {
        command: String,
        playing: Playing,
    },
    /// Nothing is owed for what is played any more; over when this command has ended.
    Ending {
        command: String,
        stopped: Instant,
    },
    /// What it does is not known, or it will do something that nobody wants.
    Unsure,
}

#[derive(Debug, Default)]
struct Line {
    busy: Busy,
    held: VecDeque<Held>,
}

/// What there is to do when a command has ended.
#[derive(Debug)]
pub enum Then {
    /// The command is none of those waited for.
    Nothing,
    /// The next sound.
    Next(Sound),
    /// It has played to its end.
    Done(Playing),
    /// It could not be played.
    Failed(Playing),
    /// The AGI is free: these may go now.
    Free,
}

#[derive(Debug, Default)]
pub struct Plays {
    lines: BTreeMap<LegId, Line>,
    commands: u64,
}

impl Plays {
    /// A CommandID that no other command of ours has.
    pub fn new_command(&mut self, what: &str) -> String {
        self.commands += 1;
        format!("{what}-{}", self.commands)
    }

    /// Whether an order for this leg's AGI has to wait.
    pub fn must_wait(&self, leg: &LegId, act: &SwitchAct) -> bool {
        let Some(line) = self.lines.get(leg) else { return false };
        let behind_a_prompt = match act {
            SwitchAct::Play { .. } => true,
            // Queued in the switch behind the prompt, whose end then starts it at once.
            SwitchAct::Act(_) => false,
        };
        match &line.busy {
            Busy::Nothing => !line.held.is_empty(),
            Busy::Playing { .. } => behind_a_prompt,
            Busy::Ending { .. } | Busy::Unsure => true,
        }
    }

    /// Whether a fence is to be sent before anything else.
    pub fn is_unsure(&self, leg: &LegId) -> bool {
        self.lines.get(leg).is_some_and(|line| matches!(line.busy, Busy::Unsure))
    }

    /// Gives the order back where too many are held already.
    pub fn hold(&mut self, leg: &LegId, order: Held) -> Option<Held> {
        let line = self.lines.entry(leg.clone()).or_default();
        if line.held.len() >= MOST_HELD {
            return Some(order);
        }
        line.held.push_back(order);
        None
    }

    /// What was held and may go now; after a Play the rest stays.
    pub fn release(&mut self, leg: &LegId) -> Option<Held> {
        let line = self.lines.get_mut(leg)?;
        let next = match &line.busy {
            Busy::Nothing => line.held.pop_front(),
            Busy::Playing { .. } | Busy::Ending { .. } | Busy::Unsure => None,
        };
        self.tidy(leg);
        next
    }

    pub fn begin(&mut self, leg: &LegId, command: String, playing: Playing) {
        self.lines.entry(leg.clone()).or_default().busy = Busy::Playing { command, playing };
    }

    /// The leg is back, or was found, and its queue may hold anything.
    pub fn doubt(&mut self, leg: &LegId) {
        self.lines.entry(leg.clone()).or_default().busy = Busy::Unsure;
    }

    pub fn fence(&mut self, leg: &LegId, command: String, now: Instant) {
        self.lines.entry(leg.clone()).or_default().busy = Busy::Ending { command, stopped: now };
    }

    /// Stops what plays and forgets prompts that wait to. Their orders, and whether the switch is to be told.
    pub fn stop(&mut self, leg: &LegId, now: Instant) -> (Vec<Ticket>, bool) {
        let Some(line) = self.lines.get_mut(leg) else { return (Vec::new(), false) };
        let mut cut = Vec::new();
        let (busy, tell) = match std::mem::take(&mut line.busy) {
            Busy::Playing { command, playing } => {
                cut.push(playing.ticket);
                (Busy::Ending { command, stopped: now }, true)
            }
            Busy::Unsure => (Busy::Unsure, true),
            busy @ (Busy::Nothing | Busy::Ending { .. }) => (busy, false),
        };
        line.busy = busy;
        line.held.retain(|held| {
            let play = matches!(held.act, SwitchAct::Play { .. });
            if play {
                cut.push(held.ticket.clone());
            }
            !play
        });
        self.tidy(leg);
        (cut, tell)
    }

    /// A command has ended, well or not.
    pub fn command_ended(&mut self, leg: &LegId, command: &str, done: bool) -> Then {
        let Some(line) = self.lines.get_mut(leg) else { return Then::Nothing };
        match &mut line.busy {
            Busy::Playing { command: ours, playing } if ours == command => {
                if done && let Some(next) = playing.left.pop_front() {
                    return Then::Next(next);
                }
                match std::mem::take(&mut line.busy) {
                    Busy::Playing { playing, .. } if done => Then::Done(playing),
                    Busy::Playing { playing, .. } => Then::Failed(playing),
                    Busy::Nothing | Busy::Ending { .. } | Busy::Unsure => Then::Nothing,
                }
            }
            Busy::Ending { command: ours, .. } if ours == command => {
                line.busy = Busy::Nothing;
                Then::Free
            }
            Busy::Playing { .. } | Busy::Ending { .. } | Busy::Nothing | Busy::Unsure => Then::Nothing,
        }
    }

    /// The next sound goes under this command.
    pub fn goes_on(&mut self, leg: &LegId, next: String) {
        if let Some(Line { busy: Busy::Playing { command, .. }, .. }) = self.lines.get_mut(leg) {
            *command = next;
        }
    }

    /// The leg was moved into a bridge. Orders that are over by that; a prompt that had perhaps not begun makes its
    /// queue doubtful.
    pub fn joined(&mut self, leg: &LegId) -> (Option<Ticket>, Vec<Held>) {
        let Some(line) = self.lines.get_mut(leg) else { return (None, Vec::new()) };
        let held = std::mem::take(&mut line.held).into();
        let (busy, cut) = match std::mem::take(&mut line.busy) {
            Busy::Nothing => (Busy::Nothing, None),
            Busy::Playing { playing, .. } => (Busy::Unsure, Some(playing.ticket)),
            Busy::Ending { .. } | Busy::Unsure => (Busy::Unsure, None),
        };
        line.busy = busy;
        self.tidy(leg);
        (cut, held)
    }

    /// The AGI has ended. What plays is over; what is held waits for the leg to be back.
    pub fn agi_ended(&mut self, leg: &LegId) -> Option<Ticket> {
        let line = self.lines.get_mut(leg)?;
        let (busy, cut) = match std::mem::take(&mut line.busy) {
            Busy::Nothing => (Busy::Nothing, None),
            Busy::Playing { playing, .. } => (Busy::Unsure, Some(playing.ticket)),
            Busy::Ending { .. } | Busy::Unsure => (Busy::Unsure, None),
        };
        line.busy = busy;
        self.tidy(leg);
        cut
    }

    /// Everything owed for a leg that is gone.
    pub fn gone(&mut self, leg: &LegId) -> Vec<Ticket> {
        self.lines.remove(leg).map(Line::tickets).unwrap_or_default()
    }

    /// Everything owed at all; nothing is known of any leg any more.
    pub fn void(&mut self) -> Vec<Ticket> {
        std::mem::take(&mut self.lines).into_values().flat_map(Line::tickets).collect()
    }

    /// Orders whose time is over. A prompt that plays on makes its leg's queue doubtful.
    pub fn overdue(&mut self, now: Moment) -> Vec<Ticket> {
        let mut overdue = Vec::new();
        for line in self.lines.values_mut() {
            if let Busy::Playing { playing, .. } = &line.busy
                && now >= playing.deadline
            {
                overdue.push(playing.ticket.clone());
                line.busy = Busy::Unsure;
            }
            line.held.retain(|held| {
                let late = now >= held.deadline;
                if late {
                    overdue.push(held.ticket.clone());
                }
                !late
            });
        }
        overdue
    }

    /// Legs to be told again to stop.
    pub fn still_ending(&mut self, now: Instant) -> Vec<LegId> {
        let mut again = Vec::new();
        for (leg, line) in &mut self.lines {
            if let Busy::Ending { stopped, .. } = &mut line.busy
                && now.duration_since(*stopped) >= STOP_AGAIN_AFTER
            {
                *stopped = now;
                again.push(leg.clone());
            }
        }
        again
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    fn tidy(&mut self, leg: &LegId) {
        let idle = |line: &Line| matches!(line.busy, Busy::Nothing) && line.held.is_empty();
        if self.lines.get(leg).is_some_and(idle) {
            self.lines.remove(leg);
        }
    }
}

impl Line {
    fn tickets(self) -> Vec<Ticket> {
        let playing = match self.busy {
            Busy::Playing { playing, .. } => Some(playing.ticket),
            Busy::Nothing | Busy::Ending { .. } | Busy::Unsure => None,
        };
        playing.into_iter().chain(self.held.into_iter().map(|held| held.ticket)).collect()
    }
}
