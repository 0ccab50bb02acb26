//! `cordboard hook`: addresses elsewhere that a centre's facts are sent to.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use cordboard::calendar::Moment;
use cordboard::config::Config;
use cordboard::controller;
use cordboard::events::hooks::{Address, NewHook, Reachable, Secret, register};
use cordboard::events::kinds;
use cordboard::routing::ids::CentreName;
use cordboard::store::Db;
use cordboard::store::hooks::KeptHook;

use super::people::{centre, open};
use super::table::table;
use super::{At, failed, mistaken, within};

/// Hooks: what happens, sent to other programs: add, list, on, off, remove
#[derive(Args)]
#[command(after_help = "Examples:
  cordboard hook add https://tickets.example/cordboard --kind call_arrived --kind call_ended
  cordboard hook list
  cordboard hook on 0123456789ab      a hook that was switched off goes on where it stopped

What is sent is signed with the secret that `add` shows once, as Standard Webhooks says. It comes in order and at least
once: `webhook-id` is the same for every try. `serve` takes up a change within a second.")]
pub struct Hook {
    #[command(flatten)]
    at: At,
    /// Which centre; need not be given where there is only one
    #[arg(long, global = true)]
    centre: Option<String>,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// A new hook; its secret goes to stdout, and nowhere else
    Add {
        /// https://...; addresses inside only where `web: { hooks: { allow: [...] } }` has their network
        url: String,
        /// A kind of fact, as call_ended; may be repeated; all unless given
        #[arg(long, value_name = "KIND")]
        kind: Vec<String>,
    },
    /// All hooks: how far each has come, and which fail
    List {
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// On again, from where it stopped
    On {
        /// As `hook list` shows it
        id: String,
    },
    /// Off, until it is switched on
    Off {
        /// As `hook list` shows it
        id: String,
    },
    /// Take a hook out
    Remove {
        /// As `hook list` shows it
        id: String,
    },
}

pub fn run(hook: Hook) -> ExitCode {
    let config = match hook.at.load() {
        Ok(config) => config,
        Err(code) => return code,
    };
    let centre = match centre(&config, hook.centre.as_deref()) {
        Ok(centre) => centre,
        Err(why) => return mistaken(&why),
    };
    let done = within(async {
        let db = open(&config).await?;
        let done = carry_out(&config, &db, &centre, hook.what).await;
        db.close().await;
        done
    });
    match done {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(why) => failed(&why),
    }
}

fn new(config: &Config, url: &str, kind: Vec<String>) -> Result<NewHook, String> {
    let address = Address::read(url)?;
    Reachable::new(&config.web.hooks.allow).could_be(&address)?;
    if let Some(wrong) = kind.iter().find(|kind| !kinds().contains(*kind)) {
        let all: Vec<&str> = kinds().iter().map(String::as_str).collect();
        return Err(format!("{wrong:?} is no kind of fact; there are {}", all.join(", ")));
    }
    Ok(NewHook { address, kinds: kind, secret: Secret::new()?, made_by: "the command line".into() })
}

async fn carry_out(config: &Config, db: &Db, centre: &CentreName, what: What) -> Result<String, String> {
    let now = controller::clock()();
    let new = match &what {
        What::Add { url, kind } => Some(new(config, url, kind.clone())?),
        What::List { .. } | What::On { .. } | What::Off { .. } | What::Remove { .. } => None,
    };
    let done = async {
        match what {
            What::Add { .. } => {
                let Some(new) = new else { return Ok(String::new()) };
                let made = register(db, centre, new, now).await?;
                eprintln!("hook {} of {centre}; its secret is not shown again:", made.id);
                Ok(format!("{}\n", made.secret))
            }
            What::List { json } => {
                let hooks = db.hooks(centre).await?;
                Ok(if json { as_json(&hooks) } else { as_table(&hooks) })
            }
            What::On { id } => {
                db.hook(centre, &id).await?;
                db.switch_hook_on(centre, &id).await?;
                Ok(format!("{id} is on\n"))
            }
            What::Off { id } => {
                db.hook(centre, &id).await?;
                db.switch_hook_off(centre, &id, now, "switched off by hand").await?;
                Ok(format!("{id} is off\n"))
            }
            What::Remove { id } => {
                db.remove_hook(centre, &id).await?;
                Ok(format!("{id} is removed\n"))
            }
        }
    };
    done.await.map_err(|error: cordboard::store::StoreError| error.to_string())
}

fn as_json(hooks: &[KeptHook]) -> String {
    let ms = |at: Option<Moment>| at.map(Moment::as_ms);
    let hooks: Vec<_> = hooks
        .iter()
        .map(|hook| {
            let failing = hook.failing.as_ref();
            serde_json::json!({
                "id": hook.id, "url": hook.url, "kinds": hook.kinds, "made_ms": hook.made.as_ms(),
                "made_by": hook.made_by, "seq": hook.place.seq, "n": hook.place.n, "delivered_ms": ms(hook.delivered),
                "failing_since_ms": ms(failing.map(|failing| failing.since)),
                "failures": failing.map_or(0, |failing| failing.failures),
                "failed_why": failing.map(|failing| &failing.why),
                "off_ms": ms(hook.off.as_ref().map(|(at, _)| *at)), "off_why": hook.off.as_ref().map(|(_, why)| why),
            })
        })
        .collect();
    format!("{}\n", serde_json::Value::from(hooks))
}

fn as_table(hooks: &[KeptHook]) -> String {
    let rows = hooks.iter().map(|hook| {
        let state = match (&hook.off, &hook.failing) {
            (Some((at, why)), _) => format!("off since {at}: {why}"),
            (None, Some(failing)) => format!("fails since {}: {}", failing.since, failing.why),
            (None, None) => hook.delivered.map_or_else(|| "waits".into(), |at| format!("delivered {at}")),
        };
        let kinds = if hook.kinds.is_empty() { "all".to_owned() } else { hook.kinds.join(" ") };
        [hook.id.clone(), hook.url.clone(), kinds, state]
    });
    table(["ID", "URL", "KINDS", "STATE (UTC)"], rows)
}
