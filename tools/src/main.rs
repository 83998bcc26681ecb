//! Host programs of linux011: everything the build and the tests do that is
//! more than one command. The Makefile calls them; `make help` is the way in.

use clap::{Parser, Subcommand};

mod aout;
mod bench;
mod binary;
mod disk;
mod errata;
mod iso;
mod machine;
mod machines;
mod manifest;
mod minix;
mod old_root;
mod programs;
mod reading;
mod run;
mod scan;
mod scenarios;
mod screenshot;
mod side_by_side;
mod stack;
mod symbols;
mod test;
mod trace;
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
    ReadingMap(reading::ReadingMap),
    SideBySide(side_by_side::SideBySide),
    Iso(iso::Iso),
    Disk(disk::Disk),
    Machines(machines::Machines),
    Run(run::Run),
    OldRoot(old_root::OldRoot),
    Gdb(run::Gdb),
    Bochs(run::BochsRun),
    Scan(scan::Scan),
    Test(test::Test),
    Errata(errata::Errata),
    Trace(trace::Trace),
    TraceBrowser(trace::TraceBrowser),
    TraceFigures(trace::TraceFigures),
    Screenshot(screenshot::Screenshot),
    Stack(stack::Stack),
    Symbols(symbols::Symbols),
    Size(symbols::Size),
    Bench(bench::Bench),
    Profile(bench::Profile),
}

fn main() -> std::process::ExitCode {
    let result = match Cli::parse().command {
        Command::Aout(command) => command.run(),
        Command::Image(command) => command.run(),
        Command::ImageLs(command) => command.run(),
        Command::ImageCat(command) => command.run(),
        Command::Programs(command) => command.run(),
        Command::ReadingMap(command) => command.run(),
        Command::SideBySide(command) => command.run(),
        Command::Iso(command) => command.run(),
        Command::Disk(command) => command.run(),
        Command::Machines(command) => command.run(),
        Command::Run(command) => command.run(),
        Command::OldRoot(command) => command.run(),
        Command::Gdb(command) => command.run(),
        Command::Bochs(command) => command.run(),
        Command::Scan(command) => command.run(),
        Command::Test(command) => command.run(),
        Command::Errata(command) => command.run(),
        Command::Trace(command) => command.run(),
        Command::TraceBrowser(command) => command.run(),
        Command::TraceFigures(command) => command.run(),
        Command::Screenshot(command) => command.run(),
        Command::Stack(command) => command.run(),
        Command::Symbols(command) => command.run(),
        Command::Size(command) => command.run(),
        Command::Bench(command) => command.run(),
        Command::Profile(command) => command.run(),
    };
    match result {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}
