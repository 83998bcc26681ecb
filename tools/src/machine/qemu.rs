//! QEMU under control: serial line on a socket, monitor (QMP) on another.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::console::{Console, Line};

/// Long enough for QEMU itself on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a machine boots.
#[derive(Clone, Debug)]
pub enum Boot {
    /// The kernel by QEMU's own loader (multiboot 1).
    Kernel {
        kernel: PathBuf,
        initrd: Option<PathBuf>,
        cmdline: String,
    },
    /// A CD.
    Iso(PathBuf),
    /// A floppy disk, with a hard disk beside it (another kernel, for `xtask bench`).
    Floppy { floppy: PathBuf, disk: PathBuf },
    /// The first hard disk.
    Disk(PathBuf),
    /// A floppy disk alone.
    FloppyAlone(PathBuf),
    /// A USB stick. On a UHCI controller the BIOS's reads fail now and then when the
    /// host is busy: this one is an xHCI.
    Stick(PathBuf),
}

impl Boot {
    /// The kernel and root image of the build.
    pub fn kernel(cmdline: impl Into<String>) -> Boot {
        Boot::Kernel {
            kernel: "build/linux011.elf".into(),
            initrd: Some("build/root.img".into()),
            cmdline: cmdline.into(),
        }
    }

    /// QEMU's arguments for it.
    pub fn arguments(&self) -> Result<Vec<String>> {
        let text = |path: &Path| -> Result<String> {
            ensure!(
                path.is_file(),
                "{} is not there: `make` it first (see `make help`)",
                path.display()
            );
            Ok(path.to_str().context("a path is not UTF-8")?.to_string())
        };
        Ok(match self {
            Boot::Kernel {
                kernel,
                initrd,
                cmdline,
            } => {
                let mut words = vec!["-kernel".into(), text(kernel)?];
                if let Some(initrd) = initrd {
                    words.extend(["-initrd".into(), text(initrd)?]);
                }
                words.extend(["-append".into(), cmdline.clone()]);
                words
            }
            Boot::Iso(iso) => vec!["-boot".into(), "d".into(), "-cdrom".into(), text(iso)?],
            Boot::Floppy { floppy, disk } => {
                let drive = |path: &Path, rest: &str| -> Result<String> {
                    Ok(format!("format=raw,file={},{rest}", text(path)?))
                };
                vec![
                    "-boot".into(),
                    "a".into(),
                    "-drive".into(),
                    drive(floppy, "if=floppy")?,
                    "-drive".into(),
                    drive(disk, "if=ide,index=0")?,
                ]
            }
            Boot::Disk(image) => drive("c", "if=ide,index=0,media=disk", &text(image)?),
            Boot::FloppyAlone(image) => drive("a", "if=floppy,index=0", &text(image)?),
            Boot::Stick(image) => [
                "-device",
                "qemu-xhci",
                "-drive",
                &format!("if=none,id=stick,format=raw,file={}", text(image)?),
                "-device",
                "usb-storage,drive=stick,bootindex=0",
            ]
            .map(String::from)
            .to_vec(),
        })
    }
}

/// QEMU's arguments for a drive to boot from.
fn drive(letter: &str, kind: &str, image: &str) -> Vec<String> {
    let options = format!("file={image},format=raw,{kind}");
    ["-boot", letter, "-drive", &options]
        .map(String::from)
        .to_vec()
}

/// A machine that is to be started.
#[derive(Clone, Debug)]
pub struct Setup {
    pub boot: Boot,
    /// Memory in MB.
    pub memory: u32,
    pub cpu: Option<String>,
    /// Further arguments for QEMU.
    pub extra: Vec<String>,
    /// Is there a serial line? Without one the console stays silent.
    pub serial: bool,
}

impl Setup {
    pub fn new(boot: Boot) -> Setup {
        Setup {
            boot,
            memory: 16,
            cpu: None,
            extra: Vec::new(),
            serial: true,
        }
    }

    pub fn memory(mut self, megabytes: u32) -> Setup {
        self.memory = megabytes;
        self
    }

    pub fn cpu(mut self, cpu: &str) -> Setup {
        self.cpu = Some(cpu.to_string());
        self
    }
}

/// How QEMU ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The guest switched the machine off.
    PowerOff,
    /// The guest wrote this to the debug-exit port (or QEMU failed itself).
    Code(i32),
}

/// A QEMU that runs. It ends with this value.
pub struct Qemu {
    child: Child,
    pub console: Console,
    monitor: BufReader<UnixStream>,
    /// Sockets, QEMU's own messages, memory dumps.
    folder: TempDir,
}

impl Qemu {
    /// Starts a machine, without a screen.
    pub fn start(setup: &Setup) -> Result<Qemu> {
        let folder = tempfile::tempdir()?;
        let serial = UnixListener::bind(folder.path().join("serial"))?;
        let monitor = UnixListener::bind(folder.path().join("monitor"))?;
        let at = |name: &str| format!("{}/{name}", folder.path().display());
        let messages = std::fs::File::create(folder.path().join("messages"))?;

        let mut command = Command::new("qemu-system-i386");
        command
            .args([
                "-nodefaults",
                "-no-user-config",
                "-vga",
                "std",
                "-display",
                "none",
            ])
            .args(["-m", &setup.memory.to_string(), "-rtc", "base=utc"])
            .args(["-chardev", &format!("socket,id=s0,path={}", at("serial"))])
            .args(if setup.serial {
                ["-serial", "chardev:s0"]
            } else {
                ["-serial", "none"]
            })
            .args(["-chardev", &format!("socket,id=m0,path={}", at("monitor"))])
            .args(["-mon", "chardev=m0,mode=control"])
            .args(["-device", "isa-debug-exit,iobase=0xf4,iosize=4"])
            .args(setup.cpu.iter().flat_map(|cpu| ["-cpu", cpu]))
            .args(setup.boot.arguments()?)
            .args(&setup.extra)
            .stdin(Stdio::null())
            .stdout(messages.try_clone()?)
            .stderr(messages);
        let mut child = command
            .spawn()
            .context("cannot start qemu-system-i386; tools/setup.sh installs it")?;
        let connect = |listener: &UnixListener, child: &mut Child| {
            accept(listener, child).with_context(|| {
                let words = std::fs::read_to_string(folder.path().join("messages"));
                format!("QEMU did not start: {}", words.unwrap_or_default().trim())
            })
        };
        let connections = connect(&serial, &mut child)
            .and_then(|serial| Ok((serial, connect(&monitor, &mut child)?)));
        let (serial, monitor) = match connections {
            Ok(connections) => connections,
            Err(error) => {
                end(&mut child);
                return Err(error);
            }
        };
        monitor.set_read_timeout(Some(PATIENCE))?;
        let mut machine = Qemu {
            child,
            console: Console::new(serial.try_clone()?, serial),
            monitor: BufReader::new(monitor),
            folder,
        };
        machine.monitor_line()?;
        machine.execute("qmp_capabilities", json!({}))?;
        Ok(machine)
    }

    /// One message from the monitor.
    fn monitor_line(&mut self) -> Result<Value> {
        let mut line = String::new();
        let length = self
            .monitor
            .read_line(&mut line)
            .context("QEMU's monitor does not answer")?;
        ensure!(length > 0, "QEMU has ended");
        Ok(serde_json::from_str(&line)?)
    }

    /// Runs a QMP command and waits for its answer.
    pub fn execute(&mut self, command: &str, arguments: Value) -> Result<Value> {
        let request = json!({"execute": command, "arguments": arguments});
        writeln!(self.monitor.get_mut(), "{request}").context("QEMU has ended")?;
        loop {
            let mut answer = self.monitor_line()?;
            if let Some(error) = answer.get("error") {
                bail!("QEMU refuses {command}: {error}");
            }
            if let Some(result) = answer.get_mut("return") {
                return Ok(result.take());
            }
            // Anything else is an event.
        }
    }

    /// Runs a command of the monitor for people (`info tlb` and so on).
    pub fn monitor(&mut self, line: &str) -> Result<String> {
        let answer = self.execute("human-monitor-command", json!({"command-line": line}))?;
        Ok(answer.as_str().unwrap_or_default().replace('\r', ""))
    }

    /// A part of physical memory, with the machine stopped meanwhile.
    pub fn physical_memory(&mut self, address: u64, length: u64) -> Result<Vec<u8>> {
        let path = self.folder.path().join("memory");
        self.execute("stop", json!({}))?;
        let saved = self.execute(
            "pmemsave",
            json!({"val": address, "size": length, "filename": path}),
        );
        self.execute("cont", json!({}))?;
        saved?;
        Ok(std::fs::read(path)?)
    }

    /// Presses keys on the PC's keyboard: names as in the monitor's `sendkey`,
    /// keys that are pressed together joined by `-`.
    pub fn keys(&mut self, keys: &str) -> Result<()> {
        for key in keys.split_whitespace() {
            let words = self.monitor(&format!("sendkey {key} 40"))?;
            ensure!(words.trim().is_empty(), "sendkey {key}: {words}");
            std::thread::sleep(Duration::from_millis(70));
        }
        Ok(())
    }

    /// Types text on the PC's keyboard (US layout).
    pub fn type_text(&mut self, text: &str) -> Result<()> {
        for sign in text.chars() {
            let key = key_of(sign).with_context(|| format!("no key for {sign:?}"))?;
            self.keys(&key)?;
        }
        Ok(())
    }

    /// Puts another diskette into the first drive.
    pub fn change_floppy(&mut self, image: &Path) -> Result<()> {
        let words = self.monitor(&format!("change floppy0 {} raw", image.display()))?;
        ensure!(words.trim().is_empty(), "change floppy0: {words}");
        Ok(())
    }

    /// The screen as a PNG file.
    pub fn screenshot(&mut self, file: &Path) -> Result<()> {
        let file = std::path::absolute(file)?;
        self.execute("screendump", json!({"filename": file, "format": "png"}))?;
        Ok(())
    }

    /// Waits until QEMU has ended by itself.
    pub fn wait(&mut self, timeout: Duration) -> Result<Exit> {
        let deadline = Instant::now() + timeout;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(match status.code() {
                    Some(0) => Exit::PowerOff,
                    code => Exit::Code(code.unwrap_or(-1)),
                });
            }
            ensure!(
                Instant::now() < deadline,
                "the machine is still on after {:.0} s",
                timeout.as_secs_f64()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// What QEMU itself had to say.
    pub fn messages(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("messages")).unwrap_or_default()
    }

    /// Reads lines until the line is quiet for a while.
    pub fn drain(&mut self) {
        while let Line::Text(_) = self.console.line(Duration::from_millis(500)) {}
    }
}

impl Drop for Qemu {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Ends a child that may have ended already; there is nothing to do about a
/// failure.
pub(super) fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

/// Waits for the emulator's connection.
fn accept(listener: &UnixListener, child: &mut Child) -> Result<UnixStream> {
    listener.set_nonblocking(true)?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Ok((stream, _)) = listener.accept() {
            stream.set_nonblocking(false)?;
            return Ok(stream);
        }
        if let Some(status) = child.try_wait()? {
            bail!("{status}");
        }
        ensure!(Instant::now() < deadline, "it does not connect");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The `sendkey` name of what types a character on a US keyboard.
fn key_of(sign: char) -> Option<String> {
    const PLAIN: &[(char, &str)] = &[
        (' ', "spc"),
        ('\n', "ret"),
        ('\t', "tab"),
        ('-', "minus"),
        ('=', "equal"),
        ('[', "bracket_left"),
        (']', "bracket_right"),
        (';', "semicolon"),
        ('\'', "apostrophe"),
        ('`', "grave_accent"),
        ('\\', "backslash"),
        (',', "comma"),
        ('.', "dot"),
        ('/', "slash"),
    ];
    const SHIFTED: &[(char, &str)] = &[
        ('!', "1"),
        ('@', "2"),
        ('#', "3"),
        ('$', "4"),
        ('%', "5"),
        ('^', "6"),
        ('&', "7"),
        ('*', "8"),
        ('(', "9"),
        (')', "0"),
        ('_', "minus"),
        ('+', "equal"),
        ('{', "bracket_left"),
        ('}', "bracket_right"),
        (':', "semicolon"),
        ('"', "apostrophe"),
        ('~', "grave_accent"),
        ('|', "backslash"),
        ('<', "comma"),
        ('>', "dot"),
        ('?', "slash"),
    ];
    let find = |table: &[(char, &str)]| {
        table
            .iter()
            .find(|entry| entry.0 == sign)
            .map(|entry| entry.1.to_string())
    };
    match sign {
        'a'..='z' | '0'..='9' => Some(sign.to_string()),
        'A'..='Z' => Some(format!("shift-{}", sign.to_ascii_lowercase())),
        _ => find(PLAIN).or_else(|| find(SHIFTED).map(|key| format!("shift-{key}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_printable_character_has_a_key() {
        for sign in ' '..='~' {
            assert!(key_of(sign).is_some(), "{sign}");
        }
        assert_eq!(key_of('|').as_deref(), Some("shift-backslash"));
        assert_eq!(key_of('A').as_deref(), Some("shift-a"));
        assert_eq!(key_of('é'), None);
    }
}
