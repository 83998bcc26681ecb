//! Job control at the shell on the serial line.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::Context;
use super::shell::{PROMPT, SOON, Shell};

/// Types a line that leaves the prompt away, and gives it time to begin.
fn begin(shell: &mut Shell, line: &str) -> Result<()> {
    shell.machine.console.send(&format!("{line}\n"))?;
    shell
        .machine
        .console
        .expect(&format!("{}\n", regex::escape(line)), SOON)?;
    std::thread::sleep(Duration::from_millis(500));
    Ok(())
}

/// Types a control character and waits for what the shell says to it.
fn press(shell: &mut Shell, key: &str, answer: &str) -> Result<()> {
    shell.machine.console.send(key)?;
    shell
        .machine
        .console
        .expect(&format!(r"(?m){answer}[^\n]*\n(?s:.*?){PROMPT}"), SOON)?;
    Ok(())
}

/// `&`, `jobs`, control-Z, `bg`, `fg`, control-C, `kill`.
pub fn all(_: &Context) -> Result<()> {
    let mut shell = Shell::boot()?;
    shell.command("sleep 101 &", SOON)?;
    begin(&mut shell, "sleep 102")?;
    press(&mut shell, "\x1a", r"^\[2\] Stopped +sleep 102")?;
    let listed = shell.command("jobs", SOON)?;
    ensure!(
        listed.contains("[1] Running    sleep 101") && listed.contains("[2] Stopped    sleep 102"),
        "{listed}"
    );
    let states = shell.command("ps | grep sleep", SOON)?;
    ensure!(
        states.lines().any(|line| line.contains(" T ")),
        "no process is stopped:\n{states}"
    );
    shell.command("bg", SOON)?;
    let listed = shell.command("jobs", SOON)?;
    ensure!(
        listed.matches("Running").count() == 2,
        "after bg:\n{listed}"
    );
    begin(&mut shell, "fg %1")?;
    press(&mut shell, "\x03", "")?;
    let listed = shell.command("jobs", SOON)?;
    ensure!(
        !listed.contains("sleep 101") && listed.contains("sleep 102"),
        "after fg and ^C:\n{listed}"
    );
    shell.command("kill %2", SOON)?;
    shell.command("sleep 1", SOON)?;
    let listed = shell.command("jobs", SOON)?;
    ensure!(!listed.contains("Running"), "after kill:\n{listed}");
    Ok(())
}

/// A program that reads the terminal in the background is stopped, and reads on
/// in the foreground.
pub fn background_reader(_: &Context) -> Result<()> {
    let mut shell = Shell::boot()?;
    shell.command("cat > /tmp/typed &", SOON)?;
    shell.command("sleep 1", SOON)?;
    let listed = shell.command("jobs", SOON)?;
    ensure!(
        listed.contains("[1] Stopped    cat"),
        "it reads in the background:\n{listed}"
    );
    begin(&mut shell, "fg")?;
    shell.machine.console.send("for the job\n\x04")?;
    shell.machine.console.expect(PROMPT, SOON)?;
    let typed = shell.command("cat /tmp/typed", SOON)?;
    ensure!(typed == "for the job\n", "{typed:?}");
    Ok(())
}

/// All of a pipeline stops and goes on.
pub fn pipeline(_: &Context) -> Result<()> {
    let mut shell = Shell::boot()?;
    begin(&mut shell, "(sleep 2; echo through) | cat | tr a-z A-Z")?;
    press(&mut shell, "\x1a", r"^\[1\] Stopped")?;
    let states = shell.command("ps", SOON)?;
    let stopped = states.lines().filter(|line| line.contains(" T ")).count();
    ensure!(stopped >= 3, "{stopped} processes are stopped:\n{states}");
    begin(&mut shell, "fg")?;
    shell
        .machine
        .console
        .expect(&format!(r"(?m)^THROUGH\n{PROMPT}"), SOON)?;
    Ok(())
}

/// The shell's end hangs up what still runs in its session.
pub fn hang_up(_: &Context) -> Result<()> {
    let mut shell = Shell::boot()?;
    shell.command("sleep 103 &", SOON)?;
    begin(&mut shell, "sleep 104")?;
    press(&mut shell, "\x1a", r"^\[2\] Stopped")?;
    shell.machine.console.send("exit\n")?;
    // A shell may warn of stopped jobs first.
    if shell
        .machine
        .console
        .expect(r"died with code", Duration::from_secs(3))
        .is_err()
    {
        shell.machine.console.send("exit\n")?;
        shell.machine.console.expect(r"died with code", SOON)?;
    }
    shell.machine.console.expect(PROMPT, SOON)?;
    // Let them have their turn.
    shell.command("sleep 1", SOON)?;
    let left = shell.command("ps | grep 'sleep'", SOON)?;
    ensure!(
        !left.lines().any(|line| line.ends_with("sleep")),
        "they still run:\n{left}"
    );
    Ok(())
}

/// `stty`: the settings of the shell's terminal and of another one; output from
/// the background stops with `tostop`.
pub fn settings(_: &Context) -> Result<()> {
    let mut shell = Shell::boot()?;
    let shown = shell.command("stty", SOON)?;
    ensure!(shown.starts_with("speed 9600 bits"), "{shown}");
    shell.command("stty 1200 ixoff -echoe intr ^X < /dev/tty2", SOON)?;
    let other = shell.command("stty < /dev/tty2", SOON)?;
    ensure!(
        other.starts_with("speed 1200") && other.contains("intr ^X") && other.contains("-echoe"),
        "{other}"
    );
    shell.command("stty tostop", SOON)?;
    shell.command("echo from behind &", SOON)?;
    let listed = shell.command("sleep 1; jobs", SOON)?;
    ensure!(listed.contains("Stopped    echo from behind"), "{listed}");
    shell.machine.console.send("fg\n")?;
    shell.machine.console.expect(r"(?m)^from behind\n", SOON)?;
    shell.machine.console.expect(PROMPT, SOON)?;
    Ok(())
}
