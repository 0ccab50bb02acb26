//! What a form about a person brought, and what is wrong with it: each mistake beside its field, and all at once.

use std::collections::BTreeSet;

use crate::dialplan::Centre;
use crate::routing::ids::{QueueName, StationAddress, SwitchName};
use crate::routing::people::MOST_QUEUES_OF_AN_AGENT;
use crate::store::agents::{Person, Role};
use crate::store::given::{self, NotGiven};
use crate::store::people::Wanted;
use crate::web::pages::mistakes::Mistakes;
use crate::web::pages::words::Words;
use crate::web::{is_station, own_name};

/// As it was typed.
#[derive(Clone, Debug, Default)]
pub struct Given {
    pub name: String,
    pub display_name: String,
    pub role: String,
    pub station: String,
    pub switch: String,
    /// `yes`, `no`, or nothing: as the queue says.
    pub auto_answer: String,
    pub queues: BTreeSet<String>,
    pub password: String,
    /// Take the password away.
    pub no_password: bool,
    /// The person as this form had them.
    pub stamp: String,
}

/// As the form sends it.
pub const fn yes_or_no(asked: bool) -> &'static str {
    if asked { "yes" } else { "no" }
}

/// What can be chosen from in this centre.
pub struct Place<'a> {
    pub plan: &'a Centre,
    pub switches: &'a [SwitchName],
    /// Who is changed; what they had already may stay, though the configuration has it no more.
    pub before: Option<&'a Person>,
}

impl From<Vec<(String, String)>> for Given {
    /// What is not known is left out; of a field that comes twice the last counts.
    fn from(pairs: Vec<(String, String)>) -> Self {
        let mut given = Given::default();
        for (field, value) in pairs {
            match field.as_str() {
                "name" => given.name = value,
                "display_name" => given.display_name = value,
                "role" => given.role = value,
                "station" => given.station = value.trim().to_owned(),
                "switch" => given.switch = value,
                "auto_answer" => given.auto_answer = value,
                "queue" => drop(given.queues.insert(value)),
                "password" => given.password = value,
                "no_password" => given.no_password = true,
                "stamp" => given.stamp = value,
                _ => {}
            }
        }
        given
    }
}

impl Given {
    /// The form as it begins.
    pub fn of(person: &Person) -> Self {
        let (switch, station) = person.station.clone().unzip();
        Self {
            name: person.name.to_string(),
            display_name: person.display_name.clone(),
            role: person.role.as_str().to_owned(),
            station: station.map_or_else(String::new, |station| station.to_string()),
            switch: switch.map_or_else(String::new, |switch| switch.to_string()),
            auto_answer: person.auto_answer.map_or("", yes_or_no).to_owned(),
            queues: person.queues.iter().map(ToString::to_string).collect(),
            ..Self::default()
        }
    }

    /// All that can be known without asking anybody. The password is left to whoever hashes it.
    ///
    /// # Errors
    /// Every mistake, in the order of the fields.
    pub fn checked(&self, t: Words, place: &Place<'_>) -> Result<Wanted, Mistakes> {
        let mut mistakes = Mistakes::default();
        if place.before.is_none() && own_name(&self.name).is_err() {
            mistakes.add("name", t.say("person-name-wrong"));
        }
        // Somebody new is called by their login name unless something else is typed.
        let typed = place.before.is_some() || !self.display_name.trim().is_empty();
        let display_name = if typed { self.display_name.clone() } else { self.name.clone() };
        if typed && given::display_name(&display_name).is_err() {
            mistakes.add("display_name", t.say("person-display-name-wrong"));
        }
        let role = Role::ALL.into_iter().find(|role| role.as_str() == self.role);
        if role.is_none() {
            mistakes.add("role", t.say("person-role-wrong"));
        }
        let station = self.station_checked(t, place, &mut mistakes);
        let auto_answer = [true, false].into_iter().find(|asked| yes_or_no(*asked) == self.auto_answer);
        let queues = self.queues_checked(t, place, &mut mistakes);
        if !self.password.is_empty() {
            match given::password(&self.password) {
                _ if self.no_password => mistakes.add("password", t.say("person-password-both")),
                Ok(()) => {}
                Err(NotGiven::PasswordUnseen) => mistakes.add("password", t.say("person-password-unseen")),
                Err(NotGiven::PasswordLength | NotGiven::DisplayName | NotGiven::PinLength | NotGiven::PinSimple) => {
                    mistakes.add("password", t.say("person-password-length"));
                }
            }
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        Ok(Wanted {
            display_name: Some(display_name),
            role,
            station: Some(station),
            auto_answer: Some(auto_answer),
            queues: Some(queues),
            skills: None,
            password: self.no_password.then_some(None),
        })
    }

    fn station_checked(
        &self,
        t: Words,
        place: &Place<'_>,
        mistakes: &mut Mistakes,
    ) -> Option<(SwitchName, StationAddress)> {
        if self.station.is_empty() {
            return None;
        }
        if !is_station(&self.station) {
            mistakes.add("station", t.say("person-station-wrong"));
        }
        let kept = place.before.and_then(|before| before.station.as_ref()).map(|(switch, _)| switch);
        let switch = match (self.switch.as_str(), place.switches) {
            ("", [only]) => Some(only),
            (named, all) => all.iter().chain(kept).find(|switch| switch.as_str() == named),
        };
        if switch.is_none() {
            mistakes.add("switch", t.say("person-switch-wrong"));
        }
        switch.map(|switch| (switch.clone(), StationAddress::typed(&self.station)))
    }

    fn queues_checked(&self, t: Words, place: &Place<'_>, mistakes: &mut Mistakes) -> BTreeSet<QueueName> {
        let queues: BTreeSet<QueueName> = self.queues.iter().map(QueueName::new).collect();
        let known = |queue: &QueueName| {
            place.plan.queues.contains_key(queue) || place.before.is_some_and(|before| before.queues.contains(queue))
        };
        if queues.len() > MOST_QUEUES_OF_AN_AGENT {
            mistakes.add("queue", t.say("person-queues-too-many"));
        } else if !queues.iter().all(known) {
            mistakes.add("queue", t.say("person-queue-wrong"));
        }
        queues
    }
}
