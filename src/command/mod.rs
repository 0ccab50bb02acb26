//! The subcommands, one file each, and what they share: their arguments and what their exit codes mean.

mod check;
mod hooks;
mod keys;
mod password;
mod people;
mod records;
mod rehearse;
mod rehearsed;
mod replay;
mod serve;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use cordboard::config::{Config, load_config};

/// Something was found, or could not be done.
const FAILED: u8 = 1;
/// The command line, the configuration or a file it names: nothing was begun.
const MISTAKEN: u8 = 2;
/// Another controller has taken over.
const SUPERSEDED: u8 = 3;

/// A customer service centre for the switch you already run.
#[derive(Parser)]
#[command(
    version,
    after_help = "Exit codes: 0 done; 1 something was found or failed; 2 usage, configuration or \
    unreadable files; 3 another controller has taken over."
)]
pub struct Cordboard {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Serve(serve::Serve),
    Check(check::Check),
    User(people::User),
    Key(keys::Key),
    Hook(hooks::Hook),
    Replay(replay::Replay),
    Rehearse(rehearse::Rehearse),
}

/// Where the configuration is.
#[derive(Args)]
struct At {
    /// The installation's configuration
    #[arg(long, value_name = "FILE", default_value = "cordboard.yaml", global = true)]
    config: PathBuf,
}

impl At {
    /// Every mistake goes to stderr.
    fn load(&self) -> Result<Config, ExitCode> {
        load_config(&self.config).map_err(|error| mistaken(&error))
    }
}

fn mistaken(error: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("{error}");
    ExitCode::from(MISTAKEN)
}

fn failed(error: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("cordboard: {error}");
    ExitCode::from(FAILED)
}

/// Runs to its end what needs the database.
fn within<T>(what: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| format!("no runtime: {error}"))?.block_on(what)
}

pub fn run(cordboard: Cordboard) -> ExitCode {
    match cordboard.command {
        Command::Serve(serve) => serve::run(&serve),
        Command::Check(check) => check::run(&check),
        Command::User(user) => people::run(user),
        Command::Key(key) => keys::run(key),
        Command::Hook(hook) => hooks::run(hook),
        Command::Replay(replay) => replay::run(&replay),
        Command::Rehearse(rehearse) => rehearse::run(&rehearse),
    }
}
