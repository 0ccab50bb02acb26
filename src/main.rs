//! The command line: arguments, configuration, start. What each subcommand does is its file in `command/`.

mod command;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    command::run(command::Cordboard::parse())
}
