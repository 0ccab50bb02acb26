//! A start: journals opened, the epoch taken, versions on the shelf, secrets looked up. Everything that can fail is done
//! here, before the loop begins.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::sync::{broadcast, watch};

use super::clock::Clock;
use super::journal::Journal;
use super::withheld::KeptBack;
use super::{Happened, Plans, Pulse, Start, StartError, Written, measure, publish};
use crate::config::{ConfigError, SwitchConfig};
use crate::dialplan::Centre;
use crate::routing::ids::{CentreName, Epoch, VersionHash};
use crate::routing::{Core, Known};
use crate::switch::asterisk::ami::client::Login;
use crate::switch::asterisk::ami::{AmiAddress, Tls, Trust};
use crate::switch::asterisk::{Asterisk, Contexts};

/// One centre in this process.
pub(super) struct Desk {
    pub core: Core,
    pub journal: Journal,
    pub plan: Arc<Centre>,
}

/// Ready to run: everything that can fail has been done.
pub struct Prepared {
    pub(super) desks: BTreeMap<CentreName, Desk>,
    pub(super) epoch: Epoch,
    pub(super) start: Start,
    pub(super) happened: broadcast::Sender<Arc<Happened>>,
    pub(super) pulse: watch::Sender<Pulse>,
    pub(super) plans: watch::Sender<Plans>,
    pub(super) aside: tokio::runtime::Handle,
    pub(super) known: BTreeMap<CentreName, (Known, Epoch)>,
    pub(super) kept_back: KeptBack,
}

/// Opens and takes everything.
///
/// # Errors
/// See [`StartError`].
pub fn prepare(mut start: Start, happened: broadcast::Sender<Arc<Happened>>) -> Result<Prepared, StartError> {
    let clock = Clock::start();
    let mut desks = BTreeMap::new();
    let mut known = BTreeMap::new();
    let mut epoch = Epoch::default();
    for (centre, files) in std::mem::take(&mut start.centres) {
        let directory = start.data.join(centre.name.as_str());
        let opened = Journal::open(&directory.join("journal"), clock.now(), start.journal.clone())?;
        let versions = directory.join("versions");
        publish::keep(&versions, &centre.version, &files)?;
        let mut core = Core::new(centre.name.clone());
        let plan = Arc::new(centre);
        core.shelve(plan.clone());
        let needed: BTreeSet<&VersionHash> = opened.known.calls.values().map(|call| &call.version).collect();
        for version in needed.into_iter().filter(|version| **version != plan.version) {
            if let Some(old) = publish::recall(&versions, &plan.name, version) {
                core.shelve(Arc::new(old));
            }
        }
        measure::begin(plan.name.as_str());
        epoch = epoch.max(opened.epoch);
        known.insert(plan.name.clone(), (opened.known, opened.epoch));
        desks.insert(plan.name.clone(), Desk { core, journal: opened.journal, plan });
    }
    for config in start.switches.values() {
        if let SwitchConfig::Asterisk(asterisk) = config {
            // A missing secret is said now, not at the first connect.
            asterisk.secret.reveal()?;
        }
    }
    let pulse = Pulse {
        epoch,
        switches: start.switches.keys().map(|name| (name.clone(), false)).collect(),
        journals: BTreeMap::new(),
        shedding: false,
        superseded: None,
    };
    let aside = tokio::runtime::Handle::current();
    let plans = desks.iter().map(|(name, desk)| (name.clone(), desk.plan.clone())).collect();
    let (pulse, plans) = (watch::Sender::new(pulse), watch::Sender::new(plans));
    Ok(Prepared { desks, epoch, start, happened, pulse, plans, aside, known, kept_back: KeptBack::default() })
}

pub(super) fn asterisk_of(config: &crate::config::AsteriskConfig, epoch: Epoch) -> Result<Asterisk, ConfigError> {
    Ok(Asterisk {
        address: AmiAddress {
            host: config.ami.host.clone(),
            port: config.ami.port,
            tls: config
                .tls
                .as_ref()
                .map(|tls| Tls { trust: Trust::Authority(tls.ca.clone()), server_name: Some(tls.name.clone()) }),
            login: Login {
                username: config.user.clone(),
                secret: config.secret.reveal()?,
                events: "system,call,agi,dtmf,user".into(),
                sender: format!("cordboard.{epoch}"),
            },
        },
        contexts: Contexts { entry: config.contexts.entry.clone(), agent: config.contexts.agent.clone() },
        dead_man: config.dead_man,
    })
}

impl Prepared {
    pub fn pulse(&self) -> watch::Receiver<Pulse> {
        self.pulse.subscribe()
    }

    pub fn plans(&self) -> watch::Receiver<Plans> {
        self.plans.subscribe()
    }

    pub fn written(&self) -> BTreeMap<CentreName, Written> {
        let written = self.desks.iter().map(|(name, desk)| {
            let journal = &desk.journal;
            let first_seq = journal.last_seq() + 1;
            (name.clone(), Written { dir: journal.dir().to_owned(), durable: journal.durable(), first_seq })
        });
        written.collect()
    }
}
