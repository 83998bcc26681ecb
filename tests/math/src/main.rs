//! Compares the kernel's 387 (`kernel/math/`) with the host's x87, instruction by
//! instruction: operands out of a table of all that is special, under all rounding
//! and precision controls, and random ones in bulk. Every bit of the results, of the
//! status word and of the tags has to agree; the transcendental functions may differ
//! by one unit of the last place, because the host's are not exact either.

mod cases;
mod compare;
mod instructions;
mod machine;
mod real;
mod report;
#[cfg(test)]
mod tests;
mod values;
mod vectors;

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Parser;

use cases::each_of_table;
use compare::{Case, run};
use instructions::{Instruction, Kind, all, name};
use report::{Report, Row};
use values::Random;

/// Compares the kernel's 387 with the host's.
#[derive(Parser)]
struct Args {
    /// Random cases for each instruction
    #[arg(long, default_value_t = 4000)]
    cases: u64,
    /// Where the random numbers begin
    #[arg(long, default_value_t = 387)]
    seed: u64,
    /// Only instructions whose names begin so
    #[arg(long, default_value = "")]
    only: String,
    /// Print the whole table, not only the functions
    #[arg(long)]
    all: bool,
    /// Replace the accuracy table in this file
    #[arg(long)]
    write: Option<PathBuf>,
    /// Compare nothing: write cases with the host's results to this file
    #[arg(long)]
    vectors: Option<PathBuf>,
}

/// Differences of one instruction that are shown in full.
const SHOWN: u64 = 3;

fn main() -> Result<()> {
    let args = Args::parse();
    ensure!(
        cfg!(target_arch = "x86_64"),
        "the host has to be an x86-64: its x87 is what the 387 is compared with"
    );
    if let Some(path) = &args.vectors {
        return vectors::write(path, args.seed);
    }
    let mut report = Report::default();
    for insn in all() {
        let name = name(insn.op, insn.modrm);
        if name.starts_with(&args.only) {
            report.add(&name, insn.kind, compare_instruction(&insn, &name, &args));
        }
    }
    print!("{}", report.table(args.all));
    if let Some(path) = &args.write {
        report.write(path)?;
    }
    let wrong = report.wrong();
    println!(
        "387: {} cases compared, {wrong} wrong (--cases {} --seed {})",
        report.cases(),
        args.cases,
        args.seed
    );
    ensure!(wrong == 0, "the 387 differs from the host's: see above");
    Ok(())
}

/// Tries one instruction on everything.
fn compare_instruction(insn: &Instruction, name: &str, args: &Args) -> Row {
    let mut row = Row::default();
    let mut try_case = |case: &Case| {
        if !insn.is_defined_for(case.state.st(0)) {
            return;
        }
        let mut pair = run(insn, case);
        if matches!((insn.op, insn.modrm), (1 | 5, 0x36)) {
            pair.forget_addresses();
        }
        let distance = pair.distance(insn.kind);
        if row.count(distance) && row.wrong <= SHOWN {
            println!(
                "{name}: wrong\n  from {:?}\n       {:02x?}\n  real {:?}\n       {:02x?}\n  ours {:?}\n       {:02x?}",
                case.state,
                &case.operand.0[..10],
                pair.real.state,
                &pair.real.operand.0[..10],
                pair.ours.state,
                &pair.ours.operand.0[..10],
            );
        }
    };
    if insn.takes_table() {
        each_of_table(insn.kind == Kind::Exact, &mut try_case);
    }
    let code = u64::from(insn.op) << 8 | u64::from(insn.modrm);
    let mut random = Random(args.seed << 16 | code);
    for _ in 0..args.cases {
        try_case(&random.case(insn));
    }
    row
}
