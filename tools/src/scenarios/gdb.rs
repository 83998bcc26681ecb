//! `make gdb`: what gdb is taught about this kernel.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use regex::Regex;

use super::Context;

/// Each command, and what it must print.
const SESSION: &[(&str, &[&str])] = &[
    // The first program is the shell that runs /etc/rc.
    (
        "program sh",
        &[
            r"symbols of build/elf/user/sh at 08000000",
            r"sh \(pid 2\) at 0x0: _start",
        ],
    ),
    (
        "ps",
        &[
            r"\n +0 +0 +-1 +0 +R .* 00000000 +swapper\n",
            r"\n +1 +1 +0 +0 +S .* 04000000 +init\n",
            r"\n \* +2 +2 +1 +0 +R .* 08000000 +sh\n",
        ],
    ),
    (
        "task",
        &[
            r"slot 2, pid 2, sh: task_struct at 0x",
            r"GDT: TSS 8, LDT 9",
            r"files: 0 1 2\n",
        ],
    ),
    (
        "task 1",
        &[r"slot 1, pid 1, init", r"schedule", r"kernel/exit\.rs:\d+"],
    ),
    (
        "pagetable 0 2",
        &[
            r"linear 08000000: slot 2, directory entry 32, table entry 0",
            r"table\[0\] at \w+ = \w+ PWU",
            r"mem_map count 1\n",
        ],
    ),
    (
        "pagetable 0x20000",
        &[r"physical 00020000: page 00020000, the kernel's, not counted"],
    ),
    (
        "memmap",
        &[r"\n00100000 #{64}\n", r"\d+ pages free, \d+ in use"],
    ),
    ("buffers", &[r"\d+ buffers, \d+ with a block"]),
    ("inodes", &[r" 100755 +1 +\d+ program\n", r"of 128 in use"]),
    // Into the first function, whose page is not there yet, and on.
    ("ustepi 4", &[r"sh \(pid 2\) at 0x"]),
    ("ucontinue rt_main", &[r"sh \(pid 2\) at 0x\w+: .*rt_main"]),
    // On to a page that it has not touched yet.
    (
        "fault 2",
        &[r"slot 2, sh \(pid 2\): (reads from|writes to) address 0x\w+, the page is"],
    ),
];

/// Each command prints what it should of a machine that runs its first program.
pub fn commands(_: &Context) -> Result<()> {
    let mut gdb = Command::new(std::env::current_exe()?);
    gdb.args(["gdb", "--batch"]);
    for (command, _) in SESSION {
        let mark = format!("--ex=echo \\n== {command}\\n");
        gdb.args([&mark, &format!("--ex={command}")]);
    }
    let output = gdb.output().context("gdb does not start")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(
        output.status.success(),
        "gdb failed: {said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for (command, wanted) in SESSION {
        let start = said
            .find(&format!("== {command}\n"))
            .with_context(|| format!("gdb did not get to {command:?}: {said}"))?;
        let part = &said[start + 2..];
        let part = &part[..part.find("\n== ").unwrap_or(part.len())];
        for pattern in *wanted {
            ensure!(
                Regex::new(pattern)?.is_match(part),
                "{command:?} does not print {pattern:?} but: {part}"
            );
        }
    }
    Ok(())
}
