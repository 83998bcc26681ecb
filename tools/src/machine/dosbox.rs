//! DOSBox under control: another author's idea of a PC with an 80386. It boots
//! floppies alone, and has neither hard disks nor a floppy controller afterwards.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use super::console::Console;
use super::qemu::end;

/// A DOSBox that runs. It ends with this value.
pub struct DosBox {
    child: Child,
    pub console: Console,
    _folder: TempDir,
}

impl DosBox {
    /// Boots a floppy image on a machine with this memory, in MB.
    pub fn start(floppy: &Path, memory: u32) -> Result<DosBox> {
        let folder = tempfile::tempdir()?;
        // It may write to the floppy.
        std::fs::copy(floppy, folder.path().join("fd.img"))
            .with_context(|| format!("{} is not there: `make floppy`", floppy.display()))?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let config = format!(
            "[sdl]\noutput=surface\n\
             [dosbox]\nmemsize={memory}\n\
             [cpu]\ncore=normal\ncputype=386_slow\ncycles=max\n\
             [mixer]\nnosound=true\n\
             [serial]\nserial1=nullmodem server:127.0.0.1 port:{} transparent:1 rxdelay:0\n\
             serial2=disabled\n\
             [autoexec]\nboot fd.img\n",
            listener.local_addr()?.port()
        );
        std::fs::write(folder.path().join("dosbox.conf"), config)?;
        let messages = std::fs::File::create(folder.path().join("messages"))?;
        let mut child = Command::new("dosbox")
            .args(["-noconsole", "-conf", "dosbox.conf"])
            .current_dir(folder.path())
            .env("SDL_VIDEODRIVER", "dummy")
            .env("SDL_AUDIODRIVER", "dummy")
            .env("HOME", folder.path())
            .stdin(Stdio::null())
            .stdout(messages.try_clone()?)
            .stderr(messages)
            .spawn()
            .context("cannot start dosbox (package dosbox)")?;
        listener.set_nonblocking(true)?;
        let deadline = Instant::now() + Duration::from_secs(30);
        let stream = loop {
            if let Ok((stream, _)) = listener.accept() {
                break stream;
            }
            if child.try_wait()?.is_some() || Instant::now() > deadline {
                end(&mut child);
                let words = std::fs::read_to_string(folder.path().join("messages"));
                bail!("DOSBox did not start: {}", words.unwrap_or_default());
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        stream.set_nonblocking(false)?;
        Ok(DosBox {
            child,
            console: Console::new(stream.try_clone()?, stream),
            _folder: folder,
        })
    }
}

impl Drop for DosBox {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}
