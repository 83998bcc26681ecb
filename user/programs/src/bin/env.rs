//! env: the environment, shown or changed for a command.

#![no_std]
#![no_main]

use rt::prelude::*;
use rt::{env, io};

#[path = "../run.rs"]
mod run;

rt::main!(main);

const USAGE: &str = "usage: env [-i] [-u NAME]... [NAME=VALUE]... [COMMAND [ARGUMENT]...]
Runs a command with a changed environment, or shows the environment.
  -i  begin with an empty one    -u NAME  without this variable";

fn main(args: Args) -> i32 {
    let mut variables: Vec<BStr> = env::strings().collect();
    let mut options = args.options("iu:", USAGE);
    while let Some((letter, value)) = options.next() {
        match letter {
            b'i' => variables.clear(),
            _ => forget(&mut variables, value),
        }
    }
    let mut operands = options.operands();
    while let Some(word) = operands.get(0)
        && let Some((name, _)) = word.split_once(b'=')
    {
        forget(&mut variables, name);
        variables.push(word);
        operands.next();
    }
    if operands.is_empty() {
        for variable in variables {
            let _ = io::stdout().write_all(&variable);
            println!();
        }
        return 0;
    }
    run::exec(operands, &variables.into_iter().collect())
}

fn forget(variables: &mut Vec<BStr>, name: BStr) {
    variables.retain(|v| v.split_once(b'=').map_or(*v, |v| v.0) != name);
}
