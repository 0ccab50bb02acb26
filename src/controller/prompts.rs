//! Where the sounds are: what was made already is answered at once, what was not is made beside the loop.
//!
//! Each switch has a sound directory of its own, so a prompt is known to be there before the switch is told to play
//! it (a missing file ends an AGI).

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use tokio::sync::mpsc;

use crate::calendar::Moment;
use crate::dialplan::Prompt;
use crate::routing::ids::{CentreName, LegId, SwitchName};
use crate::speech::{Speaker, SpeechError};
use crate::switch::{Sound, Ticket};

/// The most sounds remembered as made, by switch: texts with variables in them would grow without end. Forgotten
/// ones are found on the disk again.
const MOST_REMEMBERED: usize = 50_000;

/// Where a switch's sounds go, as we write and as it reads.
#[derive(Clone, Debug)]
pub struct SoundPlace {
    pub here: PathBuf,
    pub switch: PathBuf,
}

/// A play that waited for its sounds.
#[derive(Debug)]
pub struct Ready {
    pub switch: SwitchName,
    pub ticket: Ticket,
    pub leg: LegId,
    pub deadline: Moment,
    pub sounds: Result<Vec<Sound>, SpeechError>,
    /// What was made, to be remembered.
    pub made: Vec<(CentreName, Prompt)>,
}

#[derive(Debug)]
pub struct Prompts {
    speaker: Speaker,
    /// A switch without a place (the rehearsal) needs no file at all.
    places: BTreeMap<SwitchName, SoundPlace>,
    made: BTreeMap<SwitchName, BTreeSet<String>>,
    ready: mpsc::UnboundedSender<Ready>,
    /// The runtime that runs the speech program: not the loop's.
    aside: tokio::runtime::Handle,
}

impl Prompts {
    /// `ready` is bounded by what is asked: one message for each play.
    pub fn new(
        speaker: Speaker,
        places: BTreeMap<SwitchName, SoundPlace>,
        ready: mpsc::UnboundedSender<Ready>,
        aside: tokio::runtime::Handle,
    ) -> Self {
        Self { speaker, places, made: BTreeMap::new(), ready, aside }
    }

    /// The sounds, if all are there; else they are made, and [`Ready`] follows.
    pub fn sounds(
        &mut self,
        switch: &SwitchName,
        ticket: &Ticket,
        leg: &LegId,
        deadline: Moment,
        prompts: &[Prompt],
    ) -> Option<Vec<Sound>> {
        let centre = &ticket.centre;
        let names: Vec<String> = prompts.iter().map(|prompt| self.speaker.name_of(centre, prompt)).collect();
        let Some(place) = self.places.get(switch) else {
            return Some(names.into_iter().map(|name| Sound(name.into())).collect());
        };
        let made = self.made.entry(switch.clone()).or_default();
        if names.iter().all(|name| made.contains(name)) {
            return Some(names.into_iter().map(|name| Sound(place.switch.join(name))).collect());
        }
        let (speaker, place, prompts) = (self.speaker.clone(), place.clone(), prompts.to_vec());
        let (switch, ticket, leg, ready) = (switch.clone(), ticket.clone(), leg.clone(), self.ready.clone());
        self.aside.spawn(async move {
            let mut sounds = Ok(Vec::new());
            let mut made = Vec::new();
            for prompt in prompts {
                match speaker.make(&ticket.centre, &prompt, &place.here).await {
                    Ok(name) => {
                        if let Ok(sounds) = &mut sounds {
                            sounds.push(Sound(place.switch.join(name)));
                        }
                        made.push((ticket.centre.clone(), prompt));
                    }
                    Err(error) => {
                        sounds = Err(error);
                        break;
                    }
                }
            }
            // The loop is gone when this fails.
            let _ = ready.send(Ready { switch, ticket, leg, deadline, sounds, made });
        });
        None
    }

    pub fn remember(&mut self, switch: &SwitchName, made: Vec<(CentreName, Prompt)>) {
        let known = self.made.entry(switch.clone()).or_default();
        if known.len() >= MOST_REMEMBERED {
            known.clear();
        }
        known.extend(made.into_iter().map(|(centre, prompt)| self.speaker.name_of(&centre, &prompt)));
    }

    /// Makes all of them for every switch, and says what could not be made.
    pub async fn make_all(
        speaker: &Speaker,
        places: &BTreeMap<SwitchName, SoundPlace>,
        centre: &CentreName,
        prompts: &[Prompt],
    ) -> (Vec<(SwitchName, Vec<(CentreName, Prompt)>)>, Vec<SpeechError>) {
        let (mut all, mut failed) = (Vec::new(), Vec::new());
        for (switch, place) in places {
            let mut made = Vec::new();
            for prompt in prompts {
                match speaker.make(centre, prompt, &place.here).await {
                    Ok(_) => made.push((centre.clone(), prompt.clone())),
                    Err(error) => failed.push(error),
                }
            }
            all.push((switch.clone(), made));
        }
        (all, failed)
    }

    pub fn places(&self) -> &BTreeMap<SwitchName, SoundPlace> {
        &self.places
    }

    pub fn speaker(&self) -> &Speaker {
        &self.speaker
    }
}
