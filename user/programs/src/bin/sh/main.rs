//! sh: the shell.
//!
//! Reads commands from the terminal, from a script or from `-c`, and runs
//! them. The language is in `shlib`; in here is what needs the kernel.

#![no_std]
#![no_main]

mod builtins;
#[path = "../../condition.rs"]
mod condition;
mod files;
mod host;
mod input;
mod jobs;
mod redirect;
mod run;
mod shell;
mod signals;

use rt::prelude::*;

use shell::Shell;

const USAGE: &str = "usage: sh [-eiux] [script [argument...]]
       sh -c commands [name [argument...]]

Without a script, reads commands from standard input; from a terminal, it
prompts for them ($PS1). 'help shell' explains the language.
  -c  run the commands in the next argument
  -e  stop at the first command that fails
  -i  be interactive even if standard input is no terminal
  -u  a variable that is not set is an error
  -x  show each command before it runs";

rt::main!(main);

fn main(args: Args) -> i32 {
    let login = args.name().starts_with(b"-");
    let mut shell = Shell::new(args.name());
    let mut options = args.options("ceiuxs", USAGE);
    let (mut command, mut interactive) = (false, false);
    while let Some((letter, _)) = options.next() {
        match letter {
            b'c' => command = true,
            b'i' => interactive = true,
            b's' => {}
            flag => shell.set_flag(flag, true),
        }
    }
    let mut rest = options.operands();
    let source = if command {
        let Some(text) = rest.next() else {
            options.bad_usage("-c needs commands")
        };
        if let Some(name) = rest.next() {
            shell.set_name(name);
        }
        Some(text.to_vec())
    } else if let Some(script) = rest.next() {
        shell.set_name(script);
        match files::read_script(script) {
            Ok(text) => Some(text),
            Err(e) => {
                complain!("{script}: {e}");
                return 127;
            }
        }
    } else {
        None
    };
    shell.params = rest.map(|arg| arg.to_vec()).collect();
    let terminal = rt::io::is_terminal(0) && rt::io::is_terminal(2);
    if source.is_none() && (interactive || terminal) {
        shell.become_interactive();
    }
    if login {
        shell.read_profiles();
    }
    match source {
        Some(text) => shell.run_text(&text),
        None => shell.run_stdin(),
    }
    shell.finish()
}
