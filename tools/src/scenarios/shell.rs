//! Typed at the shell on the serial line.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use regex::Regex;

use super::Context;
use crate::machine::{Boot, Exit, Qemu, Setup};

/// root's prompt.
pub const PROMPT: &str = r"\[/[^\]\n]*\]# ";
/// From the start of the emulator to the prompt, on a busy host.
pub const BOOT_LIMIT: Duration = Duration::from_secs(60);
/// For a command that takes no time.
pub const SOON: Duration = Duration::from_secs(30);

/// A machine with a shell at its serial line.
pub struct Shell {
    pub machine: Qemu,
}

impl Shell {
    /// Boots the system and waits for the prompt.
    pub fn boot() -> Result<Shell> {
        Shell::on(&Setup::new(Boot::kernel("console=ttyS0")))
    }

    /// Boots a machine and waits for the prompt.
    pub fn on(setup: &Setup) -> Result<Shell> {
        let mut machine = Qemu::start(setup)?;
        machine.console.expect(PROMPT, BOOT_LIMIT)?;
        Ok(Shell { machine })
    }

    /// Types a line and waits for the next prompt: what came in between.
    pub fn command(&mut self, line: &str, limit: Duration) -> Result<String> {
        self.machine.console.send(&format!("{line}\n"))?;
        self.machine
            .console
            .expect(&format!("{}\n", regex::escape(line)), SOON)?;
        let output = self.machine.console.expect(PROMPT, limit)?;
        let prompt = Regex::new(&format!("{PROMPT}$"))?;
        Ok(prompt.replace(&output, "").into_owned())
    }

    /// Free pages of memory, as F12 tells.
    fn free_pages(&mut self) -> Result<u32> {
        self.machine.keys("f12")?;
        let text = self.machine.console.expect(r"\d+ pages free\n", SOON)?;
        let number = Regex::new(r"(\d+) pages free")?;
        let number = number
            .captures(&text)
            .context("the kernel told no number")?;
        let pages = number[1].parse()?;
        // The list of tasks follows.
        self.machine.drain();
        Ok(pages)
    }
}

pub fn list_and_grep(_: &Context) -> Result<()> {
    let mut shell = Shell::boot()?;
    let output = shell.command("ls -l /bin | grep sh", SOON)?;
    let line = Regex::new(r"(?m)^-rwxr-xr-x +1 +root +root +\d+ .* sh$")?;
    ensure!(line.is_match(&output), "no line for /bin/sh: {output:?}");
    let other = output.lines().find(|line| !line.contains("sh"));
    ensure!(other.is_none(), "a line without sh: {other:?}");
    Ok(())
}

pub fn pipeline_of_four(_: &Context) -> Result<()> {
    let mut shell = Shell::boot()?;
    let counted = shell.command("cat /etc/passwd /etc/passwd | sort | uniq | wc -l", SOON)?;
    let single = shell.command("wc -l < /etc/passwd", SOON)?;
    ensure!(
        counted.trim() == single.trim() && counted.trim().parse::<u32>()? > 0,
        "{counted:?} lines through the pipeline, {single:?} directly"
    );
    Ok(())
}

/// Three instances of the notes' program: each goes its way, undisturbed, at the
/// same addresses.
pub fn three_at_once(_: &Context) -> Result<()> {
    let mut shell = Shell::boot()?;
    let mut output = shell.command("str1 & str2 & str3", Duration::from_secs(60))?;
    // The prompt is there when str3 has ended; the other two may still run, and
    // what they say may come in the middle of the echo of this line.
    shell.machine.console.send("wait; echo a''ll\n")?;
    output += &shell
        .machine
        .console
        .expect(&format!(r"(?m)^all\n{PROMPT}"), Duration::from_secs(60))?;
    let done = Regex::new(r"(str\d) \[\d+\] done: the stack grew by (\d+) pages")?;
    let mut ended: Vec<(&str, u32)> = Vec::new();
    for found in done.captures_iter(&output) {
        let (_, [name, pages]) = found.extract();
        ended.push((name, pages.parse()?));
    }
    ended.sort_unstable();
    let names: Vec<&str> = ended.iter().map(|(name, _)| *name).collect();
    ensure!(
        names == ["str1", "str2", "str3"],
        "ended: {ended:?}\n{output}"
    );
    ensure!(
        ended.iter().all(|(_, pages)| (2..=4).contains(pages)),
        "six levels of 2 KB each need about three pages: {ended:?}"
    );
    let level = Regex::new(r"(str\d) \[\d+\] level (\d): array at (0x[0-9a-f]+)")?;
    let mut places = BTreeSet::new();
    let mut lines = 0;
    for found in level.captures_iter(&output) {
        let (_, [_, level, address]) = found.extract();
        places.insert((level.to_string(), address.to_string()));
        lines += 1;
    }
    ensure!(
        lines == 18 && places.len() == 6,
        "three programs at six levels: {lines} lines, {places:?}\n{output}"
    );
    Ok(())
}

/// No page of memory is lost in a loop of 100 forks.
pub fn hundred_forks(_: &Context) -> Result<()> {
    const LOOP: &str = "i=0; while [ $i -lt 100 ]; do (exit 3); i=$((i+1)); done; echo $i $?";
    let mut shell = Shell::boot()?;
    // Once before, for what the shell and the buffers take and keep.
    shell.command(&LOOP.replace("100", "5"), SOON)?;
    let before = shell.free_pages()?;
    let output = shell.command(LOOP, Duration::from_secs(60))?;
    ensure!(
        output.trim().starts_with("100 "),
        "the loop printed {output:?}"
    );
    let after = shell.free_pages()?;
    // The shell's heap may have grown by a page.
    ensure!(
        before.abs_diff(after) <= 1,
        "{before} pages were free before, {after} are after"
    );
    Ok(())
}

pub fn script(_: &Context) -> Result<()> {
    let mut shell = Shell::boot()?;
    for line in [
        "echo '#!/bin/sh' > /tmp/count",
        "echo 'for i in 1 2 3; do echo \"$1 $i\"; done' >> /tmp/count",
        "chmod +x /tmp/count",
    ] {
        let output = shell.command(line, SOON)?;
        ensure!(output.is_empty(), "{line} printed {output:?}");
    }
    let output = shell.command("/tmp/count 'no compiler'", SOON)?;
    ensure!(
        output == "no compiler 1\nno compiler 2\nno compiler 3\n",
        "the script printed {output:?}"
    );
    Ok(())
}

/// strace and trace tell what a program does, and give their memory back.
pub fn strace(_: &Context) -> Result<()> {
    let mut shell = Shell::boot()?;
    shell.command("strace -o /tmp/s cat /etc/rc", SOON)?;
    let before = shell.free_pages()?;
    shell.command("strace -o /tmp/s cat /etc/rc", SOON)?;
    let calls = shell.command("cat /tmp/s", SOON)?;
    for line in [
        r#"(?m)^execve\("/bin/cat", 0x[0-9a-f]+, 0x[0-9a-f]+\) = 0$"#,
        r#"(?m)^open\("/etc/rc", 0x0, \S+\) = 3$"#,
        r"(?m)^read\(3, 0x[0-9a-f]+, \d+\) = \d+$",
        r"(?m)^exit\(0\) = \?$",
        r"(?m)^\+\+\+ exited with 0 \+\+\+$",
    ] {
        ensure!(Regex::new(line)?.is_match(&calls), "no {line} in:\n{calls}");
    }
    shell.command("trace -e mm -o /tmp/s str1 -t 0", SOON)?;
    let events = shell.command("cat /tmp/s", SOON)?;
    for name in ["Fault", "LoadPage", "StackGrow", "PutPage", "TablesFreed"] {
        ensure!(
            events.contains(&format!(" {name} ")),
            "no {name} in:\n{events}"
        );
    }
    ensure!(
        !events.contains("SysEnter"),
        "system calls among:\n{events}"
    );
    let after = shell.free_pages()?;
    ensure!(
        before.abs_diff(after) <= 1,
        "{before} pages were free before, {after} are after"
    );
    Ok(())
}

/// Control-C ends the program in the foreground and not the shell.
pub fn interrupt(_: &Context) -> Result<()> {
    let mut shell = Shell::boot()?;
    shell.machine.console.send("sleep 100\n")?;
    shell.machine.console.expect("sleep 100\n", SOON)?;
    if shell
        .machine
        .console
        .expect(PROMPT, Duration::from_secs(2))
        .is_ok()
    {
        bail!("sleep 100 ended at once");
    }
    shell.machine.console.send("\x03")?;
    shell
        .machine
        .console
        .expect(PROMPT, Duration::from_secs(20))?;
    let output = shell.command("echo still $((6*7))", SOON)?;
    ensure!(output == "still 42\n", "after ^C: {output:?}");
    Ok(())
}

/// Control-D ends the login shell; init starts the next one.
pub fn login_again(_: &Context) -> Result<()> {
    let mut shell = Shell::boot()?;
    let first = shell.command("echo $$", SOON)?;
    shell.machine.console.send("\x04")?;
    let pid = first.trim();
    shell
        .machine
        .console
        .expect(&format!("child {pid} died with code 0+\n"), SOON)?;
    shell.machine.console.expect(PROMPT, SOON)?;
    let second = shell.command("echo $$", SOON)?;
    ensure!(
        second.trim().parse::<u32>()? > pid.parse()?,
        "the first shell was {first:?}, the next {second:?}"
    );
    Ok(())
}

/// A program that was written in C.
pub fn c_program(_: &Context) -> Result<()> {
    let mut shell = Shell::boot()?;
    let output = shell.command("cal 12 1991", SOON)?;
    let sunday_the_eighth = Regex::new(r"(?m)^ *8 +9 +10 +11 +12 +13 +14 *$")?;
    ensure!(
        sunday_the_eighth.is_match(&output),
        "cal printed {output:?}"
    );
    Ok(())
}

/// The machine switches itself off.
pub fn power_off(_: &Context) -> Result<()> {
    let mut shell = Shell::boot()?;
    shell.machine.console.send("poweroff\n")?;
    let exit = shell.machine.wait(SOON)?;
    // By ACPI, or by 0 on the debug-exit port, of which QEMU makes 1.
    ensure!(
        matches!(exit, Exit::PowerOff | Exit::Code(1)),
        "QEMU ended with {exit:?}"
    );
    Ok(())
}
