//! `cordboard key`: keys of programs. A key is shown once, when it is made; what is kept opens nothing.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;

use clap::builder::PossibleValue;
use clap::{Args, Subcommand, ValueEnum};
use cordboard::calendar::Moment;
use cordboard::controller;
use cordboard::routing::ids::CentreName;
use cordboard::store::keys::{KeptKey, NewKey, Scope, Token};
use cordboard::store::{Db, StoreError};

use super::people::{centre, open};
use super::table::table;
use super::{At, failed, mistaken, within};

/// The longest name, in characters.
const LONGEST_NAME: usize = 64;
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Keys of programs that ask under /api/v1: add, list, revoke
#[derive(Args)]
#[command(after_help = "Examples:
  cordboard key add website --scope floor:read --scope calls:read
  cordboard key add ticketing --scope events:read --scope hooks:write --days 365
  cordboard key list
  cordboard key revoke 0123456789ab

A program brings its key as `Authorization: Bearer cb_...`. It is shown once, when it is made, and kept nowhere. A
revoked key opens nothing after five seconds.")]
pub struct Key {
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
    /// A new key; it goes to stdout, and nowhere else
    Add(Add),
    /// All keys with what they may and when they were last used
    List {
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// Take a key back, for ever
    Revoke {
        /// As `key list` shows it, or as the key itself has it in the middle
        id: String,
    },
}

#[derive(Args)]
struct Add {
    /// Whose key it is: shown in lists
    name: String,
    /// What it may; may be repeated
    #[arg(long, value_enum, required = true)]
    scope: Vec<ScopeWord>,
    /// It ends after so many days; without this it does not
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=3650))]
    days: Option<u32>,
}

#[derive(Clone, Copy)]
struct ScopeWord(Scope);

impl ValueEnum for ScopeWord {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: [ScopeWord; Scope::ALL.len()] = {
            let mut all = [ScopeWord(Scope::FloorRead); Scope::ALL.len()];
            let mut at = 0;
            while at < all.len() {
                all[at] = ScopeWord(Scope::ALL[at]);
                at += 1;
            }
            all
        };
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.0.as_str()).help(self.0.meaning()))
    }
}

pub fn run(key: Key) -> ExitCode {
    let config = match key.at.load() {
        Ok(config) => config,
        Err(code) => return code,
    };
    let centre = match centre(&config, key.centre.as_deref()) {
        Ok(centre) => centre,
        Err(why) => return mistaken(&why),
    };
    if let What::Add(Add { name, .. }) = &key.what
        && let Err(why) = named(name)
    {
        return failed(&why);
    }
    let done = within(async {
        let db = open(&config).await?;
        let done = carry_out(&db, &centre, key.what).await;
        db.close().await;
        done.map_err(|error| error.to_string())
    });
    match done {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(why) => failed(&why),
    }
}

fn named(name: &str) -> Result<(), String> {
    let good =
        !name.trim().is_empty() && name.chars().nth(LONGEST_NAME).is_none() && !name.chars().any(char::is_control);
    if good { Ok(()) } else { Err(format!("a key's name has 1 to {LONGEST_NAME} characters that can be seen")) }
}

async fn carry_out(db: &Db, centre: &CentreName, what: What) -> Result<String, StoreError> {
    let now = controller::clock()();
    match what {
        What::Add(Add { name, scope, days }) => {
            let token = Token::new()?;
            let scopes: BTreeSet<Scope> = scope.into_iter().map(|word| word.0).collect();
            let ends = days.map(|days| now + DAY * days);
            let new = NewKey { name, scopes, made_by: "the command line".into(), ends };
            db.add_key(centre, &token, &new, now).await?;
            eprintln!("key {} of {centre} for {}; it is not shown again:", token.id(), new.name);
            Ok(format!("{}\n", token.reveal()))
        }
        What::List { json } => {
            let keys = db.keys(centre).await?;
            Ok(if json { as_json(&keys) } else { as_table(&keys, now) })
        }
        What::Revoke { id } => {
            // Whoever has found a key somewhere need not take it apart; the rest of it is not looked at.
            let id = id.strip_prefix("cb_").and_then(|rest| rest.split('_').next()).unwrap_or(&id);
            db.revoke_key(centre, id, now).await?;
            Ok(format!("{id} is revoked\n"))
        }
    }
}

fn words(scopes: &BTreeSet<Scope>) -> Vec<&'static str> {
    scopes.iter().map(|scope| scope.as_str()).collect()
}

fn as_json(keys: &[KeptKey]) -> String {
    let ms = |at: Option<Moment>| at.map(Moment::as_ms);
    let keys: Vec<_> = keys
        .iter()
        .map(|key| {
            serde_json::json!({
                "id": key.id, "name": key.name, "scopes": words(&key.scopes), "made_ms": key.made.as_ms(),
                "made_by": key.made_by, "last_used_ms": ms(key.last_used), "ends_ms": ms(key.ends),
                "revoked_ms": ms(key.revoked),
            })
        })
        .collect();
    format!("{}\n", serde_json::Value::from(keys))
}

fn as_table(keys: &[KeptKey], now: Moment) -> String {
    let day = |at: Moment| at.to_string().chars().take(16).collect::<String>().replace('T', " ");
    let rows = keys.iter().map(|key| {
        let state = match (key.revoked, key.ends) {
            (Some(at), _) => format!("revoked {}", day(at)),
            (None, Some(at)) if at <= now => format!("ended {}", day(at)),
            (None, Some(at)) => format!("until {}", day(at)),
            (None, None) => "good".into(),
        };
        let used = key.last_used.map_or_else(|| "never".into(), day);
        [key.id.clone(), key.name.clone(), state, used, day(key.made), words(&key.scopes).join(" ")]
    });
    table(["ID", "NAME", "STATE (UTC)", "LAST USED", "MADE", "SCOPES"], rows)
}
