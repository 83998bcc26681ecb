//! Bochs under control: no window, serial line on a socket.
//!
//! Bochs enforces segment limits, which QEMU does not.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use super::console::Console;
use super::qemu::end;

/// Bochs's configuration for booting an ISO.
///
/// `serial` is the line of the first serial port, `display` names the screen's
/// library with its options.
pub fn bochs_config(
    iso: &Path,
    memory: u32,
    display: &str,
    serial: &str,
    log: &Path,
) -> Result<String> {
    let iso = std::path::absolute(iso)?;
    ensure!(
        iso.is_file(),
        "{} is not there: `make iso` first",
        iso.display()
    );
    Ok(format!(
        "megs: {memory}\n\
         romimage: file=/usr/share/bochs/BIOS-bochs-latest\n\
         vgaromimage: file=/usr/share/vgabios/vgabios.bin\n\
         ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14\n\
         ata0-master: type=cdrom, path=\"{}\", status=inserted\n\
         boot: cdrom\n\
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
        iso.display(),
        log.display(),
    ))
}

/// A Bochs that runs. It ends with this value.
pub struct Bochs {
    child: Child,
    pub console: Console,
    folder: TempDir,
}

impl Bochs {
    /// Boots an ISO.
    pub fn start(iso: &Path, memory: u32) -> Result<Bochs> {
        let folder = tempfile::tempdir()?;
        // Bochs as the client: it connects when the port is first used.
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let serial = format!(
            "mode=socket-client, dev=localhost:{}",
            listener.local_addr()?.port()
        );
        let log = folder.path().join("log");
        let config = bochs_config(iso, memory, "rfb, options=\"timeout=0\"", &serial, &log)?;
        std::fs::write(folder.path().join("bochsrc"), config)?;
        // Debian's Bochs begins in its debugger: continue.
        std::fs::write(folder.path().join("commands"), "c\n")?;
        let messages = std::fs::File::create(folder.path().join("messages"))?;
        let mut child = Command::new("bochs")
            .args(["-q", "-f", "bochsrc", "-rc", "commands"])
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
