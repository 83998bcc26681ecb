//! Host programs of linux011: everything the build and the tests do that is
//! more than one command. The Makefile calls them; `make help` is the way in.

use clap::{Parser, Subcommand};

mod aout;
mod manifest;
mod minix;
mod programs;
mod util;

#[derive(Parser)]
#[command(about, version, propagate_version = true, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Aout(aout::Aout),
    Image(manifest::Image),
    ImageLs(manifest::ImageLs),
    ImageCat(manifest::ImageCat),
    Programs(programs::Programs),
}

fn main() -> std::process::ExitCode {
    let result = match Cli::parse().command {
        Command::Aout(command) => command.run(),
        Command::Image(command) => command.run(),
        Command::ImageLs(command) => command.run(),
        Command::ImageCat(command) => command.run(),
        Command::Programs(command) => command.run(),
    };
    match result {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}
