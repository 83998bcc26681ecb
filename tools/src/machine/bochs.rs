//! Bochs under control: no window, serial line on a socket.
//!
//! Bochs enforces segment limits, which QEMU does not. Debian's is a Pentium; one
//! that `tools/bochs-386.sh` builds is a strict 80386.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use super::console::Console;
use super::qemu::{Boot, end};

/// A machine that is to be started.
#[derive(Clone, Debug)]
pub struct BochsSetup {
    /// An ISO, a disk or a floppy.
    pub boot: Boot,
    /// A further disk, the second one.
    pub second_disk: Option<PathBuf>,
    /// Memory in MB.
    pub memory: u32,
    /// A Bochs that was built as a 386, in place of Debian's.
    pub program_386: Option<PathBuf>,
}

impl BochsSetup {
    pub fn new(boot: Boot, memory: u32) -> BochsSetup {
        BochsSetup {
            boot,
            second_disk: None,
            memory,
            program_386: None,
        }
    }

    /// Bochs's configuration for it. `serial` is the line of the first serial
    /// port, `display` names the screen's library with its options.
    pub fn config(&self, display: &str, serial: &str, log: &Path) -> Result<String> {
        let (drive, letter, image) = match &self.boot {
            Boot::Iso(image) => ("ata0-master: type=cdrom, path=", "cdrom", image),
            Boot::Disk(image) => ("ata0-master: type=disk, mode=flat, path=", "disk", image),
            Boot::FloppyAlone(image) => ("floppya: type=1_44, 1_44=", "floppy", image),
            other => bail!("Bochs does not boot {other:?}"),
        };
        let status = if letter == "disk" {
            ""
        } else {
            ", status=inserted"
        };
        // A floppy boots where there is no controller for disks.
        let disks = u32::from(letter != "floppy");
        let image = std::path::absolute(image)?;
        ensure!(
            image.is_file(),
            "{} is not there: `make` it first (see `make help`)",
            image.display()
        );
        let second = match &self.second_disk {
            Some(disk) => format!(
                "ata0-slave: type=disk, mode=flat, path=\"{}\"\n",
                disk.display()
            ),
            None => String::new(),
        };
        // A PC without PCI, as the 386 had it. The newest BIOS needs a Pentium.
        let (bios, bus) = match self.program_386 {
            Some(_) => ("legacy", "pci: enabled=0\n"),
            None => ("latest", ""),
        };
        Ok(format!(
            "megs: {}\n\
             romimage: file=/usr/share/bochs/BIOS-bochs-{bios}\n\
             vgaromimage: file=/usr/share/vgabios/vgabios.bin\n\
             {bus}\
             ata0: enabled={disks}, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14\n\
             {drive}\"{}\"{status}\n\
             {second}\
             boot: {letter}\n\
             com1: enabled=1, {serial}\n\
             display_library: {display}\n\
             clock: sync=none, time0=utc\n\
             cpu: count=1, ips=50000000, reset_on_triple_fault=0\n\
             keyboard: type=mf, serial_delay=250\n\
             panic: action=fatal\n\
             error: action=report\n\
             info: action=ignore\n\
             debug: action=ignore\n\
             log: {}\n",
            self.memory,
            image.display(),
            log.display(),
        ))
    }
}

/// A Bochs that runs. It ends with this value.
pub struct Bochs {
    child: Child,
    pub console: Console,
    folder: TempDir,
}

impl Bochs {
    /// Boots a machine.
    pub fn start(setup: &BochsSetup) -> Result<Bochs> {
        let folder = tempfile::tempdir()?;
        // Bochs as the client: it connects when the port is first used.
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let serial = format!(
            "mode=socket-client, dev=localhost:{}",
            listener.local_addr()?.port()
        );
        let log = folder.path().join("log");
        let messages = std::fs::File::create(folder.path().join("messages"))?;
        let (mut command, display) = match &setup.program_386 {
            Some(program) => (Command::new(std::path::absolute(program)?), "nogui"),
            None => {
                // Debian's Bochs begins in its debugger: continue.
                std::fs::write(folder.path().join("commands"), "c\n")?;
                let mut command = Command::new("bochs");
                command.args(["-rc", "commands"]);
                (command, "rfb, options=\"timeout=0\"")
            }
        };
        let config = setup.config(display, &serial, &log)?;
        std::fs::write(folder.path().join("bochsrc"), config)?;
        let mut child = command
            .args(["-q", "-f", "bochsrc"])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(messages.try_clone()?)
            .stderr(messages)
            .spawn()
            .context("cannot start bochs; tools/setup.sh installs it")?;

        listener.set_nonblocking(true)?;
        let deadline = Instant::now() + Duration::from_secs(30);
        let stream = loop {
            if let Ok((stream, _)) = listener.accept() {
                break stream;
            }
            if child.try_wait()?.is_some() || Instant::now() > deadline {
                end(&mut child);
                let read = |name: &str| {
                    std::fs::read_to_string(folder.path().join(name)).unwrap_or_default()
                };
                bail!("Bochs did not start:\n{}{}", read("messages"), read("log"));
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        stream.set_nonblocking(false)?;
        stream.set_nodelay(true)?;
        Ok(Bochs {
            child,
            console: Console::new(stream.try_clone()?, stream),
            folder,
        })
    }

    /// Waits until Bochs has ended by itself.
    pub fn wait(&mut self, timeout: Duration) -> Result<()> {
        let deadline = Instant::now() + timeout;
        while self.child.try_wait()?.is_none() {
            ensure!(Instant::now() < deadline, "Bochs still runs");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// What Bochs reported: errors and panics of the machine.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Bochs {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}
