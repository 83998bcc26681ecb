//! `xtask run`, `gdb` and `bochs`: the system under a person's hands.

use std::io::IsTerminal;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};

use crate::machine::{BochsSetup, Boot};
use crate::util::output_of;

const QEMU: &str = "qemu-system-i386";

/// Where the guest's console is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Display {
    /// A window where there is a display, else this terminal
    Auto,
    /// This terminal: the guest's serial line
    None,
    /// A window: the guest's screen and keyboard
    Window,
}

/// Boots the system in QEMU.
#[derive(Args)]
pub struct Run {
    /// Memory in MB
    #[arg(long, default_value_t = 16)]
    mem: u32,
    /// Kernel command line (with --kernel)
    #[arg(long, default_value = "", allow_hyphen_values = true)]
    cmdline: String,
    /// Boot build/linux011.iso through GRUB, as a PC would
    #[arg(long, conflicts_with = "kernel")]
    iso: bool,
    /// Boot build/linux011.elf with build/root.img by QEMU's own loader [default]
    #[arg(long)]
    kernel: bool,
    /// QEMU's CPU model
    #[arg(long, default_value = "486")]
    cpu: String,
    #[arg(long, value_enum, default_value_t = Display::Auto)]
    display: Display,
    /// Further arguments for QEMU
    #[arg(last = true)]
    extra: Vec<String>,
}

impl Run {
    pub fn run(self) -> Result<()> {
        let window = match self.display {
            Display::None => false,
            Display::Window => {
                ensure!(
                    has_window_support()?,
                    "this QEMU has no windows: apt-get install qemu-system-gui"
                );
                true
            }
            Display::Auto => has_display() && has_window_support()?,
        };
        let boot = if self.iso {
            Boot::Iso("build/linux011.iso".into())
        } else {
            Boot::kernel(command_line(&self.cmdline, window))
        };
        let mut command = Command::new(QEMU);
        command
            .args([
                "-name",
                "linux011",
                "-m",
                &self.mem.to_string(),
                "-cpu",
                &self.cpu,
            ])
            .args(["-rtc", "base=utc", "-net", "none"])
            .args(["-device", "isa-debug-exit,iobase=0xf4,iosize=4"])
            .args(boot.arguments()?);
        if window {
            command.args(["-serial", "stdio"]);
            println!("QEMU opens a window; ctrl-alt-G gives the mouse back. `poweroff` ends it.");
        } else {
            command.args(["-display", "none", "-serial", "mon:stdio"]);
            println!("To leave QEMU: Ctrl-A, then X; or type `poweroff` at the prompt.");
            if self.iso {
                println!("GRUB's menu comes first: choose the serial console with `s`.");
            }
            if !std::io::stdin().is_terminal() {
                println!("(Standard input is no terminal: it is typed to the guest as it comes.)");
            }
        }
        let status = command
            .args(&self.extra)
            .status()
            .with_context(|| format!("cannot start {QEMU}; tools/setup.sh installs it"))?;
        // The debug-exit device makes 2n+1 of the code that the guest writes.
        ensure!(
            matches!(status.code(), Some(0 | 1)),
            "QEMU ended with {status}"
        );
        Ok(())
    }
}

/// The kernel's command line; on a terminal its console is the serial line.
fn command_line(wanted: &str, window: bool) -> String {
    if window
        || wanted
            .split_whitespace()
            .any(|word| word.starts_with("console="))
    {
        return wanted.trim().to_string();
    }
    format!("console=ttyS0 {wanted}").trim().to_string()
}

fn has_display() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// Debian has QEMU's windows in a package of their own.
fn has_window_support() -> Result<bool> {
    let words = output_of(QEMU, &["-display", "help"])?;
    let words = String::from_utf8_lossy(&words.stdout).into_owned();
    Ok(words
        .lines()
        .any(|line| matches!(line.trim(), "gtk" | "sdl")))
}

/// Starts QEMU stopped at its first instruction, with gdb attached to it
#[derive(Args)]
pub struct Gdb {
    /// Memory in MB
    #[arg(long, default_value_t = 16)]
    mem: u32,
    /// Kernel command line
    #[arg(long, default_value = "", allow_hyphen_values = true)]
    cmdline: String,
    /// Commands for gdb, one after the other
    #[arg(long = "ex", value_name = "COMMAND")]
    commands: Vec<String>,
    /// gdb leaves after the commands
    #[arg(long)]
    batch: bool,
    /// No gdb: wait for one at this TCP port, with the console in this terminal
    #[arg(long, value_name = "PORT", conflicts_with_all = ["commands", "batch"])]
    serve: Option<u16>,
}

/// What gdb is taught about this kernel.
const GDB_HELPERS: &str = "tools/gdb/linux011.py";

impl Gdb {
    pub fn run(self) -> Result<()> {
        match self.serve {
            Some(port) => self.serve(port),
            None => self.debug(),
        }
    }

    /// QEMU, stopped, without its console and its way to gdb.
    fn qemu(&self, window: bool) -> Result<Command> {
        let boot = Boot::kernel(command_line(&self.cmdline, window));
        let mut qemu = Command::new(QEMU);
        qemu.args(["-m", &self.mem.to_string(), "-cpu", "486", "-S"])
            .args(["-net", "none"])
            .args(["-device", "isa-debug-exit,iobase=0xf4,iosize=4"])
            .args(boot.arguments()?);
        if !window {
            qemu.args(["-display", "none"]);
        }
        Ok(qemu)
    }

    /// For a debugger that somebody else starts, an editor for one.
    fn serve(&self, port: u16) -> Result<()> {
        let window = has_display() && has_window_support()?;
        let mut qemu = self.qemu(window)?;
        qemu.args(["-gdb", &format!("tcp:127.0.0.1:{port}")]);
        qemu.args(["-serial", if window { "none" } else { "mon:stdio" }]);
        println!("QEMU waits for gdb at port {port}. Ctrl-A, then X ends it.");
        let status = qemu
            .status()
            .with_context(|| format!("cannot start {QEMU}; tools/setup.sh installs it"))?;
        ensure!(
            matches!(status.code(), Some(0 | 1)),
            "QEMU ended with {status}"
        );
        Ok(())
    }

    fn debug(&self) -> Result<()> {
        let folder = tempfile::tempdir()?;
        let socket = folder.path().join("gdb");
        let log = folder.path().join("serial");
        let window = has_display() && has_window_support()?;
        let mut qemu = self.qemu(window)?;
        let gate = format!("socket,path={},server=on,wait=off,id=g0", socket.display());
        qemu.args(["-chardev", &gate, "-gdb", "chardev:g0"])
            .stdin(Stdio::null());
        if window {
            qemu.args(["-serial", "none"]);
        } else {
            // QEMU tells which terminal it has made.
            let console = format!("pty,id=s0,logfile={}", log.display());
            qemu.args(["-chardev", &console, "-serial", "chardev:s0"]);
            println!(
                "The guest's console is the terminal that QEMU names (`screen /dev/pts/N` \
                 elsewhere);\nwhat it has said so far is in {}.",
                log.display()
            );
        }
        // A Ctrl-C in gdb must not end QEMU.
        let mut qemu = qemu
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {QEMU}; tools/setup.sh installs it"))?;
        println!("QEMU waits at its first instruction. `c` runs, Ctrl-C stops, `q` ends both.");
        println!("`hbreak main` stops in the kernel once it has moved to its place.");
        let mut gdb = Command::new("gdb");
        gdb.args(["-q", "build/linux011.elf"])
            .args(["-ex", "set pagination off", "-ex", "set confirm off"])
            .args(["-x", GDB_HELPERS])
            .args(["-ex", &format!("target remote {}", socket.display())]);
        for command in &self.commands {
            gdb.args(["-ex", command]);
        }
        if self.batch {
            gdb.arg("-batch");
        }
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while !socket.exists() && std::time::Instant::now() < deadline {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let status = gdb
            .status()
            .context("cannot start gdb; tools/setup.sh installs it");
        let _ = qemu.kill();
        qemu.wait()?;
        ensure!(status?.success(), "gdb failed");
        Ok(())
    }
}

/// Boots the ISO in Bochs, which checks more than QEMU does.
#[derive(Args)]
pub struct BochsRun {
    /// Memory in MB
    #[arg(long, default_value_t = 16)]
    mem: u32,
    /// The ISO
    #[arg(long, default_value = "build/linux011.iso")]
    iso: PathBuf,
    /// Bochs's screen: x (a window), term (this terminal), rfb (for a VNC viewer)
    /// [default: x where there is a display and it is installed, else term]
    #[arg(long)]
    screen: Option<String>,
}

impl BochsRun {
    pub fn run(self) -> Result<()> {
        let with_x = has_display()
            && glob::glob("/usr/lib/*/bochs/plugins/libbx_x_gui.so")?
                .next()
                .is_some();
        let screen = self
            .screen
            .unwrap_or(if with_x { "x" } else { "term" }.into());
        let options = if screen == "rfb" {
            "rfb, options=\"timeout=0\""
        } else {
            &screen
        };
        let serial = "mode=file, dev=build/bochs-serial.txt";
        let log = Path::new("build/bochs.log");
        let setup = BochsSetup::new(Boot::Iso(self.iso), self.mem);
        let config = setup.config(options, serial, log)?;
        std::fs::write("build/bochsrc", config)?;
        std::fs::write("build/bochs-commands", "c\n")?;
        match screen.as_str() {
            "term" => println!(
                "To leave Bochs: `poweroff` at the prompt, or `kill` it from another terminal."
            ),
            "rfb" => println!("Point a VNC viewer at port 5900."),
            _ => println!("To leave Bochs: `poweroff`, or the window's Power button."),
        }
        println!("Serial line: build/bochs-serial.txt; Bochs's log: build/bochs.log");
        let status = Command::new("bochs")
            .args(["-q", "-f", "build/bochsrc", "-rc", "build/bochs-commands"])
            .status()
            .context("cannot start bochs; tools/setup.sh installs it")?;
        // 1 is how it ends when the guest switches off.
        ensure!(
            matches!(status.code(), Some(0 | 1)),
            "Bochs ended with {status}; its log is build/bochs.log"
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_console_follows_the_display() {
        assert_eq!(command_line("", false), "console=ttyS0");
        assert_eq!(command_line("root=0301", false), "console=ttyS0 root=0301");
        assert_eq!(command_line("console=tty0", false), "console=tty0");
        assert_eq!(command_line(" peep ", true), "peep");
    }
}
