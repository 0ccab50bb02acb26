//! `cordboard serve`: everything there is, in one process, until it is told to stop.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use cordboard::config::{Config, LogFormat, Logging, SwitchConfig};
use cordboard::controller::directories::{Directories, ReloadError};
use cordboard::controller::{self, Handle, Start, journal, versions};
use cordboard::dialplan::{Centre, CentreFiles, Key};
use cordboard::events::hooks;
use cordboard::routing::ids::{StationAddress, SwitchName};
use cordboard::speech::Speaker;
use cordboard::store::{Author, Db};
use cordboard::switch::rehearsal::{Exchange, Rehearsal, Traffic};
use cordboard::web;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};
use tracing_subscriber::EnvFilter;

use super::{At, SUPERSEDED, failed, mistaken, records};

/// Carry calls: attach to the switches, route, keep the records, answer HTTP
#[derive(Args)]
#[command(after_help = "Examples:
  cordboard serve --config /etc/cordboard/cordboard.yaml
  kill -HUP <pid>     read the centres' directories again; with a mistake in one, what ran before goes on
  kill -TERM <pid>    stop; calls stay where they are on the switch, and the next start takes them up")]
pub struct Serve {
    #[command(flatten)]
    at: At,
    /// On every rehearsal switch: callers for all numbers, and phones PJSIP/a1001 to PJSIP/a1006 that are answered
    #[arg(long)]
    traffic: bool,
}

pub fn run(serve: &Serve) -> ExitCode {
    let config = match serve.at.load() {
        Ok(config) => config,
        Err(code) => return code,
    };
    let directories = config
        .centres
        .iter()
        .map(|(name, centre)| (name.clone(), centre.directory.clone()))
        .collect::<BTreeMap<_, _>>();
    let directories = Directories::new(directories);
    let centres = match directories.read() {
        Ok(centres) => centres,
        Err(mistakes) => return mistaken(&mistakes),
    };
    let token = match token(&config) {
        Ok(token) => token,
        Err(why) => return mistaken(&why),
    };
    log_to_stderr(&config.logging);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&format!("no runtime: {error}")),
    };
    runtime.block_on(serve_all(config, directories, centres, token, serve.traffic))
}

/// # Errors
/// In words.
fn token(config: &Config) -> Result<Option<String>, String> {
    let address = config.web.address;
    match &config.web.token {
        Some(token) => token.reveal().map(Some).map_err(|error| format!("web: {error}")),
        None if address.ip().is_loopback() => Ok(None),
        None => Err(format!(
            "web: {address} can be reached from other machines, so it needs `token`, `token_file` or `token_env`; or \
             listen at 127.0.0.1:{}",
            address.port()
        )),
    }
}

fn log_to_stderr(logging: &Logging) {
    // The filter was read with the configuration.
    let filter = EnvFilter::try_new(&logging.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match logging.format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).with_span_list(false).init(),
    }
}

/// The journals' last writes when we stop: a disk that takes longer is no reason to hang.
const STOP_WITHIN: Duration = Duration::from_secs(10);

struct Signals {
    reload: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn take() -> std::io::Result<Self> {
        Ok(Self {
            reload: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }
}

async fn serve_all(
    config: Config,
    directories: Directories,
    centres: Vec<(Centre, CentreFiles)>,
    token: Option<String>,
    traffic: bool,
) -> ExitCode {
    let prepared = async {
        let signals = Signals::take().map_err(|error| format!("signals: {error}"))?;
        let recorder = web::recorder()?;
        let db = Db::connect(&config.database).map_err(|error| error.to_string())?;
        let address = config.web.address;
        let listener = TcpListener::bind(address).await.map_err(|error| format!("web: {address}: {error}"))?;
        let address = listener.local_addr().map_err(|error| format!("web: {error}"))?;
        Ok::<_, String>((signals, recorder, db, listener, address))
    };
    let (mut signals, recorder, db, listener, address) = match prepared.await {
        Ok(prepared) => prepared,
        Err(why) => return failed(&why),
    };
    let reachable = hooks::Reachable::new(&config.web.hooks.allow);
    let sender = match hooks::Sender::new(reachable.clone()) {
        Ok(sender) => sender,
        Err(why) => return failed(&why),
    };
    let recordings = config.centres.iter().map(|(name, centre)| (name.clone(), centre.directory.clone()));
    let switches = config.switches.keys().cloned().collect();
    let (rehearsals, traffic) = if traffic { rehearse(&config, &centres) } else { Default::default() };
    let handle = match controller::start(Start {
        data: config.data,
        switches: config.switches,
        rehearsals,
        centres,
        speaker: Speaker::new(config.speech, recordings.collect()),
        journal: journal::Limits::default(),
    }) {
        Ok(handle) => handle,
        Err(error) => return failed(&error),
    };
    let stop = CancellationToken::new();
    let (fillers, fillers_seen) = watch::channel(None);
    let upkeep = tokio::spawn(recorder.clone().keep_up());
    let records = tokio::spawn(records::keep(handle.clone(), db.clone(), fillers, stop.clone()));
    let hooks = hooks::Runner {
        handle: handle.clone(),
        db: db.clone(),
        sender,
        patience: hooks::Patience::default(),
        clock: Arc::new(controller::clock()),
    };
    let hooks = tokio::spawn(hooks.run(stop.clone()));
    let audited = db.clone();
    let router = web::router(web::Parts {
        handle: handle.clone(),
        db,
        fillers: fillers_seen,
        directories: directories.clone(),
        switches,
        recorder,
        address,
        token,
        reachable: reachable.clone(),
        stop: stop.clone(),
    });
    let pages = tokio::spawn(web::listen(listener, router, stop.clone()));
    info!(%address, epoch = %handle.pulse().epoch, version = env!("CARGO_PKG_VERSION"), "Cordboard is up");

    let code = until_the_end(&handle, &directories, &audited, &mut signals).await;
    stop.cancel();
    if tokio::time::timeout(STOP_WITHIN, handle.stop()).await.is_err() {
        error!("the journals could not be closed in time; what they hold is as safe as after a kill");
    }
    for task in [pages, hooks, records] {
        if let Err(error) = task.await {
            error!(%error, "a part has ended badly");
        }
    }
    for task in traffic.iter().chain([&upkeep]) {
        task.abort();
    }
    code
}

/// Phones of the traffic: as many as the demo has agents.
const PHONES: std::ops::RangeInclusive<u16> = 1001..=1006;

/// A world around every rehearsal switch.
fn rehearse(
    config: &Config,
    centres: &[(Centre, CentreFiles)],
) -> (BTreeMap<SwitchName, Rehearsal>, Vec<JoinHandle<()>>) {
    let now = controller::clock()();
    let numbers: Vec<_> = centres.iter().flat_map(|(centre, _)| centre.numbers.keys().cloned()).collect();
    let stations: Vec<_> = PHONES.map(|phone| StationAddress::new(format!("PJSIP/a{phone}"))).collect();
    let keys: Vec<Key> = "12".chars().filter_map(|key| Key::try_from(key).ok()).collect();
    let mut rehearsals = BTreeMap::new();
    let mut tasks = Vec::new();
    for (seed, (name, kind)) in (1..).zip(&config.switches) {
        match kind {
            SwitchConfig::Rehearsal => {
                let rehearsal = Rehearsal::start(name.clone(), Exchange::new(name.clone(), seed), now);
                let traffic = Traffic::demo(seed, numbers.clone(), keys.clone(), stations.clone());
                tasks.push(tokio::spawn(traffic.flow(rehearsal.clone())));
                rehearsals.insert(name.clone(), rehearsal);
            }
            SwitchConfig::Asterisk(_) => {}
        }
    }
    (rehearsals, tasks)
}

/// Waits for a reason to stop, and reloads meanwhile.
async fn until_the_end(handle: &Handle, directories: &Directories, db: &Db, signals: &mut Signals) -> ExitCode {
    loop {
        tokio::select! {
            _ = signals.reload.recv() => reload(handle, directories, db).await,
            _ = signals.terminate.recv() => {
                info!("told to stop; calls stay as they are");
                return ExitCode::SUCCESS;
            }
            _ = signals.interrupt.recv() => {
                info!("interrupted; calls stay as they are");
                return ExitCode::SUCCESS;
            }
            by = handle.superseded() => {
                return match by {
                    Some(epoch) => {
                        error!(%epoch, "another controller with a later epoch has taken over; this one stops at once");
                        ExitCode::from(SUPERSEDED)
                    }
                    None => failed(&"the controller's loop has ended; calls stay as they are on the switches"),
                };
            }
        }
    }
}

async fn reload(handle: &Handle, directories: &Directories, db: &Db) {
    let before = handle.plans().borrow().clone();
    match directories.reload(handle).await {
        Ok(published) => {
            for (centre, version) in published {
                info!(%centre, %version, "read again");
                let before = before.get(&centre).map(|plan| &plan.version);
                if before == Some(&version) {
                    continue;
                }
                let done = versions::published(&Author::Console, controller::clock()(), before, &version);
                if let Err(error) = db.write_down(&centre, done).await {
                    error!(%centre, %version, %error, "a publication is not in the audit");
                }
            }
        }
        Err(ReloadError::NotRead(mistakes)) => {
            error!("the centres have mistakes, and what ran before goes on:\n{mistakes}");
        }
        Err(error) => error!(%error, "the centres were not read again; what ran before goes on"),
    }
}
